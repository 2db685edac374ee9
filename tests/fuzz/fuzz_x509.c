/* SPDX-License-Identifier: MIT */
/*
 * The path engine on certificates that a stranger made. Input: certificates,
 * each after its length in two octets; the first is the only anchor, the others
 * are the chain.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "../../tls/x509/anchors_set.h"
#include "../../tls/x509/x509_path.h"

enum {
	ANCHOR_ARENA = 4096,
	DATE_S = 1780272000 /* 2026-06-01 */
};

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void
must(bool yes)
{
	if (!yes) {
		abort();
	}
}

/* The next certificate of the input. */
static bool
next_cert(struct sts_text *in, struct sts_text *der)
{
	size_t n;

	if (in->n < 2) {
		return false;
	}
	n = sts_get16be(in->p);
	if (n > in->n - 2) {
		n = in->n - 2;
	}
	*der = sts_text(in->p + 2, n);
	*in = sts_text(in->p + 2 + n, in->n - 2 - n);
	return true;
}

/* The first certificate as a set of anchors. */
static void
load_anchor(struct sts_text der, struct sts_anchors *set, uint8_t *block)
{
	static struct sts_x509_scan scan;
	static uint8_t bytes[ANCHOR_ARENA];
	struct sts_x509_arena arena = { bytes, sizeof bytes, 0 };
	struct sts_x509_cert cert;

	set->base = block;
	set->len = 0;
	set->count = 0;
	sts_x509_scan_begin(&scan, &cert, &arena, sts_text(NULL, 0), der.n);
	sts_x509_scan_feed(&scan, der);
	if (sts_x509_scan_end(&scan) == STS_WHY_NONE &&
	    cert.fault == STS_WHY_NONE) {
		must(sts_anchor_size(&cert) <= ANCHOR_ARENA);
		sts_anchor_put(block, &cert, bytes);
		must(sts_anchors_table(set, block, sts_anchor_size(&cert)));
	}
}

static void
feed(struct sts_x509 *x, struct sts_text der, size_t piece)
{
	sts_x509_cert_begin(x, der.n);
	while (der.n > 0) {
		size_t n = der.n < piece ? der.n : piece;

		sts_x509_cert_feed(x, sts_text(der.p, n));
		der = sts_text(der.p + n, der.n - n);
	}
	sts_x509_cert_end(x);
}

static enum sts_why
judge(struct sts_text chain, const char *host, const struct sts_anchors *set,
    int64_t date_s, size_t piece, struct sts_x509_links *links)
{
	static struct sts_x509 x;
	struct sts_text der;
	unsigned steps = 0;

	sts_x509_start(
	    &x, sts_text((const uint8_t *)host, strlen(host)), set, date_s);
	sts_x509_use_links(&x, links);
	while (next_cert(&chain, &der)) {
		feed(&x, der, piece);
	}
	must(sts_x509_scts(&x) <= STS_X509_LOGS_MAX);
	sts_x509_chain_end(&x);
	while (sts_x509_pending(&x)) {
		sts_x509_work(&x);
		must(++steps <= STS_X509_CHECKS_MAX + 1);
	}
	must(sts_x509_verdict(&x) < STS_WHY_COUNT);
	return sts_x509_verdict(&x);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static uint8_t block[ANCHOR_ARENA];
	static struct sts_x509_links links;
	struct sts_text in = sts_text(data, size), der;
	struct sts_anchors set, none = { block, 0, 0 };
	enum sts_why why;

	if (!next_cert(&in, &der)) {
		return 0;
	}
	load_anchor(der, &set, block);
	sts_x509_links_clear(&links);
	why = judge(in, "mta-sts.example.com", &set, DATE_S, SIZE_MAX, &links);
	must(why == STS_WHY_NONE || links.count == 0);
	must(why == judge(in, "mta-sts.example.com", &set, DATE_S, 7, &links));
	must(why == judge(in, "mta-sts.example.com", &set, DATE_S, 7, NULL));
	if (why == STS_WHY_NONE) {
		must(judge(in, "mta-sts.other.invalid", &set, DATE_S, 1000,
			 &links) != STS_WHY_NONE);
		must(judge(in, "mta-sts.example.com", &none, DATE_S, 1000,
			 &links) != STS_WHY_NONE);
		must(judge(in, "mta-sts.example.com", &set, INT64_MAX, 1000,
			 &links) != STS_WHY_NONE);
	}
	return 0;
}
