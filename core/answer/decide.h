/* SPDX-License-Identifier: MIT */
/*
 * What is answered, given what is known: rules without any state of their own,
 * so that each can be tested as a line of a table.
 */
#ifndef STS_DECIDE_H
#define STS_DECIDE_H

#include "../dane/dane.h"
#include "../settings.h"
#include "answer.h"

/* A live policy is held: its mode and the zone decide whether it is enforced.
 * The caller pins the reference. */
struct sts_answer sts_decide_policy(const struct sts_zone *zone,
    const struct sts_entry *e, sts_ref ref, enum sts_rule rule);

/* The key makes no domain, and why is one of its reasons: NOTFOUND, or TEMP
 * where nobody can tell which domain it spells (core/grammar/domain.h). */
struct sts_answer sts_decide_key(enum sts_why why);

/* Nothing live is held: the kind and the reason of what was found decide, by
 * the operator's settings. */
struct sts_answer sts_decide_none(
    const struct sts_settings *s, enum sts_kind kind, enum sts_why why);

/* The time is not known and nothing live is held. `grace`: shortly after
 * start. */
struct sts_answer sts_decide_no_clock(const struct sts_settings *s, bool grace);

/*
 * What is known of a domain's TLSA records decides (RFC 7672, DESIGN 5.3): ONLY
 * is dane-only, UNKNOWN is TEMP for this reason. Otherwise kind NONE: MTA-STS
 * decides, which must not override a DANE that fails (RFC 8461 2).
 */
struct sts_answer sts_decide_dane(enum sts_dane_level level, enum sts_why why);

/* What is answered in the end where DANE is PARTIAL: `with`, or `dane` if the
 * operator wants that where no policy is enforced. */
struct sts_answer sts_decide_partial(
    const struct sts_settings *s, struct sts_answer with);

/*
 * What is answered where no policy was found for the domain (n 0: the key is of
 * none), not even a failing one that is held: what the operator's list says of
 * the domain, if it enforces, and `live`, that is not expired; else `with`. An
 * answer by which the mail waits stays, since it is not weaker.
 */
struct sts_answer sts_decide_preload(const struct sts_settings *s, bool live,
    struct sts_answer with, struct sts_text domain);

/* Whether DANE is looked up for a zone's questions. */
bool sts_decide_wants_dane(
    const struct sts_settings *s, const struct sts_zone *zone);

/* An answer of kind NOTFOUND or TEMP, with its rule and reason. */
struct sts_answer sts_decide_plain(
    enum sts_answer_kind kind, enum sts_rule rule, enum sts_why why);

/*
 * What is known of a domain for which nothing live is held: the kind of its
 * record, or what came of the last look-up of an expired policy.
 */
enum sts_kind sts_decide_kind(const struct sts_entry *e);

/* Whether the operator wants this zone's answers only rehearsed. */
bool sts_decide_audits(
    const struct sts_settings *s, const struct sts_zone *zone);

#endif
