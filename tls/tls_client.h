/* SPDX-License-Identifier: MIT */
/*
 * The handshake of a client, TLS 1.3 and 1.2 (RFC 8446 A.1, RFC 5246 7.3):
 * handshake bytes in, flights out, and steps of work between. It knows nothing
 * of the record buffer; session.c moves bytes between the two. Two things are
 * known of a handshake: which message may come (`expect`), and what must be
 * done before any other is looked at (`work`, then `flight`).
 *
 *	ClientHello        share: work      flight
 *	  HelloRetryRequest  share: work    flight, once
 *	ServerHello        secret: work     keys of the handshake (1.3)
 *	Certificate        path: work, until the verdict
 *	CertificateVerify, ServerKeyExchange   signature: work
 *	ServerHelloDone    secret, share: work    flight (1.2)
 *	Finished           flight (1.3)     open
 *
 * Invariants: no signature of the server is looked at before the path's
 * verdict, and nothing but hellos is sent before it; `open` means that path,
 * signature and Finished were good, in this order. While `boundary`, no byte
 * may follow in the record, because keys change. Once `failed`, nothing but
 * the alert matters.
 */
#ifndef STS_TLS_CLIENT_H
#define STS_TLS_CLIENT_H

#include "../core/base/name.h"
#include "tls_hello.h"
#include "tls_lists.h"
#include "tls_messages.h"
#include "tls_records.h"
#include "x509/x509_path.h"

enum {
	/* The longest message that is read whole: a ServerKeyExchange with
	 * the largest share and a signature by RSA of 4,096 bits. */
	STS_TLS_MESSAGE_MAX = 4 + STS_TLS_SHARE_MAX + 4 + 512,
	STS_TLS_MESSAGE_HEADER = 4,
	STS_TLS_TICKETS_MAX = 64, /* a session; 30 are normal for some */
	STS_TLS_UPDATES_MAX = 32, /* KeyUpdates, or HelloRequests */
	/* What a flight takes at most, a CCS and a hello; the other flights
	 * are shorter: tls_client.c. */
	STS_TLS_FLIGHT_MAX =
	    STS_TLS_HEADER + 1 + STS_TLS_HEADER + STS_TLS_HELLO_MAX
};

enum sts_tls_expect {
	STS_TLS_EXPECT_NOTHING,
	STS_TLS_EXPECT_HELLO,
	/* TLS 1.3 */
	STS_TLS13_EXTENSIONS,
	STS_TLS13_CERTIFICATE_OR_REQUEST,
	STS_TLS13_CERTIFICATE,
	STS_TLS13_VERIFY,
	STS_TLS13_FINISHED,
	STS_TLS13_OPEN,
	/* TLS 1.2 */
	STS_TLS12_CERTIFICATE,
	STS_TLS12_KEY_EXCHANGE,
	STS_TLS12_REQUEST_OR_DONE,
	STS_TLS12_DONE,
	STS_TLS12_CHANGE_CIPHER_SPEC,
	STS_TLS12_FINISHED,
	STS_TLS12_OPEN
};

enum sts_tls_work_due {
	STS_TLS_WORK_NONE,
	STS_TLS_WORK_SHARE, /* make our share */
	STS_TLS_WORK_SECRET, /* and the secret, from theirs */
	STS_TLS_WORK_PATH, /* one step towards the verdict */
	STS_TLS_WORK_SIGNATURE /* of CertificateVerify or ServerKeyExchange */
};

enum sts_tls_flight_due {
	STS_TLS_FLIGHT_NONE,
	STS_TLS_FLIGHT_HELLO,
	STS_TLS_FLIGHT_FINISHED
};

struct sts_tls_client {
	/* Readable. */
	uint8_t work; /* enum sts_tls_work_due */
	uint8_t flight; /* enum sts_tls_flight_due */
	bool failed;
	uint8_t why; /* enum sts_why, when failed */
	uint8_t alert; /* the same: to be sent */
	bool open; /* the handshake is over */
	bool ccs_sent;
	bool update_owed; /* a KeyUpdate before our next application record */
	uint16_t version; /* 0: not yet known */
	uint16_t send_max; /* bytes of content in our records */
	struct sts_tls_direction in, out;

	/* Private. */
	const struct sts_tls_suite *suite; /* chosen; in `in`, `out` when on */
	const struct sts_tls_scheme *scheme; /* of sig */
	const struct sts_tls_row *row; /* how this message is handled */
	struct sts_tls_transcript transcript;
	struct sts_text cookie, share, sig; /* the server's, in msg */
	uint32_t offered; /* extensions */
	uint32_t left; /* bytes of this message to come */
	uint16_t group; /* of our share */
	uint16_t got; /* bytes in msg */
	uint8_t expect; /* enum sts_tls_expect */
	uint8_t head_len;
	uint8_t name_len, alpn_len;
	uint8_t tickets, updates;
	bool boundary, retried, requested, master_secret;
	uint8_t head[STS_TLS_MESSAGE_HEADER];
	uint8_t seed[STS_TLS_SEED];
	uint8_t master[STS_TLS_HASH_MAX];
	uint8_t server_random[STS_TLS_RANDOM]; /* TLS 1.2 */
	uint8_t digest[br_sha512_SIZE]; /* what sig signs */
	uint8_t alpn[STS_TLS_ALPN_MAX];
	uint8_t name[STS_NAME_MAX];
	struct sts_tls_lists lists;
	/* A message; between messages our share, at its end. */
	uint8_t msg[STS_TLS_MESSAGE_MAX];
	struct sts_x509 x509;
};

/* Begin: as sts_tls_start. */
void sts_tls_client_start(struct sts_tls_client *c, struct sts_text host,
    const struct sts_anchors *anchors, int64_t wall_s,
    const uint8_t seed[STS_TLS_SEED]);

/* Before the first work: the protocol to offer by ALPN. */
void sts_tls_client_alpn(struct sts_tls_client *c, struct sts_text protocol);

/* Handshake bytes of one record, in pieces; returns how many were taken. It
 * stops where work or a flight is due, and when it fails. */
size_t sts_tls_client_take(struct sts_tls_client *c, struct sts_text in);
/* The record with the bytes of the last take is over. */
void sts_tls_client_record_end(struct sts_tls_client *c);
/* Whether no message is half received. */
bool sts_tls_client_between(const struct sts_tls_client *c);

/* A change_cipher_spec record came with this content. */
void sts_tls_client_ccs(struct sts_tls_client *c, struct sts_text content);

/* Do what is due: one public-key operation, or one signature check. */
void sts_tls_client_work(struct sts_tls_client *c);

/* Write the records of the flight that is due to out, STS_TLS_FLIGHT_MAX
 * bytes; returns their length. */
size_t sts_tls_client_flight(struct sts_tls_client *c,
    const struct sts_tls_ciphers *ciphers, uint8_t *out);

/* Write the record of a KeyUpdate that is owed to out, and change keys. */
size_t sts_tls_client_update(struct sts_tls_client *c,
    const struct sts_tls_ciphers *ciphers, uint8_t *out);

/* It fails, unless it has. */
void sts_tls_client_refuse(
    struct sts_tls_client *c, enum sts_why why, enum sts_tls_alert alert);

/* Overwrite what only the handshake needed; the judge stays. */
void sts_tls_client_forget(struct sts_tls_client *c);

/* ---- for tls12.c and tls13.c */

/* Records being written. */
struct sts_tls_out {
	const struct sts_tls_ciphers *ciphers;
	uint8_t *p;
	size_t n;
};

/* A message of its own record, hashed. */
void sts_tls_put_message(struct sts_tls_client *c, struct sts_tls_out *o,
    enum sts_tls_message type, struct sts_text body);
void sts_tls_put_ccs(struct sts_tls_client *c, struct sts_tls_out *o);

/* Our share, once made. */
struct sts_text sts_tls_own_share(const struct sts_tls_client *c);

/* What the server chose of ALPN and record limits. */
enum sts_tls_alert sts_tls_take_choices(
    struct sts_tls_client *c, const struct sts_tls_extensions *e);

/* The server signed c->digest, by what s says. */
enum sts_tls_alert sts_tls_take_signature(
    struct sts_tls_client *c, const struct sts_tls_signed *s);

#endif
