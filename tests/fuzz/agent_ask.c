/* SPDX-License-Identifier: MIT */
/*
 * Those who ask, by socketmap, by the text protocol or by the C API, and what
 * may be answered. What is believed to be held comes from what was served and
 * from what the agent's cache held right after it. From then on the promises of
 * the design hold, whatever happens.
 */
#include <stdio.h>

#include "../../core/base/assert.h"
#include "agent.h"

enum zone {
	ZONE_PLAIN,
	ZONE_TLSRPT,
	ZONE_SENDMAIL,
	ZONE_STRICT,
	ZONE_AUDIT,
	ZONES
};

enum {
	CLIENTS = 4, /* one more than the agent has room for */
	APIS = 3, /* likewise */
	QUEUE = 8,
	REPLY_MAX = 8192,
	/* The agent counts in whole seconds, and each step may come late. */
	SLACK = 2 * SECOND,
	LATENESS = SECOND,
	/* A wall clock that differs by no more than this counts as the same
	 * clock. */
	NEAR = HOUR + SECOND,
	LONGEST = 30 * SECOND, /* queue_wait */
	HELD_WITHIN = 5 * SECOND,
	SENDMAIL_WITHIN = 4 * SECOND
};

struct question {
	int domain; /* -1: a key that can have no policy */
	enum zone zone;
	bool hosts; /* by the text protocol: hosts, not mode */
	bool refresh;
	bool begun; /* the agent has it */
	int64_t asked;
	bool held; /* when it was asked; the version then held */
	unsigned version, switches;
};

struct client {
	struct mem_sock *sock;
	struct mem_bytes got;
	struct question queue[QUEUE];
	unsigned head, count;
	bool shut, slow, junk;
	int64_t idle_since;
};

static struct client clients[CLIENTS];

static struct {
	bool used;
	int slot;
	struct question q;
} apis[APIS];

/* What came whole since the cache was last read. */
static struct version *fresh[DOMAINS];
static bool certain_of[DOMAINS];

static struct {
	bool held;
	unsigned version;
	int64_t since;
} saved[DOMAINS];

static const char *const zone_names[ZONES] = { "postfix", "QUERYwithTLSRPT",
	"sts", "strict", "audit" };

/* The first keys are the domains of the play, the others are no domains. */
static const char *const keys[] = { "a.example", "b.example", "c.test",
	"A.Example.", "[b.example]", "c.test:25", ".example", "[192.0.2.1]",
	"a..b", "-x.example", "absent.test" };

enum {
	KEYS = sizeof keys / sizeof *keys,
	KEYS_HELD = 6
};

/* Beliefs. */

/* Whether the policy held for a domain is certainly still alive. */
static bool
must_enforce(const struct domain *d)
{
	int64_t used = play.t - d->since + SLACK;

	if (play.wall_stepped) {
		used += play.wall_vouched - play.wall_lowest + NEAR;
	}
	/* A version that has just come and was not read in the cache yet may be
	 * anything. */
	return d->held && fresh[d - play.domain] == NULL &&
	       used < (int64_t)play.version[d->version].max_age_s * SECOND;
}

void
ask_delivered(struct version *v, bool certain)
{
	play_log("%s: version %u delivered", play.domain[v->domain].name,
	    (unsigned)(v - play.version));
	v->served = true;
	fresh[v->domain] = v;
	certain_of[v->domain] = certain;
	v->last = play.t;
	play.confirmed = play.confirmed || certain;
	if (play.wall_ms > play.wall_vouched) {
		play.wall_vouched = play.wall_ms;
	}
}

static void
look_at(struct domain *d, const struct version *v)
{
	const uint8_t *name = (const uint8_t *)d->name;
	unsigned number = (unsigned)(v - play.version);
	bool ample = play.config.cache_size > STS_CACHE_BLOCK_MIN;
	struct sts_held held;

	memset(&held, 0, sizeof held);
	if (!sts_agent_held(
		&play.agent, sts_text(name, strlen(d->name)), &held) ||
	    held.entry.kind != STS_KIND_POLICY || !held.protected) {
		d->held = false;
	} else if (held.entry.max_age_s == v->max_age_s) {
		d->held = v->mode == STS_MODE_ENFORCE && !d->wild;
		d->version = number;
		d->since = play.t;
	}
	/* What came whole from its own domain is kept if there is room. */
	STS_ASSERT(
	    !certain_of[v->domain] || !ample ||
	    (held.entry.kind == STS_KIND_POLICY &&
		held.entry.max_age_s == v->max_age_s) == (v->max_age_s > 0));
}

void
ask_look(void)
{
	for (unsigned i = 0; i < DOMAINS; i++) {
		if (fresh[i] != NULL) {
			look_at(&play.domain[i], fresh[i]);
			fresh[i] = NULL;
		}
	}
}

void
ask_saved(void)
{
	for (unsigned i = 0; i < DOMAINS; i++) {
		const struct domain *d = &play.domain[i];

		saved[i].held = d->held;
		saved[i].version = d->version;
		saved[i].since = d->since;
	}
}

/* Answers. */

static void
begin_question(struct question *q)
{
	q->begun = true;
	q->asked = play.t;
	q->switches = play.switches;
	q->held = q->domain >= 0 && must_enforce(&play.domain[q->domain]);
	q->version = q->held ? play.domain[q->domain].version : 0;
}

static void
check_waiting(const struct question *q)
{
	int64_t longest = LONGEST;
	/* The domain may be forgotten before the agent reads the question. */
	bool held = q->held && play.forgot < q->asked;

	if (q->zone == ZONE_SENDMAIL) {
		longest = SENDMAIL_WITHIN;
	}
	if (held && !q->refresh && longest > HELD_WITHIN) {
		longest = HELD_WITHIN;
	}
	STS_ASSERT(play.t <= q->asked + longest + LATENESS);
}

/* Whether the life of a version is certainly over, at a time that is known. */
static bool
is_over(const struct question *q, const struct version *v)
{
	return !play.wall_stepped && play.confirmed &&
	       q->asked - v->last > (int64_t)v->max_age_s * SECOND + SLACK;
}

/* Judge "not found" where no name server has ever answered for the domain. */
static void
judge_absence(const struct question *q)
{
	STS_ASSERT(q->domain < 0 || q->zone == ZONE_AUDIT || q->refresh ||
		   play.wall_stepped || play.switches > 0 ||
		   play.settings[0].on_dns_error != STS_ON_UNKNOWN_TEMP ||
		   play.domain[q->domain].known);
}

/* Judge an answer that is weaker than an enforce policy. */
static void
judge_weak(const struct question *q)
{
	if (q->domain < 0 || q->zone == ZONE_AUDIT || q->refresh) {
		return;
	}
	if (play.switches != q->switches || play.switches % 2 == 1) {
		return;
	}
	STS_ASSERT(!q->held || !must_enforce(&play.domain[q->domain]));
}

/* Judge the answer of a policy whose MX is `mx`. */
static void
judge_policy(const struct question *q, const char *mx)
{
	const struct domain *d = &play.domain[q->domain < 0 ? 0 : q->domain];
	const struct version *v;
	char want[64];
	unsigned number = 0;

	STS_ASSERT(q->domain >= 0);
	STS_ASSERT(q->zone != ZONE_AUDIT);
	STS_ASSERT(play.switches != q->switches || play.switches % 2 == 0);
	if (d->wild) {
		return;
	}
	STS_ASSERT(sscanf(mx, "mx%u.", &number) == 1);
	STS_ASSERT(number < play.version_count);
	snprintf(want, sizeof want, "mx%u.%s", number, d->name);
	STS_ASSERT(strcmp(mx, want) == 0);
	v = &play.version[number];
	STS_ASSERT(v->domain == q->domain);
	STS_ASSERT(v->served);
	STS_ASSERT(v->mode == STS_MODE_ENFORCE ||
		   (v->mode == STS_MODE_TESTING && q->zone == ZONE_STRICT));
	STS_ASSERT(!q->held || number >= q->version);
	STS_ASSERT(!is_over(q, v));
}

static bool
begins(const char **text, const char *with)
{
	size_t n = strlen(with);

	if (strncmp(*text, with, n) != 0) {
		return false;
	}
	*text += n;
	return true;
}

/* Judge the answer as Postfix or Sendmail gets it. */
static void
judge(const struct question *q, const char *answer)
{
	char mx[80];
	size_t n;

	play_log("%s is answered: %s",
	    q->domain < 0 ? "-" : play.domain[q->domain].name, answer);
	if (strcmp(answer, "NOTFOUND ") == 0) {
		judge_absence(q);
		judge_weak(q);
		return;
	}
	if (begins(&answer, "TEMP ")) {
		judge_weak(q);
		return;
	}
	STS_ASSERT(begins(&answer, "OK "));
	if (q->zone == ZONE_SENDMAIL) {
		STS_ASSERT(q->domain >= 0);
		return;
	}
	STS_ASSERT(begins(&answer, "secure match="));
	n = strcspn(answer, " ");
	snprintf(mx, sizeof mx, "%.*s", (int)(n < 79 ? n : 79), answer);
	judge_policy(q, mx);
	answer += n;
	STS_ASSERT(begins(&answer, " servername=hostname"));
	STS_ASSERT(q->zone == ZONE_TLSRPT || *answer == '\0');
}

/* Judge the answer by the text protocol. */
static void
judge_text(const struct question *q, const char *answer)
{
	bool weak = strcmp(answer, "none") == 0 ||
		    strcmp(answer, "temp") == 0 ||
		    (!q->hosts && strcmp(answer, "testing") == 0);

	play_log("%s is answered: %s",
	    q->domain < 0 ? "-" : play.domain[q->domain].name, answer);

	if (weak) {
		judge_weak(q);
	} else if (q->hosts) {
		judge_policy(q, answer);
	} else {
		STS_ASSERT(strcmp(answer, "enforce") == 0);
		STS_ASSERT(q->domain >= 0);
	}
}

static struct question
make_question(unsigned what, unsigned zone)
{
	struct question q;

	memset(&q, 0, sizeof q);
	what %= KEYS;
	q.domain = what < KEYS_HELD ? (int)(what % DOMAINS) : -1;
	q.zone = (enum zone)(zone % ZONES);
	q.hosts = (zone & 8) != 0;
	return q;
}

/* Clients. */

static void
forget(struct client *c)
{
	if (c->sock != NULL) {
		mem_fail(&play.mem, c->sock, STS_IO_RESET);
		mem_release(&play.mem, c->sock);
	}
	mem_free(&c->got);
	memset(c, 0, sizeof *c);
}

static bool
is_ready(struct client *c)
{
	if (c->sock != NULL && c->sock->core_gone) {
		(void)ask_step();
	}
	if (c->sock == NULL && !play.draining) {
		c->sock = mem_connect(
		    &play.mem, sts_driver_listener(&play.driver, 0));
		c->idle_since = play.t;
	}
	return c->sock != NULL && !c->shut;
}

void
ask_query(unsigned client, unsigned what, unsigned zone)
{
	struct client *c = &clients[client % CLIENTS];
	const char *key = keys[what % KEYS];
	struct question q = make_question(what, zone);
	char text[128];
	int n;

	if (!is_ready(c) || c->count == QUEUE || (play.text && c->count > 0)) {
		return;
	}
	if (play.text) {
		n = snprintf(text, sizeof text, "%s %s %s\n",
		    zone_names[q.zone], q.hosts ? "hosts" : "mode", key);
	} else {
		n = (int)(strlen(zone_names[q.zone]) + 1 + strlen(key));
		n = snprintf(
		    text, sizeof text, "%d:%s %s,", n, zone_names[q.zone], key);
	}
	mem_send(&play.mem, c->sock, text, (size_t)n);
	c->queue[(c->head + c->count++) % QUEUE] = q;
}

void
ask_raw(unsigned client, const uint8_t *p, size_t n)
{
	struct client *c = &clients[client % CLIENTS];

	if (is_ready(c) && n > 0) {
		c->junk = true;
		mem_send(&play.mem, c->sock, p, n);
	}
}

void
ask_client(unsigned client, unsigned deed)
{
	struct client *c = &clients[client % CLIENTS];

	switch (deed % 4) {
	case 0:
		forget(c);
		break;
	case 1:
		if (is_ready(c)) {
			mem_half_close(c->sock);
			c->shut = true;
		}
		break;
	case 2:
		if (is_ready(c)) {
			c->slow = true;
			c->sock->space = 1 + deed / 4;
		}
		break;
	default:
		if (c->sock != NULL) {
			c->sock->space = 65536;
		}
		break;
	}
}

/* Take a netstring from the start of `got` into text. Returns whether it is
 * whole. */
static bool
take_netstring(struct client *c, char text[REPLY_MAX])
{
	size_t i = 0, n = 0;

	while (i < c->got.n && sts_is_digit(c->got.p[i])) {
		n = n * 10 + (size_t)(c->got.p[i++] - '0');
		STS_ASSERT(n < REPLY_MAX);
	}
	if (i == c->got.n) {
		return false;
	}
	STS_ASSERT(i > 0);
	STS_ASSERT(c->got.p[i] == ':');
	if (c->got.n - i - 1 < n + 1) {
		return false;
	}
	STS_ASSERT(c->got.p[i + 1 + n] == ',');
	memcpy(text, c->got.p + i + 1, n);
	text[n] = '\0';
	STS_ASSERT(strlen(text) == n);
	mem_drop(&c->got, i + n + 2);
	return true;
}

static void
begin_oldest(struct client *c)
{
	if (c->count > 0 && !c->queue[c->head].begun &&
	    c->sock->state == MEM_OPEN) {
		begin_question(&c->queue[c->head]);
	}
}

static bool
take_answer(struct client *c)
{
	static char text[REPLY_MAX];
	const struct question *q = &c->queue[c->head];

	if (play.text || c->got.n == 0 || !take_netstring(c, text)) {
		return false;
	}
	c->idle_since = play.t;
	if (c->count == 0) {
		STS_ASSERT(c->junk);
		return true;
	}
	if (!c->junk) {
		STS_ASSERT(q->begun);
		judge(q, text);
	}
	c->head = (c->head + 1) % QUEUE;
	c->count--;
	return true;
}

/* In the text protocol the end of the stream ends the answer. */
static void
take_text(struct client *c)
{
	char text[REPLY_MAX];
	size_t n = c->got.n < REPLY_MAX - 1 ? c->got.n : REPLY_MAX - 1;

	if (!play.text || c->count == 0 || c->junk || c->slow || n == 0) {
		return;
	}
	memcpy(text, c->got.p, n);
	text[n] = '\0';
	judge_text(&c->queue[c->head], text);
	c->count--;
}

/* The agent has closed the connection: check that it had a reason. */
static void
closed(struct client *c)
{
	bool idle = play.t - c->idle_since >= STS_CLIENT_IDLE_MS;
	/* A connection may be closed if it is idle and another client found no
	 * slot. */
	bool yields = c->count == 0 &&
		      play.t - c->idle_since >= STS_CLIENT_YIELD_MS &&
		      play.agent.metrics.n[STS_METRIC_CLIENTS_FULL] > 0;
	bool unread;

	take_text(c);
	unread = play.draining && c->count > 0 &&
		 (!c->queue[c->head].begun ||
		     c->queue[c->head].asked >= play.drained_at);
	if (!c->slow && !c->junk && !idle) {
		STS_ASSERT(c->count == 0 || unread);
		STS_ASSERT(
		    c->shut || play.draining || play.text || unread || yields);
	}
	forget(c);
}

static bool
step(struct client *c)
{
	bool reads = !c->slow || c->sock->space == 65536;
	bool moved = reads && c->sock->out.n > 0;

	begin_oldest(c);
	if (moved) {
		mem_put(&c->got, c->sock->out.p, c->sock->out.n);
		mem_drop(&c->sock->out, c->sock->out.n);
	}
	while (take_answer(c)) {
		begin_oldest(c);
	}
	if (c->sock->core_gone) {
		closed(c);
		return true;
	}
	if (c->count > 0 && c->queue[c->head].begun && !c->slow && !c->junk) {
		check_waiting(&c->queue[c->head]);
	}
	return moved;
}

/* Questions by the C API. */

void
ask_api(unsigned slot, unsigned what, unsigned zone)
{
	struct question q = make_question(what, zone);
	struct sts_text name = { NULL, 0 }, key = { NULL, 0 };
	unsigned i = slot % APIS;

	if (apis[i].used || play.draining) {
		return;
	}
	q.refresh = (zone & 16) != 0;
	name = sts_text(
	    (const uint8_t *)zone_names[q.zone], strlen(zone_names[q.zone]));
	key = sts_text(
	    (const uint8_t *)keys[what % KEYS], strlen(keys[what % KEYS]));
	apis[i].slot = q.refresh ? sts_ask_refresh(&play.agent, name, key)
				 : sts_ask_begin(&play.agent, name, key);
	if (apis[i].slot < 0) {
		return;
	}
	apis[i].used = true;
	apis[i].q = q;
	begin_question(&apis[i].q);
	sts_driver_wake(&play.driver);
}

void
ask_api_end(unsigned slot)
{
	unsigned i = slot % APIS;

	if (apis[i].used) {
		sts_ask_end(&play.agent, apis[i].slot);
		sts_driver_wake(&play.driver);
		apis[i].used = false;
	}
}

static bool
step_api(unsigned i)
{
	static char text[REPLY_MAX];
	size_t n;

	if (sts_ask_answer(&play.agent, apis[i].slot)->kind ==
	    STS_ANSWER_NONE) {
		check_waiting(&apis[i].q);
		return false;
	}
	n = sts_ask_render(&play.agent, apis[i].slot, 0,
	    sts_span((uint8_t *)text, sizeof text - 1));
	text[n] = '\0';
	judge(&apis[i].q, text);
	ask_api_end(i);
	return true;
}

/* Let every client ask. */

void
ask_begin(void)
{
	memset(clients, 0, sizeof clients);
	memset(apis, 0, sizeof apis);
	memset(fresh, 0, sizeof fresh);
	memset(saved, 0, sizeof saved);
}

bool
ask_step(void)
{
	bool moved = false;

	for (unsigned i = 0; i < CLIENTS; i++) {
		if (clients[i].sock != NULL) {
			moved = step(&clients[i]) || moved;
		}
	}
	for (unsigned i = 0; i < APIS; i++) {
		if (apis[i].used) {
			moved = step_api(i) || moved;
		}
	}
	return moved;
}

bool
ask_waits(void)
{
	for (unsigned i = 0; i < CLIENTS; i++) {
		const struct client *c = &clients[i];

		if (c->count > 0 && c->queue[c->head].begun && !c->slow &&
		    !c->junk) {
			return true;
		}
	}
	for (unsigned i = 0; i < APIS; i++) {
		if (apis[i].used) {
			return true;
		}
	}
	return false;
}

void
ask_crash(void)
{
	for (unsigned i = 0; i < CLIENTS; i++) {
		forget(&clients[i]);
	}
	for (unsigned i = 0; i < APIS; i++) {
		apis[i].used = false;
	}
	for (unsigned i = 0; i < DOMAINS; i++) {
		struct domain *d = &play.domain[i];

		fresh[i] = NULL;
		play.confirmed = false;
		d->held = play.has_journal && d->held && saved[i].held;
		d->version = saved[i].version;
		d->since = saved[i].since;
	}
}

void
ask_leave(void)
{
	for (unsigned i = 0; i < CLIENTS; i++) {
		forget(&clients[i]);
	}
	for (unsigned i = 0; i < APIS; i++) {
		ask_api_end(i);
	}
}
