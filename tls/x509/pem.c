/* SPDX-License-Identifier: MIT */
/*
 * The PEM reader: base64 in runs, all else a step for each byte. The file is
 * the operator's, so that the danger is not an attack but a root that gets
 * lost, or one that was commented out and counts: whatever looks like a block
 * and is none is reported with its line.
 */
#include <string.h>

#include "../../core/base/assert.h"
#include "pem.h"

/*
 *	LINE -> TEXT -> LINE                            text
 *	LINE -> DASHES -> WORD -> LABEL -> BODY         BEGIN
 *	BODY -> DASHES -> WORD -> LABEL -> LINE         END
 *
 * LINE is also the state behind an END, so that a BEGIN may follow at once.
 * `open` is true from the end of a BEGIN to the end of the block, or to what
 * breaks it: then the rest of the block is text. BODY is only left for DASHES
 * or by what breaks the block.
 */
enum state {
	LINE, /* blanks, a byte order mark or a boundary may come */
	MARK, /* inside of a byte order mark */
	TEXT, /* to the end of the line */
	DASHES,
	WORD, /* "BEGIN " or "END " */
	LABEL,
	BODY
};

enum {
	DASH_COUNT = 5,
	QUANTUM = 4, /* digits of base64, */
	BYTES = 3, /* and the bytes they stand for */
	NO_DIGIT = 0x80
};

static const uint8_t mark[] = { 0xef, 0xbb, 0xbf };

static const char begin_word[] = "BEGIN ";
static const char end_word[] = "END ";

/* For every byte there is, so that none is compared with the ends. */
#define NO NO_DIGIT
static const uint8_t digits[UINT8_MAX + 1] = { NO, NO, NO, NO, NO, NO, NO, NO,
	NO, NO, NO, NO, NO, NO, NO, NO, NO, NO, NO, NO, NO, NO, NO, NO, NO, NO,
	NO, NO, NO, NO, NO, NO, NO, NO, NO, NO, NO, NO, NO, NO, NO, NO, NO, 62,
	NO, NO, NO, 63, 52, 53, 54, 55, 56, 57, 58, 59, 60, 61, NO, NO, NO, NO,
	NO, NO, NO, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16,
	17, 18, 19, 20, 21, 22, 23, 24, 25, NO, NO, NO, NO, NO, NO, 26, 27, 28,
	29, 30, 31, 32, 33, 34, 35, 36, 37, 38, 39, 40, 41, 42, 43, 44, 45, 46,
	47, 48, 49, 50, 51, NO, NO, NO, NO, NO, NO, NO, NO, NO, NO, NO, NO, NO,
	NO, NO, NO, NO, NO, NO, NO, NO, NO, NO, NO, NO, NO, NO, NO, NO, NO, NO,
	NO, NO, NO, NO, NO, NO, NO, NO, NO, NO, NO, NO, NO, NO, NO, NO, NO, NO,
	NO, NO, NO, NO, NO, NO, NO, NO, NO, NO, NO, NO, NO, NO, NO, NO, NO, NO,
	NO, NO, NO, NO, NO, NO, NO, NO, NO, NO, NO, NO, NO, NO, NO, NO, NO, NO,
	NO, NO, NO, NO, NO, NO, NO, NO, NO, NO, NO, NO, NO, NO, NO, NO, NO, NO,
	NO, NO, NO, NO, NO, NO, NO, NO, NO, NO, NO, NO, NO, NO, NO, NO, NO, NO,
	NO, NO, NO, NO, NO, NO, NO, NO, NO, NO, NO, NO };
#undef NO

STS_STATIC_ASSERT(STS_PEM_BYTES_MAX % BYTES == 0, whole_quanta);

static bool
is_line_end(uint8_t b)
{
	return b == '\n' || b == '\r';
}

static bool
is_blank(uint8_t b)
{
	return b == ' ' || (b >= '\t' && b <= '\r');
}

/* What editors and copies put between the digits: blanks, control characters
 * such as the ^Z of a DOS file, a byte order mark. OpenSSL skips them at the end
 * of a line. */
static bool
is_filler(uint8_t b)
{
	return b <= ' ' || b >= 0x7f;
}

static enum sts_pem_event
broken(struct sts_pem *p, enum sts_pem_fault fault)
{
	p->open = false;
	p->spoilt = true;
	p->fault = (uint8_t)fault;
	return STS_PEM_BROKEN;
}

/* ---- text ---- */

static enum sts_pem_event
text_byte(struct sts_pem *p, uint8_t b)
{
	p->state = TEXT;
	if (is_line_end(b)) {
		p->state = LINE;
	} else if (b == '-') {
		p->state = DASHES;
		p->inside = true;
		p->at = 1;
	}
	return STS_PEM_MORE;
}

/* ---- base64 ---- */

/* Whole quanta, as long as there is nothing else. */
static void
decode_run(struct sts_pem *p, struct sts_text *in)
{
	const uint8_t *b = in->p, *end = in->p + in->n;
	uint8_t *out = p->out + p->out_len, *full = p->out + sizeof p->out;

	while (end - b >= QUANTUM && out < full) {
		uint8_t d0 = digits[b[0]], d1 = digits[b[1]];
		uint8_t d2 = digits[b[2]], d3 = digits[b[3]];

		if (((d0 | d1 | d2 | d3) & NO_DIGIT) != 0) {
			break;
		}
		out[0] = (uint8_t)(d0 << 2 | d1 >> 4);
		out[1] = (uint8_t)(d1 << 4 | d2 >> 2);
		out[2] = (uint8_t)(d2 << 6 | d3);
		out += BYTES;
		b += QUANTUM;
	}
	p->out_len = (uint8_t)(out - p->out);
	in->n = (size_t)(end - b);
	in->p = b;
}

/* The first n bytes of a quantum whose digits are in the low `count` * 6
 * bits. */
static void
put(struct sts_pem *p, unsigned n, unsigned count)
{
	uint32_t bits = p->bits << 6 * (QUANTUM - count);

	for (unsigned i = 0; i < n; i++) {
		p->out[p->out_len++] = (uint8_t)(bits >> (16 - 8 * i));
	}
	p->digits = 0;
	p->bits = 0;
}

/* A digit by itself: at the end of a line, or of the bytes at hand. */
static void
take_digit(struct sts_pem *p, uint8_t d)
{
	p->bits = p->bits << 6 | d;
	p->digits++;
	if (p->digits == QUANTUM) {
		put(p, BYTES, QUANTUM);
	}
}

/* Decode until there is something else than digits and filler, or the bytes at
 * hand are enough. */
static void
decode(struct sts_pem *p, struct sts_text *in)
{
	while (in->n > 0 && p->out_len < sizeof p->out) {
		uint8_t b = in->p[0], d = digits[b];

		if (d == NO_DIGIT ? !is_filler(b) : p->padded) {
			return;
		}
		if (d == NO_DIGIT) {
			p->line += b == '\n';
		} else {
			take_digit(p, d);
		}
		in->p++;
		in->n--;
		if (p->digits == 0 && !p->padded) {
			decode_run(p, in);
		}
	}
}

/* "=": the digits before it are the last ones. */
static bool
pad(struct sts_pem *p)
{
	if (p->padded) {
		if (p->pads == 0) {
			return false;
		}
		p->pads--;
		return true;
	}
	if (p->digits < 2) {
		return false;
	}
	p->padded = true;
	p->pads = (uint8_t)(QUANTUM - 1 - p->digits);
	put(p, p->digits - 1U, p->digits);
	return true;
}

/* Take the byte at which decode() stopped: padding, the END, or a fault. */
static enum sts_pem_event
body_byte(struct sts_pem *p, uint8_t b)
{
	if (b == '-') {
		p->state = DASHES;
		p->at = 1;
		p->inside = false;
		return STS_PEM_MORE;
	}
	if (b == '=' && pad(p)) {
		return STS_PEM_MORE;
	}
	text_byte(p, b);
	return broken(p, STS_PEM_FAULT_BASE64);
}

/* ---- boundaries ---- */

/* The dashes were no boundary. */
static enum sts_pem_event
no_boundary(struct sts_pem *p, uint8_t b)
{
	text_byte(p, b);
	return p->open ? broken(p, STS_PEM_FAULT_BASE64) : STS_PEM_MORE;
}

static enum sts_pem_event
dashes_byte(struct sts_pem *p, uint8_t b)
{
	if (b == '-') {
		p->at = (uint8_t)(p->at + (p->at < DASH_COUNT));
		return STS_PEM_MORE;
	}
	if (p->at < DASH_COUNT || (b != 'B' && b != 'E')) {
		return no_boundary(p, b);
	}
	p->is_end = b == 'E';
	p->at = 1;
	p->state = WORD;
	return STS_PEM_MORE;
}

/* Whether all digits came that were announced. */
static bool
is_whole(const struct sts_pem *p)
{
	return p->digits == 0 && p->pads == 0;
}

/* A BEGIN where an END was expected: whoever takes the bytes sees whether they
 * are all. */
static enum sts_pem_event
end_missing(struct sts_pem *p)
{
	enum sts_pem_event event = broken(p, STS_PEM_FAULT_END);

	return is_whole(p) ? STS_PEM_END : event;
}

/* A character of the word BEGIN or END, which makes a line a boundary. */
static enum sts_pem_event
word_byte(struct sts_pem *p, uint8_t b)
{
	const char *word = p->is_end ? end_word : begin_word;

	if (b != (uint8_t)word[p->at]) {
		return no_boundary(p, b);
	}
	p->at++;
	if (word[p->at] != '\0') {
		return STS_PEM_MORE;
	}
	p->state = LABEL;
	p->at = 0;
	p->end_len = 0;
	p->same = true;
	if (p->is_end) {
		return STS_PEM_MORE;
	}
	p->label_len = 0;
	/* block_line is still that of the block that is open. */
	return p->open ? end_missing(p) : STS_PEM_MORE;
}

/* A block begins, unless it stands behind other text. */
static enum sts_pem_event
begin_line_end(struct sts_pem *p)
{
	p->block_line = p->line;
	if (p->inside) {
		p->state = TEXT;
		return broken(p, STS_PEM_FAULT_PLACE);
	}
	if (p->label_len > STS_PEM_LABEL_MAX) {
		p->label_len = 0;
	}
	p->label[p->label_len] = '\0';
	p->state = BODY;
	p->open = true;
	p->spoilt = false;
	p->fault = STS_PEM_FAULT_NONE;
	p->padded = false;
	p->pads = 0;
	p->digits = 0;
	p->bits = 0;
	return STS_PEM_BEGIN;
}

/* An END outside of a block: of one that is reported, or of one whose BEGIN
 * nobody would recognize. */
static enum sts_pem_event
end_alone(struct sts_pem *p)
{
	enum sts_pem_event event = STS_PEM_MORE;

	if (!p->spoilt) {
		p->block_line = p->line;
		event = broken(p, STS_PEM_FAULT_BEGIN);
	}
	p->spoilt = false;
	return event;
}

static enum sts_pem_event
end_line_end(struct sts_pem *p)
{
	bool good = p->same && p->end_len == p->label_len && is_whole(p);
	enum sts_pem_event event = STS_PEM_END;

	p->state = LINE;
	if (!p->open) {
		return end_alone(p);
	}
	if (!good) {
		event = broken(
		    p, is_whole(p) ? STS_PEM_FAULT_END : STS_PEM_FAULT_BASE64);
	}
	p->open = p->spoilt = false;
	return event;
}

/* The line ended within a boundary. */
static enum sts_pem_event
boundary_cut(struct sts_pem *p)
{
	p->state = LINE;
	if (p->is_end) {
		enum sts_pem_event event =
		    p->open ? broken(p, STS_PEM_FAULT_END) : end_alone(p);

		p->spoilt = false;
		return event;
	}
	if (p->inside) {
		return STS_PEM_MORE;
	}
	p->block_line = p->line;
	return broken(p, STS_PEM_FAULT_LINE);
}

/* A character of a label: of a BEGIN it is kept, of an END compared. */
static void
label_char(struct sts_pem *p, uint8_t b)
{
	if (p->is_end) {
		p->same = p->same && p->end_len < p->label_len &&
			  p->label[p->end_len] == (char)b;
		p->end_len = (uint8_t)(p->end_len + p->same);
		return;
	}
	if (p->label_len < STS_PEM_LABEL_MAX) {
		p->label[p->label_len++] = (char)b;
	} else {
		p->label_len = STS_PEM_LABEL_MAX + 1;
	}
}

static enum sts_pem_event
label_byte(struct sts_pem *p, uint8_t b)
{
	if (is_line_end(b)) {
		return boundary_cut(p);
	}
	if (b == '-') {
		p->at++;
		if (p->at < DASH_COUNT) {
			return STS_PEM_MORE;
		}
		return p->is_end ? end_line_end(p) : begin_line_end(p);
	}
	/* Fewer dashes are part of the label. */
	for (; p->at > 0; p->at--) {
		label_char(p, '-');
	}
	label_char(p, b);
	return STS_PEM_MORE;
}

/* ---- all of it ---- */

static enum sts_pem_event
line_byte(struct sts_pem *p, uint8_t b)
{
	if (b == '-') {
		p->state = DASHES;
		p->inside = false;
		p->at = 1;
	} else if (b == mark[0]) {
		p->state = MARK;
		p->at = 1;
	} else if (!is_blank(b)) {
		p->state = TEXT;
	}
	return STS_PEM_MORE;
}

static enum sts_pem_event
mark_byte(struct sts_pem *p, uint8_t b)
{
	if (b != mark[p->at]) {
		return text_byte(p, b);
	}
	p->at++;
	p->state = p->at == sizeof mark ? LINE : MARK;
	return STS_PEM_MORE;
}

static enum sts_pem_event
step(struct sts_pem *p, uint8_t b)
{
	switch ((enum state)p->state) {
	case LINE:
		return line_byte(p, b);
	case MARK:
		return mark_byte(p, b);
	case TEXT:
		return text_byte(p, b);
	case DASHES:
		return dashes_byte(p, b);
	case WORD:
		return word_byte(p, b);
	case LABEL:
		return label_byte(p, b);
	default:
		return body_byte(p, b);
	}
}

void
sts_pem_begin(struct sts_pem *p)
{
	memset(p, 0, sizeof *p);
	p->line = 1;
	p->state = LINE;
}

enum sts_pem_event
sts_pem_next(struct sts_pem *p, struct sts_text *in, struct sts_text *bytes)
{
	enum sts_pem_event event = STS_PEM_MORE;

	p->out_len = 0;
	while (in->n > 0 && event == STS_PEM_MORE && p->out_len == 0) {
		if (p->state == BODY) {
			decode(p, in);
		}
		if (in->n > 0 && p->out_len == 0) {
			uint8_t b = in->p[0];

			in->p++;
			in->n--;
			event = step(p, b);
			p->line += b == '\n';
		}
	}
	if (p->out_len > 0) {
		STS_ASSERT(event == STS_PEM_MORE);
		*bytes = sts_text(p->out, p->out_len);
		event = STS_PEM_DATA;
	}
	return event;
}

bool
sts_pem_end(struct sts_pem *p)
{
	enum sts_pem_event event = STS_PEM_MORE;

	if (p->open) {
		event = broken(p, STS_PEM_FAULT_END);
	} else if (p->state == LABEL) {
		event = boundary_cut(p);
	}
	p->state = LINE;
	return event != STS_PEM_MORE;
}

const char *
sts_pem_label(const struct sts_pem *p)
{
	return p->label;
}

uint32_t
sts_pem_line(const struct sts_pem *p)
{
	return p->block_line;
}

enum sts_pem_fault
sts_pem_fault(const struct sts_pem *p)
{
	return (enum sts_pem_fault)p->fault;
}
