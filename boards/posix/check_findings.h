/* SPDX-License-Identifier: MIT */
/*
 * Findings of `mtasts check`: what is wrong, or worth a word, and the one thing
 * to do about it. One list: the words are stable and read by machines, the
 * sentences are for people.
 */
#ifndef STS_CHECK_FINDINGS_H
#define STS_CHECK_FINDINGS_H

#include <stdint.h>

#include "../../core/base/why.h"
#include "check.h"

/* How bad it is; the larger one decides. */
enum sts_check_grade {
	STS_CHECK_NOTE = 0, /* nothing fails because of it */
	STS_CHECK_NONE, /* a mechanism is not there */
	STS_CHECK_UNKNOWN, /* nobody can tell */
	STS_CHECK_BAD
};

/* Whom a finding concerns. */
enum {
	STS_CHECK_STS = 1, /* MTA-STS as it is published */
	STS_CHECK_STS_USE = 2, /* mail by MTA-STS, while there is a policy that
	                          asks for something */
	STS_CHECK_DANE = 4, /* DANE as it is published */
	STS_CHECK_DANE_USE =
	    8, /* mail by DANE, to a host that has TLSA records */
	STS_CHECK_DANE_PART = 16, /* DANE protects some of the hosts only */
	STS_CHECK_RPT = 32, /* TLSRPT */
	STS_CHECK_MAIL = 64 /* mail at all */
};

#define STS_CHECK_USE (STS_CHECK_STS_USE | STS_CHECK_DANE_USE | STS_CHECK_MAIL)

/* clang-format off */
/* id, word (NULL: the reason's), grade, whom, where it is written, sentence
 * (NULL: the reason's), what to do (NULL: by the reason) */
#define STS_CHECK_FINDING_LIST(X) \
	/* the TXT record */ \
	X(TXT_NONE, "txt-none", STS_CHECK_NONE, STS_CHECK_STS, "RFC 8461 3.1", \
	    "no TXT record at _mta-sts announces a policy", \
	    "publish one: mtasts publish sts DOMAIN") \
	X(TXT_MISSING, "txt-none", STS_CHECK_BAD, STS_CHECK_STS, "RFC 8461 3.1", \
	    "a policy is served, but no TXT record at _mta-sts announces it", \
	    "publish the TXT record _mta-sts: \"v=STSv1; id=...;\"") \
	X(TXT_CUT, "txt-none", STS_CHECK_BAD, STS_CHECK_STS, "RFC 8461 3.1", \
	    "a TXT record ends at its first \";\", where a zone file cuts it without quotes", \
	    "put the record in quotes in the zone file: \"v=STSv1; id=...;\"") \
	X(TXT_MISSPELT, "txt-none", STS_CHECK_BAD, STS_CHECK_STS, "RFC 8461 3.1", \
	    "a TXT record looks like MTA-STS, but does not begin with v=STSv1;", \
	    "begin the record with exactly \"v=STSv1;\"") \
	X(TXT_SEVERAL, "txt-several", STS_CHECK_BAD, STS_CHECK_STS, "RFC 8461 3.1", \
	    NULL, "remove all TXT records at _mta-sts but one") \
	X(TXT_INVALID, "txt-invalid", STS_CHECK_BAD, STS_CHECK_STS, "RFC 8461 3.1", \
	    NULL, "write it as \"v=STSv1; id=ID;\", ID being 1 to 32 letters and digits") \
	X(TXT_FAILED, NULL, STS_CHECK_UNKNOWN, STS_CHECK_STS, NULL, NULL, NULL) \
	/* DNSSEC, of any name */ \
	X(BOGUS_TXT, "dnssec-bogus", STS_CHECK_BAD, STS_CHECK_STS, "RFC 4035 5", \
	    "the signatures of the name's zone do not validate", \
	    "sign the zone anew, or have its DS record in the parent zone corrected") \
	X(BOGUS_HOST, "dnssec-bogus", STS_CHECK_BAD, STS_CHECK_STS, "RFC 4035 5", \
	    "the signatures of the policy host's zone do not validate", \
	    "sign the zone anew, or have its DS record in the parent zone corrected") \
	X(BOGUS_MX, "dnssec-bogus", STS_CHECK_BAD, STS_CHECK_USE, "RFC 4035 5", \
	    "the signatures of the MX records do not validate", \
	    "sign the zone anew, or have its DS record in the parent zone corrected") \
	X(BOGUS_ADDRESS, "dnssec-bogus", STS_CHECK_BAD, STS_CHECK_USE, "RFC 4035 5", \
	    "the signatures of the host's addresses do not validate", \
	    "sign the host's zone anew, or have its DS record corrected") \
	X(BOGUS_TLSA, "dnssec-bogus", STS_CHECK_BAD, STS_CHECK_DANE | STS_CHECK_MAIL, "RFC 7672 2.1.2", \
	    "the signatures of the TLSA records do not validate: mail waits", \
	    "sign the host's zone anew, or have its DS record corrected") \
	X(BOGUS_RPT, "dnssec-bogus", STS_CHECK_BAD, STS_CHECK_RPT, "RFC 4035 5", \
	    "the signatures of the name's zone do not validate", \
	    "sign the zone anew, or have its DS record in the parent zone corrected") \
	/* the policy host and the fetch */ \
	X(ADDRESS_NONE, "address-none", STS_CHECK_BAD, STS_CHECK_STS, "RFC 8461 3.3", \
	    NULL, "give mta-sts.DOMAIN an address, or make it an alias of the web server") \
	X(ADDRESS_FORBIDDEN, "address-forbidden", STS_CHECK_BAD, STS_CHECK_STS, "RFC 8461 3.3", \
	    NULL, "publish a public address for mta-sts.DOMAIN") \
	X(ADDRESS_FAILED, NULL, STS_CHECK_UNKNOWN, STS_CHECK_STS, NULL, NULL, NULL) \
	X(FETCH, NULL, STS_CHECK_BAD, STS_CHECK_STS, "RFC 8461 3.3", NULL, NULL) \
	X(FETCH_FAILED, NULL, STS_CHECK_UNKNOWN, STS_CHECK_STS, "RFC 8461 3.3", NULL, NULL) \
	X(POLICY_EXPIRES, "cert-expires-soon", STS_CHECK_NOTE, STS_CHECK_STS, NULL, \
	    "the policy host's certificate expires within 14 days", \
	    "renew the certificate of mta-sts.DOMAIN") \
	/* the policy */ \
	X(MODE_TESTING, "mode-testing", STS_CHECK_NOTE, STS_CHECK_STS, "RFC 8461 5", \
	    "the policy is in testing mode: faults are reported, and mail goes out all the same", \
	    "when reports show no failures: mtasts publish sts DOMAIN --mode enforce") \
	X(MODE_NONE, "mode-none", STS_CHECK_NONE, STS_CHECK_STS, "RFC 8461 8.3", \
	    NULL, "publish mode: enforce, or remove TXT record and policy when max_age is over") \
	X(MAX_AGE_SHORT, "max-age-short", STS_CHECK_BAD, STS_CHECK_STS, "RFC 8461 3.2", \
	    "max_age is less than a day: an attacker who blocks the policy host for that long switches the policy off", \
	    "raise max_age, for example to 2592000 (30 days)") \
	X(MAX_AGE_LOW, "max-age-low", STS_CHECK_NOTE, STS_CHECK_STS, "RFC 8461 3.2", \
	    "max_age is less than two weeks", \
	    "raise max_age, for example to 2592000 (30 days)") \
	X(MX_SKIPPED, "policy-mx", STS_CHECK_BAD, STS_CHECK_STS, "RFC 8461 3.2", \
	    "an mx of the policy is not a pattern that a host can match", \
	    "write each mx as a host name, or \"*.\" and a name, without a dot at its end") \
	X(PATTERN_UNUSED, "pattern-unused", STS_CHECK_NOTE, STS_CHECK_STS, "RFC 8461 4.1", \
	    "a pattern of the policy matches no MX host", \
	    "remove the mx line, unless the host is about to be added") \
	X(PATTERN_WILDCARD, "pattern-wildcard", STS_CHECK_NOTE, STS_CHECK_STS, "RFC 8461 4.1", \
	    "a pattern is a wildcard: it permits every host of that domain", \
	    "name the hosts, one mx line each") \
	/* MX records */ \
	X(MX_FAILED, NULL, STS_CHECK_UNKNOWN, STS_CHECK_USE, NULL, NULL, NULL) \
	X(MX_NXDOMAIN, "dns-nxdomain", STS_CHECK_BAD, STS_CHECK_USE, "RFC 5321 5.1", \
	    "the domain does not exist", "check the spelling of the domain") \
	X(MX_NULL, "mx-null", STS_CHECK_NOTE, STS_CHECK_MAIL, "RFC 7505", \
	    "the domain takes no mail", "nothing: there is no mail to protect") \
	X(MX_IMPLICIT, "mx-implicit", STS_CHECK_NOTE, STS_CHECK_MAIL, "RFC 5321 5.1", \
	    "there is no MX record: mail goes to the domain's own addresses", \
	    "publish an MX record") \
	X(MX_INVALID, "mx-invalid", STS_CHECK_BAD, STS_CHECK_MAIL, "RFC 5321 5.1", \
	    "an MX record names no host", "make every MX record name a host, not an address") \
	X(MX_MANY, "mx-many", STS_CHECK_UNKNOWN, STS_CHECK_USE, NULL, \
	    "there are more MX hosts, addresses or TLSA records than are tested: the rest is not tested", \
	    "test the others with mtasts check --mx HOST") \
	X(MX_INSECURE, "mx-insecure", STS_CHECK_NONE, STS_CHECK_DANE_PART, "RFC 7672 2.2.1", \
	    "the MX records are not signed: an attacker who forges them leads mail past the TLSA records", \
	    "sign the domain's zone with DNSSEC") \
	X(PATTERNS_MANY, "pattern-many", STS_CHECK_UNKNOWN, STS_CHECK_STS_USE, NULL, \
	    "the policy has more mx lines than are compared, and none of those matches the MX host", \
	    "compare the others with mtasts match PATTERN HOST") \
	X(MX_UNMATCHED, "mx-unmatched", STS_CHECK_BAD, STS_CHECK_STS_USE, "RFC 8461 4.1", \
	    "the MX host matches no mx of the policy", \
	    "add it to the policy as an mx line, and change the id") \
	/* a host */ \
	X(MX_NO_ADDRESS, "mx-no-address", STS_CHECK_BAD, STS_CHECK_MAIL, "RFC 5321 5.1", \
	    "the MX host has no address", "give the host an address, or remove the MX record") \
	X(MX_ADDRESS_FAILED, NULL, STS_CHECK_UNKNOWN, STS_CHECK_USE, NULL, NULL, NULL) \
	X(MX_FORBIDDEN, "mx-address-forbidden", STS_CHECK_BAD, STS_CHECK_MAIL, "RFC 5321 5.1", \
	    "the MX host has an address that nobody else can reach", \
	    "publish a public address for the host") \
	X(MX_ALIAS, "mx-alias", STS_CHECK_NOTE, STS_CHECK_MAIL, "RFC 2181 10.3", \
	    "the MX host's name is an alias", "make the MX record name the host itself") \
	X(MX_UNREACHED, "mx-no-route", STS_CHECK_NOTE, STS_CHECK_MAIL, NULL, \
	    "this machine has no route to the address: it is not tested", \
	    "run the check where IPv6 works") \
	X(PORT_CLOSED, "port-closed", STS_CHECK_UNKNOWN, STS_CHECK_USE, NULL, \
	    "no MX host could be reached: outgoing connections to the SMTP port seem to be blocked here", \
	    "run the check where the SMTP port is open") \
	X(SKIPPED, "not-tested", STS_CHECK_UNKNOWN, STS_CHECK_USE, NULL, \
	    "the address is not tested", "run the check again") \
	/* TLSA records */ \
	X(TLSA_MISSING, "tlsa-none", STS_CHECK_NONE, STS_CHECK_DANE_PART, "RFC 7672 2.2", \
	    "the MX host has no signed TLSA records, but other hosts of the domain do", \
	    "publish them: mtasts publish tlsa HOST") \
	X(TLSA_FAILED, NULL, STS_CHECK_UNKNOWN, STS_CHECK_DANE | STS_CHECK_MAIL, "RFC 7672 2.1.2", NULL, NULL) \
	X(TLSA_INSECURE, "tlsa-insecure", STS_CHECK_BAD, STS_CHECK_DANE, "RFC 7672 2.2.2", \
	    "there are TLSA records, but they are not signed and count for nothing", \
	    "sign the host's zone with DNSSEC, or remove the TLSA records") \
	X(TLSA_BLIND, "dnssec-untrusted", STS_CHECK_UNKNOWN, STS_CHECK_DANE, "RFC 7672 2.2", \
	    "no name server that is asked here validates DNSSEC: what is signed is not known", \
	    "run a validating name server on this machine") \
	X(TLSA_UNUSABLE, "tlsa-unusable", STS_CHECK_BAD, STS_CHECK_DANE, "RFC 7672 3.1", \
	    "a TLSA record can authenticate no mail server", \
	    "write it as 3 1 1 with the SHA-256 of the public key: mtasts publish tlsa HOST") \
	X(TLSA_IDLE, "tlsa-unusable", STS_CHECK_NOTE, STS_CHECK_DANE, "RFC 7672 3.1", \
	    "a TLSA record can authenticate no mail server; another one can", \
	    "remove it") \
	X(TLSA_MISMATCH, "tlsa-mismatch", STS_CHECK_BAD, STS_CHECK_DANE_USE, "RFC 7672 2.2", \
	    "no TLSA record matches the certificate: senders that use DANE do not deliver", \
	    "publish the record of this certificate: mtasts publish tlsa HOST") \
	X(TLSA_PATH, "tlsa-path", STS_CHECK_BAD, STS_CHECK_DANE_USE, "RFC 7672 3.1.2", \
	    "a TLSA record names a CA of the chain, but the path to it is not valid", \
	    "renew the certificate, or use a record 3 1 1") \
	X(TLSA_PATH_FAILED, NULL, STS_CHECK_UNKNOWN, STS_CHECK_DANE_USE, NULL, NULL, NULL) \
	X(TLSA_STALE, "tlsa-unmatched", STS_CHECK_NOTE, STS_CHECK_DANE, "RFC 7671 8.1", \
	    "a TLSA record matches no certificate that was seen: it is of an old key, or of the next", \
	    "remove it, unless it is that of the next key") \
	X(TLSA_SINGLE, "tlsa-single", STS_CHECK_NOTE, STS_CHECK_DANE, "RFC 7671 8.1", \
	    "there is only one TLSA record: the next change of keys will break DANE", \
	    "publish the next key's record, too: mtasts publish tlsa HOST --next FILE") \
	X(TLSA_WHOLE, "tlsa-certificate", STS_CHECK_NOTE, STS_CHECK_DANE, "RFC 7671 5.1", \
	    "a TLSA record covers the whole certificate: every renewal breaks it", \
	    "use selector 1, the public key, and renew with the same key") \
	X(TLSA_TTL, "tlsa-ttl-long", STS_CHECK_NOTE, STS_CHECK_DANE, "RFC 7671 13", \
	    "the TLSA records have a TTL over a day: a change of keys takes that long", \
	    "lower the TTL to an hour") \
	X(TLSA_OUTDONE, "tlsa-outdone", STS_CHECK_NOTE, STS_CHECK_DANE, "RFC 7671 9", \
	    "a TLSA record is ignored, as another one has a stronger digest", \
	    "remove it") \
	/* dialogue and certificate */ \
	X(SMTP, NULL, STS_CHECK_BAD, STS_CHECK_USE, "RFC 3207", NULL, NULL) \
	X(SMTP_FAILED, NULL, STS_CHECK_UNKNOWN, STS_CHECK_USE, NULL, NULL, NULL) \
	X(TLS_SUITE, "tls-no-suite", STS_CHECK_UNKNOWN, STS_CHECK_USE, "RFC 9325 4.2", \
	    "the server has no suite with ECDHE and AEAD, and check speaks no others: other senders may", \
	    "configure the server to offer ECDHE with AES-GCM or ChaCha20") \
	X(STARTTLS_LATE, "starttls-late", STS_CHECK_NOTE, STS_CHECK_MAIL, "RFC 5321 4.1.1.1", \
	    "STARTTLS comes after the first 2 KB of the reply to EHLO, where Postfix may miss it", \
	    "configure the server to offer fewer extensions") \
	X(EHLO_AGAIN, "smtp-ehlo-tls", STS_CHECK_UNKNOWN, STS_CHECK_MAIL, "RFC 3207 4.2", \
	    "the mail server refuses EHLO within TLS", \
	    "look in the mail server's log") \
	X(CERT, NULL, STS_CHECK_BAD, STS_CHECK_STS_USE, "RFC 8461 4.2", NULL, NULL) \
	X(CERT_FAILED, NULL, STS_CHECK_UNKNOWN, STS_CHECK_STS_USE, NULL, NULL, NULL) \
	X(CERT_EXPIRES, "cert-expires-soon", STS_CHECK_NOTE, STS_CHECK_STS_USE, NULL, \
	    "the certificate expires within 14 days", "renew the certificate") \
	/* reports */ \
	X(RPT_NONE, "tlsrpt-none", STS_CHECK_NONE, STS_CHECK_RPT, "RFC 8460 3", \
	    "no TXT record at _smtp._tls asks for reports", \
	    "publish one: mtasts publish tlsrpt DOMAIN --rua mailto:ADDRESS") \
	X(RPT_SEVERAL, "tlsrpt-several", STS_CHECK_BAD, STS_CHECK_RPT, "RFC 8460 3", \
	    "several TXT records at _smtp._tls begin with v=TLSRPTv1;", \
	    "remove all but one") \
	X(RPT_INVALID, "tlsrpt-invalid", STS_CHECK_BAD, STS_CHECK_RPT, "RFC 8460 3", \
	    "the TXT record at _smtp._tls breaks the grammar", \
	    "write it as \"v=TLSRPTv1; rua=mailto:ADDRESS\"") \
	X(RPT_CUT, "tlsrpt-none", STS_CHECK_BAD, STS_CHECK_RPT, "RFC 8460 3", \
	    "a TXT record at _smtp._tls ends at its first \";\", where a zone file cuts it without quotes", \
	    "put the record in quotes in the zone file") \
	X(RPT_MISSPELT, "tlsrpt-none", STS_CHECK_BAD, STS_CHECK_RPT, "RFC 8460 3", \
	    "a TXT record looks like TLSRPT, but does not begin with v=TLSRPTv1;", \
	    "begin the record with exactly \"v=TLSRPTv1;\"") \
	X(RPT_FAILED, NULL, STS_CHECK_UNKNOWN, STS_CHECK_RPT, NULL, NULL, NULL) \
	X(RUA_INVALID, "rua-invalid", STS_CHECK_BAD, STS_CHECK_RPT, "RFC 8460 3", \
	    "an address for reports is one that nothing can be sent to", \
	    "write it as mailto:LOCAL@DOMAIN or https://HOST/PATH, without a dot at its end") \
	X(RUA_NO_MX, "rua-no-mx", STS_CHECK_BAD, STS_CHECK_RPT, "RFC 8460 5.3", \
	    "the domain of an address for reports takes no mail", \
	    "name an address that can receive mail") \
	X(RUA_NO_ADDRESS, "rua-no-address", STS_CHECK_BAD, STS_CHECK_RPT, "RFC 8460 5.4", \
	    "the host of an address for reports has no address", \
	    "correct the host of the https address") \
	X(RUA_FAILED, NULL, STS_CHECK_UNKNOWN, STS_CHECK_RPT, NULL, NULL, NULL) \
	X(RUA_MANY, "rua-many", STS_CHECK_UNKNOWN, STS_CHECK_RPT, NULL, \
	    "there are more addresses for reports than are tested: the rest is not tested", \
	    "name fewer addresses") \
	X(INTERRUPTED, "interrupted", STS_CHECK_UNKNOWN, STS_CHECK_USE, NULL, \
	    "the check was interrupted", "run it again") \
	X(OVERTIME, "time-over", STS_CHECK_UNKNOWN, STS_CHECK_USE, NULL, \
	    "the servers took too long: what is missing was not tested", \
	    "allow more time: --within SECONDS")
/* clang-format on */

#define STS_CHECK_ENUM(id, word, grade, whom, where, text, todo)               \
	STS_CHECK_F_##id,
enum sts_check_id {
	STS_CHECK_FINDING_LIST(STS_CHECK_ENUM) STS_CHECK_F_COUNT
};
#undef STS_CHECK_ENUM

/* One finding. host, address: what it is about; -1: not one of them. */
struct sts_check_finding {
	uint8_t id; /* enum sts_check_id */
	uint8_t why; /* enum sts_why, where the list says NULL */
	int8_t host, address;
};

enum {
	/* More than there can be at once: of the domain, of each host, of each
	 * address with two certificates. A note pushes out nothing that is bad.
	 */
	STS_CHECK_FINDINGS_MAX =
	    64 + STS_CHECK_MX_MAX +
	    STS_CHECK_HOSTS_MAX * (12 + STS_CHECK_ADDRS_MAX * 6)
};

struct sts_check_findings {
	unsigned count;
	struct sts_check_finding f[STS_CHECK_FINDINGS_MAX];
};

/* Words and sentences; where: NULL: nowhere. */
const char *sts_check_word(const struct sts_check_finding *f);
const char *sts_check_sentence(const struct sts_check_finding *f);
const char *sts_check_where(const struct sts_check_finding *f);
const char *sts_check_todo(const struct sts_check_finding *f);
enum sts_check_grade sts_check_grade(const struct sts_check_finding *f);
unsigned sts_check_whom(const struct sts_check_finding *f);

/* Whether nothing follows from a reason but that it could not be found out. */
bool sts_check_is_unknown(enum sts_why why);

#endif
