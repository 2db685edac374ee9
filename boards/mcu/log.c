/* SPDX-License-Identifier: MIT */
/* Events as lines on the UART. */
#include "../../core/base/sts_config.h"
#include "board.h"
#include "log.h"
#include "print.h"
#include "tick.h"

/* Events of a higher level are dropped (core/base/event.h). */
#ifndef STS_BOARD_LOG_LEVEL
#define STS_BOARD_LOG_LEVEL 2
#endif

enum {
	NUMBERS = 3,
	MS_PER_S = 1000
};

static const char *const modes[] = { "none", "testing", "enforce" };

void
sts_log_time(void)
{
	sts_print_number(sts_tick_now() / MS_PER_S);
	sts_print(" ");
}

static void
print_numbers(const struct sts_event *e)
{
	for (unsigned i = 0; i < NUMBERS; i++) {
		const char *word =
		    sts_event_number((enum sts_event_code)e->code, i);

		if (word != NULL) {
			sts_print_word(word, e->number[i]);
		}
	}
}

void
sts_log_event(void *ctx, const struct sts_event *e)
{
	enum sts_event_code code = (enum sts_event_code)e->code;

	(void)ctx;
	if (sts_event_level(code) > STS_BOARD_LOG_LEVEL) {
		return;
	}
	sts_log_time();
	sts_print("event=");
	sts_print(sts_event_token(code));
	if (e->text_len > 0) {
		sts_print(
		    code == STS_EVENT_ZONE_UNKNOWN ? " zone=" : " domain=");
		sts_print_text(sts_text(e->text, e->text_len));
	}
	if (e->mode >= 1 && e->mode <= sizeof modes / sizeof *modes) {
		sts_print(" mode=");
		sts_print(modes[e->mode - 1]);
	}
	print_numbers(e);
	if (e->why != STS_WHY_NONE) {
		sts_print(" why=");
		sts_print(sts_why_token((enum sts_why)e->why));
	}
	if (e->addr.af == STS_AF_INET) {
		sts_print(" addr=");
		sts_print_addr(&e->addr);
	}
	sts_print("\n");
}
