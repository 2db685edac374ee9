/* SPDX-License-Identifier: MIT */
/*
 * The mail hosts of the domains, as a name server that validates describes
 * them: MX records, addresses, TLSA records, and whether the zones they are in
 * are signed. Names:
 *
 *	mxN.DOMAIN		a host; it may be an alias of
 *	realN.DOMAIN		which may lie in a zone that is not signed
 *	_25._tcp.NAME		its TLSA records
 *	DOMAIN			the host itself, where it has no MX records
 *
 * Episodes of the classes that fault.h calls those of DNSSEC change what is
 * said. net.c says it, word for word; dane.c judges the agent by mail_view(),
 * which is what an ideal sender would make of it (RFC 7672 2.2).
 */
#ifndef STS_SIM_MAIL_H
#define STS_SIM_MAIL_H

#include "fault.h"
#include "site.h"

enum {
	MAIL_MX = 3, /* hosts that a domain may have */
	MAIL_EXTRA = 3, /* one that has no TLSA records, now and then */
	MAIL_SELF = 4, /* the domain, where it has no MX records */
	MAIL_HOSTS = 5,
	MAIL_RECORDS = 4
};

/* What is answered about one name and type. */
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

/* What is true of a domain at one moment. */
struct mail_view {
	enum mail_mx mx;
	unsigned hosts; /* those that its MX records name: bits of numbers */
	uint8_t host[MAIL_HOSTS]; /* enum mail_host of all there could be */
};

void mail_begin(uint64_t seed, unsigned site_count);

/* The domain whose mail host, TLSA records or MX records this name is of, with
 * the rest of the name, or NULL: none. */
struct site *mail_site(
    struct site *sites, unsigned count, const char *name, unsigned type);

/* What is answered now. */
void mail_answer(const struct faults *f, const struct site *s, const char *name,
    unsigned type, int64_t now, struct mail_answer *out);

struct mail_view mail_view(
    const struct faults *f, const struct site *s, int64_t now);

/* Of all its records, and of that there are none. */
uint32_t mail_ttl_s(const struct site *s);

#endif
