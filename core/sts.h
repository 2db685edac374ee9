/* SPDX-License-Identifier: MIT */
/*
 * libmtasts: the public functions.
 *
 * An agent finds, fetches, caches and answers MTA-STS policies (RFC 8461). It
 * owns only one block of memory, handed in at start, reads no clock and does no
 * I/O: a port (core/port.h) does the I/O, and the board has a loop.
 *
 * Example, with const struct sts_settings *settings, const struct sts_port
 * *port, const uint8_t key[16], sts_ms (*now)(void), int64_t (*wall_s)(void),
 * void (*wait_at_most)(sts_ms):
 *
 *	#include "core/agent/agent_size.h"
 *	#include "core/driver.h"
 *
 *	static const struct sts_config config = { .lookups = 4,
 *		.fetch_slots = 1, .asks = 2, .cache_size = 8192 };
 *	static uint64_t block[STS_AGENT_SIZE(0, 4, 1, 2, 0, 8192) / 8];
 *	static struct sts_agent agent;
 *	static struct sts_driver driver;
 *
 *	sts_agent_init(&agent, &config, settings, block, now(), key);
 *	sts_driver_init(&driver, &agent, port, now());
 *	for (;;) {
 *		wait_at_most(sts_run(&driver, now(), wall_s(), 256));
 *	}
 *
 * It asks by socketmap (sts_listen) or by sts_ask_begin below.
 *
 * Conventions of every header here: one thread; pointers are not NULL unless
 * stated; structs are complete so that they can be placed, fields are private
 * unless stated; spans are borrowed for the call unless stated; programmer
 * errors assert, hostile input never does.
 */
#ifndef STS_H
#define STS_H

#include "../dns/upstream.h"
#include "../tls/x509/anchors.h"
#include "answer/answer.h"
#include "answer/ask.h"
#include "answer/zones.h"
#include "port.h"
#include "settings.h"

struct sts_cache;

/* What is fixed at start. */
struct sts_config {
	uint16_t clients; /* 0..60000 socketmap clients at once; 0 without
	                   * STS_SOCKETMAP */
	uint16_t lookups; /* 1..4096 domains looked up at once */
	uint16_t fetch_slots; /* 1..256 policies fetched at once */
	uint16_t asks; /* 0..256 questions by the C API at once */
	size_t cache_size; /* bytes, >= STS_CACHE_BLOCK_MIN */
	int64_t build_s; /* the clock is wrong when before this */
	/* The buffer of the journal, by which policies outlive a restart: 0, or
	 * >= 256 bytes and a multiple of the store's program unit; every read
	 * and write of the journal uses it. */
	size_t journal_buffer;
	/* 0..1024 domains whose mail hosts are looked up for DANE at once; 0:
	 * there is no DANE, whatever settings and zones want, and without
	 * STS_DANE it is 0. */
	uint16_t danes;
	/* Octets for the operator's list of policies, twice as many as one list
	 * needs: 0, or a multiple of 32 from 2 * STS_PRELOAD_AREA_MIN on.
	 * Without STS_PRELOAD it is 0. */
	size_t preload_size;
	/* Octets for what is counted for TLS reports, 0 or at least
	 * STS_TALLY_SIZE_MIN; 0: nothing is counted or reported, whatever the
	 * settings are. Without STS_REPORT it is 0. Reporting takes a TLS
	 * session and about 50 KB besides. */
	size_t report_memory;
	/* Count only domains with a failure: for small memories. */
	bool report_failures;
	/* The agent's block holds zeros, as fresh memory of a system does: what
	 * of the cache is not used yet is then not touched. */
	bool zeroed;
	/* Policies shared with other gateways (core/share): 0 never, 1 over
	 * connections in the clear, 2 over TLS as well. Without STS_SHARE it
	 * is 0. */
	uint8_t share;
};

struct sts_agent; /* core/agent/agent.h: complete, to be placed by the board */

/* Parts of the block, for a memory plan. */
struct sts_plan {
	size_t clients, lookups, fetches, asks, dns, dane, share, driver,
	    journal, preload, report, cache, total;
};

/* Bytes of the block for this configuration, by parts and in all. */
void sts_agent_plan(const struct sts_config *config, struct sts_plan *plan);
size_t sts_agent_size(const struct sts_config *config);

/*
 * Begin. `block` has sts_agent_size(config) bytes, aligned for a pointer, and
 * belongs to the agent for good. `settings` as for sts_agent_settings.
 * `hash_key`: fresh random bytes.
 */
void sts_agent_init(struct sts_agent *a, const struct sts_config *config,
    const struct sts_settings *settings, void *block, sts_ms now,
    const uint8_t hash_key[16]);

/*
 * Keep policies in a storage, from which they come back at the next start. Call
 * it between sts_agent_init and sts_driver_init, whose port has that store.
 * sts_run then reads the storage, and questions about a domain wait until it
 * has been read. day_budget: octets programmed a day, over which a newer
 * version of a saved policy waits for the next day; 0: no limit.
 * config.journal_buffer must not be 0. False, and there is no journal: the
 * store's sizes break the rules of core/journal/journal.h, or the journal was
 * left out (STS_JOURNAL). Areas smaller than sts_agent_journal_area are read,
 * and not written to.
 *
 * It may also be called later, if the storage was not there at the start: its
 * policies are read while questions wait, and of two versions the one that was
 * fetched later counts. And again, when the areas have grown and still begin
 * with their old content; false: they have not.
 */
bool sts_agent_journal(
    struct sts_agent *a, const struct sts_store *store, uint32_t day_budget);

/*
 * The storage given before was only read, while another process wrote to it:
 * from now on it is ours. Read it again, then write all held policies anew;
 * those that this run has fetched are kept where they are newer. False, and the
 * agent goes on without a journal: the geometry breaks its rules.
 */
bool sts_agent_journal_again(
    struct sts_agent *a, const struct sts_store *store, uint32_t day_budget);

/*
 * Keep the operator's order in the journal, if there is one: not to enforce
 * until until_s (agent time); 0: to enforce. The board sets
 * sts_settings.enforce_off by it. off_s returns the kept order once the journal
 * is loaded, and 0 before.
 */
void sts_agent_set_off(struct sts_agent *a, uint32_t until_s);
uint32_t sts_agent_off_s(const struct sts_agent *a);
uint32_t sts_agent_journal_area(
    const struct sts_config *config, uint32_t prog_size);

/*
 * The state of the storage. While it fails the agent goes on from memory, and
 * tries again after 1, 2, 4, 8, 16, 16... minutes, or seconds while it is first
 * read: parts that could not be read are read first (core/journal/README.md: no
 * answer relies on them until then), then all held policies are written anew.
 * Each change is an event.
 */
enum sts_keeping {
	STS_KEEPING_OFF = 0, /* none was planned */
	STS_KEEPING_OK,
	STS_KEEPING_FAILING, /* or there is no storage yet */
	STS_KEEPING_FULL
};
enum sts_keeping sts_agent_keeping(const struct sts_agent *a);

/* The storage was repaired: try again now. Call sts_driver_wake. */
void sts_agent_journal_retry(struct sts_agent *a);

/* Whether everything is saved that may be: beyond the day's budget policies
 * wait, and without a journal, or with one that has failed, none may be
 * saved. */
bool sts_agent_saved(const struct sts_agent *a);

/*
 * Forget what is held for a domain (lower-case, 1..STS_DOMAIN_MAX octets): its
 * policy or what is remembered instead, in the cache and, for good, in the
 * journal. Work under way for the domain begins anew, if a question waits for
 * it. True: something was held. Call sts_driver_wake afterwards; the removal is
 * on the medium once sts_agent_saved returns true.
 */
bool sts_agent_forget(struct sts_agent *a, struct sts_text domain);

/* The same for the gateways' common store: its record is deleted, now or when it
 * is seen there next. As long as this agent lives it takes in nothing of the
 * domain that was fetched before the order, by the stamp of who fetched it;
 * other gateways keep what they hold. */
void sts_agent_unshare(struct sts_agent *a, struct sts_text domain);

/*
 * Keep events only up to this level (0 error, 1 warning, 2 info, 3 debug):
 * those beyond it are only counted, which spares an answer from the cache a
 * good part of its time. Without this call all are kept.
 */
void sts_agent_events_read(struct sts_agent *a, unsigned level);

/*
 * Use other settings from now on. Work under way goes on with the settings it
 * began with: they stay borrowed until sts_agent_settings_used(a, old) is
 * false.
 */
void sts_agent_settings(struct sts_agent *a, const struct sts_settings *s);
bool sts_agent_settings_used(
    const struct sts_agent *a, const struct sts_settings *old);

/*
 * Look a domain up ahead of its first mail, if there is little else to do. key:
 * as a mail server would send it, without brackets and port. Call
 * sts_driver_wake after BEGUN. The caller keeps the list and sets the pace. A
 * domain whose policy is held counts as asked for today.
 */
enum sts_warm {
	STS_WARM_BEGUN = 0,
	STS_WARM_KNOWN, /* its policy is held, or a result remembered, or it is
			 * being looked up */
	STS_WARM_LATER, /* mail comes first, or the time is not known, or the
			 * port has no random bytes yet */
	STS_WARM_REFUSED /* the key is no domain */
};
enum sts_warm sts_agent_warm(struct sts_agent *a, struct sts_text key);

/*
 * Where a list of policies (core/answer/preload.h) is read into before settings
 * point to it: the first or the second half (i 0 or 1) of preload_size octets;
 * n 0: there is no room. The half of a list that settings in use point to must
 * not be written.
 */
struct sts_span sts_agent_preload_area(const struct sts_agent *a, unsigned i);

/*
 * Stop: no new work is begun, requests in flight are answered, then their
 * clients are closed. Over when sts_agent_idle.
 */
void sts_agent_drain(struct sts_agent *a);
bool sts_agent_idle(const struct sts_agent *a);

/*
 * Ask by the C API. `zone` is a socketmap name (n 0: the default), `key` as a
 * mail server would send it; key stays valid until sts_ask_end. Returns a
 * slot 0..config.asks-1, or -1: none is free. Call
 * sts_driver_wake, and run the driver until the answer is there.
 */
int sts_ask_begin(
    struct sts_agent *a, struct sts_text zone, struct sts_text key);

/*
 * The same, but the domain is looked up and its policy fetched now, whatever is
 * held, whatever failed a moment ago, and whatever the operator decided for the
 * key. The answer comes when that is over, or when the zone's answer_within has
 * passed; the fetch then goes on. A policy that is held is never weakened by
 * this.
 */
int sts_ask_refresh(
    struct sts_agent *a, struct sts_text zone, struct sts_text key);

/* The answer; of kind STS_ANSWER_NONE as long as there is none yet. */
const struct sts_answer *sts_ask_answer(const struct sts_agent *a, int slot);

/* The answer as Postfix would get it ("OK secure match=..."), from byte off;
 * returns the number of bytes, less than out.n at the end. */
size_t sts_ask_render(
    const struct sts_agent *a, int slot, size_t off, struct sts_span out);

/* The question is done with: free its slot. */
void sts_ask_end(struct sts_agent *a, int slot);

/* The record held for a domain, for diagnosis. False: there is none. */
struct sts_held {
	struct sts_entry entry;
	uint32_t now_s; /* agent time, to compare entry's times with */
	bool live; /* a policy that has not expired */
	bool protected; /* a policy that is not evicted to make room */
	uint8_t id_len;
	uint8_t id[32];
	sts_ref ref; /* for sts_payload_mx; valid until the next sts_run */
};
bool sts_agent_held(
    const struct sts_agent *a, struct sts_text domain, struct sts_held *held);
const struct sts_cache *sts_agent_cache(const struct sts_agent *a);

/* The counters and gauges (core/agent/metrics.h): all slots except those of the
 * board, which are 0. */
struct sts_metrics_values;
void sts_agent_metrics(const struct sts_agent *a, struct sts_metrics_values *v);

#endif
