/* SPDX-License-Identifier: MIT */
/*
 * One certificate, from DER bytes to what a path needs of it (RFC 5280 4).
 * Byte-fed: names are matched and bytes hashed as they pass, so that only
 * keys, signature, hashes and name constraints stay, packed in an arena.
 * Whether it may stand in a path is not decided here (x509.h).
 */
#ifndef STS_TLS_X509_CERT_H
#define STS_TLS_X509_CERT_H

#include <bearssl.h>

#include "../../core/base/bytes.h"
#include "../../core/base/why.h"
#include "der.h"
#include "x509_sct.h"

enum {
	STS_X509_NAME_HASH = 16, /* of a distinguished name: SHA-256, cut */
	STS_X509_RDN_HASH = 8, /* of the first RDNs of a name, cut further */
	STS_X509_RDNS_MAX = 8, /* prefixes kept of one subject */
	STS_X509_VALUE_MAX = 256, /* a primitive value that is looked at */
	STS_X509_EXTS_MAX = 64, /* extensions; usual are ten */
	STS_X509_PREFIX_MAX = 96, /* TBS bytes before the algorithm is known */
	STS_X509_TBS_KEPT = 2048, /* TBS bytes that may wait to be hashed */
	STS_X509_SUBJECT_MAX = 64, /* of a subject's text */
	STS_X509_PATH_LEN_NONE = 255
};

/* The subject's name for a message to people: its common name, or its
 * organisation if it has none; any bytes that the certificate has there. */
struct sts_x509_subject {
	bool is_name; /* a common name */
	uint8_t len;
	uint8_t text[STS_X509_SUBJECT_MAX];
};

enum sts_x509_key {
	STS_X509_KEY_NONE = 0, /* unsupported */
	STS_X509_KEY_RSA,
	STS_X509_KEY_P256,
	STS_X509_KEY_P384,
	STS_X509_KEY_P521
};

enum {
	STS_X509_V1 = 1, /* no extensions: basicConstraints cannot be there */
	STS_X509_CA = 2,
	STS_X509_KU = 4, /* keyUsage is there, with ... */
	STS_X509_KU_SIGN = 8, /* ... digitalSignature */
	STS_X509_KU_CERT = 0x10, /* ... keyCertSign */
	STS_X509_EKU = 0x20, /* extKeyUsage is there, with ... */
	STS_X509_EKU_SERVER = 0x40, /* ... serverAuth */
	STS_X509_EKU_ANY = 0x80, /* ... anyExtendedKeyUsage */
	STS_X509_DNS_ID = 0x100, /* a dNSName is there */
	STS_X509_NAME_MATCH = 0x200, /* and one is the reference name */
	STS_X509_MUST_STAPLE = 0x400,
	STS_X509_DIR_EXCESS = 0x800 /* more RDNs than are kept */
};

/* GeneralName forms (RFC 5280 4.2.1.6), as bits 1 << form. */
enum {
	STS_X509_FORM_EMAIL = 1,
	STS_X509_FORM_DNS = 2,
	STS_X509_FORM_DIR = 4,
	STS_X509_FORM_MAX = 8
};

/* Offsets are into the arena. */
struct sts_x509_cert {
	uint8_t subject[STS_X509_NAME_HASH];
	uint8_t issuer[STS_X509_NAME_HASH];
	int64_t not_before_s;
	int64_t not_after_s;
	uint16_t key_off; /* modulus or point, then the exponent */
	uint16_t key_len;
	uint16_t sig_off;
	uint16_t sig_len;
	uint16_t hash_off; /* of the TBS certificate */
	uint16_t rdn_off; /* rdn_count times STS_X509_RDN_HASH */
	uint16_t nc_off; /* name constraints: x509_names.h */
	uint16_t nc_len;
	uint16_t flags;
	uint16_t forms; /* names of these forms occur */
	uint8_t rdn_count;
	uint8_t exp_len;
	uint8_t path_len; /* or STS_X509_PATH_LEN_NONE */
	uint8_t key_type;
	uint8_t logs; /* that SCTs in it claim to come from */
	uint8_t sig_rsa; /* else ECDSA */
	uint8_t sig_hash; /* br_sha256_ID .. br_sha512_ID; 0: see sig_fault */
	uint8_t fault; /* enum sts_why: it can stand in no path */
	uint8_t sig_fault; /* enum sts_why: its signature counts for nothing */
};

/* Bytes that are handed out from the front; scratch from the back. */
struct sts_x509_arena {
	uint8_t *p;
	size_t size; /* <= 65535 */
	size_t used;
};

/* TBS bytes that are hashed at the end, or never. Of a root with a key of 4,096
 * bits it is 1,400; what is longer is hashed as it comes. */
struct sts_x509_kept {
	uint16_t len;
	uint8_t bytes[STS_X509_TBS_KEPT];
};

struct sts_x509_frame {
	uint8_t rule; /* of the element */
	uint8_t node; /* whose children it has */
	uint8_t next; /* the rule its next child is tried with */
	uint8_t sink; /* where its contents go */
};

/* What is large stands last: nearer fields take less code to reach. */
struct sts_x509_scan {
	/* Private. */
	struct sts_x509_cert *cert;
	struct sts_x509_arena *arena;
	struct sts_text host;
	struct sts_x509_subject *subject; /* or NULL */
	struct sts_x509_kept *kept; /* or NULL */
	size_t start; /* arena.used before this certificate */
	size_t seen; /* extension OIDs of this certificate: arena's end */
	size_t stored; /* offset of the value being stored */
	uint16_t value_len; /* VALUE_MAX + 1: it was longer */
	uint8_t prefix_len; /* PREFIX_MAX + 1: it was longer */
	uint8_t version;
	uint8_t alg; /* row of the inner signature algorithm */
	uint8_t ext; /* row of the extension */
	uint8_t ext_count; /* extensions so far */
	uint8_t digest; /* what happens to TBS bytes */
	uint8_t point_len; /* of the key's curve */
	uint8_t dir_len; /* bytes of the directoryName constraint being read */
	uint8_t form; /* of the GeneralName being read */
	uint8_t attribute; /* of the subject, being read */
	bool excluded; /* the name-constraint tree being read */
	bool naming; /* bytes go to `name` */
	bool critical;
	bool len_unknown;
	uint8_t error; /* enum sts_why: the certificate cannot be used at all */
	struct sts_der der;
	struct sts_x509_frame frames[STS_DER_DEPTH + 1];
	br_hash_compat_context tbs;
	union { /* never both at once */
		br_sha256_context name; /* while `naming` */
		struct sts_x509_scts scts; /* within that extension */
	} part;
	uint8_t value[STS_X509_VALUE_MAX];
	uint8_t prefix[STS_X509_PREFIX_MAX];
};

/*
 * Begin a certificate of `len` bytes (STS_DER_LEN_MAX: not known before).
 * `host` is the reference name (n 0: no name is looked for); cert, arena and
 * host stay valid until the end.
 */
void sts_x509_scan_begin(struct sts_x509_scan *s, struct sts_x509_cert *cert,
    struct sts_x509_arena *arena, struct sts_text host, size_t len);

/* After begin: fill *subject too, as far as the certificate can be read. */
void sts_x509_scan_subject(
    struct sts_x509_scan *s, struct sts_x509_subject *subject);

/*
 * After begin: it is read to be an anchor. Then its hash is there unless it
 * signs itself as a CA (no such anchor is known by its hash: anchors_set.h),
 * and the hashes of its first RDNs are not. Half the cost of a bundle is
 * hashes. *kept is scratch until the end.
 */
void sts_x509_scan_anchor(struct sts_x509_scan *s, struct sts_x509_kept *kept);

/* The next bytes. */
void sts_x509_scan_feed(struct sts_x509_scan *s, struct sts_text in);

/*
 * The end. NONE: *cert is complete, and its bytes are in the arena.
 * X509_MALFORMED, or X509_LIMIT when the arena is full or there are more than
 * STS_X509_EXTS_MAX extensions: *cert is undefined and the arena as before the
 * certificate.
 */
enum sts_why sts_x509_scan_end(struct sts_x509_scan *s);

/* Whether a whole certificate of a length that was not known was fed. */
bool sts_x509_scan_complete(const struct sts_x509_scan *s);

/* The bytes of a certificate's hash, by its sig_hash. */
size_t sts_x509_hash_len(const struct sts_x509_cert *c);

#endif
