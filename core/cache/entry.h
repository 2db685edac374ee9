/* SPDX-License-Identifier: MIT */
/*
 * What a record of the cache says about its domain, as a struct: enough for
 * rooms that judge or report what is held without calling the cache.
 */
#ifndef STS_ENTRY_H
#define STS_ENTRY_H

#include <stdbool.h>
#include <stdint.h>

/* A record: the number of its first chunk; 0 is none. The head of
 * cache.h has how long it is valid. */
typedef uint32_t sts_ref;

enum sts_kind {
	STS_KIND_POLICY = 1, /* a policy was fetched, of this mode */
	STS_KIND_ABSENT, /* definitely no policy published */
	STS_KIND_BACK_OFF, /* TXT valid, the fetch failed */
	STS_KIND_UNKNOWN, /* the TXT look-up failed */
	/* Of another key than the domain: the payload is about its mail hosts
	 * (core/agent/agent_dane.c). */
	STS_KIND_DANE
};

/* The header of a record. Times are agent time (core/agent/clock.h). */
struct sts_entry {
	uint8_t kind; /* enum sts_kind */
	uint8_t mode; /* enum sts_mode, for policies */
	uint8_t failures; /* in a row, saturating */
	uint8_t why; /* enum sts_why of the last failure */
	bool lapsed; /* a policy whose expiry was logged */
	bool proved; /* a policy fetched under a confirmed clock */
	bool shared; /* a policy that another gateway has fetched */
	bool restored; /* a policy of the journal, not fetched since */
	uint16_t mx_count;
	uint16_t asked_day; /* agent day (now_s / 86400) of the last question */
	uint32_t max_age_s;
	uint32_t fetched_s; /* last successful fetch */
	uint32_t checked_s; /* when the TXT record was last looked up */
	uint32_t check_s; /* when it is to be looked up again */
	uint32_t refresh_s; /* when a refresh is planned, 0: never */
	uint32_t retry_s; /* no fetch for failed_id before this */
	uint32_t failed_id; /* hash of the id whose fetch failed, 0: none */
};

/* The time, and whether anything may expire by it: only a confirmed clock ends
 * a lifetime. */
struct sts_now {
	uint32_t s; /* agent time */
	bool expires;
};

/* Both in one value. */
static inline struct sts_now
sts_now(uint32_t s, bool expires)
{
	struct sts_now n = { s, expires };

	return n;
}

/* Whether the lifetime of a policy is over at now_s; false for all other kinds.
 * A fetch in the future counts as a fetch now (RFC 8461 3.2). Only under a
 * confirmed clock may anything follow from it. */
bool sts_entry_expired(const struct sts_entry *e, uint32_t now_s);

#endif
