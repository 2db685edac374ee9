/* SPDX-License-Identifier: MIT */
/*
 * Certificates beside TLSA records. The key is found by walking over the
 * elements before it. Its quality is judged elsewhere (x509_cert.h), or, for
 * DANE-EE, not at all; TLS proves that the peer has the key.
 */
#include <string.h>

#include "../hash.h"
#include "anchors_set.h"
#include "x509_path.h"
#include "x509_tlsa.h"

enum {
	INTEGER = 0x02,
	SEQUENCE = 0x30,
	VERSION = 0xa0,
	LEN_OCTETS_MAX = 3 /* as tls/x509/der.h: below 2^24 */
};

/* The elements before the key: serial number, signature algorithm, issuer,
 * validity, subject. */
static const uint8_t before_key[] = { INTEGER, SEQUENCE, SEQUENCE, SEQUENCE,
	SEQUENCE };

/* The octets of a length at p[1..], and its value; 0: it is not the one that
 * DER has for it. */
static size_t
length(struct sts_text t, size_t *len)
{
	size_t octets;

	*len = t.p[1];
	if (*len < 0x80) {
		return 1;
	}
	octets = *len & 0x7f;
	*len = 0;
	if (octets == 0 || octets > LEN_OCTETS_MAX || t.n - 2 < octets) {
		return 0;
	}
	for (size_t i = 0; i < octets; i++) {
		*len = *len << 8 | t.p[2 + i];
	}
	return *len >= 0x80 && *len >> 8 * (octets - 1) != 0 ? 1 + octets : 0;
}

/* It is strict: a reader that differs from that of the TLS library could be
 * shown another key than the one that the TLS session uses. */
bool
sts_x509_element(struct sts_text *t, uint8_t tag, struct sts_text *contents,
    struct sts_text *whole)
{
	size_t head, len;

	if (t->n < 2 || t->p[0] != tag) {
		return false;
	}
	head = length(*t, &len);
	if (head == 0 || t->n - 1 - head < len) {
		return false;
	}
	head++;
	*contents = sts_text(t->p + head, len);
	*whole = sts_text(t->p, head + len);
	*t = sts_text(t->p + head + len, t->n - head - len);
	return true;
}

bool
sts_x509_spki(struct sts_text der, struct sts_text *spki)
{
	struct sts_text tbs, contents, whole;

	if (!sts_x509_element(&der, SEQUENCE, &contents, &whole) || der.n > 0 ||
	    !sts_x509_element(&contents, SEQUENCE, &tbs, &whole)) {
		return false;
	}
	sts_x509_element(&tbs, VERSION, &contents, &whole); /* may be missing */
	for (size_t i = 0; i < sizeof before_key; i++) {
		if (!sts_x509_element(&tbs, before_key[i], &contents, &whole)) {
			return false;
		}
	}
	if (!sts_x509_element(&tbs, SEQUENCE, &contents, &whole)) {
		return false;
	}
	*spki = whole;
	return true;
}

static struct sts_text
hashed(int id, struct sts_text t, uint8_t hash[64])
{
	br_hash_compat_context h;

	h.vtable = sts_hash(id);
	h.vtable->init(&h.vtable);
	h.vtable->update(&h.vtable, t.p, t.n);
	h.vtable->out(&h.vtable, hash);
	return sts_text(hash, sts_hash_len(id));
}

bool
sts_x509_tlsa_match(struct sts_text der, unsigned selector, unsigned matching,
    struct sts_text data)
{
	uint8_t hash[64];

	if (data.n == 0 || selector > 1 ||
	    (selector == 1 && !sts_x509_spki(der, &der))) {
		return false;
	}
	switch (matching) {
	case 0:
		return sts_text_same(data, der);
	case 1:
		return sts_text_same(data, hashed(br_sha256_ID, der, hash));
	case 2:
		return STS_SHA384_512 &&
		       sts_text_same(data, hashed(br_sha512_ID, der, hash));
	default:
		return false;
	}
}

size_t
sts_x509_own_anchor(struct sts_x509 *x, struct sts_text der, int64_t wall_s,
    bool *early, struct sts_span out)
{
	struct sts_x509_cert *c = &x->certs[0];
	size_t size;

	*early = false;
	memset(x, 0, sizeof *x);
	x->arena.p = x->bytes;
	x->arena.size = sizeof x->bytes;
	sts_x509_scan_begin(&x->scan, c, &x->arena, sts_text(NULL, 0), der.n);
	sts_x509_scan_feed(&x->scan, der);
	if (sts_x509_scan_end(&x->scan) != STS_WHY_NONE ||
	    c->fault != STS_WHY_NONE) {
		return 0;
	}
	size = sts_anchor_size(c);
	if (size > out.n) {
		return 0;
	}
	if (wall_s < c->not_before_s) {
		*early = true;
		return 0;
	}
	sts_anchor_put(out.p, c, x->bytes);
	return size;
}
