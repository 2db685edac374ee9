/* SPDX-License-Identifier: MIT */
/*
 * mtasts cache, mtasts enforce, mtasts report: the commands that only the
 * running daemon can carry out. Each is one request over the control socket and
 * one answer, which control_show.c prints; the daemon sends the exit code with
 * it.
 *
 * Invariants: words and options are judged before the daemon is connected to,
 * so a mistake in them changes nothing. An answer without its last line was
 * cut, and fails the command, whatever was printed before. A time of --until is
 * seconds since 1970 when it leaves: the daemon judges it by its own clock.
 */
#define _POSIX_C_SOURCE 200809L

#include <errno.h>
#include <string.h>

#include "../../core/base/calendar.h"
#include "../../port/posix/posix.h"
#include "commands.h"
#include "control_client.h"
#include "value.h"

static const struct {
	const char *word;
	enum sts_control_command command;
	bool domain; /* one follows */
	bool all; /* --all is possible */
} cache_commands[] = {
	{ "list", STS_CONTROL_LIST, false, false },
	{ "show", STS_CONTROL_SHOW, true, false },
	{ "forget", STS_CONTROL_FORGET, true, false },
	{ "refresh", STS_CONTROL_REFRESH, true, false },
	{ "export", STS_CONTROL_EXPORT, false, false },
	{ "flush", STS_CONTROL_FLUSH, false, true },
	{ "stats", STS_CONTROL_STATS, false, false },
};

/* The request for a command of these arguments. False: one is too long. */
static bool
make_request(struct sts_control_request *r, const struct sts_args *args,
    enum sts_control_command command, const char *key)
{
	memset(r, 0, sizeof *r);
	r->command = (uint8_t)command;
	r->all = args->all;
	r->json = command == STS_CONTROL_REPORT_SHOW && args->json;
	return (key == NULL ||
		   sts_control_request_copy(r->key, sizeof r->key, key)) &&
	       (args->zone == NULL || sts_control_request_copy(
					  r->zone, sizeof r->zone, args->zone));
}

static int
run_request(int fd, const struct sts_args *args,
    const struct sts_control_request *r, const char *key)
{
	static struct sts_control_show show;

	sts_control_show_begin(
	    &show, (enum sts_control_command)r->command, args->json, key);
	if (!sts_control_client_ask(fd, r, &show)) {
		return sts_fail(STS_EXIT_FAILURE,
		    "the daemon's answer is missing or incomplete");
	}
	return (int)show.code;
}

int
sts_control_ask(int fd, const struct sts_args *args,
    enum sts_control_command command, const char *key)
{
	struct sts_control_request r;
	uint8_t out[STS_CONTROL_REQUEST_MAX];

	if (!make_request(&r, args, command, key) ||
	    sts_control_request_write(&r, out) == 0) {
		return sts_fail(STS_EXIT_USAGE, "the key or the zone is too "
						"long or is not UTF-8, or "
						"the zone has a blank");
	}
	return run_request(fd, args, &r, key);
}

/* A connection to the daemon, or -1: the reason was printed. */
static int
connect_daemon(const struct sts_args *args, int *code)
{
	static struct sts_conf conf;
	char why[STS_CONF_WHY_MAX];

	if (!sts_conf_load(&conf, &args->source, why)) {
		*code = sts_fail(sts_exit_config(errno), "%s", why);
		return -1;
	}
	if (!conf.control_on) {
		*code = sts_fail(
		    STS_EXIT_CONFIG, "control is off in the configuration");
		return -1;
	}
	int fd = sts_control_client_connect(&conf.control);

	if (fd < 0) {
		*code = sts_fail(STS_EXIT_FAILURE,
		    "cannot ask the daemon at %s: %s", conf.control.path,
		    strerror(errno));
	}
	return fd;
}

int
sts_command_cache(const struct sts_args *args)
{
	for (size_t i = 0; i < sizeof cache_commands / sizeof *cache_commands;
	     i++) {
		bool domain = cache_commands[i].domain;
		int code = 0;

		if (strcmp(args->word[0], cache_commands[i].word) != 0) {
			continue;
		}
		if (args->word_count != 1U + domain ||
		    (args->all && !cache_commands[i].all)) {
			return sts_fail(STS_EXIT_USAGE, "cache %s: %s",
			    args->word[0],
			    domain ? "expected one domain"
				   : "expected nothing more");
		}
		int fd = connect_daemon(args, &code);

		return fd < 0 ? code
			      : sts_control_ask(fd, args,
				    cache_commands[i].command,
				    domain ? args->word[1] : NULL);
	}
	return sts_fail(STS_EXIT_USAGE,
	    "cache: expected list, show, forget, refresh, export, flush or "
	    "stats");
}

static const struct {
	const char *word;
	enum sts_control_command command;
	bool domain; /* one follows */
} report_commands[] = {
	{ "list", STS_CONTROL_REPORT_LIST, false },
	{ "show", STS_CONTROL_REPORT_SHOW, true },
	{ "send", STS_CONTROL_REPORT_SEND, true },
	{ "flush", STS_CONTROL_REPORT_FLUSH, false },
};

int
sts_command_report(const struct sts_args *args)
{
	size_t i = 0, count = sizeof report_commands / sizeof *report_commands;

	while (
	    i < count && strcmp(args->word[0], report_commands[i].word) != 0) {
		i++;
	}
	if (i == count) {
		return sts_fail(STS_EXIT_USAGE,
		    "report: expected list, show, send or flush");
	}
	bool domain = report_commands[i].domain;
	int code = 0;

	if (args->word_count != 1U + domain) {
		return sts_fail(STS_EXIT_USAGE, "report %s: %s", args->word[0],
		    domain ? "expected one domain" : "expected nothing more");
	}
	int fd = connect_daemon(args, &code);

	return fd < 0 ? code
		      : sts_control_ask(fd, args, report_commands[i].command,
			    domain ? args->word[1] : NULL);
}

enum {
	DAY_S = 86400
};

enum part {
	YEAR,
	MONTH,
	DAY,
	HOUR,
	MINUTE,
	PARTS = MINUTE + 2 /* and what follows the last separator */
};

/* The numbers of a date of that form. False: it has another. */
static bool
parts_of(const char *word, unsigned at[PARTS])
{
	static const char form[] = "dddd-dd-ddTdd:ddZ";
	unsigned n = 0;

	memset(at, 0, PARTS * sizeof *at);
	for (size_t i = 0; i < sizeof form; i++) {
		bool digit = sts_is_digit((uint8_t)word[i]);

		if (form[i] == 'd' ? !digit : word[i] != form[i]) {
			return false;
		}
		if (digit) {
			at[n] = at[n] * 10 + (unsigned)(word[i] - '0');
		} else if (form[i] != '\0') {
			n++;
		}
	}
	return true;
}

/* "2026-12-24T18:00Z" as seconds since 1970. 0: it is no such date. */
static uint32_t
date_of(const char *word)
{
	static const struct {
		unsigned least, most;
	} range[] = { { 1970, 2100 }, { 1, 12 }, { 1, 31 }, { 0, 23 },
		{ 0, 59 } };
	unsigned at[PARTS];

	if (!parts_of(word, at)) {
		return 0;
	}
	for (unsigned i = YEAR; i <= MINUTE; i++) {
		if (at[i] < range[i].least || at[i] > range[i].most) {
			return 0;
		}
	}
	if (at[DAY] > sts_calendar_month(at[YEAR], at[MONTH])) {
		return 0; /* 31 November is a mistake, and not 1 December */
	}
	return (uint32_t)sts_calendar_days(at[YEAR], at[MONTH], at[DAY]) *
		   DAY_S +
	       at[HOUR] * 3600 + at[MINUTE] * 60;
}

/* The same, or a time from now such as "2h", of a second or more. 0:
 * neither. */
static uint32_t
until_of(const char *word)
{
	uint32_t ms;

	if (!sts_value_time(
		sts_text((const uint8_t *)word, strlen(word)), &ms)) {
		return date_of(word);
	}
	/* No time at all: the daemon's clock may be a moment behind ours. */
	return ms >= 1000 ? (uint32_t)(sts_posix_wall_s() + ms / 1000) : 0;
}

int
sts_command_enforce(const struct sts_args *args)
{
	struct sts_control_request r;
	int code = 0;

	make_request(&r, args, STS_CONTROL_ENFORCE, NULL);
	if (args->word_count > 0) {
		bool on = strcmp(args->word[0], "on") == 0;

		if (!on && strcmp(args->word[0], "off") != 0) {
			return sts_fail(
			    STS_EXIT_USAGE, "enforce: expected on or off");
		}
		r.enforce = on ? STS_ENFORCE_ON : STS_ENFORCE_OFF;
	}
	if (args->until != NULL) {
		r.until_s = until_of(args->until);
		if (r.until_s == 0 || r.enforce != STS_ENFORCE_OFF) {
			return sts_fail(STS_EXIT_USAGE,
			    "enforce: expected off --until TIME, such as 2h, "
			    "3d or 2026-12-24T18:00Z");
		}
	}
	int fd = connect_daemon(args, &code);

	return fd < 0 ? code : run_request(fd, args, &r, NULL);
}
