/* SPDX-License-Identifier: MIT */
/* Answers and records in words, for people and for JSON. */
#include <string.h>

#include "../base/assert.h"
#include "explain.h"

/* Reasons that the domain itself gave, or that need no domain; any other is
 * "cannot tell". */
static bool
is_definite(enum sts_why why)
{
	static const uint8_t definite[] = { STS_WHY_KEY_EMPTY,
		STS_WHY_KEY_PARENT, STS_WHY_KEY_ADDRESS, STS_WHY_KEY_INVALID,
		STS_WHY_KEY_LONG, STS_WHY_OVERRIDE, STS_WHY_DNS_NXDOMAIN,
		STS_WHY_DNS_NODATA, STS_WHY_TXT_NONE, STS_WHY_TXT_SEVERAL,
		STS_WHY_TXT_INVALID, STS_WHY_MODE_NONE, STS_WHY_MODE_TESTING };

	for (size_t i = 0; i < sizeof definite; i++) {
		if (definite[i] == why) {
			return true;
		}
	}
	return false;
}

enum sts_verdict
sts_explain_verdict(const struct sts_answer *a)
{
	STS_ASSERT(a->kind != STS_ANSWER_NONE);
	if (a->kind >= STS_ANSWER_POLICY) {
		return STS_VERDICT_POLICY;
	}
	if (a->would != STS_ANSWER_NONE) {
		/* An audit: no policy is in force, but it is known whether one
		 * would be. */
		return a->would == STS_ANSWER_TEMP ? STS_VERDICT_UNKNOWN
						   : STS_VERDICT_NONE;
	}
	return a->kind == STS_ANSWER_NOTFOUND &&
		       is_definite((enum sts_why)a->why)
		   ? STS_VERDICT_NONE
		   : STS_VERDICT_UNKNOWN;
}

/* words[i], or "?" beyond. */
static const char *
word(const char *const *words, size_t count, unsigned i)
{
	return i < count && words[i] != NULL ? words[i] : "?";
}

const char *
sts_verdict_token(enum sts_verdict v)
{
	static const char *const words[] = { "policy", "none", "unknown" };

	return word(words, sizeof words / sizeof *words, v);
}

const char *
sts_rule_token(enum sts_rule rule)
{
	static const char *const words[] = { NULL, "key", "override", "held",
		"table", "clock", "dane", "preload" };

	return word(words, sizeof words / sizeof *words, rule);
}

const char *
sts_rule_text(enum sts_rule rule)
{
	static const char *const words[] = { NULL, "the key alone decides",
		"an override of the configuration", "a policy is held",
		"no policy is held", "the time is not known",
		"TLSA records of the mail hosts (DANE)",
		"the operator's list of policies (preload)" };

	return word(words, sizeof words / sizeof *words, rule);
}

const char *
sts_kind_token(enum sts_kind kind)
{
	static const char *const words[] = { NULL, "policy", "absent",
		"back-off", "unknown", "dane" };

	return word(words, sizeof words / sizeof *words, kind);
}

const char *
sts_dane_level_token(enum sts_dane_level level)
{
	static const char *const words[] = { NULL, "none", "partial", "only",
		"unknown" };

	return word(words, sizeof words / sizeof *words, level);
}

const char *
sts_dane_mx_token(enum sts_dane_mx mx)
{
	static const char *const words[] = { NULL, "unknown", "none",
		"insecure", "secure" };

	return word(words, sizeof words / sizeof *words, mx);
}

const char *
sts_dane_host_token(enum sts_dane_host host)
{
	static const char *const words[] = { NULL, "no-address", "unknown",
		"none", "unusable", "usable" };

	return word(words, sizeof words / sizeof *words, host);
}

/* The sum, or the last moment that the type holds. */
static uint32_t
later(uint32_t from_s, uint32_t span_s)
{
	return UINT32_MAX - from_s < span_s ? UINT32_MAX : from_s + span_s;
}

void
sts_explain_held(const struct sts_held *held, struct sts_standing *out)
{
	const struct sts_entry *e = &held->entry;

	memset(out, 0, sizeof *out);
	out->checked_s = e->checked_s;
	out->check_s = e->check_s;
	out->failures = e->failures;
	out->why = (enum sts_why)e->why;
	if (e->kind == STS_KIND_POLICY) {
		out->fetched_s = e->fetched_s;
		out->expires_s = later(e->fetched_s, e->max_age_s);
		out->refresh_s = e->refresh_s;
	}
	if (e->failed_id != 0 && e->retry_s > held->now_s) {
		out->retry_s = e->retry_s;
	}
}
