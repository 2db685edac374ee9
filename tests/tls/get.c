/* SPDX-License-Identifier: MIT */
/*
 * One GET with tls/session over a socket of this machine, for servers.py:
 *
 *	get PORT NAME ANCHORS.pem [echo|COUNT]
 *
 * Prints the result: "ok", the number of bytes of the response, and how it
 * ended; or "failed" and the reason. Exit 0 after a response, otherwise 1. With
 * "echo" the client sends back what comes, so that the server sees records of
 * both directions. With a COUNT it repeats the GET so many times. The last
 * number is the median of the microseconds of this process that a GET took.
 */
#define _POSIX_C_SOURCE 200112L
#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "../../core/base/assert.h"
#include "../../tls/session.h"
#include "../../tls/x509/anchors.h"

enum {
	PEM_MAX = 1 << 20,
	BLOCK = 1 << 20,
	UNSENT_MAX = 400,
	COUNT_MAX = 10000
};

static uint8_t pem[PEM_MAX], block[BLOCK];
static size_t heard;
static char unsent[UNSENT_MAX]; /* what is to be sent */
static size_t unsent_len;
static bool echo;

void
sts_assert_failed(const char *file, int line)
{
	fprintf(stderr, "assertion failed: %s:%d\n", file, line);
	abort();
}

static void
die(const char *what)
{
	perror(what);
	exit(2);
}

static struct sts_anchors
anchors(const char *path)
{
	struct sts_anchors_load *l = malloc(sts_anchors_load_size());
	struct sts_anchors set = { NULL, 0, 0 };
	FILE *f = fopen(path, "rb");
	size_t n;

	if (f == NULL || l == NULL) {
		die(path);
	}
	n = fread(pem, 1, sizeof pem, f);
	fclose(f);
	sts_anchors_begin(l, block, sizeof block);
	sts_anchors_feed(l, sts_text(pem, n));
	if (sts_anchors_end(l, &set) != STS_ANCHORS_OK) {
		die("anchors");
	}
	free(l);
	return set;
}

static int
dial(const char *port)
{
	struct sockaddr_in a = { .sin_family = AF_INET,
		.sin_port = htons((uint16_t)atoi(port)),
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	int s = socket(AF_INET, SOCK_STREAM, 0);

	if (s < 0 || connect(s, (struct sockaddr *)&a, sizeof a) != 0) {
		die("connect");
	}
	return s;
}

static void
ask(const char *name)
{
	unsent_len = (size_t)snprintf(
	    unsent, sizeof unsent, "GET / HTTP/1.0\r\nHost: %s\r\n\r\n", name);
}

static void
send_some(struct sts_tls *t)
{
	struct sts_span room = sts_tls_app_send_buf(t);
	size_t n = unsent_len < room.n ? unsent_len : room.n;

	if (n > 0) {
		memcpy(room.p, unsent, n);
		sts_tls_app_send_ack(t, n);
		sts_tls_app_flush(t);
		memmove(unsent, unsent + n, unsent_len - n);
		unsent_len -= n;
	}
}

static void
hear(struct sts_tls *t)
{
	struct sts_text in = sts_tls_app_recv_buf(t);

	if (echo) {
		size_t room = sizeof unsent - unsent_len;

		in.n = in.n < room ? in.n : room;
		memcpy(unsent + unsent_len, in.p, in.n);
		unsent_len += in.n;
	}
	heard += in.n;
	sts_tls_app_recv_ack(t, in.n);
}

static void
serve(struct sts_tls *t, int s)
{
	for (;;) {
		unsigned wants = sts_tls_wants(t);
		struct sts_text out = sts_tls_rec_send_buf(t);
		struct sts_span in = sts_tls_rec_recv_buf(t);
		ssize_t n;

		if ((wants & STS_TLS_WORK) != 0) {
			sts_tls_work(t);
		} else if ((wants & STS_TLS_APP_SEND) != 0 && unsent_len > 0) {
			/* In TLS 1.3 the request goes out with our flight. */
			send_some(t);
		} else if ((wants & STS_TLS_REC_SEND) != 0) {
			n = send(s, out.p, out.n, MSG_NOSIGNAL);
			if (n <= 0) {
				return;
			}
			sts_tls_rec_send_ack(t, (size_t)n);
		} else if ((wants & (STS_TLS_FAILED | STS_TLS_CLOSED)) != 0) {
			return;
		} else if ((wants & STS_TLS_APP_RECV) != 0) {
			hear(t);
		} else {
			n = recv(s, in.p, in.n, 0);
			if (n > 0) {
				sts_tls_rec_recv_ack(t, (size_t)n);
			} else {
				sts_tls_peer_closed(t);
			}
		}
	}
}

/* One connection; counts anew what comes. */
static void
get(struct sts_tls *t, char **argv, const struct sts_anchors *set)
{
	uint8_t rnd[STS_TLS_RND];
	FILE *f = fopen("/dev/urandom", "rb");
	int s;

	if (f == NULL || fread(rnd, 1, sizeof rnd, f) != sizeof rnd) {
		die("/dev/urandom");
	}
	fclose(f);
	heard = unsent_len = 0;
	s = dial(argv[1]);
	sts_tls_start(t, sts_text((const uint8_t *)argv[2], strlen(argv[2])),
	    set, (int64_t)time(NULL), rnd);
	sts_tls_use_alpn(t, sts_text((const uint8_t *)"http/1.1", 8));
	ask(argv[2]);
	serve(t, s);
	close(s);
}

static double
used_us(void)
{
	struct timespec t;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
	return (double)t.tv_sec * 1e6 + (double)t.tv_nsec / 1e3;
}

static int
compare(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

/* Get so many times, or once. Returns the median in microseconds. */
static double
get_all(
    struct sts_tls *t, char **argv, const struct sts_anchors *set, int count)
{
	static double took[COUNT_MAX];

	for (int i = 0; i < count; i++) {
		double began = used_us();

		get(t, argv, set);
		took[i] = used_us() - began;
	}
	qsort(took, (size_t)count, sizeof *took, compare);
	return took[count / 2];
}

int
main(int argc, char **argv)
{
	struct sts_tls *t = malloc(sts_tls_size());
	int count = argc == 5 ? atoi(argv[4]) : 1;
	struct sts_anchors set;
	double median;

	if (argc < 4 || argc > 5 || t == NULL || count < 0 ||
	    count > COUNT_MAX) {
		fprintf(stderr, "usage: get PORT NAME ANCHORS [echo|COUNT]\n");
		return 2;
	}
	echo = count == 0; /* not a number */
	set = anchors(argv[3]);
	median = get_all(t, argv, &set, echo ? 1 : count);
	printf("%s %zu %s %.0f\n", heard > 0 ? "ok" : "failed", heard,
	    (sts_tls_wants(t) & STS_TLS_FAILED) != 0
		? sts_why_token(sts_tls_why(t))
		: "closed",
	    median);
	free(t);
	return heard > 0 ? 0 : 1;
}
