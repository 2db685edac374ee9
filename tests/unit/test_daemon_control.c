/* SPDX-License-Identifier: MIT */
/* The control socket of the daemon, and the commands that use it. */
#include "daemon.h"

const char unit_name[] = "daemon_control";

static void
printed(const char *text)
{
	ck_assert_msg(strstr(run.log, text) != NULL, "not printed: %s\n%s",
	    text, run.log);
}

/* What mtasts query prints for each kind of answer. */
static const struct {
	const char *name;
	uint8_t rcode;
	int code;
	const char *text;
} answers[] = {
	{ "absent", 3, 1,
	    "\"source\":\"here\",\"result\":\"none\","
	    "\"answer\":\"NOTFOUND \",\"rule\":\"table\"" },
	{ "nodata", 0, 1, "\"why\":\"dns-nodata\"" },
	{ "refused", 5, 2, "\"result\":\"unknown\"" },
	{ "failed", 2, 2, "\"why\":\"dns-servfail\"" },
};

START_TEST(query_prints_each_kind_of_answer)
{
	int dns = dns_open();

	for (size_t i = 0; i < UNIT_COUNT(answers); i++) {
		const char *args[] = { "query", "-o", dns_line, "-o",
			"control off", "--json", "example.com", NULL };
		struct pollfd f[2];

		spawn(&run, args);
		f[0].fd = dns;
		f[1].fd = run.out;
		f[0].events = f[1].events = POLLIN;
		/* Each try of the query gets the same answer. */
		while (poll(f, 2, PATIENCE_MS) > 0 && (f[0].revents & POLLIN)) {
			struct question q;

			dns_receive(dns, &q);
			dns_reply(dns, &q, answers[i].rcode);
		}
		unit_int(answers[i].name, ended(&run), answers[i].code);
		ck_assert_msg(strstr(run.log, answers[i].text) != NULL,
		    "%s: %s", answers[i].name, run.log);
	}
	close(dns);
}
END_TEST

START_TEST(query_takes_several_keys)
{
	const char *args[] = { "query", "-o", "override x.example notfound",
		"-o", "override y.example postfix dane-only", "-o",
		"control off", "[192.0.2.1]", "y.example", ".z", "x.example",
		NULL };

	spawn(&run, args);
	ck_assert_int_eq(ended(&run), 1);
	printed("y.example: a policy is in force\n");
	printed("  answer   OK dane-only\n");
	printed("looked up here");
	printed("(key-address)");
	printed("(key-parent)");
	printed("(override)");
}
END_TEST

/* A key and a zone that are too long for any answer are reported as such. */
START_TEST(a_key_that_is_too_long_is_reported)
{
	static char key[1000], zone[1000];
	const char *args[] = { "query", "-o", "control off", "--zone", zone,
		key, NULL };

	memset(key, 0xff, sizeof key - 1);
	memset(zone, 0xfe, sizeof zone - 1);
	spawn(&run, args);
	ck_assert_int_eq(ended(&run), 2);
	printed("(key-unmapped)");
}
END_TEST

/* A command that runs beside the daemon, with the same configuration. */
static struct process command;

static void
order(int code, const char *const *words)
{
	const char *args[ARGS_MAX] = { words[0], "-o", control_line, "-o",
		dns_line };
	unsigned n = 5;

	for (unsigned i = 1; words[i] != NULL; i++) {
		args[n++] = words[i];
	}
	args[n] = NULL;
	spawn(&command, args);
	ck_assert_msg(ended(&command) == code, "%s: expected %d\n%s", words[0],
	    code, command.log);
}

#define ORDER(code, ...) order(code, (const char *const[]){ __VA_ARGS__, NULL })

static void
replied(const char *text)
{
	ck_assert_msg(strstr(command.log, text) != NULL, "not printed: %s\n%s",
	    text, command.log);
}

/* A folder for the journal and the control socket, a policy in the journal, and
 * a name server. */
static char socket_path[80];
static int dns;

static void
home_begin(void)
{
	dns = dns_open();
	kept_begin();
	keep_policy();
	snprintf(socket_path, sizeof socket_path, "%s.control", kept_path);
	snprintf(
	    control_line, sizeof control_line, "control unix:%s", socket_path);
}

static void
home_end(void)
{
	close(dns);
	unlink(socket_path);
	kept_end();
}

static uint16_t
start_home(const char *option)
{
	const char *extra[] = { "-o", kept_line, option != NULL ? "-o" : NULL,
		option, NULL };

	return start(extra);
}

static int
connect_control(void)
{
	struct sockaddr_un un;
	int fd = socket(AF_UNIX, SOCK_STREAM, 0);

	memset(&un, 0, sizeof un);
	un.sun_family = AF_UNIX;
	strcpy(un.sun_path, socket_path);
	ck_assert_int_eq(connect(fd, (struct sockaddr *)&un, sizeof un), 0);
	return fd;
}

/* What the daemon sends until it closes. */
static const char *
whole(int fd)
{
	static char got[1 << 16];
	size_t n = 0;
	ssize_t r;

	do {
		struct pollfd f = { fd, POLLIN, 0 };

		ck_assert_msg(
		    poll(&f, 1, PATIENCE_MS) == 1, "the daemon does not close");
		r = recv(fd, got + n, sizeof got - 1 - n, 0);
		n += r > 0 ? (size_t)r : 0;
	} while (r > 0);
	got[n] = '\0';
	close(fd);
	return got;
}

static void
send_request(int fd, const char *line)
{
	ck_assert_int_eq(
	    send(fd, line, strlen(line), MSG_NOSIGNAL), (ssize_t)strlen(line));
}

/* The answer to the request of a command without members, or to any octets. */
#define REQUEST(command) "{\"command\":\"" command "\"}\n"

static const char *
raw(const char *line)
{
	int fd = connect_control();

	send_request(fd, line);
	return whole(fd);
}

/* The daemon must still serve a mail server. */
static void
serves(uint16_t port)
{
	int fd = client(port);

	send_key(fd, ".example.com");
	expect(fd, "9:NOTFOUND ,");
	close(fd);
}

#define HELD_ANSWER "OK secure match=mx.example.com servername=hostname"

/* What the daemon answers and why, what it holds, and when what happens to
 * that. */
START_TEST(query_prints_what_the_daemon_holds)
{
	home_begin();
	start_home("override x.example notfound");
	ORDER(0, "query", "example.com");
	replied("example.com: a policy is in force\n");
	replied("  asked    the running daemon\n");
	replied("  answer   " HELD_ANSWER "\n");
	replied("  because  a policy is held\n");
	replied("  policy   mode enforce, max_age 31536000 (365 days), id id1");
	replied("  mx       mx.example.com\n");
	replied("  fetched  ");
	replied("  checked  not since the daemon was started\n");
	replied("  expires  in 36");
	ORDER(1, "query", "example.com", "x.example");
	replied("x.example: no policy is in force\n");
	replied("(override)");
	ORDER(0, "query", "--json", "example.com");
	replied("{\"key\":\"example.com\",\"source\":\"daemon\","
		"\"result\":\"policy\",\"answer\":\"" HELD_ANSWER "\","
		"\"rule\":\"held\"");
	replied("\"mode\":\"enforce\",\"max_age\":31536000,"
		"\"id\":\"id1\",\"live\":true,");
	replied(",\"mx\":[\"mx.example.com\"]}\n");
	ck_assert_ptr_null(strstr(command.log, "end"));
	/* Another map name. An unknown one is answered like the default. */
	ORDER(0, "query", "--zone", "QUERYwithTLSRPT", "example.com");
	replied("policy_type=sts policy_domain=example.com");
	replied("zone QUERYwithTLSRPT\n");
	ORDER(64, "query", "--zone", "a zone", "example.com");
	ORDER(64, "query",
	    "b\xfc"
	    "cher.example");
	replied("is not UTF-8");
	ck_assert_int_eq(stop(), 0);
	/* Without a running daemon, the command looks the domain up itself. */
	ORDER(1, "query", ".example.com");
	replied("looked up here");
	home_end();
}
END_TEST

/* An answer that takes many windows arrives whole, from the daemon and without
 * it. */
START_TEST(query_prints_a_large_answer_whole)
{
	static char line[4000], want[4000];
	int n, at = 0;

	n = snprintf(
	    line, sizeof line, "override large.example postfix secure match=");
	for (unsigned i = 0; i < 250; i++) {
		at += snprintf(want + at, sizeof want - (size_t)at,
		    "%sm%u.x.test", i > 0 ? ":" : "", i);
	}
	ck_assert_int_lt(n + at, (int)sizeof line);
	strcpy(line + n, want);
	home_begin();
	start_home(line);
	ORDER(0, "query", "--json", "large.example");
	replied("\"source\":\"daemon\"");
	replied("\"answer\":\"OK secure match=m0.x.test:m1.x.test:");
	replied(want);
	replied("m249.x.test\",\"rule\":\"override\"");
	ORDER(0, "query", "large.example");
	replied(want);
	ORDER(0, "query", "--fresh", "-o", line, "--json", "large.example");
	replied("\"source\":\"here\"");
	replied(want);
	ck_assert_int_eq(stop(), 0);
	home_end();
}
END_TEST

/* --fresh does not ask the daemon, and --zone is looked up in the command's own
 * configuration. */
START_TEST(a_fresh_query_does_not_ask_the_daemon)
{
	struct question q;
	const char *args[] = { "query", "-o", control_line, "-o", dns_line,
		"--fresh", "example.com", NULL };

	home_begin();
	start_home(NULL);
	spawn(&command, args);
	dns_receive(dns, &q);
	dns_reply(dns, &q, 3);
	ck_assert_int_eq(ended(&command), 1);
	replied("looked up here");
	replied("(dns-nxdomain)");
	ck_assert_int_eq(stop(), 0);
	home_end();
}
END_TEST

/* The question waits as one of a mail server does, joins the same lookup, and
 * delays no other question. */
START_TEST(a_query_waits_as_a_mail_server_does)
{
	struct question q;

	home_begin();
	uint16_t port = start_home(NULL);
	int mail = client(port), fd = connect_control();

	send_request(fd, "{\"command\":\"query\",\"zone\":\"postfix\","
			 "\"key\":\"new.example\"}");
	send_key(mail, "new.example");
	dns_receive(dns, &q);
	serves(port);
	ck_assert_ptr_nonnull(
	    strstr(raw(REQUEST("list")), "\"domain\":\"example.com\""));
	dns_reply(dns, &q, 3);
	expect(mail, "9:NOTFOUND ,");
	const char *got = whole(fd);

	ck_assert_ptr_nonnull(strstr(got, "{\"key\":\"new.example\","));
	ck_assert_ptr_nonnull(strstr(got, "\"zone\":\"postfix\""));
	ck_assert_ptr_nonnull(
	    strstr(got, "\"result\":\"none\",\"answer\":\"NOTFOUND \""));
	ck_assert_ptr_nonnull(strstr(got, "\"why\":\"dns-nxdomain\""));
	ck_assert_ptr_nonnull(strstr(got, "\"held\":\"absent\""));
	ck_assert_ptr_nonnull(strstr(got, "}\n{\"end\":1}\n"));
	close(mail);
	ck_assert_int_eq(stop(), 0);
	home_end();
}
END_TEST

/* A client that gives up while its question waits frees its slot. */
START_TEST(a_query_given_up_frees_its_place)
{
	struct question q;

	home_begin();
	uint16_t port = start_home(NULL);

	for (unsigned i = 0; i < 20; i++) {
		int fd = connect_control();

		send_request(
		    fd, "{\"command\":\"query\",\"key\":\"new.example\"}");
		if (i == 0) {
			dns_receive(dns, &q);
		}
		close(fd);
		serves(port);
	}
	dns_reply(dns, &q, 3);
	/* Each place for a question is free again. */
	for (unsigned i = 0; i < 20; i++) {
		ck_assert_ptr_nonnull(
		    strstr(raw("{\"command\":\"query\",\"key\":\".x\"}"),
			"{\"end\":1}\n"));
	}
	ck_assert_int_eq(stop(), 0);
	home_end();
}
END_TEST

/* list, show, forget for good, flush. */
START_TEST(cache_lists_shows_forgets_and_flushes)
{
	home_begin();
	start_home(NULL);
	ORDER(0, "cache", "list");
	replied("DOMAIN ");
	replied("example.com                              policy    enforce  "
		"in 36");
	ORDER(0, "cache", "--json", "list");
	replied("{\"domain\":\"example.com\",\"held\":\"policy\",");
	ORDER(0, "cache", "show", "EXAMPLE.com.");
	replied("  policy   mode enforce");
	ck_assert_ptr_null(strstr(command.log, "answer"));
	ORDER(1, "cache", "show", "other.example");
	replied("other.example: nothing is held\n");
	/* The full-width letter is mapped; what the capital sharp s is mapped
	 * to is not certain. */
	ORDER(0, "cache", "show", "\xef\xbd\x85xample.com");
	replied("  policy   mode enforce");
	ORDER(0, "query", "exam\xc2\xadple.com");
	ORDER(2, "query", "\xe1\xba\x9e.example");
	ORDER(64, "cache", "show", "\xe1\xba\x9e.example");
	ORDER(64, "cache", "forget", "\xe1\xba\x9e.example");
	ORDER(0, "cache", "stats");
	replied("records    1: enforce 1 ");
	replied("journal    ready; ");
	ORDER(0, "cache", "stats", "--json");
	replied("\"records\":1,\"enforce\":1,");
	/* flush does not forget a policy in force. */
	ORDER(0, "cache", "flush");
	replied("0 forgotten\n");
	ORDER(0, "query", "example.com");
	ORDER(1, "cache", "forget", "other.example");
	ORDER(0, "cache", "forget", "example.com");
	replied("example.com: forgotten\n");
	await_text(&run, "control: example.com forgotten");
	ORDER(1, "cache", "show", "example.com");
	kill_daemon();
	/* A socket left behind is replaced, and what was forgotten stays
	 * forgotten. */
	start_home(NULL);
	ORDER(1, "cache", "show", "example.com");
	ck_assert_int_eq(stop(), 0);
	home_end();
}
END_TEST

/* Forgetting everything, including policies in force, needs an option of its
 * own. */
START_TEST(flush_all_forgets_policies_in_force)
{
	home_begin();
	start_home(NULL);
	ORDER(64, "cache", "--all", "list");
	ORDER(0, "cache", "show", "example.com");
	ORDER(0, "cache", "flush", "--all");
	replied("1 forgotten\n");
	kill_daemon();
	start_home(NULL);
	ORDER(1, "cache", "show", "example.com");
	ck_assert_int_eq(stop(), 0);
	home_end();
}
END_TEST

/* The state of the daemon: in words, as an object, as an exit code. */
START_TEST(status_prints_a_healthy_daemon)
{
	home_begin();
	uint16_t port = start_home(NULL);

	serves(port);
	ORDER(0, "status");
	replied("Status         mtasts ");
	replied(" is healthy\n");
	replied("Enforcement    policies are enforced\n");
	replied("Journal        in order; 0 policies wait");
	replied("Name servers   127.0.0.1");
	replied(": no answer yet\n");
	replied("DANE           off\n");
	replied("Policies       1 domains are held: 1 enforced\n");
	replied("Failing        no policy that is in force\n");
	replied("Expires next   example.com (enforce) expires in 36");
	replied("Questions      1 since start, ");
	ORDER(0, "status", "--json");
	replied("{\"version\":\"");
	replied("\"healthy\":true,\"problems\":[],");
	replied("\"journal\":{\"state\":\"ok\",");
	replied("\"expires\":[{\"domain\":\"example.com\",");
	replied("\"hours\":[{\"questions\":1,");
	ck_assert_ptr_eq(
	    strchr(command.log, '\n'), command.log + strlen(command.log) - 1);
	ORDER(0, "status", "--quiet");
	ck_assert_str_eq(command.log, "");
	/* The brief form, for health checks, goes over no list. */
	ck_assert_ptr_null(strstr(
	    raw("{\"command\":\"status\",\"brief\":true}\n"), "expires"));
	/* What the operator has ordered is no fault. */
	ORDER(0, "enforce", "off");
	ORDER(0, "status");
	replied("Enforcement    switched OFF by the operator\n");
	ORDER(64, "status", "--quiet", "--json");
	ORDER(64, "status", "example.com");
	ck_assert_int_eq(stop(), 0);
	ORDER(1, "status", "--quiet");
	ck_assert_str_eq(command.log, "");
	ORDER(70, "status");
	replied("cannot ask the daemon at ");
	ORDER(1, "status", "--quiet", "-o", "no_such_key 1");
	ck_assert_str_eq(command.log, "");
	ORDER(78, "status", "-o", "no_such_key 1");
	home_end();
}
END_TEST

/* The four policies that expire first, in order. */
START_TEST(status_prints_what_expires_first)
{
	home_begin();
	keep_policies(6);
	start_home(NULL);
	ORDER(0, "status");
	replied("Policies       6 domains are held: 6 enforced\n");
	replied("Expires next   f.example (enforce) expires in 36");
	replied("\n               e.example (enforce) expires in 36");
	ck_assert_ptr_null(strstr(command.log, "example.com"));
	ck_assert_ptr_null(strstr(command.log, "later.example"));
	ck_assert(strstr(command.log, "e.example") <
		  strstr(command.log, "d.example"));
	ck_assert(strstr(command.log, "d.example") <
		  strstr(command.log, "c.example"));
	ck_assert_int_eq(stop(), 0);
	home_end();
}
END_TEST

/* A journal that cannot be written is a fault of the daemon's own. */
START_TEST(status_prints_a_failing_journal)
{
	home_begin();
	snprintf(
	    kept_line, sizeof kept_line, "journal /nowhere/%.40s", kept_path);
	start_home(NULL);
	ORDER(1, "status");
	replied(
	    " is NOT HEALTHY\n               The journal cannot be written");
	replied("Journal        FAILING; ");
	ORDER(1, "cache", "forget", "a.example");
	replied("a.example: nothing was held so far; the journal has not been "
		"read yet: what it holds of this comes back when it is");
	ORDER(1, "cache", "forget", "a.example", "--json");
	replied("\"journal\":\"unread\",\"kept_out\":false");
	ORDER(1, "status", "--json");
	replied("\"healthy\":false,\"problems\":[\"journal\"],");
	ORDER(1, "status", "--quiet");
	ck_assert_str_eq(command.log, "");
	ck_assert_int_eq(stop(), 0);
	home_end();
}
END_TEST

/* Each enforced policy is exported as a line of Postfix's policy table, of
 * which `warm` reads the domain and nothing else. */
START_TEST(an_export_is_a_policy_table_that_warm_reads)
{
	char table[80];

	home_begin();
	snprintf(table, sizeof table, "%s.table", kept_path);
	keep_policies(2);
	start_home(NULL);
	ORDER(0, "cache", "export");
	replied("# The policies in force at 2");
	replied("# fetched 2");
	replied("\nexample.com secure match=mx.example.com "
		"servername=hostname\n");
	replied("\nlater.example secure match=mx.example.com "
		"servername=hostname\n");
	ORDER(0, "cache", "export", "--json");
	replied("{\"key\":\"later.example\",\"domain\":\"later.example\",");
	replied("\"mx\":[\"mx.example.com\"]}\n");
	ORDER(64, "cache", "export", "example.com");
	ORDER(0, "cache", "export");
	FILE *f = fopen(table, "w");
	ck_assert_ptr_nonnull(f);
	ck_assert_int_ge(fputs(command.log, f), 0);
	ck_assert_int_eq(fclose(f), 0);
	ORDER(0, "warm", table);
	replied("2 asked for: 2 with a policy, 0 are not domains\n");
	ORDER(0, "cache", "flush", "--all");
	ORDER(0, "cache", "export");
	ck_assert_str_eq(command.log, "");
	ck_assert_int_eq(stop(), 0);
	unlink(table);
	home_end();
}
END_TEST

/* A refresh asks the name server whatever is held, and loses nothing that
 * is. */
START_TEST(a_refresh_asks_the_name_server)
{
	struct question q;
	const char *args[] = { "cache", "-o", control_line, "refresh",
		"example.com", NULL };

	home_begin();
	start_home(NULL);
	for (unsigned i = 0; i < 2; i++) {
		spawn(&command, args);
		dns_receive(dns, &q);
		dns_reply(dns, &q, 3);
		/* The queries for the addresses of the policy host. */
		for (unsigned k = 0; k < 2; k++) {
			dns_receive(dns, &q);
			dns_reply(dns, &q, 3);
		}
		ck_assert_int_eq(ended(&command), 0);
		replied("  answer   " HELD_ANSWER "\n");
		replied("times in a row, the last: ");
	}
	ck_assert_int_eq(stop(), 0);
	home_end();
}
END_TEST

/* The kill switch works at once, for held policies and for new ones, until
 * enforcement is switched on. A reload does not end it; a restart does. */
START_TEST(the_kill_switch_works_until_a_restart)
{
	home_begin();
	int fd = client(start_home(NULL));

	ORDER(0, "enforce");
	replied("enforcement is on\n");
	ORDER(0, "enforce", "off");
	await_text(&run, "enforcement is switched off");
	send_key(fd, "example.com");
	expect(fd, "9:NOTFOUND ,");
	await_text(&run, "event=audit domain=example.com mode=enforce");
	ORDER(1, "enforce");
	ORDER(1, "query", "example.com");
	replied("  because  a policy is held: enforcement is off; ");
	replied("  else     the policy below would be in force\n");
	replied("  policy   mode enforce");
	for (unsigned i = 0; i < 2; i++) {
		kill(run.pid, SIGHUP);
		await_text(&run, "reload: enforcement stays off");
		run.log[run.len = 0] = '\0';
		send_key(fd, "example.com");
		expect(fd, "9:NOTFOUND ,");
	}
	ORDER(0, "enforce", "on");
	await_text(&run, "enforcement is switched on");
	send_key(fd, "example.com");
	expect(fd, "50:" HELD_ANSWER ",");
	ORDER(0, "enforce", "off");
	ORDER(64, "enforce", "maybe");
	/* No day of the calendar, and not the next one. */
	ORDER(64, "enforce", "off", "--until", "2026-02-29T18:00Z");
	replied("expected off --until TIME");
	ORDER(64, "enforce", "off", "--until", "2028-11-31T18:00Z");
	replied("expected off --until TIME");
	ORDER(64, "enforce", "off", "--until", "2100-02-29T18:00Z");
	replied("expected off --until TIME");
	/* The last day of a month, which the daemon finds too far away. */
	ORDER(64, "enforce", "off", "--until", "2096-02-29T18:00Z");
	replied("in the next 30 days");
	close(fd);
	ck_assert_int_eq(stop(), 0);
	fd = client(start_home(NULL));
	send_key(fd, "example.com");
	expect(fd, "50:" HELD_ANSWER ",");
	close(fd);
	ck_assert_int_eq(stop(), 0);
	home_end();
}
END_TEST

/* With an end, the kill switch outlives a restart, even after SIGKILL, in log,
 * query and metrics. Switching enforcement on outlives one, too. */
START_TEST(a_kill_switch_with_an_end_outlives_a_restart)
{
	home_begin();
	start_home(NULL);
	ORDER(0, "enforce", "off", "--until", "2h");
	replied("enforcement is off until 2");
	replied(" UTC (in ");
	await_text(&run, "enforcement is switched off until 2");
	for (unsigned i = 0; i < 2; i++) {
		kill_daemon();
		int fd = client(start_home(NULL));

		await_text(&run, ", as ordered before the restart: no policy");
		send_key(fd, "example.com");
		expect(fd, "9:NOTFOUND ,");
		close(fd);
		ORDER(1, "query", "example.com");
		replied("  off      until 2");
		ORDER(1, "enforce", "--json");
		replied("{\"enforced\":false,\"until\":");
		ORDER(0, "cache", "stats");
		replied("enforced   no until 2");
	}
	ORDER(0, "enforce", "on");
	replied("enforcement is on\n");
	kill_daemon();
	int fd = client(start_home(NULL));

	send_key(fd, "example.com");
	expect(fd, "50:" HELD_ANSWER ",");
	/* The kill switch ends by itself. */
	ORDER(0, "enforce", "off", "--until", "1s");
	await_text(&run, "switched on: the time that was ordered is over");
	send_key(fd, "example.com");
	expect(fd, "50:" HELD_ANSWER ",");
	close(fd);
	ck_assert_int_eq(stop(), 0);
	home_end();
}
END_TEST

/* Times of end that are invalid, in the past, or too far ahead. */
START_TEST(a_kill_switch_with_a_bad_end_is_refused)
{
	static const char *const times[] = { "", "2", "0s", "40d", "now",
		"2020-01-01T00:00Z", "2026-13-01T00:00Z", "2026-12-24 18:00",
		"2026-12-24T18:00", "2026-12-24T18:00Zx" };

	home_begin();
	start_home(NULL);
	for (size_t i = 0; i < UNIT_COUNT(times); i++) {
		ORDER(64, "enforce", "off", "--until", times[i]);
	}
	ORDER(64, "enforce", "on", "--until", "2h");
	ORDER(64, "enforce", "--until", "2h");
	ORDER(0, "enforce");
	ck_assert_int_eq(stop(), 0);
	/* Without a journal, the command reports that a restart ends it. */
	snprintf(kept_line, sizeof kept_line, "journal off");
	start_home(NULL);
	ORDER(0, "enforce", "off", "--until", "2h");
	replied("not in the journal, so that a restart ends it");
	ck_assert_int_eq(stop(), 0);
	home_end();
}
END_TEST

/* A zone with audit=yes answers "not found", and logs what it would have
 * answered. */
START_TEST(an_audit_zone_enforces_nothing)
{
	home_begin();
	int fd = client(start_home("zone postfix audit=yes"));

	send_key(fd, "example.com");
	expect(fd, "9:NOTFOUND ,");
	await_text(&run, "event=audit domain=example.com mode=enforce");
	ck_assert_int_eq(send(fd, "19:default example.com,", 23, 0), 23);
	expect(fd, "50:" HELD_ANSWER ",");
	ORDER(1, "query", "--zone", "postfix", "example.com");
	replied("  else     the policy below would be in force\n");
	ORDER(1, "query", "--json", "--zone", "postfix", "example.com");
	replied("\"why\":\"audit\"");
	replied("\"would\":\"policy\"");
	ORDER(0, "query", "example.com");
	close(fd);
	ck_assert_int_eq(stop(), 0);
	home_end();
}
END_TEST

/* What enforcement would have answered is what it says, also where DANE decides
 * and nothing is held; and the end is as far away as it is. */
START_TEST(a_rehearsal_of_dane_that_fails_is_a_temporary_error)
{
	const char *extra[] = { "-o", kept_line, "-o", "dane on", "-o",
		"answer_within 200ms", NULL };

	home_begin();
	start(extra);
	ORDER(0, "enforce", "off", "--until", "2h");
	ORDER(2, "query", "other.example");
	replied("  else     it would have been a temporary error\n");
	replied("  off      until 2");
	replied(" UTC (in ");
	ck_assert_ptr_null(strstr(command.log, " days)"));
	ORDER(2, "query", "--json", "other.example");
	replied("\"rule\":\"dane\"");
	replied("\"would\":\"temp\"");
	replied("\"held\":\"nothing\",\"now\":");
	ck_assert_int_eq(stop(), 0);
	home_end();
}
END_TEST

/* Requests that are invalid, and unusual ones that are not. */
static const struct {
	const char *name, *line, *want;
} lines[] = {
	{ "not an object", "reboot\n",
	    "{\"error\":\"expected one JSON object of strings, numbers, true "
	    "and false\"}\n{\"end\":64}\n" },
	{ "an unknown command", REQUEST("reboot"),
	    "{\"error\":\"no such command\"}\n{\"end\":64}\n" },
	{ "a member too many", "{\"command\":\"stats\",\"all\":true}",
	    "{\"error\":\"a member is given twice, or the command does not "
	    "take it" },
	{ "a key that is no domain",
	    "{\"command\":\"forget\",\"key\":\"[::1]\"}",
	    "{\"error\":\"an address literal has" },
	{ "CR LF after a request", "{\"command\":\"enforce\"}\r\n",
	    "{\"enforced\":true,\"now\":" },
	{ "control characters and Latin-1",
	    "{\"command\":\"query\",\"key\":\"\\u0001\xc3\xbf\"}",
	    "{\"key\":\"\\u0001\\u00ff\"," },
};

START_TEST(bad_requests_get_an_error)
{
	home_begin();
	start_home(NULL);
	for (size_t i = 0; i < UNIT_COUNT(lines); i++) {
		const char *got = raw(lines[i].line);

		ck_assert_msg(strstr(got, lines[i].want) != NULL, "%s: %s",
		    lines[i].name, got);
	}
	ck_assert_int_eq(stop(), 0);
	home_end();
}
END_TEST

/* Clients that send nothing, half a line, or too much, or leave; and more of
 * them than are served at once. Mail servers are served all the same. */
START_TEST(hostile_commands_delay_no_mail_server)
{
	static char much[1 << 20];
	int fd[32];

	home_begin();
	uint16_t port = start_home(NULL);

	for (unsigned i = 0; i < UNIT_COUNT(fd); i++) {
		fd[i] = connect_control();
		if (i % 3 == 1) {
			ck_assert_int_eq(send(fd[i], "{\"co", 4, 0), 4);
		} else if (i % 3 == 2) {
			close(fd[i]);
			fd[i] = -1;
		}
		serves(port);
	}
	for (unsigned i = 0; i < UNIT_COUNT(fd); i++) {
		if (fd[i] >= 0) {
			close(fd[i]);
		}
	}
	memset(much, ' ', sizeof much);
	int loud = connect_control();

	ck_assert_int_gt(
	    send(loud, much, sizeof much, MSG_NOSIGNAL | MSG_DONTWAIT), 0);
	ck_assert_ptr_nonnull(
	    strstr(whole(loud), "{\"error\":\"the request is too long\"}"));
	ck_assert_ptr_nonnull(
	    strstr(raw(REQUEST("stats")), "}\n{\"end\":0}\n"));
	ck_assert_int_eq(stop(), 0);
	ck_assert_ptr_null(strstr(run.log, "in flight"));
	home_end();
}
END_TEST

/* A command whose daemon is killed, or ends in order, before it answers,
 * reports that. */
START_TEST(a_command_reports_that_the_daemon_has_ended)
{
	struct question q;
	const char *args[] = { "query", "-o", control_line, "new.example",
		NULL };

	home_begin();
	for (unsigned i = 0; i < 2; i++) {
		start_home(NULL);
		spawn(&command, args);
		dns_receive(dns, &q);
		if (i == 0) {
			kill_daemon();
		} else {
			ck_assert_int_eq(stop(), 0);
		}
		ck_assert_int_eq(ended(&command), 70);
		replied("answer is missing or incomplete");
	}
	home_end();
}
END_TEST

/* Without a control socket the daemon serves mail servers, and a command
 * reports that it cannot reach the daemon. */
START_TEST(without_a_control_socket_the_daemon_serves)
{
	struct stat st;

	home_begin();
	snprintf(control_line, sizeof control_line, "control unix:%s/not/there",
	    kept_path);
	serves(start_home(NULL));
	printed("control unix:");
	printed("going on without it");
	ORDER(70, "cache", "list");
	replied("cannot ask the daemon at ");
	ck_assert_int_eq(stop(), 0);
	strcpy(control_line, "control off");
	serves(start_home(NULL));
	ORDER(78, "cache", "list");
	replied("control is off");
	ck_assert_int_eq(stop(), 0);
	/* A path where something else lies is left alone. */
	snprintf(
	    control_line, sizeof control_line, "control unix:%s", socket_path);
	close(open(socket_path, O_CREAT | O_WRONLY, 0600));
	serves(start_home(NULL));
	printed("File exists: going on without it");
	ck_assert_int_eq(stop(), 0);
	ck_assert_int_eq(stat(socket_path, &st), 0);
	/* Once the path is free, the daemon has a control socket without a
	 * restart. */
	serves(start_home(NULL));
	printed("File exists: going on without it");
	unlink(socket_path);
	await_text(&run, "control socket unix:");
	ORDER(1, "query", ".example.com");
	replied("the running daemon");
	ck_assert_int_eq(stop(), 0);
	home_end();
}
END_TEST

/* The path belongs to the daemon that came first, and then to the next one. */
START_TEST(the_control_socket_passes_to_the_next_daemon)
{
	static struct process first, second;

	home_begin();
	start_home(NULL);
	first = run;
	start(NULL);
	printed("in use: going on without it");
	second = run;
	ORDER(0, "query", "example.com");
	run = first;
	ck_assert_int_eq(stop(), 0);
	run = second;
	await_text(&run, "control socket unix:");
	ORDER(1, "query", ".example.com");
	replied("the running daemon");
	ck_assert_int_eq(stop(), 0);
	home_end();
}
END_TEST

/* By default only the owner may connect. */
START_TEST(by_default_only_the_owner_may_connect)
{
	static const struct {
		const char *option;
		mode_t want;
	} cases[] = { { "", 0600 }, { " mode=0660", 0660 } };
	struct stat st;

	home_begin();
	for (size_t i = 0; i < UNIT_COUNT(cases); i++) {
		snprintf(control_line, sizeof control_line, "control unix:%s%s",
		    socket_path, cases[i].option);
		start_home(NULL);
		ck_assert_int_eq(lstat(socket_path, &st), 0);
		unit_int(cases[i].option, st.st_mode & 0777,
		    (long long)cases[i].want);
		ck_assert_int_eq(stop(), 0);
		ck_assert_int_ne(lstat(socket_path, &st), 0);
	}
	home_end();
}
END_TEST

/* The supervisor may have opened the control socket. */
static int handed;

static void
as_service(void)
{
	hand_over("1");
	setenv("LISTEN_FDNAMES", "control", 1);
	dup2(handed, 3);
}

START_TEST(an_inherited_control_socket_is_used)
{
	struct sockaddr_un un;
	struct stat st;

	home_begin();
	memset(&un, 0, sizeof un);
	un.sun_family = AF_UNIX;
	strcpy(un.sun_path, socket_path);
	handed = socket(AF_UNIX, SOCK_STREAM, 0);
	ck_assert_int_eq(bind(handed, (struct sockaddr *)&un, sizeof un), 0);
	ck_assert_int_eq(listen(handed, 5), 0);
	before_exec = as_service;
	serves(start_home(NULL));
	ORDER(0, "query", "example.com");
	replied("the running daemon");
	ck_assert_int_eq(stop(), 0);
	/* A socket of the supervisor is not removed. */
	ck_assert_int_eq(lstat(socket_path, &st), 0);
	close(handed);
	/* A socket of the network is refused as a control socket, and the
	 * daemon's own is opened where the configuration has it. */
	struct sockaddr_in in = loopback(0);

	handed = socket(AF_INET, SOCK_STREAM, 0);
	ck_assert_int_eq(bind(handed, (struct sockaddr *)&in, sizeof in), 0);
	ck_assert_int_eq(listen(handed, 5), 0);
	serves(start_home(NULL));
	before_exec = NULL;
	printed("inherited socket 3 \"control\": nobody serves it");
	printed("control socket unix:");
	ORDER(0, "query", "example.com");
	replied("the running daemon");
	ck_assert_int_eq(stop(), 0);
	close(handed);
	home_end();
}
END_TEST

/* The listener for mail servers takes no commands. */
START_TEST(the_mail_servers_listener_takes_no_commands)
{
	home_begin();
	uint16_t port = start_home(NULL);
	int fd = client(port);

	ck_assert_int_eq(send(fd, REQUEST("list"), 19, 0), 19);
	ck_assert_str_eq(whole(fd), "");
	serves(port);
	ck_assert_int_eq(stop(), 0);
	home_end();
}
END_TEST

void
unit_tests(TCase *tc)
{
	tcase_add_test(tc, query_prints_each_kind_of_answer);
	tcase_add_test(tc, query_takes_several_keys);
	tcase_add_test(tc, a_key_that_is_too_long_is_reported);
	tcase_add_test(tc, query_prints_what_the_daemon_holds);
	tcase_add_test(tc, query_prints_a_large_answer_whole);
	tcase_add_test(tc, a_fresh_query_does_not_ask_the_daemon);
	tcase_add_test(tc, a_query_waits_as_a_mail_server_does);
	tcase_add_test(tc, a_query_given_up_frees_its_place);
	tcase_add_test(tc, cache_lists_shows_forgets_and_flushes);
	tcase_add_test(tc, flush_all_forgets_policies_in_force);
	tcase_add_test(tc, status_prints_a_healthy_daemon);
	tcase_add_test(tc, status_prints_what_expires_first);
	tcase_add_test(tc, status_prints_a_failing_journal);
	tcase_add_test(tc, an_export_is_a_policy_table_that_warm_reads);
	tcase_add_test(tc, a_refresh_asks_the_name_server);
	tcase_add_test(tc, the_kill_switch_works_until_a_restart);
	tcase_add_test(tc, a_kill_switch_with_an_end_outlives_a_restart);
	tcase_add_test(tc, a_kill_switch_with_a_bad_end_is_refused);
	tcase_add_test(tc, an_audit_zone_enforces_nothing);
	tcase_add_test(tc, a_rehearsal_of_dane_that_fails_is_a_temporary_error);
	tcase_add_test(tc, bad_requests_get_an_error);
	tcase_add_test(tc, hostile_commands_delay_no_mail_server);
	tcase_add_test(tc, a_command_reports_that_the_daemon_has_ended);
	tcase_add_test(tc, without_a_control_socket_the_daemon_serves);
	tcase_add_test(tc, the_control_socket_passes_to_the_next_daemon);
	tcase_add_test(tc, by_default_only_the_owner_may_connect);
	tcase_add_test(tc, an_inherited_control_socket_is_used);
	tcase_add_test(tc, the_mail_servers_listener_takes_no_commands);
}
