/* SPDX-License-Identifier: MIT */
/*
 * What the commands of a scenario share: the line being played, the scene, and
 * the end of a play when something is wrong.
 */
#ifndef STS_TEST_PLAY_H
#define STS_TEST_PLAY_H

#include "scene.h"
#include "script.h"

extern struct scene scene;
extern struct script script;
extern const struct script_line *line;
extern unsigned seen_from; /* of world.seen: the first since the mark */

/* End the process: the scenario fails at this line. more may be NULL. */
#if defined(__GNUC__)
__attribute__((noreturn))
#endif
void
fail(const char *what, const char *more);

/* wrong is NULL, or what is wrong. */
void must(const char *wrong);

/* Word i of the line; fails when there is none. */
const char *arg(int i);
long long time_arg(int i);

void settle(void);

/* The client named by word i; fails when there is none. */
struct scene_client *client_arg(int i);

/* The commands, by the files they are in. */

/* set.c: the agent, the world, the operator */
void do_config(void);
void do_crash(void);
void do_dns(void);
void do_drain(void);
void do_enforce(void);
void do_expect_idle(void);
void do_host(void);
void do_limit(void);
void do_servers(void);
void do_site(void);

/* count.c: numbers for monitoring */
void do_expect_metric(void);
void check_metrics(void); /* what must always hold of them */

/* keep.c: what outlives a restart */
void do_expect_keeping(void);
void do_expect_saved(void);
void do_forget(void);
void do_warm(void);
void do_store(void);

/* talk.c: name servers, hosts, clients, time */
void do_api(void);
void do_route(void);
void do_refresh(void);
void do_ask(void);
void do_await(void);
void do_connect(void);
void do_drop(void);
void do_expect_answer(void);
void do_expect_closed(void);
void do_expect_connect(void);
void do_expect_dns(void);
void do_expect_none(void);
void do_expect_open(void);
void do_leave(void);
void do_query(void);
void do_read(void);
void do_reply(void);
void do_send(void);
void do_serve(void);
void do_shut(void);
void do_slow(void);
void do_time(void);
void do_wall(void);

/* see.c: what happened */
void do_expect_connections(void);
void do_expect_dane(void);
void do_expect_event(void);
void do_expect_fetches(void);
void do_expect_held(void);
void do_expect_no_event(void);
void do_expect_not_held(void);
void do_expect_questions(void);
void do_expect_quiet(void);
void do_mark(void);

#endif
