/* SPDX-License-Identifier: MIT */
/*
 * Ten thousand clients at a daemon that has slots for a thousand, and the name
 * server that it asks: flood PORT SECONDS CLIENTS DOMAINS LIMIT_S
 *
 * Good clients ask by the rules of Postfix's smtp(8): they keep one connection,
 * replace it once when it turns out to be reset, and allow 100 s for each step.
 * All others misbehave in some way. Questions are about DOMAINS domains that
 * have a policy, k0.kill0.example and so on, whose answers are read from
 * standard input, a line each; and about names that nobody has asked for
 * before. First the clients ask for the domains in calm. Then the flood begins:
 *
 *	the first half    the name server answers
 *	a quarter         it is silent
 *	the rest          it answers again
 *
 * The name server's port is the first line of standard output. Then come lines
 * "phase NAME" as phases begin, and at the end the results. Exit code 1: a good
 * client lost an answer, had a wrong one, or waited longer than LIMIT_S.
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum {
	PATIENCE_MS = 100000, /* Postfix's, for each step */
	KEEPS_MS = 10000, /* and how long it keeps an idle connection */
	DOMAINS_MAX = 64,
	ANSWER_MAX = 8192,
	WAITS_MAX = 1 << 16, /* for the distribution that is printed */
	DEAF_MS = 15000, /* and do not notice a close for so long */
	ARRIVE_MS = 10000, /* within which they come, */
	AWAY_MS = 10000, /* and come again after being closed */
	TICK_MS = 10,
	NAMES_S = 1700, /* names that nobody has asked for, per second */
	EVENTS = 512
};

enum kind {
	GOOD, /* asks, and keeps its connection as Postfix does */
	NAMER, /* asks for new names only, as fast as they are given out */
	MUTE, /* connects and stays silent */
	DRIP, /* an octet of a long request a second */
	DEAF, /* asks for more than fits, and does not read */
	SIP, /* the same, but takes some octets a second */
	RESET, /* resets in the middle */
	HALF, /* ends its side, and waits for its answer */
	JUNK,
	KINDS
};

/* Of a thousand clients. */
static const unsigned share[KINDS] = { 20, 10, 450, 200, 50, 20, 150, 70, 30 };

static const char *const names[KINDS] = { "good", "namer", "mute", "drip",
	"deaf", "sip", "reset", "half", "junk" };

enum state {
	RESTS, /* until `at` */
	CONNECTS,
	ASKS, /* for an answer */
	KEEPS /* an idle connection, until `at` */
};

struct client {
	int fd;
	uint8_t kind, state;
	bool again; /* the second try of a question */
	bool ends; /* what a connection that is kept does */
	int domain; /* -1: a new name */
	int64_t at; /* when the state is over */
	int64_t since; /* when the question was first put */
	int64_t step; /* since when it waits for the system */
	size_t have;
	char got[ANSWER_MAX];
};

static struct {
	int64_t now, names_at;
	int epoll, dns;
	uint16_t port;
	bool silent, calm;
	unsigned domains, clients;
	int64_t limit_ms;
	uint64_t asked, answered, temp, wrong, lost, again, names_given;
	uint64_t connected[KINDS], closed[KINDS], refused, queries;
	uint64_t late, waiting;
	uint32_t waits[WAITS_MAX];
	uint64_t random;
} f;

static char answers[DOMAINS_MAX][ANSWER_MAX];
static struct client *clients;

static void
fail(const char *what)
{
	fprintf(stderr, "flood: %s: %s\n", what, strerror(errno));
	exit(2);
}

static int64_t
now_ms(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

static uint32_t
below(uint32_t n)
{
	f.random = f.random * 6364136223846793005u + 1442695040888963407u;
	return (uint32_t)(f.random >> 33) % n;
}

/* The name server. */

static size_t
question_end(const uint8_t *m, size_t n)
{
	size_t end = 12;

	while (end < n && m[end] != 0) {
		end += m[end] + 1U;
	}
	return end + 5 <= n ? end + 5 : 0;
}

/* TXT and A of the domains with a policy, else the name does not exist. */
static size_t
reply_to(uint8_t *m, size_t end)
{
	static const uint8_t txt[] = "\x10v=STSv1; id=one;";
	static const uint8_t host[] = { 127, 0, 0, 1 };
	bool is_txt = m[end - 3] == 16, is_a = m[end - 3] == 1;
	bool ours = memmem(m, end, "\4kill", 5) != NULL ||
		    memmem(m, end, "kill", 4) != NULL;
	bool found =
	    ours && ((is_txt && m[13] == '_') || (is_a && m[13] == 'm'));
	const uint8_t *data = is_txt ? txt : host;
	size_t n = is_txt ? sizeof txt - 1 : sizeof host;

	m[2] = 0x81;
	m[3] = ours ? 0x80 : 0x83;
	memset(m + 6, 0, 6);
	if (!found) {
		return end;
	}
	m[7] = 1;
	uint8_t record[] = { 0xc0, 12, 0, m[end - 3], 0, 1, 0, 0, 0, 60, 0,
		(uint8_t)n };

	memcpy(m + end, record, sizeof record);
	memcpy(m + end + sizeof record, data, n);
	return end + sizeof record + n;
}

static void
serve_names(void)
{
	uint8_t m[1024];
	struct sockaddr_in from;

	for (;;) {
		socklen_t len = sizeof from;
		ssize_t n = recvfrom(f.dns, m, 512, MSG_DONTWAIT,
		    (struct sockaddr *)&from, &len);

		if (n < 12) {
			return;
		}
		size_t end = question_end(m, (size_t)n);

		f.queries++;
		if (end > 0 && !f.silent) {
			(void)sendto(f.dns, m, reply_to(m, end), MSG_DONTWAIT,
			    (struct sockaddr *)&from, len);
		}
	}
}

/* Clients. */

static void
rest(struct client *c, int64_t ms)
{
	if (c->fd >= 0) {
		close(c->fd);
		c->fd = -1;
	}
	c->state = RESTS;
	c->at = f.now + ms;
}

/* Close by a reset. */
static void
tear(struct client *c, int64_t ms)
{
	struct linger l = { 1, 0 };

	if (c->fd >= 0) {
		setsockopt(c->fd, SOL_SOCKET, SO_LINGER, &l, sizeof l);
	}
	rest(c, ms);
}

static void
dial(struct client *c)
{
	struct sockaddr_in in = { .sin_family = AF_INET };
	struct epoll_event e = { .events = EPOLLIN | EPOLLOUT | EPOLLET };
	int small = 1;

	in.sin_port = htons(f.port);
	in.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	c->fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
	if (c->fd < 0) {
		fail("socket");
	}
	if (c->kind == DEAF || c->kind == SIP) {
		setsockopt(c->fd, SOL_SOCKET, SO_RCVBUF, &small, sizeof small);
	}
	e.data.u32 = (uint32_t)(c - clients);
	if (epoll_ctl(f.epoll, EPOLL_CTL_ADD, c->fd, &e) != 0) {
		fail("epoll");
	}
	if (connect(c->fd, (struct sockaddr *)&in, sizeof in) != 0 &&
	    errno != EINPROGRESS) {
		f.refused++;
		rest(c, 1000);
		return;
	}
	c->state = CONNECTS;
	c->have = 0;
	c->step = f.now;
}

/* Send the text. Returns false when the connection is gone. */
static bool
put(struct client *c, const char *text)
{
	return send(c->fd, text, strlen(text), MSG_NOSIGNAL | MSG_DONTWAIT) >=
		   0 ||
	       errno == EAGAIN;
}

static bool
put_question(struct client *c, const char *key)
{
	char text[128];

	snprintf(text, sizeof text, "%u:postfix %s,", (unsigned)strlen(key) + 8,
	    key);
	return put(c, text);
}

static void
key_of(const struct client *c, char key[64])
{
	if (c->domain >= 0) {
		snprintf(key, 64, "k%d.kill%d.example", c->domain, c->domain);
	} else {
		snprintf(key, 64, "n%llu.example",
		    (unsigned long long)f.names_given++);
	}
}

static bool
is_asker(const struct client *c)
{
	return c->kind == GOOD || c->kind == NAMER;
}

static void
lose(struct client *c, const char *how)
{
	char key[64] = "";

	if (c->domain >= 0) {
		key_of(c, key);
	}
	if (f.lost++ < 20) {
		printf("lost: %s %s %s after %lld ms, %lld s into it\n",
		    names[c->kind], key, how, (long long)(f.now - c->since),
		    (long long)(f.now - f.names_at) / 1000);
	}
	rest(c, 1000);
}

/* smtp(8)'s one second try. */
static void
try_again(struct client *c)
{
	if (c->again) {
		lose(c, "reset twice");
		return;
	}
	f.again++;
	c->again = true;
	rest(c, 0);
	dial(c);
}

/* Send the question on an open connection. */
static void
ask(struct client *c)
{
	char key[64];

	key_of(c, key);
	c->state = ASKS;
	c->have = 0;
	c->step = f.now;
	if (!put_question(c, key)) {
		try_again(c);
	}
}

/* Choose the next question of a good client. */
static void
begin_question(struct client *c)
{
	c->domain = c->kind == NAMER || (!f.calm && below(4) == 0)
			? -1
			: (int)below(f.domains);
	if (f.calm) {
		c->domain = (int)((c - clients) % f.domains);
	}
	c->since = f.now;
	c->again = false;
	f.asked++;
	if (c->fd >= 0) {
		ask(c);
	} else {
		dial(c);
	}
}

static void
judge(struct client *c, const char *text)
{
	int64_t waited = f.now - c->since;
	bool right = c->domain < 0 ? strncmp(text, "NOTFOUND", 8) == 0
				   : strcmp(text, answers[c->domain]) == 0;

	f.answered++;
	if (!right && c->domain < 0 && strncmp(text, "TEMP", 4) == 0) {
		f.temp++; /* no lookup was free in time: it comes again */
	} else if (!right && f.wrong++ < 20) {
		printf("wrong: %d %.60s\n", c->domain, text);
	}
	f.late += waited > f.limit_ms;
	f.waits[waited < WAITS_MAX ? waited : WAITS_MAX - 1]++;
}

/* Now and then so long that Postfix would close the connection, or that we
 * may. */
static int64_t
pause_of(const struct client *c)
{
	if (c->kind == NAMER) {
		return 0;
	}
	if (c->ends) {
		return KEEPS_MS;
	}
	return below(10) == 0 ? 2000 + below(6000) : below(1000);
}

/* Read an answer that has come. */
static void
take_answer(struct client *c)
{
	c->got[c->have] = '\0';
	char *colon = strchr(c->got, ':');

	if (colon == NULL) {
		return;
	}
	size_t len = strtoul(c->got, NULL, 10);
	size_t head = (size_t)(colon - c->got) + 1;

	if (c->have < head + len + 1) {
		return;
	}
	c->got[head + len] = '\0';
	judge(c, colon + 1);
	c->state = KEEPS;
	c->ends = c->kind == GOOD && below(20) == 0;
	c->at = f.now + pause_of(c);
}

static void
hear_answer(struct client *c)
{
	ssize_t n =
	    recv(c->fd, c->got + c->have, sizeof c->got - 1 - c->have, 0);

	if (n > 0) {
		c->have += (size_t)n;
		if (c->state == ASKS) {
			take_answer(c);
		}
	} else if (n == 0) {
		f.closed[c->kind]++;
		/* A clean end may lose an answer: errno may be stale. */
		if (c->state == ASKS) {
			lose(c, "closed without a word");
		} else {
			rest(c, 0);
		}
	} else if (errno != EAGAIN) {
		f.closed[c->kind]++;
		if (c->state == ASKS || c->state == CONNECTS) {
			try_again(c);
		}
		/* Otherwise it is noticed at the next use, as by smtp(8). */
	}
}

static void
long_questions(struct client *c)
{
	char key[64];

	for (unsigned i = 0; i < 200; i++) {
		snprintf(key, sizeof key, "k%u.kill%u.example", i % f.domains,
		    i % f.domains);
		put_question(c, key);
	}
}

/* The connection is open: what a bad client does first. */
static void
misbehave(struct client *c)
{
	c->state = KEEPS;
	c->at = f.now + 1000;
	switch (c->kind) {
	case DRIP:
		put(c, "400:");
		break;
	case DEAF:
	case SIP:
		long_questions(c);
		c->since = f.now;
		break;
	case RESET:
		put(c, below(2) ? "12:postf" : "20:postfix .example.com,");
		c->at = f.now + below(2000);
		break;
	case HALF:
		put_question(c, "k0.kill0.example");
		shutdown(c->fd, SHUT_WR);
		c->since = f.now;
		break;
	case JUNK:
		put(c, below(2) ? "GET / HTTP/1.0\r\n\r\n" : "99999999:");
		break;
	default:
		break;
	}
}

static void
hear_bad(struct client *c)
{
	char sink[4096];
	ssize_t n = 1;

	if (c->kind == DEAF || c->kind == SIP) {
		n = recv(c->fd, sink, 1, MSG_PEEK | MSG_DONTWAIT);
	} else {
		while (n > 0) {
			n = recv(c->fd, sink, sizeof sink, MSG_DONTWAIT);
			c->have += n > 0 ? (size_t)n : 0;
		}
	}
	if (n > 0 || (n < 0 && errno == EAGAIN)) {
		return;
	}
	f.closed[c->kind]++;
	if (c->kind == HALF && n == 0 && c->have == 0) {
		lose(c, "half-closed and not answered");
	}
	rest(c, AWAY_MS + below(AWAY_MS));
}

static void
handle(struct client *c, uint32_t events)
{
	if (c->state == CONNECTS && (events & (EPOLLOUT | EPOLLERR))) {
		int error = 0;
		socklen_t len = sizeof error;

		getsockopt(c->fd, SOL_SOCKET, SO_ERROR, &error, &len);
		if (error != 0) {
			f.refused++;
			if (is_asker(c)) {
				lose(c, "refused");
			} else {
				rest(c, 1000);
			}
			return;
		}
		f.connected[c->kind]++;
		if (is_asker(c)) {
			ask(c);
		} else {
			misbehave(c);
		}
	}
	if (c->fd < 0 || !(events & (EPOLLIN | EPOLLERR | EPOLLHUP))) {
		return;
	}
	if (is_asker(c)) {
		hear_answer(c);
	} else {
		hear_bad(c);
	}
}

/* What a bad client does each second. */
static void
go_on(struct client *c)
{
	char sink[64];

	c->at = f.now + 1000;
	bool deaf = c->kind == DEAF || c->kind == SIP;

	if (c->kind == RESET || (deaf && f.now - c->since > DEAF_MS)) {
		tear(c, below(AWAY_MS));
	} else if (c->kind == DRIP) {
		put(c, "x");
	} else if (c->kind == SIP) {
		(void)!recv(c->fd, sink, sizeof sink, MSG_DONTWAIT);
	} else if (c->kind == HALF && f.now - c->since > PATIENCE_MS) {
		lose(c, "half-closed and not answered");
	}
}

/* Whether another name may be given out, of those allowed per second. */
static bool
may_name(void)
{
	int64_t due = (f.now - f.names_at) * NAMES_S / 1000;

	return f.names_given < (uint64_t)(due > 0 ? due : 0);
}

static void
tick(struct client *c)
{
	bool waits = c->state == ASKS || c->state == CONNECTS;

	if (is_asker(c) && waits && f.now - c->step > PATIENCE_MS) {
		lose(c, c->state == ASKS ? "no answer" : "no connection");
		return;
	}
	if (waits || f.now < c->at) {
		return;
	}
	if (!is_asker(c)) {
		if (c->state == RESTS) {
			dial(c);
		} else {
			go_on(c);
		}
	} else if (c->state == KEEPS && c->ends) {
		rest(c, 0);
	} else if (c->kind == GOOD || may_name()) {
		begin_question(c);
	}
}

/* Let everything happen until `end`; the first `count` clients take part. */
static void
run(const char *phase, unsigned count, int64_t end)
{
	struct epoll_event e[EVENTS];
	int64_t ticked = 0;

	printf("phase %s\n", phase);
	fflush(stdout);
	while ((f.now = now_ms()) < end) {
		int n = epoll_wait(f.epoll, e, EVENTS, 5);

		f.now = now_ms();
		for (int i = 0; i < n; i++) {
			if (e[i].data.u32 == UINT32_MAX) {
				serve_names();
			} else if (clients[e[i].data.u32].fd >= 0) {
				handle(&clients[e[i].data.u32], e[i].events);
			}
		}
		if (f.now - ticked >= TICK_MS) {
			ticked = f.now;
			for (unsigned i = 0; i < count; i++) {
				tick(&clients[i]);
			}
		}
	}
}

static void
make_clients(void)
{
	unsigned n = 0;

	clients = calloc(f.clients, sizeof *clients);
	if (clients == NULL) {
		fail("clients");
	}
	for (unsigned k = 0; k < KINDS; k++) {
		unsigned of = share[k] * f.clients / 1000;

		for (unsigned i = 0; i < of && n < f.clients; i++, n++) {
			clients[n].fd = -1;
			clients[n].kind = (uint8_t)k;
			clients[n].at = f.now + below(1000);
		}
	}
	f.clients = n;
}

static void
open_names(void)
{
	struct sockaddr_in in = { .sin_family = AF_INET };
	struct epoll_event e = { .events = EPOLLIN };
	socklen_t len = sizeof in;
	int size = 4 << 20;

	in.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	f.dns = socket(AF_INET, SOCK_DGRAM, 0);
	(void)setsockopt(f.dns, SOL_SOCKET, SO_RCVBUF, &size, sizeof size);
	e.data.u32 = UINT32_MAX;
	if (bind(f.dns, (struct sockaddr *)&in, sizeof in) != 0 ||
	    getsockname(f.dns, (struct sockaddr *)&in, &len) != 0 ||
	    epoll_ctl(f.epoll, EPOLL_CTL_ADD, f.dns, &e) != 0) {
		fail("name server");
	}
	printf("%u\n", (unsigned)ntohs(in.sin_port));
	fflush(stdout);
}

static void
read_answers(void)
{
	for (unsigned i = 0; i < f.domains; i++) {
		if (fgets(answers[i], ANSWER_MAX, stdin) == NULL) {
			fail("answers");
		}
		answers[i][strcspn(answers[i], "\n")] = '\0';
	}
}

static long
quantile(unsigned of_thousand)
{
	uint64_t sum = 0;

	for (unsigned i = 0; i < WAITS_MAX; i++) {
		sum += f.waits[i];
		if (sum * 1000 >= f.answered * of_thousand) {
			return i;
		}
	}
	return WAITS_MAX;
}

/* Clients that still wait at the end have waited long enough, too. */
static void
count_waiting(void)
{
	for (unsigned i = 0; i < f.clients; i++) {
		const struct client *c = &clients[i];

		if (is_asker(c) && (c->state == ASKS || c->state == CONNECTS)) {
			f.waiting++;
			f.late += f.now - c->since > f.limit_ms;
		}
	}
}

static void
report(void)
{
	printf("questions %llu, answers %llu, waiting %llu, lost %llu, wrong "
	       "%llu, "
	       "come again %llu, tried anew %llu\n",
	    (unsigned long long)f.asked, (unsigned long long)f.answered,
	    (unsigned long long)f.waiting, (unsigned long long)f.lost,
	    (unsigned long long)f.wrong, (unsigned long long)f.temp,
	    (unsigned long long)f.again);
	printf("waited: half up to %ld ms, 99%% %ld ms, 999 of 1000 %ld ms, "
	       "longest %ld ms; over the limit %llu\n",
	    quantile(500), quantile(990), quantile(999), quantile(1000),
	    (unsigned long long)f.late);
	printf("new names %llu, queries %llu, refused %llu; connected/closed:",
	    (unsigned long long)f.names_given, (unsigned long long)f.queries,
	    (unsigned long long)f.refused);
	for (unsigned k = 0; k < KINDS; k++) {
		printf(" %s %llu/%llu", names[k],
		    (unsigned long long)f.connected[k],
		    (unsigned long long)f.closed[k]);
	}
	printf("\n");
	fflush(stdout);
}

int
main(int argc, char **argv)
{
	struct rlimit files;
	char line[16];

	if (argc != 6) {
		fprintf(stderr, "usage: flood PORT SECONDS CLIENTS DOMAINS "
				"LIMIT_S\n");
		return 2;
	}
	getrlimit(RLIMIT_NOFILE, &files);
	files.rlim_cur = files.rlim_max;
	setrlimit(RLIMIT_NOFILE, &files);
	signal(SIGPIPE, SIG_IGN);
	f.port = (uint16_t)atoi(argv[1]);
	int64_t ms = atoi(argv[2]) * (int64_t)1000;

	f.clients = (unsigned)atoi(argv[3]);
	f.domains = (unsigned)atoi(argv[4]);
	f.limit_ms = atoi(argv[5]) * (int64_t)1000;
	f.random = 1;
	f.epoll = epoll_create1(0);
	if (f.domains > DOMAINS_MAX || f.clients > files.rlim_max - 64) {
		errno = EMFILE;
		fail("too many");
	}
	f.now = now_ms();
	open_names();
	make_clients();
	read_answers();
	unsigned good = share[GOOD] * f.clients / 1000;

	f.calm = true;
	run("calm", good, now_ms() + 8000);
	memset(f.waits, 0, sizeof f.waits);
	f.asked = f.answered = f.lost = f.wrong = f.late = f.again = 0;
	f.calm = false;
	int64_t began = f.names_at = f.now;

	for (unsigned i = good; i < f.clients; i++) {
		clients[i].at = f.now + below(ARRIVE_MS);
	}

	run("flood", f.clients, began + ms / 2);
	f.silent = true;
	run("no-names", f.clients, began + ms * 3 / 4);
	f.silent = false;
	run("names-again", f.clients, began + ms);
	count_waiting();
	report();
	for (unsigned i = 0; i < f.clients; i++) {
		tear(&clients[i], 0);
	}
	printf("phase over\n");
	fflush(stdout);
	(void)!fgets(line, sizeof line, stdin);
	return f.lost + f.wrong + f.late > 0 || f.answered == 0;
}
