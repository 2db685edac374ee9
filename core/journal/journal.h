/* SPDX-License-Identifier: MIT */
/*
 * Keeps the policies of a cache over a restart, on a storage of areas that are
 * erased as a whole and programmed in units (struct sts_store).
 * core/journal/journal_format.h has the bytes.
 *
 * The engine does no I/O. It returns the next operation and takes its result,
 * so that a storage may take its time. With a store at hand sts_journal_step
 * does both (tests/examples/keep.c is this as a program):
 *
 *	if (!sts_journal_init(&j, &geometry, &cache, buf, sizeof buf))
 *		the geometry breaks its rules;
 *	while (sts_journal_state(&j) == STS_JOURNAL_LOADING &&
 *	    sts_journal_step(&j, &store, 0) >= 0)
 *		;                       the cache holds what was kept
 *	...
 *	while (sts_journal_busy(&j) && sts_journal_step(&j, &store, now_s) > 0)
 *		;                       what was changed is saved
 *
 * Otherwise call sts_journal_next, carry the operation out, and hand its result
 * to sts_journal_done; while the storage answers AGAIN, come back later with
 * the same operation.
 *
 * First it loads: of all areas with a valid head the latest counts; its
 * records go into the cache in their order. Then it saves whatever the cache
 * marks as unsaved, record by record, each followed by a sync. When the area
 * is full, or anything about it is wrong, the whole cache is written to the
 * next area, head last: until that head is on the medium the old area counts,
 * and is untouched.
 *
 * A power cut loses at most what was not saved yet. It never loses another
 * record, nor brings back a policy that no server sent. A damaged record is
 * stepped over, a damaged head of a record ends the area.
 *
 * A storage that failed is tried again when sts_journal_retry is called: areas
 * that could not be read are read before anything is written, and writing goes
 * on with the whole cache in a fresh area. Only a power cut meanwhile loses
 * anything.
 *
 * After programming the place is read back, by the storage itself if it can
 * (struct sts_store: checks): if a bit sticks, the next area is tried. A unit
 * is never programmed twice: if what follows the last record is not erased
 * (0xff) after a start, the cache is written to the next area instead.
 */
#ifndef STS_JOURNAL_H
#define STS_JOURNAL_H

#include "../cache/cache.h"
#include "journal_format.h"
#include "../port.h"

/* Chunks that one call of next looks at for something to save. */
enum {
	STS_JOURNAL_SCAN = 512,
	/* Storage errors in a row after which it waits for a retry. */
	STS_JOURNAL_ERRORS_MAX = 8,
	/* A place that cannot be read so many times, each after a retry, is
	 * damaged: what stands there is lost. */
	STS_JOURNAL_READS_MAX = 10,
	/* Octets of the domains that wait to be forgotten, each with one more;
	 * and how many of them strangers may fill, so that an order of the
	 * operator finds a place whatever they publish. */
	STS_JOURNAL_FORGET_MAX = 2 * STS_NAME_MAX,
	STS_JOURNAL_FORGET_PUBLISHED_MAX = STS_NAME_MAX
};

/* Why a domain is to be forgotten. */
enum sts_journal_reason {
	STS_FORGET_PUBLISHED, /* its own policy says so, or left no room */
	STS_FORGET_ORDERED /* by the operator */
};

struct sts_journal_geometry {
	uint32_t prog_size; /* >= 1; units of programming */
	uint32_t erase_size; /* a multiple of prog_size */
	uint32_t area_size; /* a multiple of erase_size */
	uint32_t area_count; /* >= 2; areas lie one after another from 0 */
	/*
	 * Octets programmed a day (of agent time); over it a newer version of
	 * a policy of which one was saved waits for the next day. 0: no limit.
	 */
	uint32_t day_budget;
};

enum sts_journal_op_kind {
	STS_JOURNAL_READ = 1, /* buf[0..len) from off */
	STS_JOURNAL_PROG, /* buf[0..len) to off: multiples of prog_size */
	STS_JOURNAL_ERASE, /* erase_size octets at off */
	STS_JOURNAL_SYNC
};

struct sts_journal_op {
	enum sts_journal_op_kind kind;
	uint32_t off;
	uint8_t *buf; /* the journal's */
	size_t len;
};

enum sts_journal_state {
	STS_JOURNAL_LOADING = 0,
	STS_JOURNAL_READY, /* all that was kept is in the cache */
	STS_JOURNAL_NEWER, /* written by a newer format: left alone */
	/* Storage errors, or an area too small: until a retry has succeeded
	 * nothing is saved, and maybe not all was read. */
	STS_JOURNAL_FAILED,
	STS_JOURNAL_FULL /* the same, and the reason is STS_IO_LIMIT */
};

struct sts_journal {
	/* Private. */
	struct sts_cache *cache;
	struct sts_journal_geometry g;
	uint8_t *buf;
	size_t buf_size;
	uint8_t stage; /* enum sts_journal_stage: what is being done */
	bool pending; /* op is to be done */
	bool dirty; /* nothing may be appended to the area */
	bool newer; /* a head of a newer version was seen */
	bool small; /* the areas are too small for the cache: they are only
		     * read */
	bool failed, full; /* since an error, until a retry succeeds */
	uint8_t resume; /* the stage that a retry goes on with */
	bool scanned; /* the copy has seen the whole cache once */
	bool stamp_due, compact_due, hurried;
	bool gave_up; /* a record could not be read, however often */
	bool off_given; /* off_s was set in this run, not read */
	bool off_copied; /* the new area has it */
	bool again; /* another process wrote since this run's first reading */
	struct sts_journal_op op;
	uint32_t area; /* that counts; area_count: none */
	uint32_t revision, pos; /* of it; where its next record goes */
	uint32_t unit; /* that its positions are rounded to */
	uint32_t target, write_pos; /* area that is written to, and where */
	uint32_t write_revision; /* of a new area */
	uint32_t looked; /* area whose head is read; place in an erase */
	uint32_t hand; /* chunk of the cache */
	uint32_t stamp_s, since_s; /* newest known */
	uint32_t off_s; /* enforcement is off until then; 0: it is not */
	uint32_t day, day_used, errors;
	/* The record that is read or written. */
	struct sts_journal_record rec;
	struct sts_stage staged;
	sts_ref ref; /* pinned while it is written */
	uint32_t at; /* octets of it done */
	uint32_t crc;
	uint32_t sum; /* of what was programmed last */
	bool check; /* and is to be read back */
	bool trusted; /* the storage does that itself */
	uint8_t head[STS_JOURNAL_HEAD];
	uint8_t domain[STS_NAME_MAX];
	/* The domains whose removal waits, each behind its length. */
	uint8_t forget[STS_JOURNAL_FORGET_MAX];
	uint16_t forget_len; /* octets of it, */
	uint16_t forget_done; /* of which so many, in front, are gone from the
			       * medium when what is written now is there */
	/* Since start, and wrapping. */
	uint32_t saved; /* records */
	uint32_t lost; /* records; all that stood behind a damaged head or in
			* an area with one, or cannot be read, counts as one */
	uint32_t compactions;
	uint32_t written; /* octets */
};

/*
 * The least area_size for a cache of that many chunks: room for all it can
 * hold. Twice as much leaves room for as many changes before the cache is
 * written anew.
 */
uint32_t sts_journal_area_min(uint32_t chunks, uint32_t prog_size);

/*
 * Begin. buf: buf_size octets, a multiple of prog_size, at least that and
 * at least 256; used for all I/O. False, and j is of no use: the
 * geometry breaks its rules. Areas below sts_journal_area_min are read, and
 * nothing is written to them, as not even a removal would surely fit.
 */
bool sts_journal_init(struct sts_journal *j,
    const struct sts_journal_geometry *g, struct sts_cache *cache, uint8_t *buf,
    size_t buf_size);

/* The storage itself reads back what it programs (struct sts_store: checks).
 * Call it after init; it lasts until the next init. */
void sts_journal_trust(struct sts_journal *j);

/*
 * The areas have become larger, and still begin with their old content: go on
 * in them. Only while no operation is pending (asserted). False, and nothing
 * has changed: the geometry breaks its rules, has another number of areas or
 * another program unit than before, or smaller areas.
 */
bool sts_journal_grow(
    struct sts_journal *j, const struct sts_journal_geometry *g);

/*
 * Another process has written to the storage since it was read: read it again,
 * then write everything anew. What this run has fetched counts where it is
 * newer, an order about enforcement that was given in it still counts, and
 * domains that wait to be forgotten still do. sts_journal_trust has to be called
 * anew. False, and j is of no use: the
 * geometry breaks its rules.
 */
bool sts_journal_again(
    struct sts_journal *j, const struct sts_journal_geometry *g);

/*
 * Give up whatever the journal was doing, without a trace in the cache. It is
 * of no use until sts_journal_init begins it anew, over the same cache or none.
 */
void sts_journal_leave(struct sts_journal *j);

/*
 * What to do next; *op is the same until sts_journal_done. False: nothing now;
 * there may be more at a later call (sts_journal_busy). now_s: agent time.
 */
bool sts_journal_next(
    struct sts_journal *j, uint32_t now_s, struct sts_journal_op *op);

/*
 * The op was carried out: 0; STS_IO_LIMIT, there is no room for it, at present;
 * or another error (< 0, not AGAIN).
 */
void sts_journal_done(struct sts_journal *j, int result);

/*
 * next, the call of the store, done. 1: one op done; STS_IO_AGAIN; 0: nothing
 * now. While busy, 0 means to call again at the next turn, not at once: one
 * call looks at STS_JOURNAL_SCAN chunks of the cache, and a day's budget may
 * be used up.
 */
int sts_journal_step(
    struct sts_journal *j, const struct sts_store *store, uint32_t now_s);

/* The state that it is in. */
enum sts_journal_state sts_journal_state(const struct sts_journal *j);

/* The word for a state: "loading", "ready", "newer", "failed", "full". */
const char *sts_journal_state_text(enum sts_journal_state state);

/* Whether anything is unsaved, waits for the next day, or is half done. */
bool sts_journal_busy(const struct sts_journal *j);

/* When the journal has failed or is full: try again. Else nothing happens. */
void sts_journal_retry(struct sts_journal *j);

/* Whether the domain waits to be forgotten: none of its records in the journal,
 * read or not, comes back. */
bool sts_journal_forgets(const struct sts_journal *j, struct sts_text domain);

/* Whether every forgotten domain is gone from the medium, and no stamp or order
 * waits to be written. */
bool sts_journal_forgotten(const struct sts_journal *j);

/* From now on save also what waits for the next day's budget: for the time
 * before an orderly end. */
void sts_journal_hurry(struct sts_journal *j);

/* The newest stamp that was found or given, 0: none. It is what
 * sts_clock_floor wants. */
uint32_t sts_journal_stamp_s(const struct sts_journal *j);

/* Keep a time that is confirmed. A time older than the kept one changes
 * nothing. */
void sts_journal_stamp(struct sts_journal *j, uint32_t now_s);

/* Keep a time that is older than the kept one, because that was wrong. All held
 * policies are written anew. */
void sts_journal_restamp(struct sts_journal *j, uint32_t now_s);

/* Set sts_clock_since_s, which is kept beside the stamp. Set it before the
 * stamp. */
void sts_journal_set_since(struct sts_journal *j, uint32_t since_s);
uint32_t sts_journal_since_s(const struct sts_journal *j);

/*
 * Keep the operator's order over a restart: nothing is enforced until until_s
 * (agent time); 0: policies are enforced. It is written with the next stamp, at
 * once.
 */
void sts_journal_set_off(struct sts_journal *j, uint32_t until_s);
uint32_t sts_journal_off_s(const struct sts_journal *j);

/*
 * The domain's record (1..STS_DOMAIN_MAX octets) was removed from the cache
 * and must not come back after a restart, nor when the journal is read on.
 * `reason`: PUBLISHED uses the first half of the list alone
 * (STS_JOURNAL_FORGET_PUBLISHED_MAX); ORDERED all of it, so that an order finds
 * room for a dozen domains, or one of the longest, whatever is published. True
 * also if the domain waits already. False, and nothing is noted: there is no
 * room, or the format is newer. Call it again later then, or have everything
 * written anew (sts_journal_compact), once all is read.
 */
bool sts_journal_forget(struct sts_journal *j, struct sts_text domain,
    enum sts_journal_reason reason);

/* Write the cache to the next area as soon as the journal is idle, as after the
 * operator has removed many records. */
void sts_journal_compact(struct sts_journal *j);

#endif
