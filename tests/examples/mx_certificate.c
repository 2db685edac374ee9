/* SPDX-License-Identifier: MIT */
/*
 * Firmware with its own SMTP client judges the certificates that a mail server
 * sent after STARTTLS, as RFC 8461 4.1 requires: a path to a root, valid now,
 * and a DNS-ID that is the name of the MX host.
 *
 *	mx_certificate MX ROOTS.pem SECONDS CERTIFICATE.der...
 *
 * `judge` and the memory above it are all that a firmware copies; main stands
 * in for its TLS library, its roots and its clock.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../../core/base/assert.h"
#include "../../tls/x509/x509.h"

enum {
	ROOTS_SIZE = 8192,
	CERTIFICATE_MAX = 4096
};

/* The engine, reserved at link time; one serves all connections. */
static uint64_t engine[(STS_X509_SIZE_MAX + 7) / 8];

/*
 * mx        the MX host's name, lower-case, without a dot at its end; it has
 *           already been matched against the policy's patterns
 * chain     DER certificates in the order they came, the server's first
 * wall_s    seconds since 1970
 *
 * NONE: deliver. Else why not.
 */
static enum sts_why
judge(struct sts_text mx, const struct sts_text *chain, unsigned count,
    const struct sts_anchors *roots, int64_t wall_s)
{
	struct sts_x509 *x = (struct sts_x509 *)engine;

	sts_x509_start(x, mx, roots, wall_s);
	for (unsigned i = 0; i < count; i++) {
		sts_x509_cert_begin(x, chain[i].n);
		sts_x509_cert_feed(x, chain[i]); /* or as the bytes come */
		sts_x509_cert_end(x);
	}
	sts_x509_chain_end(x);
	while (sts_x509_pending(x)) {
		sts_x509_work(x); /* a superloop does other work between */
	}
	return sts_x509_verdict(x);
}

void
sts_assert_failed(const char *file, int line)
{
	fprintf(stderr, "%s:%d: assertion failed\n", file, line);
	abort(); /* a board resets */
}

/* Read a file into memory. Length 0: it cannot be read, or is too long. */
static struct sts_text
file(const char *path, uint8_t *out, size_t size)
{
	FILE *f = fopen(path, "rb");
	size_t n = f == NULL ? 0 : fread(out, 1, size, f);

	if (f != NULL) {
		fclose(f);
	}
	return sts_text(out, n < size ? n : 0);
}

/* A board has a const table (`mtasts anchors FILE`, sts_anchors_table). */
static bool
load_roots(const char *path, struct sts_anchors *roots)
{
	static uint64_t load[STS_ANCHORS_LOAD_SIZE_MAX / 8];
	static uint8_t pem[ROOTS_SIZE], block[ROOTS_SIZE];
	struct sts_anchors_load *l = (struct sts_anchors_load *)load;

	sts_anchors_begin(l, block, sizeof block);
	sts_anchors_feed(l, file(path, pem, sizeof pem));
	return sts_anchors_end(l, roots) == STS_ANCHORS_OK;
}

int
main(int argc, char **argv)
{
	static uint8_t der[STS_X509_CERTS_MAX + 1][CERTIFICATE_MAX];
	struct sts_text chain[STS_X509_CERTS_MAX + 1];
	struct sts_anchors roots;
	unsigned count = 0;

	if (argc < 5 || argc - 4 > STS_X509_CERTS_MAX + 1 ||
	    !load_roots(argv[2], &roots)) {
		fprintf(stderr, "usage: mx_certificate MX ROOTS.pem SECONDS "
				"CERTIFICATE.der...\n");
		return 64;
	}
	for (int i = 4; i < argc; i++, count++) {
		chain[count] = file(argv[i], der[count], CERTIFICATE_MAX);
	}
	enum sts_why why =
	    judge(sts_text((const uint8_t *)argv[1], strlen(argv[1])), chain,
		count, &roots, strtoll(argv[3], NULL, 10));

	if (why != STS_WHY_NONE) {
		printf("%s: %s\n", sts_why_token(why), sts_why_text(why));
		return 1;
	}
	puts("trusted");
	return 0;
}
