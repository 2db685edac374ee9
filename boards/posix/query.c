/* SPDX-License-Identifier: MIT */
/*
 * mtasts query: what a mail server would be answered, and why: by the running
 * daemon, or, when there is none or it is not wanted, looked up in this
 * process.
 */
#define _POSIX_C_SOURCE 200809L

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "../../core/base/text.h"
#include "commands.h"
#include "control_client.h"
#include "control_record.h"
#include "look.h"

enum {
	WINDOW = 16384 /* of a record that is shown */
};

/* Show the answer in a slot: what the daemon would send, shown as if it had. */
static int
show(struct sts_look *q, const struct sts_args *args, const char *key, int slot)
{
	static struct sts_control_record r;
	static struct sts_control_show shown;
	const struct sts_control_about about = { sts_text_of(key),
		sts_text_of(args->zone != NULL ? args->zone : ""), "here", slot,
		0 };
	uint8_t buf[WINDOW];
	struct sts_sink sink = { 0, 0, 0, buf };
	unsigned code = sts_control_record_begin(&r, &q->agent, &about);

	sts_control_show_begin(&shown, STS_CONTROL_QUERY, args->json, key);
	do {
		sink.from = sink.to;
		sink.to += sizeof buf;
		sink.pos = 0;
		sts_control_record_render(&r, &sink);
		sts_control_show_feed(&shown, buf,
		    sink.pos < sink.to ? sink.pos - sink.from : sizeof buf);
	} while (sink.pos > sink.to);
	sts_control_record_end(&r);
	return (int)code;
}

static int
ask(struct sts_look *q, const struct sts_args *args, const char *key)
{
	int slot = sts_look_ask(q, args->zone != NULL ? args->zone : "", key);

	if (slot < 0) {
		return sts_fail(
		    STS_EXIT_FAILURE, "no slot is free for this question");
	}
	int code = show(q, args, key, slot);

	sts_ask_end(&q->agent, slot);
	return code;
}

/* Of several keys: cannot tell, if one of them; else none, if one. */
static int
ask_here(struct sts_look *q, const struct sts_args *args)
{
	int worst = sts_look_start(q);

	for (unsigned i = 0; worst <= STS_EXIT_UNKNOWN && i < args->word_count;
	     i++) {
		int code = ask(q, args, args->word[i]);

		worst = code > worst ? code : worst;
	}
	return worst;
}

/* The same by the daemon, whose first connection is fd. */
static int
ask_daemon(int fd, const struct sts_conf *c, const struct sts_args *args)
{
	int worst = sts_control_ask(fd, args, STS_CONTROL_QUERY, args->word[0]);

	for (unsigned i = 1; worst <= STS_EXIT_UNKNOWN && i < args->word_count;
	     i++) {
		fd = sts_control_client_connect(&c->control);
		if (fd < 0) {
			return sts_fail(STS_EXIT_FAILURE,
			    "the daemon has ended: %s", strerror(errno));
		}
		int code =
		    sts_control_ask(fd, args, STS_CONTROL_QUERY, args->word[i]);

		worst = code > worst ? code : worst;
	}
	return worst;
}

/* A connection to the daemon, or -1: it is to be looked up here. */
static int
find_daemon(const struct sts_conf *c, const struct sts_args *args)
{
	if (args->fresh || !c->control_on) {
		return -1;
	}
	int fd = sts_control_client_connect(&c->control);

	if (fd < 0 && errno != ENOENT && errno != ECONNREFUSED) {
		fprintf(stderr,
		    "mtasts: %s: %s: cannot ask the running daemon\n",
		    c->control.path, strerror(errno));
	}
	return fd;
}

int
sts_command_query(const struct sts_args *args)
{
	static struct sts_look q;
	char why[STS_CONF_WHY_MAX];

	if (!sts_conf_load(&q.conf, &args->source, why)) {
		return sts_fail(sts_exit_config(errno), "%s", why);
	}
	int fd = find_daemon(&q.conf, args);

	return fd >= 0 ? ask_daemon(fd, &q.conf, args) : ask_here(&q, args);
}
