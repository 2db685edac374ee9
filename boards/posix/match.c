/* SPDX-License-Identifier: MIT */
/* mtasts match: the one-label rule, from the shell. */
#include <stdio.h>

#include "../../core/base/name.h"
#include "../../core/base/text.h"
#include "commands.h"

int
sts_command_match(const struct sts_args *args)
{
	struct sts_text pattern = sts_text_of(args->word[0]);
	struct sts_text host = sts_text_of(args->word[1]);
	struct sts_text name = pattern;

	(void)sts_text_take(&name, "*.");
	if (!sts_name_valid(name)) {
		return sts_fail(STS_EXIT_USAGE,
		    "the pattern is neither a name nor \"*.\" and a name");
	}
	if (!sts_name_valid(host)) {
		return sts_fail(STS_EXIT_USAGE, "the host is not a name");
	}
	bool match = sts_name_match(pattern, host);

	puts(match ? "match" : "no match");
	return match ? STS_EXIT_YES : STS_EXIT_NONE;
}
