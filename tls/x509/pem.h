/* SPDX-License-Identifier: MIT */
/*
 * A reader of PEM (RFC 7468), byte-fed: it reports where blocks begin and end
 * and hands their decoded bytes through.
 *
 * Example, with struct sts_text file, void (*take)(enum sts_pem_event event,
 * struct sts_text bytes):
 *
 *	struct sts_text bytes = { NULL, 0 };
 *	enum sts_pem_event event;
 *	struct sts_pem p;
 *
 *	sts_pem_begin(&p);
 *	while ((event = sts_pem_next(&p, &file, &bytes)) != STS_PEM_MORE) {
 *		take(event, bytes);
 *	}
 *	if (sts_pem_end(&p)) {
 *		take(STS_PEM_BROKEN, bytes);
 *	}
 *
 * Text between blocks is skipped. Beyond the strict grammar of RFC 7468 are
 * taken, as files from the wild have them: lines of any length, blanks
 * anywhere around the boundaries and in the base64, there also control
 * characters and octets beyond ASCII, all kinds of line ends and none (a whole
 * block in one line), a byte order mark in front of a BEGIN, an END that follows
 * the base64 or a BEGIN that follows an END in the same line, a BEGIN in place of
 * an END, bits that the padding leaves over.
 *
 * A BEGIN behind other text of its line begins no block, since that is how a
 * block is commented out; but it is reported (STS_PEM_BROKEN), as is everything
 * else that looks like a block and is none, or like the end of one, so that none
 * is lost silently.
 * One broken block does not spoil the next.
 */
#ifndef STS_TLS_PEM_H
#define STS_TLS_PEM_H

#include "../../core/base/bytes.h"

enum {
	STS_PEM_LABEL_MAX = 31,
	STS_PEM_BYTES_MAX = 192 /* handed out at once */
};

enum sts_pem_event {
	STS_PEM_MORE = 0, /* the input is used up */
	STS_PEM_BEGIN, /* a block begins: sts_pem_label */
	STS_PEM_DATA, /* decoded bytes of it */
	STS_PEM_END, /* it ends, and all of it was handed out */
	STS_PEM_BROKEN /* the block that began, or would have, is not valid */
};

enum sts_pem_fault {
	STS_PEM_FAULT_NONE = 0,
	STS_PEM_FAULT_BASE64, /* not base64, or padding missing or wrong */
	STS_PEM_FAULT_END, /* no END line, or one with another label */
	STS_PEM_FAULT_BEGIN, /* an END line without a BEGIN line */
	STS_PEM_FAULT_LINE, /* the BEGIN line is not complete */
	STS_PEM_FAULT_PLACE /* BEGIN behind other text of its line */
};

struct sts_pem {
	/* Private. */
	uint32_t line; /* from 1 */
	uint32_t block_line; /* of the last BEGIN, or what looked like one */
	uint32_t bits; /* of the quantum at hand */
	uint8_t digits; /* of it, 0..3 */
	uint8_t pads; /* that must still come */
	bool padded; /* no more digits may come */
	uint8_t state;
	uint8_t at; /* dashes, or characters of a word */
	bool open; /* between BEGIN and END */
	bool spoilt; /* what is reported as broken may still have its END */
	bool inside; /* the boundary at hand is behind other text */
	bool is_end; /* the boundary at hand is an END */
	bool same; /* its label is so far that of the open block */
	uint8_t fault;
	uint8_t label_len; /* LABEL_MAX + 1: longer */
	uint8_t end_len; /* of the label of an END */
	uint8_t out_len;
	char label[STS_PEM_LABEL_MAX + 1];
	uint8_t out[STS_PEM_BYTES_MAX];
};

/* Begin a file; *p may hold anything. */
void sts_pem_begin(struct sts_pem *p);

/*
 * Read on. `in` is advanced over what was taken. DATA: `bytes` are valid until
 * the next call. BEGIN comes before the DATA of a block, then END or BROKEN;
 * BROKEN without a BEGIN comes for what looked like the beginning or the end of
 * a block. END says that the base64 is whole, not that what it stands for is.
 */
enum sts_pem_event sts_pem_next(
    struct sts_pem *p, struct sts_text *in, struct sts_text *bytes);

/* The input is over. True: within a block or its BEGIN line, which is broken
 * thereby. */
bool sts_pem_end(struct sts_pem *p);

/* Between BEGIN and the next BEGIN: what the block is of ("CERTIFICATE"), ends
 * in NUL; a label that is too long is "". */
const char *sts_pem_label(const struct sts_pem *p);

/* After BEGIN, END, BROKEN and a true sts_pem_end: the line where the block
 * began, or where it looks as if one did; of an END without a BEGIN its own. */
uint32_t sts_pem_line(const struct sts_pem *p);

/* After BROKEN and a true sts_pem_end: what is wrong. After END: NONE, or END if a
 * BEGIN stands in the place of its END line. */
enum sts_pem_fault sts_pem_fault(const struct sts_pem *p);

#endif
