/* SPDX-License-Identifier: MIT */
/* Commands that read what strangers publish. */
#ifndef STS_RIGHTS_H
#define STS_RIGHTS_H

#include "conf.h"

/*
 * Give up what a command does not need: it parses what strangers publish, as
 * the daemon does, and is often started by the superuser. Whatever needs more
 * rights has been opened before. 0, or an exit code, and stderr says what is
 * wrong.
 */
int sts_rights_give_up(const struct sts_conf *c);

#endif
