/* SPDX-License-Identifier: MIT */
/*
 * Sessions, counted by UTC day in one block of memory: for each domain (and its
 * record at _smtp._tls) the policies that were applied, two counters each, and
 * below them the failures, a counter each. Events count for today; the days
 * before stay until their reports are delivered and dropped.
 *
 *	sts_tally_init(&t, block, size, &config);
 *	sts_tally_add(&t, day, &event);                 for each event
 *	sts_tally_day(&t, day);                         when a day begins
 *	for (d = 0; (d = sts_tally_next(&t, slot, d)) != 0;) {
 *		render it (report.h), deliver it
 *		sts_tally_drop(&t, d, true);
 *	}
 *
 * A domain is named by a number (a ref), which stays until the domain is gone:
 * dropped, displaced, or its day ended a third time. A pinned domain stays.
 *
 * Every count is whole: the totals of a domain's report are those of the whole
 * day, or there is no report. So at the limit of memory, in this order:
 *
 *	1. of a policy's failures, the first failures_max are kept one by one,
 *	   the others as one for each result type, without addresses, "further
 *	   failures". So are failures that find no room, and those of an
 *	   organisation (cache/organisation.h) that has its 1/16 of the block.
 *	2. a domain without a failure is not admitted any more when 15/16 of
 *	   the block are used, nor any of an organisation that has its share;
 *	3. a failing domain takes the place of domains without a failure: first
 *	   of today's, the latest first, then of the days before. The displaced
 *	   ones have no report.
 *	4. if a further policy of an admitted domain finds no room even so, the
 *	   domain leaves the block, too.
 *	Of each day sixteen records of a domain are kept apart, so that an owner
 *	who changes his record all the time makes no long list; sessions under
 *	further records are lost. A domain that was refused or displaced is not
 *	admitted again that day, as half a count would be wrong: a filter with a
 *	bit for each 64 octets of the block remembers it. Each organisation has
 *	64 bits there (which others may share by chance): so a flood of names of
 *	a few organisations keeps out no others.
 *
 * Every session is in exactly one report or counted in `lost`.
 */
#ifndef STS_REPORT_TALLY_H
#define STS_REPORT_TALLY_H

#include "../base/siphash.h"
#include "../cache/chunks.h"
#include "report_event.h"

enum {
	STS_TALLY_DAYS = 3, /* today, and two that are being delivered */
	STS_TALLY_SIZE_MIN = 4096,
	STS_TALLY_NO_DAY = 0, /* the clock is not known yet */
	STS_TALLY_DAY_MAX = 49710 /* the last of agent time (clock.h): 2106 */
};

/* Why sessions are in no report. */
enum sts_tally_loss {
	STS_TALLY_REFUSED = 0, /* the domain was not admitted */
	STS_TALLY_SHARE, /* ... since its organisation has its share */
	STS_TALLY_DISPLACED, /* the domain had to make room */
	STS_TALLY_UNDELIVERED, /* dropped without having been delivered */
	STS_TALLY_PASSED, /* failures_only: a success before any failure */
	STS_TALLY_LOSSES
};

struct sts_tally_config {
	uint8_t key[STS_SIPHASH_KEY]; /* random: strangers choose the names */
	/* A domain is admitted at its first failure; its report lacks the
	 * successes before that. For small blocks: with more room, count all
	 * domains and send the reports of those with failures
	 * (sts_tally_domain.failing). */
	bool failures_only;
	uint16_t failures_max; /* of a policy, one by one: 1..1,024 */
};

struct sts_tally {
	/* Private. In front, where code on small machines reaches it more
	 * cheaply. */
	struct sts_chunks chunks;
	/* Read only. */
	uint64_t sessions; /* that were added, since init */
	uint64_t lost[STS_TALLY_LOSSES]; /* of them */
	uint64_t further; /* failures not kept one by one */
	uint32_t changes; /* rises with every change, which makes a snapshot
			   * due, and ends one that is being written */
	uint32_t days[STS_TALLY_DAYS]; /* of each slot; 0: none, or unknown */
	uint32_t domains[STS_TALLY_DAYS]; /* in each slot */
	/* Private. */
	uint32_t removals; /* rises when a ref ends */
	uint8_t today; /* slot */
	bool refused; /* the filter is not empty */
	bool restoring; /* from a snapshot, all of which was admitted before */
	struct sts_tally_config config;
	uint8_t *index, *shares, *filter;
	uint32_t index_count, shares_count, filter_count; /* powers of two */
	struct {
		uint32_t first, last;
	} lists[STS_TALLY_DAYS][2]; /* without a failure, failing */
};

/*
 * Begin an empty tally without a day in the block's `size` octets
 * (STS_TALLY_SIZE_MIN up to 1 GB, any alignment), which are the tally's from
 * now on.
 */
void sts_tally_init(struct sts_tally *t, uint8_t *block, size_t size,
    const struct sts_tally_config *config);

/* Forget everything but the configuration and what was counted since init;
 * nothing that a stranger published stays in memory. */
void sts_tally_empty(struct sts_tally *t);

/*
 * Let the day be `day` (days since 1970, or STS_TALLY_NO_DAY). A later day than
 * today's begins empty; of three days the oldest is given up and its sessions
 * counted as lost. A day not after today's changes nothing: when the clock
 * steps back over midnight, counting stays in the later day. If today's day was
 * not known yet it becomes `day`. False: the oldest day is so large that it is
 * given up by steps, one a call; until the last step the day has not changed.
 */
bool sts_tally_day(struct sts_tally *t, uint32_t day);

/*
 * Count an event for `day` (as sts_tally_day). True: it is counted in a
 * domain's totals. False: it is counted in `lost`. O(text of the event), and
 * O(failures_max) for an event with a failure; displacing adds a step of 16 KB
 * and a domain at most.
 */
bool sts_tally_add(
    struct sts_tally *t, uint32_t day, const struct sts_report_event *e);

/* The slot of today; the slot of the oldest day before it that has a domain, or
 * -1. */
unsigned sts_tally_today(const struct sts_tally *t);
int sts_tally_oldest(const struct sts_tally *t);

/*
 * The domain after `ref` in a slot, 0: the first; returns 0 after the last.
 * Failing ones come first, in the order of their first failures.
 */
uint32_t sts_tally_next(const struct sts_tally *t, unsigned slot, uint32_t ref);

/* Whether ref names a domain now: for refs kept while the tally changes. */
bool sts_tally_is(const struct sts_tally *t, uint32_t ref);

/* The latest domain of a slot with that name, or the one before `ref` with that
 * name (another record); 0: there is none. Any case. O(records of a name). */
uint32_t sts_tally_find(const struct sts_tally *t, unsigned slot,
    struct sts_text domain, uint32_t ref);

/* A text in the block, to be read in pieces. */
struct sts_tally_text {
	uint32_t chunk;
	uint16_t off; /* in the chunk's content */
	uint16_t len; /* what is left */
};

/* The next piece, which is valid until the tally changes; empty: its end. */
struct sts_text sts_tally_piece(
    const struct sts_tally *t, struct sts_tally_text *text);

/* Take the first n octets off a text (n <= its len). */
struct sts_tally_text sts_tally_take(
    const struct sts_tally *t, struct sts_tally_text *text, size_t n);

/* Copy all of a text of at most `size` octets, and return it. */
struct sts_text sts_tally_copy(const struct sts_tally *t,
    struct sts_tally_text text, uint8_t *to, size_t size);

/*
 * How far delivery is: set by the deliverer, kept with the domain and in
 * snapshots; zero at first. `done` has a bit for each destination
 * (sts_tlsrpt_to.number) that has the report, set before the last octet goes
 * out: to send a report twice is worse than to lose it.
 */
struct sts_tally_delivery {
	uint8_t done;
	uint8_t tries;
	uint32_t due_s; /* since 1970 */
};

struct sts_tally_domain {
	struct sts_tally_text name, record;
	uint32_t day;
	uint32_t record_sum; /* CRC-32 of the record */
	uint8_t slot;
	bool failing;
	struct sts_tally_delivery delivery;
	uint32_t policy; /* the first */
};

struct sts_tally_policy {
	enum sts_report_policy type;
	struct sts_tally_text domain;
	/* string_count + mx_count pieces: length (2 octets, big-endian),
	 * text */
	struct sts_tally_text strings;
	uint8_t string_count, mx_count;
	uint32_t successes, failures; /* sessions */
	uint32_t failure; /* the first detail, 0: none */
	uint32_t next; /* 0: the last */
};

struct sts_tally_failure {
	enum sts_report_result result;
	bool further; /* those not kept one by one */
	uint32_t count;
	struct sts_tally_text texts[STS_REPORT_FIELDS];
	uint32_t next; /* 0: the last */
};

/* Get a domain by its ref; and so on. */
void sts_tally_domain(
    const struct sts_tally *t, uint32_t ref, struct sts_tally_domain *out);
void sts_tally_policy(
    const struct sts_tally *t, uint32_t ref, struct sts_tally_policy *out);
void sts_tally_failure(
    const struct sts_tally *t, uint32_t ref, struct sts_tally_failure *out);

/* Sessions of a domain, over its policies. */
void sts_tally_totals(const struct sts_tally *t, uint32_t ref,
    uint64_t *successes, uint64_t *failures);

/* Set how the delivery of a domain's report stands. */
void sts_tally_deliver(
    struct sts_tally *t, uint32_t ref, const struct sts_tally_delivery *d);

/* Pin a domain while it is rendered, up to 255 times at once; unpin it again. A
 * pinned domain is not displaced, but is still given up with its day (report.h:
 * what its reader gets then). */
void sts_tally_pin(struct sts_tally *t, uint32_t ref);
void sts_tally_unpin(struct sts_tally *t, uint32_t ref);

/* Remove a domain whose report is delivered, or given up: then its sessions are
 * lost. The holder of a pin learns from sts_report_gone that it is gone, and
 * does not unpin it. A domain of today is not admitted again today. */
void sts_tally_drop(struct sts_tally *t, uint32_t ref, bool delivered);

/* The number of chunks of 64 octets; of those that are free. */
uint32_t sts_tally_chunks(const struct sts_tally *t);
uint32_t sts_tally_free(const struct sts_tally *t);

/* The invariants as code, for tests. O(block). */
bool sts_tally_check(const struct sts_tally *t);

#endif
