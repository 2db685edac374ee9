/* SPDX-License-Identifier: MIT */
/* The words for every event. */
#include "assert.h"
#include "event.h"

struct words {
	const char *token;
	unsigned level;
	const char *number[3];
};

#define STS_EVENT_WORDS(id, token, level, a, b, c)                             \
	{ token, level, { a, b, c } },
static const struct words words[] = { STS_EVENT_LIST(STS_EVENT_WORDS) };

const char *
sts_event_token(enum sts_event_code code)
{
	STS_ASSERT((unsigned)code < STS_EVENT_COUNT);
	return words[code].token;
}

unsigned
sts_event_level(enum sts_event_code code)
{
	STS_ASSERT((unsigned)code < STS_EVENT_COUNT);
	return words[code].level;
}

const char *
sts_event_number(enum sts_event_code code, unsigned i)
{
	STS_ASSERT((unsigned)code < STS_EVENT_COUNT);
	STS_ASSERT(i < 3);
	return words[code].number[i];
}
