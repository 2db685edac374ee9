/* SPDX-License-Identifier: MIT */
/*
 * The journal compared with a model: random changes, on storages of any
 * geometry that lose their power in any call, torn and out of order, or fail,
 * or take their time. What was on the medium is there after a restart, and
 * nothing that was not asked for.
 *
 * STS_JOURNAL_OPS is the number of operations (60,000), STS_JOURNAL_SEED the
 * first seed: both are for `make soak`.
 */
#include <stdlib.h>

#include "../splitmix.h"
#include "flash.h"
#include "kept.h"

const char unit_name[] = "journal model";

enum {
	BLOCK_MAX = 16384,
	BUF_MAX = 1024,
	SLICE = 1500, /* operations on one storage */
	STEPS_MAX = 100000 /* a run that ends does so in fewer steps */
};

static struct {
	struct flash flash;
	struct sts_cache cache;
	struct sts_journal journal;
	struct sts_journal_geometry g;
	struct kept kept;
	uint8_t block[BLOCK_MAX], buf[BUF_MAX];
	size_t block_size, buf_size;
	uint32_t now_s, stamp_s;
	uint64_t random;
	unsigned long seed, op;
	unsigned long cuts, restarts, fails;
} m;

/* Check's own assertions write a mark each, which is too slow for millions. */
#define WANT(x) ((x) ? (void)0 : unwanted(__LINE__, #x))

static void
unwanted(int line, const char *what)
{
	ck_abort_msg("line %d: does not hold: %s (seed %lu, operation %lu)",
	    line, what, m.seed, m.op);
}

static uint32_t
draw(uint32_t below)
{
	return (uint32_t)(splitmix(&m.random) % below);
}

/* Draw the shape of a storage that the cache fits, among all that have room
 * here. */
static void
draw_geometry(void)
{
	static const uint32_t progs[] = { 1, 4, 8, 64, 256, 512 };
	static const uint32_t erases[] = { 512, 1024, 4096, 16384, 65536 };

	do {
		uint32_t min;

		m.g.prog_size = progs[draw(UNIT_COUNT(progs))];
		m.g.erase_size = erases[draw(UNIT_COUNT(erases))];
		m.g.area_count = 2 + draw(7);
		m.g.day_budget = draw(3) > 0 ? 0 : 1 + draw(20000);
		min = sts_journal_area_min(
		    sts_cache_chunks(&m.cache), m.g.prog_size);
		m.g.area_size = (min + m.g.erase_size - 1) / m.g.erase_size *
				m.g.erase_size;
		m.g.area_size += draw(3) * m.g.erase_size;
	} while (m.g.area_size > FLASH_MAX / m.g.area_count);
	do {
		m.buf_size = m.g.prog_size * (1 + draw(BUF_MAX));
	} while (m.buf_size < 256 || m.buf_size > BUF_MAX);
}

/* The journal of a machine that was just switched on. */
static void
start(void)
{
	uint8_t key[STS_SIPHASH_KEY];

	for (unsigned i = 0; i < sizeof key; i++) {
		key[i] = (uint8_t)draw(256);
	}
	sts_cache_init(&m.cache, m.block, m.block_size, key);
	WANT(sts_journal_init(&m.journal, &m.g, &m.cache, m.buf, m.buf_size));
	if (m.flash.store.checks) {
		sts_journal_trust(&m.journal);
	}
}

/* Let the journal do what it can do now. Returns false if the power has
 * failed. */
static bool
run(void)
{
	unsigned idle = 0;

	for (unsigned i = 0; i < STEPS_MAX; i++) {
		int r = sts_journal_step(&m.journal, &m.flash.store, m.now_s);

		WANT(!m.flash.broken);
		if (m.flash.off) {
			return false;
		}
		idle = r == 0 ? idle + 1 : 0;
		/* each call looks at a part of the cache */
		if (r == 0 && (!sts_journal_busy(&m.journal) || idle > 8)) {
			return true;
		}
	}
	unwanted(__LINE__, "the journal comes to an end");
	return false;
}

static void
settle(void)
{
	enum sts_journal_state state = sts_journal_state(&m.journal);

	WANT(state == STS_JOURNAL_READY || state == STS_JOURNAL_FAILED);
	m.fails += state == STS_JOURNAL_FAILED;
	if (state == STS_JOURNAL_READY) {
		kept_settle(&m.kept, &m.cache);
	}
}

static void
verify(void)
{
	const char *problem = kept_verify(&m.kept, &m.cache);
	struct sts_cache_stats s;

	sts_cache_stats(&m.cache, &s);
	WANT(sts_cache_check(&m.cache));
	WANT(m.kept.crowded || s.evicted == 0);
	WANT(s.records <= m.kept.domains);
	if (problem != NULL) {
		ck_abort_msg(
		    "%s (seed %lu, operation %lu)", problem, m.seed, m.op);
	}
}

/* Load the journal, in which the power may fail again, and check what is
 * held. */
static void
restart(void)
{
	m.restarts++;
	flash_power_on(&m.flash);
	m.flash.fail_from = m.flash.fail_to = 0;
	start();
	WANT(run());
	WANT(sts_journal_state(&m.journal) == STS_JOURNAL_READY);
	WANT(sts_journal_stamp_s(&m.journal) <= m.stamp_s);
	verify();
}

static void
op_change(void)
{
	kept_change(&m.kept, &m.cache, &m.journal, draw(m.kept.domains));
}

static void
op_run(void)
{
	if (run()) {
		settle();
	} else {
		restart();
	}
}

/* Only a few steps, so that the next operation meets the journal at work. */
static void
op_steps(void)
{
	for (uint32_t n = draw(12); n > 0 && !m.flash.off; n--) {
		sts_journal_step(&m.journal, &m.flash.store, m.now_s);
	}
	if (m.flash.off) {
		restart();
	}
}

static void
op_cut(void)
{
	m.cuts++;
	m.flash.cut_at = m.flash.ops + 1 + draw(draw(4) > 0 ? 6 : 200);
}

/* The power fails between two calls. */
static void
op_switch_off(void)
{
	flash_power_off(&m.flash, (enum flash_cut)draw(FLASH_CUTS));
	restart();
}

static void
op_fail(void)
{
	m.flash.fail_from = m.flash.ops + 1 + draw(20);
	m.flash.fail_to = m.flash.fail_from + 1 + draw(draw(8) > 0 ? 3 : 40);
}

static void
op_retry(void)
{
	sts_journal_retry(&m.journal);
}

static void
op_stamp(void)
{
	m.stamp_s += draw(60);
	sts_journal_stamp(&m.journal, m.stamp_s);
}

static void
op_compact(void)
{
	sts_journal_compact(&m.journal);
}

static void
op_sweep(void)
{
	sts_cache_sweep(&m.cache, 1 + draw(200), sts_now(m.now_s, false));
}

static void
op_day(void)
{
	m.now_s += draw(2 * KEPT_DAY);
}

static void
op_hurry(void)
{
	sts_journal_hurry(&m.journal);
}

static const struct {
	void (*run)(void);
	unsigned weight;
} ops[] = {
	{ op_change, 600 },
	{ op_run, 300 },
	{ op_steps, 200 },
	{ op_cut, 40 },
	{ op_switch_off, 10 },
	{ op_fail, 6 },
	{ op_retry, 10 },
	{ op_stamp, 20 },
	{ op_compact, 10 },
	{ op_sweep, 20 },
	{ op_day, 4 },
	{ op_hurry, 2 },
};

static void
op_random(void)
{
	unsigned total = 0, pick, i = 0;

	for (unsigned k = 0; k < UNIT_COUNT(ops); k++) {
		total += ops[k].weight;
	}
	pick = draw(total);
	while (pick >= ops[i].weight) {
		pick -= ops[i++].weight;
	}
	ops[i].run();
}

static void
begin(unsigned long seed)
{
	static const size_t sizes[] = { 4096, 4100, 6000, 8192 };
	bool crowded = seed % 4 == 3;
	uint32_t record_max;

	m.random = seed;
	m.seed = seed;
	m.now_s = KEPT_NOW;
	m.stamp_s = 0;
	m.block_size = sizes[draw(UNIT_COUNT(sizes))];
	sts_cache_init(&m.cache, m.block, m.block_size, m.buf);
	record_max = m.cache.record_max;
	draw_geometry();
	/* The first chunk of a record is its head, and a name has up to 80
	 * octets. */
	kept_init(&m.kept, seed, crowded ? KEPT_DOMAINS : 8,
	    crowded ? (record_max - 1) * 59 - 80 : 80, crowded);
	flash_init(&m.flash, m.g.prog_size, m.g.erase_size, m.g.area_size,
	    m.g.area_count);
	if (seed % 3 == 0) {
		flash_use_commit(&m.flash);
	}
	m.flash.random = seed;
	m.flash.again = draw(3) > 0 ? 0 : draw(7);
	start();
	WANT(run());
}

START_TEST(journal_and_model_agree)
{
	const char *ops_text = getenv("STS_JOURNAL_OPS");
	const char *seed_text = getenv("STS_JOURNAL_SEED");
	unsigned long left = ops_text ? strtoul(ops_text, NULL, 10) : 60000;
	unsigned long seed = seed_text ? strtoul(seed_text, NULL, 10) : 1;

	for (; left > 0; seed++) {
		unsigned long n = left < SLICE ? left : SLICE;

		begin(seed);
		for (m.op = 0; m.op < n; m.op++) {
			op_random();
			WANT(!m.flash.broken);
			if (m.op % 16 == 0) {
				WANT(sts_cache_check(&m.cache));
			}
		}
		flash_power_off(&m.flash, FLASH_ANY_ORDER);
		restart();
		left -= n;
	}
	printf("%lu cuts, %lu restarts, %lu times at rest after failures\n",
	    m.cuts, m.restarts, m.fails);
}
END_TEST

/*
 * The new version of a policy that is replaced while the cache is copied may
 * lie behind the place that the copy has reached: the new area must not count
 * before it has that version, too.
 */
START_TEST(a_policy_replaced_while_copied_is_not_lost)
{
	for (unsigned steps = 0; steps < 200; steps++) {
		static const struct sts_journal_geometry g = { 16, 1024, 16384,
			2, 0 };
		uint32_t area;

		flash_init(&m.flash, 16, 1024, 16384, 2);
		m.g = g;
		m.block_size = 4096;
		m.buf_size = 256;
		m.now_s = KEPT_NOW;
		kept_init(&m.kept, steps, 8, 80, false);
		start();
		for (unsigned i = 0; i < 40; i++) {
			kept_change(&m.kept, &m.cache, &m.journal, i % 8);
		}
		WANT(run());
		settle();
		area = m.journal.area;
		sts_journal_compact(&m.journal);
		for (unsigned i = 0; i < steps; i++) {
			sts_journal_step(&m.journal, &m.flash.store, m.now_s);
		}
		for (unsigned i = 0; i < 8; i++) {
			kept_change(&m.kept, &m.cache, &m.journal, i);
		}
		for (unsigned i = 0; i < STEPS_MAX && m.journal.area == area;
		     i++) {
			sts_journal_step(&m.journal, &m.flash.store, m.now_s);
		}
		flash_power_off(&m.flash, FLASH_IN_ORDER);
		restart();
	}
}
END_TEST

void
unit_tests(TCase *tc)
{
	tcase_add_test(tc, a_policy_replaced_while_copied_is_not_lost);
	tcase_add_test(tc, journal_and_model_agree);
}
