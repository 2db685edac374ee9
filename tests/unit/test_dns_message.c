/* SPDX-License-Identifier: MIT */
/* dns/message: queries; which messages are accepted, how they are judged, and
 * the walk over their answers. */
#include <stdio.h>

#include "dns_judge.h"

const char unit_name[] = "dns_message";

#define L63 "abcdefghijklmnopqrstuvwxyz-abcdefghijklmnopqrstuvwxyz-012345678"

enum {
	DAY = 86400
};

struct record {
	unsigned section;
	const char *owner;
	unsigned type;
	uint32_t ttl;
	const char *text;
};

/* clang-format off */
#define TXT(owner, ttl, text) { ANSWER, owner, STS_DNS_TXT, ttl, text }
#define CNAME(owner, ttl, to) { ANSWER, owner, STS_DNS_CNAME, ttl, to }
#define SOA_OF(zone, ttl, minimum) { AUTHORITY, zone, STS_DNS_SOA, ttl, minimum }
#define SOA(ttl, minimum) SOA_OF("example.com", ttl, minimum)
#define NS(owner, to) { AUTHORITY, owner, STS_DNS_NS, 300, to }
#define ALIASES_7 \
	CNAME(NAME, 300, "a1"), CNAME("a1", 300, "a2"), \
	CNAME("a2", 300, "a3"), CNAME("a3", 300, "a4"), \
	CNAME("a4", 300, "a5"), CNAME("a5", 300, "a6"), \
	CNAME("a6", 300, "a7")

static const struct {
	const char *name;
	unsigned flags;
	enum sts_found found;
	enum sts_why why;
	uint32_t ttl_s;
	unsigned count;
	struct record records[11];
} judged[] = {
	{ "R1 a record", ANSWERED, STS_FOUND, STS_WHY_NONE, 300, 1,
	    { TXT(NAME, 300, "v=STSv1; id=1;") } },
	{ "compressed owner", ANSWERED, STS_FOUND, STS_WHY_NONE, 300, 1,
	    { TXT("@12", 300, "v=STSv1; id=1;") } },
	{ "the owner in another case", ANSWERED, STS_FOUND, STS_WHY_NONE, 300, 1,
	    { TXT("_MTA-STS.Example.COM", 300, "x") } },
	{ "no RA, but the records", NO_RA, STS_FOUND, STS_WHY_NONE, 300, 1,
	    { TXT(NAME, 300, "x") } },
	{ "smallest TTL of the set", ANSWERED, STS_FOUND, STS_WHY_NONE, 60, 3,
	    { TXT(NAME, 300, "x"), TXT(NAME, 60, "y"), TXT(NAME, 90, "z") } },
	{ "TTL with the top bit is 0", ANSWERED, STS_FOUND, STS_WHY_NONE, 0, 1,
	    { TXT(NAME, 0x80000000U, "x") } },
	{ "TTL without the top bit is cut", ANSWERED, STS_FOUND, STS_WHY_NONE,
	    7 * DAY, 1, { TXT(NAME, 0x7fffffffU, "x") } },
	{ "other names and types are not used", ANSWERED, STS_FOUND, STS_WHY_NONE,
	    300, 1,
	    { TXT("other.example.com", 10, "x"), TXT(NAME, 300, "y"),
	      { ANSWER, NAME, STS_DNS_A, 10, "1" },
	      { AUTHORITY, NAME, STS_DNS_TXT, 10, "z" },
	      { ADDITIONAL, NAME, STS_DNS_TXT, 10, "z" } } },
	{ "only another name", ANSWERED, STS_UNKNOWN, STS_WHY_DNS_ERROR, 0, 0,
	    { TXT("example.com", 10, "x") } },
	{ "a longer and a shorter name", ANSWERED, STS_UNKNOWN, STS_WHY_DNS_ERROR,
	    0, 0, { TXT("a." NAME, 10, "x"), TXT("_mta-sts.example", 10, "x") } },
	{ "only another name, and the SOA", ANSWERED, STS_ABSENT,
	    STS_WHY_DNS_NODATA, 10, 0, { TXT("example.com", 10, "x"), SOA(10, "60") } },

	{ "R11 an alias", ANSWERED, STS_FOUND, STS_WHY_NONE, 60, 1,
	    { CNAME(NAME, 60, "x.example.net"), TXT("x.example.net", 300, "x") } },
	{ "R11 the alias's target has the smaller TTL", ANSWERED, STS_FOUND,
	    STS_WHY_NONE, 30, 1,
	    { CNAME(NAME, 60, "x.example.net"), TXT("x.example.net", 30, "x") } },
	{ "R11 two aliases in reverse order", ANSWERED, STS_FOUND, STS_WHY_NONE, 50, 2,
	    { TXT("B.example", 300, "x"), TXT("b.example", 300, "y"),
	      CNAME("a.example", 50, "b.EXAMPLE"), CNAME(NAME, 60, "A.example") } },
	{ "R11 the target is compressed", ANSWERED, STS_FOUND, STS_WHY_NONE, 60, 1,
	    { CNAME("@12", 60, "x.@21"), TXT("x.example.com", 300, "x") } },
	{ "records of the alias's own name count", ANSWERED, STS_FOUND, STS_WHY_NONE,
	    300, 1, { CNAME(NAME, 60, "x"), TXT(NAME, 300, "a"), TXT("x", 9, "b") } },
	{ "the first of two aliases counts", ANSWERED, STS_FOUND, STS_WHY_NONE,
	    60, 1, { CNAME(NAME, 60, "x"), CNAME(NAME, 70, "y"),
	      TXT("x", 300, "a"), TXT("y", 300, "a"), } },
	{ "an alias of another name is not followed", ANSWERED, STS_UNKNOWN,
	    STS_WHY_DNS_ERROR, 0, 0,
	    { CNAME("other.example", 60, "x"), TXT("x", 300, "a") } },
	{ "R11 seven aliases", ANSWERED, STS_FOUND, STS_WHY_NONE, 300, 1,
	    { ALIASES_7, TXT("a7", 300, "x") } },
	{ "R11 eight aliases", ANSWERED, STS_FOUND, STS_WHY_NONE, 300, 1,
	    { ALIASES_7, CNAME("a7", 300, "a8"), TXT("a8", 300, "x") } },
	{ "R11 nine aliases", ANSWERED, STS_FOUND, STS_WHY_NONE, 300, 1,
	    { ALIASES_7, CNAME("a7", 300, "a8"), CNAME("a8", 300, "a9"),
	      TXT("a9", 300, "x") } },
	{ "R11 an alias of itself", ANSWERED, STS_UNKNOWN, STS_WHY_DNS_ALIAS_LOOP,
	    0, 0, { CNAME(NAME, 300, NAME) } },
	{ "R11 two aliases of each other", ANSWERED, STS_UNKNOWN,
	    STS_WHY_DNS_ALIAS_LOOP, 0, 0,
	    { CNAME(NAME, 300, "a"), CNAME("a", 300, "@12"), TXT("b", 300, "x") } },

	{ "R11 a loop behind an alias", ANSWERED, STS_UNKNOWN,
	    STS_WHY_DNS_ALIAS_LOOP, 0, 0,
	    { CNAME(NAME, 300, "a"), CNAME("a", 300, "b"), CNAME("b", 300, "a"),
	      SOA(60, "60") } },
	{ "R11 NXDOMAIN with a loop", ANSWERED | STS_DNS_NXDOMAIN, STS_UNKNOWN,
	    STS_WHY_DNS_ALIAS_LOOP, 0, 0, { CNAME(NAME, 300, NAME), SOA(60, "60") } },

	{ "R13 NXDOMAIN", ANSWERED | STS_DNS_NXDOMAIN, STS_ABSENT,
	    STS_WHY_DNS_NXDOMAIN, 900, 0, { SOA(3600, "900") } },
	{ "R14 the SOA's own TTL is smaller", ANSWERED | STS_DNS_NXDOMAIN, STS_ABSENT,
	    STS_WHY_DNS_NXDOMAIN, 60, 0, { SOA(60, "900") } },
	{ "R86 a negative TTL is at most three hours", ANSWERED, STS_ABSENT,
	    STS_WHY_DNS_NODATA, 10800, 0, { SOA(DAY, "86400") } },
	{ "R86 MINIMUM with the top bit", ANSWERED, STS_ABSENT,
	    STS_WHY_DNS_NODATA, 0, 0, { SOA(DAY, "2147483648") } },
	{ "R86 smallest of two SOAs", ANSWERED, STS_ABSENT,
	    STS_WHY_DNS_NODATA, 70, 0, { SOA(DAY, "80"), SOA(70, "90"), SOA(99, "99") } },
	{ "R86 NXDOMAIN without SOA", ANSWERED | STS_DNS_NXDOMAIN, STS_ABSENT,
	    STS_WHY_DNS_NXDOMAIN, 0, 0, { NS("example.com", "ns.example.com") } },
	{ "R86 NXDOMAIN at the end of a chain", ANSWERED | STS_DNS_NXDOMAIN,
	    STS_ABSENT, STS_WHY_DNS_NXDOMAIN, 40, 0,
	    { CNAME(NAME, 40, "x.example.net"), SOA_OF("example.net", 3600, "900") } },
	{ "R86 NXDOMAIN at the end of a chain, the SOA of another zone",
	    ANSWERED | STS_DNS_NXDOMAIN, STS_ABSENT, STS_WHY_DNS_NXDOMAIN, 0, 0,
	    { CNAME(NAME, 40, "x.example.net"), SOA(3600, "900") } },
	{ "R86 NXDOMAIN at the end of a chain, no SOA",
	    ANSWERED | STS_DNS_NXDOMAIN, STS_ABSENT, STS_WHY_DNS_NXDOMAIN, 0, 0,
	    { CNAME(NAME, 40, "x.example.net") } },
	{ "NXDOMAIN with the records", ANSWERED | STS_DNS_NXDOMAIN, STS_UNKNOWN,
	    STS_WHY_DNS_ERROR, 0, 0, { TXT(NAME, 300, "x"), SOA(3600, "900") } },
	{ "R13 NODATA type 1 (RFC 2308 2.2)", ANSWERED, STS_ABSENT,
	    STS_WHY_DNS_NODATA, 900, 0,
	    { SOA(3600, "900"), NS("example.com", "ns.example.com") } },
	{ "R13 NODATA type 2", ANSWERED, STS_ABSENT, STS_WHY_DNS_NODATA, 900, 0,
	    { SOA(3600, "900") } },
	{ "R13 NODATA type 3", ANSWERED, STS_ABSENT, STS_WHY_DNS_NODATA, 0, 0,
	    { { 0 } } },
	{ "R13 NODATA type 3, authoritative", 0x8500, STS_ABSENT,
	    STS_WHY_DNS_NODATA, 0, 0, { { 0 } } },
	{ "nothing, from a server that neither recurses nor has authority", NO_RA,
	    STS_UNKNOWN, STS_WHY_DNS_ERROR, 0, 0, { { 0 } } },
	{ "R13 an SOA means NODATA whichever server answers", NO_RA, STS_ABSENT,
	    STS_WHY_DNS_NODATA, 60, 0, { SOA(60, "60") } },
	{ "R13 NODATA, the SOA of the name itself", ANSWERED, STS_ABSENT,
	    STS_WHY_DNS_NODATA, 60, 0, { SOA_OF("_MTA-STS.example.com", 60, "60") } },
	{ "R13 NODATA, the SOA of the root", ANSWERED, STS_ABSENT,
	    STS_WHY_DNS_NODATA, 60, 0, { SOA_OF("", 60, "60") } },
	{ "only the SOA of another zone", ANSWERED, STS_UNKNOWN,
	    STS_WHY_DNS_ERROR, 0, 0, { SOA_OF("example.net", 60, "60") } },
	{ "only the SOA of a zone below the name", ANSWERED, STS_UNKNOWN,
	    STS_WHY_DNS_ERROR, 0, 0, { SOA_OF("a." NAME, 60, "60") } },
	{ "only the SOA of a zone whose name ends alike", ANSWERED, STS_UNKNOWN,
	    STS_WHY_DNS_ERROR, 0, 0, { SOA_OF("ample.com", 60, "60") } },
	{ "the SOA of another zone, then ours", ANSWERED, STS_ABSENT,
	    STS_WHY_DNS_NODATA, 60, 0,
	    { SOA_OF("example.net", 10, "10"), SOA(60, "60") } },
	{ "the SOA of another zone, and NS", ANSWERED, STS_UNKNOWN,
	    STS_WHY_DNS_ERROR, 0, 0,
	    { SOA_OF("example.net", 60, "60"), NS("example.com", "ns.example.com") } },
	{ "NS of the zone itself, no SOA", 0x8500, STS_UNKNOWN, STS_WHY_DNS_ERROR,
	    0, 0, { NS("example.com", "ns.example.com") } },
	{ "data of another type only, no SOA", ANSWERED, STS_UNKNOWN,
	    STS_WHY_DNS_ERROR, 0, 0, { { ANSWER, NAME, STS_DNS_A, 60, "1" } } },
	{ "an SOA in the answer section is none", ANSWERED, STS_UNKNOWN,
	    STS_WHY_DNS_ERROR, 0, 0,
	    { { ANSWER, "example.com", STS_DNS_SOA, 60, "60" },
	      NS("example.com", "ns.example.com") } },
	{ "R13 a referral is not NODATA", NO_RA, STS_UNKNOWN, STS_WHY_DNS_ERROR, 0, 0,
	    { NS("com", "a.gtld-servers.net"),
	      { ADDITIONAL, "a.gtld-servers.net", STS_DNS_A, 60, "1" } } },
	{ "R13 a referral from a server that recurses", ANSWERED, STS_UNKNOWN,
	    STS_WHY_DNS_ERROR, 0, 0, { NS("com", "a.gtld-servers.net") } },
	{ "a chain, then NODATA", ANSWERED, STS_ABSENT, STS_WHY_DNS_NODATA, 40, 0,
	    { CNAME(NAME, 40, "x.example.net"), SOA_OF("example.net", 3600, "900") } },
	{ "a chain, then NODATA in the same zone", ANSWERED, STS_ABSENT,
	    STS_WHY_DNS_NODATA, 40, 0,
	    { CNAME(NAME, 40, "x.example.com"), SOA(3600, "900") } },
	{ "a chain, then the SOA of its first name only", ANSWERED, STS_UNKNOWN,
	    STS_WHY_DNS_ERROR, 0, 0,
	    { CNAME(NAME, 40, "x.example.net"), SOA(3600, "900") } },
	{ "a chain of two, then the SOA of its second name only", ANSWERED,
	    STS_UNKNOWN, STS_WHY_DNS_ERROR, 0, 0,
	    { CNAME(NAME, 40, "x.example.net"), CNAME("x.example.net", 40, "y.org"),
	      SOA_OF("example.net", 3600, "900") } },
	{ "a chain, then a referral", NO_RA, STS_UNKNOWN, STS_WHY_DNS_ERROR, 0, 0,
	    { CNAME(NAME, 40, "x.example.net"), NS("net", "ns.net") } },
	{ "a chain whose target is missing", ANSWERED, STS_UNKNOWN,
	    STS_WHY_DNS_ERROR, 0, 0, { CNAME(NAME, 40, "x.example.net") } },
	{ "a chain whose target is missing, authoritative", 0x8580, STS_UNKNOWN,
	    STS_WHY_DNS_ERROR, 0, 0, { CNAME(NAME, 40, "x.example.net") } },
	{ "a chain that no server followed", NO_RA, STS_UNKNOWN, STS_WHY_DNS_ERROR, 0, 0,
	    { CNAME(NAME, 40, "x.example.net") } },

	{ "R13 SERVFAIL", ANSWERED | STS_DNS_SERVFAIL, STS_UNKNOWN,
	    STS_WHY_DNS_SERVFAIL, 0, 0, { SOA(60, "60") } },
	{ "R13 SERVFAIL with records", ANSWERED | STS_DNS_SERVFAIL, STS_UNKNOWN,
	    STS_WHY_DNS_SERVFAIL, 0, 0, { TXT(NAME, 60, "x") } },
	{ "R13 REFUSED", ANSWERED | STS_DNS_REFUSED, STS_UNKNOWN,
	    STS_WHY_DNS_REFUSED, 0, 0, { { 0 } } },
	{ "FORMERR", ANSWERED | STS_DNS_FORMERR, STS_UNKNOWN, STS_WHY_DNS_ERROR, 0, 0,
	    { { 0 } } },
	{ "NOTIMP", ANSWERED | STS_DNS_NOTIMP, STS_UNKNOWN, STS_WHY_DNS_ERROR, 0, 0,
	    { { 0 } } },
	{ "RCODE 15", ANSWERED | 15, STS_UNKNOWN, STS_WHY_DNS_ERROR, 0, 0,
	    { { 0 } } },
	{ "an alias with another type's data only", ANSWERED, STS_ABSENT,
	    STS_WHY_DNS_NODATA, 30, 0,
	    { CNAME(NAME, 60, "x"), { ANSWER, "x", STS_DNS_MX, 60, "y" },
	      SOA_OF("x", 30, "60") } },
};
/* clang-format on */

START_TEST(a_message_is_judged_by_its_records)
{
	for (size_t i = 0; i < UNIT_COUNT(judged); i++) {
		const char *name = judged[i].name;
		struct sts_dns_verdict v;
		struct build b;

		build_begin(&b, ID, judged[i].flags, NAME, STS_DNS_TXT);
		for (size_t k = 0; judged[i].records[k].owner != NULL; k++) {
			const struct record *r = &judged[i].records[k];

			build_record(
			    &b, r->section, r->owner, r->type, r->ttl, r->text);
		}
		v = judge(b.p, b.n, STS_DNS_TXT);
		unit_int(name, v.found, judged[i].found);
		unit_int(name, v.why, judged[i].why);
		unit_int(name, v.ttl_s, judged[i].ttl_s);
		unit_int(name, v.truncated, false);
		unit_int(name, v.rcode, judged[i].flags & 0xf);
		if (v.found == STS_FOUND) {
			unit_int(name, walk(build_text(&b), &v, STS_DNS_TXT),
			    judged[i].count);
		}
		if (v.found != STS_PENDING) {
			/* With TC, the message may have ended anywhere. */
			b.p[2] |= TC >> 8;
			v = judge(b.p, b.n, STS_DNS_TXT);
			unit_int(name, v.found, STS_PENDING);
			unit_int(name, v.truncated, true);
		}
	}
}
END_TEST

/* R83: a message that does not answer this question is ignored. */
static const struct {
	const char *name;
	unsigned id, flags;
	const char *question;
	unsigned type, qclass, count;
	enum sts_found want;
} foreign[] = {
	{ "R83 the answer", ID, ANSWERED, NAME, STS_DNS_TXT, 1, 1, STS_FOUND },
	{ "R83 the question in another case", ID, ANSWERED,
	    "_MTA-sts.EXAMPLE.com", STS_DNS_TXT, 1, 1, STS_FOUND },
	{ "R83 another id", ID + 1, ANSWERED, NAME, STS_DNS_TXT, 1, 1,
	    STS_PENDING },
	{ "R83 the id in another order", 0x3412, ANSWERED, NAME, STS_DNS_TXT, 1,
	    1, STS_PENDING },
	{ "R83 a query", ID, 0x0100, NAME, STS_DNS_TXT, 1, 1, STS_PENDING },
	{ "R83 another opcode", ID, ANSWERED | 0x0800, NAME, STS_DNS_TXT, 1, 1,
	    STS_PENDING },
	{ "R83 another name", ID, ANSWERED, "_mta-sts.example.org", STS_DNS_TXT,
	    1, 1, STS_PENDING },
	{ "R83 a longer name", ID, ANSWERED, NAME ".uk", STS_DNS_TXT, 1, 1,
	    STS_PENDING },
	{ "R83 a shorter name", ID, ANSWERED, "_mta-sts.example", STS_DNS_TXT,
	    1, 1, STS_PENDING },
	{ "R83 the root", ID, ANSWERED, "", STS_DNS_TXT, 1, 1, STS_PENDING },
	{ "R83 a compressed question", ID, ANSWERED, "_mta-sts.@12",
	    STS_DNS_TXT, 1, 1, STS_PENDING },
	{ "R83 another type", ID, ANSWERED, NAME, STS_DNS_A, 1, 1,
	    STS_PENDING },
	{ "R83 another class", ID, ANSWERED, NAME, STS_DNS_TXT, 3, 1,
	    STS_PENDING },
	{ "R83 no question", ID, ANSWERED, NAME, STS_DNS_TXT, 1, 0,
	    STS_PENDING },
	{ "R83 two questions", ID, ANSWERED, NAME, STS_DNS_TXT, 1, 2,
	    STS_PENDING },
	{ "R83 an error for another id", ID + 1, ANSWERED | STS_DNS_SERVFAIL,
	    NAME, STS_DNS_TXT, 1, 1, STS_PENDING },
};

START_TEST(a_message_that_answers_another_question_is_ignored)
{
	for (size_t i = 0; i < UNIT_COUNT(foreign); i++) {
		struct sts_dns_verdict v;
		struct build b;

		build_begin(&b, foreign[i].id, foreign[i].flags,
		    foreign[i].question, foreign[i].type);
		sts_put16be(b.p + 4, (uint16_t)foreign[i].count);
		sts_put16be(b.p + b.n - 2, (uint16_t)foreign[i].qclass);
		build_record(&b, ANSWER, NAME, STS_DNS_TXT, 60, "x");
		v = judge(b.p, b.n, STS_DNS_TXT);
		unit_int(foreign[i].name, v.found, foreign[i].want);
		unit_int(foreign[i].name, v.why, STS_WHY_NONE);
		unit_int(foreign[i].name, v.truncated, false);
	}
}
END_TEST

/*
 * R85: a response that repeats no question is the server's report about itself,
 * whatever records it carries: an error, or that TCP is needed. It is never an
 * answer.
 */
static const struct {
	const char *name;
	unsigned id, flags, count; /* of questions in the header */
	enum sts_found want;
	enum sts_why why;
	bool truncated;
} headless[] = {
	{ "R85 FORMERR", ID, STS_DNS_FORMERR, 0, STS_UNKNOWN, STS_WHY_DNS_ERROR,
	    false },
	{ "R85 NOTIMP", ID, STS_DNS_NOTIMP, 0, STS_UNKNOWN, STS_WHY_DNS_ERROR,
	    false },
	{ "R85 SERVFAIL", ID, STS_DNS_SERVFAIL, 0, STS_UNKNOWN,
	    STS_WHY_DNS_SERVFAIL, false },
	{ "R85 REFUSED", ID, STS_DNS_REFUSED, 0, STS_UNKNOWN,
	    STS_WHY_DNS_REFUSED, false },
	{ "R85 SERVFAIL with TC", ID, TC | STS_DNS_SERVFAIL, 0, STS_UNKNOWN,
	    STS_WHY_DNS_SERVFAIL, false },
	{ "R85 TC", ID, TC, 0, STS_PENDING, STS_WHY_NONE, true },
	{ "R85 NOERROR", ID, 0, 0, STS_PENDING, STS_WHY_NONE, false },
	{ "R85 NXDOMAIN", ID, STS_DNS_NXDOMAIN, 0, STS_PENDING, STS_WHY_NONE,
	    false },
	{ "R85 SERVFAIL for another id", ID ^ 0x100, STS_DNS_SERVFAIL, 0,
	    STS_PENDING, STS_WHY_NONE, false },
	{ "R85 TC for another id", ID + 1, TC, 0, STS_PENDING, STS_WHY_NONE,
	    false },
	{ "R85 SERVFAIL with two questions", ID, STS_DNS_SERVFAIL, 2,
	    STS_PENDING, STS_WHY_NONE, false },
	{ "R85 SERVFAIL of another opcode", ID, 0x0800 | STS_DNS_SERVFAIL, 0,
	    STS_PENDING, STS_WHY_NONE, false },
};

START_TEST(a_response_without_a_question_is_never_an_answer)
{
	for (size_t i = 0; i < UNIT_COUNT(headless); i++) {
		struct sts_dns_verdict v;
		struct build b;

		build_begin(&b, headless[i].id, ANSWERED | headless[i].flags,
		    NAME, STS_DNS_TXT);
		build_record(&b, ANSWER, NAME, STS_DNS_TXT, 60, "x");
		sts_put16be(b.p + 4, (uint16_t)headless[i].count);
		for (unsigned whole = 0; whole <= 1; whole++) {
			v = judge(b.p, whole != 0 ? b.n : 12, STS_DNS_TXT);
			unit_int(headless[i].name, v.found, headless[i].want);
			unit_int(headless[i].name, v.why, headless[i].why);
			unit_int(headless[i].name, v.truncated,
			    headless[i].truncated);
		}
	}
}
END_TEST

/* A label with a dot in it is not two labels. */
START_TEST(a_dot_in_a_label_makes_no_second_label)
{
	struct sts_dns_verdict v;
	struct build b;

	build_begin(&b, ID, ANSWERED, NAME, STS_DNS_TXT);
	/* 8_mta-sts 7example 3com 0 becomes 8_mta-sts 11example.com 0 */
	b.p[12 + 9] = 11;
	b.p[12 + 9 + 8] = '.';
	build_record(&b, ANSWER, "@12", STS_DNS_TXT, 60, "x");
	v = judge(b.p, b.n, STS_DNS_TXT);
	unit_int("dot in the question", v.found, STS_PENDING);
}
END_TEST

/* R85: EDNS. */
START_TEST(edns_extends_the_rcode)
{
	static const struct {
		const char *name;
		unsigned rcode;
		struct {
			unsigned section;
			const char *owner; /* NULL: there is none */
			uint32_t ttl;
		} opt[3];
		enum sts_found found;
		enum sts_why why;
		unsigned want_rcode;
	} cases[] = {
		{ "R85 an unknown option", 0, { { ADDITIONAL, "", 0 } },
		    STS_FOUND, STS_WHY_NONE, 0 },
		{ "R85 flags and version mean nothing", 0,
		    { { ADDITIONAL, "", 0xffffffU } }, STS_FOUND, STS_WHY_NONE,
		    0 },
		{ "R85 BADVERS", 0, { { ADDITIONAL, "", 0x01000000U } },
		    STS_UNKNOWN, STS_WHY_DNS_ERROR, STS_DNS_BADVERS },
		{ "R85 all bits", 15, { { ADDITIONAL, "", 0xff000000U } },
		    STS_UNKNOWN, STS_WHY_DNS_ERROR, 0xfff },
		{ "R85 19 is not NXDOMAIN", STS_DNS_NXDOMAIN,
		    { { ADDITIONAL, "", 0x01000000U } }, STS_UNKNOWN,
		    STS_WHY_DNS_ERROR, 19 },
		{ "R85 18 is not SERVFAIL", STS_DNS_SERVFAIL,
		    { { ADDITIONAL, "", 0x01000000U } }, STS_UNKNOWN,
		    STS_WHY_DNS_ERROR, 18 },
		{ "R85 two OPT", 0,
		    { { ADDITIONAL, "", 0 }, { ADDITIONAL, "", 0 } },
		    STS_UNKNOWN, STS_WHY_DNS_MALFORMED, 0 },
		{ "R85 OPT in the answer", 0, { { ANSWER, "", 0 } },
		    STS_UNKNOWN, STS_WHY_DNS_MALFORMED, 0 },
		{ "R85 OPT in the authority", 0, { { AUTHORITY, "", 0 } },
		    STS_UNKNOWN, STS_WHY_DNS_MALFORMED, 0 },
		{ "R85 OPT with an owner", 0, { { ADDITIONAL, "x", 0 } },
		    STS_UNKNOWN, STS_WHY_DNS_MALFORMED, 0 },
	};

	for (size_t i = 0; i < UNIT_COUNT(cases); i++) {
		struct sts_dns_verdict v;
		struct build b;

		build_begin(
		    &b, ID, ANSWERED | cases[i].rcode, NAME, STS_DNS_TXT);
		build_record(&b, ANSWER, "@12", STS_DNS_TXT, 60, "x");
		for (size_t k = 0; cases[i].opt[k].owner != NULL; k++) {
			build_opt(&b, cases[i].opt[k].section,
			    cases[i].opt[k].owner, cases[i].opt[k].ttl);
		}
		v = judge(b.p, b.n, STS_DNS_TXT);
		unit_int(cases[i].name, v.found, cases[i].found);
		unit_int(cases[i].name, v.why, cases[i].why);
		unit_int(cases[i].name, v.rcode, cases[i].want_rcode);
	}
}
END_TEST

/* R15: AD is reported with a definite result, and never with "cannot tell". */
START_TEST(ad_is_reported_with_definite_results_only)
{
	static const struct {
		const char *name;
		unsigned flags;
		bool record, want;
	} cases[] = {
		{ "R15 without", ANSWERED, true, false },
		{ "R15 with", ANSWERED | AD, true, true },
		{ "R15 NXDOMAIN", ANSWERED | AD | STS_DNS_NXDOMAIN, false,
		    true },
		{ "R15 NODATA", ANSWERED | AD, false, true },
		{ "R15 SERVFAIL", ANSWERED | AD | STS_DNS_SERVFAIL, false,
		    false },
		{ "R15 NXDOMAIN and yet a record",
		    ANSWERED | AD | STS_DNS_NXDOMAIN, true, false },
		{ "R15 truncated", ANSWERED | AD | TC, true, false },
		{ "R15 a query", 0x0100 | AD, true, false },
	};

	for (size_t i = 0; i < UNIT_COUNT(cases); i++) {
		struct build b;

		build_begin(&b, ID, cases[i].flags, NAME, STS_DNS_TXT);
		if (cases[i].record) {
			build_record(&b, ANSWER, "@12", STS_DNS_TXT, 60, "x");
		}
		unit_int(cases[i].name, judge(b.p, b.n, STS_DNS_TXT).ad,
		    cases[i].want);
	}
}
END_TEST

START_TEST(records_of_another_class_do_not_count)
{
	struct sts_dns_verdict v;
	struct build b;
	size_t at;

	build_begin(&b, ID, ANSWERED, NAME, STS_DNS_TXT);
	at = build_rr(&b, ANSWER, "@12", STS_DNS_TXT, 3, 60);
	build_put(&b, "\1x", 2);
	build_end(&b, at);
	at = build_rr(&b, AUTHORITY, "@12", STS_DNS_SOA, 3, 60);
	build_end(&b, at);
	v = judge(b.p, b.n, STS_DNS_TXT);
	unit_int("CHAOS records", v.found, STS_UNKNOWN);
	unit_int("CHAOS records", v.why, STS_WHY_DNS_ERROR);
}
END_TEST

START_TEST(strings_must_end_within_rdata)
{
	static const struct {
		const char *name, *bytes;
		size_t len;
		const char *want; /* strings, each ended by '|' */
		bool fits;
	} cases[] = {
		{ "R3 one", "\3abc", 4, "abc|", true },
		{ "R3 two", "\1a\2bc", 5, "a|bc|", true },
		{ "R3 empty ones", "\0\1a\0", 4, "|a||", true },
		{ "R3 none", "", 0, "", true },
		{ "R3 too long", "\2a", 2, "", false },
		{ "R3 the second too long", "\1a\5b", 4, "a|", false },
	};

	for (size_t i = 0; i < UNIT_COUNT(cases); i++) {
		struct sts_text rdata =
		    sts_text(unit_at_page_end(cases[i].bytes, cases[i].len),
			cases[i].len);
		struct sts_text string;
		struct build b;

		b.n = 0;
		while (sts_dns_txt_next(&rdata, &string)) {
			build_put(&b, string.p, string.n);
			build_put(&b, "|", 1);
		}
		unit_text(cases[i].name, build_text(&b), cases[i].want);
		unit_int(cases[i].name, rdata.n == 0, cases[i].fits);
	}
}
END_TEST

/* What the walk returns after two aliases, and among other records. */
START_TEST(the_walk_returns_records_in_order)
{
	struct sts_dns_answers it;
	struct sts_dns_verdict v;
	struct sts_dns_rr rr;
	struct sts_text m;
	struct build b;

	build_begin(&b, ID, ANSWERED, NAME, STS_DNS_TXT);
	build_record(&b, ANSWER, "b.net", STS_DNS_TXT, 60, "one");
	build_record(&b, ANSWER, "a.@21", STS_DNS_CNAME, 50, "b.net");
	build_record(&b, ANSWER, "@12", STS_DNS_TXT + 1, 60, "no");
	build_record(&b, ANSWER, "@12", STS_DNS_CNAME, 40, "a.@21");
	build_record(&b, ANSWER, "x.net", STS_DNS_TXT, 60, "no");
	build_record(&b, ANSWER, "B.NET", STS_DNS_TXT, 70, "two");
	build_record(&b, AUTHORITY, "b.net", STS_DNS_TXT, 60, "no");
	m = build_text(&b);
	sts_dns_judge(&v, m, ID, asked(), STS_DNS_TXT);
	unit_int("walk", v.found, STS_FOUND);
	unit_int("walk", v.ttl_s, 40);
	sts_dns_answers(&it, m, &v, STS_DNS_TXT);
	ck_assert(sts_dns_next(&it, &rr));
	unit_text("walk", rr.rdata, "\3one");
	unit_int("walk", rr.ttl_s, 60);
	ck_assert(sts_dns_next(&it, &rr));
	unit_text("walk", rr.rdata, "\3two");
	unit_int("walk", rr.ttl_s, 70);
	ck_assert(!sts_dns_next(&it, &rr));
	unit_text("unchanged", rr.rdata, "\3two");
}
END_TEST

/* Append an alias, whose names are pointers. */
static void
put_alias(struct build *b, size_t owner, size_t target)
{
	char names[2][24];

	snprintf(names[0], sizeof names[0], "@%zu", owner);
	snprintf(names[1], sizeof names[1], "@%zu", target);
	build_record(b, ANSWER, names[0], STS_DNS_CNAME, 60, names[1]);
}

/* A name of 127 labels, and by pointers into it one of 126, one of 125, and so
 * on: each record is short, and each name is long. */
START_TEST(long_chains_of_long_names_end_at_our_limit)
{
	struct sts_dns_name_parts q = parts("", "q");
	struct sts_dns_verdict v;
	struct build b;
	size_t first;

	build_begin(&b, ID, ANSWERED, "q", STS_DNS_TXT);
	build_name(&b, "@12");
	build_u16(&b, STS_DNS_CNAME);
	build_u16(&b, 1);
	build_u32(&b, 60);
	build_u16(&b, 2 * STS_DNS_LABELS_MAX + 1);
	first = b.n;
	for (unsigned i = 0; i < STS_DNS_LABELS_MAX; i++) {
		build_put(&b, "\1a", 2);
	}
	build_put(&b, "", 1);
	sts_put16be(b.p + 6, 1);
	for (unsigned i = 0; i + 1 < STS_DNS_LABELS_MAX; i++) {
		put_alias(&b, first + (size_t)2 * i, first + (size_t)2 * i + 2);
	}
	sts_dns_judge(&v, build_text(&b), ID, q, STS_DNS_TXT);
	unit_int("many labels", v.found, STS_UNKNOWN);
	unit_int("many labels", v.why, STS_WHY_DNS_LARGE);
}
END_TEST

/* Append a name behind 126 pointers, in a record of a type that is not read.
 * Returns where the last pointer stands. */
static size_t
put_pointers(struct build *b, const char *name)
{
	size_t rdata = build_rr(b, ANSWER, "", 99, 1, 60), to = rdata;

	build_name(b, name);
	for (unsigned i = 1; i < STS_DNS_POINTERS_MAX; i++) {
		size_t here = b->n;

		build_u16(b, 0xc000U | (unsigned)to);
		to = here;
	}
	build_end(b, rdata);
	return to;
}

/* Names of one label or none, but of many pointers: each record is short. The
 * alias is a loop, so that the chain is as long as there are records. */
static const struct {
	const char *name;
	const char *behind; /* the pointers */
	bool looked_for; /* the alias leads there, or else the owners do */
} pointers[] = {
	{ "pointers to the name that is looked for", "a", true },
	{ "pointers to each owner", "", false },
};

START_TEST(long_chains_of_many_pointers_end_at_our_limit)
{
	for (size_t i = 0; i < UNIT_COUNT(pointers); i++) {
		struct sts_dns_verdict v;
		struct build b;
		char last[24];
		const char *target, *owner;

		build_begin(&b, ID, ANSWERED, "q", STS_DNS_TXT);
		snprintf(last, sizeof last, "@%zu",
		    put_pointers(&b, pointers[i].behind));
		target = pointers[i].looked_for ? last : "a";
		owner = pointers[i].looked_for ? "" : last;
		build_record(&b, ANSWER, "q", STS_DNS_CNAME, 60, target);
		build_record(&b, ANSWER, "a", STS_DNS_CNAME, 60, target);
		while (b.n + 13 <= 4096) {
			build_record(&b, ANSWER, owner, STS_DNS_CNAME, 60, "");
		}
		sts_dns_judge(
		    &v, build_text(&b), ID, parts("", "q"), STS_DNS_TXT);
		unit_int(pointers[i].name, v.found, STS_UNKNOWN);
		unit_int(pointers[i].name, v.why, STS_WHY_DNS_LARGE);
	}
}
END_TEST

/* As many aliases as resolvers follow, and as many addresses as are held. */
START_TEST(as_many_aliases_as_resolvers_follow_are_read)
{
	static const char *const chain[] = { NAME, "a1.cdn.example.net",
		"a2.cdn.example.net", "a3.cdn.example.net",
		"a4.cdn.example.net", "a5.cdn.example.net",
		"a6.cdn.example.net", "a7.cdn.example.net",
		"a8.cdn.example.net", "a9.cdn.example.net" };
	const unsigned last = UNIT_COUNT(chain) - 1;
	struct sts_dns_verdict v;
	struct build b;
	size_t owner = 0;
	char at[24];

	build_begin(&b, ID, ANSWERED, NAME, STS_DNS_A);
	for (unsigned i = 0; i < last; i++) {
		build_record(
		    &b, ANSWER, chain[i], STS_DNS_CNAME, 60, chain[i + 1]);
		owner = b.n - strlen(chain[i + 1]) - 2;
	}
	snprintf(at, sizeof at, "@%zu", owner);
	while (b.n + 16 <= 4096) {
		build_record(&b, ANSWER, at, STS_DNS_A, 60, "192.0.2.1");
	}
	sts_dns_judge(&v, build_text(&b), ID, asked(), STS_DNS_A);
	unit_int("addresses", v.found, STS_FOUND);
}
END_TEST

START_TEST(a_query_has_these_bytes)
{
	static const char want[] = "\x12\x34\x01\x20\0\1\0\0\0\0\0\1"
				   "\10_mta-sts\7example\3com\0\0\20\0\1"
				   "\0\0\51\4\320\0\0\0\0\0\0";
	uint8_t out[STS_DNS_QUERY_MAX];
	size_t n;

	n = sts_dns_query(out, ID, asked(), STS_DNS_TXT, true);
	ck_assert_uint_eq(n, sizeof want - 1);
	ck_assert_mem_eq(out, want, n);
	n = sts_dns_query(
	    out, ID, parts("", "_mta-sts.example.com"), STS_DNS_TXT, true);
	ck_assert_uint_eq(n, sizeof want - 1);
	ck_assert_mem_eq(out, want, n);
	n = sts_dns_query(out, ID, asked(), STS_DNS_TXT, false);
	ck_assert_uint_eq(n, sizeof want - 1 - STS_DNS_OPT_LEN);
	ck_assert_mem_eq(out, want, 11);
	ck_assert_uint_eq(out[11], 0);
	ck_assert_mem_eq(out + 12, want + 12, n - 12);
}
END_TEST

/* A name of n octets in text form, whose labels have 63 octets at most. */
static struct sts_text
long_name(char *out, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		out[i] = i % 64 == 63 ? '.' : 'a';
	}
	return sts_text((const uint8_t *)out, n);
}

/* R1: with its prefix and dot, a name has 253 octets at most. */
START_TEST(a_query_has_a_longest_name)
{
	static const struct {
		const char *name, *prefix;
		size_t domain_len;
		size_t want; /* 0: refused */
	} cases[] = {
		{ "R1 a domain of 244 octets", "_mta-sts", 244, 255 },
		{ "R1 a domain of 245 octets", "_mta-sts", 245, 0 },
		{ "R1 a name of 252 octets", "", 252, 254 },
		{ "R1 a name of 253 octets", "", 253, 255 },
		{ "R1 a name of 254 octets", "", 254, 0 },
		{ "R1 a name of 1000 octets", "", 1000, 0 },
		{ "no name", "", 0, 0 },
		{ "a prefix only", "com", 0, 5 },
		{ "a label of 63 octets", L63, 3, 1 + 63 + 5 },
		{ "a label of 64 octets", L63 "x", 3, 0 },
		{ "an empty label", "a..b", 3, 0 },
		{ "a leading dot", ".a", 3, 0 },
	};

	for (size_t i = 0; i < UNIT_COUNT(cases); i++) {
		uint8_t out[STS_DNS_QUERY_MAX];
		char domain[1000];
		struct sts_dns_name_parts name;
		size_t want = cases[i].want;

		name.prefix = unit_span(cases[i].prefix);
		name.domain = long_name(domain, cases[i].domain_len);
		unit_int(cases[i].name,
		    (long long)sts_dns_query(out, 0, name, STS_DNS_A, true),
		    (long long)(want == 0 ? 0
					  : 12 + want + 4 + STS_DNS_OPT_LEN));
	}
}
END_TEST

/* A query that comes back is accepted as an answer to itself, for the longest
 * name, too. */
START_TEST(the_longest_query_is_recognised_when_it_returns)
{
	uint8_t out[STS_DNS_QUERY_MAX];
	char domain[244];
	struct sts_dns_name_parts name = { unit_span("_mta-sts"),
		long_name(domain, sizeof domain) };
	size_t n = sts_dns_query(out, ID, name, STS_DNS_AAAA, true);
	struct sts_dns_verdict v;

	out[2] |= 0x80;
	sts_dns_judge(&v, sts_text(out, n), ID, name, STS_DNS_AAAA);
	unit_int("result of the echo", v.found, STS_UNKNOWN);
	unit_int("reason of the echo", v.why, STS_WHY_DNS_ERROR);
	out[12 + 100] ^= 1;
	sts_dns_judge(&v, sts_text(out, n), ID, name, STS_DNS_AAAA);
	unit_int("result of another query's echo", v.found, STS_PENDING);
}
END_TEST

void
unit_tests(TCase *tc)
{
	tcase_add_test(tc, a_message_is_judged_by_its_records);
	tcase_add_test(tc, a_message_that_answers_another_question_is_ignored);
	tcase_add_test(tc, a_response_without_a_question_is_never_an_answer);
	tcase_add_test(tc, a_dot_in_a_label_makes_no_second_label);
	tcase_add_test(tc, edns_extends_the_rcode);
	tcase_add_test(tc, ad_is_reported_with_definite_results_only);
	tcase_add_test(tc, records_of_another_class_do_not_count);
	tcase_add_test(tc, strings_must_end_within_rdata);
	tcase_add_test(tc, the_walk_returns_records_in_order);
	tcase_add_test(tc, long_chains_of_long_names_end_at_our_limit);
	tcase_add_test(tc, long_chains_of_many_pointers_end_at_our_limit);
	tcase_add_test(tc, as_many_aliases_as_resolvers_follow_are_read);
	tcase_add_test(tc, a_query_has_these_bytes);
	tcase_add_test(tc, a_query_has_a_longest_name);
	tcase_add_test(tc, the_longest_query_is_recognised_when_it_returns);
}
