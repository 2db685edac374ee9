/* SPDX-License-Identifier: MIT */
/*
 * Bytes: spans, byte order, ASCII classes. Byte order goes through these
 * functions only; nothing casts a struct over bytes. ASCII is classified here
 * because <ctype.h> follows the locale.
 */
#ifndef STS_BYTES_H
#define STS_BYTES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* `n` writable bytes at `p`; p may be NULL when n is 0. */
struct sts_span {
	uint8_t *p;
	size_t n;
};

/* `n` readable bytes at `p`; p may be NULL when n is 0. */
struct sts_text {
	const uint8_t *p;
	size_t n;
};

/* A span of these bytes, which stay the caller's. */
static inline struct sts_span
sts_span(uint8_t *p, size_t n)
{
	struct sts_span s = { p, n };

	return s;
}

/* The same for bytes that are only read. */
static inline struct sts_text
sts_text(const uint8_t *p, size_t n)
{
	struct sts_text t = { p, n };

	return t;
}

/* A number of two or four bytes at p, and back: big-endian, as networks and TLS
 * have it. */
static inline uint16_t
sts_get16be(const uint8_t *p)
{
	return (uint16_t)((unsigned)p[0] << 8 | p[1]);
}

static inline uint32_t
sts_get32be(const uint8_t *p)
{
	return (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 |
	       (uint32_t)p[2] << 8 | p[3];
}

static inline void
sts_put16be(uint8_t *p, uint16_t v)
{
	p[0] = (uint8_t)(v >> 8);
	p[1] = (uint8_t)v;
}

static inline void
sts_put32be(uint8_t *p, uint32_t v)
{
	sts_put16be(p, (uint16_t)(v >> 16));
	sts_put16be(p + 2, (uint16_t)v);
}

/* The same little-endian, as the cache and the journal have it. */
static inline uint16_t
sts_get16le(const uint8_t *p)
{
	return (uint16_t)((unsigned)p[1] << 8 | p[0]);
}

static inline uint32_t
sts_get32le(const uint8_t *p)
{
	return (uint32_t)p[3] << 24 | (uint32_t)p[2] << 16 |
	       (uint32_t)p[1] << 8 | p[0];
}

static inline void
sts_put16le(uint8_t *p, uint16_t v)
{
	p[0] = (uint8_t)v;
	p[1] = (uint8_t)(v >> 8);
}

static inline void
sts_put32le(uint8_t *p, uint32_t v)
{
	sts_put16le(p, (uint16_t)v);
	sts_put16le(p + 2, (uint16_t)(v >> 16));
}

/* Classes of ASCII; bytes from 0x80 on are in none. */
static inline bool
sts_is_digit(uint8_t c)
{
	return c >= '0' && c <= '9';
}

static inline bool
sts_is_alpha(uint8_t c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

static inline bool
sts_is_alnum(uint8_t c)
{
	return sts_is_alpha(c) || sts_is_digit(c);
}

/* An ASCII letter in lower case; any other byte as it is. */
static inline uint8_t
sts_lower(uint8_t c)
{
	return (uint8_t)(c >= 'A' && c <= 'Z' ? c + ('a' - 'A') : c);
}

/* Whether a and b hold the same bytes, ASCII letters compared without case. */
bool sts_same_nocase(struct sts_text a, struct sts_text b);

/* Whether a and b hold the same bytes. */
bool sts_text_same(struct sts_text a, struct sts_text b);

/* Whether a holds exactly the characters of the NUL-ended string s. */
bool sts_text_is(struct sts_text a, const char *s);

/*
 * Write v in decimal to out (room for 20 digits), no NUL. Returns the number
 * of digits. Core has no stdio.
 */
size_t sts_put_decimal(uint8_t out[20], uint64_t v);

/*
 * Read 1 to `max` decimal digits that make up the whole of t into *v.
 * False, and *v unchanged: not a number, more digits, or over 64 bits.
 */
bool sts_get_decimal(struct sts_text t, unsigned max, uint64_t *v);

/* Overwrite secrets in a way the compiler keeps. */
void sts_wipe(void *p, size_t n);

#endif
