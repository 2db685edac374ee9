/* SPDX-License-Identifier: MIT */
/* Commands about what outlives a restart. */
#include <stdlib.h>
#include <string.h>

#include "play.h"

void
do_store(void)
{
	struct flash *f = &scene.storage.flash;
	unsigned n = (unsigned)strtoul(arg(2), NULL, 10);

	scene_start(&scene);
	if (strcmp(arg(1), "again") == 0) {
		f->again = n;
	} else if (strcmp(arg(1), "cut") == 0) {
		f->cut_at = f->ops + n;
	} else if (strcmp(arg(1), "fail") == 0) {
		f->fail_from = f->ops + 1;
		f->fail_to = f->ops + 1 + n;
	} else {
		fail("unknown word for the store", arg(1));
	}
}

void
do_expect_saved(void)
{
	settle();
	if (!sts_agent_saved(&scene.agent)) {
		fail("something is not saved", NULL);
	}
}

/* forget DOMAIN: the operator's word */
void
do_forget(void)
{
	scene_start(&scene);
	sts_agent_forget(
	    &scene.agent, sts_text((const uint8_t *)arg(1), strlen(arg(1))));
	sts_driver_wake(&scene.driver);
	settle();
}
