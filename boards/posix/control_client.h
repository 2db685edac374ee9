/* SPDX-License-Identifier: MIT */
/* The command line's side of the control socket. */
#ifndef STS_CONTROL_CLIENT_H
#define STS_CONTROL_CLIENT_H

#include "../../port/posix/listen.h"
#include "control_request.h"
#include "control_show.h"

enum {
	/* An answer takes at most answer_within and queue_wait, 95 s. */
	STS_CONTROL_WAIT_MS = 100000
};

/* Connect. A descriptor, or -1 with errno: ENOENT, ECONNREFUSED: no daemon is
 * running; EACCES: this user may not; EAGAIN: the daemon takes nobody in. The
 * descriptor does not block. */
int sts_control_client_connect(const struct sts_listen_at *at);

/*
 * Send the request, and show the answer as it comes; closes fd. True: it came
 * whole, s->code is its exit code.
 */
bool sts_control_client_ask(
    int fd, const struct sts_control_request *r, struct sts_control_show *s);

/* Send the request, and keep the answer, or what fits of it; closes fd. How
 * many octets: 0, nothing came. */
size_t sts_control_client_fetch(
    int fd, const struct sts_control_request *r, uint8_t *buf, size_t size);

#endif
