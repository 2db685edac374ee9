/* SPDX-License-Identifier: MIT */
/* core/dial/dial: which address is connected to when, by scripts. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../../core/dial/dial.h"
#include "unit.h"

const char unit_name[] = "dial";

/* Time wraps soon after the start. */
#define START ((sts_ms)0xffffff80U)

enum {
	CONNECT_MS = 3000
};

/* The driver, and an owner that takes each connection. */
struct play {
	struct sts_dial d;
	struct sts_addr addr[STS_DIAL_ADDRS_MAX];
	sts_ms now;
	bool open[STS_DIAL_ATTEMPTS];
	char log[512];
};

static void
note(struct play *p, char what, unsigned addr)
{
	size_t n = strlen(p->log);

	snprintf(p->log + n, sizeof p->log - n, "%s%c%u", n > 0 ? " " : "",
	    what, addr);
}

/* What the owner does in child(). */
static void
own(struct play *p)
{
	int i;

	if (sts_dial_taken(&p->d) >= 0) {
		return;
	}
	i = sts_dial_take(&p->d);
	if (i >= 0) {
		note(p, 't', sts_dial_address(&p->d, (unsigned)i));
	}
}

/* Serve an attempt until it wants nothing that it can have. The log gets its
 * address when it begins (+) and when it ends (-). */
static void
serve(struct play *p, unsigned i)
{
	while ((int)i != sts_dial_taken(&p->d)) {
		unsigned wants = sts_dial_wants(&p->d, i);

		ck_assert_uint_eq(wants & (wants - 1), 0);
		if (wants == STS_WANT_STREAM && !p->open[i]) {
			ck_assert_ptr_eq(sts_dial_peer(&p->d, i),
			    &p->addr[sts_dial_address(&p->d, i)]);
			p->open[i] = true;
			note(p, '+', sts_dial_address(&p->d, i));
		} else if (wants == STS_WANT_CLOSE) {
			p->open[i] = false;
			note(p, '-', sts_dial_address(&p->d, i));
			sts_dial_lost(&p->d, i, STS_IO_CLOSED);
		} else if (wants == STS_WANT_OWNER) {
			sts_dial_child(&p->d, i);
			own(p);
		} else {
			return;
		}
	}
}

/* Let happen what can happen without time passing. */
static void
settle(struct play *p)
{
	int i;

	for (unsigned k = 0; k < STS_DIAL_ATTEMPTS; k++) {
		serve(p, k);
	}
	while ((i = sts_dial_stirred(&p->d)) >= 0) {
		serve(p, (unsigned)i);
	}
}

/* Let time pass, with a tick at each deadline. */
static void
pass(struct play *p, unsigned ms)
{
	sts_ms end = p->now + ms, at;

	while (sts_dial_deadline(&p->d, &at) && !sts_before(end, at)) {
		ck_assert(!sts_before(at, p->now));
		p->now = at;
		sts_dial_tick(&p->d, p->now);
		settle(p);
	}
	p->now = end;
	sts_dial_tick(&p->d, p->now);
	settle(p);
}

/* The attempt at this address. */
static unsigned
attempt(const struct play *p, unsigned addr)
{
	unsigned i = 0;

	while (!p->open[i] || sts_dial_address(&p->d, i) != addr) {
		i++;
		ck_assert_uint_lt(i, STS_DIAL_ATTEMPTS);
	}
	return i;
}

static void
lose(struct play *p, unsigned addr, int why)
{
	unsigned i = attempt(p, addr);

	p->open[i] = false;
	sts_dial_lost(&p->d, i, why);
	serve(p, i);
}

/*
 * A word of a script: "250" milliseconds pass; "c0" address 0 is connected,
 * "r0" refuses, "u0" is unreachable, "h0" has no route, "l0" gets no channel,
 * "x0" is reset; "no" the owner rejects the connection, "yes" the owner keeps it; "stop".
 */
static void
word(struct play *p, const char *w)
{
	unsigned addr = (unsigned)strtoul(w + 1, NULL, 10);

	switch (w[0]) {
	case 'c':
		sts_dial_opened(&p->d, attempt(p, addr));
		break;
	case 'r':
		lose(p, addr, STS_IO_REFUSED);
		break;
	case 'u':
		lose(p, addr, STS_IO_UNREACHABLE);
		break;
	case 'h':
		lose(p, addr, STS_IO_NO_ROUTE);
		break;
	case 'l':
		lose(p, addr, STS_IO_LIMIT);
		break;
	case 'x':
		lose(p, addr, STS_IO_RESET);
		break;
	case 'n':
		sts_dial_refuse(&p->d, STS_WHY_TLS_PROTOCOL);
		break;
	case 'y':
		sts_dial_won(&p->d);
		break;
	case 's':
		sts_dial_stop(&p->d);
		break;
	default:
		pass(p, (unsigned)strtoul(w, NULL, 10));
		break;
	}
	settle(p);
}

static const struct {
	const char *name;
	unsigned count;
	const char *script;
	const char *want; /* +: dialled, t: taken, -: closed by us */
	enum sts_why why; /* NONE: it goes on */
} cases[] = {
	{ "the only address", 1, "c0 yes", "+0 t0", STS_WHY_NONE },
	{ "the second begins after 250 ms", 2, "249", "+0", STS_WHY_NONE },
	{ "the second begins after 250 ms", 2, "250", "+0 +1", STS_WHY_NONE },
	{ "no more than two at once", 3, "2999", "+0 +1", STS_WHY_NONE },
	{ "the third begins when the first is out of time", 3, "3000",
	    "+0 +1 -0 +2", STS_WHY_NONE },
	{ "no time is lost by a refusal", 3, "r0 r1 c2", "+0 +1 +2 t2",
	    STS_WHY_NONE },
	{ "all refuse", 2, "r0 r1", "+0 +1", STS_WHY_CONNECT_REFUSED },
	{ "all unreachable", 2, "r0 u1", "+0 +1", STS_WHY_CONNECT_FAILED },
	{ "no address answers", 2, "9000", "+0 +1 -0 -1",
	    STS_WHY_CONNECT_TIMEOUT },

	/* one of two is connected, and the other stays open */
	{ "the other is given up when one is kept", 2, "250 c0 yes",
	    "+0 +1 t0 -1", STS_WHY_NONE },
	{ "the first is slow, the second of no use", 2, "250 c1 no 100 c0",
	    "+0 +1 t1 -1 t0", STS_WHY_NONE },
	{ "the first was connected meanwhile", 2, "250 c1 100 c0 1000 no",
	    "+0 +1 t1 -1 t0", STS_WHY_NONE },
	{ "the second was connected meanwhile", 2, "250 c0 100 c1 4000 no",
	    "+0 +1 t0 -0 t1", STS_WHY_NONE },
	{ "both are of no use", 2, "250 c1 c0 no no", "+0 +1 t1 -1 t0 -0",
	    STS_WHY_TLS_PROTOCOL },
	{ "the first fails, the second goes on", 2, "250 c0 no 100 c1",
	    "+0 +1 t0 -0 t1", STS_WHY_NONE },
	{ "the next addresses after one of no use", 3, "c0 no c1 no c2",
	    "+0 t0 -0 +1 t1 -1 +2 t2", STS_WHY_NONE },
	{ "nothing is dialled while one is tried", 3, "c0 5000", "+0 t0",
	    STS_WHY_NONE },
	{ "the one that stays gets its own time and no more", 2,
	    "250 c1 5000 no", "+0 +1 t1 -0 -1", STS_WHY_TLS_PROTOCOL },
	{ "the one that stays is refused", 3, "250 c1 r0 no c2",
	    "+0 +1 t1 -1 +2 t2", STS_WHY_NONE },
	{ "lost while it waited for its turn: dialled again", 2,
	    "250 c1 c0 x0 no c0", "+0 +1 t1 -1 +0 t0", STS_WHY_NONE },
	{ "lost while it waited: dialled again only once", 2,
	    "250 c1 c0 x0 no 250 c0 no", "+0 +1 t1 -1 +0 t0 -0",
	    STS_WHY_TLS_PROTOCOL },
	{ "stopped with one taken and one that waits", 3, "250 c1 c0 stop",
	    "+0 +1 t1 -0 -1", STS_WHY_CONNECT_NO_ROUTE },
	{ "stopped while both connect", 3, "250 stop 9000", "+0 +1 -0 -1",
	    STS_WHY_CONNECT_NO_ROUTE },

	/* our own network proves nothing about the host */
	{ "no route", 1, "h0", "+0", STS_WHY_CONNECT_NO_ROUTE },
	{ "no route to any", 2, "h0 h1", "+0 +1", STS_WHY_CONNECT_NO_ROUTE },
	{ "no route, the next refuses", 2, "h0 r1", "+0 +1",
	    STS_WHY_CONNECT_REFUSED },
	{ "one refuses, no route to the next", 2, "r0 h1", "+0 +1",
	    STS_WHY_CONNECT_REFUSED },
	{ "one is unreachable, no route to the next", 2, "u0 h1", "+0 +1",
	    STS_WHY_CONNECT_FAILED },
	{ "of no use, no route to the next", 2, "c0 no h1", "+0 t0 -0 +1",
	    STS_WHY_TLS_PROTOCOL },
	{ "no route, no channel", 2, "h0 l1", "+0 +1", STS_WHY_BUSY },
	{ "no channel, no route", 2, "l0 h1", "+0 +1", STS_WHY_BUSY },

	/* our own shortage proves nothing about the host */
	{ "no channel", 1, "l0", "+0", STS_WHY_BUSY },
	{ "no channel, the next refuses", 2, "l0 r1", "+0 +1", STS_WHY_BUSY },
	{ "no channel, the next is of no use", 2, "l0 c1 no", "+0 +1 t1 -1",
	    STS_WHY_BUSY },
	{ "no channel for a second attempt: it begins when the first ends", 2,
	    "250 l1 1000 r0 c1", "+0 +1 +1 t1", STS_WHY_NONE },
	{ "no channel for a second attempt, and both refuse", 2, "250 l1 r0 r1",
	    "+0 +1 +1", STS_WHY_CONNECT_REFUSED },
};

START_TEST(addresses_are_tried_as_the_script_states)
{
	for (size_t i = 0; i < UNIT_COUNT(cases); i++) {
		const char *s = cases[i].script;
		struct play p;
		char w[16];
		int used;

		memset(&p, 0, sizeof p);
		p.now = START;
		sts_dial_init(&p.d);
		sts_dial_start(&p.d, p.addr, cases[i].count, CONNECT_MS, p.now);
		settle(&p);
		while (sscanf(s, "%15s%n", w, &used) == 1) {
			word(&p, w);
			s += used;
		}
		unit_text(cases[i].name, unit_span(p.log), cases[i].want);
		unit_int(cases[i].name, sts_dial_over(&p.d),
		    cases[i].why != STS_WHY_NONE);
		if (cases[i].why != STS_WHY_NONE) {
			unit_int(
			    cases[i].name, sts_dial_why(&p.d), cases[i].why);
		}
		sts_dial_stop(&p.d);
		settle(&p);
		ck_assert(sts_dial_over(&p.d) && sts_dial_closed(&p.d));
		ck_assert(!p.open[0] && !p.open[1]);
	}
}
END_TEST

/* As many addresses as there may be, each in its turn. */
START_TEST(each_address_gets_its_turn)
{
	for (unsigned count = 1; count <= STS_DIAL_ADDRS_MAX; count++) {
		struct play p;

		memset(&p, 0, sizeof p);
		p.now = START;
		sts_dial_init(&p.d);
		sts_dial_start(&p.d, p.addr, count, CONNECT_MS, p.now);
		settle(&p);
		for (unsigned i = 0; i < count; i++) {
			ck_assert(!sts_dial_over(&p.d));
			lose(&p, i, STS_IO_REFUSED);
			settle(&p);
		}
		ck_assert(sts_dial_over(&p.d));
	}
}
END_TEST

/* What comes late, or does not concern an attempt, changes nothing. */
START_TEST(late_events_change_nothing)
{
	struct play p;
	unsigned i;

	memset(&p, 0, sizeof p);
	sts_dial_init(&p.d);
	ck_assert(sts_dial_closed(&p.d));
	sts_dial_start(&p.d, p.addr, 2, CONNECT_MS, 0);
	settle(&p);
	sts_dial_lost(&p.d, 0, STS_IO_EOF);
	unit_int(
	    "wants after an EOF", sts_dial_wants(&p.d, 0), STS_WANT_STREAM);
	sts_dial_lost(&p.d, 1, STS_IO_RESET);
	unit_int("wants without a channel", sts_dial_wants(&p.d, 1), 0);
	sts_dial_tick(&p.d, CONNECT_MS);
	unit_int(
	    "wants when out of time", sts_dial_wants(&p.d, 0), STS_WANT_CLOSE);
	sts_dial_opened(&p.d, 0);
	unit_int(
	    "wants when opened late", sts_dial_wants(&p.d, 0), STS_WANT_CLOSE);
	settle(&p);
	for (i = 0; i < STS_DIAL_ATTEMPTS && !p.open[i]; i++) {
	}
	unit_int("address of the next attempt", sts_dial_address(&p.d, i), 1);
}
END_TEST

/* What happens before the owner has seen what was before it. */
START_TEST(not_seen_yet)
{
	struct play p;
	unsigned i;
	sts_ms at;

	/* Connected, and lost at once: it gets another turn. */
	memset(&p, 0, sizeof p);
	sts_dial_init(&p.d);
	sts_dial_start(&p.d, p.addr, 1, CONNECT_MS, 0);
	settle(&p);
	i = attempt(&p, 0);
	sts_dial_opened(&p.d, i);
	p.open[i] = false;
	sts_dial_lost(&p.d, i, STS_IO_RESET);
	ck_assert(!sts_dial_over(&p.d));
	settle(&p);
	unit_text("another turn", unit_span(p.log), "+0 +0");

	/* Of no use, then without a channel: that is no shortage any more, and
	 * it gets no other turn. */
	memset(&p, 0, sizeof p);
	sts_dial_init(&p.d);
	sts_dial_start(&p.d, p.addr, 2, CONNECT_MS, 0);
	settle(&p);
	word(&p, "250");
	word(&p, "c1");
	i = attempt(&p, 1);
	sts_dial_refuse(&p.d, STS_WHY_TLS_PROTOCOL);
	p.open[i] = false;
	sts_dial_lost(&p.d, i, STS_IO_LIMIT);
	serve(&p, i);
	word(&p, "r0");
	unit_text("no other turn", unit_span(p.log), "+0 +1 t1");
	ck_assert(sts_dial_over(&p.d));

	/* No channel for a second attempt, and the first is lost: the second is
	 * due, though the owner does not know. */
	memset(&p, 0, sizeof p);
	sts_dial_init(&p.d);
	sts_dial_start(&p.d, p.addr, 2, CONNECT_MS, 0);
	settle(&p);
	word(&p, "250");
	word(&p, "l1");
	ck_assert(sts_dial_deadline(&p.d, &at));
	unit_int("the first has its time", (long)at, CONNECT_MS);
	i = attempt(&p, 0);
	p.open[i] = false;
	sts_dial_lost(&p.d, i, STS_IO_REFUSED);
	ck_assert(sts_dial_deadline(&p.d, &at));
	ck_assert_uint_le(at, 2 * 250);
	settle(&p);
	serve(&p, i);
	unit_text("the second", unit_span(p.log), "+0 +1 +1");
}
END_TEST

void
unit_tests(TCase *tc)
{
	tcase_add_test(tc, addresses_are_tried_as_the_script_states);
	tcase_add_test(tc, each_address_gets_its_turn);
	tcase_add_test(tc, late_events_change_nothing);
	tcase_add_test(tc, not_seen_yet);
}
