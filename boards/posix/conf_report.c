/* SPDX-License-Identifier: MIT */
/*
 * The keys of TLS reporting. Nothing is reported that the operator did not ask
 * for: without a contact all of it is off, whatever the other keys say.
 */
#define _POSIX_C_SOURCE 200809L

#include <stdio.h>
#include <string.h>

#include "../../core/base/text.h"
#include "../../core/base/utf8.h"
#include "../../core/report/report.h"
#include "../../port/posix/addr.h"
#include "conf_keys.h"
#include "value.h"

enum {
	TLSRPT_MODE = 0620, /* mail servers write, and read nothing */
	REPORT_MEMORY_MIN = 16 * 1024,
	REPORT_MEMORY_MAX_M = 64,
	RELAY_PORT = 25
};

static const char *const reports[] = {
	[STS_REPORTS_OFF] = "off",
	[STS_REPORTS_FAILURES] = "failures",
	[STS_REPORTS_ALL] = "all",
};

enum {
	REPORTS = sizeof reports / sizeof *reports
};

const char *
sts_conf_tlsrpt(struct sts_conf *c, struct sts_text value)
{
	struct sts_conf_report *r = &c->report;

	memset(&r->at, 0, sizeof r->at);
	r->listens = !sts_text_is(value, "off");
	if (!r->listens) {
		return NULL;
	}
	if (!STS_REPORT) {
		return "off: this build has no TLS reporting";
	}
	if (!sts_value_listen(value, &r->at) || r->at.addr.af != STS_AF_LOCAL ||
	    r->at.text) {
		return "off, or unix:/path mode=0620 owner=USER group=GROUP";
	}
	if (!sts_conf_has_mode(value)) {
		r->at.mode = TLSRPT_MODE;
	}
	r->at.datagrams = true;
	return NULL;
}

/* Whether t can stand in a report: UTF-8 without control characters. */
static bool
is_name(struct sts_text t)
{
	struct sts_utf8 u = { 0, 0, 0, 0 };

	for (size_t i = 0; i < t.n; i++) {
		if (t.p[i] < ' ' || t.p[i] == 0x7f ||
		    !sts_utf8_byte(&u, t.p[i])) {
			return false;
		}
	}
	return t.n > 0 && t.n <= STS_REPORT_NAME_MAX && u.left == 0;
}

const char *
sts_conf_organization(struct sts_conf *c, struct sts_text value)
{
	if (!is_name(value)) {
		return "a name of up to 120 octets in UTF-8";
	}
	memcpy(c->report.organization, value.p, value.n);
	c->report.organization[value.n] = '\0';
	return NULL;
}

const char *
sts_conf_contact(struct sts_conf *c, struct sts_text value)
{
	struct sts_conf_report *r = &c->report;

	r->contact[0] = '\0';
	if (sts_text_is(value, "off")) {
		return NULL;
	}
	if (!STS_REPORT) {
		return "off: this build has no TLS reporting";
	}
	if (value.n > STS_CONF_CONTACT_MAX ||
	    !sts_report_contact_valid(value)) {
		return "off, or a mail address such as "
		       "tls-reports@example.com";
	}
	memcpy(r->contact, value.p, value.n);
	r->contact[value.n] = '\0';
	return NULL;
}

const char *
sts_conf_relay(struct sts_conf *c, struct sts_text value)
{
	struct sts_addr at;

	memset(&c->report.relay, 0, sizeof c->report.relay);
	if (sts_text_is(value, "off")) {
		return NULL;
	}
	if (!sts_value_endpoint(value, &at)) {
		if (!sts_addr_parse(value, &at)) {
			return "off, or an address, such as 127.0.0.1:25 or "
			       "[::1]:25";
		}
		at.port = RELAY_PORT;
	}
	if (at.port == 0) {
		return "a port from 1 to 65535";
	}
	c->report.relay = at;
	return NULL;
}

const char *
sts_conf_report_memory(struct sts_conf *c, struct sts_text value)
{
	uint64_t n = 0;

	if (!sts_value_size(value, &n) || n < REPORT_MEMORY_MIN ||
	    n > (uint64_t)REPORT_MEMORY_MAX_M << 20) {
		return "a size from 16K to 64M, such as 1M";
	}
	c->report.memory = n;
	return NULL;
}

const char *
sts_conf_reports(struct sts_conf *c, struct sts_text value)
{
	for (unsigned i = 0; i < REPORTS; i++) {
		if (sts_text_is(value, reports[i])) {
			c->report.reports = (uint8_t)i;
			return NULL;
		}
	}
	return "all, failures or off";
}

bool
sts_conf_reports_on(const struct sts_conf *c)
{
	return STS_REPORT && c->report.contact[0] != '\0' &&
	       c->report.reports != STS_REPORTS_OFF;
}

void
sts_conf_report_print(const struct sts_conf_report *r)
{
	char relay[STS_ADDR_TEXT_MAX] = "off";

	if (r->listens) {
		sts_conf_print_place("tlsrpt", &r->at);
	} else {
		puts("tlsrpt off");
	}
	if (r->organization[0] != '\0') {
		printf("organization_name %s\n", r->organization);
	}
	if (r->relay.af != STS_AF_NONE) {
		sts_addr_format(&r->relay, relay);
	}
	printf("contact %s\nreport_relay %s\ntlsrpt_memory %lu\n"
	       "tlsrpt_reports %s\n",
	    r->contact[0] != '\0' ? r->contact : "off", relay,
	    (unsigned long)r->memory, reports[r->reports]);
}
