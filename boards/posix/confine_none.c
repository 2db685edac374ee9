/* SPDX-License-Identifier: MIT */
/* Systems that have no means that fits, or none that is known here. Capsicum,
 * FreeBSD's, does not: what is read again at a reload is opened by its path. */
#include "confine.h"

#if !defined(__linux__) && !defined(__OpenBSD__)

#include <stdio.h>

enum sts_confine_result
sts_confine(const struct sts_conf *c, const char *journal,
    char text[STS_CONFINE_TEXT_MAX])
{
	(void)c;
	(void)journal;
	snprintf(text, STS_CONFINE_TEXT_MAX, "not known for this system");
	return STS_CONFINE_NONE;
}

int
sts_confine_writer(void)
{
	return 0;
}

#endif
