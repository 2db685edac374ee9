/* SPDX-License-Identifier: MIT */
/* Reports of mail servers come to a listener without end: each pass of the
 * driver takes some of them, and answers clients in between. */
#include "report_world.h"

const char unit_name[] = "driver_reports";

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

START_TEST(reports_without_end_delay_no_client)
{
	static const char question[] = "15:postfix .parent,";
	struct mem_sock *asker;

	set_up(1 << 18);
	config.clients = 4;
	port.recv = recv_report;
	begin();
	mem_listen(&mem, sts_driver_listener(&driver, 0));
	sts_listen(
	    &driver, sts_driver_listener(&driver, 0), STS_PROTOCOL_SOCKETMAP);
	sts_listen(
	    &driver, sts_driver_listener(&driver, 1), STS_PROTOCOL_REPORTS);
	asker = mem_connect(&mem, sts_driver_listener(&driver, 0));
	settle();
	waiting = 1000;
	sts_ready(&driver, sts_driver_listener(&driver, 1), STS_EV_RECV);
	/* The port reports no further event, and yet all are taken. */
	for (unsigned pass = 1; waiting > 0; pass++) {
		mem_send(&mem, asker, question, sizeof question - 1);
		mem_deliver(&mem);
		sts_run(&driver, now, wall_s, 256);
		ck_assert_uint_gt(asker->out.n, 0);
		mem_drop(&asker->out, asker->out.n);
		ck_assert_uint_le(taken, pass * STS_RUN_REPORTS);
		ck_assert_uint_le(pass, 1000);
	}
	unit_int("reports taken in the end", taken, 1000);
	ck_assert_uint_le(STS_RUN_REPORTS, 8);
	stop();
}
END_TEST

#define RECORD "record=v=TLSRPTv1; rua=mailto:tls@a.example"

/* A report by the text protocol counts if it is valid and only mail servers can
 * use the socket. Its sender is answered either way. */
static const struct {
	const char *name;
	enum sts_protocol protocol;
	const char *line, *want;
	unsigned counted;
} lines[] = {
	{ "from a mail server", STS_PROTOCOL_TEXT_REPORTS,
	    "report a.example success " RECORD "\n", "ok", 1 },
	{ "from a socket open to all", STS_PROTOCOL_TEXT,
	    "report a.example success " RECORD "\n", "no", 0 },
	{ "an unknown result", STS_PROTOCOL_TEXT_REPORTS,
	    "report a.example good " RECORD "\n", "no", 0 },
	{ "an invalid domain", STS_PROTOCOL_TEXT_REPORTS,
	    "report a_b! success " RECORD "\n", "no", 0 },
};

START_TEST(reports_by_text_count_from_mail_servers_only)
{
	for (size_t i = 0; i < UNIT_COUNT(lines); i++) {
		struct mem_sock *s;

		set_up(1 << 18);
		config.clients = 4;
		begin();
		confirm();
		mem_listen(&mem, sts_driver_listener(&driver, 0));
		sts_listen(&driver, sts_driver_listener(&driver, 0),
		    lines[i].protocol);
		s = mem_connect(&mem, sts_driver_listener(&driver, 0));
		mem_send(&mem, s, lines[i].line, strlen(lines[i].line));
		settle();
		unit_text(
		    lines[i].name, sts_text(s->out.p, s->out.n), lines[i].want);
		mem_drop(&s->out, s->out.n);
		unit_int(lines[i].name, (long long)held(), lines[i].counted);
		added = lines[i].counted;
		check_sum(lines[i].name);
		stop();
	}
}
END_TEST

void
unit_tests(TCase *tc)
{
	tcase_add_test(tc, reports_without_end_delay_no_client);
	tcase_add_test(tc, reports_by_text_count_from_mail_servers_only);
}
