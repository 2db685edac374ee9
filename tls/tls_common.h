/* SPDX-License-Identifier: MIT */
/*
 * What sessions have in common, so that not every one finds it out again: the
 * signatures of intermediates that were checked, and which of BearSSL's ciphers
 * are best on this machine. An instruction finds that out, which takes tens of
 * microseconds in a virtual machine.
 */
#ifndef STS_TLS_COMMON_H
#define STS_TLS_COMMON_H

#include "x509/x509_links.h"

/* Placed by the caller; one may serve all sessions. */
struct sts_tls_common {
	struct sts_x509_links links; /* cleared when other anchors are used */
	/* Private: struct sts_tls_ciphers (tls_records.h), or zero. */
	union {
		const void *table;
		void (*code)(void);
	} ciphers[4];
};

/* At start: no signature is remembered, the ciphers are chosen. */
void sts_tls_common_init(struct sts_tls_common *c);

#endif
