/* SPDX-License-Identifier: MIT */
/*
 * A chain that one stranger presents, judged by TLSA records that another
 * publishes. Input: the demand (enum sts_demand_kind), the length of the packed
 * records, the records, then certificates, each after its length in two octets.
 *
 * The verdict comes after a bounded number of steps. It is good only for a
 * reason that is restated here: nothing is demanded; TLS alone is demanded, and
 * there is a certificate; a usable record, which no stronger digest replaces,
 * names a certificate of the chain. No certificate here is a root of the web.
 */
#include <stdlib.h>
#include <string.h>

#include "../../core/dane/judge.h"
#include "../../tls/x509/x509_tlsa.h"

enum {
	CERTS = 6,
	NOW_S = 1780272000, /* 2026-06-01 */
	STEPS_MAX = 1000
};

#define CHECK(x) ((x) ? (void)0 : abort())

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static struct sts_text
take(struct sts_text *in, size_t n)
{
	struct sts_text t = sts_text(in->p, n < in->n ? n : in->n);

	*in = sts_text(in->p + t.n, in->n - t.n);
	return t;
}

static unsigned
certificates(struct sts_text in, struct sts_text *chain)
{
	unsigned count = 0;

	while (in.n >= 2 && count < CERTS) {
		size_t n = sts_get16be(take(&in, 2).p);

		chain[count++] = take(&in, n);
	}
	return count;
}

/* Whether a record that no stronger digest replaces names a certificate that it
 * may name. */
static bool
is_named(struct sts_text records, const struct sts_text *chain, unsigned count)
{
	struct sts_text outer = records, inner;
	struct sts_tlsa t, other;

	while (sts_dane_record_next(&outer, &t)) {
		bool counts = sts_tlsa_usable(&t);

		for (inner = records;
		     counts && sts_dane_record_next(&inner, &other);) {
			counts = !sts_tlsa_usable(&other) ||
				 !sts_tlsa_outdone(&t, &other);
		}
		for (unsigned i = 0; counts && i < count; i++) {
			if ((t.usage == STS_TLSA_DANE_EE) == (i == 0) &&
			    sts_x509_tlsa_match(
				chain[i], t.selector, t.matching, t.data)) {
				return true;
			}
		}
	}
	return false;
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct sts_judge judge;
	static const uint8_t host[] = "mx1.example.com";
	static const struct sts_anchors nobody;
	struct sts_text in = sts_text(data, size), chain[CERTS];
	struct sts_demand demand = { 0 };
	unsigned count, steps = 0;
	bool good;

	if (size < 2) {
		return 0;
	}
	demand.kind = take(&in, 1).p[0] % (STS_DEMAND_TLSA + 1);
	demand.why = demand.kind == STS_DEMAND_SKIP ? STS_WHY_DNS_SERVFAIL
						    : STS_WHY_NONE;
	demand.host = demand.base = sts_text(host, sizeof host - 1);
	demand.records = take(&in, take(&in, 1).p[0]);
	count = certificates(in, chain);
	sts_judge_begin(&judge, &demand, chain, count, &nobody, NOW_S);
	while (sts_judge_pending(&judge)) {
		CHECK(++steps < STEPS_MAX);
		sts_judge_work(&judge);
	}
	good = sts_judge_verdict(&judge) == STS_WHY_NONE;
	CHECK(!good || demand.kind == STS_DEMAND_NOTHING ||
	      (demand.kind == STS_DEMAND_TLS && count > 0) ||
	      (demand.kind == STS_DEMAND_TLSA &&
		  is_named(demand.records, chain, count)));
	return 0;
}
