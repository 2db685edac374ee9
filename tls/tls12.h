/* SPDX-License-Identifier: MIT */
/* The client's functions for TLS 1.2 alone (RFC 5246, RFC 8422, RFC 7627).
 * Handlers as in tls13.h. */
#ifndef STS_TLS12_H
#define STS_TLS12_H

#include "tls_state.h"

/* Handlers of the server's messages: STS_ALERT_NONE, or the alert by which the
 * handshake fails. */
enum sts_tls_alert sts_tls12_hello(
    struct sts_tls_client *c, const struct sts_tls_server_hello *h);
enum sts_tls_alert sts_tls12_key_exchange(
    struct sts_tls_client *c, struct sts_text body);
enum sts_tls_alert sts_tls12_done(
    struct sts_tls_client *c, struct sts_text body);
enum sts_tls_alert sts_tls12_finished(
    struct sts_tls_client *c, struct sts_text body);
enum sts_tls_alert sts_tls12_hello_request(
    struct sts_tls_client *c, struct sts_text body);

/* Work: the secret; false if the server's share is none. */
bool sts_tls12_secret(struct sts_tls_client *c);
/* ClientKeyExchange to Finished. */
void sts_tls12_flight(struct sts_tls_client *c, struct sts_tls_out *o);

#endif
