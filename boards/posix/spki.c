/* SPDX-License-Identifier: MIT */
/*
 * Public keys of PEM files. A certificate is read twice: by the reader that
 * judges those of policy hosts, which says whether it is whole, whose it is
 * and until when; and by a walk over its outermost elements, for the octets of
 * the key, which that reader does not keep.
 */
#include <stdio.h>
#include <string.h>

#include "../../tls/x509/pem.h"
#include "../../tls/x509/x509_cert.h"
#include "spki.h"

enum {
	ARENA = 8192,
	TAG_INTEGER = 0x02,
	TAG_SEQUENCE = 0x30,
	TAG_SET = 0x31,
	TAG_VERSION = 0xa0,
	TAG_ATTRIBUTES = 0xa0,
	LENGTH_LONG = 0x80
};

/*
 * Take one element off the front of *in: its contents, with *whole the element
 * itself. False: there is none with this tag, or it is longer than *in.
 */
static bool
take(struct sts_text *in, uint8_t tag, struct sts_text *contents,
    struct sts_text *whole)
{
	size_t head = 2, n;

	if (in->n < head || in->p[0] != tag) {
		return false;
	}
	n = in->p[1];
	if (n >= LENGTH_LONG) {
		unsigned octets = (unsigned)n - LENGTH_LONG;

		if (octets < 1 || octets > 3 || in->n - head < octets) {
			return false;
		}
		for (n = 0; octets > 0; octets--) {
			n = n << 8 | in->p[head++];
		}
	}
	if (in->n - head < n) {
		return false;
	}
	*contents = sts_text(in->p + head, n);
	*whole = sts_text(in->p, head + n);
	*in = sts_text(in->p + head + n, in->n - head - n);
	return true;
}

static bool
skip(struct sts_text *in, uint8_t tag)
{
	struct sts_text contents, whole;

	return take(in, tag, &contents, &whole);
}

/* The key of a request (RFC 2986 4.1): it follows the subject, and attributes
 * follow it. n 0: these are not the rest of a request. */
static struct sts_text
of_request(struct sts_text tbs)
{
	struct sts_text none = { NULL, 0 }, key, whole;
	bool ok = take(&tbs, TAG_SEQUENCE, &key, &whole) &&
		  (tbs.n == 0 || tbs.p[0] == TAG_ATTRIBUTES);

	return ok ? whole : none;
}

/* The key of a certificate: it follows issuer, validity and subject. */
static struct sts_text
of_certificate(struct sts_text tbs)
{
	struct sts_text none = { NULL, 0 }, key, whole;

	for (unsigned i = 0; i < 3; i++) {
		if (!skip(&tbs, TAG_SEQUENCE)) {
			return none;
		}
	}
	return take(&tbs, TAG_SEQUENCE, &key, &whole) ? whole : none;
}

struct sts_text
sts_spki_of(struct sts_text der)
{
	struct sts_text none = { NULL, 0 }, outer, tbs, whole, key = none;

	if (!take(&der, TAG_SEQUENCE, &outer, &whole) || der.n > 0 ||
	    !take(&outer, TAG_SEQUENCE, &tbs, &whole)) {
		return none;
	}
	bool versioned = skip(&tbs, TAG_VERSION);

	/* A serial number and an algorithm, or a version and a subject. */
	if (!skip(&tbs, TAG_INTEGER) || !skip(&tbs, TAG_SEQUENCE)) {
		return none;
	}
	if (!versioned) {
		key = of_request(tbs);
	}
	return key.n > 0 ? key : of_certificate(tbs);
}

static void
hash(struct sts_spki *k, struct sts_text spki)
{
	br_sha256_context c;

	br_sha256_init(&c);
	br_sha256_update(&c, spki.p, spki.n);
	br_sha256_out(&c, k->hash);
}

/* NULL, or what is wrong with the certificate. */
static const char *
certificate(struct sts_spki *k, struct sts_text der, struct sts_text host)
{
	static uint8_t memory[ARENA];
	static struct sts_x509_scan scan;
	struct sts_x509_arena arena = { memory, sizeof memory, 0 };
	struct sts_x509_cert cert;
	enum sts_why why;

	sts_x509_scan_begin(&scan, &cert, &arena, host, der.n);
	sts_x509_scan_feed(&scan, der);
	why = sts_x509_scan_end(&scan);
	if (why != STS_WHY_NONE) {
		return sts_why_text(why);
	}
	k->certificate = true;
	k->ca = (cert.flags & STS_X509_CA) != 0;
	k->names_host = (cert.flags & STS_X509_NAME_MATCH) != 0;
	k->not_after_s = cert.not_after_s;
	return NULL;
}

/* Whether the DER is a SEQUENCE of an algorithm and a BIT STRING. */
static bool
is_public_key(struct sts_text der)
{
	struct sts_text outer, whole;

	return take(&der, TAG_SEQUENCE, &outer, &whole) && der.n == 0 &&
	       skip(&outer, TAG_SEQUENCE) && skip(&outer, 0x03) && outer.n == 0;
}

/* Take one block: NULL, or what is wrong with it. */
static const char *
take_block(struct sts_spki *k, const char *label, struct sts_text der,
    struct sts_text host)
{
	struct sts_text spki = der;

	memset(k, 0, sizeof *k);
	if (strcmp(label, "PUBLIC KEY") == 0) {
		if (!is_public_key(der)) {
			return "is no public key";
		}
	} else if (strcmp(label, "CERTIFICATE") == 0) {
		const char *wrong = certificate(k, der, host);

		if (wrong != NULL) {
			return wrong;
		}
		spki = sts_spki_of(der);
	} else if (strcmp(label, "CERTIFICATE REQUEST") == 0) {
		spki = sts_spki_of(der);
	} else if (strstr(label, "PRIVATE KEY") != NULL) {
		return "is a private key, which is not read here; its public "
		       "half is printed by: openssl pkey -in FILE -pubout";
	} else {
		return "is neither a CERTIFICATE nor a PUBLIC KEY";
	}
	if (!is_public_key(spki)) {
		return "has no public key in its place";
	}
	hash(k, spki);
	return NULL;
}

/* What is being read. */
struct reading {
	struct sts_pem pem;
	struct sts_spkis *out;
	struct sts_text host;
	size_t len;
	bool large;
	uint8_t der[STS_SPKI_DER_MAX];
};

/* NULL, or what is wrong. */
static const char *
take_event(struct reading *r, enum sts_pem_event event, struct sts_text bytes)
{
	struct sts_spkis *out = r->out;
	const char *wrong = NULL;

	switch (event) {
	case STS_PEM_BEGIN:
		r->len = 0;
		r->large = false;
		break;
	case STS_PEM_DATA:
		r->large = r->large || sizeof r->der - r->len < bytes.n;
		if (!r->large) {
			memcpy(r->der + r->len, bytes.p, bytes.n);
			r->len += bytes.n;
		}
		break;
	case STS_PEM_END:
		if (r->large || out->count == STS_SPKI_MAX) {
			return r->large ? "is larger than 16384 octets"
					: "is one too many: at most 16 are "
					  "read";
		}
		wrong = take_block(&out->item[out->count],
		    sts_pem_label(&r->pem), sts_text(r->der, r->len), r->host);
		out->item[out->count].line = sts_pem_line(&r->pem);
		out->count++;
		break;
	default:
		return "is broken";
	}
	return wrong;
}

bool
sts_spki_read(struct sts_spkis *out, struct sts_text pem, struct sts_text host,
    char why[STS_SPKI_WHY_MAX])
{
	static struct reading r;
	struct sts_text bytes = { NULL, 0 };
	enum sts_pem_event event;
	const char *wrong = NULL;

	memset(&r, 0, sizeof r);
	memset(out, 0, sizeof *out);
	r.out = out;
	r.host = host;
	sts_pem_begin(&r.pem);
	while (wrong == NULL &&
	       (event = sts_pem_next(&r.pem, &pem, &bytes)) != STS_PEM_MORE) {
		wrong = take_event(&r, event, bytes);
	}
	if (wrong == NULL && sts_pem_end(&r.pem)) {
		wrong = "ends before its END line";
	}
	if (wrong != NULL) {
		snprintf(why, STS_SPKI_WHY_MAX, "the block at line %u %s",
		    (unsigned)sts_pem_line(&r.pem), wrong);
	} else if (out->count == 0) {
		snprintf(why, STS_SPKI_WHY_MAX,
		    "there is no certificate and no public key in it (PEM is "
		    "read, not DER)");
	}
	return wrong == NULL && out->count > 0;
}
