/* SPDX-License-Identifier: MIT */
/*
 * Datagrams of mail servers that are lost while the agent judges hostile
 * chains. Another process sends them through a real socket, at random moments,
 * so many a second. The agent drains the socket as the daemon does, while 16
 * domains with the costliest certificates are looked up again and again. That
 * is all that the agent does, so its time is the time of judging. The sender
 * pauses while this test plays the policy hosts, which takes four fifths of the
 * time: that time is not the agent's, and the seconds below are the agent's
 * own.
 *
 *	report DATAGRAMS-A-SECOND SECONDS [LOST-AT-MOST, IN PERCENT]
 *
 * Exit 1: more were lost. How many are lost depends on how long the agent is
 * away from its socket, so its longest computation between two visits is
 * printed, too.
 */
#define _GNU_SOURCE

#include <errno.h>
#include <fcntl.h>
#include <math.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "../../core/agent/agent_state.h"
#include "gateway.h"

enum {
	HOSTILE = 16,
	DATAGRAM = 480,
	DOMAINS = 200
};

/* Memory that both processes share. */
struct shared {
	volatile int paused, stop;
	volatile unsigned long sent, lost;
};

static struct gateway g;
static int fds[2];
static double busy; /* seconds that the agent computed */
static double visited,
    away; /* its last visit to the socket; the longest time between two */

static struct sts_text
text(const char *s)
{
	return sts_text((const uint8_t *)s, strlen(s));
}

static double
seconds_of(clockid_t clock)
{
	struct timespec t;

	clock_gettime(clock, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static double
seconds(void)
{
	return seconds_of(CLOCK_MONOTONIC);
}

/* Seconds of the processor: what other processes take is not the agent's. */
static double
computed(void)
{
	return seconds_of(CLOCK_PROCESS_CPUTIME_ID);
}

/* The agent visits its socket. The first visit begins the count of absences. */
static void
visit(double at)
{
	if (visited > 0 && at - visited > away) {
		away = at - visited;
	}
	visited = at;
}

/* The listener is a socket of the system; everything else is this test's. */
static int
recv_some(void *ctx, sts_ch ch, uint8_t *buf, size_t size)
{
	ssize_t n;

	if (ch != sts_driver_listener(&g.driver, 0)) {
		return g.mem.port.recv(ctx, ch, buf, size);
	}
	visit(computed());
	n = recv(fds[0], buf, size, MSG_DONTWAIT);
	return n > 0 ? (int)n : STS_IO_AGAIN;
}

static size_t
datagram(char out[DATAGRAM + 1], unsigned i)
{
	int n = snprintf(out, DATAGRAM + 1,
	    "{\"d\": \"d%u.example\",\"pr\": \"v=TLSRPTv1; "
	    "rua=mailto:r@d%u.example\",\"policies\":[{\"policy-type\":2,"
	    "\"policy-domain\": \"d%u.example\",\"policy-string\":[\"version: "
	    "STSv1\",\"mode: enforce\",\"mx: *.d%u.example\"],\"mx-host\":"
	    "[\"*.d%u.example\"],\"failure-details\":[{\"c\":205,\"s\": "
	    "\"192.0.2.1\",\"n\": \"mx.d%u.example\",\"r\": "
	    "\"198.51.100.9\",\"f\": \"self-signed_certificate\"}],"
	    "\"t\":1,\"f\":1}]",
	    i, i, i, i, i, i);

	/* As long as Postfix's datagrams were when measured: JSON ignores
	 * blanks. */
	memset(out + n, ' ', (size_t)(DATAGRAM - n - 1));
	out[DATAGRAM - 1] = '}';
	return DATAGRAM;
}

/* The mail servers, which wait for nobody. */
static void
send_all(struct shared *s, double rate)
{
	char out[DATAGRAM + 1];
	double next = seconds(), paused = 0;
	unsigned i = 0;

	srand48(1);
	while (!s->stop) {
		if (s->paused) {
			double began = seconds();

			while (s->paused && !s->stop) {
				/* The time of the pause does not count. */
			}
			paused = seconds() - began;
			next += paused;
		}
		if (seconds() < next) {
			continue;
		}
		next += -log(1 - drand48()) / rate;
		s->sent++;
		if (send(fds[1], out, datagram(out, i++ % DOMAINS),
			MSG_DONTWAIT) < 0) {
			s->lost++;
		}
	}
	_exit(0);
}

static void
start(void)
{
	static const struct sts_config c = { .lookups = 64,
		.fetch_slots = HOSTILE + 1,
		.asks = HOSTILE,
		.cache_size = 1 << 18,
		.build_s = GATEWAY_WALL_S,
		.report_memory = 1 << 20 };
	static struct sts_reporter reporter;

	reporter.reports = STS_REPORTS_ALL;
	reporter.organization = text("bench");
	reporter.contact = text("a@bench.example");
	reporter.host = text("mail.bench.example");
	g.settings.reporter = &reporter;
	gateway_start(&g, &c);
	g.port.recv = recv_some;
	sts_listen(
	    &g.driver, sts_driver_listener(&g.driver, 0), STS_PROTOCOL_REPORTS);
}

/* One turn of the daemon's loop, then the world's turn. */
static void
turn(struct shared *s)
{
	static double left; /* seconds that the world still owes */
	struct pollfd p = { fds[0], POLLIN, 0 };
	double began = seconds();

	visited += visited > 0 ? computed() - left : 0;
	if (poll(&p, 1, 0) > 0) {
		sts_ready(
		    &g.driver, sts_driver_listener(&g.driver, 0), STS_EV_RECV);
	}
	mem_deliver(&g.mem);
	gateway_run(&g);
	left = computed();
	busy += seconds() - began;
	s->paused = 1;
	if (!world_step(&g.world, g.now) &&
	    g.driver.working.head == STS_NODE_NONE) {
		g.now += 10;
	}
	s->paused = 0;
}

/* Ask for all hostile domains at once, again and again. */
static unsigned long
play(struct shared *s, double length)
{
	static const struct sts_text none = { NULL, 0 };
	static char keys[HOSTILE][32];
	unsigned long rounds = 0;
	int slot[HOSTILE];

	for (unsigned i = 0; i < HOSTILE; i++) {
		snprintf(keys[i], sizeof keys[i], "h%u.test", i);
		gateway_publish(&g, keys[i], i, HTTPS_COMPLEX, none);
	}
	while (busy < length) {
		for (unsigned i = 0; i < HOSTILE; i++) {
			slot[i] =
			    sts_ask_refresh(&g.agent, none, text(keys[i]));
		}
		sts_driver_wake(&g.driver);
		do {
			turn(s);
		} while (g.agent.lookups_busy > 0 && busy < length);
		for (unsigned i = 0; i < HOSTILE; i++) {
			sts_ask_end(&g.agent, slot[i]);
		}
		g.now += 400000;
		rounds++;
	}
	return rounds;
}

static unsigned
queue_length(void)
{
	FILE *f = fopen("/proc/sys/net/unix/max_dgram_qlen", "r");
	unsigned n = 0;

	if (f != NULL) {
		gateway_need(fscanf(f, "%u", &n) == 1, "max_dgram_qlen");
		fclose(f);
	}
	return n;
}

int
main(int argc, char **argv)
{
	double rate = argc > 1 ? atof(argv[1]) : 1000;
	double length = argc > 2 ? atof(argv[2]) : 10;
	struct shared *s = mmap(NULL, sizeof *s, PROT_READ | PROT_WRITE,
	    MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	double most = argc > 3 ? atof(argv[3]) : 100, percent;
	unsigned long rounds;
	struct sts_metrics_values v;
	pid_t child;

	gateway_need(s != MAP_FAILED, "mmap");
	gateway_need(
	    socketpair(AF_UNIX, SOCK_DGRAM, 0, fds) == 0, "socketpair");
	start();
	child = fork();
	if (child == 0) {
		send_all(s, rate);
	}
	rounds = play(s, length);
	s->stop = 1;
	waitpid(child, NULL, 0);
	for (unsigned i = 0; i < 10; i++) {
		turn(s);
	}
	sts_agent_metrics(&g.agent, &v);
	gateway_need(v.n[STS_METRIC_REPORT_EVENTS] +
			     v.n[STS_METRIC_REPORT_LOST + 1] + s->lost ==
			 s->sent,
	    "a datagram that is neither counted nor lost");
	percent = 100.0 * (double)s->lost / (double)(s->sent > 0 ? s->sent : 1);
	printf("%.0f a second of %d octets, queue of %u, beside %d hostile "
	       "chains at once (%lu judged in %.0f s): %lu sent, %lu lost, "
	       "%.2f %%; never away for more than %.1f ms of computing\n",
	    rate, DATAGRAM, queue_length(), HOSTILE, rounds * HOSTILE, busy,
	    s->sent, s->lost, percent, 1000 * away);
	return percent > most;
}
