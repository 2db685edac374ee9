/* SPDX-License-Identifier: MIT */
/*
 * The state of a client, and functions that both versions use: tls_client.c,
 * which decides the order, uses tls12.c and tls13.c, and these use this.
 */
#ifndef STS_TLS_STATE_H
#define STS_TLS_STATE_H

#include "../core/base/name.h"
#include "tls_chain.h"
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
	/* The share in our first hello, of X25519. Until there are secrets of
	 * TLS 1.3 it is kept in out.secret: TLS 1.2 sends it again. */
	STS_TLS_FIRST_SHARE = 32,
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

/* What is large stands last: nearer fields take less code to reach. */
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
	uint8_t keys; /* of certificates, BR_KEYTYPE_...; 0: any */
	uint8_t path; /* enum sts_why: the verdict, once there is one */
	uint16_t version; /* 0: not yet known */
	uint16_t send_max; /* bytes of content in our records */

	/* Private. */
	const struct sts_tls_suite *suite; /* chosen; in `in`, `out` when on */
	const struct sts_tls_scheme *scheme; /* of sig */
	const struct sts_tls_row *row; /* how this message is handled */
	struct sts_tls_chain *chain; /* or NULL */
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
	bool collects; /* whatever the path is worth */
	uint8_t head[STS_TLS_MESSAGE_HEADER];
	struct sts_tls_direction in, out; /* readable */
	uint8_t alpn[STS_TLS_ALPN_MAX];
	uint8_t name[STS_NAME_MAX];
	/* From here to the judge: what only the handshake needs, wiped as one
	 * when it is over. */
	struct sts_tls_transcript transcript;
	uint8_t seed[STS_TLS_SEED];
	uint8_t master[STS_TLS_HASH_MAX];
	uint8_t server_random[STS_TLS_RANDOM]; /* TLS 1.2 */
	uint8_t digest[br_sha512_SIZE]; /* what sig signs */
	struct sts_tls_lists lists;
	/* A message; between messages our share, at its end. */
	uint8_t msg[STS_TLS_MESSAGE_MAX];
	struct sts_x509 x509;
};

/* Let the handshake fail, unless it has failed already. */
void sts_tls_client_refuse(
    struct sts_tls_client *c, enum sts_why why, enum sts_tls_alert alert);

enum {
	STS_TLS_WARNING = 1, /* levels of an alert */
	STS_TLS_FATAL = 2
};

/* The reason behind a fatal alert of the peer. */
enum sts_why sts_tls_alert_why(uint8_t alert);

/* Whether an alert of the peer does not end the session. TLS 1.3 knows no
 * warnings but user_canceled (RFC 8446 6.1). */
bool sts_tls_alert_is_warning(
    const struct sts_tls_client *c, uint8_t level, uint8_t alert);

/* Records being written. */
struct sts_tls_out {
	const struct sts_tls_ciphers *ciphers;
	uint8_t *p;
	size_t n;
};

/* Write a message as a record of its own, and hash it. */
void sts_tls_put_message(struct sts_tls_client *c, struct sts_tls_out *o,
    enum sts_tls_message type, struct sts_text body);
void sts_tls_put_ccs(struct sts_tls_client *c, struct sts_tls_out *o);

/* Our share, once made. */
struct sts_text sts_tls_own_share(const struct sts_tls_client *c);

/* Take the server's choices of ALPN and record limits. */
enum sts_tls_alert sts_tls_take_choices(
    struct sts_tls_client *c, const struct sts_tls_extensions *e);

/* The server signed c->digest: take the signature s. */
enum sts_tls_alert sts_tls_take_signature(
    struct sts_tls_client *c, const struct sts_tls_signed *s);

#endif
