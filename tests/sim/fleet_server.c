/* SPDX-License-Identifier: MIT */
/*
 * The fleet's server: connections, commands and replies. Replies leave in the
 * order of the commands, each when it is due, with pushes between them.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "fleet.h"
#include "trace.h"

enum {
	LINKS = 16,
	WORDS = 8,
	CHUNKS = 1024,
	CHANGING_MS = 60000,
	PAGE = 7 /* keys of one reply to SCAN */
};

/* Octets on their way to the agent. */
struct chunk {
	int64_t due;
	uint8_t *p;
	size_t n;
	struct fleet_record *r; /* the record in it, or NULL */
};

/* A record that was sent, until the agent has read it. */
struct sent {
	size_t end; /* place in the stream at which all has come */
	unsigned offer;
};

struct link {
	struct mem_sock *s; /* NULL: free */
	bool accepted, tracks, known, resp2, still;
	unsigned server; /* 1..FLEET_SERVERS */
	size_t seen; /* octets that were there in the last round */
	int64_t due; /* when it is accepted; the last reply */
	struct draw d;
	struct chunk chunk[CHUNKS];
	unsigned first, count;
	struct sent sent[CHUNKS];
	unsigned sent_count;
};

static struct link *links;

struct words {
	unsigned count;
	const char *p[WORDS];
	size_t len[WORDS];
};

void
fleet_server_begin(void)
{
	links = calloc(LINKS, sizeof *links);
	if (links == NULL) {
		abort();
	}
}

/* ---- what leaves */

static struct chunk *
chunk_of(struct link *l, unsigned i)
{
	return &l->chunk[(l->first + i) % CHUNKS];
}

static int64_t
latency(struct link *l)
{
	enum fleet_lie lie;
	const struct episode *e = fleet_lie(&lie);

	if (e != NULL && lie == LIE_SLOW) {
		return draw_between(&l->d, 0, 6 * (int64_t)e->strength);
	}
	return draw_between(&l->d, 0, 2);
}

static void
queue(struct link *l, const void *p, size_t n, const struct fleet_record *r)
{
	struct chunk *c = chunk_of(l, l->count);
	int64_t due = sim.t + latency(l);

	if (l->count == CHUNKS) {
		abort();
	}
	l->count++;
	l->due = due > l->due ? due : l->due;
	c->due = l->due;
	c->p = malloc(n);
	c->r = NULL;
	if (c->p == NULL) {
		abort();
	}
	memcpy(c->p, p, n);
	c->n = n;
	if (r != NULL) {
		c->r = malloc(sizeof *r);
		if (c->r == NULL) {
			abort();
		}
		*c->r = *r;
	}
}

static void
send_text(struct link *l, const char *text)
{
	queue(l, text, strlen(text), NULL);
}

static void
drop_chunk(struct link *l)
{
	struct chunk *c = chunk_of(l, 0);

	free(c->p);
	free(c->r);
	l->first = (l->first + 1) % CHUNKS;
	l->count--;
}

/* Send what is due; in the middle of it the server may hang up. */
static bool
send_due(struct link *l)
{
	bool moved = false;
	enum fleet_lie lie;

	while (l->count > 0 && chunk_of(l, 0)->due <= sim.t && !l->still) {
		struct chunk *c = chunk_of(l, 0);
		size_t n = c->n;

		(void)fleet_lie(&lie);
		if (lie == LIE_HANG_UP && draw_percent(&l->d, 20)) {
			n = draw_below(&l->d, (uint32_t)n);
			l->still = true;
		}
		mem_send(&sim.mem, l->s, c->p, n);
		if (c->r != NULL) {
			l->sent[l->sent_count].end =
			    l->s->received + l->s->in.n + (n < c->n);
			l->sent[l->sent_count++].offer = fleet_offer(c->r);
		}
		if (l->still) {
			mem_half_close(l->s);
		}
		drop_chunk(l);
		moved = true;
	}
	return moved;
}

/* ---- words of the protocol */

static size_t
bulk(char *out, size_t size, const char *text)
{
	return (size_t)snprintf(
	    out, size, "$%u\r\n%s\r\n", (unsigned)strlen(text), text);
}

static size_t
key_of(char *out, size_t size, unsigned site)
{
	char key[SITE_NAME + 16];

	snprintf(key, sizeof key, "mtasts:d:%s", sim.site[site].domain);
	return bulk(out, size, key);
}

static int
site_of(const char *key, size_t n)
{
	for (unsigned i = 0; i < sim.plan.site_count; i++) {
		char want[SITE_NAME + 16];

		snprintf(want, sizeof want, "mtasts:d:%s", sim.site[i].domain);
		if (strlen(want) == n && memcmp(want, key, n) == 0) {
			return (int)i;
		}
	}
	return -1;
}

/* Keys of other programs, some of which look like ours. */
static unsigned
foreign(char *out, size_t size, size_t *n, struct draw *d)
{
	static const char *const keys[] = { "mtasts:d:evil.test", "mtasts:d:..",
		"mtasts:d:", "mtasts", "other:key", "mtasts:d:UPPER.EXAMPLE",
		"mtasts:d:a b", "" };
	unsigned count = draw_below(d, 6);

	for (unsigned i = 0; i < count; i++) {
		*n += bulk(out + *n, size - *n, keys[draw_below(d, 8)]);
	}
	return count;
}

/* ---- pushes */

static bool
hears(const struct link *l)
{
	enum fleet_lie lie;

	(void)fleet_lie(&lie);
	return l->s != NULL && l->tracks && lie != LIE_LOSE &&
	       lie != LIE_SILENT;
}

static void
push_keys(struct link *l, unsigned count, const char *keys)
{
	char text[4096];

	snprintf(text, sizeof text, ">2\r\n$10\r\ninvalidate\r\n*%u\r\n%s",
	    count, keys);
	send_text(l, text);
}

void
fleet_push(unsigned site)
{
	char key[200];

	key_of(key, sizeof key, site);
	for (unsigned i = 0; i < LINKS; i++) {
		if (hears(&links[i])) {
			push_keys(&links[i], 1, key);
		}
	}
}

void
fleet_push_flush(void)
{
	for (unsigned i = 0; i < LINKS; i++) {
		if (hears(&links[i])) {
			send_text(
			    &links[i], ">2\r\n$10\r\ninvalidate\r\n_\r\n");
		}
	}
}

void
fleet_reset(void)
{
	for (unsigned i = 0; i < LINKS; i++) {
		if (links[i].s != NULL && !links[i].s->core_gone) {
			mem_fail(&sim.mem, links[i].s, STS_IO_RESET);
			links[i].still = true;
		}
	}
}

/* Useless pushes, before a reply. */
static void
push_much(struct link *l)
{
	static char keys[4000];
	size_t n = 0;
	unsigned count = 0;

	for (unsigned i = 0; i < 8; i++) {
		count += foreign(keys, sizeof keys, &n, &l->d);
		n += key_of(keys + n, sizeof keys - n,
		    draw_below(&l->d, sim.plan.site_count));
		count++;
	}
	push_keys(l, count, keys);
}

/* ---- commands */

static bool
is(const struct words *w, unsigned i, const char *text)
{
	return i < w->count && w->len[i] == strlen(text) &&
	       memcmp(w->p[i], text, w->len[i]) == 0;
}

static bool
may_enter(const struct link *l, const struct words *w, unsigned at)
{
	enum fleet_lie lie;

	(void)fleet_lie(&lie);
	(void)l;
	return lie != LIE_DENY &&
	       (fleet.setup.password[0] == '\0' ||
		   (is(w, at, "mtasts") && is(w, at + 1, "secret")));
}

static bool
is_sentinel(const struct link *l)
{
	return l->s->peer.port == SENTINEL_PORT;
}

static void
hello(struct link *l, const struct words *w)
{
	const char *mode = is_sentinel(l) ? "sentinel" : "standalone";
	const char *role = l->server == fleet.master + 1 || is_sentinel(l)
			       ? "master"
			       : "replica";
	enum fleet_lie lie;
	char text[200];

	(void)fleet_lie(&lie);
	if (lie == LIE_OLD) {
		l->resp2 = true;
		send_text(l, "-ERR unknown command 'HELLO'\r\n");
	} else if (!is_sentinel(l) && !may_enter(l, w, 3)) {
		send_text(l, "-WRONGPASS invalid username-password pair\r\n");
	} else {
		l->known = true;
		snprintf(text, sizeof text,
		    "%%4\r\n$5\r\nproto\r\n:3\r\n$4\r\nmode\r\n$%u\r\n%s\r\n"
		    "$4\r\nrole\r\n$%u\r\n%s\r\n$7\r\nmodules\r\n*0\r\n",
		    (unsigned)strlen(mode), mode, (unsigned)strlen(role), role);
		send_text(l, text);
	}
}

static void
answer_master(struct link *l)
{
	char text[80];

	snprintf(text, sizeof text, "*2\r\n$10\r\n198.18.0.%u\r\n$4\r\n%u\r\n",
	    fleet.master + 1, (unsigned)FLEET_PORT);
	send_text(l, text);
}

static void
send_record(struct link *l, const struct fleet_record *r)
{
	static char text[FLEET_RECORD + 40];
	size_t n;

	n = (size_t)snprintf(text, sizeof text, "$%u\r\n", (unsigned)r->len);
	memcpy(text + n, r->p, r->len);
	n += r->len;
	memcpy(text + n, "\r\n", 2);
	queue(l, text, n + 2, r);
}

static void
get(struct link *l, const struct words *w)
{
	int site = w->count == 2 ? site_of(w->p[1], w->len[1]) : -1;
	const struct fleet_record *r =
	    site < 0 ? NULL : fleet_get((unsigned)site, &l->d);

	if (r != NULL) {
		send_record(l, r);
	} else {
		send_text(l, l->resp2 ? "$-1\r\n" : "_\r\n");
	}
}

static void
set(struct link *l, const struct words *w)
{
	int site = w->count >= 5 ? site_of(w->p[1], w->len[1]) : -1;
	bool missing_only = is(w, 5, "NX");

	if (site < 0 || !is(w, 3, "PX") || (w->count == 6 && !missing_only)) {
		sim_fail(
		    "5: the fleet is told of a domain that has nothing", "");
		return;
	}
	if (l->server != fleet.master + 1) {
		send_text(
		    l, "-READONLY You can't write against a replica.\r\n");
	} else if (fleet_set((unsigned)site, (const uint8_t *)w->p[2],
		       w->len[2], (int64_t)strtoll(w->p[4], NULL, 10),
		       missing_only)) {
		send_text(l, "+OK\r\n");
	} else {
		send_text(l, l->resp2 ? "$-1\r\n" : "_\r\n");
	}
}

static void
scan(struct link *l, const struct words *w)
{
	static char keys[8000], text[8200];
	unsigned at = (unsigned)strtoul(w->p[1], NULL, 10), count = 0;
	unsigned last = at + PAGE;
	enum fleet_lie lie;
	char cursor[16];
	size_t n = 0;

	(void)fleet_lie(&lie);
	if (lie == LIE_FOREIGN || lie == LIE_PUSH) {
		count = foreign(keys, sizeof keys, &n, &l->d);
	}
	for (; at < last && at < sim.plan.site_count; at++) {
		if (fleet_has(at)) {
			n += key_of(keys + n, sizeof keys - n, at);
			count++;
		}
	}
	snprintf(
	    cursor, sizeof cursor, "%u", at < sim.plan.site_count ? at : 0U);
	keys[n] = '\0';
	snprintf(text, sizeof text, "*2\r\n$%u\r\n%s\r\n*%u\r\n%s",
	    (unsigned)strlen(cursor), cursor, count, keys);
	send_text(l, text);
}

/* A policy with max_age 0 deletes the record that is stored. */
static void delete (struct link *l, const struct words *w)
{
	int i = w->count == 2 ? site_of(w->p[1], w->len[1]) : -1;

	if (i < 0 || (sim.site[i].version->max_age_ms > 0 &&
			 sim.t > sim.site[i].changed + CHANGING_MS)) {
		sim_fail("1: a record of the fleet is deleted",
		    i < 0 ? "" : sim.site[i].domain);
		return;
	}
	fleet_delete((unsigned)i);
	send_text(l, ":1\r\n");
}

static void
errs(struct link *l)
{
	static const char *const errors[] = { "LOADING Redis is loading",
		"OOM command not allowed", "BUSY Redis is busy",
		"MOVED 8588 198.18.0.3:6379", "MOVED 8588 198.18.0.1:6379",
		"READONLY You can't write", "NOAUTH Authentication required.",
		"NOPERM this user has no permissions", "MASTERDOWN Link",
		"ERR max number of clients reached", "MOVED 1 nonsense",
		"MISCONF Redis is configured to save", "NOREPLICAS",
		"ASK 1 x:1" };
	char text[100];

	snprintf(text, sizeof text, "-%s\r\n", errors[draw_below(&l->d, 14)]);
	send_text(l, text);
}

static void
garbage(struct link *l)
{
	static const char mark[] = "+-:$*_%>#,~=(|!\r\n0123456789-";
	char text[64];
	size_t n = 1 + draw_below(&l->d, sizeof text - 1);

	for (size_t i = 0; i < n; i++) {
		text[i] = (char)draw(&l->d);
		if (draw_percent(&l->d, 90)) {
			text[i] = mark[draw_below(&l->d, sizeof mark - 1)];
		}
	}
	queue(l, text, n, NULL);
}

static const struct {
	const char *word;
	void (*obey)(struct link *l, const struct words *w);
} commands[] = {
	{ "HELLO", hello },
	{ "GET", get },
	{ "SET", set },
	{ "SCAN", scan },
	{ "DEL", delete },
};

static void
obey_other(struct link *l, const struct words *w)
{
	enum fleet_lie lie;

	(void)fleet_lie(&lie);
	if (is(w, 0, "CLIENT")) {
		if (!is(w, 1, "TRACKING") || !is(w, 5, "mtasts:")) {
			sim_fail("the fleet's pushes are of other keys", "");
		}
		l->tracks = true;
		send_text(l, "+OK\r\n");
	} else if (is(w, 0, "AUTH")) {
		send_text(
		    l, may_enter(l, w, 1) ? "+OK\r\n" : "-WRONGPASS no\r\n");
	} else if (is(w, 0, "PING")) {
		send_text(l, "+PONG\r\n");
	} else if (is(w, 0, "SENTINEL")) {
		answer_master(l);
	} else {
		sim_fail("a command that the fleet's user may not use", "");
	}
}

static void
obey(struct link *l, const struct words *w)
{
	enum fleet_lie lie;

	(void)fleet_lie(&lie);
	if (lie == LIE_SILENT) {
		return;
	}
	if (lie == LIE_GARBAGE && draw_percent(&l->d, 20)) {
		garbage(l);
		return;
	}
	if (lie == LIE_ERROR && draw_percent(&l->d, 60)) {
		errs(l);
		return;
	}
	if (lie == LIE_PUSH && l->tracks && draw_percent(&l->d, 8)) {
		push_much(l);
	}
	for (unsigned i = 0; i < sizeof commands / sizeof *commands; i++) {
		if (is(w, 0, commands[i].word)) {
			commands[i].obey(l, w);
			return;
		}
	}
	obey_other(l, w);
}

/* The number after a mark, and its line's end. Returns 0 when it is
 * incomplete. */
static size_t
take_line(const uint8_t *p, size_t n, uint8_t mark, size_t *value)
{
	const uint8_t *end = n > 0 ? memchr(p, '\n', n) : NULL;

	if (end == NULL) {
		return 0;
	}
	if (p[0] != mark) {
		sim_fail(
		    "what is sent to the fleet's server is no command", "");
	}
	*value = (size_t)strtoul((const char *)p + 1, NULL, 10);
	return (size_t)(end - p) + 1;
}

/* Carry out the first command if it is complete. */
static bool
obey_one(struct link *l)
{
	const struct mem_bytes *b = &l->s->out;
	struct words w = { .count = 0 };
	size_t count, len, at = take_line(b->p, b->n, '*', &count);

	if (at == 0 || sim.fault != NULL || count > WORDS) {
		return false;
	}
	for (; w.count < count; w.count++) {
		size_t n = take_line(b->p + at, b->n - at, '$', &len);

		at += n;
		if (n == 0 || b->n - at < len + 2) {
			return false;
		}
		w.p[w.count] = (const char *)b->p + at;
		w.len[w.count] = len;
		at += len + 2;
	}
	obey(l, &w);
	mem_drop(&l->s->out, at);
	return true;
}

/* ---- connections */

bool
fleet_is_port(unsigned port)
{
	return port == FLEET_PORT || port == SENTINEL_PORT;
}

static struct link *
link_of(const struct mem_sock *s)
{
	for (unsigned i = 0; i < LINKS; i++) {
		if (links[i].s == s) {
			return &links[i];
		}
	}
	abort(); /* more than LINKS, or one that fleet_connected never saw */
}

void
fleet_connected(struct mem_sock *s)
{
	struct link *l = link_of(NULL);

	memset(l, 0, sizeof *l);
	l->s = s;
	l->server = s->peer.ip[3];
	l->d = draw_begin(sim.seed, "fleet link", fleet.connections++);
	l->due = sim.t + draw_between(&l->d, 0, 2);
	trace("connection to the fleet's server %u:%u", l->server,
	    (unsigned)s->peer.port);
}

static bool
accept_link(struct link *l)
{
	enum fleet_lie lie;

	(void)fleet_lie(&lie);
	if (l->due > sim.t || l->still) {
		return false;
	}
	if (!fleet.there || lie == LIE_REFUSE) {
		mem_fail(&sim.mem, l->s, STS_IO_REFUSED);
		l->still = true;
	} else {
		mem_accept(&sim.mem, l->s);
		l->accepted = true;
	}
	return true;
}

/* Note what the agent has read meanwhile. */
static void
note_read(struct link *l)
{
	unsigned i = 0;

	while (i < l->sent_count && l->s->received >= l->sent[i].end) {
		fleet_read(l->sent[i++].offer);
	}
	memmove(l->sent, l->sent + i, (l->sent_count - i) * sizeof *l->sent);
	l->sent_count -= i;
}

bool
fleet_step(struct mem_sock *s)
{
	struct link *l = link_of(s);
	bool moved;

	if (l->still || s->core_gone) {
		return false;
	}
	if (!l->accepted) {
		return accept_link(l);
	}
	moved = send_due(l);
	if (l->seen < s->out.n) {
		/* One round later: in this round the agent gets its own
		 * publication. */
		l->seen = s->out.n;
		return true;
	}
	while (l->count < CHUNKS / 2 && obey_one(l)) {
		moved = true;
	}
	l->seen = s->out.n;
	note_read(l);
	return moved;
}

void
fleet_leave(struct mem_sock *s)
{
	struct link *l = link_of(s);

	fleet_unread();
	while (l->count > 0) {
		drop_chunk(l);
	}
	l->s = NULL;
}

unsigned
fleet_open(void)
{
	unsigned n = 0;

	for (unsigned i = 0; i < LINKS; i++) {
		n += links[i].s != NULL && !links[i].s->core_gone;
	}
	return n;
}

int64_t
fleet_server_next(void)
{
	int64_t at = INT64_MAX;

	for (unsigned i = 0; i < LINKS; i++) {
		struct link *l = &links[i];
		int64_t due =
		    l->accepted && l->count > 0 ? chunk_of(l, 0)->due : l->due;

		if (l->s != NULL && !l->still &&
		    (!l->accepted || l->count > 0) && due < at) {
			at = due;
		}
	}
	return at;
}

void
fleet_server_end(void)
{
	free(links);
	links = NULL;
}
