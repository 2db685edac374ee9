/* SPDX-License-Identifier: MIT */
/*
 * The hostile server (tests/tls/hostile.h) with a chain of tests/x509 and the
 * key to it.
 */
#ifndef STS_TEST_HOSTILE_CASE_H
#define STS_TEST_HOSTILE_CASE_H

#include "../tls/hostile.h"
#include "x509_case.h"

static struct x509_case the_case;
static struct hostile the_server;
static br_skey_decoder_context the_key;

static void
take_key(void *ctx, const void *src, size_t len)
{
	br_skey_decoder_push(ctx, src, len);
}

static void
load_key(const char *kind)
{
	char path[CASE_TEXT_MAX];
	br_pem_decoder_context pem;
	struct sts_text file;

	snprintf(path, sizeof path, "tests/x509/keys/%s.pem", kind);
	file = unit_file(path);
	br_pem_decoder_init(&pem);
	br_skey_decoder_init(&the_key);
	while (file.n > 0) {
		size_t n = br_pem_decoder_push(&pem, file.p, file.n);

		file = sts_text(file.p + n, file.n - n);
		if (br_pem_decoder_event(&pem) == BR_PEM_BEGIN_OBJ) {
			br_pem_decoder_setdest(&pem, take_key, &the_key);
		}
	}
	ck_assert_int_eq(br_skey_decoder_last_error(&the_key), 0);
}

static struct hostile *
server(bool rsa)
{
	struct hostile *h = &the_server;

	memset(h, 0, sizeof *h);
	case_load(&the_case, rsa ? "server-rsa" : "server-ec");
	load_key(rsa ? "rsa" : "ec");
	h->chain = the_case.certs;
	h->chain_len = the_case.count;
	h->rsa = br_skey_decoder_get_rsa(&the_key);
	h->ec = br_skey_decoder_get_ec(&the_key);
	return h;
}

#endif
