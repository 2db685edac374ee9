/* SPDX-License-Identifier: MIT */
/*
 * Reports, element by element: each stage is an element of the text, rendered
 * into a sink that keeps the part that is due. An element is small, so
 * rendering it again for its next part costs little.
 *
 *	HEAD -> POLICY -> STRING... -> DOMAIN -> MX... -> SUMMARY -> FAILURE...
 *	        ^                                                       |
 *	        +------------------- POLICY_END <-----------------------+
 *	                                 |
 *	                                 +-> TAIL -> DONE
 *
 * Invariant: a domain that leaves the tally ends the report (`gone`); each call
 * looks at that first. Strangers chose most texts: put_text escapes them.
 */
#include <string.h>

#include "../base/assert.h"
#include "../base/calendar.h"
#include "../base/text.h"
#include "report.h"
#include "report_private.h"

enum stage {
	HEAD = 0,
	POLICY,
	STRING,
	DOMAIN,
	MX,
	SUMMARY,
	FAILURE,
	POLICY_END,
	TAIL,
	DONE
};

enum {
	LENGTH_SIZE = 2,
	DAY_S = 86400
};

/* v in decimal, filled up to `digits` with zeros. */
static void
put_digits(uint8_t *out, uint32_t v, unsigned digits)
{
	while (digits-- > 0) {
		out[digits] = (uint8_t)('0' + v % 10);
		v /= 10;
	}
}

void
sts_report_date(uint8_t out[10], uint32_t day)
{
	struct sts_calendar date = sts_calendar_date(day);

	put_digits(out, date.year, 4);
	out[4] = out[7] = '-';
	put_digits(out + 5, date.month, 2);
	put_digits(out + 8, date.day, 2);
}

/* A text of the block. */
static void
put_raw(struct sts_sink *s, const struct sts_tally *t, struct sts_tally_text at)
{
	while (at.len > 0) {
		sts_sink_put(s, sts_tally_piece(t, &at));
	}
}

/* Write it as a string of JSON. */
static void
put_text(
    struct sts_sink *s, const struct sts_tally *t, struct sts_tally_text at)
{
	struct sts_json_put p;

	sts_json_put_begin(&p, s);
	sts_json_put_start(&p, NULL);
	while (at.len > 0) {
		sts_json_put_piece(&p, sts_tally_piece(t, &at));
	}
	sts_json_put_stop(&p);
}

static void
put_own(struct sts_sink *s, struct sts_text text)
{
	struct sts_json_put p;

	sts_json_put_begin(&p, s);
	sts_json_put_text(&p, NULL, text);
}

/* Write the comma before an item of a list, unless it is the first. */
static void
put_comma(struct sts_sink *s, bool first)
{
	sts_sink_string(s, first ? "" : ",");
}

struct sts_text
sts_report_id(const struct sts_tally *t, uint32_t ref,
    const struct sts_report_config *config, uint8_t out[STS_REPORT_ID_MAX])
{
	struct sts_sink s = { 0, 0, STS_REPORT_ID_MAX, out };
	struct sts_tally_domain d;
	uint8_t date[10];

	sts_tally_domain(t, ref, &d);
	sts_report_date(date, d.day);
	sts_sink_put(&s, sts_text(date, sizeof date));
	sts_sink_string(&s, ".");
	put_raw(&s, t, d.name);
	sts_sink_string(&s, ".");
	sts_sink_hex(&s, d.record_sum, 8);
	sts_sink_string(&s, ".");
	sts_sink_hex(&s, config->instance, 8);
	return sts_text(out, s.pos);
}

struct sts_text
sts_report_file(const struct sts_tally *t, uint32_t ref,
    const struct sts_report_config *config, uint8_t out[STS_REPORT_FILE_MAX])
{
	struct sts_sink s = { 0, 0, STS_REPORT_FILE_MAX, out };
	struct sts_tally_domain d;

	sts_tally_domain(t, ref, &d);
	sts_sink_put(&s, config->submitter);
	sts_sink_string(&s, "!");
	put_raw(&s, t, d.name);
	sts_sink_string(&s, "!");
	sts_sink_decimal(&s, (uint64_t)d.day * DAY_S);
	sts_sink_string(&s, "!");
	sts_sink_decimal(&s, (uint64_t)d.day * DAY_S + DAY_S - 1);
	sts_sink_string(&s, "!");
	sts_sink_hex(&s, d.record_sum, 8);
	sts_sink_hex(&s, config->instance, 8);
	sts_sink_string(&s, STS_REPORT_GZIP ? ".json.gz" : ".json");
	STS_ASSERT(s.pos <= STS_REPORT_FILE_MAX);
	return sts_text(out, s.pos);
}

static void
put_head(const struct sts_report *r, struct sts_sink *s)
{
	struct sts_tally_domain d;
	uint8_t date[10], id[STS_REPORT_ID_MAX];
	struct sts_text texts[2] = { sts_text(date, sizeof date),
		sts_report_id(r->tally, r->domain, r->config, id) };

	sts_tally_domain(r->tally, r->domain, &d);
	sts_report_date(date, d.day);
	sts_sink_string(s, "{\"organization-name\":");
	put_own(s, r->config->organization);
	sts_sink_form(s,
	    ",\"date-range\":{\"start-datetime\":\"$aT00:00:00Z\","
	    "\"end-datetime\":\"$aT23:59:59Z\"},\"contact-info\":",
	    texts);
	put_own(s, r->config->contact);
	sts_sink_form(s, ",\"report-id\":\"$b\",\"policies\":[", texts);
}

/* Take the first string off those that are left. */
static struct sts_tally_text
take_string(const struct sts_tally *t, struct sts_tally_text *strings)
{
	uint8_t len[LENGTH_SIZE];

	sts_tally_copy(
	    t, sts_tally_take(t, strings, sizeof len), len, sizeof len);
	return sts_tally_take(t, strings, sts_get16be(len));
}

static void
put_string(const struct sts_report *r, struct sts_sink *s)
{
	struct sts_tally_text rest = r->strings;

	put_comma(s, r->first);
	put_text(s, r->tally, take_string(r->tally, &rest));
}

static void
put_policy(const struct sts_report *r, struct sts_sink *s,
    const struct sts_tally_domain *d, const struct sts_tally_policy *policy)
{
	put_comma(s, r->policy == d->policy);
	sts_sink_string(s, "{\"policy\":{\"policy-type\":\"");
	sts_sink_string(s, sts_report_policy_text(policy->type));
	sts_sink_string(
	    s, policy->string_count > 0 ? "\",\"policy-string\":[" : "\"");
}

static void
put_domain(const struct sts_report *r, struct sts_sink *s,
    const struct sts_tally_domain *d, const struct sts_tally_policy *policy)
{
	sts_sink_string(s, policy->string_count > 0 ? "]" : "");
	sts_sink_string(s, ",\"policy-domain\":");
	put_text(
	    s, r->tally, policy->domain.len > 0 ? policy->domain : d->name);
	sts_sink_string(s, policy->mx_count > 0 ? ",\"mx-host\":[" : "");
}

/* Note the counts of an element as it begins: of today's domain they may rise,
 * and the first failure may come, before its last part is read. */
static void
put_summary(struct sts_report *r, struct sts_sink *s,
    const struct sts_tally_policy *policy)
{
	if (r->off == 0) {
		r->count[0] = policy->successes;
		r->count[1] = policy->failures;
		r->failure = policy->failure;
	}
	sts_sink_string(s, policy->mx_count > 0 ? "]" : "");
	sts_sink_string(
	    s, "},\"summary\":{\"total-successful-session-count\":");
	sts_sink_decimal(s, r->count[0]);
	sts_sink_string(s, ",\"total-failure-session-count\":");
	sts_sink_decimal(s, r->count[1]);
	sts_sink_string(s, r->failure != 0 ? "},\"failure-details\":[" : "}");
}

/* A member of a failure, by its name of RFC 8460. */
static void
put_name(struct sts_sink *s, const char *name)
{
	struct sts_text text = sts_text_of(name);

	sts_sink_form(s, ",\"$a\":", &text);
}

/* The count is taken once, at the element's beginning: it may rise while the
 * element is handed out in pieces, which are all cut from one text. */
static void
put_failure(struct sts_report *r, struct sts_sink *s,
    const struct sts_tally_policy *policy)
{
	static const uint8_t order[STS_REPORT_FIELDS] = { STS_REPORT_MTA_IP,
		STS_REPORT_MX, STS_REPORT_HELO, STS_REPORT_MX_IP,
		STS_REPORT_INFO, STS_REPORT_REASON };
	struct sts_tally_failure f;

	sts_tally_failure(r->tally, r->failure, &f);
	if (r->off == 0) {
		r->count[0] = f.count;
	}
	put_comma(s, r->failure == policy->failure);
	sts_sink_string(s, "{\"result-type\":\"");
	sts_sink_string(s, sts_report_result_text(f.result));
	sts_sink_string(s, "\"");
	for (unsigned i = 0; i < STS_REPORT_FIELDS; i++) {
		if (order[i] == STS_REPORT_INFO) {
			put_name(s, "failed-session-count");
			sts_sink_decimal(s, r->count[0]);
		}
		if (f.texts[order[i]].len > 0) {
			put_name(s, sts_report_field_text(order[i]));
			put_text(s, r->tally, f.texts[order[i]]);
		}
	}
	sts_sink_string(s,
	    f.further ? ",\"failure-reason-code\":\"further failures\"}" : "}");
}

/* Write the element at hand. */
static void
put_element(struct sts_report *r, struct sts_sink *s)
{
	struct sts_tally_domain d;
	struct sts_tally_policy policy;

	sts_tally_domain(r->tally, r->domain, &d);
	sts_tally_policy(r->tally, r->policy, &policy);
	switch ((enum stage)r->stage) {
	case HEAD:
		put_head(r, s);
		break;
	case POLICY:
		put_policy(r, s, &d, &policy);
		break;
	case STRING:
	case MX:
		put_string(r, s);
		break;
	case DOMAIN:
		put_domain(r, s, &d, &policy);
		break;
	case SUMMARY:
		put_summary(r, s, &policy);
		break;
	case FAILURE:
		put_failure(r, s, &policy);
		break;
	case POLICY_END:
		sts_sink_string(s, r->failure != 0 ? "]}" : "}");
		break;
	default:
		sts_sink_string(s, "]}\n");
	}
}

/* Go on to a list of `count` strings, or behind it if it is empty. */
static void
begin_list(struct sts_report *r, enum stage stage, uint8_t count)
{
	r->left = count;
	r->first = true;
	r->stage = (uint8_t)(count > 0 ? stage : stage + 1);
}

static void
next_string(struct sts_report *r)
{
	take_string(r->tally, &r->strings);
	r->first = false;
	r->left--;
	r->stage = (uint8_t)(r->left > 0 ? r->stage : r->stage + 1);
}

/* Go on to the next item of a list, or behind the list. */
static void
step_on(struct sts_report *r, uint32_t *ref, uint32_t next, enum stage same,
    enum stage behind)
{
	*ref = next != 0 ? next : *ref;
	r->stage = (uint8_t)(next != 0 ? same : behind);
}

/* The element at hand is written: go on to the next. */
static void
advance(struct sts_report *r)
{
	struct sts_tally_policy policy;
	struct sts_tally_failure f;

	sts_tally_policy(r->tally, r->policy, &policy);
	switch ((enum stage)r->stage) {
	case POLICY:
		r->strings = policy.strings;
		begin_list(r, STRING, policy.string_count);
		break;
	case STRING:
	case MX:
		next_string(r);
		break;
	case DOMAIN:
		begin_list(r, MX, policy.mx_count);
		break;
	case SUMMARY:
		r->stage = r->failure != 0 ? FAILURE : POLICY_END;
		break;
	case FAILURE:
		sts_tally_failure(r->tally, r->failure, &f);
		step_on(r, &r->failure, f.next, FAILURE, POLICY_END);
		break;
	case POLICY_END:
		step_on(r, &r->policy, policy.next, POLICY, TAIL);
		break;
	default:
		r->stage++;
	}
}

void
sts_report_begin(struct sts_report *r, const struct sts_tally *t, uint32_t ref,
    const struct sts_report_config *config)
{
	struct sts_tally_domain d;

	STS_ASSERT(config->organization.n > 0 && config->contact.n > 0);
	memset(r, 0, sizeof *r);
	sts_tally_domain(t, ref, &d);
	r->tally = t;
	r->config = config;
	r->domain = ref;
	r->birth = sts_tally_birth(t, ref);
	r->policy = d.policy;
}

bool
sts_report_there(const struct sts_report *r)
{
	return sts_tally_is(r->tally, r->domain) &&
	       sts_tally_birth(r->tally, r->domain) == r->birth;
}

bool
sts_report_gone(const struct sts_report *r)
{
	return r->gone || (r->stage != DONE && !sts_report_there(r));
}

size_t
sts_report_read(struct sts_report *r, struct sts_span out)
{
	size_t n = 0;

	STS_ASSERT(out.n > 0);
	r->gone = sts_report_gone(r);
	while (!r->gone && r->stage != DONE && n < out.n) {
		size_t to = r->off + (out.n - n);
		struct sts_sink s = { 0, r->off, to, out.p + n };

		put_element(r, &s);
		if (s.pos > to) {
			n = out.n;
			r->off = to;
		} else {
			n += s.pos - r->off;
			r->off = 0;
			advance(r);
		}
	}
	return n;
}

struct sts_text
sts_report_submitter(struct sts_text contact)
{
	return sts_text_skip(contact, sts_text_find(contact, '@') + 1);
}

bool
sts_report_contact_valid(struct sts_text t)
{
	size_t at = sts_text_find(t, '@');

	for (size_t i = 0; i < at; i++) {
		if (t.p[i] <= ' ' || t.p[i] >= 0x7f ||
		    strchr("<>()[]\\,;:\"", t.p[i]) != NULL) {
			return false;
		}
	}
	if (at == 0 || at > 64 || at == t.n) {
		return false;
	}
	struct sts_text domain = sts_text_skip(t, at + 1);

	struct sts_text rest = domain, first = sts_text_field(&rest, '.');

	/* The domain names us in mail, where "localhost" is no valid name (RFC
	 * 5321 2.3.5). */
	return sts_name_valid(domain) && sts_name_labels(domain) >= 2 &&
	       !sts_same_nocase(first, sts_text_of("localhost"));
}
