/* SPDX-License-Identifier: MIT */
/*
 * BearSSL's server asks its seeder at every start, even when entropy was
 * injected. This definition replaces the library's, so that equal seeds give
 * equal bytes. tls/tls_engine.c brings its own.
 */
#include <bearssl.h>

#include "../../core/base/sts_config.h"

#if !STS_TLS_ENGINE
br_prng_seeder
br_prng_seeder_system(const char **name)
{
	if (name != NULL) {
		*name = "none";
	}
	return 0;
}
#endif
