/* SPDX-License-Identifier: MIT */
/*
 * The mail hosts of the domains, as a validating name server describes them: MX
 * records, addresses, TLSA records, and whether their zones are signed. Names:
 *
 *	mxN.DOMAIN		a host; it may be an alias of
 *	realN.DOMAIN		which may lie in a zone that is not signed
 *	_25._tcp.NAME		its TLSA records
 *	DOMAIN			the host itself, where it has no MX records
 *
 * Episodes of the classes of DNSSEC (fault.h) change the answers. net.c sends
 * exactly these answers; dane.c judges the agent by mail_view(), which is what
 * an ideal sender would conclude (RFC 7672 2.2).
 */
#ifndef STS_SIM_MAIL_H
#define STS_SIM_MAIL_H

#include "fault.h"
#include "site.h"

enum {
	MAIL_MX = 3, /* hosts that a domain may have */
	MAIL_EXTRA = 3, /* a host without TLSA records, now and then */
	MAIL_SELF = 4, /* the domain, where it has no MX records */
	MAIL_HOSTS = 5,
	MAIL_RECORDS = 4
};

/* The answer to one name and type. */
struct mail_answer {
	bool silent;
	bool ad;
	unsigned rcode;
	uint32_t ttl_s;
	unsigned count; /* records; 0: there are none */
	struct {
		char name[SITE_NAME];
		unsigned type;
		char value[SITE_NAME];
	} record[MAIL_RECORDS];
};

/* The states of one host in the DNS, as bits, since several can be possible. */
enum mail_host {
	MAIL_HOST_GONE = 1, /* no address */
	MAIL_HOST_UNKNOWN = 2,
	MAIL_HOST_NONE = 4, /* no DANE */
	MAIL_HOST_UNUSABLE = 8,
	MAIL_HOST_USABLE = 16
};

enum mail_mx {
	MAIL_MX_NONE = 1, /* no mail at all */
	MAIL_MX_UNKNOWN = 2,
	MAIL_MX_INSECURE = 4,
	MAIL_MX_SECURE = 8
};

/* The true state of a domain at one moment. */
struct mail_view {
	enum mail_mx mx;
	unsigned hosts; /* hosts that its MX records name, as bits */
	uint8_t host[MAIL_HOSTS]; /* enum mail_host of each possible host */
};

void mail_begin(uint64_t seed, unsigned site_count);

/* The domain to which the mail host, TLSA records or MX records of this name
 * belong, with the rest of the name, or NULL. */
struct site *mail_site(
    struct site *sites, unsigned count, const char *name, unsigned type);

/* The answer now. */
void mail_answer(const struct faults *f, const struct site *s, const char *name,
    unsigned type, int64_t now, struct mail_answer *out);

struct mail_view mail_view(
    const struct faults *f, const struct site *s, int64_t now);

/* TTL of all its records, and of their absence. */
uint32_t mail_ttl_s(const struct site *s);

#endif
