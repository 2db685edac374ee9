/* SPDX-License-Identifier: MIT */
/* Adding findings: what check_judge.c and check_judge_host.c share. */
#ifndef STS_CHECK_JUDGE_ADD_H
#define STS_CHECK_JUDGE_ADD_H

#include "check_judge.h"

/* The same finding about the same thing is added once; of too many the last
 * ones are left out, as the first ones decide. */
void sts_check_add(struct sts_check_findings *out, enum sts_check_id id,
    unsigned why, int host, int address);

/* A question without an answer: its records are bogus, or it failed. */
void sts_check_add_failed(struct sts_check_findings *out,
    const struct sts_check_answer *a, enum sts_check_id bogus,
    enum sts_check_id failed, int host);

#endif
