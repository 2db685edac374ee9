/* SPDX-License-Identifier: MIT */
/*
 * The mail hosts of one domain, gathered: the composite. dane_hosts.h draws its
 * states. It asks for the MX records, gives the hosts that they list
 * (dane_list.c) to a few workers (dane_steps.c), and ends when no host waits
 * any more, or when the time is over.
 *
 * Invariants: a host is PENDING exactly while it has a worker or waits for one;
 * a worker without a host has idle legs; worker w has the legs 2w and 2w + 1.
 */
#include <string.h>

#include "../base/assert.h"
#include "dane_list.h"
#include "dane_steps.h"

STS_STATIC_ASSERT(STS_DANE_AT_ONCE >= 1 && STS_DANE_AT_ONCE <= 4, four_at_most);
STS_STATIC_ASSERT(
    STS_DANE_HOSTS_MAX >= 1 && STS_DANE_HOSTS_MAX <= 255, hosts_fit);
STS_STATIC_ASSERT(
    STS_DANE_NAMES >= STS_NAME_MAX && STS_DANE_NAMES <= 65535, names_fit);
STS_STATIC_ASSERT(STS_DNS_RND == 16, two_hashes_a_question);

/* Whether a worker has the host. */
static bool
has_worker(const struct sts_dane_hosts *d, unsigned host)
{
	for (unsigned i = 0; i < STS_DANE_AT_ONCE; i++) {
		if (d->worker[i].step != STS_DANE_FREE &&
		    d->worker[i].host == host) {
			return true;
		}
	}
	return false;
}

/* The next host that waits, or host_count. */
static unsigned
waiting_host(const struct sts_dane_hosts *d)
{
	unsigned i = 0;

	while (
	    i < d->host_count &&
	    (d->host[i].state != STS_DANE_HOST_PENDING || has_worker(d, i))) {
		i++;
	}
	return i;
}

/* Stop asking. If our shortage cost more time than may be given back, the
 * domain has not had its own: hosts still pending are BUSY. */
static void
end_gathering(struct sts_dane_hosts *d)
{
	enum sts_why why = sts_dane_hosts_given_ms(d) < STS_DNS_OURS_MS
			       ? STS_WHY_DNS_TIMEOUT
			       : STS_WHY_BUSY;

	for (unsigned i = 0; i < d->host_count; i++) {
		if (d->host[i].state == STS_DANE_HOST_PENDING) {
			d->host[i].state = STS_DANE_HOST_UNKNOWN;
			d->host[i].why = (uint8_t)why;
		}
	}
	if (d->mx == STS_DANE_MX_PENDING) {
		d->mx = STS_DANE_MX_UNKNOWN;
		d->mx_why = (uint8_t)why;
	}
	for (unsigned i = 0; i < STS_DANE_LEGS; i++) {
		sts_leg_stop(&d->legs, i);
	}
	d->state = STS_DANE_HOSTS_ENDING;
	if (!sts_legs_busy(&d->legs)) {
		sts_legs_rest(&d->legs);
		d->state = STS_DANE_HOSTS_DONE;
	}
}

/* Give free workers the hosts that wait. */
static void
go_on(struct sts_dane_hosts *d)
{
	bool busy = false;

	for (unsigned i = 0; i < STS_DANE_AT_ONCE; i++) {
		unsigned host = waiting_host(d);

		if (d->worker[i].step == STS_DANE_FREE &&
		    host < d->host_count) {
			sts_dane_steps_begin(d, &d->worker[i], host);
		}
		busy = busy || d->worker[i].step != STS_DANE_FREE;
	}
	if (!busy) {
		end_gathering(d);
	}
}

/* Look at none of the hosts. A mail client still needs their list. */
static void
pass_over_hosts(struct sts_dane_hosts *d)
{
	if (d->records == NULL) {
		d->host_count = 0;
	}
	for (unsigned i = 0; i < d->host_count; i++) {
		d->host[i].state = STS_DANE_HOST_NONE;
	}
}

/* The MX question is over (RFC 7672 2.2.1). */
static void
judge_mx(struct sts_dane_hosts *d, const struct sts_upstream *up)
{
	switch (sts_upstream_result(up)) {
	case STS_FOUND: /* take_mx has read it */
		sts_dane_steps_note_ttl(d, up);
		break;
	case STS_ABSENT:
		sts_dane_steps_note_ttl(d, up);
		d->mx_why = (uint8_t)sts_upstream_why(up);
		d->mx = STS_DANE_MX_NONE;
		if (d->mx_why == STS_WHY_DNS_NODATA) {
			/* RFC 5321 5.1: the domain itself is the host. */
			d->mx = sts_dane_secure(up) ? STS_DANE_MX_SECURE
						    : STS_DANE_MX_INSECURE;
			d->implicit = true;
			d->mx_why = STS_WHY_NONE;
			sts_dane_list_add(d, sts_dane_hosts_domain(d), 0);
		}
		break;
	default:
		d->mx = STS_DANE_MX_UNKNOWN;
		d->mx_why = (uint8_t)sts_upstream_why(up);
		break;
	}
	if ((d->mx == STS_DANE_MX_SECURE &&
		d->depth >= STS_DANE_DEPTH_SECURE) ||
	    (d->mx == STS_DANE_MX_INSECURE && d->depth >= STS_DANE_DEPTH_ALL)) {
		d->state = STS_DANE_HOSTS_HOSTS;
		go_on(d);
	} else {
		pass_over_hosts(d);
		end_gathering(d);
	}
}

static unsigned
hosts_wants(const void *e)
{
	const struct sts_dane_hosts *d = e;

	return d->state == STS_DANE_HOSTS_DONE || sts_legs_want_owner(&d->legs)
		   ? STS_WANT_OWNER
		   : 0;
}

static bool
is_gathering(const struct sts_dane_hosts *d)
{
	return d->state == STS_DANE_HOSTS_MX ||
	       d->state == STS_DANE_HOSTS_HOSTS;
}

static void
hosts_tick(void *e, sts_ms now, int64_t wall_s)
{
	struct sts_dane_hosts *d = e;

	(void)wall_s;
	d->now = now;
	if (!is_gathering(d) || sts_before(now, d->until)) {
		return;
	}
	d->until = d->began + STS_DANE_GATHER_MS + sts_dane_hosts_given_ms(d);
	if (!sts_before(now, d->until)) {
		end_gathering(d);
	}
}

static bool
hosts_deadline(const void *e, sts_ms *at)
{
	const struct sts_dane_hosts *d = e;

	if (is_gathering(d)) {
		*at = d->until;
	}
	return is_gathering(d);
}

/* Leg i wanted its owner. If it is over, its answer was read when it came
 * (take_found), and what follows from the result is next. */
static void
hosts_child(void *e, unsigned i)
{
	struct sts_dane_hosts *d = e;

	if (!sts_leg_over(&d->legs, i)) {
		return;
	}
	d->ours_ms += sts_upstream_ours_ms(&d->leg[i].up, d->now);
	switch ((enum sts_dane_hosts_state)d->state) {
	case STS_DANE_HOSTS_MX:
		judge_mx(d, &d->leg[i].up);
		break;
	case STS_DANE_HOSTS_HOSTS:
		if (sts_dane_steps_go_on(d, i)) {
			go_on(d);
		}
		break;
	case STS_DANE_HOSTS_ENDING:
		end_gathering(d);
		break;
	default:
		STS_ASSERT(false);
	}
}

static int
hosts_stirred(void *e)
{
	return sts_legs_stirred(&((struct sts_dane_hosts *)e)->legs);
}

/* An answer has become FOUND: read it, as its octets are lent for this call. */
static void
take_found(struct sts_dane_hosts *d, struct sts_leg *leg)
{
	if (d->state == STS_DANE_HOSTS_MX) {
		sts_dane_list_take(d, &leg->up);
	} else {
		sts_dane_steps_found(
		    d, &d->worker[(leg - d->leg) / 2], &leg->up);
	}
}

static void
leg_recv_ack(void *e, struct sts_span got)
{
	struct sts_leg *leg = e;
	struct sts_dns_piece piece;

	sts_upstream_recv_ack(&leg->up, got);
	if (sts_upstream_result(&leg->up) == STS_FOUND) {
		take_found(leg->owner, leg); /* it is held whole */
		return;
	}
	/* Addresses that are read as they come are not kept: only their being
	 * there counts. */
	while (sts_upstream_next(&leg->up, &piece)) {
	}
}

const struct sts_engine_ops sts_dane_hosts_ops = {
	.wants = hosts_wants,
	.tick = hosts_tick,
	.deadline = hosts_deadline,
	.child = hosts_child,
	.stirred = hosts_stirred,
};

const struct sts_engine_ops sts_dane_leg_ops = STS_LEG_OPS(leg_recv_ack);

void
sts_dane_hosts_init(struct sts_dane_hosts *d, struct sts_dns_health *health)
{
	memset(d, 0, sizeof *d);
	d->health = health;
	sts_legs_init(&d->legs, d->leg, STS_DANE_LEGS, d);
}

static void
take_servers(struct sts_dane_hosts *d, const struct sts_dns_servers *servers,
    bool trusted_only)
{
	d->servers.count = 0;
	for (unsigned i = 0; i < servers->count; i++) {
		unsigned n = d->servers.count;

		if (servers->trusted[i] || !trusted_only) {
			d->servers.addr[n] = servers->addr[i];
			d->servers.trusted[n] = servers->trusted[i];
			d->servers.count++;
		}
	}
}

void
sts_dane_hosts_begin(struct sts_dane_hosts *d, struct sts_text domain,
    const struct sts_dns_servers *servers, enum sts_dane_depth depth,
    sts_ms now, const uint8_t rnd[STS_DANE_RND])
{
	STS_ASSERT(d->state == STS_DANE_HOSTS_IDLE);
	STS_ASSERT(domain.n > 0 && domain.n <= STS_NAME_MAX);
	/* With DEPTH_MX all servers are asked, trusted or not, as nothing
	 * depends on AD. */
	take_servers(d, servers, depth != STS_DANE_DEPTH_MX);
	memcpy(d->rnd, rnd, sizeof d->rnd);
	memcpy(d->domain, domain.p, domain.n);
	d->domain_len = (uint8_t)domain.n;
	d->mx = STS_DANE_MX_PENDING;
	d->mx_why = STS_WHY_NONE;
	d->implicit = d->more = false;
	d->host_count = 0;
	d->names_len = 0;
	d->ttl_s = STS_DNS_TTL_MAX_S;
	d->questions = 0;
	d->depth = (uint8_t)depth;
	d->records = NULL;
	d->nexthop_len = 0;
	memset(d->worker, 0, sizeof d->worker);
	d->now = d->began = now;
	d->ours_ms = 0;
	d->until = now + STS_DANE_GATHER_MS;
	d->state = STS_DANE_HOSTS_MX;
	sts_dane_steps_ask(
	    d, 0, sts_text(NULL, 0), sts_dane_hosts_domain(d), STS_DNS_MX);
}

void
sts_dane_hosts_record(struct sts_dane_hosts *d, struct sts_dane_records *r)
{
	STS_ASSERT(d->state == STS_DANE_HOSTS_MX);
	STS_ASSERT(d->host_count == 0);
	r->len = 0;
	d->records = r;
}

void
sts_dane_hosts_keep(struct sts_dane_hosts *d)
{
	STS_ASSERT(d->state == STS_DANE_HOSTS_DONE);
	d->state = STS_DANE_HOSTS_KEPT;
}

void
sts_dane_hosts_end(struct sts_dane_hosts *d)
{
	STS_ASSERT(
	    d->state == STS_DANE_HOSTS_DONE || d->state == STS_DANE_HOSTS_KEPT);
	STS_ASSERT(!sts_legs_want_owner(&d->legs));
	d->state = STS_DANE_HOSTS_IDLE;
}

enum sts_dane_level
sts_dane_hosts_level(
    const struct sts_dane_hosts *d, struct sts_dane_count *count)
{
	memset(count, 0, sizeof *count);
	for (unsigned i = 0; i < d->host_count; i++) {
		count->host[d->host[i].state]++;
	}
	count->more = d->more;
	return sts_dane_level((enum sts_dane_mx)d->mx, count);
}
