/* SPDX-License-Identifier: MIT */
/*
 * Signatures: ECDSA's DER, of which only one form is accepted, so that a
 * signature that was read and is written again is the same; and arithmetic
 * compared with BearSSL's. The first byte chooses, the rest is the input.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "../../core/base/sts_config.h"
#include "../../tls/curves.h"
#include "../../tls/ec_verify.h"
#include "../../tls/ecdsa_der.h"
#include "../../tls/rsa.h"

enum {
	DER_MAX = 3 + 2 * (2 + 1 + STS_ECDSA_SIZE_MAX)
};

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void
must(bool yes)
{
	if (!yes) {
		abort();
	}
}

/* Write an INTEGER of size bytes in its shortest form. Returns its length. */
static size_t
write_integer(uint8_t *der, const uint8_t *raw, size_t size)
{
	size_t skip = 0, pad;

	while (raw[skip] == 0) {
		skip++;
	}
	pad = raw[skip] >= 128;
	der[0] = 2;
	der[1] = (uint8_t)(size - skip + pad);
	der[2] = 0;
	memcpy(der + 2 + pad, raw + skip, size - skip);
	return 2 + pad + size - skip;
}

static void
try_der(size_t size, struct sts_text in)
{
	uint8_t raw[2 * STS_ECDSA_SIZE_MAX], der[DER_MAX], both[DER_MAX];
	size_t n, at = 1;

	if (!sts_ecdsa_der_read(raw, size, in)) {
		return;
	}
	n = write_integer(both, raw, size);
	n += write_integer(both + n, raw + size, size);
	der[0] = 0x30;
	if (n >= 128) {
		der[at++] = 0x81;
	}
	der[at++] = (uint8_t)n;
	memcpy(der + at, both, n);
	must(in.n == at + n && memcmp(in.p, der, in.n) == 0);
}

static bool
bearssl_can(const uint8_t *hash, size_t len)
{
	/* BearSSL's curves do not multiply by 0 or by n. */
	static const uint8_t high[] = { 0xff, 0xff, 0xff, 0xff };
	size_t i = 0;

	while (i < len && hash[i] == 0) {
		i++;
	}
	return i < len && memcmp(hash, high, sizeof high) != 0;
}

/* A point, a hash and a signature, each as long as the curve requires. */
static void
try_ecdsa(int curve, size_t size, struct sts_text in)
{
	uint8_t point[97];
	br_ec_public_key key = { curve, point, 1 + 2 * size };
	const uint8_t *hash = in.p + 2 * size, *raw = hash + size;
	bool ours;

	if (in.n < 5 * size || !sts_ec_verify_has(curve)) {
		return;
	}
	point[0] = 4;
	memcpy(point + 1, in.p, 2 * size);
	ours = sts_ec_verify(&key, hash, size, raw);
	if (bearssl_can(hash, size)) {
		must(ours == (br_ecdsa_vrfy_raw_get_default()(sts_curves(),
				  hash, size, &key, raw, 2 * size) == 1));
	}
}

/* A modulus, an exponent of one to four bytes, and a number. */
static void
try_rsa(struct sts_text in)
{
	unsigned char n[64], e[4], x[64], y[64];
	size_t len = (in.n - 4) / 2 < sizeof n ? (in.n - 4) / 2 : sizeof n;
	br_rsa_public_key key = { n, len, e, sizeof e };
	bool ours;

	memcpy(e, in.p, sizeof e);
	memcpy(n, in.p + 4, len);
	memcpy(x, in.p + 4 + len, len);
	memcpy(y, x, len);
	if (len < 12 || n[0] == 0 || e[3] % 2 == 0 ||
	    (e[0] == 0 && e[1] == 0 && e[2] == 0 && e[3] == 1)) {
		must(len == 0 || n[0] == 0 || len < 12 ||
		     !sts_rsa_public(&key, x, len));
		return;
	}
	ours = sts_rsa_public(&key, x, len);
	must(ours == (br_rsa_i31_public(y, len, &key) == 1));
	must(!ours || memcmp(x, y, len) == 0);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct sts_text in;

	if (size < 8) {
		return 0;
	}
	in = sts_text(data + 1, size - 1);
	switch (data[0]) {
	case 'd':
		try_der(32, in);
		try_der(66, in);
		break;
	case 'p':
		try_ecdsa(BR_EC_secp256r1, 32, in);
		break;
	case 'q':
		try_ecdsa(BR_EC_secp384r1, 48, in);
		break;
	case 'r':
		try_rsa(in);
		break;
	default:
		break;
	}
	return 0;
}
