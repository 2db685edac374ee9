/* SPDX-License-Identifier: MIT */
/*
 * DANE for SMTP (RFC 7672): the rules, without any state. They decide whether a
 * TLSA record counts (RFC 7671 4, 5 and 9), what the records of one host
 * demand, and which level the hosts of a domain add up to.
 * core/dane/dane_hosts.h gathers what they judge.
 */
#ifndef STS_DANE_H
#define STS_DANE_H

#include "../base/bytes.h"
#include "../base/sts_config.h"

/* Certificate usages (RFC 6698 2.1.1); 0 and 1 do not exist for SMTP. */
enum {
	STS_TLSA_DANE_TA = 2,
	STS_TLSA_DANE_EE = 3
};

/* Selectors and matching types (RFC 6698 2.1.2, 2.1.3). */
enum {
	STS_TLSA_CERT = 0,
	STS_TLSA_SPKI = 1,
	STS_TLSA_FULL = 0,
	STS_TLSA_SHA256 = 1,
	STS_TLSA_SHA512 = 2
};

/* A TLSA record; the data is borrowed. */
struct sts_tlsa {
	uint8_t usage, selector, matching;
	struct sts_text data;
};

/*
 * Whether a record can authenticate a mail server. False for PKIX usages (RFC
 * 7672 3.1.3), unknown numbers, a digest of the wrong length, no data, SHA-512
 * where it was left out (STS_SHA384_512; RFC 6698 6 wants SHA-256): such a
 * record counts as if it were not there (RFC 6698 4.1), but the RRset still
 * demands TLS (RFC 7672 2.2).
 */
bool sts_tlsa_usable(const struct sts_tlsa *t);

/*
 * Whether `t` is to be left out because `other` of the same RRset has a
 * stronger digest for the same usage and selector (RFC 7671 9). Both must be
 * usable. Full data (matching type 0) is never left out, nor leaves others out.
 */
bool sts_tlsa_outdone(const struct sts_tlsa *t, const struct sts_tlsa *other);

/* What is known from the DNS about one MX host, least first. */
enum sts_dane_host {
	STS_DANE_HOST_PENDING = 0,
	/* It has no address, so no mail goes there: that is authenticated, or
	 * no signed record is about the host. */
	STS_DANE_HOST_NO_ADDRESS,
	/* A look-up failed: this host must not be used now (RFC 7672 2.1.3),
	 * and never counts as a host without records. */
	STS_DANE_HOST_UNKNOWN,
	/* Its addresses or TLSA records are unsigned, or it has none: TLS is
	 * opportunistic. */
	STS_DANE_HOST_NONE,
	/* Signed records, none of them usable: TLS is demanded, but nothing
	 * authenticates it (RFC 7672 2.2). */
	STS_DANE_HOST_UNUSABLE,
	/* At least one usable record: TLS and its match are demanded. */
	STS_DANE_HOST_USABLE
};

/* The result of the MX look-up. */
enum sts_dane_mx {
	STS_DANE_MX_PENDING = 0,
	STS_DANE_MX_UNKNOWN, /* cannot tell */
	STS_DANE_MX_NONE, /* no such domain, or "0 ." (RFC 7505): no mail */
	STS_DANE_MX_INSECURE, /* hosts are known, but not authenticated */
	STS_DANE_MX_SECURE /* authenticated, an implicit MX too */
};

/* The level that a domain's hosts add up to. */
enum sts_dane_level {
	STS_DANE_PENDING = 0,
	STS_DANE_NONE, /* as if there were no DANE */
	STS_DANE_PARTIAL, /* some hosts, or an unauthenticated MX RRset */
	STS_DANE_ONLY, /* every host that can be used demands DANE */
	STS_DANE_UNKNOWN /* the answer must be "try again" */
};

/* The hosts of a domain, counted by what is known of them. */
struct sts_dane_count {
	unsigned host[STS_DANE_HOST_USABLE + 1]; /* by enum sts_dane_host */
	bool more; /* hosts or records beyond a limit were not looked at */
};

/*
 * The level of a domain (RFC 7672 2.2):
 *
 *	MX unknown                                   UNKNOWN
 *	MX none                                      NONE
 *	MX secure, every host with an address usable ONLY; hosts that are
 *	                                             unknown are left to the
 *	                                             mail server to skip
 *	MX secure, every host with an address unknown
 *	                                             UNKNOWN
 *	MX secure, some hosts usable, unusable or unknown
 *	                                             PARTIAL
 *	MX insecure, some hosts usable or unusable   PARTIAL
 *	otherwise                                    NONE
 *
 * `more` forbids ONLY: not all hosts were looked at. PENDING while a host is
 * PENDING.
 */
enum sts_dane_level sts_dane_level(
    enum sts_dane_mx mx, const struct sts_dane_count *count);

#endif
