/* SPDX-License-Identifier: MIT */
/*
 * One question on its way to an answer: part of a client, or of a question that
 * came through the C API. The owner keeps the key's bytes until the
 * answer was handed over; everything else is the agent's.
 */
#ifndef STS_ASK_H
#define STS_ASK_H

#include "answer.h"
#include "../base/io.h"

struct sts_settings;
struct sts_dane_records;

struct sts_ask {
	/* Set by the owner before the agent sees it. */
	struct sts_text key;
	const struct sts_zone *zone; /* of settings->zones */
	const struct sts_settings *settings; /* the settings it is answered
					      * under */
	bool afresh; /* look it up now, whatever is held */
	bool routed; /* its domain's hosts are looked up first: dane counts */
	struct sts_dane_records *route; /* routed: the caller's */
	/* Set by the agent. */
	struct sts_answer answer; /* kind NONE while it waits */
	sts_ms asked; /* when the agent first saw it */
	sts_ms began; /* when it began to wait for its domain's lookup, or for
	                 that of the hosts before it */
	sts_ms deadline; /* valid while waits */
	bool waits;
	/* Private to the agent. */
	uint16_t node; /* its owner's, in the driver's tree */
	uint8_t phase; /* what it waits for */
	uint8_t dane_why; /* enum sts_why of UNKNOWN */
	uint8_t dane; /* enum sts_dane_level, PENDING: not looked up yet */
	bool ahead; /* its domain's lookup is under way beside DANE's */
	bool first; /* it has waited in a queue of ours, and the asks there come
	               after it */
	bool idle; /* in the list of clients without a question */
	uint16_t lookup; /* the one it waits for, or the domain's hosts */
	uint16_t next, prev; /* in the one list that it is in */
};

#endif
