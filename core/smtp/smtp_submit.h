/* SPDX-License-Identifier: MIT */
/*
 * One mail handed over in one SMTP dialogue: what smtp_probe.h does, then MAIL,
 * RCPT for each recipient, DATA. The message is fed as there is room for it,
 * and never held as a whole. Whatever its line ends are and however its lines
 * begin, they cannot end DATA early.
 *
 * A leaf that wants its owner (sts_smtp_submit_at has the reason):
 *
 *	JUDGE  TLS is there, nothing of the mail was sent: look at
 *	       s->p.found.path and the chain, and call sts_smtp_submit_judged
 *	BODY   sts_smtp_submit_body takes octets of the message; behind the
 *	       last, sts_smtp_submit_body_end
 *	OVER   the results are there: sts_smtp_submit_end
 *
 *	sts_smtp_submit_begin(s, &setup, &mail, now);
 *	... serve sts_smtp_submit_ops; when it wants its owner:
 *	switch (sts_smtp_submit_at(s)) {
 *	case STS_SMTP_SUBMIT_JUDGE:
 *		sts_smtp_submit_judged(s, why);
 *	...
 *
 * Enforcement: with TLS_MUST nothing but EHLO, STARTTLS and QUIT is ever sent
 * outside of TLS, and inside it nothing of the mail before the owner has
 * judged. With TLS_MAY the owner is asked as well, and may accept anything.
 */
#ifndef STS_SMTP_SUBMIT_H
#define STS_SMTP_SUBMIT_H

#include "smtp_probe.h"

/* The outcome for a recipient. */
enum sts_smtp_outcome {
	/* Not decided: the dialogue ended before, or a reply of 4yz. Try
	 * again later. */
	STS_SMTP_LATER = 0,
	STS_SMTP_TAKEN, /* the server has it */
	STS_SMTP_REFUSED, /* 5yz, or not an address that SMTP can carry: do not
			   * try again */
	/* The end of the message was sent and no reply came: the server may
	 * have it. To try again may deliver it twice. */
	STS_SMTP_DOUBT
};

struct sts_smtp_rcpt {
	enum sts_smtp_outcome outcome;
	uint16_t code; /* of the reply that decided, 0: none did */
	struct sts_smtp_status status;
};

/* A mail; borrowed until sts_smtp_submit_end. */
struct sts_smtp_mail {
	struct sts_text from; /* sts_smtp_address_valid, or empty: a bounce */
	const struct sts_text *rcpt; /* 1 <= rcpts <= STS_SMTP_RCPTS_MAX */
	unsigned rcpts;
	uint32_t size; /* octets of the message, 0: not known */
	bool body_8bit; /* octets over 127: refused where not offered */
};

enum sts_smtp_submit_at {
	STS_SMTP_SUBMIT_WORK = 0, /* the owner is not wanted */
	STS_SMTP_SUBMIT_JUDGE,
	STS_SMTP_SUBMIT_BODY,
	STS_SMTP_SUBMIT_OVER
};

/*
 * OVER: p.found has the result of the dialogue, and rcpt that of each
 * recipient. p.found.why is NONE if the server took the mail for one recipient
 * at least; else the first reason against it, those of smtp_probe.h or:
 *
 *	smtp-sender       MAIL refused, or `from` is no address
 *	smtp-recipients   no recipient was taken
 *	smtp-data         DATA, or the message, refused
 *	smtp-unable       the server does not offer what the mail needs: 8BITMIME,
 *	                  its size
 *	x509-..., or the reason given to sts_smtp_submit_judged
 *
 * Whether that is final the recipients' outcomes show: after a reason about
 * connection, greeting or TLS all of them are LATER.
 */
struct sts_smtp_submit {
	struct sts_smtp_probe p; /* readable: p.found */
	struct sts_smtp_rcpt rcpt[STS_SMTP_RCPTS_MAX];

	/* Private. */
	struct sts_smtp_mail mail;
	struct sts_smtp_stuffing stuffing;
	uint32_t accepted; /* recipients, a bit each */
	uint16_t filled; /* octets in p.out that wait for more */
	uint8_t next; /* recipient */
	bool ended; /* the end of the message was put, no reply came yet */
};

/* A leaf; e is a struct sts_smtp_submit. */
extern const struct sts_engine_ops sts_smtp_submit_ops;

/* Begin; s needs no initialisation, but its last use must be over. */
void sts_smtp_submit_begin(struct sts_smtp_submit *s,
    const struct sts_smtp_setup *setup, const struct sts_smtp_mail *mail,
    sts_ms now);

/* Why the owner is wanted. */
enum sts_smtp_submit_at sts_smtp_submit_at(const struct sts_smtp_submit *s);

/* At JUDGE: NONE goes on; any other reason ends the dialogue, every recipient
 * is LATER. */
void sts_smtp_submit_judged(struct sts_smtp_submit *s, enum sts_why why);

/* At BODY: take octets of the message; returns how many, >= 1 if t.n >= 1. */
size_t sts_smtp_submit_body(struct sts_smtp_submit *s, struct sts_text t);

/* At BODY: the message has ended. */
void sts_smtp_submit_body_end(struct sts_smtp_submit *s);

/* Give up, at any time, for this reason. At BODY the message is not ended, so
 * that the server throws it away. */
void sts_smtp_submit_stop(struct sts_smtp_submit *s, enum sts_why why);

/* At OVER, results read: as sts_smtp_probe_end. */
void sts_smtp_submit_end(struct sts_smtp_submit *s);

/* The operations in sts_smtp_submit_ops, for an engine that contains this one
 * (e: a struct that begins with it); the others are sts_smtp_probe_... */
void sts_smtp_submit_opened(void *e);
void sts_smtp_submit_lost(void *e, int why);
void sts_smtp_submit_recv_ack(void *e, struct sts_span got);
void sts_smtp_submit_send_ack(void *e, size_t n);
void sts_smtp_submit_work(void *e);
void sts_smtp_submit_tick(void *e, sts_ms now, int64_t wall_s);

#endif
