/* SPDX-License-Identifier: MIT */
/*
 * Punycode, encoder and decoder, named as in RFC 3492; no state outlives a
 * call.
 *
 * Invariants: labels have at most 63 octets, so that at most 63 characters
 * are ever written, and the loops over them are bounded. The encoder's sums
 * cannot overflow for what it is given; the decoder checks each step, as the
 * attacker writes its digits: a label whose numbers grow too large is refused
 * and not wrapped into another name.
 */
#include "../base/assert.h"
#include "punycode.h"

/* RFC 3492 section 5. */
enum {
	BASE = 36,
	TMIN = 1,
	TMAX = 26,
	SKEW = 38,
	DAMP = 700,
	INITIAL_BIAS = 72,
	INITIAL_N = 0x80,
	POINT_MAX = 0x10ffff
};

static const uint8_t prefix[4] = { 'x', 'n', '-', '-' };

/* The threshold of the digit at k, for the present bias. */
static uint32_t
threshold(uint32_t k, uint32_t bias)
{
	if (k <= bias + TMIN) {
		return TMIN;
	}
	return k - bias < TMAX ? k - bias : TMAX;
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

/* ---- encoding (6.3) ---- */

struct encoder {
	const uint32_t *at; /* the characters */
	size_t count;
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
put_basic(struct encoder *e)
{
	for (size_t i = 0; i < sizeof prefix; i++) {
		put(e, prefix[i]);
	}
	for (size_t i = 0; i < e->count; i++) {
		if (e->at[i] < INITIAL_N) {
			put(e, e->at[i]);
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
	uint32_t q = e->delta, k = BASE, t;

	/* A tenth of q, or less, is left each time. */
	while (q >= (t = threshold(k, e->bias))) {
		put_digit(e, t + (q - t) % (BASE - t));
		q = (q - t) / (BASE - t);
		k += BASE;
	}
	put_digit(e, q);
}

/* The smallest character that is not below n. */
static uint32_t
next_point(const struct encoder *e)
{
	uint32_t least = UINT32_MAX;

	for (size_t i = 0; i < e->count; i++) {
		if (e->at[i] >= e->n && e->at[i] < least) {
			least = e->at[i];
		}
	}
	return least;
}

/* Insert every occurrence of the character n. */
static void
put_point(struct encoder *e)
{
	for (size_t i = 0; i < e->count; i++) {
		if (e->at[i] < e->n) {
			e->delta++;
		} else if (e->at[i] == e->n) {
			put_delta(e);
			e->bias =
			    adapt(e->delta, e->done + 1, e->done == e->basic);
			e->delta = 0;
			e->done++;
		}
	}
}

/* 63 characters up to U+3FFFF: delta stays below 2^24, nothing overflows. */
size_t
sts_punycode_encode(
    uint8_t out[STS_LABEL_MAX], const uint32_t *at, size_t count)
{
	struct encoder e = { at, count, out, 0, 0, 0, INITIAL_N, 0,
		INITIAL_BIAS };

	STS_ASSERT(count > 0);
	STS_ASSERT(count <= STS_LABEL_MAX);
	put_basic(&e);
	while (e.done < count) {
		uint32_t next = next_point(&e);

		STS_ASSERT(next <= 0x3ffff);
		e.delta += (next - e.n) * (uint32_t)(e.done + 1);
		e.n = next;
		put_point(&e);
		e.delta++;
		e.n++;
	}
	return e.len <= STS_LABEL_MAX ? e.len : 0;
}

/* ---- decoding (6.2) ---- */

/* BASE: it is no digit. */
static uint32_t
digit_of(uint8_t c)
{
	if (c >= 'a' && c <= 'z') {
		return (uint32_t)c - 'a';
	}
	return sts_is_digit(c) ? (uint32_t)c - '0' + 26 : BASE;
}

/*
 * Add a variable-length integer, which text begins with, to *i. The number of
 * octets it took; 0: there is none, or it is too large for any label.
 */
static size_t
take_delta(uint32_t *i, struct sts_text text, uint32_t bias)
{
	uint64_t w = 1; /* a digit of 1 or more has it at 32 bits, times BASE */
	uint32_t k = BASE;

	for (size_t n = 0; n < text.n; n++) {
		uint32_t digit = digit_of(text.p[n]), t = threshold(k, bias);
		uint64_t sum = *i + digit * w;

		if (digit == BASE || sum > UINT32_MAX) {
			return 0;
		}
		*i = (uint32_t)sum;
		if (digit < t) {
			return n + 1;
		}
		w *= BASE - t;
		k += BASE;
	}
	return 0;
}

/* Where the extended part begins: behind the last hyphen that has something
 * before it. */
static size_t
extended_part(struct sts_text text)
{
	size_t i = text.n;

	while (i > 1) {
		if (text.p[i - 1] == '-') {
			return i;
		}
		i--;
	}
	return 0;
}

static void
insert(uint32_t *at, size_t count, size_t i, uint32_t c)
{
	for (size_t k = count; k > i; k--) {
		at[k] = at[k - 1];
	}
	at[i] = c;
}

size_t
sts_punycode_decode(uint32_t at[STS_LABEL_MAX], struct sts_text text)
{
	size_t pos = extended_part(text), count = 0;
	uint32_t n = INITIAL_N, i = 0, bias = INITIAL_BIAS;

	STS_ASSERT(text.n <= STS_LABEL_MAX);
	for (; pos > 0 && count < pos - 1; count++) {
		at[count] = text.p[count];
	}
	/* Each character takes an octet or more, so that at has room. */
	while (pos < text.n) {
		uint32_t before = i;
		size_t took =
		    take_delta(&i, sts_text(text.p + pos, text.n - pos), bias);

		if (took == 0 || i / (count + 1) > POINT_MAX - n) {
			return 0;
		}
		pos += took;
		bias = adapt(i - before, count + 1, before == 0);
		n += i / (uint32_t)(count + 1);
		i %= (uint32_t)(count + 1);
		insert(at, count++, i++, n);
	}
	return count;
}
