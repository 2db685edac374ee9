/* SPDX-License-Identifier: MIT */
/* mtasts match: the one-label rule, from the shell. */
#include <stdio.h>
#include <string.h>

#include "../../core/base/name.h"
#include "commands.h"

int
sts_command_match(const struct sts_args *args)
{
	struct sts_text pattern = { (const uint8_t *)args->word[0],
		strlen(args->word[0]) };
	struct sts_text host = { (const uint8_t *)args->word[1],
		strlen(args->word[1]) };
	struct sts_text name = pattern;

	if (name.n > 2 && memcmp(name.p, "*.", 2) == 0) {
		name = sts_text(name.p + 2, name.n - 2);
	}
	if (!sts_name_valid(name)) {
		return sts_fail(STS_EXIT_USAGE, "the pattern is neither a "
						"name nor \"*.\" and a name");
	}
	if (!sts_name_valid(host)) {
		return sts_fail(STS_EXIT_USAGE, "the host is no name");
	}
	bool match = sts_name_match(pattern, host);

	puts(match ? "match" : "no match");
	return match ? STS_EXIT_YES : STS_EXIT_NONE;
}
