/* SPDX-License-Identifier: MIT */
/*
 * mtasts: the command line. The first word names the command; what follows is
 * options and words in any order. Each command says by a string of letters
 * which options it takes, and between how many words it wants.
 */
#define _POSIX_C_SOURCE 200809L

#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "../../core/base/assert.h"
#include "../../core/base/version.h"
#include "commands.h"

static const char usage[] =
    "usage: mtasts serve   [-c FILE] [-o 'KEY VALUE']... [-t]\n"
    "       mtasts query   [-c FILE] [-o 'KEY VALUE']... [--zone Z] [--json] "
    "[--fresh]\n"
    "                      KEY...\n"
    "       mtasts check   [-c FILE] [-o 'KEY VALUE']... [--json | --plugin] "
    "[--days N]\n"
    "                      [--port N] [--helo NAME] [--within N] DOMAIN |\n"
    "                      --mx HOST [--tls]\n"
    "       mtasts cache   list | show D | forget D | refresh D | export |\n"
    "                      flush [--all] | stats\n"
    "                      [-c FILE] [-o 'KEY VALUE']... [--json]\n"
    "       mtasts status  [-c FILE] [-o 'KEY VALUE']... [--json | --quiet |\n"
    "                      --html FILE | --watch]\n"
    "       mtasts enforce [-c FILE] [-o 'KEY VALUE']... [--json] "
    "[on | off [--until TIME]]\n"
    "       mtasts report  list | show D | send D | flush\n"
    "                      [-c FILE] [-o 'KEY VALUE']... [--json]\n"
    "       mtasts match   PATTERN HOST\n"
    "       mtasts anchors FILE\n"
    "       mtasts warm    [-c FILE] [-o 'KEY VALUE']... FILE\n"
    "       mtasts publish sts | tlsrpt | tlsa NAME ... (mtasts publish "
    "--help)\n"
    "       mtasts completion bash | zsh | fish\n"
    "       mtasts --help | --version\n";

static const char help[] =
    "\n"
    "serve    answer mail servers, in the foreground; with -t check the\n"
    "         configuration and print the memory plan instead\n"
    "query    print what a mail server is answered for KEY (a domain), and "
    "why;\n"
    "         the running daemon is asked; if none is running, or with\n"
    "         --fresh, this process looks KEY up itself\n"
    "check    look into all that a domain publishes and its mail servers "
    "show:\n"
    "         MTA-STS, DANE, TLSRPT; mtasts check --help\n"
    "cache    list or show what the running daemon holds; forget a domain or\n"
    "         refresh it; export the policies as Postfix's policy table; "
    "flush:\n"
    "         forget everything but live policies, with --all those, too\n"
    "status   how the running daemon is, on one screen; --quiet: only by the "
    "exit\n"
    "         code, 0 healthy, 1 not, for health checks; --html: as one page "
    "for a web "
    "server;\n"
    "         --watch: again every 2 seconds\n"
    "enforce  off: the daemon answers \"not found\" and logs what it would "
    "have\n"
    "         answered, until enforcement is switched on, until a restart, "
    "or,\n"
    "         whatever is restarted, until TIME: 2h, 3d, 2026-12-24T18:00Z\n"
    "report   TLS reports (RFC 8460): list the domains that are counted or "
    "wait,\n"
    "         show a domain's report as a mail (sendmail -i -t sends it) or,\n"
    "         with --json, as it is; deliver one, or all that wait, now\n"
    "match    tell by the exit code whether HOST fits an mx PATTERN\n"
    "         (RFC 8461 4.1)\n"
    "anchors  print a PEM bundle as a C table of trust anchors\n"
    "warm     have the running daemon look up every domain of FILE, so that "
    "the\n"
    "         first mail meets a held policy\n"
    "publish  print the policy, the DNS records and the steps with which your "
    "own\n"
    "         domain is protected; --check compares with what is published\n"
    "\n"
    "-c FILE         read the configuration from FILE instead of\n"
    "                " STS_CONF_FILE ", which need not exist\n"
    "-o 'KEY VALUE'  take this line of configuration after those of the file\n"
    "--json          print JSON, an object a line\n"
    "\n"
    "Without a configuration the daemon listens on 127.0.0.1:8461, asks the "
    "name\n"
    "servers of /etc/resolv.conf and trusts the system's CA bundle. Postfix:\n"
    "  smtp_tls_policy_maps = socketmap:inet:127.0.0.1:8461:postfix\n"
    "\n"
    "Exit codes: 0 a policy is in force, 1 definitely none, 2 cannot tell,\n"
    "64 usage, 70 the system failed, 78 configuration.\n";

/* Both tables are what is accepted, and what shells complete: no quote, bracket
 * or colon in their texts. */
/* clang-format off */
const struct sts_command sts_commands[] = {
	{ "serve", sts_command_serve, "cot", 0, 0, "answer mail servers",
	    "", false },
	{ "query", sts_command_query, "cozjf", 1, STS_WORDS_MAX,
	    "what a mail server is answered, and why", "", false },
	{ "check", sts_command_check, "cojmdpielnh", 0, 1,
	    "look into all that a domain publishes", "", false },
	{ "cache", sts_command_cache, "coja", 1, 2,
	    "what the running daemon holds",
	    "list show forget refresh export flush stats", false },
	{ "status", sts_command_status, "cojqwH", 0, 0,
	    "how the running daemon is", "", false },
	{ "enforce", sts_command_enforce, "coju", 0, 1,
	    "switch enforcement on or off", "on off", false },
	{ "report", sts_command_report, "coj", 1, 2,
	    "TLS reports that are counted or wait", "list show send flush",
	    false },
	{ "match", sts_command_match, "", 2, 2,
	    "whether a host fits a pattern", "", false },
	{ "anchors", sts_command_anchors, "", 1, 1,
	    "print a PEM bundle as C", "", true },
	{ "warm", sts_command_warm, "coh", 0, 1,
	    "look up every domain of a file", "", true },
	{ "publish", sts_command_publish, NULL, 0, STS_WORDS_MAX,
	    "protect a domain of your own",
	    "sts tlsrpt tlsa --mode --max-age --out --server --zone --next "
	    "--usage --certificate --key --mx --rua --cert --format --ttl "
	    "--port --check --remove --unchecked --force --help", true },
	{ "completion", sts_command_completion, "", 1, 1,
	    "write what a shell needs to complete", "bash zsh fish", false },
	{ NULL, NULL, NULL, 0, 0, NULL, NULL, false },
};

const struct sts_option sts_options[] = {
	{ "-c", 'c', STS_VALUE_FILE, "configuration" },
	{ "-o", 'o', STS_VALUE_WORD, "a line of configuration" },
	{ "-t", 't', STS_VALUE_NONE, "check the configuration only" },
	{ "--zone", 'z', STS_VALUE_WORD, "the name of the socketmap" },
	{ "--json", 'j', STS_VALUE_NONE, "print JSON" },
	{ "--fresh", 'f', STS_VALUE_NONE, "do not ask the daemon" },
	{ "--all", 'a', STS_VALUE_NONE, "live policies, too" },
	{ "--quiet", 'q', STS_VALUE_NONE, "only the exit code" },
	{ "--watch", 'w', STS_VALUE_NONE, "again every 2 seconds" },
	{ "--html", 'H', STS_VALUE_FILE, "write a page" },
	{ "--until", 'u', STS_VALUE_WORD, "when it is switched on again" },
	{ "--mx", 'm', STS_VALUE_WORD, "a mail server" },
	{ "--days", 'd', STS_VALUE_WORD, "certificates that end within" },
	{ "--port", 'p', STS_VALUE_WORD, "of the mail servers" },
	{ "--within", 'i', STS_VALUE_WORD, "seconds for all of it" },
	{ "--helo", 'e', STS_VALUE_WORD, "the name to greet with" },
	{ "--tls", 'l', STS_VALUE_NONE, "TLS from the first octet" },
	{ "--plugin", 'n', STS_VALUE_NONE, "a line for a monitor" },
	{ "--help", 'h', STS_VALUE_NONE, "what it does" },
	{ NULL, 0, STS_VALUE_NONE, NULL },
};
/* clang-format on */

void
sts_assert_failed(const char *file, int line)
{
	fprintf(stderr, "mtasts: %s:%d: assertion failed\n", file, line);
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

static int
usage_error(const char *what, const char *which)
{
	fprintf(stderr, "mtasts: %s: %s\n%s", which, what, usage);
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
 * would become "stderr" and get our log.
 */
static void
hold_standard(void)
{
	for (int fd = STDIN_FILENO; fd <= STDERR_FILENO; fd++) {
		if (fcntl(fd, F_GETFD) < 0) {
			(void)!open("/dev/null", O_RDWR);
		}
	}
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

static int
run(const struct sts_command *c, const char *const *words)
{
	static struct sts_args args;
	int rc = take_args(c, &args, words);

	if (rc != 0) {
		return rc;
	}
	if (args.word_count < c->words_min) {
		return usage_error("something is missing", c->name);
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
	if (argc < 2) {
		fputs(usage, stderr);
		return STS_EXIT_USAGE;
	}
	if (strcmp(name, "--version") == 0) {
		puts("mtasts " STS_VERSION);
		return printed(STS_EXIT_YES);
	}
	if (strcmp(name, "--help") == 0 || strcmp(name, "help") == 0) {
		fputs(usage, stdout);
		fputs(help, stdout);
		return printed(STS_EXIT_YES);
	}
	for (const struct sts_command *c = sts_commands; c->name != NULL; c++) {
		if (strcmp(name, c->name) == 0) {
			return run(c, (const char *const *)argv + 2);
		}
	}
	return usage_error("no such command", name);
}
