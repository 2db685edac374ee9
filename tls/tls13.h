/* SPDX-License-Identifier: MIT */
/* The client's functions for TLS 1.3 alone (RFC 8446). Handlers take the body
 * of a message and return the alert for a fault in it. */
#ifndef STS_TLS13_H
#define STS_TLS13_H

#include "tls_state.h"

/* Handlers of the server's messages: STS_ALERT_NONE, or the alert by which the
 * handshake fails. */
enum sts_tls_alert sts_tls13_hello(
    struct sts_tls_client *c, const struct sts_tls_server_hello *h);
enum sts_tls_alert sts_tls13_retry(
    struct sts_tls_client *c, const struct sts_tls_server_hello *h);
enum sts_tls_alert sts_tls13_extensions(
    struct sts_tls_client *c, struct sts_text body);
enum sts_tls_alert sts_tls13_verify(
    struct sts_tls_client *c, struct sts_text body);
enum sts_tls_alert sts_tls13_finished(
    struct sts_tls_client *c, struct sts_text body);
enum sts_tls_alert sts_tls13_key_update(
    struct sts_tls_client *c, struct sts_text body);

/* Work: the secret, and the keys of the handshake. */
bool sts_tls13_secret(struct sts_tls_client *c);
/* Our answer to Finished; then keys of the application. */
void sts_tls13_flight(struct sts_tls_client *c, struct sts_tls_out *o);

#endif
