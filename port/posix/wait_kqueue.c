/* SPDX-License-Identifier: MIT */
/* Waiting by kqueue (the BSDs). No cost grows with idle descriptors. */
#include "wait.h"

#ifdef STS_WAIT_KQUEUE

#include <sys/types.h>
#include <sys/event.h>
#include <sys/time.h>

#include <fcntl.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "../../core/base/assert.h"
#include "../../core/port.h"

const char sts_wait_name[] = "kqueue";

/*
 * Switch the filters that differ between `old` and `events`. One that was never
 * wanted is never added: a listener or the end of a pipe may not have it.
 */
static int
control(
    struct sts_wait *w, int fd, uint32_t token, unsigned old, unsigned events)
{
	static const struct {
		unsigned event;
		short filter;
	} filters[] = {
		{ STS_EV_RECV, EVFILT_READ },
		{ STS_EV_SEND, EVFILT_WRITE },
	};
	struct kevent k[2];
	int n = 0;

	for (unsigned i = 0; i < 2; i++) {
		unsigned bit = filters[i].event;

		if (((old ^ events) & bit) == 0) {
			continue;
		}
		EV_SET(&k[n], (uintptr_t)fd, filters[i].filter,
		    (events & bit) != 0 ? EV_ADD | EV_ENABLE : EV_DISABLE, 0, 0,
		    (void *)(uintptr_t)token);
		n++;
	}
	return n == 0 ? 0 : kevent(w->fd, k, n, NULL, 0, NULL);
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
	w->fd = kqueue();
	if (w->fd < 0) {
		return -1;
	}
	return fcntl(w->fd, F_SETFD, FD_CLOEXEC);
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
	return control(w, fd, token, 0, events);
}

void
sts_wait_change(
    struct sts_wait *w, int fd, uint32_t token, unsigned old, unsigned events)
{
	int rc = control(w, fd, token, old, events);

	STS_ASSERT(rc == 0);
}

void
sts_wait_remove(struct sts_wait *w, int fd, uint32_t token, bool shared)
{
	/* Closing the descriptor removes both filters, here alone. */
	(void)shared;
	(void)w;
	(void)fd;
	(void)token;
}

unsigned
sts_wait_events(struct sts_wait *w, uint32_t timeout_ms,
    struct sts_wait_event out[STS_WAIT_BATCH])
{
	struct kevent k[STS_WAIT_BATCH];
	struct timespec t;

	t.tv_sec = (time_t)(timeout_ms / 1000);
	t.tv_nsec = (long)(timeout_ms % 1000) * 1000000;
	int n = kevent(w->fd, NULL, 0, k, STS_WAIT_BATCH, &t);

	for (int i = 0; i < n; i++) {
		out[i].token = (uint32_t)(uintptr_t)k[i].udata;
		out[i].events =
		    k[i].filter == EVFILT_READ ? STS_EV_RECV : STS_EV_SEND;
		/* The end of the reading side alone is no break. */
		out[i].broken =
		    (k[i].flags & EV_ERROR) != 0 ||
		    ((k[i].flags & EV_EOF) != 0 &&
			(k[i].filter == EVFILT_WRITE || k[i].fflags != 0));
	}
	return n < 0 ? 0 : (unsigned)n;
}

#endif
