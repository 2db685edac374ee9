/* SPDX-License-Identifier: MIT */
/*
 * The internet of a test: name servers that know a table of names, and hosts
 * that serve policies or misbehave, at the other end of the in-memory port.
 * What is not in the tables waits for the test: a question as struct world_ask,
 * a connection as a socket with `scripted`.
 *
 * Every query and request is checked for what must always hold (RD, lower case;
 * SNI = Host = mta-sts.*, the one request line, nothing conditional): w->fault
 * is the first breach.
 */
#ifndef STS_TEST_WORLD_H
#define STS_TEST_WORLD_H

#include "dnspeer.h"
#include "https.h"

enum {
	WORLD_SERVERS = 8,
	WORLD_VALUES = 4,
	WORLD_VALUE = 640,
	WORLD_NEVER = -1
};

enum world_dns {
	WORLD_DATA = 0,
	WORLD_NODATA,
	WORLD_NXDOMAIN,
	WORLD_SERVFAIL,
	WORLD_REFUSED,
	WORLD_SILENT,
	WORLD_TRUNCATED, /* TC over UDP, data over TCP */
	WORLD_JUNK, /* bytes that are no message, with the right id */
	WORLD_SPOOFED, /* other id, other question, then the data */
	WORLD_ASK /* wait for the test */
};

/* The answer to a question. */
struct world_rr {
	char name[DNSPEER_NAME];
	unsigned type;
	enum world_dns what;
	bool ad;
	uint32_t ttl;
	uint32_t delay_ms;
	unsigned count;
	char value[WORLD_VALUES][WORLD_VALUE];
	unsigned more; /* TXT: unrelated records before these */
};

/* How one name server treats every question. */
enum world_server {
	WORLD_SERVER_UP = 0,
	WORLD_SERVER_SILENT,
	WORLD_SERVER_CLOSED, /* its port is closed */
	WORLD_SERVER_NO_EDNS, /* loses questions with EDNS */
	WORLD_SERVER_FORMERR, /* answers those with an error of a header only */
	WORLD_SERVER_SERVFAIL, /* an error of a header only, whatever comes */
	WORLD_SERVER_NO_TCP /* silent over TCP */
};

enum world_conduct {
	WORLD_HTTPS = 0,
	WORLD_REFUSE,
	WORLD_UNREACHABLE,
	WORLD_NO_ANSWER, /* the connection is never accepted */
	WORLD_MUTE, /* accepted, then silent */
	WORLD_RESET, /* accepted, reset at the first byte */
	WORLD_HANG_UP, /* accepted, then closed */
	WORLD_PLAIN, /* speaks no TLS */
	WORLD_OVERLONG, /* announces a ServerHello beyond our limit */
	WORLD_SCRIPTED /* wait for the test */
};

enum world_end {
	WORLD_END_CLEAN = 0, /* close_notify, then closed */
	WORLD_END_RAW, /* closed without close_notify */
	WORLD_END_RESET,
	WORLD_END_OPEN /* stays open */
};

/* How a host behaves. */
struct world_host {
	struct sts_addr addr; /* port unused */
	enum world_conduct conduct;
	enum https_cert cert;
	enum world_end end;
	uint32_t accept_ms; /* until the connection is made */
	uint32_t delay_ms; /* from the request to the response */
	uint32_t drip_ms; /* > 0: for each byte of the response */
	long cut; /* bytes of the response sent, or WORLD_NEVER: all */
	struct sts_text response; /* stays valid */
};

/* A question that waits. */
struct world_ask {
	bool used, scripted, tcp;
	struct mem_sock *sock; /* NULL: the client has gone */
	struct dnspeer_question q;
	struct world_rr rr; /* not scripted: the answer */
	sts_ms due;
};

/* What happened, for counting: a question, a connection, a request. */
struct world_seen {
	char kind; /* 'q', 'c' or 'r' */
	unsigned type;
	struct sts_addr addr;
	char name[DNSPEER_NAME];
};

struct world {
	struct mem *mem;
	const char *fault;
	enum world_server servers; /* all name servers, */
	unsigned server_count; /* except these */
	struct sts_addr server_addr[WORLD_SERVERS];
	enum world_server server[WORLD_SERVERS];
	struct world_rr *rr;
	unsigned rr_count;
	struct world_host *host;
	unsigned host_count;
	struct world_ask *ask;
	unsigned ask_count;
	struct world_seen *seen;
	unsigned seen_count, seen_size;
	uint8_t *post; /* the last POST, head and body, NUL-terminated */
	size_t post_len;
	sts_ms now;
};

void world_init(struct world *w, struct mem *mem);
void world_end(struct world *w);

/* Set (or replace) the answer to (rr->name, rr->type); set a host. */
void world_set(struct world *w, const struct world_rr *rr);
void world_host(struct world *w, const struct world_host *h);

/* Set how a name server acts from now on; addr NULL: all name servers. */
void world_server(
    struct world *w, const struct sts_addr *addr, enum world_server what);

/* Let every peer do what it can now. Returns whether something moved. */
bool world_step(struct world *w, sts_ms now);

/* When something is due next. Returns false when nothing is. */
bool world_deadline(const struct world *w, sts_ms *at);

/* The oldest question that waits for the test, or NULL. Answer its latest
 * transmission or, with rr NULL, forget it. */
struct world_ask *world_asked(struct world *w);
void world_reply(
    struct world *w, struct world_ask *a, const struct world_rr *rr);

/* The oldest connection that waits for the test, or NULL. Set how it goes
 * on. */
struct mem_sock *world_scripted(struct world *w);
void world_serve(
    struct world *w, struct mem_sock *s, const struct world_host *h);

bool world_same_host(const struct sts_addr *a, const struct sts_addr *b);

#endif
