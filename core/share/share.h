/* SPDX-License-Identifier: MIT */
/*
 * One connection to a Redis or Valkey server, over which gateways hand each
 * other the policies that they have fetched. The server is a bus between
 * caches. No answer depends on it: only the owner waits for it, and decides for
 * how long.
 *
 *	OFF --use--> REST --> RESOLVE --> DIAL --> SHAKE --> HELLO --> SETUP --> UP
 *	              ^        (a name)            (TLS)       |                 |
 *	              |                                     SENTINEL             |
 *	              +---------- CLOSING <-- any trouble -----+-----------------+
 *
 * When it is UP it reads all keys (SCAN), then what others changed (pushes),
 * and all keys again every day. What it has for its owner:
 *
 *	switch (sts_share_result(s))
 *	RECORD   a record of sts_share_domain that was sealed by the fleet, staged
 *	         in the cache unless the cache holds one as new: judge it, commit
 *	         or abandon the stage
 *	MISSING  there is none
 *	REFUSED  there is one, and it is not the fleet's
 *	then     sts_share_done(s)
 *
 * A composite: two legs ask name servers for its server's addresses, of two
 * connections one is taken. The peer is not trusted: what it sends is bounded
 * in length, nesting, number and time, and means nothing without the seal. A
 * reply that makes no sense ends the connection.
 *
 * Bounds: 64 commands are in flight at most. STS_SHARE_KEYS octets of keys wait
 * to be read; further keys are read by the next SCAN. Of keys that are pushed,
 * STS_SHARE_PUSHES a second are read at once. A server that sends without end
 * (STS_SHARE_TALK) has failed. STS_SHARE_QUEUE octets of names wait to be
 * published; beyond that the oldest are lost.
 */
#ifndef STS_SHARE_H
#define STS_SHARE_H

#include "../../tls/session.h"
#include "../base/sts_config.h"
#include "../cache/payload.h"
#include "../dial/dial.h"
#include "../lookup/leg.h"
#include "../settings.h"
#include "share_names.h"
#include "share_resp.h"
#include "share_seal.h"

enum {
	STS_SHARE_LEGS = 2, /* A and AAAA */
	STS_SHARE_CONNS = STS_DIAL_ATTEMPTS,
	STS_SHARE_SERVERS = 4,
	STS_SHARE_ADDRS = 8, /* of one server */
	STS_SHARE_WORD = 320, /* the longest key that is looked at */
	STS_SHARE_TEXT = 64, /* prefix, user and such, and a NUL */
	STS_SHARE_PASSWORD = 256, /* and a NUL */
	STS_SHARE_FLIGHT = 64, /* commands without a reply */
	STS_SHARE_OUT = 2048,
	STS_SHARE_IN = 1024,
	STS_SHARE_KEYS = 16384, /* octets of names to be read */
	STS_SHARE_QUEUE = 4096, /* octets of names to be published */
	STS_SHARE_RND = STS_SHARE_LEGS * STS_DNS_RND + STS_TLS_RND + 1,

	STS_SHARE_CONNECT_MS = 1000,
	STS_SHARE_REPLY_MS = 1000,
	STS_SHARE_SILENCE_MS = 30000, /* then PING */
	STS_SHARE_SCAN_MS = 86400000, /* from one SCAN to the next, */
	STS_SHARE_SCAN_OLD_MS = 300000, /* from a server that cannot push, */
	STS_SHARE_SCAN_LOST_MS = 60000, /* and when keys were lost */
	STS_SHARE_REST_MS = 1000, /* after three failures, doubling to */
	STS_SHARE_REST_MAX_MS = 60000,
	STS_SHARE_AGAIN_MS = 100, /* after the first two */
	STS_SHARE_FAILURES = 3,
	STS_SHARE_TURN = 16, /* records that are read in a pass of the driver */
	/* How much besides values a server may send in a minute, beyond which
	 * it is a flood; and how many keys it may push in a second, beyond
	 * which they are read by the next SCAN. */
	STS_SHARE_TALK_MS = 60000,
	STS_SHARE_TALK = 16777216,
	STS_SHARE_PUSH_MS = 1000,
	STS_SHARE_PUSHES = 2000
};

/* One server: an address, or a name. */
struct sts_share_server {
	struct sts_addr addr; /* af NONE: by its name; LOCAL: as in io.h */
	uint16_t port;
	char host[STS_NAME_MAX + 1];
};

/*
 * The operator's settings. They belong to the board and stay unchanged while
 * they are in use. Texts end with NUL.
 */
struct sts_share_setup {
	unsigned server_count; /* 1..STS_SHARE_SERVERS, or 0: nothing shared */
	struct sts_share_server server[STS_SHARE_SERVERS];
	bool tls;
	const struct sts_anchors *anchors; /* tls */
	char tls_name[STS_NAME_MAX + 1]; /* ""; the server's name */
	char master[STS_SHARE_TEXT]; /* "": the servers are no Sentinels */
	char sentinel_user[STS_SHARE_TEXT];
	char sentinel_password[STS_SHARE_PASSWORD];
	char user[STS_SHARE_TEXT]; /* "" with a password: the default user */
	char password[STS_SHARE_PASSWORD];
	char client[STS_SHARE_TEXT]; /* the name of our connection, or "" */
	char prefix[STS_SHARE_TEXT]; /* keys are PREFIX:d:DOMAIN */
	uint32_t db;
	uint32_t wait_ms; /* how long a question may wait when nothing is
			   * held */
	struct sts_seal_keys keys;
};

enum sts_share_result {
	STS_SHARE_NOTHING = 0,
	STS_SHARE_RECORD,
	STS_SHARE_MISSING,
	STS_SHARE_REFUSED /* sts_share_verdict has the reason */
};

/* What has happened, a bit each, until it is taken. */
enum {
	STS_SHARE_NEWS_UP = 1,
	STS_SHARE_NEWS_DOWN = 2, /* sts_share_why */
	STS_SHARE_NEWS_CONFIG =
	    4, /* the server refuses us: sts_share_server_text */
	STS_SHARE_NEWS_FULL =
	    8, /* the server cannot now: sts_share_server_text */
	STS_SHARE_NEWS_FLUSHED = 16, /* all keys are gone */
	STS_SHARE_NEWS_SCANNED = 32, /* all keys were seen once */
	STS_SHARE_NEWS_RANDOM = 64, /* sts_share_seed is awaited */
	STS_SHARE_NEWS_ROOM = 128 /* sts_share_may_set became true */
};

enum sts_share_state {
	STS_SHARE_OFF = 0,
	STS_SHARE_REST,
	STS_SHARE_RESOLVE,
	STS_SHARE_DIAL,
	STS_SHARE_SHAKE,
	STS_SHARE_HELLO,
	STS_SHARE_SENTINEL,
	STS_SHARE_SETUP,
	STS_SHARE_UP,
	STS_SHARE_CLOSING
};

struct sts_share;

struct sts_share_conn {
	struct sts_share *share;
	uint8_t index;
};

/* Counted since the start; silent_s: since the last reply or push, 0 while
 * there is no connection. */
struct sts_share_counts {
	uint32_t sent, lost, silent_s;
};

struct sts_share {
	/* Private. */
	struct sts_tls *tls; /* NULL: no memory was planned for it */
	struct sts_tls_common *common;
	struct sts_dns_health *health;
	struct sts_cache *cache;
	const struct sts_share_setup *setup;
	const struct sts_dns_servers *servers;
	uint8_t state; /* enum sts_share_state */
	uint8_t failures; /* in a row */
	uint8_t at; /* which server */
	uint8_t news, result, verdict;
	uint8_t why; /* enum sts_why of the last trouble */
	uint8_t moves; /* MOVED in a row */
	uint8_t turn; /* records that may still be read in this pass */
	bool seeded, old, readonly, announced;
	bool moved; /* to `target`, and not to a server of the setup */
	uint8_t stir;
	sts_ms now, rest_at, reply_until, heard_at, scan_at, up_at;
	int64_t wall_s;
	uint32_t rest_ms;
	uint8_t rnd[STS_SHARE_RND];
	struct sts_share_server target;
	struct sts_addr addr[STS_SHARE_ADDRS];
	uint8_t addr_count, leg_count[STS_SHARE_LEGS];
	struct sts_dial dial;
	struct sts_legs legs;
	struct sts_leg leg[STS_SHARE_LEGS];
	struct sts_share_conn conn[STS_SHARE_CONNS];
	struct sts_share_counts counts;

	/* share_reply.c */
	struct sts_resp resp;
	uint8_t reading; /* enum sts_share_command, of the reply or push */
	bool inside, skip, word_long, about_us;
	uint8_t item;
	uint16_t word_len;
	uint8_t word[STS_SHARE_WORD];
	uint8_t server_text[STS_RESP_TEXT_MAX];
	uint8_t server_text_len;
	struct {
		uint8_t proto;
		bool sentinel, replica;
	} peer;
	bool staged, unwanted, no_room;
	struct sts_stage stage;
	struct sts_unseal unseal;
	uint32_t came; /* octets, since reply_until was set for them */
	uint32_t talk, pushes; /* since these: */
	sts_ms talk_at, push_at;

	/* share_send.c */
	uint16_t in_at, in_len, out_at, out_len;
	uint8_t flight[STS_SHARE_FLIGHT];
	uint8_t flight_at, flight_count;
	bool scanning, scan_asked, ping;
	uint32_t rounds;
	uint8_t cursor[20], cursor_len;
	struct {
		bool active, missing_only;
		uint8_t stage, domain_len;
		sts_ref ref;
		size_t off, len;
		uint64_t life_ms;
		struct sts_seal_head head;
		struct sts_mac mac;
		uint8_t domain[STS_SHARE_NAME_MAX];
	} set;
	struct sts_share_names asked, urgent, keys, queue;
	uint8_t asked_room[STS_SHARE_QUEUE], urgent_room[STS_SHARE_QUEUE],
	    keys_room[STS_SHARE_KEYS], queue_room[STS_SHARE_QUEUE];
	uint8_t in[STS_SHARE_IN], out[STS_SHARE_OUT];
};

extern const struct sts_engine_ops sts_share_ops, sts_share_leg_ops,
    sts_share_conn_ops;

/* Once. tls: of sts_tls_size() octets, or NULL if no setup with tls is ever
 * used. All are borrowed for good. */
void sts_share_init(struct sts_share *s, struct sts_tls *tls,
    struct sts_tls_common *common, struct sts_dns_health *health,
    struct sts_cache *cache);

/*
 * Use another setup from now on; NULL or one without servers: none. The
 * connection is closed and made anew. The setup and the name servers are
 * borrowed until another setup is used.
 */
void sts_share_use(struct sts_share *s, const struct sts_share_setup *setup,
    const struct sts_dns_servers *servers, sts_ms now);

/* Fresh random bytes, when NEWS_RANDOM asks for them. */
void sts_share_seed(struct sts_share *s, const uint8_t rnd[STS_SHARE_RND]);

/* What has happened since it was last taken. */
unsigned sts_share_take_news(struct sts_share *s);

/* Why the connection is down; what the server answered, in its own words. */
enum sts_why sts_share_why(const struct sts_share *s);
struct sts_text sts_share_server_text(const struct sts_share *s);

/* The result of reading a key. Until sts_share_done nothing more is read. */
enum sts_share_result sts_share_result(const struct sts_share *s);
struct sts_text sts_share_domain(
    const struct sts_share *s, uint8_t out[STS_SHARE_NAME_MAX]);
void sts_share_done(struct sts_share *s);

/* REFUSED: why (never OK). */
enum sts_unsealed sts_share_verdict(const struct sts_share *s);

/*
 * RECORD: its header and number of patterns; its version in the cache, to be
 * committed or abandoned. NULL: it was not staged, since the held policy is at
 * least as new, or (no_room) the cache had no room.
 */
const struct sts_seal_head *sts_share_head(
    const struct sts_share *s, uint16_t *mx_count);
struct sts_stage *sts_share_stage(struct sts_share *s);
bool sts_share_no_room(const struct sts_share *s);

/* What was sent and lost so far, and for how many seconds the server has been
 * silent; 0 while the connection is not up. */
void sts_share_count(const struct sts_share *s, struct sts_share_counts *c);

/* Whether the connection is set up, so that questions may be put. */
bool sts_share_is_up(const struct sts_share *s);

/* Whether a reply, or that the server takes what is sent, has been awaited for
 * longer than a question may wait. */
bool sts_share_slow(const struct sts_share *s, sts_ms now);

/* Ask for a domain's record before all others: RECORD, MISSING or REFUSED
 * follows, or the connection ends. False: not now. */
bool sts_share_get(struct sts_share *s, struct sts_text domain);

/* Delete a domain's record, and do not publish it if none of it has been sent.
 * Lost when there is no connection, or no room beside those that are asked
 * for. */
void sts_share_delete(struct sts_share *s, struct sts_text domain);

/* Whether that is not yet done: a record of the domain that is read now was
 * there before. */
bool sts_share_deleting(const struct sts_share *s, struct sts_text domain);

/*
 * Queue a domain's record to be published when there is time. If the queue is
 * full the oldest is lost (the domain's next refresh repeats it). missing_only:
 * only if the server has none. The queue is kept while there is no connection.
 */
void sts_share_publish(
    struct sts_share *s, struct sts_text domain, bool missing_only);
unsigned sts_share_unpublished(const struct sts_share *s);
/* Take the first domain off that queue; empty: there is none. */
struct sts_text sts_share_next(
    struct sts_share *s, uint8_t out[STS_SHARE_NAME_MAX], bool *missing_only);

/* Whether a record may be published now. */
bool sts_share_may_set(const struct sts_share *s);

/*
 * Publish the policy under ref, which stays pinned until it is sent. e: its
 * header, of a fetched_s and max_age_s > 0. life_ms: what is left of its life,
 * > 0. missing_only: do not replace a record that is there.
 */
void sts_share_set(struct sts_share *s, struct sts_text domain,
    const struct sts_entry *e, sts_ref ref, uint64_t life_ms,
    bool missing_only);

#endif
