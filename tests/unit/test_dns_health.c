/* SPDX-License-Identifier: MIT */
/* dns/health: what is known about name servers, and for how long. */
#include <string.h>

#include "../../dns/health.h"
#include "unit.h"

const char unit_name[] = "dns_health";

/* Time wraps soon after the start. */
#define START ((sts_ms)0xfffff000U)

static struct sts_addr
server(unsigned i)
{
	struct sts_addr a = { STS_AF_INET, 0, 53, 0, { 192, 0, 2 } };

	a.ip[3] = (uint8_t)i;
	return a;
}

static struct sts_dns_servers
servers(unsigned count)
{
	struct sts_dns_servers s;

	memset(&s, 0, sizeof s);
	s.count = count;
	for (unsigned i = 0; i < count; i++) {
		s.addr[i] = server(i);
	}
	return s;
}

/* Each trait is known by itself, for an hour; then one question tries again. */
START_TEST(a_trait_is_known_for_an_hour)
{
	for (unsigned t = 0; t < STS_DNS_TRAITS; t++) {
		enum sts_dns_trait trait = (enum sts_dns_trait)t;
		struct sts_addr a = server(1), b = server(2);
		struct sts_dns_health h;
		sts_ms now = START;

		sts_dns_health_init(&h);
		ck_assert(!sts_dns_health_ask(&h, &a, trait, now));
		sts_dns_health_note(&h, &a, trait, now);
		for (unsigned o = 0; o < STS_DNS_TRAITS; o++) {
			unit_int("trait",
			    sts_dns_health_is(
				&h, &a, (enum sts_dns_trait)o, now),
			    o == t);
		}
		ck_assert(!sts_dns_health_is(&h, &b, trait, now));
		now += STS_DNS_HEALTH_MS - 1;
		ck_assert(sts_dns_health_ask(&h, &a, trait, now));
		now++;
		ck_assert(!sts_dns_health_is(&h, &a, trait, now));
		ck_assert(!sts_dns_health_ask(&h, &a, trait, now));
		/* Other questions wait for the result of that try. */
		ck_assert(sts_dns_health_ask(&h, &a, trait, now));
		now += STS_DNS_PROBE_MS - 1;
		ck_assert(sts_dns_health_ask(&h, &a, trait, now));
		now++;
		ck_assert(!sts_dns_health_ask(&h, &a, trait, now));
		sts_dns_health_clear(&h, &a, trait);
		ck_assert(!sts_dns_health_ever(&h, &a, trait));
	}
}
END_TEST

/* Port and scope belong to the address. Without a memory every call is
 * harmless. */
START_TEST(a_trait_belongs_to_one_address)
{
	struct sts_addr a = server(1), port = a, scope = a, inet6 = a;
	struct sts_dns_servers s = servers(2);
	struct sts_dns_health h;

	port.port = 54;
	scope.scope = 1;
	inet6.af = STS_AF_INET6;
	sts_dns_health_init(&h);
	sts_dns_health_note(&h, &a, STS_DNS_PLAIN, START);
	ck_assert(!sts_dns_health_ever(&h, &port, STS_DNS_PLAIN));
	ck_assert(!sts_dns_health_ever(&h, &scope, STS_DNS_PLAIN));
	ck_assert(!sts_dns_health_ever(&h, &inet6, STS_DNS_PLAIN));
	for (unsigned i = 0; i < 16; i++) {
		struct sts_addr other = a;

		other.ip[i] ^= 0x40;
		ck_assert(!sts_dns_health_ever(&h, &other, STS_DNS_PLAIN));
	}
	sts_dns_health_note(NULL, &a, STS_DNS_PLAIN, START);
	sts_dns_health_heard(NULL, &a, START);
	sts_dns_health_clear(NULL, &a, STS_DNS_PLAIN);
	sts_dns_health_set_aside(NULL, &s, 3, START, START);
	ck_assert(!sts_dns_health_ask(NULL, &a, STS_DNS_PLAIN, START));
	ck_assert_uint_eq(sts_dns_health_order(NULL, &s, START), 0);
}
END_TEST

/* A server is set aside only if it has answered nothing since it was asked. */
START_TEST(a_silent_server_is_set_aside_for_an_hour)
{
	struct sts_dns_servers s = servers(4);
	struct sts_dns_health h;
	sts_ms now = START;

	sts_dns_health_init(&h);
	sts_dns_health_heard(&h, &s.addr[0], now - 1);
	sts_dns_health_heard(&h, &s.addr[1], now);
	sts_dns_health_set_aside(&h, &s, 1 | 2 | 8, now, now + 3000);
	unit_int("order", sts_dns_health_order(&h, &s, now + 3000), 1 | 8);
	/* It answers, and is not set aside any more. */
	sts_dns_health_heard(&h, &s.addr[3], now + 4000);
	unit_int("order", sts_dns_health_order(&h, &s, now + 4000), 1);
	/* After an hour one question tries the first server; a second question
	 * does not. */
	sts_dns_health_note(&h, &s.addr[1], STS_DNS_ASIDE, now + 3000);
	now += 3000 + STS_DNS_HEALTH_MS;
	unit_int("order for the question that tries",
	    sts_dns_health_order(&h, &s, now), 2);
	unit_int("order for a question beside it",
	    sts_dns_health_order(&h, &s, now), 1);
	unit_int("order for the third question",
	    sts_dns_health_order(&h, &s, now), 1 | 2);
	/* If another server is well, the one that was set aside is not tried
	 * first. */
	sts_dns_health_init(&h);
	sts_dns_health_note(&h, &s.addr[1], STS_DNS_ASIDE, START);
	unit_int("order beside a server that is well",
	    sts_dns_health_order(&h, &s, now), 2);
	unit_int("order beside a server that is well, again",
	    sts_dns_health_order(&h, &s, now), 2);
}
END_TEST

/* There are more servers than places: the one used longest ago is dropped. What
 * was not used for long is forgotten before its time seems to lie ahead. */
START_TEST(the_server_used_longest_ago_is_dropped)
{
	struct sts_dns_health h;
	struct sts_addr a;

	sts_dns_health_init(&h);
	for (unsigned i = 0; i < STS_DNS_SERVERS_MAX; i++) {
		a = server(i);
		sts_dns_health_note(&h, &a, STS_DNS_PLAIN, START + i);
	}
	a = server(0);
	sts_dns_health_heard(&h, &a, START + 100);
	a = server(100);
	sts_dns_health_note(&h, &a, STS_DNS_PLAIN, START + 101);
	ck_assert(sts_dns_health_ever(&h, &a, STS_DNS_PLAIN));
	for (unsigned i = 0; i < STS_DNS_SERVERS_MAX; i++) {
		a = server(i);
		unit_int(
		    "kept", sts_dns_health_ever(&h, &a, STS_DNS_PLAIN), i != 1);
	}
	sts_dns_health_age(&h, START + 2 * STS_DNS_HEALTH_MS);
	a = server(2);
	ck_assert(sts_dns_health_ever(&h, &a, STS_DNS_PLAIN));
	sts_dns_health_age(&h, START + 2 * STS_DNS_HEALTH_MS + 50);
	ck_assert(!sts_dns_health_ever(&h, &a, STS_DNS_PLAIN));
	a = server(0);
	ck_assert(sts_dns_health_answered(&h, &a));
	ck_assert(!sts_dns_health_ever(&h, &a, STS_DNS_PLAIN));
	sts_dns_health_age(&h, START + 3 * STS_DNS_HEALTH_MS);
	ck_assert(!sts_dns_health_answered(&h, &a));
}
END_TEST

/* What is used all the time is forgotten as well, each trait by itself, before
 * its time seems to lie ahead. */
START_TEST(traits_are_forgotten_within_weeks)
{
	struct sts_dns_servers s = servers(2);
	struct sts_dns_health h;
	sts_ms now = START;

	sts_dns_health_init(&h);
	sts_dns_health_heard(&h, &s.addr[0], now);
	sts_dns_health_knows_edns(&h, &s.addr[0], now);
	sts_dns_health_note(&h, &s.addr[0], STS_DNS_NO_TCP, now);
	sts_dns_health_note(&h, &s.addr[1], STS_DNS_NO_TCP, now);
	for (unsigned hour = 0; hour < 26 * 24; hour++) {
		now += 3600000;
		/* The first server is silent all the time, and the second never
		 * is. */
		sts_dns_health_note(&h, &s.addr[0], STS_DNS_ASIDE, now);
		sts_dns_health_heard(&h, &s.addr[1], now);
		sts_dns_health_age(&h, now);
		if (hour > 3) {
			ck_assert(!sts_dns_health_answered(&h, &s.addr[0]));
			for (unsigned i = 0; i < 2; i++) {
				ck_assert(!sts_dns_health_is(
				    &h, &s.addr[i], STS_DNS_NO_TCP, now));
			}
		}
	}
	sts_dns_health_clear(&h, &s.addr[0], STS_DNS_ASIDE);
	sts_dns_health_set_aside(&h, &s, 1, now - 3000, now);
	unit_int("order", sts_dns_health_order(&h, &s, now), 1);
	sts_dns_health_lost_edns(&h, &s.addr[0], now - 3000, now);
	sts_dns_health_plain(&h, &s.addr[0], now);
	ck_assert(sts_dns_health_is(&h, &s.addr[0], STS_DNS_PLAIN, now));
}
END_TEST

/* The slow servers of one domain do not make us believe that our name server
 * drops EDNS. */
START_TEST(a_server_that_answered_edns_is_not_blamed)
{
	struct sts_dns_health h;
	struct sts_addr a = server(1), b = server(2);

	sts_dns_health_init(&h);
	sts_dns_health_knows_edns(&h, &a, START + 1000);
	sts_dns_health_knows_edns(&h, &b, START - 1);
	for (unsigned i = 0; i < 2; i++) {
		const struct sts_addr *s = i == 0 ? &a : &b;

		sts_dns_health_lost_edns(&h, s, START, START + 1500);
		sts_dns_health_plain(&h, s, START + 3000);
		unit_int("EDNS believed to be dropped",
		    sts_dns_health_is(&h, s, STS_DNS_PLAIN, START + 3000),
		    i == 1);
	}
	sts_dns_health_knows_edns(&h, &b, START + 4000);
	ck_assert(!sts_dns_health_ever(&h, &b, STS_DNS_PLAIN));
	a = server(3);
	sts_dns_health_lost_edns(&h, &a, START, START + 1500);
	sts_dns_health_knows_edns(&h, &a, START + 2000);
	sts_dns_health_plain(&h, &a, START + 3000);
	ck_assert(!sts_dns_health_ever(&h, &a, STS_DNS_PLAIN));
	sts_dns_health_lost_edns(NULL, &a, START, START);
	sts_dns_health_knows_edns(NULL, &a, START);
	sts_dns_health_plain(NULL, &a, START);
}
END_TEST

/* Which questions showed it does not matter: of a server that takes turns with
 * others, one question may see the loss and another the answer. In an hour EDNS
 * is tried again, however often the server answers without. */
START_TEST(a_loss_and_an_answer_may_be_of_two_questions)
{
	const sts_ms hour = STS_DNS_HEALTH_MS;
	struct sts_dns_health h;
	struct sts_addr a = server(1);

	sts_dns_health_init(&h);
	sts_dns_health_plain(&h, &a, START);
	ck_assert(!sts_dns_health_ever(&h, &a, STS_DNS_PLAIN));
	sts_dns_health_lost_edns(&h, &a, START, START + 1500);
	ck_assert(!sts_dns_health_ever(&h, &a, STS_DNS_PLAIN));
	sts_dns_health_plain(&h, &a, START + 60000);
	for (sts_ms at = 60000; at < 60000 + hour; at += 60000) {
		ck_assert(
		    sts_dns_health_ask(&h, &a, STS_DNS_PLAIN, START + at));
		sts_dns_health_plain(&h, &a, START + at);
	}
	ck_assert(
	    !sts_dns_health_ask(&h, &a, STS_DNS_PLAIN, START + 60000 + hour));
}
END_TEST

void
unit_tests(TCase *tc)
{
	tcase_add_test(tc, a_trait_is_known_for_an_hour);
	tcase_add_test(tc, a_trait_belongs_to_one_address);
	tcase_add_test(tc, a_silent_server_is_set_aside_for_an_hour);
	tcase_add_test(tc, the_server_used_longest_ago_is_dropped);
	tcase_add_test(tc, traits_are_forgotten_within_weeks);
	tcase_add_test(tc, a_server_that_answered_edns_is_not_blamed);
	tcase_add_test(tc, a_loss_and_an_answer_may_be_of_two_questions);
}
