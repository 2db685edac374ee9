/* SPDX-License-Identifier: MIT */
/*
 * Why something was refused or could not be decided: one list for the whole
 * agent, so that the log, `mtasts query` and reports use the same words.
 * The token is stable and machine-read; the sentence is for people.
 */
#ifndef STS_WHY_H
#define STS_WHY_H

#include <stdbool.h>

/* clang-format off */
#define STS_WHY_LIST(X) \
	X(NONE,              "ok",                  "nothing is wrong") \
	/* the key */ \
	X(KEY_EMPTY,         "key-empty",           "the key is empty") \
	X(KEY_PARENT,        "key-parent",          "policies are not inherited from a parent domain") \
	X(KEY_ADDRESS,       "key-address",         "an address literal has no policy") \
	X(KEY_INVALID,       "key-invalid",         "the key is not a domain name") \
	X(KEY_LONG,          "key-long",            "the name is too long to carry a policy") \
	X(KEY_UNMAPPED,      "key-unmapped",        "it is not certain which domain the key is mapped to") \
	X(OVERRIDE,          "override",            "an override of the operator decides") \
	/* DNS */ \
	X(DNS_NXDOMAIN,      "dns-nxdomain",        "the name does not exist") \
	X(DNS_NODATA,        "dns-nodata",          "the name has no such record") \
	X(DNS_SERVFAIL,      "dns-servfail",        "the name server failed or found the answer bogus") \
	X(DNS_REFUSED,       "dns-refused",         "the name server refused to answer") \
	X(DNS_ERROR,         "dns-error",           "the name server answered with another error") \
	X(DNS_TIMEOUT,       "dns-timeout",         "no name server answered in time") \
	X(DNS_UNREACHABLE,   "dns-unreachable",     "no name server could be reached") \
	X(DNS_MALFORMED,     "dns-malformed",       "the name server's answer cannot be read") \
	X(DNS_LARGE,         "dns-large",           "the answer is larger than the limit") \
	X(DNS_ALIAS_LOOP,    "dns-alias-loop",      "the chain of aliases loops") \
	X(DNS_NO_SERVER,     "dns-no-server",       "no name server is configured") \
	X(DNS_NO_BUFFER,     "dns-no-buffer",       "no buffer for DNS over TCP was free in time") \
	/* TXT record (RFC 8461 3.1) */ \
	X(TXT_NONE,          "txt-none",            "no TXT record begins with v=STSv1;") \
	X(TXT_SEVERAL,       "txt-several",         "several TXT records begin with v=STSv1;") \
	X(TXT_INVALID,       "txt-invalid",         "the TXT record breaks the grammar") \
	/* policy host */ \
	X(ADDRESS_NONE,      "address-none",        "the policy host has no address") \
	X(ADDRESS_FORBIDDEN, "address-forbidden",   "the policy host has only addresses that policies are never fetched from") \
	X(CONNECT_REFUSED,   "connect-refused",     "the server refused the connection") \
	X(CONNECT_TIMEOUT,   "connect-timeout",     "the server did not accept a connection in time") \
	X(CONNECT_FAILED,    "connect-failed",      "the server cannot be reached") \
	X(CONNECT_NO_ROUTE,  "connect-no-route",    "this machine has no way to connect to the server") \
	X(PEER_CLOSED,       "peer-closed",         "the server closed the connection too early") \
	X(PEER_RESET,        "peer-reset",          "the server reset the connection") \
	X(FETCH_TIMEOUT,     "fetch-timeout",       "the fetch took too long") \
	X(FETCH_STALLED,     "fetch-stalled",       "the policy host made no progress while others waited") \
	/* TLS */ \
	X(TLS_ALERT,         "tls-alert",           "the server ended the handshake with an alert") \
	X(TLS_VERSION,       "tls-version",         "the server speaks neither TLS 1.3 nor TLS 1.2") \
	X(TLS_PROTOCOL,      "tls-protocol",        "the server broke the TLS protocol") \
	X(TLS_TIMEOUT,       "tls-timeout",         "the TLS handshake took too long") \
	X(TLS_RECORD,        "tls-record",          "a TLS record or message is larger than the buffer") \
	X(TLS_ALPN,          "tls-alpn",            "the policy host does not speak HTTP/1.1 over TLS") \
	X(TLS_TRUNCATED,     "tls-truncated",       "the connection ended without close_notify") \
	/* certificates (RFC 5280, RFC 9525, RFC 8461 3.3) */ \
	X(X509_EXPIRED,      "x509-expired",        "a certificate in the path has expired") \
	X(X509_NOT_YET,      "x509-not-yet-valid",  "a certificate in the path is not yet valid") \
	X(X509_NO_DNS_ID,    "x509-no-dns-id",      "the certificate has no subjectAltName of type dNSName") \
	X(X509_NAME,         "x509-name-mismatch",  "the certificate is for another name") \
	X(X509_NO_ISSUER,    "x509-unknown-issuer", "no path leads to a trusted root") \
	X(X509_SIGNATURE,    "x509-bad-signature",  "a signature in the path is wrong") \
	X(X509_USAGE,        "x509-wrong-usage",    "a certificate in the path is not for this use") \
	X(X509_NOT_CA,       "x509-not-a-ca",       "an issuer in the path is not a CA") \
	X(X509_PATH_LENGTH,  "x509-path-length",    "the path is longer than an issuer allows") \
	X(X509_CONSTRAINT,   "x509-constraint",     "a name constraint in the path is violated") \
	X(X509_CRITICAL,     "x509-critical",       "a critical extension is not understood") \
	X(X509_WEAK_KEY,     "x509-weak-key",       "a key in the path is too weak") \
	X(X509_WEAK_HASH,    "x509-weak-hash",      "a signature in the path uses a weak hash") \
	X(X509_ALGORITHM,    "x509-algorithm",      "an algorithm in the path is not supported") \
	X(X509_LIMIT,        "x509-over-limit",     "a certificate is over a limit") \
	X(X509_CHAIN_LONG,   "x509-chain-too-long", "the server sent more certificates than the limit") \
	X(X509_CHAIN_COMPLEX, "x509-chain-too-complex", "the path needs more signature checks than the limit") \
	X(X509_MALFORMED,    "x509-malformed",      "a certificate cannot be parsed") \
	X(X509_NO_SCT,       "x509-no-sct",         "the certificate carries too few SCTs") \
	/* HTTP (RFC 9112, RFC 8461 3.3) */ \
	X(HTTP_MALFORMED,    "http-malformed",      "the response is not HTTP/1.1") \
	X(HTTP_REDIRECT,     "http-redirect",       "redirects are not followed") \
	X(HTTP_STATUS,       "http-status",         "the status is not 200") \
	X(HTTP_TYPE,         "http-type",           "the media type is missing or not text/plain") \
	X(HTTP_CODING,       "http-coding",         "a content or transfer coding is not accepted") \
	X(HTTP_LENGTH,       "http-length",         "the length of the body is ambiguous") \
	X(HTTP_CHUNK,        "http-chunk",          "the chunked coding is broken") \
	X(HTTP_HEADER_LARGE, "http-header-large",   "the header is larger than the limit") \
	X(HTTP_BODY_LARGE,   "http-body-large",     "the body is larger than 65536 bytes") \
	X(HTTP_TRUNCATED,    "http-truncated",      "the body ended before its announced end") \
	/* policy (RFC 8461 3.2) */ \
	X(POLICY_SYNTAX,     "policy-syntax",       "a line of the policy breaks the grammar") \
	X(POLICY_VERSION,    "policy-version",      "the version is missing or not STSv1") \
	X(POLICY_MODE,       "policy-mode",         "the mode is missing or unknown") \
	X(POLICY_MAX_AGE,    "policy-max-age",      "max_age is missing or not a number") \
	X(POLICY_MX,         "policy-mx",           "no mx is a pattern that a host can match") \
	X(POLICY_NO_MX,      "policy-no-mx",        "the policy names no mx") \
	X(POLICY_MANY_MX,    "policy-many-mx",      "the policy has more mx lines than the limit") \
	X(POLICY_NO_ROOM,    "policy-no-room",      "the policy is larger than the memory set aside for one") \
	/* ourselves */ \
	X(BACK_OFF,          "back-off",            "the last fetch for this id failed; waiting before the next") \
	X(LATE,              "late",                "the policy was not there in time") \
	X(BUSY,              "busy",                "no slot was free in time") \
	X(NO_CLOCK,          "no-clock",            "the time is not known") \
	X(REPLY_LARGE,       "reply-large",         "the answer is larger than the client accepts") \
	X(CLIENT_JUNK,       "client-junk",         "the client sent something that is not a request") \
	X(CLIENT_STALL,      "client-stall",        "the client did not read its answer in time") \
	X(MODE_NONE,         "mode-none",           "the policy's mode is none") \
	X(MODE_TESTING,      "mode-testing",        "the policy is in testing mode") \
	X(AUDIT,             "audit",               "enforcement is off; this would have been answered")

/* Reasons of mail hosts alone, for products that speak SMTP or judge hosts
 * (STS_SMTP, STS_DANE). No answer to a mail server and no look-up has these. */
#define STS_WHY_MAIL_LIST(X) \
	/* SMTP (RFC 5321, RFC 3207) */ \
	X(SMTP_NO_GREETING,  "smtp-no-greeting",    "the mail server did not greet in time") \
	X(SMTP_GREETING_LATER, "smtp-greeting-later", "the mail server's greeting asks to try again later") \
	X(SMTP_GREETING_REFUSED, "smtp-greeting-refused", "the mail server refused to talk to this address") \
	X(SMTP_EHLO,         "smtp-ehlo",           "the mail server refused EHLO") \
	X(SMTP_NO_STARTTLS,  "smtp-no-starttls",    "the mail server does not offer STARTTLS") \
	X(SMTP_MASKED,       "smtp-masked",         "a middlebox hides the mail server's extensions, STARTTLS among them") \
	X(SMTP_STARTTLS_LATER, "smtp-starttls-later", "the mail server offers STARTTLS, but TLS is not available now") \
	X(SMTP_STARTTLS_REFUSED, "smtp-starttls-refused", "the mail server offers STARTTLS, but refuses it") \
	X(SMTP_INJECTED,     "smtp-injected",       "unencrypted data came after the reply to STARTTLS") \
	X(SMTP_MALFORMED,    "smtp-malformed",      "the mail server's reply is not SMTP") \
	X(SMTP_REPLY_LARGE,  "smtp-reply-large",    "the mail server's reply is larger than a limit") \
	X(SMTP_UNASKED,      "smtp-unasked",        "the mail server replied more often than it was asked") \
	X(SMTP_TIMEOUT,      "smtp-timeout",        "the mail server did not reply in time") \
	X(SMTP_CLOSED,       "smtp-closed",         "the mail server closed the connection too early") \
	X(SMTP_SENDER,       "smtp-sender",         "the mail server refused the sender") \
	X(SMTP_RECIPIENTS,   "smtp-recipients",     "the mail server accepted none of the recipients") \
	X(SMTP_DATA,         "smtp-data",           "the mail server refused the message") \
	X(SMTP_UNABLE,       "smtp-unable",         "the mail server does not offer what the message needs") \
	/* what a mail host shows (RFC 7672, RFC 8461 4.1) */ \
	X(TLSA_MISMATCH,     "tlsa-mismatch",       "no certificate of the mail server matches a TLSA record") \
	X(MX_UNLISTED,       "mx-unlisted",         "the mail host matches no mx of the policy") \
	X(MX_NONE,           "mx-none",             "the domain takes no mail") \
	X(HOST_NO_ADDRESS,   "host-no-address",     "the mail host has no address")

/* Reasons of the share's server and its records (STS_SHARE). */
#define STS_WHY_SHARE_LIST(X) \
	X(SHARE_PROTOCOL,    "share-protocol",      "the server's replies break the protocol") \
	X(SHARE_FLOOD,       "share-flood",         "the server sends without end") \
	X(SHARE_TIMEOUT,     "share-timeout",       "the server did not reply in time") \
	X(SHARE_DENIED,      "share-denied",        "the server denies access: user, password or rights") \
	X(SHARE_LATER,       "share-later",         "the server cannot serve at present") \
	X(SHARE_READONLY,    "share-readonly",      "the server is read-only") \
	X(SHARE_MOVED,       "share-moved",         "the server redirects to another one again and again") \
	X(SHARE_MASTER,      "share-master",        "no Sentinel names a server to use") \
	X(SHARE_ADDRESS,     "share-address",       "the server's name has no address") \
	X(SHARE_SYNTAX,      "share-syntax",        "the value of the key is not a record") \
	X(SHARE_MAC,         "share-mac",           "the record is not sealed with the fleet's key") \
	X(SHARE_STAMP,       "share-stamp",         "the record's stamp is in the future, or the record has expired")
/* clang-format on */

#define STS_WHY_ENUM(id, token, sentence) STS_WHY_##id,
enum sts_why {
	STS_WHY_LIST(STS_WHY_ENUM) STS_WHY_ANSWERS, /* reasons of answers */
	STS_WHY_LAST_ANSWER = STS_WHY_ANSWERS - 1,
	STS_WHY_MAIL_LIST(STS_WHY_ENUM) STS_WHY_SHARED, /* of the share */
	STS_WHY_LAST_MAIL = STS_WHY_SHARED - 1,
	STS_WHY_SHARE_LIST(STS_WHY_ENUM) STS_WHY_COUNT
};
#undef STS_WHY_ENUM

/* The stable token ("x509-expired") of a reason; never NULL. */
const char *sts_why_token(enum sts_why why);

/* A sentence for people, without a full stop; never NULL. The token, with
 * STS_SENTENCES 0. */
const char *sts_why_text(enum sts_why why);

/*
 * Whether the reason is a shortage or a limit of memory of our own, and so
 * says nothing about a domain: the answer is "try again", whatever is
 * configured for errors of the DNS. Limits that anybody on the path to a policy
 * host can have us meet, before the host has proved who it is, are not among
 * them: certificates and TLS messages beyond a limit (core/README.md).
 */
bool sts_why_ours(enum sts_why why);

/* Whether the reason passes by itself: then nothing was learnt about the
 * domain, nothing is remembered, and the domain is looked up when asked for
 * again. */
bool sts_why_passes(enum sts_why why);

/*
 * The reason that counts where parts of one thing failed: families of
 * addresses, hosts, attempts. A reason of ours counts before one of theirs, and
 * of ours a passing shortage before a limit, because the part that was not
 * looked at may have what the others lack; else `first` counts. STS_WHY_NONE
 * gives way to any reason.
 */
enum sts_why sts_why_both(enum sts_why first, enum sts_why next);

/*
 * The three answers that stay apart at every layer (and the fourth state,
 * before there is one). Nothing may turn UNKNOWN into ABSENT or back.
 */
enum sts_found {
	STS_PENDING = 0,
	STS_FOUND, /* there, and valid */
	STS_ABSENT, /* definitely not there, or there and invalid */
	STS_UNKNOWN /* cannot tell */
};

#endif
