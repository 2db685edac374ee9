/* SPDX-License-Identifier: MIT */
/*
 * One question to the name servers, put by our own resolver (dns/upstream.h),
 * and waited for: for commands, which have nothing else to do meanwhile.
 */
#ifndef STS_DNS_ASK_H
#define STS_DNS_ASK_H

#include "../../dns/upstream.h"

enum {
	STS_DNS_ASK_MS = 15000, /* for one question, all tries included */
	STS_DNS_ASK_RECORDS = 64, /* kept of one answer */
	STS_DNS_ASK_BYTES = 16384
};

/* What was answered. */
struct sts_dns_asked {
	enum sts_found found; /* never PENDING */
	enum sts_why why; /* of ABSENT and UNKNOWN */
	uint32_t ttl_s;
	bool authentic; /* a trusted server says that DNSSEC was checked */
	/*
	 * Of FOUND: TXT, the strings of a record one after the other without
	 * anything between them; MX, the host, empty for the root; TLSA, three
	 * numbers of an octet each, then the data; A and AAAA, the address.
	 */
	unsigned count;
	struct sts_text record[STS_DNS_ASK_RECORDS];
	/* Private. */
	bool full;
	size_t len;
	uint8_t bytes[STS_DNS_ASK_BYTES];
};

/*
 * Ask for the TXT, MX, TLSA, A or AAAA records of prefix + "." + domain. An
 * answer of more than fits is UNKNOWN, dns-large, since a part of it would be
 * another answer; so is an MX whose name is no host name: dns-malformed.
 */
void sts_dns_ask(struct sts_dns_asked *out,
    const struct sts_dns_servers *servers, struct sts_dns_name_parts name,
    uint16_t type);

#endif
