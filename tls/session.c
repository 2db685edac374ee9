/* SPDX-License-Identifier: MIT */
/*
 * The filter's face: what a session wants, its buffers on both sides, and what
 * is known when it is established. session_state.h has what all this is about,
 * session_receive.c what becomes of the records that come.
 */
#include <string.h>

#include "../core/base/assert.h"
#include "session_state.h"

STS_STATIC_ASSERT(sizeof(struct sts_tls) <= STS_TLS_SIZE_MAX, tls_size);
STS_STATIC_ASSERT((int)STS_TLS_RND == (int)STS_TLS_SEED, tls_random_bytes);
STS_STATIC_ASSERT(
    STS_TLS_RECORD_SIZE >= (int)STS_TLS_FLIGHT_MAX, tls_record_size);

/* The connection has ended: bytes that came before may still be read. */
static void
see_end(struct sts_tls *t)
{
	if (t->state == STS_SESSION_ESTABLISHED && t->eof && !t->notified &&
	    sts_session_piece(t).n == 0 && t->aside == 0) {
		sts_session_fail(t, STS_WHY_TLS_TRUNCATED, STS_ALERT_NONE);
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
	t->state = STS_SESSION_HANDSHAKE;
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
	if (sts_session_piece(t).n > 0) {
		return STS_TLS_APP_RECV;
	}
	return t->state == STS_SESSION_ESTABLISHED && t->got == 0
		   ? STS_TLS_REC_RECV | STS_TLS_APP_SEND
		   : STS_TLS_REC_RECV;
}

unsigned
sts_tls_wants(const struct sts_tls *t)
{
	unsigned end = t->state == STS_SESSION_FAILED ? STS_TLS_FAILED
		       : t->notified                  ? STS_TLS_CLOSED
						      : 0;

	if (sts_session_sending(t) && t->taken == 0) {
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
	if (!sts_session_sending(t)) {
		t->joint = 0;
		memmove(t->record, t->record + sizeof t->record - t->aside,
		    t->aside);
		t->got = t->aside;
		t->aside = 0;
	}
	sts_session_go_on(t);
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
	if (sts_session_in_pieces(t) && t->got == t->len) {
		sts_session_take_chunk(t);
	}
	sts_session_go_on(t);
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

	if (t->state != STS_SESSION_ESTABLISHED || t->taken == 0) {
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
	return (sts_tls_wants(t) & STS_TLS_APP_RECV) != 0 ? sts_session_piece(t)
							  : sts_text(NULL, 0);
}

void
sts_tls_app_recv_ack(struct sts_tls *t, size_t n)
{
	STS_ASSERT(n > 0);
	STS_ASSERT(n <= sts_tls_app_recv_buf(t).n);
	sts_session_used(t, n);
	if (!sts_session_in_pieces(t) && sts_session_piece(t).n == 0) {
		sts_session_close_record(t);
	}
	sts_session_next_chunk(t);
	sts_session_go_on(t);
	see_end(t);
}

bool
sts_tls_provisional(const struct sts_tls *t)
{
	return sts_session_in_pieces(t) && t->type == STS_TLS_APPLICATION;
}

void
sts_tls_work(struct sts_tls *t)
{
	STS_ASSERT(t->state == STS_SESSION_HANDSHAKE);
	STS_ASSERT(t->client.work != STS_TLS_WORK_NONE);
	if (t->ciphers.aes == NULL) {
		sts_tls_ciphers_choose(&t->ciphers);
	}
	sts_tls_client_work(&t->client);
	sts_session_advance(t);
	sts_session_next_chunk(t);
	sts_session_go_on(t);
}

void
sts_tls_peer_closed(struct sts_tls *t)
{
	t->eof = true;
	if (t->state == STS_SESSION_HANDSHAKE) {
		sts_session_fail(t, STS_WHY_PEER_CLOSED, STS_ALERT_NONE);
	}
	see_end(t);
}

bool
sts_tls_established(const struct sts_tls *t)
{
	return t->state == STS_SESSION_ESTABLISHED;
}

enum sts_why
sts_tls_why(const struct sts_tls *t)
{
	STS_ASSERT(t->state == STS_SESSION_FAILED);
	return (enum sts_why)t->why;
}

uint8_t
sts_tls_alert(const struct sts_tls *t)
{
	return t->state == STS_SESSION_FAILED ? t->alert : 0;
}

enum sts_why
sts_tls_path(const struct sts_tls *t)
{
	STS_ASSERT(t->state == STS_SESSION_ESTABLISHED);
	return (enum sts_why)t->client.path;
}

uint16_t
sts_tls_version(const struct sts_tls *t)
{
	STS_ASSERT(t->state == STS_SESSION_ESTABLISHED);
	return t->client.version;
}

bool
sts_tls_ecdsa(const struct sts_tls *t)
{
	STS_ASSERT(t->state == STS_SESSION_ESTABLISHED);
	return sts_x509_leaf_key(&t->client.x509).type != STS_X509_KEY_RSA;
}

bool
sts_tls_must_staple(const struct sts_tls *t)
{
	return t->state == STS_SESSION_ESTABLISHED &&
	       sts_x509_must_staple(&t->client.x509);
}

unsigned
sts_tls_scts(const struct sts_tls *t)
{
	return t->state == STS_SESSION_ESTABLISHED
		   ? sts_x509_scts(&t->client.x509)
		   : 0;
}

void
sts_tls_end(struct sts_tls *t)
{
	sts_wipe(t, sizeof *t);
	t->state = STS_SESSION_FAILED;
	t->why = STS_WHY_PEER_CLOSED;
}
