/* SPDX-License-Identifier: MIT */
/*
 * Datagram sockets with a drawn source port. Whoever forges an answer off the
 * path has to guess the port beside the id; the system's own choice, where it is
 * random at all, is one of some 28,000.
 */
#define _POSIX_C_SOURCE 200809L

#include <sys/socket.h>
#include <unistd.h>

#include "../../core/base/bytes.h"
#include "addr.h"
#include "entropy.h"
#include "socket.h"
#include "socket_drawn.h"

enum {
	PORT_FIRST = 1024, /* source ports are drawn from here up */
	DRAWS = 4 /* until one is not taken */
};

/* Bind and connect fd. 0, or an error. */
static int
connect_drawn(int fd, const struct sockaddr_storage *s, socklen_t len,
    uint8_t af, int *urandom)
{
	int rc = STS_IO_LIMIT;

	for (unsigned i = 0; rc == STS_IO_LIMIT && i < DRAWS; i++) {
		uint8_t b[4];

		if (sts_posix_entropy(urandom, b, sizeof b) != 0) {
			return STS_IO_LIMIT;
		}
		uint32_t port =
		    PORT_FIRST + sts_get32be(b) % (65536 - PORT_FIRST);

		rc = sts_socket_connect_dgram(fd, s, len, af, (uint16_t)port);
		if (rc == 0) {
			/* Bound once, it has its port for good. */
			return sts_socket_forget_dgrams(fd);
		}
	}
	return rc;
}

int
sts_socket_open_drawn(const struct sts_addr *peer, int *urandom)
{
	struct sockaddr_storage s;
	socklen_t len = sts_addr_to_socket(peer, &s);
	int fd = len > 0 ? sts_socket_open(s.ss_family, SOCK_DGRAM)
			 : STS_IO_UNREACHABLE;
	int rc = fd < 0 ? fd : connect_drawn(fd, &s, len, peer->af, urandom);

	if (fd >= 0 && rc != 0) {
		close(fd);
	}
	return rc != 0 ? rc : fd;
}
