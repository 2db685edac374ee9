/* SPDX-License-Identifier: MIT */
/*
 * Fetch slots are few and costly, and strangers decide how long they are held.
 * A lookup whose addresses are known waits in a->slots.fresh, or, when it has
 * lost a slot before, in a->slots.stalled; fresh ones go first, but for a
 * turn in four that those who wait too long for their second one have. While
 * others wait, a fetch without progress loses its slot, the sooner the more
 * there are.
 *
 * Invariants: slots.busy fetches are busy, each for a lookup of stage FETCH. No
 * organisation has more than a quarter of the slots, and no address keeps more
 * while others wait (is_surplus). Newcomers
 * hold all slots but one, which is for policies that are held and enforced;
 * a single slot is theirs every second turn.
 *
 * The attacker owns many domains and serves their policies a byte at a time.
 * He can delay newcomers, but neither the refresh of policies that are held nor
 * any one host for good: a lookup whose turn was cut short gets a longer one.
 */
#include "../dial/address.h"
#include "agent_state.h"
#include "../base/assert.h"
#include "../cache/organisation.h"

enum {
	SHARE = 4, /* of the slots: one in so many */
	TICK_MS = 250,
	TENURE = 2, /* quanta a slot is kept while newcomers wait */
	OVERDUE_MS = 10000, /* a second turn is waited for, then */
	OVERDUE_TURN = 4 /* one turn in so many is for those */
};

void
sts_agent_slots_enqueue(struct sts_agent *a, struct sts_lookup *l)
{
	if (a->slots.fresh.count + a->slots.stalled.count == 0) {
		a->slots.at = a->now + TICK_MS;
	}
	l->stage = STS_WORK_QUEUED;
	sts_agent_queue_lookup(
	    a, l->stalled ? &a->slots.stalled : &a->slots.fresh, l);
}

static bool
same_organisation(const struct sts_lookup *x, const struct sts_lookup *y)
{
	return sts_same_nocase(sts_organisation(sts_lookup_domain(x)),
	    sts_organisation(sts_lookup_domain(y)));
}

static bool
has_address(
    const struct sts_addr *of, unsigned count, const struct sts_addr *addr)
{
	for (unsigned i = 0; i < count; i++) {
		if (sts_address_same(&of[i], addr)) {
			return true;
		}
	}
	return false;
}

/*
 * The address that a fetch is at by attempt i, or NULL: that of the connection
 * in hand, else those that are being connected to. Where it may go later does
 * not count, else whoever publishes somebody else's address behind a silent one
 * of his own would keep everybody from that host; when it gets there it counts.
 */
static const struct sts_addr *
at(const struct sts_fetch *f, unsigned i)
{
	const struct sts_dial *d = &f->https.dial;
	int taken = sts_dial_taken(d);
	bool there = taken < 0 ? sts_dial_connects(d, i) : taken == (int)i;

	return f->busy && there ? sts_dial_peer(d, i) : NULL;
}

/* Whether the fetch is at one of these addresses. */
static bool
is_at(const struct sts_fetch *f, const struct sts_addr *of, unsigned count)
{
	for (unsigned i = 0; i < STS_DIAL_ATTEMPTS; i++) {
		const struct sts_addr *addr = at(f, i);

		if (addr != NULL && has_address(of, count, addr)) {
			return true;
		}
	}
	return false;
}

static unsigned
share_of(const struct sts_agent *a)
{
	unsigned share = a->config.fetch_slots / SHARE;

	return share > 0 ? share : 1;
}

/* Whether l may have one of the free slots; *has: how many of the others its
 * organisation has. */
static bool
eligible(const struct sts_agent *a, const struct sts_lookup *l, unsigned *has)
{
	unsigned slots = a->config.fetch_slots, share = share_of(a);
	unsigned of_org = 0, of_address = 0, newcomers = 0;

	for (unsigned i = 0; i < slots; i++) {
		const struct sts_fetch *f = &a->fetches[i];

		if (f->busy) {
			newcomers += !f->lookup->live;
			of_org += same_organisation(f->lookup, l);
			of_address += is_at(f, l->addr, l->addr_count);
		}
	}
	*has = of_org;
	if (slots > 1 && !l->live && newcomers + 1 >= slots) {
		return false;
	}
	return of_org < share && of_address < share;
}

/* A lookup that may have a slot, and where it waits; l NULL: none may. */
struct choice {
	struct sts_lookup *l;
	struct sts_queue *q;
	uint16_t before; /* leads to it */
	unsigned of_org; /* slots that its organisation has */
};

/* Which of those that wait. */
enum who {
	ANYBODY,
	LIVE, /* those that refresh a held policy */
	OVERDUE /* those that wait for their second turn, and for long */
};

static bool
is_one_of(const struct sts_agent *a, const struct sts_lookup *l, enum who who)
{
	switch (who) {
	case LIVE:
		return l->live;
	case OVERDUE:
		return l->cut == 1 &&
		       !sts_before(a->now, l->queued_at + OVERDUE_MS);
	default:
		return true;
	}
}

/*
 * Of those that may have a slot the first one of an organisation that has the
 * fewest: a few owners of many names do not stand before everybody else.
 */
static void
choose(struct sts_agent *a, struct sts_queue *q, enum who who, struct choice *c)
{
	uint16_t before = STS_NODE_NONE;

	for (uint16_t i = q->head;
	     i != STS_NODE_NONE && (c->l == NULL || c->of_org > 0);
	     before = i, i = a->lookups[i].next) {
		struct sts_lookup *l = &a->lookups[i];
		unsigned of_org;

		if (is_one_of(a, l, who) && eligible(a, l, &of_org) &&
		    (c->l == NULL || of_org < c->of_org)) {
			c->l = l;
			c->q = q;
			c->before = before;
			c->of_org = of_org;
		}
	}
}

/*
 * A lookup that lost its slot and runs out of time while queued has failed.
 * Take the first such lookup out of its queue; NULL: there is none.
 */
static struct sts_lookup *
take_late(struct sts_agent *a)
{
	uint16_t before = STS_NODE_NONE;

	for (uint16_t i = a->slots.stalled.head; i != STS_NODE_NONE;
	     before = i, i = a->lookups[i].next) {
		struct sts_lookup *l = &a->lookups[i];

		if (!sts_before(a->now, l->fetch_until)) {
			sts_agent_unqueue_lookup(
			    a, &a->slots.stalled, l, before);
			return l;
		}
	}
	return NULL;
}

/*
 * Without a clock nothing can be fetched, and nobody knows for how long: a
 * lookup that waits for a slot ends, so that its questions are answered and it
 * is free for others.
 */
static struct sts_lookup *
take_clockless(struct sts_agent *a)
{
	struct sts_queue *q =
	    a->slots.fresh.count > 0 ? &a->slots.fresh : &a->slots.stalled;
	struct sts_lookup *l = &a->lookups[q->head];

	if (sts_clock_cert_s(&a->clock) >= 0) {
		return NULL;
	}
	sts_agent_unqueue_lookup(a, q, l, STS_NODE_NONE);
	return l;
}

/* The next lookup that must fail while it waits, and why; NULL: there is
 * none. */
static struct sts_lookup *
take_failed(struct sts_agent *a, enum sts_why *why)
{
	struct sts_lookup *l = take_clockless(a);

	*why = STS_WHY_NO_CLOCK;
	if (l == NULL) {
		l = take_late(a);
		*why = l != NULL && !l->had_time ? STS_WHY_BUSY
						 : STS_WHY_FETCH_TIMEOUT;
	}
	return l;
}

/* Take the lookup that gets the next turn out of its queue; NULL: none may have
 * one. */
static struct sts_lookup *
take_next(struct sts_agent *a)
{
	struct choice c = { NULL, NULL, STS_NODE_NONE, 0 };

	/* With a single slot every second turn is for held policies. */
	if (a->config.fetch_slots == 1 && a->slots.newcomer) {
		choose(a, &a->slots.fresh, LIVE, &c);
		choose(a, &a->slots.stalled, LIVE, &c);
	}
	/* Fresh ones that never end must not keep a slow host for ever from the
	 * longer turn that it needs. */
	if (c.l == NULL && a->slots.turn == 0) {
		choose(a, &a->slots.stalled, OVERDUE, &c);
	}
	if (c.l == NULL) {
		choose(a, &a->slots.fresh, ANYBODY, &c);
		choose(a, &a->slots.stalled, ANYBODY, &c);
	}
	if (c.l != NULL) {
		sts_agent_unqueue_lookup(a, c.q, c.l, c.before);
		a->slots.turn = (uint8_t)((a->slots.turn + 1) % OVERDUE_TURN);
	}
	return c.l;
}

void
sts_agent_slots_dispatch(struct sts_agent *a)
{
	uint8_t rnd[STS_TLS_RND];
	int64_t wall_s = sts_clock_cert_s(&a->clock);
	struct sts_lookup *l;
	unsigned i = 0;

	if (a->slots.busy == a->config.fetch_slots || wall_s < 0) {
		return;
	}
	l = take_next(a);
	if (l == NULL) {
		return;
	}
	while (a->fetches[i].busy) {
		i++;
		STS_ASSERT(i < a->config.fetch_slots);
	}
	a->slots.newcomer = !l->live;
	a->slots.busy++;
	l->stage = STS_WORK_FETCH;
	if (!l->stalled) {
		l->fetch_until = a->now + STS_FETCH_TOTAL_MS;
	}
	sts_random_take(&a->random, rnd, sizeof rnd);
	sts_fetch_begin(
	    &a->fetches[i], l, a->now, wall_s, sts_text(l->id, l->id_len), rnd);
	sts_wipe(rnd, sizeof rnd);
	sts_agent_stir(a, (uint16_t)(a->first_fetch + i));
}

/*
 * How long a slot is kept without progress while so many wait. A fetch that
 * has its handshake behind it is worth more, and so is a lookup whose last turn
 * was cut short: else a slow but healthy host would never come to an end.
 */
static sts_ms
quantum_ms(const struct sts_agent *a, const struct sts_fetch *f)
{
	unsigned waiting = a->slots.fresh.count;
	sts_ms ms = STS_QUANTUM_MS / (1 + waiting / a->config.fetch_slots);

	ms = ms > STS_QUANTUM_MIN_MS ? ms : STS_QUANTUM_MIN_MS;
	for (unsigned i = 0; i < f->lookup->cut && ms < STS_QUANTUM_MS; i++) {
		ms *= 2;
	}
	if (f->https.established && ms < STS_TURN_MS) {
		ms = STS_TURN_MS;
	}
	return ms < STS_QUANTUM_MS ? ms : STS_QUANTUM_MS;
}

/* How long it is kept in all while newcomers wait. */
static sts_ms
tenure_ms(const struct sts_fetch *f, sts_ms quantum)
{
	return f->https.established && TENURE * quantum > STS_TURN_MS
		   ? (sts_ms)STS_TURN_MS
		   : TENURE * quantum;
}

/*
 * Whether a fetch may keep its slot for as long as it makes progress, though
 * newcomers wait: the one that refreshes a held policy in the slot reserved
 * for such. Its publisher may be hostile, too, so it is one and no more, and
 * none where there is a single slot.
 */
static bool
has_tenure(const struct sts_agent *a, const struct sts_fetch *f)
{
	unsigned live = 0;

	for (unsigned i = 0; i < a->config.fetch_slots; i++) {
		live += a->fetches[i].busy && a->fetches[i].lookup->live;
	}
	return f->lookup->live && live == 1 && a->config.fetch_slots > 1;
}

static bool
outstayed(const struct sts_agent *a, const struct sts_fetch *f)
{
	sts_ms quantum = quantum_ms(a, f);

	return !sts_before(a->now, f->milestone + quantum) ||
	       (a->slots.fresh.count > 0 && !has_tenure(a, f) &&
		   !sts_before(a->now, f->begun + tenure_ms(f, quantum)));
}

/* How many fetches are at the address before fetch i: those of lower numbers,
 * and those that have TLS there. */
static unsigned
count_before(const struct sts_agent *a, const struct sts_addr *addr, unsigned i)
{
	unsigned count = 0;

	for (unsigned k = 0; k < a->config.fetch_slots; k++) {
		const struct sts_fetch *f = &a->fetches[k];

		count += (k < i || (k > i && f->https.established)) &&
			 is_at(f, addr, 1);
	}
	return count;
}

/*
 * Whether fetch i is at a host where as many others are as may be: each may
 * have come there by way of dead addresses of its own domain's, and nobody could
 * tell when it began.
 */
static bool
is_surplus(const struct sts_agent *a, unsigned i)
{
	const struct sts_fetch *f = &a->fetches[i];

	for (unsigned k = 0; k < STS_DIAL_ATTEMPTS; k++) {
		const struct sts_addr *addr = at(f, k);

		if (addr != NULL && !f->https.established &&
		    count_before(a, addr, i) >= share_of(a)) {
			return true;
		}
	}
	return false;
}

struct sts_lookup *
sts_agent_slots_tick(struct sts_agent *a, enum sts_why *why)
{
	struct sts_lookup *l;
	unsigned waiting = a->slots.fresh.count + a->slots.stalled.count;

	if (waiting == 0 || sts_before(a->now, a->slots.at)) {
		return NULL;
	}
	a->slots.at = a->now + TICK_MS;
	l = take_failed(a, why);
	if (l != NULL) {
		/* There may be more of them. */
		a->slots.at = a->now;
		return l;
	}
	for (unsigned i = 0; i < a->config.fetch_slots && waiting > 0; i++) {
		struct sts_fetch *f = &a->fetches[i];

		if (f->busy && (outstayed(a, f) || is_surplus(a, i))) {
			sts_fetch_stop(f, STS_WHY_FETCH_STALLED);
			sts_agent_stir(a, (uint16_t)(a->first_fetch + i));
			waiting--;
		}
	}
	sts_agent_slots_dispatch(a);
	return NULL;
}

bool
sts_agent_slots_due(const struct sts_agent *a, sts_ms *at)
{
	*at = a->slots.at;
	return a->slots.fresh.count + a->slots.stalled.count > 0;
}

void
sts_agent_slots_leave(struct sts_agent *a)
{
	STS_ASSERT(a->slots.busy > 0);
	a->slots.busy--;
}
