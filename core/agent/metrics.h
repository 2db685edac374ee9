/* SPDX-License-Identifier: MIT */
/*
 * Numbers for monitoring: counters and gauges, as text in Prometheus's
 * exposition format 0.0.4.
 *
 * Counters are 32 bits wide and wrap, which a reader of the format takes for a
 * restart: only what was counted between its last two reads is lost. Labels are
 * words of our own (events, reasons, kinds), all there from the beginning;
 * never anything that a stranger can choose.
 *
 * Example, with const struct sts_agent *agent, uint32_t start_s, void
 * (*send)(const uint8_t *text, size_t n):
 *
 *	#include "core/sts.h"
 *
 *	struct sts_metrics_values v;
 *	uint8_t piece[512];
 *	size_t off = 0, n;
 *
 *	sts_agent_metrics(agent, &v);
 *	v.n[STS_METRIC_START_TIME] = start_s;
 *	while ((n = sts_metrics_render(
 *		    &v, off, sts_span(piece, sizeof piece))) > 0) {
 *		send(piece, n);
 *		off += n;
 *	}
 *
 * With -DSTS_METRICS=0 nothing is counted: counters stay 0.
 */
#ifndef STS_METRICS_H
#define STS_METRICS_H

#include <string.h>

#include "../answer/answer.h"
#include "clock.h"
#include "../base/sts_config.h"
#include "../base/event.h"

/* clang-format off */
/*
 * id, how many, what one is (values of STS_METRIC_... are in this unit), name
 * after "mtasts_", label (NULL: none), its values, help text. A name that ends
 * in _total is a counter's, all others are gauges. Values: words in the order
 * of the slots; "*event", "*why": the tokens of that list.
 */
/* Counted where it happens. */
#define STS_METRICS_COUNT(X) \
	X(EVENTS, STS_EVENT_COUNT, 1, "events_total", "event", "*event", \
	    "Events, logged or not.") \
	X(QUESTIONS, 3, 1, "questions_total", "zone", "plain tlsrpt sendmail", \
	    "Questions answered, by the kind of their zone.") \
	X(ANSWERS, STS_ANSWER_KINDS - 1, 1, "answers_total", "answer", \
	    "notfound temp secure override dane-only dane preload", "Answers.") \
	X(ANSWERS_WHY, STS_WHY_ANSWERS, 1, "answers_why_total", "why", "*why", \
	    "Answers by reason; ok is a policy that is enforced.") \
	X(QUEUED, 1, 1, "questions_queued_total", NULL, NULL, \
	    "Questions that found all lookups busy.") \
	X(REPLIES_CUT, 3, 1, "replies_cut_total", "to", "brief plain temp", \
	    "Replies over the size limit, by what was left of them.") \
	X(LOOKUPS, STS_WHY_ANSWERS, 1, "lookups_total", "why", "*why", \
	    "Domains looked up, by the result; ok is a policy.") \
	X(DANE, 4, 1, "dane_lookups_total", "level", \
	    "none partial only unknown", \
	    "Domains whose mail hosts were looked up, by the result.") \
	X(FETCHES, 3, 1, "fetches_total", "result", "ok failed again", \
	    "Fetches; again is one that lost its slot to others.") \
	X(DNS_QUESTIONS, 1, 1, "dns_questions_total", NULL, NULL, \
	    "Questions put to the name servers.") \
	X(DNS_QUERIES, 1, 1, "dns_queries_total", NULL, NULL, \
	    "Datagrams sent; those beyond the questions are retries.") \
	X(DNS_TCP, 1, 1, "dns_tcp_total", NULL, NULL, \
	    "Questions that went on over TCP.") \
	X(CLIENTS, 1, 1, "clients_total", NULL, NULL, \
	    "Mail servers' connections accepted.") \
	X(CLIENTS_CLOSED, 2, 1, "clients_closed_total", "why", "junk stall", \
	    "Connections closed because of what the client did.") \
	X(CLIENTS_FULL, 1, 1, "clients_full_total", NULL, NULL, \
	    "Times that accepting paused: too many clients or open files.") \
	X(REPORT_EVENTS, 3, 1, "report_events_total", "from", \
	    "datagram call agent", "Sessions counted for TLS reports.") \
	X(REPORT_LOST, 4, 1, "report_lost_total", "why", \
	    "broken full queue off", \
	    "Sessions reported to the agent, or failed fetches, not counted.") \
	X(REPORT_TESTING, 1, 1, "report_testing_total", NULL, NULL, \
	    "Sessions that failed at domains with a policy in testing mode.") \
	X(REPORTS, 5, 1, "reports_total", "result", \
	    "mail https again dropped unwanted", \
	    "Tries to deliver a TLS report, by the result.") \
	X(EVENTS_LOST, 1, 1, "events_lost_total", NULL, NULL, \
	    "Events that came too fast to be logged.")

/* Gauges, looked up when the text is asked for. */
#define STS_METRICS_LOOK(X) \
	X(CACHE_RECORDS, 6, 1, "cache_records", "class", \
	    "enforce guest testing none other expired", \
	    "Domains held; a guest is an enforce policy without protection.") \
	X(CACHE_BYTES, 4, 64, "cache_bytes", "use", \
	    "protected unprotected staged free", "Room for domains.") \
	X(CACHE_LIMIT, 1, 64, "cache_protected_limit_bytes", NULL, NULL, \
	    "Room that new protected policies may take.") \
	X(CACHE_REFUSED, 1, 1, "cache_refused_total", NULL, NULL, \
	    "Policies not kept, or not protected, for want of room.") \
	X(CACHE_EVICTED, 1, 1, "cache_evicted_total", NULL, NULL, \
	    "Unprotected records dropped for others.") \
	X(FAILING, 1, 1, "policies_failing", NULL, NULL, \
	    "Policies held whose refresh keeps failing.") \
	X(FAILING_EXPIRES, 1, 1, "policies_failing_expiry_timestamp_seconds", \
	    NULL, NULL, "When the first of them expires; 0: there is none.") \
	X(CLOCK, 1, 1, "clock_state", NULL, NULL, \
	    "0 " STS_CLOCK_UNKNOWN_WORD ", 1 " STS_CLOCK_CLAIMED_WORD \
	    ", 2 " STS_CLOCK_CONFIRMED_WORD ".") \
	X(JOURNAL, 1, 1, "journal_state", NULL, NULL, \
	    "0 none, 1 good, 2 failing, 3 full.") \
	X(JOURNAL_UNSAVED, 1, 1, "journal_unsaved_policies", NULL, NULL, \
	    "Policies that wait to be written, while the journal is good.") \
	X(JOURNAL_SAVED, 1, 1, "journal_records_total", NULL, NULL, \
	    "Records appended.") \
	X(JOURNAL_LOST, 1, 1, "journal_lost_total", NULL, NULL, \
	    "Records that were damaged or found no room when read.") \
	X(JOURNAL_ANEW, 1, 1, "journal_compactions_total", NULL, NULL, \
	    "How often the whole journal was rewritten.") \
	X(JOURNAL_BYTES, 1, 1, "journal_written_bytes_total", NULL, NULL, \
	    "Octets written.") \
	X(BUSY, 5, 1, "slots_busy", "slot", \
	    "clients lookups refreshes fetches dns_tcp", "Slots in use.") \
	X(SLOTS, 5, 1, "slots", "slot", \
	    "clients lookups refreshes fetches dns_tcp", "Slots in all.") \
	X(QUEUE, 4, 1, "queue_length", "queue", \
	    "questions fetches fetches_again dns_tcp", \
	    "How many wait for a slot.") \
	X(DANE_RESOLVER, 1, 1, "dane_resolver_state", NULL, NULL, \
	    "0 not known, 1 they validate, 2 they do not: DANE is blind.") \
	X(DANE_BUSY, 2, 1, "dane_slots", "slot", "busy all", \
	    "Domains whose mail hosts are looked up at once.") \
	X(REPORT_DOMAINS, 2, 1, "report_domains", "day", "today waiting", \
	    "Domains counted today, and whose report waits to be delivered.") \
	X(REPORT_BYTES, 2, 64, "report_bytes", "use", "used free", \
	    "Room for what is counted.") \
	X(SHARE_UP, 1, 1, "share_up", NULL, NULL, \
	    "1: there is a connection to the gateways' common server.") \
	X(SHARE_SENT, 1, 1, "share_sent_total", NULL, NULL, \
	    "Policies published to other gateways.") \
	X(SHARE_TAKEN, 1, 1, "share_taken_total", NULL, NULL, \
	    "Policies of other gateways taken in.") \
	X(SHARE_REFUSED, 4, 1, "share_refused_total", "why", \
	    "mac stamp syntax room", \
	    "Records refused; mac: not sealed with the fleet's key.") \
	X(SHARE_LOST, 1, 1, "share_lost_total", NULL, NULL, \
	    "Policies not published, keys not read, for want of room.") \
	X(SHARE_SILENT, 1, 1, "share_silent_seconds", NULL, NULL, \
	    "Since the server last sent anything, while connected.") \
	X(ENFORCE_OFF, 1, 1, "enforce_off", NULL, NULL, \
	    "1: the operator has switched enforcement off.") \
	X(MEMORY, 1, 16, "memory_bytes", NULL, NULL, \
	    "The one block of memory.") \
	X(BUILD, 1, 1, "build_info", "version", STS_VERSION, "Always 1.") \
	/* The board's, 0 if it has none. */ \
	X(START_TIME, 1, 1, "start_time_seconds", NULL, NULL, \
	    "When the agent was started, since 1970.") \
	X(LOG_LOST, 1, 1, "log_lines_lost_total", NULL, NULL, \
	    "Log lines that came too fast to be written.") \
	X(OFF_UNTIL, 1, 1, "enforce_off_until_timestamp_seconds", NULL, NULL, \
	    "When the order not to enforce ends; 0: there is none with an end.") \
	X(REPORT_REFUSED, 1, 1, "report_refused_total", NULL, NULL, \
	    "Datagrams of users who may not report.") \
	X(ANCHORS, 2, 1, "trust_anchors", "use", "used left_out", \
	    "Roots in use, and blocks left out, of redis_anchors' bundle, too.")
/* clang-format on */

/* The first slot of each, which others follow by their label's order. */
#define STS_METRIC_ENUM(id, many, unit, name, label, words, help)              \
	STS_METRIC_##id, STS_METRIC_##id##_LAST = STS_METRIC_##id + (many)-1,
enum sts_metric_slot {
	STS_METRICS_COUNT(STS_METRIC_ENUM) STS_METRICS_COUNTED,
	STS_METRICS_BEFORE_LOOK = STS_METRICS_COUNTED - 1,
	STS_METRICS_LOOK(STS_METRIC_ENUM) STS_METRICS_SLOTS
};
#undef STS_METRIC_ENUM

/* Everything as of one moment. */
struct sts_metrics_values {
	uint32_t n[STS_METRICS_SLOTS];
};

/* The counters, all zero at first. */
struct sts_metrics {
	/* Private. */
	uint32_t n[STS_METRICS ? STS_METRICS_COUNTED : 1];
};

/* One more, or `by` more, in this slot (below STS_METRICS_COUNTED). */
static inline void
sts_count_by(struct sts_metrics *m, unsigned slot, uint32_t by)
{
	if (STS_METRICS) {
		m->n[slot] += by;
	}
}

/* One more in this slot (below STS_METRICS_COUNTED). */
static inline void
sts_count(struct sts_metrics *m, unsigned slot)
{
	sts_count_by(m, slot, 1);
}

/* The counters into *v; all other slots become 0. */
void sts_metrics_counted(
    const struct sts_metrics *m, struct sts_metrics_values *v);

/* Octets of the text. */
size_t sts_metrics_len(const struct sts_metrics_values *v);

/*
 * Write text[off .. off + out.n) into out; returns how many octets, less than
 * out.n only at the end; 0: off is there. The same values give the same bytes,
 * so that no line is torn however they are sent. O(length of the text).
 */
size_t sts_metrics_render(
    const struct sts_metrics_values *v, size_t off, struct sts_span out);

#endif
