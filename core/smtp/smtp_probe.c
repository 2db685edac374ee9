/* SPDX-License-Identifier: MIT */
/*
 * The dialogue, a step a command:
 *
 *	CONNECT --> GREETING --220--> EHLO --250--> ASK_TLS --220--> HANDSHAKE
 *	                               |5yz          |               |
 *	                               v             | (MAY: or not) v
 *	                              HELO --250-----+             JUDGE
 *	                                             v               |
 *	              MAIL, RCPT, DATA, BODY <---- READY <--250--- EHLO
 *	                               |             |
 *	                               +---> QUIT <--+        (FIRST: HANDSHAKE,
 *	                                       |              JUDGE, then GREETING)
 *	                                      END
 *
 * Octets are sent from `out` and read into `reply`, through TLS once in_tls.
 *
 * Invariants: `decided` means that found.why is final, and nothing but QUIT or
 * an alert is sent from then on. A command of a mail is only written in READY
 * and behind it; with MUST and FIRST that is in TLS. At most one command waits
 * for its reply, and nothing is taken for a reply while octets of a command wait
 * in `out` (not: in a TLS record that is being sent). The channel exists, or is
 * being opened, while `channel`.
 */
#include "smtp_probe.h"

#include <string.h>

#include "../base/assert.h"

STS_STATIC_ASSERT(
    (int)STS_SMTP_OUT >= (int)STS_SMTP_COMMAND_MAX, smtp_out_holds_a_command);

enum {
	CODE_GREETING = 220,
	CODE_OK = 250,
	/* The types of TLS records (RFC 8446 5.1). */
	RECORD_FIRST = 20,
	RECORD_LAST = 23
};

/* The result is final. by_reply: because of the reply at hand, which found.text
 * has already. */
static void
decide(struct sts_smtp_probe *p, enum sts_why why, bool by_reply)
{
	struct sts_smtp_found *f = &p->found;

	if (p->decided) {
		return;
	}
	p->decided = true;
	f->why = why;
	f->step = (enum sts_smtp_step)p->step;
	if (by_reply) {
		f->code = p->reply.code;
		f->status = p->reply.status;
	} else {
		f->text_len = 0;
	}
}

static size_t
left_to_send(const struct sts_smtp_probe *p)
{
	return (size_t)(p->out_len - p->out_off);
}

/* End the dialogue without sending anything more. */
static void
end(struct sts_smtp_probe *p, enum sts_why why)
{
	decide(p, why, false);
	p->at = STS_SMTP_AT_END;
	p->unsent = p->unsent || left_to_send(p) > 0;
	p->out_off = p->out_len = 0;
}

/* Send the octets in out; then a reply is awaited, or out has room again. */
static void
send_out(struct sts_smtp_probe *p, size_t len, bool awaits)
{
	STS_ASSERT(len > 0);
	p->out_off = 0;
	p->out_len = (uint16_t)len;
	p->awaits = awaits;
	p->replied = false;
	p->at = STS_SMTP_AT_WORK;
	sts_smtp_reply_start(&p->reply);
}

static void
send_command(
    struct sts_smtp_probe *p, enum sts_smtp_step step, enum sts_smtp_verb verb)
{
	bool names = verb <= STS_SMTP_VERB_HELO;
	size_t len = sts_smtp_command(
	    p->out, verb, names ? p->setup.helo : sts_text(NULL, 0), NULL);

	send_out(p, len, true);
	p->step = (uint8_t)step;
	p->until = p->now + (step == STS_SMTP_QUIT ? STS_SMTP_QUIT_MS
						   : STS_SMTP_REPLY_MS);
}

/* The result is final; end the dialogue with QUIT. */
static void
quit(struct sts_smtp_probe *p, enum sts_why why, bool by_reply)
{
	decide(p, why, by_reply);
	send_command(p, STS_SMTP_QUIT, STS_SMTP_VERB_QUIT);
}

/* The reply at hand refuses the command: `later` is the reason for 4yz, `why`
 * for any other code. */
static void
refused(struct sts_smtp_probe *p, enum sts_why later, enum sts_why why)
{
	quit(p, p->reply.code / 100 == 4 ? later : why, true);
}

/* All that a probe wants is known. */
static void
ready(struct sts_smtp_probe *p)
{
	if (p->stays) {
		p->at = STS_SMTP_AT_READY;
	} else {
		quit(p, STS_WHY_NONE, false);
	}
}

/* ---- TLS ---- */

static void
begin_tls(struct sts_smtp_probe *p)
{
	struct sts_smtp_setup *u = &p->setup;

	sts_tls_start(u->tls, u->host, u->anchors, u->wall_s, u->rnd);
	if (u->common != NULL) {
		sts_tls_use_common(u->tls, u->common);
	}
	sts_tls_collect(u->tls, u->chain);
	sts_tls_use_keys(u->tls, u->keys);
	sts_wipe(u->rnd, sizeof u->rnd);
	p->in_tls = true;
	p->step = STS_SMTP_HANDSHAKE;
	p->until = p->now + STS_SMTP_REPLY_MS;
}

static void
await_greeting(struct sts_smtp_probe *p)
{
	sts_smtp_reply_start(&p->reply);
	p->awaits = true;
	p->step = STS_SMTP_GREETING;
	p->until = p->now + STS_SMTP_GREETING_MS;
}

/* TLS is established: send what may be sent only inside of it. */
static void
go_on_in_tls(struct sts_smtp_probe *p)
{
	p->at = STS_SMTP_AT_WORK;
	if (p->setup.starttls == STS_SMTP_TLS_FIRST) {
		await_greeting(p);
	} else {
		send_command(p, STS_SMTP_EHLO, STS_SMTP_VERB_EHLO);
	}
}

static void
note_established(struct sts_smtp_probe *p)
{
	struct sts_smtp_found *f = &p->found;

	f->tls = true;
	f->tls_version = sts_tls_version(p->setup.tls);
	f->ecdsa = sts_tls_ecdsa(p->setup.tls);
	f->path = sts_tls_path(p->setup.tls);
	if (p->stays) {
		p->at = STS_SMTP_AT_JUDGE;
	} else {
		go_on_in_tls(p);
	}
}

/* After QUIT many servers close without close_notify, which is no fault: the
 * result is final by then. */
static void
tls_failed(struct sts_smtp_probe *p, bool sends)
{
	enum sts_why why = sts_tls_why(p->setup.tls);

	if (why == STS_WHY_PEER_CLOSED || why == STS_WHY_TLS_TRUNCATED) {
		why = STS_WHY_SMTP_CLOSED;
	}
	if (!p->decided) {
		p->found.alert = sts_tls_alert(p->setup.tls);
		p->until = p->now + STS_SMTP_QUIT_MS; /* for our alert */
	}
	decide(p, why, false);
	if (!sends) {
		end(p, why);
	}
}

/* ---- replies ---- */

/* EHLO, or HELO, was accepted: go on to TLS, or be ready. */
static void
hello_over(struct sts_smtp_probe *p)
{
	struct sts_smtp_found *f = &p->found;

	if (p->in_tls) {
		ready(p);
		return;
	}
	f->hello = true;
	if (p->setup.starttls != STS_SMTP_TLS_NEVER &&
	    (f->plain.offers & STS_SMTP_STARTTLS) != 0) {
		send_command(p, STS_SMTP_ASK_TLS, STS_SMTP_VERB_STARTTLS);
	} else if (p->setup.starttls == STS_SMTP_TLS_NEVER ||
		   p->setup.starttls == STS_SMTP_TLS_MAY) {
		ready(p);
	} else {
		quit(p,
		    (f->plain.offers & STS_SMTP_MASKED) != 0
			? STS_WHY_SMTP_MASKED
			: STS_WHY_SMTP_NO_STARTTLS,
		    false);
	}
}

static void
take_greeting(struct sts_smtp_probe *p)
{
	p->found.greeting_ms = p->now - p->connected;
	p->found.greeted = p->reply.code == CODE_GREETING;
	if (p->found.greeted) {
		send_command(p, STS_SMTP_EHLO, STS_SMTP_VERB_EHLO);
	} else {
		refused(p, STS_WHY_SMTP_GREETING_LATER,
		    STS_WHY_SMTP_GREETING_REFUSED);
	}
}

/* A server without EHLO has no STARTTLS (RFC 5321 3.2): so inside TLS a refused
 * EHLO is not followed by HELO. */
static void
take_hello(struct sts_smtp_probe *p)
{
	bool helo = p->step == STS_SMTP_HELO;

	if (p->reply.code == CODE_OK) {
		p->found.helo_only = helo;
		hello_over(p);
	} else if (p->reply.code / 100 == 5 && !helo && !p->in_tls) {
		send_command(p, STS_SMTP_HELO, STS_SMTP_VERB_HELO);
	} else {
		quit(p, STS_WHY_SMTP_EHLO, true);
	}
}

static void
take_starttls(struct sts_smtp_probe *p)
{
	p->found.starttls_code = p->reply.code;
	if (p->reply.code == CODE_GREETING) {
		begin_tls(p);
	} else if (p->setup.starttls == STS_SMTP_TLS_MAY) {
		ready(p);
	} else {
		refused(p, STS_WHY_SMTP_STARTTLS_LATER,
		    STS_WHY_SMTP_STARTTLS_REFUSED);
	}
}

/* The reply is complete, and nothing follows it: take it. */
static void
take_reply(struct sts_smtp_probe *p)
{
	p->replied = false;
	p->awaits = false;
	switch ((enum sts_smtp_step)p->step) {
	case STS_SMTP_GREETING:
		take_greeting(p);
		break;
	case STS_SMTP_EHLO:
	case STS_SMTP_HELO:
		take_hello(p);
		break;
	case STS_SMTP_ASK_TLS:
		take_starttls(p);
		break;
	case STS_SMTP_QUIT:
		end(p, STS_WHY_NONE);
		break;
	default:
		p->at = STS_SMTP_AT_REPLY;
		break;
	}
}

/* A line of a reply came. */
static void
note_line(struct sts_smtp_probe *p)
{
	struct sts_smtp_found *f = &p->found;
	const struct sts_smtp_reply *r = &p->reply;

	if (p->step == STS_SMTP_EHLO && r->code == CODE_OK) {
		sts_smtp_ehlo_line(p->in_tls ? &f->again : &f->plain, r);
	}
	if (r->lines > 1 || p->decided) {
		return;
	}
	memcpy(f->text, r->text, r->text_len);
	f->text_len = r->text_len;
	if (p->step == STS_SMTP_GREETING) {
		memcpy(f->banner, r->text, r->text_len);
		f->banner_len = r->text_len;
		f->banner_ms = p->now - p->connected;
		if (sts_smtp_masked(sts_smtp_reply_text(r))) {
			f->plain.offers |= STS_SMTP_MASKED;
		}
	}
}

/* Octets came that are no reply to a command of ours. */
static void
unasked(struct sts_smtp_probe *p)
{
	bool before_tls =
	    p->step == STS_SMTP_ASK_TLS && p->reply.code == CODE_GREETING;

	if (before_tls) {
		p->found.starttls_code = CODE_GREETING;
	}
	end(p, before_tls ? STS_WHY_SMTP_INJECTED : STS_WHY_SMTP_UNASKED);
}

/* Feed octets to the reader of the reply. */
static void
feed(struct sts_smtp_probe *p, struct sts_text in)
{
	while (in.n > 0 && !p->replied) {
		enum sts_smtp_event event;
		size_t used =
		    sts_smtp_reply_feed(&p->reply, in.p, in.n, &event);

		in = sts_text(in.p + used, in.n - used);
		if (event == STS_SMTP_BROKEN) {
			end(p, sts_smtp_reply_why(&p->reply));
			return;
		}
		if (event != STS_SMTP_MORE) {
			note_line(p);
		}
		p->replied = event == STS_SMTP_DONE;
	}
	if (in.n > 0 && p->step != STS_SMTP_QUIT) {
		unasked(p);
	}
}

/* ---- moving octets ---- */

static void
sent(struct sts_smtp_probe *p, size_t n)
{
	STS_ASSERT(n <= left_to_send(p));
	p->out_off = (uint16_t)(p->out_off + n);
	if (left_to_send(p) == 0) {
		p->out_off = p->out_len = 0;
		if (!p->awaits) {
			p->at = STS_SMTP_AT_ROOM;
		}
	}
}

static void
seal_out(struct sts_smtp_probe *p)
{
	struct sts_span room = sts_tls_app_send_buf(p->setup.tls);
	size_t n = left_to_send(p) < room.n ? left_to_send(p) : room.n;

	memcpy(room.p, p->out + p->out_off, n);
	sts_tls_app_send_ack(p->setup.tls, n);
	sts_tls_app_flush(p->setup.tls);
	p->unsent = true; /* until its record has left */
	sent(p, n);
}

/* Octets came in TLS. While something of ours has not left they are no reply to
 * it: they came with the reply before, in a record of their own. */
static void
feed_opened(struct sts_smtp_probe *p)
{
	struct sts_text in = sts_tls_app_recv_buf(p->setup.tls);

	if (left_to_send(p) > 0) {
		unasked(p);
		return;
	}
	feed(p, in);
	sts_tls_app_recv_ack(p->setup.tls, in.n);
}

static void
closed(struct sts_smtp_probe *p)
{
	end(p, STS_WHY_SMTP_CLOSED);
}

/* Do one thing that can be done inside TLS. False: there is none. */
static bool
pump_once(struct sts_smtp_probe *p)
{
	unsigned wants = sts_tls_wants(p->setup.tls);

	if ((wants & STS_TLS_FAILED) != 0) {
		tls_failed(p, (wants & STS_TLS_REC_SEND) != 0);
		return false;
	}
	if (p->step == STS_SMTP_HANDSHAKE) {
		if (!sts_tls_established(p->setup.tls)) {
			return false;
		}
		note_established(p);
	} else if (p->replied && !sts_tls_provisional(p->setup.tls)) {
		take_reply(p);
	} else if ((wants & STS_TLS_APP_RECV) != 0) {
		feed_opened(p);
	} else if ((wants & STS_TLS_APP_SEND) != 0 && left_to_send(p) > 0) {
		seal_out(p);
	} else if ((wants & STS_TLS_CLOSED) != 0) {
		closed(p);
	} else {
		return false;
	}
	return true;
}

static void
pump(struct sts_smtp_probe *p)
{
	while (p->in_tls && p->at == STS_SMTP_AT_WORK && pump_once(p)) {
	}
}

/* ---- the operations of a leaf ---- */

static unsigned
wants_tls(const struct sts_smtp_probe *p)
{
	unsigned tls = sts_tls_wants(p->setup.tls), wants = 0;

	wants |= (tls & STS_TLS_REC_SEND) != 0 ? STS_WANT_SEND : 0U;
	wants |= (tls & STS_TLS_REC_RECV) != 0 ? STS_WANT_RECV : 0U;
	wants |= (tls & STS_TLS_WORK) != 0 ? STS_WANT_WORK : 0U;
	return wants;
}

unsigned
sts_smtp_probe_wants(const void *e)
{
	const struct sts_smtp_probe *p = e;

	if (p->at == STS_SMTP_AT_END) {
		return p->channel ? STS_WANT_CLOSE : STS_WANT_OWNER;
	}
	if (!p->opened) {
		return STS_WANT_STREAM;
	}
	if (p->at != STS_SMTP_AT_WORK) {
		return STS_WANT_OWNER;
	}
	if (p->in_tls) {
		return wants_tls(p);
	}
	return left_to_send(p) > 0 ? STS_WANT_SEND : STS_WANT_RECV;
}

const struct sts_addr *
sts_smtp_probe_peer(const void *e)
{
	return &((const struct sts_smtp_probe *)e)->setup.addr;
}

void
sts_smtp_probe_opened(void *e)
{
	struct sts_smtp_probe *p = e;

	p->opened = true;
	p->connected = p->now;
	if (p->setup.starttls == STS_SMTP_TLS_FIRST) {
		begin_tls(p);
	} else {
		await_greeting(p);
	}
}

/* The reason for having no channel, or no more. */
static enum sts_why
why_lost(const struct sts_smtp_probe *p, int lost)
{
	if (lost == STS_IO_LIMIT) { /* our shortage, which says nothing about
				     * the host */
		return STS_WHY_BUSY;
	}
	if (p->opened) {
		return lost == STS_IO_RESET ? STS_WHY_PEER_RESET
					    : STS_WHY_SMTP_CLOSED;
	}
	switch (lost) {
	case STS_IO_REFUSED:
	case STS_IO_RESET:
		return STS_WHY_CONNECT_REFUSED;
	default:
		return STS_WHY_CONNECT_FAILED;
	}
}

void
sts_smtp_probe_lost(void *e, int why)
{
	struct sts_smtp_probe *p = e;

	if (why == STS_IO_EOF) {
		if (p->in_tls && p->at != STS_SMTP_AT_END) {
			sts_tls_peer_closed(p->setup.tls);
			pump(p);
		}
		/* The step under way cannot be finished. */
		if (p->at != STS_SMTP_AT_END) {
			closed(p);
		}
		return;
	}
	p->channel = false;
	if (p->at != STS_SMTP_AT_END) {
		end(p, why_lost(p, why));
	}
}

struct sts_span
sts_smtp_probe_recv_buf(const void *e, struct sts_span lent)
{
	const struct sts_smtp_probe *p = e;

	return p->in_tls ? sts_tls_rec_recv_buf(p->setup.tls) : lent;
}

/* Whether the first octet for TLS begins a record. If not, it was injected and
 * came late, or SMTP goes on in the clear. */
static bool
is_record(struct sts_smtp_probe *p, uint8_t b)
{
	bool first = !p->records;

	p->records = true;
	return !first || (b >= RECORD_FIRST && b <= RECORD_LAST);
}

void
sts_smtp_probe_recv_ack(void *e, struct sts_span got)
{
	struct sts_smtp_probe *p = e;

	if (p->in_tls) {
		if (!is_record(p, got.p[0])) {
			end(p, p->setup.starttls == STS_SMTP_TLS_FIRST
				   ? STS_WHY_TLS_PROTOCOL
				   : STS_WHY_SMTP_INJECTED);
			return;
		}
		sts_tls_rec_recv_ack(p->setup.tls, got.n);
	} else {
		feed(p, sts_text(got.p, got.n));
		if (p->replied && p->at == STS_SMTP_AT_WORK) {
			take_reply(p);
		}
	}
	pump(p);
}

struct sts_text
sts_smtp_probe_send_buf(const void *e, struct sts_span lent)
{
	const struct sts_smtp_probe *p = e;

	(void)lent;
	return p->in_tls ? sts_tls_rec_send_buf(p->setup.tls)
			 : sts_text(p->out + p->out_off, left_to_send(p));
}

void
sts_smtp_probe_send_ack(void *e, size_t n)
{
	struct sts_smtp_probe *p = e;

	if (p->in_tls) {
		sts_tls_rec_send_ack(p->setup.tls, n);
		p->unsent = p->unsent && (sts_tls_wants(p->setup.tls) &
					     STS_TLS_REC_SEND) != 0;
	} else {
		sent(p, n);
	}
	pump(p);
}

void
sts_smtp_probe_work(void *e)
{
	struct sts_smtp_probe *p = e;

	sts_tls_work(p->setup.tls);
	pump(p);
}

/* The reason of a step that takes too long. */
static enum sts_why
why_late(const struct sts_smtp_probe *p)
{
	switch ((enum sts_smtp_step)p->step) {
	case STS_SMTP_CONNECT:
		return STS_WHY_CONNECT_TIMEOUT;
	case STS_SMTP_HANDSHAKE:
		return STS_WHY_TLS_TIMEOUT;
	case STS_SMTP_GREETING:
		return STS_WHY_SMTP_NO_GREETING;
	default:
		return STS_WHY_SMTP_TIMEOUT;
	}
}

void
sts_smtp_probe_tick(void *e, sts_ms now, int64_t wall_s)
{
	struct sts_smtp_probe *p = e;

	(void)wall_s;
	p->now = now;
	if (p->at == STS_SMTP_AT_WORK && !sts_before(now, p->until)) {
		end(p, why_late(p));
	}
}

bool
sts_smtp_probe_deadline(const void *e, sts_ms *at)
{
	const struct sts_smtp_probe *p = e;

	if (p->at != STS_SMTP_AT_WORK) {
		return false;
	}
	*at = p->until;
	return true;
}

const struct sts_engine_ops sts_smtp_probe_ops = {
	.wants = sts_smtp_probe_wants,
	.peer = sts_smtp_probe_peer,
	.opened = sts_smtp_probe_opened,
	.lost = sts_smtp_probe_lost,
	.recv_buf = sts_smtp_probe_recv_buf,
	.recv_ack = sts_smtp_probe_recv_ack,
	.send_buf = sts_smtp_probe_send_buf,
	.send_ack = sts_smtp_probe_send_ack,
	.work = sts_smtp_probe_work,
	.tick = sts_smtp_probe_tick,
	.deadline = sts_smtp_probe_deadline,
};

/* ---- public ---- */

void
sts_smtp_probe_begin(
    struct sts_smtp_probe *p, const struct sts_smtp_setup *setup, sts_ms now)
{
	STS_ASSERT(sts_smtp_helo_valid(setup->helo));
	STS_ASSERT(setup->starttls == STS_SMTP_TLS_NEVER || setup->tls != NULL);
	memset(p, 0, sizeof *p);
	p->setup = *setup;
	p->now = now;
	p->channel = true;
	p->at = STS_SMTP_AT_WORK;
	p->step = STS_SMTP_CONNECT;
	p->until = now + STS_SMTP_CONNECT_MS;
}

void
sts_smtp_probe_stop(struct sts_smtp_probe *p, enum sts_why why)
{
	if (p->at != STS_SMTP_AT_END) {
		end(p, why);
	}
}

void
sts_smtp_probe_end(struct sts_smtp_probe *p)
{
	STS_ASSERT(p->at == STS_SMTP_AT_END && !p->channel);
	if (p->in_tls) {
		sts_tls_end(p->setup.tls);
		p->in_tls = false;
	}
	sts_wipe(&p->setup.rnd, sizeof p->setup.rnd);
	sts_wipe(&p->reply, sizeof p->reply);
	sts_wipe(p->out, sizeof p->out);
}

enum sts_found
sts_smtp_starttls(const struct sts_smtp_found *f)
{
	if (f->tls || f->starttls_code == CODE_GREETING) {
		return STS_FOUND;
	}
	if (f->starttls_code != 0) {
		return f->starttls_code / 100 == 4 ? STS_UNKNOWN : STS_ABSENT;
	}
	if (f->hello && (f->plain.offers & STS_SMTP_STARTTLS) == 0) {
		return STS_ABSENT;
	}
	return STS_UNKNOWN;
}

/* ---- for smtp_submit.c ---- */

void
sts_smtp_probe_judged(struct sts_smtp_probe *p, enum sts_why why)
{
	STS_ASSERT(p->at == STS_SMTP_AT_JUDGE);
	if (why == STS_WHY_NONE) {
		go_on_in_tls(p);
		pump(p);
	} else {
		end(p, why);
	}
}

void
sts_smtp_probe_put(
    struct sts_smtp_probe *p, enum sts_smtp_step step, size_t len, bool awaits)
{
	STS_ASSERT(p->in_tls || p->setup.starttls == STS_SMTP_TLS_MAY ||
		   p->setup.starttls == STS_SMTP_TLS_NEVER);
	send_out(p, len, awaits);
	p->step = (uint8_t)step;
	p->until = p->now + STS_SMTP_MAIL_MS;
	pump(p);
}

void
sts_smtp_probe_room(struct sts_smtp_probe *p)
{
	p->at = STS_SMTP_AT_ROOM;
	p->step = STS_SMTP_BODY;
}

void
sts_smtp_probe_quit(struct sts_smtp_probe *p, enum sts_why why, bool by_reply)
{
	quit(p, why, by_reply);
	pump(p);
}
