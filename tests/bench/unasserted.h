/* SPDX-License-Identifier: MIT */
/*
 * Included before everything in a build that measures what assertions cost
 * (`make bench-assert`), so that core/base/assert.h finds its guard defined.
 * For nothing else: an agent that has lost an invariant must stop.
 */
#ifndef STS_ASSERT_H
#define STS_ASSERT_H

STS_NORETURN void sts_assert_failed(const char *file, int line);

#define STS_ASSERT(x) ((void)sizeof(x))

#define STS_STATIC_ASSERT(x, name)                                             \
	typedef char sts_static_assert_##name[(x) ? 1 : -1]

#endif
