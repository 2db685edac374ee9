/* SPDX-License-Identifier: MIT */
/* A record about one key or domain. */
#include <string.h>

#include "../../core/base/assert.h"
#include "../../core/agent/explain.h"
#include "../../core/cache/payload.h"
#include "control_line.h"
#include "control_tell.h"

enum stage {
	KEY = 0,
	VERDICT,
	ANSWER,
	REASON,
	HELD,
	PATTERNS,
	END
};

enum {
	PIECE = 1024
};

/* What a record of a key takes at most: its key escaped, and small change. */
STS_STATIC_ASSERT(
    STS_SAY_RECORD_MAX >= STS_SAY_ESCAPE_MAX * (STS_CONTROL_KEY_MAX + 1),
    key_fits);

/* A pattern has letters that need no escape. */
STS_STATIC_ASSERT(STS_SAY_ITEM_MAX >= STS_MX_MAX + 8, pattern_fits);

static void
tell_key(struct sts_tell *t)
{
	sts_say_open(t->say);
	sts_say_text(t->say, "key", t->about.key);
}

/* The time, if there is one to tell. */
static void
tell_time(struct sts_say *s, const char *name, uint32_t at_s)
{
	if (at_s != 0) {
		sts_say_number(s, name, at_s);
	}
}

static void
tell_policy(struct sts_say *s, const struct sts_held *held)
{
	const struct sts_entry *e = &held->entry;

	sts_say_word(s, "mode", sts_mode_text((enum sts_mode)e->mode));
	sts_say_number(s, "max_age", e->max_age_s);
	sts_say_text(s, "id", sts_text(held->id, held->id_len));
	sts_say_bool(s, "live", held->live);
	sts_say_bool(s, "protected", held->protected);
}

void
sts_tell_held(
    struct sts_say *s, const struct sts_held *held, struct sts_text domain)
{
	struct sts_standing now;

	sts_explain_held(held, &now);
	/* Only a journal of other hands could hold what is no name. */
	if (sts_name_valid(domain)) {
		sts_say_text(s, "domain", domain);
	}
	sts_say_word(
	    s, "held", sts_kind_token((enum sts_kind)held->entry.kind));
	if (held->entry.kind == STS_KIND_POLICY) {
		tell_policy(s, held);
	}
	sts_say_number(s, "now", held->now_s);
	tell_time(s, "fetched", now.fetched_s);
	tell_time(s, "expires", now.expires_s);
	tell_time(s, "checked", now.checked_s);
	tell_time(s, "check", now.check_s);
	tell_time(s, "refresh", now.refresh_s);
	tell_time(s, "retry", now.retry_s);
	sts_say_number(s, "failures", now.failures);
	if (now.why != STS_WHY_NONE) {
		sts_say_word(s, "reason", sts_why_token(now.why));
		sts_say_word(s, "reason_text", sts_why_text(now.why));
	}
}

/* The answer as a mail server gets it. True: all of it. */
static bool
tell_answer(struct sts_tell *t)
{
	uint8_t piece[PIECE];
	size_t n = sizeof piece, taken = n;

	while (n == sizeof piece && taken == n) {
		n = sts_ask_render(t->agent, t->about.slot, t->off,
		    sts_span(piece, sizeof piece));
		taken = sts_say_piece(t->say, sts_text(piece, n));
		t->off += taken;
	}
	return taken == n;
}

static void
tell_verdict(struct sts_tell *t)
{
	const struct sts_answer *a = sts_ask_answer(t->agent, t->about.slot);

	sts_say_word(t->say, "source", t->about.source);
	if (t->about.zone.n > 0) {
		sts_say_text(t->say, "zone", t->about.zone);
	}
	sts_say_word(
	    t->say, "result", sts_verdict_token(sts_explain_verdict(a)));
	sts_say_start(t->say, "answer");
}

static void
tell_reason(struct sts_tell *t)
{
	const struct sts_answer *a = sts_ask_answer(t->agent, t->about.slot);
	enum sts_why why = (enum sts_why)a->why;
	enum sts_rule rule = (enum sts_rule)a->rule;

	sts_say_word(t->say, "rule", sts_rule_token(rule));
	sts_say_word(t->say, "rule_text", sts_rule_text(rule));
	sts_say_word(t->say, "why", sts_why_token(why));
	sts_say_word(t->say, "text", sts_why_text(why));
	if (a->audited) {
		sts_say_word(
		    t->say, "would", rule == STS_RULE_HELD ? "policy" : "temp");
	}
}

/* Patterns, as many as fit. True: all of them. */
static bool
tell_patterns(struct sts_tell *t)
{
	const struct sts_cache *cache = sts_agent_cache(t->agent);
	uint8_t pattern[STS_MX_MAX];

	while (sts_say_room(t->say) >= STS_SAY_ITEM_MAX) {
		size_t n = sts_payload_mx(cache, t->held.ref, &t->off, pattern);

		if (n == 0) {
			return true;
		}
		sts_say_item(t->say, sts_text(pattern, n));
	}
	return false;
}

static void
tell_record(struct sts_tell *t)
{
	if (!t->has) {
		if (t->domain_len > 0) {
			sts_say_text(t->say, "domain",
			    sts_text(t->domain, t->domain_len));
			sts_say_word(t->say, "held", "nothing");
		}
		return;
	}
	sts_tell_held(t->say, &t->held, sts_text(t->domain, t->domain_len));
}

static void
go_to(struct sts_tell *t, enum stage stage)
{
	t->stage = (uint8_t)stage;
	t->off = 0;
}

/* One step of the question's part. */
static void
fill_question(struct sts_tell *t)
{
	switch (t->stage) {
	case KEY:
		tell_key(t);
		go_to(t, t->about.slot >= 0 ? VERDICT : HELD);
		break;
	case VERDICT:
		tell_verdict(t);
		go_to(t, ANSWER);
		break;
	case ANSWER:
		if (tell_answer(t)) {
			go_to(t, REASON);
		}
		break;
	default:
		STS_ASSERT(t->stage == REASON);
		sts_say_stop(t->say);
		tell_reason(t);
		go_to(t, HELD);
	}
}

bool
sts_tell_fill(struct sts_tell *t)
{
	switch (t->stage) {
	case HELD:
		tell_record(t);
		go_to(t, END);
		if (t->has && t->held.entry.kind == STS_KIND_POLICY) {
			sts_say_list(t->say, "mx");
			go_to(t, PATTERNS);
		}
		return true;
	case PATTERNS:
		if (tell_patterns(t)) {
			sts_say_list_end(t->say);
			go_to(t, END);
		}
		return true;
	case END:
		sts_say_close(t->say);
		return false;
	default:
		fill_question(t);
		return true;
	}
}

/* The record behind the key, kept as it is now. */
static void
find_held(struct sts_tell *t)
{
	struct sts_key k;

	if (sts_key_parse(&k, t->about.key) != STS_WHY_NONE) {
		return;
	}
	t->domain_len = k.len;
	memcpy(t->domain, k.domain, k.len);
	t->has = sts_agent_held(t->agent, sts_text(k.domain, k.len), &t->held);
	if (t->has) {
		sts_inspect_keep(t->agent, &t->held);
	}
}

static size_t
least(size_t a, size_t b)
{
	return a < b ? a : b;
}

unsigned
sts_tell_begin(struct sts_tell *t, struct sts_agent *a, struct sts_say *say,
    const struct sts_tell_about *about)
{
	memset(t, 0, sizeof *t);
	t->agent = a;
	t->say = say;
	t->about = *about;
	find_held(t);
	t->about.key.n = least(about->key.n, STS_CONTROL_KEY_MAX);
	t->about.zone.n = least(about->zone.n, STS_ZONE_NAME_MAX);
	if (about->slot < 0) {
		return t->has ? STS_VERDICT_POLICY : STS_VERDICT_NONE;
	}
	return (unsigned)sts_explain_verdict(sts_ask_answer(a, about->slot));
}

void
sts_tell_end(struct sts_tell *t)
{
	if (t->has) {
		t->has = false;
		sts_inspect_release(t->agent, &t->held);
	}
}
