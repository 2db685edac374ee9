/* SPDX-License-Identifier: MIT */
/*
 * The daemon and its commands as processes: STS_DAEMON is the binary. Also a
 * name server that the test plays, clients, and a journal that an earlier
 * daemon left. Include this header before anything else.
 */
#ifndef STS_DAEMON_H
#define STS_DAEMON_H

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

#include "../../core/journal/journal.h"
#include "../../port/posix/store.h"
#include "held.h"
#include "unit.h"

enum {
	PATIENCE_MS = 20000, /* how long a test waits for what must come */
	LOG_SIZE = 1 << 16,
	ARGS_MAX = 24
};

struct process {
	pid_t pid;
	int out; /* its stdout and stderr */
	size_t len;
	char log[LOG_SIZE];
};

/* What the child does before it executes the daemon. */
static void (*before_exec)(void);

static inline void
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

/* Read more of the process's output. Returns false if the process has ended or
 * writes nothing in time. */
static inline bool
read_output(struct process *p)
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

/* Wait until the process has logged `text`. Returns what follows the text. */
static inline const char *
await_text(struct process *p, const char *text)
{
	const char *at = NULL;

	while ((at = strstr(p->log, text)) == NULL && read_output(p)) {
	}
	ck_assert_msg(at != NULL, "not logged: %s\n%s", text, p->log);
	return at + strlen(text);
}

/* The same, for a text that is logged after `first`. */
static inline void
await_text_after(struct process *p, const char *first, const char *text)
{
	const char *at = await_text(p, first);

	while (strstr(at, text) == NULL && read_output(p)) {
	}
	ck_assert_msg(
	    strstr(at, text) != NULL, "not logged: %s\n%s", text, p->log);
}

/* The exit code of a process that ends by itself. */
static inline int
ended(struct process *p)
{
	int status = 0;

	while (read_output(p)) {
	}
	ck_assert_int_eq(waitpid(p->pid, &status, 0), p->pid);
	close(p->out);
	ck_assert_msg(
	    WIFEXITED(status), "died of %d\n%s", WTERMSIG(status), p->log);
	return WEXITSTATUS(status);
}

static struct process run;

static inline struct sockaddr_in
loopback(uint16_t port)
{
	struct sockaddr_in in;

	memset(&in, 0, sizeof in);
	in.sin_family = AF_INET;
	in.sin_port = htons(port);
	in.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	return in;
}

/* A name server: its socket, and the configuration line that names it. */
static char dns_line[64];

static inline int
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

static inline void
dns_receive(int fd, struct question *q)
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

/* Answer with a response code and no records. */
static inline void
dns_reply(int fd, struct question *q, uint8_t rcode)
{
	q->m[2] = 0x81;
	q->m[3] = (uint8_t)(0x80 | rcode);
	memset(q->m + 6, 0, 6);
	ck_assert_int_eq(sendto(fd, q->m, q->end, 0,
			     (struct sockaddr *)&q->from, sizeof q->from),
	    (ssize_t)q->end);
}

static inline int
client(uint16_t port)
{
	struct sockaddr_in in = loopback(port);
	int fd = socket(AF_INET, SOCK_STREAM, 0);

	ck_assert_int_eq(connect(fd, (struct sockaddr *)&in, sizeof in), 0);
	return fd;
}

static inline void
send_key(int fd, const char *key)
{
	char request[512];
	int n = snprintf(request, sizeof request, "%u:postfix %s,",
	    (unsigned)strlen(key) + 8, key);

	ck_assert_int_eq(send(fd, request, (size_t)n, MSG_NOSIGNAL), n);
}

static inline void
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

/* The configuration line of the daemon's control socket. */
static char control_line[96] = "control off";

/* Start a daemon that asks the test's name server. Returns the port that the
 * daemon listens on. */
static inline uint16_t
start(const char *const *extra)
{
	const char *args[ARGS_MAX] = { "serve", "-o", dns_line, "-o",
		"listen inet:127.0.0.1:0", "-o", "log_level debug", "-o",
		control_line };
	unsigned n = 9;

	while (extra != NULL && *extra != NULL) {
		args[n++] = *extra++;
	}
	args[n] = NULL;
	spawn(&run, args);
	await_text(&run, "or:  mtasts query");
	return (uint16_t)strtoul(
	    await_text(&run, "listening on inet:127.0.0.1:"), NULL, 10);
}

static inline int
stop(void)
{
	ck_assert_int_eq(kill(run.pid, SIGTERM), 0);
	return ended(&run);
}

static inline void
kill_daemon(void)
{
	int status = 0;

	ck_assert_int_eq(kill(run.pid, SIGKILL), 0);
	ck_assert_int_eq(waitpid(run.pid, &status, 0), run.pid);
	close(run.out);
}

/* In the child: the supervisor hands over this many sockets, from 3 on. */
static inline void
hand_over(const char *count)
{
	char pid[32];

	snprintf(pid, sizeof pid, "%ld", (long)getpid());
	setenv("LISTEN_PID", pid, 1);
	setenv("LISTEN_FDS", count, 1);
}

/* The journal that one daemon leaves to the next. */

static char kept_path[64], kept_line[80];

static inline void
kept_begin(void)
{
	static char folder[] = "/tmp/mtasts-kept-XXXXXX";

	ck_assert_ptr_nonnull(mkdtemp(folder));
	snprintf(kept_path, sizeof kept_path, "%s/journal", folder);
	snprintf(kept_line, sizeof kept_line, "journal %s", kept_path);
}

static inline void
kept_end(void)
{
	char other[80];

	unlink(kept_path);
	snprintf(other, sizeof other, "%s.aside", kept_path);
	unlink(other);
	*strrchr(kept_path, '/') = '\0';
	ck_assert_int_eq(rmdir(kept_path), 0);
}

static inline struct sts_text
pattern_of(unsigned i)
{
	(void)i;
	return unit_span("mx.example.com");
}

/* Write a journal as an earlier daemon left it, with the first `count`
 * policies: those of example.com and later.example were fetched just now, each
 * other one a day earlier than the one before it. */
static inline void
keep_policies(unsigned count)
{
	static const char *const domains[] = { "example.com", "later.example",
		"c.example", "d.example", "e.example", "f.example" };
	static struct sts_file_store file;
	static struct sts_journal j;
	static uint8_t buf[STS_STORE_BUFFER];
	struct sts_journal_geometry g = { 1, STS_STORE_ERASE_SIZE, 0,
		STS_STORE_AREAS, 0 };
	struct sts_entry e;

	held_start();
	for (unsigned i = 0; i < count; i++) {
		sts_ref ref = held_policy(
		    domains[i], STS_MODE_ENFORCE, 31536000, 1, pattern_of);

		sts_cache_get(&held, ref, &e);
		e.fetched_s =
		    (uint32_t)time(NULL) - (i > 1 ? i - 1 : 0) * 86400;
		sts_cache_set(&held, ref, &e, sts_now(e.fetched_s, false));
	}
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

static inline void
keep_policy(void)
{
	keep_policies(1);
}

#endif
