/* SPDX-License-Identifier: MIT */
/*
 * From facts to findings: pure functions, a part of the facts each. Each part
 * is judged when it is complete, in the order of the steps, so that what
 * depends on an earlier one (a host on the policy's patterns, a certificate on
 * TLSA records) finds it judged.
 */
#ifndef STS_CHECK_JUDGE_H
#define STS_CHECK_JUDGE_H

#include "check.h"
#include "check_findings.h"

/* Whether name servers that are asked validate. */
enum sts_check_sight {
	STS_CHECK_SEES = 0,
	STS_CHECK_BLIND
};

void sts_check_judge_txt(
    const struct sts_check_facts *f, struct sts_check_findings *out);
void sts_check_judge_policy(
    const struct sts_check_facts *f, struct sts_check_findings *out);
void sts_check_judge_mx(
    const struct sts_check_facts *f, struct sts_check_findings *out);
/* One host with its TLSA records and addresses. */
void sts_check_judge_host(const struct sts_check_facts *f, unsigned h,
    enum sts_check_sight sight, struct sts_check_findings *out);
void sts_check_judge_rpt(
    const struct sts_check_facts *f, struct sts_check_findings *out);
/* What only all hosts together show. */
void sts_check_judge_rest(
    const struct sts_check_facts *f, struct sts_check_findings *out);

#endif
