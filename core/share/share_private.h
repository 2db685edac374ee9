/* SPDX-License-Identifier: MIT */
/* The functions that the files of core/share share. */
#ifndef STS_SHARE_PRIVATE_H
#define STS_SHARE_PRIVATE_H

#include "share.h"

/* The commands that are in flight, or whose reply is being read. */
enum sts_share_command {
	STS_COMMAND_PUSH = 0, /* no command: nothing is in flight for it */
	STS_COMMAND_SKIP, /* nor for this: an attribute */
	STS_COMMAND_HELLO,
	STS_COMMAND_AUTH,
	STS_COMMAND_SELECT,
	STS_COMMAND_TRACKING,
	STS_COMMAND_SENTINEL,
	STS_COMMAND_SCAN,
	STS_COMMAND_GET,
	STS_COMMAND_SET,
	STS_COMMAND_DEL,
	STS_COMMAND_PING
};

/* share_steps.c */
/* Close whatever is open; the state is CLOSING. */
void sts_share_close(struct sts_share *s);
/* Forget what was being read, and its stage. */
void sts_share_reply_clear(struct sts_share *s);
void sts_share_drop_stage(struct sts_share *s);
/* The connection is of no more use: close it and begin again, with CONFIG not
 * before a minute has passed, with MOVED at once, to s->target. */
enum sts_share_trouble {
	STS_TROUBLE_PATH, /* the connection, or what came over it */
	STS_TROUBLE_CONFIG,
	STS_TROUBLE_SERVER, /* this server is not the right one: try the next */
	STS_TROUBLE_MOVED
};
void sts_share_fail(
    struct sts_share *s, enum sts_share_trouble trouble, enum sts_why why);
/* If the connection has lasted for long, forget earlier failures. */
void sts_share_settled(struct sts_share *s);
/* The connection is established, over TLS if the setup wants that. */
void sts_share_greet(struct sts_share *s);
/* HELLO was answered; old: the server does not know it. */
void sts_share_greeted(struct sts_share *s, bool old);
/* Sentinel has named the master: s->target. */
void sts_share_master(struct sts_share *s);
/* The last command of SETUP was answered. */
void sts_share_ready(struct sts_share *s);

/* share_literal.c */
/* An IPv4 or IPv6 address, the latter perhaps in brackets, without a scope.
 * False: it is none, and *a is unchanged. */
bool sts_share_literal(struct sts_text host, uint16_t port, struct sts_addr *a);

/* share_send.c */
void sts_share_send_clear(struct sts_share *s);
/* The commands that begin a connection. */
void sts_share_send_hello(struct sts_share *s);
void sts_share_send_auth(struct sts_share *s);
void sts_share_send_sentinel(struct sts_share *s);
void sts_share_send_setup(struct sts_share *s);
/* Put as many commands into s->out as there are and as it has room for. */
void sts_share_fill(struct sts_share *s);
/* Whether anything is being sent: what waits in s->out, or the rest of a
 * value. */
bool sts_share_sends(const struct sts_share *s);
/* A reply is whole: take its command, the first, out of those in flight. */
void sts_share_landed(struct sts_share *s);

/* share_reply.c */
/* Read s->in until it is used up, there is a result, or the connection has
 * failed. */
void sts_share_read(struct sts_share *s);

#endif
