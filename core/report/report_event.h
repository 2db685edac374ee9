/* SPDX-License-Identifier: MIT */
/*
 * One event to be reported (RFC 8460 4): one connection to a mail server, or
 * one attempt to fetch a policy, and whether it failed. A mail server's
 * datagram becomes one (report_datagram.h), a C call or the agent's own failure
 * another:
 *
 *	static struct sts_report_event e;      (it is large: see sizeof)
 *
 *	sts_event_begin(&e, domain, record)
 *	sts_event_policy(&e, STS_REPORT_STS, domain);
 *	sts_event_string(&e, line);            for each line of the policy
 *	sts_event_mx(&e, pattern);             for each mx
 *	e.failed = true;
 *	struct sts_report_failure f = { .result = STS_REPORT_WEBPKI_INVALID,
 *		.texts = { [STS_REPORT_MTA_IP] = ip, [STS_REPORT_REASON] = token } };
 *	sts_event_failure(&e, &f);
 *	sts_tally_add(&tally, day, &e);
 *
 * An event owns its texts: they are copied, STS_REPORT_TEXT octets in all. A
 * policy's string that does not fit is left out as a whole, and so is a
 * failure; strings_cut and failures_cut report that. These are limits of ours
 * and change no count.
 *
 * Texts may hold any octets; the writer of the report escapes them. Those of a
 * datagram are UTF-8.
 */
#ifndef STS_REPORT_EVENT_H
#define STS_REPORT_EVENT_H

#include "../base/name.h"
#include "../base/sts_config.h"
#include "../base/why.h"

/* RFC 8460 4.4, policy-type. The numbers are libtlsrpt's. */
enum sts_report_policy {
	STS_REPORT_TLSA = 1,
	STS_REPORT_STS = 2,
	STS_REPORT_NO_POLICY = 9
};

/* RFC 8460 4.3: the eleven result types, and no other. */
enum sts_report_result {
	STS_REPORT_STARTTLS_NOT_SUPPORTED = 0,
	STS_REPORT_HOST_MISMATCH,
	STS_REPORT_NOT_TRUSTED,
	STS_REPORT_EXPIRED,
	STS_REPORT_VALIDATION_FAILURE,
	STS_REPORT_FETCH_ERROR,
	STS_REPORT_POLICY_INVALID,
	STS_REPORT_WEBPKI_INVALID,
	STS_REPORT_TLSA_INVALID,
	STS_REPORT_DNSSEC_INVALID,
	STS_REPORT_DANE_REQUIRED,
	STS_REPORT_RESULTS
};

/* The texts of a failure, each of 0..STS_REPORT_FIELD_MAX octets; empty: not
 * known, and left out of the report. */
enum sts_report_field {
	STS_REPORT_MTA_IP = 0, /* sending-mta-ip */
	STS_REPORT_MX, /* receiving-mx-hostname */
	STS_REPORT_MX_IP, /* receiving-ip */
	STS_REPORT_REASON, /* failure-reason-code */
	STS_REPORT_INFO, /* additional-information */
	STS_REPORT_HELO, /* receiving-mx-helo: failures that differ in it
	                    alone count as one; the first text is kept */
	STS_REPORT_FIELDS
};

enum {
	STS_REPORT_FIELD_MAX = 255,
	STS_REPORT_EVENT_FAILURES = 8, /* kept of one event */
	STS_REPORT_EVENT_STRINGS = 255 /* strings, and mx, kept of one event */
};

struct sts_report_failure {
	enum sts_report_result result;
	struct sts_text texts[STS_REPORT_FIELDS];
};

/* A failure as an event has it: its texts, one behind the other. */
struct sts_report_detail {
	uint8_t result;
	uint8_t len[STS_REPORT_FIELDS];
	const uint8_t *text;
};

struct sts_report_event {
	/* Read the fields; write them through the functions below, except
	 * `failed`. */
	bool failed; /* the session failed in the end */
	bool strings_cut; /* strings or mx were left out */
	enum sts_report_policy type;
	uint8_t failure_count;
	uint8_t failures_cut; /* further failures, not kept; up to 255 */
	uint8_t string_count, mx_count;
	uint32_t policy_sum; /* CRC-32 of all strings and mx, kept or not */
	/* Private: places in text, in this order. The policy's strings are
	 * string_count + mx_count pieces of 2 octets of length (big-endian) and
	 * as many octets as that. */
	uint16_t domain_len, record_len, policy_domain_len, strings_len;
	uint16_t text_len;
	struct {
		uint8_t result;
		uint8_t len[STS_REPORT_FIELDS];
		uint16_t at;
	} failures[STS_REPORT_EVENT_FAILURES];
	uint8_t text[STS_REPORT_TEXT];
};

/*
 * Begin an event about `domain`, whose record at _smtp._tls is `record`. The
 * domain is folded to lower case and loses one final dot. The policy is
 * STS_REPORT_NO_POLICY until another is set; nothing failed.
 *
 * False, and *e is unspecified: the domain is no name of A-labels, the record
 * does not begin as a TLSRPT record, or is longer than STS_TLSRPT_RECORD_MAX.
 */
bool sts_event_begin(
    struct sts_report_event *e, struct sts_text domain, struct sts_text record);

/*
 * Forget policy and failures, and set the policy's type and domain (folded as
 * above; empty or no name: the event's domain). For TLSA the domain is the mail
 * host's.
 */
void sts_event_policy(struct sts_report_event *e, enum sts_report_policy type,
    struct sts_text domain);

/*
 * Add a string of the policy, in order; add a pattern of its mx. Strings come
 * before mx, and both before the failures (asserted).
 */
void sts_event_string(struct sts_report_event *e, struct sts_text line);
void sts_event_mx(struct sts_report_event *e, struct sts_text pattern);

/*
 * Add a failure of the session. Texts over STS_REPORT_FIELD_MAX are cut at a
 * character's end; an address that cannot be parsed, or is in brackets, is left
 * out; the mail host's name is folded. Of the HELO text the first word is kept,
 * without the reply's code before it.
 */
void sts_event_failure(
    struct sts_report_event *e, const struct sts_report_failure *f);

/* The domain that was set; and so on. Valid until the event is changed. */
struct sts_text sts_event_domain(const struct sts_report_event *e);
struct sts_text sts_event_record(const struct sts_report_event *e);
struct sts_text sts_event_policy_domain(const struct sts_report_event *e);
/* Strings, then mx: 2 octets of length (big-endian) before each. */
struct sts_text sts_event_strings(const struct sts_report_event *e);
struct sts_report_detail sts_event_detail(
    const struct sts_report_event *e, unsigned i);
/* A failure, with its texts apart. */
struct sts_report_failure sts_event_failure_at(
    const struct sts_report_event *e, unsigned i);

/* "sts-policy-fetch-error", of RFC 8460 4.3; "tlsa", "sts",
 * "no-policy-found". */
const char *sts_report_result_text(enum sts_report_result result);
const char *sts_report_policy_text(enum sts_report_policy type);

/* "sending-mta-ip" and its like, of RFC 8460 4.4. */
const char *sts_report_field_text(enum sts_report_field field);

/* The result type of a number of libtlsrpt (201..306). False: there is none. */
bool sts_report_result_of_code(unsigned code, enum sts_report_result *result);

/* The result type by its name of RFC 8460. False: it is none of them. */
bool sts_report_result_of_text(
    struct sts_text name, enum sts_report_result *result);

/* Which question of ours has failed. */
enum sts_report_stage {
	STS_REPORT_AT_TXT,
	STS_REPORT_AT_POLICY_HOST
};

/*
 * The result type to report for a reason of ours for which a policy could not
 * be fetched; the token of the reason (why.h) goes with it as
 * failure-reason-code. False: the reason is not reported, since it says nothing
 * about the domain: it is our own inability (a limit, an algorithm or version
 * we lack, shortage, no clock), a transient error of the DNS (RFC 8460 4.3.4),
 * or no failure at all.
 *
 * stage: which question a reason of the DNS is about, the TXT record or the
 * addresses of the policy host.
 */
bool sts_report_result_of_why(enum sts_why why, enum sts_report_stage stage,
    enum sts_report_result *result);

#endif
