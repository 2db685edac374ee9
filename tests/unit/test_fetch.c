/* SPDX-License-Identifier: MIT */
/*
 * A fetch over TLS from a server that sends the response of a row in one
 * record: its result, and its result when the record is forged. No verdict
 * rests on octets before the tag of their record has been verified, however the
 * record is opened: test_fetch_small.c plays the rows with a buffer that holds
 * none of their records.
 */
#define _DEFAULT_SOURCE
#include "../../core/https/fetch.h"
#include "../../tls/tls_common.h"
#include "hostile_case.h"

const char unit_name[] = "fetch";

enum {
	RESPONSE_MAX = 16384,
	PIECE = 536 /* octets handed over at once */
};

static const char domain[] = "example.com";
static struct sts_fetch fetch;
static struct sts_lookup lookup;
static struct sts_settings settings;
static struct sts_tls_common common;
static struct sts_cache cache;
static uint8_t block[32768];
static bool full; /* nothing can be staged in the cache */

#define HEAD "HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\n"
#define POLICY "version: STSv1\nmode: enforce\nmx: a.example.com\n"
#define MAX_AGE "max_age: 86400\n"

/* What a server sends, with `fill` octets of a comment field before `end`. */
static const struct row {
	const char *name;
	const char *begin;
	unsigned fill;
	const char *end;
	enum sts_why why;
	uint16_t code;
} rows[] = {
	{ "a policy", HEAD "Content-Length: 62\r\nX: ", 3000,
	    "\r\n\r\n" POLICY MAX_AGE, STS_WHY_NONE, 200 },
	{ "a policy in a chunk", HEAD "Transfer-Encoding: chunked\r\nX: ", 3000,
	    "\r\n\r\n3e\r\n" POLICY MAX_AGE "\r\n0\r\n\r\n", STS_WHY_NONE,
	    200 },
	{ "a status", "HTTP/1.1 404 No\r\nX: ", 3000, "\r\n\r\n",
	    STS_WHY_HTTP_STATUS, 404 },
	{ "a redirect", "HTTP/1.1 301 No\r\nX: ", 3000, "\r\n\r\n",
	    STS_WHY_HTTP_REDIRECT, 301 },
	{ "no HTTP", "SSH-2.0 ", 3000, "\r\n", STS_WHY_HTTP_MALFORMED, 0 },
	{ "another type", "HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nX: ",
	    3000, "\r\n\r\n", STS_WHY_HTTP_TYPE, 200 },
	{ "another version",
	    HEAD "Content-Length: 9000\r\n\r\nversion: STSv2\nx: ", 3000, "\n",
	    STS_WHY_POLICY_VERSION, 200 },
	{ "no field of a policy",
	    HEAD "Content-Length: 9000\r\n\r\n<html>\nx: ", 3000, "\n",
	    STS_WHY_POLICY_SYNTAX, 200 },
	{ "a policy without max_age",
	    HEAD "Content-Length: 3051\r\n\r\n" POLICY "x: ", 3000, "\n",
	    STS_WHY_POLICY_MAX_AGE, 200 },
	{ "a body too large", HEAD "Content-Length: 999999\r\n\r\n", 3000, "\n",
	    STS_WHY_HTTP_BODY_LARGE, 200 },
};

/* What is forged of the record: nothing, a bit of its tag or content, or its
 * end, which never comes. */
enum forgery {
	GENUINE,
	TAG,
	CONTENT,
	CUT_OFF,
	FORGERIES
};

static size_t
response(const struct row *r, uint8_t *out)
{
	size_t n = strlen(r->begin), end = strlen(r->end);

	ck_assert_uint_le(n + r->fill + end, RESPONSE_MAX);
	memcpy(out, r->begin, n);
	memset(out + n, 'x', r->fill);
	memcpy(out + n + r->fill, r->end, end);
	return n + r->fill + end;
}

static void
start(void)
{
	static const uint8_t key[STS_SIPHASH_KEY] = { 1 };
	uint8_t rnd[STS_TLS_RND];

	if (fetch.https.tls == NULL) {
		fetch.https.tls = malloc(sts_tls_size());
	}
	ck_assert_ptr_nonnull(fetch.https.tls);
	memset(rnd, 0x5a, sizeof rnd);
	memset(&lookup, 0, sizeof lookup);
	memset(&settings, 0, sizeof settings);
	settings.anchors = &the_case.anchors;
	lookup.settings = &settings;
	lookup.domain_len = sizeof domain - 1;
	memcpy(lookup.domain, domain, sizeof domain - 1);
	lookup.addr_count = 1;
	lookup.addr[0].af = STS_AF_INET;
	lookup.fetch_until = STS_FETCH_TOTAL_MS;
	sts_cache_init(&cache, block, sizeof block, key);
	sts_tls_common_init(&common);
	sts_fetch_init(&fetch, fetch.https.tls, &common, &cache);
	sts_fetch_begin(
	    &fetch, &lookup, 0, the_case.date_s, unit_span("id1"), rnd);
	sts_fetch_conn_ops.opened(&fetch.https.conn[0]);
	sts_fetch_ops.child(&fetch, 0);
}

/* Hand over the octets that wait, and take what is sent, as the driver does. */
static void
serve(struct hostile *h)
{
	struct sts_conn *c = &fetch.https.conn[0];
	struct sts_span none = sts_span(NULL, 0);

	for (;;) {
		unsigned wants = sts_fetch_conn_ops.wants(c);
		size_t n = h->wire_len - h->wire_off;

		if (fetch.done) {
			return;
		}
		if ((wants & STS_WANT_SEND) != 0) {
			sts_fetch_conn_ops.send_ack(
			    c, sts_fetch_conn_ops.send_buf(c, none).n);
		} else if ((wants & STS_WANT_RECV) != 0 && n > 0) {
			struct sts_span in =
			    sts_fetch_conn_ops.recv_buf(c, none);

			n = n < in.n ? n : in.n;
			n = n < PIECE ? n : PIECE;
			memcpy(in.p, h->wire + h->wire_off, n);
			h->wire_off += n;
			sts_fetch_conn_ops.recv_ack(c, sts_span(in.p, n));
		} else {
			return;
		}
	}
}

static struct hostile *
asked(uint16_t version)
{
	struct hostile *h = server(false);

	start();
	h->plan.version = version;
	hostile_play(h, fetch.https.tls);
	ck_assert(sts_tls_established(fetch.https.tls) && h->client_finished);
	for (struct sts_stage s; full;) {
		full = sts_cache_stage(&cache, &s, unit_span("other.example"));
	}
	/* An empty record, so that the fetch goes through what was played
	 * without it. */
	hostile_send(h, STS_TLS_APPLICATION, sts_text(NULL, 0));
	serve(h);
	ck_assert(fetch.asked && !fetch.done);
	return h;
}

static void
play(const struct row *r, uint16_t version, enum forgery forgery)
{
	static uint8_t sent[RESPONSE_MAX];
	struct hostile *h = asked(version);
	size_t from = h->wire_len;

	hostile_send(h, STS_TLS_APPLICATION, sts_text(sent, response(r, sent)));
	if (forgery == TAG) {
		h->wire[h->wire_len - 1] ^= 1;
	} else if (forgery == CONTENT) {
		h->wire[from + 5 + 8 + 20] ^= 1;
	} else if (forgery == CUT_OFF) {
		h->wire_len--;
	}
	serve(h);
	if (forgery == CUT_OFF) {
		ck_assert_msg(!fetch.done,
		    "%s: judged before the end of its record", r->name);
		sts_fetch_conn_ops.lost(&fetch.https.conn[0], STS_IO_EOF);
	}
	ck_assert_msg(fetch.done, "%s: %d: not ended", r->name, forgery);
}

/* A record that is complete and genuine is judged by its content. */
START_TEST(a_genuine_record_is_judged_by_its_content)
{
	static const uint16_t versions[] = { 0, STS_TLS_12 };

	for (size_t i = 0; i < UNIT_COUNT(rows); i++) {
		for (size_t v = 0; v < UNIT_COUNT(versions); v++) {
			play(&rows[i], versions[v], GENUINE);
			unit_int(rows[i].name, fetch.why, rows[i].why);
			unit_int(rows[i].name, fetch.http_code, rows[i].code);
			unit_int(rows[i].name, fetch.found == STS_FOUND,
			    rows[i].why == STS_WHY_NONE);
			if (fetch.found == STS_FOUND) {
				ck_assert_uint_eq(fetch.policy.mx_count, 1);
				ck_assert(fetch.staged);
			}
		}
	}
}
END_TEST

/* Of a forged record nothing is believed, reported or kept: neither a policy
 * nor its absence, nor a status. */
START_TEST(nothing_of_a_forged_record_is_believed)
{
	static const uint16_t versions[] = { 0, STS_TLS_12 };

	for (size_t i = 0; i < UNIT_COUNT(rows); i++) {
		for (unsigned k = TAG; k < 2 * FORGERIES; k++) {
			enum forgery f = (enum forgery)(k % FORGERIES);

			if (f == GENUINE) {
				continue;
			}
			play(&rows[i], versions[k / FORGERIES], f);
			unit_int(rows[i].name, fetch.why,
			    f == CUT_OFF ? STS_WHY_TLS_TRUNCATED
					 : STS_WHY_TLS_PROTOCOL);
			unit_int(rows[i].name, fetch.found, STS_UNKNOWN);
			unit_int(rows[i].name, fetch.http_code, 0);
			ck_assert(!fetch.staged);
		}
	}
}
END_TEST

/* A lack of room to stage a policy is our limit, and no verdict on the policy.
 * An invalid policy is refused as such. */
START_TEST(a_lack_of_room_is_no_verdict)
{
	static const struct row cases[] = {
		{ "an mx", HEAD "Content-Length: 62\r\nX: ", 10,
		    "\r\n\r\n" POLICY MAX_AGE, STS_WHY_POLICY_NO_ROOM, 200 },
		{ "no mx", HEAD "Content-Length: 41\r\nX: ", 10,
		    "\r\n\r\nversion: STSv1\nmode: none\n" MAX_AGE,
		    STS_WHY_POLICY_NO_ROOM, 200 },
		{ "an mx at the very end", HEAD "Content-Length: 61\r\nX: ", 10,
		    "\r\n\r\nversion: STSv1\nmode: enforce\n" MAX_AGE
		    "mx: a.example.com",
		    STS_WHY_POLICY_NO_ROOM, 200 },
		{ "no policy", HEAD "Content-Length: 15\r\nX: ", 10,
		    "\r\n\r\nversion: STSv1\n", STS_WHY_POLICY_MODE, 200 },
	};

	for (size_t i = 0; i < UNIT_COUNT(cases); i++) {
		full = true;
		play(&cases[i], 0, GENUINE);
		unit_int(cases[i].name, fetch.why, cases[i].why);
		unit_int(cases[i].name, fetch.found, STS_UNKNOWN);
		ck_assert(!fetch.staged);
		ck_assert(!full);
	}
}
END_TEST

/* A status that came in an earlier record stays known. */
START_TEST(a_status_of_an_earlier_record_stays_known)
{
	static const char head[] = HEAD "Content-Length: 4000\r\n\r\n";
	static uint8_t sent[3000];
	struct hostile *h = asked(0);

	memset(sent, 'x', sizeof sent);
	hostile_send(h, STS_TLS_APPLICATION, unit_span(head));
	hostile_send(h, STS_TLS_APPLICATION, sts_text(sent, sizeof sent));
	h->wire[h->wire_len - 1] ^= 1;
	serve(h);
	ck_assert(fetch.done);
	unit_int("why", fetch.why, STS_WHY_TLS_PROTOCOL);
	unit_int("code", fetch.http_code, 200);
}
END_TEST

/* A shortage of our own that breaks the connection is no fault of the host. */
START_TEST(our_own_shortage_is_no_fault_of_the_host)
{
	static const struct {
		const char *name;
		int why;
		enum sts_why want;
	} cases[] = {
		{ "reset", STS_IO_RESET, STS_WHY_PEER_RESET },
		{ "shortage", STS_IO_LIMIT, STS_WHY_BUSY },
	};

	for (size_t i = 0; i < UNIT_COUNT(cases); i++) {
		asked(0);
		sts_fetch_conn_ops.lost(&fetch.https.conn[0], cases[i].why);
		ck_assert(fetch.done);
		unit_int(cases[i].name, fetch.why, cases[i].want);
		unit_int(cases[i].name, fetch.found, STS_UNKNOWN);
	}
}
END_TEST

/* A session that waits for its turn to compute, beside others, loses none of
 * the host's time for the handshake, and the wait counts as ours. */
START_TEST(a_wait_for_the_processor_is_ours)
{
	const sts_ms wait = 3 * STS_FETCH_HANDSHAKE_MS, turn = wait + 1000;
	struct sts_conn *c = &fetch.https.conn[0];
	sts_ms at;

	server(false);
	start();
	ck_assert((sts_fetch_conn_ops.wants(c) & STS_WANT_WORK) != 0);
	sts_fetch_ops.tick(&fetch, wait, the_case.date_s);
	ck_assert(!fetch.done);
	ck_assert((sts_fetch_conn_ops.wants(c) & STS_WANT_WORK) != 0);
	ck_assert(sts_fetch_ops.deadline(&fetch, &at));
	ck_assert(sts_before(wait, at));
	ck_assert_uint_eq(sts_https_waited_ms(&fetch.https, wait), wait);
	sts_fetch_conn_ops.tick(c, turn, the_case.date_s);
	sts_fetch_conn_ops.work(c);
	/* From now on the host's time runs. */
	ck_assert((sts_fetch_conn_ops.wants(c) & STS_WANT_WORK) == 0);
	at = turn + STS_FETCH_HANDSHAKE_MS;
	sts_fetch_ops.tick(&fetch, at - 1, the_case.date_s);
	ck_assert((sts_fetch_conn_ops.wants(c) & STS_WANT_CLOSE) == 0);
	sts_fetch_ops.tick(&fetch, at, the_case.date_s);
	ck_assert((sts_fetch_conn_ops.wants(c) & STS_WANT_CLOSE) != 0);
	ck_assert_uint_eq(sts_https_waited_ms(&fetch.https, at), turn);
}
END_TEST

void
unit_tests(TCase *tc)
{
	tcase_set_timeout(tc, 120);
	tcase_add_test(tc, a_genuine_record_is_judged_by_its_content);
	tcase_add_test(tc, nothing_of_a_forged_record_is_believed);
	tcase_add_test(tc, a_lack_of_room_is_no_verdict);
	tcase_add_test(tc, a_status_of_an_earlier_record_stays_known);
	tcase_add_test(tc, our_own_shortage_is_no_fault_of_the_host);
	tcase_add_test(tc, a_wait_for_the_processor_is_ours);
}
