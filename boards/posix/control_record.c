/* SPDX-License-Identifier: MIT */
/*
 * The JSON object about one key. What is held is copied and pinned at the
 * beginning, and the answer stays in its slot: so that every window is cut from
 * the same text.
 *
 * Valid after sts_control_record_begin: `about`, `domain`. `held` is if `has`,
 * `dane` if `has_dane`; both are pinned until sts_control_record_end, whatever
 * becomes of the domain meanwhile. `tested` is if `counts`.
 *
 * Invariants: rendering changes nothing; it begins at the beginning for each
 * window, and skips what is outside of it.
 *
 * A stranger chooses ids, patterns and names of mail hosts. They were checked
 * when they were taken in, and are written as JSON strings of printable ASCII
 * all the same; a domain from a journal that others wrote is left out if it is
 * not a name.
 */
#include <string.h>

#include "../../core/agent/explain.h"
#include "../../core/cache/payload.h"
#include "control_record.h"

enum {
	PIECE = 4096 /* of the answer: each is rendered from its beginning */
};

/* The time, if there is one. */
static void
put_time(struct sts_json_put *p, const char *name, uint32_t at_s)
{
	if (at_s != 0) {
		sts_json_put_number(p, name, at_s);
	}
}

static void
put_policy(struct sts_json_put *p, const struct sts_held *held)
{
	const struct sts_entry *e = &held->entry;

	sts_json_put_string(p, "mode", sts_mode_text((enum sts_mode)e->mode));
	sts_json_put_number(p, "max_age", e->max_age_s);
	sts_json_put_text(p, "id", sts_text(held->id, held->id_len));
	sts_json_put_bool(p, "live", held->live);
	sts_json_put_bool(p, "protected", held->protected);
	if (e->shared) {
		sts_json_put_string(p, "from", "fleet");
	}
}

void
sts_control_record_held(
    struct sts_json_put *p, const struct sts_held *held, struct sts_text domain)
{
	struct sts_standing now;

	sts_explain_held(held, &now);
	/* Only a journal that others wrote could hold what is no name. */
	if (sts_name_valid(domain)) {
		sts_json_put_text(p, "domain", domain);
	}
	sts_json_put_string(
	    p, "held", sts_kind_token((enum sts_kind)held->entry.kind));
	if (held->entry.kind == STS_KIND_POLICY) {
		put_policy(p, held);
	}
	sts_json_put_number(p, "now", held->now_s);
	put_time(p, "fetched", now.fetched_s);
	put_time(p, "expires", now.expires_s);
	put_time(p, "checked", now.checked_s);
	put_time(p, "check", now.check_s);
	put_time(p, "refresh", now.refresh_s);
	put_time(p, "retry", now.retry_s);
	sts_json_put_number(p, "failures", now.failures);
	if (now.why != STS_WHY_NONE) {
		sts_json_put_string(p, "reason", sts_why_token(now.why));
		sts_json_put_string(p, "reason_text", sts_why_text(now.why));
	}
}

/* The answer as a mail server gets it; no more of it than the window needs. */
static void
put_answer(const struct sts_control_record *r, struct sts_json_put *p,
    const struct sts_sink *sink)
{
	uint8_t piece[PIECE];
	size_t n = sizeof piece, off = 0;

	sts_json_put_start(p, "answer");
	while (n == sizeof piece && !sts_sink_full(sink)) {
		n = sts_ask_render(r->agent, r->about.slot, off,
		    sts_span(piece, sizeof piece));
		sts_json_put_piece(p, sts_text(piece, n));
		off += n;
	}
	sts_json_put_stop(p);
}

static void
put_question(const struct sts_control_record *r, struct sts_json_put *p,
    const struct sts_sink *sink)
{
	const struct sts_answer *a = sts_ask_answer(r->agent, r->about.slot);
	enum sts_why why = (enum sts_why)a->why;
	enum sts_rule rule = (enum sts_rule)a->rule;

	sts_json_put_string(p, "source", r->about.source);
	if (r->about.zone.n > 0) {
		sts_json_put_text(p, "zone", r->about.zone);
	}
	sts_json_put_string(
	    p, "result", sts_verdict_token(sts_explain_verdict(a)));
	put_answer(r, p, sink);
	sts_json_put_string(p, "rule", sts_rule_token(rule));
	sts_json_put_string(p, "rule_text", sts_rule_text(rule));
	sts_json_put_string(p, "why", sts_why_token(why));
	sts_json_put_string(p, "text", sts_why_text(why));
	if (a->would != STS_ANSWER_NONE) {
		sts_json_put_string(p, "would",
		    a->would == STS_ANSWER_TEMP ? "temp"
		    : rule == STS_RULE_DANE     ? "dane"
						: "policy");
		put_time(p, "until", r->about.off_until_s);
	}
}

static void
put_patterns(const struct sts_control_record *r, struct sts_json_put *p)
{
	struct sts_patterns it;
	struct sts_text pattern;

	sts_json_put_open(p, "mx", '[');
	sts_patterns_start(&it, sts_agent_cache(r->agent), r->held.ref);
	while ((pattern = sts_patterns_next(&it)).n > 0) {
		sts_json_put_text(p, NULL, pattern);
	}
	sts_json_put_close(p, ']');
}

/* What enforcement would have stopped, where a policy is only tested and there
 * are reports of sessions: as it was at the beginning, though sessions go on. */
static void
put_tested(const struct sts_control_record *r, struct sts_json_put *p)
{
	if (r->held.entry.mode == STS_MODE_TESTING && r->counts) {
		sts_json_put_number(p, "testing_failed", r->tested);
	}
}

static void
put_held(const struct sts_control_record *r, struct sts_json_put *p)
{
	struct sts_text domain = sts_text(r->domain, r->domain_len);

	if (r->doubted) {
		sts_json_put_string(p, "journal", "unread");
	}
	if (r->has) {
		sts_control_record_held(p, &r->held, domain);
		if (r->held.entry.kind == STS_KIND_POLICY) {
			put_tested(r, p);
			put_patterns(r, p);
		}
	} else if (domain.n > 0) {
		sts_json_put_text(p, "domain", domain);
		sts_json_put_string(p, "held", "nothing");
		/* `until` and times of the mail hosts are shown by how far
		 * they are from now. */
		sts_json_put_number(p, "now", r->now_s);
	}
}

/* What is known of the domain's mail hosts: "mx1.example.com usable". */
static void
put_dane(const struct sts_control_record *r, struct sts_json_put *p)
{
	struct sts_inspected_dane d = r->dane;
	uint8_t item[STS_NAME_MAX + 16];
	enum sts_dane_host state;
	size_t len;

	sts_json_put_string(p, "dane", sts_dane_level_token(d.level));
	sts_json_put_string(p, "dane_mx", sts_dane_mx_token(d.mx));
	sts_json_put_bool(p, "dane_implicit", d.implicit);
	sts_json_put_bool(p, "dane_more", d.more);
	sts_json_put_bool(p, "dane_blind", r->blind);
	if (d.why != STS_WHY_NONE) {
		sts_json_put_string(p, "dane_reason", sts_why_token(d.why));
	}
	sts_json_put_number(p, "dane_checked", d.checked_s);
	sts_json_put_number(p, "dane_check", d.check_s);
	sts_json_put_open(p, "dane_host", '[');
	while (sts_inspect_dane_host(r->agent, &d, &state, item, &len)) {
		const char *word = sts_dane_host_token(state);

		item[len++] = ' ';
		while (*word != '\0') {
			item[len++] = (uint8_t)*word++;
		}
		sts_json_put_text(p, NULL, sts_text(item, len));
	}
	sts_json_put_close(p, ']');
}

void
sts_control_record_render(
    const struct sts_control_record *r, struct sts_sink *sink)
{
	struct sts_json_put p;

	sts_json_put_begin(&p, sink);
	sts_json_put_open(&p, NULL, '{');
	sts_json_put_text(&p, "key", r->about.key);
	if (r->about.slot >= 0) {
		put_question(r, &p, sink);
	}
	put_held(r, &p);
	if (r->has_dane) {
		put_dane(r, &p);
	}
	sts_json_put_close(&p, '}');
	sts_json_put_line(&p);
}

/* What is held for the key's domain. */
static void
find_held(struct sts_control_record *r)
{
	struct sts_report_config config;
	struct sts_key k;

	if (sts_key_parse(&k, r->about.key) != STS_WHY_NONE) {
		return;
	}
	r->domain_len = k.len;
	memcpy(r->domain, k.domain, k.len);
	r->has = sts_agent_held(r->agent, sts_text(k.domain, k.len), &r->held);
	if (r->has) {
		sts_inspect_keep(r->agent, &r->held);
		r->counts = sts_agent_report_config(r->agent, &config);
		r->tested = r->counts ? sts_agent_report_tested(
					    r->agent, sts_text(k.domain, k.len))
				      : 0;
	}
	r->doubted = sts_inspect_doubted(r->agent, r->has ? &r->held : NULL);
	r->has_dane =
	    sts_inspect_dane(r->agent, sts_text(k.domain, k.len), &r->dane);
	if (r->has_dane) {
		sts_inspect_dane_keep(r->agent, &r->dane);
	}
}

static size_t
least(size_t a, size_t b)
{
	return a < b ? a : b;
}

unsigned
sts_control_record_begin(struct sts_control_record *r, struct sts_agent *a,
    const struct sts_control_about *about)
{
	struct sts_inspection now;

	memset(r, 0, sizeof *r);
	r->agent = a;
	r->about = *about;
	sts_inspect(a, &now);
	r->blind = now.dane_blind;
	r->now_s = now.now_s;
	find_held(r);
	r->about.key.n = least(about->key.n, STS_CONTROL_KEY_MAX);
	r->about.zone.n = least(about->zone.n, STS_ZONE_NAME_MAX);
	if (about->slot < 0) {
		return r->has ? STS_VERDICT_POLICY : STS_VERDICT_NONE;
	}
	return (unsigned)sts_explain_verdict(sts_ask_answer(a, about->slot));
}

void
sts_control_record_end(struct sts_control_record *r)
{
	if (r->has) {
		r->has = false;
		sts_inspect_release(r->agent, &r->held);
	}
	if (r->has_dane) {
		r->has_dane = false;
		sts_inspect_dane_release(r->agent, &r->dane);
	}
}
