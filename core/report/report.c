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
 */
#include <string.h>

#include "../base/assert.h"
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
	/* Years begin in March, so that the day that is sometimes there is
	 * the last; eras of 400 years have 146,097 days. */
	uint32_t z = day + 719468, era = z / 146097, of_era = z % 146097;
	uint32_t year =
	    (of_era - of_era / 1460 + of_era / 36524 - of_era / 146096) / 365;
	uint32_t of_year = of_era - (365 * year + year / 4 - year / 100);
	uint32_t m = (5 * of_year + 2) / 153;

	put_digits(out, year + era * 400 + (m >= 10), 4);
	out[4] = out[7] = '-';
	put_digits(out + 5, m < 10 ? m + 3 : m - 9, 2);
	put_digits(out + 8, of_year - (153 * m + 2) / 5 + 1, 2);
}

/* A text of the block. */
static void
put_raw(struct sts_sink *s, const struct sts_tally *t, struct sts_tally_text at)
{
	while (at.len > 0) {
		sts_sink_put(s, sts_tally_piece(t, &at));
	}
}

static void
put_text(struct sts_json_put *p, const char *name, const struct sts_tally *t,
    struct sts_tally_text at)
{
	sts_json_put_start(p, name);
	while (at.len > 0) {
		sts_json_put_piece(p, sts_tally_piece(t, &at));
	}
	sts_json_put_stop(p);
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
put_time(
    struct sts_json_put *p, const char *name, uint32_t day, const char *time)
{
	uint8_t date[10];

	sts_report_date(date, day);
	sts_json_put_start(p, name);
	sts_json_put_piece(p, sts_text(date, sizeof date));
	sts_json_put_piece(p, sts_text_of(time));
	sts_json_put_stop(p);
}

static void
put_head(const struct sts_report *r, struct sts_json_put *p)
{
	struct sts_tally_domain d;
	uint8_t id[STS_REPORT_ID_MAX];

	sts_tally_domain(r->tally, r->domain, &d);
	sts_json_put_open(p, NULL, '{');
	sts_json_put_text(p, "organization-name", r->config->organization);
	sts_json_put_open(p, "date-range", '{');
	put_time(p, "start-datetime", d.day, "T00:00:00Z");
	put_time(p, "end-datetime", d.day, "T23:59:59Z");
	sts_json_put_close(p, '}');
	sts_json_put_text(p, "contact-info", r->config->contact);
	sts_json_put_text(
	    p, "report-id", sts_report_id(r->tally, r->domain, r->config, id));
	sts_json_put_open(p, "policies", '[');
}

static void
put_policy(const struct sts_report *r, struct sts_json_put *p)
{
	struct sts_tally_domain d;
	struct sts_tally_policy policy;

	sts_tally_domain(r->tally, r->domain, &d);
	sts_tally_policy(r->tally, r->policy, &policy);
	if (r->policy != d.policy) {
		sts_sink_string(p->sink, ",");
	}
	sts_json_put_open(p, NULL, '{');
	sts_json_put_open(p, "policy", '{');
	sts_json_put_string(
	    p, "policy-type", sts_report_policy_text(policy.type));
	if (policy.string_count > 0) {
		sts_json_put_open(p, "policy-string", '[');
	}
}

/* The first of the strings that are left. */
static struct sts_tally_text
take_string(const struct sts_tally *t, struct sts_tally_text *strings)
{
	uint8_t len[LENGTH_SIZE];

	sts_tally_copy(
	    t, sts_tally_take(t, strings, sizeof len), len, sizeof len);
	return sts_tally_take(t, strings, sts_get16be(len));
}

static void
put_string(const struct sts_report *r, struct sts_json_put *p, bool first)
{
	struct sts_tally_text rest = r->strings;

	if (!first) {
		sts_sink_string(p->sink, ",");
	}
	put_text(p, NULL, r->tally, take_string(r->tally, &rest));
}

static void
put_domain(const struct sts_report *r, struct sts_json_put *p)
{
	struct sts_tally_domain d;
	struct sts_tally_policy policy;

	sts_tally_domain(r->tally, r->domain, &d);
	sts_tally_policy(r->tally, r->policy, &policy);
	if (policy.string_count > 0) {
		sts_sink_string(p->sink, "]");
	}
	sts_sink_string(p->sink, ",");
	put_text(p, "policy-domain", r->tally,
	    policy.domain.len > 0 ? policy.domain : d.name);
	if (policy.mx_count > 0) {
		sts_json_put_open(p, "mx-host", '[');
	}
}

static void
put_summary(const struct sts_report *r, struct sts_json_put *p)
{
	struct sts_tally_policy policy;

	sts_tally_policy(r->tally, r->policy, &policy);
	if (policy.mx_count > 0) {
		sts_json_put_close(p, ']');
	}
	sts_json_put_close(p, '}');
	sts_json_put_open(p, "summary", '{');
	sts_json_put_number(p, "total-successful-session-count", r->count[0]);
	sts_json_put_number(p, "total-failure-session-count", r->count[1]);
	sts_json_put_close(p, '}');
	if (r->failure != 0) {
		sts_json_put_open(p, "failure-details", '[');
	}
}

static void
put_field(const struct sts_report *r, struct sts_json_put *p, const char *name,
    struct sts_tally_text text)
{
	if (text.len > 0) {
		put_text(p, name, r->tally, text);
	}
}

static void
put_failure(const struct sts_report *r, struct sts_json_put *p)
{
	struct sts_tally_policy policy;
	struct sts_tally_failure f;

	sts_tally_policy(r->tally, r->policy, &policy);
	sts_tally_failure(r->tally, r->failure, &f);
	if (r->failure != policy.failure) {
		sts_sink_string(p->sink, ",");
	}
	sts_json_put_open(p, NULL, '{');
	sts_json_put_string(p, "result-type", sts_report_result_text(f.result));
	put_field(r, p, "sending-mta-ip", f.texts[STS_REPORT_MTA_IP]);
	put_field(r, p, "receiving-mx-hostname", f.texts[STS_REPORT_MX]);
	put_field(r, p, "receiving-mx-helo", f.texts[STS_REPORT_HELO]);
	put_field(r, p, "receiving-ip", f.texts[STS_REPORT_MX_IP]);
	sts_json_put_number(p, "failed-session-count", r->count[0]);
	put_field(r, p, "additional-information", f.texts[STS_REPORT_INFO]);
	put_field(r, p, "failure-reason-code", f.texts[STS_REPORT_REASON]);
	if (f.further) {
		sts_json_put_string(
		    p, "failure-reason-code", "further failures");
	}
	sts_json_put_close(p, '}');
}

static void
put_end(const struct sts_report *r, struct sts_json_put *p)
{
	if (r->failure != 0) {
		sts_json_put_close(p, ']');
	}
	sts_json_put_close(p, '}');
}

/* The element at hand. */
static void
put_element(const struct sts_report *r, struct sts_json_put *p)
{
	switch ((enum stage)r->stage) {
	case HEAD:
		put_head(r, p);
		break;
	case POLICY:
		put_policy(r, p);
		break;
	case STRING:
	case MX:
		put_string(r, p, r->first);
		break;
	case DOMAIN:
		put_domain(r, p);
		break;
	case SUMMARY:
		put_summary(r, p);
		break;
	case FAILURE:
		put_failure(r, p);
		break;
	case POLICY_END:
		put_end(r, p);
		break;
	default:
		sts_json_put_close(p, ']');
		sts_json_put_close(p, '}');
		sts_json_put_line(p);
	}
}

/* On to a list of `count` strings, or behind it if it is empty. */
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

/* On to the next of a list, or what comes behind it. */
static void
step_on(struct sts_report *r, uint32_t *ref, uint32_t next, enum stage same,
    enum stage behind)
{
	*ref = next != 0 ? next : *ref;
	r->stage = (uint8_t)(next != 0 ? same : behind);
}

/* The element at hand is whole: on to the next. */
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

/* An element begins. What it counts may rise until its last part is read, as
 * may be that the first failure comes, if the day is today's. */
static void
note_counts(struct sts_report *r)
{
	struct sts_tally_policy policy;
	struct sts_tally_failure f;

	if (r->stage == SUMMARY) {
		sts_tally_policy(r->tally, r->policy, &policy);
		r->count[0] = policy.successes;
		r->count[1] = policy.failures;
		r->failure = policy.failure;
	} else if (r->stage == FAILURE) {
		sts_tally_failure(r->tally, r->failure, &f);
		r->count[0] = f.count;
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
		struct sts_json_put p;

		if (r->off == 0) {
			note_counts(r);
		}
		sts_json_put_begin(&p, &s);
		put_element(r, &p);
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

	/* It names us in mail, where "localhost" is nobody (RFC 5321 2.3.5). */
	return sts_name_valid(domain) && sts_name_labels(domain) >= 2 &&
	       !sts_same_nocase(first, sts_text_of("localhost"));
}
