/* SPDX-License-Identifier: MIT */
/* Listening sockets. O_PATH and AT_EMPTY_PATH are Linux's own. */
#if defined(__linux__)
#define _GNU_SOURCE
#else
#define _POSIX_C_SOURCE 200809L
#endif

#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "../../core/base/assert.h"
#include "addr.h"
#include "listen.h"
#include "socket.h"

STS_STATIC_ASSERT(
    STS_LISTEN_PATH_MAX < sizeof((struct sockaddr_un *)0)->sun_path, path_fits);

STS_STATIC_ASSERT(
    STS_LISTEN_TEXT_MAX >= STS_ADDR_TEXT_MAX + sizeof "inet:", text_fits);

/* Close fd, if it is one, and keep the errno that is to be reported. */
static int
fail(int fd)
{
	int err = errno;

	if (fd >= 0) {
		close(fd);
	}
	errno = err;
	return -1;
}

static void
local_address(const char *path, struct sockaddr_un *un)
{
	size_t len = strlen(path);

	STS_ASSERT(len <= STS_LISTEN_PATH_MAX);
	memset(un, 0, sizeof *un);
	un->sun_family = AF_UNIX;
	memcpy(un->sun_path, path, len);
}

/* Whether nobody listens on the socket at un any more; errno if not. */
static bool
is_stale(const struct sockaddr_un *un)
{
	int fd = socket(AF_UNIX, SOCK_STREAM, 0);

	if (fd < 0) {
		return false;
	}
	sts_socket_prepare(fd);
	int rc = connect(fd, (const struct sockaddr *)un, sizeof *un);
	int err = errno;

	close(fd);
	errno =
	    rc == 0 || err == EAGAIN || err == EINPROGRESS ? EADDRINUSE : err;
	return rc != 0 && err == ECONNREFUSED;
}

/* Make way for a socket at un. 0, or -1 with errno. */
static int
clear_path(const struct sockaddr_un *un)
{
	struct stat st;

	if (lstat(un->sun_path, &st) != 0) {
		return errno == ENOENT ? 0 : -1;
	}
	if (!S_ISSOCK(st.st_mode)) {
		errno = EEXIST;
		return -1;
	}
	return is_stale(un) ? unlink(un->sun_path) : -1;
}

/*
 * With its mode from the beginning. A chmod() afterwards would go by the name,
 * and who may write to the directory could have put a link there by then: the
 * superuser, who opens sockets below the folder of the user he becomes, would
 * change the mode of any file that user likes.
 */
static int
bind_local(int fd, const struct sockaddr_un *un, mode_t mode)
{
	mode_t old = umask(~mode & 0777);
	int rc = bind(fd, (const struct sockaddr *)un, sizeof *un);
	int err = errno;

	umask(old);
	errno = err;
	return rc;
}

#if defined(O_PATH) && defined(AT_EMPTY_PATH)

/*
 * For the same reason not by the name: what has it now is looked at, and given
 * away if it is a socket that has no other name.
 */
static int
change_owner(const struct sts_listen_at *at)
{
	struct stat st;
	int fd = open(at->path, O_PATH | O_NOFOLLOW | O_CLOEXEC);

	if (fd < 0 || fstat(fd, &st) != 0) {
		return fail(fd);
	}
	if (!S_ISSOCK(st.st_mode) || st.st_nlink != 1) {
		errno = EEXIST;
		return fail(fd);
	}
	if (fchownat(fd, "", at->uid, at->gid, AT_EMPTY_PATH) != 0) {
		return fail(fd);
	}
	close(fd);
	return 0;
}

#else

/* No link is followed; but the name is trusted. */
static int
change_owner(const struct sts_listen_at *at)
{
	return lchown(at->path, at->uid, at->gid);
}

#endif

static int
give_local(const struct sts_listen_at *at)
{
	bool owned = at->uid != (uid_t)-1 || at->gid != (gid_t)-1;

	return owned ? change_owner(at) : 0;
}

static int
open_local(const struct sts_listen_at *at)
{
	struct sockaddr_un un;

	local_address(at->path, &un);
	if (clear_path(&un) != 0) {
		return -1;
	}
	int fd = socket(AF_UNIX, SOCK_STREAM, 0);

	if (fd < 0) {
		return -1;
	}
	if (sts_socket_prepare(fd) != 0 || bind_local(fd, &un, at->mode) != 0) {
		return fail(fd);
	}
	/* The owner first: until listen() nobody can connect. */
	if (give_local(at) != 0 || listen(fd, STS_LISTEN_BACKLOG) != 0) {
		fail(fd);
		sts_listen_unlink(at);
		return -1;
	}
	return fd;
}

static int
open_inet(const struct sts_listen_at *at)
{
	struct sockaddr_storage s;
	socklen_t len = sts_addr_to_socket(&at->addr, &s);
	int one = 1;
	int fd = socket(s.ss_family, SOCK_STREAM, 0);

	STS_ASSERT(len > 0);
	if (fd < 0) {
		return -1;
	}
	setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one);
	if (at->addr.af == STS_AF_INET6 &&
	    setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &one, sizeof one) != 0) {
		return fail(fd);
	}
	if (sts_socket_prepare(fd) != 0 ||
	    bind(fd, (const struct sockaddr *)&s, len) != 0 ||
	    listen(fd, STS_LISTEN_BACKLOG) != 0) {
		return fail(fd);
	}
	return fd;
}

int
sts_listen_open(const struct sts_listen_at *at)
{
	return at->addr.af == STS_AF_LOCAL ? open_local(at) : open_inet(at);
}

/* Whether fd is a stream socket that listens. */
static bool
is_listening(int fd)
{
	int type = 0, on = 0;
	socklen_t len = sizeof type;

	if (getsockopt(fd, SOL_SOCKET, SO_TYPE, &type, &len) != 0 ||
	    type != SOCK_STREAM) {
		return false;
	}
	len = sizeof on;
	return getsockopt(fd, SOL_SOCKET, SO_ACCEPTCONN, &on, &len) == 0 && on;
}

bool
sts_listen_of(int fd, struct sts_listen_at *at)
{
	struct sockaddr_storage s;
	struct sockaddr_un un;
	socklen_t len = sizeof s;

	memset(&s, 0, sizeof s);
	if (!is_listening(fd) ||
	    getsockname(fd, (struct sockaddr *)&s, &len) != 0) {
		return false;
	}
	memset(at, 0, sizeof *at);
	at->uid = (uid_t)-1;
	at->gid = (gid_t)-1;
	if (s.ss_family != AF_UNIX) {
		return sts_addr_from_socket(&s, &at->addr);
	}
	memcpy(&un, &s, sizeof un);
	at->addr.af = STS_AF_LOCAL;
	memcpy(at->path, un.sun_path, STS_LISTEN_PATH_MAX);
	return true;
}

bool
sts_listen_same(const struct sts_listen_at *a, const struct sts_listen_at *b)
{
	if (a->addr.af == STS_AF_LOCAL) {
		return b->addr.af == STS_AF_LOCAL &&
		       strcmp(a->path, b->path) == 0;
	}
	return sts_addr_same(&a->addr, &b->addr);
}

void
sts_listen_unlink(const struct sts_listen_at *at)
{
	if (at->addr.af == STS_AF_LOCAL) {
		unlink(at->path);
	}
}

void
sts_listen_format(const struct sts_listen_at *at, char out[STS_LISTEN_TEXT_MAX])
{
	char text[STS_ADDR_TEXT_MAX];

	if (at->addr.af == STS_AF_LOCAL) {
		snprintf(out, STS_LISTEN_TEXT_MAX, "unix:%s", at->path);
		return;
	}
	sts_addr_format(&at->addr, text);
	snprintf(out, STS_LISTEN_TEXT_MAX, "inet:%s", text);
}
