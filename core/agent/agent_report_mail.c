/* SPDX-License-Identifier: MIT */
/*
 * TLS reporting: a report by mail (RFC 8460 5.3), handed over to the operator's
 * relay: the steps STARTS and SENDS of agent_report_send.c. The last part makes
 * the submission a leaf that rests while there is no mail, since
 * core/smtp/smtp_submit.h has no such state.
 *
 *	busy                the submission is under way (SENDS)
 *	busy and held       its last octet waits until the board has written
 *	                    down that the report leaves
 *
 * Invariants: `rcpt` and `letter` stay as they are while busy, for the
 * submission and the text borrow them. piece[piece_off..piece_len) is what the
 * submission has not taken. The mail ends only after sts_agent_report_may_end,
 * so a restart in between sends no report twice; a mail in doubt counts as
 * delivered for the same reason.
 *
 * The attacker chooses the recipient, never the server: only the operator's
 * relay is connected to. Its refusal of an address (5xx, but not of the sender)
 * is final for the report, and pauses that address, so that a record full of
 * invalid addresses costs the relay little.
 */
#include <string.h>

#include "agent.h"
#include "agent_report_files.h"
#include "../base/assert.h"

/* Whether the address at hand gets mail: there is a relay, which has not
 * refused the address of late. */
bool
sts_agent_report_mail_may(const struct sts_agent *a)
{
	const struct sts_agent_report *r = a->reporter;

	return r->settings->reporter->relay.af != STS_AF_NONE &&
	       !sts_agent_report_paused(a, sts_agent_report_destination(r));
}

static bool
is_loopback(const struct sts_addr *addr)
{
	static const uint8_t one[16] = { [15] = 1 };

	return addr->af == STS_AF_INET ? addr->ip[0] == 127
				       : memcmp(addr->ip, one, 16) == 0;
}

void
sts_agent_report_mail_start(struct sts_agent *a)
{
	struct sts_agent_report *r = a->reporter;
	const struct sts_reporter *who = r->settings->reporter;
	struct sts_smtp_setup setup;
	struct sts_smtp_mail mail;

	memset(&setup, 0, sizeof setup);
	setup.addr = who->relay;
	setup.helo =
	    sts_smtp_helo_valid(who->host) ? who->host : r->config.submitter;
	setup.starttls =
	    is_loopback(&who->relay) ? STS_SMTP_TLS_NEVER : STS_SMTP_TLS_MAY;
	setup.host = r->config.submitter;
	setup.tls = r->tls;
	setup.anchors = r->settings->anchors;
	setup.common = a->root.common;
	setup.wall_s = sts_clock_cert_s(&a->clock);
	if (setup.wall_s < 0) {
		sts_agent_report_settle(a, STS_REPORT_LATER);
		return;
	}
	sts_random_take(&a->random, setup.rnd, sizeof setup.rnd);
	r->rcpt = sts_text(r->to.address, r->to.address_len);
	memset(&mail, 0, sizeof mail);
	mail.from = r->config.contact;
	mail.rcpt = &r->rcpt;
	mail.rcpts = 1;
	r->letter.to = r->rcpt;
	r->letter.now_s = sts_agent_now_s(a);
	r->letter.random = sts_siphash(setup.rnd, r->rcpt);
	r->piece_off = r->piece_len = 0;
	sts_report_mail_begin(
	    &r->text, &r->tally, r->ref, &r->config, &r->letter);
	sts_smtp_submit_begin(&r->mail.submit, &setup, &mail, a->now);
	sts_wipe(setup.rnd, sizeof setup.rnd);
	r->mail.busy = true;
	r->mail.held = false;
	r->step = STS_REPORT_SENDS;
	sts_agent_report_stir(a, STS_REPORT_CHILD_MAIL);
}

/* The submission takes octets of the mail: give it the rest of the piece at
 * hand, or the next one. The end is held back until the board has written its
 * mark. */
static void
write_mail(struct sts_agent_report *r)
{
	struct sts_smtp_submit *s = &r->mail.submit;

	if (r->piece_off == r->piece_len) {
		r->piece_off = 0;
		r->piece_len = (uint16_t)sts_report_mail_read(
		    &r->text, sts_span(r->piece, sizeof r->piece));
	}
	if (r->piece_len > 0) {
		r->piece_off =
		    (uint16_t)(r->piece_off +
			       sts_smtp_submit_body(s,
				   sts_text(r->piece + r->piece_off,
				       (size_t)r->piece_len - r->piece_off)));
	} else if (sts_agent_report_may_end(r)) {
		sts_smtp_submit_body_end(s);
	} else {
		r->mail.held = true;
	}
}

/* Whether the relay has refused our own address, which says nothing about the
 * report's destination: it is tried again, for the operator may mend that. */
static bool
sender_refused(const struct sts_smtp_submit *s)
{
	return s->p.found.why == STS_WHY_SMTP_SENDER;
}

static enum sts_report_outcome
judge_mail(const struct sts_smtp_submit *s)
{
	switch (s->rcpt[0].outcome) {
	case STS_SMTP_TAKEN:
	case STS_SMTP_DOUBT:
		return STS_REPORT_HAS_IT;
	case STS_SMTP_REFUSED:
		return sender_refused(s) ? STS_REPORT_LATER : STS_REPORT_NEVER;
	default:
		return STS_REPORT_LATER;
	}
}

/* The submission has ended: count the mail, pause an address that was refused
 * for good, settle the outcome. */
static void
mail_over(struct sts_agent *a)
{
	struct sts_agent_report *r = a->reporter;
	enum sts_report_outcome outcome = judge_mail(&r->mail.submit);
	struct sts_text domain =
	    sts_text(r->to.address + r->to.address_len - r->to.domain_len,
		r->to.domain_len);

	if (outcome == STS_REPORT_HAS_IT) {
		sts_agent_report_count(a, &r->today.mailed, domain, 1);
	}
	r->post.code = r->mail.submit.rcpt[0].code;
	if (r->post.code / 100 == 5 && !sender_refused(&r->mail.submit)) {
		sts_agent_report_pause(a, sts_agent_report_destination(r));
	}
	sts_agent_report_settle(a, outcome);
	sts_smtp_submit_end(&r->mail.submit);
	r->mail.busy = false;
}

void
sts_agent_report_mail_child(struct sts_agent *a)
{
	struct sts_agent_report *r = a->reporter;

	switch (sts_smtp_submit_at(&r->mail.submit)) {
	case STS_SMTP_SUBMIT_JUDGE:
		/* The relay is the operator's and reached by its address: a
		 * connection with any certificate is better than one without
		 * TLS. */
		sts_smtp_submit_judged(&r->mail.submit, STS_WHY_NONE);
		break;
	case STS_SMTP_SUBMIT_BODY:
		write_mail(r);
		break;
	case STS_SMTP_SUBMIT_OVER:
		mail_over(a);
		break;
	default:
		STS_ASSERT(false);
	}
}

static unsigned
mail_wants(const void *e)
{
	const struct sts_report_leaf *m = e;
	unsigned wants = m->busy ? sts_smtp_probe_wants(e) : 0;

	return m->held && sts_smtp_submit_at(&m->submit) == STS_SMTP_SUBMIT_BODY
		   ? wants & ~(unsigned)STS_WANT_OWNER
		   : wants;
}

static void
mail_tick(void *e, sts_ms now, int64_t wall_s)
{
	const struct sts_report_leaf *m = e;

	if (m->busy) {
		sts_smtp_submit_tick(e, now, wall_s);
	}
}

static bool
mail_deadline(const void *e, sts_ms *at)
{
	const struct sts_report_leaf *m = e;

	return m->busy && sts_smtp_probe_deadline(e, at);
}

/* The submission's, but for wants, tick and deadline: a table that is constant
 * cannot be made of another one. */
const struct sts_engine_ops sts_report_leaf_ops = {
	.wants = mail_wants,
	.peer = sts_smtp_probe_peer,
	.opened = sts_smtp_submit_opened,
	.lost = sts_smtp_submit_lost,
	.recv_buf = sts_smtp_probe_recv_buf,
	.recv_ack = sts_smtp_submit_recv_ack,
	.send_buf = sts_smtp_probe_send_buf,
	.send_ack = sts_smtp_submit_send_ack,
	.work = sts_smtp_submit_work,
	.tick = mail_tick,
	.deadline = mail_deadline,
};
