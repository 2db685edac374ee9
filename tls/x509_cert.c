/* SPDX-License-Identifier: MIT */
/*
 * One certificate. The grammar of RFC 5280 4.1 is the table `rules`: each row
 * is an element that may stand in a parent, in order, with what is done when
 * it begins and ends. The DER reader tells elements; this file walks the table
 * beside it, one frame for each open element.
 */
#include <string.h>

#include "../core/base/assert.h"
#include "../core/base/name.h"
#include "x509_cert.h"
#include "x509_names.h"
#include "x509_oids.h"
#include "x509_time.h"

enum node {
	TOP,
	CERT,
	TBS,
	VERSION_TAG,
	VALIDITY,
	SUBJECT,
	RDN,
	ATTRIBUTE,
	SPKI,
	KEY,
	RSA_KEY,
	EXTS_TAG,
	EXTS,
	EXT,
	/* The contents of an extension's OCTET STRING, as enum sts_x509_ext. */
	IN_UNKNOWN,
	IN_BASIC_CONSTRAINTS,
	IN_KEY_USAGE,
	IN_EXT_KEY_USAGE,
	IN_ALT_NAME,
	IN_NAME_CONSTRAINTS,
	BASIC_CONSTRAINTS,
	EXT_KEY_USAGE,
	ALT_NAME,
	NAME_CONSTRAINTS,
	SUBTREES,
	SUBTREE,
	BASE,
	LEAF /* has no children */
};

enum {
	ANY = 0, /* no tag is 0 */
	BOOLEAN = 0x01,
	INTEGER = 0x02,
	BIT_STRING = 0x03,
	OCTET_STRING = 0x04,
	OID = 0x06,
	SEQUENCE = 0x30,
	SET = 0x31
};

enum count {
	ONE,
	OPTIONAL,
	MANY /* none included */
};

/* Where the contents of an element go. */
enum sink {
	OPEN, /* they are elements */
	OPEN_BITS, /* they are elements in a BIT STRING */
	VALUE, /* into s->value */
	STORE, /* into the arena */
	SKIP,
	CHOOSE /* `began` tells */
};

enum digest {
	DIGEST_NONE,
	DIGEST_PREFIX, /* kept until the algorithm is known */
	DIGEST_HASH
};

enum {
	RSA_BYTES_MAX = 512,
	RSA_BITS_MIN = 2048,
	EXPONENT_BYTES_MAX = 4,
	GENERAL_NAME_CLASS = 0x80,
	KU_DIGITAL_SIGNATURE = 0x80,
	KU_KEY_CERT_SIGN = 0x04
};

static void
fail(struct sts_x509_scan *s, enum sts_why why)
{
	if (s->error == STS_WHY_NONE) {
		s->error = (uint8_t)why;
	}
}

static void
fault(struct sts_x509_scan *s, enum sts_why why)
{
	if (s->cert->fault == STS_WHY_NONE) {
		s->cert->fault = (uint8_t)why;
	}
}

static void
sig_fault(struct sts_x509_scan *s, enum sts_why why)
{
	if (s->cert->sig_fault == STS_WHY_NONE) {
		s->cert->sig_fault = (uint8_t)why;
	}
}

static void
put(struct sts_x509_scan *s, struct sts_text t)
{
	if (t.n > s->seen - s->arena->used) {
		fail(s, STS_WHY_X509_LIMIT);
		return;
	}
	memcpy(s->arena->p + s->arena->used, t.p, t.n);
	s->arena->used += t.n;
}

static uint16_t
used(const struct sts_x509_scan *s)
{
	return (uint16_t)s->arena->used;
}

/* The value that was read; longer ones match nothing. */
static struct sts_text
value(const struct sts_x509_scan *s)
{
	return sts_text(
	    s->value, s->value_len <= STS_X509_VALUE_MAX ? s->value_len : 0);
}

/* Names: the hash of all bytes between begin and end. */

static enum sink
begin_name(struct sts_x509_scan *s)
{
	br_sha256_init(&s->name);
	s->naming = true;
	return SKIP;
}

static void
name_hash(const struct sts_x509_scan *s, uint8_t *out, size_t n)
{
	uint8_t hash[br_sha256_SIZE];

	br_sha256_out(&s->name, hash);
	memcpy(out, hash, n);
}

static void
end_issuer(struct sts_x509_scan *s)
{
	name_hash(s, s->cert->issuer, STS_X509_NAME_HASH);
	s->naming = false;
}

static enum sink
begin_subject(struct sts_x509_scan *s)
{
	begin_name(s);
	s->cert->rdn_off = used(s);
	return OPEN;
}

static void
end_rdn(struct sts_x509_scan *s)
{
	uint8_t hash[STS_X509_RDN_HASH];

	if (s->cert->rdn_count == STS_X509_RDNS_MAX) {
		s->cert->flags |= STS_X509_DIR_EXCESS;
		return;
	}
	name_hash(s, hash, sizeof hash);
	put(s, sts_text(hash, sizeof hash));
	s->cert->rdn_count++;
}

/* An e-mail address in the subject is a name too (RFC 5280 4.2.1.10). */
static void
end_attribute_type(struct sts_x509_scan *s)
{
	if (sts_x509_oid_email(value(s))) {
		s->cert->forms |= 1 << STS_X509_FORM_EMAIL;
	}
}

static void
end_subject(struct sts_x509_scan *s)
{
	name_hash(s, s->cert->subject, STS_X509_NAME_HASH);
	s->naming = false;
}

/* The TBS certificate and the signature over it. */

static enum sink
begin_cert(struct sts_x509_scan *s)
{
	s->digest = DIGEST_PREFIX;
	return OPEN;
}

static void
end_version(struct sts_x509_scan *s)
{
	if (s->value_len != 1 || s->value[0] > 2) {
		fail(s, STS_WHY_X509_MALFORMED);
		return;
	}
	s->version = (uint8_t)(s->value[0] + 1);
}

/* The algorithm is known: what was kept is hashed, the rest as it comes. */
static void
end_alg(struct sts_x509_scan *s)
{
	static const br_hash_class *const hashes[] = { &br_sha256_vtable,
		&br_sha384_vtable, &br_sha512_vtable };
	const struct sts_x509_sig_alg *a = sts_x509_sig_alg(value(s));
	const br_hash_class *hash;

	s->alg = (uint8_t)sts_x509_sig_alg_row(a);
	s->digest = DIGEST_NONE;
	if (a->fault != STS_WHY_NONE) {
		sig_fault(s, (enum sts_why)a->fault);
		return;
	}
	if (s->prefix_len > STS_X509_PREFIX_MAX) {
		sig_fault(s, STS_WHY_X509_LIMIT);
		return;
	}
	STS_ASSERT(a->hash >= br_sha256_ID && a->hash <= br_sha512_ID);
	hash = hashes[a->hash - br_sha256_ID];
	s->cert->sig_rsa = a->rsa;
	s->cert->sig_hash = a->hash;
	hash->init(&s->tbs.vtable);
	hash->update(&s->tbs.vtable, s->prefix, s->prefix_len);
	s->digest = DIGEST_HASH;
}

static void
end_tbs(struct sts_x509_scan *s)
{
	uint8_t hash[br_sha512_SIZE];

	if (s->version == 1) {
		s->cert->flags |= STS_X509_V1;
	}
	if (s->digest == DIGEST_HASH) {
		s->tbs.vtable->out(&s->tbs.vtable, hash);
		s->cert->hash_off = used(s);
		put(s, sts_text(hash, sts_x509_hash_len(s->cert)));
	}
	s->digest = DIGEST_NONE;
}

/* RFC 5280 4.1.1.2: both places must name the same algorithm. */
static void
end_sig_alg(struct sts_x509_scan *s)
{
	if (sts_x509_sig_alg_row(sts_x509_sig_alg(value(s))) != s->alg) {
		fail(s, STS_WHY_X509_MALFORMED);
	}
}

static enum sink
begin_sig(struct sts_x509_scan *s)
{
	if (sts_der_len(&s->der) > 1 + RSA_BYTES_MAX) {
		sig_fault(s, STS_WHY_X509_LIMIT);
	}
	s->stored = s->arena->used;
	return s->cert->sig_fault == STS_WHY_NONE ? STORE : SKIP;
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
		fail(s, STS_WHY_X509_MALFORMED);
		return false;
	}
	*off = (uint16_t)(s->stored + 1);
	*len = (uint16_t)(n - 1);
	return true;
}

static void
end_sig(struct sts_x509_scan *s)
{
	if (s->cert->sig_fault == STS_WHY_NONE) {
		stored_bits(s, &s->cert->sig_off, &s->cert->sig_len);
	}
}

static void
end_not_before(struct sts_x509_scan *s)
{
	if (!sts_x509_time(
		sts_der_tag(&s->der), value(s), &s->cert->not_before_s)) {
		fail(s, STS_WHY_X509_MALFORMED);
	}
}

static void
end_not_after(struct sts_x509_scan *s)
{
	if (!sts_x509_time(
		sts_der_tag(&s->der), value(s), &s->cert->not_after_s)) {
		fail(s, STS_WHY_X509_MALFORMED);
	}
}

/* The public key. */

static void
end_key_alg(struct sts_x509_scan *s)
{
	const struct sts_x509_key_alg *a = sts_x509_key_alg(value(s));

	s->cert->key_type = a->type;
	s->point_len = a->point_len;
	if (a->fault != STS_WHY_NONE) {
		fault(s, (enum sts_why)a->fault);
	}
}

static enum sink
begin_key(struct sts_x509_scan *s)
{
	s->stored = s->arena->used;
	if (s->cert->key_type == STS_X509_KEY_NONE) {
		return SKIP;
	}
	if (s->cert->key_type == STS_X509_KEY_RSA) {
		return OPEN_BITS;
	}
	/* Compressed points are not supported. */
	if (sts_der_len(&s->der) != 1U + s->point_len) {
		s->cert->key_type = STS_X509_KEY_NONE;
		fault(s, STS_WHY_X509_ALGORITHM);
		return SKIP;
	}
	return STORE;
}

static void
end_key(struct sts_x509_scan *s)
{
	struct sts_x509_cert *c = s->cert;

	if (c->key_type == STS_X509_KEY_NONE ||
	    c->key_type == STS_X509_KEY_RSA) {
		return;
	}
	if (stored_bits(s, &c->key_off, &c->key_len) &&
	    s->arena->p[c->key_off] != 4) {
		c->key_type = STS_X509_KEY_NONE;
		fault(s, STS_WHY_X509_ALGORITHM);
	}
}

/*
 * A positive INTEGER without its sign octet. False: negative, zero or not
 * minimal.
 */
static bool
positive(struct sts_text *t)
{
	if (t->n > 1 && t->p[0] == 0 && t->p[1] >= 0x80) {
		t->p++;
		t->n--;
		return true;
	}
	return t->n > 0 && t->p[0] > 0 && t->p[0] < 0x80;
}

static enum sink
begin_modulus(struct sts_x509_scan *s)
{
	s->stored = s->arena->used;
	if (sts_der_len(&s->der) > 1 + RSA_BYTES_MAX) {
		s->cert->key_type = STS_X509_KEY_NONE;
		fault(s, STS_WHY_X509_LIMIT);
		return SKIP;
	}
	return STORE;
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

static void
end_modulus(struct sts_x509_scan *s)
{
	struct sts_x509_cert *c = s->cert;
	struct sts_text t =
	    sts_text(s->arena->p + s->stored, s->arena->used - s->stored);

	if (c->key_type == STS_X509_KEY_NONE) {
		return;
	}
	if (!positive(&t)) {
		fail(s, STS_WHY_X509_MALFORMED);
		return;
	}
	c->key_off = (uint16_t)(t.p - s->arena->p);
	c->key_len = (uint16_t)t.n;
	if (bit_length(t) < RSA_BITS_MIN) {
		fault(s, STS_WHY_X509_WEAK_KEY);
	}
}

/* With exponent 1 a signature is its own message; even ones do not exist. */
static void
end_exponent(struct sts_x509_scan *s)
{
	struct sts_text t = value(s);

	if (s->value_len > STS_X509_VALUE_MAX || !positive(&t)) {
		fail(s, STS_WHY_X509_MALFORMED);
		return;
	}
	if (t.n > EXPONENT_BYTES_MAX) {
		fault(s, STS_WHY_X509_LIMIT);
		return;
	}
	if (t.p[t.n - 1] % 2 == 0 || (t.n == 1 && t.p[0] == 1)) {
		fault(s, STS_WHY_X509_WEAK_KEY);
	}
	if (s->cert->key_type == STS_X509_KEY_RSA) {
		s->cert->exp_len = (uint8_t)t.n;
		put(s, t);
	}
}

/* Extensions. */

static enum sink
begin_exts(struct sts_x509_scan *s)
{
	if (s->version != 3) {
		fail(s, STS_WHY_X509_MALFORMED);
	}
	return OPEN;
}

static enum sink
begin_ext(struct sts_x509_scan *s)
{
	s->ext = STS_X509_EXT_UNKNOWN;
	s->critical = false;
	return OPEN;
}

/* Whether this certificate already had an extension of that name. */
static bool
seen_before(const struct sts_x509_scan *s, struct sts_text oid)
{
	const uint8_t *p = s->arena->p + s->seen;
	const uint8_t *end = s->arena->p + s->arena->size;

	while (p < end) {
		if (p[0] == oid.n && memcmp(p + 1, oid.p, oid.n) == 0) {
			return true;
		}
		p += 1 + p[0];
	}
	return false;
}

/* RFC 5280 4.2: no extension may come twice. Names are kept at the arena's
 * end as length and bytes, for as long as this certificate is read. */
static void
end_ext_id(struct sts_x509_scan *s)
{
	struct sts_text oid = value(s);

	if (oid.n == 0 || oid.n > UINT8_MAX || seen_before(s, oid)) {
		fail(s, STS_WHY_X509_MALFORMED);
		return;
	}
	if (oid.n + 1 > s->seen - s->arena->used) {
		fail(s, STS_WHY_X509_LIMIT);
		return;
	}
	s->seen -= oid.n + 1;
	s->arena->p[s->seen] = (uint8_t)oid.n;
	memcpy(s->arena->p + s->seen + 1, oid.p, oid.n);
	s->ext = (uint8_t)sts_x509_ext(oid);
}

/* DER knows two values; FALSE, the default, is often written although it
 * must not be, and taken as such. */
static bool
boolean(struct sts_x509_scan *s)
{
	bool yes = s->value_len == 1 && s->value[0] == 0xff;

	if (!yes && (s->value_len != 1 || s->value[0] != 0)) {
		fail(s, STS_WHY_X509_MALFORMED);
	}
	return yes;
}

static void
end_critical(struct sts_x509_scan *s)
{
	s->critical = boolean(s);
}

static enum sink
begin_ext_value(struct sts_x509_scan *s)
{
	struct sts_x509_frame *f = &s->frames[sts_der_depth(&s->der)];

	switch (s->ext) {
	case STS_X509_EXT_UNKNOWN:
		if (s->critical) {
			fault(s, STS_WHY_X509_CRITICAL);
		}
		return SKIP;
	case STS_X509_EXT_TLS_FEATURE:
		s->cert->flags |= STS_X509_MUST_STAPLE;
		return SKIP;
	case STS_X509_EXT_IGNORED:
		return SKIP;
	default:
		f->node = (uint8_t)(IN_UNKNOWN + s->ext);
		return OPEN;
	}
}

static void
end_ca(struct sts_x509_scan *s)
{
	if (boolean(s)) {
		s->cert->flags |= STS_X509_CA;
	}
}

/* No path is as long as 254, so that larger limits are all the same. */
static void
end_path_len(struct sts_x509_scan *s)
{
	if (s->value_len == 0 || s->value[0] >= 0x80) {
		fail(s, STS_WHY_X509_MALFORMED);
		return;
	}
	s->cert->path_len = STS_X509_PATH_LEN_NONE - 1;
	if (s->value_len == 1) {
		s->cert->path_len = s->value[0];
	}
}

static void
end_key_usage(struct sts_x509_scan *s)
{
	uint8_t bits = s->value_len > 1 ? s->value[1] : 0;

	if (s->value_len == 0 || s->value[0] > 7) {
		fail(s, STS_WHY_X509_MALFORMED);
		return;
	}
	s->cert->flags |= STS_X509_KU;
	if (bits & KU_DIGITAL_SIGNATURE) {
		s->cert->flags |= STS_X509_KU_SIGN;
	}
	if (bits & KU_KEY_CERT_SIGN) {
		s->cert->flags |= STS_X509_KU_CERT;
	}
}

static enum sink
begin_ext_key_usage(struct sts_x509_scan *s)
{
	s->cert->flags |= STS_X509_EKU;
	return OPEN;
}

static void
end_purpose(struct sts_x509_scan *s)
{
	if (sts_x509_oid_server_auth(value(s))) {
		s->cert->flags |= STS_X509_EKU_SERVER;
	}
	if (sts_x509_oid_any_usage(value(s))) {
		s->cert->flags |= STS_X509_EKU_ANY;
	}
}

/* A GeneralName begins: its form, and whether it is to be looked at. */
static enum sink
begin_general_name(struct sts_x509_scan *s)
{
	uint8_t tag = sts_der_tag(&s->der);

	s->form = tag & 0x1f;
	if ((tag & 0xc0) != GENERAL_NAME_CLASS || s->form > STS_X509_FORM_MAX) {
		fail(s, STS_WHY_X509_MALFORMED);
	}
	return s->form == STS_X509_FORM_DNS ? VALUE : SKIP;
}

static enum sink
begin_alt_name(struct sts_x509_scan *s)
{
	enum sink sink = begin_general_name(s);

	s->cert->forms |= (uint16_t)(1U << s->form);
	return sink;
}

/*
 * A wildcard stands for one label, and not right below a top-level domain:
 * "*.com" is nobody's (RFC 9525 6.3 leaves it to us).
 */
static void
end_alt_name(struct sts_x509_scan *s)
{
	struct sts_text id = value(s);

	if (s->form != STS_X509_FORM_DNS) {
		return;
	}
	s->cert->flags |= STS_X509_DNS_ID;
	if (id.n > 0 && (id.p[0] != '*' || sts_name_labels(id) > 2) &&
	    sts_name_match(id, s->host)) {
		s->cert->flags |= STS_X509_NAME_MATCH;
	}
}

/* Name constraints: entries of kind, length, bytes (x509_names.h). */

static enum sink
begin_name_constraints(struct sts_x509_scan *s)
{
	s->cert->nc_off = used(s);
	return OPEN;
}

static void
end_name_constraints(struct sts_x509_scan *s)
{
	s->cert->nc_len = (uint16_t)(used(s) - s->cert->nc_off);
}

static enum sink
begin_permitted(struct sts_x509_scan *s)
{
	s->excluded = false;
	return OPEN;
}

static enum sink
begin_excluded(struct sts_x509_scan *s)
{
	s->excluded = true;
	return OPEN;
}

static void
put_constraint(struct sts_x509_scan *s, struct sts_text t)
{
	uint8_t head[2] = { (uint8_t)(s->form |
				      (s->excluded ? STS_X509_NC_EXCLUDED : 0)),
		(uint8_t)t.n };

	put(s, sts_text(head, sizeof head));
	put(s, t);
}

static enum sink
begin_base(struct sts_x509_scan *s)
{
	enum sink sink = begin_general_name(s);

	return s->form == STS_X509_FORM_DIR ? OPEN : sink;
}

static void
end_base(struct sts_x509_scan *s)
{
	if (s->form == STS_X509_FORM_DIR) {
		return;
	}
	if (s->value_len > STS_NAME_MAX && s->form == STS_X509_FORM_DNS) {
		fault(s, STS_WHY_X509_LIMIT);
		return;
	}
	put_constraint(
	    s, s->form == STS_X509_FORM_DNS ? value(s) : sts_text(s->value, 0));
}

static enum sink
begin_base_dir(struct sts_x509_scan *s)
{
	s->dir_len = sts_der_len(&s->der) > 0 ? STS_X509_RDN_HASH : 0;
	return begin_name(s);
}

static void
end_base_dir(struct sts_x509_scan *s)
{
	uint8_t hash[STS_X509_RDN_HASH];

	name_hash(s, hash, sizeof hash);
	s->naming = false;
	put_constraint(s, sts_text(hash, s->dir_len));
}

/* RFC 5280 4.2.1.10: minimum is 0 and maximum absent, both unwritten. */
static enum sink
begin_distance(struct sts_x509_scan *s)
{
	fault(s, STS_WHY_X509_CONSTRAINT);
	return SKIP;
}

struct rule {
	uint8_t parent;
	uint8_t node;
	uint8_t tag;
	uint8_t count;
	uint8_t sink;
	enum sink (*began)(struct sts_x509_scan *s);
	void (*ended)(struct sts_x509_scan *s);
};

/* clang-format off */
static const struct rule rules[] = {
	{ TOP, CERT, SEQUENCE, ONE, CHOOSE, begin_cert, NULL },
	{ CERT, TBS, SEQUENCE, ONE, OPEN, NULL, end_tbs },
	{ CERT, LEAF, SEQUENCE, ONE, VALUE, NULL, end_sig_alg },
	{ CERT, LEAF, BIT_STRING, ONE, CHOOSE, begin_sig, end_sig },
	{ TBS, VERSION_TAG, 0xa0, OPTIONAL, OPEN, NULL, NULL },
	{ TBS, LEAF, INTEGER, ONE, SKIP, NULL, NULL }, /* serialNumber */
	{ TBS, LEAF, SEQUENCE, ONE, VALUE, NULL, end_alg },
	{ TBS, LEAF, SEQUENCE, ONE, CHOOSE, begin_name, end_issuer },
	{ TBS, VALIDITY, SEQUENCE, ONE, OPEN, NULL, NULL },
	{ TBS, SUBJECT, SEQUENCE, ONE, CHOOSE, begin_subject, end_subject },
	{ TBS, SPKI, SEQUENCE, ONE, OPEN, NULL, NULL },
	{ TBS, LEAF, 0x81, OPTIONAL, SKIP, NULL, NULL }, /* issuerUniqueID */
	{ TBS, LEAF, 0x82, OPTIONAL, SKIP, NULL, NULL }, /* subjectUniqueID */
	{ TBS, EXTS_TAG, 0xa3, OPTIONAL, CHOOSE, begin_exts, NULL },
	{ VERSION_TAG, LEAF, INTEGER, ONE, VALUE, NULL, end_version },
	{ VALIDITY, LEAF, ANY, ONE, VALUE, NULL, end_not_before },
	{ VALIDITY, LEAF, ANY, ONE, VALUE, NULL, end_not_after },
	{ SUBJECT, RDN, SET, MANY, OPEN, NULL, end_rdn },
	{ RDN, ATTRIBUTE, SEQUENCE, MANY, OPEN, NULL, NULL },
	{ ATTRIBUTE, LEAF, OID, ONE, VALUE, NULL, end_attribute_type },
	{ ATTRIBUTE, LEAF, ANY, ONE, SKIP, NULL, NULL },
	{ SPKI, LEAF, SEQUENCE, ONE, VALUE, NULL, end_key_alg },
	{ SPKI, KEY, BIT_STRING, ONE, CHOOSE, begin_key, end_key },
	{ KEY, RSA_KEY, SEQUENCE, ONE, OPEN, NULL, NULL },
	{ RSA_KEY, LEAF, INTEGER, ONE, CHOOSE, begin_modulus, end_modulus },
	{ RSA_KEY, LEAF, INTEGER, ONE, VALUE, NULL, end_exponent },
	{ EXTS_TAG, EXTS, SEQUENCE, ONE, OPEN, NULL, NULL },
	{ EXTS, EXT, SEQUENCE, MANY, CHOOSE, begin_ext, NULL },
	{ EXT, LEAF, OID, ONE, VALUE, NULL, end_ext_id },
	{ EXT, LEAF, BOOLEAN, OPTIONAL, VALUE, NULL, end_critical },
	{ EXT, LEAF, OCTET_STRING, ONE, CHOOSE, begin_ext_value, NULL },
	{ IN_BASIC_CONSTRAINTS, BASIC_CONSTRAINTS, SEQUENCE, ONE, OPEN, NULL, NULL },
	{ BASIC_CONSTRAINTS, LEAF, BOOLEAN, OPTIONAL, VALUE, NULL, end_ca },
	{ BASIC_CONSTRAINTS, LEAF, INTEGER, OPTIONAL, VALUE, NULL, end_path_len },
	{ IN_KEY_USAGE, LEAF, BIT_STRING, ONE, VALUE, NULL, end_key_usage },
	{ IN_EXT_KEY_USAGE, EXT_KEY_USAGE, SEQUENCE, ONE, CHOOSE, begin_ext_key_usage, NULL },
	{ EXT_KEY_USAGE, LEAF, OID, MANY, VALUE, NULL, end_purpose },
	{ IN_ALT_NAME, ALT_NAME, SEQUENCE, ONE, OPEN, NULL, NULL },
	{ ALT_NAME, LEAF, ANY, MANY, CHOOSE, begin_alt_name, end_alt_name },
	{ IN_NAME_CONSTRAINTS, NAME_CONSTRAINTS, SEQUENCE, ONE, CHOOSE, begin_name_constraints, end_name_constraints },
	{ NAME_CONSTRAINTS, SUBTREES, 0xa0, OPTIONAL, CHOOSE, begin_permitted, NULL },
	{ NAME_CONSTRAINTS, SUBTREES, 0xa1, OPTIONAL, CHOOSE, begin_excluded, NULL },
	{ SUBTREES, SUBTREE, SEQUENCE, MANY, OPEN, NULL, NULL },
	{ SUBTREE, BASE, ANY, ONE, CHOOSE, begin_base, end_base },
	{ SUBTREE, LEAF, 0x80, OPTIONAL, CHOOSE, begin_distance, NULL }, /* minimum */
	{ SUBTREE, LEAF, 0x81, OPTIONAL, CHOOSE, begin_distance, NULL }, /* maximum */
	{ BASE, LEAF, SEQUENCE, ONE, CHOOSE, begin_base_dir, end_base_dir },
};
/* clang-format on */

enum {
	RULES = sizeof rules / sizeof *rules
};

/* The first rule for children of a node; RULES: it has none. */
static uint8_t
first_rule(uint8_t node)
{
	uint8_t i = 0;

	while (i < RULES && rules[i].parent != node) {
		i++;
	}
	return i;
}

/* The rule for the next child of f, which has this tag; RULES: none. */
static uint8_t
match_rule(struct sts_x509_frame *f, uint8_t tag)
{
	while (f->next < RULES && rules[f->next].parent == f->node) {
		const struct rule *r = &rules[f->next];
		uint8_t found = f->next;

		if (r->tag == tag || r->tag == ANY) {
			f->next = (uint8_t)(found + (r->count != MANY));
			return found;
		}
		if (r->count == ONE) {
			break;
		}
		f->next++;
	}
	return RULES;
}

/* Whether all children that must be there came. */
static bool
complete(const struct sts_x509_frame *f)
{
	uint8_t i = f->next;

	if (f->sink != OPEN && f->sink != OPEN_BITS) {
		return true;
	}
	while (i < RULES && rules[i].parent == f->node) {
		if (rules[i].count == ONE) {
			return false;
		}
		i++;
	}
	return true;
}

static void
on_element(struct sts_x509_scan *s)
{
	unsigned depth = sts_der_depth(&s->der);
	struct sts_x509_frame *f = &s->frames[depth];
	uint8_t i = match_rule(f - 1, sts_der_tag(&s->der));

	STS_ASSERT(depth > 0 && depth <= STS_DER_DEPTH);
	if (i == RULES) {
		fail(s, STS_WHY_X509_MALFORMED);
		return;
	}
	f->rule = i;
	f->node = rules[i].node;
	f->sink = rules[i].sink;
	if (f->sink == CHOOSE) {
		f->sink = (uint8_t)rules[i].began(s);
	}
	f->next = first_rule(f->node);
	s->value_len = 0;
	if (f->sink == OPEN) {
		sts_der_open(&s->der);
	} else if (f->sink == OPEN_BITS) {
		sts_der_open_bits(&s->der);
	}
}

static void
on_content(struct sts_x509_scan *s, struct sts_text content)
{
	const struct sts_x509_frame *f = &s->frames[sts_der_depth(&s->der)];

	if (f->sink == STORE) {
		put(s, content);
	} else if (f->sink == VALUE) {
		if (content.n > sizeof s->value - s->value_len) {
			s->value_len = sizeof s->value + 1;
			return;
		}
		memcpy(s->value + s->value_len, content.p, content.n);
		s->value_len = (uint16_t)(s->value_len + content.n);
	}
}

static void
on_end(struct sts_x509_scan *s)
{
	const struct sts_x509_frame *f = &s->frames[sts_der_depth(&s->der) + 1];

	if (!complete(f)) {
		fail(s, STS_WHY_X509_MALFORMED);
	} else if (rules[f->rule].ended != NULL) {
		rules[f->rule].ended(s);
	}
}

/* Bytes that the reader took go to the hashes that cover them. */
static void
absorb(struct sts_x509_scan *s, struct sts_text t)
{
	if (s->naming) {
		br_sha256_update(&s->name, t.p, t.n);
	}
	if (s->digest == DIGEST_HASH) {
		s->tbs.vtable->update(&s->tbs.vtable, t.p, t.n);
	} else if (s->digest == DIGEST_PREFIX) {
		if (t.n > sizeof s->prefix ||
		    s->prefix_len > sizeof s->prefix - t.n) {
			s->prefix_len = sizeof s->prefix + 1;
			return;
		}
		memcpy(s->prefix + s->prefix_len, t.p, t.n);
		s->prefix_len = (uint8_t)(s->prefix_len + t.n);
	}
}

/* One event of the reader. False: it wants more bytes, or all is over. */
static bool
step(struct sts_x509_scan *s, struct sts_text *in)
{
	const uint8_t *from = in->p;
	struct sts_text content = { NULL, 0 };
	enum sts_der_event event = sts_der_next(&s->der, in, &content);

	if (in->p != from) {
		absorb(s, sts_text(from, (size_t)(in->p - from)));
	}
	switch (event) {
	case STS_DER_ELEMENT:
		on_element(s);
		break;
	case STS_DER_CONTENT:
		on_content(s, content);
		break;
	case STS_DER_END:
		on_end(s);
		break;
	case STS_DER_BROKEN:
		fail(s, STS_WHY_X509_MALFORMED);
		break;
	default:
		return false;
	}
	return s->error == STS_WHY_NONE;
}

void
sts_x509_scan_begin(struct sts_x509_scan *s, struct sts_x509_cert *cert,
    struct sts_x509_arena *arena, struct sts_text host, size_t len)
{
	STS_ASSERT(arena->size <= UINT16_MAX);
	STS_ASSERT(arena->used <= arena->size);
	memset(s, 0, sizeof *s);
	memset(cert, 0, sizeof *cert);
	cert->path_len = STS_X509_PATH_LEN_NONE;
	s->cert = cert;
	s->arena = arena;
	s->host = host;
	s->start = arena->used;
	s->seen = arena->size;
	s->version = 1;
	s->frames[0].node = TOP;
	s->frames[0].sink = OPEN;
	if (len > STS_DER_LEN_MAX) {
		fail(s, STS_WHY_X509_LIMIT);
		len = 0;
	}
	s->len_unknown = len == STS_DER_LEN_MAX;
	sts_der_begin(&s->der, len);
}

void
sts_x509_scan_feed(struct sts_x509_scan *s, struct sts_text in)
{
	while (s->error == STS_WHY_NONE && step(s, &in)) {
	}
	if (in.n > 0) {
		fail(s, STS_WHY_X509_MALFORMED);
	}
}

enum sts_why
sts_x509_scan_end(struct sts_x509_scan *s)
{
	struct sts_text none = { NULL, 0 };
	enum sts_der_event event = sts_der_next(&s->der, &none, &none);

	if (event == STS_DER_MORE && s->len_unknown &&
	    sts_der_complete(&s->der)) {
		event = STS_DER_DONE;
	}
	if (event != STS_DER_DONE || !complete(&s->frames[0])) {
		fail(s, STS_WHY_X509_MALFORMED);
	}
	if (s->error != STS_WHY_NONE) {
		s->arena->used = s->start;
	}
	return (enum sts_why)s->error;
}

size_t
sts_x509_hash_len(const struct sts_x509_cert *c)
{
	/* br_sha256_ID .. br_sha512_ID are 4 .. 6. */
	return c->sig_hash == 0 ? 0 : (size_t)(c->sig_hash - 2) * 16;
}
