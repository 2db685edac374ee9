/* SPDX-License-Identifier: MIT */
/*
 * The JSON object about one key or domain: what a mail server is answered and
 * why, and what is held. The daemon sends it over the control socket, `mtasts
 * query --fresh` makes it in its own process; mtasts(8) lists the members.
 *
 * It may be long (an answer has up to 100,000 octets, a policy as many
 * patterns as fit). It is rendered by windows: between begin and end it is the
 * same each time, whatever the agent does meanwhile.
 */
#ifndef STS_CONTROL_RECORD_H
#define STS_CONTROL_RECORD_H

#include "../../core/agent/inspect.h"
#include "../../core/grammar/json_put.h"
#include "control_request.h"

/* Where it was looked up. Both texts stay valid; what is longer than a request
 * can be is cut to that. */
struct sts_control_about {
	struct sts_text key;
	struct sts_text zone; /* n 0: the default */
	const char *source; /* "daemon", "here" */
	int slot; /* of the answered question; -1: only what is held */
	uint32_t off_until_s; /* enforcement is off until then; 0: not known */
};

struct sts_control_record {
	/* Private. */
	struct sts_agent *agent; /* NULL: not begun */
	struct sts_control_about about;
	bool has; /* something is held, and pinned until the end */
	bool doubted; /* the journal may have a later word about it */
	struct sts_held held;
	uint32_t now_s; /* when it was begun */
	bool counts; /* sessions are, and of them this many failed */
	uint64_t tested;
	bool has_dane; /* the same of the mail hosts */
	bool blind; /* the trusted name servers do not validate */
	struct sts_inspected_dane dane;
	uint16_t domain_len; /* 0: the key is no domain */
	uint8_t domain[STS_NAME_MAX];
};

/*
 * Begin. The question's slot stays the caller's, and stays open until
 * sts_control_record_end. Returns the exit code: that of the answer, or,
 * without a question, 0 if something is held, else 1.
 */
unsigned sts_control_record_begin(struct sts_control_record *r,
    struct sts_agent *a, const struct sts_control_about *about);

/* Render the object and LF into the sink. */
void sts_control_record_render(
    const struct sts_control_record *r, struct sts_sink *sink);

/* Done, or given up; nothing happens if it was not begun. */
void sts_control_record_end(struct sts_control_record *r);

/* The members that say what is held, here and in the list. */
void sts_control_record_held(struct sts_json_put *p,
    const struct sts_held *held, struct sts_text domain);

#endif
