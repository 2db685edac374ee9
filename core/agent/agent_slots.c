/* SPDX-License-Identifier: MIT */
/*
 * Fetch slots are few and costly, and strangers decide how long they are held.
 * A lookup whose addresses are known waits in a->slots.fresh, or, when it has
 * lost a slot before, in a->slots.stalled. Fresh ones go first, except that one
 * turn in four goes to a stalled lookup that has waited too long for its second.
 * While others wait for its slot, a fetch without progress loses it, the sooner
 * the more lookups wait.
 *
 * Invariants: slots.busy fetches are busy, each for a lookup of stage FETCH. No
 * organisation has more than a quarter of the slots, and no address keeps more
 * while others wait (is_surplus). Newcomers hold all slots but one, which is for
 * policies that are held and enforced; a single slot is the newcomers' every
 * second turn. No fetch loses its slot unless a lookup waits that may then have
 * it: of an organisation and at an address with their share there may be any
 * number that may not.
 *
 * The attacker owns many domains and serves their policies a byte at a time.
 * He can delay newcomers, but neither the refresh of policies that are held nor
 * any one host for good: a lookup whose turn was cut short gets twice the time in
 * its next one.
 *
 * A free slot is given by a round over both queues, which is cut into steps:
 * each lookup may have to be compared with all fetches, and thousands may wait.
 * A look is at a lookup, or at a fetch (its organisation and its two addresses).
 * A step takes LOOKS + 2 * fetch_slots looks at most, a round
 * waiting * (1 + 2 * fetch_slots). If a fetch ends during a round, a lookup that was
 * passed over may have its slot: the round begins anew, once. Otherwise the best
 * one found stays the best, since only the end of the round takes a lookup out
 * of a queue or begins a fetch. If a fetch has come to the address of the best
 * one meanwhile, is_surplus deals with those that are too many there.
 *
 * Every TICK_MS, between two rounds, one step goes over all that wait, a
 * comparison each. The rounds that follow give what is free to whoever may have
 * it; the last one ends with a look at all fetches, and at all pairs of them.
 */
#include "../dial/address.h"
#include "agent_state.h"
#include "../base/assert.h"
#include "../cache/organisation.h"

enum {
	SHARE = 4, /* of the slots: one in so many */
	TICK_MS = 250,
	LOOKS = 512, /* a step, at lookups that wait and at fetches */
	TENURE = 2, /* quanta a slot is kept while newcomers wait */
	DOUBLED_MAX = 3, /* times that a turn is doubled */
	OVERDUE_MS = 10000, /* a second turn is waited for, then */
	OVERDUE_TURN = 4 /* one turn in so many is for those */
};

static unsigned
count_waiting(const struct sts_agent *a)
{
	return (unsigned)a->slots.fresh.count + a->slots.stalled.count;
}

/* The queue in which l waits. Whether it has lost a slot does not change while
 * it waits. */
static struct sts_queue *
queue_of(struct sts_agent *a, const struct sts_lookup *l)
{
	return l->stalled ? &a->slots.stalled : &a->slots.fresh;
}

void
sts_agent_slots_enqueue(struct sts_agent *a, struct sts_lookup *l)
{
	if (count_waiting(a) == 0) {
		a->slots.at = a->now + TICK_MS;
		a->slots.owed = 0;
	}
	l->stage = STS_WORK_QUEUED;
	sts_agent_queue_lookup(a, queue_of(a, l), l);
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

/* Kinds of lookups that wait, a bit each, for lookup.wanted and slots.general. */
enum {
	FRESH = 1,
	STALLED = 2,
	HELD = 2 /* shift the bit by so many, if it is a held policy's */
};

static uint8_t
kind_of(const struct sts_lookup *l)
{
	return (
	    uint8_t)((l->stalled ? STALLED : FRESH) << (l->live ? HELD : 0));
}

/* Whether a fetch's slot is waited for by a lookup of these kinds, FRESH or
 * STALLED, which may have it. */
static bool
is_wanted(const struct sts_fetch *f, unsigned kinds)
{
	return (f->lookup->wanted & (kinds | kinds << HELD)) != 0;
}

static unsigned
share_of(const struct sts_agent *a)
{
	unsigned share = a->config.fetch_slots / SHARE;

	return share > 0 ? share : 1;
}

/* Whether the fetch is one of l's organisation. */
static bool
is_of_organisation(const struct sts_fetch *f, const struct sts_lookup *l)
{
	return f->busy && f->lookup->organisation == l->organisation &&
	       sts_text_same(sts_organisation(sts_lookup_domain(f->lookup)),
		   sts_organisation(sts_lookup_domain(l)));
}

/* How many slots l's organisation has, counted no further than its share. */
static unsigned
count_of_organisation(const struct sts_agent *a, const struct sts_lookup *l)
{
	unsigned share = share_of(a), count = 0;

	for (unsigned i = 0; i < a->config.fetch_slots && count < share; i++) {
		count += is_of_organisation(&a->fetches[i], l);
	}
	return count;
}

/* How many fetches are at an address of l's. */
static unsigned
count_at(const struct sts_agent *a, const struct sts_lookup *l)
{
	unsigned count = 0;

	for (unsigned i = 0; i < a->config.fetch_slots; i++) {
		count += is_at(&a->fetches[i], l->addr, l->addr_count);
	}
	return count;
}

/* Whether newcomers hold all the slots that they may. */
static bool
newcomers_full(const struct sts_agent *a)
{
	unsigned slots = a->config.fetch_slots, newcomers = 0;

	for (unsigned i = 0; i < slots; i++) {
		newcomers += a->fetches[i].busy && !a->fetches[i].lookup->live;
	}
	return slots > 1 && newcomers + 1 >= slots;
}

/* The ranks of waiting lookups: a lower one goes first. */
enum rank {
	LIVE, /* those that refresh a held policy, when it is their turn */
	OVERDUE, /* those that wait for their second turn, and for long */
	ANYBODY
};

/* With a single slot every second turn is for held policies. */
static bool
is_live_turn(const struct sts_agent *a)
{
	return a->config.fetch_slots == 1 && a->slots.newcomer;
}

/* Fresh ones that never end must not keep a slow host for ever from the longer
 * turn that it needs. */
static bool
is_overdue_turn(const struct sts_agent *a)
{
	return a->slots.turn == 0 && a->slots.stalled.count > 0;
}

static enum rank
rank_of(const struct sts_agent *a, const struct sts_lookup *l)
{
	if (l->live && is_live_turn(a)) {
		return LIVE;
	}
	return l->stalled && is_overdue_turn(a) && l->cut == 1 &&
		       !sts_before(a->now, l->queued_at + OVERDUE_MS)
		   ? OVERDUE
		   : ANYBODY;
}

static enum rank
first_rank(const struct sts_agent *a)
{
	if (is_live_turn(a)) {
		return LIVE;
	}
	return is_overdue_turn(a) ? OVERDUE : ANYBODY;
}

/* A lookup's place, the lowest of which goes first: by rank, then by how many
 * slots its organisation has. */
static uint32_t
place(const struct sts_agent *a, enum rank rank, unsigned of_org)
{
	return (uint32_t)rank * (a->config.fetch_slots + 1U) + of_org;
}

/* How a lookup that waits stands to its shares: what it may have a slot of. */
struct standing {
	unsigned of_org; /* slots of its organisation */
	bool org, addr; /* the organisation, its addresses may have one more */
	bool any; /* so may newcomers, or it is none */
};

static struct standing
standing_of(
    const struct sts_agent *a, const struct sts_lookup *l, bool live_only)
{
	struct standing s;

	s.of_org = count_of_organisation(a, l);
	s.org = s.of_org < share_of(a);
	s.addr = count_at(a, l) < share_of(a);
	s.any = l->live || !live_only;
	return s;
}

/* Whether l might have the slot of fetch f if that ended: a share that is used up
 * has room then, if the fetch is one of it. */
static bool
might_follow(const struct sts_lookup *l, const struct standing *s,
    const struct sts_fetch *f)
{
	return (s->org || is_of_organisation(f, l)) &&
	       (s->addr || is_at(f, l->addr, l->addr_count)) &&
	       (s->any || !f->lookup->live);
}

/* Note at each fetch whose slot l might have that l waits for it. */
static void
want(struct sts_agent *a, const struct sts_lookup *l, const struct standing *s)
{
	for (unsigned i = 0; i < a->config.fetch_slots; i++) {
		struct sts_fetch *f = &a->fetches[i];

		if (f->busy && might_follow(l, s, f)) {
			f->lookup->wanted |= kind_of(l);
		}
	}
	if (s->org && s->addr) {
		a->slots.general |= kind_of(l);
	}
}

/* It is the best so far, if it may have a free slot and goes before the other. */
static void
prefer(struct sts_agent *a, const struct standing *s, enum rank rank)
{
	if (s->any && s->org && s->addr &&
	    place(a, rank, s->of_org) < a->slots.place) {
		a->slots.best = a->slots.next;
		a->slots.before_best = a->slots.before;
		a->slots.place = place(a, rank, s->of_org);
	}
}

/* Look at the next one that waits: which slots it might have, and whether it is
 * the best so far. Returns how many looks that took. */
static unsigned
look_at(struct sts_agent *a, const struct sts_lookup *l, bool live_only)
{
	bool known = (a->slots.general & kind_of(l)) != 0;
	enum rank rank = rank_of(a, l);
	struct standing s;

	if (known &&
	    ((live_only && !l->live) || place(a, rank, 0) >= a->slots.place)) {
		return 1;
	}
	s = standing_of(a, l, live_only);
	if (!known) {
		want(a, l, &s);
	}
	prefer(a, &s, rank);
	return 1U + 2U * a->config.fetch_slots;
}

static bool
in_round(const struct sts_agent *a)
{
	return a->slots.next != STS_NODE_NONE;
}

/* Whether the best lookup so far is of an organisation without a slot: nothing
 * goes before the first such lookup. */
static bool
has_first(const struct sts_agent *a)
{
	return a->slots.place <= place(a, first_rank(a), 0);
}

/* Go on to the next lookup of the round, or end the round. */
static void
pass(struct sts_agent *a, const struct sts_lookup *l)
{
	a->slots.before = a->slots.next;
	a->slots.next = l->next;
	if (!in_round(a) && !l->stalled) {
		a->slots.before = STS_NODE_NONE;
		a->slots.next = a->slots.stalled.head;
	}
	if (has_first(a)) {
		a->slots.next = STS_NODE_NONE;
	}
}

/*
 * Go on with the round, which is over when in_round is false. It finds, of the
 * lookups that may have a slot, the first one of the organisation that has the
 * fewest: so a few owners of many names do not stand before everybody else.
 */
static void
choose(struct sts_agent *a)
{
	bool live_only = newcomers_full(a);
	unsigned looks = 0;

	while (looks < LOOKS && in_round(a)) {
		const struct sts_lookup *l = &a->lookups[a->slots.next];

		looks += look_at(a, l, live_only);
		pass(a, l);
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

/* Take the best one of the round out of its queue; NULL: none may have a
 * slot. A turn that is kept for held policies is not counted: of a single
 * slot's each second one is, and could be each that is for overdue ones. */
static struct sts_lookup *
take_best(struct sts_agent *a)
{
	struct sts_lookup *l;

	if (a->slots.best == STS_NODE_NONE) {
		return NULL;
	}
	l = &a->lookups[a->slots.best];
	sts_agent_unqueue_lookup(a, queue_of(a, l), l, a->slots.before_best);
	if (rank_of(a, l) != LIVE) {
		a->slots.turn = (uint8_t)((a->slots.turn + 1) % OVERDUE_TURN);
	}
	return l;
}

/* Give the lookup a slot; one is free. A lookup that has lost a slot before
 * (stalled) keeps the end that its first fetch had. */
static void
begin_fetch(struct sts_agent *a, struct sts_lookup *l, int64_t wall_s)
{
	uint8_t rnd[STS_TLS_RND];
	unsigned i = 0;

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

/* Go back to the first lookup that waits. */
static void
rewind_round(struct sts_agent *a)
{
	a->slots.next = a->slots.fresh.count > 0 ? a->slots.fresh.head
						 : a->slots.stalled.head;
	a->slots.before = a->slots.best = STS_NODE_NONE;
	a->slots.place = UINT32_MAX;
	a->slots.general = 0;
	for (unsigned i = 0; i < a->config.fetch_slots; i++) {
		if (a->fetches[i].busy) {
			a->fetches[i].lookup->wanted = 0;
		}
	}
}

/* Let one more round follow; more rounds than there are slots are of no use. */
static void
owe_round(struct sts_agent *a)
{
	if (a->slots.owed < a->config.fetch_slots) {
		a->slots.owed++;
	}
}

/* How often the time of a fetch's turn is doubled. */
static unsigned
doubled(const struct sts_fetch *f)
{
	return f->lookup->cut < DOUBLED_MAX ? f->lookup->cut : DOUBLED_MAX;
}

/*
 * How long a fetch keeps its slot without progress, by the number of lookups
 * that wait. It is longer after the handshake, and twice as long after each turn
 * that was cut short: otherwise a slow but healthy host would never be done.
 */
static sts_ms
quantum_ms(const struct sts_agent *a, const struct sts_fetch *f)
{
	unsigned waiting = a->slots.fresh.count;
	sts_ms ms = STS_QUANTUM_MS / (1 + waiting / a->config.fetch_slots);

	ms = ms > STS_QUANTUM_MIN_MS ? ms : STS_QUANTUM_MIN_MS;
	if (f->https.established && ms < STS_TURN_MS) {
		ms = STS_TURN_MS;
	}
	return ms << doubled(f);
}

/* How long a slot is kept in all while newcomers wait. */
static sts_ms
tenure_ms(const struct sts_fetch *f, sts_ms quantum)
{
	sts_ms turn = (sts_ms)STS_TURN_MS << doubled(f);

	return f->https.established && TENURE * quantum > turn
		   ? turn
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

	return !sts_before(a->now, sts_fetch_idle_since(f, a->now) + quantum) ||
	       (is_wanted(f, FRESH) && !has_tenure(a, f) &&
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
 * Whether fetch i is at a host with as many other fetches as may be there. Each
 * may have come by way of dead addresses of its own domain, so that this could
 * not be known when it began.
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

/* End fetches that have had their slot for long enough, as many as lookups
 * wait, if the round that is over has found one for whom each would end. Returns
 * whether there were any. */
static bool
take_slots(struct sts_agent *a)
{
	unsigned most = count_waiting(a), wanted = most;

	for (unsigned i = 0; i < a->config.fetch_slots && wanted > 0; i++) {
		struct sts_fetch *f = &a->fetches[i];

		if (f->busy && is_wanted(f, FRESH | STALLED) &&
		    (outstayed(a, f) || is_surplus(a, i))) {
			sts_fetch_stop(f, STS_WHY_FETCH_STALLED, a->now);
			sts_agent_stir(a, (uint16_t)(a->first_fetch + i));
			wanted--;
		}
	}
	return wanted < most;
}

/* The round is over. Begin the fetch that it has found; if there is none, and
 * the tick's rounds end with this one, look at those that hold slots. */
static void
round_over(struct sts_agent *a, int64_t wall_s)
{
	struct sts_lookup *l =
	    a->slots.busy < a->config.fetch_slots ? take_best(a) : NULL;

	if (l != NULL) {
		begin_fetch(a, l, wall_s);
		if (a->slots.judges) {
			owe_round(a);
		}
		return;
	}
	if (a->slots.owed > 1) {
		a->slots.owed = 1; /* it would find no more than that one */
	}
	if (a->slots.judges && take_slots(a)) {
		owe_round(a); /* when they have ended */
	}
	a->slots.judges = false;
}

/* Go on with the round, if a slot is free or it ends with a look at those that
 * hold slots. */
static void
look_on(struct sts_agent *a)
{
	int64_t wall_s = sts_clock_cert_s(&a->clock);

	if (wall_s < 0 ||
	    (a->slots.busy == a->config.fetch_slots && !a->slots.judges)) {
		a->slots.next = STS_NODE_NONE;
		return;
	}
	choose(a);
	if (!in_round(a)) {
		round_over(a, wall_s);
	}
}

static void
begin_round(struct sts_agent *a)
{
	a->slots.anew = false;
	rewind_round(a);
	look_on(a);
}

void
sts_agent_slots_dispatch(struct sts_agent *a)
{
	if (count_waiting(a) == 0) {
		return;
	}
	/* A due tick comes first, else rounds without end would keep lookups
	 * from failing in time. */
	if (in_round(a) || a->slots.owed > 0 ||
	    !sts_before(a->now, a->slots.at)) {
		owe_round(a);
	} else {
		begin_round(a);
	}
}

/* Go on with the round, or begin one that is owed. */
static void
go_on(struct sts_agent *a)
{
	if (in_round(a)) {
		look_on(a);
	} else if (a->slots.owed > 0) {
		a->slots.owed--;
		begin_round(a);
	}
}

struct sts_lookup *
sts_agent_slots_tick(struct sts_agent *a, enum sts_why *why)
{
	struct sts_lookup *l;

	if (count_waiting(a) == 0) {
		return NULL;
	}
	if (in_round(a) || sts_before(a->now, a->slots.at)) {
		go_on(a);
		return NULL;
	}
	a->slots.at = a->now + TICK_MS;
	l = take_failed(a, why);
	if (l != NULL) {
		/* There may be more of them. */
		a->slots.at = a->now;
		return l;
	}
	a->slots.judges = true;
	begin_round(a);
	return NULL;
}

bool
sts_agent_slots_due(const struct sts_agent *a, sts_ms *at)
{
	*at = in_round(a) || a->slots.owed > 0 ? a->now : a->slots.at;
	return count_waiting(a) > 0;
}

void
sts_agent_slots_leave(struct sts_agent *a)
{
	STS_ASSERT(a->slots.busy > 0);
	a->slots.busy--;
	/* A lookup that the round has passed over may have a slot now. */
	if (in_round(a) && !a->slots.anew) {
		a->slots.anew = true;
		rewind_round(a);
	}
}
