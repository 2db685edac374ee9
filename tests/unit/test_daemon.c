/* SPDX-License-Identifier: MIT */
/* The daemon and the command line as a process: STS_DAEMON is the binary. */
#define _DEFAULT_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "../../core/journal.h"
#include "../../port/posix/store.h"
#include "held.h"
#include "unit.h"

const char unit_name[] = "daemon";

enum {
	PATIENCE_MS = 20000, /* before something counts as missing */
	LOG_SIZE = 1 << 16,
	ARGS_MAX = 24
};

struct process {
	pid_t pid;
	int out; /* its stdout and stderr */
	size_t len;
	char log[LOG_SIZE];
};

/* What the child does before it becomes the daemon. */
static void (*before_exec)(void);

static void
spawn(struct process *p, const char *const *args)
{
	int pipes[2];
	const char *argv[ARGS_MAX] = { STS_DAEMON };

	for (unsigned i = 0; args[i] != NULL; i++) {
		ck_assert_uint_lt(i + 2, ARGS_MAX);
		argv[i + 1] = args[i];
	}
	ck_assert_int_eq(pipe(pipes), 0);
	fcntl(pipes[0], F_SETFD, FD_CLOEXEC);
	p->pid = fork();
	ck_assert_int_ge(p->pid, 0);
	if (p->pid == 0) {
		dup2(pipes[1], STDOUT_FILENO);
		dup2(pipes[1], STDERR_FILENO);
		close(pipes[1]);
		if (before_exec != NULL) {
			before_exec();
		}
		execv(STS_DAEMON, (char *const *)(void *)argv);
		_exit(127);
	}
	close(pipes[1]);
	p->out = pipes[0];
	p->len = 0;
	p->log[0] = '\0';
}

/* Read more of its output. False: it ended, or nothing came in time. */
static bool
hear(struct process *p)
{
	struct pollfd f = { p->out, POLLIN, 0 };

	if (poll(&f, 1, PATIENCE_MS) != 1) {
		return false;
	}
	ssize_t n = read(p->out, p->log + p->len, LOG_SIZE - 1 - p->len);

	p->len += n > 0 ? (size_t)n : 0;
	p->log[p->len] = '\0';
	return n > 0;
}

/* Wait until it has said `text`; what follows it. */
static const char *
await_text(struct process *p, const char *text)
{
	const char *at = NULL;

	while ((at = strstr(p->log, text)) == NULL && hear(p)) {
	}
	ck_assert_msg(at != NULL, "not said: %s\n%s", text, p->log);
	return at + strlen(text);
}

/* The same, but said after `first`. */
static void
await_text_after(struct process *p, const char *first, const char *text)
{
	const char *at = await_text(p, first);

	while (strstr(at, text) == NULL && hear(p)) {
	}
	ck_assert_msg(strstr(at, text) != NULL, "not said: %s", text);
}

/* Its exit code, when it has ended by itself. */
static int
ended(struct process *p)
{
	int status = 0;

	while (hear(p)) {
	}
	ck_assert_int_eq(waitpid(p->pid, &status, 0), p->pid);
	close(p->out);
	ck_assert_msg(
	    WIFEXITED(status), "died of %d\n%s", WTERMSIG(status), p->log);
	return WEXITSTATUS(status);
}

static struct process run;

static struct sockaddr_in
loopback(uint16_t port)
{
	struct sockaddr_in in;

	memset(&in, 0, sizeof in);
	in.sin_family = AF_INET;
	in.sin_port = htons(port);
	in.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	return in;
}

/* A name server: its socket, and the line of configuration that names it. */
static char dns_line[64];

static int
dns_open(void)
{
	struct sockaddr_in in = loopback(0);
	socklen_t len = sizeof in;
	int fd = socket(AF_INET, SOCK_DGRAM, 0);

	ck_assert_int_eq(bind(fd, (struct sockaddr *)&in, sizeof in), 0);
	ck_assert_int_eq(getsockname(fd, (struct sockaddr *)&in, &len), 0);
	snprintf(dns_line, sizeof dns_line, "nameserver 127.0.0.1 port=%u",
	    (unsigned)ntohs(in.sin_port));
	fcntl(fd, F_SETFD, FD_CLOEXEC);
	return fd;
}

struct question {
	struct sockaddr_in from;
	uint8_t m[512];
	size_t end; /* of the question */
};

static void
dns_hear(int fd, struct question *q)
{
	struct pollfd f = { fd, POLLIN, 0 };
	socklen_t len = sizeof q->from;

	ck_assert_int_eq(poll(&f, 1, PATIENCE_MS), 1);
	ssize_t n = recvfrom(
	    fd, q->m, sizeof q->m, 0, (struct sockaddr *)&q->from, &len);

	ck_assert_int_gt(n, 12);
	q->end = 12;
	while (q->m[q->end] != 0) {
		q->end += q->m[q->end] + 1U;
		ck_assert_uint_lt(q->end, (size_t)n);
	}
	q->end += 5;
}

/* Answer with nothing but a response code. */
static void
dns_say(int fd, struct question *q, uint8_t rcode)
{
	q->m[2] = 0x81;
	q->m[3] = (uint8_t)(0x80 | rcode);
	memset(q->m + 6, 0, 6);
	ck_assert_int_eq(sendto(fd, q->m, q->end, 0,
			     (struct sockaddr *)&q->from, sizeof q->from),
	    (ssize_t)q->end);
}

static int
client(uint16_t port)
{
	struct sockaddr_in in = loopback(port);
	int fd = socket(AF_INET, SOCK_STREAM, 0);

	ck_assert_int_eq(connect(fd, (struct sockaddr *)&in, sizeof in), 0);
	return fd;
}

/* Ask for a key. */
static void
say(int fd, const char *key)
{
	char request[512];
	int n = snprintf(request, sizeof request, "%u:postfix %s,",
	    (unsigned)strlen(key) + 8, key);

	ck_assert_int_eq(send(fd, request, (size_t)n, MSG_NOSIGNAL), n);
}

static void
expect(int fd, const char *want)
{
	char got[512] = "";
	size_t n = 0;

	while (n < strlen(want)) {
		struct pollfd f = { fd, POLLIN, 0 };

		ck_assert_msg(poll(&f, 1, PATIENCE_MS) == 1, "no answer");
		ssize_t r = recv(fd, got + n, strlen(want) - n, 0);

		ck_assert_msg(r > 0, "closed after \"%s\"", got);
		n += (size_t)r;
	}
	ck_assert_str_eq(got, want);
}

/* Start a daemon that asks our name server; the port it listens on. */
static uint16_t
start(const char *const *extra)
{
	const char *args[ARGS_MAX] = { "serve", "-o", dns_line, "-o",
		"listen inet:127.0.0.1:0", "-o", "log_level debug" };
	unsigned n = 7;

	while (extra != NULL && *extra != NULL) {
		args[n++] = *extra++;
	}
	args[n] = NULL;
	spawn(&run, args);
	await_text(&run, "or:  mtasts query");
	return (uint16_t)strtoul(
	    await_text(&run, "listening on inet:127.0.0.1:"), NULL, 10);
}

static int
stop(void)
{
	ck_assert_int_eq(kill(run.pid, SIGTERM), 0);
	return ended(&run);
}

/* The command line: what it says and its exit code. */
static const struct {
	const char *name;
	const char *args[8];
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
	{ "word missing", { "query" }, 64, "query: something is missing" },
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
	{ "no metrics", { "serve", "-c", "/dev/null", "-t" }, 0,
	    "\nmetrics off\n" },
	{ "metrics", { "serve", "-t", "-o", "metrics unix:/x mode=0600" }, 0,
	    "\nmetrics unix:/x mode=0600\n" },
	{ "metrics cannot",
	    { "serve", "-o", "journal off", "-o", "listen inet:127.0.0.1:0",
		"-o", "metrics inet:192.0.2.1:1" },
	    70, "metrics inet:192.0.2.1:1: Cannot assign" },
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
	{ "no such address", { "serve", "-o", "listen inet:192.0.2.1:1" }, 70,
	    "listen inet:192.0.2.1:1: " },
};

START_TEST(command_table)
{
	for (size_t i = 0; i < UNIT_COUNT(commands); i++) {
		spawn(&run, commands[i].args);
		unit_int(commands[i].name, ended(&run), commands[i].code);
		ck_assert_msg(strstr(run.log, commands[i].text) != NULL,
		    "%s: not said: %s\n%s", commands[i].name, commands[i].text,
		    run.log);
	}
}
END_TEST

/* Answers, events, a broken and a good reload, an orderly end. */
START_TEST(life)
{
	char path[] = "/tmp/mtasts-daemon-XXXXXX";
	int conf = mkstemp(path);
	const char *extra[] = { "-c", path, NULL };
	struct question q;
	int dns = dns_open();
	uint16_t port = start(extra);
	int fd = client(port);

	say(fd, ".example.com");
	expect(fd, "9:NOTFOUND ,");
	say(fd, "example.com");
	dns_hear(dns, &q);
	dns_say(dns, &q, 3);
	expect(fd, "9:NOTFOUND ,");
	await_text(&run, "why=dns-nxdomain");

	ck_assert_int_eq(write(conf, "clients none\n", 13), 13);
	kill(run.pid, SIGHUP);
	await_text(&run, "reload: configuration not changed: ");
	await_text(&run, ":1: clients: expected a number");
	say(fd, ".example.com");
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
	say(fd, "x.example");
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

/* A bundle that changes is taken over; a broken one is not. */
START_TEST(roots_change)
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
	ck_assert_int_eq(ftruncate(file, (off_t)bundle.n / 2), 0);
	kill(run.pid, SIGHUP);
	await_text(&run, "reload: trust anchors not changed: ");
	/* Found by itself, without being told. */
	ck_assert_int_eq(
	    pwrite(file, bundle.p, bundle.n, 0), (ssize_t)bundle.n);
	await_text(&run, " trust anchors from ");
	await_text_after(&run, " trust anchors from ", "reload: done");
	ck_assert_int_eq(stop(), 0);
	close(dns);
	close(file);
	unlink(path);
}
END_TEST

/* Promise 5: what is in flight when SIGTERM comes is answered. */
START_TEST(drain)
{
	struct question q;
	int dns = dns_open();
	int fd = client(start(NULL));

	say(fd, "example.com");
	dns_hear(dns, &q);
	kill(run.pid, SIGTERM);
	await_text(&run, "stopping");
	dns_say(dns, &q, 3);
	expect(fd, "9:NOTFOUND ,");
	ck_assert_int_eq(ended(&run), 0);
	close(fd);
	close(dns);
}
END_TEST

/* A second SIGTERM does not wait for anybody. */
START_TEST(stop_at_once)
{
	struct question q;
	int dns = dns_open();
	int fd = client(start(NULL));

	say(fd, "example.com");
	dns_hear(dns, &q);
	kill(run.pid, SIGTERM);
	await_text(&run, "stopping");
	kill(run.pid, SIGTERM);
	ck_assert_int_eq(ended(&run), 0);
	ck_assert_ptr_nonnull(strstr(run.log, "with work in flight"));
	close(fd);
	close(dns);
}
END_TEST

/* A client that has half-closed gets its answer. */
START_TEST(half_closed)
{
	struct question q;
	int dns = dns_open();
	int fd = client(start(NULL));

	say(fd, "example.com");
	shutdown(fd, SHUT_WR);
	dns_hear(dns, &q);
	dns_say(dns, &q, 3);
	expect(fd, "9:NOTFOUND ,");
	char byte;

	ck_assert_int_eq(recv(fd, &byte, 1, 0), 0);
	close(fd);
	close(dns);
	ck_assert_int_eq(stop(), 0);
}
END_TEST

/* Killed: clients are reset, and the next one has the port at once. */
START_TEST(killed)
{
	char line[64], byte;
	int dns = dns_open();
	uint16_t port = start(NULL);
	int fd = client(port), status = 0;

	say(fd, ".example.com");
	expect(fd, "9:NOTFOUND ,");
	kill(run.pid, SIGKILL);
	ck_assert_int_eq(waitpid(run.pid, &status, 0), run.pid);
	close(run.out);
	ck_assert_int_eq(recv(fd, &byte, 1, 0), -1);
	ck_assert_int_eq(errno, ECONNRESET);
	close(fd);
	snprintf(line, sizeof line, "listen inet:127.0.0.1:%u", (unsigned)port);
	const char *extra[] = { "-o", line, NULL };

	start(extra);
	fd = client(port);
	say(fd, ".example.com");
	expect(fd, "9:NOTFOUND ,");
	close(fd);
	close(dns);
	ck_assert_int_eq(stop(), 0);
}
END_TEST

/* The listener is the supervisor's, and it is told how we are. */
static int handed, told;
static char told_path[] = "/tmp/mtasts-notify-XXXXXX";

static void
as_service(void)
{
	char pid[32];

	snprintf(pid, sizeof pid, "%ld", (long)getpid());
	setenv("LISTEN_PID", pid, 1);
	setenv("LISTEN_FDS", "1", 1);
	setenv("NOTIFY_SOCKET", told_path, 1);
	setenv("WATCHDOG_USEC", "200000", 1);
	dup2(handed, 3);
}

static void
expect_told(const char *want)
{
	char got[64] = "";
	struct pollfd f = { told, POLLIN, 0 };

	do {
		ck_assert_int_eq(poll(&f, 1, PATIENCE_MS), 1);
		memset(got, 0, sizeof got);
		ck_assert_int_gt(recv(told, got, sizeof got - 1, 0), 0);
	} while (strcmp(got, "WATCHDOG=1") == 0 && strcmp(got, want) != 0);
	ck_assert_str_eq(got, want);
}

START_TEST(service)
{
	struct sockaddr_in in = loopback(0);
	struct sockaddr_un un;
	socklen_t len = sizeof in;
	int dns = dns_open();
	const char *args[] = { "serve", "-o", dns_line, NULL };

	close(mkstemp(told_path));
	unlink(told_path);
	memset(&un, 0, sizeof un);
	un.sun_family = AF_UNIX;
	strcpy(un.sun_path, told_path);
	told = socket(AF_UNIX, SOCK_DGRAM, 0);
	ck_assert_int_eq(bind(told, (struct sockaddr *)&un, sizeof un), 0);
	handed = socket(AF_INET, SOCK_STREAM, 0);
	ck_assert_int_eq(bind(handed, (struct sockaddr *)&in, sizeof in), 0);
	ck_assert_int_eq(listen(handed, 5), 0);
	getsockname(handed, (struct sockaddr *)&in, &len);
	before_exec = as_service;
	spawn(&run, args);
	await_text(&run, "(inherited)");
	expect_told("READY=1");
	expect_told("WATCHDOG=1");
	expect_told("WATCHDOG=1");
	int fd = client(ntohs(in.sin_port));

	say(fd, ".example.com");
	expect(fd, "9:NOTFOUND ,");
	close(fd);
	kill(run.pid, SIGTERM);
	expect_told("STOPPING=1");
	ck_assert_int_eq(ended(&run), 0);
	/* Still the supervisor's: who connects now waits for the next one. */
	close(client(ntohs(in.sin_port)));
	close(told);
	close(dns);
	unlink(told_path);
}
END_TEST

/* Monitoring sees what mail servers were told. */
START_TEST(metrics)
{
	static const char get[] = "GET /metrics HTTP/1.0\r\n\r\n";
	const char *extra[] = { "-o", "metrics inet:127.0.0.1:0", NULL };
	static char got[1 << 16];
	size_t n = 0;
	ssize_t r;
	int dns = dns_open();
	int fd = client(start(extra));

	say(fd, ".example.com");
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

START_TEST(descriptor_limit)
{
	const char *args[] = { "serve", NULL };

	before_exec = few_descriptors;
	spawn(&run, args);
	ck_assert_int_eq(ended(&run), 78);
	ck_assert_ptr_nonnull(strstr(run.log, "open files, the limit is 64"));
}
END_TEST

START_TEST(other_user)
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

	if (f != NULL) { /* else the system has no such file */
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

/* What mtasts query says of each kind of answer. */
static const struct {
	const char *name;
	uint8_t rcode;
	int code;
	const char *text;
} answers[] = {
	{ "absent", 3, 1,
	    "\"result\":\"none\",\"answer\":\"NOTFOUND \","
	    "\"why\":\"dns-nxdomain\"" },
	{ "nodata", 0, 1, "\"why\":\"dns-nodata\"" },
	{ "refused", 5, 2, "\"result\":\"unknown\"" },
	{ "failed", 2, 2, "\"why\":\"dns-servfail\"" },
};

START_TEST(query_table)
{
	int dns = dns_open();

	for (size_t i = 0; i < UNIT_COUNT(answers); i++) {
		const char *args[] = { "query", "-o", dns_line, "--json",
			"example.com", NULL };
		struct pollfd f[2];

		spawn(&run, args);
		f[0].fd = dns;
		f[1].fd = run.out;
		f[0].events = f[1].events = POLLIN;
		/* Each try is answered the same. */
		while (poll(f, 2, PATIENCE_MS) > 0 && (f[0].revents & POLLIN)) {
			struct question q;

			dns_hear(dns, &q);
			dns_say(dns, &q, answers[i].rcode);
		}
		unit_int(answers[i].name, ended(&run), answers[i].code);
		ck_assert_msg(strstr(run.log, answers[i].text) != NULL,
		    "%s: %s", answers[i].name, run.log);
	}
	close(dns);
}
END_TEST

START_TEST(query_several)
{
	const char *args[] = { "query", "-o", "override x.example notfound",
		"-o", "override y.example postfix dane-only", "[192.0.2.1]",
		"y.example", ".z", "x.example", NULL };

	spawn(&run, args);
	ck_assert_int_eq(ended(&run), 1);
	ck_assert_msg(
	    strstr(run.log, "y.example: a policy is in "
			    "force\n  answer  OK dane-only\n") != NULL,
	    "%s", run.log);
	ck_assert_ptr_nonnull(strstr(run.log, "why     key-address"));
	ck_assert_ptr_nonnull(strstr(run.log, "why     key-parent"));
	ck_assert_ptr_nonnull(strstr(run.log, "why     override"));
}
END_TEST

/* What is kept between two lives. */

static char kept_path[64], kept_line[80];

static void
kept_begin(void)
{
	static char folder[] = "/tmp/mtasts-kept-XXXXXX";

	ck_assert_ptr_nonnull(mkdtemp(folder));
	snprintf(kept_path, sizeof kept_path, "%s/journal", folder);
	snprintf(kept_line, sizeof kept_line, "journal %s", kept_path);
}

static void
kept_end(void)
{
	char other[80];

	unlink(kept_path);
	snprintf(other, sizeof other, "%s.aside", kept_path);
	unlink(other);
	*strrchr(kept_path, '/') = '\0';
	ck_assert_int_eq(rmdir(kept_path), 0);
}

static struct sts_text
pattern_of(unsigned i)
{
	(void)i;
	return unit_span("mx.example.com");
}

/* A journal as a former instance left it: one policy, of just now. */
static void
keep_policy(void)
{
	static struct sts_file_store file;
	static struct sts_journal j;
	static uint8_t buf[STS_STORE_BUFFER];
	struct sts_journal_geometry g = { 1, STS_STORE_ERASE_SIZE, 0,
		STS_STORE_AREAS, 0 };
	struct sts_entry e;

	held_start();
	sts_ref ref = held_policy(
	    "example.com", STS_MODE_ENFORCE, 31536000, 1, pattern_of);

	sts_cache_get(&held, ref, &e);
	e.fetched_s = (uint32_t)time(NULL);
	sts_cache_set(&held, ref, &e, e.fetched_s, false);
	g.area_size = 2 * HELD_SIZE;
	ck_assert_int_eq(sts_store_open(&file, kept_path, true), 0);
	ck_assert_int_eq(sts_store_fill(&file, g.area_size, NULL), 0);
	ck_assert(sts_journal_init(&j, &g, &held, buf, sizeof buf));
	while (sts_journal_busy(&j)) {
		ck_assert_int_ge(sts_journal_step(&j, &file.store, 0), 0);
	}
	ck_assert_int_eq(sts_journal_state(&j), STS_JOURNAL_READY);
	sts_store_close(&file);
}

/* Promise 7, with nobody to ask: a name server that never answers. */
START_TEST(kept)
{
	const char *extra[] = { "-o", kept_line, NULL };
	int dns = dns_open(), status = 0;

	kept_begin();
	keep_policy();
	for (unsigned i = 0; i < 3; i++) {
		int fd = client(start(extra));

		say(fd, "example.com");
		expect(fd,
		    "50:OK secure match=mx.example.com servername=hostname,");
		ck_assert_ptr_nonnull(
		    strstr(run.log, "event=journal-loaded records=1 lost=0"));
		kill(run.pid, SIGKILL);
		ck_assert_int_eq(waitpid(run.pid, &status, 0), run.pid);
		close(run.out);
		close(fd);
	}
	start(extra);
	ck_assert_int_eq(stop(), 0);
	close(dns);
	kept_end();
}
END_TEST

/* The second instance waits until the first one has gone. */
START_TEST(kept_waits)
{
	static struct process first;
	const char *args[] = { "serve", "-o", dns_line, "-o", kept_line, "-o",
		"listen inet:127.0.0.1:0", NULL };
	int dns = dns_open();

	kept_begin();
	spawn(&first, args);
	await_text(&first, "or:  mtasts query");
	spawn(&run, args);
	await_text(&run, "waiting for the instance that has it");
	ck_assert_ptr_null(strstr(run.log, "listening"));
	kill(first.pid, SIGTERM);
	ck_assert_int_eq(ended(&first), 0);
	await_text(&run, "or:  mtasts query");
	ck_assert_int_eq(stop(), 0);
	close(dns);
	kept_end();
}
END_TEST

/* What is no journal is moved aside, and never a reason not to serve. */
START_TEST(kept_aside)
{
	const char *extra[] = { "-o", kept_line, NULL };
	int dns = dns_open();

	kept_begin();
	FILE *f = fopen(kept_path, "w");

	ck_assert_ptr_nonnull(f);
	fputs("something else\n", f);
	fclose(f);
	start(extra);
	await_text(&run, "not a journal; moved to ");
	ck_assert_int_eq(stop(), 0);
	close(dns);
	kept_end();
}
END_TEST

void
unit_tests(TCase *tc)
{
	tcase_add_test(tc, command_table);
	tcase_add_test(tc, life);
	tcase_add_test(tc, roots_change);
	tcase_add_test(tc, drain);
	tcase_add_test(tc, stop_at_once);
	tcase_add_test(tc, half_closed);
	tcase_add_test(tc, killed);
	tcase_add_test(tc, service);
	tcase_add_test(tc, metrics);
	tcase_add_test(tc, descriptor_limit);
	tcase_add_test(tc, other_user);
	tcase_add_test(tc, kept);
	tcase_add_test(tc, kept_waits);
	tcase_add_test(tc, kept_aside);
	tcase_add_test(tc, query_table);
	tcase_add_test(tc, query_several);
}
