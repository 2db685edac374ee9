/* SPDX-License-Identifier: MIT */
/*
 * Fuzz look-up keys. An accepted key gives a valid lower-case name that leaves
 * room for "_mta-sts.", gives itself when asked for again, and does not depend
 * on the case of ASCII, a final dot, brackets or a port. A name mapped by UTS
 * #46 maps to itself. A key that is not all ASCII is never reported to be no
 * domain.
 */
#include <stdlib.h>
#include <string.h>

#include "../../core/grammar/domain.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define CHECK(x) ((x) ? (void)0 : abort())

enum {
	TEXT_SIZE = 1 << 20
};

/* Parse before + text + after, which must give the domain of k. */
static void
same_domain(const struct sts_key *k, const char *before, struct sts_text text,
    const char *after, unsigned port)
{
	static uint8_t key[TEXT_SIZE + 64];
	size_t b = strlen(before), a = strlen(after);
	struct sts_key other;

	memcpy(key, before, b);
	memcpy(key + b, text.p, text.n);
	memcpy(key + b + text.n, after, a);
	CHECK(sts_key_parse(&other, sts_text(key, b + text.n + a)) ==
	      STS_WHY_NONE);
	CHECK(other.len == k->len);
	CHECK(memcmp(other.domain, k->domain, k->len + 1U) == 0);
	CHECK(other.port == port);
	CHECK(other.bracketed == (b > 0));
}

static bool
is_ascii(struct sts_text text)
{
	for (size_t i = 0; i < text.n; i++) {
		if (text.p[i] >= 0x80) {
			return false;
		}
	}
	return true;
}

static void
check(const struct sts_key *k, struct sts_text text)
{
	static uint8_t upper[TEXT_SIZE];
	struct sts_text domain = sts_text(k->domain, k->len);
	struct sts_key other;

	CHECK(k->len >= 1 && k->len <= STS_DOMAIN_MAX);
	CHECK(k->domain[k->len] == '\0');
	CHECK(sts_name_valid(domain));
	for (size_t i = 0; i < domain.n; i++) {
		CHECK(domain.p[i] == sts_lower(domain.p[i]));
	}
	same_domain(k, "", domain, "", 0);
	same_domain(k, "", domain, ".:submission", 587);
	same_domain(k, "[", domain, ".]", 0);
	same_domain(k, "[", domain, "]:65535", 65535);
	if (!is_ascii(text)) {
		/* The final ideographic full stop has the whole name mapped. */
		same_domain(k, "", domain, "\xe3\x80\x82", 0);
	}

	for (size_t i = 0; i < text.n; i++) {
		bool small = text.p[i] >= 'a' && text.p[i] <= 'z';

		upper[i] = (uint8_t)(text.p[i] - (small ? 'a' - 'A' : 0));
	}
	CHECK(sts_key_parse(&other, sts_text(upper, text.n)) == STS_WHY_NONE);
	CHECK(other.len == k->len && other.port == k->port &&
	      other.bracketed == k->bracketed);
	CHECK(memcmp(other.domain, k->domain, k->len) == 0);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct sts_key k;
	struct sts_text text = sts_text(data, size);
	enum sts_why why;

	if (size > TEXT_SIZE) {
		return 0;
	}
	why = sts_key_parse(&k, text);
	CHECK(why == STS_WHY_NONE ||
	      (why >= STS_WHY_KEY_EMPTY && why <= STS_WHY_KEY_UNMAPPED));
	CHECK(why != STS_WHY_KEY_INVALID || is_ascii(text));
	CHECK(why != STS_WHY_KEY_UNMAPPED || !is_ascii(text));
	CHECK((why == STS_WHY_KEY_EMPTY) == (size == 0));
	CHECK((why == STS_WHY_KEY_PARENT) == (size > 0 && data[0] == '.'));
	if (why == STS_WHY_NONE) {
		check(&k, text);
	}
	return 0;
}
