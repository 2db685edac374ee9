/* SPDX-License-Identifier: MIT */
/*
 * One SMTP dialogue with one address, as far as every dialogue goes: greeting,
 * EHLO, STARTTLS, handshake, EHLO again. Then it ends with QUIT (a probe: no
 * MAIL, no RCPT), or goes on with a mail (smtp_submit.h).
 *
 * A leaf (core/base/io.h). Its owner serves what sts_smtp_probe_ops
 * wants, until it wants its owner:
 *
 *	setup = { .addr = ..., .helo = ..., .host = ..., .tls = ...};
 *	sts_smtp_probe_begin(p, &setup, now);
 *	... until wants() has STS_WANT_OWNER:
 *	p->found holds what was found
 *	sts_smtp_probe_end(p);
 *
 * What is never done: a command before the last line of the greeting, which
 * servers punish; two commands at once; TLS begun with octets that came before
 * it (RFC 3207 4.2, CVE-2011-0411 and its kin): a server that sends anything
 * behind its 220 to STARTTLS is reported as smtp-injected. What EHLO offered
 * before TLS is forgotten after it.
 *
 * The certificates of the server do not decide whether the handshake goes on:
 * they are collected, the handshake proves that the server has the key of the
 * first one, and `found.path` is the verdict of WebPKI for setup.host. Whether
 * that matters the owner decides, or a TLSA record that matches one of
 * setup.chain.
 */
#ifndef STS_SMTP_PROBE_H
#define STS_SMTP_PROBE_H

#include "../../tls/session.h"
#include "../base/io.h"
#include "smtp.h"

/* Whether TLS is wanted. */
enum sts_smtp_tls {
	STS_SMTP_TLS_MUST = 0, /* without it nothing goes on */
	STS_SMTP_TLS_MAY, /* STARTTLS if it is offered; a server that refuses
	                     it is served without. A handshake that fails ends
	                     the dialogue all the same */
	STS_SMTP_TLS_NEVER, /* STARTTLS is not asked for */
	STS_SMTP_TLS_FIRST /* TLS before the greeting (RFC 8314 3.3): port 465
	                      of one's own hosts, never of an MX */
};

/* What a dialogue is about. Everything it points to is borrowed until
 * sts_smtp_probe_end. */
struct sts_smtp_setup {
	enum sts_smtp_tls starttls;
	struct sts_text helo; /* our own name: sts_smtp_helo_valid */
	struct sts_addr addr;

	/* Not looked at with TLS_NEVER. */
	struct sts_text host; /* the MX host: SNI and reference name, a valid
	                         name, lower-case */
	struct sts_tls *tls; /* sts_tls_size() octets of its own */
	const struct sts_anchors *anchors;
	struct sts_tls_common *common; /* or NULL */
	struct sts_tls_chain *chain; /* the certificates; NULL: not kept */
	enum sts_tls_keys keys; /* certificates that are asked for */
	int64_t wall_s; /* under which dates are judged, >= 0 */
	uint8_t rnd[STS_TLS_RND]; /* fresh random octets */
};

/* How far a dialogue came: what was awaited when it ended. */
enum sts_smtp_step {
	STS_SMTP_CONNECT = 0,
	STS_SMTP_HANDSHAKE,
	STS_SMTP_GREETING,
	STS_SMTP_EHLO,
	STS_SMTP_HELO,
	STS_SMTP_ASK_TLS, /* the reply to STARTTLS */
	STS_SMTP_MAIL,
	STS_SMTP_RCPT,
	STS_SMTP_DATA,
	STS_SMTP_BODY, /* the message, and the reply to its end */
	STS_SMTP_QUIT
};

/*
 * What was found. `why` is NONE when all went well to the end: with MUST or
 * FIRST, TLS. If it is a reason that a reply gave, code, status and text are
 * that reply's; else code is 0.
 *
 *	connect-refused, connect-timeout, connect-failed, busy
 *	smtp-no-greeting         no (whole) greeting in time
 *	smtp-greeting-later      a greeting of 4yz, 421 among them
 *	smtp-greeting-refused    554 or another that is not 220
 *	smtp-ehlo                EHLO refused: 4yz; or HELO, too. With tls: the
 *	                         EHLO after TLS, and TLS itself is all right
 *	smtp-no-starttls         not offered (definitely)
 *	smtp-masked              not offered, and a middlebox is seen at work
 *	smtp-starttls-later      454 or another 4yz: distinct from not offered
 *	smtp-starttls-refused    any other reply but 220
 *	smtp-injected            octets in the clear behind the 220 of STARTTLS
 *	smtp-malformed, smtp-reply-large, smtp-unasked (octets behind a reply)
 *	smtp-timeout, smtp-closed, peer-reset
 *	tls-..., x509-... (of the first certificate, which cannot be used); alert
 *
 * Only smtp-no-starttls, smtp-masked and smtp-starttls-refused mean that the
 * server definitely has no TLS for us; tls/session.h has what TLS
 * reasons are worth; after all others nobody can tell (sts_smtp_starttls).
 */
struct sts_smtp_found {
	enum sts_why why;
	enum sts_smtp_step step;
	uint16_t code;
	struct sts_smtp_status status;

	bool greeted; /* by 220 */
	bool hello; /* EHLO or HELO was answered, without TLS */
	bool helo_only; /* EHLO was refused, HELO was not */
	uint16_t starttls_code; /* the reply to STARTTLS, 0: none */

	bool tls; /* the handshake is complete */
	bool ecdsa; /* tls: the key of the certificate; else RSA */
	uint8_t alert; /* tls-...: the server's fatal alert, 0: none */
	uint16_t tls_version; /* tls: 0x0303, 0x0304 */
	enum sts_why path; /* tls: verdict of the path, NONE: trusted */

	struct sts_smtp_ehlo plain; /* offered without TLS */
	struct sts_smtp_ehlo again; /* offered inside TLS */

	/* When the first and the last line of the greeting came, in ms since
	 * the connection was made. A server that talks first and then is
	 * silent has a gap between them. */
	uint32_t banner_ms, greeting_ms;
	uint8_t text_len, banner_len;
	uint8_t text[STS_SMTP_TEXT]; /* code: of that reply's first line */
	uint8_t banner[STS_SMTP_TEXT]; /* the greeting's first line */
};

/* What happens now; a probe is in WORK or END, the rest is for smtp_submit.c.
 */
enum sts_smtp_at {
	STS_SMTP_AT_WORK, /* the dialogue goes on by itself */
	STS_SMTP_AT_JUDGE, /* TLS is there: judged */
	STS_SMTP_AT_READY, /* EHLO is over: put, or quit */
	STS_SMTP_AT_REPLY, /* p->reply came: put, room, or quit */
	STS_SMTP_AT_ROOM, /* out is free, no reply is awaited: put, or quit */
	STS_SMTP_AT_END /* found is complete, the channel is closing or gone */
};

struct sts_smtp_probe {
	/* Private. In front, where code on small machines reaches them. */
	uint8_t at, step;
	bool stays; /* a mail follows: JUDGE and READY wait */
	bool channel, opened, in_tls, decided;
	bool awaits; /* a reply */
	bool records; /* octets came for TLS */
	bool replied; /* the reply is whole, and may be provisional */
	bool unsent; /* octets of out wait in a TLS record; at the end: not
		      * all of out has left */
	uint16_t out_off, out_len;
	sts_ms now, connected, until;
	struct sts_smtp_setup setup;

	struct sts_smtp_found found; /* when the owner is wanted */

	/* Private. */
	struct sts_smtp_reply reply;
	uint8_t out[STS_SMTP_OUT];
};

/* A leaf; e is a struct sts_smtp_probe. It wants its owner when it is over and
 * its channel closed. */
extern const struct sts_engine_ops sts_smtp_probe_ops;

/* Begin; p needs no initialisation, but its last use must be over. */
void sts_smtp_probe_begin(
    struct sts_smtp_probe *p, const struct sts_smtp_setup *setup, sts_ms now);

/* Give up, for this reason; found follows once the channel is closed. */
void sts_smtp_probe_stop(struct sts_smtp_probe *p, enum sts_why why);

/* found was read: keys and octets of the peer are overwritten (the chain is
 * the owner's). */
void sts_smtp_probe_end(struct sts_smtp_probe *p);

/*
 * Whether the server offers STARTTLS: FOUND (also when the handshake failed),
 * ABSENT, or UNKNOWN: nobody can tell.
 */
enum sts_found sts_smtp_starttls(const struct sts_smtp_found *f);

/*
 * For smtp_submit.c, which sets p->stays, and whose engine these are a part of
 * (e: a struct that begins with the probe). judged: NONE goes on. put: send
 * len octets of p->out, then await a reply, or ROOM. room: no reply is
 * awaited, out is free. quit: this is the result; by_reply: of p->reply.
 */
void sts_smtp_probe_judged(struct sts_smtp_probe *p, enum sts_why why);
void sts_smtp_probe_put(
    struct sts_smtp_probe *p, enum sts_smtp_step step, size_t len, bool awaits);
void sts_smtp_probe_room(struct sts_smtp_probe *p);
void sts_smtp_probe_quit(
    struct sts_smtp_probe *p, enum sts_why why, bool by_reply);

/* The operations of a leaf (core/base/io.h). */
unsigned sts_smtp_probe_wants(const void *e);
const struct sts_addr *sts_smtp_probe_peer(const void *e);
void sts_smtp_probe_opened(void *e);
void sts_smtp_probe_lost(void *e, int why);
struct sts_span sts_smtp_probe_recv_buf(const void *e, struct sts_span lent);
void sts_smtp_probe_recv_ack(void *e, struct sts_span got);
struct sts_text sts_smtp_probe_send_buf(const void *e, struct sts_span lent);
void sts_smtp_probe_send_ack(void *e, size_t n);
void sts_smtp_probe_work(void *e);
void sts_smtp_probe_tick(void *e, sts_ms now, int64_t wall_s);
bool sts_smtp_probe_deadline(const void *e, sts_ms *at);

#endif
