/* SPDX-License-Identifier: MIT */
/*
 * The two look-ups in the DNS for a TLS report: the TXT record at _smtp._tls,
 * and the addresses of the host that takes reports.
 *
 *	IDLE --txt--> TXT ---+
 *	IDLE --host-> HOST --+--> DONE --end--> IDLE
 *
 * Valid in DONE: found and why; record after TXT, if FOUND; addr and
 * addr_count after HOST, if FOUND. In TXT leg 0 is busy, in HOST one or both.
 *
 * Invariants: the state is DONE only when no leg is busy. ABSENT is certain:
 * where no address was found and a question failed, the result is UNKNOWN.
 *
 * The attacker names the host in his own record: it may not lead into our
 * network, so allow_private does not count here, only prefixes that the
 * operator has named.
 */
#include <string.h>

#include "../base/assert.h"
#include "../dial/address.h"
#include "lookup_report.h"

static const uint8_t prefix[] = "_smtp._tls";

static void
take_txt(struct sts_lookup_report *l, const struct sts_dns_piece *piece)
{
	struct sts_text rdata = piece->rdata, string;

	if (piece->record == 0 && piece->first) {
		sts_tlsrpt_start(&l->record);
	}
	while (sts_dns_txt_next(&rdata, &string)) {
		for (size_t i = 0; i < string.n; i++) {
			sts_tlsrpt_byte(&l->record, string.p[i]);
		}
	}
	if (piece->last) {
		sts_tlsrpt_end(&l->record);
	}
}

/* Whether reports may be posted to this address: anybody may reach it, or the
 * operator has named it. */
static bool
allowed(const struct sts_settings *settings, const struct sts_addr *a)
{
	struct sts_settings strict = *settings;

	strict.allow_private = false;
	return sts_address_allowed(&strict, a);
}

static void
take_address(struct sts_lookup_report *l, const struct sts_dns_piece *piece)
{
	struct sts_addr a = sts_address_of(piece->rdata, l->port);

	/* An answer that breaks off is read again from its beginning: the
	 * address may be there already. */
	for (unsigned i = 0; i < l->addr_count; i++) {
		if (sts_address_same(&l->addr[i], &a)) {
			return;
		}
	}
	if (l->addr_count < STS_LOOKUP_ADDRS && allowed(l->settings, &a)) {
		l->addr[l->addr_count++] = a;
	}
}

static void
finish_txt(struct sts_lookup_report *l)
{
	const struct sts_upstream *up = &l->leg[STS_LEG_TXT].up;

	l->found = (uint8_t)sts_upstream_result(up);
	l->why = (uint8_t)sts_upstream_why(up);
	if (l->found == STS_FOUND) {
		l->found = (uint8_t)sts_tlsrpt_result(&l->record);
		l->why = l->found == STS_UNKNOWN  ? STS_WHY_DNS_LARGE
			 : l->found == STS_ABSENT ? STS_WHY_TXT_NONE
						  : STS_WHY_NONE;
	}
}

/*
 * All legs have ended. One address is enough; without any, a leg that failed
 * makes it "cannot tell", else there is none, or none that may be connected
 * to.
 */
static void
finish_host(struct sts_lookup_report *l)
{
	enum sts_why unknown = STS_WHY_NONE;

	if (l->addr_count > 0) {
		l->found = STS_FOUND;
		return;
	}
	l->found = STS_ABSENT;
	l->why = STS_WHY_ADDRESS_NONE;
	for (unsigned i = STS_LEG_FIRST_ADDRESS; i < STS_REPORT_LEGS; i++) {
		const struct sts_upstream *up = &l->leg[i].up;

		if (sts_upstream_result(up) == STS_UNKNOWN) {
			unknown = sts_why_both(unknown, sts_upstream_why(up));
		} else if (sts_upstream_result(up) == STS_FOUND) {
			l->why = STS_WHY_ADDRESS_FORBIDDEN;
		}
	}
	if (unknown != STS_WHY_NONE) {
		l->found = STS_UNKNOWN;
		l->why = (uint8_t)unknown;
	}
}

static unsigned
report_wants(const void *e)
{
	const struct sts_lookup_report *l = e;

	return l->state == STS_LOOKUP_REPORT_DONE ||
		       sts_legs_want_owner(&l->legs)
		   ? STS_WANT_OWNER
		   : 0;
}

static void
report_tick(void *e, sts_ms now, int64_t wall_s)
{
	(void)e;
	(void)now;
	(void)wall_s;
}

static bool
report_deadline(const void *e, sts_ms *at)
{
	(void)e;
	(void)at;
	return false;
}

static void
report_child(void *e, unsigned i)
{
	struct sts_lookup_report *l = e;

	if (!sts_leg_over(&l->legs, i) || sts_legs_busy(&l->legs)) {
		return;
	}
	sts_legs_rest(&l->legs);
	l->state = STS_LOOKUP_REPORT_DONE;
	if (l->host) {
		finish_host(l);
	} else {
		finish_txt(l);
	}
}

static int
report_stirred(void *e)
{
	return sts_legs_stirred(&((struct sts_lookup_report *)e)->legs);
}

/* Read the answer, which lies in octets that are lent for this call. */
static void
leg_recv_ack(void *e, struct sts_span got)
{
	struct sts_leg *leg = e;
	struct sts_lookup_report *l = leg->owner;
	struct sts_dns_piece piece;

	sts_upstream_recv_ack(&leg->up, got);
	while (sts_upstream_next(&leg->up, &piece)) {
		if (l->host) {
			take_address(l, &piece);
		} else {
			take_txt(l, &piece);
		}
	}
}

const struct sts_engine_ops sts_lookup_report_ops = {
	.wants = report_wants,
	.tick = report_tick,
	.deadline = report_deadline,
	.child = report_child,
	.stirred = report_stirred,
};

const struct sts_engine_ops sts_lookup_report_leg_ops =
    STS_LEG_OPS(leg_recv_ack);

void
sts_lookup_report_init(
    struct sts_lookup_report *l, struct sts_dns_health *health)
{
	memset(l, 0, sizeof *l);
	l->health = health;
	sts_legs_init(&l->legs, l->leg, STS_REPORT_LEGS, l);
}

static void
begin(struct sts_lookup_report *l, struct sts_text name,
    const struct sts_settings *settings, bool host)
{
	STS_ASSERT(l->state == STS_LOOKUP_REPORT_IDLE);
	STS_ASSERT(name.n > 0 && name.n <= sizeof l->name);
	l->settings = settings;
	l->host = host;
	l->state = host ? STS_LOOKUP_REPORT_HOST : STS_LOOKUP_REPORT_TXT;
	l->found = STS_PENDING;
	l->why = STS_WHY_NONE;
	l->addr_count = 0;
	l->port = settings->policy_port;
	l->name_len = (uint8_t)name.n;
	memcpy(l->name, name.p, name.n);
}

void
sts_lookup_report_txt(struct sts_lookup_report *l, struct sts_text domain,
    const struct sts_settings *settings, sts_ms now,
    const uint8_t rnd[STS_REPORT_RND])
{
	struct sts_dns_name_parts name;

	begin(l, domain, settings, false);
	name.prefix = sts_text(prefix, sizeof prefix - 1);
	name.domain = sts_text(l->name, l->name_len);
	sts_leg_start(&l->legs, STS_LEG_TXT, settings->servers, l->health, name,
	    STS_DNS_TXT, now, STS_REPORT_DNS_MS, rnd);
}

void
sts_lookup_report_host(struct sts_lookup_report *l, struct sts_text host,
    const struct sts_settings *settings, sts_ms now,
    const uint8_t rnd[STS_REPORT_RND])
{
	struct sts_dns_name_parts name;

	begin(l, host, settings, true);
	name.prefix = sts_text(NULL, 0);
	name.domain = sts_text(l->name, l->name_len);
	if (STS_INET6) {
		sts_leg_start(&l->legs, STS_LEG_AAAA, settings->servers,
		    l->health, name, STS_DNS_AAAA, now, STS_REPORT_DNS_MS, rnd);
	}
	sts_leg_start(&l->legs, STS_LEG_A, settings->servers, l->health, name,
	    STS_DNS_A, now, STS_REPORT_DNS_MS, rnd + STS_DNS_RND);
}

void
sts_lookup_report_end(struct sts_lookup_report *l)
{
	STS_ASSERT(l->state == STS_LOOKUP_REPORT_DONE);
	STS_ASSERT(!sts_legs_busy(&l->legs));
	l->state = STS_LOOKUP_REPORT_IDLE;
}
