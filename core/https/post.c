/* SPDX-License-Identifier: MIT */
/*
 * One POST: dial, handshake, head, body, status. The whole request is sent in
 * this order: head_off counts up to head_len, then `left` down to 0. A status
 * that comes before the end of the body ends the POST all the same, as the
 * server has decided.
 *
 * Invariants: nothing of the request is sent before the handshake is over, and
 * a status is noted only when its record is authenticated.
 *
 * The attacker named the host: it may answer anything or nothing, but the POST
 * ends after STS_POST_TOTAL_MS, and no redirect is followed.
 */
#include <string.h>

#include "../base/assert.h"
#include "../base/sink.h"
#include "../base/text.h"
#include "../base/version.h"
#include "post.h"

static void
put_head(const struct sts_post *p, struct sts_sink *s)
{
	struct sts_text texts[] = { p->path, p->host, sts_text_of(p->type),
		sts_text(p->length, p->digits) };

	(void)sts_text_take(texts, "/");
	sts_sink_form(s,
	    "POST /$a HTTP/1.1\r\n"
	    "Host: $b\r\n"
	    "User-Agent: mtasts/" STS_VERSION "\r\n"
	    "Content-Type: $c\r\n"
	    "Content-Length: $d\r\n"
	    "Connection: close\r\n"
	    "\r\n",
	    texts);
}

static bool
head_sent(const struct sts_post *p)
{
	return p->head_off == p->head_len;
}

static void
finish(struct sts_post *p, enum sts_why why)
{
	STS_ASSERT(!p->done);
	p->done = true;
	p->why = p->code != 0 ? STS_WHY_NONE : why;
	sts_https_stop(&p->https);
}

/* Note the status, once the end of its record has authenticated it, however the
 * connection ends. */
static void
note_code(struct sts_post *p)
{
	if (!sts_https_provisional(&p->https)) {
		p->code = p->https.http.code;
	}
}

static void
send_head(struct sts_post *p)
{
	struct sts_span room = sts_tls_app_send_buf(p->https.tls);
	size_t left = p->head_len - p->head_off;
	struct sts_sink s = { 0, p->head_off, p->head_off + room.n, room.p };

	STS_ASSERT(room.n > 0 && left > 0);
	put_head(p, &s);
	room.n = room.n < left ? room.n : left;
	p->head_off += (uint32_t)room.n;
	sts_tls_app_send_ack(p->https.tls, room.n);
	sts_tls_app_flush(p->https.tls);
}

/* Take octets of the response, which is read only as far as its status. */
static void
take_response(struct sts_post *p)
{
	struct sts_text in = sts_tls_app_recv_buf(p->https.tls);
	struct sts_http *http = &p->https.http;
	size_t off = 0;

	while (off < in.n && http->code == 0 &&
	       sts_http_status(http) == STS_HTTP_MORE) {
		struct sts_text body;

		off += sts_http_feed(http, in.p + off, in.n - off, &body);
	}
	sts_tls_app_recv_ack(p->https.tls, in.n);
}

/* Whether a status has come, or none can come any more. */
static bool
responded(const struct sts_post *p)
{
	const struct sts_http *http = &p->https.http;

	return (http->code != 0 || sts_http_status(http) != STS_HTTP_MORE) &&
	       !sts_https_provisional(&p->https);
}

/* Serve one event of the session. False: there is nothing more to do now. */
static bool
serve(struct sts_post *p, enum sts_https_event event)
{
	switch (event) {
	case STS_HTTPS_ESTABLISHED:
		return true;
	case STS_HTTPS_RECV:
		take_response(p);
		return true;
	case STS_HTTPS_SEND:
		send_head(p);
		return true;
	case STS_HTTPS_CLOSED:
		finish(p, STS_WHY_PEER_CLOSED);
		return false;
	case STS_HTTPS_FAILED:
		finish(p, sts_tls_why(p->https.tls));
		return false;
	case STS_HTTPS_WAIT:
		break;
	}
	return false;
}

static void
pump(struct sts_post *p)
{
	for (;;) {
		enum sts_https_event event =
		    sts_https_next(&p->https, !head_sent(p));

		if (event != STS_HTTPS_FAILED) {
			note_code(p);
		}
		if (event != STS_HTTPS_ESTABLISHED &&
		    event != STS_HTTPS_FAILED && responded(p)) {
			finish(p, sts_http_why(&p->https.http));
			return;
		}
		if (!serve(p, event)) {
			return;
		}
	}
}

static bool
needs_body(const struct sts_post *p)
{
	return !p->done && !p->held && p->left > 0 && p->https.established &&
	       head_sent(p) &&
	       (sts_tls_wants(p->https.tls) & STS_TLS_APP_SEND) != 0;
}

static unsigned
post_wants(const void *e)
{
	const struct sts_post *p = e;

	if (!p->busy) {
		return 0;
	}
	return (p->done && sts_dial_closed(&p->https.dial)) || needs_body(p)
		   ? STS_WANT_OWNER
		   : 0U;
}

static void
post_tick(void *e, sts_ms now, int64_t wall_s)
{
	struct sts_post *p = e;

	(void)wall_s;
	p->https.now = now;
	if (!p->busy || p->done) {
		return;
	}
	if (!sts_before(now, p->until)) {
		finish(p, STS_WHY_FETCH_TIMEOUT);
		return;
	}
	sts_https_tick(&p->https, now);
}

static bool
post_deadline(const void *e, sts_ms *at)
{
	const struct sts_post *p = e;

	if (!p->busy || p->done) {
		return false;
	}
	*at = p->until;
	sts_https_deadline(&p->https, at);
	return true;
}

/* The taken connection wants its owner only for a piece of the body, which the
 * owner of this engine has to write. */
static void
post_child(void *e, unsigned i)
{
	struct sts_post *p = e;

	if (sts_dial_taken(&p->https.dial) == (int)i) {
		return;
	}
	switch (sts_https_child(&p->https, i)) {
	case STS_HTTPS_CONNECTED:
		p->head_off = 0;
		sts_https_shake(&p->https, p->host);
		break;
	case STS_HTTPS_UNREACHED:
		if (!p->done) {
			finish(p, sts_dial_why(&p->https.dial));
		}
		break;
	case STS_HTTPS_DIALS:
		break;
	}
}

static int
post_stirred(void *e)
{
	struct sts_post *p = e;
	int taken = p->resumed ? sts_dial_taken(&p->https.dial) : -1;

	p->resumed = false;
	return taken >= 0 ? taken : sts_dial_stirred(&p->https.dial);
}

static unsigned
conn_wants(const void *e)
{
	const struct sts_conn *c = e;
	const struct sts_post *p = c->owner;
	bool taken = sts_dial_taken(&p->https.dial) == c->index;

	return sts_conn_wants(e) |
	       (taken && needs_body(p) ? (unsigned)STS_WANT_OWNER : 0);
}

static void
conn_lost(void *e, int why)
{
	struct sts_conn *c = e;
	struct sts_post *p = c->owner;

	switch (sts_https_lost(c, why)) {
	case STS_HTTPS_CLOSED:
		pump(p);
		break;
	case STS_HTTPS_FAILED:
		finish(p, sts_https_why_lost(why));
		break;
	default:
		break;
	}
}

static void
conn_recv_ack(void *e, struct sts_span got)
{
	struct sts_conn *c = e;

	sts_https_recv_ack(c, got.n);
	pump(c->owner);
}

static void
conn_send_ack(void *e, size_t n)
{
	struct sts_conn *c = e;
	struct sts_post *p = c->owner;

	sts_https_send_ack(c, n);
	p->unsent =
	    p->unsent && (sts_tls_wants(p->https.tls) & STS_TLS_REC_SEND) != 0;
	pump(p);
}

static void
conn_work(void *e)
{
	struct sts_conn *c = e;

	sts_https_work(c);
	pump(c->owner);
}

const struct sts_engine_ops sts_post_ops = {
	.wants = post_wants,
	.tick = post_tick,
	.deadline = post_deadline,
	.child = post_child,
	.stirred = post_stirred,
};

const struct sts_engine_ops sts_post_conn_ops = STS_CONN_OPS(
    conn_wants, conn_lost, conn_recv_ack, conn_send_ack, conn_work);

void
sts_post_init(
    struct sts_post *p, struct sts_tls *tls, struct sts_tls_common *common)
{
	memset(p, 0, sizeof *p);
	sts_https_init(&p->https, tls, common, p);
}

void
sts_post_begin(struct sts_post *p, const struct sts_post_to *to, sts_ms now)
{
	STS_ASSERT(!p->busy);
	struct sts_sink measure = { 0, 0, 0, NULL };

	p->busy = true;
	p->done = false;
	p->code = 0;
	p->why = STS_WHY_NONE;
	p->host = to->host;
	p->path = to->path;
	p->type = to->type;
	p->left = to->length;
	p->digits = (uint8_t)sts_put_decimal(p->length, to->length);
	put_head(p, &measure);
	p->head_len = (uint32_t)measure.pos;
	p->head_off = 0;
	p->held = p->resumed = p->unsent = false;
	p->until = now + STS_POST_TOTAL_MS;
	sts_https_begin(&p->https, &to->https, now);
}

struct sts_span
sts_post_room(const struct sts_post *p)
{
	struct sts_span room = { NULL, 0 };

	if (needs_body(p)) {
		room = sts_tls_app_send_buf(p->https.tls);
		room.n = room.n < p->left ? room.n : p->left;
	}
	return room;
}

void
sts_post_wrote(struct sts_post *p, size_t n)
{
	STS_ASSERT(n > 0 && n <= p->left);
	p->left -= (uint32_t)n;
	p->unsent = true; /* until its record has left */
	sts_tls_app_send_ack(p->https.tls, n);
	sts_tls_app_flush(p->https.tls);
}

void
sts_post_hold(struct sts_post *p, bool held)
{
	p->resumed = p->held && !held;
	p->held = held;
}

void
sts_post_stop(struct sts_post *p, enum sts_why why)
{
	if (p->busy && !p->done) {
		finish(p, why);
	}
}

void
sts_post_end(struct sts_post *p)
{
	STS_ASSERT(p->busy && p->done);
	sts_https_end(&p->https);
	p->busy = p->done = false;
}
