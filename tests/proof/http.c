/* SPDX-License-Identifier: MIT */
/*
 * The HTTP response reader: chunk sizes, field lines and everything else, one
 * byte in any state that it can be in.
 *
 * @link core/base/bytes.c core/https/http_field.c
 */
#include "contracts.h"

#include "../../core/https/http.c"

/* The invariant of the fields, between two bytes. */
static bool
fields_hold(const struct sts_http_fields *f)
{
	return f->name_len <= STS_HTTP_NAME_MAX + 1 &&
	       f->value_len <= STS_HTTP_VALUE_MAX + 1;
}

/* A status code of so many digits, fewer than three, is below this. */
static unsigned
code_limit(unsigned digits)
{
	static const unsigned limits[] = { 1, 10, 100, 1000 };

	return limits[digits];
}

/* The invariant inside a field. */
static bool
name_holds(const struct sts_http *h)
{
	const struct sts_http_fields *f = &h->fields;

	if (h->state == STATE_NAME && fields_matter(h) && f->value_len > 0) {
		return false;
	}
	/* A name, a value and a fold belong to a field. */
	return h->in_field ||
	       (h->state != STATE_NAME && h->state != STATE_VALUE &&
		   h->state != STATE_VALUE_LF && h->state != STATE_FOLD);
}

/* The invariant between two bytes. */
static bool
http_holds(const struct sts_http *h)
{
	bool content = h->state >= STATE_LENGTH && h->state <= STATE_CLOSE;
	bool chunks = h->state >= STATE_SIZE_BLANK && h->state <= STATE_SIZE_LF;

	return h->state <= STATE_FAILED && fields_hold(&h->fields) &&
	       (h->state == STATE_FAILED) == (h->why != STS_WHY_NONE) &&
	       h->overhead <= STS_HTTP_HEADER_MAX &&
	       h->taken <= STS_HTTP_BODY_MAX &&
	       (!(content || chunks) ||
		   h->left <= STS_HTTP_BODY_MAX - h->taken) &&
	       (!content || h->left > 0) &&
	       (h->state >= STATE_SIZE_BLANK || h->in_trailer ||
		   h->taken == 0) &&
	       (h->state != STATE_VERSION || (h->at <= 8 && h->digits == 0)) &&
	       (h->state != STATE_CODE ||
		   (h->at <= CODE_DIGITS && h->digits < code_limit(h->at))) &&
	       (h->state <= STATE_CODE || h->digits <= 999) &&
	       (h->state != STATE_SIZE || h->at <= SIZE_DIGITS) &&
	       name_holds(h);
}

/* The verdict on one field, which http_field.c proves. */
enum sts_why
field_end_contract(struct sts_http_fields *f)
{
	struct sts_http_fields now;

	PROVE(fields_hold(f));
	ASSUME(fields_hold(&now));
	*f = now;
	return nondet_bool() ? STS_WHY_NONE : STS_WHY_HTTP_TYPE;
}

/* @bound the initial state */
void
prove_http_start(void)
{
	struct sts_http h;

	sts_http_start(&h);
	PROVE(http_holds(&h));
	PROVE(sts_http_status(&h) == STS_HTTP_MORE);
}

/*
 * @bound any two bytes in any state, so responses of any length: a feed carries
 * nothing but that state from byte to byte
 * @cut sts_http_field_end field_end_contract
 * @cut memchr memchr_contract
 * @loop sts_http_feed.0 3: two bytes
 */
void
prove_http_feed(void)
{
	struct sts_http h, was;
	uint8_t bytes[2] = { nondet_u8(), nondet_u8() };
	size_t n = nondet_bool() ? 1 : 2, used;
	struct sts_text body;

	ASSUME(http_holds(&h));
	was = h;
	used = sts_http_feed(&h, bytes, n, &body);
	PROVE(http_holds(&h));
	PROVE(used <= n);
	PROVE(used > 0 || sts_http_status(&was) != STS_HTTP_MORE);
	PROVE(used == 0 || sts_http_status(&was) == STS_HTTP_MORE);
	PROVE(body.n <= used && body.p + body.n == bytes + used);
	PROVE(h.taken == was.taken + body.n);
	PROVE(used == n || sts_http_status(&h) != STS_HTTP_MORE || body.n > 0);
}

/*
 * @bound content of any length in any state that takes content
 */
void
prove_http_content(void)
{
	struct sts_http h, was;
	size_t n = nondet_size(), take;

	ASSUME(http_holds(&h));
	ASSUME(h.state >= STATE_LENGTH && h.state <= STATE_CLOSE);
	ASSUME(n >= 1);
	was = h;
	take = take_content(&h, n);
	PROVE(http_holds(&h));
	PROVE(take >= 1 && take <= n && take <= was.left);
	PROVE(h.taken == was.taken + take);
}

/*
 * @bound any state
 */
void
prove_http_closed(void)
{
	struct sts_http h, was;
	bool clean = nondet_bool();

	ASSUME(http_holds(&h));
	was = h;
	sts_http_closed(&h, clean);
	PROVE(http_holds(&h));
	PROVE(sts_http_status(&h) != STS_HTTP_MORE);
	/* Closing completes only a body that ends with the connection. */
	PROVE(sts_http_status(&h) != STS_HTTP_DONE || was.state == STATE_DONE ||
	      (clean && (was.state == STATE_CLOSE || was.state == STATE_FULL)));
}
