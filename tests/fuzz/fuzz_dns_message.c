/* SPDX-License-Identifier: MIT */
/*
 * Judges a message and walks its answers, then reads it as a stream, which must
 * find the same or report that it cannot tell. The first byte chooses the type.
 * Its top bit chooses whether the rest is the message itself or a description:
 * two bytes of flags, six of counts, and what follows a question that is the
 * one asked, so that the fuzzer need not find it first.
 */
#include <stdlib.h>
#include <string.h>

#include "../../core/dane/dane.h"
#include "../../dns/rdata.h"
#include "../../dns/stream.h"

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

/* A name from the message: lower-case, made of labels that are not empty. */
static void
check_name(const struct sts_dns_host *host)
{
	CHECK(host->len <= STS_NAME_MAX);
	CHECK(host->len == 0 ||
	      (host->name[0] != '.' && host->name[host->len - 1] != '.'));
	for (unsigned i = 0; i < host->len; i++) {
		CHECK(host->name[i] == sts_lower(host->name[i]));
		CHECK(
		    i == 0 || host->name[i] != '.' || host->name[i - 1] != '.');
	}
}

static void
check_mx(const struct sts_dns_answers *it, const struct sts_dns_rr *rr)
{
	struct sts_dns_mx mx;

	if (sts_dns_mx(it, rr, &mx)) {
		check_name(&mx.exchange);
		CHECK(mx.preference == sts_get16be(rr->rdata.p));
		CHECK(mx.exchange.len == 0 ||
		      sts_name_valid(
			  sts_text(mx.exchange.name, mx.exchange.len)));
	}
}

/* RDATA lies in the record. Usable TLSA records have the length that their
 * matching type requires. */
static void
check_tlsa(const struct sts_dns_rr *rr)
{
	struct sts_dns_tlsa r;
	struct sts_tlsa t;

	if (!sts_dns_tlsa(rr, &r)) {
		CHECK(rr->rdata.n < 3);
		return;
	}
	CHECK(r.data.n == rr->rdata.n - 3);
	CHECK(r.data.n == 0 || r.data.p == rr->rdata.p + 3);
	t.usage = r.usage;
	t.selector = r.selector;
	t.matching = r.matching;
	t.data = r.data;
	if (sts_tlsa_usable(&t)) {
		CHECK((r.usage == 2 || r.usage == 3) && r.selector <= 1);
		CHECK(r.matching == 0 || r.data.n == 32U * r.matching);
		CHECK(r.data.n > 0);
	}
}

static void
check_walk(struct sts_text m, const struct sts_dns_verdict *v, uint16_t type)
{
	uint32_t smallest = STS_DNS_TTL_MAX_S;
	struct sts_dns_answers it;
	struct sts_dns_host owner;
	struct sts_dns_rr rr;
	unsigned count = 0;
	bool aliased;

	sts_dns_answers(&it, m, v, type);
	if (sts_dns_owner(&it, &owner, &aliased)) {
		check_name(&owner);
		CHECK(
		    aliased ||
		    sts_text_same(sts_text(owner.name, owner.len),
			sts_text((const uint8_t *)"_mta-sts.example.com", 20)));
	}
	while (sts_dns_next(&it, &rr)) {
		if (type == STS_DNS_MX) {
			check_mx(&it, &rr);
		} else if (type == STS_DNS_TLSA) {
			check_tlsa(&rr);
		}
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

/* Join the RDATA that the walk returns. */
static size_t
join(uint8_t *out, struct sts_text m, const struct sts_dns_verdict *v,
    uint16_t type, unsigned *count)
{
	struct sts_dns_answers it;
	struct sts_dns_rr rr;
	size_t n = 0;

	sts_dns_answers(&it, m, v, type);
	for (*count = 0; sts_dns_next(&it, &rr); ++*count) {
		memcpy(out + n, rr.rdata.p, rr.rdata.n);
		n += rr.rdata.n;
	}
	return n;
}

/* Read m as it comes, in pieces. What the stream offers goes into out. */
static size_t
stream(uint8_t *out, struct sts_text m, uint16_t type, size_t size,
    size_t piece_max, unsigned *count, struct sts_dns_verdict *v)
{
	uint8_t *buf = malloc(size);
	struct sts_dns_stream s;
	struct sts_dns_piece piece;
	enum sts_dns_stream_step r;
	size_t n = 0;

	CHECK(buf != NULL);
	*count = 0;
	sts_dns_stream_start(&s, buf, size, (uint16_t)m.n, ID, type);
	while (
	    (r = sts_dns_stream_next(&s, name, &piece)) != STS_DNS_STREAM_END) {
		if (r == STS_DNS_STREAM_PIECE) {
			check_rdata(type, piece.rdata);
			CHECK(piece.record == *count);
			memcpy(out + n, piece.rdata.p, piece.rdata.n);
			n += piece.rdata.n;
			*count += piece.last;
		} else {
			struct sts_span at = sts_dns_stream_room(&s);
			size_t k = piece_max < at.n ? piece_max : at.n;

			CHECK(k <= m.n);
			memcpy(at.p, m.p, k);
			m = sts_text(m.p + k, m.n - k);
			sts_dns_stream_filled(&s, k);
		}
	}
	sts_dns_stream_verdict(&s, v);
	free(buf);
	return n;
}

/* The stream finds nothing that is not there, and reports everything that it
 * misses. */
static void
check_stream(
    struct sts_text m, const struct sts_dns_verdict *whole, uint16_t type)
{
	static uint8_t a[SIZE], b[SIZE];
	static const size_t pieces[] = { 1, 5, 65535 };

	for (size_t i = 0; m.n > 0 && i < 3; i++) {
		struct sts_dns_verdict v;
		unsigned count, want;
		size_t n = stream(a, m, type, STS_DNS_STREAM_MIN + 100 * i,
		    pieces[i], &count, &v);

		CHECK(v.found != STS_ABSENT);
		CHECK(v.truncated == whole->truncated);
		CHECK(
		    (v.found == STS_PENDING) == (whole->found == STS_PENDING));
		if (v.found == STS_FOUND && whole->found == STS_FOUND) {
			CHECK(n == join(b, m, whole, type, &want));
			CHECK(memcmp(a, b, n) == 0);
			CHECK(count == want);
			CHECK(v.ttl_s == whole->ttl_s && v.ad == whole->ad);
		} else if (v.found == STS_FOUND) {
			/* The walk may have passed over broken names, and names
			 * that are in order compare less. */
			CHECK(whole->why == STS_WHY_DNS_MALFORMED ||
			      whole->why == STS_WHY_DNS_LARGE);
		}
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
	/* Bytes after the last record change nothing. */
	if (v.why != STS_WHY_DNS_MALFORMED && v.found != STS_PENDING) {
		memset(built + m.n, 0xc0, JUNK);
		sts_dns_judge(
		    &again, sts_text(built, m.n + JUNK), ID, name, type);
		CHECK(again.found == v.found);
		CHECK(again.why == v.why);
		CHECK(again.ttl_s == v.ttl_s);
		CHECK(again.owner_off == v.owner_off);
	}
	if (sts_dns_stream_can(type)) {
		check_stream(m, &v, type);
	}
	free(exact);
	return 0;
}
