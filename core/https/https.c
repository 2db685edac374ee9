/* SPDX-License-Identifier: MIT */
/*
 * The session of an exchange over HTTPS. Invariant: at most one connection is
 * taken (dial.h), and the TLS session is that one's; `established` is true from
 * the end of its handshake on, after which no other is ever dialled.
 *
 * The attacker on the path can make connections and handshakes fail, which
 * leads to the next address until none is left.
 */
#include <string.h>

#include "../base/assert.h"
#include "https.h"

static const uint8_t protocol[] = "http/1.1";

void
sts_https_init(struct sts_https *h, struct sts_tls *tls,
    struct sts_tls_common *common, void *owner)
{
	memset(h, 0, sizeof *h);
	h->tls = tls;
	h->common = common;
	sts_dial_init(&h->dial);
	for (unsigned i = 0; i < STS_HTTPS_CONNS; i++) {
		h->conn[i].owner = owner;
		h->conn[i].https = h;
		h->conn[i].index = (uint8_t)i;
	}
}

void
sts_https_begin(struct sts_https *h, const struct sts_https_to *to, sts_ms now)
{
	STS_ASSERT(to->wall_s >= 0);
	h->now = now;
	h->waited_ms = 0;
	h->established = false;
	h->anchors = to->anchors;
	h->wall_s = to->wall_s;
	memcpy(h->rnd, to->rnd, sizeof h->rnd);
	sts_http_start(&h->http);
	sts_dial_start(
	    &h->dial, to->addr, to->count, STS_FETCH_CONNECT_MS, now);
}

void
sts_https_shake(struct sts_https *h, struct sts_text host)
{
	STS_ASSERT(sts_dial_taken(&h->dial) >= 0);
	h->handshake_until = h->now + STS_FETCH_HANDSHAKE_MS;
	h->computes_at = h->now;
	h->established = false;
	sts_tls_start(h->tls, host, h->anchors, h->wall_s, h->rnd);
	sts_tls_use_common(h->tls, h->common);
	sts_tls_use_alpn(h->tls, sts_text(protocol, sizeof protocol - 1));
	h->rnd[0]++; /* no two sessions from the same seed */
}

enum sts_https_child
sts_https_child(struct sts_https *h, unsigned i)
{
	sts_dial_child(&h->dial, i);
	if (sts_dial_taken(&h->dial) >= 0) {
		return STS_HTTPS_DIALS;
	}
	if (sts_dial_take(&h->dial) >= 0) {
		return STS_HTTPS_CONNECTED;
	}
	return sts_dial_over(&h->dial) ? STS_HTTPS_UNREACHED : STS_HTTPS_DIALS;
}

/* The session has failed. After a refused certificate no other address is
 * tried; other failures may be those of the path. */
static enum sts_https_event
tls_failed(struct sts_https *h)
{
	enum sts_why why = sts_tls_why(h->tls);

	if (h->established) {
		return STS_HTTPS_FAILED;
	}
	if (why >= STS_WHY_X509_EXPIRED && why <= STS_WHY_X509_NO_SCT) {
		return STS_HTTPS_FAILED;
	}
	sts_dial_refuse(&h->dial, why);
	return STS_HTTPS_WAIT;
}

enum sts_https_event
sts_https_next(struct sts_https *h, bool send)
{
	unsigned wants = sts_tls_wants(h->tls);

	if (!h->established && sts_tls_established(h->tls)) {
		h->established = true;
		sts_dial_won(&h->dial);
		return STS_HTTPS_ESTABLISHED;
	}
	if ((wants & STS_TLS_FAILED) != 0) {
		return tls_failed(h);
	}
	if ((wants & STS_TLS_APP_RECV) != 0) {
		return STS_HTTPS_RECV;
	}
	if ((wants & STS_TLS_APP_SEND) != 0 && send) {
		return STS_HTTPS_SEND;
	}
	if ((wants & STS_TLS_CLOSED) != 0) {
		return STS_HTTPS_CLOSED;
	}
	return STS_HTTPS_WAIT;
}

bool
sts_https_provisional(const struct sts_https *h)
{
	return sts_tls_provisional(h->tls);
}

size_t
sts_https_send(struct sts_https *h, struct sts_text from)
{
	struct sts_span room = sts_tls_app_send_buf(h->tls);
	size_t n = from.n < room.n ? from.n : room.n;

	STS_ASSERT(n > 0);
	memcpy(room.p, from.p, n);
	sts_tls_app_send_ack(h->tls, n);
	sts_tls_app_flush(h->tls);
	return n;
}

bool
sts_https_computes(const struct sts_https *h)
{
	return sts_dial_taken(&h->dial) >= 0 &&
	       (sts_tls_wants(h->tls) & STS_TLS_WORK) != 0;
}

/* How long the session has waited for its turn to compute since the wait was
 * noted last. */
static uint32_t
unnoted_ms(const struct sts_https *h, sts_ms now)
{
	return sts_https_computes(h) ? now - h->computes_at : 0;
}

/* Note the wait so far, before anything changes what the session wants. The time
 * of the handshake stands still meanwhile, as the host is not awaited. */
static void
stand_still(struct sts_https *h)
{
	uint32_t ms = unnoted_ms(h, h->now);

	h->waited_ms += ms;
	h->handshake_until += ms;
	h->computes_at = h->now;
}

/* Whether a handshake is under way, whose time is limited. */
static bool
shakes_hands(const struct sts_https *h)
{
	return sts_dial_taken(&h->dial) >= 0 && !h->established;
}

uint32_t
sts_https_waited_ms(const struct sts_https *h, sts_ms now)
{
	return h->waited_ms + unnoted_ms(h, now);
}

void
sts_https_tick(struct sts_https *h, sts_ms now)
{
	h->now = now;
	stand_still(h);
	sts_dial_tick(&h->dial, now);
	if (shakes_hands(h) && !sts_before(now, h->handshake_until)) {
		sts_dial_refuse(&h->dial, STS_WHY_TLS_TIMEOUT);
	}
}

void
sts_https_deadline(const struct sts_https *h, sts_ms *at)
{
	sts_ms dial_at;

	if (sts_dial_deadline(&h->dial, &dial_at)) {
		*at = sts_earlier(*at, dial_at);
	}
	if (shakes_hands(h)) {
		*at = sts_earlier(*at, h->handshake_until);
	}
}

void
sts_https_stop(struct sts_https *h)
{
	stand_still(h); /* this wait counts, too */
	sts_dial_stop(&h->dial);
}

void
sts_https_end(struct sts_https *h)
{
	STS_ASSERT(sts_dial_closed(&h->dial));
	sts_tls_end(h->tls);
	sts_wipe(h->rnd, sizeof h->rnd);
}

/* ---- a connection ---- */

static bool
is_taken(const struct sts_conn *c)
{
	return sts_dial_taken(&c->https->dial) == c->index;
}

unsigned
sts_conn_wants(const void *e)
{
	const struct sts_conn *c = e;
	unsigned tls, wants = 0;

	if (!is_taken(c)) {
		return sts_dial_wants(&c->https->dial, c->index);
	}
	tls = sts_tls_wants(c->https->tls);
	wants |= (tls & STS_TLS_REC_SEND) != 0 ? STS_WANT_SEND : 0;
	wants |= (tls & STS_TLS_REC_RECV) != 0 ? STS_WANT_RECV : 0;
	wants |= (tls & STS_TLS_WORK) != 0 ? STS_WANT_WORK : 0;
	return wants;
}

const struct sts_addr *
sts_conn_peer(const void *e)
{
	const struct sts_conn *c = e;

	return sts_dial_peer(&c->https->dial, c->index);
}

void
sts_conn_opened(void *e)
{
	struct sts_conn *c = e;

	sts_dial_opened(&c->https->dial, c->index);
}

enum sts_why
sts_https_why_lost(int why)
{
	return why == STS_IO_LIMIT ? STS_WHY_BUSY : STS_WHY_PEER_RESET;
}

enum sts_https_event
sts_https_lost(struct sts_conn *c, int why)
{
	struct sts_https *h = c->https;
	bool taken = is_taken(c);

	stand_still(h);
	if (taken && why == STS_IO_EOF) {
		sts_tls_peer_closed(h->tls);
		return STS_HTTPS_CLOSED;
	}
	if (taken && h->established) {
		sts_dial_stop(&h->dial);
	} else if (taken) {
		sts_dial_refuse(&h->dial, sts_https_why_lost(why));
	}
	sts_dial_lost(&h->dial, c->index, why);
	return taken && h->established ? STS_HTTPS_FAILED : STS_HTTPS_WAIT;
}

struct sts_span
sts_conn_recv_buf(const void *e, struct sts_span lent)
{
	(void)lent;
	return sts_tls_rec_recv_buf(((const struct sts_conn *)e)->https->tls);
}

void
sts_https_recv_ack(struct sts_conn *c, size_t n)
{
	sts_tls_rec_recv_ack(c->https->tls, n);
	c->https->computes_at = c->https->now;
}

struct sts_text
sts_conn_send_buf(const void *e, struct sts_span lent)
{
	(void)lent;
	return sts_tls_rec_send_buf(((const struct sts_conn *)e)->https->tls);
}

void
sts_https_send_ack(struct sts_conn *c, size_t n)
{
	sts_tls_rec_send_ack(c->https->tls, n);
	c->https->computes_at = c->https->now;
}

void
sts_https_work(struct sts_conn *c)
{
	stand_still(c->https);
	sts_tls_work(c->https->tls);
}

/* The owner keeps all deadlines; the connection only notes the time. */
void
sts_conn_tick(void *e, sts_ms now, int64_t wall_s)
{
	struct sts_conn *c = e;

	(void)wall_s;
	c->https->now = now;
}

bool
sts_conn_deadline(const void *e, sts_ms *at)
{
	(void)e;
	(void)at;
	return false;
}
