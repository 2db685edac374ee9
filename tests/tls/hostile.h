/* SPDX-License-Identifier: MIT */
/*
 * A TLS server for tests, 1.3 and 1.2, made of the library's own primitives,
 * whose every message and record can be bent. It plays one session with
 * tls/session.h in memory; hostile_play() reports what became of the client.
 *
 * A table of struct bend states what is bent, each at its step; a bend beyond
 * the end of its message does nothing. The server hashes and signs what it
 * sends, so that a bend is the only fault, unless its kind says otherwise.
 */
#ifndef STS_TEST_HOSTILE_H
#define STS_TEST_HOSTILE_H

#include <bearssl.h>

#include "../../tls/session.h"
#include "../../tls/tls_client.h"

enum {
	HOSTILE_WIRE = 1 << 18, /* bytes on their way to the client */
	HOSTILE_MESSAGE = 1 << 16,
	HOSTILE_HEARD = 4096
};

/* The server's messages, in the order of their sending. */
enum hostile_step {
	STEP_NONE,
	STEP_RETRY,
	STEP_HELLO,
	STEP_EXTENSIONS, /* TLS 1.3 */
	STEP_REQUEST, /* where the plan has it */
	STEP_CERTIFICATE,
	STEP_VERIFY, /* TLS 1.3 */
	STEP_KEY_EXCHANGE, /* TLS 1.2 */
	STEP_REQUEST_12,
	STEP_DONE, /* TLS 1.2 */
	STEP_CCS, /* TLS 1.2, a record */
	STEP_FINISHED,
	STEP_OPEN /* not a message: the handshake is over */
};

enum hostile_op {
	OP_NONE,
	OP_PATCH, /* bytes over the message at `at`; < 0: from its end */
	OP_BODY, /* bytes in place of the body */
	OP_APPEND, /* bytes after the body, with the message's lengths right */
	OP_CUT, /* the last `at` bytes of the body are gone */
	OP_DROP, /* the message is not sent */
	OP_TWICE, /* it comes twice */
	OP_BEFORE, /* a message (bytes: type and body) comes first */
	OP_BEHIND, /* bytes follow in the same record, not hashed */
	OP_RECORD, /* a record (bytes: type, content) first, as sealed as others */
	OP_CLEAR, /* the same, never sealed */
	OP_AMID, /* as OP_RECORD, in the middle of the message */
	OP_AMID_CLEAR,
	OP_SPLIT, /* the message in records of `at` bytes */
	OP_UNSEALED, /* the message in a record in the clear */
	OP_PADDED, /* `at` zeros after the type (TLS 1.3) */
	OP_FLIP, /* a bit of the sealed record at `at`; < 0: from its end */
	OP_JOIN, /* in one record with the message before */
	OP_UNHASHED_PATCH, /* OP_PATCH, and the server hashes it unbent */
	OP_REPEAT, /* OP_RECORD, `at` times */
	OP_REPEAT_CLEAR,
	OP_EXTENSION, /* bytes (id, length, body) among the extensions of a
	                 hello, request or EncryptedExtensions */
	OP_WITHOUT, /* the extension with number `at` left out of a hello */
	OP_CLOSE /* the connection ends before the message */
};

struct bend {
	uint8_t step;
	uint8_t op;
	int32_t at;
	const char *bytes;
	uint16_t n;
};

/* How the server acts, apart from bends. */
struct plan {
	uint16_t version; /* 0: STS_TLS_13 */
	uint16_t suite; /* 0: the first that fits */
	uint16_t group; /* 0: X25519 */
	uint16_t scheme; /* 0: the first that fits the server's key */
	uint16_t retry_group; /* a HelloRetryRequest asks for it */
	uint16_t cookie_len; /* and has a cookie */
	bool retry;
	bool request; /* it asks for a certificate */
	bool echo; /* TLS 1.2: our session id comes back */
	bool no_echo; /* TLS 1.3: it does not */
	bool no_ems; /* TLS 1.2 without extended_master_secret */
	bool
	    early; /* TLS 1.3: a ticket and data before the client's Finished */
	bool one_record; /* the flight in as few records as possible */
	bool client_context; /* it signs with the client's context string */
	bool stale_transcript; /* signs the transcript without Certificate */
	bool whole; /* a row only for buffers that hold every record */
	bool small; /* a row only for smaller buffers */
	uint16_t cut; /* the connection ends after so many bytes, unless 0 */
	uint8_t salt_less; /* PSS: the salt is so much shorter */
	const uint8_t *share; /* in place of its own; share_len bytes */
	uint16_t share_len;
};

struct hostile {
	/* Set by the test. */
	struct plan plan;
	struct bend bends[4];
	const struct sts_text *chain;
	unsigned chain_len;
	const br_ec_private_key *ec; /* or rsa */
	const br_rsa_private_key *rsa;
	size_t segment; /* bytes handed to the client at once; 0: all */
	const char *request; /* the client says it as soon as it may */
	size_t apart; /* bytes of its flight that go out before that */

	/* The outcome. */
	bool client_finished; /* its Finished was right */
	bool client_certificate; /* an empty one came */
	unsigned client_updates; /* KeyUpdates that came */
	int alert; /* the client's, -1: none came */
	bool alert_sealed;
	bool unreadable; /* a record of the client could not be opened */
	unsigned ccs; /* the client's */
	unsigned hellos;
	unsigned works;
	unsigned sendings; /* the client's */
	size_t heard_len; /* application bytes from the client */
	uint8_t heard[HOSTILE_HEARD];

	/* The server's insides, for tests that look at keys. */
	struct sts_tls_ciphers ciphers;
	struct sts_tls_direction in, out, hs_in, hs_out;
	struct sts_tls_transcript transcript;
	const struct sts_tls_suite *suite;
	uint8_t shared[STS_TLS_SECRET_MAX];
	uint8_t secret[STS_TLS_HASH_MAX]; /* handshake secret, then master */
	uint8_t client_random[32], server_random[32], session_id[32];
	uint8_t client_share[STS_TLS_SHARE_MAX];
	size_t client_share_len;
	bool client_limit; /* the client asked for small records */
	size_t wire_off, wire_len, inbox_len, gather_len;
	bool eof;
	uint8_t step;
	uint8_t gather[HOSTILE_MESSAGE]; /* messages of the next record */
	uint8_t inbox[HOSTILE_MESSAGE]; /* the client's records */
	uint8_t wire[HOSTILE_WIRE];
};

/* Play the handshake with a started client, until both wait. */
void hostile_play(struct hostile *h, struct sts_tls *client);

/* Let the client take what waits and do what it can. Call it again after each
 * of the calls below. */
void hostile_pump(struct hostile *h, struct sts_tls *client);

/* Send a record: sealed as others are. */
void hostile_send(struct hostile *h, uint8_t type, struct sts_text content);

/* Send a KeyUpdate and change keys. */
void hostile_update(struct hostile *h, uint8_t asked);

#endif
