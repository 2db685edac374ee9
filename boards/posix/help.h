/* SPDX-License-Identifier: MIT */
/*
 * What `--help` prints, and how a command is called. Each text fits a screen of
 * 24 lines and 80 columns, and has an example (tests/service/help.py).
 */
#ifndef STS_HELP_H
#define STS_HELP_H

#include <stdio.h>

#include "commands.h"

/* How every command is called, for a person who called one wrongly. */
void sts_help_usage(FILE *to);

/* What there is. */
void sts_help_all(void);

/* A command, its options and an example. False: it has a text of its own, and
 * nothing was printed. */
bool sts_help_command(const struct sts_command *c);

#endif
