/* SPDX-License-Identifier: MIT */
/*
 * Fuzz SMTP. A server's replies are read the same however they are split. A
 * mail that demands TLS sends nothing of itself in the clear, whatever the
 * server replies, and ends. The octets of a message go out as lines, cannot end
 * DATA, and come back when their dots are removed.
 *
 * The first octet chooses: a server's replies to a mail (even, with TLS
 * demanded where it is 0 modulo 4), or a message (odd).
 */
#include <stdlib.h>
#include <string.h>

#include "../../core/smtp/smtp_submit.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define CHECK(x) ((x) ? (void)0 : abort())

static const char helo[] = "client.example.org";
static const char secret[] = "secret";

/* ---- a reply ---- */

struct reading {
	struct sts_smtp_reply r;
	struct sts_smtp_ehlo e;
	enum sts_smtp_event event;
	size_t used, lines;
};

static void
read_in(struct reading *g, const uint8_t *data, size_t size, size_t piece)
{
	memset(g, 0, sizeof *g);
	sts_smtp_reply_start(&g->r);
	while (g->used < size && g->event < STS_SMTP_DONE) {
		size_t n = size - g->used < piece ? size - g->used : piece;
		size_t used =
		    sts_smtp_reply_feed(&g->r, data + g->used, n, &g->event);

		CHECK(used >= 1 && used <= n);
		g->used += used;
		if (g->event == STS_SMTP_LINE || g->event == STS_SMTP_DONE) {
			CHECK(data[g->used - 1] == '\n');
			CHECK(g->r.code >= 200 && g->r.code <= 599);
			sts_smtp_ehlo_line(&g->e, &g->r);
			g->lines++;
		}
		for (size_t i = 0; i < g->r.text_len; i++) {
			CHECK(g->r.text[i] >= ' ' && g->r.text[i] <= '~');
		}
	}
	CHECK(g->used <= STS_SMTP_REPLY_MAX + 1);
	CHECK(g->lines <= STS_SMTP_LINES_MAX);
	CHECK((g->event == STS_SMTP_BROKEN) ==
	      (sts_smtp_reply_why(&g->r) != STS_WHY_NONE));
}

static void
read_reply(const uint8_t *data, size_t size)
{
	static struct reading whole, other;

	read_in(&whole, data, size, size + 1);
	for (size_t piece = 1; piece < 8; piece += 3) {
		read_in(&other, data, size, piece);
		CHECK(whole.event == other.event);
		CHECK(whole.used == other.used);
		CHECK(memcmp(&whole.r, &other.r, sizeof whole.r) == 0);
		CHECK(memcmp(&whole.e, &other.e, sizeof whole.e) == 0);
	}
}

/* ---- a dialogue ---- */

/* Check that t may be sent in the clear where TLS is demanded. */
static void
check_sent(struct sts_text t)
{
	static const char *const may[] = { "EHLO client.example.org\r\n",
		"HELO client.example.org\r\n", "STARTTLS\r\n", "QUIT\r\n" };

	for (size_t i = 0; i < sizeof may / sizeof *may; i++) {
		if (t.n == strlen(may[i]) && memcmp(t.p, may[i], t.n) == 0) {
			return;
		}
	}
	CHECK(t.n > 5 && t.p[0] >= 20 && t.p[0] <= 23 && t.p[1] == 3);
}

static void
own(struct sts_smtp_submit *s)
{
	switch (sts_smtp_submit_at(s)) {
	case STS_SMTP_SUBMIT_JUDGE:
		sts_smtp_submit_judged(s, STS_WHY_NONE);
		break;
	case STS_SMTP_SUBMIT_BODY:
		(void)sts_smtp_submit_body(
		    s, sts_text((const uint8_t *)secret, sizeof secret - 1));
		if (sts_smtp_submit_at(s) == STS_SMTP_SUBMIT_BODY) {
			sts_smtp_submit_body_end(s);
		}
		break;
	default:
		abort();
	}
}

/* Serve one thing that the engine wants. Returns false when it waits for octets
 * that the input does not have. */
static bool
serve(struct sts_smtp_submit *s, struct sts_text *in, size_t piece, bool must)
{
	const struct sts_engine_ops *o = &sts_smtp_submit_ops;
	static uint8_t lent[4096];
	unsigned wants = o->wants(s);
	struct sts_span room;
	struct sts_text out;

	if ((wants & STS_WANT_OWNER) != 0) {
		own(s);
	} else if ((wants & STS_WANT_CLOSE) != 0) {
		o->lost(s, STS_IO_CLOSED);
	} else if ((wants & STS_WANT_STREAM) != 0) {
		o->opened(s);
	} else if ((wants & STS_WANT_SEND) != 0) {
		out = o->send_buf(s, sts_span(lent, sizeof lent));
		if (must) {
			check_sent(out);
		}
		o->send_ack(s, out.n);
	} else if ((wants & STS_WANT_WORK) != 0) {
		o->work(s);
	} else if ((wants & STS_WANT_RECV) != 0 && in->n > 0) {
		room = o->recv_buf(s, sts_span(lent, sizeof lent));
		CHECK(room.n > 0);
		room.n = room.n < piece ? room.n : piece;
		room.n = room.n < in->n ? room.n : in->n;
		memcpy(room.p, in->p, room.n);
		*in = sts_text(in->p + room.n, in->n - room.n);
		o->recv_ack(s, room);
	} else {
		return false;
	}
	return true;
}

static void
talk(const uint8_t *data, size_t size, size_t piece, bool must)
{
	static uint64_t tls[STS_TLS_SIZE_MAX / 8 + 1];
	static struct sts_anchors none; /* no root */
	static struct sts_smtp_submit s;
	struct sts_text in = { data, size };
	struct sts_text rcpt = { (const uint8_t *)"a@example.org", 13 };
	struct sts_smtp_mail mail = { { NULL, 0 }, &rcpt, 1, 100, false };
	struct sts_smtp_setup u;
	unsigned rounds = 0;

	memset(&u, 0, sizeof u);
	u.starttls = must ? STS_SMTP_TLS_MUST : STS_SMTP_TLS_NEVER;
	u.helo = sts_text((const uint8_t *)helo, sizeof helo - 1);
	u.host = u.helo;
	u.tls = (struct sts_tls *)(void *)tls;
	u.anchors = &none;
	sts_smtp_submit_begin(&s, &u, &mail, 0);
	while (sts_smtp_submit_at(&s) != STS_SMTP_SUBMIT_OVER) {
		if (!serve(&s, &in, piece, must)) {
			sts_smtp_submit_ops.lost(
			    &s, size % 2 == 0 ? STS_IO_EOF : STS_IO_RESET);
		}
		CHECK(rounds++ < 100000);
	}
	/* No handshake completes by chance. */
	CHECK(!must || s.rcpt[0].outcome == STS_SMTP_LATER);
	CHECK(!must || s.p.found.why != STS_WHY_NONE);
	CHECK((s.rcpt[0].outcome == STS_SMTP_TAKEN) ==
	      (s.p.found.why == STS_WHY_NONE));
	sts_smtp_submit_end(&s);
}

/* ---- a message ---- */

/* Undo the dots of what went out. Every line ends in CR LF, and the only line
 * that is a single dot is the last one. Returns the length of what is left. */
static size_t
unstuff(uint8_t *p, size_t n)
{
	size_t at = 0, to = 0;

	for (;;) {
		size_t end = at;

		while (end < n && p[end] != '\r') {
			CHECK(p[end] != '\n');
			end++;
		}
		CHECK(end + 1 < n && p[end + 1] == '\n');
		if (end == at + 1 && p[at] == '.') {
			CHECK(end + 2 == n);
			return to;
		}
		if (p[at] == '.') {
			at++;
			CHECK(p[at] == '.' || end > at);
		}
		memmove(p + to, p + at, end - at);
		to += end - at;
		p[to++] = '\n';
		at = end + 2;
	}
}

/* A message as lines ended by LF. */
static size_t
plain(const uint8_t *data, size_t size, uint8_t *out)
{
	size_t n = 0;

	for (size_t i = 0; i < size; i++) {
		if (data[i] == '\n' && i > 0 && data[i - 1] == '\r') {
			continue;
		}
		out[n++] = data[i] == '\r' ? '\n' : data[i];
	}
	if (n > 0 && out[n - 1] != '\n') {
		out[n++] = '\n';
	}
	return n;
}

static void
send_message(const uint8_t *data, size_t size, size_t piece)
{
	static uint8_t out[2 * 65536 + 16], want[65536 + 1];
	struct sts_smtp_stuffing s;
	size_t n = 0, off = 0;

	if (size > 65536) {
		return;
	}
	sts_smtp_stuff_start(&s);
	while (off < size) {
		size_t in = size - off < piece ? size - off : piece, made;
		size_t used = sts_smtp_stuff(&s, sts_text(data + off, in),
		    sts_span(out + n, 2 + piece % 5), &made);

		CHECK(used >= 1 && used <= in && made <= 2 + piece % 5);
		off += used;
		n += made;
	}
	n += sts_smtp_stuff_end(&s, out + n);
	n = unstuff(out, n);
	CHECK(n == plain(data, size, want));
	CHECK(memcmp(out, want, n) == 0);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	if (size < 2) {
		return 0;
	}
	if (data[0] % 2 != 0) {
		send_message(data + 1, size - 1, 1 + data[0] / 8);
		return 0;
	}
	read_reply(data + 1, size - 1);
	talk(data + 1, size - 1, 1 + data[0] / 4, data[0] % 4 == 0);
	return 0;
}
