/* SPDX-License-Identifier: MIT */
/*
 * What the daemon can change while it runs: configuration, name servers,
 * trust anchors. There are two complete sets. A change is made in the spare
 * one and then swapped; the former becomes the spare when no work uses it any
 * more. Whatever is new and broken changes nothing but the log.
 */
#ifndef STS_LIVE_H
#define STS_LIVE_H

#include "../../core/answer/preload.h"
#include "../../port/posix/addr.h"
#include "conf.h"
#include "memory.h"
#include "preload_file.h"
#include "watch.h"

enum {
	/* What is to be read again. */
	STS_LIVE_CONF = 1,
	STS_LIVE_SERVERS = 2,
	STS_LIVE_ROOTS = 4,
	STS_LIVE_PRELOAD = 8,

	STS_LIVE_LOOK_MS = 5000, /* how often files are looked at */
	STS_LIVE_RETRY_MS = 1000, /* while the spare set is in use */
	STS_LIVE_PIECES = 4, /* of a file in a step, of 4 KB: 0.1 ms */
	STS_LIVE_REMIND_MS = 3600000, /* that enforcement is off */
	STS_LIVE_OFF_MAX_S = 30 * 86400, /* that an order may be kept */
	STS_LIVE_HOST_MAX = 253,
	STS_LIVE_SHARE_ANCHORS = 16384 /* octets of redis_anchors, packed */
};

struct sts_live_set {
	struct sts_conf conf;
	struct sts_dns_servers servers;
	struct sts_roots roots;
	unsigned area; /* of the memory: where the anchors are */
	struct sts_preload preload; /* when `preloaded` */
	bool preloaded;
	unsigned preload_area; /* of the agent: where the list is */
	struct sts_reporter reporter;
	struct sts_roots share_roots; /* if sts_live_share_roots says so */
	unsigned share_area;
	struct sts_settings settings;
};

struct sts_live {
	/* Private, but for the sets. */
	struct sts_live_set set[2];
	unsigned current;
	struct sts_conf_source source;
	struct sts_memory *memory;
	struct sts_conf_room room; /* in it, made at the start */
	struct sts_agent *agent;
	struct sts_driver *driver;
	struct sts_log *log;
	struct sts_watch watch_servers, watch_roots, watch_preload;
	unsigned pending;
	/* Where STS_AF_LOCAL leads: of the set in use. */
	const char *local[STS_SHARE_SERVERS];
	bool roots_cut; /* the bundle was read, and ended inside a block */
	bool servers_cut; /* resolv.conf was read, and named nobody */
	unsigned reading; /* ROOTS, PRELOAD: into the spare set, in steps; the
			     rest of it is ready, but for what failed: */
	bool renewed;
	struct sts_roots_reading bundle;
	struct sts_roots fresh;
	struct sts_preload_file list_file;
	struct sts_preload list;
	sts_ms look_at;
	bool enforce_off;
	uint32_t off_until_s; /* agent time; 0: until it is switched on */
	bool resumed; /* what the journal says of that has been seen */
	bool ordered; /* by the operator of this run, not by the journal */
	sts_ms remind_at;
	char host[STS_LIVE_HOST_MAX + 1]; /* our name */
	char address[STS_ADDR_TEXT_MAX]; /* that we connect from, or "" */
	uint8_t share_anchors[2][STS_LIVE_SHARE_ANCHORS]; /* stands last */
};

/*
 * Read the configuration, the name servers and the trust anchors into the
 * first set and lay out the memory. `asks`: by the C API. False: `why`, and
 * errno is the system's reason, or 0 where what is configured is at fault.
 */
bool sts_live_open(struct sts_live *l, const struct sts_conf_source *source,
    struct sts_memory *memory, unsigned asks, char why[STS_CONF_WHY_MAX]);

/* The same with a configuration that was read already. */
bool sts_live_open_conf(struct sts_live *l, const struct sts_conf *conf,
    struct sts_memory *memory, unsigned asks, char why[STS_CONF_WHY_MAX]);

/* The set in use. */
const struct sts_live_set *sts_live_now(const struct sts_live *l);

/* The anchors of redis_anchors, if that is in use, or NULL: servers of shared
 * policies are judged by them in place of s->roots. */
const struct sts_roots *sts_live_share_roots(const struct sts_live_set *s);

/* From now on changes go to these. */
void sts_live_begin(struct sts_live *l, struct sts_agent *agent,
    struct sts_driver *driver, struct sts_log *log, sts_ms now);

/*
 * Read the operator's list of policies into the agent, which was set up with
 * the settings of the first set and does not run yet. False: `why`; then there
 * is none until the file changes.
 */
bool sts_live_preload(struct sts_live *l, const struct sts_agent *agent,
    char why[STS_CONF_WHY_MAX]);

/* Only read it, into memory that nobody uses yet, to see whether it can be. */
bool sts_live_preload_test(
    struct sts_live *l, struct sts_span area, char why[STS_CONF_WHY_MAX]);

/* Read everything again (SIGHUP) as soon as the spare set is free. */
void sts_live_reload(struct sts_live *l, sts_ms now);

/*
 * Enforce, or (the kill switch) answer everything "not found" but overrides,
 * and log what would have been answered. Takes effect at once, until it is
 * switched again; no reload changes it. Logged, and while it is off again every
 * hour.
 *
 * off_until_s: 0, and a restart ends it; or the agent time at which enforcement
 * is switched on again by itself: that is kept in the journal and outlives a
 * restart.
 */
void sts_live_enforce(
    struct sts_live *l, bool on, uint32_t off_until_s, sts_ms now);
bool sts_live_enforces(const struct sts_live *l);
/* When it will be switched on by itself; 0: it is on, or nothing is planned. */
uint32_t sts_live_off_until_s(const struct sts_live *l);

/* The journal has been read, as far as it will be before the first answer about
 * a domain: take over an order that it has. wall_s: seconds since 1970, by which
 * the order counts for the first answer if it is not over, or -1: none. The
 * agent, which may not have seen the time yet, will not take one that is behind
 * its own. */
void sts_live_resume(struct sts_live *l, int64_t wall_s, sts_ms now);
bool sts_live_resumed(const struct sts_live *l);

/* Look at the files when that is due, and do what is pending. Returns the
 * milliseconds until it is to be called again. */
sts_ms sts_live_tick(struct sts_live *l, sts_ms now);

#endif
