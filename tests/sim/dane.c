/* SPDX-License-Identifier: MIT */
/*
 * What the agent may believe of the mail hosts, judged as an ideal sender
 * would.
 *
 * The last true states of each domain are kept (mail_view), with their times: a
 * look-up finds a result made of what was true at some moment while it ran,
 * separately for each host and for the MX records. Where faults affect the
 * network, any of these may be unknown besides. The last results of each domain
 * are kept, too, with the time when each was found and the time until which it
 * may be used.
 */
#include <string.h>

#include "dane.h"
#include "mail.h"
#include "sim.h"
#include "trace.h"

enum {
	SECOND = 1000,
	MINUTE = 60 * SECOND,
	/* The agent counts in whole seconds. */
	SLACK = 3 * SECOND,
	/* How long a result is kept, whatever its TTL; and one in which a host,
	 * or everything, is unknown. */
	KEPT_MIN_S = 60,
	KEPT_MAX_S = 3600,
	DOUBT_MAX_S = 300,
	/* "Try again" may still be answered for so long after trouble. */
	AFTERMATH = 6 * MINUTE,
	VIEWS = 12,
	RESULTS = 12
};

static const int64_t never = INT64_MAX / 2;

/* What the hosts of a domain add up to (RFC 7672 2.2), as bits. */
enum level {
	LEVEL_NONE = 1,
	LEVEL_PARTIAL = 2,
	LEVEL_ONLY = 4,
	LEVEL_UNKNOWN = 8
};

struct result {
	enum level level;
	int64_t from;
	int64_t sure; /* certainly held until */
	int64_t until; /* certainly not held after */
	int64_t replaced;
};

struct belief {
	unsigned views, results; /* how many there were; the last are kept */
	struct {
		struct mail_view is;
		int64_t from;
	} view[VIEWS];
	struct result result[RESULTS];
	int64_t lost; /* until then its results are unknown */
};

static struct dane_terms terms;
static struct belief beliefs[SITES];
static unsigned looked; /* sim.faults.changes, when the views were taken */
static bool stepped; /* the wall clock was ever wrong */

void
dane_begin(const struct dane_terms *t)
{
	terms = *t;
	memset(beliefs, 0, sizeof beliefs);
	stepped = false;
	looked = UINT32_MAX;
	dane_look();
}

void
dane_look(void)
{
	unsigned i;

	if (!terms.on || looked == sim.faults.changes) {
		return;
	}
	looked = sim.faults.changes;
	for (i = 0; i < sim.plan.site_count; i++) {
		struct belief *b = &beliefs[i];
		struct mail_view v =
		    mail_view(&sim.faults, &sim.site[i], sim.t);

		if (b->views == 0 || memcmp(&b->view[(b->views - 1) % VIEWS].is,
					 &v, sizeof v) != 0) {
			b->view[b->views % VIEWS].is = v;
			b->view[b->views % VIEWS].from = sim.t;
			b->views++;
		}
	}
}

void
dane_stopped(void)
{
	unsigned i;

	for (i = 0; i < SITES; i++) {
		beliefs[i].results = 0;
	}
}

/* The times of results were measured by a clock that has changed. */
void
dane_clock(void)
{
	unsigned i, k;

	stepped = true;
	for (i = 0; i < SITES; i++) {
		for (k = 0; k < RESULTS; k++) {
			beliefs[i].result[k].sure = 0;
			beliefs[i].result[k].until = never;
		}
	}
}

/* What may have been found. */

/* Everything that was true since then, separately for each host and for the MX
 * records. */
struct truths {
	bool too_many; /* too many changes: some are unknown */
	unsigned mx; /* enum mail_mx, bits */
	unsigned hosts[VIEWS], hosts_count; /* sets that MX records named */
	uint8_t host[MAIL_HOSTS];
};

static struct truths
truths_since(const struct belief *b, int64_t since)
{
	struct truths t;
	unsigned i = b->views, k;

	memset(&t, 0, sizeof t);
	do {
		const struct mail_view *v = &b->view[--i % VIEWS].is;

		t.mx |= v->mx;
		t.hosts[t.hosts_count++] = v->hosts;
		for (k = 0; k < MAIL_HOSTS; k++) {
			t.host[k] |= v->host[k];
		}
	} while (
	    i > 0 && b->view[i % VIEWS].from > since && b->views - i < VIEWS);
	t.too_many = i > 0 && b->view[i % VIEWS].from > since;
	return t;
}

/* The level of a domain whose hosts were seen in these states (RFC 7672
 * 2.2). */
static enum level
add_up(bool secure, unsigned seen)
{
	bool demanding = (seen & (MAIL_HOST_USABLE | MAIL_HOST_UNUSABLE)) != 0;
	bool unknown = (seen & MAIL_HOST_UNKNOWN) != 0;
	bool weak = (seen & (MAIL_HOST_NONE | MAIL_HOST_UNUSABLE)) != 0;

	if (!secure) {
		return demanding ? LEVEL_PARTIAL : LEVEL_NONE;
	}
	if ((seen & MAIL_HOST_USABLE) != 0 && !weak) {
		return LEVEL_ONLY;
	}
	if (unknown && !demanding && !weak) {
		return LEVEL_UNKNOWN;
	}
	return demanding || unknown ? LEVEL_PARTIAL : LEVEL_NONE;
}

/* All levels that these hosts may give: `of` has what each may be. */
static unsigned
levels_of(bool secure, unsigned hosts, const uint8_t of[MAIL_HOSTS])
{
	bool reached[1 << 5] = { true }; /* which sets of states can be seen */
	unsigned levels = 0, i, bit, seen;

	for (i = 0; i < MAIL_HOSTS; i++) {
		bool next[1 << 5] = { false };

		if ((hosts & 1U << i) == 0) {
			continue;
		}
		for (seen = 0; seen < 1 << 5; seen++) {
			for (bit = 1; reached[seen] && bit < 1 << 5;
			     bit <<= 1) {
				next[seen | bit] =
				    next[seen | bit] || (of[i] & bit) != 0;
			}
		}
		memcpy(reached, next, sizeof reached);
	}
	for (seen = 0; seen < 1 << 5; seen++) {
		levels |= reached[seen] ? add_up(secure, seen) : 0;
	}
	return levels;
}

/* Levels that a look-up which ran since then may have found; *doubt: one of the
 * hosts may be unknown. hidden: faults affect the network. */
static unsigned
possible(const struct truths *t, bool hidden, bool *doubt)
{
	unsigned levels = 0, i;
	uint8_t of[MAIL_HOSTS];
	bool unknown = hidden || (t->mx & MAIL_MX_UNKNOWN) != 0;

	*doubt = unknown;
	for (i = 0; i < MAIL_HOSTS; i++) {
		of[i] =
		    (uint8_t)(t->host[i] | (hidden ? MAIL_HOST_UNKNOWN : 0));
		*doubt = *doubt || (of[i] & MAIL_HOST_UNKNOWN) != 0;
	}
	levels |= unknown ? (unsigned)LEVEL_UNKNOWN : 0;
	levels |= (t->mx & MAIL_MX_NONE) != 0 ? (unsigned)LEVEL_NONE : 0;
	for (i = 0; i < t->hosts_count; i++) {
		if (t->hosts[i] != 0 && (t->mx & MAIL_MX_SECURE) != 0) {
			levels |= levels_of(true, t->hosts[i], of);
		}
		if (t->hosts[i] != 0 && (t->mx & MAIL_MX_INSECURE) != 0) {
			/* Computed only if it can matter. */
			levels |= terms.partial
				      ? levels_of(false, t->hosts[i], of)
				      : (unsigned)LEVEL_NONE;
		}
	}
	return levels;
}

/* Whether faults kept name servers from the agent at some time since. */
static bool
is_hidden(const struct site *s, int64_t since)
{
	return !promise_free_of(s, TROUBLE_QUEUE, since);
}

/* Results. */

static void
push(struct belief *b, enum level level, int64_t sure, int64_t until)
{
	struct result *r = &b->result[b->results++ % RESULTS];

	r->level = level;
	r->from = sim.t;
	r->sure = stepped ? 0 : sure;
	r->until = stepped ? never : until;
	r->replaced = never;
}

static const struct result *
last(const struct belief *b)
{
	return b->results == 0 ? NULL : &b->result[(b->results - 1) % RESULTS];
}

/* The result that is certainly held, or NULL. */
static const struct result *
held(const struct belief *b)
{
	const struct result *r = last(b);

	return terms.ample && r != NULL && r->level != LEVEL_UNKNOWN &&
		       r->replaced == never && r->sure > sim.t
		   ? r
		   : NULL;
}

bool
dane_holds(const struct site *s)
{
	return held(&beliefs[s->index]) != NULL;
}

static int64_t
kept_s(const struct site *s, int64_t most_s)
{
	int64_t ttl_s = mail_ttl_s(s);

	return ttl_s < KEPT_MIN_S ? KEPT_MIN_S
	       : ttl_s < most_s   ? ttl_s
				  : most_s;
}

/* The levels of results that may have been held since then. */
static unsigned
levels_since(const struct belief *b, int64_t since)
{
	unsigned levels = 0, i;

	for (i = 0; i < b->results && i < RESULTS; i++) {
		const struct result *r = &b->result[i];

		if (r->until >= since && r->replaced >= since) {
			levels |= r->level;
		}
	}
	return levels;
}

/* A look-up ended with every answer that it needs. */
static void
found(const struct site *s, enum level level, int64_t keep_s)
{
	struct belief *b = &beliefs[s->index];
	int64_t since = sim.t - terms.gather_ms, least, most;
	struct truths t = truths_since(b, since);
	bool doubt;
	unsigned levels = possible(&t, is_hidden(s, since), &doubt);

	if (!t.too_many && (levels & level) == 0) {
		sim_fail("2: the level of a domain is not what its hosts add "
			 "up to",
		    s->domain);
	}
	most = kept_s(s, KEPT_MAX_S);
	least = doubt || t.too_many ? kept_s(s, DOUBT_MAX_S) : most;
	/* A look-up that lacked our own buffers, ports or time is repeated at
	 * the next question; scenarios pin when that may happen
	 * (dane-ports-none). */
	if (keep_s != 0 && (keep_s < least || keep_s > most)) {
		sim_fail(
		    "2: a result of DANE is not kept for its TTL", s->domain);
	}
	if (last(b) != NULL && last(b)->replaced == never) {
		b->result[(b->results - 1) % RESULTS].replaced = sim.t;
	}
	push(b, level, sim.t + least * SECOND - SLACK,
	    sim.t + most * SECOND + SLACK);
}

/* A look-up ended without knowing. A held result stays; so it does if a host is
 * unknown and the others add up to no more. */
static void
failed(const struct site *s)
{
	struct belief *b = &beliefs[s->index];
	int64_t since = sim.t - terms.gather_ms;
	struct truths t = truths_since(b, since);
	bool doubt;
	unsigned levels = possible(&t, is_hidden(s, since), &doubt);
	bool stays =
	    doubt && (levels_since(b, sim.t) & ~(unsigned)LEVEL_UNKNOWN) != 0;

	if (!t.too_many && (levels & LEVEL_UNKNOWN) == 0 && !stays) {
		sim_fail("3: the mail hosts are unknown, though all name "
			 "servers answered",
		    s->domain);
	}
	if (held(b) == NULL) {
		push(b, LEVEL_UNKNOWN, 0, sim.t + DOUBT_MAX_S * SECOND + SLACK);
	}
}

void
dane_event(const struct sts_event *e)
{
	static const enum level levels[] = { LEVEL_NONE, LEVEL_PARTIAL,
		LEVEL_ONLY };
	unsigned i;

	for (i = 0; terms.on && i < sim.plan.site_count; i++) {
		const struct site *s = &sim.site[i];
		size_t n = strlen(s->domain);

		if (e->code == STS_EVENT_EVENTS_LOST) {
			beliefs[i].lost = sim.t + (KEPT_MAX_S + 1) * SECOND;
		} else if (n == e->text_len &&
			   memcmp(s->domain, e->text, n) == 0) {
			if (e->code == STS_EVENT_DANE) {
				found(
				    s, levels[e->number[0] % 3], e->number[2]);
			} else if (e->code == STS_EVENT_DANE_FAILED) {
				failed(s);
			}
		}
	}
}

/* Answers. */

/* Whether nothing affected the domain's DNS since then. */
static bool
is_plain(const struct site *s, int64_t since)
{
	struct truths t = truths_since(&beliefs[s->index], since);
	bool doubt;

	(void)possible(&t, is_hidden(s, since), &doubt);
	return !t.too_many && !doubt;
}

static enum dane_rest
judge_temp(const struct question *q)
{
	const struct belief *b = &beliefs[q->site->index];
	const struct result *r = held(b);
	bool plain =
	    promise_is_roomy() && is_plain(q->site, q->asked - AFTERMATH);

	/* A caller that asks for a new look-up learns that it failed. */
	if (q->again) {
		return DANE_REST_NOTHING;
	}
	if (r != NULL && r->from < q->asked && r->level == LEVEL_ONLY) {
		sim_fail("1: \"try again\", though DANE is held for all hosts",
		    q->site->domain);
	}
	if (plain && levels_since(b, q->asked) == LEVEL_ONLY) {
		sim_fail("3: \"try again\", though all hosts have DANE and "
			 "nothing is in the way",
		    q->site->domain);
	}
	return plain || (r != NULL && r->from < q->asked) ? DANE_REST_ANSWER
							  : DANE_REST_NOTHING;
}

static enum dane_rest
judge_sts(const struct question *q, bool notfound, unsigned levels)
{
	if ((levels & (LEVEL_NONE | LEVEL_PARTIAL)) == 0) {
		sim_fail("1: MTA-STS takes the place of DANE that is there, or "
			 "is unknown",
		    q->site->domain);
	}
	if (notfound && terms.partial && (levels & LEVEL_NONE) == 0) {
		sim_fail("6: not what the operator wants where some hosts have "
			 "DANE",
		    q->site->domain);
	}
	return DANE_REST_ANSWER;
}

enum dane_rest
dane_judge(const struct question *q, const char *answer)
{
	bool only = strcmp(answer, "OK dane-only") == 0;
	bool some = strcmp(answer, "OK dane") == 0;
	const struct belief *b;
	unsigned levels;

	if (q->site == NULL || q->zone == ZONE_AUDIT ||
	    (b = &beliefs[q->site->index])->lost > sim.t) {
		if (q->site == NULL && (only || some)) {
			sim_fail("2: DANE for a domain that has none", "");
		}
		return only || some ? DANE_REST_NOTHING : DANE_REST_ANSWER;
	}
	levels = levels_since(b, q->asked);
	if (strncmp(answer, "TEMP ", 5) == 0) {
		return judge_temp(q);
	}
	if (!only && !some) {
		return judge_sts(q, strcmp(answer, "NOTFOUND ") == 0, levels);
	}
	if ((levels & (only ? LEVEL_ONLY : LEVEL_PARTIAL)) == 0 ||
	    (some && !terms.partial)) {
		sim_fail("2: DANE that was not found", q->site->domain);
	}
	return only ? DANE_REST_NOTHING : DANE_REST_NOTFOUND;
}
