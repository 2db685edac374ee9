/* SPDX-License-Identifier: MIT */
/*
 * A PEM bundle read into a packed set: the PEM reader decodes, the scanner
 * reads each certificate as it comes, and only its record stays. A fault of one
 * certificate does not affect the others.
 *
 * Invariants: block[0..used) holds whole records and nothing else, each of a
 * certificate that was read to its end and judged usable, and each once. What
 * has no room is counted in `needed`, so that the caller can say how much would
 * do. `subject` and `left` are those of the block of PEM at hand.
 *
 * The bundle is the operator's, so its content is trusted; its form is not: a
 * block that is broken, foreign or over a limit is left out and named, and
 * costs the others nothing.
 */
#include <string.h>

#include "../../core/base/assert.h"
#include "anchors_set.h"
#include "pem.h"
#include "x509_cert.h"
#include "x509_trust.h"

enum {
	/* One certificate: an RSA-4096 key and signature take 1,100 bytes,
	 * the rest is for name constraints. */
	LOAD_ARENA = 4096
};

enum kind {
	OTHER, /* no certificate */
	CERTIFICATE,
	TRUSTED /* a certificate with OpenSSL's trust settings behind it */
};

/* The labels that OpenSSL reads certificates from. */
static const struct {
	const char *label;
	enum kind kind;
} labels[] = {
	{ "CERTIFICATE", CERTIFICATE },
	{ "X509 CERTIFICATE", CERTIFICATE },
	{ "TRUSTED CERTIFICATE", TRUSTED },
};

struct sts_anchors_load {
	struct sts_pem pem;
	struct sts_x509_scan scan;
	struct sts_x509_cert cert;
	struct sts_x509_subject subject;
	struct sts_x509_trust trust;
	struct sts_x509_arena arena;
	struct sts_anchors_left left;
	uint8_t *block;
	size_t size;
	size_t used; /* bytes of block the records take, */
	size_t needed; /* or would, had all of them room */
	size_t touched; /* octets of the block that were ever written */
	unsigned count;
	unsigned left_out;
	uint8_t kind; /* of the block at hand */
	bool ended; /* the input is over */
	uint8_t bytes[LOAD_ARENA];
	struct sts_x509_kept kept;
};

STS_STATIC_ASSERT(sizeof(struct sts_anchors_load) <= STS_ANCHORS_LOAD_SIZE_MAX,
    anchors_load_size);
STS_STATIC_ASSERT(
    (int)STS_PEM_LABEL_MAX <= (int)STS_ANCHORS_SUBJECT_MAX, label_fits);
STS_STATIC_ASSERT(
    (int)STS_X509_SUBJECT_MAX <= (int)STS_ANCHORS_SUBJECT_MAX, subject_fits);

/* The block at hand is left out. */
static const struct sts_anchors_left *
leave_out(struct sts_anchors_load *l, const char *reason)
{
	const char *label = sts_pem_label(&l->pem);
	struct sts_text name = sts_text(l->subject.text, l->subject.len);

	if (l->kind == OTHER) {
		name = sts_text((const uint8_t *)label, strlen(label));
	}
	l->left.line = sts_pem_line(&l->pem);
	l->left.reason = reason;
	l->left.subject_len = (uint8_t)name.n;
	memcpy(l->left.subject, name.p, name.n);
	l->left_out++;
	return &l->left;
}

static const char *
pem_reason(enum sts_pem_fault fault)
{
	switch (fault) {
	case STS_PEM_FAULT_BASE64:
		return "its base64 is broken";
	case STS_PEM_FAULT_END:
		return "it has no END line of its own";
	case STS_PEM_FAULT_BEGIN:
		return "its BEGIN line is missing or damaged";
	case STS_PEM_FAULT_LINE:
		return "its BEGIN line is incomplete";
	default:
		return "its BEGIN is not at the start of a line";
	}
}

/* NULL: nothing is wrong. */
static const char *
scan_reason(enum sts_why why)
{
	switch (why) {
	case STS_WHY_NONE:
		return NULL;
	case STS_WHY_X509_MALFORMED:
		return "it is not a certificate in DER";
	case STS_WHY_X509_LIMIT:
		return "it is over a limit";
	case STS_WHY_X509_WEAK_KEY:
		return "its key is too weak";
	case STS_WHY_X509_ALGORITHM:
		return "its key is of a kind that is not supported";
	case STS_WHY_X509_CRITICAL:
		return "it has a critical extension that is not understood";
	default:
		STS_ASSERT(why == STS_WHY_X509_CONSTRAINT);
		return "it has a name constraint that is not supported";
	}
}

static void
begin_block(struct sts_anchors_load *l)
{
	const char *label = sts_pem_label(&l->pem);

	l->kind = OTHER;
	for (size_t i = 0; i < sizeof labels / sizeof *labels; i++) {
		if (strcmp(label, labels[i].label) == 0) {
			l->kind = (uint8_t)labels[i].kind;
		}
	}
	l->arena.used = 0;
	sts_x509_scan_begin(
	    &l->scan, &l->cert, &l->arena, sts_text(NULL, 0), STS_DER_LEN_MAX);
	sts_x509_scan_subject(&l->scan, &l->subject);
	sts_x509_scan_anchor(&l->scan, &l->kept);
	sts_x509_trust_begin(&l->trust);
}

static void
take_bytes(struct sts_anchors_load *l, struct sts_text bytes)
{
	if (l->kind == CERTIFICATE) {
		sts_x509_scan_feed(&l->scan, bytes);
		return;
	}
	/* Where the certificate ends and its settings begin, only the
	 * certificate says. */
	for (size_t i = 0; l->kind == TRUSTED && i < bytes.n; i++) {
		struct sts_text b = sts_text(bytes.p + i, 1);

		if (sts_x509_scan_complete(&l->scan)) {
			sts_x509_trust_feed(&l->trust, b);
		} else {
			sts_x509_scan_feed(&l->scan, b);
		}
	}
}

/* Whether the record of `size` bytes behind the others is one of them. */
static bool
is_there(const struct sts_anchors_load *l, size_t size)
{
	const uint8_t *record = l->block + l->used;

	for (size_t pos = 0; pos < l->used;) {
		size_t other = sts_get16be(l->block + pos);

		if (other == size &&
		    memcmp(l->block + pos, record, size) == 0) {
			return true;
		}
		pos += other;
	}
	return false;
}

/* Write the record, unless it is there. False: it has no room. */
static bool
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
	if (size > l->size - l->used) {
		l->needed += size;
		return false;
	}
	sts_anchor_put(l->block + l->used, c, l->bytes);
	if (l->touched < l->used + size) {
		l->touched = l->used + size;
	}
	if (!is_there(l, size)) {
		l->used += size;
		l->needed += size;
		l->count++;
	}
	return true;
}

/* The certificate is complete: into the set, or left out. */
static const struct sts_anchors_left *
end_block(struct sts_anchors_load *l)
{
	const char *reason;

	if (l->kind == OTHER) {
		return leave_out(l, "it is not a certificate");
	}
	reason = scan_reason(sts_x509_scan_end(&l->scan));
	if (reason != NULL && sts_pem_fault(&l->pem) != STS_PEM_FAULT_NONE) {
		reason = pem_reason(sts_pem_fault(&l->pem));
	}
	if (reason == NULL) {
		reason = scan_reason((enum sts_why)l->cert.fault);
	}
	if (reason == NULL && !sts_x509_trust_end(&l->trust)) {
		reason = "its trust settings do not allow TLS servers";
	}
	if (reason == NULL && !keep(l)) {
		reason = "there is no room for it";
	}
	return reason == NULL ? NULL : leave_out(l, reason);
}

/* The block that began, or would have, is broken. */
static const struct sts_anchors_left *
broken_block(struct sts_anchors_load *l)
{
	enum sts_pem_fault fault = sts_pem_fault(&l->pem);

	if (fault == STS_PEM_FAULT_BEGIN || fault == STS_PEM_FAULT_LINE ||
	    fault == STS_PEM_FAULT_PLACE) {
		/* Nothing began; the subject is an earlier one's. */
		l->subject.len = 0;
		l->kind = CERTIFICATE;
	}
	return leave_out(l, pem_reason(fault));
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
	sts_pem_begin(&l->pem);
	l->arena.p = l->bytes;
	l->arena.size = sizeof l->bytes;
	l->block = block;
	l->size = size;
}

const struct sts_anchors_left *
sts_anchors_next(struct sts_anchors_load *l, struct sts_text *pem)
{
	const struct sts_anchors_left *left = NULL;
	struct sts_text bytes = { NULL, 0 };

	STS_ASSERT(!l->ended);
	while (left == NULL) {
		switch (sts_pem_next(&l->pem, pem, &bytes)) {
		case STS_PEM_BEGIN:
			begin_block(l);
			break;
		case STS_PEM_DATA:
			take_bytes(l, bytes);
			break;
		case STS_PEM_END:
			left = end_block(l);
			break;
		case STS_PEM_BROKEN:
			left = broken_block(l);
			break;
		default:
			return NULL;
		}
	}
	return left;
}

void
sts_anchors_feed(struct sts_anchors_load *l, struct sts_text pem)
{
	while (sts_anchors_next(l, &pem) != NULL) {
	}
}

const struct sts_anchors_left *
sts_anchors_last(struct sts_anchors_load *l)
{
	bool cut = !l->ended && sts_pem_end(&l->pem);

	l->ended = true;
	return cut ? broken_block(l) : NULL;
}

enum sts_anchors_error
sts_anchors_end(struct sts_anchors_load *l, struct sts_anchors *set)
{
	(void)sts_anchors_last(l);
	if (l->count == 0) {
		return l->needed > 0 ? STS_ANCHORS_FULL : STS_ANCHORS_EMPTY;
	}
	set->base = l->block;
	set->len = l->used;
	set->count = l->count;
	return STS_ANCHORS_OK;
}

size_t
sts_anchors_touched(const struct sts_anchors_load *l)
{
	return l->touched;
}

size_t
sts_anchors_needed(const struct sts_anchors_load *l)
{
	return l->needed;
}

unsigned
sts_anchors_left_out(const struct sts_anchors_load *l)
{
	return l->left_out;
}

const char *
sts_anchors_error_text(enum sts_anchors_error e)
{
	static const char *const texts[] = { "ok", "no usable certificate",
		"more certificates than the memory for them holds" };

	STS_ASSERT((unsigned)e < sizeof texts / sizeof *texts);
	return texts[e];
}
