/* SPDX-License-Identifier: MIT */
/*
 * A PEM bundle read into a packed set. BearSSL decodes the PEM, the scanner
 * reads each certificate as it comes; only its record stays.
 */
#include <string.h>

#include "../../core/base/assert.h"
#include "anchors_set.h"
#include "x509_cert.h"

enum {
	/* One certificate: an RSA-4096 key and signature take 1,100 bytes,
	 * the rest is for name constraints. */
	LOAD_ARENA = 4096
};

struct sts_anchors_load {
	br_pem_decoder_context pem;
	struct sts_x509_scan scan;
	struct sts_x509_cert cert;
	struct sts_x509_arena arena;
	uint8_t *block;
	size_t size;
	size_t needed; /* bytes of block the records take */
	unsigned count;
	unsigned skipped;
	uint8_t error; /* enum sts_anchors_error, the first one */
	bool in_object; /* between BEGIN and END */
	bool in_cert; /* and it is a certificate */
	uint8_t bytes[LOAD_ARENA];
};

STS_STATIC_ASSERT(sizeof(struct sts_anchors_load) <= STS_ANCHORS_LOAD_SIZE_MAX,
    anchors_load_size);

/* BearSSL hands the decoded bytes of a PEM block to this. */
static void
take_der(void *ctx, const void *src, size_t len)
{
	struct sts_anchors_load *l = ctx;

	sts_x509_scan_feed(&l->scan, sts_text(src, len));
}

static void
begin_object(struct sts_anchors_load *l)
{
	const char *name = br_pem_decoder_name(&l->pem);

	l->in_object = true;
	l->in_cert = strcmp(name, "CERTIFICATE") == 0 ||
		     strcmp(name, "X509 CERTIFICATE") == 0;
	br_pem_decoder_setdest(&l->pem, l->in_cert ? take_der : NULL, l);
	l->arena.used = 0;
	sts_x509_scan_begin(
	    &l->scan, &l->cert, &l->arena, sts_text(NULL, 0), STS_DER_LEN_MAX);
}

/* Write the record, or only count it when it does not fit. */
static void
keep(struct sts_anchors_load *l)
{
	struct sts_x509_cert *c = &l->cert;
	size_t size;

	/* Version 1 knows no CA; an anchor of it was always meant as one. */
	if ((c->flags & STS_X509_V1) != 0 &&
	    memcmp(c->subject, c->issuer, STS_X509_NAME_HASH) == 0) {
		c->flags |= STS_X509_CA;
	}
	size = sts_anchor_size(c);
	if (l->needed <= l->size && size <= l->size - l->needed) {
		sts_anchor_put(l->block + l->needed, c, l->bytes);
	}
	l->needed += size;
	l->count++;
}

static void
end_object(struct sts_anchors_load *l)
{
	enum sts_why why;

	l->in_object = false;
	if (!l->in_cert) {
		return;
	}
	why = sts_x509_scan_end(&l->scan);
	if (why == STS_WHY_X509_MALFORMED) {
		l->error = STS_ANCHORS_MALFORMED;
	} else if (why != STS_WHY_NONE || l->cert.fault != STS_WHY_NONE) {
		l->skipped++;
	} else {
		keep(l);
	}
}

static void
take_event(struct sts_anchors_load *l)
{
	switch (br_pem_decoder_event(&l->pem)) {
	case BR_PEM_BEGIN_OBJ:
		begin_object(l);
		break;
	case BR_PEM_END_OBJ:
		end_object(l);
		break;
	case BR_PEM_ERROR:
		l->error = STS_ANCHORS_MALFORMED;
		break;
	default:
		break;
	}
}

/* Bytes up to the first carriage return. BearSSL's decoder trips over those
 * in a BEGIN line; they mean nothing in PEM. */
static size_t
until_return(struct sts_text t)
{
	const uint8_t *cr = memchr(t.p, '\r', t.n);

	return cr == NULL ? t.n : (size_t)(cr - t.p);
}

size_t
sts_anchors_load_size(void)
{
	return sizeof(struct sts_anchors_load);
}

void
sts_anchors_begin(struct sts_anchors_load *l, uint8_t *block, size_t size)
{
	memset(l, 0, sizeof *l);
	br_pem_decoder_init(&l->pem);
	l->arena.p = l->bytes;
	l->arena.size = sizeof l->bytes;
	l->block = block;
	l->size = block == NULL ? 0 : size;
}

void
sts_anchors_feed(struct sts_anchors_load *l, struct sts_text pem)
{
	while (pem.n > 0 && l->error == STS_ANCHORS_OK) {
		size_t n = until_return(pem);

		if (n == 0) {
			n = 1;
		} else {
			n = br_pem_decoder_push(&l->pem, pem.p, n);
			take_event(l);
		}
		pem = sts_text(pem.p + n, pem.n - n);
	}
}

enum sts_anchors_error
sts_anchors_end(struct sts_anchors_load *l, struct sts_anchors *set)
{
	static const uint8_t newline = '\n';

	/* The last line may lack its end. */
	sts_anchors_feed(l, sts_text(&newline, 1));
	if (l->error != STS_ANCHORS_OK) {
		return (enum sts_anchors_error)l->error;
	}
	if (l->in_object) {
		return STS_ANCHORS_TRUNCATED;
	}
	if (l->count == 0) {
		return STS_ANCHORS_EMPTY;
	}
	if (l->block == NULL) {
		return STS_ANCHORS_OK;
	}
	if (l->needed > l->size) {
		return STS_ANCHORS_FULL;
	}
	set->base = l->block;
	set->len = l->needed;
	set->count = l->count;
	return STS_ANCHORS_OK;
}

size_t
sts_anchors_needed(const struct sts_anchors_load *l)
{
	return l->needed;
}

unsigned
sts_anchors_skipped(const struct sts_anchors_load *l)
{
	return l->skipped;
}

const char *
sts_anchors_error_text(enum sts_anchors_error e)
{
	static const char *const texts[] = { "ok", "no usable certificate",
		"more certificates than the memory for them holds",
		"ends inside a PEM block", "a certificate is broken" };

	STS_ASSERT((unsigned)e < sizeof texts / sizeof *texts);
	return texts[e];
}
