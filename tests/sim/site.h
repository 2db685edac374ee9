/* SPDX-License-Identifier: MIT */
/*
 * Domains and what their owners publish: versions of a policy, a TXT record,
 * the response that carries a version, and all the ways to get these wrong.
 * Nothing here knows how the agent reads any of it: the meaning of a response
 * is known because the response was made with that meaning.
 */
#ifndef STS_SIM_SITE_H
#define STS_SIM_SITE_H

#include "../../core/base/bytes.h"
#include "draw.h"

enum {
	SITE_NAME = 96,
	SITE_MX = 20, /* patterns of one version */
	SITE_ADDRESSES = 3,
	SITES = 40,
	VERSIONS = 8192
};

enum site_mode {
	SITE_NONE = 0,
	SITE_TESTING,
	SITE_ENFORCE
};

/* A policy that the owner of a domain meant to publish. */
struct version {
	unsigned number;
	struct site *site;
	enum site_mode mode;
	int64_t max_age_ms;
	unsigned mx_count;
	char mx[SITE_MX][SITE_NAME];
	bool delivered; /* some agent of this run got it */
};

/* How the owner breaks the domain. */
enum mishap {
	MISHAP_NONE = 0,
	/* The body is no policy. */
	MISHAP_VERSION,
	MISHAP_MODE,
	MISHAP_NO_MX,
	MISHAP_BAD_MX,
	MISHAP_NO_MAX_AGE,
	MISHAP_NUL,
	MISHAP_EMPTY,
	MISHAP_HUGE,
	/* The response does not count. */
	MISHAP_REDIRECT,
	MISHAP_MISSING,
	MISHAP_ERROR,
	MISHAP_HTML,
	MISHAP_NO_TYPE,
	MISHAP_GZIP,
	MISHAP_TWO_LENGTHS,
	MISHAP_SHORT, /* the stated length exceeds the body */
	MISHAP_CHUNK,
	MISHAP_NO_HTTP,
	/* The certificate is for another name or time. */
	MISHAP_EXPIRED,
	MISHAP_FUTURE,
	MISHAP_NAME,
	MISHAP_CN,
	MISHAP_UNTRUSTED,
	MISHAP_FETCHES,
	/* The TXT record is invalid. */
	MISHAP_TXT_TWO = MISHAP_FETCHES,
	MISHAP_TXT_NO_ID,
	MISHAP_TXT_VERSION,
	MISHAP_TXT_LONG,
	MISHAPS
};

struct site {
	char domain[32];
	unsigned index;
	unsigned addresses; /* of its policy host, */
	unsigned dead; /* of which the first so many do not answer */
	bool inet6; /* the last one is of IPv6 */
	uint32_t ttl_s, negative_s; /* of its TXT record, and of its absence */
	bool discoverable; /* there is a TXT record */
	char id[33];
	unsigned ids; /* how many ids there were */
	struct version *version; /* what its policy host serves */
	/* When the pair (id, version) became what it is, and whether the id
	 * became new with the version: only then must the agent notice. */
	int64_t changed;
	bool proper;
	unsigned connections, questions; /* counted for their draws */
	struct version *fresh; /* delivered at this moment, or NULL */
	struct version *forged[2]; /* versions that nobody meant to publish */
};

/* What happened at the policy host. */
enum framing {
	FRAMING_LENGTH,
	FRAMING_CHUNKED,
	FRAMING_CLOSE
};

struct response {
	uint8_t *p; /* malloc'd */
	size_t n;
	bool whole; /* it has the meaning of the version, if it comes whole */
	bool by_close; /* its end is the connection's */
};

/* Fill in a domain, number `n` of SITES. */
void site_begin(struct site *s, unsigned n, struct draw *d);

/* The owner changes something. Returns a word for it. */
const char *site_change(struct site *s, struct draw *d, int64_t now);

/* A version that nobody published: attackers serve it, and mishaps bring it, so
 * that an agent that believes either is found out. */
struct version *site_forge(struct site *s, struct draw *d);

/* The response that carries v, with that mishap. */
struct response site_response(
    const struct version *v, enum mishap mishap, struct draw *d);

/* TXT records at _mta-sts: up to two, count 0: there is none. */
unsigned site_txt(const struct site *s, enum mishap mishap, char out[2][256]);

const char *mishap_name(enum mishap m);

/* Free all versions at the end of this run. */
void sites_reset(void);

#endif
