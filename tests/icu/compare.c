/* SPDX-License-Identifier: MIT */
/*
 * Compares the agent's mapping of keys with ICU's, called as Postfix calls it
 * (midna_domain.c): compare [COUNT [SEED]].
 *
 * Where ICU has an answer that Postfix accepts, ours is the same, or "cannot
 * tell" in the cases announced below. Where ICU reports an error, ours is
 * "cannot tell". Names of ASCII alone are left out: Postfix does not ask ICU
 * for them.
 *
 * Compared are every code point, alone and between letters, each sequence that
 * NFC composes, and COUNT random names. Other spellings are made of each random
 * name that has an answer, which must give the same key; and its A-label beside
 * another label, whole and with an octet changed.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unicode/uchar.h>
#include <unicode/uidna.h>
#include <unicode/unorm2.h>
#include <unicode/ustring.h>

#include "../../core/grammar/domain.h"

enum {
	NAME_MAX = 40, /* code points of a name */
	ICU_SIZE = 1024, /* as in Postfix */
	BLOCK = 128,
	BLOCKS = 0x32000 / BLOCK,
	FAILURES_SHOWN = 20
};

struct name {
	size_t count;
	uint32_t at[NAME_MAX * 4];
};

static UIDNA *idna;
static const UNormalizer2 *nfd;
static uint64_t seed = 1;
static unsigned long compared, same, untold, failures;
static uint32_t blocks[BLOCKS];
static size_t blocks_count;

static uint32_t
draw(uint32_t below)
{
	seed ^= seed << 13;
	seed ^= seed >> 7;
	seed ^= seed << 17;
	return (uint32_t)(seed >> 20) % below;
}

static void
append(struct name *n, uint32_t c)
{
	if (n->count < sizeof n->at / sizeof *n->at) {
		n->at[n->count++] = c;
	}
}

static void
append_text(struct name *n, const char *ascii)
{
	while (*ascii != '\0') {
		append(n, (uint8_t)*ascii++);
	}
}

static size_t
utf8(uint8_t *out, const struct name *n)
{
	size_t len = 0;

	for (size_t i = 0; i < n->count; i++) {
		uint32_t c = n->at[i];

		if (c < 0x80) {
			out[len++] = (uint8_t)c;
			continue;
		}
		if (c < 0x800) {
			out[len++] = (uint8_t)(0xc0 | c >> 6);
		} else if (c < 0x10000) {
			out[len++] = (uint8_t)(0xe0 | c >> 12);
			out[len++] = (uint8_t)(0x80 | (c >> 6 & 0x3f));
		} else {
			out[len++] = (uint8_t)(0xf0 | c >> 18);
			out[len++] = (uint8_t)(0x80 | (c >> 12 & 0x3f));
			out[len++] = (uint8_t)(0x80 | (c >> 6 & 0x3f));
		}
		out[len++] = (uint8_t)(0x80 | (c & 0x3f));
	}
	return len;
}

/* What Postfix gets from ICU; 0: nothing that it would look up. A final dot is
 * allowed here; Postfix refuses that name afterwards. */
static size_t
ask_icu(char out[ICU_SIZE], const uint8_t *text, size_t len)
{
	UIDNAInfo info = UIDNA_INFO_INITIALIZER;
	UErrorCode error = U_ZERO_ERROR;
	int32_t n = uidna_nameToASCII_UTF8(idna, (const char *)text,
	    (int32_t)len, out, ICU_SIZE - 1, &info, &error);

	if (U_FAILURE(error) || info.errors != 0 || n <= 0) {
		return 0;
	}
	if (out[n - 1] == '.') {
		n--;
	}
	return sts_name_valid(sts_text((uint8_t *)out, (size_t)n)) &&
		       n <= STS_DOMAIN_MAX
		   ? (size_t)n
		   : 0;
}

/*
 * Where we answer "cannot tell" though ICU has an answer: characters that are
 * newer than our tables or were changed since, and a final label that
 * disappears, of which Postfix accepts nothing (valid_hostname).
 */
static bool
may_be_untold(const struct name *n)
{
	UVersionInfo ours = { 15, 0, 0, 0 }, age;

	for (size_t i = 0; i < n->count; i++) {
		u_charAge((UChar32)n->at[i], age);
		if (n->at[i] == 0x1e9e || memcmp(age, ours, 2) > 0) {
			return true;
		}
	}
	for (size_t i = n->count; i > 0; i--) {
		uint8_t text[ICU_SIZE];
		struct sts_key k;
		struct name last = { 2, { 'a', n->at[i - 1] } };

		if (n->at[i - 1] == '.') {
			return i < n->count;
		}
		if (sts_key_parse(&k, sts_text(text, utf8(text, &last))) !=
			STS_WHY_NONE ||
		    k.len > 1) {
			return false;
		}
	}
	return false;
}

static void
fail(const struct name *n, const char *icu, const char *ours)
{
	if (failures++ < FAILURES_SHOWN) {
		for (size_t i = 0; i < n->count; i++) {
			printf("%04X ", (unsigned)n->at[i]);
		}
		printf(": ICU %s, we %s\n", icu, ours);
	}
}

/* Compare. Returns true when ICU and we have the same answer, which is in
 * *k. */
static bool
compare(const struct name *n, struct sts_key *k)
{
	uint8_t text[4 * sizeof n->at / sizeof *n->at];
	char icu[ICU_SIZE];
	size_t len = utf8(text, n), icu_len = ask_icu(icu, text, len);
	enum sts_why why = sts_key_parse(k, sts_text(text, len));

	icu[icu_len] = '\0';
	compared++;
	if (why == STS_WHY_NONE && icu_len == k->len &&
	    memcmp(icu, k->domain, icu_len) == 0) {
		same++;
		return true;
	}
	if (why == STS_WHY_KEY_UNMAPPED && (icu_len == 0 || may_be_untold(n))) {
		untold++;
		return false;
	}
	if (why != STS_WHY_KEY_PARENT) {
		fail(n, icu_len == 0 ? "nothing" : icu,
		    why == STS_WHY_NONE ? (char *)k->domain
					: sts_why_token(why));
	}
	return false;
}

/* The character at *at in UTF-16. */
static uint32_t
next_point(const UChar *text, int32_t *at, int32_t len)
{
	uint32_t c = text[(*at)++];

	if (U16_IS_LEAD(c) && *at < len) {
		c = 0x10000 + ((c & 0x3ff) << 10 | (text[(*at)++] & 0x3ffU));
	}
	return c;
}

/* Another spelling of the domain of k. */
static void
respell(const struct sts_key *k, const struct name *n)
{
	uint8_t text[4 * sizeof n->at / sizeof *n->at];
	struct sts_key other;

	if (sts_key_parse(&other, sts_text(text, utf8(text, n))) !=
		STS_WHY_NONE ||
	    other.len != k->len ||
	    memcmp(other.domain, k->domain, k->len) != 0) {
		fail(n, (const char *)k->domain, "another spelling's key");
	}
}

static bool
is_ascii(const struct name *n)
{
	for (size_t i = 0; i < n->count; i++) {
		if (n->at[i] >= 0x80) {
			return false;
		}
	}
	return true;
}

/* Decomposed, full width for ASCII, with soft hyphens, wide dots. */
static void
respell_all(const struct name *n, const struct sts_key *k)
{
	static const uint32_t dots[] = { '.', 0x3002, 0xff0e, 0xff61 };
	static const uint32_t nothing[] = { 0xad, 0x200b, 0x2060, 0xfe0f,
		0xe0100, 0x34f };
	struct name other = { 0, { 0 } };

	for (size_t i = 0; i < n->count; i++) {
		uint32_t c = n->at[i];
		UChar apart[32];
		UErrorCode error = U_ZERO_ERROR;
		int32_t len =
		    unorm2_getDecomposition(nfd, (UChar32)c, apart, 32, &error);

		for (int32_t at = 0; at < len;) {
			uint32_t part = next_point(apart, &at, len);
			append(&other, part);
		}
		if (c == '.') {
			append(&other, dots[draw(4)]);
		} else if (len < 0 && c > 0x20 && c < 0x7f && draw(2) == 0) {
			append(&other, c + 0xfee0);
		} else if (len < 0) {
			append(&other, c);
		}
		if (draw(4) == 0 && i + 1 < n->count) {
			append(&other, nothing[draw(6)]);
		}
	}
	if (!is_ascii(&other)) {
		respell(k, &other);
	}
}

/* The A-labels of k beside another label, whole and with an octet changed. */
static void
compare_a_labels(const struct sts_key *k)
{
	static const char octets[] = "abcxyz0189-";
	struct name n = { 0, { 0 } };
	struct sts_key other;
	size_t at = draw((uint32_t)k->len);

	append_text(&n, (const char *)k->domain);
	append_text(&n, ".");
	append(&n, 0xfc);
	if (k->len + 8 < STS_DOMAIN_MAX && n.count < NAME_MAX * 4) {
		compare(&n, &other);
		n.at[at] = (uint8_t)octets[draw(sizeof octets - 1)];
		compare(&n, &other);
	}
}

/* ---- what is compared ---- */

static void
compare_code_points(void)
{
	struct sts_key k;

	for (uint32_t c = 0x80; c <= 0x10ffff; c++) {
		struct name alone = { 1, { c } };
		struct name between = { 3, { 'a', c, 'b' } };
		struct name first = { 3, { c, 'a', 0xfc } };

		if (c < 0xd800 || c > 0xdfff) {
			compare(&alone, &k);
			compare(&between, &k);
			compare(&first, &k);
		}
	}
}

/* Each canonical decomposition, unchanged, with a mark of a lower class and one
 * of the same class between, and after a letter. */
static void
compare_compositions(void)
{
	static const uint32_t between[] = { 0x0334, 0x0323, 0x0301, 0xad, 'x' };
	struct sts_key k;

	for (uint32_t c = 0x80; c <= 0x10ffff; c++) {
		UChar apart[8];
		UErrorCode error = U_ZERO_ERROR;
		uint32_t first, second;
		int32_t at = 0, len = unorm2_getRawDecomposition(
				    nfd, (UChar32)c, apart, 8, &error);

		if (len <= 0) {
			continue;
		}
		first = next_point(apart, &at, len);
		if (at == len) {
			continue;
		}
		second = next_point(apart, &at, len);
		for (size_t i = 0; i < sizeof between / sizeof *between; i++) {
			struct name n = { 4,
				{ 'a', first, between[i], second } };
			struct name m = { 3, { first, second, between[i] } };

			compare(&n, &k);
			compare(&m, &k);
		}
	}
}

/* Find blocks in which a code point has an answer, so that random names have
 * one. */
static void
find_blocks(void)
{
	for (uint32_t b = 1; b < BLOCKS; b++) {
		bool any = false;

		for (uint32_t c = b * BLOCK; !any && c < (b + 1) * BLOCK; c++) {
			struct name n = { 2, { 'a', c } };
			uint8_t text[16];
			struct sts_key k;

			any =
			    (c < 0xd800 || c > 0xdfff) &&
			    sts_key_parse(&k, sts_text(text, utf8(text, &n))) ==
				STS_WHY_NONE;
		}
		/* Otherwise nearly all would be ideographs and Hangul. */
		if (any &&
		    (b * BLOCK < 0x3400 || b * BLOCK > 0xd800 || b % 16 == 0) &&
		    (b * BLOCK < 0x17000 || b % 32 == 0 ||
			(b * BLOCK > 0x18d00 && b * BLOCK < 0x20000))) {
			blocks[blocks_count++] = b * BLOCK;
		}
	}
}

static void
random_name(struct name *n)
{
	uint32_t len = 1 + draw(NAME_MAX / 2);
	uint32_t block = blocks[draw((uint32_t)blocks_count)];

	n->count = 0;
	for (uint32_t i = 0; i < len; i++) {
		uint32_t kind = draw(16);

		if (kind < 4) {
			append(n, (uint8_t) "abcxnZ-09."[draw(10)]);
		} else if (kind < 7) {
			append(n, 0x300 + draw(0x50));
		} else if (kind < 8) {
			append(n, 0x1100 + draw(0x100));
		} else if (kind < 9) {
			block = blocks[draw((uint32_t)blocks_count)];
		} else if (block + BLOCK <= 0xd800 || block > 0xdfff) {
			append(n, block + draw(BLOCK));
		}
	}
}

static void
compare_random(unsigned long count)
{
	for (unsigned long i = 0; i < count;) {
		struct name n;
		struct sts_key k;

		random_name(&n);
		if (n.count == 0 || is_ascii(&n)) {
			continue;
		}
		i++;
		if (compare(&n, &k)) {
			respell_all(&n, &k);
			compare_a_labels(&k);
		}
	}
}

int
main(int argc, char **argv)
{
	unsigned long count = argc > 1 ? strtoul(argv[1], NULL, 10) : 1000000;
	UErrorCode error = U_ZERO_ERROR;

	seed = (argc > 2 ? strtoul(argv[2], NULL, 10) : 1) * 2654435761U + 1;
	idna = uidna_openUTS46(UIDNA_NONTRANSITIONAL_TO_ASCII, &error);
	nfd = unorm2_getNFDInstance(&error);
	if (U_FAILURE(error)) {
		printf("ICU: %s\n", u_errorName(error));
		return 1;
	}
	compare_code_points();
	compare_compositions();
	find_blocks();
	compare_random(count);
	printf("ICU %s, Unicode %s: %lu names, %lu of them the same, %lu not "
	       "told, %lu wrong\n",
	    U_ICU_VERSION, U_UNICODE_VERSION, compared, same, untold, failures);
	uidna_close(idna);
	/* At least a quarter of the random names must have an answer. */
	return failures > 0 || same < 300000 + count / 4;
}
