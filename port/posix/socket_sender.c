/* SPDX-License-Identifier: MIT */
/*
 * Who sent a datagram to a local socket. Linux reports the user with each, and
 * the sender cannot choose it; elsewhere the file mode decides. SCM_CREDENTIALS is
 * not in POSIX.
 */
#ifdef __linux__
#define _GNU_SOURCE
#else
#define _POSIX_C_SOURCE 200809L
#endif

#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/uio.h>

#include "socket.h"

#ifdef SCM_CREDENTIALS
int
sts_socket_want_uid(int fd)
{
	int one = 1;

	return setsockopt(fd, SOL_SOCKET, SO_PASSCRED, &one, sizeof one);
}

/* The sender's user, from the control data of a datagram, where the system puts
 * it first. False: it is not there. */
static bool
uid_of(struct msghdr *m, unsigned long *uid)
{
	struct cmsghdr *c = CMSG_FIRSTHDR(m);
	struct ucred who;

	if (c == NULL || c->cmsg_level != SOL_SOCKET ||
	    c->cmsg_type != SCM_CREDENTIALS) {
		return false;
	}
	memcpy(&who, CMSG_DATA(c), sizeof who);
	*uid = who.uid;
	return true;
}

int
sts_socket_recv_from(int fd, uint8_t *buf, size_t size, unsigned long *uid)
{
	union {
		struct cmsghdr align;
		uint8_t room[CMSG_SPACE(sizeof(struct ucred))];
	} control;
	struct iovec in = { buf, size };
	struct msghdr m;

	memset(&m, 0, sizeof m);
	m.msg_iov = &in;
	m.msg_iovlen = 1;
	m.msg_control = &control;
	m.msg_controllen = sizeof control;
	ssize_t n = recvmsg(fd, &m, MSG_CMSG_CLOEXEC);

	if (n < 0) {
		return sts_socket_transfer_error(errno);
	}
	return uid_of(&m, uid) ? (int)n : 0;
}
#else
int
sts_socket_want_uid(int fd)
{
	(void)fd;
	return 0;
}

int
sts_socket_recv_from(int fd, uint8_t *buf, size_t size, unsigned long *uid)
{
	ssize_t n = recv(fd, buf, size, 0);

	*uid = STS_SOCKET_NO_UID;
	return n < 0 ? sts_socket_transfer_error(errno) : (int)n;
}
#endif
