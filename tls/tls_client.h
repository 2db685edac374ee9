/* SPDX-License-Identifier: MIT */
/*
 * The handshake of a client, TLS 1.3 and 1.2 (RFC 8446 A.1, RFC 5246 7.3):
 * handshake bytes in, flights out, and steps of work between. It knows nothing
 * of the record buffer; session.c moves bytes between the two. The state of a
 * handshake is two things: which message may come (`expect`), and what must be
 * done before the next one is read (`work`, then `flight`).
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
 * verdict, and nothing but hellos is sent before it; `open` means that path
 * (unless `collects`: then `path` is the verdict), signature and Finished were
 * good, in this order. While `boundary`, no byte may follow in the record,
 * because keys change. Once `failed`, nothing but the alert matters.
 */
#ifndef STS_TLS_CLIENT_H
#define STS_TLS_CLIENT_H

#include "tls_state.h"

/* Begin: as sts_tls_start. */
void sts_tls_client_start(struct sts_tls_client *c, struct sts_text host,
    const struct sts_anchors *anchors, int64_t wall_s,
    const uint8_t seed[STS_TLS_SEED]);

/* Before the first work: the protocol to offer by ALPN. */
void sts_tls_client_alpn(struct sts_tls_client *c, struct sts_text protocol);

/* Before the first work: the verdict does not decide; keep the certificates in
 * *chain, which may be NULL. */
void sts_tls_client_collect(
    struct sts_tls_client *c, struct sts_tls_chain *chain);

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

/* Write the record of an alert to out, which has room for a flight; the same.
 * All but close_notify are fatal. */
size_t sts_tls_client_alert(struct sts_tls_client *c,
    const struct sts_tls_ciphers *with, uint8_t *out, enum sts_tls_alert alert);

/* Write the record of a KeyUpdate that is owed to out, and change keys. */
size_t sts_tls_client_update(struct sts_tls_client *c,
    const struct sts_tls_ciphers *ciphers, uint8_t *out);

/* Overwrite what only the handshake needed; the judge stays. */
void sts_tls_client_forget(struct sts_tls_client *c);

#endif
