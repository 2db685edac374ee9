/* SPDX-License-Identifier: MIT */
/*
 * struct sts_port for POSIX systems: sockets, clocks and randomness. One
 * thread; no call blocks but sts_posix_wait. Memory is the caller's: one small
 * record a channel.
 *
 *	static struct sts_posix posix;
 *	static struct sts_port port;
 *
 *	sts_posix_init(&posix, channels, memory, &port);
 *	sts_posix_listen(&posix, sts_driver_listener(d, 0), fd);
 *	for (;;)
 *		sts_posix_wait(&posix, d, sts_run(d, sts_posix_now(),
 *		    sts_posix_wall_s(), 256));
 */
#ifndef STS_POSIX_H
#define STS_POSIX_H

#include "../../core/port.h"
#include "wait.h"

enum {
	/* Descriptors of the board's own that it can wait for. */
	STS_POSIX_OWN = 18,
	STS_POSIX_WATCHES = 2 + STS_POSIX_OWN, /* beside the channels */
	/* An event names its place in 16 bits, the watches' too; and the
	 * highest number is the store's. */
	STS_POSIX_CHANNELS_MAX = UINT16_MAX - STS_POSIX_WATCHES,
	/* Descriptors a process needs beside its channels: standard ones (3),
	 * the wait (1), signals (2), log and notification (2), randomness (1),
	 * the journal with its lock and link (3), the files of reports (4),
	 * names, trust anchors and another file being read (3), one that
	 * shows a shortage of ports (1); and the board's own. */
	STS_POSIX_SPARE_FDS = 20 + STS_POSIX_OWN,
	STS_REPORT_SENDERS = 8 /* users who may report deliveries */
};

/* The users that may report deliveries. */
struct sts_report_senders {
	unsigned count;
	unsigned long uid[STS_REPORT_SENDERS];
	uint32_t refused;
	unsigned long last; /* user that was refused last */
};

struct sts_posix_channel {
	int fd;
	uint16_t generation;
	uint8_t kind;
	uint8_t events; /* wanted */
	sts_ms sent_at; /* the last send to a client over TCP: of the wake-up
	                   that it followed */
	struct sts_addr peer; /* of datagrams */
};

struct sts_posix {
	/* Private. */
	struct sts_posix_channel *channel; /* the last are not the driver's */
	unsigned channels;
	sts_ms woke;
	bool others; /* something happened that is not the driver's alone */
	uint8_t own_ready[STS_POSIX_OWN]; /* STS_EV_ bits not yet taken */
	struct sts_wait wait;
	int urandom; /* where the system has no call for it; else -1 */
	struct sts_report_senders senders;
	void (*event)(void *ctx, const struct sts_event *e);
	void *event_ctx;
	const char *const *local;
	unsigned locals;
};

/* Bytes for channel numbers 0..channels-1, aligned for a pointer; and at most,
 * as a constant for static memory, with two words each for the system's wait. */
size_t sts_posix_size(unsigned channels);
#define STS_POSIX_SIZE_MAX(channels)                                           \
	(((channels) + STS_POSIX_WATCHES) *                                    \
	    (sizeof(struct sts_posix_channel) + 2 * sizeof(uint64_t)))

/*
 * Begin, and fill *port. `memory` has sts_posix_size(channels) bytes, all of
 * them zero, which are left so until they are needed; channels
 * 1..STS_POSIX_CHANNELS_MAX. 0, or -1 with errno; EMFILE: by poll(2) as many
 * files must be allowed as there are channels, and STS_POSIX_WATCHES more.
 */
int sts_posix_init(struct sts_posix *p, unsigned channels, void *memory,
    struct sts_port *port);

/* Close everything. */
void sts_posix_end(struct sts_posix *p);

/* Where events go; NULL: nowhere. */
void sts_posix_on_event(struct sts_posix *p,
    void (*event)(void *ctx, const struct sts_event *e), void *ctx);

/* Where STS_AF_LOCAL leads to: path[port], if port < count. The array and the
 * paths are borrowed, and may change; without one, nowhere. */
void sts_posix_locals(
    struct sts_posix *p, const char *const *path, unsigned count);

/*
 * Make the listening socket fd channel ch; it is the port's from now on. 0,
 * or -1 with errno, then fd stays the caller's.
 */
int sts_posix_listen(struct sts_posix *p, sts_ch ch, int fd);

/*
 * Make the datagram socket fd, on which mail servers report deliveries, channel
 * ch; it is the port's from now on. Datagrams come from the users named, at
 * most STS_REPORT_SENDERS of them, and from the superuser; those of others are
 * dropped and counted. Where the system does not report who sent a datagram, the
 * socket's file mode alone decides. 0, or -1 with errno, then fd stays the
 * caller's.
 */
int sts_posix_reports(struct sts_posix *p, sts_ch ch, int fd,
    const unsigned long *uid, unsigned count);

/* From now on datagrams come from these users. */
void sts_posix_reporters(
    struct sts_posix *p, const unsigned long *uid, unsigned count);

/* Datagrams that were dropped because of who sent them, or were empty, since
 * the start. */
uint32_t sts_posix_reports_refused(const struct sts_posix *p);

/* A descriptor of the caller's own that ends a wait when it can be read (a
 * pipe from a signal handler). 0, or -1 with errno. */
int sts_posix_watch(struct sts_posix *p, int fd);

/*
 * Sockets of the board's own, beside the driver's channels: 0..STS_POSIX_OWN-1.
 * A wait ends when one is ready; what for is then kept until it is taken.
 *
 * own: wait for `events` (STS_EV_ bits) of fd, which is the port's from now
 * on; the place is free. 0, or -1 with errno, then fd stays the caller's.
 * own_want: wait for others. own_take: what has happened since it was last
 * taken; as the events of a channel. own_close: closes it; harmless if there
 * is none.
 */
int sts_posix_own(struct sts_posix *p, unsigned own, int fd, unsigned events);
void sts_posix_own_want(struct sts_posix *p, unsigned own, unsigned events);
unsigned sts_posix_own_take(struct sts_posix *p, unsigned own);
void sts_posix_own_close(struct sts_posix *p, unsigned own);

/*
 * Watch fd, on which the store signals that it can continue; the driver then
 * gets sts_ready(STS_CH_STORE). Takes ownership of fd: 0; on -1 with errno the
 * caller keeps it. sts_posix_unstore closes it, and does nothing if there is
 * none.
 */
int sts_posix_store(struct sts_posix *p, int fd);
void sts_posix_unstore(struct sts_posix *p);

/*
 * Sleep at most `ms` and hand what happened to the driver. True: the watched
 * descriptor can be read.
 */
bool sts_posix_wait(struct sts_posix *p, struct sts_driver *d, sts_ms ms);

/* The time when it returned last, or of the beginning: the clock is read once
 * a wake-up. */
sts_ms sts_posix_woke(const struct sts_posix *p);

/* Whether something happened then that is not the driver's alone: to the
 * watched descriptor, the store's, or one of the board's own. */
bool sts_posix_others(const struct sts_posix *p);

/* Monotonic milliseconds, and seconds since 1970 (-1: no clock). */
sts_ms sts_posix_now(void);
int64_t sts_posix_wall_s(void);

#endif
