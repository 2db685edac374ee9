/* SPDX-License-Identifier: MIT */
/* boards/posix: side listeners, with clients that behave and some that don't. */
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

/* The request: a number, which is how many octets are answered. */
static struct {
	bool taken;
	unsigned long left;
	bool late; /* answers LATER */
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
	now = 0xffffff00; /* it wraps on the way */
	ck_assert_uint_le(sts_posix_size(CHANNELS), sizeof memory);
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

/* Let everything happen that can at this moment. */
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
client(const char *says)
{
	struct sockaddr_un un;
	int fd = socket(AF_UNIX, SOCK_STREAM, 0);

	memset(&un, 0, sizeof un);
	un.sun_family = AF_UNIX;
	snprintf(un.sun_path, sizeof un.sun_path, "%s", path);
	ck_assert_int_eq(
	    connect(fd, (const struct sockaddr *)&un, sizeof un), 0);
	fcntl(fd, F_SETFL, O_NONBLOCK);
	ck_assert_int_eq(
	    send(fd, says, strlen(says), MSG_NOSIGNAL), (ssize_t)strlen(says));
	turn();
	return fd;
}

/* What can be read now: the count, and whether that was the end. */
static unsigned long
heard(int fd, bool *over)
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
	const char *name, *says;
	unsigned long want; /* octets */
} answers[] = {
	{ "one", "1\n", 1 },
	{ "none", "0\n", 0 },
	{ "a buffer less one", "2047\n", 2047 },
	{ "a buffer", "2048\n", 2048 },
	{ "a buffer and one", "2049\n", 2049 },
	{ "more than a socket takes", "1000000\n", 1000000 },
	{ "more than the request", "5\nand more", 5 },
};

START_TEST(answer_table)
{
	begin();
	for (size_t i = 0; i < UNIT_COUNT(answers); i++) {
		int fd = client(answers[i].says);
		bool over;

		unit_int(answers[i].name, (long long)heard(fd, &over),
		    (long long)answers[i].want);
		unit_int(answers[i].name, over, true);
		unit_int(answers[i].name, closed_count, (long long)i + 1);
		close(fd);
	}
	end();
}
END_TEST

START_TEST(in_pieces)
{
	bool over;

	begin();
	int fd = client("1");

	later(REQUEST_MS / 2);
	ck_assert_uint_eq(heard(fd, &over), 0);
	ck_assert(!over);
	ck_assert_int_eq(send(fd, "0\n", 2, 0), 2);
	shutdown(fd, SHUT_WR);
	ck_assert_uint_eq(heard(fd, &over), 10);
	ck_assert(over);
	end();
}
END_TEST

/* A client that sends nothing, half a request, or too much. */
static const struct {
	const char *name, *says;
	bool shut;
	unsigned long want;
	sts_ms after; /* when it is closed */
} bad[] = {
	{ "nothing", "", false, 0, REQUEST_MS },
	{ "half a line", "12", false, 0, REQUEST_MS },
	{ "closes its half at once", "", true, 0, 0 },
	{ "half a line and the end", "12", true, 0, 0 },
	{ "for ever later", "1l\n", false, 0, TOTAL_MS },
};

START_TEST(bad_table)
{
	begin();
	for (size_t i = 0; i < UNIT_COUNT(bad); i++) {
		int fd = client(bad[i].says);
		bool over = true;

		if (bad[i].shut) {
			shutdown(fd, SHUT_WR);
			turn();
		}
		if (bad[i].after > 0) {
			later(bad[i].after - 100);
			heard(fd, &over);
			unit_int(bad[i].name, over, false);
			later(100);
		}
		unit_int(bad[i].name, (long long)heard(fd, &over), 0);
		unit_int(bad[i].name, over, true);
		unit_int(bad[i].name, side.open, 0);
		close(fd);
	}
	end();
}
END_TEST

/* A megabyte without an end is given up at the buffer's. */
START_TEST(endless)
{
	static char much[1 << 20];
	bool over;

	begin();
	int fd = client("");

	memset(much, 'y', sizeof much);
	ck_assert_int_gt(send(fd, much, sizeof much, MSG_NOSIGNAL), 0);
	turn();
	ck_assert_uint_eq(heard(fd, &over), 3);
	ck_assert(over);
	close(fd);
	end();
}
END_TEST

START_TEST(reads_nothing)
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

/* It takes a little every second, but not for ever. */
START_TEST(drips)
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

/* The client is gone while the answer is not yet there. */
START_TEST(gone)
{
	begin();
	int fd = client("5l\n");

	ck_assert_uint_eq(side.open, 1);
	close(fd);
	turn();
	/* Not every system reports it at once. */
	for (unsigned i = 0; i < STS_SIDE_CONNS; i++) {
		asked[i].late = false;
	}
	turn();
	ck_assert_uint_eq(side.open, 0);
	ck_assert_uint_eq(closed_count, 1);
	end();
}
END_TEST

START_TEST(late_answer)
{
	bool over;

	begin();
	int fd = client("5l\n");

	later(2 * STALL_MS);
	ck_assert_uint_eq(heard(fd, &over), 0);
	ck_assert(!over);
	for (unsigned i = 0; i < STS_SIDE_CONNS; i++) {
		asked[i].late = false;
	}
	turn();
	ck_assert_uint_eq(heard(fd, &over), 5);
	ck_assert(over);
	close(fd);
	end();
}
END_TEST

/* One client more than there are connections waits for its turn. */
START_TEST(full)
{
	int fd[STS_SIDE_CONNS + 1];
	bool over;

	begin();
	for (unsigned i = 0; i < STS_SIDE_CONNS; i++) {
		fd[i] = client("");
	}
	fd[STS_SIDE_CONNS] = client("7\n");
	ck_assert_uint_eq(side.open, STS_SIDE_CONNS);
	ck_assert_uint_eq(heard(fd[STS_SIDE_CONNS], &over), 0);
	ck_assert(!over);
	close(fd[3]);
	turn();
	ck_assert_uint_eq(heard(fd[STS_SIDE_CONNS], &over), 7);
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

/* Without descriptors it waits and does not spin, and then goes on. */
START_TEST(no_descriptor)
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
	ck_assert_uint_eq(heard(fd, &over), 4);
	ck_assert(over);
	close(fd);
	end();
}
END_TEST

/* A listener that another process shuts down does not make the daemon spin. */
START_TEST(shut_down)
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
START_TEST(unwatched)
{
	static struct sts_side other;
	int fd = open("/dev/null", O_RDONLY); /* epoll takes no such thing */

	if (strcmp(sts_wait_name, "epoll") != 0) {
		return;
	}
	begin();
	sts_side_inherit(&other, fd, &side.at);
	ck_assert(!sts_side_begin(&other, &posix, 0, &ops, asked));
	unit_int("errno", errno, EPERM);
	ck_assert(!sts_side_is_open(&other));
	unit_int("descriptor", fcntl(fd, F_GETFD), -1);
	sts_side_end(&other);
	end();
}
END_TEST

/* Nobody listens: nothing is done. */
START_TEST(none)
{
	sts_side_none(&side);
	ck_assert(!sts_side_is_open(&side));
	ck_assert(sts_side_begin(&side, &posix, 0, &ops, asked));
	ck_assert_uint_gt(sts_side_run(&side, 1), 1000);
	sts_side_end(&side);
}
END_TEST

START_TEST(end_with_clients)
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
	tcase_add_test(tc, answer_table);
	tcase_add_test(tc, in_pieces);
	tcase_add_test(tc, bad_table);
	tcase_add_test(tc, endless);
	tcase_add_test(tc, reads_nothing);
	tcase_add_test(tc, drips);
	tcase_add_test(tc, gone);
	tcase_add_test(tc, late_answer);
	tcase_add_test(tc, full);
	tcase_add_test(tc, no_descriptor);
	tcase_add_test(tc, shut_down);
	tcase_add_test(tc, unwatched);
	tcase_add_test(tc, none);
	tcase_add_test(tc, end_with_clients);
}
