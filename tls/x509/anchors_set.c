/* SPDX-License-Identifier: MIT */
/* The packed form of trust anchors: records written and read. */
#include <string.h>

#include "../../core/base/assert.h"
#include "anchors_set.h"

/*
 * An anchor that signs itself as a CA vouches for any leaf it made, itself
 * included. Any other anchor is accepted as a leaf only if the leaf is this
 * very certificate, and not another one with its key, into which the key's
 * owner could write any name.
 */
static bool
has_hash(const struct sts_x509_cert *c)
{
	bool self = memcmp(c->subject, c->issuer, STS_X509_NAME_HASH) == 0;

	return c->sig_hash != 0 && !(self && (c->flags & STS_X509_CA) != 0);
}

size_t
sts_anchor_size(const struct sts_x509_cert *c)
{
	return STS_ANCHOR_HEAD + (size_t)c->key_len + c->exp_len + c->nc_len +
	       (has_hash(c) ? STS_ANCHOR_HASH_LEN : 0);
}

void
sts_anchor_put(
    uint8_t *out, const struct sts_x509_cert *c, const uint8_t *arena)
{
	size_t key_len = (size_t)c->key_len + c->exp_len;
	uint64_t not_after = (uint64_t)c->not_after_s;
	size_t size = sts_anchor_size(c);

	STS_ASSERT(size <= UINT16_MAX);
	memset(out, 0, size);
	sts_put16be(out, (uint16_t)size);
	memcpy(out + 2, c->subject, STS_X509_NAME_HASH);
	sts_put32be(out + 18, (uint32_t)(not_after >> 32));
	sts_put32be(out + 22, (uint32_t)not_after);
	sts_put16be(out + 26,
	    (uint16_t)(c->flags | (has_hash(c) ? STS_ANCHOR_HASH : 0)));
	out[28] = c->path_len;
	out[29] = c->key_type;
	sts_put16be(out + 30, c->key_len);
	out[32] = c->exp_len;
	sts_put16be(out + 34, c->nc_len);
	out += STS_ANCHOR_HEAD;
	memcpy(out, arena + c->key_off, key_len);
	memcpy(out + key_len, arena + c->nc_off, c->nc_len);
	if (has_hash(c)) {
		memcpy(out + key_len + c->nc_len, arena + c->hash_off,
		    STS_ANCHOR_HASH_LEN);
	}
}

/* Whether p[0..n) begins with a whole record whose parts fit; its size. */
static bool
record_fits(const uint8_t *p, size_t n, size_t *size)
{
	size_t parts;

	if (n < STS_ANCHOR_HEAD) {
		return false;
	}
	parts = STS_ANCHOR_HEAD + (size_t)sts_get16be(p + 30) + p[32] +
		sts_get16be(p + 34);
	if ((sts_get16be(p + 26) & STS_ANCHOR_HASH) != 0) {
		parts += STS_ANCHOR_HASH_LEN;
	}
	*size = sts_get16be(p);
	return *size == parts && parts <= n && p[29] != STS_X509_KEY_NONE &&
	       p[29] <= STS_X509_KEY_P521;
}

bool
sts_anchors_table(struct sts_anchors *set, const uint8_t *base, size_t len)
{
	struct sts_anchors s = { base, len, 0 };
	size_t size = 0;

	for (size_t pos = 0; pos < len; pos += size) {
		if (!record_fits(base + pos, len - pos, &size)) {
			return false;
		}
		s.count++;
	}
	*set = s;
	return true;
}

bool
sts_anchor_next(
    const struct sts_anchors *set, size_t *pos, struct sts_anchor *a)
{
	const uint8_t *p;
	size_t len = 0;
	bool fits;

	STS_ASSERT(*pos <= set->len);
	if (*pos == set->len) {
		return false;
	}
	p = set->base + *pos;
	fits = record_fits(p, set->len - *pos, &len);
	STS_ASSERT(fits);
	a->subject = p + 2;
	a->not_after_s = (int64_t)((uint64_t)sts_get32be(p + 18) << 32 |
				   sts_get32be(p + 22));
	a->flags = sts_get16be(p + 26);
	a->path_len = p[28];
	a->key.type = p[29];
	a->key.key = sts_text(p + STS_ANCHOR_HEAD, sts_get16be(p + 30));
	a->key.exponent = sts_text(a->key.key.p + a->key.key.n, p[32]);
	a->nc = sts_text(
	    a->key.exponent.p + a->key.exponent.n, sts_get16be(p + 34));
	a->hash = (a->flags & STS_ANCHOR_HASH) != 0 ? a->nc.p + a->nc.n : NULL;
	*pos += len;
	return true;
}
