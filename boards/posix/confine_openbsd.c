/* SPDX-License-Identifier: MIT */
/* Confined by pledge and unveil. Written from the manual pages, compiled on no
 * machine of ours yet but in tests/unit/test_confine_openbsd.c, which looks at
 * the calls. */
#include "confine.h"

#if defined(__OpenBSD__)

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

enum {
	UP_SOCKET = 1, /* its folder */
	UP_JOURNAL = 2 /* the one above: the folder itself may be missing */
};

/* The folder so many levels above a file may be written to. 0, or -1. */
static int
unveil_above(const char *file, unsigned up)
{
	char path[STS_CONF_PATH_MAX + 1];

	snprintf(path, sizeof path, "%s", file);
	for (unsigned i = 0; i < up; i++) {
		char *end = strrchr(path, '/');

		if (end != NULL) {
			*end = '\0';
		}
	}
	/* Under chroot it may not be there. */
	return unveil(path[0] != '\0' ? path : "/", "rwc") == 0 ||
		       errno == ENOENT
		   ? 0
		   : -1;
}

static int
unveil_socket(const struct sts_listen_at *at, bool on)
{
	return on && at->addr.af == STS_AF_LOCAL
		   ? unveil_above(at->path, UP_SOCKET)
		   : 0;
}

/* A socket that others listen on: connecting to it is writing. */
static int
unveil_peer(const char *path)
{
	return path[0] == '\0' || unveil(path, "rw") == 0 || errno == ENOENT
		   ? 0
		   : -1;
}

/* The daemon has its control socket in its folder; a command that keeps none
 * may ask the daemon there. */
static int
unveil_control(const struct sts_conf *c)
{
	return c->control_on || c->control.addr.af != STS_AF_LOCAL
		   ? unveil_socket(&c->control, c->control_on)
		   : unveil_peer(c->control.path);
}

static int
unveil_all(const struct sts_conf *c, const char *journal)
{
	int rc = unveil("/", "r");

	for (unsigned i = 0; i < c->listen_count; i++) {
		rc |= unveil_socket(&c->listen[i], true);
	}
	rc |= unveil_socket(&c->metrics, c->metrics_on);
	rc |= unveil_control(c);
	for (unsigned i = 0; i < STS_SHARE_SERVERS; i++) {
		rc |= unveil_peer(c->share.path[i]);
	}
	rc |= unveil_socket(
	    &c->report.at, sts_conf_reports_on(c) && c->report.listens);
	if (journal != NULL) {
		rc |= unveil_above(journal, UP_JOURNAL);
	}
	/* The log daemon's socket is connected to anew when that restarts. */
	rc |= unveil_above("/dev/log", 0);
	return rc | unveil(NULL, NULL);
}

enum sts_confine_result
sts_confine(const struct sts_conf *c, const char *journal,
    char text[STS_CONFINE_TEXT_MAX])
{
	if (unveil_all(c, journal) != 0 ||
	    pledge("stdio rpath wpath cpath chown flock inet unix proc",
		NULL) != 0) {
		snprintf(text, STS_CONFINE_TEXT_MAX, "pledge, unveil: %s",
		    strerror(errno));
		return STS_CONFINE_FAILED;
	}
	snprintf(text, STS_CONFINE_TEXT_MAX, "by pledge and unveil");
	return STS_CONFINE_DONE;
}

int
sts_confine_writer(void)
{
	return pledge("stdio rpath", NULL) == 0 ? 0 : errno;
}

#endif
