/* SPDX-License-Identifier: MIT */
/*
 * Findings about one MX host: its addresses, its TLSA records, and what each
 * address showed. A function of the facts (check_judge.h), without a state.
 *
 * Invariants: each finding stands once in the list, and a list that is full
 * takes no more. What could not be found out is never "bad", and what was not
 * tested is neither good nor bad: a check must not call a domain safe for what
 * an attacker kept it from seeing, nor broken for what a limit of ours left out.
 */
#include "../../core/base/assert.h"
#include "check_judge.h"
#include "check_judge_add.h"

enum {
	TTL_LONG_S = 86400,
	ALERT_HANDSHAKE_FAILURE = 40 /* RFC 8446 6.2 */
};

void
sts_check_add(struct sts_check_findings *out, enum sts_check_id id,
    unsigned why, int host, int address)
{
	const struct sts_check_finding f = { (uint8_t)id, (uint8_t)why,
		(int8_t)host, (int8_t)address };

	for (unsigned i = 0; i < out->count; i++) {
		const struct sts_check_finding *g = &out->f[i];

		if (g->id == f.id && g->why == f.why && g->host == f.host &&
		    g->address == f.address) {
			return;
		}
	}
	if (out->count < STS_CHECK_FINDINGS_MAX) {
		out->f[out->count++] = f;
	}
}

void
sts_check_add_failed(struct sts_check_findings *out,
    const struct sts_check_answer *a, enum sts_check_id bogus,
    enum sts_check_id failed, int host)
{
	sts_check_add(out, a->bogus ? bogus : failed, a->why, host, -1);
}

/* Whether another host of the domain has signed TLSA records. */
static bool
others_have_tlsa(const struct sts_check_facts *f, unsigned h)
{
	for (unsigned i = 0; i < f->mx.count; i++) {
		if (i != h && f->host[i].dane >= STS_DANE_HOST_UNUSABLE) {
			return true;
		}
	}
	return false;
}

static bool
is_matched(const struct sts_check_host *h)
{
	for (unsigned i = 0; i < h->tlsa_count; i++) {
		if (h->record[i].result == STS_CHECK_TLSA_MATCHES) {
			return true;
		}
	}
	return false;
}

/* One record by itself, and beside those that match. */
static void
judge_record(const struct sts_check_host *h, const struct sts_check_tlsa *t,
    int host, struct sts_check_findings *out)
{
	if (t->result == STS_CHECK_TLSA_UNUSABLE &&
	    h->dane == STS_DANE_HOST_USABLE) {
		sts_check_add(
		    out, STS_CHECK_F_TLSA_IDLE, STS_WHY_NONE, host, -1);
	} else if (t->result == STS_CHECK_TLSA_UNUSABLE && !h->tlsa_more) {
		sts_check_add(
		    out, STS_CHECK_F_TLSA_UNUSABLE, STS_WHY_NONE, host, -1);
	} else if (t->result == STS_CHECK_TLSA_OUTDONE) {
		sts_check_add(
		    out, STS_CHECK_F_TLSA_OUTDONE, STS_WHY_NONE, host, -1);
	} else if (t->result == STS_CHECK_TLSA_NOTHING && is_matched(h)) {
		sts_check_add(
		    out, STS_CHECK_F_TLSA_STALE, STS_WHY_NONE, host, -1);
	}
	if (t->usage == STS_TLSA_DANE_EE && t->selector == STS_TLSA_CERT) {
		sts_check_add(
		    out, STS_CHECK_F_TLSA_WHOLE, STS_WHY_NONE, host, -1);
	}
}

static void
judge_records(
    const struct sts_check_host *h, int host, struct sts_check_findings *out)
{
	for (unsigned i = 0; i < h->tlsa_count; i++) {
		judge_record(h, &h->record[i], host, out);
	}
	if (h->tlsa_count == 1 && h->dane == STS_DANE_HOST_USABLE &&
	    h->record[0].usage == STS_TLSA_DANE_EE) {
		sts_check_add(
		    out, STS_CHECK_F_TLSA_SINGLE, STS_WHY_NONE, host, -1);
	}
	if (h->tlsa.ttl_s > TTL_LONG_S) {
		sts_check_add(
		    out, STS_CHECK_F_TLSA_TTL, STS_WHY_NONE, host, -1);
	}
}

static void
judge_tlsa(const struct sts_check_facts *f, unsigned h,
    enum sts_check_sight sight, struct sts_check_findings *out)
{
	const struct sts_check_host *host = &f->host[h];

	if (host->dane == STS_DANE_HOST_UNKNOWN && host->addr_count > 0) {
		sts_check_add_failed(out, &host->tlsa, STS_CHECK_F_BOGUS_TLSA,
		    STS_CHECK_F_TLSA_FAILED, (int)h);
	} else if (host->dane >= STS_DANE_HOST_UNUSABLE) {
		judge_records(host, (int)h, out);
	} else if (host->tlsa_count > 0) {
		sts_check_add(out,
		    sight == STS_CHECK_BLIND ? STS_CHECK_F_TLSA_BLIND
					     : STS_CHECK_F_TLSA_INSECURE,
		    STS_WHY_NONE, (int)h, -1);
	} else if (host->dane == STS_DANE_HOST_NONE && others_have_tlsa(f, h)) {
		sts_check_add(
		    out, STS_CHECK_F_TLSA_MISSING, STS_WHY_NONE, (int)h, -1);
	}
}

/* A certificate by WebPKI and by TLSA, each for the senders that go by it. */
static void
judge_certificate(const struct sts_check_facts *f, unsigned h, unsigned a,
    const struct sts_check_cert *c, struct sts_check_findings *out)
{
	const struct sts_check_host *host = &f->host[h];

	if (c->path != STS_WHY_NONE) {
		sts_check_add(out,
		    sts_check_is_unknown((enum sts_why)c->path)
			? STS_CHECK_F_CERT_FAILED
			: STS_CHECK_F_CERT,
		    c->path, (int)h, (int)a);
	} else if (c->known && sts_check_days(f, c) < STS_CHECK_SOON_DAYS) {
		sts_check_add(out, STS_CHECK_F_CERT_EXPIRES, STS_WHY_NONE,
		    (int)h, (int)a);
	}
	if (host->dane != STS_DANE_HOST_USABLE || c->dane) {
		return;
	}
	if (c->dane_why != STS_WHY_NONE) {
		sts_check_add(out,
		    sts_check_is_unknown((enum sts_why)c->dane_why)
			? STS_CHECK_F_TLSA_PATH_FAILED
			: STS_CHECK_F_TLSA_PATH,
		    c->dane_why, (int)h, (int)a);
	} else if (!host->tlsa_more) {
		sts_check_add(out, STS_CHECK_F_TLSA_MISMATCH, STS_WHY_NONE,
		    (int)h, (int)a);
	}
}

/* Whether nobody can tell why a dialogue ended. A server that hangs up where
 * TLS was to begin has no TLS, whatever the reason. */
static bool
is_vague(const struct sts_smtp_found *f)
{
	if (f->why == STS_WHY_PEER_RESET || f->why == STS_WHY_SMTP_CLOSED) {
		return f->step != STS_SMTP_HANDSHAKE;
	}
	return sts_check_is_unknown(f->why);
}

/* What ended the dialogue before TLS was there. */
static void
judge_failure(const struct sts_check_facts *f, unsigned h, unsigned a,
    struct sts_check_findings *out)
{
	const struct sts_check_host *host = &f->host[h];
	const struct sts_check_address *addr = &host->address[a];
	enum sts_why why = addr->smtp.why;
	bool v6 = addr->addr.af == STS_AF_INET6;

	if (addr->unrouted && v6 && host->a.found == STS_FOUND) {
		sts_check_add(
		    out, STS_CHECK_F_MX_UNREACHED, why, (int)h, (int)a);
	} else if (why == STS_WHY_TLS_ALERT &&
		   addr->smtp.alert == ALERT_HANDSHAKE_FAILURE) {
		sts_check_add(out, STS_CHECK_F_TLS_SUITE, why, (int)h, (int)a);
	} else if (is_vague(&addr->smtp)) {
		sts_check_add(
		    out, STS_CHECK_F_SMTP_FAILED, why, (int)h, (int)a);
	} else {
		sts_check_add(out, STS_CHECK_F_SMTP, why, (int)h, (int)a);
	}
}

/* One address. If it was not tried that is a finding, unless the whole check
 * was cut short: then one finding says so for all. */
static void
judge_address(const struct sts_check_facts *f, unsigned h, unsigned a,
    struct sts_check_findings *out)
{
	const struct sts_check_address *addr = &f->host[h].address[a];

	if (addr->state == STS_CHECK_FORBIDDEN) {
		sts_check_add(out, STS_CHECK_F_MX_FORBIDDEN, STS_WHY_NONE,
		    (int)h, (int)a);
		return;
	}
	if (addr->state != STS_CHECK_TRIED) {
		if (!f->closed && !f->interrupted) {
			sts_check_add(out, STS_CHECK_F_SKIPPED, STS_WHY_NONE,
			    (int)h, (int)a);
		}
		return;
	}
	if (!addr->smtp.tls) {
		judge_failure(f, h, a, out);
		return;
	}
	if (addr->smtp.plain.starttls_late) {
		sts_check_add(out, STS_CHECK_F_STARTTLS_LATE, STS_WHY_NONE,
		    (int)h, (int)a);
	}
	if (addr->smtp.why != STS_WHY_NONE) {
		sts_check_add(out, STS_CHECK_F_EHLO_AGAIN, addr->smtp.why,
		    (int)h, (int)a);
	}
	for (unsigned i = 0; i < STS_CHECK_CERTS; i++) {
		if (addr->cert[i].there) {
			judge_certificate(f, h, a, &addr->cert[i], out);
		}
	}
}

static void
judge_addresses(
    const struct sts_check_host *h, int host, struct sts_check_findings *out)
{
	/* A family whose question failed is not absent: servers that nobody has
	 * seen may have its addresses. */
	if (h->a.found == STS_UNKNOWN || h->aaaa.found == STS_UNKNOWN) {
		sts_check_add_failed(out,
		    h->a.found == STS_UNKNOWN ? &h->a : &h->aaaa,
		    STS_CHECK_F_BOGUS_ADDRESS, STS_CHECK_F_MX_ADDRESS_FAILED,
		    host);
	} else if (h->addr_count == 0) {
		sts_check_add(
		    out, STS_CHECK_F_MX_NO_ADDRESS, STS_WHY_NONE, host, -1);
	}
}

/* A line of the policy that was not compared may match the host. */
static void
judge_match(const struct sts_check_policy *p, const struct sts_check_host *h,
    int host, struct sts_check_findings *out)
{
	if (!h->matched && p->found == STS_FOUND && p->mode != STS_MODE_NONE) {
		sts_check_add(out,
		    p->mx_count > STS_CHECK_MX_MAX ? STS_CHECK_F_PATTERNS_MANY
						   : STS_CHECK_F_MX_UNMATCHED,
		    STS_WHY_NONE, host, -1);
	}
}

void
sts_check_judge_host(const struct sts_check_facts *f, unsigned h,
    enum sts_check_sight sight, struct sts_check_findings *out)
{
	const struct sts_check_host *host = &f->host[h];

	STS_ASSERT(h < f->mx.count);
	judge_match(&f->policy, host, (int)h, out);
	if (host->aliased) {
		sts_check_add(
		    out, STS_CHECK_F_MX_ALIAS, STS_WHY_NONE, (int)h, -1);
	}
	if (host->more || host->tlsa_more) {
		sts_check_add(
		    out, STS_CHECK_F_MX_MANY, STS_WHY_NONE, (int)h, -1);
	}
	judge_addresses(host, (int)h, out);
	judge_tlsa(f, h, sight, out);
	for (unsigned a = 0; a < host->addr_count; a++) {
		judge_address(f, h, a, out);
	}
}
