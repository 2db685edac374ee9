/* SPDX-License-Identifier: MIT */
/* Waiting by epoll (Linux). No cost grows with idle descriptors. */
#include "wait.h"

#ifdef STS_WAIT_EPOLL

#include <limits.h>
#include <string.h>
#include <sys/epoll.h>
#include <unistd.h>

#include "../../core/base/assert.h"
#include "../../core/port.h"

const char sts_wait_name[] = "epoll";

/*
 * Error and hang-up are always reported by epoll. Where nothing is wanted they
 * would come back at once for ever; edge-triggered they come once.
 */
static uint32_t
flags(unsigned events)
{
	uint32_t f = 0;

	if (events & STS_EV_RECV) {
		f |= EPOLLIN;
	}
	if (events & STS_EV_SEND) {
		f |= EPOLLOUT;
	}
	return f != 0 ? f : (uint32_t)EPOLLET;
}

static int
control(struct sts_wait *w, int op, int fd, uint32_t token, unsigned events)
{
	struct epoll_event e;

	memset(&e, 0, sizeof e);
	e.events = flags(events);
	e.data.u32 = token;
	return epoll_ctl(w->fd, op, fd, &e);
}

size_t
sts_wait_size(unsigned slots)
{
	(void)slots;
	return 0;
}

unsigned
sts_wait_files(unsigned slots)
{
	(void)slots;
	return 0;
}

int
sts_wait_open(struct sts_wait *w, unsigned slots, void *memory)
{
	memset(w, 0, sizeof *w);
	w->slots = slots;
	w->memory = memory;
	w->fd = epoll_create1(EPOLL_CLOEXEC);
	return w->fd < 0 ? -1 : 0;
}

void
sts_wait_close(struct sts_wait *w)
{
	close(w->fd);
	w->fd = -1;
}

int
sts_wait_add(struct sts_wait *w, int fd, uint32_t token, unsigned events)
{
	return control(w, EPOLL_CTL_ADD, fd, token, events);
}

void
sts_wait_change(
    struct sts_wait *w, int fd, uint32_t token, unsigned old, unsigned events)
{
	(void)old;
	/* A change allocates nothing in the kernel, so it cannot fail. */
	int rc = control(w, EPOLL_CTL_MOD, fd, token, events);

	STS_ASSERT(rc == 0);
}

void
sts_wait_remove(struct sts_wait *w, int fd, uint32_t token, bool shared)
{
	/* Closing what nobody else has removes it. */
	if (shared) {
		control(w, EPOLL_CTL_DEL, fd, token, 0);
	}
}

unsigned
sts_wait_events(struct sts_wait *w, uint32_t timeout_ms,
    struct sts_wait_event out[STS_WAIT_BATCH])
{
	struct epoll_event e[STS_WAIT_BATCH];
	int ms = timeout_ms > INT_MAX ? INT_MAX : (int)timeout_ms;
	int n = epoll_wait(w->fd, e, STS_WAIT_BATCH, ms);

	for (int i = 0; i < n; i++) {
		out[i].token = e[i].data.u32;
		out[i].events =
		    ((e[i].events & EPOLLIN) != 0 ? STS_EV_RECV : 0U) |
		    ((e[i].events & EPOLLOUT) != 0 ? STS_EV_SEND : 0U);
		out[i].broken = (e[i].events & (EPOLLERR | EPOLLHUP)) != 0;
	}
	return n < 0 ? 0 : (unsigned)n;
}

#endif
