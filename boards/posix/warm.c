/* SPDX-License-Identifier: MIT */
/*
 * mtasts warm: every domain of a file is asked for once, so that the running
 * daemon holds its policy when the first mail comes. Some questions are under
 * way at once, since the slowest domains take as long as a mail server would
 * wait.
 *
 *	question[i].fd < 0     free
 *	question[i].fd >= 0    asked; its answer is collected up to HEAD octets,
 *	                       the rest is read and dropped
 *
 * Invariants: AT_ONCE is fewer than the daemon has places, so that other
 * commands get through. done counts every name, whatever came of it; bad those
 * that are not domains, failed those without an answer: the exit code is 0 only
 * if every domain was answered. A daemon that is silent for STS_CONTROL_WAIT_MS
 * ends the command.
 *
 * The file may be anybody's: names are judged as keys, as the daemon does, and
 * nothing else of the file is used (names.c).
 */
#define _POSIX_C_SOURCE 200809L

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "../../core/base/text.h"
#include "../../core/grammar/domain.h"
#include "../../port/posix/posix.h"
#include "../../port/posix/socket.h"
#include "commands.h"
#include "control_client.h"
#include "names.h"
#include "terminal.h"

enum {
	AT_ONCE = 3, /* of the daemon's places; one stays for others */
	HEAD = 1024, /* of an answer, in which its result stands */
	SHOW_MS = 200
};

static const char help[] =
    "usage: mtasts warm [-c FILE] [-o 'KEY VALUE']... FILE\n"
    "\n"
    "Has the running daemon look up every domain of FILE, 3 at a time, so that "
    "the\n"
    "first mail meets a held policy. FILE has a name a line, and comments "
    "after "
    "#;\n"
    "or it is a policy table of Postfix's, as `mtasts cache export` writes it, "
    "or a\n"
    "policy list in the STARTTLS Everywhere format: of these only the names "
    "count,\n"
    "and their policies are fetched anew. The key warm_names has the daemon do "
    "this\n"
    "slowly, by itself.\n"
    "\n"
    "mtasts warm /etc/mtasts-names.txt\n"
    "\n"
    "Exit codes: 0 all are answered, 64 usage, 70 the daemon is not there or "
    "some\n"
    "are not answered, 78 FILE cannot be read.\n";

struct question {
	int fd; /* -1: free */
	size_t len;
	char head[HEAD + 1];
};

struct warm {
	struct sts_conf conf;
	struct sts_names names;
	struct question question[AT_ONCE];
	unsigned total, done, policies, bad, failed;
	bool terminal, over, broken;
	sts_ms shown_at;
};

static void
show(struct warm *w, bool last)
{
	sts_ms now = sts_posix_now();

	if (w->terminal && (last || now - w->shown_at >= SHOW_MS)) {
		fprintf(stderr,
		    STS_TERMINAL_LINE STS_TERMINAL_CUT
		    "%u of %u, %u with a policy" STS_TERMINAL_WRAP "%s",
		    w->done, w->total, w->policies, last ? "\n" : "");
		w->shown_at = now;
	}
}

/* Ask for a name. False: the daemon is gone. What is no domain, and perhaps no
 * text, is not sent: it could not be read in the answer. */
static bool
ask(struct warm *w, struct question *q, const char *name)
{
	static struct sts_key key;
	struct sts_control_request r;
	uint8_t out[STS_CONTROL_REQUEST_MAX];
	size_t n;

	memset(&r, 0, sizeof r);
	r.command = STS_CONTROL_QUERY;
	n = sts_key_parse(&key, sts_text_of(name)) == STS_WHY_NONE &&
		    sts_control_request_copy(r.key, sizeof r.key, name)
		? sts_control_request_write(&r, out)
		: 0;
	if (n == 0) {
		w->bad++;
		w->done++;
		return true;
	}
	q->fd = sts_control_client_connect(&w->conf.control);
	q->len = 0;
	return q->fd >= 0 && send(q->fd, out, n, MSG_NOSIGNAL) == (ssize_t)n;
}

/* More of an answer, or its end. */
static void
take(struct warm *w, struct question *q)
{
	char rest[HEAD];
	bool full = q->len == HEAD;
	ssize_t n = recv(q->fd, full ? rest : q->head + q->len,
	    full ? sizeof rest : HEAD - q->len, 0);

	if (n > 0) {
		q->len += full ? 0 : (size_t)n;
		return;
	}
	close(q->fd);
	q->fd = -1;
	q->head[q->len] = '\0';
	w->done++;
	w->policies += strstr(q->head, "\"result\":\"policy\"") != NULL;
	w->failed += strstr(q->head, "\"result\":") == NULL;
}

/* Give the free places a name each. False: the daemon is gone. */
static bool
fill(struct warm *w)
{
	char name[STS_NAMES_MAX + 1];

	for (unsigned i = 0; i < AT_ONCE; i++) {
		struct question *q = &w->question[i];

		if (q->fd >= 0 || w->over) {
			continue;
		}
		switch (sts_names_await(&w->names, name)) {
		case STS_NAMES_ONE:
			if (!ask(w, q, name)) {
				return false;
			}
			break;
		case STS_NAMES_BAD:
			w->bad++;
			w->done++;
			break;
		case STS_NAMES_BROKEN:
			w->broken = true;
			w->over = true;
			break;
		case STS_NAMES_MORE:
		case STS_NAMES_END:
			w->over = true;
		}
	}
	return true;
}

/* Wait for answers. False: there is nothing to wait for. */
static bool
wait_for(struct warm *w)
{
	struct pollfd p[AT_ONCE];
	bool any = false;

	for (unsigned i = 0; i < AT_ONCE; i++) {
		p[i].fd = w->question[i].fd;
		p[i].events = POLLIN;
		p[i].revents = 0;
		any = any || p[i].fd >= 0;
	}
	if (!any) {
		return !w->over;
	}
	show(w, false);

	int n = poll(p, AT_ONCE, STS_CONTROL_WAIT_MS);

	if (n == 0 || (n < 0 && errno != EINTR)) {
		w->broken = true; /* a daemon that does not answer */
		return false;
	}
	for (unsigned i = 0; i < AT_ONCE; i++) {
		if (p[i].revents != 0) {
			take(w, &w->question[i]);
		}
	}
	show(w, false);
	return true;
}

/* How many there are, for the progress. 0, or exit code. */
static int
count(struct warm *w, const char *path)
{
	char name[STS_NAMES_MAX + 1];
	enum sts_names_result r = STS_NAMES_ONE;

	if (sts_names_open(&w->names, path) != 0) {
		return sts_fail(
		    STS_EXIT_CONFIG, "%s: %s", path, strerror(errno));
	}
	while (r == STS_NAMES_ONE || r == STS_NAMES_BAD) {
		r = sts_names_await(&w->names, name);
		w->total += r == STS_NAMES_ONE || r == STS_NAMES_BAD;
	}
	sts_names_close(&w->names);
	if (r == STS_NAMES_BROKEN) {
		return sts_fail(STS_EXIT_CONFIG,
		    "%s:%u: neither a list of names nor a policy list in JSON",
		    path, w->names.line);
	}
	return 0;
}

/* The exit code. */
static int
run(struct warm *w)
{
	bool there = true;

	for (unsigned i = 0; i < AT_ONCE; i++) {
		w->question[i].fd = -1;
	}
	do {
		there = fill(w);
	} while (there && wait_for(w));
	sts_names_close(&w->names);
	show(w, true);
	if (!there || w->broken || w->failed > 0) {
		return sts_fail(STS_EXIT_FAILURE,
		    there ? "%u of %u were not answered"
			  : "the daemon has ended; %u of %u were not answered",
		    w->failed + w->total - w->done, w->total);
	}
	printf("%u asked for: %u with a policy, %u are not domains\n", w->done,
	    w->policies, w->bad);
	return STS_EXIT_YES;
}

int
sts_command_warm(const struct sts_args *args)
{
	static struct warm w;
	char why[STS_CONF_WHY_MAX];
	const char *path = args->word[0];

	if (args->help) {
		fputs(help, stdout);
		return STS_EXIT_YES;
	}
	if (args->word_count == 0) {
		return sts_fail(
		    STS_EXIT_USAGE, "warm: which file? mtasts warm --help");
	}
	if (!sts_conf_load(&w.conf, &args->source, why)) {
		return sts_fail(sts_exit_config(errno), "%s", why);
	}
	int rc = count(&w, path);

	if (rc != 0) {
		return rc;
	}
	int fd = w.conf.control_on ? sts_control_client_connect(&w.conf.control)
				   : -1;

	if (fd < 0) {
		return sts_fail(STS_EXIT_FAILURE, "cannot ask the daemon: %s",
		    w.conf.control_on ? strerror(errno)
				      : "its control socket is off");
	}
	close(fd);
	if (sts_names_open(&w.names, path) != 0) {
		return sts_fail(
		    STS_EXIT_CONFIG, "%s: %s", path, strerror(errno));
	}
	w.terminal = sts_terminal_draws(STDERR_FILENO);
	return run(&w);
}
