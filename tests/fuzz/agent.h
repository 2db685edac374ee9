/* SPDX-License-Identifier: MIT */
/*
 * The whole agent played from a string of octets: the real agent, driver, cache
 * and journal over the in-memory port, with the stand-in for TLS of tests/sim.
 * The octets state what clients, name servers, policy hosts, clocks, storage
 * and power do. Where they state nothing, all goes well.
 *
 *	fuzz_agent.c    the script: octets to deeds
 *	agent_play.c    the agent's life, and time
 *	agent_net.c     name servers and policy hosts
 *	agent_ask.c     those who ask, and what may be answered
 *
 * Whatever the octets are: no assertion fails. The port's contract and the
 * cache's invariants hold. Each question has one answer, in time, unless
 * whoever asked went away. While a held enforce policy is certainly alive, no
 * answer is weaker. No policy is answered that its domain did not serve whole,
 * or whose life is certainly over. "Not found" is not answered where nobody can
 * tell. In the end the agent, drained, comes to rest and has given everything
 * back.
 */
#ifndef STS_FUZZ_AGENT_H
#define STS_FUZZ_AGENT_H

#include "../../core/driver.h"
#include "../mem/dnspeer.h"
#include "../mem/storage.h"

enum {
	DOMAINS = 3,
	VERSIONS = 256, /* of all domains together */
	MUTATIONS = 8,
	SECOND = 1000,
	MINUTE = 60 * SECOND,
	HOUR = 60 * MINUTE,
	DAY = 24 * HOUR,
	LOOKUP_MAX = 10 * MINUTE, /* no lookup lasts as long */
	STILL_MAX = 5000 /* rounds without progress: spinning */
};

/* What the name servers and the host of a domain do; a deed chooses it. */
enum dns_conduct {
	DNS_DATA,
	DNS_NXDOMAIN,
	DNS_NODATA,
	DNS_SERVFAIL,
	DNS_REFUSED,
	DNS_SILENT,
	DNS_TRUNCATED, /* over UDP */
	DNS_JUNK, /* nine counts of answers, and no answer */
	DNS_SPOOFED, /* other ids and names before the answer */
	DNS_ALIAS, /* an alias, then the data */
	DNS_CLOSED,
	DNS_TWICE, /* two records */
	DNS_ODD, /* a record that is not ours; an unusable address */
	DNS_CONDUCTS
};

enum host_conduct {
	HOST_SERVES,
	HOST_REFUSES,
	HOST_UNREACHABLE,
	HOST_NO_ANSWER,
	HOST_MUTE,
	HOST_RESETS,
	HOST_HANGS_UP,
	HOST_PLAIN, /* no TLS */
	HOST_CUTS, /* sends the response, then closes without close_notify */
	HOST_STALLS, /* stops in the middle of the response */
	HOST_CONDUCTS
};

/* How a response is made. From the third kind on the agent must not accept
 * it. */
enum response_kind {
	RESPONSE_LENGTH,
	RESPONSE_CHUNKED,
	RESPONSE_CLOSE,
	RESPONSE_ABSENT, /* 404 */
	RESPONSE_MOVED, /* 301 */
	RESPONSE_HTML,
	RESPONSE_SHORT, /* shorter than its length */
	RESPONSE_UNENDED, /* the last chunk is missing */
	RESPONSE_KINDS
};

/* A policy that somebody once published, or meant to. Its number is in its
 * MX. */
struct version {
	uint8_t domain, mode;
	uint32_t max_age_s; /* differs between any two, except for 0 */
	bool served; /* the agent may have taken it */
	int64_t last; /* when the agent may last have taken it */
};

struct domain {
	const char *name;
	unsigned id, published; /* of TXT; versions published */
	uint8_t txt, addresses; /* enum dns_conduct */
	uint8_t conduct, kind, cert; /* of the host */
	bool inet6;
	/* What the agent is believed to hold. */
	bool held; /* the agent holds `version`, and is bound by it */
	bool wild; /* it has served a policy that the play does not know */
	bool known; /* its TXT record, or its absence, was once answered */
	unsigned version;
	int64_t since;
};

struct play {
	int64_t t; /* milliseconds */
	sts_ms start;
	unsigned budget;
	int64_t wall_ms, wall_changed; /* how far the wall clock is off */
	int64_t forgot; /* when the operator forgot a domain */
	int64_t wall_lowest, wall_vouched;
	bool wall_unknown, wall_stepped;
	bool confirmed; /* a policy came since the agent's start */
	unsigned switches; /* of enforce_off; odd: off */
	bool has_journal, text, draining;
	int64_t drained_at;
	struct domain domain[DOMAINS];
	struct version version[VERSIONS];
	unsigned version_count;
	/* Change this octet in the next answer or response. */
	struct {
		uint16_t off;
		uint8_t with;
	} mutation[MUTATIONS];
	unsigned mutation_count;
	bool mutates_host; /* the response; else the next answer */
	struct sts_config config;
	struct sts_settings settings[2];
	unsigned settings_at;
	struct mem mem;
	struct storage storage;
	struct sts_agent agent;
	struct sts_driver driver;
	void *block;
};

extern struct play play;

/* agent_play.c */
/* What happens, for those who read a finding: printed with FUZZ_LOG in the
 * environment. */
void play_log(const char *format, ...);
void play_begin(uint8_t how, uint8_t size);
void play_settle(void);
void play_pass(int64_t ms); /* less, if there would be too much */
void play_sleep(int64_t ms); /* at once, if nothing is under way */
void play_crash(enum flash_cut how);
void play_drain(void);
void play_clock(int64_t off_ms, bool unknown);
void play_end(void);

/* agent_net.c */
void net_begin(void);
bool net_step(void); /* true: something moved */
void net_publish(
    struct domain *d, unsigned mode, unsigned age, bool id_changes);
/* Send any octets: to the i-th socket to a name server, after a copy of its
 * last question; to the i-th stream to a host. */
void net_raw_dns(unsigned i, unsigned how, const uint8_t *p, size_t n);
void net_raw_host(unsigned i, const uint8_t *p, size_t n);
void net_fail_host(unsigned i, unsigned how);
void net_end(void);

/* agent_ask.c */
void ask_begin(void);
bool ask_step(void);
bool ask_waits(void); /* somebody waits for an answer */
void ask_query(unsigned client, unsigned what, unsigned zone);
void ask_raw(unsigned client, const uint8_t *p, size_t n);
void ask_client(unsigned client, unsigned deed);
void ask_api(unsigned slot, unsigned what, unsigned zone);
void ask_api_end(unsigned slot);
void ask_crash(void);
void ask_leave(void); /* every client leaves */

/* A response that may have been taken has been read to its end; certain: it
 * must have been taken. */
void ask_delivered(struct version *v, bool certain);
/* After that, when nothing moves: read what the agent holds now. */
void ask_look(void);
void ask_saved(void);

#endif
