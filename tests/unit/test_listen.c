/* SPDX-License-Identifier: MIT */
/* port/posix: listeners, the supervisor's protocols, the log. */
#define _DEFAULT_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <unistd.h>

#include "../../port/posix/addr.h"
#include "../../port/posix/listen.h"
#include "../../port/posix/log.h"
#include "../../port/posix/service.h"
#include "unit.h"

const char unit_name[] = "listen";

static char dir[] = "/tmp/mtasts-listen-XXXXXX";
static char path[sizeof dir + 8];

static void
remove_dir(void)
{
	unlink(path);
	rmdir(dir);
}

/* A listener at a path in a directory of this test. */
static struct sts_listen_at
local(mode_t mode)
{
	struct sts_listen_at at;

	if (path[0] == '\0') {
		ck_assert_ptr_nonnull(mkdtemp(dir));
		snprintf(path, sizeof path, "%s/sock", dir);
		atexit(remove_dir);
	}
	memset(&at, 0, sizeof at);
	at.addr.af = STS_AF_LOCAL;
	at.mode = mode;
	at.uid = (uid_t)-1;
	at.gid = (gid_t)-1;
	snprintf(at.path, sizeof at.path, "%s", path);
	unlink(at.path);
	return at;
}

static int
connect_to(const char *at)
{
	struct sockaddr_un un;
	int fd = socket(AF_UNIX, SOCK_STREAM, 0);

	memset(&un, 0, sizeof un);
	un.sun_family = AF_UNIX;
	snprintf(un.sun_path, sizeof un.sun_path, "%s", at);
	int rc = connect(fd, (struct sockaddr *)&un, sizeof un);

	close(fd);
	return rc;
}

START_TEST(a_stale_socket_is_replaced_a_live_one_is_not)
{
	struct sts_listen_at at = local(0620);
	struct stat st;
	int fd = sts_listen_open(&at);

	ck_assert_int_ge(fd, 0);
	ck_assert_int_eq(stat(at.path, &st), 0);
	ck_assert_uint_eq(st.st_mode & 0777, 0620);
	ck_assert_int_eq(connect_to(at.path), 0);

	/* A process listens there: the socket is not replaced and still
	 * reachable. */
	ck_assert_int_eq(sts_listen_open(&at), -1);
	ck_assert_int_eq(errno, EADDRINUSE);
	ck_assert_int_eq(connect_to(at.path), 0);

	/* A dead process left it: the socket is replaced. */
	close(fd);
	ck_assert_int_eq(connect_to(at.path), -1);
	fd = sts_listen_open(&at);
	ck_assert_int_ge(fd, 0);
	ck_assert_int_eq(connect_to(at.path), 0);
	close(fd);
	sts_listen_unlink(&at);
	ck_assert_int_eq(stat(at.path, &st), -1);
}
END_TEST

/* In place of the C library's. Nothing may change a mode by name: at that
 * moment the name may be a link to somebody's file, put there by a user who may
 * write to the directory. */
int
chmod(const char *at, mode_t mode)
{
	ck_abort_msg("chmod %o by the name %s", (unsigned)mode, at);
	return -1;
}

/* The socket has its mode from the beginning, whatever the umask. */
START_TEST(a_socket_has_its_mode_whatever_the_umask)
{
	static const mode_t modes[] = { 0600, 0620, 0660, 0666, 0777 };
	static const mode_t masks[] = { 0, 022, 0177, 0777 };

	for (size_t i = 0; i < sizeof modes / sizeof *modes; i++) {
		for (size_t k = 0; k < sizeof masks / sizeof *masks; k++) {
			struct sts_listen_at at = local(modes[i]);
			struct stat st;
			mode_t old = umask(masks[k]);
			int fd = sts_listen_open(&at);

			ck_assert_int_ge(fd, 0);
			ck_assert_uint_eq(umask(old), masks[k]);
			ck_assert_int_eq(lstat(at.path, &st), 0);
			ck_assert_uint_eq(st.st_mode & 0777, modes[i]);
			close(fd);
		}
	}
}
END_TEST

/* Only a socket is ever removed, and no link is followed. */
START_TEST(only_sockets_are_removed)
{
	struct sts_listen_at at = local(0666);
	int fd = open(at.path, O_CREAT | O_WRONLY, 0600);

	close(fd);
	ck_assert_int_eq(sts_listen_open(&at), -1);
	ck_assert_int_eq(errno, EEXIST);
	ck_assert_int_eq(access(at.path, F_OK), 0);
	unlink(at.path);
	ck_assert_int_eq(symlink("/nonexistent/target", at.path), 0);
	ck_assert_int_eq(sts_listen_open(&at), -1);
	ck_assert_int_eq(errno, EEXIST);
	unlink(at.path);
	snprintf(at.path, sizeof at.path, "/nonexistent/dir/sock");
	ck_assert_int_eq(sts_listen_open(&at), -1);
	ck_assert_int_eq(errno, ENOENT);
}
END_TEST

/*
 * What the owner of the folder may have put under the socket's name. All of it
 * belongs to somebody else and must stay unchanged.
 */
enum thing {
	NOTHING,
	HARD_LINK, /* of another user's file */
	SYMLINK, /* to that file */
	FIFO,
	FOLDER,
	SOCKET, /* of another process that listens */
	STALE_SOCKET, /* of another process that no longer listens */
	SOCKET_LINK /* a second name of a stale socket */
};

static const struct thing_case {
	const char *name;
	enum thing thing;
	int error; /* when the thing is there first; 0: it is replaced */
} things[] = {
	{ "hard link", HARD_LINK, EEXIST },
	{ "symbolic link", SYMLINK, EEXIST },
	{ "fifo", FIFO, EEXIST },
	{ "folder", FOLDER, EEXIST },
	{ "socket", SOCKET, EADDRINUSE },
	{ "stale socket", STALE_SOCKET, 0 },
	{ "link of a stale socket", SOCKET_LINK, 0 },
};

static char victim[sizeof dir + 8];
static int victim_fd = -1;

/* Bind a socket to a path by the system's own call. */
static int
socket_at(const char *at)
{
	struct sockaddr_un un;
	int fd = socket(AF_UNIX, SOCK_STREAM, 0);

	memset(&un, 0, sizeof un);
	un.sun_family = AF_UNIX;
	snprintf(un.sun_path, sizeof un.sun_path, "%s", at);
	ck_assert_int_eq(bind(fd, (struct sockaddr *)&un, sizeof un), 0);
	return fd;
}

static void
put_thing(enum thing t)
{
	int fd = -1;

	snprintf(victim, sizeof victim, "%s/victim", dir);
	unlink(victim);
	if (t == SOCKET || t == STALE_SOCKET || t == SOCKET_LINK) {
		fd = socket_at(victim);
	} else {
		fd = open(victim, O_CREAT | O_WRONLY | O_EXCL, 0600);
	}
	ck_assert_int_ge(fd, 0);
	if (t == SOCKET) {
		ck_assert_int_eq(listen(fd, 1), 0);
		victim_fd = fd;
	} else {
		close(fd);
	}
	if (t == SYMLINK) {
		ck_assert_int_eq(symlink(victim, path), 0);
	} else if (t == FIFO) {
		ck_assert_int_eq(mkfifo(path, 0600), 0);
	} else if (t == FOLDER) {
		ck_assert_int_eq(mkdir(path, 0700), 0);
	} else if (t != NOTHING) {
		ck_assert_int_eq(link(victim, path), 0);
	}
	if (t == SOCKET || t == STALE_SOCKET) {
		ck_assert_int_eq(unlink(victim), 0);
	}
}

/* A socket that a supervisor bound is recognised and never removed. */
START_TEST(a_supervisors_socket_is_not_removed)
{
	struct sts_listen_at at = local(0666), of;
	int fd = socket_at(at.path);

	ck_assert(!sts_listen_of(fd, &of));
	ck_assert_int_eq(listen(fd, 1), 0);
	ck_assert(sts_listen_of(fd, &of));
	ck_assert(sts_listen_same(&at, &of));
	sts_listen_unlink(&of); /* must leave the supervisor's socket alone */
	ck_assert_int_eq(connect_to(at.path), 0);
	close(fd);
}
END_TEST

/* Owner and mode of the name itself, not of a link's target. */
static struct stat
as_it_is(const char *at)
{
	struct stat st;

	memset(&st, 0, sizeof st);
	lstat(at, &st);
	return st;
}

/* The inode behind that name; 0: none. */
static long long
inode(const char *at)
{
	return (long long)as_it_is(at).st_ino;
}

static void
same_rights(const char *name, const struct stat *was, const struct stat *is)
{
	unit_int(name, (long long)is->st_ino, (long long)was->st_ino);
	unit_int(name, is->st_uid, was->st_uid);
	unit_int(name, is->st_gid, was->st_gid);
	unit_int(name, is->st_mode, was->st_mode);
}

static void
take_away(void)
{
	if (unlink(path) != 0) {
		rmdir(path);
	}
	unlink(victim);
	if (victim_fd >= 0) {
		close(victim_fd);
	}
	victim_fd = -1;
}

/* Only the superuser can give a socket to another owner. */
static struct sts_listen_at
given(mode_t mode)
{
	struct sts_listen_at at = local(mode);

	if (getuid() == 0) {
		at.uid = 65534;
		at.gid = 65533;
	}
	return at;
}

/* The thing is there before the socket is opened. */
START_TEST(what_has_the_name_before_stays_unchanged)
{
	for (size_t i = 0; i < UNIT_COUNT(things); i++) {
		const struct thing_case *t = &things[i];
		struct sts_listen_at at = given(0666);

		put_thing(t->thing);
		struct stat was = as_it_is(path), target = as_it_is(victim);
		int fd = sts_listen_open(&at);

		unit_int(t->name, fd < 0 ? errno : 0, t->error);
		struct stat is = as_it_is(path), after = as_it_is(victim);

		same_rights(t->name, &target, &after);
		if (t->error != 0) {
			same_rights(t->name, &was, &is);
			sts_listen_unlink(&at); /* must leave it alone */
			unit_int(t->name, inode(path), (long long)was.st_ino);
		}
		close(fd);
		take_away();
	}
}
END_TEST

/* In place of the C library's: as soon as the socket has its name, a user who
 * may write to the folder removes the name and gives it to another thing. */
static const struct thing_case *put_there;

int
linkat(int from, const char *old, int to, const char *name, int flags)
{
	int rc = (int)syscall(SYS_linkat, from, old, to, name, flags);

	if (rc == 0 && put_there != NULL) {
		ck_assert_int_eq(unlink(path), 0);
		put_thing(put_there->thing);
	}
	return rc;
}

int
link(const char *old, const char *name)
{
	return (int)syscall(SYS_linkat, AT_FDCWD, old, AT_FDCWD, name, 0);
}

/* In place of the C library's: another thing takes the name just before the
 * socket gets its owner. */
static const struct thing_case *before_owner;

int
fchownat(int at, const char *name, uid_t uid, gid_t gid, int flags)
{
	if (before_owner != NULL) {
		unlink(path);
		put_thing(before_owner->thing);
	}
	return (int)syscall(SYS_fchownat, at, name, uid, gid, flags);
}

/* The name changes hands while the socket is opened: mode and owner still go to
 * the socket alone, and at the end only the socket is removed, or nothing. */
START_TEST(what_takes_the_name_meanwhile_stays_unchanged)
{
	/* Only the superuser gives anything away. */
	size_t rounds = getuid() == 0 ? 2 : 1;

	for (size_t i = 0; i < rounds * UNIT_COUNT(things); i++) {
		const struct thing_case *t = &things[i / rounds];
		bool late = i % rounds == 0;
		struct sts_listen_at at = given(0640);
		struct stat target, is;

		if (late) {
			put_there = t;
		} else {
			before_owner = t;
		}
		int fd = sts_listen_open(&at);

		put_there = before_owner = NULL;
		if (late) {
			ck_assert_int_ge(fd, 0);
		}
		is = as_it_is(path);
		target = as_it_is(victim);
		ck_assert_uint_ne(
		    target.st_ino == 0 ? is.st_uid : target.st_uid,
		    getuid() == 0 ? 65534 : 1);
		ck_assert_uint_ne(is.st_uid, getuid() == 0 ? 65534 : 1);
		sts_listen_unlink(&at);
		unit_int(t->name, inode(path), (long long)is.st_ino);
		close(fd);
		take_away();
	}
	/* Without interference the socket has mode and owner. */
	struct sts_listen_at at = given(0640);
	int fd = sts_listen_open(&at);
	struct stat is = as_it_is(path);

	ck_assert_int_ge(fd, 0);
	ck_assert(S_ISSOCK(is.st_mode));
	ck_assert_uint_eq(is.st_mode & 0777, 0640);
	ck_assert_uint_eq(is.st_nlink, 1);
	ck_assert_uint_eq(is.st_uid, getuid() == 0 ? 65534 : getuid());
	ck_assert_uint_eq(is.st_gid, getuid() == 0 ? 65533 : getgid());
	sts_listen_unlink(&at);
	unit_int("inode of the path", inode(path), 0);
	close(fd);
}
END_TEST

/* In place of the C library's: before the folder in which the socket is made
 * can be opened, it is another user's, or a link. */
static enum thing in_place_of_folder;

int
mkdir(const char *at, mode_t mode)
{
	int rc = (int)syscall(SYS_mkdirat, AT_FDCWD, at, mode);

	if (rc == 0 && in_place_of_folder != NOTHING) {
		ck_assert_int_eq(rmdir(at), 0);
		if (in_place_of_folder == SYMLINK) {
			ck_assert_int_eq(symlink(dir, at), 0);
		} else {
			ck_assert_int_eq(
			    syscall(SYS_mkdirat, AT_FDCWD, at, 0755), 0);
			if (getuid() == 0) {
				ck_assert_int_eq(chown(at, 65534, 65534), 0);
			}
		}
	}
	return rc;
}

enum {
	CLOSET = sizeof dir + 32
};

static void
name_closet(char out[CLOSET], unsigned i)
{
	snprintf(out, CLOSET, "%s/.mtasts-%ld-%u", dir, (long)getpid(), i);
}

START_TEST(a_folder_swapped_before_use_is_refused)
{
	static const enum thing in_place[] = { SYMLINK, FOLDER };
	char closet[CLOSET];

	for (size_t i = 0; i < UNIT_COUNT(in_place); i++) {
		struct sts_listen_at at = given(0666);

		in_place_of_folder = in_place[i];
		ck_assert_int_eq(sts_listen_open(&at), -1);
		unit_int("errno of the refusal", errno, EEXIST);
		in_place_of_folder = NOTHING;
		unit_int("inode of the path", inode(path), 0);
		name_closet(closet, 0);
		if (unlink(closet) != 0) {
			rmdir(closet);
		}
	}
}
END_TEST

/* A folder left by a killed process is used again, and the process ends in the
 * working folder that it had. */
START_TEST(a_folder_left_behind_is_used_again)
{
	struct sts_listen_at at = local(0666);
	char closet[CLOSET], was[256], is[256];

	name_closet(closet, 0);
	ck_assert_int_eq(mkdir(closet, 0700), 0);
	ck_assert_ptr_nonnull(getcwd(was, sizeof was));
	int fd = sts_listen_open(&at);

	ck_assert_int_ge(fd, 0);
	ck_assert_ptr_nonnull(getcwd(is, sizeof is));
	ck_assert_str_eq(was, is);
	unit_int("inode of the folder", inode(closet), 0);
	close(fd);
	/* A path without a folder is in the working one. */
	ck_assert_int_eq(chdir(dir), 0);
	snprintf(at.path, sizeof at.path, "sock");
	fd = sts_listen_open(&at);
	ck_assert_int_ge(fd, 0);
	ck_assert_int_eq(connect_to(path), 0);
	sts_listen_unlink(&at);
	unit_int("inode of the path", inode(path), 0);
	close(fd);
	ck_assert_int_eq(chdir(was), 0);
}
END_TEST

/* A folder left by a dead process of the same number, with something in it: in
 * a container each process has that number. The folder is left alone and does
 * not keep the daemon from starting. */
START_TEST(a_full_folder_left_behind_is_passed_over)
{
	struct sts_listen_at at = local(0666);
	char closet[CLOSET], inside[CLOSET + 8], next[CLOSET];

	name_closet(closet, 0);
	name_closet(next, 1);
	ck_assert_int_eq(mkdir(closet, 0700), 0);
	snprintf(inside, sizeof inside, "%s/sock", closet);
	close(open(inside, O_CREAT | O_WRONLY, 0600));
	int fd = sts_listen_open(&at);

	ck_assert_int_ge(fd, 0);
	unit_int("inode of the second folder", inode(next), 0);
	close(fd);
	sts_listen_unlink(&at);
	ck_assert_int_eq(unlink(inside), 0);
	ck_assert_int_eq(rmdir(closet), 0);
}
END_TEST

/* A daemon that a user's shell started in a folder that is not for the daemon's
 * user opens its sockets all the same. */
START_TEST(a_closed_working_folder_does_not_matter)
{
	struct sts_listen_at at = local(0666);
	char closed[sizeof dir + 8], was[256];

	snprintf(closed, sizeof closed, "%s/closed", dir);
	ck_assert_ptr_nonnull(getcwd(was, sizeof was));
	ck_assert_int_eq(mkdir(closed, 0700), 0);
	ck_assert_int_eq(chdir(closed), 0);
	if (getuid() == 0) {
		ck_assert_int_eq(chown(dir, 65534, (gid_t)-1), 0);
		ck_assert_int_eq(seteuid(65534), 0);
	} else {
		ck_assert_int_eq(fchmod(open(".", O_RDONLY), 0), 0);
	}
	ck_assert_int_eq(open(".", O_RDONLY), -1);
	int fd = sts_listen_open(&at);

	ck_assert_msg(fd >= 0, "%s", strerror(errno));
	ck_assert_int_eq(connect_to(path), 0);
	sts_listen_unlink(&at);
	close(fd);
	if (getuid() == 0) {
		ck_assert_int_eq(seteuid(0), 0);
	}
	ck_assert_int_eq(chdir(was), 0);
	ck_assert_int_eq(rmdir(closed), 0);
}
END_TEST

/* A failure after bind leaves nothing behind. */
START_TEST(a_failure_after_bind_leaves_nothing)
{
	struct sts_listen_at at = local(0666);
	struct stat st;

	if (getuid() == 0) {
		/* as a user who may not give files away */
		ck_assert_int_eq(chown(dir, 65534, (gid_t)-1), 0);
		ck_assert_int_eq(seteuid(65534), 0);
	}
	at.uid = 0;
	ck_assert_int_eq(sts_listen_open(&at), -1);
	ck_assert_int_eq(errno, EPERM);
	ck_assert_int_eq(stat(at.path, &st), -1);
	if (getuid() == 0) {
		ck_assert_int_eq(seteuid(0), 0);
	}
}
END_TEST

/* Listen at a port of all IPv6 addresses, and of all IPv4 addresses. Returns
 * false without IPv6. *both: whether the IPv4 port was free. */
static bool
both_families(bool *both)
{
	struct sts_listen_at all, of;

	memset(&all, 0, sizeof all);
	ck_assert(sts_addr_parse(unit_span("::"), &all.addr));
	int six = sts_listen_open(&all);

	if (six < 0) {
		return false;
	}
	ck_assert(sts_listen_of(six, &of));
	ck_assert(sts_addr_parse(unit_span("0.0.0.0"), &all.addr));
	all.addr.port = of.addr.port;
	int four = sts_listen_open(&all);

	*both = four >= 0;
	close(four);
	close(six);
	return true;
}

/* An IPv6 listener leaves the same IPv4 port free for another process. The
 * system draws the port without regard to IPv4, so the port may be taken: try
 * often. */
START_TEST(an_ipv6_listener_leaves_the_ipv4_port_free)
{
	bool both = false;

	for (unsigned i = 0; i < 64 && !both; i++) {
		if (!both_families(&both)) {
			return;
		}
	}
	ck_assert(both);
}
END_TEST

START_TEST(a_tcp_port_is_known_and_taken_once)
{
	struct sts_listen_at at, of;

	memset(&at, 0, sizeof at);
	ck_assert(sts_addr_parse(unit_span("127.0.0.1"), &at.addr));
	int fd = sts_listen_open(&at);

	ck_assert_int_ge(fd, 0);
	ck_assert(sts_listen_of(fd, &of));
	ck_assert_uint_ne(of.addr.port, 0);
	ck_assert_int_eq(sts_listen_open(&of), -1);
	ck_assert_int_eq(errno, EADDRINUSE);
	ck_assert(!sts_listen_same(&at, &of));

	close(fd);
	ck_assert(!sts_listen_of(STDIN_FILENO, &of));
	fd = socket(AF_INET, SOCK_STREAM, 0);
	ck_assert(!sts_listen_of(fd, &of));
	close(fd);
}
END_TEST

/* A listener as a supervisor makes it: under its whole path. */
static int
supervised(const struct sts_listen_at *at)
{
	int fd = socket(AF_UNIX, SOCK_STREAM, 0);
	struct sockaddr_un un;
	mode_t old = umask(~at->mode & 0777);

	memset(&un, 0, sizeof un);
	un.sun_family = AF_UNIX;
	strcpy(un.sun_path, at->path);
	ck_assert_int_eq(bind(fd, (struct sockaddr *)&un, sizeof un), 0);
	umask(old);
	ck_assert_int_eq(listen(fd, 1), 0);
	return fd;
}

/* The mode of an inherited socket's file decides who may report. */
START_TEST(an_inherited_socket_has_its_files_mode)
{
	static const mode_t modes[] = { 0600, 0622, 0666 };
	struct sts_listen_at at, of;

	for (size_t i = 0; i < UNIT_COUNT(modes); i++) {
		at = local(modes[i]);
		int fd = supervised(&at);

		ck_assert(sts_listen_of(fd, &of));
		ck_assert_uint_eq(of.mode, modes[i]);
		/* An unknown mode counts as "anybody may connect". */
		ck_assert_int_eq(unlink(at.path), 0);
		ck_assert(sts_listen_of(fd, &of));
		ck_assert_uint_eq(of.mode, 0666);
		close(creat(at.path, 0600));
		ck_assert(sts_listen_of(fd, &of));
		ck_assert_uint_eq(of.mode, 0666);
		close(fd);
	}
}
END_TEST

START_TEST(inherited_descriptors_are_counted_and_named)
{
	char pid[32], name[STS_SERVICE_NAME_MAX + 1];
	/* An absurd number is an error, not 0: otherwise clients of the
	 * inherited sockets would wait for an answer for ever. */
	static const struct {
		const char *text;
		int want;
	} counts[] = { { "0", 0 }, { "2", 2 }, { "64", 64 }, { "65", -1 },
		{ "-1", -1 }, { "", -1 }, { "2 ", -1 },
		{ "99999999999999999999", -1 } };

	snprintf(pid, sizeof pid, "%ld", (long)getpid());
	unsetenv("LISTEN_FDS");
	ck_assert_int_eq(sts_service_fds(), 0);
	setenv("LISTEN_PID", pid, 1);
	ck_assert_int_eq(sts_service_fds(), 0);
	for (size_t i = 0; i < sizeof counts / sizeof *counts; i++) {
		setenv("LISTEN_FDS", counts[i].text, 1);
		ck_assert_int_eq(sts_service_fds(), counts[i].want);
	}
	setenv("LISTEN_PID", "1", 1);
	ck_assert_int_eq(sts_service_fds(), 0);

	setenv("LISTEN_FDNAMES", "mail::control", 1);
	sts_service_fd_name(0, name);
	ck_assert_str_eq(name, "mail");
	sts_service_fd_name(1, name);
	ck_assert_str_eq(name, "");
	sts_service_fd_name(2, name);
	ck_assert_str_eq(name, "control");
	sts_service_fd_name(3, name);
	ck_assert_str_eq(name, "");
	unsetenv("LISTEN_FDNAMES");
	sts_service_fd_name(0, name);
	ck_assert_str_eq(name, "");
}
END_TEST

START_TEST(the_supervisor_is_notified)
{
	struct sts_listen_at at = local(0600);
	struct sockaddr_un un;
	struct sts_service s;
	char buf[64];
	int fd = socket(AF_UNIX, SOCK_DGRAM, 0);

	memset(&un, 0, sizeof un);
	un.sun_family = AF_UNIX;
	strcpy(un.sun_path, at.path);
	ck_assert_int_eq(bind(fd, (struct sockaddr *)&un, sizeof un), 0);
	setenv("NOTIFY_SOCKET", at.path, 1);
	setenv("WATCHDOG_USEC", "3000000", 1);
	sts_service_open(&s);
	ck_assert_uint_eq(s.watchdog_ms, 1500);
	ck_assert(sts_service_notify(&s, STS_SERVICE_READY));
	ssize_t n = recv(fd, buf, sizeof buf, 0);

	ck_assert_int_eq(n, 7);
	ck_assert_mem_eq(buf, "READY=1", 7);
	close(s.fd);

	setenv("WATCHDOG_PID", "1", 1);
	sts_service_open(&s);
	ck_assert_uint_eq(s.watchdog_ms, 0);
	close(s.fd);
	close(fd);
	unlink(at.path);
	sts_service_open(&s);
	ck_assert_int_eq(s.fd, -1);
	ck_assert(sts_service_notify(&s, STS_SERVICE_READY)); /* no effect */
	unsetenv("NOTIFY_SOCKET");
	sts_service_open(&s);
	ck_assert_int_eq(s.fd, -1);
}
END_TEST

/* As many datagrams as fit are in the supervisor's queue before ours: what does
 * not fit is owed, and comes once there is room, READY before STOPPING. */
START_TEST(a_busy_supervisor_is_notified_later)
{
	static const char *const want[] = { "READY=1", "STOPPING=1",
		"WATCHDOG=1" };
	struct sts_listen_at at = local(0600);
	struct sockaddr_un un;
	struct sts_service s;
	char buf[64];
	unsigned before = 0;
	int fd = socket(AF_UNIX, SOCK_DGRAM, 0);

	memset(&un, 0, sizeof un);
	un.sun_family = AF_UNIX;
	strcpy(un.sun_path, at.path);
	ck_assert_int_eq(bind(fd, (struct sockaddr *)&un, sizeof un), 0);
	ck_assert_int_eq(fcntl(fd, F_SETFL, O_NONBLOCK), 0);
	setenv("NOTIFY_SOCKET", at.path, 1);
	sts_service_open(&s);
	while (send(s.fd, "X=1", 3, 0) == 3) {
		before++;
		ck_assert_uint_lt(before, 100000);
	}
	ck_assert(!sts_service_notify(&s, STS_SERVICE_READY));
	ck_assert(!sts_service_notify(&s, STS_SERVICE_ALIVE));
	ck_assert(!sts_service_notify(&s, STS_SERVICE_STOPPING));
	for (; before > 0; before--) {
		ck_assert_int_eq(recv(fd, buf, sizeof buf, 0), 3);
	}
	ck_assert(sts_service_notify(&s, 0));
	ck_assert(sts_service_notify(&s, 0)); /* once is enough */
	for (unsigned i = 0; i < 3; i++) {
		ssize_t n = recv(fd, buf, sizeof buf - 1, 0);

		ck_assert_int_gt(n, 0);
		buf[n] = '\0';
		ck_assert_str_eq(buf, want[i]);
	}
	ck_assert_int_eq(recv(fd, buf, sizeof buf, 0), -1);
	unsetenv("NOTIFY_SOCKET");
	close(s.fd);
	close(fd);
	unlink(at.path);
}
END_TEST

static struct sts_event
event(enum sts_event_code code, const char *text)
{
	struct sts_event e;

	memset(&e, 0, sizeof e);
	e.code = (uint8_t)code;
	e.text_len = (uint8_t)strlen(text);
	memcpy(e.text, text, e.text_len);
	return e;
}

START_TEST(log_lines_cannot_be_forged)
{
	char line[STS_LOG_LINE_MAX];
	struct sts_event e = event(STS_EVENT_POLICY_NEW, "example.com");

	e.mode = 3;
	e.number[0] = 86400;
	e.number[1] = 2;
	sts_log_render(&e, line);
	ck_assert_str_eq(line, "event=policy-new domain=example.com "
			       "mode=enforce max_age=86400 mx=2");
	e = event(STS_EVENT_FETCH_FAILED, "a.example");
	e.why = STS_WHY_X509_EXPIRED;
	e.number[0] = 300;
	ck_assert(sts_addr_parse(unit_span("2001:db8::1"), &e.addr));
	e.addr.port = 443;
	sts_log_render(&e, line);
	ck_assert_str_eq(line, "event=fetch-failed domain=a.example "
			       "retry_in=300 http_status=0 why=x509-expired "
			       "addr=[2001:db8::1]:443");
	/* Text from a client cannot add words or lines of its own. */
	e = event(STS_EVENT_ZONE_UNKNOWN, "x why=ok\n\xff\x1b[2J=\\\"");
	sts_log_render(&e, line);
	ck_assert_str_eq(line,
	    "event=zone-unknown "
	    "zone=x\\x20why\\x3dok\\x0a\\xff\\x1b\\x5b2J\\x3d\\x5c\\x22");
	/* The longest line. */
	e = event(STS_EVENT_REFRESH_FAILED, "");
	e.text_len = STS_NAME_MAX;
	memset(e.text, 1, STS_NAME_MAX);
	memset(e.number, 0xff, sizeof e.number);
	e.why = STS_WHY_X509_CHAIN_COMPLEX;
	e.mode = 3;
	e.addr.af = STS_AF_INET6;
	memset(e.addr.ip, 0x11, 16);
	e.addr.scope = e.addr.port = 65535;
	size_t n = sts_log_render(&e, line);

	ck_assert_uint_lt(n, STS_LOG_LINE_MAX - 1); /* nothing was cut */
	ck_assert_uint_gt(n, 4 * STS_NAME_MAX);
}
END_TEST

START_TEST(log_text_is_escaped)
{
	char out[16];

	ck_assert_uint_eq(
	    sts_log_escape(unit_span("12345678"), out, sizeof out), 8);
	ck_assert_str_eq(out, "12345678");
	sts_log_escape(unit_span("12345678901234567"), out, sizeof out);
	ck_assert_str_eq(out, "123456789...");
	sts_log_escape(unit_span("\001\001\001\001\001"), out, sizeof out);
	ck_assert_str_eq(out, "\\x01\\x01\\x01...");
	sts_log_quote(unit_span("[::] a=b"), out, sizeof out);
	ck_assert_str_eq(out, "[::] a=b");
	sts_log_quote(unit_span("\"\\\x1b"), out, sizeof out);
	ck_assert_str_eq(out, "\\x22\\x5c\\x1b");
}
END_TEST

/* What a log wrote to our stderr. */
static size_t
captured(void (*write_lines)(void), char *out, size_t size)
{
	int pipes[2], saved = dup(STDERR_FILENO);

	ck_assert_int_eq(pipe(pipes), 0);
	fcntl(pipes[0], F_SETFL, O_NONBLOCK);
	dup2(pipes[1], STDERR_FILENO);
	write_lines();
	dup2(saved, STDERR_FILENO);
	close(saved);
	close(pipes[1]);
	ssize_t n = read(pipes[0], out, size - 1);

	close(pipes[0]);
	out[n > 0 ? n : 0] = '\0';
	return n > 0 ? (size_t)n : 0;
}

static void
write_levels(void)
{
	struct sts_log l;

	sts_log_open(&l, STS_LOG_STDERR, STS_LOG_WARNING);
	sts_log_line(&l, STS_LOG_INFO, "hidden");
	sts_log_line(&l, STS_LOG_WARNING, "shown %d", 1);
	sts_log_level(&l, STS_LOG_INFO);
	sts_log_line(&l, STS_LOG_INFO, "shown %d", 2);
}

START_TEST(only_lines_of_the_level_are_logged)
{
	static char out[65536];
	struct stat st;

	captured(write_levels, out, sizeof out);
	ck_assert_ptr_null(strstr(out, "hidden"));
	/* "2026-11-22T02:06:15Z " */
	ck_assert_uint_eq(strspn(out, "0123456789-T:Z"), 20);
	ck_assert_ptr_nonnull(strstr(out, "Z shown 1\n"));
	ck_assert_ptr_nonnull(strstr(out, "Z shown 2\n"));
	/* Another stream's name does not make stderr the journal's stream. */
	ck_assert_int_eq(fstat(STDERR_FILENO, &st), 0);
	setenv("JOURNAL_STREAM", "1:1", 1);
	captured(write_levels, out, sizeof out);
	ck_assert_int_ne(out[0], '<');
	unsetenv("JOURNAL_STREAM");
}
END_TEST

static void
write_journal(void)
{
	struct sts_log l;
	struct stat st;
	char id[64];

	fstat(STDERR_FILENO, &st);
	snprintf(id, sizeof id, "%llu:%llu", (unsigned long long)st.st_dev,
	    (unsigned long long)st.st_ino);
	setenv("JOURNAL_STREAM", id, 1);
	sts_log_open(&l, STS_LOG_STDERR, STS_LOG_DEBUG);
	for (unsigned i = 0; i <= STS_LOG_DEBUG; i++) {
		sts_log_line(&l, i, "x");
	}
}

START_TEST(the_journals_stream_is_recognised)
{
	char out[256];

	captured(write_journal, out, sizeof out);
	ck_assert_str_eq(out, "<3>x\n<4>x\n<6>x\n<7>x\n");
}
END_TEST

static void
write_storm(void)
{
	struct sts_log l;

	sts_log_open(&l, STS_LOG_STDERR, STS_LOG_INFO);
	for (unsigned i = 0; i < 10 * STS_LOG_BURST; i++) {
		sts_log_line(&l, STS_LOG_INFO, "storm");
	}
	l.refill_ms -= 1000; /* a second later */
	sts_log_line(&l, STS_LOG_INFO, "after");
}

/* A storm of lines is cut, the loss is logged, and nothing blocks on a full
 * pipe. */
START_TEST(a_storm_is_cut_and_its_loss_logged)
{
	static char out[1 << 18];
	unsigned lines = 0;

	captured(write_storm, out, sizeof out);
	for (const char *p = out; (p = strstr(p, "storm\n")) != NULL; p++) {
		lines++;
	}
	/* The clock may tick while the lines are written. */
	ck_assert_uint_ge(lines, STS_LOG_BURST);
	ck_assert_uint_lt(lines, 2 * STS_LOG_BURST);
	ck_assert_ptr_nonnull(strstr(out, "event=log-lines-lost lost="));
	ck_assert_ptr_nonnull(strstr(out, "Z after\n"));
}
END_TEST

static unsigned storm_level;

static void
write_in_storm(void)
{
	struct sts_log l;

	sts_log_open(&l, STS_LOG_STDERR, STS_LOG_DEBUG);
	for (unsigned i = 0; i < 10 * STS_LOG_BURST; i++) {
		sts_log_line(&l, storm_level, "storm");
	}
	/* The clock stands still: a line that is written now was held back. */
	for (unsigned level = STS_LOG_DEBUG + 1; level-- > 0;) {
		sts_log_line(&l, level, "it was %s", sts_log_level_name(level));
	}
}

/* A storm of unimportant lines keeps no important line out. */
START_TEST(a_storm_keeps_no_important_line_out)
{
	static char out[1 << 18];

	storm_level = (unsigned)_i;
	captured(write_in_storm, out, sizeof out);
	for (unsigned level = 0; level < storm_level; level++) {
		char want[32];

		/* A line of level debug counts as one of level info. */
		snprintf(want, sizeof want, "Z it was %s\n",
		    sts_log_level_name(level));
		unit_int(want, strstr(out, want) != NULL, level < STS_LOG_INFO);
	}
}
END_TEST

static void
write_full(void)
{
	struct sts_log l;
	char junk[4096];

	memset(junk, 'j', sizeof junk);
	int flags = fcntl(STDERR_FILENO, F_GETFL);

	fcntl(STDERR_FILENO, F_SETFL, flags | O_NONBLOCK);
	while (write(STDERR_FILENO, junk, sizeof junk) > 0) {
	}
	fcntl(STDERR_FILENO, F_SETFL, flags);
	sts_log_open(&l, STS_LOG_STDERR, STS_LOG_INFO);
	sts_log_line(&l, STS_LOG_INFO, "must not block");
	ck_assert_uint_eq(l.dropped, 1);
}

START_TEST(a_full_pipe_does_not_block)
{
	static char out[1 << 18];

	captured(write_full, out, sizeof out);
	ck_assert_ptr_null(strstr(out, "must not block"));
}
END_TEST

void
unit_tests(TCase *tc)
{
	tcase_add_test(tc, a_stale_socket_is_replaced_a_live_one_is_not);
	tcase_add_test(tc, a_socket_has_its_mode_whatever_the_umask);
	tcase_add_test(tc, only_sockets_are_removed);
	tcase_add_test(tc, a_supervisors_socket_is_not_removed);
	tcase_add_test(tc, what_has_the_name_before_stays_unchanged);
	tcase_add_test(tc, what_takes_the_name_meanwhile_stays_unchanged);
	tcase_add_test(tc, a_folder_swapped_before_use_is_refused);
	tcase_add_test(tc, a_folder_left_behind_is_used_again);
	tcase_add_test(tc, a_full_folder_left_behind_is_passed_over);
	tcase_add_test(tc, a_closed_working_folder_does_not_matter);
	tcase_add_test(tc, a_failure_after_bind_leaves_nothing);
	tcase_add_test(tc, a_tcp_port_is_known_and_taken_once);
	tcase_add_test(tc, an_ipv6_listener_leaves_the_ipv4_port_free);
	tcase_add_test(tc, an_inherited_socket_has_its_files_mode);
	tcase_add_test(tc, inherited_descriptors_are_counted_and_named);
	tcase_add_test(tc, the_supervisor_is_notified);
	tcase_add_test(tc, a_busy_supervisor_is_notified_later);
	tcase_add_test(tc, log_lines_cannot_be_forged);
	tcase_add_test(tc, log_text_is_escaped);
	tcase_add_test(tc, only_lines_of_the_level_are_logged);
	tcase_add_test(tc, the_journals_stream_is_recognised);
	tcase_add_test(tc, a_storm_is_cut_and_its_loss_logged);
	tcase_add_loop_test(tc, a_storm_keeps_no_important_line_out,
	    STS_LOG_WARNING, STS_LOG_DEBUG + 1);
	tcase_add_test(tc, a_full_pipe_does_not_block);
}
