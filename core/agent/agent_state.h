/* SPDX-License-Identifier: MIT */
/*
 * What the agent's files share: its struct, its times, and what each file does
 * for the others, lowest file first. A field that one file alone uses, set-up
 * and read-outs aside, is in a struct of that file's name. Only core/agent
 * includes this header by name.
 */
#ifndef STS_AGENT_STATE_H
#define STS_AGENT_STATE_H

#include "clock.h"
#include "../base/event.h"
#include "../base/queue.h"
#include "../client/client.h"
#include "../dane/dane_hosts.h"
#include "../https/fetch.h"
#include "../journal/journal.h"
#include "../lookup/lookup.h"
#include "../node.h"
#include "../share/share.h"
#include "../sts.h"
#include "agent_report.h"
#include "metrics.h"
#include "random.h"

enum {
	STS_CHECK_WAIT_MS = 2000, /* an answer waits for a due check of a held
				   * policy, */
	STS_CHECK_FETCH_MS = 5000, /* and in all when the id has changed */
	STS_CHECK_AGAIN_S = 60, /* after a failed check no answer waits for
				 * another */
	STS_TTL_MIN_S = 60, /* how long TXT, or its absence, is kept */
	STS_TTL_MAX_S = 3600,
	STS_BACK_OFF_S = 300, /* for one id (RFC 8461 3.3) */
	STS_UNKNOWN_MIN_S = 30, /* doubling to BACK_OFF_S */
	STS_REFRESH_MIN_S = 3600, /* a domain is refreshed at most so often */
	STS_DAY_S = 86400,
	STS_ASKED_DAYS = 30, /* refreshed if asked for in so many days */
	STS_CLOCK_GRACE_MS = 300000, /* after start, when the time is unknown */
	STS_ORGANISATION_SHARE = 4, /* of the lookups: one in so many */
	STS_REFRESH_SHARE = 4, /* of the lookups: one in so many, at most */
	STS_REFRESH_KEPT = 16, /* one in so many that questions cannot take */
	STS_SWEEP_MS = 5000, /* between visits of the clock hand, */
	STS_SWEEP_PACE_MS = 100, /* and after one that found a late refresh */
	STS_SWEEP_VISITS = 16, /* for a whole round, in steps of */
	STS_SWEEP_CHUNKS_MIN = 64, /* at least so many */
	STS_SWEEP_CHUNKS_MAX = 4096, /* and at most so many chunks */
	/* In the largest caches the hand goes faster: a round in which nothing
	 * is late takes an hour at most. */
	STS_SWEEP_ROUND_MS = 3600000,
	/* Refreshes that are not late begin one by one, so long after each
	 * other, */
	STS_REFRESH_PACE_MS = 5000,
	/* or sooner, so that a refresh of every policy begins within this. */
	STS_REFRESH_ALL_MS = 6 * 3600000,
	STS_NOTICE_MS = 60000, /* the same complaint is logged at most so
			        * often */
	STS_SHARE_AHEAD_S = 300, /* a stamp may be so far in the future */
	STS_SHARE_REPAIR_MS = 60000, /* one key is written again at most so
	                                often; */
	STS_SHARE_REPAIRS = STS_SHARE ? 64 : 1, /* so many are remembered */
	STS_SHARE_FORGOTTEN = STS_SHARE ? 16 : 1, /* domains, one by one */
	STS_SHARE_REFUSALS = 4,
	STS_SHARE_WALK_MS = 100, /* held policies are published again in
				  * steps */
	STS_SHARE_WALK_BUCKETS = 64,
	STS_SHARE_WALK_DOMAINS = 16,
	STS_STAMP_S = 3600, /* how often a confirmed time is kept, */
	STS_STAMP_AFTER_S = 2 * 3600, /* not so soon after a jump */
	STS_JOURNAL_REST_MS = 60000, /* when the day's budget is used up */
	STS_JOURNAL_REREAD_MS = 1000, /* after an error while it is read, and */
	STS_JOURNAL_RETRY_MS = 60000, /* after one while it is written, */
	STS_JOURNAL_RETRY_MAX_MS = 16 * STS_JOURNAL_RETRY_MS /* doubling */
};

/* What an ask waits for. */
enum sts_ask_phase {
	STS_ASK_NONE = 0,
	STS_ASK_JOURNAL, /* the journal, to be read to its end: in
			  * a->journal_asks */
	STS_ASK_QUEUED, /* a free lookup: in a->asks */
	STS_ASK_CROWDED, /* until its organisation has fewer lookups: in
			  * a->crowded */
	STS_ASK_WAITS, /* its domain's lookup: in that one's list */
	STS_ASK_DANE_QUEUED, /* a free one of a->danes: in a->dane.asks */
	STS_ASK_DANE_WAITS /* its domain's hosts: in their list */
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

/* What mail hosts are looked up for. */
enum sts_dane_purpose {
	STS_DANE_FOR_ASKS = 0, /* for asks that wait for their domain's hosts */
	STS_DANE_FOR_PROBE, /* to learn whether the name servers validate */
	STS_DANE_FOR_ROUTE, /* one route: core/route.h */
	STS_DANE_FOR_MX /* one route for which DANE does not count */
};

/*
 * The mail hosts of one domain, being looked up. They are kept apart from the
 * lookups: they are three times as large, there are fewer of them, and what is
 * known of hosts lasts for another time than the policy.
 */
struct sts_dane_work {
	struct sts_dane_hosts hosts;
	struct sts_queue waiters; /* asks, by node number */
	uint64_t organisation; /* keyed hash of the name of its domain's
			        * organisation */
	uint16_t route; /* the question of its route, and 1; 0: none */
	uint8_t purpose; /* enum sts_dane_purpose */
	bool outdated; /* nothing of it is remembered: its domain was forgotten,
		        * or its route given up */
};

/* Complaints that are repeated at most every STS_NOTICE_MS. */
enum sts_notice {
	STS_NOTICE_BUSY,
	STS_NOTICE_CLIENTS,
	STS_NOTICE_REFUSED,
	STS_NOTICE_REPORT,
	STS_NOTICE_SHARE,
	STS_NOTICE_SHARE_FULL,
	STS_NOTICES
};

/* Fields that are used most stand first: nearer fields take less code to
 * reach. */
struct sts_agent {
	/* For the driver. */
	struct sts_node *nodes;
	uint16_t node_count;
	uint16_t *heap_slots;

	/* Private; shared by the agent's files. */
	const struct sts_settings *settings;
	struct sts_client *clients;
	struct sts_question *questions;
	struct sts_lookup *lookups;
	struct sts_fetch *fetches;
	struct sts_dane_work *danes;
	struct sts_agent_report *reporter; /* NULL: no room was planned */
	uint16_t first_client, first_question, first_lookup, first_dane,
	    first_fetch, first_report, first_share;
	struct sts_queue stirred; /* children, through node.next_stirred */
	struct sts_queue journal_asks; /* asks that wait until the journal has
				        * been read */
	struct sts_queue asks; /* asks that wait for a free lookup */
	struct sts_queue crowded; /* asks whose organisation has its share of
				   * the lookups */
	uint16_t lookups_busy;
	uint32_t stamp_s; /* newest time that was confirmed before the start */
	bool serving; /* the journal, if there was one, has been read */
	bool draining;
	bool grace_over; /* STS_CLOCK_GRACE_MS have passed since the start */
	sts_ms now, sweep_at, refresh_at;
	uint32_t waited_ms; /* the longest that a client waited for an answer
	                       since sts_inspect_wait_anew */
	struct sts_config config;
	struct sts_clock clock;
	uint8_t hash_key[STS_SIPHASH_KEY];
	struct sts_metrics metrics; /* for the driver, as random */

	struct {
		struct sts_tls_common *common; /* of all TLS sessions */
		uint8_t clock; /* the clock's state that was logged last */
		sts_ms started;
	} root; /* agent.c */
	struct {
		uint16_t free; /* a list through ask.next */
		uint16_t used; /* slots that ever had a client: nothing beyond
		                  is set up, nor its memory touched */
		uint16_t open;
		struct sts_queue idle; /* the one idle longest first */
	} client;
	struct {
		uint8_t *free[STS_DNS_TCP_BUFFERS];
		unsigned count; /* of free ones */
		uint16_t holder[STS_DNS_TCP_BUFFERS]; /* number of the legs
		                                         that have each */
		unsigned lent;
		struct sts_queue starved; /* lookups that wait for one */
	} buffers;
	struct {
		struct sts_queue fresh, stalled; /* lookups that wait */
		uint16_t busy;
		bool newcomer; /* of a single slot: the last turn was a
			        * newcomer's */
		uint8_t turn; /* 0: the turn of lookups that wait too long */
		sts_ms at; /* the next look at the fetches that hold slots */
		uint16_t next, before; /* in a round, the lookup to be looked
		                          at, and what leads to it */
		uint16_t best, before_best; /* so far, and what leads to it */
		uint32_t place; /* of the best */
		uint8_t general; /* the kinds of lookups of which one may
		                    have whatever slot its kind may */
		uint16_t owed; /* rounds that are to follow */
		bool anew; /* the round has begun anew */
		bool judges; /* the rounds since the tick end with a look at
		                the fetches that hold slots */
	} slots;
	struct {
		uint16_t *index; /* lookups by domain: heads of chains, as many
		                    as lookups */
		uint16_t free; /* a list through lookup.chain */
		uint16_t used; /* lookups that ever began, like client.used */
		uint16_t refreshes; /* lookups begun by ourselves */
		bool
		    refresh_waits; /* a refresh waits for a lookup that questions
		                       have, and no other is under way */
	} work;
	struct {
		uint64_t zone[8]; /* hashes of unknown zone names, by the boot's
		                     key: logged once */
		uint8_t zone_next;
		bool crowd_turn; /* the next one is of the crowded */
		uint16_t crowded; /* of the crowded, those to be looked at */
		sts_ref seen; /* what seems to be the record that the question
		                 at hand is about; 0: nothing was looked up
		                 ahead */
	} ask;
	struct {
		struct sts_queue asks; /* that wait for a free one */
		uint16_t look; /* of the asks, those to be looked at */
		uint16_t used; /* works that ever began, like client.used */
		uint16_t busy;
		uint8_t resolver; /* enum sts_dane_resolver */
		sts_ms probe_at;
	} dane;
	struct {
		uint8_t *area; /* two halves; NULL: no room was planned */
		const struct sts_preload *logged; /* its end was */
		uint16_t logged_day;
	} preload;
	struct {
		struct sts_share *engine; /* NULL: no memory was planned */
		struct sts_queue waits; /* lookups that a record may spare */
		uint32_t taken, refused[STS_SHARE_REFUSALS];
		uint32_t unlogged; /* refused since the last line of the log */
		struct {
			uint64_t hash;
			sts_ms at;
		} repaired[STS_SHARE_REPAIRS];
		/* Of these domains, and of any, what others fetched until then
		 * was forgotten. */
		struct {
			uint64_t hash;
			uint32_t until_s;
		} forgotten[STS_SHARE_FORGOTTEN];
		uint32_t forgotten_s;
		struct sts_walk walk; /* over what is to be published again */
		bool walks;
		sts_ms walk_at;
	} share;
	struct {
		uint32_t refused; /* the cache's count that was logged */
		uint8_t full; /* percent of the protected share, or 0 */
	} alert;
	struct {
		bool on;
		bool rests; /* nothing more may be saved today */
		bool late; /* it began to be read over a minute ago */
		bool loaded; /* all that was kept has been read */
		uint8_t logged; /* the state that was logged last */
		struct sts_journal *engine; /* NULL: no room was planned */
		uint8_t *buf;
		uint32_t unsaved, misses;
		sts_ms wait_ms; /* before the next retry */
		sts_ms begun; /* to be read */
		sts_ms at; /* not before, unless more is to be saved */
	} journal;

	/* The large ones at the end: code on small machines reaches what is in
	 * front more cheaply. */
	struct {
		uint8_t head, count;
		uint8_t unread; /* nobody reads this level and those beyond
		                   it; 0: all are read */
		uint32_t lost; /* events lost since the last report of that */
		sts_ms noticed[STS_NOTICES];
		uint8_t noticed_once; /* bit a notice: noticed[] counts */
		struct sts_event events[STS_EVENTS_MAX + 1]; /* one to drop
		                                                into */
	} log;
	struct sts_cache cache;
	struct sts_dns_health dns_health; /* outlives the settings */
	struct sts_random random;
};

/* Why a record of another gateway was refused. */
enum sts_share_refusal {
	STS_SHARE_REFUSAL_MAC = 0,
	STS_SHARE_REFUSAL_STAMP,
	STS_SHARE_REFUSAL_SYNTAX,
	STS_SHARE_REFUSAL_ROOM
};

/* What is known of the trusted name servers. */
enum sts_dane_resolver {
	STS_DANE_RESOLVER_UNKNOWN = 0,
	STS_DANE_RESOLVER_SEES, /* they validate DNSSEC */
	STS_DANE_RESOLVER_BLIND /* they do not: none of their answers is
				 * authenticated */
};

/* Whether the agent has a journal. */
static inline bool
sts_agent_keeps(const struct sts_agent *a)
{
	return STS_JOURNAL && a->journal.on;
}

/* Whether the agent has room for TLS reports. */
static inline bool
sts_agent_reports(const struct sts_agent *a)
{
	return STS_REPORT && a->config.report_memory > 0;
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

/* agent_log.c */
/*
 * Note an event for the log; text is a domain, or what a peer sent, of which
 * as much is kept as there is room for. Returns the event, whose numbers and
 * mode the caller may fill in at once.
 */
struct sts_event *sts_agent_log(struct sts_agent *a, enum sts_event_code code,
    enum sts_why why, struct sts_text text);
/* Whether a complaint may be logged now; if so, it counts as logged. */
bool sts_agent_notice(struct sts_agent *a, enum sts_notice n);
/* Let complaints that lie far enough back be logged again. Must be called more
 * often than milliseconds wrap, else a notice seems to lie ahead. */
void sts_agent_notices_forget(struct sts_agent *a);

/* agent_queue.c */
/* Have the driver serve a child of the agent's, or a lookup, again. */
void sts_agent_stir(struct sts_agent *a, uint16_t node);
void sts_agent_stir_lookup(struct sts_agent *a, const struct sts_lookup *l);
/* Take the node that was stirred first; STS_NODE_NONE: there is none. */
uint16_t sts_agent_stirred(struct sts_agent *a);
/* The ask of a node: a client's or a question's. */
struct sts_ask *sts_agent_ask_of(struct sts_agent *a, uint16_t node);
/* Put an ask at the end of a queue; it is in one queue at most. Take it out of
 * that queue. */
void sts_agent_queue_ask(
    struct sts_agent *a, struct sts_queue *q, struct sts_ask *ask);
void sts_agent_unqueue_ask(
    struct sts_agent *a, struct sts_queue *q, struct sts_ask *ask);
/* Put a lookup at the end of a queue of lookups; it is in one at most. */
void sts_agent_queue_lookup(
    struct sts_agent *a, struct sts_queue *q, struct sts_lookup *l);
/* Take l out of q; `before` leads to l, STS_NODE_NONE: l is the head. */
void sts_agent_unqueue_lookup(struct sts_agent *a, struct sts_queue *q,
    struct sts_lookup *l, uint16_t before);

/*
 * RFC 8461 3.3: whether a fetch failed a moment ago, so that none begins. If the
 * end of the back-off lies further ahead than a back-off lasts, it was set under
 * a clock that was put back since: it does not count.
 */
static inline bool
sts_agent_backs_off(const struct sts_entry *e, uint32_t now_s)
{
	return now_s < e->retry_s && e->retry_s - now_s <= STS_BACK_OFF_S;
}

/* How long a domain is left alone about which name servers gave no usable answer:
 * STS_UNKNOWN_MIN_S, doubling with each failure to STS_BACK_OFF_S. */
static inline uint32_t
sts_agent_unknown_wait_s(uint8_t failures)
{
	return failures < 4 ? (uint32_t)STS_UNKNOWN_MIN_S << failures
			    : (uint32_t)STS_BACK_OFF_S;
}

/* A count of failures or turns that stops at its largest value. */
static inline uint8_t
sts_agent_one_more(uint8_t count)
{
	return (uint8_t)(count < UINT8_MAX ? count + 1 : count);
}

/* How long a lookup has waited by a shortage of ours since it began: in queues,
 * for its turns to compute, and in turns of a slot that were too short to be of
 * use. O(fetch slots) while it has one. */
uint32_t sts_agent_ours_ms(
    const struct sts_agent *a, const struct sts_lookup *l);

/* agent_held.c */
uint32_t sts_agent_now_s(const struct sts_agent *a);
/* Whether expiry takes effect: the clock is confirmed. */
bool sts_agent_expires(const struct sts_agent *a);
/* The time and whether expiry takes effect, for the cache. */
struct sts_now sts_agent_time(const struct sts_agent *a);
/* The live policy held for a domain: its reference and header, or 0. */
sts_ref sts_agent_live(
    const struct sts_agent *a, struct sts_text domain, struct sts_entry *e);
/* Get the record held under a reference. */
void sts_agent_held_at(
    const struct sts_agent *a, sts_ref ref, struct sts_held *held);
/* If the record's policy has expired: log that, once. */
void sts_agent_lapse(struct sts_agent *a, sts_ref ref, struct sts_entry *e);

/* agent_preload.c */
/* Whether the settings' list of policies, which is there, has not expired. */
bool sts_agent_preload_live(
    const struct sts_agent *a, const struct sts_settings *s);
/* Log that the list in use is over: once, and again each day. */
void sts_agent_preload_log(struct sts_agent *a);

/* agent_clients.c */
/* Client i has no question from now on. */
void sts_agent_client_idles(struct sts_agent *a, unsigned i);
/* Client i has a question, or is closed. Nothing if it was not idle. */
void sts_agent_client_stirs(struct sts_agent *a, unsigned i);
/* The connection of client i, which has no question, is closed. */
void sts_agent_client_gone(struct sts_agent *a, unsigned i);

/* agent_buffers.c */
/* Take back the buffers that number i (lookups, then danes) is done with, and
 * lend it one that it needs. */
void sts_agent_buffers(struct sts_agent *a, uint16_t i);

/* agent_slots.c */
/* The lookup, whose addresses are known, waits for a slot from now on. */
void sts_agent_slots_enqueue(struct sts_agent *a, struct sts_lookup *l);
/* Begin one fetch, now or some steps later, if a slot is free and a lookup may
 * have it. */
void sts_agent_slots_dispatch(struct sts_agent *a);
/* A fetch is over: its slot is free once sts_fetch_end was called. */
void sts_agent_slots_leave(struct sts_agent *a);
/*
 * Take slots away from fetches that have had theirs for long enough. Returns a
 * lookup that waited in vain, and *why, for the caller to let it fail; NULL:
 * none. At most one a call, since a failure may draw random bytes.
 */
struct sts_lookup *sts_agent_slots_tick(struct sts_agent *a, enum sts_why *why);
/* When tick is due; false: not before something else happens. */
bool sts_agent_slots_due(const struct sts_agent *a, sts_ms *at);

/* agent_wait.c */
/* The ask, of phase NONE, waits from now on: for l, or (phase QUEUED or
 * CROWDED) for a lookup that it may begin. The caller sets its deadline. */
void sts_agent_wait_for_lookup(
    struct sts_agent *a, struct sts_ask *ask, struct sts_lookup *l);
void sts_agent_wait_for_dane(
    struct sts_agent *a, struct sts_ask *ask, struct sts_dane_work *w);
void sts_agent_wait_in_queue(
    struct sts_agent *a, struct sts_ask *ask, enum sts_ask_phase phase);
/* When an ask that waits is answered at the latest: if it was ever in one of
 * our queues, when queue_wait is over, else when the longer of queue_wait and
 * answer_within is. */
sts_ms sts_agent_longest_wait(const struct sts_ask *ask);
/* When an ask that waits for name servers is answered with what is known by
 * then: the domain has had answer_within, not counting the time that was lost
 * by shortages of ours, ours_ms so far. */
sts_ms sts_agent_enough_at(
    const struct sts_agent *a, const struct sts_ask *ask, uint32_t ours_ms);
/* The ask waits no more, whatever its phase. */
void sts_agent_wait_end(struct sts_agent *a, struct sts_ask *ask);
/* Give this answer to the ask, which has none yet. domain: for the log. The
 * policy that the answer refers to is pinned until the ask is released. */
void sts_agent_answer(struct sts_agent *a, struct sts_ask *ask,
    struct sts_answer with, struct sts_text domain);
/* An answer came while the ask waited: have its owner served. */
void sts_agent_hand_over(struct sts_agent *a, struct sts_ask *ask);
/* The agent has taken up the client's request: its reply begins, or it
 * waits. */
void sts_agent_client_taken(struct sts_agent *a, struct sts_client *c);
/* The answer is not needed any more. */
void sts_agent_release(struct sts_agent *a, struct sts_ask *ask);
/* The question is not needed any more, answered or not. */
void sts_agent_ask_forget(struct sts_agent *a, struct sts_ask *ask);
/*
 * Answer the asks that wait for a lookup. ref: the policy found; 0: a live
 * policy that is held counts, and without one kind and why. over: the lookup
 * has ended; otherwise it goes on, and asks that wait for its end (afresh)
 * stay.
 */
void sts_agent_settle(struct sts_agent *a, struct sts_lookup *l, sts_ref ref,
    enum sts_kind kind, enum sts_why why, bool over);

/* agent_alert.c */
/* The refresh of a live policy has failed once more: its entry before, and
 * now. */
void sts_agent_alert_failed(struct sts_agent *a, struct sts_text domain,
    const struct sts_entry *was, const struct sts_entry *e, uint16_t http_code);
/* The refresh has succeeded. */
void sts_agent_alert_over(
    struct sts_agent *a, struct sts_text domain, const struct sts_entry *was);
/* A policy was accepted: log what is worth a line about it and its host. */
void sts_agent_alert_accepted(
    struct sts_agent *a, const struct sts_lookup *l, const struct sts_fetch *f);
/* Log that a policy which came whole is larger than one record may be. */
void sts_agent_alert_large(
    struct sts_agent *a, const struct sts_lookup *l, const struct sts_fetch *f);
/* Log it if the cache refuses policies, or fills up. */
void sts_agent_alert_cache(
    struct sts_agent *a, const struct sts_cache_stats *s);

/* agent_journal.c */
/* Whether a journal was planned for and has not been read: its policies may
 * still come. */
bool sts_agent_journal_awaited(const struct sts_agent *a);
/*
 * Whether the rest of a journal that has not been read to its end may decide
 * about a domain. e: the entry of the policy held for it; NULL: none is held.
 * Of a policy that came from the journal a later version may follow, so it is
 * no answer. Where none is held "not found" is no answer either, but only in
 * the first minute.
 */
bool sts_agent_journal_decides(
    const struct sts_agent *a, const struct sts_entry *e);
/* Until when questions wait for the journal at most. The milliseconds may
 * wrap. */
sts_ms sts_agent_journal_early_until(const struct sts_agent *a);
void sts_agent_journal_forget_times(struct sts_agent *a);
/* Whether the journal was read but some of it was damaged or unreadable: a
 * policy that is held may be older than one that was lost. */
bool sts_agent_journal_lost(const struct sts_agent *a);
/* The domain's policy was removed and must not come back from the journal. */
void sts_agent_unkeep(struct sts_agent *a, struct sts_text domain,
    enum sts_journal_reason reason);
/* Save the time, if it is confirmed and the saved one is that much older. */
void sts_agent_stamp(struct sts_agent *a, uint32_t older_s);
/* Save all policies, whatever the budget. */
void sts_agent_journal_end(struct sts_agent *a);

/* agent_keep.c */
/*
 * Put the version that was fetched in place of the one held, and log what
 * changed. *e: the new record's entry; *ref: the new version, 0 if the cache
 * did not take it: the result is the reason. keep_s: how long the TXT record's
 * answer is good.
 */
enum sts_admission sts_agent_replace(struct sts_agent *a, struct sts_lookup *l,
    uint32_t keep_s, struct sts_fetch *f, struct sts_entry *e, sts_ref *ref);

/*
 * The same for a version that another gateway has fetched, from its stage. What
 * this gateway knows of TXT stays as it was.
 */
enum sts_admission sts_agent_replace_shared(struct sts_agent *a,
    struct sts_text domain, struct sts_stage *stage,
    const struct sts_seal_head *head, uint16_t mx_count, struct sts_entry *e,
    sts_ref *ref);

/* agent_lookups.c */
/* The lookup under way for a domain; NULL: there is none. */
struct sts_lookup *sts_agent_lookups_find(
    struct sts_agent *a, struct sts_text domain);
/*
 * Whether a lookup may begin. Questions cannot take the last ones, nor, of fewer
 * than STS_REFRESH_KEPT, the next one while a refresh waits; refreshes of our
 * own have no more than a share: neither starves the other.
 */
bool sts_agent_lookups_room(const struct sts_agent *a, bool refresh);
/* Whether the domain's organisation has its share of the lookups, or as many as
 * it leaves to others, or, for a refresh, its share of our own refreshes: the
 * owner of one name has as many names below it as he likes. O(lookups), by
 * hashes. */
bool sts_agent_lookups_crowded(
    const struct sts_agent *a, struct sts_text domain, bool refresh);
/* How many refreshes of our own may be under way at once. */
unsigned sts_agent_lookups_refreshes_max(const struct sts_agent *a);
/* Take a free lookup and put it into the index by its domain, which
 * sts_lookup_begin then gives it; there must be room. */
struct sts_lookup *sts_agent_lookups_take(
    struct sts_agent *a, struct sts_text domain, bool refresh);
/* Take the lookup out of the index, end it, and give it back. */
void sts_agent_lookups_give(struct sts_agent *a, struct sts_lookup *l);

/* agent_work.c */
/* Begin a lookup for a domain that has none. NULL: there is no room, or the
 * domain is crowded. */
struct sts_lookup *sts_agent_work_begin(
    struct sts_agent *a, struct sts_text domain, bool refresh);
/* Lookup i, or fetch i, has a result or needs a buffer. */
void sts_agent_work_lookup(struct sts_agent *a, uint16_t i);
void sts_agent_work_fetch(struct sts_agent *a, uint16_t i);
/* The lookup waited for a fetch slot, and fails; with NO_CLOCK nothing is
 * remembered. */
void sts_agent_work_failed(
    struct sts_agent *a, struct sts_lookup *l, enum sts_why why);

/* agent_ask.c */
/* An ask begins. */
void sts_agent_ask(struct sts_agent *a, struct sts_ask *ask);
/* The ask's deadline has passed without an answer. */
void sts_agent_ask_due(struct sts_agent *a, struct sts_ask *ask);
/* Whether asks wait for a lookup though one is free; let some of them go on.
 * The rest go on at the next tick, which is due at once. */
bool sts_agent_asks_may_go_on(const struct sts_agent *a);
void sts_agent_asks_go_on(struct sts_agent *a);

/* Go on with an ask that waits for nothing any more and has no answer. */
void sts_agent_ask_go_on(struct sts_agent *a, struct sts_ask *ask);

/* agent_question.c */
/* Take a place for a question, which is not asked yet; -1: none is free. */
int sts_agent_question_take(
    struct sts_agent *a, struct sts_text zone, struct sts_text key);

/* agent_sweep.c */
/* The pause until the next visit: after a visit that found nothing late in a
 * cache of so many chunks; after one that found a late refresh among so many
 * records. */
sts_ms sts_agent_sweep_ms(uint32_t chunks);
sts_ms sts_agent_sweep_pace_ms(uint32_t records);
/* Between the beginnings of two refreshes, of so many policies. */
sts_ms sts_agent_refresh_pace_ms(uint32_t policies);

/* A visit of the clock hand to the cache, when sweep_at has come. */
void sts_agent_sweep(struct sts_agent *a);

/* The next refresh in turn, when refresh_at has come. */
void sts_agent_refresh(struct sts_agent *a);

/* agent_question.c, agent.c */
extern const struct sts_engine_ops sts_question_ops, sts_agent_ops;

#endif
