/* SPDX-License-Identifier: MIT */
/* The words for every reason, one after another: a table of pointers would cost
 * more than counting the words. */
#include <string.h>

#include "assert.h"
#include "sts_config.h"
#include "why.h"

/* The words of features that a product leaves out are left out, too. */
#if STS_SMTP || STS_DANE
#define HAS_MAIL true
#define STS_WHY_MAIL_WORDS(X) STS_WHY_MAIL_LIST(X)
#else
#define HAS_MAIL false
#define STS_WHY_MAIL_WORDS(X) ""
#endif
#if STS_SHARE
#define STS_WHY_SHARE_WORDS(X) STS_WHY_SHARE_LIST(X)
#else
#define STS_WHY_SHARE_WORDS(X) ""
#endif

#define STS_WHY_TOKEN(id, token, sentence) token "\0"
static const char tokens[] = STS_WHY_LIST(STS_WHY_TOKEN);
static const char mail_tokens[] = STS_WHY_MAIL_WORDS(STS_WHY_TOKEN);
static const char share_tokens[] = STS_WHY_SHARE_WORDS(STS_WHY_TOKEN);

#define STS_WHY_TEXT(id, token, sentence) sentence "\0"
static const char sentences[] = STS_WHY_LIST(STS_WHY_TEXT);
static const char mail_sentences[] = STS_WHY_MAIL_WORDS(STS_WHY_TEXT);
static const char share_sentences[] = STS_WHY_SHARE_WORDS(STS_WHY_TEXT);

/* The word of a reason in the list that it belongs to. */
static const char *
word(const char *words, const char *mail, const char *share, enum sts_why why)
{
	unsigned n = (unsigned)why;

	STS_ASSERT(n < STS_WHY_COUNT);
	if (n >= STS_WHY_SHARED) {
		if (!STS_SHARE) {
			return "?";
		}
		words = share;
		n -= STS_WHY_SHARED;
	} else if (n >= STS_WHY_ANSWERS) {
		if (!HAS_MAIL) {
			return "?";
		}
		words = mail;
		n -= STS_WHY_ANSWERS;
	}
	for (; n > 0; n--) {
		words += strlen(words) + 1;
	}
	return words;
}

const char *
sts_why_token(enum sts_why why)
{
	return word(tokens, mail_tokens, share_tokens, why);
}

const char *
sts_why_text(enum sts_why why)
{
	return STS_SENTENCES
		   ? word(sentences, mail_sentences, share_sentences, why)
		   : sts_why_token(why);
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
		return true;
	default:
		return sts_why_passes(why);
	}
}

static unsigned
weight(enum sts_why why)
{
	return (why != STS_WHY_NONE ? 1U : 0U) + (sts_why_ours(why) ? 1U : 0U) +
	       (sts_why_passes(why) ? 1U : 0U);
}

enum sts_why
sts_why_both(enum sts_why first, enum sts_why next)
{
	return weight(next) > weight(first) ? next : first;
}
