/* SPDX-License-Identifier: MIT */
/*
 * The TXT record at _smtp._tls: records byte by byte, then the URIs of the one
 * that counts.
 *
 *	VERSION -> AFTER_VERSION -> DELIMITER -> NAME -> FIRST -> VALUE
 *	                                ^                           |
 *	                                +------ AFTER_VALUE <-------+
 *
 * As in record.c: the ";" that leads to DELIMITER for the first time makes a
 * candidate; what breaks the grammar before it is FOREIGN and forgotten, after
 * it BAD. A rua may have blanks around its commas, so AFTER_VALUE and FIRST
 * lead back into it.
 *
 * Invariants: len <= STS_TLSRPT_RECORD_MAX; only the first candidate's octets
 * are kept.
 */
#include <string.h>

#include "../base/assert.h"
#include "../base/text.h"
#include "grammar.h"
#include "tlsrpt.h"

static const char version[] = "v=TLSRPTv1";
static const char rua_name[] = "rua";

enum {
	VERSION_LEN = sizeof version - 1,
	RUA_LEN = sizeof rua_name - 1,
	HTTPS_PORT_LEN = 4 /* ":443" */
};

enum state {
	STATE_VERSION = 0,
	STATE_AFTER_VERSION, /* WSP before the first ";" */
	STATE_FOREIGN,
	STATE_DELIMITER, /* after ";": WSP, a name, or the end */
	STATE_NAME,
	STATE_FIRST, /* after "=", or a comma of a rua */
	STATE_VALUE,
	STATE_AFTER_VALUE, /* WSP after a value */
	STATE_BAD
};

static enum state
version_byte(struct sts_tlsrpt *r, uint8_t b)
{
	if (b != (uint8_t)version[r->at]) {
		return STATE_FOREIGN;
	}
	r->at++;
	return r->at < VERSION_LEN ? STATE_VERSION : STATE_AFTER_VERSION;
}

static enum state
after_version_byte(struct sts_tlsrpt *r, uint8_t b)
{
	if (sts_is_wsp(b)) {
		return STATE_AFTER_VERSION;
	}
	if (b != ';') {
		return STATE_FOREIGN;
	}
	if (r->candidates < 2) {
		r->candidates++;
	}
	r->at = 0; /* no field yet */
	return STATE_DELIMITER;
}

static enum state
name_byte(struct sts_tlsrpt *r, uint8_t b)
{
	if (b == '=' && r->at > 0) {
		r->is_rua = r->is_rua && r->at == RUA_LEN;
		return STATE_FIRST;
	}
	if (!sts_is_field_name(b, r->at)) {
		return STATE_BAD;
	}
	r->is_rua =
	    r->is_rua && r->at < RUA_LEN && b == (uint8_t)rua_name[r->at];
	r->at++;
	return STATE_NAME;
}

static enum state
delimiter_byte(struct sts_tlsrpt *r, uint8_t b)
{
	if (sts_is_wsp(b)) {
		return STATE_DELIMITER;
	}
	r->at = 0;
	r->is_rua = true;
	return name_byte(r, b);
}

/* The first octet of a value, or of a URI after a comma and blanks. */
static enum state
first_byte(struct sts_tlsrpt *r, uint8_t b)
{
	/* at is 0 after a comma, where blanks may be. */
	if (r->is_rua && r->at == 0 && sts_is_wsp(b)) {
		return STATE_FIRST;
	}
	if (b < 0x21 || b > 0x7e || b == ';') {
		return STATE_BAD;
	}
	if (b == (r->is_rua ? ',' : '=')) {
		return STATE_BAD;
	}
	r->at = r->at == 0 ? 1 : r->at;
	return STATE_VALUE;
}

/* After a value: the next delimiter, blanks, in a rua a comma. */
static enum state
after_value_byte(struct sts_tlsrpt *r, uint8_t b)
{
	if (sts_is_wsp(b)) {
		return STATE_AFTER_VALUE;
	}
	if (r->is_rua && b == ',') {
		r->at = 0;
		return STATE_FIRST;
	}
	return b == ';' ? STATE_DELIMITER : STATE_BAD;
}

static enum state
value_byte(struct sts_tlsrpt *r, uint8_t b)
{
	if (b == ';' || sts_is_wsp(b) || (r->is_rua && b == ',')) {
		return after_value_byte(r, b);
	}
	return first_byte(r, b);
}

static enum state
step(struct sts_tlsrpt *r, uint8_t b)
{
	switch ((enum state)r->state) {
	case STATE_VERSION:
		return version_byte(r, b);
	case STATE_AFTER_VERSION:
		return after_version_byte(r, b);
	case STATE_DELIMITER:
		return delimiter_byte(r, b);
	case STATE_NAME:
		return name_byte(r, b);
	case STATE_FIRST:
		return first_byte(r, b);
	case STATE_VALUE:
		return value_byte(r, b);
	case STATE_AFTER_VALUE:
		return after_value_byte(r, b);
	default:
		return (enum state)r->state;
	}
}

void
sts_tlsrpt_start(struct sts_tlsrpt *r)
{
	memset(r, 0, sizeof *r);
}

void
sts_tlsrpt_byte(struct sts_tlsrpt *r, uint8_t b)
{
	/* The first candidate has its text kept, from its beginning on. */
	bool kept = r->candidates == 0 || r->own;

	STS_ASSERT(r->state <= STATE_BAD);
	STS_ASSERT(r->len <= STS_TLSRPT_RECORD_MAX);
	r->state = (uint8_t)step(r, b);
	if (r->state == STATE_DELIMITER && r->candidates == 1) {
		r->own = true;
	}
	if (!kept || r->state == STATE_FOREIGN) {
		return;
	}
	if (r->len == STS_TLSRPT_RECORD_MAX) {
		r->over = true;
	} else {
		r->text[r->len++] = b;
	}
}

void
sts_tlsrpt_end(struct sts_tlsrpt *r)
{
	bool candidate = r->state >= STATE_DELIMITER;
	bool whole = r->state == STATE_DELIMITER || r->state == STATE_VALUE;

	STS_ASSERT(!candidate || r->candidates > 0);
	if (candidate && (!whole || r->at == 0)) {
		/* at is 0 only if no field came. */
		r->invalid = true;
	}
	if (r->candidates == 0) {
		r->len = 0;
		r->over = false;
	}
	r->own = false;
	r->state = STATE_VERSION;
	r->at = 0;
}

enum sts_found
sts_tlsrpt_result(const struct sts_tlsrpt *r)
{
	STS_ASSERT(r->state == STATE_VERSION && r->at == 0);
	if (r->candidates != 1 || r->invalid) {
		return STS_ABSENT;
	}
	return r->over ? STS_UNKNOWN : STS_FOUND;
}

struct sts_text
sts_tlsrpt_text(const struct sts_tlsrpt *r)
{
	return sts_text(r->text, r->len);
}

bool
sts_tlsrpt_begins(struct sts_text record)
{
	size_t at = 0;

	if (!sts_text_take(&record, version)) {
		return false;
	}
	while (at < record.n && sts_is_wsp(record.p[at])) {
		at++;
	}
	return at < record.n && record.p[at] == ';';
}

/* The value of the first field "rua" of a record that may be any text. */
static struct sts_text
find_rua(struct sts_text record)
{
	while (record.n > 0) {
		struct sts_text field =
		    sts_text_trim(sts_text_field(&record, ';'), STS_BLANK_TAB);

		if (sts_text_take(&field, "rua=")) {
			return field;
		}
	}
	return record;
}

void
sts_tlsrpt_rua_begin(struct sts_tlsrpt_rua *it, struct sts_text record)
{
	memset(it, 0, sizeof *it);
	it->all = find_rua(record);
	it->rest = it->all;
}

/* Whether a name, by its first or last label, means a different machine on each
 * network. */
static bool
is_internal(struct sts_text domain)
{
	static const char *const last[] = { "localhost", "localdomain", "local",
		"internal", "onion" };
	struct sts_text rest = domain, label = sts_text_field(&rest, '.');

	if (sts_same_nocase(label, sts_text_of("localhost"))) {
		return true;
	}
	while (rest.n > 0) {
		label = sts_text_field(&rest, '.');
	}
	for (size_t i = 0; i < sizeof last / sizeof *last; i++) {
		if (sts_same_nocase(label, sts_text_of(last[i]))) {
			return true;
		}
	}
	return false;
}

/* Whether reports may be sent to a domain: no single label, no address, no name
 * that means our own machine or network to the relay (RFC 6761, 6762, 7686). */
static bool
is_remote(struct sts_text domain)
{
	return sts_name_valid(domain) && sts_name_labels(domain) >= 2 &&
	       !is_internal(domain);
}

/* An octet of an address's local part, decoded. */
static bool
is_local(uint8_t c)
{
	return c > ' ' && c < 0x7f && strchr("<>()[]\\,;:\"@", c) == NULL;
}

static int
hex(uint8_t c)
{
	if (sts_is_digit(c)) {
		return c - '0';
	}
	c = sts_lower(c);
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

int
sts_tlsrpt_octet(struct sts_text *t)
{
	uint8_t c = t->p[0];
	int high = t->n >= 3 ? hex(t->p[1]) : -1;
	int low = t->n >= 3 ? hex(t->p[2]) : -1;

	if (c != '%') {
		*t = sts_text_skip(*t, 1);
		return c;
	}
	if (high < 0 || low < 0) {
		return -1;
	}
	*t = sts_text_skip(*t, 3);
	return high << 4 | low;
}

/* Decode the address up to "?". False: it is too long, or badly encoded. */
static bool
decode_address(struct sts_tlsrpt_to *to, struct sts_text uri)
{
	uri = sts_text(uri.p, sts_text_find(uri, '?'));
	to->address_len = 0;
	while (uri.n > 0) {
		int c = sts_tlsrpt_octet(&uri);

		if (c < 0 || to->address_len == STS_TLSRPT_ADDRESS_MAX) {
			return false;
		}
		to->address[to->address_len++] = (uint8_t)c;
	}
	return true;
}

/* An address (RFC 6068), decoded, with its domain in lower case. False: it is
 * none that a report may be sent to. */
static bool
read_mailto(struct sts_tlsrpt_to *to, struct sts_text uri)
{
	to->scheme = STS_TLSRPT_MAILTO;
	if (!decode_address(to, uri)) {
		return false;
	}
	struct sts_text all = sts_text(to->address, to->address_len);
	size_t local = sts_text_find(all, '@');

	if (local == 0 || local > STS_TLSRPT_LOCAL_MAX || local == all.n) {
		return false;
	}
	for (size_t i = 0; i < local; i++) {
		if (!is_local(all.p[i])) {
			return false;
		}
	}
	for (size_t i = local + 1; i < all.n; i++) {
		to->address[i] = sts_lower(to->address[i]);
	}
	to->domain_len = (uint16_t)(all.n - local - 1);
	return is_remote(sts_text_skip(all, local + 1));
}

static bool
read_https(struct sts_tlsrpt_to *to, struct sts_text uri)
{
	size_t end = 0;

	to->scheme = STS_TLSRPT_HTTPS;
	uri = sts_text(uri.p, sts_text_find(uri, '#'));
	while (end < uri.n && uri.p[end] != '/' && uri.p[end] != '?') {
		end++;
	}
	to->host = sts_text(uri.p, end);
	to->path = sts_text_skip(uri, end);
	if (end > HTTPS_PORT_LEN &&
	    sts_text_is(
		sts_text_skip(to->host, end - HTTPS_PORT_LEN), ":443")) {
		to->host.n -= HTTPS_PORT_LEN;
	}
	return is_remote(to->host);
}

/* Take a scheme off *uri, in any case (RFC 3986 3.1). */
static bool
take_scheme(struct sts_text *uri, const char *scheme)
{
	size_t n = strlen(scheme);

	if (uri->n < n ||
	    !sts_same_nocase(sts_text(uri->p, n), sts_text_of(scheme))) {
		return false;
	}
	*uri = sts_text_skip(*uri, n);
	return true;
}

static bool
read_uri(struct sts_tlsrpt_to *to, struct sts_text uri)
{
	memset(to, 0, sizeof *to);
	for (size_t i = 0; i < uri.n; i++) {
		if (uri.p[i] <= ' ' || uri.p[i] >= 0x7f || uri.p[i] == '!') {
			return false;
		}
	}
	if (take_scheme(&uri, "mailto:")) {
		return STS_SMTP && read_mailto(to, uri);
	}
	return take_scheme(&uri, "https://") && read_https(to, uri);
}

static struct sts_text
take_uri(struct sts_text *rest)
{
	return sts_text_trim(sts_text_field(rest, ','), STS_BLANK_TAB);
}

/* Whether the URI stood before in the same rua. */
static bool
stood_before(const struct sts_tlsrpt_rua *it, struct sts_text uri)
{
	struct sts_text rest = it->all, one = take_uri(&rest);

	while (one.p != uri.p) {
		if (sts_text_same(one, uri)) {
			return true;
		}
		STS_ASSERT(rest.n > 0); /* uri is still to come */
		one = take_uri(&rest);
	}
	return false;
}

bool
sts_tlsrpt_rua_next(struct sts_tlsrpt_rua *it, struct sts_tlsrpt_to *to)
{
	while (it->rest.n > 0) {
		struct sts_text from = it->rest, uri = take_uri(&it->rest);
		bool valid = read_uri(to, uri);

		if (valid && stood_before(it, uri)) {
			continue;
		}
		if (it->given == STS_TLSRPT_RUA_MAX) {
			it->rest = from;
			return false;
		}
		if (valid) {
			to->number = it->given++;
			return true;
		}
		it->skipped++;
	}
	return false;
}
