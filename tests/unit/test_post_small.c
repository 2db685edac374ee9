/* SPDX-License-Identifier: MIT */
/*
 * core/https/post with a record buffer of 1,024 bytes, so that a status is read
 * before its record's tag: it counts from authenticated bytes alone, however
 * the connection ends meanwhile.
 */
#define _DEFAULT_SOURCE
#include "../../core/base/assert.h"
#include "../../core/https/post.h"
#include "../../tls/tls_common.h"
#include "hostile_case.h"

STS_STATIC_ASSERT(STS_TLS_RECORD_SIZE == 1024, small_buffer);

const char unit_name[] = "post_small";

enum {
	BODY = 100,
	FILL = 3000,
	PIECE = 536, /* octets handed over at once */
	CONN_0 = 0
};

static struct sts_post post;
static struct sts_tls_common common;
static uint8_t response[FILL + 200];
static size_t response_len;

static void
start(void)
{
	static struct sts_addr addr;
	static const uint8_t rnd[STS_TLS_RND] = { 0x5a };
	struct sts_post_to to;
	struct sts_tls *tls = post.https.tls;

	if (tls == NULL) {
		tls = malloc(sts_tls_size());
	}
	ck_assert_ptr_nonnull(tls);
	sts_tls_common_init(&common);
	sts_post_init(&post, tls, &common);
	addr.af = STS_AF_INET;
	memset(&to, 0, sizeof to);
	to.https.addr = &addr;
	to.https.count = 1;
	to.https.anchors = &the_case.anchors;
	to.https.wall_s = the_case.date_s;
	to.https.rnd = rnd;
	to.host = unit_span("mta-sts.example.com");
	to.path = unit_span("/reports");
	to.type = "application/tlsrpt+gzip";
	to.length = BODY;
	sts_post_begin(&post, &to, 0);
	sts_post_conn_ops.opened(&post.https.conn[CONN_0]);
	sts_post_ops.child(&post, CONN_0);
}

/* Let the owner, the driver and the peer act until nothing moves. */
static void
serve(struct hostile *h)
{
	struct sts_conn *c = &post.https.conn[CONN_0];
	struct sts_span none = sts_span(NULL, 0);

	while (!post.done) {
		unsigned wants = sts_post_conn_ops.wants(c);
		size_t n = h->wire_len - h->wire_off;
		struct sts_span room = sts_post_room(&post);

		if (room.n > 0) {
			memset(room.p, 'b', room.n);
			sts_post_wrote(&post, room.n);
		} else if ((wants & STS_WANT_SEND) != 0) {
			sts_post_conn_ops.send_ack(
			    c, sts_post_conn_ops.send_buf(c, none).n);
		} else if ((wants & STS_WANT_RECV) != 0 && n > 0) {
			struct sts_span in =
			    sts_post_conn_ops.recv_buf(c, none);

			n = n < in.n ? n : in.n;
			n = n < PIECE ? n : (size_t)PIECE;
			memcpy(in.p, h->wire + h->wire_off, n);
			h->wire_off += n;
			sts_post_conn_ops.recv_ack(c, sts_span(in.p, n));
		} else {
			return;
		}
	}
}

static struct hostile *
posted(uint16_t version)
{
	struct hostile *h = server(false);

	start();
	h->plan.version = version;
	hostile_play(h, post.https.tls);
	ck_assert(sts_tls_established(post.https.tls) && h->client_finished);
	hostile_send(h, STS_TLS_APPLICATION, sts_text(NULL, 0));
	serve(h);
	ck_assert(!post.done);
	return h;
}

/* How the record with the status ends. */
enum ending {
	WHOLE,
	TAG, /* with a forged tag */
	CLOSED, /* its end never comes: the peer closes, */
	RESET, /* the connection is reset, */
	LATE, /* time is up, */
	STOPPED, /* the owner gives up */
	ENDINGS
};

static void
play(uint16_t version, enum ending ending)
{
	struct hostile *h = posted(version);
	struct sts_conn *c = &post.https.conn[CONN_0];

	hostile_send(h, STS_TLS_APPLICATION, sts_text(response, response_len));
	h->wire[h->wire_len - 1] ^= ending == TAG;
	h->wire_len -= ending > TAG;
	serve(h);
	ck_assert_int_eq(post.done, ending <= TAG);
	if (ending > TAG) {
		/* The status has been read and is not believed. */
		ck_assert_uint_eq(post.https.http.code, 201);
		ck_assert(sts_https_provisional(&post.https));
	}
	if (ending == CLOSED || ending == RESET) {
		sts_post_conn_ops.lost(
		    c, ending == CLOSED ? STS_IO_EOF : STS_IO_RESET);
	} else if (ending == LATE) {
		sts_post_ops.tick(&post, STS_POST_TOTAL_MS, the_case.date_s);
	} else if (ending == STOPPED) {
		sts_post_stop(&post, STS_WHY_BUSY);
	}
	ck_assert(post.done);
}

START_TEST(a_status_counts_when_its_record_is_authentic)
{
	static const uint16_t versions[] = { 0, STS_TLS_12 };
	static const enum sts_why why[] = { STS_WHY_NONE, STS_WHY_TLS_PROTOCOL,
		STS_WHY_TLS_TRUNCATED, STS_WHY_PEER_RESET,
		STS_WHY_FETCH_TIMEOUT, STS_WHY_BUSY };

	response_len = (size_t)snprintf((char *)response, sizeof response,
	    "HTTP/1.1 201 Created\r\n\r\n%0*d", FILL, 0);
	for (size_t v = 0; v < UNIT_COUNT(versions); v++) {
		for (unsigned i = WHOLE; i < ENDINGS; i++) {
			play(versions[v], (enum ending)i);
			char name[32];

			snprintf(name, sizeof name, "version %u ending %u",
			    (unsigned)v, i);
			unit_int(name, post.code, i == WHOLE ? 201 : 0);
			unit_int(name, post.why, why[i]);
		}
	}
	free(post.https.tls);
}
END_TEST

void
unit_tests(TCase *tc)
{
	tcase_set_timeout(tc, 60);
	tcase_add_test(tc, a_status_counts_when_its_record_is_authentic);
}
