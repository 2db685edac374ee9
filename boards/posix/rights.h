/* SPDX-License-Identifier: MIT */
/* Commands that read what strangers publish. */
#ifndef STS_RIGHTS_H
#define STS_RIGHTS_H

#include "conf.h"

/*
 * What strangers publish is parsed by a command as in the daemon, and by the
 * superuser, as likely as not: with no more rights than there. Everything that
 * needs more is open. 0, or exit code, and it was printed what is wrong.
 */
int sts_rights_give_up(const struct sts_conf *c);

#endif
