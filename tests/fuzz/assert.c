/* SPDX-License-Identifier: MIT */
/* A failed assertion crashes under a fuzzer, so that the fuzzer reports it. */
#include <stdio.h>
#include <stdlib.h>

#include "../../core/base/assert.h"

void
sts_assert_failed(const char *file, int line)
{
	fprintf(stderr, "%s:%d: assertion failed\n", file, line);
	abort();
}
