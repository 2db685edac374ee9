/* SPDX-License-Identifier: MIT */
/* The rules by which a question is answered, one function each. */
#include <string.h>

#include "../base/assert.h"
#include "../grammar/policy.h"
#include "decide.h"
#include "preload.h"

struct sts_answer
sts_decide_plain(
    enum sts_answer_kind kind, enum sts_rule rule, enum sts_why why)
{
	struct sts_answer answer;

	STS_ASSERT(kind == STS_ANSWER_NOTFOUND || kind == STS_ANSWER_TEMP);
	memset(&answer, 0, sizeof answer);
	answer.kind = (uint8_t)kind;
	answer.rule = (uint8_t)rule;
	answer.why = (uint8_t)why;
	return answer;
}

struct sts_answer
sts_decide_key(enum sts_why why)
{
	STS_ASSERT(why != STS_WHY_NONE);
	return sts_decide_plain(
	    why == STS_WHY_KEY_UNMAPPED ? STS_ANSWER_TEMP : STS_ANSWER_NOTFOUND,
	    STS_RULE_KEY, why);
}

struct sts_answer
sts_decide_policy(const struct sts_zone *zone, const struct sts_entry *e,
    sts_ref ref, enum sts_rule rule)
{
	struct sts_answer answer =
	    sts_decide_plain(STS_ANSWER_NOTFOUND, rule, STS_WHY_NONE);

	STS_ASSERT(e->kind == STS_KIND_POLICY);
	STS_ASSERT(ref != 0);
	if (e->mode == STS_MODE_ENFORCE ||
	    (e->mode == STS_MODE_TESTING && zone->strict_testing)) {
		answer.kind = STS_ANSWER_POLICY;
		answer.ref = ref;
	} else {
		answer.why = e->mode == STS_MODE_TESTING ? STS_WHY_MODE_TESTING
							 : STS_WHY_MODE_NONE;
	}
	return answer;
}

struct sts_answer
sts_decide_none(
    const struct sts_settings *s, enum sts_kind kind, enum sts_why why)
{
	bool temp =
	    sts_why_ours(why) || (kind == STS_KIND_UNKNOWN &&
				     s->on_dns_error == STS_ON_UNKNOWN_TEMP);

	/* A shortage or limit of our own is never a verdict about a domain.
	 * RFC 8461 3.3: after a valid TXT record whatever fails means "as if
	 * there were no policy"; only the TXT look-up itself has a choice. */
	STS_ASSERT(kind != STS_KIND_POLICY);
	return sts_decide_plain(
	    temp ? STS_ANSWER_TEMP : STS_ANSWER_NOTFOUND, STS_RULE_TABLE, why);
}

struct sts_answer
sts_decide_no_clock(const struct sts_settings *s, bool grace)
{
	bool temp = grace && s->on_no_clock == STS_ON_UNKNOWN_TEMP;

	return sts_decide_plain(temp ? STS_ANSWER_TEMP : STS_ANSWER_NOTFOUND,
	    STS_RULE_CLOCK, STS_WHY_NO_CLOCK);
}

struct sts_answer
sts_decide_dane(enum sts_dane_level level, enum sts_why why)
{
	struct sts_answer answer;

	STS_ASSERT(level != STS_DANE_PENDING);
	if (level == STS_DANE_UNKNOWN) {
		return sts_decide_plain(STS_ANSWER_TEMP, STS_RULE_DANE, why);
	}
	memset(&answer, 0, sizeof answer);
	if (level == STS_DANE_ONLY) {
		answer.kind = STS_ANSWER_DANE_ONLY;
		answer.rule = STS_RULE_DANE;
	}
	return answer;
}

struct sts_answer
sts_decide_partial(const struct sts_settings *s, struct sts_answer with)
{
	/* A route's hosts are known before the question is asked, so that what
	 * the operator decided for the key may come here. */
	if (s->dane_partial && with.kind == STS_ANSWER_NOTFOUND &&
	    with.rule != STS_RULE_OVERRIDE) {
		with.kind = STS_ANSWER_DANE;
		with.rule = STS_RULE_DANE;
		with.why = STS_WHY_NONE;
	}
	return with;
}

struct sts_answer
sts_decide_preload(const struct sts_settings *s, bool live,
    struct sts_answer with, struct sts_text domain)
{
	struct sts_preload_found found;
	bool open =
	    with.kind == STS_ANSWER_NOTFOUND &&
	    (with.rule == STS_RULE_TABLE || with.rule == STS_RULE_CLOCK);

	if (!open || s->preload == NULL || !live || domain.n == 0 ||
	    !sts_preload_find(s->preload, domain, &found) ||
	    !(found.enforce || s->preload_testing)) {
		return with;
	}
	with.kind = STS_ANSWER_PRELOAD;
	with.rule = STS_RULE_PRELOAD;
	with.why = STS_WHY_NONE;
	with.patterns = found.patterns;
	return with;
}

bool
sts_decide_wants_dane(const struct sts_settings *s, const struct sts_zone *zone)
{
	switch ((enum sts_zone_dane)zone->dane) {
	case STS_ZONE_DANE_ON:
		return !zone->sendmail;
	case STS_ZONE_DANE_OFF:
		return false;
	case STS_ZONE_DANE_GENERAL:
		break;
	}
	return s->dane && !zone->sendmail;
}

enum sts_kind
sts_decide_kind(const struct sts_entry *e)
{
	if (e->kind != STS_KIND_POLICY) {
		return (enum sts_kind)e->kind;
	}
	if (e->failed_id != 0) {
		return STS_KIND_BACK_OFF;
	}
	switch (e->why) {
	case STS_WHY_DNS_NXDOMAIN:
	case STS_WHY_DNS_NODATA:
	case STS_WHY_TXT_NONE:
	case STS_WHY_TXT_SEVERAL:
	case STS_WHY_TXT_INVALID:
		return STS_KIND_ABSENT;
	default:
		return STS_KIND_UNKNOWN;
	}
}

bool
sts_decide_audits(const struct sts_settings *s, const struct sts_zone *zone)
{
	return s->enforce_off || zone->audit;
}
