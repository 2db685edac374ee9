/* SPDX-License-Identifier: MIT */
/*
 * The header fields of a response that matter for a policy: media type, codings
 * and length (RFC 8461 3.3, RFC 9110 8, RFC 9112 6). core/https/http feeds the
 * names and values of all fields; others are ignored, whatever octets they
 * hold.
 *
 * Some readers skip blanks or controls in a name, or trip over them. So a name
 * is compared without octets that no name may hold (RFC 9110 5.6.2), and a
 * field that matters is refused if there was one: no other reader can have seen
 * another length or type than we do. The same holds for controls in its value.
 *
 *	for each field: sts_http_field_start(&f);
 *		for each byte of the name: sts_http_field_name(&f, b);
 *		for each byte after the colon: sts_http_field_value(&f, b);
 *		why = sts_http_field_end(&f);
 */
#ifndef STS_HTTP_FIELD_H
#define STS_HTTP_FIELD_H

#include "../base/bytes.h"
#include "../base/why.h"

enum {
	/* The longest name and value that matter; longer ones are of other
	 * fields, or wrong. A Content-Length may be a list, a type has
	 * parameters. */
	STS_HTTP_NAME_MAX = 17, /* "transfer-encoding" */
	STS_HTTP_VALUE_MAX = 64
};

/* Zeroed before the first field. */
struct sts_http_fields {
	bool has_type; /* text/plain, and no other */
	bool chunked; /* the one transfer coding */
	bool has_length;
	uint64_t length; /* valid when has_length */
	/* Private. */
	uint8_t name_len, value_len; /* ..._MAX + 1: too long */
	bool odd; /* octets that neither name nor value may hold */
	bool folded; /* a value of several lines */
	uint8_t name[STS_HTTP_NAME_MAX];
	uint8_t value[STS_HTTP_VALUE_MAX];
};

/* A field begins. */
void sts_http_field_start(struct sts_http_fields *f);

/* The next byte of its name, and of what follows the colon. */
void sts_http_field_name(struct sts_http_fields *f, uint8_t b);
void sts_http_field_value(struct sts_http_fields *f, uint8_t b);

/* The field's value goes on in another line: the fold counts as a space. */
void sts_http_field_fold(struct sts_http_fields *f);

/*
 * The field has ended: judge it. STS_WHY_NONE; http-malformed: it matters and
 * has odd octets, or is a length or transfer coding and folded; http-type: not
 * text/plain; http-coding: a content coding other than identity and "none", or
 * transfer codings other than chunked alone; http-length: not a number, or not
 * the same number each time.
 */
enum sts_why sts_http_field_end(struct sts_http_fields *f);

#endif
