/* SPDX-License-Identifier: MIT */
/*
 * Result types of RFC 8460 4.3: their names, libtlsrpt's numbers, our reasons.
 *
 * Constant tables, and searches in them; no state. A name or a number that is in
 * no table is refused, never taken for another: the mail server's words may be a
 * stranger's.
 */
#include "../base/assert.h"
#include "report_event.h"

static const struct {
	const char *text;
	uint16_t code; /* libtlsrpt's */
} results[STS_REPORT_RESULTS] = {
	[STS_REPORT_STARTTLS_NOT_SUPPORTED] = { "starttls-not-supported", 201 },
	[STS_REPORT_HOST_MISMATCH] = { "certificate-host-mismatch", 202 },
	[STS_REPORT_NOT_TRUSTED] = { "certificate-not-trusted", 203 },
	[STS_REPORT_EXPIRED] = { "certificate-expired", 204 },
	[STS_REPORT_VALIDATION_FAILURE] = { "validation-failure", 205 },
	[STS_REPORT_FETCH_ERROR] = { "sts-policy-fetch-error", 301 },
	[STS_REPORT_POLICY_INVALID] = { "sts-policy-invalid", 302 },
	[STS_REPORT_WEBPKI_INVALID] = { "sts-webpki-invalid", 303 },
	[STS_REPORT_TLSA_INVALID] = { "tlsa-invalid", 304 },
	[STS_REPORT_DNSSEC_INVALID] = { "dnssec-invalid", 305 },
	[STS_REPORT_DANE_REQUIRED] = { "dane-required", 306 },
};

const char *
sts_report_result_text(enum sts_report_result result)
{
	STS_ASSERT((unsigned)result < STS_REPORT_RESULTS);
	return results[result].text;
}

const char *
sts_report_policy_text(enum sts_report_policy type)
{
	switch (type) {
	case STS_REPORT_TLSA:
		return "tlsa";
	case STS_REPORT_STS:
		return "sts";
	default:
		STS_ASSERT(type == STS_REPORT_NO_POLICY);
		return "no-policy-found";
	}
}

const char *
sts_report_field_text(enum sts_report_field field)
{
	static const char *const names[STS_REPORT_FIELDS] = {
		[STS_REPORT_MTA_IP] = "sending-mta-ip",
		[STS_REPORT_MX] = "receiving-mx-hostname",
		[STS_REPORT_MX_IP] = "receiving-ip",
		[STS_REPORT_REASON] = "failure-reason-code",
		[STS_REPORT_INFO] = "additional-information",
		[STS_REPORT_HELO] = "receiving-mx-helo",
	};

	STS_ASSERT((unsigned)field < STS_REPORT_FIELDS);
	return names[field];
}

bool
sts_report_result_of_code(unsigned code, enum sts_report_result *result)
{
	for (unsigned i = 0; i < STS_REPORT_RESULTS; i++) {
		if (results[i].code == code) {
			*result = (enum sts_report_result)i;
			return true;
		}
	}
	return false;
}

bool
sts_report_result_of_text(struct sts_text name, enum sts_report_result *result)
{
	for (unsigned i = 0; i < STS_REPORT_RESULTS; i++) {
		if (sts_text_is(name, results[i].text)) {
			*result = (enum sts_report_result)i;
			return true;
		}
	}
	return false;
}

enum {
	NONE = STS_REPORT_RESULTS, /* not reported */
	FETCH = STS_REPORT_FETCH_ERROR,
	POLICY = STS_REPORT_POLICY_INVALID,
	WEBPKI = STS_REPORT_WEBPKI_INVALID,
	HOST = NONE + 1 /* a fetch error if the policy host was asked for */
};

/*
 * A row for every reason that a fetch can fail for; reasons of mail hosts alone
 * (STS_WHY_MAIL_LIST) are not among them. The test goes through why.h and finds
 * a forgotten row by its 0, since NONE is STS_REPORT_RESULTS.
 */
static const uint8_t of_why[STS_WHY_ANSWERS] = {
	[STS_WHY_NONE] = NONE,
	[STS_WHY_KEY_EMPTY] = NONE,
	[STS_WHY_KEY_PARENT] = NONE,
	[STS_WHY_KEY_ADDRESS] = NONE,
	[STS_WHY_KEY_INVALID] = NONE,
	[STS_WHY_KEY_LONG] = NONE,
	[STS_WHY_KEY_UNMAPPED] = NONE,
	[STS_WHY_OVERRIDE] = NONE,
	[STS_WHY_DNS_NXDOMAIN] = HOST,
	[STS_WHY_DNS_NODATA] = HOST,
	[STS_WHY_DNS_SERVFAIL] = HOST,
	[STS_WHY_DNS_REFUSED] = HOST,
	[STS_WHY_DNS_ERROR] = HOST,
	[STS_WHY_DNS_TIMEOUT] = HOST,
	[STS_WHY_DNS_UNREACHABLE] = NONE, /* our servers, not theirs */
	[STS_WHY_DNS_MALFORMED] = HOST,
	[STS_WHY_DNS_LARGE] = NONE, /* our limit */
	[STS_WHY_DNS_ALIAS_LOOP] = HOST,
	[STS_WHY_DNS_NO_SERVER] = NONE,
	[STS_WHY_DNS_NO_BUFFER] = NONE,
	[STS_WHY_TXT_NONE] = NONE, /* no policy, and nothing wrong with it */
	[STS_WHY_TXT_SEVERAL] = POLICY,
	[STS_WHY_TXT_INVALID] = POLICY,
	[STS_WHY_ADDRESS_NONE] = FETCH,
	[STS_WHY_ADDRESS_FORBIDDEN] = FETCH,
	[STS_WHY_CONNECT_REFUSED] = FETCH,
	[STS_WHY_CONNECT_TIMEOUT] = FETCH,
	[STS_WHY_CONNECT_FAILED] = FETCH,
	[STS_WHY_CONNECT_NO_ROUTE] = NONE, /* our network, not theirs */
	[STS_WHY_PEER_CLOSED] = FETCH,
	[STS_WHY_PEER_RESET] = FETCH,
	[STS_WHY_FETCH_TIMEOUT] = FETCH,
	[STS_WHY_FETCH_STALLED] = FETCH,
	[STS_WHY_TLS_ALERT] = FETCH,
	[STS_WHY_TLS_VERSION] = NONE, /* it may have one that we lack */
	[STS_WHY_TLS_PROTOCOL] = FETCH,
	[STS_WHY_TLS_TIMEOUT] = FETCH,
	[STS_WHY_TLS_RECORD] = NONE, /* our buffer */
	[STS_WHY_TLS_ALPN] = FETCH,
	[STS_WHY_TLS_TRUNCATED] = FETCH,
	[STS_WHY_X509_EXPIRED] = WEBPKI,
	[STS_WHY_X509_NOT_YET] = WEBPKI,
	[STS_WHY_X509_NO_DNS_ID] = WEBPKI,
	[STS_WHY_X509_NAME] = WEBPKI,
	[STS_WHY_X509_NO_ISSUER] = WEBPKI,
	[STS_WHY_X509_SIGNATURE] = WEBPKI,
	[STS_WHY_X509_USAGE] = WEBPKI,
	[STS_WHY_X509_NOT_CA] = WEBPKI,
	[STS_WHY_X509_PATH_LENGTH] = WEBPKI,
	[STS_WHY_X509_CONSTRAINT] = WEBPKI,
	[STS_WHY_X509_CRITICAL] = WEBPKI,
	[STS_WHY_X509_WEAK_KEY] = WEBPKI,
	[STS_WHY_X509_WEAK_HASH] = WEBPKI,
	[STS_WHY_X509_ALGORITHM] = NONE, /* ours is missing */
	[STS_WHY_X509_LIMIT] = NONE,
	[STS_WHY_X509_CHAIN_LONG] = NONE,
	[STS_WHY_X509_CHAIN_COMPLEX] = NONE,
	[STS_WHY_X509_MALFORMED] = WEBPKI,
	[STS_WHY_X509_NO_SCT] = WEBPKI,
	[STS_WHY_HTTP_MALFORMED] = FETCH,
	[STS_WHY_HTTP_REDIRECT] = FETCH,
	[STS_WHY_HTTP_STATUS] = FETCH,
	[STS_WHY_HTTP_TYPE] = FETCH,
	[STS_WHY_HTTP_CODING] = FETCH,
	[STS_WHY_HTTP_LENGTH] = FETCH,
	[STS_WHY_HTTP_CHUNK] = FETCH,
	[STS_WHY_HTTP_HEADER_LARGE] = FETCH,
	[STS_WHY_HTTP_BODY_LARGE] = FETCH,
	[STS_WHY_HTTP_TRUNCATED] = FETCH,
	[STS_WHY_POLICY_SYNTAX] = POLICY,
	[STS_WHY_POLICY_VERSION] = POLICY,
	[STS_WHY_POLICY_MODE] = POLICY,
	[STS_WHY_POLICY_MAX_AGE] = POLICY,
	[STS_WHY_POLICY_MX] = POLICY,
	[STS_WHY_POLICY_NO_MX] = POLICY,
	[STS_WHY_POLICY_MANY_MX] = NONE,
	[STS_WHY_POLICY_NO_ROOM] = NONE,
	[STS_WHY_BACK_OFF] = NONE,
	[STS_WHY_LATE] = NONE,
	[STS_WHY_BUSY] = NONE,
	[STS_WHY_NO_CLOCK] = NONE,
	[STS_WHY_REPLY_LARGE] = NONE,
	[STS_WHY_CLIENT_JUNK] = NONE,
	[STS_WHY_CLIENT_STALL] = NONE,
	[STS_WHY_MODE_NONE] = NONE,
	[STS_WHY_MODE_TESTING] = NONE,
	[STS_WHY_AUDIT] = NONE,
};

bool
sts_report_result_of_why(enum sts_why why, enum sts_report_stage stage,
    enum sts_report_result *result)
{
	STS_ASSERT((unsigned)why < STS_WHY_COUNT);
	unsigned r = why < STS_WHY_ANSWERS ? of_why[why] : NONE;

	if (r == HOST) {
		r = stage == STS_REPORT_AT_POLICY_HOST ? FETCH : NONE;
	}
	if (r == NONE) {
		return false;
	}
	*result = (enum sts_report_result)r;
	return true;
}
