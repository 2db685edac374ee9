/* SPDX-License-Identifier: MIT */
/*
 * core/client/reply at its limit, which is small here, so that each step from
 * all attributes down to TEMP is reached one byte at a time. The expected
 * replies come from a second, plain renderer.
 */
#include <stdio.h>

#define STS_REPLY_MAX 600
#include "../../core/client/reply.c"
#include "held.h"

const char unit_name[] = "reply limit";

enum {
	PATTERNS = 3,
	ROOM = 4096
};

static size_t pattern_len;

/* Every second pattern is a wildcard. */
static struct sts_text
pattern_of(unsigned i)
{
	static uint8_t text[STS_MX_MAX];

	memset(text, 'x', sizeof text);
	text[0] = i % 2 == 0 ? 'm' : '*';
	text[1] = '.';
	return sts_text(text, pattern_len);
}

static void
expect_list(char *out, const char *before, const char *after)
{
	for (unsigned i = 0; i < PATTERNS; i++) {
		struct sts_text t = pattern_of(i);

		out += strlen(out);
		snprintf(out, ROOM / 4, "%s%.*s%s", before, (int)t.n,
		    (const char *)t.p, after);
	}
}

/* The expected reply of that detail. */
static void
expect(char out[ROOM], const char *domain, enum sts_reply_detail detail)
{
	strcpy(out, "OK secure ");
	for (unsigned i = 0; i < PATTERNS; i++) {
		struct sts_text t = pattern_of(i);
		unsigned skip = t.p[0] == '*';

		out += strlen(out);
		snprintf(out, ROOM / 4, "%s%.*s", i == 0 ? "match=" : ":",
		    (int)(t.n - skip), (const char *)t.p + skip);
	}
	strcat(out, " servername=hostname");
	if (detail == STS_REPLY_PLAIN) {
		return;
	}
	out += strlen(out);
	snprintf(out, ROOM / 4, " policy_type=sts policy_domain=%s", domain);
	expect_list(out, " mx_host_pattern=", "");
	strcat(out, " { policy_string = version: STSv1 }"
		    " { policy_string = mode: enforce }");
	if (detail == STS_REPLY_FULL) {
		expect_list(out, " { policy_string = mx: ", " }");
	}
	strcat(out, " { policy_string = max_age: 86400 }");
}

/* The reply is the most detailed one that fits, byte for byte, or TEMP. */
static unsigned
check(const char *domain)
{
	struct sts_zone zone = { .sni = true, .tlsrpt = true };
	struct sts_answer answer = { STS_ANSWER_POLICY, STS_RULE_HELD,
		STS_WHY_NONE, false, 0, NULL, NULL };
	static char want[ROOM], got[ROOM];
	struct sts_reply r;
	unsigned detail = STS_REPLY_FULL;

	held_start();
	answer.ref =
	    held_policy(domain, STS_MODE_ENFORCE, 86400, PATTERNS, pattern_of);
	sts_reply_init(&r, &held, NULL, &zone, &answer);
	for (; detail <= STS_REPLY_PLAIN; detail++) {
		expect(want, domain, (enum sts_reply_detail)detail);
		if (strlen(want) <= STS_REPLY_MAX) {
			break;
		}
	}
	if (detail > STS_REPLY_PLAIN) {
		struct sts_reply_kept kept;

		strcpy(
		    want, "TEMP the answer is larger than the client accepts");
		/* It names the record still, of which nothing is sent. */
		unit_int("kept", sts_reply_keep(&r, &kept), false);
		unit_int(domain, r.answer.kind, STS_ANSWER_TEMP);
		unit_int(domain, r.answer.why, STS_WHY_REPLY_LARGE);
	} else {
		unit_int(domain, r.answer.kind, STS_ANSWER_POLICY);
		unit_int(domain, r.detail, detail);
	}
	unit_int(domain, r.cut, detail > STS_REPLY_FULL);
	unit_int(domain, r.len, (long long)strlen(want));
	unit_int(domain,
	    (long long)sts_reply_render(
		&r, 0, sts_span((uint8_t *)got, sizeof got)),
	    r.len);
	unit_text(domain, sts_text((uint8_t *)got, r.len), want);
	return detail;
}

/* The domain, and with it the reply, grows by one byte at a time. */
static unsigned
sweep_domain(size_t len)
{
	char domain[STS_NAME_MAX + 1];
	unsigned seen = 0;

	pattern_len = len;
	for (size_t n = 3; n <= 240; n++) {
		memset(domain, 'd', n);
		domain[1] = '.';
		domain[n] = '\0';
		seen |= 1U << check(domain);
	}
	return seen;
}

START_TEST(a_reply_has_the_most_detail_that_fits)
{
	unit_int("short", sweep_domain(16),
	    1 << STS_REPLY_FULL | 1 << STS_REPLY_BRIEF);
	unit_int("longer", sweep_domain(40),
	    1 << STS_REPLY_BRIEF | 1 << STS_REPLY_PLAIN);
}
END_TEST

/* Patterns are added until not even match= fits. */
START_TEST(a_match_that_does_not_fit_is_temp)
{
	unsigned seen = 0;

	for (pattern_len = 4; pattern_len <= STS_MX_MAX; pattern_len++) {
		seen |= 1U << check("d.d");
	}
	unit_int("seen", seen, 15);
}
END_TEST

/* An override one byte under, at and over the limit. */
START_TEST(an_override_over_the_limit_is_temp)
{
	static struct sts_zones zones;
	uint8_t line[STS_REPLY_MAX + 64];

	memset(line, 'x', sizeof line);
	memcpy(line, "a.b postfix secure match=", 25);
	for (size_t n = STS_REPLY_MAX - 4; n <= STS_REPLY_MAX - 2; n++) {
		struct sts_answer answer = { STS_ANSWER_OVERRIDE,
			STS_RULE_OVERRIDE, STS_WHY_OVERRIDE, false, 0, NULL,
			NULL };
		struct sts_reply_kept kept;
		struct sts_reply r;
		bool fits = n + 3 <= STS_REPLY_MAX;

		sts_zones_init(&zones, 1, 1);
		unit_int("line",
		    sts_zones_override(&zones, sts_text(line, 12 + n)),
		    STS_ZONES_OK);
		answer.override = &zones.override[0];
		sts_reply_init(&r, NULL, &zones, NULL, &answer);
		unit_int("kind", r.answer.kind,
		    fits ? STS_ANSWER_OVERRIDE : STS_ANSWER_TEMP);
		unit_int("len", r.len, fits ? (long long)n + 3 : 49);
		unit_int("kept", sts_reply_keep(&r, &kept), false);
	}
}
END_TEST

void
unit_tests(TCase *tc)
{
	tcase_add_test(tc, a_reply_has_the_most_detail_that_fits);
	tcase_add_test(tc, a_match_that_does_not_fit_is_temp);
	tcase_add_test(tc, an_override_over_the_limit_is_temp);
}
