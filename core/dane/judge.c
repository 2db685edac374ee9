/* SPDX-License-Identifier: MIT */
/*
 * A chain is judged by a demand. It is accepted for one of three reasons alone:
 * nothing authenticated is demanded, a record of usage 3 names the server's
 * certificate, or tls/x509 found a path, to a root of the web or to
 * certificates of the chain that records of usage 2 name.
 *
 * The attacker is on the path and chooses the chain. Certificates of it become
 * anchors only by a record, and never the first one, which would turn usage 2
 * into usage 3.
 */
#include <string.h>

#include "../../tls/x509/x509_tlsa.h"
#include "../base/assert.h"
#include "../base/name.h"
#include "judge.h"

enum {
	REFERENCES = 1 + STS_DEMAND_NAMES
};

static struct sts_x509 *
engine(struct sts_judge *j)
{
	return (struct sts_x509 *)j->x509;
}

static void
finish(struct sts_judge *j, enum sts_why why)
{
	j->pending = false;
	j->why = (uint8_t)why;
}

/* Reference name i; n 0: there is none. */
static struct sts_text
reference(const struct sts_demand *d, unsigned i)
{
	struct sts_text name = i == 0 ? d->base : d->names[i - 1];

	if (d->kind == STS_DEMAND_WEBPKI) {
		return i == 0 ? d->host : sts_text(NULL, 0);
	}
	return sts_name_valid(name) ? name : sts_text(NULL, 0);
}

/* Begin with the next reference name, from j->name on. False: there is none. */
static bool
next_name(struct sts_judge *j)
{
	struct sts_text name = sts_text(NULL, 0);
	struct sts_x509 *x = engine(j);

	while (name.n == 0 && j->name < REFERENCES) {
		name = reference(j->demand, j->name++);
	}
	if (name.n == 0) {
		return false;
	}
	sts_x509_start(x, name, &j->anchors, j->wall_s);
	for (unsigned i = 0; i < j->count; i++) {
		sts_x509_cert_begin(x, j->chain[i].n);
		sts_x509_cert_feed(x, j->chain[i]);
		sts_x509_cert_end(x);
	}
	sts_x509_chain_end(x);
	return true;
}

/* The path has been judged. If the name did not match another may; any other
 * fault is one for all names. */
static void
judge_path(struct sts_judge *j)
{
	while (!sts_x509_pending(engine(j))) {
		enum sts_why why = sts_x509_verdict(engine(j));

		if (why != STS_WHY_X509_NAME || !next_name(j)) {
			finish(j, why);
			return;
		}
	}
}

static void
begin_path(struct sts_judge *j)
{
	if (j->wall_s < 0) {
		finish(j, STS_WHY_NO_CLOCK);
		return;
	}
	j->pending = true;
	if (next_name(j)) {
		judge_path(j);
	} else {
		/* No reference name is valid: an alias may lead to a name that
		 * no certificate can be for. */
		finish(j, STS_WHY_X509_NAME);
	}
}

/* Whether a stronger digest takes the record's place. */
static bool
is_outdone(const struct sts_demand *d, const struct sts_tlsa *t)
{
	struct sts_text packed = d->records;
	struct sts_tlsa other;

	while (sts_dane_record_next(&packed, &other)) {
		if (sts_tlsa_usable(&other) && sts_tlsa_outdone(t, &other)) {
			return true;
		}
	}
	return false;
}

/* Usage 2: certificates of the chain that the record names become anchors. A
 * certificate that has no room, or is not valid yet, becomes none; at worst the
 * chain is refused for that. */
static void
add_anchors(struct sts_judge *j, const struct sts_tlsa *t)
{
	for (unsigned i = 1; i < j->count; i++) {
		size_t used = j->anchors.len, n;
		bool early;

		if (sts_text_same(j->chain[i], j->chain[0]) ||
		    !sts_x509_tlsa_match(
			j->chain[i], t->selector, t->matching, t->data)) {
			continue;
		}
		n = sts_x509_own_anchor(engine(j), j->chain[i], j->wall_s,
		    &early,
		    sts_span(j->anchor + used, sizeof j->anchor - used));
		j->early = j->early || early;
		j->anchors.len += n;
		j->anchors.count += n > 0;
	}
}

/* Whether the record is of usage 3 and names the server's certificate; one of
 * usage 2 adds its anchors. */
static bool
match_record(struct sts_judge *j, const struct sts_tlsa *t)
{
	if (!sts_tlsa_usable(t) || is_outdone(j->demand, t)) {
		return false;
	}
	if (t->usage == STS_TLSA_DANE_TA) {
		add_anchors(j, t);
		return false;
	}
	return sts_x509_tlsa_match(
	    j->chain[0], t->selector, t->matching, t->data);
}

static enum sts_why
why_no_anchor(const struct sts_judge *j)
{
	if (!j->early) {
		return STS_WHY_TLSA_MISMATCH;
	}
	return j->wall_s < 0 ? STS_WHY_NO_CLOCK : STS_WHY_X509_NOT_YET;
}

/* A record a step, which hashes each certificate once; after the last one the
 * path. */
static void
judge_records(struct sts_judge *j)
{
	struct sts_tlsa t;

	j->pending = true;
	if (sts_dane_record_next(&j->records, &t)) {
		if (match_record(j, &t)) {
			finish(j, STS_WHY_NONE);
		}
		return;
	}
	j->matches = false;
	if (j->anchors.count == 0) {
		finish(j, why_no_anchor(j));
	} else {
		begin_path(j);
	}
}

void
sts_judge_begin(struct sts_judge *j, const struct sts_demand *demand,
    const struct sts_text *chain, unsigned count,
    const struct sts_anchors *roots, int64_t wall_s)
{
	memset(j, 0, sizeof *j);
	j->demand = demand;
	j->chain = chain;
	j->count = count;
	j->wall_s = wall_s;
	if (demand->kind == STS_DEMAND_SKIP) {
		STS_ASSERT(demand->why != STS_WHY_NONE);
		finish(j, (enum sts_why)demand->why);
	} else if (demand->kind == STS_DEMAND_NOTHING ||
		   (demand->kind == STS_DEMAND_TLS && count > 0)) {
		finish(j, STS_WHY_NONE);
	} else if (count == 0) {
		finish(j, STS_WHY_SMTP_NO_STARTTLS);
	} else if (demand->kind == STS_DEMAND_WEBPKI) {
		j->anchors = *roots;
		begin_path(j);
	} else {
		STS_ASSERT(demand->kind == STS_DEMAND_TLSA);
		j->anchors.base = j->anchor;
		j->records = demand->records;
		j->matches = true;
		judge_records(j);
	}
}

bool
sts_judge_pending(const struct sts_judge *j)
{
	return j->pending;
}

void
sts_judge_work(struct sts_judge *j)
{
	STS_ASSERT(j->pending);
	if (j->matches) {
		judge_records(j);
		return;
	}
	sts_x509_work(engine(j));
	judge_path(j);
}

enum sts_why
sts_judge_verdict(const struct sts_judge *j)
{
	STS_ASSERT(!j->pending);
	return (enum sts_why)j->why;
}
