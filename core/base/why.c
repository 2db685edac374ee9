/* SPDX-License-Identifier: MIT */
/* The words for every reason. */
#include "assert.h"
#include "why.h"

#define STS_WHY_TOKEN(id, token, sentence) token,
static const char *const tokens[] = { STS_WHY_LIST(STS_WHY_TOKEN) };

#define STS_WHY_TEXT(id, token, sentence) sentence,
static const char *const sentences[] = { STS_WHY_LIST(STS_WHY_TEXT) };

const char *
sts_why_token(enum sts_why why)
{
	STS_ASSERT((unsigned)why < STS_WHY_COUNT);
	return tokens[why];
}

const char *
sts_why_text(enum sts_why why)
{
	STS_ASSERT((unsigned)why < STS_WHY_COUNT);
	return sentences[why];
}
