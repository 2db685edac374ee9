/* SPDX-License-Identifier: MIT */
/*
 * Answers in the words of Postfix, Sendmail and Exim.
 *
 * One function (put_reply) writes the whole reply into a sink, from its
 * beginning; the sink counts, and keeps only the window that is asked for. So
 * the length is measured, and any piece rendered, by the same code, and the
 * pieces always fit together: the record is pinned, and mode and max_age, which
 * may change in it, were copied at the start.
 *
 * What does not fit STS_REPLY_MAX is left out in the order of the details
 * (FULL, BRIEF without the repeated patterns, PLAIN without attributes) and
 * never cut: half a list of patterns would be another policy. The last resort
 * is TEMP.
 *
 * Mail servers split these texts at blanks, commas, colons and braces. Nothing
 * a stranger published is written here but names that the grammar of policies
 * let through, which have none of these.
 */
#include <string.h>

#include "../base/assert.h"
#include "../base/name.h"
#include "../answer/preload.h"
#include "../base/sink.h"
#include "reply.h"

/* Replies without anything of a policy or an override always fit. */
STS_STATIC_ASSERT(STS_REPLY_MAX >= 256, reply_max_holds_reasons);
STS_STATIC_ASSERT(STS_REPLY_MAX <= 0x7fffffff, reply_max_fits_32_bits);

/* Octets of a policy's reply beside its patterns, at most: a domain and a
 * max_age of the longest among them. */
enum {
	REST_PLAIN = 64,
	REST_FULL = REST_PLAIN + STS_NAME_MAX + 160
};

/* The patterns of an answer: of the record that is held, or of the operator's
 * list. */
struct patterns {
	struct sts_patterns held;
	const uint8_t *list; /* NULL: held */
};

static void
patterns_start(struct patterns *it, const struct sts_reply *r)
{
	it->list =
	    r->answer.kind == STS_ANSWER_PRELOAD ? r->answer.patterns : NULL;
	if (!STS_PRELOAD || it->list == NULL) {
		sts_patterns_start(&it->held, r->cache, r->answer.ref);
	}
}

static struct sts_text
patterns_next(struct patterns *it)
{
	return STS_PRELOAD && it->list != NULL ? sts_preload_next(&it->list)
					       : sts_patterns_next(&it->held);
}

/* From the end, where the last dot is near. */
static bool
has_dot(struct sts_text t)
{
	while (t.n > 0 && t.p[t.n - 1] != '.') {
		t.n--;
	}
	return t.n > 0;
}

/*
 * A pattern for match=: "*.d" is ".d" there. A pattern without a dot could be
 * one of Postfix's keywords (nexthop, hostname, dot-nexthop); the grammar
 * refuses those (core/grammar/policy), so that one here is our own mistake.
 */
static void
put_match(struct sts_sink *s, struct sts_text pattern)
{
	STS_ASSERT(has_dot(pattern));
	if (pattern.p[0] == '*') {
		pattern = sts_text(pattern.p + 1, pattern.n - 1);
	}
	sts_sink_put(s, pattern);
}

static void
put_match_list(struct sts_sink *s, const struct sts_reply *r)
{
	struct patterns it;
	struct sts_text pattern;

	patterns_start(&it, r);
	for (unsigned i = 0;
	     !sts_sink_full(s) && (pattern = patterns_next(&it)).n > 0; i++) {
		if (i > 0) {
			sts_sink_string(s, ":");
		}
		put_match(s, pattern);
	}
}

/* Every pattern as it is in the policy, with words before and after it. */
static void
put_patterns(struct sts_sink *s, const struct sts_reply *r, const char *before,
    const char *after)
{
	struct patterns it;
	struct sts_text pattern;

	patterns_start(&it, r);
	while (!sts_sink_full(s) && (pattern = patterns_next(&it)).n > 0) {
		sts_sink_string(s, before);
		sts_sink_put(s, pattern);
		sts_sink_string(s, after);
	}
}

static void
put_attributes(struct sts_sink *s, const struct sts_reply *r)
{
	uint8_t domain[STS_NAME_MAX];
	size_t domain_len = sts_cache_domain(r->cache, r->answer.ref, domain);

	sts_sink_string(s, " policy_type=sts policy_domain=");
	sts_sink_put(s, sts_text(domain, domain_len));
	put_patterns(s, r, " mx_host_pattern=", "");
	sts_sink_string(s, " { policy_string = version: STSv1 }");
	sts_sink_string(s, " { policy_string = mode: ");
	sts_sink_string(s, sts_mode_text((enum sts_mode)r->mode));
	sts_sink_string(s, " }");
	if (r->detail == STS_REPLY_FULL) {
		put_patterns(s, r, " { policy_string = mx: ", " }");
	}
	sts_sink_string(s, " { policy_string = max_age: ");
	sts_sink_decimal(s, r->max_age_s);
	sts_sink_string(s, " }");
}

static void
put_policy(struct sts_sink *s, const struct sts_reply *r)
{
	sts_sink_string(s, "OK secure match=");
	put_match_list(s, r);
	if (r->servername) {
		sts_sink_string(s, " servername=hostname");
	}
	if (r->detail != STS_REPLY_PLAIN) {
		put_attributes(s, r);
	}
}

static void
put_override(struct sts_sink *s, const struct sts_reply *r)
{
	struct sts_text value =
	    sts_override_value(r->zones, r->answer.override);

	/* Postfix takes an empty OK for an error, Sendmail crashes on it. */
	STS_ASSERT(value.n > 0);
	sts_sink_string(s, "OK ");
	sts_sink_put(s, value);
}

/* Whether an MX host fits the policy; with a dot at its end it is the same. */
static bool
is_allowed(const struct sts_reply *r)
{
	struct sts_text host = r->host, pattern;
	struct patterns it;

	if (host.n > 0 && host.p[host.n - 1] == '.') {
		host.n--;
	}
	patterns_start(&it, r);
	while ((pattern = patterns_next(&it)).n > 0) {
		if (sts_name_match(pattern, host)) {
			return true;
		}
	}
	return false;
}

static void
put_hosts(struct sts_sink *s, const struct sts_reply *r)
{
	struct patterns it;
	struct sts_text pattern;
	const char *before = "";

	patterns_start(&it, r);
	while (!sts_sink_full(s) && (pattern = patterns_next(&it)).n > 0) {
		sts_sink_string(s, before);
		sts_sink_put(s, pattern);
		before = ":";
	}
}

static void
put_line_policy(struct sts_sink *s, const struct sts_reply *r)
{
	switch ((enum sts_line_verb)r->verb) {
	case STS_LINE_MODE:
		sts_sink_string(s, "enforce");
		break;
	case STS_LINE_HOSTS:
		put_hosts(s, r);
		break;
	case STS_LINE_ALLOWED:
		sts_sink_string(s, is_allowed(r) ? "yes" : "no");
		break;
	case STS_LINE_REPORT:
		STS_ASSERT(false); /* no answer about a domain */
	}
}

/* Nothing is enforced. */
static void
put_line_none(struct sts_sink *s, const struct sts_reply *r)
{
	bool testing = r->answer.why == STS_WHY_MODE_TESTING;

	switch ((enum sts_line_verb)r->verb) {
	case STS_LINE_MODE:
		sts_sink_string(s, testing ? "testing" : "none");
		break;
	case STS_LINE_HOSTS:
		sts_sink_string(s, "none");
		break;
	case STS_LINE_ALLOWED:
		sts_sink_string(s, "yes");
		break;
	case STS_LINE_REPORT:
		sts_sink_string(s, "ok");
		break;
	}
}

static void
put_line(struct sts_sink *s, const struct sts_reply *r)
{
	switch ((enum sts_answer_kind)r->answer.kind) {
	case STS_ANSWER_POLICY:
	case STS_ANSWER_PRELOAD:
		put_line_policy(s, r);
		break;
	case STS_ANSWER_NOTFOUND:
		put_line_none(s, r);
		break;
	case STS_ANSWER_OVERRIDE: /* in words that only Postfix knows */
	case STS_ANSWER_DANE_ONLY: /* not looked up for this protocol */
	case STS_ANSWER_DANE:
	case STS_ANSWER_TEMP:
		sts_sink_string(s, r->verb == STS_LINE_REPORT ? "no" : "temp");
		break;
	case STS_ANSWER_NONE:
		STS_ASSERT(false);
	}
}

static void
put_socketmap(struct sts_sink *s, const struct sts_reply *r)
{
	switch ((enum sts_answer_kind)r->answer.kind) {
	case STS_ANSWER_POLICY:
	case STS_ANSWER_PRELOAD:
		put_policy(s, r);
		break;
	case STS_ANSWER_OVERRIDE:
		put_override(s, r);
		break;
	case STS_ANSWER_DANE_ONLY:
		sts_sink_string(s, "OK dane-only");
		break;
	case STS_ANSWER_DANE:
		sts_sink_string(s, "OK dane");
		break;
	case STS_ANSWER_TEMP:
		sts_sink_string(s, "TEMP ");
		sts_sink_string(s, sts_why_text((enum sts_why)r->answer.why));
		break;
	case STS_ANSWER_NOTFOUND:
		sts_sink_string(s, "NOTFOUND ");
		break;
	case STS_ANSWER_NONE:
		STS_ASSERT(false);
	}
}

static void
put_reply(struct sts_sink *s, const struct sts_reply *r)
{
	if (r->verb != 0) {
		put_line(s, r);
	} else {
		put_socketmap(s, r);
	}
}

/* The length of the reply, or STS_REPLY_MAX + 1 and no more when over it. */
static size_t
measure(const struct sts_reply *r)
{
	const size_t over = (size_t)STS_REPLY_MAX + 1;
	struct sts_sink s = { 0, over, over, NULL };

	put_reply(&s, r);
	return s.pos < over ? s.pos : over;
}

/* Begin with all that the zone asks for. How many patterns there are. */
static unsigned
start(struct sts_reply *r, const struct sts_zone *zone)
{
	struct sts_entry entry;

	r->detail = STS_REPLY_PLAIN;
	r->servername = zone == NULL || zone->sni || zone->sendmail;
	if (r->answer.kind != STS_ANSWER_POLICY) {
		return 0;
	}
	sts_cache_get(r->cache, r->answer.ref, &entry);
	STS_ASSERT(entry.kind == STS_KIND_POLICY);
	STS_ASSERT(entry.mx_count > 0);
	r->mode = entry.mode;
	r->max_age_s = entry.max_age_s;
	if (zone != NULL && zone->tlsrpt && !zone->sendmail) {
		r->detail = STS_REPLY_FULL;
	}
	return entry.mx_count;
}

/* Leave out what does not fit. */
static void
fit(struct sts_reply *r)
{
	size_t len = measure(r);

	while (len > STS_REPLY_MAX && r->detail < STS_REPLY_PLAIN) {
		r->detail++;
		r->cut = true;
		len = measure(r);
	}
	if (len > STS_REPLY_MAX) {
		r->answer.kind = STS_ANSWER_TEMP;
		r->answer.why = STS_WHY_REPLY_LARGE;
		len = measure(r);
	}
	STS_ASSERT(len <= STS_REPLY_MAX);
	r->len = (uint32_t)len;
}

void
sts_reply_init(struct sts_reply *r, const struct sts_cache *cache,
    const struct sts_zones *zones, const struct sts_zone *zone,
    const struct sts_answer *answer)
{
	memset(r, 0, sizeof *r);
	r->cache = cache;
	r->zones = zones;
	r->answer = *answer;
	(void)start(r, zone);
	fit(r);
}

void
sts_reply_init_line(struct sts_reply *r, const struct sts_cache *cache,
    const struct sts_answer *answer, enum sts_line_verb verb,
    struct sts_text host)
{
	STS_ASSERT(verb >= STS_LINE_MODE && verb <= STS_LINE_REPORT);
	memset(r, 0, sizeof *r);
	r->cache = cache;
	r->answer = *answer;
	r->verb = (uint8_t)verb;
	r->host = host;
	(void)start(r, NULL);
	fit(r);
}

/* Whether the record of an answer, if it has one, may have a further pin. */
static bool
may_pin(const struct sts_cache *c, sts_ref ref)
{
	return ref == 0 || sts_cache_pins(c, ref) < STS_REPLY_PINS_MAX;
}

/* What is kept of *r, whose reply has `len` octets. */
static void
keep(const struct sts_reply *r, size_t len, bool measured,
    struct sts_reply_kept *out)
{
	memset(out, 0, sizeof *out);
	out->ref = r->answer.ref;
	out->max_age_s = r->max_age_s;
	out->len = (uint16_t)len;
	out->measured = measured;
	out->kind = r->answer.kind;
	out->why = r->answer.why;
	out->detail = r->detail;
	out->mode = r->mode;
	out->servername = r->servername;
}

bool
sts_reply_keep(const struct sts_reply *r, struct sts_reply_kept *out)
{
	if (r->verb != 0 || r->cut || r->len > STS_REPLY_KEPT_MAX ||
	    r->answer.kind == STS_ANSWER_OVERRIDE ||
	    r->answer.kind == STS_ANSWER_PRELOAD ||
	    r->answer.why == STS_WHY_REPLY_LARGE ||
	    !may_pin(r->cache, r->answer.ref)) {
		return false;
	}
	keep(r, r->len, true, out);
	return true;
}

/* What a reply has at most: of a policy every pattern is written once behind
 * ":", and with attributes twice more, behind 17 octets and between 26. */
static size_t
at_most(const struct sts_reply *r, unsigned mx_count)
{
	size_t patterns = sts_cache_payload_len(r->cache, r->answer.ref);

	if (r->detail == STS_REPLY_PLAIN) {
		return REST_PLAIN + patterns;
	}
	return REST_FULL + 3 * patterns + (size_t)mx_count * (17 + 26);
}

bool
sts_reply_brief(struct sts_reply_kept *out, const struct sts_cache *cache,
    const struct sts_zone *zone, const struct sts_answer *answer)
{
	struct sts_reply r;
	size_t len;

	if (answer->kind != STS_ANSWER_POLICY || !may_pin(cache, answer->ref)) {
		return false;
	}
	r.cache = cache;
	r.answer = *answer;
	len = at_most(&r, start(&r, zone));
	if (len > STS_REPLY_KEPT_MAX) {
		return false;
	}
	keep(&r, len, false, out);
	return true;
}

void
sts_reply_again(struct sts_reply *r, const struct sts_cache *cache,
    const struct sts_reply_kept *kept)
{
	memset(r, 0, sizeof *r);
	r->cache = cache;
	r->len = kept->len;
	r->max_age_s = kept->max_age_s;
	r->answer.kind = kept->kind;
	r->answer.why = kept->why;
	r->answer.ref = kept->ref;
	r->detail = kept->detail;
	r->mode = kept->mode;
	r->servername = kept->servername;
}

void
sts_reply_measure(struct sts_reply *r, uint8_t *out)
{
	struct sts_sink s = { 0, 0, r->len, out };

	put_reply(&s, r);
	STS_ASSERT(s.pos <= r->len);
	r->len = (uint32_t)s.pos;
}

size_t
sts_reply_render(const struct sts_reply *r, size_t off, struct sts_span out)
{
	size_t n = r->len - off < out.n ? r->len - off : out.n;
	struct sts_sink s = { 0, off, off + n, out.p };

	STS_ASSERT(off <= r->len);
	put_reply(&s, r);
	STS_ASSERT(s.pos >= off + n);
	return n;
}
