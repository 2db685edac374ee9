/* SPDX-License-Identifier: MIT */
/* Step 11: what the daemon that runs here answers for the domain. */
#ifndef STS_CHECK_AGENT_H
#define STS_CHECK_AGENT_H

#include "../../port/posix/listen.h"
#include "check.h"

/*
 * Ask it by its control socket, and read the answer, within some seconds. No
 * daemon, or no answer: a->there stays false. Nothing of what it says is
 * judged: it may hold a policy of yesterday, rightly.
 */
void sts_check_agent_ask(struct sts_check_agent *a,
    const struct sts_listen_at *control, struct sts_text domain);

#endif
