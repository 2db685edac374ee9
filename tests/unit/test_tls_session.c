/* SPDX-License-Identifier: MIT */
/* tls/session: handshakes and data with a BearSSL server of TLS 1.2 in this
 * process; with TLS_ENGINE=1 the same for BearSSL's own client. */
#define _DEFAULT_SOURCE
#include "../../tls/session.h"
#include "../../tls/tls_records.h"
#include "x509_case.h"

const char unit_name[] = "tls_session";

enum {
	ROUNDS_MAX = 1 << 20,
	REPLY_LEN = 40000,
	SEED = 0x5a,
	/* Steps of work besides the signature checks of the path: a share for
	 * the hello; the secret and the server's signature. */
	HELLO_WORKS = STS_TLS_ENGINE ? 0 : 1,
	KEY_WORKS = STS_TLS_ENGINE ? 0 : 2
};

/* The server, and the wire, which moves segments of at most `segment` bytes in
 * both directions. */
struct wire {
	br_ssl_server_context server;
	br_skey_decoder_context skey;
	br_x509_certificate chain[CASE_CERTS_MAX];
	uint8_t server_record[BR_SSL_BUFSIZE_BIDI];
	struct sts_tls *client;
	size_t segment;
	size_t to_client; /* bytes that went to the client */
	/* 1 + the index of a byte to the client to flip; 0: none */
	size_t flip;
	size_t cut; /* bytes to the client before the wire is cut; 0: never */
	unsigned works;
	uint8_t alert[7]; /* the last bytes the client sent */
};

/* In place of the choice for the processor (linked by --wrap). */
static unsigned choices;

void __wrap_sts_tls_ciphers_choose(struct sts_tls_ciphers *c);

void
__wrap_sts_tls_ciphers_choose(struct sts_tls_ciphers *c)
{
	choices++;
	c->aes = &br_aes_ct_ctr_vtable;
	c->ghash = &br_ghash_ctmul;
	c->chacha20 = &br_chacha20_ct_run;
	c->poly1305 = &br_poly1305_ctmul_run;
}

static struct x509_case the_case;
static struct wire the_wire;

static void
take_key(void *ctx, const void *src, size_t len)
{
	br_skey_decoder_push(ctx, src, len);
}

static void
load_key(struct wire *w, const char *kind)
{
	char path[CASE_TEXT_MAX];
	br_pem_decoder_context pem;
	struct sts_text file;

	snprintf(path, sizeof path, "tests/x509/keys/%s.pem", kind);
	file = unit_file(path);
	br_pem_decoder_init(&pem);
	br_skey_decoder_init(&w->skey);
	while (file.n > 0) {
		size_t n = br_pem_decoder_push(&pem, file.p, file.n);

		file = sts_text(file.p + n, file.n - n);
		if (br_pem_decoder_event(&pem) == BR_PEM_BEGIN_OBJ) {
			br_pem_decoder_setdest(&pem, take_key, &w->skey);
		}
	}
	ck_assert_int_eq(br_skey_decoder_last_error(&w->skey), 0);
}

/* Start a server with the chain of a case and one of the two keys; suite 0: all
 * suites. */
static void
start_server(struct wire *w, const char *kind, uint16_t suite)
{
	br_ssl_engine_context *eng = &w->server.eng;
	uint8_t seed[32] = { 1 };

	load_key(w, kind);
	for (unsigned i = 0; i < the_case.count; i++) {
		w->chain[i].data = (unsigned char *)the_case.certs[i].p;
		w->chain[i].data_len = the_case.certs[i].n;
	}
	if (br_skey_decoder_key_type(&w->skey) == BR_KEYTYPE_RSA) {
		br_ssl_server_init_full_rsa(&w->server, w->chain,
		    the_case.count, br_skey_decoder_get_rsa(&w->skey));
	} else {
		br_ssl_server_init_full_ec(&w->server, w->chain, the_case.count,
		    BR_KEYTYPE_EC, br_skey_decoder_get_ec(&w->skey));
	}
	if (suite != 0) {
		br_ssl_engine_set_suites(eng, &suite, 1);
	}
	br_ssl_engine_set_buffer(
	    eng, w->server_record, sizeof w->server_record, 1);
	br_ssl_engine_inject_entropy(eng, seed, sizeof seed);
}

static void
start_client(struct wire *w)
{
	uint8_t rnd[STS_TLS_RND];

	memset(rnd, SEED, sizeof rnd);
	w->client = malloc(sts_tls_size());
	ck_assert_ptr_nonnull(w->client);
	sts_tls_start(w->client, unit_span(the_case.host), &the_case.anchors,
	    the_case.date_s, rnd);
}

static struct wire *
wire(const char *case_name, const char *kind, uint16_t suite, size_t segment)
{
	struct wire *w = &the_wire;

	memset(w, 0, sizeof *w);
	w->segment = segment;
	case_load(&the_case, case_name);
	start_server(w, kind, suite);
	ck_assert(br_ssl_server_reset(&w->server));
	start_client(w);
	return w;
}

static void
done(struct wire *w)
{
	free(w->client);
}

static size_t
least(size_t a, size_t b, size_t c)
{
	size_t n = a < b ? a : b;

	return n < c ? n : c;
}

/* Move one segment from the client to the server. */
static bool
pump_out(struct wire *w)
{
	struct sts_text out = sts_tls_rec_send_buf(w->client);
	size_t room, n;
	uint8_t *in = br_ssl_engine_recvrec_buf(&w->server.eng, &room);

	ck_assert_int_eq(
	    out.n > 0, (sts_tls_wants(w->client) & STS_TLS_REC_SEND) != 0);
	if (out.n == 0 ||
	    (in == NULL && (br_ssl_engine_current_state(&w->server.eng) &
			       BR_SSL_CLOSED) == 0)) {
		return false;
	}
	n = least(out.n, w->segment, in != NULL ? room : out.n);
	if (out.n == sizeof w->alert) {
		memcpy(w->alert, out.p, sizeof w->alert);
	}
	if (in != NULL) {
		memcpy(in, out.p, n);
	}
	sts_tls_rec_send_ack(w->client, n);
	if (in != NULL) {
		br_ssl_engine_recvrec_ack(&w->server.eng, n);
	}
	return true;
}

/* Move one segment from the server to the client. */
static bool
pump_in(struct wire *w)
{
	struct sts_span in = sts_tls_rec_recv_buf(w->client);
	size_t ready, n;
	uint8_t *out = br_ssl_engine_sendrec_buf(&w->server.eng, &ready);

	ck_assert_int_eq(
	    in.n > 0, (sts_tls_wants(w->client) & STS_TLS_REC_RECV) != 0);
	if (in.n == 0 || out == NULL) {
		return false;
	}
	n = least(in.n, w->segment, ready);
	if (w->cut > 0) {
		n = least(n, n, w->cut - w->to_client);
	}
	if (n == 0) {
		return false;
	}
	memcpy(in.p, out, n);
	if (w->flip > w->to_client && w->flip <= w->to_client + n) {
		in.p[w->flip - 1 - w->to_client] ^= 1;
	}
	w->to_client += n;
	br_ssl_engine_sendrec_ack(&w->server.eng, n);
	sts_tls_rec_recv_ack(w->client, n);
	return true;
}

/* Move records and work until nothing moves. */
static void
pump(struct wire *w)
{
	for (unsigned i = 0; i < ROUNDS_MAX; i++) {
		if ((sts_tls_wants(w->client) & STS_TLS_WORK) != 0) {
			/* Before the verdict nothing is sent or received. */
			ck_assert_uint_eq(
			    sts_tls_wants(w->client), STS_TLS_WORK);
			ck_assert_uint_eq(sts_tls_rec_send_buf(w->client).n, 0);
			ck_assert(!sts_tls_established(w->client));
			sts_tls_work(w->client);
			w->works++;
		} else if (!pump_out(w) && !pump_in(w)) {
			return;
		}
	}
	ck_abort_msg("no end");
}

static void
client_sends(struct wire *w, const char *text)
{
	size_t n = strlen(text);

	while (n > 0) {
		struct sts_span room = sts_tls_app_send_buf(w->client);
		size_t k = least(n, n, room.n);

		ck_assert_uint_gt(k, 0);
		memcpy(room.p, text, k);
		sts_tls_app_send_ack(w->client, k);
		text += k;
		n -= k;
	}
	sts_tls_app_flush(w->client);
	pump(w);
}

static void
server_reads(struct wire *w, const char *text)
{
	size_t n;
	uint8_t *p = br_ssl_engine_recvapp_buf(&w->server.eng, &n);

	ck_assert_ptr_nonnull(p);
	unit_text("read by the server", sts_text(p, n), text);
	br_ssl_engine_recvapp_ack(&w->server.eng, n);
}

static uint8_t
reply_byte(size_t i)
{
	return (uint8_t)(i * 7 + i / 251);
}

/* The server sends as much of the reply as one record takes. Returns how
 * much. */
static size_t
server_sends(struct wire *w, size_t from, size_t to)
{
	size_t room;
	uint8_t *p = br_ssl_engine_sendapp_buf(&w->server.eng, &room);
	size_t n = 0;

	while (p != NULL && n < room && from + n < to) {
		p[n] = reply_byte(from + n);
		n++;
	}
	if (n > 0) {
		br_ssl_engine_sendapp_ack(&w->server.eng, n);
		br_ssl_engine_flush(&w->server.eng, 0);
	}
	return n;
}

static size_t
client_reads(struct wire *w, size_t from)
{
	struct sts_text t = sts_tls_app_recv_buf(w->client);
	size_t n = least(t.n, t.n, 1000);

	for (size_t i = 0; i < n; i++) {
		ck_assert_uint_eq(t.p[i], reply_byte(from + i));
	}
	if (n > 0) {
		sts_tls_app_recv_ack(w->client, n);
	}
	return n;
}

/* A question, a reply of several records, close_notify. */
static void
talk(struct wire *w)
{
	size_t sent = 0, got = 0;

	pump(w);
	ck_assert(sts_tls_established(w->client));
	ck_assert_uint_eq(
	    sts_tls_wants(w->client) & STS_TLS_APP_SEND, STS_TLS_APP_SEND);
	client_sends(w, "GET / HTTP/1.1\r\n\r\n");
	server_reads(w, "GET / HTTP/1.1\r\n\r\n");
	for (unsigned i = 0; got < REPLY_LEN && i < ROUNDS_MAX; i++) {
		sent += server_sends(w, sent, REPLY_LEN);
		pump(w);
		got += client_reads(w, got);
	}
	ck_assert_uint_eq(got, REPLY_LEN);
	br_ssl_engine_close(&w->server.eng);
	pump(w);
	ck_assert_uint_eq(sts_tls_wants(w->client), STS_TLS_CLOSED);
	sts_tls_peer_closed(w->client);
	ck_assert_uint_eq(sts_tls_wants(w->client), STS_TLS_CLOSED);
	ck_assert_int_eq(br_ssl_engine_last_error(&w->server.eng), BR_ERR_OK);
}

static const struct {
	const char *name, *kind;
	size_t segment;
} sizes[] = {
	{ "server-ec", "ec", 1 },
	{ "server-ec", "ec", 7 },
	{ "server-ec", "ec", 536 },
	{ "server-ec", "ec", 100000 },
	{ "server-rsa", "rsa", 13 },
	{ "server-rsa", "rsa", 1460 },
	{ "server-rsa", "rsa", 100000 },
};

START_TEST(handshakes_work_in_segments_of_any_size)
{
	for (size_t i = 0; i < UNIT_COUNT(sizes); i++) {
		struct wire *w =
		    wire(sizes[i].name, sizes[i].kind, 0, sizes[i].segment);

		talk(w);
		unit_int(sizes[i].name, sts_tls_alert(w->client), 0);
		/* One check for the leaf, one for the intermediate. */
		unit_int(sizes[i].name, w->works, HELLO_WORKS + 2 + KEY_WORKS);
		done(w);
	}
}
END_TEST

static const struct {
	const char *name, *kind;
	uint16_t suite;
	bool ok;
} suites[] = {
	{ "server-ec", "ec", BR_TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256, true },
	{ "server-ec", "ec", BR_TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384, true },
	{ "server-ec", "ec", BR_TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256,
	    true },
	{ "server-rsa", "rsa", BR_TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256, true },
	{ "server-rsa", "rsa", BR_TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384, true },
	{ "server-rsa", "rsa", BR_TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256,
	    true },
	{ "server-rsa", "rsa", BR_TLS_RSA_WITH_AES_128_GCM_SHA256, false },
	{ "server-rsa", "rsa", BR_TLS_ECDHE_RSA_WITH_AES_128_CBC_SHA256,
	    false },
	{ "server-ec", "ec", BR_TLS_ECDHE_ECDSA_WITH_AES_128_CCM, false },
};

/* R18: nothing but ECDHE with AEAD is offered. */
START_TEST(r18_only_ecdhe_with_aead_is_offered)
{
	for (size_t i = 0; i < UNIT_COUNT(suites); i++) {
		struct wire *w =
		    wire(suites[i].name, suites[i].kind, suites[i].suite, 5000);

		if (suites[i].ok) {
			talk(w);
		} else {
			pump(w);
			ck_assert_uint_eq(
			    sts_tls_wants(w->client), STS_TLS_FAILED);
			unit_int(suites[i].name, sts_tls_why(w->client),
			    STS_WHY_TLS_ALERT);
		}
		done(w);
	}
}
END_TEST

static const struct {
	const char *name;
	enum sts_why why;
	uint8_t alert;
} refusals[] = {
	{ "wrong-host", STS_WHY_X509_NAME, 42 },
	{ "no-san", STS_WHY_X509_NO_DNS_ID, 42 },
	{ "expired-leaf", STS_WHY_X509_EXPIRED, 45 },
	{ "key-ed25519", STS_WHY_X509_ALGORITHM, 43 },
	{ "chain-13", STS_WHY_X509_CHAIN_LONG, 42 },
	{ "truncated", STS_WHY_X509_MALFORMED, 42 },
};

/* The session has failed for `why`, and the server got that alert in the
 * clear. */
static void
refused(struct wire *w, const char *name, enum sts_why why, uint8_t alert)
{
	uint8_t want[7] = { 21, 3, 3, 0, 2, 2, alert };

	ck_assert_uint_eq(sts_tls_wants(w->client), STS_TLS_FAILED);
	unit_int(name, sts_tls_why(w->client), why);
	unit_int(name, w->alert[6], alert);
	ck_assert_mem_eq(w->alert, want, sizeof want);
	unit_int(name, br_ssl_engine_last_error(&w->server.eng),
	    BR_ERR_RECV_FATAL_ALERT + alert);
	ck_assert(!sts_tls_established(w->client));
}

/* R19, R20: refused at first sight, without any signature check. */
START_TEST(r19_r20_bad_certificates_are_refused_at_sight)
{
	for (size_t i = 0; i < UNIT_COUNT(refusals); i++) {
		struct wire *w = wire(refusals[i].name, "ec", 0, 100000);

		pump(w);
		refused(
		    w, refusals[i].name, refusals[i].why, refusals[i].alert);
		unit_int(refusals[i].name, w->works, HELLO_WORKS);
		done(w);
	}
}
END_TEST

/* Refused after a signature check; no byte of the key exchange was sent. */
START_TEST(a_bad_signature_is_refused_before_the_key_exchange)
{
	struct wire *w = wire("server-ec", "ec", 0, 100000);

	w->server.chain_handler.single_ec.chain_len = 1;
	pump(w);
	refused(w, "no intermediate", STS_WHY_X509_NO_ISSUER, 48);
	ck_assert_uint_eq(w->works, HELLO_WORKS + 1);
	done(w);

	w = wire("server-ec", "ec", 0, 100000);
	the_case.bytes[the_case.used - 1] ^= 1;
	pump(w);
	refused(w, "forged intermediate", STS_WHY_X509_SIGNATURE, 42);
	ck_assert_uint_ge(w->works, HELLO_WORKS + 2);
	done(w);
}
END_TEST

/* A good path proves nothing without its key: the server signs with another
 * one. */
START_TEST(a_server_without_its_key_is_refused)
{
	struct wire *w = wire("good-ec", "ec", 0, 100000);

	pump(w);
	ck_assert_uint_eq(sts_tls_wants(w->client), STS_TLS_FAILED);
	ck_assert_int_eq(sts_tls_why(w->client), STS_WHY_TLS_PROTOCOL);
	done(w);
}
END_TEST

/* R18: a server of older versions is refused. */
START_TEST(r18_older_versions_are_refused)
{
	struct wire *w = wire("server-rsa", "rsa", 0, 100000);

	br_ssl_engine_set_versions(&w->server.eng, BR_TLS10, BR_TLS11);
	ck_assert(br_ssl_server_reset(&w->server));
	pump(w);
	ck_assert((sts_tls_wants(w->client) & STS_TLS_FAILED) != 0);
	ck_assert(sts_tls_why(w->client) == STS_WHY_TLS_VERSION ||
		  sts_tls_why(w->client) == STS_WHY_TLS_ALERT);
	done(w);
}
END_TEST

static const struct {
	const char *name;
	const char *bytes;
	size_t len;
	enum sts_why why;
} answers[] = {
	{ "alert 70", "\x15\x03\x03\x00\x02\x02\x46", 7, STS_WHY_TLS_VERSION },
	{ "alert 40", "\x15\x03\x03\x00\x02\x02\x28", 7, STS_WHY_TLS_ALERT },
	{ "alert 112", "\x15\x03\x03\x00\x02\x02\x70", 7, STS_WHY_TLS_ALERT },
	{ "close_notify", "\x15\x03\x03\x00\x02\x01\x00", 7,
	    STS_WHY_PEER_CLOSED },
	{ "plain HTTP", "HTTP/1.1 400 Bad Request\r\n", 5,
	    STS_WHY_TLS_VERSION },
	{ "TLS 1.1 ServerHello",
	    "\x16\x03\x02\x00\x2a\x02\x00\x00\x26\x03\x02"
	    "0123456789abcdef0123456789abcdef\x00\xc0\x2f\x00",
	    47, STS_WHY_TLS_VERSION },
	{ "suite not offered",
	    "\x16\x03\x03\x00\x2a\x02\x00\x00\x26\x03\x03"
	    "0123456789abcdef0123456789abcdef\x00\x00\x2f\x00",
	    47, STS_WHY_TLS_PROTOCOL },
	{ "application data", "\x17\x03\x03\x00\x01x", 6,
	    STS_WHY_TLS_PROTOCOL },
	{ "record over 2^14", "\x16\x03\x03\x40\x01", 5, STS_WHY_TLS_PROTOCOL },
	{ "no ServerHello", "\x16\x03\x03\x00\x04\x0e\x00\x00\x00", 9,
	    STS_WHY_TLS_PROTOCOL },
};

static void
work_off(struct sts_tls *t)
{
	while ((sts_tls_wants(t) & STS_TLS_WORK) != 0) {
		sts_tls_work(t);
	}
}

/* Send the hello, then let the client read these bytes one by one. */
static void
answer(struct sts_tls *t, const char *bytes, size_t len)
{
	work_off(t);
	while ((sts_tls_wants(t) & STS_TLS_REC_SEND) != 0) {
		sts_tls_rec_send_ack(t, sts_tls_rec_send_buf(t).n);
	}
	for (size_t i = 0; i < len; i++) {
		struct sts_span in = sts_tls_rec_recv_buf(t);

		if (in.n == 0) {
			return;
		}
		in.p[0] = (uint8_t)bytes[i];
		sts_tls_rec_recv_ack(t, 1);
	}
}

START_TEST(other_answers_to_the_hello_are_refused)
{
	for (size_t i = 0; i < UNIT_COUNT(answers); i++) {
		struct wire *w = wire("server-ec", "ec", 0, 1000);

		answer(w->client, answers[i].bytes, answers[i].len);
		ck_assert_msg((sts_tls_wants(w->client) & STS_TLS_FAILED) != 0,
		    "%s: goes on", answers[i].name);
		unit_int(
		    answers[i].name, sts_tls_why(w->client), answers[i].why);
		/* The first reason stays. */
		sts_tls_peer_closed(w->client);
		unit_int(
		    answers[i].name, sts_tls_why(w->client), answers[i].why);
		done(w);
	}
}
END_TEST

/* The length of the server's part of a handshake. */
static size_t
handshake_len(void)
{
	struct wire *w = wire("server-ec", "ec", 0, 100000);
	size_t n;

	pump(w);
	ck_assert(sts_tls_established(w->client));
	n = w->to_client;
	done(w);
	return n;
}

/* When the connection ends at any byte of the handshake, the reason is
 * peer-closed. */
START_TEST(a_handshake_cut_short_is_peer_closed)
{
	size_t len = handshake_len();

	for (size_t cut = 1; cut < len; cut += 29) {
		struct wire *w = wire("server-ec", "ec", 0, 100000);

		w->cut = cut;
		pump(w);
		ck_assert(!sts_tls_established(w->client));
		sts_tls_peer_closed(w->client);
		ck_assert_uint_eq(sts_tls_wants(w->client), STS_TLS_FAILED);
		unit_int("reason", sts_tls_why(w->client), STS_WHY_PEER_CLOSED);
		done(w);
	}
}
END_TEST

/* No flipped bit of the server's part goes unnoticed. */
START_TEST(a_flipped_byte_in_a_handshake_is_noticed)
{
	size_t len = handshake_len();

	for (size_t at = 1; at <= len; at += 23) {
		struct wire *w = wire("server-ec", "ec", 0, 100000);

		w->flip = at;
		pump(w);
		ck_assert_msg(
		    !sts_tls_established(w->client), "byte %zu flipped", at);
		done(w);
	}
}
END_TEST

/* An end without close_notify is reported once the octets before it are
 * read. */
START_TEST(an_end_without_close_notify_is_a_truncation)
{
	struct wire *w = wire("server-ec", "ec", 0, 100000);

	pump(w);
	ck_assert_uint_eq(server_sends(w, 0, 10), 10);
	pump(w);
	ck_assert_uint_eq(
	    sts_tls_wants(w->client) & STS_TLS_APP_RECV, STS_TLS_APP_RECV);
	sts_tls_peer_closed(w->client);
	ck_assert_uint_eq(
	    sts_tls_wants(w->client) & ~(unsigned)STS_TLS_APP_SEND,
	    STS_TLS_APP_RECV);
	ck_assert_uint_eq(client_reads(w, 0), 10);
	ck_assert_uint_eq(sts_tls_wants(w->client), STS_TLS_FAILED);
	ck_assert_int_eq(sts_tls_why(w->client), STS_WHY_TLS_TRUNCATED);
	done(w);
}
END_TEST

START_TEST(an_end_within_a_record_is_a_truncation)
{
	struct wire *w = wire("server-ec", "ec", 0, 100000);

	pump(w);
	server_sends(w, 0, 10);
	w->cut = w->to_client + 9;
	pump(w);
	ck_assert_uint_eq(sts_tls_wants(w->client), STS_TLS_REC_RECV);
	sts_tls_peer_closed(w->client);
	ck_assert_uint_eq(sts_tls_wants(w->client), STS_TLS_FAILED);
	ck_assert_int_eq(sts_tls_why(w->client), STS_WHY_TLS_TRUNCATED);
	done(w);
}
END_TEST

/* There is one buffer: while a record is half received nothing can be sent, and
 * octets that were accepted keep the buffer until the flush. */
START_TEST(one_buffer_receives_or_sends)
{
	struct wire *w = wire("server-ec", "ec", 0, 100000);

	pump(w);
	server_sends(w, 0, 10);
	w->cut = w->to_client + 9;
	pump(w);
	ck_assert_uint_eq(sts_tls_app_send_buf(w->client).n, 0);
	sts_tls_app_flush(w->client);
	w->cut = 0;
	pump(w);
	ck_assert_uint_eq(sts_tls_wants(w->client), STS_TLS_APP_RECV);
	ck_assert_uint_eq(client_reads(w, 0), 10);
	ck_assert_uint_eq(
	    sts_tls_wants(w->client), STS_TLS_APP_SEND | STS_TLS_REC_RECV);

	sts_tls_app_send_buf(w->client).p[0] = 'x';
	sts_tls_app_send_ack(w->client, 1);
	ck_assert_uint_eq(sts_tls_wants(w->client), STS_TLS_APP_SEND);
	sts_tls_app_flush(w->client);
	ck_assert_uint_eq(sts_tls_wants(w->client), STS_TLS_REC_SEND);
	pump(w);
	server_reads(w, "x");
	done(w);
}
END_TEST

/* A flipped byte of application data fails the session. */
START_TEST(a_flipped_byte_of_data_fails_the_session)
{
	struct wire *w = wire("server-ec", "ec", 0, 100000);

	pump(w);
	server_sends(w, 0, 10);
	w->flip = w->to_client + 16;
	pump(w);
	ck_assert_uint_eq(sts_tls_wants(w->client), STS_TLS_FAILED);
	ck_assert_int_eq(sts_tls_why(w->client), STS_WHY_TLS_PROTOCOL);
	ck_assert_uint_eq(sts_tls_app_recv_buf(w->client).n, 0);
	done(w);
}
END_TEST

/* A server that wants to renegotiate is refused and may go on. */
START_TEST(renegotiation_is_refused)
{
	struct wire *w = wire("server-ec", "ec", 0, 100000);
	size_t before;

	pump(w);
	before = w->works;
	ck_assert(br_ssl_engine_renegotiate(&w->server.eng));
	pump(w);
	ck_assert(sts_tls_established(w->client));
	ck_assert_uint_eq(w->works, before);
	done(w);
}
END_TEST

static void
hello(uint8_t seed, struct sts_text *out, uint8_t *copy)
{
	struct wire *w = wire("server-ec", "ec", 0, 100000);
	uint8_t rnd[STS_TLS_RND];

	memset(rnd, seed, sizeof rnd);
	sts_tls_start(w->client, unit_span(the_case.host), &the_case.anchors,
	    the_case.date_s, rnd);
	work_off(w->client);
	*out = sts_tls_rec_send_buf(w->client);
	ck_assert_uint_lt(out->n, 1000);
	memcpy(copy, out->p, out->n);
	out->p = copy;
	done(w);
}

static bool
holds(struct sts_text t, const char *needle, size_t n)
{
	for (size_t i = 0; i + n <= t.n; i++) {
		if (memcmp(t.p + i, needle, n) == 0) {
			return true;
		}
	}
	return false;
}

/* The hello depends on the caller's randomness alone. R17: it has the name.
 * R18: nothing of SHA-1, static RSA or CBC. */
START_TEST(r17_r18_the_hello_has_name_groups_and_suites)
{
	static const char sni[] = "\x00\x13mta-sts.example.com";
	struct sts_text a, b, c;
	uint8_t copy[3][1000];

	hello(1, &a, copy[0]);
	hello(1, &b, copy[1]);
	hello(2, &c, copy[2]);
	ck_assert_uint_eq(a.n, b.n);
	ck_assert_mem_eq(a.p, b.p, a.n);
	ck_assert_mem_ne(a.p, c.p, a.n);
	ck_assert(holds(a, sni, sizeof sni - 1));
	ck_assert_mem_eq(a.p + 9, "\x03\x03", 2);
	/* supported_groups: P-256, P-384, P-521, X25519 */
	ck_assert(holds(a, "\x00\x0a\x00\x0a\x00\x08", 6));
	ck_assert(holds(a, "\x00\x1d", 2));
	/* signature_algorithms: SHA-256, 384 and 512 with ECDSA and RSA; PSS,
	 * too */
	if (STS_TLS_ENGINE) {
		ck_assert(holds(a,
		    "\x00\x0d\x00\x0e\x00\x0c\x04\x03\x05\x03\x06\x03"
		    "\x04\x01\x05\x01\x06\x01",
		    18));
		return;
	}
	ck_assert(holds(a,
	    "\x00\x0d\x00\x14\x00\x12\x04\x03\x08\x04\x04\x01\x05\x03"
	    "\x08\x05\x05\x01\x06\x03\x08\x06\x06\x01",
	    24));
	/* supported_versions 1.3 and 1.2; the suites of both, and no others */
	ck_assert(holds(a, "\x00\x2b\x00\x05\x04\x03\x04\x03\x03", 9));
	ck_assert(holds(a,
	    "\x00\x12\x13\x03\xcc\xa9\xcc\xa8\x13\x01\xc0\x2b\xc0\x2f"
	    "\x13\x02\xc0\x2c\xc0\x30\x01\x00",
	    22));
}
END_TEST

/* The intermediate's signature is remembered, and the second session works like
 * the first. The choice for the processor is made once for all sessions. */
START_TEST(sessions_use_what_they_have_in_common)
{
	static struct sts_tls_common common;

	memset(&common, 0xff, sizeof common);
	choices = 0;
	sts_tls_common_init(&common);
	for (unsigned i = 0; i < 2; i++) {
		struct wire *w = wire("server-ec", "ec", 0, 100000);

		sts_tls_use_common(w->client, &common);
		pump(w);
		ck_assert(sts_tls_established(w->client));
		ck_assert_uint_eq(common.links.count, 1);
		client_sends(w, "works");
		server_reads(w, "works");
		done(w);
	}
	ck_assert_uint_eq(choices, STS_TLS_ENGINE ? 0 : 1);
}
END_TEST

/* A session without anything in common makes its own choice when work
 * begins. */
START_TEST(a_session_by_itself_chooses_once)
{
	struct wire *w;

	choices = 0;
	w = wire("server-ec", "ec", 0, 100000);
	ck_assert_uint_eq(choices, 0);
	pump(w);
	client_sends(w, "works");
	server_reads(w, "works");
	done(w);
	ck_assert_uint_eq(choices, STS_TLS_ENGINE ? 0 : 1);
}
END_TEST

START_TEST(an_ended_session_leaves_nothing_in_memory)
{
	struct wire *w = wire("server-ec", "ec", 0, 100000);
	unsigned left = 0;

	ck_assert_uint_le(sts_tls_size(), STS_TLS_SIZE_MAX);
	/* Nothing is known about a certificate before there is one. */
	ck_assert(!sts_tls_must_staple(w->client));
	ck_assert_uint_eq(sts_tls_scts(w->client), 0);
	sts_tls_app_flush(w->client);
	ck_assert_uint_eq(sts_tls_wants(w->client),
	    STS_TLS_ENGINE ? STS_TLS_REC_SEND : STS_TLS_WORK);
	pump(w);
	ck_assert(!sts_tls_must_staple(w->client));
	client_sends(w, "still works");
	server_reads(w, "still works");
	sts_tls_end(w->client);
	/* Only the end of the session and its reason are left in memory. */
	for (size_t i = 0; i < sts_tls_size(); i++) {
		left += ((uint8_t *)w->client)[i] != 0;
	}
	ck_assert_uint_le(left, 2);
	ck_assert_uint_eq(sts_tls_wants(w->client), STS_TLS_FAILED);
	done(w);
}
END_TEST

/* The random of the ClientHello under a seed (RFC 5246 7.4.1.2: it is behind
 * the headers of record and message, and the version). */
static void
hello_random(const uint8_t seed[STS_TLS_RND], uint8_t out[32])
{
	struct sts_tls *client = malloc(sts_tls_size());

	ck_assert_ptr_nonnull(client);
	sts_tls_start(client, unit_span(the_case.host), &the_case.anchors,
	    the_case.date_s, seed);
	work_off(client);
	struct sts_text first = sts_tls_rec_send_buf(client);

	ck_assert_uint_gt(first.n, 5 + 4 + 2 + 32);
	ck_assert_uint_eq(first.p[0], 22);
	memcpy(out, first.p + 5 + 4 + 2, 32);
	free(client);
}

/*
 * Each octet of the seed counts, and nothing else does: the same seed gives the
 * same random, and other seeds differ in every group of four octets but the
 * first, which once was the time. (By chance two of the 49 would share a group
 * once in 2^32 / 10^4 cases; this test has the same outcome each time.)
 */
START_TEST(each_octet_of_the_seed_counts)
{
	static uint8_t random[STS_TLS_RND + 1][32];
	uint8_t seed[STS_TLS_RND], again[32];

	case_load(&the_case, "good-ec");
	memset(seed, SEED, sizeof seed);
	hello_random(seed, random[STS_TLS_RND]);
	hello_random(seed, again);
	ck_assert_mem_eq(again, random[STS_TLS_RND], 32);
	for (unsigned i = 0; i < STS_TLS_RND; i++) {
		seed[i] ^= 1;
		hello_random(seed, random[i]);
		seed[i] ^= 1;
	}
	for (unsigned i = 0; i <= STS_TLS_RND; i++) {
		for (unsigned k = 0; k < i; k++) {
			for (unsigned part = 4; part < 32; part += 4) {
				ck_assert_mem_ne(
				    random[i] + part, random[k] + part, 4);
			}
		}
	}
}
END_TEST

/* Entropy is injected: BearSSL has no source of its own. */
START_TEST(bearssl_has_no_entropy_of_its_own)
{
	const char *name = NULL;

	ck_assert(br_prng_seeder_system(&name) == 0);
	ck_assert_str_eq(name, "none");
	ck_assert(br_prng_seeder_system(NULL) == 0);
}
END_TEST

void
unit_tests(TCase *tc)
{
	tcase_add_test(tc, handshakes_work_in_segments_of_any_size);
	tcase_add_test(tc, r18_only_ecdhe_with_aead_is_offered);
	tcase_add_test(tc, r19_r20_bad_certificates_are_refused_at_sight);
	tcase_add_test(tc, a_bad_signature_is_refused_before_the_key_exchange);
	tcase_add_test(tc, a_server_without_its_key_is_refused);
	tcase_add_test(tc, r18_older_versions_are_refused);
	tcase_add_test(tc, other_answers_to_the_hello_are_refused);
	tcase_add_test(tc, a_handshake_cut_short_is_peer_closed);
	tcase_add_test(tc, a_flipped_byte_in_a_handshake_is_noticed);
	tcase_add_test(tc, an_end_without_close_notify_is_a_truncation);
	tcase_add_test(tc, an_end_within_a_record_is_a_truncation);
	tcase_add_test(tc, one_buffer_receives_or_sends);
	tcase_add_test(tc, a_flipped_byte_of_data_fails_the_session);
	tcase_add_test(tc, renegotiation_is_refused);
	tcase_add_test(tc, r17_r18_the_hello_has_name_groups_and_suites);
	tcase_add_test(tc, sessions_use_what_they_have_in_common);
	tcase_add_test(tc, a_session_by_itself_chooses_once);
	tcase_add_test(tc, an_ended_session_leaves_nothing_in_memory);
	tcase_add_test(tc, each_octet_of_the_seed_counts);
	tcase_add_test(tc, bearssl_has_no_entropy_of_its_own);
}
