/* SPDX-License-Identifier: MIT */
/* Reports of mail servers come at a listener without end: each pass of the
 * driver takes some, and answers who asks. */
#include <string.h>

#include "../../core/driver.h"
#include "../mem/mem.h"
#include "unit.h"

const char unit_name[] = "driver_reports";

static struct mem mem;
static struct sts_port port;
static struct sts_agent agent;
static struct sts_driver driver;
static struct sts_settings settings;
static struct sts_reporter reporter;
static struct sts_dns_servers servers;
static struct sts_zones zones;
static struct sts_anchors anchors;
static uint64_t block[(2 << 20) / sizeof(uint64_t)];
static unsigned taken, waiting;

static int
recv_report(void *ctx, sts_ch ch, uint8_t *buf, size_t size)
{
	if (ch != sts_driver_listener(&driver, 1)) {
		return mem.port.recv(ctx, ch, buf, size);
	}
	if (waiting == 0) {
		return STS_IO_AGAIN;
	}
	waiting--;
	taken++;
	buf[0] = '{';
	return 1;
}

static void
begin(void)
{
	static const uint8_t key[16] = { 1 };
	struct sts_config c;

	memset(&c, 0, sizeof c);
	c.clients = c.lookups = 4;
	c.fetch_slots = 1;
	c.cache_size = 1 << 16;
	c.report_memory = 1 << 18;
	ck_assert_uint_le(sts_agent_size(&c), sizeof block);
	mem_init(&mem, 1);
	port = mem.port;
	port.recv = recv_report;
	memset(&settings, 0, sizeof settings);
	reporter.reports = STS_REPORTS_ALL;
	reporter.organization = unit_span("test");
	reporter.contact = unit_span("a@test.example");
	reporter.host = unit_span("mail.test.example");
	settings.reporter = &reporter;
	settings.servers = &servers;
	settings.anchors = &anchors;
	settings.zones = &zones;
	sts_zones_init(&zones, 12000, 30000);
	sts_agent_init(&agent, &c, &settings, block, 1000, key);
	sts_driver_init(&driver, &agent, &port, 1000);
	mem.driver = &driver;
	mem_listen(&mem, sts_driver_listener(&driver, 0));
	sts_listen(
	    &driver, sts_driver_listener(&driver, 0), STS_PROTOCOL_SOCKETMAP);
	sts_listen(
	    &driver, sts_driver_listener(&driver, 1), STS_PROTOCOL_REPORTS);
	taken = waiting = 0;
}

START_TEST(burst)
{
	static const char question[] = "15:postfix .parent,";
	struct mem_sock *asker;

	begin();
	asker = mem_connect(&mem, sts_driver_listener(&driver, 0));
	for (unsigned i = 0; i < 10; i++) {
		mem_tell(&mem);
		sts_run(&driver, 1000, 1750000000, 256);
	}
	waiting = 1000;
	sts_ready(&driver, sts_driver_listener(&driver, 1), STS_EV_RECV);
	for (unsigned pass = 1; waiting > 0; pass++) {
		mem_send(&mem, asker, question, sizeof question - 1);
		mem_tell(&mem);
		sts_run(&driver, 1000, 1750000000, 256);
		ck_assert_uint_gt(asker->out.n, 0);
		mem_drop(&asker->out, asker->out.n);
		ck_assert_uint_le(taken, pass * STS_RUN_REPORTS);
		ck_assert_uint_le(pass, 1000);
	}
	unit_int("all are taken in the end", taken, 1000);
	/* At once: nobody has to say again that there are more. */
	ck_assert_uint_le(STS_RUN_REPORTS, 16);
	mem_end(&mem);
}
END_TEST

void
unit_tests(TCase *tc)
{
	tcase_add_test(tc, burst);
}
