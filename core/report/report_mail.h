/* SPDX-License-Identifier: MIT */
/*
 * A report as a mail (RFC 8460 5.3): header, a part for people, and the report,
 * compressed, in base64; read in pieces of any size. Lines end in CRLF, none is
 * longer than 998 octets; no line begins with a dot, and the text is ASCII
 * throughout, so SMTP's DATA takes it as it is.
 *
 *	struct sts_report_letter letter = { to, now_s, random };
 *
 *	sts_report_mail_begin(&m, &tally, ref, &config, &letter);
 *	while ((n = sts_report_mail_read(&m, room)) > 0) { send room.p[0..n) }
 *
 * Headers: Date, From (the contact), To, Message-ID, Subject,
 * TLS-Report-Domain, TLS-Report-Submitter (the domain of the contact),
 * TLS-Required: No (RFC 8689: a report about broken TLS must not be stopped by
 * it, and its session is not to be reported again), Auto-Submitted,
 * MIME-Version, Content-Type. The relay adds DKIM.
 */
#ifndef STS_REPORT_MAIL_H
#define STS_REPORT_MAIL_H

#include "report_gzip.h"

/* What a mail needs besides the report; borrowed as long as the mail is
 * read. */
struct sts_report_letter {
	struct sts_text to; /* local@domain, as sts_tlsrpt_to.address */
	uint64_t now_s; /* since 1970, for Date */
	uint64_t random; /* for Message-ID and boundary; another for each mail,
	                    the same when one is read again */
};

struct sts_report_mail {
	/* Private. */
	const struct sts_report_config *config;
	const struct sts_report_letter *letter;
	uint8_t stage;
	uint8_t raw_len;
	size_t off; /* octets of the element at hand that were read */
	uint8_t raw[57]; /* of the report: a line of base64 */
	struct sts_report_gzip gzip;
};

/* Begin, as sts_report_begin; letter must stay, too. */
void sts_report_mail_begin(struct sts_report_mail *m, const struct sts_tally *t,
    uint32_t ref, const struct sts_report_config *config,
    const struct sts_report_letter *letter);

/* Write the next octets to out (at least 1 of room). Returns how many; 0: the
 * end. */
size_t sts_report_mail_read(struct sts_report_mail *m, struct sts_span out);

/* Whether the domain left the tally before the mail's end (sts_report_gone). */
bool sts_report_mail_gone(const struct sts_report_mail *m);

#endif
