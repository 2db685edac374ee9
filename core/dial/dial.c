/* SPDX-License-Identifier: MIT */
/*
 * A connection to one of several addresses: attempts, staggered.
 *
 *	FREE --dial--> DIALING --opened--> CONNECTED --child--> READY --take--> TAKEN
 *	  ^               |                    |                  |               |
 *	  |            no channel, or time over, or won by another, refused, stopped
 *	  |               v                    v                  v               v
 *	  +---child--- LOST <--------------------lost---------------------- CLOSING
 *
 * Invariants: a channel exists, or is being opened, exactly in DIALING to TAKEN
 * and in CLOSING. At most one attempt is TAKEN, and `taken` is its number. An
 * address that is in `todo` belongs to no attempt but one that is LOST.
 */
#include <string.h>

#include "dial.h"

enum state {
	FREE = 0,
	DIALING,
	CONNECTED, /* the owner does not know yet */
	READY, /* waits for its turn */
	TAKEN,
	CLOSING,
	LOST /* the owner does not know yet */
};

enum {
	NONE = STS_DIAL_ATTEMPTS
};

STS_STATIC_ASSERT(STS_DIAL_ATTEMPTS <= 8, a_bit_an_attempt);
STS_STATIC_ASSERT(STS_WHY_COUNT <= 256, dial_why_fits_an_octet);

static struct sts_dial_attempt *
attempt_of(struct sts_dial *d, unsigned i)
{
	STS_ASSERT(i < STS_DIAL_ATTEMPTS);
	return &d->attempt[i];
}

static void
stir(struct sts_dial *d, unsigned i)
{
	d->stir |= (uint8_t)(1U << i);
}

static bool
has_channel(const struct sts_dial_attempt *a)
{
	return a->state != FREE && a->state != LOST;
}

static unsigned
open_count(const struct sts_dial *d)
{
	unsigned n = 0;

	for (unsigned i = 0; i < STS_DIAL_ATTEMPTS; i++) {
		n += has_channel(&d->attempt[i]);
	}
	return n;
}

/* An attempt that may begin; NONE: none is free. */
static unsigned
free_attempt(const struct sts_dial *d)
{
	unsigned i = 0;

	while (i < STS_DIAL_ATTEMPTS && d->attempt[i].state != FREE) {
		i++;
	}
	return i;
}

/* Whether another address may be dialled, the time aside. */
static bool
may_dial(const struct sts_dial *d)
{
	return !d->ended && d->todo != 0 && d->taken == NONE &&
	       free_attempt(d) != NONE && !(d->scarce && open_count(d) > 0);
}

/* Begin to connect to the next address, if that may be. */
static void
dial(struct sts_dial *d)
{
	struct sts_dial_attempt *a;
	unsigned i;

	if (!may_dial(d)) {
		return;
	}
	i = free_attempt(d);
	a = attempt_of(d, i);
	a->state = DIALING;
	a->blamed = false;
	a->addr = 0;
	while ((d->todo & (uint32_t)1 << a->addr) == 0) {
		a->addr++;
	}
	d->todo &= ~((uint32_t)1 << a->addr);
	a->until = d->now + d->connect_ms;
	d->next_at = d->now + STS_DIAL_STAGGER_MS;
	stir(d, i);
}

static enum sts_why
why_lost(int lost)
{
	switch (lost) {
	case STS_IO_REFUSED:
	case STS_IO_RESET:
		return STS_WHY_CONNECT_REFUSED;
	case STS_IO_LIMIT: /* our shortage, which says nothing about the host */
		return STS_WHY_BUSY;
	case STS_IO_CLOSED: /* we closed it when the time was over */
		return STS_WHY_CONNECT_TIMEOUT;
	case STS_IO_NO_ROUTE:
		return STS_WHY_CONNECT_NO_ROUTE;
	default:
		return STS_WHY_CONNECT_FAILED;
	}
}

static void
note_why(struct sts_dial *d, enum sts_why why)
{
	/* The reason of the last attempt counts, unless one was not made by a
	 * shortage of ours. One without a route says nothing about the host: an
	 * IPv6 address where there is IPv4 only, say. */
	if (why != STS_WHY_CONNECT_NO_ROUTE) {
		d->why = (uint8_t)sts_why_both(why, (enum sts_why)d->why);
	}
}

/* Close an attempt, for a reason that is known. */
static void
give_up(struct sts_dial *d, unsigned i)
{
	struct sts_dial_attempt *a = attempt_of(d, i);

	if (has_channel(a)) {
		a->state = CLOSING;
		a->blamed = true;
		stir(d, i);
	}
}

void
sts_dial_init(struct sts_dial *d)
{
	memset(d, 0, sizeof *d);
	d->taken = NONE;
	d->ended = true;
}

void
sts_dial_start(struct sts_dial *d, const struct sts_addr *addr, unsigned count,
    uint32_t connect_ms, sts_ms now)
{
	STS_ASSERT(sts_dial_closed(d));
	STS_ASSERT(count >= 1 && count <= STS_DIAL_ADDRS_MAX);
	sts_dial_init(d);
	d->addr = addr;
	d->todo = UINT32_MAX >> (STS_DIAL_ADDRS_MAX - count);
	d->again = d->todo;
	d->connect_ms = connect_ms;
	d->now = now;
	for (unsigned i = 0; i < STS_DIAL_ATTEMPTS; i++) {
		d->attempt[i].until = now + connect_ms; /* of address 0 */
	}
	d->why = STS_WHY_CONNECT_NO_ROUTE;
	d->ended = false;
	dial(d);
}

unsigned
sts_dial_wants(const struct sts_dial *d, unsigned i)
{
	STS_ASSERT(i < STS_DIAL_ATTEMPTS);
	STS_ASSERT(i != d->taken);
	switch ((enum state)d->attempt[i].state) {
	case DIALING:
		return STS_WANT_STREAM;
	case CONNECTED:
	case LOST:
		return STS_WANT_OWNER;
	case CLOSING:
		return STS_WANT_CLOSE;
	case FREE:
	case READY:
	case TAKEN:
		break;
	}
	return 0;
}

const struct sts_addr *
sts_dial_peer(const struct sts_dial *d, unsigned i)
{
	return &d->addr[sts_dial_address(d, i)];
}

unsigned
sts_dial_address(const struct sts_dial *d, unsigned i)
{
	STS_ASSERT(i < STS_DIAL_ATTEMPTS);
	return d->attempt[i].addr;
}

/* Whether address i was begun with after `then`, or not at all. */
static bool
is_later(const struct sts_dial *d, unsigned i, sts_ms then)
{
	bool later = (d->todo & (uint32_t)1 << i) != 0;

	for (unsigned k = 0; k < STS_DIAL_ATTEMPTS; k++) {
		const struct sts_dial_attempt *a = &d->attempt[k];

		later =
		    later || (a->addr == i &&
				 sts_before(then + d->connect_ms, a->until));
	}
	return later;
}

unsigned
sts_dial_begun(const struct sts_dial *d, unsigned count, sts_ms then)
{
	unsigned n = 0;

	while (n < count && !is_later(d, n, then)) {
		n++;
	}
	return n;
}

bool
sts_dial_connects(const struct sts_dial *d, unsigned i)
{
	STS_ASSERT(i < STS_DIAL_ATTEMPTS);
	return d->attempt[i].state == DIALING;
}

void
sts_dial_opened(struct sts_dial *d, unsigned i)
{
	struct sts_dial_attempt *a = attempt_of(d, i);

	if (a->state == DIALING) {
		a->state = CONNECTED;
	}
}

void
sts_dial_lost(struct sts_dial *d, unsigned i, int why)
{
	struct sts_dial_attempt *a = attempt_of(d, i);
	uint32_t bit = (uint32_t)1 << a->addr;

	STS_ASSERT(a->state != TAKEN);
	if (!has_channel(a) || why == STS_IO_EOF) {
		return;
	}
	if (a->state == READY || a->state == CONNECTED) {
		/* An address that waited is not at fault: it gets another turn,
		 * once. */
		d->todo |= d->again & bit;
		d->again &= ~bit;
	}
	a->state = LOST;
	a->lost = why;
}

void
sts_dial_tick(struct sts_dial *d, sts_ms now)
{
	d->now = now;
	for (unsigned i = 0; i < STS_DIAL_ATTEMPTS; i++) {
		struct sts_dial_attempt *a = &d->attempt[i];

		if (a->state == DIALING && !sts_before(now, a->until)) {
			a->state = CLOSING;
			stir(d, i);
		}
	}
	if (!sts_before(now, d->next_at)) {
		dial(d);
	}
}

bool
sts_dial_deadline(const struct sts_dial *d, sts_ms *at)
{
	bool any = may_dial(d);

	if (any) {
		*at = d->next_at;
	}
	for (unsigned i = 0; i < STS_DIAL_ATTEMPTS; i++) {
		const struct sts_dial_attempt *a = &d->attempt[i];

		if (a->state == DIALING) {
			*at = any ? sts_earlier(*at, a->until) : a->until;
			any = true;
		}
	}
	return any;
}

/* The owner has seen the end of an attempt: another may begin. */
static void
ended(struct sts_dial *d, struct sts_dial_attempt *a)
{
	bool limit = a->lost == STS_IO_LIMIT && !a->blamed;

	a->state = FREE;
	d->scarce = limit && open_count(d) > 0;
	if (d->scarce) {
		d->todo |= (uint32_t)1 << a->addr;
	} else if (!a->blamed) {
		note_why(d, why_lost(a->lost));
	}
	dial(d);
}

void
sts_dial_child(struct sts_dial *d, unsigned i)
{
	struct sts_dial_attempt *a = attempt_of(d, i);

	if (a->state == CONNECTED) {
		a->state = READY;
	} else {
		STS_ASSERT(a->state == LOST);
		ended(d, a);
	}
}

int
sts_dial_stirred(struct sts_dial *d)
{
	for (int i = 0; i < STS_DIAL_ATTEMPTS; i++) {
		if ((d->stir & 1U << i) != 0) {
			d->stir &= (uint8_t) ~(1U << i);
			return i;
		}
	}
	return -1;
}

int
sts_dial_taken(const struct sts_dial *d)
{
	return d->taken == NONE ? -1 : d->taken;
}

int
sts_dial_take(struct sts_dial *d)
{
	STS_ASSERT(d->taken == NONE);
	for (unsigned i = 0; i < STS_DIAL_ATTEMPTS && !d->ended; i++) {
		if (d->attempt[i].state == READY) {
			d->attempt[i].state = TAKEN;
			d->taken = (uint8_t)i;
			stir(d, i);
			return (int)i;
		}
	}
	return -1;
}

void
sts_dial_refuse(struct sts_dial *d, enum sts_why why)
{
	unsigned i = d->taken;

	STS_ASSERT(i != NONE);
	note_why(d, why);
	d->taken = NONE;
	give_up(d, i);
}

void
sts_dial_won(struct sts_dial *d)
{
	STS_ASSERT(d->taken != NONE);
	d->ended = true;
	for (unsigned i = 0; i < STS_DIAL_ATTEMPTS; i++) {
		if (i != d->taken) {
			give_up(d, i);
		}
	}
}

void
sts_dial_stop(struct sts_dial *d)
{
	d->ended = true;
	d->taken = NONE;
	for (unsigned i = 0; i < STS_DIAL_ATTEMPTS; i++) {
		give_up(d, i);
	}
}

bool
sts_dial_over(const struct sts_dial *d)
{
	return sts_dial_closed(d) && (d->ended || d->todo == 0);
}

enum sts_why
sts_dial_why(const struct sts_dial *d)
{
	return (enum sts_why)d->why;
}

bool
sts_dial_closed(const struct sts_dial *d)
{
	for (unsigned i = 0; i < STS_DIAL_ATTEMPTS; i++) {
		if (d->attempt[i].state != FREE) {
			return false;
		}
	}
	return true;
}
