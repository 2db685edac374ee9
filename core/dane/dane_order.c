/* SPDX-License-Identifier: MIT */
/* The order in which a mail client tries the hosts of a domain. */
#include "../base/assert.h"
#include "dane_hosts.h"

/* The lot of host i, by which hosts of one preference are ordered. */
static uint64_t
lot(const struct sts_dane_hosts *d, unsigned i)
{
	uint8_t n[2] = { 0xff, (uint8_t)i }; /* no question has such a number */

	return sts_siphash(d->rnd, sts_text(n, sizeof n));
}

static bool
is_before(const struct sts_dane_hosts *d, unsigned i, unsigned k)
{
	uint16_t a = d->host[i].preference, b = d->host[k].preference;

	return a != b ? a < b : lot(d, i) < lot(d, k);
}

unsigned
sts_dane_order(const struct sts_dane_hosts *d, unsigned n)
{
	unsigned i = 0;

	STS_ASSERT(n < d->host_count);
	for (; i < d->host_count; i++) {
		unsigned before = 0;

		for (unsigned k = 0; k < d->host_count; k++) {
			before += k != i && is_before(d, k, i);
		}
		if (before == n) {
			break;
		}
	}
	STS_ASSERT(i < d->host_count); /* no two lots are equal */
	return i;
}
