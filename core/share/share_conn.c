/* SPDX-License-Identifier: MIT */
/*
 * The connection's bytes: between its channel, the TLS session if there is one,
 * and what is read and written as commands.
 *
 *	channel <--> s->in, s->out                          in the clear
 *	channel <--> records <--> s->in, s->out             TLS
 *
 * Octets that have come are read as work of the driver's (STS_WANT_WORK), at
 * most STS_SHARE_TURN records a time.
 *
 * Invariants: a connection that the dial has not taken is the dial's alone;
 * only the taken one moves octets. in[in_at..in_len) is what has not been read;
 * the channel, or the session, is read from only when that is empty, so nothing
 * in it is overwritten. No reply is read before the state is HELLO, nor while a
 * result waits for the owner: then the node wants its owner and nothing else.
 * Over TLS nothing is written before the handshake is complete (SHAKE).
 *
 * The attacker owns the server or the path, and sends without end, or an octet
 * at a time. A pass of the driver reads so many records and no more, after all
 * questions. Within a reply, in the clear, only a buffer that came full puts
 * reply_until off: a server that drips is closed, one that sends a large value
 * is not.
 */
#include <string.h>

#include "../base/assert.h"
#include "share_private.h"

static bool
is_taken(const struct sts_share *s, unsigned i)
{
	return sts_dial_taken(&s->dial) == (int)i;
}

/* Whether replies may be read now, from the connection that is taken. */
static bool
reads(const struct sts_share *s)
{
	return s->state >= STS_SHARE_HELLO && s->result == STS_SHARE_NOTHING;
}

/* Whether s->in has octets to be read. Reading is work (STS_WANT_WORK) of
 * STS_SHARE_TURN records: the driver does it once a pass, after all questions,
 * however many records come. */
static bool
has_input(const struct sts_share *s)
{
	return reads(s) && s->in_at < s->in_len;
}

/* Take as much into s->in as there is room for. */
static void
take_app(struct sts_share *s)
{
	struct sts_text in = sts_tls_app_recv_buf(s->tls);
	size_t n = in.n < sizeof s->in ? in.n : sizeof s->in;

	memcpy(s->in, in.p, n);
	s->in_at = 0;
	s->in_len = (uint16_t)n;
	sts_tls_app_recv_ack(s->tls, n);
}

static void
give_app(struct sts_share *s)
{
	struct sts_span to = sts_tls_app_send_buf(s->tls);
	size_t n = (size_t)(s->out_len - s->out_at);

	n = n < to.n ? n : to.n;
	memcpy(to.p, s->out + s->out_at, n);
	s->out_at = (uint16_t)(s->out_at + n);
	sts_tls_app_send_ack(s->tls, n);
	sts_tls_app_flush(s->tls);
}

static bool
has_output(struct sts_share *s)
{
	sts_share_fill(s);
	return s->out_at < s->out_len;
}

/* Whether the connection is over TLS and was not given up meanwhile. */
static bool
is_over_tls(const struct sts_share *s)
{
	return s->setup->tls && s->state != STS_SHARE_CLOSING;
}

/* One step of pump. False: nothing can be moved. */
static bool
move(struct sts_share *s, unsigned wants)
{
	if ((wants & STS_TLS_FAILED) != 0) {
		sts_share_fail(s, STS_TROUBLE_PATH, sts_tls_why(s->tls));
		return false;
	}
	if ((wants & STS_TLS_CLOSED) != 0) {
		sts_share_fail(s, STS_TROUBLE_PATH, STS_WHY_PEER_CLOSED);
		return false;
	}
	if (s->state == STS_SHARE_SHAKE) {
		if (!sts_tls_established(s->tls)) {
			return false;
		}
		sts_share_greet(s);
		return true;
	}
	if ((wants & STS_TLS_APP_RECV) != 0 && reads(s) &&
	    s->in_at == s->in_len) {
		take_app(s);
		return true;
	}
	if ((wants & STS_TLS_APP_SEND) != 0 && has_output(s)) {
		give_app(s);
		return true;
	}
	return false;
}

/*
 * Move what can be moved between the session and the commands. Octets of a TLS
 * record that is not whole, and so not authenticated yet, are read, too: the
 * seal protects policies, and everything else that a server may send is
 * harmless.
 */
static void
pump(struct sts_share *s)
{
	while (is_over_tls(s) && move(s, sts_tls_wants(s->tls))) {
	}
}

static struct sts_share *
share_of(void *e)
{
	return ((struct sts_share_conn *)e)->share;
}

static unsigned
wants_tls(const struct sts_share *s)
{
	unsigned tls = sts_tls_wants(s->tls), wants = 0;

	wants |= (tls & STS_TLS_REC_SEND) != 0 ? STS_WANT_SEND : 0;
	wants |= (tls & STS_TLS_REC_RECV) != 0 ? STS_WANT_RECV : 0;
	wants |= (tls & STS_TLS_WORK) != 0 || has_input(s) ? STS_WANT_WORK : 0;
	return wants;
}

static unsigned
conn_wants(const void *e)
{
	const struct sts_share_conn *c = e;
	const struct sts_share *s = c->share;

	if (!is_taken(s, c->index)) {
		return sts_dial_wants(&s->dial, c->index);
	}
	if (sts_share_ops.wants(s) != 0) {
		return STS_WANT_OWNER;
	}
	if (s->setup->tls) {
		return wants_tls(s);
	}
	return (s->out_at < s->out_len ? STS_WANT_SEND : 0U) |
	       (has_input(s) ? STS_WANT_WORK : STS_WANT_RECV);
}

static const struct sts_addr *
conn_peer(const void *e)
{
	const struct sts_share_conn *c = e;

	return sts_dial_peer(&c->share->dial, c->index);
}

static void
conn_opened(void *e)
{
	sts_dial_opened(
	    &share_of(e)->dial, ((struct sts_share_conn *)e)->index);
}

static void
conn_lost(void *e, int why)
{
	struct sts_share *s = share_of(e);
	unsigned i = ((struct sts_share_conn *)e)->index;

	if (is_taken(s, i)) {
		sts_share_fail(s, STS_TROUBLE_PATH,
		    why == STS_IO_EOF ? STS_WHY_PEER_CLOSED
				      : STS_WHY_PEER_RESET);
	}
	sts_dial_lost(&s->dial, i, why);
}

static struct sts_span
conn_recv_buf(const void *e, struct sts_span lent)
{
	struct sts_share *s = ((const struct sts_share_conn *)e)->share;

	(void)lent;
	return s->setup->tls ? sts_tls_rec_recv_buf(s->tls)
			     : sts_span(s->in, sizeof s->in);
}

/* A server has the time of a reply for each buffer that it fills, over however
 * slow a connection: a value is many. */
static void
note_received(struct sts_share *s, size_t n)
{
	s->came += (uint32_t)n;
	if (s->came >= sizeof s->in && s->state == STS_SHARE_UP) {
		s->came = 0;
		s->reply_until = s->now + STS_SHARE_REPLY_MS;
	}
}

static void
conn_recv_ack(void *e, struct sts_span got)
{
	struct sts_share *s = share_of(e);

	note_received(s, got.n);
	if (s->setup->tls) {
		sts_tls_rec_recv_ack(s->tls, got.n);
		pump(s);
		return;
	}
	s->in_at = 0;
	s->in_len = (uint16_t)got.n;
}

static struct sts_text
conn_send_buf(const void *e, struct sts_span lent)
{
	const struct sts_share *s = ((const struct sts_share_conn *)e)->share;

	(void)lent;
	return s->setup->tls ? sts_tls_rec_send_buf(s->tls)
			     : sts_text(s->out + s->out_at,
				   (size_t)(s->out_len - s->out_at));
}

static void
conn_send_ack(void *e, size_t n)
{
	struct sts_share *s = share_of(e);

	if (s->setup->tls) {
		sts_tls_rec_send_ack(s->tls, n);
		pump(s);
		return;
	}
	s->out_at = (uint16_t)(s->out_at + n);
	sts_share_fill(s);
}

static void
conn_work(void *e)
{
	struct sts_share *s = share_of(e);

	if (has_input(s)) {
		s->turn = STS_SHARE_TURN - 1;
		sts_share_read(s);
	} else {
		sts_tls_work(s->tls);
	}
	pump(s);
	sts_share_fill(s);
}

/* Put the commands that came since into the buffer they are sent from. */
static void
conn_tick(void *e, sts_ms now, int64_t wall_s)
{
	struct sts_share *s = share_of(e);

	(void)wall_s;
	s->now = now;
	if (!is_taken(s, ((struct sts_share_conn *)e)->index)) {
		return;
	}
	if (s->setup->tls) {
		pump(s);
	} else {
		sts_share_fill(s);
	}
}

static bool
conn_deadline(const void *e, sts_ms *at)
{
	(void)e;
	(void)at;
	return false;
}

const struct sts_engine_ops sts_share_conn_ops = {
	.wants = conn_wants,
	.peer = conn_peer,
	.opened = conn_opened,
	.lost = conn_lost,
	.recv_buf = conn_recv_buf,
	.recv_ack = conn_recv_ack,
	.send_buf = conn_send_buf,
	.send_ack = conn_send_ack,
	.work = conn_work,
	.tick = conn_tick,
	.deadline = conn_deadline,
};
