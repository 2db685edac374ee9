/* SPDX-License-Identifier: MIT */
/*
 * The one block of memory. Its parts are planned first: the agent's for the
 * configured numbers, the port's channels, two areas for trust anchors (a
 * reload parses into the one that is not in use), and all that is left for
 * policies.
 *
 *	anchors[0] | anchors[1] | reading | port | agent ... cache
 *
 * The bundle of trust anchors is read first, at the place where it needs most
 * room, because what it takes decides where the rest goes; then it is moved to
 * anchors[0] and the rest carved.
 *
 * Invariants: the parts do not overlap and their sum is at most the block; each
 * begins at a multiple of ALIGN, the agent's where its cache does. No page is
 * touched before it is needed. A block that is too small is an error that names
 * what each part takes: nothing is made smaller than the configuration says.
 * The file of the journal can hold all that the cache can.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "../../core/base/assert.h"
#include "../../port/posix/posix.h"
#include "../../port/posix/store.h"
#include "../../tls/x509/x509.h"
#include "build.h"
#include "conf_share.h"
#include "memory.h"

enum {
	ALIGN = 64,
	DANE_SHARE = 4, /* of as many domains as lookups: one in so many */
	/* A cache below this is no use: one record may be 1/64 of it. */
	CACHE_MIN = 64 * 1024,
	ANCHORS_SLACK = 4096
};

STS_STATIC_ASSERT((int)CACHE_MIN >= (int)STS_CACHE_BLOCK_MIN, cache_fits);

static size_t
aligned(size_t n)
{
	return (n + ALIGN - 1) / ALIGN * ALIGN;
}

/* What of the agent's block stands before the cache, which is the last. */
static size_t
before_cache(const struct sts_memory *m)
{
	return m->agent.total - m->agent.cache;
}

/* What everything but the cache takes. */
static size_t
fixed_size(const struct sts_memory *m)
{
	return 2 * m->anchors_size + m->reading_size + m->port_size +
	       aligned(before_cache(m));
}

/* Explain how much memory is needed, and what each part of it is for. */
static void
put_minimum(const struct sts_memory *m, char why[STS_CONF_WHY_MAX])
{
	size_t fixed = fixed_size(m);

	snprintf(why, STS_CONF_WHY_MAX,
	    "memory: %lu bytes are too few, at least %luK are needed: "
	    "2 x %lu trust anchors (and %lu to read them), %lu clients, "
	    "%lu lookups, %lu mail hosts, %lu fetch slots, "
	    "%lu shared policies, %lu DNS over TCP, "
	    "%lu driver, "
	    "%lu port, %lu journal, %lu preload, %lu TLS reports, %d cache",
	    (unsigned long)m->size,
	    (unsigned long)((fixed + CACHE_MIN + 1023) / 1024),
	    (unsigned long)m->anchors_size, (unsigned long)m->reading_size,
	    (unsigned long)(m->agent.clients + m->agent.asks),
	    (unsigned long)m->agent.lookups, (unsigned long)m->agent.dane,
	    (unsigned long)m->agent.fetches, (unsigned long)m->agent.share,
	    (unsigned long)m->agent.dns, (unsigned long)m->agent.driver,
	    (unsigned long)m->port_size, (unsigned long)m->agent.journal,
	    (unsigned long)m->agent.preload, (unsigned long)m->agent.report,
	    CACHE_MIN);
}

/* The agent's numbers, and how many descriptors they need: one for each node
 * that may hold a channel. */
static void
set_config(struct sts_memory *m, const struct sts_conf *c, unsigned asks)
{
	struct sts_config *config = &m->config;
	struct sts_conf_room room = sts_conf_room_of(c);

	memset(config, 0, sizeof *config);
	config->clients = (uint16_t)c->clients;
	config->lookups = (uint16_t)c->lookups;
	config->fetch_slots = (uint16_t)c->fetch_slots;
	config->asks = (uint16_t)asks;
	if (room.dane) {
		config->danes =
		    (uint16_t)((c->lookups + DANE_SHARE - 1) / DANE_SHARE);
	}
	config->share = room.share;
	config->cache_size = CACHE_MIN;
	config->build_s = STS_BUILD_S;
	config->zeroed = true; /* carve() */
	if (room.reports) {
		config->report_memory = (size_t)c->report.memory;
	}
	config->journal_buffer = c->journal[0] != '\0' ? STS_STORE_BUFFER : 0;
	config->preload_size = 2 * (size_t)c->preload_size;
	m->channels = sts_driver_channels(config);
	/* Composites hold no channel. */
	m->descriptors = m->channels - 1U - config->asks - config->lookups -
			 config->danes - config->fetch_slots -
			 (config->share > 0) + STS_POSIX_SPARE_FDS;
	if (config->report_memory > 0) {
		/* Its lookups and its POST. */
		m->descriptors -= STS_REPORT_LOOKUPS + 1U;
	}
	unsigned files = sts_wait_files(m->channels + STS_POSIX_WATCHES);

	m->descriptors = m->descriptors > files ? m->descriptors : files;
}

/* Sizes of everything, for a bundle that packs into anchors_len bytes. */
static bool
lay_out(struct sts_memory *m, size_t anchors_len, char why[STS_CONF_WHY_MAX])
{
	if (m->channels > STS_POSIX_CHANNELS_MAX) {
		snprintf(why, STS_CONF_WHY_MAX,
		    "clients, lookups and fetch_slots need %u channels "
		    "together; the limit is %u",
		    m->channels, (unsigned)STS_POSIX_CHANNELS_MAX);
		return false;
	}
	m->anchors_size =
	    aligned(anchors_len + anchors_len / 4 + ANCHORS_SLACK);
	m->reading_size = aligned(sts_anchors_load_size());
	m->port_size = aligned(sts_posix_size(m->channels));
	sts_agent_plan(&m->config, &m->agent);
	size_t fixed = fixed_size(m);

	if (m->size < fixed || m->size - fixed < CACHE_MIN) {
		put_minimum(m, why);
		return false;
	}
	m->config.cache_size = (m->size - fixed) / ALIGN * ALIGN;
	sts_agent_plan(&m->config, &m->agent);
	STS_ASSERT(fixed_size(m) + m->agent.cache <= m->size);
	return true;
}

/* n taken up to whole blocks of the file. */
static uint64_t
in_blocks(uint64_t n)
{
	return (n + STS_STORE_ERASE_SIZE - 1) / STS_STORE_ERASE_SIZE *
	       STS_STORE_ERASE_SIZE;
}

/*
 * Two areas that each hold all the cache can, and half as much again to
 * append to, unless the configuration says otherwise.
 */
static bool
size_journal(
    struct sts_memory *m, const struct sts_conf *c, char why[STS_CONF_WHY_MAX])
{
	uint64_t least = in_blocks(sts_agent_journal_area(&m->config, 1));
	uint64_t area = in_blocks(least + least / 2);

	if (c->journal[0] == '\0') {
		return true;
	}
	if (c->journal_size > 0) {
		area = c->journal_size /
		       ((uint64_t)STS_STORE_AREAS * STS_STORE_ERASE_SIZE) *
		       STS_STORE_ERASE_SIZE;
	}
	if (area < least || area > UINT32_MAX / STS_STORE_AREAS) {
		snprintf(why, STS_CONF_WHY_MAX,
		    "journal: size=%lu is not possible: for %lu bytes of "
		    "policies at least %luK are needed, and at most %luK",
		    (unsigned long)c->journal_size,
		    (unsigned long)m->config.cache_size,
		    (unsigned long)(STS_STORE_AREAS * least / 1024),
		    (unsigned long)(UINT32_MAX / 1024));
		return false;
	}
	m->journal_area = (uint32_t)area;
	return true;
}

/*
 * Read the bundle when nothing else is in the block yet, because what it
 * takes decides where the rest goes.
 */
static bool
read_bundle(struct sts_memory *m, uint8_t *block, const char *path,
    struct sts_roots *roots, char why[STS_CONF_WHY_MAX])
{
	size_t reading = aligned(sts_anchors_load_size());

	if (m->size < 2 * reading) {
		snprintf(why, STS_CONF_WHY_MAX,
		    "memory: %lu bytes are too few to read trust anchors",
		    (unsigned long)m->size);
		return false;
	}
	const char *problem = sts_roots_load(path, block + reading,
	    m->size - reading, (struct sts_anchors_load *)(void *)block, roots);

	if (problem != NULL) {
		char note[STS_ROOTS_NOTE_MAX] = "";
		bool some = sts_roots_note(roots, 0, note);

		snprintf(why, STS_CONF_WHY_MAX, "trust anchors: %s: %s%s%s",
		    path, problem, some ? "; left out: " : "", note);
		return false;
	}
	return true;
}

static void
carve(struct sts_memory *m, uint8_t *block, struct sts_roots *roots)
{
	size_t written = (size_t)(roots->set.base - block) + roots->touched;

	/* A packed set holds no pointers into itself and may be moved. The rest
	 * is zero, and no page of it is touched before it is needed. */
	memmove(block, roots->set.base, roots->set.len);
	roots->set.base = block;
	memset(block + roots->set.len, 0, written - roots->set.len);
	m->anchors[0] = block;
	m->anchors[1] = block + m->anchors_size;
	block += 2 * m->anchors_size;
	m->reading = (struct sts_anchors_load *)(void *)block;
	block += m->reading_size;
	m->port = block;
	block += m->port_size;
	/* So that each chunk of the cache is one line of the processor's: of a
	 * million records none is at hand. */
	m->agent_block = block + aligned(before_cache(m)) - before_cache(m);
}

bool
sts_memory_open(struct sts_memory *m, const struct sts_conf *c, unsigned asks,
    const char *path, struct sts_roots *roots, char why[STS_CONF_WHY_MAX])
{
	memset(m, 0, sizeof *m);
	m->size = (size_t)c->memory / ALIGN * ALIGN;
	set_config(m, c, asks);
	uint8_t *block = sts_block_map(m->size, c->memory_huge, &m->huge);

	int error = errno;

	if (block == NULL) {
		snprintf(why, STS_CONF_WHY_MAX, "memory: %s", strerror(error));
		errno = error;
		return false;
	}
	errno = 0;
	if (!read_bundle(m, block, path, roots, why) ||
	    !lay_out(m, roots->needed, why) || !size_journal(m, c, why)) {
		error = errno;
		sts_block_unmap(block, m->size);
		errno = error;
		return false;
	}
	carve(m, block, roots);
	return true;
}

void
sts_memory_touch(const struct sts_memory *m)
{
	sts_block_touch(m->anchors[0], m->size);
}

static void
print_part(const char *name, size_t bytes, const char *note, unsigned count)
{
	char counted[32] = "";

	if (count > 0) {
		snprintf(counted, sizeof counted, "%u x %lu", count,
		    (unsigned long)(bytes / count));
	}
	printf(
	    "  %-22s %10lu  %s%s\n", name, (unsigned long)bytes, counted, note);
}

void
sts_memory_print(const struct sts_memory *m, size_t outside)
{
	const struct sts_plan *a = &m->agent;
	size_t used = fixed_size(m) + a->cache;

	puts("memory, one block mapped at start:");
	print_part(
	    "trust anchors", 2 * m->anchors_size, ", in use and spare", 2);
	print_part("reading trust anchors", m->reading_size, "", 0);
	print_part("port", m->port_size, " channels", m->channels);
	print_part("clients", a->clients, "", m->config.clients);
	print_part("lookups", a->lookups, "", m->config.lookups);
	print_part("mail hosts (DANE)", a->dane, "", m->config.danes);
	print_part("fetch slots", a->fetches, "", m->config.fetch_slots);
	printf("    of each: %lu for certificates (STS_X509_ARENA, "
	       "STS_X509_CERTS_MAX), %d for a record\n",
	    (unsigned long)sts_x509_size(), STS_TLS_RECORD_SIZE);
	print_part("shared policies", a->share, "", 0);
	print_part("questions", a->asks, "", m->config.asks);
	print_part("DNS over TCP", a->dns, "", STS_DNS_TCP_BUFFERS);
	print_part("driver", a->driver, "", 0);
	print_part("journal", a->journal, "", 0);
	print_part("lists of policies", a->preload, ", in use and spare",
	    a->preload > 0 ? 2 : 0);
	print_part("TLS reports", a->report, ", a TLS session among it", 0);
	print_part("policies", a->cache, "", 0);
	print_part("left over", m->size - used, "", 0);
	print_part("sum", m->size, "", 0);
	printf("journal file: %lu bytes\n",
	    (unsigned long)m->journal_area * STS_STORE_AREAS);
	printf("open files needed: %u\n", m->descriptors);
	printf("outside of it, static: %lu bytes, two configurations among "
	       "them\n",
	    (unsigned long)outside);
}
