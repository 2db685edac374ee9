/* SPDX-License-Identifier: MIT */
/*
 * Randomness: arc4random_buf on the BSDs; getrandom on Linux, which unlike
 * /dev/urandom reports that the pool is not yet seeded; else /dev/urandom, and
 * not before /dev/random can be read, which shows that it is.
 */
#if defined(__linux__)
#define _DEFAULT_SOURCE
#define HAVE_GETRANDOM
#elif defined(__FreeBSD__) || defined(__NetBSD__) || defined(__OpenBSD__) ||   \
    defined(__DragonFly__) || defined(__APPLE__)
#define HAVE_ARC4RANDOM
#else
#define _POSIX_C_SOURCE 200809L
#endif

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdlib.h>
#include <unistd.h>
#ifdef HAVE_GETRANDOM
#include <sys/random.h>
#endif

#include "../../core/base/io.h"
#include "entropy.h"

#ifdef HAVE_ARC4RANDOM

int
sts_posix_entropy(int *urandom, uint8_t *buf, size_t len)
{
	(void)urandom;
	arc4random_buf(buf, len);
	return 0;
}

#else

/* Whether the system has been seeded since it booted. */
static bool
is_seeded(void)
{
	struct pollfd p = { -1, POLLIN, 0 };
	bool seeded;

	p.fd = open("/dev/random", O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	if (p.fd < 0) {
		return false;
	}
	seeded = poll(&p, 1, 0) == 1 && (p.revents & POLLIN) != 0;
	close(p.fd);
	return seeded;
}

/* Octets of the device, but only once the system is seeded: the device itself
 * does not wait for that. */
static int
read_device(int *urandom, uint8_t *buf, size_t len)
{
	if (*urandom < 0 && !is_seeded()) {
		return STS_IO_AGAIN;
	}
	if (*urandom < 0) {
		*urandom = open("/dev/urandom", O_RDONLY | O_CLOEXEC);
	}
	while (len > 0) {
		ssize_t n = read(*urandom, buf, len);

		if (n < 0 && errno == EINTR) {
			continue;
		}
		if (n <= 0) {
			return STS_IO_AGAIN;
		}
		buf += n;
		len -= (size_t)n;
	}
	return 0;
}

#ifdef HAVE_GETRANDOM

int
sts_posix_entropy(int *urandom, uint8_t *buf, size_t len)
{
	while (len > 0) {
		ssize_t n = getrandom(buf, len, GRND_NONBLOCK);

		if (n < 0 && errno == EINTR) {
			continue;
		}
		if (n < 0 && errno == EAGAIN) {
			return STS_IO_AGAIN;
		}
		if (n <= 0) {
			/* Linux before 3.17. */
			return read_device(urandom, buf, len);
		}
		buf += n;
		len -= (size_t)n;
	}
	return 0;
}

#else

int
sts_posix_entropy(int *urandom, uint8_t *buf, size_t len)
{
	return read_device(urandom, buf, len);
}

#endif
#endif
