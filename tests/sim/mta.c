/* SPDX-License-Identifier: MIT */
/*
 * Mail servers: they connect, ask by socketmap, read and sometimes behave
 * badly. Which domains they ask for, and when, does not depend on the answers.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "sim.h"
#include "trace.h"

enum {
	QUEUE = 64, /* questions of one connection */
	KEY = SIM_KEY,
	REPLY_MAX = 100000,
	BURST = 4,
	FLOODERS = 6, /* mail servers of their own, the last ones */
	FULL_MS = 2000, /* a full agent is tried again within so long */
	SLOW_BYTES = 40 /* per second, for a slow reader */
};

struct asking {
	struct question q;
	bool begun; /* it is the oldest: the agent has it */
	char key[KEY];
};

struct mta {
	struct mem_sock *sock;
	struct mem_bytes got;
	struct asking queue[QUEUE];
	unsigned head, count;
	unsigned serial; /* of its connections */
	bool pipelines, shut;
	bool slow; /* reads little at a time: the agent may close it for that */
	bool junk; /* sent something that is no request */
	int64_t read_at, idle_since;
	unsigned flood; /* questions about hostile domains that are left */
};

static struct mta *mtas;
static struct draw work, manner;
static int64_t question_at;
static int64_t full_at; /* when a client last found no slot */
static uint32_t full_count;
static bool is_quiet;
static const struct episode *flooding;
static struct episode flood;

static const char *const zone_names[ZONES] = { "postfix", "QUERYwithTLSRPT",
	"sts", "strict", "audit", "nosni" };

void
mta_begin(void)
{
	mtas = calloc(SIM_MTAS, sizeof *mtas);
	if (mtas == NULL) {
		abort();
	}
	work = draw_begin(sim.seed, "work", 0);
	manner = draw_begin(sim.seed, "manner", 0);
	question_at = 0;
	full_at = -FULL_MS;
	full_count = 0;
	is_quiet = false;
	flooding = NULL;
}

void
mta_quiet(bool quiet)
{
	is_quiet = quiet;
}

static void
forget(struct mta *m)
{
	if (m->sock != NULL) {
		mem_fail(&sim.mem, m->sock, STS_IO_RESET);
		mem_release(&sim.mem, m->sock);
		m->sock = NULL;
	}
	mem_drop(&m->got, m->got.n);
	m->head = m->count = 0;
	m->shut = m->slow = m->junk = false;
}

void
mta_crash(void)
{
	unsigned i;

	for (i = 0; i < SIM_MTAS; i++) {
		forget(&mtas[i]);
		mtas[i].flood = 0;
	}
}

static void
connect_mta(struct mta *m)
{
	forget(m);
	m->sock = mem_connect(&sim.mem, sts_driver_listener(&sim.driver, 0));
	m->serial++;
	m->pipelines = draw_percent(&manner, 40);
	m->idle_since = sim.t;
}

static struct asking *
oldest(struct mta *m)
{
	return m->count > 0 ? &m->queue[m->head] : NULL;
}

static void
send_question(struct mta *m, const struct asking *a)
{
	char text[KEY + 64];
	int n = (int)(strlen(zone_names[a->q.zone]) + 1 + strlen(a->key));

	n = snprintf(
	    text, sizeof text, "%d:%s %s,", n, zone_names[a->q.zone], a->key);
	mem_send(&sim.mem, m->sock, text, (size_t)n);
	sim.questions++;
	trace("%s asked by %d.%u as %s %s", a->q.site ? a->q.site->domain : "-",
	    (int)(m - mtas), m->serial, zone_names[a->q.zone], a->key);
}

/* The agent has the oldest question once the connection is accepted. */
static void
begin_oldest(struct mta *m)
{
	struct asking *a = oldest(m);

	if (a == NULL || a->begun || m->sock == NULL ||
	    m->sock->state != MEM_OPEN) {
		return;
	}
	a->begun = true;
	promise_asked(&a->q);
	if (!m->pipelines) {
		send_question(m, a);
	}
}

static void
ask(struct mta *m, const struct asking *what)
{
	struct asking *a;

	if (m->sock == NULL || m->shut) {
		connect_mta(m);
	}
	if (m->count == QUEUE) {
		return;
	}
	a = &m->queue[(m->head + m->count) % QUEUE];
	*a = *what;
	a->begun = false;
	m->count++;
	if (m->pipelines) {
		send_question(m, a);
	}
	begin_oldest(m);
}

/* What is asked. */

/* A domain as mail servers spell it. Overrides are for the plain spelling
 * only. */
static void
spell(struct asking *a, struct draw *d)
{
	static const char *const forms[] = { "%s", "%s", "%s", "%s.", "[%s]",
		"%s:25", "[%s]:587" };
	unsigned form = draw_below(d, sizeof forms / sizeof *forms);
	const char *domain = a->q.site->domain;
	char *p;

	snprintf(a->key, sizeof a->key, forms[form], domain);
	for (p = a->key; draw_percent(d, 25) && *p != '\0'; p++) {
		if (*p >= 'a' && *p <= 'z') {
			*p = (char)(*p - 'a' + 'A');
		}
	}
	a->q.dane = sim.plan.dane && a->q.zone != ZONE_SENDMAIL &&
		    (form < 4 || form == 5) &&
		    (form == 5 || strcmp(domain, "late.example") != 0);
	if (form < 4 && strcmp(domain, "bank.example") == 0) {
		a->q.must = "OK dane-only";
	} else if (form < 4 && strcmp(domain, "slow.example") == 0) {
		a->q.must = "NOTFOUND ";
	}
}

/* Ask for something that cannot have a policy. */
static void
ask_nonsense(struct asking *a, struct draw *d)
{
	static const char *const keys[] = { ".example.com", "[192.0.2.1]",
		"192.0.2.1", "[IPv6:2001:db8::1]", "a..b",
		"under_score.example", "-x.example", ".", "[]", "[example.com",
		"example.com:0" };
	unsigned n = sizeof keys / sizeof *keys;
	unsigned i = draw_below(d, n + 1);

	if (i < n) {
		snprintf(a->key, sizeof a->key, "%s", keys[i]);
	} else {
		memset(a->key, 'x', 300);
		memcpy(a->key + 290, ".example", 9);
	}
	a->q.must = "NOTFOUND ";
}

static struct asking
draw_question(struct draw *d)
{
	struct asking a;
	unsigned n = draw_below(d, 100);
	unsigned zone = draw_below(d, 20);

	memset(&a, 0, sizeof a);
	a.q.zone = zone < 12 ? ZONE_PLAIN : (enum zone)(zone % ZONES);
	if (n < 4) {
		ask_nonsense(&a, d);
	} else if (n < 8) {
		snprintf(
		    a.key, sizeof a.key, "n%u.absent.test", draw_below(d, 500));
	} else {
		unsigned i = draw_below(d, sim.plan.site_count);

		/* Some are asked for often, some rarely. */
		i = draw_percent(d, 40) ? i / 4 : i;
		a.q.site = &sim.site[i];
		spell(&a, d);
	}
	return a;
}

void
mta_question(struct question *q, char key[SIM_KEY], struct draw *d)
{
	struct asking a = draw_question(d);

	*q = a.q;
	memcpy(key, a.key, sizeof a.key);
}

bool
mta_is_quiet(void)
{
	return is_quiet;
}

/* Bad manners. */

static void
misbehave(struct mta *m)
{
	unsigned kind = draw_below(&manner, 6);
	char junk[600];

	if (m->sock == NULL) {
		return;
	}
	trace("mail server %d misbehaves: %u", (int)(m - mtas), kind);
	switch (kind) {
	case 0:
	case 1:
		forget(m); /* it is gone, answers or not */
		break;
	case 2:
		if (m->pipelines) {
			mem_half_close(m->sock);
			m->shut = true;
		}
		break;
	case 3:
		if (m->count > 1) {
			forget(m);
			break;
		}
		m->slow = true;
		m->read_at = sim.t;
		break;
	case 4:
		m->junk = true;
		memset(junk, 'y', sizeof junk);
		mem_send(&sim.mem, m->sock, junk, 1 + draw_below(&manner, 500));
		break;
	default:
		m->junk = true; /* sends half a request, and nothing more */
		mem_send(&sim.mem, m->sock, "30:postfix exam", 15);
		break;
	}
}

static bool
ill(void)
{
	return fault_now(&sim.faults, FAULT_CLIENTS, -1, sim.t) != NULL;
}

static void
ask_some(void)
{
	struct asking a[BURST];
	unsigned i, n = 1, who = draw_below(&work, sim.plan.mta_count);

	if (draw_percent(&work, 20)) {
		n += draw_below(&work, BURST);
	}
	for (i = 0; i < n; i++) {
		a[i] = draw_question(&work);
	}
	if (!sim.running || sim.draining || is_quiet) {
		return;
	}
	if (mtas[who].junk || mtas[who].slow) {
		forget(&mtas[who]);
	}
	for (i = 0; i < n; i++) {
		ask(&mtas[who], &a[i]);
	}
	if (ill() && draw_percent(&manner, 25)) {
		misbehave(&mtas[who]);
	}
}

void
mta_ask_all(void)
{
	unsigned i;

	for (i = 0; i < sim.plan.site_count; i++) {
		struct asking a;

		memset(&a, 0, sizeof a);
		a.q.site = &sim.site[i];
		snprintf(a.key, sizeof a.key, "[%s]", a.q.site->domain);
		ask(&mtas[i % sim.plan.mta_count], &a);
	}
}

/* Floods: mail servers that keep asking about hostile domains. */

static void
flood_more(struct mta *m)
{
	struct asking a;

	if (m->flood == 0 || m->count > 0) {
		return;
	}
	m->flood--;
	memset(&a, 0, sizeof a);
	snprintf(a.key, sizeof a.key, "h%u.%s.test", draw_below(&manner, 40),
	    m->flood % 4 == 3 ? "absent" : "hostile");
	ask(m, &a);
}

void
mta_flood(const struct episode *e)
{
	unsigned i;

	flood = *e;
	flooding = &flood;
	for (i = 0; i < FLOODERS && sim.plan.mta_count + i < SIM_MTAS; i++) {
		mtas[sim.plan.mta_count + i].flood = 4 + e->strength / 4;
	}
}

/* Answers. */

/* A netstring at the start of got: its length, or SIZE_MAX while it is
 * incomplete. */
static size_t
netstring(const struct mta *m, size_t *at)
{
	size_t i = 0, n = 0;

	while (i < m->got.n && sts_is_digit(m->got.p[i]) && i < 7) {
		n = n * 10 + (size_t)(m->got.p[i++] - '0');
	}
	if (i == m->got.n) {
		return SIZE_MAX;
	}
	if (i == 0 || m->got.p[i] != ':' || (i > 1 && m->got.p[0] == '0') ||
	    n > REPLY_MAX) {
		sim_fail("6: what was sent is no reply", "");
		return SIZE_MAX;
	}
	if (m->got.n - i - 1 < n + 1) {
		return SIZE_MAX;
	}
	if (m->got.p[i + 1 + n] != ',') {
		sim_fail("6: a netstring without its end", "");
	}
	*at = i + 1;
	return n;
}

static bool
take_answer(struct mta *m)
{
	static char text[REPLY_MAX + 1];
	struct asking *a = oldest(m);
	size_t at = 0, n;

	if (m->got.n == 0) {
		return false;
	}
	n = netstring(m, &at);
	if (n == SIZE_MAX) {
		return false;
	}
	memcpy(text, m->got.p + at, n);
	text[n] = '\0';
	mem_drop(&m->got, at + n + 1);
	if (a == NULL) {
		if (!m->junk) {
			sim_fail("5: an answer that nobody asked for", "");
		}
		return true;
	}
	sim.answers++;
	trace_answer("%s answered to %d.%u %s: %.200s",
	    a->q.site ? a->q.site->domain : "-", (int)(m - mtas), m->serial,
	    a->key, text);
	if (m->junk) {
		trace("which answers junk");
	} else if (a->begun) {
		promise_answered(&a->q, text);
	} else {
		sim_fail("5: an answer before its question", "");
	}
	m->head = (m->head + 1) % QUEUE;
	m->count--;
	m->idle_since = sim.t;
	return true;
}

/* Read what the agent sent. */
static bool
read_some(struct mta *m)
{
	size_t n = m->sock->out.n;

	if (m->slow && n > 0) {
		if (m->read_at > sim.t) {
			return false;
		}
		m->read_at = sim.t + 1000;
		n = n < SLOW_BYTES ? n : SLOW_BYTES;
	}
	if (n > 0) {
		mem_put(&m->got, m->sock->out.p, n);
		mem_drop(&m->sock->out, n);
	}
	return n > 0;
}

/* The agent has closed the connection: check that it had a reason. */
static void
closed(struct mta *m)
{
	/* Ten minutes without a request are a reason, even while something is
	 * being sent. */
	bool idle = sim.t - m->idle_since >= STS_CLIENT_IDLE_MS;

	/* It has no request, and other clients found no slot. */
	bool yields = sim.t - m->idle_since >= STS_CLIENT_YIELD_MS &&
		      sim.t - full_at <= FULL_MS;

	/* A draining client reads no more: the unread part of a pipeline may be
	 * asked elsewhere. */
	const struct asking *a = oldest(m);
	bool unread = sim.draining && a != NULL &&
		      (!a->begun || a->q.asked >= sim.drain_from);

	if (m->count > 0 && !m->slow && !m->junk && !idle && !unread) {
		sim_fail("5: a mail server was hung up on while it waited",
		    m->queue[m->head].q.site ? m->queue[m->head].q.site->domain
					     : "");
	}
	if (m->count == 0 && !idle && !m->shut && !m->junk && !m->slow &&
	    !sim.draining && !yields) {
		sim_fail("5: a mail server was hung up on", "");
	}
	trace("mail server %d is hung up on", (int)(m - mtas));
	forget(m);
}

static bool
step(struct mta *m)
{
	bool moved;

	begin_oldest(m);
	moved = read_some(m);
	while (take_answer(m)) {
		begin_oldest(m);
		moved = true;
	}
	flood_more(m);
	if (m->sock != NULL && m->sock->core_gone &&
	    (m->sock->out.n == 0 || m->slow)) {
		closed(m);
		return true;
	}
	if (m->count > 0 && oldest(m)->begun && !m->slow && !m->junk) {
		promise_waiting(&oldest(m)->q);
	}
	return moved;
}

static void
note_full(void)
{
	uint32_t count = sim.agent.metrics.n[STS_METRIC_CLIENTS_FULL];

	if (count != full_count) {
		full_count = count;
		full_at = sim.t;
	}
}

bool
mta_step(void)
{
	bool moved = false;
	unsigned i;

	note_full();
	for (i = 0; i < SIM_MTAS; i++) {
		if (mtas[i].sock != NULL) {
			moved = step(&mtas[i]) || moved;
		}
	}
	return moved;
}

bool
mta_waits(void)
{
	unsigned i;

	for (i = 0; i < SIM_MTAS; i++) {
		if (mtas[i].sock != NULL && mtas[i].count > 0) {
			return true;
		}
	}
	return false;
}

int64_t
mta_next(void)
{
	int64_t at = question_at;
	unsigned i;

	for (i = 0; i < SIM_MTAS; i++) {
		const struct mta *m = &mtas[i];

		if (m->sock != NULL && m->slow && m->sock->out.n > 0 &&
		    m->read_at > sim.t && m->read_at < at) {
			at = m->read_at;
		}
	}
	return at;
}

void
mta_act(void)
{
	unsigned i;

	while (question_at <= sim.t) {
		ask_some();
		question_at = sim.t + 1 +
			      draw_between(&work, 0, 2 * sim.plan.question_ms);
	}
	for (i = 0; flooding != NULL && i < SIM_MTAS; i++) {
		if (mtas[i].flood > 0 && sim.running && !sim.draining) {
			if (flooding->to <= sim.t) {
				mtas[i].flood = 0;
			} else {
				flood_more(&mtas[i]);
			}
		}
	}
}
