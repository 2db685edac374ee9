/* SPDX-License-Identifier: MIT */
/*
 * A session with tests/tls/hostile.c. The input bends its messages and records
 * before they are sealed with the right keys. However they are bent, the
 * session is established only if Certificate and Finished came as they should,
 * the server got a right Finished, and only hellos went out before.
 *
 * Input: an octet of the server's plan; then bends: step, kind, offset (two
 * octets), length, bytes.
 */
#include <stdlib.h>
#include <string.h>

#include "../../core/base/assert.h"
#include "../mem/https.h"
#include "../mem/trust.h"
#include "../tls/hostile.h"

enum {
	PEM_MAX = 4096,
	ANCHORS_SIZE = 16384,
	DATE_S = 1750000000
};

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static struct sts_anchors anchors;
static uint8_t anchor_block[ANCHORS_SIZE];
static struct hostile h;
static struct sts_tls *client;
static br_skey_decoder_context key;

static struct {
	uint8_t p[PEM_MAX];
	size_t n;
} key_der, cert_der;
static struct sts_text chain;

struct der {
	uint8_t *p;
	size_t *n;
};

static void
take_der(void *ctx, const void *p, size_t n)
{
	struct der *d = ctx;

	STS_ASSERT(n <= PEM_MAX - *d->n);
	memcpy(d->p + *d->n, p, n);
	*d->n += n;
}

static void
read_pem(const char *name, uint8_t *out, size_t *len)
{
	uint8_t pem[PEM_MAX];
	struct der d = { out, len };
	br_pem_decoder_context dc;
	size_t n = https_file(name, pem, sizeof pem), off = 0;
	int event = 0;

	br_pem_decoder_init(&dc);
	while (event != BR_PEM_END_OBJ) {
		STS_ASSERT(off < n);
		off += br_pem_decoder_push(&dc, pem + off, n - off);
		event = br_pem_decoder_event(&dc);
		if (event == BR_PEM_BEGIN_OBJ) {
			br_pem_decoder_setdest(&dc, take_der, &d);
		}
	}
}

static void
begin_once(void)
{
	trust_root(&anchors, anchor_block, sizeof anchor_block);
	read_pem("leaf.key", key_der.p, &key_der.n);
	read_pem("good.pem", cert_der.p, &cert_der.n);
	br_skey_decoder_init(&key);
	br_skey_decoder_push(&key, key_der.p, key_der.n);
	chain = sts_text(cert_der.p, cert_der.n);
	client = malloc(sts_tls_size());
	STS_ASSERT(client != NULL);
}

/* Kinds that leave the message as it is and put nothing in its place. */
static bool
harmless(const struct bend *b)
{
	switch (b->op) {
	case OP_NONE:
	case OP_SPLIT:
	case OP_PADDED:
	case OP_JOIN:
	case OP_RECORD:
	case OP_CLEAR:
	case OP_REPEAT:
	case OP_REPEAT_CLEAR:
		return true;
	default:
		return false;
	}
}

static size_t
read_bend(struct bend *b, const uint8_t *p, size_t n)
{
	if (n < 5) {
		return n;
	}
	b->step = p[0] % (STEP_OPEN + 1);
	b->op = p[1] % (OP_CLOSE + 1);
	b->at = (int16_t)sts_get16be(p + 2);
	b->n = p[4] < n - 5 ? p[4] : (uint16_t)(n - 5);
	b->bytes = (const char *)p + 5;
	/* Kinds that need a size get one. */
	if (b->op == OP_SPLIT || b->op == OP_REPEAT ||
	    b->op == OP_REPEAT_CLEAR || b->op == OP_PADDED || b->op == OP_CUT) {
		b->at = b->at < 0 ? -(b->at + 1) : b->at;
		b->at = b->op == OP_SPLIT    ? b->at + 1
			: b->op == OP_PADDED ? b->at % 12000
			: b->op == OP_REPEAT || b->op == OP_REPEAT_CLEAR
			    ? b->at % 70
			    : b->at;
	}
	if (b->n == 0 &&
	    (b->op == OP_BEFORE || b->op == OP_RECORD || b->op == OP_CLEAR ||
		b->op == OP_AMID || b->op == OP_AMID_CLEAR ||
		b->op == OP_REPEAT || b->op == OP_REPEAT_CLEAR)) {
		b->op = OP_NONE;
	}
	return 5U + b->n;
}

static void
plan(uint8_t o)
{
	static const uint16_t suites[] = { 0x1303, 0x1301, 0x1302, 0x1301 };
	static const uint16_t old[] = { 0xc02b, 0xc02c, 0xcca9, 0xc02b };

	h.plan.version = (o & 1) != 0 ? STS_TLS_12 : STS_TLS_13;
	h.plan.suite = (o & 1) != 0 ? old[o >> 1 & 3] : suites[o >> 1 & 3];
	h.plan.request = (o & 8) != 0;
	h.plan.one_record = (o & 16) != 0;
	h.plan.retry = (o & 33) == 32;
	h.plan.retry_group = BR_EC_secp256r1;
	h.plan.cookie_len = (o & 64) != 0 ? 40 : 0;
	h.segment = (o & 128) != 0 ? 61 : 0;
}

static void
judge(void)
{
	bool bent = false;

	for (size_t i = 0; i < sizeof h.bends / sizeof *h.bends; i++) {
		const struct bend *b = &h.bends[i];

		if (b->step == STEP_CERTIFICATE && !harmless(b) &&
		    (b->op == OP_DROP || b->op == OP_TWICE || b->op == OP_CUT ||
			b->op == OP_BODY)) {
			/* Cutting zero bytes or sending the same body is no
			 * bend. */
			bent = bent || b->op == OP_DROP || b->op == OP_TWICE ||
			       (b->op == OP_CUT && b->at > 0);
		}
		if ((b->step == STEP_FINISHED || b->step == STEP_VERIFY) &&
		    (b->op == OP_DROP || b->op == OP_TWICE) &&
		    !(b->step == STEP_VERIFY && h.plan.version == STS_TLS_12)) {
			bent = true;
		}
	}
	if (sts_tls_established(client)) {
		STS_ASSERT(!bent);
		STS_ASSERT(h.client_finished);
		STS_ASSERT(!h.unreadable);
	}
	if (h.client_finished) {
		/* Before anything but a hello come the share, the secret, the
		 * path and the server's signature. */
		STS_ASSERT(h.works >= 4);
	}
	if ((sts_tls_wants(client) & STS_TLS_FAILED) != 0) {
		STS_ASSERT(sts_tls_why(client) != STS_WHY_NONE);
		STS_ASSERT(sts_tls_why(client) < STS_WHY_COUNT);
	}
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const uint8_t rnd[STS_TLS_RND] = { 1 };
	static const char host[] = "mta-sts.example.com";

	if (client == NULL) {
		begin_once();
	}
	memset(&h, 0, offsetof(struct hostile, gather));
	h.chain = &chain;
	h.chain_len = 1;
	h.ec = br_skey_decoder_get_ec(&key);
	if (size > 0) {
		plan(data[0]);
		data++;
		size--;
	}
	for (size_t i = 0; i < sizeof h.bends / sizeof *h.bends; i++) {
		size_t n = read_bend(&h.bends[i], data, size);

		data += n;
		size -= n;
	}
	sts_tls_start(client, sts_text((const uint8_t *)host, sizeof host - 1),
	    &anchors, DATE_S, rnd);
	sts_tls_use_alpn(client, sts_text((const uint8_t *)"http/1.1", 8));
	hostile_play(&h, client);
	judge();
	sts_tls_peer_closed(client);
	hostile_pump(&h, client);
	while ((sts_tls_wants(client) & STS_TLS_APP_RECV) != 0) {
		sts_tls_app_recv_ack(client, sts_tls_app_recv_buf(client).n);
	}
	STS_ASSERT(
	    (sts_tls_wants(client) & (STS_TLS_FAILED | STS_TLS_CLOSED)) != 0);
	sts_tls_end(client);
	return 0;
}
