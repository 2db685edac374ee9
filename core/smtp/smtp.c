/* SPDX-License-Identifier: MIT */
/*
 * The reply reader, a step an octet; keywords; commands; dots. All of it turns
 * bytes into values or values into bytes: the dialogues are in smtp_probe.c and
 * smtp_submit.c.
 *
 * Invariants: a reply that is DONE or BROKEN takes no more octets; its lines
 * and octets are bounded together, and of a line only STS_SMTP_TEXT octets are
 * kept. A command is written whole or not at all, and no argument can end its
 * line: one with a control character, a blank or a bracket is refused before
 * anything is written. In a message for DATA every line ends in CR LF, since a
 * CR or LF that stands alone becomes one, and a dot that begins a line is
 * doubled: all servers see the same end of it.
 *
 * The attacker is the mail server (endless replies), or chose a name, an
 * address or a text that we send, and wants it to be read as a command or as
 * the end of a mail (SMTP smuggling).
 */
#include "smtp.h"

#include <string.h>

#include "../base/assert.h"
#include "../base/name.h"
#include "../base/sink.h"
#include "../base/text.h"
#include "../grammar/grammar.h"

/*
 *	CODE --three digits--> FOURTH --"-", " ", CR--> TEXT
 *	  ^                      |                       |
 *	  |                      +----------LF-----------+
 *	  |                                 v
 *	  +--another one follows-- the line is over --> DONE
 *
 * DONE and BROKEN are in the order of enum sts_smtp_event.
 */
enum state {
	CODE,
	FOURTH,
	TEXT,
	DONE,
	BROKEN
};

enum {
	CODE_DIGITS = 3,
	STATUS_PARTS = 3,
	STATUS_DIGITS = 3, /* of a part */
	MASK_MIN = 4, /* X or * in a row */
	LATE_FROM = 2048
};

STS_STATIC_ASSERT(STS_SMTP_TEXT >= 32 && STS_SMTP_TEXT <= 255, smtp_text);
STS_STATIC_ASSERT(STS_SMTP_REPLY_MAX <= UINT16_MAX, smtp_reply_max);
STS_STATIC_ASSERT(STS_SMTP_LINES_MAX <= UINT16_MAX, smtp_lines_max);
STS_STATIC_ASSERT(
    STS_SMTP_LINE_MAX >= 8 && STS_SMTP_LINE_MAX <= UINT16_MAX, smtp_line_max);

static enum state
broken(struct sts_smtp_reply *r, enum sts_why why)
{
	r->why = (uint8_t)why;
	return BROKEN;
}

static enum state
malformed(struct sts_smtp_reply *r)
{
	return broken(r, STS_WHY_SMTP_MALFORMED);
}

/* ---- one line ---- */

static enum state
code_byte(struct sts_smtp_reply *r, uint8_t b)
{
	if (r->digits == 0) {
		r->this_code = 0;
		r->text_len = 0;
		if (b < '2' || b > '5') {
			return malformed(r);
		}
	}
	if (!sts_is_digit(b)) {
		return malformed(r);
	}
	r->this_code = (uint16_t)(r->this_code * 10 + (b - '0'));
	if (++r->digits < CODE_DIGITS) {
		return CODE;
	}
	r->digits = 0;
	/* RFC 5321 4.2.1. */
	return r->lines > 0 && r->this_code != r->code ? malformed(r) : FOURTH;
}

/* RFC 2034 4: class.subject.detail and a blank, in front of the text, and of
 * the class that the code has. */
static void
read_status(struct sts_smtp_reply *r)
{
	uint16_t part[STATUS_PARTS] = { 0 };
	unsigned n = 0, digits = 0;

	for (size_t i = 0; n < STATUS_PARTS; i++) {
		uint8_t b = i < r->text_len ? r->text[i] : ' ';

		if (sts_is_digit(b) && digits < STATUS_DIGITS) {
			part[n] = (uint16_t)(part[n] * 10 + (b - '0'));
			digits++;
		} else if (digits > 0 &&
			   b == (n + 1 < STATUS_PARTS ? '.' : ' ')) {
			n++;
			digits = 0;
		} else {
			return;
		}
	}
	if (part[0] == r->code / 100 && part[0] != 3) {
		r->status.class = (uint8_t)part[0];
		r->status.subject = part[1];
		r->status.detail = part[2];
	}
}

static enum state
end_line(struct sts_smtp_reply *r)
{
	r->code = r->this_code;
	r->line = 0;
	if (r->lines++ == 0) {
		read_status(r);
	}
	if (!r->more) {
		return DONE;
	}
	return r->lines < STS_SMTP_LINES_MAX
		   ? CODE
		   : broken(r, STS_WHY_SMTP_REPLY_LARGE);
}

static enum state
fourth_byte(struct sts_smtp_reply *r, uint8_t b)
{
	r->more = b == '-';
	if (b == '\n') {
		return end_line(r);
	}
	return b == '-' || b == ' ' || b == '\r' ? TEXT : malformed(r);
}

/* Take a byte of the text. CR ends nothing and is no text, wherever it
 * stands. */
static enum state
text_byte(struct sts_smtp_reply *r, uint8_t b)
{
	if (b == '\n') {
		return end_line(r);
	}
	if (b != '\r' && r->text_len < sizeof r->text) {
		r->text[r->text_len++] = b >= ' ' && b <= '~' ? b : '?';
	}
	return TEXT;
}

static enum state
step(struct sts_smtp_reply *r, uint8_t b)
{
	if (r->line == STS_SMTP_LINE_MAX || r->size == STS_SMTP_REPLY_MAX) {
		return broken(r, STS_WHY_SMTP_REPLY_LARGE);
	}
	r->line++;
	r->size++;
	if (b == '\0') {
		return malformed(r);
	}
	switch ((enum state)r->state) {
	case CODE:
		return code_byte(r, b);
	case FOURTH:
		return fourth_byte(r, b);
	default:
		return text_byte(r, b);
	}
}

void
sts_smtp_reply_start(struct sts_smtp_reply *r)
{
	memset(r, 0, sizeof *r);
}

size_t
sts_smtp_reply_feed(struct sts_smtp_reply *r, const uint8_t *bytes, size_t n,
    enum sts_smtp_event *event)
{
	size_t used = 0;
	bool over = false;

	STS_ASSERT(n > 0);
	while (used < n && r->state < DONE && !over) {
		r->state = (uint8_t)step(r, bytes[used++]);
		over = r->line == 0;
	}
	*event = r->state >= DONE
		     ? (enum sts_smtp_event)(r->state - DONE + STS_SMTP_DONE)
		 : over ? STS_SMTP_LINE
			: STS_SMTP_MORE;
	return used;
}

enum sts_why
sts_smtp_reply_why(const struct sts_smtp_reply *r)
{
	return (enum sts_why)r->why;
}

struct sts_text
sts_smtp_reply_text(const struct sts_smtp_reply *r)
{
	return sts_text(r->text, r->text_len);
}

/* ---- EHLO ---- */

/* A bit each, in the order of the offers. */
static const char keywords[] = "STARTTLS\0"
			       "SIZE\0"
			       "8BITMIME\0"
			       "PIPELINING\0"
			       "SMTPUTF8\0"
			       "REQUIRETLS\0"
			       "ENHANCEDSTATUSCODES\0";

/* "XXXXXXXA", as some firewalls write over keywords that they do not know;
 * others write asterisks. */
static bool
keyword_masked(struct sts_text word)
{
	for (size_t i = 0; i + 1 < word.n; i++) {
		if (word.p[i] != 'X' && word.p[i] != '*') {
			return false;
		}
	}
	return word.n >= MASK_MIN;
}

/* Take one keyword with its parameters. */
static void
take_keyword(struct sts_smtp_ehlo *e, uint8_t offer, struct sts_text params,
    uint16_t size)
{
	uint64_t v;

	e->offers |= offer;
	if (offer == STS_SMTP_STARTTLS && size > LATE_FROM) {
		e->starttls_late = true;
	}
	if (offer == STS_SMTP_SIZE &&
	    sts_get_decimal(sts_text_word(&params, STS_BLANK_TAB), 20, &v)) {
		e->size_max = v;
	}
}

void
sts_smtp_ehlo_line(struct sts_smtp_ehlo *e, const struct sts_smtp_reply *r)
{
	struct sts_text t = sts_smtp_reply_text(r),
			word = sts_text_word(&t, STS_BLANK_TAB);
	uint8_t offer = STS_SMTP_STARTTLS;

	if (r->lines < 2) {
		return;
	}
	for (const char *k = keywords; *k != '\0'; k += strlen(k) + 1) {
		if (sts_same_nocase(word, sts_text_of(k))) {
			take_keyword(e, offer, t, r->size);
		}
		offer = (uint8_t)(offer << 1);
	}
	if (keyword_masked(word)) {
		e->offers |= STS_SMTP_MASKED;
	}
}

bool
sts_smtp_masked(struct sts_text greeting)
{
	size_t row = 0;

	for (size_t i = 0; i < greeting.n && row < MASK_MIN; i++) {
		row = greeting.p[i] == '*' ? row + 1 : 0;
	}
	return row == MASK_MIN;
}

/* ---- commands ---- */

/* What a verb takes. Addresses stand in brackets. */
enum arg {
	NO_ARG,
	HOST,
	PATH,
	PATH_OR_NONE
};

static const struct {
	char before[12];
	uint8_t arg;
} verbs[] = {
	[STS_SMTP_VERB_EHLO] = { "EHLO ", HOST },
	[STS_SMTP_VERB_HELO] = { "HELO ", HOST },
	[STS_SMTP_VERB_STARTTLS] = { "STARTTLS", NO_ARG },
	[STS_SMTP_VERB_MAIL] = { "MAIL FROM:<", PATH_OR_NONE },
	[STS_SMTP_VERB_RCPT] = { "RCPT TO:<", PATH },
	[STS_SMTP_VERB_DATA] = { "DATA", NO_ARG },
	[STS_SMTP_VERB_QUIT] = { "QUIT", NO_ARG },
};

/* The longest: MAIL with all its parameters. */
STS_STATIC_ASSERT(sizeof "MAIL FROM:<" + STS_SMTP_ADDRESS_MAX +
			  sizeof "> SIZE= BODY=8BITMIME\r\n" + 10 <=
		      STS_SMTP_COMMAND_MAX,
    smtp_command_max);

bool
sts_smtp_helo_valid(struct sts_text name)
{
	struct sts_text rest = name, host = sts_text_field(&rest, '.');

	return sts_name_valid(name) && rest.n > 0 &&
	       !sts_same_nocase(host, sts_text_of("localhost"));
}

static bool
local_part_valid(struct sts_text t)
{
	static const char special[] = "<>()[]\\,;:\"@";

	for (size_t i = 0; i < t.n; i++) {
		if (t.p[i] <= ' ' || t.p[i] > '~' ||
		    memchr(special, t.p[i], sizeof special - 1) != NULL) {
			return false;
		}
	}
	return t.n > 0 && t.n <= STS_SMTP_LOCAL_MAX;
}

bool
sts_smtp_address_valid(struct sts_text t)
{
	const uint8_t *at = t.n > 0 ? memchr(t.p, '@', t.n) : NULL;
	size_t local;

	if (at == NULL || t.n > STS_SMTP_ADDRESS_MAX) {
		return false;
	}
	local = (size_t)(at - t.p);
	return local_part_valid(sts_text(t.p, local)) &&
	       sts_name_valid(sts_text(at + 1, t.n - local - 1));
}

static bool
arg_valid(enum arg arg, struct sts_text t)
{
	switch (arg) {
	case HOST:
		return sts_name_valid(t);
	case PATH_OR_NONE:
	case PATH:
		return (t.n == 0 && arg == PATH_OR_NONE) ||
		       sts_smtp_address_valid(t);
	default:
		return t.n == 0;
	}
}

static void
put_params(struct sts_sink *s, const struct sts_smtp_params *params)
{
	if (params->size > 0) {
		sts_sink_string(s, " SIZE=");
		sts_sink_decimal(s, params->size);
	}
	if (params->body_8bit) {
		sts_sink_string(s, " BODY=8BITMIME");
	}
}

size_t
sts_smtp_command(uint8_t *out, enum sts_smtp_verb verb, struct sts_text arg,
    const struct sts_smtp_params *params)
{
	struct sts_sink s = { 0, 0, STS_SMTP_COMMAND_MAX, out };

	if (!arg_valid((enum arg)verbs[verb].arg, arg)) {
		return 0;
	}
	sts_sink_string(&s, verbs[verb].before);
	sts_sink_put(&s, arg);
	if (verbs[verb].arg >= PATH) {
		sts_sink_string(&s, ">");
	}
	if (params != NULL) {
		put_params(&s, params);
	}
	sts_sink_string(&s, "\r\n");
	return s.pos;
}

/* ---- DATA ---- */

void
sts_smtp_stuff_start(struct sts_smtp_stuffing *s)
{
	s->line = s->cr = false;
}

/* Write one octet as one or two octets to out. Returns how many. */
static size_t
stuff_byte(struct sts_smtp_stuffing *s, uint8_t b, uint8_t *out)
{
	bool of_crlf = b == '\n' && s->cr;
	size_t n = 0;

	s->cr = b == '\r';
	if (of_crlf) {
		return 0;
	}
	if (b == '\r' || b == '\n') {
		out[n++] = '\r';
		out[n++] = '\n';
		s->line = false;
		return n;
	}
	if (b == '.' && !s->line) {
		out[n++] = '.';
	}
	out[n++] = b;
	s->line = true;
	return n;
}

size_t
sts_smtp_stuff(struct sts_smtp_stuffing *s, struct sts_text in,
    struct sts_span out, size_t *made)
{
	size_t used = 0;

	STS_ASSERT(out.n >= 2);
	*made = 0;
	while (used < in.n && out.n - *made >= 2) {
		*made += stuff_byte(s, in.p[used++], out.p + *made);
	}
	return used;
}

size_t
sts_smtp_stuff_end(struct sts_smtp_stuffing *s, uint8_t *out)
{
	static const char end[STS_SMTP_STUFF_END] = { '\r', '\n', '.', '\r',
		'\n' };
	size_t from = s->line ? 0 : 2;

	memcpy(out, end + from, sizeof end - from);
	s->line = s->cr = false;
	return sizeof end - from;
}
