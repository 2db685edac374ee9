/* SPDX-License-Identifier: MIT */
/*
 * The steps of a worker, which looks at one host at a time:
 *
 *	ADDRESSES --secure--------------------> TLSA_EXPANDED -> TLSA_ORIGINAL
 *	    |                  (no alias) --------------------------^
 *	    +--insecure, an alias--> ALIAS --the CNAME is secure----^
 *	    |                          ^
 *	    +--none, not authenticated-+
 */
#ifndef STS_DANE_STEPS_H
#define STS_DANE_STEPS_H

#include "dane_hosts.h"

enum sts_dane_step {
	STS_DANE_FREE = 0,
	STS_DANE_ADDRESSES, /* A and AAAA of the host */
	STS_DANE_ALIAS, /* the CNAME at the host's own name */
	STS_DANE_TLSA_EXPANDED, /* at the end of the alias chain */
	STS_DANE_TLSA_ORIGINAL /* at the host's own name */
};

/* Ask with a leg for `type` of prefix + "." + name; both stay valid until the
 * leg is over. */
void sts_dane_steps_ask(struct sts_dane_hosts *d, unsigned leg,
    struct sts_text prefix, struct sts_text name, uint16_t type);

/* An answer counts: the result is kept no longer than the answer's TTL. */
void sts_dane_steps_note_ttl(
    struct sts_dane_hosts *d, const struct sts_upstream *up);

/* Begin with a host, which is PENDING. */
void sts_dane_steps_begin(
    struct sts_dane_hosts *d, struct sts_dane_worker *w, unsigned host);

/* An answer of the worker's has become FOUND: read it, as its octets are lent
 * for this call. */
void sts_dane_steps_found(struct sts_dane_hosts *d, struct sts_dane_worker *w,
    const struct sts_upstream *up);

/* Leg i of a worker is over. True: the host has its state, and the worker is
 * free. */
bool sts_dane_steps_go_on(struct sts_dane_hosts *d, unsigned i);

#endif
