/* SPDX-License-Identifier: MIT */
/*
 * The agent's answer to a question, before it is put into the words of one kind
 * of mail server: what is to happen to the mail, which rule decided that, and
 * why.
 */
#ifndef STS_ANSWER_H
#define STS_ANSWER_H

#include "../base/why.h"
#include "../cache/entry.h"
#include "zones.h"

enum sts_answer_kind {
	STS_ANSWER_NONE = 0, /* not yet decided */
	STS_ANSWER_NOTFOUND,
	STS_ANSWER_TEMP,
	STS_ANSWER_POLICY, /* enforce (or testing in a strict zone): ref */
	STS_ANSWER_OVERRIDE, /* the operator's own policy value */
	STS_ANSWER_DANE_ONLY, /* every mail host demands DANE */
	STS_ANSWER_DANE, /* some mail hosts do */
	STS_ANSWER_PRELOAD /* a policy of the operator's list: patterns */
};

enum {
	STS_ANSWER_KINDS = STS_ANSWER_PRELOAD + 1
};

/* Which rule decided. */
enum sts_rule {
	STS_RULE_KEY = 1, /* no domain */
	STS_RULE_OVERRIDE,
	STS_RULE_HELD, /* a live policy */
	STS_RULE_TABLE, /* nothing live held */
	STS_RULE_CLOCK,
	STS_RULE_DANE, /* TLSA records, or their look-up failed */
	STS_RULE_PRELOAD /* the operator's list of policies */
};

struct sts_answer {
	uint8_t kind; /* enum sts_answer_kind */
	uint8_t rule; /* enum sts_rule */
	uint8_t why; /* enum sts_why */
	uint8_t would; /* enum sts_answer_kind: the answer that an audit turned
			  into NOTFOUND; NONE: no audit did */
	sts_ref ref; /* POLICY: pinned until handed over; other kinds: 0 */
	const struct sts_override *override;
	/* PRELOAD: those of preload.h, valid as long as the settings. */
	const uint8_t *patterns;
};

#endif
