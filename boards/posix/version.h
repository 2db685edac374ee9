/* SPDX-License-Identifier: MIT */
/* What this build is. */
#ifndef STS_VERSION_H
#define STS_VERSION_H

#ifndef STS_VERSION
#define STS_VERSION "unversioned"
#endif

/*
 * Seconds since 1970 before which a clock cannot be right: that of this
 * source. A packager may give the build's, -DSTS_BUILD_S=$SOURCE_DATE_EPOCH.
 */
#ifndef STS_BUILD_S
#define STS_BUILD_S 1735689600 /* 2025-01-01 */
#endif

#endif
