/* SPDX-License-Identifier: MIT */
/*
 * core/share/share_seal: forged records. The first octet chooses what the
 * forger does, the second how much is read at once:
 *
 *	0  he writes the record himself: none is accepted, since he cannot
 *	   find octets with the right code
 *	1  he bends a good record by adding octets of the input to its own:
 *	   it is accepted only if none has changed
 *	2  he offers a good record as another domain's: it is accepted only
 *	   as its own domain's
 *	3  he has the key: an accepted record is then a policy that
 *	   core/grammar/policy allows
 */
#include <string.h>

#include "../../core/base/assert.h"
#include "../../core/share/share_seal.h"

#define CHECK(c) STS_ASSERT(c)

enum {
	ROOM = 2048
};

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const struct sts_seal_keys keys = { 2,
	{ "0123456789abcdef0123456789abcde",
	    "another key of the same fleet.." } };
static const uint8_t own[] = "example.com";
static const uint8_t payload[] = "\x03"
				 "abc"
				 "\x0fmx1.example.com"
				 "\x0d*.example.com";

static size_t
good(uint8_t out[ROOM])
{
	struct sts_seal_head head = { STS_MODE_ENFORCE, 1000000000, 604800 };
	size_t n = sizeof payload - 1;
	struct sts_mac m;

	sts_seal_begin(&m, &keys, sts_text(own, sizeof own - 1), &head, out);
	sts_mac_add(&m, sts_text(payload, n));
	memcpy(out + STS_SEAL_HEADER, payload, n);
	sts_seal_end(&m, out + STS_SEAL_HEADER + n);
	return STS_SEAL_HEADER + n + STS_MAC_SIZE;
}

static void
judge_mx(struct sts_text t)
{
	bool wild = t.n > 2 && t.p[0] == '*';
	struct sts_text name = wild ? sts_text(t.p + 2, t.n - 2) : t;

	CHECK(sts_name_valid(name));
	CHECK(wild || sts_name_labels(name) >= 2);
}

static enum sts_unsealed
open_it(struct sts_text domain, const uint8_t *p, size_t len, size_t step)
{
	enum sts_unsealed result;
	struct sts_unseal u;
	unsigned count = 0;

	sts_unseal_begin(&u, &keys, domain, len);
	for (size_t i = 0; i < len;) {
		size_t n = len - i < step ? len - i : step;
		size_t used = sts_unseal_feed(&u, p + i, n);

		CHECK(used >= 1 && used <= n);
		if (u.mx_len > 0) {
			judge_mx(sts_text(u.mx, u.mx_len));
			count++;
		}
		i += used;
	}
	result = sts_unseal_end(&u);
	CHECK(result != STS_UNSEALED_OK ||
	      (u.mx_count == count && u.head.mode <= STS_MODE_ENFORCE &&
		  u.head.fetched_s > 0 && u.head.max_age_s > 0 &&
		  u.head.max_age_s <= STS_MAX_AGE_MAX && u.id_len > 0));
	return result;
}

/* Sealed without any check, with the second key. */
static void
seal_any(uint8_t *p, size_t n)
{
	const uint8_t len = sizeof own - 1;
	struct sts_mac m;

	sts_mac_begin(&m, keys.key[1]);
	sts_mac_add(&m, sts_text(&len, 1));
	sts_mac_add(&m, sts_text(own, sizeof own - 1));
	sts_mac_add(&m, sts_text(p, n));
	sts_mac_end(&m, p + n);
}

static void
bend(const uint8_t *data, size_t size, size_t step)
{
	uint8_t bent[ROOM], was[ROOM];
	size_t len = good(was);

	memcpy(bent, was, len);
	for (size_t i = 0; i < size; i++) {
		bent[i % len] = (uint8_t)(bent[i % len] + data[i]);
	}
	CHECK((open_it(sts_text(own, sizeof own - 1), bent, len, step) ==
		  STS_UNSEALED_OK) == (memcmp(bent, was, len) == 0));
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	uint8_t made[ROOM];
	struct sts_text domain = sts_text(own, sizeof own - 1);
	size_t step, len;

	if (size < 2 || size > ROOM - STS_MAC_SIZE) {
		return 0;
	}
	step = 1U + data[1];
	switch (data[0] % 4) {
	case 0:
		CHECK(open_it(domain, data + 2, size - 2, step) !=
		      STS_UNSEALED_OK);
		break;
	case 1:
		bend(data + 2, size - 2, step);
		break;
	case 2:
		len = good(made);
		domain = sts_text(data + 2, size - 2);
		CHECK((open_it(domain, made, len, step) == STS_UNSEALED_OK) ==
		      sts_text_same(domain, sts_text(own, sizeof own - 1)));
		break;
	default:
		memcpy(made, data + 2, size - 2);
		seal_any(made, size - 2);
		CHECK(open_it(domain, made, size - 2 + STS_MAC_SIZE, step) !=
		      STS_UNSEALED_MAC);
		break;
	}
	return 0;
}
