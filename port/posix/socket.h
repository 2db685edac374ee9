/* SPDX-License-Identifier: MIT */
/*
 * Sockets of the port: making them, and what their errors mean to the driver.
 * Results are STS_IO_ codes unless stated.
 */
#ifndef STS_POSIX_SOCKET_H
#define STS_POSIX_SOCKET_H

#include <sys/socket.h>

#include "../../core/base/io.h"

/* Where it is missing, SIGPIPE is prevented by sts_socket_no_sigpipe. */
#ifndef MSG_NOSIGNAL
#define MSG_NOSIGNAL 0
#endif

/* What an errno of a socket call means. */
int sts_socket_error(int err);

/* The same for a channel that is not open yet: LIMIT, REFUSED, UNREACHABLE. */
int sts_socket_open_error(int err);

/* The same of a stream's connect to that peer. */
int sts_socket_connect_error(
    int err, const struct sockaddr_storage *peer, socklen_t len);

/* The same for recv and send, where a moment's shortage is AGAIN. */
int sts_socket_transfer_error(int err);

/* Make fd non-blocking and close-on-exec. 0, or -1 with errno. */
int sts_socket_prepare(int fd);

/* A prepared socket, or an error (< 0). */
int sts_socket_open(int family, int type);

/* The next client of a listener, prepared: a descriptor, or -1 with errno. */
int sts_socket_accept(int listener);

/* Writing to a peer that is gone raises no signal, where the system has an
 * option for that (elsewhere MSG_NOSIGNAL does it); small writes are sent at
 * once (TCP_NODELAY). */
void sts_socket_no_sigpipe(int fd);
void sts_socket_no_delay(int fd);

/* Whether close() sends a reset (and forgets what was not yet sent). */
void sts_socket_reset_on_close(int fd, bool on);

/* Whether octets have yet to be sent or to arrive. */
enum sts_unsent {
	STS_UNSENT_NONE = 0,
	STS_UNSENT_SOME,
	STS_UNSENT_UNKNOWN /* the system does not report it */
};
enum sts_unsent sts_socket_unsent(int fd);

enum {
	/* Where the system does not report it: after so long without a send the
	 * peer has the octets, or has stopped reading. */
	STS_UNSENT_MS = 10000
};

/*
 * Whether a reset on close could take octets with it that the peer was sent;
 * quiet_ms: since the last send.
 */
bool sts_socket_reset_cuts(enum sts_unsent unsent, sts_ms quiet_ms);

/*
 * Bind a datagram socket to local_port and connect it. Between the two anybody
 * may have sent something, which waits to be received: it is for recv_dgram or
 * forget_dgrams. 0; LIMIT: another port may work, or one may later; REFUSED,
 * UNREACHABLE: none will.
 */
int sts_socket_connect_dgram(int fd, const struct sockaddr_storage *s,
    socklen_t len, uint8_t af, uint16_t local_port);

/* A stream socket with a connect to that peer under way; its small writes are
 * sent at once. Returns the descriptor, or an error of STS_IO_. */
int sts_socket_connect_stream(const struct sockaddr_storage *s, socklen_t len);

/* How a connect under way stands. 0: connected, perhaps broken since, with octets
 * that came before; AGAIN: not yet; else why it failed, returned once. */
int sts_socket_connected(int fd);

/* After connect_dgram and before anything is sent: drop what came before it.
 * 0, or LIMIT. */
int sts_socket_forget_dgrams(int fd);

/* Receive a whole datagram of this peer: 1..size bytes, a longer one is cut;
 * empty ones and those of others are dropped. The unspecified address stands
 * for this machine: then the port counts alone. peer NULL: nothing is dropped
 * for its sender. */
int sts_socket_recv_dgram(
    int fd, const struct sts_addr *peer, uint8_t *buf, size_t size);

/* What the errno of a failed accept means: AGAIN: nobody waits; RESET: a client
 * has left, another may wait; LIMIT: the system is short, or the listener of no
 * use (it was shut down): nothing can be accepted for a while. */
int sts_socket_accept_error(int err);

/* Receive from a connected socket of either kind: 1..size bytes, an error of
 * STS_IO_, or of a stream EOF. */
int sts_socket_recv(int fd, uint8_t *buf, size_t size);

/*
 * Whether the machine has dropped a datagram whose send failed with this errno:
 * a queue or memory is full, or the packet filter's table of connections is,
 * and nothing reports when it is not. Such a datagram is as good as lost on the
 * way: it counts as sent, and is sent again in time.
 */
bool sts_socket_drops(int err);

/* Send to a connected socket of either kind: 1..t.n bytes (datagram: all of
 * it), or an error of STS_IO_. t.n: 1..INT16_MAX. */
int sts_socket_send(int fd, struct sts_text t);

/* The sender is a user whom the system does not report. */
#define STS_SOCKET_NO_UID (~0UL)

/* Have the system report who sent a datagram to this local socket. 0, or -1 with
 * errno; 0 where it cannot. */
int sts_socket_want_uid(int fd);

/*
 * Receive a datagram, cut to size, and who sent it: 0: it is empty, or nobody
 * knows although the system should; *uid: STS_SOCKET_NO_UID where it cannot.
 */
int sts_socket_recv_from(int fd, uint8_t *buf, size_t size, unsigned long *uid);

#endif
