/* SPDX-License-Identifier: MIT */
/*
 * Between the journal's files:
 *
 *	journal.c       the public face: which stage is next, and what to save
 *	journal_load.c  from the storage into the cache
 *	journal_save.c  from the cache to the storage
 *
 *	AREAS -> SCAN -> HEAD <-> BODY         loading
 *	   |       `------'  `-> REST -> IDLE
 *	   `-> IDLE (nothing there), NEWER
 *	IDLE -> RECORD -> RECORD_SYNC -> IDLE   a record is appended
 *	IDLE -> ERASE -> COPY -> COPY_SYNC -> AREA -> AREA_SYNC -> IDLE
 *	                                        the cache into the next area
 *	any stage -> FAILED -> `resume`         an error, and a retry
 */
#ifndef STS_JOURNAL_PRIVATE_H
#define STS_JOURNAL_PRIVATE_H

#include <string.h>

#include "journal.h"

enum sts_journal_stage {
	STS_STAGE_AREAS = 0, /* read the head of area `looked` */
	STS_STAGE_SCAN, /* read heads of records, for the newest stamp */
	STS_STAGE_HEAD, /* read the head of a record to load */
	STS_STAGE_BODY,
	STS_STAGE_REST, /* read what should be erased */
	STS_STAGE_IDLE,
	STS_STAGE_RECORD, /* program a record behind the last */
	STS_STAGE_RECORD_SYNC,
	STS_STAGE_ERASE, /* erase `looked` octets on in the target */
	STS_STAGE_COPY, /* program a record of the cache there */
	STS_STAGE_COPY_SYNC,
	STS_STAGE_AREA, /* program its head */
	STS_STAGE_AREA_SYNC,
	STS_STAGE_NEWER,
	STS_STAGE_FAILED
};

/* Where an area begins in the storage. */
static inline uint32_t
sts_journal_base(const struct sts_journal *j, uint32_t area)
{
	return area * j->g.area_size;
}

/* The next operation of the store; buf stays as it is until that is done. */
static inline void
sts_journal_op(struct sts_journal *j, enum sts_journal_op_kind kind,
    uint32_t off, uint8_t *buf, size_t len)
{
	j->op.kind = kind;
	j->op.off = off;
	j->op.buf = buf;
	j->op.len = len;
	j->pending = true;
}

/* Rest until a retry, which goes on with that stage. */
static inline void
sts_journal_fail(struct sts_journal *j, uint8_t resume)
{
	j->failed = true;
	j->resume = resume;
	j->stage = STS_STAGE_FAILED;
}

/* Prepare the next op of a loading stage. */
void sts_journal_load_next(struct sts_journal *j);
void sts_journal_load_done(struct sts_journal *j, bool ok);

/* Prepare the next op of a saving stage, or none when there is none now. */
void sts_journal_save_next(struct sts_journal *j);
void sts_journal_save_done(struct sts_journal *j, bool ok);

/* Whether the op programs the last piece before a sync, and nothing else is to
 * be done between them. */
bool sts_journal_save_ends(const struct sts_journal *j);

/* Whether the domain is among those that wait to be forgotten, `from` octets on
 * and later. */
bool sts_journal_waits(
    const struct sts_journal *j, size_t from, struct sts_text domain);

/* Begin to append a record, or to write the cache to the next area. */
void sts_journal_save_policy(struct sts_journal *j, sts_ref ref);
void sts_journal_save_forget(struct sts_journal *j);
void sts_journal_save_stamp(struct sts_journal *j);
void sts_journal_save_all(struct sts_journal *j);

/* After a retry: the same, in the area after the last that was tried. */
void sts_journal_save_again(struct sts_journal *j);

#endif
