/* SPDX-License-Identifier: MIT */
/* dns/upstream: channels, streams in pieces, buffers, stopping. */
#include "dns_world.h"

const char unit_name[] = "dns_channel";

/* Until the query over UDP or TCP is to be sent. */
static void
until_open(struct world *w, bool tcp)
{
	struct build b;

	world_start(w, 3, WORLD_BUDGET);
	world_tick(w);
	world_open(w);
	if (!tcp) {
		return;
	}
	world_send(w);
	world_answer(w, &b, TC, NULL);
	world_message(w, &b);
	world_wait(w);
	sts_upstream_lend(&w->u, w->buffer, sizeof w->buffer);
	world_tick(w);
	world_open(w);
}

static void
until_sent(struct world *w, bool tcp)
{
	until_open(w, tcp);
	world_send(w);
}

/* Until a truncated answer is there, so that TCP needs a buffer. */
static void
until_truncated(struct world *w)
{
	struct build b;

	until_sent(w, false);
	world_answer(w, &b, TC, NULL);
	world_message(w, &b);
	world_close(w);
}

/* The result is one TXT record, which was read inside recv_ack. */
static void
check_found(struct world *w, const char *want)
{
	ck_assert_int_eq(sts_upstream_result(&w->u), STS_FOUND);
	unit_int("records", w->records, 1);
	unit_text("rdata", sts_text(w->taken, w->taken_len), want);
	unit_int("ttl", sts_upstream_ttl_s(&w->u), WORLD_TXT_TTL);
}

START_TEST(an_answer_over_udp_is_found)
{
	struct world w;
	struct build b;

	until_sent(&w, false);
	world_answer(&w, &b, 0, "abc");
	world_message(&w, &b);
	check_found(&w, "\3abc");
	ck_assert_uint_eq(world_wants(&w), STS_WANT_CLOSE);
	world_close(&w);
	ck_assert_uint_eq(world_wants(&w), STS_WANT_OWNER);
	ck_assert_ptr_null(sts_upstream_take_back(&w.u));
}
END_TEST

/* After an alias, the walk begins at the alias's target. */
START_TEST(the_walk_begins_behind_the_alias)
{
	struct world w;
	struct build b;

	until_sent(&w, false);
	world_answer(&w, &b, 0, NULL);
	build_record(&b, ANSWER, "@12", STS_DNS_CNAME, 40, "x.@21");
	build_record(&b, ANSWER, "x.@21", STS_DNS_TXT, 60, "abc");
	world_message(&w, &b);
	unit_int("records", w.records, 1);
	unit_text("rdata", sts_text(w.taken, w.taken_len), "\3abc");
	unit_int("ttl", sts_upstream_ttl_s(&w.u), 40);
}
END_TEST

/* R84: an answer over TCP comes in two pieces, at every split, and byte by
 * byte. */
START_TEST(an_answer_over_tcp_may_come_in_pieces)
{
	struct world w;
	struct build b;
	uint8_t stream[2 + BUILD_SIZE];
	size_t n;

	until_sent(&w, true);
	world_answer(&w, &b, 0, "abc");
	n = b.n + 2;
	for (size_t split = 0; split <= n; split++) {
		until_sent(&w, true);
		world_answer(&w, &b, 0, "abc");
		sts_put16be(stream, (uint16_t)b.n);
		memcpy(stream + 2, b.p, b.n);
		if (split == 0) {
			for (size_t i = 0; i < n; i++) {
				unit_int("result before the end",
				    sts_upstream_result(&w.u), STS_PENDING);
				world_bytes(&w, stream + i, 1);
			}
		} else {
			world_bytes(&w, stream, split);
			unit_int("result before the end",
			    sts_upstream_result(&w.u),
			    split < n ? STS_PENDING : STS_FOUND);
			world_bytes(&w, stream + split, n - split);
		}
		check_found(&w, "\3abc");
		ck_assert_uint_eq(world_wants(&w), STS_WANT_CLOSE);
	}
}
END_TEST

/* R84: an answer that ends early, at any byte, by EOF or reset, is no
 * answer. */
START_TEST(a_cut_answer_over_tcp_is_no_answer)
{
	static const int why[] = { STS_IO_EOF, STS_IO_RESET };
	size_t n = 1;

	for (size_t i = 0; i < n; i++) {
		for (size_t k = 0; k < UNIT_COUNT(why); k++) {
			uint8_t stream[2 + BUILD_SIZE];
			struct world w;
			struct build b;

			until_sent(&w, true);
			world_answer(&w, &b, 0, "abc");
			n = b.n + 2;
			sts_put16be(stream, (uint16_t)b.n);
			memcpy(stream + 2, b.p, b.n);
			world_bytes(&w, stream, i);
			world_lose(&w, why[k]);
			unit_int("result of a cut answer",
			    sts_upstream_result(&w.u), STS_PENDING);
			world_wait(&w);
			unit_int("server asked next", world_wants(&w),
			    STS_WANT_DGRAM);
			unit_int("server asked next",
			    sts_upstream_peer(&w.u)->port, 5301);
		}
	}
}
END_TEST

/* R84: the server closes after its answer, in whatever way. */
START_TEST(the_server_may_close_after_its_answer)
{
	static const int why[] = { STS_IO_EOF, STS_IO_RESET, STS_IO_CLOSED };

	for (size_t k = 0; k < UNIT_COUNT(why); k++) {
		struct world w;
		struct build b;

		until_sent(&w, true);
		world_answer(&w, &b, 0, "abc");
		world_message(&w, &b);
		world_lose(&w, why[k]);
		check_found(&w, "\3abc");
		world_close(&w);
		ck_assert_uint_eq(world_wants(&w), STS_WANT_OWNER);
		ck_assert_ptr_eq(sts_upstream_take_back(&w.u), w.buffer);
		ck_assert_ptr_null(sts_upstream_take_back(&w.u));
	}
}
END_TEST

/* R84: length and message are offered in one piece, and may be taken in two. */
START_TEST(a_query_over_tcp_may_be_sent_in_pieces)
{
	struct world w;
	struct sts_span lent = sts_span(w.scratch, sizeof w.scratch);
	size_t n = 2;

	for (size_t split = 1; split < n; split++) {
		uint8_t whole[STS_DNS_QUERY_MAX + 2];
		struct sts_text q;

		until_open(&w, true);
		q = sts_upstream_send_buf(&w.u, lent);
		n = q.n;
		memcpy(whole, q.p, n);
		q = sts_upstream_send_buf(&w.u, lent);
		ck_assert_uint_eq(q.n, n);
		sts_upstream_send_ack(&w.u, split);
		ck_assert_uint_eq(world_wants(&w), STS_WANT_SEND);
		memset(w.scratch, 0xee, sizeof w.scratch);
		q = sts_upstream_send_buf(&w.u, lent);
		ck_assert_uint_eq(q.n, n - split);
		ck_assert_mem_eq(q.p, whole + split, q.n);
		sts_upstream_send_ack(&w.u, q.n);
		ck_assert_uint_eq(world_wants(&w), STS_WANT_RECV);
	}
	ck_assert_uint_gt(n, 50);
}
END_TEST

/* CD is set in each query, over UDP and TCP, and no answer to that is
 * authentic. */
START_TEST(an_unchecked_answer_is_never_authentic)
{
	struct world w;
	struct build b;

	for (unsigned cd = 0; cd < 2; cd++) {
		world_start(&w, 1, WORLD_BUDGET);
		w.servers.trusted[0] = true;
		if (cd) {
			sts_upstream_set_unchecked(&w.u);
			w.cd = true;
		}
		world_tick(&w);
		world_open(&w);
		world_send(&w);
		world_answer(&w, &b, TC, NULL);
		world_message(&w, &b);
		world_wait(&w);
		sts_upstream_lend(&w.u, w.buffer, sizeof w.buffer);
		world_tick(&w);
		world_open(&w);
		world_send(&w);
		ck_assert(w.stream);
		world_answer(&w, &b, AD, "abc");
		world_message(&w, &b);
		check_found(&w, "\3abc");
		unit_int("authentic", sts_upstream_authentic(&w.u), cd ? 0 : 1);
	}
}
END_TEST

/* A datagram may take the scratch up to the limit of datagrams, however large
 * the scratch is. */
START_TEST(a_datagram_has_a_largest_size)
{
	static uint8_t lent[STS_DNS_DATAGRAM_MAX + 1];
	struct world w;
	struct sts_span at;

	until_sent(&w, false);
	at = sts_upstream_recv_buf(&w.u, sts_span(lent, sizeof lent - 1));
	ck_assert_ptr_eq(at.p, lent);
	ck_assert_uint_eq(at.n, STS_DNS_DATAGRAM_MAX);
	at = sts_upstream_recv_buf(&w.u, sts_span(lent, sizeof lent));
	ck_assert_uint_eq(at.n, STS_DNS_DATAGRAM_MAX);
}
END_TEST

/* R83: an answer to the try before has another id, and is ignored. */
START_TEST(an_answer_to_an_earlier_try_is_ignored)
{
	struct world w;
	struct build b, late;

	until_sent(&w, false);
	world_answer(&w, &late, 0, "late");
	world_wait(&w);
	world_open(&w);
	world_send(&w);
	world_message(&w, &late);
	unit_int("result after a late answer", sts_upstream_result(&w.u),
	    STS_PENDING);
	world_answer(&w, &b, 0, "now");
	world_message(&w, &b);
	check_found(&w, "\3now");
}
END_TEST

/* R83: neither the question nor the count of strangers outlives a try. */
START_TEST(strangers_are_counted_for_each_try)
{
	struct world w;
	struct build b;

	until_sent(&w, false);
	for (unsigned try = 0; try < 2; try++) {
		build_begin(
		    &b, w.id, ANSWERED, "_mta-sts.example.org", STS_DNS_TXT);
		for (unsigned i = 1; i < STS_DNS_MISMATCH_MAX; i++) {
			world_message(&w, &b);
			ck_assert_uint_eq(world_wants(&w), STS_WANT_RECV);
		}
		world_wait(&w);
		ck_assert_uint_eq(world_wants(&w), STS_WANT_DGRAM);
		world_open(&w);
		world_send(&w);
	}
}
END_TEST

/* Each transmission has an id of its own, drawn from the random bytes. */
START_TEST(each_transmission_has_an_id_of_its_own)
{
	struct world w;

	world_start(&w, 3, WORLD_BUDGET);
	for (unsigned i = 0; i < STS_DNS_TRIES; i++) {
		world_wait(&w);
		world_open(&w);
		world_send(&w);
		unit_int("id", w.id, sts_get16be(w.rnd + 2 * i));
	}
	world_wait(&w);
	unit_int(
	    "result of the last try", sts_upstream_result(&w.u), STS_UNKNOWN);
}
END_TEST

/* R15: AD counts from server 1, which is trusted, and from no other server. */
START_TEST(only_a_trusted_server_is_believed_ad)
{
	static const struct {
		const char *name;
		unsigned server, flags;
		bool want;
	} cases[] = {
		{ "R15 not trusted", 0, AD, false },
		{ "R15 trusted", 1, AD, true },
		{ "R15 trusted, absent", 1, AD | STS_DNS_NXDOMAIN, true },
		{ "R15 trusted, without AD", 1, 0, false },
		{ "R15 another", 2, AD, false },
	};

	for (size_t i = 0; i < UNIT_COUNT(cases); i++) {
		struct world w;
		struct build b;

		world_start(&w, 3, WORLD_BUDGET);
		for (unsigned k = 0; k <= cases[i].server; k++) {
			world_wait(&w);
			world_open(&w);
			world_send(&w);
		}
		world_answer(&w, &b, cases[i].flags, NULL);
		world_message(&w, &b);
		unit_int(cases[i].name, sts_upstream_result(&w.u), STS_ABSENT);
		unit_int(
		    cases[i].name, sts_upstream_authentic(&w.u), cases[i].want);
	}
}
END_TEST

/* The wait for a buffer does not count as budget, and the try begins after
 * it. */
START_TEST(waiting_for_a_buffer_costs_no_budget)
{
	struct world w;
	sts_ms at;

	until_truncated(&w);
	ck_assert(sts_upstream_needs_buffer(&w.u));
	ck_assert_uint_eq(world_wants(&w), STS_WANT_OWNER);
	ck_assert(sts_upstream_deadline(&w.u, &at));
	ck_assert_uint_eq(at, (sts_ms)(w.now + STS_DNS_OURS_MS));
	/* There is no tick while the owner has no buffer. */
	w.now += STS_DNS_OURS_MS - 1;
	sts_upstream_lend(&w.u, w.buffer, sizeof w.buffer);
	ck_assert(!sts_upstream_needs_buffer(&w.u));
	ck_assert(sts_upstream_deadline(&w.u, &at));
	ck_assert(!sts_before(w.now, at));
	world_tick(&w);
	ck_assert_uint_eq(world_wants(&w), STS_WANT_STREAM);
	ck_assert(sts_upstream_deadline(&w.u, &at));
	ck_assert_uint_eq(at, w.now + 4000);
}
END_TEST

/* A buffer comes, and at once there is no descriptor to use it with: each of
 * the two costs what it lasts, and the budget goes on behind them. */
START_TEST(shortages_in_one_visit_cost_what_they_last)
{
	const uint32_t budget_ms = 700, wait_ms = 200;
	struct world w;
	struct build b;

	world_start(&w, 1, budget_ms);
	world_tick(&w);
	world_open(&w);
	world_send(&w);
	world_answer(&w, &b, TC, NULL);
	world_message(&w, &b);
	world_close(&w);
	w.now += wait_ms;
	world_tick(&w);
	sts_upstream_lend(&w.u, w.buffer, sizeof w.buffer);
	world_lose(&w, STS_IO_LIMIT);
	unit_int("pauses for a descriptor", sts_upstream_limited_ms(&w.u),
	    STS_DNS_PAUSE_MS);
	unit_int("and pauses begun for a buffer",
	    sts_upstream_ours_ms(&w.u, w.now),
	    STS_DNS_PAUSE_MS + (STS_DANE ? STS_DNS_PAUSE_MS : 0));
	w.now = WORLD_START + budget_ms + wait_ms + STS_DNS_PAUSE_MS - 1;
	world_tick(&w);
	unit_int("within the budget", sts_upstream_result(&w.u), STS_PENDING);
	w.now++;
	world_tick(&w);
	unit_int("after the budget", sts_upstream_result(&w.u), STS_UNKNOWN);
}
END_TEST

START_TEST(no_buffer_in_time_is_a_reason_of_ours)
{
	struct world w;

	until_truncated(&w);
	w.now += STS_DNS_OURS_MS - 1;
	world_tick(&w);
	unit_int(
	    "result before the limit", sts_upstream_result(&w.u), STS_PENDING);
	w.now++;
	world_tick(&w);
	unit_int(
	    "result without a buffer", sts_upstream_result(&w.u), STS_UNKNOWN);
	unit_int("reason without a buffer", sts_upstream_why(&w.u),
	    STS_WHY_DNS_NO_BUFFER);
	ck_assert_uint_eq(world_wants(&w), STS_WANT_OWNER);
	ck_assert(!sts_upstream_needs_buffer(&w.u));
}
END_TEST

/* A buffer serves a second try over TCP, too. */
START_TEST(a_buffer_serves_a_second_try)
{
	struct world w;
	struct build b;

	until_sent(&w, true);
	world_lose(&w, STS_IO_RESET);
	world_wait(&w);
	world_open(&w);
	ck_assert(!w.stream);
	world_send(&w);
	world_answer(&w, &b, TC, NULL);
	world_message(&w, &b);
	world_close(&w);
	world_tick(&w);
	ck_assert_uint_eq(world_wants(&w), STS_WANT_STREAM);
	world_open(&w);
	world_send(&w);
	world_answer(&w, &b, 0, "abc");
	world_message(&w, &b);
	check_found(&w, "\3abc");
}
END_TEST

/* Bring a question into one of the states in which it may be stopped. */
static void
reach(struct world *w, unsigned state)
{
	struct build b;

	world_start(w, 1, WORLD_BUDGET);
	switch (state) {
	case 0: /* to open, before the first tick */
		break;
	case 1: /* to open */
		world_tick(w);
		break;
	case 2: /* to send */
		until_open(w, false);
		break;
	case 3: /* waits for an answer */
		until_sent(w, false);
		break;
	case 4: /* to close, for the next try */
		until_sent(w, false);
		world_answer(w, &b, STS_DNS_SERVFAIL, NULL);
		world_message(w, &b);
		break;
	case 5: /* pauses */
		world_tick(w);
		world_lose(w, STS_IO_LIMIT);
		break;
	case 6: /* waits for a buffer */
		until_truncated(w);
		break;
	case 7: /* connects */
		until_truncated(w);
		sts_upstream_lend(&w->u, w->buffer, sizeof w->buffer);
		world_tick(w);
		break;
	case 8: /* to send, over TCP */
		until_open(w, true);
		break;
	case 9: /* within an answer over TCP */
		until_sent(w, true);
		world_bytes(w, (const uint8_t *)"\0\100ab", 4);
		break;
	case 10: /* to close, with a result */
		until_sent(w, false);
		world_answer(w, &b, 0, "abc");
		world_message(w, &b);
		break;
	default: /* ended */
		until_sent(w, false);
		world_answer(w, &b, 0, "abc");
		world_message(w, &b);
		world_close(w);
		break;
	}
}

START_TEST(a_question_may_be_stopped_in_any_state)
{
	for (unsigned state = 0; state <= 11; state++) {
		struct world w;
		enum sts_found found;
		bool opening;
		sts_ms at;

		reach(&w, state);
		found = sts_upstream_result(&w.u);
		opening =
		    (world_wants(&w) & (STS_WANT_DGRAM | STS_WANT_STREAM)) != 0;
		sts_upstream_stop(&w.u);
		unit_int("wants once stopped", world_wants(&w),
		    w.open || opening ? STS_WANT_CLOSE : 0);
		ck_assert(!sts_upstream_deadline(&w.u, &at));
		ck_assert(!sts_upstream_needs_buffer(&w.u));
		unit_int("buffer to take back",
		    sts_upstream_take_back(&w.u) != NULL,
		    state >= 7 && state <= 9);
		w.now += 2 * WORLD_BUDGET;
		sts_upstream_tick(&w.u, w.now);
		/* A channel may still open, or be lost, before it is closed. */
		if (opening) {
			sts_upstream_opened(&w.u);
			unit_int("wants when opened late", world_wants(&w),
			    STS_WANT_CLOSE);
		}
		sts_upstream_stop(&w.u);
		world_close(&w);
		unit_int("wants once closed", world_wants(&w), 0);
		unit_int("result", sts_upstream_result(&w.u), found);
		sts_upstream_lost(&w.u, STS_IO_RESET);
		unit_int("wants after a late reset", world_wants(&w), 0);
	}
}
END_TEST

/* A struct of zeros wants nothing, and may be stopped. */
START_TEST(a_struct_of_zeros_wants_nothing)
{
	struct sts_upstream u;
	sts_ms at;

	memset(&u, 0, sizeof u);
	ck_assert_uint_eq(sts_upstream_wants(&u), 0);
	ck_assert(!sts_upstream_deadline(&u, &at));
	sts_upstream_tick(&u, 5);
	sts_upstream_stop(&u);
	ck_assert_uint_eq(sts_upstream_wants(&u), 0);
}
END_TEST

void
unit_tests(TCase *tc)
{
	tcase_add_test(tc, an_answer_over_udp_is_found);
	tcase_add_test(tc, the_walk_begins_behind_the_alias);
	tcase_add_test(tc, an_answer_over_tcp_may_come_in_pieces);
	tcase_add_test(tc, a_cut_answer_over_tcp_is_no_answer);
	tcase_add_test(tc, the_server_may_close_after_its_answer);
	tcase_add_test(tc, a_query_over_tcp_may_be_sent_in_pieces);
	tcase_add_test(tc, a_datagram_has_a_largest_size);
	tcase_add_test(tc, an_answer_to_an_earlier_try_is_ignored);
	tcase_add_test(tc, strangers_are_counted_for_each_try);
	tcase_add_test(tc, each_transmission_has_an_id_of_its_own);
	tcase_add_test(tc, only_a_trusted_server_is_believed_ad);
	tcase_add_test(tc, waiting_for_a_buffer_costs_no_budget);
	tcase_add_test(tc, shortages_in_one_visit_cost_what_they_last);
	tcase_add_test(tc, an_unchecked_answer_is_never_authentic);
	tcase_add_test(tc, no_buffer_in_time_is_a_reason_of_ours);
	tcase_add_test(tc, a_buffer_serves_a_second_try);
	tcase_add_test(tc, a_question_may_be_stopped_in_any_state);
	tcase_add_test(tc, a_struct_of_zeros_wants_nothing);
}
