/* SPDX-License-Identifier: MIT */
/*
 * The policy of `mtasts check` over HTTPS: what core/https/fetch.h does for the
 * agent, out of the same parts (TLS session, HTTP reader, policy grammar), as
 * one leaf that keeps what a person wants to see: the certificate, the version,
 * how far it came. The addresses are tried one after the other, as the agent
 * does: the next one after a failed connection or handshake, never after a
 * refused certificate; and no request goes to a host whose certificate is
 * refused.
 */
#ifndef STS_CHECK_FETCH_H
#define STS_CHECK_FETCH_H

#include "../../core/https/http.h"
#include "check.h"

enum {
	STS_CHECK_FETCH_CONNECT_MS = 5000, /* for one address */
	STS_CHECK_FETCH_HANDSHAKE_MS = 10000,
	STS_CHECK_FETCH_ALL_MS = 30000, /* for all */
	STS_CHECK_CHAIN = 12288 /* octets of certificates that are kept */
};

struct sts_check_fetch {
	struct sts_tls_chain chain; /* of the last handshake */
	bool unanswered; /* over: no address led to a server whose certificate
			  * or response decides */

	/* Private. */
	struct sts_check_policy *out;
	struct sts_tls *tls; /* sts_tls_size() octets */
	const struct sts_anchors *anchors;
	int64_t wall_s;
	uint8_t host_len;
	uint8_t host[STS_POLICY_HOST_MAX];
	uint8_t rnd[STS_TLS_RND];
	uint8_t state;
	bool judged, asked;
	unsigned addr; /* that is tried */
	sts_ms now, step_until, until;
	struct sts_http http;
	struct sts_policy policy;
	uint8_t chain_bytes[STS_CHECK_CHAIN];
};

extern const struct sts_engine_ops sts_check_fetch_ops;

/*
 * Begin. out has one address or more; its result is there when the owner is
 * wanted: found, why, and what follows. All is borrowed until then. host: the
 * policy host's name; wall_s: certificates are judged under it.
 */
void sts_check_fetch_begin(struct sts_check_fetch *f,
    struct sts_check_policy *out, struct sts_text host,
    const struct sts_anchors *anchors, int64_t wall_s, sts_ms now,
    const uint8_t rnd[STS_TLS_RND]);

#endif
