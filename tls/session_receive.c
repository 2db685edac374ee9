/* SPDX-License-Identifier: MIT */
/*
 * What becomes of the records that come: each is judged by its header, opened
 * whole or piece by piece, and its content handed to tls_client, taken as an
 * alert, or left for the owner to read. session_state.h has the states.
 *
 * The attacker is whoever can answer in the server's place: until the path and
 * the signature are verified that may be anybody. Every length is checked
 * before it is used, records that bring nothing are counted, and whatever is
 * not allowed now fails the session.
 */
#include <string.h>

#include "session_state.h"

enum {
	ALERT_LEN = 2,
	/* Records in a row that bring nothing: empty ones and CCS. */
	EMPTIES_MAX = 32,
	WARNINGS_MAX = 4,
	PIECES_FROM = STS_TLS_HEADER, /* chunks stand behind the header */
	/* Bytes of one, whole blocks. */
	CHUNK = (STS_TLS_RECORD_SIZE - STS_TLS_HEADER) / STS_TLS_GCM_BLOCK *
		STS_TLS_GCM_BLOCK
};

struct sts_text
sts_session_piece(const struct sts_tls *t)
{
	if (!t->content) {
		return sts_text(NULL, 0);
	}
	return sts_session_in_pieces(t)
		   ? sts_tls_stream_piece(&t->stream)
		   : sts_text(t->record + t->off, t->end - t->off);
}

void
sts_session_used(struct sts_tls *t, size_t n)
{
	t->empties = 0;
	if (sts_session_in_pieces(t)) {
		sts_tls_stream_used(&t->stream, n);
	} else {
		t->off += n;
	}
}

/* An alert record at the front of the buffer; nothing else is in it. */
static void
put_alert(struct sts_tls *t, enum sts_tls_alert alert)
{
	t->out_off = 0;
	t->out_end =
	    sts_tls_client_alert(&t->client, &t->ciphers, t->record, alert);
}

void
sts_session_fail(struct sts_tls *t, enum sts_why why, enum sts_tls_alert alert)
{
	STS_ASSERT(why != STS_WHY_NONE);
	if (t->state == STS_SESSION_FAILED) {
		return;
	}
	t->state = STS_SESSION_FAILED;
	t->why = (uint8_t)why;
	t->content = false;
	t->phase = STS_SESSION_WHOLE;
	t->len = t->got = t->aside = t->taken = 0;
	t->out_off = t->out_end = t->joint = 0;
	if (alert != STS_ALERT_NONE) {
		put_alert(t, alert);
	}
	sts_tls_client_refuse(&t->client, why, alert);
	sts_tls_client_forget(&t->client);
	sts_wipe(&t->stream, sizeof t->stream);
}

static void
broken(struct sts_tls *t, enum sts_tls_alert alert)
{
	sts_session_fail(t, STS_WHY_TLS_PROTOCOL, alert);
}

void
sts_session_close_record(struct sts_tls *t)
{
	size_t ahead = t->got > t->len ? t->got - t->len : 0;

	STS_ASSERT(ahead == 0 || !STS_TLS_SMALL);
	memmove(t->record, t->record + t->len, ahead);
	t->content = false;
	t->got = ahead;
	t->len = 0;
	sts_tls_client_record_end(&t->client);
}

static void
see_open(struct sts_tls *t)
{
	if (t->state == STS_SESSION_HANDSHAKE && t->client.open) {
		t->state = STS_SESSION_ESTABLISHED;
		t->joint =
		    sts_session_sending(t) && t->aside == 0 ? t->out_end : 0;
		sts_tls_client_forget(&t->client);
	}
}

/* Whether handshake bytes wait that the client takes now. */
static bool
feedable(const struct sts_tls *t)
{
	return t->content && t->type == STS_TLS_HANDSHAKE &&
	       sts_session_piece(t).n > 0 && !t->client.failed &&
	       t->client.work == STS_TLS_WORK_NONE;
}

static void
put_flight(struct sts_tls *t)
{
	STS_ASSERT(!t->content && t->aside == 0);
	STS_ASSERT(t->got <= sizeof t->record - STS_TLS_FLIGHT_MAX);
	t->aside = t->got;
	memmove(t->record + sizeof t->record - t->got, t->record, t->got);
	t->got = 0;
	t->out_off = 0;
	t->out_end = sts_tls_client_flight(&t->client, &t->ciphers, t->record);
}

void
sts_session_advance(struct sts_tls *t)
{
	struct sts_tls_client *c = &t->client;

	while (feedable(t)) {
		sts_session_used(
		    t, sts_tls_client_take(c, sts_session_piece(t)));
	}
	if (c->failed) {
		sts_session_fail(
		    t, (enum sts_why)c->why, (enum sts_tls_alert)c->alert);
		return;
	}
	if (c->work != STS_TLS_WORK_NONE || sts_session_piece(t).n > 0 ||
	    sts_session_in_pieces(t)) {
		return;
	}
	if (t->content && t->type == STS_TLS_HANDSHAKE) {
		sts_session_close_record(t);
	}
	if (c->flight != STS_TLS_FLIGHT_NONE) {
		put_flight(t);
	}
	see_open(t);
}

/* close_notify ends an established session in order. A few warnings are passed
 * over; every other alert fails the session. */
static void
take_alert(struct sts_tls *t, struct sts_text a)
{
	if (a.n != ALERT_LEN) {
		broken(t, STS_ALERT_DECODE_ERROR);
	} else if (a.p[1] == STS_ALERT_CLOSE_NOTIFY &&
		   t->state == STS_SESSION_ESTABLISHED) {
		sts_session_close_record(t);
		t->got = 0; /* nothing counts behind it */
		t->notified = true;
		put_alert(t, STS_ALERT_CLOSE_NOTIFY);
	} else if (a.p[0] != STS_TLS_WARNING && a.p[0] != STS_TLS_FATAL) {
		broken(t, STS_ALERT_ILLEGAL_PARAMETER);
	} else if (a.p[1] == STS_ALERT_CLOSE_NOTIFY ||
		   !sts_tls_alert_is_warning(&t->client, a.p[0], a.p[1])) {
		t->alert = a.p[1];
		sts_session_fail(t, sts_tls_alert_why(a.p[1]), STS_ALERT_NONE);
	} else if (t->warnings == WARNINGS_MAX) {
		broken(t, STS_ALERT_UNEXPECTED_MESSAGE);
	} else {
		t->warnings++;
		sts_session_close_record(t);
	}
}

/* Count a record without content, or without content so far, when it is opened
 * piece by piece: sts_session_used() resets the count. */
static void
count_empty(struct sts_tls *t)
{
	if (t->empties == EMPTIES_MAX) {
		broken(t, STS_ALERT_UNEXPECTED_MESSAGE);
	} else {
		t->empties++;
	}
}

static void
take_empty(struct sts_tls *t)
{
	sts_session_close_record(t);
	count_empty(t);
}

/* Whether content of this type may come now. */
static bool
may_come(const struct sts_tls *t)
{
	bool between = sts_tls_client_between(&t->client);

	return t->type == STS_TLS_HANDSHAKE ||
	       (t->type == STS_TLS_ALERT && between) ||
	       (t->type == STS_TLS_APPLICATION && between &&
		   t->state == STS_SESSION_ESTABLISHED);
}

/* A record was opened; its content stands at off. */
static void
take_content(struct sts_tls *t)
{
	struct sts_text content = sts_session_piece(t);

	if (!may_come(t) ||
	    (content.n == 0 && t->type != STS_TLS_APPLICATION)) {
		broken(t, STS_ALERT_UNEXPECTED_MESSAGE);
	} else if (t->type == STS_TLS_ALERT) {
		take_alert(t, content);
	} else if (content.n == 0) {
		take_empty(t);
	} else {
		sts_session_advance(t);
	}
}

/* A record came whole: open it. */
static void
take_record(struct sts_tls *t)
{
	struct sts_tls_opened o;
	enum sts_tls_alert alert;

	if (t->record[0] == STS_TLS_CHANGE_CIPHER_SPEC &&
	    sts_tls_in_clear(&t->client.in, t->record[0])) {
		sts_tls_client_ccs(
		    &t->client, sts_text(t->record + STS_TLS_HEADER,
				    t->len - STS_TLS_HEADER));
		take_empty(t);
		sts_session_advance(t);
		return;
	}
	alert = sts_tls_open(
	    &t->ciphers, &t->client.in, sts_span(t->record, t->len), &o);
	if (alert != STS_ALERT_NONE) {
		broken(t, alert);
		return;
	}
	t->content = true;
	t->type = o.type;
	t->off = (size_t)(o.content.p - t->record);
	t->end = t->off + o.content.n;
	take_content(t);
}

/* Whether the record, which does not fit, can be opened piece by piece. */
static bool
can_stream(const struct sts_tls *t, uint8_t type, size_t body)
{
	return STS_TLS_SMALL && sts_tls_stream_can(&t->client.in) &&
	       (type == STS_TLS_HANDSHAKE || type == STS_TLS_APPLICATION) &&
	       body - sts_tls_around(&t->client.in) <= STS_TLS_PLAIN_MAX + 1;
}

/* The header is there, and the nonce where a record has one: begin to open the
 * record piece by piece. */
static void
begin_stream(struct sts_tls *t)
{
	struct sts_tls_direction *d = &t->client.in;
	size_t content = sts_get16be(t->record + 3) - sts_tls_around(d);

	sts_tls_stream_begin(&t->stream, &t->ciphers, d, t->record, content);
	t->phase = STS_SESSION_CONTENT;
	t->content = true;
	t->got = PIECES_FROM;
	t->len = PIECES_FROM;
	count_empty(t);
	/* What is inside shows at its end: then it must have been this. */
	t->type = t->record[0];
	if (t->client.version == STS_TLS_13 && d->suite != NULL &&
	    !t->client.open) {
		t->type = STS_TLS_HANDSHAKE;
	}
	if (!may_come(t)) {
		broken(t, STS_ALERT_UNEXPECTED_MESSAGE);
	}
}

/* Judge a header: refuse the record, or set how many octets are awaited and
 * whether it is opened whole or piece by piece. */
static void
take_header(struct sts_tls *t)
{
	uint8_t type = t->record[0];
	size_t body = sts_get16be(t->record + 3);
	enum sts_tls_alert alert;

	/* The version of a record means nothing but its first byte. */
	if (t->record[1] != 3) {
		sts_session_fail(
		    t, STS_WHY_TLS_VERSION, STS_ALERT_PROTOCOL_VERSION);
		return;
	}
	alert = sts_tls_judge_header(&t->client.in, type, body);
	if (alert != STS_ALERT_NONE) {
		broken(t, alert);
		return;
	}
	t->len = STS_TLS_HEADER + body;
	if (t->len <= sizeof t->record) {
		return;
	}
	if (!can_stream(t, type, body)) {
		sts_session_fail(
		    t, STS_WHY_TLS_RECORD, STS_ALERT_RECORD_OVERFLOW);
	} else if (sts_tls_before(&t->client.in) > STS_TLS_HEADER) {
		t->phase = STS_SESSION_NONCE;
		t->len = sts_tls_before(&t->client.in);
	} else {
		begin_stream(t);
	}
}

/* The tag came, or, in the clear, the end of the content. */
static void
end_stream(struct sts_tls *t)
{
	bool is_13 = t->stream.is_13;
	uint8_t type;

	if (!sts_tls_stream_end(&t->stream, t->record + PIECES_FROM, &type)) {
		broken(t, STS_ALERT_BAD_RECORD_MAC);
		return;
	}
	t->phase = STS_SESSION_WHOLE;
	t->off = t->end = 0;
	if (is_13 && type != t->type) {
		/* A ticket may be so large, but that is ours to limit. */
		sts_session_fail(t,
		    t->client.open ? STS_WHY_TLS_RECORD : STS_WHY_TLS_PROTOCOL,
		    STS_ALERT_UNEXPECTED_MESSAGE);
		return;
	}
	if (t->type == STS_TLS_APPLICATION) {
		sts_session_close_record(t);
	} else if (t->empties > 0) { /* as take_content has it */
		broken(t, STS_ALERT_UNEXPECTED_MESSAGE);
	} else {
		sts_session_advance(t);
	}
}

void
sts_session_next_chunk(struct sts_tls *t)
{
	if (!sts_session_in_pieces(t) || t->phase != STS_SESSION_CONTENT ||
	    sts_session_piece(t).n > 0 || t->client.work != STS_TLS_WORK_NONE ||
	    t->state == STS_SESSION_FAILED) {
		return;
	}
	if (t->stream.left > 0) {
		t->got = PIECES_FROM;
		t->len = PIECES_FROM +
			 (t->stream.left < CHUNK ? t->stream.left : CHUNK);
	} else if (t->stream.sealed) {
		t->phase = STS_SESSION_TAG;
		t->got = PIECES_FROM;
		t->len = PIECES_FROM + STS_TLS_TAG;
	} else {
		end_stream(t);
	}
}

void
sts_session_take_chunk(struct sts_tls *t)
{
	switch (t->phase) {
	case STS_SESSION_NONCE:
		begin_stream(t);
		break;
	case STS_SESSION_CONTENT:
		sts_tls_stream_take(&t->stream,
		    sts_span(t->record + PIECES_FROM, t->len - PIECES_FROM));
		sts_session_advance(t);
		break;
	default:
		STS_ASSERT(t->phase == STS_SESSION_TAG);
		end_stream(t);
		break;
	}
	sts_session_next_chunk(t);
}

/* Whether the next record's turn has come. */
static bool
may_take(const struct sts_tls *t)
{
	return t->state != STS_SESSION_FAILED && !t->notified &&
	       !sts_session_sending(t) && !t->content &&
	       t->client.work == STS_TLS_WORK_NONE && t->got >= STS_TLS_HEADER;
}

void
sts_session_go_on(struct sts_tls *t)
{
	while (may_take(t)) {
		if (t->len == 0) {
			take_header(t);
			sts_session_next_chunk(t);
		} else if (sts_session_in_pieces(t) || t->got < t->len) {
			return;
		} else {
			take_record(t);
		}
	}
}
