/* SPDX-License-Identifier: MIT */
/*
 * DANE over days of virtual time, drawn from seeds: the zones of domains become
 * bogus, lose their AD bit, the signature of their delegation, their TLSA
 * records or their name servers, and get them back, while mail is sent to the
 * domains. The agent and the driver are the real ones; name servers and policy
 * hosts are in memory.
 *
 * The oracle is a model of what RFC 7672 and RFC 8461 2 demand of an ideal
 * sender, written without the agent's code. A result is held for its TTL,
 * within limits, and nothing that fails meanwhile takes its place, not even
 * when the operator has the domain looked up again. After that a failure is
 * "try again", and never what is below it. MTA-STS is the answer where there is
 * definitely no DANE, and nowhere else, however good the policy is.
 *
 * Moments within SLACK_S of a change of what is held are left out, since the
 * agent counts in whole seconds.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../scenario/scene.h"
#include "../sim/draw.h"
#include "unit.h"

const char unit_name[] = "dane_sim";

enum {
	DOMAINS = 4,
	HOSTS = 2,
	SEEDS = 24,
	STEPS = 120,
	SLACK_S = 3,
	QUIET_MS = 31000, /* longer than any lookup of hosts */
	TTL_MIN_S = 60,
	TTL_MAX_S = 3600,
	TTL_DOUBT_S = 300, /* with a host in an unknown state */
	BACK_OFF_S = 30, /* doubling to 300 */
	GATHER_S = 30
};

/* The state of one name in the DNS. */
enum state {
	SECURE,
	INSECURE, /* AD stripped, or the delegation insecure */
	BOGUS, /* SERVFAIL */
	SILENT,
	GONE, /* authenticated NODATA */
	UNUSABLE, /* TLSA: usage 1 only */
	STATES
};

struct domain {
	enum state mx, address[HOSTS], tlsa[HOSTS];
	bool enforces;
	uint32_t ttl_s;
	/* What the model holds. */
	char held; /* 'O'nly, 'P'artial, 'N'ot, '?' unknown; 0: nothing */
	int64_t from_s, until_s; /* between these it ends */
	unsigned failures;
};

static struct scene scene;
static struct domain domains[DOMAINS];
static char trace[STEPS * 200]; /* what happened, for a failure's message */
static size_t trace_len;

/* The end of the trace, as much as a message holds. */
static const char *
lately(void)
{
	return trace + (trace_len > 2000 ? trace_len - 2000 : 0);
}

static int64_t
now_s(void)
{
	return scene.elapsed_ms / 1000;
}

static void
note(const char *text)
{
	int n = snprintf(trace + trace_len, sizeof trace - trace_len,
	    "%6lld %s\n", (long long)now_s(), text);

	trace_len += (size_t)n < sizeof trace - trace_len ? (size_t)n : 0;
}

static void
record(const char *name, unsigned type, enum state state, uint32_t ttl_s,
    const char *value)
{
	static struct world_rr rr;

	memset(&rr, 0, sizeof rr);
	snprintf(rr.name, sizeof rr.name, "%s", name);
	rr.type = type;
	rr.ttl = ttl_s;
	rr.ad = state != INSECURE;
	rr.what = state == BOGUS    ? WORLD_SERVFAIL
		  : state == SILENT ? WORLD_SILENT
		  : state == GONE   ? WORLD_NODATA
				    : WORLD_DATA;
	rr.count = rr.what == WORLD_DATA;
	snprintf(rr.value[0], WORLD_VALUE, "%s", value);
	world_set(&scene.world, &rr);
}

/* Publish the present state of domain i. */
static void
publish(unsigned i)
{
	static struct world_rr rr;
	const struct domain *d = &domains[i];
	char name[64];

	memset(&rr, 0, sizeof rr);
	record("none", DNSPEER_A, GONE, d->ttl_s, "");
	snprintf(rr.name, sizeof rr.name, "d%u.example", i);
	rr.type = DNSPEER_MX;
	rr.ttl = d->ttl_s;
	rr.ad = d->mx != INSECURE;
	rr.what = d->mx == BOGUS    ? WORLD_SERVFAIL
		  : d->mx == SILENT ? WORLD_SILENT
				    : WORLD_DATA;
	rr.count = rr.what == WORLD_DATA ? HOSTS : 0;
	for (unsigned h = 0; h < HOSTS; h++) {
		snprintf(rr.value[h], WORLD_VALUE, "%u m%u.d%u.example",
		    10 * (h + 1), h, i);
	}
	world_set(&scene.world, &rr);
	for (unsigned h = 0; h < HOSTS; h++) {
		snprintf(name, sizeof name, "m%u.d%u.example", h, i);
		record(name, DNSPEER_A, d->address[h], d->ttl_s, "192.0.2.7");
		record(name, DNSPEER_AAAA,
		    d->address[h] == SECURE ? GONE : d->address[h], d->ttl_s,
		    "2001:db8::7");
		snprintf(name, sizeof name, "_25._tcp.m%u.d%u.example", h, i);
		record(name, DNSPEER_TLSA, d->tlsa[h], d->ttl_s,
		    d->tlsa[h] == UNUSABLE ? "1 1 1" : "3 1 1");
	}
}

/* Publish a policy of a week for the domains that enforce one. */
static void
publish_policy(unsigned i)
{
	static char response[DOMAINS][300];
	struct world_host h;
	char name[64], body[200];

	snprintf(name, sizeof name, "_mta-sts.d%u.example", i);
	if (!domains[i].enforces) {
		record(name, DNSPEER_TXT, GONE, 300, "");
		return;
	}
	record(name, DNSPEER_TXT, INSECURE, 300, "v=STSv1; id=1;");
	snprintf(name, sizeof name, "mta-sts.d%u.example", i);
	snprintf(body, sizeof body, "192.0.2.%u", 100 + i);
	record(name, DNSPEER_A, INSECURE, 300, body);
	record(name, DNSPEER_AAAA, GONE, 300, "");
	snprintf(body, sizeof body,
	    "version: STSv1\r\nmode: enforce\r\nmx: *.d%u.example\r\n"
	    "max_age: 604800\r\n",
	    i);
	snprintf(response[i], sizeof response[i],
	    "HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\n"
	    "Content-Length: %zu\r\n\r\n%s",
	    strlen(body), body);
	memset(&h, 0, sizeof h);
	h.addr = (struct sts_addr){ STS_AF_INET, 0, 443, 0,
		{ 192, 0, 2, (uint8_t)(100 + i) } };
	h.cut = WORLD_NEVER;
	h.response = unit_span(response[i]);
	world_host(&scene.world, &h);
}

/* The model. */

/* The state of a host: 'U'sable, 'X' unusable, '-' no records, '?' unknown, '0'
 * no address. */
static char
host_is(const struct domain *d, unsigned h)
{
	switch (d->address[h]) {
	case GONE:
		return '0';
	case BOGUS:
	case SILENT:
		return '?';
	case INSECURE:
		return '-';
	default:
		break;
	}
	switch (d->tlsa[h]) {
	case SECURE:
		return 'U';
	case UNUSABLE:
		return 'X';
	case BOGUS:
	case SILENT:
		return '?';
	default:
		return '-';
	}
}

/* What a lookup finds now: 'O', 'P', 'N' or '?'. *doubt: some host is
 * unknown. */
static char
found(const struct domain *d, bool *doubt)
{
	unsigned usable = 0, unusable = 0, unknown = 0, none = 0;

	*doubt = false;
	if (d->mx == BOGUS || d->mx == SILENT) {
		return '?';
	}
	if (d->mx == INSECURE) {
		return 'N';
	}
	for (unsigned h = 0; h < HOSTS; h++) {
		char is = host_is(d, h);

		usable += is == 'U';
		unusable += is == 'X';
		unknown += is == '?';
		none += is == '-';
	}
	*doubt = unknown > 0;
	if (unusable > 0 || (none > 0 && usable + unknown > 0)) {
		return 'P';
	}
	return usable > 0 ? 'O' : unknown > 0 ? '?' : 'N';
}

/* Whether the held result is at least as strong as this one. */
static bool
is_held(const struct domain *d, char is)
{
	static const char order[] = "?NPO";

	return d->held != 0 && d->held != '?' && now_s() < d->from_s &&
	       strchr(order, d->held) >= strchr(order, is);
}

/* A lookup for the domain ends within GATHER_S from now. again: the operator
 * has ordered it. */
static void
look_up(struct domain *d, bool again)
{
	bool doubt;
	char is = found(d, &doubt);
	int64_t wait_s = d->ttl_s;

	if (again && (is == '?' || doubt) && is_held(d, is)) {
		return; /* it stays, since something failed */
	}
	if (is == '?') {
		d->failures = d->held == '?' ? d->failures + 1 : 1;
		wait_s =
		    d->failures > 4 ? 300 : BACK_OFF_S << (d->failures - 1);
	} else {
		d->failures = 0;
		wait_s = wait_s < TTL_MIN_S ? TTL_MIN_S : wait_s;
		if (wait_s > (doubt ? TTL_DOUBT_S : TTL_MAX_S)) {
			wait_s = doubt ? TTL_DOUBT_S : TTL_MAX_S;
		}
	}
	d->held = is;
	d->from_s = now_s() + wait_s;
	d->until_s = d->from_s + (doubt || is == '?' ? GATHER_S : 0);
}

static bool
is_near_change(const struct domain *d)
{
	return d->held != 0 && now_s() >= d->from_s - SLACK_S &&
	       now_s() <= d->until_s + SLACK_S;
}

static void
ask(unsigned i, bool again)
{
	static uint8_t got[400];
	struct domain *d = &domains[i];
	int (*begin)(struct sts_agent *, struct sts_text, struct sts_text) =
	    again ? sts_ask_refresh : sts_ask_begin;
	char key[32], want[200];
	bool is_right;
	int slot;

	if (is_near_change(d)) {
		return;
	}
	if (again || d->held == 0 || now_s() > d->until_s) {
		look_up(d, again);
	}
	snprintf(key, sizeof key, "d%u.example", i);
	slot = begin(&scene.agent, sts_text(NULL, 0), unit_span(key));
	ck_assert_int_ge(slot, 0);
	sts_driver_wake(&scene.driver);
	scene_settle(&scene);
	for (unsigned waited = 0;
	     waited < 130 &&
	     sts_ask_answer(&scene.agent, slot)->kind == STS_ANSWER_NONE;
	     waited++) {
		scene_pass(&scene, 100, NULL);
	}
	ck_assert_int_ne(
	    sts_ask_answer(&scene.agent, slot)->kind, STS_ANSWER_NONE);
	got[sts_ask_render(&scene.agent, slot, 0, sts_span(got, 399))] = '\0';
	sts_ask_end(&scene.agent, slot);
	snprintf(want, sizeof want,
	    d->enforces ? "OK secure match=.d%u.example servername=hostname"
			: "NOTFOUND ",
	    i);
	is_right = d->held == '?'   ? strncmp((char *)got, "TEMP ", 5) == 0
		   : d->held == 'O' ? strcmp((char *)got, "OK dane-only") == 0
				    : strcmp((char *)got, want) == 0;
	note((char *)got);
	ck_assert_msg(is_right, "d%u.example, held %c: got %s\n%s", i, d->held,
	    (char *)got, lately());
}

/* A step of the run. */

static enum state
any_state(struct draw *r, bool tlsa)
{
	/* Half of all states are good, so that many zones work. */
	if (draw_percent(r, 50)) {
		return SECURE;
	}
	return (enum state)draw_below(r, tlsa ? STATES : UNUSABLE);
}

static void
change(struct draw *r, unsigned i)
{
	struct domain *d = &domains[i];
	char text[100];

	d->mx = draw_percent(r, 70) ? SECURE : (enum state)draw_below(r, GONE);
	for (unsigned h = 0; h < HOSTS; h++) {
		d->address[h] =
		    draw_percent(r, 60) ? SECURE : any_state(r, false);
		d->tlsa[h] = any_state(r, true);
	}
	publish(i);
	snprintf(text, sizeof text, "d%u mx=%d a=%d,%d tlsa=%d,%d ttl=%u", i,
	    d->mx, d->address[0], d->address[1], d->tlsa[0], d->tlsa[1],
	    (unsigned)d->ttl_s);
	note(text);
}

static void
begin(struct draw *r)
{
	static const struct scene_variant variant = { "whole", 0, 0,
		(sts_ms)0xffff0000U };
	static const uint32_t ttls[] = { 30, 60, 300, 1800, 86400 };
	static struct scene_variant v;

	v = variant;
	v.budget = 64;
	scene_init(&scene, &v);
	scene.config.danes = 4;
	scene.settings.dane = true;
	scene.servers.trusted[0] = true;
	memset(domains, 0, sizeof domains);
	trace_len = 0;
	record("org", DNSPEER_MX, GONE, 3600, "");
	for (unsigned i = 0; i < DOMAINS; i++) {
		domains[i].enforces = draw_percent(r, 60);
		domains[i].ttl_s = ttls[draw_below(r, UNIT_COUNT(ttls))];
		publish_policy(i);
		change(r, i);
	}
	scene_start(&scene);
	scene_settle(&scene);
}

START_TEST(no_answer_is_weaker_than_the_model_demands)
{
	struct draw r = draw_begin((uint64_t)_i + 1, "dane", 0);

	begin(&r);
	for (unsigned step = 0; step < STEPS; step++) {
		unsigned i = draw_below(&r, DOMAINS);

		switch (draw_below(&r, 8)) {
		case 0:
			scene_pass(&scene, QUIET_MS, NULL);
			change(&r, i);
			break;
		case 1:
			scene_pass(&scene,
			    (long long)draw_between(&r, 1000, 4000000), NULL);
			break;
		case 2:
			scene_pass(&scene, QUIET_MS, NULL);
			ask(i, true);
			scene_pass(&scene, QUIET_MS, NULL);
			break;
		default:
			scene_pass(&scene,
			    (long long)draw_between(&r, 1000, 120000), NULL);
			ask(i, false);
			break;
		}
		ck_assert_msg(scene.fault == NULL && scene.world.fault == NULL,
		    "%s", lately());
	}
	scene_end(&scene);
}
END_TEST

void
unit_tests(TCase *tc)
{
	tcase_set_timeout(tc, 120);
	tcase_add_loop_test(tc, no_answer_is_weaker_than_the_model_demands, 0,
	    SEEDS / (int)unit_every());
}
