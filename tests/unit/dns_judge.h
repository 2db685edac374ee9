/* SPDX-License-Identifier: MIT */
/* What the tests of dns/message share: the question, a judge and a walk. */
#ifndef STS_DNS_JUDGE_H
#define STS_DNS_JUDGE_H

#include "dns_build.h"
#include "unit.h"

#define NAME "_mta-sts.example.com"

enum {
	ID = 0x1234
};

static inline struct sts_dns_name_parts
parts(const char *prefix, const char *domain)
{
	struct sts_dns_name_parts p = { unit_span(prefix), unit_span(domain) };

	return p;
}

static inline struct sts_dns_name_parts
asked(void)
{
	return parts("_mta-sts", "example.com");
}

/* Judge a copy of the message that ends at an unmapped page. */
static inline struct sts_dns_verdict
judge(const uint8_t *p, size_t n, uint16_t type)
{
	struct sts_dns_verdict v;

	sts_dns_judge(
	    &v, sts_text(unit_at_page_end(p, n), n), ID, asked(), type);
	return v;
}

/* Count the records. Each must lie inside the message. */
static inline unsigned
walk(struct sts_text m, const struct sts_dns_verdict *v, uint16_t type)
{
	struct sts_dns_answers it;
	struct sts_dns_rr rr;
	unsigned count = 0;

	sts_dns_answers(&it, m, v, type);
	while (sts_dns_next(&it, &rr)) {
		ck_assert(rr.rdata.p >= m.p);
		ck_assert(rr.rdata.n <= (size_t)(m.p + m.n - rr.rdata.p));
		ck_assert_uint_le(rr.ttl_s, STS_DNS_TTL_MAX_S);
		ck_assert_uint_ge(rr.ttl_s, v->ttl_s);
		count++;
	}
	ck_assert(!sts_dns_next(&it, &rr));
	return count;
}

#endif
