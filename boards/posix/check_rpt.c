/* SPDX-License-Identifier: MIT */
/*
 * Reports: the TXT record at _smtp._tls, and of each address that it names
 * whether anything can be sent to it: the mailto domain takes mail, the https
 * host has an address. One after the other, by one question at a time:
 *
 *	mailto: MX, then if there is none A, then AAAA; https: A, then AAAA
 */
#include <string.h>

#include "../../core/base/assert.h"
#include "../../core/base/text.h"
#include "../../core/grammar/tlsrpt.h"
#include "check_records.h"
#include "check_run.h"

static void
put_uri(struct sts_check_report_to *to, struct sts_text t)
{
	size_t n =
	    t.n < sizeof to->uri - to->len ? t.n : sizeof to->uri - to->len;

	memcpy(to->uri + to->len, t.p, n);
	to->len = (uint16_t)(to->len + n);
}

static void
put_host(struct sts_check_report_to *to, struct sts_text t)
{
	STS_ASSERT(t.n <= sizeof to->host);
	to->host_len = (uint8_t)t.n;
	for (size_t i = 0; i < t.n; i++) {
		to->host[i] = sts_lower(t.p[i]);
	}
}

static void
add_rua(struct sts_check_rpt *r, const struct sts_tlsrpt_to *from)
{
	struct sts_text address = sts_text(from->address, from->address_len);
	struct sts_check_report_to *to = &r->rua[r->rua_count++];

	STS_ASSERT(r->rua_count < STS_CHECK_RUAS_MAX);
	memset(to, 0, sizeof *to);
	if (from->scheme == STS_TLSRPT_MAILTO) {
		to->kind = STS_CHECK_RUA_MAILTO;
		put_uri(to, sts_text_of("mailto:"));
		put_uri(to, address);
		put_host(
		    to, sts_text_skip(address, address.n - from->domain_len));
	} else {
		to->kind = STS_CHECK_RUA_HTTPS;
		put_uri(to, sts_text_of("https://"));
		put_uri(to, from->host);
		put_uri(to, from->path);
		put_host(to, from->host);
	}
}

static void
read_ruas(struct sts_check_rpt *r, struct sts_text record)
{
	static struct sts_tlsrpt_to to;
	struct sts_tlsrpt_rua it;

	sts_tlsrpt_rua_begin(&it, record);
	while (sts_tlsrpt_rua_next(&it, &to)) {
		add_rua(r, &to);
	}
	r->more = sts_tlsrpt_rua_more(&it);
	if (it.skipped > 0) {
		/* One stands for all that cannot be sent to. */
		memset(&r->rua[r->rua_count], 0, sizeof r->rua[r->rua_count]);
		r->rua[r->rua_count++].kind = STS_CHECK_RUA_INVALID;
	}
}

static void
read_records(struct sts_check_run *r)
{
	static struct sts_tlsrpt reader;
	const struct sts_check_ask *a = &r->ask[STS_CHECK_ASK_RPT];
	struct sts_check_rpt *rpt = &r->facts.rpt;
	struct sts_text text;
	size_t at = 0;

	sts_tlsrpt_start(&reader);
	while (sts_check_ask_next(a, &at, &text)) {
		rpt->candidates += sts_tlsrpt_begins(text);
		for (size_t i = 0; i < text.n; i++) {
			sts_tlsrpt_byte(&reader, text.p[i]);
		}
		sts_tlsrpt_end(&reader);
	}
	rpt->found = (uint8_t)sts_tlsrpt_result(&reader);
	if (rpt->found == STS_FOUND) {
		read_ruas(rpt, sts_tlsrpt_text(&reader));
	}
}

static void
ask(struct sts_check_run *r, uint16_t type)
{
	const struct sts_check_report_to *to = &r->facts.rpt.rua[r->rua];

	r->rua_type = type;
	sts_check_ask(
	    r, STS_CHECK_ASK_RUA, "", sts_text(to->host, to->host_len), type);
}

/* Go on with the next address for reports that is to be looked up. */
static void
next_rua(struct sts_check_run *r)
{
	struct sts_check_rpt *rpt = &r->facts.rpt;

	while (r->rua < rpt->rua_count &&
	       rpt->rua[r->rua].kind == STS_CHECK_RUA_INVALID) {
		r->rua++;
	}
	if (r->rua < rpt->rua_count) {
		ask(r, rpt->rua[r->rua].kind == STS_CHECK_RUA_MAILTO
			   ? STS_DNS_MX
			   : STS_DNS_A);
	} else {
		rpt->done = true;
	}
}

void
sts_check_rpt_over(struct sts_check_run *r)
{
	const struct sts_check_ask *a = &r->ask[STS_CHECK_ASK_RPT];

	sts_check_records_take(&r->facts.rpt.records, a);
	r->facts.rpt.found = r->facts.rpt.records.dns.found;
	if (r->facts.rpt.found == STS_FOUND) {
		read_records(r);
	}
	next_rua(r);
}

/* "0 ." says that the domain takes no mail (RFC 7505). */
static bool
takes_mail(const struct sts_check_ask *a)
{
	struct sts_text record;
	size_t at = 0;

	while (sts_check_ask_next(a, &at, &record)) {
		if (record.n > 2) {
			return true;
		}
	}
	return false;
}

void
sts_check_rua_over(struct sts_check_run *r)
{
	const struct sts_check_ask *a = &r->ask[STS_CHECK_ASK_RUA];
	struct sts_check_report_to *to = &r->facts.rpt.rua[r->rua];
	bool missing = a->answer.found == STS_ABSENT &&
		       a->answer.why == STS_WHY_DNS_NODATA;

	to->dns = a->answer;
	if (r->rua_type == STS_DNS_MX && missing) {
		ask(r, STS_DNS_A);
		return;
	}
	if (r->rua_type == STS_DNS_A && missing) {
		ask(r, STS_DNS_AAAA);
		return;
	}
	to->there = a->answer.found == STS_FOUND &&
		    (r->rua_type != STS_DNS_MX || takes_mail(a));
	r->rua++;
	next_rua(r);
}
