/* SPDX-License-Identifier: MIT */
/*
 * What `--help` prints. A row is a command of main.c's table; its options are
 * described there. check, warm and publish have texts of their own, since they
 * take more than others do.
 */
#include <string.h>

#include "../../core/base/assert.h"
#include "help.h"

#define CONF "[-c FILE] [-o 'KEY VALUE']... "

/* clang-format off */
static const struct row {
	const char *name, *usage, *text, *example;
} rows[] = {
	{ "serve", CONF "[-t]",
	    "Answer mail servers, in the foreground, until SIGTERM. SIGHUP makes it read the\n"
	    "configuration again.\n",
	    "mtasts serve -t -o 'memory 2M'" },
	{ "query", CONF "[--zone Z] [--json] [--fresh]\n"
	    "                      KEY...",
	    "Print what a mail server is answered for KEY (a domain), and why. The running\n"
	    "daemon is asked; if none is running, or with --fresh, this process looks KEY up\n"
	    "itself.\n"
	    "Exit codes: 0 a policy is in force, 1 definitely none, 2 cannot tell.\n",
	    "mtasts query example.com" },
	{ "check", CONF "[--json | --plugin] [--days N]\n"
	    "                      [--port N] [--helo NAME] [--within N] DOMAIN |\n"
	    "                      --mx HOST [--tls]",
	    NULL, NULL },
	{ "cache", "list | show D | forget D | refresh D | export |\n"
	    "                      flush [--all] | stats\n"
	    "                      " CONF "[--json]",
	    "List or show what the running daemon holds; forget domain D, or fetch its\n"
	    "policy again; export: print Postfix's policy table; flush: forget everything\n"
	    "but live policies, with --all those too; stats: how full the cache is.\n",
	    "mtasts cache export >/etc/postfix/tls_policy" },
	{ "status", CONF "[--json | --quiet |\n"
	    "                      --html FILE | --watch]",
	    "The state of the running daemon, on one screen.\n"
	    "Exit codes: 0 healthy, 1 not (clock, journal or name servers).\n",
	    "mtasts status --html /var/www/mtasts.html" },
	{ "enforce", CONF "[--json]\n"
	    "                      [on | off [--until TIME]]",
	    "off: the daemon answers \"not found\" and logs what it would have answered,\n"
	    "until enforcement is switched on, until a restart, or, whatever is restarted,\n"
	    "until TIME: 2h, 3d, 2026-12-24T18:00Z. With no argument: whether it enforces.\n",
	    "mtasts enforce off --until 2h" },
	{ "report", "list | show D | send D | flush\n"
	    "                      " CONF "[--json]",
	    "TLS reports (RFC 8460): list the domains that are counted or wait, show domain\n"
	    "D's report as a mail (sendmail -i -t sends it) or, with --json, as JSON;\n"
	    "deliver one now, or all that wait.\n",
	    "mtasts report show example.com" },
	{ "match", "PATTERN HOST",
	    "Tell whether HOST matches an mx PATTERN of a policy (RFC 8461 4.1).\n"
	    "Exit codes: 0 it does, 1 it does not.\n",
	    "mtasts match '*.example.com' mx.example.com" },
	{ "anchors", "FILE",
	    "Print a PEM bundle as a C table of trust anchors, for a board.\n",
	    "mtasts anchors /etc/ssl/certs/ca-certificates.crt >anchors.c" },
	{ "warm", CONF "FILE", NULL, NULL },
	{ "publish", "sts | tlsrpt | tlsa NAME ... (mtasts publish --help)",
	    NULL, NULL },
	{ "completion", "bash | zsh | fish",
	    "Print the script with which a shell completes mtasts's commands and options.\n",
	    "mtasts completion bash >/etc/bash_completion.d/mtasts" },
};
/* clang-format on */

enum {
	ROWS = sizeof rows / sizeof *rows
};

void
sts_help_usage(FILE *to)
{
	for (unsigned i = 0; i < ROWS; i++) {
		fprintf(to, "%s mtasts %-7s %s\n", i == 0 ? "usage:" : "      ",
		    rows[i].name, rows[i].usage);
	}
	fputs("       mtasts --help | --version\n", to);
}

void
sts_help_all(void)
{
	puts("usage: mtasts COMMAND [OPTION | WORD]...\n");
	for (const struct sts_command *c = sts_commands; c->name != NULL; c++) {
		printf("  %-10s  %s\n", c->name,
		    c->run != NULL ? c->about : "(left out of this build)");
	}
	puts("\nmtasts COMMAND --help: its options, and an example. "
	     "mtasts --version.\n"
	     "\n"
	     "Without a configuration the daemon listens on 127.0.0.1:8461, "
	     "asks the name\n"
	     "servers of /etc/resolv.conf and trusts the system's CA bundle. "
	     "Postfix:\n"
	     "  smtp_tls_policy_maps = socketmap:inet:127.0.0.1:8461:postfix\n"
	     "Exit codes: 0 a policy is in force, 1 definitely none, 2 cannot "
	     "tell,\n"
	     "64 usage, 70 the system failed, 78 configuration.");
}

static void
print_option(const struct sts_option *o)
{
	static const char *const values[] = { "", " ...", " FILE" };
	int n = printf("  %s%s", o->word, values[o->value]);

	printf("%*s%s\n", n < 17 ? 17 - n : 1, "", o->about);
}

bool
sts_help_command(const struct sts_command *c)
{
	const struct row *r = rows;

	while (strcmp(r->name, c->name) != 0) {
		r++;
		STS_ASSERT(r < rows + ROWS);
	}
	if (r->text == NULL) {
		return false;
	}
	printf("usage: mtasts %s %s\n\n%s\n", r->name, r->usage, r->text);
	for (const struct sts_option *o = sts_options; o->word != NULL; o++) {
		if (strchr(c->options, o->letter) != NULL) {
			print_option(o);
		}
	}
	printf("\nExample:\n  %s\n", r->example);
	return true;
}
