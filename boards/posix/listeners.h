/* SPDX-License-Identifier: MIT */
/* The daemon's listening sockets: those a supervisor handed over and those
 * of the configuration. */
#ifndef STS_LISTENERS_H
#define STS_LISTENERS_H

#include "../../core/driver.h"
#include "../../port/posix/posix.h"
#include "conf.h"

struct sts_listener {
	struct sts_listen_at at;
	int fd;
	bool inherited;
	unsigned senders; /* users whose reports are taken */
	unsigned long sender[STS_REPORT_SENDERS];
};

struct sts_listeners {
	unsigned count;
	bool reports; /* datagrams of mail servers are taken */
	unsigned long own; /* the user that the daemon runs as */
	struct sts_listener listener[STS_LISTENERS_MAX];
};

/*
 * Take over what a supervisor opened, then open what the configuration asks
 * for and is not there yet (the default listener only if nothing was handed
 * over). own: the user that the daemon will run as, once its rights are given
 * up. False: `why`; what was opened stays in *l.
 */
bool sts_listeners_open(struct sts_listeners *l, const struct sts_conf *c,
    uid_t own, char why[STS_CONF_WHY_MAX]);

/*
 * Log each socket that was handed over and that nobody serves, while its
 * clients wait: none of the listeners has it, nor is it one of
 * others[0..count), those of control and metrics.
 */
void sts_listeners_unserved(const struct sts_listeners *l, const int *others,
    unsigned count, struct sts_log *log);

/* Give them to port and driver. */
bool sts_listeners_begin(struct sts_listeners *l, struct sts_posix *posix,
    struct sts_driver *driver);

/* Look for the users that may send reports once more: Postfix's may have been
 * made since. Those that were known stay. */
void sts_listeners_look_again(struct sts_listeners *l, struct sts_posix *posix);

/* Stop listening, and remove the paths that we made. */
void sts_listeners_end(struct sts_listeners *l, const struct sts_port *port,
    struct sts_driver *driver);

#endif
