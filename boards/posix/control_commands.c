/* SPDX-License-Identifier: MIT */
/* mtasts cache, mtasts enforce: what only the running daemon can do. */
#define _POSIX_C_SOURCE 200809L

#include <errno.h>
#include <string.h>

#include "commands.h"
#include "control_client.h"

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
	{ "flush", STS_CONTROL_FLUSH, false, true },
	{ "stats", STS_CONTROL_STATS, false, false },
};

/* Copy a word of the command line. False: it is too long. */
static bool
take(const char *word, uint8_t *out, size_t size, size_t *len)
{
	*len = strlen(word);
	if (*len > size) {
		return false;
	}
	memcpy(out, word, *len);
	return true;
}

/* The request for a command of these arguments. False: it cannot be said. */
static bool
make_request(struct sts_control_request *r, const struct sts_args *args,
    enum sts_control_command command, const char *key)
{
	size_t key_len = 0, zone_len = 0;

	memset(r, 0, sizeof *r);
	r->command = (uint8_t)command;
	r->json = args->json;
	r->all = args->all;
	if ((key != NULL && !take(key, r->key, sizeof r->key, &key_len)) ||
	    (args->zone != NULL &&
		!take(args->zone, r->zone, sizeof r->zone, &zone_len))) {
		return false;
	}
	r->key_len = (uint16_t)key_len;
	r->zone_len = (uint8_t)zone_len;
	return true;
}

static int
run_request(int fd, const struct sts_control_request *r, const char *key)
{
	static struct sts_show show;

	sts_show_begin(
	    &show, (enum sts_control_command)r->command, r->json, key);
	if (!sts_client_ask(fd, r, &show)) {
		return sts_fail(STS_EXIT_FAILURE,
		    "the daemon did not answer, or not to the end");
	}
	return (int)show.code;
}

int
sts_control_ask(int fd, const struct sts_args *args,
    enum sts_control_command command, const char *key)
{
	struct sts_control_request r;
	uint8_t line[STS_CONTROL_LINE_MAX];

	if (!make_request(&r, args, command, key) ||
	    sts_control_format(&r, line) == 0) {
		return sts_fail(STS_EXIT_USAGE, "the key or the zone is too "
						"long, or has a line feed");
	}
	return run_request(fd, &r, key);
}

/* A connection to the daemon, or -1: said why. */
static int
connect_daemon(const struct sts_args *args, int *code)
{
	static struct sts_conf conf;
	char why[STS_CONF_WHY_MAX];

	if (!sts_conf_load(&conf, &args->source, why)) {
		*code = sts_fail(STS_EXIT_CONFIG, "%s", why);
		return -1;
	}
	if (!conf.control_on) {
		*code = sts_fail(
		    STS_EXIT_CONFIG, "control is off in the configuration");
		return -1;
	}
	int fd = sts_client_connect(&conf.control);

	if (fd < 0) {
		*code = sts_fail(STS_EXIT_FAILURE, "no daemon at %s: %s",
		    conf.control.path, strerror(errno));
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
	    "cache: expected list, show, forget, refresh, flush or stats");
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
	int fd = connect_daemon(args, &code);

	return fd < 0 ? code : run_request(fd, &r, NULL);
}
