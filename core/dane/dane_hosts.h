/* SPDX-License-Identifier: MIT */
/*
 * The mail hosts of one domain are looked up in the DNS (RFC 7672 2.2) by a
 * composite of questions ("legs"): the MX records, the addresses of each host,
 * then its TLSA records; STS_DANE_AT_ONCE hosts at once, in at most
 * STS_DANE_GATHER_MS, not counting time that is lost because a buffer, port or
 * descriptor of ours is missing. core/dane/dane.h judges what was gathered.
 *
 *	IDLE -> MX -> HOSTS -> ENDING -> DONE -> KEPT
 *	         |                        ^
 *	         +------------------------+   no host is worth a question
 *
 * In DONE the composite wants its owner, which reads the result and ends it, or
 * keeps it to read it for longer: in KEPT it wants nothing.
 *
 * For DANE only trusted name servers are asked: those that validate, over a
 * path that nobody else can write to (RFC 7672 2.1.1). To go on to another
 * server after a trusted one found an answer bogus would be a downgrade. An
 * answer with the AD bit is secure, an answer without it is insecure, and
 * without an answer the result is "cannot tell". A validator of our own would
 * take the place of that bit in one function, sts_dane_secure of dane_list.h, and
 * of nothing else here.
 */
#ifndef STS_DANE_HOSTS_H
#define STS_DANE_HOSTS_H

#include "../../dns/rdata.h"
#include "../base/siphash.h"
#include "../lookup/leg.h"
#include "dane_records.h"

enum {
	STS_DANE_LEGS = 2 * STS_DANE_AT_ONCE, /* A and AAAA of each host */
	STS_DANE_QUESTION_MS = 10000, /* for one question */
	STS_DANE_GATHER_MS = 30000, /* for all of them */
	STS_DANE_RND = STS_SIPHASH_KEY
};

enum sts_dane_hosts_state {
	STS_DANE_HOSTS_IDLE = 0,
	STS_DANE_HOSTS_MX,
	STS_DANE_HOSTS_HOSTS,
	STS_DANE_HOSTS_ENDING,
	STS_DANE_HOSTS_DONE,
	STS_DANE_HOSTS_KEPT
};

/* How far the hosts are looked at. */
enum sts_dane_depth {
	STS_DANE_DEPTH_MX = 0, /* the MX records alone, from any name server */
	STS_DANE_DEPTH_PROBE, /* the MX records alone, from a trusted name
			       * server */
	STS_DANE_DEPTH_SECURE, /* the hosts of an authenticated MX RRset */
	STS_DANE_DEPTH_ALL /* the hosts of any MX RRset */
};

/* One mail host. */
struct sts_dane_mail_host {
	uint8_t state; /* enum sts_dane_host */
	uint8_t why; /* enum sts_why of UNKNOWN */
	uint16_t preference; /* 0 of an implicit MX */
	/* Private. */
	uint16_t name_off; /* into names */
	uint16_t base_off; /* the TLSA base, where that is another name */
	uint16_t records_off, records_len; /* into the records */
	uint8_t name_len, base_len;
};

/* How far one of the hosts that are looked at has come. */
struct sts_dane_worker {
	/* Private. */
	uint8_t step;
	uint8_t host;
	bool found, insecure; /* an address; one that is not authenticated */
	bool unproved; /* the lack of one is not authenticated */
	bool owner_known; /* it is known whether the host's name is an alias */
	bool aliased;
	uint8_t unknown; /* enum sts_why of a look-up that failed */
	uint8_t usable, unusable; /* TLSA records, saturating */
	bool cut; /* records that are to be kept have no room */
	struct sts_dns_host expanded; /* aliased: the end of the chain */
};

struct sts_dane_hosts {
	/* The result, readable in DONE. */
	uint8_t mx; /* enum sts_dane_mx */
	uint8_t mx_why; /* enum sts_why of UNKNOWN and NONE */
	bool implicit; /* there are no MX records: the domain is the host */
	bool more; /* hosts beyond a limit were not looked at */
	uint8_t host_count;
	uint32_t ttl_s; /* the smallest of all answers that count */
	uint16_t questions; /* put to the name servers */
	struct sts_dane_mail_host host[STS_DANE_HOSTS_MAX];

	/* Private. */
	uint8_t state;
	uint8_t depth; /* enum sts_dane_depth */
	sts_ms now, began, until;
	uint32_t ours_ms; /* of the questions that are over */
	struct sts_dns_servers servers; /* those that are asked */
	struct sts_dns_health *health;
	struct sts_dane_records *records; /* NULL: they are not kept */
	uint8_t rnd[STS_DANE_RND];
	uint16_t names_len;
	uint16_t nexthop_off; /* the end of the domain's alias chain */
	uint8_t nexthop_len; /* 0: the domain is no alias, or it is not kept */
	uint8_t domain_len;
	uint8_t domain[STS_NAME_MAX];
	uint8_t names[STS_DANE_NAMES];
	struct sts_dane_worker worker[STS_DANE_AT_ONCE];
	struct sts_legs legs;
	struct sts_leg leg[STS_DANE_LEGS];
};

extern const struct sts_engine_ops sts_dane_hosts_ops, sts_dane_leg_ops;

/* Once, before the first begin. health: what is known of the name servers; it
 * must stay valid. */
void sts_dane_hosts_init(
    struct sts_dane_hosts *d, struct sts_dns_health *health);

/*
 * Begin with the MX records of a domain of 1..STS_NAME_MAX octets, which is
 * copied; state IDLE.
 *
 * servers       copied as far as they are trusted, or all where the depth is
 *               STS_DANE_DEPTH_MX, which needs no AD bit; none: UNKNOWN,
 *               dns-no-server, at once
 * depth         how far to look
 * rnd           fresh random bytes, from which every question's are derived
 */
void sts_dane_hosts_begin(struct sts_dane_hosts *d, struct sts_text domain,
    const struct sts_dns_servers *servers, enum sts_dane_depth depth,
    sts_ms now, const uint8_t rnd[STS_DANE_RND]);

/*
 * After begin: keep all that a mail client needs to know of the hosts
 * (core/route.h). r, emptied now and borrowed until the end, takes their usable
 * records; a host whose records or base domain have no room is UNKNOWN for
 * dns-large. With DEPTH_MX the hosts are listed, all of them NONE.
 */
void sts_dane_hosts_record(
    struct sts_dane_hosts *d, struct sts_dane_records *r);

/* The time that the questions have lost so far by a shortage of ours. Of
 * questions that lost it side by side each counts. */
static inline uint32_t
sts_dane_hosts_ours_ms(const struct sts_dane_hosts *d, sts_ms now)
{
	return d->ours_ms + sts_legs_ours_ms(&d->legs, now);
}

/* The part of that which is given back: STS_DNS_OURS_MS at most. */
static inline uint32_t
sts_dane_hosts_given_ms(const struct sts_dane_hosts *d)
{
	uint32_t ms = sts_dane_hosts_ours_ms(d, d->now);

	return ms < STS_DNS_OURS_MS ? ms : (uint32_t)STS_DNS_OURS_MS;
}

/* DONE becomes KEPT. */
void sts_dane_hosts_keep(struct sts_dane_hosts *d);

/* Make it IDLE; the state must be DONE or KEPT, and no buffer lent to it. */
void sts_dane_hosts_end(struct sts_dane_hosts *d);

/* The domain; it points into d, and is valid until the next begin. */
struct sts_text sts_dane_hosts_domain(const struct sts_dane_hosts *d);

/* The name of host i < host_count. */
struct sts_text sts_dane_hosts_name(const struct sts_dane_hosts *d, unsigned i);

/* dane_order.c: the number of the host that a mail client tries as n-th, n <
 * host_count: by preference, and at random among equals (RFC 5321 5.1), as
 * drawn at begin. */
unsigned sts_dane_order(const struct sts_dane_hosts *d, unsigned n);

/* With records, in DONE or KEPT: the TLSA base domain of host i; its usable
 * records, packed; the name that the domain is an alias of, n 0: it is no
 * alias. */
struct sts_text sts_dane_hosts_base(const struct sts_dane_hosts *d, unsigned i);
struct sts_text sts_dane_hosts_records(
    const struct sts_dane_hosts *d, unsigned i);
struct sts_text sts_dane_hosts_nexthop(const struct sts_dane_hosts *d);

/* The level that the hosts add up to (sts_dane_level), and their count. */
enum sts_dane_level sts_dane_hosts_level(
    const struct sts_dane_hosts *d, struct sts_dane_count *count);

#endif
