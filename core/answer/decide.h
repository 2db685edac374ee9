/* SPDX-License-Identifier: MIT */
/*
 * What is said, given what is known: the rules of an answer without any state
 * of their own.
 */
#ifndef STS_DECIDE_H
#define STS_DECIDE_H

#include "../settings.h"
#include "answer.h"

/* A live policy is held: enforce it, or not, by its mode and the zone. The
 * reference is the caller's to pin. */
struct sts_answer sts_decide_policy(const struct sts_zone *zone,
    const struct sts_entry *e, sts_ref ref, enum sts_rule rule);

/* Nothing live is held: the table (kind and reason of what was found). */
struct sts_answer sts_decide_none(
    const struct sts_settings *s, enum sts_kind kind, enum sts_why why);

/* The time is not known and nothing live is held. `grace`: shortly after
 * start. */
struct sts_answer sts_decide_no_clock(const struct sts_settings *s, bool grace);

/* NOTFOUND or TEMP without more. */
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
