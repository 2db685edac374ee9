/* SPDX-License-Identifier: MIT */
/* The system's name servers: /etc/resolv.conf as resolv.conf(5) says. */
#ifndef STS_RESOLV_H
#define STS_RESOLV_H

#include "../../dns/upstream.h"

#define STS_RESOLV_FILE "/etc/resolv.conf"

/* Whether an answer of this server says AD by itself: it runs on this machine,
 * so nobody can change it on the way. 127.0.0.1, ::1, 127.0.0.53. */
bool sts_resolv_trusted(const struct sts_addr *a);

enum sts_resolv_result {
	STS_RESOLV_OK = 0,
	STS_RESOLV_DEFAULT, /* no file, or none listed: 127.0.0.1 */
	STS_RESOLV_UNREADABLE, /* errno is why */
	STS_RESOLV_MALFORMED, /* servers listed, none of which can be read */
	STS_RESOLV_LONG /* nameserver or options, over STS_LINE_MAX octets */
};

/*
 * Read the file. OK, DEFAULT: *s is filled; else unchanged. Servers beyond
 * STS_DNS_SERVERS_MAX and lines that cannot be read are left out; options
 * other than trust-ad, search and domain are not for us.
 */
enum sts_resolv_result sts_resolv_read(
    const char *path, struct sts_dns_servers *s);

/* What is wrong, in words: of a result that is neither OK nor DEFAULT, with the
 * errno that came with it. */
const char *sts_resolv_problem(enum sts_resolv_result r);

#endif
