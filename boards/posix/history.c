/* SPDX-License-Identifier: MIT */
/* The last day in hours: a ring. */
#include <string.h>

#include "../../core/base/assert.h"
#include "history.h"

void
sts_history_begin(struct sts_history *h, sts_ms now)
{
	memset(h, 0, sizeof *h);
	h->at = now;
}

bool
sts_history_due(struct sts_history *h, sts_ms now)
{
	h->ms += (uint32_t)(now - h->at);
	h->at = now;
	return h->ms >= STS_HISTORY_HOUR_MS;
}

/* What was added since the hour began, whether or not a counter wrapped. */
static struct sts_history_row
added(const struct sts_history *h, const struct sts_history_row *total)
{
	struct sts_history_row row;

	for (unsigned i = 0; i < STS_HISTORY_COLUMNS; i++) {
		row.n[i] = total->n[i] - h->began.n[i];
	}
	row.waited_ms = total->waited_ms;
	return row;
}

uint32_t
sts_history_waited_ms(
    const struct sts_history *h, const struct sts_history_row *total)
{
	return total->waited_ms > h->waited_ms ? total->waited_ms
					       : h->waited_ms;
}

void
sts_history_close(struct sts_history *h, const struct sts_history_row *total)
{
	STS_ASSERT(h->ms >= STS_HISTORY_HOUR_MS);
	h->row[h->hours % STS_HISTORY_ROWS] = added(h, total);
	h->began = *total;
	h->waited_ms = sts_history_waited_ms(h, total);
	h->hours++;
	h->ms -= STS_HISTORY_HOUR_MS;
}

uint32_t
sts_history_up_s(const struct sts_history *h)
{
	return h->hours * (STS_HISTORY_HOUR_MS / 1000) + h->ms / 1000;
}

unsigned
sts_history_rows(const struct sts_history *h,
    const struct sts_history_row *total,
    struct sts_history_row out[STS_HISTORY_ROWS])
{
	unsigned count =
	    h->hours < STS_HISTORY_ROWS - 1 ? h->hours : STS_HISTORY_ROWS - 1;

	for (unsigned i = 0; i < count; i++) {
		out[i] = h->row[(h->hours - count + i) % STS_HISTORY_ROWS];
	}
	out[count] = added(h, total);
	return count + 1;
}
