/* SPDX-License-Identifier: MIT */
/*
 * When a slot becomes free, the agent is to look again at a number of questions
 * of a queue. Whichever of them leave before their turn (their time is up, or
 * their client closes), that number never exceeds those that wait: otherwise
 * the agent would take a question from an empty queue.
 */
#include <string.h>

#include "../../core/agent/agent_state.h"
#include "unit.h"

const char unit_name[] = "agent_wait";

enum {
	ASKS = 4
};

static struct sts_agent agent;
static struct sts_client clients[ASKS];

/* What happens to questions 0 to 3, which wait in that order: l(ook at all of
 * them again), or the digit of a question that leaves. Then how many are still
 * to be looked at. */
static const struct {
	const char *happens;
	unsigned look;
} cases[] = {
	{ "", 0 },
	{ "l", 4 },
	{ "l3", 3 },
	{ "l0", 3 },
	{ "l12", 2 },
	{ "l3210", 0 },
	{ "l0123", 0 },
	{ "01l", 2 },
	{ "01l23", 0 },
	{ "0123l", 0 },
};

static void
begin(enum sts_ask_phase phase)
{
	memset(&agent, 0, sizeof agent);
	memset(clients, 0, sizeof clients);
	agent.clients = clients;
	agent.first_client = 1;
	agent.first_question = agent.first_lookup = ASKS + 1;
	agent.config.lookups = agent.config.danes = 8;
	sts_queue_init(&agent.asks);
	sts_queue_init(&agent.crowded);
	sts_queue_init(&agent.dane.asks);
	for (unsigned i = 0; i < ASKS; i++) {
		clients[i].ask.node = (uint16_t)(1 + i);
		sts_agent_wait_in_queue(&agent, &clients[i].ask, phase);
	}
}

static void
play(const char *happens, uint16_t *look, const struct sts_queue *q)
{
	for (; *happens != '\0'; happens++) {
		if (*happens == 'l') {
			*look = q->count;
		} else {
			sts_agent_wait_end(
			    &agent, &clients[*happens - '0'].ask);
		}
	}
}

START_TEST(no_more_are_looked_at_than_wait_crowded)
{
	begin(STS_ASK_CROWDED);
	play(cases[_i].happens, &agent.ask.crowded, &agent.crowded);
	ck_assert_uint_eq(agent.ask.crowded, cases[_i].look);
	ck_assert_int_eq(sts_agent_asks_may_go_on(&agent), cases[_i].look > 0);
}
END_TEST

START_TEST(no_more_are_looked_at_than_wait_for_mail_hosts)
{
	begin(STS_ASK_DANE_QUEUED);
	play(cases[_i].happens, &agent.dane.look, &agent.dane.asks);
	ck_assert_uint_eq(agent.dane.look, cases[_i].look);
}
END_TEST

void
unit_tests(TCase *tc)
{
	int n = (int)(sizeof cases / sizeof *cases);

	tcase_add_loop_test(tc, no_more_are_looked_at_than_wait_crowded, 0, n);
	tcase_add_loop_test(
	    tc, no_more_are_looked_at_than_wait_for_mail_hosts, 0, n);
}
