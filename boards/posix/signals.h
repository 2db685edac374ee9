/* SPDX-License-Identifier: MIT */
/*
 * Signals as something to wait for: the handler notes the signal and writes a
 * byte to a pipe.
 */
#ifndef STS_SIGNALS_H
#define STS_SIGNALS_H

enum {
	STS_SIGNAL_STOP = 1, /* SIGTERM, SIGINT */
	STS_SIGNAL_RELOAD = 2 /* SIGHUP */
};

/* First of all: a SIGHUP that comes while the daemon starts is kept for later,
 * and a journal beyond a limit of file sizes is an error like a full disk; else
 * either would end it. */
void sts_signals_hold(void);

/* Catch them, ignore SIGPIPE. The descriptor that can be read when one came,
 * or -1 with errno. */
int sts_signals_open(void);

/* Those that came since the last call (bits), and empty the pipe. */
unsigned sts_signals_take(void);

#endif
