/* SPDX-License-Identifier: MIT */
/* Events as lines on the UART: the same words as the daemon's log. */
#ifndef STS_BOARD_LOG_H
#define STS_BOARD_LOG_H

#include "../../core/base/event.h"

/* For struct sts_lwip_outside. */
void sts_log_event(void *ctx, const struct sts_event *e);

/* Begin a line of the board's own: the time, then the caller's words. */
void sts_log_time(void);

#endif
