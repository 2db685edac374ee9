/* SPDX-License-Identifier: MIT */
/* What tests of TLS reports share. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "report_world.h"

enum {
	MORNING = 8 * 3600,
	STEP_MS = 20000
};

struct mem mem;
struct world world;
struct sts_port port;
struct sts_config config;
struct sts_agent agent;
struct sts_driver driver;
struct sts_settings settings;
struct sts_reporter reporter;
struct sts_anchors anchors;
struct sts_report_event event;
uint8_t boot_key[STS_SIPHASH_KEY];
sts_ms now;
int64_t wall_s;
unsigned long added, sent, failures_sent;
unsigned sent_count, failed_events, dropped_events;
struct relay relay;

static struct sts_dns_servers servers;
static struct sts_zones zones;
static uint64_t block[1 << 18];
static char sent_days[SENT_MAX][STS_NAME_MAX + 12];

void
set_up(size_t report_memory)
{
	now = 1000;
	wall_s = (int64_t)DAY * DAY_S + MORNING;
	mem_init(&mem, 7);
	world_init(&world, &mem);
	memset(boot_key, 0, sizeof boot_key);
	memset(&config, 0, sizeof config);
	config.lookups = 4;
	config.fetch_slots = 1;
	config.asks = 2;
	config.cache_size = 65536;
	config.build_s = 1;
	config.report_memory = report_memory;
	memset(&settings, 0, sizeof settings);
	memset(&reporter, 0, sizeof reporter);
	reporter.reports = STS_REPORTS_ALL;
	reporter.organization = unit_span("Example Organisation");
	reporter.contact = unit_span("tls@gateway.example");
	reporter.host = unit_span("mail.gateway.example");
	reporter.address = unit_span("192.0.2.77");
	reporter.relay =
	    (struct sts_addr){ STS_AF_INET, 0, 25, 0, { 127, 0, 0, 1 } };
	settings.reporter = &reporter;
	settings.servers = &servers;
	settings.anchors = &anchors;
	settings.zones = &zones;
	settings.policy_port = 443;
	settings.allow_private = true;
	servers.count = 1;
	servers.addr[0] =
	    (struct sts_addr){ STS_AF_INET, 0, 53, 0, { 192, 0, 2, 53 } };
	sts_zones_init(&zones, 12000, 30000);
	memset(&relay, 0, sizeof relay);
	added = sent = failures_sent = 0;
	sent_count = failed_events = dropped_events = 0;
	port = mem.port;
}

void
begin(void)
{
	ck_assert_uint_le(sts_agent_size(&config), sizeof block);
	sts_agent_init(&agent, &config, &settings, block, now, boot_key);
	sts_driver_init(&driver, &agent, &port, now);
	mem.driver = &driver;
}

void
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

/* Set the address of a host, and what it answers. */
void
set_host(const char *name, const char *ip, uint8_t last, const char *response)
{
	struct world_host host;
	struct world_rr rr;

	memset(&rr, 0, sizeof rr);
	rr.type = DNSPEER_A;
	rr.ttl = 60;
	rr.count = 1;
	snprintf(rr.name, sizeof rr.name, "%s", name);
	snprintf(rr.value[0], sizeof rr.value[0], "%s", ip);
	world_set(&world, &rr);
	rr.type = DNSPEER_AAAA;
	rr.what = WORLD_NODATA;
	rr.count = 0;
	world_set(&world, &rr);
	memset(&host, 0, sizeof host);
	host.conduct = WORLD_HTTPS;
	host.cut = WORLD_NEVER;
	host.response = unit_span(response);
	host.addr =
	    (struct sts_addr){ STS_AF_INET, 0, 0, 0, { 192, 0, 2, last } };
	world_host(&world, &host);
}

void
stop(void)
{
	ck_assert_ptr_eq(mem.fault, NULL);
	if (world.fault != NULL) {
		ck_abort_msg("%s", world.fault);
	}
	ck_assert(sts_tally_check(tally()));
	world_end(&world);
	mem_end(&mem);
}

static void
send_line(const char *line)
{
	mem_send(&mem, relay.s, line, strlen(line));
}

static void
take_line(char *line)
{
	if (strncmp(line, "MAIL", 4) == 0) {
		snprintf(relay.from, sizeof relay.from, "%.200s", line);
		send_line(
		    relay.sender != NULL ? relay.sender : "250 2.1.0 ok\r\n");
	} else if (strncmp(line, "RCPT", 4) == 0) {
		snprintf(relay.to, sizeof relay.to, "%.200s", line);
		send_line(relay.rcpt != NULL ? relay.rcpt : "250 2.1.5 ok\r\n");
	} else if (strncmp(line, "DATA", 4) == 0) {
		relay.data = true;
		relay.len = 0;
		send_line("354 go\r\n");
	} else if (strncmp(line, "QUIT", 4) == 0) {
		send_line("221 bye\r\n");
		mem_half_close(relay.s);
	} else {
		send_line("250 relay.example\r\n");
	}
}

/* Take the next line that came, or the end of a mail. */
static bool
relay_step(void)
{
	struct mem_bytes *in = &relay.s->out;
	char line[2048];
	size_t n = 0;

	while (n < in->n && in->p[n] != '\n') {
		n++;
	}
	if (n == in->n || n >= sizeof line) {
		return false;
	}
	memcpy(line, in->p, n + 1);
	line[n + 1] = '\0';
	mem_drop(in, n + 1);
	if (!relay.data) {
		take_line(line);
	} else if (strcmp(line, ".\r\n") == 0) {
		relay.data = false;
		relay.mails += relay.end == NULL;
		send_line(
		    relay.end != NULL ? relay.end : "250 2.0.0 queued\r\n");
	} else {
		ck_assert_uint_lt(relay.len + n + 1, MAIL_MAX);
		memcpy(relay.mail + relay.len, line, n + 2);
		relay.len += n + 1;
	}
	return true;
}

static bool
play_relay(void)
{
	struct mem_sock *s = world_scripted(&world);
	bool moved = false;

	if (s == NULL || s->peer.port != 25) {
		relay.s = NULL;
		return false;
	}
	if (s != relay.s || s->state == MEM_WAITING) {
		relay.s = s;
		relay.tries++;
		relay.data = false;
		if (relay.down) {
			mem_fail(&mem, s, STS_IO_REFUSED);
		} else {
			mem_accept(&mem, s);
			send_line("220 relay.example ESMTP\r\n");
		}
		return true;
	}
	while (!relay.mute && relay_step()) {
		moved = true;
	}
	return moved;
}

/* Take the agent's events about its reports. */
static void
take_events(void)
{
	static unsigned seen;
	unsigned first =
	    mem.event_count > MEM_EVENTS ? mem.event_count - MEM_EVENTS : 0;

	seen = seen < first || seen > mem.event_count ? first : seen;
	for (; seen < mem.event_count; seen++) {
		const struct sts_event *e = &mem.event[seen % MEM_EVENTS];

		failed_events += e->code == STS_EVENT_REPORT_FAILED;
		dropped_events += e->code == STS_EVENT_REPORT_DROPPED;
		if (e->code != STS_EVENT_REPORT_SENT) {
			continue;
		}
		sent += e->number[0];
		failures_sent += e->number[1];
		ck_assert_uint_lt(sent_count, SENT_MAX);
		snprintf(sent_days[sent_count++], sizeof *sent_days, "%.*s %ld",
		    (int)e->text_len, (const char *)e->text,
		    (long)((wall_s + now / 1000) / DAY_S));
	}
}

void
settle(void)
{
	for (unsigned i = 0; i < 20000; i++) {
		unsigned long before = mem.moves;
		unsigned ready = mem_deliver(&mem);
		sts_ms sleep = sts_run(&driver, now, wall_s + now / 1000, 256);
		bool moved = world_step(&world, now);

		moved = play_relay() || moved;
		take_events();
		if (ready == 0 && !moved && sleep > 0 && mem.moves == before) {
			return;
		}
	}
	ck_abort_msg("the agent never comes to rest");
}

void
pass_s(uint32_t s)
{
	sts_ms end = now + s * 1000, next;

	settle();
	while (now != end) {
		next = now + STEP_MS;
		if (agent.reporter->step != STS_REPORT_REST) {
			next = now + 500;
		}
		now = sts_earlier(next, end);
		settle();
	}
}

void
confirm(void)
{
	settle();
	sts_clock_confirm(&agent.clock, true, sts_clock_cert_s(&agent.clock));
	sts_driver_wake(&driver);
	settle();
	ck_assert_int_eq(sts_clock_state(&agent.clock), STS_CLOCK_CONFIRMED);
}

void
set_record(const char *domain, const char *record)
{
	struct world_rr rr;

	memset(&rr, 0, sizeof rr);
	rr.type = DNSPEER_TXT;
	rr.ttl = 60;
	rr.what = record == NULL ? WORLD_NXDOMAIN : WORLD_DATA;
	rr.count = record != NULL;
	snprintf(rr.name, sizeof rr.name, "_smtp._tls.%s", domain);
	snprintf(rr.value[0], sizeof rr.value[0], "%s",
	    record != NULL ? record : "");
	world_set(&world, &rr);
}

bool
session_of(const char *domain, bool failed, const char *record)
{
	char text[512];
	struct sts_report_failure f;

	snprintf(text, sizeof text, "v=TLSRPTv1; rua=mailto:tls@%s", domain);
	ck_assert(sts_event_begin(&event, unit_span(domain),
	    unit_span(record != NULL ? record : text)));
	if (failed) {
		memset(&f, 0, sizeof f);
		f.result = STS_REPORT_EXPIRED;
		f.texts[STS_REPORT_MX] = unit_span("mx.example.com");
		event.failed = true;
		sts_event_failure(&event, &f);
	}
	added++;
	return sts_agent_report_event(&agent, &event);
}

bool
session(const char *domain, bool failed)
{
	return session_of(domain, failed, NULL);
}

struct sts_tally *
tally(void)
{
	return sts_agent_report_tally(&agent);
}

unsigned long
lost(void)
{
	const struct sts_tally *t = tally();
	unsigned long sum = 0;

	for (unsigned i = 0; i < STS_TALLY_LOSSES; i++) {
		sum += (unsigned long)t->lost[i];
	}
	return sum;
}

unsigned long
held(void)
{
	const struct sts_tally *t = tally();
	unsigned long sum = 0;

	for (unsigned i = 0; i < STS_TALLY_DAYS; i++) {
		uint32_t ref = 0;

		while ((ref = sts_tally_next(t, i, ref)) != 0) {
			uint64_t good, bad;

			sts_tally_totals(t, ref, &good, &bad);
			sum += (unsigned long)(good + bad);
		}
	}
	return sum;
}

void
check_sum(const char *name)
{
	unit_int(name, (long long)(sent + lost() + held()), (long long)added);
}

void
check_once(void)
{
	for (unsigned i = 0; i < sent_count; i++) {
		for (unsigned k = i + 1; k < sent_count; k++) {
			ck_assert_str_ne(sent_days[i], sent_days[k]);
		}
	}
}

void
to_midnight_and(uint32_t s)
{
	int64_t w = wall_s + now / 1000;

	pass_s((uint32_t)(DAY_S - w % DAY_S) + s);
}
