/* SPDX-License-Identifier: MIT */
/*
 * DANE beside MTA-STS. An ask first waits for what its domain's TLSA records
 * add up to, from the cache or from a look-up of the mail hosts; unless they
 * decide, it goes on to MTA-STS, whose look-up has run meanwhile. So neither
 * waits for the other, and DANE comes first (RFC 8461 2).
 *
 * The result is kept in the cache under a key that is no domain, as a record
 * that may be evicted and that no journal saves. Until its time is over no name
 * server is asked.
 *
 * Work of a step: a question passes all works twice, to find one for its domain
 * and to count those of its organisation. At most one question a step has to
 * wait, and so does this.
 *
 * Invariants: a work is busy while its hosts are not IDLE or a route has it; an
 * ask that waits for a work is in its list, any other that waits here in
 * a->dane.asks.
 *
 * The attacker owns a domain with slow name servers, or makes look-ups fail: an
 * organisation has its share of the works and no more, and a failure is TEMP,
 * never an answer without DANE.
 */
#include <string.h>

#include "agent_state.h"
#include "agent_dane.h"
#include "inspect.h"
#include "../answer/decide.h"
#include "../base/assert.h"
#include "../cache/organisation.h"

enum {
	DANE_SHARE = 4 /* of the works: one in so many an organisation */
};

/* The first octet of a key of DANE's; no domain begins with it. */
static const uint8_t key_prefix = '+';

struct key {
	size_t len;
	uint8_t name[STS_NAME_MAX];
};

STS_STATIC_ASSERT((int)STS_DOMAIN_MAX < (int)STS_NAME_MAX, key_fits);

/* The payload: octets before the hosts, and before a host's name. */
enum {
	HEAD_LEN = 3, /* enum sts_dane_level, enum sts_dane_mx, flags */
	HOST_LEN = 2, /* enum sts_dane_host, length of the name */
	FLAG_IMPLICIT = 1,
	FLAG_MORE = 2
};

static struct key
key_of(struct sts_text domain)
{
	struct key k;

	STS_ASSERT(domain.n > 0 && domain.n <= STS_DOMAIN_MAX);
	k.name[0] = key_prefix;
	memcpy(k.name + 1, domain.p, domain.n);
	k.len = domain.n + 1;
	return k;
}

sts_ref
sts_agent_dane_held(
    const struct sts_agent *a, struct sts_text domain, struct sts_entry *e)
{
	struct key k = key_of(domain);
	sts_ref ref = sts_cache_find(&a->cache, sts_text(k.name, k.len));

	if (ref != 0) {
		sts_cache_get(&a->cache, ref, e);
	}
	return ref;
}

enum sts_dane_level
sts_agent_dane_level(const struct sts_agent *a, sts_ref ref)
{
	uint8_t level = STS_DANE_UNKNOWN;

	sts_cache_read(&a->cache, ref, 0, &level, 1);
	return (enum sts_dane_level)level;
}

sts_ref
sts_agent_dane_known(
    const struct sts_agent *a, struct sts_text domain, struct sts_entry *e)
{
	uint32_t now_s = sts_agent_now_s(a);
	sts_ref ref = sts_agent_dane_held(a, domain, e);

	return ref != 0 && e->kind == STS_KIND_DANE && now_s >= e->checked_s &&
		       now_s < e->check_s
		   ? ref
		   : 0;
}

/* Works */

static bool
is_busy(const struct sts_dane_work *w)
{
	return w->hosts.state != STS_DANE_HOSTS_IDLE || w->route != 0;
}

static struct sts_dane_work *
find_work(struct sts_agent *a, struct sts_text domain)
{
	for (unsigned i = 0; i < a->dane.used; i++) {
		struct sts_dane_work *w = &a->danes[i];

		if (is_busy(w) && w->purpose == STS_DANE_FOR_ASKS &&
		    sts_text_same(sts_dane_hosts_domain(&w->hosts), domain)) {
			return w;
		}
	}
	return NULL;
}

static uint64_t
organisation_hash(const struct sts_agent *a, struct sts_text domain)
{
	return sts_siphash(a->hash_key, sts_organisation(domain));
}

/* Whether the domain's organisation has its share of the works: the owner of
 * one name has as many names below it as he likes, and may give all of them
 * slow name servers. */
static bool
is_crowded(const struct sts_agent *a, struct sts_text domain)
{
	uint64_t hash = organisation_hash(a, domain);
	unsigned share = a->config.danes / DANE_SHARE, count = 0;

	for (unsigned i = 0; i < a->dane.used; i++) {
		count +=
		    is_busy(&a->danes[i]) && a->danes[i].organisation == hash;
	}
	return count >= (share > 0 ? share : 1) ||
	       (count > 0 && count >= (unsigned)a->config.danes - a->dane.busy);
}

/* How deep to look. A mail server's answer does not depend on hosts of an
 * unsigned domain, unless the operator wants it to; what a route demands
 * does. */
static enum sts_dane_depth
depth(const struct sts_agent *a, const struct sts_dane_work *w)
{
	switch ((enum sts_dane_purpose)w->purpose) {
	case STS_DANE_FOR_ROUTE:
		return STS_DANE_DEPTH_ALL;
	case STS_DANE_FOR_ASKS:
		return a->settings->dane_partial ? STS_DANE_DEPTH_ALL
						 : STS_DANE_DEPTH_SECURE;
	case STS_DANE_FOR_PROBE:
		return STS_DANE_DEPTH_PROBE;
	default:
		return STS_DANE_DEPTH_MX;
	}
}

void
sts_agent_dane_start(
    struct sts_agent *a, struct sts_dane_work *w, struct sts_text domain)
{
	uint8_t rnd[STS_DANE_RND];

	w->outdated = false;
	sts_random_take(&a->random, rnd, sizeof rnd);
	sts_dane_hosts_begin(
	    &w->hosts, domain, a->settings->servers, depth(a, w), a->now, rnd);
	sts_agent_stir(a, (uint16_t)(a->first_dane + (w - a->danes)));
}

struct sts_dane_work *
sts_agent_dane_take(
    struct sts_agent *a, struct sts_text domain, enum sts_dane_purpose purpose)
{
	struct sts_dane_work *w = a->danes;

	if (a->dane.busy == a->config.danes ||
	    (purpose != STS_DANE_FOR_PROBE && is_crowded(a, domain))) {
		return NULL;
	}
	while (w < a->danes + a->dane.used && is_busy(w)) {
		w++;
	}
	if (w == a->danes + a->dane.used) {
		a->dane.used++;
		memset(w, 0, sizeof *w);
		sts_dane_hosts_init(&w->hosts, &a->dns_health);
	}
	a->dane.busy++;
	sts_queue_init(&w->waiters);
	w->organisation = organisation_hash(a, domain);
	w->purpose = (uint8_t)purpose;
	return w;
}

struct sts_dane_work *
sts_agent_dane_begin(
    struct sts_agent *a, struct sts_text domain, enum sts_dane_purpose purpose)
{
	struct sts_dane_work *w = sts_agent_dane_take(a, domain, purpose);

	if (w != NULL) {
		sts_agent_dane_start(a, w, domain);
	}
	return w;
}

void
sts_agent_dane_leave(struct sts_agent *a, struct sts_dane_work *w)
{
	STS_ASSERT(a->dane.busy > 0);
	STS_ASSERT(w->route == 0);
	if (w->hosts.state != STS_DANE_HOSTS_IDLE) {
		sts_dane_hosts_end(&w->hosts);
	}
	a->dane.busy--;
	a->dane.look = a->dane.asks.count;
}

/* Asks */

bool
sts_agent_dane_applies(
    struct sts_agent *a, const struct sts_ask *ask, const struct sts_key *key)
{
	const struct sts_override *o;

	/* A key in brackets, or with another port, names a host that the
	 * operator chose, and no domain whose MX hosts are looked up. */
	if (a->config.danes == 0 || key->bracketed ||
	    (key->ported && key->port != 25) ||
	    !sts_decide_wants_dane(ask->settings, ask->zone)) {
		return false;
	}
	if (sts_agent_is_client(a, ask->node) &&
	    sts_agent_client_of(a, ask)->line) {
		return false;
	}
	o = ask->afresh ? NULL
			: sts_zones_override_find(ask->settings->zones, key);
	return o == NULL || o->action != STS_OVERRIDE_STS;
}

/* The ask waits for its domain's mail hosts: with the work that looks them up
 * already, with one that begins now, or in the queue for a free one. */
static void
wait_for_hosts(struct sts_agent *a, struct sts_ask *ask, struct sts_text domain)
{
	struct sts_dane_work *w = find_work(a, domain);

	/* The asks that were looked at and still wait are crowded: this one
	 * need not wait behind them. */
	if (w == NULL && (ask->first || a->dane.look == 0)) {
		w = sts_agent_dane_begin(a, domain, STS_DANE_FOR_ASKS);
	}
	ask->waits = true;
	if (w == NULL) {
		sts_agent_wait_in_queue(a, ask, STS_ASK_DANE_QUEUED);
		ask->deadline = sts_agent_longest_wait(ask);
		sts_count(&a->metrics, STS_METRIC_QUEUED);
		return;
	}
	ask->began = a->now;
	sts_agent_wait_for_dane(a, ask, w);
	ask->deadline = sts_earlier(
	    a->now + ask->zone->answer_within_ms, sts_agent_longest_wait(ask));
}

bool
sts_agent_dane(struct sts_agent *a, struct sts_ask *ask,
    const struct sts_key *key, bool *began)
{
	struct sts_text domain = sts_text(key->domain, key->len);
	struct sts_answer with;
	struct sts_entry e;

	*began = false;
	if (ask->dane == STS_DANE_PENDING) {
		sts_ref ref;

		if (!sts_agent_dane_applies(a, ask, key)) {
			return false;
		}
		ref = ask->afresh ? 0 : sts_agent_dane_known(a, domain, &e);
		if (ref == 0) {
			wait_for_hosts(a, ask, domain);
			*began = ask->phase == STS_ASK_DANE_WAITS;
			return true;
		}
		sts_cache_touch(&a->cache, ref);
		ask->dane = (uint8_t)sts_agent_dane_level(a, ref);
		ask->dane_why = e.why;
	}
	with = sts_decide_dane(
	    (enum sts_dane_level)ask->dane, (enum sts_why)ask->dane_why);
	if (with.kind == STS_ANSWER_NONE) {
		return false;
	}
	sts_agent_answer(a, ask, with, domain);
	return true;
}

/* Time is over: a result that is held counts, though a newer one was asked for.
 * Otherwise the answer is TEMP, BUSY if our own queue or shortage took the
 * time, else a timeout of DNS: neither may become an answer without DANE. */
bool
sts_agent_dane_ask_due(
    struct sts_agent *a, struct sts_ask *ask, struct sts_text domain)
{
	sts_ms longest = sts_agent_longest_wait(ask);
	enum sts_why why = STS_WHY_BUSY;
	struct sts_entry e;
	sts_ref ref = sts_agent_dane_known(a, domain, &e);

	if (ref != 0) {
		sts_agent_wait_end(a, ask);
		ask->dane = (uint8_t)sts_agent_dane_level(a, ref);
		ask->dane_why = e.why;
		return false;
	}
	if (ask->phase == STS_ASK_DANE_WAITS) {
		const struct sts_dane_work *w = &a->danes[ask->lookup];
		sts_ms enough = sts_agent_enough_at(
		    a, ask, sts_dane_hosts_ours_ms(&w->hosts, a->now));

		if (!sts_before(a->now, enough)) {
			why = STS_WHY_DNS_TIMEOUT;
		} else if (sts_before(a->now, longest)) {
			ask->deadline = sts_earlier(enough, longest);
			return true;
		}
	}
	sts_agent_answer(a, ask,
	    sts_decide_plain(STS_ANSWER_TEMP, STS_RULE_DANE, why), domain);
	return true;
}

/* Results */

/* What has no room is left out, and the stage is refused as a whole. */
static void
append_hosts(struct sts_agent *a, struct sts_stage *stage,
    const struct sts_dane_hosts *d)
{
	struct sts_dane_count count;
	uint8_t head[HEAD_LEN] = { (uint8_t)sts_dane_hosts_level(d, &count),
		d->mx,
		(uint8_t)((d->implicit ? FLAG_IMPLICIT : 0) |
			  (d->more ? FLAG_MORE : 0)) };

	sts_cache_append(&a->cache, stage, head, sizeof head);
	for (unsigned i = 0; i < d->host_count; i++) {
		struct sts_text name = sts_dane_hosts_name(d, i);
		uint8_t host[HOST_LEN] = { d->host[i].state, (uint8_t)name.n };

		sts_cache_append(&a->cache, stage, host, sizeof host);
		sts_cache_append(&a->cache, stage, name.p, name.n);
	}
}

void
sts_agent_dane_remember(struct sts_agent *a, const struct sts_dane_hosts *d,
    const struct sts_entry *e)
{
	struct key k = key_of(sts_dane_hosts_domain(d));
	struct sts_stage stage;
	struct sts_entry was;
	sts_ref ref = sts_agent_dane_held(a, sts_dane_hosts_domain(d), &was);

	if ((ref != 0 && was.kind != STS_KIND_DANE) ||
	    !sts_cache_stage(&a->cache, &stage, sts_text(k.name, k.len))) {
		return;
	}
	append_hosts(a, &stage, d);
	sts_cache_commit(&a->cache, &stage, e, sts_agent_time(a), &ref);
}

void
sts_agent_dane_init(struct sts_agent *a)
{
	sts_queue_init(&a->dane.asks);
	a->dane.probe_at = a->now;
}

void
sts_agent_dane_forget(struct sts_agent *a, struct sts_text domain)
{
	struct sts_entry e;
	sts_ref ref = sts_agent_dane_held(a, domain, &e);

	if (ref != 0) {
		sts_cache_remove(&a->cache, ref);
	}
	for (unsigned i = 0; i < a->dane.used; i++) {
		struct sts_dane_work *w = &a->danes[i];

		/* Also if it works for a route: answers that came before the
		 * order do not count. */
		w->outdated =
		    w->outdated ||
		    (w->hosts.state != STS_DANE_HOSTS_IDLE &&
			sts_text_same(
			    sts_dane_hosts_domain(&w->hosts), domain));
	}
}

/* What the operator sees */

bool
sts_inspect_dane(const struct sts_agent *a, struct sts_text domain,
    struct sts_inspected_dane *out)
{
	uint8_t head[HEAD_LEN] = { STS_DANE_UNKNOWN, 0, 0 };
	struct sts_entry e;
	sts_ref ref = STS_DANE && domain.n > 0 && domain.n <= STS_DOMAIN_MAX
			  ? sts_agent_dane_known(a, domain, &e)
			  : 0;

	memset(out, 0, sizeof *out);
	if (ref == 0) {
		return false;
	}
	sts_cache_read(&a->cache, ref, 0, head, sizeof head);
	out->level = (enum sts_dane_level)head[0];
	out->why = (enum sts_why)e.why;
	out->checked_s = e.checked_s;
	out->check_s = e.check_s;
	out->mx = (enum sts_dane_mx)head[1];
	out->implicit = (head[2] & FLAG_IMPLICIT) != 0;
	out->more = (head[2] & FLAG_MORE) != 0;
	out->ref = ref;
	out->off = HEAD_LEN;
	return true;
}

void
sts_inspect_dane_keep(struct sts_agent *a, const struct sts_inspected_dane *in)
{
	sts_cache_pin(&a->cache, in->ref);
}

void
sts_inspect_dane_release(
    struct sts_agent *a, const struct sts_inspected_dane *in)
{
	sts_cache_unpin(&a->cache, in->ref);
}

bool
sts_inspect_dane_host(const struct sts_agent *a, struct sts_inspected_dane *in,
    enum sts_dane_host *state, uint8_t *name, size_t *len)
{
	uint8_t host[HOST_LEN];

	if (sts_cache_read(&a->cache, in->ref, in->off, host, sizeof host) <
	    sizeof host) {
		return false;
	}
	*state = (enum sts_dane_host)host[0];
	*len = sts_cache_read(
	    &a->cache, in->ref, in->off + sizeof host, name, host[1]);
	in->off += sizeof host + *len;
	return true;
}
