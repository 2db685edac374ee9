/* SPDX-License-Identifier: MIT */
/* core/client/client: one client, driven as the driver and the agent drive
 * it. */
#include <stdio.h>

#include "../../core/client/client.h"
#include "../../core/client/wrap.h"
#include "held.h"

const char unit_name[] = "client";

enum {
	TEXT_MAX = 64 * 1024,
	WAIT_MS = 2000, /* how long the agent lets a question wait */
	FOREVER = 1000000 /* most steps of a test; none comes near */
};

/* A client, the octets on its wire, and an agent that decides by the first
 * letter of the key. */
static struct rig {
	struct sts_client c;
	sts_ms now;
	const uint8_t *in;
	size_t in_len, in_off, recv_max;
	bool half_closes, closed_half;
	size_t send_max, lent_max;
	uint8_t out[TEXT_MAX];
	size_t out_len;
	unsigned asks, dues, releases, given_up, gones, closes, sends;
	uint8_t why;
} g;

static struct sts_zones zones;
static sts_ref policy_ref, short_ref, tiny_ref;

static struct sts_text
pattern_of(unsigned i)
{
	static uint8_t text[100];

	memset(text, 'a' + (int)(i % 26), sizeof text);
	text[9] = '.';
	return sts_text(text, sizeof text);
}

static struct sts_text
tiny_pattern(unsigned i)
{
	(void)i;
	return unit_span("mail-exchanger-of-the-house-at-the-end-of-the-"
			 "lanes.example.com");
}

static void
rig_start(sts_ms now)
{
	static bool prepared;

	if (!prepared) {
		prepared = true;
		held_start();
		policy_ref = held_policy(
		    "p.example", STS_MODE_ENFORCE, 1, 100, pattern_of);
		short_ref = held_policy(
		    "q.example", STS_MODE_ENFORCE, 1, 1, pattern_of);
		tiny_ref = held_policy(
		    "r.example", STS_MODE_ENFORCE, 1, 1, tiny_pattern);
		sts_zones_init(&zones, 12000, 30000);
		unit_int("override",
		    sts_zones_override(
			&zones, unit_span("o.example postfix encrypt")),
		    STS_ZONES_OK);
	}
	memset(&g, 0, sizeof g);
	g.recv_max = g.send_max = FOREVER;
	g.lent_max = STS_SCRATCH_SIZE;
	g.now = now;
	sts_client_open(&g.c, now);
}

/* The same, with the text protocol. */
static void
rig_start_line(sts_ms now)
{
	rig_start(now);
	memset(&g.c, 0, sizeof g.c);
	sts_client_open_line(&g.c, now);
}

static void
rig_input(const void *in, size_t n)
{
	g.in = in;
	g.in_len = n;
	g.in_off = 0;
}

/* Decide by the key's first letter: n(ot found), t(emp), o(verride), p(olicy),
 * q and r (shorter policies). The others wait: l(ater) until rig_answer, d(ue)
 * until the time is over. */
static void
decide(char letter)
{
	struct sts_answer *a = &g.c.ask.answer;

	switch (letter) {
	case 't':
		a->kind = STS_ANSWER_TEMP;
		a->why = STS_WHY_BUSY;
		break;
	case 'o':
		a->kind = STS_ANSWER_OVERRIDE;
		a->override = &zones.override[0];
		break;
	case 'p':
		a->kind = STS_ANSWER_POLICY;
		a->ref = policy_ref;
		break;
	case 'q': /* with a short answer */
		a->kind = STS_ANSWER_POLICY;
		a->ref = short_ref;
		break;
	case 'r': /* with a shorter answer */
		a->kind = STS_ANSWER_POLICY;
		a->ref = tiny_ref;
		break;
	case 'l':
	case 'd':
		g.c.ask.waits = true;
		g.c.ask.deadline = g.now + WAIT_MS;
		break;
	default:
		a->kind = STS_ANSWER_NOTFOUND;
		a->why = STS_WHY_TXT_NONE;
		break;
	}
}

static void
agent_asks(void)
{
	bool known;

	g.asks++;
	ck_assert_int_eq(g.c.ask.answer.kind, STS_ANSWER_NONE);
	ck_assert(!g.c.ask.waits);
	g.c.ask.zone = sts_zones_find(&zones, sts_client_name(&g.c), &known);
	decide(g.c.ask.key.n > 0 ? (char)g.c.ask.key.p[0] : 'n');
	sts_client_taken(&g.c, &held, &zones);
}

/* Answer the question that waits. */
static void
rig_answer(void)
{
	g.c.ask.waits = false;
	g.c.ask.answer.kind = STS_ANSWER_TEMP;
	g.c.ask.answer.why = STS_WHY_LATE;
	sts_client_taken(&g.c, &held, &zones);
}

static void
unpin_sent(unsigned *count)
{
	sts_ref ref;

	while (sts_client_sent(&g.c, &ref)) {
		++*count;
	}
}

static void
agent(void)
{
	switch (sts_client_needs(&g.c)) {
	case STS_CLIENT_ASKS:
		agent_asks();
		break;
	case STS_CLIENT_DUE:
		g.dues++;
		rig_answer();
		break;
	case STS_CLIENT_RELEASE:
		g.releases++;
		ck_assert_uint_eq(g.asks, g.releases);
		sts_client_released(&g.c);
		break;
	case STS_CLIENT_SENT:
		unpin_sent(&g.releases);
		ck_assert_uint_le(g.releases, g.asks);
		break;
	case STS_CLIENT_GONE:
		g.gones++;
		g.why = g.c.why;
		unpin_sent(&g.given_up);
		sts_client_released(&g.c);
		break;
	case STS_CLIENT_QUIET:
		ck_abort_msg("the client wants its owner without a need");
	}
}

static bool
step_send(void)
{
	static uint8_t zeros[STS_SCRATCH_SIZE], before[STS_SCRATCH_SIZE];
	struct sts_text t =
	    sts_client_ops.send_buf(&g.c, sts_span(before, g.lent_max));
	size_t first = t.n, n;
	struct sts_span lent = { unit_at_page_end(zeros, g.lent_max),
		g.lent_max };

	/* Asked a second time, it offers the same octets. */
	t = sts_client_ops.send_buf(&g.c, lent);
	ck_assert_uint_eq(t.n, first);
	ck_assert_mem_eq(t.p, before, t.n);
	n = t.n < g.send_max ? t.n : g.send_max;

	ck_assert_uint_gt(t.n, 0);
	ck_assert_uint_le(t.n, lent.n);
	if (n == 0) {
		return false;
	}
	ck_assert_uint_le(n, sizeof g.out - g.out_len);
	memcpy(g.out + g.out_len, t.p, n);
	g.out_len += n;
	g.sends++;
	sts_client_ops.send_ack(&g.c, n);
	return true;
}

static bool
step_recv(void)
{
	static uint8_t scratch[STS_SCRATCH_SIZE];
	struct sts_span s =
	    sts_client_ops.recv_buf(&g.c, sts_span(scratch, sizeof scratch));
	size_t n = g.in_len - g.in_off;

	ck_assert_uint_gt(s.n, 0);
	n = n < g.recv_max ? n : g.recv_max;
	n = n < s.n ? n : s.n;
	if (n > 0) {
		memcpy(s.p, g.in + g.in_off, n);
		g.in_off += n;
		sts_client_ops.recv_ack(&g.c, sts_span(s.p, n));
		return true;
	}
	if (g.half_closes && !g.closed_half) {
		g.closed_half = true;
		sts_client_ops.lost(&g.c, STS_IO_EOF);
		return true;
	}
	return false;
}

/* Do one step in the order of core/base/io.h. Returns false if there is nothing
 * to do. */
static bool
step(void)
{
	unsigned wants = sts_client_ops.wants(&g.c);

	ck_assert(sts_client_check(&g.c));
	ck_assert_int_eq((wants & STS_WANT_OWNER) != 0,
	    sts_client_needs(&g.c) != STS_CLIENT_QUIET);
	if ((wants & STS_WANT_OWNER) != 0) {
		agent();
	} else if ((wants & STS_WANT_CLOSE) != 0) {
		g.closes++;
		sts_client_ops.lost(&g.c, STS_IO_CLOSED);
	} else if ((wants & STS_WANT_SEND) != 0) {
		return step_send();
	} else if ((wants & STS_WANT_RECV) != 0) {
		return step_recv();
	} else {
		return false;
	}
	return true;
}

static unsigned
rig_run(unsigned max)
{
	unsigned steps = 0;

	sts_client_ops.tick(&g.c, g.now, 0);
	while (steps < max && step()) {
		steps++;
	}
	ck_assert_uint_lt(steps, FOREVER);
	ck_assert(sts_client_check(&g.c));
	return steps;
}

/* Let time pass, with a stop at each deadline. */
static void
rig_time(sts_ms ms)
{
	sts_ms end = g.now + ms, at;

	rig_run(FOREVER);
	while (sts_client_ops.deadline(&g.c, &at) && !sts_before(end, at)) {
		g.now = sts_before(at, g.now) ? g.now : at;
		rig_run(FOREVER);
	}
	g.now = end;
	rig_run(FOREVER);
}

static void
check_out(const char *name, const char *want)
{
	unit_text(name, sts_text(g.out, g.out_len), want);
}

/* The slot is free again, and that was reported exactly once. */
static void
check_gone(const char *name)
{
	sts_ms at;

	unit_int(name, g.gones, 1);
	unit_int(name, sts_client_ops.wants(&g.c), 0);
	unit_int(name, sts_client_needs(&g.c), STS_CLIENT_QUIET);
	unit_int(name, sts_client_ops.deadline(&g.c, &at), false);
	unit_int(name, sts_client_busy(&g.c), false);
}

#define R_NOT "9:NOTFOUND ,"
#define R_BUSY "29:TEMP no slot was free in time,"
#define R_LATE "37:TEMP the policy was not there in time,"
#define R_UNMAPPED                                                             \
	"56:TEMP it is not certain which domain the key is mapped to,"

/* ---- a conversation, cut everywhere ---- */

enum {
	LONG_LEN = 700, /* of the request that is skipped */
	TALK_REQUESTS = 9
};

static struct {
	uint8_t bytes[2048];
	size_t len;
	char replies[16384];
	/* the octets after which request i is complete; the end of its reply */
	size_t end[TALK_REQUESTS], reply_end[TALK_REQUESTS];
	unsigned count;
} talk;

static void
talk_add(const void *request, size_t n, const char *reply)
{
	memcpy(talk.bytes + talk.len, request, n);
	talk.len += n;
	strcat(talk.replies, reply);
	talk.end[talk.count] = talk.len;
	talk.reply_end[talk.count++] = strlen(talk.replies);
}

/* "LEN:postfix kxxx," with a key of the given length. */
static size_t
make_request(uint8_t *out, char letter, size_t data_len)
{
	size_t head = sts_reply_head(out, data_len);

	memset(out + head, 'x', data_len);
	memcpy(out + head, "postfix ", 8);
	out[head + 8] = (uint8_t)letter;
	out[head + data_len] = ',';
	return head + data_len + 1;
}

#define TALK(request, reply) talk_add(request, sizeof(request) - 1, reply)

static void
talk_start(void)
{
	uint8_t request[LONG_LEN + 16];
	size_t n;

	memset(&talk, 0, sizeof talk);
	TALK("17:postfix n.example,", R_NOT);
	TALK("17:postfix t.example,", R_BUSY);
	TALK("15:QUERY o.example,", "10:OK encrypt,");
	TALK("0:,", R_NOT);
	n = make_request(request, 'n', LONG_LEN);
	talk_add(request, n, R_NOT);
	TALK("13:sts t.example,", R_BUSY);
	n = make_request(request, 'o', STS_CLIENT_INPUT - 5);
	ck_assert_uint_eq(n, STS_CLIENT_INPUT);
	talk_add(request, n, "10:OK encrypt,");
	TALK("8:postfix ,", R_NOT);
	TALK("9:postfix n,", R_NOT);
}

/* The replies to the first `count` requests. */
static void
check_talk(const char *name, unsigned count)
{
	size_t n = count == 0 ? 0 : talk.reply_end[count - 1];

	ck_assert_msg(g.out_len == n && memcmp(g.out, talk.replies, n) == 0,
	    "%s: got %.*s, want %u replies", name, (int)g.out_len,
	    (const char *)g.out, count);
}

/* A client that sends the requests and reads the replies in pieces. */
static void
talk_in_pieces(void)
{
	rig_start(0);
	rig_input(talk.bytes, talk.len);
	g.recv_max = 100;
	g.send_max = 7;
}

/* How many requests are complete within the first n octets. */
static unsigned
complete_in(size_t n)
{
	unsigned count = 0;

	while (count < talk.count && talk.end[count] <= n) {
		count++;
	}
	return count;
}

START_TEST(requests_may_be_split_anywhere)
{
	talk_start();
	for (size_t cut = 0; cut <= talk.len; cut++) {
		rig_start(0);
		rig_input(talk.bytes, cut);
		rig_run(FOREVER);
		check_talk("first part", complete_in(cut));
		rig_input(talk.bytes + cut, talk.len - cut);
		rig_run(FOREVER);
		check_talk("both parts", talk.count);
		unit_int("gone", g.gones, 0);
		unit_int("busy", sts_client_busy(&g.c), false);
	}
}
END_TEST

START_TEST(requests_may_come_in_pieces_of_any_size)
{
	talk_start();
	for (size_t size = 1; size <= STS_CLIENT_INPUT; size++) {
		rig_start(0);
		rig_input(talk.bytes, talk.len);
		g.recv_max = size;
		rig_run(FOREVER);
		check_talk("pieces", talk.count);
	}
}
END_TEST

START_TEST(replies_may_be_written_in_pieces_of_any_size)
{
	talk_start();
	for (size_t size = 1; size <= 40; size++) {
		for (size_t lent = 1; lent <= 40; lent += 13) {
			rig_start(0);
			rig_input(talk.bytes, talk.len);
			g.send_max = size;
			g.lent_max = lent;
			rig_run(FOREVER);
			check_talk("short writes", talk.count);
			unit_int("asks", g.asks, talk.count - 1);
			unit_int("releases", g.releases, talk.count - 1);
		}
	}
}
END_TEST

/* A half-closed client gets its answers, whatever octets follow its last
 * request. */
START_TEST(a_half_closed_client_gets_its_answers)
{
	talk_start();
	for (size_t cut = 0; cut <= talk.len; cut++) {
		rig_start(0);
		rig_input(talk.bytes, cut);
		g.half_closes = true;
		rig_run(FOREVER);
		check_talk("half-closed", complete_in(cut));
		check_gone("half-closed");
		unit_int("closes", g.closes, 1);
		unit_int("why", g.why, STS_WHY_NONE);
	}
}
END_TEST

/* The channel is lost after each number of steps. */
START_TEST(a_reset_at_any_step_frees_the_slot)
{
	unsigned steps;

	talk_start();
	talk_in_pieces();
	steps = rig_run(FOREVER);
	for (unsigned i = 0; i <= steps; i++) {
		talk_in_pieces();
		rig_run(i);
		sts_client_ops.lost(&g.c, STS_IO_RESET);
		unit_int("needs", sts_client_needs(&g.c), STS_CLIENT_GONE);
		rig_run(FOREVER);
		check_gone("reset");
		unit_int("closes", g.closes, 0);
		sts_client_open(&g.c, 0);
		g.recv_max = g.send_max = FOREVER;
		g.out_len = g.gones = g.asks = g.releases = 0;
		rig_input(talk.bytes, talk.len);
		rig_run(FOREVER);
		check_talk("the next client", talk.count);
	}
}
END_TEST

/* SIGTERM comes after each number of steps: each request that is complete is
 * answered. */
START_TEST(a_drained_client_gets_its_answers)
{
	unsigned steps;

	talk_start();
	talk_in_pieces();
	steps = rig_run(FOREVER);
	for (unsigned i = 0; i <= steps; i++) {
		talk_in_pieces();
		rig_run(i);
		sts_client_drain(&g.c);
		sts_client_drain(&g.c);
		rig_run(FOREVER);
		check_talk("drained", complete_in(g.in_off));
		check_gone("drained");
		unit_int("why", g.why, STS_WHY_NONE);
		sts_client_drain(&g.c);
		unit_int("free", sts_client_ops.wants(&g.c), 0);
	}
}
END_TEST

/* ---- requests that came together ---- */

static const char n_and_t[] =
    "17:postfix n.example,17:postfix t.example,17:postfix n.example,";

/* All are answered by one send, and each is asked about. */
START_TEST(requests_that_came_together_are_answered_together)
{
	rig_start(0xffffff00U);
	rig_input(n_and_t, sizeof n_and_t - 1);
	rig_run(FOREVER);
	check_out("together", R_NOT R_BUSY R_NOT);
	unit_int("sends", g.sends, 1);
	unit_int("asks", g.asks, 3);
	unit_int("releases", g.releases, 3);
	unit_int("busy", sts_client_busy(&g.c), false);
}
END_TEST

/* The reply of a policy is measured when it is rendered. Room was left for a
 * length of 3 digits, and that of r.example has 2. The client reads pieces of
 * every size, so that the reply is cut at each octet of its head, too. */
START_TEST(replies_of_policies_may_be_written_in_pieces)
{
	static const char in[] = "17:postfix q.example,17:postfix r.example,"
				 "17:postfix n.example,17:postfix q.example,"
				 "17:postfix o.example,17:postfix r.example,";
	char q[256], r[256], want[4096];
	struct sts_text pattern = pattern_of(0);

	snprintf(q, sizeof q, "136:OK secure match=%.*s servername=hostname,",
	    (int)pattern.n, (const char *)pattern.p);
	snprintf(r, sizeof r,
	    "99:OK secure match=mail-exchanger-of-the-house-at-the-end-of-the-"
	    "lanes.example.com servername=hostname,");
	snprintf(want, sizeof want, "%s%s%s%s%s%s", q, r, R_NOT, q,
	    "10:OK encrypt,", r);
	for (size_t piece = 1; piece < strlen(want) + 2; piece++) {
		rig_start(0xffffff00U);
		rig_input(in, sizeof in - 1);
		g.send_max = piece;
		rig_run(FOREVER);
		check_out("pieces", want);
		unit_int("releases", g.releases, 6);
	}
}
END_TEST

/* Each reply that waits to be sent holds a pin of its record, and pins are
 * limited in number: clients that ask for one domain and do not read must not
 * use them up. */
START_TEST(a_client_that_does_not_read_uses_up_no_pins)
{
	static const char in[] = "17:postfix q.example,17:postfix q.example,"
				 "17:postfix q.example,";

	rig_start(0);
	for (unsigned pins = STS_REPLY_PINS_MAX - 1; pins <= STS_REPLY_PINS_MAX;
	     pins++) {
		for (unsigned i = 1; i < pins; i++) { /* held.h holds one pin */
			sts_cache_pin(&held, short_ref);
		}
		rig_start(0xffffff00U);
		rig_input(in, sizeof in - 1);
		g.send_max = 0;
		rig_run(FOREVER);
		unit_int("questions before a reply is sent", g.asks,
		    pins < STS_REPLY_PINS_MAX ? 3 : 1);
		g.send_max = FOREVER;
		rig_run(FOREVER);
		unit_int("asks", g.asks, 3);
		unit_int("releases", g.releases, 3);
		for (unsigned i = 1; i < pins; i++) {
			sts_cache_unpin(&held, short_ref);
		}
	}
}
END_TEST

/* An answer that is known is sent without waiting for one that is looked up. */
START_TEST(a_known_answer_does_not_wait_for_another)
{
	static const char in[] = "17:postfix n.example,17:postfix l.example,"
				 "17:postfix t.example,";

	rig_start(0xffffff00U);
	rig_input(in, sizeof in - 1);
	rig_run(FOREVER);
	check_out("waits", R_NOT);
	unit_int("releases", g.releases, 1);
	rig_answer();
	rig_run(FOREVER);
	check_out("answered", R_NOT R_LATE R_BUSY);
	unit_int("releases", g.releases, 3);
}
END_TEST

/* An answer that is too long to be kept is sent after those that are kept. */
START_TEST(answers_keep_the_order_of_their_requests)
{
	static const char in[] = "17:postfix n.example,17:postfix o.example,"
				 "17:postfix n.example,";

	for (size_t piece = 1; piece < 40; piece++) {
		rig_start(0xffffff00U);
		rig_input(in, sizeof in - 1);
		g.send_max = piece;
		rig_run(FOREVER);
		check_out("order", R_NOT "10:OK encrypt," R_NOT);
		unit_int("releases", g.releases, 3);
	}
}
END_TEST

/* While replies wait to be sent, no more than the input is received, and no
 * more replies are kept than it has requests. */
START_TEST(no_more_is_received_while_replies_wait)
{
	uint8_t in[21 * 100];

	for (size_t i = 0; i < sizeof in; i += 21) {
		memcpy(in + i, n_and_t, 21);
	}
	rig_start(0xffffff00U);
	rig_input(in, sizeof in);
	g.send_max = 0;
	rig_run(FOREVER);
	unit_int("octets received", (long)g.in_off, STS_CLIENT_INPUT);
	unit_int("asks", g.asks, STS_CLIENT_INPUT / 21);
	unit_int("wants", sts_client_ops.wants(&g.c), STS_WANT_SEND);
	g.send_max = FOREVER;
	rig_run(FOREVER);
	unit_int("questions in all", g.asks, 100);
	unit_int("releases", g.releases, 100);
	unit_int("octets", (long)g.out_len, 100 * 12);
}
END_TEST

/* No more is put by than one send can carry; what is asked then comes after
 * it. A reply with attributes is long, its request short. */
START_TEST(put_by_fits_one_send)
{
	static const char q[] = "25:QUERYwithTLSRPT q.example,";
	enum {
		COUNT = STS_CLIENT_INPUT / (sizeof q - 1)
	};
	uint8_t in[STS_CLIENT_INPUT];
	unsigned asked;

	for (size_t i = 0; i < COUNT; i++) {
		memcpy(in + i * (sizeof q - 1), q, sizeof q - 1);
	}
	rig_start(0xffffff00U);
	rig_input(in, COUNT * (sizeof q - 1));
	g.send_max = 0;
	rig_run(FOREVER);
	asked = g.asks;
	ck_assert_uint_gt(asked, 1);
	ck_assert_uint_lt(asked, COUNT);
	unit_int("wants", sts_client_ops.wants(&g.c), STS_WANT_SEND);
	g.send_max = FOREVER;
	(void)step();
	unit_int("in one send", (long long)(g.out_len % asked), 0);
	unit_int("all of it", sts_client_needs(&g.c), STS_CLIENT_SENT);
	rig_run(FOREVER);
	unit_int("asks", g.asks, COUNT);
	unit_int("releases", g.releases, COUNT);
}
END_TEST

/* A client that does not read is cut off, and its records are given back; also
 * while one of its questions waits, which the agent may answer too late. */
START_TEST(a_client_that_does_not_read_is_cut_off)
{
	static const char in[] = "17:postfix n.example,17:postfix t.example,"
				 "17:postfix l.example,";

	for (size_t waits = 0; waits < 2; waits++) {
		rig_start(0xffffff00U);
		rig_input(in, waits ? sizeof in - 1 : 42);
		g.send_max = 0;
		rig_run(FOREVER);
		unit_int("asks", g.asks, 2 + (long)waits);
		unit_int("yields",
		    sts_client_yield(&g.c, g.now + STS_CLIENT_IDLE_MS), false);
		g.c.ask.deadline = g.now + 100000;
		rig_time(STS_CLIENT_STALL_MS - 1);
		unit_int("patient", g.gones, 0);
		g.now++;
		sts_client_ops.tick(&g.c, g.now, 0);
		unit_int("busy", sts_client_busy(&g.c), true);
		if (waits) {
			/* Its question is, when the others are given back. */
			(void)step();
			unit_int("given back", g.releases, 2);
			unit_int("busy", sts_client_busy(&g.c), true);
			rig_answer();
		}
		rig_run(FOREVER);
		check_gone("stalled");
		unit_int("why", g.why, STS_WHY_CLIENT_STALL);
		unit_int("records given back", g.releases + g.given_up, 2);
		check_out("stalled", "");
	}
}
END_TEST

/* Whatever ends the reading, the answers so far are sent first. */
START_TEST(answers_are_sent_before_the_connection_ends)
{
	static const char *const after[] = { "", "x", "17:postf", "900:" };

	for (size_t i = 0; i < sizeof after / sizeof *after; i++) {
		uint8_t in[100];
		size_t n = strlen(after[i]);

		memcpy(in, n_and_t, 42);
		memcpy(in + 42, after[i], n);
		rig_start(0xffffff00U);
		rig_input(in, 42 + n);
		g.send_max = 0;
		rig_run(FOREVER);
		sts_client_drain(&g.c);
		g.send_max = 5;
		rig_run(FOREVER);
		check_out(after[i], R_NOT R_BUSY);
		check_gone(after[i]);
		unit_int("why", g.why,
		    after[i][0] == 'x' ? STS_WHY_CLIENT_JUNK : STS_WHY_NONE);
	}
}
END_TEST

/* ---- questions that wait ---- */

START_TEST(an_answer_may_come_later)
{
	static const char in[] = "17:postfix l.example,17:postfix n.example,";

	rig_start(0xffffff00U);
	rig_input(in, sizeof in - 1);
	rig_run(FOREVER);
	unit_int("busy", sts_client_busy(&g.c), true);
	unit_int("wants", sts_client_ops.wants(&g.c), 0);
	rig_time(WAIT_MS - 1);
	check_out("waits", "");
	rig_answer();
	rig_run(FOREVER);
	check_out("answered", R_LATE R_NOT);
	unit_int("dues", g.dues, 0);
}
END_TEST

START_TEST(a_question_out_of_time_is_due)
{
	static const char in[] = "17:postfix d.example,17:postfix n.example,";

	rig_start(0xffffff00U);
	rig_input(in, sizeof in - 1);
	rig_time(WAIT_MS - 1);
	unit_int("dues", g.dues, 0);
	rig_time(1);
	unit_int("dues", g.dues, 1);
	check_out("due", R_LATE R_NOT);
}
END_TEST

/* A question whose time is over may be given more time. */
START_TEST(a_due_question_may_get_more_time)
{
	sts_ms at;

	rig_start(0);
	rig_input("17:postfix d.example,", 21);
	rig_run(FOREVER);
	g.now += WAIT_MS;
	sts_client_ops.tick(&g.c, g.now, 0);
	unit_int("due", sts_client_needs(&g.c), STS_CLIENT_DUE);
	unit_int("nothing else is", sts_client_ops.deadline(&g.c, &at), false);
	g.c.ask.deadline = g.now + 10;
	sts_client_taken(&g.c, &held, &zones);
	unit_int("wants while it waits", sts_client_ops.wants(&g.c), 0);
	rig_time(9);
	unit_int("dues before the new time is over", g.dues, 0);
	rig_time(1);
	unit_int("due", g.dues, 1);
}
END_TEST

/* A half-closed client also gets an answer that waits, and so does a drained
 * one. */
START_TEST(a_half_closed_client_waits_for_its_answer)
{
	rig_start(0);
	rig_input("17:postfix l.example,", 21);
	rig_run(FOREVER);
	sts_client_ops.lost(&g.c, STS_IO_EOF);
	sts_client_drain(&g.c);
	rig_run(FOREVER);
	unit_int("gone", g.gones, 0);
	rig_answer();
	rig_run(FOREVER);
	check_out("half-closed", R_LATE);
	check_gone("half-closed");
}
END_TEST

/* The answer comes when the client has just left. */
START_TEST(an_answer_after_the_client_left_is_dropped)
{
	rig_start(0);
	rig_input("17:postfix l.example,", 21);
	rig_run(FOREVER);
	sts_client_ops.lost(&g.c, STS_IO_RESET);
	rig_answer();
	unit_int("needs", sts_client_needs(&g.c), STS_CLIENT_GONE);
	rig_run(FOREVER);
	check_out("after a reset", "");
	check_gone("after a reset");
}
END_TEST

/* ---- clients that do not read or write ---- */

/* The reply of a policy, several times as long as the scratch, is read in small
 * pieces. */
START_TEST(a_slow_reader_gets_a_long_reply)
{
	struct sts_text data;
	uint8_t head[STS_REPLY_HEAD_MAX];
	size_t head_len;

	rig_start(0xfffff000U);
	rig_input("17:postfix p.example,", 21);
	g.send_max = 0;
	rig_run(FOREVER);
	while (g.releases == 0) {
		g.send_max = 0;
		rig_time(STS_CLIENT_STALL_MS - 1);
		g.send_max = 1000;
		sts_client_ops.tick(&g.c, g.now, 0);
		ck_assert(step());
		if (sts_client_needs(&g.c) == STS_CLIENT_RELEASE) {
			agent();
		}
	}
	unit_int("gone", g.gones, 0);
	ck_assert_uint_gt(g.out_len, 2 * STS_SCRATCH_SIZE);
	data = sts_text(g.out, g.out_len);
	head_len = sts_reply_head(head, g.c.reply.len);
	ck_assert_uint_eq(data.n, head_len + g.c.reply.len + 1);
	ck_assert_mem_eq(data.p, head, head_len);
	ck_assert_mem_eq(data.p + head_len, "OK secure match=", 16);
	ck_assert_mem_eq(data.p + data.n - 21, " servername=hostname,", 21);
}
END_TEST

START_TEST(a_stalled_reader_is_closed)
{
	rig_start(0xfffff000U);
	rig_input("17:postfix p.example,", 21);
	g.send_max = 0;
	rig_run(FOREVER);
	rig_time(STS_CLIENT_STALL_MS - 1);
	unit_int("patient", g.gones, 0);
	rig_time(1);
	check_gone("stalled");
	unit_int("closes", g.closes, 1);
	unit_int("why", g.why, STS_WHY_CLIENT_STALL);
	unit_int("asks", g.asks, 1);
	unit_int("releases", g.releases, 0);
}
END_TEST

/* The answer comes long after the last tick: the client's time to read begins
 * with the answer. */
START_TEST(the_time_to_read_begins_with_the_answer)
{
	sts_ms at = 0;

	rig_start(0);
	rig_input("17:postfix l.example,", 21);
	rig_run(FOREVER);
	g.c.ask.deadline = g.now + 100000;
	g.now += 60000;
	g.send_max = 0;
	rig_answer();
	ck_assert(sts_client_ops.deadline(&g.c, &at));
	ck_assert(!sts_before(g.now, at));
	rig_run(FOREVER);
	ck_assert(sts_client_ops.deadline(&g.c, &at));
	ck_assert_uint_eq(at, g.now + STS_CLIENT_STALL_MS);
	rig_time(STS_CLIENT_STALL_MS - 1);
	unit_int("patient", g.gones, 0);
	g.send_max = FOREVER;
	rig_run(FOREVER);
	check_out("read in time", R_LATE);
}
END_TEST

/* Postfix may come back after 100 s and more, and must find the connection
 * open. */
START_TEST(an_idle_client_is_kept_longer_than_postfix_idles)
{
	rig_start(0xfffff000U);
	rig_time(STS_CLIENT_IDLE_MS - 1);
	unit_int("patient", g.gones, 0);
	rig_input("17:postfix n.example,", 21);
	rig_run(FOREVER);
	check_out("after idling", R_NOT);
	ck_assert_uint_gt(STS_CLIENT_IDLE_MS, 102000);
	rig_time(STS_CLIENT_IDLE_MS - 1);
	unit_int("patient", g.gones, 0);
	rig_time(1);
	check_gone("idle");
	unit_int("closes", g.closes, 1);
	unit_int("why", g.why, STS_WHY_NONE);
}
END_TEST

/* The time for a request begins with its first octet, and further octets do not
 * extend it. */
START_TEST(further_octets_do_not_extend_a_requests_time)
{
	static const char *const parts[] = { "1", "7", ":", "p" };

	rig_start(0);
	rig_time(STS_CLIENT_IDLE_MS - 1);
	for (size_t i = 0; i < UNIT_COUNT(parts); i++) {
		rig_input(parts[i], 1);
		rig_run(FOREVER);
		rig_time(STS_CLIENT_IDLE_MS / 4 - 1);
		unit_int("patient", g.gones, 0);
	}
	rig_time(4);
	check_gone("half-written");
}
END_TEST

START_TEST(skipped_octets_do_not_extend_a_requests_time)
{
	rig_start(0);
	rig_input("9000:postfix x", 14);
	rig_run(FOREVER);
	rig_time(STS_CLIENT_IDLE_MS - 1);
	unit_int("patient", g.gones, 0);
	rig_input("x", 1);
	rig_run(FOREVER);
	rig_time(1);
	check_gone("half-skipped");
}
END_TEST

/* When others find no slot, an idle client is closed after a moment. One that
 * waits for an answer, or is being sent one, stays. */
static const struct {
	const char *name, *in;
	size_t send_max;
	bool yields;
} places[] = {
	{ "sends nothing", "", FOREVER, true },
	{ "half a request", "17:post", FOREVER, true },
	{ "idle after an answer", "17:postfix n.example,", FOREVER, true },
	{ "half of a request that is too long", "9000:postfix x", FOREVER,
	    true },
	{ "waits for an answer", "17:postfix l.example,", FOREVER, false },
	{ "does not read", "17:postfix n.example,", 0, false },
	{ "is being closed", "junk", FOREVER, false },
};

START_TEST(only_idle_clients_yield_their_slot)
{
	for (size_t i = 0; i < UNIT_COUNT(places); i++) {
		const char *name = places[i].name;

		rig_start(0xffffff80U);
		g.send_max = places[i].send_max;
		rig_input(places[i].in, strlen(places[i].in));
		rig_run(FOREVER);
		g.now += STS_CLIENT_YIELD_MS - 1;
		unit_int(name, sts_client_yield(&g.c, g.now), false);
		g.now++;
		unit_int(name, g.gones == 0 && sts_client_yield(&g.c, g.now),
		    places[i].yields);
		unit_int(name, sts_client_yield(&g.c, g.now), false);
		rig_run(FOREVER);
		if (places[i].yields) {
			check_gone(name);
			unit_int(name, g.closes, 1);
			unit_int(name, g.why, STS_WHY_NONE);
		}
	}
}
END_TEST

/* A client whose request was skipped is not idle either while the answer to
 * that is on its way. */
START_TEST(a_client_whose_request_was_skipped_is_not_idle)
{
	static uint8_t much[LONG_LEN + 4];

	memset(much, 'x', sizeof much);
	memcpy(much, "700:", 4);
	rig_start(0);
	g.send_max = 0;
	rig_input(much, sizeof much);
	rig_run(FOREVER);
	rig_input(",", 1);
	rig_run(FOREVER);
	unit_int("busy", sts_client_busy(&g.c), true);
	unit_int("yields", sts_client_yield(&g.c, STS_CLIENT_YIELD_MS), false);
	g.send_max = FOREVER;
	rig_run(FOREVER);
	check_out("skipped", R_NOT);
	unit_int("yields", sts_client_yield(&g.c, STS_CLIENT_YIELD_MS), true);
	rig_run(FOREVER);
	check_gone("skipped");
}
END_TEST

/* ---- junk ---- */

static const struct {
	const char *in, *out;
} junk[] = {
	{ "GET / HTTP/1.0\r\n\r\n", "" },
	{ "\x16\x03\x01\x02", "" },
	{ "5x", "" },
	{ "007:a b,", "" },
	{ "99999:", "" },
	{ "10101:", "" },
	{ "17:postfix n.example;", "" },
	{ "17:postfix n.example,x", R_NOT },
	{ "17:postfix n.example,17:postfix t.example,:", R_NOT R_BUSY },
	{ "0:,0:,,", R_NOT R_NOT },
	{ "17:postfix d.example,QUIT\n", R_LATE },
};

START_TEST(junk_closes_the_connection)
{
	for (size_t i = 0; i < UNIT_COUNT(junk); i++) {
		for (size_t size = 1; size <= 64; size += 63) {
			rig_start(0);
			rig_input(junk[i].in, strlen(junk[i].in));
			g.recv_max = size;
			rig_time(WAIT_MS);
			check_out(junk[i].in, junk[i].out);
			check_gone(junk[i].in);
			unit_int(junk[i].in, g.closes, 1);
			unit_int(junk[i].in, g.why, STS_WHY_CLIENT_JUNK);
		}
	}
}
END_TEST

/* Requests that just fit the input or do not, and the end of skipping. */
static const struct {
	const char *name;
	size_t data_len;
	char end;
	bool asked, junk;
	size_t wide; /* this octet of the data is not ASCII; 0: none */
} lengths[] = {
	{ "fills the input", STS_CLIENT_INPUT - 5, ',', true, false, 0 },
	{ "fills it, no comma", STS_CLIENT_INPUT - 5, ';', false, true, 0 },
	{ "one too long", STS_CLIENT_INPUT - 4, ',', false, false, 0 },
	{ "one too long, no comma", STS_CLIENT_INPUT - 4, ';', false, true, 0 },
	{ "the longest", STS_CLIENT_SKIP_MAX, ',', false, false, 0 },
	{ "the longest, no comma", STS_CLIENT_SKIP_MAX, 'x', false, true, 0 },
	{ "over the longest", STS_CLIENT_SKIP_MAX + 1, ',', false, true, 0 },
	{ "not ASCII, one too long", STS_CLIENT_INPUT - 4, ',', false, false,
	    8 },
	{ "not ASCII, the last octet", STS_CLIENT_INPUT - 4, ',', false, false,
	    STS_CLIENT_INPUT - 5 },
	{ "not ASCII, behind the input", STS_CLIENT_SKIP_MAX, ',', false, false,
	    STS_CLIENT_SKIP_MAX / 2 },
	{ "ASCII, after one that was not", STS_CLIENT_INPUT, ',', false, false,
	    0 },
};

START_TEST(requests_that_are_too_long_are_skipped)
{
	static uint8_t in[STS_CLIENT_SKIP_MAX + 64];

	for (size_t i = 0; i < UNIT_COUNT(lengths); i++) {
		size_t n = make_request(in, 'n', lengths[i].data_len);

		in[n - 1] = (uint8_t)lengths[i].end;
		if (lengths[i].wide > 0) {
			in[n - 1 - lengths[i].data_len + lengths[i].wide] =
			    0xad;
		}
		memcpy(in + n, "17:postfix t.example,", 21);
		rig_start(0);
		rig_input(in, n + 21);
		rig_run(FOREVER);
		if (lengths[i].junk) {
			check_out(lengths[i].name, "");
			check_gone(lengths[i].name);
			unit_int(lengths[i].name, g.why, STS_WHY_CLIENT_JUNK);
			continue;
		}
		check_out(lengths[i].name,
		    lengths[i].wide > 0 ? R_UNMAPPED R_BUSY : R_NOT R_BUSY);
		unit_int(lengths[i].name, g.asks, lengths[i].asked ? 2 : 1);
	}
}
END_TEST

/* Nothing of one client is left to the next client in its slot. */
START_TEST(nothing_of_a_client_is_left_in_its_slot)
{
	talk_start();
	rig_start(0);
	for (unsigned how = 0; how < 4; how++) {
		static const char cut[] = "17:postfix t.ex";

		g.half_closes = how == 0;
		rig_input(cut, sizeof cut - 1);
		rig_run(FOREVER);
		if (how == 1) {
			sts_client_drain(&g.c);
		} else if (how == 2) {
			rig_input(cut, 3);
			rig_time(STS_CLIENT_IDLE_MS);
		} else if (how == 3) {
			rig_input("ample;", 6);
		}
		rig_run(FOREVER);
		check_gone("first");
		unit_int("why", g.why,
		    how == 3 ? STS_WHY_CLIENT_JUNK : STS_WHY_NONE);
		g.half_closes = g.closed_half = false;
		g.gones = g.asks = g.releases = 0;
		g.out_len = 0;
		sts_client_open(&g.c, g.now);
		unit_int("why", g.c.why, STS_WHY_NONE);
		rig_input(talk.bytes, talk.len);
		rig_run(FOREVER);
		check_talk("next", talk.count);
		sts_client_ops.lost(&g.c, STS_IO_RESET);
		rig_run(FOREVER);
		g.gones = g.asks = g.releases = 0;
		g.out_len = 0;
		sts_client_open(&g.c, g.now);
	}
}
END_TEST

/* What the agent is handed of a request. */
START_TEST(the_agent_gets_name_and_key)
{
	rig_start(0);
	rig_input("9:Some a b ,3:xyz,", 18);
	rig_run(1);
	unit_int("needs", sts_client_needs(&g.c), STS_CLIENT_ASKS);
	unit_text("name", sts_client_name(&g.c), "Some");
	unit_text("key", g.c.ask.key, "a b ");
	agent();
	rig_run(2);
	unit_int("needs", sts_client_needs(&g.c), STS_CLIENT_ASKS);
	unit_text("name", sts_client_name(&g.c), "xyz");
	unit_text("key", g.c.ask.key, "");
}
END_TEST

/* The next keys are offered so that they can be prepared: of whole requests
 * only, and no more than are asked for. */
START_TEST(keys_of_whole_requests_are_offered_ahead)
{
	static const char in[] = "17:postfix n.example,17:postfix T.example,"
				 "8:postfix ,17:postfix n.exam";
	static const char without[] = "17:postfix n.example,7:postfix,"
				      "17:postfix n.example,";
	struct sts_text keys[8];

	rig_start(0);
	unit_int("keys of no request", sts_client_keys(&g.c, keys, 8), 0);
	rig_input(in, sizeof in - 1);
	rig_run(1);
	unit_int("keys of whole requests", sts_client_keys(&g.c, keys, 8), 3);
	unit_text("key of the request in hand", keys[0], "n.example");
	unit_text("next key, as it came", keys[1], "T.example");
	unit_text("next key, empty", keys[2], "");
	unit_int(
	    "keys, no more than asked for", sts_client_keys(&g.c, keys, 2), 2);
	rig_run(FOREVER);
	unit_int(
	    "keys beside half a request", sts_client_keys(&g.c, keys, 8), 0);

	rig_start(0);
	rig_input(without, sizeof without - 1);
	rig_run(1);
	unit_int("keys before a request without one",
	    sts_client_keys(&g.c, keys, 8), 1);

	rig_start_line(0);
	rig_input("mode n.example\n", 15);
	rig_run(1);
	unit_int("needs after a line", sts_client_needs(&g.c), STS_CLIENT_ASKS);
	unit_int(
	    "keys of the text protocol", sts_client_keys(&g.c, keys, 8), 0);
}
END_TEST

/* ---- the text protocol ---- */

static const struct {
	const char *in;
	bool ends; /* the client half-closes */
	const char *out;
	bool stays; /* the connection stays open for more */
	enum sts_why why;
	unsigned asks;
} lines[] = {
	{ "mode p.example\n", false, "enforce", false, STS_WHY_NONE, 1 },
	{ "mode p.example\n", true, "enforce", false, STS_WHY_NONE, 1 },
	{ "mode p.example", true, "enforce", false, STS_WHY_NONE, 1 },
	{ "mode p.example", false, "", true, STS_WHY_NONE, 0 },
	{ "allowed p.example x\n", false, "no", false, STS_WHY_NONE, 1 },
	{ "sts mode n.example\r\n", true, "none", false, STS_WHY_NONE, 1 },
	{ "hosts n.example\n", true, "none", false, STS_WHY_NONE, 1 },
	{ "hosts t.example\n", true, "temp", false, STS_WHY_NONE, 1 },
	{ "mode o.example\n", true, "temp", false, STS_WHY_NONE, 1 },
	/* a connection has one request, whatever follows it */
	{ "mode n.example\nmode p.example\n", true, "none", false, STS_WHY_NONE,
	    1 },
	{ "GET / HTTP/1.1\r\n", false, "temp", false, STS_WHY_CLIENT_JUNK, 0 },
	{ "\n", false, "temp", false, STS_WHY_CLIENT_JUNK, 0 },
	{ "mode", true, "temp", false, STS_WHY_CLIENT_JUNK, 0 },
	{ "", true, "", false, STS_WHY_NONE, 0 },
	{ "", false, "", true, STS_WHY_NONE, 0 },
};

static void
play_line(size_t i, size_t piece)
{
	const char *in = lines[i].in;

	rig_start_line(7);
	g.recv_max = g.send_max = g.lent_max = piece;
	g.half_closes = lines[i].ends;
	rig_input(in, strlen(in));
	rig_run(FOREVER);
	check_out(in, lines[i].out);
	unit_int(in, g.asks, lines[i].asks);
	unit_int(in, g.releases, lines[i].asks);
	unit_int(in, g.closes, !lines[i].stays);
	if (!lines[i].stays) {
		check_gone(in);
		unit_int(in, g.why, lines[i].why);
	}
}

START_TEST(a_line_gets_its_answer)
{
	for (size_t i = 0; i < UNIT_COUNT(lines); i++) {
		for (size_t piece = 1; piece < 40; piece++) {
			play_line(i, piece);
		}
	}
}
END_TEST

/* A line that fills the input is refused, and a line that must wait is
 * answered. The agent waits for a line that does not come as long as for a
 * request of socketmap. */
START_TEST(a_line_has_the_limits_of_a_request)
{
	static const char waits[] = "mode l.example\n";
	static uint8_t much[STS_CLIENT_INPUT + 10];

	memset(much, 'x', sizeof much);
	rig_start_line(0);
	rig_input(much, STS_CLIENT_INPUT - 1);
	rig_run(FOREVER);
	check_out("almost full", "");
	rig_input(much, sizeof much);
	rig_run(FOREVER);
	check_out("full", "temp");
	check_gone("full");

	rig_start_line(0);
	rig_input(waits, sizeof waits - 1);
	g.half_closes = true;
	rig_run(FOREVER);
	unit_int("busy", sts_client_busy(&g.c), true);
	rig_answer();
	rig_run(FOREVER);
	check_out("waits", "temp");
	check_gone("waits");

	/* The driver may report the end while nothing is being read. */
	rig_start_line(0);
	rig_input(waits, sizeof waits - 1);
	rig_run(FOREVER);
	sts_client_ops.lost(&g.c, STS_IO_EOF);
	rig_run(FOREVER);
	unit_int("needs while the question waits", g.gones, 0);
	rig_answer();
	rig_run(FOREVER);
	check_out("answered after the end", "temp");
	check_gone("answered after the end");
	unit_int("questions", g.asks, 1);

	rig_start_line(0);
	rig_time(STS_CLIENT_IDLE_MS + 1);
	check_gone("idle");
}
END_TEST

/* ---- what sts_client_check notices ---- */

/* What came before each damage, while nothing could be sent. */
static const char *const before_damage[] = {
	"17:post",
	"17:post",
	"17:post",
	"17:post",
	"17:post",
	"17:post",
	"17:post",
	"900:xx",
	"900:xx",
	"17:postfix p.example,",
	"17:postfix p.example,",
	"17:postfix l.example,",
	"17:postfix n.example,17:post",
	"17:postfix n.example,17:post",
};

static void
damage(struct sts_client *c, unsigned kind)
{
	switch (kind) {
	case 0: /* more came than there is room for */
		c->in_len = sizeof c->in + 1;
		break;
	case 1: /* more is dropped than came */
		c->at = (uint16_t)(c->in_len + 1);
		break;
	case 2: /* the request at hand has not come whole */
		c->request_len = (uint16_t)(c->in_len + 1);
		break;
	case 3: /* it reads, though nothing more may come */
		c->last = true;
		break;
	case 4: /* it reads, and the room in front is lost */
		c->at = 1;
		break;
	case 5: /* it reads without room */
		c->in_len = sizeof c->in;
		break;
	case 6: /* no state */
		c->state = UINT8_MAX;
		break;
	case 7: /* it skips, and keeps some */
		c->in_len++;
		break;
	case 8: /* it skips, and the end has come */
		c->skip_left = 0;
		break;
	case 9: /* a reply of its own, and the agent's question is at hand */
		c->skipped = true;
		break;
	case 10: /* a reply under way that is out */
		c->sent = sts_wrap_total(&c->reply);
		break;
	case 11: /* a question without a request */
		c->request_len = 0;
		break;
	case 12: /* replies put by where requests stand */
		c->by = UINT8_MAX;
		break;
	default: /* more of them sent than there are */
		c->done = (uint8_t)(c->by + 1);
		break;
	}
}

START_TEST(every_damage_is_noticed)
{
	for (unsigned i = 0; i < UNIT_COUNT(before_damage); i++) {
		rig_start(0);
		g.send_max = 0;
		rig_input(before_damage[i], strlen(before_damage[i]));
		rig_run(FOREVER);
		ck_assert(sts_client_check(&g.c));
		damage(&g.c, i);
		ck_assert_msg(!sts_client_check(&g.c), "damage %u", i);
	}
}
END_TEST

void
unit_tests(TCase *tc)
{
	tcase_add_test(tc, a_line_gets_its_answer);
	tcase_add_test(tc, a_line_has_the_limits_of_a_request);
	tcase_add_test(tc, requests_may_be_split_anywhere);
	tcase_add_test(tc, requests_may_come_in_pieces_of_any_size);
	tcase_add_test(tc, replies_may_be_written_in_pieces_of_any_size);
	tcase_add_test(tc, a_half_closed_client_gets_its_answers);
	tcase_add_test(tc, a_reset_at_any_step_frees_the_slot);
	tcase_add_test(tc, a_drained_client_gets_its_answers);
	tcase_add_test(tc, requests_that_came_together_are_answered_together);
	tcase_add_test(tc, replies_of_policies_may_be_written_in_pieces);
	tcase_add_test(tc, a_client_that_does_not_read_uses_up_no_pins);
	tcase_add_test(tc, a_known_answer_does_not_wait_for_another);
	tcase_add_test(tc, answers_keep_the_order_of_their_requests);
	tcase_add_test(tc, no_more_is_received_while_replies_wait);
	tcase_add_test(tc, put_by_fits_one_send);
	tcase_add_test(tc, a_client_that_does_not_read_is_cut_off);
	tcase_add_test(tc, answers_are_sent_before_the_connection_ends);
	tcase_add_test(tc, an_answer_may_come_later);
	tcase_add_test(tc, a_question_out_of_time_is_due);
	tcase_add_test(tc, a_due_question_may_get_more_time);
	tcase_add_test(tc, a_half_closed_client_waits_for_its_answer);
	tcase_add_test(tc, an_answer_after_the_client_left_is_dropped);
	tcase_add_test(tc, a_slow_reader_gets_a_long_reply);
	tcase_add_test(tc, a_stalled_reader_is_closed);
	tcase_add_test(tc, the_time_to_read_begins_with_the_answer);
	tcase_add_test(tc, an_idle_client_is_kept_longer_than_postfix_idles);
	tcase_add_test(tc, further_octets_do_not_extend_a_requests_time);
	tcase_add_test(tc, skipped_octets_do_not_extend_a_requests_time);
	tcase_add_test(tc, only_idle_clients_yield_their_slot);
	tcase_add_test(tc, a_client_whose_request_was_skipped_is_not_idle);
	tcase_add_test(tc, junk_closes_the_connection);
	tcase_add_test(tc, requests_that_are_too_long_are_skipped);
	tcase_add_test(tc, nothing_of_a_client_is_left_in_its_slot);
	tcase_add_test(tc, the_agent_gets_name_and_key);
	tcase_add_test(tc, keys_of_whole_requests_are_offered_ahead);
	tcase_add_test(tc, every_damage_is_noticed);
}
