/* SPDX-License-Identifier: MIT */
/*
 * The socketmap request reader: netstrings.
 *
 * @link core/base/bytes.c
 */
#include "contracts.h"

#include "../../core/client/socketmap.c"

/*
 * @bound any data that a buffer can hold
 * @cut memchr memchr_contract
 */
void
prove_split(void)
{
	struct sts_request r;
	struct sts_text data = any_text(STS_CLIENT_INPUT);
	enum sts_request_status status = split(&r, data);

	PROVE(r.name.p == data.p && r.name.n <= data.n);
	PROVE(r.key.p + r.key.n == data.p + data.n);
	if (status == STS_REQUEST_OK) {
		PROVE(r.key.p == data.p + r.name.n + 1);
		PROVE(data.p[r.name.n] == ' ');
	} else {
		PROVE(status == STS_REQUEST_NO_NAME);
		PROVE(r.name.n == data.n && r.key.n == 0);
	}
}

/* The text that is still to be split. */
static struct sts_text whole;

enum sts_request_status
split_contract(struct sts_request *r, struct sts_text data)
{
	(void)r;
	whole = data;
	return nondet_bool() ? STS_REQUEST_OK : STS_REQUEST_NO_NAME;
}

/*
 * @bound a buffer of any size up to STS_CLIENT_INPUT octets, filled up to any
 * place
 * @cut split split_contract
 * @loop parse_head.0 7: a number over STS_CLIENT_SKIP_MAX (5 digits) is refused
 * at its sixth, and one that begins with 0 at its second
 */
void
prove_request_parse(void)
{
	struct sts_request r = { { NULL, 0 }, { NULL, 0 }, 0 };
	size_t size = nondet_u16();
	struct sts_text in = any_text(STS_CLIENT_INPUT);
	enum sts_request_status status;

	ASSUME(size >= STS_REQUEST_HEAD_MAX && size <= STS_CLIENT_INPUT);
	ASSUME(in.n <= size);
	status = sts_request_parse(&r, in, size);
	PROVE(status != STS_REQUEST_MORE || in.n < size);
	if (status == STS_REQUEST_OK || status == STS_REQUEST_NO_NAME) {
		PROVE(r.total >= 3 && r.total <= in.n);
		PROVE(in.p[r.total - 1] == ',');
		PROVE(whole.n <= r.total - 3);
		PROVE(whole.p == in.p + (r.total - 1 - whole.n));
	}
	if (status == STS_REQUEST_LONG) {
		PROVE(r.total > size);
		PROVE(r.total <= STS_CLIENT_SKIP_MAX + STS_REQUEST_HEAD_MAX);
	}
}

/* The number before the colon of a netstring, computed another way. */
static size_t
number_of(const uint8_t *head, size_t n)
{
	size_t v = 0;

	for (size_t i = 0; i < n; i++) {
		PROVE(sts_is_digit(head[i]));
		v = v * 10 + (head[i] - '0');
	}
	return v;
}

/*
 * @bound replies of up to STS_REPLY_MAX (6 digits)
 * @loop sts_put_decimal.0 2: digits beyond 32 bits
 * @loop sts_put_decimal.1 7: digits
 * @loop sts_put_decimal.2 7: digits
 * @loop sts_put_decimal.3 2: digits beyond 32 bits
 * @loop number_of.0 7: digits
 */
void
prove_reply_head(void)
{
	uint8_t out[STS_REPLY_HEAD_MAX];
	size_t len = nondet_size(), n;

	ASSUME(len <= STS_REPLY_MAX);
	n = sts_reply_head(out, len);
	PROVE(n >= 2 && n <= 7);
	PROVE(out[n - 1] == ':');
	PROVE(out[0] != '0' || n == 2);
	PROVE(number_of(out, n - 1) == len);
}
