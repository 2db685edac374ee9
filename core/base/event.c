/* SPDX-License-Identifier: MIT */
/* The words for every event, one after another: a table of pointers would cost
 * more than counting the words. Levels have a table, as they are read more
 * often. */
#include <string.h>

#include "assert.h"
#include "event.h"
#include "sts_config.h"

enum {
	NUMBERS = 3,
	ROW = 1 + NUMBERS /* token, names of numbers */
};

enum {
	HAS_OPTIONS = STS_DANE || STS_PRELOAD || STS_REPORT || STS_SHARE
};

#if STS_DANE || STS_PRELOAD || STS_REPORT || STS_SHARE
#define STS_EVENT_OPTION_WORDS(X) STS_EVENT_OPTION_LIST(X)
#else
#define STS_EVENT_OPTION_WORDS(X) ""
#endif

#define STS_EVENT_WORDS(id, token, level, a, b, c)                             \
	token "\0" a "\0" b "\0" c "\0"
static const char words[] = STS_EVENT_LIST(STS_EVENT_WORDS);
static const char option_words[] = STS_EVENT_OPTION_WORDS(STS_EVENT_WORDS);

#define STS_EVENT_LEVEL(id, token, level, a, b, c) level,
static const uint8_t levels[] = { STS_EVENT_LIST(STS_EVENT_LEVEL)
	    STS_EVENT_OPTION_LIST(STS_EVENT_LEVEL) };

static const char *
word(enum sts_event_code code, unsigned column)
{
	unsigned n = (unsigned)code;
	const char *p = words;

	STS_ASSERT(n < STS_EVENT_COUNT && column < ROW);
	if (n >= STS_EVENT_OPTIONS) {
		if (!HAS_OPTIONS) {
			return column == 0 ? "?" : "";
		}
		p = option_words;
		n -= STS_EVENT_OPTIONS;
	}
	for (n = n * ROW + column; n > 0; n--) {
		p += strlen(p) + 1;
	}
	return p;
}

const char *
sts_event_token(enum sts_event_code code)
{
	return word(code, 0);
}

unsigned
sts_event_level(enum sts_event_code code)
{
	STS_ASSERT((unsigned)code < STS_EVENT_COUNT);
	return levels[code];
}

const char *
sts_event_number(enum sts_event_code code, unsigned i)
{
	const char *name = word(code, 1 + i);

	return *name != '\0' ? name : NULL;
}
