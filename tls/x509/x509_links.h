/* SPDX-License-Identifier: MIT */
/*
 * Signatures of intermediates that were found good, remembered, so that the
 * next chain below the same CA costs one check less a CA. That a signature is
 * good never changes; all else (dates, usages, constraints, the anchor) is
 * judged each time, and the verdict is the same with and without the table.
 */
#ifndef STS_TLS_X509_LINKS_H
#define STS_TLS_X509_LINKS_H

#include "../../core/base/bytes.h"
#include "../../core/base/sts_config.h"

enum {
	STS_X509_LINK = 32 /* octets of an entry, a SHA-256 */
};

/* Placed by the caller; one may serve all sessions. */
struct sts_x509_links {
	/* Private. */
	uint16_t count;
	uint16_t next; /* the entry that is given up next */
	uint8_t entry[STS_X509_LINKS][STS_X509_LINK];
};

/* Forget all: at start, and when other anchors are used. */
void sts_x509_links_clear(struct sts_x509_links *l);

/* Whether a link is remembered. */
bool sts_x509_links_has(
    const struct sts_x509_links *l, const uint8_t link[STS_X509_LINK]);

/* Remember it; of too many the oldest is given up. */
void sts_x509_links_add(
    struct sts_x509_links *l, const uint8_t link[STS_X509_LINK]);

#endif
