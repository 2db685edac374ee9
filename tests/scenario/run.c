/* SPDX-License-Identifier: MIT */
/*
 * Plays scenario files: run [-v] FILE.scn...
 *
 * Each file is played once a variant (how much the driver does at once, how
 * streams are cut, where the clock stands), in a process of its own. The
 * language is described in tests/README.md.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "../../core/base/assert.h"
#include "scene.h"
#include "words.h"

enum {
	HANG_S = 300, /* real seconds after which a file hangs */
	DRAIN_MS = 120000,
	TOLD_EVENTS = 20
};

static struct scene scene;
static struct script script;
static const struct script_line *line;
static unsigned seen_from; /* world.seen since the last mark */
static bool verbose;

static const struct scene_variant variants[] = {
	{ "whole", 256, 0, 1000 },
	{ "pieces", 1, 7, 0u - 3000u },
	{ "bytes", 16, 1, 0x7fffff00u },
};

/* ASan: what a scenario leaves behind is on purpose. */
const char *__asan_default_options(void);

const char *
__asan_default_options(void)
{
	return "detect_leaks=0";
}

static void
print_event(const struct sts_event *e)
{
	unsigned i;

	fprintf(stderr, "  %s %.*s", sts_event_token(e->code), (int)e->text_len,
	    (const char *)e->text);
	if (e->why != STS_WHY_NONE) {
		fprintf(stderr, " why=%s", sts_why_token(e->why));
	}
	for (i = 0; i < 3; i++) {
		const char *name = sts_event_number(e->code, i);

		if (name != NULL) {
			fprintf(stderr, " %s=%u", name, (unsigned)e->number[i]);
		}
	}
	fprintf(stderr, "\n");
}

static void
print_seen(const struct world_seen *w)
{
	char ip[64];

	snprintf(ip, sizeof ip, "%u.%u.%u.%u", w->addr.ip[0], w->addr.ip[1],
	    w->addr.ip[2], w->addr.ip[3]);
	if (w->kind == 'q') {
		fprintf(stderr, "  asked %s %s\n", dnspeer_type_name(w->type),
		    w->name);
	} else {
		fprintf(stderr, "  %s %s %s\n",
		    w->kind == 'c' ? "connected to" : "requested from",
		    w->addr.af == STS_AF_INET ? ip : "(IPv6)", w->name);
	}
}

/* End the process: the scenario fails at this line. */
static void
fail(const char *what, const char *more)
{
	unsigned from = scene.mem.event_count;
	unsigned i;

	if (scene.fault != NULL) {
		what = scene.fault;
		more = NULL;
	}
	fprintf(stderr, "%s:%d (%s): %s%s%s\n", script.path,
	    line == NULL ? 0 : line->number, scene.variant->name, what,
	    more == NULL ? "" : ": ", more == NULL ? "" : more);
	fprintf(stderr, " after %lld.%03lld s\n", scene.elapsed_ms / 1000,
	    scene.elapsed_ms % 1000);
	from = from > TOLD_EVENTS ? from - TOLD_EVENTS : 0;
	for (i = from; i < scene.mem.event_count; i++) {
		print_event(&scene.mem.event[i % MEM_EVENTS]);
	}
	i = scene.world.seen_count;
	for (i = i > TOLD_EVENTS ? i - TOLD_EVENTS : 0;
	     i < scene.world.seen_count; i++) {
		print_seen(&scene.world.seen[i]);
	}
	exit(1);
}

void
sts_assert_failed(const char *file, int at)
{
	char text[256];

	snprintf(text, sizeof text, "%s:%d", file, at);
	fail("an assertion failed", text);
	abort();
}

/* The words were understood, or not. */
static void
must(const char *wrong)
{
	if (wrong != NULL) {
		fail(wrong, NULL);
	}
}

static const char *
arg(int i)
{
	if (i >= line->argc) {
		fail("too few words", line->argv[0]);
	}
	return line->argv[i];
}

static long long
time_arg(int i)
{
	long long ms = 0;

	must(words_time(&ms, arg(i)));
	return ms;
}

static void
settle(void)
{
	scene_settle(&scene);
}

/* Configuration. */

static bool
config_number(const char *key, const char *value)
{
	unsigned long n = strtoul(value, NULL, 10);

	if (strcmp(key, "clients") == 0) {
		scene.config.clients = (uint16_t)n;
	} else if (strcmp(key, "lookups") == 0) {
		scene.config.lookups = (uint16_t)n;
	} else if (strcmp(key, "fetch_slots") == 0) {
		scene.config.fetch_slots = (uint16_t)n;
	} else if (strcmp(key, "cache") == 0) {
		scene.config.cache_size = n;
	} else if (strcmp(key, "seed") == 0) {
		scene.mem.random = n;
	} else {
		return false;
	}
	return true;
}

static void
config_nameservers(void)
{
	int i;

	scene.servers.count = 0;
	for (i = 2; i < line->argc; i++) {
		must(words_address(
		    &scene.servers.addr[scene.servers.count++], arg(i), 53));
	}
}

static bool
config_setting(const char *key, const char *value)
{
	long long ms = 0;

	if (strcmp(key, "on_dns_error") == 0) {
		scene.settings.on_dns_error = strcmp(value, "temp") == 0;
	} else if (strcmp(key, "on_no_clock") == 0) {
		scene.settings.on_no_clock = strcmp(value, "temp") == 0;
	} else if (strcmp(key, "allow_private") == 0) {
		scene.settings.allow_private = strcmp(value, "yes") == 0;
	} else if (strcmp(key, "answer_within") == 0) {
		must(words_time(&ms, value));
		scene.settings.answer_within_ms = (uint32_t)ms;
		scene.zones.zone[0].answer_within_ms = (uint32_t)ms;
	} else if (strcmp(key, "queue_wait") == 0) {
		must(words_time(&ms, value));
		scene.settings.queue_wait_ms = (uint32_t)ms;
		scene.zones.zone[0].queue_wait_ms = (uint32_t)ms;
	} else {
		return false;
	}
	return true;
}

/* The rest of the line as it would stand in a configuration file. */
static struct sts_text
rest(int i)
{
	static char text[1024];
	size_t n = 0;

	for (; i < line->argc; i++) {
		n += (size_t)snprintf(text + n, sizeof text - n, "%s%s",
		    n == 0 ? "" : " ", line->argv[i]);
	}
	return sts_text((uint8_t *)text, n);
}

static void
config_prefix(void)
{
	struct sts_prefix *p =
	    &scene.settings.allow[scene.settings.allow_count++];

	must(words_address(&p->addr, arg(2), 0));
	p->bits = (uint8_t)strtoul(arg(3), NULL, 10);
}

static void
do_config(void)
{
	const char *key = arg(1), *value = arg(2);
	enum sts_zones_error e = STS_ZONES_OK;

	if (strcmp(key, "zone") == 0) {
		e = sts_zones_add(&scene.zones, rest(2));
	} else if (strcmp(key, "override") == 0) {
		e = sts_zones_override(&scene.zones, rest(2));
	} else if (strcmp(key, "nameservers") == 0) {
		config_nameservers();
	} else if (strcmp(key, "fetch_allow") == 0) {
		config_prefix();
	} else if (!config_number(key, value) && !config_setting(key, value)) {
		fail("unknown configuration key", key);
	}
	if (e != STS_ZONES_OK) {
		fail(sts_zones_error_text(e), value);
	}
}

static void
do_limit(void)
{
	unsigned n = (unsigned)strtoul(arg(2), NULL, 10);

	if (strcmp(arg(1), "channels") == 0) {
		scene.mem.channels_max = n;
	} else if (strcmp(arg(1), "ports") == 0) {
		scene.mem.ports_taken = n;
	} else if (strcmp(arg(1), "entropy") == 0) {
		scene.mem.entropy_dry = n;
	} else if (strcmp(arg(1), "inet6") == 0) {
		scene.mem.no_inet6 = strcmp(arg(2), "no") == 0;
	} else if (strcmp(arg(1), "space") == 0) {
		scene.mem.space = n;
	} else if (strcmp(arg(1), "loss") == 0) {
		scene.mem.loss = n;
	} else if (strcmp(arg(1), "twice") == 0) {
		scene.mem.twice = n;
	} else if (strcmp(arg(1), "swap") == 0) {
		scene.mem.swap = n;
	} else {
		fail("unknown limit", arg(1));
	}
}

/* The world. */

static void
do_dns(void)
{
	static struct world_rr rr;

	memset(&rr, 0, sizeof rr);
	snprintf(rr.name, sizeof rr.name, "%s", arg(1));
	rr.type = dnspeer_type(arg(2));
	if (rr.type == 0) {
		fail("unknown type", arg(2));
	}
	if (line->argc == 4 && strcmp(arg(3), "scripted") == 0) {
		rr.what = WORLD_ASK;
	} else {
		must(words_record(&rr, line, 3));
	}
	world_set(&scene.world, &rr);
}

static void
set_host(const char *address, int i)
{
	struct world_host h;

	memset(&h, 0, sizeof h);
	must(words_address(&h.addr, address, 443));
	must(words_host(&h, line, i));
	world_host(&scene.world, &h);
}

static void
do_host(void)
{
	set_host(arg(1), 2);
}

/* TXT, A and host of a domain in one line. */
static void
do_site(void)
{
	static struct world_rr rr;
	const char *id = words_value(line, 3, "id");
	const char *ttl = words_value(line, 3, "ttl");

	memset(&rr, 0, sizeof rr);
	snprintf(rr.name, sizeof rr.name, "_mta-sts.%s", arg(1));
	rr.type = DNSPEER_TXT;
	rr.ttl = ttl == NULL ? 300 : (uint32_t)strtoul(ttl, NULL, 10);
	rr.count = 1;
	snprintf(
	    rr.value[0], WORLD_VALUE, "v=STSv1; id=%s;", id == NULL ? "1" : id);
	world_set(&scene.world, &rr);
	snprintf(rr.name, sizeof rr.name, "mta-sts.%s", arg(1));
	rr.type = DNSPEER_A;
	snprintf(rr.value[0], WORLD_VALUE, "%s", arg(2));
	world_set(&scene.world, &rr);
	set_host(arg(2), 3);
}

static void
do_servers(void)
{
	scene.world.dns_down = strcmp(arg(1), "silent") == 0;
}

/* Explicit questions and connections. */

static struct world_ask *current_ask;
static struct mem_sock *current_stream;

static void
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

static void
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

static void
do_drop(void)
{
	if (current_ask == NULL) {
		fail("drop without expect-dns", NULL);
	}
	world_reply(&scene.world, current_ask, NULL);
	current_ask = NULL;
}

static void
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

static void
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

static void
do_time(void)
{
	scene_pass(&scene, time_arg(1), NULL);
}

static void
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

static void
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
	scene_say(&scene, c, request, (size_t)n);
	c->asked++;
	settle();
}

/* send NAME "bytes" [replies it should bring] */
static void
do_send(void)
{
	struct scene_client *c;

	scene_start(&scene);
	c = scene_client(&scene, arg(1));
	scene_say(&scene, c, arg(2), line->len[2]);
	c->asked += line->argc > 3 ? (unsigned)strtoul(arg(3), NULL, 10) : 0;
	settle();
}

static struct scene_client *
client_arg(int i)
{
	struct scene_client *c = scene_find_client(&scene, arg(i));

	if (c == NULL) {
		fail("no such client", arg(i));
	}
	return c;
}

static void
do_connect(void)
{
	scene_start(&scene);
	(void)scene_client(&scene, arg(1));
	settle();
}

static void
do_shut(void)
{
	struct scene_client *c = client_arg(1);

	if (c->sock != NULL) {
		mem_half_close(c->sock);
	}
	settle();
}

static void
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
static void
do_slow(void)
{
	client_arg(1)->may_read = strtoul(arg(2), NULL, 10);
}

static void
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

static void
do_expect_answer(void)
{
	settle();
	take_answer(client_arg(1), arg(2));
}

/* await 12s NAME ANSWER: within that time. */
static void
do_await(void)
{
	struct scene_client *c = client_arg(2);

	scene_pass(&scene, time_arg(1), c);
	take_answer(c, arg(3));
}

/* ask KEY ANSWER: a question that must be answered without time passing. */
static void
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
	scene_say(&scene, c, request, (size_t)n);
	c->asked++;
	settle();
	take_answer(c, arg(line->argc > 3 ? 3 : 2));
}

static void
do_expect_none(void)
{
	settle();
	if (reply_of(client_arg(1)) != NULL) {
		fail("answered already", reply_of(client_arg(1)));
	}
}

static void
do_expect_closed(void)
{
	settle();
	if (!client_arg(1)->closed) {
		fail("the client is still connected", arg(1));
	}
}

static void
do_expect_open(void)
{
	settle();
	if (client_arg(1)->closed) {
		fail("the client was closed", arg(1));
	}
}

/* What was seen. */

static void
do_mark(void)
{
	settle();
	seen_from = scene.world.seen_count;
}

static unsigned
count_seen(char kind, unsigned type, const char *pattern)
{
	unsigned i, n = 0;
	struct sts_addr a;

	for (i = seen_from; i < scene.world.seen_count; i++) {
		const struct world_seen *w = &scene.world.seen[i];

		if (w->kind != kind || (kind == 'q' && w->type != type)) {
			continue;
		}
		if (kind != 'c') {
			n += words_match(pattern, w->name);
		} else if (strcmp(pattern, "*") == 0 ||
			   (words_address(&a, pattern, 443) == NULL &&
			       world_same_host(&a, &w->addr))) {
			n++;
		}
	}
	return n;
}

/* "2", "1..3" */
static void
must_be(unsigned got, const char *want, const char *what)
{
	char *end;
	unsigned long low = strtoul(want, &end, 10), high = low;
	char text[64];

	if (strncmp(end, "..", 2) == 0) {
		high = strtoul(end + 2, NULL, 10);
	}
	if (got < low || got > high) {
		snprintf(text, sizeof text, "%u instead of %s", got, want);
		fail(what, text);
	}
}

/* expect-questions TYPE NAME N: so many since the mark */
static void
do_expect_questions(void)
{
	settle();
	must_be(count_seen('q', dnspeer_type(arg(1)), arg(2)), arg(3),
	    "number of questions");
}

static void
do_expect_connections(void)
{
	settle();
	must_be(count_seen('c', 0, arg(1)), arg(2), "number of connections");
}

static void
do_expect_fetches(void)
{
	settle();
	must_be(count_seen('r', 0, arg(1)), arg(2), "number of requests");
}

static void
do_expect_quiet(void)
{
	settle();
	if (scene.world.seen_count != seen_from) {
		fail("something was asked for or connected to", NULL);
	}
}

static bool
event_fits(const struct sts_event *e)
{
	const char *why = words_value(line, 2, "why");
	const char *text =
	    line->argc > 2 && strchr(arg(2), '=') == NULL ? arg(2) : NULL;
	unsigned i;

	if (strcmp(sts_event_token(e->code), arg(1)) != 0 ||
	    (why != NULL && strcmp(sts_why_token(e->why), why) != 0) ||
	    (text != NULL &&
		!sts_text_is(sts_text(e->text, e->text_len), text))) {
		return false;
	}
	for (i = 0; i < 3; i++) {
		const char *name = sts_event_number(e->code, i);
		const char *value =
		    name == NULL ? NULL : words_value(line, 2, name);

		if (value != NULL && e->number[i] != strtoul(value, NULL, 10)) {
			return false;
		}
	}
	return true;
}

/* The first event that fits and was not expected before, or -1. */
static int
find_event(void)
{
	unsigned n = scene.mem.event_count;
	unsigned i = n > MEM_EVENTS ? n - MEM_EVENTS : 0;

	for (; i < n; i++) {
		unsigned k = i % MEM_EVENTS;

		if (!scene.mem.event_seen[k] &&
		    event_fits(&scene.mem.event[k])) {
			return (int)k;
		}
	}
	return -1;
}

static void
do_expect_event(void)
{
	int k;

	settle();
	k = find_event();
	if (k < 0) {
		fail("no such event", arg(1));
	}
	scene.mem.event_seen[k] = true;
}

static void
do_expect_no_event(void)
{
	settle();
	if (find_event() >= 0) {
		fail("there is such an event", arg(1));
	}
}

static void
must_say(const char *key, const char *got)
{
	const char *want = words_value(line, 2, key);

	if (want != NULL && strcmp(want, got) != 0) {
		fail(key, got);
	}
}

/* expect-held DOMAIN kind= mode= id= failures= why= */
static void
do_expect_held(void)
{
	static const char *const kinds[] = { "?", "policy", "absent",
		"back-off", "unknown" };
	struct sts_text domain =
	    sts_text((const uint8_t *)arg(1), strlen(arg(1)));
	struct sts_held held;
	char text[40];

	settle();
	if (!sts_agent_held(&scene.agent, domain, &held)) {
		fail("nothing is held", arg(1));
	}
	must_say("kind", kinds[held.entry.kind]);
	must_say("mode", sts_mode_text(held.entry.mode));
	must_say("why", sts_why_token(held.entry.why));
	snprintf(
	    text, sizeof text, "%.*s", (int)held.id_len, (const char *)held.id);
	must_say("id", text);
	snprintf(text, sizeof text, "%u", (unsigned)held.entry.failures);
	must_say("failures", text);
}

static void
do_expect_not_held(void)
{
	struct sts_held held;

	settle();
	if (sts_agent_held(&scene.agent,
		sts_text((const uint8_t *)arg(1), strlen(arg(1))), &held)) {
		fail("it is held", arg(1));
	}
}

/* The operator. */

static void
do_enforce(void)
{
	static struct sts_settings other[2];
	static int turn;
	struct sts_settings *s = &other[turn];

	scene_start(&scene);
	turn = !turn;
	*s = scene.settings;
	s->enforce_off = strcmp(arg(1), "off") == 0;
	sts_agent_settings(&scene.agent, s);
	sts_driver_wake(&scene.driver);
	settle();
}

static void
do_drain(void)
{
	sts_agent_drain(&scene.agent);
	sts_driver_wake(&scene.driver);
	settle();
}

static void
do_expect_idle(void)
{
	settle();
	if (!sts_agent_idle(&scene.agent)) {
		fail("the agent is not idle", NULL);
	}
}

static void
do_crash(void)
{
	scene_crash(&scene);
	scene_start(&scene);
}

/* The end. */

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

/* After the last line the agent must come to rest and give all back. */
static void
check_rest(void)
{
	sts_ch ch = sts_driver_listener(&scene.driver, 0);

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
}

/* Long ones are played in the first variant only. */
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
	{ "expect-dns", do_expect_dns },
	{ "expect-event", do_expect_event },
	{ "expect-fetches", do_expect_fetches },
	{ "expect-held", do_expect_held },
	{ "expect-idle", do_expect_idle },
	{ "expect-no-event", do_expect_no_event },
	{ "expect-none", do_expect_none },
	{ "expect-not-held", do_expect_not_held },
	{ "expect-open", do_expect_open },
	{ "expect-questions", do_expect_questions },
	{ "expect-quiet", do_expect_quiet },
	{ "host", do_host },
	{ "leave", do_leave },
	{ "limit", do_limit },
	{ "mark", do_mark },
	{ "once", do_once },
	{ "query", do_query },
	{ "read", do_read },
	{ "reply", do_reply },
	{ "send", do_send },
	{ "serve", do_serve },
	{ "servers", do_servers },
	{ "shut", do_shut },
	{ "site", do_site },
	{ "slow", do_slow },
	{ "time", do_time },
	{ "wall", do_wall },
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
	check_rest();
	must(scene.fault);
	scene_end(&scene);
	exit(0);
}

int
main(int argc, char **argv)
{
	int i = 1, failed = 0, played = 0;
	size_t v;

	if (i < argc && strcmp(argv[i], "-v") == 0) {
		verbose = true;
		i++;
	}
	for (; i < argc; i++) {
		int bad = 0;

		for (v = 0; v < sizeof variants / sizeof *variants; v++) {
			pid_t child = fork();
			int status = 0;

			if (child == 0) {
				play_file(argv[i], &variants[v]);
			}
			if (child < 0 || waitpid(child, &status, 0) < 0) {
				perror("run");
				return 2;
			}
			if (status != 0) {
				fprintf(stderr, "%s (%s): FAILED\n", argv[i],
				    variants[v].name);
				bad = 1;
			}
		}
		failed += bad;
		played++;
	}
	printf("scenarios: %d played, %d failed\n", played, failed);
	return failed == 0 && played > 0 ? 0 : 1;
}
