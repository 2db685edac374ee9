/* SPDX-License-Identifier: MIT */
/* The control socket of the daemon. */
#define _POSIX_C_SOURCE 200809L

#include <errno.h>
#include <string.h>

#include "../../core/base/assert.h"
#include "../../core/base/version.h"
#include "../../port/posix/service.h"
#include "commands.h"
#include "control.h"

/*
 * What an answer is in the middle of:
 *
 *	BEGIN -> ASKED -> TELL --------------> CODE -> OVER
 *	      -> TELL, LIST, STATS, ENFORCE -----^
 *	      -> FLUSH -> SAVING ----------------^
 *	      -> SAVING -------------------------^
 */
enum stage {
	BEGIN = 0,
	ASKED, /* the agent */
	TELL, /* what it said, and what is held */
	LIST,
	FLUSH,
	SAVING, /* what was forgotten is not yet gone from the journal */
	STATS,
	ENFORCE,
	CODE,
	OVER
};

/* A step of sts_tell_fill has a whole buffer. */
STS_STATIC_ASSERT((int)STS_SIDE_BUFFER >= (int)STS_SAY_RECORD_MAX, records_fit);

/* The key of a request, which stays where it is. */
static struct sts_text
key_of(const struct sts_control_conn *n)
{
	return sts_text(n->request.key, n->request.key_len);
}

static void
fail(struct sts_control_conn *n, unsigned code, const char *what)
{
	sts_say_open(&n->say);
	sts_say_word(&n->say, "error", what);
	sts_say_close(&n->say);
	n->code = (uint8_t)code;
	n->stage = CODE;
}

static void
begin_question(struct sts_control *c, struct sts_control_conn *n)
{
	struct sts_text zone = sts_text(n->request.zone, n->request.zone_len);

	n->slot = n->request.command == STS_CONTROL_REFRESH
		      ? sts_ask_refresh(c->agent, zone, key_of(n))
		      : sts_ask_begin(c->agent, zone, key_of(n));
	if (n->slot < 0) {
		fail(n, STS_EXIT_FAILURE, "no slot for a question is free");
		return;
	}
	sts_driver_wake(c->driver);
	n->stage = ASKED;
}

static void
begin_telling(struct sts_control *c, struct sts_control_conn *n)
{
	const struct sts_tell_about about = { key_of(n),
		sts_text(n->request.zone, n->request.zone_len), "daemon",
		n->slot };

	n->code = (uint8_t)sts_tell_begin(&n->tell, c->agent, &n->say, &about);
	n->telling = true;
	n->stage = TELL;
}

/* "Nothing is held" would be a guess where nobody can tell of which domain. */
static void
show(struct sts_control *c, struct sts_control_conn *n)
{
	struct sts_key k;

	if (sts_key_parse(&k, key_of(n)) == STS_WHY_KEY_UNMAPPED) {
		fail(n, STS_EXIT_USAGE, sts_why_text(STS_WHY_KEY_UNMAPPED));
		return;
	}
	begin_telling(c, n);
}

static void
begin_saving(struct sts_control *c, struct sts_control_conn *n)
{
	sts_driver_wake(c->driver);
	n->until = c->now + STS_CONTROL_SAVE_MS;
	n->stage = SAVING;
}

static void
forget(struct sts_control *c, struct sts_control_conn *n)
{
	struct sts_key k;
	enum sts_why why = sts_key_parse(&k, key_of(n));

	if (why != STS_WHY_NONE) {
		fail(n, STS_EXIT_USAGE, sts_why_text(why));
		return;
	}
	n->count = sts_agent_forget(c->agent, sts_text(k.domain, k.len));
	n->code = n->count > 0 ? STS_EXIT_YES : STS_EXIT_NONE;
	sts_log_line(c->log, STS_LOG_INFO, "control: %s forgotten",
	    (const char *)k.domain);
	begin_saving(c, n);
}

static void
begin(struct sts_control *c, struct sts_control_conn *n)
{
	if (n->wrong != NULL) {
		fail(n, STS_EXIT_USAGE, n->wrong);
		return;
	}
	switch (n->request.command) {
	case STS_CONTROL_QUERY:
	case STS_CONTROL_REFRESH:
		begin_question(c, n);
		break;
	case STS_CONTROL_SHOW:
		show(c, n);
		break;
	case STS_CONTROL_FORGET:
		forget(c, n);
		break;
	case STS_CONTROL_LIST:
		n->stage = LIST;
		break;
	case STS_CONTROL_FLUSH:
		n->stage = FLUSH;
		break;
	case STS_CONTROL_STATS:
		n->stage = STATS;
		break;
	default:
		STS_ASSERT(n->request.command == STS_CONTROL_ENFORCE);
		n->stage = ENFORCE;
	}
}

/* Records as long as there is room for one. */
static void
list(struct sts_control *c, struct sts_control_conn *n)
{
	uint8_t domain[STS_NAME_MAX];
	struct sts_held held;
	bool more = true;
	size_t len = 1;

	while (
	    more && len > 0 && sts_say_room(&n->say) >= STS_CONTROL_LIST_ROOM) {
		more = sts_inspect_next(c->agent, &n->walk, STS_CONTROL_BUCKETS,
		    &held, domain, &len);
		if (len > 0) {
			sts_say_open(&n->say);
			sts_tell_held(&n->say, &held, sts_text(domain, len));
			sts_say_close(&n->say);
		}
	}
	if (!more) {
		n->stage = CODE;
	}
}

static void
flush(struct sts_control *c, struct sts_control_conn *n)
{
	if (!sts_inspect_flush(c->agent, &n->walk, STS_CONTROL_FORGETS,
		n->request.all, &n->count)) {
		sts_log_line(c->log, STS_LOG_INFO,
		    "control: %lu records forgotten, live policies %s",
		    (unsigned long)n->count,
		    n->request.all ? "among them" : "kept");
		begin_saving(c, n);
	}
}

/* Whether what was forgotten is gone for good; it is waited for a while. */
static void
save(struct sts_control *c, struct sts_control_conn *n)
{
	bool durable = sts_inspect_forgotten(c->agent);

	if (!durable && sts_before(c->now, n->until)) {
		return;
	}
	sts_say_open(&n->say);
	sts_say_number(&n->say, "forgotten", n->count);
	sts_say_bool(&n->say, "durable", durable);
	sts_say_close(&n->say);
	n->stage = CODE;
}

static void
say_cache(struct sts_say *s, const struct sts_inspection *i)
{
	const struct sts_cache_stats *c = &i->cache;

	sts_say_number(s, "records", c->records);
	sts_say_number(s, "enforce", c->enforce);
	sts_say_number(s, "guests", c->guests);
	sts_say_number(s, "testing", c->testing);
	sts_say_number(s, "none", c->none);
	sts_say_number(s, "expired", c->expired);
	sts_say_number(s, "other", c->other);
	sts_say_number(s, "bytes", c->chunks * STS_CHUNK_SIZE);
	sts_say_number(s, "bytes_free", c->chunks_free * STS_CHUNK_SIZE);
	sts_say_number(
	    s, "bytes_protected", c->chunks_protected * STS_CHUNK_SIZE);
	sts_say_number(
	    s, "bytes_protected_max", c->protected_max * STS_CHUNK_SIZE);
	sts_say_number(s, "chunks", c->chunks);
	sts_say_number(s, "chunks_free", c->chunks_free);
	sts_say_number(s, "refused", c->refused);
	sts_say_number(s, "evicted", c->evicted);
}

static void
say_state(struct sts_say *s, const struct sts_inspection *i)
{
	sts_say_word(s, "journal", sts_inspect_journal(i));
	sts_say_number(s, "unsaved", i->unsaved);
	sts_say_number(s, "saved", i->saved);
	sts_say_number(s, "lost", i->lost);
	sts_say_number(s, "compactions", i->compactions);
	sts_say_word(s, "clock", sts_inspect_clock(i));
	sts_say_number(s, "now", i->now_s);
	sts_say_number(s, "clients", i->clients);
	sts_say_number(s, "clients_max", i->clients_max);
	sts_say_number(s, "lookups", i->lookups);
	sts_say_number(s, "lookups_max", i->lookups_max);
	sts_say_number(s, "fetches", i->fetches);
	sts_say_number(s, "fetches_max", i->fetches_max);
	sts_say_number(s, "waiting", i->waiting);
}

static void
stats(struct sts_control *c, struct sts_control_conn *n)
{
	struct sts_inspection i;

	sts_inspect(c->agent, &i);
	sts_say_open(&n->say);
	sts_say_word(&n->say, "version", STS_VERSION);
	sts_say_bool(&n->say, "enforced", sts_live_enforces(c->live));
	say_cache(&n->say, &i);
	say_state(&n->say, &i);
	sts_say_close(&n->say);
	n->stage = CODE;
}

static void
enforce(struct sts_control *c, struct sts_control_conn *n)
{
	if (n->request.enforce != STS_ENFORCE_ASK) {
		sts_live_enforce(
		    c->live, n->request.enforce == STS_ENFORCE_ON, c->now);
	} else if (!sts_live_enforces(c->live)) {
		n->code = STS_EXIT_NONE;
	}
	sts_say_open(&n->say);
	sts_say_bool(&n->say, "enforced", sts_live_enforces(c->live));
	sts_say_close(&n->say);
	n->stage = CODE;
}

static void
await(struct sts_control *c, struct sts_control_conn *n)
{
	if (sts_ask_answer(c->agent, n->slot)->kind != STS_ANSWER_NONE) {
		begin_telling(c, n);
	}
}

static void
tell(struct sts_control *c, struct sts_control_conn *n)
{
	(void)c;
	if (!sts_tell_fill(&n->tell)) {
		n->stage = CODE;
	}
}

static void
say_code(struct sts_control *c, struct sts_control_conn *n)
{
	(void)c;
	sts_say_end(&n->say, n->code);
	n->stage = OVER;
}

/* One step of a stage. */
static void (*const step[])(
    struct sts_control *c, struct sts_control_conn *n) = {
	[BEGIN] = begin,
	[ASKED] = await,
	[TELL] = tell,
	[LIST] = list,
	[FLUSH] = flush,
	[SAVING] = save,
	[STATS] = stats,
	[ENFORCE] = enforce,
	[CODE] = say_code,
};

static int
control_fill(void *ctx, unsigned conn, struct sts_span out)
{
	struct sts_control *c = ctx;
	struct sts_control_conn *n = &c->conn[conn];
	uint8_t before = n->stage;

	if (n->stage == OVER) {
		return STS_SIDE_END;
	}
	sts_say_into(&n->say, out);
	step[n->stage](c, n);
	if (n->say.len > 0) {
		return (int)n->say.len;
	}
	/* The agent has to go on; or we have, with the next step. */
	return n->stage == before && (before == ASKED || before == SAVING)
		   ? STS_SIDE_LATER
		   : STS_SIDE_GO_ON;
}

static bool
control_request(void *ctx, unsigned conn, struct sts_text in, bool last)
{
	struct sts_control *c = ctx;
	struct sts_control_conn *n = &c->conn[conn];
	int len = sts_control_line(in);

	(void)last;
	if (len == 0) {
		return false;
	}
	memset(n, 0, sizeof *n);
	n->slot = -1;
	n->wrong = len < 0 ? "the line is too long"
			   : sts_control_parse(
				 &n->request, sts_text(in.p, (size_t)len));
	sts_say_init(&n->say, n->request.json);
	return true;
}

static void
control_closed(void *ctx, unsigned conn)
{
	struct sts_control *c = ctx;
	struct sts_control_conn *n = &c->conn[conn];

	if (n->telling) {
		sts_tell_end(&n->tell);
	}
	if (n->slot >= 0) {
		sts_ask_end(c->agent, n->slot);
	}
	memset(n, 0, sizeof *n);
}

static const struct sts_side_ops control_ops = {
	.request = control_request,
	.fill = control_fill,
	.closed = control_closed,
	.request_ms = 5000,
	.stall_ms = 60000, /* somebody reads the list page by page */
	.total_ms = 600000,
};

static void
try_open(struct sts_control *c, bool first)
{
	char text[STS_LISTEN_TEXT_MAX];

	sts_listen_format(&c->at, text);
	if (sts_side_open(&c->side, &c->at) == 0) {
		c->retries = false;
		sts_log_line(c->log, STS_LOG_INFO, "control by %s", text);
		return;
	}
	c->retries = errno == EADDRINUSE;
	if (first || !c->retries) {
		sts_log_line(c->log, STS_LOG_WARNING,
		    "control %s: %s%s: going on without it", text,
		    strerror(errno),
		    errno == ENOENT ? " (create its directory)" : "");
	}
}

/* The supervisor may have opened it. */
static bool
inherit(struct sts_control *c)
{
	unsigned handed = sts_service_fds();

	for (unsigned i = 0; i < handed; i++) {
		char name[STS_SERVICE_NAME_MAX + 1];
		int fd = STS_SERVICE_FD_FIRST + (int)i;

		sts_service_fd_name(i, name);
		if (strcmp(name, "control") == 0 && sts_listen_of(fd, &c->at) &&
		    c->at.addr.af == STS_AF_LOCAL) {
			sts_side_inherit(&c->side, fd, &c->at);
			return true;
		}
	}
	return false;
}

void
sts_control_open(
    struct sts_control *c, const struct sts_conf *conf, struct sts_log *log)
{
	memset(c, 0, sizeof *c);
	sts_side_none(&c->side);
	c->log = log;
	c->at = conf->control;
	if (conf->control_on && !inherit(c)) {
		try_open(c, true);
	}
}

bool
sts_control_begin(struct sts_control *c, struct sts_posix *posix, unsigned own,
    struct sts_agent *agent, struct sts_driver *driver, struct sts_live *live)
{
	c->agent = agent;
	c->driver = driver;
	c->live = live;
	c->posix = posix;
	c->own = own;
	c->retry_at = sts_posix_now() + STS_CONTROL_RETRY_MS;
	return sts_side_begin(&c->side, posix, own, &control_ops, c);
}

sts_ms
sts_control_run(struct sts_control *c, sts_ms now)
{
	c->now = now;
	if (c->retries && !sts_before(now, c->retry_at)) {
		c->retry_at = now + STS_CONTROL_RETRY_MS;
		try_open(c, false);
		sts_side_begin(&c->side, c->posix, c->own, &control_ops, c);
	}
	sts_ms wait = sts_side_run(&c->side, now);

	return c->retries ? sts_earlier(wait, c->retry_at - now) : wait;
}

void
sts_control_end(struct sts_control *c)
{
	c->retries = false;
	sts_side_end(&c->side);
}
