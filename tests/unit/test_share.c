/* SPDX-License-Identifier: MIT */
/*
 * core/share/share: a connection to a server in memory, good or bad. The server
 * keeps keys and obeys commands; a case replaces some of its replies.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../../core/share/share.h"
#include "../../core/share/share_private.h"
#include "../mem/dnspeer.h"
#include "../mem/https.h"
#include "../sim/plain.h"
#include "unit.h"

const char unit_name[] = "share";

enum {
	KEYS = 64,
	WORDS = 8,
	VALUE = 4096, /* longer than one buffer that is sent */
	TRAFFIC = 1 << 16,
	NOW = 1800000000,
	LARGE = 60, /* patterns */
	STEPS_MAX = 4000000
};

/* The agent's side and the server. `wrong` has replies in place of the right
 * ones: CMD=REPLY, separated by ";"; "~" is CR LF; an empty reply never
 * comes. */
struct peer {
	struct sts_share s;
	struct sts_cache cache;
	struct sts_dns_servers servers;
	struct sts_share_setup setup;
	uint8_t block[1 << 17];
	uint8_t scratch[STS_SCRATCH_SIZE];
	sts_ms now;
	int64_t wall_s;
	const char *wrong, *then;
	/* `wrong` is for so many connections, `then` for the later ones; 0: all
	 * have `wrong` */
	unsigned wrong_dials;
	bool wrong_once; /* only the first reply is wrong */
	bool open[STS_SHARE_CONNS], dead, mute, stuck;
	unsigned page; /* keys in one page of a list; 0: all */
	size_t step; /* octets that arrive at once */
	bool slow; /* the connection moves only `room` more octets */
	size_t room;
	char from[TRAFFIC], to[TRAFFIC]; /* octets from and to the agent */
	/* the same as TLS records */
	uint8_t raw_from[TRAFFIC], raw_to[TRAFFIC];
	size_t raw_from_len, raw_to_len;
	uint8_t cert; /* enum https_cert */
	char server_name[80];
	size_t from_len, to_len;
	struct {
		char name[80];
		uint8_t value[VALUE];
		size_t len;
	} key[KEYS];
	unsigned keys, dials, scans;
	char log[16384], last[300], hello[400];
};

static struct peer p;

static void
note(const char *word, struct sts_text t)
{
	size_t n = strlen(p.log);
	const char *text = t.n > 0 ? (const char *)t.p : "";

	snprintf(p.log + n, sizeof p.log - n, "%s%s%.*s ", word,
	    t.n > 0 ? ":" : "", (int)t.n, text);
}

static void
answer(const void *bytes, size_t n)
{
	ck_assert_uint_lt(p.to_len + n, sizeof p.to);
	memcpy(p.to + p.to_len, bytes, n);
	p.to_len += n;
}

static void
answer_text(const char *text)
{
	answer(text, strlen(text));
}

static void
answer_bulk(const void *bytes, size_t n)
{
	char head[32];

	answer(
	    head, (size_t)snprintf(head, sizeof head, "$%u\r\n", (unsigned)n));
	answer(bytes, n);
	answer_text("\r\n");
}

static int
find_key(const char *name)
{
	for (unsigned i = 0; i < p.keys; i++) {
		if (strcmp(p.key[i].name, name) == 0) {
			return (int)i;
		}
	}
	return -1;
}

static void
set_key(const char *name, const void *value, size_t len)
{
	int i = find_key(name);

	i = i < 0 ? (int)p.keys++ : i;
	ck_assert_uint_lt(p.keys, KEYS);
	ck_assert_uint_le(len, VALUE);
	snprintf(p.key[i].name, sizeof p.key[i].name, "%s", name);
	memcpy(p.key[i].value, value, len);
	p.key[i].len = len;
}

/* Send the case's own reply to the command, in which "~" stands for a line's end
 * and "^" for NUL. Returns false if it has none. */
static bool
answer_wrong(const char *command)
{
	const char *w =
	    p.wrong_dials == 0 || p.dials <= p.wrong_dials ? p.wrong : p.then;
	size_t n = strlen(command);

	while (w != NULL && *w != '\0') {
		if (strncmp(w, command, n) == 0 && w[n] == '=') {
			for (w += n + 1; *w != '\0' && *w != ';'; w++) {
				if (*w == '~') {
					answer_text("\r\n");
				} else {
					answer(*w == '^' ? "" : w, 1);
				}
			}
			p.wrong = p.wrong_once ? NULL : p.wrong;
			return true;
		}
		w = strchr(w, ';');
		w = w == NULL ? NULL : w + 1;
	}
	return false;
}

static void
answer_scan(const char *cursor)
{
	unsigned at = (unsigned)strtoul(cursor, NULL, 10), end = p.keys;
	char head[32];

	if (p.page > 0 && p.page < p.keys - at) {
		end = at + p.page;
	}
	answer_text("*2\r\n");
	answer_bulk(head,
	    (size_t)snprintf(head, sizeof head, "%u", end < p.keys ? end : 0));
	answer(head, (size_t)snprintf(head, sizeof head, "*%u\r\n", end - at));
	for (unsigned i = at; i < end; i++) {
		answer_bulk(p.key[i].name, strlen(p.key[i].name));
	}
}

static void
obey(unsigned count, char word[WORDS][VALUE], const size_t *len)
{
	const char *c = word[0];

	p.scans += strcmp(c, "SCAN") == 0;
	snprintf(p.last, sizeof p.last, "%.100s %.190s", c,
	    count > 1 ? word[1] : "");
	if (strcmp(c, "HELLO") == 0 || strcmp(c, "AUTH") == 0) {
		p.hello[0] = '\0';
		for (unsigned i = 0; i < count; i++) {
			strcat(strcat(p.hello, i > 0 ? " " : ""), word[i]);
		}
	}
	if (answer_wrong(c)) {
		return;
	}
	if (strcmp(c, "HELLO") == 0) {
		answer_text("%7\r\n$6\r\nserver\r\n$5\r\nredis\r\n$7\r\n"
			    "version\r\n$5\r\n7.0.1\r\n$5\r\nproto\r\n:3\r\n"
			    "$2\r\nid\r\n:7\r\n$4\r\nmode\r\n$10\r\n"
			    "standalone\r\n$4\r\nrole\r\n$6\r\nmaster\r\n$7\r\n"
			    "modules\r\n*1\r\n%1\r\n$5\r\nproto\r\n:9\r\n");
	} else if (strcmp(c, "GET") == 0) {
		int i = find_key(word[1]);

		if (i < 0) {
			answer_text("_\r\n");
		} else {
			answer_bulk(p.key[i].value, p.key[i].len);
		}
	} else if (strcmp(c, "SET") == 0) {
		if (count == 6 && find_key(word[1]) >= 0) {
			answer_text("_\r\n");
			return;
		}
		set_key(word[1], word[2], len[2]);
		note("set", unit_span(word[1]));
		answer_text("+OK\r\n");
	} else if (strcmp(c, "SCAN") == 0) {
		answer_scan(word[1]);
	} else if (strcmp(c, "DEL") == 0) {
		note("del", unit_span(word[1]));
		answer_text(":1\r\n");
	} else if (strcmp(c, "SENTINEL") == 0) {
		answer_text("*2\r\n$9\r\n127.0.0.9\r\n$4\r\n7001\r\n");
	} else {
		answer_text(strcmp(c, "PING") == 0 ? "+PONG\r\n" : "+OK\r\n");
	}
}

/* Obey one command. Returns false while it is incomplete. */
static bool
obey_one(void)
{
	static char word[WORDS][VALUE];
	size_t len[WORDS], at;
	unsigned count = (unsigned)strtoul(p.from + 1, NULL, 10);
	char *end = memchr(p.from, '\n', p.from_len);

	if (end == NULL) {
		return false;
	}
	ck_assert_int_eq(p.from[0], '*');
	ck_assert_uint_le(count, WORDS);
	at = (size_t)(end - p.from) + 1;
	for (unsigned i = 0; i < count; i++) {
		end = memchr(p.from + at, '\n', p.from_len - at);
		if (end == NULL) {
			return false;
		}
		len[i] = strtoul(p.from + at + 1, NULL, 10);
		at = (size_t)(end - p.from) + 1;
		if (p.from_len - at < len[i] + 2) {
			return false;
		}
		ck_assert_uint_lt(len[i], VALUE);
		memcpy(word[i], p.from + at, len[i]);
		word[i][len[i]] = '\0';
		at += len[i] + 2;
	}
	memmove(p.from, p.from + at, p.from_len - at);
	p.from_len -= at;
	obey(count, word, len);
	return true;
}

/* ---- TLS, by the stand-in of tests/sim/plain.h ---- */

static void
put_record(enum plain_record type, const void *content, size_t n)
{
	uint8_t *out = p.raw_to + p.raw_to_len;

	ck_assert_uint_le(n, PLAIN_RECORD_MAX);
	ck_assert_uint_lt(p.raw_to_len + PLAIN_HEAD + n, sizeof p.raw_to);
	out[0] = (uint8_t)type;
	sts_put16be(out + 1, (uint16_t)n);
	if (n > 0) {
		memcpy(out + PLAIN_HEAD, content, n);
	}
	p.raw_to_len += PLAIN_HEAD + n;
}

static void
take_record(unsigned type, const uint8_t *content, size_t n)
{
	if (type == PLAIN_HELLO && p.mute) {
		return;
	}
	if (type == PLAIN_HELLO) {
		snprintf(p.server_name, sizeof p.server_name, "%.*s", (int)n,
		    (const char *)content);
		put_record(PLAIN_CERTIFICATE, &p.cert, 1);
	} else if (type == PLAIN_FINISHED) {
		put_record(PLAIN_FINISHED, NULL, 0);
	} else if (type == PLAIN_DATA) {
		ck_assert_uint_lt(p.from_len + n, sizeof p.from);
		memcpy(p.from + p.from_len, content, n);
		p.from_len += n;
	}
}

/* Take the records that the agent has sent. */
static void
take_raw(const uint8_t *octets, size_t n)
{
	size_t len;

	ck_assert_uint_lt(p.raw_from_len + n, sizeof p.raw_from);
	memcpy(p.raw_from + p.raw_from_len, octets, n);
	p.raw_from_len += n;
	while (p.raw_from_len >= PLAIN_HEAD &&
	       p.raw_from_len >=
		   (len = PLAIN_HEAD + sts_get16be(p.raw_from + 1))) {
		take_record(
		    p.raw_from[0], p.raw_from + PLAIN_HEAD, len - PLAIN_HEAD);
		memmove(p.raw_from, p.raw_from + len, p.raw_from_len - len);
		p.raw_from_len -= len;
	}
}

/* Put what the server has sent into records. */
static void
give_raw(void)
{
	while (p.to_len > 0) {
		size_t n =
		    p.to_len < PLAIN_RECORD_MAX ? p.to_len : PLAIN_RECORD_MAX;

		put_record(PLAIN_DATA, p.to, n);
		memmove(p.to, p.to + n, p.to_len - n);
		p.to_len -= n;
	}
}

/* ---- the driver's and the owner's part ---- */

/* The octets that wait for the agent; *n is their number. */
static uint8_t *
waiting(size_t **n)
{
	if (p.setup.tls) {
		give_raw();
		*n = &p.raw_to_len;
		return p.raw_to;
	}
	*n = &p.to_len;
	return (uint8_t *)p.to;
}

static void
take_sent(const uint8_t *octets, size_t n)
{
	if (p.setup.tls) {
		take_raw(octets, n);
		return;
	}
	ck_assert_uint_lt(p.from_len + n, sizeof p.from);
	memcpy(p.from + p.from_len, octets, n);
	p.from_len += n;
}

static void
take_result(void)
{
	uint8_t name[STS_SHARE_NAME_MAX];
	enum sts_share_result r = sts_share_result(&p.s);
	static const char *const words[] = { "", "record", "missing", "mac" };
	struct sts_text domain;
	struct sts_stage *stage;

	if (r == STS_SHARE_NOTHING) {
		return;
	}
	domain = sts_share_domain(&p.s, name);
	note(r == STS_SHARE_REFUSED &&
		     sts_share_verdict(&p.s) == STS_UNSEALED_SYNTAX
		 ? "syntax"
		 : words[r],
	    domain);
	stage = sts_share_stage(&p.s);
	if (r == STS_SHARE_RECORD && stage != NULL) {
		uint16_t mx_count;
		const struct sts_seal_head *head =
		    sts_share_head(&p.s, &mx_count);
		struct sts_entry e;
		sts_ref ref;

		memset(&e, 0, sizeof e);
		e.kind = STS_KIND_POLICY;
		e.mode = head->mode;
		e.fetched_s = head->fetched_s;
		e.max_age_s = head->max_age_s;
		e.mx_count = mx_count;
		sts_cache_commit(&p.cache, stage, &e, sts_now(NOW, true), &ref);
	} else if (r == STS_SHARE_RECORD) {
		note(sts_share_no_room(&p.s) ? "no-room" : "unwanted",
		    sts_text(NULL, 0));
	}
	sts_share_done(&p.s);
}

static void
take_news(void)
{
	static const uint8_t rnd[STS_SHARE_RND] = { 1 };
	unsigned news = sts_share_take_news(&p.s);
	struct sts_text none = { NULL, 0 };

	if ((news & STS_SHARE_NEWS_RANDOM) != 0) {
		sts_share_seed(&p.s, rnd);
	}
	if ((news & STS_SHARE_NEWS_UP) != 0) {
		note("up", none);
	}
	if ((news & STS_SHARE_NEWS_DOWN) != 0) {
		note("down", unit_span(sts_why_token(sts_share_why(&p.s))));
	}
	if ((news & STS_SHARE_NEWS_CONFIG) != 0) {
		note("config", none);
	}
	if ((news & STS_SHARE_NEWS_FULL) != 0) {
		note("full", none);
	}
	if ((news & STS_SHARE_NEWS_FLUSHED) != 0) {
		note("flushed", none);
	}
}

/* How many of n octets the connection moves now. */
static size_t
at_once(size_t n)
{
	if (!p.slow) {
		return n;
	}
	n = n < p.room ? n : p.room;
	p.room -= n;
	return n;
}

static void
serve_conn(unsigned i, bool *more)
{
	const struct sts_engine_ops *ops = &sts_share_conn_ops;
	struct sts_share_conn *c = &p.s.conn[i];
	size_t *to_len;
	uint8_t *to = waiting(&to_len);
	unsigned wants;

	ops->tick(c, p.now, p.wall_s);
	wants = ops->wants(c);
	if ((wants & STS_WANT_OWNER) != 0) {
		sts_share_ops.child(&p.s, STS_SHARE_LEGS + i);
	} else if ((wants & STS_WANT_CLOSE) != 0) {
		p.open[i] = false;
		ops->lost(c, STS_IO_CLOSED);
	} else if ((wants & STS_WANT_STREAM) != 0 && !p.open[i]) {
		p.dials++;
		p.from_len = p.to_len = p.raw_from_len = p.raw_to_len = 0;
		p.open[i] = !p.dead;
		if (p.dead) {
			ops->lost(c, STS_IO_REFUSED);
		} else {
			ops->opened(c);
		}
	} else if ((wants & STS_WANT_SEND) != 0 && !p.stuck) {
		struct sts_text out =
		    ops->send_buf(c, sts_span(p.scratch, sizeof p.scratch));
		size_t n = out.n < p.step ? out.n : p.step;

		n = at_once(n);
		if (n == 0) {
			return;
		}
		take_sent(out.p, n);
		ops->send_ack(c, n);
	} else if ((wants & STS_WANT_WORK) != 0) {
		ops->work(c);
	} else if ((wants & STS_WANT_RECV) != 0 && *to_len > 0) {
		struct sts_span room =
		    ops->recv_buf(c, sts_span(p.scratch, sizeof p.scratch));
		size_t n = room.n < p.step ? room.n : p.step;

		n = at_once(n < *to_len ? n : *to_len);
		if (n == 0) {
			return;
		}
		memcpy(room.p, to, n);
		memmove(to, to + n, *to_len - n);
		*to_len -= n;
		ops->recv_ack(c, sts_span(room.p, n));
	} else {
		return;
	}
	*more = true;
}

/* Do all that can be done without time passing. */
static void
settle(void)
{
	bool more = true;

	for (unsigned steps = 0; more; steps++) {
		ck_assert_uint_lt(steps, STEPS_MAX);
		more = false;
		sts_share_ops.tick(&p.s, p.now, p.wall_s);
		for (unsigned i = 0; i < STS_SHARE_CONNS; i++) {
			serve_conn(i, &more);
		}
		while (!p.mute && p.from_len > 0 && obey_one()) {
			more = true;
		}
		if ((sts_share_ops.wants(&p.s) & STS_WANT_OWNER) != 0) {
			take_news();
			take_result();
			more = true;
		}
		while (sts_share_ops.stirred(&p.s) >= 0) {
		}
	}
}

/* Let time pass, from deadline to deadline. */
static void
pass(sts_ms ms)
{
	sts_ms end = p.now + ms, at;

	settle();
	while (sts_share_ops.deadline(&p.s, &at) && !sts_before(end, at)) {
		p.now = sts_before(p.now, at) ? at : p.now + 1;
		settle();
	}
	p.now = end;
	settle();
}

static void
set_up(void)
{
	static const uint8_t key[STS_SIPHASH_KEY] = { 7 };

	memset(&p, 0, sizeof p);
	p.step = TRAFFIC;
	sts_cache_init(&p.cache, p.block, sizeof p.block, key);
	sts_share_init(&p.s, NULL, NULL, NULL, &p.cache);
	p.setup.server_count = 1;
	p.setup.server[0].addr.af = STS_AF_INET;
	p.setup.server[0].port = 6379;
	strcpy(p.setup.prefix, "mtasts");
	p.setup.wait_ms = 150;
	p.setup.keys.count = 1;
	p.now = 1000;
	p.wall_s = NOW;
}

/* The same set-up over TLS. */
static void
set_up_tls(void)
{
	static uint64_t tls[STS_TLS_SIZE_MAX / 8 + 1];
	static struct sts_tls_common common;
	static struct sts_anchors anchors;

	set_up();
	ck_assert_uint_le(sts_tls_size(), sizeof tls);
	sts_share_init(
	    &p.s, (struct sts_tls *)(void *)tls, &common, NULL, &p.cache);
	anchors.count = 1;
	p.setup.anchors = &anchors;
	p.setup.tls = true;
	strcpy(p.setup.tls_name, "redis.test");
}

static void
begin(const char *wrong)
{
	p.wrong = wrong;
	sts_share_use(&p.s, &p.setup, &p.servers, p.now);
	settle();
}

/* Put a record of the domain under a key, sealed with the set-up's key. */
static void
put_payload_of(const char *name, const char *domain, uint32_t fetched_s,
    struct sts_text payload)
{
	struct sts_seal_head head = { STS_MODE_ENFORCE, fetched_s, 86400 };
	uint8_t out[VALUE];
	size_t n = payload.n;
	struct sts_mac m;

	sts_seal_begin(&m, &p.setup.keys, unit_span(domain), &head, out);
	sts_mac_add(&m, payload);
	memcpy(out + STS_SEAL_HEADER, payload.p, n);
	sts_seal_end(&m, out + STS_SEAL_HEADER + n);
	set_key(name, out, STS_SEAL_HEADER + n + STS_MAC_SIZE);
}

static void
put_record_of(const char *name, const char *domain, uint32_t fetched_s)
{
	static const char payload[] = "\x01"
				      "1"
				      "\x06mx.b.c";

	put_payload_of(name, domain, fetched_s, unit_span(payload));
}

/* Put a record with an id of 32 octets and patterns of 18 octets each. */
static void
put_long_record(const char *domain, unsigned patterns)
{
	char payload[VALUE], name[80];
	size_t n =
	    (size_t)snprintf(payload, sizeof payload, "%c%032d", STS_ID_MAX, 1);

	for (unsigned i = 0; i < patterns; i++) {
		n += (size_t)snprintf(payload + n, sizeof payload - n,
		    "%cmx%03u.example.test", 18, i);
	}
	snprintf(name, sizeof name, "mtasts:d:%s", domain);
	put_payload_of(name, domain, NOW, sts_text((uint8_t *)payload, n));
}

/* ---- tests ---- */

#define KEY_60 "mtasts:d:012345678901234567890123456789012345678901234567890"
#define LONG_KEY KEY_60 KEY_60 KEY_60 KEY_60 KEY_60
STS_STATIC_ASSERT(sizeof LONG_KEY == 300 + 1, as_long_as_the_row_says);

/* A wrong reply of the server and the log of the ten seconds that follow, in
 * which a record is asked for. */
static const struct {
	const char *name, *wrong, *want;
} cases[] = {
	{ "good", "", "up record:a.b " },
	{ "no value", "GET=_~", "up missing:a.b " },
	{ "no value, in RESP2", "GET=$-1~", "up missing:a.b " },
	{ "empty value", "GET=$0~~", "up syntax:a.b " },
	{ "some value", "GET=$3~abc~", "up syntax:a.b " },
	{ "a list for a value", "GET=*0~", "up down:share-protocol " },
	{ "a status for a value", "GET=+OK~", "up down:share-protocol " },
	{ "value of 2^63", "GET=$9223372036854775808~",
	    "up down:share-protocol " },
	{ "half a value", "GET=$100~abc", "up down:share-timeout " },
	{ "no reply", "GET=", "up down:share-timeout " },
	{ "error for a value", "GET=-ERR what~", "up missing:a.b " },
	{ "wrong kind of key", "GET=-WRONGTYPE Operation~", "up missing:a.b " },
	{ "push before the value",
	    "GET=>2~$10~invalidate~*1~$12~mtasts:d:x.y~_~",
	    "up missing:a.b missing:x.y " },
	{ "push of strange keys",
	    "GET=>2~$10~invalidate~*3~$5~other~$10~mtasts:d:.~$12~mtasts:d:X.y~"
	    "_~",
	    "up missing:a.b " },
	{ "push of something else", "GET=>2~$7~message~*1~$12~mtasts:d:x.y~_~",
	    "up missing:a.b " },
	{ "push that all is gone", "GET=>2~$10~invalidate~_~_~",
	    "up flushed missing:a.b " },
	{ "push of something else, which has a null", "GET=>2~$7~message~_~_~",
	    "up missing:a.b " },
	{ "push of a key that is null", "GET=>2~$10~invalidate~*1~_~_~",
	    "up missing:a.b " },
	{ "attribute before the value", "GET=|1~+ttl~:3~_~",
	    "up missing:a.b " },
	{ "error as a string", "GET=!5~ERR x~", "up missing:a.b " },
	{ "more replies than commands", "GET=_~+OK~",
	    "up missing:a.b down:share-protocol " },
	{ "nested too deep", "SCAN=*1~*1~*1~*1~*1~*1~*1~*1~*1~",
	    "up down:share-protocol up down:share-protocol up "
	    "down:share-protocol up down:share-protocol up "
	    "down:share-protocol " },
	{ "list without an end", "SCAN=*2~$1~7~*0~", "up record:a.b " },
	{ "list that cannot be had", "SCAN=-BUSY x~", "up record:a.b " },
	{ "cursor that is none", "SCAN=*2~$21~000000000000000000000~*0~",
	    "up down:share-protocol up down:share-protocol " },
	{ "moved, in a circle", "GET=-MOVED 1 127.0.0.1:6379~", NULL },
	{ "moved nowhere", "GET=-MOVED 1~", "up down:share-protocol " },
	{ "moved to no host", "GET=-MOVED 1 :6379~",
	    "up down:share-protocol " },
	{ "moved to no port", "GET=-MOVED 1 127.0.0.1:x~",
	    "up down:share-protocol " },
	{ "moved to port 0", "GET=-MOVED 1 127.0.0.1:0~",
	    "up down:share-protocol " },
	{ "moved to port 65536", "GET=-MOVED 1 127.0.0.1:65536~",
	    "up down:share-protocol " },
	{ "moved to a host that begins with NUL", "GET=-MOVED 1 ^x:7001~",
	    "up down:share-protocol " },
	{ "moved to a host with NUL in it", "GET=-MOVED 1 192.0.2.7^x:7001~",
	    "up down:share-protocol " },
	{ "moved to a host that is not ASCII", "GET=-MOVED 1 x\xc3\xa9:7001~",
	    "up down:share-protocol " },
	{ "HELLO of an older kind", "HELLO=-NOPROTO x~", "up record:a.b " },
	{ "push of a key with another prefix",
	    "GET=>2~$10~invalidate~*1~$12~other:d:x.yz~_~", "up missing:a.b " },
	{ "push of a key longer than any of ours",
	    "GET=>2~$10~invalidate~*1~$300~" LONG_KEY "~_~",
	    "up missing:a.b " },
	{ "push of a key longer than what is looked at",
	    "GET=>2~$10~invalidate~*1~$420~" LONG_KEY KEY_60 KEY_60 "~_~",
	    "up missing:a.b " },
	{ "list in the list", "SCAN=*2~$1~0~*1~*1~$12~mtasts:d:x.y~",
	    "up record:a.b " },
	{ "error in the list", "SCAN=*2~$1~0~-ERR x~", "up record:a.b " },
	{ "a list of nothing", "SCAN=*2~$1~0~*1~_~", "up record:a.b " },
	{ "no cursor", "SCAN=*2~$0~~*0~", "up down:share-protocol " },
	{ "loading", "GET=-LOADING Redis is loading~", "up missing:a.b " },
	{ "loading from the start", "HELLO=-LOADING x~", "down:share-later " },
	{ "no reply to HELLO", "HELLO=", "down:share-timeout " },
	{ "number without meaning, behind the protocol's",
	    "HELLO=%2~$5~proto~:3~:1~:9~;CLIENT=-NOPERM x~",
	    "down:share-denied config " },
	{ "HELLO of another kind", "HELLO=+OK~", "down:share-protocol " },
	{ "no password", "HELLO=-NOAUTH x~", "down:share-denied config " },
	{ "wrong password", "HELLO=-WRONGPASS x~",
	    "down:share-denied config " },
	{ "no rights", "CLIENT=-NOPERM x~", "down:share-denied config " },
	{ "too many clients", "HELLO=-ERR max number of clients reached~",
	    "up record:a.b " },
	{ "error to the last of the greeting", "PING=-ERR x~",
	    "down:share-later " },
	{ "no pushes to be had", "CLIENT=-ERR x~", "down:share-later " },
	{ "error that nobody asked for", "GET=_~-ERR bye~",
	    "up missing:a.b down:share-later " },
	{ "number out of place", "SCAN=*2~:1~:2~", "up record:a.b " },
	{ "map for a list", "SCAN=%1~$1~0~*0~", "up record:a.b " },
	{ "status for a list", "SCAN=+OK~", "up down:share-protocol " },
	{ "full", "GET=-OOM x~", "up full missing:a.b " },
	{ "a Sentinel, unasked for", "HELLO=%2~+proto~:3~$4~mode~$8~sentinel~",
	    "down:share-master " },
	{ "HTTP", "HELLO=HTTP/1.1 400 Bad Request~~", "down:share-protocol " },
};

START_TEST(each_reply_has_its_outcome)
{
	static const size_t steps[] = { TRAFFIC, 1, 7 };

	for (size_t i = 0; i < UNIT_COUNT(cases); i++) {
		for (size_t k = 0; k < UNIT_COUNT(steps); k++) {
			bool long_list =
			    strstr(cases[i].name, "without an end") != NULL;

			if (long_list && k > 0) {
				continue;
			}
			set_up();
			p.step = steps[k];
			p.wrong_once = strncmp(cases[i].wrong, "GET=>", 5) == 0;
			begin(cases[i].wrong);
			put_record_of("mtasts:d:a.b", "a.b", NOW);
			sts_share_get(&p.s, unit_span("a.b"));
			pass(long_list ? 1 : 10000);
			if (cases[i].want == NULL ||
			    strstr(cases[i].name, "deep") != NULL) {
				continue;
			}
			ck_assert_msg(strncmp(p.log, cases[i].want,
					  strlen(cases[i].want)) == 0,
			    "%s: got \"%s\", want \"%s\"", cases[i].name, p.log,
			    cases[i].want);
			ck_assert_msg(
			    sts_cache_check(&p.cache), "%s", cases[i].name);
		}
	}
}
END_TEST

START_TEST(each_reply_has_its_outcome_over_tls)
{
	static const size_t steps[] = { TRAFFIC, 1 };

	for (size_t i = 0; i < UNIT_COUNT(cases); i++) {
		if (cases[i].want == NULL ||
		    strstr(cases[i].name, "deep") != NULL ||
		    strstr(cases[i].name, "without an end") != NULL) {
			continue;
		}
		for (size_t k = 0; k < UNIT_COUNT(steps); k++) {
			set_up_tls();
			p.step = steps[k];
			p.wrong_once = strncmp(cases[i].wrong, "GET=>", 5) == 0;
			begin(cases[i].wrong);
			put_record_of("mtasts:d:a.b", "a.b", NOW);
			sts_share_get(&p.s, unit_span("a.b"));
			pass(10000);
			ck_assert_str_eq(p.server_name, "redis.test");
			ck_assert_msg(strncmp(p.log, cases[i].want,
					  strlen(cases[i].want)) == 0,
			    "%s: got \"%s\", want \"%s\"", cases[i].name, p.log,
			    cases[i].want);
		}
	}
}
END_TEST

/* Certificates that are refused, and TLS that ends in each phase. An hour of
 * bad certificates makes at most 140 connections. */
START_TEST(tls_failures_have_their_reason)
{
	static const struct {
		uint8_t cert;
		const char *want;
	} certs[] = {
		{ HTTPS_EXPIRED, "down:x509-expired " },
		{ HTTPS_NAME, "down:x509-name-mismatch " },
		{ HTTPS_UNTRUSTED, "down:x509-unknown-issuer " },
	};
	const struct sts_engine_ops *ops = &sts_share_conn_ops;

	for (size_t i = 0; i < UNIT_COUNT(certs); i++) {
		set_up_tls();
		p.cert = certs[i].cert;
		begin("");
		pass(3600000);
		ck_assert_str_eq(p.log, certs[i].want);
		ck_assert_str_eq(p.hello, "");
		ck_assert_uint_le(p.dials, 140);
	}
	/* Without a configured name nothing can be verified. */
	set_up_tls();
	p.setup.tls_name[0] = '\0';
	begin("");
	pass(1000);
	unit_int("nothing is sent", p.hello[0], 0);
	/* The server does not go on with the handshake. */
	set_up_tls();
	p.cert = HTTPS_CERTS;
	begin("");
	pass(10);
	ck_assert_ptr_ne(strstr(p.log, "down:tls-"), NULL);
	/* The server does not begin the handshake. */
	set_up_tls();
	p.mute = true;
	begin("");
	pass(STS_FETCH_HANDSHAKE_MS);
	unit_text("no handshake", unit_span(p.log), "down:tls-timeout ");
	/* The server sends close_notify; the next connection ends without
	 * one. */
	set_up_tls();
	begin("");
	put_record(PLAIN_CLOSE, NULL, 0);
	pass(200);
	ck_assert_str_eq(p.log, "up down:peer-closed up ");
	for (unsigned i = 0; i < STS_SHARE_CONNS; i++) {
		if (p.open[i]) {
			p.open[i] = false;
			ops->lost(&p.s.conn[i], STS_IO_EOF);
			break;
		}
	}
	pass(200);
	ck_assert_ptr_ne(strstr(p.log, "up down:peer-closed up down:"), NULL);
}
END_TEST

/* Push the key of the record that is asked for, several times. */
static void
push_key(unsigned count)
{
	char head[64];

	answer(head, (size_t)snprintf(head, sizeof head,
			 ">2\r\n$10\r\ninvalidate\r\n*%u\r\n", count));
	for (unsigned i = 0; i < count; i++) {
		answer_bulk("mtasts:d:a.b", 12);
	}
}

/* Each read of a key makes the server push it: the key is read so often a
 * second, and afterwards once with all others. */
START_TEST(a_key_pushed_at_each_read_is_read_rarely)
{
	unsigned gets = 0;

	set_up();
	begin("");
	put_record_of("mtasts:d:a.b", "a.b", NOW);
	for (unsigned i = 0; i < 3 * STS_SHARE_PUSHES; i++) {
		p.log[0] = '\0';
		push_key(1);
		settle();
		gets += strstr(p.log, "record:a.b") != NULL;
		ck_assert_ptr_eq(strstr(p.log, "down"), NULL);
	}
	unit_int("read at once", gets, STS_SHARE_PUSHES);
	p.scans = 0;
	p.log[0] = '\0';
	pass(STS_SHARE_SCAN_LOST_MS);
	unit_int("and once more", p.scans, 1);
	push_key(1);
	p.log[0] = '\0';
	settle();
	ck_assert_ptr_ne(strstr(p.log, "record:a.b"), NULL);
}
END_TEST

/* A server that sends without end loses the connection; the next one begins no
 * sooner than the rests allow. */
static void
flood(const char *what, const char *endless, size_t n)
{
	size_t sent = 0;

	set_up();
	begin("");
	put_record_of("mtasts:d:a.b", "a.b", NOW);
	while (strstr(p.log, "down") == NULL && sent < 2 * STS_SHARE_TALK) {
		answer(endless, n);
		sent += n;
		p.log[0] = '\0';
		settle();
	}
	ck_assert_msg(strstr(p.log, "down:share-flood") != NULL, "%s: \"%s\"",
	    what, p.log);
	ck_assert_uint_ge(sent, STS_SHARE_TALK / 2);
	ck_assert_uint_le(sent, STS_SHARE_TALK + TRAFFIC);
	p.dials = 0;
	pass(STS_SHARE_TALK_MS / 2);
	ck_assert_uint_le(p.dials, 16);
}

START_TEST(an_endless_server_is_disconnected)
{
	static char push[60000];
	size_t n = (size_t)snprintf(
	    push, sizeof push, ">2\r\n$7\r\nmessage\r\n$59000\r\n");

	memset(push + n, 'x', 59000);
	memcpy(push + n + 59000, "\r\n", 3);
	flood("pushes of something", push, n + 59002);
	n = 0;
	while (n < 59000) {
		n += (size_t)sprintf(push + n, "|1\r\n$3\r\nttl\r\n:1\r\n");
	}
	flood("attributes", push, n);
}
END_TEST

/* Records that the server invented count towards that limit. */
START_TEST(invented_records_count_as_a_flood)
{
	static uint8_t junk[VALUE];

	set_up();
	begin("");
	set_key("mtasts:d:a.b", junk, sizeof junk);
	for (unsigned i = 0; i < STS_SHARE_TALK / sizeof junk + 2 &&
			     strstr(p.log, "down") == NULL;
	     i++) {
		p.log[0] = '\0';
		sts_share_get(&p.s, unit_span("a.b"));
		settle();
	}
	ck_assert_ptr_ne(strstr(p.log, "down:share-flood"), NULL);
	set_up();
	begin("");
	put_record_of("mtasts:d:a.b", "a.b", NOW);
	p.s.talk = 0;
	for (unsigned i = 0; i < 1000; i++) {
		sts_share_get(&p.s, unit_span("a.b"));
		settle();
		p.log[0] = '\0';
	}
	/* Good records count only with the line before each and its end. */
	ck_assert_uint_le(p.s.talk, 1000 * 8);
}
END_TEST

/* However bad a server is, connections begin no faster than the rests allow:
 * about 60 an hour. */
START_TEST(connections_rest_however_bad_the_server)
{
	static const char *const bad[] = { "HELLO=", "HELLO=-LOADING x~",
		"HELLO=-NOAUTH x~", "CLIENT=+OK~+OK~", "SCAN=*1~_~",
		"SCAN=-MOVED 1 127.0.0.1:6379~", "HELLO=?" };

	for (size_t i = 0; i < UNIT_COUNT(bad); i++) {
		set_up();
		begin(bad[i]);
		pass(3600000);
		ck_assert_msg(p.dials >= 10 && p.dials <= 140,
		    "%s: %u connections", bad[i], p.dials);
	}
	set_up();
	p.dead = true;
	begin("");
	pass(3600000);
	ck_assert_msg(p.dials <= 140, "%u connections", p.dials);
	unit_text("log while the server is dead", unit_span(p.log),
	    "down:connect-refused ");
	p.dead = false;
	pass(90000);
	unit_text("log after the server came back", unit_span(p.log),
	    "down:connect-refused up ");
}
END_TEST

/* Keys that are listed at the start are read, except those that are not
 * ours. */
START_TEST(keys_listed_at_the_start_are_read)
{
	set_up();
	put_record_of("mtasts:d:a.b", "a.b", NOW);
	put_record_of("mtasts:d:c.d", "a.b", NOW);
	put_record_of("mtasts:d:e.f", "e.f", NOW);
	put_record_of("other:d:g.h", "g.h", NOW);
	put_record_of("mtasts:d:I.j", "I.j", NOW);
	put_record_of("mtasts:d:k l", "k l", NOW);
	set_key("mtasts:d:m.n", "MS1", 3);
	begin("");
	pass(10);
	unit_text("records", unit_span(p.log),
	    "up record:a.b mac:c.d record:e.f syntax:m.n ");
	ck_assert_uint_ne(sts_cache_find(&p.cache, unit_span("a.b")), 0);
	ck_assert_uint_eq(sts_cache_find(&p.cache, unit_span("c.d")), 0);
	ck_assert_uint_eq(sts_cache_find(&p.cache, unit_span("m.n")), 0);
	p.log[0] = '\0';
	pass(STS_SHARE_SCAN_MS + 1000);
	unit_text("again, a day later", unit_span(p.log),
	    "record:a.b unwanted mac:c.d record:e.f unwanted syntax:m.n ");
}
END_TEST

/* A list comes in pages. The next page is asked for once the keys of the last
 * one have been asked for and there is room for their replies. */
START_TEST(a_list_is_read_page_by_page)
{
	static const struct {
		unsigned page, name_len;
	} lists[] = { { 1, 3 }, { 15, 60 }, { 32, 3 }, { 40, 3 }, { 40, 60 } };
	enum {
		LISTED = 60
	};

	for (size_t i = 0; i < UNIT_COUNT(lists); i++) {
		unsigned page = lists[i].page;

		set_up();
		p.page = page;
		for (unsigned k = 0; k < LISTED; k++) {
			char name[80];

			snprintf(name, sizeof name, "mtasts:d:%0*u.b",
			    (int)lists[i].name_len, k);
			set_key(name, "x", 1);
		}
		begin("");
		pass(1);
		unit_int("pages read", p.scans, (LISTED + page - 1) / page);
		for (unsigned k = 0; k < LISTED; k++) {
			char word[80];

			snprintf(word, sizeof word, "syntax:%0*u.b ",
			    (int)lists[i].name_len, k);
			ck_assert_msg(
			    strstr(p.log, word) != NULL, "no %s", word);
		}
	}
}
END_TEST

/* More records than are read in a pass, or than the buffer holds, may come at
 * once: all are read, also over TLS. */
START_TEST(records_that_come_at_once_are_all_read)
{
	for (unsigned tls = 0; tls <= 1; tls++) {
		static const uint8_t junk[40];

		if (tls != 0) {
			set_up_tls();
		} else {
			set_up();
		}
		for (unsigned k = 0; k < 60; k++) {
			char name[80];

			snprintf(name, sizeof name, "mtasts:d:k%u.b", k);
			set_key(name, junk, sizeof junk);
		}
		begin("");
		pass(1);
		for (unsigned k = 0; k < 60; k++) {
			char word[80];

			snprintf(word, sizeof word, "syntax:k%u.b ", k);
			ck_assert_msg(
			    strstr(p.log, word) != NULL, "no %s", word);
		}
	}
}
END_TEST

/* A record for which the cache has no room is not reported as missing. What was
 * staged of it is given up, wherever the room ended. */
START_TEST(a_record_without_room_is_given_up_whole)
{
	static struct sts_stage held[4096];

	for (size_t len = 4; len < 64; len += 12) {
		for (unsigned spare = 0, none = 1; none != 0; spare++) {
			char domain[80], want[120];
			unsigned n = 0, left = 0;

			set_up();
			snprintf(domain, sizeof domain, "%0*d.b", (int)len, 7);
			put_long_record(domain, 20);
			while (sts_cache_stage(
			    &p.cache, &held[n], unit_span("x.y"))) {
				n++;
			}
			ck_assert_uint_gt(n, spare);
			for (unsigned i = 0; i < spare; i++) {
				sts_cache_abandon(&p.cache, &held[--n]);
			}
			begin("");
			pass(1);
			snprintf(want, sizeof want, "up record:%s ", domain);
			none = strcmp(p.log, want) != 0;
			if (none != 0) {
				strcat(want, "no-room ");
				unit_text("log", unit_span(p.log), want);
				while (sts_cache_stage(&p.cache,
				    &held[n + left], unit_span("x.y"))) {
					left++;
				}
				unit_int("stages given back", left, spare);
			}
			ck_assert(sts_cache_check(&p.cache));
		}
	}
}
END_TEST

/* An older version of a held record is not even staged. */
START_TEST(an_older_version_is_not_staged)
{
	set_up();
	begin("");
	put_record_of("mtasts:d:a.b", "a.b", NOW);
	sts_share_get(&p.s, unit_span("a.b"));
	pass(10);
	put_record_of("mtasts:d:a.b", "a.b", NOW - 1);
	sts_share_get(&p.s, unit_span("a.b"));
	pass(10);
	put_record_of("mtasts:d:a.b", "a.b", NOW + 1);
	sts_share_get(&p.s, unit_span("a.b"));
	pass(10);
	unit_text("log for three versions", unit_span(p.log),
	    "up record:a.b record:a.b unwanted record:a.b ");
}
END_TEST

/* Connect, and read a record of a.b, which is then held. Returns it and *e. */
static sts_ref
begin_and_hold(const char *wrong, struct sts_entry *e)
{
	sts_ref ref;

	begin(wrong);
	put_record_of("mtasts:d:a.b", "a.b", NOW);
	sts_share_get(&p.s, unit_span("a.b"));
	pass(10);
	ref = sts_cache_find(&p.cache, unit_span("a.b"));
	ck_assert_uint_ne(ref, 0);
	sts_cache_get(&p.cache, ref, e);
	return ref;
}

/* A record is published exactly as it was read. */
START_TEST(a_record_is_published_as_read)
{
	for (size_t step = 1; step < 200; step += 13) {
		struct sts_entry e;
		sts_ref ref;

		set_up();
		p.step = step;
		ref = begin_and_hold("", &e);
		p.keys = 0;
		ck_assert(sts_share_may_set(&p.s));
		sts_share_set(&p.s, unit_span("a.b"), &e, ref, 86400000, false);
		ck_assert(!sts_share_may_set(&p.s));
		pass(10);
		sts_cache_remove(&p.cache, ref);
		sts_share_get(&p.s, unit_span("a.b"));
		pass(10);
		unit_text("there and back", unit_span(p.log),
		    "up record:a.b set:mtasts:d:a.b record:a.b ");
		sts_share_delete(&p.s, unit_span("a.b"));
		pass(10);
		unit_text(
		    "last command", unit_span(p.last), "DEL mtasts:d:a.b");
	}
}
END_TEST

/* A record that is deleted before any of it was sent is not published. */
START_TEST(a_deleted_record_is_not_published)
{
	struct sts_entry e;
	sts_ref ref;

	set_up();
	ref = begin_and_hold("", &e);
	sts_share_set(&p.s, unit_span("a.b"), &e, ref, 86400000, false);
	sts_share_delete(&p.s, unit_span("b.b"));
	ck_assert(!sts_share_may_set(&p.s));
	sts_share_delete(&p.s, unit_span("a.b"));
	ck_assert(sts_share_may_set(&p.s));
	sts_cache_remove(&p.cache, ref);
	ck_assert(sts_share_deleting(&p.s, unit_span("a.b")));
	pass(10);
	ck_assert(!sts_share_deleting(&p.s, unit_span("a.b")));
	unit_text("log", unit_span(p.log),
	    "up record:a.b del:mtasts:d:b.b del:mtasts:d:a.b ");
	ck_assert(sts_cache_check(&p.cache));
}
END_TEST

/* Hold a policy that is longer than one buffer that is sent. */
static sts_ref
put_large(struct sts_entry *e)
{
	struct sts_stage stage;
	char pattern[64];
	sts_ref ref;

	ck_assert(sts_cache_stage(&p.cache, &stage, unit_span("a.b")));
	ck_assert(sts_payload_begin(&p.cache, &stage, unit_span("1")));
	for (unsigned i = 0; i < LARGE; i++) {
		snprintf(pattern, sizeof pattern,
		    "mx%02u.a-name-of-forty-octets-in-all.example", i);
		ck_assert(
		    sts_payload_add_mx(&p.cache, &stage, unit_span(pattern)));
	}
	memset(e, 0, sizeof *e);
	e->kind = STS_KIND_POLICY;
	e->mode = STS_MODE_ENFORCE;
	e->fetched_s = NOW;
	e->max_age_s = 86400;
	e->mx_count = LARGE;
	ck_assert_int_eq(
	    sts_cache_commit(&p.cache, &stage, e, sts_now(NOW, true), &ref),
	    STS_ADMITTED);
	ck_assert_uint_gt(
	    sts_cache_payload_len(&p.cache, ref), STS_SHARE_OUT + 500);
	return ref;
}

/* Let time pass over a slow connection until the log has the word. Returns
 * whether that took longer than a reply may. */
static bool
pass_slowly(const char *word)
{
	unsigned ms = 0;

	for (; strstr(p.log, word) == NULL && ms < 5000; ms += 100) {
		p.slow = true;
		p.room = 250;
		pass(100);
	}
	return ms > STS_SHARE_REPLY_MS;
}

/* Each buffer has the time of a reply to go over a slow connection, however
 * long the connection was idle before. A server that takes or answers nothing
 * counts as slow, then as down. */
START_TEST(each_buffer_has_its_time)
{
	for (unsigned tls = 0; tls <= 1; tls++) {
		struct sts_entry e;

		if (tls) {
			set_up_tls();
		} else {
			set_up();
		}
		begin("");
		pass(20000);
		sts_share_set(
		    &p.s, unit_span("a.b"), &e, put_large(&e), 86400000, false);
		p.slow = true;
		pass(100);
		ck_assert(!sts_share_slow(&p.s, p.now));
		pass(50);
		ck_assert(sts_share_slow(&p.s, p.now));
		ck_assert(pass_slowly("set:mtasts:d:a.b"));
		p.slow = false;
		pass(20000);
		sts_share_get(&p.s, unit_span("a.b"));
		ck_assert(pass_slowly("unwanted"));
		unit_text("there and back", unit_span(p.log),
		    "up set:mtasts:d:a.b record:a.b unwanted ");
		sts_share_set(
		    &p.s, unit_span("a.b"), &e, put_large(&e), 1000, false);
		p.room = 0;
		pass(STS_SHARE_REPLY_MS + 1);
		ck_assert_ptr_ne(strstr(p.log, "down:share-timeout"), NULL);
		/* Further commands give a server no more time. */
		p.slow = false;
		pass(1000);
		p.log[0] = '\0';
		p.mute = true;
		for (unsigned i = 0; i * 100 <= STS_SHARE_REPLY_MS; i++) {
			sts_share_get(&p.s, unit_span("x.y"));
			pass(100);
		}
		ck_assert_ptr_ne(strstr(p.log, "down:share-timeout"), NULL);
	}
}
END_TEST

/* Publish the policy that was read. */
static void
publish_it(void)
{
	sts_ref ref = sts_cache_find(&p.cache, unit_span("a.b"));
	struct sts_entry e;

	ck_assert_uint_ne(ref, 0);
	sts_cache_get(&p.cache, ref, &e);
	sts_share_set(&p.s, unit_span("a.b"), &e, ref, 86400000, false);
}

/* A value that is longer than one buffer goes out in pieces, also after a long
 * silence, and each piece has its own time. */
START_TEST(a_long_value_goes_out_in_pieces)
{
	uint8_t was[VALUE];
	size_t len;

	for (unsigned patterns = 80; patterns <= 110; patterns++) {
		set_up();
		put_long_record("a.b", patterns);
		begin("");
		pass(2 * STS_SHARE_REPLY_MS);
		len = p.key[0].len;
		memcpy(was, p.key[0].value, len);
		memset(p.key[0].value, 0, len);
		p.step = 100;
		publish_it();
		pass(10);
		unit_text("published", unit_span(p.log),
		    "up record:a.b set:mtasts:d:a.b ");
		unit_int("length", (long long)p.key[0].len, (long long)len);
		ck_assert_msg(memcmp(was, p.key[0].value, len) == 0,
		    "%u patterns", patterns);
	}
	p.stuck = true;
	publish_it();
	pass(STS_SHARE_REPLY_MS - 1);
	unit_int("is up", sts_share_is_up(&p.s), true);
	pass(1);
	ck_assert_ptr_ne(strstr(p.log, "down:share-timeout"), NULL);
	ck_assert(sts_cache_check(&p.cache));
}
END_TEST

/* A policy waits to be published until so few questions are unanswered that
 * their replies fit before its own: it never takes the place of a question in
 * flight. */
START_TEST(a_question_goes_before_a_policy_to_publish)
{
	enum {
		QUESTIONS = 50
	};
	char name[80];

	set_up();
	put_record_of("mtasts:d:a.b", "a.b", NOW);
	begin("");
	pass(1);
	p.mute = true;
	for (unsigned i = 0; i < QUESTIONS; i++) {
		snprintf(name, sizeof name, "k%u.b", i);
		ck_assert(sts_share_get(&p.s, unit_span(name)));
	}
	settle();
	p.log[0] = '\0';
	publish_it();
	settle();
	unit_int("in flight", p.s.flight_count, QUESTIONS);
	unit_int("to be published", p.s.set.active, true);
	p.mute = false;
	settle();
	for (unsigned i = 0; i < QUESTIONS; i++) {
		snprintf(name, sizeof name, "missing:k%u.b ", i);
		ck_assert_msg(strstr(p.log, name) != NULL, "no %s", name);
	}
	ck_assert_ptr_ne(strstr(p.log, "set:mtasts:d:a.b "), NULL);
}
END_TEST

/* A version that is being sent stays readable and is released when the
 * connection ends. */
START_TEST(a_version_being_sent_stays_readable)
{
	struct sts_entry e;
	sts_ref ref;

	set_up();
	ref = begin_and_hold("", &e);
	sts_share_set(&p.s, unit_span("a.b"), &e, ref, 1000, true);
	sts_cache_remove(&p.cache, ref);
	ck_assert_uint_gt(sts_cache_payload_len(&p.cache, ref), 0);
	sts_share_use(&p.s, NULL, NULL, p.now);
	settle();
	ck_assert(sts_cache_check(&p.cache));
	ck_assert(!sts_share_is_up(&p.s));
	for (unsigned i = 0; i < STS_SHARE_CONNS; i++) {
		ck_assert(!p.open[i]);
	}
}
END_TEST

/* A question's key is asked for before 60 other keys. Its reply is slow from
 * the moment that a question may wait at most. */
START_TEST(a_question_goes_before_listed_keys)
{
	char name[32];

	set_up();
	for (unsigned i = 0; i < KEYS - 2; i++) {
		snprintf(name, sizeof name, "mtasts:d:k%u.b", i);
		set_key(name, "x", 1);
	}
	begin("");
	pass(1);
	p.log[0] = '\0';
	p.mute = true;
	p.now += STS_SHARE_SCAN_MS;
	settle();
	p.mute = false;
	ck_assert(obey_one()); /* the list */
	p.mute = true;
	settle();
	ck_assert(sts_share_get(&p.s, unit_span("now.b")));
	settle();
	ck_assert(!sts_share_slow(&p.s, p.now));
	p.now += p.setup.wait_ms;
	settle();
	ck_assert(sts_share_slow(&p.s, p.now));
	p.mute = false;
	settle();
	ck_assert(!sts_share_slow(&p.s, p.now));
	ck_assert_ptr_ne(strstr(p.log, "missing:now.b"), NULL);
	ck_assert_ptr_ne(strstr(strstr(p.log, "now.b"), "syntax:k50.b"), NULL);
}
END_TEST

/* Of a push of more keys than there is room for, the surplus keys are found by
 * a list a minute later. */
START_TEST(pushed_keys_without_room_are_listed)
{
	char text[64];

	set_up();
	begin("");
	pass(1);
	answer_text(">2\r\n$10\r\ninvalidate\r\n*1000\r\n");
	for (unsigned i = 0; i < 1000; i++) {
		snprintf(
		    text, sizeof text, "$40\r\nmtasts:d:%026u.b.cd\r\n", i);
		answer_text(text);
	}
	p.mute = true;
	settle();
	p.mute = false;
	settle();
	unit_int("lists so far", p.scans, 1);
	pass(STS_SHARE_SCAN_LOST_MS - 1000);
	unit_int("lists, after a while", p.scans, 1);
	pass(2000);
	unit_int("lists, after a minute", p.scans, 2);
}
END_TEST

/* Keys that are pushed while a list is read and that have no room are found by
 * another list, since this one may have passed them. Keys that a list itself
 * had no room for are not, or lists would have no end. */
START_TEST(keys_lost_during_a_list_are_listed_again)
{
	static char list[TRAFFIC];
	size_t n = (size_t)sprintf(list, "SCAN=*2~$1~0~*1000~");
	char text[64];

	set_up();
	begin("");
	pass(1);
	p.mute = true;
	p.now += STS_SHARE_SCAN_MS;
	settle();
	answer_text(">2\r\n$10\r\ninvalidate\r\n*1000\r\n");
	for (unsigned i = 0; i < 1000; i++) {
		n += (size_t)sprintf(list + n, "$40~mtasts:d:%026u.b.cd~", i);
		snprintf(
		    text, sizeof text, "$40\r\nmtasts:d:%026u.b.cd\r\n", i);
		answer_text(text);
	}
	settle();
	p.mute = false;
	settle();
	unit_int("lists so far", p.scans, 2);
	pass(STS_SHARE_SCAN_LOST_MS);
	unit_int("lists, after a minute", p.scans, 3);
	set_up();
	begin(list);
	pass(STS_SHARE_SCAN_LOST_MS);
	unit_int("lists that are too long", p.scans, 1);
}
END_TEST

/* As many keys are asked for as there is room for; further questions are
 * refused at once and need not wait. An order to delete without room is
 * lost. */
START_TEST(questions_without_room_are_refused_at_once)
{
	unsigned asked = 0;
	char name[240];

	set_up();
	begin("");
	pass(1);
	p.mute = true;
	for (unsigned round = 0; round < 10; round++) {
		snprintf(name, sizeof name, "%0200u.b", asked);
		while (sts_share_get(&p.s, unit_span(name))) {
			asked++;
			snprintf(name, sizeof name, "%0200u.b", asked);
		}
		settle();
	}
	sts_share_delete(&p.s, unit_span(name));
	/* As many keys are in flight as wait. */
	ck_assert_uint_ge(asked, 2 * (STS_SHARE_QUEUE / 204) - 2);
	ck_assert_uint_le(asked, 2 * (STS_SHARE_QUEUE / 204));
	p.log[0] = '\0';
	p.mute = false;
	settle();
	for (unsigned i = 0; i <= asked; i++) {
		snprintf(name, sizeof name, "missing:%0200u.b ", i);
		unit_int("question answered", strstr(p.log, name) != NULL,
		    i < asked);
	}
	ck_assert_ptr_eq(strstr(p.log, "del:"), NULL);
}
END_TEST

/* Without a server, or while the time is unknown, no connection is made. */
START_TEST(without_server_or_time_nothing_connects)
{
	set_up();
	p.setup.server_count = 0;
	begin("");
	pass(3600000);
	unit_int("connections without a server", p.dials, 0);
	set_up();
	p.wall_s = -1;
	begin("");
	pass(3600000);
	unit_int("connections without the time", p.dials, 0);
	p.wall_s = NOW;
	pass(STS_SHARE_REST_MS);
	unit_text("log once the time is known", unit_span(p.log), "up ");
}
END_TEST

/* A local server is known to the port by the number in its address. */
START_TEST(a_local_server_is_known_by_its_number)
{
	set_up();
	p.setup.server[0].addr.af = STS_AF_LOCAL;
	p.setup.server[0].addr.port = 5;
	begin("");
	unit_text("log", unit_span(p.log), "up ");
	unit_int("by its number", p.s.addr[0].port, 5);
}
END_TEST

/* A new set-up is used as soon as the connection of the last one is closed,
 * however often it changes meanwhile. */
START_TEST(a_new_setup_is_used_after_the_old_one_closed)
{
	set_up();
	begin("");
	sts_share_use(&p.s, NULL, NULL, p.now);
	sts_share_use(&p.s, &p.setup, &p.servers, p.now);
	unit_int("still closing", sts_share_is_up(&p.s), false);
	settle();
	unit_text("log", unit_span(p.log), "up up ");
	sts_share_use(&p.s, NULL, NULL, p.now);
	settle();
	sts_share_use(&p.s, NULL, NULL, p.now);
	pass(3600000);
	unit_int("connections", p.dials, 2);
}
END_TEST

/* Do all that can be done for the questions about the server's addresses. The
 * answer to A is an address; the answer to AAAA does not fit a datagram. */
static void
serve_legs(void)
{
	static struct dnspeer_answer a;
	const struct sts_engine_ops *ops = &sts_share_leg_ops;

	for (unsigned i = 0; i < STS_SHARE_LEGS; i++) {
		struct sts_leg *leg = &p.s.leg[i];
		struct sts_span scratch = { p.scratch, sizeof p.scratch };
		struct dnspeer_question q;
		struct sts_text out;
		unsigned wants;

		ops->tick(leg, p.now, p.wall_s);
		wants = ops->wants(leg);
		if ((wants & STS_WANT_OWNER) != 0) {
			sts_share_ops.child(&p.s, i);
		} else if ((wants & STS_WANT_CLOSE) != 0) {
			ops->lost(leg, STS_IO_CLOSED);
		} else if ((wants & (STS_WANT_DGRAM | STS_WANT_STREAM)) != 0) {
			ops->opened(leg);
		} else if ((wants & STS_WANT_SEND) != 0) {
			out = ops->send_buf(leg, scratch);
			ck_assert_ptr_null(dnspeer_read(&q, out.p, out.n));
			unit_text("name", unit_span(q.name), "redis.test");
			ops->send_ack(leg, out.n);
			if (p.mute) {
				continue;
			}
			dnspeer_begin(&a, &q, 0, q.type == DNSPEER_AAAA, false);
			if (q.type == DNSPEER_A) {
				dnspeer_add(
				    &a, q.name, q.type, 300, "192.0.2.9");
			}
			scratch = ops->recv_buf(leg, scratch);
			memcpy(scratch.p, a.p, a.n);
			ops->recv_ack(leg, sts_span(scratch.p, a.n));
		}
	}
}

/* A server's name is looked up. Addresses that do not fit a datagram count as
 * none. When the server is no longer wanted, the questions are closed first. */
START_TEST(a_servers_name_is_looked_up)
{
	static struct sts_dns_health health;

	for (unsigned gives_up = 0; gives_up <= 1; gives_up++) {
		set_up();
		sts_dns_health_init(&health);
		p.s.health = &health;
		p.servers.count = 1;
		p.servers.addr[0].af = STS_AF_INET;
		p.setup.server[0].addr.af = STS_AF_NONE;
		strcpy(p.setup.server[0].host, "redis.test");
		p.mute = gives_up != 0;
		begin("");
		for (unsigned k = 0; k < 10; k++) {
			serve_legs();
			settle();
		}
		if (gives_up == 0) {
			unit_text("log", unit_span(p.log), "up ");
			unit_int(
			    "last octet of the address", p.s.addr[0].ip[3], 9);
			unit_int("number of addresses", p.s.addr_count, 1);
			continue;
		}
		sts_share_use(&p.s, NULL, NULL, p.now);
		settle();
		unit_int(
		    "questions still open", sts_legs_busy(&p.s.legs), true);
		unit_int("state", p.s.state, STS_SHARE_CLOSING);
		for (unsigned k = 0; k < 10; k++) {
			serve_legs();
			settle();
		}
		unit_int(
		    "questions still open", sts_legs_busy(&p.s.legs), false);
		unit_int("state", p.s.state, STS_SHARE_OFF);
		unit_int("connections", p.dials, 0);
	}
}
END_TEST

/* User, password, client name and database are sent in the greeting. */
START_TEST(the_greeting_has_user_password_and_name)
{
	set_up();
	begin("");
	unit_text("greeting with nothing", unit_span(p.hello), "HELLO 3");
	set_up();
	strcpy(p.setup.password, "secret");
	begin("");
	unit_text("greeting with a password", unit_span(p.hello),
	    "HELLO 3 AUTH default secret");
	set_up();
	strcpy(p.setup.user, "u");
	strcpy(p.setup.password, "secret");
	strcpy(p.setup.client, "gw");
	p.setup.db = 3;
	begin("");
	unit_text("names lost or waiting", unit_span(p.hello),
	    "HELLO 3 AUTH u secret SETNAME gw");
}
END_TEST

/* Servers before version 6 have neither HELLO nor pushes, and are listed more
 * often. */
START_TEST(a_server_without_hello_is_used)
{
	set_up();
	strcpy(p.setup.user, "u");
	strcpy(p.setup.password, "secret");
	begin("HELLO=-ERR unknown command~;CLIENT=-ERR no~");
	pass(10);
	unit_text("greeting with a user", unit_span(p.hello), "AUTH u secret");
	set_up();
	strcpy(p.setup.password, "secret");
	put_record_of("mtasts:d:a.b", "a.b", NOW);
	begin("HELLO=-ERR unknown command~;CLIENT=-ERR no~");
	pass(10);
	unit_text("log", unit_span(p.log), "up record:a.b ");
	unit_text(
	    "greeting with a password", unit_span(p.hello), "AUTH secret");
	put_record_of("mtasts:d:c.d", "c.d", NOW);
	pass(STS_SHARE_SCAN_OLD_MS + 1000);
	ck_assert_ptr_ne(strstr(p.log, "record:c.d"), NULL);
	ck_assert_uint_eq(p.dials, 1);
}
END_TEST

/* After a server that takes no writes comes the next one, if there is one. */
START_TEST(a_read_only_server_is_left_for_the_next)
{
	struct sts_entry e;
	sts_ref ref;

	for (unsigned servers = 1; servers <= 2; servers++) {
		set_up();
		p.setup.server[1] = p.setup.server[0];
		p.setup.server_count = servers;
		ref = begin_and_hold("SET=-READONLY x~", &e);
		sts_share_set(&p.s, unit_span("a.b"), &e, ref, 1000, false);
		pass(500);
		unit_int("connections", p.dials, servers);
		unit_int("may set", sts_share_may_set(&p.s), servers == 2);
		sts_share_delete(&p.s, unit_span("a.b"));
		pass(10);
		unit_int(
		    "deletes", strstr(p.log, "del:") != NULL, servers == 2);
	}
}
END_TEST

/* When Sentinel's master takes no writes, or is a replica, Sentinel is asked
 * again: it has not noticed yet that another server is the master. */
START_TEST(a_replica_makes_sentinel_be_asked_again)
{
	static const char asks[] = "HELLO=%2~+proto~:3~$4~mode~$8~sentinel~";

	set_up();
	strcpy(p.setup.master, "fleet");
	p.wrong_dials = 1;
	p.then = "SET=-READONLY x~";
	put_record_of("mtasts:d:a.b", "a.b", NOW);
	begin(asks);
	pass(10);
	unit_int("the master's port", p.s.addr[0].port, 7001);
	publish_it();
	pass(10);
	ck_assert_ptr_ne(strstr(p.log, "down:share-readonly"), NULL);
	pass(STS_SHARE_AGAIN_MS * 2);
	unit_int("Sentinel's port", p.s.addr[0].port, 6379);
	set_up();
	strcpy(p.setup.master, "fleet");
	p.wrong_dials = 1;
	p.then = "HELLO=%2~$5~proto~:3~$4~role~$7~replica~";
	begin(asks);
	pass(10);
	unit_text("log for a replica", unit_span(p.log), "down:share-master ");
}
END_TEST

/* A Sentinel names the master's address; one that names none, or nothing that
 * could be connected to, is of no use. */
START_TEST(sentinel_names_the_master)
{
	static const char *const nowhere[] = { "*2~$0~~$4~7001~",
		"*2~$9~192.0.2.9~$1~0~", "*2~$9~192.0.2.9~$5~65536~",
		"*2~$9~192.0.2.9~$0~~", "*2~$300~" LONG_KEY "~$4~7001~",
		"*2~$2~^x~$4~7001~", "*2~$11~192.0.2.9^x~$4~7001~",
		"*2~$3~a b~$4~7001~", "*2~$2~\xc3\xa9~$4~7001~",
		"*2~:1~$4~7001~", "*2~*1~$9~192.0.2.9~$4~7001~",
		"*2~_~$4~7001~", "*2~$9~192.0.2.9~:7001~" };

	set_up();
	strcpy(p.setup.master, "fleet");
	p.wrong_dials = 1;
	begin("HELLO=%2~+proto~:3~$4~mode~$8~sentinel~");
	pass(10);
	ck_assert_uint_eq(p.s.addr[0].port, 7001);
	ck_assert_uint_eq(p.s.addr[0].ip[3], 9);
	unit_text("log", unit_span(p.log), "up ");
	/* What follows the port is ignored. */
	set_up();
	strcpy(p.setup.master, "fleet");
	p.wrong_dials = 1;
	begin("HELLO=%2~+proto~:3~$4~mode~$8~sentinel~;"
	      "SENTINEL=*3~$9~127.0.0.8~$4~7002~$4~7003~");
	pass(10);
	ck_assert_uint_eq(p.s.addr[0].port, 7002);
	unit_text("log", unit_span(p.log), "up ");
	set_up();
	strcpy(p.setup.master, "fleet");
	begin("HELLO=%2~+proto~:3~$4~mode~$8~sentinel~;SENTINEL=*-1~");
	pass(10);
	unit_text("log for no master", unit_span(p.log), "down:share-master ");
	set_up();
	strcpy(p.setup.master, "fleet");
	begin("HELLO=%2~+proto~:3~$4~mode~$8~sentinel~;SENTINEL=*1~$1~x~");
	pass(10);
	unit_text(
	    "log for half an address", unit_span(p.log), "down:share-master ");
	for (size_t i = 0; i < UNIT_COUNT(nowhere); i++) {
		char wrong[512];

		set_up();
		strcpy(p.setup.master, "fleet");
		snprintf(wrong, sizeof wrong,
		    "HELLO=%%2~+proto~:3~$4~mode~$8~sentinel~;SENTINEL=%s",
		    nowhere[i]);
		begin(wrong);
		pass(10);
		unit_text(nowhere[i], unit_span(p.log), "down:share-master ");
	}
}
END_TEST

/* When a cluster's node names another one, that one is connected to and
 * kept. */
START_TEST(a_moved_key_moves_the_connection)
{
	set_up();
	p.wrong_dials = 1;
	begin("GET=-MOVED 3999 192.0.2.7:7005~");
	sts_share_get(&p.s, unit_span("a.b"));
	pass(10);
	ck_assert_uint_eq(p.s.addr[0].port, 7005);
	ck_assert_uint_eq(p.s.addr[0].ip[3], 7);
	unit_int("connections", p.dials, 2);
	unit_text("log", unit_span(p.log), "up up ");
}
END_TEST

/* A record that the server does not take counts as lost; a failed deletion has
 * no effect. */
START_TEST(a_refused_record_counts_as_lost)
{
	struct sts_share_counts counts;
	struct sts_entry e;
	sts_ref ref;

	set_up();
	ref = begin_and_hold("SET=-ERR x~;DEL=-ERR x~", &e);
	sts_share_set(&p.s, unit_span("a.b"), &e, ref, 1000, false);
	sts_share_delete(&p.s, unit_span("b.b"));
	pass(10);
	sts_share_count(&p.s, &counts);
	unit_int("records lost", counts.lost, 1);
	unit_int("records sent", counts.sent, 0);
	ck_assert(sts_share_is_up(&p.s));
}
END_TEST

/* Of too many names to be published the oldest are lost. */
START_TEST(the_oldest_names_are_lost_first)
{
	uint8_t out[STS_SHARE_NAME_MAX];
	struct sts_share_counts counts;
	char name[40];
	bool missing_only;

	set_up();
	for (unsigned i = 0; i < 1000; i++) {
		snprintf(name, sizeof name, "%020u.b", i);
		sts_share_publish(&p.s, unit_span(name), i % 2 == 0);
	}
	sts_share_count(&p.s, &counts);
	unit_int("names lost or waiting",
	    counts.lost + sts_share_unpublished(&p.s), 1000);
	for (unsigned i = counts.lost; i < 1000; i++) {
		snprintf(name, sizeof name, "%020u.b", i);
		unit_text("name in order",
		    sts_share_next(&p.s, out, &missing_only), name);
		unit_int("missing_only", missing_only, i % 2 == 0);
	}
	unit_int("length of the next name",
	    (long long)sts_share_next(&p.s, out, &missing_only).n, 0);
}
END_TEST

/* After 30 s of silence a PING is sent; without a reply the connection ends. */
START_TEST(silence_is_broken_by_a_ping)
{
	set_up();
	begin("");
	pass(1);
	p.last[0] = '\0';
	pass(STS_SHARE_SILENCE_MS + 1);
	ck_assert_ptr_ne(strstr(p.last, "PING"), NULL);
	p.mute = true;
	pass(STS_SHARE_SILENCE_MS + STS_SHARE_REPLY_MS + 10);
	ck_assert_ptr_ne(strstr(p.log, "down:share-timeout"), NULL);
}
END_TEST

static const struct {
	const char *text;
	int af; /* 0: it is no address */
	uint8_t first, last;
} literals[] = {
	{ "127.0.0.1", STS_AF_INET, 127, 1 },
	{ "255.255.255.255", STS_AF_INET, 255, 255 },
	{ "256.0.0.1", 0, 0, 0 },
	{ "1.2.3", 0, 0, 0 },
	{ "1.2.3.4.5", 0, 0, 0 },
	{ "1.2.3.", 0, 0, 0 },
	{ "a.b.c.d", 0, 0, 0 },
	{ "", 0, 0, 0 },
	{ "::1", STS_AF_INET6, 0, 1 },
	{ "::", STS_AF_INET6, 0, 0 },
	{ "fe80::", STS_AF_INET6, 0xfe, 0 },
	{ "[2001:db8::ABcd]", STS_AF_INET6, 0x20, 0xcd },
	{ "[2001:db8::ABcd", 0, 0, 0 },
	{ "1:2:3:4:5:6:7:8", STS_AF_INET6, 0, 8 },
	{ "1:2:3:4:5:6:7:8:9", 0, 0, 0 },
	{ "1:2:3:4:5:6:7", 0, 0, 0 },
	{ "1::2::3", 0, 0, 0 },
	{ "1:2:3:4:5:6:7:8::", 0, 0, 0 },
	{ "12345::", 0, 0, 0 },
	{ "g::", 0, 0, 0 },
	{ "redis.example.com", 0, 0, 0 },
};

START_TEST(literals_are_addresses_or_names)
{
	for (size_t i = 0; i < UNIT_COUNT(literals); i++) {
		struct sts_addr a;
		size_t n = strlen(literals[i].text);
		bool is = sts_share_literal(
		    sts_text(unit_at_page_end(literals[i].text, n), n), 7, &a);

		unit_int(literals[i].text, is ? a.af : 0, literals[i].af);
		if (is) {
			unit_int(literals[i].text, a.ip[0], literals[i].first);
			unit_int(literals[i].text,
			    a.ip[a.af == STS_AF_INET ? 3 : 15],
			    literals[i].last);
		}
	}
}
END_TEST

START_TEST(queued_names_come_out_in_order)
{
	struct sts_share_names n;
	uint8_t room[20], tag, out[STS_SHARE_NAME_MAX];

	sts_share_names_init(&n, room, sizeof room);
	for (unsigned round = 0; round < 50; round++) {
		ck_assert(sts_share_names_put(&n, 1, unit_span("abc")));
		ck_assert(sts_share_names_put(&n, 2, unit_span("")));
		ck_assert(sts_share_names_put(&n, 3, unit_span("defghijk")));
		ck_assert(!sts_share_names_put(&n, 4, unit_span("xy")));
		ck_assert(sts_share_names_put(&n, 5, unit_span("z")));
		ck_assert(sts_share_names_has(&n, 1, unit_span("abc")));
		ck_assert(sts_share_names_has(&n, 2, unit_span("")));
		ck_assert(sts_share_names_has(&n, 5, unit_span("z")));
		ck_assert(!sts_share_names_has(&n, 2, unit_span("abc")));
		ck_assert(!sts_share_names_has(&n, 3, unit_span("defghijl")));
		ck_assert(!sts_share_names_has(&n, 1, unit_span("ab")));
		for (unsigned i = 0; i < 4; i++) {
			static const char *const want[] = { "abc", "",
				"defghijk", "z" };

			unit_text("name", sts_share_names_first(&n, &tag, out),
			    want[i]);
			sts_share_names_drop(&n);
		}
		ck_assert_uint_eq(n.count, 0);
		ck_assert_uint_eq(n.used, 0);
	}
}
END_TEST

void
unit_tests(TCase *tc)
{
	tcase_set_timeout(tc, 60);
	tcase_add_test(tc, each_reply_has_its_outcome);
	tcase_add_test(tc, connections_rest_however_bad_the_server);
	tcase_add_test(tc, keys_listed_at_the_start_are_read);
	tcase_add_test(tc, a_list_is_read_page_by_page);
	tcase_add_test(tc, records_that_come_at_once_are_all_read);
	tcase_add_test(tc, a_record_without_room_is_given_up_whole);
	tcase_add_test(tc, an_older_version_is_not_staged);
	tcase_add_test(tc, a_record_is_published_as_read);
	tcase_add_test(tc, a_deleted_record_is_not_published);
	tcase_add_test(tc, each_buffer_has_its_time);
	tcase_add_test(tc, a_long_value_goes_out_in_pieces);
	tcase_add_test(tc, a_question_goes_before_a_policy_to_publish);
	tcase_add_test(tc, a_version_being_sent_stays_readable);
	tcase_add_test(tc, a_question_goes_before_listed_keys);
	tcase_add_test(tc, each_reply_has_its_outcome_over_tls);
	tcase_add_test(tc, tls_failures_have_their_reason);
	tcase_add_test(tc, a_key_pushed_at_each_read_is_read_rarely);
	tcase_add_test(tc, an_endless_server_is_disconnected);
	tcase_add_test(tc, invented_records_count_as_a_flood);
	tcase_add_test(tc, pushed_keys_without_room_are_listed);
	tcase_add_test(tc, keys_lost_during_a_list_are_listed_again);
	tcase_add_test(tc, questions_without_room_are_refused_at_once);
	tcase_add_test(tc, without_server_or_time_nothing_connects);
	tcase_add_test(tc, a_local_server_is_known_by_its_number);
	tcase_add_test(tc, a_new_setup_is_used_after_the_old_one_closed);
	tcase_add_test(tc, a_servers_name_is_looked_up);
	tcase_add_test(tc, the_greeting_has_user_password_and_name);
	tcase_add_test(tc, a_server_without_hello_is_used);
	tcase_add_test(tc, a_read_only_server_is_left_for_the_next);
	tcase_add_test(tc, a_replica_makes_sentinel_be_asked_again);
	tcase_add_test(tc, sentinel_names_the_master);
	tcase_add_test(tc, a_moved_key_moves_the_connection);
	tcase_add_test(tc, a_refused_record_counts_as_lost);
	tcase_add_test(tc, the_oldest_names_are_lost_first);
	tcase_add_test(tc, silence_is_broken_by_a_ping);
	tcase_add_test(tc, literals_are_addresses_or_names);
	tcase_add_test(tc, queued_names_come_out_in_order);
}
