/* SPDX-License-Identifier: MIT */
/*
 * test_tls_client.c with a record buffer of 1,024 bytes, the smallest: tls and
 * base are built again for it (tests.mk). Larger records, of the handshake and
 * of data, are then opened piece by piece.
 */
#include "../../core/base/assert.h"
#include "test_tls_client.c"

STS_STATIC_ASSERT(STS_TLS_RECORD_SIZE == 1024, small_buffer);
