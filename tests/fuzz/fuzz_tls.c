/* SPDX-License-Identifier: MIT */
/*
 * A TLS session whose server's octets are changed on the way. With equal random
 * bytes a session is the same each time: it is played once and recorded, with
 * the client's state at three moments. The input chooses where to begin and how
 * the server's octets change. However they change, the session is established
 * only if no content of the handshake changed; the client reads only a
 * beginning of what the server sent, up to the first change; and only the
 * server's unchanged close_notify is an end.
 *
 * Input: an octet that chooses where to begin; pairs of octets, see change().
 */
#include <bearssl.h>
#include <stdlib.h>
#include <string.h>

#include "../../core/base/assert.h"
#include "../../tls/x509/anchors_set.h"
#include "../../tls/session.h"
#include "../mem/https.h"
#include "../mem/trust.h"

enum {
	STREAM_MAX = 8192,
	PLAIN_MAX = 1024,
	PEM_MAX = 4096,
	ANCHORS_SIZE = 16384,
	ROUNDS_MAX = 100000,
	DATE_S = 1750000000,
	MOMENTS = 3,
	HEADER = 5,
	CHANGE_CIPHER = 20
};

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* What the server sent in the recorded session. */
static struct {
	size_t len;
	uint8_t octet[STREAM_MAX];
	bool header[STREAM_MAX]; /* part of a record's header */
	uint16_t readable[STREAM_MAX + 1]; /* readable after so many */
	size_t established; /* after so many octets */
	size_t sealed; /* from here on records are sealed */
	size_t plain_len;
	uint8_t plain[PLAIN_MAX];
} sent;

static struct sts_anchors anchors;
static uint8_t anchor_block[ANCHORS_SIZE];

/* The client at the beginning, with the path accepted, and established. */
static struct {
	size_t at;
	uint8_t *client;
} moment[MOMENTS];

static struct sts_tls *client;

static struct {
	size_t at; /* the next octet that the server sent */
	size_t fed, same; /* octets that came, and octets that came unchanged */
	bool eof;
	/* Before records are sealed, an inserted record may have no effect, and
	 * a change of a header may have none. */
	bool harmless;
	size_t read;
} g;

/* The server of the recorded session. */
static struct {
	br_ssl_server_context context;
	br_x509_certificate chain;
	br_skey_decoder_context key;
	uint8_t der[PEM_MAX], buffer[BR_SSL_BUFSIZE_BIDI];
	size_t der_len;
} server;

static void
take_der(void *ctx, const void *p, size_t n)
{
	(void)ctx;
	STS_ASSERT(n <= PEM_MAX - server.der_len);
	memcpy(server.der + server.der_len, p, n);
	server.der_len += n;
}

/* Read the one object of a PEM file into server.der. */
static void
read_pem(const char *name)
{
	uint8_t pem[PEM_MAX];
	br_pem_decoder_context dc;
	size_t n = https_file(name, pem, sizeof pem), off = 0;
	int event = 0;

	server.der_len = 0;
	br_pem_decoder_init(&dc);
	while (event != BR_PEM_END_OBJ) {
		STS_ASSERT(off < n);
		off += br_pem_decoder_push(&dc, pem + off, n - off);
		event = br_pem_decoder_event(&dc);
		if (event == BR_PEM_BEGIN_OBJ) {
			br_pem_decoder_setdest(&dc, take_der, NULL);
		}
	}
}

static void
begin_server(void)
{
	static const uint8_t seed[32] = { 7 };

	read_pem("leaf.key");
	br_skey_decoder_init(&server.key);
	br_skey_decoder_push(&server.key, server.der, server.der_len);
	read_pem("good.pem");
	server.chain.data = server.der;
	server.chain.data_len = server.der_len;
	br_ssl_server_init_full_ec(&server.context, &server.chain, 1,
	    BR_KEYTYPE_EC, br_skey_decoder_get_ec(&server.key));
	br_ssl_engine_set_versions(&server.context.eng, BR_TLS12, BR_TLS12);
	br_ssl_engine_set_buffer(
	    &server.context.eng, server.buffer, sizeof server.buffer, 1);
	br_ssl_engine_inject_entropy(&server.context.eng, seed, sizeof seed);
	STS_ASSERT(br_ssl_server_reset(&server.context));
}

/* Pass the client's records to the server, if there is one. */
static void
to_server(struct sts_text t, bool recording)
{
	size_t room;
	uint8_t *p;

	while (recording && t.n > 0) {
		p = br_ssl_engine_recvrec_buf(&server.context.eng, &room);
		STS_ASSERT(p != NULL);
		room = room < t.n ? room : t.n;
		memcpy(p, t.p, room);
		br_ssl_engine_recvrec_ack(&server.context.eng, room);
		t = sts_text(t.p + room, t.n - room);
	}
}

static void
read_application(bool recording)
{
	struct sts_text t = sts_tls_app_recv_buf(client);

	if (recording) {
		STS_ASSERT(t.n <= PLAIN_MAX - sent.plain_len);
		memcpy(sent.plain + sent.plain_len, t.p, t.n);
		sent.plain_len += t.n;
	} else {
		STS_ASSERT(t.n <= sent.plain_len - g.read);
		STS_ASSERT(memcmp(t.p, sent.plain + g.read, t.n) == 0);
		g.read += t.n;
	}
	sts_tls_app_recv_ack(client, t.n);
}

/* Serve the client until it can only receive. */
static void
serve(bool recording)
{
	unsigned rounds = 0;

	for (;;) {
		unsigned wants = sts_tls_wants(client);

		STS_ASSERT(++rounds < ROUNDS_MAX);
		if ((wants & STS_TLS_WORK) != 0) {
			sts_tls_work(client);
		} else if ((wants & STS_TLS_REC_SEND) != 0) {
			struct sts_text t = sts_tls_rec_send_buf(client);

			to_server(t, recording);
			sts_tls_rec_send_ack(client, t.n);
		} else if ((wants & STS_TLS_APP_RECV) != 0) {
			read_application(recording);
		} else {
			return;
		}
	}
}

/* Give the client an octet, unless it takes none. */
static void
feed(uint8_t octet)
{
	struct sts_span s = sts_tls_rec_recv_buf(client);

	if (s.n > 0) {
		s.p[0] = octet;
		sts_tls_rec_recv_ack(client, 1);
	}
}

static void
keep_moment(unsigned i)
{
	moment[i].client = malloc(sts_tls_size());
	STS_ASSERT(moment[i].client != NULL);
	memcpy(moment[i].client, client, sts_tls_size());
	moment[i].at = sent.len;
}

/* Give the client all that the server has to send now, octet by octet. */
static void
record(void)
{
	size_t n;
	const uint8_t *p = br_ssl_engine_sendrec_buf(&server.context.eng, &n);

	while (p != NULL) {
		for (size_t i = 0; i < n; i++) {
			bool judged;

			STS_ASSERT(sent.len < STREAM_MAX);
			sent.octet[sent.len++] = p[i];
			feed(p[i]);
			judged = (sts_tls_wants(client) & STS_TLS_WORK) != 0;
			serve(true);
			sent.readable[sent.len] = (uint16_t)sent.plain_len;
			if (judged) {
				keep_moment(1);
			}
			if (sts_tls_established(client) &&
			    sent.established == 0) {
				sent.established = sent.len;
				keep_moment(2);
			}
		}
		br_ssl_engine_sendrec_ack(&server.context.eng, n);
		p = br_ssl_engine_sendrec_buf(&server.context.eng, &n);
	}
}

static void
server_sends(size_t n)
{
	br_ssl_engine_context *eng = &server.context.eng;
	size_t room;
	uint8_t *p = br_ssl_engine_sendapp_buf(eng, &room);

	STS_ASSERT(p != NULL && n <= room);
	for (size_t i = 0; i < n; i++) {
		p[i] = (uint8_t)(sent.len + i);
	}
	br_ssl_engine_sendapp_ack(eng, n);
	br_ssl_engine_flush(eng, 0);
	record();
}

static void
mark_headers(void)
{
	for (size_t at = 0; at < sent.len;) {
		for (size_t i = 0; i < HEADER; i++) {
			sent.header[at + i] = true;
		}
		if (sent.octet[at] == CHANGE_CIPHER) {
			sent.sealed = at + HEADER + 1;
		}
		at += HEADER + (size_t)sts_get16be(sent.octet + at + 3);
	}
}

static void
begin_once(void)
{
	static const uint8_t rnd[STS_TLS_RND] = { 1 };
	static const char host[] = "mta-sts.example.com";

	trust_root(&anchors, anchor_block, sizeof anchor_block);
	begin_server();
	client = calloc(1, sts_tls_size());
	STS_ASSERT(client != NULL);
	sts_tls_start(client, sts_text((const uint8_t *)host, sizeof host - 1),
	    &anchors, DATE_S, rnd);
	serve(true);
	keep_moment(0);
	record();
	STS_ASSERT(sts_tls_established(client));
	server_sends(1);
	server_sends(200);
	server_sends(30);
	br_ssl_engine_close(&server.context.eng);
	record();
	STS_ASSERT((sts_tls_wants(client) & STS_TLS_CLOSED) != 0);
	mark_headers();
}

/* The client gets an octet. */
static void
give(uint8_t octet)
{
	if (g.same == g.fed && g.fed < sent.len && octet == sent.octet[g.fed]) {
		g.same++;
	}
	g.fed++;
	feed(octet);
	serve(false);
}

/* Give the client the next octet that the server sent, changed or not. */
static void
pass_on(uint8_t change)
{
	if (g.at < sent.len && !g.eof) {
		g.harmless = g.harmless || (change != 0 && g.at < sent.sealed &&
					       sent.header[g.at]);
		give(sent.octet[g.at++] ^ change);
	}
}

static void
insert(const uint8_t *p, size_t n)
{
	g.harmless = g.harmless || (n > 0 && g.at < sent.sealed);
	for (size_t i = 0; i < n && !g.eof; i++) {
		give(p[i]);
	}
}

static void
client_sends(size_t n)
{
	struct sts_span s = sts_tls_app_send_buf(client);

	n = n < s.n ? n : s.n;
	if (n > 0) {
		memset(s.p, 'x', n);
		sts_tls_app_send_ack(client, n);
		sts_tls_app_flush(client);
		serve(false);
	}
}

/* Returns how many octets of `left` it used. */
static size_t
change(uint8_t what, uint8_t n, const uint8_t *p, size_t left)
{
	switch (what % 8) {
	case 0: /* one octet is another */
		pass_on(n);
		break;
	case 1: /* some are left out */
		g.at += n < sent.len - g.at ? n : sent.len - g.at;
		break;
	case 2: /* others are inserted */
		n = n < left ? n : (uint8_t)left;
		insert(p, n);
		return n;
	case 3: /* the last ones are repeated */
		n = n < g.at ? n : (uint8_t)g.at;
		insert(sent.octet + g.at - n, n);
		break;
	case 4:
		client_sends(n);
		break;
	case 5:
		if (n == 5 && !g.eof) {
			g.eof = true;
			sts_tls_peer_closed(client);
			serve(false);
		}
		break;
	default: /* many come unchanged */
		for (size_t i = 0; i < n * (what % 8 == 6 ? 1U : 32U); i++) {
			pass_on(0);
		}
		break;
	}
	return 0;
}

static void
check(void)
{
	unsigned wants = sts_tls_wants(client);

	if (!g.harmless) {
		STS_ASSERT(
		    !sts_tls_established(client) || g.same >= sent.established);
		STS_ASSERT(g.read <= sent.readable[g.same]);
		STS_ASSERT((wants & STS_TLS_CLOSED) == 0 || g.same == sent.len);
	}
	if ((wants & STS_TLS_FAILED) != 0) {
		STS_ASSERT(sts_tls_why(client) < STS_WHY_COUNT);
		STS_ASSERT(sts_tls_why(client) != STS_WHY_NONE);
	}
	STS_ASSERT(!g.eof || (wants & (STS_TLS_FAILED | STS_TLS_CLOSED)) != 0);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	unsigned i = size > 0 ? data[0] % MOMENTS : 0;

	if (client == NULL) {
		begin_once();
	}
	memcpy(client, moment[i].client, sts_tls_size());
	memset(&g, 0, sizeof g);
	g.at = g.fed = g.same = moment[i].at;
	data += size > 0;
	size -= size > 0;
	while (size >= 2) {
		size_t used = change(data[0], data[1], data + 2, size - 2);

		data += 2 + used;
		size -= 2 + used;
	}
	check();
	(void)change(5, 5, data, 0);
	check();
	return 0;
}
