/* SPDX-License-Identifier: MIT */
/*
 * The one block of memory: what is in it and how large each part is. The
 * fixed parts come first, the cache of policies gets the rest.
 *
 *	trust anchors, in use     what the bundle takes at start, and a quarter
 *	trust anchors, spare      as much, for a new bundle
 *	trust anchors, reading
 *	port                      one record a channel
 *	agent                     clients, lookups, fetch slots, driver, cache
 */
#ifndef STS_MEMORY_H
#define STS_MEMORY_H

#include "../../core/driver.h"
#include "../../core/sts.h"
#include "../../port/posix/block.h"
#include "conf.h"
#include "roots.h"

struct sts_memory {
	struct sts_config config; /* for sts_agent_init */
	struct sts_plan agent;
	unsigned channels, descriptors;
	size_t anchors_size; /* of one area */
	size_t reading_size, port_size;
	uint32_t journal_area; /* octets of each of the file's; 0: off */
	size_t size; /* of the block: the configuration's `memory` */
	enum sts_block_huge huge; /* what became of that wish */
	/* Where they are, once mapped. */
	uint8_t *anchors[2];
	struct sts_anchors_load *reading;
	void *port, *agent_block;
};

/*
 * Map the block and read the bundle at `path` into the first area, then lay
 * out the rest by c->memory, clients, lookups and fetch_slots; `asks`: by the
 * C API. False: `why` says what is wrong and, if it is too small, what it
 * takes; errno is the system's reason, or 0.
 */
bool sts_memory_open(struct sts_memory *m, const struct sts_conf *c,
    unsigned asks, const char *path, struct sts_roots *roots,
    char why[STS_CONF_WHY_MAX]);

/* Have the system find all the memory now, and not when it is needed. */
void sts_memory_touch(const struct sts_memory *m);

/* Print every part and the sum, and what is static besides. */
void sts_memory_print(const struct sts_memory *m, size_t outside);

#endif
