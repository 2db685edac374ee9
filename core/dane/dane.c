/* SPDX-License-Identifier: MIT */
/*
 * The rules of DANE for SMTP. The attacker can make look-ups fail, but cannot
 * forge a signed answer: so a failure may make a host unusable or the answer
 * "try again", and never makes a host one without records.
 */
#include "../base/assert.h"
#include "dane.h"

enum {
	SHA256_LEN = 32,
	SHA512_LEN = 64
};

bool
sts_tlsa_usable(const struct sts_tlsa *t)
{
	if ((t->usage != STS_TLSA_DANE_TA && t->usage != STS_TLSA_DANE_EE) ||
	    (t->selector != STS_TLSA_CERT && t->selector != STS_TLSA_SPKI)) {
		return false;
	}
	switch (t->matching) {
	case STS_TLSA_FULL:
		return t->data.n > 0;
	case STS_TLSA_SHA256:
		return t->data.n == SHA256_LEN;
	case STS_TLSA_SHA512:
		return STS_SHA384_512 && t->data.n == SHA512_LEN;
	default:
		return false;
	}
}

bool
sts_tlsa_outdone(const struct sts_tlsa *t, const struct sts_tlsa *other)
{
	STS_ASSERT(sts_tlsa_usable(t));
	STS_ASSERT(sts_tlsa_usable(other));
	return t->usage == other->usage && t->selector == other->selector &&
	       t->matching != STS_TLSA_FULL && other->matching > t->matching;
}

/* How many hosts demand something of the mail server. */
static unsigned
demanding(const unsigned *n)
{
	return n[STS_DANE_HOST_USABLE] + n[STS_DANE_HOST_UNUSABLE];
}

/* The level of an authenticated MX RRset, none of whose hosts is pending. */
static enum sts_dane_level
secure_level(const struct sts_dane_count *count)
{
	const unsigned *n = count->host;
	unsigned weak =
	    n[STS_DANE_HOST_NONE] + n[STS_DANE_HOST_UNUSABLE] + count->more;
	unsigned unknown = n[STS_DANE_HOST_UNKNOWN];

	if (n[STS_DANE_HOST_USABLE] > 0 && weak == 0) {
		return STS_DANE_ONLY;
	}
	if (unknown > 0 && demanding(n) + weak == 0) {
		return STS_DANE_UNKNOWN;
	}
	return demanding(n) + unknown > 0 ? STS_DANE_PARTIAL : STS_DANE_NONE;
}

enum sts_dane_level
sts_dane_level(enum sts_dane_mx mx, const struct sts_dane_count *count)
{
	const unsigned *n = count->host;

	if (mx == STS_DANE_MX_UNKNOWN) {
		return STS_DANE_UNKNOWN;
	}
	if (mx == STS_DANE_MX_NONE) {
		return STS_DANE_NONE;
	}
	if (mx == STS_DANE_MX_PENDING || n[STS_DANE_HOST_PENDING] > 0) {
		return STS_DANE_PENDING;
	}
	if (mx == STS_DANE_MX_INSECURE) {
		return demanding(n) > 0 ? STS_DANE_PARTIAL : STS_DANE_NONE;
	}
	return secure_level(count);
}
