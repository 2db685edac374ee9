/* SPDX-License-Identifier: MIT */
/*
 * The data of a record is kept as far as it is compared: digests are short, and
 * of records with a whole certificate or key (matching type 0) the octets stand
 * in the answer only as long as that is there; so these are kept as a digest,
 * and compared by it.
 */
#include <string.h>

#include "../../core/base/assert.h"
#include "../../core/dane/judge.h"
#include "check_findings.h"
#include "check_tlsa_records.h"

enum {
	NUMBERS = 3 /* octets before the data (RFC 6698 2.1) */
};

/* Keep a record as it was published; of one that holds a whole certificate or
 * key, its digest. */
static void
take_record(struct sts_check_tlsa *t, struct sts_text rdata, bool secure)
{
	struct sts_text data = sts_text(rdata.p + NUMBERS, rdata.n - NUMBERS);

	memset(t, 0, sizeof *t);
	t->usage = rdata.p[0];
	t->selector = rdata.p[1];
	t->matching = rdata.p[2];
	t->len = (uint16_t)data.n;

	const struct sts_tlsa tlsa = { t->usage, t->selector, t->matching,
		data };

	t->result = !secure                   ? STS_CHECK_TLSA_INSECURE
		    : !sts_tlsa_usable(&tlsa) ? STS_CHECK_TLSA_UNUSABLE
					      : STS_CHECK_TLSA_OPEN;
	if (t->matching == STS_TLSA_FULL) {
		sts_check_digest(data, t->data);
	} else {
		memcpy(t->data, data.p,
		    data.n < sizeof t->data ? data.n : sizeof t->data);
	}
}

/* A record in the form in which it is compared. */
static struct sts_tlsa
compared(const struct sts_check_tlsa *t)
{
	struct sts_tlsa out = { t->usage, t->selector, t->matching,
		sts_text(t->data, t->len) };

	if (t->matching == STS_TLSA_FULL) {
		out.matching = STS_TLSA_SHA256;
		out.data.n = 32;
	}
	return out;
}

/* RFC 7671 9: of digests of the same thing the strongest counts. */
static bool
is_outdone(const struct sts_check_host *h, const struct sts_check_tlsa *t)
{
	struct sts_tlsa mine = { t->usage, t->selector, t->matching,
		sts_text(t->data, t->len) };

	for (unsigned i = 0; i < h->tlsa_count; i++) {
		const struct sts_check_tlsa *o = &h->record[i];
		struct sts_tlsa other = { o->usage, o->selector, o->matching,
			sts_text(o->data, o->len) };

		if ((o->result == STS_CHECK_TLSA_OPEN ||
			o->result == STS_CHECK_TLSA_OUTDONE) &&
		    sts_tlsa_outdone(&mine, &other)) {
			return true;
		}
	}
	return false;
}

/* Keep the host's records, and mark those that do not count. Those beyond the
 * limit are noted. */
static void
take_records(
    struct sts_check_host *h, const struct sts_check_ask *a, bool secure)
{
	struct sts_text rdata;
	size_t at = 0;

	while (sts_check_ask_next(a, &at, &rdata)) {
		if (rdata.n < NUMBERS) {
			continue;
		}
		if (h->tlsa_count == STS_CHECK_TLSA_MAX) {
			h->tlsa_more = true;
			break;
		}
		take_record(&h->record[h->tlsa_count++], rdata, secure);
	}
	h->tlsa_more = h->tlsa_more || a->more;
	for (unsigned i = 0; i < h->tlsa_count; i++) {
		if (h->record[i].result == STS_CHECK_TLSA_OPEN &&
		    is_outdone(h, &h->record[i])) {
			h->record[i].result = STS_CHECK_TLSA_OUTDONE;
		}
	}
}

enum sts_dane_host
sts_check_tlsa_take(
    struct sts_check_host *h, const struct sts_check_ask *a, bool secure)
{
	bool counts = secure && a->answer.secure;

	if (a->answer.found == STS_UNKNOWN) {
		/* Broken name servers mostly belong to zones that are not
		 * signed, and then nobody asks them (RFC 7672 2.2.2). */
		return secure ? STS_DANE_HOST_UNKNOWN : STS_DANE_HOST_NONE;
	}
	if (a->answer.found == STS_ABSENT) {
		return STS_DANE_HOST_NONE;
	}
	take_records(h, a, counts);
	if (!counts) {
		return STS_DANE_HOST_NONE;
	}
	for (unsigned i = 0; i < h->tlsa_count; i++) {
		if (h->record[i].result != STS_CHECK_TLSA_UNUSABLE) {
			return STS_DANE_HOST_USABLE;
		}
	}
	return STS_DANE_HOST_UNUSABLE;
}

/* Note what a record made of a chain. */
static void
note_verdict(struct sts_check_tlsa *t, unsigned number, enum sts_why why,
    struct sts_check_cert *out)
{
	if (why == STS_WHY_NONE) {
		t->result = STS_CHECK_TLSA_MATCHES;
		out->dane_record =
		    out->dane ? out->dane_record : (uint8_t)number;
		out->dane = true;
		return;
	}
	/* One record that may match is enough for nobody to tell. */
	if (sts_check_is_unknown(why)) {
		out->dane_why = (uint8_t)why;
		return;
	}
	if (t->result == STS_CHECK_TLSA_OPEN) {
		t->result = STS_CHECK_TLSA_NOTHING;
	}
	if (why != STS_WHY_TLSA_MISMATCH &&
	    !sts_check_is_unknown((enum sts_why)out->dane_why)) {
		out->dane_why = (uint8_t)why;
	}
}

/* Which record the chain satisfies, if any; records are marked. */
static void
judge_records(const struct sts_check_facts *f, struct sts_check_host *h,
    struct sts_check_cert *out, const struct sts_tls_chain *chain)
{
	/* RFC 7672 3.2.2: the TLSA base, the next-hop domain, and what that is
	 * an alias of. */
	const struct sts_text names[1 + STS_DEMAND_NAMES] = { sts_text(h->base,
								  h->base_len),
		f->domain, sts_text(f->mx.nexthop, f->mx.nexthop_len) };
	unsigned count = f->alone ? 1 : f->mx.nexthop_len > 0 ? 3 : 2;

	for (unsigned i = 0; i < h->tlsa_count; i++) {
		struct sts_check_tlsa *t = &h->record[i];
		struct sts_tlsa record = compared(t);

		if (t->result == STS_CHECK_TLSA_OPEN ||
		    t->result == STS_CHECK_TLSA_MATCHES ||
		    t->result == STS_CHECK_TLSA_NOTHING) {
			note_verdict(t, i,
			    sts_check_tlsa_judge(
				&record, chain, names, count, f->judged_s),
			    out);
		}
	}
}

void
sts_check_tlsa_certificate(const struct sts_check_facts *f,
    struct sts_check_host *h, struct sts_check_cert *out,
    const struct sts_smtp_found *found, const struct sts_tls_chain *chain,
    const struct sts_anchors *anchors)
{
	struct sts_check_parts parts;
	struct sts_text name = sts_check_name(h);

	memset(out, 0, sizeof *out);
	out->there = true;
	out->ecdsa = found->ecdsa;
	out->tls_version = found->tls_version;
	out->path = (uint8_t)found->path;
	if (h->dane >= STS_DANE_HOST_UNUSABLE &&
	    !sts_text_same(name, sts_text(h->base, h->base_len))) {
		/* The handshake was about another name than MTA-STS's. */
		out->path =
		    (uint8_t)sts_check_path(chain, anchors, name, f->judged_s);
	}
	if (chain->count > 0 &&
	    sts_check_parts(sts_tls_chain_cert(chain, 0), &parts)) {
		out->known = true;
		out->not_after_s = parts.not_after_s;
		sts_check_digest(parts.spki, out->spki);
	}
	judge_records(f, h, out, chain);
}
