/* SPDX-License-Identifier: MIT */
/*
 * Waiting by poll: for systems with nothing better. Each wait costs time in
 * proportion to the number of slots, used or not.
 */
#define _POSIX_C_SOURCE 200809L

#include "wait.h"

#ifdef STS_WAIT_POLL

#include <errno.h>
#include <limits.h>
#include <poll.h>
#include <string.h>
#include <unistd.h>

#include "../../core/base/assert.h"
#include "../../core/port.h"

struct slot {
	struct pollfd poll; /* fd < 0: nothing wanted */
	uint32_t token;
};

const char sts_wait_name[] = "poll";

/* poll() wants its structures side by side, so the tokens follow them. */
static struct pollfd *
polls(const struct sts_wait *w)
{
	return w->memory;
}

static uint32_t *
tokens(const struct sts_wait *w)
{
	return (uint32_t *)(void *)(polls(w) + w->slots);
}

static void
set(struct sts_wait *w, int fd, uint32_t token, unsigned events)
{
	unsigned slot = token & 0xffff;
	struct pollfd *p = polls(w) + slot;

	STS_ASSERT(slot < w->slots);
	p->fd = events != 0 ? fd : -1;
	p->events = (short)(((events & STS_EV_RECV) != 0 ? POLLIN : 0) |
			    ((events & STS_EV_SEND) != 0 ? POLLOUT : 0));
	p->revents = 0;
	tokens(w)[slot] = token;
}

size_t
sts_wait_size(unsigned slots)
{
	return slots * sizeof(struct slot);
}

unsigned
sts_wait_files(unsigned slots)
{
	return slots;
}

/* How many files may be open; -1: no matter how many, or nobody knows. */
#ifdef _SC_OPEN_MAX
static long
open_max(void)
{
	return sysconf(_SC_OPEN_MAX);
}
#else
static long
open_max(void)
{
	return -1;
}
#endif

/* With more slots than files each poll() would fail at once, and nothing would
 * ever come. */
int
sts_wait_open(struct sts_wait *w, unsigned slots, void *memory)
{
	long files = open_max();

	if (files >= 0 && (unsigned long)files < slots) {
		errno = EMFILE;
		return -1;
	}
	memset(w, 0, sizeof *w);
	w->fd = -1;
	w->slots = slots;
	w->memory = memory;
	for (unsigned i = 0; i < slots; i++) {
		set(w, -1, i, 0);
	}
	return 0;
}

void
sts_wait_close(struct sts_wait *w)
{
	w->slots = 0;
}

int
sts_wait_add(struct sts_wait *w, int fd, uint32_t token, unsigned events)
{
	set(w, fd, token, events);
	return 0;
}

void
sts_wait_change(
    struct sts_wait *w, int fd, uint32_t token, unsigned old, unsigned events)
{
	(void)old;
	set(w, fd, token, events);
}

void
sts_wait_remove(struct sts_wait *w, int fd, uint32_t token, bool shared)
{
	(void)shared;
	(void)fd;
	set(w, -1, token, 0);
}

unsigned
sts_wait_events(struct sts_wait *w, uint32_t timeout_ms,
    struct sts_wait_event out[STS_WAIT_BATCH])
{
	int ms = timeout_ms > INT_MAX ? INT_MAX : (int)timeout_ms;
	int left = poll(polls(w), (nfds_t)w->slots, ms);
	unsigned n = 0;

	/* Each scan begins after the last slot served, so that busy slots with
	 * low numbers cannot keep others waiting. */
	unsigned first = w->first;

	for (unsigned i = 0; i < w->slots; i++) {
		unsigned slot = (first + i) % w->slots;
		const struct pollfd *p = polls(w) + slot;

		if (left <= 0 || n == STS_WAIT_BATCH) {
			break;
		}
		if (p->fd < 0 || p->revents == 0) {
			continue;
		}
		out[n].token = tokens(w)[slot];
		out[n].events =
		    ((p->revents & POLLIN) != 0 ? STS_EV_RECV : 0U) |
		    ((p->revents & POLLOUT) != 0 ? STS_EV_SEND : 0U);
		out[n].broken =
		    (p->revents & (POLLERR | POLLHUP | POLLNVAL)) != 0;
		n++;
		left--;
		w->first = slot + 1;
	}
	return n;
}

#endif
