/* SPDX-License-Identifier: MIT */
/* When this was built. */
#ifndef STS_BUILD_H
#define STS_BUILD_H

/*
 * Seconds since 1970 before which a clock cannot be right: that of this
 * source. A packager may give the build's, by make SOURCE_DATE_EPOCH=...
 */
#ifndef STS_BUILD_S
#define STS_BUILD_S 1735689600 /* 2025-01-01 */
#endif

#endif
