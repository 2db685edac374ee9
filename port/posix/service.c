/* SPDX-License-Identifier: MIT */
/* Talking to a service supervisor. */
#define _POSIX_C_SOURCE 200809L

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "../../core/base/bytes.h"
#include "service.h"
#include "socket.h"

enum {
	NUMBER_DIGITS = 19
};

/* A number from the environment; `absent` when it is not there or none. */
static uint64_t
env_number(const char *name, uint64_t absent)
{
	const char *value = getenv(name);
	uint64_t n = absent;

	if (value != NULL) {
		sts_get_decimal(sts_text((const uint8_t *)value, strlen(value)),
		    NUMBER_DIGITS, &n);
	}
	return n;
}

int
sts_service_fds(void)
{
	uint64_t pid = env_number("LISTEN_PID", 0);
	uint64_t n = env_number("LISTEN_FDS", UINT64_MAX);

	if (pid != (uint64_t)getpid() || getenv("LISTEN_FDS") == NULL) {
		return 0;
	}
	return n > STS_SERVICE_FDS_MAX ? -1 : (int)n;
}

void
sts_service_fd_name(int i, char out[STS_SERVICE_NAME_MAX + 1])
{
	const char *names = getenv("LISTEN_FDNAMES");

	out[0] = '\0';
	for (; names != NULL && i > 0; i--) {
		names = strchr(names, ':');
		names = names != NULL ? names + 1 : NULL;
	}
	if (names == NULL) {
		return;
	}
	size_t len = strcspn(names, ":");

	if (len <= STS_SERVICE_NAME_MAX) {
		memcpy(out, names, len);
		out[len] = '\0';
	}
}

/* Connect fd to a path, or to an abstract name that begins with '@'. */
static int
connect_to(int fd, const char *path)
{
	struct sockaddr_un un;
	size_t len = strlen(path);

	memset(&un, 0, sizeof un);
	un.sun_family = AF_UNIX;
	if (len < 2 || len >= sizeof un.sun_path) {
		return -1;
	}
	memcpy(un.sun_path, path, len);
	if (path[0] == '@') {
		un.sun_path[0] = '\0';
	}
	len += offsetof(struct sockaddr_un, sun_path);
	return connect(fd, (const struct sockaddr *)&un, (socklen_t)len);
}

void
sts_service_open(struct sts_service *s)
{
	const char *path = getenv("NOTIFY_SOCKET");
	uint64_t us = env_number("WATCHDOG_USEC", 0);
	uint64_t pid = env_number("WATCHDOG_PID", (uint64_t)getpid());

	s->fd = -1;
	s->watchdog_ms = 0;
	s->owed = 0;
	if (path == NULL) {
		return;
	}
	s->fd = socket(AF_UNIX, SOCK_DGRAM, 0);
	if (s->fd < 0) {
		return;
	}
	if (sts_socket_prepare(s->fd) != 0 || connect_to(s->fd, path) != 0) {
		close(s->fd);
		s->fd = -1;
		return;
	}
	/* Twice as often as asked, as the protocol advises. */
	if (pid == (uint64_t)getpid() && us / 2000 <= UINT32_MAX) {
		s->watchdog_ms = (uint32_t)(us / 2000);
	}
}

bool
sts_service_notify(struct sts_service *s, unsigned state)
{
	static const char *const lines[] = { "READY=1", "STOPPING=1",
		"WATCHDOG=1" };

	s->owed |= state;
	for (unsigned i = 0; i < sizeof lines / sizeof *lines; i++) {
		if (s->fd < 0 || (s->owed & 1U << i) == 0) {
			continue;
		}
		if (send(s->fd, lines[i], strlen(lines[i]), MSG_NOSIGNAL) < 0 &&
		    sts_socket_transfer_error(errno) == STS_IO_AGAIN) {
			return false;
		}
		s->owed &= ~(1U << i);
	}
	return true;
}
