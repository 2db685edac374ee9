/* SPDX-License-Identifier: MIT */
/*
 * U-labels into A-labels: UTF-8, case folding by ranges, Punycode (RFC 3492).
 *
 * One label at a time: its characters are decoded (struct label), folded to
 * small letters (folds[]), judged (refused[]) and encoded. Unicode's tables
 * would take many kilobytes, so the rule is: fold and accept where ranges say
 * exactly what the tables say, and refuse everything else. A refused label is
 * answered "not found", which is what a domain without a policy gets; a label
 * folded wrongly would be another domain, which somebody else may own.
 *
 * Bounds: a label has at most STS_LABEL_MAX characters, encoded or not, and no
 * character is above U+3FFFF, so the Punycode loops end and their sums stay far
 * below 32 bits.
 */
#include <string.h>

#include "../base/assert.h"
#include "../base/utf8.h"
#include "idna.h"

/* A label, character by character. */
struct label {
	size_t count;
	uint32_t at[STS_LABEL_MAX];
};

struct range {
	uint32_t first, last;
};

/*
 * What cannot be in a U-label (RFC 5892: DISALLOWED), or cannot be told
 * without tables. Sorted.
 */
static const struct range refused[] = {
	{ 0x0080, 0x00b6 }, /* C1 controls, symbols of Latin-1 */
	{ 0x00b8, 0x00bf }, { 0x00d7, 0x00d7 }, /* multiplication sign */
	{ 0x00f7, 0x00f7 }, /* division sign */
	{ 0x0130, 0x0130 }, /* folds to two characters */
	{ 0x0132, 0x0133 }, /* ligature ij */
	{ 0x013f, 0x0140 }, /* l with middle dot */
	{ 0x0149, 0x0149 }, /* n with apostrophe */
	{ 0x017f, 0x017f }, /* long s */
	{ 0x01c4, 0x01cc }, /* digraphs */
	{ 0x01f1, 0x01f3 },
	{ 0x02b0, 0x02b8 }, /* modifier letters that are compatibility forms */
	{ 0x02d8, 0x02dd }, /* spacing accents */
	{ 0x0300, 0x036f }, /* combining marks: would compose */
	{ 0x037a, 0x037a }, /* Greek signs and symbols */
	{ 0x037e, 0x037e }, { 0x0384, 0x0385 }, { 0x0387, 0x0387 },
	{ 0x03d0, 0x03d6 }, { 0x03f0, 0x03f6 },
	{ 0x0482, 0x0489 }, /* Cyrillic thousands sign, combining marks */
	{ 0x0587, 0x0587 }, /* Armenian ligature */
	{ 0x1100, 0x11ff }, /* conjoining Jamo: would compose */
	{ 0x1e9a, 0x1e9b }, { 0x1e9e, 0x1e9e }, /* capital sharp s */
	{ 0x1f00, 0x1fff }, /* polytonic Greek: irregular case */
	{ 0x2000, 0x2bff }, /* punctuation, joiners, symbols */
	{ 0x2e00, 0x2e7f }, /* more punctuation */
	{ 0x3000, 0x3004 }, /* CJK punctuation */
	{ 0x3008, 0x3029 }, { 0x3130, 0x318f }, /* compatibility Jamo */
	{ 0x3200, 0x33ff }, /* enclosed and squared */
	{ 0xd800, 0xffff }, /* surrogates, private use, compatibility forms */
	{ 0x1d000, 0x1d7ff }, /* musical and mathematical symbols */
	{ 0x1f000, 0x1fbff }, /* pictographs */
	{ 0x2f800, 0x2fa1f }, /* compatibility ideographs */
	{ 0x40000, 0x10ffff }, /* no letters beyond plane 3 */
};

/*
 * Capitals, each `step` from the one before, and how far away their small
 * letters are. In alphabets that alternate the step is 2 and the small letter
 * the next character. Sorted.
 */
static const struct {
	struct range capitals;
	uint8_t step;
	int16_t away;
} folds[] = {
	{ { 'A', 'Z' }, 1, 32 },
	{ { 0x00c0, 0x00d6 }, 1, 32 }, /* Latin-1 */
	{ { 0x00d8, 0x00de }, 1, 32 },
	{ { 0x0100, 0x0136 }, 2, 1 }, /* Latin Extended-A */
	{ { 0x0139, 0x0147 }, 2, 1 },
	{ { 0x014a, 0x0176 }, 2, 1 },
	{ { 0x0178, 0x0178 }, 1, -121 },
	{ { 0x0179, 0x017d }, 2, 1 },
	{ { 0x01cd, 0x01db }, 2, 1 }, /* Latin Extended-B where regular */
	{ { 0x01de, 0x01ee }, 2, 1 },
	{ { 0x01f8, 0x021e }, 2, 1 },
	{ { 0x0222, 0x0232 }, 2, 1 },
	{ { 0x0386, 0x0386 }, 1, 38 }, /* Greek */
	{ { 0x0388, 0x038a }, 1, 37 },
	{ { 0x038c, 0x038c }, 1, 64 },
	{ { 0x038e, 0x038f }, 1, 63 },
	{ { 0x0391, 0x03a1 }, 1, 32 },
	{ { 0x03a3, 0x03ab }, 1, 32 },
	{ { 0x03d8, 0x03ee }, 2, 1 },
	{ { 0x0400, 0x040f }, 1, 80 }, /* Cyrillic */
	{ { 0x0410, 0x042f }, 1, 32 },
	{ { 0x0460, 0x0480 }, 2, 1 },
	{ { 0x048a, 0x04be }, 2, 1 },
	{ { 0x04c0, 0x04c0 }, 1, 15 },
	{ { 0x04c1, 0x04cd }, 2, 1 },
	{ { 0x04d0, 0x052e }, 2, 1 },
	{ { 0x0531, 0x0556 }, 1, 48 }, /* Armenian */
	{ { 0x1e00, 0x1e94 }, 2, 1 }, /* Latin Extended Additional */
	{ { 0x1ea0, 0x1efe }, 2, 1 },
};

/* RFC 3492 section 5. */
enum {
	BASE = 36,
	TMIN = 1,
	TMAX = 26,
	SKEW = 38,
	DAMP = 700,
	INITIAL_BIAS = 72,
	INITIAL_N = 0x80
};

static const uint8_t prefix[4] = { 'x', 'n', '-', '-' };

static bool
within(struct range r, uint32_t c)
{
	return c >= r.first && c <= r.last;
}

static bool
is_refused(uint32_t c)
{
	for (size_t i = 0; i < sizeof refused / sizeof *refused; i++) {
		if (within(refused[i], c)) {
			return true;
		}
	}
	return c < 0x80 && !sts_is_alnum((uint8_t)c) && c != '-';
}

static uint32_t
fold(uint32_t c)
{
	for (size_t i = 0; i < sizeof folds / sizeof *folds; i++) {
		if (within(folds[i].capitals, c) &&
		    (c - folds[i].capitals.first) % folds[i].step == 0) {
			return (uint32_t)((int32_t)c + folds[i].away);
		}
	}
	return c;
}

/* Take UTF-8 apart and fold it. False: no UTF-8, refused, or too long. */
static bool
decode(struct label *label, struct sts_text text)
{
	struct sts_utf8 u = { 0, 0, 0, 0 };

	label->count = 0;
	for (size_t i = 0; i < text.n; i++) {
		if (!sts_utf8_byte(&u, text.p[i])) {
			return false;
		}
		if (u.left > 0) {
			continue;
		}
		if (label->count == STS_LABEL_MAX || is_refused(u.point)) {
			return false;
		}
		label->at[label->count++] = fold(u.point);
	}
	return u.left == 0 && label->count > 0;
}

/* RFC 5891 4.2.3.1: no hyphen at either end, nor in places 3 and 4. */
static bool
hyphens_right(const struct label *label)
{
	const uint32_t *at = label->at;

	return at[0] != '-' && at[label->count - 1] != '-' &&
	       !(label->count >= 4 && at[2] == '-' && at[3] == '-');
}

/* The state of Punycode's encoder (RFC 3492 6.3), named as there. */
struct encoder {
	uint8_t *out;
	size_t len; /* goes on counting when out is full */
	size_t basic, done; /* characters of ASCII, and handled in all */
	uint32_t n, delta, bias;
};

static void
put(struct encoder *e, uint32_t c)
{
	STS_ASSERT(c < 0x80);
	if (e->len < STS_LABEL_MAX) {
		e->out[e->len] = (uint8_t)c;
	}
	e->len++;
}

static void
put_basic(struct encoder *e, const struct label *label)
{
	for (size_t i = 0; i < sizeof prefix; i++) {
		put(e, prefix[i]);
	}
	for (size_t i = 0; i < label->count; i++) {
		if (label->at[i] < INITIAL_N) {
			put(e, label->at[i]);
			e->basic++;
		}
	}
	if (e->basic > 0) {
		put(e, '-');
	}
	e->done = e->basic;
}

static void
put_digit(struct encoder *e, uint32_t digit)
{
	STS_ASSERT(digit < BASE);
	put(e, digit < 26 ? 'a' + digit : '0' + digit - 26);
}

/* A delta as a variable-length integer. */
static void
put_delta(struct encoder *e)
{
	uint32_t q = e->delta;

	for (uint32_t k = BASE; k <= BASE * 8; k += BASE) {
		uint32_t t = k <= e->bias + TMIN ? TMIN : k - e->bias;

		if (t > TMAX) {
			t = TMAX;
		}
		if (q < t) {
			break;
		}
		put_digit(e, t + (q - t) % (BASE - t));
		q = (q - t) / (BASE - t);
	}
	put_digit(e, q);
}

static uint32_t
adapt(uint32_t delta, size_t points, bool first)
{
	uint32_t k = 0;

	delta = first ? delta / DAMP : delta / 2;
	delta += delta / (uint32_t)points;
	while (delta > (BASE - TMIN) * TMAX / 2) {
		delta /= BASE - TMIN;
		k += BASE;
	}
	return k + (BASE - TMIN + 1) * delta / (delta + SKEW);
}

/* The smallest character of the label that is not below n. */
static uint32_t
next_point(const struct label *label, uint32_t n)
{
	uint32_t least = UINT32_MAX;

	for (size_t i = 0; i < label->count; i++) {
		if (label->at[i] >= n && label->at[i] < least) {
			least = label->at[i];
		}
	}
	return least;
}

/* Insert every occurrence of the character n. */
static void
put_point(struct encoder *e, const struct label *label)
{
	for (size_t i = 0; i < label->count; i++) {
		if (label->at[i] < e->n) {
			e->delta++;
		} else if (label->at[i] == e->n) {
			put_delta(e);
			e->bias =
			    adapt(e->delta, e->done + 1, e->done == e->basic);
			e->delta = 0;
			e->done++;
		}
	}
}

/* 63 characters up to U+3FFFF: delta stays below 2^24, nothing overflows. */
static size_t
encode(uint8_t out[STS_LABEL_MAX], const struct label *label)
{
	struct encoder e = { out, 0, 0, 0, INITIAL_N, 0, INITIAL_BIAS };

	put_basic(&e, label);
	while (e.done < label->count) {
		uint32_t next = next_point(label, e.n);

		e.delta += (next - e.n) * (uint32_t)(e.done + 1);
		e.n = next;
		put_point(&e, label);
		e.delta++;
		e.n++;
	}
	return e.len <= STS_LABEL_MAX ? e.len : 0;
}

static bool
is_ascii(struct sts_text t)
{
	for (size_t i = 0; i < t.n; i++) {
		if (t.p[i] >= 0x80) {
			return false;
		}
	}
	return true;
}

static size_t
ascii_label(uint8_t out[STS_LABEL_MAX], struct sts_text label)
{
	if (label.n > STS_LABEL_MAX) {
		return 0;
	}
	for (size_t i = 0; i < label.n; i++) {
		if (!sts_is_alnum(label.p[i]) && label.p[i] != '-') {
			return 0;
		}
		out[i] = sts_lower(label.p[i]);
	}
	return label.n;
}

size_t
sts_idna_dot(struct sts_text t)
{
	static const uint8_t wide[][3] = {
		{ 0xe3, 0x80, 0x82 }, /* U+3002 ideographic full stop */
		{ 0xef, 0xbc, 0x8e }, /* U+FF0E fullwidth full stop */
		{ 0xef, 0xbd, 0xa1 }, /* U+FF61 halfwidth full stop */
	};

	if (t.n > 0 && t.p[0] == '.') {
		return 1;
	}
	for (size_t i = 0; i < sizeof wide / sizeof *wide; i++) {
		if (t.n >= 3 && memcmp(t.p, wide[i], 3) == 0) {
			return 3;
		}
	}
	return 0;
}

size_t
sts_idna_label(uint8_t out[STS_LABEL_MAX], struct sts_text label)
{
	struct label points;

	if (is_ascii(label)) {
		return ascii_label(out, label);
	}
	if (!decode(&points, label) || !hyphens_right(&points)) {
		return 0;
	}
	return encode(out, &points);
}
