/* SPDX-License-Identifier: MIT */
/*
 * The two small protocols of a service supervisor: it hands over sockets that
 * it has opened for us (LISTEN_FDS), and is notified of our state
 * (NOTIFY_SOCKET).
 */
#ifndef STS_POSIX_SERVICE_H
#define STS_POSIX_SERVICE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
	STS_SERVICE_FD_FIRST = 3,
	STS_SERVICE_FDS_MAX = 64,
	STS_SERVICE_NAME_MAX = 63,
	STS_SERVICE_AGAIN_MS = 100
};

/*
 * How many sockets were handed over, 0 to STS_SERVICE_FDS_MAX: descriptors from
 * STS_SERVICE_FD_FIRST on. 0, too, when they are meant for another process. -1:
 * LISTEN_FDS is no number, or a larger one: nobody knows which sockets there
 * are.
 */
int sts_service_fds(void);

/* The name of socket i by LISTEN_FDNAMES; "" when it has none. */
void sts_service_fd_name(int i, char out[STS_SERVICE_NAME_MAX + 1]);

/* What a supervisor is notified of: READY=1, STOPPING=1, WATCHDOG=1. */
enum sts_service_state {
	STS_SERVICE_READY = 1,
	STS_SERVICE_STOPPING = 2,
	STS_SERVICE_ALIVE = 4
};

/* The supervisor's socket, connected so that it is reached even when the
 * file system changes below us (chroot). */
struct sts_service {
	int fd; /* -1: there is no supervisor */
	uint32_t watchdog_ms; /* how often to notify it of ALIVE; 0: never */
	unsigned owed; /* states that it was not notified of yet */
};

/* Find the supervisor by the environment, if there is one, and connect. Call it
 * before chroot. */
void sts_service_open(struct sts_service *s);

/*
 * Notify the supervisor, if there is one, of the state (0: of nothing new) and
 * of what is owed to it. Never blocks. False: its queue is full, and something
 * stays owed: a service whose READY is lost is killed, so call again, in
 * STS_SERVICE_AGAIN_MS.
 */
bool sts_service_notify(struct sts_service *s, unsigned state);

#endif
