/* SPDX-License-Identifier: MIT */
/*
 * The static daemon's vfprintf, in place of the C library's: everything that
 * musl prints goes through that one function, and two thirds of it are floating
 * point and wide characters, which nothing here prints. It knows
 *
 *	%[-0][WIDTH|*][.PRECISION|.*][h|l|ll|z](c|s|d|i|u|o|x|%)
 *
 * the precision for %s only, and ends the process at anything else: formats
 * are ours, and the tests print them all.
 */
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Octets handed to the stream at once. */
#define CHUNK 256

/* 2^64 - 1 has 22 octal digits. */
#define DIGITS 22

struct out {
	FILE *stream;
	size_t n; /* waiting in `bytes` */
	size_t total;
	char bytes[CHUNK];
};

struct field {
	bool left, zero;
	size_t width;
	size_t precision; /* SIZE_MAX: none */
	unsigned longs; /* 0 int, 1 long (and size_t), 2 long long */
};

static void
flush(struct out *o)
{
	(void)fwrite(o->bytes, 1, o->n, o->stream);
	o->n = 0;
}

static void
put(struct out *o, char c)
{
	if (o->n == CHUNK) {
		flush(o);
	}
	o->bytes[o->n++] = c;
	o->total++;
}

static void
fill(struct out *o, char c, size_t n)
{
	for (; n > 0; n--) {
		put(o, c);
	}
}

/* s, after a sign if there is one, as wide as the field says. */
static void
put_field(struct out *o, const struct field *f, const char *sign, const char *s,
    size_t n)
{
	size_t used = n + strlen(sign);
	size_t pad = f->width > used ? f->width - used : 0;

	fill(o, ' ', f->left || f->zero ? 0 : pad);
	fill(o, *sign, strlen(sign));
	fill(o, '0', f->zero && !f->left ? pad : 0);
	for (size_t i = 0; i < n; i++) {
		put(o, s[i]);
	}
	fill(o, ' ', f->left ? pad : 0);
}

static void
put_number(struct out *o, const struct field *f, const char *sign,
    unsigned long long v, unsigned base)
{
	char digits[DIGITS];
	size_t at = DIGITS;

	do {
		digits[--at] = "0123456789abcdef"[v % base];
		v /= base;
	} while (v > 0);
	put_field(o, f, sign, digits + at, DIGITS - at);
}

static unsigned long long
get_unsigned(const struct field *f, va_list *args)
{
	if (f->longs == 0) {
		return va_arg(*args, unsigned);
	}
	return f->longs == 1 ? va_arg(*args, unsigned long)
			     : va_arg(*args, unsigned long long);
}

static void
put_signed(struct out *o, const struct field *f, va_list *args)
{
	long long v;

	if (f->longs == 0) {
		v = va_arg(*args, int);
	} else {
		v = f->longs == 1 ? va_arg(*args, long)
				  : va_arg(*args, long long);
	}
	put_number(o, f, v < 0 ? "-" : "",
	    v < 0 ? 0 - (unsigned long long)v : (unsigned long long)v, 10);
}

static void
put_string(struct out *o, const struct field *f, const char *s)
{
	const char *end = memchr(s, '\0', f->precision);

	put_field(o, f, "", s, end != NULL ? (size_t)(end - s) : f->precision);
}

static void
put_conversion(struct out *o, const struct field *f, char c, va_list *args)
{
	char one;

	switch (c) {
	case 'c':
		one = (char)va_arg(*args, int);
		put_field(o, f, "", &one, 1);
		break;
	case 's':
		put_string(o, f, va_arg(*args, const char *));
		break;
	case 'd':
	case 'i':
		put_signed(o, f, args);
		break;
	case 'u':
		put_number(o, f, "", get_unsigned(f, args), 10);
		break;
	case 'o':
		put_number(o, f, "", get_unsigned(f, args), 8);
		break;
	case 'x':
		put_number(o, f, "", get_unsigned(f, args), 16);
		break;
	case '%':
		put(o, '%');
		break;
	default:
		abort();
	}
}

/* A width or precision: digits, or the next argument. */
static const char *
get_count(const char *p, size_t *n, va_list *args)
{
	if (*p == '*') {
		*n = (size_t)va_arg(*args, int);
		return p + 1;
	}
	for (*n = 0; *p >= '0' && *p <= '9'; p++) {
		*n = *n * 10 + (size_t)(*p - '0');
	}
	return p;
}

/* What stands between the percent sign and the conversion's letter. */
static const char *
get_field(const char *p, struct field *f, va_list *args)
{
	memset(f, 0, sizeof *f);
	for (; *p == '-' || *p == '0'; p++) {
		f->left = f->left || *p == '-';
		f->zero = f->zero || *p == '0';
	}
	p = get_count(p, &f->width, args);
	f->precision = SIZE_MAX;
	if (*p == '.') {
		p = get_count(p + 1, &f->precision, args);
	}
	for (; *p == 'h' || *p == 'l' || *p == 'z'; p++) {
		f->longs += *p != 'h';
	}
	return p;
}

int
vfprintf(FILE *restrict stream, const char *restrict format, va_list given)
{
	struct out o;
	struct field f;
	va_list args;

	o.stream = stream;
	o.n = 0;
	o.total = 0;
	va_copy(args, given);
	for (const char *p = format; *p != '\0'; p++) {
		if (*p != '%') {
			put(&o, *p);
			continue;
		}
		p = get_field(p + 1, &f, &args);
		put_conversion(&o, &f, *p, &args);
	}
	va_end(args);
	flush(&o);
	return ferror(stream) ? -1 : (int)o.total;
}
