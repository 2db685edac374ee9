/* SPDX-License-Identifier: MIT */
/* boards/posix: how a command connects to the daemon. */
#define _DEFAULT_SOURCE
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "../../boards/posix/control_client.h"
#include "unit.h"

const char unit_name[] = "control_client";

enum {
	MANY = 8 /* more than the listener's queue has room for */
};

static struct sts_listen_at at;

/* A daemon that hangs: it listens, and accepts no client. */
static int
hanging(void)
{
	char folder[] = "/tmp/mtasts-client-XXXXXX";
	struct sockaddr_un un;
	int fd = socket(AF_UNIX, SOCK_STREAM, 0);

	ck_assert_ptr_nonnull(mkdtemp(folder));
	memset(&at, 0, sizeof at);
	at.addr.af = STS_AF_LOCAL;
	snprintf(at.path, sizeof at.path, "%s/s", folder);
	memset(&un, 0, sizeof un);
	un.sun_family = AF_UNIX;
	memcpy(un.sun_path, at.path, strlen(at.path));
	ck_assert_int_eq(bind(fd, (const struct sockaddr *)&un, sizeof un), 0);
	ck_assert_int_eq(listen(fd, 0), 0);
	return fd;
}

/* A full queue is an error, and is not waited for. */
START_TEST(a_full_queue_is_not_waited_for)
{
	int listener = hanging(), fds[MANY], n = 0;

	while (n < MANY && (fds[n] = sts_control_client_connect(&at)) >= 0) {
		n++;
	}
	ck_assert_int_lt(n, MANY);
	ck_assert_int_gt(n, 0);
	ck_assert(errno == EAGAIN || errno == ECONNREFUSED);
	while (n > 0) {
		close(fds[--n]);
	}
	close(listener);
	unlink(at.path);
	*strrchr(at.path, '/') = '\0';
	rmdir(at.path);
}
END_TEST

void
unit_tests(TCase *tc)
{
	tcase_add_test(tc, a_full_queue_is_not_waited_for);
}
