/* SPDX-License-Identifier: MIT */
/*
 * mtasts: the command line. The first word names the command; what follows is
 * options and words in any order. Each command says by a string of letters
 * which options it takes, and between how many words it wants.
 *
 * Invariants: the two tables are all there is: help.c and completion.c print
 * them. An option that is unknown, of another command, without its value or
 * given too often ends the program with its usage, before anything is read or
 * done. A result that could not be written (a full disk, a closed pipe) is a
 * failure, whatever the command found.
 */
#define _POSIX_C_SOURCE 200809L

#include <fcntl.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "../../core/base/assert.h"
#include "../../core/base/version.h"
#include "../../port/posix/socket.h"
#include "help.h"
#include "parts.h"

enum {
	STS_EXIT_SIGNAL = 128 /* and its number, as a shell has it */
};

/* A command that is left out of this build has no function. */
#define PART(there, function) ((there) ? (function) : NULL)

/* Both tables are what is accepted, and what shells complete: no quote, bracket
 * or colon in their texts. */
/* clang-format off */
const struct sts_command sts_commands[] = {
	{ "serve", sts_command_serve, "coth", 0, 0, "answer mail servers",
	    "", false },
	{ "query", sts_command_query, "cozjfh", 1, STS_WORDS_MAX,
	    "print what a mail server is answered, and why", "", false },
	{ "check", PART(STS_CHECK, sts_command_check), "cojmdpielnh", 0, 1,
	    "test all that a domain publishes", "", false },
	{ "cache", sts_command_cache, "cojah", 1, 2,
	    "list or change what the daemon holds",
	    "list show forget refresh export flush stats", false },
	{ "status", PART(STS_STATUS, sts_command_status), "cojqwHh", 0, 0,
	    "the state of the running daemon", "", false },
	{ "enforce", sts_command_enforce, "cojuh", 0, 1,
	    "switch enforcement on or off", "on off", false },
	{ "report", PART(STS_REPORT, sts_command_report), "cojh", 1, 2,
	    "TLS reports being counted or waiting", "list show send flush",
	    false },
	{ "match", sts_command_match, "h", 2, 2,
	    "tell whether a host matches a pattern", "", false },
	{ "anchors", sts_command_anchors, "h", 1, 1,
	    "print a PEM bundle as a C table", "", true },
	{ "warm", PART(STS_WARM, sts_command_warm), "coh", 0, 1,
	    "look up every domain of a file", "", true },
	{ "publish", PART(STS_PUBLISH, sts_command_publish), NULL, 0, STS_WORDS_MAX,
	    "protect a domain of your own",
	    "sts tlsrpt tlsa --mode --max-age --out --server --zone --next "
	    "--usage --certificate --key --mx --rua --cert --format --ttl "
	    "--port --check --remove --unchecked --force --help", true },
	{ "completion", PART(STS_COMPLETION, sts_command_completion), "h", 1, 1,
	    "print the completion script of a shell", "bash zsh fish", false },
	{ NULL, NULL, NULL, 0, 0, NULL, NULL, false },
};

const struct sts_option sts_options[] = {
	{ "-c", 'c', STS_VALUE_FILE, "configuration file" },
	{ "-o", 'o', STS_VALUE_WORD, "a line of configuration" },
	{ "-t", 't', STS_VALUE_NONE, "check the configuration only" },
	{ "--zone", 'z', STS_VALUE_WORD, "the name of the socketmap" },
	{ "--json", 'j', STS_VALUE_NONE, "print JSON" },
	{ "--fresh", 'f', STS_VALUE_NONE, "do not ask the daemon" },
	{ "--all", 'a', STS_VALUE_NONE, "live policies too" },
	{ "--quiet", 'q', STS_VALUE_NONE, "only the exit code" },
	{ "--watch", 'w', STS_VALUE_NONE, "again every 2 seconds" },
	{ "--html", 'H', STS_VALUE_FILE, "write a page" },
	{ "--until", 'u', STS_VALUE_WORD, "when it is switched on again" },
	{ "--mx", 'm', STS_VALUE_WORD, "a mail server" },
	{ "--days", 'd', STS_VALUE_WORD, "certificates that expire within" },
	{ "--port", 'p', STS_VALUE_WORD, "of the mail servers" },
	{ "--within", 'i', STS_VALUE_WORD, "seconds for the whole check" },
	{ "--helo", 'e', STS_VALUE_WORD, "the name to greet with" },
	{ "--tls", 'l', STS_VALUE_NONE, "TLS from the first octet" },
	{ "--plugin", 'n', STS_VALUE_NONE, "a line for a monitor" },
	{ "--help", 'h', STS_VALUE_NONE, "print this" },
	{ NULL, 0, STS_VALUE_NONE, NULL },
};
/* clang-format on */

void
sts_assert_failed(const char *file, int line)
{
	fprintf(stderr, "mtasts: %s:%d: assertion failed\n", file, line);
	abort();
}

/* The address leads to the function: `addr2line -f -e mtasts 0x...`, with the
 * file as it was before it was stripped. */
void
sts_assert_failed_here(void)
{
	fprintf(stderr, "mtasts: assertion failed at %p\n",
	    __builtin_return_address(0));
	abort();
}

int
sts_fail(int code, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	fputs("mtasts: ", stderr);
	vfprintf(stderr, format, args);
	fputs("\n", stderr);
	va_end(args);
	return code;
}

int
sts_exit_config(int error)
{
	return sts_socket_error(error) == STS_IO_LIMIT ? STS_EXIT_FAILURE
						       : STS_EXIT_CONFIG;
}

static int
usage_error(const char *what, const char *which)
{
	fprintf(stderr, "mtasts: %s: %s\n", which, what);
	sts_help_usage(stderr);
	return STS_EXIT_USAGE;
}

/* The option of that word, or NULL. */
static const struct sts_option *
find_option(const char *word)
{
	for (const struct sts_option *o = sts_options; o->word != NULL; o++) {
		if (strcmp(word, o->word) == 0) {
			return o;
		}
	}
	return NULL;
}

/* Where an option goes that has a value, or that is there or not. */
static const char **
value_of(struct sts_args *a, char letter)
{
	switch (letter) {
	case 'c':
		return &a->source.file;
	case 'z':
		return &a->zone;
	case 'u':
		return &a->until;
	case 'm':
		return &a->mx;
	case 'd':
		return &a->days;
	case 'p':
		return &a->port;
	case 'i':
		return &a->within;
	case 'H':
		return &a->html;
	case 'e':
		return &a->helo;
	default:
		return NULL;
	}
}

static bool *
switch_of(struct sts_args *a, char letter)
{
	switch (letter) {
	case 't':
		return &a->test;
	case 'j':
		return &a->json;
	case 'f':
		return &a->fresh;
	case 'a':
		return &a->all;
	case 'q':
		return &a->quiet;
	case 'w':
		return &a->watch;
	case 'l':
		return &a->tls_first;
	case 'n':
		return &a->plugin;
	case 'h':
		return &a->help;
	default:
		return NULL;
	}
}

/* Take an option with its value. False: too many of them. */
static bool
take_option(struct sts_args *a, char letter, const char *value)
{
	const char **to = value_of(a, letter);
	bool *on = switch_of(a, letter);

	if (to != NULL) {
		*to = value;
	} else if (on != NULL) {
		*on = true;
	} else if (a->source.option_count < STS_OPTIONS_MAX) {
		a->option[a->source.option_count++] = value;
	} else {
		return false;
	}
	return true;
}

/* Take the option at *word and its value. 0, or the exit code. */
static int
take_option_at(
    const struct sts_command *c, struct sts_args *a, const char *const **word)
{
	const char *name = **word;
	const struct sts_option *o = find_option(name);

	if (o == NULL || strchr(c->options, o->letter) == NULL) {
		return usage_error("no such option", name);
	}
	if (o->value != STS_VALUE_NONE) {
		++*word;
	}
	if (**word == NULL) {
		return usage_error("its value is missing", name);
	}
	if (!take_option(a, o->letter, **word)) {
		return usage_error("too many of them", name);
	}
	++*word;
	return 0;
}

/* Options and words in any order; "--" ends the options. 0, or exit code. */
static int
take_args(
    const struct sts_command *c, struct sts_args *a, const char *const *word)
{
	bool options = c->options != NULL;

	a->source.options = a->option;
	while (*word != NULL) {
		if (options && strcmp(*word, "--") == 0) {
			options = false;
			word++;
		} else if (options && word[0][0] == '-' && word[0][1] != '\0') {
			int rc = take_option_at(c, a, &word);

			if (rc != 0) {
				return rc;
			}
		} else if (a->word_count < STS_WORDS_MAX) {
			a->word[a->word_count++] = *word++;
		} else {
			return usage_error("too many words", c->name);
		}
	}
	return 0;
}

/*
 * A process may be started with its standard descriptors closed. Then a socket
 * or the journal would become "stderr" and get our log. Where there is no
 * /dev/null to prevent that, there is nowhere to report it either.
 */
static void
hold_standard(void)
{
	for (int fd = STDIN_FILENO; fd <= STDERR_FILENO; fd++) {
		if (fcntl(fd, F_GETFD) < 0 && open("/dev/null", O_RDWR) != fd) {
			_exit(STS_EXIT_FAILURE);
		}
	}
}

static void
end_at_once(int number)
{
	_exit(STS_EXIT_SIGNAL + number);
}

/*
 * What a process inherits of signals would change what they mean here. With
 * SIGCHLD ignored nobody hears that a child has ended, and with one of the
 * others blocked the process does not end when it should. Nor does the first
 * process of a container, for which the system ignores what ends others: until
 * a command takes signals itself, it ends as others would. SIGHUP is the
 * daemon's own.
 */
static void
take_signals(void)
{
	sigset_t ours;

	(void)signal(SIGCHLD, SIG_DFL);
	(void)signal(SIGALRM, SIG_DFL);
	sigemptyset(&ours);
	sigaddset(&ours, SIGCHLD);
	sigaddset(&ours, SIGALRM);
	sigaddset(&ours, SIGTERM);
	sigaddset(&ours, SIGINT);
	if (getpid() == 1) {
		(void)signal(SIGTERM, end_at_once);
		(void)signal(SIGINT, end_at_once);
	}
	(void)sigprocmask(SIG_UNBLOCK, &ours, NULL);
}

/* What was printed must have arrived for its exit code to count. */
static int
printed(int code)
{
	if (fflush(stdout) != 0 || ferror(stdout)) {
		return sts_fail(STS_EXIT_FAILURE, "cannot write the result");
	}
	return code;
}

/* Judge the command's words and options, then run it. The exit code, also if
 * what was printed could not be written. */
static int
run(const struct sts_command *c, const char *const *words)
{
	static struct sts_args args;
	int rc;

	if (c->run == NULL) {
		return sts_fail(
		    STS_EXIT_USAGE, "%s is left out of this build", c->name);
	}
	rc = take_args(c, &args, words);
	if (rc != 0) {
		return rc;
	}
	if (args.help && sts_help_command(c)) {
		return printed(STS_EXIT_YES);
	}
	if (args.word_count < c->words_min) {
		return usage_error("a word is missing", c->name);
	}
	if (args.word_count > c->words_max) {
		return usage_error("too many words", c->name);
	}
	return printed(c->run(&args));
}

int
main(int argc, char **argv)
{
	const char *name = argc > 1 ? argv[1] : "";

	hold_standard();
	take_signals();
	if (argc < 2) {
		sts_help_usage(stderr);
		return STS_EXIT_USAGE;
	}
	if (strcmp(name, "--version") == 0) {
		puts("mtasts " STS_VERSION);
		return printed(STS_EXIT_YES);
	}
	if (strcmp(name, "--help") == 0 || strcmp(name, "help") == 0) {
		sts_help_all();
		return printed(STS_EXIT_YES);
	}
	for (const struct sts_command *c = sts_commands; c->name != NULL; c++) {
		if (strcmp(name, c->name) == 0) {
			return run(c, (const char *const *)argv + 2);
		}
	}
	return usage_error("no such command", name);
}
