/* SPDX-License-Identifier: MIT */
/*
 * Reports as files, for a validator: render DIR FILE counts the datagrams of
 * FILE, a line each, and writes DIR/<n>.json, .gz and .eml for each domain.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../../core/base/assert.h"
#include "../../core/report/report_datagram.h"
#include "../../core/report/report_mail.h"

static struct sts_datagram d;
static struct sts_report_event e;
static struct sts_tally t;
static uint8_t block[1 << 20];
static char line[1 << 16];

void
sts_assert_failed(const char *file, int at)
{
	fprintf(stderr, "%s:%d: assertion failed\n", file, at);
	abort();
}

static struct sts_text
text(const char *s)
{
	return sts_text((const uint8_t *)s, strlen(s));
}

static void
count(const char *path)
{
	FILE *f = fopen(path, "rb");

	STS_ASSERT(f != NULL);
	while (fgets(line, sizeof line, f) != NULL) {
		if (sts_datagram_open(&d, text(line), &e) !=
		    STS_DATAGRAM_GOOD) {
			fprintf(stderr, "not good: %s", line);
			exit(1);
		}
		while (sts_datagram_next(&d, &e)) {
			sts_tally_add(&t, 19753, &e);
		}
	}
	fclose(f);
}

static FILE *
file(const char *dir, unsigned n, const char *ending)
{
	char path[512];

	snprintf(path, sizeof path, "%s/%u.%s", dir, n, ending);
	FILE *f = fopen(path, "wb");

	STS_ASSERT(f != NULL);
	return f;
}

int
main(int argc, char **argv)
{
	struct sts_tally_config config = { { 1 }, false, 64 };
	struct sts_report_config c = { text("Company \"x\" \xc3\xbc"),
		text("tls@c.example"), text("c.example"), 0x1234 };
	struct sts_report_letter letter = { text("a@b.example"), 1706745600,
		42 };
	uint8_t room[333];
	unsigned count_of = 0;
	STS_ASSERT(argc == 3);
	sts_tally_init(&t, block, sizeof block, &config);
	count(argv[2]);
	for (uint32_t ref = 0;
	     (ref = sts_tally_next(&t, sts_tally_today(&t), ref)) != 0;) {
		static struct sts_report r;
		static struct sts_report_gzip z;
		static struct sts_report_mail m;
		struct sts_span out = { room, sizeof room };
		size_t n;
		FILE *f = file(argv[1], ++count_of, "json");

		sts_report_begin(&r, &t, ref, &c);
		while ((n = sts_report_read(&r, out)) > 0) {
			fwrite(room, 1, n, f);
		}
		fclose(f);
		f = file(argv[1], count_of, "gz");
		sts_report_gzip_begin(&z, &t, ref, &c);
		while ((n = sts_report_gzip_read(&z, out)) > 0) {
			fwrite(room, 1, n, f);
		}
		fclose(f);
		f = file(argv[1], count_of, "eml");
		sts_report_mail_begin(&m, &t, ref, &c, &letter);
		while ((n = sts_report_mail_read(&m, out)) > 0) {
			fwrite(room, 1, n, f);
		}
		fclose(f);
	}
	printf("%u reports\n", count_of);
	return 0;
}
