/* SPDX-License-Identifier: MIT */
/*
 * Listening sockets.
 *
 * A local one is opened by the superuser, often in a folder of the user that
 * he becomes; whoever has that user's rights may put links, other sockets or
 * anything else under any name there, between any two calls. So nothing that
 * the superuser may do is done to a name in that folder. The socket is born
 * in a closet, a folder that only he may write to, has its mode from its birth
 * and its owner from there, and gets its name in the folder by a link, which
 * replaces nothing. The folder itself is opened once. What is removed at the
 * end is the same object, or nothing.
 *
 * O_PATH is Linux's and FreeBSD's own.
 *
 * Invariants: a socket that somebody listens on is never removed: a name is
 * taken over only when nobody answers there (is_stale). On failure the
 * descriptors are closed, the working directory is the one before, and errno
 * says why.
 */
#if defined(__linux__)
#define _GNU_SOURCE
#elif defined(__FreeBSD__)
#define __BSD_VISIBLE 1
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

/* How a folder is opened that need not be readable. */
#if defined(O_PATH)
#define FOLDER O_PATH
#elif defined(O_SEARCH)
#define FOLDER O_SEARCH
#else
#define FOLDER O_RDONLY
#endif

enum {
	CLOSET_MAX = 32,
	CLOSETS = 16 /* names of one */
};

/* Where a socket is to be, as descriptors; -1: not open. */
struct place {
	int here; /* the former working folder */
	int folder; /* the path's, which is the working folder now */
	int closet;
	char closet_name[CLOSET_MAX];
	const char *name; /* in both */
};

static int
open_folder(const char *path, int flags)
{
	return open(path, flags | O_DIRECTORY | O_CLOEXEC);
}

/* Close what is open and go back; errno stays. */
static void
leave(struct place *p)
{
	if (p->here >= 0) {
		int err = errno;

		(void)!fchdir(p->here);
		errno = err;
		fail(p->here);
	}
	fail(p->folder);
	fail(p->closet);
	p->here = p->folder = p->closet = -1;
}

/* Go to the folder of a path. 0, or -1 with errno. */
static int
enter(struct place *p, const char *path)
{
	char dir[STS_LISTEN_PATH_MAX + 1];
	const char *slash = strrchr(path, '/');

	p->here = p->folder = p->closet = -1;
	p->name = slash == NULL ? path : slash + 1;
	if (slash == NULL) {
		snprintf(dir, sizeof dir, ".");
	} else {
		snprintf(dir, sizeof dir, "%.*s/", (int)(slash - path), path);
	}
	p->folder = open_folder(dir, FOLDER);
	p->here = open_folder(".", FOLDER);
	if (p->here < 0 && errno == EACCES) {
		/* Started in a folder that is not for our user. */
		p->here = open_folder("/", FOLDER);
	}
	if (p->folder < 0 || p->here < 0 || fchdir(p->folder) != 0) {
		leave(p);
		return -1;
	}
	return 0;
}

static void
local_address(const char *name, struct sockaddr_un *un)
{
	size_t len = strlen(name);

	STS_ASSERT(len <= STS_LISTEN_PATH_MAX);
	memset(un, 0, sizeof *un);
	un->sun_family = AF_UNIX;
	memcpy(un->sun_path, name, len);
}

/* Whether nobody listens on the socket of that name any more; errno if not. */
static bool
is_stale(const char *name, int type)
{
	struct sockaddr_un un;
	int fd = socket(AF_UNIX, type, 0);

	if (fd < 0) {
		return false;
	}
	local_address(name, &un);
	sts_socket_prepare(fd);
	int rc = connect(fd, (const struct sockaddr *)&un, sizeof un);
	int err = errno;

	close(fd);
	errno =
	    rc == 0 || err == EAGAIN || err == EINPROGRESS ? EADDRINUSE : err;
	return rc != 0 && err == ECONNREFUSED;
}

/* Make way for a socket of that name. 0, or -1 with errno. */
static int
clear_name(const char *name, int type)
{
	struct stat st;

	if (lstat(name, &st) != 0) {
		return errno == ENOENT ? 0 : -1;
	}
	if (!S_ISSOCK(st.st_mode)) {
		errno = EEXIST;
		return -1;
	}
	return is_stale(name, type) ? unlink(name) : -1;
}

/*
 * A fresh folder, and its name. One that a process of this number left when it
 * died is removed if it is empty, and else left alone: in a container each
 * process has that number. 0, or -1 with errno.
 */
static int
name_closet(struct place *p)
{
	mode_t old = umask(0);
	int rc = -1;

	errno = EEXIST;
	for (unsigned i = 0; i < CLOSETS && rc != 0 && errno == EEXIST; i++) {
		snprintf(p->closet_name, sizeof p->closet_name,
		    ".mtasts-%ld-%u", (long)getpid(), i);
		(void)rmdir(p->closet_name);
		rc = mkdir(p->closet_name, 0700);
	}
	umask(old);
	return rc;
}

/* Make the closet, in the working folder. 0, or -1 with errno. */
static int
make_closet(struct place *p)
{
	struct stat st;

	if (name_closet(p) != 0) {
		return -1;
	}
	p->closet = open_folder(p->closet_name, FOLDER | O_NOFOLLOW);
	if (p->closet >= 0 && fstat(p->closet, &st) == 0 &&
	    st.st_uid == geteuid() && (st.st_mode & 0777) == 0700) {
		return 0;
	}
	/* Another one has been put in its place. */
	fail(p->closet);
	p->closet = -1;
	errno = EEXIST;
	return -1;
}

/* Bind in the closet. With its mode from the beginning: a chmod() goes by the
 * name. 0, or -1 with errno. */
static int
bind_inside(int fd, const struct place *p, mode_t mode)
{
	struct sockaddr_un un;

	local_address(p->name, &un);
	if (fchdir(p->closet) != 0) {
		return -1;
	}
	mode_t old = umask(~mode & 0777);
	int rc = bind(fd, (const struct sockaddr *)&un, sizeof un);
	int err = errno;

	umask(old);
	if (fchdir(p->folder) != 0) {
		return -1;
	}
	errno = err;
	return rc;
}

static bool
is_owned(const struct sts_listen_at *at)
{
	return at->uid != (uid_t)-1 || at->gid != (gid_t)-1;
}

/* Give the socket its owner, and its name in the folder when it listens. 0, or
 * -1 with errno. */
static int
hand_out(int fd, const struct place *p, struct sts_listen_at *at)
{
	struct stat st;

	if (is_owned(at) && fchownat(p->closet, p->name, at->uid, at->gid,
				AT_SYMLINK_NOFOLLOW) != 0) {
		return -1;
	}
	if (fstatat(p->closet, p->name, &st, AT_SYMLINK_NOFOLLOW) != 0) {
		return -1;
	}
	at->dev = st.st_dev;
	at->ino = st.st_ino;
	if (!at->datagrams && listen(fd, STS_LISTEN_BACKLOG) != 0) {
		return -1;
	}
	if (linkat(p->closet, p->name, p->folder, p->name, 0) != 0) {
		errno = errno == EEXIST ? EADDRINUSE : errno;
		return -1;
	}
	return 0;
}

/* Leave nothing of the closet; errno stays. */
static void
clear_closet(const struct place *p)
{
	int err = errno;

	if (p->closet >= 0) {
		unlinkat(p->closet, p->name, 0);
	}
	rmdir(p->closet_name);
	errno = err;
}

/* In the folder of the path. A descriptor, or -1 with errno. */
static int
open_inside(struct place *p, struct sts_listen_at *at)
{
	int type = at->datagrams ? SOCK_DGRAM : SOCK_STREAM;

	if (clear_name(p->name, type) != 0) {
		return -1;
	}
	int fd = socket(AF_UNIX, type, 0);

	if (fd < 0 || sts_socket_prepare(fd) != 0) {
		return fail(fd);
	}
	int rc = make_closet(p);

	rc = rc == 0 ? bind_inside(fd, p, at->mode) : rc;
	rc = rc == 0 ? hand_out(fd, p, at) : rc;
	clear_closet(p);
	return rc == 0 ? fd : fail(fd);
}

static int
open_local(struct sts_listen_at *at)
{
	struct place p;

	if (enter(&p, at->path) != 0) {
		return -1;
	}
	int fd = open_inside(&p, at);

	leave(&p);
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
sts_listen_open(struct sts_listen_at *at)
{
	return at->addr.af == STS_AF_LOCAL ? open_local(at) : open_inet(at);
}

const char *
sts_listen_error(const struct sts_listen_at *at, int error)
{
	return error == EPERM && at->addr.af == STS_AF_LOCAL && is_owned(at)
		   ? "this process may not give it to owner= or group=; where "
		     "systemd starts it, a socket unit can (SocketUser=, "
		     "SocketGroup=)"
		   : strerror(error);
}

static int
type_of(int fd)
{
	int type = 0;
	socklen_t len = sizeof type;

	return getsockopt(fd, SOL_SOCKET, SO_TYPE, &type, &len) == 0 ? type
								     : -1;
}

/* Whether fd is a stream socket that listens. */
static bool
is_listening(int fd)
{
	int on = 0;
	socklen_t len = sizeof on;

	if (type_of(fd) != SOCK_STREAM) {
		return false;
	}
	return getsockopt(fd, SOL_SOCKET, SO_ACCEPTCONN, &on, &len) == 0 && on;
}

/* The mode of the socket of that name. One that cannot be seen counts as open
 * to everybody: what a mode forbids is not allowed for want of knowing it. */
static mode_t
mode_of(const char *path)
{
	struct stat st;

	return lstat(path, &st) == 0 && S_ISSOCK(st.st_mode) ? st.st_mode & 0777
							     : 0666;
}

bool
sts_listen_of(int fd, struct sts_listen_at *at)
{
	struct sockaddr_storage s;
	struct sockaddr_un un;
	socklen_t len = sizeof s;

	memset(&s, 0, sizeof s);
	if ((type_of(fd) != SOCK_DGRAM && !is_listening(fd)) ||
	    getsockname(fd, (struct sockaddr *)&s, &len) != 0 ||
	    (type_of(fd) == SOCK_DGRAM && s.ss_family != AF_UNIX)) {
		return false;
	}
	memset(at, 0, sizeof *at);
	at->datagrams = type_of(fd) == SOCK_DGRAM;
	at->uid = (uid_t)-1;
	at->gid = (gid_t)-1;
	if (s.ss_family != AF_UNIX) {
		return sts_addr_from_socket(&s, &at->addr);
	}
	memcpy(&un, &s, sizeof un);
	at->addr.af = STS_AF_LOCAL;
	memcpy(at->path, un.sun_path, STS_LISTEN_PATH_MAX);
	at->mode = mode_of(at->path);
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
	struct stat st;

	if (at->addr.af == STS_AF_LOCAL && lstat(at->path, &st) == 0 &&
	    st.st_dev == at->dev && st.st_ino == at->ino) {
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
