/* SPDX-License-Identifier: MIT */
/*
 * The filter over our own client: one record buffer, and what stands in it.
 * Only the files of the session include this.
 *
 *	HANDSHAKE    records pass to tls_client; application bytes do not
 *	ESTABLISHED  the client is open; its last flight may be still to be sent
 *	FAILED       `why` is set; at most the alert is still to be sent
 *
 * The buffer holds one thing at a time: a record being received (got > 0), the
 * content of one (content), records to be sent (out_off < out_end), or
 * application bytes that wait for a flush (taken > 0), which may stand behind
 * our last flight (joint), so that the first request goes out with it. A record
 * that does not fit a buffer small by choice is opened piece by piece
 * (tls_stream.h). Into any other, whatever has come is received at once: behind
 * the first record (got > len) stand bytes not looked at yet, which move to the
 * front when it was handled, and to the end while a flight is sent (aside).
 */
#ifndef STS_TLS_SESSION_STATE_H
#define STS_TLS_SESSION_STATE_H

#include "../core/base/assert.h"
#include "session.h"
#include "tls_client.h"
#include "tls_stream.h"

enum sts_session_state {
	STS_SESSION_HANDSHAKE,
	STS_SESSION_ESTABLISHED,
	STS_SESSION_FAILED
};

/* How far a record that is opened piece by piece has come. */
enum sts_session_phase {
	STS_SESSION_WHOLE, /* no such record */
	STS_SESSION_NONCE, /* its part of the nonce is awaited */
	STS_SESSION_CONTENT,
	STS_SESSION_TAG
};

/* What is large stands last: nearer fields take less code to reach. */
struct sts_tls {
	uint8_t state;
	uint8_t why; /* enum sts_why, in FAILED */
	uint8_t phase;
	uint8_t type; /* of the content */
	uint8_t empties, warnings;
	uint8_t alert; /* the fatal one of the peer */
	bool content; /* a record's content is being handled */
	bool eof; /* the peer closed the connection */
	bool notified; /* close_notify came */
	/* Bytes of the record, or of what is awaited of it; len 0: its header
	 * was not judged yet. */
	size_t len, got;
	size_t aside; /* bytes at the end of the buffer */
	size_t off, end; /* of the content, what was not handled yet */
	size_t out_off, out_end;
	size_t joint; /* out_end, if application bytes may follow; else 0 */
	size_t taken;
	struct sts_tls_ciphers ciphers; /* zero until the first WORK */
	struct sts_tls_stream stream;
	struct sts_tls_client client;
	uint8_t record[STS_TLS_RECORD_SIZE];
};

/* Whether a record is being opened piece by piece. */
static inline bool
sts_session_in_pieces(const struct sts_tls *t)
{
	return STS_TLS_SMALL && t->phase != STS_SESSION_WHOLE;
}

/* Whether records wait to be sent. */
static inline bool
sts_session_sending(const struct sts_tls *t)
{
	return t->out_off < t->out_end;
}

/* Content of the record that was not handled yet. */
struct sts_text sts_session_piece(const struct sts_tls *t);

/* Of the content that was not handled yet, n octets were. */
void sts_session_used(struct sts_tls *t, size_t n);

/* Fail, unless it has failed before: from now on only the alert, if there is
 * one, is sent. */
void sts_session_fail(
    struct sts_tls *t, enum sts_why why, enum sts_tls_alert alert);

/* The content was handled: the bytes received behind it are next. */
void sts_session_close_record(struct sts_tls *t);

/* Go on with the handshake as far as it goes without work or more bytes. */
void sts_session_advance(struct sts_tls *t);

/* Of a record that is opened piece by piece: take the awaited part, which has
 * come; await the next one, if all bytes of this one were used. */
void sts_session_take_chunk(struct sts_tls *t);
void sts_session_next_chunk(struct sts_tls *t);

/* Handle the records that are there, as far as nothing else comes first. */
void sts_session_go_on(struct sts_tls *t);

#endif
