/* SPDX-License-Identifier: MIT */
/*
 * The filter over our own client: one record buffer, and what stands in it.
 *
 *	HANDSHAKE    records pass to tls_client; application bytes do not
 *	ESTABLISHED  the client is open; its last flight may be still to be sent
 *	FAILED       `why` is set; at most the alert is still to be sent
 *
 * The buffer holds one thing at a time: a record being received (got > 0), the
 * content of one (content), records to be sent (out_off < out_end), or
 * application bytes that wait for a flush (taken > 0), which may stand behind
 * our last flight (joint), so that the first request goes out with it. A record
 * that does not fit a buffer small by choice is opened piece by piece
 * (tls_stream.h). Into any other, whatever has come is received at once: behind
 * the first record (got > len) stand bytes not looked at yet, which move to the
 * front when it was handled, and to the end while a flight is sent (aside).
 */
#include <string.h>

#include "../core/base/assert.h"
#include "session.h"
#include "tls_client.h"
#include "tls_stream.h"

enum state {
	HANDSHAKE,
	ESTABLISHED,
	FAILED
};

/* How far a record that is opened piece by piece has come. */
enum phase {
	WHOLE, /* no such record */
	NONCE, /* its part of the nonce is awaited */
	CONTENT,
	TAG
};

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

/* What is large stands last: nearer fields take less code to reach. */
struct sts_tls {
	uint8_t state;
	uint8_t why; /* enum sts_why, in FAILED */
	uint8_t phase;
	uint8_t type; /* of the content */
	uint8_t empties, warnings;
	uint8_t alert; /* the fatal one of the peer */
	bool content; /* a record's content is being handled */
	bool eof; /* the peer closed the connection */
	bool notified; /* close_notify came */
	/* Bytes of the record, or of what is awaited of it; len 0: its header
	 * was not judged yet. */
	size_t len, got;
	size_t aside; /* bytes at the end of the buffer */
	size_t off, end; /* of the content, what was not handled yet */
	size_t out_off, out_end;
	size_t joint; /* out_end, if application bytes may follow; else 0 */
	size_t taken;
	struct sts_tls_ciphers ciphers; /* zero until the first WORK */
	struct sts_tls_stream stream;
	struct sts_tls_client client;
	uint8_t record[STS_TLS_RECORD_SIZE];
};

STS_STATIC_ASSERT(sizeof(struct sts_tls) <= STS_TLS_SIZE_MAX, tls_size);
STS_STATIC_ASSERT((int)STS_TLS_RND == (int)STS_TLS_SEED, tls_random_bytes);
STS_STATIC_ASSERT(
    STS_TLS_RECORD_SIZE >= (int)STS_TLS_FLIGHT_MAX, tls_record_size);

/* Whether a record is being opened piece by piece. */
static bool
in_pieces(const struct sts_tls *t)
{
	return STS_TLS_SMALL && t->phase != WHOLE;
}

static bool
sending(const struct sts_tls *t)
{
	return t->out_off < t->out_end;
}

/* Content of the record that was not handled yet. */
static struct sts_text
piece(const struct sts_tls *t)
{
	if (!t->content) {
		return sts_text(NULL, 0);
	}
	return in_pieces(t) ? sts_tls_stream_piece(&t->stream)
			    : sts_text(t->record + t->off, t->end - t->off);
}

static void
used(struct sts_tls *t, size_t n)
{
	t->empties = 0;
	if (in_pieces(t)) {
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

/* Fail: from now on only the alert, if there is one, is sent. */
static void
fail(struct sts_tls *t, enum sts_why why, enum sts_tls_alert alert)
{
	STS_ASSERT(why != STS_WHY_NONE);
	if (t->state == FAILED) {
		return;
	}
	t->state = FAILED;
	t->why = (uint8_t)why;
	t->content = false;
	t->phase = WHOLE;
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
	fail(t, STS_WHY_TLS_PROTOCOL, alert);
}

/* The connection has ended: bytes that came before may still be read. */
static void
see_end(struct sts_tls *t)
{
	if (t->state == ESTABLISHED && t->eof && !t->notified &&
	    piece(t).n == 0 && t->aside == 0) {
		fail(t, STS_WHY_TLS_TRUNCATED, STS_ALERT_NONE);
	}
}

/* The content was handled: go on to the bytes received behind it. */
static void
close_record(struct sts_tls *t)
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
	if (t->state == HANDSHAKE && t->client.open) {
		t->state = ESTABLISHED;
		t->joint = sending(t) && t->aside == 0 ? t->out_end : 0;
		sts_tls_client_forget(&t->client);
	}
}

/* Whether handshake bytes wait that the client takes now. */
static bool
feedable(const struct sts_tls *t)
{
	return t->content && t->type == STS_TLS_HANDSHAKE && piece(t).n > 0 &&
	       !t->client.failed && t->client.work == STS_TLS_WORK_NONE;
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

/* Go on with the handshake as far as it goes without work or more bytes. */
static void
advance(struct sts_tls *t)
{
	struct sts_tls_client *c = &t->client;

	while (feedable(t)) {
		used(t, sts_tls_client_take(c, piece(t)));
	}
	if (c->failed) {
		fail(t, (enum sts_why)c->why, (enum sts_tls_alert)c->alert);
		return;
	}
	if (c->work != STS_TLS_WORK_NONE || piece(t).n > 0 || in_pieces(t)) {
		return;
	}
	if (t->content && t->type == STS_TLS_HANDSHAKE) {
		close_record(t);
	}
	if (c->flight != STS_TLS_FLIGHT_NONE) {
		put_flight(t);
	}
	see_open(t);
}

static void
take_alert(struct sts_tls *t, struct sts_text a)
{
	if (a.n != ALERT_LEN) {
		broken(t, STS_ALERT_DECODE_ERROR);
	} else if (a.p[1] == STS_ALERT_CLOSE_NOTIFY &&
		   t->state == ESTABLISHED) {
		close_record(t);
		t->got = 0; /* nothing counts behind it */
		t->notified = true;
		put_alert(t, STS_ALERT_CLOSE_NOTIFY);
	} else if (a.p[0] != STS_TLS_WARNING && a.p[0] != STS_TLS_FATAL) {
		broken(t, STS_ALERT_ILLEGAL_PARAMETER);
	} else if (a.p[1] == STS_ALERT_CLOSE_NOTIFY ||
		   !sts_tls_alert_is_warning(&t->client, a.p[0], a.p[1])) {
		t->alert = a.p[1];
		fail(t, sts_tls_alert_why(a.p[1]), STS_ALERT_NONE);
	} else if (t->warnings == WARNINGS_MAX) {
		broken(t, STS_ALERT_UNEXPECTED_MESSAGE);
	} else {
		t->warnings++;
		close_record(t);
	}
}

/* Count a record without content, or without content so far, when it is opened
 * piece by piece: used() resets the count. */
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
	close_record(t);
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
		   t->state == ESTABLISHED);
}

/* A record was opened; its content stands at off. */
static void
take_content(struct sts_tls *t)
{
	struct sts_text content = piece(t);

	if (!may_come(t) ||
	    (content.n == 0 && t->type != STS_TLS_APPLICATION)) {
		broken(t, STS_ALERT_UNEXPECTED_MESSAGE);
	} else if (t->type == STS_TLS_ALERT) {
		take_alert(t, content);
	} else if (content.n == 0) {
		take_empty(t);
	} else {
		advance(t);
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
		advance(t);
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

static void
begin_stream(struct sts_tls *t)
{
	struct sts_tls_direction *d = &t->client.in;
	size_t content = sts_get16be(t->record + 3) - sts_tls_around(d);

	sts_tls_stream_begin(&t->stream, &t->ciphers, d, t->record, content);
	t->phase = CONTENT;
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

static void
take_header(struct sts_tls *t)
{
	uint8_t type = t->record[0];
	size_t body = sts_get16be(t->record + 3);
	enum sts_tls_alert alert;

	/* The version of a record means nothing but its first byte. */
	if (t->record[1] != 3) {
		fail(t, STS_WHY_TLS_VERSION, STS_ALERT_PROTOCOL_VERSION);
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
		fail(t, STS_WHY_TLS_RECORD, STS_ALERT_RECORD_OVERFLOW);
	} else if (sts_tls_before(&t->client.in) > STS_TLS_HEADER) {
		t->phase = NONCE;
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
	t->phase = WHOLE;
	t->off = t->end = 0;
	if (is_13 && type != t->type) {
		/* A ticket may be so large, but that is ours to limit. */
		fail(t,
		    t->client.open ? STS_WHY_TLS_RECORD : STS_WHY_TLS_PROTOCOL,
		    STS_ALERT_UNEXPECTED_MESSAGE);
		return;
	}
	if (t->type == STS_TLS_APPLICATION) {
		close_record(t);
	} else if (t->empties > 0) { /* as take_content has it */
		broken(t, STS_ALERT_UNEXPECTED_MESSAGE);
	} else {
		advance(t);
	}
}

/* All bytes of this chunk were used: await the next part of the record. */
static void
next_chunk(struct sts_tls *t)
{
	if (!in_pieces(t) || t->phase != CONTENT || piece(t).n > 0 ||
	    t->client.work != STS_TLS_WORK_NONE || t->state == FAILED) {
		return;
	}
	if (t->stream.left > 0) {
		t->got = PIECES_FROM;
		t->len = PIECES_FROM +
			 (t->stream.left < CHUNK ? t->stream.left : CHUNK);
	} else if (t->stream.sealed) {
		t->phase = TAG;
		t->got = PIECES_FROM;
		t->len = PIECES_FROM + STS_TLS_TAG;
	} else {
		end_stream(t);
	}
}

/* Take the awaited part of a record that is opened piece by piece. */
static void
take_chunk(struct sts_tls *t)
{
	switch (t->phase) {
	case NONCE:
		begin_stream(t);
		break;
	case CONTENT:
		sts_tls_stream_take(&t->stream,
		    sts_span(t->record + PIECES_FROM, t->len - PIECES_FROM));
		advance(t);
		break;
	default:
		STS_ASSERT(t->phase == TAG);
		end_stream(t);
		break;
	}
	next_chunk(t);
}

/* Whether the next record's turn has come. */
static bool
may_take(const struct sts_tls *t)
{
	return t->state != FAILED && !t->notified && !sending(t) &&
	       !t->content && t->client.work == STS_TLS_WORK_NONE &&
	       t->got >= STS_TLS_HEADER;
}

/* Handle the records that are there, as far as nothing else comes first. */
static void
go_on(struct sts_tls *t)
{
	while (may_take(t)) {
		if (t->len == 0) {
			take_header(t);
			next_chunk(t);
		} else if (in_pieces(t) || t->got < t->len) {
			return;
		} else {
			take_record(t);
		}
	}
}

size_t
sts_tls_size(void)
{
	return sizeof(struct sts_tls);
}

void
sts_tls_start(struct sts_tls *t, struct sts_text host,
    const struct sts_anchors *anchors, int64_t wall_s,
    const uint8_t rnd[STS_TLS_RND])
{
	STS_ASSERT(sts_name_valid(host));
	STS_ASSERT(wall_s >= 0);
	sts_tls_client_start(&t->client, host, anchors, wall_s, rnd);
	memset(t, 0, offsetof(struct sts_tls, client));
	t->state = HANDSHAKE;
}

void
sts_tls_use_common(struct sts_tls *t, struct sts_tls_common *c)
{
	sts_x509_use_links(&t->client.x509, &c->links);
	memcpy(&t->ciphers, c->ciphers, sizeof t->ciphers);
}

void
sts_tls_use_alpn(struct sts_tls *t, struct sts_text protocol)
{
	sts_tls_client_alpn(&t->client, protocol);
}

void
sts_tls_collect(struct sts_tls *t, struct sts_tls_chain *chain)
{
	sts_tls_client_collect(&t->client, chain);
}

void
sts_tls_use_keys(struct sts_tls *t, enum sts_tls_keys keys)
{
	static const uint8_t types[] = { 0, BR_KEYTYPE_RSA, BR_KEYTYPE_EC };

	t->client.keys = types[keys];
}

/* The bits of a session that runs and has nothing to send. */
static unsigned
wants_running(const struct sts_tls *t)
{
	if (t->client.work != STS_TLS_WORK_NONE) {
		return STS_TLS_WORK;
	}
	if (t->taken > 0) {
		return STS_TLS_APP_SEND;
	}
	if (piece(t).n > 0) {
		return STS_TLS_APP_RECV;
	}
	return t->state == ESTABLISHED && t->got == 0
		   ? STS_TLS_REC_RECV | STS_TLS_APP_SEND
		   : STS_TLS_REC_RECV;
}

unsigned
sts_tls_wants(const struct sts_tls *t)
{
	unsigned end = t->state == FAILED ? STS_TLS_FAILED
		       : t->notified      ? STS_TLS_CLOSED
					  : 0;

	if (sending(t) && t->taken == 0) {
		end |= t->joint > 0 ? (unsigned)STS_TLS_APP_SEND : 0U;
		return end | STS_TLS_REC_SEND;
	}
	return end != 0 ? end : wants_running(t);
}

struct sts_text
sts_tls_rec_send_buf(const struct sts_tls *t)
{
	return sts_text(
	    t->record + t->out_off, t->taken > 0 ? 0 : t->out_end - t->out_off);
}

void
sts_tls_rec_send_ack(struct sts_tls *t, size_t n)
{
	STS_ASSERT(n > 0);
	STS_ASSERT(n <= sts_tls_rec_send_buf(t).n);
	t->out_off += n;
	if (!sending(t)) {
		t->joint = 0;
		memmove(t->record, t->record + sizeof t->record - t->aside,
		    t->aside);
		t->got = t->aside;
		t->aside = 0;
	}
	go_on(t);
	see_end(t);
}

/* The owner may write to a buffer that it gets of a const session. */
static uint8_t *
at(const struct sts_tls *t, size_t off)
{
	return (uint8_t *)t->record + off;
}

struct sts_span
sts_tls_rec_recv_buf(const struct sts_tls *t)
{
	size_t len = t->len > 0 ? t->len : STS_TLS_HEADER;
	size_t most = sizeof t->record - STS_TLS_FLIGHT_MAX;

	if ((sts_tls_wants(t) & STS_TLS_REC_RECV) == 0) {
		return sts_span(NULL, 0);
	}
	if (!STS_TLS_SMALL && len < most) {
		len = most;
	}
	return sts_span(at(t, t->got), len - t->got);
}

void
sts_tls_rec_recv_ack(struct sts_tls *t, size_t n)
{
	STS_ASSERT(n > 0);
	STS_ASSERT(n <= sts_tls_rec_recv_buf(t).n);
	t->got += n;
	if (in_pieces(t) && t->got == t->len) {
		take_chunk(t);
	}
	go_on(t);
}

/* Where application bytes stand until the flush: behind a record's front, and
 * behind a KeyUpdate that goes out first. */
static size_t
app_front(const struct sts_tls *t)
{
	const struct sts_tls_direction *d = &t->client.out;
	size_t front = t->joint + sts_tls_before(d);

	if (t->client.update_owed) {
		front += sts_tls_before(d) + STS_TLS_MESSAGE_HEADER + 1 +
			 sts_tls_behind(d);
	}
	return front;
}

struct sts_span
sts_tls_app_send_buf(const struct sts_tls *t)
{
	size_t front = app_front(t);
	size_t room = sizeof t->record - front - sts_tls_behind(&t->client.out);

	if ((sts_tls_wants(t) & STS_TLS_APP_SEND) == 0) {
		return sts_span(NULL, 0);
	}
	room = room < t->client.send_max ? room : t->client.send_max;
	return sts_span(at(t, front + t->taken), room - t->taken);
}

void
sts_tls_app_send_ack(struct sts_tls *t, size_t n)
{
	struct sts_span room = sts_tls_app_send_buf(t);

	STS_ASSERT(n > 0);
	STS_ASSERT(n <= room.n);
	t->taken += n;
	if (n == room.n) {
		sts_tls_app_flush(t);
	}
}

void
sts_tls_app_flush(struct sts_tls *t)
{
	struct sts_tls_client *c = &t->client;
	size_t end = t->joint;

	if (t->state != ESTABLISHED || t->taken == 0) {
		return;
	}
	if (c->update_owed) {
		end += sts_tls_client_update(c, &t->ciphers, t->record + end);
	}
	end += sts_tls_seal(&t->ciphers, &c->out, STS_TLS_APPLICATION,
	    t->record + end, t->taken);
	t->taken = 0;
	t->out_off = t->joint > 0 ? t->out_off : 0;
	t->out_end = end;
	t->joint = 0;
}

struct sts_text
sts_tls_app_recv_buf(const struct sts_tls *t)
{
	return (sts_tls_wants(t) & STS_TLS_APP_RECV) != 0 ? piece(t)
							  : sts_text(NULL, 0);
}

void
sts_tls_app_recv_ack(struct sts_tls *t, size_t n)
{
	STS_ASSERT(n > 0);
	STS_ASSERT(n <= sts_tls_app_recv_buf(t).n);
	used(t, n);
	if (!in_pieces(t) && piece(t).n == 0) {
		close_record(t);
	}
	next_chunk(t);
	go_on(t);
	see_end(t);
}

bool
sts_tls_provisional(const struct sts_tls *t)
{
	return in_pieces(t) && t->type == STS_TLS_APPLICATION;
}

void
sts_tls_work(struct sts_tls *t)
{
	STS_ASSERT(t->state == HANDSHAKE);
	STS_ASSERT(t->client.work != STS_TLS_WORK_NONE);
	if (t->ciphers.aes == NULL) {
		sts_tls_ciphers_choose(&t->ciphers);
	}
	sts_tls_client_work(&t->client);
	advance(t);
	next_chunk(t);
	go_on(t);
}

void
sts_tls_peer_closed(struct sts_tls *t)
{
	t->eof = true;
	if (t->state == HANDSHAKE) {
		fail(t, STS_WHY_PEER_CLOSED, STS_ALERT_NONE);
	}
	see_end(t);
}

bool
sts_tls_established(const struct sts_tls *t)
{
	return t->state == ESTABLISHED;
}

enum sts_why
sts_tls_why(const struct sts_tls *t)
{
	STS_ASSERT(t->state == FAILED);
	return (enum sts_why)t->why;
}

uint8_t
sts_tls_alert(const struct sts_tls *t)
{
	return t->state == FAILED ? t->alert : 0;
}

enum sts_why
sts_tls_path(const struct sts_tls *t)
{
	STS_ASSERT(t->state == ESTABLISHED);
	return (enum sts_why)t->client.path;
}

uint16_t
sts_tls_version(const struct sts_tls *t)
{
	STS_ASSERT(t->state == ESTABLISHED);
	return t->client.version;
}

bool
sts_tls_ecdsa(const struct sts_tls *t)
{
	STS_ASSERT(t->state == ESTABLISHED);
	return sts_x509_leaf_key(&t->client.x509).type != STS_X509_KEY_RSA;
}

bool
sts_tls_must_staple(const struct sts_tls *t)
{
	return t->state == ESTABLISHED && sts_x509_must_staple(&t->client.x509);
}

unsigned
sts_tls_scts(const struct sts_tls *t)
{
	return t->state == ESTABLISHED ? sts_x509_scts(&t->client.x509) : 0;
}

void
sts_tls_end(struct sts_tls *t)
{
	sts_wipe(t, sizeof *t);
	t->state = FAILED;
	t->why = STS_WHY_PEER_CLOSED;
}
