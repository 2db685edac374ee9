/* SPDX-License-Identifier: MIT */
/* Commands that expect numbers, as monitoring reads them. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../../core/agent/metrics.h"
#include "play.h"

enum {
	TEXT_MAX = 1 << 16
};

static struct sts_metrics_values values;

/* The value of a metric by its text; label: the value of its label, or NULL. */
static unsigned long
value_of(const char *name, const char *label)
{
	static char text[TEXT_MAX + 1];
	char want[256];
	const char *at;
	size_t n =
	    sts_metrics_render(&values, 0, sts_span((uint8_t *)text, TEXT_MAX));

	text[n] = '\0';
	snprintf(want, sizeof want, "\nmtasts_%s%s", name,
	    label != NULL ? "{" : " ");
	at = strstr(text, want);
	if (at != NULL && label != NULL) {
		snprintf(want, sizeof want, "=\"%s\"} ", label);
		at = strstr(at, want);
	}
	if (at == NULL) {
		fail("no such metric", name);
	}
	return strtoul(at + strlen(want), NULL, 10);
}

/* expect-metric NAME [VALUE] N: VALUE of its label; N may be "2..4" */
void
do_expect_metric(void)
{
	const char *label = line->argc > 3 ? arg(2) : NULL;
	const char *want = arg(label != NULL ? 3 : 2);
	unsigned long got;
	char *end;
	unsigned long low = strtoul(want, &end, 10), high = low;

	settle();
	sts_agent_metrics(&scene.agent, &values);
	got = value_of(arg(1), label);
	if (strncmp(end, "..", 2) == 0) {
		high = strtoul(end + 2, NULL, 10);
	}
	if (got < low || got > high) {
		char text[64];

		snprintf(text, sizeof text, "%lu instead of %s", got, want);
		fail(arg(1), text);
	}
}

static unsigned long
sum(unsigned first, unsigned last)
{
	unsigned long n = 0;

	for (unsigned i = first; i <= last; i++) {
		n += values.n[i];
	}
	return n;
}

#define SUM(id) sum(STS_METRIC_##id, STS_METRIC_##id##_LAST)

void
check_metrics(void)
{
	const uint32_t *n = values.n;

	sts_agent_metrics(&scene.agent, &values);
	if (SUM(ANSWERS) != SUM(QUESTIONS) ||
	    SUM(ANSWERS_WHY) != SUM(ANSWERS) ||
	    n[STS_METRIC_EVENTS + STS_EVENT_ANSWER] != SUM(ANSWERS)) {
		fail("the counts of answers differ", NULL);
	}
	if (SUM(CACHE_BYTES) != sts_cache_chunks(&scene.agent.cache)) {
		fail("the parts of the cache are not all of it", NULL);
	}
	for (unsigned i = 0; i <= STS_METRIC_BUSY_LAST - STS_METRIC_BUSY; i++) {
		if (n[STS_METRIC_BUSY + i] > n[STS_METRIC_SLOTS + i]) {
			fail("more slots are busy than there are", NULL);
		}
	}
	if (n[STS_METRIC_DNS_QUERIES] + n[STS_METRIC_DNS_TCP] <
	    n[STS_METRIC_LOOKUPS]) {
		fail("policies were found without a question", NULL);
	}
}
