/* SPDX-License-Identifier: MIT */
/*
 * One policy over HTTPS: dial, handshake, response, policy, stage.
 *
 *	idle --begin--> dial --> handshake --> response --> done --end--> idle
 *	                  |          |             |         ^
 *	                  +----------+-------------+---------+
 *	                    any failure, the deadline, or stop
 *
 * Valid when done: found and why; policy and stage if FOUND, http_code if a
 * response came. `staged`: a stage of the cache is held, which is abandoned
 * here unless the policy is FOUND. `asked`: the request was sent; `milestone`
 * moves as the body grows.
 *
 * Invariants: `found` is set once. The whole has STS_FETCH_TOTAL_MS, however
 * slowly bytes come. The bytes of a TLS record may be forged until its tag is
 * checked at its end: no verdict, good or bad, is based on a record without its
 * end. A policy is FOUND only if certificate, response and grammar were good to
 * the end; everything else is UNKNOWN, and changes nothing that the cache
 * holds.
 *
 * The attacker may be the domain's web server (long, slow, endless or nearly
 * right responses) or anybody on the path, who can only make the fetch fail.
 */
#include <string.h>

#include "../base/assert.h"
#include "fetch.h"
#include "../cache/payload.h"

STS_STATIC_ASSERT(
    STS_LOOKUP_ADDRS <= STS_DIAL_ADDRS_MAX, every_address_is_dialled);

/* The name of the host that a fetch asks. */
static struct sts_text
host_of(const struct sts_fetch *f, uint8_t out[STS_POLICY_HOST_MAX])
{
	return sts_domain_policy_host(out, sts_lookup_domain(f->lookup));
}

sts_ms
sts_fetch_idle_since(const struct sts_fetch *f, sts_ms now)
{
	return sts_https_computes(&f->https) ? now : f->milestone;
}

/* End the fetch with this result: from now on channels are only closed. */
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
	/* sts_https_stop ends the wait that idle_since goes by. */
	f->milestone = sts_fetch_idle_since(f, f->https.now);
	sts_https_stop(&f->https);
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
 * there is no stage. A stage without room remembers that: whether an older
 * version makes room is decided when all of the policy has come.
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

/* Take content of the response through the policy parser into the stage. */
static void
take_content(struct sts_fetch *f, struct sts_text body)
{
	uint32_t before = f->body_len / STS_FETCH_MILESTONE;

	f->body_len += (uint32_t)body.n;
	if (f->body_len / STS_FETCH_MILESTONE != before) {
		f->milestone = f->https.now;
	}
	while (body.n > 0 && !f->no_room) {
		size_t used = sts_policy_feed(&f->policy, body.p, body.n);

		STS_ASSERT(used > 0 && used <= body.n);
		f->no_room = !keep_mx(f);
		body = sts_text(body.p + used, body.n - used);
	}
}

/* The response has ended, or is bad already: decide whether it is a policy. */
static void
judge(struct sts_fetch *f)
{
	bool valid;

	f->http_code = f->https.http.code;
	if (f->no_room) {
		finish(f, STS_UNKNOWN, STS_WHY_POLICY_NO_ROOM);
		return;
	}
	if (sts_policy_failed(&f->policy)) {
		finish(f, STS_UNKNOWN, sts_policy_why(&f->policy));
		return;
	}
	if (sts_http_status(&f->https.http) != STS_HTTP_DONE) {
		finish(f, STS_UNKNOWN, sts_http_why(&f->https.http));
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

/* Whether nothing that follows changes the verdict on the response. */
static bool
is_over(const struct sts_fetch *f)
{
	return f->no_room || sts_policy_failed(&f->policy) ||
	       sts_http_status(&f->https.http) != STS_HTTP_MORE;
}

/* Take application bytes through the reader of HTTP. */
static void
take_response(struct sts_fetch *f)
{
	struct sts_text in = sts_tls_app_recv_buf(f->https.tls);
	uint16_t code = f->https.http.code;
	size_t off = 0;

	while (off < in.n && !is_over(f)) {
		struct sts_text body;
		size_t used = sts_http_feed(
		    &f->https.http, in.p + off, in.n - off, &body);

		STS_ASSERT(used > 0 && used <= in.n - off);
		take_content(f, body);
		off += used;
	}
	sts_tls_app_recv_ack(f->https.tls, in.n);
	if (f->https.http.code != code) {
		f->milestone = f->https.now;
	}
}

/* Whether the response can be judged. Not before the end of the record in hand,
 * whose bytes may be forged until then. */
static bool
responded(const struct sts_fetch *f)
{
	return is_over(f) && !sts_https_provisional(&f->https);
}

/* Note the status, to be reported even if the rest never comes, but not before
 * its record is authenticated. */
static void
note_code(struct sts_fetch *f)
{
	if (!sts_https_provisional(&f->https)) {
		f->http_code = f->https.http.code;
	}
}

static void
send_request(struct sts_fetch *f)
{
	uint8_t request[STS_HTTP_REQUEST_MAX];
	uint8_t host[STS_POLICY_HOST_MAX];
	size_t len = sts_http_request(request, host_of(f, host));

	STS_ASSERT(f->request_off < len);
	f->request_off =
	    (uint16_t)(f->request_off + sts_https_send(&f->https,
					    sts_text(request + f->request_off,
						len - f->request_off)));
	f->asked = f->request_off == len;
}

/* The handshake is over. False: so is the fetch, as SCTs are missing. */
static bool
note_established(struct sts_fetch *f)
{
	f->milestone = f->https.now;
	f->scts = (uint8_t)sts_tls_scts(f->https.tls);
	f->must_staple = sts_tls_must_staple(f->https.tls);
	if (f->lookup->settings->sct == STS_SCT_REQUIRE &&
	    f->scts < STS_FETCH_SCTS_MIN) {
		finish(f, STS_UNKNOWN, STS_WHY_X509_NO_SCT);
		return false;
	}
	return true;
}

/* Serve one event of the session. False: there is nothing more to do now. */
static bool
serve(struct sts_fetch *f, enum sts_https_event event)
{
	switch (event) {
	case STS_HTTPS_ESTABLISHED:
		return note_established(f);
	case STS_HTTPS_RECV:
		take_response(f);
		return true;
	case STS_HTTPS_SEND:
		send_request(f);
		return true;
	case STS_HTTPS_CLOSED:
		sts_http_closed(&f->https.http, true);
		judge(f);
		return false;
	case STS_HTTPS_FAILED:
		finish(f, STS_UNKNOWN, sts_tls_why(f->https.tls));
		return false;
	case STS_HTTPS_WAIT:
		break;
	}
	return false;
}

/* Move what can be moved between the session and the response reader. */
static void
pump(struct sts_fetch *f)
{
	for (;;) {
		enum sts_https_event event =
		    sts_https_next(&f->https, !f->asked);

		if (event != STS_HTTPS_ESTABLISHED &&
		    event != STS_HTTPS_FAILED && responded(f)) {
			judge(f);
			return;
		}
		if (event != STS_HTTPS_FAILED) {
			note_code(f);
		}
		if (!serve(f, event)) {
			return;
		}
	}
}

/* A connection was established: begin the handshake. */
static void
take_connection(struct sts_fetch *f)
{
	uint8_t host[STS_POLICY_HOST_MAX];

	f->milestone = f->https.now;
	f->asked = false;
	f->request_off = 0;
	sts_https_shake(&f->https, host_of(f, host));
}

static unsigned
fetch_wants(const void *e)
{
	const struct sts_fetch *f = e;

	return f->busy && f->done && sts_dial_closed(&f->https.dial)
		   ? STS_WANT_OWNER
		   : 0U;
}

static void
fetch_tick(void *e, sts_ms now, int64_t wall_s)
{
	struct sts_fetch *f = e;

	(void)wall_s;
	f->https.now = now;
	if (!f->busy || f->done) {
		return;
	}
	if (!sts_before(now, f->until)) {
		finish(f, STS_UNKNOWN, STS_WHY_FETCH_TIMEOUT);
		return;
	}
	sts_https_tick(&f->https, now);
}

static bool
fetch_deadline(const void *e, sts_ms *at)
{
	const struct sts_fetch *f = e;

	if (!f->busy || f->done) {
		return false;
	}
	*at = f->until;
	sts_https_deadline(&f->https, at);
	return true;
}

static void
fetch_child(void *e, unsigned i)
{
	struct sts_fetch *f = e;

	switch (sts_https_child(&f->https, i)) {
	case STS_HTTPS_CONNECTED:
		take_connection(f);
		break;
	case STS_HTTPS_UNREACHED:
		if (!f->done) {
			f->unreached = true;
			finish(f, STS_UNKNOWN, sts_dial_why(&f->https.dial));
		}
		break;
	case STS_HTTPS_DIALS:
		break;
	}
}

static int
fetch_stirred(void *e)
{
	struct sts_fetch *f = e;

	return sts_dial_stirred(&f->https.dial);
}

static void
conn_lost(void *e, int why)
{
	struct sts_conn *c = e;
	struct sts_fetch *f = c->owner;

	switch (sts_https_lost(c, why)) {
	case STS_HTTPS_CLOSED:
		pump(f);
		break;
	case STS_HTTPS_FAILED:
		finish(f, STS_UNKNOWN, sts_https_why_lost(why));
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

	sts_https_send_ack(c, n);
	pump(c->owner);
}

static void
conn_work(void *e)
{
	struct sts_conn *c = e;
	struct sts_fetch *f = c->owner;

	sts_https_work(c);
	/* Checking signatures takes our own time, not the host's;
	 * STS_X509_CHECKS_MAX bounds it. */
	f->milestone = f->https.now;
	pump(f);
}

const struct sts_engine_ops sts_fetch_ops = {
	.wants = fetch_wants,
	.tick = fetch_tick,
	.deadline = fetch_deadline,
	.child = fetch_child,
	.stirred = fetch_stirred,
};

const struct sts_engine_ops sts_fetch_conn_ops = STS_CONN_OPS(
    sts_conn_wants, conn_lost, conn_recv_ack, conn_send_ack, conn_work);

void
sts_fetch_init(struct sts_fetch *f, struct sts_tls *tls,
    struct sts_tls_common *common, struct sts_cache *cache)
{
	memset(f, 0, sizeof *f);
	f->cache = cache;
	sts_https_init(&f->https, tls, common, f);
}

void
sts_fetch_begin(struct sts_fetch *f, struct sts_lookup *l, sts_ms now,
    int64_t wall_s, struct sts_text id, const uint8_t rnd[STS_TLS_RND])
{
	struct sts_https_to to = { l->addr, l->addr_count, l->settings->anchors,
		wall_s, rnd };

	STS_ASSERT(!f->busy);
	STS_ASSERT(l->addr_count > 0);
	STS_ASSERT(id.n <= sizeof f->id);
	f->busy = true;
	f->done = f->staged = f->asked = f->no_room = f->unreached = false;
	f->found = STS_PENDING;
	f->why = STS_WHY_NONE;
	f->http_code = 0;
	f->lookup = l;
	f->wall_s = wall_s;
	f->begun = f->milestone = now;
	f->until = l->fetch_until;
	f->body_len = 0;
	f->id_len = (uint8_t)id.n;
	if (id.n > 0) {
		memcpy(f->id, id.p, id.n);
	}
	sts_policy_start(&f->policy);
	sts_https_begin(&f->https, &to, now);
}

void
sts_fetch_stop(struct sts_fetch *f, enum sts_why why, sts_ms now)
{
	if (f->busy && !f->done) {
		f->https.now = now;
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
	sts_https_end(&f->https);
	f->busy = f->done = false;
	f->lookup = NULL;
}
