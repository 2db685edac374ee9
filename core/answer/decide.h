/* SPDX-License-Identifier: MIT */
/*
 * The rules by which a question is answered, given what is known. They have no
 * state, so that each can be tested as a line of a table.
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

/* No live policy is held: the kind and reason of what was found decide, by the
 * operator's settings. */
struct sts_answer sts_decide_none(
    const struct sts_settings *s, enum sts_kind kind, enum sts_why why);

/* The time is not known and no live policy is held. `grace`: shortly after
 * start. */
struct sts_answer sts_decide_no_clock(const struct sts_settings *s, bool grace);

/*
 * What is known of a domain's TLSA records decides (RFC 7672): ONLY is answered
 * dane-only, UNKNOWN is TEMP for this reason. Otherwise the kind is NONE, and
 * MTA-STS decides, which must not override DANE that fails (RFC 8461 2).
 */
struct sts_answer sts_decide_dane(enum sts_dane_level level, enum sts_why why);

/* The final answer where DANE is PARTIAL: `with`, or `dane` if no policy is
 * enforced, no override decides, and the operator wants that. */
struct sts_answer sts_decide_partial(
    const struct sts_settings *s, struct sts_answer with);

/*
 * The final answer where no policy of the domain was found (n 0: the key has no
 * domain) or is held: the policy of the operator's list, if the list has one in
 * enforce mode and is `live`, that is not expired; else `with`. TEMP, by which
 * the mail waits, stays, since it is not weaker.
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
 * What is known of a domain without a live policy: the kind of its record or,
 * if that is an expired policy, the result of the last look-up.
 */
enum sts_kind sts_decide_kind(const struct sts_entry *e);

/* Whether the operator wants this zone's answers only rehearsed. */
bool sts_decide_audits(
    const struct sts_settings *s, const struct sts_zone *zone);

#endif
