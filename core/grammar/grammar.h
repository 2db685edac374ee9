/* SPDX-License-Identifier: MIT */
/* Characters that the grammars of RFC 8461 and RFC 9112 share. */
#ifndef STS_GRAMMAR_H
#define STS_GRAMMAR_H

#include "../base/bytes.h"

enum {
	STS_FIELD_NAME_MAX = 32 /* of RFC 8461: ALNUM *31(...) */
};

/* WSP: SP / HTAB (RFC 5234). */
static inline bool
sts_is_wsp(uint8_t b)
{
	return b == ' ' || b == '\t';
}

/*
 * Whether b may be byte number `at` (from 0) of a field name of RFC 8461:
 * ALNUM *31(ALNUM / "_" / "-" / ".").
 */
static inline bool
sts_is_field_name(uint8_t b, size_t at)
{
	if (at > 0 && (b == '_' || b == '-' || b == '.')) {
		return at < STS_FIELD_NAME_MAX;
	}
	return at < STS_FIELD_NAME_MAX && sts_is_alnum(b);
}

#endif
