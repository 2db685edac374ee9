/* SPDX-License-Identifier: MIT */
/*
 * SMTP's codec: replies, one byte in any state that the reader can be in; what
 * EHLO offers; commands; a message on its way into DATA.
 *
 * @link core/base/bytes.c core/base/sink.c core/base/text.c core/base/name.c
 */
#include "contracts.h"

#include "../../core/smtp/smtp.c"

enum {
	FEW = 6 /* octets, for passes without memory */
};

static bool
is_code(unsigned code)
{
	return code >= 200 && code <= 599;
}

/* The invariant inside a line. */
static bool
line_holds(const struct sts_smtp_reply *r)
{
	static const unsigned limits[] = { 1, 10, 100, 1000 };

	switch (r->state) {
	case CODE:
		return r->digits < CODE_DIGITS && r->line == r->digits &&
		       (r->digits == 0 ||
			   (r->this_code < limits[r->digits] &&
			       r->this_code >= 2 * limits[r->digits - 1] &&
			       r->this_code < 6 * limits[r->digits - 1]));
	case FOURTH:
		return r->line == CODE_DIGITS;
	case TEXT:
		return r->line > CODE_DIGITS;
	case DONE:
		return r->line == 0 && r->lines > 0;
	default:
		return true;
	}
}

/* The invariant between two bytes. */
static bool
reply_holds(const struct sts_smtp_reply *r)
{
	bool known = r->state == FOURTH || r->state == TEXT;

	return r->state <= BROKEN &&
	       (r->state == BROKEN) == (r->why != STS_WHY_NONE) &&
	       r->line <= STS_SMTP_LINE_MAX && r->size <= STS_SMTP_REPLY_MAX &&
	       r->line <= r->size && r->lines <= STS_SMTP_LINES_MAX &&
	       (r->lines < STS_SMTP_LINES_MAX || r->state >= DONE) &&
	       (r->lines == 0 || is_code(r->code)) &&
	       (r->lines > 0 || r->code == 0) &&
	       (!known || (r->digits == 0 && is_code(r->this_code) &&
			      (r->lines == 0 || r->this_code == r->code))) &&
	       r->text_len <= sizeof r->text && r->status.subject <= 999 &&
	       r->status.detail <= 999 &&
	       (r->status.class == 0 ||
		   (r->lines > 0 && r->status.class <= 5)) &&
	       line_holds(r);
}

/* Whether the octet at i, which may go into a log, is printable; proved for any
 * i. */
static bool
text_holds(const struct sts_smtp_reply *r, size_t i)
{
	return i >= r->text_len || (r->text[i] >= ' ' && r->text[i] <= '~');
}

/* @bound the initial state */
void
prove_smtp_reply_start(void)
{
	struct sts_smtp_reply r;

	sts_smtp_reply_start(&r);
	PROVE(reply_holds(&r));
	PROVE(r.text_len == 0);
	PROVE(sts_smtp_reply_why(&r) == STS_WHY_NONE);
}

/* The status code of a first line, which prove_smtp_read_status proves. */
void
read_status_contract(struct sts_smtp_reply *r)
{
	uint16_t subject = nondet_u16(), detail = nondet_u16();

	PROVE(is_code(r->code));
	PROVE(r->text_len <= sizeof r->text);
	if (nondet_bool()) {
		ASSUME(subject <= 999 && detail <= 999);
		r->status.class = (uint8_t)(r->code / 100);
		r->status.subject = subject;
		r->status.detail = detail;
	}
}

/*
 * @bound any two bytes in any state, so replies of any length: a feed carries
 * nothing but that state from byte to byte
 * @cut read_status read_status_contract
 * @loop sts_smtp_reply_feed.0 3: two bytes
 */
void
prove_smtp_reply_feed(void)
{
	struct sts_smtp_reply r, was;
	enum sts_smtp_event event;
	size_t n = nondet_bool() ? 1 : 2, used, i = nondet_size();
	uint8_t *bytes = any_bytes(n);

	ASSUME(reply_holds(&r));
	ASSUME(text_holds(&r, i));
	was = r;
	used = sts_smtp_reply_feed(&r, bytes, n, &event);
	PROVE(reply_holds(&r));
	PROVE(text_holds(&r, i));
	PROVE(used <= n);
	PROVE((used == 0) == (was.state >= DONE));
	PROVE((event == STS_SMTP_DONE) == (r.state == DONE));
	PROVE((event == STS_SMTP_BROKEN) == (r.state == BROKEN));
	/* Nothing after the end of a line is taken. */
	PROVE(event != STS_SMTP_MORE || used == n);
	PROVE(
	    event != STS_SMTP_LINE || (r.line == 0 && bytes[used - 1] == '\n'));
	PROVE(event != STS_SMTP_DONE || used == 0 || bytes[used - 1] == '\n');
	/* The reader ends: every octet taken is counted, or is the last. */
	PROVE(r.size == was.size + used || r.state == BROKEN);
	PROVE(r.lines <= was.lines + 1);
	PROVE(was.lines == 0 || r.code == was.code);
}

/*
 * @bound any text of a line
 * @loop read_status.0 13: three numbers of three digits, each with the octet
 * after it
 */
void
prove_smtp_read_status(void)
{
	struct sts_smtp_reply r;

	ASSUME(is_code(r.code));
	ASSUME(r.text_len <= sizeof r.text);
	r.status = (struct sts_smtp_status){ 0, 0, 0 };
	read_status(&r);
	PROVE(r.status.class == 0 || r.status.class == r.code / 100);
	PROVE(r.status.subject <= 999 && r.status.detail <= 999);
	PROVE(r.status.class != 3);
}

/* ---- EHLO ---- */

/* sts_text_word: any parts of the text. */
struct sts_text
word_contract(struct sts_text *rest, enum sts_blank blank)
{
	struct sts_text word = any_part(*rest);
	size_t end = (size_t)(word.p - rest->p) + word.n;

	(void)blank;
	PROVE(readable(*rest));
	*rest = sts_text(rest->p + end, rest->n - end);
	return word;
}

bool
masked_contract(struct sts_text word)
{
	PROVE(readable(word));
	return nondet_bool();
}

/*
 * @bound any complete line
 * @cut sts_text_word word_contract
 * @cut sts_same_nocase same_nocase_contract
 * @cut sts_get_decimal get_decimal_contract
 * @cut keyword_masked masked_contract
 * @loop sts_smtp_ehlo_line.0 8: seven keywords
 * @loop strlen.0 20: the longest of them
 */
void
prove_smtp_ehlo_line(void)
{
	struct sts_smtp_reply r;
	struct sts_smtp_ehlo e, was;

	ASSUME(reply_holds(&r));
	ASSUME(r.lines > 0);
	was = e;
	sts_smtp_ehlo_line(&e, &r);
	/* No line takes back what another line offered. */
	PROVE((e.offers & was.offers) == was.offers);
	PROVE(e.starttls_late || !was.starttls_late);
	/* The first line is a greeting (RFC 5321 4.1.1.1). */
	PROVE(r.lines > 1 || e.offers == was.offers);
}

/*
 * @bound a few octets, which the code looks at one by one
 * @loop keyword_masked.0 7: octets
 * @loop sts_smtp_masked.0 7: octets
 */
void
prove_smtp_masked(void)
{
	struct sts_text t = any_text(FEW);

	PROVE(!keyword_masked(t) || t.n >= MASK_MIN);
	PROVE(!sts_smtp_masked(t) || t.n >= MASK_MIN);
}

/* ---- commands ---- */

/*
 * @bound addresses of a few octets, which the code looks at one by one
 * @cut memchr memchr_contract
 * @cut sts_name_valid name_valid_contract
 * @loop local_part_valid.0 7: octets
 */
void
prove_smtp_address_valid(void)
{
	struct sts_text t = any_text(FEW);

	if (sts_smtp_address_valid(t)) {
		PROVE(t.n >= 3 && t.n <= STS_SMTP_ADDRESS_MAX);
		PROVE(t.p[0] > ' ' && t.p[0] <= '~');
	}
}

/* arg_valid: every valid argument, of which only the length counts. */
bool
arg_contract(enum arg arg, struct sts_text t)
{
	PROVE(readable(t));
	return nondet_bool() &&
	       t.n <= (arg == NO_ARG ? 0 : STS_SMTP_ADDRESS_MAX);
}

void
put_contract(struct sts_sink *s, struct sts_text t)
{
	PROVE(readable(t));
	PROVE(s->from == 0 && s->pos <= s->to);
	PROVE(t.n <= s->to - s->pos);
	s->pos += t.n;
}

size_t
put_decimal_contract(uint8_t *out, uint64_t v)
{
	size_t n = nondet_u8();

	PROVE(v <= UINT32_MAX);
	PROVE(__CPROVER_w_ok(out, 10));
	ASSUME(n >= 1 && n <= 10);
	return n;
}

/*
 * @bound every verb, arguments of every length, all parameters
 * @cut arg_valid arg_contract
 * @cut sts_sink_put put_contract
 * @cut sts_put_decimal put_decimal_contract
 * @loop strlen.0 20: the longest of the texts
 */
void
prove_smtp_command(void)
{
	uint8_t out[STS_SMTP_COMMAND_MAX];
	struct sts_text arg = any_text(2 * STS_SMTP_ADDRESS_MAX);
	struct sts_smtp_params params;
	unsigned verb = nondet_u8();
	bool mail = verb == STS_SMTP_VERB_MAIL;

	ASSUME(verb <= STS_SMTP_VERB_QUIT);
	size_t n = sts_smtp_command(out, (enum sts_smtp_verb)verb, arg,
	    mail && nondet_bool() ? &params : NULL);

	PROVE(n <= sizeof out);
	PROVE(n == 0 || n >= sizeof "QUIT\r\n" - 1);
}

/* ---- DATA ---- */

/* The invariant of what was put before: whether a line has begun, and the last
 * octet. */
static bool
stuffing_holds(const struct sts_smtp_stuffing *s)
{
	return !s->cr || !s->line;
}

/*
 * @bound any two octets in any state, into 2 to 5 octets of room: a message of
 * any length consists of such pairs
 * @loop sts_smtp_stuff.0 3: two octets
 * @loop prove_smtp_stuff.0 6: octets made
 */
void
prove_smtp_stuff(void)
{
	struct sts_smtp_stuffing s;
	size_t n = nondet_bool() ? 1 : 2, room = nondet_u8(), made, used;
	uint8_t *in = any_bytes(n), *out;

	ASSUME(room >= 2 && room <= 5);
	ASSUME(stuffing_holds(&s));
	out = any_bytes(room);
	bool line = s.line;
	bool dot = false; /* whether a line began with a dot */
	bool cr = false;

	used = sts_smtp_stuff(&s, sts_text(in, n), sts_span(out, room), &made);
	PROVE(stuffing_holds(&s));
	PROVE(used >= 1 && used <= n && made <= room);
	/* CR and LF stand only together, and no line is a single dot. */
	for (size_t i = 0; i < made; i++) {
		PROVE((out[i] == '\n') == cr);
		PROVE(!dot || out[i] == '.');
		dot = !dot && !line && out[i] == '.';
		cr = out[i] == '\r';
		line = out[i] != '\n' && (line || !cr);
	}
	PROVE(!cr && !dot);
	PROVE(s.line == line);
}

/*
 * @bound any state
 */
void
prove_smtp_stuff_end(void)
{
	struct sts_smtp_stuffing s;
	uint8_t out[STS_SMTP_STUFF_END];
	bool line = s.line;
	size_t n = sts_smtp_stuff_end(&s, out);

	PROVE(n == (line ? 5U : 3U));
	PROVE(out[n - 3] == '.' && out[n - 2] == '\r' && out[n - 1] == '\n');
	PROVE(!line || (out[0] == '\r' && out[1] == '\n'));
	PROVE(!s.line && !s.cr);
}
