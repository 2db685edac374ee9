/* SPDX-License-Identifier: MIT */
/*
 * A finding concerns a mechanism if the list says so, and, where the list says
 * "in use", if the mechanism is. The worst weight of all that concern it is
 * what a mechanism has against it.
 *
 * Invariants: functions of the facts and findings, without a state. "Unknown"
 * never becomes "ok": a mechanism with an unknown against it is unknown, unless
 * something is bad; and the result is ok only if something protects the mail
 * (an enforced policy, DANE for every host), there is no mail to protect, or
 * one host alone is checked. An attacker who keeps the check from seeing
 * something can make it say "cannot tell", not "ok".
 */
#include "../../core/base/assert.h"
#include "check_verdict.h"

struct sts_check_use
sts_check_use_of(const struct sts_check_facts *f)
{
	struct sts_check_use use = { false, STS_MODE_NONE, 0, false, false,
		false };

	use.policy = f->policy.done && f->policy.found == STS_FOUND;
	use.mode = use.policy ? f->policy.mode : (uint8_t)STS_MODE_NONE;
	for (unsigned h = 0; h < f->mx.count; h++) {
		if (f->host[h].dane >= STS_DANE_HOST_UNUSABLE) {
			use.dane_hosts = (uint16_t)(use.dane_hosts | 1U << h);
		}
	}
	use.rpt = f->rpt.done && f->rpt.found == STS_FOUND;
	use.null_mx = f->mx.null;
	use.alone = f->alone;
	return use;
}

/* Whether mail goes by WebPKI: by a policy; or one host is checked, which has
 * nothing else to show. */
static bool
uses_webpki(const struct sts_check_use *use)
{
	return (use->policy && use->mode != STS_MODE_NONE) ||
	       (use->alone && use->dane_hosts == 0);
}

static bool
concerns_sts(const struct sts_check_use *use, const struct sts_check_finding *f)
{
	unsigned whom = sts_check_whom(f);

	return (whom & STS_CHECK_STS) != 0 ||
	       ((whom & STS_CHECK_STS_USE) != 0 && uses_webpki(use));
}

static bool
concerns_dane(
    const struct sts_check_use *use, const struct sts_check_finding *f)
{
	unsigned whom = sts_check_whom(f);
	unsigned hosts = f->host >= 0 ? 1U << f->host : ~0U;

	return (whom & (STS_CHECK_DANE | STS_CHECK_DANE_PART)) != 0 ||
	       ((whom & STS_CHECK_DANE_USE) != 0 &&
		   (use->dane_hosts & hosts) != 0);
}

enum sts_check_grade
sts_check_weight(
    const struct sts_check_use *use, const struct sts_check_finding *f)
{
	unsigned whom = sts_check_whom(f);
	bool counts = (whom & (STS_CHECK_RPT | STS_CHECK_MAIL)) != 0 ||
		      concerns_sts(use, f) || concerns_dane(use, f);

	return counts ? sts_check_grade(f) : STS_CHECK_NOTE;
}

/* The worst of what concerns each mechanism. */
struct worst {
	enum sts_check_grade sts, dane, rpt, all;
	bool part; /* DANE protects some hosts only */
};

static void
raise_to(enum sts_check_grade *g, enum sts_check_grade to)
{
	*g = to > *g ? to : *g;
}

/* The worst grade among the findings that concern each part of the verdict. */
static struct worst
weigh(const struct sts_check_use *use, const struct sts_check_findings *all)
{
	struct worst w = { STS_CHECK_NOTE, STS_CHECK_NOTE, STS_CHECK_NOTE,
		STS_CHECK_NOTE, false };

	for (unsigned i = 0; i < all->count; i++) {
		const struct sts_check_finding *f = &all->f[i];
		enum sts_check_grade g = sts_check_grade(f);

		raise_to(&w.all, sts_check_weight(use, f));
		if (concerns_sts(use, f)) {
			raise_to(&w.sts, g);
		}
		if ((sts_check_whom(f) & STS_CHECK_DANE_PART) != 0) {
			w.part = true;
		} else if (concerns_dane(use, f)) {
			raise_to(&w.dane, g);
		}
		if ((sts_check_whom(f) & STS_CHECK_RPT) != 0) {
			raise_to(&w.rpt, g);
		}
	}
	return w;
}

static enum sts_check_sts
judge_sts(const struct sts_check_use *use, const struct worst *w)
{
	if (use->alone) {
		return STS_CHECK_STS_NONE;
	}
	if (w->sts == STS_CHECK_BAD) {
		return STS_CHECK_STS_BROKEN;
	}
	if (w->sts == STS_CHECK_UNKNOWN) {
		return STS_CHECK_STS_UNKNOWN;
	}
	if (!use->policy || use->mode == STS_MODE_NONE) {
		return STS_CHECK_STS_NONE;
	}
	return use->mode == STS_MODE_ENFORCE ? STS_CHECK_STS_ENFORCED
					     : STS_CHECK_STS_TESTING;
}

static enum sts_check_dane
judge_dane(const struct sts_check_use *use, const struct worst *w)
{
	if (w->dane == STS_CHECK_BAD) {
		return STS_CHECK_DANE_BROKEN;
	}
	if (w->dane == STS_CHECK_UNKNOWN) {
		return STS_CHECK_DANE_UNKNOWN;
	}
	if (use->dane_hosts == 0) {
		return STS_CHECK_DANE_NONE;
	}
	return w->part ? STS_CHECK_DANE_PARTIAL : STS_CHECK_DANE_COMPLETE;
}

static enum sts_check_rpt_state
judge_rpt(const struct sts_check_use *use, const struct worst *w)
{
	if (w->rpt == STS_CHECK_BAD) {
		return STS_CHECK_RPT_BROKEN;
	}
	if (w->rpt == STS_CHECK_UNKNOWN) {
		return STS_CHECK_RPT_UNKNOWN;
	}
	return use->rpt ? STS_CHECK_RPT_OK : STS_CHECK_RPT_NONE;
}

/* Whether a certificate that mail goes by ends soon. */
static bool
ends_soon(const struct sts_check_use *use, const struct sts_check_findings *all)
{
	for (unsigned i = 0; i < all->count; i++) {
		const struct sts_check_finding *f = &all->f[i];

		if (f->id == STS_CHECK_F_POLICY_EXPIRES ||
		    (f->id == STS_CHECK_F_CERT_EXPIRES &&
			concerns_sts(use, f))) {
			return true;
		}
	}
	return false;
}

void
sts_check_judge(const struct sts_check_use *use,
    const struct sts_check_findings *findings, struct sts_check_verdict *out)
{
	struct worst w = weigh(use, findings);

	out->sts = judge_sts(use, &w);
	out->dane = judge_dane(use, &w);
	out->rpt = judge_rpt(use, &w);
	out->soon = ends_soon(use, findings);

	bool safe = out->sts == STS_CHECK_STS_ENFORCED ||
		    out->dane == STS_CHECK_DANE_COMPLETE || use->null_mx ||
		    use->alone;

	if (w.all == STS_CHECK_UNKNOWN) {
		out->result = STS_CHECK_RESULT_UNKNOWN;
	} else if (w.all == STS_CHECK_BAD || !safe) {
		out->result = STS_CHECK_RESULT_BAD;
	} else {
		out->result = STS_CHECK_RESULT_OK;
	}
}

const char *
sts_check_sts_word(enum sts_check_sts s)
{
	static const char *const words[] = { "none", "testing", "enforced",
		"broken", "unknown" };

	STS_ASSERT(s <= STS_CHECK_STS_UNKNOWN);
	return words[s];
}

const char *
sts_check_dane_word(enum sts_check_dane s)
{
	static const char *const words[] = { "none", "partial", "complete",
		"broken", "unknown" };

	STS_ASSERT(s <= STS_CHECK_DANE_UNKNOWN);
	return words[s];
}

const char *
sts_check_rpt_word(enum sts_check_rpt_state s)
{
	static const char *const words[] = { "none", "ok", "broken",
		"unknown" };

	STS_ASSERT(s <= STS_CHECK_RPT_UNKNOWN);
	return words[s];
}

const char *
sts_check_result_word(enum sts_check_result s)
{
	static const char *const words[] = { "ok", "bad", "unknown" };

	STS_ASSERT(s <= STS_CHECK_RESULT_UNKNOWN);
	return words[s];
}

const char *
sts_check_grade_word(enum sts_check_grade g)
{
	static const char *const words[] = { "note", "none", "unknown", "bad" };

	STS_ASSERT(g <= STS_CHECK_BAD);
	return words[g];
}
