/* SPDX-License-Identifier: MIT */
/*
 * One client: requests in, one question at a time, replies out. client.h draws
 * the states; valid in each:
 *
 *	READING  in[at..in_len), less than one request; since: when the last one
 *	         was done, or this one begun
 *	SKIPS    skip_left octets of an overlong request are still to come
 *	ASKS, WAITS
 *	         the request at hand is in[at..at + request_len), and ask.key,
 *	         name_* and host_* point into it, so the input stays where it is
 *	SENDS    reply, and how many of its octets are sent; `skipped`: the
 *	         answer is our own, and the agent knows nothing of the request
 *	SENT     the answer's record is still pinned
 *	CLOSES, GONE
 *	         why
 *
 * Requests that came together are answered together: client_kept.h has the
 * replies that are put by meanwhile.
 *
 * Invariants: a request stays in the input until its reply is put by or out; at
 * most one question is open; at <= in_len <= sizeof in; nothing is received
 * while replies are put by, and at is 0 then; a channel exists in every state
 * but FREE and GONE.
 *
 * The peer is whoever may connect to the socket. He may send anything, at any
 * pace, and stop reading: each state that waits for him has an end (patience),
 * a wrong byte closes his connection alone, and nothing that he sends is kept
 * beyond the input.
 */
#include <string.h>

#include "../answer/decide.h"
#include "../base/assert.h"
#include "client.h"
#include "client_kept.h"
#include "wrap.h"

/* Offsets into the input are 16 bits wide. */
STS_STATIC_ASSERT(STS_CLIENT_INPUT <= 0xffff, input_offsets_fit);

enum state {
	FREE = 0,
	READING, /* in[at..in_len) is less than a request, or nothing */
	SKIPS, /* a request too long for the input runs past */
	ASKS, /* request_len octets from `at` are a request for the agent */
	WAITS, /* the agent has it and will answer */
	SENDS, /* the reply is under way, `sent` bytes of it are out */
	SENT, /* the agent is to release the answer */
	CLOSES, /* the driver is to close the channel */
	GONE /* no channel; the agent is to forget us */
};

static void
enter(struct sts_client *c, enum state state)
{
	c->state = (uint8_t)state;
	c->timed = true;
	c->since = c->now;
}

static void
close_for(struct sts_client *c, enum sts_why why)
{
	c->why = (uint8_t)why;
	enter(c, CLOSES);
}

/* How long the state may last without progress; 0: as long as it likes. */
static sts_ms
patience(const struct sts_client *c)
{
	if (sts_client_kept_owes(c)) {
		return STS_CLIENT_STALL_MS;
	}
	switch (c->state) {
	case READING:
	case SKIPS:
		return STS_CLIENT_IDLE_MS;
	case SENDS:
		return STS_CLIENT_STALL_MS;
	default:
		return 0;
	}
}

/* What came and is not dropped. */
static struct sts_text
input(const struct sts_client *c)
{
	return sts_text(c->in + c->at, (size_t)c->in_len - c->at);
}

static void
ask(struct sts_client *c, size_t total, struct sts_text name,
    struct sts_text key)
{
	c->request_len = (uint16_t)total;
	c->name_off = (uint16_t)(name.p - c->in);
	c->name_len = (uint16_t)name.n;
	c->ask.key = key;
	c->ask.zone = NULL;
	c->ask.waits = false;
	memset(&c->ask.answer, 0, sizeof c->ask.answer);
	enter(c, ASKS);
}

/* Note whether what is skipped is ASCII alone. */
static void
note_skipped(struct sts_client *c, struct sts_text t)
{
	for (size_t i = 0; i < t.n; i++) {
		c->skip_wide = c->skip_wide || t.p[i] >= 0x80;
	}
}

static void
skip(struct sts_client *c, size_t total)
{
	struct sts_text came = input(c);

	STS_ASSERT(total > came.n);
	c->skip_wide = false;
	note_skipped(c, came);
	c->skip_left = total - came.n;
	c->in_len = c->at;
	enter(c, SKIPS);
}

/* A line that is no request gets "temp": the mail waits, and the operator
 * finds the mistake in the configuration. Any other word could pass as an
 * answer about the domain. */
static void
refuse_line(struct sts_client *c)
{
	const struct sts_answer ours = sts_decide_plain(
	    STS_ANSWER_TEMP, STS_RULE_KEY, STS_WHY_CLIENT_JUNK);

	sts_reply_init_line(
	    &c->reply, NULL, &ours, STS_LINE_MODE, sts_text(NULL, 0));
	c->skipped = true;
	enter(c, SENDS);
}

/* The text protocol: is the line there? */
static void
look_line(struct sts_client *c)
{
	struct sts_line_request r;

	switch (sts_line_parse(
	    &r, sts_text(c->in, c->in_len), sizeof c->in, c->last)) {
	case STS_LINE_OK:
		c->verb = r.verb;
		c->host_off = (uint16_t)(r.host.p - c->in);
		c->host_len = (uint16_t)r.host.n;
		ask(c, r.total, r.zone, r.key);
		break;
	case STS_LINE_BAD:
		refuse_line(c);
		break;
	case STS_LINE_MORE:
		break;
	}
}

/* Look at the beginning of the input: what is to be done next? */
static void
look(struct sts_client *c)
{
	struct sts_request r;
	enum sts_request_status status =
	    sts_request_parse(&r, input(c), sizeof c->in);

	switch (status) {
	case STS_REQUEST_OK:
	case STS_REQUEST_NO_NAME:
		ask(c, r.total, r.name, r.key);
		break;
	case STS_REQUEST_BAD:
		close_for(c, STS_WHY_CLIENT_JUNK);
		break;
	case STS_REQUEST_MORE:
	case STS_REQUEST_LONG:
		if (c->last) {
			close_for(c, STS_WHY_NONE);
		} else if (status == STS_REQUEST_LONG) {
			skip(c, r.total);
		}
		break;
	}
}

/* Make room for all that a request may have, once no reply is put by. */
static void
move_up(struct sts_client *c)
{
	if (c->by == 0 && c->at > 0) {
		c->in_len = (uint16_t)(c->in_len - c->at);
		memmove(c->in, c->in + c->at, c->in_len);
		c->at = 0;
	}
}

/* Drop the request at hand and go on with what follows it. */
static void
next(struct sts_client *c)
{
	STS_ASSERT(c->request_len <= c->in_len - c->at);
	c->at = (uint16_t)(c->at + c->request_len);
	c->request_len = 0;
	move_up(c);
	enter(c, READING);
	look(c);
}

/* The skipped request has come to its end: answer it ourselves. A key of ASCII
 * that is so long is no domain; another may spell a short one, in characters
 * that are mapped to nothing. */
static void
answer_skipped(struct sts_client *c, uint8_t end)
{
	const struct sts_answer ours = sts_decide_key(
	    c->skip_wide ? STS_WHY_KEY_UNMAPPED : STS_WHY_KEY_LONG);

	if (end != ',') {
		close_for(c, STS_WHY_CLIENT_JUNK);
		return;
	}
	sts_reply_init(&c->reply, NULL, NULL, NULL, &ours);
	c->skipped = true;
	enter(c, SENDS);
}

/* Put a reply by in the place of its request; then go on with the next one. */
static void
put_by(struct sts_client *c, const struct sts_reply_kept *kept)
{
	sts_client_kept_put(c, kept);
	memset(&c->ask.answer, 0, sizeof c->ask.answer);
	next(c);
}

static unsigned
client_wants(const void *e)
{
	const struct sts_client *c = e;
	unsigned send = sts_client_kept_owes(c) ? STS_WANT_SEND : 0;

	if (sts_client_needs(c) != STS_CLIENT_QUIET) {
		return STS_WANT_OWNER | send;
	}
	switch (c->state) {
	case READING:
	case SKIPS:
		return send != 0 ? send : STS_WANT_RECV;
	case SENDS:
		return STS_WANT_SEND;
	case CLOSES:
		return send != 0 ? send : STS_WANT_CLOSE;
	default:
		return send;
	}
}

static void
client_lost(void *e, int why)
{
	struct sts_client *c = e;

	STS_ASSERT(c->state != FREE);
	STS_ASSERT(c->state != GONE);
	if (why != STS_IO_EOF) {
		c->done = c->by;
		enter(c, GONE);
		return;
	}
	/* RFC 9293 3.6: the peer may still read. Whole requests were found
	 * when they came; half a one can no longer become whole. */
	c->last = true;
	if (c->line && c->state == READING && c->in_len > 0) {
		look_line(c);
	} else if (c->state == READING || c->state == SKIPS) {
		close_for(c, STS_WHY_NONE);
	}
}

/* Only what is left of a skipped request is offered: what follows it is read
 * as a request afterwards. */
static struct sts_span
client_recv_buf(const void *e, struct sts_span lent)
{
	const struct sts_client *c = e;
	size_t room = sizeof c->in - c->in_len;

	STS_ASSERT(c->state == READING || c->state == SKIPS);
	STS_ASSERT(c->by == 0 && c->at == 0);
	STS_ASSERT(room > 0);
	if (c->state == SKIPS) {
		return sts_span(
		    lent.p, c->skip_left < lent.n ? c->skip_left : lent.n);
	}
	/* The driver holds the engine writable; only the view is const. */
	return sts_span((uint8_t *)c->in + c->in_len, room);
}

/* More of a request, or of a key that is too long and is skipped unkept. */
static void
client_recv_ack(void *e, struct sts_span got)
{
	struct sts_client *c = e;

	STS_ASSERT(c->state == READING || c->state == SKIPS);
	STS_ASSERT(got.n > 0);
	if (c->state == SKIPS) {
		STS_ASSERT(got.n <= c->skip_left);
		c->skip_left -= got.n;
		note_skipped(c, sts_text(got.p, got.n));
		if (c->skip_left == 0) {
			answer_skipped(c, got.p[got.n - 1]);
		}
		return;
	}
	STS_ASSERT(got.n <= sizeof c->in - c->in_len);
	if (c->in_len == 0) {
		/* A request begun at the end of the idle time has its own. */
		c->since = c->now;
	}
	c->in_len = (uint16_t)(c->in_len + got.n);
	if (c->line) {
		look_line(c);
	} else {
		look(c);
	}
}

/* What is put by, and the reply at hand behind it. */
static struct sts_text
client_send_buf(const void *e, struct sts_span lent)
{
	const struct sts_client *c = e;
	size_t n = 0, at = c->sent;

	STS_ASSERT(c->state == SENDS || sts_client_kept_owes(c));
	if (sts_client_kept_owes(c)) {
		n = sts_client_kept_render(c, lent);
		at = 0;
	}
	if (c->state == SENDS && n < lent.n) {
		n += sts_wrap_render(
		    &c->reply, at, sts_span(lent.p + n, lent.n - n));
	}
	return sts_text(lent.p, n);
}

/* Octets were sent: first of the replies that were put by, then of the reply in
 * hand. When that is out the client goes on to its next request. */
static void
client_send_ack(void *e, size_t n)
{
	struct sts_client *c = e;

	STS_ASSERT(c->state == SENDS || sts_client_kept_owes(c));
	STS_ASSERT(n > 0);
	c->since = c->now;
	c->timed = true;
	n = sts_client_kept_ack(c, n);
	if (n == 0) {
		return;
	}
	STS_ASSERT(c->state == SENDS);
	STS_ASSERT(n <= sts_wrap_total(&c->reply) - c->sent);
	c->sent += n;
	if (c->sent < sts_wrap_total(&c->reply)) {
		if (STS_REPLY_MARKS) {
			sts_wrap_passed(&c->reply, c->sent);
		}
		return;
	}
	c->sent = 0;
	if (!c->skipped) {
		enter(c, SENT);
	} else if (c->line) {
		close_for(c, STS_WHY_CLIENT_JUNK);
	} else {
		c->skipped = false;
		next(c);
	}
}

/* Note that the deadline of the question has passed; end a state that has
 * waited too long for the peer. */
static void
client_tick(void *e, sts_ms now, int64_t wall_s)
{
	struct sts_client *c = e;
	sts_ms limit = patience(c);

	(void)wall_s;
	c->now = now;
	if (c->state == WAITS && !sts_before(now, c->ask.deadline)) {
		c->due = true;
	}
	if (!c->timed) {
		c->timed = true;
		c->since = now;
	}
	if (limit > 0 && !sts_before(now, c->since + limit)) {
		bool stalls = c->state == SENDS || sts_client_kept_owes(c);

		c->done = c->by; /* given up */
		close_for(c, stalls ? STS_WHY_CLIENT_STALL : STS_WHY_NONE);
	}
}

static bool
client_deadline(const void *e, sts_ms *at)
{
	const struct sts_client *c = e;
	sts_ms limit = patience(c);
	sts_ms end = c->timed ? c->since + limit : c->now;
	bool waits = c->state == WAITS && !c->due;

	if (waits) {
		*at = limit > 0 ? sts_earlier(end, c->ask.deadline)
				: c->ask.deadline;
		return true;
	}
	if (limit > 0) {
		*at = end;
		return true;
	}
	return false;
}

void
sts_client_open(struct sts_client *c, sts_ms now)
{
	STS_ASSERT(c->state == FREE);
	c->why = STS_WHY_NONE;
	c->last = c->due = c->skipped = c->skip_wide = c->line = false;
	c->trusted = false;
	c->at = c->in_len = c->request_len = c->name_off = c->name_len = 0;
	c->by = c->done = 0;
	c->by_len = 0;
	c->skip_left = c->sent = 0;
	c->now = now;
	enter(c, READING);
}

void
sts_client_open_line(struct sts_client *c, sts_ms now)
{
	sts_client_open(c, now);
	c->line = true;
}

enum sts_client_need
sts_client_needs(const struct sts_client *c)
{
	if (c->state == GONE) {
		return STS_CLIENT_GONE;
	}
	if (sts_client_kept_all_sent(c)) {
		return STS_CLIENT_SENT;
	}
	switch (c->state) {
	case ASKS:
		return sts_client_kept_is_full(c) ? STS_CLIENT_QUIET
						  : STS_CLIENT_ASKS;
	case WAITS:
		return c->due ? STS_CLIENT_DUE : STS_CLIENT_QUIET;
	case SENT:
		return STS_CLIENT_RELEASE;
	default:
		return STS_CLIENT_QUIET;
	}
}

struct sts_text
sts_client_name(const struct sts_client *c)
{
	static const uint8_t otherwise[] = "default";

	if (c->line && c->name_len == 0) {
		return sts_text(otherwise, sizeof otherwise - 1);
	}
	return sts_text(c->in + c->name_off, c->name_len);
}

unsigned
sts_client_keys(const struct sts_client *c, struct sts_text *keys, unsigned max)
{
	struct sts_text left = input(c);
	struct sts_request r;
	unsigned n = 0;

	if (c->state != ASKS || c->line) {
		return 0;
	}
	while (n < max &&
	       sts_request_parse(&r, left, sizeof c->in) == STS_REQUEST_OK) {
		keys[n++] = r.key;
		left = sts_text(left.p + r.total, left.n - r.total);
	}
	return n;
}

bool
sts_client_reports(const struct sts_client *c, struct sts_text *text)
{
	STS_ASSERT(c->state == ASKS);
	if (!c->line || c->verb != STS_LINE_REPORT) {
		return false;
	}
	*text = sts_text(c->in + c->host_off, c->host_len);
	return true;
}

/* Put the reply to an answer by without rendering it, if it is short for sure
 * and may be put by. */
static bool
answer_brief(struct sts_client *c, const struct sts_cache *cache)
{
	struct sts_reply_kept kept;

	if (!sts_client_kept_may(c) ||
	    !sts_reply_brief(&kept, cache, c->ask.zone, &c->ask.answer)) {
		return false;
	}
	c->reply.cache = cache;
	put_by(c, &kept);
	return true;
}

/* Prepare the reply to an answer, and put it by if it may be. */
static void
answer(struct sts_client *c, const struct sts_cache *cache,
    const struct sts_zones *zones)
{
	struct sts_reply_kept kept;

	if (c->line) {
		sts_reply_init_line(&c->reply, cache, &c->ask.answer,
		    (enum sts_line_verb)c->verb,
		    sts_text(c->in + c->host_off, c->host_len));
	} else {
		sts_reply_init(
		    &c->reply, cache, zones, c->ask.zone, &c->ask.answer);
	}
	if (sts_client_kept_may(c) && sts_reply_keep(&c->reply, &kept)) {
		put_by(c, &kept);
	} else {
		enter(c, SENDS);
	}
}

void
sts_client_taken(struct sts_client *c, const struct sts_cache *cache,
    const struct sts_zones *zones)
{
	if (c->state == GONE || c->state == CLOSES) {
		return;
	}
	STS_ASSERT(c->state == ASKS || c->state == WAITS);
	c->due = false;
	if (c->ask.answer.kind == STS_ANSWER_NONE) {
		STS_ASSERT(c->ask.waits);
		enter(c, WAITS);
		return;
	}
	STS_ASSERT(!c->ask.waits);
	if (!answer_brief(c, cache)) {
		answer(c, cache, zones);
	}
	/* The answer may come long after our last tick. */
	c->timed = false;
}

bool
sts_client_sent(struct sts_client *c, sts_ref *ref)
{
	if (!sts_client_kept_all_sent(c)) {
		return false;
	}
	*ref = sts_client_kept_take(c);
	if (c->by == 0 && c->request_len == 0) {
		move_up(c);
	}
	return true;
}

void
sts_client_released(struct sts_client *c)
{
	STS_ASSERT(c->state == SENT || c->state == GONE);
	STS_ASSERT(c->by == 0);
	if (c->state == GONE) {
		enter(c, FREE);
	} else if (c->line) {
		c->request_len = 0;
		close_for(c, STS_WHY_NONE);
	} else {
		next(c);
	}
}

void
sts_client_drain(struct sts_client *c)
{
	c->last = true;
	if (c->state == READING || c->state == SKIPS) {
		close_for(c, STS_WHY_NONE);
	}
}

bool
sts_client_yield(struct sts_client *c, sts_ms now)
{
	bool idle = (c->state == READING || c->state == SKIPS) && c->by == 0;

	if (!idle || sts_before(now, c->since + STS_CLIENT_YIELD_MS)) {
		return false;
	}
	close_for(c, STS_WHY_NONE);
	return true;
}

bool
sts_client_busy(const struct sts_client *c)
{
	/* One that is closed while it waits is known to the agent until the
	 * channel is gone. */
	return (c->state >= ASKS && c->state <= SENT) || c->by > 0 ||
	       (c->state == CLOSES && c->request_len > 0);
}

static bool
reads_on(const struct sts_client *c)
{
	size_t n = input(c).n;

	return !c->last && (c->by > 0 || c->at == 0) &&
	       (c->state == READING ? n < sizeof c->in
				    : n == 0 && c->skip_left > 0);
}

/* What stands in the input. */
static bool
fits(const struct sts_client *c)
{
	return c->in_len <= sizeof c->in && c->at <= c->in_len &&
	       c->request_len <= c->in_len - c->at &&
	       (size_t)c->by * STS_CLIENT_KEPT <= c->at && c->done <= c->by;
}

bool
sts_client_check(const struct sts_client *c)
{
	if (!fits(c)) {
		return false;
	}
	switch (c->state) {
	case READING:
	case SKIPS:
		return reads_on(c);
	case ASKS:
	case WAITS:
	case SENT:
		return c->request_len > 0;
	case SENDS:
		return c->skipped == (c->request_len == 0) &&
		       (sts_client_kept_owes(c) ||
			   c->sent < sts_wrap_total(&c->reply));
	default:
		return c->state <= GONE;
	}
}

const struct sts_engine_ops sts_client_ops = {
	client_wants,
	NULL, /* peer: the channel is there from the beginning */
	NULL, /* opened */
	client_lost,
	client_recv_buf,
	client_recv_ack,
	client_send_buf,
	client_send_ack,
	NULL, /* work */
	client_tick,
	client_deadline,
	NULL, /* child, stirred: a leaf */
	NULL,
};
