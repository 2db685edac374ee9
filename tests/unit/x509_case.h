/* SPDX-License-Identifier: MIT */
/*
 * A case of tests/x509/cases read from its file, for the tests that need one.
 * tests/x509/README.md describes the format.
 */
#ifndef STS_X509_CASE_H
#define STS_X509_CASE_H

#include <bearssl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../../tls/x509/anchors.h"
#include "../../tls/x509/x509_time.h"
#include "unit.h"

enum {
	CASE_CERTS_MAX = 16,
	CASE_BYTES_MAX = 65536,
	CASE_TEXT_MAX = 100
};

struct x509_case {
	char name[CASE_TEXT_MAX];
	char host[CASE_TEXT_MAX];
	char want[CASE_TEXT_MAX];
	int64_t date_s;
	struct sts_anchors anchors;
	struct sts_text certs[CASE_CERTS_MAX];
	unsigned count;
	size_t used;
	uint8_t bytes[CASE_BYTES_MAX]; /* the certificates */
	uint8_t anchor_bytes[4096];
};

/* Copy the rest of the line that begins with `key`. */
static void
case_field(struct sts_text file, const char *key, char out[CASE_TEXT_MAX])
{
	size_t len = strlen(key), n = 0;
	const char *p = (const char *)file.p, *end = p + file.n;

	while (
	    p < end && ((size_t)(end - p) < len || memcmp(p, key, len) != 0)) {
		const char *line = memchr(p, '\n', (size_t)(end - p));

		ck_assert_msg(line != NULL, "no line \"%s\"", key);
		p = line + 1;
	}
	for (p += len; p < end && *p != '\n' && n + 1 < CASE_TEXT_MAX; p++) {
		out[n++] = *p;
	}
	out[n] = '\0';
}

/* Append decoded bytes to the last certificate. */
static void
case_append(void *ctx, const void *src, size_t len)
{
	struct x509_case *c = ctx;

	ck_assert_uint_le(len, sizeof c->bytes - c->used);
	memcpy(c->bytes + c->used, src, len);
	c->used += len;
	c->certs[c->count].n += len;
}

static void
case_chain(struct x509_case *c, struct sts_text file)
{
	br_pem_decoder_context pem;

	br_pem_decoder_init(&pem);
	while (file.n > 0) {
		size_t n = br_pem_decoder_push(&pem, file.p, file.n);

		file = sts_text(file.p + n, file.n - n);
		switch (br_pem_decoder_event(&pem)) {
		case BR_PEM_BEGIN_OBJ:
			ck_assert_uint_lt(c->count, CASE_CERTS_MAX);
			c->certs[c->count] = sts_text(c->bytes + c->used, 0);
			br_pem_decoder_setdest(&pem, case_append, c);
			break;
		case BR_PEM_END_OBJ:
			c->count++;
			break;
		default:
			break;
		}
	}
}

static void
case_anchors(struct x509_case *c, const char *path)
{
	struct sts_anchors_load *l = malloc(sts_anchors_load_size());

	ck_assert_ptr_nonnull(l);
	sts_anchors_begin(l, c->anchor_bytes, sizeof c->anchor_bytes);
	sts_anchors_feed(l, unit_file(path));
	ck_assert_msg(sts_anchors_end(l, &c->anchors) == STS_ANCHORS_OK,
	    "%s: not loaded", path);
	ck_assert_uint_eq(sts_anchors_left_out(l), 0);
	free(l);
}

/* Read tests/x509/cases/<name>.txt. */
static void
case_load(struct x509_case *c, const char *name)
{
	char path[2 * CASE_TEXT_MAX], text[CASE_TEXT_MAX];
	struct sts_text file;

	memset(c, 0, sizeof *c);
	snprintf(c->name, sizeof c->name, "%s", name);
	snprintf(path, sizeof path, "tests/x509/cases/%s.txt", name);
	file = unit_file(path);
	case_field(file, "host ", c->host);
	case_field(file, "want ", c->want);
	case_field(file, "date ", text);
	ck_assert_msg(
	    sts_x509_time(0x18, unit_span(text), &c->date_s), "%s: date", path);
	case_field(file, "anchors ", text);
	case_chain(c, file);
	snprintf(path, sizeof path, "tests/x509/anchors/%s", text);
	case_anchors(c, path);
}

#endif
