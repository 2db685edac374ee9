/* SPDX-License-Identifier: MIT */
/*
 * Answers in the words of Postfix, Sendmail and Exim.
 *
 * One function (put_reply) writes the whole reply into a sink, from its
 * beginning; the sink counts, and keeps only the window that is asked for. So
 * the length is measured, and any piece rendered, by the same code, and the
 * pieces always fit together: the record is pinned, and mode and max_age, which
 * may change in it, were copied at the start. Of a reply that is sent in many
 * pieces a mark says where a pattern stands before the next one, and what is
 * before that is left out: else a reply of 100,000 octets would be written 25
 * times.
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

/* What stands before the list of patterns, and behind it. */
static const uint8_t match_begins[] = "OK secure match=";
static const uint8_t match_ends[] = " servername=hostname";

/* Octets of a policy's reply beside its patterns, at most: a domain and a
 * max_age of the longest among them. */
enum {
	MATCH_BEGINS = sizeof match_begins - 1,
	MATCH_ENDS = sizeof match_ends - 1,
	REST_PLAIN = MATCH_BEGINS + MATCH_ENDS,
	REST_FULL = REST_PLAIN + STS_NAME_MAX + 160
};

/* The lists of patterns in a reply, in their order. */
enum list {
	LIST_MATCH = 1, /* or the hosts of the text protocol */
	LIST_ATTRIBUTES,
	LIST_STRINGS
};

/*
 * One pass over a reply. It begins at the mark (list 0: at the beginning): in
 * a list, at the pattern `off`, which stands at `pos`; the mark then moves on
 * to the last pattern that was put within the window.
 */
struct pass {
	struct sts_sink s;
	const struct sts_reply *r;
	uint32_t off, pos;
	uint8_t list;
};

/* The patterns of an answer: of the record that is held, or of the operator's
 * list. */
struct patterns {
	struct sts_patterns held;
	const uint8_t *list; /* NULL: held */
	bool begun; /* one was put in this pass */
};

static void
patterns_start(struct patterns *it, const struct sts_reply *r)
{
	it->begun = false;
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

/* Whether what stands before a list is behind the mark. */
static bool
is_past(const struct pass *p, enum list list)
{
	return STS_REPLY_MARKS && p->list >= list;
}

/* Begin a list, or go on with it. False: all of it is behind the mark. */
static bool
list_begin(struct pass *p, enum list list, struct patterns *it)
{
	const struct sts_reply *r = p->r;

	if (!is_past(p, list)) {
		patterns_start(it, r);
		return true;
	}
	if (p->list > list) {
		return false;
	}
	it->begun = false;
	it->list = NULL;
	if (STS_PRELOAD && r->answer.kind == STS_ANSWER_PRELOAD) {
		it->list = r->answer.patterns + p->off;
	} else {
		sts_patterns_resume(&it->held, r->cache, r->answer.ref, p->off);
	}
	return true;
}

/* The next pattern of a list, as long as anything can be kept of it. What is
 * before it has been put. */
static struct sts_text
list_next(struct pass *p, enum list list, struct patterns *it)
{
	if (sts_sink_full(&p->s)) {
		return sts_text(NULL, 0);
	}
	if (STS_REPLY_MARKS && it->begun) {
		p->list = (uint8_t)list;
		p->pos = (uint32_t)p->s.pos;
		p->off = STS_PRELOAD && it->list != NULL
			     ? (uint32_t)(it->list - p->r->answer.patterns)
			     : it->held.off;
	}
	it->begun = true;
	return patterns_next(it);
}

/*
 * A pattern for match=: "*.d" is ".d" there. A pattern without a dot could be
 * one of Postfix's keywords (nexthop, hostname, dot-nexthop); the grammar
 * refuses those (core/grammar/policy), so that one here is our own mistake.
 */
static struct sts_text
match(struct sts_text pattern)
{
	STS_ASSERT(memchr(pattern.p, '.', pattern.n) != NULL);
	if (pattern.p[0] == '*') {
		pattern = sts_text(pattern.p + 1, pattern.n - 1);
	}
	return pattern;
}

static void
put_match_list(struct pass *p)
{
	bool more = is_past(p, LIST_MATCH);
	struct sts_text pattern;
	struct patterns it;

	if (!list_begin(p, LIST_MATCH, &it)) {
		return;
	}
	while ((pattern = list_next(p, LIST_MATCH, &it)).n > 0) {
		if (more) {
			sts_sink_string(&p->s, ":");
		}
		sts_sink_put(&p->s, match(pattern));
		more = true;
	}
}

/* Every pattern as it is in the policy, with words before and after it. */
static void
put_patterns(
    struct pass *p, enum list list, const char *before, const char *after)
{
	struct sts_text pattern;
	struct patterns it;

	if (!list_begin(p, list, &it)) {
		return;
	}
	while ((pattern = list_next(p, list, &it)).n > 0) {
		sts_sink_string(&p->s, before);
		sts_sink_put(&p->s, pattern);
		sts_sink_string(&p->s, after);
	}
}

static void
put_domain(struct pass *p)
{
	uint8_t domain[STS_NAME_MAX];
	size_t len = sts_cache_domain(p->r->cache, p->r->answer.ref, domain);

	sts_sink_string(&p->s, " policy_type=sts policy_domain=");
	sts_sink_put(&p->s, sts_text(domain, len));
}

/* The attributes by which Postfix enforces patterns exactly and reports. What
 * stands before the reply's mark is past, and is not written again. */
static void
put_attributes(struct pass *p)
{
	struct sts_sink *s = &p->s;

	if (!is_past(p, LIST_ATTRIBUTES)) {
		put_domain(p);
	}
	put_patterns(p, LIST_ATTRIBUTES, " mx_host_pattern=", "");
	if (!is_past(p, LIST_STRINGS)) {
		sts_sink_string(s, " { policy_string = version: STSv1 }");
		sts_sink_string(s, " { policy_string = mode: ");
		sts_sink_string(s, sts_mode_text((enum sts_mode)p->r->mode));
		sts_sink_string(s, " }");
	}
	if (p->r->detail == STS_REPLY_FULL) {
		put_patterns(p, LIST_STRINGS, " { policy_string = mx: ", " }");
	}
	sts_sink_string(s, " { policy_string = max_age: ");
	sts_sink_decimal(s, p->r->max_age_s);
	sts_sink_string(s, " }");
}

static void
put_policy(struct pass *p)
{
	if (!is_past(p, LIST_MATCH)) {
		sts_sink_put(&p->s, sts_text(match_begins, MATCH_BEGINS));
	}
	put_match_list(p);
	if (p->r->servername && !is_past(p, LIST_ATTRIBUTES)) {
		sts_sink_put(&p->s, sts_text(match_ends, MATCH_ENDS));
	}
	if (p->r->detail != STS_REPLY_PLAIN) {
		put_attributes(p);
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
	struct sts_text host = r->more.host, pattern;
	struct patterns it;

	STS_ASSERT(host.n > 0);
	if (host.p[host.n - 1] == '.') {
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
put_hosts(struct pass *p)
{
	bool more = is_past(p, LIST_MATCH);
	struct sts_text pattern;
	struct patterns it;

	(void)list_begin(p, LIST_MATCH, &it);
	while ((pattern = list_next(p, LIST_MATCH, &it)).n > 0) {
		if (more) {
			sts_sink_string(&p->s, ":");
		}
		sts_sink_put(&p->s, pattern);
		more = true;
	}
}

static void
put_line_policy(struct pass *p)
{
	switch ((enum sts_line_verb)p->r->verb) {
	case STS_LINE_MODE:
		sts_sink_string(&p->s, "enforce");
		break;
	case STS_LINE_HOSTS:
		put_hosts(p);
		break;
	case STS_LINE_ALLOWED:
		sts_sink_string(&p->s, is_allowed(p->r) ? "yes" : "no");
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

/* An answer in the text protocol's words. Where it has none for what was
 * decided the word is "temp": the mail waits, rather than leave with less
 * protection than was decided. */
static void
put_line(struct pass *p)
{
	const struct sts_reply *r = p->r;
	struct sts_sink *s = &p->s;

	switch ((enum sts_answer_kind)r->answer.kind) {
	case STS_ANSWER_POLICY:
	case STS_ANSWER_PRELOAD:
		put_line_policy(p);
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
put_socketmap(struct pass *p)
{
	const struct sts_reply *r = p->r;
	struct sts_sink *s = &p->s;

	switch ((enum sts_answer_kind)r->answer.kind) {
	case STS_ANSWER_POLICY:
	case STS_ANSWER_PRELOAD:
		put_policy(p);
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
put_reply(struct pass *p)
{
	if (p->r->verb != 0) {
		put_line(p);
	} else {
		put_socketmap(p);
	}
}

/* The length of the reply, or STS_REPLY_MAX + 1 and no more when over it. */
static size_t
measure(const struct sts_reply *r)
{
	const size_t over = (size_t)STS_REPLY_MAX + 1;
	struct pass p = { { 0, over, over, NULL }, r, 0, 0, 0 };

	put_reply(&p);
	return p.s.pos < over ? p.s.pos : over;
}

/* Begin with all that the zone asks for; g: of the record of a POLICY. */
static void
start_policy(struct sts_reply *r, const struct sts_zone *zone,
    const struct sts_cache_gist *g)
{
	STS_ASSERT(g->kind == STS_KIND_POLICY);
	STS_ASSERT(g->mx_count > 0);
	r->mode = g->mode;
	r->max_age_s = g->max_age_s;
	r->servername = zone == NULL || zone->sni || zone->sendmail;
	r->detail = zone != NULL && zone->tlsrpt && !zone->sendmail
			? STS_REPLY_FULL
			: STS_REPLY_PLAIN;
}

static void
start(struct sts_reply *r, const struct sts_zone *zone)
{
	r->detail = STS_REPLY_PLAIN;
	r->servername = zone == NULL || zone->sni || zone->sendmail;
	if (r->answer.kind == STS_ANSWER_POLICY) {
		struct sts_cache_gist g =
		    sts_cache_gist(r->cache, r->answer.ref);

		start_policy(r, zone, &g);
	}
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
	start(r, zone);
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
	if (verb == STS_LINE_ALLOWED) {
		r->more.host = host;
	}
	start(r, NULL);
	fit(r);
}

/* Whether the record of an answer, if it has one, may have a further pin. */
static bool
may_pin(const struct sts_cache *c, sts_ref ref)
{
	return ref == 0 || sts_cache_gist(c, ref).pins < STS_REPLY_PINS_MAX;
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
at_most(const struct sts_reply *r, const struct sts_cache_gist *g)
{
	if (r->detail == STS_REPLY_PLAIN) {
		return REST_PLAIN + (size_t)g->payload_len;
	}
	return REST_FULL + 3 * (size_t)g->payload_len +
	       (size_t)g->mx_count * (17 + 26);
}

bool
sts_reply_brief(struct sts_reply_kept *out, const struct sts_cache *cache,
    const struct sts_zone *zone, const struct sts_answer *answer)
{
	struct sts_cache_gist g;
	struct sts_reply r;
	size_t len;

	if (answer->kind != STS_ANSWER_POLICY) {
		return false;
	}
	g = sts_cache_gist(cache, answer->ref);
	r.answer = *answer;
	start_policy(&r, zone, &g);
	len = at_most(&r, &g);
	if (len > STS_REPLY_KEPT_MAX || g.pins >= STS_REPLY_PINS_MAX) {
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

/*
 * Put the whole reply without attributes at out, of which its length at most is
 * known, as most are: the record's payload is copied to where the list is to
 * be, its patterns are moved up over the id, and a colon takes the place of each
 * one's length. The same octets as of put_policy, for a third of the work.
 */
static size_t
put_short(const struct sts_reply *r, uint8_t *out)
{
	/* Before the first pattern "=" stands for the colon. */
	uint8_t *list = out + MATCH_BEGINS - 1;
	size_t n = sts_cache_read(
	    r->cache, r->answer.ref, 0, list, r->len - REST_PLAIN);
	size_t from, to = 0;

	STS_ASSERT(n > 0 && 1U + list[0] < n);
	from = 1U + list[0]; /* behind the id */
	while (from < n) {
		struct sts_text pattern = { list + from + 1, list[from] };

		STS_ASSERT(pattern.n < n - from);
		from += 1 + pattern.n;
		pattern = match(pattern);
		list[to] = ':';
		memmove(list + to + 1, pattern.p, pattern.n);
		to += 1 + pattern.n;
	}
	memcpy(out, match_begins, MATCH_BEGINS);
	if (r->servername) {
		memcpy(list + to, match_ends, MATCH_ENDS);
		to += MATCH_ENDS;
	}
	return MATCH_BEGINS - 1 + to;
}

void
sts_reply_measure(struct sts_reply *r, uint8_t *out)
{
	struct pass p = { { 0, 0, r->len, out }, r, 0, 0, 0 };

	STS_ASSERT(r->answer.kind == STS_ANSWER_POLICY);
	if (r->detail == STS_REPLY_PLAIN) {
		r->len = (uint32_t)put_short(r, out);
		return;
	}
	put_reply(&p);
	STS_ASSERT(p.s.pos <= r->len);
	r->len = (uint32_t)p.s.pos;
}

/* A pass that keeps octets from..to, from the mark on if that is before. */
static struct pass
pass_from(const struct sts_reply *r, size_t from, size_t to, uint8_t *out)
{
	struct pass p = { { 0, from, to, out }, r, 0, 0, 0 };

	if (STS_REPLY_MARKS && r->list != 0 && r->more.mark.pos <= from) {
		p.list = r->list;
		p.off = r->more.mark.off;
		p.s.pos = p.pos = r->more.mark.pos;
	}
	return p;
}

size_t
sts_reply_render(const struct sts_reply *r, size_t off, struct sts_span out)
{
	size_t n = r->len - off < out.n ? r->len - off : out.n;
	struct pass p = pass_from(r, off, off + n, out.p);

	STS_ASSERT(off <= r->len);
	put_reply(&p);
	STS_ASSERT(p.s.pos >= off + n);
	return n;
}

void
sts_reply_passed(struct sts_reply *r, size_t off)
{
	struct pass p = pass_from(r, off, off, NULL);

	STS_ASSERT(off <= r->len);
	if (!STS_REPLY_MARKS) {
		return;
	}
	put_reply(&p); /* without lists, as of "allowed", there is no mark */
	if (p.list != 0) {
		STS_ASSERT(p.pos <= off);
		r->list = p.list;
		r->more.mark.off = p.off;
		r->more.mark.pos = p.pos;
	}
}
