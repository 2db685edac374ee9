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

/* What keeps the agent from the truth about a domain. */
enum trouble {
	TROUBLE_TXT = 1, /* its TXT record may be missed or be another */
	TROUBLE_FETCH = 2, /* its policy may fail to come */
	TROUBLE_QUEUE = 4, /* the agent may have no time for it */
	TROUBLE_DARK = 8, /* no TXT answer comes, or only failures */
	TROUBLE_FLOOD = 16, /* many ask for hostile domains */
	TROUBLE_ANY = 31
};

/* A question of a mail server. */
struct question {
	struct site *site; /* NULL: a domain that publishes nothing */
	enum zone zone;
	const char *must; /* the required answer; NULL: by the rules */
	bool dane; /* DANE is looked up for it, if it is on */
	bool again; /* the operator asks for a new look-up */
	int64_t asked; /* when the agent had it */
	bool prompt; /* the mail server reads the answer at once */
	/* promises.c's: what was allowed and held when it was asked. */
	bool could_be_weak, held;
	unsigned switched;
};

/* The settings of this run's agent. */
struct terms {
	struct site *site;
	unsigned site_count;
	bool ample; /* its cache has room for all that the world publishes */
	bool roomy; /* its lookups and slots never cause queues */
	bool temp_on_dns_error;
	int64_t within_ms, queue_ms; /* answer_within, queue_wait */
};

void promises_begin(const struct terms *terms);

/* The world reports trouble for a site (-1: all) from now until then. */
void promise_trouble(int site, unsigned what, int64_t until);

/* The world reports that name servers answer again; this ends TROUBLE_DARK. */
void promise_light(void);

/* The wall clock is now off by so much, or unknown. */
void promise_clock(int64_t offset_ms, bool unknown);

/*
 * The agent has read the last octet of the response that carries v, from v's
 * own domain under a certificate that is good for it. Not certain: the agent
 * may have refused it all the same, since the clock was stepped meanwhile or
 * memory is short.
 */
void promise_delivered(struct version *v, bool certain);

/*
 * promise_offered: a record of the fleet is on its way to the agent, which may
 * take it; a gateway with the fleet's key fetched this version at that moment.
 * promise_offers_over: all records on their way have come, and those that were
 * not taken never will be. promise_shared: the record was taken; its stamp may
 * be a little ahead of the time.
 */
void promise_offered(struct version *v, int64_t fetched);
void promise_offers_over(void);
void promise_shared(struct version *v, int64_t fetched, int64_t stamp);

/* The version that is or was held with the same content as `like` (of the same
 * site), or NULL. Whether it may be published as fetched at that moment. */
struct version *promise_published(const struct version *like);
bool promise_may_publish(const struct version *like, int64_t fetched);

/* The agent has reported that it does not hold a domain's policy under its
 * promise: there was no room, or the policy is larger than a record may be
 * (only where memory is not ample). */
void promise_guest(const struct site *s);

/* The last version is larger than a record of the cache may be: "try again" is
 * the answer until another version comes. */
void promise_large(const struct site *s);

/* The agent reports that everything is saved; it stopped, with or without a
 * storage; it started. */
void promise_saved(void);
void promise_stopped(bool storage);
void promise_started(void);

/* The operator's kill switch. */
void promise_switch(bool off);

/* The agent has a question; it has answered it; it has not answered it yet. */
void promise_asked(struct question *q);
void promise_answered(struct question *q, const char *answer);
void promise_waiting(const struct question *q);

/* Whether none of these troubles has occurred since then. */
bool promise_free_of(const struct site *s, unsigned what, int64_t since);

/* Whether the settings alone cause no long queues. */
bool promise_is_roomy(void);

/* Whether an unexpired enforce policy of the site is certainly held. */
bool promise_holds(const struct site *s);

#endif
