/* SPDX-License-Identifier: MIT */
/*
 * core/report: events of any texts, written as a report, compressed, and made
 * into a mail. The report is one JSON value in printable ASCII, the same
 * however it is read. Another reader unpacks the gzip file to the report, and
 * the file is as long as was counted. SMTP accepts the mail's lines.
 *
 * Input: events, each an octet that chooses the kind, then texts, each after
 * its length in an octet.
 */
#include <string.h>

#include "../../core/base/assert.h"
#include "../../core/base/crc32.h"
#include "../../core/grammar/json.h"
#include "../../core/report/report_mail.h"
#include "../unit/inflate.h"

#define CHECK(c) STS_ASSERT(c)

enum {
	OUT_MAX = 1 << 20
};

static struct sts_report_event e;
static struct sts_tally t;
static uint8_t block[16384], text[OUT_MAX], again[OUT_MAX], packed[OUT_MAX];

static uint8_t
take_octet(struct sts_text *in)
{
	uint8_t c = in->n > 0 ? in->p[0] : 0;

	*in = sts_text(in->p + (in->n > 0), in->n - (in->n > 0));
	return c;
}

static struct sts_text
take_text(struct sts_text *in)
{
	size_t n = take_octet(in);
	struct sts_text taken;

	n = n < in->n ? n : in->n;
	taken = sts_text(in->p, n);
	*in = sts_text(in->p + n, in->n - n);
	return taken;
}

static void
take_event(struct sts_text *in)
{
	static const enum sts_report_policy types[] = { STS_REPORT_TLSA,
		STS_REPORT_STS, STS_REPORT_NO_POLICY };
	uint8_t what = take_octet(in);

	CHECK(sts_event_begin(&e, sts_text((const uint8_t *)"b.example", 9),
	    sts_text((const uint8_t *)"v=TLSRPTv1;", 11)));
	sts_event_policy(&e, types[what % 3], take_text(in));
	for (unsigned i = what >> 2 & 3; i > 0; i--) {
		sts_event_string(&e, take_text(in));
	}
	for (unsigned i = what >> 4 & 3; i > 0; i--) {
		sts_event_mx(&e, take_text(in));
	}
	for (unsigned i = what >> 6; i > 0; i--) {
		struct sts_report_failure f;

		f.result = (enum sts_report_result)(
		    take_octet(in) % STS_REPORT_RESULTS);
		for (unsigned k = 0; k < STS_REPORT_FIELDS; k++) {
			f.texts[k] = take_text(in);
		}
		sts_event_failure(&e, &f);
		e.failed = true;
	}
	CHECK(sts_tally_add(&t, 20000, &e));
}

static size_t
read_report(
    uint32_t ref, const struct sts_report_config *c, uint8_t *out, size_t step)
{
	struct sts_report r;
	size_t n = 0, got;

	sts_report_begin(&r, &t, ref, c);
	do {
		CHECK(OUT_MAX - n >= step);
		got = sts_report_read(&r, sts_span(out + n, step));
		n += got;
	} while (got > 0);
	CHECK(!sts_report_gone(&r));
	return n;
}

static void
check_json(struct sts_text in)
{
	struct sts_json j;
	enum sts_json_event event = STS_JSON_MORE;

	sts_json_begin(&j);
	for (size_t i = 0; i < in.n; i++) {
		CHECK((in.p[i] >= ' ' && in.p[i] < 0x7f) ||
		      (in.p[i] == '\n' && i == in.n - 1));
	}
	while (in.n > 0) {
		size_t n = sts_json_read(&j, in, &event);

		in = sts_text(in.p + n, in.n - n);
		CHECK(event != STS_JSON_ERROR && event != STS_JSON_LIMIT);
		CHECK(event != STS_JSON_STRING || sts_json_text(&j).n > 0);
	}
	CHECK(sts_json_between(&j));
}

static void
check_gzip(
    uint32_t ref, const struct sts_report_config *c, struct sts_text want)
{
	static struct sts_report_gzip z;
	size_t n = 0, in_pieces = 0, got;

	sts_report_gzip_begin(&z, &t, ref, c);
	while ((got = sts_report_gzip_read(&z, sts_span(packed, 64))) > 0) {
		in_pieces += got;
	}
	sts_report_gzip_begin(&z, &t, ref, c);
	do {
		got = sts_report_gzip_read(&z, sts_span(packed + n, n % 7 + 1));
		n += got;
		CHECK(n < OUT_MAX - 8);
	} while (got > 0);
	CHECK(n == in_pieces);
	got = inflate_gzip(packed, n, again, OUT_MAX);
	CHECK(got == want.n && memcmp(again, want.p, got) == 0);
}

static void
check_mail(uint32_t ref, const struct sts_report_config *c)
{
	static struct sts_report_mail m;
	struct sts_report_letter letter = {
		sts_text((const uint8_t *)"a@b.example", 11), 1700000000, 42
	};
	size_t column = 0, got;
	uint8_t room[37], was = 0;

	sts_report_mail_begin(&m, &t, ref, c, &letter);
	while (
	    (got = sts_report_mail_read(&m, sts_span(room, sizeof room))) > 0) {
		for (size_t i = 0; i < got; i++) {
			CHECK(room[i] < 0x7f);
			CHECK((room[i] == '\n') == (was == '\r'));
			CHECK(column > 0 || room[i] != '.');
			column = room[i] == '\n' ? 0 : column + 1;
			CHECK(column <= 999);
			was = room[i];
		}
	}
	CHECK(column == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct sts_tally_config config = { { 7 }, false, 8 };
	struct sts_text in = sts_text(data, size);
	struct sts_text name = take_text(&in);
	struct sts_report_config c = {
		name.n > 0 ? name : sts_text((const uint8_t *)"x", 1),
		sts_text((const uint8_t *)"tls@c.example", 13),
		sts_text((const uint8_t *)"c.example", 9), 7
	};

	sts_tally_init(&t, block, sizeof block, &config);
	do {
		take_event(&in);
	} while (in.n > 0 && t.sessions < 30);
	uint32_t ref = sts_tally_next(&t, sts_tally_today(&t), 0);
	size_t n = read_report(ref, &c, text, 4096);

	CHECK(read_report(ref, &c, again, 17) == n);
	CHECK(memcmp(text, again, n) == 0);
	check_json(sts_text(text, n));
	check_gzip(ref, &c, sts_text(text, n));
	check_mail(ref, &c);
	return 0;
}
