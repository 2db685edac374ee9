/* SPDX-License-Identifier: MIT */
/*
 * mtasts completion: what a shell needs to complete the command line, written
 * from the tables of main.c. The texts there hold nothing that a shell would
 * take for more than text.
 *
 * Invariants: commands that were left out of the build do not appear, and no
 * list of options or words stands here: what the tables accept is what is
 * completed. All of it is constant text, so nobody's input reaches a shell.
 */
#include <stdio.h>
#include <string.h>

#include "commands.h"

/* The next command that is in this build, the first after NULL. NULL: no
 * more. */
static const struct sts_command *
next_command(const struct sts_command *c)
{
	do {
		c = c == NULL ? sts_commands : c + 1;
	} while (c->name != NULL && c->run == NULL);
	return c->name != NULL ? c : NULL;
}

/* Options of the command, one after the other: begin with *i = 0. NULL: no
 * more. */
static const struct sts_option *
next_option(const struct sts_command *c, size_t *i)
{
	const struct sts_option *o = NULL;

	while (c->options != NULL && sts_options[*i].word != NULL) {
		o = &sts_options[(*i)++];
		if (strchr(c->options, o->letter) != NULL) {
			return o;
		}
	}
	return NULL;
}

/* ---- bash ---- */

/* The options after which nothing but a file, or nothing that we know,
 * comes. */
static void
bash_values(char value, const char *reply)
{
	const char *before = "";

	printf("\t");
	for (const struct sts_option *o = sts_options; o->word != NULL; o++) {
		if (o->value == (uint8_t)value) {
			printf("%s%s", before, o->word);
			before = "|";
		}
	}
	printf(")\n\t\t%sreturn;;\n", reply);
}

static void
bash_command(const struct sts_command *c)
{
	const struct sts_option *o;
	size_t i = 0;

	printf("\t%s)\n\t\twords=\"%s", c->name, c->words);
	while ((o = next_option(c, &i)) != NULL) {
		printf(" %s", o->word);
	}
	printf("\"%s;;\n", c->files ? "; files=1" : "");
}

static void
complete_bash(void)
{
	puts("# mtasts for bash: source it, or put it into\n"
	     "# /usr/share/bash-completion/completions/mtasts\n"
	     "_mtasts() {\n"
	     "\tlocal cur=\"${COMP_WORDS[COMP_CWORD]}\" words=\"\" files=\"\"\n"
	     "\tlocal IFS=$' \\t\\n'\n"
	     "\tCOMPREPLY=()\n"
	     "\tcase \"${COMP_WORDS[COMP_CWORD-1]}\" in");
	bash_values(STS_VALUE_FILE,
	    "mapfile -t COMPREPLY < <(compgen -f -- \"$cur\"); ");
	bash_values(STS_VALUE_WORD, "");
	puts("\tesac\n"
	     "\tif [ \"$COMP_CWORD\" -gt 1 ]; then\n"
	     "\tcase \"${COMP_WORDS[1]}\" in");
	for (const struct sts_command *c = NULL;
	     (c = next_command(c)) != NULL;) {
		bash_command(c);
	}
	printf("\tesac\n\telse\n\t\twords=\"--help --version");
	for (const struct sts_command *c = NULL;
	     (c = next_command(c)) != NULL;) {
		printf(" %s", c->name);
	}
	puts("\"\n\tfi\n"
	     "\tmapfile -t COMPREPLY < <(\n"
	     "\t\tcompgen -W \"$words\" -- \"$cur\"\n"
	     "\t\t[ -z \"$files\" ] || compgen -f -- \"$cur\")\n"
	     "}\n"
	     "complete -o filenames -F _mtasts mtasts");
}

/* ---- zsh ---- */

static void
zsh_command(const struct sts_command *c)
{
	static const char *const after[] = {
		[STS_VALUE_NONE] = "",
		[STS_VALUE_WORD] = ":value: ",
		[STS_VALUE_FILE] = ":file:_files",
	};
	const struct sts_option *o;
	size_t i = 0;

	printf("\t%s)\n\t\t_arguments", c->name);
	while ((o = next_option(c, &i)) != NULL) {
		printf(" \\\n\t\t\t'%s%s[%s]%s'", o->letter == 'o' ? "*" : "",
		    o->word, o->about, after[o->value]);
	}
	if (c->words[0] != '\0') {
		printf(" \\\n\t\t\t'*:word:(%s)'", c->words);
	} else if (c->files) {
		printf(" \\\n\t\t\t'*:file:_files'");
	}
	puts(";;");
}

static void
complete_zsh(void)
{
	puts("#compdef mtasts\n"
	     "# mtasts for zsh: put it into a folder of fpath, as _mtasts\n"
	     "_mtasts() {\n"
	     "\tlocal -a commands\n"
	     "\tcommands=(");
	for (const struct sts_command *c = NULL;
	     (c = next_command(c)) != NULL;) {
		printf("\t\t'%s:%s'\n", c->name, c->about);
	}
	puts("\t)\n"
	     "\tif (( CURRENT == 2 )); then\n"
	     "\t\t_describe command commands\n"
	     "\t\treturn\n"
	     "\tfi\n"
	     "\tlocal command=$words[2]\n"
	     "\tshift words\n"
	     "\t(( CURRENT-- ))\n"
	     "\tcase $command in");
	for (const struct sts_command *c = NULL;
	     (c = next_command(c)) != NULL;) {
		zsh_command(c);
	}
	puts("\tesac\n}\n_mtasts \"$@\"");
}

/* ---- fish ---- */

static void
fish_command(const struct sts_command *c)
{
	static const char *const after[] = {
		[STS_VALUE_NONE] = "",
		[STS_VALUE_WORD] = " -x",
		[STS_VALUE_FILE] = " -r -F",
	};
	const struct sts_option *o;
	size_t i = 0;

	printf("complete -c mtasts -n __fish_use_subcommand -a %s -d '%s'\n",
	    c->name, c->about);
	while ((o = next_option(c, &i)) != NULL) {
		bool is_long = o->word[1] == '-';

		printf("complete -c mtasts -n '__fish_seen_subcommand_from %s' "
		       "-%c %s%s -d '%s'\n",
		    c->name, is_long ? 'l' : 's', o->word + (is_long ? 2 : 1),
		    after[o->value], o->about);
	}
	if (c->words[0] != '\0') {
		printf("complete -c mtasts -n '__fish_seen_subcommand_from %s' "
		       "-a '%s'\n",
		    c->name, c->words);
	}
	if (c->files) {
		printf("complete -c mtasts -n '__fish_seen_subcommand_from %s' "
		       "-F\n",
		    c->name);
	}
}

static void
complete_fish(void)
{
	puts("# mtasts for fish: put it into\n"
	     "# /usr/share/fish/vendor_completions.d/mtasts.fish\n"
	     "complete -c mtasts -f");
	for (const struct sts_command *c = NULL;
	     (c = next_command(c)) != NULL;) {
		fish_command(c);
	}
}

int
sts_command_completion(const struct sts_args *args)
{
	static const struct {
		const char *name;
		void (*write)(void);
	} shells[] = { { "bash", complete_bash }, { "zsh", complete_zsh },
		{ "fish", complete_fish } };

	for (size_t i = 0; i < sizeof shells / sizeof *shells; i++) {
		if (strcmp(args->word[0], shells[i].name) == 0) {
			shells[i].write();
			return STS_EXIT_YES;
		}
	}
	return sts_fail(
	    STS_EXIT_USAGE, "completion: expected bash, zsh or fish");
}
