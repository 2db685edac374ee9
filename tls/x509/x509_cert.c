/* SPDX-License-Identifier: MIT */
/*
 * One certificate. The grammar of RFC 5280 4.1 is the table `rules`: each row
 * is an element that may stand in a parent, in order, with what is done when it
 * begins and ends (x509_fields.h). The DER reader reports elements; this file
 * walks the table beside it, one frame for each element.
 *
 * Invariants: an element is accepted only if a row of its parent allows it;
 * contents are kept only in s->value and the arena. A value that is too long
 * matches nothing, and a certificate for which the arena has no room is
 * refused.
 *
 * The attacker wrote every octet of the certificate.
 */
#include <string.h>

#include "../../core/base/assert.h"
#include "x509_fields.h"
#include "x509_oids.h"

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
	EXT_VALUE,
	/* The contents of an extension's OCTET STRING, as enum sts_x509_ext. */
	IN_UNKNOWN,
	IN_BASIC_CONSTRAINTS,
	IN_KEY_USAGE,
	IN_EXT_KEY_USAGE,
	IN_ALT_NAME,
	IN_NAME_CONSTRAINTS,
	IN_TLS_FEATURE,
	IN_SCTS,
	IN_IGNORED,
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

/* Short names for the table. */
enum {
	OPEN = STS_X509_SINK_OPEN,
	OPEN_BITS = STS_X509_SINK_OPEN_BITS,
	VALUE = STS_X509_SINK_VALUE,
	STORE = STS_X509_SINK_STORE,
	SCTS = STS_X509_SINK_SCTS,
	SKIP = STS_X509_SINK_SKIP,
	CHOOSE = STS_X509_SINK_CHOOSE
};

struct rule {
	uint8_t parent;
	uint8_t node;
	uint8_t tag;
	uint8_t count;
	uint8_t sink;
	enum sts_x509_sink (*began)(struct sts_x509_scan *s);
	void (*ended)(struct sts_x509_scan *s);
};

/* clang-format off */
static const struct rule rules[] = {
	{ TOP, CERT, SEQUENCE, ONE, CHOOSE, sts_x509_begin_cert, NULL },
	{ CERT, TBS, SEQUENCE, ONE, OPEN, NULL, sts_x509_end_tbs },
	{ CERT, LEAF, SEQUENCE, ONE, VALUE, NULL, sts_x509_end_sig_alg },
	{ CERT, LEAF, BIT_STRING, ONE, CHOOSE, sts_x509_begin_sig, sts_x509_end_sig },
	{ TBS, VERSION_TAG, 0xa0, OPTIONAL, OPEN, NULL, NULL },
	{ TBS, LEAF, INTEGER, ONE, SKIP, NULL, NULL }, /* serialNumber */
	{ TBS, LEAF, SEQUENCE, ONE, VALUE, NULL, sts_x509_end_alg },
	{ TBS, LEAF, SEQUENCE, ONE, CHOOSE, sts_x509_begin_name, sts_x509_end_issuer },
	{ TBS, VALIDITY, SEQUENCE, ONE, OPEN, NULL, NULL },
	{ TBS, SUBJECT, SEQUENCE, ONE, CHOOSE, sts_x509_begin_subject, sts_x509_end_subject },
	{ TBS, SPKI, SEQUENCE, ONE, OPEN, NULL, NULL },
	{ TBS, LEAF, 0x81, OPTIONAL, SKIP, NULL, NULL }, /* issuerUniqueID */
	{ TBS, LEAF, 0x82, OPTIONAL, SKIP, NULL, NULL }, /* subjectUniqueID */
	{ TBS, EXTS_TAG, 0xa3, OPTIONAL, CHOOSE, sts_x509_begin_exts, NULL },
	{ VERSION_TAG, LEAF, INTEGER, ONE, VALUE, NULL, sts_x509_end_version },
	{ VALIDITY, LEAF, ANY, ONE, VALUE, NULL, sts_x509_end_not_before },
	{ VALIDITY, LEAF, ANY, ONE, VALUE, NULL, sts_x509_end_not_after },
	{ SUBJECT, RDN, SET, MANY, OPEN, NULL, sts_x509_end_rdn },
	{ RDN, ATTRIBUTE, SEQUENCE, MANY, OPEN, NULL, NULL },
	{ ATTRIBUTE, LEAF, OID, ONE, VALUE, NULL, sts_x509_end_attribute_type },
	{ ATTRIBUTE, LEAF, ANY, ONE, VALUE, NULL, sts_x509_end_attribute_value },
	{ SPKI, LEAF, SEQUENCE, ONE, VALUE, NULL, sts_x509_end_key_alg },
	{ SPKI, KEY, BIT_STRING, ONE, CHOOSE, sts_x509_begin_key, sts_x509_end_key },
	{ KEY, RSA_KEY, SEQUENCE, ONE, OPEN, NULL, NULL },
	{ RSA_KEY, LEAF, INTEGER, ONE, CHOOSE, sts_x509_begin_modulus, sts_x509_end_modulus },
	{ RSA_KEY, LEAF, INTEGER, ONE, VALUE, NULL, sts_x509_end_exponent },
	{ EXTS_TAG, EXTS, SEQUENCE, ONE, OPEN, NULL, NULL },
	{ EXTS, EXT, SEQUENCE, MANY, CHOOSE, sts_x509_begin_ext, NULL },
	{ EXT, LEAF, OID, ONE, VALUE, NULL, sts_x509_end_ext_id },
	{ EXT, LEAF, BOOLEAN, OPTIONAL, VALUE, NULL, sts_x509_end_critical },
	{ EXT, EXT_VALUE, OCTET_STRING, ONE, CHOOSE, sts_x509_begin_ext_value, NULL },
	{ IN_BASIC_CONSTRAINTS, BASIC_CONSTRAINTS, SEQUENCE, ONE, OPEN, NULL, NULL },
	{ BASIC_CONSTRAINTS, LEAF, BOOLEAN, OPTIONAL, VALUE, NULL, sts_x509_end_ca },
	{ BASIC_CONSTRAINTS, LEAF, INTEGER, OPTIONAL, VALUE, NULL, sts_x509_end_path_len },
	{ IN_KEY_USAGE, LEAF, BIT_STRING, ONE, VALUE, NULL, sts_x509_end_key_usage },
	{ IN_EXT_KEY_USAGE, EXT_KEY_USAGE, SEQUENCE, ONE, CHOOSE, sts_x509_begin_ext_key_usage, NULL },
	{ EXT_KEY_USAGE, LEAF, OID, MANY, VALUE, NULL, sts_x509_end_purpose },
	{ IN_ALT_NAME, ALT_NAME, SEQUENCE, ONE, OPEN, NULL, NULL },
	{ ALT_NAME, LEAF, ANY, MANY, CHOOSE, sts_x509_begin_alt_name, sts_x509_end_alt_name },
	{ IN_NAME_CONSTRAINTS, NAME_CONSTRAINTS, SEQUENCE, ONE, CHOOSE, sts_x509_begin_name_constraints, sts_x509_end_name_constraints },
	{ NAME_CONSTRAINTS, SUBTREES, 0xa0, OPTIONAL, OPEN, NULL, NULL }, /* permitted */
	{ NAME_CONSTRAINTS, SUBTREES, 0xa1, OPTIONAL, CHOOSE, sts_x509_begin_excluded, NULL },
	{ SUBTREES, SUBTREE, SEQUENCE, MANY, OPEN, NULL, NULL },
	{ SUBTREE, BASE, ANY, ONE, CHOOSE, sts_x509_begin_base, sts_x509_end_base },
	{ SUBTREE, LEAF, 0x80, OPTIONAL, CHOOSE, sts_x509_begin_distance, NULL }, /* minimum */
	{ SUBTREE, LEAF, 0x81, OPTIONAL, CHOOSE, sts_x509_begin_distance, NULL }, /* maximum */
	{ BASE, LEAF, SEQUENCE, ONE, CHOOSE, sts_x509_begin_base_dir, sts_x509_end_base_dir },
	{ IN_SCTS, LEAF, OCTET_STRING, ONE, SCTS, NULL, sts_x509_end_scts },
};
/* clang-format on */

enum {
	RULES = sizeof rules / sizeof *rules
};

/* The first rule for children of a node; RULES: it has none. They stand behind
 * the rule `at` of the element itself. */
static uint8_t
first_rule(uint8_t at, uint8_t node)
{
	uint8_t i = node == LEAF ? RULES : at;

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

/* Whose children an element has: those in an extension go by its name. */
static uint8_t
parent_of_contents(const struct sts_x509_scan *s, uint8_t node)
{
	return node == EXT_VALUE ? (uint8_t)(IN_UNKNOWN + s->ext) : node;
}

/* An element begins. Its parent and its tag choose the rule, and the rule where
 * its content goes. What no rule expects makes the certificate malformed. */
static void
on_element(struct sts_x509_scan *s)
{
	unsigned depth = sts_der_depth(&s->der);
	struct sts_x509_frame *f = &s->frames[depth];
	uint8_t i = match_rule(f - 1, sts_der_tag(&s->der));

	STS_ASSERT(depth > 0 && depth <= STS_DER_DEPTH);
	if (i == RULES) {
		sts_x509_fail(s, STS_WHY_X509_MALFORMED);
		return;
	}
	f->rule = i;
	f->sink = rules[i].sink;
	if (f->sink == CHOOSE) {
		f->sink = (uint8_t)rules[i].began(s);
	}
	f->node = parent_of_contents(s, rules[i].node);
	f->next = first_rule(i, f->node);
	s->value_len = 0;
	if (f->sink == OPEN) {
		sts_der_open(&s->der);
	} else if (f->sink == OPEN_BITS) {
		sts_der_open_bits(&s->der);
	}
}

/* A value that is too long stays so. */
static void
append_value(struct sts_x509_scan *s, struct sts_text t)
{
	if (s->value_len > sizeof s->value ||
	    t.n > sizeof s->value - s->value_len) {
		s->value_len = sizeof s->value + 1;
		return;
	}
	memcpy(s->value + s->value_len, t.p, t.n);
	s->value_len = (uint16_t)(s->value_len + t.n);
}

/* The same for what comes before the algorithm is known. */
static void
append_prefix(struct sts_x509_scan *s, struct sts_text t)
{
	if (s->prefix_len > sizeof s->prefix ||
	    t.n > sizeof s->prefix - s->prefix_len) {
		s->prefix_len = sizeof s->prefix + 1;
		return;
	}
	memcpy(s->prefix + s->prefix_len, t.p, t.n);
	s->prefix_len = (uint8_t)(s->prefix_len + t.n);
}

static void
on_content(struct sts_x509_scan *s, struct sts_text content)
{
	const struct sts_x509_frame *f = &s->frames[sts_der_depth(&s->der)];

	if (f->sink == STORE) {
		sts_x509_put(s, content);
	} else if (f->sink == VALUE) {
		append_value(s, content);
	} else if (f->sink == SCTS) {
		sts_x509_scts_feed(&s->part.scts, content);
	}
}

static void
on_end(struct sts_x509_scan *s)
{
	const struct sts_x509_frame *f = &s->frames[sts_der_depth(&s->der) + 1];

	if (!complete(f)) {
		sts_x509_fail(s, STS_WHY_X509_MALFORMED);
	} else if (rules[f->rule].ended != NULL) {
		rules[f->rule].ended(s);
	}
}

/* Bytes that the reader took go to the hashes that cover them. */
static void
absorb(struct sts_x509_scan *s, struct sts_text t)
{
	if (s->naming) {
		br_sha256_update(&s->part.name, t.p, t.n);
	}
	if (s->digest == STS_X509_DIGEST_PREFIX) {
		append_prefix(s, t);
	} else if (s->digest != STS_X509_DIGEST_NONE) {
		sts_x509_hash_tbs(s, t);
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
		sts_x509_fail(s, STS_WHY_X509_MALFORMED);
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
		sts_x509_fail(s, STS_WHY_X509_LIMIT);
		len = 0;
	}
	s->len_unknown = len == STS_DER_LEN_MAX;
	sts_der_begin(&s->der, len);
}

void
sts_x509_scan_subject(struct sts_x509_scan *s, struct sts_x509_subject *subject)
{
	memset(subject, 0, sizeof *subject);
	s->subject = subject;
}

void
sts_x509_scan_anchor(struct sts_x509_scan *s, struct sts_x509_kept *kept)
{
	kept->len = 0;
	s->kept = kept;
}

bool
sts_x509_scan_complete(const struct sts_x509_scan *s)
{
	/* The only element of the top came, and is over. */
	return s->frames[0].next > 0 && sts_der_complete(&s->der);
}

void
sts_x509_scan_feed(struct sts_x509_scan *s, struct sts_text in)
{
	while (s->error == STS_WHY_NONE && step(s, &in)) {
	}
	if (in.n > 0) {
		sts_x509_fail(s, STS_WHY_X509_MALFORMED);
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
		sts_x509_fail(s, STS_WHY_X509_MALFORMED);
	}
	if (s->error != STS_WHY_NONE) {
		s->arena->used = s->start;
	}
	return (enum sts_why)s->error;
}
