/* SPDX-License-Identifier: MIT */
/*
 * One exchange over HTTPS, without its contents: the connections of a dial, one
 * TLS session, the reader of the response. It is part of its owner's engine
 * (fetch.h, post.h), a composite whose leaves are the connections. The first
 * connection is taken. After a failed handshake another one is taken, but never
 * after a refused certificate or once the host has answered. When the handshake
 * is complete the others are given up.
 *
 *	const struct sts_engine_ops sts_x_conn_ops =
 *	    STS_CONN_OPS(sts_conn_wants, x_lost, x_recv_ack, x_send_ack, x_work);
 *
 *	sts_https_begin(&x->https, &to, now);
 *	in the four operations of a connection:
 *		sts_https_lost, _recv_ack, _send_ack, _work; then
 *		for (;;) switch (sts_https_next(&x->https, send)) ...
 *	in child(i):    sts_https_child; CONNECTED: sts_https_shake
 *	in tick():      sts_https_tick
 *	in deadline():  sts_https_deadline
 *	in stirred():   sts_dial_stirred(&x->https.dial)
 *	the end:        sts_https_stop; sts_dial_closed; sts_https_end
 */
#ifndef STS_HTTPS_H
#define STS_HTTPS_H

#include "../../tls/session.h"
#include "../dial/dial.h"
#include "http.h"

enum {
	STS_HTTPS_CONNS = STS_DIAL_ATTEMPTS /* connections tried at once */
};

struct sts_https;

/* One connection: a leaf. */
struct sts_conn {
	void *owner; /* the composite */
	struct sts_https *https;
	uint8_t index;
};

struct sts_https {
	/* Readable. */
	sts_ms now; /* of the last tick, its own or a connection's */
	bool established;
	struct sts_http http;
	struct sts_tls *tls;
	struct sts_dial dial;

	/* Private. */
	struct sts_tls_common *common;
	const struct sts_anchors *anchors;
	int64_t wall_s;
	sts_ms handshake_until;
	sts_ms computes_at; /* while it wants WORK: since when, */
	uint32_t waited_ms; /* and before that, in all */
	uint8_t rnd[STS_TLS_RND];
	struct sts_conn conn[STS_HTTPS_CONNS];
};

/* Once. tls: sts_tls_size() bytes; common: of all sessions; owner: the
 * composite that the connections belong to. */
void sts_https_init(struct sts_https *h, struct sts_tls *tls,
    struct sts_tls_common *common, void *owner);

/* Whom to connect to; all borrowed until sts_https_end. */
struct sts_https_to {
	const struct sts_addr *addr; /* 1 <= count <= STS_DIAL_ADDRS_MAX */
	unsigned count;
	const struct sts_anchors *anchors;
	int64_t wall_s; /* >= 0: certificates are judged under it */
	const uint8_t *rnd; /* STS_TLS_RND fresh octets; copied */
};

/* Begin to connect; every channel of an earlier use is closed. */
void sts_https_begin(
    struct sts_https *h, const struct sts_https_to *to, sts_ms now);

/* The events of the session for its owner. */
enum sts_https_event {
	STS_HTTPS_WAIT = 0, /* nothing, until more comes or goes */
	STS_HTTPS_ESTABLISHED, /* the handshake is over; reported once */
	STS_HTTPS_RECV, /* sts_tls_app_recv_buf has something */
	STS_HTTPS_SEND, /* sts_tls_app_send_buf has room */
	STS_HTTPS_CLOSED, /* cleanly, with close_notify */
	STS_HTTPS_FAILED /* for good: sts_tls_why */
};

/* The next event. The caller serves it, and asks again unless it is WAIT. send:
 * whether there is anything to be sent. */
enum sts_https_event sts_https_next(struct sts_https *h, bool send);

/*
 * Whether the response cannot be judged yet: until the end of the TLS record in
 * hand, its bytes may be forged.
 */
bool sts_https_provisional(const struct sts_https *h);

/* Whether the session waits for its turn to compute: its host has done what is
 * asked of it. */
bool sts_https_computes(const struct sts_https *h);

/* How long the exchange has waited so far for its turns to compute, which says
 * nothing about the host. It can be read until the next sts_https_begin. */
uint32_t sts_https_waited_ms(const struct sts_https *h, sts_ms now);

/* Send as much of `from` as one record takes: a server with little memory may
 * want small records. Returns how much. */
size_t sts_https_send(struct sts_https *h, struct sts_text from);

/* Leaf i wanted its owner. */
enum sts_https_child {
	STS_HTTPS_DIALS = 0, /* goes on */
	STS_HTTPS_CONNECTED, /* a connection was taken: sts_https_shake */
	STS_HTTPS_UNREACHED /* no address is left: sts_dial_why */
};
enum sts_https_child sts_https_child(struct sts_https *h, unsigned i);

/* Begin the handshake with the connection that was taken. host: a valid name,
 * lower-case. */
void sts_https_shake(struct sts_https *h, struct sts_text host);

/* The time is now: begin further attempts of the dial, and give up a handshake
 * that takes too long, as if that connection had failed. */
void sts_https_tick(struct sts_https *h, sts_ms now);

/* The earliest of the session's times and *at. */
void sts_https_deadline(const struct sts_https *h, sts_ms *at);

/* For the four operations of a connection. lost: CLOSED, the peer sends no
 * more, and sts_https_next has the event that follows; FAILED, the connection
 * was lost after the handshake, and all is stopped; WAIT, the dial goes on. */
enum sts_https_event sts_https_lost(struct sts_conn *c, int why);

/* The reason of FAILED after lost: our own shortage or the peer. */
enum sts_why sts_https_why_lost(int why);
void sts_https_recv_ack(struct sts_conn *c, size_t n);
void sts_https_send_ack(struct sts_conn *c, size_t n);
void sts_https_work(struct sts_conn *c);

/* Count the wait that is under way (sts_https_waited_ms), and close all: from now
 * on connections are only closed. */
void sts_https_stop(struct sts_https *h);

/* The exchange is over, and all channels are closed: wipe what the peer
 * sent. */
void sts_https_end(struct sts_https *h);

/* The operations of a connection that are the same for all owners; wants may
 * be part of the owner's own. */
unsigned sts_conn_wants(const void *e);
const struct sts_addr *sts_conn_peer(const void *e);
void sts_conn_opened(void *e);
struct sts_span sts_conn_recv_buf(const void *e, struct sts_span lent);
struct sts_text sts_conn_send_buf(const void *e, struct sts_span lent);
void sts_conn_tick(void *e, sts_ms now, int64_t wall_s);
bool sts_conn_deadline(const void *e, sts_ms *at);

#define STS_CONN_OPS(wants_, lost_, recv_, send_, work_)                       \
	{                                                                      \
		.wants = (wants_), .peer = sts_conn_peer,                      \
		.opened = sts_conn_opened, .lost = (lost_),                    \
		.recv_buf = sts_conn_recv_buf, .recv_ack = (recv_),            \
		.send_buf = sts_conn_send_buf, .send_ack = (send_),            \
		.work = (work_), .tick = sts_conn_tick,                        \
		.deadline = sts_conn_deadline,                                 \
	}

#endif
