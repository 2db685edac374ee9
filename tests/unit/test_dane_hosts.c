/* SPDX-License-Identifier: MIT */
/*
 * The mail hosts of a domain, gathered from name servers in memory. A case is a
 * zone in text, with a record in each line:
 *
 *	NAME TYPE STATE [VALUE]
 *
 * STATE: s secure, i insecure, e SERVFAIL (bogus), q no answer at all, x the
 * name does not exist (insecure), t over TCP only (secure), u over TCP only
 * (insecure). A line without a value is NODATA. A name without a line does not
 * exist, securely; a type without a line is secure NODATA. The expected result
 * has the form of show().
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../../core/dane/dane_hosts.h"
#include "../mem/dnspeer.h"
#include "unit.h"

const char unit_name[] = "dane_hosts";

enum {
	LINE = 200,
	BUFFER = 2048,
	STEPS_MAX = 100000
};

struct peer {
	struct sts_dane_hosts d;
	struct sts_dns_servers servers;
	const char *zone;
	sts_ms now;
	bool backwards; /* the last leg is served first */
	bool open[STS_DANE_LEGS], stream[STS_DANE_LEGS];
	struct dnspeer_question q[STS_DANE_LEGS];
	unsigned served[STS_DNS_SERVERS_MAX]; /* questions to each server */
	unsigned open_max; /* the most questions at one time */
	uint8_t scratch[STS_SCRATCH_SIZE];
	uint8_t buffer[STS_DANE_LEGS][BUFFER];
	bool lent[STS_DANE_LEGS];
	bool hoards; /* no buffer is lent before lends_at */
	sts_ms lends_at;
	bool no_ports; /* no port for AAAA and A of hosts until then */
	sts_ms ports_at[2];
};

struct line {
	char name[LINE], type[LINE], value[LINE];
	char state;
};

/* The next line of a zone; NULL: there is none. */
static const char *
next_line(const char *zone, struct line *l)
{
	char copy[LINE] = "";
	size_t n = strcspn(zone, "\n");

	if (*zone == '\0') {
		return NULL;
	}
	ck_assert_uint_lt(n, LINE);
	memcpy(copy, zone, n);
	memset(l, 0, sizeof *l);
	ck_assert_int_ge(sscanf(copy, "%199s %199s %c %199[^\n]", l->name,
			     l->type, &l->state, l->value),
	    3);
	return zone + n + (zone[n] == '\n');
}

/* What the zone has of one name and type. */
struct found {
	unsigned lines, records;
	char state, alias[LINE];
};

static struct found
find(const struct peer *p, const char *name, const char *type, bool *exists)
{
	struct found f = { 0, 0, 's', "" };
	const char *zone = p->zone;
	struct line l;

	while ((zone = next_line(zone, &l)) != NULL) {
		if (strcmp(l.name, name) != 0) {
			continue;
		}
		*exists = *exists || l.state != 'x';
		if (strcmp(l.type, type) == 0) {
			f.lines++;
			f.records += l.value[0] != '\0';
			f.state = l.state;
			snprintf(f.alias, sizeof f.alias, "%s", l.value);
		}
	}
	return f;
}

static void
add(struct dnspeer_answer *a, const struct peer *p, const char *name,
    const char *type)
{
	const char *zone = p->zone;
	struct line l;

	while ((zone = next_line(zone, &l)) != NULL) {
		if (strcmp(l.name, name) == 0 && strcmp(l.type, type) == 0 &&
		    l.value[0] != '\0') {
			ck_assert(dnspeer_add(
			    a, name, dnspeer_type(type), 300, l.value));
		}
	}
}

/* Answer a question. Returns false if it gets no answer. */
static bool
answer(const struct peer *p, const struct dnspeer_question *q, bool tcp,
    struct dnspeer_answer *a)
{
	const char *type = dnspeer_type_name(q->type);
	char name[DNSPEER_NAME];
	bool ad = true, tc = false, exists = false;
	struct found f;

	snprintf(name, sizeof name, "%s", q->name);
	f = find(p, name, type, &exists);
	dnspeer_begin(a, q, 0, false, false);
	for (unsigned hops = 0; hops < 9; hops++) {
		ad = ad && (f.state == 's' || f.state == 't');
		tc = tc || f.state == 't' || f.state == 'u';
		if (f.state == 'e' || f.state == 'q') {
			dnspeer_begin(a, q, 2, false, false);
			return f.state == 'e';
		}
		if (f.lines > 0) {
			break;
		}
		f = find(p, name, "CNAME", &exists);
		ad = ad && f.state == 's';
		if (f.records == 0) {
			break;
		}
		add(a, p, name, "CNAME");
		snprintf(name, sizeof name, "%s", f.alias);
		exists = false;
		f = find(p, name, type, &exists);
	}
	if (tc && !tcp) {
		dnspeer_begin(a, q, 0, true, ad);
		return true;
	}
	a->p[3] = (uint8_t)(a->p[3] | (ad ? 0x20 : 0) | (exists ? 0 : 3));
	if (f.records > 0) {
		add(a, p, name, type);
	} else {
		dnspeer_soa(a, 300);
	}
	return true;
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
			break;
		}
	}
}

static void
serve(struct peer *p, unsigned i)
{
	static struct dnspeer_answer a;
	uint8_t head[2];

	if (!answer(p, &p->q[i], p->stream[i], &a)) {
		return;
	}
	if (p->stream[i]) {
		sts_put16be(head, (uint16_t)a.n);
		receive(p, i, head, sizeof head);
	}
	receive(p, i, a.p, a.n);
}

static void
send_query(struct peer *p, unsigned i)
{
	struct sts_leg *leg = &p->d.leg[i];
	struct sts_text q =
	    sts_leg_send_buf(leg, sts_span(p->scratch, sizeof p->scratch));
	size_t skip = p->stream[i] ? 2 : 0;

	ck_assert_ptr_null(dnspeer_read(&p->q[i], q.p + skip, q.n - skip));
	sts_leg_send_ack(leg, q.n);
	p->served[sts_leg_peer(leg)->port - 5300]++;
	serve(p, i);
}

/* Let leg i do one thing. Returns false if there is nothing to do. */
static bool
step_leg(struct peer *p, unsigned i)
{
	struct sts_leg *leg = &p->d.leg[i];

	sts_leg_tick(leg, p->now, 0);
	switch (sts_leg_wants(leg)) {
	case STS_WANT_DGRAM:
	case STS_WANT_STREAM:
		if (p->no_ports && p->d.state == STS_DANE_HOSTS_HOSTS &&
		    sts_before(p->now, p->ports_at[i % 2])) {
			sts_leg_lost(leg, STS_IO_LIMIT);
			return true;
		}
		p->stream[i] = sts_leg_wants(leg) == STS_WANT_STREAM;
		p->open[i] = true;
		sts_leg_opened(leg);
		return true;
	case STS_WANT_SEND:
		send_query(p, i);
		return true;
	case STS_WANT_CLOSE:
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

/* Lend buffers and take them back, as the agent does. */
static bool
step_buffers(struct peer *p)
{
	uint8_t *buf = sts_legs_spare_buffer(&p->d.legs);

	if (buf == NULL && p->hoards && sts_before(p->now, p->lends_at)) {
		return false;
	}
	for (unsigned i = 0; i < STS_DANE_LEGS; i++) {
		if (buf == p->buffer[i]) {
			ck_assert(p->lent[i]);
			p->lent[i] = false;
			return true;
		}
		if (buf == NULL && !p->lent[i] &&
		    sts_legs_need_buffer(&p->d.legs)) {
			p->lent[i] = true;
			ck_assert(
			    sts_legs_lend(&p->d.legs, p->buffer[i], BUFFER));
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
	ck_assert(any);
	if (p->hoards && sts_before(p->now, p->lends_at)) {
		next = sts_earlier(next, p->lends_at);
	}
	p->now = sts_before(p->now, next) ? next : p->now + 1;
}

/* Go on until the hosts are gathered. */
static void
finish(struct peer *p)
{
	struct sts_dane_hosts *d = &p->d;
	unsigned i, open;

	for (unsigned steps = 0; d->state != STS_DANE_HOSTS_DONE; steps++) {
		bool moved = false;

		ck_assert_uint_lt(steps, STEPS_MAX);
		sts_dane_hosts_ops.tick(d, p->now, 0);
		while (sts_dane_hosts_ops.stirred(d) >= 0) {
		}
		for (i = open = 0; i < STS_DANE_LEGS; i++) {
			moved = step_leg(p,
				    p->backwards ? STS_DANE_LEGS - 1 - i : i) ||
				moved;
			open += p->open[i];
		}
		p->open_max = open > p->open_max ? open : p->open_max;
		if (!step_buffers(p) && !moved &&
		    d->state != STS_DANE_HOSTS_DONE) {
			pass_time(p);
		}
	}
	while (step_buffers(p)) {
	}
	for (i = 0; i < STS_DANE_LEGS; i++) {
		ck_assert(!p->open[i] && !p->lent[i]);
	}
}

static void
gather(struct peer *p, const char *domain, bool insecure_too)
{
	static const uint8_t rnd[STS_DANE_RND] = { 1, 2, 3 };

	sts_dane_hosts_begin(&p->d, unit_span(domain), &p->servers,
	    insecure_too ? STS_DANE_DEPTH_ALL : STS_DANE_DEPTH_SECURE, p->now,
	    rnd);
	finish(p);
}

static const char *
show(const struct peer *p)
{
	static const char *const mx[] = { "pending", "unknown", "none",
		"insecure", "secure" };
	static const char *const host[] = { "pending", "no-address", "unknown",
		"none", "unusable", "usable" };
	static const char *const level[] = { "pending", "NONE", "PARTIAL",
		"ONLY", "UNKNOWN" };
	static char out[4096];
	struct sts_dane_count count;
	int n = snprintf(out, sizeof out, "%s%s", mx[p->d.mx],
	    p->d.implicit ? " implicit" : "");

	for (unsigned i = 0; i < p->d.host_count && i < 6; i++) {
		struct sts_text name = sts_dane_hosts_name(&p->d, i);
		const uint8_t *dot = memchr(name.p, '.', name.n);

		n += snprintf(out + n, sizeof out - (size_t)n, " %.*s=%s",
		    (int)(dot == NULL ? name.n : (size_t)(dot - name.p)),
		    (const char *)name.p, host[p->d.host[i].state]);
	}
	snprintf(out + n, sizeof out - (size_t)n, "%s -> %s",
	    p->d.more ? " more" : "",
	    level[sts_dane_hosts_level(&p->d, &count)]);
	return out;
}

static struct peer *
new_peer(const char *zone)
{
	static struct peer p;

	memset(&p, 0, sizeof p);
	p.zone = zone;
	p.now = (sts_ms)0xfffff000U;
	p.servers.count = 2;
	for (unsigned i = 0; i < 2; i++) {
		p.servers.addr[i].af = STS_AF_INET;
		p.servers.addr[i].port = (uint16_t)(5300 + i);
		p.servers.trusted[i] = i == 1;
	}
	sts_dane_hosts_init(&p.d, NULL);
	return &p;
}

#define A1 "mx1.d A s 192.0.2.1\nmx1.d AAAA s 2001:db8::1\n"
#define A2 "mx2.d A s 192.0.2.2\n"
#define T1 "_25._tcp.mx1.d TLSA s 3 1 1\n"
#define T2 "_25._tcp.mx2.d TLSA s 3 1 1\n"
#define MX1 "d MX s mx1.d\n"
#define MX2 MX1 "d MX s 20 mx2.d\n"

static const struct {
	const char *name, *zone, *want;
	bool insecure_too;
} cases[] = {
	/* MX (RFC 7672 2.2.1; R88, R89, R90). */
	{ "MX bogus", "d MX e\n", "unknown -> UNKNOWN", true },
	{ "MX without answer", "d MX q\n", "unknown -> UNKNOWN", true },
	{ "no such domain", "e MX s\n", "none -> NONE", true },
	{ "no such domain, not authenticated", "d MX x\n", "none -> NONE",
	    true },
	{ "null MX", "d MX s 0 .\n", "none -> NONE", true },
	{ "null MX, not authenticated", "d MX i 0 .\n", "none -> NONE", true },
	{ "null MX beside a host: the host counts", MX1 "d MX s 0 .\n" A1 T1,
	    "secure mx1=usable -> ONLY", true },
	{ "implicit MX, authenticated",
	    "d MX s\nd A s 192.0.2.1\n_25._tcp.d TLSA s 3 1 1\n",
	    "secure implicit d=usable -> ONLY", true },
	{ "implicit MX, not authenticated",
	    "d MX i\nd A s 192.0.2.1\n_25._tcp.d TLSA s 3 1 1\n",
	    "insecure implicit d=usable -> PARTIAL", true },
	{ "implicit MX without address", "d MX s\n",
	    "secure implicit d=no-address -> NONE", true },
	{ "implicit MX of an alias",
	    "d CNAME s e\ne A s 192.0.2.1\n_25._tcp.e TLSA s 3 1 1\n",
	    "secure implicit d=usable -> ONLY", true },
	{ "MX not authenticated, hosts are looked at", "d MX i mx1.d\n" A1 T1,
	    "insecure mx1=usable -> PARTIAL", true },
	{ "MX not authenticated, hosts are not looked at",
	    "d MX i mx1.d\n" A1 T1, "insecure -> NONE", false },
	{ "MX by an alias, secure all the way",
	    "d CNAME s e\ne MX s mx1.d\n" A1 T1, "secure mx1=usable -> ONLY",
	    true },
	{ "MX by an alias that is not authenticated",
	    "d CNAME i e\ne MX s mx1.d\n" A1 T1,
	    "insecure mx1=usable -> PARTIAL", true },
	{ "MX by an alias to a zone that is not signed",
	    "d CNAME s e\ne MX i mx1.d\n" A1 T1,
	    "insecure mx1=usable -> PARTIAL", true },
	{ "MX by TCP", "d MX t mx1.d\n" A1 T1, "secure mx1=usable -> ONLY",
	    true },
	{ "the same host twice", MX1 "d MX s 20 mx1.d\n" A1 T1,
	    "secure mx1=usable -> ONLY", true },
	{ "a host in upper case", "d MX s MX1.D\n" A1 T1,
	    "secure mx1=usable -> ONLY", true },
	{ "an MX that is no host name is not looked at",
	    MX1 "d MX s a_b.d\n" A1 T1, "secure mx1=usable more -> PARTIAL",
	    true },

	{ "a host that is an address is not looked at",
	    MX1 "d MX s 192.0.2.9\n" A1 T1, "secure mx1=usable more -> PARTIAL",
	    true },
	{ "a host with an octet that no host name has",
	    MX1 "d MX s m x.d\n" A1 T1, "secure mx1=usable more -> PARTIAL",
	    true },
	{ "only MX that name no host", "d MX s 192.0.2.9\n",
	    "secure more -> NONE", true },
	{ "a null MX beside an MX that names no host",
	    "d MX s 0 .\nd MX s 192.0.2.9\n", "secure more -> NONE", true },
	{ "MX by an alias that leads to itself", "d CNAME s e\ne CNAME s d\n",
	    "unknown -> UNKNOWN", true },

	/* Addresses (RFC 7672 2.2.2; R91, R92, R93). */
	{ "A only", MX1 "mx1.d A s 192.0.2.1\n" T1, "secure mx1=usable -> ONLY",
	    true },
	{ "AAAA only", MX1 "mx1.d AAAA s 2001:db8::1\n" T1,
	    "secure mx1=usable -> ONLY", true },
	{ "AAAA fails, A is there",
	    MX1 "mx1.d A s 192.0.2.1\nmx1.d AAAA e\n" T1,
	    "secure mx1=usable -> ONLY", true },
	{ "A fails, no AAAA", MX1 "mx1.d A e\n" T1,
	    "secure mx1=unknown -> UNKNOWN", true },
	{ "both fail at one of two", MX2 "mx1.d A q\nmx1.d AAAA q\n" T1 A2 T2,
	    "secure mx1=unknown mx2=usable -> ONLY", true },
	{ "no address at one of two", MX2 T1 A2 T2,
	    "secure mx1=no-address mx2=usable -> ONLY", true },
	{ "addresses not authenticated: TLSA is not asked for",
	    MX1 "mx1.d A i 192.0.2.1\n_25._tcp.mx1.d TLSA e\n",
	    "secure mx1=none -> NONE", true },
	{ "one family not authenticated",
	    MX1 "mx1.d A s 192.0.2.1\nmx1.d AAAA i 2001:db8::1\n" T1,
	    "secure mx1=none -> NONE", true },
	{ "an alias, insecure at its end, secure itself",
	    MX1 "mx1.d CNAME s h.e\nh.e A i 192.0.2.1\n" T1,
	    "secure mx1=usable -> ONLY", true },
	{ "an alias, insecure itself",
	    MX1 "mx1.d CNAME i h.e\nh.e A s 192.0.2.1\n" T1,
	    "secure mx1=none -> NONE", true },
	{ "an insecure alias: TLSA at its end does not count",
	    MX1 "mx1.d CNAME s h.e\nh.e A i 192.0.2.1\n"
		"_25._tcp.h.e TLSA s 3 1 1\n",
	    "secure mx1=none -> NONE", true },

	/* That an address is not there is proved by a signature alone: who forges
	 * it for a zone that is not signed must not hide the signed alias that
	 * leads there, and its records. */
	{ "a secure alias, no address at its end, not authenticated",
	    MX1 "mx1.d CNAME s h.e\nh.e A i\nh.e AAAA i\n" T1,
	    "secure mx1=usable -> ONLY", true },
	{ "a secure alias, its end does not exist, not authenticated",
	    MX1 "mx1.d CNAME s h.e\nh.e A x\nh.e AAAA x\n" T1,
	    "secure mx1=usable -> ONLY", true },
	{ "the same, one family is authenticated",
	    MX1 "mx1.d CNAME s h.e\nh.e A s\nh.e AAAA i\n" T1,
	    "secure mx1=usable -> ONLY", true },
	{ "the same, TLSA fails",
	    MX1 "mx1.d CNAME s h.e\nh.e A i\nh.e AAAA i\n"
		"_25._tcp.mx1.d TLSA e\n",
	    "secure mx1=unknown -> UNKNOWN", true },
	{ "the same, TLSA unusable",
	    MX1 "mx1.d CNAME s h.e\nh.e A i\nh.e AAAA i\n"
		"_25._tcp.mx1.d TLSA s 1 1 1\n",
	    "secure mx1=unusable -> PARTIAL", true },
	{ "the same, no TLSA: the host has no address",
	    MX2 "mx1.d CNAME s h.e\nh.e A i\nh.e AAAA i\n" A2 T2,
	    "secure mx1=no-address mx2=usable -> ONLY", true },
	{ "no address at the end of an alias, authenticated",
	    MX1 "mx1.d CNAME s h.e\nh.e A s\nh.e AAAA s\n" T1,
	    "secure mx1=no-address -> NONE", true },
	{ "an insecure alias, no address at its end",
	    MX1 "mx1.d CNAME i h.e\nh.e A i\nh.e AAAA i\n" T1,
	    "secure mx1=no-address -> NONE", true },
	{ "no address and no alias, not authenticated",
	    MX1 "mx1.d A i\nmx1.d AAAA i\n" T1, "secure mx1=no-address -> NONE",
	    true },

	/* The base domain (RFC 7672 2.2.3). */
	{ "a secure alias, TLSA at its end",
	    MX1 "mx1.d CNAME s h.e\nh.e A s 192.0.2.1\n"
		"_25._tcp.h.e TLSA s 3 1 1\n",
	    "secure mx1=usable -> ONLY", true },
	{ "a name that text cannot express, of the other family, changes "
	  "nothing",
	    MX1 "mx1.d CNAME s h.e\nh.e A s 192.0.2.1\nh.e CNAME s e^x\n"
		"e^x AAAA s 2001:db8::1\n_25._tcp.h.e TLSA s 3 1 1\n",
	    "secure mx1=usable -> ONLY", true },
	{ "a secure alias, TLSA at the name itself",
	    MX1 "mx1.d CNAME s h.e\nh.e A s 192.0.2.1\n" T1,
	    "secure mx1=usable -> ONLY", true },
	{ "records at the end of the alias count, even unusable ones",
	    MX1 "mx1.d CNAME s h.e\nh.e A s 192.0.2.1\n"
		"_25._tcp.h.e TLSA s 1 1 1\n" T1,
	    "secure mx1=unusable -> PARTIAL", true },
	{ "TLSA at the end of the alias bogus: the name itself is not asked "
	  "about",
	    MX1 "mx1.d CNAME s h.e\nh.e A s 192.0.2.1\n"
		"_25._tcp.h.e TLSA e\n" T1,
	    "secure mx1=unknown -> UNKNOWN", true },
	{ "TLSA at the end of the alias insecure: the name itself is asked "
	  "about",
	    MX1 "mx1.d CNAME s h.e\nh.e A s 192.0.2.1\n"
		"_25._tcp.h.e TLSA i 3 1 1\n" T1,
	    "secure mx1=usable -> ONLY", true },
	{ "an alias whose end has a dot in a label: unknown",
	    MX1 "mx1.d CNAME s h^x.e\nh^x.e A s 192.0.2.1\n" T1,
	    "secure mx1=unknown -> UNKNOWN", true },
	{ "an insecure alias whose end has a dot in a label",
	    MX1 "mx1.d CNAME i h^x.e\nh^x.e A s 192.0.2.1\n" T1,
	    "secure mx1=none -> NONE", true },
	{ "a name between is no base",
	    MX1 "mx1.d CNAME s h.e\nh.e CNAME s h.f\nh.f A s 192.0.2.1\n"
		"_25._tcp.h.e TLSA s 3 1 1\n",
	    "secure mx1=none -> NONE", true },

	/* TLSA (R94, R95). */
	{ "no TLSA", MX1 A1, "secure mx1=none -> NONE", true },
	{ "TLSA bogus", MX1 A1 "_25._tcp.mx1.d TLSA e\n",
	    "secure mx1=unknown -> UNKNOWN", true },
	{ "TLSA without answer", MX1 A1 "_25._tcp.mx1.d TLSA q\n",
	    "secure mx1=unknown -> UNKNOWN", true },
	{ "TLSA not authenticated", MX1 A1 "_25._tcp.mx1.d TLSA i 3 1 1\n",
	    "secure mx1=none -> NONE", true },
	{ "TLSA NODATA not authenticated", MX1 A1 "_25._tcp.mx1.d TLSA i\n",
	    "secure mx1=none -> NONE", true },
	{ "TLSA by a secure alias",
	    MX1 A1 "_25._tcp.mx1.d CNAME s t.e\nt.e TLSA s 3 1 1\n",
	    "secure mx1=usable -> ONLY", true },
	{ "TLSA by an alias to a zone that is not signed",
	    MX1 A1 "_25._tcp.mx1.d CNAME s t.e\nt.e TLSA i 3 1 1\n",
	    "secure mx1=none -> NONE", true },
	{ "TLSA of usage 0 and 1 only",
	    MX1 A1 "_25._tcp.mx1.d TLSA s 0 0 1\n_25._tcp.mx1.d TLSA s 1 1 1\n",
	    "secure mx1=unusable -> PARTIAL", true },
	{ "TLSA of a wrong length", MX1 A1 "_25._tcp.mx1.d TLSA s 3 1 1 31\n",
	    "secure mx1=unusable -> PARTIAL", true },
	{ "TLSA too short for its three numbers",
	    MX1 A1 "_25._tcp.mx1.d TLSA s 3 1\n",
	    "secure mx1=unusable -> PARTIAL", true },
	{ "one usable record is enough",
	    MX1 A1 "_25._tcp.mx1.d TLSA s 1 1 1\n" T1,
	    "secure mx1=usable -> ONLY", true },
	{ "3 1 0, a bare key", MX1 A1 "_25._tcp.mx1.d TLSA s 3 1 0\n",
	    "secure mx1=usable -> ONLY", true },
	{ "TLSA by TCP", MX1 A1 "_25._tcp.mx1.d TLSA t 3 1 1\n",
	    "secure mx1=usable -> ONLY", true },
	{ "TLSA larger than any message that is read",
	    MX1 A1 "_25._tcp.mx1.d TLSA t 3 1 0 4000\n" T1,
	    "secure mx1=unknown -> UNKNOWN", true },
	{ "TLSA by an alias that leads to itself",
	    MX1 A1 "_25._tcp.mx1.d CNAME s t.e\nt.e CNAME s _25._tcp.mx1.d\n",
	    "secure mx1=unknown -> UNKNOWN", true },
	{ "a host that is an alias of itself", MX1 "mx1.d CNAME s mx1.d\n" T1,
	    "secure mx1=unknown -> UNKNOWN", true },
	{ "TLSA of another port", MX1 A1 "_465._tcp.mx1.d TLSA s 3 1 1\n",
	    "secure mx1=none -> NONE", true },

	/* Several hosts. */
	{ "both usable", MX2 A1 T1 A2 T2,
	    "secure mx1=usable mx2=usable -> ONLY", true },
	{ "one of two", MX2 A1 T1 A2, "secure mx1=usable mx2=none -> PARTIAL",
	    true },
	{ "one of two bogus", MX2 A1 T1 A2 "_25._tcp.mx2.d TLSA e\n",
	    "secure mx1=usable mx2=unknown -> ONLY", true },
	{ "the better host is bogus, the other has none",
	    MX2 A1 "_25._tcp.mx1.d TLSA e\n" A2,
	    "secure mx1=unknown mx2=none -> PARTIAL", true },
	{ "five hosts",
	    MX2 "d MX s mx3.d\nd MX s mx4.d\nd MX s mx5.d\n" A1 T1 A2 T2
		"mx3.d A s 192.0.2.3\n_25._tcp.mx3.d TLSA s 3 1 1\n"
		"mx4.d A s 192.0.2.4\n_25._tcp.mx4.d TLSA s 2 0 2\n"
		"mx5.d A s 192.0.2.5\n_25._tcp.mx5.d TLSA s 3 0 1\n",
	    "secure mx1=usable mx2=usable mx3=usable mx4=usable mx5=usable "
	    "-> ONLY",
	    true },
};

START_TEST(zones_give_their_hosts_and_level)
{
	for (size_t i = 0; i < UNIT_COUNT(cases); i++) {
		for (int backwards = 0; backwards <= 1; backwards++) {
			struct peer *p = new_peer(cases[i].zone);

			p->backwards = backwards != 0;
			gather(p, "d", cases[i].insecure_too);
			unit_text(
			    cases[i].name, unit_span(show(p)), cases[i].want);
			/* The untrusted server is never asked. */
			unit_int(cases[i].name, p->served[0], 0);
			sts_dane_hosts_end(&p->d);
		}
	}
}
END_TEST

/* Whichever lookups of a domain fail whose hosts all have usable records: the
 * result is dane-only or "try again", and nothing weaker. */
START_TEST(failures_leave_dane_only_or_try_again)
{
	static const char *const lines[] = { "d MX %s\n", "mx1.d A %s\n",
		"mx1.d AAAA %s\n", "mx2.d A %s\n", "mx2.d AAAA %s\n",
		"_25._tcp.mx1.d TLSA %s\n", "_25._tcp.mx2.d TLSA %s\n" };
	static const char *const good[] = { "s mx1.d\nd MX s mx2.d",
		"s 192.0.2.1", "s 2001:db8::1", "s 192.0.2.2", "s 2001:db8::2",
		"s 3 1 1", "s 2 1 1" };
	static const char *const bad[] = { "e", "q" };
	char zone[2000];

	for (unsigned set = 0; set < 1U << UNIT_COUNT(lines); set++) {
		for (unsigned how = 0; how < UNIT_COUNT(bad); how++) {
			struct sts_dane_count count;
			enum sts_dane_level level;
			struct peer *p;
			int n = 0;

			for (unsigned i = 0; i < UNIT_COUNT(lines); i++) {
				n += snprintf(zone + n, sizeof zone - (size_t)n,
				    lines[i],
				    set >> i & 1U ? bad[how] : good[i]);
			}
			p = new_peer(zone);
			gather(p, "d", true);
			level = sts_dane_hosts_level(&p->d, &count);
			unit_int(zone,
			    level == STS_DANE_ONLY || level == STS_DANE_UNKNOWN,
			    1);
			unit_int(zone, level == STS_DANE_ONLY || set != 0, 1);
		}
	}
}
END_TEST

/* A domain with `count` hosts whose names have `len` octets. */
static const char *
many(unsigned count, unsigned len)
{
	static char zone[20000];
	int n = 0;

	for (unsigned i = 0; i < count; i++) {
		n += snprintf(zone + n, sizeof zone - (size_t)n,
		    "d MX s mx%0*u.d\nmx%0*u.d A s 192.0.2.1\n"
		    "_25._tcp.mx%0*u.d TLSA s 3 1 1\n",
		    (int)len - 4, i, (int)len - 4, i, (int)len - 4, i);
	}
	return zone;
}

static const struct {
	const char *name;
	unsigned count, len, looked_at;
	enum sts_dane_level want;
} limits[] = {
	{ "one host less than the limit", STS_DANE_HOSTS_MAX - 1, 6,
	    STS_DANE_HOSTS_MAX - 1, STS_DANE_ONLY },
	{ "as many hosts as the limit", STS_DANE_HOSTS_MAX, 6,
	    STS_DANE_HOSTS_MAX, STS_DANE_ONLY },
	{ "one host more: never all", STS_DANE_HOSTS_MAX + 1, 6,
	    STS_DANE_HOSTS_MAX, STS_DANE_PARTIAL },
	{ "names that fill their room", STS_DANE_HOSTS_MAX,
	    STS_DANE_NAMES / STS_DANE_HOSTS_MAX, STS_DANE_HOSTS_MAX,
	    STS_DANE_ONLY },
	{ "names that do not fit: never all", STS_DANE_HOSTS_MAX,
	    STS_DANE_NAMES / STS_DANE_HOSTS_MAX + 1, STS_DANE_HOSTS_MAX - 1,
	    STS_DANE_PARTIAL },
};

START_TEST(hosts_over_a_limit_are_never_all)
{
	for (size_t i = 0; i < UNIT_COUNT(limits); i++) {
		struct sts_dane_count count;
		struct peer *p = new_peer(many(limits[i].count, limits[i].len));

		gather(p, "d", true);
		unit_int(limits[i].name, p->d.host_count, limits[i].looked_at);
		unit_int(limits[i].name, sts_dane_hosts_level(&p->d, &count),
		    limits[i].want);
		/* As many questions at once as there are legs, and no more. */
		unit_int(limits[i].name, p->open_max, STS_DANE_LEGS);
	}
}
END_TEST

/* R99: without a trusted server nothing is asked, and the result is "cannot
 * tell". */
START_TEST(without_a_trusted_server_nothing_is_asked)
{
	struct peer *p = new_peer(MX1 A1 T1);

	p->servers.trusted[1] = false;
	gather(p, "d", true);
	unit_text(
	    "no trusted server", unit_span(show(p)), "unknown -> UNKNOWN");
	unit_int("reason", p->d.mx_why, STS_WHY_DNS_NO_SERVER);
	unit_int("questions", p->served[0] + p->served[1], 0);
}
END_TEST

/* The probe asks only trusted name servers whether they validate. The answer of
 * another server, which cannot count as authenticated, would cause a false
 * alarm. */
START_TEST(the_probe_asks_trusted_servers_only)
{
	static const uint8_t rnd[STS_DANE_RND];
	struct peer *p = new_peer(MX1 A1 T1);

	sts_dane_hosts_begin(&p->d, unit_span("d"), &p->servers,
	    STS_DANE_DEPTH_PROBE, p->now, rnd);
	finish(p);
	unit_int("MX", p->d.mx, STS_DANE_MX_SECURE);
	unit_int("hosts", p->d.host_count, 0);
	unit_int("questions to the untrusted server", p->served[0], 0);
	unit_int("questions to the trusted server", p->served[1], 1);
}
END_TEST

/* A domain with as many hosts as the limit, all with addresses in `state`. */
static const char *
all_hosts(char state)
{
	static char zone[20000];
	int n = 0;

	for (unsigned i = 0; i < STS_DANE_HOSTS_MAX; i++) {
		n += snprintf(zone + n, sizeof zone - (size_t)n,
		    "d MX s m%u.d\nm%u.d A %c\nm%u.d AAAA %c\n", i, i, state, i,
		    state);
	}
	return zone;
}

/* However many hosts are silent, gathering takes STS_DANE_GATHER_MS at most. */
START_TEST(gathering_ends_in_bounded_time)
{
	struct peer *p = new_peer(all_hosts('q'));
	sts_ms began = p->now;

	gather(p, "d", true);
	ck_assert_uint_le(p->now - began, STS_DANE_GATHER_MS);
	for (unsigned i = 0; i < p->d.host_count; i++) {
		unit_int("host", p->d.host[i].state, STS_DANE_HOST_UNKNOWN);
		unit_int("why", p->d.host[i].why, STS_WHY_DNS_TIMEOUT);
	}
	/* The same struct can be used again. */
	sts_dane_hosts_end(&p->d);
	p->zone = MX1 A1 T1;
	gather(p, "d", true);
	unit_text(
	    "the next domain", unit_span(show(p)), "secure mx1=usable -> ONLY");
	unit_int("TTL", p->d.ttl_s, 300);
	/* Nothing of the domain before is left, not even that it had more hosts
	 * than the limit. */
	sts_dane_hosts_end(&p->d);
	p->zone = "d MX s a_b.d\nd MX s mx1.d\n" A1;
	gather(p, "d", true);
	unit_text("a domain with more hosts", unit_span(show(p)),
	    "secure mx1=none more -> NONE");
	sts_dane_hosts_end(&p->d);
	p->zone = "d MX s\nd A s 192.0.2.1\n_25._tcp.d TLSA s 3 1 1\n";
	gather(p, "d", true);
	unit_text("the domain after it", unit_span(show(p)),
	    "secure implicit d=usable -> ONLY");
}
END_TEST

/*
 * A buffer of ours that comes late or never: the time until then does not count
 * against the domain, and hosts that were not looked up for want of a buffer
 * are BUSY, whatever a server answered about the rest.
 */
static const struct {
	const char *name, *zone;
	uint32_t wait_ms, ms_min, ms_max;
	enum sts_why why; /* of the first host, or of MX */
} short_of_buffers[] = {
	{ "MX late, silent hosts have all their time",
	    "d MX t mx1.d\nd MX t mx2.d\nmx1.d A q\nmx1.d AAAA q\n"
	    "mx2.d A q\nmx2.d AAAA q\n",
	    9000, 19000, 20000, STS_WHY_DNS_TIMEOUT },
	{ "MX never", "d MX t mx1.d\n", 99000, 30000, 30000,
	    STS_WHY_DNS_NO_BUFFER },
	{ "addresses never", MX1 "mx1.d A t 192.0.2.1\nmx1.d AAAA t ::1\n",
	    99000, 30000, 30000, STS_WHY_DNS_NO_BUFFER },
	{ "A never, AAAA fails", MX1 "mx1.d A t 192.0.2.1\nmx1.d AAAA e\n",
	    99000, 30000, 31000, STS_WHY_DNS_NO_BUFFER },
	{ "AAAA never, A fails", MX1 "mx1.d A e\nmx1.d AAAA t ::1\n", 99000,
	    30000, 31000, STS_WHY_DNS_NO_BUFFER },
	{ "AAAA never, A is silent", MX1 "mx1.d A q\nmx1.d AAAA t ::1\n", 99000,
	    30000, 30000, STS_WHY_DNS_NO_BUFFER },
	{ "TLSA never", MX1 A1 "_25._tcp.mx1.d TLSA t 3 1 1\n", 99000, 30000,
	    30000, STS_WHY_DNS_NO_BUFFER },
	{ "TLSA of the base never",
	    MX1 "mx1.d CNAME s h.e\nh.e A s 192.0.2.1\n"
		"_25._tcp.h.e TLSA t 3 1 1\n",
	    99000, 30000, 30000, STS_WHY_DNS_NO_BUFFER },
	{ "AAAA late, then TLSA never",
	    MX1 "mx1.d AAAA t ::1\n_25._tcp.mx1.d TLSA q\n", 25000, 35000,
	    36000, STS_WHY_DNS_TIMEOUT },
};

START_TEST(our_shortage_does_not_count_against_the_domain)
{
	for (unsigned backwards = 0; backwards < 2; backwards++) {
		struct peer *p = new_peer(short_of_buffers[_i].zone);
		const char *name = short_of_buffers[_i].name;
		sts_ms began = p->now;

		p->backwards = backwards != 0;
		p->hoards = true;
		p->lends_at = began + short_of_buffers[_i].wait_ms;
		gather(p, "d", true);
		ck_assert_uint_ge(p->now - began, short_of_buffers[_i].ms_min);
		ck_assert_uint_le(p->now - began, short_of_buffers[_i].ms_max);
		unit_int(name,
		    p->d.mx == STS_DANE_MX_UNKNOWN ? p->d.mx_why
						   : p->d.host[0].why,
		    short_of_buffers[_i].why);
	}
}
END_TEST

/* The same when the failure of the other family comes after our shortage. */
START_TEST(our_shortage_counts_before_a_later_failure)
{
	for (unsigned ours = 0; ours < 2; ours++) {
		struct peer *p = new_peer(MX1 "mx1.d A q\nmx1.d AAAA q\n");
		sts_ms began = p->now;

		p->no_ports = true;
		p->ports_at[ours] = began + 99000;
		p->ports_at[ours ^ 1U] = began + 24500;
		gather(p, "d", true);
		ck_assert_uint_ge(p->now - began, 34000);
		unit_int("why", p->d.host[0].why, STS_WHY_BUSY);
	}
}
END_TEST

/* If very many hosts wait for a buffer of ours, the last are given up as well,
 * for a reason of ours. */
START_TEST(waiting_for_our_buffers_ends_in_bounded_time)
{
	struct peer *p = new_peer(all_hosts('t'));
	sts_ms began = p->now;

	p->hoards = true;
	p->lends_at = began + 99000;
	gather(p, "d", true);
	ck_assert_uint_le(p->now - began, STS_DANE_GATHER_MS + STS_DNS_OURS_MS);
	for (unsigned i = 0; i < p->d.host_count; i++) {
		ck_assert(sts_why_passes((enum sts_why)p->d.host[i].why));
	}
}
END_TEST

/* Hosts come in the order of their preference. Those of the same preference
 * come in any order (RFC 5321 5.1), which stays the same as long as the result
 * is there. */
START_TEST(hosts_come_by_preference)
{
	static const char zone[] =
	    "d MX s 20 c.d\nd MX s 10 a.d\nd MX s 30 e.d\nd MX s 10 b.d\n"
	    "d MX s 40 a.d\nd MX s 15 e.d\n";
	struct peer *p = new_peer(zone);
	unsigned first[4] = { 0 };

	for (unsigned i = 0; i < 64; i++) {
		static struct sts_dane_records r;
		uint8_t rnd[STS_DANE_RND] = { (uint8_t)i };
		char got[5] = "";

		sts_dane_hosts_begin(&p->d, unit_span("d"), &p->servers,
		    STS_DANE_DEPTH_MX, p->now, rnd);
		sts_dane_hosts_record(&p->d, &r);
		finish(p);
		unit_int("hosts", p->d.host_count, 4);
		for (unsigned k = 0; k < 4; k++) {
			unsigned h = sts_dane_order(&p->d, k);

			got[k] = (char)sts_dane_hosts_name(&p->d, h).p[0];
			unit_int(
			    "state", p->d.host[h].state, STS_DANE_HOST_NONE);
		}
		ck_assert_msg(
		    strcmp(got, "abec") == 0 || strcmp(got, "baec") == 0,
		    "got %s", got);
		first[got[0] - 'a']++;
		sts_dane_hosts_end(&p->d);
	}
	ck_assert_uint_gt(first[0], 8);
	ck_assert_uint_gt(first[1], 8);
}
END_TEST

/* Domains whose hosts have TLSA data of various lengths. */
static const struct {
	const char *name;
	unsigned len1, len2;
	const char *want;
	bool aliased; /* the first host is an alias */
} kept[] = {
	{ "records that fit", 1000, 1000,
	    "secure mx1=usable mx2=usable -> ONLY", false },
	{ "records that fit exactly", 1000, STS_DANE_RECORDS - 1000 - 10,
	    "secure mx1=usable mx2=usable -> ONLY", false },
	{ "one octet more: our limit is no verdict", 1000,
	    STS_DANE_RECORDS - 1000 - 9,
	    "secure mx1=unknown mx2=usable -> ONLY", false },
	{ "one octet more, at the end of an alias", 1000,
	    STS_DANE_RECORDS - 1000 - 9,
	    "secure mx1=unknown mx2=usable -> ONLY", true },
};

START_TEST(records_over_the_limit_make_their_host_unknown)
{
	for (unsigned i = 0; i < UNIT_COUNT(kept); i++) {
		static const uint8_t rnd[STS_DANE_RND] = { 7 };
		static struct sts_dane_records r;
		char zone[1000] = "";
		struct peer *p = new_peer(zone);

		snprintf(zone, sizeof zone,
		    MX2 "%s" A2 "_25._tcp.%s TLSA t 3 0 0 %u\n"
			"_25._tcp.mx2.d TLSA t 3 0 0 %u\n",
		    kept[i].aliased ? "mx1.d CNAME s h.e\nh.e A s 192.0.2.1\n"
				    : A1,
		    kept[i].aliased ? "h.e" : "mx1.d", kept[i].len1,
		    kept[i].len2);
		sts_dane_hosts_begin(&p->d, unit_span("d"), &p->servers,
		    STS_DANE_DEPTH_ALL, p->now, rnd);
		sts_dane_hosts_record(&p->d, &r);
		finish(p);
		unit_text(kept[i].name, unit_span(show(p)), kept[i].want);
		for (unsigned h = 0; h < 2; h++) {
			bool usable =
			    p->d.host[h].state == STS_DANE_HOST_USABLE;
			unsigned len = h == 0 ? kept[i].len1 : kept[i].len2;

			unit_int(kept[i].name,
			    (int)sts_dane_hosts_records(&p->d, h).n,
			    usable ? (int)len + 5 : 0);
			unit_int(kept[i].name, p->d.host[h].why,
			    usable ? STS_WHY_NONE : STS_WHY_DNS_LARGE);
		}
		sts_dane_hosts_keep(&p->d);
		unit_int("wants", (int)sts_dane_hosts_ops.wants(&p->d), 0);
		sts_dane_hosts_end(&p->d);
	}
}
END_TEST

#define END "end-of-an-alias-with-a-name-that-is-rather-long-too.d"

/* A TLSA base domain that is not the host's name is kept where there is room.
 * Otherwise the host must wait, since the SNI for it would not be known. */
START_TEST(a_base_without_room_makes_its_host_unknown)
{
	static const char alias[] =
	    "d MX s alias.d\nalias.d CNAME s " END "\n" END
	    " A s 192.0.2.1\n_25._tcp." END " TLSA s 3 1 1\n";
	static const uint8_t rnd[STS_DANE_RND] = { 9 };
	static const unsigned lens[] = { 50, 65 };
	static char zone[30000];

	for (unsigned i = 0; i < UNIT_COUNT(lens); i++) {
		static struct sts_dane_records r;
		struct peer *p = new_peer(zone);
		bool room = i == 0;

		snprintf(zone, sizeof zone, "%s%s", alias,
		    many(STS_DANE_HOSTS_MAX - 1, lens[i]));
		sts_dane_hosts_begin(&p->d, unit_span("d"), &p->servers,
		    STS_DANE_DEPTH_ALL, p->now, rnd);
		sts_dane_hosts_record(&p->d, &r);
		finish(p);
		unit_int("hosts", p->d.host_count, STS_DANE_HOSTS_MAX);
		unit_text("base", sts_dane_hosts_base(&p->d, 0),
		    room ? END : "alias.d");
		unit_int("state", p->d.host[0].state,
		    room ? STS_DANE_HOST_USABLE : STS_DANE_HOST_UNKNOWN);
		unit_int("why", p->d.host[0].why,
		    room ? STS_WHY_NONE : STS_WHY_DNS_LARGE);
		sts_dane_hosts_end(&p->d);
	}
}
END_TEST

/* The end of the domain's own alias is kept as a name that certificates may
 * have. A name that cannot be written as text is not kept. */
START_TEST(the_end_of_the_domains_alias_is_kept)
{
	static const struct {
		const char *zone, *want;
	} nexthops[] = {
		{ MX1 A1 T1, "" },
		{ "d CNAME s e\ne MX s mx1.d\n" A1 T1, "e" },
		{ "d CNAME s e^x\ne^x MX s mx1.d\n" A1 T1, "" },
	};

	for (unsigned i = 0; i < UNIT_COUNT(nexthops); i++) {
		static const uint8_t rnd[STS_DANE_RND] = { 5 };
		static struct sts_dane_records r;
		struct peer *p = new_peer(nexthops[i].zone);

		sts_dane_hosts_begin(&p->d, unit_span("d"), &p->servers,
		    STS_DANE_DEPTH_ALL, p->now, rnd);
		sts_dane_hosts_record(&p->d, &r);
		finish(p);
		unit_text(
		    "hosts", unit_span(show(p)), "secure mx1=usable -> ONLY");
		unit_text("end of the alias", sts_dane_hosts_nexthop(&p->d),
		    nexthops[i].want);
		sts_dane_hosts_end(&p->d);
	}
}
END_TEST

/* An answer larger than the lent buffer means "cannot tell", for MX as for one
 * host, and never a lower level. */
START_TEST(an_answer_too_large_is_unknown)
{
	char zone[1000] = "";
	struct peer *p = new_peer(zone);
	static char mx[20000];
	int n = 0;

	snprintf(zone, sizeof zone,
	    MX2 A1 T1 A2 "_25._tcp.mx2.d TLSA t 3 0 0 %u\n", BUFFER);
	gather(p, "d", true);
	unit_text("TLSA", unit_span(show(p)),
	    "secure mx1=usable mx2=unknown -> ONLY");
	unit_int("why", p->d.host[1].why, STS_WHY_DNS_LARGE);
	sts_dane_hosts_end(&p->d);
	for (unsigned i = 0; i < 100; i++) {
		n += snprintf(mx + n, sizeof mx - (size_t)n,
		    "d MX t mx-with-a-name-that-is-rather-long-%u.d\n", i);
	}
	p->zone = mx;
	gather(p, "d", true);
	unit_text("MX", unit_span(show(p)), "unknown -> UNKNOWN");
	unit_int("why", p->d.mx_why, STS_WHY_DNS_LARGE);
}
END_TEST

/* Addresses that are read in parts count, but then it is not known where their
 * alias ends. If they are secure, the base domain is "cannot tell"; if not, the
 * CNAME is asked for, as for any host that may have one. */
START_TEST(addresses_read_in_parts_count)
{
	static const struct {
		const char *name, *alias, *owner, *want;
		char state;
	} many[] = {
		{ "secure", "", "mx1.d", "secure mx1=unknown -> UNKNOWN", 't' },
		{ "secure, the other family is whole",
		    "mx1.d AAAA s 2001:db8::1\n", "mx1.d",
		    "secure mx1=usable -> ONLY", 't' },
		{ "insecure, and no alias", "", "mx1.d",
		    "secure mx1=none -> NONE", 'u' },
		{ "insecure, a secure alias", "mx1.d CNAME s h.e\n", "h.e",
		    "secure mx1=usable -> ONLY", 'u' },
	};
	static char zone[20000];

	for (unsigned i = 0; i < UNIT_COUNT(many); i++) {
		struct peer *p = new_peer(zone);
		int n = snprintf(zone, sizeof zone, MX1 T1 "%s", many[i].alias);

		for (unsigned k = 1; k <= BUFFER / 16; k++) {
			n += snprintf(zone + n, sizeof zone - (size_t)n,
			    "%s A %c 192.0.2.%u\n", many[i].owner,
			    many[i].state, k);
		}
		gather(p, "d", true);
		unit_text(many[i].name, unit_span(show(p)), many[i].want);
		sts_dane_hosts_end(&p->d);
	}
}
END_TEST

void
unit_tests(TCase *tc)
{
	tcase_add_test(tc, zones_give_their_hosts_and_level);
	tcase_add_test(tc, failures_leave_dane_only_or_try_again);
	tcase_add_test(tc, hosts_over_a_limit_are_never_all);
	tcase_add_test(tc, without_a_trusted_server_nothing_is_asked);
	tcase_add_test(tc, the_probe_asks_trusted_servers_only);
	tcase_add_test(tc, gathering_ends_in_bounded_time);
	tcase_add_loop_test(tc, our_shortage_does_not_count_against_the_domain,
	    0, (int)(sizeof short_of_buffers / sizeof *short_of_buffers));
	tcase_add_test(tc, our_shortage_counts_before_a_later_failure);
	tcase_add_test(tc, waiting_for_our_buffers_ends_in_bounded_time);
	tcase_add_test(tc, hosts_come_by_preference);
	tcase_add_test(tc, records_over_the_limit_make_their_host_unknown);
	tcase_add_test(tc, a_base_without_room_makes_its_host_unknown);
	tcase_add_test(tc, the_end_of_the_domains_alias_is_kept);
	tcase_add_test(tc, an_answer_too_large_is_unknown);
	tcase_add_test(tc, addresses_read_in_parts_count);
}
