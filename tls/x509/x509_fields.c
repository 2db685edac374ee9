/* SPDX-License-Identifier: MIT */
/*
 * Certificate fields: names, the TBS certificate, the signature, the key. Each
 * function is called by the DER reader's table (x509_cert.c) when an element
 * begins or has been read.
 *
 * Invariants: the first fault found is the one that is reported. A fault of
 * the scan ends it; one that makes this certificate alone unusable does not,
 * since the path may do without it. TBS bytes are kept, STS_X509_PREFIX_MAX of
 * them, until the algorithm is known, then hashed as they come; both places
 * that name the algorithm must agree (RFC 5280 4.1.1.2). Names are compared by
 * the hash of all their bytes.
 *
 * The attacker wrote the certificate. der.c refuses every encoding but the one
 * that DER has for a value, so that there is no second reading of it.
 */
#include <string.h>

#include "../../core/base/assert.h"
#include "../../core/base/sts_config.h"
#include "x509_fields.h"
#include "x509_oids.h"
#include "x509_time.h"

enum {
	RSA_BYTES_MAX = 512,
	RSA_BITS_MIN = 2048,
	EXPONENT_BYTES_MAX = 4
};

void
sts_x509_fail(struct sts_x509_scan *s, enum sts_why why)
{
	if (s->error == STS_WHY_NONE) {
		s->error = (uint8_t)why;
	}
}

void
sts_x509_fault(struct sts_x509_scan *s, enum sts_why why)
{
	if (s->cert->fault == STS_WHY_NONE) {
		s->cert->fault = (uint8_t)why;
	}
}

void
sts_x509_sig_fault(struct sts_x509_scan *s, enum sts_why why)
{
	if (s->cert->sig_fault == STS_WHY_NONE) {
		s->cert->sig_fault = (uint8_t)why;
	}
}

void
sts_x509_put(struct sts_x509_scan *s, struct sts_text t)
{
	if (t.n > s->seen - s->arena->used) {
		sts_x509_fail(s, STS_WHY_X509_LIMIT);
		return;
	}
	memcpy(s->arena->p + s->arena->used, t.p, t.n);
	s->arena->used += t.n;
}

uint16_t
sts_x509_used(const struct sts_x509_scan *s)
{
	return (uint16_t)s->arena->used;
}

/* The value that was read; longer ones match nothing. */
struct sts_text
sts_x509_value(const struct sts_x509_scan *s)
{
	return sts_text(
	    s->value, s->value_len <= STS_X509_VALUE_MAX ? s->value_len : 0);
}

/* Names: the hash of all bytes between begin and end. */

enum sts_x509_sink
sts_x509_begin_name(struct sts_x509_scan *s)
{
	br_sha256_init(&s->part.name);
	s->naming = true;
	return STS_X509_SINK_SKIP;
}

void
sts_x509_name_hash(const struct sts_x509_scan *s, uint8_t *out, size_t n)
{
	uint8_t hash[br_sha256_SIZE];

	br_sha256_out(&s->part.name, hash);
	memcpy(out, hash, n);
}

void
sts_x509_end_issuer(struct sts_x509_scan *s)
{
	sts_x509_name_hash(s, s->cert->issuer, STS_X509_NAME_HASH);
	s->naming = false;
}

enum sts_x509_sink
sts_x509_begin_subject(struct sts_x509_scan *s)
{
	sts_x509_begin_name(s);
	s->cert->rdn_off = sts_x509_used(s);
	return STS_X509_SINK_OPEN;
}

void
sts_x509_end_rdn(struct sts_x509_scan *s)
{
	if (s->cert->rdn_count == STS_X509_RDNS_MAX) {
		s->cert->flags |= STS_X509_DIR_EXCESS;
		return;
	}
	s->cert->rdn_count++;
	if (s->kept == NULL) {
		uint8_t hash[STS_X509_RDN_HASH];

		sts_x509_name_hash(s, hash, sizeof hash);
		sts_x509_put(s, sts_text(hash, sizeof hash));
	}
}

/* An e-mail address in the subject is a name too (RFC 5280 4.2.1.10). */
void
sts_x509_end_attribute_type(struct sts_x509_scan *s)
{
	struct sts_text oid = sts_x509_value(s);

	if (sts_x509_oid_email(oid)) {
		s->cert->forms |= 1 << STS_X509_FORM_EMAIL;
	}
	s->attribute = (uint8_t)sts_x509_attribute(oid);
}

/* The first common name, or the first organisation before there is one. */
void
sts_x509_end_attribute_value(struct sts_x509_scan *s)
{
	struct sts_x509_subject *subject = s->subject;
	struct sts_text value = sts_x509_value(s);
	bool is_name = s->attribute == STS_X509_ATTRIBUTE_NAME;

	if (subject == NULL || s->attribute == STS_X509_ATTRIBUTE_OTHER ||
	    subject->is_name || (subject->len > 0 && !is_name)) {
		return;
	}
	if (value.n > STS_X509_SUBJECT_MAX) {
		value.n = STS_X509_SUBJECT_MAX;
	}
	memcpy(subject->text, value.p, value.n);
	subject->len = (uint8_t)value.n;
	subject->is_name = is_name;
}

void
sts_x509_end_subject(struct sts_x509_scan *s)
{
	sts_x509_name_hash(s, s->cert->subject, STS_X509_NAME_HASH);
	s->naming = false;
}

/* The TBS certificate and the signature over it. */

enum sts_x509_sink
sts_x509_begin_cert(struct sts_x509_scan *s)
{
	s->digest = STS_X509_DIGEST_PREFIX;
	return STS_X509_SINK_OPEN;
}

void
sts_x509_end_version(struct sts_x509_scan *s)
{
	if (s->value_len != 1 || s->value[0] > 2) {
		sts_x509_fail(s, STS_WHY_X509_MALFORMED);
		return;
	}
	s->version = (uint8_t)(s->value[0] + 1);
}

static const br_hash_class *
hash_of(unsigned id)
{
	STS_ASSERT(id >= br_sha256_ID && id <= br_sha512_ID);
	if (!STS_SHA384_512 || id == br_sha256_ID) {
		return &br_sha256_vtable;
	}
	return id == br_sha384_ID ? &br_sha384_vtable : &br_sha512_vtable;
}

static void
begin_hash(struct sts_x509_scan *s, struct sts_text t)
{
	const br_hash_class *hash = hash_of(s->cert->sig_hash);

	hash->init(&s->tbs.vtable);
	hash->update(&s->tbs.vtable, t.p, t.n);
	s->digest = STS_X509_DIGEST_HASH;
}

/* Hash the kept bytes: they have no more room, or are needed after all. */
static void
hash_kept(struct sts_x509_scan *s)
{
	begin_hash(s, sts_text(s->kept->bytes, s->kept->len));
}

void
sts_x509_hash_tbs(struct sts_x509_scan *s, struct sts_text t)
{
	struct sts_x509_kept *k = s->kept;

	if (s->digest == STS_X509_DIGEST_LATER &&
	    t.n > sizeof k->bytes - k->len) {
		hash_kept(s);
	}
	if (s->digest == STS_X509_DIGEST_LATER) {
		memcpy(k->bytes + k->len, t.p, t.n);
		k->len = (uint16_t)(k->len + t.n);
	} else {
		s->tbs.vtable->update(&s->tbs.vtable, t.p, t.n);
	}
}

/* The algorithm is known: what was kept is hashed, the rest as it comes; or
 * all of it waits for the end. */
void
sts_x509_end_alg(struct sts_x509_scan *s)
{
	const struct sts_x509_sig_alg *a = sts_x509_sig_alg(sts_x509_value(s));

	s->alg = (uint8_t)sts_x509_sig_alg_row(a);
	s->digest = STS_X509_DIGEST_NONE;
	if (a->fault != STS_WHY_NONE) {
		sts_x509_sig_fault(s, (enum sts_why)a->fault);
		return;
	}
	if (s->prefix_len > STS_X509_PREFIX_MAX) {
		sts_x509_sig_fault(s, STS_WHY_X509_LIMIT);
		return;
	}
	s->cert->sig_rsa = a->rsa;
	s->cert->sig_hash = a->hash;
	if (s->kept == NULL) {
		begin_hash(s, sts_text(s->prefix, s->prefix_len));
	} else {
		s->digest = STS_X509_DIGEST_LATER;
		sts_x509_hash_tbs(s, sts_text(s->prefix, s->prefix_len));
	}
}

size_t
sts_x509_hash_len(const struct sts_x509_cert *c)
{
	/* br_sha256_ID .. br_sha512_ID are 4 .. 6. */
	return c->sig_hash == 0 ? 0 : (size_t)(c->sig_hash - 2) * 16;
}

/* It vouches for itself, whatever its bytes are. */
static bool
signs_itself(const struct sts_x509_cert *c)
{
	return (c->flags & STS_X509_CA) != 0 &&
	       memcmp(c->subject, c->issuer, STS_X509_NAME_HASH) == 0;
}

void
sts_x509_end_tbs(struct sts_x509_scan *s)
{
	if (s->version == 1) {
		s->cert->flags |= STS_X509_V1;
	}
	if (s->digest == STS_X509_DIGEST_LATER && !signs_itself(s->cert)) {
		hash_kept(s);
	}
	if (s->digest == STS_X509_DIGEST_HASH) {
		uint8_t hash[br_sha512_SIZE];

		s->tbs.vtable->out(&s->tbs.vtable, hash);
		s->cert->hash_off = sts_x509_used(s);
		sts_x509_put(s, sts_text(hash, sts_x509_hash_len(s->cert)));
	}
	s->digest = STS_X509_DIGEST_NONE;
}

/* RFC 5280 4.1.1.2: both places must name the same algorithm. */
void
sts_x509_end_sig_alg(struct sts_x509_scan *s)
{
	if (sts_x509_sig_alg_row(sts_x509_sig_alg(sts_x509_value(s))) !=
	    s->alg) {
		sts_x509_fail(s, STS_WHY_X509_MALFORMED);
	}
}

enum sts_x509_sink
sts_x509_begin_sig(struct sts_x509_scan *s)
{
	if (sts_der_len(&s->der) > 1 + RSA_BYTES_MAX) {
		sts_x509_sig_fault(s, STS_WHY_X509_LIMIT);
	}
	s->stored = s->arena->used;
	return s->cert->sig_fault == STS_WHY_NONE ? STS_X509_SINK_STORE
						  : STS_X509_SINK_SKIP;
}

/*
 * The contents of a stored BIT STRING without its count of unused bits, which
 * must be 0. False: malformed.
 */
static bool
stored_bits(struct sts_x509_scan *s, uint16_t *off, uint16_t *len)
{
	size_t n = s->arena->used - s->stored;

	if (n < 2 || s->arena->p[s->stored] != 0) {
		sts_x509_fail(s, STS_WHY_X509_MALFORMED);
		return false;
	}
	*off = (uint16_t)(s->stored + 1);
	*len = (uint16_t)(n - 1);
	return true;
}

void
sts_x509_end_sig(struct sts_x509_scan *s)
{
	if (s->cert->sig_fault == STS_WHY_NONE) {
		stored_bits(s, &s->cert->sig_off, &s->cert->sig_len);
	}
}

void
sts_x509_end_not_before(struct sts_x509_scan *s)
{
	if (!sts_x509_time(sts_der_tag(&s->der), sts_x509_value(s),
		&s->cert->not_before_s)) {
		sts_x509_fail(s, STS_WHY_X509_MALFORMED);
	}
}

void
sts_x509_end_not_after(struct sts_x509_scan *s)
{
	if (!sts_x509_time(sts_der_tag(&s->der), sts_x509_value(s),
		&s->cert->not_after_s)) {
		sts_x509_fail(s, STS_WHY_X509_MALFORMED);
	}
}

/* The public key. */

void
sts_x509_end_key_alg(struct sts_x509_scan *s)
{
	const struct sts_x509_key_alg *a = sts_x509_key_alg(sts_x509_value(s));

	s->cert->key_type = a->type;
	s->point_len = a->point_len;
	if (a->fault != STS_WHY_NONE) {
		sts_x509_fault(s, (enum sts_why)a->fault);
	}
}

enum sts_x509_sink
sts_x509_begin_key(struct sts_x509_scan *s)
{
	s->stored = s->arena->used;
	if (s->cert->key_type == STS_X509_KEY_NONE) {
		return STS_X509_SINK_SKIP;
	}
	if (s->cert->key_type == STS_X509_KEY_RSA) {
		return STS_X509_SINK_OPEN_BITS;
	}
	/* Compressed points are not supported. */
	if (sts_der_len(&s->der) != 1U + s->point_len) {
		s->cert->key_type = STS_X509_KEY_NONE;
		sts_x509_fault(s, STS_WHY_X509_ALGORITHM);
		return STS_X509_SINK_SKIP;
	}
	return STS_X509_SINK_STORE;
}

void
sts_x509_end_key(struct sts_x509_scan *s)
{
	struct sts_x509_cert *c = s->cert;

	if (c->key_type == STS_X509_KEY_NONE ||
	    c->key_type == STS_X509_KEY_RSA) {
		return;
	}
	if (stored_bits(s, &c->key_off, &c->key_len) &&
	    s->arena->p[c->key_off] != 4) {
		c->key_type = STS_X509_KEY_NONE;
		sts_x509_fault(s, STS_WHY_X509_ALGORITHM);
	}
}

/* A positive INTEGER, minimal by the DER reader's word, without its sign
 * octet. False: negative or zero. */
static bool
positive(struct sts_text *t)
{
	STS_ASSERT(t->n > 0);
	if (t->n > 1 && t->p[0] == 0) {
		t->p++;
		t->n--;
		return true;
	}
	return t->p[0] > 0 && t->p[0] < 0x80;
}

enum sts_x509_sink
sts_x509_begin_modulus(struct sts_x509_scan *s)
{
	s->stored = s->arena->used;
	if (sts_der_len(&s->der) > 1 + RSA_BYTES_MAX) {
		s->cert->key_type = STS_X509_KEY_NONE;
		sts_x509_fault(s, STS_WHY_X509_LIMIT);
		return STS_X509_SINK_SKIP;
	}
	return STS_X509_SINK_STORE;
}

static size_t
bit_length(struct sts_text t)
{
	size_t bits = t.n * 8;

	for (unsigned top = t.p[0]; top < 0x80; top <<= 1) {
		bits--;
	}
	return bits;
}

void
sts_x509_end_modulus(struct sts_x509_scan *s)
{
	struct sts_x509_cert *c = s->cert;
	struct sts_text t =
	    sts_text(s->arena->p + s->stored, s->arena->used - s->stored);

	if (c->key_type == STS_X509_KEY_NONE) {
		return;
	}
	if (!positive(&t)) {
		sts_x509_fail(s, STS_WHY_X509_MALFORMED);
		return;
	}
	c->key_off = (uint16_t)(t.p - s->arena->p);
	c->key_len = (uint16_t)t.n;
	if (bit_length(t) < RSA_BITS_MIN) {
		sts_x509_fault(s, STS_WHY_X509_WEAK_KEY);
	}
}

/* With exponent 1 a signature is its own message; even ones do not exist. */
void
sts_x509_end_exponent(struct sts_x509_scan *s)
{
	struct sts_text t = sts_x509_value(s);

	if (s->value_len > STS_X509_VALUE_MAX || !positive(&t)) {
		sts_x509_fail(s, STS_WHY_X509_MALFORMED);
		return;
	}
	if (t.n > EXPONENT_BYTES_MAX) {
		sts_x509_fault(s, STS_WHY_X509_LIMIT);
		return;
	}
	if (t.p[t.n - 1] % 2 == 0 || (t.n == 1 && t.p[0] == 1)) {
		sts_x509_fault(s, STS_WHY_X509_WEAK_KEY);
	}
	if (s->cert->key_type == STS_X509_KEY_RSA) {
		s->cert->exp_len = (uint8_t)t.n;
		sts_x509_put(s, t);
	}
}
