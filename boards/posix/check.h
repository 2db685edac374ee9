/* SPDX-License-Identifier: MIT */
/*
 * What `mtasts check DOMAIN` finds: plain facts, as they were seen, without a
 * judgement. Each part is filled by one file and complete when its `done` is
 * set; check_judge.c makes findings of the parts, check_verdict.c adds findings
 * up to a verdict, check_print.c and check_json.c show both.
 *
 *	part      filled by                      steps of the command
 *	txt       check_dns.c                    2
 *	policy    check_policy.c                 3, 4, 5
 *	mx, host  check_dns.c, check_mx.c        6 to 9
 *	rpt       check_dns.c                    10
 *	agent     check_agent.c                  11
 *
 * Texts are octets of strangers, whatever they may be: only sts_check_put and
 * the JSON writer may show them.
 */
#ifndef STS_CHECK_H
#define STS_CHECK_H

#include "../../core/base/io.h"
#include "../../core/base/name.h"
#include "../../core/dane/dane.h"
#include "../../core/grammar/domain.h"
#include "../../core/grammar/policy.h"
#include "../../core/grammar/record.h"
#include "../../core/grammar/tlsrpt.h"
#include "../../core/smtp/smtp_probe.h"

enum {
	STS_CHECK_HOSTS_MAX = 16, /* MX hosts that are tried */
	STS_CHECK_ADDRS_MAX = 16, /* addresses of each */
	STS_CHECK_TLSA_MAX = 12, /* TLSA records of each */
	STS_CHECK_TLSA_DATA = 64, /* octets of a record that are shown */
	STS_CHECK_CERTS = 2, /* of an address: RSA, ECDSA */
	STS_CHECK_RECORDS_MAX = 4, /* TXT records of one name that are shown */
	STS_CHECK_TEXT_MAX = 512, /* octets of each */
	STS_CHECK_MX_MAX = 32, /* patterns of a policy that are compared */
	/* Addresses for reports that are looked at, as many as we send to, and
	 * one that stands for all to which nothing can be sent. */
	STS_CHECK_RUAS_MAX = STS_TLSRPT_RUA_MAX + 1,
	STS_CHECK_URI_MAX = 256,
	STS_CHECK_SOON_DAYS = 14 /* a certificate's end that is worth a word */
};

/* What came of a question to the name servers. */
struct sts_check_answer {
	uint8_t found; /* enum sts_found */
	uint8_t why; /* enum sts_why, unless it was FOUND */
	bool secure; /* a trusted server set AD */
	/* UNKNOWN, and the same server answers when it is asked not to
	 * validate: the signatures are wrong, or missing. */
	bool bogus;
	uint32_t ttl_s;
};

/* A text that was cut to its size if `cut`. */
struct sts_check_text {
	uint16_t len;
	bool cut;
	uint8_t text[STS_CHECK_TEXT_MAX];
};

/* The TXT records at one name. */
struct sts_check_records {
	struct sts_check_answer dns;
	unsigned count; /* may be more than are kept */
	struct sts_check_text record[STS_CHECK_RECORDS_MAX];
};

/* Step 2. */
struct sts_check_txt {
	bool done;
	struct sts_check_records records;
	uint8_t found; /* enum sts_found, of a valid record */
	uint8_t why;
	uint8_t id_len;
	uint8_t id[STS_ID_MAX];
};

/* A certificate, as one handshake showed it. */
struct sts_check_cert {
	bool there;
	bool ecdsa; /* its key; else RSA */
	uint8_t path; /* enum sts_why: NONE: trusted by WebPKI for the name */
	bool dane; /* matched a usable TLSA record */
	uint8_t dane_record; /* which */
	uint8_t dane_why; /* enum sts_why: a record names a CA of the chain, and
	                     this is wrong with the path to it */
	uint16_t tls_version;
	bool known; /* it was kept and can be read: what follows is there */
	int64_t not_after_s;
	uint8_t spki[32]; /* SHA-256 of its public key: "3 1 1" */
};

/* Steps 3, 4, 5. */
struct sts_check_policy {
	bool done;
	bool tried; /* there was an address to fetch from */
	struct sts_check_answer a, aaaa;
	unsigned addr_count;
	struct sts_addr addr[STS_CHECK_ADDRS_MAX];
	bool forbidden; /* an address was left out */
	struct sts_addr from; /* what answered; af NONE: nothing */
	uint8_t found; /* enum sts_found */
	uint8_t why;
	uint16_t http_code;
	uint32_t body_len;
	uint8_t scts;
	struct sts_check_cert cert;
	uint8_t mode; /* enum sts_mode; these of FOUND */
	uint32_t max_age_s;
	unsigned mx_count, mx_skipped;
	uint8_t mx_len[STS_CHECK_MX_MAX];
	uint8_t mx[STS_CHECK_MX_MAX][STS_MX_MAX];
};

/* What a TLSA record is worth. */
enum sts_check_tlsa_result {
	STS_CHECK_TLSA_OPEN =
	    0, /* no certificate was seen to compare it with */
	STS_CHECK_TLSA_MATCHES,
	STS_CHECK_TLSA_NOTHING, /* matches no certificate that was seen */
	STS_CHECK_TLSA_OUTDONE, /* by a stronger digest (RFC 7671 9) */
	STS_CHECK_TLSA_UNUSABLE,
	STS_CHECK_TLSA_INSECURE /* not signed: it counts for nothing */
};

struct sts_check_tlsa {
	uint8_t usage, selector, matching;
	uint8_t result; /* enum sts_check_tlsa_result */
	uint16_t len; /* of the data, of which the beginning is kept */
	uint8_t data[STS_CHECK_TLSA_DATA]; /* matching 0: its SHA-256 */
};

/* One address of one MX host. */
enum sts_check_tried {
	STS_CHECK_WAITS = 0,
	STS_CHECK_RUNS,
	STS_CHECK_TRIED,
	STS_CHECK_SKIPPED, /* not tested, as `skip` says */
	STS_CHECK_FORBIDDEN /* an address that mail is never sent to */
};

struct sts_check_address {
	uint8_t state; /* enum sts_check_tried */
	bool unrouted; /* this machine has no way there */
	struct sts_addr addr;
	struct sts_smtp_found smtp; /* of the first dialogue */
	struct sts_check_cert cert[STS_CHECK_CERTS];
};

/* Steps 8, 9: one MX host. */
struct sts_check_host {
	bool done; /* with all its addresses */
	uint16_t preference;
	uint8_t name_len;
	uint8_t name[STS_NAME_MAX];
	bool matched; /* by a pattern of the policy, */
	uint8_t pattern; /* by this one */
	struct sts_check_answer a, aaaa, tlsa;
	bool aliased; /* its name is an alias */
	uint8_t base_len; /* the name whose TLSA records count */
	uint8_t base[STS_NAME_MAX];
	uint8_t dane; /* enum sts_dane_host */
	bool tlsa_more; /* records beyond the limit, which were not compared */
	unsigned tlsa_count;
	struct sts_check_tlsa record[STS_CHECK_TLSA_MAX];
	bool more; /* addresses beyond the limit */
	unsigned addr_count;
	struct sts_check_address address[STS_CHECK_ADDRS_MAX];
};

/* Step 6. */
struct sts_check_mx {
	bool done;
	struct sts_check_answer dns;
	bool null; /* "0 .": the domain takes no mail (RFC 7505) */
	bool implicit; /* no MX records: the domain is the host */
	bool more; /* hosts beyond the limit */
	/* The end of the alias chain that begins at the domain, if a signed
	 * answer shows one; else of length 0. */
	uint8_t nexthop_len;
	uint8_t nexthop[STS_NAME_MAX];
	unsigned invalid; /* records whose exchange is no host name */
	unsigned count;
};

/* Step 10. */
enum sts_check_rua {
	STS_CHECK_RUA_INVALID = 0,
	STS_CHECK_RUA_MAILTO,
	STS_CHECK_RUA_HTTPS
};

struct sts_check_report_to {
	uint8_t kind; /* enum sts_check_rua */
	uint16_t len;
	uint8_t uri[STS_CHECK_URI_MAX];
	uint8_t host_len;
	uint8_t host[STS_NAME_MAX];
	bool there; /* the host takes mail, or has an address */
	struct sts_check_answer dns; /* of what was looked up last */
};

struct sts_check_rpt {
	bool done;
	struct sts_check_records records;
	uint8_t found; /* enum sts_found, of a valid record */
	unsigned candidates; /* records that begin with v=TLSRPTv1; */
	bool more; /* addresses beyond the limit */
	unsigned rua_count;
	struct sts_check_report_to rua[STS_CHECK_RUAS_MAX];
};

/* Step 11: what the running daemon says. */
struct sts_check_agent {
	bool done;
	bool there; /* a daemon answered */
	char result[16], held[16], mode[16], id[STS_ID_MAX + 1];
	struct sts_check_text answer;
};

struct sts_check_facts {
	struct sts_text domain; /* A-labels, lower-case */
	bool alone; /* --mx: one host, no domain */
	uint16_t port; /* of SMTP */
	int64_t wall_s; /* the time it began */
	int64_t judged_s; /* the time that certificates are judged under */
	bool interrupted;
	bool overtime; /* interrupted, since it took too long */
	/* No connection to any MX host came about: port 25 is closed on the
	 * way out, or all of them are down. */
	bool closed;
	struct sts_check_txt txt;
	struct sts_check_policy policy;
	struct sts_check_mx mx;
	struct sts_check_host host[STS_CHECK_HOSTS_MAX];
	struct sts_check_rpt rpt;
	struct sts_check_agent agent;
};

/* The time until a certificate that is known ends, in days, at the time it is
 * judged under; negative: it has ended. */
static inline long
sts_check_days(const struct sts_check_facts *f, const struct sts_check_cert *c)
{
	int64_t left = c->not_after_s - f->judged_s;

	return (long)(left >= 0 ? left / 86400 : -((86399 - left) / 86400));
}

/* The name of a host. */
static inline struct sts_text
sts_check_name(const struct sts_check_host *h)
{
	return sts_text(h->name, h->name_len);
}

#endif
