/* SPDX-License-Identifier: MIT */
/*
 * core/agent/agent_dane, agent_route: what is kept of a domain's mail hosts, and
 * places that are taken and given back before anything was looked up.
 */
#include <stdio.h>
#include <string.h>

#include "../../core/agent/agent_dane.h"
#include "../../core/agent/agent_size.h"
#include "../../core/agent/agent_state.h"
#include "../../core/agent/inspect.h"
#include "../../core/route.h"
#include "unit.h"

const char unit_name[] = "agent_dane";

enum {
	NOW = 1800000000,
	DANES = 2,
	ASKS = 2,
	HOSTS = 5,
	CACHE = 16384
};

static struct sts_agent agent;
static struct sts_settings settings;
static struct sts_dns_servers servers;
static struct sts_zones zones;
static uint64_t block[STS_AGENT_SIZE_DANE(1, 1, 1, ASKS, DANES, 0, CACHE) / 8];
static struct sts_dane_hosts hosts;

/* An agent without port or driver. */
static void
begin(void)
{
	static const struct sts_config config = { .clients = 1,
		.lookups = 1,
		.fetch_slots = 1,
		.asks = ASKS,
		.danes = DANES,
		.cache_size = CACHE };
	static const uint8_t key[STS_SIPHASH_KEY] = { 1 };
	struct sts_span room;

	servers.count = 1;
	servers.addr[0].af = STS_AF_INET;
	sts_zones_init(&zones, 12000, 30000);
	settings.zones = &zones;
	settings.servers = &servers;
	settings.dane = true;
	ck_assert_uint_ge(sizeof block, sts_agent_size(&config));
	sts_agent_init(&agent, &config, &settings, block, 1, key);
	room = sts_random_room(&agent.random);
	memset(room.p, 7, room.n);
	sts_random_filled(&agent.random);
	sts_agent_ops.tick(&agent, 1, NOW);
}

/* The hosts of a domain as they are when their look-up is over. */
static void
found(const char *domain)
{
	memset(&hosts, 0, sizeof hosts);
	hosts.domain_len = (uint8_t)strlen(domain);
	memcpy(hosts.domain, domain, hosts.domain_len);
	hosts.mx = STS_DANE_MX_SECURE;
	for (unsigned i = 0; i < HOSTS; i++) {
		char name[100];
		int n = snprintf(name, sizeof name,
		    "mx%u.a-mail-host-with-a-rather-long-name.%s", i, domain);

		hosts.host[i].state = STS_DANE_HOST_USABLE;
		hosts.host[i].name_off = hosts.names_len;
		hosts.host[i].name_len = (uint8_t)n;
		memcpy(hosts.names + hosts.names_len, name, (size_t)n);
		hosts.names_len = (uint16_t)(hosts.names_len + n);
	}
	hosts.host_count = HOSTS;
}

static struct sts_entry
entry(void)
{
	struct sts_entry e;

	memset(&e, 0, sizeof e);
	e.kind = STS_KIND_DANE;
	e.checked_s = NOW;
	e.check_s = NOW + 100;
	return e;
}

/* Remember what was found. */
static void
remember(void)
{
	struct sts_entry e = entry();

	sts_agent_dane_remember(&agent, &hosts, &e);
}

/* How many hosts are known of a domain; -1: nothing is. */
static int
known(const char *domain)
{
	struct sts_inspected_dane in;
	enum sts_dane_host state;
	uint8_t name[STS_NAME_MAX];
	size_t len;
	int n = 0;

	if (!sts_inspect_dane(&agent, unit_span(domain), &in)) {
		return -1;
	}
	while (sts_inspect_dane_host(&agent, &in, &state, name, &len)) {
		unit_int("state", state, STS_DANE_HOST_USABLE);
		n++;
	}
	return n;
}

START_TEST(remembered)
{
	begin();
	found("a.example");
	unit_int("before", known("a.example"), -1);
	remember();
	unit_int("hosts", known("a.example"), HOSTS);
	unit_int("of another", known("b.example"), -1);
	sts_agent_ops.tick(&agent, 2, NOW + 99);
	unit_int("at the end of its time", known("a.example"), HOSTS);
	sts_agent_ops.tick(&agent, 3, NOW + 100);
	unit_int("after it", known("a.example"), -1);
	/* A clock that was set back says nothing about its time. */
	sts_agent_ops.tick(&agent, 4, NOW - 1);
	unit_int("before it", known("a.example"), -1);
}
END_TEST

/* All hosts are kept or, without room, nothing: half of them would be another
 * result. */
START_TEST(whole_or_not)
{
	unsigned kept = 0, refused = 0;

	for (unsigned left = 0; left < 16; left++) {
		static struct sts_stage s[CACHE / STS_CHUNK_SIZE];
		unsigned n = 0;
		int got;

		begin();
		found("a.example");
		while (n < UNIT_COUNT(s) && sts_cache_stage(&agent.cache, &s[n],
						unit_span("x.example"))) {
			n++;
		}
		ck_assert_uint_lt(n, UNIT_COUNT(s));
		for (unsigned i = 0; i < left && n > 0; i++) {
			sts_cache_abandon(&agent.cache, &s[--n]);
		}
		remember();
		got = known("a.example");
		ck_assert(got == -1 || got == HOSTS);
		kept += got == HOSTS;
		refused += got == -1;
		while (n > 0) {
			sts_cache_abandon(&agent.cache, &s[--n]);
		}
		ck_assert(sts_cache_check(&agent.cache));
		ck_assert_uint_eq(agent.cache.staged_count, 0);
	}
	ck_assert_uint_gt(kept, 0);
	ck_assert_uint_gt(refused, 1);
}
END_TEST

/* A policy under a key of DANE's can only come from a forged journal: it is no
 * result, and none takes its place. */
START_TEST(forged)
{
	struct sts_entry e = entry(), held;
	struct sts_stage s;
	sts_ref ref;

	begin();
	e.kind = STS_KIND_POLICY;
	e.mode = STS_MODE_NONE;
	e.max_age_s = STS_DAY_S;
	e.fetched_s = NOW;
	ck_assert(sts_cache_stage(&agent.cache, &s, unit_span("+a.example")));
	sts_cache_commit(&agent.cache, &s, &e, sts_now(NOW, true), &ref);
	unit_int("known", known("a.example"), -1);
	found("a.example");
	remember();
	unit_int("known", known("a.example"), -1);
	ref = sts_agent_dane_held(&agent, unit_span("a.example"), &held);
	ck_assert_uint_ne(ref, 0);
	unit_int("kind", held.kind, STS_KIND_POLICY);
}
END_TEST

/* What no domain can be has no hosts. */
START_TEST(no_domain)
{
	char name[STS_DOMAIN_MAX + 2];

	begin();
	memset(name, 'a', sizeof name);
	name[sizeof name - 1] = '\0';
	unit_int("too long", known(name), -1);
	unit_int("empty", known(""), -1);
}
END_TEST

/* The text protocol has no word for DANE. */
START_TEST(whom_it_applies_to)
{
	static const struct {
		const char *key;
		enum sts_client_kind kind;
		bool want;
	} rows[] = {
		{ "a.example", STS_CLIENT_SOCKETMAP, true },
		{ "a.example:25", STS_CLIENT_SOCKETMAP, true },
		{ "a.example:587", STS_CLIENT_SOCKETMAP, false },
		{ "[a.example]", STS_CLIENT_SOCKETMAP, false },
		{ "a.example", STS_CLIENT_TEXT, false },
		{ "a.example", STS_CLIENT_TEXT_REPORTS, false },
	};

	for (size_t i = 0; i < UNIT_COUNT(rows); i++) {
		struct sts_ask *ask;
		struct sts_key key;
		bool found;

		begin();
		sts_agent_client_open(
		    &agent, sts_agent_client_free(&agent), rows[i].kind, 1);
		ask = &agent.clients[0].ask;
		ask->settings = &settings;
		ask->zone =
		    sts_zones_find(&zones, unit_span("postfix"), &found);
		unit_int(rows[i].key,
		    sts_key_parse(&key, unit_span(rows[i].key)), STS_WHY_NONE);
		unit_int(rows[i].key, sts_agent_dane_applies(&agent, ask, &key),
		    rows[i].want);
	}
}
END_TEST

/* The name servers are probed only if a zone, or the operator, wants DANE. */
START_TEST(probed_when_wanted)
{
	for (unsigned wanted = 0; wanted < 3; wanted++) {
		begin();
		settings.dane = wanted == 1;
		if (wanted == 2) {
			unit_int("zone",
			    sts_zones_add(&zones, unit_span("mx dane=on")),
			    STS_ZONES_OK);
		}
		agent.dane.resolver = STS_DANE_RESOLVER_SEES;
		sts_agent_dane_tick(&agent);
		unit_int("resolver", agent.dane.resolver,
		    wanted > 0 ? STS_DANE_RESOLVER_SEES
			       : STS_DANE_RESOLVER_UNKNOWN);
	}
}
END_TEST

/* An order to forget one domain leaves the look-up for another alone. */
START_TEST(forgets_one)
{
	struct sts_dane_work *w;

	begin();
	w = sts_agent_dane_begin(
	    &agent, unit_span("a.example"), STS_DANE_FOR_ASKS);
	ck_assert_ptr_nonnull(w);
	sts_agent_dane_forget(&agent, unit_span("b.example"));
	ck_assert(!w->outdated);
	sts_agent_dane_forget(&agent, unit_span("a.example"));
	ck_assert(w->outdated);
}
END_TEST

/* A route that ends before it was served gives its places back; without a place
 * for its question none begins. */
START_TEST(routes_given_back)
{
	struct sts_route r;
	enum sts_why why;
	unsigned busy;

	begin();
	busy = agent.dane.busy; /* a probe of the name servers */
	for (unsigned again = 0; again < 3; again++) {
		ck_assert(sts_route_begin(&agent, &r, unit_span("a.example")));
		unit_int("pending", sts_route_state(&agent, &r, &why),
		    STS_ROUTE_PENDING);
		unit_int("busy", agent.dane.busy, busy + 1);
		sts_route_end(&agent, &r);
		unit_int("busy", agent.dane.busy, busy);
	}
	for (unsigned i = 0; i < ASKS; i++) {
		ck_assert_int_ge(sts_ask_begin(&agent, unit_span("postfix"),
				     unit_span("b.example")),
		    0);
	}
	ck_assert(!sts_route_begin(&agent, &r, unit_span("a.example")));
	unit_int("busy", agent.dane.busy, busy);
}
END_TEST

/* Only whether a name is a domain at all is certain. */
START_TEST(routes_of_no_domain)
{
	static const struct {
		const char *domain;
		enum sts_route_state want;
	} rows[] = {
		{ "", STS_ROUTE_NO_MAIL }, { "a b", STS_ROUTE_NO_MAIL },
		{ "[a.example]", STS_ROUTE_NO_MAIL },
		{ "a.example:25", STS_ROUTE_NO_MAIL },
		{ "\xcd\xb8.example", STS_ROUTE_AGAIN }, /* unassigned */
	};

	begin();
	for (size_t i = 0; i < UNIT_COUNT(rows); i++) {
		struct sts_route r;
		enum sts_why why;

		ck_assert(
		    sts_route_begin(&agent, &r, unit_span(rows[i].domain)));
		unit_int(rows[i].domain, sts_route_state(&agent, &r, &why),
		    rows[i].want);
		sts_route_end(&agent, &r);
	}
}
END_TEST

void
unit_tests(TCase *tc)
{
	tcase_add_test(tc, remembered);
	tcase_add_test(tc, whole_or_not);
	tcase_add_test(tc, forged);
	tcase_add_test(tc, no_domain);
	tcase_add_test(tc, whom_it_applies_to);
	tcase_add_test(tc, probed_when_wanted);
	tcase_add_test(tc, forgets_one);
	tcase_add_test(tc, routes_given_back);
	tcase_add_test(tc, routes_of_no_domain);
}
