/* SPDX-License-Identifier: MIT */
/*
 * The traces of RFC 8448, sections 3, 5, 6 and 7, replayed through tls/session:
 * every record that the client sends must be the RFC's. The RFC's text is read
 * from shared/vectors/rfc8448.txt beside the tree or higher up, or from the
 * file STS_RFC8448; without it the tests are skipped and report that.
 *
 * What a trace fixes replaces the library's at link time: the hellos
 * (tls_hello.c), the private keys (tls_exchange.c), and the judge (x509.c),
 * since the traces' certificates are weak and name nobody. Our CCS, which the
 * traces of sections 3 and 5 do not have, is left out of the comparison.
 */
#define _DEFAULT_SOURCE
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../../core/base/assert.h"
#include "../../tls/curves.h"
#include "../../tls/session.h"
#include "../../tls/tls_hello.h"
#include "../../tls/tls_messages.h"
#include "../../tls/x509/x509_path.h"
#include "unit.h"

const char unit_name[] = "tls_rfc8448";

enum {
	LINES_MAX = 100,
	LINE_MAX_LEN = 4096,
	BYTES_MAX = 2048
};

static struct {
	char section[16];
	char name[64];
	uint8_t bytes[BYTES_MAX];
	size_t n;
} lines[LINES_MAX];
static size_t lines_count;

static const char *section;
static unsigned hellos;
static uint8_t cert[BYTES_MAX];
static size_t cert_len;

/* ---- the traces ---- */

static struct sts_text
value(const char *name)
{
	for (size_t i = 0; i < lines_count; i++) {
		if (strcmp(lines[i].section, section) == 0 &&
		    strcmp(lines[i].name, name) == 0) {
			return sts_text(lines[i].bytes, lines[i].n);
		}
	}
	return sts_text(NULL, 0);
}

static FILE *
open_traces(void)
{
	static const char *const paths[] = { "../shared/vectors/rfc8448.txt",
		"../../shared/vectors/rfc8448.txt",
		"../../../shared/vectors/rfc8448.txt" };
	const char *path = getenv("STS_RFC8448");
	FILE *f = path != NULL ? fopen(path, "r") : NULL;

	for (size_t i = 0; f == NULL && i < UNIT_COUNT(paths); i++) {
		f = fopen(paths[i], "r");
	}
	return f;
}

static void
take_line(const char *line, char current[16])
{
	char hex[LINE_MAX_LEN];

	if (sscanf(line, "[section %11[0-9]", current) == 1) {
		return;
	}
	if (sscanf(line, "%63[A-Za-z0-9_] = %4095[0-9a-f]",
		lines[lines_count].name, hex) != 2) {
		return;
	}
	memcpy(lines[lines_count].section, current, 16);
	lines[lines_count].n = strlen(hex) / 2;
	ck_assert_uint_le(lines[lines_count].n, BYTES_MAX);
	for (size_t i = 0; i < lines[lines_count].n; i++) {
		unsigned v;

		ck_assert_int_eq(sscanf(hex + 2 * i, "%2x", &v), 1);
		lines[lines_count].bytes[i] = (uint8_t)v;
	}
	lines_count++;
	ck_assert_uint_lt(lines_count, LINES_MAX);
}

static bool
load(void)
{
	char line[LINE_MAX_LEN + 100], current[16] = "";
	FILE *f = open_traces();

	if (f == NULL) {
		printf("tls_rfc8448: SKIPPED: no rfc8448.txt\n");
		return false;
	}
	lines_count = 0;
	while (fgets(line, sizeof line, f) != NULL) {
		take_line(line, current);
	}
	fclose(f);
	ck_assert_uint_gt(lines_count, 40);
	return true;
}

/* ---- in place of tls_hello.c ---- */

size_t
sts_tls_hello_write(const struct sts_tls_hello *h, uint8_t *out)
{
	struct sts_text t = value(
	    hellos == 0 ? "Record_ClientHello_1" : "Record_ClientHello_2");
	struct sts_text cookie = value("HelloRetryRequest_Cookie");

	ck_assert_uint_gt(t.n, 5);
	if (hellos > 0) {
		ck_assert_uint_eq(h->cookie.n, cookie.n);
		ck_assert_mem_eq(h->cookie.p, cookie.p, cookie.n);
		ck_assert_uint_eq(h->group, BR_EC_secp256r1);
	}
	hellos++;
	memcpy(out, t.p + 5, t.n - 5);
	return t.n - 5;
}

uint32_t
sts_tls_hello_offers(const struct sts_tls_hello *h)
{
	(void)h;
	return (1U << STS_TLS_EXTS) - 1;
}

uint16_t
sts_tls_hello_fragment_length(void)
{
	return 0;
}

bool
sts_tls_hello_echoed(
    const uint8_t seed[STS_TLS_SEED], struct sts_text session_id)
{
	(void)seed;
	return sts_text_same(session_id, value("session_id"));
}

/* ---- in place of tls_exchange.c ---- */

static struct sts_text
private_key(const struct sts_tls_group *g)
{
	return value(
	    g->id == BR_EC_curve25519 ? "x25519_private" : "p256_private");
}

void
sts_tls_draw(const uint8_t seed[STS_TLS_SEED], enum sts_tls_purpose purpose,
    uint8_t out[STS_TLS_RANDOM])
{
	(void)seed;
	(void)purpose;
	memcpy(out, value("client_random").p, STS_TLS_RANDOM);
}

/* The share that was sent is the one in the trace's hello. */
void
sts_tls_share(const uint8_t seed[STS_TLS_SEED], const struct sts_tls_group *g,
    uint8_t *out)
{
	struct sts_text key = private_key(g);
	struct sts_text hello = value(
	    hellos == 0 ? "Record_ClientHello_1" : "Record_ClientHello_2");
	bool found = false;

	(void)seed;
	ck_assert_uint_eq(
	    sts_curves()->mulgen(out, key.p, key.n, g->id), g->point_len);
	for (size_t i = 0; i + g->point_len <= hello.n; i++) {
		found = found || memcmp(hello.p + i, out, g->point_len) == 0;
	}
	ck_assert_msg(found, "section %s: another share", section);
}

bool
sts_tls_secret(const uint8_t seed[STS_TLS_SEED], const struct sts_tls_group *g,
    struct sts_text peer, uint8_t *out)
{
	struct sts_text key = private_key(g);
	uint8_t point[STS_TLS_SHARE_MAX];
	size_t len, off = sts_curves()->xoff(g->id, &len);

	(void)seed;
	memcpy(point, peer.p, peer.n);
	if (sts_curves()->mul(point, peer.n, key.p, key.n, g->id) != 1) {
		return false;
	}
	memcpy(out, point + off, len);
	return true;
}

/* ---- in place of x509.c ---- */

size_t
sts_x509_size(void)
{
	return sizeof(struct sts_x509);
}

void
sts_x509_start(struct sts_x509 *x, struct sts_text host,
    const struct sts_anchors *anchors, int64_t wall_s)
{
	(void)host;
	(void)anchors;
	(void)wall_s;
	x->phase = STS_X509_COLLECTING;
	cert_len = 0;
}

void
sts_x509_use_links(struct sts_x509 *x, struct sts_x509_links *l)
{
	(void)x;
	(void)l;
}

void
sts_x509_cert_begin(struct sts_x509 *x, size_t len)
{
	(void)x;
	ck_assert_uint_le(len, sizeof cert);
}

void
sts_x509_cert_feed(struct sts_x509 *x, struct sts_text der)
{
	(void)x;
	memcpy(cert + cert_len, der.p, der.n);
	cert_len += der.n;
}

void
sts_x509_cert_end(struct sts_x509 *x)
{
	(void)x;
}

void
sts_x509_chain_end(struct sts_x509 *x)
{
	x->phase = STS_X509_SEARCHING;
}

bool
sts_x509_pending(const struct sts_x509 *x)
{
	return x->phase == STS_X509_SEARCHING;
}

void
sts_x509_work(struct sts_x509 *x)
{
	x->phase = STS_X509_DONE;
}

enum sts_why
sts_x509_verdict(const struct sts_x509 *x)
{
	(void)x;
	return STS_WHY_NONE;
}

bool
sts_x509_must_staple(const struct sts_x509 *x)
{
	(void)x;
	return false;
}

unsigned
sts_x509_scts(const struct sts_x509 *x)
{
	(void)x;
	return 0;
}

bool
sts_x509_leaf_key_usable(const struct sts_x509 *x)
{
	(void)x;
	return true;
}

static const uint8_t *
find(const char *bytes, size_t n)
{
	for (size_t i = 0; i + n <= cert_len; i++) {
		if (memcmp(cert + i, bytes, n) == 0) {
			return cert + i + n;
		}
	}
	return NULL;
}

/* The keys of the traces' certificates: RSA of 1,024 bits, or P-256. */
struct sts_x509_pubkey
sts_x509_leaf_key(const struct sts_x509 *x)
{
	static const uint8_t exponent[] = { 1, 0, 1 };
	struct sts_x509_pubkey key = { STS_X509_KEY_RSA,
		{ find("\x02\x81\x81\x00", 4), 128 },
		{ exponent, sizeof exponent } };

	(void)x;
	if (key.key.p == NULL) {
		key.type = STS_X509_KEY_P256;
		key.key = sts_text(find("\x03\x42\x00", 3), 65);
		ck_assert_ptr_nonnull(key.key.p);
	}
	return key;
}

/* ---- the replay ---- */

static struct sts_tls *t;
static uint8_t sent[8 * BYTES_MAX];
static size_t sent_len;

static void
drain(void)
{
	for (;;) {
		unsigned wants = sts_tls_wants(t);
		struct sts_text out = sts_tls_rec_send_buf(t);

		if ((wants & STS_TLS_WORK) != 0) {
			sts_tls_work(t);
		} else if ((wants & STS_TLS_REC_SEND) != 0) {
			memcpy(sent + sent_len, out.p, out.n);
			sent_len += out.n;
			sts_tls_rec_send_ack(t, out.n);
		} else {
			return;
		}
	}
}

static void
receive(const char *name, size_t chunk)
{
	struct sts_text in = value(name);

	ck_assert_msg(in.n > 0, "section %s: no %s", section, name);
	while (in.n > 0) {
		struct sts_span room = sts_tls_rec_recv_buf(t);
		size_t n = in.n < chunk ? in.n : chunk;

		n = n < room.n ? n : room.n;
		ck_assert_msg(n > 0, "section %s: %s is not taken: %s", section,
		    name,
		    (sts_tls_wants(t) & STS_TLS_FAILED) != 0
			? sts_why_token(sts_tls_why(t))
			: "waits");
		memcpy(room.p, in.p, n);
		in = sts_text(in.p + n, in.n - n);
		sts_tls_rec_recv_ack(t, n);
		drain();
	}
}

/* Everything sent since the last call is that record of the trace. */
static void
expect(const char *name)
{
	static const uint8_t ccs[6] = { 20, 3, 3, 0, 1, 1 };
	struct sts_text want = value(name), got = { sent, sent_len };

	if (got.n > sizeof ccs && memcmp(got.p, ccs, sizeof ccs) == 0 &&
	    want.p[0] != ccs[0]) {
		got = sts_text(got.p + sizeof ccs, got.n - sizeof ccs);
	}
	ck_assert_msg(got.n == want.n, "section %s: %s: got %zu, want %zu",
	    section, name, got.n, want.n);
	ck_assert_msg(memcmp(got.p, want.p, got.n) == 0,
	    "section %s: %s differs", section, name);
	sent_len = 0;
}

static void
begin(const char *which)
{
	static const uint8_t rnd[STS_TLS_RND] = { 0 };
	struct sts_anchors none = { NULL, 0, 0 };

	section = which;
	hellos = 0;
	sent_len = 0;
	t = t != NULL ? t : malloc(sts_tls_size());
	ck_assert_ptr_nonnull(t);
	sts_tls_start(t, unit_span("server"), &none, 0, rnd);
	drain();
	expect("Record_ClientHello_1");
}

static void
print_result(const char *name)
{
	struct sts_text m = value(name);

	memcpy(sts_tls_app_send_buf(t).p, m.p, m.n);
	sts_tls_app_send_ack(t, m.n);
	sts_tls_app_flush(t);
	drain();
}

static void
hear(const char *name)
{
	struct sts_text want = value(name), got = sts_tls_app_recv_buf(t);

	ck_assert_uint_eq(got.n, want.n);
	ck_assert_mem_eq(got.p, want.p, want.n);
	sts_tls_app_recv_ack(t, got.n);
}

static const size_t chunks[] = { 1, 2, 3, 5, 16, 17, 100, 679, 2801 };

/* Section 3: a simple handshake, a ticket, data, close_notify. */
START_TEST(section_3_a_simple_handshake)
{
	for (size_t i = 0; load() && i < UNIT_COUNT(chunks); i++) {
		begin("3");
		receive("Record_ServerHello", chunks[i]);
		receive("Record_ServerHandshakeMessages", chunks[i]);
		expect("Record_ClientFinished");
		ck_assert(sts_tls_established(t));
		receive("Record_NewSessionTicket", chunks[i]);
		print_result("Client_AppData");
		expect("Record_Client_AppData");
		receive("Record_Server_AppData", chunks[i]);
		hear("Server_AppData");
		/* In the trace the client closes first; ours answers the
		 * server's. */
		receive("Record_Server_CloseNotify", chunks[i]);
		expect("Record_Client_CloseNotify");
		ck_assert_uint_eq(sts_tls_wants(t), STS_TLS_CLOSED);
	}
}
END_TEST

/* Section 5: HelloRetryRequest with a cookie, to P-256. */
START_TEST(section_5_a_retry_with_a_cookie)
{
	for (size_t i = 0; load() && i < UNIT_COUNT(chunks); i++) {
		begin("5");
		receive("Record_HelloRetryRequest", chunks[i]);
		expect("Record_ClientHello_2");
		receive("Record_ServerHello", chunks[i]);
		receive("Record_ServerHandshakeMessages", chunks[i]);
		expect("Record_ClientFinished");
		receive("Record_Server_CloseNotify", chunks[i]);
		expect("Record_Client_CloseNotify");
	}
}
END_TEST

/* Section 6: the server asks for a certificate. Our client answers with an
 * empty Certificate, so that the rest, Finished, differs from the trace. */
START_TEST(section_6_a_request_for_a_certificate)
{
	for (size_t i = 0; load() && i < UNIT_COUNT(chunks); i++) {
		begin("6");
		receive("Record_ServerHello", chunks[i]);
		receive("Record_ServerHandshakeMessages", chunks[i]);
		ck_assert(sts_tls_established(t));
		ck_assert_uint_eq(sent_len, 6 + 5 + 8 + 17 + 5 + 36 + 17);
	}
}
END_TEST

/* Section 7: compatibility mode, with a session id and CCS. */
START_TEST(section_7_compatibility_mode)
{
	for (size_t i = 0; load() && i < UNIT_COUNT(chunks); i++) {
		begin("7");
		receive("Record_ServerHello", chunks[i]);
		receive("Record_ServerHandshakeMessages", chunks[i]);
		expect("Record_ClientFinished");
		receive("Record_Server_CloseNotify", chunks[i]);
		expect("Record_Client_CloseNotify");
	}
}
END_TEST

void
unit_tests(TCase *tc)
{
	tcase_add_test(tc, section_3_a_simple_handshake);
	tcase_add_test(tc, section_5_a_retry_with_a_cookie);
	tcase_add_test(tc, section_6_a_request_for_a_certificate);
	tcase_add_test(tc, section_7_compatibility_mode);
}
