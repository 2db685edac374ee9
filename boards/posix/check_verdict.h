/* SPDX-License-Identifier: MIT */
/*
 * From findings to the verdict: a pure function over what is published and what
 * is wrong with it, so that each row of its table is a test.
 */
#ifndef STS_CHECK_VERDICT_H
#define STS_CHECK_VERDICT_H

#include "check.h"
#include "check_findings.h"

/* What is in use, as far as the weight of a finding depends on it. */
struct sts_check_use {
	bool policy; /* a valid policy was fetched */
	uint8_t mode; /* enum sts_mode */
	uint16_t dane_hosts; /* bit a host with signed TLSA records */
	bool rpt; /* a valid record asks for reports */
	bool null_mx; /* the domain takes no mail */
	bool alone; /* a host is checked, and no domain */
};

enum sts_check_sts {
	STS_CHECK_STS_NONE = 0,
	STS_CHECK_STS_TESTING,
	STS_CHECK_STS_ENFORCED,
	STS_CHECK_STS_BROKEN,
	STS_CHECK_STS_UNKNOWN
};

enum sts_check_dane {
	STS_CHECK_DANE_NONE = 0,
	STS_CHECK_DANE_PARTIAL,
	STS_CHECK_DANE_COMPLETE,
	STS_CHECK_DANE_BROKEN,
	STS_CHECK_DANE_UNKNOWN
};

enum sts_check_rpt_state {
	STS_CHECK_RPT_NONE = 0,
	STS_CHECK_RPT_OK,
	STS_CHECK_RPT_BROKEN,
	STS_CHECK_RPT_UNKNOWN
};

enum sts_check_result {
	STS_CHECK_RESULT_OK = 0,
	STS_CHECK_RESULT_BAD,
	STS_CHECK_RESULT_UNKNOWN
};

struct sts_check_verdict {
	enum sts_check_sts sts;
	enum sts_check_dane dane;
	enum sts_check_rpt_state rpt;
	enum sts_check_result result;
	bool soon; /* a certificate in use ends soon */
};

struct sts_check_use sts_check_use_of(const struct sts_check_facts *f);

/*
 * What a finding weighs here: its grade, or NOTE if nothing that it concerns is
 * in use. So a certificate that no public CA has signed is a fault for MTA-STS,
 * and none for a domain that goes by DANE alone.
 */
enum sts_check_grade sts_check_weight(
    const struct sts_check_use *use, const struct sts_check_finding *f);

/*
 * Each mechanism:   BROKEN if anything bad concerns it, UNKNOWN if anything
 *                   that concerns it is unknown, else what is published.
 * OK                MTA-STS is enforced or DANE complete, or the domain takes
 *                   no mail, or one host is checked; and nothing is bad or
 *                   unknown
 * BAD               anything is bad, whatever else is unknown; or nothing
 *                   is wrong, and nothing protects
 * UNKNOWN           else
 */
void sts_check_judge(const struct sts_check_use *use,
    const struct sts_check_findings *findings, struct sts_check_verdict *out);

/* Their words. */
const char *sts_check_sts_word(enum sts_check_sts s);
const char *sts_check_dane_word(enum sts_check_dane s);
const char *sts_check_rpt_word(enum sts_check_rpt_state s);
const char *sts_check_result_word(enum sts_check_result s);
const char *sts_check_grade_word(enum sts_check_grade g);

#endif
