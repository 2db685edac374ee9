/* SPDX-License-Identifier: MIT */
/*
 * The agent's journal: read while questions wait for it, then written a step at
 * a time. What is saved are policies; absence, back-off and cannot-tell are
 * of this run only.
 *
 * engine, buf     NULL and without meaning unless a buffer was planned
 * on              there is a journal; the fields below count
 * logged, loaded  what was reported of its state, and whether its content is
 *                 in the cache
 * begun, late     when it was first to be read, or last; that is more than a
 *                 minute ago
 * at              when the next step is due; rests: nothing may be saved until
 *                 then
 * unsaved, misses the policies to be saved at the last step, and the steps in
 *                 a row that found none
 * wait_ms         how long a failing storage is left alone; 0 while it works
 *
 * The storage may never answer. From a minute after `begun` on, at the first
 * start as later, questions do not wait for it any more: its policies are
 * missing then, as if it had failed, but it cannot stop all mail.
 *
 * A policy is saved with the agent time it was fetched at, which before a
 * confirmation is the best date there is and afterwards runs with the
 * monotonic clock: a stepped wall clock cannot make it younger. Stamps, which
 * bound the clock of the next start, are times that were confirmed. The
 * attacker may set the clock, cut the power, and publish policies that change
 * all the time; the last costs the day's budget and no more.
 */
#include "agent.h"
#include "../base/assert.h"
#include "../journal/journal.h"

uint32_t
sts_agent_journal_area(const struct sts_config *config, uint32_t prog_size)
{
	return sts_journal_area_min(
	    (uint32_t)(config->cache_size / STS_CHUNK_SIZE), prog_size);
}

static struct sts_journal_geometry
geometry(const struct sts_store *store, uint32_t day_budget)
{
	struct sts_journal_geometry g = { store->prog_size, store->erase_size,
		store->area_size, store->area_count, day_budget };

	return g;
}

/* The journal is to be read from now on, if `fits`. */
static bool
begin(struct sts_agent *a, const struct sts_store *store, bool fits)
{
	a->journal.at = a->journal.begun = a->now;
	a->journal.late = a->journal.loaded = false;
	a->journal.on = fits;
	/* Policies that this run has not read yet may be there. */
	sts_clock_awaits(&a->clock, true);
	if (store->checks) {
		sts_journal_trust(a->journal.engine);
	}
	a->journal.logged = STS_JOURNAL_LOADING;
	return fits;
}

bool
sts_agent_journal(
    struct sts_agent *a, const struct sts_store *store, uint32_t day_budget)
{
	struct sts_journal_geometry g = geometry(store, day_budget);

	if (!STS_JOURNAL) {
		return false;
	}
	STS_ASSERT(a->config.journal_buffer > 0);
	if (sts_agent_keeps(a)) {
		a->journal.at = a->journal.begun = a->now;
		a->journal.late = false;
		return sts_journal_grow(a->journal.engine, &g);
	}
	return begin(a, store,
	    sts_journal_init(a->journal.engine, &g, &a->cache, a->journal.buf,
		a->config.journal_buffer));
}

bool
sts_agent_journal_again(
    struct sts_agent *a, const struct sts_store *store, uint32_t day_budget)
{
	struct sts_journal_geometry g = geometry(store, day_budget);

	STS_ASSERT(sts_agent_keeps(a));
	a->journal.wait_ms = 0;
	return begin(a, store, sts_journal_again(a->journal.engine, &g));
}

sts_ms
sts_agent_journal_early_until(const struct sts_agent *a)
{
	return a->journal.begun + STS_JOURNAL_RETRY_MS;
}

/* Whether the first minute of reading is not over: later, questions that the
 * journal need not decide do not wait for it. */
static bool
is_early(const struct sts_agent *a)
{
	return !a->journal.late &&
	       a->now - a->journal.begun < STS_JOURNAL_RETRY_MS;
}

void
sts_agent_journal_forget_times(struct sts_agent *a)
{
	a->journal.late = !is_early(a);
}

bool
sts_agent_journal_loading(const struct sts_agent *a)
{
	return sts_agent_keeps(a) && !a->journal.loaded && is_early(a) &&
	       sts_journal_state(a->journal.engine) == STS_JOURNAL_LOADING;
}

bool
sts_agent_journal_decides(const struct sts_agent *a, const struct sts_entry *e)
{
	if (!sts_agent_keeps(a) || a->journal.loaded) {
		return false;
	}
	return e != NULL ? e->restored : is_early(a);
}

bool
sts_agent_journal_lost(const struct sts_agent *a)
{
	return sts_agent_keeps(a) && a->journal.engine->lost > 0;
}

bool
sts_agent_journal_awaited(const struct sts_agent *a)
{
	return STS_JOURNAL && a->config.journal_buffer > 0 &&
	       !a->journal.loaded;
}

enum sts_keeping
sts_agent_keeping(const struct sts_agent *a)
{
	if (!sts_agent_keeps(a)) {
		return a->config.journal_buffer > 0 ? STS_KEEPING_FAILING
						    : STS_KEEPING_OFF;
	}
	switch (sts_journal_state(a->journal.engine)) {
	case STS_JOURNAL_FULL:
		return STS_KEEPING_FULL;
	case STS_JOURNAL_FAILED:
	case STS_JOURNAL_NEWER:
		return STS_KEEPING_FAILING;
	default:
		return STS_KEEPING_OK;
	}
}

bool
sts_agent_saved(const struct sts_agent *a)
{
	return !sts_agent_keeps(a) || sts_agent_keeping(a) != STS_KEEPING_OK ||
	       a->journal.rests || !sts_journal_busy(a->journal.engine);
}

/* The journal has been read: all of it that was readable is in the cache. */
static void
loaded(struct sts_agent *a)
{
	struct sts_cache_stats s;
	struct sts_event *e;

	a->stamp_s = sts_journal_stamp_s(a->journal.engine);
	sts_clock_floor(
	    &a->clock, a->stamp_s, sts_journal_since_s(a->journal.engine));
	sts_cache_stats(&a->cache, &s);
	e = sts_agent_log(
	    a, STS_EVENT_JOURNAL_LOADED, STS_WHY_NONE, sts_text(NULL, 0));
	e->number[0] = s.records;
	e->number[1] = a->journal.engine->lost;
}

static void
log_event(struct sts_agent *a, enum sts_event_code code)
{
	sts_agent_log(a, code, STS_WHY_NONE, sts_text(NULL, 0))->number[0] =
	    sts_cache_unsaved_count(&a->cache);
}

/* Log each change of the journal's state once, however often a retry fails. */
static void
watch(struct sts_agent *a)
{
	enum sts_journal_state is = sts_journal_state(a->journal.engine);

	if (is == STS_JOURNAL_FULL) {
		is = STS_JOURNAL_FAILED;
	}
	if (is == a->journal.logged) {
		return;
	}
	if (is == STS_JOURNAL_FAILED || is == STS_JOURNAL_NEWER) {
		log_event(a, STS_EVENT_JOURNAL_FAILED);
	} else if (a->journal.logged == STS_JOURNAL_FAILED) {
		log_event(a, STS_EVENT_JOURNAL_RESUMED);
	}
	a->journal.logged = (uint8_t)is;
	if (!a->journal.loaded && is != STS_JOURNAL_LOADING &&
	    is != STS_JOURNAL_FAILED) {
		a->journal.loaded = true;
		sts_clock_awaits(&a->clock, false);
		loaded(a);
	}
}

/* Whether the storage has failed, so that the next step is a retry. */
static bool
failed(const struct sts_agent *a)
{
	enum sts_journal_state is = sts_journal_state(a->journal.engine);

	return (is == STS_JOURNAL_FAILED || is == STS_JOURNAL_FULL) &&
	       !sts_journal_busy(a->journal.engine);
}

static void
wait_longer(struct sts_agent *a)
{
	if (a->journal.wait_ms == 0) {
		a->journal.wait_ms = a->journal.loaded ? STS_JOURNAL_RETRY_MS
						       : STS_JOURNAL_REREAD_MS;
	} else if (a->journal.wait_ms < STS_JOURNAL_RETRY_MAX_MS) {
		a->journal.wait_ms *= 2;
	}
}

/*
 * Plan the next step. When the day's budget is used up there are unsaved
 * policies that may not be saved: when a whole round over the cache has found
 * nothing to do, the journal rests. A storage that fails is left alone for
 * longer each time; while it is still to be read that begins with moments,
 * since answers depend on it.
 */
static void
pace(struct sts_agent *a, bool worked, sts_ms now)
{
	uint32_t round = sts_cache_chunks(&a->cache) / STS_JOURNAL_SCAN + 1;

	a->journal.at = now;
	a->journal.misses = worked ? 0 : a->journal.misses + 1;
	if (failed(a)) {
		wait_longer(a);
		a->journal.at = now + a->journal.wait_ms;
	} else if (a->journal.logged != STS_JOURNAL_FAILED) {
		a->journal.wait_ms = 0;
	}
	if (a->journal.misses > round) {
		a->journal.misses = 0;
		a->journal.rests = true;
		a->journal.at = now + STS_JOURNAL_REST_MS;
	}
}

static void
wake(struct sts_agent *a)
{
	if (!failed(a)) {
		a->journal.rests = false;
		a->journal.at = a->now;
	}
}

void
sts_agent_journal_retry(struct sts_agent *a)
{
	a->journal.at = a->now;
	a->journal.wait_ms = 0;
}

/* One operation; while the journal is read, up to `budget`: until it is read to
 * its end, or fails, there is nothing else to see to between two of them. */
static int
operate(struct sts_agent *a, const struct sts_store *store, unsigned budget)
{
	struct sts_journal *j = a->journal.engine;
	uint32_t now_s = sts_agent_now_s(a);
	int result = sts_journal_step(j, store, now_s);

	while (--budget > 0 && result > 0 &&
	       sts_journal_state(j) == STS_JOURNAL_LOADING) {
		result = sts_journal_step(j, store, now_s);
	}
	return result;
}

int
sts_agent_journal_step(struct sts_agent *a, const struct sts_store *store,
    unsigned budget, sts_ms now)
{
	uint32_t unsaved = sts_cache_unsaved_count(&a->cache);
	sts_ms at;
	int result;

	STS_ASSERT(budget > 0);
	STS_ASSERT(sts_agent_keeps(a));
	if (unsaved > a->journal.unsaved) {
		wake(a);
	}
	a->journal.unsaved = unsaved;
	if (!sts_agent_journal_due(a, &at) || sts_before(now, at)) {
		return 0;
	}
	a->journal.rests = false;
	sts_journal_retry(a->journal.engine);
	result = operate(a, store, budget);
	if (result != STS_IO_AGAIN) {
		watch(a);
		pace(a, result > 0, now);
	}
	return result;
}

bool
sts_agent_journal_due(const struct sts_agent *a, sts_ms *at)
{
	if (!sts_agent_keeps(a) ||
	    (!sts_journal_busy(a->journal.engine) && !failed(a))) {
		return false;
	}
	*at = a->journal.at;
	return true;
}

void
sts_agent_unkeep(
    struct sts_agent *a, struct sts_text domain, enum sts_journal_reason reason)
{
	if (!sts_agent_keeps(a)) {
		return;
	}
	/* When too many removals wait, all policies that are held are written
	 * anew: the removed ones go with the old copies. */
	if (!sts_journal_forget(a->journal.engine, domain, reason)) {
		sts_journal_compact(a->journal.engine);
	}
	wake(a);
}

void
sts_agent_set_off(struct sts_agent *a, uint32_t until_s)
{
	if (sts_agent_keeps(a)) {
		sts_journal_set_off(a->journal.engine, until_s);
		wake(a);
	}
}

uint32_t
sts_agent_off_s(const struct sts_agent *a)
{
	return sts_agent_keeps(a) && a->journal.loaded
		   ? sts_journal_off_s(a->journal.engine)
		   : 0;
}

/*
 * A jump of the clock that was confirmed may still have been wrong, and a
 * stamp outlives its correction: it waits until time has run on for a while.
 * When the clock was put back after that, the stamp follows.
 */
void
sts_agent_stamp(struct sts_agent *a, uint32_t older_s)
{
	uint32_t now_s = sts_agent_now_s(a);
	uint32_t since_s = sts_clock_since_s(&a->clock);
	uint32_t kept_s;

	if (!sts_agent_keeps(a) || !sts_agent_expires(a)) {
		return;
	}
	kept_s = sts_journal_stamp_s(a->journal.engine);
	if (kept_s > now_s && kept_s - now_s > STS_CLOCK_OFF_S) {
		sts_journal_set_since(a->journal.engine, since_s);
		sts_journal_restamp(a->journal.engine, now_s);
		wake(a);
	} else if (now_s > kept_s && now_s - kept_s >= older_s &&
		   now_s - since_s >= STS_STAMP_AFTER_S) {
		sts_journal_set_since(a->journal.engine, since_s);
		sts_journal_stamp(a->journal.engine, now_s);
		wake(a);
	}
}

void
sts_agent_journal_end(struct sts_agent *a)
{
	if (sts_agent_keeps(a)) {
		sts_agent_stamp(a, 1);
		sts_journal_hurry(a->journal.engine);
		wake(a);
	}
}
