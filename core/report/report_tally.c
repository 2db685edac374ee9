/* SPDX-License-Identifier: MIT */
/*
 * The tally: it admits domains, displaces others, and counts their sessions.
 *	block:   chunks | index | shares | filter
 *	index    buckets of domains by the keyed hash of their names
 *	shares   chunks of each organisation, by hash: some share one
 *	filter   64 bits for each organisation, by hash
 *
 * Invariants (sts_tally_check): every chunk is free or in one record; every
 * domain is in one bucket and one list; the shares add up to the chunks that
 * are used; failing domains are in the lists of such.
 */
#include <string.h>

#include "../base/assert.h"
#include "../base/crc32.h"
#include "../cache/organisation.h"
#include "report_private.h"

enum {
	SHARES_MAX = 1024,
	SHARE_MIN = 24, /* chunks: one failing domain, in any block */
	PART = 16, /* reserve and share: a 16th of the chunks */
	RECORDS_MAX = 16, /* of a domain, in a day: each is a report */
	STEP =
	    256 /* chunks that are given in a call, a domain's last ones aside */
};

/* The largest power of two up to n, at least 2. */
static uint32_t
power_of_two(size_t n)
{
	uint32_t p = 2;

	while (p <= n / 2) {
		p *= 2;
	}
	return p;
}

void
sts_tally_empty(struct sts_tally *t)
{
	memset(t->chunks.bytes, 0, (size_t)t->chunks.used * STS_CHUNK_SIZE);
	sts_chunks_init(&t->chunks, t->chunks.bytes, t->chunks.count);
	memset(t->index, 0, 4 * (size_t)t->index_count);
	memset(t->shares, 0, 4 * (size_t)t->shares_count);
	memset(t->filter, 0, 8 * (size_t)t->filter_count);
	memset(t->lists, 0, sizeof t->lists);
	memset(t->days, 0, sizeof t->days);
	memset(t->domains, 0, sizeof t->domains);
	t->refused = false;
	t->today = 0;
	t->removals++;
	t->changes++;
}

void
sts_tally_init(struct sts_tally *t, uint8_t *block, size_t size,
    const struct sts_tally_config *config)
{
	size_t units = size / STS_CHUNK_SIZE, tables;

	STS_ASSERT(size >= STS_TALLY_SIZE_MIN && size <= UINT32_C(1) << 30);
	STS_ASSERT(config->failures_max >= 1 && config->failures_max <= 1024);
	memset(t, 0, sizeof *t);
	t->config = *config;
	t->index_count = power_of_two(units / 4);
	t->shares_count = power_of_two(units / PART);
	if (t->shares_count > SHARES_MAX) {
		t->shares_count = SHARES_MAX;
	}
	t->filter_count = power_of_two(units / 32);
	tables = 4 * (size_t)t->index_count + 4 * (size_t)t->shares_count +
		 8 * (size_t)t->filter_count;
	t->chunks.bytes = block;
	t->chunks.count = (uint32_t)((size - tables) / STS_CHUNK_SIZE);
	t->index = block + (size_t)t->chunks.count * STS_CHUNK_SIZE;
	t->shares = t->index + 4 * (size_t)t->index_count;
	t->filter = t->shares + 4 * (size_t)t->shares_count;
	sts_tally_empty(t);
}

/* A 16th of the chunks: the reserve that newcomers leave to admitted domains,
 * and the most that one organisation may have. */
static uint32_t
sixteenth(const struct sts_tally *t)
{
	return t->chunks.count / PART;
}

/* The reserve in force; none while a snapshot is loaded, since its domains were
 * admitted before. */
static uint32_t
reserve(const struct sts_tally *t)
{
	return t->restoring ? 0 : sixteenth(t);
}

static uint32_t
share_max(const struct sts_tally *t)
{
	return sixteenth(t) > SHARE_MIN ? sixteenth(t) : SHARE_MIN;
}

static uint8_t *
share(const struct sts_tally *t, struct sts_text name)
{
	uint32_t h = tally_hash(t, sts_organisation(name));

	return t->shares + 4 * (size_t)(h & (t->shares_count - 1));
}

static void
charge(struct sts_tally *t, struct sts_text name, uint32_t chunks)
{
	uint8_t *s = share(t, name);

	sts_put32le(s, sts_get32le(s) + chunks);
}

static bool
has_share(const struct sts_tally *t, struct sts_text name, uint32_t more)
{
	return !t->restoring &&
	       sts_get32le(share(t, name)) + more > share_max(t);
}

/* The octet and bit of the filter that a name has, `which` of two. */
static uint8_t *
filter_bit(const struct sts_tally *t, struct sts_text name, unsigned which,
    uint8_t *mask)
{
	uint32_t org = tally_hash(t, sts_organisation(name));
	uint32_t own = tally_hash(t, name) >> (which == 0 ? 20 : 26) & 63;

	*mask = (uint8_t)(1U << (own & 7));
	return t->filter + 8 * (size_t)(org >> 8 & (t->filter_count - 1)) +
	       (own >> 3);
}

static void
refuse(struct sts_tally *t, struct sts_text name)
{
	for (unsigned i = 0; i < 2; i++) {
		uint8_t mask, *p = filter_bit(t, name, i, &mask);

		*p |= mask;
	}
	t->refused = true;
}

static bool
was_refused(const struct sts_tally *t, struct sts_text name)
{
	bool all = t->refused;

	for (unsigned i = 0; i < 2 && all; i++) {
		uint8_t mask;

		all = (*filter_bit(t, name, i, &mask) & mask) != 0;
	}
	return all;
}

/* The three kinds of records: where key and content begin. */
static const struct shape {
	uint8_t tag, key, key_len, content;
} shape_domain = { TAG_DOMAIN, D_KEY, D_CONTENT - D_KEY, D_CONTENT },
  shape_policy = { TAG_POLICY, P_KEY, P_CONTENT - P_KEY, P_CONTENT },
  shape_failure = { TAG_FAILURE, F_KEY, F_CONTENT - F_KEY, F_CONTENT };

/* A record to find or make. */
struct record {
	const struct shape *shape;
	struct sts_text content;
	/* Octets at the end of key and content that are not compared. */
	uint8_t key_rest, content_rest;
	uint8_t key[STS_CHUNK_SIZE]; /* from the chunk's beginning */
};

/* Chunks that a record takes. */
static uint32_t
needed(const struct record *r)
{
	size_t first = (size_t)STS_CHUNK_SIZE - r->shape->content;

	return r->content.n <= first ? 1
				     : sts_chunks_needed(r->content.n - first);
}

/* Find the record in the list that begins at `ref`; 0: it is not there. */
static uint32_t
find(const struct sts_tally *t, uint32_t ref, const struct record *r)
{
	const struct shape *s = r->shape;
	struct sts_text text =
	    sts_text(r->content.p, r->content.n - r->content_rest);

	while (ref != 0) {
		const uint8_t *p = sts_chunk(&t->chunks, ref);

		if (memcmp(p + s->key, r->key + s->key,
			(size_t)s->key_len - r->key_rest) == 0 &&
		    sts_tally_same(t,
			sts_tally_part(t, ref, s->content, 0, text.n), text)) {
			break;
		}
		ref = sts_get32le(p + LINK);
	}
	return ref;
}

static uint32_t
take_chunk(struct sts_tally *t, uint8_t tag)
{
	uint32_t chunk = sts_chunks_take(&t->chunks, tag);

	STS_ASSERT(chunk != 0);
	return chunk;
}

/* Make a record, for the organisation of `name`; there are enough free
 * chunks. */
static uint32_t
make(struct sts_tally *t, struct sts_text name, const struct record *r)
{
	const struct shape *s = r->shape;
	uint32_t head = take_chunk(t, s->tag), last = head;
	size_t off = s->content;
	struct sts_text rest = r->content;

	memcpy(
	    sts_chunk(&t->chunks, head) + s->key, r->key + s->key, s->key_len);
	charge(t, name, needed(r));
	while (rest.n > 0) {
		size_t n = rest.n < STS_CHUNK_SIZE - off ? rest.n
							 : STS_CHUNK_SIZE - off;

		memcpy(sts_chunk(&t->chunks, last) + off, rest.p, n);
		rest = sts_text(rest.p + n, rest.n - n);
		if (rest.n > 0) {
			uint32_t body = take_chunk(t, STS_CHUNK_BODY);

			tally_put32(t, last, STS_CHUNK_NEXT, body);
			last = body;
			off = STS_CHUNK_DATA;
		}
	}
	return head;
}

static uint8_t
get8(const struct sts_tally *t, uint32_t ref, unsigned off)
{
	return sts_chunk(&t->chunks, ref)[off];
}

static void
put8(struct sts_tally *t, uint32_t ref, unsigned off, uint8_t v)
{
	sts_chunk(&t->chunks, ref)[off] = v;
}

static struct sts_text
name_of(const struct sts_tally *t, uint32_t ref, uint8_t out[STS_NAME_MAX])
{
	return sts_tally_copy(t,
	    sts_tally_part(t, ref, D_CONTENT, 0, get8(t, ref, D_NAME_LEN)), out,
	    STS_NAME_MAX);
}

/* Describe the event's domain, of a slot. Name and record are one text. */
static void
of_domain(struct record *r, unsigned slot, const struct sts_report_event *e)
{
	r->shape = &shape_domain;
	r->content = sts_event_domain(e);
	r->content.n += e->record_len;
	r->key_rest = r->content_rest = 0;
	sts_put32le(r->key + D_SUM, sts_crc32(0, sts_event_record(e)));
	r->key[D_SLOT] = (uint8_t)slot;
	r->key[D_NAME_LEN] = (uint8_t)e->domain_len;
	sts_put16le(r->key + D_RECORD_LEN, e->record_len);
}

/*
 * Describe the event's policy. Its domain is not kept if it is the report's.
 * Merged: policies of any strings are one record under a fixed sum, so that a
 * snapshot keeps it apart from a policy without strings. Domain and strings are
 * one text.
 */
static void
of_policy(struct record *r, const struct sts_report_event *e, bool merged)
{
	struct sts_text domain = sts_event_policy_domain(e);

	if (sts_text_same(domain, sts_event_domain(e))) {
		domain = sts_text(domain.p + domain.n, 0);
	}
	r->shape = &shape_policy;
	r->key_rest = r->content_rest = 0;
	sts_put32le(r->key + P_SUM, merged ? UINT32_MAX : e->policy_sum);
	r->key[P_TYPE] = (uint8_t)e->type;
	r->key[P_MERGED] = merged;
	r->key[P_DOMAIN_LEN] = (uint8_t)domain.n;
	sts_put16le(r->key + P_STRINGS_LEN, merged ? 0 : e->strings_len);
	r->key[P_STRINGS] = merged ? 0 : e->string_count;
	r->key[P_MX] = merged ? 0 : e->mx_count;
	r->content = domain;
	r->content.n += merged ? 0 : (size_t)e->strings_len;
}

/* Describe a failure, which all its texts but HELO distinguish from others;
 * further: only its type does. */
static void
of_failure(struct record *r, const struct sts_report_detail *f, bool further)
{
	r->shape = &shape_failure;
	r->content = sts_text(f->text, 0);
	memset(r->key + F_KEY, 0, (size_t)F_CONTENT - F_KEY);
	r->key[F_FURTHER] = further;
	r->key[F_RESULT] = f->result;
	for (unsigned i = 0; !further && i < STS_REPORT_FIELDS; i++) {
		r->key[F_LENGTHS + i] = f->len[i];
		r->content.n += f->len[i];
	}
	r->key_rest = 1;
	r->content_rest = r->key[F_LENGTHS + STS_REPORT_HELO];
}

static void
list_add(struct sts_tally *t, uint32_t ref)
{
	unsigned slot = get8(t, ref, D_SLOT);
	unsigned failing = get8(t, ref, D_FAILING);
	uint32_t last = t->lists[slot][failing].last;

	tally_put32(t, ref, D_PREV, last);
	tally_put32(t, ref, D_NEXT, 0);
	if (last != 0) {
		tally_put32(t, last, D_NEXT, ref);
	} else {
		t->lists[slot][failing].first = ref;
	}
	t->lists[slot][failing].last = ref;
}

static void
list_remove(struct sts_tally *t, uint32_t ref)
{
	unsigned slot = get8(t, ref, D_SLOT);
	unsigned failing = get8(t, ref, D_FAILING);
	uint32_t prev = tally_get32(t, ref, D_PREV);
	uint32_t next = tally_get32(t, ref, D_NEXT);

	if (prev != 0) {
		tally_put32(t, prev, D_NEXT, next);
	} else {
		t->lists[slot][failing].first = next;
	}
	if (next != 0) {
		tally_put32(t, next, D_PREV, prev);
	} else {
		t->lists[slot][failing].last = prev;
	}
}

static void
index_remove(struct sts_tally *t, struct sts_text name, uint32_t ref)
{
	uint8_t *link = tally_bucket(t, name);

	while (sts_get32le(link) != ref) {
		STS_ASSERT(sts_get32le(link) != 0);
		link = sts_chunk(&t->chunks, sts_get32le(link)) + D_INDEX;
	}
	sts_put32le(link, tally_get32(t, ref, D_INDEX));
}

/* Free the policies and failures of a domain. Returns how many chunks that
 * were. */
static uint32_t
give_policies(struct sts_tally *t, uint32_t ref)
{
	uint32_t policy = tally_get32(t, ref, D_POLICY), given = 0;

	while (policy != 0) {
		uint32_t failure = tally_get32(t, policy, P_FAILURE);
		uint32_t next = tally_get32(t, policy, P_NEXT);

		while (failure != 0) {
			uint32_t after = tally_get32(t, failure, F_NEXT);

			given += sts_chunks_give(&t->chunks, failure);
			failure = after;
		}
		given += sts_chunks_give(&t->chunks, policy);
		policy = next;
	}
	return given;
}

/* Remove a domain; returns the sessions that it had. */
static uint64_t
remove_domain(struct sts_tally *t, uint32_t ref)
{
	uint8_t room[STS_NAME_MAX];
	struct sts_text name = name_of(t, ref, room);
	uint64_t successes, failures;
	unsigned slot = get8(t, ref, D_SLOT);
	uint32_t given;

	sts_tally_totals(t, ref, &successes, &failures);
	list_remove(t, ref);
	index_remove(t, name, ref);
	given = give_policies(t, ref);
	given += sts_chunks_give(&t->chunks, ref);
	charge(t, name, 0U - given);
	if (slot == t->today) {
		refuse(t, name);
	}
	STS_ASSERT(t->domains[slot] > 0);
	t->domains[slot]--;
	t->removals++;
	t->changes++;
	return successes + failures;
}

/* The domain that makes room: the latest of this slot without a failure. */
static uint32_t
victim(const struct sts_tally *t, unsigned slot, uint32_t except)
{
	uint32_t ref = t->lists[slot][0].last;

	while (ref != 0 && (ref == except || get8(t, ref, D_PINS) > 0)) {
		ref = tally_get32(t, ref, D_PREV);
	}
	return ref;
}

/* Displace domains until `want` chunks are free. Returns whether they are. */
static bool
displace(struct sts_tally *t, uint32_t want, uint32_t except)
{
	for (unsigned i = 0; STS_REPORT_ALL && i < STS_TALLY_DAYS; i++) {
		unsigned slot =
		    (unsigned)(t->today + STS_TALLY_DAYS - i) % STS_TALLY_DAYS;
		uint32_t ref = victim(t, slot, except);

		while (t->chunks.free_count < want && ref != 0) {
			t->lost[STS_TALLY_DISPLACED] += remove_domain(t, ref);
			ref = victim(t, slot, except);
		}
	}
	return t->chunks.free_count >= want;
}

static uint32_t
make_domain(struct sts_tally *t, const struct record *r, struct sts_text name,
    bool failing)
{
	uint32_t ref = make(t, name, r);
	uint8_t *head = sts_chunk(&t->chunks, ref),
		*link = tally_bucket(t, name);

	head[D_FAILING] = failing;
	sts_put16le(head + D_BIRTH, (uint16_t)t->removals);
	sts_put32le(head + D_INDEX, sts_get32le(link));
	sts_put32le(link, ref);
	list_add(t, ref);
	t->domains[head[D_SLOT]]++;
	return ref;
}

/* Make room for a newcomer, beside the reserve. If the reserve has shrunk, each
 * newcomer brings back a step of it. */
static bool
make_room(struct sts_tally *t, uint32_t need, bool failing)
{
	uint32_t want = need + reserve(t), step = need + STEP;

	if (t->chunks.free_count >= want) {
		return true;
	}
	if (want - t->chunks.free_count > step) {
		want = t->chunks.free_count + step;
	}
	return failing && !t->restoring && displace(t, want, 0);
}

/* How many domains of that slot and name there are, whatever their records. */
static unsigned
records_of(const struct sts_tally *t, const struct record *domain)
{
	struct record any = *domain;
	unsigned count = 0;
	uint32_t ref;

	any.key_rest = D_CONTENT - D_RECORD;
	any.content.n = any.key[D_NAME_LEN];
	ref = sts_get32le(tally_bucket(t, any.content));
	while ((ref = find(t, ref, &any)) != 0) {
		ref = tally_get32(t, ref, LINK);
		count++;
	}
	return count;
}

/* Whether today's domain stays out: it was refused before, or its name has too
 * many records. */
static bool
stays_out(const struct sts_tally *t, const struct record *domain,
    struct sts_text name)
{
	return !t->restoring &&
	       (was_refused(t, name) || records_of(t, domain) >= RECORDS_MAX);
}

/* Admit a domain that is not in the block with this record. 0: it stays out;
 * *loss is the reason. */
static uint32_t
admit(struct sts_tally *t, const struct record *domain,
    const struct sts_report_event *e, bool failing, enum sts_tally_loss *loss)
{
	struct sts_text name = sts_event_domain(e);
	bool is_today = domain->key[D_SLOT] == t->today;
	struct record policy;
	uint32_t need;

	if (is_today && stays_out(t, domain, name)) {
		*loss = STS_TALLY_REFUSED;
		return 0;
	}
	if (tally_failures_only(t) && !failing && !t->restoring) {
		*loss = STS_TALLY_PASSED;
		return 0;
	}
	of_policy(&policy, e, false);
	need = needed(domain) + needed(&policy);
	*loss = STS_TALLY_SHARE;
	if (!has_share(t, name, need)) {
		if (make_room(t, need, failing)) {
			return make_domain(t, domain, name, failing);
		}
		*loss = STS_TALLY_REFUSED;
	}
	if (is_today) {
		refuse(t, name);
	}
	return 0;
}

/* Append a record to the list that begins at head + first. */
static void
append(struct sts_tally *t, uint32_t head, unsigned first, uint32_t ref)
{
	uint8_t *link = sts_chunk(&t->chunks, head) + first;

	while (sts_get32le(link) != 0) {
		link = sts_chunk(&t->chunks, sts_get32le(link)) + LINK;
	}
	sts_put32le(link, ref);
}

/*
 * Find or make the policy of an admitted domain; 0: there is no room. Beyond
 * STS_REPORT_POLICIES, policies that differ in strings alone are merged; beyond
 * twice as many, also those that differ in domain.
 */
static uint32_t
place_policy(
    struct sts_tally *t, uint32_t domain, const struct sts_report_event *e)
{
	uint32_t first = tally_get32(t, domain, D_POLICY), ref;
	unsigned count = get8(t, domain, D_POLICIES);
	struct sts_text name = sts_event_domain(e);
	struct record r;

	of_policy(&r, e, false);
	ref = find(t, first, &r);
	if (ref == 0 && (count >= STS_REPORT_POLICIES ||
			    (count > 0 && has_share(t, name, 1)) ||
			    !displace(t, needed(&r), domain))) {
		of_policy(&r, e, true);
		if (count >= 2 * STS_REPORT_POLICIES) {
			r.key[P_DOMAIN_LEN] = 0;
			r.content.n = 0;
		}
		ref = find(t, first, &r);
		if (ref == 0 && !displace(t, needed(&r), domain)) {
			return 0;
		}
	}
	if (ref == 0) {
		ref = make(t, name, &r);
		append(t, domain, D_POLICY, ref);
		put8(t, domain, D_POLICIES, (uint8_t)(count + 1));
	}
	return ref;
}

uint32_t
sts_tally_place(struct sts_tally *t, unsigned slot,
    const struct sts_report_event *e, bool failing, uint32_t *domain,
    enum sts_tally_loss *loss)
{
	struct record r;
	uint32_t ref, policy;

	of_domain(&r, slot, e);
	ref = find(t, sts_get32le(tally_bucket(t, sts_event_domain(e))), &r);
	if (ref == 0) {
		ref = admit(t, &r, e, failing, loss);
	}
	*domain = ref;
	if (ref == 0) {
		return 0;
	}
	if (failing && get8(t, ref, D_FAILING) == 0) {
		list_remove(t, ref);
		put8(t, ref, D_FAILING, 1);
		list_add(t, ref);
	}
	policy = place_policy(t, ref, e);
	if (policy == 0) {
		t->lost[STS_TALLY_DISPLACED] += remove_domain(t, ref);
		*domain = 0;
		*loss = STS_TALLY_DISPLACED;
	}
	return policy;
}

/* A counter stays at its highest value. */
static void
add32(struct sts_tally *t, uint32_t ref, unsigned off, uint32_t n)
{
	uint32_t v = tally_get32(t, ref, off);

	tally_put32(t, ref, off, UINT32_MAX - v < n ? UINT32_MAX : v + n);
}

void
sts_tally_count(
    struct sts_tally *t, uint32_t policy, uint32_t successes, uint32_t failures)
{
	add32(t, policy, P_SUCCESSES, successes);
	add32(t, policy, P_FAILURES, failures);
}

/* Whether a failure is kept one by one. */
static bool
fits(const struct sts_tally *t, struct sts_text name, uint32_t policy,
    uint32_t need)
{
	return sts_get16le(sts_chunk(&t->chunks, policy) + P_DETAILS) <
		   t->config.failures_max &&
	       t->chunks.free_count >= need + reserve(t) / 2 &&
	       !has_share(t, name, need);
}

/* Find a failure of a policy, or make it if there is room; 0: there is none. */
static uint32_t
place_failure(struct sts_tally *t, struct sts_text name, uint32_t policy,
    const struct sts_report_detail *f, bool further)
{
	struct record r;
	uint32_t ref;

	of_failure(&r, f, further);
	ref = find(t, tally_get32(t, policy, P_FAILURE), &r);
	if (ref == 0 && (further ? t->chunks.free_count > reserve(t) / 4
				 : fits(t, name, policy, needed(&r)))) {
		uint8_t *details = sts_chunk(&t->chunks, policy) + P_DETAILS;

		ref = make(t, name, &r);
		append(t, policy, P_FAILURE, ref);
		sts_put16le(
		    details, (uint16_t)(sts_get16le(details) + !further));
	}
	return ref;
}

void
sts_tally_fail(struct sts_tally *t, uint32_t domain, uint32_t policy,
    const struct sts_report_detail *f, bool further, uint32_t count)
{
	uint8_t room[STS_NAME_MAX];
	struct sts_text name = name_of(t, domain, room);
	uint32_t ref = further ? 0 : place_failure(t, name, policy, f, false);

	if (ref == 0) {
		t->further += count;
		ref = place_failure(t, name, policy, f, true);
	}
	if (ref != 0) {
		add32(t, ref, F_COUNT, count);
	}
}

/* Give up domains left in a slot, a step of them. Returns whether that was
 * all. */
static bool
give_up(struct sts_tally *t, unsigned slot)
{
	uint32_t most = t->chunks.free_count + STEP, ref;

	while ((ref = sts_tally_next(t, slot, 0)) != 0) {
		if (t->chunks.free_count >= most) {
			return false;
		}
		t->lost[STS_TALLY_UNDELIVERED] += remove_domain(t, ref);
	}
	return true;
}

bool
sts_tally_day(struct sts_tally *t, uint32_t day)
{
	unsigned next = (t->today + 1U) % STS_TALLY_DAYS;

	if (day == STS_TALLY_NO_DAY || day <= t->days[t->today]) {
		return true;
	}
	t->changes++;
	if (t->days[t->today] != STS_TALLY_NO_DAY) {
		if (!give_up(t, next)) {
			return false;
		}
		t->today = (uint8_t)next;
		memset(t->filter, 0, 8 * (size_t)t->filter_count);
		t->refused = false;
	}
	t->days[t->today] = day;
	return true;
}

bool
sts_tally_add(
    struct sts_tally *t, uint32_t day, const struct sts_report_event *e)
{
	bool failing = e->failed || e->failure_count > 0;
	enum sts_tally_loss loss;
	uint32_t domain, policy;

	(void)sts_tally_day(t, day);
	t->sessions++;
	t->changes++;
	policy = sts_tally_place(t, t->today, e, failing, &domain, &loss);
	if (policy == 0) {
		t->lost[loss]++;
		return false;
	}
	sts_tally_count(t, policy, !e->failed, e->failed);
	for (unsigned i = 0; i < e->failure_count; i++) {
		struct sts_report_detail f = sts_event_detail(e, i);

		sts_tally_fail(t, domain, policy, &f, false, 1);
	}
	t->further += e->failures_cut;
	return true;
}

void
sts_tally_drop(struct sts_tally *t, uint32_t ref, bool delivered)
{
	STS_ASSERT(sts_tally_is(t, ref));
	uint64_t sessions = remove_domain(t, ref);

	if (!delivered) {
		t->lost[STS_TALLY_UNDELIVERED] += sessions;
	}
}
