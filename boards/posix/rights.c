/* SPDX-License-Identifier: MIT */
/* Giving up rights, as the daemon does, for commands that end soon. */
#define _POSIX_C_SOURCE 200809L

#include <stdio.h>
#include <unistd.h>

#include "../../core/base/text.h"
#include "commands.h"
#include "confine.h"
#include "rights.h"
#include "users.h"

enum {
	LINE = 512
};

int
sts_rights_give_up(const struct sts_conf *c)
{
	static char line[LINE];
	char text[STS_CONFINE_TEXT_MAX];
	struct sts_user user;
	const char *name = c->user;

	/* With a buffer of ours nobody asks what kind of terminal it is. */
	setvbuf(stdout, line, _IOLBF, sizeof line);
	if (geteuid() == 0 && name[0] != '\0' &&
	    (!sts_user_find(sts_text_of(name), &user) ||
		sts_user_become(&user) != 0)) {
		return sts_fail(
		    STS_EXIT_FAILURE, "user: cannot become %s", name);
	}
	if (c->confine && sts_confine(c, NULL, text) == STS_CONFINE_FAILED) {
		return sts_fail(STS_EXIT_FAILURE, "confine: %s", text);
	}
	return 0;
}
