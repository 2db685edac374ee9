/* SPDX-License-Identifier: MIT */
/* TLSA records, packed. */
#include <string.h>

#include "../base/assert.h"
#include "dane_records.h"

enum {
	HEAD_LEN = 5
};

STS_STATIC_ASSERT(STS_DANE_RECORDS <= 65535, records_fit);

bool
sts_dane_record_put(struct sts_dane_records *r, const struct sts_tlsa *t)
{
	size_t room = sizeof r->bytes - r->len;
	uint8_t *p = r->bytes + r->len;

	STS_ASSERT(sts_tlsa_usable(t));
	STS_ASSERT(r->len <= sizeof r->bytes);
	if (room < HEAD_LEN || room - HEAD_LEN < t->data.n) {
		return false;
	}
	p[0] = t->usage;
	p[1] = t->selector;
	p[2] = t->matching;
	sts_put16be(p + 3, (uint16_t)t->data.n);
	memcpy(p + HEAD_LEN, t->data.p, t->data.n);
	r->len = (uint16_t)(r->len + HEAD_LEN + t->data.n);
	return true;
}

bool
sts_dane_record_next(struct sts_text *packed, struct sts_tlsa *t)
{
	const uint8_t *p = packed->p;
	size_t len;

	if (packed->n < HEAD_LEN) {
		return false;
	}
	len = sts_get16be(p + 3);
	if (packed->n - HEAD_LEN < len) {
		return false;
	}
	t->usage = p[0];
	t->selector = p[1];
	t->matching = p[2];
	t->data = sts_text(p + HEAD_LEN, len);
	*packed = sts_text(p + HEAD_LEN + len, packed->n - HEAD_LEN - len);
	return true;
}
