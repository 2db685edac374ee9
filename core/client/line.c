/* SPDX-License-Identifier: MIT */
/* The text protocol: finding the words of a line. */
#include <string.h>

#include "../base/assert.h"
#include "../base/text.h"
#include "line.h"

enum {
	WORDS_MAX = 4 /* ZONE allowed DOMAIN HOST */
};

/* The verb a word is, or 0. */
static uint8_t
verb_of(struct sts_text word)
{
	if (sts_text_is(word, "mode")) {
		return STS_LINE_MODE;
	}
	if (sts_text_is(word, "hosts")) {
		return STS_LINE_HOSTS;
	}
	return sts_text_is(word, "allowed") ? STS_LINE_ALLOWED : 0;
}

/* What stands behind "report": a domain, and the rest as it is. */
static enum sts_line_status
parse_report(struct sts_line_request *r, struct sts_text rest, size_t total)
{
	struct sts_text key = sts_text_word(&rest, STS_BLANK_SPACE);

	if (rest.n == 0) {
		return STS_LINE_BAD;
	}
	r->verb = STS_LINE_REPORT;
	r->zone = sts_text(key.p, 0);
	r->key = key;
	r->host = rest;
	r->total = total;
	return STS_LINE_OK;
}

/* [ZONE] VERB KEY [HOST]: a first word that is no verb is the zone. More or
 * fewer words than the verb takes make the line bad: a part of a question is
 * never answered. */
static enum sts_line_status
parse_question(struct sts_line_request *r, struct sts_text line, size_t total)
{
	struct sts_text word[WORDS_MAX + 1];
	struct sts_text host = sts_text(line.p, 0), zone = host;
	size_t count = 0, at = 0;

	while (count <= WORDS_MAX &&
	       (word[count] = sts_text_word(&line, STS_BLANK_SPACE)).n > 0) {
		count++;
	}
	if (count > 0 && verb_of(word[0]) == 0) {
		zone = word[at++];
	}
	uint8_t verb = at < count ? verb_of(word[at]) : 0;
	size_t wanted = verb == STS_LINE_ALLOWED ? 3 : 2;

	if (verb == 0 || count - at != wanted) {
		return STS_LINE_BAD;
	}
	if (verb == STS_LINE_ALLOWED) {
		host = word[at + 2];
	}
	r->verb = verb;
	r->zone = zone;
	r->key = word[at + 1];
	r->host = host;
	r->total = total;
	return STS_LINE_OK;
}

static enum sts_line_status
parse_line(struct sts_line_request *r, struct sts_text line, size_t total)
{
	struct sts_text rest = line;

	if (STS_REPORT && STS_REPORT_SOCKET &&
	    sts_text_is(sts_text_word(&rest, STS_BLANK_SPACE), "report")) {
		return parse_report(r, rest, total);
	}
	return parse_question(r, line, total);
}

enum sts_line_status
sts_line_parse(
    struct sts_line_request *r, struct sts_text in, size_t size, bool ended)
{
	const uint8_t *lf = in.n > 0 ? memchr(in.p, '\n', in.n) : NULL;
	size_t len = lf != NULL ? (size_t)(lf - in.p) : in.n;
	size_t total = lf != NULL ? len + 1 : len;

	STS_ASSERT(in.n <= size);
	if (lf == NULL && !ended) {
		return in.n < size ? STS_LINE_MORE : STS_LINE_BAD;
	}
	if (len > 0 && in.p[len - 1] == '\r') {
		len--;
	}
	return parse_line(r, sts_text(in.p, len), total);
}
