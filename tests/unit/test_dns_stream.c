/* SPDX-License-Identifier: MIT */
/* dns/stream: messages larger than the buffer, read as they come. */
#include <stdio.h>

#include "../../dns/stream.h"
#include "dns_judge.h"

const char unit_name[] = "dns_stream";

/* What an owner has taken. */
struct taken {
	struct sts_dns_verdict v;
	unsigned records;
	size_t len;
	uint8_t rdata[BUILD_SIZE];
};

/*
 * Feed a message through a buffer of `size` octets in pieces of `piece` octets.
 * The buffer is an allocation of its own, and holds junk before.
 */
static void
feed(struct taken *t, const struct build *b, uint16_t type, size_t size,
    size_t piece)
{
	uint8_t *buf = malloc(size);
	struct sts_dns_stream s;
	struct sts_dns_piece p;
	size_t off = 0;

	ck_assert_ptr_nonnull(buf);
	memset(buf, 0xc1, size);
	t->records = 0;
	t->len = 0;
	sts_dns_stream_start(&s, buf, size, (uint16_t)b->n, ID, type);
	for (;;) {
		enum sts_dns_stream_step r =
		    sts_dns_stream_next(&s, asked(), &p);

		if (r == STS_DNS_STREAM_END) {
			break;
		}
		if (r == STS_DNS_STREAM_PIECE) {
			ck_assert_uint_eq(p.record, t->records);
			memcpy(t->rdata + t->len, p.rdata.p, p.rdata.n);
			t->len += p.rdata.n;
			t->records += p.last;
		} else {
			struct sts_span at = sts_dns_stream_room(&s);
			size_t n = piece < at.n ? piece : at.n;

			ck_assert_uint_ge(b->n - off, n);
			memcpy(at.p, b->p + off, n);
			sts_dns_stream_filled(&s, n);
			off += n;
		}
	}
	sts_dns_stream_verdict(&s, &t->v);
	free(buf);
}

static void
begin(struct build *b, unsigned flags)
{
	build_begin(b, ID, ANSWERED | flags, NAME, STS_DNS_TXT);
}

static void
many(struct build *b, const char *owner, unsigned count, const char *text)
{
	for (unsigned i = 0; i < count; i++) {
		build_record(b, ANSWER, owner, STS_DNS_TXT, 300, text);
	}
}

/* Append a record of n octets of RDATA that no question wants. */
static void
fill(struct build *b, unsigned section, unsigned n)
{
	size_t at = build_rr(b, section, "filler.example", 99, 1, 60);

	memset(b->p + b->n, 'f', n);
	b->n += n;
	build_end(b, at);
}

#define SPF "v=spf1 include:_spf.example.net include:_spf.example.org -all"

static void
make_plain(struct build *b)
{
	many(b, "@12", 800, SPF);
	many(b, NAME, 1, "v=STSv1;| id=1;||");
	build_record(b, AUTHORITY, "@21", STS_DNS_NS, 60, "ns.@21");
	build_opt(b, ADDITIONAL, "", 0);
}

static void
make_empty_strings(struct build *b)
{
	size_t at;

	many(b, "@12", 30, "|||");
	at = build_rr(b, ANSWER, "@12", STS_DNS_TXT, 1, 60);
	build_end(b, at); /* a record of no strings */
	many(b, "@12", 30, "x");
	fill(b, ADDITIONAL, 2000);
}

/* A chain of aliases as resolvers write it: each owner is a pointer to the
 * target before. */
static void
chain(struct build *b, unsigned count)
{
	char to[8] = "@12", target[64];

	for (unsigned i = 0; i < count; i++) {
		size_t at;

		snprintf(target, sizeof target, "Alias-number-%u.example", i);
		build_record(b, ANSWER, to, STS_DNS_CNAME, 60 + i, target);
		at = b->n - (strlen(target) + 2);
		snprintf(to, sizeof to, "@%u", (unsigned)at);
	}
	many(b, to, 100, SPF);
}

static void
make_chain_1(struct build *b)
{
	chain(b, 1);
}

static void
make_chain_9(struct build *b)
{
	chain(b, 9);
}

/* Names that are written out need nothing of what came before. */
static void
make_long_chain(struct build *b)
{
	char name[64], target[64];

	build_record(b, ANSWER, "@12", STS_DNS_CNAME, 60, "a0.example.net");
	for (unsigned i = 0; i < 50; i++) {
		snprintf(name, sizeof name, "a%u.example.net", i);
		snprintf(target, sizeof target, "A%u.example.NET", i + 1);
		build_record(b, ANSWER, name, STS_DNS_CNAME, 60, target);
	}
	many(b, "a50.example.net", 60, SPF);
}

static void
make_others_between(struct build *b)
{
	build_record(b, ANSWER, "@12", STS_DNS_CNAME, 60, "x");
	build_record(b, ANSWER, "@12", STS_DNS_CNAME, 60, "y");
	build_record(b, ANSWER, "x", STS_DNS_A, 1, "1");
	fill(b, ANSWER, 3000);
	build_record(b, ANSWER, "X", STS_DNS_TXT, 60, "abc");
	build_record(b, AUTHORITY, "y", STS_DNS_TXT, 1, "no");
	build_record(b, ADDITIONAL, "x", STS_DNS_TXT, 1, "no");
}

static void
make_data_beside_alias(struct build *b)
{
	many(b, "@12", 100, SPF);
	build_record(b, ANSWER, "@12", STS_DNS_CNAME, 60, "x");
}

/* Messages of which the whole would have to be known. */

static void
make_before_alias(struct build *b)
{
	many(b, "x", 100, SPF);
	build_record(b, ANSWER, "@12", STS_DNS_CNAME, 60, "x");
}

static void
make_some_before_alias(struct build *b)
{
	build_record(b, ANSWER, "x", STS_DNS_TXT, 60, "v=STSv1; id=2;");
	build_record(b, ANSWER, "@12", STS_DNS_CNAME, 60, "x");
	many(b, "x", 100, SPF);
}

static void
make_data_behind_alias(struct build *b)
{
	build_record(b, ANSWER, "@12", STS_DNS_CNAME, 60, "x");
	many(b, "x", 100, SPF);
	build_record(b, ANSWER, "@12", STS_DNS_TXT, 60, "v=STSv1; id=2;");
}

static void
make_gone(struct build *b)
{
	char to[8];

	fill(b, ANSWER, 5000);
	snprintf(to, sizeof to, "@%u", (unsigned)b->n);
	build_record(b, ANSWER, NAME, STS_DNS_TXT, 60, "x");
	build_record(b, ANSWER, to, STS_DNS_TXT, 60, "y");
}

static void
make_gone_target(struct build *b)
{
	char to[8];

	fill(b, ANSWER, 5000);
	snprintf(to, sizeof to, "@%u", (unsigned)b->n);
	build_record(b, ANSWER, "x.example", STS_DNS_A, 60, "1");
	build_record(b, ANSWER, "@12", STS_DNS_CNAME, 60, to);
	build_record(b, ANSWER, "x.example", STS_DNS_TXT, 60, "y");
}

static void
make_nothing(struct build *b)
{
	fill(b, ADDITIONAL, 5000);
}

static void
make_nothing_with_soa(struct build *b)
{
	build_record(b, AUTHORITY, "@21", STS_DNS_SOA, 60, "60");
	fill(b, ADDITIONAL, 5000);
}

/* A name as long as the one that was asked for, and another. */
static void
make_another_name(struct build *b)
{
	many(b, "_mta-sts.example.net", 100, SPF);
}

static void
make_loop(struct build *b)
{
	build_record(b, ANSWER, "@12", STS_DNS_CNAME, 60, "x");
	build_record(b, ANSWER, "x", STS_DNS_CNAME, 60, "@12");
	fill(b, ADDITIONAL, 5000);
}

/* Broken messages. */

static void
make_string_too_long(struct build *b)
{
	size_t at;

	many(b, "@12", 100, SPF);
	at = build_rr(b, ANSWER, "@12", STS_DNS_TXT, 1, 60);
	build_put(b, "\5abc", 4);
	build_end(b, at);
	fill(b, ADDITIONAL, 1000);
}

static void
make_record_over_end(struct build *b)
{
	many(b, "@12", 100, SPF);
	sts_put16be(b->p + b->n - sizeof SPF - 2, 5000);
}

static void
make_count_too_high(struct build *b)
{
	many(b, "@12", 100, SPF);
	sts_put16be(b->p + 10, 1);
}

static void
make_forward(struct build *b)
{
	char to[8];

	many(b, "@12", 100, SPF);
	snprintf(to, sizeof to, "@%u", (unsigned)b->n);
	build_record(b, ANSWER, to, STS_DNS_TXT, 60, "x");
}

static void
make_label_type(struct build *b)
{
	many(b, "@12", 100, SPF);
	sts_put16be(b->p + 8, 1);
	build_put(b, "\200a\0\0\1\0\1\0\0\0\0\0\0", 13);
	fill(b, ADDITIONAL, 1000);
}

static void
make_cut_in_fields(struct build *b)
{
	many(b, "@12", 100, SPF);
	sts_put16be(b->p + 6, 101);
	build_put(b, "\300\14\0\20\0\1", 6);
}

/* A record with this owner, and then enough to fill any buffer. */
static void
odd_owner(struct build *b, const char *owner)
{
	build_record(b, ANSWER, owner, STS_DNS_TXT, 60, "x");
	many(b, "@12", 100, SPF);
}

static void
make_into_header(struct build *b)
{
	odd_owner(b, "@4");
}

/* A pointer to the second octet of "_mta-sts.". */
static void
make_into_label(struct build *b)
{
	odd_owner(b, "@13");
}

#define LABEL_60 "a2345678901234567890123456789012345678901234567890123456789."

static void
make_long_name(struct build *b)
{
	odd_owner(b, LABEL_60 LABEL_60 LABEL_60 LABEL_60 LABEL_60 "example");
}

static void
make_long_behind_pointer(struct build *b)
{
	odd_owner(b, LABEL_60 LABEL_60 LABEL_60 LABEL_60 "@12");
}

/* An alias whose target consists of these octets. */
static void
odd_target(struct build *b, const char *octets, size_t n)
{
	size_t at = build_rr(b, ANSWER, "@12", STS_DNS_CNAME, 1, 60);

	build_put(b, octets, n);
	build_end(b, at);
	many(b, "x", 100, SPF);
}

static void
make_target_short(struct build *b)
{
	odd_target(b, "\1x\0y", 4);
}

static void
make_target_long(struct build *b)
{
	odd_target(b, "\1x", 2);
}

static void
make_target_label_type(struct build *b)
{
	odd_target(b, "\200x\0", 3);
}

static void
make_opt_with_owner(struct build *b)
{
	many(b, "@12", 100, SPF);
	build_opt(b, ADDITIONAL, "x", 0);
}

static void
make_two_opt(struct build *b)
{
	many(b, "@12", 100, SPF);
	build_opt(b, ADDITIONAL, "", 0);
	build_opt(b, ADDITIONAL, "", 0);
}

static void
make_opt_in_answer(struct build *b)
{
	build_opt(b, ANSWER, "", 0);
	many(b, "@12", 100, SPF);
}

static void
make_badvers(struct build *b)
{
	many(b, "@12", 100, SPF);
	build_opt(b, ADDITIONAL, "", 0x01000000U);
}

static void
make_records(struct build *b)
{
	many(b, "@12", 100, SPF);
}

static const struct {
	const char *name;
	unsigned flags;
	void (*make)(struct build *b);
	enum sts_found found;
	enum sts_why why;
} cases[] = {
	{ "one name, near the limit", 0, make_plain, STS_FOUND, STS_WHY_NONE },
	{ "empty strings, and a record without any", 0, make_empty_strings,
	    STS_FOUND, STS_WHY_NONE },
	{ "an alias", 0, make_chain_1, STS_FOUND, STS_WHY_NONE },
	{ "nine aliases, compressed", 0, make_chain_9, STS_FOUND,
	    STS_WHY_NONE },
	{ "fifty aliases, written out", 0, make_long_chain, STS_FOUND,
	    STS_WHY_NONE },
	{ "other records between and after", 0, make_others_between, STS_FOUND,
	    STS_WHY_NONE },
	{ "data beside an alias counts", 0, make_data_beside_alias, STS_FOUND,
	    STS_WHY_NONE },
	{ "AD", AD, make_records, STS_FOUND, STS_WHY_NONE },

	{ "records before their alias", 0, make_before_alias, STS_UNKNOWN,
	    STS_WHY_DNS_LARGE },
	{ "one record before its alias", 0, make_some_before_alias, STS_UNKNOWN,
	    STS_WHY_DNS_LARGE },
	{ "data of the alias's own name after it", 0, make_data_behind_alias,
	    STS_UNKNOWN, STS_WHY_DNS_LARGE },
	{ "a pointer to octets that are gone", 0, make_gone, STS_UNKNOWN,
	    STS_WHY_DNS_LARGE },
	{ "an alias's target that is gone", 0, make_gone_target, STS_UNKNOWN,
	    STS_WHY_DNS_LARGE },
	{ "no record of the name", 0, make_nothing, STS_UNKNOWN,
	    STS_WHY_DNS_LARGE },
	{ "no record of the name, an SOA", 0, make_nothing_with_soa,
	    STS_UNKNOWN, STS_WHY_DNS_LARGE },
	{ "records of another name", 0, make_another_name, STS_UNKNOWN,
	    STS_WHY_DNS_LARGE },
	{ "AD without a record of the name", AD, make_nothing, STS_UNKNOWN,
	    STS_WHY_DNS_LARGE },
	{ "a loop of aliases", 0, make_loop, STS_UNKNOWN, STS_WHY_DNS_LARGE },
	{ "NXDOMAIN without a record of the name", STS_DNS_NXDOMAIN,
	    make_nothing, STS_UNKNOWN, STS_WHY_DNS_LARGE },

	{ "NXDOMAIN with the records", STS_DNS_NXDOMAIN, make_records,
	    STS_UNKNOWN, STS_WHY_DNS_ERROR },
	{ "SERVFAIL", STS_DNS_SERVFAIL, make_records, STS_UNKNOWN,
	    STS_WHY_DNS_SERVFAIL },
	{ "BADVERS, known at the end", 0, make_badvers, STS_UNKNOWN,
	    STS_WHY_DNS_ERROR },
	{ "a string over its record", 0, make_string_too_long, STS_UNKNOWN,
	    STS_WHY_DNS_MALFORMED },
	{ "a record over the end", 0, make_record_over_end, STS_UNKNOWN,
	    STS_WHY_DNS_MALFORMED },
	{ "a record less than counted", 0, make_count_too_high, STS_UNKNOWN,
	    STS_WHY_DNS_MALFORMED },
	{ "a pointer to itself", 0, make_forward, STS_UNKNOWN,
	    STS_WHY_DNS_MALFORMED },
	{ "half a label type", 0, make_label_type, STS_UNKNOWN,
	    STS_WHY_DNS_MALFORMED },
	{ "a record cut in its fields", 0, make_cut_in_fields, STS_UNKNOWN,
	    STS_WHY_DNS_MALFORMED },
	{ "a pointer into the header", 0, make_into_header, STS_UNKNOWN,
	    STS_WHY_DNS_MALFORMED },
	{ "a pointer into a label", 0, make_into_label, STS_UNKNOWN,
	    STS_WHY_DNS_MALFORMED },
	{ "a name over the limit", 0, make_long_name, STS_UNKNOWN,
	    STS_WHY_DNS_MALFORMED },
	{ "a name over the limit behind its pointer", 0,
	    make_long_behind_pointer, STS_UNKNOWN, STS_WHY_DNS_MALFORMED },
	{ "an alias's target shorter than its record", 0, make_target_short,
	    STS_UNKNOWN, STS_WHY_DNS_MALFORMED },
	{ "an alias's target over its record", 0, make_target_long, STS_UNKNOWN,
	    STS_WHY_DNS_MALFORMED },
	{ "an alias's target of half a label type", 0, make_target_label_type,
	    STS_UNKNOWN, STS_WHY_DNS_MALFORMED },
	{ "OPT with an owner", 0, make_opt_with_owner, STS_UNKNOWN,
	    STS_WHY_DNS_MALFORMED },
	{ "two OPT", 0, make_two_opt, STS_UNKNOWN, STS_WHY_DNS_MALFORMED },
	{ "OPT in the answer", 0, make_opt_in_answer, STS_UNKNOWN,
	    STS_WHY_DNS_MALFORMED },
};

/* The stream must give what a walk over the whole message finds. */
static void
check_same(const char *name, const struct build *b, const struct taken *t)
{
	struct sts_dns_verdict v;
	struct sts_dns_answers it;
	struct sts_dns_rr rr;
	size_t off = 0;

	sts_dns_judge(&v, build_text(b), ID, asked(), STS_DNS_TXT);
	unit_int(name, v.found, STS_FOUND);
	unit_int(name, v.ttl_s, t->v.ttl_s);
	unit_int(name, v.ad, t->v.ad);
	unit_int(name, walk(build_text(b), &v, STS_DNS_TXT), t->records);
	sts_dns_answers(&it, build_text(b), &v, STS_DNS_TXT);
	while (sts_dns_next(&it, &rr)) {
		ck_assert_uint_le(off + rr.rdata.n, t->len);
		ck_assert_mem_eq(rr.rdata.p, t->rdata + off, rr.rdata.n);
		off += rr.rdata.n;
	}
	ck_assert_uint_eq(off, t->len);
}

START_TEST(a_streamed_message_is_judged_like_a_whole_one)
{
	static const size_t sizes[] = { STS_DNS_STREAM_MIN, 4096, 100000 };
	static const size_t pieces[] = { 1, 7, 512, 65535 };
	static struct taken t;
	static struct build b;

	for (size_t i = 0; i < UNIT_COUNT(cases); i++) {
		begin(&b, cases[i].flags);
		cases[i].make(&b);
		for (size_t k = 0; k < 3 * UNIT_COUNT(pieces); k++) {
			size_t size = sizes[k % 3];

			if (cases[i].why == STS_WHY_DNS_LARGE && size > b.n) {
				continue; /* it is held whole, not streamed */
			}
			feed(&t, &b, STS_DNS_TXT, size, pieces[k / 3]);
			unit_int(cases[i].name, t.v.found, cases[i].found);
			unit_int(cases[i].name, t.v.why, cases[i].why);
			if (t.v.found == STS_FOUND) {
				check_same(cases[i].name, &b, &t);
			} else {
				unit_int(cases[i].name, t.v.ttl_s, 0);
				unit_int(cases[i].name, t.v.ad, false);
			}
		}
	}
}
END_TEST

/* Messages that answer another question or none are judged as whole messages
 * are. */
START_TEST(a_foreign_message_is_ignored_by_its_head)
{
	static struct taken t;
	static struct build b;

	begin(&b, 0);
	many(&b, "@12", 100, SPF);
	b.p[1] ^= 1;
	feed(&t, &b, STS_DNS_TXT, 4096, 100);
	unit_int("another id", t.v.found, STS_PENDING);
	unit_int("another id", t.v.truncated, false);
	b.p[1] ^= 1;
	b.p[14] ^= 1;
	feed(&t, &b, STS_DNS_TXT, 4096, 100);
	unit_int("another name", t.v.found, STS_PENDING);
	b.p[14] ^= 1;
	b.p[2] |= TC >> 8;
	feed(&t, &b, STS_DNS_TXT, 4096, 100);
	unit_int("truncated", t.v.truncated, true);
	begin(&b, STS_DNS_SERVFAIL);
	many(&b, "@12", 100, SPF);
	sts_put16be(b.p + 4, 0);
	feed(&t, &b, STS_DNS_TXT, 4096, 100);
	unit_int("no question", t.v.why, STS_WHY_DNS_SERVFAIL);
	b.n = 5;
	feed(&t, &b, STS_DNS_TXT, 4096, 100);
	unit_int("less than a header", t.v.found, STS_PENDING);
}
END_TEST

/* Addresses come whole, and their lengths are checked. */
START_TEST(streamed_addresses_come_whole)
{
	static struct taken t;
	static struct build b;
	size_t at;

	build_begin(&b, ID, ANSWERED, NAME, STS_DNS_A);
	for (unsigned i = 0; i < 1000; i++) {
		build_record(&b, ANSWER, "@12", STS_DNS_A, 60, "7");
	}
	feed(&t, &b, STS_DNS_A, 4096, 3);
	unit_int("A", t.v.found, STS_FOUND);
	unit_int("A", t.records, 1000);
	unit_int("A", (long long)t.len, 4000);
	at = build_rr(&b, ANSWER, "@12", STS_DNS_A, 1, 60);
	build_put(&b, "12345", 5);
	build_end(&b, at);
	feed(&t, &b, STS_DNS_A, 4096, 3);
	unit_int("A of five", t.v.why, STS_WHY_DNS_MALFORMED);
	build_begin(&b, ID, ANSWERED, NAME, STS_DNS_AAAA);
	for (unsigned i = 0; i < 1000; i++) {
		build_record(&b, ANSWER, "@12", STS_DNS_AAAA, 60, "7");
	}
	feed(&t, &b, STS_DNS_AAAA, 4096, 3);
	unit_int("AAAA", t.records, 1000);
	at = build_rr(&b, ANSWER, "@12", STS_DNS_AAAA, 1, 60);
	build_put(&b, "0123456789abcde", 15);
	build_end(&b, at);
	feed(&t, &b, STS_DNS_AAAA, 4096, 3);
	unit_int("AAAA of fifteen", t.v.why, STS_WHY_DNS_MALFORMED);
	ck_assert(!sts_dns_stream_can(STS_DNS_MX));
	ck_assert(!sts_dns_stream_can(STS_DNS_TLSA));
}
END_TEST

void
unit_tests(TCase *tc)
{
	tcase_add_test(tc, a_streamed_message_is_judged_like_a_whole_one);
	tcase_add_test(tc, a_foreign_message_is_ignored_by_its_head);
	tcase_add_test(tc, streamed_addresses_come_whole);
}
