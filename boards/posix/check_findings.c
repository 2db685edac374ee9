/* SPDX-License-Identifier: MIT */
/*
 * The list of findings as a table, and what to do about the reasons that the
 * engines give.
 */
#include <stddef.h>
#include <stdint.h>

#include "../../core/base/assert.h"
#include "check_findings.h"

static const struct {
	const char *word, *where, *text, *todo;
	uint8_t grade, whom;
} rows[STS_CHECK_F_COUNT] = {
#define ROW(id, word, grade, whom, where, text, todo)                          \
	{ word, where, text, todo, grade, whom },
	STS_CHECK_FINDING_LIST(ROW)
#undef ROW
};

/* Reasons by which nobody knows, beside limits and shortages of our own; all
 * others are the other side's fault. */
static const uint8_t cannot_tell[] = {
	STS_WHY_DNS_SERVFAIL,
	STS_WHY_DNS_REFUSED,
	STS_WHY_DNS_ERROR,
	STS_WHY_DNS_TIMEOUT,
	STS_WHY_DNS_UNREACHABLE,
	STS_WHY_DNS_MALFORMED,
	STS_WHY_DNS_NO_SERVER,
	STS_WHY_CONNECT_TIMEOUT,
	STS_WHY_CONNECT_FAILED,
	STS_WHY_CONNECT_NO_ROUTE,
	STS_WHY_FETCH_TIMEOUT,
	STS_WHY_TLS_TIMEOUT,
	/* Other senders may have room for such a message or certificate. */
	STS_WHY_TLS_RECORD,
	STS_WHY_X509_LIMIT,
	STS_WHY_X509_CHAIN_LONG,
	STS_WHY_X509_CHAIN_COMPLEX,
	STS_WHY_SMTP_NO_GREETING,
	STS_WHY_SMTP_GREETING_LATER,
	STS_WHY_SMTP_GREETING_REFUSED,
	STS_WHY_SMTP_EHLO,
	STS_WHY_SMTP_STARTTLS_LATER,
	STS_WHY_SMTP_TIMEOUT,
	STS_WHY_SMTP_CLOSED,
};

/* What to do about a reason: the first row that has it. */
static const struct {
	uint8_t first, last;
	const char *todo;
} todos[] = {
	{ STS_WHY_DNS_NXDOMAIN, STS_WHY_DNS_NODATA,
	    "publish the record that is missing" },
	{ STS_WHY_DNS_ALIAS_LOOP, STS_WHY_DNS_ALIAS_LOOP,
	    "break the loop of CNAME records" },
	{ STS_WHY_DNS_SERVFAIL, STS_WHY_DNS_NO_BUFFER,
	    "run the check again; if it still fails, query the zone's own name "
	    "servers" },
	{ STS_WHY_CONNECT_REFUSED, STS_WHY_CONNECT_REFUSED,
	    "start the server, or open its port in the firewall" },
	{ STS_WHY_CONNECT_TIMEOUT, STS_WHY_CONNECT_NO_ROUTE,
	    "test from another network whether the host answers" },
	{ STS_WHY_PEER_CLOSED, STS_WHY_PEER_RESET,
	    "find in the server's log why it ends connections" },
	{ STS_WHY_FETCH_TIMEOUT, STS_WHY_FETCH_STALLED,
	    "find out why the server is slow" },
	{ STS_WHY_TLS_ALERT, STS_WHY_TLS_ALERT,
	    "configure the server to offer TLS 1.2 or 1.3 with ECDHE and "
	    "AES-GCM or ChaCha20" },
	{ STS_WHY_TLS_VERSION, STS_WHY_TLS_VERSION,
	    "switch TLS 1.2 and 1.3 on" },
	{ STS_WHY_TLS_TIMEOUT, STS_WHY_TLS_TIMEOUT,
	    "find out why the server is slow" },
	{ STS_WHY_TLS_PROTOCOL, STS_WHY_TLS_TRUNCATED,
	    "update the server's TLS software" },
	{ STS_WHY_X509_EXPIRED, STS_WHY_X509_EXPIRED,
	    "renew the certificate, and reload the server" },
	{ STS_WHY_X509_NOT_YET, STS_WHY_X509_NOT_YET,
	    "check the clocks, and install a certificate that is valid now" },
	{ STS_WHY_X509_NO_DNS_ID, STS_WHY_X509_NAME,
	    "get a certificate with this host's name as a subjectAltName" },
	{ STS_WHY_X509_NO_ISSUER, STS_WHY_X509_NO_ISSUER,
	    "install a certificate of a public CA, with its intermediates "
	    "(fullchain.pem)" },
	{ STS_WHY_X509_LIMIT, STS_WHY_X509_CHAIN_COMPLEX,
	    "it is over a limit of this check: test it with openssl s_client, "
	    "or have the server send no more certificates than it needs" },
	{ STS_WHY_X509_SIGNATURE, STS_WHY_X509_NO_SCT,
	    "get a new certificate of a public CA" },
	{ STS_WHY_HTTP_REDIRECT, STS_WHY_HTTP_REDIRECT,
	    "serve the file at /.well-known/mta-sts.txt itself, without a "
	    "redirect" },
	{ STS_WHY_HTTP_STATUS, STS_WHY_HTTP_STATUS,
	    "serve the policy at /.well-known/mta-sts.txt" },
	{ STS_WHY_HTTP_TYPE, STS_WHY_HTTP_TYPE,
	    "serve the file as Content-Type: text/plain" },
	{ STS_WHY_HTTP_MALFORMED, STS_WHY_HTTP_TRUNCATED,
	    "serve the policy as a plain file from an ordinary web server" },
	{ STS_WHY_POLICY_SYNTAX, STS_WHY_POLICY_SYNTAX,
	    "rewrite the policy: mtasts publish sts DOMAIN" },
	{ STS_WHY_POLICY_VERSION, STS_WHY_POLICY_VERSION,
	    "add the line \"version: STSv1\" to the policy" },
	{ STS_WHY_POLICY_MODE, STS_WHY_POLICY_MODE,
	    "add a line \"mode: enforce\" (or testing, none) to the policy" },
	{ STS_WHY_POLICY_MAX_AGE, STS_WHY_POLICY_MAX_AGE,
	    "add a line \"max_age: 2592000\" to the policy" },
	{ STS_WHY_POLICY_MX, STS_WHY_POLICY_NO_MX,
	    "add a line \"mx: HOST\" to the policy for each MX host" },
	{ STS_WHY_POLICY_MANY_MX, STS_WHY_POLICY_NO_ROOM,
	    "shorten the list of mx, for example by a wildcard" },
	{ STS_WHY_SMTP_NO_GREETING, STS_WHY_SMTP_EHLO,
	    "try again, from an address that the server does not block" },
	{ STS_WHY_SMTP_NO_STARTTLS, STS_WHY_SMTP_NO_STARTTLS,
	    "switch STARTTLS on, and give the server a certificate" },
	{ STS_WHY_SMTP_MASKED, STS_WHY_SMTP_MASKED,
	    "switch off SMTP inspection in the firewall on the way" },
	{ STS_WHY_SMTP_STARTTLS_LATER, STS_WHY_SMTP_STARTTLS_REFUSED,
	    "look in the server's log: most likely its key or certificate "
	    "cannot be read" },
	{ STS_WHY_SMTP_INJECTED, STS_WHY_SMTP_INJECTED,
	    "update the mail server: it, or something on the way, sends "
	    "unencrypted data after STARTTLS" },
	{ STS_WHY_SMTP_MALFORMED, STS_WHY_SMTP_UNASKED,
	    "update the mail server, or the middlebox on the way" },
	{ STS_WHY_SMTP_TIMEOUT, STS_WHY_SMTP_CLOSED, "try again" },
	{ STS_WHY_BUSY, STS_WHY_BUSY, "run the check again" },
};

const char *
sts_check_word(const struct sts_check_finding *f)
{
	STS_ASSERT(f->id < STS_CHECK_F_COUNT);
	return rows[f->id].word != NULL ? rows[f->id].word
					: sts_why_token((enum sts_why)f->why);
}

const char *
sts_check_sentence(const struct sts_check_finding *f)
{
	STS_ASSERT(f->id < STS_CHECK_F_COUNT);
	return rows[f->id].text != NULL ? rows[f->id].text
					: sts_why_text((enum sts_why)f->why);
}

const char *
sts_check_where(const struct sts_check_finding *f)
{
	STS_ASSERT(f->id < STS_CHECK_F_COUNT);
	return rows[f->id].where;
}

const char *
sts_check_todo(const struct sts_check_finding *f)
{
	STS_ASSERT(f->id < STS_CHECK_F_COUNT);
	if (rows[f->id].todo != NULL) {
		return rows[f->id].todo;
	}
	for (size_t i = 0; i < sizeof todos / sizeof *todos; i++) {
		if (f->why >= todos[i].first && f->why <= todos[i].last) {
			return todos[i].todo;
		}
	}
	return "look in the server's log";
}

enum sts_check_grade
sts_check_grade(const struct sts_check_finding *f)
{
	STS_ASSERT(f->id < STS_CHECK_F_COUNT);
	return (enum sts_check_grade)rows[f->id].grade;
}

unsigned
sts_check_whom(const struct sts_check_finding *f)
{
	STS_ASSERT(f->id < STS_CHECK_F_COUNT);
	return rows[f->id].whom;
}

bool
sts_check_is_unknown(enum sts_why why)
{
	for (size_t i = 0; i < sizeof cannot_tell; i++) {
		if (cannot_tell[i] == why) {
			return true;
		}
	}
	return sts_why_ours(why);
}
