/* SPDX-License-Identifier: MIT */
/* The rounds of warm_names: a cursor in the file, and no memory of names. */
#define _POSIX_C_SOURCE 200809L

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "../../core/base/text.h"
#include "../../core/sts.h"
#include "warm_names.h"

/* A number below n; n - 1 while the system has no randomness yet. */
static sts_ms
below(const struct sts_warm_names *w, sts_ms n)
{
	uint8_t r[4] = { 0xff, 0xff, 0xff, 0xff };

	if (w->port->entropy(w->port->ctx, r, sizeof r) != 0) {
		return n - 1;
	}
	return (sts_ms)((uint64_t)sts_get32be(r) * n >> 32);
}

void
sts_warm_names_begin(struct sts_warm_names *w, struct sts_agent *agent,
    struct sts_driver *driver, const struct sts_port *port, struct sts_log *log)
{
	memset(w, 0, sizeof *w);
	w->agent = agent;
	w->driver = driver;
	w->port = port;
	w->log = log;
}

/* The next round comes in `ms`. */
static void
rest(struct sts_warm_names *w, sts_ms now, sts_ms ms)
{
	if (w->open) {
		sts_names_close(&w->names);
	}
	w->open = w->in_hand = false;
	w->at = now + ms;
}

static void
end_round(struct sts_warm_names *w, sts_ms now, bool broken)
{
	sts_log_line(w->log, broken ? STS_LOG_ERROR : STS_LOG_INFO,
	    "warm_names: %s: %u looked up, %u known, %u are not domains%s",
	    w->path, w->begun, w->known, w->bad,
	    broken ? "; the rest of the file cannot be read" : "");
	rest(w, now,
	    STS_WARM_WEEK_MS - STS_WARM_SPREAD_MS +
		below(w, 2 * STS_WARM_SPREAD_MS));
}

static void
begin_round(struct sts_warm_names *w, sts_ms now)
{
	if (sts_names_open(&w->names, w->path) != 0) {
		sts_log_line(w->log, STS_LOG_ERROR, "warm_names: %s: %s",
		    w->path, strerror(errno));
		rest(w, now, STS_WARM_AGAIN_MS);
		return;
	}
	w->open = true;
	w->begun = w->known = w->bad = 0;
}

/* Offer the name in hand to the agent. */
static void
offer(struct sts_warm_names *w, sts_ms now)
{
	sts_ms pace = STS_WARM_PACE_MS / 2 + below(w, STS_WARM_PACE_MS);

	switch (sts_agent_warm(w->agent, sts_text_of(w->name))) {
	case STS_WARM_BEGUN:
		sts_driver_wake(w->driver);
		w->begun++;
		break;
	case STS_WARM_LATER:
		w->at = now + pace;
		return;
	case STS_WARM_KNOWN:
		w->known++;
		pace = STS_WARM_KNOWN_MS;
		break;
	case STS_WARM_REFUSED:
		w->bad++;
		pace = STS_WARM_KNOWN_MS;
		break;
	}
	w->in_hand = false;
	w->at = now + pace;
}

static void
step(struct sts_warm_names *w, sts_ms now)
{
	if (!w->in_hand) {
		enum sts_names_result r = sts_names_next(&w->names, w->name);

		if (r == STS_NAMES_END || r == STS_NAMES_BROKEN) {
			end_round(w, now, r == STS_NAMES_BROKEN);
			return;
		}
		if (r == STS_NAMES_BAD || r == STS_NAMES_MORE) {
			w->bad += r == STS_NAMES_BAD;
			w->at = now + STS_WARM_KNOWN_MS;
			return;
		}
		w->in_hand = true;
	}
	offer(w, now);
}

sts_ms
sts_warm_names_tick(struct sts_warm_names *w, const char *path, sts_ms now)
{
	if (strcmp(path, w->path) != 0) {
		/* Another file: a round of its own. */
		snprintf(w->path, sizeof w->path, "%s", path);
		rest(w, now, below(w, STS_WARM_START_MS));
	}
	if (path[0] == '\0') {
		return STS_WARM_AGAIN_MS;
	}
	if (sts_before(now, w->at)) {
		return w->at - now;
	}
	if (!w->open) {
		begin_round(w, now);
	}
	if (w->open) {
		step(w, now);
	}
	return sts_before(now, w->at) ? w->at - now : 0;
}
