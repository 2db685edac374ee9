/* SPDX-License-Identifier: MIT */
/*
 * The promises where DANE is on, judged apart from those of MTA-STS (promises.h,
 * which asks here first):
 *
 *	precedence	usable DANE for all hosts is dane-only, whatever policy
 *			there is; MTA-STS is the answer where there is
 *			definitely none or only some, and nowhere else, so that
 *			it never overrides a DANE that fails (R73)
 *	never weaker	a result holds for its TTL: what cannot be told
 *			meanwhile never takes its place
 *	not invented	a result is what the DNS said while it was looked up, and
 *			no result outlives its TTL
 *	three answers	"try again" is said where it cannot be told, and not where
 *			a result is held or nothing is in the way
 *
 * The agent's events say when a look-up ended, and with what; whether that can
 * be is judged by what the world said meanwhile (mail.h), and every answer by
 * those results.
 */
#ifndef STS_SIM_DANE_H
#define STS_SIM_DANE_H

#include "../../core/base/event.h"
#include "promises.h"

/* What is left to judge after DANE. */
enum dane_rest {
	DANE_REST_NOTHING,
	DANE_REST_ANSWER, /* the answer, as MTA-STS's */
	DANE_REST_NOTFOUND /* "not found", as which MTA-STS saw it */
};

/* What this run is like. */
struct dane_terms {
	bool on;
	bool partial; /* dane_partial dane */
	bool ample; /* no result is given up for room */
	int64_t gather_ms; /* the longest that a look-up takes */
};

void dane_begin(const struct dane_terms *terms);

/* The world may have changed; the wall clock was stepped; the agent stopped. */
void dane_look(void);
void dane_clock(void);
void dane_stopped(void);

/* An event of the agent. */
void dane_event(const struct sts_event *e);

/* Whether a result is certainly held. */
bool dane_holds(const struct site *s);

/* Judge an answer to a question for which DANE is looked up. */
enum dane_rest dane_judge(const struct question *q, const char *answer);

#endif
