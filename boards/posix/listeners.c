/* SPDX-License-Identifier: MIT */
/*
 * The daemon's listening sockets, in the order of the driver's listeners:
 * those that the supervisor handed over, then those of the configuration, then
 * the one for reports. listener[0..count) are open.
 *
 * Invariants: a socket that was handed over is used and never opened again,
 * and its path is not removed at the end, as it is the supervisor's. Of an
 * open that fails nothing is taken back: the daemon does not start.
 *
 * Anybody who may connect may ask. Who may report is decided here, since an
 * invented report would be sent on in our name: users of the machine whom
 * senders() lists, or those for whom the socket's mode is, if not for all.
 */
#define _POSIX_C_SOURCE 200809L

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "../../core/base/assert.h"
#include "../../core/base/text.h"
#include "../../port/posix/service.h"
#include "listeners.h"

STS_STATIC_ASSERT(
    (int)STS_CONF_LISTEN_MAX + (STS_REPORT ? 1 : 0) <= (int)STS_LISTENERS_MAX,
    listeners_fit);

/* Take over socket i of the supervisor. False: there is no room for it. */
static bool
inherit(struct sts_listeners *l, int i)
{
	char name[STS_SERVICE_NAME_MAX + 1];
	int fd = STS_SERVICE_FD_FIRST + i;
	struct sts_listener *fresh = &l->listener[l->count];

	sts_service_fd_name(i, name);
	if (strcmp(name, "metrics") == 0 || strcmp(name, "control") == 0) {
		return true; /* sts_metrics_http_open, sts_control_open */
	}
	if (l->count == STS_LISTENERS_MAX) {
		return false;
	}
	if (!sts_listen_of(fd, &fresh->at) ||
	    (fresh->at.datagrams && !l->reports)) {
		return true; /* sts_listeners_unserved logs it */
	}
	fresh->fd = fd;
	fresh->inherited = true;
	l->count++;
	return true;
}

/* False: there would be some that nobody serves, while their clients wait. */
static bool
inherit_all(struct sts_listeners *l, char why[STS_CONF_WHY_MAX])
{
	int handed = sts_service_fds();
	bool all = true;

	snprintf(why, STS_CONF_WHY_MAX, "LISTEN_FDS: not a number of 0 to %d",
	    (int)STS_SERVICE_FDS_MAX);
	for (int i = 0; all && i < handed; i++) {
		all = inherit(l, i);
	}
	if (!all) {
		snprintf(why, STS_CONF_WHY_MAX,
		    "LISTEN_FDS: more than %d sockets for mail servers",
		    (int)STS_LISTENERS_MAX);
	}
	return all && handed >= 0;
}

/* Whether this socket was handed over; then it speaks the protocol that the
 * configuration gives it. */
static bool
is_open(struct sts_listeners *l, const struct sts_listen_at *at)
{
	for (unsigned i = 0; i < l->count; i++) {
		if (sts_listen_same(&l->listener[i].at, at)) {
			l->listener[i].at.text = at->text;
			return true;
		}
	}
	return false;
}

/* Open a listener of the configuration. False: `why`, and nothing is open. */
static bool
open_one(struct sts_listeners *l, const struct sts_listen_at *at,
    const char *key, char why[STS_CONF_WHY_MAX])
{
	char text[STS_LISTEN_TEXT_MAX];
	struct sts_listener *fresh = &l->listener[l->count];

	sts_listen_format(at, text);
	if (l->count == STS_LISTENERS_MAX) {
		snprintf(why, STS_CONF_WHY_MAX,
		    "%s %s: too many with the inherited ones", key, text);
		return false;
	}
	memset(fresh, 0, sizeof *fresh);
	fresh->at = *at;
	fresh->fd = sts_listen_open(&fresh->at);
	if (fresh->fd < 0) {
		snprintf(why, STS_CONF_WHY_MAX, "%s %s: %s", key, text,
		    sts_listen_error(at, errno));
		return false;
	}
	/* Port 0 has become one of the system's choice. */
	if (at->addr.af != STS_AF_LOCAL) {
		sts_listen_of(fresh->fd, &fresh->at);
	}
	l->count++;
	return true;
}

/* The socket for reports is one more listener, handed over or opened here. */
static bool
open_reports(struct sts_listeners *l, const struct sts_conf_report *r,
    char why[STS_CONF_WHY_MAX])
{
	bool there = false;

	for (unsigned i = 0; i < l->count; i++) {
		there = there || l->listener[i].at.datagrams;
	}
	return there || !r->listens || open_one(l, &r->at, "tlsrpt", why);
}

/* The users that may send reports, beside the superuser: the socket's owner,
 * the daemon's own user, and Postfix. */
static unsigned
senders(const struct sts_listeners *l, const struct sts_listen_at *at,
    unsigned long uid[STS_REPORT_SENDERS])
{
	struct sts_user postfix;
	unsigned n = 0;

	uid[n++] = l->own;
	if (at->uid != (uid_t)-1) {
		uid[n++] = at->uid;
	}
	if (sts_user_find(sts_text_of("postfix"), &postfix)) {
		uid[n++] = postfix.uid;
	}
	return n;
}

static bool
has_clients(const struct sts_listeners *l)
{
	for (unsigned i = 0; i < l->count; i++) {
		if (!l->listener[i].at.datagrams) {
			return true;
		}
	}
	return false;
}

bool
sts_listeners_open(struct sts_listeners *l, const struct sts_conf *c, uid_t own,
    char why[STS_CONF_WHY_MAX])
{
	memset(l, 0, sizeof *l);
	l->own = own;
	l->reports = sts_conf_reports_on(c);
	if (!inherit_all(l, why)) {
		return false;
	}
	/* The default listener is for a daemon that was handed none for
	 * clients. */
	bool wanted = c->listen_given || !has_clients(l);

	for (unsigned i = 0; wanted && i < c->listen_count; i++) {
		if (!is_open(l, &c->listen[i]) &&
		    !open_one(l, &c->listen[i], "listen", why)) {
			return false;
		}
	}
	if (l->reports && !open_reports(l, &c->report, why)) {
		return false;
	}
	for (unsigned i = 0; i < l->count; i++) {
		l->listener[i].senders =
		    senders(l, &l->listener[i].at, l->listener[i].sender);
	}
	return true;
}

static bool
is_served(
    const struct sts_listeners *l, const int *others, unsigned count, int fd)
{
	bool served = false;

	for (unsigned i = 0; i < l->count; i++) {
		served = served || l->listener[i].fd == fd;
	}
	for (unsigned i = 0; i < count; i++) {
		served = served || others[i] == fd;
	}
	return served;
}

void
sts_listeners_unserved(const struct sts_listeners *l, const int *others,
    unsigned count, struct sts_log *log)
{
	int handed = sts_service_fds();

	for (int i = 0; i < handed; i++) {
		char name[STS_SERVICE_NAME_MAX + 1];
		int fd = STS_SERVICE_FD_FIRST + i;

		sts_service_fd_name(i, name);
		if (!is_served(l, others, count, fd)) {
			sts_log_line(log, STS_LOG_WARNING,
			    "inherited socket %d \"%s\": nobody serves it: it "
			    "is "
			    "of no kind that is served by that name, or the "
			    "second of that name, or its key is off",
			    fd, name);
		}
	}
}

/* Anybody may ask, but reports of what sessions came to are taken only from a
 * socket that is not open to everybody. */
static enum sts_protocol
protocol_of(const struct sts_listen_at *at)
{
	if (!at->text) {
		return STS_PROTOCOL_SOCKETMAP;
	}
	return (at->mode & S_IWOTH) != 0 ? STS_PROTOCOL_TEXT
					 : STS_PROTOCOL_TEXT_REPORTS;
}

static bool
begin_one(struct sts_listener *l, struct sts_posix *posix,
    struct sts_driver *driver, sts_ch ch)
{
	if (l->at.datagrams) {
		if (sts_posix_reports(
			posix, ch, l->fd, l->sender, l->senders) != 0) {
			return false;
		}
		sts_listen(driver, ch, STS_PROTOCOL_REPORTS);
		return true;
	}
	if (sts_posix_listen(posix, ch, l->fd) != 0) {
		return false;
	}
	sts_listen(driver, ch, protocol_of(&l->at));
	return true;
}

bool
sts_listeners_begin(
    struct sts_listeners *l, struct sts_posix *posix, struct sts_driver *driver)
{
	for (unsigned i = 0; i < l->count; i++) {
		sts_ch ch = sts_driver_listener(driver, i);

		if (!begin_one(&l->listener[i], posix, driver, ch)) {
			return false;
		}
	}
	return true;
}

void
sts_listeners_look_again(struct sts_listeners *l, struct sts_posix *posix)
{
	for (unsigned i = 0; i < l->count; i++) {
		struct sts_listener *at = &l->listener[i];
		unsigned long uid[STS_REPORT_SENDERS];
		unsigned n = senders(l, &at->at, uid);

		/* Less is known where the files cannot be read (chroot). */
		if (at->at.datagrams && n > at->senders) {
			memcpy(at->sender, uid, n * sizeof *uid);
			at->senders = n;
			sts_posix_reporters(posix, at->sender, n);
		}
	}
}

void
sts_listeners_end(struct sts_listeners *l, const struct sts_port *port,
    struct sts_driver *driver)
{
	for (unsigned i = 0; i < l->count; i++) {
		sts_ch ch = sts_driver_listener(driver, i);

		/* In this order: once it is closed the path may be another
		 * instance's. */
		if (!l->listener[i].inherited) {
			sts_listen_unlink(&l->listener[i].at);
		}
		sts_unlisten(driver, ch);
		port->close(port->ctx, ch);
	}
	l->count = 0;
}
