/* SPDX-License-Identifier: MIT */
/* A storage as fast as memory that counts its operations. */
#ifndef STS_BENCH_MEDIUM_H
#define STS_BENCH_MEDIUM_H

#include <stdlib.h>
#include <string.h>

#include "../../core/port.h"

struct medium {
	struct sts_store store;
	uint8_t *bytes;
	unsigned long long written, erased, reads;
};

static int
medium_read(void *ctx, uint32_t off, uint8_t *buf, size_t len)
{
	struct medium *m = ctx;

	m->reads++;
	memcpy(buf, m->bytes + off, len);
	return 0;
}

static int
medium_prog(void *ctx, uint32_t off, const uint8_t *buf, size_t len)
{
	struct medium *m = ctx;

	m->written += len;
	memcpy(m->bytes + off, buf, len);
	return 0;
}

static int
medium_erase(void *ctx, uint32_t off)
{
	struct medium *m = ctx;

	m->erased += m->store.erase_size;
	memset(m->bytes + off, 0xff, m->store.erase_size);
	return 0;
}

static int
medium_sync(void *ctx)
{
	(void)ctx;
	return 0;
}

/* Open two erased areas of at least `least` octets each. Returns false when
 * there is no memory. */
static bool
medium_open(struct medium *m, uint32_t least, uint32_t block)
{
	struct sts_store *s = &m->store;

	s->ctx = m;
	s->prog_size = 1;
	s->erase_size = block;
	s->area_size = (least / block + 1) * block;
	s->area_count = 2;
	s->read = medium_read;
	s->prog = medium_prog;
	s->erase = medium_erase;
	s->sync = medium_sync;
	m->bytes = malloc(2 * (size_t)s->area_size);
	if (m->bytes == NULL) {
		return false;
	}
	memset(m->bytes, 0xff, 2 * (size_t)s->area_size);
	return true;
}

#endif
