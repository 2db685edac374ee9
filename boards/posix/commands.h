/* SPDX-License-Identifier: MIT */
/* The commands of mtasts, and what they share. */
#ifndef STS_COMMANDS_H
#define STS_COMMANDS_H

#include "conf.h"
#include "control_request.h"

enum {
	STS_EXIT_YES = 0, /* a policy is in force; done */
	STS_EXIT_NONE = 1, /* definitely none; no match */
	STS_EXIT_UNKNOWN = 2, /* cannot tell */
	STS_EXIT_USAGE = 64,
	STS_EXIT_FAILURE = 70, /* the system failed us */
	STS_EXIT_CONFIG = 78
};

enum {
	STS_OPTIONS_MAX = 32, /* -o lines */
	STS_WORDS_MAX = 1000
};

/* The command line after the command's name. */
struct sts_args {
	struct sts_conf_source source; /* -c, -o */
	const char *option[STS_OPTIONS_MAX];
	const char *zone; /* --zone; NULL: none */
	const char *until; /* --until; NULL: none */
	const char *mx; /* --mx; NULL: none */
	const char *days; /* --days; NULL: none */
	const char *port; /* --port; NULL: none */
	const char *within; /* --within; NULL: none */
	const char *html; /* --html; NULL: none */
	const char *helo; /* --helo; NULL: none */
	bool tls_first; /* --tls */
	bool plugin; /* --plugin */
	bool help; /* --help */
	bool test; /* -t */
	bool json; /* --json */
	bool fresh; /* --fresh */
	bool all; /* --all */
	bool quiet; /* --quiet */
	bool watch; /* --watch */
	const char *word[STS_WORDS_MAX + 1]; /* what is no option; NULL ends */
	unsigned word_count;
};

/* A command; the table ends with one without a name. */
struct sts_command {
	const char *name;
	int (*run)(const struct sts_args *args); /* NULL: it is left out */
	const char *options; /* letters; NULL: it reads all words itself */
	unsigned words_min, words_max;
	/* For the completion of shells. */
	const char *about;
	const char *words; /* that may follow, separated by blanks */
	bool files; /* so may names of files */
};
extern const struct sts_command sts_commands[];

/* What follows an option. */
enum sts_option_value {
	STS_VALUE_NONE = 0,
	STS_VALUE_WORD,
	STS_VALUE_FILE
};

struct sts_option {
	const char *word;
	char letter; /* in sts_command.options */
	uint8_t value; /* enum sts_option_value */
	const char *about;
};
extern const struct sts_option sts_options[];

/* Each returns the exit code. */
int sts_command_serve(const struct sts_args *args);
int sts_command_query(const struct sts_args *args);
int sts_command_check(const struct sts_args *args);
int sts_command_cache(const struct sts_args *args);
int sts_command_status(const struct sts_args *args);
int sts_command_enforce(const struct sts_args *args);
int sts_command_report(const struct sts_args *args);
int sts_command_match(const struct sts_args *args);
int sts_command_anchors(const struct sts_args *args);
int sts_command_publish(const struct sts_args *args);
int sts_command_warm(const struct sts_args *args);
int sts_command_completion(const struct sts_args *args);

/* Put a question to the daemon at the other end of fd, and show the answer;
 * closes fd. The exit code. */
int sts_control_ask(int fd, const struct sts_args *args,
    enum sts_control_command command, const char *key);

/* The exit code where a configuration cannot be taken: that of a configuration,
 * which supervisors do not try again; but that of a failure if the error is that
 * the system is short of something, which may be over in a moment. */
int sts_exit_config(int error);

/* "mtasts: MESSAGE" on stderr; returns `code`. */
#if defined(__GNUC__)
__attribute__((format(printf, 2, 3)))
#endif
int
sts_fail(int code, const char *format, ...);

#endif
