/* SPDX-License-Identifier: MIT */
/*
 * The questions about the domain itself: its TXT record, its MX records, and
 * whether the name servers validate at all. What comes of them begins the other
 * parts: check_mx.c has the hosts, check_rpt.c the addresses for reports.
 */
#include <string.h>

#include "../../core/base/assert.h"
#include "../../core/base/text.h"
#include "check_records.h"
#include "check_run.h"

enum {
	PREFERENCE = 2, /* octets before the exchange */
	NO_NAME = 0xff
};

void
sts_check_ask(struct sts_check_run *r, unsigned i, const char *prefix,
    struct sts_text domain, uint16_t type)
{
	uint8_t rnd[STS_CHECK_ASK_RND] = { 0 };
	unsigned place = i < STS_CHECK_ASKS ? i : STS_CHECK_PLACE_ORG;

	/* Without random octets nobody is asked: the answers could be
	 * foretold. Then the stop flag is set, and nothing is served. */
	if (sts_check_loop_random(&r->loop, rnd, sizeof rnd)) {
		sts_check_ask_begin(&r->ask[i], &r->servers,
		    sts_text_of(prefix), domain, type,
		    sts_check_loop_now(&r->loop), rnd);
		sts_check_loop_add(
		    &r->loop, place, &sts_check_ask_ops, &r->ask[i]);
	}
}

void
sts_check_dns_begin(struct sts_check_run *r)
{
	struct sts_text domain = r->facts.domain;

	sts_check_ask(r, STS_CHECK_ASKS, "", sts_text_of("org"), STS_DNS_MX);
	if (r->with_policy) {
		sts_check_ask(
		    r, STS_CHECK_ASK_TXT, "_mta-sts", domain, STS_DNS_TXT);
		sts_check_ask(r, STS_CHECK_ASK_MX, "", domain, STS_DNS_MX);
		sts_check_ask(
		    r, STS_CHECK_ASK_RPT, "_smtp._tls", domain, STS_DNS_TXT);
	}
}

static void
take_txt(struct sts_check_run *r)
{
	struct sts_check_ask *a = &r->ask[STS_CHECK_ASK_TXT];
	struct sts_check_txt *t = &r->facts.txt;
	struct sts_record record;
	struct sts_text text;
	enum sts_why why;
	size_t at = 0;

	sts_check_records_take(&t->records, a);
	t->found = t->records.dns.found;
	t->why = t->records.dns.why;
	if (t->found == STS_FOUND) {
		sts_record_start(&record);
		while (sts_check_ask_next(a, &at, &text)) {
			for (size_t i = 0; i < text.n; i++) {
				sts_record_byte(&record, text.p[i]);
			}
			sts_record_end(&record);
		}
		t->found = (uint8_t)sts_record_result(&record, &why);
		t->why = (uint8_t)why;
		t->id_len = record.id_len;
		memcpy(t->id, record.id, sizeof t->id);
	}
	t->done = true;
}

/* Whether the host is there already: a domain may name one twice. */
static bool
is_listed(const struct sts_check_facts *f, struct sts_text name)
{
	for (unsigned i = 0; i < f->mx.count; i++) {
		if (sts_text_same(sts_check_name(&f->host[i]), name)) {
			return true;
		}
	}
	return false;
}

/* Hosts stand by preference, then in the order of the answer. */
static void
add_host(struct sts_check_facts *f, struct sts_text name, uint16_t preference)
{
	unsigned at = 0;

	if (is_listed(f, name)) {
		return;
	}
	while (at < f->mx.count && f->host[at].preference <= preference) {
		at++;
	}
	if (f->mx.count == STS_CHECK_HOSTS_MAX) {
		f->mx.more = true;
		if (at == STS_CHECK_HOSTS_MAX) {
			return;
		}
		f->mx.count--;
	}
	for (unsigned i = f->mx.count; i > at; i--) {
		f->host[i] = f->host[i - 1];
	}
	memset(&f->host[at], 0, sizeof f->host[at]);
	f->host[at].preference = preference;
	f->host[at].name_len = (uint8_t)name.n;
	memcpy(f->host[at].name, name.p, name.n);
	f->mx.count++;
}

static void
take_mx_records(struct sts_check_facts *f, const struct sts_check_ask *a)
{
	struct sts_text record;
	size_t at = 0;

	while (sts_check_ask_next(a, &at, &record)) {
		struct sts_text name = sts_text_skip(record, PREFERENCE);

		if (name.n == 0) {
			f->mx.null = true;
		} else if (name.p[0] == NO_NAME) {
			f->mx.invalid++;
		} else {
			add_host(f, name, sts_get16be(record.p));
		}
	}
	f->mx.more = f->mx.more || a->more;
}

/* The end of the domain's alias chain is a reference name of TLSA records of
 * usage 2, too, if it is signed (RFC 7672 3.2.2). */
static void
take_nexthop(struct sts_check_mx *mx, const struct sts_check_ask *a)
{
	if (mx->dns.secure && a->owner_known && a->aliased) {
		mx->nexthop_len = a->owner.len;
		memcpy(mx->nexthop, a->owner.name, a->owner.len);
	}
}

static void
take_mx(struct sts_check_run *r)
{
	const struct sts_check_ask *a = &r->ask[STS_CHECK_ASK_MX];
	struct sts_check_facts *f = &r->facts;

	f->mx.dns = a->answer;
	if (f->mx.dns.found == STS_FOUND) {
		take_nexthop(&f->mx, a);
		take_mx_records(f, a);
	} else if (f->mx.dns.found == STS_ABSENT &&
		   f->mx.dns.why == STS_WHY_DNS_NODATA) {
		/* RFC 5321 5.1: the domain itself is the host. */
		f->mx.implicit = true;
		add_host(f, f->domain, 0);
	}
	f->mx.null = f->mx.null && f->mx.count == 0;
	f->mx.done = true;
	sts_check_mx_begin(r);
}

void
sts_check_dns_over(struct sts_check_run *r, unsigned i)
{
	switch (i) {
	case STS_CHECK_ASK_TXT:
		take_txt(r);
		break;
	case STS_CHECK_ASK_MX:
		take_mx(r);
		break;
	case STS_CHECK_ASK_RPT:
		sts_check_rpt_over(r);
		break;
	case STS_CHECK_ASK_RUA:
		sts_check_rua_over(r);
		break;
	default:
		r->org_done = true;
		r->org_found =
		    r->ask[STS_CHECK_ASKS].answer.found != STS_UNKNOWN;
		r->org_secure = r->ask[STS_CHECK_ASKS].answer.secure;
		break;
	}
}
