/* SPDX-License-Identifier: MIT */
/*
 * What is stored for the fleet, false answers about it, and what the agent made
 * of it.
 *
 * The oracles, besides those of promises.c, for which a version that another
 * gateway has fetched is held once the cache has it under its stamp:
 *
 *	1  a stamp never goes back: an older record never replaces a newer one.
 *	2  a record that the fleet did not seal for this domain is never taken.
 *	5  in calm, a good record that is newer than the held one is taken.
 *	   Only held policies are published, never that there is none.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "fleet.h"
#include "trace.h"

enum {
	SECOND = 1000,
	MINUTE = 60 * SECOND,
	HOUR = 60 * MINUTE,
	EPOCH_S = 1750000000, /* the wall clock at time 0, as in sim.c */
	OFFERS = 4096,
	PAST = 16, /* records that an attacker has kept */
	OWN_KEY = 1,
	NEW_KEY = 2,
	NO_KEY = 3,
	AHEAD_S = 290, /* a stamp may be a little further ahead */
	AHEAD_MAX_S = 300 + 2,
	SLACK_S = 2
};

struct fleet fleet;

/* What is stored for a domain. */
struct key {
	struct fleet_record r;
	int64_t until;
};

/* A record that was handed out. */
struct offer {
	struct version *v;
	unsigned site;
	uint32_t fetched_s;
	uint32_t kept_s; /* a stamp ahead counts as the time then */
	bool good, read, over;
	size_t payload; /* octets, with the domain */
};

static struct {
	struct key key[SITES], before[SITES]; /* now; and on a replica */
	struct fleet_record past[SITES][PAST];
	unsigned past_count[SITES];
	struct offer offer[OFFERS];
	unsigned offer_first, offer_count; /* offers not yet over */
	uint32_t stamp[SITES]; /* of the policy that the agent holds */
	bool known; /* whether the stamps were read since the agent's start */
	int64_t publish_at, publish_ms;
	struct draw draw;
	struct fleet_record handed; /* what fleet_get returned */
} f;

static uint32_t
wall_now_s(void)
{
	return (uint32_t)(EPOCH_S + sim.t / SECOND);
}

static struct draw *
dice(void)
{
	return &f.draw;
}

const struct episode *
fleet_lie(enum fleet_lie *lie)
{
	const struct episode *e =
	    fault_now(&sim.faults, FAULT_FLEET, -1, sim.t);

	*lie = e == NULL ? LIES : (enum fleet_lie)(e->kind % LIES);
	return e;
}

static bool
lies(enum fleet_lie lie)
{
	enum fleet_lie now;

	return fleet_lie(&now) != NULL && now == lie;
}

/* ---- records */

static struct sts_text
text_of(const char *p)
{
	return sts_text((const uint8_t *)p, strlen(p));
}

static void
add(struct fleet_record *r, struct sts_mac *m, const char *p, size_t n)
{
	if (n > sizeof r->p - r->len) {
		abort();
	}
	memcpy(r->p + r->len, p, n);
	sts_mac_add(m, sts_text(r->p + r->len, n));
	r->len += n;
}

static void
add_item(struct fleet_record *r, struct sts_mac *m, const char *text)
{
	char len = (char)strlen(text);

	add(r, m, &len, 1);
	add(r, m, text, (size_t)len);
}

static void
seal(struct fleet_record *r, struct version *v, uint32_t fetched_s, uint8_t key)
{
	struct sts_seal_keys keys = { .count = 1, .key = { { key } } };
	struct sts_seal_head head = { (uint8_t)v->mode, fetched_s,
		(uint32_t)(v->max_age_ms / SECOND) };
	struct sts_mac m;

	memset(r, 0, sizeof *r);
	r->v = v;
	r->site = v->site->index;
	r->fetched_s = fetched_s;
	r->good = key != NO_KEY;
	sts_seal_begin(&m, &keys, text_of(v->site->domain), &head, r->p);
	r->len = STS_SEAL_HEADER;
	add_item(r, &m, v->site->id);
	for (unsigned i = 0; i < v->mx_count; i++) {
		add_item(r, &m, v->mx[i]);
	}
	sts_seal_end(&m, r->p + r->len);
	r->len += STS_MAC_SIZE;
}

static void
store(const struct fleet_record *r, int64_t until)
{
	unsigned i = r->site;

	f.key[i].r = *r;
	f.key[i].until = until;
	f.past[i][f.past_count[i]++ % PAST] = *r;
	if (draw_percent(dice(), 10)) {
		memcpy(f.before, f.key, sizeof f.before);
	}
}

/* ---- other gateways */

/* Another gateway fetches the policy that a domain publishes now, and announces
 * it. */
static void
publish(unsigned i)
{
	struct version *v = sim.site[i].version;
	uint32_t fetched_s = wall_now_s();
	struct fleet_record r;

	if (v->max_age_ms < 2 * HOUR || !sim.site[i].discoverable ||
	    fault_now(&sim.faults, FAULT_MISHAP, (int)i, sim.t) != NULL) {
		return;
	}
	if (draw_percent(dice(), 20)) {
		/* The gateway's clock is off, by less than the tolerance. */
		fetched_s += draw_below(dice(), 2 * AHEAD_S) - AHEAD_S;
	}
	if (lies(LIE_CLOCK)) {
		fetched_s += 2 * 86400;
	}
	seal(&r, v, fetched_s,
	    fleet.setup.keys.count > 1 && draw_percent(dice(), 50) ? NEW_KEY
								   : OWN_KEY);
	store(&r, sim.t + v->max_age_ms);
	trace("%s v%u published by another gateway, %u", v->site->domain,
	    v->number, fetched_s - EPOCH_S);
	fleet_push(i);
}

void
fleet_act(void)
{
	while (fleet.there && f.publish_at <= sim.t) {
		publish(draw_below(dice(), sim.plan.site_count));
		f.publish_at =
		    sim.t + 1 + draw_between(dice(), 0, 2 * f.publish_ms);
	}
}

/* ---- the server's side */

bool
fleet_has(unsigned site)
{
	struct key *k = &f.key[site];

	if (k->r.len > 0 && k->until <= sim.t) {
		k->r.len = 0;
	}
	return k->r.len > 0;
}

/* Put an attacker's answer in place of `handed`. Returns false when nothing
 * changed. */
static bool
lie_about(unsigned site, enum fleet_lie lie, struct draw *d)
{
	unsigned n = f.past_count[site];
	unsigned other = draw_below(d, sim.plan.site_count);

	switch (lie) {
	case LIE_REPLAY:
		n = n < PAST ? n : PAST;
		f.handed = n > 0 ? f.past[site][draw_below(d, n)] : f.handed;
		return n > 0;
	case LIE_SWAP:
		if (other == site || !fleet_has(other)) {
			return false;
		}
		f.handed = f.key[other].r;
		f.handed.good = false;
		return true;
	case LIE_FORGE:
		seal(&f.handed, site_forge(&sim.site[site], d),
		    wall_now_s() - 7, NO_KEY);
		return true;
	case LIE_CORRUPT:
		if (f.handed.len > 0) {
			f.handed.p[draw_below(d, (uint32_t)f.handed.len)] ^=
			    (uint8_t)(1 + draw_below(d, 255));
			f.handed.good = false;
		}
		return f.handed.len > 0;
	default:
		return false;
	}
}

const struct fleet_record *
fleet_get(unsigned site, struct draw *d)
{
	enum fleet_lie lie;

	f.handed.len = 0;
	if (fleet_has(site)) {
		f.handed = f.key[site].r;
	}
	if (fleet_lie(&lie) != NULL && draw_percent(d, 70)) {
		(void)lie_about(site, lie, d);
	}
	f.handed.site = site;
	return f.handed.len > 0 ? &f.handed : NULL;
}

/* ---- what the agent publishes */

/* The next item of a payload, as text. Returns false when there is none. */
static bool
take_item(const uint8_t **p, const uint8_t *end, char out[SITE_NAME])
{
	size_t n = *p < end ? **p : 0;

	if (n == 0 || n >= SITE_NAME || (size_t)(end - *p) < n + 1) {
		return false;
	}
	memcpy(out, *p + 1, n);
	out[n] = '\0';
	*p += n + 1;
	return true;
}

/* Read a record into a version of that domain. Returns false when it is no
 * record. */
static bool
read_record(struct version *v, const uint8_t *p, size_t n)
{
	const uint8_t *at = p + STS_SEAL_HEADER;
	const uint8_t *end = p + n - STS_MAC_SIZE;
	char id[SITE_NAME];

	if (n < STS_SEAL_MIN || p[3] > STS_MODE_ENFORCE ||
	    !take_item(&at, end, id)) {
		return false;
	}
	v->mode = (enum site_mode)p[3];
	v->max_age_ms = (int64_t)sts_get32be(p + 13) * SECOND;
	while (at < end && v->mx_count < SITE_MX &&
	       take_item(&at, end, v->mx[v->mx_count])) {
		v->mx_count++;
	}
	return at == end;
}

static bool
is_sealed(const char *domain, const uint8_t *p, size_t n)
{
	struct sts_unseal u;
	size_t at = 0;

	sts_unseal_begin(&u, &fleet.setup.keys, text_of(domain), n);
	while (at < n) {
		at += sts_unseal_feed(&u, p + at, n - at);
	}
	return sts_unseal_end(&u) == STS_UNSEALED_OK;
}

bool
fleet_set(unsigned site, const uint8_t *p, size_t n, int64_t life_ms,
    bool missing_only)
{
	static struct fleet_record r;
	struct version v = { .site = &sim.site[site] };
	uint32_t stamp = n >= STS_SEAL_MIN ? sts_get32be(p + 9) : 0;
	int64_t at = ((int64_t)stamp - EPOCH_S) * SECOND;
	const char *domain = sim.site[site].domain;

	if (n > FLEET_RECORD || !read_record(&v, p, n) ||
	    !is_sealed(domain, p, n)) {
		sim_fail("5: what is shared is no policy", domain);
		return true;
	}
	if (!promise_may_publish(&v, at)) {
		sim_fail("2: what is shared is not held", domain);
	}
	if (life_ms <= 0 || life_ms > v.max_age_ms) {
		sim_fail("1: what is shared lives too long", domain);
	}
	if (missing_only && fleet_has(site)) {
		return false;
	}
	trace("%s published, %u", domain, stamp - EPOCH_S);
	memset(&r, 0, sizeof r);
	r.v = promise_published(&v);
	r.site = site;
	r.fetched_s = stamp;
	r.good = r.v != NULL;
	r.len = n;
	memcpy(r.p, p, n);
	if (!lies(LIE_LOSE)) {
		store(&r, sim.t + life_ms);
	}
	return true;
}

void
fleet_delete(unsigned site)
{
	trace("%s deleted", sim.site[site].domain);
	f.key[site].r.len = 0;
}

/* ---- what the agent makes of it */

static bool
is_stepped(void)
{
	return sim.clock_changed >= 0;
}

static struct offer *
offer_of(unsigned n)
{
	return &f.offer[n % OFFERS];
}

/* Whether the agent may believe its stamp, by the true time. */
static bool
fits(const struct offer *o)
{
	uint32_t now_s = wall_now_s();

	return o->fetched_s <= now_s + AHEAD_S &&
	       (o->fetched_s > now_s ||
		   (int64_t)(now_s - o->fetched_s + SLACK_S) * SECOND <
		       o->v->max_age_ms);
}

static int64_t
time_of(const struct offer *o)
{
	return ((int64_t)o->kept_s - EPOCH_S) * SECOND;
}

unsigned
fleet_offer(const struct fleet_record *r)
{
	unsigned n = f.offer_count++;
	struct offer *o = offer_of(n);

	if (n - f.offer_first == OFFERS) {
		abort();
	}
	memset(o, 0, sizeof *o);
	o->v = r->v;
	o->site = r->site;
	o->fetched_s = r->fetched_s;
	o->kept_s = r->fetched_s < wall_now_s() ? r->fetched_s : wall_now_s();
	/* Records of a gateway whose clock is days ahead are never taken. */
	o->good = r->good && r->v != NULL &&
		  (is_stepped() || r->fetched_s <= wall_now_s() + AHEAD_MAX_S);
	o->payload = strlen(sim.site[r->site].domain) + r->len -
		     STS_SEAL_HEADER - STS_MAC_SIZE;
	if (o->good) {
		promise_offered(o->v, time_of(o));
	}
	trace("%s offered v%u, %u%s", sim.site[r->site].domain,
	    r->v == NULL ? 0 : r->v->number, r->fetched_s - EPOCH_S,
	    r->good ? "" : ", not sealed");
	return n;
}

void
fleet_read(unsigned offer)
{
	offer_of(offer)->read = true;
}

void
fleet_unread(void)
{
	for (unsigned n = f.offer_first; n != f.offer_count; n++) {
		offer_of(n)->over = true;
	}
}

/* The policy that the agent holds; a stamp of 0: none. */
static struct sts_entry
held(unsigned site, sts_ref *ref)
{
	const struct sts_cache *c = sts_agent_cache(&sim.agent);
	struct sts_entry e;

	memset(&e, 0, sizeof e);
	*ref = sts_cache_find(c, text_of(sim.site[site].domain));
	if (*ref != 0) {
		sts_cache_get(c, *ref, &e);
	}
	e.fetched_s = e.kind == STS_KIND_POLICY ? e.fetched_s : 0;
	return e;
}

static bool
matches(const struct sts_entry *e, const struct version *v)
{
	return e->mode == (unsigned)v->mode && e->mx_count == v->mx_count &&
	       e->max_age_s == v->max_age_ms / SECOND;
}

/* Whether the held policy may be that record. Under a wrong clock any stamp may
 * be ahead. */
static bool
may_be(const struct offer *o, const struct sts_entry *e)
{
	return e->fetched_s == o->fetched_s || e->fetched_s == o->kept_s ||
	       (o->good && matches(e, o->v) && e->fetched_s <= o->fetched_s &&
		   (is_stepped() || e->fetched_s + SLACK_S >= o->kept_s));
}

/* The record that was handed out and is held now, or NULL. */
static struct offer *
find_offer(unsigned site, const struct sts_entry *e)
{
	struct offer *found = NULL;

	for (unsigned n = f.offer_first; n != f.offer_count; n++) {
		struct offer *o = offer_of(n);

		if (o->site == site && may_be(o, e) &&
		    (found == NULL || !found->good)) {
			found = o;
		}
	}
	return found;
}

/* The agent holds a policy with a new stamp. */
static void
changed(unsigned i, const struct sts_entry *e, sts_ref ref)
{
	struct site *s = &sim.site[i];
	struct offer *o = find_offer(i, e);
	bool fetched = s->fresh != NULL;

	if (o == NULL || !o->good) {
		if (o != NULL && !fetched && f.known && !is_stepped()) {
			sim_fail("2: a record was taken that the fleet has not "
				 "sealed",
			    s->domain);
		}
		return;
	}
	if (!matches(e, o->v)) {
		return; /* fetched in the same second */
	}
	/* Where memory is scarce, a record taken in the same step may have
	 * evicted the newer one before. */
	if (f.known && sim.ample && !is_stepped() &&
	    e->fetched_s + SLACK_S < f.stamp[i] && !fetched) {
		sim_fail(
		    "1: an older record took a newer one's place", s->domain);
	}
	promise_shared(
	    o->v, time_of(o), ((int64_t)o->fetched_s - EPOCH_S) * SECOND);
	if (!sts_cache_protected(sts_agent_cache(&sim.agent), ref) &&
	    (!sim.ample || e->mode == STS_MODE_ENFORCE)) {
		promise_guest(s);
	}
	s->fresh = NULL;
}

/* Check a good record that was read in calm and yet is not held. */
static void
check_taken(const struct offer *o, const struct sts_entry *e)
{
	if (o->good && o->read && !o->over && f.known && sim.ample &&
	    !is_stepped() && !sim.draining && fits(o) &&
	    sts_chunks_needed(o->payload) <=
		sts_agent_cache(&sim.agent)->record_max &&
	    e->fetched_s + SLACK_S < o->kept_s) {
		sim_fail("5: a newer record of the fleet was not taken",
		    sim.site[o->site].domain);
	}
}

void
fleet_look(void)
{
	sts_ref ref;

	if (!fleet.there) {
		return;
	}
	for (unsigned i = 0; i < sim.plan.site_count; i++) {
		struct sts_entry e = held(i, &ref);

		struct version *v = sim.site[i].fresh;
		bool ended = v != NULL && v->max_age_ms == 0;

		if (e.fetched_s > 0 && (e.fetched_s != f.stamp[i] || ended)) {
			changed(i, &e, ref);
		}
		f.stamp[i] = e.fetched_s;
	}
	while (f.offer_first != f.offer_count) {
		struct offer *o = offer_of(f.offer_first);
		struct sts_entry e;

		if (!o->read && !o->over) {
			break;
		}
		e = held(o->site, &ref);
		check_taken(o, &e);
		f.offer_first++;
	}
	if (f.offer_first == f.offer_count) {
		promise_offers_over();
	}
	f.known = true;
}

void
fleet_started(void)
{
	memset(f.stamp, 0, sizeof f.stamp);
	f.known = false;
}

/* ---- episodes */

void
fleet_strike(const struct episode *e)
{
	if (!fleet.there) {
		return;
	}
	switch ((enum fleet_lie)(e->kind % LIES)) {
	case LIE_FLUSH:
		memset(f.key, 0, sizeof f.key);
		fleet_push_flush();
		break;
	case LIE_EMPTY:
		memset(f.key, 0, sizeof f.key);
		fleet_reset();
		break;
	case LIE_FAILOVER:
		memcpy(f.key, f.before, sizeof f.key);
		fleet.master = (fleet.master + 1) % 2;
		fleet_reset();
		break;
	case LIE_REFUSE:
	case LIE_OLD:
	case LIE_DENY:
		fleet_reset();
		break;
	default:
		break;
	}
}

void
fleet_dark(void)
{
	fleet.there = false;
	fleet_reset();
}

/* ---- the run */

static void
draw_setup(struct draw *d)
{
	struct sts_share_setup *u = &fleet.setup;
	bool two = draw_percent(d, 50);

	fleet.sentinel = draw_percent(d, 25);
	u->server_count = fleet.sentinel || !two ? 1 : 2;
	for (unsigned i = 0; i < u->server_count; i++) {
		u->server[i].addr = (struct sts_addr){ STS_AF_INET, 0, 0, 0,
			{ 198, 18, 0, (uint8_t)(i + 1) } };
		u->server[i].port = fleet.sentinel ? SENTINEL_PORT : FLEET_PORT;
		u->server[i].addr.port = u->server[i].port;
	}
	strcpy(u->master, fleet.sentinel ? "policies" : "");
	if (draw_percent(d, 50)) {
		strcpy(u->user, "mtasts");
		strcpy(u->password, "secret");
	}
	strcpy(u->prefix, "mtasts");
	u->wait_ms = 150;
	u->keys.count = draw_percent(d, 50) ? 1 : 2;
	u->keys.key[0][0] = OWN_KEY;
	u->keys.key[1][0] = NEW_KEY;
}

void
fleet_begin(void)
{
	struct draw d = draw_begin(sim.seed, "fleet", 0);

	memset(&fleet, 0, sizeof fleet);
	memset(&f, 0, sizeof f);
	fleet_server_begin();
	fleet.there = draw_percent(&d, 50);
	if (!fleet.there) {
		return;
	}
	draw_setup(&d);
	sim.config.share = 1;
	sim.settings[0].share = sim.settings[1].share = &fleet.setup;
	f.publish_ms = draw_between(&d, 20 * MINUTE, 4 * HOUR);
	f.draw = draw_begin(sim.seed, "fleet", 1);
	for (unsigned i = 0; i < sim.plan.site_count; i += 2) {
		publish(i);
	}
	f.publish_at = draw_between(dice(), 0, f.publish_ms);
}

int64_t
fleet_next(void)
{
	int64_t at = fleet_server_next();

	return !fleet.there || at < f.publish_at ? at : f.publish_at;
}

void
fleet_end(void)
{
	fleet_server_end();
}
