/* SPDX-License-Identifier: MIT */
/*
 * Firmware that sends mail itself delivers one, with what MTA-STS demands.
 *
 *	deliver "ANSWER" HELO MX ADDRESS[:PORT] ROOTS.pem FROM TO... <MESSAGE
 *
 * ANSWER is what the agent answers for the domain (sts.h's sts_query, or
 * `mtasts query`): "secure match=PATTERN:PATTERN servername=hostname", or
 * anything else for a domain without a policy. The program stands for one host
 * of the domain's MX records; a mail server goes through all of them in their
 * order, to the next one after every reason but a recipient's own.
 *
 * Exit 0: taken for all; 69: refused for good for one; 75: to be tried again.
 */
#define _DEFAULT_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "../../core/base/assert.h"
#include "../../core/base/name.h"
#include "../../core/base/text.h"
#include "../../core/smtp/smtp_submit.h"

enum {
	ROOTS_SIZE = 65536,
	SCRATCH = 4096,
	REFUSED = 69,
	LATER = 75
};

static const struct sts_engine_ops *const ops = &sts_smtp_submit_ops;

/* All memory that it takes, reserved at link time. */
static struct sts_smtp_submit mail;
static uint64_t tls[STS_TLS_SIZE_MAX / 8 + 1];

/* What the domain demands, from the agent's answer. */
struct demand {
	bool secure; /* TLS, a host of the policy, a certificate for it */
	struct sts_text match; /* "mx.example.com:.example.net" */
};

static struct demand
demand_of(struct sts_text answer)
{
	struct demand d = { false, { NULL, 0 } };

	d.secure =
	    sts_text_is(sts_text_word(&answer, STS_BLANK_SPACE), "secure");
	while (answer.n > 0) {
		struct sts_text word = sts_text_word(&answer, STS_BLANK_SPACE);

		if (sts_text_take(&word, "match=")) {
			d.match = word;
		}
	}
	return d;
}

/* RFC 8461 4.1: a pattern ".example.net" is for one more label. */
static bool
is_host_of(struct sts_text match, struct sts_text mx)
{
	while (match.n > 0) {
		struct sts_text pattern = sts_text_field(&match, ':');
		uint8_t wild[STS_NAME_MAX + 2] = { '*' };

		if (pattern.n > 0 && pattern.n <= STS_NAME_MAX &&
		    pattern.p[0] == '.') {
			memcpy(wild + 1, pattern.p, pattern.n);
			pattern = sts_text(wild, pattern.n + 1);
		}
		if (sts_name_match(pattern, mx)) {
			return true;
		}
	}
	return false;
}

/* ---- the engine served over a socket ---- */

static sts_ms
now_ms(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (
	    sts_ms)((uint64_t)t.tv_sec * 1000 + (uint64_t)t.tv_nsec / 1000000);
}

static int
io_error(void)
{
	switch (errno) {
	case ECONNREFUSED:
		return STS_IO_REFUSED;
	case ECONNRESET:
	case EPIPE:
		return STS_IO_RESET;
	case EMFILE:
	case ENFILE:
	case ENOBUFS:
		return STS_IO_LIMIT;
	default:
		return STS_IO_UNREACHABLE;
	}
}

/* Begin to connect; -1: it cannot be done. */
static int
dial(const struct sts_addr *to)
{
	struct sockaddr_in6 six = { .sin6_family = AF_INET6,
		.sin6_port = htons(to->port) };
	struct sockaddr_in four = { .sin_family = AF_INET,
		.sin_port = htons(to->port) };
	bool is_six = to->af == STS_AF_INET6;
	const void *p = is_six ? (const void *)&six : (const void *)&four;
	int fd = socket(is_six ? AF_INET6 : AF_INET, SOCK_STREAM, 0);

	memcpy(&six.sin6_addr, to->ip, sizeof six.sin6_addr);
	memcpy(&four.sin_addr, to->ip, sizeof four.sin_addr);
	if (fd >= 0 &&
	    (fcntl(fd, F_SETFL, O_NONBLOCK) != 0 ||
		(connect(fd, p, is_six ? sizeof six : sizeof four) != 0 &&
		    errno != EINPROGRESS))) {
		close(fd);
		return -1;
	}
	return fd;
}

/* Until the socket is ready for these events, or the engine's deadline. */
static bool
ready(int fd, short events)
{
	struct pollfd f = { fd, events, 0 };
	int wait = -1;
	sts_ms at;

	if (ops->deadline(&mail, &at)) {
		wait = (int32_t)(at - now_ms());
		wait = wait < 0 ? 0 : wait;
	}
	return poll(&f, 1, wait) > 0;
}

static void
lose(int *fd, int why)
{
	if (*fd >= 0 && why != STS_IO_EOF) {
		close(*fd);
		*fd = -1;
	}
	ops->lost(&mail, why);
}

static void
open_channel(int *fd)
{
	int error = 0;
	socklen_t len = sizeof error;

	if (*fd < 0 && (*fd = dial(ops->peer(&mail))) < 0) {
		lose(fd, io_error());
	} else if (ready(*fd, POLLOUT)) {
		getsockopt(*fd, SOL_SOCKET, SO_ERROR, &error, &len);
		errno = error;
		if (error != 0) {
			lose(fd, io_error());
		} else {
			ops->opened(&mail);
		}
	}
}

static void
move(int *fd, unsigned wants)
{
	static uint8_t scratch[SCRATCH];
	struct sts_span lent = { scratch, sizeof scratch };
	bool sends = (wants & STS_WANT_SEND) != 0;
	ssize_t n;

	if (!ready(*fd, sends ? POLLOUT : POLLIN)) {
		return; /* the time is over: the next tick says what for */
	}
	if (sends) {
		struct sts_text t = ops->send_buf(&mail, lent);

		n = send(*fd, t.p, t.n, MSG_NOSIGNAL);
	} else {
		lent = ops->recv_buf(&mail, lent);
		n = recv(*fd, lent.p, lent.n, 0);
	}
	if (n > 0 && sends) {
		ops->send_ack(&mail, (size_t)n);
	} else if (n > 0) {
		ops->recv_ack(&mail, sts_span(lent.p, (size_t)n));
	} else if (n == 0) {
		lose(fd, STS_IO_EOF);
	} else if (errno != EAGAIN && errno != EINTR) {
		lose(fd, io_error());
	}
}

/* What the engine leaves to its owner. False: it is over. */
static bool
own(bool secure)
{
	static uint8_t body[SCRATCH];
	static size_t off, len;
	const struct sts_smtp_found *f = &mail.p.found;

	switch (sts_smtp_submit_at(&mail)) {
	case STS_SMTP_SUBMIT_JUDGE:
		printf("TLS 1.%u, %s\n", f->tls_version - 0x301U,
		    f->path == STS_WHY_NONE ? "trusted"
					    : sts_why_token(f->path));
		sts_smtp_submit_judged(&mail, secure ? f->path : STS_WHY_NONE);
		return true;
	case STS_SMTP_SUBMIT_BODY:
		if (off == len) {
			off = 0;
			len = fread(body, 1, sizeof body, stdin);
		}
		if (len > 0) {
			off += sts_smtp_submit_body(
			    &mail, sts_text(body + off, len - off));
		} else if (ferror(stdin)) {
			sts_smtp_submit_stop(&mail, STS_WHY_SMTP_DATA);
		} else {
			sts_smtp_submit_body_end(&mail);
		}
		return true;
	default:
		return false;
	}
}

static void
serve(bool secure)
{
	int fd = -1;

	for (;;) {
		unsigned wants;

		ops->tick(&mail, now_ms(), -1);
		wants = ops->wants(&mail);
		if ((wants & STS_WANT_OWNER) != 0) {
			if (!own(secure)) {
				return;
			}
		} else if ((wants & STS_WANT_CLOSE) != 0) {
			lose(&fd, STS_IO_CLOSED);
		} else if ((wants & STS_WANT_STREAM) != 0) {
			open_channel(&fd);
		} else if ((wants & STS_WANT_WORK) != 0) {
			ops->work(&mail);
		} else {
			move(&fd, wants);
		}
	}
}

/* ---- what stands in for a board ---- */

void
sts_assert_failed(const char *file, int line)
{
	fprintf(stderr, "%s:%d: assertion failed\n", file, line);
	abort(); /* a board resets */
}

static bool
load_roots(const char *path, struct sts_anchors *roots)
{
	static uint64_t load[STS_ANCHORS_LOAD_SIZE_MAX / 8];
	static uint8_t pem[ROOTS_SIZE], block[ROOTS_SIZE];
	struct sts_anchors_load *l = (struct sts_anchors_load *)load;
	FILE *f = fopen(path, "rb");
	size_t n = f == NULL ? 0 : fread(pem, 1, sizeof pem, f);

	if (f != NULL) {
		fclose(f);
	}
	sts_anchors_begin(l, block, sizeof block);
	sts_anchors_feed(l, sts_text(pem, n));
	return n > 0 && n < sizeof pem &&
	       sts_anchors_end(l, roots) == STS_ANCHORS_OK;
}

/* "192.0.2.1:2525" or an IPv6 address; without a port it is 25. */
static bool
read_address(const char *text, struct sts_addr *a)
{
	char host[INET6_ADDRSTRLEN];
	const char *port = strchr(text, ':');
	bool is_six = port != NULL && strchr(port + 1, ':') != NULL;

	memset(a, 0, sizeof *a);
	port = is_six ? NULL : port;
	a->af = is_six ? STS_AF_INET6 : STS_AF_INET;
	a->port = (uint16_t)(port != NULL ? atoi(port + 1) : 25);
	snprintf(host, sizeof host, "%.*s",
	    (int)(port != NULL ? (size_t)(port - text) : strlen(text)), text);
	return inet_pton(is_six ? AF_INET6 : AF_INET, host, a->ip) == 1;
}

static bool
draw(uint8_t *p, size_t n)
{
	FILE *f = fopen("/dev/urandom", "rb");
	bool ok = f != NULL && fread(p, 1, n, f) == n;

	if (f != NULL) {
		fclose(f);
	}
	return ok;
}

/* What became of it, in words and as an exit code. */
static int
report(const char *mx, char **to, unsigned rcpts)
{
	static const char *const words[] = { "later", "taken", "refused",
		"in doubt" };
	const struct sts_smtp_found *f = &mail.p.found;
	int code = 0;

	printf("%s: %s: %s", mx, sts_why_token(f->why), sts_why_text(f->why));
	printf(f->code != 0 ? " (%u %.*s)\n" : "\n", f->code, f->text_len,
	    (const char *)f->text);
	for (unsigned i = 0; i < rcpts; i++) {
		enum sts_smtp_outcome outcome = mail.rcpt[i].outcome;

		printf("%s: %s\n", to[i], words[outcome]);
		if (outcome == STS_SMTP_REFUSED) {
			code = REFUSED;
		} else if (outcome != STS_SMTP_TAKEN && code == 0) {
			code = LATER;
		}
	}
	return code;
}

int
main(int argc, char **argv)
{
	struct sts_text rcpt[STS_SMTP_RCPTS_MAX];
	struct sts_smtp_mail m = { .rcpt = rcpt };
	struct sts_smtp_setup u = { .tls = (struct sts_tls *)tls };
	struct sts_anchors roots;
	struct demand d;

	if (argc < 8 || argc - 7 > STS_SMTP_RCPTS_MAX ||
	    !read_address(argv[4], &u.addr) || !load_roots(argv[5], &roots) ||
	    !draw(u.rnd, sizeof u.rnd)) {
		fprintf(stderr, "usage: deliver ANSWER HELO MX ADDRESS[:PORT] "
				"ROOTS.pem FROM TO... <MESSAGE\n");
		return 64;
	}
	d = demand_of(sts_text_of(argv[1]));
	u.helo = sts_text_of(argv[2]);
	u.host = sts_text_of(argv[3]);
	u.anchors = &roots;
	u.wall_s = time(NULL);
	u.starttls = d.secure ? STS_SMTP_TLS_MUST : STS_SMTP_TLS_MAY;
	if (!sts_smtp_helo_valid(u.helo) || !sts_name_valid(u.host)) {
		fprintf(stderr, "deliver: HELO or MX is no host name\n");
		return 64;
	}
	if (d.secure && !is_host_of(d.match, u.host)) {
		printf("%s: no host of the policy\n", argv[3]);
		return LATER;
	}
	m.from = sts_text_of(argv[6]);
	for (; m.rcpts < (unsigned)argc - 7; m.rcpts++) {
		rcpt[m.rcpts] = sts_text_of(argv[7 + m.rcpts]);
	}
	sts_smtp_submit_begin(&mail, &u, &m, now_ms());
	serve(d.secure);
	argc = report(argv[3], argv + 7, m.rcpts);
	sts_smtp_submit_end(&mail);
	return argc;
}
