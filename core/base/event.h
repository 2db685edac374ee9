/* SPDX-License-Identifier: MIT */
/*
 * Events, as numbers: core never prints. The driver hands each event to the
 * port, which renders it as one log line or drops it.
 */
#ifndef STS_EVENT_H
#define STS_EVENT_H

#include "io.h"
#include "name.h"
#include "why.h"

/* clang-format off */
/* id, token, level (0 error, 1 warning, 2 info, 3 debug), names of numbers; "":
 * none */
#define STS_EVENT_LIST(X) \
	X(POLICY_NEW,      "policy-new",      2, "max_age", "mx", "") \
	X(POLICY_CHANGED,  "policy-changed",  2, "max_age", "mx", "") \
	X(POLICY_REFRESHED, "policy-refreshed", 2, "max_age", "mx", "") \
	X(POLICY_EXPIRED,  "policy-expired",  1, "failures", "", "") \
	X(POLICY_TESTING,  "policy-testing",  2, "", "", "") \
	X(POLICY_LARGE,    "policy-large",    0, "mx", "", "") \
	X(POLICY_FAILING,  "policy-failing",  1, "failures", "expires_in", "left_percent") \
	X(POLICY_EXPIRING, "policy-expiring", 0, "failures", "expires_in", "left_percent") \
	X(POLICY_RECOVERED, "policy-recovered", 1, "failures", "", "") \
	X(NO_POLICY,       "no-policy",       3, "ttl", "", "") \
	X(DNS_FAILED,      "dns-failed",      2, "retry_in", "", "") \
	X(FETCH_FAILED,    "fetch-failed",    1, "retry_in", "http_status", "") \
	X(REFRESH_FAILED,  "refresh-failed",  2, "failures", "expires_in", "http_status") \
	X(SCT_MISSING,     "sct-missing",     2, "scts", "", "") \
	X(MX_SKIPPED,      "mx-skipped",      1, "skipped", "mx", "") \
	X(MUST_STAPLE,     "must-staple",     2, "", "", "") \
	X(ANSWER,          "answer",          3, "ms", "", "") \
	X(AUDIT,           "audit",           1, "", "", "") \
	X(BUSY,            "busy",            1, "lookups", "queue", "") \
	X(CACHE_REFUSED,   "cache-refused",   1, "refused", "", "") \
	X(CACHE_FULL,      "cache-full",      0, "percent", "", "") \
	X(CLOCK,           "clock",           1, "state", "", "") \
	X(CLIENT_BAD,      "client-bad",      1, "", "", "") \
	X(ZONE_UNKNOWN,    "zone-unknown",    1, "", "", "") \
	X(CLIENTS_FULL,    "clients-full",    1, "clients", "", "") \
	X(JOURNAL_LOADED,  "journal-loaded",  2, "records", "lost", "") \
	X(JOURNAL_FAILED,  "journal-failed",  0, "unsaved", "", "") \
	X(JOURNAL_RESUMED, "journal-resumed", 1, "unsaved", "", "") \
	X(EVENTS_LOST,     "events-lost",     1, "lost", "", "")

/* Events of rooms that a board may leave out, and their words with them. */
#define STS_EVENT_OPTION_LIST(X) \
	X(DANE,            "dane",            3, "level", "hosts", "ttl") \
	X(DANE_FAILED,     "dane-failed",     2, "retry_in", "", "") \
	X(DANE_BLIND,      "dane-blind",      0, "", "", "") \
	X(DANE_SEES,       "dane-sees",       1, "", "", "") \
	X(PRELOAD_EXPIRED, "preload-expired", 0, "domains", "expires", "") \
	X(REPORT_SENT,     "report-sent",     2, "sessions", "failures", "by_mail") \
	X(REPORT_FAILED,   "report-failed",   2, "retry_in", "tries", "status") \
	X(REPORT_DROPPED,  "report-dropped",  1, "tries", "status", "") \
	X(REPORT_LOST,     "report-lost",     1, "events", "", "") \
	X(REPORT_BAD,      "report-bad",      1, "datagrams", "verdict", "") \
	X(TESTING_FAILED,  "testing-failed",  2, "failures", "", "") \
	X(POLICY_SHARED,   "policy-shared",   3, "max_age", "mx", "") \
	X(SHARE_UP,        "share-up",        2, "", "", "") \
	X(SHARE_DOWN,      "share-down",      1, "", "", "") \
	X(SHARE_DENIED,    "share-denied",    0, "", "", "") \
	X(SHARE_FULL,      "share-full",      1, "", "", "") \
	X(SHARE_REFUSED,   "share-refused",   1, "refused", "", "")
/* clang-format on */

#define STS_EVENT_ENUM(id, token, level, a, b, c) STS_EVENT_##id,
enum sts_event_code {
	STS_EVENT_LIST(STS_EVENT_ENUM) STS_EVENT_OPTIONS,
	STS_EVENT_LAST = STS_EVENT_OPTIONS - 1,
	STS_EVENT_OPTION_LIST(STS_EVENT_ENUM) STS_EVENT_COUNT
};
#undef STS_EVENT_ENUM

struct sts_event {
	uint8_t code; /* enum sts_event_code */
	uint8_t why; /* enum sts_why, or STS_WHY_NONE */
	uint8_t mode; /* enum sts_mode + 1, or 0: does not apply */
	uint8_t text_len;
	uint32_t number[3];
	struct sts_addr addr; /* af NONE: does not apply */
	uint8_t text[STS_NAME_MAX]; /* a domain, or peer text: to be escaped */
};

/* Give the event the mode of a policy (enum sts_mode), so that it applies. */
static inline void
sts_event_mode(struct sts_event *e, unsigned mode)
{
	e->mode = (uint8_t)(mode + 1);
}

/* The token, the level, and the name of number[i] (NULL: unused). */
const char *sts_event_token(enum sts_event_code code);
unsigned sts_event_level(enum sts_event_code code);
const char *sts_event_number(enum sts_event_code code, unsigned i);

#endif
