/* SPDX-License-Identifier: MIT */
/* An agent of a command's own: put together, asked, waited for. */
#define _POSIX_C_SOURCE 200809L

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "../../core/base/text.h"
#include "commands.h"
#include "conf_share.h"
#include "look.h"
#include "rights.h"

enum {
	RUN_BUDGET = 256,
	LOOKUPS = 4,
	FETCH_SLOTS = 2
};

int
sts_look_start(struct sts_look *q)
{
	char why[STS_CONF_WHY_MAX];
	uint8_t key[16];
	sts_ms now = sts_posix_now();

	/* Nothing of what a command looks up is shared with the fleet, and the
	 * files with its secrets are for the daemon alone. */
	sts_conf_share_defaults(&q->conf);
	q->conf.clients = 0;
	q->conf.listen_count = 0;
	q->conf.metrics_on = q->conf.control_on = false;
	q->conf.journal[0] = '\0';
	q->conf.lookups = LOOKUPS;
	q->conf.fetch_slots = FETCH_SLOTS;
	if (!sts_live_open_conf(&q->live, &q->conf, &q->memory, 1, why)) {
		return sts_fail(sts_exit_config(errno), "%s", why);
	}
	if (sts_posix_init(
		&q->posix, q->memory.channels, q->memory.port, &q->port) != 0 ||
	    q->port.entropy(q->port.ctx, key, sizeof key) != 0) {
		return sts_fail(STS_EXIT_FAILURE, "%s", strerror(errno));
	}
	sts_agent_init(&q->agent, &q->memory.config,
	    &sts_live_now(&q->live)->settings, q->memory.agent_block, now, key);
	if (!sts_live_preload(&q->live, &q->agent, why)) {
		fprintf(stderr,
		    "mtasts: the list of policies is not used: %s\n", why);
	}
	sts_driver_init(&q->driver, &q->agent, &q->port, now);
	return sts_rights_give_up(&q->conf);
}

int
sts_look_ask(struct sts_look *q, const char *zone, const char *key)
{
	int slot =
	    sts_ask_begin(&q->agent, sts_text_of(zone), sts_text_of(key));

	if (slot < 0) {
		return slot;
	}
	sts_driver_wake(&q->driver);
	while (sts_ask_answer(&q->agent, slot)->kind == STS_ANSWER_NONE) {
		sts_ms wait = sts_run(&q->driver, sts_posix_now(),
		    sts_posix_wall_s(), RUN_BUDGET);

		if (sts_ask_answer(&q->agent, slot)->kind == STS_ANSWER_NONE) {
			sts_posix_wait(&q->posix, &q->driver, wait);
		}
	}
	return slot;
}
