/* SPDX-License-Identifier: MIT */
/*
 * One question on its way to an answer: part of a client session or of a
 * question put through the C API. The owner keeps the key's bytes until the
 * answer was handed over; everything else is the agent's.
 */
#ifndef STS_ASK_H
#define STS_ASK_H

#include "answer.h"
#include "../base/io.h"

enum {
	STS_NO_NODE = 0xffff
};

struct sts_settings;

struct sts_ask {
	/* Set by the owner before the agent sees it. */
	struct sts_text key;
	const struct sts_zone *zone; /* of settings->zones */
	const struct sts_settings *settings; /* those it is answered under */
	bool afresh; /* look it up now, whatever is held */
	/* Set by the agent. */
	struct sts_answer answer; /* kind NONE while it waits */
	sts_ms asked; /* when the agent first saw it */
	sts_ms deadline; /* valid while waits */
	bool waits;
	/* Private to the agent: the chain of asks on one lookup or queue, or of
	 * clients that have none. */
	uint8_t phase;
	bool first; /* it is its turn: those that queue are behind it */
	bool idle; /* in the list of clients without a question */
	uint16_t lookup, next, prev;
};

#endif
