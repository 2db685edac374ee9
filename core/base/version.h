/* SPDX-License-Identifier: MIT */
/* The version of mtasts, as policy hosts and users see it. */
#ifndef STS_VERSION_H
#define STS_VERSION_H

#define STS_VERSION "0.1.0"

#endif
