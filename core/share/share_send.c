/* SPDX-License-Identifier: MIT */
/*
 * Commands to the server, pipelined. A value is streamed from the cache as
 * there is room for it; no other command comes between. Order: that value;
 * domains that a question waits for; the next value; keys that were pushed or
 * listed; the next list of keys; PING.
 *
 *	SET_BEGIN -> SET_PAYLOAD -> SET_END -> (not active)     s->set
 *
 * Of 64 commands in flight 32 may be for keys without a question, so that a key
 * with one always finds room.
 *
 * Invariants: out[out_at..out_len) is what has not been sent. `flight` is a
 * ring, oldest command first, since replies come in that order; `asked` has the
 * domain of each GET and DEL in it, in the same order. While set.active,
 * set.ref is pinned in the cache, from sts_share_set until the value's last
 * octet is written or the connection ends; from SET_PAYLOAD on the length of
 * the value has been sent, so nothing else may be written before its end. What
 * waits to be sent is forgotten with the connection (sts_share_send_clear),
 * except for the queue of domains to be published; a value that was cut is
 * counted as lost.
 *
 * The attacker owns the server, or the path to it. He may see what is written,
 * and answer nothing: then nothing is in flight beyond STS_SHARE_FLIGHT, and
 * reply_until ends the connection. A list of keys that never ends is given up
 * after SCAN_ROUNDS. Domains and texts go out with their length before them, so
 * none of them can become a command. A value is sealed (share_seal.h) as it
 * leaves: changing it on the way is noticed by whoever reads it.
 */
#include <string.h>

#include "../base/assert.h"
#include "../base/text.h"
#include "share_private.h"

enum {
	BULK_FLIGHT = 32, /* in flight, for keys without a question */
	COMMAND_ROOM = 700, /* the longest command, a value left aside */
	SET_TAIL_ROOM = STS_MAC_SIZE + 80,
	SCAN_COUNT = 100,
	SCAN_ROUNDS = 65536 /* a list that has no end has one */
};

enum set_stage {
	SET_BEGIN = 0,
	SET_PAYLOAD,
	SET_END
};

STS_STATIC_ASSERT(STS_SHARE_OUT >= 2 * COMMAND_ROOM, out_holds_commands);
STS_STATIC_ASSERT(
    COMMAND_ROOM >= STS_SHARE_PASSWORD + 2 * STS_SHARE_TEXT + 120, hello_fits);
STS_STATIC_ASSERT(
    COMMAND_ROOM >= STS_SHARE_TEXT + STS_SHARE_NAME_MAX + 120 + STS_SEAL_HEADER,
    set_fits);

static size_t
room(const struct sts_share *s)
{
	return STS_SHARE_OUT - s->out_len;
}

/* These functions append to the output; COMMAND_ROOM was checked, so that there
 * is room. */
static void
put_count(struct sts_share *s, unsigned n)
{
	size_t at = s->out_len;
	bool put = sts_resp_put_count(sts_span(s->out, STS_SHARE_OUT), &at, n);

	STS_ASSERT(put);
	s->out_len = (uint16_t)at;
}

static void
put_text(struct sts_share *s, struct sts_text t)
{
	size_t at = s->out_len;
	bool put = sts_resp_put_word(sts_span(s->out, STS_SHARE_OUT), &at, t);

	STS_ASSERT(put);
	s->out_len = (uint16_t)at;
}

static void
put(struct sts_share *s, const char *word)
{
	put_text(s, sts_text_of(word));
}

static void
put_number(struct sts_share *s, uint64_t v)
{
	uint8_t digits[20];

	put_text(s, sts_text(digits, sts_put_decimal(digits, v)));
}

/* PREFIX:d:DOMAIN */
static void
put_key(struct sts_share *s, struct sts_text domain)
{
	uint8_t key[STS_SHARE_TEXT + 3 + STS_SHARE_NAME_MAX];
	struct sts_text prefix = sts_text_of(s->setup->prefix);

	/* Octets, no string. */
	memcpy(key, prefix.p, prefix.n);
	/* NOLINTNEXTLINE(bugprone-not-null-terminated-result) */
	memcpy(key + prefix.n, ":d:", 3);
	memcpy(key + prefix.n + 3, domain.p, domain.n);
	put_text(s, sts_text(key, prefix.n + 3 + domain.n));
}

/* PREFIX and what follows it, for patterns of keys. */
static void
put_prefix(struct sts_share *s, const char *behind)
{
	uint8_t key[STS_SHARE_TEXT + 4];
	size_t n = strlen(s->setup->prefix);

	/* NOLINTNEXTLINE(bugprone-not-null-terminated-result) */
	memcpy(key, s->setup->prefix, n);
	/* Octets, no string. */
	/* NOLINTNEXTLINE(bugprone-not-null-terminated-result) */
	memcpy(key + n, behind, strlen(behind));
	put_text(s, sts_text(key, n + strlen(behind)));
}

static void
flies(struct sts_share *s, enum sts_share_command c)
{
	STS_ASSERT(s->flight_count < STS_SHARE_FLIGHT);
	s->flight[(s->flight_at + s->flight_count) % STS_SHARE_FLIGHT] =
	    (uint8_t)c;
	if (s->flight_count++ == 0) {
		s->reply_until = s->now + STS_SHARE_REPLY_MS;
	}
}

void
sts_share_landed(struct sts_share *s)
{
	STS_ASSERT(s->flight_count > 0);
	if (s->flight[s->flight_at] == STS_COMMAND_GET ||
	    s->flight[s->flight_at] == STS_COMMAND_DEL) {
		sts_share_names_drop(&s->asked);
	}
	s->flight_at = (uint8_t)((s->flight_at + 1) % STS_SHARE_FLIGHT);
	s->flight_count--;
	s->reply_until = s->now + STS_SHARE_REPLY_MS;
}

static void
end_set(struct sts_share *s)
{
	if (s->set.active) {
		s->set.active = false;
		sts_cache_unpin(s->cache, s->set.ref);
	}
}

void
sts_share_send_clear(struct sts_share *s)
{
	if (s->set.active) {
		s->counts.lost++;
	}
	end_set(s);
	s->out_at = s->out_len = 0;
	s->flight_at = s->flight_count = 0;
	s->scanning = s->scan_asked = s->ping = false;
	sts_share_names_clear(&s->asked);
	sts_share_names_clear(&s->urgent);
	sts_share_names_clear(&s->keys);
}

void
sts_share_send_hello(struct sts_share *s)
{
	const struct sts_share_setup *u = s->setup;
	bool sentinel = u->master[0] != '\0' && !s->moved;
	const char *user = sentinel ? u->sentinel_user : u->user;
	const char *password = sentinel ? u->sentinel_password : u->password;
	bool auth = password[0] != '\0', named = u->client[0] != '\0';

	put_count(s, 2U + (auth ? 3U : 0U) + (named ? 2U : 0U));
	put(s, "HELLO");
	put(s, "3");
	if (auth) {
		put(s, "AUTH");
		put(s, user[0] != '\0' ? user : "default");
		put(s, password);
	}
	if (named) {
		put(s, "SETNAME");
		put(s, u->client);
	}
	flies(s, STS_COMMAND_HELLO);
}

/* Log in to a server that knows no HELLO. */
void
sts_share_send_auth(struct sts_share *s)
{
	bool user = s->setup->user[0] != '\0';

	if (s->setup->password[0] == '\0') {
		return;
	}
	put_count(s, user ? 3 : 2);
	put(s, "AUTH");
	if (user) {
		put(s, s->setup->user);
	}
	put(s, s->setup->password);
	flies(s, STS_COMMAND_AUTH);
}

void
sts_share_send_sentinel(struct sts_share *s)
{
	put_count(s, 3);
	put(s, "SENTINEL");
	put(s, "get-master-addr-by-name");
	put(s, s->setup->master);
	flies(s, STS_COMMAND_SENTINEL);
}

/* PING comes last: its reply ends SETUP, also where no other command was
 * needed. */
void
sts_share_send_setup(struct sts_share *s)
{
	if (s->setup->db != 0) {
		/* A cluster refuses even SELECT 0. */
		put_count(s, 2);
		put(s, "SELECT");
		put_number(s, s->setup->db);
		flies(s, STS_COMMAND_SELECT);
	}
	if (!s->old) {
		put_count(s, 7);
		put(s, "CLIENT");
		put(s, "TRACKING");
		put(s, "ON");
		put(s, "BCAST");
		put(s, "PREFIX");
		put_prefix(s, ":");
		put(s, "NOLOOP");
		flies(s, STS_COMMAND_TRACKING);
	}
	put_count(s, 1);
	put(s, "PING");
	flies(s, STS_COMMAND_PING);
}

/* Ask for the first of these names, or delete it. */
static void
send_name(struct sts_share *s, struct sts_share_names *from)
{
	uint8_t name[STS_SHARE_NAME_MAX], tag;
	struct sts_text domain = sts_share_names_first(from, &tag, name);
	bool kept = sts_share_names_put(&s->asked, tag, domain);

	put_count(s, 2);
	put(s, tag == STS_COMMAND_GET ? "GET" : "DEL");
	put_key(s, domain);
	STS_ASSERT(kept); /* may_send */
	flies(s, (enum sts_share_command)tag);
	sts_share_names_drop(from);
}

/* Whether the first of these names may be sent, with `most` in flight. */
static bool
may_send(const struct sts_share *s, const struct sts_share_names *from,
    unsigned most)
{
	return from->count > 0 && s->flight_count < most &&
	       room(s) >= COMMAND_ROOM &&
	       s->asked.size - s->asked.used >= STS_SHARE_NAME_MAX + 2;
}

/* Begin to SET a record: the command, and the head of its sealed value; the
 * payload follows as there is room. False: there is no room yet. */
static bool
begin_value(struct sts_share *s)
{
	struct sts_text domain = sts_text(s->set.domain, s->set.domain_len);
	size_t at;
	bool put_it;

	if (room(s) < COMMAND_ROOM || s->flight_count >= BULK_FLIGHT) {
		return false;
	}
	put_count(s, s->set.missing_only ? 6 : 5);
	put(s, "SET");
	put_key(s, domain);
	at = s->out_len;
	put_it = sts_resp_put_len(sts_span(s->out, STS_SHARE_OUT), &at,
	    STS_SEAL_HEADER + s->set.len + STS_MAC_SIZE);
	STS_ASSERT(put_it);
	sts_seal_begin(
	    &s->set.mac, &s->setup->keys, domain, &s->set.head, s->out + at);
	s->out_len = (uint16_t)(at + STS_SEAL_HEADER);
	s->set.stage = SET_PAYLOAD;
	return true;
}

static bool
go_on_value(struct sts_share *s)
{
	uint8_t *p = s->out + s->out_len;
	size_t n = sts_cache_read(s->cache, s->set.ref, s->set.off, p, room(s));

	sts_mac_add(&s->set.mac, sts_text(p, n));
	s->set.off += n;
	s->out_len = (uint16_t)(s->out_len + n);
	if (s->set.off == s->set.len) {
		s->set.stage = SET_END;
	}
	return n > 0;
}

static bool
end_value(struct sts_share *s)
{
	if (room(s) < SET_TAIL_ROOM) {
		return false;
	}
	sts_seal_end(&s->set.mac, s->out + s->out_len);
	s->out_len = (uint16_t)(s->out_len + STS_MAC_SIZE);
	s->out[s->out_len++] = '\r';
	s->out[s->out_len++] = '\n';
	put(s, "PX");
	put_number(s, s->set.life_ms);
	if (s->set.missing_only) {
		put(s, "NX");
	}
	flies(s, STS_COMMAND_SET);
	end_set(s);
	s->news |= STS_SHARE_NEWS_ROOM;
	return true;
}

/* Send the next piece of the value under way. False: it cannot go on now. */
static bool
send_value(struct sts_share *s)
{
	switch ((enum set_stage)s->set.stage) {
	case SET_BEGIN:
		return begin_value(s);
	case SET_PAYLOAD:
		return go_on_value(s);
	default:
		return end_value(s);
	}
}

/* Ask for more keys of the scan. The owner of the server could answer with
 * cursors without end, so SCAN_ROUNDS end it. False: nothing is to be asked
 * now. */
static bool
send_scan(struct sts_share *s)
{
	if (!s->scanning || s->scan_asked || s->keys.count > 0 ||
	    room(s) < COMMAND_ROOM || s->flight_count >= BULK_FLIGHT) {
		return false;
	}
	if (++s->rounds > SCAN_ROUNDS) {
		s->scanning = false;
		return false;
	}
	put_count(s, 6);
	put(s, "SCAN");
	put_text(s, sts_text(s->cursor, s->cursor_len));
	put(s, "MATCH");
	put_prefix(s, ":d:*");
	put(s, "COUNT");
	put_number(s, SCAN_COUNT);
	flies(s, STS_COMMAND_SCAN);
	s->scan_asked = true;
	return true;
}

static bool
send_ping(struct sts_share *s)
{
	if (!s->ping || room(s) < COMMAND_ROOM || s->flight_count > 0) {
		return false;
	}
	s->ping = false;
	put_count(s, 1);
	put(s, "PING");
	flies(s, STS_COMMAND_PING);
	return true;
}

/* Put one command, or a piece of a value. False: nothing can be put now. */
static bool
fill_one(struct sts_share *s)
{
	if (s->set.active && s->set.stage != SET_BEGIN) {
		return send_value(s);
	}
	if (may_send(s, &s->urgent, STS_SHARE_FLIGHT)) {
		send_name(s, &s->urgent);
		return true;
	}
	if (s->set.active && send_value(s)) {
		return true;
	}
	if (may_send(s, &s->keys, BULK_FLIGHT)) {
		send_name(s, &s->keys);
		return true;
	}
	return send_scan(s) || send_ping(s);
}

bool
sts_share_sends(const struct sts_share *s)
{
	return s->out_at < s->out_len ||
	       (s->set.active && s->set.stage != SET_BEGIN);
}

/* While no reply is awaited, the server has the time of one for each buffer: a
 * value is many. Where one is, more commands give it no more time. */
void
sts_share_fill(struct sts_share *s)
{
	bool empty = s->out_at == s->out_len, waits = s->flight_count > 0;

	if (empty) {
		s->out_at = s->out_len = 0;
	}
	while (s->state == STS_SHARE_UP && fill_one(s)) {
	}
	if (empty && !waits && s->out_len > 0) {
		s->reply_until = s->now + STS_SHARE_REPLY_MS;
	}
}

bool
sts_share_get(struct sts_share *s, struct sts_text domain)
{
	bool asked = s->state == STS_SHARE_UP &&
		     sts_share_names_put(&s->urgent, STS_COMMAND_GET, domain);

	if (asked) {
		s->stir = 1;
	}
	return asked;
}

void
sts_share_delete(struct sts_share *s, struct sts_text domain)
{
	if (s->set.active && s->set.stage == SET_BEGIN &&
	    sts_text_same(sts_text(s->set.domain, s->set.domain_len), domain)) {
		end_set(s); /* it would be sent after DEL */
		s->news |= STS_SHARE_NEWS_ROOM;
	}
	if (s->state == STS_SHARE_UP && !s->readonly &&
	    sts_share_names_put(&s->urgent, STS_COMMAND_DEL, domain)) {
		s->stir = 1;
	}
}

bool
sts_share_deleting(const struct sts_share *s, struct sts_text domain)
{
	return sts_share_names_has(&s->urgent, STS_COMMAND_DEL, domain) ||
	       sts_share_names_has(&s->asked, STS_COMMAND_DEL, domain);
}

bool
sts_share_may_set(const struct sts_share *s)
{
	return s->state == STS_SHARE_UP && !s->set.active && !s->readonly;
}

void
sts_share_set(struct sts_share *s, struct sts_text domain,
    const struct sts_entry *e, sts_ref ref, uint64_t life_ms, bool missing_only)
{
	STS_ASSERT(sts_share_may_set(s));
	STS_ASSERT(domain.n >= 1 && domain.n <= STS_SHARE_NAME_MAX);
	STS_ASSERT(life_ms > 0);
	memset(&s->set, 0, sizeof s->set);
	s->set.active = true;
	s->set.missing_only = missing_only;
	s->set.ref = ref;
	s->set.len = sts_cache_payload_len(s->cache, ref);
	s->set.life_ms = life_ms;
	s->set.head.mode = e->mode;
	s->set.head.fetched_s = e->fetched_s;
	s->set.head.max_age_s = e->max_age_s;
	s->set.domain_len = (uint8_t)domain.n;
	memcpy(s->set.domain, domain.p, domain.n);
	sts_cache_pin(s->cache, ref);
	s->stir = 1;
}

void
sts_share_publish(
    struct sts_share *s, struct sts_text domain, bool missing_only)
{
	while (!sts_share_names_put(&s->queue, missing_only, domain)) {
		sts_share_names_drop(&s->queue);
		s->counts.lost++;
	}
}

unsigned
sts_share_unpublished(const struct sts_share *s)
{
	return s->queue.count;
}

struct sts_text
sts_share_next(
    struct sts_share *s, uint8_t out[STS_SHARE_NAME_MAX], bool *missing_only)
{
	struct sts_text domain = { NULL, 0 };
	uint8_t tag;

	if (s->queue.count > 0) {
		domain = sts_share_names_first(&s->queue, &tag, out);
		*missing_only = tag != 0;
		sts_share_names_drop(&s->queue);
	}
	return domain;
}
