/* SPDX-License-Identifier: MIT */
/*
 * The key warm_names: the names of a file are looked up ahead of their first
 * mail, slowly, after the start and once a week, at moments that nobody can
 * predict: whoever wants to be there at the first contact would have to be
 * there all the time.
 */
#ifndef STS_WARM_NAMES_H
#define STS_WARM_NAMES_H

#include "../../core/driver.h"
#include "conf.h"
#include "names.h"

enum {
	STS_WARM_START_MS = 60000, /* within so long after the start */
	STS_WARM_PACE_MS = 2000, /* between two look-ups, half as much to half
	                            as much again */
	STS_WARM_KNOWN_MS = 50, /* after a name that needs none, or a piece of
	                           the file without one */
	STS_WARM_AGAIN_MS = 3600000, /* when the file could not be read */
	STS_WARM_WEEK_MS = 7 * 86400000, /* between rounds, */
	STS_WARM_SPREAD_MS = 86400000 /* a day less to a day more */
};

struct sts_warm_names {
	/* Private. */
	struct sts_agent *agent;
	struct sts_driver *driver;
	const struct sts_port *port;
	struct sts_log *log;
	char path[STS_CONF_PATH_MAX + 1]; /* of this round */
	bool open, in_hand;
	sts_ms at;
	unsigned begun, known, bad;
	char name[STS_NAMES_MAX + 1]; /* in hand */
	struct sts_names names;
};

void sts_warm_names_begin(struct sts_warm_names *w, struct sts_agent *agent,
    struct sts_driver *driver, const struct sts_port *port,
    struct sts_log *log);

/* Do what is due with the file at path ("": none). Milliseconds until it is to
 * be called again. */
sts_ms sts_warm_names_tick(
    struct sts_warm_names *w, const char *path, sts_ms now);

#endif
