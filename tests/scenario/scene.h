/* SPDX-License-Identifier: MIT */
/*
 * An agent, its driver, the in-memory port, the world around it and the
 * clocks, run until nothing moves. One a process.
 */
#ifndef STS_TEST_SCENE_H
#define STS_TEST_SCENE_H

#include "../../core/answer/preload.h"
#include "../../core/driver.h"
#include "../mem/storage.h"
#include "../mem/world.h"

enum {
	SCENE_CLIENTS = 512,
	SCENE_NAME = 32
};

/* How a variant differs from the others; the outcome may not differ. */
struct scene_variant {
	const char *name;
	unsigned budget; /* of sts_run */
	size_t segment; /* of streams; 0: whole */
	sts_ms start; /* of the monotonic clock */
};

/* A mail server's connection. */
struct scene_client {
	char name[SCENE_NAME];
	struct mem_sock *sock;
	struct mem_bytes got; /* replies not yet expected */
	size_t may_read; /* how much it reads from now on */
	unsigned asked, answered;
	bool closed; /* by the agent */
};

struct scene {
	const struct scene_variant *variant;
	bool running;
	/* To be set before scene_start. */
	struct sts_config config;
	struct sts_settings settings;
	struct sts_dns_servers servers;
	struct sts_zones zones;
	/* The operator's list: its policies, and when it ends ("": never). */
	char preload[2048], preload_expires[40];
	struct sts_preload preload_list;
	uint32_t journal_day; /* the budget of the store; 0: none */
	/* The clocks. */
	sts_ms now;
	long long elapsed_ms, wall_offset_ms;
	bool wall_unknown;
	/* The parts. */
	struct mem mem;
	struct world world;
	struct storage storage; /* when has_store: it outlives the agent */
	bool has_store;
	bool store_absent; /* the agent starts without it */
	struct sts_anchors anchors;
	struct sts_agent agent;
	struct sts_driver driver;
	void *block, *anchor_block;
	struct scene_client client[SCENE_CLIENTS];
	unsigned client_count;
	const char *fault; /* the first breach */
};

/* Begin with the defaults. */
void scene_init(struct scene *s, const struct scene_variant *variant);

/* Start the agent, if it is not running; again after scene_crash. */
void scene_start(struct scene *s);

/* The store that was absent is there from now on. */
void scene_store_there(struct scene *s);

/* The agent dies and loses its memory; its store keeps what such a cut leaves
 * of unsynced writes. */
void scene_crash(struct scene *s, enum flash_cut how);

void scene_end(struct scene *s);

/* Seconds since 1970, or -1. */
int64_t scene_wall_s(const struct scene *s);

/* Run until nothing moves at this moment. */
void scene_settle(struct scene *s);

/* Let time pass, at most ms, stopping early when `c` (may be NULL) has a
 * whole reply. */
void scene_pass(struct scene *s, long long ms, const struct scene_client *c);

/* The client of that name, connected anew if it does not exist or was
 * closed. */
struct scene_client *scene_client(struct scene *s, const char *name);
struct scene_client *scene_find_client(struct scene *s, const char *name);
void scene_leave(struct scene *s, struct scene_client *c);
void scene_send(
    struct scene *s, struct scene_client *c, const void *p, size_t n);

/* The data of the first complete reply that waits, NUL-terminated. NULL: there
 * is none (*wrong is set when what came is no netstring). Valid until the next
 * call. */
const char *scene_reply(const struct scene_client *c, const char **wrong);
void scene_reply_done(struct scene_client *c);

#endif
