/* SPDX-License-Identifier: MIT */
/* boards/posix: metrics over HTTP, to clients that behave and some that do
 * not. */
#define _DEFAULT_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "../../boards/posix/metrics_http.h"
#include "unit.h"

const char unit_name[] = "board metrics";

enum {
	CHANNELS = 4,
	TEXT_MAX = 1 << 16,
	TURNS = 100
};

static struct sts_posix posix;
static struct sts_port port;
static struct sts_metrics_http metrics;
static struct sts_agent agent;
static struct sts_settings settings;
static struct sts_memory plan;
static struct sts_log logs;
static struct sts_live live;
static struct sts_journal_child journal;
static struct sts_conf conf;
static sts_ms now;
static char why[STS_CONF_WHY_MAX];
static char got[TEXT_MAX];
static union {
	void *align;
	uint8_t octets[1 << 14];
} port_memory;
static union {
	void *align;
	uint8_t octets[1 << 18];
} block;

static void
remove_path(void)
{
	unlink(conf.metrics.path);
}

static void
begin(void)
{
	static const uint8_t key[16] = { 1 };
	struct sts_config config = {
		.clients = 4, .lookups = 4, .fetch_slots = 1, .cache_size = 4096
	};

	ck_assert_uint_le(sts_agent_size(&config), sizeof block);
	sts_agent_init(&agent, &config, &settings, &block, now, key);
	ck_assert_uint_le(sts_posix_size(CHANNELS), sizeof port_memory);
	memset(&port_memory, 0, sizeof port_memory);
	ck_assert_int_eq(
	    sts_posix_init(&posix, CHANNELS, port_memory.octets, &port), 0);
	conf.metrics_on = true;
	conf.metrics.addr.af = STS_AF_LOCAL;
	conf.metrics.mode = 0600;
	conf.metrics.uid = (uid_t)-1;
	conf.metrics.gid = (gid_t)-1;
	snprintf(conf.metrics.path, sizeof conf.metrics.path,
	    "/tmp/mtasts-metrics-%ld", (long)getpid());
	atexit(remove_path);
	plan.size = 4194304;
	logs.lost = 77;
	live.log = &logs;
	live.set[0].roots.set.count = 140;
	live.set[0].roots.left_out = 3;
	/* The journal's file cannot be used, which the agent does not know. */
	snprintf(journal.path, sizeof journal.path, "/x");
	journal.found = STS_FILE_NONE;
	ck_assert_msg(sts_metrics_http_open(&metrics, &conf, why), "%s", why);
	ck_assert(sts_metrics_http_begin(
	    &metrics, &posix, STS_SIDE_OWN, &agent, &live, &plan, &journal));
}

static void
end(void)
{
	sts_metrics_http_end(&metrics);
	sts_posix_end(&posix);
}

static void
turn(void)
{
	ck_assert(!sts_posix_wait(&posix, NULL, 0));
	sts_metrics_http_run(&metrics, now);
}

static void
turns(void)
{
	for (unsigned i = 0; i < TURNS; i++) {
		turn();
	}
}

static int
client(const char *request)
{
	struct sockaddr_un un;
	int fd = socket(AF_UNIX, SOCK_STREAM, 0);

	memset(&un, 0, sizeof un);
	un.sun_family = AF_UNIX;
	snprintf(un.sun_path, sizeof un.sun_path, "%s", conf.metrics.path);
	ck_assert_int_eq(
	    connect(fd, (const struct sockaddr *)&un, sizeof un), 0);
	fcntl(fd, F_SETFL, O_NONBLOCK);
	ck_assert_int_eq(
	    send(fd, request, strlen(request), 0), (ssize_t)strlen(request));
	return fd;
}

/* Read everything that has come on fd into `got`. Returns false when the
 * connection is still open. */
static bool
hear(int fd)
{
	size_t n = 0;
	ssize_t r;

	while ((r = recv(fd, got + n, sizeof got - 1 - n, 0)) > 0) {
		n += (size_t)r;
	}
	got[n] = '\0';
	return r == 0 || (errno != EAGAIN && errno != EWOULDBLOCK);
}

/* The body of the 200 in `got`, whose length must be that of the header. */
static const char *
body(void)
{
	const char *at = strstr(got, "\r\n\r\n");
	const char *len = strstr(got, "\r\nContent-Length: ");

	ck_assert_msg(strncmp(got, "HTTP/1.1 200 OK\r\n", 17) == 0 &&
			  strstr(got, "\r\nContent-Type: text/plain; "
				      "version=0.0.4\r\n") != NULL &&
			  at != NULL && len != NULL && len < at,
	    "no good header: %.300s", got);
	ck_assert_uint_eq(strtoul(len + 18, NULL, 10), strlen(at + 4));
	return at + 4;
}

static const char get[] = "GET /metrics HTTP/1.1\r\nHost: a\r\n\r\n";

static void
must_answer(const char *line)
{
	ck_assert_msg(strstr(body(), line) != NULL, "missing: %s", line);
}

START_TEST(a_scrape_has_the_values_of_the_daemon)
{
	begin();
	sts_count_by(&agent.metrics, STS_METRIC_CLIENTS, 5);
	int fd = client(get);

	turns();
	ck_assert(hear(fd));
	must_answer("\nmtasts_clients_total 5\n");
	must_answer("\nmtasts_slots{slot=\"clients\"} 4\n");
	must_answer("\nmtasts_memory_bytes 4194304\n");
	must_answer("\nmtasts_log_lines_lost_total 77\n");
	must_answer("\nmtasts_trust_anchors{use=\"used\"} 140\n");
	must_answer("\nmtasts_trust_anchors{use=\"left_out\"} 3\n");
	must_answer("\nmtasts_clock_state 0\n");
	must_answer("\nmtasts_journal_state 2\n");
	ck_assert_ptr_null(strstr(body(), "\nmtasts_start_time_seconds 0\n"));
	end();
}
END_TEST

/* Roots that were left out are counted of each bundle that is in use. */
START_TEST(left_out_roots_are_counted_of_each_bundle_in_use)
{
	struct sts_live_set *s = &live.set[0];

	begin();
	s->share_roots.left_out = 4;
	snprintf(s->conf.share.anchors, sizeof s->conf.share.anchors, "/a");
	for (unsigned in_use = 0; in_use < 2; in_use++) {
		s->conf.share.setup.server_count = (uint8_t)in_use;
		s->conf.share.setup.tls = true;
		int fd = client(get);

		turns();
		ck_assert(hear(fd));
		must_answer(
		    in_use ? "\nmtasts_trust_anchors{use=\"left_out\"} 7\n"
			   : "\nmtasts_trust_anchors{use=\"left_out\"} 3\n");
	}
	end();
}
END_TEST

/* Events that happen while the text is sent are not in it: its numbers are of
 * one moment, and the length stays that of the header. */
START_TEST(the_numbers_are_of_one_moment)
{
	begin();
	int fd = client(get);

	while (!metrics.answer[0].begun) {
		turn();
	}
	for (unsigned i = 0; i < TURNS; i++) {
		turn();
		sts_count_by(
		    &agent.metrics, i % STS_METRICS_COUNTED, 1000000 * (i + 1));
	}
	for (unsigned i = 0; i < STS_METRICS_COUNTED; i++) {
		sts_count_by(&agent.metrics, i, 1000000);
	}
	ck_assert(hear(fd));
	ck_assert_ptr_null(strstr(body(), "000000\n"));
	int other = client(get);

	turns();
	ck_assert(hear(other));
	ck_assert_ptr_nonnull(strstr(body(), "000000\n"));
	end();
}
END_TEST

static const struct {
	const char *name, *in, *want;
} refusals[] = {
	{ "path", "GET / HTTP/1.1\r\nHost: a\r\n\r\n",
	    "HTTP/1.1 404 Not Found\r\n" },
	{ "method", "PUT /metrics HTTP/1.1\r\nHost: a\r\n\r\n",
	    "HTTP/1.1 405 Method Not Allowed\r\n" },
	{ "junk", "11:hello world,\r\n\r\n", "HTTP/1.1 400 Bad Request\r\n" },
};

START_TEST(other_requests_are_refused)
{
	begin();
	for (size_t i = 0; i < UNIT_COUNT(refusals); i++) {
		int fd = client(refusals[i].in);

		turns();
		ck_assert(hear(fd));
		ck_assert_msg(strncmp(got, refusals[i].want,
				  strlen(refusals[i].want)) == 0,
		    "%s: %s", refusals[i].name, got);
		ck_assert_ptr_nonnull(strstr(got, "\r\nContent-Length: 0\r\n"));
		ck_assert_int_eq(
		    strstr(got, "\r\nAllow: GET\r\n") != NULL, i == 1);
		ck_assert_str_eq(strstr(got, "\r\n\r\n"), "\r\n\r\n");
		close(fd);
	}
	end();
}
END_TEST

/* Half a request is answered 400 when the client closes its side, and closed
 * without an answer when its time is over; so is a connection without any
 * octet. */
START_TEST(half_a_request_is_closed_in_time)
{
	begin();
	int half = client("GET /met"), silent = client(""), slow = client("GE");

	shutdown(half, SHUT_WR);
	shutdown(silent, SHUT_WR);
	turns();
	ck_assert(hear(half));
	ck_assert_int_eq(strncmp(got, "HTTP/1.1 400 ", 13), 0);
	ck_assert(hear(silent));
	ck_assert_str_eq(got, "");
	now += STS_METRICS_TOTAL_MS - 1;
	turns();
	ck_assert(!hear(slow));
	now += 1;
	turns();
	ck_assert(hear(slow));
	ck_assert_str_eq(got, "");
	end();
}
END_TEST

/* Silent clients hold all connections: the next client is served when their
 * time is over. */
START_TEST(silent_clients_do_not_keep_others_out_for_long)
{
	int fd[STS_SIDE_CONNS + 1];

	begin();
	for (unsigned i = 0; i < STS_SIDE_CONNS; i++) {
		fd[i] = client("");
		turns();
	}
	fd[STS_SIDE_CONNS] = client(get);
	turns();
	ck_assert(!hear(fd[STS_SIDE_CONNS]));
	ck_assert_str_eq(got, "");
	now += STS_METRICS_TOTAL_MS;
	turns();
	ck_assert(hear(fd[STS_SIDE_CONNS]));
	must_answer("\nmtasts_build_info{version=\"");
	end();
}
END_TEST

START_TEST(metrics_may_be_off_and_must_be_able_to_listen)
{
	struct sts_conf none;

	memset(&none, 0, sizeof none);
	ck_assert(sts_metrics_http_open(&metrics, &none, why));
	ck_assert(!sts_side_is_open(&metrics.side));
	ck_assert(sts_metrics_http_begin(
	    &metrics, &posix, STS_SIDE_OWN, &agent, &live, &plan, &journal));
	ck_assert_uint_gt(sts_metrics_http_run(&metrics, now), 0);
	sts_metrics_http_end(&metrics);
	none.metrics_on = true;
	none.metrics.addr.af = STS_AF_LOCAL;
	snprintf(none.metrics.path, sizeof none.metrics.path, "/nowhere/at");
	ck_assert(!sts_metrics_http_open(&metrics, &none, why));
	ck_assert_ptr_nonnull(strstr(why, "metrics unix:/nowhere/at: No such"));
}
END_TEST

void
unit_tests(TCase *tc)
{
	tcase_add_test(tc, a_scrape_has_the_values_of_the_daemon);
	tcase_add_test(tc, left_out_roots_are_counted_of_each_bundle_in_use);
	tcase_add_test(tc, the_numbers_are_of_one_moment);
	tcase_add_test(tc, other_requests_are_refused);
	tcase_add_test(tc, half_a_request_is_closed_in_time);
	tcase_add_test(tc, silent_clients_do_not_keep_others_out_for_long);
	tcase_add_test(tc, metrics_may_be_off_and_must_be_able_to_listen);
}
