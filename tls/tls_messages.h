/* SPDX-License-Identifier: MIT */
/*
 * The server's handshake messages that are read whole (RFC 8446 4, RFC 5246
 * 7.4): bytes to struct, no state. Each reader takes the body of a message,
 * without its 4-byte header, and returns the alert that answers what is wrong
 * with its form, STS_ALERT_NONE if nothing is; *out is only valid then, and its
 * spans point into the body. Whether the values make sense at this point is
 * judged by the client.
 *
 * Extensions: each at most once (47), offered (110), in a message where it
 * belongs (47).
 */
#ifndef STS_TLS_MESSAGES_H
#define STS_TLS_MESSAGES_H

#include "../core/base/bytes.h"
#include "tls_params.h"

enum sts_tls_message {
	STS_TLS_HELLO_REQUEST = 0, /* TLS 1.2 */
	STS_TLS_CLIENT_HELLO = 1,
	STS_TLS_SERVER_HELLO = 2,
	STS_TLS_NEW_SESSION_TICKET = 4,
	STS_TLS_ENCRYPTED_EXTENSIONS = 8,
	STS_TLS_CERTIFICATE = 11,
	STS_TLS_SERVER_KEY_EXCHANGE = 12, /* TLS 1.2 */
	STS_TLS_CERTIFICATE_REQUEST = 13,
	STS_TLS_SERVER_HELLO_DONE = 14, /* TLS 1.2 */
	STS_TLS_CERTIFICATE_VERIFY = 15,
	STS_TLS_CLIENT_KEY_EXCHANGE = 16, /* TLS 1.2 */
	STS_TLS_FINISHED = 20,
	STS_TLS_KEY_UPDATE = 24,
	STS_TLS_MESSAGE_HASH = 254
};

/* Extensions that are known, as bit numbers of a set. */
enum sts_tls_ext {
	STS_TLS_EXT_SERVER_NAME,
	STS_TLS_EXT_FRAGMENT_LENGTH, /* max_fragment_length, RFC 6066 */
	STS_TLS_EXT_GROUPS,
	STS_TLS_EXT_POINTS, /* ec_point_formats */
	STS_TLS_EXT_SIGNATURES,
	STS_TLS_EXT_ALPN,
	STS_TLS_EXT_PADDING,
	STS_TLS_EXT_MASTER_SECRET, /* extended_master_secret, RFC 7627 */
	STS_TLS_EXT_RECORD_LIMIT, /* record_size_limit, RFC 8449 */
	STS_TLS_EXT_VERSIONS,
	STS_TLS_EXT_COOKIE,
	STS_TLS_EXT_CERT_SIGNATURES, /* signature_algorithms_cert */
	STS_TLS_EXT_KEY_SHARE,
	STS_TLS_EXT_RENEGOTIATION, /* RFC 5746 */
	STS_TLS_EXTS
};

/* The number of an extension in TLS. */
uint16_t sts_tls_ext_id(enum sts_tls_ext e);

/* The server's choices among the offers of our extensions. */
struct sts_tls_extensions {
	struct sts_text alpn; /* the protocol; empty: none */
	uint16_t record_limit; /* 0: none */
	uint16_t fragment_length; /* bytes; 0: none */
};

struct sts_tls_server_hello {
	uint16_t version; /* STS_TLS_13 by its extension, or legacy_version;
			     0: legacy_version says 1.3, which it must not */
	bool retry; /* it is a HelloRetryRequest */
	bool master_secret; /* the extension is there */
	uint16_t suite;
	uint16_t group; /* of key_share; 0: none */
	struct sts_text random; /* 32 bytes */
	struct sts_text session_id;
	struct sts_text share; /* the server's; empty in a HelloRetryRequest */
	struct sts_text cookie; /* empty: none */
	struct sts_tls_extensions ext; /* TLS 1.2 only */
};

/* offered: a bit 1 << e for each extension of our hello. */
enum sts_tls_alert sts_tls_read_server_hello(
    struct sts_text body, uint32_t offered, struct sts_tls_server_hello *out);

/* RFC 8446 4.3.1. */
enum sts_tls_alert sts_tls_read_encrypted_extensions(
    struct sts_text body, uint32_t offered, struct sts_tls_extensions *out);

struct sts_tls_signed {
	uint16_t scheme;
	struct sts_text sig;
};

/* RFC 8446 4.4.3. The signature is not checked here. */
enum sts_tls_alert sts_tls_read_certificate_verify(
    struct sts_text body, struct sts_tls_signed *out);

struct sts_tls_key_exchange {
	uint16_t group;
	struct sts_text share;
	struct sts_text params; /* what is signed, after both randoms */
	struct sts_tls_signed by;
};

/* ServerKeyExchange of ECDHE (RFC 8422 5.4). */
enum sts_tls_alert sts_tls_read_key_exchange(
    struct sts_text body, struct sts_tls_key_exchange *out);

/* RFC 8446 4.6.3. *asked: the server wants one of us, too. */
enum sts_tls_alert sts_tls_read_key_update(struct sts_text body, bool *asked);

#endif
