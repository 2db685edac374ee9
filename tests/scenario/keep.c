/* SPDX-License-Identifier: MIT */
/* Commands about what outlives a restart. */
#include <stdlib.h>
#include <string.h>

#include "play.h"

void
do_store(void)
{
	struct flash *f = &scene.storage.flash;
	unsigned n;

	if (strcmp(arg(1), "absent") == 0) {
		scene.store_absent = true;
		return;
	}
	scene_start(&scene);
	if (strcmp(arg(1), "there") == 0) {
		scene_store_there(&scene);
		return;
	}
	if (strcmp(arg(1), "goes") == 0) {
		f->holds = false;
		return;
	}
	n = (unsigned)strtoul(arg(2), NULL, 10);
	if (strcmp(arg(1), "holds") == 0) {
		f->holds = true;
		f->holds_after = n;
	} else if (strcmp(arg(1), "again") == 0) {
		f->again = n;
	} else if (strcmp(arg(1), "cut") == 0) {
		f->cut_at = f->ops + n;
	} else if (strcmp(arg(1), "unreadable") == 0) {
		f->fail_reads = n;
	} else if (strcmp(arg(1), "fail") == 0 || strcmp(arg(1), "full") == 0) {
		f->fail_with = arg(1)[1] == 'u' ? STS_IO_LIMIT : STS_IO_RESET;
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

/* expect-keeping off/ok/failing/full */
void
do_expect_keeping(void)
{
	static const char *const words[] = { "off", "ok", "failing", "full" };

	settle();
	if (strcmp(words[sts_agent_keeping(&scene.agent)], arg(1)) != 0) {
		fail("the journal is", words[sts_agent_keeping(&scene.agent)]);
	}
}

/* forget DOMAIN: by order of the operator */
void
do_forget(void)
{
	scene_start(&scene);
	sts_agent_forget(
	    &scene.agent, sts_text((const uint8_t *)arg(1), strlen(arg(1))));
	sts_driver_wake(&scene.driver);
	settle();
}

/* warm DOMAIN begun/known/later/refused: the result for a name to be looked up
 * ahead. */
void
do_warm(void)
{
	static const char *const words[] = { "begun", "known", "later",
		"refused" };
	const char *key = arg(1);

	scene_start(&scene);
	enum sts_warm got = sts_agent_warm(
	    &scene.agent, sts_text((const uint8_t *)key, strlen(key)));

	sts_driver_wake(&scene.driver);
	settle();
	if (strcmp(words[got], arg(2)) != 0) {
		fail("another word was expected", words[got]);
	}
}
