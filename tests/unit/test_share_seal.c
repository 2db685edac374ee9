/* SPDX-License-Identifier: MIT */
/* core/share/share_seal: records of policies, sealed and opened. */
#include <string.h>

#include "../../core/share/share_seal.h"
#include "unit.h"

const char unit_name[] = "share_seal";

enum {
	ROOM = 4096
};

/* enforce, fetched at 10^9, for a week; sealed by Python's hmac under the key
 * of the octets 0 to 31. */
static const uint8_t known[] = "MS1\x02\x00\x00\x00\x00\x00\x3b\x9a\xca\x00"
			       "\x00\x09\x3a\x80"
			       "\x03"
			       "abc"
			       "\x0fmx1.example.com"
			       "\x0d*.example.com"
			       "\xd5\x04\xc0\xec\xc9\x99\x19\x7c\xc0\x18\x95"
			       "\xf0\xd3\xe2\xcd\xa0\x82\xfc\x67\xfc\xb9\x01"
			       "\xae\x52\x00\xab\xbb\x58\xb1\xc2\x0e\xb8";
static const char domain[] = "example.com";

static struct sts_seal_keys
keys_of(unsigned count, uint8_t first)
{
	struct sts_seal_keys k;

	memset(&k, 0, sizeof k);
	k.count = count;
	for (unsigned i = 0; i < count; i++) {
		for (unsigned n = 0; n < STS_MAC_KEY; n++) {
			k.key[i][n] = (uint8_t)(first + n + 100 * i);
		}
	}
	return k;
}

/* Open a record that is read `step` octets at a time; mx gets its patterns,
 * joined by blanks. */
static enum sts_unsealed
open_it(const struct sts_seal_keys *keys, const char *of, const uint8_t *p,
    size_t len, size_t step, struct sts_unseal *u, char mx[ROOM])
{
	size_t at = 0;

	sts_unseal_begin(u, keys, unit_span(of), len);
	mx[0] = '\0';
	for (size_t i = 0; i < len;) {
		size_t n = len - i < step ? len - i : step;
		size_t used = sts_unseal_feed(u, unit_at_page_end(p + i, n), n);

		ck_assert(used >= 1 && used <= n);
		if (u->mx_len > 0) {
			memcpy(mx + at, u->mx, u->mx_len);
			at += u->mx_len;
			memcpy(mx + at, " ", 2);
			at++;
		}
		i += used;
	}
	return sts_unseal_end(u);
}

/* Seal a head and a payload for a domain. Returns the record's length. */
static size_t
seal(const struct sts_seal_keys *keys, const char *of,
    const struct sts_seal_head *head, struct sts_text payload, uint8_t *out)
{
	struct sts_mac m;

	sts_seal_begin(&m, keys, unit_span(of), head, out);
	sts_mac_add(&m, payload);
	if (payload.n > 0) {
		memcpy(out + STS_SEAL_HEADER, payload.p, payload.n);
	}
	sts_seal_end(&m, out + STS_SEAL_HEADER + payload.n);
	return STS_SEAL_HEADER + payload.n + STS_MAC_SIZE;
}

START_TEST(a_record_sealed_elsewhere_is_read_and_made)
{
	struct sts_seal_keys keys = keys_of(1, 0);
	struct sts_seal_head head = { STS_MODE_ENFORCE, 1000000000, 604800 };
	size_t len = sizeof known - 1;
	uint8_t made[ROOM];
	char mx[ROOM];
	struct sts_unseal u;

	for (size_t step = 1; step <= len; step++) {
		unit_int("opened",
		    open_it(&keys, domain, known, len, step, &u, mx),
		    STS_UNSEALED_OK);
		unit_text("patterns", unit_span(mx),
		    "mx1.example.com *.example.com ");
		unit_text("id", sts_text(u.id, u.id_len), "abc");
		unit_int("mode", u.head.mode, STS_MODE_ENFORCE);
		unit_int("fetched", u.head.fetched_s, 1000000000);
		unit_int("max_age", u.head.max_age_s, 604800);
		unit_int("number of patterns", u.mx_count, 2);
	}
	unit_int("length",
	    (long long)seal(&keys, domain, &head,
		sts_text(known + STS_SEAL_HEADER,
		    len - STS_SEAL_HEADER - STS_MAC_SIZE),
		made),
	    (long long)len);
	ck_assert(memcmp(made, known, len) == 0);
}
END_TEST

/* Every bit and every octet up to the end counts. */
START_TEST(no_changed_bit_is_accepted)
{
	struct sts_seal_keys keys = keys_of(1, 0);
	size_t len = sizeof known - 1;
	uint8_t bent[sizeof known];
	char mx[ROOM];
	struct sts_unseal u;

	for (size_t bit = 0; bit < len * 8; bit++) {
		memcpy(bent, known, len);
		bent[bit / 8] ^= (uint8_t)(1U << bit % 8);
		ck_assert_msg(open_it(&keys, domain, bent, len, 64, &u, mx) !=
				  STS_UNSEALED_OK,
		    "bit %u", (unsigned)bit);
	}
	for (size_t n = 0; n < len; n++) {
		ck_assert_msg(open_it(&keys, domain, known, n, 64, &u, mx) !=
				  STS_UNSEALED_OK,
		    "cut to %u", (unsigned)n);
	}
	memcpy(bent, known, len);
	bent[len] = 0;
	unit_int("one octet more",
	    open_it(&keys, domain, bent, len + 1, 64, &u, mx),
	    STS_UNSEALED_SYNTAX);
}
END_TEST

/* A record is valid for one domain and one fleet. */
START_TEST(a_record_is_for_one_domain_and_fleet)
{
	static const char *const others[] = { "example.net", "example.co",
		"example.comm", "xample.com", "m", "EXAMPLE.COM" };
	struct sts_seal_keys keys = keys_of(1, 0), strange = keys_of(1, 1);
	size_t len = sizeof known - 1;
	char mx[ROOM];
	struct sts_unseal u;

	for (size_t i = 0; i < UNIT_COUNT(others); i++) {
		unit_int(others[i],
		    open_it(&keys, others[i], known, len, 64, &u, mx),
		    STS_UNSEALED_MAC);
	}
	unit_int("another key",
	    open_it(&strange, domain, known, len, 64, &u, mx),
	    STS_UNSEALED_MAC);
	unit_int("no domain", open_it(&keys, "", known, len, 64, &u, mx),
	    STS_UNSEALED_SYNTAX);
}
END_TEST

/* While keys are rolled both are accepted, and the first one seals. */
START_TEST(both_keys_open_and_the_first_seals)
{
	struct sts_seal_keys both = keys_of(2, 0), fresh = keys_of(1, 100);
	struct sts_seal_keys turned = both, old = keys_of(1, 0);
	struct sts_seal_head head = { STS_MODE_NONE, 1, 1 };
	struct sts_text payload = unit_span("\x01"
					    "a");
	uint8_t made[ROOM];
	char mx[ROOM];
	struct sts_unseal u;
	size_t len = seal(&fresh, domain, &head, payload, made);

	unit_int("opened by the second key",
	    open_it(&both, domain, made, len, 9, &u, mx), STS_UNSEALED_OK);
	unit_int("opened by a key that is gone",
	    open_it(&old, domain, made, len, 9, &u, mx), STS_UNSEALED_MAC);
	memcpy(turned.key[0], both.key[1], STS_MAC_KEY);
	memcpy(turned.key[1], both.key[0], STS_MAC_KEY);
	unit_int("opened by the first key",
	    open_it(&turned, domain, made, len, 9, &u, mx), STS_UNSEALED_OK);
	len = seal(&turned, domain, &head, payload, made);
	unit_int("sealed with the first key",
	    open_it(&fresh, domain, made, len, 9, &u, mx), STS_UNSEALED_OK);
}
END_TEST

#define LABEL "a23456789012345678901234567890123456789012345678901234567890123"

/* Payloads sealed with the right key by an attacker who ignores the format, as
 * one who has taken over a gateway could. */
static const struct {
	const char *name;
	const char *payload; /* "<" is the length of the text up to ">" */
	uint8_t mode;
	uint32_t fetched_s, max_age_s;
	enum sts_unsealed want;
} sealed[] = {
	{ "good", "<a1><mx.example.com>", 2, 1, 1, STS_UNSEALED_OK },
	{ "testing", "<a1><mx.example.com>", 1, 1, 1, STS_UNSEALED_OK },
	{ "none without mx", "<a1>", 0, 1, 1, STS_UNSEALED_OK },
	{ "none with mx", "<a1><mx.example.com>", 0, 1, 1, STS_UNSEALED_OK },
	{ "wildcard", "<a1><*.example.com>", 2, 1, 1, STS_UNSEALED_OK },
	{ "wildcard of a top-level domain", "<a1><*.com>", 2, 1, 1,
	    STS_UNSEALED_OK },
	{ "longest life", "<a1><b.c>", 2, 1, 31557600, STS_UNSEALED_OK },
	{ "longest id", "<abcdefghijklmnopqrstuvwxyz012345><b.c>", 2, 1, 1,
	    STS_UNSEALED_OK },
	{ "longest label", "<a1><" LABEL ".c>", 2, 1, 1, STS_UNSEALED_OK },
	{ "mode 3", "<a1><b.c>", 3, 1, 1, STS_UNSEALED_SYNTAX },
	{ "life too long", "<a1><b.c>", 2, 1, 31557601, STS_UNSEALED_SYNTAX },
	{ "id too long", "<abcdefghijklmnopqrstuvwxyz0123456><b.c>", 2, 1, 1,
	    STS_UNSEALED_SYNTAX },
	{ "no id", "<><b.c>", 2, 1, 1, STS_UNSEALED_SYNTAX },
	{ "id of other characters", "<a-1><b.c>", 2, 1, 1,
	    STS_UNSEALED_SYNTAX },
	{ "enforce without mx", "<a1>", 2, 1, 1, STS_UNSEALED_SYNTAX },
	{ "testing without mx", "<a1>", 1, 1, 1, STS_UNSEALED_SYNTAX },
	{ "empty mx", "<a1><>", 2, 1, 1, STS_UNSEALED_SYNTAX },
	{ "single label", "<a1><hostname>", 2, 1, 1, STS_UNSEALED_SYNTAX },
	{ "everything", "<a1><*>", 2, 1, 1, STS_UNSEALED_SYNTAX },
	{ "upper case", "<a1><MX.example.com>", 2, 1, 1, STS_UNSEALED_SYNTAX },
	{ "colon", "<a1><mx.example.com:x>", 2, 1, 1, STS_UNSEALED_SYNTAX },
	{ "blank", "<a1><mx.example.com match=x>", 2, 1, 1,
	    STS_UNSEALED_SYNTAX },
	{ "asterisk inside", "<a1><mx.*.com>", 2, 1, 1, STS_UNSEALED_SYNTAX },
	{ "second one bad", "<a1><b.c><.d.e>", 2, 1, 1, STS_UNSEALED_SYNTAX },
	{ "address", "<a1><192.0.2.1>", 2, 1, 1, STS_UNSEALED_SYNTAX },
};

/* Write the payload that a case spells. Returns its length. */
static size_t
spell(const char *text, uint8_t *out)
{
	size_t n = 0, from = 0;

	for (; *text != '\0'; text++) {
		if (*text == '<') {
			from = n++;
		} else if (*text == '>') {
			out[from] = (uint8_t)(n - from - 1);
		} else {
			out[n++] = (uint8_t)*text;
		}
	}
	return n;
}

START_TEST(a_sealed_record_must_keep_to_the_format)
{
	struct sts_seal_keys keys = keys_of(1, 0);

	for (size_t i = 0; i < UNIT_COUNT(sealed); i++) {
		struct sts_seal_head head = { sealed[i].mode,
			sealed[i].fetched_s, sealed[i].max_age_s };
		uint8_t payload[ROOM], made[ROOM];
		char mx[ROOM];
		struct sts_unseal u;
		size_t n = spell(sealed[i].payload, payload);
		size_t len =
		    seal(&keys, domain, &head, sts_text(payload, n), made);

		for (size_t step = 1; step <= len; step += 5) {
			unit_int(sealed[i].name,
			    open_it(&keys, domain, made, len, step, &u, mx),
			    sealed[i].want);
		}
	}
}
END_TEST

/* The other fields of the header, each wrong under a correct code. */
START_TEST(a_wrong_header_is_refused_under_a_right_code)
{
	static const struct {
		const char *name;
		unsigned at;
		uint8_t octet;
	} bad[] = {
		{ "magic", 0, 'm' },
		{ "version", 2, '2' },
		{ "flags", 4, 1 },
		{ "fetched after 2106", 8, 1 },
		{ "fetched long after that", 5, 0x80 },
		{ "fetched never", 12, 0 },
		{ "no life", 16, 0 },
	};
	struct sts_seal_keys keys = keys_of(1, 0);

	for (size_t i = 0; i < UNIT_COUNT(bad); i++) {
		uint8_t made[64] = "MS1\x00\x00\x00\x00\x00\x00\x00\x00\x00"
				   "\x01\x00\x00\x00\x01\x01"
				   "a";
		const uint8_t len_octet = sizeof domain - 1;
		char mx[ROOM];
		struct sts_unseal u;
		struct sts_mac m;

		made[bad[i].at] = bad[i].octet;
		sts_mac_begin(&m, keys.key[0]);
		sts_mac_add(&m, sts_text(&len_octet, 1));
		sts_mac_add(&m, unit_span(domain));
		sts_mac_add(&m, sts_text(made, 19));
		sts_mac_end(&m, made + 19);
		unit_int(bad[i].name,
		    open_it(&keys, domain, made, 19 + STS_MAC_SIZE, 7, &u, mx),
		    STS_UNSEALED_SYNTAX);
	}
}
END_TEST

/* One pattern more than a policy may have, and lengths that no record has. */
START_TEST(records_beyond_the_limits_are_refused)
{
	static uint8_t payload[8 * STS_POLICY_MX_MAX], made[9 * ROOM];
	static char mx[9 * ROOM];
	struct sts_seal_keys keys = keys_of(1, 0);
	struct sts_seal_head head = { STS_MODE_ENFORCE, 1, 1 };
	uint8_t name[STS_NAME_MAX + 1];
	struct sts_unseal u;

	for (unsigned more = 0; more < 2; more++) {
		size_t n = spell("<a>", payload), len;

		for (unsigned i = 0; i < STS_POLICY_MX_MAX + more; i++) {
			n += spell("<b.c>", payload + n);
		}
		len = seal(&keys, domain, &head, sts_text(payload, n), made);
		unit_int("patterns",
		    open_it(&keys, domain, made, len, 1000, &u, mx),
		    more ? STS_UNSEALED_SYNTAX : STS_UNSEALED_OK);
	}
	sts_unseal_begin(&u, &keys, unit_span(domain), STS_SEAL_MAX);
	unit_int("failed at the largest size", sts_unseal_failed(&u), false);
	sts_unseal_begin(&u, &keys, unit_span(domain), STS_SEAL_MAX + 1);
	unit_int("failed over the largest size", sts_unseal_failed(&u), true);
	sts_unseal_begin(&u, &keys, unit_span(domain), STS_SEAL_MIN - 1);
	unit_int("failed below the smallest size", sts_unseal_failed(&u), true);
	memset(name, 'a', sizeof name);
	for (size_t n = STS_NAME_MAX; n <= sizeof name; n++) {
		sts_unseal_begin(&u, &keys, sts_text(name, n), STS_SEAL_MIN);
		unit_int("failed for a domain over the limit",
		    sts_unseal_failed(&u), n > STS_NAME_MAX);
	}
}
END_TEST

/* A record that ends before its announced length is invalid, wherever it
 * ends. */
START_TEST(a_record_cut_short_is_refused)
{
	struct sts_seal_keys keys = keys_of(1, 0);
	size_t len = sizeof known - 1;
	struct sts_unseal u;

	for (size_t n = 1; n <= len; n++) {
		sts_unseal_begin(&u, &keys, unit_span(domain), len);
		for (size_t used = 0; used < n;) {
			used += sts_unseal_feed(&u, known + used, n - used);
		}
		unit_int("verdict", sts_unseal_end(&u),
		    n < len ? STS_UNSEALED_SYNTAX : STS_UNSEALED_OK);
	}
}
END_TEST

void
unit_tests(TCase *tc)
{
	tcase_add_test(tc, a_record_sealed_elsewhere_is_read_and_made);
	tcase_add_test(tc, no_changed_bit_is_accepted);
	tcase_add_test(tc, a_record_is_for_one_domain_and_fleet);
	tcase_add_test(tc, both_keys_open_and_the_first_seals);
	tcase_add_test(tc, a_sealed_record_must_keep_to_the_format);
	tcase_add_test(tc, a_wrong_header_is_refused_under_a_right_code);
	tcase_add_test(tc, records_beyond_the_limits_are_refused);
	tcase_add_test(tc, a_record_cut_short_is_refused);
}
