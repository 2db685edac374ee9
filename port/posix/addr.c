/* SPDX-License-Identifier: MIT */
/* Endpoints between struct sts_addr, struct sockaddr and text. */
#define _POSIX_C_SOURCE 200809L

#include <arpa/inet.h>
#include <net/if.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>

#include "../../core/base/assert.h"
#include "addr.h"

enum {
	TEXT_MAX = 63, /* an address and a zone, before the NUL */
	SCOPE_DIGITS = 9
};

socklen_t
sts_addr_to_socket(const struct sts_addr *a, struct sockaddr_storage *out)
{
	memset(out, 0, sizeof *out);
	if (a->af == STS_AF_INET) {
		struct sockaddr_in in;

		memset(&in, 0, sizeof in);
		in.sin_family = AF_INET;
		in.sin_port = htons(a->port);
		memcpy(&in.sin_addr, a->ip, 4);
		memcpy(out, &in, sizeof in);
		return (socklen_t)sizeof in;
	}
	if (a->af == STS_AF_INET6) {
		struct sockaddr_in6 in6;

		memset(&in6, 0, sizeof in6);
		in6.sin6_family = AF_INET6;
		in6.sin6_port = htons(a->port);
		in6.sin6_scope_id = a->scope;
		memcpy(&in6.sin6_addr, a->ip, 16);
		memcpy(out, &in6, sizeof in6);
		return (socklen_t)sizeof in6;
	}
	return 0;
}

bool
sts_addr_from_socket(const struct sockaddr_storage *s, struct sts_addr *out)
{
	struct sts_addr a;

	memset(&a, 0, sizeof a);
	if (s->ss_family == AF_INET) {
		struct sockaddr_in in;

		memcpy(&in, s, sizeof in);
		a.af = STS_AF_INET;
		a.port = ntohs(in.sin_port);
		memcpy(a.ip, &in.sin_addr, 4);
	} else if (s->ss_family == AF_INET6) {
		struct sockaddr_in6 in6;

		memcpy(&in6, s, sizeof in6);
		a.af = STS_AF_INET6;
		a.port = ntohs(in6.sin6_port);
		a.scope = in6.sin6_scope_id;
		memcpy(a.ip, &in6.sin6_addr, 16);
	} else {
		return false;
	}
	*out = a;
	return true;
}

/* The index of a zone, by interface name or by number; 0: there is none. */
static uint32_t
scope_number(const char *name)
{
	uint64_t n = 0;
	struct sts_text t = { (const uint8_t *)name, strlen(name) };

	if (sts_get_decimal(t, SCOPE_DIGITS, &n)) {
		return (uint32_t)n;
	}
	return if_nametoindex(name);
}

bool
sts_addr_parse(struct sts_text t, struct sts_addr *out)
{
	char text[TEXT_MAX + 1];
	struct sts_addr a;

	if (t.n == 0 || t.n > TEXT_MAX || memchr(t.p, 0, t.n) != NULL) {
		return false;
	}
	memcpy(text, t.p, t.n);
	text[t.n] = '\0';
	memset(&a, 0, sizeof a);
	if (inet_pton(AF_INET, text, a.ip) == 1) {
		a.af = STS_AF_INET;
		*out = a;
		return true;
	}
	char *zone = strchr(text, '%');

	if (zone != NULL) {
		*zone = '\0';
		a.scope = scope_number(zone + 1);
		if (a.scope == 0) {
			return false;
		}
	}
	if (inet_pton(AF_INET6, text, a.ip) != 1) {
		return false;
	}
	a.af = STS_AF_INET6;
	*out = a;
	return true;
}

void
sts_addr_format(const struct sts_addr *a, char out[STS_ADDR_TEXT_MAX])
{
	char ip[INET6_ADDRSTRLEN] = "-";
	char scope[16] = "";
	bool six = a->af == STS_AF_INET6;

	if (six || a->af == STS_AF_INET) {
		inet_ntop(six ? AF_INET6 : AF_INET, a->ip, ip, sizeof ip);
	}
	if (six && a->scope != 0) {
		snprintf(scope, sizeof scope, "%%%lu", (unsigned long)a->scope);
	}
	int n = 0;

	if (a->port == 0) {
		n = snprintf(out, STS_ADDR_TEXT_MAX, "%s%s", ip, scope);
	} else if (six) {
		n = snprintf(out, STS_ADDR_TEXT_MAX, "[%s%s]:%u", ip, scope,
		    (unsigned)a->port);
	} else {
		n = snprintf(
		    out, STS_ADDR_TEXT_MAX, "%s:%u", ip, (unsigned)a->port);
	}
	STS_ASSERT(n > 0);
	STS_ASSERT(n < STS_ADDR_TEXT_MAX);
}

bool
sts_addr_same(const struct sts_addr *a, const struct sts_addr *b)
{
	size_t len = a->af == STS_AF_INET6 ? 16 : 4;

	return a->af == b->af && a->port == b->port && a->scope == b->scope &&
	       memcmp(a->ip, b->ip, len) == 0;
}
