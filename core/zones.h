/* SPDX-License-Identifier: MIT */
/*
 * Zones (how a socketmap name is answered) and overrides (what the operator
 * decided for a key). One table, filled by the board from its configuration
 * and not changed while in use; a reload fills a second one and swaps.
 */
#ifndef STS_ZONES_H
#define STS_ZONES_H

#include "base/bytes.h"
#include "base/sts_config.h"
#include "base/why.h"
#include "domain.h"

enum {
	STS_ZONE_NAME_MAX = 63
};

struct sts_zone {
	uint8_t name_len;
	uint8_t name[STS_ZONE_NAME_MAX];
	bool strict_testing; /* answer a testing policy like enforce */
	bool sni; /* send servername=hostname (Postfix >= 3.4) */
	bool tlsrpt; /* send the TLSRPT attributes (Postfix >= 3.10) */
	bool audit; /* look up, log, answer not found */
	bool sendmail; /* the form FEATURE(sts) needs */
	uint32_t answer_within_ms;
	uint32_t queue_wait_ms;
};

enum sts_override_action {
	STS_OVERRIDE_NOTFOUND = 1,
	STS_OVERRIDE_STS, /* skip DANE */
	STS_OVERRIDE_IGNORE, /* as if there were no override */
	STS_OVERRIDE_POSTFIX /* a policy value, validated at load */
};

struct sts_override {
	uint8_t action;
	bool bracketed;
	uint16_t port;
	uint16_t domain_off, domain_len; /* into text */
	uint16_t value_off, value_len; /* POSTFIX: into text */
};

struct sts_zones {
	unsigned count, overrides;
	uint32_t text_len;
	struct sts_zone zone[STS_ZONES_MAX];
	struct sts_override override[STS_OVERRIDES_MAX];
	uint8_t text[STS_OVERRIDES_TEXT];
};

enum sts_zones_error {
	STS_ZONES_OK = 0,
	STS_ZONES_FULL, /* a limit of sts_config.h */
	STS_ZONES_NAME, /* not 1..63 printable characters without space */
	STS_ZONES_OPTION, /* unknown option */
	STS_ZONES_VALUE, /* an option's value cannot be read */
	STS_ZONES_KEY, /* an override's key is not a domain */
	STS_ZONES_ACTION, /* unknown action */
	STS_ZONES_LEVEL, /* postfix: unknown level */
	STS_ZONES_ATTRIBUTE, /* postfix: unknown or malformed attribute */
	STS_ZONES_DUPLICATE
};

/* What was expected, for people. */
const char *sts_zones_error_text(enum sts_zones_error e);

/*
 * The built-in zones: [0] the default (plain), "QUERYwithTLSRPT" (tlsrpt),
 * "sts" (sendmail, 4 s). answer_within_ms, queue_wait_ms: the agent's.
 */
void sts_zones_init(
    struct sts_zones *z, uint32_t answer_within_ms, uint32_t queue_wait_ms);

/*
 * Add or replace a zone: `line` is what follows the keyword "zone" in the
 * configuration, "NAME option=value ...": strict_testing, sni, tlsrpt, audit
 * (yes|no), answer_within (5s, 500ms). On error *z is unchanged.
 */
enum sts_zones_error sts_zones_add(struct sts_zones *z, struct sts_text line);

/* Add an override: "KEY notfound|sts|ignore|postfix LEVEL ATTR...". */
enum sts_zones_error sts_zones_override(
    struct sts_zones *z, struct sts_text line);

/*
 * The zone of a socketmap name. Exact match first; "querywithtlsrpt" in any
 * case; else zone 0. *known tells whether the name had a zone of its own or
 * is one of the names today's agents use ("postfix", "QUERY", any case).
 */
const struct sts_zone *sts_zones_find(
    const struct sts_zones *z, struct sts_text name, bool *known);

/* The override for exactly this key (domain, brackets, port), or NULL. */
const struct sts_override *sts_zones_override_find(
    const struct sts_zones *z, const struct sts_key *k);

/* The policy value of a POSTFIX override. */
struct sts_text sts_override_value(
    const struct sts_zones *z, const struct sts_override *o);

#endif
