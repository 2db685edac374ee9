/* SPDX-License-Identifier: MIT */
/*
 * What each command of the control socket does, in steps that each fill at most
 * one buffer of the connection.
 *
 *	BEGIN -> ASKED -> RECORD ----------> END -> OVER
 *	      -> RECORD, LIST, STATS ----------^
 *	      -> EXPORT <-> RECORD ------------^
 *	      -> SURVEY -> STATUS -------------^
 *	      -> FLUSH, ENFORCE -> SAVING -----^
 *	      -> SAVING -----------------------^
 *
 * BEGIN waits while the journal is read; ASKED waits for the agent's answer,
 * SAVING for the journal: none writes anything until that is there. Of a
 * connection, `off` is used in RECORD and STATUS, `walk` in LIST, EXPORT and
 * FLUSH, `count` and `until` in SAVING, `code` in END; `slot` and `record` are
 * given back when the connection ends.
 *
 * The peer is whoever may open the socket: trusted to give orders, but not to
 * be quick or to speak JSON.
 */
#include <string.h>

#include "../../core/base/assert.h"
#include "../../core/base/text.h"
#include "../../core/base/version.h"
#include "commands.h"
#include "control_steps.h"
#include "parts.h"

enum stage {
	BEGIN = 0,
	ASKED,
	RECORD,
	LIST,
	EXPORT,
	FLUSH,
	SAVING,
	STATS,
	SURVEY,
	STATUS,
	ENFORCE,
	REPORTS, /* the list */
	REPORT,
	END,
	OVER
};

STS_STATIC_ASSERT(
    (int)STS_SIDE_BUFFER >= (int)STS_CONTROL_REQUEST_MAX, requests_fit);

static void
end_object(struct sts_json_put *p)
{
	sts_json_put_close(p, '}');
	sts_json_put_line(p);
}

static void
fail(struct sts_control_conn *n, struct sts_json_put *p, unsigned code,
    const char *what)
{
	sts_json_put_open(p, NULL, '{');
	sts_json_put_string(p, "error", what);
	end_object(p);
	n->code = (uint8_t)code;
	n->stage = END;
}

static void
begin_question(
    struct sts_control *c, struct sts_control_conn *n, struct sts_json_put *p)
{
	struct sts_text key = sts_text_of(n->request.key);
	struct sts_text zone = sts_text_of(n->request.zone);

	n->slot = n->request.command == STS_CONTROL_REFRESH
		      ? sts_ask_refresh(c->agent, zone, key)
		      : sts_ask_begin(c->agent, zone, key);
	if (n->slot < 0) {
		fail(n, p, STS_EXIT_FAILURE, "no slot is free: try again");
		return;
	}
	sts_driver_wake(c->driver);
	n->stage = ASKED;
}

static void
begin_record(struct sts_control *c, struct sts_control_conn *n)
{
	const struct sts_control_about about = { sts_text_of(n->request.key),
		sts_text_of(n->request.zone), "daemon", n->slot,
		sts_live_off_until_s(c->live) };

	n->code =
	    (uint8_t)sts_control_record_begin(&n->record, c->agent, &about);
	n->stage = RECORD;
}

/* Whether nobody can tell which domain the key names. */
static bool
is_unmapped(const struct sts_control_conn *n)
{
	struct sts_key k;

	return sts_key_parse(&k, sts_text_of(n->request.key)) ==
	       STS_WHY_KEY_UNMAPPED;
}

/* "Nothing is held" would be a guess where nobody can tell of which domain. */
static void
show(struct sts_control *c, struct sts_control_conn *n, struct sts_json_put *p)
{
	if (is_unmapped(n)) {
		fail(n, p, STS_EXIT_USAGE, sts_why_text(STS_WHY_KEY_UNMAPPED));
		return;
	}
	begin_record(c, n);
}

static void
begin_saving(struct sts_control *c, struct sts_control_conn *n)
{
	sts_driver_wake(c->driver);
	n->until = c->now + STS_CONTROL_SAVE_MS;
	n->stage = SAVING;
}

static void
forget(
    struct sts_control *c, struct sts_control_conn *n, struct sts_json_put *p)
{
	struct sts_key k;
	enum sts_why why = sts_key_parse(&k, sts_text_of(n->request.key));

	if (why != STS_WHY_NONE) {
		fail(n, p, STS_EXIT_USAGE, sts_why_text(why));
		return;
	}
	n->count = sts_agent_forget(c->agent, sts_text(k.domain, k.len));
	n->kept_out = sts_inspect_kept_out(c->agent, sts_text(k.domain, k.len));
	sts_agent_unshare(c->agent, sts_text(k.domain, k.len));
	n->code = n->count > 0 ? STS_EXIT_YES : STS_EXIT_NONE;
	sts_log_line(c->log, STS_LOG_INFO, "control: %s forgotten",
	    (const char *)k.domain);
	begin_saving(c, n);
}

/* A health check needs no list of domains: it may come every few seconds. */
static void
begin_status(
    struct sts_control *c, struct sts_control_conn *n, struct sts_json_put *p)
{
	if (!STS_STATUS) {
		fail(n, p, STS_EXIT_USAGE, "status is left out of this build");
		return;
	}
	sts_status_begin(&n->status, &c->of);
	n->code = sts_status_healthy(&n->status) ? STS_EXIT_YES : STS_EXIT_NONE;
	n->stage = n->request.brief ? STATUS : SURVEY;
}

/* Reports of a domain, or all that wait, are due now. */
static void
hurry(struct sts_control *c, struct sts_control_conn *n, struct sts_json_put *p)
{
	struct sts_key k;
	unsigned count = sts_agent_report_hurry(c->agent,
	    sts_control_report_domain(sts_text_of(n->request.key), &k));

	sts_driver_wake(c->driver);
	sts_json_put_open(p, NULL, '{');
	sts_json_put_number(p, "due", count);
	end_object(p);
	n->code = count > 0 ? STS_EXIT_YES : STS_EXIT_NONE;
	n->stage = END;
}

static void
begin_report(
    struct sts_control *c, struct sts_control_conn *n, struct sts_json_put *p)
{
	struct sts_report_config config;
	uint64_t random = (uint64_t)(uintptr_t)n ^ c->now;

	if (!STS_REPORT || !sts_agent_report_config(c->agent, &config)) {
		fail(n, p, STS_EXIT_USAGE,
		    STS_REPORT ? "TLS reports are off: set the key contact"
			       : "TLS reports are left out of this build");
		return;
	}
	if (is_unmapped(n)) {
		fail(n, p, STS_EXIT_USAGE, sts_why_text(STS_WHY_KEY_UNMAPPED));
		return;
	}
	switch (n->request.command) {
	case STS_CONTROL_REPORT_LIST:
		n->stage = REPORTS;
		break;
	case STS_CONTROL_REPORT_SHOW:
		if (!sts_control_report_show(&n->report, c->agent,
			sts_text_of(n->request.key), n->request.json, random)) {
			fail(n, p, STS_EXIT_NONE,
			    "nothing is counted for that domain");
			return;
		}
		n->stage = REPORT;
		break;
	default:
		/* No name is none, and does not stand for all of them. */
		if (n->request.command == STS_CONTROL_REPORT_SEND &&
		    n->request.key[0] == '\0') {
			fail(n, p, STS_EXIT_USAGE, "the key is missing");
			return;
		}
		hurry(c, n, p);
	}
}

static void
list_reports(
    struct sts_control *c, struct sts_control_conn *n, struct sts_json_put *p)
{
	if (!sts_control_report_list(&n->report, c->agent, p)) {
		n->stage = END;
	}
}

static void
put_report(
    struct sts_control *c, struct sts_control_conn *n, struct sts_json_put *p)
{
	(void)c;
	if (!n->report.begun) {
		n->put = *p;
	}
	n->put.sink = p->sink;
	if (!sts_control_report_put(&n->report, &n->put)) {
		/* A report that is cut off ends without the line of the
		 * end. */
		n->stage = sts_control_report_gone(&n->report) ? OVER : END;
	}
}

/* What all that is held lacks, before it. */
static void
put_unread(struct sts_control *c, struct sts_json_put *p)
{
	if (sts_inspect_doubted(c->agent, NULL)) {
		sts_json_put_open(p, NULL, '{');
		sts_json_put_string(p, "journal", "unread");
		end_object(p);
	}
}

static void
begin_command(
    struct sts_control *c, struct sts_control_conn *n, struct sts_json_put *p)
{
	/* Of the commands that begin with nothing else. */
	static const uint8_t stages[] = {
		[STS_CONTROL_LIST] = LIST,
		[STS_CONTROL_EXPORT] = EXPORT,
		[STS_CONTROL_FLUSH] = FLUSH,
		[STS_CONTROL_STATS] = STATS,
		[STS_CONTROL_ENFORCE] = ENFORCE,
	};

	switch (n->request.command) {
	case STS_CONTROL_QUERY:
	case STS_CONTROL_REFRESH:
		begin_question(c, n, p);
		break;
	case STS_CONTROL_SHOW:
		show(c, n, p);
		break;
	case STS_CONTROL_FORGET:
		forget(c, n, p);
		break;
	case STS_CONTROL_STATUS:
		begin_status(c, n, p);
		break;
	case STS_CONTROL_LIST:
	case STS_CONTROL_EXPORT:
		put_unread(c, p);
		n->stage = stages[n->request.command];
		break;
	default:
		n->stage = stages[n->request.command];
		STS_ASSERT(n->stage != BEGIN);
	}
}

/*
 * While the journal is read, a list would lack what has not been read yet, what
 * is forgotten would come back, and an order would be replaced by an older one.
 * A question waits in the agent.
 */
static bool
waits_for_journal(const struct sts_control *c, const struct sts_control_conn *n)
{
	return n->wrong == NULL && n->request.command != STS_CONTROL_QUERY &&
	       n->request.command != STS_CONTROL_REFRESH &&
	       !sts_live_resumed(c->live);
}

static void
begin(struct sts_control *c, struct sts_control_conn *n, struct sts_json_put *p)
{
	if (waits_for_journal(c, n)) {
		return;
	}
	if (n->wrong != NULL) {
		fail(n, p, STS_EXIT_USAGE, n->wrong);
	} else if (n->request.command >= STS_CONTROL_REPORT_LIST) {
		begin_report(c, n, p);
	} else {
		begin_command(c, n, p);
	}
}

static void
await(struct sts_control *c, struct sts_control_conn *n, struct sts_json_put *p)
{
	(void)p;
	if (sts_ask_answer(c->agent, n->slot)->kind != STS_ANSWER_NONE) {
		begin_record(c, n);
	}
}

/* Have the sink keep the window that is sent next. Returns its room. */
static size_t
open_window(const struct sts_control_conn *n, struct sts_sink *sink)
{
	size_t room = sink->to;

	sink->from = n->off;
	sink->to = n->off + room;
	return room;
}

/* What was rendered is in the window. True: it was the last. */
static bool
close_window(struct sts_control_conn *n, struct sts_sink *sink, size_t room)
{
	bool last = sink->pos <= sink->to;

	n->off = sink->pos < sink->to ? sink->pos : sink->to;
	sink->pos = n->off - sink->from;
	sink->from = 0;
	sink->to = room;
	return last;
}

static void
put_record(
    struct sts_control *c, struct sts_control_conn *n, struct sts_json_put *p)
{
	size_t room = open_window(n, p->sink);

	(void)c;
	sts_control_record_render(&n->record, p->sink);
	if (close_window(n, p->sink, room)) {
		n->stage =
		    n->request.command == STS_CONTROL_EXPORT && !n->walked
			? EXPORT
			: END;
	}
}

static void
survey(
    struct sts_control *c, struct sts_control_conn *n, struct sts_json_put *p)
{
	(void)p;
	if (!sts_status_walk(&n->status, &c->of)) {
		n->stage = STATUS;
	}
}

static void
put_status(
    struct sts_control *c, struct sts_control_conn *n, struct sts_json_put *p)
{
	size_t room = open_window(n, p->sink);

	(void)c;
	sts_status_render(&n->status, p->sink);
	if (close_window(n, p->sink, room)) {
		n->stage = END;
	}
}

/* Records as long as there is room for one. */
static void
list(struct sts_control *c, struct sts_control_conn *n, struct sts_json_put *p)
{
	uint8_t domain[STS_NAME_MAX];
	struct sts_held held;
	bool more = true;
	size_t len = 1;

	while (more && len > 0 &&
	       p->sink->to - p->sink->pos >= STS_CONTROL_LIST_ROOM) {
		more = sts_inspect_next(c->agent, &n->walk, STS_CONTROL_BUCKETS,
		    &held, domain, &len);
		if (len > 0) {
			sts_json_put_open(p, NULL, '{');
			sts_control_record_held(
			    p, &held, sts_text(domain, len));
			end_object(p);
		}
	}
	if (!more) {
		n->stage = END;
	}
}

/* The next policy that is enforced, as its own record. */
static void export(
    struct sts_control *c, struct sts_control_conn *n, struct sts_json_put *p)
{
	uint8_t domain[STS_NAME_MAX];
	struct sts_held held;
	size_t len;

	(void)p;
	sts_control_record_end(&n->record);
	n->walked = !sts_inspect_next(
	    c->agent, &n->walk, STS_CONTROL_BUCKETS, &held, domain, &len);
	if (len > 0 && held.live && held.entry.mode == STS_MODE_ENFORCE &&
	    len < sizeof n->request.key) {
		memcpy(n->request.key, domain, len);
		n->request.key[len] = '\0';
		n->off = 0;
		begin_record(c, n);
		n->code = STS_EXIT_YES;
	} else if (n->walked) {
		n->stage = END;
	}
}

static void
flush(struct sts_control *c, struct sts_control_conn *n, struct sts_json_put *p)
{
	(void)p;
	if (!sts_inspect_flush(c->agent, &n->walk, STS_CONTROL_FORGETS,
		n->request.all, &n->count)) {
		sts_log_line(c->log, STS_LOG_INFO,
		    "control: %lu records forgotten, live policies %s",
		    (unsigned long)n->count,
		    n->request.all ? "among them" : "kept");
		begin_saving(c, n);
	}
}

static void
put_enforced(struct sts_control *c, struct sts_json_put *p)
{
	uint32_t until_s = sts_live_off_until_s(c->live);

	sts_json_put_bool(p, "enforced", sts_live_enforces(c->live));
	if (until_s != 0) {
		sts_json_put_number(p, "until", until_s);
	}
}

/* Wait for a while until the journal has it: what was forgotten cannot come
 * back by a restart, nor an order be lost. */
static void
save(struct sts_control *c, struct sts_control_conn *n, struct sts_json_put *p)
{
	bool order = n->request.command == STS_CONTROL_ENFORCE;
	bool durable = sts_inspect_forgotten(c->agent) &&
		       (n->request.until_s == 0 || sts_inspect_keeps(c->agent));

	if (!durable && sts_before(c->now, n->until)) {
		return;
	}
	sts_json_put_open(p, NULL, '{');
	if (order) {
		put_enforced(c, p);
		sts_json_put_number(p, "now", sts_agent_now_s(c->agent));
	} else {
		sts_json_put_number(p, "forgotten", n->count);
	}
	sts_json_put_bool(p, "durable", durable);
	if (!order && sts_inspect_unread(c->agent)) {
		sts_json_put_string(p, "journal", "unread");
		sts_json_put_bool(p, "kept_out", n->kept_out);
	}
	end_object(p);
	n->stage = END;
}

static void
put_cache(struct sts_json_put *p, const struct sts_inspection *i)
{
	const struct sts_cache_stats *c = &i->cache;

	sts_json_put_number(p, "records", c->records);
	sts_json_put_number(p, "enforce", c->enforce);
	sts_json_put_number(p, "guests", c->guests);
	sts_json_put_number(p, "testing", c->testing);
	sts_json_put_number(p, "none", c->none);
	sts_json_put_number(p, "expired", c->expired);
	sts_json_put_number(p, "other", c->other);
	sts_json_put_number(p, "bytes", (uint64_t)c->chunks * STS_CHUNK_SIZE);
	sts_json_put_number(
	    p, "bytes_free", (uint64_t)c->chunks_free * STS_CHUNK_SIZE);
	sts_json_put_number(p, "bytes_protected",
	    (uint64_t)c->chunks_protected * STS_CHUNK_SIZE);
	sts_json_put_number(p, "bytes_protected_max",
	    (uint64_t)c->protected_max * STS_CHUNK_SIZE);
	sts_json_put_number(p, "chunks", c->chunks);
	sts_json_put_number(p, "chunks_free", c->chunks_free);
	sts_json_put_number(p, "refused", c->refused);
	sts_json_put_number(p, "evicted", c->evicted);
}

static void
put_state(struct sts_json_put *p, const struct sts_inspection *i)
{
	sts_json_put_string(p, "journal", sts_inspect_journal(i));
	sts_json_put_number(p, "unsaved", i->unsaved);
	sts_json_put_number(p, "saved", i->saved);
	sts_json_put_number(p, "lost", i->lost);
	sts_json_put_number(p, "compactions", i->compactions);
	sts_json_put_string(p, "clock", sts_inspect_clock(i));
	sts_json_put_number(p, "now", i->now_s);
	sts_json_put_number(p, "clients", i->clients);
	sts_json_put_number(p, "clients_max", i->clients_max);
	sts_json_put_number(p, "lookups", i->lookups);
	sts_json_put_number(p, "lookups_max", i->lookups_max);
	sts_json_put_number(p, "fetches", i->fetches);
	sts_json_put_number(p, "fetches_max", i->fetches_max);
	sts_json_put_number(p, "waiting", i->waiting);
}

static void
stats(struct sts_control *c, struct sts_control_conn *n, struct sts_json_put *p)
{
	struct sts_inspection i;

	sts_inspect(c->agent, &i);
	sts_json_put_open(p, NULL, '{');
	sts_json_put_string(p, "version", STS_VERSION);
	put_enforced(c, p);
	put_cache(p, &i);
	put_state(p, &i);
	end_object(p);
	n->stage = END;
}

/* An end is judged by the agent's clock, which must be one that is known. */
static const char *
until_problem(struct sts_control *c, uint32_t until_s)
{
	struct sts_inspection i;

	sts_inspect(c->agent, &i);
	if (until_s == 0) {
		return NULL;
	}
	if (i.clock == STS_CLOCK_UNKNOWN) {
		return "the agent does not know the time yet";
	}
	if (until_s <= i.now_s || until_s - i.now_s > STS_LIVE_OFF_MAX_S) {
		return "enforcement can be off until a time in the next 30 "
		       "days";
	}
	return NULL;
}

static void
enforce(
    struct sts_control *c, struct sts_control_conn *n, struct sts_json_put *p)
{
	const char *problem = until_problem(c, n->request.until_s);

	if (problem != NULL) {
		fail(n, p, STS_EXIT_USAGE, problem);
		return;
	}
	if (n->request.enforce != STS_ENFORCE_ASK) {
		sts_live_enforce(c->live, n->request.enforce == STS_ENFORCE_ON,
		    n->request.until_s, c->now);
		begin_saving(c, n);
		return;
	}
	n->code = sts_live_enforces(c->live) ? STS_EXIT_YES : STS_EXIT_NONE;
	sts_json_put_open(p, NULL, '{');
	put_enforced(c, p);
	sts_json_put_number(p, "now", sts_agent_now_s(c->agent));
	end_object(p);
	n->stage = END;
}

/* The last line: an answer without it was cut. */
static void
put_end(
    struct sts_control *c, struct sts_control_conn *n, struct sts_json_put *p)
{
	(void)c;
	sts_json_put_open(p, NULL, '{');
	sts_json_put_number(p, "end", n->code);
	end_object(p);
	n->stage = OVER;
}

/* One step of a stage. */
static void (*const step[])(struct sts_control *c, struct sts_control_conn *n,
    struct sts_json_put *p) = {
	[BEGIN] = begin,
	[ASKED] = await,
	[RECORD] = put_record,
	[LIST] = list,
	[EXPORT] = export,
	[FLUSH] = flush,
	[SAVING] = save,
	[STATS] = stats,
	[SURVEY] = STS_STATUS ? survey : NULL,
	[STATUS] = STS_STATUS ? put_status : NULL,
	[ENFORCE] = enforce,
	[REPORTS] = STS_REPORT ? list_reports : NULL,
	[REPORT] = STS_REPORT ? put_report : NULL,
	[END] = put_end,
};

/* Do one step of the connection's command. If it wrote nothing, the connection
 * waits for the agent or the journal (LATER), or for its own next step. */
static int
control_fill(void *ctx, unsigned conn, struct sts_span out)
{
	struct sts_control *c = ctx;
	struct sts_control_conn *n = &c->conn[conn];
	struct sts_sink sink = { 0, 0, out.n, out.p };
	struct sts_json_put p;
	uint8_t before = n->stage;

	if (n->stage == OVER) {
		return STS_SIDE_END;
	}
	sts_json_put_begin(&p, &sink);
	step[n->stage](c, n, &p);
	STS_ASSERT(sink.pos <= sink.to);
	if (sink.pos > 0) {
		return (int)sink.pos;
	}
	/* The agent has to go on, or this connection with its next step. */
	return n->stage == before &&
		       (before == BEGIN || before == ASKED || before == SAVING)
		   ? STS_SIDE_LATER
		   : STS_SIDE_GO_ON;
}

static bool
control_request(void *ctx, unsigned conn, struct sts_text in, bool last)
{
	struct sts_control *c = ctx;
	struct sts_control_conn *n = &c->conn[conn];

	(void)last;
	memset(n, 0, sizeof *n);
	n->slot = -1;
	return sts_control_request_read(&n->request, in, &n->wrong);
}

static void
control_closed(void *ctx, unsigned conn)
{
	struct sts_control *c = ctx;
	struct sts_control_conn *n = &c->conn[conn];

	sts_control_record_end(&n->record);
	if (STS_REPORT) {
		sts_control_report_end(&n->report);
	}
	if (n->slot >= 0) {
		sts_ask_end(c->agent, n->slot);
	}
	memset(n, 0, sizeof *n);
}

const struct sts_side_ops sts_control_ops = {
	.request = control_request,
	.fill = control_fill,
	.closed = control_closed,
	.request_ms = 5000,
	.stall_ms = 60000, /* somebody reads the list page by page */
	.total_ms = 600000,
};
