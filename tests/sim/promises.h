/* SPDX-License-Identifier: MIT */
/*
 * The promises of the agent, judged from what the simulated world did. The
 * files that play the world report what happened there; the one that plays mail
 * servers hands over each answer. The first breach ends the run by sim_fail.
 *
 * Times are true milliseconds since the beginning of the run, now being sim.t.
 */
#ifndef STS_SIM_PROMISES_H
#define STS_SIM_PROMISES_H

#include "site.h"

enum zone {
	ZONE_PLAIN,
	ZONE_TLSRPT, /* QUERYwithTLSRPT */
	ZONE_SENDMAIL, /* sts */
	ZONE_STRICT, /* strict_testing=yes */
	ZONE_AUDIT, /* audit=yes */
	ZONE_NO_SNI, /* sni=no */
	ZONES
};

/* What stands between the agent and the truth about a domain. */
enum trouble {
	TROUBLE_TXT = 1, /* its TXT record may be missed or be another */
	TROUBLE_FETCH = 2, /* its policy may not come */
	TROUBLE_QUEUE = 4, /* the agent may have no time for it */
	TROUBLE_DARK = 8, /* no TXT answer comes at all, or only failures */
	TROUBLE_FLOOD = 16, /* many ask for domains that only hinder */
	TROUBLE_ANY = 31
};

/* A question of a mail server. */
struct question {
	struct site *site; /* NULL: a domain that publishes nothing */
	enum zone zone;
	const char *must; /* the answer whatever else is; NULL: by the rules */
	bool dane; /* DANE is looked up for it, if at all */
	bool again; /* the operator wants everything looked up again */
	int64_t asked; /* when it was the agent's to answer */
	bool prompt; /* the mail server takes the answer at once */
	/* promises.c's: what was allowed and what held when it was asked. */
	bool could_be_weak, held;
	unsigned switched;
};

/* What this run's agent was given. */
struct terms {
	struct site *site;
	unsigned site_count;
	bool ample; /* its cache holds all that the world publishes */
	bool roomy; /* its lookups and slots never queue by themselves */
	bool temp_on_dns_error;
	int64_t within_ms, queue_ms; /* answer_within, queue_wait */
};

void promises_begin(const struct terms *terms);

/* The world: trouble for a site (-1: all) from now until then. */
void promise_trouble(int site, unsigned what, int64_t until);

/* The world: name servers answer again, whatever TROUBLE_DARK was. */
void promise_light(void);

/* The wall clock is off by so much now; or unknown. */
void promise_clock(int64_t offset_ms, bool unknown);

/*
 * The last octet of the response that carries v, from v's own domain under a
 * certificate that is good for it, was read by the agent. Not certain: it may
 * have refused it all the same, since the clock was stepped meanwhile or memory
 * is short.
 */
void promise_delivered(struct version *v, bool certain);

/*
 * A record of the fleet, of a version that was fetched at that moment by a
 * gateway which holds the fleet's key, is on its way to the agent: it may be
 * taken. All that are on their way have come, and those that were not taken
 * never will be. It was taken; its stamp may be a little ahead of the time.
 */
void promise_offered(struct version *v, int64_t fetched);
void promise_offers_over(void);
void promise_shared(struct version *v, int64_t fetched, int64_t stamp);

/* The version that is or was held with the same content as `like` (of the same
 * site), or NULL; whether it may be published as fetched at that moment. */
struct version *promise_published(const struct version *like);
bool promise_may_publish(const struct version *like, int64_t fetched);

/* The agent has reported that it does not hold a domain's policy under its
 * promise: there was no room, or it is larger than a record may be (only where
 * memory is not ample). */
void promise_guest(const struct site *s);

/* What came last is larger than a record of the cache may be: until something
 * else comes "try again" is the answer. */
void promise_large(const struct site *s);

/* The agent reports that everything is saved; it stopped, with or without a
 * storage; it started. */
void promise_saved(void);
void promise_stopped(bool storage);
void promise_started(void);

/* The operator's kill switch. */
void promise_switch(bool off);

/* A question became the agent's to answer; it was answered; it is not yet. */
void promise_asked(struct question *q);
void promise_answered(struct question *q, const char *answer);
void promise_waiting(const struct question *q);

/* Whether there was none of these troubles since then. */
bool promise_free_of(const struct site *s, unsigned what, int64_t since);

/* Whether nothing queues for long by itself. */
bool promise_is_roomy(void);

/* Whether an unexpired enforce policy of the site is certainly held. */
bool promise_holds(const struct site *s);

#endif
