/* SPDX-License-Identifier: MIT */
/* TLSA records of a host as facts, and what certificates make of them. */
#ifndef STS_CHECK_TLSA_RECORDS_H
#define STS_CHECK_TLSA_RECORDS_H

#include "check_ask.h"
#include "check_tlsa.h"

/*
 * Keep the records of an answer and say what each is worth before any
 * certificate was seen. secure: the way to their name is authenticated. Returns
 * what they demand.
 */
enum sts_dane_host sts_check_tlsa_take(
    struct sts_check_host *h, const struct sts_check_ask *a, bool secure);

/*
 * A handshake with TLS is over: what it showed, by WebPKI and by each record.
 * Records that match are marked.
 */
void sts_check_tlsa_certificate(const struct sts_check_facts *f,
    struct sts_check_host *h, struct sts_check_cert *out,
    const struct sts_smtp_found *found, const struct sts_tls_chain *chain,
    const struct sts_anchors *anchors);

#endif
