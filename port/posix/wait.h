/* SPDX-License-Identifier: MIT */
/*
 * Waiting for descriptors, in the way the system does best: epoll on Linux,
 * kqueue on the BSDs, poll elsewhere (or with -DSTS_WAIT_POLL). One of the
 * wait_*.c files is compiled to these functions, the others to nothing.
 *
 * A descriptor is known by a token: its slot number in the low 16 bits, the
 * slot's generation above, so that an event of a slot's former descriptor is
 * not taken for one of its present descriptor. Events are level-triggered.
 */
#ifndef STS_POSIX_WAIT_H
#define STS_POSIX_WAIT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#if defined(STS_WAIT_POLL) || defined(STS_WAIT_KQUEUE)
/* Asked for. */
#elif defined(__linux__)
#define STS_WAIT_EPOLL
#elif defined(__FreeBSD__) || defined(__NetBSD__) || defined(__OpenBSD__) ||   \
    defined(__DragonFly__) || defined(__APPLE__)
#define STS_WAIT_KQUEUE
#else
#define STS_WAIT_POLL
#endif

enum {
	STS_WAIT_BATCH = 64 /* events taken from the system at once */
};

struct sts_wait {
	/* Private. */
	int fd; /* epoll, kqueue */
	unsigned slots;
	unsigned first; /* poll: where the next scan begins */
	void *memory; /* poll: its tables */
};

struct sts_wait_event {
	uint32_t token;
	unsigned events; /* STS_EV_ bits */
	bool broken; /* error or hang-up, in both directions */
};

/* The name of the mechanism, for people. */
extern const char sts_wait_name[];

/* Bytes, aligned for a pointer, that `slots` descriptors need. */
size_t sts_wait_size(unsigned slots);

/* How many files a process with so many slots must be allowed to open, however
 * few are: poll(2) takes no more slots than that. 0: the slots do not matter. */
unsigned sts_wait_files(unsigned slots);

/* Slots are numbered below `slots`. 0, or -1 with errno: EMFILE, the limit of
 * open files is below sts_wait_files(). */
int sts_wait_open(struct sts_wait *w, unsigned slots, void *memory);
void sts_wait_close(struct sts_wait *w);

/* Begin to wait for `events` of fd. 0, or -1: out of resources. */
int sts_wait_add(struct sts_wait *w, int fd, uint32_t token, unsigned events);

/* Wait for other events from now on; `old` are the present ones. While nothing
 * is wanted at most a break is reported, and once only. Cannot fail. */
void sts_wait_change(
    struct sts_wait *w, int fd, uint32_t token, unsigned old, unsigned events);

/* Forget fd, which is about to be closed. shared: another process may have it
 * too, so that closing it here is not its end. */
void sts_wait_remove(struct sts_wait *w, int fd, uint32_t token, bool shared);

/*
 * Sleep at most timeout_ms for the first event; fills at most STS_WAIT_BATCH
 * of out and returns their number; 0 also when a signal came.
 */
unsigned sts_wait_events(struct sts_wait *w, uint32_t timeout_ms,
    struct sts_wait_event out[STS_WAIT_BATCH]);

#endif
