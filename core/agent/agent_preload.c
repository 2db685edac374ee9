/* SPDX-License-Identifier: MIT */
/*
 * The operator's list of policies: where it is kept, and whether it has
 * expired. A list without an end would go on deciding about domains that
 * changed their mail hosts long ago, so an expired list is not used, and logged
 * as an alert.
 *
 * As for policies, its end takes effect under a confirmed clock: an attacker
 * who moves the clock ahead must not end it. But a list whose end lies before
 * the build of this program, or before a time that was once confirmed, is over
 * whatever the clock shows.
 */
#include "agent_state.h"
#include "../answer/preload.h"
#include "../base/assert.h"

struct sts_span
sts_agent_preload_area(const struct sts_agent *a, unsigned i)
{
	size_t half = a->config.preload_size / 2;

	return half > 0 ? sts_span(a->preload.area + i * half, half)
			: sts_span(NULL, 0);
}

bool
sts_agent_preload_live(const struct sts_agent *a, const struct sts_settings *s)
{
	uint32_t end_s;

	STS_ASSERT(s->preload != NULL);
	end_s = s->preload->expires_s;
	return end_s > a->config.build_s && end_s > a->stamp_s &&
	       !(sts_agent_expires(a) && sts_agent_now_s(a) >= end_s);
}

void
sts_agent_preload_log(struct sts_agent *a)
{
	const struct sts_preload *list = a->settings->preload;
	uint16_t today = (uint16_t)(sts_agent_now_s(a) / STS_DAY_S);
	struct sts_event *e;

	if (list == NULL || sts_agent_preload_live(a, a->settings) ||
	    (a->preload.logged == list && a->preload.logged_day == today)) {
		return;
	}
	a->preload.logged = list;
	a->preload.logged_day = today;
	e = sts_agent_log(
	    a, STS_EVENT_PRELOAD_EXPIRED, STS_WHY_NONE, sts_text(NULL, 0));
	e->number[0] = list->domains;
	e->number[1] = list->expires_s;
}
