/* SPDX-License-Identifier: MIT */
/*
 * What is asked about one mail host. dane_steps.h draws the steps, each of which
 * ends in the next or in the host's state. Addresses come first because name
 * servers that are broken for TLSA mostly belong to zones that are not signed
 * (RFC 7672 2.2.2).
 *
 * Whoever owns the domain, the host's zone, or the path to either can have a
 * look-up fail. A failure never becomes "no records": that would be a
 * downgrade.
 */
#include <string.h>

#include "../base/assert.h"
#include "dane_list.h"
#include "dane_steps.h"

static const uint8_t tlsa_prefix[] = "_25._tcp";

/* Fresh bytes for the next question. Whoever sees the bytes of one question
 * cannot predict the next ones, because the key of SipHash is secret. */
static void
draw(struct sts_dane_hosts *d, uint8_t out[STS_DNS_RND])
{
	for (unsigned half = 0; half < 2; half++) {
		uint8_t n[4];
		uint64_t hash;

		sts_put32be(n, (uint32_t)d->questions << 1 | half);
		hash = sts_siphash(d->rnd, sts_text(n, sizeof n));
		sts_put32be(out + (size_t)8 * half, (uint32_t)(hash >> 32));
		sts_put32be(out + (size_t)8 * half + 4, (uint32_t)hash);
	}
	d->questions++;
}

void
sts_dane_steps_ask(struct sts_dane_hosts *d, unsigned leg,
    struct sts_text prefix, struct sts_text name, uint16_t type)
{
	struct sts_dns_name_parts parts = { prefix, name };
	uint8_t rnd[STS_DNS_RND];

	draw(d, rnd);
	sts_leg_start(&d->legs, leg, &d->servers, d->health, parts, type,
	    d->now, STS_DANE_QUESTION_MS, rnd);
}

void
sts_dane_steps_note_ttl(struct sts_dane_hosts *d, const struct sts_upstream *up)
{
	if (sts_upstream_ttl_s(up) < d->ttl_s) {
		d->ttl_s = sts_upstream_ttl_s(up);
	}
}

static void
end_host(struct sts_dane_hosts *d, struct sts_dane_worker *w,
    enum sts_dane_host state, enum sts_why why)
{
	STS_ASSERT(state != STS_DANE_HOST_PENDING);
	d->host[w->host].state = (uint8_t)state;
	d->host[w->host].why = (uint8_t)why;
	w->step = STS_DANE_FREE;
}

static unsigned
leg_of(const struct sts_dane_hosts *d, const struct sts_dane_worker *w)
{
	return 2U * (unsigned)(w - d->worker);
}

static void
ask_tlsa(struct sts_dane_hosts *d, struct sts_dane_worker *w,
    enum sts_dane_step step)
{
	w->step = (uint8_t)step;
	w->usable = w->unusable = 0;
	sts_dane_steps_ask(d, leg_of(d, w),
	    sts_text(tlsa_prefix, sizeof tlsa_prefix - 1),
	    step == STS_DANE_TLSA_EXPANDED
		? sts_text(w->expanded.name, w->expanded.len)
		: sts_dane_hosts_name(d, w->host),
	    STS_DNS_TLSA);
}

/* One of the questions for A and AAAA is over. */
static void
note_addresses(struct sts_dane_hosts *d, struct sts_dane_worker *w,
    const struct sts_upstream *up)
{
	if (sts_upstream_result(up) == STS_UNKNOWN) {
		w->unknown = (uint8_t)sts_why_both(
		    (enum sts_why)w->unknown, sts_upstream_why(up));
		return;
	}
	sts_dane_steps_note_ttl(d, up);
	if (sts_upstream_result(up) == STS_FOUND) {
		w->found = true;
		w->insecure = w->insecure || !sts_dane_secure(up);
	} else {
		w->unproved = w->unproved || !sts_dane_secure(up);
	}
}

/* It is known that no signed records are about the host. */
static void
end_without_records(struct sts_dane_hosts *d, struct sts_dane_worker *w)
{
	end_host(d, w, w->found ? STS_DANE_HOST_NONE : STS_DANE_HOST_NO_ADDRESS,
	    STS_WHY_NONE);
}

/* Whether an answer about the host's addresses, that they are there or are not,
 * is not authenticated. */
static bool
is_unsigned(const struct sts_dane_worker *w)
{
	return w->found ? w->insecure : w->unproved;
}

/* Ask whether the host's name is a signed alias of an unsigned name: whoever
 * forges addresses there, or their absence, must not hide the records at the
 * alias. */
static void
ask_alias(struct sts_dane_hosts *d, struct sts_dane_worker *w)
{
	if (w->owner_known && !w->aliased) {
		end_without_records(d, w);
		return;
	}
	w->step = STS_DANE_ALIAS;
	sts_dane_steps_ask(d, leg_of(d, w), sts_text(NULL, 0),
	    sts_dane_hosts_name(d, w->host), STS_DNS_CNAME);
}

/* A and AAAA are over (RFC 7672 2.2.2). One address is enough, whatever became
 * of the other family. */
static void
judge_addresses(struct sts_dane_hosts *d, struct sts_dane_worker *w)
{
	if (!w->found && w->unknown != STS_WHY_NONE) {
		end_host(d, w, STS_DANE_HOST_UNKNOWN, (enum sts_why)w->unknown);
	} else if (is_unsigned(w)) {
		ask_alias(d, w);
	} else if (!w->found) {
		end_without_records(d, w);
	} else if (!w->owner_known) {
		end_host(d, w, STS_DANE_HOST_UNKNOWN, STS_WHY_DNS_LARGE);
	} else {
		ask_tlsa(d, w,
		    w->aliased ? STS_DANE_TLSA_EXPANDED
			       : STS_DANE_TLSA_ORIGINAL);
	}
}

static void
judge_alias(struct sts_dane_hosts *d, struct sts_dane_worker *w,
    const struct sts_upstream *up)
{
	if (sts_upstream_result(up) == STS_UNKNOWN) {
		end_host(d, w, STS_DANE_HOST_UNKNOWN, sts_upstream_why(up));
		return;
	}
	sts_dane_steps_note_ttl(d, up);
	if (sts_upstream_result(up) == STS_FOUND && sts_dane_secure(up)) {
		ask_tlsa(d, w, STS_DANE_TLSA_ORIGINAL);
	} else {
		end_without_records(d, w);
	}
}

/* Signed records were found: decide the host's state. */
static void
end_signed(struct sts_dane_hosts *d, struct sts_dane_worker *w)
{
	struct sts_dane_mail_host *h = &d->host[w->host];
	bool room = !w->cut;

	if (w->usable == 0) {
		end_host(d, w, STS_DANE_HOST_UNUSABLE, STS_WHY_NONE);
		return;
	}
	/* This becomes the SNI; an alias may lead to a name that is no
	 * host's. */
	if (d->records != NULL && w->step == STS_DANE_TLSA_EXPANDED && room &&
	    sts_name_valid(sts_text(w->expanded.name, w->expanded.len))) {
		room = sts_dane_list_put_name(d,
		    sts_text(w->expanded.name, w->expanded.len), &h->base_off,
		    &h->base_len);
	}
	if (room) {
		end_host(d, w, STS_DANE_HOST_USABLE, STS_WHY_NONE);
	} else {
		end_host(d, w, STS_DANE_HOST_UNKNOWN, STS_WHY_DNS_LARGE);
	}
}

/* A failure is never "no records", or an attacker could downgrade the host by
 * making look-ups fail (RFC 7672 2.1.3). */
static void
judge_tlsa(struct sts_dane_hosts *d, struct sts_dane_worker *w,
    const struct sts_upstream *up)
{
	if (sts_upstream_result(up) == STS_UNKNOWN) {
		end_host(d, w, STS_DANE_HOST_UNKNOWN, sts_upstream_why(up));
		return;
	}
	sts_dane_steps_note_ttl(d, up);
	if (sts_upstream_result(up) == STS_FOUND && sts_dane_secure(up)) {
		end_signed(d, w);
	} else if (w->step == STS_DANE_TLSA_EXPANDED) {
		ask_tlsa(d, w, STS_DANE_TLSA_ORIGINAL);
	} else {
		end_without_records(d, w);
	}
}

/* Count a TLSA record of the worker's host, and keep it if it is usable. */
static void
take_record(struct sts_dane_hosts *d, struct sts_dane_worker *w,
    const struct sts_dns_rr *rr)
{
	struct sts_dns_tlsa raw;
	struct sts_tlsa t = { 0 };
	uint8_t *count;
	bool usable;

	if (sts_dns_tlsa(rr, &raw)) {
		t.usage = raw.usage;
		t.selector = raw.selector;
		t.matching = raw.matching;
		t.data = raw.data;
	}
	usable = sts_tlsa_usable(&t);
	count = usable ? &w->usable : &w->unusable;
	*count = (uint8_t)(*count + (*count < UINT8_MAX));
	if (usable && d->records != NULL &&
	    !sts_dane_record_put(d->records, &t)) {
		w->cut = true;
	}
}

/* Take TLSA records; those of an answer that is not authenticated do not
 * count. */
static void
take_tlsa(struct sts_dane_hosts *d, struct sts_dane_worker *w,
    const struct sts_upstream *up)
{
	struct sts_dane_mail_host *h = &d->host[w->host];
	struct sts_dns_answers it;
	struct sts_dns_rr rr;

	w->usable = w->unusable = 0;
	if (!sts_dane_secure(up)) {
		return;
	}
	h->records_off = d->records != NULL ? d->records->len : 0;
	sts_upstream_answers(up, &it);
	while (sts_dns_next(&it, &rr)) {
		take_record(d, w, &rr);
	}
	if (d->records != NULL) {
		h->records_len = (uint16_t)(d->records->len - h->records_off);
	}
}

/* Take the target of a host's alias from an answer with its addresses. */
static void
take_owner(struct sts_dane_worker *w, const struct sts_upstream *up)
{
	struct sts_dns_answers it;
	struct sts_dns_host end;
	bool aliased;

	sts_upstream_answers(up, &it);
	/* If this end is unknown, that of the other family stays. */
	if (sts_dns_owner(&it, &end, &aliased)) {
		w->expanded = end;
		w->owner_known = true;
		w->aliased = aliased;
	}
}

void
sts_dane_steps_begin(
    struct sts_dane_hosts *d, struct sts_dane_worker *w, unsigned host)
{
	struct sts_text name = sts_dane_hosts_name(d, host);
	struct sts_text none = sts_text(NULL, 0);

	memset(w, 0, sizeof *w);
	w->step = STS_DANE_ADDRESSES;
	w->host = (uint8_t)host;
	sts_dane_steps_ask(d, leg_of(d, w), none, name, STS_DNS_AAAA);
	sts_dane_steps_ask(d, leg_of(d, w) + 1, none, name, STS_DNS_A);
}

bool
sts_dane_steps_go_on(struct sts_dane_hosts *d, unsigned i)
{
	struct sts_dane_worker *w = &d->worker[i / 2];
	const struct sts_upstream *up = &d->leg[i].up;

	switch ((enum sts_dane_step)w->step) {
	case STS_DANE_ADDRESSES:
		note_addresses(d, w, up);
		if (d->leg[i ^ 1U].busy) {
			return false;
		}
		judge_addresses(d, w);
		break;
	case STS_DANE_ALIAS:
		judge_alias(d, w, up);
		break;
	case STS_DANE_TLSA_EXPANDED:
	case STS_DANE_TLSA_ORIGINAL:
		judge_tlsa(d, w, up);
		break;
	case STS_DANE_FREE:
		STS_ASSERT(false);
	}
	return w->step == STS_DANE_FREE;
}

void
sts_dane_steps_found(struct sts_dane_hosts *d, struct sts_dane_worker *w,
    const struct sts_upstream *up)
{
	if (w->step == STS_DANE_ADDRESSES) {
		take_owner(w, up);
	} else if (w->step == STS_DANE_TLSA_EXPANDED ||
		   w->step == STS_DANE_TLSA_ORIGINAL) {
		take_tlsa(d, w, up);
	}
}
