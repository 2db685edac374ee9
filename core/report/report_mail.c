/* SPDX-License-Identifier: MIT */
/*
 * A report as a mail: what stands before it and behind it is rendered into a
 * sink, piece by piece as in report.c; between them are lines of base64, each
 * of 57 octets of the compressed report.
 *
 *	HEADER -> LINE... -> FOOTER -> DONE
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
	DAY_S = 86400
};

/* name, value, CRLF. */
static void
put_field(struct sts_sink *s, const char *name, struct sts_text value)
{
	sts_sink_string(s, name);
	sts_sink_put(s, value);
	sts_sink_string(s, "\r\n");
}

static void
put_two(uint8_t *out, uint64_t v)
{
	out[0] = (uint8_t)('0' + v / 10 % 10);
	out[1] = (uint8_t)('0' + v % 10);
}

/* RFC 5322 3.3, in UTC. */
static void
put_date(struct sts_sink *s, uint64_t now_s)
{
	static const char days[] = "ThuFriSatSunMonTueWed";
	static const char months[] = "JanFebMarAprMayJunJulAugSepOctNovDec";
	uint32_t day = (uint32_t)(now_s / DAY_S);
	uint64_t second = now_s % DAY_S;
	uint8_t date[10], time[8] = { 0, 0, ':', 0, 0, ':', 0, 0 };
	unsigned month;

	sts_report_date(date, day);
	month = (unsigned)(10 * (date[5] - '0') + date[6] - '0' - 1);
	put_two(time, second / 3600);
	put_two(time + 3, second / 60 % 60);
	put_two(time + 6, second % 60);
	sts_sink_string(s, "Date: ");
	sts_sink_put(
	    s, sts_text((const uint8_t *)days + (size_t)3 * (day % 7), 3));
	sts_sink_string(s, ", ");
	sts_sink_put(s, sts_text(date + 8, 2));
	sts_sink_string(s, " ");
	sts_sink_put(
	    s, sts_text((const uint8_t *)months + (size_t)3 * month, 3));
	sts_sink_string(s, " ");
	sts_sink_put(s, sts_text(date, 4));
	sts_sink_string(s, " ");
	sts_sink_put(s, sts_text(time, sizeof time));
	sts_sink_string(s, " +0000\r\n");
}

static void
put_boundary(struct sts_sink *s, const struct sts_report_mail *m)
{
	/* No line of base64, and none of ours, begins with "--=_". */
	sts_sink_string(s, "=_");
	sts_sink_hex(s, m->letter->random, RANDOM_DIGITS);
}

/* The header of the mail. `domain` is what the report is about. */
static void
put_head(
    struct sts_sink *s, const struct sts_report_mail *m, struct sts_text domain)
{
	const struct sts_report *r = &m->gzip.report;
	struct sts_text submitter = m->config->submitter;
	uint8_t id[STS_REPORT_ID_MAX];

	put_date(s, m->letter->now_s);
	put_field(s, "From: ", m->config->contact);
	put_field(s, "To: ", m->letter->to);
	sts_sink_string(s, "Message-ID: <");
	sts_sink_hex(s, m->letter->random, RANDOM_DIGITS);
	sts_sink_string(s, "@");
	sts_sink_put(s, submitter);
	sts_sink_string(s, ">\r\n");
	put_field(s, "Subject: Report Domain: ", domain);
	put_field(s, " Submitter: ", submitter);
	sts_sink_string(s, " Report-ID: <");
	sts_sink_put(s, sts_report_id(r->tally, r->domain, r->config, id));
	sts_sink_string(s, "@");
	sts_sink_put(s, submitter);
	sts_sink_string(s, ">\r\n");
	put_field(s, "TLS-Report-Domain: ", domain);
	put_field(s, "TLS-Report-Submitter: ", submitter);
	sts_sink_string(s,
	    "TLS-Required: No\r\n"
	    "Auto-Submitted: auto-generated\r\n"
	    "MIME-Version: 1.0\r\n"
	    "Content-Type: multipart/report; report-type=\"tlsrpt\";\r\n"
	    " boundary=\"");
	put_boundary(s, m);
	sts_sink_string(s, "\"\r\n\r\n");
}

/* The part for people, and the header of the report's. */
static void
put_parts(struct sts_sink *s, const struct sts_report_mail *m,
    struct sts_text domain, uint32_t day)
{
	const struct sts_report *r = &m->gzip.report;
	uint8_t date[10], room[STS_REPORT_FILE_MAX];
	struct sts_text file =
	    sts_report_file(r->tally, r->domain, r->config, room);

	sts_report_date(date, day);
	sts_sink_string(s, "--");
	put_boundary(s, m);
	sts_sink_string(s,
	    "\r\nContent-Type: text/plain; charset=us-ascii\r\n\r\n"
	    "This is an aggregate TLS report (RFC 8460) about mail to\r\n");
	put_field(s, "", domain);
	sts_sink_string(s, "on ");
	sts_sink_put(s, sts_text(date, sizeof date));
	put_field(s, " (UTC), from\r\n", m->config->submitter);
	sts_sink_string(s, "--");
	put_boundary(s, m);
	sts_sink_string(s, "\r\nContent-Type: ");
	sts_sink_string(s, STS_REPORT_MEDIA_TYPE);
	sts_sink_string(s, "; name=\"");
	sts_sink_put(s, file);
	sts_sink_string(
	    s, "\"\r\nContent-Disposition: attachment; filename=\"");
	sts_sink_put(s, file);
	sts_sink_string(s, "\"\r\nContent-Transfer-Encoding: base64\r\n\r\n");
}

static void
put_header(struct sts_sink *s, const struct sts_report_mail *m)
{
	const struct sts_report *r = &m->gzip.report;
	struct sts_tally_domain d;
	uint8_t room[STS_NAME_MAX];
	struct sts_text domain;

	sts_tally_domain(r->tally, r->domain, &d);
	domain = sts_tally_copy(r->tally, d.name, room, sizeof room);
	put_head(s, m, domain);
	put_parts(s, m, domain, d.day);
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
	sts_sink_string(s, "--");
	put_boundary(s, m);
	sts_sink_string(s, "--\r\n");
}

/* Have the next line's octets, or be at the footer. */
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
