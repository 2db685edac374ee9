/* SPDX-License-Identifier: MIT */
/* What a monitoring system asks over HTTP. */
#include <string.h>

#include "../../core/base/text.h"
#include "scrape.h"

static const char token_marks[] = "!#$%&'*+-.^_`|~";

/* RFC 9110 5.6.2: tchar. */
static bool
is_token(uint8_t c)
{
	return sts_is_alnum(c) ||
	       memchr(token_marks, c, sizeof token_marks - 1) != NULL;
}

/* Take a token off the front of *t; it may be empty. */
static struct sts_text
take_token(struct sts_text *t)
{
	struct sts_text token = sts_text(t->p, 0);

	while (token.n < t->n && is_token(t->p[token.n])) {
		token.n++;
	}
	*t = sts_text(t->p + token.n, t->n - token.n);
	return token;
}

/* Take one octet off the front of *t. False: it is another, or none. */
static bool
take_octet(struct sts_text *t, uint8_t octet)
{
	if (t->n == 0 || t->p[0] != octet) {
		return false;
	}
	*t = sts_text(t->p + 1, t->n - 1);
	return true;
}

/* Take a line off the front of *t, which has "\r\n" in it. */
static struct sts_text
take_line(struct sts_text *t)
{
	size_t n = 0;

	while (memcmp(t->p + n, "\r\n", 2) != 0) {
		n++;
	}
	struct sts_text line = sts_text(t->p, n);

	*t = sts_text(t->p + n + 2, t->n - n - 2);
	return line;
}

/* Whether t has no control characters; nor blanks, unless they may be. */
static bool
is_clean(struct sts_text t, bool blanks)
{
	for (size_t i = 0; i < t.n; i++) {
		uint8_t c = t.p[i];

		if (c == ' ' || c == '\t' ? !blanks : c < ' ' || c == 0x7f) {
			return false;
		}
	}
	return true;
}

/* RFC 9112 3: method SP target SP version. False: it is nothing of that. */
static bool
read_first_line(struct sts_text line, struct sts_text *method,
    struct sts_text *target, bool *needs_host)
{
	*method = take_token(&line);
	if (method->n == 0 || !take_octet(&line, ' ')) {
		return false;
	}
	const uint8_t *end = memchr(line.p, ' ', line.n);

	if (end == NULL) {
		return false;
	}
	*target = sts_text(line.p, (size_t)(end - line.p));
	line = sts_text(end + 1, line.n - target->n - 1);
	*needs_host = sts_text_is(line, "HTTP/1.1");
	return target->n > 0 && is_clean(*target, false) &&
	       (*needs_host || sts_text_is(line, "HTTP/1.0"));
}

static bool
is_named(struct sts_text name, const char *field)
{
	return sts_same_nocase(name, sts_text_of(field));
}

/* RFC 9112 5: fields, each in a line. False: one is wrong, or means that
 * there is more than a header. */
static bool
read_fields(struct sts_text fields, bool needs_host)
{
	unsigned hosts = 0;

	while (fields.n > 0) {
		struct sts_text line = take_line(&fields);
		struct sts_text name = take_token(&line);

		if (name.n == 0 || !take_octet(&line, ':') ||
		    !is_clean(line, true) || is_named(name, "content-length") ||
		    is_named(name, "transfer-encoding")) {
			return false;
		}
		hosts += is_named(name, "host");
	}
	return hosts == 1 || (hosts == 0 && !needs_host);
}

/* `in` is a header with its last "\r\n", the empty line left off. */
static enum sts_scrape
judge_whole(struct sts_text in)
{
	struct sts_text method, target;
	bool needs_host;

	if (!read_first_line(take_line(&in), &method, &target, &needs_host) ||
	    !read_fields(in, needs_host)) {
		return STS_SCRAPE_BAD;
	}
	if (!sts_text_is(method, "GET")) {
		return STS_SCRAPE_METHOD;
	}
	return sts_text_is(target, "/metrics") ? STS_SCRAPE_OK
					       : STS_SCRAPE_NOT_FOUND;
}

enum sts_scrape
sts_scrape_judge(struct sts_text in, bool last)
{
	size_t n = in.n < STS_SCRAPE_MAX ? in.n : STS_SCRAPE_MAX;

	for (size_t i = 0; n - i >= 4; i++) {
		if (memcmp(in.p + i, "\r\n\r\n", 4) == 0) {
			return judge_whole(sts_text(in.p, i + 2));
		}
	}
	return last || in.n >= STS_SCRAPE_MAX ? STS_SCRAPE_BAD
					      : STS_SCRAPE_MORE;
}
