/* SPDX-License-Identifier: MIT */
/*
 * Certificate extensions: usages, limits, names and their constraints. Each
 * function is called by the DER reader's table (x509_cert.c) when an element
 * begins or has been read; what is found goes into the certificate, names of
 * constraints and of extensions seen into the arena.
 *
 * Invariants: no extension comes twice (RFC 5280 4.2). One that is critical
 * and not understood makes the certificate unusable; one that is neither is
 * passed over. A name that is too long to be kept matches nothing, and a
 * constraint that cannot be kept makes the certificate unusable, too: to leave
 * it out would widen what an authority may sign.
 *
 * The attacker is a server with a chain of his own making, or an authority
 * that was allowed some names and wants others.
 */
#include <string.h>

#include "../../core/base/assert.h"
#include "../../core/base/name.h"
#include "x509_fields.h"
#include "x509_names.h"
#include "x509_oids.h"

enum {
	GENERAL_NAME_CLASS = 0x80,
	GENERAL_NAME_CONTEXT = 0xc0,
	KU_DIGITAL_SIGNATURE = 0x80,
	KU_KEY_CERT_SIGN = 0x04
};

enum sts_x509_sink
sts_x509_begin_exts(struct sts_x509_scan *s)
{
	if (s->version != 3) {
		sts_x509_fail(s, STS_WHY_X509_MALFORMED);
	}
	return STS_X509_SINK_OPEN;
}

enum sts_x509_sink
sts_x509_begin_ext(struct sts_x509_scan *s)
{
	s->ext = STS_X509_EXT_UNKNOWN;
	s->critical = false;
	return STS_X509_SINK_OPEN;
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
 * end as length and bytes, for as long as this certificate is read. Their
 * number is limited, since each is held against all before it, and a TLS record
 * holds two thousand. */
void
sts_x509_end_ext_id(struct sts_x509_scan *s)
{
	struct sts_text oid = sts_x509_value(s);

	if (oid.n == 0 || oid.n > UINT8_MAX || seen_before(s, oid)) {
		sts_x509_fail(s, STS_WHY_X509_MALFORMED);
		return;
	}
	if (s->ext_count == STS_X509_EXTS_MAX ||
	    oid.n + 1 > s->seen - s->arena->used) {
		sts_x509_fail(s, STS_WHY_X509_LIMIT);
		return;
	}
	s->ext_count++;
	s->seen -= oid.n + 1;
	s->arena->p[s->seen] = (uint8_t)oid.n;
	memcpy(s->arena->p + s->seen + 1, oid.p, oid.n);
	s->ext = (uint8_t)sts_x509_ext(oid);
}

/* FALSE, the default, is often written although it must not be, and taken as
 * such. */
static bool
boolean(const struct sts_x509_scan *s)
{
	STS_ASSERT(s->value_len == 1); /* the DER reader's word */
	return s->value[0] != 0;
}

void
sts_x509_end_critical(struct sts_x509_scan *s)
{
	s->critical = boolean(s);
}

static void
critical_fault(struct sts_x509_scan *s)
{
	if (s->critical) {
		sts_x509_fault(s, STS_WHY_X509_CRITICAL);
	}
}

enum sts_x509_sink
sts_x509_begin_ext_value(struct sts_x509_scan *s)
{
	switch (s->ext) {
	case STS_X509_EXT_UNKNOWN:
		critical_fault(s);
		return STS_X509_SINK_SKIP;
	case STS_X509_EXT_SCTS:
		/* Counted, not understood: OpenSSL refuses a critical one. */
		critical_fault(s);
		sts_x509_scts_begin(&s->part.scts);
		return STS_X509_SINK_OPEN;
	case STS_X509_EXT_TLS_FEATURE:
		/* The same: no stapled response is asked for. */
		critical_fault(s);
		s->cert->flags |= STS_X509_MUST_STAPLE;
		return STS_X509_SINK_SKIP;
	case STS_X509_EXT_IGNORED:
		return STS_X509_SINK_SKIP;
	default:
		return STS_X509_SINK_OPEN;
	}
}

void
sts_x509_end_ca(struct sts_x509_scan *s)
{
	if (boolean(s)) {
		s->cert->flags |= STS_X509_CA;
	}
}

/* No path is as long as 254, so that larger limits are all the same: those of
 * more than one octet, as the DER reader lets no zero too many pass. One that
 * is too long to be looked at is refused. */
void
sts_x509_end_path_len(struct sts_x509_scan *s)
{
	struct sts_text t = sts_x509_value(s);

	if (t.n == 0 || t.p[0] >= 0x80) {
		sts_x509_fail(s, STS_WHY_X509_MALFORMED);
		return;
	}
	s->cert->path_len = t.n == 1 ? t.p[0] : STS_X509_PATH_LEN_NONE - 1;
}

void
sts_x509_end_key_usage(struct sts_x509_scan *s)
{
	struct sts_text t = sts_x509_value(s);
	uint8_t bits = t.n > 1 ? t.p[1] : 0;

	/* Bits declared unused are zero: the DER reader's word, too. */
	s->cert->flags |= STS_X509_KU;
	if (bits & KU_DIGITAL_SIGNATURE) {
		s->cert->flags |= STS_X509_KU_SIGN;
	}
	if (bits & KU_KEY_CERT_SIGN) {
		s->cert->flags |= STS_X509_KU_CERT;
	}
}

enum sts_x509_sink
sts_x509_begin_ext_key_usage(struct sts_x509_scan *s)
{
	s->cert->flags |= STS_X509_EKU;
	return STS_X509_SINK_OPEN;
}

void
sts_x509_end_purpose(struct sts_x509_scan *s)
{
	if (sts_x509_oid_server_auth(sts_x509_value(s))) {
		s->cert->flags |= STS_X509_EKU_SERVER;
	}
	if (sts_x509_oid_any_usage(sts_x509_value(s))) {
		s->cert->flags |= STS_X509_EKU_ANY;
	}
}

/* A GeneralName begins: its form, and whether it is to be looked at. */
static enum sts_x509_sink
begin_general_name(struct sts_x509_scan *s)
{
	uint8_t tag = sts_der_tag(&s->der);

	s->form = tag & 0x1f;
	if ((tag & GENERAL_NAME_CONTEXT) != GENERAL_NAME_CLASS ||
	    s->form > STS_X509_FORM_MAX) {
		sts_x509_fail(s, STS_WHY_X509_MALFORMED);
	}
	return s->form == STS_X509_FORM_DNS ? STS_X509_SINK_VALUE
					    : STS_X509_SINK_SKIP;
}

enum sts_x509_sink
sts_x509_begin_alt_name(struct sts_x509_scan *s)
{
	enum sts_x509_sink sink = begin_general_name(s);

	s->cert->forms |= (uint16_t)(1U << s->form);
	return sink;
}

/*
 * A wildcard stands for one label, and not right below a top-level domain:
 * "*.com" is nobody's (RFC 9525 6.3 leaves it to us).
 */
void
sts_x509_end_alt_name(struct sts_x509_scan *s)
{
	struct sts_text id = sts_x509_value(s);

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

enum sts_x509_sink
sts_x509_begin_name_constraints(struct sts_x509_scan *s)
{
	s->cert->nc_off = sts_x509_used(s);
	return STS_X509_SINK_OPEN;
}

void
sts_x509_end_name_constraints(struct sts_x509_scan *s)
{
	s->cert->nc_len = (uint16_t)(sts_x509_used(s) - s->cert->nc_off);
}

enum sts_x509_sink
sts_x509_begin_excluded(struct sts_x509_scan *s)
{
	s->excluded = true;
	return STS_X509_SINK_OPEN;
}

static void
put_constraint(struct sts_x509_scan *s, struct sts_text t)
{
	uint8_t head[2] = { (uint8_t)(s->form |
				      (s->excluded ? STS_X509_NC_EXCLUDED : 0)),
		(uint8_t)t.n };

	sts_x509_put(s, sts_text(head, sizeof head));
	sts_x509_put(s, t);
}

enum sts_x509_sink
sts_x509_begin_base(struct sts_x509_scan *s)
{
	enum sts_x509_sink sink = begin_general_name(s);

	return s->form == STS_X509_FORM_DIR ? STS_X509_SINK_OPEN : sink;
}

void
sts_x509_end_base(struct sts_x509_scan *s)
{
	if (s->form == STS_X509_FORM_DIR) {
		return;
	}
	/* Of another form nothing was read. */
	if (s->value_len > STS_NAME_MAX) {
		sts_x509_fault(s, STS_WHY_X509_LIMIT);
		return;
	}
	put_constraint(s, s->form == STS_X509_FORM_DNS ? sts_x509_value(s)
						       : sts_text(s->value, 0));
}

enum sts_x509_sink
sts_x509_begin_base_dir(struct sts_x509_scan *s)
{
	s->dir_len = sts_der_len(&s->der) > 0 ? STS_X509_RDN_HASH : 0;
	return sts_x509_begin_name(s);
}

void
sts_x509_end_base_dir(struct sts_x509_scan *s)
{
	uint8_t hash[STS_X509_RDN_HASH];

	sts_x509_name_hash(s, hash, sizeof hash);
	s->naming = false;
	put_constraint(s, sts_text(hash, s->dir_len));
}

/* RFC 5280 4.2.1.10: minimum is 0 and maximum absent, both unwritten. */
enum sts_x509_sink
sts_x509_begin_distance(struct sts_x509_scan *s)
{
	sts_x509_fault(s, STS_WHY_X509_CONSTRAINT);
	return STS_X509_SINK_SKIP;
}

void
sts_x509_end_scts(struct sts_x509_scan *s)
{
	s->cert->logs = (uint8_t)sts_x509_scts_end(&s->part.scts);
}
