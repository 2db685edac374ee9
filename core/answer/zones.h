/* SPDX-License-Identifier: MIT */
/*
 * Zones (how a socketmap name is answered) and overrides (what the operator
 * decided for a key). They are one table, which the board fills from its
 * configuration and does not change while it is in use; a reload fills a second
 * one and swaps.
 *
 *	sts_zones_init(&z, 12000, 30000);
 *	for each line "zone REST":      e = sts_zones_add(&z, rest);
 *	for each line "override REST":  e = sts_zones_override(&z, rest);
 *	zone = sts_zones_find(&z, name, &known);
 */
#ifndef STS_ZONES_H
#define STS_ZONES_H

#include "../base/bytes.h"
#include "../base/sts_config.h"
#include "../base/why.h"
#include "../grammar/domain.h"

enum {
	STS_ZONE_NAME_MAX = 63,
	/* Longest answer_within: Postfix gives up after 100 s. */
	STS_ANSWER_WITHIN_MAX_MS = 90000
};

/* Whether DANE is looked up for questions of a zone. */
enum sts_zone_dane {
	STS_ZONE_DANE_GENERAL = 0, /* as the settings say */
	STS_ZONE_DANE_ON,
	STS_ZONE_DANE_OFF
};

struct sts_zone {
	uint8_t name_len;
	uint8_t name[STS_ZONE_NAME_MAX];
	bool configured; /* private: there was a line for it */
	bool strict_testing; /* answer a testing policy like enforce */
	bool sni; /* send servername=hostname (Postfix >= 3.4) */
	bool tlsrpt; /* send the TLSRPT attributes (Postfix >= 3.10) */
	bool audit; /* look up, log, answer not found */
	bool sendmail; /* the form that FEATURE(sts) needs: as with sni yes
	                  and tlsrpt no, whatever those say */
	uint8_t dane; /* enum sts_zone_dane; never of a sendmail zone */
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
	uint32_t answer_within_ms, queue_wait_ms; /* of a new zone */
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
	STS_ZONES_DUPLICATE,
	STS_ZONES_ERROR_COUNT
};

/* What was expected, for people; never NULL. */
const char *sts_zones_error_text(enum sts_zones_error e);

/*
 * Only the built-in zones: [0] "default" (plain), "QUERYwithTLSRPT" (tlsrpt),
 * "sts" (sendmail, 4 s for answer and queue, as Sendmail gives up after 5).
 * answer_within_ms, queue_wait_ms: the agent's.
 */
void sts_zones_init(
    struct sts_zones *z, uint32_t answer_within_ms, uint32_t queue_wait_ms);

/*
 * Add a zone: `line` is what follows the keyword "zone" in the configuration,
 * "NAME option=value ...", separated by blanks: strict_testing, sni, tlsrpt,
 * audit (yes|no), dane (on|off), answer_within (500ms, 5s, 1m: 1 ms to
 * STS_ANSWER_WITHIN_MAX_MS). An option that is not given is as in the default
 * zone of sts_zones_init; for the name of a built-in zone, as in that zone:
 * "default" changes how unknown names are answered, and "sts" stays what
 * Sendmail needs. A second line for one name, or a second value for one option,
 * is an error. On error *z is unchanged.
 */
enum sts_zones_error sts_zones_add(struct sts_zones *z, struct sts_text line);

/*
 * Add an override: "KEY notfound|sts|ignore|postfix LEVEL ATTR...". KEY is a
 * key as the mail server sends it; its port must be a number or a service that
 * core/grammar/domain.h knows, since others have no number to compare. The
 * value after "postfix" must be one that core/answer/postfix.h accepts; it is
 * kept as it was written. A second line for one key is an error. On error *z is
 * unchanged.
 */
enum sts_zones_error sts_zones_override(
    struct sts_zones *z, struct sts_text line);

/*
 * The zone of a socketmap name. Exact match first; "querywithtlsrpt" in any
 * case; else zone 0. *known: whether the name has a zone of its own or is one
 * of the names that today's agents use ("postfix", "QUERY", any case). Valid
 * as long as z. At most STS_ZONES_MAX comparisons.
 */
const struct sts_zone *sts_zones_find(
    const struct sts_zones *z, struct sts_text name, bool *known);

/* Whether a zone wants DANE though the settings do not. */
bool sts_zones_want_dane(const struct sts_zones *z);

/* The override for exactly this key (domain, brackets, port), or NULL; none
 * matches a port of unknown number. At most STS_OVERRIDES_MAX comparisons. */
const struct sts_override *sts_zones_override_find(
    const struct sts_zones *z, const struct sts_key *k);

/* The policy value of a POSTFIX override: never empty. */
struct sts_text sts_override_value(
    const struct sts_zones *z, const struct sts_override *o);

#endif
