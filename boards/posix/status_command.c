/* SPDX-License-Identifier: MIT */
/*
 * mtasts status: how the running daemon is, in words, as JSON, as a page of
 * HTML, or as an exit code. One request over the control socket; the answer is
 * kept whole, since a part of it would be no answer.
 *
 * Invariants: nothing is shown before the answer's last line has come. A page
 * is written as a whole or not at all. With --quiet any failure is "not
 * healthy", and nothing is printed. Texts reach the terminal through
 * sts_control_print_text(), which escapes what is not printable: names in them
 * are strangers'.
 */
#define _POSIX_C_SOURCE 200809L

#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "../../core/base/text.h"
#include "commands.h"
#include "control_client.h"
#include "control_print.h"
#include "parts.h"
#include "publish.h"
#include "status_html.h"
#include "terminal.h"

enum {
	ANSWER_MAX = 32768,
	TITLE_WIDTH = 14,
	TEXT_AT = TITLE_WIDTH + 1, /* the column; in a narrow terminal: */
	TEXT_AT_NARROW = 2,
	TEXT_MIN = 20, /* less room than this is narrow */
	WATCH_S = 2
};

struct answer {
	struct sts_tree tree;
	struct sts_text object; /* with its LF */
	unsigned code;
	uint8_t buf[ANSWER_MAX];
};

/* The object and the line behind it, which says that it is whole. */
static bool
read_answer(struct answer *a, size_t len)
{
	static struct sts_tree end;
	size_t n = sts_tree_read(&a->tree, sts_text(a->buf, len));
	uint64_t code;

	if (n == 0 || sts_tree_read(&end, sts_text(a->buf + n, len - n)) == 0) {
		return false;
	}
	a->object = sts_text(a->buf, n);
	if (!sts_get_decimal(
		sts_text_of(sts_tree_get(&end, "end")), 2, &code)) {
		return false;
	}
	a->code = (unsigned)code;
	return a->code <= STS_EXIT_CONFIG;
}

/* Ask the daemon. 0, or the exit code; `why` then says what is wrong. */
static int
ask(const struct sts_conf *conf, bool brief, struct answer *a, char *why,
    size_t size)
{
	struct sts_control_request r;
	int fd = sts_control_client_connect(&conf->control);

	if (fd < 0) {
		snprintf(why, size, "cannot ask the daemon at %s: %s",
		    conf->control.path, strerror(errno));
		return STS_EXIT_FAILURE;
	}
	memset(&r, 0, sizeof r);
	r.command = STS_CONTROL_STATUS;
	r.brief = brief;
	if (!read_answer(
		a, sts_control_client_fetch(fd, &r, a->buf, sizeof a->buf))) {
		snprintf(
		    why, size, "the daemon's answer is missing or incomplete");
		return STS_EXIT_FAILURE;
	}
	if (sts_tree_get(&a->tree, "error")[0] != '\0') {
		snprintf(why, size,
		    "the daemon does not know the request: it is of another "
		    "version");
		return STS_EXIT_FAILURE;
	}
	return 0;
}

/* ---- on a terminal ---- */

struct screen {
	const char *title; /* not printed yet */
	size_t columns, rows; /* rows: that are left */
	size_t text_at;
};

/* How much of the text fits into `room`: up to a space, if there is one. */
static size_t
fitting(const char *text, size_t room)
{
	size_t n = strlen(text), i;

	if (n <= room) {
		return n;
	}
	for (i = room; i > 0 && text[i] != ' '; i--) {
	}
	return i > 0 ? i : room;
}

/* A row of its own. False: the screen is full. */
static bool
row(struct screen *s, const char *text, size_t n, size_t at)
{
	if (s->rows == 0) {
		return false;
	}
	s->rows -= s->rows == SIZE_MAX ? 0 : 1;
	printf("%*s", (int)at, "");
	sts_control_print_text(sts_text((const uint8_t *)text, n));
	putchar('\n');
	return true;
}

static void
print_section(void *ctx, const char *title)
{
	struct screen *s = ctx;

	s->title = title;
}

static void
print_line(void *ctx, const char *text)
{
	struct screen *s = ctx;
	bool beside = s->text_at == TEXT_AT && s->rows > 0;

	if (beside) {
		printf("%-*s ", TITLE_WIDTH, s->title);
	} else if (s->title[0] != '\0') {
		(void)row(s, s->title, strlen(s->title), 0);
	}
	s->title = "";
	do {
		size_t n = fitting(text, s->columns - s->text_at);

		if (!row(s, text, n, beside ? 0 : s->text_at)) {
			return;
		}
		beside = false;
		text += n;
		text += strspn(text, " ");
	} while (*text != '\0');
}

/* Words are broken where the terminal ends, and without one not at all. What is
 * drawn `again` is cut to the screen: its beginning would scroll away. */
static void
print_words(const struct sts_tree *t, bool again)
{
	struct screen s = { "", SIZE_MAX, SIZE_MAX, TEXT_AT };
	const struct sts_status_paper paper = { &s, print_section, print_line };

	sts_terminal_size(STDOUT_FILENO, &s.columns, &s.rows);
	if (s.columns < TEXT_AT + TEXT_MIN) {
		s.text_at = TEXT_AT_NARROW;
	}
	/* The last row is where the cursor stays. */
	s.rows = again ? s.rows - 1 : SIZE_MAX;
	sts_status_words(t, &paper);
}

/* ---- a page ---- */

static int
write_page(const struct sts_tree *t, const char *path)
{
	static uint8_t page[STS_STATUS_HTML_MAX];
	struct sts_sink out = { 0, 0, sizeof page, page };
	const char *problem = "the page is too long";
	bool changed;

	sts_status_html(t, &out);
	if (out.pos <= out.to) {
		problem =
		    sts_publish_write(path, sts_text(page, out.pos), &changed);
	}
	return problem == NULL
		   ? 0
		   : sts_fail(STS_EXIT_FAILURE, "%s: %s", path, problem);
}

/* ---- the command ---- */

static int
load(struct sts_conf *conf, const struct sts_args *args, char *why)
{
	if (!STS_STATUS_HTML && args->html != NULL) {
		snprintf(why, STS_CONF_WHY_MAX,
		    "status --html is left out of this build");
		return STS_EXIT_USAGE;
	}
	if (!sts_conf_load(conf, &args->source, why)) {
		return sts_exit_config(errno);
	}
	if (!conf->control_on) {
		snprintf(why, STS_CONF_WHY_MAX,
		    "control is off in the configuration");
		return STS_EXIT_CONFIG;
	}
	return 0;
}

static int
show(const struct answer *a, const struct sts_args *args)
{
	if (STS_STATUS_HTML && args->html != NULL) {
		int code = write_page(&a->tree, args->html);

		return code != 0 ? code : (int)a->code;
	}
	if (args->json) {
		sts_control_print_text(a->object);
	} else {
		print_words(&a->tree, false);
	}
	return (int)a->code;
}

/* Again and again, until the user has seen enough. A daemon that is not there
 * may come back. */
static int
watch(const struct sts_conf *conf, struct answer *a)
{
	char why[STS_CONF_WHY_MAX];

	if (!sts_terminal_draws(STDOUT_FILENO)) {
		return sts_fail(STS_EXIT_USAGE,
		    "status: --watch needs a terminal that can "
		    "move its cursor");
	}
	for (;;) {
		int code = ask(conf, false, a, why, sizeof why);

		fputs(STS_TERMINAL_TOP, stdout);
		if (code == 0) {
			print_words(&a->tree, true);
		} else {
			puts(why);
		}
		if (fflush(stdout) != 0) {
			return STS_EXIT_FAILURE;
		}
		sleep(WATCH_S);
	}
}

int
sts_command_status(const struct sts_args *args)
{
	static struct sts_conf conf;
	static struct answer a;
	char why[STS_CONF_WHY_MAX] = "";
	int code;

	if (args->quiet + args->json + args->watch + (args->html != NULL) > 1) {
		return sts_fail(STS_EXIT_USAGE,
		    "status: --json, --quiet, --html and "
		    "--watch exclude each other");
	}
	code = load(&conf, args, why);
	if (code == 0 && args->watch) {
		return watch(&conf, &a);
	}
	code = code == 0 ? ask(&conf, args->quiet, &a, why, sizeof why) : code;
	/* A health check knows two codes. */
	if (args->quiet) {
		return code == 0 && a.code == STS_EXIT_YES ? STS_EXIT_YES
							   : STS_EXIT_NONE;
	}
	return code == 0 ? show(&a, args) : sts_fail(code, "%s", why);
}
