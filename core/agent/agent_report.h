/* SPDX-License-Identifier: MIT */
/*
 * TLS reporting (RFC 8460) in the agent: it counts by day the deliveries that
 * mail servers report and its own failures to fetch policies, and delivers the
 * day's reports in the hours after it.
 *
 *	datagrams --+
 *	C call -----+--> tally (core/report) --day is over--> plan --> TXT again
 *	own failures+                                          |   --> HTTPS or mail
 *	  wait for TXT                                         +-- later, 24 h
 *
 * A report is sent only if both sides want it: the operator, who has set a
 * contact, and the domain, whose record is looked up once more before each
 * report. One report is under way at a time.
 *
 * The board hands over datagrams by the driver; it may keep what is counted
 * over a restart, by `mark` and core/report/report_save.h.
 */
#ifndef STS_AGENT_REPORT_H
#define STS_AGENT_REPORT_H

#include "../https/post.h"
#include "../lookup/lookup_report.h"
#include "../report/report_datagram.h"
#include "../report/report_mail.h"
#include "../smtp/smtp_submit.h"

enum {
	STS_REPORT_LOOKUP_OWN = 0, /* children: the lookup for own failures, */
	STS_REPORT_LOOKUP_SEND, /* that for reports, */
	STS_REPORT_LOOKUPS,
	STS_REPORT_CHILD_POST = STS_REPORT_LOOKUPS, /* the POST, */
	STS_REPORT_CHILD_MAIL, /* and the mail */
	STS_REPORT_CHILDREN,
	STS_REPORT_NODES = STS_REPORT_CHILDREN +
			   STS_REPORT_LOOKUPS * STS_REPORT_LEGS +
			   STS_HTTPS_CONNS,
	STS_REPORT_DRAWS = STS_TLS_RND, /* random octets of a tick */
	STS_REPORT_PIECE = 512,
	STS_REPORT_SPENT_MS = 5000, /* time of ours is counted by */
	STS_REPORT_MUTE_MAX = 8, /* a day: then no more are tried */
	STS_REPORT_TRIES = 7, /* at 0, 15, 45 min, 1:45, 3:45, 7:45, 15:45 h */
	STS_REPORT_AGAIN_S = 900, /* the first pause; then twice as long */
	STS_REPORT_AFTER_S = 300, /* after midnight, and at random */
	STS_REPORT_SPREAD_S = 14400, /* up to so much later (RFC 8460 4.1) */
	STS_REPORT_REFUSED_SHIFT =
	    4, /* of `done`: those that refused for good */
	STS_REPORT_PACE_MS = 1000, /* from one report to the next */
	STS_REPORT_LOOKS = 128, /* domains that are looked at in a visit */
	STS_REPORT_PAUSE_S = 7 * 86400 /* after an address was refused */
};

STS_STATIC_ASSERT((int)STS_REPORT_RND <= (int)STS_REPORT_DRAWS, report_draws);
STS_STATIC_ASSERT(STS_SMTP || !STS_REPORT_MAIL, reports_by_mail_need_smtp);

/* A failure that waits for the domain's record. */
struct sts_report_own {
	uint8_t len;
	uint8_t result; /* enum sts_report_result */
	uint8_t why; /* enum sts_why */
	uint8_t name[STS_DOMAIN_MAX];
};

/* An address that was refused; until_s 0: none. */
struct sts_report_pause {
	uint32_t hash; /* by the boot's key */
	uint32_t until_s;
};

/* What the board keeps of a destination that has a report: day << 8 | number of
 * the destination; a hash of domain and record, by the tally's key. So marks
 * belong to the snapshots of one tally, and mean nothing without such a
 * snapshot. */
struct sts_report_mark {
	uint64_t check;
	uint32_t number;
};

/* A round over all reports that wait, to find the next one. */
struct sts_report_plan {
	bool begun;
	uint8_t slot;
	uint32_t hurries; /* reports of days before this one are due now */
	uint32_t at; /* the domain looked at last, 0: none of the slot yet */
	uint32_t best, due_s; /* the next one, so far: of those whose
			       * organisation has taken the least time today the
			       * one that has been due longest */
	uint8_t spent;
};

/*
 * How often names were counted, by 32 bits of their hash, which under the boot's
 * key two names share by chance alone. Where there is no room for one more, the
 * name that was counted least is forgotten: a stranger can end small counts of
 * others, and neither raise one nor end a large one cheaply.
 */
struct sts_report_counts {
	struct sts_report_count {
		uint32_t hash, n; /* n 0: none; 255: or more */
	} of[STS_REPORT_COUNTED];
};

/* The step that the report at hand is in, and what it waits for. */
enum sts_report_step {
	STS_REPORT_REST = 0, /* there is none */
	STS_REPORT_ASKS, /* TXT */
	STS_REPORT_CHOOSES, /* the next destination */
	STS_REPORT_FINDS, /* the addresses of a host */
	STS_REPORT_COUNTS, /* octets, in pieces */
	STS_REPORT_STARTS, /* all is known */
	STS_REPORT_SENDS
};

/* The outcome for a destination. */
enum sts_report_outcome {
	STS_REPORT_HAS_IT,
	STS_REPORT_LATER,
	STS_REPORT_NEVER
};

/* A mail that is handed over, or rests. */
struct sts_report_leaf {
	struct sts_smtp_submit submit; /* first */
	bool busy;
	bool held; /* the end of its body waits for the board's mark */
};

extern const struct sts_engine_ops sts_report_leaf_ops;

struct sts_agent_report {
	/* Small fields are in front, where code on small machines reaches them
	 * more cheaply. */
	struct sts_tally tally;

	/* Private, of agent_report.c: what comes in. */
	uint8_t own_head, own_count;
	uint32_t bad; /* datagrams, not yet logged */
	uint64_t lost_logged; /* sessions lost that were logged */
	uint32_t lost_at_s;

	/* Private, of agent_report_send.c: what goes out. */
	struct sts_report_plan plan;
	uint8_t step; /* enum sts_report_step */
	bool turns; /* a day is given up, by steps */
	bool any_left; /* destinations of this try */
	bool keeps; /* the board writes marks down */
	bool mark_waits, marked; /* of the destination at hand */
	uint8_t addr_count, host_len;
	uint16_t piece_off, piece_len;
	uint32_t ref;
	sts_ms begun, next_at; /* not before */
	uint32_t day; /* the counters are of */
	uint32_t length, sent;
	const struct sts_settings *settings;
	struct sts_tls *tls;
	struct sts_report_config config;
	struct sts_tlsrpt_rua rua;
	struct sts_report_letter letter;
	struct sts_text rcpt;
	struct sts_tlsrpt_to to;
	struct sts_addr addr[STS_LOOKUP_ADDRS];
	uint8_t host[STS_NAME_MAX];
	struct sts_post post;
	struct sts_report_leaf mail;
	struct sts_report_mail text; /* or its gzip alone */
	struct sts_lookup_report lookup[STS_REPORT_LOOKUPS];
	struct sts_report_pause pause[STS_REPORT_PAUSES];
	uint8_t piece[STS_REPORT_PIECE];
	uint8_t record[STS_TLSRPT_RECORD_MAX];

	/* Private, of agent_report.c: its large fields. */
	struct sts_report_own own[STS_REPORT_OWN];
	struct sts_report_event event, testing;
	struct sts_datagram datagram;
	uint8_t room[STS_REPORT_SOCKET ? STS_TLSRPT_DATAGRAM : 1];

	/* Private, of agent_report_send.c. `same`: reports to a destination;
	 * `mute`: POSTs to an organisation's hosts that got no answer; `spent`:
	 * how often reports about an organisation's domains took
	 * STS_REPORT_SPENT_MS; `mailed`: mails to a domain. */
	struct {
		struct sts_report_counts same, mute, spent, mailed;
	} today;
	struct sts_report_counts mailed_before; /* on the day before */
};

struct sts_agent;

/* For the driver: receive the next datagram into the room; count it, n octets.
 * n equal to the room's size means that the datagram was cut. */
struct sts_span sts_agent_report_room(struct sts_agent *a);
void sts_agent_report_take(struct sts_agent *a, size_t n, sts_ms now);

/* Count a delivery of a mail server in the same image, which `e` describes as a
 * datagram would. False: it was not counted. */
bool sts_agent_report_event(
    struct sts_agent *a, const struct sts_report_event *e);

/*
 * What the board keeps. tally: to be saved, and loaded before the driver runs.
 * After a call of keeps, the last octet of a report leaves only when the board
 * has taken its mark, kept it, and called marked (and sts_driver_wake). mark:
 * false, none waits. After a load the board hands all marks back at once by
 * delivered: `count` of them in any order, which is changed. O((domains +
 * count) log count).
 */
struct sts_tally *sts_agent_report_tally(struct sts_agent *a);
void sts_agent_report_keeps(struct sts_agent *a);
bool sts_agent_report_mark(
    const struct sts_agent *a, struct sts_report_mark *mark);
void sts_agent_report_marked(struct sts_agent *a);
void sts_agent_report_delivered(
    struct sts_agent *a, struct sts_report_mark *marks, unsigned count);

/* The operator's order: make the reports about a domain, or all that wait (n
 * 0), due now, and end the pauses of all addresses that were refused. Returns
 * how many reports. O(records of the domain). Call sts_driver_wake. */
unsigned sts_agent_report_hurry(struct sts_agent *a, struct sts_text domain);

/* How many sessions failed beside a domain's policy in testing mode, of those
 * whose report is not delivered yet. */
uint64_t sts_agent_report_tested(
    const struct sts_agent *a, struct sts_text domain);

/* The contact and names that reports are sent under, for reports that are
 * rendered outside the agent. False: no reports are sent. */
bool sts_agent_report_config(
    const struct sts_agent *a, struct sts_report_config *c);

#endif
