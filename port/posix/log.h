/* SPDX-License-Identifier: MIT */
/*
 * The log: one line an event, stable key=value words, peer text escaped and
 * cut. Never blocks, and a storm is bounded: what is over the bound is
 * counted, and the count logged when there is room again.
 *
 *	event=policy-new domain=example.com mode=enforce max_age=86400 mx=2
 */
#ifndef STS_POSIX_LOG_H
#define STS_POSIX_LOG_H

#include "../../core/base/event.h"

enum {
	STS_LOG_ERROR = 0, /* levels as core/base/event.h numbers them */
	STS_LOG_WARNING,
	STS_LOG_INFO,
	STS_LOG_DEBUG,

	STS_LOG_LINE_MAX = 1536, /* a name escaped throughout, and words */
	STS_LOG_BURST = 200, /* lines at once */
	STS_LOG_RATE = 20, /* lines a second in the long run */
	/* Lines that each level above info has beside those: whoever makes us
	 * write what matters little does not keep out what matters. */
	STS_LOG_KEPT = 20
};

enum sts_log_to {
	STS_LOG_STDERR = 0,
	STS_LOG_SYSLOG
};

struct sts_log {
	uint32_t lost; /* lines over the bound, since the start */
	/* Private. */
	uint8_t to, level;
	bool journal; /* stderr is the journal: levels as <N> */
	int fd;
	uint32_t tokens, refill_ms, dropped;
};

/*
 * Begin. Syslog goes by datagrams to /dev/log or /var/run/log; as long as
 * neither can be reached, to stderr. Lines above `level` are not logged.
 */
void sts_log_open(struct sts_log *l, enum sts_log_to to, unsigned level);

/* "error", "warning", "info", "debug". */
const char *sts_log_level_name(unsigned level);

/* Another level from now on. */
void sts_log_level(struct sts_log *l, unsigned level);

/* For struct sts_posix: ctx is a struct sts_log. */
void sts_log_event(void *ctx, const struct sts_event *e);

/* A line of the board's own, without a line feed. */
#if defined(__GNUC__)
__attribute__((format(printf, 3, 4)))
#endif
void
sts_log_line(struct sts_log *l, unsigned level, const char *format, ...);

/* The words of an event, without level and time; the length, ends in NUL. */
size_t sts_log_render(const struct sts_event *e, char out[STS_LOG_LINE_MAX]);

/*
 * Write `text` with everything but letters, digits and a few harmless marks
 * as \xNN; at most size - 1 characters, then "..." if it was cut, and NUL.
 * The length. size >= 8.
 */
size_t sts_log_escape(struct sts_text text, char *out, size_t size);

/* The same for what stands between quotation marks: but for them and the
 * backslash all that can be printed stays. */
size_t sts_log_quote(struct sts_text text, char *out, size_t size);

#endif
