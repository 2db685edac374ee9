/* SPDX-License-Identifier: MIT */
/* boards/posix: what a running daemon takes over, and what it keeps. */
#define _DEFAULT_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "../../core/agent/inspect.h"
#include "../../boards/posix/listeners.h"
#include "../../boards/posix/live.h"
#include "../../boards/posix/resolv.h"
#include "../../core/agent/agent.h"
#include "../../port/posix/posix.h"
#include "unit.h"

const char unit_name[] = "live";

static struct sts_live live;
static struct sts_memory memory;
static struct sts_agent agent;
static struct sts_driver driver;
static struct sts_posix posix;
static struct sts_port port;
static struct sts_log logs;
static char bundle[] = "/tmp/mtasts-live-XXXXXX";
static char list[] = "/tmp/mtasts-live-list-XXXXXX";
static bool with_list; /* the key preload names it */

enum {
	BASE = 4, /* options of every test */
	EXTRA = 5
};

static const char *extra[EXTRA]; /* options behind them, until a NULL */
static char why[STS_CONF_WHY_MAX];
static sts_ms now;

static void
remove_bundle(void)
{
	unlink(bundle);
}

/* Write the first n bytes of the system's bundle to the test's bundle. */
static void
write_bundle(size_t n)
{
	struct sts_text t = unit_file("/etc/ssl/certs/ca-certificates.crt");
	int fd = open(bundle, O_WRONLY | O_TRUNC);

	n = n < t.n ? n : t.n;
	ck_assert_int_eq(write(fd, t.p, n), (ssize_t)n);
	close(fd);
}

/* Tick until nothing is due at once. Returns the number of ticks. */
static unsigned
tick(void)
{
	unsigned n = 1;

	while (sts_live_tick(&live, now) == 0) {
		n++;
		ck_assert_uint_lt(n, 10000);
	}
	return n;
}

/* Reload the bundle alone, so that the log keeps its level. */
static void
reload_roots(void)
{
	live.pending |= STS_LIVE_ROOTS;
	live.look_at = now;
	tick();
}

/* A certificate's block without an end. */
#define CUT "-----BEGIN CERTIFICATE-----\nMIIB\n"

static void
write_text(const char *text)
{
	int fd = open(bundle, O_WRONLY | O_TRUNC);

	ck_assert_int_eq(write(fd, text, strlen(text)), (ssize_t)strlen(text));
	close(fd);
}

/* stderr goes to a file until logged() reads that. */
static int log_in, log_before;

static void
listen_to_log(void)
{
	char file[] = "/tmp/mtasts-live-log-XXXXXX";

	log_in = mkstemp(file);
	unlink(file);
	log_before = dup(STDERR_FILENO);
	dup2(log_in, STDERR_FILENO);
	sts_log_level(&logs, STS_LOG_WARNING);
}

static const char *
logged(void)
{
	static char log_text[8192];
	ssize_t n;

	dup2(log_before, STDERR_FILENO);
	close(log_before);
	n = pread(log_in, log_text, sizeof log_text - 1, 0);
	close(log_in);
	ck_assert_int_ge(n, 0);
	log_text[n] = '\0';
	return log_text;
}

static void
begin(void)
{
	static char line[64], list_line[64];
	static const char *options[BASE + 1 + EXTRA] = { line,
		"nameserver 192.0.2.1", "log_level error", "sct require" };
	unsigned count = BASE;

	if (with_list) {
		options[count++] = list_line;
	}
	for (unsigned i = 0; i < EXTRA && extra[i] != NULL; i++) {
		options[count++] = extra[i];
	}
	struct sts_conf_source source = { "/dev/null", options, count };
	static const uint8_t key[16];

	close(mkstemp(bundle));
	atexit(remove_bundle);
	write_bundle(SIZE_MAX);
	snprintf(line, sizeof line, "trust_anchors %s", bundle);
	snprintf(list_line, sizeof list_line, "preload %s", list);
	ck_assert_msg(
	    sts_live_open(&live, &source, &memory, 0, why), "%s", why);
	ck_assert_uint_eq(sts_live_now(&live)->settings.sct, STS_SCT_REQUIRE);
	ck_assert_int_eq(
	    sts_posix_init(&posix, memory.channels, memory.port, &port), 0);
	sts_log_open(&logs, STS_LOG_STDERR, STS_LOG_ERROR);
	sts_agent_init(&agent, &memory.config, &sts_live_now(&live)->settings,
	    memory.agent_block, now, key);
	sts_driver_init(&driver, &agent, &port, now);
	sts_live_begin(&live, &agent, &driver, &logs, now);
}

static void
reload(void)
{
	sts_live_reload(&live, now);
	tick();
}

/* The parts lie in the block in order, and fill it; the cache, the last part of
 * the agent, begins at a cache line. */
START_TEST(the_parts_fill_the_block_in_order)
{
	begin();
	const uint8_t *block = memory.anchors[0];

	ck_assert_ptr_eq(memory.anchors[1], block + memory.anchors_size);
	ck_assert_ptr_eq(
	    (uint8_t *)memory.reading, memory.anchors[1] + memory.anchors_size);
	ck_assert_ptr_eq(
	    memory.port, (uint8_t *)memory.reading + memory.reading_size);
	const uint8_t *agents = memory.agent_block;
	const uint8_t *before = (uint8_t *)memory.port + memory.port_size;
	size_t cache =
	    (size_t)(agents - block) + memory.agent.total - memory.agent.cache;

	ck_assert(agents >= before);
	ck_assert_uint_lt((size_t)(agents - before), 64);
	ck_assert_uint_eq(((uintptr_t)block + cache) % 64, 0);
	size_t end = (size_t)((uint8_t *)memory.agent_block - block) +
		     sts_agent_size(&memory.config);

	ck_assert_uint_le(end, memory.size);
	ck_assert_uint_lt(memory.size - end, 64);
	ck_assert_uint_eq(memory.size, 4 << 20);
}
END_TEST

/* The two areas take turns, and the one in use is never written. */
START_TEST(the_bundles_two_areas_take_turns)
{
	static uint8_t before[1 << 20];

	begin();
	unsigned count = sts_live_now(&live)->roots.set.count;

	ck_assert_uint_ge(count, 10);
	ck_assert_ptr_eq(
	    sts_live_now(&live)->roots.set.base, memory.anchors[0]);
	for (unsigned i = 1; i <= 3; i++) {
		agent.root.common->links.count = 1;
		reload();
		ck_assert_uint_eq(agent.root.common->links.count, 0);
		const struct sts_anchors *set = &sts_live_now(&live)->roots.set;

		ck_assert_ptr_eq(set->base, memory.anchors[i % 2]);
		ck_assert_uint_eq(set->count, count);
		ck_assert_ptr_eq(sts_live_now(&live)->settings.anchors, set);
	}
	struct sts_anchors set = sts_live_now(&live)->roots.set;

	memcpy(before, set.base, set.len);
	logs.tokens = 0; /* the log is not examined */
	write_text("no certificate\n" CUT);
	for (unsigned i = 0; i < 3; i++) {
		reload();
	}
	ck_assert_ptr_eq(sts_live_now(&live)->roots.set.base, set.base);
	ck_assert_uint_eq(sts_live_now(&live)->roots.set.count, count);
	ck_assert_mem_eq(before, set.base, set.len);
	write_bundle(SIZE_MAX);
	reload();
	ck_assert_ptr_ne(sts_live_now(&live)->roots.set.base, set.base);
}
END_TEST

#define ROOT "tests/x509/anchors/root.pem" /* two certificates */

/*
 * A bundle's new content and the set in force afterwards: its good
 * certificates, or the old set when none is usable. The log must have
 * `log_text`.
 */
static const struct {
	const char *name;
	/* before and behind two good certificates */
	const char *before, *behind;
	unsigned count, left_out;
	const char *log_text;
} odd[] = {
	{ "no change", "", "", 2, 0, "" },
	{ "a broken certificate before", CUT, "", 2, 1,
	    "left out: line 1: it has no END line of its own" },
	{ "one behind", "", CUT "-----END CERTIFICATE-----\n", 2, 1,
	    "it is not a certificate in DER" },
	{ "not base64", "-----BEGIN CERTIFICATE-----\n??\n", "", 2, 1,
	    "left out: line 1: its base64 is broken" },
	{ "another label", "", "-----BEGIN X\"-----\n-----END X\"-----\n", 2, 1,
	    "\"X\\x22\": it is not a certificate" },
};

START_TEST(one_bad_certificate_spoils_no_other)
{
	char two[4096], text[8192];
	struct sts_text t;

	begin();
	t = unit_file(ROOT);
	ck_assert_uint_lt(t.n, sizeof two);
	memcpy(two, t.p, t.n);
	two[t.n] = '\0';
	for (size_t i = 0; i < UNIT_COUNT(odd); i++) {
		snprintf(text, sizeof text, "%s%s%s", odd[i].before, two,
		    odd[i].behind);
		write_text(text);
		listen_to_log();
		reload_roots();
		const char *log_text = logged();
		const struct sts_roots *r = &sts_live_now(&live)->roots;

		unit_int(odd[i].name, r->set.count, odd[i].count);
		unit_int(odd[i].name, r->left_out, odd[i].left_out);
		ck_assert_msg(strstr(log_text, odd[i].log_text) != NULL,
		    "%s: not logged: %s", odd[i].name, log_text);
	}
}
END_TEST

/* A file that ends inside a block may be half written: it is read once more
 * before it counts. */
START_TEST(a_half_written_bundle_is_read_again)
{
	begin();
	unsigned count = sts_live_now(&live)->roots.set.count;

	logs.tokens = 0;
	write_bundle(5000);
	reload();
	ck_assert_uint_eq(sts_live_now(&live)->roots.set.count, count);
	now += STS_LIVE_RETRY_MS;
	tick();
	const struct sts_roots *r = &sts_live_now(&live)->roots;

	ck_assert_uint_ge(r->set.count, 2);
	ck_assert_uint_lt(r->set.count, 5);
	ck_assert_uint_eq(r->left_out, 1);
	write_bundle(SIZE_MAX);
	reload();
	ck_assert_uint_eq(sts_live_now(&live)->roots.set.count, count);
	ck_assert_uint_eq(sts_live_now(&live)->roots.left_out, 0);
}
END_TEST

/* The certificates that fit the spare area are used, the others are named. */
START_TEST(roots_that_fit_are_used_the_others_named)
{
	static char one[4096];
	struct sts_text t = unit_file(ROOT);

	memcpy(one, t.p, t.n);
	begin();
	write_text(one);
	size_t size = memory.anchors_size;

	/* as if the bundle had been small when the daemon started */
	memory.anchors_size = 390;
	listen_to_log();
	reload_roots();
	const char *log_text = logged();

	ck_assert_uint_eq(sts_live_now(&live)->roots.set.count, 1);
	ck_assert_uint_eq(sts_live_now(&live)->roots.left_out, 1);
	ck_assert_ptr_nonnull(strstr(log_text, "there is no room for it"));
	memory.anchors_size = size;
}
END_TEST

/* A start without a usable root fails and names the bundle's faults; one usable
 * root is enough. Faults beyond the noted ones are counted. */
START_TEST(a_start_needs_one_usable_root)
{
	static struct sts_conf conf;
	static struct sts_roots roots;
	static char text[65536];
	struct sts_conf_source source = { "/dev/null", NULL, 0 };
	char note[STS_ROOTS_NOTE_MAX];
	struct sts_text t;
	size_t n = 0;

	ck_assert(sts_conf_load(&conf, &source, why));
	close(mkstemp(bundle));
	atexit(remove_bundle);
	for (unsigned i = 0; i < STS_ROOTS_NOTES_MAX + 5; i++) {
		n += (size_t)sprintf(text + n, "%s", CUT);
	}
	write_text(text);
	ck_assert(!sts_memory_open(&memory, &conf, 0, bundle, &roots, why));
	ck_assert_ptr_nonnull(
	    strstr(why, "no usable certificate; left out: line 1: it has no"));
	t = unit_file("tests/x509/anchors/v1.pem");
	memcpy(text + n, t.p, t.n);
	write_text(text);
	ck_assert(sts_memory_open(&memory, &conf, 0, bundle, &roots, why));
	ck_assert_uint_eq(roots.set.count, 1);
	ck_assert_uint_eq(roots.left_out, STS_ROOTS_NOTES_MAX + 5);
	ck_assert(sts_roots_note(&roots, STS_ROOTS_NOTES_MAX, note));
	ck_assert_str_eq(note, "and 5 more");
	ck_assert(!sts_roots_note(&roots, STS_ROOTS_NOTES_MAX + 1, note));
}
END_TEST

/* Every STS_LIVE_LOOK_MS the files are looked at; only changed ones are
 * read. */
START_TEST(only_changed_files_are_read)
{
	begin();
	const uint8_t *base = sts_live_now(&live)->roots.set.base;

	ck_assert_uint_eq(sts_live_tick(&live, now), STS_LIVE_LOOK_MS);
	now += STS_LIVE_LOOK_MS;
	ck_assert_uint_eq(sts_live_tick(&live, now), STS_LIVE_LOOK_MS);
	ck_assert_ptr_eq(sts_live_now(&live)->roots.set.base, base);
	unlink(bundle);
	close(open(bundle, O_CREAT | O_WRONLY, 0600));
	write_bundle(SIZE_MAX);
	now += STS_LIVE_LOOK_MS - 1;
	ck_assert_uint_eq(sts_live_tick(&live, now), 1);
	ck_assert_ptr_eq(sts_live_now(&live)->roots.set.base, base);
	now++;
	tick();
	ck_assert_ptr_ne(sts_live_now(&live)->roots.set.base, base);
}
END_TEST

/* The bundle is read in steps, between which other work is done: nothing
 * changes before the last step, and a reload that is asked for meanwhile
 * follows it. */
START_TEST(a_bundle_is_read_in_steps_and_counts_at_the_end)
{
	size_t pieces =
	    unit_file("/etc/ssl/certs/ca-certificates.crt").n / 4096;
	unsigned count, half = (unsigned)(pieces / STS_LIVE_PIECES) / 2;

	begin();
	const uint8_t *base = sts_live_now(&live)->roots.set.base;

	count = sts_live_now(&live)->roots.set.count;
	ck_assert_uint_ge(half, 2);
	sts_live_reload(&live, now);
	for (unsigned i = 0; i < half; i++) {
		ck_assert_uint_eq(sts_live_tick(&live, now), 0);
		unit_int("set in use", live.current, 0);
		ck_assert_ptr_eq(sts_live_now(&live)->roots.set.base, base);
	}
	/* The file changes and the operator reloads: the file is read again. */
	write_text(CUT);
	sts_live_reload(&live, now);
	sts_live_enforce(&live, false, 0, now);
	tick();
	unit_int("set in use", live.current, 1);
	ck_assert(sts_live_now(&live)->settings.enforce_off);
	write_bundle(SIZE_MAX);
	now += STS_LIVE_RETRY_MS;
	ck_assert_uint_ge(tick(), pieces / STS_LIVE_PIECES);
	unit_int("set in use", live.current, 0);
	ck_assert(sts_live_now(&live)->settings.enforce_off);
	ck_assert_uint_eq(sts_live_now(&live)->roots.set.count, count);
}
END_TEST

/* Write a list of so many policies, the last name first; how many octets. */
static size_t
write_list(unsigned count, unsigned timestamp)
{
	FILE *f = fopen(list, "w");

	ck_assert_ptr_nonnull(f);
	fprintf(f,
	    "{\"timestamp\":%u,\"expires\":2000000000,\"version\":\"0.1\","
	    "\"policy-aliases\":{},\"policies\":{",
	    timestamp);
	while (count-- > 0) {
		fprintf(f,
		    "\"d%05u.example\":{\"mode\":\"enforce\","
		    "\"mxs\":[\"mx%u.example\"]}%s\n",
		    count, count, count > 0 ? "," : "");
	}
	fprintf(f, "}}\n");
	size_t n = (size_t)ftell(f);

	ck_assert_int_eq(fclose(f), 0);
	return n;
}

static void
remove_list(void)
{
	unlink(list);
}

/* So is the list of policies, and it is sorted in steps as well. */
START_TEST(list_in_steps)
{
	enum {
		COUNT = 3000,
		AT_ONCE = 4 * 32 /* entries that are sorted in a step */
	};

	close(mkstemp(list));
	atexit(remove_list);
	with_list = true;
	write_list(1, 1700000000);
	begin();
	ck_assert_msg(sts_live_preload(&live, &agent, why), "%s", why);
	unit_int("domains", sts_live_now(&live)->preload.domains, 1);
	size_t pieces = write_list(COUNT, 1700000001) / 4096;

	live.pending |= STS_LIVE_PRELOAD;
	live.look_at = now;
	for (unsigned i = 0; i < pieces / STS_LIVE_PIECES; i++) {
		ck_assert_uint_eq(sts_live_tick(&live, now), 0);
		unit_int("domains", sts_live_now(&live)->preload.domains, 1);
	}
	/* It is made a heap, then sorted, then looked through. */
	ck_assert_uint_ge(tick(), 2 * COUNT / AT_ONCE);
	unit_int("domains", sts_live_now(&live)->preload.domains, COUNT);
	/* An older one changes nothing. */
	write_list(2, 1700000000);
	live.pending |= STS_LIVE_PRELOAD;
	live.look_at = now;
	listen_to_log();
	tick();
	ck_assert_ptr_nonnull(strstr(logged(), "list of policies not changed"));
	unit_int("older", sts_live_now(&live)->preload.domains, COUNT);
	ck_assert(sts_live_now(&live)->preloaded);
}
END_TEST

/* One kilobyte less than the smallest memory that is accepted is refused. */
START_TEST(the_smallest_memory_is_as_reported)
{
	static struct sts_conf conf;
	struct sts_conf_source source = { "/dev/null", NULL, 0 };
	static struct sts_roots roots;
	unsigned long least = 0;

	ck_assert(sts_conf_load(&conf, &source, why));
	conf.memory = 600 << 10;
	const char *path = sts_roots_file("");

	ck_assert(!sts_memory_open(&memory, &conf, 0, path, &roots, why));
	const char *at = strstr(why, "at least ");

	ck_assert_ptr_nonnull(at);
	least = strtoul(at + 9, NULL, 10);
	conf.memory = (uint64_t)least << 10;
	ck_assert_msg(
	    sts_memory_open(&memory, &conf, 0, path, &roots, why), "%s", why);
	conf.memory = (uint64_t)(least - 1) << 10;
	ck_assert(!sts_memory_open(&memory, &conf, 0, path, &roots, why));
}
END_TEST

/* The kill switch affects both sets at once, lasts through reloads, and is
 * logged again every hour. */
START_TEST(the_kill_switch_lasts_and_is_logged_hourly)
{
	char path[] = "/tmp/mtasts-live-XXXXXX", log_text[4096] = "";
	int file = mkstemp(path), err = dup(STDERR_FILENO);

	unlink(path);
	now = UINT32_MAX - 5000;
	begin();
	sts_log_level(&logs, STS_LOG_WARNING);
	dup2(file, STDERR_FILENO);
	/* no change: enforcement is on */
	sts_live_enforce(&live, true, 0, now);
	ck_assert(sts_live_enforces(&live));
	sts_live_enforce(&live, false, 0, now);
	sts_live_enforce(&live, false, 0, now);
	ck_assert(!sts_live_enforces(&live));
	ck_assert(live.set[0].settings.enforce_off);
	ck_assert(live.set[1].settings.enforce_off);
	reload();
	sts_log_level(&logs, STS_LOG_WARNING); /* which the reload has reset */
	ck_assert(sts_live_now(&live)->settings.enforce_off);
	for (unsigned i = 0; i < 2 * 3600 / 5; i++) {
		now += STS_LIVE_LOOK_MS;
		tick();
	}
	sts_live_enforce(&live, true, 0, now);
	ck_assert(!live.set[0].settings.enforce_off);
	ck_assert(!live.set[1].settings.enforce_off);
	for (unsigned i = 0; i < 2 * 3600 / 5; i++) {
		now += STS_LIVE_LOOK_MS;
		tick();
	}
	dup2(err, STDERR_FILENO);
	ck_assert_int_gt(pread(file, log_text, sizeof log_text - 1, 0), 0);
	unsigned count = 0;

	for (const char *at = log_text; (at = strstr(at, "still off")) != NULL;
	     at++) {
		count++;
	}
	unit_int("hourly log lines", count, 2);
	ck_assert_ptr_nonnull(strstr(log_text, "enforcement is switched off"));
	ck_assert_ptr_nonnull(strstr(log_text, "enforcement is switched on"));
	close(err);
	close(file);
}
END_TEST

enum {
	WALL = 1800000000
};

/* By the journal, enforcement is off until then. */
static uint32_t kept_s; /* until when enforcement is off, by the journal */

uint32_t __wrap_sts_agent_off_s(const struct sts_agent *a);

uint32_t
__wrap_sts_agent_off_s(const struct sts_agent *a)
{
	(void)a;
	return kept_s;
}

static const enum sts_journal_state
    *kept_state; /* of the journal, if there is one */

void __real_sts_inspect(const struct sts_agent *a, struct sts_inspection *out);
void __wrap_sts_inspect(const struct sts_agent *a, struct sts_inspection *out);

void
__wrap_sts_inspect(const struct sts_agent *a, struct sts_inspection *out)
{
	__real_sts_inspect(a, out);
	if (kept_state != NULL) {
		out->has_journal = true;
		out->journal = *kept_state;
	}
}

/* An order to switch enforcement off from before the restart counts once the
 * time is known, and only until its end: an attacker who keeps the time from
 * the agent gains nothing. */
START_TEST(a_kept_order_counts_once_the_time_is_known)
{
	begin();
	kept_s = WALL + 100;
	sts_live_resume(&live, -1, now);
	ck_assert(sts_live_enforces(&live));
	for (unsigned i = 0; i < 100; i++) {
		now += STS_LIVE_LOOK_MS;
		sts_run(&driver, now, -1, 256);
		sts_live_tick(&live, now);
		ck_assert(sts_live_enforces(&live));
	}
	sts_driver_wake(&driver);
	sts_run(&driver, now, WALL, 256);
	now = live.look_at;
	sts_live_tick(&live, now);
	ck_assert(!sts_live_enforces(&live));
	ck_assert_uint_eq(sts_live_off_until_s(&live), WALL + 100);
	sts_driver_wake(&driver);
	sts_run(&driver, now, WALL + 101, 256);
	now = live.look_at;
	kept_s = 0;
	sts_live_tick(&live, now);
	ck_assert(sts_live_enforces(&live));
}
END_TEST

/* The order counts for the first answers, too: when the time is known at the
 * start, though the agent has not been called with it yet. */
START_TEST(a_kept_order_counts_for_the_first_answer)
{
	begin();
	kept_s = WALL + 100;
	sts_live_resume(&live, 0, now); /* a clock without a battery */
	ck_assert(sts_live_enforces(&live));
	sts_live_resume(&live, WALL, now);
	ck_assert(!sts_live_enforces(&live));
}
END_TEST

/* An order whose end came before the restart does not count, not even for the
 * first answers: the agent has not seen the time, and its own is far behind. */
START_TEST(a_kept_order_that_is_over_does_not_count)
{
	begin();
	kept_s = WALL;
	ck_assert_uint_lt(sts_agent_now_s(&agent), kept_s);
	sts_live_resume(&live, (int64_t)UINT32_MAX + 1, now);
	ck_assert(sts_live_enforces(&live));
	sts_live_resume(&live, WALL, now);
	ck_assert(sts_live_enforces(&live));
	/* Nor once the clock is put back. */
	sts_live_resume(&live, WALL - 1, now);
	ck_assert(sts_live_enforces(&live));
}
END_TEST

/* Two daemons: the one that keeps the journal may change the order while the
 * other waits for the lock, and then reads the journal, which is in this state
 * and has this order. */
static void
take_over(uint32_t until_s, enum sts_journal_state *state, bool loaded)
{
	kept_state = NULL;
	kept_s = WALL + 100;
	sts_live_resume(&live, WALL, now);
	ck_assert(!sts_live_enforces(&live));
	ck_assert_uint_eq(sts_live_off_until_s(&live), WALL + 100);
	kept_s = until_s;
	kept_state = state;
	agent.journal.loaded = loaded;
	now = live.look_at;
	sts_live_tick(&live, now);
}

static struct {
	const char *name;
	enum sts_journal_state state;
	bool loaded, ends;
} withdrawn[] = {
	{ "it is read", STS_JOURNAL_LOADING, false, false },
	{ "it cannot be read", STS_JOURNAL_FAILED, false, false },
	{ "it is of a newer format", STS_JOURNAL_NEWER, true, false },
	{ "it is read to its end", STS_JOURNAL_READY, true, true },
	{ "it cannot be written to", STS_JOURNAL_FAILED, true, true },
};

START_TEST(an_order_that_the_daemon_before_has_withdrawn_ends)
{
	begin();
	take_over(0, &withdrawn[_i].state, withdrawn[_i].loaded);
	unit_int(
	    withdrawn[_i].name, sts_live_enforces(&live), withdrawn[_i].ends);
	kept_state = NULL;
}
END_TEST

/* It may also have shortened the order, and died before or after its end. */
START_TEST(an_order_that_the_daemon_before_has_shortened_ends_so)
{
	enum sts_journal_state state = STS_JOURNAL_READY;

	begin();
	sts_run(&driver, now, WALL, 256);
	take_over(WALL, &state, true);
	ck_assert(sts_live_enforces(&live));
	ck_assert_uint_eq(sts_live_off_until_s(&live), 0);
	take_over(WALL + 50, &state, true);
	ck_assert(!sts_live_enforces(&live));
	ck_assert_uint_eq(sts_live_off_until_s(&live), WALL + 50);
	kept_state = NULL;
}
END_TEST

/* What writes a file anew may give it the size and the time of the old one. */
START_TEST(a_file_is_watched_by_more_than_its_size_and_time)
{
	static char path[] = "/tmp/mtasts-live-watch-XXXXXX";
	struct timespec old[2] = { { 1000000000, 1 }, { 1000000000, 1 } };
	struct sts_watch w;
	int fd = mkstemp(path);

	memset(&w, 0, sizeof w);
	ck_assert_int_eq(write(fd, "one", 3), 3);
	ck_assert_int_eq(futimens(fd, old), 0);
	ck_assert(sts_watch_changed(&w, path));
	ck_assert(!sts_watch_changed(&w, path));
	/* The clock of a file system may tick a few hundred times a second. */
	for (unsigned i = 0; i < 100; i++) {
		ck_assert_int_eq(
		    pwrite(fd, i % 2 == 0 ? "two" : "one", 3, 0), 3);
		ck_assert_int_eq(futimens(fd, old), 0);
		usleep(1000);
	}
	ck_assert(sts_watch_changed(&w, path));
	ck_assert(!sts_watch_changed(&w, path));
	close(fd);
	unlink(path);
	ck_assert(sts_watch_changed(&w, path));
	ck_assert(!sts_watch_changed(&w, path));
}
END_TEST

/* Settings that only a restart can change keep their old values, so that the
 * next reload logs them again. */
START_TEST(a_reload_keeps_what_needs_a_restart)
{
	static const char *options[] = { "listen inet:127.0.0.1:1",
		"metrics inet:127.0.0.1:2", "control off",
		"memory 5M touch=yes huge=yes", "journal /nonexistent/journal",
		"clients 7", "lookups 7", "fetch_slots 7", "log syslog",
		"user nobody", "chroot /tmp", "confine off",
		"answer_within 7s" };
	char refused[STS_CONF_WHY_MAX];

	begin();
	const struct sts_conf before = sts_live_now(&live)->conf;

	live.source.options = options;
	live.source.option_count = sizeof options / sizeof *options;
	logs.tokens = 0; /* the log is not examined */
	reload();
	struct sts_conf after = sts_live_now(&live)->conf;

	ck_assert_uint_eq(after.answer_within_ms, 7000);
	sts_conf_keep_fixed(&before, &live.room, &after, refused);
	ck_assert_str_eq(refused, "");
}
END_TEST

/* Reload with so many of the options, from the first on. Returns the log. */
static const char *
reload_with(const char *const *options, unsigned count)
{
	live.source.options = options;
	live.source.option_count = count;
	listen_to_log();
	reload();
	return logged();
}

static void
write_key(char *path)
{
	int fd = mkstemp(path);

	ck_assert_int_eq(write(fd, "0123456789abcdef0123456789abcdef", 32), 32);
	close(fd);
}

/* Whether DANE, reports and sharing are all on, or all off. */
static void
is_on(const char *when, bool on)
{
	const struct sts_settings *t = &sts_live_now(&live)->settings;

	unit_int(when, t->dane || sts_zones_want_dane(t->zones), on);
	unit_int(when, t->reporter != NULL, on);
	unit_int(when, t->share != NULL, on);
}

/* What needs memory may be switched off and on again by reloads if it was on at
 * the start. If it was off, each reload that wants it is refused it by name. */
START_TEST(a_reload_switches_on_what_was_on_at_the_start)
{
	static char path[] = "/tmp/mtasts-live-key-XXXXXX", key_line[64];
	static const char *on[] = { "nameserver 192.0.2.2 trusted=yes", NULL,
		"contact a@b.example", "redis inet:192.0.2.1:6379", key_line };
	static const char *options[BASE + EXTRA];

	write_key(path);
	snprintf(key_line, sizeof key_line, "redis_key %s", path);
	on[1] = _i < 2 ? "dane on" : "zone other dane=on";
	bool from_start = _i % 2 == 0;

	if (from_start) {
		memcpy(extra, on, sizeof on);
	}
	begin();
	is_on("start", from_start);
	memcpy(options, live.source.options, BASE * sizeof *options);
	memcpy(options + BASE, on, sizeof on);
	for (unsigned i = 0; i < 3; i++) {
		reload_with(options, BASE);
		is_on("switched off", false);
		for (unsigned k = 0; k < 2; k++) {
			const char *log_text =
			    reload_with(options, BASE + EXTRA);

			is_on("switched on", from_start);
			unit_int("refused by name",
			    strstr(log_text,
				"only a restart can change: dane contact "
				"redis\n") != NULL,
			    !from_start);
			unit_int("refused at all",
			    strstr(log_text, "only a restart") != NULL,
			    !from_start);
		}
	}
	unlink(path);
}
END_TEST

/* DANE stays off as long as no name server is trusted. */
START_TEST(a_reload_switches_dane_on_only_beside_a_trusted_server)
{
	static const char *options[BASE + 2];

	extra[0] = "dane on";
	extra[1] = "nameserver 192.0.2.2 trusted=yes";
	begin();
	memcpy(options, live.source.options, sizeof options);
	reload_with(options, BASE);
	ck_assert(!sts_live_now(&live)->settings.dane);
	ck_assert_ptr_nonnull(
	    strstr(reload_with(options, BASE + 1), "reload: dane stays off: "));
	ck_assert(!sts_live_now(&live)->settings.dane);
	ck_assert(!sts_conf_wants_dane(&sts_live_now(&live)->conf));
	reload_with(options, BASE + 2);
	ck_assert(sts_live_now(&live)->settings.dane);
}
END_TEST

/* When the default file is gone its settings stay. */
START_TEST(settings_outlive_their_file)
{
	static const char *options[] = { "answer_within 7s" };

	if (access(STS_CONF_FILE, F_OK) == 0) {
		return;
	}
	begin();
	ck_assert(sts_live_now(&live)->conf.from_file);
	uint32_t before = sts_live_now(&live)->conf.answer_within_ms;

	live.source.file = NULL;
	live.source.options = options;
	live.source.option_count = 1;
	listen_to_log();
	reload();
	ck_assert_ptr_nonnull(strstr(logged(),
	    "configuration not changed: " STS_CONF_FILE ": No such file"));
	unit_int("configuration in use",
	    sts_live_now(&live)->conf.answer_within_ms, before);
	/* A daemon that started without a file does not miss one. */
	live.set[live.current].conf.from_file = false;
	logs.tokens = 0;
	reload();
	unit_int("configuration in use",
	    sts_live_now(&live)->conf.answer_within_ms, 7000);
}
END_TEST

/* Whether there is a network: connections to it then go to loopback. */
static bool network;

int __real_connect(int fd, const struct sockaddr *to, socklen_t len);
int __wrap_connect(int fd, const struct sockaddr *to, socklen_t len);

int
__wrap_connect(int fd, const struct sockaddr *to, socklen_t len)
{
	struct sockaddr_in in;

	if (!network || to->sa_family != AF_INET || len != sizeof in) {
		errno = ENETUNREACH;
		return -1;
	}
	memcpy(&in, to, sizeof in);
	in.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	return __real_connect(fd, (struct sockaddr *)&in, sizeof in);
}

/* A daemon that starts before the network names its own address in reports once
 * there is one. */
START_TEST(reports_name_an_address_that_comes_late)
{
	struct sts_live_set *s;

	begin();
	ck_assert_str_eq(live.address, "");
	s = &live.set[live.current];
	snprintf(s->conf.report.contact, sizeof s->conf.report.contact,
	    "a@b.example");
	s->conf.report.reports = STS_REPORTS_ALL;
	for (unsigned i = 0; i < 2; i++) {
		now += STS_LIVE_LOOK_MS;
		tick();
		unit_text(
		    "address", s->reporter.address, network ? "127.0.0.1" : "");
		network = true;
	}
}
END_TEST

/* What resolv.conf holds. */
static enum sts_resolv_result resolv_result;
static struct sts_addr resolv_addr;

enum sts_resolv_result __wrap_sts_resolv_read(
    const char *file, struct sts_dns_servers *s);

enum sts_resolv_result
__wrap_sts_resolv_read(const char *file, struct sts_dns_servers *s)
{
	ck_assert_str_eq(file, STS_RESOLV_FILE);
	memset(s, 0, sizeof *s);
	s->count = 1;
	s->addr[0] = resolv_addr;
	return resolv_result;
}

static void
expect_server(const char *name, const char *ip)
{
	const struct sts_dns_servers *s = &sts_live_now(&live)->servers;
	char text[STS_ADDR_TEXT_MAX];

	sts_addr_format(&s->addr[0], text);
	unit_text(name, unit_span(text), ip);
}

static void
resolv_has(enum sts_resolv_result result, const char *ip)
{
	resolv_result = result;
	ck_assert(sts_addr_parse(unit_span(ip), &resolv_addr));
}

/* An empty resolv.conf may be half written: the known servers stay until a
 * second look finds it empty still. */
START_TEST(an_empty_resolv_conf_counts_at_the_second_look)
{
	static const char *options[] = { "answer_within 7s" };

	if (access(STS_RESOLV_FILE, F_OK) != 0) {
		return;
	}
	begin();
	live.source.options = options;
	live.source.option_count = 1;
	logs.tokens = 0;
	resolv_has(STS_RESOLV_OK, "192.0.2.7");
	reload();
	expect_server("whole", "192.0.2.7");
	resolv_has(STS_RESOLV_DEFAULT, "127.0.0.1");
	reload();
	expect_server("empty", "192.0.2.7");
	resolv_has(STS_RESOLV_OK, "192.0.2.8");
	now += STS_LIVE_RETRY_MS;
	tick();
	expect_server("written", "192.0.2.8");
	resolv_has(STS_RESOLV_DEFAULT, "127.0.0.1");
	reload();
	now += STS_LIVE_RETRY_MS;
	tick();
	expect_server("still empty", "127.0.0.1");
	/* By then the empty file is nothing new. */
	reload();
	unit_int("pending reloads", live.pending, 0);
}
END_TEST

static struct sts_port inner;
static char path[STS_LISTEN_PATH_MAX];
static unsigned closed;

static void
close_when_gone(void *ctx, sts_ch ch)
{
	ck_assert_int_ne(access(path, F_OK), 0);
	closed++;
	inner.close(ctx, ch);
}

/* The path is removed before its socket is closed: after that, the path may be
 * another instance's. */
START_TEST(the_path_is_removed_before_the_socket_is_closed)
{
	static struct sts_listeners l;
	static struct sts_conf c;

	begin();
	inner = port;
	port.close = close_when_gone;
	snprintf(path, sizeof path, "%s.sock", bundle);
	c.listen_given = true;
	c.listen_count = 1;
	c.listen[0].addr.af = STS_AF_LOCAL;
	c.listen[0].mode = 0600;
	c.listen[0].uid = (uid_t)-1;
	c.listen[0].gid = (gid_t)-1;
	snprintf(c.listen[0].path, sizeof c.listen[0].path, "%s", path);
	ck_assert_msg(sts_listeners_open(&l, &c, geteuid(), why), "%s", why);
	ck_assert_int_eq(access(path, F_OK), 0);
	ck_assert(sts_listeners_begin(&l, &posix, &driver));
	sts_listeners_end(&l, &port, &driver);
	ck_assert_uint_eq(closed, 1);
}
END_TEST

/* Whether a user "postfix" exists. */
static bool postfix_there;

bool __real_sts_user_find(struct sts_text name, struct sts_user *u);
bool __wrap_sts_user_find(struct sts_text name, struct sts_user *u);

bool
__wrap_sts_user_find(struct sts_text name, struct sts_user *u)
{
	if (!sts_text_same(name, unit_span("postfix"))) {
		return __real_sts_user_find(name, u);
	}
	memset(u, 0, sizeof *u);
	u->uid = 1234567;
	errno = 0;
	return postfix_there;
}

static bool
may_report(unsigned long uid)
{
	bool may = false;

	for (unsigned i = 0; i < posix.senders.count; i++) {
		may = may || posix.senders.uid[i] == uid;
	}
	return may;
}

/* Of the daemon's users it is the one that it runs as who may report, and not
 * the one that it was started as. A Postfix that is installed after the daemon
 * started may report, and keeps that right when its user cannot be found for a
 * moment. */
START_TEST(a_postfix_installed_late_may_report)
{
	enum {
		OWN = 7654321 /* no test runs as this user */
	};

	static struct sts_listeners l;
	static struct sts_conf c;

	begin();
	snprintf(path, sizeof path, "%s.sock", bundle);
	snprintf(c.report.contact, sizeof c.report.contact, "a@b.example");
	c.report.reports = STS_REPORTS_ALL;
	c.report.listens = true;
	c.report.at.addr.af = STS_AF_LOCAL;
	c.report.at.datagrams = true;
	c.report.at.mode = 0600;
	c.report.at.uid = (uid_t)-1;
	c.report.at.gid = (gid_t)-1;
	snprintf(c.report.at.path, sizeof c.report.at.path, "%s", path);
	ck_assert_msg(sts_listeners_open(&l, &c, OWN, why), "%s", why);
	unit_int("users who may report", l.listener[0].senders, 1);
	unit_int("the daemon's own", (long long)l.listener[0].sender[0], OWN);
	postfix_there = true;
	sts_listeners_look_again(&l, &posix);
	ck_assert(may_report(OWN));
	ck_assert(!may_report(geteuid()));
	ck_assert(may_report(1234567));
	postfix_there = false;
	sts_listeners_look_again(&l, &posix);
	ck_assert(may_report(1234567));
	sts_listen_unlink(&l.listener[0].at);
	close(l.listener[0].fd);
}
END_TEST

void
unit_tests(TCase *tc)
{
	tcase_add_test(tc, a_kept_order_counts_once_the_time_is_known);
	tcase_add_test(tc, a_kept_order_counts_for_the_first_answer);
	tcase_add_test(tc, a_kept_order_that_is_over_does_not_count);
	tcase_add_loop_test(tc,
	    an_order_that_the_daemon_before_has_withdrawn_ends, 0,
	    (int)UNIT_COUNT(withdrawn));
	tcase_add_test(
	    tc, an_order_that_the_daemon_before_has_shortened_ends_so);
	tcase_add_test(tc, a_file_is_watched_by_more_than_its_size_and_time);
	tcase_add_test(tc, a_reload_keeps_what_needs_a_restart);
	tcase_add_loop_test(
	    tc, a_reload_switches_on_what_was_on_at_the_start, 0, 4);
	tcase_add_test(
	    tc, a_reload_switches_dane_on_only_beside_a_trusted_server);
	tcase_add_test(tc, settings_outlive_their_file);
	tcase_add_test(tc, reports_name_an_address_that_comes_late);
	tcase_add_test(tc, an_empty_resolv_conf_counts_at_the_second_look);
	tcase_add_test(tc, the_path_is_removed_before_the_socket_is_closed);
	tcase_add_test(tc, a_postfix_installed_late_may_report);
	tcase_add_test(tc, the_kill_switch_lasts_and_is_logged_hourly);
	tcase_add_test(tc, the_parts_fill_the_block_in_order);
	tcase_add_test(tc, the_bundles_two_areas_take_turns);
	tcase_add_test(tc, one_bad_certificate_spoils_no_other);
	tcase_add_test(tc, a_half_written_bundle_is_read_again);
	tcase_add_test(tc, roots_that_fit_are_used_the_others_named);
	tcase_add_test(tc, a_start_needs_one_usable_root);
	tcase_add_test(tc, only_changed_files_are_read);
	tcase_add_test(tc, a_bundle_is_read_in_steps_and_counts_at_the_end);
	tcase_add_test(tc, list_in_steps);
	tcase_add_test(tc, the_smallest_memory_is_as_reported);
}
