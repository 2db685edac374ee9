/* SPDX-License-Identifier: MIT */
/*
 * The daemon's metrics: core/agent/metrics.h over HTTP, to whoever may connect.
 * One request a connection; each answer is a snapshot of the moment at which
 * its request was whole, so that its numbers belong together and its length is
 * known, however slowly it is read.
 */
#ifndef STS_METRICS_HTTP_H
#define STS_METRICS_HTTP_H

#include "../../core/agent/agent.h"
#include "conf.h"
#include "journal_child.h"
#include "live.h"
#include "memory.h"
#include "scrape.h"
#include "side.h"

enum {
	STS_METRICS_TOTAL_MS = 5000 /* for a request and its answer */
};

struct sts_metrics_http {
	/* Private. */
	struct sts_side side;
	const struct sts_agent *agent;
	const struct sts_live *live;
	const struct sts_memory *memory;
	const struct sts_journal_child *journal;
	const struct sts_posix *posix;
	uint32_t start_s;
	struct {
		enum sts_scrape status;
		bool begun; /* the header is out */
		size_t off; /* of the body */
		struct sts_metrics_values values;
	} answer[STS_SIDE_CONNS];
};

/*
 * Open the listener: of the supervisor's sockets the one named "metrics", or
 * what the configuration asks for, or none. False: `why`.
 */
bool sts_metrics_http_open(struct sts_metrics_http *m, const struct sts_conf *c,
    char why[STS_CONF_WHY_MAX]);

/* Serve from now on, by places of the port from `own`. All stay valid. False:
 * out of descriptors. */
bool sts_metrics_http_begin(struct sts_metrics_http *m, struct sts_posix *posix,
    unsigned own, const struct sts_agent *agent, const struct sts_live *live,
    const struct sts_memory *memory, const struct sts_journal_child *journal);

/* Serve the connections, as sts_side_run does. */
sts_ms sts_metrics_http_run(struct sts_metrics_http *m, sts_ms now);
void sts_metrics_http_end(struct sts_metrics_http *m);

#endif
