/* SPDX-License-Identifier: MIT */
/*
 * One mail, behind the READY of smtp_probe.c:
 *
 *	MAIL --2yz--> RCPT, each --> DATA --354--> BODY ... end --2yz--> TAKEN
 *
 * `accepted` are the recipients that RCPT took: what becomes of the message
 * becomes of them. Invariant: once `ended`, and sent, they are in DOUBT until the
 * reply to the end of the message decides.
 */
#include "smtp_submit.h"

#include <string.h>

#include "../base/assert.h"

STS_STATIC_ASSERT(STS_SMTP_RCPTS_MAX <= 32, smtp_a_bit_a_recipient);

enum {
	CODE_START = 354,
	/* What is kept free of out while octets are put: a dot or a line end,
	 * then the end of the message. */
	KEPT_FREE = 2 + STS_SMTP_STUFF_END
};

/* Settle the outcome of these recipients, by that reply; NULL: by none. */
static void
settle(struct sts_smtp_submit *s, uint32_t which, enum sts_smtp_outcome outcome,
    const struct sts_smtp_reply *r)
{
	struct sts_smtp_rcpt *rcpt = s->rcpt;

	for (; which != 0; which >>= 1, rcpt++) {
		if ((which & 1) == 0) {
			continue;
		}
		rcpt->outcome = outcome;
		if (r != NULL) {
			rcpt->code = r->code;
			rcpt->status = r->status;
		}
	}
}

/* All recipients of the mail. */
static uint32_t
all(const struct sts_smtp_submit *s)
{
	return UINT32_MAX >> (32 - s->mail.rcpts);
}

/* The reply at hand decides for these recipients. Only what comes behind the
 * message says that it was taken. */
static void
settle_by_reply(struct sts_smtp_submit *s, uint32_t which)
{
	unsigned class = s->p.reply.code / 100;

	settle(s, which,
	    class == 5                                 ? STS_SMTP_REFUSED
	    : class == 2 && s->p.step == STS_SMTP_BODY ? STS_SMTP_TAKEN
						       : STS_SMTP_LATER,
	    &s->p.reply);
}

/* We refuse, and no reply of the server: the mail cannot be handed over. */
static void
give_up(struct sts_smtp_submit *s, enum sts_why why)
{
	settle(s, all(s), STS_SMTP_REFUSED, NULL);
	sts_smtp_probe_quit(&s->p, why, false);
}

static void
put(struct sts_smtp_submit *s, enum sts_smtp_step step, enum sts_smtp_verb verb)
{
	sts_smtp_probe_put(&s->p, step,
	    sts_smtp_command(s->p.out, verb, sts_text(NULL, 0), NULL), true);
}

/* Send RCPT for the next recipient that can be written, or DATA. */
static void
next_rcpt(struct sts_smtp_submit *s)
{
	for (; s->next < s->mail.rcpts; s->next++) {
		size_t len = sts_smtp_command(
		    s->p.out, STS_SMTP_VERB_RCPT, s->mail.rcpt[s->next], NULL);

		if (len > 0) {
			sts_smtp_probe_put(&s->p, STS_SMTP_RCPT, len, true);
			return;
		}
		settle(s, (uint32_t)1 << s->next, STS_SMTP_REFUSED, NULL);
	}
	if (s->accepted != 0) {
		put(s, STS_SMTP_DATA, STS_SMTP_VERB_DATA);
	} else {
		sts_smtp_probe_quit(
		    &s->p, STS_WHY_SMTP_RECIPIENTS, s->p.step == STS_SMTP_RCPT);
	}
}

/* The server's offers; inside TLS, those that it made there. */
static const struct sts_smtp_ehlo *
offered(const struct sts_smtp_submit *s)
{
	return s->p.in_tls ? &s->p.found.again : &s->p.found.plain;
}

static bool
is_able(const struct sts_smtp_submit *s)
{
	const struct sts_smtp_mail *m = &s->mail;
	const struct sts_smtp_ehlo *e = offered(s);

	if (m->body_8bit && (e->offers & STS_SMTP_8BITMIME) == 0) {
		return false;
	}
	return e->size_max == 0 || m->size <= e->size_max;
}

static void
begin_mail(struct sts_smtp_submit *s)
{
	struct sts_smtp_params params = { 0, s->mail.body_8bit };
	size_t len;

	if (!is_able(s)) {
		give_up(s, STS_WHY_SMTP_UNABLE);
		return;
	}
	if ((offered(s)->offers & STS_SMTP_SIZE) != 0) {
		params.size = s->mail.size;
	}
	len = sts_smtp_command(
	    s->p.out, STS_SMTP_VERB_MAIL, s->mail.from, &params);
	if (len > 0) {
		sts_smtp_probe_put(&s->p, STS_SMTP_MAIL, len, true);
	} else {
		give_up(s, STS_WHY_SMTP_SENDER);
	}
}

static void
take_mail(struct sts_smtp_submit *s)
{
	if (s->p.reply.code / 100 == 2) {
		next_rcpt(s);
	} else {
		settle_by_reply(s, all(s));
		sts_smtp_probe_quit(&s->p, STS_WHY_SMTP_SENDER, true);
	}
}

static void
take_rcpt(struct sts_smtp_submit *s)
{
	if (s->p.reply.code / 100 == 2) {
		s->accepted |= (uint32_t)1 << s->next;
	} else {
		settle_by_reply(s, (uint32_t)1 << s->next);
	}
	s->next++;
	next_rcpt(s);
}

/* DATA was answered: only 354 lets the message begin. */
static void
take_data(struct sts_smtp_submit *s)
{
	if (s->p.reply.code == CODE_START) {
		sts_smtp_probe_room(&s->p);
		return;
	}
	settle_by_reply(s, s->accepted);
	sts_smtp_probe_quit(&s->p, STS_WHY_SMTP_DATA, true);
}

static void
take_end(struct sts_smtp_submit *s)
{
	bool taken = s->p.reply.code / 100 == 2;

	s->ended = false;
	settle_by_reply(s, s->accepted);
	sts_smtp_probe_quit(
	    &s->p, taken ? STS_WHY_NONE : STS_WHY_SMTP_DATA, !taken);
}

static void
take_reply(struct sts_smtp_submit *s)
{
	switch ((enum sts_smtp_step)s->p.step) {
	case STS_SMTP_MAIL:
		take_mail(s);
		break;
	case STS_SMTP_RCPT:
		take_rcpt(s);
		break;
	case STS_SMTP_DATA:
		take_data(s);
		break;
	default:
		STS_ASSERT(s->p.step == STS_SMTP_BODY);
		take_end(s);
		break;
	}
}

/* The dialogue has moved: go on as far as possible, step by step, which ends.
 */
static void
react(struct sts_smtp_submit *s)
{
	while (s->p.at == STS_SMTP_AT_READY || s->p.at == STS_SMTP_AT_REPLY) {
		if (s->p.at == STS_SMTP_AT_READY) {
			begin_mail(s);
		} else {
			take_reply(s);
		}
	}
	if (s->p.at == STS_SMTP_AT_END && s->ended) {
		s->ended = false;
		settle(s, s->accepted,
		    s->p.unsent ? STS_SMTP_LATER : STS_SMTP_DOUBT, NULL);
	}
}

void
sts_smtp_submit_opened(void *e)
{
	sts_smtp_probe_opened(e);
	react(e);
}

void
sts_smtp_submit_lost(void *e, int why)
{
	sts_smtp_probe_lost(e, why);
	react(e);
}

void
sts_smtp_submit_recv_ack(void *e, struct sts_span got)
{
	sts_smtp_probe_recv_ack(e, got);
	react(e);
}

void
sts_smtp_submit_send_ack(void *e, size_t n)
{
	sts_smtp_probe_send_ack(e, n);
	react(e);
}

void
sts_smtp_submit_work(void *e)
{
	sts_smtp_probe_work(e);
	react(e);
}

void
sts_smtp_submit_tick(void *e, sts_ms now, int64_t wall_s)
{
	sts_smtp_probe_tick(e, now, wall_s);
	react(e);
}

const struct sts_engine_ops sts_smtp_submit_ops = {
	.wants = sts_smtp_probe_wants,
	.peer = sts_smtp_probe_peer,
	.opened = sts_smtp_submit_opened,
	.lost = sts_smtp_submit_lost,
	.recv_buf = sts_smtp_probe_recv_buf,
	.recv_ack = sts_smtp_submit_recv_ack,
	.send_buf = sts_smtp_probe_send_buf,
	.send_ack = sts_smtp_submit_send_ack,
	.work = sts_smtp_submit_work,
	.tick = sts_smtp_submit_tick,
	.deadline = sts_smtp_probe_deadline,
};

void
sts_smtp_submit_begin(struct sts_smtp_submit *s,
    const struct sts_smtp_setup *setup, const struct sts_smtp_mail *mail,
    sts_ms now)
{
	STS_ASSERT(mail->rcpts >= 1 && mail->rcpts <= STS_SMTP_RCPTS_MAX);
	memset(s, 0, sizeof *s);
	s->mail = *mail;
	sts_smtp_probe_begin(&s->p, setup, now);
	s->p.stays = true;
}

enum sts_smtp_submit_at
sts_smtp_submit_at(const struct sts_smtp_submit *s)
{
	static const uint8_t at[] = {
		[STS_SMTP_AT_JUDGE] = STS_SMTP_SUBMIT_JUDGE,
		[STS_SMTP_AT_ROOM] = STS_SMTP_SUBMIT_BODY,
		[STS_SMTP_AT_END] = STS_SMTP_SUBMIT_OVER,
	};

	return s->p.at == STS_SMTP_AT_END && s->p.channel
		   ? STS_SMTP_SUBMIT_WORK
		   : (enum sts_smtp_submit_at)at[s->p.at];
}

void
sts_smtp_submit_judged(struct sts_smtp_submit *s, enum sts_why why)
{
	sts_smtp_probe_judged(&s->p, why);
	react(s);
}

size_t
sts_smtp_submit_body(struct sts_smtp_submit *s, struct sts_text t)
{
	struct sts_span room = { s->p.out + s->filled,
		sizeof s->p.out - STS_SMTP_STUFF_END - s->filled };
	size_t made, used;

	STS_ASSERT(s->p.at == STS_SMTP_AT_ROOM);
	used = sts_smtp_stuff(&s->stuffing, t, room, &made);
	s->filled = (uint16_t)(s->filled + made);
	if (sizeof s->p.out - s->filled < KEPT_FREE) {
		size_t len = s->filled;

		s->filled = 0;
		sts_smtp_probe_put(&s->p, STS_SMTP_BODY, len, false);
		react(s);
	}
	return used;
}

void
sts_smtp_submit_body_end(struct sts_smtp_submit *s)
{
	size_t len = s->filled;

	STS_ASSERT(s->p.at == STS_SMTP_AT_ROOM);
	len += sts_smtp_stuff_end(&s->stuffing, s->p.out + len);
	s->filled = 0;
	s->ended = true;
	sts_smtp_probe_put(&s->p, STS_SMTP_BODY, len, true);
	s->p.until += STS_SMTP_MAIL_MS; /* RFC 5321 4.5.3.2.6 */
	react(s);
}

void
sts_smtp_submit_stop(struct sts_smtp_submit *s, enum sts_why why)
{
	sts_smtp_probe_stop(&s->p, why);
	react(s);
}

void
sts_smtp_submit_end(struct sts_smtp_submit *s)
{
	sts_smtp_probe_end(&s->p);
}
