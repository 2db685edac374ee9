/* SPDX-License-Identifier: MIT */
/*
 * The policy of a domain, fetched for mtasts check: what core/https/fetch.c
 * does, but every address is tried, and what was seen is kept.
 *
 *	CONNECTING -> TALKING -> CLOSING -> (the next address) or OVER
 *	                     +-> ENDING -> OVER
 *
 * While TALKING the session of `tls` has the channel. `judged`: the handshake
 * is over and the path was looked at; nothing is sent before. `step_until`
 * counts until then, `until` for all addresses together.
 *
 * Invariants: `out` has the result once the state is ENDING or OVER. The next
 * address is tried after a failed connection or handshake, never after a
 * certificate or a response: that server has answered. A policy is FOUND only
 * if its response is complete and its grammar right.
 *
 * The attacker is the policy host, or somebody in its place. He is bounded by
 * STS_CHECK_FETCH_ALL_MS and by the limits of core/https/http.h; what he sends
 * is copied as far as there is room, and printed escaped.
 */
#include <string.h>

#include "../../core/base/assert.h"
#include "check_fetch.h"

enum {
	CONNECTING = 0,
	TALKING,
	CLOSING, /* and then the next address is tried */
	ENDING, /* closing, and the result is there */
	OVER
};

static const uint8_t protocol[] = "http/1.1";

static bool
is_x509(enum sts_why why)
{
	return why >= STS_WHY_X509_EXPIRED && why <= STS_WHY_X509_NO_SCT;
}

static void
finish(struct sts_check_fetch *f, enum sts_found found, enum sts_why why)
{
	f->out->found = (uint8_t)found;
	f->out->why = (uint8_t)why;
	f->out->http_code = f->http.code;
	f->state = ENDING;
}

/* This address is of no use. */
static void
refuse(struct sts_check_fetch *f, enum sts_why why)
{
	f->out->found = STS_UNKNOWN;
	f->out->why = (uint8_t)why;
	f->state = CLOSING;
}

static void
begin_address(struct sts_check_fetch *f)
{
	f->state = CONNECTING;
	f->step_until = f->now + STS_CHECK_FETCH_CONNECT_MS;
	f->judged = f->asked = false;
	sts_http_start(&f->http);
	sts_policy_start(&f->policy);
	f->out->mx_count = f->out->body_len = 0;
}

/* The channel is closed. */
static void
closed(struct sts_check_fetch *f)
{
	if (f->state == CLOSING && f->addr + 1 < f->out->addr_count) {
		f->addr++;
		begin_address(f);
	} else {
		sts_tls_end(f->tls);
		f->unanswered = f->state == CLOSING;
		f->state = OVER;
	}
}

static void
keep_mx(struct sts_check_fetch *f)
{
	struct sts_check_policy *p = f->out;

	if (f->policy.mx_len > 0) {
		if (p->mx_count < STS_CHECK_MX_MAX) {
			memcpy(
			    p->mx[p->mx_count], f->policy.mx, f->policy.mx_len);
			p->mx_len[p->mx_count] = (uint8_t)f->policy.mx_len;
		}
		p->mx_count++;
	}
}

static void
take_content(struct sts_check_fetch *f, struct sts_text body)
{
	f->out->body_len += (uint32_t)body.n;
	while (body.n > 0) {
		size_t used = sts_policy_feed(&f->policy, body.p, body.n);

		keep_mx(f);
		body = sts_text(body.p + used, body.n - used);
	}
}

static void
take_response(struct sts_check_fetch *f)
{
	struct sts_text in = sts_tls_app_recv_buf(f->tls);
	size_t off = 0;

	while (off < in.n && sts_http_status(&f->http) == STS_HTTP_MORE) {
		struct sts_text body;

		off += sts_http_feed(&f->http, in.p + off, in.n - off, &body);
		take_content(f, body);
	}
	sts_tls_app_recv_ack(f->tls, in.n);
}

static void
send_request(struct sts_check_fetch *f)
{
	uint8_t request[STS_HTTP_REQUEST_MAX];
	size_t n = sts_http_request(request, sts_text(f->host, f->host_len));
	struct sts_span room = sts_tls_app_send_buf(f->tls);

	/* A whole record's room: no server makes it less than a request. */
	n = n < room.n ? n : room.n;
	memcpy(room.p, request, n);
	f->asked = true;
	sts_tls_app_send_ack(f->tls, n);
	sts_tls_app_flush(f->tls);
}

/* The response has ended: is there a policy? */
static void
judge(struct sts_check_fetch *f)
{
	struct sts_check_policy *p = f->out;

	if (sts_http_status(&f->http) != STS_HTTP_DONE) {
		finish(f, STS_UNKNOWN, sts_http_why(&f->http));
		return;
	}
	bool valid = sts_policy_end(&f->policy);

	keep_mx(f);
	p->mode = (uint8_t)f->policy.mode;
	p->max_age_s = f->policy.max_age_s;
	p->mx_skipped = f->policy.mx_skipped;
	finish(f, valid ? STS_FOUND : STS_UNKNOWN, sts_policy_why(&f->policy));
}

/* The handshake is over: what the host showed. */
static void
judge_path(struct sts_check_fetch *f)
{
	enum sts_why path = sts_tls_path(f->tls);

	f->judged = true;
	f->out->from = f->out->addr[f->addr];
	f->out->scts = (uint8_t)sts_tls_scts(f->tls);
	f->out->cert.there = true;
	f->out->cert.ecdsa = sts_tls_ecdsa(f->tls);
	f->out->cert.tls_version = sts_tls_version(f->tls);
	f->out->cert.path = (uint8_t)path;
	if (path != STS_WHY_NONE) {
		finish(f, STS_UNKNOWN, path);
	}
}

static void
tls_failed(struct sts_check_fetch *f)
{
	enum sts_why why = sts_tls_why(f->tls);

	if (f->judged || is_x509(why)) {
		finish(f, STS_UNKNOWN, why);
	} else {
		refuse(f, why);
	}
}

/* One move between the session and the response reader. False: there is
 * none. */
static bool
move(struct sts_check_fetch *f, unsigned wants)
{
	if (sts_http_status(&f->http) != STS_HTTP_MORE &&
	    !sts_tls_provisional(f->tls)) {
		judge(f);
	} else if ((wants & STS_TLS_APP_RECV) != 0) {
		take_response(f);
	} else if ((wants & STS_TLS_APP_SEND) != 0 && !f->asked) {
		send_request(f);
	} else if ((wants & STS_TLS_CLOSED) != 0) {
		sts_http_closed(&f->http, true);
		judge(f);
	} else {
		return false;
	}
	return true;
}

static void
pump(struct sts_check_fetch *f)
{
	bool moved = true;

	while (f->state == TALKING && moved) {
		unsigned wants = sts_tls_wants(f->tls);

		if ((wants & STS_TLS_FAILED) != 0) {
			tls_failed(f);
		} else if (!f->judged && sts_tls_established(f->tls)) {
			judge_path(f);
		} else {
			moved = move(f, wants);
		}
	}
}

static unsigned
fetch_wants(const void *e)
{
	const struct sts_check_fetch *f = e;
	unsigned tls, wants = 0;

	switch (f->state) {
	case CONNECTING:
		return STS_WANT_STREAM;
	case TALKING:
		tls = sts_tls_wants(f->tls);
		wants |= (tls & STS_TLS_REC_SEND) != 0 ? STS_WANT_SEND : 0;
		wants |= (tls & STS_TLS_REC_RECV) != 0 ? STS_WANT_RECV : 0;
		wants |= (tls & STS_TLS_WORK) != 0 ? STS_WANT_WORK : 0;
		return wants;
	case OVER:
		return STS_WANT_OWNER;
	default:
		return STS_WANT_CLOSE;
	}
}

static const struct sts_addr *
fetch_peer(const void *e)
{
	const struct sts_check_fetch *f = e;

	return &f->out->addr[f->addr];
}

static void
fetch_opened(void *e)
{
	struct sts_check_fetch *f = e;

	f->state = TALKING;
	f->step_until = f->now + STS_CHECK_FETCH_HANDSHAKE_MS;
	sts_tls_start(f->tls, sts_text(f->host, f->host_len), f->anchors,
	    f->wall_s, f->rnd);
	sts_tls_use_alpn(f->tls, sts_text(protocol, sizeof protocol - 1));
	f->chain.p = f->chain_bytes;
	f->chain.size = sizeof f->chain_bytes;
	sts_tls_collect(f->tls, &f->chain);
	f->rnd[0]++; /* no two sessions from the same seed */
}

static enum sts_why
connect_why(int why)
{
	switch (why) {
	case STS_IO_REFUSED:
		return STS_WHY_CONNECT_REFUSED;
	case STS_IO_LIMIT:
		return STS_WHY_BUSY;
	case STS_IO_RESET:
		return STS_WHY_PEER_RESET;
	default:
		return STS_WHY_CONNECT_FAILED;
	}
}

static void
fetch_lost(void *e, int why)
{
	struct sts_check_fetch *f = e;

	if (f->state == CLOSING || f->state == ENDING) {
		closed(f);
	} else if (f->state == TALKING && why == STS_IO_EOF) {
		sts_tls_peer_closed(f->tls);
		pump(f);
	} else if (f->state == TALKING && f->judged) {
		finish(f, STS_UNKNOWN, STS_WHY_PEER_RESET);
		closed(f);
	} else if (f->state == TALKING) {
		refuse(f, STS_WHY_PEER_RESET);
		closed(f);
	} else {
		refuse(f, connect_why(why));
		closed(f);
	}
}

static struct sts_span
fetch_recv_buf(const void *e, struct sts_span lent)
{
	(void)lent;
	return sts_tls_rec_recv_buf(((const struct sts_check_fetch *)e)->tls);
}

static void
fetch_recv_ack(void *e, struct sts_span got)
{
	struct sts_check_fetch *f = e;

	sts_tls_rec_recv_ack(f->tls, got.n);
	pump(f);
}

static struct sts_text
fetch_send_buf(const void *e, struct sts_span lent)
{
	(void)lent;
	return sts_tls_rec_send_buf(((const struct sts_check_fetch *)e)->tls);
}

static void
fetch_send_ack(void *e, size_t n)
{
	struct sts_check_fetch *f = e;

	sts_tls_rec_send_ack(f->tls, n);
	pump(f);
}

static void
fetch_work(void *e)
{
	struct sts_check_fetch *f = e;

	sts_tls_work(f->tls);
	pump(f);
}

static bool
is_busy(const struct sts_check_fetch *f)
{
	return f->state == CONNECTING || f->state == TALKING;
}

static void
fetch_tick(void *e, sts_ms now, int64_t wall_s)
{
	struct sts_check_fetch *f = e;

	(void)wall_s;
	f->now = now;
	if (!is_busy(f)) {
		return;
	}
	if (!sts_before(now, f->until)) {
		finish(f, STS_UNKNOWN, STS_WHY_FETCH_TIMEOUT);
	} else if (!f->judged && !sts_before(now, f->step_until)) {
		refuse(f, f->state == TALKING ? STS_WHY_TLS_TIMEOUT
					      : STS_WHY_CONNECT_TIMEOUT);
	}
}

static bool
fetch_deadline(const void *e, sts_ms *at)
{
	const struct sts_check_fetch *f = e;

	if (is_busy(f)) {
		*at =
		    f->judged ? f->until : sts_earlier(f->until, f->step_until);
	}
	return is_busy(f);
}

const struct sts_engine_ops sts_check_fetch_ops = {
	.wants = fetch_wants,
	.peer = fetch_peer,
	.opened = fetch_opened,
	.lost = fetch_lost,
	.recv_buf = fetch_recv_buf,
	.recv_ack = fetch_recv_ack,
	.send_buf = fetch_send_buf,
	.send_ack = fetch_send_ack,
	.work = fetch_work,
	.tick = fetch_tick,
	.deadline = fetch_deadline,
};

void
sts_check_fetch_begin(struct sts_check_fetch *f, struct sts_check_policy *out,
    struct sts_text host, const struct sts_anchors *anchors, int64_t wall_s,
    sts_ms now, const uint8_t rnd[STS_TLS_RND])
{
	STS_ASSERT(out->addr_count > 0);
	STS_ASSERT(host.n <= sizeof f->host);
	f->out = out;
	f->anchors = anchors;
	f->wall_s = wall_s;
	memcpy(f->host, host.p, host.n);
	f->host_len = (uint8_t)host.n;
	memcpy(f->rnd, rnd, sizeof f->rnd);
	f->addr = 0;
	f->now = now;
	f->until = now + STS_CHECK_FETCH_ALL_MS;
	memset(&f->chain, 0, sizeof f->chain);
	begin_address(f);
}
