/* SPDX-License-Identifier: MIT */
/*
 * The cache compared with a model: random operations on both. After each one
 * the cache's invariants hold (in larger caches they are checked after every
 * 16th), and the cache shows what the model shows.
 *
 * STS_CACHE_OPS is the number of operations (200,000), STS_CACHE_SEED the first
 * seed: both are for `make soak`.
 */
#include "cache_model.h"

const char unit_name[] = "cache model";

static void
random_entry(struct sts_entry *e)
{
	memset(e, 0, sizeof *e);
	e->kind = (uint8_t)(draw(4) > 0 ? STS_KIND_POLICY : 2 + draw(3));
	e->mode = (uint8_t)(draw(2) > 0 ? STS_MODE_ENFORCE : draw(2));
	e->max_age_s = draw(20) > 0 ? 1 + draw(60 * DAY) : draw(2);
	e->fetched_s =
	    draw(8) > 0 ? m.now_s - draw(20 * DAY) : m.now_s + draw(9 * DAY);
	e->check_s = m.now_s + draw(7200) - 3600;
	e->refresh_s = draw(3) > 0 ? m.now_s + draw(DAY) - DAY / 2 : 0;
	e->checked_s = draw(UINT32_MAX);
	e->retry_s = draw(UINT32_MAX);
	e->failed_id = draw(UINT32_MAX);
	e->failures = (uint8_t)draw(256);
	e->why = (uint8_t)draw(STS_WHY_COUNT);
	e->mx_count = (uint16_t)draw(65536);
	e->asked_day = (uint16_t)draw(65536);
}

static void
op_stage(void)
{
	unsigned i = draw(STAGES);
	struct rec *r;
	bool ok;

	if (m.staged[i] != NULL) {
		return;
	}
	r = unused();
	r->domain = draw(DOMAINS);
	ok = sts_cache_stage(&m.c, &m.stages[i], domain_of(r));
	if (make_room()) {
		r->state = STAGED;
		model_write(r, strlen(m.name[r->domain]), false);
	}
	if (r->state == UNUSED || r->failed != 0) {
		r->state = UNUSED;
		WANT(!ok);
		return;
	}
	WANT(ok);
	r->ref = m.stages[i].head;
	m.staged[i] = r;
}

static void
op_append(void)
{
	static uint8_t bytes[PAYLOAD_MAX];
	unsigned i = draw(STAGES);
	struct rec *r = m.staged[i];
	uint32_t n = draw(8) > 0 ? draw(90) : draw(900);
	uint32_t len;
	bool ok;

	if (r == NULL) {
		return;
	}
	len = r->len;
	n = min32(n, PAYLOAD_MAX - len);
	for (uint32_t k = 0; k < n; k++) {
		bytes[k] = (uint8_t)draw(256);
	}
	ok = sts_cache_append(&m.c, &m.stages[i], bytes, n);
	memcpy(r->payload + len, bytes, n);
	model_write(r, n, true);
	WANT(ok == (r->failed == 0));
}

static void
model_commit(struct rec *r, enum sts_admission got)
{
	struct rec *old = live(r->domain);
	uint32_t old_chunks = 0, before = m.released, own;
	enum sts_admission want = (enum sts_admission)r->failed;

	if (r->failed != 0) {
		if (r->failed == STS_REFUSED_LARGE && old != NULL &&
		    r->e.kind == STS_KIND_POLICY) {
			m.stale = m.stale || old->saved;
			forget(old);
		}
		r->state = UNUSED;
	} else {
		if (old != NULL) {
			old_chunks =
			    old->class == STS_CLASS_ENFORCE ? chunks(old) : 0;
			r->saved = old->saved;
			forget(old);
		}
		r->unsaved = r->e.kind == STS_KIND_POLICY;
		own = min32(m.released - before, chunks(r));
		m.released -= own;
		r->state = LIVE;
		r->class = STS_CLASS_COUNT;
		r->class = class_of(r, old_chunks);
		want = r->class == STS_CLASS_GUEST ? admit(r, old_chunks)
						   : STS_ADMITTED;
		m.released += r->class == STS_CLASS_ENFORCE ? 0 : own;
		if (m.expires && r->e.fetched_s > m.now_s) {
			r->e.fetched_s = m.now_s;
		}
		r->used = ++m.uses;
	}
	m.refused += want != STS_ADMITTED;
	WANT(got == want);
}

static void
op_commit(void)
{
	unsigned i = draw(STAGES);
	struct rec *r = m.staged[i];
	enum sts_admission got;
	struct rec *old;
	sts_ref ref = 77;

	if (r == NULL) {
		return;
	}
	random_entry(&r->e);
	old = live(r->domain);
	if (old != NULL && enforces(old)) {
		r->e.kind = STS_KIND_POLICY;
	}
	got = sts_cache_commit(
	    &m.c, &m.stages[i], &r->e, sts_now(m.now_s, m.expires), &ref);
	WANT(ref == (r->failed == 0 ? r->ref : 0));
	model_commit(r, got);
	m.staged[i] = NULL;
}

static void
op_abandon(void)
{
	unsigned i = draw(STAGES);

	if (m.staged[i] != NULL) {
		m.staged[i]->state = UNUSED;
		m.staged[i] = NULL;
	}
	sts_cache_abandon(&m.c, &m.stages[i]);
}

static void
op_set(void)
{
	struct rec *r = any_live();
	struct sts_entry e;

	if (r == NULL) {
		return;
	}
	random_entry(&e);
	e.kind = r->e.kind;
	e.mode = r->e.mode;
	sts_cache_set(&m.c, r->ref, &e, sts_now(m.now_s, m.expires));
	r->unsaved = r->unsaved || (e.kind == STS_KIND_POLICY &&
				       (e.fetched_s != r->e.fetched_s ||
					   e.max_age_s != r->e.max_age_s));
	r->e = e;
	settle(r);
}

static void
op_touch(void)
{
	struct rec *r = any_live();

	if (r != NULL) {
		sts_cache_touch(&m.c, r->ref);
		r->used = ++m.uses;
	}
}

static void
op_pin(void)
{
	struct rec *r = any_live();

	if (r != NULL) {
		sts_cache_pin(&m.c, r->ref);
		r->pins++;
	}
}

static void
op_unpin(void)
{
	unsigned start = draw(RECORDS);

	for (unsigned i = 0; i < RECORDS; i++) {
		struct rec *r = &m.recs[(start + i) % RECORDS];

		if (r->state == UNUSED || r->pins == 0) {
			continue;
		}
		sts_cache_unpin(&m.c, r->ref);
		if (--r->pins == 0) {
			r->used = ++m.uses;
			r->state = r->state == DETACHED ? UNUSED : r->state;
		}
		return;
	}
}

static void
op_remove(void)
{
	struct rec *r = any_live();

	if (r != NULL) {
		sts_cache_remove(&m.c, r->ref);
		forget(r);
	}
}

static bool
is_due(const struct rec *r)
{
	return r->e.kind == STS_KIND_POLICY && r->e.refresh_s != 0 &&
	       (r->e.refresh_s <= m.now_s ||
		   (int64_t)r->e.refresh_s - m.now_s > DAY);
}

/* What the sweep does to one record. Returns true if it stops there. */
static bool
model_visit(struct rec *r)
{
	bool policy = r->e.kind == STS_KIND_POLICY;
	int64_t over = (int64_t)m.now_s - r->e.check_s;
	uint64_t end = (uint64_t)r->e.fetched_s + r->e.max_age_s + 30 * DAY;

	if (policy ? m.expires && end < m.now_s : over > 3600 || over < -DAY) {
		forget(r);
		return false;
	}
	bool late = is_due(r) && !r->e.lapsed &&
		    sts_entry_expired(&r->e, m.now_s + 6 * 3600);

	settle(r);
	return late;
}

static sts_ref
model_sweep(uint32_t steps)
{
	for (; steps > 0; steps--) {
		m.hand = m.hand % m.n + 1;
		for (unsigned i = 0; i < RECORDS; i++) {
			struct rec *r = &m.recs[i];

			if (r->state == LIVE && r->ref == m.hand) {
				if (model_visit(r)) {
					return r->ref;
				}
				break;
			}
		}
	}
	return 0;
}

static void
op_sweep(void)
{
	uint32_t steps = 1 + draw(20);

	WANT(sts_cache_sweep(&m.c, steps, sts_now(m.now_s, m.expires)) ==
	     model_sweep(steps));
}

static sts_ref
model_turn(uint32_t steps)
{
	for (; steps > 0; steps--) {
		m.turn = m.turn % m.n + 1;
		for (unsigned i = 0; i < RECORDS; i++) {
			const struct rec *r = &m.recs[i];

			if (r->state == LIVE && r->ref == m.turn && is_due(r)) {
				return r->ref;
			}
		}
	}
	return 0;
}

static void
op_turn(void)
{
	uint32_t steps = 1 + draw(20);

	WANT(sts_cache_turn(&m.c, steps, m.now_s) == model_turn(steps));
}

static void
op_time(void)
{
	uint32_t how = draw(20);

	if (how < 15) {
		m.now_s += draw(DAY);
	} else if (how < 18) {
		m.expires = draw(3) > 0;
	} else if (how == 18) {
		m.now_s += draw(100 * DAY);
	} else if (m.now_s > 3000 * DAY) {
		m.now_s -= draw(100 * DAY);
	}
}

/* The journal takes some of the records that are to be saved, and is seldom at
 * rest. */
static void
op_save(void)
{
	struct rec *r = any_live();
	bool all = draw(40) == 0;

	for (unsigned i = 0; all && i < RECORDS; i++) {
		struct rec *o = &m.recs[i];

		if (o->state == LIVE && o->unsaved) {
			sts_cache_saved(&m.c, o->ref);
			o->saved = true;
			o->unsaved = false;
		}
	}
	if (all) {
		sts_cache_rewrite(&m.c);
		sts_cache_all_saved(&m.c);
		m.stale = false;
		m.released = 0;
	} else if (r != NULL && r->unsaved) {
		sts_cache_saved(&m.c, r->ref);
		r->saved = true;
		r->unsaved = false;
	}
}

static void
verify_record(const struct rec *r)
{
	uint8_t got[PAYLOAD_MAX], name[STS_NAME_MAX];
	struct sts_entry e;
	size_t off = draw(r->len + 2);

	WANT(sts_text_is(sts_text(name, sts_cache_domain(&m.c, r->ref, name)),
	    m.name[r->domain]));
	WANT(sts_cache_payload_len(&m.c, r->ref) == r->len);
	WANT(sts_cache_read(&m.c, r->ref, 0, got, sizeof got) == r->len);
	WANT(r->len == 0 || memcmp(got, r->payload, r->len) == 0);
	WANT(sts_cache_read(&m.c, r->ref, off, got, 7) ==
	     (off > r->len ? 0 : min32(7, r->len - (uint32_t)off)));
	WANT(off >= r->len || got[0] == r->payload[off]);
	if (r->state != STAGED) {
		sts_cache_get(&m.c, r->ref, &e);
		WANT(e.kind == r->e.kind);
		WANT(memcmp(&e, &r->e, sizeof e) == 0);
	}
	if (r->state == LIVE) {
		WANT(sts_cache_protected(&m.c, r->ref) ==
		     (r->class == STS_CLASS_ENFORCE));
		WANT(sts_cache_is_unsaved(&m.c, r->ref) == r->unsaved);
	}
}

static void
verify_stats(void)
{
	struct sts_cache_stats s;
	uint32_t by_class[STS_CLASS_COUNT] = { 0 };
	uint32_t protected = 0, records = 0, unsaved = 0;

	for (unsigned i = 0; i < RECORDS; i++) {
		const struct rec *r = &m.recs[i];

		if (r->state == LIVE) {
			records++;
			unsaved += r->unsaved;
			by_class[r->class]++;
			protected +=
			    r->class == STS_CLASS_ENFORCE ? chunks(r) : 0;
		}
	}
	sts_cache_stats(&m.c, &s);
	WANT(s.records == records);
	WANT(s.expired == by_class[STS_CLASS_EXPIRED]);
	WANT(s.other == by_class[STS_CLASS_OTHER]);
	WANT(s.none == by_class[STS_CLASS_NONE]);
	WANT(s.testing == by_class[STS_CLASS_TESTING]);
	WANT(s.guests == by_class[STS_CLASS_GUEST]);
	WANT(s.enforce == by_class[STS_CLASS_ENFORCE]);
	WANT(s.chunks == m.n);
	WANT(s.chunks_free == count_free());
	WANT(s.chunks_protected == protected);
	WANT(s.chunks_staged == count_chunks(STAGED));
	WANT(s.refused == m.refused);
	WANT(s.evicted == m.evicted);
	WANT(sts_cache_unsaved_count(&m.c) == unsaved);
	WANT(sts_cache_stale(&m.c) == m.stale);
	WANT(m.c.released == m.released);
}

static void
verify(bool all)
{
	sts_ref want[DOMAINS] = { 0 };

	/* The cost of a check grows with the cache, and most damage would stay
	 * in it. */
	WANT((!all && m.n > 200 && m.op % 16 != 0) || sts_cache_check(&m.c));
	for (unsigned i = 0; i < RECORDS; i++) {
		const struct rec *r = &m.recs[i];

		if (r->state == LIVE) {
			want[r->domain] = r->ref;
		}
		if (r->state != UNUSED && (all || draw(64) == 0)) {
			verify_record(r);
		}
	}
	/* sts_cache_check covers that the index holds each record. */
	for (unsigned i = all ? 0 : draw(16); i < DOMAINS; i += all ? 1 : 16) {
		WANT(sts_cache_find(&m.c, unit_span(m.name[i])) == want[i]);
	}
	verify_stats();
}

static const struct {
	void (*run)(void);
	unsigned weight;
} ops[] = {
	{ op_stage, 12 },
	{ op_append, 24 },
	{ op_commit, 12 },
	{ op_abandon, 1 },
	{ op_set, 4 },
	{ op_touch, 6 },
	{ op_pin, 2 },
	{ op_unpin, 2 },
	{ op_remove, 1 },
	{ op_sweep, 4 },
	{ op_turn, 2 },
	{ op_time, 2 },
	{ op_save, 6 },
};

static void
op_random(void)
{
	unsigned total = 0, pick;

	for (unsigned i = 0; i < UNIT_COUNT(ops); i++) {
		total += ops[i].weight;
	}
	pick = draw(total);
	for (unsigned i = 0; i < UNIT_COUNT(ops); i++) {
		if (pick < ops[i].weight) {
			ops[i].run();
			return;
		}
		pick -= ops[i].weight;
	}
}

static void
begin(uint64_t seed, size_t size)
{
	memset(&m, 0, sizeof m);
	m.random = seed;
	m.seed = (unsigned long)seed;
	m.now_s = 1800000000;
	m.expires = true;
	for (unsigned i = 0; i < sizeof m.key; i++) {
		m.key[i] = (uint8_t)draw(256);
	}
	for (unsigned i = 0; i < DOMAINS; i++) {
		int pad = (int)(draw(4) > 0 ? 1 + draw(12) : 1 + draw(60));
		unsigned org = draw(ORGS);

		snprintf(m.name[i], sizeof m.name[i], "d%u.%.*s.%.*s.org%u.%s",
		    i, pad,
		    "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
		    "aa",
		    pad,
		    "bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb"
		    "bb",
		    org, org % 2 ? "co.uk" : "example");
		m.org[i] =
		    (uint32_t)(sts_siphash(m.key,
				   sts_organisation(unit_span(m.name[i]))) >>
			       32) %
		    STS_CACHE_ORGS;
	}
	sts_cache_init(&m.c, m.block, size, m.key);
	m.n = m.c.chunks.count;
}

START_TEST(cache_and_model_agree)
{
	static const size_t sizes[] = { 4096, 4100, 8192, 16384, 40001,
		BLOCK_MAX };
	const char *ops_text = getenv("STS_CACHE_OPS");
	const char *seed_text = getenv("STS_CACHE_SEED");
	unsigned long left = ops_text ? strtoul(ops_text, NULL, 10) : 200000;
	unsigned long seed = seed_text ? strtoul(seed_text, NULL, 10) : 1;

	for (unsigned round = 0; left > 0; round++, seed++) {
		unsigned long n = left < SLICE ? left : SLICE;

		begin(seed, sizes[round % UNIT_COUNT(sizes)]);
		for (unsigned long i = 0; i < n; i++) {
			m.op = i;
			op_random();
			verify(i % 256 == 0);
		}
		left -= n;
	}
}
END_TEST

void
unit_tests(TCase *tc)
{
	tcase_add_test(tc, cache_and_model_agree);
}
