/* SPDX-License-Identifier: MIT */
/*
 * Plays scenario files: run [-v] [-1] FILE.scn...
 *
 * -v prints each line as it is played; -1 plays the first variant only.
 * Each file is played once a variant (how much the driver does at once, how
 * streams are cut, where the clock stands), in a process of its own. The
 * language is described in tests/scenario/README.md.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "play.h"

enum {
	HANG_S = 300, /* real seconds after which a file hangs */
	DRAIN_MS = 120000
};

static bool verbose, first_only;

static const struct scene_variant variants[] = {
	{ "whole", 256, 0, 1000 },
	{ "pieces", 1, 7, 0u - 3000u },
	{ "bytes", 16, 1, 0x7fffff00u },
};

enum {
	VARIANTS = sizeof variants / sizeof *variants
};

/* ASan: a scenario leaves its memory behind on purpose. */
const char *__asan_default_options(void);

const char *
__asan_default_options(void)
{
	return "detect_leaks=0";
}

/* The end of a scenario. */

static void
check_leftovers(void)
{
	unsigned i;

	settle();
	if (world_asked(&scene.world) != NULL) {
		fail("left over: a question nobody expected",
		    world_asked(&scene.world)->q.name);
	}
	if (world_scripted(&scene.world) != NULL) {
		fail("left over: a connection nobody expected", NULL);
	}
	for (i = 0; i < scene.client_count; i++) {
		const struct scene_client *c = &scene.client[i];

		if (c->got.n > 0) {
			fail("left over: bytes nobody read", c->name);
		}
		if (c->asked != c->answered) {
			fail("left over: a question without answer", c->name);
		}
	}
}

/* After the last line the agent must become idle and give everything back. */
static void
check_rest(void)
{
	sts_ch ch = sts_driver_listener(&scene.driver, 0);
	struct sts_cache_stats stats;

	sts_unlisten(&scene.driver, ch);
	mem_unlisten(&scene.mem, ch);
	sts_agent_drain(&scene.agent);
	sts_driver_wake(&scene.driver);
	scene_pass(&scene, DRAIN_MS, NULL);
	if (!sts_agent_idle(&scene.agent)) {
		fail("left over: drained, and still not idle", NULL);
	}
	if (mem_open_count(&scene.mem) > 0) {
		fail("left over: channels that were not closed", NULL);
	}
	sts_cache_stats(sts_agent_cache(&scene.agent), &stats);
	if (stats.chunks_staged > 0) {
		fail("left over: memory that a fetch had staged", NULL);
	}
}

/* Long scenarios are played in the first variant only. */
static void
do_once(void)
{
	if (scene.variant != &variants[0]) {
		exit(0);
	}
}

static const struct {
	const char *word;
	void (*run)(void);
} commands[] = {
	{ "api", do_api },
	{ "route", do_route },
	{ "ask", do_ask },
	{ "await", do_await },
	{ "config", do_config },
	{ "connect", do_connect },
	{ "crash", do_crash },
	{ "dns", do_dns },
	{ "drain", do_drain },
	{ "drop", do_drop },
	{ "enforce", do_enforce },
	{ "expect-answer", do_expect_answer },
	{ "expect-closed", do_expect_closed },
	{ "expect-connect", do_expect_connect },
	{ "expect-connections", do_expect_connections },
	{ "expect-dane", do_expect_dane },
	{ "expect-dns", do_expect_dns },
	{ "expect-event", do_expect_event },
	{ "expect-fetches", do_expect_fetches },
	{ "expect-held", do_expect_held },
	{ "expect-idle", do_expect_idle },
	{ "expect-metric", do_expect_metric },
	{ "expect-no-event", do_expect_no_event },
	{ "expect-keeping", do_expect_keeping },
	{ "expect-none", do_expect_none },
	{ "expect-not-held", do_expect_not_held },
	{ "expect-open", do_expect_open },
	{ "expect-questions", do_expect_questions },
	{ "expect-quiet", do_expect_quiet },
	{ "expect-saved", do_expect_saved },
	{ "forget", do_forget },
	{ "host", do_host },
	{ "leave", do_leave },
	{ "limit", do_limit },
	{ "mark", do_mark },
	{ "once", do_once },
	{ "query", do_query },
	{ "read", do_read },
	{ "refresh", do_refresh },
	{ "reply", do_reply },
	{ "send", do_send },
	{ "serve", do_serve },
	{ "servers", do_servers },
	{ "shut", do_shut },
	{ "site", do_site },
	{ "slow", do_slow },
	{ "store", do_store },
	{ "time", do_time },
	{ "wall", do_wall },
	{ "warm", do_warm },
};

static void
run_line(void)
{
	size_t i;

	for (i = 0; i < sizeof commands / sizeof *commands; i++) {
		if (strcmp(commands[i].word, line->argv[0]) == 0) {
			commands[i].run();
			must(scene.fault);
			return;
		}
	}
	fail("unknown word", line->argv[0]);
}

static void
play_file(const char *path, const struct scene_variant *variant)
{
	size_t i;

	alarm(HANG_S);
	scene_init(&scene, variant);
	script_read(&script, path);
	for (i = 0; i < script.count; i++) {
		line = &script.line[i];
		if (verbose) {
			fprintf(stderr, "%s:%d: %s %s\n", path, line->number,
			    line->argv[0], line->argc > 1 ? line->argv[1] : "");
		}
		run_line();
	}
	scene_start(&scene);
	check_leftovers();
	check_metrics();
	check_rest();
	check_metrics();
	must(scene.fault);
	scene_end(&scene);
	exit(0);
}

/* Whether the file failed in any variant. */
static bool
fails(const char *path)
{
	bool bad = false;
	size_t v;

	for (v = 0; v < (first_only ? 1 : VARIANTS); v++) {
		pid_t child = fork();
		int status = 0;

		if (child == 0) {
			play_file(path, &variants[v]);
		}
		if (child < 0 || waitpid(child, &status, 0) < 0) {
			perror("fork");
			exit(2);
		}
		if (status != 0) {
			fprintf(stderr, "%s (%s): FAILED\n", path,
			    variants[v].name);
			bad = true;
		}
	}
	return bad;
}

int
main(int argc, char **argv)
{
	int i = 1, failed = 0, played = 0;

	for (; i < argc && argv[i][0] == '-'; i++) {
		verbose = verbose || strcmp(argv[i], "-v") == 0;
		first_only = first_only || strcmp(argv[i], "-1") == 0;
	}
	for (; i < argc; i++) {
		failed += fails(argv[i]);
		played++;
	}
	printf("scenarios: %d played, %d failed\n", played, failed);
	return failed == 0 && played > 0 ? 0 : 1;
}
