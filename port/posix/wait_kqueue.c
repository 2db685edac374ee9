/* SPDX-License-Identifier: MIT */
/* Waiting by kqueue (the BSDs). No cost grows with idle descriptors. */
#include "wait.h"

#ifdef STS_WAIT_KQUEUE

#include <sys/types.h>
#include <sys/event.h>
#include <sys/time.h>

#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "../../core/base/assert.h"
#include "../../core/port.h"

const char sts_wait_name[] = "kqueue";

/* Both filters are added at once and then only switched, because adding may
 * find the kernel out of memory and switching cannot. */
static int
control(struct sts_wait *w, int fd, uint32_t token, unsigned events,
    unsigned short op)
{
	struct kevent k[2];
	unsigned short in = events & STS_EV_RECV ? EV_ENABLE : EV_DISABLE;
	unsigned short out = events & STS_EV_SEND ? EV_ENABLE : EV_DISABLE;

	EV_SET(&k[0], (uintptr_t)fd, EVFILT_READ, (unsigned short)(op | in), 0,
	    0, (void *)(uintptr_t)token);
	EV_SET(&k[1], (uintptr_t)fd, EVFILT_WRITE, (unsigned short)(op | out),
	    0, 0, (void *)(uintptr_t)token);
	return kevent(w->fd, k, 2, NULL, 0, NULL);
}

size_t
sts_wait_size(unsigned slots)
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
	return control(w, fd, token, events, EV_ADD);
}

void
sts_wait_change(
    struct sts_wait *w, int fd, uint32_t token, unsigned old, unsigned events)
{
	(void)old;
	int rc = control(w, fd, token, events, EV_ADD);

	STS_ASSERT(rc == 0);
}

void
sts_wait_remove(struct sts_wait *w, int fd, uint32_t token)
{
	/* Closing the descriptor removes both filters. */
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
