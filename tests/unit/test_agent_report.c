/* SPDX-License-Identifier: MIT */
/*
 * TLS reporting by the whole agent in virtual time: the sessions of a day are
 * counted and are reported once, in the hours after it, by mail to a relay in
 * this process or by HTTPS. The oracle of every test: each session that was
 * handed in is in exactly one report, or is counted as lost.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../../core/agent/agent_report_files.h"
#include "../../core/report/report_save.h"
#include "report_world.h"

const char unit_name[] = "agent_report";

enum {
	IMAGE_MAX = 1 << 20
};

static void
start(size_t report_memory)
{
	set_up(report_memory);
	begin();
}

/* Publish a record by which the domain gets reports by mail, at its tls@. */
static void
ask_for_mail(const char *domain)
{
	char record[96];

	snprintf(
	    record, sizeof record, "v=TLSRPTv1; rua=mailto:tls@%s", domain);
	set_record(domain, record);
}

START_TEST(days_reports_are_mailed_in_the_hours_after_it)
{
	char name[32];

	start(262144);
	confirm();
	for (unsigned i = 0; i < 20; i++) {
		snprintf(name, sizeof name, "d%u.example", i);
		set_record(name, "v=TLSRPTv1; rua=mailto:tls@reports.test");
		for (unsigned k = 0; k <= i; k++) {
			ck_assert(session(name, k % 3 == 1));
		}
	}
	/* Nothing leaves before the day is over, nor does all leave at
	 * midnight. */
	to_midnight_and(0);
	ck_assert_uint_eq(relay.mails, 0);
	pass_s(STS_REPORT_AFTER_S - 10);
	ck_assert_uint_eq(relay.mails, 0);
	pass_s(3600);
	ck_assert_uint_gt(relay.mails, 0);
	ck_assert_uint_lt(relay.mails, 20);
	check_sum("in the first hour");
	pass_s(4 * 3600);
	unit_int("mails", relay.mails, 20);
	unit_int("sent", (long long)sent, 210);
	unit_int("waiting", (long long)held(), 0);
	ck_assert_str_eq(relay.from, "MAIL FROM:<tls@gateway.example>\r\n");
	ck_assert_str_eq(relay.to, "RCPT TO:<tls@reports.test>\r\n");
	relay.mail[relay.len] = '\0';
	ck_assert_ptr_nonnull(
	    strstr(relay.mail, "\r\nTLS-Report-Submitter: gateway.example"));
	ck_assert_ptr_nonnull(strstr(relay.mail, "\r\nTLS-Required: No"));
	check_once();
	stop();
}
END_TEST

/* A relay that is down delays reports and costs none; a day later they are
 * given up. */
START_TEST(reports_outlast_a_relay_that_is_down_for_a_day)
{
	start(262144);
	confirm();
	ask_for_mail("a.example");
	ask_for_mail("b.example");
	session("a.example", true);
	session("b.example", true);
	relay.down = true;
	to_midnight_and(6 * 3600);
	ck_assert_uint_gt(failed_events, 4);
	unit_int("mails", relay.mails, 0);
	check_sum("down");
	relay.down = false;
	pass_s(4 * 3600);
	unit_int("mails", relay.mails, 2);
	unit_int("sent", (long long)sent, 2);

	session("a.example", true);
	relay.down = true;
	to_midnight_and(23 * 3600);
	unit_int("dropped", dropped_events, 1);
	unit_int("lost", (long long)lost(), 1);
	check_sum("dropped");
	stop();
}
END_TEST

/* The relay's reply decides: 5yz is final; after 4yz the report is tried
 * again. */
START_TEST(a_4yz_reply_is_tried_again_a_5yz_reply_is_not)
{
	start(262144);
	confirm();
	ask_for_mail("a.example");
	ask_for_mail("b.example");
	session("a.example", true);
	relay.rcpt = "550 5.1.1 no such user\r\n";
	to_midnight_and(5 * 3600);
	unit_int("tries", relay.tries, 1);
	unit_int("dropped", dropped_events, 1);
	check_sum("refused");
	session("b.example", true);
	relay.rcpt = "450 4.2.0 later\r\n";
	to_midnight_and(5 * 3600);
	ck_assert_uint_gt(relay.tries, 2);
	relay.rcpt = NULL;
	pass_s(8 * 3600);
	unit_int("mails", relay.mails, 1);
	check_sum("later");
	stop();
}
END_TEST

/* How often the relay was asked to accept an address since the last call. */
static unsigned
asked_for(void)
{
	unsigned n = relay.tries;

	relay.tries = 0;
	return n;
}

/* An address that is refused for good gets no report for a week, while others
 * do. The operator's order ends the week. */
START_TEST(a_refused_address_gets_no_report_for_a_week)
{
	start(262144);
	confirm();
	ask_for_mail("a.example");
	ask_for_mail("b.example");
	session("a.example", true);
	relay.rcpt = "550 5.1.1 no such user\r\n";
	to_midnight_and(5 * 3600);
	unit_int("the first day's requests", asked_for(), 1);
	relay.rcpt = NULL;
	for (unsigned i = 0; i < 7; i++) {
		session("a.example", true);
		to_midnight_and(5 * 3600);
		unit_int("requests within the week", asked_for(), 0);
	}
	session("a.example", true);
	session("b.example", true);
	to_midnight_and(5 * 3600);
	unit_int("requests after a week, to it and to another", asked_for(), 2);
	unit_int("mails", relay.mails, 2);

	/* A 4yz reply is not for good. Nor is a refusal of the sender, which
	 * would keep every report from every address. */
	session("a.example", true);
	relay.rcpt = "450 4.2.1 later\r\n";
	to_midnight_and(2 * 3600);
	relay.rcpt = NULL;
	pass_s(10 * 3600);
	unit_int("mails after a 4yz reply", relay.mails, 3);
	session("a.example", true);
	relay.sender = "550 5.7.1 not from you\r\n";
	to_midnight_and(5 * 3600);
	unit_int("mails while the sender is refused", relay.mails, 3);
	relay.sender = NULL;
	pass_s(10 * 3600);
	unit_int("mails after a refusal of the sender", relay.mails, 4);

	/* Refused at the message's end: what waits is sent by order. */
	session("a.example", true);
	relay.end = "554 5.7.1 looks like spam\r\n";
	to_midnight_and(5 * 3600);
	relay.end = NULL;
	session("a.example", true);
	to_midnight_and(0);
	unit_int("reports that the order makes due",
	    sts_agent_report_hurry(&agent, sts_text(NULL, 0)), 1);
	sts_driver_wake(&driver);
	pass_s(5 * 3600);
	unit_int("mails after the order", relay.mails, 5);
	check_sum("pauses");
	stop();
}
END_TEST

/* Hundreds of reports wait. No visit looks at all of them; the report found is
 * always the one that has been due longest; what waits for the end of the round
 * is done at the same moment. An order to send all covers the days before
 * today. */
START_TEST(the_report_due_longest_is_found_among_many)
{
	enum {
		MANY = 300
	};
	struct sts_agent_report *r;
	struct sts_tally_domain d;
	uint32_t ref = 0, found = 0, last = 0;
	unsigned visits = 1, slot;
	char name[32];

	start(262144);
	confirm();
	r = agent.reporter;
	for (unsigned i = 0; i < MANY; i++) {
		snprintf(name, sizeof name, "d%u.o%u.example", i, i);
		ck_assert(session(name, true));
	}
	slot = sts_tally_today(&r->tally);
	r->next_at = now + 2 * DAY_S * 1000U; /* no other visits */
	to_midnight_and(60);
	while ((ref = sts_tally_next(&r->tally, slot, ref)) != 0) {
		last = ref;
	}
	for (; !sts_agent_report_plan(&agent, &found); visits++) {
		unsigned planned = 0;

		while ((ref = sts_tally_next(&r->tally, slot, ref)) != 0) {
			sts_tally_domain(&r->tally, ref, &d);
			planned += d.delivery.due_s != 0;
		}
		unit_int("planned", planned, visits * STS_REPORT_LOOKS);
	}
	unit_int("visits", visits, MANY / STS_REPORT_LOOKS + 1);
	unit_int("nothing is due yet", found, 0);

	sts_tally_domain(&r->tally, last, &d);
	d.delivery.due_s = 2;
	sts_tally_deliver(&r->tally, last, &d.delivery);
	while (!sts_agent_report_plan(&agent, &found)) {
	}
	unit_int("the one due longest", found, last);
	ck_assert(session("today.example", true));
	unit_int("reports that the order makes due",
	    sts_agent_report_hurry(&agent, sts_text(NULL, 0)), MANY);
	while (!sts_agent_report_plan(&agent, &found)) {
	}
	ck_assert_uint_ne(found, 0);
	while ((ref = sts_tally_next(&r->tally, slot, ref)) != 0) {
		sts_tally_domain(&r->tally, ref, &d);
		unit_int("due at once", d.delivery.due_s, 1);
	}
	slot = sts_tally_today(&r->tally);
	sts_tally_domain(&r->tally, sts_tally_next(&r->tally, slot, 0), &d);
	unit_int("due time of today's report", d.delivery.due_s, 0);
	/* An order that finds nothing to send does not hold for later days. */
	sts_agent_report_hurry(&agent, sts_text(NULL, 0));
	r->next_at = now + 2 * DAY_S * 1000U;
	to_midnight_and(60);
	while (!sts_agent_report_plan(&agent, &found)) {
	}
	sts_tally_domain(&r->tally, sts_tally_next(&r->tally, slot, 0), &d);
	ck_assert_uint_gt(d.delivery.due_s, 1);

	r->next_at = now;
	sts_driver_wake(&driver);
	settle();
	slot = (slot + 2) % STS_TALLY_DAYS; /* the day before */
	ck_assert(r->step != STS_REPORT_REST || r->tally.domains[slot] < MANY);
	stop();
}
END_TEST

/* Make the reports of yesterday due at once, those of evil domains first. */
static void
make_due(void)
{
	struct sts_tally *t = tally();
	uint32_t now_s = sts_agent_now_s(&agent);

	for (unsigned slot = 0; slot < STS_TALLY_DAYS; slot++) {
		for (uint32_t ref = sts_tally_next(t, slot, 0); ref != 0;
		     ref = sts_tally_next(t, slot, ref)) {
			struct sts_tally_domain d;
			uint8_t name[STS_NAME_MAX];
			struct sts_text of;

			sts_tally_domain(t, ref, &d);
			of = sts_tally_copy(t, d.name, name, sizeof name);
			d.delivery.due_s =
			    now_s - (of.n > 9 ? 10U : 5U); /* a.example: 9 */
			sts_tally_deliver(t, ref, &d.delivery);
		}
	}
}

/* The owner of some names with many domains below each, whose name servers are
 * silent, has a turn for each name before everybody else, and no more: the
 * reports of others do not wait for those of all his domains. */
START_TEST(a_slow_organisation_delays_others_by_one_report)
{
	enum {
		OWNERS = 3,
		BELOW = 20
	};
	char name[64], rua[128];
	unsigned seconds = 0;
	struct world_rr rr;

	start(1 << 20);
	confirm();
	for (unsigned i = 0; i < OWNERS * BELOW; i++) {
		snprintf(
		    name, sizeof name, "d%u.evil%u.example", i, i % OWNERS);
		snprintf(rua, sizeof rua, "v=TLSRPTv1; rua=mailto:x@%s", name);
		set_record(name, rua);
		session(name, true);
		memset(&rr, 0, sizeof rr);
		rr.type = DNSPEER_TXT;
		rr.what = WORLD_SILENT;
		snprintf(rr.name, sizeof rr.name, "_smtp._tls.%s", name);
		world_set(&world, &rr);
	}
	set_record("a.example", "v=TLSRPTv1; rua=mailto:tls@a.example");
	session("a.example", true);
	agent.reporter->next_at = now + 2 * DAY_S * 1000U;
	to_midnight_and(60);
	make_due();
	agent.reporter->next_at = now;
	sts_driver_wake(&driver);
	while (strcmp(relay.to, "RCPT TO:<tls@a.example>\r\n") != 0) {
		pass_s(1);
		ck_assert_uint_lt(
		    ++seconds, (OWNERS + 1) * (STS_REPORT_DNS_MS / 1000 + 5));
	}
	unit_int("mails with it", relay.mails, OWNERS + 1);
	pass_s(OWNERS * BELOW * 60);
	unit_int("sent", (long long)sent, OWNERS * BELOW + 1);
	check_sum("slow");
	stop();
}
END_TEST

/* Of reports that are due the one goes first whose organisation has taken less
 * time today, then the one that has been due longest, unless the operator has
 * ordered another. */
START_TEST(the_organisation_that_took_least_time_goes_first)
{
	static const struct {
		uint32_t due_s[2];
		unsigned spent[2];
		int want;
	} cases[] = {
		{ { 20, 10 }, { 0, 0 }, 1 },
		{ { 20, 10 }, { 0, 1 }, 0 },
		{ { 10, 20 }, { 3, 2 }, 1 },
		{ { 20, 10 }, { 300, 255 }, 1 },
		{ { 20, 1 }, { 0, 6 }, 1 },
		{ { UINT32_MAX, 20 }, { 0, 6 }, 1 }, /* not due */
		{ { UINT32_MAX, UINT32_MAX }, { 0, 0 }, -1 },
	};
	static const char *const names[2] = { "a.x.example", "b.y.example" };
	struct sts_agent_report *r;
	uint32_t ref[2], found = 0;

	start(262144);
	confirm();
	r = agent.reporter;
	ck_assert(session(names[0], true));
	ck_assert(session(names[1], true));
	ref[0] = sts_tally_next(&r->tally, sts_tally_today(&r->tally), 0);
	ref[1] = sts_tally_next(&r->tally, sts_tally_today(&r->tally), ref[0]);
	r->next_at = now + 2 * DAY_S * 1000U; /* no other visits */
	to_midnight_and(60);
	for (size_t i = 0; i < UNIT_COUNT(cases); i++) {
		memset(&r->today, 0, sizeof r->today);
		for (unsigned k = 0; k < 2; k++) {
			struct sts_tally_delivery d = { 0, 0,
				cases[i].due_s[k] };
			uint8_t name[STS_NAME_MAX];
			struct sts_tally_domain at;
			struct sts_text of;

			sts_tally_deliver(&r->tally, ref[k], &d);
			sts_tally_domain(&r->tally, ref[k], &at);
			of = sts_tally_copy(
			    &r->tally, at.name, name, sizeof name);
			sts_agent_report_count(&agent, &r->today.spent,
			    sts_text(of.p + 2, of.n - 2), cases[i].spent[k]);
		}
		while (!sts_agent_report_plan(&agent, &found)) {
		}
		ck_assert_uint_eq(
		    found, cases[i].want < 0 ? 0 : ref[cases[i].want]);
	}
	stop();
}
END_TEST

static unsigned
count_name(struct sts_report_counts *c, unsigned name, uint32_t n)
{
	char text[16];

	snprintf(text, sizeof text, "%u.test", name);
	return sts_agent_report_count(&agent, c, unit_span(text), n);
}

/* What is counted of a name does not count for another, however many names a
 * stranger makes us count; and a name that is counted often keeps its place. */
START_TEST(a_count_belongs_to_one_name)
{
	struct sts_report_counts c;

	start(262144);
	memset(&c, 0, sizeof c);
	for (unsigned i = 1; i <= 10 * STS_REPORT_COUNTED; i++) {
		unit_int("before", count_name(&c, 2 * i, 0), 0);
		unit_int("once", count_name(&c, 2 * i, 1), 1);
		unit_int("once", count_name(&c, 2 * i, 0), 1);
		unit_int("another", count_name(&c, 2 * i + 1, 0), 0);
		unit_int(
		    "often", count_name(&c, 0, 2), i * 2 < 255 ? i * 2 : 255);
	}
	unit_int("most", count_name(&c, 1, 1000), 255);
	unit_int("most", count_name(&c, 1, 0), 255);
	stop();
}
END_TEST

/* The report that was found may be gone by the end of the round, or another may
 * have its number: then nothing is sent. */
START_TEST(a_planned_report_that_is_gone_is_not_sent)
{
	struct sts_agent_report *r;
	struct sts_report_failure f;
	uint32_t found = 0, best;
	char name[32];

	start(262144);
	confirm();
	r = agent.reporter;
	for (unsigned i = 0; i < 200; i++) {
		snprintf(name, sizeof name, "d%u.o%u.example", i, i);
		ck_assert(session(name, true));
	}
	r->next_at = now + 2 * DAY_S * 1000U;
	to_midnight_and(60);
	sts_agent_report_hurry(&agent, sts_text(NULL, 0));
	ck_assert(!sts_agent_report_plan(&agent, &found));
	best = r->plan.best;
	ck_assert_uint_ne(best, 0);
	sts_tally_drop(&r->tally, best, false);
	sts_tally_drop(&r->tally, r->plan.at, false);
	ck_assert(sts_agent_report_plan(&agent, &found));
	unit_int("found, though it is gone", found, 0);

	ck_assert(session("today.example", true));
	sts_agent_report_hurry(&agent, sts_text(NULL, 0));
	ck_assert(!sts_agent_report_plan(&agent, &found));
	best = r->plan.best;
	sts_tally_drop(&r->tally, best, false);
	/* A failure takes its last chunk first; the next record then takes its
	 * head. */
	event.failed = true;
	memset(&f, 0, sizeof f);
	f.result = STS_REPORT_VALIDATION_FAILURE;
	sts_event_failure(&event, &f);
	ck_assert(sts_agent_report_event(&agent, &event));
	ck_assert(session("other.example", true));
	ck_assert(sts_tally_is(&r->tally, best));
	while (!sts_agent_report_plan(&agent, &found)) {
	}
	unit_int("found, though another has the number", found, 0);
	stop();
}
END_TEST

/* Several addresses are refused at once, and each has a week of its own, with
 * whichever of its letters it is written as capitals later. */
START_TEST(each_refused_address_has_a_week_of_its_own)
{
	char name[32];

	start(262144);
	confirm();
	relay.rcpt = "550 5.1.1 no such user\r\n";
	for (unsigned i = 0; i < 5; i++) {
		snprintf(name, sizeof name, "d%u.example", i);
		ask_for_mail(name);
		session(name, true);
	}
	to_midnight_and(5 * 3600);
	unit_int("requests of the first day", asked_for(), 5);
	relay.rcpt = NULL;
	for (unsigned i = 0; i < 5; i++) {
		snprintf(name, sizeof name, "d%u.example", i);
		session(name, true);
	}
	set_record("d0.example", "v=TLSRPTv1; rua=mailto:TLS@d0.Example");
	ask_for_mail("e.example");
	session("e.example", true);
	to_midnight_and(5 * 3600);
	unit_int(
	    "requests, to an address that was not refused", asked_for(), 1);
	check_sum("pauses of several");
	stop();
}
END_TEST

/* A domain without a record any more gets no report. If the record cannot be
 * looked up, the earlier one counts. Each of several destinations gets the
 * report. A record is found among so many others that the answer is read in
 * parts. */
START_TEST(the_record_of_the_day_after_decides)
{
	struct world_rr rr;

	start(262144);
	confirm();
	set_record("gone.example", NULL);
	set_record("two.example",
	    "v=TLSRPTv1; rua=mailto:x@two.example,mailto:y@two.example");
	set_record("odd.example", "v=TLSRPTv1; rua=ftp://odd.example/");
	memset(&rr, 0, sizeof rr);
	rr.type = DNSPEER_TXT;
	rr.what = WORLD_SERVFAIL;
	snprintf(rr.name, sizeof rr.name, "_smtp._tls.broken.example");
	world_set(&world, &rr);
	set_record("other.example", "v=spf1 -all");
	rr.what = WORLD_TRUNCATED;
	rr.ttl = 60;
	rr.count = 1;
	rr.more = 100;
	snprintf(rr.name, sizeof rr.name, "_smtp._tls.large.example");
	snprintf(rr.value[0], sizeof rr.value[0],
	    "v=TLSRPTv1; rua=mailto:tls@large.example");
	world_set(&world, &rr);
	session("gone.example", true);
	session("two.example", true);
	session("odd.example", true);
	session("broken.example", true);
	session("other.example", true);
	session("large.example", true);
	to_midnight_and(5 * 3600);
	unit_int("mails", relay.mails, 4);
	unit_int("sent", (long long)sent, 3);
	unit_int("lost", (long long)lost(), 3);
	check_sum("records");
	stop();
}
END_TEST

static const char accepted[] = "HTTP/1.1 201 Created\r\n\r\n";

/* A host that accepts connections and sends nothing. */
static void
mute_host(uint8_t last)
{
	struct world_host host;

	memset(&host, 0, sizeof host);
	host.conduct = WORLD_MUTE;
	host.addr =
	    (struct sts_addr){ STS_AF_INET, 0, 0, 0, { 192, 0, 2, last } };
	world_host(&world, &host);
}

static unsigned
connections(uint8_t last)
{
	unsigned n = 0;

	for (unsigned i = 0; i < world.seen_count; i++) {
		n += world.seen[i].kind == 'c' &&
		     world.seen[i].addr.ip[3] == last;
	}
	return n;
}

/* A report is posted only to hosts with a public address, even where policies
 * of a private network are fetched, and to no host whose addresses the DNS does
 * not return. */
START_TEST(reports_are_posted_to_public_addresses_only)
{
	static const struct {
		const char *name;
		enum world_dns what;
		const char *ip;
	} rows[] = {
		{ "private", WORLD_DATA, "10.0.0.1" },
		{ "this machine", WORLD_DATA, "127.0.0.1" },
		{ "no address", WORLD_NODATA, "" },
		{ "no such name", WORLD_NXDOMAIN, "" },
		{ "cannot tell", WORLD_SERVFAIL, "" },
	};

	for (size_t k = 0; k < UNIT_COUNT(rows); k++) {
		struct world_rr rr;

		start(262144);
		load_anchors();
		confirm();
		set_record(
		    "a.example", "v=TLSRPTv1; rua=https://reports.a.example/x");
		set_host("reports.a.example", rows[k].ip, 9, accepted);
		if (rows[k].what != WORLD_DATA) {
			memset(&rr, 0, sizeof rr);
			rr.type = DNSPEER_A;
			rr.what = rows[k].what;
			strcpy(rr.name, "reports.a.example");
			world_set(&world, &rr);
			rr.type = DNSPEER_AAAA;
			world_set(&world, &rr);
		}
		session("a.example", true);
		to_midnight_and(5 * 3600);
		unit_int(rows[k].name, (long long)sent, 0);
		ck_assert_uint_gt(failed_events, 0);
		for (unsigned i = 0; i < world.seen_count; i++) {
			ck_assert_int_ne(world.seen[i].kind, 'c');
		}
		check_sum(rows[k].name);
		stop();
	}
}
END_TEST

/* A host with a certificate for another name gets nothing of the report, which
 * is tried again. */
START_TEST(a_certificate_for_another_name_gets_no_report)
{
	start(262144);
	load_anchors();
	confirm();
	set_record("a.example", "v=TLSRPTv1; rua=https://reports.a.example/x");
	set_host("reports.a.example", "192.0.2.9", 9, accepted);
	session("a.example", true);
	to_midnight_and(5 * 3600);
	ck_assert_uint_gt(connections(9), 0);
	unit_int("sent", (long long)sent, 0);
	ck_assert_uint_gt(failed_events, 0);
	check_sum("https");
	stop();
}
END_TEST

/* A host with a right certificate that accepts the report gets it once,
 * whatever it sends after the status. A host that refuses it is not tried
 * again. */
START_TEST(an_accepted_or_refused_report_is_posted_once)
{
	static const struct {
		const char *name, *response;
		unsigned long sent;
		unsigned connections;
	} cases[] = {
		{ "accepted", "HTTP/1.1 200 OK\r\n\r\n", 1, 1 },
		{ "created", "HTTP/1.1 201 Created\r\n\r\nthanks", 1, 1 },
		{ "refused", "HTTP/1.1 404 Not Found\r\n\r\n", 0, 1 },
		{ "moved, which is not followed",
		    "HTTP/1.1 301 Moved\r\nLocation: https://x.test/\r\n\r\n",
		    0, 1 },
		{ "later", "HTTP/1.1 503 Later\r\n\r\n", 0, STS_REPORT_TRIES },
		{ "too many", "HTTP/1.1 429 Slowly\r\n\r\n", 0,
		    STS_REPORT_TRIES },
		{ "timed out", "HTTP/1.1 408 Timeout\r\n\r\n", 0,
		    STS_REPORT_TRIES },
	};

	for (unsigned i = 0; i < UNIT_COUNT(cases); i++) {
		start(262144);
		load_anchors();
		confirm();
		set_record("a.example",
		    "v=TLSRPTv1; rua=https://mta-sts.example.com/x");
		set_host(
		    "mta-sts.example.com", "192.0.2.9", 9, cases[i].response);
		session("a.example", true);
		to_midnight_and(23 * 3600);
		unit_int(
		    cases[i].name, (long long)sent, (long long)cases[i].sent);
		unit_int(cases[i].name, connections(9), cases[i].connections);
		unit_int(cases[i].name, (long long)held(), 0);
		check_sum(cases[i].name);
		stop();
	}
}
END_TEST

/* An address that the DNS lists twice is connected to once in each try. */
START_TEST(an_address_listed_twice_is_connected_to_once)
{
	struct world_rr rr;

	start(262144);
	load_anchors();
	confirm();
	set_record(
	    "a.example", "v=TLSRPTv1; rua=https://mta-sts.example.com/x");
	set_host("mta-sts.example.com", "192.0.2.9", 9, accepted);
	mute_host(9);
	memset(&rr, 0, sizeof rr);
	rr.type = DNSPEER_A;
	rr.ttl = 60;
	rr.count = 2;
	strcpy(rr.name, "mta-sts.example.com");
	strcpy(rr.value[0], "192.0.2.9");
	strcpy(rr.value[1], "192.0.2.9");
	world_set(&world, &rr);
	session("a.example", true);
	to_midnight_and(23 * 3600);
	unit_int("connections", connections(9), STS_REPORT_TRIES);
	unit_int("sent", (long long)sent, 0);
	check_sum("address twice");
	stop();
}
END_TEST

/* A report that fills several TLS records is sent piece by piece, and is as
 * long as Content-Length. */
START_TEST(a_long_report_is_posted_in_pieces)
{
	static const struct {
		const char *name;
		unsigned failures;
	} cases[] = {
		{ "one record", 1 },
		{ "some", STS_REPORT_FAILURES },
	};

	for (unsigned i = 0; i < UNIT_COUNT(cases); i++) {
		const char *body, *length;

		start(262144);
		load_anchors();
		confirm();
		set_host("mta-sts.example.com", "192.0.2.9", 9, accepted);
		set_record("a.example",
		    "v=TLSRPTv1; rua=https://mta-sts.example.com/x");
		for (unsigned k = 0; k < cases[i].failures; k++) {
			struct sts_report_failure f;
			uint8_t reason[160];

			memset(&f, 0, sizeof f);
			/* Octets that compress badly. */
			for (unsigned n = 0; n < sizeof reason; n++) {
				reason[n] =
				    (uint8_t)('a' +
					      (n * n * (k + 3) + n * k) % 26);
			}
			f.texts[STS_REPORT_REASON] =
			    sts_text(reason, sizeof reason);
			ck_assert(sts_event_begin(&event,
			    unit_span("a.example"),
			    unit_span("v=TLSRPTv1; rua=mailto:x@a.example")));
			event.failed = true;
			sts_event_failure(&event, &f);
			added++;
			ck_assert(sts_agent_report_event(&agent, &event));
		}
		to_midnight_and(5 * 3600);
		unit_int(cases[i].name, (long long)sent, cases[i].failures);
		body = strstr((const char *)world.post, "\r\n\r\n");
		length =
		    strstr((const char *)world.post, "\r\nContent-Length: ");
		ck_assert(body != NULL && length != NULL);
		unit_int(cases[i].name, strtol(length + 18, NULL, 10),
		    (const char *)world.post + world.post_len - body - 4);
		check_sum(cases[i].name);
		stop();
	}
}
END_TEST

/* Which path and query of a URL the host is asked for. */
START_TEST(path_and_query_come_from_the_url)
{
	static const struct {
		const char *rua, *line;
	} cases[] = {
		{ "https://mta-sts.example.com", "POST / HTTP/1.1\r\n" },
		{ "https://mta-sts.example.com/", "POST / HTTP/1.1\r\n" },
		{ "https://MTA-sts.example.com/v1/x?y=z",
		    "POST /v1/x?y=z HTTP/1.1\r\nHost: "
		    "mta-sts.example.com\r\n" },
		{ "https://mta-sts.example.com?y=/z",
		    "POST /?y=/z HTTP/1.1\r\n" },
		{ "https://mta-sts.example.com:443#part",
		    "POST / HTTP/1.1\r\nHost: mta-sts.example.com\r\n" },
	};

	for (unsigned i = 0; i < UNIT_COUNT(cases); i++) {
		char rua[256];

		start(262144);
		load_anchors();
		confirm();
		snprintf(rua, sizeof rua, "v=TLSRPTv1; rua=%s", cases[i].rua);
		set_record("a.example", rua);
		set_host("mta-sts.example.com", "192.0.2.9", 9, accepted);
		session("a.example", true);
		to_midnight_and(5 * 3600);
		unit_int(cases[i].rua, (long long)sent, 1);
		ck_assert_ptr_nonnull(world.post);
		if (strncmp((const char *)world.post, cases[i].line,
			strlen(cases[i].line)) != 0) {
			ck_abort_msg("%s: got %.80s", cases[i].rua,
			    (const char *)world.post);
		}
		stop();
	}
}
END_TEST

/* A relay is reached at any address and port, whatever our own name is. */
START_TEST(a_relay_is_reached_at_any_address)
{
	static const struct {
		const char *name, *host;
		struct sts_addr relay;
	} cases[] = {
		{ "::1", "mail.gateway.example",
		    { STS_AF_INET6, 0, 25, 0, { [15] = 1 } } },
		{ "another machine", "mail.gateway.example",
		    { STS_AF_INET, 0, 25, 0, { 192, 0, 2, 25 } } },
		{ "another machine by IPv6, no name for HELO", "not a name",
		    { STS_AF_INET6, 0, 25, 0, { 0x20, 1, 0xd, 0xb8 } } },
	};

	for (unsigned i = 0; i < UNIT_COUNT(cases); i++) {
		start(262144);
		reporter.relay = cases[i].relay;
		reporter.host = unit_span(cases[i].host);
		confirm();
		ask_for_mail("a.example");
		session("a.example", true);
		to_midnight_and(5 * 3600);
		unit_int(cases[i].name, relay.mails, 1);
		check_sum(cases[i].name);
		stop();
	}
}
END_TEST

/* Hosts of one stranger that let every POST time out cost a few minutes a day
 * in all, and not the minutes in which other domains get their reports. */
START_TEST(silent_hosts_of_one_stranger_delay_nobody_else)
{
	char name[64], rua[128];
	unsigned minutes = 0;

	start(1 << 20);
	load_anchors();
	confirm();
	for (unsigned i = 0; i < 60; i++) {
		snprintf(name, sizeof name, "r%u.evil.example", i);
		set_host(name, "192.0.2.9", 9, accepted);
		snprintf(rua, sizeof rua, "v=TLSRPTv1; rua=https://%s/", name);
		snprintf(name, sizeof name, "d%u.evil.example", i);
		set_record(name, rua);
		session(name, true);
	}
	mute_host(9);
	ask_for_mail("a.example");
	session("a.example", true);
	to_midnight_and(0);
	sts_agent_report_hurry(&agent, sts_text(NULL, 0));
	sts_driver_wake(&driver);
	while (relay.mails == 0 && minutes < 120) {
		pass_s(60);
		minutes++;
	}
	ck_assert_uint_lt(minutes, 30);
	pass_s(5 * 3600);
	unit_int("connections", connections(9), STS_REPORT_MUTE_MAX);
	check_sum("tarpit");
	stop();
}
END_TEST

static int no_stream_why;

static int
no_stream(void *ctx, sts_ch ch, const struct sts_addr *peer)
{
	(void)ctx;
	(void)ch;
	(void)peer;
	return no_stream_why;
}

/* Our own shortage of descriptors, or a network of ours that is down, is not
 * remembered as the silence of a receiver: its many domains get their reports
 * as soon as it is over. */
static void
play_shortage(int why)
{
	int (*stream)(void *, sts_ch, const struct sts_addr *);
	char name[64];

	start(1 << 20);
	load_anchors();
	confirm();
	set_host("mta-sts.example.com", "192.0.2.9", 9, accepted);
	for (unsigned i = 0; i < 2 * STS_REPORT_MUTE_MAX; i++) {
		snprintf(name, sizeof name, "d%u.example", i);
		set_record(
		    name, "v=TLSRPTv1; rua=https://mta-sts.example.com/x");
		session(name, true);
	}
	to_midnight_and(0);
	stream = port.stream;
	no_stream_why = why;
	port.stream = no_stream;
	sts_agent_report_hurry(&agent, sts_text(NULL, 0));
	sts_driver_wake(&driver);
	pass_s(600);
	unit_int("sent during the shortage", (long long)sent, 0);
	ck_assert_uint_ge(failed_events, STS_REPORT_MUTE_MAX);
	port.stream = stream;
	pass_s(3600);
	unit_int("sent after it", (long long)sent, 2 * STS_REPORT_MUTE_MAX);
	check_sum("shortage");
	stop();
}

START_TEST(own_shortage_is_not_held_against_the_receiver)
{
	play_shortage(STS_IO_LIMIT);
	play_shortage(STS_IO_UNREACHABLE);
}
END_TEST

/* R79, R80: a failed fetch is reported to the domain if that asks for reports,
 * and to no other. */
START_TEST(failed_fetches_are_reported_where_asked_for)
{
	static const struct {
		const char *name;
		enum sts_why why;
		bool wanted; /* the domain asks for reports */
		unsigned counted;
	} cases[] = {
		{ "an expired certificate", STS_WHY_X509_EXPIRED, true, 1 },
		{ "a broken policy", STS_WHY_POLICY_SYNTAX, true, 1 },
		{ "nothing there", STS_WHY_CONNECT_REFUSED, true, 1 },
		{ "no record", STS_WHY_CONNECT_REFUSED, false, 0 },
		{ "our limit", STS_WHY_POLICY_NO_ROOM, true, 0 },
		{ "our shortage", STS_WHY_BUSY, true, 0 },
		{ "our network", STS_WHY_CONNECT_NO_ROUTE, true, 0 },
	};

	for (unsigned i = 0; i < UNIT_COUNT(cases); i++) {
		start(262144);
		confirm();
		set_record("a.example",
		    cases[i].wanted ? "v=TLSRPTv1; rua=mailto:t@a.example"
				    : NULL);
		sts_agent_report_failed(&agent, unit_span("a.example"),
		    cases[i].why, STS_REPORT_AT_POLICY_HOST);
		sts_driver_wake(&driver);
		pass_s(60);
		unit_int(cases[i].name, (long long)held(), cases[i].counted);
		stop();
	}
}
END_TEST

/* Failures beyond the places for those that wait for a record are lost, and the
 * loss is counted. */
START_TEST(failures_beyond_the_places_are_counted_as_lost)
{
	char name[32];
	struct sts_metrics_values v;

	start(262144);
	confirm();
	for (unsigned i = 0; i < STS_REPORT_OWN + 5; i++) {
		snprintf(name, sizeof name, "d%u.example", i);
		set_record(name, "v=TLSRPTv1; rua=mailto:t@a.example");
		sts_agent_report_failed(&agent, unit_span(name),
		    STS_WHY_CONNECT_REFUSED, STS_REPORT_AT_POLICY_HOST);
	}
	sts_driver_wake(&driver);
	pass_s(60);
	unit_int("counted", (long long)held(), STS_REPORT_OWN);
	sts_agent_metrics(&agent, &v);
	unit_int("lost", v.n[STS_METRIC_REPORT_LOST + 2], 5);
	stop();
}
END_TEST

/* The failures of one organisation take a quarter of the places at most,
 * whether they come before others or among them. */
static const struct {
	const char *name, *crowd;
	unsigned before, among, others; /* failures of the crowd; of others */
	unsigned counted;
} crowds[] = {
	{ "many domains below one", "crowd.test", 40, 0, 12, 16 },
	{ "below a second level", "crowd.co.uk", 40, 0, 12, 16 },
	{ "among those of others", "crowd.test", 0, 1, 12, 16 },
	{ "at the limit", "crowd.test", 4, 0, 0, 4 },
	{ "over the limit", "crowd.test", 5, 0, 0, 4 },
};

START_TEST(one_organisation_takes_a_quarter_of_the_places)
{
	char name[64];
	struct sts_metrics_values v;
	unsigned crowd = 0;

	start(262144);
	confirm();
	for (unsigned i = 0; i < crowds[_i].before + crowds[_i].others; i++) {
		bool one = i < crowds[_i].before;

		for (unsigned k = 0; k <= crowds[_i].among; k++) {
			if (one || k > 0) {
				snprintf(name, sizeof name, "h%u.%s", crowd++,
				    crowds[_i].crowd);
			} else {
				snprintf(name, sizeof name, "d%u.test", i);
			}
			set_record(name, "v=TLSRPTv1; rua=mailto:t@a.example");
			sts_agent_report_failed(&agent, unit_span(name),
			    STS_WHY_CONNECT_REFUSED, STS_REPORT_AT_POLICY_HOST);
		}
	}
	sts_driver_wake(&driver);
	pass_s(90);
	unit_int(
	    crowds[_i].name, (long long)held(), (long long)crowds[_i].counted);
	sts_agent_metrics(&agent, &v);
	unit_int("lost", v.n[STS_METRIC_REPORT_LOST + 2],
	    crowd + crowds[_i].others - crowds[_i].counted);
	stop();
}
END_TEST

/* Datagrams as the driver hands them over. A broken one costs no other. */
START_TEST(a_broken_datagram_costs_no_other)
{
	static const char good[] =
	    "{\"d\": \"GOOD.example\",\"pr\": \"v=TLSRPTv1; "
	    "rua=mailto:r@good.example\",\"policies\":[{\"policy-type\":9,"
	    "\"policy-domain\": \"good.example\",\"t\":0,\"f\":0}]}";
	struct sts_metrics_values v;
	struct sts_span room;

	start(262144);
	confirm();
	room = sts_agent_report_room(&agent);
	ck_assert_uint_eq(room.n, STS_TLSRPT_DATAGRAM);
	memcpy(room.p, good, sizeof good - 1);
	sts_agent_report_take(&agent, sizeof good - 1, now);
	memcpy(room.p, good, sizeof good - 1);
	sts_agent_report_take(&agent, sizeof good - 2, now);
	memset(room.p, '{', room.n);
	sts_agent_report_take(&agent, room.n, now);
	sts_agent_metrics(&agent, &v);
	unit_int("counted", (long long)held(), 1);
	unit_int("datagrams", v.n[STS_METRIC_REPORT_EVENTS], 1);
	unit_int("broken", v.n[STS_METRIC_REPORT_LOST], 2);
	ck_assert_uint_ne(sts_tally_find(tally(), sts_tally_today(tally()),
			      unit_span("good.example"), 0),
	    0);
	/* While reports are off no session is counted, and each datagram counts
	 * as such. */
	reporter.reports = STS_REPORTS_OFF;
	memcpy(room.p, good, sizeof good - 1);
	sts_agent_report_take(&agent, sizeof good - 1, now);
	sts_agent_metrics(&agent, &v);
	unit_int("datagrams while reports are off",
	    v.n[STS_METRIC_REPORT_LOST + 3], 1);
	unit_int("counted", (long long)held(), 1);
	stop();
}
END_TEST

/* Lines of the text protocol: a session that a mail server reports is counted,
 * and the answer states whether it was. A session that any other client reports
 * is not counted. */
START_TEST(sessions_in_text_lines_are_counted)
{
	static const char line[] =
	    "certificate-expired record=v=TLSRPTv1; rua=mailto:a@a.example";
	static const struct {
		const char *name, *key, *line;
		bool trusted, off;
		enum sts_answer_kind want;
	} cases[] = {
		{ "counted", "a.example", line, true, false,
		    STS_ANSWER_NOTFOUND },
		{ "from any other client", "a.example", line, false, false,
		    STS_ANSWER_TEMP },
		{ "no domain", "-", line, true, false, STS_ANSWER_TEMP },
		{ "no result", "a.example", "expired record=v=TLSRPTv1;x=y",
		    true, false, STS_ANSWER_TEMP },
		{ "off", "a.example", line, true, true, STS_ANSWER_TEMP },
	};
	struct sts_metrics_values v;

	start(262144);
	confirm();
	for (unsigned i = 0; i < UNIT_COUNT(cases); i++) {
		struct sts_ask ask;

		memset(&ask, 0, sizeof ask);
		ask.key = unit_span(cases[i].key);
		reporter.reports =
		    cases[i].off ? STS_REPORTS_OFF : STS_REPORTS_ALL;
		sts_agent_report_line(
		    &agent, &ask, cases[i].trusted, unit_span(cases[i].line));
		unit_int(cases[i].name, ask.answer.kind, cases[i].want);
		unit_int(cases[i].name, (long long)held(), 1);
	}
	sts_agent_metrics(&agent, &v);
	unit_int("counted", v.n[STS_METRIC_REPORT_EVENTS + 1], 1);
	unit_int("broken", v.n[STS_METRIC_REPORT_LOST], 2);
	stop();
}
END_TEST

/* Hold a policy of the domain in the cache. */
static void
hold_as(const char *domain, enum sts_mode mode, const char *id, unsigned mx)
{
	struct sts_entry e;
	struct sts_stage s;
	sts_ref ref = 0;

	memset(&e, 0, sizeof e);
	e.kind = STS_KIND_POLICY;
	e.mode = (uint8_t)mode;
	e.mx_count = (uint16_t)mx;
	e.max_age_s = 86400;
	e.fetched_s = sts_agent_now_s(&agent);
	ck_assert(sts_cache_stage(&agent.cache, &s, unit_span(domain)));
	ck_assert(sts_payload_begin(&agent.cache, &s, unit_span(id)));
	for (unsigned i = 0; i < mx; i++) {
		ck_assert(sts_payload_add_mx(
		    &agent.cache, &s, unit_span("*.mx.example")));
	}
	ck_assert_int_eq(sts_cache_commit(&agent.cache, &s, &e,
			     sts_agent_time(&agent), &ref),
	    STS_ADMITTED);
}

static void
hold(const char *domain, enum sts_mode mode)
{
	hold_as(domain, mode, "id1", 1);
}

/* Today's sessions of a domain under its policy of a type; -1: there is no such
 * policy. */
static int
sessions_of(const char *domain, enum sts_report_policy type, bool failed)
{
	const struct sts_tally *t = tally();
	struct sts_tally_domain d;
	struct sts_tally_policy p;

	sts_tally_domain(
	    t, sts_tally_find(t, sts_tally_today(t), unit_span(domain), 0), &d);
	for (uint32_t ref = d.policy; ref != 0; ref = p.next) {
		sts_tally_policy(t, ref, &p);
		if (p.type == type) {
			return (int)(failed ? p.failures : p.successes);
		}
	}
	return -1;
}

/* A failure under a policy in testing mode is reported under that policy,
 * with its strings. A success is not, nor is a failure under another policy
 * or none. */
START_TEST(failures_in_testing_are_reported_under_the_policy)
{
	unsigned logged = 0;
	struct sts_tally_domain d;
	struct sts_tally_policy p;
	const struct sts_tally *t;
	struct sts_metrics_values v;

	start(262144);
	confirm();
	t = tally();
	ck_assert_uint_eq(
	    sts_agent_report_tested(&agent, unit_span("t.example")), 0);
	hold("t.example", STS_MODE_TESTING);
	hold("e.example", STS_MODE_ENFORCE);
	for (unsigned i = 0; i < 2; i++) {
		session("t.example", true);
		session("t.example", false);
		session("e.example", true);
		session("n.example", true);
	}
	settle();
	unit_int("failures under testing",
	    sessions_of("t.example", STS_REPORT_STS, true), 2);
	unit_int("successes under testing",
	    sessions_of("t.example", STS_REPORT_STS, false), 0);
	unit_int("successes without a policy",
	    sessions_of("t.example", STS_REPORT_NO_POLICY, false), 2);
	unit_int("failures under enforce",
	    sessions_of("e.example", STS_REPORT_STS, true), -1);
	unit_int("failures without a policy",
	    sessions_of("n.example", STS_REPORT_STS, true), -1);
	sts_tally_domain(t,
	    sts_tally_find(t, sts_tally_today(t), unit_span("t.example"), 0),
	    &d);
	sts_tally_policy(t, d.policy, &p);
	unit_int("strings of the policy", p.string_count, 4);
	unit_int("its MX patterns", p.mx_count, 1);
	ck_assert_uint_ne(p.failure, 0);
	for (unsigned i = 0; i < mem.event_count && i < MEM_EVENTS; i++) {
		logged += mem.event[i].code == STS_EVENT_TESTING_FAILED;
	}
	unit_int("events logged", logged, 1);
	/* The operator is shown sessions, not our own failures to refresh the
	 * policy. */
	ask_for_mail("t.example");
	sts_agent_report_failed(&agent, unit_span("t.example"),
	    STS_WHY_X509_EXPIRED, STS_REPORT_AT_POLICY_HOST);
	sts_driver_wake(&driver);
	settle();
	added++;
	unit_int("failures, with one of our own",
	    sessions_of("t.example", STS_REPORT_STS, true), 2);
	unit_int("failures shown",
	    (long long)sts_agent_report_tested(&agent, unit_span("T.example")),
	    2);
	unit_int("failures shown of another domain",
	    (long long)sts_agent_report_tested(&agent, unit_span("e.example")),
	    0);
	sts_agent_metrics(&agent, &v);
	unit_int("failures in the metric",
	    (long long)v.n[STS_METRIC_REPORT_TESTING], 2);
	/* An expired policy does not count as one. */
	pass_s(2 * DAY_S);
	session("t.example", true);
	unit_int("failures under the expired policy",
	    sessions_of("t.example", STS_REPORT_STS, true), -1);
	check_sum("testing");
	stop();
}
END_TEST

/* The octets over which sums were computed. */
static size_t summed;

uint32_t __real_sts_crc32(uint32_t crc, struct sts_text t);
uint32_t __wrap_sts_crc32(uint32_t crc, struct sts_text t);

uint32_t
__wrap_sts_crc32(uint32_t crc, struct sts_text t)
{
	summed += t.n;
	return __real_sts_crc32(crc, t);
}

/* How many policies a domain's sessions of today are counted under. */
static unsigned
policies_of(const char *domain)
{
	const struct sts_tally *t = tally();
	struct sts_tally_domain d;
	struct sts_tally_policy p;
	unsigned n = 0;

	sts_tally_domain(
	    t, sts_tally_find(t, sts_tally_today(t), unit_span(domain), 0), &d);
	for (uint32_t ref = d.policy; ref != 0; ref = p.next) {
		sts_tally_policy(t, ref, &p);
		n++;
	}
	return n;
}

/* Of a policy with very many patterns no more is read than is kept, and its
 * versions are still distinguished. */
START_TEST(a_policy_of_many_patterns_is_read_as_far_as_kept)
{
	static const char *const ids[] = { "id1", "id2", "id1" };

	set_up(262144);
	config.cache_size = 1 << 20;
	begin();
	confirm();
	for (unsigned i = 0; i < UNIT_COUNT(ids); i++) {
		hold_as("t.example", STS_MODE_TESTING, ids[i], 1024);
		summed = 0;
		session("t.example", true);
		ck_assert_uint_lt(summed, 2 * STS_REPORT_TEXT);
	}
	settle();
	unit_int("versions", policies_of("t.example"), 2);
	check_sum("testing of many");
	stop();
}
END_TEST

/* With failures only, a domain without one gets no report, and one with a
 * failure gets a whole one. */
START_TEST(days_without_failures_may_be_left_out)
{
	start(262144);
	confirm();
	reporter.reports = STS_REPORTS_FAILURES;
	ask_for_mail("a.example");
	ask_for_mail("b.example");
	session("a.example", false);
	session("b.example", false);
	session("b.example", true);
	to_midnight_and(5 * 3600);
	unit_int("mails", relay.mails, 1);
	unit_int("sent", (long long)sent, 2);
	check_sum("failures only");
	stop();
}
END_TEST

/* A day with nothing but deliveries of our own reports causes no further
 * report. */
START_TEST(delivering_a_report_causes_no_report)
{
	start(262144);
	confirm();
	ask_for_mail("a.example");
	session("a.example", false);
	to_midnight_and(5 * 3600);
	unit_int("mails of the first day", relay.mails, 1);
	session("a.example", false); /* the delivery of that report */
	to_midnight_and(5 * 3600);
	unit_int("mails after a day with that delivery alone", relay.mails, 1);
	session("a.example", false);
	session("a.example", false);
	to_midnight_and(5 * 3600);
	unit_int("mails after a day with more", relay.mails, 2);
	check_sum("echo");
	stop();
}
END_TEST

/* One destination gets a limited number of reports a day, however many domains
 * name it, and whichever of its letters each writes as capitals. */
START_TEST(one_destination_gets_a_limited_number_a_day)
{
	static const char *const begins[] = { "v=TLSRPTv1; rua=mailto:",
		"v=TLSRPTv1; rua=https://" };
	static const char *const rests[] = { "victim@third.test",
		"mta-sts.example.com/x" };
	enum {
		LETTERS = 9 /* of the rest */
	};
	char name[32], record[64];

	for (unsigned k = 0; k < UNIT_COUNT(begins); k++) {
		start(1 << 20);
		load_anchors();
		confirm();
		set_host("mta-sts.example.com", "192.0.2.9", 9, accepted);
		for (unsigned i = 0; i < STS_REPORT_SAME_MAX + 40; i++) {
			char *rest = record + strlen(begins[k]);

			snprintf(name, sizeof name, "d%u.org%u.example", i, i);
			snprintf(
			    record, sizeof record, "%s%s", begins[k], rests[k]);
			for (unsigned bit = 0; bit < LETTERS; bit++) {
				if ((i >> bit & 1) != 0 && rest[bit] >= 'a') {
					rest[bit] = (char)(rest[bit] - 32);
				}
			}
			set_record(name, record);
			session_of(name, true, record);
		}
		to_midnight_and(6 * 3600);
		unsigned n = k == 0 ? relay.mails : (unsigned)connections(9);

		ck_assert_uint_le(n, STS_REPORT_SAME_MAX);
		ck_assert_uint_gt(n, 0);
		check_sum("cap");
		stop();
	}
}
END_TEST

static uint8_t image[IMAGE_MAX];

static size_t
save(void)
{
	struct sts_report_save s;
	const struct sts_tally *t = tally();
	size_t n, len = 0;

	sts_report_save_begin(&s, t);
	while ((n = sts_report_save(
		    &s, t, sts_span(image + len, IMAGE_MAX - len))) > 0) {
		len += n;
	}
	ck_assert(sts_report_save_done(&s));
	return len;
}

/* The power fails and comes back; what was saved is loaded. */
static void
restart(size_t len)
{
	static struct sts_report_load l;

	mem_crash(&mem);
	world_step(&world, now);
	begin();
	sts_report_load_begin(&l, tally());
	sts_report_load(&l, tally(), sts_text(image, len));
	ck_assert(sts_report_load_end(&l, tally()));
}

/* The end of a report does not leave before the board has the report's mark,
 * and a marked report is not sent again after a restart. */
START_TEST(a_marked_report_is_not_mailed_again)
{
	struct sts_report_mark one = { 0, 0 };
	size_t len;

	start(262144);
	confirm();
	ask_for_mail("a.example");
	session("a.example", true);
	sts_agent_report_keeps(&agent);
	to_midnight_and(0);
	len = save();
	for (unsigned i = 0;
	     i < 5 * 3600 && !sts_agent_report_mark(&agent, &one); i++) {
		now += 1000;
		settle(); /* the agent rests until the board has the mark */
	}
	ck_assert(sts_agent_report_mark(&agent, &one));
	unit_int("before the mark", relay.mails, 0);
	sts_agent_report_marked(&agent);
	sts_driver_wake(&driver);
	settle();
	unit_int("after the mark", relay.mails, 1);

	restart(len);
	sts_agent_report_delivered(&agent, &one, 1);
	confirm();
	pass_s(6 * 3600);
	unit_int("after a restart", relay.mails, 1);
	stop();
}
END_TEST

/* Let time pass until a report's end waits for the board's mark. */
static void
await_mark(unsigned seconds)
{
	struct sts_report_mark one;

	for (unsigned i = 0;
	     i < seconds && !sts_agent_report_mark(&agent, &one); i++) {
		now += 1000;
		settle();
	}
	ck_assert(sts_agent_report_mark(&agent, &one));
}

/* Post a report up to its last octet, which waits for the board's mark. */
static void
post_to_the_mark(void)
{
	struct sts_report_mark one;

	start(262144);
	load_anchors();
	confirm();
	set_record(
	    "a.example", "v=TLSRPTv1; rua=https://mta-sts.example.com/x");
	set_host("mta-sts.example.com", "192.0.2.9", 9, accepted);
	session("a.example", true);
	sts_agent_report_keeps(&agent);
	ck_assert(!sts_agent_report_mark(&agent, &one));
	to_midnight_and(0);
	sts_agent_report_hurry(&agent, sts_text(NULL, 0));
	sts_driver_wake(&driver);
	await_mark(2);
	unit_int("before the mark", (long long)sent, 0);
	ck_assert_ptr_null(world.post);
}

/* Likewise by HTTPS: the last octet stays here until the board has the mark. */
START_TEST(a_post_ends_after_its_mark)
{
	struct sts_report_mark one;

	post_to_the_mark();
	sts_agent_report_marked(&agent);
	sts_driver_wake(&driver);
	settle();
	unit_int("after the mark", (long long)sent, 1);
	ck_assert(!sts_agent_report_mark(&agent, &one));
	stop();
}
END_TEST

/* The last octet was written, but the connection is lost before it leaves: the
 * receiver cannot have the report, which is sent again. */
START_TEST(a_post_whose_end_has_not_left_is_sent_again)
{
	post_to_the_mark();
	sts_agent_report_marked(&agent);
	sts_agent_report_child(&agent, STS_REPORT_CHILD_POST);
	unit_int(
	    "octets written", agent.reporter->sent, agent.reporter->length);
	sts_post_stop(&agent.reporter->post, STS_WHY_PEER_RESET);
	sts_driver_wake(&driver);
	settle();
	unit_int("sent", (long long)sent, 0);
	unit_int("failed", failed_events, 1);
	await_mark(2 * STS_REPORT_AGAIN_S);
	sts_agent_report_marked(&agent);
	sts_driver_wake(&driver);
	settle();
	unit_int("sent again", (long long)sent, 1);
	check_once();
	stop();
}
END_TEST

/* The mark of a domain's report to destination `number`, as the board gets it
 * while the report is sent. */
static struct sts_report_mark
mark_of(uint32_t ref, unsigned number)
{
	struct sts_agent_report *r = agent.reporter;
	struct sts_report_mark mark;

	r->ref = ref;
	r->to.number = (uint8_t)number;
	r->mark_waits = true;
	r->step = STS_REPORT_SENDS;
	ck_assert(sts_agent_report_mark(&agent, &mark));
	r->mark_waits = false;
	r->step = STS_REPORT_REST;
	return mark;
}

/* A mark depends on all of the domain's name and record, and fits no other.
 * Each bit counts; two records with the same CRC have different marks; and
 * without the tally's key, which a snapshot keeps over a restart, nobody can
 * compute a mark. */
START_TEST(a_mark_fits_one_record_only)
{
	static const char *const two[] = {
		"v=TLSRPTv1; rua=mailto:t29685295@a.example",
		"v=TLSRPTv1; rua=mailto:t32060020@a.example",
	};
	struct sts_report_mark other[64], one, known, second;
	struct sts_tally_domain d;
	struct sts_tally *t;
	uint32_t ref;
	size_t len;

	start(262144);
	confirm();
	t = sts_agent_report_tally(&agent);
	for (unsigned i = 0; i < UNIT_COUNT(two); i++) {
		ck_assert(sts_event_begin(
		    &event, unit_span("a.example"), unit_span(two[i])));
		ck_assert(sts_agent_report_event(&agent, &event));
	}
	ref = sts_tally_next(t, sts_tally_today(t), 0);
	one = mark_of(ref, 1);
	for (unsigned i = 0; i < 64; i++) {
		other[i] = one;
		other[i].check ^= UINT64_C(1) << i;
	}
	second = mark_of(sts_tally_next(t, sts_tally_today(t), ref), 1);
	ck_assert_uint_ne(one.check, second.check);
	for (unsigned i = 0; i < STS_SIPHASH_KEY; i++) {
		t->config.key[i] ^= 1;
		known = mark_of(ref, 1);
		t->config.key[i] ^= 1;
		/* Both halves of the mark depend on each octet of the key. */
		ck_assert_uint_ne((uint32_t)one.check, (uint32_t)known.check);
		ck_assert_uint_ne(one.check >> 32, known.check >> 32);
	}
	len = save();
	boot_key[0] ^= 1;
	restart(len);
	ref = sts_tally_next(t, sts_tally_today(t), 0);
	sts_agent_report_delivered(&agent, other, 64);
	sts_tally_domain(t, ref, &d);
	unit_int("done, by marks that differ in a bit", d.delivery.done, 0);
	sts_agent_report_delivered(&agent, &one, 1);
	sts_tally_domain(t, ref, &d);
	unit_int("done, by its own mark", d.delivery.done, 2);
	sts_tally_domain(t, sts_tally_next(t, sts_tally_today(t), ref), &d);
	unit_int("done, for the other record", d.delivery.done, 0);
	stop();
}
END_TEST

/* Marks may come in any order, and among them marks of other days, of
 * destinations that do not exist and of domains that are gone: each domain gets
 * its own. */
START_TEST(marks_come_in_any_order)
{
	enum {
		DOMAINS = 60
	};
	static struct sts_report_mark kept[4 * DOMAINS];
	const struct sts_tally *t;
	struct sts_tally_domain d;
	unsigned count = 0, yesterday, seed = 1;
	uint32_t ref = 0;
	char name[32];

	start(262144);
	confirm();
	t = tally();
	for (unsigned i = 0; i < DOMAINS; i++) {
		snprintf(name, sizeof name, "d%u.org%u.example", i, i);
		ck_assert(session(name, i % 2 == 0));
	}
	yesterday = sts_tally_today(t);
	to_midnight_and(0);
	for (unsigned i = 0; (ref = sts_tally_next(t, yesterday, ref)) != 0;
	     i++) {
		if (i % 3 != 0) {
			kept[count++] = mark_of(ref, i % 2);
		}
		kept[count] = mark_of(ref, 2);
		kept[count++].number -= 1 << 8; /* of another day */
		kept[count++] = mark_of(ref, STS_TLSRPT_RUA_MAX);
		kept[count] = mark_of(ref, 3);
		kept[count++].check++; /* of another domain */
	}
	for (unsigned i = count; i > 1; i--) {
		struct sts_report_mark m = kept[i - 1];

		seed = seed * 1103515245 + 12345;
		kept[i - 1] = kept[(seed >> 8) % i];
		kept[(seed >> 8) % i] = m;
	}
	sts_agent_report_delivered(&agent, kept, 0);
	sts_agent_report_delivered(&agent, kept, count);
	for (unsigned i = 0; (ref = sts_tally_next(t, yesterday, ref)) != 0;
	     i++) {
		sts_tally_domain(t, ref, &d);
		unit_int("done", d.delivery.done, i % 3 == 0 ? 0 : 1 << i % 2);
	}
	stop();
}
END_TEST

/* An order to send covers one domain or all, and never today. */
START_TEST(an_order_covers_one_domain_or_all)
{
	start(262144);
	confirm();
	ask_for_mail("a.example");
	ask_for_mail("b.example");
	session("a.example", true);
	session("b.example", true);
	unit_int("reports of today",
	    sts_agent_report_hurry(&agent, unit_span("a.example")), 0);
	to_midnight_and(0);
	unit_int("reports of a domain without any",
	    sts_agent_report_hurry(&agent, unit_span("c.example")), 0);
	unit_int("reports of the domain",
	    sts_agent_report_hurry(&agent, unit_span("A.example")), 1);
	sts_driver_wake(&driver);
	pass_s(60);
	unit_int("mails", relay.mails, 1);
	unit_int("reports of all",
	    sts_agent_report_hurry(&agent, sts_text(NULL, 0)), 1);
	sts_driver_wake(&driver);
	pass_s(60);
	unit_int("mails", relay.mails, 2);
	stop();
}
END_TEST

/* Settings are in use while a record is looked up and while a report is sent,
 * so that a reload waits; and no longer. */
START_TEST(settings_are_in_use_until_a_report_is_settled)
{
	struct sts_settings other = settings;
	struct sts_metrics_values v;
	struct world_rr rr;

	start(262144);
	confirm();
	ck_assert(!sts_agent_report_uses(&agent, &settings));
	memset(&rr, 0, sizeof rr);
	rr.type = DNSPEER_TXT;
	rr.what = WORLD_SILENT;
	snprintf(rr.name, sizeof rr.name, "_smtp._tls.o.example");
	world_set(&world, &rr);
	sts_agent_report_failed(&agent, unit_span("o.example"),
	    STS_WHY_X509_EXPIRED, STS_REPORT_AT_POLICY_HOST);
	sts_driver_wake(&driver);
	settle();
	ck_assert(sts_agent_report_uses(&agent, &settings));
	ck_assert(!sts_agent_report_uses(&agent, &other));
	pass_s(120);
	ck_assert(!sts_agent_report_uses(&agent, &settings));
	sts_agent_metrics(&agent, &v);
	unit_int("lost, as the DNS did not answer",
	    (long long)v.n[STS_METRIC_REPORT_LOST + 2], 1);

	ask_for_mail("a.example");
	session("a.example", true);
	to_midnight_and(0);
	relay.mute = true;
	sts_agent_report_hurry(&agent, sts_text(NULL, 0));
	sts_driver_wake(&driver);
	pass_s(5);
	unit_int("step", agent.reporter->step, STS_REPORT_SENDS);
	ck_assert(sts_agent_report_uses(&agent, &settings));
	ck_assert(!sts_agent_report_uses(&agent, &other));
	stop();
}
END_TEST

/* Once reports are switched off nothing is counted, whichever way it comes, and
 * what waits for a record is dropped. */
START_TEST(nothing_is_counted_while_reports_are_off)
{
	static const struct {
		const char *name;
		enum sts_reports reports;
		bool no_contact;
	} cases[] = {
		{ "off", STS_REPORTS_OFF, false },
		{ "without a contact", STS_REPORTS_ALL, true },
	};
	struct sts_report_config c;

	for (unsigned i = 0; i < UNIT_COUNT(cases); i++) {
		start(262144);
		confirm();
		set_record("o.example", "v=TLSRPTv1; rua=mailto:t@o.example");
		sts_agent_report_failed(&agent, unit_span("o.example"),
		    STS_WHY_X509_EXPIRED, STS_REPORT_AT_POLICY_HOST);
		reporter.reports = cases[i].reports;
		settings.reporter = cases[i].no_contact ? NULL : &reporter;
		sts_driver_wake(&driver);
		pass_s(60);
		ck_assert(!session("a.example", true));
		sts_agent_report_failed(&agent, unit_span("b.example"),
		    STS_WHY_X509_EXPIRED, STS_REPORT_AT_POLICY_HOST);
		sts_agent_report_take(&agent, 3, now);
		ck_assert(!sts_agent_report_config(&agent, &c));
		pass_s(60);
		unit_int(cases[i].name, (long long)held(), 0);
		stop();
	}
}
END_TEST

/* After weeks in which no report may be sent, the time of the last one, in
 * milliseconds, seems to lie ahead. The next report does not wait for it. */
START_TEST(a_report_after_weeks_without_any_is_not_delayed)
{
	start(262144);
	confirm();
	ask_for_mail("a.example");
	ck_assert(session("a.example", true));
	to_midnight_and(6 * 3600);
	unit_int("mails", relay.mails, 1);
	reporter.reports = STS_REPORTS_OFF;
	for (unsigned hour = 0; hour < 26 * 24; hour++) {
		now += 3600000;
		settle();
	}
	reporter.reports = STS_REPORTS_ALL;
	ck_assert(session("a.example", true));
	to_midnight_and(6 * 3600);
	unit_int("mails after weeks", relay.mails, 2);
	stop();
}
END_TEST

/* Step the wall clock a day forward, and have a held policy confirm it. */
static void
step_forward(void)
{
	wall_s += DAY_S;
	sts_driver_wake(&driver);
	pass_s(1);
	confirm();
	pass_s(4);
}

/* The turn of the day does not remove a report that is being sent: of three
 * days the oldest stays until its report is settled, and meanwhile sessions are
 * counted for the day before. */
START_TEST(a_report_under_way_outlives_the_turn_of_the_day)
{
	const struct sts_tally *t;

	start(262144);
	confirm();
	t = tally();
	ask_for_mail("a.example");
	session("a.example", true);
	relay.mute = true;
	to_midnight_and(0);
	for (unsigned i = 0;
	     i < 5 * 360 && agent.reporter->step != STS_REPORT_SENDS; i++) {
		pass_s(10);
	}
	unit_int("step of the report", agent.reporter->step, STS_REPORT_SENDS);
	unit_int("today, a day later", t->days[sts_tally_today(t)], DAY + 1);
	step_forward();
	unit_int("today, two days later", t->days[sts_tally_today(t)], DAY + 2);
	step_forward();
	unit_int("today, while the oldest is kept", t->days[sts_tally_today(t)],
	    DAY + 2);
	unit_int("step of the report, days later", agent.reporter->step,
	    STS_REPORT_SENDS);
	ck_assert(sts_tally_is(t, agent.reporter->ref));
	ck_assert(session("b.example", true));
	check_sum("meanwhile");
	relay.mute = false;
	pass_s(10);
	unit_int("mails", relay.mails, 1);
	unit_int("sent", (long long)sent, 1);
	unit_int("lost", (long long)lost(), 0);
	unit_int("today, once the report is settled",
	    t->days[sts_tally_today(t)], DAY + 3);
	ck_assert_uint_ne(
	    sts_tally_find(t, (sts_tally_today(t) + 2) % STS_TALLY_DAYS,
		unit_span("b.example"), 0),
	    0);
	check_sum("afterwards");
	stop();
}
END_TEST

/*
 * A day with everything: too little memory for the events, a restart at noon
 * with what was saved a moment before, and a clock that steps back over
 * midnight and forward again.
 */
START_TEST(a_day_with_everything_adds_up)
{
	char name[48];
	size_t len;
	uint32_t seed = 1;

	start(32768);
	confirm();
	for (unsigned i = 0; i < 3000; i++) {
		seed = seed * 1664525 + 1013904223;
		snprintf(name, sizeof name, "d%u.org%u.example",
		    (unsigned)(seed >> 26), (unsigned)(seed >> 20 & 7));
		set_record(name, "v=TLSRPTv1; rua=mailto:tls@reports.test");
		session(name, (seed >> 10) % 10 == 0);
		if (i % 20 == 0) {
			pass_s(180);
		}
		if (i == 1500) {
			len = save();
			restart(len);
			confirm();
			check_sum("after the restart");
		}
	}
	check_sum("in the evening");
	to_midnight_and(10);
	check_sum("after midnight");
	wall_s -= 3600; /* back into the day before */
	session("back.example", true);
	set_record("back.example", "v=TLSRPTv1; rua=mailto:tls@reports.test");
	pass_s(600);
	check_sum("a step back");
	wall_s += 3600;
	pass_s(5 * 3600);
	check_sum("delivered");
	ck_assert_uint_gt(sent, 0);
	ck_assert_uint_gt(lost(), 0);
	to_midnight_and(5 * 3600);
	unit_int("left", (long long)held(), 0);
	check_sum("a day later");
	check_once();
	stop();
}
END_TEST

void
unit_tests(TCase *tc)
{
	tcase_set_timeout(tc, 120);
	tcase_add_test(tc, days_reports_are_mailed_in_the_hours_after_it);
	tcase_add_test(tc, reports_outlast_a_relay_that_is_down_for_a_day);
	tcase_add_test(tc, a_4yz_reply_is_tried_again_a_5yz_reply_is_not);
	tcase_add_test(tc, a_refused_address_gets_no_report_for_a_week);
	tcase_add_test(tc, each_refused_address_has_a_week_of_its_own);
	tcase_add_test(tc, the_report_due_longest_is_found_among_many);
	tcase_add_test(tc, a_slow_organisation_delays_others_by_one_report);
	tcase_add_test(tc, the_organisation_that_took_least_time_goes_first);
	tcase_add_test(tc, a_count_belongs_to_one_name);
	tcase_add_test(tc, a_planned_report_that_is_gone_is_not_sent);
	tcase_add_test(tc, the_record_of_the_day_after_decides);
	tcase_add_test(tc, reports_are_posted_to_public_addresses_only);
	tcase_add_test(tc, a_certificate_for_another_name_gets_no_report);
	tcase_add_test(tc, an_accepted_or_refused_report_is_posted_once);
	tcase_add_test(tc, an_address_listed_twice_is_connected_to_once);
	tcase_add_test(tc, a_long_report_is_posted_in_pieces);
	tcase_add_test(tc, path_and_query_come_from_the_url);
	tcase_add_test(tc, a_relay_is_reached_at_any_address);
	tcase_add_test(tc, silent_hosts_of_one_stranger_delay_nobody_else);
	tcase_add_test(tc, own_shortage_is_not_held_against_the_receiver);
	tcase_add_test(tc, failed_fetches_are_reported_where_asked_for);
	tcase_add_test(tc, failures_beyond_the_places_are_counted_as_lost);
	tcase_add_loop_test(tc, one_organisation_takes_a_quarter_of_the_places,
	    0, (int)(sizeof crowds / sizeof *crowds));
	tcase_add_test(tc, a_broken_datagram_costs_no_other);
	tcase_add_test(tc, sessions_in_text_lines_are_counted);
	tcase_add_test(tc, failures_in_testing_are_reported_under_the_policy);
	tcase_add_test(tc, a_policy_of_many_patterns_is_read_as_far_as_kept);
	tcase_add_test(tc, days_without_failures_may_be_left_out);
	tcase_add_test(tc, delivering_a_report_causes_no_report);
	tcase_add_test(tc, one_destination_gets_a_limited_number_a_day);
	tcase_add_test(tc, a_marked_report_is_not_mailed_again);
	tcase_add_test(tc, a_post_ends_after_its_mark);
	tcase_add_test(tc, a_post_whose_end_has_not_left_is_sent_again);
	tcase_add_test(tc, a_mark_fits_one_record_only);
	tcase_add_test(tc, marks_come_in_any_order);
	tcase_add_test(tc, an_order_covers_one_domain_or_all);
	tcase_add_test(tc, settings_are_in_use_until_a_report_is_settled);
	tcase_add_test(tc, nothing_is_counted_while_reports_are_off);
	tcase_add_test(tc, a_report_after_weeks_without_any_is_not_delayed);
	tcase_add_test(tc, a_report_under_way_outlives_the_turn_of_the_day);
	tcase_add_test(tc, a_day_with_everything_adds_up);
}
