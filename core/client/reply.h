/* SPDX-License-Identifier: MIT */
/*
 * An answer in the words of the mail server that asked. Nothing a stranger
 * published reaches a reply but names that passed sts_policy's grammar, and
 * numbers and words of our own.
 *
 *	NOTFOUND
 *	TEMP reason
 *	OK the operator's own value
 *	OK secure match=mx.a.example:.b.example servername=hostname
 *
 * (NOTFOUND with a space after it.) In a zone with tlsrpt the last one goes on
 * with what Postfix >= 3.10 calls policy attributes:
 *
 *	policy_type=sts policy_domain=D mx_host_pattern=*.b.example ...
 *	{ policy_string = version: STSv1 } { policy_string = mode: enforce }
 *	{ policy_string = mx: *.b.example } ... { policy_string = max_age: N }
 *
 * A policy of the operator's list has no such attributes: its domain does not
 * publish one, and no report may name one.
 *
 * By the text protocol (core/client/line.h) it is one word, or the list of
 * hosts.
 *
 * A reply is a cursor: it can be rendered in pieces of any size, from any
 * offset, so that a slow reader costs no memory. The pinned record makes the
 * bytes the same each time.
 */
#ifndef STS_REPLY_H
#define STS_REPLY_H

#include "../answer/answer.h"
#include "../cache/payload.h"
#include "line.h"

/*
 * What of a policy fits STS_REPLY_MAX. Postfix before 3.10.5 dereferences NULL
 * when policy_type=sts comes without any policy_string or without any
 * mx_host_pattern, so there is always one of each, or none of the attributes.
 * Without them Postfix takes any MX whose certificate fits any pattern: still
 * `secure`, but no longer the exact rule of RFC 8461 4.1, so the owner counts
 * it.
 */
enum sts_reply_detail {
	STS_REPLY_FULL = 0,
	STS_REPLY_BRIEF, /* the policy_strings of the mx lines left out */
	STS_REPLY_PLAIN /* no attributes; also where the zone wants none */
};

struct sts_reply {
	uint32_t len; /* of the data, the netstring's wrapping excluded */
	uint8_t detail; /* enum sts_reply_detail, of a POLICY answer */
	bool cut; /* detail is less than the zone asks for */
	struct sts_answer answer; /* as it is rendered: may have become TEMP */
	/* Private. */
	const struct sts_cache *cache;
	const struct sts_zones *zones;
	bool servername; /* the policy's reply has it */
	uint8_t mode; /* the record's header may change under the cursor */
	uint8_t verb; /* enum sts_line_verb; 0: socketmap */
	uint8_t list; /* of the mark, or 0: there is none */
	union {
		struct sts_text host; /* STS_LINE_ALLOWED */
		struct {
			uint32_t off, pos;
		} mark; /* else; of the record's patterns, of the reply */
	} more;
	uint32_t max_age_s;
};

/* Where the driver's scratch is smaller, replies have no marks. */
enum {
	STS_REPLY_MARKS = STS_SCRATCH_SIZE >= 4096
};

/*
 * Prepare the socketmap reply for an answer (kind not NONE): decide what fits
 * STS_REPLY_MAX, and the length. What does not fit goes in the order of enum
 * sts_reply_detail; an answer that is too long even so becomes TEMP
 * (reply-large): a truncated match= would be another policy.
 *
 * Only POLICY uses cache and zone, and only OVERRIDE uses zones; what is used
 * stays valid, the record of answer->ref pinned, for as long as *r is rendered.
 * zone NULL: the form without attributes, with servername.
 */
void sts_reply_init(struct sts_reply *r, const struct sts_cache *cache,
    const struct sts_zones *zones, const struct sts_zone *zone,
    const struct sts_answer *answer);

/*
 * The same for the text protocol: `verb` is what was asked, `host` its last
 * word (stays valid while *r is rendered). What is too long becomes temp. Of a
 * REPORT: NOTFOUND is ok, TEMP is no; no other answer.
 */
void sts_reply_init_line(struct sts_reply *r, const struct sts_cache *cache,
    const struct sts_answer *answer, enum sts_line_verb verb,
    struct sts_text host);

/*
 * A reply that needs neither zones nor a host, and is short and complete: what
 * is left of it when a client puts it by.
 */
struct sts_reply_kept {
	sts_ref ref; /* pinned as before; 0: none */
	uint32_t max_age_s;
	uint16_t len; /* or, before it is measured, what it is at most */
	bool measured;
	uint8_t kind, why, detail, mode;
	bool servername;
};

/*
 * Longer replies are not put by, nor are those of a record that is pinned so
 * often already: one client puts some twenty by, and all of them together must
 * not use up a record's pins (core/cache/cache.h), of which each client needs
 * one for its reply at hand.
 */
enum {
	STS_REPLY_KEPT_MAX = 1024,
	STS_REPLY_PINS_MAX = 4096
};

/* False: the reply cannot be kept so, and *out is unchanged. */
bool sts_reply_keep(const struct sts_reply *r, struct sts_reply_kept *out);

/*
 * The same for an answer (kind not NONE) whose socketmap reply is certainly so
 * short: nothing is rendered to find out how long, and *out is not measured
 * yet. Parameters as of sts_reply_init; zones are not needed. False: *out is
 * unchanged, and sts_reply_init may still find that the reply can be kept.
 */
bool sts_reply_brief(struct sts_reply_kept *out, const struct sts_cache *cache,
    const struct sts_zone *zone, const struct sts_answer *answer);

/* Render the whole reply (r: of what is kept and was not measured) into out,
 * which has room for r->len octets, and measure it: *r is then as of
 * sts_reply_init. */
void sts_reply_measure(struct sts_reply *r, uint8_t *out);

/* The reply again; cache is the one that it was prepared from. */
void sts_reply_again(struct sts_reply *r, const struct sts_cache *cache,
    const struct sts_reply_kept *kept);

/*
 * Render data[off .. off + out.n) of the reply (the netstring's wrapping
 * excluded) into out; off <= r->len. Returns the number of bytes, less than
 * out.n only at the end. O(r->len) for any off; behind what sts_reply_passed
 * was called with, O(out.n) and a step for 59 octets of the record.
 */
size_t sts_reply_render(
    const struct sts_reply *r, size_t off, struct sts_span out);

/* data[0 .. off) is not rendered any more: mark the place, so that pieces of a
 * long reply are rendered from there. O(off - the same of the last call). */
void sts_reply_passed(struct sts_reply *r, size_t off);

#endif
