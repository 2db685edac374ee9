/* SPDX-License-Identifier: MIT */
/*
 * A question around core's (dns/upstream.h): the first one is the one whose
 * result counts; the second one, with CD, only shows why that was SERVFAIL.
 * Records are kept as they come, each behind its length in two octets; they
 * count if the question ends FOUND.
 *
 *	first -> over                       anything but SERVFAIL
 *	first -> checking_disabled -> over  nobody answers: SERVFAIL it is
 *	                           -> again -> over   SERVFAIL once more: bogus;
 *	                                              else this result counts
 *
 * Invariants: a record is in `store` whole or not at all; if one does not fit,
 * `more` is set and no later one is kept. Only the questions without CD fill
 * `store`: an answer that nobody validated is never shown as one.
 *
 * The attacker forges answers, or serves the zone: he can make a domain look
 * bogus, or keep its answer away. Whether an answer is authentic is not judged
 * here, but by the trusted name server (sts_upstream_authentic).
 */
#include <string.h>

#include "../../core/base/assert.h"
#include "check_ask.h"

enum {
	LENGTH = 2,
	NO_NAME = 0xff
};

static void
start(struct sts_check_ask *a, const uint8_t rnd[STS_DNS_RND])
{
	struct sts_dns_name_parts name = { sts_text(a->prefix, a->prefix_len),
		sts_text(a->domain, a->domain_len) };

	a->store_len = a->record_at = 0;
	a->more = false;
	sts_upstream_start(&a->up, a->servers, a->health, name, a->type, a->now,
	    STS_CHECK_ASK_MS, rnd);
}

static void
take_result(struct sts_check_ask *a)
{
	struct sts_check_answer *r = &a->answer;

	r->found = (uint8_t)sts_upstream_result(&a->up);
	r->why = (uint8_t)(r->found == STS_FOUND ? STS_WHY_NONE
						 : sts_upstream_why(&a->up));
	r->secure = sts_upstream_authentic(&a->up);
	r->ttl_s = sts_upstream_ttl_s(&a->up);
}

/* After each input: lend what is needed, and read the result when it is
 * there. */
static void
settle(struct sts_check_ask *a)
{
	enum sts_found found;

	if (a->over) {
		return;
	}
	if (sts_upstream_needs_buffer(&a->up)) {
		sts_upstream_lend(&a->up, a->tcp, sizeof a->tcp);
	}
	found = sts_upstream_result(&a->up);
	if (found == STS_PENDING ||
	    (sts_upstream_wants(&a->up) & STS_WANT_OWNER) == 0) {
		return;
	}
	if (a->checking_disabled) {
		a->checking_disabled = false;
		a->again = found != STS_UNKNOWN;
		a->over = !a->again;
		if (a->again) {
			start(a, a->rnd);
		}
		return;
	}
	take_result(a);
	if (found != STS_UNKNOWN || a->answer.why != STS_WHY_DNS_SERVFAIL) {
		a->over = true;
	} else if (a->again) {
		a->answer.bogus = a->over = true;
	} else {
		a->checking_disabled = true;
		start(a, a->rnd);
		sts_upstream_set_unchecked(&a->up);
	}
}

static void
put(struct sts_check_ask *a, struct sts_text t)
{
	if (t.n > sizeof a->store - a->store_len) {
		a->more = true;
		return;
	}
	memcpy(a->store + a->store_len, t.p, t.n);
	a->store_len += t.n;
}

static void
open_record(struct sts_check_ask *a)
{
	static const uint8_t none[LENGTH] = { 0 };

	a->record_at = a->store_len;
	put(a, sts_text(none, sizeof none));
}

/* A record that did not fit is taken back whole, and so are those behind it. */
static void
close_record(struct sts_check_ask *a)
{
	if (a->more) {
		a->store_len = a->record_at;
		return;
	}
	sts_put16be(a->store + a->record_at,
	    (uint16_t)(a->store_len - a->record_at - LENGTH));
}

/* Of a type that is read as it comes: TXT, A, AAAA. */
static void
take_piece(struct sts_check_ask *a, const struct sts_dns_piece *piece)
{
	struct sts_text rest = piece->rdata, string;

	if (piece->record == 0 && piece->first) {
		a->store_len = 0;
		a->more = false;
	}
	if (a->more) {
		return;
	}
	if (piece->first) {
		open_record(a);
	}
	if (a->type == STS_DNS_TXT) {
		while (sts_dns_txt_next(&rest, &string)) {
			put(a, string);
		}
	} else {
		put(a, rest);
	}
	if (piece->last || a->more) {
		close_record(a);
	}
}

static void
take_mx(struct sts_check_ask *a, const struct sts_dns_answers *it,
    const struct sts_dns_rr *rr)
{
	struct sts_dns_mx mx;
	const uint8_t none = NO_NAME;

	if (sts_dns_mx(it, rr, &mx)) {
		uint8_t preference[2];

		sts_put16be(preference, mx.preference);
		put(a, sts_text(preference, sizeof preference));
		put(a, sts_text(mx.exchange.name, mx.exchange.len));
	} else {
		put(a, sts_text(rr->rdata.p, 2));
		put(a, sts_text(&none, 1));
	}
}

/* An answer that is held whole lies in what is lent for this call. */
static void
take_whole(struct sts_check_ask *a)
{
	struct sts_dns_answers it;
	struct sts_dns_rr rr;

	sts_upstream_answers(&a->up, &it);
	a->owner_known = sts_dns_owner(&it, &a->owner, &a->aliased);
	if (a->type != STS_DNS_MX && a->type != STS_DNS_TLSA) {
		return; /* its pieces were taken */
	}
	while (!a->more && sts_dns_next(&it, &rr)) {
		open_record(a);
		if (a->type == STS_DNS_MX) {
			take_mx(a, &it, &rr);
		} else {
			put(a, rr.rdata);
		}
		close_record(a);
	}
}

static unsigned
ask_wants(const void *e)
{
	const struct sts_check_ask *a = e;

	if (a->over) {
		return STS_WANT_OWNER;
	}
	return sts_upstream_wants(&a->up) & ~(unsigned)STS_WANT_OWNER;
}

static const struct sts_addr *
ask_peer(const void *e)
{
	return sts_upstream_peer(&((const struct sts_check_ask *)e)->up);
}

static void
ask_opened(void *e)
{
	struct sts_check_ask *a = e;

	sts_upstream_opened(&a->up);
	settle(a);
}

static void
ask_lost(void *e, int why)
{
	struct sts_check_ask *a = e;

	sts_upstream_lost(&a->up, why);
	settle(a);
}

static struct sts_span
ask_recv_buf(const void *e, struct sts_span lent)
{
	return sts_upstream_recv_buf(
	    &((const struct sts_check_ask *)e)->up, lent);
}

static void
ask_recv_ack(void *e, struct sts_span got)
{
	struct sts_check_ask *a = e;
	struct sts_dns_piece piece;

	sts_upstream_recv_ack(&a->up, got);
	if (sts_upstream_result(&a->up) == STS_FOUND &&
	    sts_upstream_is_whole(&a->up) && !a->checking_disabled) {
		take_whole(a);
	}
	while (sts_upstream_next(&a->up, &piece)) {
		if (!a->checking_disabled && a->type != STS_DNS_MX &&
		    a->type != STS_DNS_TLSA) {
			take_piece(a, &piece);
		}
	}
	settle(a);
}

static struct sts_text
ask_send_buf(const void *e, struct sts_span lent)
{
	return sts_upstream_send_buf(
	    &((const struct sts_check_ask *)e)->up, lent);
}

static void
ask_send_ack(void *e, size_t n)
{
	struct sts_check_ask *a = e;

	sts_upstream_send_ack(&a->up, n);
	settle(a);
}

static void
ask_tick(void *e, sts_ms now, int64_t wall_s)
{
	struct sts_check_ask *a = e;

	(void)wall_s;
	a->now = now;
	sts_upstream_tick(&a->up, now);
	settle(a);
}

static bool
ask_deadline(const void *e, sts_ms *at)
{
	return sts_upstream_deadline(
	    &((const struct sts_check_ask *)e)->up, at);
}

const struct sts_engine_ops sts_check_ask_ops = {
	.wants = ask_wants,
	.peer = ask_peer,
	.opened = ask_opened,
	.lost = ask_lost,
	.recv_buf = ask_recv_buf,
	.recv_ack = ask_recv_ack,
	.send_buf = ask_send_buf,
	.send_ack = ask_send_ack,
	.tick = ask_tick,
	.deadline = ask_deadline,
};

void
sts_check_ask_begin(struct sts_check_ask *a, struct sts_check_servers *s,
    struct sts_text prefix, struct sts_text domain, uint16_t type, sts_ms now,
    const uint8_t rnd[STS_CHECK_ASK_RND])
{
	STS_ASSERT(prefix.n < sizeof a->prefix);
	STS_ASSERT(domain.n <= sizeof a->domain);
	memset(&a->answer, 0, sizeof a->answer);
	a->owner_known = a->aliased = false;
	a->servers = &s->servers;
	a->health = &s->health;
	a->now = now;
	a->over = a->checking_disabled = a->again = false;
	memcpy(a->rnd, rnd + STS_DNS_RND, sizeof a->rnd);
	a->type = type;
	a->prefix_len = (uint8_t)prefix.n;
	a->domain_len = (uint8_t)domain.n;
	if (prefix.n > 0) {
		memcpy(a->prefix, prefix.p, prefix.n);
	}
	memcpy(a->domain, domain.p, domain.n);
	start(a, rnd);
}

bool
sts_check_ask_next(
    const struct sts_check_ask *a, size_t *at, struct sts_text *record)
{
	if (a->answer.found != STS_FOUND || *at >= a->store_len) {
		return false;
	}
	STS_ASSERT(a->store_len - *at >= LENGTH);
	size_t n = sts_get16be(a->store + *at);

	*record = sts_text(a->store + *at + LENGTH, n);
	*at += LENGTH + n;
	return true;
}
