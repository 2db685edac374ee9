/* SPDX-License-Identifier: MIT */
/*
 * Sealed records.
 *
 *	HEADER --> ID_LEN --> ID --> MX_LEN <--> MX
 *	                              |
 *	                              +--- nothing left ---> CODE
 *
 * Everything before CODE goes under the codes of all keys as it comes. A
 * failure is sticky. The attacker chooses every octet and the announced length;
 * the result is SYNTAX or MAC.
 */
#include <string.h>

#include "../base/assert.h"
#include "../base/text.h"
#include "share_seal.h"

enum state {
	HEADER = 0,
	ID_LEN,
	ID,
	MX_LEN,
	MX,
	CODE
};

static const uint8_t magic[3] = { 'M', 'S', '1' };

enum {
	MODE_AT = 3,
	FLAGS_AT = 4,
	FETCHED_AT = 5,
	MAX_AGE_AT = 13
};

STS_STATIC_ASSERT((int)STS_SEAL_HEADER <= (int)STS_MAC_SIZE, header_fits_held);
STS_STATIC_ASSERT(STS_SEAL_MAX >= STS_HTTP_BODY_MAX, any_policy_fits);

/* Put the domain under a code: every code begins with it. */
static void
add_domain(struct sts_mac *m, struct sts_text domain)
{
	uint8_t len = (uint8_t)domain.n;

	sts_mac_add(m, sts_text(&len, 1));
	sts_mac_add(m, domain);
}

void
sts_seal_begin(struct sts_mac *m, const struct sts_seal_keys *keys,
    struct sts_text domain, const struct sts_seal_head *head,
    uint8_t out[STS_SEAL_HEADER])
{
	STS_ASSERT(keys->count >= 1 && keys->count <= STS_SEAL_KEYS);
	STS_ASSERT(domain.n >= 1 && domain.n <= STS_NAME_MAX);
	STS_ASSERT(head->fetched_s > 0 && head->max_age_s > 0);
	memcpy(out, magic, sizeof magic);
	out[MODE_AT] = head->mode;
	out[FLAGS_AT] = 0;
	sts_put32be(out + FETCHED_AT, 0);
	sts_put32be(out + FETCHED_AT + 4, head->fetched_s);
	sts_put32be(out + MAX_AGE_AT, head->max_age_s);
	sts_mac_begin(m, keys->key[0]);
	add_domain(m, domain);
	sts_mac_add(m, sts_text(out, STS_SEAL_HEADER));
}

void
sts_seal_end(struct sts_mac *m, uint8_t out[STS_MAC_SIZE])
{
	sts_mac_end(m, out);
}

void
sts_unseal_begin(struct sts_unseal *u, const struct sts_seal_keys *keys,
    struct sts_text domain, size_t len)
{
	STS_ASSERT(keys->count >= 1 && keys->count <= STS_SEAL_KEYS);
	memset(u, 0, sizeof *u);
	u->failed = len < STS_SEAL_MIN || len > STS_SEAL_MAX || domain.n < 1 ||
		    domain.n > STS_NAME_MAX;
	if (u->failed) {
		return;
	}
	u->left = len - STS_SEAL_HEADER - STS_MAC_SIZE;
	u->want = STS_SEAL_HEADER;
	u->key_count = keys->count;
	for (unsigned i = 0; i < u->key_count; i++) {
		sts_mac_begin(&u->mac[i], keys->key[i]);
		add_domain(&u->mac[i], domain);
	}
}

static bool
take_header(struct sts_unseal *u)
{
	const uint8_t *h = u->held;

	u->head.mode = h[MODE_AT];
	u->head.fetched_s = sts_get32be(h + FETCHED_AT + 4);
	u->head.max_age_s = sts_get32be(h + MAX_AGE_AT);
	return memcmp(h, magic, sizeof magic) == 0 &&
	       u->head.mode <= STS_MODE_ENFORCE && h[FLAGS_AT] == 0 &&
	       sts_get32be(h + FETCHED_AT) == 0 && u->head.fetched_s > 0 &&
	       u->head.max_age_s >= 1 && u->head.max_age_s <= STS_MAX_AGE_MAX;
}

static bool
take_id(struct sts_unseal *u)
{
	for (unsigned i = 0; i < u->id_len; i++) {
		if (!sts_is_alnum(u->id[i])) {
			return false;
		}
	}
	return true;
}

/* Take a pattern. False: core/grammar/policy would refuse it. */
static bool
take_mx(struct sts_unseal *u)
{
	struct sts_text name = sts_text(u->mx, u->have);
	bool wild = name.n > 2 && u->mx[0] == '*' && u->mx[1] == '.';

	if (wild) {
		name = sts_text(u->mx + 2, name.n - 2);
	}
	if (!sts_name_valid(name) || !sts_text_is_lower(name) ||
	    (!wild && sts_name_labels(name) < 2) ||
	    u->mx_count == STS_POLICY_MX_MAX) {
		return false;
	}
	u->mx_count++;
	u->mx_len = u->have;
	return true;
}

/* The next item has `octet` octets. False: that is not 1..max. */
static bool
take_len(struct sts_unseal *u, uint8_t octet, unsigned max)
{
	u->want = octet;
	return octet >= 1 && octet <= max && octet <= u->left;
}

/* Go on behind an item of the payload. */
static void
next_item(struct sts_unseal *u)
{
	u->state = u->left > 0 ? MX_LEN : CODE;
	u->want = u->left > 0 ? 1 : STS_MAC_SIZE;
}

/* The item that was read is whole. False: this is no record. */
static bool
take_item(struct sts_unseal *u, uint8_t last)
{
	bool good = true;

	switch ((enum state)u->state) {
	case HEADER:
		good = take_header(u);
		u->state = ID_LEN;
		u->want = 1;
		break;
	case ID_LEN:
		good = take_len(u, last, STS_ID_MAX);
		u->id_len = last;
		u->state = ID;
		break;
	case ID:
		good = take_id(u);
		next_item(u);
		break;
	case MX_LEN:
		good = take_len(u, last, STS_MX_MAX);
		u->state = MX;
		break;
	case MX:
		good = take_mx(u);
		next_item(u);
		break;
	case CODE:
		STS_ASSERT(false);
	}
	u->have = 0;
	return good;
}

/* Where the octets of the item go. */
static uint8_t *
place(struct sts_unseal *u)
{
	switch ((enum state)u->state) {
	case ID:
		return u->id;
	case MX:
		return u->mx;
	default:
		return u->held;
	}
}

/* Take n octets, no more than the item wants. */
static void
take(struct sts_unseal *u, const uint8_t *p, size_t n)
{
	memcpy(place(u) + u->have, p, n);
	u->have = (uint16_t)(u->have + n);
	if (u->state == CODE) {
		return;
	}
	for (unsigned i = 0; i < u->key_count; i++) {
		sts_mac_add(&u->mac[i], sts_text(p, n));
	}
	if (u->state != HEADER) {
		u->left -= n;
	}
	if (u->have == u->want) {
		u->failed = !take_item(u, p[n - 1]);
	}
}

size_t
sts_unseal_feed(struct sts_unseal *u, const uint8_t *p, size_t n)
{
	size_t used = 0;

	STS_ASSERT(n >= 1);
	u->mx_len = 0;
	while (used < n && !u->failed && u->mx_len == 0) {
		size_t room = (size_t)(u->want - u->have);
		size_t k = n - used < room ? n - used : room;

		STS_ASSERT(k > 0);
		take(u, p + used, k);
		used += k;
	}
	return u->failed ? n : used;
}

bool
sts_unseal_failed(const struct sts_unseal *u)
{
	return u->failed;
}

/* Whether the code was made by one of our keys. All codes are compared, so that
 * the time does not reveal by which. */
static bool
is_sealed(struct sts_unseal *u)
{
	bool same = false;

	for (unsigned i = 0; i < u->key_count; i++) {
		uint8_t sum[STS_MAC_SIZE];
		bool is;

		sts_mac_end(&u->mac[i], sum);
		is = sts_mac_same(sum, u->held);
		same = same || is;
		sts_wipe(sum, sizeof sum);
	}
	return same;
}

enum sts_unsealed
sts_unseal_end(struct sts_unseal *u)
{
	bool whole = !u->failed && u->state == CODE && u->have == STS_MAC_SIZE;
	bool none = u->head.mode == STS_MODE_NONE;
	bool sealed = whole && is_sealed(u);

	sts_wipe(u->mac, sizeof u->mac);
	u->failed = true;
	if (!whole || (u->mx_count == 0 && !none)) {
		return STS_UNSEALED_SYNTAX;
	}
	return sealed ? STS_UNSEALED_OK : STS_UNSEALED_MAC;
}
