/* SPDX-License-Identifier: MIT */
/*
 * Events: texts copied into one buffer, in the order domain, record, policy's
 * domain, strings, failures. Each part is appended behind the last, so that an
 * event is built in that order.
 *
 * Invariants: the lengths add up to text_len <= STS_REPORT_TEXT; strings use at
 * most STRINGS_MAX, so that eight failures find half of what is left.
 */
#include <string.h>

#include "../base/assert.h"
#include "../base/crc32.h"
#include "../base/text.h"
#include "../base/utf8.h"
#include "../grammar/tlsrpt.h"
#include "report_event.h"

enum {
	LENGTH_SIZE = 2,
	/* What the names and the record may take, and what remains. */
	HEAD_MAX = 2 * STS_NAME_MAX + STS_TLSRPT_RECORD_MAX,
	STRINGS_MAX = (STS_REPORT_TEXT - HEAD_MAX) / 2
};

STS_STATIC_ASSERT(STS_REPORT_TEXT > HEAD_MAX && STS_REPORT_TEXT < 0xffff,
    report_text_has_room_for_a_record);

static size_t
room(const struct sts_report_event *e)
{
	STS_ASSERT(e->text_len <= STS_REPORT_TEXT);
	return STS_REPORT_TEXT - (size_t)e->text_len;
}

/* Append t, which fits. */
static void
append(struct sts_report_event *e, struct sts_text t)
{
	STS_ASSERT(t.n <= room(e));
	if (t.n > 0) {
		memcpy(e->text + e->text_len, t.p, t.n);
	}
	e->text_len = (uint16_t)(e->text_len + t.n);
}

/* Append a name in lower case, without its final dot. Returns its length; 0: it
 * is no name. */
static uint16_t
append_name(struct sts_report_event *e, struct sts_text name)
{
	if (name.n > 0 && name.p[name.n - 1] == '.') {
		name.n--;
	}
	if (!sts_name_valid(name)) {
		return 0;
	}
	STS_ASSERT(name.n <= room(e)); /* HEAD_MAX has both names */
	for (size_t i = 0; i < name.n; i++) {
		e->text[e->text_len + i] = sts_lower(name.p[i]);
	}
	e->text_len = (uint16_t)(e->text_len + name.n);
	return (uint16_t)name.n;
}

bool
sts_event_begin(
    struct sts_report_event *e, struct sts_text domain, struct sts_text record)
{
	memset(e, 0, sizeof *e);
	e->domain_len = append_name(e, domain);
	if (e->domain_len == 0 || record.n > STS_TLSRPT_RECORD_MAX ||
	    !sts_tlsrpt_begins(record)) {
		return false;
	}
	append(e, record);
	e->record_len = (uint16_t)record.n;
	sts_event_policy(e, STS_REPORT_NO_POLICY, sts_text(NULL, 0));
	return true;
}

void
sts_event_policy(struct sts_report_event *e, enum sts_report_policy type,
    struct sts_text domain)
{
	e->type = type;
	e->failed = e->strings_cut = false;
	e->failure_count = e->failures_cut = 0;
	e->string_count = e->mx_count = 0;
	e->policy_sum = 0;
	e->strings_len = 0;
	e->text_len = (uint16_t)(e->domain_len + e->record_len);
	e->policy_domain_len = append_name(e, domain);
	if (e->policy_domain_len == 0) {
		e->policy_domain_len = append_name(e, sts_event_domain(e));
	}
}

/* Keep a string or mx, if it fits. */
static bool
add_string(struct sts_report_event *e, struct sts_text t)
{
	uint8_t len[LENGTH_SIZE];
	size_t left = STRINGS_MAX - (size_t)e->strings_len;

	STS_ASSERT(e->failure_count == 0);
	sts_put16be(len, (uint16_t)(t.n & 0xffff));
	e->policy_sum = sts_crc32(e->policy_sum, sts_text(len, sizeof len));
	e->policy_sum = sts_crc32(e->policy_sum, t);
	if (t.n == 0) {
		return false;
	}
	if (left < LENGTH_SIZE || t.n > left - LENGTH_SIZE ||
	    e->string_count + e->mx_count == STS_REPORT_EVENT_STRINGS) {
		e->strings_cut = true;
		return false;
	}
	append(e, sts_text(len, sizeof len));
	append(e, t);
	e->strings_len = (uint16_t)(e->strings_len + LENGTH_SIZE + t.n);
	return true;
}

void
sts_event_string(struct sts_report_event *e, struct sts_text line)
{
	STS_ASSERT(e->mx_count == 0);
	if (add_string(e, line)) {
		e->string_count++;
	}
}

void
sts_event_mx(struct sts_report_event *e, struct sts_text pattern)
{
	if (add_string(e, pattern)) {
		e->mx_count++;
	}
}

/* Whether t is an IPv4 address: four numbers of one to three digits. */
static bool
is_inet(struct sts_text t)
{
	unsigned parts = 0;

	while (t.n > 0) {
		uint64_t v;
		bool dot = sts_text_find(t, '.') < t.n;

		if (!sts_get_decimal(sts_text_field(&t, '.'), 3, &v) ||
		    v > 255 || (dot && t.n == 0)) {
			return false;
		}
		parts++;
	}
	return parts == 4;
}

/* Take up to four hexadecimal digits off t. Returns whether there was one. */
static bool
take_group(struct sts_text *t)
{
	size_t n = 0;

	while (n < t->n && n < 4 &&
	       (sts_is_digit(t->p[n]) ||
		   (sts_is_alpha(t->p[n]) && sts_lower(t->p[n]) <= 'f'))) {
		n++;
	}
	*t = sts_text_skip(*t, n);
	return n > 0;
}

/* Take what stands between two groups, or the end. False: neither is there. */
static bool
take_colons(struct sts_text *t, bool *gap)
{
	bool first = !*gap;

	if (t->n == 0) {
		return true;
	}
	if (sts_text_take(t, "::")) {
		*gap = true;
		return first;
	}
	return sts_text_take(t, ":") && t->n > 0;
}

/* Whether t is an IPv6 address (RFC 4291 2.2), without a zone. */
static bool
is_inet6(struct sts_text t)
{
	unsigned groups = 0;
	bool gap = sts_text_take(&t, "::");

	while (t.n > 0) {
		if ((groups > 0 || gap) && is_inet(t)) {
			groups += 2;
			break;
		}
		if (!take_group(&t) || ++groups > 8 || !take_colons(&t, &gap)) {
			return false;
		}
	}
	return gap ? groups < 8 : groups == 8;
}

/* The first word of an EHLO reply, without its code. */
static struct sts_text
first_word(struct sts_text t)
{
	size_t n = 0;

	if (t.n >= 4 && sts_is_digit(t.p[0]) && sts_is_digit(t.p[1]) &&
	    sts_is_digit(t.p[2]) && (t.p[3] == '-' || t.p[3] == ' ')) {
		t = sts_text_skip(t, 4);
	}
	while (n < t.n && t.p[n] > ' ') {
		n++;
	}
	return sts_text(t.p, n);
}

/* At most max octets of t, not ending within a character of UTF-8. */
static struct sts_text
cut(struct sts_text t, size_t max)
{
	if (t.n <= max) {
		return t;
	}
	t.n = max;
	while (t.n > 0 && (t.p[t.n] & 0xc0) == 0x80) {
		t.n--;
	}
	return t;
}

/* The part of a field that is kept. */
static struct sts_text
tidy(enum sts_report_field field, struct sts_text t)
{
	switch (field) {
	case STS_REPORT_MTA_IP:
	case STS_REPORT_MX_IP:
		return is_inet(t) || is_inet6(t) ? t : sts_text(NULL, 0);
	case STS_REPORT_MX:
		return t.n > 0 && t.p[t.n - 1] == '.' ? sts_text(t.p, t.n - 1)
						      : t;
	case STS_REPORT_HELO:
		return first_word(t);
	default:
		return t;
	}
}

void
sts_event_failure(
    struct sts_report_event *e, const struct sts_report_failure *f)
{
	STS_ASSERT((unsigned)f->result < STS_REPORT_RESULTS);
	if (e->failure_count == STS_REPORT_EVENT_FAILURES) {
		if (e->failures_cut < UINT8_MAX) {
			e->failures_cut++;
		}
		return;
	}
	unsigned i = e->failure_count++;

	e->failures[i].result = (uint8_t)f->result;
	e->failures[i].at = e->text_len;
	for (unsigned k = 0; k < STS_REPORT_FIELDS; k++) {
		struct sts_text t =
		    cut(tidy((enum sts_report_field)k, f->texts[k]),
			STS_REPORT_FIELD_MAX);
		uint16_t begin = e->text_len;

		if (t.n > room(e)) {
			t.n = 0; /* left out, as a part of it would be another
				  * text */
		}
		append(e, t);
		e->failures[i].len[k] = (uint8_t)t.n;
		for (size_t b = begin; k == STS_REPORT_MX && b < e->text_len;
		     b++) {
			e->text[b] = sts_lower(e->text[b]);
		}
	}
}

struct sts_text
sts_event_domain(const struct sts_report_event *e)
{
	return sts_text(e->text, e->domain_len);
}

struct sts_text
sts_event_record(const struct sts_report_event *e)
{
	return sts_text(e->text + e->domain_len, e->record_len);
}

struct sts_text
sts_event_policy_domain(const struct sts_report_event *e)
{
	return sts_text(
	    e->text + e->domain_len + e->record_len, e->policy_domain_len);
}

struct sts_text
sts_event_strings(const struct sts_report_event *e)
{
	return sts_text(
	    e->text + e->domain_len + e->record_len + e->policy_domain_len,
	    e->strings_len);
}

struct sts_report_detail
sts_event_detail(const struct sts_report_event *e, unsigned i)
{
	struct sts_report_detail d;

	STS_ASSERT(i < e->failure_count);
	d.result = e->failures[i].result;
	memcpy(d.len, e->failures[i].len, sizeof d.len);
	d.text = e->text + e->failures[i].at;
	return d;
}

struct sts_report_failure
sts_event_failure_at(const struct sts_report_event *e, unsigned i)
{
	struct sts_report_detail d = sts_event_detail(e, i);
	struct sts_report_failure f;

	f.result = (enum sts_report_result)d.result;
	for (unsigned k = 0; k < STS_REPORT_FIELDS; k++) {
		f.texts[k] = sts_text(d.text, d.len[k]);
		d.text += d.len[k];
	}
	return f;
}
