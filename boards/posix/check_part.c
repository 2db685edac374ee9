/* SPDX-License-Identifier: MIT */
/* What the findings of a part add up to, for the views. */
#include "check_view.h"

static bool
is_about(const struct sts_check_finding *f, int host, int address)
{
	return (host < 0 || f->host == host) &&
	       (address < 0 || f->address == address);
}

enum sts_check_grade
sts_check_part_grade(
    const struct sts_check_shown *s, int host, int address, const char **why)
{
	enum sts_check_grade worst = STS_CHECK_NOTE;

	*why = "ok";
	for (unsigned i = s->from; i < s->to; i++) {
		const struct sts_check_finding *f = &s->all->f[i];
		enum sts_check_grade g = sts_check_weight(&s->use, f);

		if (is_about(f, host, address) && g > worst) {
			worst = g;
			*why = sts_check_word(f);
		}
	}
	return worst;
}

const char *
sts_check_part(
    const struct sts_check_shown *s, int host, int address, const char **why)
{
	enum sts_check_grade g = sts_check_part_grade(s, host, address, why);

	return g == STS_CHECK_NOTE ? "ok" : sts_check_grade_word(g);
}
