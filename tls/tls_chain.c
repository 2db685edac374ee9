/* SPDX-License-Identifier: MIT */
/* Certificates one behind the other, with their ends. `left` is 0 between
 * certificates, and while those that do not fit pass. */
#include <string.h>

#include "../core/base/assert.h"
#include "tls_chain.h"

struct sts_text
sts_tls_chain_cert(const struct sts_tls_chain *c, unsigned i)
{
	size_t from = i > 0 ? c->end[i - 1] : 0;

	STS_ASSERT(i < c->count);
	return sts_text(c->p + from, c->end[i] - from);
}

void
sts_tls_chain_start(struct sts_tls_chain *c)
{
	c->count = 0;
	c->cut = false;
	c->len = c->left = 0;
}

void
sts_tls_chain_begin(struct sts_tls_chain *c, size_t len)
{
	STS_ASSERT(c->left == 0);
	STS_ASSERT(c->len <= c->size);
	/* A later one that fits would seem to stand where the one before it
	 * stood. */
	c->cut = c->cut || len > c->size - c->len ||
		 c->count == sizeof c->end / sizeof *c->end;
	c->left = c->cut ? 0 : len;
}

void
sts_tls_chain_add(struct sts_tls_chain *c, struct sts_text der)
{
	if (c->left == 0) {
		return;
	}
	STS_ASSERT(der.n <= c->left);
	memcpy(c->p + c->len, der.p, der.n);
	c->len += der.n;
	c->left -= der.n;
	if (c->left == 0) {
		c->end[c->count++] = c->len;
	}
}
