/* SPDX-License-Identifier: MIT */
/*
 * TLS reporting: policies in testing mode made visible (RFC 8461 5). A mail
 * server gets no such policy from the agent and delivers as it does without
 * one, so it reports failures under no policy. But these sessions would have
 * failed under the policy, too: they are counted under it, with its strings, so
 * that its owner sees what `enforce` would do. Sessions that succeeded stay
 * under no policy: nobody has compared their certificates with the policy.
 */
#include <string.h>

#include "agent.h"
#include "agent_report_files.h"
#include "../base/assert.h"
#include "../base/crc32.h"
#include "../base/text.h"
#include "../cache/payload.h"

/* "max_age: " and ten digits, "mx: " and a pattern. */
enum {
	LINE_MAX = 16 + STS_NAME_MAX
};

/* A line of the policy: two pieces. */
static void
put_line(struct sts_report_event *e, const char *name, struct sts_text value)
{
	uint8_t line[LINE_MAX];
	struct sts_text head = sts_text_of(name);

	STS_ASSERT(value.n <= sizeof line - head.n);
	memcpy(line, head.p, head.n);
	memcpy(line + head.n, value.p, value.n);
	sts_event_string(e, sts_text(line, head.n + value.n));
}

/* The lines of the policy that is held, then its patterns, as far as the event
 * keeps them: to read all of a policy with a thousand long ones takes
 * milliseconds, and comes with each failure. Versions that are cut alike
 * differ by their ids. */
static void
put_policy(const struct sts_agent *a, sts_ref ref, const struct sts_entry *held,
    struct sts_report_event *e)
{
	struct sts_patterns it;
	struct sts_text pattern;
	uint8_t digits[20];

	put_line(e, "version: ", sts_text_of("STSv1"));
	put_line(e, "mode: ", sts_text_of(sts_mode_text(STS_MODE_TESTING)));
	sts_patterns_start(&it, &a->cache, ref);
	while (!e->strings_cut && (pattern = sts_patterns_next(&it)).n > 0) {
		put_line(e, "mx: ", pattern);
	}
	put_line(e, "max_age: ",
	    sts_text(digits, sts_put_decimal(digits, held->max_age_s)));
	sts_patterns_start(&it, &a->cache, ref);
	while (!e->strings_cut && (pattern = sts_patterns_next(&it)).n > 0) {
		sts_event_mx(e, pattern);
	}
	if (e->strings_cut) {
		uint8_t id[STS_ID_MAX];

		e->policy_sum = sts_crc32(e->policy_sum,
		    sts_text(id, sts_payload_id(&a->cache, ref, id)));
	}
}

/* Log the domain's first failure of the day. */
static void
log_first(struct sts_agent *a, const struct sts_report_event *e)
{
	const struct sts_tally *t = &a->reporter->tally;
	struct sts_text domain = sts_event_domain(e);
	struct sts_tally_domain d;
	bool failing = false;
	uint32_t ref = 0;

	while (
	    (ref = sts_tally_find(t, sts_tally_today(t), domain, ref)) != 0) {
		sts_tally_domain(t, ref, &d);
		failing = failing || d.failing;
	}
	if (!failing) {
		sts_agent_log(
		    a, STS_EVENT_TESTING_FAILED, STS_WHY_MODE_TESTING, domain)
		    ->number[0] = e->failure_count;
	}
}

const struct sts_report_event *
sts_agent_report_testing(struct sts_agent *a, const struct sts_report_event *e)
{
	struct sts_report_event *out = &a->reporter->testing;
	struct sts_text domain = sts_event_domain(e);
	struct sts_entry held;
	sts_ref ref;

	if (e->type != STS_REPORT_NO_POLICY || e->failure_count == 0) {
		return e;
	}
	ref = sts_agent_live(a, domain, &held);
	if (ref == 0 || held.mode != STS_MODE_TESTING ||
	    !sts_event_begin(out, domain, sts_event_record(e))) {
		return e;
	}
	log_first(a, e);
	sts_count(&a->metrics, STS_METRIC_REPORT_TESTING);
	sts_event_policy(out, STS_REPORT_STS, domain);
	put_policy(a, ref, &held, out);
	out->failed = e->failed;
	for (unsigned i = 0; i < e->failure_count; i++) {
		struct sts_report_failure f = sts_event_failure_at(e, i);

		sts_event_failure(out, &f);
	}
	out->failures_cut = e->failures_cut;
	return out;
}

/* The failed sessions of a domain that were counted with the policy's strings.
 * Our own failures to fetch a policy have the same type, but no strings. */
static uint64_t
failed_under(const struct sts_tally *t, uint32_t ref)
{
	struct sts_tally_domain d;
	struct sts_tally_policy p;
	uint64_t failed = 0;

	sts_tally_domain(t, ref, &d);
	for (uint32_t at = d.policy; at != 0; at = p.next) {
		sts_tally_policy(t, at, &p);
		if (p.type == STS_REPORT_STS && p.string_count > 0) {
			failed += p.failures;
		}
	}
	return failed;
}

uint64_t
sts_agent_report_tested(const struct sts_agent *a, struct sts_text domain)
{
	const struct sts_tally *t;
	uint64_t failed = 0;

	if (!sts_agent_reports(a)) {
		return 0;
	}
	t = &a->reporter->tally;
	for (unsigned slot = 0; slot < STS_TALLY_DAYS; slot++) {
		uint32_t ref = 0;

		while ((ref = sts_tally_find(t, slot, domain, ref)) != 0) {
			failed += failed_under(t, ref);
		}
	}
	return failed;
}
