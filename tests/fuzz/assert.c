/* SPDX-License-Identifier: MIT */
/* What a failed assertion does under a fuzzer: a crash it can report. */
#include <stdio.h>
#include <stdlib.h>

#include "../../core/base/assert.h"

void
sts_assert_failed(const char *file, int line)
{
	fprintf(stderr, "%s:%d: assertion failed\n", file, line);
	abort();
}
