/* SPDX-License-Identifier: MIT */
/*
 * The log: events become lines, and lines go to stderr or to the system log.
 *
 * Invariants: nothing here blocks; a line that cannot be written at once is
 * counted (`lost` since the start, `dropped` since a line last reported how
 * many). Each line takes a token, of which there are STS_LOG_BURST at most, and
 * STS_LOG_RATE more a second; and beside them STS_LOG_KEPT that info and debug
 * leave to warnings and errors, and as many that warnings leave to errors, which
 * are filled first. A line is cut at STS_LOG_LINE_MAX octets, and the
 * words of strangers in it are printable ASCII.
 *
 * The attacker writes parts of a line (domains, replies, certificates' names):
 * he could forge a line, hide one in a flood, or move the cursor of the
 * terminal that shows it. Hence the escapes, and the bound.
 */
#define _POSIX_C_SOURCE 200809L

#include <errno.h>
#include <poll.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#include "../../core/base/assert.h"
#include "../../core/base/calendar.h"
#include "addr.h"
#include "log.h"
#include "posix.h"
#include "socket.h"

enum {
	FACILITY_MAIL = 2 << 3,
	PREFIX_MAX = 64, /* level, time, name, process */
	TEXT_MAX = 4 * STS_NAME_MAX + 8,
	DAY_S = 86400,
	TOKENS_MAX = STS_LOG_BURST + 2 * STS_LOG_KEPT
};

STS_STATIC_ASSERT(STS_LOG_LINE_MAX >= TEXT_MAX + 400, words_fit);
/* As much as a pipe that poll() calls writable takes without blocking. */
STS_STATIC_ASSERT(STS_LOG_LINE_MAX + PREFIX_MAX <= 4096, line_is_atomic);

/* The second is FreeBSD's. */
static const char *const paths[] = { "/dev/log", "/var/run/log" };

/* syslog's severities for our four levels. */
static const int severity[] = { 3, 4, 6, 7 };

/* As in enum sts_mode, from 1. */
static const char *const modes[] = { "none", "testing", "enforce" };

/* Length of a snprintf into `size`, which may have been cut. */
static size_t
written(int n, size_t size)
{
	STS_ASSERT(n >= 0);
	return (size_t)n < size ? (size_t)n : size - 1;
}

/* Anywhere in a line. */
static const char harmless_marks[] = ".-_*:/@+,";

/* Between quotation marks. */
static const char quoted_marks[] = ".-_*:/@+, !#$%&'();<=>?[]^`{|}~";

/* Whatever is not alphanumeric or one of `marks` becomes \xNN, so that no
 * stranger's text can begin a word or a line, or move the cursor. What does not
 * fit is cut before an escape, never within one. */
static size_t
escape(struct sts_text text, const char *marks, char *out, size_t size)
{
	static const char hex[] = "0123456789abcdef";
	size_t n = 0;

	STS_ASSERT(size >= 8);
	for (size_t i = 0; i < text.n; i++) {
		uint8_t c = text.p[i];

		/* Room for this one, the dots and the NUL. */
		if (size - n < 4 + 3 + 1) {
			memcpy(out + n, "...", 3);
			n += 3;
			break;
		}
		if (sts_is_alnum(c) || (c != 0 && strchr(marks, c) != NULL)) {
			out[n++] = (char)c;
			continue;
		}
		out[n++] = '\\';
		out[n++] = 'x';
		out[n++] = hex[c >> 4];
		out[n++] = hex[c & 15];
	}
	out[n] = '\0';
	return n;
}

size_t
sts_log_escape(struct sts_text text, char *out, size_t size)
{
	return escape(text, harmless_marks, out, size);
}

size_t
sts_log_quote(struct sts_text text, char *out, size_t size)
{
	return escape(text, quoted_marks, out, size);
}

/* What an event's text is. */
static const char *
text_word(uint8_t code)
{
	if (code == STS_EVENT_ZONE_UNKNOWN) {
		return "zone";
	}
	return code == STS_EVENT_CLIENT_BAD ? "text" : "domain";
}

static size_t
put_word(char *out, size_t n, const char *word, const char *value)
{
	size_t size = STS_LOG_LINE_MAX - n;

	return n +
	       written(snprintf(out + n, size, " %s=%s", word, value), size);
}

static size_t
put_numbers(const struct sts_event *e, char *out, size_t n)
{
	for (unsigned i = 0; i < 3; i++) {
		const char *word =
		    sts_event_number((enum sts_event_code)e->code, i);
		char digits[16];

		if (word == NULL) {
			continue;
		}
		snprintf(
		    digits, sizeof digits, "%lu", (unsigned long)e->number[i]);
		n = put_word(out, n, word, digits);
	}
	return n;
}

size_t
sts_log_render(const struct sts_event *e, char out[STS_LOG_LINE_MAX])
{
	size_t n = written(snprintf(out, STS_LOG_LINE_MAX, "event=%s",
			       sts_event_token((enum sts_event_code)e->code)),
	    STS_LOG_LINE_MAX);

	if (e->text_len > 0) {
		char text[TEXT_MAX];

		sts_log_escape(
		    sts_text(e->text, e->text_len), text, sizeof text);
		n = put_word(out, n, text_word(e->code), text);
	}
	if (e->mode >= 1 && e->mode <= sizeof modes / sizeof *modes) {
		n = put_word(out, n, "mode", modes[e->mode - 1]);
	}
	n = put_numbers(e, out, n);
	if (e->why != STS_WHY_NONE) {
		n = put_word(
		    out, n, "why", sts_why_token((enum sts_why)e->why));
	}
	if (e->addr.af != STS_AF_NONE) {
		char addr[STS_ADDR_TEXT_MAX];

		sts_addr_format(&e->addr, addr);
		n = put_word(out, n, "addr", addr);
	}
	return n;
}

static int
connect_log(const char *path)
{
	struct sockaddr_un un;
	int fd = socket(AF_UNIX, SOCK_DGRAM, 0);

	if (fd < 0) {
		return -1;
	}
	memset(&un, 0, sizeof un);
	un.sun_family = AF_UNIX;
	memcpy(un.sun_path, path, strlen(path));
	if (sts_socket_prepare(fd) != 0 ||
	    connect(fd, (const struct sockaddr *)&un, sizeof un) != 0) {
		close(fd);
		return -1;
	}
	return fd;
}

/* Connect to the system log; -1 if it cannot be. */
static int
open_syslog(void)
{
	int fd = -1;

	for (size_t i = 0; fd < 0 && i < sizeof paths / sizeof *paths; i++) {
		fd = connect_log(paths[i]);
	}
	return fd;
}

/* Whether stderr is the journal: JOURNAL_STREAM is "device:inode" of it. */
static bool
is_journal(void)
{
	const char *want = getenv("JOURNAL_STREAM");
	char have[64];
	struct stat st;

	if (want == NULL || fstat(STDERR_FILENO, &st) != 0) {
		return false;
	}
	snprintf(have, sizeof have, "%llu:%llu", (unsigned long long)st.st_dev,
	    (unsigned long long)st.st_ino);
	return strcmp(want, have) == 0;
}

void
sts_log_open(struct sts_log *l, enum sts_log_to to, unsigned level)
{
	memset(l, 0, sizeof *l);
	l->to = (uint8_t)to;
	l->level = (uint8_t)level;
	l->journal = is_journal();
	l->fd = to == STS_LOG_SYSLOG ? open_syslog() : -1;
	l->tokens = TOKENS_MAX;
	l->refill_ms = sts_posix_now();
}

const char *
sts_log_level_name(unsigned level)
{
	static const char *const names[] = { "error", "warning", "info",
		"debug" };

	STS_ASSERT(level <= STS_LOG_DEBUG);
	return names[level];
}

void
sts_log_level(struct sts_log *l, unsigned level)
{
	l->level = (uint8_t)level;
}

/*
 * "2025-11-22T01:07:00Z ": the C library's conversions want time zones and
 * memory.
 */
static size_t
put_time(char *out, size_t size)
{
	const int64_t last = (int64_t)STS_CALENDAR_DAYS_MAX * DAY_S;
	int64_t wall_s = sts_posix_wall_s();
	int64_t now = wall_s < 0 ? 0 : wall_s < last ? wall_s : last;
	uint32_t s = (uint32_t)(now % DAY_S);
	struct sts_calendar date = sts_calendar_date((uint32_t)(now / DAY_S));

	return written(snprintf(out, size, "%04u-%02u-%02uT%02u:%02u:%02uZ ",
			   (unsigned)date.year, (unsigned)date.month,
			   (unsigned)date.day, (unsigned)(s / 3600),
			   (unsigned)(s / 60 % 60), (unsigned)(s % 60)),
	    size);
}

/* Write a line to stderr if it takes it without blocking. */
static bool
to_stderr(const struct sts_log *l, unsigned level, const char *line, size_t len)
{
	char buf[PREFIX_MAX + STS_LOG_LINE_MAX];
	struct pollfd p = { STDERR_FILENO, POLLOUT, 0 };
	size_t n = 0;

	STS_ASSERT(len < STS_LOG_LINE_MAX);
	if (l->journal) {
		n = written(snprintf(buf, PREFIX_MAX, "<%d>", severity[level]),
		    PREFIX_MAX);
	} else {
		n = put_time(buf, PREFIX_MAX);
	}
	memcpy(buf + n, line, len);
	n += len;
	buf[n++] = '\n';
	if (poll(&p, 1, 0) != 1) {
		return false;
	}
	return write(STDERR_FILENO, buf, n) == (ssize_t)n;
}

/* Send a line to the log daemon, connecting anew if that was restarted. False:
 * it did not take the line; l->fd >= 0: it has no room now. */
static bool
to_syslog(struct sts_log *l, unsigned level, const char *line, size_t len)
{
	char buf[PREFIX_MAX + STS_LOG_LINE_MAX];
	size_t n = written(snprintf(buf, PREFIX_MAX, "<%d>mtasts[%ld]: ",
			       FACILITY_MAIL | severity[level], (long)getpid()),
	    PREFIX_MAX);

	STS_ASSERT(len < STS_LOG_LINE_MAX);
	memcpy(buf + n, line, len);
	n += len;
	if (l->fd >= 0 && send(l->fd, buf, n, MSG_NOSIGNAL) == (ssize_t)n) {
		return true;
	}
	if (l->fd >= 0 && sts_socket_transfer_error(errno) == STS_IO_AGAIN) {
		return false;
	}
	/* The log daemon was restarted, or was not there yet. */
	if (l->fd >= 0) {
		close(l->fd);
	}
	l->fd = open_syslog();
	return l->fd >= 0 && send(l->fd, buf, n, MSG_NOSIGNAL) == (ssize_t)n;
}

static bool
put(struct sts_log *l, unsigned level, const char *line, size_t len)
{
	if (l->to == STS_LOG_SYSLOG && to_syslog(l, level, line, len)) {
		return true;
	}
	if (l->to == STS_LOG_SYSLOG && l->fd >= 0) {
		return false;
	}
	return to_stderr(l, level, line, len);
}

/* Tokens that a line of that level leaves to those that matter more. */
static uint32_t
left_by(unsigned level)
{
	return level == STS_LOG_ERROR     ? 0
	       : level == STS_LOG_WARNING ? STS_LOG_KEPT
					  : 2 * STS_LOG_KEPT;
}

/* Whether one more line may be written now. */
static bool
admit(struct sts_log *l, unsigned level)
{
	uint32_t each_ms = 1000 / STS_LOG_RATE;
	uint32_t earned = (sts_posix_now() - l->refill_ms) / each_ms;

	l->refill_ms += earned * each_ms;
	l->tokens =
	    earned > TOKENS_MAX - l->tokens ? TOKENS_MAX : l->tokens + earned;
	if (l->tokens <= left_by(level)) {
		return false;
	}
	l->tokens--;
	return true;
}

/* Write the line if its level is wanted and has a token left. How many were
 * dropped before is logged first, as soon as a line can be written. */
static void
emit(struct sts_log *l, unsigned level, const char *line, size_t len)
{
	if (level > l->level) {
		return;
	}
	if (!admit(l, level)) {
		l->lost++;
		l->dropped++;
		return;
	}
	if (l->dropped > 0) {
		char text[64];
		size_t n = written(
		    snprintf(text, sizeof text, "event=log-lines-lost lost=%lu",
			(unsigned long)l->dropped),
		    sizeof text);

		l->dropped = put(l, STS_LOG_WARNING, text, n) ? 0 : l->dropped;
	}
	if (!put(l, level, line, len)) {
		l->lost++;
		l->dropped++;
	}
}

void
sts_log_event(void *ctx, const struct sts_event *e)
{
	struct sts_log *l = ctx;
	unsigned level = sts_event_level((enum sts_event_code)e->code);

	if (level <= l->level) {
		char line[STS_LOG_LINE_MAX];

		emit(l, level, line, sts_log_render(e, line));
	}
}

void
sts_log_line(struct sts_log *l, unsigned level, const char *format, ...)
{
	char line[STS_LOG_LINE_MAX];
	va_list args;

	va_start(args, format);
	int n = vsnprintf(line, sizeof line, format, args);
	va_end(args);
	emit(l, level, line, written(n, sizeof line));
}
