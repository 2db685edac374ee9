/* SPDX-License-Identifier: MIT */
/* The command line's side of the control socket. */
#define _POSIX_C_SOURCE 200809L

#include <errno.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "../../core/base/assert.h"
#include "../../port/posix/socket.h"
#include "control_client.h"

enum {
	PIECE = 4096
};

int
sts_control_client_connect(const struct sts_listen_at *at)
{
	struct sockaddr_un un;
	int fd = socket(AF_UNIX, SOCK_STREAM, 0);

	STS_ASSERT(at->addr.af == STS_AF_LOCAL);
	if (fd < 0) {
		return -1;
	}
	/* A daemon that hangs lets its queue fill, and connect() would wait for
	 * room in it without end. */
	if (sts_socket_prepare(fd) != 0) {
		close(fd);
		return -1;
	}
	memset(&un, 0, sizeof un);
	un.sun_family = AF_UNIX;
	memcpy(un.sun_path, at->path, strlen(at->path));
	if (connect(fd, (const struct sockaddr *)&un, sizeof un) != 0) {
		int err = errno;

		close(fd);
		errno = err;
		return -1;
	}
	return fd;
}

/* The request is short: it goes at once or not at all. */
static bool
send_request(int fd, const struct sts_control_request *r)
{
	uint8_t out[STS_CONTROL_REQUEST_MAX];
	size_t n = sts_control_request_write(r, out);

	return n > 0 && send(fd, out, n, MSG_NOSIGNAL) == (ssize_t)n;
}

/* The next piece of the answer; 0: no more. */
static size_t
receive(int fd, uint8_t *buf, size_t size)
{
	struct pollfd f = { fd, POLLIN, 0 };
	ssize_t n = -1;

	if (poll(&f, 1, STS_CONTROL_WAIT_MS) == 1) {
		n = recv(fd, buf, size, 0);
	}
	return n > 0 ? (size_t)n : 0;
}

bool
sts_control_client_ask(
    int fd, const struct sts_control_request *r, struct sts_control_show *s)
{
	uint8_t buf[PIECE];
	size_t n = send_request(fd, r) ? sizeof buf : 0;

	while (n > 0) {
		n = receive(fd, buf, sizeof buf);
		sts_control_show_feed(s, buf, n);
	}
	close(fd);
	return s->ended;
}

size_t
sts_control_client_fetch(
    int fd, const struct sts_control_request *r, uint8_t *buf, size_t size)
{
	size_t len = 0, n = send_request(fd, r) ? size : 0;

	while (n > 0 && len < size) {
		n = receive(fd, buf + len, size - len);
		len += n;
	}
	close(fd);
	return len;
}
