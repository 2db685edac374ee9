/* SPDX-License-Identifier: MIT */
/*
 * The other ends of what the agent opens: name servers, policy hosts, and
 * attackers in the place of either. What an episode does to a question or a
 * connection is decided when it is answered, from draws that belong to that
 * question or connection alone.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../mem/dnspeer.h"
#include "../mem/https.h"
#include "fleet.h"
#include "mail.h"
#include "sim.h"
#include "trace.h"

enum {
	PENDING = 2048,
	DNS_PORT = 53,
	ATTACKER = 203, /* 203.0.113.x: hosts that serve no policy */
	HOSTILE = 192, /* 192.0.2.x: hosts of hostile domains */
	DRIP_MS = 300
};

enum role {
	ROLE_NEW = 0,
	ROLE_DNS,
	ROLE_HOST,
	ROLE_FLEET
};

/* A question on its way to its answer. */
struct pending {
	bool used, tcp;
	bool mail; /* about mail hosts */
	bool ad; /* its answer is authenticated */
	struct mem_sock *sock; /* NULL: its client has gone */
	struct dnspeer_question q;
	struct site *site; /* NULL: of no site */
	int64_t due;
	struct draw d;
};

enum conduct {
	CONDUCT_SERVE,
	CONDUCT_REFUSE,
	CONDUCT_UNREACHABLE,
	CONDUCT_NO_ANSWER,
	CONDUCT_MUTE,
	CONDUCT_RESET,
	CONDUCT_HANG_UP,
	CONDUCT_PLAIN,
	CONDUCT_DRIP,
	CONDUCT_CUT, /* some octets, then it closes */
	CONDUCT_STALL, /* some octets, then it is silent */
	CONDUCTS
};

enum stage {
	STAGE_ACCEPT, /* at due */
	STAGE_TALK, /* until there is a request */
	STAGE_RESPOND, /* at due */
	STAGE_STILL
};

/* The far end of a connection. */
struct host {
	struct site *site; /* NULL: a hostile domain's */
	bool impostor;
	enum conduct conduct;
	enum https_cert cert;
	enum mishap mishap;
	enum stage stage;
	int64_t due, opened;
	struct draw d;
	struct https *tls;
	struct response r;
	struct version *v;
	size_t allow; /* how many octets of the response may go out */
	size_t end; /* in the stream; 0: not yet */
	bool delivered;
};

static struct pending *pending;
static unsigned pending_count;

static void *
need(size_t n, size_t size)
{
	void *p = calloc(n, size);

	if (p == NULL) {
		abort();
	}
	return p;
}

static const struct episode *
now(enum fault_class c, const struct site *s)
{
	return fault_now(&sim.faults, c, s == NULL ? -2 : (int)s->index, sim.t);
}

/* Names. */

static struct site *
find_site(const char *domain)
{
	unsigned i;

	for (i = 0; i < sim.plan.site_count; i++) {
		if (strcmp(sim.site[i].domain, domain) == 0) {
			return &sim.site[i];
		}
	}
	return NULL;
}

static const char *
without(const char *name, const char *prefix)
{
	size_t n = strlen(prefix);

	return strncmp(name, prefix, n) == 0 ? name + n : NULL;
}

/* A question about mail hosts: of a domain that was asked for, or the probe
 * whether name servers validate. An untrusted name server is never asked. */
static void
take_mail(struct pending *a, const struct mem_sock *s)
{
	bool probe = a->q.type == DNSPEER_MX && strcmp(a->q.name, "org") == 0;

	a->mail = true;
	a->site =
	    mail_site(sim.site, sim.plan.site_count, a->q.name, a->q.type);
	if (!sim.plan.dane ||
	    (a->site == NULL && !probe && strstr(a->q.name, ".test") == NULL)) {
		sim_fail("a question about a name of no domain", a->q.name);
	}
	if (!sim.servers.trusted[(s->peer.ip[3] - 53u) % SIM_SERVERS]) {
		sim_fail("2: a name server that is not trusted is asked about "
			 "mail hosts",
		    a->q.name);
	}
}

static void
take_question(struct mem_sock *s, const uint8_t *p, size_t n, bool tcp)
{
	struct pending *a = NULL;
	const char *wrong, *domain;
	unsigned i;

	for (i = 0; i < PENDING && a == NULL; i++) {
		a = pending[i].used ? NULL : &pending[i];
	}
	if (a == NULL) {
		abort();
	}
	pending_count = i > pending_count ? i : pending_count;
	memset(a, 0, sizeof *a);
	wrong = dnspeer_read(&a->q, p, n);
	if (wrong != NULL) {
		sim_fail(wrong, "");
		return;
	}
	domain = without(a->q.name, "_mta-sts.");
	if (domain != NULL) {
		sim.lookups += a->q.type == DNSPEER_TXT;
	} else {
		domain = without(a->q.name, "mta-sts.");
	}
	if (domain != NULL) {
		a->site = find_site(domain);
	} else {
		take_mail(a, s);
	}
	a->used = true;
	a->tcp = tcp;
	a->sock = s;
	i = a->site == NULL ? 0 : a->site->questions++;
	a->d = draw_begin(sim.seed, a->q.name, a->q.type + 1000ULL * i);
	a->due = sim.t + draw_between(&a->d, 1, 40);
	if (now(FAULT_LOSS, NULL) != NULL && draw_percent(&a->d, 20)) {
		a->due += draw_between(&a->d, 0, 4000);
	}
	trace("dns %s %s%s id=%u", dnspeer_type_name(a->q.type), a->q.name,
	    tcp ? " tcp" : "", a->q.id);
}

/* Answers. */

static void
send_answer(const struct pending *a, const struct dnspeer_answer *m)
{
	if (a->sock == NULL) {
		return;
	}
	if (a->tcp) {
		uint8_t head[2];

		sts_put16be(head, (uint16_t)m->n);
		mem_send(&sim.mem, a->sock, head, sizeof head);
	}
	mem_send(&sim.mem, a->sock, m->p, m->n);
}

static void
answer_none(const struct pending *a, unsigned rcode, bool tc)
{
	static struct dnspeer_answer m;

	dnspeer_begin(&m, &a->q, rcode, tc, a->ad);
	if (!tc && (rcode == 0 || rcode == 3)) {
		dnspeer_soa(&m, a->site == NULL ? 300
				: a->mail       ? mail_ttl_s(a->site)
						: a->site->negative_s);
	}
	send_answer(a, &m);
}

static void
answer_records(
    const struct pending *a, unsigned count, char values[][256], uint32_t ttl_s)
{
	static struct dnspeer_answer m;
	unsigned i;

	dnspeer_begin(&m, &a->q, 0, false, a->ad);
	for (i = 0; i < count; i++) {
		if (!dnspeer_add(&m, a->q.name, a->q.type, ttl_s, values[i])) {
			abort();
		}
	}
	send_answer(a, &m);
}

static void
answer_text(const struct pending *a, const char *value)
{
	char values[1][256];

	snprintf(values[0], sizeof values[0], "%s", value);
	answer_records(a, 1, values, 60);
}

/* An attacker off the path, who knows the question but not the id. */
static void
forge(const struct pending *a, const struct episode *e)
{
	struct pending f = *a;
	unsigned i, n = 1 + e->strength % 24;

	f.ad = f.mail;
	for (i = 0; i < n && !a->tcp; i++) {
		f.q = a->q;
		if (i % 3 == 2) {
			f.q.name[0] = 'x';
		} else {
			f.q.id = (uint16_t)(a->q.id + 1 + i);
		}
		if (a->q.type == DNSPEER_A && i % 2 == 0) {
			answer_text(&f, "203.0.113.66");
		} else {
			answer_none(&f, 3, false);
		}
	}
}

static void
answer_txt(const struct pending *a)
{
	const struct episode *e = now(FAULT_MISHAP, a->site);
	enum mishap m = e == NULL ? MISHAP_NONE : e->kind % MISHAPS;
	char values[2][256];
	unsigned n = site_txt(a->site, m, values);

	if (n > 0) {
		answer_records(a, n, values, a->site->ttl_s);
	} else {
		answer_none(a, a->site->index % 2 == 0 ? 3 : 0, false);
	}
}

static void
answer_addresses(const struct pending *a)
{
	const struct site *s = a->site;
	char values[SITE_ADDRESSES][256];
	unsigned n = 0, inet = s->addresses - s->inet6;

	if (a->q.type == DNSPEER_A) {
		for (unsigned i = 0; i < inet; i++) {
			snprintf(
			    values[n++], 256, "198.51.%u.%u", s->index, 10 + i);
		}
	} else if (a->q.type == DNSPEER_AAAA && s->inet6) {
		snprintf(values[n++], 256, "2001:db8::%x:10", s->index);
	}
	if (n > 0) {
		answer_records(a, n, values, 300);
	} else {
		answer_none(a, 0, false);
	}
}

/* Attack on the path to the name servers. Returns false when this question is
 * left alone. */
static bool
strip(const struct pending *a, const struct episode *e)
{
	static const char *const nowhere[] = { "127.0.0.1", "169.254.1.1",
		"224.0.0.1", "0.0.0.0", "255.255.255.255" };
	unsigned kind = e->kind % 10;
	char values[2][256];

	if ((kind < 6) != (a->q.type == DNSPEER_TXT)) {
		return false;
	}
	switch (kind) {
	case 0:
	case 6:
		answer_none(a, 3, false);
		return true;
	case 1:
		answer_none(a, 0, false);
		return true;
	case 2:
	case 7:
		answer_none(a, 2, false);
		return true;
	case 3:
		return true;
	case 4:
		snprintf(values[0], 256, "v=STSv1; id=evil%u;",
		    a->site->questions / 7);
		answer_text(a, values[0]);
		return true;
	case 5:
		site_txt(a->site, MISHAP_TXT_TWO, values);
		answer_records(a, 2, values, 3600);
		return a->site->discoverable;
	default:
		break;
	}
	if (a->q.type != DNSPEER_A) {
		answer_none(a, 0, false);
	} else if (kind == 8) {
		snprintf(values[0], 256, "203.0.113.%u", a->site->index);
		answer_text(a, values[0]);
	} else {
		answer_text(
		    a, nowhere[draw_below(&((struct pending *)a)->d, 5)]);
	}
	return true;
}

/* Let a name server fail. Returns false when it works. */
static bool
resolver_fails(const struct pending *a, const struct episode *e)
{
	static struct dnspeer_answer m;
	unsigned kind = e->kind % 6;
	bool struck =
	    e->strength >= 40 || a->sock == NULL || a->sock->peer.ip[3] == 53;

	if (!struck) {
		return false;
	}
	switch (kind) {
	case 0:
		answer_none(a, 2, false);
		return true;
	case 1:
		answer_none(a, 5, false);
		return true;
	case 2:
		return true;
	case 3:
		if (a->sock != NULL && !a->tcp) {
			mem_fail(&sim.mem, a->sock, STS_IO_REFUSED);
		}
		return true;
	case 4:
		if (a->tcp) {
			return false;
		}
		answer_none(a, 0, true);
		return true;
	default:
		dnspeer_begin(&m, &a->q, 0, false, false);
		m.p[7] = 9;
		send_answer(a, &m);
		return true;
	}
}

/* Answer a question about mail hosts. A name that belongs to no domain has no
 * records. */
static void
answer_mail(struct pending *a)
{
	static struct dnspeer_answer m;
	struct mail_answer is;
	unsigned i;

	if (a->site == NULL) {
		a->ad = now(FAULT_NO_AD, NULL) == NULL;
		answer_none(a, 0, false); /* the probe's name has no MX */
		return;
	}
	mail_answer(&sim.faults, a->site, a->q.name, a->q.type, sim.t, &is);
	a->ad = is.ad;
	if (is.silent) {
		return;
	}
	if (is.count == 0) {
		answer_none(a, is.rcode, false);
		return;
	}
	dnspeer_begin(&m, &a->q, is.rcode, false, is.ad);
	for (i = 0; i < is.count; i++) {
		if (!dnspeer_add(&m, is.record[i].name, is.record[i].type,
			is.ttl_s, is.record[i].value)) {
			abort();
		}
	}
	if (is.record[is.count - 1].type != a->q.type) {
		dnspeer_soa(&m, is.ttl_s); /* an alias to nothing */
	}
	send_answer(a, &m);
}

/* Domains whose only purpose is to hinder: hN.hostile.test. */
static void
answer_hostile(struct pending *a)
{
	char text[64];

	if (strstr(a->q.name, ".hostile.test") == NULL) {
		answer_none(a, 3, false);
	} else if (a->mail && a->q.type != DNSPEER_MX) {
		return; /* all name servers are silent */
	} else if (a->mail) {
		snprintf(text, sizeof text, "mx%u.hostile.test",
		    draw_below(&a->d, 1000));
		a->ad = true;
		answer_text(a, text);
	} else if (a->q.type == DNSPEER_TXT) {
		answer_text(a, "v=STSv1; id=1;");
	} else if (a->q.type == DNSPEER_A) {
		snprintf(text, sizeof text, "192.0.2.%u",
		    100 + draw_below(&a->d, 100));
		answer_text(a, text);
	} else {
		answer_none(a, 0, false);
	}
}

static void
answer(struct pending *a)
{
	const struct episode *e = now(FAULT_RESOLVER, NULL);

	if (e != NULL && resolver_fails(a, e)) {
		return;
	}
	e = now(FAULT_FORGE, NULL);
	if (e != NULL) {
		forge(a, e);
	}
	if (a->mail && strstr(a->q.name, ".test") == NULL) {
		answer_mail(a);
		return;
	}
	if (a->site == NULL) {
		answer_hostile(a);
		return;
	}
	e = now(FAULT_STRIP, a->site);
	if (e != NULL && strip(a, e)) {
		return;
	}
	if (a->q.type == DNSPEER_TXT) {
		answer_txt(a);
	} else {
		answer_addresses(a);
	}
}

static bool
answer_due(void)
{
	bool moved = false;
	unsigned i;

	for (i = 0; i < pending_count; i++) {
		if (pending[i].used && pending[i].due <= sim.t) {
			answer(&pending[i]);
			pending[i].used = false;
			moved = true;
		}
	}
	while (pending_count > 0 && !pending[pending_count - 1].used) {
		pending_count--;
	}
	return moved;
}

static bool
step_dns(struct mem_sock *s)
{
	bool moved = false;
	const uint8_t *p;
	size_t n;

	if (s->kind == MEM_DGRAM) {
		while ((n = mem_datagram(s, &p)) > 0) {
			take_question(s, p, n, false);
			mem_datagram_drop(s);
			moved = true;
		}
		return moved;
	}
	if (s->state == MEM_WAITING) {
		mem_accept(&sim.mem, s);
		return true;
	}
	while (s->out.n >= 2 && s->out.n - 2 >= sts_get16be(s->out.p)) {
		n = sts_get16be(s->out.p);
		take_question(s, s->out.p + 2, n, true);
		mem_drop(&s->out, 2 + n);
		moved = true;
	}
	return moved;
}

/* Hosts. */

static void
check_address(const struct sts_addr *a)
{
	static const uint8_t never[] = { 0, 127, 224, 255 };
	unsigned i;

	for (i = 0; a->af == STS_AF_INET && i < sizeof never; i++) {
		if (a->ip[0] == never[i] ||
		    (a->ip[0] == 169 && a->ip[1] == 254)) {
			sim_fail("2: a connection to an address that is never "
				 "fetched from",
			    "");
		}
	}
}

/* An attacker's certificates: never one that is good for the domain. */
static enum https_cert
impostors_cert(unsigned kind)
{
	static const enum https_cert certs[] = { HTTPS_NAME, HTTPS_CN,
		HTTPS_EXPIRED, HTTPS_UNTRUSTED };

	return certs[kind % 4];
}

static void
be_struck(struct host *h, unsigned address)
{
	static const enum https_cert certs[] = { HTTPS_EXPIRED, HTTPS_FUTURE,
		HTTPS_NAME, HTTPS_CN, HTTPS_UNTRUSTED };
	const struct episode *e = now(FAULT_IMPOSTOR, h->site);

	if (e != NULL) {
		h->impostor = true;
		h->cert = impostors_cert(e->kind);
		return;
	}
	if (address < h->site->dead) {
		h->conduct = CONDUCT_NO_ANSWER;
		return;
	}
	e = now(FAULT_BLOCK, h->site);
	if (e != NULL) {
		h->conduct = 1 + e->kind % (CONDUCTS - 1);
	}
	e = now(FAULT_MISHAP, h->site);
	if (e != NULL) {
		h->mishap = e->kind % MISHAPS;
		if (h->mishap >= MISHAP_EXPIRED && h->mishap < MISHAP_FETCHES) {
			h->cert = certs[h->mishap - MISHAP_EXPIRED];
		}
	}
}

static void
begin_host(struct mem_sock *s)
{
	struct host *h = s->actor = need(1, sizeof *h);
	const struct sts_addr *a = &s->peer;
	unsigned address = a->ip[3] - 10u;

	check_address(a);
	h->opened = sim.t;
	if (a->af == STS_AF_INET && a->ip[0] == HOSTILE) {
		h->conduct =
		    a->ip[3] % 2 == 0 ? CONDUCT_MUTE : CONDUCT_NO_ANSWER;
		h->d = draw_begin(sim.seed, "hostile", a->ip[3]);
	} else {
		unsigned i = a->af == STS_AF_INET6 ? a->ip[13] : a->ip[2];

		h->impostor = a->af == STS_AF_INET && a->ip[0] == ATTACKER;
		i = h->impostor ? a->ip[3] % sim.plan.site_count : i;
		h->site = &sim.site[i];
		h->d = draw_begin(sim.seed, h->site->domain,
		    7000000 + h->site->connections++);
	}
	if (h->impostor) {
		h->cert = impostors_cert(draw(&h->d));
	} else if (h->site != NULL) {
		be_struck(h, a->af == STS_AF_INET6 ? 200 : address);
	}
	h->due = sim.t + draw_between(&h->d, 1, 80);
	h->stage = h->conduct == CONDUCT_NO_ANSWER ? STAGE_STILL : STAGE_ACCEPT;
	trace("connection %s%s conduct=%d",
	    h->site ? h->site->domain : "hostile",
	    h->impostor ? " impostor" : "", (int)h->conduct);
}

static void
accept_host(struct mem_sock *s, struct host *h)
{
	static const char plain[] = "HTTP/1.1 400 Bad Request\r\n\r\n";
	uint8_t seed[32];
	size_t i;

	h->stage = STAGE_TALK;
	if (h->conduct == CONDUCT_REFUSE || h->conduct == CONDUCT_UNREACHABLE) {
		mem_fail(&sim.mem, s,
		    h->conduct == CONDUCT_REFUSE ? STS_IO_REFUSED
						 : STS_IO_UNREACHABLE);
		h->stage = STAGE_STILL;
		return;
	}
	mem_accept(&sim.mem, s);
	if (h->conduct == CONDUCT_HANG_UP) {
		mem_half_close(s);
		h->stage = STAGE_STILL;
	} else if (h->conduct == CONDUCT_PLAIN) {
		mem_send(&sim.mem, s, plain, sizeof plain - 1);
	} else if (h->conduct != CONDUCT_MUTE && h->conduct != CONDUCT_RESET) {
		for (i = 0; i < sizeof seed; i++) {
			seed[i] = (uint8_t)draw(&h->d);
		}
		h->tls = https_new(h->cert, sts_text(NULL, 0), seed);
	}
}

/* RFC 8461 3.3: check the request, and that it is for this domain. */
static void
check_request(const struct host *h)
{
	static const char line[] = "GET /.well-known/mta-sts.txt HTTP/1.1\r\n";
	struct sts_text r = https_request(h->tls);
	const char *name = https_server_name(h->tls);
	char text[1100], want[128];

	snprintf(text, sizeof text, "%.*s", (int)r.n, (const char *)r.p);
	snprintf(want, sizeof want, "mta-sts.%s", h->site->domain);
	if (strcmp(name, want) != 0) {
		sim_fail("a request for another server", h->site->domain);
	}
	snprintf(
	    want, sizeof want, "\r\nHost: mta-sts.%s\r\n", h->site->domain);
	if (strncmp(text, line, sizeof line - 1) != 0 ||
	    strstr(text, want) == NULL) {
		sim_fail("a request for something else", h->site->domain);
	}
	if (strstr(text, "\r\nIf-") != NULL) {
		sim_fail("a conditional request", h->site->domain);
	}
	if (h->cert == HTTPS_UNTRUSTED || h->cert == HTTPS_NAME ||
	    h->cert == HTTPS_CN) {
		sim_fail("2: a request to whoever cannot be the policy host",
		    h->site->domain);
	}
}

static void
respond(struct host *h)
{
	bool forged;

	check_request(h);
	sim.fetches++;
	forged = h->impostor || h->conduct == CONDUCT_CUT ||
		 h->conduct == CONDUCT_STALL ||
		 (h->mishap != MISHAP_NONE && h->mishap < MISHAP_EXPIRED);
	h->v = forged ? site_forge(h->site, &h->d) : h->site->version;
	h->r = site_response(h->v, h->mishap, &h->d);
	https_respond(h->tls, sts_text(h->r.p, h->r.n));
	h->allow = h->r.n;
	if (h->conduct == CONDUCT_CUT || h->conduct == CONDUCT_STALL) {
		h->allow = draw_below(&h->d, (uint32_t)h->r.n);
	} else if (h->conduct == CONDUCT_DRIP) {
		h->allow = 0;
	}
	https_allow(h->tls, 0);
	h->due = sim.t + draw_between(&h->d, 0, 250);
	h->stage = STAGE_RESPOND;
	trace("request %s v%u mishap=%s", h->site->domain, h->v->number,
	    mishap_name(h->mishap));
}

/* All of the response is on its way: decide how the connection goes on. */
static void
finish(struct mem_sock *s, struct host *h)
{
	unsigned how = draw_below(&h->d, 10);

	h->stage = STAGE_STILL;
	if (h->conduct == CONDUCT_CUT) {
		/* Without a length, a clean close is the end. */
		if (how < 5) {
			mem_half_close(s);
		} else if (how < 8 || h->r.by_close) {
			mem_fail(&sim.mem, s, STS_IO_RESET);
		} else {
			https_close(h->tls);
			(void)https_pump(h->tls, &sim.mem, s);
			mem_half_close(s);
		}
		return;
	}
	if (h->conduct == CONDUCT_STALL) {
		return;
	}
	if (h->r.by_close) {
		https_close(h->tls);
		(void)https_pump(h->tls, &sim.mem, s);
	}
	h->end = s->received + s->in.n;
	if (!h->r.by_close && how < 6) {
		https_close(h->tls);
		(void)https_pump(h->tls, &sim.mem, s);
	}
	if (how < 8) {
		mem_half_close(s);
	}
}

static bool
step_respond(struct mem_sock *s, struct host *h)
{
	bool moved;

	if (h->due > sim.t) {
		return https_pump(h->tls, &sim.mem, s);
	}
	if (h->conduct == CONDUCT_DRIP && h->allow < h->r.n) {
		h->allow++;
		h->due = sim.t + DRIP_MS;
	}
	https_allow(h->tls, h->allow);
	moved = https_pump(h->tls, &sim.mem, s);
	if (https_sent(h->tls) == h->allow &&
	    (h->allow == h->r.n || h->conduct != CONDUCT_DRIP)) {
		finish(s, h);
		moved = true;
	}
	return moved;
}

/* Whether the certificate is good for the domain by the agent's wall clock. */
static bool
authentic(const struct host *h)
{
	int64_t year =
	    1970 +
	    (1750000000 + (sim.t + sim.wall_offset_ms) / 1000) / 31556952;

	if (h->impostor) {
		return false;
	}
	switch (h->cert) {
	case HTTPS_GOOD:
		return year >= 2020 && year < 2050;
	case HTTPS_FUTURE:
		return year >= 2050 && year < 2100;
	default:
		return false;
	}
}

/* Whether the version exceeds a record of the cache: it is not kept, and ends
 * the version before it. */
static bool
is_too_large(const struct version *v)
{
	size_t n = strlen(v->site->domain) + 1 + strlen(v->site->id);
	unsigned i;

	for (i = 0; i < v->mx_count; i++) {
		n += 1 + strlen(v->mx[i]);
	}
	return sts_chunks_needed(n) > sts_agent_cache(&sim.agent)->record_max;
}

/* Note that the agent has read the last octet. */
static void
note_delivered(const struct mem_sock *s, struct host *h)
{
	bool stepped;

	if (h->end == 0 || h->delivered || s->received < h->end) {
		return;
	}
	h->delivered = true;
	/* If the clock changed meanwhile, the agent may have refused or taken
	 * it. */
	stepped = sim.wall_unknown || sim.clock_changed >= sim.t - 61000;
	if (!h->r.whole) {
		return;
	}
	if (authentic(h) ||
	    (stepped && !h->impostor &&
		(h->cert == HTTPS_GOOD || h->cert == HTTPS_FUTURE))) {
		promise_delivered(h->v, !stepped && sim.ample);
		if (is_too_large(h->v)) {
			promise_guest(h->site);
			promise_large(h->site);
		}
		h->site->fresh = stepped ? NULL : h->v;
	}
}

static bool
talk(struct mem_sock *s, struct host *h)
{
	bool moved = s->out.n > 0;

	if (h->tls == NULL) {
		if (moved && h->conduct == CONDUCT_RESET) {
			mem_fail(&sim.mem, s, STS_IO_RESET);
			h->stage = STAGE_STILL;
		}
		mem_drop(&s->out, s->out.n);
		return moved;
	}
	moved = https_pump(h->tls, &sim.mem, s);
	if (https_over(h->tls)) {
		mem_half_close(s);
		h->stage = STAGE_STILL;
		return true;
	}
	if (https_asked(h->tls)) {
		respond(h);
		return true;
	}
	return moved;
}

static bool
step_host(struct mem_sock *s)
{
	struct host *h = s->actor;
	bool moved = false;

	note_delivered(s, h);
	switch (h->stage) {
	case STAGE_ACCEPT:
		if (h->due > sim.t) {
			return false;
		}
		accept_host(s, h);
		return true;
	case STAGE_TALK:
		return talk(s, h);
	case STAGE_RESPOND:
		return step_respond(s, h);
	default:
		moved = s->out.n > 0;
		mem_drop(&s->out, s->out.n);
		return moved;
	}
}

static void
leave(struct mem_sock *s)
{
	struct host *h = s->actor;
	unsigned i;

	for (i = 0; i < pending_count; i++) {
		if (pending[i].sock == s) {
			pending[i].sock = NULL;
		}
	}
	if (s->role == ROLE_FLEET) {
		fleet_leave(s);
	}
	if (h != NULL) {
		note_delivered(s, h);
		if (h->tls != NULL) {
			https_free(h->tls);
		}
		free(h->r.p);
		free(h);
		s->actor = NULL;
	}
	mem_release(&sim.mem, s);
}

static bool
is_ours(const struct mem_sock *s)
{
	return (s->kind == MEM_DGRAM || s->kind == MEM_STREAM) && !s->test_gone;
}

bool
net_step(void)
{
	bool moved = false;
	unsigned i;

	for (i = 0; i < sim.mem.sock_high; i++) {
		struct mem_sock *s = &sim.mem.sock[i];

		if (!is_ours(s)) {
			continue;
		}
		if (s->role == ROLE_NEW) {
			s->role = fleet_is_port(s->peer.port) ? ROLE_FLEET
				  : s->peer.port == DNS_PORT  ? ROLE_DNS
							      : ROLE_HOST;
			if (s->role == ROLE_HOST) {
				begin_host(s);
			} else if (s->role == ROLE_FLEET) {
				fleet_connected(s);
			}
			moved = true;
		}
		moved = (s->role == ROLE_DNS       ? step_dns(s)
			    : s->role == ROLE_HOST ? step_host(s)
						   : fleet_step(s)) ||
			moved;
		if (s->core_gone) {
			leave(s);
		}
	}
	return answer_due() || moved;
}

int64_t
net_next(void)
{
	int64_t at = fleet_next();
	unsigned i;

	for (i = 0; i < pending_count; i++) {
		if (pending[i].used && pending[i].due < at) {
			at = pending[i].due;
		}
	}
	for (i = 0; i < sim.mem.sock_high; i++) {
		const struct mem_sock *s = &sim.mem.sock[i];
		const struct host *h = s->actor;

		if (is_ours(s) && s->role == ROLE_HOST && h != NULL &&
		    (h->stage == STAGE_ACCEPT || h->stage == STAGE_RESPOND) &&
		    h->due > sim.t && h->due < at) {
			at = h->due;
		}
	}
	return at;
}

void
net_begin(void)
{
	pending = need(PENDING, sizeof *pending);
	pending_count = 0;
}

void
net_end(void)
{
	unsigned i;

	for (i = 0; i < sim.mem.sock_high; i++) {
		struct mem_sock *s = &sim.mem.sock[i];

		if (is_ours(s)) {
			leave(s);
		}
	}
	free(pending);
}
