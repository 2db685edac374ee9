/* SPDX-License-Identifier: MIT */
/*
 * A check for monitors in the manner of Nagios: one line at the end, and
 * nothing before it. Days until the first certificate ends are its measure.
 */
#define _POSIX_C_SOURCE 200809L

#include <stdio.h>

#include "../../core/base/text.h"
#include "check_view.h"

static void
nothing(const struct sts_check_shown *s)
{
	(void)s;
}

static void
no_progress(const char *what, struct sts_text name)
{
	(void)what;
	(void)name;
}

/* The fewest days of all certificates that are known. False: none is. */
static bool
fewest_days(const struct sts_check_facts *f, long *days)
{
	bool any = f->policy.cert.known;

	*days = any ? sts_check_days(f, &f->policy.cert) : 0;
	for (unsigned h = 0; h < f->mx.count; h++) {
		for (unsigned a = 0;
		     a < STS_CHECK_CERTS * f->host[h].addr_count; a++) {
			const struct sts_check_cert *c =
			    &f->host[h]
				 .address[a / STS_CHECK_CERTS]
				 .cert[a % STS_CHECK_CERTS];

			if (c->known &&
			    (!any || sts_check_days(f, c) < *days)) {
				*days = sts_check_days(f, c);
				any = true;
			}
		}
	}
	return any;
}

/* The first finding of the worst weight. */
static const struct sts_check_finding *
worst(const struct sts_check_shown *s)
{
	const struct sts_check_finding *found = NULL;
	enum sts_check_grade g = STS_CHECK_NOTE;

	for (unsigned i = 0; i < s->all->count; i++) {
		if (sts_check_weight(&s->use, &s->all->f[i]) > g) {
			found = &s->all->f[i];
			g = sts_check_weight(&s->use, found);
		}
	}
	return found;
}

static void
plugin_end(const struct sts_check_shown *s)
{
	static const char *const words[] = { "OK", "CRITICAL", "UNKNOWN" };
	const struct sts_check_verdict *v = s->verdict;
	const struct sts_check_finding *f = worst(s);
	long days;

	printf("MTASTS %s - ", v->result == STS_CHECK_RESULT_OK && v->soon
				   ? "WARNING"
				   : words[v->result]);
	fwrite(s->f->domain.p, 1, s->f->domain.n, stdout);
	printf(": MTA-STS %s, DANE %s, TLSRPT %s", sts_check_sts_word(v->sts),
	    sts_check_dane_word(v->dane), sts_check_rpt_word(v->rpt));
	if (f != NULL && v->result != STS_CHECK_RESULT_OK) {
		printf("; %s: %s", sts_check_word(f), sts_check_sentence(f));
	} else if (v->soon) {
		printf("; a certificate expires soon");
	}
	if (fewest_days(s->f, &days)) {
		/* Ranges of good values: from 14, from 0. */
		printf(" | days=%ld;%d:;0:", days, STS_CHECK_SOON_DAYS);
	}
	putchar('\n');
}

const struct sts_check_view sts_check_plugin = { nothing, nothing, nothing,
	nothing, nothing, nothing, nothing, plugin_end, no_progress };
