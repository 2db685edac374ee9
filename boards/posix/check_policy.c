/* SPDX-License-Identifier: MIT */
/*
 * The policy: addresses of mta-sts.DOMAIN, A and AAAA at once, then the fetch.
 * It is fetched whether there is a TXT record or not: a policy that nobody
 * announces is a fault with a name of its own.
 */
#include <string.h>

#include "../../core/base/assert.h"
#include "../../core/dial/address.h"
#include "check_run.h"
#include "check_tlsa.h"

enum {
	A = STS_CHECK_ASK_POLICY,
	AAAA = A + 1
};

void
sts_check_policy_begin(struct sts_check_run *r)
{
	sts_check_ask(r, A, STS_POLICY_LABEL, r->facts.domain, STS_DNS_A);
	sts_check_ask(r, AAAA, STS_POLICY_LABEL, r->facts.domain, STS_DNS_AAAA);
}

/* Families alternate, IPv6 first, as the agent tries them. */
static void
take_addresses(struct sts_check_run *r)
{
	struct sts_check_policy *p = &r->facts.policy;
	size_t at[2] = { 0, 0 };
	bool left[2] = { true, true };

	for (unsigned i = 0; left[0] || left[1]; i ^= 1) {
		struct sts_text rdata;

		left[i] =
		    left[i] && sts_check_ask_next(
				   &r->ask[i == 0 ? AAAA : A], &at[i], &rdata);
		if (!left[i] || p->addr_count == STS_CHECK_ADDRS_MAX) {
			continue;
		}
		struct sts_addr addr =
		    sts_address_of(rdata, r->settings->policy_port);

		if (sts_address_allowed(r->settings, &addr)) {
			p->addr[p->addr_count++] = addr;
		} else {
			p->forbidden = true;
		}
	}
}

static enum sts_found
found_of(const struct sts_check_policy *p)
{
	return p->a.found == STS_UNKNOWN || p->aaaa.found == STS_UNKNOWN
		   ? STS_UNKNOWN
		   : STS_ABSENT;
}

/* Why one family's addresses are not known. */
static uint8_t
why_unknown(const struct sts_check_policy *p)
{
	return p->a.found == STS_UNKNOWN ? p->a.why : p->aaaa.why;
}

/* End without an address to fetch from, with the reason. An address that must
 * not be connected to is no verdict while the other family's are not known. */
static void
end_without(struct sts_check_policy *p)
{
	p->found = (uint8_t)found_of(p);
	if (p->found == STS_UNKNOWN) {
		p->why = why_unknown(p);
	} else {
		p->why = p->forbidden ? STS_WHY_ADDRESS_FORBIDDEN
				      : STS_WHY_ADDRESS_NONE;
	}
	p->done = true;
}

/* End with what the fetch brought. Addresses of which none was of use are no
 * verdict, either, while the other family's are not known: the next address
 * might have been the one that serves the policy. */
static void
end_fetch(struct sts_check_policy *p, bool unanswered)
{
	if (unanswered && found_of(p) == STS_UNKNOWN) {
		p->why = why_unknown(p);
	}
	p->done = true;
}

static void
fetch(struct sts_check_run *r)
{
	uint8_t rnd[STS_TLS_RND];

	if (sts_check_loop_random(&r->loop, rnd, sizeof rnd)) {
		uint8_t host[STS_POLICY_HOST_MAX];

		r->facts.policy.tried = true;
		sts_check_fetch_begin(&r->fetch, &r->facts.policy,
		    sts_domain_policy_host(host, r->facts.domain),
		    r->settings->anchors, r->facts.judged_s,
		    sts_check_loop_now(&r->loop), rnd);
		sts_check_loop_add(&r->loop, STS_CHECK_PLACE_FETCH,
		    &sts_check_fetch_ops, &r->fetch);
	}
}

static void
take_certificate(struct sts_check_run *r)
{
	struct sts_check_cert *c = &r->facts.policy.cert;
	struct sts_check_parts parts;

	if (r->fetch.chain.count > 0 &&
	    sts_check_parts(sts_tls_chain_cert(&r->fetch.chain, 0), &parts)) {
		if (!c->there) {
			/* The certificate made the handshake fail. */
			c->path = r->facts.policy.why;
		}
		c->there = c->known = true;
		c->not_after_s = parts.not_after_s;
		sts_check_digest(parts.spki, c->spki);
	}
}

void
sts_check_policy_over(struct sts_check_run *r, unsigned place)
{
	struct sts_check_policy *p = &r->facts.policy;

	if (place == STS_CHECK_PLACE_FETCH) {
		take_certificate(r);
		end_fetch(p, r->fetch.unanswered);
		return;
	}
	if (!sts_check_loop_free(&r->loop, A) ||
	    !sts_check_loop_free(&r->loop, AAAA)) {
		return;
	}
	p->a = r->ask[A].answer;
	p->aaaa = r->ask[AAAA].answer;
	take_addresses(r);
	if (p->addr_count == 0) {
		end_without(p);
	} else {
		fetch(r);
	}
}
