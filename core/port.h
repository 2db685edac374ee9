/* SPDX-License-Identifier: MIT */
/*
 * The operations that core needs from outside. A port implements struct
 * sts_port and includes this header; core includes nothing of a port. There is
 * one thread. No call blocks and none re-enters the driver: events are reported
 * by sts_ready() only.
 */
#ifndef STS_PORT_H
#define STS_PORT_H

#include "base/io.h"

/*
 * LOST accompanies RECV and SEND when the channel is broken in both directions
 * (EPOLLERR, EPOLLHUP): that is reported even while nothing is wanted, so it
 * must be possible to act on it.
 */
enum {
	STS_EV_RECV = 1,
	STS_EV_SEND = 2,
	STS_EV_LOST = 4
};

struct sts_event; /* core/base/event.h */
struct sts_driver;

/* Not a channel: with this number sts_ready reports that the store will go
 * on. */
enum {
	STS_CH_STORE = 0xffff
};

/*
 * Storage that outlives a restart. 0: done. Any call may return STS_IO_AGAIN:
 * the driver repeats the same call after sts_ready(d, STS_CH_STORE, 0). No room
 * at present: STS_IO_LIMIT. Any other result is an error; a failed call is
 * repeated later.
 */
struct sts_store {
	void *ctx;
	uint32_t prog_size, erase_size, area_size, area_count;
	int (*read)(void *ctx, uint32_t off, uint8_t *buf, size_t len);
	int (*prog)(void *ctx, uint32_t off, const uint8_t *buf, size_t len);
	int (*erase)(void *ctx, uint32_t off);
	/* 0: all that was programmed before is on the medium. */
	int (*sync)(void *ctx);
	/* prog reads back what it wrote, and fails unless that is the same: the
	 * journal does not ask for it a second time. */
	bool checks;
	/* prog and sync in one call, for the last piece before a sync: where
	 * each call is a message to another process, say. Only beside `checks`;
	 * NULL: they are called one after the other. */
	int (*commit)(void *ctx, uint32_t off, const uint8_t *buf, size_t len);
};

struct sts_port {
	void *ctx;
	/*
	 * A datagram socket on local_port connected to `peer`: delivers
	 * datagrams of `peer` only, one at a time. 0; STS_IO_LIMIT: the port is
	 * taken or nothing is left, another is drawn or it is tried later;
	 * STS_IO_UNREACHABLE.
	 */
	int (*dgram)(void *ctx, sts_ch ch, const struct sts_addr *peer,
	    uint16_t local_port);
	/*
	 * Start to connect. 0: STS_EV_SEND comes when connected; a failure is
	 * reported by STS_EV_LOST and then recv's result.
	 * STS_IO_LIMIT, STS_IO_REFUSED or STS_IO_UNREACHABLE: not started.
	 */
	int (*stream)(void *ctx, sts_ch ch, const struct sts_addr *peer);
	/*
	 * Take a waiting client of `listener` as channel `fresh`; it will be
	 * reset, not half-closed, when it is closed. 0; AGAIN: none waits;
	 * LIMIT: no descriptor, retried after a close.
	 */
	int (*accept)(void *ctx, sts_ch listener, sts_ch fresh);
	/* Count (>= 1), AGAIN, EOF, RESET, REFUSED, UNREACHABLE; LIMIT: the
	 * port itself broke the connection to a server, for lack of memory,
	 * which says nothing about the server. A datagram longer than size is
	 * cut to it. */
	int (*recv)(void *ctx, sts_ch ch, uint8_t *buf, size_t size);
	/* 1..len (datagram: all of it), AGAIN, RESET, REFUSED, UNREACHABLE,
	 * LIMIT as recv. */
	int (*send)(void *ctx, sts_ch ch, const uint8_t *buf, size_t len);
	/*
	 * Which events to report, level-triggered: while a condition holds,
	 * sts_ready comes at each wait. Called on change only. A fresh channel:
	 * dgram, accepted and listener RECV; stream both.
	 */
	void (*want)(void *ctx, sts_ch ch, unsigned ev);
	/* No sts_ready for ch after this returns. */
	void (*close)(void *ctx, sts_ch ch);
	/* 0; AGAIN: not enough yet, ask later. */
	int (*entropy)(void *ctx, uint8_t *buf, size_t len);
	void (*event)(void *ctx, const struct sts_event *e);
	const struct sts_store *store; /* NULL: nothing outlives a restart */
};

/*
 * Something happened on ch (STS_EV_ bits; hints, spurious ones are legal).
 * O(1), idempotent; from the poll loop or a stack's callback.
 */
void sts_ready(struct sts_driver *d, sts_ch ch, unsigned ev);

#endif
