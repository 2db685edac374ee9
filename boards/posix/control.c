/* SPDX-License-Identifier: MIT */
/*
 * The control socket itself: opened by us or handed over by the supervisor,
 * tried again while it is not open, and served. control_steps.c has what its
 * commands do.
 *
 *	error 0      open, or not to be open
 *	error != 0   it is to be open: tried again at retry_at, unless chrooted
 */
#define _POSIX_C_SOURCE 200809L

#include <errno.h>
#include <stddef.h>
#include <string.h>

#include "../../port/posix/service.h"
#include "control_steps.h"
#include "parts.h"

/* Open it, or log why not, if that was not logged yet. */
static void
try_open(struct sts_control *c)
{
	char text[STS_LISTEN_TEXT_MAX];
	int before = c->error;

	sts_listen_format(&c->at, text);
	c->error = sts_side_open(&c->side, &c->at) == 0 ? 0 : errno;
	if (c->error == 0) {
		sts_log_line(c->log, STS_LOG_INFO, "control socket %s", text);
	} else if (c->error != before) {
		sts_log_line(c->log, STS_LOG_WARNING,
		    "control %s: %s%s: going on without it", text,
		    sts_listen_error(&c->at, c->error),
		    c->error == ENOENT ? " (create its directory)" : "");
	}
}

/* The supervisor may have opened it. */
static bool
inherit(struct sts_control *c)
{
	int handed = sts_service_fds();

	for (int i = 0; i < handed; i++) {
		char name[STS_SERVICE_NAME_MAX + 1];
		int fd = STS_SERVICE_FD_FIRST + i;
		struct sts_listen_at at;

		sts_service_fd_name(i, name);
		if (strcmp(name, "control") != 0) {
			continue;
		}
		/* Where one leads that is of no use is no place for ours. */
		if (sts_listen_of(fd, &at) && at.addr.af == STS_AF_LOCAL &&
		    !at.datagrams) {
			c->at = at;
			sts_side_inherit(&c->side, fd, &c->at);
			return true;
		}
	}
	return false;
}

void
sts_control_open(
    struct sts_control *c, const struct sts_conf *conf, struct sts_log *log)
{
	/* A connection's part is cleared when it is used. */
	memset(c, 0, offsetof(struct sts_control, conn));
	sts_side_none(&c->side);
	c->log = log;
	c->at = conf->control;
	c->chrooted = conf->chroot[0] != '\0';
	if (conf->control_on && !inherit(c)) {
		try_open(c);
	}
}

bool
sts_control_begin(struct sts_control *c, struct sts_posix *posix, unsigned own,
    struct sts_driver *driver, const struct sts_status_of *of)
{
	c->agent = of->agent;
	c->driver = driver;
	c->live = of->live;
	c->of = *of;
	c->of.history = &c->history;
	if (STS_STATUS) {
		sts_history_begin(&c->history, sts_posix_now());
	}
	c->posix = posix;
	c->own = own;
	c->retry_at = sts_posix_now() + STS_CONTROL_RETRY_MS;
	return sts_side_begin(&c->side, posix, own, &sts_control_ops, c);
}

static bool
retries(const struct sts_control *c)
{
	return c->error != 0 && !c->chrooted;
}

sts_ms
sts_control_run(struct sts_control *c, sts_ms now)
{
	c->now = now;
	while (STS_STATUS && sts_history_due(&c->history, now)) {
		struct sts_history_row total;

		sts_status_count(c->agent, &total);
		sts_history_close(&c->history, &total);
		sts_inspect_wait_anew(c->agent);
	}
	if (retries(c) && !sts_before(now, c->retry_at)) {
		c->retry_at = now + STS_CONTROL_RETRY_MS;
		try_open(c);
		if (!sts_side_begin(
			&c->side, c->posix, c->own, &sts_control_ops, c)) {
			c->error = errno;
		}
	}
	sts_ms wait = sts_side_run(&c->side, now);

	return retries(c) ? sts_earlier(wait, c->retry_at - now) : wait;
}

void
sts_control_end(struct sts_control *c)
{
	c->error = 0;
	sts_side_end(&c->side);
}
