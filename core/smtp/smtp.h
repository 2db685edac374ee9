/* SPDX-License-Identifier: MIT */
/*
 * SMTP's bytes (RFC 5321), without any state of a dialogue: replies read octet
 * by octet, the keywords of EHLO, commands written, a message made ready for
 * DATA. A codec: smtp_probe.h and smtp_submit.h are the engines.
 *
 * Example, with const uint8_t *bytes, size_t n, void (*report)(unsigned code):
 *
 *	struct sts_smtp_reply r;
 *	struct sts_smtp_ehlo e = { 0 };
 *	enum sts_smtp_event event = STS_SMTP_MORE;
 *
 *	sts_smtp_reply_start(&r);
 *	while (n > 0 && event < STS_SMTP_DONE) {
 *		size_t used = sts_smtp_reply_feed(&r, bytes, n, &event);
 *
 *		if (event == STS_SMTP_LINE || event == STS_SMTP_DONE) {
 *			sts_smtp_ehlo_line(&e, &r);
 *		}
 *		bytes += used;
 *		n -= used;
 *	}
 *	if (event == STS_SMTP_DONE) {
 *		report(r.code);
 *	}
 *
 * A reply is lines of a code, then "-" where another line follows, or a blank
 * or nothing where none does, then text. The code is the same in every line. A
 * line may end in LF alone, as many servers write in their error paths, and CR
 * is ignored; NUL is refused. A line over STS_SMTP_LINE_MAX octets, more than
 * STS_SMTP_LINES_MAX lines or STS_SMTP_REPLY_MAX octets together are refused as
 * too large.
 */
#ifndef STS_SMTP_H
#define STS_SMTP_H

#include "../base/bytes.h"
#include "../base/sts_config.h"
#include "../base/why.h"

enum {
	STS_SMTP_LOCAL_MAX = 64, /* octets before the @ (RFC 5321 4.5.3.1.1) */
	STS_SMTP_ADDRESS_MAX = 254, /* of an address: its path has 256 */
	STS_SMTP_COMMAND_MAX = 512 /* with the line end (4.5.3.1.4) */
};

enum sts_smtp_event {
	STS_SMTP_MORE = 0, /* a line is not over yet */
	STS_SMTP_LINE, /* a line is over, another one follows */
	STS_SMTP_DONE, /* the last line is over */
	STS_SMTP_BROKEN /* for good; sts_smtp_reply_why has the reason */
};

/* An enhanced status code (RFC 3463): 5.7.1 is { 5, 7, 1 }. */
struct sts_smtp_status {
	uint8_t class; /* 2, 4 or 5, as the code begins; 0: there is none */
	uint16_t subject, detail; /* 0..999 */
};

struct sts_smtp_reply {
	/* Private. */
	uint8_t state, why, digits;
	bool more; /* another line follows this one */
	uint16_t line; /* octets of this line */
	uint16_t this_code; /* of this line */

	/* Once a line is over. */
	uint16_t code; /* 200..599 */
	uint16_t lines; /* that are over */
	uint16_t size; /* octets of the reply so far */
	struct sts_smtp_status status; /* of the first line (RFC 2034 4) */
	uint8_t text_len;
	/* The first octets of this line's text. Octets that are not printable
	 * ASCII are "?", so that the text may go into a log. */
	uint8_t text[STS_SMTP_TEXT];
};

/* Begin a reply; *r may hold anything. */
void sts_smtp_reply_start(struct sts_smtp_reply *r);

/*
 * Take up to n (>= 1) octets. Returns how many were used, >= 1 while nothing is
 * DONE or BROKEN, and never beyond the end of a line: octets behind a reply do
 * not belong to it.
 */
size_t sts_smtp_reply_feed(struct sts_smtp_reply *r, const uint8_t *bytes,
    size_t n, enum sts_smtp_event *event);

/* The reason of BROKEN: smtp-reply-large or smtp-malformed; else NONE. */
enum sts_why sts_smtp_reply_why(const struct sts_smtp_reply *r);

/* The text of the line that has ended; it points into r. */
struct sts_text sts_smtp_reply_text(const struct sts_smtp_reply *r);

/* Extensions of EHLO that matter. */
enum {
	STS_SMTP_STARTTLS = 1, /* RFC 3207 */
	STS_SMTP_SIZE = 2, /* RFC 1870 */
	STS_SMTP_8BITMIME = 4, /* RFC 6152 */
	STS_SMTP_PIPELINING = 8, /* RFC 2920 */
	STS_SMTP_SMTPUTF8 = 0x10, /* RFC 6531 */
	STS_SMTP_REQUIRETLS = 0x20, /* RFC 8689 */
	STS_SMTP_ENHANCED = 0x40, /* ENHANCEDSTATUSCODES, RFC 2034 */
	STS_SMTP_MASKED = 0x80 /* a middlebox wrote X or * over a keyword */
};

/* What a server offers; all zeros: nothing. */
struct sts_smtp_ehlo {
	uint8_t offers; /* the bits above */
	/* STARTTLS ends behind the first 2,048 octets of the reply, where
	 * Postfix was seen to miss it. */
	bool starttls_late;
	uint64_t size_max; /* octets of a message; 0: no limit is named */
};

/* A line of the reply to EHLO is over. The first one has no keyword. */
void sts_smtp_ehlo_line(
    struct sts_smtp_ehlo *e, const struct sts_smtp_reply *r);

/* Whether a middlebox seems to have written over this greeting: "****". */
bool sts_smtp_masked(struct sts_text greeting);

/*
 * Whether a machine may call itself this in EHLO: a name of at least two
 * labels, the first of which is not localhost. Servers refuse others.
 */
bool sts_smtp_helo_valid(struct sts_text name);

/*
 * Whether t can stand between the brackets of MAIL and RCPT: a local part of up
 * to 64 octets, "@", a host name; printable ASCII without blanks, quotes,
 * backslashes or any of <>()[],;: so that nothing can end the command.
 */
bool sts_smtp_address_valid(struct sts_text t);

enum sts_smtp_verb {
	STS_SMTP_VERB_EHLO, /* arg: our name */
	STS_SMTP_VERB_HELO, /* arg: our name */
	STS_SMTP_VERB_STARTTLS,
	STS_SMTP_VERB_MAIL, /* arg: an address, or empty */
	STS_SMTP_VERB_RCPT, /* arg: an address */
	STS_SMTP_VERB_DATA,
	STS_SMTP_VERB_QUIT
};

/* Parameters of MAIL, to be used where EHLO offers them. */
struct sts_smtp_params {
	uint32_t size; /* SIZE=, 0: left out */
	bool body_8bit; /* BODY=8BITMIME */
};

/*
 * Write a command with its line end to out, which has STS_SMTP_COMMAND_MAX
 * octets. params: of MAIL; NULL: none. Returns the length, or 0: the verb does
 * not take this argument (sts_smtp_address_valid, sts_name_valid). So no text
 * of a stranger can end a command and begin another.
 */
size_t sts_smtp_command(uint8_t *out, enum sts_smtp_verb verb,
    struct sts_text arg, const struct sts_smtp_params *params);

/*
 * A message on its way into DATA: every line end (LF, CR LF, or CR alone)
 * becomes CR LF, and a line that begins with a dot gets another one (RFC 5321
 * 4.5.2), so that no message can end DATA before its end, whatever is taken
 * for a line end on the way.
 */
struct sts_smtp_stuffing {
	/* Private. */
	bool line; /* a line has begun */
	bool cr; /* the last octet was CR */
};

/* The same as all zeros. */
void sts_smtp_stuff_start(struct sts_smtp_stuffing *s);

/*
 * Take octets of `in` while `out`, which has 2 octets at least, has room for
 * what they become. Returns how many were taken, >= 1 if in.n >= 1; *made
 * octets are in out.
 */
size_t sts_smtp_stuff(struct sts_smtp_stuffing *s, struct sts_text in,
    struct sts_span out, size_t *made);

/* The message has ended: write the end of DATA, STS_SMTP_STUFF_END octets at
 * most; a last line without an end gets one. Returns the length. */
enum {
	STS_SMTP_STUFF_END = 5
};
size_t sts_smtp_stuff_end(struct sts_smtp_stuffing *s, uint8_t *out);

#endif
