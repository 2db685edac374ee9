/* SPDX-License-Identifier: MIT */
/*
 * mtasts publish tlsrpt: the record that asks for reports (RFC 8460 3). In a
 * URI of it ',', '!' and ';' have to be percent-encoded, which is done here
 * since nobody does it by hand.
 */
#define _POSIX_C_SOURCE 200809L

#include <stdio.h>
#include <string.h>

#include "../../core/base/text.h"
#include "publish.h"

enum {
	TEXT_MAX = 2048
};

static const char begin[] = "v=TLSRPTv1; rua=";

/* Octets of a URI that are written as they are: RFC 3986's, less ',!;' and
 * the apostrophe, which ends a string of a shell. */
static bool
is_uri(uint8_t c)
{
	return sts_is_alnum(c) ||
	       (c != '\0' && strchr("-._~:/?#[]@$&()*+=%", c) != NULL);
}

static bool
is_host(struct sts_text host)
{
	return sts_name_valid(host) && sts_name_labels(host) > 1;
}

/* mailto:LOCAL@DOMAIN: NULL, or what is wrong. */
static const char *
judge_mail(struct sts_text address)
{
	struct sts_text domain = address;
	struct sts_text local = sts_text_field(&domain, '@');

	/* Header fields of a mailto belong to no report address. */
	if (domain.n > 0 && domain.p[domain.n - 1] == '.') {
		return "--rua: an address does not end with a dot";
	}
	if (local.n == 0 || local.n > 64 || local.p[0] == '.' ||
	    local.p[local.n - 1] == '.' || !is_host(domain)) {
		return "--rua: expected mailto:NAME@DOMAIN, DOMAIN in "
		       "A-labels";
	}
	return NULL;
}

/* https://HOST[:PORT]/...: NULL, or what is wrong. */
static const char *
judge_web(struct sts_text rest)
{
	struct sts_text host = sts_text_field(&rest, '/');
	struct sts_text port = host;
	uint64_t number = 443;

	host = sts_text_field(&port, ':');
	if (!is_host(host) ||
	    (port.n > 0 && (!sts_get_decimal(port, 5, &number) ||
			       number > 65535 || number == 0))) {
		return "--rua: expected https://HOST/PATH, HOST in A-labels";
	}
	return NULL;
}

static const char *
judge(struct sts_text uri)
{
	struct sts_text rest = uri;

	for (size_t i = 0; i < uri.n; i++) {
		if (!is_uri(uri.p[i]) && strchr(",!;'", uri.p[i]) == NULL) {
			return "--rua: a character that no URI has; a name "
			       "beyond ASCII is written in A-labels";
		}
	}
	if (sts_text_take(&rest, "mailto:")) {
		return judge_mail(rest);
	}
	return sts_text_take(&rest, "https://")
		   ? judge_web(rest)
		   : "--rua: expected mailto:NAME@DOMAIN or https://HOST/PATH";
}

/* Append it, encoded. False: there is no room. */
static bool
put(char text[TEXT_MAX], size_t *n, struct sts_text t, bool encode)
{
	for (size_t i = 0; i < t.n; i++) {
		if (TEXT_MAX - *n < 4) {
			return false;
		}
		if (encode && !is_uri(t.p[i])) {
			*n += (size_t)snprintf(text + *n, TEXT_MAX - *n,
			    "%%%02X", (unsigned)t.p[i]);
		} else {
			text[(*n)++] = (char)t.p[i];
		}
	}
	text[*n] = '\0';
	return true;
}

/* The record of all --rua. 0, or exit code. */
static int
make_text(const struct sts_publish *p, char text[TEXT_MAX])
{
	size_t n = 0;

	if (p->rua.count == 0) {
		return sts_publish_wrong(
		    "where should reports go? --rua mailto:NAME@DOMAIN", "");
	}
	put(text, &n, sts_text_of(begin), false);
	for (unsigned i = 0; i < p->rua.count; i++) {
		struct sts_text uri = sts_text_of(p->rua.item[i]);
		const char *wrong = judge(uri);

		if (wrong != NULL) {
			return sts_publish_wrong(wrong, p->rua.item[i]);
		}
		if ((i > 0 && !put(text, &n, sts_text_of(","), false)) ||
		    !put(text, &n, uri, true)) {
			return sts_publish_wrong(
			    "--rua: together longer than 2000 octets", "");
		}
	}
	return 0;
}

/* Whether any report would be sent by mail to the domain itself. */
static bool
mails_itself(const struct sts_publish *p)
{
	for (unsigned i = 0; i < p->rua.count; i++) {
		const char *at = strrchr(p->rua.item[i], '@');

		if (strncmp(p->rua.item[i], "mailto:", 7) == 0 && at != NULL &&
		    strcmp(at + 1, sts_publish_name(p)) == 0) {
			return true;
		}
	}
	return false;
}

int
sts_publish_tlsrpt(struct sts_publish *p)
{
	static char text[TEXT_MAX], owner[STS_NAME_MAX + 16];
	static struct sts_publish_out o;
	const char *content = text;
	int rc = p->remove && p->rua.count == 0 ? 0 : make_text(p, text);

	if (rc != 0) {
		return rc;
	}
	if (p->check) {
		struct sts_text want = sts_text_of(text);

		return sts_publish_compare(
		    p, "_smtp._tls", STS_DNS_TXT, &want, p->remove ? 0 : 1);
	}
	snprintf(owner, sizeof owner, "_smtp._tls.%s", sts_publish_name(p));
	sts_publish_begin(&o, p, "tlsrpt");
	if (p->remove) {
		sts_publish_step(&o,
		    "Remove the record below. Reports of the day that has "
		    "begun may still come: keep the address for two days.");
		sts_publish_records(&o, owner, "TXT", p->ttl_s, NULL, 0);
		sts_publish_end(&o);
		return STS_EXIT_YES;
	}
	if (mails_itself(p)) {
		sts_publish_step(&o,
		    "Make sure that the address takes reports even while mail "
		    "to %s fails: a report about a broken domain, sent to that "
		    "domain, is delivered over any TLS, but only if the mail "
		    "host answers at all.",
		    sts_publish_name(p));
	}
	sts_publish_step(&o, "Publish the record below.");
	sts_publish_step(&o,
	    "Wait %lu s (its TTL), then compare: mtasts publish tlsrpt %s ... "
	    "--check. Reports come once a day, from senders that make them.",
	    (unsigned long)p->ttl_s, sts_publish_name(p));
	sts_publish_step(&o,
	    "If your MX hosts have TLSA records and other domains use these "
	    "hosts, ask for reports about the hosts too: mtasts publish tlsrpt "
	    "HOST --rua ...");
	sts_publish_records(&o, owner, "TXT", p->ttl_s, &content, 1);
	sts_publish_end(&o);
	return STS_EXIT_YES;
}
