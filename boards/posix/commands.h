/* SPDX-License-Identifier: MIT */
/* The commands of mtasts, and what they share. */
#ifndef STS_COMMANDS_H
#define STS_COMMANDS_H

#include "conf.h"

enum {
	STS_EXIT_YES = 0, /* a policy is in force; done */
	STS_EXIT_NONE = 1, /* definitely none; no match */
	STS_EXIT_UNKNOWN = 2, /* cannot tell */
	STS_EXIT_USAGE = 64,
	STS_EXIT_FAILURE = 70, /* the system failed us */
	STS_EXIT_CONFIG = 78
};

enum {
	STS_OPTIONS_MAX = 32 /* -o lines */
};

/* The command line after the command's name. */
struct sts_args {
	struct sts_conf_source source; /* -c, -o */
	const char *option[STS_OPTIONS_MAX];
	const char *zone; /* --zone; NULL: none */
	bool test; /* -t */
	bool json; /* --json */
	const char *const *word; /* what is no option */
	unsigned word_count;
};

/* Each returns the exit code. */
int sts_command_serve(const struct sts_args *args);
int sts_command_query(const struct sts_args *args);
int sts_command_match(const struct sts_args *args);
int sts_command_anchors(const struct sts_args *args);

/* "mtasts: MESSAGE" on stderr; returns `code`. */
#if defined(__GNUC__)
__attribute__((format(printf, 2, 3)))
#endif
int
sts_fail(int code, const char *format, ...);

#endif
