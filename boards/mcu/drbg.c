/* SPDX-License-Identifier: MIT */
/* Random octets. */
#include <bearssl.h>

#include "../../core/base/assert.h"
#include "board.h"
#include "drbg.h"

static br_hmac_drbg_context drbg;
static bool begun;
static uint16_t left; /* requests until more entropy is asked for */

/* Mix fresh entropy into the state; false: the source is not ready. */
static bool
reseed(void)
{
	uint8_t seed[STS_BOARD_SEED];

	if (!sts_board_seed(seed)) {
		return false;
	}
	br_hmac_drbg_update(&drbg, seed, sizeof seed);
	sts_wipe(seed, sizeof seed);
	left = STS_DRBG_REQUESTS;
	return true;
}

bool
sts_drbg_begin(void)
{
	if (!begun) {
		br_hmac_drbg_init(&drbg, &br_sha256_vtable, NULL, 0);
		begun = reseed();
	}
	return begun;
}

int
sts_drbg_bytes(void *ctx, uint8_t *buf, size_t len)
{
	(void)ctx;
	STS_ASSERT(begun);
	/* A source that is not ready weakens nothing: it is asked again. */
	if (left > 0) {
		left--;
	} else {
		(void)reseed();
	}
	br_hmac_drbg_generate(&drbg, buf, len);
	return 0;
}

/* For lwIP. */
uint32_t sts_lwip_random(void);

uint32_t
sts_lwip_random(void)
{
	uint8_t b[4];

	sts_drbg_bytes(NULL, b, sizeof b);
	return sts_get32be(b);
}
