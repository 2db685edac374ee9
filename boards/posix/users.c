/* SPDX-License-Identifier: MIT */
/*
 * Users and groups, read from passwd and group by ourselves: the C library's
 * functions allocate memory and may ask the network. To become a user is for
 * good (real, effective and saved identity); to act as one changes the
 * effective identity only, and is taken back. setgroups() and chroot() are not
 * in POSIX.
 *
 * Invariants: "there is no such user" (errno 0) and "it cannot be read" are
 * different results. A user has the groups of /etc/group that name it, and no
 * group of the caller's. sts_user_become succeeds only if the way back is
 * closed, which it tries. A line that is broken is skipped, and of a line that
 * is too long a name that was cut off does not count.
 */
#define _DEFAULT_SOURCE

#include <errno.h>
#include <grp.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "../../core/base/assert.h"
#include "../../core/base/text.h"
#include "lines.h"
#include "users.h"

enum {
	NUMBER_DIGITS = 10
};

/* A user or group number. The highest means "none" to the system. */
static bool
number(struct sts_text t, uint32_t *out)
{
	uint64_t n = 0;

	if (!sts_get_decimal(t, NUMBER_DIGITS, &n) || n >= UINT32_MAX) {
		return false;
	}
	*out = (uint32_t)n;
	return true;
}

static bool
is_member(struct sts_text members, struct sts_text name)
{
	while (members.n > 0) {
		if (sts_text_same(sts_text_field(&members, ','), name)) {
			return true;
		}
	}
	return false;
}

/* name:password:number: as lines of both files begin; what follows is left. */
static bool
numbered(struct sts_text *line, struct sts_text *name, uint32_t *id)
{
	*name = sts_text_field(line, ':');
	sts_text_field(line, ':');
	return number(sts_text_field(line, ':'), id);
}

/* Whether a line of group names `name` as a member; its number then. */
static bool
group_of_member(struct sts_text line, struct sts_text name, gid_t *gid)
{
	struct sts_text group;
	uint32_t n = 0;

	if (!numbered(&line, &group, &n) || !is_member(line, name)) {
		return false;
	}
	*gid = n;
	return true;
}

/* 0, or errno. */
static int
open_names(struct sts_lines *l, const char *path)
{
	return sts_lines_open(l, path) == 0 ? 0 : errno;
}

/* 0, or errno. */
static int
find_groups(struct sts_text name, struct sts_user *u)
{
	struct sts_lines l;
	struct sts_text line;
	gid_t gid = 0;
	int error = open_names(&l, "/etc/group");

	u->groups[0] = u->gid;
	u->group_count = 1;
	if (error != 0) {
		return error == ENOENT ? 0 : error;
	}
	while (
	    u->group_count < STS_USER_GROUPS_MAX && sts_lines_next(&l, &line)) {
		/* A name that was cut off is another one. */
		while (l.cut && line.n > 0 && line.p[line.n - 1] != ',') {
			line.n--;
		}
		if (group_of_member(line, name, &gid) && gid != u->gid) {
			u->groups[u->group_count++] = gid;
		}
	}
	sts_lines_close(&l);
	return l.error;
}

/* name:password:uid:gid:... */
static bool
user_line(struct sts_text line, struct sts_text name, struct sts_user *u)
{
	struct sts_text user;
	uint32_t uid = 0, gid = 0;

	if (!numbered(&line, &user, &uid) || !sts_text_same(user, name) ||
	    !number(sts_text_field(&line, ':'), &gid)) {
		return false;
	}
	u->uid = uid;
	u->gid = gid;
	return true;
}

/* Open a file in which there may be that name. False: there is no such name, and
 * errno is 0; or errno. */
static bool
open_for(struct sts_text name, const char *path, struct sts_lines *l)
{
	int error = name.n == 0 ? ENOENT : open_names(l, path);

	errno = error == ENOENT ? 0 : error;
	return error == 0;
}

bool
sts_user_find(struct sts_text name, struct sts_user *u)
{
	struct sts_lines l;
	struct sts_text line;
	bool found = false;

	memset(u, 0, sizeof *u);
	if (!open_for(name, "/etc/passwd", &l)) {
		return false;
	}
	while (!found && sts_lines_next(&l, &line)) {
		found = user_line(line, name, u);
	}
	sts_lines_close(&l);
	errno = found ? find_groups(name, u) : l.error;
	return found && errno == 0;
}

bool
sts_group_find(struct sts_text name, gid_t *gid)
{
	struct sts_lines l;
	struct sts_text line, group;
	uint32_t n = 0;
	bool found = false;

	if (!open_for(name, "/etc/group", &l)) {
		return false;
	}
	while (!found && sts_lines_next(&l, &line)) {
		found =
		    numbered(&line, &group, &n) && sts_text_same(group, name);
	}
	sts_lines_close(&l);
	errno = l.error;
	if (found) {
		*gid = n;
	}
	return found;
}

/* The name on the first line of a file that has the number. */
static void
name_of(const char *path, uint32_t id, char out[STS_USER_NAME_MAX + 1])
{
	struct sts_lines l;
	struct sts_text line, name;
	uint32_t n = 0;
	bool found = false;

	snprintf(out, STS_USER_NAME_MAX + 1, "%lu", (unsigned long)id);
	if (sts_lines_open(&l, path) != 0) {
		return;
	}
	while (!found && sts_lines_next(&l, &line)) {
		found = numbered(&line, &name, &n) && n == id && name.n > 0 &&
			name.n <= STS_USER_NAME_MAX;
		if (found) {
			memcpy(out, name.p, name.n);
			out[name.n] = '\0';
		}
	}
	sts_lines_close(&l);
}

void
sts_user_name(uid_t uid, char out[STS_USER_NAME_MAX + 1])
{
	name_of("/etc/passwd", (uint32_t)uid, out);
}

void
sts_group_name(gid_t gid, char out[STS_USER_NAME_MAX + 1])
{
	name_of("/etc/group", (uint32_t)gid, out);
}

static bool
is_now(const struct sts_user *u)
{
	return getuid() == u->uid && geteuid() == u->uid &&
	       getgid() == u->gid && getegid() == u->gid;
}

int
sts_user_act(const struct sts_user *u)
{
	STS_ASSERT(u->group_count >= 1);
	if (geteuid() != 0 || u->uid == 0) {
		return 0;
	}
	return setgroups(u->group_count, u->groups) != 0 ||
		       setegid(u->gid) != 0 || seteuid(u->uid) != 0
		   ? -1
		   : 0;
}

int
sts_user_return(void)
{
	/* Not called in vain: a supervisor may have forbidden it. */
	if (geteuid() == getuid()) {
		return 0;
	}
	return seteuid(getuid()) != 0 || setegid(getgid()) != 0 ? -1 : 0;
}

int
sts_user_become(const struct sts_user *u)
{
	STS_ASSERT(u->group_count >= 1);
	if (u->uid != 0 && is_now(u)) {
		return 0;
	}
	if (setgroups(u->group_count, u->groups) != 0 || setgid(u->gid) != 0 ||
	    setuid(u->uid) != 0) {
		return -1;
	}
	/* The way back must be closed. */
	if (!is_now(u) || (u->uid != 0 && setuid(0) == 0)) {
		errno = EPERM;
		return -1;
	}
	return 0;
}
