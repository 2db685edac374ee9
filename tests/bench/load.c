/* SPDX-License-Identifier: MIT */
/*
 * A socketmap server that does as little as a server can, and a client that
 * asks as fast as it is answered, for bench.py.
 *
 *	load null                      prints its port; parses netstrings,
 *	                               answers a constant
 *	load ask PORT DOMAIN CONNECTIONS PIPELINED MILLISECONDS
 *	                               prints answers a second, and the 99th of
 *	                               100 waits in microseconds
 *
 * Each connection sends its questions in one piece and waits for all the
 * answers before it sends the next. DOMAIN may be @COUNT or @COUNT/STEP: COUNT
 * domains of domains.h, with the numbers 0, STEP, 2 * STEP, ..., from which
 * each question draws one.
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "domains.h"

enum {
	CONNECTIONS = 64,
	PIPELINED = 64,
	ROOM = 65536,
	WAITS = 1 << 22,
	LEN_MAX = 9999
};

struct conn {
	int fd;
	size_t n; /* octets of the last, incomplete netstring */
	unsigned missing; /* answers to come */
	double sent_us;
	char in[ROOM];
};

static struct conn conns[CONNECTIONS];
static float waits[WAITS];
static char out[ROOM];

static void
need(int good, const char *what)
{
	if (!good) {
		fprintf(stderr, "load: %s: %s\n", what, strerror(errno));
		exit(1);
	}
}

static double
now_us(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec * 1e6 + (double)t.tv_nsec / 1e3;
}

/* The length of the netstring at p with its head and comma, or 0 while it is
 * incomplete. */
static size_t
netstring(const char *p, size_t n)
{
	size_t len = 0, i = 0;

	while (i < n && p[i] >= '0' && p[i] <= '9') {
		len = len * 10 + (size_t)(p[i++] - '0');
		need(len <= LEN_MAX, "no netstring");
	}
	if (i == n || n < i + len + 2) {
		return 0;
	}
	need(i > 0 && p[i] == ':' && p[i + len + 1] == ',', "no netstring");
	return i + len + 2;
}

/* Read what has come. Returns the number of complete netstrings, or -1 at the
 * end of the stream. Every netstring must have `word`. */
static int
take(struct conn *c, const char *word)
{
	ssize_t got = recv(c->fd, c->in + c->n, sizeof c->in - c->n, 0);
	size_t at = 0, len;
	int count = 0;

	if (got <= 0) {
		return -1;
	}
	c->n += (size_t)got;
	while ((len = netstring(c->in + at, c->n - at)) > 0) {
		need(memmem(c->in + at, len, word, strlen(word)) != NULL,
		    "another answer");
		at += len;
		count++;
	}
	c->n -= at;
	memmove(c->in, c->in + at, c->n);
	return count;
}

/* ---- the server ---- */

static void
answer(struct conn *c)
{
	static const char constant[] =
	    "52:OK secure match=mail.example servername=hostname xxx,";
	int count = take(c, "postfix ");
	size_t n = 0;

	if (count < 0) {
		close(c->fd);
		c->fd = -1;
		return;
	}
	need((size_t)count * sizeof constant < sizeof out, "too many");
	for (int i = 0; i < count; i++) {
		memcpy(out + n, constant, sizeof constant - 1);
		n += sizeof constant - 1;
	}
	need(send(c->fd, out, n, MSG_NOSIGNAL) == (ssize_t)n, "send");
}

static void
watch(int ep, int fd, void *who)
{
	struct epoll_event e;

	memset(&e, 0, sizeof e);
	e.events = EPOLLIN;
	e.data.ptr = who;
	need(epoll_ctl(ep, EPOLL_CTL_ADD, fd, &e) == 0, "epoll_ctl");
}

static void
welcome(int ep, int listener)
{
	unsigned i = 0;

	while (i < CONNECTIONS && conns[i].fd >= 0) {
		i++;
	}
	need(i < CONNECTIONS, "too many connections");
	conns[i].n = 0;
	conns[i].fd = accept(listener, NULL, NULL);
	need(conns[i].fd >= 0, "accept");
	watch(ep, conns[i].fd, &conns[i]);
}

static void
serve(void)
{
	struct sockaddr_in a;
	socklen_t size = sizeof a;
	int listener = socket(AF_INET, SOCK_STREAM, 0), ep = epoll_create1(0);

	memset(&a, 0, sizeof a);
	a.sin_family = AF_INET;
	a.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	need(bind(listener, (struct sockaddr *)&a, size) == 0, "bind");
	need(listen(listener, CONNECTIONS) == 0, "listen");
	need(getsockname(listener, (struct sockaddr *)&a, &size) == 0, "port");
	printf("%d\n", ntohs(a.sin_port));
	fflush(stdout);
	watch(ep, listener, NULL);
	for (;;) {
		struct epoll_event e[CONNECTIONS];
		int n = epoll_wait(ep, e, CONNECTIONS, -1);

		for (int i = 0; i < n; i++) {
			if (e[i].data.ptr == NULL) {
				welcome(ep, listener);
			} else {
				answer(e[i].data.ptr);
			}
		}
	}
}

/* ---- the client ---- */

static const char *domain; /* NULL: each question draws one */
static uint32_t count_drawn, step_drawn = 1;
static uint64_t seed = UINT64_C(0x9e3779b97f4a7c15);

/* Choose what to ask for by the argument DOMAIN. */
static void
choose(const char *arg)
{
	const char *slash = strchr(arg, '/');

	if (arg[0] != '@') {
		domain = arg;
		return;
	}
	count_drawn = (uint32_t)strtoul(arg + 1, NULL, 10);
	step_drawn = slash != NULL ? (uint32_t)strtoul(slash + 1, NULL, 10) : 1;
	need(count_drawn > 0, "domains");
}

/* Append a question to what is sent. Returns its length. */
static size_t
question(char *to)
{
	char name[BENCH_NAME_MAX];
	const char *asked = domain;

	if (asked == NULL) {
		seed ^= seed << 13;
		seed ^= seed >> 7;
		seed ^= seed << 17;
		bench_domain(
		    name, (uint32_t)(seed >> 32) % count_drawn * step_drawn);
		asked = name;
	}
	return (size_t)snprintf(
	    to, 512, "%zu:postfix %.255s,", strlen(asked) + 8, asked);
}

static void
ask(struct conn *c, unsigned pipelined)
{
	static size_t n; /* length of the part that never changes */

	if (n == 0 || domain == NULL) {
		n = 0;
		for (unsigned i = 0; i < pipelined; i++) {
			n += question(out + n);
		}
	}
	c->sent_us = now_us();
	c->missing = pipelined;
	need(send(c->fd, out, n, MSG_NOSIGNAL) == (ssize_t)n, "send");
}

static int
ascending(const void *a, const void *b)
{
	const float *x = a, *y = b;

	return (*x > *y) - (*x < *y);
}

static void
join(int ep, struct conn *c, const char *port)
{
	struct sockaddr_in a;

	memset(&a, 0, sizeof a);
	a.sin_family = AF_INET;
	a.sin_port = htons((uint16_t)atoi(port));
	a.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	c->fd = socket(AF_INET, SOCK_STREAM, 0);
	need(connect(c->fd, (struct sockaddr *)&a, sizeof a) == 0, "connect");
	watch(ep, c->fd, c);
}

static void
load(char **argv)
{
	unsigned many = (unsigned)atoi(argv[2]), pipelined;
	size_t count = 0, answers = 0;
	int ep = epoll_create1(0);
	double began, until, end;

	pipelined = (unsigned)atoi(argv[3]);
	need(many >= 1 && many <= CONNECTIONS && pipelined >= 1 &&
		 pipelined <= PIPELINED,
	    "connections");
	choose(argv[1]);
	for (unsigned i = 0; i < many; i++) {
		join(ep, &conns[i], argv[0]);
	}
	began = now_us();
	until = began + atof(argv[4]) * 1e3;
	for (unsigned i = 0; i < many; i++) {
		ask(&conns[i], pipelined);
	}
	do {
		struct epoll_event e[CONNECTIONS];
		int ready = epoll_wait(ep, e, CONNECTIONS, 10000);

		need(ready > 0, "no answer");
		end = now_us();
		for (int i = 0; i < ready; i++) {
			struct conn *c = e[i].data.ptr;
			int got = take(c, "OK secure match=");

			need(got >= 0 && (unsigned)got <= c->missing, "answer");
			answers += (size_t)got;
			c->missing -= (unsigned)got;
			if (c->missing == 0) {
				waits[count++ % WAITS] =
				    (float)(now_us() - c->sent_us);
				ask(c, pipelined);
			}
		}
	} while (end < until);
	count = count < WAITS ? count : WAITS;
	need(count > 0, "too short");
	qsort(waits, count, sizeof *waits, ascending);
	printf("%.0f %.1f\n", (double)answers * 1e6 / (end - began),
	    (double)waits[count * 99 / 100]);
}

int
main(int argc, char **argv)
{
	for (unsigned i = 0; i < CONNECTIONS; i++) {
		conns[i].fd = -1;
	}
	if (argc == 2 && strcmp(argv[1], "null") == 0) {
		serve();
	}
	need(argc == 7 && strcmp(argv[1], "ask") == 0,
	    "usage: load null | ask PORT DOMAIN CONNECTIONS PIPELINED MS");
	load(argv + 2);
	return 0;
}
