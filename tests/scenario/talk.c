/* SPDX-License-Identifier: MIT */
/* Commands that talk: name servers, hosts and clients; and time passes. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../../core/route.h"
#include "play.h"
#include "words.h"

/* Explicit questions and connections. */

static struct world_ask *current_ask;
static struct mem_sock *current_stream;

void
do_expect_dns(void)
{
	char text[DNSPEER_NAME + 16] = "nothing was asked";

	settle();
	current_ask = world_asked(&scene.world);
	if (current_ask != NULL) {
		snprintf(text, sizeof text, "%s %s",
		    dnspeer_type_name(current_ask->q.type),
		    current_ask->q.name);
	}
	if (current_ask == NULL ||
	    current_ask->q.type != dnspeer_type(arg(1)) ||
	    strcmp(current_ask->q.name, arg(2)) != 0) {
		fail("another question", text);
	}
}

void
do_reply(void)
{
	static struct world_rr rr;

	if (current_ask == NULL) {
		fail("reply without expect-dns", NULL);
	}
	memset(&rr, 0, sizeof rr);
	rr.type = current_ask->q.type;
	must(words_record(&rr, line, 1));
	world_reply(&scene.world, current_ask, &rr);
	current_ask = NULL;
	settle();
}

void
do_drop(void)
{
	if (current_ask == NULL) {
		fail("drop without expect-dns", NULL);
	}
	world_reply(&scene.world, current_ask, NULL);
	current_ask = NULL;
}

void
do_expect_connect(void)
{
	struct sts_addr a;

	settle();
	must(words_address(&a, arg(1), 443));
	current_stream = world_scripted(&scene.world);
	if (current_stream == NULL) {
		fail("no connection waits", arg(1));
	}
	if (!world_same_host(&current_stream->peer, &a)) {
		fail("a connection to another address", arg(1));
	}
}

void
do_serve(void)
{
	struct world_host h;

	if (current_stream == NULL) {
		fail("serve without expect-connect", NULL);
	}
	memset(&h, 0, sizeof h);
	must(words_host(&h, line, 1));
	world_serve(&scene.world, current_stream, &h);
	current_stream = NULL;
	settle();
}

/* Time. */

void
do_time(void)
{
	scene_pass(&scene, time_arg(1), NULL);
}

void
do_wall(void)
{
	if (strcmp(arg(1), "unknown") == 0) {
		scene.wall_unknown = true;
	} else if (strcmp(arg(1), "known") == 0) {
		scene.wall_unknown = false;
	} else {
		scene.wall_offset_ms += time_arg(1);
	}
}

/* Clients. */

void
do_query(void)
{
	const char *zone = line->argc > 3 ? arg(2) : "postfix";
	const char *key = arg(line->argc > 3 ? 3 : 2);
	struct scene_client *c;
	char request[12000];
	int n;

	scene_start(&scene);
	c = scene_client(&scene, arg(1));
	n = snprintf(request, sizeof request, "%zu:%s %s,",
	    strlen(zone) + 1 + strlen(key), zone, key);
	scene_send(&scene, c, request, (size_t)n);
	c->asked++;
	settle();
}

/* send NAME "bytes" [replies it should bring] */
void
do_send(void)
{
	struct scene_client *c;

	scene_start(&scene);
	c = scene_client(&scene, arg(1));
	scene_send(&scene, c, arg(2), line->len[2]);
	c->asked += line->argc > 3 ? (unsigned)strtoul(arg(3), NULL, 10) : 0;
	settle();
}

void
do_connect(void)
{
	scene_start(&scene);
	(void)scene_client(&scene, arg(1));
	settle();
}

void
do_shut(void)
{
	struct scene_client *c = client_arg(1);

	if (c->sock != NULL) {
		mem_half_close(c->sock);
	}
	settle();
}

void
do_leave(void)
{
	unsigned i = 0;

	while (i < scene.client_count) {
		if (words_match(arg(1), scene.client[i].name)) {
			scene_leave(&scene, &scene.client[i]);
		} else {
			i++;
		}
	}
	settle();
}

/* slow NAME N: it reads N bytes and no more; read NAME: it reads again. */
void
do_slow(void)
{
	client_arg(1)->may_read = strtoul(arg(2), NULL, 10);
}

void
do_read(void)
{
	client_arg(1)->may_read = SIZE_MAX;
	settle();
}

static const char *
reply_of(const struct scene_client *c)
{
	const char *wrong;
	const char *reply = scene_reply(c, &wrong);

	must(wrong);
	return reply;
}

static void
take_answer(struct scene_client *c, const char *want)
{
	const char *got = reply_of(c);

	if (got == NULL) {
		fail("no answer yet", c->name);
	}
	if (!words_match(want, got)) {
		fail("another answer", got);
	}
	scene_reply_done(c);
}

void
do_expect_answer(void)
{
	settle();
	take_answer(client_arg(1), arg(2));
}

/* await 12s NAME ANSWER: within that time. */
void
do_await(void)
{
	struct scene_client *c = client_arg(2);

	scene_pass(&scene, time_arg(1), c);
	take_answer(c, arg(3));
}

/* ask KEY ANSWER: a question that must be answered without time passing. */
void
do_ask(void)
{
	const char *zone = line->argc > 3 ? arg(1) : "postfix";
	const char *key = arg(line->argc > 3 ? 2 : 1);
	char request[12000];
	struct scene_client *c;
	int n;

	scene_start(&scene);
	c = scene_client(&scene, "(ask)");
	n = snprintf(request, sizeof request, "%zu:%s %s,",
	    strlen(zone) + 1 + strlen(key), zone, key);
	scene_send(&scene, c, request, (size_t)n);
	c->asked++;
	settle();
	take_answer(c, arg(line->argc > 3 ? 3 : 2));
}

/* Ask by the C API. TIME KEY ANSWER. */
static void
by_api(int (*begin)(
    struct sts_agent *a, struct sts_text zone, struct sts_text key))
{
	static uint8_t text[4096];
	const char *key = arg(2);
	long long left = time_arg(1);
	size_t n;
	int slot;

	scene_start(&scene);
	slot = begin(&scene.agent, sts_text(NULL, 0),
	    sts_text((const uint8_t *)key, strlen(key)));
	if (slot < 0) {
		fail("no slot is free for this question", NULL);
	}
	sts_driver_wake(&scene.driver);
	settle();
	while (left > 0 &&
	       sts_ask_answer(&scene.agent, slot)->kind == STS_ANSWER_NONE) {
		scene_pass(&scene, 100, NULL);
		left -= 100;
	}
	if (sts_ask_answer(&scene.agent, slot)->kind == STS_ANSWER_NONE) {
		fail("no answer by the C API", key);
	}
	n = sts_ask_render(
	    &scene.agent, slot, 0, sts_span(text, sizeof text - 1));
	text[n] = '\0';
	if (!words_match(arg(3), (char *)text)) {
		fail("another answer by the C API", (char *)text);
	}
	sts_ask_end(&scene.agent, slot);
	settle();
}

/* api TIME KEY ANSWER: the same by the C API. */
void
do_api(void)
{
	by_api(sts_ask_begin);
}

/* refresh TIME KEY ANSWER: the operator asks for a new look-up. */
void
do_refresh(void)
{
	by_api(sts_ask_refresh);
}

/* " HOST=DEMAND" behind text[n..size). */
static int
put_hop(char *text, int n, int size, const struct sts_demand *d)
{
	static const char *const kinds[] = { "skip", "nothing", "tls", "webpki",
		"tlsa" };
	struct sts_text packed = d->records;
	struct sts_tlsa t;

	n += snprintf(text + n, (size_t)(size - n), " %.*s=%s", (int)d->host.n,
	    (const char *)d->host.p, kinds[d->kind]);
	if (d->kind == STS_DEMAND_SKIP) {
		n += snprintf(text + n, (size_t)(size - n), "/%s",
		    sts_why_token((enum sts_why)d->why));
	}
	while (sts_dane_record_next(&packed, &t)) {
		n += snprintf(text + n, (size_t)(size - n), "/%u%u%u", t.usage,
		    t.selector, t.matching);
	}
	if (!sts_text_same(d->base, d->host)) {
		n += snprintf(text + n, (size_t)(size - n), "/base=%.*s",
		    (int)d->base.n, (const char *)d->base.p);
	}
	for (unsigned i = 1; i < STS_DEMAND_NAMES; i++) {
		if (d->names[i].n > 0) {
			n += snprintf(text + n, (size_t)(size - n),
			    "/name=%.*s", (int)d->names[i].n,
			    (const char *)d->names[i].p);
		}
	}
	return n;
}

/* route TIME DOMAIN "HOSTS mx1.example=tlsa/311 mx2.example=webpki", or NO-MAIL
 * REASON, AGAIN REASON, PENDING (then the question is given up). */
void
do_route(void)
{
	static const char *const states[] = { "PENDING", "HOSTS", "NO-MAIL",
		"AGAIN" };
	static struct sts_route route;
	static char text[4096];
	const struct sts_agent *a = &scene.agent;
	const char *domain = arg(2);
	long long left = time_arg(1);
	enum sts_route_state state;
	enum sts_why why;
	int n;

	scene_start(&scene);
	if (!sts_route_begin(&scene.agent, &route,
		sts_text((const uint8_t *)domain, strlen(domain)))) {
		must(words_match(arg(3), "BUSY") ? NULL : "no place for it");
		return;
	}
	sts_driver_wake(&scene.driver);
	settle();
	while (
	    left > 0 && sts_route_state(a, &route, &why) == STS_ROUTE_PENDING) {
		scene_pass(&scene, 100, NULL);
		left -= 100;
	}
	state = sts_route_state(a, &route, &why);
	n = snprintf(text, sizeof text, "%s%s%s", states[state],
	    why != STS_WHY_NONE ? " " : "",
	    why != STS_WHY_NONE ? sts_why_token(why) : "");
	for (unsigned i = 0; i < sts_route_count(a, &route); i++) {
		struct sts_demand d;

		sts_route_host(a, &route, i, &d);
		n = put_hop(text, n, (int)sizeof text, &d);
	}
	if (!words_match(arg(3), text)) {
		fail("another route", text);
	}
	sts_route_end(&scene.agent, &route);
	sts_driver_wake(&scene.driver);
	settle();
}

void
do_expect_none(void)
{
	settle();
	if (reply_of(client_arg(1)) != NULL) {
		fail("answered already", reply_of(client_arg(1)));
	}
}

void
do_expect_closed(void)
{
	settle();
	if (!client_arg(1)->closed) {
		fail("the client is still connected", arg(1));
	}
}

void
do_expect_open(void)
{
	settle();
	if (client_arg(1)->closed) {
		fail("the client was closed", arg(1));
	}
}
