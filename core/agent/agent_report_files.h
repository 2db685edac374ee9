/* SPDX-License-Identifier: MIT */
/*
 * What the files of TLS reports do for each other and for the agent, lowest
 * file first. Only core/agent includes this header.
 */
#ifndef STS_AGENT_REPORT_FILES_H
#define STS_AGENT_REPORT_FILES_H

#include "agent_state.h"

/* agent_report.c */
void sts_agent_report_init(
    struct sts_agent *a, struct sts_tls *tls, uint8_t *block);
/* The names that reports are sent under; NULL: none are sent. */
const struct sts_reporter *sts_agent_reporter(const struct sts_agent *a);
/* A policy could not be fetched for this reason: report it, if the reason is
 * about the domain. */
void sts_agent_report_failed(struct sts_agent *a, struct sts_text domain,
    enum sts_why why, enum sts_report_stage stage);
/* Count a session that a line of the text protocol reports; trusted: the line
 * came from a mail server. The ask's answer becomes "not found" if it was
 * counted, and TEMP if not. */
void sts_agent_report_line(struct sts_agent *a, struct sts_ask *ask,
    bool trusted, struct sts_text line);
/* The look-up of the TLSRPT record for our own failures has ended. */
void sts_agent_report_own_found(struct sts_agent *a);
/* See to the day, and begin to look up whether the domain of our own failure
 * wants reports. True: a look-up has begun. Whether one could begin. */
bool sts_agent_report_collect(struct sts_agent *a);
bool sts_agent_report_collects(const struct sts_agent *a);
/* Whether work under way borrows these settings. */
bool sts_agent_report_uses(
    const struct sts_agent *a, const struct sts_settings *old);

/* agent_report_send.c */
/* Go on with the report at hand, or begin with one that is due. */
void sts_agent_report_send(struct sts_agent *a);
bool sts_agent_report_send_due(const struct sts_agent *a, sts_ms *at);
bool sts_agent_report_may_send(const struct sts_agent *a);
/* Serve child i (lookups, POST, mail), which wants its owner. */
void sts_agent_report_child(struct sts_agent *a, unsigned i);

/* agent_report_to.c */
/* For the two ways to send. The name by which the destination at hand is
 * counted; settle its outcome; have the driver serve a child. */
struct sts_text sts_agent_report_destination(const struct sts_agent_report *r);
void sts_agent_report_settle(
    struct sts_agent *a, enum sts_report_outcome outcome);
void sts_agent_report_stir(struct sts_agent *a, unsigned child);
/* Whether the last octet may leave: if the board keeps marks, this one is
 * written. */
bool sts_agent_report_may_end(struct sts_agent_report *r);
/* What is remembered of a name, a host's or an address: a hash under the boot's
 * key. Capitals make no other name of it. */
uint32_t sts_agent_report_hash(const struct sts_agent *a, struct sts_text name);
/* Count a name n times more. Returns how often it is counted now, at most
 * 255. */
unsigned sts_agent_report_count(const struct sts_agent *a,
    struct sts_report_counts *c, struct sts_text name, uint32_t n);
/* The same of the time that reports of a domain's organisation took today. */
unsigned sts_agent_report_spent(struct sts_agent *a, uint32_t ref, uint32_t n);

/* agent_report_post.c */
/* The steps of a POST. Look up the addresses of the destination at hand; go on
 * when that has ended; count the octets; begin; serve the POST, which wants its
 * owner. */
void sts_agent_report_post_find(struct sts_agent *a);
void sts_agent_report_post_found(struct sts_agent *a);
void sts_agent_report_post_count(struct sts_agent *a);
void sts_agent_report_post_start(struct sts_agent *a);
void sts_agent_report_post_child(struct sts_agent *a);

/* agent_report_mail.c */
/* Whether the destination at hand gets mail: there is a relay, and it has not
 * refused the address of late. Begin the mail; serve it when it wants its
 * owner. */
bool sts_agent_report_mail_may(const struct sts_agent *a);
void sts_agent_report_mail_start(struct sts_agent *a);
void sts_agent_report_mail_child(struct sts_agent *a);

/* agent_report_testing.c */
/* The event as it is to be counted: sessions that failed without a policy count
 * under the domain's policy in testing mode, if one is held. */
const struct sts_report_event *sts_agent_report_testing(
    struct sts_agent *a, const struct sts_report_event *e);

/* agent_report_plan.c */
/* Find the report to be sent now; *ref 0: none is due. Plans reports that were
 * not planned. False: the round goes on with the next call.
 * O(STS_REPORT_LOOKS). Make all reports of days before today due now. */
bool sts_agent_report_plan(struct sts_agent *a, uint32_t *ref);
void sts_agent_report_plan_all(struct sts_agent *a);

/* agent_report_pause.c */
/* Whether an address gets no mail for now since the relay has refused it; note
 * such a refusal; end all pauses. */
bool sts_agent_report_paused(
    const struct sts_agent *a, struct sts_text address);
void sts_agent_report_pause(struct sts_agent *a, struct sts_text address);
void sts_agent_report_unpause(struct sts_agent *a);

/* agent_report_tick.c */
/* See to the day, and do one thing that is due. When the next one is due. */
void sts_agent_report_tick(struct sts_agent *a);
bool sts_agent_report_due(const struct sts_agent *a, sts_ms *at);

#endif
