/* SPDX-License-Identifier: MIT */
/*
 * For the operator of a running agent: list what is held, see how full it is,
 * and forget records. Whatever passes many records goes in bounded steps,
 * between which the agent works on. Not to be called from within an engine.
 */
#ifndef STS_INSPECT_H
#define STS_INSPECT_H

#include "agent.h"

struct sts_inspection {
	uint32_t now_s; /* agent time */
	enum sts_clock_state clock;
	struct sts_cache_stats cache;
	bool has_journal;
	enum sts_journal_state journal; /* if it has one */
	uint32_t unsaved; /* policies that are yet to be saved */
	uint32_t saved, lost, compactions; /* since start */
	unsigned clients, clients_max, lookups, lookups_max, fetches,
	    fetches_max;
	unsigned waiting; /* questions for a lookup */
	uint32_t waited_ms; /* the longest that a client waited for an answer
			       since sts_inspect_wait_anew, or the start */
	unsigned danes, danes_max; /* domains whose mail hosts are looked up */
	bool dane_sees, dane_blind; /* the trusted name servers validate, or
				       do not; neither: not known */
};
void sts_inspect(const struct sts_agent *a, struct sts_inspection *out);

/* Begin anew with the longest wait: it is 0 until the next answer. */
void sts_inspect_wait_anew(struct sts_agent *a);

/* What is known of a name server. */
struct sts_inspected_server {
	bool answers; /* false: silent, asked last */
	bool heard; /* it answered something of late */
	bool edns, tcp; /* false: found to be of no use */
};
void sts_inspect_server(const struct sts_agent *a, const struct sts_addr *addr,
    struct sts_inspected_server *out);

/* The words of clock.h and journal.h for the states; "off" without a
 * journal. */
const char *sts_inspect_clock(const struct sts_inspection *i);
const char *sts_inspect_journal(const struct sts_inspection *i);

/* Whether no forgotten domain can come back, and an order (sts_agent_set_off)
 * is written. True also if there is no journal, but not before one that was
 * planned for has been read: it may hold domains that are forgotten here. */
bool sts_inspect_forgotten(const struct sts_agent *a);

/* Whether there is a journal. */
bool sts_inspect_keeps(const struct sts_agent *a);

/*
 * unread: a journal that was planned for has not been read to its end, so that
 * more policies may come. doubted: for that reason the record held for a
 * domain, or that there is none (held NULL), is no answer, since a later
 * version may follow. A domain that is forgotten meanwhile is kept out although
 * the journal has it, if kept_out is true; otherwise it comes back, and has to
 * be forgotten again.
 */
bool sts_inspect_unread(const struct sts_agent *a);
bool sts_inspect_doubted(
    const struct sts_agent *a, const struct sts_held *held);
bool sts_inspect_kept_out(const struct sts_agent *a, struct sts_text domain);

/*
 * Walk over all held records, whatever changes meanwhile (see sts_cache_walk,
 * also for `buckets`): domain has room for STS_NAME_MAX. True: *held and
 * domain[0..*len) are set, or *len is 0; call again. False: that was all.
 */
bool sts_inspect_next(const struct sts_agent *a, struct sts_walk *w,
    uint32_t buckets, struct sts_held *held, uint8_t *domain, size_t *len);

/*
 * Forget the records that such a walk meets: all, or only those that are no
 * live policy, which only costs another look-up and weakens nothing. Adds to
 * *count. True: call again. Call sts_driver_wake afterwards.
 */
bool sts_inspect_flush(struct sts_agent *a, struct sts_walk *w,
    uint32_t buckets, bool all, uint32_t *count);

/* What is known of a domain's mail hosts, as long as it counts. */
struct sts_inspected_dane {
	enum sts_dane_level level;
	enum sts_why why; /* of UNKNOWN */
	uint32_t checked_s, check_s; /* agent time: looked up, and next */
	enum sts_dane_mx mx;
	bool implicit; /* there are no MX records */
	bool more; /* not all hosts were looked at */
	/* Private. */
	sts_ref ref;
	size_t off;
};
bool sts_inspect_dane(const struct sts_agent *a, struct sts_text domain,
    struct sts_inspected_dane *out);

/* The next of its hosts; name has room for STS_NAME_MAX. False: that was all.
 * Not after another sts_run, unless it is kept. */
bool sts_inspect_dane_host(const struct sts_agent *a,
    struct sts_inspected_dane *in, enum sts_dane_host *state, uint8_t *name,
    size_t *len);

/* Keep it readable though the agent runs, until it is released. */
void sts_inspect_dane_keep(
    struct sts_agent *a, const struct sts_inspected_dane *in);
void sts_inspect_dane_release(
    struct sts_agent *a, const struct sts_inspected_dane *in);

/* Keep the record readable (sts_payload_mx) though the agent runs, until it is
 * released. */
void sts_inspect_keep(struct sts_agent *a, const struct sts_held *held);
void sts_inspect_release(struct sts_agent *a, const struct sts_held *held);

#endif
