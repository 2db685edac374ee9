/* SPDX-License-Identifier: MIT */
/*
 * Where the mail for a domain goes, for firmware that delivers it itself: the
 * MX hosts in the order in which they are tried (RFC 5321 5.1), and what each
 * must show before it gets the mail, by DANE (RFC 7672) and MTA-STS (RFC 8461).
 * core/dane/judge.h then judges what a host showed.
 *
 * Example, with struct sts_agent *agent, struct sts_driver *driver, struct
 * sts_text domain, void (*wait)(void), void (*deliver)(const struct sts_demand
 * *):
 *
 *	#include "core/driver.h"
 *
 *	static struct sts_route route;
 *	struct sts_demand demand;
 *	enum sts_why why;
 *
 *	if (sts_route_begin(agent, &route, domain)) {
 *		sts_driver_wake(driver);
 *		while (sts_route_state(agent, &route, &why) ==
 *		       STS_ROUTE_PENDING) {
 *			wait();
 *		}
 *		for (unsigned i = 0; i < sts_route_count(agent, &route); i++) {
 *			sts_route_host(agent, &route, i, &demand);
 *			deliver(&demand);
 *		}
 *		sts_route_end(agent, &route);
 *	}
 *
 * What decides, in this order, for each host:
 *
 *	an override or `enforce off`          nothing is demanded
 *	its look-ups cannot tell, no address  it is skipped
 *	signed MX records, usable TLSA        these records
 *	an enforced policy, the domain's      a host that the policy lists, with
 *	or the operator's list's              a certificate of the web; another
 *	                                      is skipped
 *	usable TLSA, MX records not signed    these records
 *	TLSA records, none of them usable     TLS
 *	nothing of all that                   nothing
 *
 * So DANE goes before MTA-STS, and where it fails MTA-STS does not take its
 * place (RFC 8461 2); and a domain of which only some hosts have TLSA records
 * is held to its policy at the others. Where the MX records are not signed
 * TLSA records say nothing against a forged host, which the policy does.
 *
 * The hosts are looked up each time, whatever is held: it is for the name
 * servers to remember them. A failure is never "no records".
 *
 * Needs config.danes and config.asks of at least 1 for each route at once, and
 * one more of danes for the agent's own. Left out with STS_DANE.
 */
#ifndef STS_ROUTE_H
#define STS_ROUTE_H

#include "dane/judge.h"

struct sts_agent;

enum sts_route_state {
	STS_ROUTE_PENDING = 0,
	STS_ROUTE_HOSTS, /* to be tried in their order, as demanded */
	STS_ROUTE_NO_MAIL, /* the domain takes none: bounce (RFC 7505) */
	STS_ROUTE_AGAIN /* cannot tell: the mail waits */
};

/* A route. To be placed by the caller, private, unmoved until its end. */
struct sts_route {
	int slot; /* of the question; -1: none is asked */
	uint16_t work;
	uint8_t why; /* enum sts_why: the domain is none */
	struct sts_dane_records records;
};

/*
 * Begin to look up where mail for a domain goes. Call sts_driver_wake, and run
 * the driver until the state is not PENDING any more: within 30 s for the
 * hosts, and the default zone's times for the policy.
 *
 * domain   as in the mail address, of any spelling; borrowed until the end
 *
 * False, and nothing is begun: all places for questions or for hosts are taken,
 * or those of the domain's organisation. Try later.
 */
bool sts_route_begin(
    struct sts_agent *a, struct sts_route *r, struct sts_text domain);

/*
 * How far it is. *why: of NO_MAIL the reason (dns-nxdomain, mx-none, or that
 * the domain is none, as an address in brackets), of AGAIN what could not be
 * looked up; else NONE.
 */
enum sts_route_state sts_route_state(
    const struct sts_agent *a, const struct sts_route *r, enum sts_why *why);

/* How many hosts there are: 0 in every state but HOSTS. Hosts beyond
 * STS_DANE_HOSTS_MAX are not among them. */
unsigned sts_route_count(const struct sts_agent *a, const struct sts_route *r);

/*
 * What host i < count must show. Its spans are valid until the end. A mail
 * server that finds itself in the list leaves out the hosts of its own
 * preference and worse ones (RFC 5321 5.1).
 */
void sts_route_host(const struct sts_agent *a, const struct sts_route *r,
    unsigned i, struct sts_demand *demand);

/* Done with it, in any state. To be called before other settings count as used
 * up (sts_agent_settings_used) and before a drained agent is idle. */
void sts_route_end(struct sts_agent *a, struct sts_route *r);

#endif
