/* SPDX-License-Identifier: MIT */
/* core/dial/address: what a stranger's DNS may make us connect to (K9). */
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
};

START_TEST(address_table)
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

START_TEST(fetch_allow_permits)
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

START_TEST(same_host)
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
	tcase_add_test(tc, address_table);
	tcase_add_test(tc, fetch_allow_permits);
	tcase_add_test(tc, same_host);
}
