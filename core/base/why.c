/* SPDX-License-Identifier: MIT */
/* The words for every reason, one after another: a pointer to each would cost
 * more than to count them. */
#include <string.h>

#include "assert.h"
#include "why.h"

#define STS_WHY_TOKEN(id, token, sentence) token "\0"
static const char tokens[] = STS_WHY_LIST(STS_WHY_TOKEN);

#define STS_WHY_TEXT(id, token, sentence) sentence "\0"
static const char sentences[] = STS_WHY_LIST(STS_WHY_TEXT);

static const char *
word(const char *words, enum sts_why why)
{
	STS_ASSERT((unsigned)why < STS_WHY_COUNT);
	for (unsigned i = 0; i < (unsigned)why; i++) {
		words += strlen(words) + 1;
	}
	return words;
}

const char *
sts_why_token(enum sts_why why)
{
	return word(tokens, why);
}

const char *
sts_why_text(enum sts_why why)
{
	return word(sentences, why);
}

bool
sts_why_passes(enum sts_why why)
{
	return why == STS_WHY_BUSY || why == STS_WHY_DNS_NO_BUFFER;
}

bool
sts_why_ours(enum sts_why why)
{
	switch (why) {
	case STS_WHY_DNS_LARGE:
	case STS_WHY_POLICY_MANY_MX:
	case STS_WHY_POLICY_NO_ROOM:
	case STS_WHY_TLS_RECORD:
		return true;
	default:
		return sts_why_passes(why);
	}
}
