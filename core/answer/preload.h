/* SPDX-License-Identifier: MIT */
/*
 * Policies of a file in the STARTTLS Everywhere format (policy-0.1), which the
 * operator keeps. It stands in where a domain's own policy was not found: it
 * secures the first contact, which MTA-STS takes on trust. The file is not
 * signed; it counts because it is the operator's, and only until it expires.
 *
 *	{ "version": "0.1", "timestamp": "2026-01-02T03:04:05Z",
 *	  "expires": 1798761600, "author": "…",
 *	  "policy-aliases": { "big": { "mode": "enforce",
 *	                               "mxs": [ ".mx.big.example" ] } },
 *	  "policies": { "a.example": { "mode": "testing",
 *	                               "mxs": [ "mx.a.example" ] },
 *	                "b.example": { "policy-alias": "big" } } }
 *
 * Times are seconds since 1970, or RFC 3339 with any fraction and offset.
 * Members come in any order, each once. A domain is the key of an e-mail's
 * domain, in any spelling that core/grammar/domain.h knows, and stands for
 * itself alone. An mx is a host name, or ".suffix": one label and the suffix,
 * as "*.suffix" of RFC 8461 (the format's rules and its schema differ; the
 * narrower reading is taken). Beside "policy-alias" other members of a policy
 * mean nothing.
 *
 * A list with anything else in it is refused as a whole: unknown members,
 * patterns that are no names, aliases that are not there. Without the faulty
 * part it would be another list than the one its author wrote.
 *
 * Example, with struct sts_span area, struct sts_text file:
 *
 *	struct sts_preload list;
 *	struct sts_preload_read r;
 *	struct sts_preload_found found;
 *
 *	sts_preload_begin(&r, &list, area);
 *	sts_preload_feed(&r, file);
 *	if (sts_preload_end(&r) == STS_PRELOAD_OK) {
 *		sts_preload_find(&list, sts_text((const uint8_t *)"a.example", 9), &found);
 *	}
 */
#ifndef STS_PRELOAD_H
#define STS_PRELOAD_H

#include "../base/bytes.h"
#include "../base/name.h"
#include "../grammar/json.h"

enum {
	STS_PRELOAD_AREA_MIN = 64, /* octets */
	STS_PRELOAD_TIME_MAX = 40 /* octets of a time */
};

/* A list, whose bytes are in the caller's area. */
struct sts_preload {
	uint32_t timestamp_s, expires_s;
	unsigned domains, aliases;
	/* Private: text from the front, entries from the back, sorted at the
	 * end. */
	uint8_t *area;
	size_t size, text_len;
	unsigned entries;
};

enum sts_preload_error {
	STS_PRELOAD_OK = 0,
	STS_PRELOAD_JSON, /* not JSON, or not all of it */
	STS_PRELOAD_ROOM, /* it does not fit the area */
	STS_PRELOAD_MEMBER, /* unknown, or of the wrong type */
	STS_PRELOAD_TWICE, /* a member or domain stands twice */
	STS_PRELOAD_MISSING, /* timestamp, expires, version, ... */
	STS_PRELOAD_VERSION, /* not "0.1" */
	STS_PRELOAD_TIME, /* no time, or expires is not after timestamp */
	STS_PRELOAD_DOMAIN,
	STS_PRELOAD_MODE, /* not "testing" or "enforce" */
	STS_PRELOAD_MX, /* no host name and no ".suffix"; or none at all */
	STS_PRELOAD_ALIAS, /* of nothing, or of an alias */
	STS_PRELOAD_ERROR_COUNT
};

struct sts_preload_read {
	/* After an error: where, and the domain or member it was in. */
	uint32_t line;
	uint8_t name_len;
	uint8_t name[STS_NAME_MAX];
	/* How often two names were compared: n log2 n times three at most, of
	 * n, in whatever order they stand. */
	uint32_t steps;
	/* Private. */
	struct sts_json json;
	struct sts_preload *list;
	uint8_t error;
	uint8_t member; /* of the file, being read */
	uint8_t field; /* of a policy, being read */
	uint8_t seen; /* bit a member */
	uint8_t fields; /* bit a field of the policy */
	uint8_t mode;
	bool alias; /* the policy names one, of alias_len octets */
	uint8_t alias_len;
	bool begun;
	uint8_t phase; /* of the work that follows the reading, */
	uint32_t at; /* and how far it is */
	unsigned mxs;
	size_t mx_off; /* where the patterns of the policy begin */
	uint8_t alias_name[STS_NAME_MAX];
};

/* Begin to read a list into an area of at least STS_PRELOAD_AREA_MIN octets,
 * aligned for uint32_t; both belong to the caller and must stay. */
void sts_preload_begin(
    struct sts_preload_read *r, struct sts_preload *list, struct sts_span area);

/* Take the next octets of the file. False: the file is refused, and reading on
 * is useless. */
bool sts_preload_feed(struct sts_preload_read *r, struct sts_text in);

/*
 * The file has ended. STS_PRELOAD_OK: *list can be used; else it is undefined.
 * The list is sorted first, in O(n log n); whoever has others wait has that done
 * before, a few entries a call, until this returns false: no work is left.
 */
bool sts_preload_work(struct sts_preload_read *r);
enum sts_preload_error sts_preload_end(struct sts_preload_read *r);

/* What was expected, for people; never NULL. */
const char *sts_preload_error_text(enum sts_preload_error e);

/* The policy of a domain in a list. */
struct sts_preload_found {
	bool enforce; /* else testing */
	/* A length octet and a pattern ("*.suffix", or a host) each; a length
	 * of 0 ends them. In the area. */
	const uint8_t *patterns;
};

/* Find a domain (lower-case A-labels), by exactly its name. False: the list has
 * no policy for it. O(log n). */
bool sts_preload_find(const struct sts_preload *list, struct sts_text domain,
    struct sts_preload_found *out);

/* The next of the patterns, at *at: begin with found.patterns. n 0: no more. */
struct sts_text sts_preload_next(const uint8_t **at);

/* Read a time. False, and *out_s is unchanged: it is none, or does not fit. */
bool sts_preload_time(struct sts_text t, uint32_t *out_s);

#endif
