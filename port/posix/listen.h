/* SPDX-License-Identifier: MIT */
/*
 * Listening sockets: TCP over IPv4 or IPv6, and local (unix) ones.
 */
#ifndef STS_POSIX_LISTEN_H
#define STS_POSIX_LISTEN_H

#include <sys/types.h>

#include "../../core/base/io.h"

enum {
	STS_LISTEN_BACKLOG = 4096,
	STS_LISTEN_PATH_MAX = 103, /* the shortest sun_path, without NUL */
	STS_LISTEN_TEXT_MAX = STS_LISTEN_PATH_MAX + 8
};

struct sts_listen_at {
	struct sts_addr addr; /* INET, INET6, or LOCAL: the rest counts */
	char path[STS_LISTEN_PATH_MAX + 1];
	mode_t mode;
	uid_t uid; /* (uid_t)-1, (gid_t)-1: as it comes */
	gid_t gid;
	bool text; /* the owner's: its clients speak another protocol */
	bool datagrams; /* LOCAL: takes datagrams, and no clients */
	/* Private: which file a local socket is. */
	dev_t dev;
	ino_t ino;
};

/*
 * Open it. An IPv6 listener takes IPv6 only, so that 0.0.0.0 and [::] can be
 * open side by side. At a local path, a socket that nobody listens on any
 * more is replaced; anything else there is an error. Nobody can connect
 * before mode and owner are as asked. Who may write to the directory can keep
 * the socket from having its name there, but what he puts in its place gets
 * neither mode nor owner: those go to what was bound.
 *
 * at: filled with what sts_listen_unlink needs.
 * A descriptor, or -1 with errno; EADDRINUSE: somebody listens there already.
 */
int sts_listen_open(struct sts_listen_at *at);

/* What the errno of sts_listen_open(at) means, in words. */
const char *sts_listen_error(const struct sts_listen_at *at, int error);

/* Where fd listens, and a local one's mode by its path; 0666: it cannot be seen
 * there. False: it is no listening stream socket, nor a local one for
 * datagrams. */
bool sts_listen_of(int fd, struct sts_listen_at *at);

/* Whether both name the same place. */
bool sts_listen_same(
    const struct sts_listen_at *a, const struct sts_listen_at *b);

/* Remove the path of a local listener that was opened here, if it still is the
 * same socket. */
void sts_listen_unlink(const struct sts_listen_at *at);

/* "inet:127.0.0.1:8461", "unix:/path"; ends in NUL. */
void sts_listen_format(
    const struct sts_listen_at *at, char out[STS_LISTEN_TEXT_MAX]);

#endif
