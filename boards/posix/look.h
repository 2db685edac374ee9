/* SPDX-License-Identifier: MIT */
/*
 * An agent of a command's own, which looks a domain up in this process as the
 * daemon would, with no more rights than there, and waits for the answer.
 */
#ifndef STS_LOOK_H
#define STS_LOOK_H

#include "../../core/agent/agent.h"
#include "../../port/posix/posix.h"
#include "live.h"

struct sts_look {
	struct sts_agent agent;
	struct sts_conf conf; /* to be loaded before the start */
	/* Private. */
	struct sts_driver driver;
	struct sts_posix posix;
	struct sts_port port;
	struct sts_memory memory;
	struct sts_live live;
};

/*
 * Begin, with q->conf but for what only the daemon has; then give up the
 * rights that are not needed: files that the command writes must be written
 * before. 0, or an exit code, and the reason was printed.
 */
int sts_look_start(struct sts_look *q);

/* Look a key up for a zone ("": the default). The slot of the answer, for
 * sts_ask_answer; to be given back by sts_ask_end. -1: none is free. */
int sts_look_ask(struct sts_look *q, const char *zone, const char *key);

#endif
