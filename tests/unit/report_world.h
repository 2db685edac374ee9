/* SPDX-License-Identifier: MIT */
/*
 * What tests of TLS reports share: an agent with its driver, the internet
 * (tests/mem/world.h) and a mail relay, in memory and in virtual time. The
 * oracle of every test: each session that was handed in is in exactly one
 * report, or is counted as lost (check_sum).
 *
 *	set_up(memory);          what follows may be changed before `begin`
 *	begin();
 *	confirm();               the clock is known
 *	set_record("a.example", "v=TLSRPTv1; rua=...");
 *	session("a.example", true);
 *	to_midnight_and(5 * 3600);
 *	... sent, relay, world.post
 *	stop();
 */
#ifndef STS_REPORT_WORLD_H
#define STS_REPORT_WORLD_H

#include "../../core/agent/agent_state.h"
#include "../../core/driver.h"
#include "../mem/mem.h"
#include "../mem/world.h"
#include "unit.h"

enum {
	DAY_S = 86400,
	DAY = 20000, /* in days since 1970 */
	MAIL_MAX = 65536,
	SENT_MAX = 4096
};

extern struct mem mem;
extern struct world world;
extern struct sts_port port; /* the driver's: mem.port */
extern struct sts_config config;
extern struct sts_agent agent;
extern struct sts_driver driver;
extern struct sts_settings settings;
extern struct sts_reporter reporter;
extern struct sts_anchors anchors;
extern struct sts_report_event event;
extern uint8_t boot_key[STS_SIPHASH_KEY]; /* the agent's, since `begin` */
extern sts_ms now;
extern int64_t wall_s; /* the wall clock when `now` was 0 */

/* Sessions handed in; and of the reports sent, by the agent's events. */
extern unsigned long added, sent, failures_sent;
extern unsigned sent_count, failed_events, dropped_events;

/* The mail relay: what it answers, and what it has accepted. */
struct relay {
	bool down; /* connections are refused */
	bool mute; /* it reads nothing and answers nothing */
	const char *sender, *rcpt, *end; /* replies */
	bool greeted, data;
	unsigned mails, tries;
	size_t len;
	char mail[MAIL_MAX];
	char to[256], from[256];
	struct mem_sock *s;
};

extern struct relay relay;

/* set_up makes a gateway with a contact, a relay and a name server, at eight in
 * the morning of DAY; `begin` starts its agent, or starts it again. */
void set_up(size_t report_memory);
void begin(void);
void load_anchors(void); /* of tests/mem/ca */
void stop(void);

/* settle lets everything happen that can happen now; pass_s lets time pass,
 * with a stop at each deadline of the agent; to_midnight_and lets the rest of
 * the day and s seconds more pass; confirm makes the clock known. */
void settle(void);
void pass_s(uint32_t s);
void to_midnight_and(uint32_t s);
void confirm(void);

/* Set the TLSRPT record of a domain (NULL: none), and the address of a host
 * with its answer to a POST. */
void set_record(const char *domain, const char *record);
void set_host(
    const char *name, const char *ip, uint8_t last, const char *response);

/* A mail server in the same image reports a session with a domain whose record
 * is `record` (NULL: reports go by mail to tls@ the domain). Returns whether
 * the session was counted. */
bool session_of(const char *domain, bool failed, const char *record);
bool session(const char *domain, bool failed);

/* Sessions that are in no report and counted as lost; sessions that are counted
 * and not reported yet. */
struct sts_tally *tally(void);
unsigned long lost(void);
unsigned long held(void);
void check_sum(const char *name);
/* No domain's day may be reported twice. */
void check_once(void);

#endif
