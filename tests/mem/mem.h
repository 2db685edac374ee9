/* SPDX-License-Identifier: MIT */
/*
 * struct sts_port over queues in this process. The test plays every peer: it
 * finds the core's channels as sockets (struct mem_sock), reads what was sent,
 * and puts in answers, closes and resets. Nothing happens by itself, no clock
 * runs, and entropy comes from a seed, so the same test always does the same.
 *
 *	mem_init(&m, seed);
 *	sts_driver_init(&d, &agent, &m.port, now);
 *	m.driver = &d;
 *	for (;;)
 *		mem_deliver(&m);  sts_run(&d, now, wall, 256);  play the peers
 *
 * It checks the core's side of the port contract (core/port.h): m.fault is the
 * first breach as a sentence, NULL while there is none.
 */
#ifndef STS_TEST_MEM_H
#define STS_TEST_MEM_H

#include "../../core/base/event.h"
#include "../../core/port.h"

enum {
	MEM_CHANNELS = 8192,
	MEM_SOCKS = 8192,
	MEM_EVENTS = 4096
};

/* Bytes that wait, p[0..n). The buffer grows as needed. */
struct mem_bytes {
	uint8_t *p;
	size_t n;
	/* Private. */
	uint8_t *block;
	size_t size;
};

void mem_put(struct mem_bytes *b, const void *p, size_t n);
void mem_drop(struct mem_bytes *b, size_t n);
void mem_free(struct mem_bytes *b);

enum mem_kind {
	MEM_FREE = 0,
	MEM_DGRAM,
	MEM_STREAM, /* opened by the core */
	MEM_CLIENT, /* opened by the test, accepted by the core */
	MEM_LISTENER
};

enum mem_state {
	MEM_WAITING, /* not yet connected or accepted */
	MEM_OPEN,
	MEM_FAILED /* recv returns `failure` */
};

/*
 * One connection or datagram socket as both ends see it. It lives until both
 * are done with it: the core by closing, the test by mem_release.
 */
struct mem_sock {
	uint8_t kind, state;
	bool core_gone; /* the core closed it */
	bool test_gone; /* the test released it */
	bool eof; /* the test sends no more */
	int failure;
	unsigned want;
	int ch; /* -1: none yet, or no longer */
	struct sts_addr peer; /* of DGRAM and STREAM */
	uint16_t local_port;
	struct mem_bytes in; /* for the core; datagrams with their length */
	struct mem_bytes out; /* from the core; the same */
	size_t space; /* out.n stays within this */
	size_t sent, received; /* octets so far, as the core counts them */
	uint64_t cuts; /* private: how this stream is cut */
	/* For the test's own use; 0 in a fresh socket. */
	int role;
	void *actor;
};

struct mem {
	struct sts_port port;
	struct sts_driver *driver; /* set by the test */
	const char *fault;
	unsigned long moves; /* counts what the core did: progress */
	/* Deliberate faults. */
	unsigned channels_max; /* open channels, listeners excluded */
	unsigned ports_taken; /* so many dgram() calls fail with LIMIT */
	unsigned entropy_dry; /* so many entropy() calls return AGAIN */
	bool no_inet6; /* UNREACHABLE at once */
	size_t segment; /* > 0: recv and send move 1..segment bytes */
	size_t space; /* send space of fresh streams */
	unsigned loss, twice, swap; /* percent of datagrams to the core */
	/* Private. Each has its own sequence, so that how streams are cut and
	 * what happens to datagrams changes nothing about the core's
	 * randomness. */
	uint64_t random, entropy, weather, streams;
	unsigned open_count;
	unsigned sock_high;
	struct mem_sock *sock_of[MEM_CHANNELS];
	struct mem_sock sock[MEM_SOCKS];
	unsigned
	    event_count; /* all events so far; the last MEM_EVENTS are kept */
	struct sts_event event[MEM_EVENTS];
	bool event_seen[MEM_EVENTS]; /* for the test's own use */
};

/* Begin; m may hold anything. */
void mem_init(struct mem *m, uint64_t seed);

/* Free what the queues took. */
void mem_end(struct mem *m);

/* A pseudo-random number; the test may share the sequence. */
uint32_t mem_random(struct mem *m);

/* Pass ready events to the driver, as poll() would. Returns the number of ready
 * channels. */
unsigned mem_deliver(struct mem *m);

/* Open a listener's channel, as a board does before sts_listen. */
void mem_listen(struct mem *m, sts_ch ch);
void mem_unlisten(struct mem *m, sts_ch ch);

/* A client connects to the listener. */
struct mem_sock *mem_connect(struct mem *m, sts_ch listener);

/* Connect a stream that the core opened; or fail it (STS_IO_REFUSED...), at any
 * time. */
void mem_accept(struct mem *m, struct mem_sock *s);
void mem_fail(struct mem *m, struct mem_sock *s, int failure);

/* Bytes (a datagram) for the core. Datagrams are subject to loss, twice and
 * swap. */
void mem_send(struct mem *m, struct mem_sock *s, const void *p, size_t n);

/* End the test's side of this stream. */
void mem_half_close(struct mem_sock *s);

/* The length of the next datagram of s->out (0: none); drop it. */
size_t mem_datagram(const struct mem_sock *s, const uint8_t **p);
void mem_datagram_drop(struct mem_sock *s);

/* The test needs the socket no longer. Call mem_fail(RESET) or mem_half_close
 * first for an open stream. */
void mem_release(struct mem *m, struct mem_sock *s);

/* The core's process has died: all its channels and listeners are gone. */
void mem_crash(struct mem *m);

/* Channels the core has open, listeners excluded. */
unsigned mem_open_count(const struct mem *m);

#endif
