/* SPDX-License-Identifier: MIT */
/*
 * What certificates are worth is judged by the code that mail servers' answers
 * and firmware rest on: core/dane/judge.c, one demand a question. Here demands
 * are made, one of a single record or of a name, and what is shown of a
 * certificate is read.
 */
#include <bearssl.h>
#include <string.h>

#include "../../core/base/assert.h"
#include "../../core/dane/judge.h"
#include "../../tls/x509/x509_cert.h"
#include "../../tls/x509/x509_tlsa.h"
#include "check_tlsa.h"

enum {
	ARENA = 8192 /* octets of a certificate that its reader keeps */
};

bool
sts_check_parts(struct sts_text der, struct sts_check_parts *out)
{
	static uint8_t memory[ARENA];
	static struct sts_x509_scan scan;
	struct sts_x509_arena arena = { memory, sizeof memory, 0 };
	struct sts_x509_cert cert;

	sts_x509_scan_begin(&scan, &cert, &arena, sts_text(NULL, 0), der.n);
	sts_x509_scan_feed(&scan, der);
	if (sts_x509_scan_end(&scan) != STS_WHY_NONE ||
	    !sts_x509_spki(der, &out->spki)) {
		return false;
	}
	out->not_after_s = cert.not_after_s;
	return true;
}

void
sts_check_digest(struct sts_text in, uint8_t out[32])
{
	br_sha256_context c;

	br_sha256_init(&c);
	br_sha256_update(&c, in.p, in.n);
	br_sha256_out(&c, out);
}

/* The verdict on a chain by a demand. */
static enum sts_why
judge(const struct sts_demand *demand, const struct sts_tls_chain *chain,
    const struct sts_anchors *roots, int64_t wall_s)
{
	static struct sts_judge j;
	struct sts_text der[STS_X509_CERTS_MAX + 1]; /* the leaf, too */

	STS_ASSERT(chain->count <= sizeof der / sizeof *der);
	for (unsigned i = 0; i < chain->count; i++) {
		der[i] = sts_tls_chain_cert(chain, i);
	}
	sts_judge_begin(&j, demand, der, chain->count, roots, wall_s);
	while (sts_judge_pending(&j)) {
		sts_judge_work(&j);
	}
	return sts_judge_verdict(&j);
}

/* What is missing from a chain that was cut may have been sent. */
static enum sts_why
of_kept(const struct sts_tls_chain *chain, enum sts_why why)
{
	return why != STS_WHY_NONE && chain->cut ? STS_WHY_X509_LIMIT : why;
}

enum sts_why
sts_check_path(const struct sts_tls_chain *chain,
    const struct sts_anchors *anchors, struct sts_text name, int64_t wall_s)
{
	struct sts_demand demand;

	memset(&demand, 0, sizeof demand);
	demand.kind = STS_DEMAND_WEBPKI;
	demand.host = demand.base = name;
	return of_kept(chain, judge(&demand, chain, anchors, wall_s));
}

enum sts_why
sts_check_tlsa_judge(const struct sts_tlsa *t,
    const struct sts_tls_chain *chain, const struct sts_text *names,
    unsigned name_count, int64_t wall_s)
{
	static struct sts_dane_records records;
	struct sts_demand demand;

	STS_ASSERT(name_count >= 1 && name_count <= 1 + STS_DEMAND_NAMES);
	if (chain->count == 0 && !chain->cut) {
		return STS_WHY_TLSA_MISMATCH;
	}
	records.len = 0;
	bool fits = sts_dane_record_put(&records, t);

	STS_ASSERT(fits); /* digests only */
	memset(&demand, 0, sizeof demand);
	demand.kind = STS_DEMAND_TLSA;
	demand.host = demand.base = names[0];
	for (unsigned i = 1; i < name_count; i++) {
		demand.names[i - 1] = names[i];
	}
	demand.records = sts_text(records.bytes, records.len);
	enum sts_why why = judge(&demand, chain, NULL, wall_s);

	return t->usage == STS_TLSA_DANE_EE && chain->count > 0
		   ? why
		   : of_kept(chain, why);
}
