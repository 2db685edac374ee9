/* SPDX-License-Identifier: MIT */
/*
 * The HTTP response reader: one pass, a step for each byte but content. The
 * attacker is the web server, or uses a proxy that reads the response in
 * another way than we do: what can be read in two ways is refused (http.h lists
 * what is accepted), and everything is bounded.
 */
#include <string.h>

#include "../base/assert.h"
#include "../grammar/grammar.h"
#include "http.h"

/*
 * A status line, fields, then one of three kinds of content:
 *
 *	VERSION -> CODE -> REASON -> REASON_LF -> LINE
 *	LINE -> NAME -> VALUE -> VALUE_LF -> LINE    a field
 *	LINE -> VALUE; VALUE -> FOLD -> VALUE        one that goes on
 *	LINE -> HEADER_LF -> VERSION                 after an interim response
 *	                  -> LENGTH -> DONE          Content-Length
 *	                  -> CLOSE -> FULL; DONE     neither: until closed
 *	                  -> SIZE                    chunked
 *	SIZE -> SIZE_BLANK -> EXTENSION -> SIZE_LF -> CHUNK
 *	     -> CHUNK_CR -> CHUNK_LF -> SIZE         a chunk
 *	SIZE_LF -> LINE ... HEADER_LF -> DONE        the last one, its trailer
 *
 * A field is judged when the line behind it does not go on with it, so in LINE;
 * `in_field` is true if there is one.
 *
 * The order of the states matters: bytes in states up to EXTENSION are
 * overhead, bounded together; LENGTH, CHUNK and CLOSE take content, and left >
 * 0 in them. FULL is a body at its limit, behind which only the close may come.
 */
enum state {
	STATE_VERSION,
	STATE_CODE,
	STATE_REASON,
	STATE_REASON_LF,
	STATE_LINE,
	STATE_NAME,
	STATE_VALUE,
	STATE_VALUE_LF,
	STATE_FOLD, /* after a bare LF in a value: only a blank may come */
	STATE_HEADER_LF,
	STATE_SIZE_BLANK,
	STATE_EXTENSION,
	STATE_SIZE,
	STATE_SIZE_LF,
	STATE_CHUNK_CR,
	STATE_CHUNK_LF,
	STATE_FULL,
	STATE_LENGTH,
	STATE_CHUNK,
	STATE_CLOSE,
	STATE_DONE,
	STATE_FAILED
};

enum {
	CODE_DIGITS = 3,
	SIZE_DIGITS = 16 /* of a chunk; leading zeros are seen in the wild */
};

/* A chunk size is checked before each digit, so that times 16 is safe. */
STS_STATIC_ASSERT(STS_HTTP_BODY_MAX < UINT32_MAX / 16, http_body_max);

static enum state
fail(struct sts_http *h, enum sts_why why)
{
	STS_ASSERT(h->why == STS_WHY_NONE);
	h->why = (uint8_t)why;
	return STATE_FAILED;
}

/* The byte at hand breaks the grammar. */
static enum state
broken(struct sts_http *h)
{
	return fail(h, h->state < STATE_SIZE_BLANK ? STS_WHY_HTTP_MALFORMED
						   : STS_WHY_HTTP_CHUNK);
}

/* The state after b when only `want` may come. */
static enum state
expect(struct sts_http *h, uint8_t b, uint8_t want, enum state next)
{
	return b == want ? next : broken(h);
}

/* Whether b may stand in a line that does not matter: any byte but NUL, CR and
 * LF, at which another reader may end the line. */
static bool
is_text(uint8_t b)
{
	return b != '\0' && b != '\r' && b != '\n';
}

/* A response begins; the bounds go on counting. */
static void
next_response(struct sts_http *h)
{
	h->in_field = false;
	h->at = 0;
	h->digits = 0;
}

/* ---- status line ---- */

static enum state
version_byte(struct sts_http *h, uint8_t b)
{
	static const char start[] = "HTTP/1.";
	size_t at = h->at++;

	if (at < sizeof start - 1) {
		return expect(h, b, (uint8_t)start[at], STATE_VERSION);
	}
	if (at == sizeof start - 1) {
		h->http10 = b == '0';
		return expect(h, b, h->http10 ? '0' : '1', STATE_VERSION);
	}
	h->at = 0;
	return expect(h, b, ' ', STATE_CODE);
}

/* Go on only with an interim response or a policy. */
static enum state
code_end(struct sts_http *h, enum state next)
{
	unsigned code = h->digits;

	if (code < 100) {
		return broken(h);
	}
	if (code < 200 && code != 101) {
		return next;
	}
	h->code = h->digits;
	if (code == 200) {
		return next;
	}
	return fail(h, code >= 300 && code < 400 ? STS_WHY_HTTP_REDIRECT
						 : STS_WHY_HTTP_STATUS);
}

static enum state
code_byte(struct sts_http *h, uint8_t b)
{
	if (h->at < CODE_DIGITS) {
		if (!sts_is_digit(b)) {
			return broken(h);
		}
		h->digits = (uint16_t)(h->digits * 10 + (b - '0'));
		h->at++;
		return STATE_CODE;
	}
	if (b != ' ' && b != '\r') {
		return broken(h);
	}
	return code_end(h, b == ' ' ? STATE_REASON : STATE_REASON_LF);
}

static enum state
reason_byte(struct sts_http *h, uint8_t b)
{
	return is_text(b) ? STATE_REASON : expect(h, b, '\r', STATE_REASON_LF);
}

static enum state
status_line_byte(struct sts_http *h, uint8_t b)
{
	switch ((enum state)h->state) {
	case STATE_VERSION:
		return version_byte(h, b);
	case STATE_CODE:
		return code_byte(h, b);
	case STATE_REASON:
		return reason_byte(h, b);
	default:
		return expect(h, b, '\n', STATE_LINE);
	}
}

/* ---- fields ---- */

/* In an interim response or a trailer no field matters (RFC 9110 6.5.1). */
static bool
fields_matter(const struct sts_http *h)
{
	return h->code == 200 && !h->in_trailer;
}

static enum state
name_byte(struct sts_http *h, uint8_t b)
{
	if (b == ':') {
		return STATE_VALUE;
	}
	if (!is_text(b)) {
		return broken(h);
	}
	if (fields_matter(h)) {
		sts_http_field_name(&h->fields, b);
	}
	return STATE_NAME;
}

/* The field before this line, if there is one, has ended: judge it. */
static enum sts_why
end_field(struct sts_http *h)
{
	bool ended = h->in_field && fields_matter(h);

	h->in_field = false;
	return ended ? sts_http_field_end(&h->fields) : STS_WHY_NONE;
}

/* RFC 9112 5.2: a field goes on with what replaces its fold, a space. */
static enum state
fold(struct sts_http *h)
{
	if (fields_matter(h)) {
		sts_http_field_fold(&h->fields);
	}
	return STATE_VALUE;
}

/* A line begins: of the field before, of another one, or the empty one. */
static enum state
line_byte(struct sts_http *h, uint8_t b)
{
	enum sts_why why;

	if (sts_is_wsp(b)) {
		/* A blank before the first field continues no field (2.2). */
		return h->in_field ? fold(h) : broken(h);
	}
	why = end_field(h);
	if (why != STS_WHY_NONE) {
		return fail(h, why);
	}
	if (b == '\r') {
		return STATE_HEADER_LF;
	}
	h->in_field = true;
	sts_http_field_start(&h->fields);
	return name_byte(h, b);
}

static enum state
value_byte(struct sts_http *h, uint8_t b)
{
	if (b == '\r') {
		return STATE_VALUE_LF;
	}
	if (b == '\n') {
		return STATE_FOLD;
	}
	if (!is_text(b)) {
		return broken(h);
	}
	if (fields_matter(h)) {
		sts_http_field_value(&h->fields, b);
	}
	return STATE_VALUE;
}

static enum state
until_length(struct sts_http *h)
{
	if (h->fields.length > STS_HTTP_BODY_MAX) {
		return fail(h, STS_WHY_HTTP_BODY_LARGE);
	}
	h->left = (uint32_t)h->fields.length;
	return h->left > 0 ? STATE_LENGTH : STATE_DONE;
}

/* A chunk size comes next. */
static enum state
next_chunk(struct sts_http *h)
{
	h->at = 0;
	h->left = 0;
	return STATE_SIZE;
}

/* RFC 9112 6.1, 6.3: HTTP/1.0 has no transfer codings, and a length beside one
 * may be an attempt at smuggling. */
static enum state
until_last_chunk(struct sts_http *h)
{
	if (h->http10) {
		return fail(h, STS_WHY_HTTP_CODING);
	}
	return h->fields.has_length ? fail(h, STS_WHY_HTTP_LENGTH)
				    : next_chunk(h);
}

/* Decide how the body ends (RFC 9112 6.3). */
static enum state
framing(struct sts_http *h)
{
	if (!h->fields.has_type) {
		return fail(h, STS_WHY_HTTP_TYPE);
	}
	if (h->fields.chunked) {
		return until_last_chunk(h);
	}
	if (h->fields.has_length) {
		return until_length(h);
	}
	h->left = STS_HTTP_BODY_MAX;
	return STATE_CLOSE;
}

static enum state
header_end(struct sts_http *h)
{
	if (h->in_trailer) {
		return STATE_DONE;
	}
	if (h->code == 0) {
		next_response(h);
		return STATE_VERSION;
	}
	return framing(h);
}

static enum state
field_byte(struct sts_http *h, uint8_t b)
{
	switch ((enum state)h->state) {
	case STATE_LINE:
		return line_byte(h, b);
	case STATE_NAME:
		return name_byte(h, b);
	case STATE_VALUE:
		return value_byte(h, b);
	case STATE_VALUE_LF:
		return expect(h, b, '\n', STATE_LINE);
	case STATE_FOLD:
		return sts_is_wsp(b) ? fold(h) : broken(h);
	default:
		return b == '\n' ? header_end(h) : broken(h);
	}
}

/* ---- what is not content in a body: chunks (RFC 9112 7.1) ---- */

static int
hex_value(uint8_t b)
{
	uint8_t c = sts_lower(b);

	if (sts_is_digit(c)) {
		return c - '0';
	}
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* After the digits of a size: blanks, then an extension or the line's end. */
static enum state
size_end_byte(struct sts_http *h, uint8_t b)
{
	if (sts_is_wsp(b)) {
		return STATE_SIZE_BLANK;
	}
	if (b == ';') {
		return STATE_EXTENSION;
	}
	return expect(h, b, '\r', STATE_SIZE_LF);
}

static enum state
size_byte(struct sts_http *h, uint8_t b)
{
	int digit = hex_value(b);

	if (digit < 0 && h->at > 0) {
		return size_end_byte(h, b);
	}
	if (digit < 0 || h->at == SIZE_DIGITS) {
		return broken(h);
	}
	STS_ASSERT(h->left <= STS_HTTP_BODY_MAX);
	h->at++;
	h->left = h->left * 16 + (uint32_t)digit;
	return h->left > STS_HTTP_BODY_MAX - h->taken
		   ? fail(h, STS_WHY_HTTP_BODY_LARGE)
		   : STATE_SIZE;
}

static enum state
extension_byte(struct sts_http *h, uint8_t b)
{
	if (is_text(b)) {
		return STATE_EXTENSION;
	}
	return expect(h, b, '\r', STATE_SIZE_LF);
}

static enum state
size_line_end(struct sts_http *h)
{
	h->in_trailer = h->left == 0;
	return h->in_trailer ? STATE_LINE : STATE_CHUNK;
}

static enum state
body_byte(struct sts_http *h, uint8_t b)
{
	switch ((enum state)h->state) {
	case STATE_SIZE:
		return size_byte(h, b);
	case STATE_SIZE_BLANK:
		return size_end_byte(h, b);
	case STATE_EXTENSION:
		return extension_byte(h, b);
	case STATE_SIZE_LF:
		return b == '\n' ? size_line_end(h) : broken(h);
	case STATE_FULL:
		return fail(h, STS_WHY_HTTP_BODY_LARGE);
	case STATE_CHUNK_CR:
		return expect(h, b, '\r', STATE_CHUNK_LF);
	default:
		return b == '\n' ? next_chunk(h) : broken(h);
	}
}

/* ---- public ---- */

/* Take a byte that is not content. */
static enum state
step(struct sts_http *h, uint8_t b)
{
	if (h->state <= STATE_EXTENSION) {
		if (h->overhead == STS_HTTP_HEADER_MAX) {
			return fail(h, STS_WHY_HTTP_HEADER_LARGE);
		}
		h->overhead++;
	}
	if (h->state <= STATE_REASON_LF) {
		return status_line_byte(h, b);
	}
	return h->state <= STATE_HEADER_LF ? field_byte(h, b) : body_byte(h, b);
}

/* The state after the last byte that `left` allowed. */
static enum state
content_end(const struct sts_http *h)
{
	if (h->state == STATE_LENGTH) {
		return STATE_DONE;
	}
	return h->state == STATE_CHUNK ? STATE_CHUNK_CR : STATE_FULL;
}

/* Take up to n (>= 1) bytes of content; returns how many, >= 1. */
static size_t
take_content(struct sts_http *h, size_t n)
{
	size_t take = n < h->left ? n : h->left;

	STS_ASSERT(take > 0);
	h->left -= (uint32_t)take;
	h->taken += (uint32_t)take;
	STS_ASSERT(h->taken <= STS_HTTP_BODY_MAX);
	if (h->left == 0) {
		h->state = (uint8_t)content_end(h);
	}
	return take;
}

void
sts_http_start(struct sts_http *h)
{
	memset(h, 0, sizeof *h);
	h->state = STATE_VERSION;
}

size_t
sts_http_feed(
    struct sts_http *h, const uint8_t *bytes, size_t n, struct sts_text *body)
{
	size_t used = 0;

	STS_ASSERT(n > 0);
	while (used < n && h->state < STATE_LENGTH) {
		h->state = (uint8_t)step(h, bytes[used++]);
	}
	*body = sts_text(bytes + used, 0);
	if (used < n && h->state < STATE_DONE) {
		body->n = take_content(h, n - used);
	}
	return used + body->n;
}

void
sts_http_closed(struct sts_http *h, bool clean)
{
	bool until_close = h->state == STATE_CLOSE || h->state == STATE_FULL;

	if (until_close && clean) {
		h->state = STATE_DONE;
	} else if (h->state < STATE_DONE) {
		h->state = (uint8_t)fail(h, STS_WHY_HTTP_TRUNCATED);
	}
}

enum sts_http_status
sts_http_status(const struct sts_http *h)
{
	if (h->state == STATE_DONE) {
		return STS_HTTP_DONE;
	}
	return h->state == STATE_FAILED ? STS_HTTP_FAILED : STS_HTTP_MORE;
}

enum sts_why
sts_http_why(const struct sts_http *h)
{
	return (enum sts_why)h->why;
}
