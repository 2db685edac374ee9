/* SPDX-License-Identifier: MIT */
/*
 * The elements of a certificate: for each row of x509_cert.c's grammar, a
 * function for the element's beginning (which returns where its contents go)
 * and one for its end (s->value holds the contents, or the arena from
 * s->stored). Private to the scanner.
 */
#ifndef STS_TLS_X509_FIELDS_H
#define STS_TLS_X509_FIELDS_H

#include "x509_cert.h"

/* Where the contents of an element go. */
enum sts_x509_sink {
	STS_X509_SINK_OPEN, /* they are elements */
	STS_X509_SINK_OPEN_BITS, /* they are elements in a BIT STRING */
	STS_X509_SINK_VALUE, /* into s->value */
	STS_X509_SINK_STORE, /* into the arena */
	STS_X509_SINK_SCTS, /* into s->scts */
	STS_X509_SINK_SKIP,
	STS_X509_SINK_CHOOSE /* `began` decides */
};

enum sts_x509_digest {
	STS_X509_DIGEST_NONE,
	STS_X509_DIGEST_PREFIX, /* kept until the algorithm is known */
	STS_X509_DIGEST_LATER, /* kept until it is known whether it counts */
	STS_X509_DIGEST_HASH
};

/* x509_fields.c: what all of them use. fail: the certificate is of no use at
 * all; fault: in no path; sig_fault: its signature counts for nothing. The
 * first of each kind stays. */
void sts_x509_fail(struct sts_x509_scan *s, enum sts_why why);
void sts_x509_fault(struct sts_x509_scan *s, enum sts_why why);
void sts_x509_sig_fault(struct sts_x509_scan *s, enum sts_why why);

/* Append to the arena, or fail. */
void sts_x509_put(struct sts_x509_scan *s, struct sts_text t);
uint16_t sts_x509_used(const struct sts_x509_scan *s);

/* The value that was read; one over STS_X509_VALUE_MAX is empty. */
struct sts_text sts_x509_value(const struct sts_x509_scan *s);

/* The hash of the name so far, cut to n bytes. */
void sts_x509_name_hash(const struct sts_x509_scan *s, uint8_t *out, size_t n);

/* TBS bytes, the algorithm being known. */
void sts_x509_hash_tbs(struct sts_x509_scan *s, struct sts_text t);

/* x509_fields.c: names, the TBS certificate, the signature, the key. */
enum sts_x509_sink sts_x509_begin_name(struct sts_x509_scan *s);
void sts_x509_end_issuer(struct sts_x509_scan *s);
enum sts_x509_sink sts_x509_begin_subject(struct sts_x509_scan *s);
void sts_x509_end_rdn(struct sts_x509_scan *s);
void sts_x509_end_attribute_type(struct sts_x509_scan *s);
void sts_x509_end_attribute_value(struct sts_x509_scan *s);
void sts_x509_end_subject(struct sts_x509_scan *s);
enum sts_x509_sink sts_x509_begin_cert(struct sts_x509_scan *s);
void sts_x509_end_version(struct sts_x509_scan *s);
void sts_x509_end_alg(struct sts_x509_scan *s);
void sts_x509_end_tbs(struct sts_x509_scan *s);
void sts_x509_end_sig_alg(struct sts_x509_scan *s);
enum sts_x509_sink sts_x509_begin_sig(struct sts_x509_scan *s);
void sts_x509_end_sig(struct sts_x509_scan *s);
void sts_x509_end_not_before(struct sts_x509_scan *s);
void sts_x509_end_not_after(struct sts_x509_scan *s);
void sts_x509_end_key_alg(struct sts_x509_scan *s);
enum sts_x509_sink sts_x509_begin_key(struct sts_x509_scan *s);
void sts_x509_end_key(struct sts_x509_scan *s);
enum sts_x509_sink sts_x509_begin_modulus(struct sts_x509_scan *s);
void sts_x509_end_modulus(struct sts_x509_scan *s);
void sts_x509_end_exponent(struct sts_x509_scan *s);

/* x509_exts.c: extensions. */
enum sts_x509_sink sts_x509_begin_exts(struct sts_x509_scan *s);
enum sts_x509_sink sts_x509_begin_ext(struct sts_x509_scan *s);
void sts_x509_end_ext_id(struct sts_x509_scan *s);
void sts_x509_end_critical(struct sts_x509_scan *s);
enum sts_x509_sink sts_x509_begin_ext_value(struct sts_x509_scan *s);
void sts_x509_end_ca(struct sts_x509_scan *s);
void sts_x509_end_path_len(struct sts_x509_scan *s);
void sts_x509_end_key_usage(struct sts_x509_scan *s);
enum sts_x509_sink sts_x509_begin_ext_key_usage(struct sts_x509_scan *s);
void sts_x509_end_purpose(struct sts_x509_scan *s);
enum sts_x509_sink sts_x509_begin_alt_name(struct sts_x509_scan *s);
void sts_x509_end_alt_name(struct sts_x509_scan *s);
enum sts_x509_sink sts_x509_begin_name_constraints(struct sts_x509_scan *s);
void sts_x509_end_name_constraints(struct sts_x509_scan *s);
enum sts_x509_sink sts_x509_begin_excluded(struct sts_x509_scan *s);
enum sts_x509_sink sts_x509_begin_base(struct sts_x509_scan *s);
void sts_x509_end_base(struct sts_x509_scan *s);
enum sts_x509_sink sts_x509_begin_base_dir(struct sts_x509_scan *s);
void sts_x509_end_base_dir(struct sts_x509_scan *s);
enum sts_x509_sink sts_x509_begin_distance(struct sts_x509_scan *s);
void sts_x509_end_scts(struct sts_x509_scan *s);

#endif
