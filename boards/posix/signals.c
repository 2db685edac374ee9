/* SPDX-License-Identifier: MIT */
/* Signals as something to wait for. SIGXFSZ is not in POSIX's base. */
#define _DEFAULT_SOURCE

#include <errno.h>
#include <signal.h>
#include <string.h>
#include <unistd.h>

#include "../../core/base/assert.h"
#include "../../port/posix/socket.h"
#include "signals.h"

static volatile sig_atomic_t stop, reload;
static int pipes[2] = { -1, -1 };

static void
note(int number)
{
	int err = errno;

	if (number == SIGHUP) {
		reload = 1;
	} else {
		stop = 1;
	}
	/* A full pipe wakes the reader as well. */
	(void)!write(pipes[1], "", 1);
	errno = err;
}

/* 0, or -1 with errno. */
static int
mask_reload(int how)
{
	sigset_t s;

	sigemptyset(&s);
	sigaddset(&s, SIGHUP);
	return sigprocmask(how, &s, NULL);
}

void
sts_signals_hold(void)
{
	int held;

	signal(SIGXFSZ, SIG_IGN);
	held = mask_reload(SIG_BLOCK);
	STS_ASSERT(held == 0); /* there is such a signal, and such a way */
}

int
sts_signals_open(void)
{
	struct sigaction a;

	if (pipe(pipes) != 0 || sts_socket_prepare(pipes[0]) != 0 ||
	    sts_socket_prepare(pipes[1]) != 0) {
		return -1;
	}
	memset(&a, 0, sizeof a);
	sigemptyset(&a.sa_mask);
	a.sa_flags = SA_RESTART;
	a.sa_handler = note;
	if (sigaction(SIGTERM, &a, NULL) != 0 ||
	    sigaction(SIGINT, &a, NULL) != 0 ||
	    sigaction(SIGHUP, &a, NULL) != 0) {
		return -1;
	}
	a.sa_handler = SIG_IGN;
	return sigaction(SIGPIPE, &a, NULL) != 0 ||
		       mask_reload(SIG_UNBLOCK) != 0
		   ? -1
		   : pipes[0];
}

unsigned
sts_signals_take(void)
{
	char bytes[64];
	unsigned came = 0;

	/* First the pipe: a signal after this fills it anew. */
	while (read(pipes[0], bytes, sizeof bytes) > 0) {
	}
	if (stop) {
		stop = 0;
		came |= STS_SIGNAL_STOP;
	}
	if (reload) {
		reload = 0;
		came |= STS_SIGNAL_RELOAD;
	}
	return came;
}
