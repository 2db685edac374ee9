/* SPDX-License-Identifier: MIT */
/* core/client/socketmap: netstrings in a client's input. */
#include <string.h>

#include "../../core/client/socketmap.h"
#include "unit.h"

const char unit_name[] = "socketmap";

enum {
	SIZE = 64 /* of the client's buffer */
};

#define MORE STS_REQUEST_MORE
#define OK STS_REQUEST_OK
#define NO_NAME STS_REQUEST_NO_NAME
#define LONG STS_REQUEST_LONG
#define BAD STS_REQUEST_BAD

/* `decided` is the number of bytes after which the status is final; before it
 * the status is MORE. */
static const struct {
	const char *in;
	enum sts_request_status want;
	size_t decided;
	const char *name, *key; /* OK, NO_NAME */
	size_t total; /* OK, NO_NAME, LONG */
} cases[] = {
	{ "", MORE, 0, "", "", 0 },
	{ "13:QUERY a.examp,", OK, 17, "QUERY", "a.examp", 17 },
	{ "12:postfix a.b.,", OK, 16, "postfix", "a.b.", 16 },
	{ "12:postfix a.b,", MORE, 0, "", "", 0 },
	{ "11:postfix a.b,", OK, 15, "postfix", "a.b", 15 },
	{ "11:postfix a.b,11:postfix c.d,", OK, 15, "postfix", "a.b", 15 },
	{ "11:postfix a.b,junk", OK, 15, "postfix", "a.b", 15 },
	{ "11:postfix a.b;", BAD, 15, "", "", 0 },
	{ "11:postfix a.bc,", BAD, 15, "", "", 0 },
	{ "11:postfix a.b", MORE, 0, "", "", 0 },
	{ "11:", MORE, 0, "", "", 0 },
	{ "11", MORE, 0, "", "", 0 },
	/* no space, no key, no name, several spaces */
	{ "0:,", NO_NAME, 3, "", "", 3 },
	{ "0:x", BAD, 3, "", "", 0 },
	{ "7:postfix,", NO_NAME, 10, "postfix", "", 10 },
	{ "8:postfix ,", OK, 11, "postfix", "", 11 },
	{ "4: a.b,", OK, 7, "", "a.b", 7 },
	{ "1: ,", OK, 4, "", "", 4 },
	{ "5:a b c,", OK, 8, "a", "b c", 8 },
	{ "4:a  b,", OK, 7, "a", " b", 7 },
	{ "6:a b,c,,", OK, 9, "a", "b,c,", 9 },
	{ "5:a 1:2,", OK, 8, "a", "1:2", 8 },
	/* LEN: digits only, no leading zeros */
	{ "00:,", BAD, 2, "", "", 0 },
	{ "01:a,", BAD, 2, "", "", 0 },
	{ "011:postfix a.b,", BAD, 2, "", "", 0 },
	{ ":,", BAD, 1, "", "", 0 },
	{ "-1:,", BAD, 1, "", "", 0 },
	{ "+5:a b c,", BAD, 1, "", "", 0 },
	{ " 5:a b c,", BAD, 1, "", "", 0 },
	{ "5 :a b c,", BAD, 2, "", "", 0 },
	{ "5x", BAD, 2, "", "", 0 },
	{ "0x5:a b c,", BAD, 2, "", "", 0 },
	/* other protocols on the port */
	{ "GET / HTTP/1.1\r\n", BAD, 1, "", "", 0 },
	{ "\x16\x03\x01\x02", BAD, 1, "", "", 0 },
	{ "\r\n", BAD, 1, "", "", 0 },
	{ "get a.b\n", BAD, 1, "", "", 0 },
	{ "220 mx.example ESMTP", BAD, 4, "", "", 0 },
	/* the buffer's limit: 60 octets, "60:" and "," are 64 */
	{ "60:", MORE, 0, "", "", 0 },
	{ "61:", LONG, 3, "", "", 65 },
	{ "61:postfix a", LONG, 3, "", "", 65 },
	{ "9999:", LONG, 5, "", "", 10005 },
	/* the skip limit */
	{ "10100:", LONG, 6, "", "", 10107 },
	{ "10101:", BAD, 5, "", "", 0 },
	{ "20000:", BAD, 5, "", "", 0 },
	{ "100000:", BAD, 6, "", "", 0 },
	{ "99999999999999999999:", BAD, 5, "", "", 0 },
};

/* Judge the first n bytes of a case, at the end of a page. */
static void
judge(size_t i, size_t n)
{
	struct sts_request r = { { NULL, 0 }, { NULL, 0 }, 4711 };
	uint8_t *p = unit_at_page_end(cases[i].in, n);
	enum sts_request_status got =
	    sts_request_parse(&r, sts_text(p, n), SIZE);
	bool known = cases[i].want != MORE && n >= cases[i].decided;

	unit_int(cases[i].in, got, known ? cases[i].want : MORE);
	unit_int(cases[i].in, (long long)r.total,
	    known && cases[i].want != BAD ? (long long)cases[i].total : 4711);
	if (got == OK || got == NO_NAME) {
		unit_text(cases[i].in, r.name, cases[i].name);
		unit_text(cases[i].in, r.key, cases[i].key);
		ck_assert(r.name.p >= p && r.key.p + r.key.n <= p + n);
	}
}

START_TEST(each_request_is_read_at_every_length)
{
	for (size_t i = 0; i < UNIT_COUNT(cases); i++) {
		for (size_t n = 0; n <= strlen(cases[i].in); n++) {
			judge(i, n);
		}
	}
}
END_TEST

/* Requests that fill the buffer exactly, or are one byte longer or shorter. */
START_TEST(a_request_may_fill_the_buffer)
{
	for (size_t len = STS_CLIENT_INPUT - 6; len < STS_CLIENT_INPUT; len++) {
		uint8_t in[2 * STS_CLIENT_INPUT];
		size_t head = sts_reply_head(in, len), total = head + len + 1;
		bool fits = total <= STS_CLIENT_INPUT;
		size_t n = fits ? total : STS_CLIENT_INPUT;
		struct sts_request r;

		memset(in + head, 'a', len);
		in[head + 3] = ' ';
		in[head + len] = ',';
		unit_int("status",
		    sts_request_parse(&r, sts_text(unit_at_page_end(in, n), n),
			STS_CLIENT_INPUT),
		    fits ? OK : LONG);
		unit_int("length of the request", (long long)r.total,
		    (long long)total);
		if (fits) {
			unit_int("length of the key", (long long)r.key.n,
			    (long long)len - 4);
		}
	}
}
END_TEST

/* The key may hold any octets, also those that no text has. */
START_TEST(a_key_may_hold_any_octets)
{
	uint8_t in[] = "5:a \0\xff\n,";
	struct sts_request r;

	unit_int("status",
	    sts_request_parse(&r, sts_text(in, 8), STS_CLIENT_INPUT), OK);
	ck_assert_uint_eq(r.key.n, 3);
	ck_assert_mem_eq(r.key.p, "\0\xff\n", 3);
}
END_TEST

static const struct {
	size_t len;
	const char *want;
} heads[] = {
	{ 0, "0:" },
	{ 9, "9:" },
	{ 10, "10:" },
	{ 100000, "100000:" },
};

START_TEST(a_reply_has_its_length_before_it)
{
	for (size_t i = 0; i < UNIT_COUNT(heads); i++) {
		uint8_t out[STS_REPLY_HEAD_MAX];

		unit_text(heads[i].want,
		    sts_text(out, sts_reply_head(out, heads[i].len)),
		    heads[i].want);
	}
}
END_TEST

void
unit_tests(TCase *tc)
{
	tcase_add_test(tc, each_request_is_read_at_every_length);
	tcase_add_test(tc, a_request_may_fill_the_buffer);
	tcase_add_test(tc, a_key_may_hold_any_octets);
	tcase_add_test(tc, a_reply_has_its_length_before_it);
}
