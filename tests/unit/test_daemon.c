/* SPDX-License-Identifier: MIT */
/* The daemon and its commands as processes. */
#include "daemon.h"

#include <sys/file.h>
#include <sys/mman.h>
#if defined(__linux__)
#include <sys/syscall.h>

#define CLONE_NEWPID 0x20000000 /* sched.h has it only for _GNU_SOURCE */
#endif

const char unit_name[] = "daemon";

/* Commands, what they print, and their exit code. */
static const struct {
	const char *name;
	const char *args[9];
	int code;
	const char *text;
} commands[] = {
	{ "nothing", { NULL }, 64, "usage: mtasts serve" },
	{ "version", { "--version" }, 0, "mtasts " },
	{ "help", { "--help" }, 0, "smtp_tls_policy_maps" },
	{ "unknown", { "sevre" }, 64, "sevre: no such command" },
	{ "option of another", { "match", "-t", "a", "b" }, 64,
	    "-t: no such option" },
	{ "value missing", { "serve", "-o" }, 64, "-o: its value is missing" },
	{ "word too many", { "serve", "now" }, 64, "serve: too many words" },
	{ "word missing", { "query" }, 64, "query: a word is missing" },
	{ "match", { "match", "*.example.com", "mx.example.com" }, 0, "match" },
	{ "no match", { "match", "*.example.com", "a.b.example.com" }, 1,
	    "no match" },
	{ "match what", { "match", "*.", "a.example" }, 64, "the pattern" },
	{ "plan", { "serve", "-c", "/dev/null", "-t" }, 0,
	    "\n  sum                       4194304" },
	{ "small", { "serve", "-t", "-o", "memory 100K" }, 78,
	    "memory: 102400 bytes are too few" },
	{ "journal", { "serve", "-t", "-o", "journal /x size=1M" }, 78,
	    "journal: size=1048576 is not possible: " },
	{ "too large a journal",
	    { "serve", "-t", "-o", "journal /x size=8192M" }, 78,
	    "and at most 4194303K" },
	/* The largest number allowed, and three more. */
	{ "channels",
	    { "serve", "-t", "-o", "clients 60000", "-o", "lookups 1813", "-o",
		"memory 256M" },
	    0, " x 36 channels" },
	{ "too many channels",
	    { "serve", "-t", "-o", "clients 60000", "-o", "lookups 1814", "-o",
		"memory 256M" },
	    78, " channels together; the limit is 65515" },
	{ "no metrics", { "serve", "-c", "/dev/null", "-t" }, 0,
	    "\nmetrics off\n" },
	{ "metrics", { "serve", "-t", "-o", "metrics unix:/x mode=0600" }, 0,
	    "\nmetrics unix:/x mode=0600\n" },
	{ "owner", { "serve", "-t", "-o", "control unix:/x owner=root" }, 0,
	    "\ncontrol unix:/x mode=0600 owner=root\n" },
	{ "group",
	    { "serve", "-t", "-o", "listen unix:/x group=root protocol=text" },
	    0, "\nlisten unix:/x mode=0666 group=root protocol=text\n" },
	{ "metrics cannot",
	    { "serve", "-o", "journal off", "-o", "listen inet:127.0.0.1:0",
		"-o", "metrics inet:192.0.2.1:1" },
	    70, "metrics inet:192.0.2.1:1: " },
	{ "no journal", { "serve", "-t", "-o", "journal off" }, 0,
	    "journal file: 0 bytes" },
	{ "adds up", { "serve", "-t", "-o", "memory 500K" }, 78, "at least " },
	{ "no anchors", { "serve", "-o", "trust_anchors /dev/null" }, 78,
	    "trust anchors: /dev/null: " },
	{ "no bundle", { "serve", "-o", "trust_anchors /nonexistent" }, 78,
	    "trust anchors: /nonexistent: No such file" },
	{ "no file", { "serve", "-c", "/nonexistent" }, 78,
	    "/nonexistent: No such file" },
	{ "bad line", { "serve", "-o", "listen x" }, 78, "-o: listen: " },
	{ "anchors", { "anchors", "/dev/null" }, 78, "/dev/null: " },
	/* R99: DANE trusts no name server that another machine may impersonate
	 * (RFC 7672 2.1.1). */
	{ "DANE, no name server to trust",
	    { "serve", "-t", "-o", "dane on", "-o", "nameserver 192.0.2.1" },
	    78,
	    "dane: no name server is trusted to validate DNSSEC: name one" },
	{ "DANE of a zone, no name server to trust",
	    { "serve", "-o", "zone x dane=on", "-o", "nameserver 192.0.2.1",
		"-o", "journal off" },
	    78, "(nameserver ADDRESS trusted=yes, or options trust-ad in " },
	{ "DANE, declared as trusted",
	    { "serve", "-t", "-o", "dane on", "-o",
		"nameserver 192.0.2.1 trusted=yes" },
	    0, "nameserver 192.0.2.1 port=53 trusted=yes" },
	{ "DANE, a server on this machine beside another",
	    { "serve", "-t", "-o", "dane on", "-o", "nameserver 192.0.2.1",
		"-o", "nameserver 127.0.0.53" },
	    0,
	    "nameserver 192.0.2.1 port=53 trusted=no\n"
	    "nameserver 127.0.0.53 port=53 trusted=yes\n" },
	{ "no DANE, no name server to trust",
	    { "serve", "-t", "-o", "dane off", "-o", "nameserver 192.0.2.1" },
	    0, "nameserver 192.0.2.1 port=53 trusted=no\n" },
	{ "no such address", { "serve", "-o", "listen inet:192.0.2.1:1" }, 70,
	    "listen inet:192.0.2.1:1: " },
};

START_TEST(commands_print_and_exit_as_documented)
{
	for (size_t i = 0; i < UNIT_COUNT(commands); i++) {
		spawn(&run, commands[i].args);
		unit_int(commands[i].name, ended(&run), commands[i].code);
		ck_assert_msg(strstr(run.log, commands[i].text) != NULL,
		    "%s: not printed: %s\n%s", commands[i].name,
		    commands[i].text, run.log);
	}
}
END_TEST

/* Questions are answered and logged; a broken configuration is refused and a
 * good one taken; SIGTERM ends the daemon in order. */
START_TEST(the_daemon_answers_reloads_and_ends)
{
	char path[] = "/tmp/mtasts-daemon-XXXXXX";
	int conf = mkstemp(path);
	const char *extra[] = { "-c", path, NULL };
	struct question q;
	int dns = dns_open();
	uint16_t port = start(extra);
	int fd = client(port);

	send_key(fd, ".example.com");
	expect(fd, "9:NOTFOUND ,");
	send_key(fd, "example.com");
	dns_receive(dns, &q);
	dns_reply(dns, &q, 3);
	expect(fd, "9:NOTFOUND ,");
	await_text(&run, "why=dns-nxdomain");

	ck_assert_int_eq(write(conf, "clients none\n", 13), 13);
	kill(run.pid, SIGHUP);
	await_text(&run, "reload: configuration not changed: ");
	await_text(&run, ":1: clients: expected a number");
	send_key(fd, ".example.com");
	expect(fd, "9:NOTFOUND ,");

	ck_assert_int_eq(ftruncate(conf, 0), 0);
	ck_assert_int_eq(pwrite(conf,
			     "clients 7\n"
			     "override x.example postfix secure\n",
			     44, 0),
	    44);
	kill(run.pid, SIGHUP);
	await_text(&run, "only a restart can change: clients\n");
	await_text_after(&run, "only a restart", "reload: done");
	send_key(fd, "x.example");
	expect(fd, "9:OK secure,");
	ck_assert_int_eq(stop(), 0);
	ck_assert_ptr_nonnull(strstr(run.log, "stopped\n"));
	char byte;

	ck_assert_int_le(recv(fd, &byte, 1, 0), 0);
	close(fd);
	close(dns);
	close(conf);
	unlink(path);
}
END_TEST

/*
 * A SIGHUP during the start (here the daemon waits for the journal of another)
 * does not end the daemon, and has its effect: the configuration may have
 * changed since it was read.
 */
START_TEST(a_reload_during_the_start_has_its_effect)
{
	char path[] = "/tmp/mtasts-daemon-XXXXXX", line[64];
	char kept[] = "/tmp/mtasts-daemon-XXXXXX";
	int conf = mkstemp(path), file = mkstemp(kept), dns = dns_open();
	const char *args[] = { "serve", "-c", path, "-o", dns_line, "-o",
		"listen inet:127.0.0.1:0", "-o", line, NULL };

	snprintf(line, sizeof line, "journal %s", kept);
	fcntl(file, F_SETFD, FD_CLOEXEC);
	ck_assert_int_eq(flock(file, LOCK_EX | LOCK_NB), 0);
	spawn(&run, args);
	await_text(&run, "waiting for the instance that has it locked");
	ck_assert_int_eq(write(conf, "clients 9\n", 10), 10);
	kill(run.pid, SIGHUP);
	close(file);
	await_text(&run, "only a restart can change: clients\n");
	ck_assert_int_eq(stop(), 0);
	close(dns);
	close(conf);
	unlink(path);
	unlink(kept);
}
END_TEST

#if defined(__linux__)
static pid_t first_process;

static void
pass_on(int number)
{
	kill(first_process, number);
}

/* Become the first process of a container; the outer process passes signals on
 * to it. */
static void
in_container(void)
{
	int status = 0;

	if (syscall(SYS_unshare, CLONE_NEWPID) != 0) {
		_exit(77);
	}
	first_process = fork();
	if (first_process == 0) {
		return;
	}
	signal(SIGTERM, pass_on);
	while (waitpid(first_process, &status, 0) < 0 && errno == EINTR) {
	}
	_exit(WIFEXITED(status) ? WEXITSTATUS(status) : 126);
}

/* A container that is stopped while it starts ends at once, too. */
START_TEST(a_daemon_may_be_stopped_while_it_starts)
{
	char kept[] = "/tmp/mtasts-daemon-XXXXXX", line[64];
	int file = mkstemp(kept);
	const char *args[] = { "serve", "-c", "/dev/null", "-o",
		"nameserver 127.0.0.1", "-o", "listen inet:127.0.0.1:0", "-o",
		line, NULL };

	snprintf(line, sizeof line, "journal %s", kept);
	fcntl(file, F_SETFD, FD_CLOEXEC);
	ck_assert_int_eq(flock(file, LOCK_EX | LOCK_NB), 0);
	before_exec = in_container;
	spawn(&run, args);
	while (strstr(run.log, "waiting for the instance") == NULL &&
	       read_output(&run)) {
	}
	kill(run.pid, SIGTERM);
	int code = ended(&run);

	ck_assert_msg(code == 77 || code == 128 + SIGTERM, "%d", code);
	close(file);
	unlink(kept);
}
END_TEST

#define STOPPED_WHILE_STARTING(tc)                                             \
	tcase_add_test(tc, a_daemon_may_be_stopped_while_it_starts)
#else
#define STOPPED_WHILE_STARTING(tc) (void)(tc)
#endif

/* A bundle that changes is taken over, in the end also one that was cut; one
 * without a certificate is not. */
START_TEST(a_changed_bundle_is_taken_over)
{
	char path[] = "/tmp/mtasts-daemon-XXXXXX", line[64];
	int file = mkstemp(path);
	struct sts_text bundle =
	    unit_file("/etc/ssl/certs/ca-certificates.crt");
	const char *extra[] = { "-o", line, NULL };
	int dns = dns_open();

	snprintf(line, sizeof line, "trust_anchors %s", path);
	ck_assert_int_eq(write(file, bundle.p, bundle.n), (ssize_t)bundle.n);
	start(extra);
	ck_assert_int_eq(ftruncate(file, 0), 0);
	kill(run.pid, SIGHUP);
	await_text(&run, "reload: trust anchors not changed: ");
	ck_assert_int_eq(
	    pwrite(file, bundle.p, bundle.n / 2, 0), (ssize_t)(bundle.n / 2));
	kill(run.pid, SIGHUP);
	await_text(&run, " ends inside a certificate: read once more");
	await_text(&run, ", 1 left out");
	/* The daemon notices the change by itself, without a signal. */
	ck_assert_int_eq(
	    pwrite(file, bundle.p, bundle.n, 0), (ssize_t)bundle.n);
	await_text_after(&run, ", 1 left out", ", 0 left out");
	ck_assert_int_eq(stop(), 0);
	close(dns);
	close(file);
	unlink(path);
}
END_TEST

/* A root that is not used is named wherever an operator may look: at the start,
 * by a reload, by serve -t. redis_anchors has room for a part of the system's
 * bundle. */
START_TEST(roots_that_are_left_out_are_named)
{
	static const char broken[] = "-----BEGIN CERTIFICATE-----\n"
				     "MIIB!\n"
				     "-----END CERTIFICATE-----\n";
	char path[] = "/tmp/mtasts-daemon-XXXXXX", line[64], key_line[64];
	char key[] = "/tmp/mtasts-daemon-key-XXXXXX", named[96];
	const char *extra[] = { "-o", line, "-o", key_line, "-o",
		"redis tls:127.0.0.1:1 name=a.example", NULL };
	const char *test[] = { "serve", "-c", "/dev/null", "-t", "-o", line,
		"-o", key_line, "-o", "redis tls:127.0.0.1:1 name=a.example",
		"-o", "nameserver 127.0.0.1", NULL };
	int file = mkstemp(path), key_file = mkstemp(key);
	struct sts_text bundle =
	    unit_file("/etc/ssl/certs/ca-certificates.crt");
	const char *reason =
	    _i == 0 ? "its base64 is broken" : "there is no room for it";

	ck_assert_int_eq(
	    write(key_file, "0123456789abcdef0123456789abcdef", 32), 32);
	ck_assert_int_eq(
	    write(file, broken, sizeof broken - 1), (ssize_t)sizeof broken - 1);
	ck_assert_int_eq(write(file, bundle.p, bundle.n), (ssize_t)bundle.n);
	snprintf(line, sizeof line, "%s %s",
	    _i == 0 ? "trust_anchors" : "redis_anchors", path);
	snprintf(key_line, sizeof key_line, "redis_key %s", key);
	snprintf(named, sizeof named, "trust anchors of %s: left out: ", path);

	int dns = dns_open();

	start(extra);
	await_text_after(&run, named, reason);
	kill(run.pid, SIGHUP);
	await_text(&run, "reload: done");
	await_text_after(&run, "or:  mtasts query", named);
	ck_assert_int_eq(stop(), 0);
	spawn(&run, test);
	ck_assert_int_eq(ended(&run), 0);
	await_text(&run, reason);
	close(dns);
	close(file);
	close(key_file);
	unlink(path);
	unlink(key);
}
END_TEST

/* Send SIGTERM to a daemon with a question in flight. Returns the client. */
static int
stop_in_flight(int dns, struct question *q)
{
	int fd = client(start(NULL));

	send_key(fd, "example.com");
	dns_receive(dns, q);
	kill(run.pid, SIGTERM);
	await_text(&run, "stopping");
	return fd;
}

/* Promise 5: questions in flight when SIGTERM comes are answered. */
START_TEST(questions_in_flight_are_answered_at_the_end)
{
	struct question q;
	int dns = dns_open();
	int fd = stop_in_flight(dns, &q);

	dns_reply(dns, &q, 3);
	expect(fd, "9:NOTFOUND ,");
	ck_assert_int_eq(ended(&run), 0);
	close(fd);
	close(dns);
}
END_TEST

/* A second SIGTERM ends the daemon with questions in flight. */
START_TEST(a_second_sigterm_waits_for_no_question)
{
	struct question q;
	int dns = dns_open();
	int fd = stop_in_flight(dns, &q);

	kill(run.pid, SIGTERM);
	ck_assert_int_eq(ended(&run), 0);
	ck_assert_ptr_nonnull(strstr(run.log, "with work in flight"));
	close(fd);
	close(dns);
}
END_TEST

static void
odd_signals(void)
{
	sigset_t all;

	signal(SIGCHLD, SIG_IGN);
	sigfillset(&all);
	sigprocmask(SIG_SETMASK, &all, NULL);
}

/* The first child of a process; 0: the system does not report one. */
static pid_t
child_of(pid_t pid)
{
	char path[64];
	long child = 0;
	FILE *f = NULL;

	snprintf(path, sizeof path, "/proc/%ld/task/%ld/children", (long)pid,
	    (long)pid);
	for (int ms = 0; child == 0 && ms < PATIENCE_MS; ms += 10) {
		f = fopen(path, "r");
		if (f == NULL) {
			return 0;
		}
		if (fscanf(f, "%ld", &child) != 1) {
			poll(NULL, 0, 10); /* there is none yet */
		}
		fclose(f);
	}
	ck_assert_int_ne(child, 0);
	return (pid_t)child;
}

/* Whatever the parent did about signals, the daemon notices that a child of its
 * own has ended, and ends when asked to. */
START_TEST(inherited_signals_are_reset)
{
	int dns = dns_open();
	const char *extra[] = { "-o", kept_line, NULL };
	pid_t child;

	kept_begin();
	before_exec = odd_signals;
	start(extra);
	await_text(&run, "event=journal-loaded");
	child = child_of(run.pid);
	if (child > 0) {
		kill(child, SIGKILL);
		await_text(
		    &run, "the process that writes it has ended (signal 9)");
	}
	ck_assert_int_eq(stop(), 0);
	kept_end();
	close(dns);
}
END_TEST

/* A client that has half-closed gets its answer. */
START_TEST(a_half_closed_client_gets_its_answer)
{
	struct question q;
	int dns = dns_open();
	int fd = client(start(NULL));

	send_key(fd, "example.com");
	shutdown(fd, SHUT_WR);
	dns_receive(dns, &q);
	dns_reply(dns, &q, 3);
	expect(fd, "9:NOTFOUND ,");
	char byte;

	ck_assert_int_eq(recv(fd, &byte, 1, 0), 0);
	close(fd);
	close(dns);
	ck_assert_int_eq(stop(), 0);
}
END_TEST

/* A datagram without an octet does not count: the next one has what is
 * published. */
START_TEST(an_empty_datagram_is_no_answer)
{
	const char *args[] = { "publish", "tlsrpt", "example.com", "--rua",
		"mailto:a@b.example", "--check", "-o", dns_line, NULL };
	struct question q;
	int dns = dns_open();

	spawn(&run, args);
	dns_receive(dns, &q);
	ck_assert_int_eq(
	    sendto(dns, "", 0, 0, (struct sockaddr *)&q.from, sizeof q.from),
	    0);
	dns_reply(dns, &q, 3);
	unit_int("exit code", ended(&run), 1);
	ck_assert_ptr_nonnull(strstr(run.log, "the DNS says something else"));
	close(dns);
}
END_TEST

/* When the daemon is killed its clients are reset, and the next daemon has the
 * port at once. */
START_TEST(a_killed_daemon_leaves_its_port_free)
{
	char line[64], byte;
	int dns = dns_open();
	uint16_t port = start(NULL);
	int fd = client(port);

	send_key(fd, ".example.com");
	expect(fd, "9:NOTFOUND ,");
	kill_daemon();
	ck_assert_int_eq(recv(fd, &byte, 1, 0), -1);
	ck_assert_int_eq(errno, ECONNRESET);
	close(fd);
	snprintf(line, sizeof line, "listen inet:127.0.0.1:%u", (unsigned)port);
	const char *extra[] = { "-o", line, NULL };

	start(extra);
	fd = client(port);
	send_key(fd, ".example.com");
	expect(fd, "9:NOTFOUND ,");
	close(fd);
	close(dns);
	ck_assert_int_eq(stop(), 0);
}
END_TEST

/* The listener belongs to the supervisor, which is notified when the daemon is
 * ready, alive and stopping. */
static int handed, notify;
static char notify_path[] = "/tmp/mtasts-notify-XXXXXX";
static bool with_watchdog;

static void
as_service(void)
{
	hand_over("1");
	setenv("NOTIFY_SOCKET", notify_path, 1);
	if (with_watchdog) {
		setenv("WATCHDOG_USEC", "200000", 1);
	}
	dup2(handed, 3);
}

static void
expect_notice(const char *want)
{
	char got[64] = "";
	struct pollfd f = { notify, POLLIN, 0 };

	do {
		ck_assert_int_eq(poll(&f, 1, PATIENCE_MS), 1);
		memset(got, 0, sizeof got);
		ck_assert_int_gt(recv(notify, got, sizeof got - 1, 0), 0);
	} while (strcmp(got, "WATCHDOG=1") == 0 && strcmp(got, want) != 0);
	ck_assert_str_eq(got, want);
}

/* Fill the supervisor's queue; how many it took. */
static unsigned
fill_queue(const struct sockaddr_un *un)
{
	int fd = socket(AF_UNIX, SOCK_DGRAM, 0);
	unsigned n = 0;

	ck_assert_int_eq(fcntl(fd, F_SETFL, O_NONBLOCK), 0);
	while (sendto(fd, "X=1", 3, 0, (const struct sockaddr *)un,
		   sizeof *un) == 3) {
		n++;
		ck_assert_uint_lt(n, 100000);
	}
	close(fd);
	return n;
}

/* The second time the supervisor is busy while the daemon starts, and does not
 * ask whether it is alive. */
START_TEST(the_daemon_serves_a_supervisors_listener)
{
	struct sockaddr_in in = loopback(0);
	struct sockaddr_un un;
	socklen_t len = sizeof in;
	int dns = dns_open();
	const char *args[] = { "serve", "-o", dns_line, NULL };

	close(mkstemp(notify_path));
	unlink(notify_path);
	memset(&un, 0, sizeof un);
	un.sun_family = AF_UNIX;
	strcpy(un.sun_path, notify_path);
	notify = socket(AF_UNIX, SOCK_DGRAM, 0);
	ck_assert_int_eq(bind(notify, (struct sockaddr *)&un, sizeof un), 0);
	handed = socket(AF_INET, SOCK_STREAM, 0);
	ck_assert_int_eq(bind(handed, (struct sockaddr *)&in, sizeof in), 0);
	ck_assert_int_eq(listen(handed, 5), 0);
	getsockname(handed, (struct sockaddr *)&in, &len);
	unsigned waiting = _i == 1 ? fill_queue(&un) : 0;

	with_watchdog = _i == 0;
	before_exec = as_service;
	spawn(&run, args);
	await_text(&run, "(inherited)");
	/* Whoever is answered knows that the start is over. */
	int fd = client(ntohs(in.sin_port));

	send_key(fd, ".example.com");
	expect(fd, "9:NOTFOUND ,");
	close(fd);
	for (; waiting > 0; waiting--) {
		expect_notice("X=1");
	}
	expect_notice("READY=1");
	for (unsigned i = 0; with_watchdog && i < 2; i++) {
		expect_notice("WATCHDOG=1");
	}
	kill(run.pid, SIGTERM);
	expect_notice("STOPPING=1");
	ck_assert_int_eq(ended(&run), 0);
	/* The supervisor still has the listener: a client that connects now
	 * waits for the next daemon. */
	close(client(ntohs(in.sin_port)));
	close(notify);
	close(dns);
	unlink(notify_path);
}
END_TEST

#if defined(__SANITIZE_ADDRESS__)
#define INSTRUMENTED true /* needs more than any limit here */
#else
#define INSTRUMENTED false
#endif

static void
little_memory(void)
{
	struct rlimit r = { 128 << 20, 128 << 20 };

	setrlimit(RLIMIT_AS, &r);
}

/* Whether such a limit has an effect here; under some emulators it has none. */
static bool
is_limited(void)
{
	int status = 0;
	pid_t child = fork();

	if (child == 0) {
		little_memory();
		_exit(mmap(NULL, 256 << 20, PROT_READ,
			  MAP_PRIVATE | MAP_ANONYMOUS, -1, 0) == MAP_FAILED);
	}
	ck_assert_int_eq(waitpid(child, &status, 0), child);
	return !INSTRUMENTED && WIFEXITED(status) && WEXITSTATUS(status) == 1;
}

/* A shortage of the system may be over in a moment: its exit code makes a
 * supervisor try again, where a wrong configuration is not tried again. */
START_TEST(a_shortage_of_memory_is_a_system_error)
{
	const char *args[] = { "serve", "-o", "memory 256M", "-o",
		"journal off", "-o", "nameserver 127.0.0.1", NULL };

	if (!is_limited()) {
		return;
	}
	before_exec = little_memory;
	spawn(&run, args);
	ck_assert_int_eq(ended(&run), 70);
	ck_assert_ptr_nonnull(strstr(run.log, "memory: "));
}
END_TEST

static const char *handed_count;

static void
handed_too_many(void)
{
	hand_over(handed_count);
	for (int fd = 3; fd < 3 + STS_LISTENERS_MAX + 1; fd++) {
		int fresh = socket(AF_INET, SOCK_STREAM, 0);

		if (listen(fresh, 5) != 0 || dup2(fresh, fd) != fd) {
			_exit(126);
		}
	}
}

/* Inherited sockets that the daemon would not serve keep it from starting. */
START_TEST(too_many_inherited_sockets_are_an_error)
{
	static const struct {
		const char *count, *want;
	} cases[] = {
		{ "65", "LISTEN_FDS: not a number of 0 to 64" },
		{ "18", "LISTEN_FDS: more than 17 sockets for mail servers" },
	};
	const char *args[] = { "serve", "-o", "journal off", "-o",
		"listen inet:127.0.0.1:0", "-o", "nameserver 127.0.0.1", NULL };

	before_exec = handed_too_many;
	for (size_t i = 0; i < UNIT_COUNT(cases); i++) {
		handed_count = cases[i].count;
		spawn(&run, args);
		ck_assert_int_eq(ended(&run), 70);
		ck_assert_msg(
		    strstr(run.log, cases[i].want) != NULL, "%s", run.log);
	}
}
END_TEST

/* From 3: for control, for metrics twice, of a kind that nobody serves, and for
 * mail servers. */
static void
handed_unused(void)
{
	char pid[32];

	snprintf(pid, sizeof pid, "%ld", (long)getpid());
	setenv("LISTEN_PID", pid, 1);
	setenv("LISTEN_FDS", "5", 1);
	setenv("LISTEN_FDNAMES", "control:metrics:metrics:mail:mail", 1);
	for (int fd = 3; fd < 8; fd++) {
		int type = fd == 6 ? SOCK_DGRAM : SOCK_STREAM;
		int fresh = socket(AF_INET, type, 0);

		if ((fd != 6 && listen(fresh, 5) != 0) ||
		    (fresh != fd && dup2(fresh, fd) != fd)) {
			_exit(126);
		}
	}
}

/* A socket that was handed over is served, or the log names it: its clients
 * would wait there in vain. */
START_TEST(service_of_unused)
{
	static const bool served[] = { false, true, false, false, true };
	const char *args[] = { "serve", "-o", "journal off", "-o",
		"control off", "-o", "nameserver 127.0.0.1", NULL };

	before_exec = handed_unused;
	spawn(&run, args);
	await_text(&run, "or:  mtasts query");
	for (size_t i = 0; i < UNIT_COUNT(served); i++) {
		char line[32];

		snprintf(
		    line, sizeof line, "inherited socket %d \"", (int)i + 3);
		ck_assert_msg((strstr(run.log, line) == NULL) == served[i],
		    "%s in %s", line, run.log);
	}
	ck_assert_int_eq(stop(), 0);
}
END_TEST

/* The metrics count what mail servers were answered. */
START_TEST(metrics_count_the_answers)
{
	static const char get[] = "GET /metrics HTTP/1.0\r\n\r\n";
	const char *extra[] = { "-o", "metrics inet:127.0.0.1:0", NULL };
	static char got[1 << 16];
	size_t n = 0;
	ssize_t r;
	int dns = dns_open();
	int fd = client(start(extra));

	send_key(fd, ".example.com");
	expect(fd, "9:NOTFOUND ,");
	int scrape = client((uint16_t)strtoul(
	    await_text(&run, "metrics on inet:127.0.0.1:"), NULL, 10));

	ck_assert_int_eq(send(scrape, get, sizeof get - 1, MSG_NOSIGNAL),
	    (ssize_t)sizeof get - 1);
	while ((r = recv(scrape, got + n, sizeof got - 1 - n, 0)) > 0) {
		n += (size_t)r;
	}
	ck_assert_int_eq(r, 0);
	ck_assert_int_eq(strncmp(got, "HTTP/1.1 200 OK\r\n", 17), 0);
	ck_assert_ptr_nonnull(
	    strstr(got, "\nmtasts_answers_total{answer=\"notfound\"} 1\n"));
	ck_assert_ptr_nonnull(
	    strstr(got, "\nmtasts_answers_why_total{why=\"key-parent\"} 1\n"));
	ck_assert_ptr_nonnull(strstr(got, "\nmtasts_clients_total 1\n"));
	ck_assert_ptr_nonnull(
	    strstr(got, "\nmtasts_slots_busy{slot=\"clients\"} 1\n"));
	ck_assert_ptr_nonnull(strstr(got, "\nmtasts_log_lines_lost_total 0\n"));
	close(scrape);
	close(fd);
	ck_assert_int_eq(stop(), 0);
	close(dns);
}
END_TEST

static void
few_descriptors(void)
{
	struct rlimit r = { 64, 64 };

	setrlimit(RLIMIT_NOFILE, &r);
	if (getuid() == 0 && setuid(65534) != 0) {
		_exit(126);
	}
}

static void
small_files(void)
{
	struct rlimit r = { 4096, 4096 };

	setrlimit(RLIMIT_FSIZE, &r);
}

/* A limit on the size of files does not end the daemon: it goes on without a
 * journal. */
START_TEST(a_limit_of_file_sizes_ends_no_daemon)
{
	char kept[] = "/tmp/mtasts-daemon-XXXXXX", line[64];
	const char *extra[] = { "-o", line, NULL };
	int dns = dns_open();

	close(mkstemp(kept));
	unlink(kept);
	snprintf(line, sizeof line, "journal %s", kept);
	before_exec = small_files;
	start(extra);
	ck_assert_ptr_nonnull(strstr(run.log, "File too large"));
	ck_assert_int_eq(stop(), 0);
	ck_assert_int_eq(access(kept, F_OK), -1);
	close(dns);
}
END_TEST

START_TEST(too_few_descriptors_are_an_error_of_configuration)
{
	const char *args[] = { "serve", NULL };

	before_exec = few_descriptors;
	spawn(&run, args);
	ck_assert_int_eq(ended(&run), 78);
	ck_assert_ptr_nonnull(strstr(run.log, "open files, the limit is 64"));
}
END_TEST

START_TEST(the_daemon_becomes_its_user)
{
	char path[64], line[4096] = "";
	int dns = dns_open();
	const char *extra[] = { "-o", "user nobody", NULL };

	if (getuid() != 0) {
		return;
	}
	start(extra);
	snprintf(path, sizeof path, "/proc/%ld/status", (long)run.pid);
	FILE *f = fopen(path, "r");

	if (f != NULL) { /* some systems have no such file */
		size_t n = fread(line, 1, sizeof line - 1, f);

		line[n] = '\0';
		ck_assert_ptr_nonnull(
		    strstr(line, "Uid:\t65534\t65534\t65534\t65534"));
		fclose(f);
	}
	close(dns);
	ck_assert_int_eq(stop(), 0);
}
END_TEST

/* By default the daemon confines itself, and logs what came of that. */
START_TEST(the_daemon_confines_itself)
{
	const char *off[] = { "-o", "confine off", NULL };
	int dns = dns_open();

	start(NULL);
	ck_assert_ptr_nonnull(strstr(run.log, "confined: system calls ("));
	ck_assert_int_eq(stop(), 0);
	start(off);
	ck_assert_ptr_nonnull(strstr(run.log, "not confined: off\n"));
	ck_assert_int_eq(stop(), 0);
	close(dns);
}
END_TEST

void
unit_tests(TCase *tc)
{
	tcase_add_test(tc, commands_print_and_exit_as_documented);
	tcase_add_test(tc, the_daemon_answers_reloads_and_ends);
	tcase_add_test(tc, a_reload_during_the_start_has_its_effect);
	STOPPED_WHILE_STARTING(tc);
	tcase_add_test(tc, a_changed_bundle_is_taken_over);
	tcase_add_loop_test(tc, roots_that_are_left_out_are_named, 0, 2);
	tcase_add_test(tc, questions_in_flight_are_answered_at_the_end);
	tcase_add_test(tc, a_second_sigterm_waits_for_no_question);
	tcase_add_test(tc, inherited_signals_are_reset);
	tcase_add_test(tc, a_half_closed_client_gets_its_answer);
	tcase_add_test(tc, an_empty_datagram_is_no_answer);
	tcase_add_test(tc, a_killed_daemon_leaves_its_port_free);
	tcase_add_loop_test(tc, the_daemon_serves_a_supervisors_listener, 0, 2);
	tcase_add_test(tc, too_many_inherited_sockets_are_an_error);
	tcase_add_test(tc, service_of_unused);
	tcase_add_test(tc, a_shortage_of_memory_is_a_system_error);
	tcase_add_test(tc, metrics_count_the_answers);
	tcase_add_test(tc, a_limit_of_file_sizes_ends_no_daemon);
	tcase_add_test(tc, too_few_descriptors_are_an_error_of_configuration);
	tcase_add_test(tc, the_daemon_becomes_its_user);
	tcase_add_test(tc, the_daemon_confines_itself);
}
