/* SPDX-License-Identifier: MIT */
/*
 * The server's replies and pushes are interpreted. Replies come in the order of
 * the commands; a push may stand between any two of them, and an attribute
 * before one. Strings that are looked at (keys, words) are gathered in s->word,
 * values go through the seal's reader into a stage of the cache; nothing else
 * is kept.
 *
 * An error is known by its first word only, as the rest differs between servers
 * and versions.
 *
 * The attacker owns the server: a reply that makes no sense ends the
 * connection, octets that are no record of the fleet are counted (count_talk),
 * and so are pushed keys (is_in_time).
 */
#include <string.h>

#include "../base/assert.h"
#include "../base/text.h"
#include "share_private.h"

/* What follows from an error. */
enum error_means {
	MEANS_LATER, /* it may work another time; the connection is good */
	MEANS_CONFIG,
	MEANS_READONLY,
	MEANS_MOVED,
	MEANS_FULL /* it may work another time, and the operator should know */
};

static const struct {
	const char *word;
	enum error_means means;
} errors[] = {
	{ "NOAUTH", MEANS_CONFIG },
	{ "WRONGPASS", MEANS_CONFIG },
	{ "NOPERM", MEANS_CONFIG },
	{ "READONLY", MEANS_READONLY },
	{ "MOVED", MEANS_MOVED },
	{ "OOM", MEANS_FULL },
	{ "MISCONF", MEANS_FULL },
};

static void
broken(struct sts_share *s)
{
	sts_share_fail(s, STS_TROUBLE_PATH, STS_WHY_SHARE_PROTOCOL);
}

/* Count octets that are no record of the fleet. False: there were too many. The
 * owner of the server could send replies without end, or one forged record
 * after the other. */
static bool
count_talk(struct sts_share *s, size_t n)
{
	if (s->now - s->talk_at >= STS_SHARE_TALK_MS) {
		s->talk_at = s->now;
		s->talk = 0;
	}
	s->talk += (uint32_t)n;
	if (s->talk > STS_SHARE_TALK) {
		s->talk = STS_SHARE_TALK;
		sts_share_fail(s, STS_TROUBLE_PATH, STS_WHY_SHARE_FLOOD);
		return false;
	}
	return true;
}

/* The string that was gathered; one that is longer than s->word counts as
 * empty. */
static struct sts_text
word(const struct sts_share *s)
{
	return sts_text(s->word, s->word_len);
}

/* Whether the key may be read now. The owner of the server could push a new key
 * for each that we read, and so make us read without end. */
static bool
is_in_time(struct sts_share *s)
{
	if (s->reading != STS_COMMAND_PUSH) {
		return true;
	}
	if (s->now - s->push_at >= STS_SHARE_PUSH_MS) {
		s->push_at = s->now;
		s->pushes = 0;
	}
	s->pushes += s->pushes < STS_SHARE_PUSHES + 1;
	return s->pushes <= STS_SHARE_PUSHES;
}

/* A key of ours was changed, or listed. SCAN lists keys of others, too, and who
 * has the fleet's key may have put a name there that no question can have. */
static void
take_key(struct sts_share *s)
{
	struct sts_text t = word(s);

	if (!sts_text_take(&t, s->setup->prefix) || !sts_text_take(&t, ":d:") ||
	    t.n > STS_SHARE_NAME_MAX || !sts_name_valid(t) ||
	    !sts_text_is_lower(t)) {
		return;
	}
	if (!is_in_time(s) ||
	    !sts_share_names_put(&s->keys, STS_COMMAND_GET, t)) {
		s->counts.lost++;
		/* The list that is read meanwhile may have passed the key. */
		if (s->reading == STS_COMMAND_PUSH) {
			s->scan_at = sts_earlier(
			    s->scan_at, s->now + STS_SHARE_SCAN_LOST_MS);
		}
	}
}

/* Take the host of another server, which is kept as a text that ends with NUL.
 * False: it is empty, too long, or has an octet that no name and no address
 * has. */
static bool
take_host(struct sts_share *s, struct sts_text host)
{
	memset(&s->target, 0, sizeof s->target);
	for (size_t i = 0; i < host.n; i++) {
		if (host.p[i] <= ' ' || host.p[i] > '~') {
			return false;
		}
	}
	if (host.n == 0 || host.n > STS_NAME_MAX) {
		return false;
	}
	memcpy(s->target.host, host.p, host.n);
	return true;
}

static bool
take_port(struct sts_share *s, struct sts_text port)
{
	uint64_t n;

	if (!sts_get_decimal(port, 5, &n) || n == 0 || n > UINT16_MAX) {
		return false;
	}
	s->target.port = (uint16_t)n;
	return true;
}

/* "127.0.0.1:7001" of "MOVED 3999 127.0.0.1:7001"; [::1]:7001 and ::1:7001
 * alike: the port is behind the last colon. */
static void
moved(struct sts_share *s, struct sts_text rest)
{
	struct sts_text where;
	size_t colon;

	sts_text_word(&rest, STS_BLANK_SPACE);
	where = sts_text_word(&rest, STS_BLANK_SPACE);
	colon = where.n;
	while (colon > 0 && where.p[colon - 1] != ':') {
		colon--;
	}
	if (colon > 1 && take_host(s, sts_text(where.p, colon - 1)) &&
	    take_port(s, sts_text_skip(where, colon))) {
		sts_share_fail(s, STS_TROUBLE_MOVED, STS_WHY_SHARE_MOVED);
	} else {
		broken(s);
	}
}

static enum error_means
means(struct sts_text first)
{
	for (size_t i = 0; i < sizeof errors / sizeof *errors; i++) {
		if (sts_text_is(first, errors[i].word)) {
			return errors[i].means;
		}
	}
	return MEANS_LATER;
}

static void
note_server_text(struct sts_share *s, struct sts_text t)
{
	s->server_text_len = (uint8_t)t.n;
	memcpy(s->server_text, t.p, t.n);
}

/* The server takes no writes: go on to another, if there is one. */
static void
readonly(struct sts_share *s)
{
	s->counts.lost += s->reading == STS_COMMAND_SET;
	if (s->setup->master[0] != '\0' || s->setup->server_count > 1) {
		sts_share_fail(s, STS_TROUBLE_SERVER, STS_WHY_SHARE_READONLY);
	} else {
		s->readonly = true;
	}
}

/* Whether this is Redis before version 6, or a proxy that speaks RESP2. */
static bool
knows_no_hello(const struct sts_share *s)
{
	struct sts_text t = sts_text(s->server_text, s->server_text_len);
	struct sts_text first = sts_text_word(&t, STS_BLANK_SPACE);

	return sts_text_is(first, "ERR") || sts_text_is(first, "NOPROTO");
}

/* A command failed this time, and may succeed later. */
static void
later(struct sts_share *s)
{
	switch ((enum sts_share_command)s->reading) {
	case STS_COMMAND_GET:
		s->result = STS_SHARE_MISSING;
		break;
	case STS_COMMAND_SET:
		s->counts.lost++;
		break;
	case STS_COMMAND_SCAN:
		s->scanning = s->scan_asked = false;
		s->scan_at = s->now + STS_SHARE_SCAN_LOST_MS;
		break;
	case STS_COMMAND_HELLO:
		if (knows_no_hello(s)) {
			sts_share_greeted(s, true);
		} else {
			sts_share_fail(
			    s, STS_TROUBLE_PATH, STS_WHY_SHARE_LATER);
		}
		break;
	case STS_COMMAND_DEL:
		break;
	case STS_COMMAND_PING:
		if (s->state == STS_SHARE_UP) {
			break;
		}
		sts_share_fail(s, STS_TROUBLE_PATH, STS_WHY_SHARE_LATER);
		break;
	default:
		sts_share_fail(s, STS_TROUBLE_PATH, STS_WHY_SHARE_LATER);
		break;
	}
}

/* An error ends the connection, or its command counts as failed, by what its
 * first word means. */
static void
error(struct sts_share *s)
{
	struct sts_text rest = sts_resp_text(&s->resp), first;

	note_server_text(s, rest);
	first = sts_text_word(&rest, STS_BLANK_SPACE);
	if (s->reading == STS_COMMAND_PUSH) {
		/* Unasked: "max number of clients reached". */
		sts_share_fail(s, STS_TROUBLE_PATH, STS_WHY_SHARE_LATER);
		return;
	}
	switch (means(first)) {
	case MEANS_CONFIG:
		sts_share_fail(s, STS_TROUBLE_CONFIG, STS_WHY_SHARE_DENIED);
		break;
	case MEANS_READONLY:
		readonly(s);
		break;
	case MEANS_MOVED:
		moved(s, rest);
		break;
	case MEANS_FULL:
		s->news |= STS_SHARE_NEWS_FULL;
		later(s);
		break;
	case MEANS_LATER:
		later(s);
		break;
	}
}

/* Take an item of HELLO's answer, which is a map: a key or a value. */
static void
hello_item(struct sts_share *s, bool is_word, bool is_key)
{
	if (is_key) {
		s->about_us = is_word && sts_text_is(word(s), "proto");
		return;
	}
	if (!is_word) {
		if (s->about_us) {
			s->peer.proto = (uint8_t)sts_resp_number(&s->resp);
		}
		return;
	}
	/* These words occur only as the values that are looked for. */
	if (sts_text_is(word(s), "sentinel")) {
		s->peer.sentinel = true;
	} else if (sts_text_is(word(s), "replica")) {
		s->peer.replica = true;
	}
}

/* Sentinel names the master: its host, then its port. */
static void
sentinel_word(struct sts_share *s, unsigned depth)
{
	struct sts_text t = word(s);

	if (depth != 1) {
		return;
	}
	if (s->item == 1) {
		s->skip = !take_host(s, t);
	} else if (s->item == 2 && !s->skip) {
		s->skip = !take_port(s, t);
	}
}

static void
scan_word(struct sts_share *s, unsigned depth)
{
	struct sts_text t = word(s);

	if (depth == 2) {
		take_key(s);
	} else if (depth == 1 && t.n >= 1 && t.n <= sizeof s->cursor) {
		memcpy(s->cursor, t.p, t.n);
		s->cursor_len = (uint8_t)t.n;
	} else if (depth == 1) {
		broken(s);
	}
}

/* A string that is not the value of a record is whole; depth: of the aggregate
 * it stands in. */
static void
take_word(struct sts_share *s, unsigned depth)
{
	switch ((enum sts_share_command)s->reading) {
	case STS_COMMAND_PUSH:
		if (depth == 1 && s->item == 1) {
			s->skip = !sts_text_is(word(s), "invalidate");
		} else if (depth == 2 && !s->skip) {
			take_key(s);
		}
		break;
	case STS_COMMAND_HELLO:
		if (depth == 1) {
			hello_item(s, true, s->item % 2 == 1);
		}
		break;
	case STS_COMMAND_SENTINEL:
		sentinel_word(s, depth);
		break;
	case STS_COMMAND_SCAN:
		scan_word(s, depth);
		break;
	default:
		break;
	}
}

/* ---- values */

/* Whether a policy is held for the domain that is as new as the record, or
 * newer. */
static bool
held_as_new(const struct sts_share *s, struct sts_text domain)
{
	sts_ref ref = sts_cache_find(s->cache, domain);
	struct sts_entry e;

	if (ref == 0) {
		return false;
	}
	sts_cache_get(s->cache, ref, &e);
	return e.kind == STS_KIND_POLICY &&
	       e.fetched_s >= s->unseal.head.fetched_s;
}

/* Begin a version in the cache, once; without room there, reading goes on. */
static bool
ensure_stage(struct sts_share *s)
{
	uint8_t name[STS_SHARE_NAME_MAX];
	struct sts_text domain = sts_share_domain(s, name);

	if (s->staged || s->unwanted || s->no_room) {
		return s->staged;
	}
	if (held_as_new(s, domain)) {
		s->unwanted = true;
		return false;
	}
	s->staged = sts_cache_stage(s->cache, &s->stage, domain);
	s->no_room =
	    !s->staged || !sts_payload_begin(s->cache, &s->stage,
			      sts_text(s->unseal.id, s->unseal.id_len));
	return !s->no_room;
}

static void
begin_value(struct sts_share *s)
{
	uint8_t name[STS_SHARE_NAME_MAX];

	sts_unseal_begin(&s->unseal, &s->setup->keys, sts_share_domain(s, name),
	    (size_t)sts_resp_number(&s->resp));
	s->staged = s->unwanted = s->no_room = false;
}

static void
go_on_value(struct sts_share *s, struct sts_text t)
{
	while (t.n > 0) {
		size_t used = sts_unseal_feed(&s->unseal, t.p, t.n);

		t = sts_text_skip(t, used);
		if (s->unseal.mx_len > 0 && ensure_stage(s) &&
		    !sts_payload_add_mx(s->cache, &s->stage,
			sts_text(s->unseal.mx, s->unseal.mx_len))) {
			s->no_room = true;
		}
	}
}

static void
end_value(struct sts_share *s)
{
	enum sts_unsealed verdict = sts_unseal_end(&s->unseal);

	if (verdict != STS_UNSEALED_OK &&
	    !count_talk(s, (size_t)sts_resp_number(&s->resp))) {
		return;
	}
	s->verdict = (uint8_t)verdict;
	s->result =
	    verdict == STS_UNSEALED_OK ? STS_SHARE_RECORD : STS_SHARE_REFUSED;
	if (verdict == STS_UNSEALED_OK) {
		(void)ensure_stage(s);
	}
	if (verdict != STS_UNSEALED_OK || s->no_room) {
		sts_share_drop_stage(s);
	}
}

/* ---- events */

/* A string: the value of a GET goes to its stage as it comes; any other one is
 * collected in `word`, and dropped if it is too long for that. */
static void
string_event(struct sts_share *s, enum sts_resp_event e, unsigned depth)
{
	bool value = s->reading == STS_COMMAND_GET;
	struct sts_text t = sts_resp_text(&s->resp);

	switch (e) {
	case STS_RESP_BULK:
		s->word_len = 0;
		s->word_long = sts_resp_number(&s->resp) > sizeof s->word;
		s->item = (uint8_t)(s->item + (depth == 1));
		if (value) {
			begin_value(s);
		}
		break;
	case STS_RESP_PIECE:
		if (value) {
			go_on_value(s, t);
		} else if (!s->word_long) {
			memcpy(s->word + s->word_len, t.p, t.n);
			s->word_len = (uint16_t)(s->word_len + t.n);
		}
		break;
	default:
		if (value) {
			end_value(s);
		} else {
			take_word(s, depth);
		}
		break;
	}
}

static void
nil_event(struct sts_share *s, unsigned depth)
{
	switch ((enum sts_share_command)s->reading) {
	case STS_COMMAND_PUSH:
		if (depth == 1 && !s->skip) {
			s->news |= STS_SHARE_NEWS_FLUSHED;
		}
		break;
	case STS_COMMAND_GET:
		s->result = STS_SHARE_MISSING;
		break;
	default:
		break;
	}
}

/* Take any other event than strings, and errors at the top. */
static void
plain_event(struct sts_share *s, enum sts_resp_event e, unsigned depth)
{
	s->item = (uint8_t)(s->item + (depth == 1));
	if (depth == 1 && s->reading == STS_COMMAND_SENTINEL) {
		s->skip = true; /* neither a host nor a port */
	} else if (e == STS_RESP_NIL) {
		nil_event(s, depth);
	} else if (e == STS_RESP_NUMBER && depth == 1 &&
		   s->reading == STS_COMMAND_HELLO) {
		hello_item(s, false, s->item % 2 == 1);
	}
}

static void
end_sentinel(struct sts_share *s)
{
	if (s->skip || s->item < 2) {
		note_server_text(s, sts_text_of("unknown master"));
		sts_share_fail(s, STS_TROUBLE_SERVER, STS_WHY_SHARE_MASTER);
	} else {
		sts_share_master(s);
	}
}

static void
end_scan(struct sts_share *s)
{
	if (s->item < 2) {
		broken(s);
		return;
	}
	s->scan_asked = false;
	s->scanning = !sts_text_is(sts_text(s->cursor, s->cursor_len), "0");
	if (!s->scanning) {
		s->news |= STS_SHARE_NEWS_SCANNED;
	}
}

/* A reply that is not an error is whole. */
static void
end_reply(struct sts_share *s)
{
	switch ((enum sts_share_command)s->reading) {
	case STS_COMMAND_HELLO:
		sts_share_greeted(s, false);
		break;
	case STS_COMMAND_SENTINEL:
		end_sentinel(s);
		break;
	case STS_COMMAND_SCAN:
		end_scan(s);
		break;
	case STS_COMMAND_SET:
		s->counts.sent++;
		break;
	case STS_COMMAND_PING:
		if (s->state == STS_SHARE_SETUP) {
			sts_share_ready(s);
		}
		break;
	default:
		break;
	}
}

/* The events that a reply of each command may begin with: two kinds at most. */
static const struct {
	uint8_t event, or_event;
} begins[] = {
	[STS_COMMAND_HELLO] = { STS_RESP_OPEN, STS_RESP_OPEN },
	[STS_COMMAND_AUTH] = { STS_RESP_SIMPLE, STS_RESP_SIMPLE },
	[STS_COMMAND_SELECT] = { STS_RESP_SIMPLE, STS_RESP_SIMPLE },
	[STS_COMMAND_TRACKING] = { STS_RESP_SIMPLE, STS_RESP_SIMPLE },
	[STS_COMMAND_SENTINEL] = { STS_RESP_OPEN, STS_RESP_NIL },
	[STS_COMMAND_SCAN] = { STS_RESP_OPEN, STS_RESP_OPEN },
	[STS_COMMAND_GET] = { STS_RESP_BULK, STS_RESP_NIL },
	[STS_COMMAND_SET] = { STS_RESP_SIMPLE, STS_RESP_NIL },
	[STS_COMMAND_DEL] = { STS_RESP_NUMBER, STS_RESP_NUMBER },
	[STS_COMMAND_PING] = { STS_RESP_SIMPLE, STS_RESP_SIMPLE },
};

static bool
makes_sense(const struct sts_share *s, enum sts_resp_event e)
{
	return e == (enum sts_resp_event)begins[s->reading].event ||
	       e == (enum sts_resp_event)begins[s->reading].or_event;
}

/* A reply or a push begins. False: it is none that may come here. */
static bool
begin(struct sts_share *s, enum sts_resp_event e)
{
	s->item = 0;
	s->skip = false;
	if (e == STS_RESP_PUSH || e == STS_RESP_ATTRIBUTE) {
		s->reading =
		    e == STS_RESP_PUSH ? STS_COMMAND_PUSH : STS_COMMAND_SKIP;
		return true;
	}
	if (s->flight_count == 0) {
		s->reading = STS_COMMAND_PUSH;
		return e == STS_RESP_ERROR;
	}
	s->reading = s->flight[s->flight_at];
	return e == STS_RESP_ERROR || makes_sense(s, e);
}

/* Whether what was read has not ended the connection. */
static bool
is_connected(const struct sts_share *s)
{
	return s->state != STS_SHARE_CLOSING;
}

/* A reply or a push is whole. The name of a GET stays in flight until its
 * result was taken. */
static void
end(struct sts_share *s, bool failed)
{
	bool asked = s->reading > STS_COMMAND_SKIP;

	if (!is_connected(s)) {
		return;
	}
	s->inside = false;
	s->heard_at = s->now;
	s->reply_until = s->now + STS_SHARE_REPLY_MS;
	if (!failed) {
		end_reply(s);
	}
	if (is_connected(s) && asked && s->result == STS_SHARE_NOTHING) {
		sts_share_landed(s);
	}
}

static void
inner_event(struct sts_share *s, enum sts_resp_event e, unsigned depth)
{
	if (e >= STS_RESP_BULK && e <= STS_RESP_BULK_END) {
		string_event(s, e, depth);
	} else {
		plain_event(s, e, depth);
	}
}

/* An event of the reply being read. The first one (top) shows whether it is an
 * error; the last one (whole) ends the command that it answers. */
static void
take_event(struct sts_share *s, enum sts_resp_event e, unsigned depth)
{
	bool top = !s->inside;
	bool failed = e == STS_RESP_ERROR && top;
	bool part = e == STS_RESP_BULK || e == STS_RESP_PIECE;
	bool whole = !part && sts_resp_depth(&s->resp) == 0;

	s->inside = true;
	if (e == STS_RESP_BROKEN || (top && !begin(s, e))) {
		broken(s);
		return;
	}
	if (failed) {
		error(s);
	} else {
		inner_event(s, e, depth);
	}
	if (whole) {
		end(s, failed);
	}
}

void
sts_share_read(struct sts_share *s)
{
	while (is_connected(s) && s->in_at < s->in_len &&
	       s->result == STS_SHARE_NOTHING) {
		unsigned depth = sts_resp_depth(&s->resp);
		enum sts_resp_event e;

		size_t used = sts_resp_read(&s->resp, s->in + s->in_at,
		    (size_t)(s->in_len - s->in_at), &e);

		s->in_at = (uint16_t)(s->in_at + used);
		if (!(e == STS_RESP_PIECE && s->reading == STS_COMMAND_GET) &&
		    !count_talk(s, used)) {
			return;
		}
		if (e != STS_RESP_MORE) {
			take_event(s, e, depth);
		}
	}
}

enum sts_share_result
sts_share_result(const struct sts_share *s)
{
	return (enum sts_share_result)s->result;
}

struct sts_text
sts_share_domain(const struct sts_share *s, uint8_t out[STS_SHARE_NAME_MAX])
{
	uint8_t tag;

	return sts_share_names_first(&s->asked, &tag, out);
}

enum sts_unsealed
sts_share_verdict(const struct sts_share *s)
{
	return (enum sts_unsealed)s->verdict;
}

const struct sts_seal_head *
sts_share_head(const struct sts_share *s, uint16_t *mx_count)
{
	*mx_count = s->unseal.mx_count;
	return &s->unseal.head;
}

struct sts_stage *
sts_share_stage(struct sts_share *s)
{
	return s->staged ? &s->stage : NULL;
}

bool
sts_share_no_room(const struct sts_share *s)
{
	return s->no_room;
}
