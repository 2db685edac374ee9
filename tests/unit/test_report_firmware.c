/* SPDX-License-Identifier: MIT */
/*
 * TLS reporting as a board has it, in virtual time: 8 KB for what is counted,
 * failures only, sessions by the C call, reports by HTTPS alone. Built with the
 * limits of such a product by `make switches`, and with the defaults.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../../core/agent/agent_state.h"
#include "../../core/driver.h"
#include "../mem/mem.h"
#include "../mem/world.h"
#include "unit.h"

const char unit_name[] = "report_firmware";

enum {
	DAY_S = 86400,
	DAY = 20000,
	MEMORY = 8192
};

static struct mem mem;
static struct world world;
static struct sts_agent agent;
static struct sts_driver driver;
static struct sts_settings settings;
static struct sts_reporter reporter;
static struct sts_dns_servers servers;
static struct sts_zones zones;
static struct sts_anchors anchors;
static struct sts_report_event event;
static uint64_t block[1 << 16];
static sts_ms now;
static unsigned long added, sent;
static unsigned mails_tried;

static const char rua[] = "v=TLSRPTv1; rua=https://mta-sts.example.com/tls";

static void
load_anchors(void)
{
	static uint8_t pem[65536];
	static uint64_t packed[8192];
	struct sts_anchors_load *load = calloc(1, sts_anchors_load_size());
	size_t n = https_file("root.pem", pem, sizeof pem);

	ck_assert_ptr_nonnull(load);
	sts_anchors_begin(load, (uint8_t *)packed, sizeof packed);
	sts_anchors_feed(load, sts_text(pem, n));
	ck_assert_int_eq(sts_anchors_end(load, &anchors), STS_ANCHORS_OK);
	free(load);
}

static void
start(void)
{
	static const uint8_t key[STS_SIPHASH_KEY] = { 3 };
	struct sts_config config;

	now = 1000;
	mem_init(&mem, 7);
	world_init(&world, &mem);
	memset(&config, 0, sizeof config);
	config.lookups = 2;
	config.fetch_slots = 1;
	config.cache_size = 8192;
	config.build_s = 1;
	config.report_memory = MEMORY;
	config.report_failures = true;
	reporter.reports = STS_REPORTS_FAILURES;
	reporter.organization = unit_span("Gateway");
	reporter.contact = unit_span("tls@gateway.example");
	settings.reporter = &reporter;
	settings.servers = &servers;
	settings.anchors = &anchors;
	settings.zones = &zones;
	settings.policy_port = 443;
	servers.count = 1;
	servers.addr[0] =
	    (struct sts_addr){ STS_AF_INET, 0, 53, 0, { 192, 0, 2, 53 } };
	/* The host has an address of a range for documentation. */
	settings.allow_private = true;
	sts_zones_init(&zones, 12000, 30000);
	ck_assert_uint_le(sts_agent_size(&config), sizeof block);
	load_anchors();
	added = sent = 0;
	sts_agent_init(&agent, &config, &settings, block, now, key);
	sts_driver_init(&driver, &agent, &mem.port, now);
	mem.driver = &driver;
}

static void
stop(void)
{
	ck_assert_ptr_eq(mem.fault, NULL);
	if (world.fault != NULL) {
		ck_abort_msg("%s", world.fault);
	}
	ck_assert(sts_tally_check(sts_agent_report_tally(&agent)));
	world_end(&world);
	mem_end(&mem);
}

static int64_t
wall_s(void)
{
	return (int64_t)DAY * DAY_S + 8 * 3600 + now / 1000;
}

static void
take_events(void)
{
	static unsigned seen;

	for (seen = seen > mem.event_count ? 0 : seen; seen < mem.event_count;
	     seen++) {
		const struct sts_event *e = &mem.event[seen % MEM_EVENTS];

		sent += e->code == STS_EVENT_REPORT_SENT ? e->number[0] : 0;
	}
}

static void
settle(void)
{
	for (unsigned i = 0; i < 20000; i++) {
		unsigned long before = mem.moves;
		unsigned told = mem_tell(&mem);
		sts_ms sleep = sts_run(&driver, now, wall_s(), 256);
		bool moved = world_step(&world, now);

		mails_tried += world_scripted(&world) != NULL;
		take_events();
		if (told == 0 && !moved && sleep > 0 && mem.moves == before) {
			return;
		}
	}
	ck_abort_msg("it spins");
}

static void
pass_s(uint32_t s)
{
	for (sts_ms end = now + s * 1000; now != end;) {
		bool busy = agent.reporter->step != STS_REPORT_REST;

		now = sts_earlier(now + (busy ? 500 : 20000), end);
		settle();
	}
}

static void
to_midnight_and(uint32_t s)
{
	pass_s((uint32_t)(DAY_S - wall_s() % DAY_S) + s);
}

static void
set(const char *name, unsigned type, unsigned what, const char *value)
{
	struct world_rr rr;

	memset(&rr, 0, sizeof rr);
	rr.type = (uint16_t)type;
	rr.ttl = 60;
	rr.what = (enum world_dns)what;
	rr.count = what == WORLD_DATA;
	snprintf(rr.name, sizeof rr.name, "%s", name);
	snprintf(rr.value[0], sizeof rr.value[0], "%s", value);
	world_set(&world, &rr);
}

static void
set_receiver(const char *response)
{
	struct world_host host;

	set("mta-sts.example.com", DNSPEER_A, WORLD_DATA, "93.184.216.34");
	set("mta-sts.example.com", DNSPEER_AAAA, WORLD_NODATA, "");
	memset(&host, 0, sizeof host);
	host.conduct = WORLD_HTTPS;
	host.cut = WORLD_NEVER;
	host.response = unit_span(response);
	host.addr =
	    (struct sts_addr){ STS_AF_INET, 0, 0, 0, { 93, 184, 216, 34 } };
	world_host(&world, &host);
}

static bool
session(const char *domain, bool failed, const char *record)
{
	struct sts_report_failure f;
	char name[64];

	ck_assert(
	    sts_event_begin(&event, unit_span(domain), unit_span(record)));
	sts_event_policy(&event, STS_REPORT_STS, unit_span(domain));
	if (failed) {
		memset(&f, 0, sizeof f);
		f.result = STS_REPORT_EXPIRED;
		f.texts[STS_REPORT_MX] = unit_span("mx.example.com");
		event.failed = true;
		sts_event_failure(&event, &f);
	}
	snprintf(name, sizeof name, "_smtp._tls.%s", domain);
	set(name, DNSPEER_TXT, WORLD_DATA, record);
	added++;
	return sts_agent_report_event(&agent, &event);
}

static unsigned long
lost(void)
{
	const struct sts_tally *t = sts_agent_report_tally(&agent);
	unsigned long sum = 0;

	for (unsigned i = 0; i < STS_TALLY_LOSSES; i++) {
		sum += (unsigned long)t->lost[i];
	}
	return sum;
}

static void
confirm(void)
{
	settle();
	sts_clock_confirm(&agent.clock, true, sts_clock_cert_s(&agent.clock));
	sts_driver_wake(&driver);
	settle();
}

/* The last report that was posted: as its type says, and as long. */
static void
check_post(const char *domain)
{
	const char *head = (const char *)world.post;
	const char *body, *length;
	size_t n;

	ck_assert_ptr_nonnull(head);
	body = strstr(head, "\r\n\r\n");
	length = strstr(head, "\r\nContent-Length: ");
	ck_assert_ptr_nonnull(body);
	ck_assert(length != NULL && length < body);
	body += 4;
	n = world.post_len - (size_t)(body - head);
	unit_int("length", strtol(length + 18, NULL, 10), (long)n);
	if (STS_REPORT_GZIP) {
		ck_assert(strstr(head, "Type: application/tlsrpt+gzip\r\n"));
		ck_assert_int_eq(memcmp(body, "\x1f\x8b\x08", 3), 0);
	} else {
		ck_assert(strstr(head, "Type: application/tlsrpt+json\r\n"));
		ck_assert_int_eq(
		    strncmp(body, "{\"organization-name\":", 21), 0);
		ck_assert_ptr_nonnull(strstr(body, domain));
		ck_assert_int_eq(strcmp(body + n - 4, "}]}\n"), 0);
	}
}

/* A day: what succeeds before the first failure of a domain is passed over, its
 * report is posted once, and an address of mail gets none where there is no
 * relay. */
START_TEST(day)
{
	start();
	confirm();
	set_receiver("HTTP/1.1 201 Created\r\n\r\n");
	ck_assert(!session("a.example", false, rua));
	ck_assert(session("a.example", true, rua));
	ck_assert(session("a.example", false, rua));
	ck_assert(!session("b.example", false, rua));
	ck_assert(
	    session("m.example", true, "v=TLSRPTv1; rua=mailto:tls@m.example"));
	to_midnight_and(0);
	unit_int("before midnight", (long long)sent, 0);
	pass_s(5 * 3600);
	unit_int("sent", (long long)sent, 2);
	unit_int("sum", (long long)(sent + lost()), (long long)added);
	unit_int("mails", mails_tried, 0);
	check_post("\"policy-domain\":\"a.example\"");
	to_midnight_and(5 * 3600);
	unit_int("once", (long long)sent, 2);
	stop();
}
END_TEST

/* As many failing domains as 8 KB hold, and more: those that are in are whole,
 * the others are counted as lost; a receiver that is down gets them later. */
START_TEST(full)
{
	char name[32];
	unsigned in = 0;

	start();
	confirm();
	set_receiver("HTTP/1.1 503 Later\r\n\r\n");
	for (unsigned i = 0; i < 60; i++) {
		snprintf(name, sizeof name, "d%u.org%u.example", i, i);
		in += session(name, true, rua);
	}
	ck_assert_uint_ge(in, 10);
	ck_assert_uint_lt(in, 60);
	to_midnight_and(5 * 3600);
	unit_int("down", (long long)sent, 0);
	set_receiver("HTTP/1.1 200 OK\r\n\r\n");
	pass_s(12 * 3600);
	unit_int("later", (long long)sent, in);
	unit_int("sum", (long long)(sent + lost()), (long long)added);
	stop();
}
END_TEST

/* Own failures are counted there, too; and nothing of a mail server's socket is
 * in a product without it. */
START_TEST(own)
{
	const struct sts_tally *t;

	start();
	confirm();
	t = sts_agent_report_tally(&agent);
	set_receiver("HTTP/1.1 200 OK\r\n\r\n");
	set("_smtp._tls.o.example", DNSPEER_TXT, WORLD_DATA, rua);
	sts_agent_report_failed(&agent, unit_span("o.example"),
	    STS_WHY_X509_EXPIRED, STS_REPORT_AT_POLICY_HOST);
	added++;
	sts_driver_wake(&driver);
	pass_s(60);
	ck_assert_uint_ne(
	    sts_tally_find(t, sts_tally_today(t), unit_span("o.example"), 0),
	    0);
	to_midnight_and(5 * 3600);
	unit_int("sent", (long long)sent, 1);
	if (!STS_REPORT_SOCKET) {
		ck_assert_uint_lt(sizeof *agent.reporter, 24576);
	}
	stop();
}
END_TEST

void
unit_tests(TCase *tc)
{
	tcase_set_timeout(tc, 120);
	tcase_add_test(tc, day);
	tcase_add_test(tc, full);
	tcase_add_test(tc, own);
}
