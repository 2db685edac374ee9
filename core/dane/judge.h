/* SPDX-License-Identifier: MIT */
/*
 * Enforcement for firmware with an SMTP client of its own: what is demanded of
 * one mail host, and whether the certificates that it presented after STARTTLS
 * meet the demand. core/route.h says what to demand of which host; a firmware
 * that knows that by other means fills a struct sts_demand itself.
 *
 * Example, with const struct sts_demand *demand, const struct sts_text *chain,
 * unsigned count, const struct sts_anchors *roots, int64_t wall_s, void
 * (*deliver)(void), void (*defer)(const char *reason):
 *
 *	static struct sts_judge judge;
 *
 *	sts_judge_begin(&judge, demand, chain, count, roots, wall_s);
 *	while (sts_judge_pending(&judge)) {
 *		sts_judge_work(&judge);
 *	}
 *	if (sts_judge_verdict(&judge) == STS_WHY_NONE) {
 *		deliver();
 *	} else {
 *		defer(sts_why_token(sts_judge_verdict(&judge)));
 *	}
 *
 * The chain is judged as it was presented. That the peer has the private key of
 * its first certificate is what the handshake shows: the TLS library must have
 * finished it, with the SNI that the demand names, and must leave the verdict
 * about the certificates to this judge.
 */
#ifndef STS_JUDGE_H
#define STS_JUDGE_H

#include "../../tls/x509/x509.h"
#include "dane_records.h"

enum sts_demand_kind {
	/* The host must not be used now: `why`. Mail may go to the next one,
	 * and waits if no host can take it. */
	STS_DEMAND_SKIP = 0,
	/* Nothing: TLS is used where it is offered (RFC 7435). */
	STS_DEMAND_NOTHING,
	/* TLS, but nothing authenticates it (RFC 7672 2.2). */
	STS_DEMAND_TLS,
	/* TLS with a certificate for `host` that leads to a root of the web
	 * (RFC 8461 4.1). */
	STS_DEMAND_WEBPKI,
	/* TLS with a certificate that `records` names (RFC 7672 3.1). */
	STS_DEMAND_TLSA
};

enum {
	STS_DEMAND_NAMES = 2
};

/* What is demanded of one mail host. Spans are borrowed: sts_route_host says
 * until when. */
struct sts_demand {
	uint8_t kind; /* enum sts_demand_kind */
	uint8_t why; /* enum sts_why of SKIP */
	uint16_t preference;
	/* The host's name: lower-case, valid. The caller looks up its
	 * addresses. */
	struct sts_text host;
	/* The SNI to send (RFC 8461 4.1 wants the host's name, RFC 7672 3.2.1
	 * the TLSA base domain), and the first reference name. */
	struct sts_text base;
	/* TLSA: names that a certificate of usage 2 may have instead (RFC 7672
	 * 3.2.2): the recipient's domain, and what that is an alias of. n 0:
	 * none. */
	struct sts_text names[STS_DEMAND_NAMES];
	struct sts_text records; /* TLSA: packed, dane_records.h */
};

/* One judgement; it may be placed anywhere, and one will do for all
 * connections. Private. */
struct sts_judge {
	const struct sts_demand *demand;
	const struct sts_text *chain;
	unsigned count;
	int64_t wall_s;
	struct sts_anchors anchors;
	uint8_t why; /* enum sts_why, when it is over */
	uint8_t name; /* which reference name is tried */
	bool pending;
	bool matches; /* TLSA: `records` are still to be looked at */
	bool early; /* an anchor that they name is not valid yet */
	struct sts_text records;
	uint8_t anchor[STS_JUDGE_ANCHORS];
	uint64_t x509[(STS_X509_SIZE_MAX + 7) / 8];
};

/*
 * Begin.
 *
 * demand   as it was before the connection was made
 * chain    DER certificates in the order they came, the server's first; count
 *          0: there was no TLS
 * roots    of the web, for WEBPKI
 * wall_s   seconds since 1970; < 0: the time is not known, which only demands
 *          that depend on dates mind (no-clock)
 *
 * All are borrowed until the verdict.
 */
void sts_judge_begin(struct sts_judge *j, const struct sts_demand *demand,
    const struct sts_text *chain, unsigned count,
    const struct sts_anchors *roots, int64_t wall_s);

/* Whether sts_judge_work() must be called, which checks one signature at most
 * (tls/x509/x509.h says how long that takes), or hashes each certificate once,
 * for one TLSA record. */
bool sts_judge_pending(const struct sts_judge *j);
void sts_judge_work(struct sts_judge *j);

/*
 * When nothing is pending: NONE, and the mail may be sent over this
 * connection; else why not, a word that TLS reports use too. It must not be
 * sent then: an attacker on the path may have presented that chain.
 *
 *	smtp-no-starttls   TLS is demanded, and there is none
 *	tlsa-mismatch      no certificate is what a TLSA record names
 *	x509-...           of the path, for WEBPKI and usage 2
 *	no-clock           dates count, and the time is not known
 *	of SKIP            the demand's
 *
 * Of TLSA records those that others outdo are left out (RFC 7671 9). Usage 3
 * asks neither for a name nor for dates, usage 2 for both, and for a path to a
 * certificate of the chain that a record names (RFC 7672 3.1.2 wants it to be
 * there), which is not the server's own. As everywhere here a name is a
 * dNSName, never the common name.
 */
enum sts_why sts_judge_verdict(const struct sts_judge *j);

#endif
