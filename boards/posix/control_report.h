/* SPDX-License-Identifier: MIT */
/*
 * TLS reports over the control socket: the list of domains that are counted or
 * wait for delivery, and one report as it would be sent. It is rendered a piece
 * a call from the tally, which keeps its domain until the end.
 */
#ifndef STS_CONTROL_REPORT_H
#define STS_CONTROL_REPORT_H

#include "../../core/agent/agent.h"
#include "../../core/grammar/json_put.h"

enum {
	STS_CONTROL_REPORT_ROOM = 1024, /* for a line of the list */
	STS_CONTROL_REPORT_PIECE = 256,
	STS_CONTROL_NAME_MAX = 255 /* of us, more than any is that is valid */
};

struct sts_control_report {
	/* Private. */
	struct sts_agent *agent; /* NULL: not begun */
	uint8_t slot; /* of the list, */
	uint32_t ref; /* and where it is; or the domain that is shown */
	bool json, begun;
	/* A reload may change what the texts were taken from. */
	struct sts_report_config config;
	uint8_t organization[STS_CONTROL_NAME_MAX];
	uint8_t contact[STS_CONTROL_NAME_MAX];
	struct sts_report_letter letter;
	uint8_t to[STS_TLSRPT_ADDRESS_MAX];
	struct sts_report_mail mail;
	struct sts_report report;
};

/* The next lines of the list, as long as there is room. False: that was all.
 * Begin with *r all zero. */
bool sts_control_report_list(
    struct sts_control_report *r, struct sts_agent *a, struct sts_json_put *p);

/* The domain that a key names, as reports know it: in A-labels, by *k, which
 * stays as long as the result. A key that is no domain is returned as it is. */
struct sts_text sts_control_report_domain(
    struct sts_text key, struct sts_key *k);

/* Begin to show the report about a domain: the oldest day's that waits, else
 * today's. json: the report itself, else the mail. False: there is none. */
bool sts_control_report_show(struct sts_control_report *r, struct sts_agent *a,
    struct sts_text domain, bool json, uint64_t random);

/* The next piece of it. False: that was all, or it is gone. */
bool sts_control_report_put(
    struct sts_control_report *r, struct sts_json_put *p);

/* Whether its domain went meanwhile (delivered, or with its day): what was put
 * is the beginning of a report, and must not end as a whole one does. */
bool sts_control_report_gone(const struct sts_control_report *r);

/* Done, or given up; nothing happens if it was not begun. */
void sts_control_report_end(struct sts_control_report *r);

#endif
