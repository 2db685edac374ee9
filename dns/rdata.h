/* SPDX-License-Identifier: MIT */
/*
 * The RDATA of the records that DANE for SMTP reads: MX (RFC 1035 3.3.9) and
 * TLSA (RFC 6698 2.1), and names of an answer as text. Part of the codec: no
 * state, bytes in, values out.
 *
 *	sts_dns_answers(&it, m, &v, STS_DNS_MX);
 *	while (sts_dns_next(&it, &rr)) {
 *		if (sts_dns_mx(&it, &rr, &mx)) ...
 *	}
 */
#ifndef STS_DNS_RDATA_H
#define STS_DNS_RDATA_H

#include "message.h"

/* A name out of a message: lower-case, no final dot. */
struct sts_dns_host {
	uint8_t len; /* 0: the root */
	uint8_t name[STS_NAME_MAX];
};

struct sts_dns_mx {
	uint16_t preference;
	struct sts_dns_host exchange;
};

/* The data is a span of the message. */
struct sts_dns_tlsa {
	uint8_t usage, selector, matching;
	struct sts_text data; /* may be empty: judged by core/dane/dane.h */
};

/*
 * Read the MX record at rr, of a walk that it belongs to.
 *
 * False: the exchange is neither the root (RFC 7505) nor a host name as
 * core/base/name.h has it, so no mail can be sent to it; *mx is unspecified.
 */
bool sts_dns_mx(const struct sts_dns_answers *it, const struct sts_dns_rr *rr,
    struct sts_dns_mx *mx);

/* Read TLSA RDATA. False: it is shorter than its three numbers. */
bool sts_dns_tlsa(const struct sts_dns_rr *rr, struct sts_dns_tlsa *tlsa);

/*
 * The owner of the records of a walk: the name at the end of the alias chain.
 * *aliased: whether that is another name than the one asked for. It may be any
 * name, since it is only asked about. False: text cannot express it; *host is
 * unspecified.
 */
bool sts_dns_owner(
    const struct sts_dns_answers *it, struct sts_dns_host *host, bool *aliased);

#endif
