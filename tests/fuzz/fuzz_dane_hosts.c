/* SPDX-License-Identifier: MIT */
/*
 * Plays name servers to core/dane/dane_hosts. The first octet chooses how far
 * to look and whether records are kept. Then each question takes an octet:
 *
 *	0 SERVFAIL   1 no answer   2 truncated (over TCP: as 4 and more)
 *	3 NXDOMAIN   4.. flags (AD is 0x20), a count of answers, a length and so
 *	many octets that follow the question
 *
 * Whatever comes, the search ends in time with a consistent result: hosts
 * within their limits and none of them pending, names that are names, records
 * that can be read and are usable, and without any AD bit no DANE at all.
 */
#include <stdlib.h>
#include <string.h>

#include "../../core/base/name.h"
#include "../../core/dane/dane_hosts.h"

#define CHECK(x) ((x) ? (void)0 : abort())

enum {
	BUFFER = STS_DNS_BUFFER_MIN,
	STEPS_MAX = 20000,
	AD = 0x20
};

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct peer {
	struct sts_dane_hosts d;
	struct sts_dane_records records;
	const uint8_t *p;
	size_t n;
	sts_ms now, began;
	bool authentic; /* some answer had the AD bit */
	bool stream[STS_DANE_LEGS], open[STS_DANE_LEGS], asked[STS_DANE_LEGS];
	bool lent[STS_DANE_LEGS];
	uint8_t query[STS_DANE_LEGS][512];
	size_t query_len[STS_DANE_LEGS];
	uint8_t scratch[STS_SCRATCH_SIZE];
	uint8_t buffer[STS_DANE_LEGS][BUFFER];
};

static unsigned
octet(struct peer *p)
{
	if (p->n == 0) {
		return 1;
	}
	p->n--;
	return *p->p++;
}

static void
receive(struct peer *p, unsigned i, const uint8_t *bytes, size_t n)
{
	struct sts_leg *leg = &p->d.leg[i];

	while (n > 0 && sts_leg_wants(leg) == STS_WANT_RECV) {
		struct sts_span at = sts_leg_recv_buf(
		    leg, sts_span(p->scratch, sizeof p->scratch));
		size_t used = n < at.n ? n : at.n;

		memcpy(at.p, bytes, used);
		sts_dane_leg_ops.recv_ack(leg, sts_span(at.p, used));
		bytes += used;
		n -= used;
		if (!p->stream[i]) {
			return;
		}
	}
}

/* Header and question of an answer to leg i's query. */
static size_t
begin_answer(struct peer *p, unsigned i, uint8_t *m)
{
	const uint8_t *q = p->query[i];
	size_t end = 12;

	while (q[end] != 0) {
		end += 1U + q[end];
	}
	end += 5;
	memcpy(m, q, end);
	memset(m + 6, 0, 6);
	m[2] = 0x81;
	m[3] = 0x80;
	return end;
}

static void
answer(struct peer *p, unsigned i)
{
	static uint8_t m[2 + 1024];
	uint8_t *at = m + 2;
	unsigned what = octet(p);
	size_t n, more;

	if (what == 1) {
		return;
	}
	n = begin_answer(p, i, at);
	if (what == 0) {
		at[3] |= 2;
	} else if (what == 3) {
		at[3] |= 3 | AD;
		p->authentic = true;
	} else if (what == 2 && !p->stream[i]) {
		at[2] |= 2;
	} else {
		at[3] |= (uint8_t)(octet(p) & AD);
		p->authentic = p->authentic || (at[3] & AD) != 0;
		at[7] = (uint8_t)(octet(p) & 31);
		more = octet(p);
		more = more < p->n ? more : p->n;
		memcpy(at + n, p->p, more);
		p->p += more;
		p->n -= more;
		n += more;
	}
	sts_put16be(m, (uint16_t)n);
	receive(p, i, p->stream[i] ? m : at, p->stream[i] ? n + 2 : n);
}

static void
send_query(struct peer *p, unsigned i)
{
	struct sts_leg *leg = &p->d.leg[i];
	struct sts_text q =
	    sts_leg_send_buf(leg, sts_span(p->scratch, sizeof p->scratch));
	size_t skip = p->stream[i] ? 2 : 0;

	CHECK(q.n > skip && q.n - skip <= sizeof p->query[i]);
	memcpy(p->query[i], q.p + skip, q.n - skip);
	sts_leg_send_ack(leg, q.n);
	answer(p, i);
}

static bool
step(struct peer *p, unsigned i)
{
	struct sts_leg *leg = &p->d.leg[i];

	sts_leg_tick(leg, p->now, 0);
	switch (sts_leg_wants(leg)) {
	case STS_WANT_DGRAM:
	case STS_WANT_STREAM:
		CHECK(!p->open[i]);
		p->stream[i] = sts_leg_wants(leg) == STS_WANT_STREAM;
		p->open[i] = true;
		sts_leg_opened(leg);
		return true;
	case STS_WANT_SEND:
		CHECK(p->open[i]);
		send_query(p, i);
		return true;
	case STS_WANT_CLOSE:
		CHECK(p->open[i]);
		p->open[i] = false;
		sts_leg_lost(leg, STS_IO_CLOSED);
		return true;
	case STS_WANT_OWNER:
		sts_dane_hosts_ops.child(&p->d, i);
		return true;
	default:
		return false;
	}
}

static bool
step_buffers(struct peer *p)
{
	uint8_t *buf = sts_legs_spare_buffer(&p->d.legs);

	for (unsigned i = 0; i < STS_DANE_LEGS; i++) {
		if (buf == p->buffer[i]) {
			p->lent[i] = false;
			return true;
		}
		if (buf == NULL && !p->lent[i] &&
		    sts_legs_need_buffer(&p->d.legs)) {
			p->lent[i] = true;
			CHECK(sts_legs_lend(&p->d.legs, p->buffer[i], BUFFER));
			return true;
		}
	}
	return false;
}

static void
pass_time(struct peer *p)
{
	sts_ms at, next = 0;
	bool any = sts_dane_hosts_ops.deadline(&p->d, &next);

	for (unsigned i = 0; i < STS_DANE_LEGS; i++) {
		if (sts_leg_deadline(&p->d.leg[i], &at)) {
			next = any ? sts_earlier(next, at) : at;
			any = true;
		}
	}
	CHECK(any);
	p->now = sts_before(p->now, next) ? next : p->now + 1;
}

static void
gather(struct peer *p)
{
	struct sts_dane_hosts *d = &p->d;

	for (unsigned steps = 0; d->state != STS_DANE_HOSTS_DONE; steps++) {
		bool moved = false;

		CHECK(steps < STEPS_MAX);
		sts_dane_hosts_ops.tick(d, p->now, 0);
		while (sts_dane_hosts_ops.stirred(d) >= 0) {
		}
		for (unsigned i = 0; i < STS_DANE_LEGS; i++) {
			moved = step(p, i) || moved;
		}
		if (!step_buffers(p) && !moved &&
		    d->state != STS_DANE_HOSTS_DONE) {
			pass_time(p);
		}
	}
	while (step_buffers(p)) {
	}
	CHECK(p->now - p->began <= STS_DANE_GATHER_MS);
}

static void
check_host(struct peer *p, unsigned i, bool kept)
{
	struct sts_dane_hosts *d = &p->d;
	const struct sts_dane_mail_host *h = &d->host[i];
	struct sts_text packed;
	struct sts_tlsa t;
	unsigned count = 0;

	CHECK(sts_name_valid(sts_dane_hosts_name(d, i)));
	CHECK(h->state != STS_DANE_HOST_PENDING);
	CHECK((h->state == STS_DANE_HOST_UNKNOWN) == (h->why != STS_WHY_NONE));
	if (!kept) {
		return;
	}
	packed = sts_dane_hosts_records(d, i);
	while (sts_dane_record_next(&packed, &t)) {
		CHECK(sts_tlsa_usable(&t));
		count++;
	}
	CHECK(packed.n == 0);
	CHECK(h->state != STS_DANE_HOST_USABLE || count > 0);
	CHECK(sts_dane_hosts_base(d, i).n > 0);
	CHECK(sts_dane_order(d, i) < d->host_count);
}

static void
check(struct peer *p, bool kept)
{
	struct sts_dane_count count;
	enum sts_dane_level level = sts_dane_hosts_level(&p->d, &count);

	CHECK(level != STS_DANE_PENDING);
	CHECK(p->d.host_count <= STS_DANE_HOSTS_MAX);
	CHECK(p->authentic ||
	      (level != STS_DANE_ONLY && level != STS_DANE_PARTIAL));
	CHECK(level != STS_DANE_ONLY || !p->d.more);
	for (unsigned i = 0; i < p->d.host_count; i++) {
		check_host(p, i, kept);
	}
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const uint8_t rnd[STS_DANE_RND] = { 5 };
	static struct peer p;
	struct sts_dns_servers servers;
	unsigned how;

	memset(&p, 0, sizeof p);
	memset(&servers, 0, sizeof servers);
	servers.count = 1;
	servers.addr[0].af = STS_AF_INET;
	servers.addr[0].port = 53;
	servers.trusted[0] = true;
	p.p = data;
	p.n = size;
	how = octet(&p);
	p.now = p.began = (sts_ms)0xfffff000U;
	sts_dane_hosts_init(&p.d, NULL);
	sts_dane_hosts_begin(&p.d, sts_text((const uint8_t *)"d.test", 6),
	    &servers, (enum sts_dane_depth)(how % 3), p.now, rnd);
	if (how >= 128) {
		sts_dane_hosts_record(&p.d, &p.records);
	}
	gather(&p);
	check(&p, how >= 128);
	sts_dane_hosts_end(&p.d);
	return 0;
}
