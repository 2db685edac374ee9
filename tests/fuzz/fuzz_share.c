/* SPDX-License-Identifier: MIT */
/*
 * core/share: a server that sends any octets to a gateway, which asks it for a
 * record, deletes one and publishes one. Whatever comes, only what the fleet has
 * sealed is a record, no step spins, what another server is named by is a text,
 * and when the connection is over no stage and no pin is left in the cache.
 *
 * The first octet of an input has options; the rest is what the server sends, a
 * part for each connection, with an octet ff between two parts.
 */
#include <string.h>

#include "../../core/base/assert.h"
#include "../../core/share/share.h"

#define CHECK(c) STS_ASSERT(c)

enum {
	WALL_S = 1800000000,
	OF_SENTINEL = 1, /* options */
	OF_DATABASE = 2,
	PART_END = 0xff,
	STEPS_MAX = 1 << 20,
	PASS_MS = 5000
};

static struct {
	struct sts_share share;
	struct sts_share_setup setup;
	struct sts_dns_servers servers;
	struct sts_dns_health health;
	struct sts_cache cache;
	uint64_t block[1 << 11];
	sts_ref held;
	sts_ms now;
	size_t step; /* octets that come at once */
	bool open[STS_SHARE_CONNS];
	struct sts_text part,
	    rest; /* octets of this connection, of later ones */
} w;

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static struct sts_text
text_of(const char *s)
{
	return sts_text((const uint8_t *)s, strlen(s));
}

/* Hold a policy, to be published. */
static void
hold(void)
{
	struct sts_entry e = { .kind = STS_KIND_POLICY,
		.mode = STS_MODE_ENFORCE,
		.fetched_s = WALL_S,
		.max_age_s = 86400,
		.mx_count = 1 };
	struct sts_stage stage;
	bool staged = sts_cache_stage(&w.cache, &stage, text_of("e.f"));

	CHECK(staged);
	staged = sts_payload_begin(&w.cache, &stage, text_of("1"));
	CHECK(staged);
	staged = sts_payload_add_mx(&w.cache, &stage, text_of("mx.e.f"));
	CHECK(staged);
	sts_cache_commit(&w.cache, &stage, &e, sts_now(WALL_S, true), &w.held);
	CHECK(w.held != 0);
}

static void
begin(unsigned options)
{
	static const uint8_t key[STS_SIPHASH_KEY] = { 1 };
	static const size_t steps[] = { 1, 7, STS_SHARE_IN };

	memset(&w, 0, sizeof w);
	w.now = 1000;
	w.step = steps[options / 4 % 3];
	sts_cache_init(&w.cache, (uint8_t *)w.block, sizeof w.block, key);
	hold();
	sts_dns_health_init(&w.health);
	sts_share_init(&w.share, NULL, NULL, &w.health, &w.cache);
	w.setup.server_count = 1;
	w.setup.server[0].addr.af = STS_AF_INET;
	w.setup.server[0].port = 6379;
	w.setup.db = (options & OF_DATABASE) != 0;
	w.setup.wait_ms = 150;
	w.setup.keys.count = 1;
	memcpy(w.setup.prefix, "p", 2);
	memset(w.setup.keys.key, 42, sizeof w.setup.keys.key);
	if ((options & OF_SENTINEL) != 0) {
		memcpy(w.setup.master, "m", 2);
	}
	sts_share_use(&w.share, &w.setup, &w.servers, w.now);
}

/* The next connection gets the next part. */
static void
next_part(void)
{
	size_t n = 0;

	while (n < w.rest.n && w.rest.p[n] != PART_END) {
		n++;
	}
	w.part = sts_text(w.rest.p, n);
	n += n < w.rest.n;
	w.rest = sts_text(w.rest.p + n, w.rest.n - n);
}

static void
receive(struct sts_share_conn *c)
{
	struct sts_span room =
	    sts_share_conn_ops.recv_buf(c, sts_span(NULL, 0));
	size_t n = room.n < w.step ? room.n : w.step;

	n = n < w.part.n ? n : w.part.n;
	memcpy(room.p, w.part.p, n);
	w.part = sts_text(w.part.p + n, w.part.n - n);
	sts_share_conn_ops.recv_ack(c, sts_span(room.p, n));
}

/* Do what a connection wants. False: that is nothing now. */
static bool
serve(unsigned i)
{
	const struct sts_engine_ops *ops = &sts_share_conn_ops;
	struct sts_share_conn *c = &w.share.conn[i];
	unsigned wants;

	ops->tick(c, w.now, WALL_S);
	wants = ops->wants(c);
	if ((wants & STS_WANT_OWNER) != 0) {
		sts_share_ops.child(&w.share, STS_SHARE_LEGS + i);
	} else if ((wants & STS_WANT_CLOSE) != 0) {
		w.open[i] = false;
		ops->lost(c, STS_IO_CLOSED);
	} else if ((wants & STS_WANT_STREAM) != 0 && !w.open[i]) {
		w.open[i] = true;
		next_part();
		ops->opened(c);
	} else if ((wants & STS_WANT_SEND) != 0) {
		ops->send_ack(c, ops->send_buf(c, sts_span(NULL, 0)).n);
	} else if ((wants & STS_WANT_WORK) != 0) {
		ops->work(c);
	} else if ((wants & STS_WANT_RECV) != 0 && w.part.n > 0) {
		receive(c);
	} else {
		return false;
	}
	return true;
}

/* Act as the agent does. */
static void
own(void)
{
	static const uint8_t rnd[STS_SHARE_RND] = { 1 };
	unsigned news = sts_share_take_news(&w.share);
	struct sts_entry e;

	if ((news & STS_SHARE_NEWS_RANDOM) != 0) {
		sts_share_seed(&w.share, rnd);
	}
	if ((news & STS_SHARE_NEWS_UP) != 0) {
		(void)sts_share_get(&w.share, text_of("a.b"));
		sts_share_delete(&w.share, text_of("c.d"));
	}
	if (sts_share_may_set(&w.share) && (news & STS_SHARE_NEWS_ROOM) != 0) {
		sts_cache_get(&w.cache, w.held, &e);
		sts_share_set(
		    &w.share, text_of("e.f"), &e, w.held, 1000, false);
	}
	if (sts_share_result(&w.share) != STS_SHARE_NOTHING) {
		CHECK(sts_share_result(&w.share) != STS_SHARE_RECORD);
		CHECK(sts_share_stage(&w.share) == NULL);
		sts_share_done(&w.share);
	}
	if (w.share.moved) {
		CHECK(w.share.target.host[0] != '\0');
	}
}

/* No name server is configured, so that questions for addresses end at once. */
static bool
serve_leg(unsigned i)
{
	if ((sts_share_leg_ops.wants(&w.share.leg[i]) & STS_WANT_OWNER) == 0) {
		return false;
	}
	sts_share_ops.child(&w.share, i);
	return true;
}

static void
settle(void)
{
	bool more = true;

	for (unsigned steps = 0; more; steps++) {
		CHECK(steps < STEPS_MAX);
		more = false;
		sts_share_ops.tick(&w.share, w.now, WALL_S);
		for (unsigned i = 0; i < STS_SHARE_LEGS; i++) {
			more = serve_leg(i) || more;
		}
		for (unsigned i = 0; i < STS_SHARE_CONNS; i++) {
			more = serve(i) || more;
		}
		if ((sts_share_ops.wants(&w.share) & STS_WANT_OWNER) != 0) {
			own();
			more = true;
		}
		while (sts_share_ops.stirred(&w.share) >= 0) {
		}
	}
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	sts_ms at, end;

	if (size == 0) {
		return 0;
	}
	begin(data[0]);
	w.rest = sts_text(data + 1, size - 1);
	end = w.now + PASS_MS;
	settle();
	while (sts_share_ops.deadline(&w.share, &at) && sts_before(at, end)) {
		w.now = sts_before(w.now, at) ? at : w.now + 1;
		settle();
	}
	sts_share_use(&w.share, NULL, NULL, w.now);
	settle();
	CHECK(w.share.state == STS_SHARE_OFF);
	CHECK(sts_cache_check(&w.cache));
	return 0;
}
