/* SPDX-License-Identifier: MIT */
/*
 * The last day in hours: what each of them added to a few counters, and the
 * longest wait in it. Hours are counted from the start by the monotonic clock,
 * so that a step of the wall clock moves none of them; they are not kept over a
 * restart.
 *
 *	while (sts_history_due(&h, now)) {
 *		sts_history_close(&h, counters_as_they_are);
 *	}
 */
#ifndef STS_HISTORY_H
#define STS_HISTORY_H

#include <stdbool.h>
#include <stdint.h>

#include "../../core/base/io.h"

enum {
	STS_HISTORY_ROWS = 24, /* hours, the one that runs among them */
	STS_HISTORY_HOUR_MS = 3600000
};

/* Counters; they wrap (core/agent/metrics.h). */
enum sts_history_column {
	STS_HISTORY_QUESTIONS = 0,
	STS_HISTORY_ENFORCED, /* answers that name a policy or DANE */
	STS_HISTORY_TEMP, /* answers that have mail wait */
	STS_HISTORY_LOOKUPS,
	STS_HISTORY_FAILED, /* fetches of policies */
	STS_HISTORY_COLUMNS
};

struct sts_history_row {
	uint32_t n[STS_HISTORY_COLUMNS];
	uint32_t waited_ms; /* the longest wait for an answer: of this hour
			       alone, also in what is handed in */
};

struct sts_history {
	/* Private: row[hours % ROWS] is the hour that runs; `began` are the
	 * counters at its beginning. */
	sts_ms at;
	uint32_t ms; /* of the hour that runs */
	uint32_t hours; /* over since the start */
	struct sts_history_row began;
	uint32_t waited_ms; /* of all hours that are over */
	struct sts_history_row row[STS_HISTORY_ROWS];
};

/* Begin, with all counters 0. */
void sts_history_begin(struct sts_history *h, sts_ms now);

/* To be called at least once a day, since `now` wraps. True: the hour is over,
 * and is to be closed. */
bool sts_history_due(struct sts_history *h, sts_ms now);

/* Close the hour; `total`: the counters, and the longest wait, which then
 * begins anew. */
void sts_history_close(
    struct sts_history *h, const struct sts_history_row *total);

/* Seconds since the beginning, up to the last sts_history_due. */
uint32_t sts_history_up_s(const struct sts_history *h);

/* The longest wait since the beginning; `total` as above. */
uint32_t sts_history_waited_ms(
    const struct sts_history *h, const struct sts_history_row *total);

/* The hours, the oldest first, the one that runs last. How many:
 * 1..STS_HISTORY_ROWS. */
unsigned sts_history_rows(const struct sts_history *h,
    const struct sts_history_row *total,
    struct sts_history_row out[STS_HISTORY_ROWS]);

#endif
