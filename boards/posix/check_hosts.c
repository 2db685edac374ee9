/* SPDX-License-Identifier: MIT */
/*
 * A policy that is about to be enforced, against the hosts that were tried. The
 * findings are those of `mtasts check`. Nothing found is not enough: a host
 * passes if an address of it has shown a certificate, and nothing stands
 * against it; what was not tried, for whatever reason, is never taken as
 * passed. That goes for an address that this machine has no route to, as with
 * IPv6 where there is none: senders that have one stop at it. A check of
 * somebody's domain only notes such an address; here the operator decides, who
 * can test it elsewhere, or publish all the same.
 */
#include <stdio.h>

#include "../../core/base/text.h"
#include "../../port/posix/addr.h"
#include "../../port/posix/log.h"
#include "check_hosts.h"

enum {
	SHOWN_MAX = 4 * STS_NAME_MAX + 1
};

bool
sts_check_hosts_counts(const struct sts_check_finding *f)
{
	unsigned whom = sts_check_whom(f);

	/* What stops mail only where DANE is in use is not asked for here. */
	return sts_check_grade(f) >= STS_CHECK_UNKNOWN &&
	       ((whom & STS_CHECK_STS_USE) != 0 || whom == STS_CHECK_MAIL);
}

/* Print a line: "publish: WHO: WHAT". host, address: -1: none. */
static void
print_line(const struct sts_check_facts *f, int host, int address,
    const char *text, const char *word)
{
	char name[SHOWN_MAX], at[STS_ADDR_TEXT_MAX] = "";

	sts_log_quote(host < 0 ? f->domain : sts_check_name(&f->host[host]),
	    name, sizeof name);
	if (address >= 0) {
		sts_addr_format(&f->host[host].address[address].addr, at);
	}
	fprintf(stderr, "mtasts: publish: %s%s%s%s: %s (%s)\n", name,
	    at[0] == '\0' ? "" : " [", at, at[0] == '\0' ? "" : "]", text,
	    word);
}

static void
worsen(int *rc, enum sts_check_grade g)
{
	if (g == STS_CHECK_BAD) {
		*rc = STS_EXIT_NONE;
	} else if (*rc == STS_EXIT_YES) {
		*rc = STS_EXIT_UNKNOWN;
	}
}

/* Whether a pattern matches the host (RFC 8461 4.1). */
static bool
is_named(const struct sts_check_host *h, const struct sts_text *patterns,
    unsigned count)
{
	for (unsigned i = 0; i < count; i++) {
		if (sts_name_match(patterns[i], sts_check_name(h))) {
			return true;
		}
	}
	return false;
}

/* Whether an address has shown a certificate that is right. */
static bool
has_shown(const struct sts_check_host *h)
{
	for (unsigned a = 0; a < h->addr_count; a++) {
		const struct sts_check_address *addr = &h->address[a];

		for (unsigned i = 0; i < STS_CHECK_CERTS; i++) {
			if (addr->state == STS_CHECK_TRIED && addr->smtp.tls &&
			    addr->cert[i].there &&
			    addr->cert[i].path == STS_WHY_NONE) {
				return true;
			}
		}
	}
	return false;
}

/* All findings that count, about any host. */
static void
print_findings(const struct sts_check_facts *f,
    const struct sts_check_findings *all, int *rc)
{
	for (unsigned i = 0; i < all->count; i++) {
		const struct sts_check_finding *g = &all->f[i];

		if (g->id == STS_CHECK_F_MX_UNREACHED) {
			print_line(f, g->host, g->address,
			    sts_check_sentence(g), sts_check_word(g));
			worsen(rc, STS_CHECK_UNKNOWN);
		} else if (sts_check_hosts_counts(g)) {
			print_line(f, g->host, g->address,
			    sts_check_sentence(g), sts_check_word(g));
			worsen(rc, sts_check_grade(g));
		}
	}
}

/* Judge what findings leave open: that a host is named, and has passed. */
static void
judge_host(const struct sts_check_facts *f, unsigned h,
    const struct sts_text *patterns, unsigned count, int *rc)
{
	const struct sts_check_host *host = &f->host[h];

	if (!is_named(host, patterns, count)) {
		print_line(f, (int)h, -1,
		    "the MX host is not in the policy; no mail would go there",
		    "mx-unmatched");
		worsen(rc, STS_CHECK_BAD);
	}
	if (host->more) {
		print_line(f, (int)h, -1,
		    "not all of its addresses were tested", "mx-many");
		worsen(rc, STS_CHECK_UNKNOWN);
	}
	if (*rc == STS_EXIT_YES && (!host->done || !has_shown(host))) {
		print_line(f, (int)h, -1, "no address has shown a certificate",
		    "not-tested");
		worsen(rc, STS_CHECK_UNKNOWN);
	}
}

int
sts_check_hosts_judge(const struct sts_check_facts *f,
    const struct sts_text *patterns, unsigned count)
{
	static struct sts_check_findings all;
	int rc = STS_EXIT_YES;

	all.count = 0;
	if (f->mx.done) {
		sts_check_judge_mx(f, &all);
	}
	for (unsigned h = 0; h < f->mx.count; h++) {
		if (f->host[h].done) {
			/* Whether servers validate matters to DANE alone. */
			sts_check_judge_host(f, h, STS_CHECK_SEES, &all);
		}
	}
	sts_check_judge_rest(f, &all);
	print_findings(f, &all, &rc);
	for (unsigned h = 0; h < f->mx.count; h++) {
		judge_host(f, h, patterns, count, &rc);
	}
	if (f->mx.null) {
		print_line(f, -1, -1, "the domain takes no mail", "mx-null");
		worsen(&rc, STS_CHECK_BAD);
	} else if (rc == STS_EXIT_YES && (f->mx.more || f->mx.count == 0)) {
		print_line(f, -1, -1, "not all of its MX hosts were tested",
		    "mx-many");
		worsen(&rc, STS_CHECK_UNKNOWN);
	}
	return rc;
}
