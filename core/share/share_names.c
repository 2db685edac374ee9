/* SPDX-License-Identifier: MIT */
/* Names in a ring of octets: each is a tag, its length, its octets. */
#include "../base/assert.h"
#include "share_names.h"

void
sts_share_names_init(struct sts_share_names *n, uint8_t *room, uint32_t size)
{
	n->room = room;
	n->size = size;
	sts_share_names_clear(n);
}

void
sts_share_names_clear(struct sts_share_names *n)
{
	n->head = n->used = n->count = 0;
}

static uint8_t
octet(const struct sts_share_names *n, uint32_t i)
{
	return n->room[(n->head + i) % n->size];
}

static void
append(struct sts_share_names *n, uint8_t c)
{
	n->room[(n->head + n->used++) % n->size] = c;
}

bool
sts_share_names_put(
    struct sts_share_names *n, uint8_t tag, struct sts_text name)
{
	STS_ASSERT(name.n <= STS_SHARE_NAME_MAX);
	if (n->size - n->used < name.n + 2) {
		return false;
	}
	append(n, tag);
	append(n, (uint8_t)name.n);
	for (size_t i = 0; i < name.n; i++) {
		append(n, name.p[i]);
	}
	n->count++;
	return true;
}

struct sts_text
sts_share_names_first(const struct sts_share_names *n, uint8_t *tag,
    uint8_t out[STS_SHARE_NAME_MAX])
{
	uint8_t len;

	STS_ASSERT(n->count > 0);
	*tag = octet(n, 0);
	len = octet(n, 1);
	STS_ASSERT(len <= STS_SHARE_NAME_MAX);
	for (uint32_t i = 0; i < len; i++) {
		out[i] = octet(n, 2 + i);
	}
	return sts_text(out, len);
}

/* Whether the name whose tag is at octet `at` is this one. */
static bool
is_at(const struct sts_share_names *n, uint32_t at, uint8_t tag,
    struct sts_text name)
{
	if (octet(n, at) != tag || octet(n, at + 1) != name.n) {
		return false;
	}
	for (uint32_t i = 0; i < name.n; i++) {
		if (octet(n, at + 2 + i) != name.p[i]) {
			return false;
		}
	}
	return true;
}

bool
sts_share_names_has(
    const struct sts_share_names *n, uint8_t tag, struct sts_text name)
{
	uint32_t at = 0;

	while (at < n->used && !is_at(n, at, tag, name)) {
		at += 2U + octet(n, at + 1);
	}
	return at < n->used;
}

void
sts_share_names_drop(struct sts_share_names *n)
{
	uint32_t len;

	STS_ASSERT(n->count > 0);
	len = 2U + octet(n, 1);
	STS_ASSERT(len <= n->used);
	n->head = (n->head + len) % n->size;
	n->used -= len;
	n->count--;
}
