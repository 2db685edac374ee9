/* SPDX-License-Identifier: MIT */
/* RDATA of MX and TLSA records, and names of a message as text. */
#include "../core/base/assert.h"
#include "rdata.h"
#include "wire.h"

enum {
	MX_PREFERENCE_LEN = 2,
	TLSA_NUMBERS_LEN = 3
};

/* The name at `off` of a well-formed message, if it is a host name or the
 * root. */
static bool
take_host(struct sts_text m, size_t off, struct sts_dns_host *host)
{
	size_t len;

	if (!sts_dns_name_text(m, off, host->name, &len)) {
		return false;
	}
	host->len = (uint8_t)len;
	return len == 0 || sts_name_valid(sts_text(host->name, len));
}

bool
sts_dns_mx(const struct sts_dns_answers *it, const struct sts_dns_rr *rr,
    struct sts_dns_mx *mx)
{
	size_t at = (size_t)(rr->rdata.p - it->m.p);

	STS_ASSERT(at <= it->m.n);
	STS_ASSERT(rr->rdata.n > MX_PREFERENCE_LEN);
	mx->preference = sts_get16be(rr->rdata.p);
	return take_host(it->m, at + MX_PREFERENCE_LEN, &mx->exchange);
}

bool
sts_dns_tlsa(const struct sts_dns_rr *rr, struct sts_dns_tlsa *tlsa)
{
	if (rr->rdata.n < TLSA_NUMBERS_LEN) {
		return false;
	}
	tlsa->usage = rr->rdata.p[0];
	tlsa->selector = rr->rdata.p[1];
	tlsa->matching = rr->rdata.p[2];
	tlsa->data = sts_text(
	    rr->rdata.p + TLSA_NUMBERS_LEN, rr->rdata.n - TLSA_NUMBERS_LEN);
	return true;
}

bool
sts_dns_owner(
    const struct sts_dns_answers *it, struct sts_dns_host *host, bool *aliased)
{
	size_t len;

	*aliased = !sts_dns_same_name(it->m, it->owner_off, STS_DNS_HEADER_LEN);
	if (!sts_dns_name_text(it->m, it->owner_off, host->name, &len)) {
		return false;
	}
	host->len = (uint8_t)len;
	return true;
}
