/* SPDX-License-Identifier: MIT */
/*
 * core/https/post: one POST with a body of known length against TLS servers of
 * this process, and the result of each answer.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../../core/https/post.h"
#include "../mem/https.h"
#include "../mem/mem.h"
#include "../mem/trust.h"
#include "unit.h"

const char unit_name[] = "post";

enum {
	WALL_S = 1750000000,
	ROUNDS = 100000,
	PATH_LONG = 2000,
	CONN_0 = 10 /* the channel of the first connection */
};

static struct mem mem;
static struct sts_post post;
static struct sts_tls *tls;
static struct sts_tls_common common;
static struct sts_anchors anchors;
static uint64_t packed[4096];
static struct https *server;
static sts_ms now;
static bool open[STS_HTTPS_CONNS];
static size_t body_off, body_len;

static uint8_t
body_at(size_t i)
{
	return (uint8_t)('a' + i % 23);
}

/* The owner writes as much of the body as there is room for. */
static void
own(void)
{
	struct sts_span room = sts_post_room(&post);

	for (size_t i = 0; i < room.n; i++) {
		room.p[i] = body_at(body_off + i);
	}
	if (room.n > 0) {
		body_off += room.n;
		sts_post_wrote(&post, room.n);
	}
}

static void
lost(unsigned i, int why)
{
	mem.port.close(mem.port.ctx, (sts_ch)(CONN_0 + i));
	open[i] = false;
	sts_post_conn_ops.lost(&post.https.conn[i], why);
}

/* Serve what a connection wants and can have now. Returns false when nothing
 * moved. */
static bool
transfer(unsigned i, unsigned wants)
{
	const struct sts_engine_ops *ops = &sts_post_conn_ops;
	struct sts_conn *c = &post.https.conn[i];
	struct sts_span none = { NULL, 0 };
	sts_ch ch = (sts_ch)(CONN_0 + i);
	int r = STS_IO_AGAIN;

	if ((wants & STS_WANT_SEND) != 0) {
		struct sts_text out = ops->send_buf(c, none);

		r = mem.port.send(mem.port.ctx, ch, out.p, out.n);
		if (r > 0) {
			ops->send_ack(c, (size_t)r);
			return true;
		}
	} else if ((wants & STS_WANT_RECV) != 0) {
		struct sts_span in = ops->recv_buf(c, none);

		r = mem.port.recv(mem.port.ctx, ch, in.p, in.n);
		if (r > 0) {
			ops->recv_ack(c, sts_span(in.p, (size_t)r));
			return true;
		}
	}
	if (r == STS_IO_EOF) {
		ops->lost(c, STS_IO_EOF);
		return false;
	}
	if (r != STS_IO_AGAIN) {
		lost(i, r);
		return true;
	}
	return false;
}

/* One step of a connection, as the driver takes it. */
static bool
step(unsigned i)
{
	const struct sts_engine_ops *ops = &sts_post_conn_ops;
	struct sts_conn *c = &post.https.conn[i];
	unsigned wants = ops->wants(c);

	if ((wants & STS_WANT_OWNER) != 0) {
		sts_post_ops.child(&post, i);
		own();
		return true;
	}
	if ((wants & STS_WANT_CLOSE) != 0) {
		if (open[i]) {
			lost(i, STS_IO_CLOSED);
		} else {
			ops->lost(c, STS_IO_CLOSED);
		}
		return true;
	}
	if ((wants & STS_WANT_STREAM) != 0 && !open[i]) {
		ck_assert_int_eq(mem.port.stream(mem.port.ctx,
				     (sts_ch)(CONN_0 + i), ops->peer(c)),
		    0);
		open[i] = true;
		mem_accept(&mem, mem.sock_of[CONN_0 + i]);
		ops->opened(c);
		return true;
	}
	if ((wants & STS_WANT_WORK) != 0) {
		ops->work(c);
		return true;
	}
	return open[i] && transfer(i, wants);
}

/* Do all that can happen without time passing. */
static void
settle(void)
{
	bool moved = true;

	for (unsigned round = 0; moved; round++) {
		ck_assert_uint_lt(round, ROUNDS);
		moved = false;
		for (unsigned i = 0; i < STS_HTTPS_CONNS; i++) {
			moved = step(i) || moved;
			if (open[i] && server != NULL && i == 0) {
				moved = https_pump(server, &mem,
					    mem.sock_of[CONN_0 + i]) ||
					moved;
			}
		}
		while (sts_post_ops.stirred(&post) >= 0) {
			moved = true;
		}
	}
}

static void
begin(
    const char *path, size_t length, enum https_cert cert, const char *response)
{
	static struct sts_addr to;
	static const uint8_t seed[32] = { 1 };
	static uint8_t rnd[STS_TLS_RND] = { 2 };
	struct sts_post_to t;

	to = (struct sts_addr){ STS_AF_INET, 0, 443, 0, { 192, 0, 2, 1 } };
	server = https_new(cert, unit_span(response), seed);
	t.https = (struct sts_https_to){ &to, 1, &anchors, WALL_S, rnd };
	t.host = unit_span("mta-sts.example.com");
	t.path = unit_span(path);
	t.type = "application/tlsrpt+gzip";
	t.length = (uint32_t)length;
	body_off = 0;
	body_len = length;
	sts_post_begin(&post, &t, now);
}

static void
end(void)
{
	settle();
	ck_assert(post.done);
	ck_assert_uint_eq(sts_post_ops.wants(&post), STS_WANT_OWNER);
	sts_post_end(&post);
	ck_assert_uint_eq(sts_post_ops.wants(&post), 0);
	https_free(server);
	server = NULL;
}

static void
setup(void)
{
	mem_init(&mem, 1);
	now = 1000;
	tls = calloc(1, sts_tls_size());
	ck_assert_ptr_nonnull(tls);
	trust_root(&anchors, packed, sizeof packed);
	sts_tls_common_init(&common);
	sts_post_init(&post, tls, &common);
}

static void
teardown(void)
{
	free(tls);
	mem_end(&mem);
}

static const struct {
	const char *name, *response;
	unsigned code;
	enum sts_why why;
} answers[] = {
	{ "accepted", "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n", 200,
	    STS_WHY_NONE },
	{ "created, and a body that nobody reads",
	    "HTTP/1.1 201 Created\r\nContent-Type: text/html\r\n\r\n<p>thanks",
	    201, STS_WHY_NONE },
	{ "no content", "HTTP/1.1 204 No Content\r\n\r\n", 204, STS_WHY_NONE },
	{ "an interim response first",
	    "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 202 Accepted\r\n\r\n", 202,
	    STS_WHY_NONE },
	{ "a redirect is an answer and is not followed",
	    "HTTP/1.1 307 Go\r\nLocation: https://192.0.2.9/\r\n\r\n", 307,
	    STS_WHY_NONE },
	{ "refused", "HTTP/1.1 404 Not Found\r\n\r\n", 404, STS_WHY_NONE },
	{ "try later", "HTTP/1.1 503 Later\r\n\r\n", 503, STS_WHY_NONE },
	{ "no HTTP", "220 smtp.example.com ESMTP\r\n", 0,
	    STS_WHY_HTTP_MALFORMED },
};

START_TEST(each_answer_has_its_code_or_reason)
{
	for (unsigned i = 0; i < UNIT_COUNT(answers); i++) {
		begin("/reports", 1000, HTTPS_GOOD, answers[i].response);
		settle();
		unit_int(answers[i].name, post.code, answers[i].code);
		unit_int(answers[i].name, post.why, answers[i].why);
		unit_int(answers[i].name, (long long)body_off, 1000);
		end();
	}
}
END_TEST

/* The head is what the receiver needs; the body arrives whole and unchanged,
 * whatever its length and that of the path. */
START_TEST(the_body_arrives_whole_behind_its_head)
{
	static const size_t lengths[] = { 1, 511, 16383, 16384, 16385, 50000 };
	char path[PATH_LONG + 1], want[PATH_LONG + 512];

	memset(path, 'p', PATH_LONG);
	path[0] = '/';
	path[PATH_LONG] = '\0';
	for (unsigned i = 0; i < UNIT_COUNT(lengths); i++) {
		struct sts_text got;
		size_t head;

		begin(i % 2 == 0 ? path : "/v1/tls?d=1", lengths[i], HTTPS_GOOD,
		    "HTTP/1.1 200 OK\r\n\r\n");
		settle();
		got = https_request(server);
		snprintf(want, sizeof want,
		    "POST %s HTTP/1.1\r\nHost: mta-sts.example.com\r\n"
		    "User-Agent: mtasts/",
		    i % 2 == 0 ? path : "/v1/tls?d=1");
		head = strlen(want);
		ck_assert_uint_gt(got.n, head);
		ck_assert_mem_eq(got.p, want, head);
		snprintf(want, sizeof want,
		    "\r\nContent-Type: application/tlsrpt+gzip\r\n"
		    "Content-Length: %lu\r\nConnection: close\r\n\r\n",
		    (unsigned long)lengths[i]);
		ck_assert_ptr_nonnull(strstr((const char *)got.p, want));
		head = (size_t)(strstr((const char *)got.p, want) -
				(const char *)got.p) +
		       strlen(want);
		ck_assert_uint_eq(got.n - head, lengths[i]);
		for (size_t k = 0; k < lengths[i]; k++) {
			ck_assert_uint_eq(got.p[head + k], body_at(k));
		}
		ck_assert_str_eq(
		    https_server_name(server), "mta-sts.example.com");
		end();
	}
}
END_TEST

/* No octet of a report goes to a host other than the one it is for. */
START_TEST(a_bad_certificate_gets_nothing_of_the_body)
{
	static const struct {
		enum https_cert cert;
		enum sts_why why;
	} cases[] = {
		{ HTTPS_EXPIRED, STS_WHY_X509_EXPIRED },
		{ HTTPS_NAME, STS_WHY_X509_NAME },
		{ HTTPS_UNTRUSTED, STS_WHY_X509_NO_ISSUER },
	};

	for (unsigned i = 0; i < UNIT_COUNT(cases); i++) {
		begin("/", 100, cases[i].cert, "HTTP/1.1 200 OK\r\n\r\n");
		settle();
		unit_int("status code", post.code, 0);
		unit_int("reason", post.why, cases[i].why);
		unit_int("octets of the body", (long long)body_off, 0);
		end();
	}
}
END_TEST

/* A server that answers before the whole body is sent has decided. */
START_TEST(an_answer_before_the_bodys_end_decides)
{
	begin("/", 60000, HTTPS_GOOD, "HTTP/1.1 413 Too Large\r\n\r\n");
	https_hasty(server);
	settle();
	unit_int("status code", post.code, 413);
	end();
}
END_TEST

START_TEST(a_post_without_an_answer_ends_with_its_reason)
{
	sts_ms at;

	/* The server takes everything and is silent. */
	begin("/", 100, HTTPS_GOOD, "");
	settle();
	ck_assert(!post.done);
	ck_assert(sts_post_ops.deadline(&post, &at));
	ck_assert_uint_eq(at, now + STS_POST_TOTAL_MS);
	sts_post_ops.tick(&post, at - 1, WALL_S);
	ck_assert(!post.done);
	sts_post_ops.tick(&post, at, WALL_S);
	settle();
	unit_int("reason after a timeout", post.why, STS_WHY_FETCH_TIMEOUT);
	unit_int("status code", post.code, 0);
	end();

	/* The server resets after the handshake. */
	begin("/", 100, HTTPS_GOOD, "");
	settle();
	mem_fail(&mem, mem.sock_of[CONN_0], STS_IO_RESET);
	settle();
	unit_int("reason after a reset", post.why, STS_WHY_PEER_RESET);
	unit_int("whether octets have not left", post.unsent, false);
	end();

	/* It ends the session. */
	begin("/", 100, HTTPS_GOOD, "");
	settle();
	https_close(server);
	settle();
	unit_int("closed", post.why, STS_WHY_PEER_CLOSED);
	unit_int("code", post.code, 0);
	end();

	/* The owner gives up; that the post has ended already changes nothing,
	 * nor that there is none. */
	begin("/", 100, HTTPS_GOOD, "");
	sts_post_stop(&post, STS_WHY_BUSY);
	sts_post_stop(&post, STS_WHY_FETCH_TIMEOUT);
	settle();
	unit_int("reason after a stop", post.why, STS_WHY_BUSY);
	end();
	sts_post_stop(&post, STS_WHY_FETCH_TIMEOUT);
	unit_int("none", sts_post_ops.wants(&post), 0);
}
END_TEST

/* A post goes on when it was held and is no more. */
START_TEST(held)
{
	begin("/", 100, HTTPS_GOOD, "HTTP/1.1 200 OK\r\n\r\n");
	sts_post_hold(&post, true);
	sts_post_hold(&post, true);
	ck_assert(!post.resumed);
	settle();
	sts_post_hold(&post, false);
	ck_assert(post.resumed);
	settle();
	unit_int("code", post.code, 200);
	end();
}
END_TEST

void
unit_tests(TCase *tc)
{
	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_add_test(tc, each_answer_has_its_code_or_reason);
	tcase_add_test(tc, the_body_arrives_whole_behind_its_head);
	tcase_add_test(tc, a_bad_certificate_gets_nothing_of_the_body);
	tcase_add_test(tc, an_answer_before_the_bodys_end_decides);
	tcase_add_test(tc, a_post_without_an_answer_ends_with_its_reason);
	tcase_add_test(tc, held);
}
