/* SPDX-License-Identifier: MIT */
/*
 * Public keys of PEM files. A certificate is read twice: by the reader that
 * judges those of policy hosts, which says whether it is whole, whose it is
 * and until when; and for the octets of the key, which that reader does not
 * keep, as it is where TLSA records are compared.
 */
#include <stdio.h>
#include <string.h>

#include "../../tls/x509/pem.h"
#include "../../tls/x509/x509_cert.h"
#include "../../tls/x509/x509_tlsa.h"
#include "spki.h"

enum {
	ARENA = 8192,
	TAG_INTEGER = 0x02,
	TAG_BIT_STRING = 0x03,
	TAG_SEQUENCE = 0x30,
	TAG_ATTRIBUTES = 0xa0
};

static bool
skip(struct sts_text *in, uint8_t tag)
{
	struct sts_text contents, whole;

	return sts_x509_element(in, tag, &contents, &whole);
}

/* The key of a request (RFC 2986 4.1): it follows version and subject, and
 * attributes follow it. False: it is none. */
static bool
of_request(struct sts_text der, struct sts_text *spki)
{
	struct sts_text outer, tbs, contents, whole;

	if (!sts_x509_element(&der, TAG_SEQUENCE, &outer, &whole) ||
	    der.n > 0 ||
	    !sts_x509_element(&outer, TAG_SEQUENCE, &tbs, &whole)) {
		return false;
	}
	return skip(&tbs, TAG_INTEGER) && skip(&tbs, TAG_SEQUENCE) &&
	       sts_x509_element(&tbs, TAG_SEQUENCE, &contents, spki) &&
	       (tbs.n == 0 || tbs.p[0] == TAG_ATTRIBUTES);
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

	return sts_x509_element(&der, TAG_SEQUENCE, &outer, &whole) &&
	       der.n == 0 && skip(&outer, TAG_SEQUENCE) &&
	       skip(&outer, TAG_BIT_STRING) && outer.n == 0;
}

/* Take one block: NULL, or what is wrong with it. */
static const char *
take_block(struct sts_spki *k, const char *label, struct sts_text der,
    struct sts_text host)
{
	struct sts_text spki = der;
	const char *wrong = NULL;
	bool found = true;

	memset(k, 0, sizeof *k);
	if (strcmp(label, "CERTIFICATE") == 0) {
		wrong = certificate(k, der, host);
		found = sts_x509_spki(der, &spki);
	} else if (strcmp(label, "CERTIFICATE REQUEST") == 0) {
		found = of_request(der, &spki);
	} else if (strstr(label, "PRIVATE KEY") != NULL) {
		return "is a private key, which is not read here; its public "
		       "half is printed by: openssl pkey -in FILE -pubout";
	} else if (strcmp(label, "PUBLIC KEY") != 0) {
		return "is neither a CERTIFICATE nor a PUBLIC KEY";
	}
	if (wrong != NULL || !found || !is_public_key(spki)) {
		return wrong != NULL ? wrong : "has no public key in its place";
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
