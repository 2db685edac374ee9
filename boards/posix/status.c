/* SPDX-License-Identifier: MIT */
/*
 * How the daemon is: the snapshot, and its object. A part of the object is a
 * row of `sections`.
 *
 *	begin -> walk, a few buckets of the cache's index a call -> render
 *
 * Invariants: rendering reads the snapshot and nothing else, so that windows of
 * any size are cut from one text while the daemon goes on. The walk keeps the
 * STS_STATUS_DOMAINS policies that expire first and those that fail, in the
 * order in which they expire; a policy that comes or goes meanwhile may be
 * missing or be there still.
 *
 * The attacker chooses names of domains, and how many of them fail. Names are
 * put as JSON strings, lists have a fixed length, and none of it decides
 * whether the daemon is healthy: `problems` has clock, journal and name servers
 * only.
 */
#include <string.h>

#include "../../core/agent/explain.h"
#include "../../core/base/assert.h"
#include "../../core/base/version.h"
#include "../../port/posix/addr.h"
#include "status.h"

/* ---- the snapshot ---- */

static void
count(const struct sts_metrics_values *v, struct sts_history_row *total)
{
	const uint32_t *answers = v->n + STS_METRIC_ANSWERS - 1;

	memset(total, 0, sizeof *total);
	for (unsigned i = 0;
	     i <= STS_METRIC_QUESTIONS_LAST - STS_METRIC_QUESTIONS; i++) {
		total->n[STS_HISTORY_QUESTIONS] +=
		    v->n[STS_METRIC_QUESTIONS + i];
	}
	total->n[STS_HISTORY_ENFORCED] =
	    answers[STS_ANSWER_POLICY] + answers[STS_ANSWER_DANE_ONLY] +
	    answers[STS_ANSWER_DANE] + answers[STS_ANSWER_PRELOAD];
	total->n[STS_HISTORY_TEMP] = answers[STS_ANSWER_TEMP];
	for (unsigned i = 0; i < STS_WHY_ANSWERS; i++) {
		total->n[STS_HISTORY_LOOKUPS] += v->n[STS_METRIC_LOOKUPS + i];
	}
	/* ok, failed, again */
	total->n[STS_HISTORY_FAILED] = v->n[STS_METRIC_FETCHES + 1];
}

void
sts_status_count(const struct sts_agent *agent, struct sts_history_row *total)
{
	struct sts_metrics_values v;
	struct sts_inspection i;

	sts_agent_metrics(agent, &v);
	sts_inspect(agent, &i);
	count(&v, total);
	total->waited_ms = i.waited_ms;
}

/* True: one of them at least answers. */
static bool
take_servers(struct sts_status *s, const struct sts_status_of *of)
{
	const struct sts_dns_servers *servers =
	    &sts_live_now(of->live)->servers;
	bool any = false;

	s->server_count = servers->count;
	for (unsigned i = 0; i < servers->count; i++) {
		s->server[i].addr = servers->addr[i];
		s->server[i].trusted = servers->trusted[i];
		sts_inspect_server(
		    of->agent, &servers->addr[i], &s->server[i].is);
		any = any || s->server[i].is.answers;
	}
	return any;
}

static void
take_memory(struct sts_status *s, const struct sts_memory *m)
{
	s->plan = m->agent;
	s->memory = m->size;
	s->anchors = 2 * m->anchors_size;
	s->reading = m->reading_size;
	s->port = m->port_size;
}

void
sts_status_begin(struct sts_status *s, const struct sts_status_of *of)
{
	memset(s, 0, sizeof *s);
	sts_inspect(of->agent, &s->agent);
	s->keeping = sts_journal_child_keeping(of->journal);
	s->enforces = sts_live_enforces(of->live);
	s->off_until_s = sts_live_off_until_s(of->live);
	s->up_s = sts_history_up_s(of->history);
	take_memory(s, of->memory);
	sts_agent_metrics(of->agent, &s->metrics);
	count(&s->metrics, &s->total);
	s->total.waited_ms = s->agent.waited_ms;
	s->hour_count = sts_history_rows(of->history, &s->total, s->hour);
	s->total.waited_ms = sts_history_waited_ms(of->history, &s->total);
	if (!take_servers(s, of)) {
		s->problems |= STS_STATUS_SERVERS;
	}
	if (s->agent.clock == STS_CLOCK_UNKNOWN) {
		s->problems |= STS_STATUS_CLOCK;
	}
	if (s->keeping == STS_KEEPING_FAILING ||
	    s->keeping == STS_KEEPING_FULL) {
		s->problems |= STS_STATUS_JOURNAL;
	}
}

/* Insert where it belongs; what expires last may fall off the end. */
static void
insert(struct sts_status_first *f, const struct sts_status_domain *d)
{
	unsigned at = f->count;

	while (at > 0 && f->domain[at - 1].expires_s > d->expires_s) {
		at--;
	}
	if (at == STS_STATUS_DOMAINS) {
		return;
	}
	f->count += f->count < STS_STATUS_DOMAINS;
	memmove(&f->domain[at + 1], &f->domain[at],
	    (f->count - 1 - at) * sizeof *d);
	f->domain[at] = *d;
}

/* A policy that is in force may expire, and may fail to be fetched again. */
static void
meet(struct sts_status *s, const struct sts_held *held, struct sts_text domain)
{
	struct sts_status_domain d = { 0 };
	struct sts_standing now;

	if (held->entry.kind != STS_KIND_POLICY || !held->live ||
	    held->entry.mode == STS_MODE_NONE || !sts_name_valid(domain)) {
		return;
	}
	sts_explain_held(held, &now);
	d.expires_s = now.expires_s;
	d.fetched_s = now.fetched_s;
	d.mode = held->entry.mode;
	d.failures = now.failures;
	d.why = (uint8_t)now.why;
	d.len = (uint8_t)domain.n;
	memcpy(d.name, domain.p, domain.n);
	insert(&s->expires, &d);
	if (d.failures >= STS_CACHE_FAILING) {
		insert(&s->failing, &d);
	}
}

bool
sts_status_walk(struct sts_status *s, const struct sts_status_of *of)
{
	uint8_t domain[STS_NAME_MAX];
	struct sts_held held;
	bool more = true;
	size_t len;

	for (unsigned i = 0; i < STS_STATUS_BUCKETS && more; i++) {
		more = sts_inspect_next(
		    of->agent, &s->walk, 1, &held, domain, &len);
		if (len > 0) {
			meet(s, &held, sts_text(domain, len));
		}
	}
	s->walked = !more;
	return more;
}

bool
sts_status_healthy(const struct sts_status *s)
{
	return s->problems == 0;
}

/* ---- the object ---- */

static void
put_head(const struct sts_status *s, struct sts_json_put *p)
{
	static const struct {
		unsigned bit;
		const char *word;
	} problems[] = { { STS_STATUS_CLOCK, "clock" },
		{ STS_STATUS_JOURNAL, "journal" },
		{ STS_STATUS_SERVERS, "name-servers" } };

	sts_json_put_string(p, "version", STS_VERSION);
	sts_json_put_bool(p, "healthy", s->problems == 0);
	sts_json_put_open(p, "problems", '[');
	for (size_t i = 0; i < sizeof problems / sizeof *problems; i++) {
		if (s->problems & problems[i].bit) {
			sts_json_put_string(p, NULL, problems[i].word);
		}
	}
	sts_json_put_close(p, ']');
	sts_json_put_number(p, "up", s->up_s);
	sts_json_put_number(p, "now", s->agent.now_s);
	sts_json_put_string(p, "clock", sts_inspect_clock(&s->agent));
	sts_json_put_bool(p, "enforced", s->enforces);
	if (s->off_until_s != 0) {
		sts_json_put_number(p, "until", s->off_until_s);
	}
}

static void
put_journal(const struct sts_status *s, struct sts_json_put *p)
{
	static const char *const words[] = {
		[STS_KEEPING_OFF] = "off",
		[STS_KEEPING_OK] = "ok",
		[STS_KEEPING_FAILING] = "failing",
		[STS_KEEPING_FULL] = "full",
	};

	sts_json_put_open(p, "journal", '{');
	sts_json_put_string(p, "state", words[s->keeping]);
	sts_json_put_number(p, "unsaved", s->agent.unsaved);
	sts_json_put_number(p, "saved", s->agent.saved);
	sts_json_put_number(p, "lost", s->agent.lost);
	sts_json_put_number(p, "compactions", s->agent.compactions);
	sts_json_put_close(p, '}');
}

static void
put_servers(const struct sts_status *s, struct sts_json_put *p)
{
	sts_json_put_open(p, "name_servers", '[');
	for (unsigned i = 0; i < s->server_count; i++) {
		char text[STS_ADDR_TEXT_MAX];

		sts_addr_format(&s->server[i].addr, text);
		sts_json_put_open(p, NULL, '{');
		sts_json_put_string(p, "address", text);
		sts_json_put_bool(p, "trusted", s->server[i].trusted);
		sts_json_put_bool(p, "answers", s->server[i].is.answers);
		sts_json_put_bool(p, "heard", s->server[i].is.heard);
		sts_json_put_bool(p, "edns", s->server[i].is.edns);
		sts_json_put_bool(p, "tcp", s->server[i].is.tcp);
		sts_json_put_close(p, '}');
	}
	sts_json_put_close(p, ']');
}

static void
put_dane(const struct sts_status *s, struct sts_json_put *p)
{
	sts_json_put_open(p, "dane", '{');
	sts_json_put_bool(p, "on", s->agent.danes_max > 0);
	sts_json_put_string(p, "resolver",
	    s->agent.dane_sees    ? "validates"
	    : s->agent.dane_blind ? "blind"
				  : "unknown");
	sts_json_put_number(p, "busy", s->agent.danes);
	sts_json_put_number(p, "busy_max", s->agent.danes_max);
	sts_json_put_close(p, '}');
}

/* The sum of some slots. */
static uint32_t
metric(const struct sts_status *s, unsigned first, unsigned many)
{
	uint32_t n = 0;

	for (unsigned i = 0; i < many; i++) {
		n += s->metrics.n[first + i];
	}
	return n;
}

static void
put_reports(const struct sts_status *s, struct sts_json_put *p)
{
	static const struct {
		const char *name;
		unsigned first, many;
	} rows[] = { { "domains_today", STS_METRIC_REPORT_DOMAINS, 1 },
		{ "waiting", STS_METRIC_REPORT_DOMAINS + 1, 1 },
		{ "sessions", STS_METRIC_REPORT_EVENTS, 3 },
		{ "lost", STS_METRIC_REPORT_LOST, 4 },
		/* by mail, by HTTPS */
		{ "sent", STS_METRIC_REPORTS, 2 },
		{ "again", STS_METRIC_REPORTS + 2, 1 },
		{ "dropped", STS_METRIC_REPORTS + 3, 1 } };

	sts_json_put_open(p, "reports", '{');
	sts_json_put_bool(p, "on", s->plan.report > 0);
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		sts_json_put_number(
		    p, rows[i].name, metric(s, rows[i].first, rows[i].many));
	}
	sts_json_put_close(p, '}');
}

static void
put_share(const struct sts_status *s, struct sts_json_put *p)
{
	sts_json_put_open(p, "share", '{');
	sts_json_put_bool(p, "on", s->plan.share > 0);
	sts_json_put_bool(p, "up", metric(s, STS_METRIC_SHARE_UP, 1) > 0);
	sts_json_put_number(p, "sent", metric(s, STS_METRIC_SHARE_SENT, 1));
	sts_json_put_number(p, "taken", metric(s, STS_METRIC_SHARE_TAKEN, 1));
	sts_json_put_number(
	    p, "refused", metric(s, STS_METRIC_SHARE_REFUSED, 4));
	sts_json_put_number(p, "lost", metric(s, STS_METRIC_SHARE_LOST, 1));
	sts_json_put_number(p, "silent", metric(s, STS_METRIC_SHARE_SILENT, 1));
	sts_json_put_close(p, '}');
}

static void
put_memory(const struct sts_status *s, struct sts_json_put *p)
{
	const struct {
		const char *name;
		size_t bytes;
	} parts[] = { { "policies", s->plan.cache },
		{ "trust_anchors", s->anchors },
		{ "trust_anchors_reading", s->reading }, { "port", s->port },
		{ "clients", s->plan.clients }, { "lookups", s->plan.lookups },
		{ "mail_hosts", s->plan.dane }, { "fetches", s->plan.fetches },
		{ "asks", s->plan.asks }, { "dns_tcp", s->plan.dns },
		{ "driver", s->plan.driver }, { "journal", s->plan.journal },
		{ "preload", s->plan.preload }, { "share", s->plan.share },
		{ "reports", s->plan.report } };
	const struct sts_cache_stats *c = &s->agent.cache;

	sts_json_put_open(p, "memory", '{');
	sts_json_put_number(p, "bytes", s->memory);
	for (size_t i = 0; i < sizeof parts / sizeof *parts; i++) {
		sts_json_put_number(p, parts[i].name, parts[i].bytes);
	}
	sts_json_put_number(
	    p, "policies_room", (uint64_t)c->chunks * STS_CHUNK_SIZE);
	sts_json_put_number(
	    p, "policies_free", (uint64_t)c->chunks_free * STS_CHUNK_SIZE);
	sts_json_put_close(p, '}');
}

static void
put_policies(const struct sts_status *s, struct sts_json_put *p)
{
	const struct sts_cache_stats *c = &s->agent.cache;

	sts_json_put_open(p, "policies", '{');
	sts_json_put_number(p, "records", c->records);
	sts_json_put_number(p, "enforce", c->enforce);
	sts_json_put_number(p, "guests", c->guests);
	sts_json_put_number(p, "testing", c->testing);
	sts_json_put_number(p, "none", c->none);
	sts_json_put_number(p, "expired", c->expired);
	sts_json_put_number(p, "other", c->other);
	sts_json_put_number(p, "refused", c->refused);
	sts_json_put_number(p, "evicted", c->evicted);
	sts_json_put_number(p, "failing", c->failing);
	sts_json_put_close(p, '}');
}

static void
put_first(
    const char *name, const struct sts_status_first *f, struct sts_json_put *p)
{
	sts_json_put_open(p, name, '[');
	for (unsigned i = 0; i < f->count; i++) {
		const struct sts_status_domain *d = &f->domain[i];

		sts_json_put_open(p, NULL, '{');
		sts_json_put_text(p, "domain", sts_text(d->name, d->len));
		sts_json_put_string(
		    p, "mode", sts_mode_text((enum sts_mode)d->mode));
		sts_json_put_number(p, "fetched", d->fetched_s);
		sts_json_put_number(p, "expires", d->expires_s);
		sts_json_put_number(p, "failures", d->failures);
		if (d->why != STS_WHY_NONE) {
			enum sts_why why = (enum sts_why)d->why;

			sts_json_put_string(p, "reason", sts_why_token(why));
			sts_json_put_string(
			    p, "reason_text", sts_why_text(why));
		}
		sts_json_put_close(p, '}');
	}
	sts_json_put_close(p, ']');
}

static void
put_domains(const struct sts_status *s, struct sts_json_put *p)
{
	if (s->walked) {
		put_first("failing", &s->failing, p);
		put_first("expires", &s->expires, p);
	}
}

static void
put_row(const struct sts_history_row *row, struct sts_json_put *p)
{
	static const char *const names[] = {
		[STS_HISTORY_QUESTIONS] = "questions",
		[STS_HISTORY_ENFORCED] = "enforced",
		[STS_HISTORY_TEMP] = "temp",
		[STS_HISTORY_LOOKUPS] = "lookups",
		[STS_HISTORY_FAILED] = "fetches_failed",
	};

	for (unsigned i = 0; i < STS_HISTORY_COLUMNS; i++) {
		sts_json_put_number(p, names[i], row->n[i]);
	}
	sts_json_put_number(p, "longest_wait_ms", row->waited_ms);
}

static void
put_counts(const struct sts_status *s, struct sts_json_put *p)
{
	sts_json_put_open(p, "since_start", '{');
	sts_json_put_bool(p, "counted", STS_METRICS);
	put_row(&s->total, p);
	sts_json_put_close(p, '}');
	sts_json_put_open(p, "busy", '{');
	sts_json_put_number(p, "clients", s->agent.clients);
	sts_json_put_number(p, "clients_max", s->agent.clients_max);
	sts_json_put_number(p, "lookups", s->agent.lookups);
	sts_json_put_number(p, "lookups_max", s->agent.lookups_max);
	sts_json_put_number(p, "fetches", s->agent.fetches);
	sts_json_put_number(p, "fetches_max", s->agent.fetches_max);
	sts_json_put_number(p, "waiting", s->agent.waiting);
	sts_json_put_close(p, '}');
	sts_json_put_open(p, "hours", '[');
	for (unsigned i = 0; i < s->hour_count; i++) {
		sts_json_put_open(p, NULL, '{');
		put_row(&s->hour[i], p);
		sts_json_put_close(p, '}');
	}
	sts_json_put_close(p, ']');
}

/* The parts of the object, in their order. */
static void (*const sections[])(
    const struct sts_status *s, struct sts_json_put *p) = {
	put_head,
	put_journal,
	put_servers,
	put_dane,
	put_reports,
	put_share,
	put_memory,
	put_policies,
	put_domains,
	put_counts,
};

void
sts_status_render(const struct sts_status *s, struct sts_sink *sink)
{
	struct sts_json_put p;

	sts_json_put_begin(&p, sink);
	sts_json_put_open(&p, NULL, '{');
	for (size_t i = 0; i < sizeof sections / sizeof *sections; i++) {
		sections[i](s, &p);
	}
	sts_json_put_close(&p, '}');
	sts_json_put_line(&p);
}
