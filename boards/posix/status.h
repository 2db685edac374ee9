/* SPDX-License-Identifier: MIT */
/*
 * How the daemon is, as one JSON object: what `mtasts status` asks for over the
 * control socket (mtasts(8) lists the members). It is taken as a snapshot, and
 * then rendered by windows that are all cut from the same text.
 *
 *	sts_status_begin(&s, &of);
 *	while (sts_status_walk(&s, &of)) {
 *	}
 *	sts_status_render(&s, &sink);
 *
 * Healthy is a matter of the daemon and of what is around it: clock, journal,
 * name servers. What some domain publishes or its server does is reported and
 * never makes the daemon unhealthy: otherwise a stranger could have a container
 * restarted. The order not to enforce is the operator's, and no fault.
 */
#ifndef STS_STATUS_H
#define STS_STATUS_H

#include "../../core/agent/inspect.h"
#include "../../core/grammar/json_put.h"
#include "history.h"
#include "journal_child.h"
#include "live.h"
#include "memory.h"

enum {
	STS_STATUS_DOMAINS = 4, /* named in each list */
	STS_STATUS_BUCKETS = 256 /* of the cache's index, in a step */
};

/* Why the daemon is not healthy: a bit each. */
enum sts_status_problem {
	STS_STATUS_CLOCK = 1, /* the time is not known */
	STS_STATUS_JOURNAL = 2, /* there is to be one, and it is not written */
	STS_STATUS_SERVERS = 4 /* no name server answers */
};

/* Where it is looked up. All stay valid. */
struct sts_status_of {
	struct sts_agent *agent;
	struct sts_live *live;
	const struct sts_memory *memory;
	const struct sts_journal_child *journal;
	const struct sts_history *history;
};

struct sts_status_domain {
	uint32_t expires_s, fetched_s;
	uint8_t mode, failures, why;
	uint8_t len;
	uint8_t name[STS_NAME_MAX];
};

/* The domains that expire first, in their order. */
struct sts_status_first {
	unsigned count;
	struct sts_status_domain domain[STS_STATUS_DOMAINS];
};

struct sts_status {
	/* Private. */
	unsigned problems; /* bits */
	struct sts_inspection agent;
	enum sts_keeping keeping;
	bool enforces;
	uint32_t off_until_s, up_s;
	struct sts_plan plan;
	size_t memory, anchors, reading, port;
	unsigned server_count;
	struct {
		struct sts_addr addr;
		bool trusted;
		struct sts_inspected_server is;
	} server[STS_DNS_SERVERS_MAX];
	struct sts_metrics_values metrics;
	struct sts_history_row total;
	unsigned hour_count;
	struct sts_history_row hour[STS_HISTORY_ROWS];
	struct sts_walk walk;
	struct sts_status_first failing, expires;
	bool walked; /* both lists were looked for */
};

/* What the history keeps of the agent: counters, and the longest wait. */
void sts_status_count(
    const struct sts_agent *agent, struct sts_history_row *total);

/* Take the snapshot, but for the lists of domains. */
void sts_status_begin(struct sts_status *s, const struct sts_status_of *of);

/* Go on looking for the domains, by STS_STATUS_BUCKETS. True: call again. */
bool sts_status_walk(struct sts_status *s, const struct sts_status_of *of);

bool sts_status_healthy(const struct sts_status *s);

/* Render the object and LF into the sink. Without a walk, the lists of domains
 * are left out. */
void sts_status_render(const struct sts_status *s, struct sts_sink *sink);

#endif
