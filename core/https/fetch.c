/* SPDX-License-Identifier: MIT */
/* One policy over HTTPS: dial, handshake, response, policy, stage. */
#include <string.h>

#include "../base/assert.h"
#include "fetch.h"
#include "../cache/payload.h"

STS_STATIC_ASSERT(
    STS_LOOKUP_ADDRS <= STS_DIAL_ADDRS_MAX, every_address_is_dialled);

static const uint8_t protocol[] = "http/1.1";

/* The name of the host that a fetch asks. */
static struct sts_text
host_of(const struct sts_fetch *f, uint8_t out[STS_POLICY_HOST_MAX])
{
	return sts_domain_policy_host(out, sts_lookup_domain(f->lookup));
}

/* The end, whatever it is: nothing goes on but the closing of channels. */
static void
finish(struct sts_fetch *f, enum sts_found found, enum sts_why why)
{
	STS_ASSERT(!f->done);
	f->done = true;
	f->found = found;
	f->why = why;
	if (found != STS_FOUND && f->staged) {
		sts_cache_abandon(f->cache, &f->stage);
		f->staged = false;
	}
	sts_dial_stop(&f->dial);
}

static bool
ensure_stage(struct sts_fetch *f)
{
	if (!f->staged) {
		f->staged = sts_cache_stage(
		    f->cache, &f->stage, sts_lookup_domain(f->lookup));
		if (f->staged) {
			(void)sts_payload_begin(
			    f->cache, &f->stage, sts_text(f->id, f->id_len));
		}
	}
	return f->staged;
}

/*
 * Keep the pattern that the policy parser has just completed, if any. False:
 * there is no stage. One that has no room for it remembers: whether an older
 * version goes for that is decided when all of the policy has come.
 */
static bool
keep_mx(struct sts_fetch *f)
{
	if (f->policy.mx_len > 0) {
		if (!ensure_stage(f)) {
			return false;
		}
		(void)sts_payload_add_mx(f->cache, &f->stage,
		    sts_text(f->policy.mx, f->policy.mx_len));
	}
	return true;
}

/* Content of the response, on its way into the stage. */
static void
take_content(struct sts_fetch *f, struct sts_text body)
{
	uint32_t before = f->body_len / STS_FETCH_MILESTONE;

	f->body_len += (uint32_t)body.n;
	if (f->body_len / STS_FETCH_MILESTONE != before) {
		f->milestone = f->now;
	}
	while (body.n > 0 && !f->no_room) {
		size_t used = sts_policy_feed(&f->policy, body.p, body.n);

		STS_ASSERT(used > 0 && used <= body.n);
		f->no_room = !keep_mx(f);
		body = sts_text(body.p + used, body.n - used);
	}
}

/* The response has ended, or what came of it is bad enough: is there a
 * policy? */
static void
judge(struct sts_fetch *f)
{
	bool valid;

	f->http_code = f->http.code;
	if (f->no_room) {
		finish(f, STS_UNKNOWN, STS_WHY_POLICY_NO_ROOM);
		return;
	}
	if (sts_policy_failed(&f->policy)) {
		finish(f, STS_UNKNOWN, sts_policy_why(&f->policy));
		return;
	}
	if (sts_http_status(&f->http) != STS_HTTP_DONE) {
		finish(f, STS_UNKNOWN, sts_http_why(&f->http));
		return;
	}
	valid = sts_policy_end(&f->policy);
	if (!valid) {
		finish(f, STS_UNKNOWN, sts_policy_why(&f->policy));
	} else if (!keep_mx(f) || !ensure_stage(f)) {
		finish(f, STS_UNKNOWN, STS_WHY_POLICY_NO_ROOM);
	} else {
		finish(f, STS_FOUND, STS_WHY_NONE);
	}
}

/* Whether nothing that follows changes what is to be said of the response. */
static bool
is_over(const struct sts_fetch *f)
{
	return f->no_room || sts_policy_failed(&f->policy) ||
	       sts_http_status(&f->http) != STS_HTTP_MORE;
}

/* Application bytes, through HTTP. */
static void
take_response(struct sts_fetch *f)
{
	struct sts_text in = sts_tls_app_recv_buf(f->tls);
	uint16_t code = f->http.code;
	size_t off = 0;

	while (off < in.n && !is_over(f)) {
		struct sts_text body;
		size_t used =
		    sts_http_feed(&f->http, in.p + off, in.n - off, &body);

		STS_ASSERT(used > 0 && used <= in.n - off);
		take_content(f, body);
		off += used;
	}
	sts_tls_app_recv_ack(f->tls, in.n);
	if (f->http.code != code) {
		f->milestone = f->now;
	}
}

/* Whether the response is there to be judged. What was read may be forged as
 * long as its record has no end: no verdict, good or bad, is made of it. */
static bool
responded(const struct sts_fetch *f)
{
	return is_over(f) && !sts_tls_provisional(f->tls);
}

/* The status is told even if the rest never comes, but not a forged one. */
static void
note_code(struct sts_fetch *f)
{
	if (!sts_tls_provisional(f->tls)) {
		f->http_code = f->http.code;
	}
}

/* As much of the request as one record takes: a server with little memory may
 * want small ones. */
static void
send_request(struct sts_fetch *f)
{
	uint8_t request[STS_HTTP_REQUEST_MAX];
	uint8_t host[STS_POLICY_HOST_MAX];
	struct sts_span room = sts_tls_app_send_buf(f->tls);
	size_t len = sts_http_request(request, host_of(f, host)), n;

	STS_ASSERT(f->request_off < len);
	n = len - f->request_off < room.n ? len - f->request_off : room.n;
	memcpy(room.p, request + f->request_off, n);
	f->request_off = (uint16_t)(f->request_off + n);
	f->asked = f->request_off == len;
	sts_tls_app_send_ack(f->tls, n);
	sts_tls_app_flush(f->tls);
}

/* A refused certificate is the host's word; other failures are the path's. */
static void
tls_failed(struct sts_fetch *f)
{
	enum sts_why why = sts_tls_why(f->tls);

	if (f->established) {
		sts_http_closed(&f->http, false);
		finish(f, STS_UNKNOWN, why);
	} else if (why >= STS_WHY_X509_EXPIRED && why <= STS_WHY_X509_NO_SCT) {
		finish(f, STS_UNKNOWN, why);
	} else {
		sts_dial_refuse(&f->dial, why);
	}
}

/* When the handshake is over. False: the fetch is too, as SCTs are missing. */
static bool
note_established(struct sts_fetch *f)
{
	if (f->established || !sts_tls_established(f->tls)) {
		return true;
	}
	f->established = true;
	f->milestone = f->now;
	sts_dial_won(&f->dial);
	f->scts = (uint8_t)sts_tls_scts(f->tls);
	f->must_staple = sts_tls_must_staple(f->tls);
	if (f->lookup->settings->sct == STS_SCT_REQUIRE &&
	    f->scts < STS_FETCH_SCTS_MIN) {
		finish(f, STS_UNKNOWN, STS_WHY_X509_NO_SCT);
		return false;
	}
	return true;
}

/* Move what can be moved between the session and the response reader. */
static void
pump(struct sts_fetch *f)
{
	for (;;) {
		unsigned wants = sts_tls_wants(f->tls);

		if (!note_established(f)) {
			return;
		}
		if ((wants & STS_TLS_FAILED) != 0) {
			tls_failed(f);
			return;
		}
		if (responded(f)) {
			judge(f);
			return;
		}
		note_code(f);
		if ((wants & STS_TLS_APP_RECV) != 0) {
			take_response(f);
		} else if ((wants & STS_TLS_APP_SEND) != 0 && !f->asked) {
			send_request(f);
		} else if ((wants & STS_TLS_CLOSED) != 0) {
			sts_http_closed(&f->http, true);
			judge(f);
			return;
		} else {
			return;
		}
	}
}

/* There is a connection: begin the handshake. */
static void
take_connection(struct sts_fetch *f)
{
	uint8_t host[STS_POLICY_HOST_MAX];

	f->milestone = f->now;
	f->handshake_until = f->now + STS_FETCH_HANDSHAKE_MS;
	f->established = false;
	f->asked = false;
	f->request_off = 0;
	sts_tls_start(f->tls, host_of(f, host), f->lookup->settings->anchors,
	    f->wall_s, f->rnd);
	sts_tls_use_links(f->tls, f->links);
	sts_tls_use_alpn(f->tls, sts_text(protocol, sizeof protocol - 1));
	f->rnd[0]++; /* no two sessions from the same seed */
}

static unsigned
fetch_wants(const void *e)
{
	const struct sts_fetch *f = e;

	return f->busy && f->done && sts_dial_closed(&f->dial) ? STS_WANT_OWNER
							       : 0U;
}

/* Whether the time for a handshake is running. */
static bool
shakes_hands(const struct sts_fetch *f)
{
	return sts_dial_taken(&f->dial) >= 0 && !f->established;
}

static void
fetch_tick(void *e, sts_ms now, int64_t wall_s)
{
	struct sts_fetch *f = e;

	(void)wall_s;
	f->now = now;
	if (!f->busy || f->done) {
		return;
	}
	if (!sts_before(now, f->until)) {
		finish(f, STS_UNKNOWN, STS_WHY_FETCH_TIMEOUT);
		return;
	}
	sts_dial_tick(&f->dial, now);
	if (shakes_hands(f) && !sts_before(now, f->handshake_until)) {
		sts_dial_refuse(&f->dial, STS_WHY_TLS_TIMEOUT);
	}
}

static bool
fetch_deadline(const void *e, sts_ms *at)
{
	const struct sts_fetch *f = e;
	sts_ms dial_at;

	if (!f->busy || f->done) {
		return false;
	}
	*at = f->until;
	if (sts_dial_deadline(&f->dial, &dial_at)) {
		*at = sts_earlier(*at, dial_at);
	}
	if (shakes_hands(f)) {
		*at = sts_earlier(*at, f->handshake_until);
	}
	return true;
}

static void
fetch_child(void *e, unsigned i)
{
	struct sts_fetch *f = e;

	sts_dial_child(&f->dial, i);
	if (f->done || sts_dial_taken(&f->dial) >= 0) {
		return;
	}
	if (sts_dial_take(&f->dial) >= 0) {
		take_connection(f);
	} else if (sts_dial_over(&f->dial)) {
		finish(f, STS_UNKNOWN, sts_dial_why(&f->dial));
	}
}

static int
fetch_stirred(void *e)
{
	struct sts_fetch *f = e;

	return sts_dial_stirred(&f->dial);
}

static bool
is_taken(const struct sts_conn *c)
{
	return sts_dial_taken(&c->fetch->dial) == c->index;
}

static unsigned
conn_wants(const void *e)
{
	const struct sts_conn *c = e;
	unsigned tls, wants = 0;

	if (!is_taken(c)) {
		return sts_dial_wants(&c->fetch->dial, c->index);
	}
	tls = sts_tls_wants(c->fetch->tls);
	wants |= (tls & STS_TLS_REC_SEND) != 0 ? STS_WANT_SEND : 0;
	wants |= (tls & STS_TLS_REC_RECV) != 0 ? STS_WANT_RECV : 0;
	wants |= (tls & STS_TLS_WORK) != 0 ? STS_WANT_WORK : 0;
	return wants;
}

static const struct sts_addr *
conn_peer(const void *e)
{
	const struct sts_conn *c = e;

	return sts_dial_peer(&c->fetch->dial, c->index);
}

static void
conn_opened(void *e)
{
	struct sts_conn *c = e;

	sts_dial_opened(&c->fetch->dial, c->index);
}

static void
conn_lost(void *e, int why)
{
	struct sts_conn *c = e;
	struct sts_fetch *f = c->fetch;

	if (is_taken(c) && why == STS_IO_EOF) {
		sts_tls_peer_closed(f->tls);
		pump(f);
		return;
	}
	if (is_taken(c) && f->established) {
		finish(f, STS_UNKNOWN, STS_WHY_PEER_RESET);
	} else if (is_taken(c)) {
		sts_dial_refuse(&f->dial, STS_WHY_PEER_RESET);
	}
	sts_dial_lost(&f->dial, c->index, why);
}

static struct sts_span
conn_recv_buf(const void *e, struct sts_span lent)
{
	(void)lent;
	return sts_tls_rec_recv_buf(((const struct sts_conn *)e)->fetch->tls);
}

static void
conn_recv_ack(void *e, struct sts_span got)
{
	struct sts_fetch *f = ((struct sts_conn *)e)->fetch;

	sts_tls_rec_recv_ack(f->tls, got.n);
	pump(f);
}

static struct sts_text
conn_send_buf(const void *e, struct sts_span lent)
{
	(void)lent;
	return sts_tls_rec_send_buf(((const struct sts_conn *)e)->fetch->tls);
}

static void
conn_send_ack(void *e, size_t n)
{
	struct sts_fetch *f = ((struct sts_conn *)e)->fetch;

	sts_tls_rec_send_ack(f->tls, n);
	pump(f);
}

static void
conn_work(void *e)
{
	struct sts_fetch *f = ((struct sts_conn *)e)->fetch;

	sts_tls_work(f->tls);
	/* Our own time, not the host's; bounded by STS_X509_CHECKS_MAX. */
	f->milestone = f->now;
	pump(f);
}

/* Time is the fetch's: its deadline is the earliest of all. */
static void
conn_tick(void *e, sts_ms now, int64_t wall_s)
{
	struct sts_conn *c = e;

	(void)wall_s;
	c->fetch->now = now;
}

static bool
conn_deadline(const void *e, sts_ms *at)
{
	(void)e;
	(void)at;
	return false;
}

const struct sts_engine_ops sts_fetch_ops = {
	.wants = fetch_wants,
	.tick = fetch_tick,
	.deadline = fetch_deadline,
	.child = fetch_child,
	.stirred = fetch_stirred,
};

const struct sts_engine_ops sts_conn_ops = {
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

void
sts_fetch_init(struct sts_fetch *f, struct sts_tls *tls,
    struct sts_x509_links *links, struct sts_cache *cache)
{
	memset(f, 0, sizeof *f);
	f->tls = tls;
	f->links = links;
	f->cache = cache;
	sts_dial_init(&f->dial);
	for (unsigned i = 0; i < STS_FETCH_CONNS; i++) {
		f->conn[i].fetch = f;
		f->conn[i].index = (uint8_t)i;
	}
}

void
sts_fetch_begin(struct sts_fetch *f, struct sts_lookup *l, sts_ms now,
    int64_t wall_s, struct sts_text id, const uint8_t rnd[STS_TLS_RND])
{
	STS_ASSERT(!f->busy);
	STS_ASSERT(l->addr_count > 0);
	STS_ASSERT(wall_s >= 0);
	STS_ASSERT(id.n <= sizeof f->id);
	f->busy = true;
	f->done = f->staged = f->established = f->no_room = false;
	f->found = STS_PENDING;
	f->why = STS_WHY_NONE;
	f->http_code = 0;
	f->lookup = l;
	f->wall_s = wall_s;
	f->now = f->begun = f->milestone = now;
	f->until = l->fetch_until;
	f->body_len = 0;
	f->id_len = (uint8_t)id.n;
	if (id.n > 0) {
		memcpy(f->id, id.p, id.n);
	}
	memcpy(f->rnd, rnd, sizeof f->rnd);
	sts_http_start(&f->http);
	sts_policy_start(&f->policy);
	sts_dial_start(
	    &f->dial, l->addr, l->addr_count, STS_FETCH_CONNECT_MS, now);
}

void
sts_fetch_stop(struct sts_fetch *f, enum sts_why why)
{
	if (f->busy && !f->done) {
		finish(f, STS_UNKNOWN, why);
	}
}

void
sts_fetch_end(struct sts_fetch *f)
{
	STS_ASSERT(fetch_wants(f) == STS_WANT_OWNER);
	if (f->staged) {
		sts_cache_abandon(f->cache, &f->stage);
		f->staged = false;
	}
	sts_tls_end(f->tls);
	sts_wipe(f->rnd, sizeof f->rnd);
	f->busy = f->done = false;
	f->lookup = NULL;
}
