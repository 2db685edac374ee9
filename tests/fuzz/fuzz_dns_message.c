/* SPDX-License-Identifier: MIT */
/*
 * Judges a message and walks its answers. The first byte chooses the type, and
 * by its top bit whether the rest is the message as it is, or: two bytes of
 * flags, six of counts, and everything behind a question that is the asked
 * one, so that the fuzzer need not find that first.
 */
#include <stdlib.h>
#include <string.h>

#include "../../dns/message.h"

#define CHECK(x) ((x) ? (void)0 : abort())

enum {
	ID = 0x1234,
	SIZE = 4096,
	JUNK = 32
};

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const uint16_t types[] = { STS_DNS_TXT, STS_DNS_A, STS_DNS_AAAA,
	STS_DNS_MX, STS_DNS_TLSA, STS_DNS_CNAME, STS_DNS_SOA, 99 };

static const struct sts_dns_name_parts name = { { (const uint8_t *)"_mta-sts",
						    8 },
	{ (const uint8_t *)"example.com", 11 } };

static size_t
message(uint8_t *m, uint16_t type, const uint8_t *data, size_t size)
{
	size_t n;

	if (size < 9 || (data[0] & 0x80) != 0) {
		size = size > 1 ? size - 1 : 0;
		memcpy(m, data + 1, size);
		return size;
	}
	n = sts_dns_query(m, ID, name, type, false);
	m[2] = (uint8_t)(data[1] | 0x80);
	m[3] = data[2];
	memcpy(m + 6, data + 3, 6);
	memcpy(m + n, data + 9, size - 9);
	return n + size - 9;
}

static void
check_rdata(uint16_t type, struct sts_text rdata)
{
	struct sts_text string;

	if (type == STS_DNS_TXT) {
		while (sts_dns_txt_next(&rdata, &string)) {
			CHECK(string.n <= 255);
		}
		CHECK(rdata.n == 0);
	}
	CHECK(type != STS_DNS_A || rdata.n == 4);
	CHECK(type != STS_DNS_AAAA || rdata.n == 16);
}

static void
check_walk(struct sts_text m, const struct sts_dns_verdict *v, uint16_t type)
{
	uint32_t smallest = STS_DNS_TTL_MAX_S;
	struct sts_dns_answers it;
	struct sts_dns_rr rr;
	unsigned count = 0;

	sts_dns_answers(&it, m, v, type);
	while (sts_dns_next(&it, &rr)) {
		CHECK(rr.rdata.p > m.p);
		CHECK(rr.rdata.n <= (size_t)(m.p + m.n - rr.rdata.p));
		CHECK(rr.ttl_s <= STS_DNS_TTL_MAX_S);
		smallest = rr.ttl_s < smallest ? rr.ttl_s : smallest;
		check_rdata(type, rr.rdata);
		count++;
	}
	CHECK(count >= 1);
	CHECK(v->ttl_s <= smallest);
	CHECK(v->owner_off >= 12);
}

static void
check_verdict(const struct sts_dns_verdict *v)
{
	CHECK(v->truncated == false || v->found == STS_PENDING);
	CHECK(
	    v->ad == false || v->found == STS_FOUND || v->found == STS_ABSENT);
	switch (v->found) {
	case STS_PENDING:
	case STS_FOUND:
		CHECK(v->why == STS_WHY_NONE);
		break;
	case STS_ABSENT:
		CHECK(v->why == (v->rcode == STS_DNS_NXDOMAIN
					? STS_WHY_DNS_NXDOMAIN
					: STS_WHY_DNS_NODATA));
		CHECK(v->ttl_s <= STS_DNS_NEGATIVE_TTL_MAX_S);
		break;
	case STS_UNKNOWN:
		CHECK(v->why != STS_WHY_NONE);
		CHECK(v->ttl_s == 0);
		break;
	}
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static uint8_t built[SIZE + JUNK];
	struct sts_dns_verdict v, again;
	struct sts_text m;
	uint16_t type;
	uint8_t *exact;

	if (size < 1 || size > SIZE - 64) {
		return 0;
	}
	type = types[data[0] % (sizeof types / sizeof *types)];
	m.n = message(built, type, data, size);
	/* An exact allocation lets the sanitizer see an overrun. */
	exact = malloc(m.n > 0 ? m.n : 1);
	CHECK(exact != NULL);
	memcpy(exact, built, m.n);
	m.p = exact;
	sts_dns_judge(&v, m, ID, name, type);
	check_verdict(&v);
	if (v.found == STS_FOUND) {
		check_walk(m, &v, type);
	}
	/* Bytes behind the last record change nothing. */
	if (v.why != STS_WHY_DNS_MALFORMED && v.found != STS_PENDING) {
		memset(built + m.n, 0xc0, JUNK);
		sts_dns_judge(
		    &again, sts_text(built, m.n + JUNK), ID, name, type);
		CHECK(again.found == v.found);
		CHECK(again.why == v.why);
		CHECK(again.ttl_s == v.ttl_s);
		CHECK(again.owner_off == v.owner_off);
	}
	free(exact);
	return 0;
}
