/* SPDX-License-Identifier: MIT */
/*
 * Findings about what a domain publishes: TXT, policy, MX, reports. Hosts are
 * in check_judge_host.c. A function of the facts (check_judge.h), without a
 * state.
 *
 * Invariants: the same facts give the same findings in the same order. "none"
 * needs a certain answer of the DNS, and a look-up that failed is "unknown".
 * Texts of the domain are compared here and printed elsewhere (check_print.c
 * escapes them).
 */
#include <string.h>

#include "../../core/base/assert.h"
#include "../../core/base/text.h"
#include "check_judge.h"
#include "check_judge_add.h"

enum {
	DAY = 86400,
	MAX_AGE_LOW = 14 * DAY
};

/* Whether a record begins so, letters of either case, whatever follows. */
static bool
resembles(const struct sts_check_text *t, const char *version)
{
	struct sts_text v = sts_text_of(version);

	return t->len >= v.n && sts_same_nocase(sts_text(t->text, v.n), v);
}

/*
 * None of the records counts: what may have become of the one that should. One
 * that ends where its first ";" would be was cut there by the zone file.
 */
static enum sts_check_id
why_none(const struct sts_check_records *r, const char *version,
    const char *word, const enum sts_check_id ids[3])
{
	for (unsigned i = 0; i < r->count && i < STS_CHECK_RECORDS_MAX; i++) {
		const struct sts_check_text *t = &r->record[i];

		if (resembles(t, version) &&
		    sts_text_trim(sts_text(t->text, t->len), STS_BLANK_TAB).n ==
			strlen(version)) {
			return ids[1];
		}
		if (resembles(t, word)) {
			return ids[2];
		}
	}
	return ids[0];
}

void
sts_check_judge_txt(
    const struct sts_check_facts *f, struct sts_check_findings *out)
{
	static const enum sts_check_id none[3] = { STS_CHECK_F_TXT_NONE,
		STS_CHECK_F_TXT_CUT, STS_CHECK_F_TXT_MISSPELT };
	const struct sts_check_txt *t = &f->txt;

	if (t->found == STS_FOUND) {
		return;
	}
	if (t->found == STS_UNKNOWN) {
		sts_check_add_failed(out, &t->records.dns,
		    STS_CHECK_F_BOGUS_TXT, STS_CHECK_F_TXT_FAILED, -1);
		return;
	}
	switch ((enum sts_why)t->why) {
	case STS_WHY_TXT_SEVERAL:
		sts_check_add(out, STS_CHECK_F_TXT_SEVERAL, t->why, -1, -1);
		break;
	case STS_WHY_TXT_INVALID:
		sts_check_add(out, STS_CHECK_F_TXT_INVALID, t->why, -1, -1);
		break;
	default:
		sts_check_add(out,
		    why_none(&t->records, "v=STSv1", "v=STS", none), t->why, -1,
		    -1);
		break;
	}
}

static void
judge_addresses(
    const struct sts_check_policy *p, struct sts_check_findings *out)
{
	if (p->why == STS_WHY_ADDRESS_FORBIDDEN) {
		sts_check_add(
		    out, STS_CHECK_F_ADDRESS_FORBIDDEN, p->why, -1, -1);
	} else if (p->found == STS_ABSENT) {
		sts_check_add(out, STS_CHECK_F_ADDRESS_NONE, p->why, -1, -1);
	} else {
		sts_check_add_failed(out,
		    p->a.found == STS_UNKNOWN ? &p->a : &p->aaaa,
		    STS_CHECK_F_BOGUS_HOST, STS_CHECK_F_ADDRESS_FAILED, -1);
	}
}

static bool
pattern_used(const struct sts_check_facts *f, struct sts_text pattern)
{
	for (unsigned h = 0; h < f->mx.count; h++) {
		if (sts_name_match(pattern, sts_check_name(&f->host[h]))) {
			return true;
		}
	}
	return false;
}

/* A valid policy was found: its mode, its lifetime, lines that were left out. */
static void
judge_found(const struct sts_check_policy *p, struct sts_check_findings *out)
{
	if (p->mode == STS_MODE_TESTING) {
		sts_check_add(
		    out, STS_CHECK_F_MODE_TESTING, STS_WHY_NONE, -1, -1);
	} else if (p->mode == STS_MODE_NONE) {
		sts_check_add(
		    out, STS_CHECK_F_MODE_NONE, STS_WHY_MODE_NONE, -1, -1);
		return;
	}
	if (p->max_age_s < DAY) {
		sts_check_add(
		    out, STS_CHECK_F_MAX_AGE_SHORT, STS_WHY_NONE, -1, -1);
	} else if (p->max_age_s < MAX_AGE_LOW && p->mode == STS_MODE_ENFORCE) {
		sts_check_add(
		    out, STS_CHECK_F_MAX_AGE_LOW, STS_WHY_NONE, -1, -1);
	}
	if (p->mx_skipped > 0) {
		sts_check_add(
		    out, STS_CHECK_F_MX_SKIPPED, STS_WHY_NONE, -1, -1);
	}
}

/* What came of the fetch; of a domain that announces nothing and serves
 * nothing, nothing is wrong but that. */
static void
judge_fetch(const struct sts_check_policy *p, bool announced,
    struct sts_check_findings *out)
{
	if (p->found == STS_FOUND) {
		judge_found(p, out);
	} else if (announced && !p->tried) {
		judge_addresses(p, out);
	} else if (announced) {
		sts_check_add(out,
		    sts_check_is_unknown((enum sts_why)p->why)
			? STS_CHECK_F_FETCH_FAILED
			: STS_CHECK_F_FETCH,
		    p->why, -1, -1);
	}
}

/* That a policy is served makes the missing record a fault. */
static void
miss_record(struct sts_check_findings *out)
{
	for (unsigned i = 0; i < out->count; i++) {
		if (out->f[i].id == STS_CHECK_F_TXT_NONE) {
			out->f[i].id = STS_CHECK_F_TXT_MISSING;
		}
	}
}

void
sts_check_judge_policy(
    const struct sts_check_facts *f, struct sts_check_findings *out)
{
	const struct sts_check_policy *p = &f->policy;

	judge_fetch(p, f->txt.found != STS_ABSENT, out);
	if (p->found != STS_FOUND) {
		return;
	}
	if (f->txt.found == STS_ABSENT) {
		miss_record(out);
	}
	if (p->cert.known &&
	    sts_check_days(f, &p->cert) < STS_CHECK_SOON_DAYS) {
		sts_check_add(
		    out, STS_CHECK_F_POLICY_EXPIRES, STS_WHY_NONE, -1, -1);
	}
}

/* One pattern against the MX hosts. */
static void
judge_pattern(const struct sts_check_facts *f, struct sts_text pattern,
    struct sts_check_findings *out)
{
	if (!pattern_used(f, pattern)) {
		sts_check_add(
		    out, STS_CHECK_F_PATTERN_UNUSED, STS_WHY_NONE, -1, -1);
	}
	if (pattern.p[0] == '*') {
		sts_check_add(
		    out, STS_CHECK_F_PATTERN_WILDCARD, STS_WHY_NONE, -1, -1);
	}
}

static void
judge_patterns(const struct sts_check_facts *f, struct sts_check_findings *out)
{
	const struct sts_check_policy *p = &f->policy;
	bool counts = p->found == STS_FOUND && p->mode != STS_MODE_NONE;

	/* Without all hosts nobody knows which pattern matches none. */
	for (unsigned i = 0; counts && f->mx.count > 0 && !f->mx.more &&
			     i < p->mx_count && i < STS_CHECK_MX_MAX;
	     i++) {
		judge_pattern(f, sts_text(p->mx[i], p->mx_len[i]), out);
	}
}

static bool
any_signed_host(const struct sts_check_facts *f)
{
	for (unsigned h = 0; h < f->mx.count; h++) {
		if (f->host[h].dane >= STS_DANE_HOST_UNUSABLE) {
			return true;
		}
	}
	return false;
}

/* The MX records themselves. */
static void
judge_records(const struct sts_check_mx *mx, struct sts_check_findings *out)
{
	const struct {
		bool is;
		enum sts_check_id id;
	} rows[] = {
		{ mx->dns.found == STS_ABSENT && !mx->implicit,
		    STS_CHECK_F_MX_NXDOMAIN },
		{ mx->null, STS_CHECK_F_MX_NULL },
		{ mx->implicit, STS_CHECK_F_MX_IMPLICIT },
		{ mx->invalid > 0, STS_CHECK_F_MX_INVALID },
		{ mx->more, STS_CHECK_F_MX_MANY },
	};

	if (mx->dns.found == STS_UNKNOWN) {
		sts_check_add_failed(out, &mx->dns, STS_CHECK_F_BOGUS_MX,
		    STS_CHECK_F_MX_FAILED, -1);
	}
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		if (rows[i].is) {
			sts_check_add(out, rows[i].id, STS_WHY_NONE, -1, -1);
		}
	}
}

void
sts_check_judge_mx(
    const struct sts_check_facts *f, struct sts_check_findings *out)
{
	judge_records(&f->mx, out);
	if (f->mx.count > 0 && !f->mx.dns.secure && any_signed_host(f)) {
		sts_check_add(
		    out, STS_CHECK_F_MX_INSECURE, STS_WHY_NONE, -1, -1);
	}
	judge_patterns(f, out);
}

static void
judge_rua(const struct sts_check_report_to *to, struct sts_check_findings *out)
{
	if (to->kind == STS_CHECK_RUA_INVALID) {
		sts_check_add(
		    out, STS_CHECK_F_RUA_INVALID, STS_WHY_NONE, -1, -1);
	} else if (to->there) {
		return;
	} else if (to->dns.found == STS_UNKNOWN) {
		sts_check_add_failed(out, &to->dns, STS_CHECK_F_RUA_FAILED,
		    STS_CHECK_F_RUA_FAILED, -1);
	} else {
		sts_check_add(out,
		    to->kind == STS_CHECK_RUA_MAILTO
			? STS_CHECK_F_RUA_NO_MX
			: STS_CHECK_F_RUA_NO_ADDRESS,
		    STS_WHY_NONE, -1, -1);
	}
}

void
sts_check_judge_rpt(
    const struct sts_check_facts *f, struct sts_check_findings *out)
{
	static const enum sts_check_id none[3] = { STS_CHECK_F_RPT_NONE,
		STS_CHECK_F_RPT_CUT, STS_CHECK_F_RPT_MISSPELT };
	const struct sts_check_rpt *r = &f->rpt;

	if (r->found == STS_UNKNOWN) {
		sts_check_add_failed(out, &r->records.dns,
		    STS_CHECK_F_BOGUS_RPT, STS_CHECK_F_RPT_FAILED, -1);
	} else if (r->found == STS_ABSENT && r->candidates > 1) {
		sts_check_add(
		    out, STS_CHECK_F_RPT_SEVERAL, STS_WHY_NONE, -1, -1);
	} else if (r->found == STS_ABSENT && r->candidates == 1) {
		sts_check_add(
		    out, STS_CHECK_F_RPT_INVALID, STS_WHY_NONE, -1, -1);
	} else if (r->found == STS_ABSENT) {
		sts_check_add(out,
		    why_none(&r->records, "v=TLSRPTv1", "v=TLSRPT", none),
		    STS_WHY_NONE, -1, -1);
	}
	for (unsigned i = 0; i < r->rua_count; i++) {
		judge_rua(&r->rua[i], out);
	}
	if (r->more) {
		sts_check_add(out, STS_CHECK_F_RUA_MANY, STS_WHY_NONE, -1, -1);
	}
}

void
sts_check_judge_rest(
    const struct sts_check_facts *f, struct sts_check_findings *out)
{
	if (f->interrupted) {
		sts_check_add(out,
		    f->overtime ? STS_CHECK_F_OVERTIME
				: STS_CHECK_F_INTERRUPTED,
		    STS_WHY_NONE, -1, -1);
	}
	if (f->closed) {
		sts_check_add(
		    out, STS_CHECK_F_PORT_CLOSED, STS_WHY_NONE, -1, -1);
	}
}
