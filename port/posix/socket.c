/* SPDX-License-Identifier: MIT */
/*
 * Sockets: how they are made, what their errors mean to the driver (table
 * below: anything else means that the connection is of no more use), and when a
 * connection may be reset. All are non-blocking and close-on-exec. No state.
 *
 * Invariants: an error that is a shortage of ours (descriptors, memory, ports,
 * buffers) is STS_IO_LIMIT, and never blamed on the peer: it would become an
 * answer about a domain. "Would block" is an error of its own, and an empty
 * datagram, or one from another address than the peer's, is skipped, SKIP_MAX
 * in a call.
 */
/* accept4 is not in every system, and hidden by most. */
#if defined(__linux__)
#define _GNU_SOURCE
#define STS_ACCEPT4
#elif defined(__FreeBSD__)
#define __BSD_VISIBLE 1
#define STS_ACCEPT4
#else
#define _POSIX_C_SOURCE 200809L
#endif

#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "addr.h"
#include "socket.h"

enum {
	/* Datagrams skipped in one call; the event comes again as long as
	 * there are more. */
	SKIP_MAX = 64
};

#ifdef SO_NOSIGPIPE
void
sts_socket_no_sigpipe(int fd)
{
	int one = 1;

	setsockopt(fd, SOL_SOCKET, SO_NOSIGPIPE, &one, sizeof one);
}
#else
void
sts_socket_no_sigpipe(int fd)
{
	(void)fd;
}
#endif

/* Anything else: the connection is of no more use. */
static const struct {
	int err, result;
} io_errors[] = {
	{ EAGAIN, STS_IO_AGAIN },
	{ EWOULDBLOCK, STS_IO_AGAIN },
	{ EINTR, STS_IO_AGAIN },
	{ ECONNREFUSED, STS_IO_REFUSED },
	{ EMFILE, STS_IO_LIMIT },
	{ ENFILE, STS_IO_LIMIT },
	{ ENOBUFS, STS_IO_LIMIT },
	{ ENOMEM, STS_IO_LIMIT },
	{ EADDRINUSE, STS_IO_LIMIT },
	{ ENETUNREACH, STS_IO_UNREACHABLE },
	{ EHOSTUNREACH, STS_IO_UNREACHABLE },
	{ ENETDOWN, STS_IO_UNREACHABLE },
	{ ETIMEDOUT, STS_IO_UNREACHABLE },
	{ EAFNOSUPPORT, STS_IO_UNREACHABLE },
	/* No source address of that family; a stream's may mean something else:
	 * sts_socket_connect_error. */
	{ EADDRNOTAVAIL, STS_IO_UNREACHABLE },
	/* A link-local address without its scope. */
	{ EINVAL, STS_IO_UNREACHABLE },
	/* This machine's policy, or a filter's on the way (ICMPv6). It lasts:
	 * called our shortage, it would stop the domain's mail for good. A
	 * datagram's EPERM may mean something else: sts_socket_drops. */
	{ EACCES, STS_IO_UNREACHABLE },
	{ EPERM, STS_IO_UNREACHABLE },
#ifdef EHOSTDOWN
	{ EHOSTDOWN, STS_IO_UNREACHABLE },
#endif
#ifdef ENONET
	{ ENONET, STS_IO_UNREACHABLE },
#endif
};

int
sts_socket_error(int err)
{
	for (size_t i = 0; i < sizeof io_errors / sizeof *io_errors; i++) {
		if (io_errors[i].err == err) {
			return io_errors[i].result;
		}
	}
	return STS_IO_RESET;
}

int
sts_socket_open_error(int err)
{
	switch (sts_socket_error(err)) {
	case STS_IO_AGAIN:
	case STS_IO_LIMIT:
		return STS_IO_LIMIT;
	case STS_IO_REFUSED:
		return STS_IO_REFUSED;
	default:
		return STS_IO_UNREACHABLE;
	}
}

/*
 * EADDRNOTAVAIL of a stream means that there is no source address, or that all
 * ports from which streams are made are taken: our own shortage, and no verdict
 * about the peer. Datagrams have ports of their own, so one to the same peer
 * shows which it is.
 */
int
sts_socket_connect_error(
    int err, const struct sockaddr_storage *peer, socklen_t len)
{
	int fd = -1;

	if (err != EADDRNOTAVAIL) {
		return sts_socket_open_error(err);
	}
	fd = sts_socket_open(peer->ss_family, SOCK_DGRAM);
	if (fd < 0) {
		return fd;
	}
	int rc = connect(fd, (const struct sockaddr *)peer, len) == 0
		     ? STS_IO_LIMIT
		     : sts_socket_open_error(errno);

	close(fd);
	return rc;
}

int
sts_socket_prepare(int fd)
{
	int flags = fcntl(fd, F_GETFL);

	if (flags < 0 || fcntl(fd, F_SETFL, flags | O_NONBLOCK) < 0) {
		return -1;
	}
	return fcntl(fd, F_SETFD, FD_CLOEXEC);
}

void
sts_socket_no_delay(int fd)
{
	int one = 1;

	setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
}

/* Whether close() sends a reset (and forgets what was not yet sent). */
void
sts_socket_reset_on_close(int fd, bool on)
{
	struct linger l;

	memset(&l, 0, sizeof l);
	l.l_onoff = on;
	setsockopt(fd, SOL_SOCKET, SO_LINGER, &l, sizeof l);
}

#if defined(__linux__) && defined(TIOCOUTQ)
/* Not in every C library. */
#ifndef SIOCOUTQNSD
#define SIOCOUTQNSD 0x894B
#endif

/* Whether the peer is on this machine: at our own address, or at one of
 * 127.0.0.0/8, as IPv6 writes it too (a supervisor's socket for both families).
 */
static bool
is_on_loopback(int fd)
{
	static const uint8_t mapped[13] = { [10] = 0xff, 0xff, 127 };
	struct sockaddr_storage theirs, ours;
	struct sts_addr peer, own;
	socklen_t their_len = sizeof theirs, our_len = sizeof ours;

	memset(&theirs, 0, sizeof theirs);
	memset(&ours, 0, sizeof ours);
	if (getpeername(fd, (struct sockaddr *)&theirs, &their_len) != 0 ||
	    getsockname(fd, (struct sockaddr *)&ours, &our_len) != 0 ||
	    !sts_addr_from_socket(&theirs, &peer) ||
	    !sts_addr_from_socket(&ours, &own)) {
		return false;
	}
	return memcmp(peer.ip, own.ip, sizeof own.ip) == 0 ||
	       (peer.af == STS_AF_INET
		       ? peer.ip[0] == 127
		       : memcmp(peer.ip, mapped, sizeof mapped) == 0);
}

/* How many octets the peer has not acknowledged. 0, or -1. */
static int
count_unsent(int fd, int *octets)
{
	if (ioctl(fd, TIOCOUTQ, octets) != 0) {
		return -1;
	}
	/* On loopback what was sent has arrived, though it may be a while
	 * until that is acknowledged. */
	return *octets > 0 && is_on_loopback(fd)
		   ? ioctl(fd, SIOCOUTQNSD, octets)
		   : 0;
}
#elif defined(FIONWRITE) /* FreeBSD, NetBSD */
static int
count_unsent(int fd, int *octets)
{
	return ioctl(fd, FIONWRITE, octets);
}
#else
static int
count_unsent(int fd, int *octets)
{
	(void)fd;
	(void)octets;
	return -1;
}
#endif

enum sts_unsent
sts_socket_unsent(int fd)
{
	int octets = 0;

	if (count_unsent(fd, &octets) != 0) {
		return STS_UNSENT_UNKNOWN;
	}
	return octets > 0 ? STS_UNSENT_SOME : STS_UNSENT_NONE;
}

bool
sts_socket_reset_cuts(enum sts_unsent unsent, sts_ms quiet_ms)
{
	return unsent == STS_UNSENT_SOME ||
	       (unsent == STS_UNSENT_UNKNOWN && quiet_ms < STS_UNSENT_MS);
}

/* Prepare a descriptor. On failure it is closed: -1 with errno, as for a
 * descriptor below 0. */
static int
prepared(int fd)
{
	if (fd >= 0 && sts_socket_prepare(fd) != 0) {
		int err = errno;

		close(fd);
		errno = err;
		return -1;
	}
	return fd;
}

/* One call where the system can have a socket born as it is to be, else four.
 * A descriptor that is non-blocking and close-on-exec, or -1 with errno. */
#if defined(SOCK_NONBLOCK) && defined(SOCK_CLOEXEC)
static int
open_prepared(int family, int type)
{
	int fd = socket(family, type | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);

	/* The kernel is older than the C library's headers. */
	return fd < 0 && errno == EINVAL ? prepared(socket(family, type, 0))
					 : fd;
}
#else
static int
open_prepared(int family, int type)
{
	return prepared(socket(family, type, 0));
}
#endif

#if defined(STS_ACCEPT4) && defined(SOCK_NONBLOCK) && defined(SOCK_CLOEXEC)
int
sts_socket_accept(int listener)
{
	int fd = accept4(listener, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);

	return fd < 0 && errno == ENOSYS
		   ? prepared(accept(listener, NULL, NULL))
		   : fd;
}
#else
int
sts_socket_accept(int listener)
{
	return prepared(accept(listener, NULL, NULL));
}
#endif

int
sts_socket_accept_error(int err)
{
	int rc = sts_socket_error(err);

	if (err == EAGAIN || err == EWOULDBLOCK) {
		return STS_IO_AGAIN;
	}
	/* Tried again at once, it would fail for ever. */
	return rc == STS_IO_LIMIT || err == EINVAL ? STS_IO_LIMIT
						   : STS_IO_RESET;
}

int
sts_socket_open(int family, int type)
{
	int fd = open_prepared(family, type);

	if (fd < 0) {
		return sts_socket_open_error(errno);
	}
	sts_socket_no_sigpipe(fd);
	return fd;
}

static int
bind_any(int fd, uint8_t af, uint16_t port)
{
	struct sts_addr any;
	struct sockaddr_storage s;

	memset(&any, 0, sizeof any);
	any.af = af;
	any.port = port;
	socklen_t len = sts_addr_to_socket(&any, &s);

	return bind(fd, (const struct sockaddr *)&s, len);
}

int
sts_socket_forget_dgrams(int fd)
{
	uint8_t byte;

	for (unsigned i = 0; i < SKIP_MAX; i++) {
		if (recv(fd, &byte, 1, 0) < 0) {
			return 0;
		}
	}
	return STS_IO_LIMIT;
}

int
sts_socket_connect_stream(const struct sockaddr_storage *s, socklen_t len)
{
	int fd = sts_socket_open(s->ss_family, SOCK_STREAM);

	if (fd < 0) {
		return fd;
	}
	if (s->ss_family != AF_UNIX) {
		sts_socket_no_delay(fd);
	}
	if (connect(fd, (const struct sockaddr *)s, len) != 0 &&
	    errno != EINPROGRESS && errno != EINTR) {
		int rc = sts_socket_connect_error(errno, s, len);

		close(fd);
		return rc;
	}
	return fd;
}

int
sts_socket_connect_dgram(int fd, const struct sockaddr_storage *s,
    socklen_t len, uint8_t af, uint16_t local_port)
{
	if (bind_any(fd, af, local_port) != 0) {
		/* The port is taken or the superuser's: draw another. Whatever
		 * else it is holds for each port, and may last. */
		return errno == EACCES ? STS_IO_LIMIT
				       : sts_socket_open_error(errno);
	}
	if (connect(fd, (const struct sockaddr *)s, len) != 0) {
		return sts_socket_open_error(errno);
	}
	return 0;
}

/*
 * 0: connected; AGAIN: not yet; else why not. A failed connect is reported by
 * the next recv. (SO_ERROR has it too, but not in the numbers of the machine
 * that a user-mode emulator pretends to be.)
 */
int
sts_socket_connected(int fd)
{
	struct sockaddr_storage s;
	socklen_t s_len = sizeof s;
	uint8_t byte;

	if (getpeername(fd, (struct sockaddr *)&s, &s_len) == 0) {
		return 0;
	}
	ssize_t n = recv(fd, &byte, 1, MSG_PEEK);

	if (n >= 0) {
		/* It was connected, and broken since. */
		return n > 0 ? 0 : STS_IO_RESET;
	}
	return errno == ENOTCONN ? STS_IO_AGAIN : sts_socket_error(errno);
}

/* LIMIT is no answer of recv and send: the system is short for a moment. */
int
sts_socket_transfer_error(int err)
{
	int rc = sts_socket_error(err);

	return rc == STS_IO_LIMIT ? STS_IO_AGAIN : rc;
}

static bool
is_from(const struct sockaddr_storage *s, const struct sts_addr *peer)
{
	static const uint8_t unspecified[16] = { 0 };
	struct sts_addr from;
	size_t len = peer->af == STS_AF_INET6 ? 16 : 4;

	memset(&from, 0, sizeof from);
	return sts_addr_from_socket(s, &from) && from.af == peer->af &&
	       from.port == peer->port &&
	       (memcmp(from.ip, peer->ip, len) == 0 ||
		   memcmp(peer->ip, unspecified, len) == 0);
}

int
sts_socket_recv_dgram(
    int fd, const struct sts_addr *peer, uint8_t *buf, size_t size)
{
	for (unsigned i = 0; i < SKIP_MAX; i++) {
		struct sockaddr_storage from;
		socklen_t len = sizeof from;
		ssize_t n =
		    recvfrom(fd, buf, size, 0, (struct sockaddr *)&from, &len);

		if (n < 0) {
			return sts_socket_transfer_error(errno);
		}
		if (n > 0 && (peer == NULL || is_from(&from, peer))) {
			return (int)n;
		}
	}
	return STS_IO_AGAIN;
}

static bool
is_dgram(int fd)
{
	int type = 0;
	socklen_t len = sizeof type;

	return getsockopt(fd, SOL_SOCKET, SO_TYPE, &type, &len) == 0 &&
	       type == SOCK_DGRAM;
}

bool
sts_socket_drops(int err)
{
	return err == ENOBUFS || err == ENOMEM || err == EPERM;
}

int
sts_socket_send(int fd, struct sts_text t)
{
	ssize_t n = send(fd, t.p, t.n, MSG_NOSIGNAL);

	if (n < 0) {
		int err = errno;

		return sts_socket_drops(err) && is_dgram(fd)
			   ? (int)t.n
			   : sts_socket_transfer_error(err);
	}
	return n > 0 ? (int)n : STS_IO_AGAIN;
}

int
sts_socket_recv(int fd, uint8_t *buf, size_t size)
{
	if (is_dgram(fd)) {
		return sts_socket_recv_dgram(fd, NULL, buf, size);
	}
	ssize_t n = recv(fd, buf, size, 0);

	if (n < 0) {
		return sts_socket_transfer_error(errno);
	}
	return n > 0 ? (int)n : STS_IO_EOF;
}
