/* SPDX-License-Identifier: MIT */
/* core/dial/address: which addresses a stranger's DNS may make us connect
 * to. */
#include <arpa/inet.h>
#include <string.h>

#include "../../core/dial/address.h"
#include "unit.h"

const char unit_name[] = "address";

static struct sts_addr
parse(const char *text)
{
	uint8_t ip[16];
	int af = strchr(text, ':') != NULL ? AF_INET6 : AF_INET;

	ck_assert_int_eq(inet_pton(af, text, ip), 1);
	return sts_address_of(sts_text(ip, af == AF_INET ? 4 : 16), 443);
}

enum when {
	NEVER,
	PRIVATE, /* unless allow_private no */
	ALWAYS
};

static const struct {
	const char *name;
	enum when want;
} cases[] = {
	{ "192.0.2.1", ALWAYS },
	{ "8.8.8.8", ALWAYS },
	{ "126.255.255.255", ALWAYS },
	{ "128.0.0.1", ALWAYS },
	{ "223.255.255.255", ALWAYS },
	{ "0.0.0.0", NEVER },
	{ "0.1.2.3", NEVER },
	{ "127.0.0.1", NEVER },
	{ "127.255.255.254", NEVER },
	{ "169.254.169.254", NEVER },
	{ "169.253.0.1", ALWAYS },
	{ "224.0.0.1", NEVER },
	{ "239.1.1.1", NEVER },
	{ "255.255.255.255", NEVER },
	{ "240.0.0.1", NEVER },
	{ "10.1.2.3", PRIVATE },
	{ "172.16.0.1", PRIVATE },
	{ "172.31.255.255", PRIVATE },
	{ "172.32.0.1", ALWAYS },
	{ "192.168.1.1", PRIVATE },
	{ "192.169.1.1", ALWAYS },
	{ "100.64.0.1", PRIVATE },
	{ "100.128.0.1", ALWAYS },
	{ "2001:db8::1", ALWAYS },
	{ "::", NEVER },
	{ "::1", NEVER },
	{ "fe80::1", NEVER },
	{ "febf::1", NEVER },
	{ "ff02::1", NEVER },
	{ "fd00::1", PRIVATE },
	{ "fc00::1", PRIVATE },
	{ "::ffff:127.0.0.1", NEVER },
	{ "::ffff:10.0.0.1", PRIVATE },
	{ "::ffff:192.0.2.1", ALWAYS },
	{ "64:ff9b::7f00:1", NEVER },
	{ "64:ff9b::c000:201", ALWAYS },
	{ "2002:7f00:1::1", NEVER },
	{ "2002:a00:1::1", PRIVATE },
	{ "2002:c000:201::1", ALWAYS },
	{ "::127.0.0.1", NEVER },
	{ "::ffff:0:127.0.0.1", NEVER },
	{ "::ffff:0:10.0.0.1", PRIVATE },
	{ "::ffff:0:192.0.2.1", ALWAYS },
	/* RFC 8215: prefixes of 96, 64, 56 and 48 bits */
	{ "64:ff9b:1::7f00:1", NEVER },
	{ "64:ff9b:1::a00:1", PRIVATE },
	{ "64:ff9b:1::c000:201", ALWAYS },
	{ "64:ff9b:1:fffe::127.0.0.1", NEVER },
	{ "64:ff9b:1:fffe:0:1:10.0.0.1", PRIVATE },
	{ "64:ff9b:1:fffe:0:1:192.0.2.1", ALWAYS },
	{ "64:ff9b:1:0:7f:0:100::", NEVER },
	{ "64:ff9b:1:abcd:a:1:200::", PRIVATE },
	{ "64:ff9b:1:abcd:c0:2:300::", ALWAYS },
	{ "64:ff9b:1:7f:0:1::", NEVER },
	{ "64:ff9b:1:ab0a:1:203::", PRIVATE },
	{ "64:ff9b:1:abc0:0:203::", ALWAYS },
	{ "64:ff9b:1:7f00:0:100::", NEVER },
	{ "64:ff9b:1:c0a8:1:100::", PRIVATE },
	{ "64:ff9b:1:c000:2:100::", ALWAYS },
	{ "64:ff9b:1::", NEVER },
	{ "64:ff9b:2::7f00:1", ALWAYS },
	/* Teredo: a server's address and a client's */
	{ "2001:0:c000:201:0:0:3fff:fdfe", ALWAYS }, /* 192.0.2.1 */
	{ "2001:0:7f00:1:0:0:3fff:fdfe", NEVER },
	{ "2001:0:c000:201:0:0:80ff:fffe", NEVER }, /* 127.0.0.1 */
	{ "2001:0:c000:201:0:0:f5ff:fffe", PRIVATE }, /* 10.0.0.1 */
	{ "2001:0:a00:1:0:0:3fff:fdfe", PRIVATE },
	{ "2001:1::80ff:fffe", ALWAYS },
	/* ISATAP */
	{ "2001:db8::5efe:127.0.0.1", NEVER },
	{ "2001:db8::5efe:10.0.0.1", PRIVATE },
	{ "2001:db8::200:5efe:10.0.0.1", PRIVATE },
	{ "2001:db8::200:5efe:192.0.2.1", ALWAYS },
	{ "2001:db8::100:5efe:10.0.0.1", ALWAYS },
};

START_TEST(addresses_of_our_own_networks_are_refused)
{
	struct sts_settings s;

	memset(&s, 0, sizeof s);
	for (size_t i = 0; i < UNIT_COUNT(cases); i++) {
		struct sts_addr a = parse(cases[i].name);

		s.allow_private = true;
		unit_int(cases[i].name, sts_address_allowed(&s, &a),
		    cases[i].want != NEVER);
		s.allow_private = false;
		unit_int(cases[i].name, sts_address_allowed(&s, &a),
		    cases[i].want == ALWAYS);
	}
}
END_TEST

START_TEST(a_permitted_network_may_be_connected_to)
{
	struct sts_settings s;
	struct sts_addr a = parse("127.0.0.2"), b = parse("127.0.1.2"),
			c = parse("::1");

	memset(&s, 0, sizeof s);
	s.allow[0].addr = parse("127.0.0.0");
	s.allow[0].bits = 24;
	s.allow_count = 1;
	ck_assert(sts_address_allowed(&s, &a));
	ck_assert(!sts_address_allowed(&s, &b));
	ck_assert(!sts_address_allowed(&s, &c));
	c.af = STS_AF_NONE;
	ck_assert(!sts_address_allowed(&s, &c));
	s.allow[0].bits = 23;
	ck_assert(sts_address_allowed(&s, &b));
}
END_TEST

/* The network's own prefixes, of each length, with 10.1.2.3, 127.1.2.3 and
 * 192.0.2.33. */
static const struct {
	unsigned bits;
	const char *prefix, *private, *never, *always;
} nat64s[] = {
	{ 32, "2001:db8::", "2001:db8:a01:203::", "2001:db8:7f01:203::",
	    "2001:db8:c000:221::" },
	{ 40, "2001:db8:100::", "2001:db8:10a:102:3::", "2001:db8:17f:102:3::",
	    "2001:db8:1c0:2:21::" },
	{ 48, "2001:db8:122::", "2001:db8:122:a01:2:300::",
	    "2001:db8:122:7f01:2:300::", "2001:db8:122:c000:2:2100::" },
	{ 56, "2001:db8:122:300::", "2001:db8:122:30a:1:203::",
	    "2001:db8:122:37f:1:203::", "2001:db8:122:3c0:0:221::" },
	{ 64, "2001:db8:122:344::", "2001:db8:122:344:a:102:300::",
	    "2001:db8:122:344:7f:102:300::", "2001:db8:122:344:c0:2:2100::" },
	{ 96, "2001:db8:122:344::", "2001:db8:122:344::10.1.2.3",
	    "2001:db8:122:344::127.1.2.3", "2001:db8:122:344::192.0.2.33" },
	/* In the block of RFC 8215: now the prefix shows where the address
	 * is. */
	{ 64, "64:ff9b:1:1::", "64:ff9b:1:1:a:102:300::",
	    "64:ff9b:1:1:7f:102:300::", "64:ff9b:1:1:c0:2:7f00::" },
};

START_TEST(addresses_behind_nat64_prefixes_are_judged)
{
	for (size_t i = 0; i < UNIT_COUNT(nat64s); i++) {
		const char *name = nat64s[i].prefix;
		struct sts_addr never = parse(nat64s[i].never),
				private = parse(nat64s[i].private),
				always = parse(nat64s[i].always);
		struct sts_settings s;

		memset(&s, 0, sizeof s);
		/* The prefix that counts is in the last place. */
		s.nat64_count = STS_NAT64_MAX;
		for (unsigned k = 0; k < STS_NAT64_MAX; k++) {
			s.nat64[k].addr = parse("2001:db8:ffff::");
			s.nat64[k].bits = 96;
		}
		s.nat64[STS_NAT64_MAX - 1].addr = parse(name);
		s.nat64[STS_NAT64_MAX - 1].bits = (uint8_t)nat64s[i].bits;
		ck_assert(sts_address_is_nat64(&s.nat64[STS_NAT64_MAX - 1]));
		for (unsigned allow = 0; allow <= 1; allow++) {
			s.allow_private = allow == 1;
			unit_int(name, sts_address_allowed(&s, &never), false);
			unit_int(name, sts_address_allowed(&s, &private),
			    s.allow_private);
			unit_int(name, sts_address_allowed(&s, &always), true);
		}
	}
}
END_TEST

/* A prefix of the network lies within another one: the longer counts, in
 * whatever order they are given. */
START_TEST(of_nat64_prefixes_the_longest_counts)
{
	static const struct {
		const char *name;
		enum when want;
	} within[] = {
		{ "2001:db8:808:808::127.1.2.3", NEVER },
		{ "2001:db8:808:808::10.1.2.3", PRIVATE },
		{ "2001:db8:808:808::192.0.2.33", ALWAYS },
		/* by the shorter one, 127.8.8.8 and 8.8.8.9 */
		{ "2001:db8:7f08:808::192.0.2.33", NEVER },
		{ "2001:db8:808:809::127.1.2.3", ALWAYS },
	};
	struct sts_settings s;

	memset(&s, 0, sizeof s);
	s.nat64_count = 2;
	for (unsigned first = 0; first < 2; first++) {
		s.nat64[first].addr = parse("2001:db8::");
		s.nat64[first].bits = 32;
		s.nat64[1 - first].addr = parse("2001:db8:808:808::");
		s.nat64[1 - first].bits = 96;
		for (size_t i = 0; i < UNIT_COUNT(within); i++) {
			struct sts_addr a = parse(within[i].name);

			s.allow_private = true;
			unit_int(within[i].name, sts_address_allowed(&s, &a),
			    within[i].want != NEVER);
			s.allow_private = false;
			unit_int(within[i].name, sts_address_allowed(&s, &a),
			    within[i].want == ALWAYS);
		}
	}
}
END_TEST

START_TEST(nat64_prefixes_have_the_lengths_of_rfc6052)
{
	struct sts_prefix p = { parse("2001:db8::"), 0 };
	unsigned count = 0;

	for (unsigned bits = 0; bits <= 128; bits++) {
		p.bits = (uint8_t)bits;
		count += sts_address_is_nat64(&p);
	}
	ck_assert_uint_eq(count, 6);
	p.bits = 32;
	ck_assert(sts_address_is_nat64(&p));
	p.addr = parse("192.0.2.1");
	ck_assert(!sts_address_is_nat64(&p));
}
END_TEST

START_TEST(one_host_is_recognised_by_its_address)
{
	struct sts_addr a = parse("192.0.2.1"), b = parse("192.0.2.1"),
			c = parse("192.0.2.2"), d = parse("::ffff:192.0.2.1");

	b.port = 25;
	ck_assert(sts_address_same(&a, &b));
	ck_assert(!sts_address_same(&a, &c));
	ck_assert(!sts_address_same(&a, &d));
}
END_TEST

void
unit_tests(TCase *tc)
{
	tcase_add_test(tc, addresses_of_our_own_networks_are_refused);
	tcase_add_test(tc, a_permitted_network_may_be_connected_to);
	tcase_add_test(tc, addresses_behind_nat64_prefixes_are_judged);
	tcase_add_test(tc, of_nat64_prefixes_the_longest_counts);
	tcase_add_test(tc, nat64_prefixes_have_the_lengths_of_rfc6052);
	tcase_add_test(tc, one_host_is_recognised_by_its_address);
}
