/* SPDX-License-Identifier: MIT */
/* dns/upstream: the plan of tries, by scripts of what the servers do. */
#include <stdio.h>

#include "dns_world.h"

const char unit_name[] = "dns_upstream";

/* Thirty of these take as long as a question waits for a descriptor. */
#define LIMITS_10                                                              \
	"U0=limit U0=limit U0=limit U0=limit U0=limit "                        \
	"U0=limit U0=limit U0=limit U0=limit U0=limit "

/*
 * A script is a list of "how=what". How: U by UDP, T by TCP, in small letters
 * without EDNS, and the number of the server. What: see replies[], reactions[]
 * and react_unopened.
 */
static const struct {
	const char *name;
	unsigned servers;
	const char *script;
	enum sts_found found;
	enum sts_why why;
	uint32_t ms; /* until the result */
} plans[] = {
	{ "found", 1, "U0=found", STS_FOUND, STS_WHY_NONE, 0 },
	{ "R13 nxdomain", 1, "U0=nxdomain", STS_ABSENT, STS_WHY_DNS_NXDOMAIN,
	    0 },
	{ "R13 nodata", 1, "U0=nodata", STS_ABSENT, STS_WHY_DNS_NODATA, 0 },
	{ "no server", 0, "", STS_UNKNOWN, STS_WHY_DNS_NO_SERVER, 0 },

	/* silence: the times of the plan, round the servers */
	{ "a datagram is lost", 1, "U0=silent U0=found", STS_FOUND,
	    STS_WHY_NONE, 1500 },
	{ "the second server answers", 2, "U0=silent U1=found", STS_FOUND,
	    STS_WHY_NONE, 1500 },
	{ "R13 one server, silent", 1,
	    "U0=silent U0=silent u0=silent u0=silent u0=silent u0=silent",
	    STS_UNKNOWN, STS_WHY_DNS_TIMEOUT, 17000 },
	{ "R13 two servers, silent", 2,
	    "U0=silent U1=silent u0=silent u1=silent u0=silent u1=silent",
	    STS_UNKNOWN, STS_WHY_DNS_TIMEOUT, 17000 },
	{ "eight servers, silent: six are asked", 8,
	    "U0=silent U1=silent u2=silent U3=silent u4=silent u5=silent",
	    STS_UNKNOWN, STS_WHY_DNS_TIMEOUT, 17000 },
	{ "an answer to the last try", 3,
	    "U0=silent U1=silent u2=silent u0=silent u1=silent u2=nodata",
	    STS_ABSENT, STS_WHY_DNS_NODATA, 13000 },

	/* errors: the next server at once, the same one a second later */
	{ "R13 servfail, then found", 2, "U0=servfail U1=found", STS_FOUND,
	    STS_WHY_NONE, 0 },
	{ "R13 refused, then absent", 2, "U0=refused U1=nxdomain", STS_ABSENT,
	    STS_WHY_DNS_NXDOMAIN, 0 },
	{ "R13 one server fails twice", 1, "U0=servfail U0=servfail",
	    STS_UNKNOWN, STS_WHY_DNS_SERVFAIL, 1000 },
	{ "one server fails once", 1, "U0=servfail U0=found", STS_FOUND,
	    STS_WHY_NONE, 1000 },
	{ "R13 two servers fail twice", 2,
	    "U0=servfail U1=refused u0=servfail U1=refused", STS_UNKNOWN,
	    STS_WHY_DNS_SERVFAIL, 2000 },
	{ "a server that failed twice is left out", 2,
	    "U0=refused U1=silent u0=refused u1=silent u1=silent u1=silent",
	    STS_UNKNOWN, STS_WHY_DNS_REFUSED, 13500 },
	{ "R13 servfail is a better reason than silence", 2,
	    "U0=servfail U1=silent u0=silent u1=silent u0=silent u1=silent",
	    STS_UNKNOWN, STS_WHY_DNS_SERVFAIL, 15500 },
	{ "R13 servfail is a better reason than refused", 2,
	    "U0=servfail U1=refused u0=refused U1=servfail", STS_UNKNOWN,
	    STS_WHY_DNS_SERVFAIL, 2000 },
	{ "R87 malformed", 1, "U0=malformed U0=malformed", STS_UNKNOWN,
	    STS_WHY_DNS_MALFORMED, 1000 },
	{ "a referral", 2, "U0=referral U1=found", STS_FOUND, STS_WHY_NONE, 0 },
	{ "R11 an alias loop ends the question", 2, "U0=loop", STS_UNKNOWN,
	    STS_WHY_DNS_ALIAS_LOOP, 0 },

	/* no way to the server */
	{ "port unreachable", 2, "U0=reset U1=found", STS_FOUND, STS_WHY_NONE,
	    0 },
	{ "no route", 2, "U0=unreachable U1=found", STS_FOUND, STS_WHY_NONE,
	    0 },
	{ "refused while opening", 2, "U0=deaf U1=found", STS_FOUND,
	    STS_WHY_NONE, 0 },
	{ "nothing reachable", 2,
	    "U0=deaf U1=unreachable u0=reset U1=deaf u0=reset u1=deaf",
	    STS_UNKNOWN, STS_WHY_DNS_UNREACHABLE, 4000 },
	{ "silence is a better reason than unreachable", 2,
	    "U0=deaf U1=silent u0=deaf u1=deaf u0=deaf u1=deaf", STS_UNKNOWN,
	    STS_WHY_DNS_TIMEOUT, 4500 },
	{ "no descriptor, once", 2, "U0=limit U0=found", STS_FOUND,
	    STS_WHY_NONE, 1000 },
	{ "no descriptor, for longer than there are tries", 2,
	    "U0=limit U0=limit U0=limit U0=limit U0=limit U0=limit U0=limit "
	    "U0=found",
	    STS_FOUND, STS_WHY_NONE, 7000 },
	{ "no descriptor, for as long as a question waits", 2,
	    LIMITS_10 LIMITS_10 LIMITS_10, STS_UNKNOWN, STS_WHY_BUSY, 29000 },
	{ "no connection", 1, "U0=tc T0=limit T0=found", STS_FOUND,
	    STS_WHY_NONE, 1000 },

	{ "our shortage breaks the connection", 2, "U0=tc T0=shortage u1=found",
	    STS_FOUND, STS_WHY_NONE, 0 },

	/* R84: TCP */
	{ "R84 truncated", 2, "U0=tc T0=found", STS_FOUND, STS_WHY_NONE, 0 },
	{ "R84 truncated, absent", 2, "U0=tc T0=nodata", STS_ABSENT,
	    STS_WHY_DNS_NODATA, 0 },
	{ "R84 truncated over TCP", 2, "U0=tc T0=tc u1=found", STS_FOUND,
	    STS_WHY_NONE, 0 },
	{ "R84 truncated over TCP each time", 1, "U0=tc T0=tc u0=tc t0=tc",
	    STS_UNKNOWN, STS_WHY_DNS_MALFORMED, 1000 },
	{ "R84 truncated at the last try", 1,
	    "U0=silent U0=silent u0=silent u0=silent u0=silent u0=tc",
	    STS_UNKNOWN, STS_WHY_DNS_TIMEOUT, 13000 },
	{ "R84 TCP refused, the next server", 2, "U0=tc T0=deaf u1=found",
	    STS_FOUND, STS_WHY_NONE, 0 },
	{ "R84 TCP never connects", 2, "U0=tc T0=hang u1=found", STS_FOUND,
	    STS_WHY_NONE, 4000 },
	{ "R84 TCP never answers", 2, "U0=tc T0=silent u1=found", STS_FOUND,
	    STS_WHY_NONE, 4000 },
	{ "R84 TCP reset", 2, "U0=tc T0=reset u1=found", STS_FOUND,
	    STS_WHY_NONE, 0 },
	{ "R84 TCP closed without answer", 2, "U0=tc T0=eof u1=found",
	    STS_FOUND, STS_WHY_NONE, 0 },
	{ "R84 TCP closed within the answer", 2, "U0=tc T0=half u1=found",
	    STS_FOUND, STS_WHY_NONE, 0 },
	{ "R84 TCP closed, then truncated again", 1,
	    "U0=tc T0=half u0=tc t0=found", STS_FOUND, STS_WHY_NONE, 1000 },
	{ "R84 TCP servfail", 2, "U0=tc T0=servfail u1=nodata", STS_ABSENT,
	    STS_WHY_DNS_NODATA, 0 },
	{ "R84 a message of no bytes", 2, "U0=tc T0=empty u1=found", STS_FOUND,
	    STS_WHY_NONE, 0 },
	{ "R84 an answer as large as the buffer", 2, "U0=tc T0=full", STS_FOUND,
	    STS_WHY_NONE, 0 },
	{ "R84 an answer larger than the buffer", 2, "U0=tc T0=large",
	    STS_FOUND, STS_WHY_NONE, 0 },
	{ "R84 a large answer that only its end would decide", 2,
	    "U0=tc T0=disordered", STS_UNKNOWN, STS_WHY_DNS_LARGE, 0 },
	{ "R84 a large answer to another question before", 2,
	    "U0=tc T0=largestranger", STS_FOUND, STS_WHY_NONE, 0 },
	{ "R84 a large answer breaks off, the next server", 2,
	    "U0=tc T0=largehalf u1=found", STS_FOUND, STS_WHY_NONE, 0 },
	{ "R84 a large SERVFAIL", 2, "U0=tc T0=largefail u1=found", STS_FOUND,
	    STS_WHY_NONE, 0 },
	{ "R84 a datagram that may have been cut", 2, "U0=cut T0=found",
	    STS_FOUND, STS_WHY_NONE, 0 },
	{ "R84 another datagram that may have been cut", 2, "U0=cutstranger",
	    STS_FOUND, STS_WHY_NONE, 0 },
	{ "R84 another message before the answer", 2, "U0=tc T0=strangers",
	    STS_FOUND, STS_WHY_NONE, 0 },
	{ "R84 only other messages", 2, "U0=tc T0=flood u1=found", STS_FOUND,
	    STS_WHY_NONE, 0 },

	/* R83: guesses */
	{ "R83 guesses below the limit", 2, "U0=strangers", STS_FOUND,
	    STS_WHY_NONE, 0 },
	{ "R83 guesses over the limit", 2, "U0=flood T0=found", STS_FOUND,
	    STS_WHY_NONE, 0 },
	{ "R83 guesses, and no TCP", 2,
	    "U0=flood T0=deaf u1=flood t1=deaf u0=flood t0=deaf", STS_UNKNOWN,
	    STS_WHY_DNS_UNREACHABLE, 1000 },

	/* R85: EDNS */
	{ "R85 formerr", 2, "U0=formerr u0=found", STS_FOUND, STS_WHY_NONE, 0 },
	{ "R85 notimp", 2, "U0=notimp u0=nodata", STS_ABSENT,
	    STS_WHY_DNS_NODATA, 0 },
	{ "R85 badvers", 2, "U0=badvers u0=found", STS_FOUND, STS_WHY_NONE, 0 },
	{ "R85 formerr twice, the next with EDNS", 2,
	    "U0=formerr u0=formerr u1=found", STS_FOUND, STS_WHY_NONE, 0 },
	{ "R85 formerr, then truncated", 2, "U0=formerr u0=tc t0=found",
	    STS_FOUND, STS_WHY_NONE, 0 },
	{ "R85 formerr over TCP", 2, "U0=tc T0=formerr t0=found", STS_FOUND,
	    STS_WHY_NONE, 0 },
	{ "R85 formerr with and without EDNS", 1,
	    "U0=formerr u0=formerr u0=formerr", STS_UNKNOWN, STS_WHY_DNS_ERROR,
	    1000 },
	{ "R85 the third try goes without", 1, "U0=silent U0=silent u0=found",
	    STS_FOUND, STS_WHY_NONE, 3000 },
	{ "R85 the last tries go without", 1,
	    "U0=silent U0=silent u0=silent u0=silent u0=found", STS_FOUND,
	    STS_WHY_NONE, 9000 },
	{ "R85 a server that lost EDNS, beside one that is down", 2,
	    "U0=deaf U1=silent u0=deaf u1=found", STS_FOUND, STS_WHY_NONE,
	    2500 },
	{ "R85 a server that is asked first in the second round", 8,
	    "U0=deaf U1=deaf u2=deaf U3=found", STS_FOUND, STS_WHY_NONE, 0 },
	{ "R85 over TCP as by the datagram that was answered", 1,
	    "U0=silent U0=silent u0=tc t0=found", STS_FOUND, STS_WHY_NONE,
	    3000 },
	{ "R85 an error that repeats no question", 2, "U0=headless u0=found",
	    STS_FOUND, STS_WHY_NONE, 0 },
	{ "R85 TC that repeats no question", 2, "U0=headlesstc T0=found",
	    STS_FOUND, STS_WHY_NONE, 0 },
};

/* The answer that a word of a script stands for. NULL text: no record. */
static const struct reply {
	const char *word;
	unsigned flags;
	const char *text;
} replies[] = {
	{ "found", 0, "v=STSv1; id=1;" },
	{ "nodata", 0, NULL },
	{ "nxdomain", STS_DNS_NXDOMAIN, NULL },
	{ "servfail", STS_DNS_SERVFAIL, NULL },
	{ "refused", STS_DNS_REFUSED, NULL },
	{ "formerr", STS_DNS_FORMERR, NULL },
	{ "notimp", STS_DNS_NOTIMP, NULL },
	{ "tc", TC, NULL },
};

static bool
react_reply(struct world *w, const char *word)
{
	for (size_t i = 0; i < UNIT_COUNT(replies); i++) {
		if (strcmp(word, replies[i].word) == 0) {
			struct build b;

			world_answer(w, &b, replies[i].flags, replies[i].text);
			world_message(w, &b);
			return true;
		}
	}
	return false;
}

static void
react_strangers(struct world *w, unsigned count)
{
	struct build b;

	world_answer(w, &b, STS_DNS_NXDOMAIN, NULL);
	for (unsigned i = 0; i < count; i++) {
		sts_put16be(b.p, (uint16_t)(w->id + 1 + i));
		world_message(w, &b);
	}
}

static void
react_size(struct world *w, unsigned size)
{
	struct build b;

	world_answer(w, &b, 0, "x");
	memset(b.p + b.n, 0, BUILD_SIZE - b.n);
	b.n = size;
	world_message(w, &b);
}

static void
react_full(struct world *w)
{
	react_size(w, WORLD_BUFFER);
}

static void
react_large(struct world *w)
{
	react_size(w, WORLD_BUFFER + 1);
}

/* A large message: a record, and one that was not asked for. */
static void
large_answer(struct world *w, struct build *b, unsigned flags, const char *text)
{
	size_t at;

	world_answer(w, b, flags, text);
	at = build_rr(b, ADDITIONAL, "junk", 99, 1, 60);
	memset(b->p + b->n, 'j', WORLD_BUFFER);
	b->n += WORLD_BUFFER;
	build_end(b, at);
}

/* The record comes before its alias. */
static void
react_disordered(struct world *w)
{
	struct build b;

	world_answer(w, &b, 0, NULL);
	build_record(&b, ANSWER, "x", STS_DNS_TXT, 60, "abc");
	build_record(&b, ANSWER, "@12", STS_DNS_CNAME, 60, "x");
	memset(b.p + b.n, 0, WORLD_BUFFER);
	b.n += WORLD_BUFFER;
	world_message(w, &b);
}

static void
react_large_stranger(struct world *w)
{
	struct build b;

	large_answer(w, &b, 0, "abc");
	b.p[1] ^= 1;
	world_message(w, &b);
	react_reply(w, "found");
}

static void
react_large_half(struct world *w)
{
	uint8_t length[2];
	struct build b;

	large_answer(w, &b, 0, "abc");
	sts_put16be(length, (uint16_t)b.n);
	world_bytes(w, length, 2);
	world_bytes(w, b.p, b.n - 1);
	unit_int("half", sts_upstream_result(&w->u), STS_PENDING);
	world_lose(w, STS_IO_EOF);
}

static void
react_large_fail(struct world *w)
{
	struct build b;

	large_answer(w, &b, STS_DNS_SERVFAIL, NULL);
	world_message(w, &b);
}

/* Datagrams as long as their room, of which the rest was cut off. */
static void
react_cut(struct world *w)
{
	react_size(w, STS_DNS_DATAGRAM_MAX);
}

static void
react_cut_stranger(struct world *w)
{
	struct build b;

	world_answer(w, &b, 0, "x");
	memset(b.p + b.n, 0, BUILD_SIZE - b.n);
	b.n = STS_DNS_DATAGRAM_MAX;
	b.p[1] ^= 1;
	world_message(w, &b);
	react_reply(w, "found");
}

/* Twelve octets and no question. */
static void
headless(struct world *w, unsigned flags)
{
	struct build b;

	world_answer(w, &b, flags, NULL);
	sts_put16be(b.p + 4, 0);
	b.n = 12;
	world_message(w, &b);
}

static void
react_headless(struct world *w)
{
	headless(w, STS_DNS_FORMERR);
}

static void
react_headless_tc(struct world *w)
{
	headless(w, TC);
}

static void
react_few_strangers(struct world *w)
{
	react_strangers(w, STS_DNS_MISMATCH_MAX - 1);
	react_reply(w, "found");
}

static void
react_flood(struct world *w)
{
	react_strangers(w, STS_DNS_MISMATCH_MAX - 1);
	ck_assert_uint_eq(world_wants(w), STS_WANT_RECV);
	react_strangers(w, 1);
	ck_assert_uint_eq(world_wants(w), STS_WANT_CLOSE);
}

static void
react_badvers(struct world *w)
{
	struct build b;

	world_answer(w, &b, 0, NULL);
	build_opt(&b, ADDITIONAL, "", 0x01000000U);
	world_message(w, &b);
}

static void
react_referral(struct world *w)
{
	struct build b;

	world_answer(w, &b, 0, NULL);
	build_record(&b, AUTHORITY, "com", STS_DNS_NS, 60, "ns.example");
	world_message(w, &b);
}

static void
react_loop(struct world *w)
{
	struct build b;

	world_answer(w, &b, 0, NULL);
	build_record(&b, ANSWER, "@12", STS_DNS_CNAME, 60, "@12");
	world_message(w, &b);
}

static void
react_malformed(struct world *w)
{
	struct build b;

	world_answer(w, &b, 0, "x");
	b.n--;
	world_message(w, &b);
}

static void
react_reset(struct world *w)
{
	world_lose(w, STS_IO_RESET);
}

static void
react_shortage(struct world *w)
{
	world_lose(w, STS_IO_LIMIT);
}

static void
react_eof(struct world *w)
{
	world_lose(w, STS_IO_EOF);
}

static void
react_half(struct world *w)
{
	world_bytes(w, (const uint8_t *)"\0\100abcd", 6);
	world_lose(w, STS_IO_EOF);
}

static void
react_empty(struct world *w)
{
	world_bytes(w, (const uint8_t *)"\0\0", 2);
}

static void
react_silent(struct world *w)
{
	(void)w;
}

/* Reactions besides replies[] that need an open channel and the query. */
static const struct {
	const char *word;
	void (*react)(struct world *w);
} reactions[] = {
	{ "silent", react_silent },
	{ "malformed", react_malformed },
	{ "referral", react_referral },
	{ "loop", react_loop },
	{ "badvers", react_badvers },
	{ "reset", react_reset },
	{ "shortage", react_shortage },
	{ "eof", react_eof },
	{ "half", react_half },
	{ "empty", react_empty },
	{ "full", react_full },
	{ "large", react_large },
	{ "disordered", react_disordered },
	{ "largestranger", react_large_stranger },
	{ "largehalf", react_large_half },
	{ "largefail", react_large_fail },
	{ "cut", react_cut },
	{ "cutstranger", react_cut_stranger },
	{ "headless", react_headless },
	{ "headlesstc", react_headless_tc },
	{ "strangers", react_few_strangers },
	{ "flood", react_flood },
};

static void
react(struct world *w, const char *word)
{
	if (react_reply(w, word)) {
		return;
	}
	for (size_t i = 0; i < UNIT_COUNT(reactions); i++) {
		if (strcmp(word, reactions[i].word) == 0) {
			reactions[i].react(w);
			return;
		}
	}
	ck_abort_msg("no reaction %s", word);
}

/* Reactions that leave no channel. Returns false if the word is none of
 * them. */
static bool
react_unopened(struct world *w, const char *word)
{
	if (strcmp(word, "deaf") == 0) {
		world_lose(w, STS_IO_REFUSED);
	} else if (strcmp(word, "unreachable") == 0) {
		world_lose(w, STS_IO_UNREACHABLE);
	} else if (strcmp(word, "limit") == 0) {
		world_lose(w, STS_IO_LIMIT);
	} else if (strcmp(word, "hang") == 0) {
		sts_ms at;

		ck_assert(sts_upstream_deadline(&w->u, &at));
		w->now = at;
		world_tick(w);
		world_close(w);
	} else {
		return false;
	}
	return true;
}

/* Play one transmission of a script: `how` is checked, and `what` happens. */
static void
transmission(struct world *w, const char *name, char how, unsigned server,
    const char *what)
{
	bool tcp = how == 'T' || how == 't';
	bool edns = how == 'U' || how == 'T';

	world_wait(w);
	if (sts_upstream_needs_buffer(&w->u)) {
		unit_int(name, world_wants(w), STS_WANT_OWNER);
		sts_upstream_lend(&w->u, w->buffer, sizeof w->buffer);
		world_tick(w);
	}
	unit_int(name, sts_upstream_result(&w->u), STS_PENDING);
	unit_int(name, world_wants(w), tcp ? STS_WANT_STREAM : STS_WANT_DGRAM);
	unit_int(
	    name, sts_upstream_peer(&w->u)->port, (long long)(5300 + server));
	if (react_unopened(w, what)) {
		return;
	}
	world_open(w);
	world_send(w);
	unit_int(name, w->edns, edns);
	react(w, what);
}

static void
play_script(struct world *w, const char *name, const char *script)
{
	while (*script != '\0') {
		char how, what[16];
		unsigned server;
		int used;

		ck_assert_int_eq(sscanf(script, "%c%u=%15[a-z]%n", &how,
				     &server, what, &used),
		    3);
		transmission(w, name, how, server, what);
		script += used;
		script += *script == ' ';
	}
}

START_TEST(tries_follow_the_plan)
{
	for (size_t i = 0; i < UNIT_COUNT(plans); i++) {
		const char *name = plans[i].name;
		struct world w;

		world_start(&w, plans[i].servers, WORLD_BUDGET);
		play_script(&w, name, plans[i].script);
		if (sts_upstream_result(&w.u) == STS_PENDING) {
			world_wait(&w);
		}
		unit_int(name, sts_upstream_result(&w.u), plans[i].found);
		unit_int(name, sts_upstream_why(&w.u), plans[i].why);
		unit_int(name, w.now - WORLD_START, plans[i].ms);
		world_close(&w);
		unit_int(name, world_wants(&w), STS_WANT_OWNER);
		unit_int(name, sts_upstream_needs_buffer(&w.u), false);
		world_tick(&w);
		w.now += WORLD_BUDGET;
		sts_upstream_tick(&w.u, w.now);
		unit_int(name, sts_upstream_result(&w.u), plans[i].found);
		unit_int(name, world_wants(&w), STS_WANT_OWNER);
	}
}
END_TEST

/* The budget ends every state, with the most telling reason so far. */
static const struct {
	const char *name;
	const char *script; /* for two servers */
	uint32_t budget_ms;
	enum sts_why why;
	uint32_t ours_ms; /* time that does not count as budget */
} budgets[] = {
	{ "silence", "U0=silent", 700, STS_WHY_DNS_TIMEOUT, 0 },
	{ "silence after servfail", "U0=servfail U1=silent", 700,
	    STS_WHY_DNS_SERVFAIL, 0 },
	{ "silence after formerr", "U0=formerr u0=silent", 700,
	    STS_WHY_DNS_ERROR, 0 },
	{ "pause after servfail", "U0=servfail U1=refused", 700,
	    STS_WHY_DNS_SERVFAIL, 0 },
	{ "silence after no descriptor", "U0=limit U0=silent", 700,
	    STS_WHY_DNS_TIMEOUT, STS_DNS_PAUSE_MS },
	{ "silence after unreachable", "U0=deaf U1=silent", 700,
	    STS_WHY_DNS_TIMEOUT, 0 },
	{ "TCP silent", "U0=tc T0=silent", 700, STS_WHY_DNS_TIMEOUT, 0 },
	{ "no budget", "", 0, STS_WHY_DNS_TIMEOUT, 0 },
};

START_TEST(the_budget_ends_every_state)
{
	for (size_t i = 0; i < UNIT_COUNT(budgets); i++) {
		const char *name = budgets[i].name;
		struct world w;
		sts_ms at;

		world_start(&w, 2, budgets[i].budget_ms);
		play_script(&w, name, budgets[i].script);
		world_close(&w);
		if (budgets[i].budget_ms > 0) {
			world_tick(&w);
			w.now = WORLD_START + budgets[i].budget_ms +
				budgets[i].ours_ms - 1;
			world_tick(&w);
			unit_int(name, sts_upstream_result(&w.u), STS_PENDING);
			ck_assert(sts_upstream_deadline(&w.u, &at));
			unit_int(name, at, (sts_ms)(w.now + 1));
			w.now++;
		}
		world_tick(&w);
		unit_int(name, sts_upstream_result(&w.u), STS_UNKNOWN);
		unit_int(name, sts_upstream_why(&w.u), budgets[i].why);
		world_close(&w);
		unit_int(name, world_wants(&w), STS_WANT_OWNER);
	}
}
END_TEST

/* A name that DNS cannot carry does not exist. */
START_TEST(a_name_too_long_for_dns_does_not_exist)
{
	char domain[245];
	struct sts_dns_name_parts name = { unit_span("_mta-sts"),
		sts_text((const uint8_t *)domain, sizeof domain) };
	struct world w;

	for (size_t i = 0; i < sizeof domain; i++) {
		domain[i] = i % 64 == 63 ? '.' : 'a';
	}
	world_start(&w, 1, WORLD_BUDGET);
	sts_upstream_start(&w.u, &w.servers, NULL, name, STS_DNS_TXT, w.now,
	    WORLD_BUDGET, w.rnd);
	unit_int("R1 result", sts_upstream_result(&w.u), STS_ABSENT);
	unit_int("R1 reason", sts_upstream_why(&w.u), STS_WHY_KEY_LONG);
	unit_int("R1 wants", world_wants(&w), STS_WANT_OWNER);
}
END_TEST

void
unit_tests(TCase *tc)
{
	tcase_add_test(tc, tries_follow_the_plan);
	tcase_add_test(tc, the_budget_ends_every_state);
	tcase_add_test(tc, a_name_too_long_for_dns_does_not_exist);
}
