/* SPDX-License-Identifier: MIT */
/*
 * The promises, as an ideal sender would keep them.
 *
 * For each domain there is a belief: which versions of its policy the agent may
 * hold. Usually that is exactly one, the last that came whole over an authentic
 * connection. After a power cut it may be an older one that was saved, and
 * where memory is short it may be none: the next answer shows which.
 *
 *	1  never weaker: while every version that may be held is an enforce
 *	   policy whose life is certainly not over, the answer is that policy.
 *	   Life is counted in true time, plus what a clock can have added for
 *	   which a fetch has vouched.
 *	2  nothing unauthenticated: an answer is, word for word, the policy of a
 *	   version that came whole from its own domain.
 *	3  three answers stay apart: in calm "not found" means that there is
 *	   none, and "try again" is never answered; and while no name server
 *	   answers, "try again" is answered, if the operator wishes it.
 *	5  never the reason that mail stops: every answer comes in time; in
 *	   calm, a published policy is found, a new version is noticed when its
 *	   id is new, and a held policy is refreshed every day.
 *	6  no syntax: answers have exactly the form they should have.
 *	7  a power cut loses at most what was being written: see belief.
 *
 * Where DANE is on, it is judged before (dane.h): here "the answer" is one that
 * DANE leaves to MTA-STS.
 *
 * (4, memory, and the invariants of cache and storage are in sim.c.)
 *
 * "Calm" means: no trouble for this domain, for so long that nothing remembered
 * is from before.
 */
#include <stdio.h>
#include <string.h>

#include "dane.h"
#include "sim.h"
#include "trace.h"

enum {
	SECOND = 1000,
	MINUTE = 60 * SECOND,
	HOUR = 60 * MINUTE,
	/* No result about a domain is used for longer than this: an hour for
	 * TXT, five minutes for a failure. */
	RECOVERY = 70 * MINUTE,
	/* "Busy" or "late" may still be answered for so long after trouble. */
	AFTERMATH = 6 * MINUTE,
	/* The agent counts in whole seconds. */
	SLACK = 2 * SECOND,
	/* A wall clock that differs by no more than this counts as the same
	 * clock. */
	NEAR = HOUR + SECOND,
	/* A policy in use is fetched at least daily. */
	REFRESHED = 26 * HOUR,
	/* A held policy is answered within this, all waits included. */
	HELD_WITHIN = 5 * SECOND,
	/* And in calm, with nothing new, within this: a reply of a name server,
	 * and another over TCP. The agent never waits for the fleet. */
	HELD_CALM = 100,
	LATENESS = SECOND, /* for computing, about which nothing is promised */
	HELD = 24,
	REPLY = 24000,
	TROUBLES = 5,
	DARK = 3 /* the bit of TROUBLE_DARK */
};

/* A version, and when it came. */
struct held {
	struct version *v;
	int64_t first, last; /* of several times it is unknown which counts */
	int64_t until; /* in `gone`: when it was replaced */
	bool proved; /* it came under a clock that a fetch vouched for */
	bool offered; /* from the fleet: it may be taken at this moment */
};

struct held_set {
	unsigned n;
	bool nothing; /* it is also possible that none is held */
	struct held of[HELD];
};

struct belief {
	struct held_set now; /* one of these is held */
	struct held_set saved; /* one of these is on the storage, */
	struct held_set since; /* or what came after that was saved */
	struct held_set gone; /* replaced; late answers may have them */
	bool unsaved; /* something changed since `saved` */
	bool checked; /* asked for or fetched since the start, */
	int64_t checked_at; /* first at this time */
	bool guest; /* it may be evicted for room at any time */
	bool large; /* the last version is larger than the cache takes */
	int64_t changed; /* when something came, or became a guest */
	int64_t trouble[TROUBLES]; /* until when, by the bits of enum trouble */
	int64_t dark_since;
};

static struct terms terms;
static struct belief beliefs[SITES];
static struct {
	bool stepped; /* the wall clock was ever wrong */
	bool confirmed; /* a fetch vouched for it since the agent's start */
	int64_t offset, changed;
	int64_t lowest, vouched; /* offsets: lowest, highest vouched for */
	bool unknown;
} wall;
/* After a start the clock may be behind the latest time that was vouched for
 * before: the agent does not trust it then, and can fetch nothing. */
static bool clock_behind;
static unsigned switches; /* presses of the kill switch; odd: off */
static int64_t started;

static const char *
whose(const struct site *s)
{
	return s == NULL ? "" : s->domain;
}

static struct belief *
belief_of(const struct site *s)
{
	return &beliefs[s->index];
}

/* Sets. */

static void
set_add(struct held_set *set, const struct held *h)
{
	unsigned i;

	for (i = 0; i < set->n; i++) {
		struct held *o = &set->of[i];

		if (o->v == h->v && o->until == h->until &&
		    o->offered == h->offered) {
			o->first = h->first < o->first ? h->first : o->first;
			o->last = h->last > o->last ? h->last : o->last;
			o->proved = o->proved && h->proved;
			return;
		}
	}
	if (set->n == HELD) {
		memmove(set->of, set->of + 1, (HELD - 1) * sizeof *set->of);
		set->n--;
	}
	set->of[set->n++] = *h;
}

static void
set_join(struct held_set *to, const struct held_set *from)
{
	unsigned i;

	for (i = 0; i < from->n; i++) {
		set_add(to, &from->of[i]);
	}
	to->nothing = to->nothing || from->nothing;
}

static void
set_clear(struct held_set *set, bool nothing)
{
	set->n = 0;
	set->nothing = nothing;
}

/* Lifetimes. */

/* Whether its life is certainly not over. */
static bool
lives(const struct held *h)
{
	int64_t used = sim.t - h->first + SLACK;

	if (wall.stepped) {
		used += wall.vouched - wall.lowest + NEAR;
	}
	return used < h->v->max_age_ms;
}

/* Whether its life is certainly over, and the agent knows the time. */
static bool
is_over(const struct held *h, int64_t when)
{
	return !wall.stepped && wall.confirmed &&
	       when - h->last > h->v->max_age_ms + SLACK;
}

static bool
enforced(const struct version *v, enum zone zone)
{
	return v->mode == SITE_ENFORCE ||
	       (v->mode == SITE_TESTING && zone == ZONE_STRICT);
}

/* Promise 1: whether a policy is held that nothing may weaken. */
static bool
must_enforce(const struct site *s, enum zone zone)
{
	const struct held_set *set = &belief_of(s)->now;
	unsigned i;

	for (i = 0; i < set->n; i++) {
		if (!enforced(set->of[i].v, zone) || !lives(&set->of[i])) {
			return false;
		}
	}
	return set->n > 0 && !set->nothing && !belief_of(s)->guest;
}

bool
promise_holds(const struct site *s)
{
	return must_enforce(s, ZONE_PLAIN);
}

/* Reports of the world. */

void
promises_begin(const struct terms *t)
{
	unsigned i, k;

	terms = *t;
	memset(beliefs, 0, sizeof beliefs);
	memset(&wall, 0, sizeof wall);
	wall.changed = -HOUR;
	switches = 0;
	started = 0;
	clock_behind = false;
	for (i = 0; i < SITES; i++) {
		beliefs[i].now.nothing = beliefs[i].saved.nothing = true;
		for (k = 0; k < TROUBLES; k++) {
			beliefs[i].trouble[k] = -RECOVERY;
		}
	}
}

void
promise_trouble(int site, unsigned what, int64_t until)
{
	unsigned i, k;

	for (i = 0; i < terms.site_count; i++) {
		struct belief *b = &beliefs[i];

		if (site >= 0 && (int)i != site) {
			continue;
		}
		if ((what & TROUBLE_DARK) != 0 && b->trouble[DARK] < sim.t) {
			b->dark_since = sim.t;
		}
		for (k = 0; k < TROUBLES; k++) {
			if ((what & 1U << k) != 0 && b->trouble[k] < until) {
				b->trouble[k] = until;
			}
		}
	}
}

void
promise_light(void)
{
	for (unsigned i = 0; i < terms.site_count; i++) {
		if (beliefs[i].trouble[DARK] > sim.t) {
			beliefs[i].trouble[DARK] = sim.t;
		}
	}
}

void
promise_clock(int64_t offset_ms, bool unknown)
{
	wall.stepped = true;
	wall.unknown = unknown;
	wall.changed = sim.t;
	wall.offset = offset_ms;
	if (!unknown && offset_ms < wall.lowest) {
		wall.lowest = offset_ms;
	}
}

/* Whether no policy is held by which a fetch could be judged. */
static bool
nothing_held(void)
{
	unsigned i;

	for (i = 0; i < terms.site_count; i++) {
		if (beliefs[i].now.n > 0) {
			return false;
		}
	}
	return true;
}

/* Whether a fetch for this domain may vouch for the wall clock: its policy was
 * held before, or nothing was held at all. */
static bool
vouches(const struct site *s)
{
	return !wall.confirmed || belief_of(s)->now.n > 0 || nothing_held();
}

/*
 * Whether a fetch for this domain certainly confirms the clock after a start:
 * the held policy lives, and came under a clock that was vouched for; or
 * nothing is held anywhere. After a short time off any fetch confirms it, which
 * is not used here.
 */
static bool
confirms(const struct site *s)
{
	const struct held_set *set = &belief_of(s)->now;
	unsigned i;

	for (i = 0; i < set->n; i++) {
		if (!set->of[i].proved || !lives(&set->of[i])) {
			return false;
		}
	}
	return set->n > 0 ? !set->nothing : nothing_held();
}

static void
replace(struct belief *b, struct version *v)
{
	unsigned i;

	for (i = 0; i < b->now.n; i++) {
		b->now.of[i].until = sim.t;
		set_add(&b->gone, &b->now.of[i]);
	}
	set_clear(&b->now, v->max_age_ms == 0);
	b->guest = false;
}

static void
note_checked(struct belief *b)
{
	b->checked_at = b->checked ? b->checked_at : sim.t;
	b->checked = true;
}

void
promise_delivered(struct version *v, bool certain)
{
	struct belief *b = belief_of(v->site);
	struct held h = { v, sim.t, sim.t, 0, false, false };

	wall.confirmed = wall.confirmed || (certain && confirms(v->site));
	h.proved = certain && wall.confirmed;
	v->delivered = b->unsaved = true;
	note_checked(b);
	b->large = false;
	b->changed = sim.t;
	trace("%s v%u delivered%s", v->site->domain, v->number,
	    certain ? "" : ", maybe");
	if (wall.offset > wall.vouched && !wall.unknown && vouches(v->site)) {
		wall.vouched = wall.offset;
	}
	if (certain) {
		replace(b, v);
	}
	if (v->max_age_ms > 0) {
		set_add(&b->now, &h);
		set_add(&b->since, &h);
	} else {
		/* RFC 8461 3.2: it answers the questions that waited, and is
		 * not kept. */
		h.until = sim.t;
		set_add(&b->gone, &h);
		b->now.nothing = b->since.nothing = b->guest = true;
	}
}

/* What another gateway has fetched. */

void
promise_offered(struct version *v, int64_t fetched)
{
	struct belief *b = belief_of(v->site);
	struct held h = { v, fetched, fetched, 0, true, true };

	b->changed = sim.t;
	set_add(&b->now, &h);
	set_add(&b->since, &h);
}

static void
withdraw(struct held_set *set)
{
	unsigned i, n = 0;

	for (i = 0; i < set->n; i++) {
		if (!set->of[i].offered) {
			set->of[n++] = set->of[i];
		}
	}
	set->n = n;
}

void
promise_offers_over(void)
{
	for (unsigned i = 0; i < terms.site_count; i++) {
		withdraw(&beliefs[i].now);
		withdraw(&beliefs[i].since);
	}
}

void
promise_shared(struct version *v, int64_t fetched, int64_t stamp)
{
	struct belief *b = belief_of(v->site);
	struct held h = { v, fetched, stamp, 0, true, false };

	trace("%s v%u taken from the fleet", v->site->domain, v->number);
	v->delivered = b->unsaved = true;
	/* If none was alive, it is answered once before it is checked. */
	b->large = b->checked = false;
	b->changed = sim.t;
	withdraw(&b->now);
	replace(b, v);
	set_add(&b->now, &h);
	set_add(&b->since, &h);
	if (v != v->site->version) {
		/* It counts as an answer until it has been checked. */
		promise_trouble(
		    (int)v->site->index, TROUBLE_TXT | TROUBLE_FETCH, sim.t);
	}
}

static bool
same_policy(const struct version *a, const struct version *b)
{
	bool same = a->mode == b->mode && a->max_age_ms == b->max_age_ms &&
		    a->mx_count == b->mx_count;

	for (unsigned i = 0; same && i < a->mx_count; i++) {
		same = strcmp(a->mx[i], b->mx[i]) == 0;
	}
	return same;
}

/* The next version of the site that is or was held, from i on, or NULL. */
static const struct held *
next_like(const struct version *like, unsigned *i)
{
	const struct belief *b = belief_of(like->site);

	while (*i < b->now.n + b->gone.n) {
		unsigned k = (*i)++;
		const struct held *h =
		    k < b->now.n ? &b->now.of[k] : &b->gone.of[k - b->now.n];

		if (same_policy(h->v, like)) {
			return h;
		}
	}
	return NULL;
}

struct version *
promise_published(const struct version *like)
{
	unsigned i = 0;
	const struct held *h = next_like(like, &i);

	return h == NULL ? NULL : h->v;
}

bool
promise_may_publish(const struct version *like, int64_t fetched)
{
	const struct held *h;
	unsigned i = 0;

	while ((h = next_like(like, &i)) != NULL) {
		if (wall.stepped || (fetched >= h->first - SLACK &&
					fetched <= h->last + SLACK)) {
			return true;
		}
	}
	return false;
}

void
promise_large(const struct site *s)
{
	belief_of(s)->large = true;
}

void
promise_guest(const struct site *s)
{
	struct belief *b = belief_of(s);

	if (terms.ample) {
		sim_fail("4: there was room, and it was not kept", whose(s));
	}
	b->guest = b->unsaved = true;
	b->changed = sim.t;
	b->now.nothing = b->since.nothing = true;
}

void
promise_saved(void)
{
	unsigned i;

	for (i = 0; i < terms.site_count; i++) {
		struct belief *b = &beliefs[i];

		if (b->unsaved) {
			b->saved = b->now;
			set_clear(&b->since, false);
			b->unsaved = false;
		}
	}
}

void
promise_stopped(bool storage)
{
	unsigned i;

	for (i = 0; i < terms.site_count; i++) {
		struct belief *b = &beliefs[i];

		if (storage) {
			b->now = b->saved;
			set_join(&b->now, &b->since);
		} else {
			set_clear(&b->now, true);
			b->guest = false;
		}
		b->saved = b->now;
		b->unsaved = b->checked = false;
		set_clear(&b->since, false);
		set_clear(&b->gone, false);
	}
	wall.confirmed = false;
}

void
promise_started(void)
{
	started = sim.t;
	clock_behind = wall.vouched > 0;
}

void
promise_switch(bool off)
{
	if ((switches % 2 == 1) != off) {
		switches++;
	}
}

/* Calm. */

bool
promise_is_roomy(void)
{
	return terms.roomy;
}

bool
promise_free_of(const struct site *s, unsigned what, int64_t since)
{
	unsigned k;

	/* What was remembered under a clock that was ahead is fresh once more
	 * when the clock that was set back gets there. */
	since -= wall.vouched;
	for (k = 0; k < TROUBLES; k++) {
		if ((what & 1U << k) != 0 &&
		    belief_of(s)->trouble[k] >= since) {
			return false;
		}
	}
	return since >= started + SECOND || started == 0;
}

/* How long an agent may rely on a TXT record, or on its absence. */
static int64_t
kept_ms(uint32_t ttl_s)
{
	return ttl_s < 60     ? MINUTE
	       : ttl_s > 3600 ? HOUR
			      : (int64_t)ttl_s * SECOND;
}

/*
 * Whether the agent must know by now what the domain publishes, despite trouble
 * of kinds that do not matter.
 */
static bool
must_be_known(const struct question *q, unsigned although)
{
	const struct site *s = q->site;
	const struct belief *b = belief_of(s);
	int64_t kept = kept_ms(s->ttl_s), none = kept_ms(s->negative_s);

	if (clock_behind || !terms.ample || !terms.roomy) {
		return false;
	}
	/* What outlived a restart is answered once before it is checked. */
	return promise_free_of(
		   s, TROUBLE_ANY & ~although, q->asked - RECOVERY) &&
	       ((b->checked && b->checked_at < q->asked) || b->now.n == 0) &&
	       s->discoverable && s->version->max_age_ms > 0 &&
	       q->asked > s->changed + (kept > none ? kept : none) + 2 * SLACK;
}

/*
 * Promise 5: a flood delays no answer so long that the policy is not found,
 * except within Sendmail's four seconds. (The version found may be an old one:
 * the answer waits only a moment for its check.)
 */
static bool
must_be_found(const struct question *q)
{
	return must_be_known(
	    q, q->zone == ZONE_SENDMAIL ? 0 : (unsigned)TROUBLE_FLOOD);
}

/* The form of an answer. */

struct reply {
	size_t n;
	char p[REPLY];
};

static void
put(struct reply *r, const char *before, const char *text, const char *after)
{
	r->n += (size_t)snprintf(
	    r->p + r->n, sizeof r->p - r->n, "%s%s%s", before, text, after);
}

/* The form in core/client/reply.h. Without MX the mode is none, and there is no
 * reply. */
static const char *
policy_reply(const struct version *v, enum zone zone)
{
	static struct reply r;
	static const char *const modes[] = { "none", "testing", "enforce" };
	char age[32];
	unsigned i;

	r.n = 0;
	for (i = 0; i < v->mx_count; i++) {
		bool wild = v->mx[i][0] == '*';

		put(&r, i == 0 ? "OK secure match=" : ":",
		    v->mx[i] + (wild ? 1 : 0), "");
	}
	if (zone != ZONE_NO_SNI) {
		put(&r, "", " servername=hostname", "");
	}
	if (zone != ZONE_TLSRPT) {
		return r.p;
	}
	put(&r, " policy_type=sts policy_domain=", v->site->domain, "");
	for (i = 0; i < v->mx_count; i++) {
		put(&r, " mx_host_pattern=", v->mx[i], "");
	}
	put(&r, "", " { policy_string = version: STSv1 }", "");
	put(&r, " { policy_string = mode: ", modes[v->mode], " }");
	for (i = 0; i < v->mx_count; i++) {
		put(&r, " { policy_string = mx: ", v->mx[i], " }");
	}
	snprintf(age, sizeof age, "%lld", (long long)(v->max_age_ms / SECOND));
	put(&r, " { policy_string = max_age: ", age, " }");
	return r.p;
}

/* Answers. */

/* Whether the agent may hold nothing, or nothing to be enforced. */
static bool
may_be_weak(const struct question *q)
{
	return q->site == NULL || !must_enforce(q->site, q->zone);
}

void
promise_asked(struct question *q)
{
	q->asked = sim.t;
	q->could_be_weak = may_be_weak(q);
	/* The answer waits for a look-up of mail hosts, whatever policy is
	 * held. */
	q->held =
	    !q->could_be_weak && !q->again && (!q->dane || dane_holds(q->site));
	q->switched = switches;
}

void
promise_waiting(const struct question *q)
{
	int64_t longest =
	    terms.within_ms > terms.queue_ms ? terms.within_ms : terms.queue_ms;

	if (q->zone == ZONE_SENDMAIL) {
		longest = 4 * SECOND;
	}
	if (q->held && longest > HELD_WITHIN) {
		longest = HELD_WITHIN;
	}
	if (sim.t > q->asked + longest + LATENESS) {
		sim_fail(q->held ? "5: no answer in time, though held"
				 : "5: no answer in time",
		    whose(q->site));
	}
}

/* Find the policy of an "OK ..." answer. Keeps in the belief what it can be. */
static const struct held *
find_policy(const struct question *q, const char *answer)
{
	struct belief *b = belief_of(q->site);
	const struct held *found = NULL;
	unsigned i;

	for (i = 0; i < b->now.n + b->gone.n; i++) {
		const struct held *h =
		    i < b->now.n ? &b->now.of[i] : &b->gone.of[i - b->now.n];

		if ((i >= b->now.n && h->until < q->asked) ||
		    !enforced(h->v, q->zone) ||
		    strcmp(policy_reply(h->v, q->zone), answer) != 0) {
			continue;
		}
		if (found == NULL || is_over(found, q->asked)) {
			found = h;
		}
	}
	return found;
}

/* An answer shows which of the possible versions is held, unless it was made
 * before that version came: a slow reader gets it late. */
static void
learn(const struct question *q, const char *answer)
{
	struct belief *b = belief_of(q->site);
	struct held_set *set = &b->now;
	unsigned i, n = 0;

	if (b->changed >= q->asked) {
		return;
	}
	for (i = 0; i < set->n; i++) {
		if (enforced(set->of[i].v, q->zone) &&
		    strcmp(policy_reply(set->of[i].v, q->zone), answer) == 0) {
			set->of[n++] = set->of[i];
		}
	}
	if (n > 0) {
		set->n = n;
		set->nothing = false;
	}
}

static void
judge_policy(const struct question *q, const char *answer)
{
	const struct held *h = q->site == NULL ? NULL : find_policy(q, answer);

	if (h == NULL) {
		sim_fail("2: a policy that is not held, or never came whole "
			 "from its domain",
		    whose(q->site));
		return;
	}
	if (is_over(h, q->asked)) {
		sim_fail("1: a policy whose life is over", whose(q->site));
	}
	if (q->prompt && q->held && must_be_known(q, 0) &&
	    belief_of(q->site)->changed < q->asked &&
	    sim.t > q->asked + HELD_CALM) {
		sim_fail(
		    "5: held, in calm, and it was waited for", whose(q->site));
	}
	if (must_be_known(q, 0) && q->site->proper &&
	    strcmp(policy_reply(q->site->version, q->zone), answer) != 0) {
		sim_fail("5: an old policy, though the new id was to be seen",
		    whose(q->site));
	}
	if (!clock_behind && h->until == 0 &&
	    h->v->max_age_ms >= 2 * REFRESHED && terms.ample && terms.roomy &&
	    !belief_of(q->site)->now.nothing &&
	    promise_free_of(
		q->site, TROUBLE_FETCH | TROUBLE_QUEUE, q->asked - REFRESHED) &&
	    q->asked - h->last > REFRESHED) {
		sim_fail("5: not refreshed within a day", whose(q->site));
	}
	learn(q, answer);
}

static void
judge_notfound(const struct question *q)
{
	const struct belief *b;

	if (q->site == NULL || q->zone == ZONE_AUDIT) {
		return;
	}
	b = belief_of(q->site);
	if (!q->could_be_weak && !may_be_weak(q)) {
		sim_fail("1: weaker than what is held", whose(q->site));
	}
	/* An agent that forgot the id may wait for the old version's end. */
	if (must_be_found(q) && q->site->proper &&
	    enforced(q->site->version, q->zone)) {
		sim_fail("5: a policy is published, nothing is in the way, and "
			 "it was not found",
		    whose(q->site));
	}
	if (terms.temp_on_dns_error && b->now.n == 0 && !wall.stepped &&
	    b->trouble[DARK] > sim.t && q->asked - b->dark_since > RECOVERY &&
	    q->asked - started > RECOVERY) {
		sim_fail(
		    "3: \"not found\" where nobody can tell", whose(q->site));
	}
}

static void
judge_temp(const struct question *q)
{
	if (q->zone == ZONE_AUDIT) {
		sim_fail("6: more than not found from a zone under audit",
		    whose(q->site));
	}
	/* A caller that asks for a new look-up learns that it failed. */
	if (q->site == NULL || q->again) {
		return;
	}
	if (!q->could_be_weak && !may_be_weak(q)) {
		sim_fail("5: \"try again\", though a policy is held",
		    whose(q->site));
	}
	/* A limit of the agent's memory is never answered as "not found". */
	if (belief_of(q->site)->large) {
		return;
	}
	if (terms.roomy &&
	    promise_free_of(
		q->site, TROUBLE_ANY & ~TROUBLE_FLOOD, q->asked - AFTERMATH)) {
		sim_fail("3: \"try again\" in calm", whose(q->site));
	}
}

/* Judge an answer by MTA-STS. */
static void
judge_sts(const struct question *q, const char *answer)
{
	if (strncmp(answer, "OK ", 3) == 0) {
		if (q->zone == ZONE_AUDIT) {
			sim_fail("6: more than not found from a zone under "
				 "audit",
			    whose(q->site));
		}
		judge_policy(q, answer);
	} else if (strcmp(answer, "NOTFOUND ") == 0) {
		judge_notfound(q);
	} else if (strncmp(answer, "TEMP ", 5) == 0) {
		judge_temp(q);
	} else {
		sim_fail("6: an answer of no known form", whose(q->site));
	}
}

static void
judge(const struct question *q, const char *answer)
{
	bool off = switches % 2 == 1;

	if (q->must != NULL) {
		if (strcmp(q->must, answer) != 0) {
			sim_fail("6: not the operator's answer, or no answer "
				 "to no domain",
			    whose(q->site));
		}
		return;
	}
	if (off || q->switched != switches) {
		/* The answer from before or after a switch, or not found. */
		if (q->switched == switches &&
		    strcmp(answer, "NOTFOUND ") != 0) {
			sim_fail("6: an answer though enforcement is off",
			    whose(q->site));
		}
		return;
	}
	if (q->dane) {
		switch (dane_judge(q, answer)) {
		case DANE_REST_NOTHING:
			return;
		case DANE_REST_NOTFOUND:
			answer = "NOTFOUND ";
			break;
		case DANE_REST_ANSWER:
			break;
		}
	}
	judge_sts(q, answer);
}

void
promise_answered(struct question *q, const char *answer)
{
	judge(q, answer);
	if (q->site != NULL && q->must == NULL) {
		note_checked(belief_of(q->site));
	}
}
