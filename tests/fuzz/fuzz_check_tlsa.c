/* SPDX-License-Identifier: MIT */
/*
 * Certificates as `mtasts check` splits them. The first octet chooses how the
 * rest is cut into a chain. Everything found lies within the input, and a
 * record made from it names the certificate.
 */
#include <stdlib.h>
#include <string.h>

#include "../../boards/posix/check_tlsa.h"
#include "../../core/base/assert.h"
#include "../../tls/x509/x509_tlsa.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void
one(struct sts_text der)
{
	struct sts_check_parts parts;
	uint8_t digest[32];

	if (!sts_check_parts(der, &parts)) {
		return;
	}
	STS_ASSERT(parts.spki.p >= der.p);
	STS_ASSERT(parts.spki.p + parts.spki.n <= der.p + der.n);
	sts_check_digest(parts.spki, digest);

	struct sts_text data = sts_text(digest, sizeof digest);

	STS_ASSERT(
	    sts_x509_tlsa_match(der, STS_TLSA_SPKI, STS_TLSA_SHA256, data));
	digest[0] ^= 1;
	STS_ASSERT(
	    !sts_x509_tlsa_match(der, STS_TLSA_SPKI, STS_TLSA_SHA256, data));
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static uint8_t bytes[65536];
	struct sts_tls_chain chain;
	uint8_t digest[32];

	if (size < 2 || size > sizeof bytes) {
		return 0;
	}
	one(sts_text(data + 1, size - 1));

	memset(&chain, 0, sizeof chain);
	chain.p = bytes;
	chain.size = sizeof bytes;
	sts_tls_chain_start(&chain);

	size_t cut = (size - 1) * data[0] / 256;

	if (cut > 0) {
		sts_tls_chain_begin(&chain, cut);
		sts_tls_chain_add(&chain, sts_text(data + 1, cut));
	}
	sts_tls_chain_begin(&chain, size - 1 - cut);
	sts_tls_chain_add(&chain, sts_text(data + 1 + cut, size - 1 - cut));

	struct sts_text name = sts_text((const uint8_t *)"mx.example", 10);
	struct sts_text last = sts_tls_chain_cert(&chain, chain.count - 1);

	sts_check_digest(last, digest);

	struct sts_tlsa t = { STS_TLSA_DANE_TA, STS_TLSA_CERT, STS_TLSA_SHA256,
		sts_text(digest, sizeof digest) };
	/* A record for the last certificate never vouches for a chain of one.
	 * For a longer chain the verdict names what is wrong with the chain, if
	 * anything is. */
	enum sts_why why =
	    sts_check_tlsa_judge(&t, &chain, &name, 1, 1700000000);

	STS_ASSERT(chain.count > 1 || why == STS_WHY_TLSA_MISMATCH);
	return 0;
}
