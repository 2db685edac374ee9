/* SPDX-License-Identifier: MIT */
/*
 * The promises where DANE is on, judged before and apart from those of MTA-STS
 * (promises.h, which asks here first):
 *
 *	precedence	usable DANE for all hosts is dane-only, whatever policy
 *			there is; MTA-STS is the answer only where there is
 *			definitely no DANE or DANE for some hosts, so that it
 *			never overrides a DANE that fails (R73)
 *	never weaker	a result holds for its TTL: a look-up that fails
 *			meanwhile never replaces it
 *	not invented	a result is what the DNS answered while it was looked
 *			up, and no result outlives its TTL
 *	three answers	"try again" is answered where the result is unknown, and
 *			not where one is held or no fault affects the DNS
 *
 * The agent's events report when a look-up ended, and with what result. Whether
 * that is possible is judged by what the world published meanwhile (mail.h),
 * and every answer is judged by those results.
 */
#ifndef STS_SIM_DANE_H
#define STS_SIM_DANE_H

#include "../../core/base/event.h"
#include "promises.h"

/* What is left to be judged after DANE. */
enum dane_rest {
	DANE_REST_NOTHING,
	DANE_REST_ANSWER, /* the answer, by the rules of MTA-STS */
	DANE_REST_NOTFOUND /* "not found", which MTA-STS must allow */
};

/* The settings of this run. */
struct dane_terms {
	bool on;
	bool partial; /* dane_partial dane */
	bool ample; /* no result is evicted for room */
	int64_t gather_ms; /* the longest that a look-up takes */
};

void dane_begin(const struct dane_terms *terms);

/* Called when the world may have changed, when the wall clock was stepped, and
 * when the agent stopped. */
void dane_look(void);
void dane_clock(void);
void dane_stopped(void);

/* An event of the agent. */
void dane_event(const struct sts_event *e);

/* Whether the agent certainly holds a result. */
bool dane_holds(const struct site *s);

/* Judge an answer to a question for which DANE is looked up. */
enum dane_rest dane_judge(const struct question *q, const char *answer);

#endif
