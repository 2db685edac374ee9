/* SPDX-License-Identifier: MIT */
/*
 * A report as a mail. Header and footer are rendered into a sink, piece by
 * piece as in report.c; between them are lines of base64, each of 57 octets of
 * the compressed report.
 *
 *	HEADER -> LINE... -> FOOTER -> DONE
 *
 * Valid in every stage: `off`, the octets of the element at hand that were
 * read. Valid in LINE: raw[0..raw_len), the octets of the line at hand, of
 * which only the last line has fewer than 57.
 *
 * Invariants: an element is rendered anew for each piece of it, so what it is
 * made of must not change meanwhile: config and letter are borrowed and stay,
 * the domain is pinned in the tally by the owner. If the domain goes all the
 * same, reading ends (sts_report_mail_gone), and the mail must not be
 * completed.
 *
 * A stranger chooses the recipient and the domain, and his words stand in the
 * report. The recipient is an address that core/grammar/tlsrpt.h took, the
 * domain a name of letters, digits, hyphens and dots, so neither can add a
 * header; the report itself is base64. The boundary begins "--=_", which no
 * line of base64 and none of our text does.
 */
#include <string.h>

#include "../base/assert.h"
#include "../base/text.h"
#include "report_mail.h"

enum stage {
	HEADER = 0,
	LINE,
	FOOTER,
	DONE
};

enum {
	RANDOM_DIGITS = 16,
	TIME_LEN = 8, /* 23:59:59 */
	DATE_ROOM = 10 + TIME_LEN,
	DAY_S = 86400
};

/* The values that are filled into the texts below: "$a" is the first. */
enum value {
	DOMAIN = 0, /* that the report is about */
	SUBMITTER,
	CONTACT,
	TO,
	ID,
	FILE_NAME,
	MEDIA_TYPE,
	DATE, /* of the report */
	WEEKDAY, /* of the mail, and its day, month, year and time */
	DAY,
	MONTH,
	YEAR,
	TIME,
	RANDOM, /* No line of base64, and none of ours, begins with "--=_". */
	VALUES
};

/* RFC 8460 5.3, RFC 5322; two parts, one for people. */
static const char header[] =
    "Date: $i, $j $k $l $m +0000\r\n"
    "From: $c\r\n"
    "To: $d\r\n"
    "Message-ID: <$n@$b>\r\n"
    "Subject: Report Domain: $a\r\n"
    " Submitter: $b\r\n"
    " Report-ID: <$e@$b>\r\n"
    "TLS-Report-Domain: $a\r\n"
    "TLS-Report-Submitter: $b\r\n"
    "TLS-Required: No\r\n"
    "Auto-Submitted: auto-generated\r\n"
    "MIME-Version: 1.0\r\n"
    "Content-Type: multipart/report; report-type=\"tlsrpt\";\r\n"
    " boundary=\"=_$n\"\r\n"
    "\r\n"
    "--=_$n\r\n"
    "Content-Type: text/plain; charset=us-ascii\r\n"
    "\r\n"
    "This is an aggregate TLS report (RFC 8460) about mail to\r\n"
    "$a\r\n"
    "on $h (UTC), from\r\n"
    "$b\r\n"
    "--=_$n\r\n"
    "Content-Type: $g; name=\"$f\"\r\n"
    "Content-Disposition: attachment; filename=\"$f\"\r\n"
    "Content-Transfer-Encoding: base64\r\n"
    "\r\n";

static void
put_two(uint8_t *out, uint32_t v)
{
	out[0] = (uint8_t)('0' + v / 10 % 10);
	out[1] = (uint8_t)('0' + v % 10);
}

static struct sts_text
name_of(const char *names, uint32_t i)
{
	return sts_text((const uint8_t *)names + (size_t)3 * i, 3);
}

/* RFC 5322 3.3, in UTC; in `room`. */
static void
fill_date(
    struct sts_text values[VALUES], uint64_t now_s, uint8_t room[DATE_ROOM])
{
	static const char days[] = "ThuFriSatSunMonTueWed";
	static const char months[] = "JanFebMarAprMayJunJulAugSepOctNovDec";
	uint32_t day = (uint32_t)(now_s / DAY_S);
	uint32_t second = (uint32_t)(now_s % DAY_S);
	uint8_t *time = room + 10;

	sts_report_date(room, day);
	memcpy(time, "00:00:00", TIME_LEN);
	put_two(time, second / 3600);
	put_two(time + 3, second / 60 % 60);
	put_two(time + 6, second % 60);
	values[WEEKDAY] = name_of(days, day % 7);
	values[DAY] = sts_text(room + 8, 2);
	values[MONTH] =
	    name_of(months, 10U * room[5] + room[6] - 11U * '0' - 1U);
	values[YEAR] = sts_text(room, 4);
	values[TIME] = sts_text(time, TIME_LEN);
}

static struct sts_text
fill_random(const struct sts_report_mail *m, uint8_t room[RANDOM_DIGITS])
{
	struct sts_sink s = { 0, 0, RANDOM_DIGITS, room };

	sts_sink_hex(&s, m->letter->random, RANDOM_DIGITS);
	return sts_text(room, RANDOM_DIGITS);
}

static void
put_header(struct sts_sink *s, const struct sts_report_mail *m)
{
	const struct sts_report *r = &m->gzip.report;
	struct sts_tally_domain d;
	struct sts_text values[VALUES];
	uint8_t name[STS_NAME_MAX], id[STS_REPORT_ID_MAX];
	uint8_t file[STS_REPORT_FILE_MAX], date[10];
	uint8_t written[DATE_ROOM], random[RANDOM_DIGITS];

	sts_tally_domain(r->tally, r->domain, &d);
	sts_report_date(date, d.day);
	fill_date(values, m->letter->now_s, written);
	values[DOMAIN] = sts_tally_copy(r->tally, d.name, name, sizeof name);
	values[SUBMITTER] = m->config->submitter;
	values[CONTACT] = m->config->contact;
	values[TO] = m->letter->to;
	values[ID] = sts_report_id(r->tally, r->domain, r->config, id);
	values[FILE_NAME] =
	    sts_report_file(r->tally, r->domain, r->config, file);
	values[MEDIA_TYPE] = sts_text_of(STS_REPORT_MEDIA_TYPE);
	values[DATE] = sts_text(date, sizeof date);
	values[RANDOM] = fill_random(m, random);
	sts_sink_form(s, header, values);
}

/* The octets at hand as a line (RFC 4648 4). */
static void
put_line(struct sts_sink *s, const struct sts_report_mail *m)
{
	static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
				     "abcdefghijklmnopqrstuvwxyz0123456789+/";

	for (size_t i = 0; i < m->raw_len; i += 3) {
		size_t left = (size_t)m->raw_len - i;
		uint32_t v = (uint32_t)m->raw[i] << 16;
		uint8_t out[4];

		v |= left > 1 ? (uint32_t)m->raw[i + 1] << 8 : 0;
		v |= left > 2 ? m->raw[i + 2] : 0;
		for (unsigned k = 0; k < 4; k++) {
			out[k] = k <= left
				     ? (uint8_t)digits[v >> (18 - 6 * k) & 63]
				     : (uint8_t)'=';
		}
		sts_sink_put(s, sts_text(out, sizeof out));
	}
	sts_sink_string(s, "\r\n");
}

static void
put_footer(struct sts_sink *s, const struct sts_report_mail *m)
{
	uint8_t random[RANDOM_DIGITS];
	struct sts_text boundary = fill_random(m, random);

	sts_sink_form(s, "--=_$a--\r\n", &boundary);
}

/* Read the octets of the next line, or go on to the footer. */
static void
next_line(struct sts_report_mail *m)
{
	size_t n;

	m->raw_len = 0;
	do {
		n = sts_report_gzip_read(&m->gzip,
		    sts_span(m->raw + m->raw_len, sizeof m->raw - m->raw_len));
		m->raw_len = (uint8_t)(m->raw_len + n);
	} while (n > 0 && m->raw_len < sizeof m->raw);
	m->stage = m->raw_len > 0 ? LINE : FOOTER;
}

void
sts_report_mail_begin(struct sts_report_mail *m, const struct sts_tally *t,
    uint32_t ref, const struct sts_report_config *config,
    const struct sts_report_letter *letter)
{
	memset(m, 0, sizeof *m);
	m->config = config;
	m->letter = letter;
	sts_report_gzip_begin(&m->gzip, t, ref, config);
}

static void
put_element(struct sts_sink *s, const struct sts_report_mail *m)
{
	if (m->stage == HEADER) {
		put_header(s, m);
	} else if (m->stage == LINE) {
		put_line(s, m);
	} else {
		put_footer(s, m);
	}
}

size_t
sts_report_mail_read(struct sts_report_mail *m, struct sts_span out)
{
	size_t n = 0;

	STS_ASSERT(out.n > 0);
	while (m->stage != DONE && n < out.n && !sts_report_mail_gone(m)) {
		size_t to = m->off + (out.n - n);
		struct sts_sink s = { 0, m->off, to, out.p + n };

		put_element(&s, m);
		if (s.pos > to) {
			n = out.n;
			m->off = to;
			continue;
		}
		n += s.pos - m->off;
		m->off = 0;
		if (m->stage == FOOTER) {
			m->stage = DONE;
		} else {
			next_line(m);
		}
	}
	return n;
}

bool
sts_report_mail_gone(const struct sts_report_mail *m)
{
	return sts_report_gone(&m->gzip.report);
}
