/* SPDX-License-Identifier: MIT */
/*
 * A TLS client as a filter: records in and out on one side, application bytes
 * in and out on the other. Its owner pumps both sides, so that one
 * filter serves HTTPS, STARTTLS and DNS over TLS.
 *
 *	sts_tls_start(t, host, anchors, wall_s, rnd);
 *	for (;;)
 *		serve one bit of sts_tls_wants(t)
 *
 * TLS 1.3 or 1.2, whichever the server chooses, ECDHE with AEAD only, SNI
 * always, half duplex over one record buffer: while a record is being received
 * none can be sent, and the other way round, so that the bits change with
 * every call. Every public-key operation is a WORK step of its own: one of the
 * key exchange, or one signature check. The path of certificates is judged
 * first, then the server's signature; nothing but the ClientHello is sent, and
 * the application side stays shut, until that verdict; it opens at the end of
 * the handshake. The first thing a session wants is WORK. In TLS 1.3 the end is
 * there with our last flight, and APP_SEND comes beside REC_SEND: an owner that
 * serves APP_SEND first sends flight and request at once.
 *
 * Where STS_TLS_RECORD_SIZE is less than the longest record, application bytes
 * of a record that does not fit are handed out before its end is there, and
 * are provisional until then: sts_tls_provisional.
 */
#ifndef STS_TLS_SESSION_H
#define STS_TLS_SESSION_H

#include "../core/base/bytes.h"
#include "../core/base/sts_config.h"
#include "../core/base/why.h"
#include "tls_chain.h"
#include "tls_common.h"
#include "x509/anchors.h"
#include "x509/x509.h"

enum {
	STS_TLS_RND = 48
}; /* random bytes a session needs */

enum {
	STS_TLS_REC_SEND = 1, /* records wait to be sent */
	STS_TLS_REC_RECV = 2, /* records can be taken */
	STS_TLS_APP_SEND = 4, /* application bytes can be taken */
	STS_TLS_APP_RECV = 8, /* application bytes wait */
	STS_TLS_WORK = 16, /* call sts_tls_work */
	STS_TLS_CLOSED = 32, /* close_notify came; all application bytes read;
	                        no other bit but REC_SEND for our own */
	STS_TLS_FAILED = 64 /* sts_tls_why has the reason; no other bit but
	                       REC_SEND for the alert */
};

/* Not less than sts_tls_size(), for static placing. */
#define STS_TLS_SIZE_MAX                                                       \
	((size_t)STS_TLS_RECORD_SIZE + STS_X509_SIZE_MAX +                     \
	    (STS_TLS_ENGINE ? 4096 : 2560))

struct sts_tls; /* of sts_tls_size() bytes, aligned for a uint64_t */

/* Bytes of a session. */
size_t sts_tls_size(void);

/*
 * Begin a session.
 *
 * host     the reference name and SNI: a valid name, lower-case; copied
 * anchors  trusted roots; stay valid and unchanged until the session ends
 * wall_s   seconds since 1970 under which certificates are judged, >= 0
 * rnd      fresh random bytes
 */
void sts_tls_start(struct sts_tls *t, struct sts_text host,
    const struct sts_anchors *anchors, int64_t wall_s,
    const uint8_t rnd[STS_TLS_RND]);

/* After start, before anything else: what sessions have in common; borrowed
 * until the end. Without it the session finds these out itself. */
void sts_tls_use_common(struct sts_tls *t, struct sts_tls_common *c);

/* After start, before anything else: offer this protocol by ALPN (RFC 7301),
 * 1..15 bytes; copied. A server that chooses another one, or refuses because it
 * does not know ours, fails the session with tls-alpn. */
void sts_tls_use_alpn(struct sts_tls *t, struct sts_text protocol);

/*
 * After start, before anything else: the verdict on the path does not decide.
 * The certificates are collected, and the handshake goes on whatever the
 * verdict, as long as the server proves to have the key of its certificate;
 * sts_tls_path returns the verdict. For SMTP, where opportunistic TLS, MTA-STS
 * and DANE judge the same chain, each by rules of its own: nothing that matters
 * may be sent before the owner has judged. A certificate whose key cannot be
 * used still fails the session.
 *
 * chain  its p and size are set; borrowed until the end; NULL: none is kept
 */
void sts_tls_collect(struct sts_tls *t, struct sts_tls_chain *chain);

/* Keys of server certificates that are asked for. */
enum sts_tls_keys {
	STS_TLS_KEYS_ANY = 0,
	STS_TLS_KEYS_RSA,
	STS_TLS_KEYS_ECDSA
};

/* After start, before anything else: offer suites and signatures for this kind
 * of key alone, to see which certificates a server has. A server that has none
 * of that kind ends the handshake with an alert. Issuers of certificates may
 * have any key. */
void sts_tls_use_keys(struct sts_tls *t, enum sts_tls_keys keys);

/* The bits above that can be served now; 0 never. */
unsigned sts_tls_wants(const struct sts_tls *t);

/* Records: _buf changes nothing and gives nothing (n 0) while its bit is not
 * set; 1 <= n <= what it gave. */
struct sts_text sts_tls_rec_send_buf(const struct sts_tls *t);
void sts_tls_rec_send_ack(struct sts_tls *t, size_t n);
struct sts_span sts_tls_rec_recv_buf(const struct sts_tls *t);
void sts_tls_rec_recv_ack(struct sts_tls *t, size_t n);

/*
 * Application bytes, the same way; flush makes a record of what was taken.
 * Bytes taken and not flushed keep the buffer: nothing is sent or received
 * until the flush. Flush does nothing when there is nothing to send.
 */
struct sts_span sts_tls_app_send_buf(const struct sts_tls *t);
void sts_tls_app_send_ack(struct sts_tls *t, size_t n);
void sts_tls_app_flush(struct sts_tls *t);
struct sts_text sts_tls_app_recv_buf(const struct sts_tls *t);
void sts_tls_app_recv_ack(struct sts_tls *t, size_t n);

/*
 * Whether application bytes that were handed out since the last record's end,
 * or wait, are not authenticated yet. Nothing may be concluded from them until
 * this is false; FAILED means that they were never sent by the peer.
 */
bool sts_tls_provisional(const struct sts_tls *t);

/* Do the WORK that is wanted: one public-key operation. */
void sts_tls_work(struct sts_tls *t);

/*
 * The peer closed the connection. Before the end of the handshake: FAILED with
 * peer-closed. Later, without close_notify before: FAILED with tls-truncated,
 * as soon as the application bytes that are there were read.
 */
void sts_tls_peer_closed(struct sts_tls *t);

/* Whether the handshake is over and the path was accepted. */
bool sts_tls_established(const struct sts_tls *t);

/* The reason of FAILED. */
enum sts_why sts_tls_why(const struct sts_tls *t);

/* The fatal alert of the server by which it FAILED (RFC 8446 6); 0: by none. */
uint8_t sts_tls_alert(const struct sts_tls *t);

/* Established: the verdict on the path; NONE: trusted. Another reason only
 * after sts_tls_collect. */
enum sts_why sts_tls_path(const struct sts_tls *t);

/* Established: the version, 0x0303 or 0x0304, and whether the certificate has
 * a key for ECDSA, else for RSA. */
uint16_t sts_tls_version(const struct sts_tls *t);
bool sts_tls_ecdsa(const struct sts_tls *t);

/* Established, and the certificate asks for a stapled OCSP response, which is
 * not looked at: worth a log line. */
bool sts_tls_must_staple(const struct sts_tls *t);

/* Established: sts_x509_scts of the certificate; else 0. */
unsigned sts_tls_scts(const struct sts_tls *t);

/* Overwrite keys and peer data. The session can only be started again. */
void sts_tls_end(struct sts_tls *t);

#endif
