/* SPDX-License-Identifier: MIT */
/*
 * The look-ups in the DNS for a TLS report (RFC 8460 3): the TXT record at
 * _smtp._tls of a domain, or the addresses of a host that reports are posted
 * to. A composite of two questions; one look-up at a time.
 *
 *	IDLE -> TXT  -> DONE -> IDLE
 *	     -> HOST -> DONE -> IDLE
 *
 * In DONE the look-up wants its owner, which reads the result and ends it.
 */
#ifndef STS_LOOKUP_REPORT_H
#define STS_LOOKUP_REPORT_H

#include "../grammar/tlsrpt.h"
#include "../settings.h"
#include "leg.h"

enum {
	STS_REPORT_LEGS = 2, /* questions at once: A and AAAA */
	STS_REPORT_DNS_MS = 20000, /* for all of it */
	STS_REPORT_RND = STS_REPORT_LEGS * STS_DNS_RND
};

enum sts_lookup_report_state {
	STS_LOOKUP_REPORT_IDLE = 0,
	STS_LOOKUP_REPORT_TXT,
	STS_LOOKUP_REPORT_HOST,
	STS_LOOKUP_REPORT_DONE
};

struct sts_lookup_report {
	/* The result, readable in DONE. FOUND: a record (sts_tlsrpt_text), or
	 * addresses that may be connected to. ABSENT: there is definitely
	 * none. */
	uint8_t state;
	uint8_t found; /* enum sts_found */
	uint8_t why;
	uint8_t addr_count;
	struct sts_addr addr[STS_LOOKUP_ADDRS];

	/* Private. */
	bool host; /* what was asked for */
	uint8_t name_len;
	uint16_t port;
	const struct sts_settings *settings;
	struct sts_dns_health *health;
	struct sts_legs legs;
	struct sts_leg leg[STS_REPORT_LEGS];
	uint8_t name[STS_NAME_MAX];

	struct sts_tlsrpt record; /* a result, too */
};

extern const struct sts_engine_ops sts_lookup_report_ops,
    sts_lookup_report_leg_ops;

/* Once. health: shared by all that ask name servers. */
void sts_lookup_report_init(
    struct sts_lookup_report *l, struct sts_dns_health *health);

/* Begin; the state must be IDLE. name: 1..STS_NAME_MAX octets, copied; the
 * settings are borrowed until sts_lookup_report_end. */
void sts_lookup_report_txt(struct sts_lookup_report *l, struct sts_text domain,
    const struct sts_settings *settings, sts_ms now,
    const uint8_t rnd[STS_REPORT_RND]);

/*
 * The same for a host. A stranger chose it: addresses that only this network
 * may reach are left out, even with allow_private, except those in
 * settings->allow.
 */
void sts_lookup_report_host(struct sts_lookup_report *l, struct sts_text host,
    const struct sts_settings *settings, sts_ms now,
    const uint8_t rnd[STS_REPORT_RND]);

/* Make it IDLE; the state must be DONE. */
void sts_lookup_report_end(struct sts_lookup_report *l);

#endif
