/* SPDX-License-Identifier: MIT */
/*
 * A console on the UART, and the C API as firmware with a mail server of its
 * own would use it: a line with a domain is asked, and answered as Postfix
 * would be; an empty line shows how much of everything is in use.
 */
#ifndef STS_CONSOLE_H
#define STS_CONSOLE_H

#include "../../core/sts.h"

enum {
	STS_CONSOLE_LINE = 80
};

struct sts_console {
	sts_ms pass_ms; /* the longest pass of the loop so far, by main */
	/* Private. */
	uint8_t line[STS_CONSOLE_LINE];
	uint8_t len;
	bool cut; /* the line was longer: part of it is another one */
	bool waits; /* for the answer to slot */
	int slot;
};

/* Take what was typed; print the answer when it is there. */
void sts_console_poll(
    struct sts_console *c, struct sts_agent *a, struct sts_driver *d);

#endif
