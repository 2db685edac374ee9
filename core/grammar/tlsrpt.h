/* SPDX-License-Identifier: MIT */
/*
 * The TXT record at _smtp._tls (RFC 8460 3): where reports about a domain go.
 *
 *	struct sts_tlsrpt r;
 *	struct sts_tlsrpt_rua it;
 *	struct sts_tlsrpt_to to;
 *
 *	sts_tlsrpt_start(&r);
 *	for each TXT record { for each byte b: sts_tlsrpt_byte(&r, b);
 *		sts_tlsrpt_end(&r); }
 *	if (sts_tlsrpt_result(&r) == STS_FOUND) {
 *		sts_tlsrpt_rua_begin(&it, sts_tlsrpt_text(&r));
 *		while (sts_tlsrpt_rua_next(&it, &to)) { send to it }
 *	}
 *
 * Records that do not begin with "v=TLSRPTv1;" are discarded before counting;
 * of the rest, the candidates, there must be exactly one. WSP before the first
 * ";" is accepted, as the ABNF has it and Postfix takes it.
 *
 * A candidate that breaks the grammar is no record. A fault in one URI of a rua
 * concerns that URI alone: reports are still sent to the others. Of several rua
 * the first counts.
 *
 * The owner of a domain is a stranger who chooses where we send, so less is
 * accepted than a URI may be:
 *
 *	mailto:	local@domain after percent-decoding; printable ASCII without
 *		<>()[]\,;:" and space; a domain of two labels or more, no
 *		address literal. What follows "?" is ignored.
 *	https:	a host name of two labels or more, port 443 if any, no user. The
 *		path and query are printable ASCII and stay percent-encoded;
 *		"#" and what follows is left out.
 *
 * Neither has a domain below localhost, localdomain, local, internal or onion,
 * or named localhost.something: the meaning of such names depends on our relay
 * or resolver.
 *
 * Other schemes are skipped, and mailto where there is no mail (STS_SMTP 0). A "!" that is not percent-encoded (a size, as
 * DMARC has it) makes a URI invalid: RFC 8460 3 has no such thing.
 */
#ifndef STS_TLSRPT_H
#define STS_TLSRPT_H

#include "../base/bytes.h"
#include "../base/name.h"
#include "../base/sts_config.h"
#include "../base/why.h"

enum {
	STS_TLSRPT_LOCAL_MAX = 64, /* RFC 5321 4.5.3.1.1 */
	STS_TLSRPT_ADDRESS_MAX = STS_TLSRPT_LOCAL_MAX + 1 + STS_NAME_MAX,
	STS_TLSRPT_RUA_MAX = 4 /* destinations of one record that are used */
};

struct sts_tlsrpt {
	/* Private. */
	uint16_t len; /* of text */
	uint8_t state;
	uint8_t at; /* bytes seen of the version, or of a field's name */
	uint8_t candidates; /* 0, 1, or 2 for several */
	bool invalid, over; /* a candidate is; is longer than text */
	bool is_rua; /* the field is a rua, or may become one */
	bool own; /* the current record is the first candidate */
	uint8_t text[STS_TLSRPT_RECORD_MAX]; /* the first candidate */
};

/* Begin to judge a set of TXT records. */
void sts_tlsrpt_start(struct sts_tlsrpt *r);

/* The next byte of the current record; strings of one record are joined.
 * O(1) */
void sts_tlsrpt_byte(struct sts_tlsrpt *r, uint8_t b);

/* The current record is over; the next byte begins another. */
void sts_tlsrpt_end(struct sts_tlsrpt *r);

/*
 * The verdict on the records that were ended. FOUND: exactly one candidate,
 * and it is valid. ABSENT: none, several, or one that breaks the grammar:
 * the domain wants no reports. UNKNOWN: the one candidate is longer than
 * STS_TLSRPT_RECORD_MAX, which is our limit and no verdict about the domain.
 */
enum sts_found sts_tlsrpt_result(const struct sts_tlsrpt *r);

/* The record as it was published; valid if the result is FOUND, as long as
 * r. */
struct sts_text sts_tlsrpt_text(const struct sts_tlsrpt *r);

/*
 * Whether a text is a record by its version: "v=TLSRPTv1" *WSP ";". That is all
 * that a mail server has checked of a record that it passes on.
 */
bool sts_tlsrpt_begins(struct sts_text record);

/* Take one octet off *t, which is not empty, percent-decoded (RFC 3986 2.1);
 * -1, and *t unchanged: a "%" without two digits. */
int sts_tlsrpt_octet(struct sts_text *t);

enum sts_tlsrpt_scheme {
	STS_TLSRPT_MAILTO,
	STS_TLSRPT_HTTPS
};

/* One destination. */
struct sts_tlsrpt_to {
	enum sts_tlsrpt_scheme scheme;
	unsigned number; /* 0.. among the destinations of the record: stable */
	/* MAILTO: the address, decoded. Its domain is the last domain_len
	 * octets and in lower case. */
	uint16_t address_len;
	uint16_t domain_len;
	uint8_t address[STS_TLSRPT_ADDRESS_MAX];
	/* HTTPS: parts of the record. The host is as it was written; the path,
	 * with its query, is empty or begins with "/" or "?": a "/" belongs
	 * before an empty one and before "?". */
	struct sts_text host, path;
};

/* The destinations of one record, one after another. */
struct sts_tlsrpt_rua {
	unsigned skipped; /* URIs so far that nothing can be sent to */
	/* Private. */
	unsigned given;
	struct sts_text all, rest; /* the value of rua; what is yet to come */
};

/* Begin with the destinations of a record, which may be any text (a mail server
 * checks no more than how it begins) and must stay as long as `it`. */
void sts_tlsrpt_rua_begin(struct sts_tlsrpt_rua *it, struct sts_text record);

/*
 * The next valid destination, written to *to. False: there are no more, or
 * STS_TLSRPT_RUA_MAX were given; *to is unspecified. A URI that stood before in
 * the same record, octet by octet, is passed over and not counted: RFC 8460 3
 * does not forbid it, and the destination gets one report. O(length of the rua,
 * squared) at worst, over all calls.
 */
bool sts_tlsrpt_rua_next(struct sts_tlsrpt_rua *it, struct sts_tlsrpt_to *to);

/* After it returned false: whether there are other URIs behind the
 * STS_TLSRPT_RUA_MAX that were given. */
static inline bool
sts_tlsrpt_rua_more(const struct sts_tlsrpt_rua *it)
{
	return it->rest.n > 0;
}

#endif
