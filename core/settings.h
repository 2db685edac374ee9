/* SPDX-License-Identifier: MIT */
/*
 * The settings that may change while an agent runs. A room that needs a setting
 * includes this header and not core/sts.h. The tables that settings point to
 * are only declared: a room includes the headers of those that it reads.
 */
#ifndef STS_SETTINGS_H
#define STS_SETTINGS_H

#include "base/io.h"
#include "base/sts_config.h"

struct sts_anchors; /* tls/x509/anchors.h */
struct sts_dns_servers; /* dns/upstream.h */
struct sts_preload; /* core/answer/preload.h */
struct sts_share_setup; /* core/share/share.h */
struct sts_zones; /* core/answer/zones.h */

enum sts_on_unknown {
	STS_ON_UNKNOWN_NOTFOUND = 0,
	STS_ON_UNKNOWN_TEMP
};

/*
 * Certificate transparency: whether a policy host's certificate must carry SCTs
 * of two logs. Presence is no proof: no log's signature is checked. They are
 * required of every chain, as nothing distinguishes public anchors from private ones.
 */
enum sts_sct {
	STS_SCT_OFF = 0,
	STS_SCT_LOG, /* too few are logged as an event */
	STS_SCT_REQUIRE /* too few: refused with x509-no-sct */
};

/* Which days of a domain are reported (RFC 8460). */
enum sts_reports {
	STS_REPORTS_OFF = 0, /* nothing is counted, nothing is sent */
	STS_REPORTS_FAILURES, /* those with a failure */
	STS_REPORTS_ALL
};

/* The names that reports are sent under, and how mail leaves. Texts are
 * borrowed with the settings. */
struct sts_reporter {
	uint8_t reports; /* enum sts_reports */
	struct sts_text organization; /* UTF-8, 1..STS_REPORT_NAME_MAX */
	/* Local part, '@', domain: reports name it, mail comes from it. */
	struct sts_text contact;
	/* Our own name, lower-case, at least two labels. */
	struct sts_text host;
	/* Source address of our fetches, where the board knows it; else
	 * empty. */
	struct sts_text address;
	/* The relay, which takes mail by SMTP; af NONE: reports are posted by
	 * HTTPS only. */
	struct sts_addr relay;
};

/* A prefix of addresses, for fetch_allow and nat64_prefix. */
struct sts_prefix {
	struct sts_addr addr; /* port unused */
	uint8_t bits;
};

/*
 * What can change while running: the board fills a second one and swaps with
 * sts_agent_settings. Owned by the board; unchanged while in use, but for
 * enforce_off, which may be switched at any time and counts for every answer
 * that is given from then on.
 */
struct sts_settings {
	const struct sts_dns_servers *servers;
	const struct sts_anchors *anchors; /* count 0: nothing can be fetched */
	const struct sts_zones *zones;
	/* Policies of the operator's list, in the agent's memory
	 * (sts_agent_preload_area); NULL: there is none. */
	const struct sts_preload *preload;
	bool preload_testing; /* enforce those in testing mode, too */
	/* Gateways that share policies; NULL: none. Not used without
	 * sts_config.share. */
	const struct sts_share_setup *share;
	uint8_t on_dns_error; /* enum sts_on_unknown */
	uint8_t on_no_clock; /* TEMP: for 5 min after start, then not found */
	uint8_t sct; /* enum sts_sct */
	bool allow_private; /* fetch from RFC 1918, ULA, 100.64/10 */
	bool enforce_off; /* kill switch: answer not found, log the rest */
	bool dane; /* DANE beside MTA-STS; zones may say otherwise */
	bool dane_partial; /* some hosts only, nothing enforced: `dane` */
	const struct sts_reporter *reporter; /* NULL: nobody reports */
	uint8_t allow_count;
	struct sts_prefix allow[STS_FETCH_ALLOW_MAX]; /* fetched from, always */
	/* The prefixes of the network's translators (RFC 6052): IPv6, of 32,
	 * 40, 48, 56, 64 or 96 bits. See core/dial/address.h. */
	uint8_t nat64_count;
	struct sts_prefix nat64[STS_NAT64_MAX];
	uint16_t policy_port; /* 443; others for tests only */
};

#endif
