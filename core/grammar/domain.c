/* SPDX-License-Identifier: MIT */
/*
 * Look-up keys: host, brackets and port apart, the host made a domain.
 *
 *	key    = host [ ":" port ] / "[" host "]" [ ":" port ]
 *	host   = name / address literal (no domain) / "." name (no domain)
 *
 * A key comes whole, from a mail server, but the recipient's domain in it was
 * chosen by whoever wrote the mail. Where there is a colon, IPv6 literals
 * without brackets are looked for first, since theirs begin no port; then
 * brackets and port are taken off, and the host is a name or an address
 * literal, which is never a valid name of ASCII. A key that is no domain
 * gets the answer "not found" at once and no I/O; one that is cut or half
 * understood never passes for another domain.
 *
 * The result is a name in lower-case A-labels without a dot at its end, at most
 * STS_DOMAIN_MAX octets, so that "_mta-sts." before it is still a name.
 *
 * Invariants: no result is longer than the buffer of its caller. A name of
 * ASCII stays as it is but for its case, as with Postfix; any other label is
 * mapped, or the key is "key-unmapped": it is never guessed.
 */
#include <string.h>

#include "../base/assert.h"
#include "../base/sts_config.h"
#include "domain.h"
#include "idna.h"

enum {
	PORT_DIGITS = 5,
	SERVICE_MAX = 63
};

/* The services that mail is delivered to (IANA). */
static const struct {
	const char *name;
	uint16_t port;
} services[] = {
	{ "smtp", 25 },
	{ "submission", 587 },
	{ "submissions", 465 },
	{ "smtps", 465 },
};

static struct sts_text
from(struct sts_text t, size_t off)
{
	STS_ASSERT(off <= t.n);
	return sts_text(t.p + off, t.n - off);
}

/* Where c is first in t; t.n: nowhere. */
static size_t
find(struct sts_text t, uint8_t c)
{
	size_t i = 0;

	while (i < t.n && t.p[i] != c) {
		i++;
	}
	return i;
}

/* ---- addresses ---- */

/* Four numbers up to 255 with dots between them. */
static bool
is_ipv4(struct sts_text t)
{
	for (unsigned part = 0; part < 4; part++) {
		size_t dot = find(t, '.');
		uint64_t number;

		if (!sts_get_decimal(sts_text(t.p, dot), 3, &number) ||
		    number > 255 || (dot < t.n) != (part < 3)) {
			return false;
		}
		t = from(t, dot < t.n ? dot + 1 : dot);
	}
	return true;
}

static bool
is_hex(uint8_t c)
{
	c = sts_lower(c);
	return sts_is_digit(c) || (c >= 'a' && c <= 'f');
}

/*
 * Whether t can only be meant as an IPv6 address: two colons at least, and
 * nothing but hexadecimal digits, colons and dots before a zone. It need not
 * be a correct one, since no address has a policy.
 */
static bool
is_ipv6(struct sts_text t)
{
	unsigned colons = 0;

	for (size_t i = 0; i < t.n && t.p[i] != '%'; i++) {
		if (t.p[i] == ':') {
			colons++;
		} else if (!is_hex(t.p[i]) && t.p[i] != '.') {
			return false;
		}
	}
	return colons >= 2;
}

/* An address literal of RFC 5321 4.1.3 without its brackets, or an address. */
static bool
is_address(struct sts_text t)
{
	static const uint8_t tag[] = { 'i', 'p', 'v', '6', ':' };

	if (t.n >= sizeof tag && sts_same_nocase(sts_text(t.p, sizeof tag),
				     sts_text(tag, sizeof tag))) {
		return true;
	}
	return is_ipv4(t) || is_ipv6(t);
}

/* ---- ports ---- */

static bool
is_service(struct sts_text t)
{
	STS_ASSERT(t.n > 0); /* else it is all digits */
	for (size_t i = 0; i < t.n; i++) {
		if (!sts_is_alnum(t.p[i]) && t.p[i] != '-') {
			return false;
		}
	}
	return t.n <= SERVICE_MAX && t.p[0] != '-';
}

static bool
all_digits(struct sts_text t)
{
	for (size_t i = 0; i < t.n; i++) {
		if (!sts_is_digit(t.p[i])) {
			return false;
		}
	}
	return true;
}

/* The port of a service; 0: it is not one of ours. */
static uint16_t
service_port(struct sts_text t)
{
	for (size_t i = 0; i < sizeof services / sizeof *services; i++) {
		const uint8_t *name = (const uint8_t *)services[i].name;

		if (sts_same_nocase(
			t, sts_text(name, strlen(services[i].name)))) {
			return services[i].port;
		}
	}
	return 0;
}

static bool
parse_port(struct sts_key *k, struct sts_text t)
{
	uint64_t number;

	k->ported = true;
	if (!all_digits(t)) {
		k->port = service_port(t);
		return is_service(t);
	}
	if (!sts_get_decimal(t, PORT_DIGITS, &number) || number == 0 ||
	    number > UINT16_MAX) {
		return false;
	}
	k->port = (uint16_t)number;
	return true;
}

/* ---- the host ---- */

/* Append a label, and a dot before it unless it is the first. */
static enum sts_why
add_label(struct sts_key *k, struct sts_text label)
{
	uint8_t out[STS_LABEL_MAX];
	size_t len = sts_idna_label(out, label);
	size_t dot = k->len > 0, room;

	STS_ASSERT(k->len <= STS_DOMAIN_MAX);
	room = STS_DOMAIN_MAX - (size_t)k->len;
	if (len == 0) {
		return STS_WHY_KEY_UNMAPPED;
	}
	if (room < len + dot) {
		return STS_WHY_KEY_LONG;
	}
	if (dot > 0) {
		k->domain[k->len++] = '.';
	}
	memcpy(k->domain + k->len, out, len);
	k->len = (uint16_t)(k->len + len);
	return STS_WHY_NONE;
}

/* The length of the first label of t. */
static size_t
label_len(struct sts_text t)
{
	size_t i = 0;

	while (i < t.n && sts_idna_dot(from(t, i)) == 0) {
		i++;
	}
	return i;
}

/* Map a host label by label; one separator may follow the last. */
static enum sts_why
map_host(struct sts_key *k, struct sts_text host)
{
	do {
		size_t len = label_len(host);
		enum sts_why why = add_label(k, sts_text(host.p, len));

		if (why != STS_WHY_NONE) {
			return why;
		}
		host = from(host, len);
		host = from(host, sts_idna_dot(host));
	} while (host.n > 0);
	return STS_WHY_NONE;
}

/* Copy a host of ASCII, lower-cased. False: it is no valid name. A-labels stay
 * as they are, since Postfix does not map a name of ASCII. */
static bool
copy_host(struct sts_key *k, struct sts_text host)
{
	if (host.n > STS_DOMAIN_MAX || !sts_name_lower(k->domain, host)) {
		return false;
	}
	k->domain[host.n] = '\0';
	k->len = (uint16_t)host.n;
	return true;
}

static bool
is_ascii(struct sts_text t)
{
	for (size_t i = 0; i < t.n; i++) {
		if (t.p[i] >= 0x80) {
			return false;
		}
	}
	return true;
}

/* Judge a host that is no valid name of ASCII, `undotted` octets without a dot
 * at its end: an address, a name in letters that are mapped, or no domain. */
static enum sts_why
map_or_refuse(struct sts_key *k, struct sts_text host, size_t undotted)
{
	enum sts_why why;

	if (is_address(host)) {
		return STS_WHY_KEY_ADDRESS;
	}
	if (is_ascii(host)) {
		return undotted > STS_DOMAIN_MAX ? STS_WHY_KEY_LONG
						 : STS_WHY_KEY_INVALID;
	}
	if (!STS_UTS46) {
		return STS_WHY_KEY_UNMAPPED;
	}
	k->len = 0;
	why = map_host(k, host);
	k->domain[k->len] = '\0';
	if (why == STS_WHY_NONE &&
	    !sts_name_valid(sts_text(k->domain, k->len))) {
		why = STS_WHY_KEY_INVALID;
	}
	return why;
}

/* One dot may follow the host. */
static enum sts_why
parse_host(struct sts_key *k, struct sts_text host)
{
	size_t n = host.n;

	if (n > 0 && host.p[n - 1] == '.') {
		n--;
	}
	return copy_host(k, sts_text(host.p, n)) ? STS_WHY_NONE
						 : map_or_refuse(k, host, n);
}

/*
 * Take t apart into *host and *port (with its colon, or empty). False: a "["
 * without "]". A host without brackets that holds several colons is an IPv6
 * address or nothing: the first colon is left to end it.
 */
static bool
split(struct sts_key *k, struct sts_text t, struct sts_text *host,
    struct sts_text *port)
{
	size_t end;

	k->bracketed = t.p[0] == '[';
	if (k->bracketed) {
		t = from(t, 1);
	}
	end = find(t, k->bracketed ? ']' : ':');
	*host = sts_text(t.p, end);
	if (k->bracketed && end == t.n) {
		return false;
	}
	*port = from(t, k->bracketed ? end + 1 : end);
	return true;
}

/* The order decides which reason is reported of a key that has several
 * faults. */
static enum sts_why
parse(struct sts_key *k, struct sts_text text)
{
	struct sts_text host, port;

	if (text.n == 0) {
		return STS_WHY_KEY_EMPTY;
	}
	if (text.p[0] == '.') {
		return STS_WHY_KEY_PARENT;
	}
	if (!split(k, text, &host, &port)) {
		return STS_WHY_KEY_INVALID;
	}
	if (port.n > 0 && is_ipv6(text)) {
		return STS_WHY_KEY_ADDRESS;
	}
	if (port.n > 0 && (port.p[0] != ':' || !parse_port(k, from(port, 1)))) {
		return STS_WHY_KEY_INVALID;
	}
	return parse_host(k, host);
}

struct sts_text
sts_domain_policy_host(uint8_t out[STS_POLICY_HOST_MAX], struct sts_text domain)
{
	static const uint8_t prefix[] = STS_POLICY_LABEL ".";
	size_t prefix_len = sizeof prefix - 1;

	STS_ASSERT(domain.n <= STS_POLICY_HOST_MAX - prefix_len);
	memcpy(out, prefix, prefix_len);
	memcpy(out + prefix_len, domain.p, domain.n);
	return sts_text(out, prefix_len + domain.n);
}

/* The mapped name may be no host name (a number, say). Written in ASCII it is
 * certainly none; but ICU decides where the mail goes. */
enum sts_why
sts_key_parse(struct sts_key *k, struct sts_text text)
{
	enum sts_why why;

	k->bracketed = k->ported = false;
	k->port = 0;
	if (copy_host(k, text)) {
		return STS_WHY_NONE; /* the usual case */
	}
	why = parse(k, text);
	return why == STS_WHY_KEY_INVALID && !is_ascii(text)
		   ? STS_WHY_KEY_UNMAPPED
		   : why;
}
