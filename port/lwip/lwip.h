/* SPDX-License-Identifier: MIT */
/*
 * struct sts_port on lwIP's raw API: IPv4, and one thread, or all calls under
 * lwIP's core lock (os/lwip_task.h, for an operating system).
 * lwIP's callbacks only note what happened; sts_lwip_poll passes it to the
 * driver.
 *
 *	sts_lwip_init(&p, &outside, channels, memory, &port);
 *	sts_lwip_listen(&p, sts_driver_listener(&driver, 0), 8461);
 *	for (;;) {
 *		... frames into netif->input ...
 *		sts_lwip_poll(&p, &driver);
 *		sts_run(&driver, now, wall, 1);
 *	}
 *
 * Received bytes stay in lwIP's buffers until the engine takes them, and the
 * window opens only then: the pool bounds what peers can fill. What is sent is
 * copied into lwIP's heap array, and AGAIN is returned while that is full.
 * Where either stays nearly used up for two seconds, the connection that holds
 * most of it is broken: no peer can keep the others from being heard.
 *
 * lwIP is compiled with port/lwip/lwipopts.h and needs sys_now() and
 * sts_lwip_random() of the board.
 */
#ifndef STS_LWIP_H
#define STS_LWIP_H

#include "../../core/base/event.h"
#include "../../core/port.h"

enum {
	STS_LWIP_WAITING = 2, /* clients that wait to be accepted */
	STS_LWIP_DATAGRAMS = 2 /* a channel keeps; further ones are dropped */
};

/* What the board adds. */
struct sts_lwip_outside {
	void *ctx;
	int (*entropy)(void *ctx, uint8_t *buf, size_t len);
	void (*event)(void *ctx, const struct sts_event *e);
};

struct pbuf;

/* Private. One channel, or one client that waits. */
struct sts_lwip_channel {
	void *pcb; /* NULL: free, or broken */
	struct pbuf *in[STS_LWIP_DATAGRAMS]; /* streams: the first only */
	uint8_t kind;
	uint8_t wanted; /* STS_EV_ bits */
	int8_t error; /* STS_IO_ result when it is broken */
	bool eof, full; /* the peer ended; lwIP took no more */
};

struct sts_lwip {
	/* Private. */
	struct sts_lwip_channel *channel;
	unsigned channels;
	const struct sts_lwip_outside *outside;
	struct sts_lwip_channel waiting[STS_LWIP_WAITING];
	sts_ms short_since; /* since when lwIP has had little left, */
	uint8_t short_polls; /* and for how many polls */
};

/* Bytes of memory for that many channels. */
size_t sts_lwip_size(unsigned channels);

/*
 * Fill *port, whose calls use p and memory from now on. memory:
 * sts_lwip_size(channels) bytes, aligned for a pointer. lwip_init() was called
 * before. One p a program.
 */
void sts_lwip_init(struct sts_lwip *p, const struct sts_lwip_outside *outside,
    unsigned channels, void *memory, struct sts_port *port);

/*
 * Make the free channel ch a listener on this TCP port of all interfaces.
 * There is one listener a program. 0, or STS_IO_LIMIT.
 */
int sts_lwip_listen(struct sts_lwip *p, sts_ch ch, uint16_t tcp_port);

/*
 * Let lwIP's timers run (with NO_SYS) and pass to the driver what is there. Looks
 * at every channel: there are few.
 */
void sts_lwip_poll(struct sts_lwip *p, struct sts_driver *d);

#endif
