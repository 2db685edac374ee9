/* SPDX-License-Identifier: MIT */
/*
 * A run of `mtasts check`: the engines, and what is under way. The parts of the
 * page are looked into side by side, each by its own file, which is called when
 * an engine of its is over:
 *
 *	places   engines                          file
 *	0..5     TXT, MX, reports; 43: "org"      check_dns.c
 *	3, 4     addresses of the policy host     check_policy.c
 *	6..37    two of each MX host              check_mx.c
 *	38       the fetch                        check_policy.c
 *	39..42   SMTP dialogues                   check_mx.c
 *
 * All of it is static memory of the command.
 */
#ifndef STS_CHECK_RUN_H
#define STS_CHECK_RUN_H

#include "../../core/settings.h"
#include "check.h"
#include "check_ask.h"
#include "check_fetch.h"
#include "check_loop.h"

enum {
	/* Questions, which are numbered as their places. */
	STS_CHECK_ASK_TXT = 0,
	STS_CHECK_ASK_MX,
	STS_CHECK_ASK_RPT,
	STS_CHECK_ASK_POLICY, /* A, then AAAA */
	STS_CHECK_ASK_RUA = 5,
	STS_CHECK_ASK_HOST, /* two a host */
	STS_CHECK_ASKS = STS_CHECK_ASK_HOST + 2 * STS_CHECK_HOSTS_MAX,

	STS_CHECK_PLACE_FETCH = STS_CHECK_ASKS,
	STS_CHECK_PLACE_PROBE,
	STS_CHECK_PROBES = 4, /* dialogues at once */
	STS_CHECK_PLACE_ORG = STS_CHECK_PLACE_PROBE + STS_CHECK_PROBES,

	/* Dialogues with one address: what most senders get, and the same with
	 * the other kind of certificate. */
	STS_CHECK_PASSES = 2,
	/* Connections that were not made in time before it is clear that port
	 * 25 is closed to us, if none was made. */
	STS_CHECK_CLOSED_MIN = 4
};

/* A dialogue under way. */
struct sts_check_probe {
	bool busy;
	uint8_t host, address, pass;
	struct sts_smtp_probe engine;
	struct sts_tls_chain chain;
	uint8_t chain_bytes[STS_CHECK_CHAIN];
	struct sts_tls *tls;
};

/* What a host's questions are about now. */
enum sts_check_stage {
	STS_CHECK_STAGE_NONE = 0,
	STS_CHECK_STAGE_ADDRESSES,
	STS_CHECK_STAGE_ALIAS, /* the CNAME at the host's own name */
	STS_CHECK_STAGE_TLSA_EXPANDED, /* at the end of the alias chain */
	STS_CHECK_STAGE_TLSA, /* at the host's own name */
	STS_CHECK_STAGE_DIALOGUES,
	STS_CHECK_STAGE_DONE
};

struct sts_check_host_work {
	uint8_t stage; /* enum sts_check_stage */
	bool busy; /* a dialogue is under way */
	uint8_t pass; /* of the address that is tried next */
	bool secure; /* the way to the name whose TLSA records count */
	bool owner_known;
	struct sts_dns_host owner; /* the end of the alias chain */
};

struct sts_check_run {
	struct sts_check_facts facts;
	struct sts_check_loop loop;
	struct sts_check_servers servers;
	const struct sts_settings *settings;
	struct sts_text helo;
	bool with_policy; /* else only one host is looked at */
	bool implicit_tls; /* TLS comes before SMTP: port 465 */
	bool org_done, org_secure, org_found; /* whether servers validate */
	unsigned rua; /* that is looked up, */
	uint16_t rua_type; /* by a question of this type */
	/* Dialogues by what became of the connection. */
	unsigned connected, unconnected, refused;
	struct sts_check_host_work work[STS_CHECK_HOSTS_MAX];
	struct sts_check_ask ask[STS_CHECK_ASKS + 1];
	struct sts_check_fetch fetch;
	struct sts_check_probe probe[STS_CHECK_PROBES];
	struct sts_tls_common common;
	uint8_t domain[STS_NAME_MAX];
};

/* Ask with number i. */
void sts_check_ask(struct sts_check_run *r, unsigned i, const char *prefix,
    struct sts_text domain, uint16_t type);

/* check_dns.c */
void sts_check_dns_begin(struct sts_check_run *r);
/* Question i, of the parts txt, mx, rpt, is over. */
void sts_check_dns_over(struct sts_check_run *r, unsigned i);

/* check_rpt.c: the TXT record is there; question RUA is over. */
void sts_check_rpt_over(struct sts_check_run *r);
void sts_check_rua_over(struct sts_check_run *r);

/* check_policy.c */
void sts_check_policy_begin(struct sts_check_run *r);
void sts_check_policy_over(struct sts_check_run *r, unsigned place);

/* check_mx.c: the hosts of facts.mx are there. */
void sts_check_mx_begin(struct sts_check_run *r);
void sts_check_mx_over(struct sts_check_run *r, unsigned place);

#endif
