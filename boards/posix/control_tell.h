/* SPDX-License-Identifier: MIT */
/*
 * A record about one key or domain, told piece by piece while the agent goes
 * on: what was answered and why, what is held. The daemon tells it over the
 * control socket, `mtasts query` in its own process; the fields are listed in
 * boards/README.md.
 */
#ifndef STS_CONTROL_TELL_H
#define STS_CONTROL_TELL_H

#include "../../core/agent/inspect.h"
#include "control_say.h"

/* Where it was looked up. */
struct sts_tell_about {
	/* As it was asked for; both stay valid. What is longer than a request
	 * of the control socket can be is told so far. */
	struct sts_text key;
	struct sts_text zone; /* n 0: the default */
	const char *source; /* "daemon", "here" */
	int slot; /* of the answered question; -1: what is held is all */
};

struct sts_tell {
	/* Private. */
	struct sts_agent *agent;
	struct sts_tell_about about;
	struct sts_say *say;
	uint8_t stage;
	size_t off; /* in the answer, in the patterns */
	bool has; /* something is held, and kept until the end */
	struct sts_held held;
	uint16_t domain_len;
	uint8_t domain[STS_NAME_MAX];
};

/* Begin. `say` is used until the end. The question's slot stays the caller's,
 * and stays open until sts_tell_end. Returns the exit code: of the answer, or
 * without one 0 if something is held, else 1. */
unsigned sts_tell_begin(struct sts_tell *t, struct sts_agent *a,
    struct sts_say *say, const struct sts_tell_about *about);

/* Write what fits into the writer's buffer, which is empty and of at least
 * STS_SAY_RECORD_MAX. False: that was the end. */
bool sts_tell_fill(struct sts_tell *t);

/* Done, or given up. */
void sts_tell_end(struct sts_tell *t);

/* The fields of one record that is held, in the list and in the above. */
void sts_tell_held(
    struct sts_say *s, const struct sts_held *held, struct sts_text domain);

#endif
