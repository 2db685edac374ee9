/* SPDX-License-Identifier: MIT */
/* Datagram sockets for commands, which have no driver that draws their ports. */
#ifndef STS_POSIX_SOCKET_DRAWN_H
#define STS_POSIX_SOCKET_DRAWN_H

#include "../../core/base/io.h"

/*
 * A prepared datagram socket that is connected to the peer, from a port that is
 * drawn from all above the reserved ones (RFC 5452 9.2: the system draws from
 * fewer); nothing waits on it that came before. *urandom: as sts_posix_entropy
 * wants it. Returns the descriptor, or an error: LIMIT, REFUSED, UNREACHABLE.
 * LIMIT, too, while the system has no randomness.
 */
int sts_socket_open_drawn(const struct sts_addr *peer, int *urandom);

#endif
