/* SPDX-License-Identifier: MIT */
/*
 * One policy over HTTPS, a composite of the connections of an exchange
 * (https.h). The response is pumped through TLS, HTTP and the policy grammar
 * into a stage of the cache.
 *
 * A fetch is costly (about 36 KB), so there are few; it borrows its lookup for
 * the name and addresses.
 */
#ifndef STS_FETCH_H
#define STS_FETCH_H

#include "../cache/cache.h"
#include "../grammar/policy.h"
#include "../lookup/lookup.h"
#include "https.h"

enum {
	STS_FETCH_CONNS = STS_HTTPS_CONNS,
	STS_FETCH_TOTAL_MS = 60000, /* RFC 8461 3.3 */
	STS_FETCH_MILESTONE = 2048, /* bytes of body that count as progress */
	STS_FETCH_SCTS_MIN = 2 /* logs, where SCTs are asked for */
};

struct sts_fetch {
	/* The result, readable when the fetch wants its owner. */
	enum sts_found found; /* FOUND: policy and stage are valid */
	enum sts_why why;
	bool unreached; /* all addresses were tried: with none of them a
	                   connection and its handshake came about */
	uint16_t http_code; /* of the response, 0: none came */
	bool must_staple; /* FOUND: the certificate asks for a stapled OCSP
	                     response (RFC 7633), which was not looked at */
	uint8_t scts; /* FOUND: logs of the certificate's SCTs */
	struct sts_policy policy;
	struct sts_stage stage; /* FOUND: to be committed or abandoned */

	int64_t wall_s; /* the time its certificates were judged under */

	/* Readable: by these, `lookup` and `https` slots are given and taken. */
	bool busy;
	sts_ms begun; /* when it began */

	/* Private. */
	struct sts_lookup *lookup;
	struct sts_cache *cache;
	bool done;
	bool staged, asked;
	bool no_room; /* the policy has not found any in the cache */
	uint16_t request_off; /* of the request, the next byte to be sent */
	sts_ms until, milestone; /* the last sign of progress */
	uint32_t body_len;
	struct sts_https https;
	uint8_t id_len;
	uint8_t id[STS_ID_MAX];
};

extern const struct sts_engine_ops sts_fetch_ops, sts_fetch_conn_ops;

/* Once. tls: sts_tls_size() bytes; common: of all fetches. */
void sts_fetch_init(struct sts_fetch *f, struct sts_tls *tls,
    struct sts_tls_common *common, struct sts_cache *cache);

/*
 * Begin. The lookup has addresses and is borrowed, as are its settings, until
 * sts_fetch_end; its fetch_until ends the fetch. wall_s >= 0; id: of the TXT
 * record, 1..STS_ID_MAX octets, to go into the record.
 */
void sts_fetch_begin(struct sts_fetch *f, struct sts_lookup *l, sts_ms now,
    int64_t wall_s, struct sts_text id, const uint8_t rnd[STS_TLS_RND]);

/* Since when the host has come no further: not while the session waits for its
 * turn to compute. Once the fetch is over, as it was at its end. */
sts_ms sts_fetch_idle_since(const struct sts_fetch *f, sts_ms now);

/* Stop with this reason: the result follows once the channels are closed. `now`:
 * the agent's time, up to which a wait to compute counts. Does nothing if the
 * fetch is over, or none is under way. */
void sts_fetch_stop(struct sts_fetch *f, enum sts_why why, sts_ms now);

/* The result was read: the slot is free. Wipes what the peer sent. */
void sts_fetch_end(struct sts_fetch *f);

#endif
