/* SPDX-License-Identifier: MIT */
/* A flash memory behind the in-memory port. */
#include "storage.h"

enum {
	PROG_SIZE = 8,
	ERASE_SIZE = 4096
};

static int
done(struct storage *s, int result)
{
	s->mem->moves++;
	s->waits = s->waits || result == STS_IO_AGAIN;
	if (s->flash.broken && s->mem->fault == NULL) {
		s->mem->fault = "the store was programmed twice or out of "
				"bounds";
	}
	return result;
}

/* The contract: after AGAIN the core calls nothing before sts_ready. */
static struct flash *
enter(struct storage *s)
{
	if (s->waits && s->mem->fault == NULL) {
		s->mem->fault =
		    "the store was called though it had returned AGAIN";
	}
	return &s->flash;
}

static int
storage_read(void *ctx, uint32_t off, uint8_t *buf, size_t len)
{
	return done(ctx, flash_read(enter(ctx), off, buf, len));
}

static int
storage_prog(void *ctx, uint32_t off, const uint8_t *buf, size_t len)
{
	return done(ctx, flash_prog(enter(ctx), off, buf, len));
}

static int
storage_erase(void *ctx, uint32_t off)
{
	return done(ctx, flash_erase(enter(ctx), off));
}

static int
storage_sync(void *ctx)
{
	return done(ctx, flash_sync(enter(ctx)));
}

void
storage_init(struct storage *s, struct mem *mem, uint32_t area_size)
{
	memset(s, 0, sizeof *s);
	flash_init(&s->flash, PROG_SIZE, ERASE_SIZE, area_size, 2);
	s->mem = mem;
	s->store = s->flash.store;
	s->store.ctx = s;
	s->store.read = storage_read;
	s->store.prog = storage_prog;
	s->store.erase = storage_erase;
	s->store.sync = storage_sync;
}

bool
storage_resume(struct storage *s)
{
	const struct flash *f = &s->flash;
	bool did = s->waits && !(f->holds && f->holds_after == 0);

	if (did) {
		s->waits = false;
		sts_ready(s->mem->driver, STS_CH_STORE, 0);
	}
	return did;
}

void
storage_crash(struct storage *s, enum flash_cut how)
{
	if (!s->flash.off) {
		flash_power_off(&s->flash, how);
	}
	flash_power_on(&s->flash);
	s->waits = false;
}
