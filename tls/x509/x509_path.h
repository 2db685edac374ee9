/* SPDX-License-Identifier: MIT */
/* The inside of struct sts_x509, for the files of this room and for callers
 * that place it. */
#ifndef STS_TLS_X509_PATH_H
#define STS_TLS_X509_PATH_H

#include "x509.h"
#include "x509_cert.h"
#include "x509_verify.h"

enum {
	STS_X509_KEPT = STS_X509_CERTS_MAX + 1 /* the leaf included */
};

enum sts_x509_phase {
	STS_X509_COLLECTING,
	STS_X509_SEARCHING,
	STS_X509_DONE
};

/*
 * The path under search is path[0..depth], path[0] the leaf; every signature
 * in it below path[depth] was verified. next[d] is the next certificate that
 * is tried as the issuer of path[d]; anchor_pos the next anchor that is tried
 * for path[depth], all anchors having been tried for those below. What is large
 * stands last: nearer fields take less code to reach.
 */
struct sts_x509 {
	/* Private. */
	struct sts_x509_arena arena;
	struct sts_anchors anchors;
	struct sts_text host;
	struct sts_x509_links *links; /* or NULL */
	int64_t wall_s;
	size_t anchor_pos;
	uint8_t path[STS_X509_KEPT];
	uint8_t next[STS_X509_KEPT];
	uint8_t depth;
	uint8_t count; /* certificates kept */
	uint8_t checks; /* signatures checked or known */
	uint8_t known; /* of these, found among the links */
	uint8_t phase;
	uint8_t why; /* enum sts_why: of the best attempt, then the verdict */
	uint8_t why_rank;
	struct sts_x509_scan scan;
	struct sts_x509_cert certs[STS_X509_KEPT];
	uint8_t bytes[STS_X509_ARENA];
};

/* The server's key, once chain_end was called and the verdict is not against
 * it; bytes stay valid until the next start. */
struct sts_x509_pubkey sts_x509_leaf_key(const struct sts_x509 *x);

/* Once there is a verdict: whether there is such a key all the same, although
 * the verdict may be against the chain: the server's certificate was read, and
 * its key is neither weak nor unknown. */
bool sts_x509_leaf_key_usable(const struct sts_x509 *x);

#endif
