/* SPDX-License-Identifier: MIT */
/*
 * Names in the order in which they came, each with a tag, in a ring of octets:
 * what is in flight, to be asked for, or to be published.
 */
#ifndef STS_SHARE_NAMES_H
#define STS_SHARE_NAMES_H

#include "../base/bytes.h"
#include "../grammar/domain.h"

enum {
	STS_SHARE_NAME_MAX = STS_DOMAIN_MAX /* octets of a name */
};

struct sts_share_names {
	/* Private. */
	uint8_t *room;
	uint32_t size, head, used;
	uint32_t count;
};

/* Begin, empty, in room[0..size), which is borrowed for good. */
void sts_share_names_init(
    struct sts_share_names *n, uint8_t *room, uint32_t size);
void sts_share_names_clear(struct sts_share_names *n);

/* Append. False, and nothing has changed: no room. */
bool sts_share_names_put(
    struct sts_share_names *n, uint8_t tag, struct sts_text name);

/* The first: its tag, and its name copied to out. n->count > 0 (asserted). */
struct sts_text sts_share_names_first(const struct sts_share_names *n,
    uint8_t *tag, uint8_t out[STS_SHARE_NAME_MAX]);

/* Whether the name is among them, with that tag. */
bool sts_share_names_has(
    const struct sts_share_names *n, uint8_t tag, struct sts_text name);

/* Take the first away; there is one. */
void sts_share_names_drop(struct sts_share_names *n);

#endif
