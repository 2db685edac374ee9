/* SPDX-License-Identifier: MIT */
/*
 * A sealed record: two octets in any state that its reader can be in. The MAC
 * itself is BearSSL's, and is cut out.
 */
#include "contracts.h"

#include "../../core/share/share_seal.c"

static bool same_said;

void
mac_begin_contract(struct sts_mac *m, const uint8_t key[STS_MAC_KEY])
{
	PROVE(__CPROVER_w_ok(m, sizeof *m));
	PROVE(__CPROVER_r_ok(key, STS_MAC_KEY));
}

void
mac_add_contract(struct sts_mac *m, struct sts_text t)
{
	PROVE(__CPROVER_w_ok(m, sizeof *m));
	PROVE(readable(t));
}

void
mac_end_contract(struct sts_mac *m, uint8_t out[STS_MAC_SIZE])
{
	PROVE(__CPROVER_w_ok(m, sizeof *m));
	PROVE(__CPROVER_w_ok(out, STS_MAC_SIZE));
}

bool
mac_same_contract(const uint8_t a[STS_MAC_SIZE], const uint8_t b[STS_MAC_SIZE])
{
	PROVE(__CPROVER_r_ok(a, STS_MAC_SIZE));
	PROVE(__CPROVER_r_ok(b, STS_MAC_SIZE));
	same_said = same_said || nondet_bool();
	return same_said;
}

void
wipe_contract(void *p, size_t n)
{
	PROVE(__CPROVER_w_ok(p, n));
}

bool
name_lower_contract(struct sts_text t)
{
	PROVE(readable(t));
	return nondet_bool();
}

unsigned
name_labels_contract(struct sts_text t)
{
	PROVE(readable(t));
	return nondet_u32();
}

/* memcpy() and memcmp(): what is copied may be anything before and after. */
void *
memcpy_contract(void *to, const void *from, size_t n)
{
	PROVE(__CPROVER_w_ok(to, n));
	PROVE(__CPROVER_r_ok(from, n));
	return to;
}

int
memcmp_contract(const void *a, const void *b, size_t n)
{
	PROVE(__CPROVER_r_ok(a, n));
	PROVE(__CPROVER_r_ok(b, n));
	return nondet_u8();
}

/* Octets still to come, unless the reader has failed. */
static size_t
to_come(const struct sts_unseal *u)
{
	if (u->failed) {
		return 0;
	}
	switch (u->state) {
	case HEADER:
		return STS_SEAL_HEADER - (size_t)u->have + u->left +
		       STS_MAC_SIZE;
	case CODE:
		return STS_MAC_SIZE - (size_t)u->have;
	default:
		return u->left + STS_MAC_SIZE;
	}
}

static bool
item_holds(const struct sts_unseal *u)
{
	switch (u->state) {
	case HEADER:
		return u->want == STS_SEAL_HEADER && u->left >= 2;
	case ID_LEN:
		return u->want == 1 && u->left >= 2;
	case ID:
		return u->want == u->id_len && u->want >= 1 &&
		       u->want <= STS_ID_MAX &&
		       (size_t)(u->want - u->have) <= u->left;
	case MX_LEN:
		return u->want == 1 && u->left >= 1;
	case MX:
		return u->want >= 1 && u->want <= STS_MX_MAX &&
		       (size_t)(u->want - u->have) <= u->left;
	default:
		return u->want == STS_MAC_SIZE && u->left == 0;
	}
}

/* The invariant between two feeds. */
static bool
seal_holds(const struct sts_unseal *u)
{
	bool code = u->state == CODE;

	return u->failed ||
	       (u->state <= CODE && u->key_count >= 1 &&
		   u->key_count <= STS_SEAL_KEYS && u->left <= STS_SEAL_MAX &&
		   u->id_len <= STS_ID_MAX && u->mx_len <= STS_MX_MAX &&
		   u->mx_count <= STS_POLICY_MX_MAX &&
		   (code ? u->have <= STS_MAC_SIZE : u->have < 256) &&
		   (code || u->have < u->want) && item_holds(u));
}

/*
 * @bound a record of any length, for any domain
 * @cut sts_mac_begin mac_begin_contract
 * @cut sts_mac_add mac_add_contract
 * @loop sts_unseal_begin.0 3: keys
 */
void
prove_unseal_begin(void)
{
	struct sts_unseal u;
	struct sts_seal_keys keys;
	struct sts_text domain = any_text(STS_NAME_MAX + 1);
	size_t len = nondet_u32();

	ASSUME(keys.count >= 1 && keys.count <= STS_SEAL_KEYS);
	sts_unseal_begin(&u, &keys, domain, len);
	PROVE(seal_holds(&u));
	PROVE(u.failed || to_come(&u) == len);
}

bool
take_mx_contract(struct sts_unseal *u)
{
	PROVE(u->have >= 1 && u->have <= STS_MX_MAX);
	if (u->mx_count == STS_POLICY_MX_MAX || nondet_bool()) {
		return false;
	}
	u->mx_count++;
	u->mx_len = u->have;
	return true;
}

/*
 * @bound any two octets in any state, so records of any length
 * @cut sts_mac_add mac_add_contract
 * @cut take_mx take_mx_contract
 * @cut memcpy memcpy_contract
 * @cut memcmp memcmp_contract
 * @loop take.0 3: keys
 * @loop take_id.0 33: octets of an id
 * @loop sts_unseal_feed.0 3: two octets
 */
void
prove_unseal_feed(void)
{
	struct sts_unseal u;
	uint8_t bytes[2] = { nondet_u8(), nondet_u8() };
	size_t n = nondet_bool() ? 1 : 2, used, before;
	bool failed;

	ASSUME(seal_holds(&u));
	before = to_come(&u);
	failed = u.failed;
	ASSUME(failed || n <= before);
	used = sts_unseal_feed(&u, bytes, n);
	PROVE(used >= 1 && used <= n);
	PROVE(seal_holds(&u));
	PROVE(!failed || sts_unseal_failed(&u));
	PROVE(u.failed || to_come(&u) == before - used);
	PROVE(u.failed || u.mx_len > 0 || used == n);
}

/*
 * @bound patterns of up to 5 octets: the code makes passes over them, whose
 * steps know only their place
 * @cut sts_name_valid name_valid_contract
 * @cut sts_name_labels name_labels_contract
 * @cut sts_text_is_lower name_lower_contract
 */
void
prove_unseal_mx(void)
{
	struct sts_unseal u;
	bool good;

	ASSUME(u.have <= 5 && u.mx_count <= STS_POLICY_MX_MAX);
	good = take_mx(&u);
	PROVE(u.mx_count <= STS_POLICY_MX_MAX);
	PROVE(!good || u.mx_len == u.have);
}

/*
 * @bound any state
 * @cut sts_mac_end mac_end_contract
 * @cut sts_mac_same mac_same_contract
 * @cut sts_wipe wipe_contract
 * @loop is_sealed.0 3: keys
 */
void
prove_unseal_end(void)
{
	struct sts_unseal u;
	bool failed, whole;
	enum sts_unsealed verdict;

	ASSUME(seal_holds(&u));
	failed = u.failed;
	whole = to_come(&u) == 0;
	same_said = false;
	verdict = sts_unseal_end(&u);
	PROVE(verdict != STS_UNSEALED_OK || same_said);
	PROVE(verdict != STS_UNSEALED_OK || (!failed && whole));
	PROVE(sts_unseal_failed(&u));
}
