/* SPDX-License-Identifier: MIT */
/*
 * Parts of the program that a build may leave out, beside those of
 * core/base/sts_config.h: 1 unless make WITHOUT='CHECK PUBLISH' says otherwise,
 * which leaves their files out as well (Makefile). A command that is left out
 * stays in the table of main.c, so that it says so.
 */
#ifndef STS_PARTS_H
#define STS_PARTS_H

#include "../../core/base/sts_config.h"

/* mtasts check: a domain looked into. */
#ifndef STS_CHECK
#define STS_CHECK STS_SMTP
#endif

/* mtasts publish: what a domain of one's own publishes, which is checked
 * before it is enforced. */
#ifndef STS_PUBLISH
#define STS_PUBLISH STS_CHECK
#endif

/* mtasts status, and the daemon's answer to it. */
#ifndef STS_STATUS
#define STS_STATUS 1
#endif

/* mtasts status --html: its page. */
#ifndef STS_STATUS_HTML
#define STS_STATUS_HTML STS_STATUS
#endif

/* mtasts completion: what shells need. */
#ifndef STS_COMPLETION
#define STS_COMPLETION 1
#endif

/* mtasts warm: every domain of a file asked for. */
#ifndef STS_WARM
#define STS_WARM 1
#endif

#endif
