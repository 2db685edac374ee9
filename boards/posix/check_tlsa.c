/* SPDX-License-Identifier: MIT */
/*
 * Of a certificate only the outer elements are read here: who wants to know
 * what they mean asks tls/x509. A path to a CA that a record names is judged by
 * the same code as paths to the roots of WebPKI, with that CA as the one trust
 * anchor.
 */
#include <bearssl.h>
#include <string.h>

#include "../../tls/x509/x509_time.h"
#include "check_tlsa.h"

enum {
	SEQUENCE = 0x30,
	VERSION = 0xa0,
	UTC_TIME = 0x17,
	TIME = 0x18,
	LENGTH_OCTETS_MAX = 3, /* of a length: 16 MB are enough */
	PEM_LINE = 48, /* octets a line */
	DER_MAX = 8192 /* octets of a CA that is made an anchor */
};

/* Take the first element off *in: `whole` with its header, `body` without.
 * Returns its tag, or 0: there is none. */
static uint8_t
take(struct sts_text *in, struct sts_text *whole, struct sts_text *body)
{
	size_t len, header = 2;

	if (in->n < 2) {
		return 0;
	}
	len = in->p[1];
	if (len >= 0x80) {
		size_t octets = len & 0x7f;

		if (octets == 0 || octets > LENGTH_OCTETS_MAX ||
		    in->n - 2 < octets) {
			return 0;
		}
		len = 0;
		for (size_t i = 0; i < octets; i++) {
			len = len << 8 | in->p[2 + i];
		}
		header += octets;
	}
	if (in->n - header < len) {
		return 0;
	}
	uint8_t tag = in->p[0];

	*whole = sts_text(in->p, header + len);
	*body = sts_text(in->p + header, len);
	*in = sts_text(in->p + header + len, in->n - header - len);
	return tag;
}

static bool
skip(struct sts_text *in, unsigned count)
{
	struct sts_text whole, body;

	for (unsigned i = 0; i < count; i++) {
		if (take(in, &whole, &body) == 0) {
			return false;
		}
	}
	return true;
}

/* The second time of Validity (RFC 5280 4.1.2.5). */
static bool
read_not_after(struct sts_text validity, int64_t *out)
{
	struct sts_text whole, body;

	if (!skip(&validity, 1)) {
		return false;
	}
	uint8_t tag = take(&validity, &whole, &body);

	return (tag == UTC_TIME || tag == TIME) &&
	       sts_x509_time(tag, body, out);
}

bool
sts_check_parts(struct sts_text der, struct sts_check_parts *out)
{
	struct sts_text whole, body, tbs, validity, first;

	if (take(&der, &whole, &body) != SEQUENCE ||
	    take(&body, &whole, &tbs) != SEQUENCE) {
		return false;
	}
	first = tbs;
	if (take(&first, &whole, &body) == VERSION) {
		tbs = first;
	}
	/* serialNumber, signature, issuer; validity; subject; the key. */
	return skip(&tbs, 3) && take(&tbs, &whole, &validity) == SEQUENCE &&
	       read_not_after(validity, &out->not_after_s) && skip(&tbs, 1) &&
	       take(&tbs, &out->spki, &body) == SEQUENCE;
}

void
sts_check_digest(struct sts_text in, uint8_t out[32])
{
	br_sha256_context c;

	br_sha256_init(&c);
	br_sha256_update(&c, in.p, in.n);
	br_sha256_out(&c, out);
}

bool
sts_check_tlsa_names(const struct sts_tlsa *t, struct sts_text der)
{
	struct sts_check_parts parts;
	uint8_t digest[64];
	br_sha512_context c;

	if (t->selector == STS_TLSA_SPKI) {
		if (!sts_check_parts(der, &parts)) {
			return false;
		}
		der = parts.spki;
	}
	switch (t->matching) {
	case STS_TLSA_FULL:
		return sts_text_same(t->data, der);
	case STS_TLSA_SHA256:
		sts_check_digest(der, digest);
		return sts_text_same(t->data, sts_text(digest, 32));
	default:
		br_sha512_init(&c);
		br_sha512_update(&c, der.p, der.n);
		br_sha512_out(&c, digest);
		return sts_text_same(t->data, sts_text(digest, sizeof digest));
	}
}

static size_t
base64(uint8_t *out, struct sts_text in)
{
	static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
				     "abcdefghijklmnopqrstuvwxyz0123456789+/";
	size_t n = 0;

	for (size_t i = 0; i < in.n; i += 3) {
		uint32_t v = (uint32_t)in.p[i] << 16;

		v |= i + 1 < in.n ? (uint32_t)in.p[i + 1] << 8 : 0;
		v |= i + 2 < in.n ? in.p[i + 2] : 0;
		out[n++] = (uint8_t)digits[v >> 18];
		out[n++] = (uint8_t)digits[v >> 12 & 63];
		out[n++] = (uint8_t)(i + 1 < in.n ? digits[v >> 6 & 63] : '=');
		out[n++] = (uint8_t)(i + 2 < in.n ? digits[v & 63] : '=');
	}
	return n;
}

static void
feed(struct sts_anchors_load *l, const char *line)
{
	sts_anchors_feed(l, sts_text((const uint8_t *)line, strlen(line)));
}

/* A set of this one CA, in `block`. */
static bool
make_anchor(
    struct sts_text der, uint8_t *block, size_t size, struct sts_anchors *out)
{
	static uint64_t memory[STS_ANCHORS_LOAD_SIZE_MAX / 8];
	struct sts_anchors_load *l = (struct sts_anchors_load *)memory;
	uint8_t line[PEM_LINE / 3 * 4 + 1];

	if (der.n > DER_MAX) {
		return false;
	}
	sts_anchors_begin(l, block, size);
	feed(l, "-----BEGIN CERTIFICATE-----\n");
	while (der.n > 0) {
		size_t take_n = der.n < PEM_LINE ? der.n : PEM_LINE;
		size_t n = base64(line, sts_text(der.p, take_n));

		line[n++] = '\n';
		sts_anchors_feed(l, sts_text(line, n));
		der = sts_text(der.p + take_n, der.n - take_n);
	}
	feed(l, "-----END CERTIFICATE-----\n");
	return sts_anchors_end(l, out) == STS_ANCHORS_OK;
}

enum sts_why
sts_check_path(const struct sts_tls_chain *chain,
    const struct sts_anchors *anchors, struct sts_text name, int64_t wall_s)
{
	static uint64_t memory[(STS_X509_SIZE_MAX + 7) / 8];
	struct sts_x509 *x = (struct sts_x509 *)memory;

	sts_x509_start(x, name, anchors, wall_s);
	for (unsigned i = 0; i < chain->count; i++) {
		struct sts_text der = sts_tls_chain_cert(chain, i);

		sts_x509_cert_begin(x, der.n);
		sts_x509_cert_feed(x, der);
		sts_x509_cert_end(x);
	}
	sts_x509_chain_end(x);
	while (sts_x509_pending(x)) {
		sts_x509_work(x);
	}
	return sts_x509_verdict(x);
}

/* Of a CA that a record names: the best that comes of it. */
static enum sts_why
judge_ca(const struct sts_tls_chain *chain, struct sts_text ca,
    const struct sts_text *names, unsigned name_count, int64_t wall_s)
{
	static uint8_t block[DER_MAX];
	struct sts_anchors anchor;
	enum sts_why why = STS_WHY_X509_NOT_CA;

	if (!make_anchor(ca, block, sizeof block, &anchor)) {
		return why;
	}
	for (unsigned i = 0; i < name_count; i++) {
		why = sts_check_path(chain, &anchor, names[i], wall_s);
		if (why != STS_WHY_X509_NAME) {
			break;
		}
	}
	return why;
}

enum sts_why
sts_check_tlsa_judge(const struct sts_tlsa *t,
    const struct sts_tls_chain *chain, const struct sts_text *names,
    unsigned name_count, int64_t wall_s)
{
	enum sts_why why = STS_WHY_X509_NO_ISSUER;

	if (t->usage == STS_TLSA_DANE_EE) {
		return chain->count > 0 && sts_check_tlsa_names(
					       t, sts_tls_chain_cert(chain, 0))
			   ? STS_WHY_NONE
			   : why;
	}
	for (unsigned i = 1; i < chain->count && why != STS_WHY_NONE; i++) {
		struct sts_text ca = sts_tls_chain_cert(chain, i);

		if (sts_check_tlsa_names(t, ca)) {
			why = judge_ca(chain, ca, names, name_count, wall_s);
		}
	}
	return why;
}
