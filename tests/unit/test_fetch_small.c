/* SPDX-License-Identifier: MIT */
/*
 * test_fetch.c with a record buffer of 1,024 bytes, which holds none of the
 * responses: their content is provisional until the end of the record.
 */
#include "../../core/base/assert.h"
#include "test_fetch.c"

STS_STATIC_ASSERT(STS_TLS_RECORD_SIZE == 1024, small_buffer);
