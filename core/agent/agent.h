/* SPDX-License-Identifier: MIT */
/*
 * The agent: takes questions, gives answers, decides when to look again. It is
 * the root of the driver's tree; core/sts.h has what a board calls, this
 * header the struct to place and what the driver and the agent's own files
 * share:
 *
 *	agent.c           what each child wants, what the driver asks
 *	agent_tell.c      what happened, for the log
 *	agent_held.c      what is held for a domain, and whether it counts
 *	agent_queue.c     queues of nodes and lookups
 *	agent_tree.c      the block and the tree of nodes
 *	agent_question.c  questions by the C API
 *	agent_ask.c       a question becomes an answer, at once or later
 *	agent_wait.c      who waits for an answer, and gets it
 *	agent_work.c      a domain is looked up, fetched, remembered
 *	agent_slots.c     who gets a fetch slot, and who loses one
 *	agent_buffers.c   buffers for DNS over TCP, lent to lookups
 *	agent_sweep.c     the clock hand: expiry, refreshes of our own
 *	agent_alert.c     what an operator has to hear
 *	agent_journal.c   what outlives a restart
 *	agent_metrics.c   how things stand, as numbers
 *	decide.c          what is said, given what is known: no state
 */
#ifndef STS_AGENT_H
#define STS_AGENT_H

#include "clock.h"
#include "../base/event.h"
#include "../https/fetch.h"
#include "../journal/journal.h"
#include "../lookup/lookup.h"
#include "metrics.h"
#include "../node.h"
#include "random.h"
#include "../client/client.h"
#include "../sts.h"

enum {
	STS_CHECK_WAIT_MS = 2000, /* for a due check of a held policy, */
	STS_CHECK_FETCH_MS = 5000, /* and in all when the id has changed */
	STS_CHECK_AGAIN_S = 60, /* a failed check is not waited for before */
	STS_TTL_MIN_S = 60, /* what TXT says, or its absence, is kept */
	STS_TTL_MAX_S = 3600,
	STS_BACK_OFF_S = 300, /* for one id (RFC 8461 3.3) */
	STS_UNKNOWN_MIN_S = 30, /* doubling to BACK_OFF_S */
	STS_REFRESH_MIN_S = 3600, /* a domain is refreshed at most so often */
	STS_DAY_S = 86400,
	STS_ASKED_DAYS = 30, /* refreshed if asked for in so many days */
	STS_CLOCK_GRACE_MS = 300000, /* after start, when the time is unknown */
	STS_REFRESH_SHARE = 4, /* of the lookups: one in so many, at most */
	STS_REFRESH_KEPT = 16, /* one in so many that questions cannot take */
	STS_SWEEP_MS = 5000, /* between visits of the clock hand, */
	STS_SWEEP_PACE_MS = 100, /* and after one that began a refresh */
	STS_SWEEP_VISITS = 16, /* for a whole round, in steps of */
	STS_SWEEP_CHUNKS_MIN = 64, /* at least so many */
	STS_SWEEP_CHUNKS_MAX = 4096, /* and at most so many chunks */
	STS_NOTICE_MS = 60000, /* the same complaint at most so often */
	STS_STAMP_S = 3600, /* how often a confirmed time is kept, */
	STS_STAMP_AFTER_S = 2 * 3600, /* not so soon after a jump */
	STS_JOURNAL_REST_MS = 60000, /* when nothing may be saved today */
	STS_JOURNAL_RETRY_MS = 60000, /* after an error of the storage, */
	STS_JOURNAL_RETRY_MAX_MS = 16 * STS_JOURNAL_RETRY_MS /* doubling */
};

/* A list of nodes or lookups by number. */
struct sts_queue {
	uint16_t head, tail, count;
};

/* What an ask waits for. */
enum sts_ask_phase {
	STS_ASK_NONE = 0,
	STS_ASK_QUEUED, /* a free lookup: in a->asks */
	STS_ASK_WAITS, /* its domain's lookup: in that one's list */
	STS_ASK_WAITS_LONGER /* the same, and our own queue was in its way */
};

/* A question by the C API: a leaf without channel. */
struct sts_question {
	struct sts_ask ask;
	bool used, fresh, due;
};

/* Where a lookup is. */
enum sts_work_stage {
	STS_WORK_DISCOVERY = 0, /* the TXT record */
	STS_WORK_ADDRESSES,
	STS_WORK_QUEUED, /* for a fetch slot */
	STS_WORK_FETCH
};

enum sts_notice {
	STS_NOTICE_BUSY,
	STS_NOTICE_CLIENTS,
	STS_NOTICE_REFUSED,
	STS_NOTICES
};

struct sts_agent {
	/* For the driver. */
	struct sts_node *nodes;
	uint16_t node_count;
	uint16_t *heap_slots;
	struct sts_random random;

	/* Private. */
	struct sts_config config;
	const struct sts_settings *settings;
	struct sts_clock clock;
	uint8_t clock_told;
	struct sts_cache cache;
	bool has_journal;
	struct sts_journal *journal; /* NULL: no room was planned for one */
	uint8_t *journal_buf;
	uint32_t stamp_s; /* newest time that was confirmed before the start */
	uint32_t journal_unsaved, journal_misses;
	bool journal_rests; /* nothing more may be saved today */
	bool journal_loaded; /* all that was kept has been read */
	uint8_t journal_told; /* the state that was told last */
	sts_ms journal_wait_ms; /* before the next retry */
	bool serving; /* the journal is not waited for any more */
	sts_ms journal_at; /* not before, unless more is to be saved */
	uint8_t hash_key[STS_SIPHASH_KEY];
	struct sts_client *clients;
	struct sts_question *questions;
	struct sts_lookup *lookups;
	struct sts_fetch *fetches;
	struct sts_x509_links *links;
	uint16_t first_client, first_question, first_lookup, first_fetch;
	uint16_t client_free, lookup_free; /* lists through ask.next, chain */
	uint16_t clients_open, lookups_busy, refreshes_busy, fetches_busy;
	uint16_t *index; /* lookups by domain: heads of chains */
	uint16_t index_mask;
	struct sts_queue stirred; /* children, through node.next_stirred */
	struct sts_queue asks; /* that wait for a lookup */
	struct sts_queue idle; /* clients, the one idle longest first */
	struct sts_queue fresh, stalled; /* lookups that wait for a slot */
	struct sts_queue starved; /* lookups that wait for a TCP buffer */
	uint8_t *buffer[STS_DNS_TCP_BUFFERS]; /* free ones */
	unsigned buffer_count;
	bool newcomer_turn; /* one slot: the last turn was a newcomer's */
	bool draining;
	bool grace_over; /* STS_CLOCK_GRACE_MS have passed since the start */
	sts_ms now, started, sweep_at, slots_at;
	sts_ms noticed[STS_NOTICES];
	uint8_t noticed_once; /* bit a notice */
	uint32_t refused_told;
	uint8_t full_told; /* percent of the protected share, or 0 */
	uint32_t zone_told[8]; /* hashes of unknown zone names, logged once */
	uint8_t zone_told_next;
	uint8_t event_head, event_count;
	uint32_t events_lost; /* since the last was told */
	struct sts_metrics metrics;
	struct sts_event events[STS_EVENTS_MAX + 1]; /* one to drop into */
};

/* Whether the agent has a journal. */
static inline bool
sts_agent_keeps(const struct sts_agent *a)
{
	return STS_JOURNAL && a->has_journal;
}

/* Whether a node, of those that ask, is a client. */
static inline bool
sts_agent_is_client(const struct sts_agent *a, unsigned node)
{
	return STS_SOCKETMAP && node < a->first_question;
}

/* The client that an ask is part of. */
static inline struct sts_client *
sts_agent_client_of(const struct sts_agent *a, const struct sts_ask *ask)
{
	return &a->clients[ask->node - a->first_client];
}

/* For the driver. */
unsigned sts_agent_nodes(const struct sts_config *config);
uint16_t sts_agent_client_free(const struct sts_agent *a);
void sts_agent_client_open(
    struct sts_agent *a, uint16_t node, bool plain, sts_ms now);
/* There is no place for a client: the one idle longest makes room. Whether
 * there are any, who may later if not now. */
bool sts_agent_clients_full(struct sts_agent *a, sts_ms now);
bool sts_agent_event(struct sts_agent *a, struct sts_event *e);

/*
 * The journal, by the driver. step carries out one operation at most: 0 none,
 * 1 done, STS_IO_AGAIN; due says when to call it next, false: not before
 * something else happens. Nothing is served while it is loading.
 */
bool sts_agent_journal_loading(const struct sts_agent *a);
int sts_agent_journal_step(
    struct sts_agent *a, const struct sts_store *store, sts_ms now);
bool sts_agent_journal_due(const struct sts_agent *a, sts_ms *at);

/* Between the agent's own files. */

/* Client i has no question from now on; has one, or is gone. */
void sts_agent_client_idles(struct sts_agent *a, unsigned i);
void sts_agent_client_stirs(struct sts_agent *a, unsigned i);

extern const struct sts_engine_ops sts_agent_ops, sts_question_ops;

/* agent_journal.c */
/* The domain's policy was removed and must not come back from the journal. */
void sts_agent_unkeep(struct sts_agent *a, struct sts_text domain);
/* Keep the time, if it is confirmed and the one kept is that much older. */
void sts_agent_stamp(struct sts_agent *a, uint32_t older_s);
/* Save all there is, budget or not. */
void sts_agent_journal_end(struct sts_agent *a);

/* agent_sweep.c */
void sts_agent_sweep(struct sts_agent *a);

/* agent_alert.c */
/* The refresh of a live policy has failed once more: what stood beside the
 * policy before, and what does now. */
void sts_agent_alert_failed(struct sts_agent *a, struct sts_text domain,
    const struct sts_entry *was, const struct sts_entry *e, uint16_t http_code);
/* It has succeeded. */
void sts_agent_alert_over(
    struct sts_agent *a, struct sts_text domain, const struct sts_entry *was);
/* What is worth a line about a certificate that was accepted. */
void sts_agent_alert_certificate(
    struct sts_agent *a, const struct sts_lookup *l, const struct sts_fetch *f);
void sts_agent_alert_cache(
    struct sts_agent *a, const struct sts_cache_stats *s);

/* agent_tell.c */
struct sts_event *sts_agent_tell(struct sts_agent *a, enum sts_event_code code,
    enum sts_why why, struct sts_text text);
bool sts_agent_notice(struct sts_agent *a, enum sts_notice n);

/* agent_held.c */
uint32_t sts_agent_now_s(const struct sts_agent *a);
bool sts_agent_expires(const struct sts_agent *a);
/* The live policy held for a domain: its reference and header, or 0. */
sts_ref sts_agent_live(
    const struct sts_agent *a, struct sts_text domain, struct sts_entry *e);
/* What is held under a reference. */
void sts_agent_held_at(
    const struct sts_agent *a, sts_ref ref, struct sts_held *held);
/* Tell, once, that a policy has expired. */
void sts_agent_lapse(struct sts_agent *a, sts_ref ref, struct sts_entry *e);

/* agent_queue.c */
void sts_queue_init(struct sts_queue *q);
/* The driver is to serve a child of the agent's, or a lookup, again. */
void sts_agent_stir(struct sts_agent *a, uint16_t node);
void sts_agent_stir_lookup(struct sts_agent *a, const struct sts_lookup *l);
/* At the end of fresh, stalled or starved; a lookup is in one at most. */
void sts_agent_queue_lookup(
    struct sts_agent *a, struct sts_queue *q, struct sts_lookup *l);
/* Take l out of q; `before` leads to it, STS_NODE_NONE: it is the head. */
void sts_agent_queue_leave(struct sts_agent *a, struct sts_queue *q,
    struct sts_lookup *l, uint16_t before);

/* agent_wait.c */
struct sts_ask *sts_agent_ask_of(struct sts_agent *a, uint16_t node);
/* The ask, of phase NONE, waits from now on: for l, or for any free lookup.
 * The caller sets its deadline. */
void sts_agent_wait_for_lookup(
    struct sts_agent *a, struct sts_ask *ask, struct sts_lookup *l);
void sts_agent_wait_in_queue(struct sts_agent *a, struct sts_ask *ask);
/* It waits no more; whatever its phase. */
void sts_agent_wait_end(struct sts_agent *a, struct sts_ask *ask);
/* The ask, which has no answer yet, gets this one. domain: for the log. The
 * policy that it refers to is pinned until the ask is released. */
void sts_agent_answer(struct sts_agent *a, struct sts_ask *ask,
    struct sts_answer with, struct sts_text domain);
/* An answer came while the ask waited: its owner hears of it. */
void sts_agent_hand_over(struct sts_agent *a, struct sts_ask *ask);
/* The client's request was seen to: its reply begins, or it waits. */
void sts_agent_client_taken(struct sts_agent *a, struct sts_client *c);
/* The answer is not needed any more. */
void sts_agent_release(struct sts_agent *a, struct sts_ask *ask);
/* Nor is the question, answered or not. */
void sts_agent_ask_forget(struct sts_agent *a, struct sts_ask *ask);
/*
 * Answer everyone who waits for a lookup. ref: the policy found, or 0, and
 * then what is held counts, else kind and why. over: the lookup is; otherwise
 * it goes on, and questions that asked for its end (afresh) stay.
 */
void sts_agent_settle(struct sts_agent *a, struct sts_lookup *l, sts_ref ref,
    enum sts_kind kind, enum sts_why why, bool over);

/* agent_ask.c */
/* An ask begins. */
void sts_agent_ask(struct sts_agent *a, struct sts_ask *ask);
/* Its deadline has passed without an answer. */
void sts_agent_ask_due(struct sts_agent *a, struct sts_ask *ask);
/* Whether asks wait for a lookup though one is free; some of them go on. What
 * is left goes on at the next tick, which is due at once. */
bool sts_agent_asks_may_go_on(const struct sts_agent *a);
void sts_agent_asks_go_on(struct sts_agent *a);

/* agent_buffers.c */
/* Take back the buffers that a lookup is done with, and lend it one that it
 * needs. */
void sts_agent_buffers(struct sts_agent *a, struct sts_lookup *l);

/* agent_work.c */
struct sts_lookup *sts_agent_work_find(
    struct sts_agent *a, struct sts_text domain);
/*
 * Whether a lookup may begin. Questions cannot take the last ones, nor
 * refreshes of our own more than a share: neither starves the other.
 */
bool sts_agent_work_room(const struct sts_agent *a, bool refresh);
/* NULL: there is no room. */
struct sts_lookup *sts_agent_work_begin(
    struct sts_agent *a, struct sts_text domain, bool refresh);
void sts_agent_work_lookup(struct sts_agent *a, uint16_t i);
void sts_agent_work_fetch(struct sts_agent *a, uint16_t i);
/* It waited for a fetch slot, and cannot go on; of NO_CLOCK nothing is
 * remembered. */
void sts_agent_work_failed(
    struct sts_agent *a, struct sts_lookup *l, enum sts_why why);
/* Refreshes of our own at once. */
unsigned sts_agent_refreshes_max(const struct sts_agent *a);

/*
 * agent_keep.c: put the version that was fetched in place of what is held, and
 * say what changed. *e: the record's; *ref: the version, 0 if the cache did
 * not take it, and why is returned. keep_s: how long what TXT said is good.
 */
enum sts_admission sts_agent_replace(struct sts_agent *a, struct sts_lookup *l,
    uint32_t keep_s, struct sts_fetch *f, struct sts_entry *e, sts_ref *ref);

/* agent_slots.c */
/* The lookup, whose addresses are known, waits for a slot from now on. */
void sts_agent_slots_enqueue(struct sts_agent *a, struct sts_lookup *l);
/* Begin one fetch, if a slot is free and a lookup may have it. */
void sts_agent_slots_dispatch(struct sts_agent *a);
/*
 * Take slots away from fetches that have had theirs for long enough. Returns a
 * lookup that waited in vain, and *why, for the caller to let it fail; NULL:
 * none. One a call, since its failure may draw random bytes.
 */
struct sts_lookup *sts_agent_slots_tick(struct sts_agent *a, enum sts_why *why);

#endif
