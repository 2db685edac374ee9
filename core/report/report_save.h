/* SPDX-License-Identifier: MIT */
/*
 * A tally as bytes, to outlive a restart: written and read in pieces of any
 * size. core/report/README.md has the format.
 *
 *	sts_report_save_begin(&s, &tally);
 *	while ((n = sts_report_save(&s, &tally, room)) > 0) { write it }
 *	if (sts_report_save_done(&s)) it is whole, else begin again
 *
 *	sts_report_load_begin(&l, &tally);
 *	for each piece: sts_report_load(&l, &tally, piece);
 *	sts_report_load_end(&l, &tally)       whether the tally is what was saved
 *
 * A snapshot is of one moment: if anything is counted, delivered or removed
 * between two pieces, it is given up (not done). A board that writes slowly
 * writes from a copy of the memory, as a process that was forked has it.
 */
#ifndef STS_REPORT_SAVE_H
#define STS_REPORT_SAVE_H

#include "report_tally.h"

#define STS_REPORT_SAVE_MAGIC "STSR"

enum {
	STS_REPORT_SAVE_VERSION = 1
};

/* Records. */
enum {
	STS_REPORT_SAVE_HEADER = 1,
	STS_REPORT_SAVE_DOMAIN,
	STS_REPORT_SAVE_POLICY,
	STS_REPORT_SAVE_FAILURE,
	STS_REPORT_SAVE_FILTER,
	STS_REPORT_SAVE_END
};

struct sts_report_save {
	/* Private. */
	uint8_t stage;
	uint8_t slot;
	uint32_t changes; /* of the tally, when it began */
	uint32_t domain, policy, failure; /* refs of what is being written */
	uint32_t block; /* of the filter */
	uint32_t crc, end_crc; /* of all that was written; before the end */
	size_t off; /* octets of the current record that are written */
};

/* Begin a snapshot of what is counted now; *s may hold anything. */
void sts_report_save_begin(
    struct sts_report_save *s, const struct sts_tally *t);

/* Write the next octets to out (at least one of room). Returns how many; 0: the
 * snapshot is whole, or given up since the tally has changed. O(out.n) and one
 * record. */
size_t sts_report_save(
    struct sts_report_save *s, const struct sts_tally *t, struct sts_span out);

/* Whether all of it was written. */
bool sts_report_save_done(const struct sts_report_save *s);

struct sts_report_load {
	/* Private. */
	uint8_t state;
	uint8_t today, slot;
	bool refused, same_filter; /* the filter is saved; it fits the block */
	bool open, failing, left_out; /* a domain was read; found no room */
	uint8_t key[STS_SIPHASH_KEY]; /* what the tally had */
	uint32_t days[STS_TALLY_DAYS];
	uint64_t sessions, further, lost[STS_TALLY_LOSSES];
	struct sts_tally_delivery delivery;
	uint32_t domain, policy; /* what records belong to; 0: lost */
	uint32_t block, crc;
	size_t have; /* octets of the record at hand */
	struct sts_report_event event;
	uint8_t record[STS_REPORT_TEXT + 64];
};

/* Empty *t and begin to fill it (its config stays; the key becomes that of the
 * snapshot). Nothing may be added until load_end. */
void sts_report_load_begin(struct sts_report_load *l, struct sts_tally *t);

/* Take the next octets, whatever they are: faults are found here or at the
 * end. */
void sts_report_load(
    struct sts_report_load *l, struct sts_tally *t, struct sts_text in);

/*
 * True: the snapshot was whole and right, and what fits the tally is in it; the
 * rest is counted as lost. False: it was cut, damaged, of another version, or
 * nothing: *t is empty, as after sts_tally_init.
 */
bool sts_report_load_end(struct sts_report_load *l, struct sts_tally *t);

#endif
