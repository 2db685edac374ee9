/* SPDX-License-Identifier: MIT */
/* What sessions have in common. */
#include <string.h>

#include "../core/base/assert.h"
#include "tls_common.h"
#include "tls_records.h"

STS_STATIC_ASSERT(sizeof(((struct sts_tls_common *)0)->ciphers) >=
		      sizeof(struct sts_tls_ciphers),
    tls_common_ciphers);

void
sts_tls_common_init(struct sts_tls_common *c)
{
	struct sts_tls_ciphers chosen;

	memset(c, 0, sizeof *c);
	sts_x509_links_clear(&c->links);
	sts_tls_ciphers_choose(&chosen);
	memcpy(c->ciphers, &chosen, sizeof chosen);
}
