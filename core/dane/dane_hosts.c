/* SPDX-License-Identifier: MIT */
/*
 * The mail hosts of one domain. A worker takes the next host that is PENDING
 * and goes through these steps; worker w has the legs 2w and 2w + 1:
 *
 *	ADDRESSES --secure--------------------> TLSA_EXPANDED -> TLSA_ORIGINAL
 *	    |                  (no alias) --------------------------^
 *	    +--insecure, an alias--> ALIAS --the CNAME is secure----^
 *
 * Addresses come first because name servers that are broken for TLSA mostly
 * belong to zones that are not signed (RFC 7672 2.2.2). Each step ends in the
 * next or in the host's state. Invariants: a host is PENDING exactly while it
 * has a worker or waits for one; a worker without host has idle legs.
 */
#include <string.h>

#include "../base/assert.h"
#include "dane_hosts.h"

enum step {
	FREE = 0,
	ADDRESSES, /* A and AAAA of the host */
	ALIAS, /* the CNAME at the host's own name */
	TLSA_EXPANDED, /* at the end of the alias chain */
	TLSA_ORIGINAL /* at the host's own name */
};

static const uint8_t tlsa_prefix[] = "_25._tcp";

STS_STATIC_ASSERT(STS_DANE_AT_ONCE >= 1 && STS_DANE_AT_ONCE <= 4, four_at_most);
STS_STATIC_ASSERT(
    STS_DANE_HOSTS_MAX >= 1 && STS_DANE_HOSTS_MAX <= 255, hosts_fit);
STS_STATIC_ASSERT(
    STS_DANE_NAMES >= STS_NAME_MAX && STS_DANE_NAMES <= 65535, names_fit);
STS_STATIC_ASSERT(STS_DNS_RND == 16, two_hashes_a_question);

/* Whether an answer is authenticated. */
static bool
secure(const struct sts_upstream *up)
{
	return sts_upstream_authentic(up);
}

/* Fresh bytes for the next question. Whoever sees the bytes of one question
 * cannot predict the next ones, because the key of SipHash is secret. */
static void
draw(struct sts_dane_hosts *d, uint8_t out[STS_DNS_RND])
{
	for (unsigned half = 0; half < 2; half++) {
		uint8_t n[4];
		uint64_t hash;

		sts_put32be(n, (uint32_t)d->questions << 1 | half);
		hash = sts_siphash(d->rnd, sts_text(n, sizeof n));
		sts_put32be(out + (size_t)8 * half, (uint32_t)(hash >> 32));
		sts_put32be(out + (size_t)8 * half + 4, (uint32_t)hash);
	}
	d->questions++;
}

static void
ask(struct sts_dane_hosts *d, unsigned leg, struct sts_text prefix,
    struct sts_text name, uint16_t type)
{
	struct sts_dns_name_parts parts = { prefix, name };
	uint8_t rnd[STS_DNS_RND];

	draw(d, rnd);
	sts_leg_start(&d->legs, leg, &d->servers, d->health, parts, type,
	    d->now, STS_DANE_QUESTION_MS, rnd);
}

/* An answer counts: the result is kept no longer than the answer's TTL. */
static void
note_ttl(struct sts_dane_hosts *d, const struct sts_upstream *up)
{
	if (sts_upstream_ttl_s(up) < d->ttl_s) {
		d->ttl_s = sts_upstream_ttl_s(up);
	}
}

/* Hosts */

/* The number of the host of this name, or host_count. */
static unsigned
find_host(const struct sts_dane_hosts *d, struct sts_text name)
{
	unsigned i = 0;

	while (i < d->host_count &&
	       !sts_text_same(sts_dane_hosts_name(d, i), name)) {
		i++;
	}
	return i;
}

/* Add a name to the names. False: it has no room. */
static bool
put_name(
    struct sts_dane_hosts *d, struct sts_text name, uint16_t *off, uint8_t *len)
{
	if (name.n > (size_t)(STS_DANE_NAMES - d->names_len)) {
		return false;
	}
	*off = d->names_len;
	*len = (uint8_t)name.n;
	memcpy(d->names + d->names_len, name.p, name.n);
	d->names_len = (uint16_t)(d->names_len + name.n);
	return true;
}

/* Add a host. One that is listed twice counts once, at its better
 * preference. */
static void
add_host(struct sts_dane_hosts *d, struct sts_text name, uint16_t preference)
{
	unsigned i = find_host(d, name);
	struct sts_dane_mail_host *h = &d->host[i];

	if (i < d->host_count) {
		if (preference < h->preference) {
			h->preference = preference;
		}
		return;
	}
	if (d->host_count == STS_DANE_HOSTS_MAX) {
		d->more = true;
		return;
	}
	memset(h, 0, sizeof *h);
	h->preference = preference;
	if (put_name(d, name, &h->name_off, &h->name_len)) {
		d->host_count++;
	} else {
		d->more = true;
	}
}

/* Keep the end of the domain's alias chain: it is a reference name, too. */
static void
take_nexthop(struct sts_dane_hosts *d, const struct sts_dns_answers *it)
{
	struct sts_dns_host end;
	bool aliased;

	if (d->records != NULL && sts_dns_owner(it, &end, &aliased) &&
	    aliased) {
		put_name(d, sts_text(end.name, end.len), &d->nexthop_off,
		    &d->nexthop_len);
	}
}

/*
 * Take the MX records. A root beside other hosts is no host (RFC 7505 3). A
 * name that is no host name to us may be one to the mail server, so it counts
 * as a host that was not looked at.
 */
static void
take_mx(struct sts_dane_hosts *d, const struct sts_upstream *up)
{
	struct sts_dns_answers it;
	struct sts_dns_rr rr;
	struct sts_dns_mx mx;
	bool root = false;

	d->host_count = 0;
	d->names_len = 0;
	d->more = false;
	d->nexthop_len = 0;
	sts_upstream_answers(up, &it);
	take_nexthop(d, &it);
	while (sts_dns_next(&it, &rr)) {
		if (!sts_dns_mx(&it, &rr, &mx)) {
			d->more = true;
		} else if (mx.exchange.len == 0) {
			root = true;
		} else {
			add_host(d, sts_text(mx.exchange.name, mx.exchange.len),
			    mx.preference);
		}
	}
	d->mx = secure(up) ? STS_DANE_MX_SECURE : STS_DANE_MX_INSECURE;
	if (root && d->host_count == 0 && !d->more) {
		d->mx = STS_DANE_MX_NONE;
	}
}

/* Steps of a worker */

static void
end_host(struct sts_dane_hosts *d, struct sts_dane_worker *w,
    enum sts_dane_host state, enum sts_why why)
{
	STS_ASSERT(state != STS_DANE_HOST_PENDING);
	d->host[w->host].state = (uint8_t)state;
	d->host[w->host].why = (uint8_t)why;
	w->step = FREE;
}

static unsigned
leg_of(const struct sts_dane_hosts *d, const struct sts_dane_worker *w)
{
	return 2U * (unsigned)(w - d->worker);
}

static void
ask_tlsa(struct sts_dane_hosts *d, struct sts_dane_worker *w, enum step step)
{
	w->step = (uint8_t)step;
	w->usable = w->unusable = 0;
	ask(d, leg_of(d, w), sts_text(tlsa_prefix, sizeof tlsa_prefix - 1),
	    step == TLSA_EXPANDED ? sts_text(w->expanded.name, w->expanded.len)
				  : sts_dane_hosts_name(d, w->host),
	    STS_DNS_TLSA);
}

/* One of the questions for A and AAAA is over. */
static void
note_addresses(struct sts_dane_hosts *d, struct sts_dane_worker *w,
    const struct sts_upstream *up)
{
	if (sts_upstream_result(up) == STS_UNKNOWN) {
		w->unknown = (uint8_t)sts_why_both(
		    (enum sts_why)w->unknown, sts_upstream_why(up));
		return;
	}
	note_ttl(d, up);
	if (sts_upstream_result(up) == STS_FOUND) {
		w->found = true;
		w->insecure = w->insecure || !secure(up);
	}
}

/*
 * A and AAAA are over (RFC 7672 2.2.2). One address is enough, whatever became
 * of the other family. The host's name may be a signed alias of an unsigned
 * name.
 */
static void
judge_addresses(struct sts_dane_hosts *d, struct sts_dane_worker *w)
{
	if (!w->found && w->unknown != STS_WHY_NONE) {
		end_host(d, w, STS_DANE_HOST_UNKNOWN, (enum sts_why)w->unknown);
	} else if (!w->found) {
		end_host(d, w, STS_DANE_HOST_NO_ADDRESS, STS_WHY_NONE);
	} else if (w->insecure && w->owner_known && !w->aliased) {
		end_host(d, w, STS_DANE_HOST_NONE, STS_WHY_NONE);
	} else if (w->insecure) {
		w->step = ALIAS;
		ask(d, leg_of(d, w), sts_text(NULL, 0),
		    sts_dane_hosts_name(d, w->host), STS_DNS_CNAME);
	} else if (!w->owner_known) {
		end_host(d, w, STS_DANE_HOST_UNKNOWN, STS_WHY_DNS_LARGE);
	} else {
		ask_tlsa(d, w, w->aliased ? TLSA_EXPANDED : TLSA_ORIGINAL);
	}
}

static void
judge_alias(struct sts_dane_hosts *d, struct sts_dane_worker *w,
    const struct sts_upstream *up)
{
	if (sts_upstream_result(up) == STS_UNKNOWN) {
		end_host(d, w, STS_DANE_HOST_UNKNOWN, sts_upstream_why(up));
		return;
	}
	note_ttl(d, up);
	if (sts_upstream_result(up) == STS_FOUND && secure(up)) {
		ask_tlsa(d, w, TLSA_ORIGINAL);
	} else {
		end_host(d, w, STS_DANE_HOST_NONE, STS_WHY_NONE);
	}
}

/* Signed records were found: decide the host's state. */
static void
end_signed(struct sts_dane_hosts *d, struct sts_dane_worker *w)
{
	struct sts_dane_mail_host *h = &d->host[w->host];
	bool room = !w->cut;

	if (w->usable == 0) {
		end_host(d, w, STS_DANE_HOST_UNUSABLE, STS_WHY_NONE);
		return;
	}
	/* This becomes the SNI; an alias may lead to a name that is no
	 * host's. */
	if (d->records != NULL && w->step == TLSA_EXPANDED && room &&
	    sts_name_valid(sts_text(w->expanded.name, w->expanded.len))) {
		room = put_name(d, sts_text(w->expanded.name, w->expanded.len),
		    &h->base_off, &h->base_len);
	}
	if (room) {
		end_host(d, w, STS_DANE_HOST_USABLE, STS_WHY_NONE);
	} else {
		end_host(d, w, STS_DANE_HOST_UNKNOWN, STS_WHY_DNS_LARGE);
	}
}

/* A failure is never "no records", or an attacker could downgrade the host by
 * making look-ups fail (RFC 7672 2.1.3). */
static void
judge_tlsa(struct sts_dane_hosts *d, struct sts_dane_worker *w,
    const struct sts_upstream *up)
{
	if (sts_upstream_result(up) == STS_UNKNOWN) {
		end_host(d, w, STS_DANE_HOST_UNKNOWN, sts_upstream_why(up));
		return;
	}
	note_ttl(d, up);
	if (sts_upstream_result(up) == STS_FOUND && secure(up)) {
		end_signed(d, w);
	} else if (w->step == TLSA_EXPANDED) {
		ask_tlsa(d, w, TLSA_ORIGINAL);
	} else {
		end_host(d, w, STS_DANE_HOST_NONE, STS_WHY_NONE);
	}
}

/* Count a TLSA record of the worker's host, and keep it if it is usable. */
static void
take_record(struct sts_dane_hosts *d, struct sts_dane_worker *w,
    const struct sts_dns_rr *rr)
{
	struct sts_dns_tlsa raw;
	struct sts_tlsa t = { 0 };
	uint8_t *count;
	bool usable;

	if (sts_dns_tlsa(rr, &raw)) {
		t.usage = raw.usage;
		t.selector = raw.selector;
		t.matching = raw.matching;
		t.data = raw.data;
	}
	usable = sts_tlsa_usable(&t);
	count = usable ? &w->usable : &w->unusable;
	*count = (uint8_t)(*count + (*count < UINT8_MAX));
	if (usable && d->records != NULL &&
	    !sts_dane_record_put(d->records, &t)) {
		w->cut = true;
	}
}

/* Take TLSA records; those of an answer that is not authenticated do not
 * count. */
static void
take_tlsa(struct sts_dane_hosts *d, struct sts_dane_worker *w,
    const struct sts_upstream *up)
{
	struct sts_dane_mail_host *h = &d->host[w->host];
	struct sts_dns_answers it;
	struct sts_dns_rr rr;

	w->usable = w->unusable = 0;
	if (!secure(up)) {
		return;
	}
	h->records_off = d->records != NULL ? d->records->len : 0;
	sts_upstream_answers(up, &it);
	while (sts_dns_next(&it, &rr)) {
		take_record(d, w, &rr);
	}
	if (d->records != NULL) {
		h->records_len = (uint16_t)(d->records->len - h->records_off);
	}
}

/* Take the target of a host's alias from an answer with its addresses. */
static void
take_owner(struct sts_dane_worker *w, const struct sts_upstream *up)
{
	struct sts_dns_answers it;
	bool aliased;

	sts_upstream_answers(up, &it);
	if (sts_dns_owner(&it, &w->expanded, &aliased)) {
		w->owner_known = true;
		w->aliased = aliased;
	}
}

static void
begin_host(struct sts_dane_hosts *d, struct sts_dane_worker *w, unsigned host)
{
	struct sts_text name = sts_dane_hosts_name(d, host);
	struct sts_text none = sts_text(NULL, 0);

	memset(w, 0, sizeof *w);
	w->step = ADDRESSES;
	w->host = (uint8_t)host;
	ask(d, leg_of(d, w), none, name, STS_DNS_AAAA);
	ask(d, leg_of(d, w) + 1, none, name, STS_DNS_A);
}

/* Whether a worker has the host. */
static bool
has_worker(const struct sts_dane_hosts *d, unsigned host)
{
	for (unsigned i = 0; i < STS_DANE_AT_ONCE; i++) {
		if (d->worker[i].step != FREE && d->worker[i].host == host) {
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

		if (d->worker[i].step == FREE && host < d->host_count) {
			begin_host(d, &d->worker[i], host);
		}
		busy = busy || d->worker[i].step != FREE;
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
		note_ttl(d, up);
		break;
	case STS_ABSENT:
		note_ttl(d, up);
		d->mx_why = (uint8_t)sts_upstream_why(up);
		d->mx = STS_DANE_MX_NONE;
		if (d->mx_why == STS_WHY_DNS_NODATA) {
			/* RFC 5321 5.1: the domain itself is the host. */
			d->mx = secure(up) ? STS_DANE_MX_SECURE
					   : STS_DANE_MX_INSECURE;
			d->implicit = true;
			d->mx_why = STS_WHY_NONE;
			add_host(d, sts_dane_hosts_domain(d), 0);
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

/* Leg i of a worker is over. */
static void
step(struct sts_dane_hosts *d, unsigned i)
{
	struct sts_dane_worker *w = &d->worker[i / 2];
	const struct sts_upstream *up = &d->leg[i].up;

	switch ((enum step)w->step) {
	case ADDRESSES:
		note_addresses(d, w, up);
		if (d->leg[i ^ 1U].busy) {
			return;
		}
		judge_addresses(d, w);
		break;
	case ALIAS:
		judge_alias(d, w, up);
		break;
	case TLSA_EXPANDED:
	case TLSA_ORIGINAL:
		judge_tlsa(d, w, up);
		break;
	case FREE:
		STS_ASSERT(false);
	}
	if (w->step == FREE) {
		go_on(d);
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
		step(d, i);
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
	struct sts_dane_worker *w = &d->worker[(leg - d->leg) / 2];

	if (d->state == STS_DANE_HOSTS_MX) {
		take_mx(d, &leg->up);
	} else if (w->step == ADDRESSES) {
		take_owner(w, &leg->up);
	} else if (w->step == TLSA_EXPANDED || w->step == TLSA_ORIGINAL) {
		take_tlsa(d, w, &leg->up);
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
	ask(d, 0, sts_text(NULL, 0), sts_dane_hosts_domain(d), STS_DNS_MX);
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

struct sts_text
sts_dane_hosts_domain(const struct sts_dane_hosts *d)
{
	return sts_text(d->domain, d->domain_len);
}

struct sts_text
sts_dane_hosts_name(const struct sts_dane_hosts *d, unsigned i)
{
	STS_ASSERT(i < d->host_count);
	return sts_text(d->names + d->host[i].name_off, d->host[i].name_len);
}

struct sts_text
sts_dane_hosts_base(const struct sts_dane_hosts *d, unsigned i)
{
	STS_ASSERT(i < d->host_count);
	return d->host[i].base_len > 0
		   ? sts_text(
			 d->names + d->host[i].base_off, d->host[i].base_len)
		   : sts_dane_hosts_name(d, i);
}

struct sts_text
sts_dane_hosts_records(const struct sts_dane_hosts *d, unsigned i)
{
	STS_ASSERT(i < d->host_count);
	STS_ASSERT(d->records != NULL);
	return sts_text(
	    d->records->bytes + d->host[i].records_off, d->host[i].records_len);
}

struct sts_text
sts_dane_hosts_nexthop(const struct sts_dane_hosts *d)
{
	return sts_text(d->names + d->nexthop_off, d->nexthop_len);
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
