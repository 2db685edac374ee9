/* SPDX-License-Identifier: MIT */
/*
 * tls/session.h without cryptography: the same states, the same bits, half
 * duplex over one buffer, a verdict in steps of WORK, the application side
 * closed until the end of the handshake. verdict() has all that it knows of
 * certificates.
 */
#include <string.h>

#include "../../core/base/assert.h"
#include "../../tls/session.h"
#include "../mem/https.h"
#include "plain.h"

enum state {
	HELLO, /* our record is being sent */
	CERTIFICATE, /* the host's is awaited */
	JUDGING,
	FINISHING, /* our record is being sent */
	FINISHED, /* the host's is awaited */
	ESTABLISHED,
	FAILED
};

struct sts_tls {
	uint8_t state, why, cert, steps;
	bool eof, notified, anchored;
	int64_t wall_s;
	size_t name_len;
	char name[STS_NAME_MAX + 1];
	/* The buffer holds one of these at a time. */
	size_t out_off, out_len; /* records to be sent */
	size_t in_len; /* a record being received */
	size_t app_off, app_len; /* content that waits to be read */
	size_t taken; /* content to be sent, not yet flushed */
	uint8_t buf[STS_TLS_RECORD_SIZE];
};

STS_STATIC_ASSERT(sizeof(struct sts_tls) <= STS_TLS_SIZE_MAX, plain_size);

static void
fail(struct sts_tls *t, enum sts_why why)
{
	if (t->state != FAILED) {
		t->state = FAILED;
		t->why = (uint8_t)why;
		t->out_len = 0;
	}
}

static void
put_record(struct sts_tls *t, enum plain_record type, size_t n)
{
	t->buf[0] = (uint8_t)type;
	sts_put16be(t->buf + 1, (uint16_t)n);
	t->out_off = 0;
	t->out_len = PLAIN_HEAD + n;
}

/* What tests/mem/ca/make.sh makes: "good" names all hosts of the simulator, and
 * is valid from 2020 to 2050. */
static enum sts_why
verdict(const struct sts_tls *t)
{
	static const struct {
		int64_t from_s, to_s;
		enum sts_why why;
	} certs[HTTPS_CERTS] = {
		[HTTPS_GOOD] = { 1577836800, 2524608000, STS_WHY_NONE },
		[HTTPS_EXPIRED] = { 1577836800, 1609459200, STS_WHY_NONE },
		[HTTPS_FUTURE] = { 2524608000, 4102444800, STS_WHY_NONE },
		[HTTPS_NAME] = { 1577836800, 2524608000, STS_WHY_X509_NAME },
		[HTTPS_CN] = { 1577836800, 2524608000, STS_WHY_X509_NO_DNS_ID },
		[HTTPS_UNTRUSTED] = { 1577836800, 2524608000,
		    STS_WHY_X509_NO_ISSUER },
		[HTTPS_SCT] = { 1577836800, 2524608000, STS_WHY_NONE },
		[HTTPS_STAPLE] = { 1577836800, 2524608000, STS_WHY_NONE },
		[HTTPS_COMPLEX] = { 1577836800, 2524608000,
		    STS_WHY_X509_CHAIN_COMPLEX },
	};

	if (certs[t->cert].why != STS_WHY_NONE) {
		return certs[t->cert].why;
	}
	if (!t->anchored) {
		return STS_WHY_X509_NO_ISSUER;
	}
	if (t->wall_s < certs[t->cert].from_s) {
		return STS_WHY_X509_NOT_YET;
	}
	return t->wall_s > certs[t->cert].to_s ? STS_WHY_X509_EXPIRED
					       : STS_WHY_NONE;
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
	(void)rnd;
	STS_ASSERT(sts_name_valid(host));
	STS_ASSERT(wall_s >= 0);
	memset(t, 0, offsetof(struct sts_tls, buf));
	memcpy(t->name, host.p, host.n);
	t->wall_s = wall_s;
	t->anchored = anchors->count > 0;
	memcpy(t->buf + PLAIN_HEAD, host.p, host.n);
	put_record(t, PLAIN_HELLO, host.n);
}

void
sts_tls_use_common(struct sts_tls *t, struct sts_tls_common *c)
{
	(void)t;
	(void)c;
}

void
sts_tls_use_alpn(struct sts_tls *t, struct sts_text protocol)
{
	(void)t;
	(void)protocol;
}

unsigned
sts_tls_wants(const struct sts_tls *t)
{
	if (t->state == FAILED) {
		return STS_TLS_FAILED;
	}
	if (t->state == JUDGING) {
		return STS_TLS_WORK;
	}
	if (t->out_len > 0) {
		return STS_TLS_REC_SEND;
	}
	if (t->app_len > 0) {
		return STS_TLS_APP_RECV;
	}
	if (t->notified) {
		return STS_TLS_CLOSED;
	}
	if (t->taken > 0) {
		return STS_TLS_APP_SEND;
	}
	return t->state == ESTABLISHED && t->in_len == 0
		   ? STS_TLS_REC_RECV | STS_TLS_APP_SEND
		   : STS_TLS_REC_RECV;
}

struct sts_text
sts_tls_rec_send_buf(const struct sts_tls *t)
{
	return sts_text(t->buf + t->out_off, t->out_len);
}

void
sts_tls_rec_send_ack(struct sts_tls *t, size_t n)
{
	STS_ASSERT(n > 0 && n <= t->out_len);
	t->out_off += n;
	t->out_len -= n;
	if (t->out_len > 0) {
		return;
	}
	if (t->state == HELLO) {
		t->state = CERTIFICATE;
	} else if (t->state == FINISHING) {
		t->state = FINISHED;
	}
}

struct sts_span
sts_tls_rec_recv_buf(const struct sts_tls *t)
{
	struct sts_tls *u = (struct sts_tls *)(uintptr_t)t;
	size_t n = PLAIN_HEAD;

	if ((sts_tls_wants(t) & STS_TLS_REC_RECV) == 0) {
		return sts_span(NULL, 0);
	}
	if (t->in_len >= PLAIN_HEAD) {
		n += sts_get16be(t->buf + 1);
	}
	return sts_span(u->buf + t->in_len, n - t->in_len);
}

static void
take_record(struct sts_tls *t)
{
	size_t n = t->in_len - PLAIN_HEAD;

	t->in_len = 0;
	if (t->state == CERTIFICATE && t->buf[0] == PLAIN_CERTIFICATE &&
	    n == 1 && t->buf[PLAIN_HEAD] < HTTPS_CERTS) {
		t->cert = t->buf[PLAIN_HEAD];
		t->state = JUDGING;
	} else if (t->state == FINISHED && t->buf[0] == PLAIN_FINISHED) {
		t->state = ESTABLISHED;
	} else if (t->state == ESTABLISHED && t->buf[0] == PLAIN_DATA &&
		   n > 0) {
		t->app_off = PLAIN_HEAD;
		t->app_len = n;
	} else if (t->state == ESTABLISHED && t->buf[0] == PLAIN_CLOSE) {
		t->notified = true;
	} else {
		fail(t, STS_WHY_TLS_PROTOCOL);
	}
}

void
sts_tls_rec_recv_ack(struct sts_tls *t, size_t n)
{
	STS_ASSERT(n > 0 && n <= sts_tls_rec_recv_buf(t).n);
	t->in_len += n;
	if (t->in_len < PLAIN_HEAD) {
		return;
	}
	if (sts_get16be(t->buf + 1) > PLAIN_RECORD_MAX) {
		fail(t, STS_WHY_TLS_PROTOCOL);
	} else if (t->in_len == PLAIN_HEAD + (size_t)sts_get16be(t->buf + 1)) {
		take_record(t);
	}
}

struct sts_span
sts_tls_app_send_buf(const struct sts_tls *t)
{
	struct sts_tls *u = (struct sts_tls *)(uintptr_t)t;

	if ((sts_tls_wants(t) & STS_TLS_APP_SEND) == 0) {
		return sts_span(NULL, 0);
	}
	return sts_span(
	    u->buf + PLAIN_HEAD + t->taken, PLAIN_RECORD_MAX - t->taken);
}

void
sts_tls_app_send_ack(struct sts_tls *t, size_t n)
{
	STS_ASSERT(n > 0 && n <= sts_tls_app_send_buf(t).n);
	t->taken += n;
}

void
sts_tls_app_flush(struct sts_tls *t)
{
	if (t->state == ESTABLISHED && t->taken > 0) {
		put_record(t, PLAIN_DATA, t->taken);
		t->taken = 0;
	}
}

struct sts_text
sts_tls_app_recv_buf(const struct sts_tls *t)
{
	return sts_text(t->buf + t->app_off, t->app_len);
}

/* What came before the connection ended may still be read. */
static void
see_end(struct sts_tls *t)
{
	if (t->state == ESTABLISHED && t->eof && !t->notified &&
	    t->app_len == 0) {
		fail(t, STS_WHY_TLS_TRUNCATED);
	}
}

void
sts_tls_app_recv_ack(struct sts_tls *t, size_t n)
{
	STS_ASSERT(n > 0 && n <= t->app_len);
	t->app_off += n;
	t->app_len -= n;
	see_end(t);
}

bool
sts_tls_provisional(const struct sts_tls *t)
{
	(void)t;
	return false;
}

void
sts_tls_work(struct sts_tls *t)
{
	enum sts_why why;

	STS_ASSERT(t->state == JUDGING);
	if (++t->steps < PLAIN_STEPS) {
		return;
	}
	why = verdict(t);
	if (why != STS_WHY_NONE) {
		fail(t, why);
		t->buf[PLAIN_HEAD] = 0;
		put_record(t, PLAIN_ALERT, 1);
		t->out_len = 0; /* the connection is closed instead */
		return;
	}
	t->state = FINISHING;
	put_record(t, PLAIN_FINISHED, 0);
}

void
sts_tls_peer_closed(struct sts_tls *t)
{
	t->eof = true;
	if (t->state < ESTABLISHED) {
		fail(t, STS_WHY_PEER_CLOSED);
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

bool
sts_tls_must_staple(const struct sts_tls *t)
{
	return t->state == ESTABLISHED && t->cert == HTTPS_STAPLE;
}

unsigned
sts_tls_scts(const struct sts_tls *t)
{
	return t->state == ESTABLISHED && t->cert == HTTPS_SCT ? 2 : 0;
}

/* What a mail host presents: never called here, where relays have no TLS. */
void
sts_tls_collect(struct sts_tls *t, struct sts_tls_chain *chain)
{
	(void)t, (void)chain;
	STS_ASSERT(false);
}

void
sts_tls_use_keys(struct sts_tls *t, enum sts_tls_keys keys)
{
	(void)t, (void)keys;
	STS_ASSERT(false);
}

enum sts_why
sts_tls_path(const struct sts_tls *t)
{
	(void)t;
	return STS_WHY_NONE;
}

uint8_t
sts_tls_alert(const struct sts_tls *t)
{
	(void)t;
	return 0;
}

uint16_t
sts_tls_version(const struct sts_tls *t)
{
	(void)t;
	return 0;
}

bool
sts_tls_ecdsa(const struct sts_tls *t)
{
	(void)t;
	return false;
}

void
sts_tls_end(struct sts_tls *t)
{
	sts_wipe(t, sizeof *t);
	t->state = FAILED;
	t->why = STS_WHY_PEER_CLOSED;
}
