/* SPDX-License-Identifier: MIT */
/* A console on the UART. */
#include <lwip/memp.h>
#include <lwip/stats.h>

#include "../../core/driver.h"
#include "board.h"
#include "console.h"
#include "console_route.h"
#include "log.h"
#include "print.h"
#include "start.h"

enum {
	PIECE = 64 /* octets of an answer rendered at once */
};

/* Items in use of a pool of lwIP, and the most there ever were. */
static void
print_pool(const char *name, memp_t pool)
{
	const struct stats_mem *s = lwip_stats.memp[pool];

	sts_print_word(name, s->used);
	sts_print("/");
	sts_print_number(s->max);
	sts_print("/");
	sts_print_number(s->avail);
}

static void
print_usage(const struct sts_console *c, const struct sts_agent *a)
{
	sts_log_time();
	sts_print("usage");
	sts_print_word("stack", (uint32_t)sts_stack_used());
	sts_print("/");
	sts_print_number((uint32_t)sts_stack_size());
	sts_print_word("heap", lwip_stats.mem.used);
	sts_print("/");
	sts_print_number(lwip_stats.mem.max);
	sts_print("/");
	sts_print_number(lwip_stats.mem.avail);
	print_pool("frames", MEMP_PBUF_POOL);
	print_pool("tcp", MEMP_TCP_PCB);
	print_pool("segments", MEMP_TCP_SEG);
	print_pool("udp", MEMP_UDP_PCB);
	sts_print_word("pass_ms", c->pass_ms);
	sts_print_word("records", a->cache.records);
	sts_print_word("lookups", a->lookups_busy);
	sts_print_word("clients", a->client.open);
	sts_print_word("saved", sts_agent_saved(a) ? 1 : 0);
	sts_print("\n");
}

static void
print_answer(struct sts_console *c, struct sts_agent *a)
{
	uint8_t piece[PIECE];
	size_t off = 0, n;

	sts_print_text(sts_text(c->line, c->len));
	sts_print(": ");
	do {
		n = sts_ask_render(a, c->slot, off, sts_span(piece, PIECE));
		sts_print_text(sts_text(piece, n));
		off += n;
	} while (n == PIECE);
	sts_print("\n");
	sts_ask_end(a, c->slot);
	c->waits = false;
	c->len = 0;
}

/* Part of a name is another name, and part of a chain none. */
static void
refuse_line(struct sts_console *c)
{
	sts_print("line: longer than ");
	sts_print_number(STS_CONSOLE_LINE);
	sts_print("\n");
	if (STS_DANE) {
		sts_console_route_refused(sts_text(c->line, c->len));
	}
	c->len = 0;
	c->cut = false;
}

static void
take_line(struct sts_console *c, struct sts_agent *a, struct sts_driver *d)
{
	if (c->cut) {
		refuse_line(c);
		return;
	}
	if (c->len == 0) {
		print_usage(c, a);
		return;
	}
	if (STS_DANE &&
	    sts_console_route_line(a, d, sts_text(c->line, c->len))) {
		c->len = 0;
		return;
	}
	c->slot =
	    sts_ask_begin(a, sts_text(NULL, 0), sts_text(c->line, c->len));
	c->waits = c->slot >= 0;
	if (!c->waits) {
		c->len = 0;
	}
	sts_driver_wake(d);
}

void
sts_console_poll(
    struct sts_console *c, struct sts_agent *a, struct sts_driver *d)
{
	int typed = -1;

	if (c->waits) {
		if (sts_ask_answer(a, c->slot)->kind != STS_ANSWER_NONE) {
			print_answer(c, a);
		}
		return;
	}
	while ((typed = sts_board_get()) >= 0) {
		if (typed == '\n' || typed == '\r') {
			take_line(c, a, d);
			return;
		}
		if (c->len < STS_CONSOLE_LINE) {
			c->line[c->len++] = (uint8_t)typed;
		} else {
			c->cut = true;
		}
	}
}
