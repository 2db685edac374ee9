/* SPDX-License-Identifier: MIT */
/* core/dane/dane: which TLSA records are usable, and the level that the hosts
 * of a domain give. */
#include <string.h>

#include "../../core/dane/dane.h"
#include "unit.h"

const char unit_name[] = "dane";

static const uint8_t data[100];

static struct sts_tlsa
tlsa(unsigned usage, unsigned selector, unsigned matching, size_t len)
{
	struct sts_tlsa t = { (uint8_t)usage, (uint8_t)selector,
		(uint8_t)matching, sts_text(data, len) };

	return t;
}

static const struct {
	const char *name;
	unsigned usage, selector, matching;
	size_t len;
	bool want;
} records[] = {
	{ "3 1 1, as most publish it", 3, 1, 1, 32, true },
	{ "2 0 1", 2, 0, 1, 32, true },
	{ "2 1 1", 2, 1, 1, 32, true },
	{ "3 0 1", 3, 0, 1, 32, true },
	{ "3 1 2", 3, 1, 2, 64, true },
	{ "full certificate", 3, 0, 0, 100, true },
	{ "full key: SPKI, not a certificate (RFC 6698 2.1.2)", 3, 1, 0, 91,
	    true },
	{ "PKIX-TA is not for SMTP (RFC 7672 3.1.3; R96)", 0, 1, 1, 32, false },
	{ "PKIX-EE is not for SMTP (RFC 7672 3.1.3)", 1, 1, 1, 32, false },
	{ "usage 4", 4, 1, 1, 32, false },
	{ "usage 255, private use", 255, 1, 1, 32, false },
	{ "selector 2", 3, 2, 1, 32, false },
	{ "selector 255", 3, 255, 1, 32, false },
	{ "matching type 3", 3, 1, 3, 32, false },
	{ "matching type 255", 3, 1, 255, 32, false },
	{ "SHA-256, one octet short", 3, 1, 1, 31, false },
	{ "SHA-256, one octet long", 3, 1, 1, 33, false },
	{ "SHA-256 of the length of SHA-512", 3, 1, 1, 64, false },
	{ "SHA-512, one octet short", 3, 1, 2, 63, false },
	{ "SHA-512 of the length of SHA-256", 3, 1, 2, 32, false },
	{ "no digest", 3, 1, 1, 0, false },
	{ "no data", 3, 0, 0, 0, false },
};

START_TEST(a_record_is_usable_by_usage_selector_and_length)
{
	for (size_t i = 0; i < UNIT_COUNT(records); i++) {
		struct sts_tlsa t = tlsa(records[i].usage, records[i].selector,
		    records[i].matching, records[i].len);

		unit_int(records[i].name, sts_tlsa_usable(&t), records[i].want);
	}
}
END_TEST

/* RFC 7671 9 (R97): whether the first record is left out beside the second. */
static const struct {
	const char *name;
	unsigned usage, selector, matching, other[3];
	bool want;
} agility[] = {
	{ "SHA-256 beside SHA-512", 3, 1, 1, { 3, 1, 2 }, true },
	{ "SHA-512 beside SHA-256", 3, 1, 2, { 3, 1, 1 }, false },
	{ "SHA-256 beside itself, as in a roll-over", 3, 1, 1, { 3, 1, 1 },
	    false },
	{ "another selector", 3, 1, 1, { 3, 0, 2 }, false },
	{ "another usage", 3, 1, 1, { 2, 1, 2 }, false },
	{ "full data beside a digest", 3, 1, 0, { 3, 1, 2 }, false },
	{ "a digest beside full data", 3, 1, 2, { 3, 1, 0 }, false },
};

static size_t
length_of(unsigned matching)
{
	return matching == STS_TLSA_SHA512 ? 64 : 32;
}

START_TEST(a_weaker_digest_is_left_out)
{
	for (size_t i = 0; i < UNIT_COUNT(agility); i++) {
		const unsigned *o = agility[i].other;
		struct sts_tlsa t = tlsa(agility[i].usage, agility[i].selector,
		    agility[i].matching, length_of(agility[i].matching));
		struct sts_tlsa other = tlsa(o[0], o[1], o[2], length_of(o[2]));

		unit_int(agility[i].name, sts_tlsa_outdone(&t, &other),
		    agility[i].want);
	}
}
END_TEST

/* The level that the hosts give (R88, R89, R91, R95). A letter for each host: U
 * usable, X unusable, - none, ? unknown, 0 without address, . pending; + for
 * more hosts than the limit. */
static const struct {
	const char *name;
	enum sts_dane_mx mx;
	const char *hosts;
	enum sts_dane_level want;
} domains[] = {
	{ "MX unknown: the mail waits (RFC 7672 2.2.1)", STS_DANE_MX_UNKNOWN,
	    "", STS_DANE_UNKNOWN },
	{ "MX unknown, whatever is known of hosts", STS_DANE_MX_UNKNOWN, "U",
	    STS_DANE_UNKNOWN },
	{ "no such domain, or a null MX", STS_DANE_MX_NONE, "", STS_DANE_NONE },
	{ "MX pending", STS_DANE_MX_PENDING, "", STS_DANE_PENDING },
	{ "a host pending", STS_DANE_MX_SECURE, "U.", STS_DANE_PENDING },
	{ "an insecure domain's host pending", STS_DANE_MX_INSECURE, ".",
	    STS_DANE_PENDING },

	{ "one host", STS_DANE_MX_SECURE, "U", STS_DANE_ONLY },
	{ "all hosts", STS_DANE_MX_SECURE, "UUUU", STS_DANE_ONLY },
	{ "one host without address", STS_DANE_MX_SECURE, "U0", STS_DANE_ONLY },
	{ "one bogus backup does not stop the domain", STS_DANE_MX_SECURE, "U?",
	    STS_DANE_ONLY },
	{ "all hosts unknown", STS_DANE_MX_SECURE, "??", STS_DANE_UNKNOWN },
	{ "all hosts with an address unknown", STS_DANE_MX_SECURE, "?0",
	    STS_DANE_UNKNOWN },

	{ "some hosts", STS_DANE_MX_SECURE, "U-", STS_DANE_PARTIAL },
	{ "the first of several without records", STS_DANE_MX_SECURE, "-UUU",
	    STS_DANE_PARTIAL },
	{ "unusable records only", STS_DANE_MX_SECURE, "X", STS_DANE_PARTIAL },
	{ "usable and unusable", STS_DANE_MX_SECURE, "UX", STS_DANE_PARTIAL },
	{ "one without records, one unknown that may have some",
	    STS_DANE_MX_SECURE, "-?", STS_DANE_PARTIAL },
	{ "more hosts than the limit: never all", STS_DANE_MX_SECURE, "UU+",
	    STS_DANE_PARTIAL },
	{ "more hosts than the limit, those seen without records",
	    STS_DANE_MX_SECURE, "--+", STS_DANE_NONE },
	{ "more hosts than the limit, those seen unknown", STS_DANE_MX_SECURE,
	    "?+", STS_DANE_PARTIAL },

	{ "no records", STS_DANE_MX_SECURE, "--", STS_DANE_NONE },
	{ "no host has an address", STS_DANE_MX_SECURE, "00", STS_DANE_NONE },
	{ "no hosts", STS_DANE_MX_SECURE, "", STS_DANE_NONE },

	{ "insecure MX, hosts with records: not mandatory (RFC 7672 2.2.1)",
	    STS_DANE_MX_INSECURE, "UU", STS_DANE_PARTIAL },
	{ "insecure MX, some hosts", STS_DANE_MX_INSECURE, "U-",
	    STS_DANE_PARTIAL },
	{ "insecure MX, no records", STS_DANE_MX_INSECURE, "-", STS_DANE_NONE },
	{ "insecure MX, unknown hosts", STS_DANE_MX_INSECURE, "??",
	    STS_DANE_NONE },
};

static struct sts_dane_count
counted(const char *hosts)
{
	static const char letters[] = ".0?-XU";
	struct sts_dane_count count;

	memset(&count, 0, sizeof count);
	for (; *hosts != '\0'; hosts++) {
		if (*hosts == '+') {
			count.more = true;
		} else {
			count.host[strchr(letters, *hosts) - letters]++;
		}
	}
	return count;
}

START_TEST(hosts_add_up_to_a_level)
{
	for (size_t i = 0; i < UNIT_COUNT(domains); i++) {
		struct sts_dane_count count = counted(domains[i].hosts);

		unit_int(domains[i].name, sts_dane_level(domains[i].mx, &count),
		    domains[i].want);
	}
}
END_TEST

/* A failure never makes DANE weaker: whatever the hosts are, if they give ONLY
 * they give ONLY or "try again" when some of them are unknown; and if they give
 * "some" they give at least that. */
START_TEST(failures_never_weaken)
{
	static const char letters[] = "0-XU";
	char known[4] = "", failed[4] = "";

	for (unsigned i = 0; i < 64; i++) {
		for (unsigned k = 0; k < 3; k++) {
			known[k] = letters[i >> 2 * k & 3U];
		}
		for (unsigned which = 1; which < 8; which++) {
			struct sts_dane_count a, b;
			enum sts_dane_level was, is;

			for (unsigned k = 0; k < 3; k++) {
				failed[k] = which >> k & 1U ? '?' : known[k];
			}
			a = counted(known);
			b = counted(failed);
			was = sts_dane_level(STS_DANE_MX_SECURE, &a);
			is = sts_dane_level(STS_DANE_MX_SECURE, &b);
			if (was == STS_DANE_ONLY) {
				unit_int(failed,
				    is == STS_DANE_ONLY ||
					is == STS_DANE_UNKNOWN,
				    true);
			} else if (was == STS_DANE_PARTIAL) {
				unit_int(failed, is != STS_DANE_NONE, true);
			}
		}
	}
}
END_TEST

void
unit_tests(TCase *tc)
{
	tcase_add_test(tc, a_record_is_usable_by_usage_selector_and_length);
	tcase_add_test(tc, a_weaker_digest_is_left_out);
	tcase_add_test(tc, hosts_add_up_to_a_level);
	tcase_add_test(tc, failures_never_weaken);
}
