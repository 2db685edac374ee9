/* SPDX-License-Identifier: MIT */
/*
 * Assertions state what callers must guarantee; hostile or unlucky input never
 * fails one. They are on in release builds: an agent that has lost an invariant
 * must stop rather than answer. The board supplies the hook.
 */
#ifndef STS_ASSERT_H
#define STS_ASSERT_H

#include "sts_config.h"

/* The compiler's attribute for a function that does not return: a build that
 * has one defines it. Without it the code is a few octets longer. */
#ifndef STS_NORETURN
#define STS_NORETURN
#endif

/*
 * Called once when an assertion fails; must not return. A board logs and
 * resets, the daemon logs and aborts.
 */
STS_NORETURN void sts_assert_failed(const char *file, int line);

/*
 * The same, in a product with STS_ASSERT_PLACE 0. The address it would return
 * to lies in, or right behind, the function whose assertion failed.
 */
STS_NORETURN void sts_assert_failed_here(void);

#if STS_ASSERT_PLACE
#define STS_ASSERT(x) ((x) ? (void)0 : sts_assert_failed(__FILE__, __LINE__))
#else
#define STS_ASSERT(x) ((x) ? (void)0 : sts_assert_failed_here())
#endif

/* A compile-time assertion, usable at file scope. */
#define STS_STATIC_ASSERT(x, name)                                             \
	typedef char sts_static_assert_##name[(x) ? 1 : -1]

#endif
