/* SPDX-License-Identifier: MIT */
/* boards/posix: side listeners, with clients that behave and some that do
 * not. */
#define _DEFAULT_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "../../boards/posix/side.h"
#include "unit.h"

const char unit_name[] = "side";

enum {
	CHANNELS = 4,
	TURNS = 4000,
	REQUEST_MS = 1000,
	STALL_MS = 2000,
	TOTAL_MS = 10000
};

static struct sts_posix posix;
static struct sts_port port;
static struct sts_side side;
static sts_ms now;
static char path[64];
static union {
	void *align;
	uint8_t octets[1 << 14];
} memory;

/* What each connection was asked for: a number of octets. */
static struct {
	bool taken;
	unsigned long left;
	bool late; /* the answer is LATER */
} asked[STS_SIDE_CONNS];
static unsigned closed_count;

static bool
request(void *ctx, unsigned conn, struct sts_text in, bool last)
{
	const uint8_t *end = in.n > 0 ? memchr(in.p, '\n', in.n) : NULL;

	ck_assert_ptr_eq(ctx, asked);
	ck_assert(!asked[conn].taken);
	if (end == NULL && !(last && in.n == STS_SIDE_BUFFER)) {
		return false;
	}
	asked[conn].taken = true;
	asked[conn].left =
	    end == NULL ? 3 : strtoul((const char *)in.p, NULL, 10);
	asked[conn].late = end != NULL && end > in.p && end[-1] == 'l';
	return true;
}

static int
fill(void *ctx, unsigned conn, struct sts_span out)
{
	unsigned long n = asked[conn].left;

	ck_assert_ptr_eq(ctx, asked);
	ck_assert(asked[conn].taken);
	if (asked[conn].late) {
		return STS_SIDE_LATER;
	}
	if (n == 0) {
		return STS_SIDE_END;
	}
	n = n < out.n ? n : (unsigned long)out.n;
	memset(out.p, 'x', n);
	asked[conn].left -= n;
	return (int)n;
}

static void
closed(void *ctx, unsigned conn)
{
	ck_assert_ptr_eq(ctx, asked);
	ck_assert(asked[conn].taken);
	asked[conn].taken = false;
	closed_count++;
}

static const struct sts_side_ops ops = { request, fill, closed, REQUEST_MS,
	STALL_MS, TOTAL_MS };

static void
remove_path(void)
{
	unlink(path);
}

static void
begin(void)
{
	struct sts_listen_at at;

	memset(&at, 0, sizeof at);
	at.addr.af = STS_AF_LOCAL;
	at.mode = 0600;
	at.uid = (uid_t)-1;
	at.gid = (gid_t)-1;
	snprintf(path, sizeof path, "/tmp/mtasts-side-%ld", (long)getpid());
	snprintf(at.path, sizeof at.path, "%s", path);
	atexit(remove_path);
	now = 0xffffff00; /* the clock wraps on the way */
	ck_assert_uint_le(sts_posix_size(CHANNELS), sizeof memory);
	memset(&memory, 0, sizeof memory);
	ck_assert_int_eq(
	    sts_posix_init(&posix, CHANNELS, memory.octets, &port), 0);
	ck_assert_int_eq(sts_side_open(&side, &at), 0);
	ck_assert(sts_side_is_open(&side));
	ck_assert(sts_side_begin(
	    &side, &posix, STS_POSIX_OWN - STS_SIDE_OWN, &ops, asked));
}

static void
end(void)
{
	struct stat st;

	sts_side_end(&side);
	sts_side_end(&side);
	ck_assert_int_ne(lstat(path, &st), 0);
	sts_posix_end(&posix);
}

/* Do all that can be done without time passing. */
static void
turn(void)
{
	sts_ms wait = 0;

	for (unsigned i = 0; i < TURNS; i++) {
		ck_assert(!sts_posix_wait(&posix, NULL, 0));
		wait = sts_side_run(&side, now);
		if (wait != 0 && i > 20) {
			return;
		}
	}
	ck_abort_msg("it spins");
}

static void
later(sts_ms ms)
{
	for (sts_ms i = 0; i < ms; i += 100) {
		now += 100;
		turn();
	}
}

static int
client(const char *sends)
{
	struct sockaddr_un un;
	int fd = socket(AF_UNIX, SOCK_STREAM, 0);

	memset(&un, 0, sizeof un);
	un.sun_family = AF_UNIX;
	snprintf(un.sun_path, sizeof un.sun_path, "%s", path);
	ck_assert_int_eq(
	    connect(fd, (const struct sockaddr *)&un, sizeof un), 0);
	fcntl(fd, F_SETFL, O_NONBLOCK);
	ck_assert_int_eq(send(fd, sends, strlen(sends), MSG_NOSIGNAL),
	    (ssize_t)strlen(sends));
	turn();
	return fd;
}

/* Read what has come on fd. Returns its length; *over: the connection ended. */
static unsigned long
received(int fd, bool *over)
{
	char buf[4096];
	unsigned long n = 0;
	ssize_t r;

	turn();

	do {
		r = recv(fd, buf, sizeof buf, 0);
		n += r > 0 ? (unsigned long)r : 0;
		turn();
	} while (r > 0);
	*over = r == 0 || errno != EAGAIN;
	return n;
}

static const struct {
	const char *name, *sends;
	unsigned long want; /* octets */
} answers[] = {
	{ "one octet", "1\n", 1 },
	{ "no octet", "0\n", 0 },
	{ "one octet less than a buffer", "2047\n", 2047 },
	{ "a buffer", "2048\n", 2048 },
	{ "one octet more than a buffer", "2049\n", 2049 },
	{ "more than a socket takes", "1000000\n", 1000000 },
	{ "octets behind the request", "5\nand more", 5 },
};

START_TEST(an_answer_has_its_length)
{
	begin();
	for (size_t i = 0; i < UNIT_COUNT(answers); i++) {
		int fd = client(answers[i].sends);
		bool over;

		unit_int(answers[i].name, (long long)received(fd, &over),
		    (long long)answers[i].want);
		unit_int(answers[i].name, over, true);
		unit_int(answers[i].name, closed_count, (long long)i + 1);
		close(fd);
	}
	end();
}
END_TEST

START_TEST(a_request_may_come_in_pieces)
{
	bool over;

	begin();
	int fd = client("1");

	later(REQUEST_MS / 2);
	ck_assert_uint_eq(received(fd, &over), 0);
	ck_assert(!over);
	ck_assert_int_eq(send(fd, "0\n", 2, 0), 2);
	shutdown(fd, SHUT_WR);
	ck_assert_uint_eq(received(fd, &over), 10);
	ck_assert(over);
	end();
}
END_TEST

/* Clients that send nothing, half a request, or no answerable one. */
static const struct {
	const char *name, *sends;
	bool shut;
	unsigned long want;
	sts_ms after; /* after which it is closed */
} bad[] = {
	{ "nothing", "", false, 0, REQUEST_MS },
	{ "half a line", "12", false, 0, REQUEST_MS },
	{ "closes its half at once", "", true, 0, 0 },
	{ "half a line and the end", "12", true, 0, 0 },
	{ "an answer that never comes", "1l\n", false, 0, TOTAL_MS },
};

START_TEST(a_client_without_a_request_is_closed_in_time)
{
	begin();
	for (size_t i = 0; i < UNIT_COUNT(bad); i++) {
		int fd = client(bad[i].sends);
		bool over = true;

		if (bad[i].shut) {
			shutdown(fd, SHUT_WR);
			turn();
		}
		if (bad[i].after > 0) {
			later(bad[i].after - 100);
			received(fd, &over);
			unit_int(bad[i].name, over, false);
			later(100);
		}
		unit_int(bad[i].name, (long long)received(fd, &over), 0);
		unit_int(bad[i].name, over, true);
		unit_int(bad[i].name, side.open, 0);
		close(fd);
	}
	end();
}
END_TEST

/* A megabyte without a line's end is given up at the end of the buffer. */
START_TEST(a_request_without_end_is_given_up)
{
	static char much[1 << 20];
	bool over;

	begin();
	int fd = client("");

	memset(much, 'y', sizeof much);
	ck_assert_int_gt(send(fd, much, sizeof much, MSG_NOSIGNAL), 0);
	turn();
	ck_assert_uint_eq(received(fd, &over), 3);
	ck_assert(over);
	close(fd);
	end();
}
END_TEST

START_TEST(a_client_that_reads_nothing_is_closed)
{
	begin();
	int fd = client("10000000\n");

	later(STALL_MS - 200);
	ck_assert_uint_eq(side.open, 1);
	later(300);
	ck_assert_uint_eq(side.open, 0);
	ck_assert_uint_eq(closed_count, 1);
	close(fd);
	end();
}
END_TEST

/* A client that takes a little every second is closed in the end. */
START_TEST(a_client_that_drips_is_closed)
{
	char buf[4096];

	begin();
	int fd = client("10000000\n");

	for (unsigned i = 0; i < TOTAL_MS / 1000 - 1; i++) {
		later(1000);
		ck_assert_uint_eq(side.open, 1);
		while (recv(fd, buf, sizeof buf, 0) > 0) {
		}
		turn();
	}
	later(1100);
	ck_assert_uint_eq(side.open, 0);
	close(fd);
	end();
}
END_TEST

/* A client that leaves before its answer frees its connection. */
START_TEST(a_client_that_leaves_frees_its_connection)
{
	begin();
	int fd = client("5l\n");

	ck_assert_uint_eq(side.open, 1);
	close(fd);
	turn();
	/* Not every system reports the end at once. */
	for (unsigned i = 0; i < STS_SIDE_CONNS; i++) {
		asked[i].late = false;
	}
	turn();
	ck_assert_uint_eq(side.open, 0);
	ck_assert_uint_eq(closed_count, 1);
	end();
}
END_TEST

START_TEST(a_late_answer_is_waited_for)
{
	bool over;

	begin();
	int fd = client("5l\n");

	later(2 * STALL_MS);
	ck_assert_uint_eq(received(fd, &over), 0);
	ck_assert(!over);
	for (unsigned i = 0; i < STS_SIDE_CONNS; i++) {
		asked[i].late = false;
	}
	turn();
	ck_assert_uint_eq(received(fd, &over), 5);
	ck_assert(over);
	close(fd);
	end();
}
END_TEST

/* One client more than there are connections waits for its turn. */
START_TEST(a_client_too_many_waits_for_its_turn)
{
	int fd[STS_SIDE_CONNS + 1];
	bool over;

	begin();
	for (unsigned i = 0; i < STS_SIDE_CONNS; i++) {
		fd[i] = client("");
	}
	fd[STS_SIDE_CONNS] = client("7\n");
	ck_assert_uint_eq(side.open, STS_SIDE_CONNS);
	ck_assert_uint_eq(received(fd[STS_SIDE_CONNS], &over), 0);
	ck_assert(!over);
	close(fd[3]);
	turn();
	ck_assert_uint_eq(received(fd[STS_SIDE_CONNS], &over), 7);
	ck_assert(over);
	for (unsigned i = 0; i < STS_SIDE_CONNS; i++) {
		if (i != 3) {
			close(fd[i]);
		}
	}
	turn();
	ck_assert_uint_eq(side.open, 0);
	ck_assert_uint_eq(closed_count, 1);
	end();
}
END_TEST

/* Without descriptors the listener waits without spinning, then goes on. */
START_TEST(without_descriptors_the_listener_waits)
{
	struct rlimit had, few;
	bool over;
	int last = -1, fd;

	begin();
	ck_assert_int_eq(getrlimit(RLIMIT_NOFILE, &had), 0);
	few = had;
	few.rlim_cur = 64;
	ck_assert_int_eq(setrlimit(RLIMIT_NOFILE, &few), 0);
	while ((fd = dup(STDIN_FILENO)) >= 0) {
		last = fd;
	}
	close(last);
	fd = client("4\n");
	turn();
	ck_assert(!side.accepting);
	ck_assert_int_eq(setrlimit(RLIMIT_NOFILE, &had), 0);
	later(1100);
	ck_assert_uint_eq(received(fd, &over), 4);
	ck_assert(over);
	close(fd);
	end();
}
END_TEST

/* A listener that is shut down by another process does not make the daemon
 * spin. */
START_TEST(a_listener_shut_down_elsewhere_does_not_spin)
{
	begin();
	ck_assert_int_eq(shutdown(side.fd, SHUT_RDWR), 0);
	for (unsigned i = 0; i < 3; i++) {
		sts_posix_wait(&posix, NULL, 20);
		sts_side_run(&side, now);
	}
	sts_ms before = sts_posix_now();

	sts_posix_wait(&posix, NULL, 60);
	ck_assert(!sts_before(sts_posix_now(), before + 50));
	end();
}
END_TEST

/* A listener that the port cannot watch is closed, so that no client waits
 * there. */
START_TEST(a_listener_that_cannot_be_watched_is_closed)
{
	static struct sts_side other;
	int fd = open("/dev/null", O_RDONLY); /* which epoll does not take */

	if (strcmp(sts_wait_name, "epoll") != 0) {
		return;
	}
	begin();
	sts_side_inherit(&other, fd, &side.at);
	ck_assert(!sts_side_begin(&other, &posix, 0, &ops, asked));
	unit_int("errno", errno, EPERM);
	ck_assert(!sts_side_is_open(&other));
	unit_int("flags of the closed descriptor", fcntl(fd, F_GETFD), -1);
	sts_side_end(&other);
	end();
}
END_TEST

/* Without a listener there is nothing to do. */
START_TEST(without_a_listener_nothing_is_done)
{
	sts_side_none(&side);
	ck_assert(!sts_side_is_open(&side));
	ck_assert(sts_side_begin(&side, &posix, 0, &ops, asked));
	ck_assert_uint_gt(sts_side_run(&side, 1), 1000);
	sts_side_end(&side);
}
END_TEST

START_TEST(the_end_closes_all_clients)
{
	bool over;

	begin();
	int fd = client("5l\n");

	end();
	ck_assert_uint_eq(closed_count, 1);
	ck_assert_int_eq((int)recv(fd, &over, 1, 0), 0);
	close(fd);
}
END_TEST

void
unit_tests(TCase *tc)
{
	tcase_add_test(tc, an_answer_has_its_length);
	tcase_add_test(tc, a_request_may_come_in_pieces);
	tcase_add_test(tc, a_client_without_a_request_is_closed_in_time);
	tcase_add_test(tc, a_request_without_end_is_given_up);
	tcase_add_test(tc, a_client_that_reads_nothing_is_closed);
	tcase_add_test(tc, a_client_that_drips_is_closed);
	tcase_add_test(tc, a_client_that_leaves_frees_its_connection);
	tcase_add_test(tc, a_late_answer_is_waited_for);
	tcase_add_test(tc, a_client_too_many_waits_for_its_turn);
	tcase_add_test(tc, without_descriptors_the_listener_waits);
	tcase_add_test(tc, a_listener_shut_down_elsewhere_does_not_spin);
	tcase_add_test(tc, a_listener_that_cannot_be_watched_is_closed);
	tcase_add_test(tc, without_a_listener_nothing_is_done);
	tcase_add_test(tc, the_end_closes_all_clients);
}
