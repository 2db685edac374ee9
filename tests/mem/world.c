/* SPDX-License-Identifier: MIT */
/* The internet of a test: name servers and policy hosts. */
#include <stdlib.h>
#include <string.h>

#include "world.h"

enum {
	RR_MAX = 1024,
	HOST_MAX = 1024,
	ASK_MAX = 2048,
	DNS_PORT = 53,
	ALIASES_MAX = 24
};

enum role {
	ROLE_NEW = 0,
	ROLE_DNS,
	ROLE_HOST
};

enum state {
	STATE_SCRIPTED = 0,
	STATE_ACCEPT, /* at `due` */
	STATE_TALK,
	STATE_ENDING,
	STATE_STILL /* nothing more is done */
};

/* The far end of one connection to a host. */
struct peer {
	struct world_host host;
	enum state state;
	sts_ms due;
	bool due_set, checked;
	struct https *tls;
};

static void *
need(size_t count, size_t size)
{
	void *p = calloc(count, size);

	if (p == NULL) {
		abort();
	}
	return p;
}

static void
fault(struct world *w, const char *what)
{
	if (w->fault == NULL) {
		w->fault = what;
	}
}

void
world_init(struct world *w, struct mem *mem)
{
	memset(w, 0, sizeof *w);
	w->mem = mem;
	w->rr = need(RR_MAX, sizeof *w->rr);
	w->host = need(HOST_MAX, sizeof *w->host);
	w->ask = need(ASK_MAX, sizeof *w->ask);
}

bool
world_same_host(const struct sts_addr *a, const struct sts_addr *b)
{
	return a->af == b->af &&
	       memcmp(a->ip, b->ip, a->af == STS_AF_INET ? 4 : 16) == 0;
}

static struct world_rr *
find_rr(struct world *w, const char *name, unsigned type)
{
	unsigned i;

	for (i = 0; i < w->rr_count; i++) {
		if (w->rr[i].type == type && strcmp(w->rr[i].name, name) == 0) {
			return &w->rr[i];
		}
	}
	return NULL;
}

void
world_set(struct world *w, const struct world_rr *rr)
{
	struct world_rr *old = find_rr(w, rr->name, rr->type);

	if (old == NULL) {
		if (w->rr_count == RR_MAX) {
			abort();
		}
		old = &w->rr[w->rr_count++];
	}
	*old = *rr;
}

void
world_host(struct world *w, const struct world_host *h)
{
	unsigned i;

	for (i = 0; i < w->host_count; i++) {
		if (world_same_host(&w->host[i].addr, &h->addr)) {
			w->host[i] = *h;
			return;
		}
	}
	if (w->host_count == HOST_MAX) {
		abort();
	}
	w->host[w->host_count++] = *h;
}

void
world_server(
    struct world *w, const struct sts_addr *addr, enum world_server what)
{
	unsigned i = 0;

	if (addr == NULL) {
		w->servers = what;
		w->server_count = 0;
		return;
	}
	while (
	    i < w->server_count && !world_same_host(&w->server_addr[i], addr)) {
		i++;
	}
	if (i == WORLD_SERVERS) {
		abort();
	}
	w->server_addr[i] = *addr;
	w->server[i] = what;
	w->server_count += i == w->server_count;
}

static enum world_server
server_at(const struct world *w, const struct sts_addr *addr)
{
	unsigned i;

	for (i = 0; i < w->server_count; i++) {
		if (world_same_host(&w->server_addr[i], addr)) {
			return w->server[i];
		}
	}
	return w->servers;
}

static void
see(struct world *w, char kind, unsigned type, const struct sts_addr *addr,
    const char *name)
{
	struct world_seen *s;

	if (w->seen_count == w->seen_size) {
		w->seen_size = w->seen_size * 2 + 64;
		w->seen = realloc(w->seen, w->seen_size * sizeof *w->seen);
		if (w->seen == NULL) {
			abort();
		}
	}
	s = &w->seen[w->seen_count++];
	memset(s, 0, sizeof *s);
	s->kind = kind;
	s->type = type;
	s->addr = *addr;
	strncpy(s->name, name, sizeof s->name - 1);
}

/* Names and answers. */

/* Whether any entry has that name: then other types are NODATA. */
static bool
name_exists(const struct world *w, const char *name)
{
	unsigned i;

	for (i = 0; i < w->rr_count; i++) {
		if (strcmp(w->rr[i].name, name) == 0) {
			return true;
		}
	}
	return false;
}

/* Look up the answer to a question in the tables; WORLD_ASK: there is none. */
static void
look_up(struct world *w, const struct dnspeer_question *q, struct world_rr *out)
{
	const struct world_rr *rr = find_rr(w, q->name, q->type);

	if (rr == NULL) {
		rr = find_rr(w, q->name, DNSPEER_CNAME);
	}
	if (rr != NULL) {
		*out = *rr;
		return;
	}
	memset(out, 0, sizeof *out);
	out->what = name_exists(w, q->name) ? WORLD_NODATA : WORLD_ASK;
	out->ttl = 300;
}

/* Of 200 octets. */
static const char something_else[] =
    "v=spf1 include:_spf.example.com include:_spf.example.net "
    "ip4:192.0.2.0/24 ip4:198.51.100.0/24 ip4:203.0.113.0/24 "
    "ip6:2001:db8:1111::/48 ip6:2001:db8:2222::/48 "
    "ip6:2001:db8:3333::/48 mx a ~all";

/* Add the records of rr, and those to which its alias leads: NODATA with its
 * SOA if the table has only other types of that name; nothing if the table does
 * not have the name. */
static void
add_records(struct world *w, struct dnspeer_answer *a,
    const struct dnspeer_question *q, const struct world_rr *rr)
{
	const char *name = q->name;
	unsigned i, hops;
	uint32_t ttl = 0;

	for (hops = 0; rr != NULL && hops < ALIASES_MAX; hops++) {
		for (i = 0; i < rr->more; i++) {
			dnspeer_add(a, name, rr->type, rr->ttl, something_else);
		}
		for (i = 0; i < rr->count; i++) {
			if (!dnspeer_add(
				a, name, rr->type, rr->ttl, rr->value[i])) {
				fault(w, "the test has a bad record");
			}
		}
		if (rr->type != DNSPEER_CNAME || q->type == DNSPEER_CNAME) {
			return;
		}
		ttl = rr->ttl;
		name = rr->value[0];
		rr = find_rr(w, name, q->type);
		if (rr == NULL) {
			rr = find_rr(w, name, DNSPEER_CNAME);
		}
	}
	if (rr == NULL && hops > 0 && name_exists(w, name)) {
		dnspeer_soa(a, ttl);
	}
}

/* Whether an answer is authenticated: all of its records are. */
static bool
is_authentic(struct world *w, const struct dnspeer_question *q,
    const struct world_rr *rr)
{
	bool ad = rr->ad;
	unsigned hops;

	for (hops = 0; hops < ALIASES_MAX && rr->type == DNSPEER_CNAME &&
		       q->type != DNSPEER_CNAME && rr->count > 0;
	     hops++) {
		const char *name = rr->value[0];

		rr = find_rr(w, name, q->type);
		if (rr == NULL) {
			rr = find_rr(w, name, DNSPEER_CNAME);
		}
		if (rr == NULL) {
			break;
		}
		ad = ad && rr->ad;
	}
	return ad;
}

static unsigned
rcode_of(enum world_dns what)
{
	switch (what) {
	case WORLD_NXDOMAIN:
		return 3;
	case WORLD_SERVFAIL:
		return 2;
	case WORLD_REFUSED:
		return 5;
	default:
		return 0;
	}
}

static void
transmit(struct world *w, const struct world_ask *ask,
    const struct dnspeer_answer *a)
{
	if (ask->tcp) {
		uint8_t head[2];

		sts_put16be(head, (uint16_t)a->n);
		mem_send(w->mem, ask->sock, head, sizeof head);
	}
	mem_send(w->mem, ask->sock, a->p, a->n);
}

static void
send_junk(struct world *w, const struct world_ask *ask)
{
	static struct dnspeer_answer a;

	dnspeer_begin(&a, &ask->q, 0, false, false);
	a.p[7] = 9; /* nine answers, none of which is there */
	transmit(w, ask, &a);
}

/* Send what an attacker off the path might send (RFC 5452). */
static void
send_spoofs(struct world *w, const struct world_ask *ask)
{
	static struct dnspeer_answer a;
	struct dnspeer_question q = ask->q;

	q.id ^= 1;
	dnspeer_begin(&a, &q, 3, false, false);
	transmit(w, ask, &a);
	q = ask->q;
	q.name[0] = 'x';
	dnspeer_begin(&a, &q, 3, false, false);
	transmit(w, ask, &a);
	q = ask->q;
	q.type = DNSPEER_MX;
	dnspeer_begin(&a, &q, 3, false, false);
	transmit(w, ask, &a);
}

static void
answer(struct world *w, const struct world_ask *ask, const struct world_rr *rr)
{
	static struct dnspeer_answer a;
	bool tc = rr->what == WORLD_TRUNCATED && !ask->tcp;

	if (ask->sock == NULL || rr->what == WORLD_SILENT) {
		return;
	}
	if (rr->what == WORLD_JUNK) {
		send_junk(w, ask);
		return;
	}
	if (rr->what == WORLD_SPOOFED) {
		send_spoofs(w, ask);
	}
	dnspeer_begin(
	    &a, &ask->q, rcode_of(rr->what), tc, is_authentic(w, &ask->q, rr));
	if (rr->what == WORLD_NXDOMAIN || rr->what == WORLD_NODATA) {
		if (rr->ttl > 0) {
			dnspeer_soa(&a, rr->ttl);
		}
	} else if (!tc) {
		add_records(w, &a, &ask->q, rr);
	}
	transmit(w, ask, &a);
}

/* A free place in the table, or that of the same question which waits for the
 * test. */
static struct world_ask *
place_ask(struct world *w, const struct dnspeer_question *q, bool scripted)
{
	struct world_ask *fresh = NULL;
	unsigned i;

	for (i = 0; i < w->ask_count; i++) {
		struct world_ask *a = &w->ask[i];

		if (!a->used) {
			fresh = fresh == NULL ? a : fresh;
		} else if (scripted && a->scripted && a->q.type == q->type &&
			   strcmp(a->q.name, q->name) == 0) {
			return a;
		}
	}
	if (fresh == NULL) {
		if (w->ask_count == ASK_MAX) {
			abort();
		}
		fresh = &w->ask[w->ask_count++];
	}
	return fresh;
}

/* A header, and nothing else. */
static void
send_error(struct world *w, struct mem_sock *s,
    const struct dnspeer_question *q, unsigned rcode, bool tcp)
{
	uint8_t m[14] = { 0, 12, 0, 0, 0x81, 0x80 };

	sts_put16be(m + 2, q->id);
	m[5] |= (uint8_t)rcode;
	mem_send(w->mem, s, tcp ? m : m + 2, tcp ? 14 : 12);
}

/* Whether the server answers this question at all. */
static bool
server_takes(struct world *w, struct mem_sock *s,
    const struct dnspeer_question *q, bool tcp)
{
	switch (server_at(w, &s->peer)) {
	case WORLD_SERVER_SILENT:
		return false;
	case WORLD_SERVER_CLOSED:
		mem_fail(w->mem, s, STS_IO_REFUSED);
		return false;
	case WORLD_SERVER_NO_EDNS:
		return !q->edns;
	case WORLD_SERVER_FORMERR:
		if (q->edns) {
			send_error(w, s, q, 1, tcp);
		}
		return !q->edns;
	case WORLD_SERVER_SERVFAIL:
		send_error(w, s, q, 2, tcp);
		return false;
	case WORLD_SERVER_NO_TCP:
		return !tcp;
	default:
		return true;
	}
}

static void
take_question(
    struct world *w, struct mem_sock *s, const uint8_t *p, size_t n, bool tcp)
{
	struct dnspeer_question q;
	const char *wrong = dnspeer_read(&q, p, n);
	struct world_rr rr;
	struct world_ask *a;

	if (wrong != NULL) {
		fault(w, wrong);
		return;
	}
	see(w, 'q', q.type, &s->peer, q.name);
	if (!server_takes(w, s, &q, tcp)) {
		return;
	}
	look_up(w, &q, &rr);
	a = place_ask(w, &q, rr.what == WORLD_ASK);
	a->used = true;
	a->scripted = rr.what == WORLD_ASK;
	a->tcp = tcp;
	a->sock = s;
	a->q = q;
	a->rr = rr;
	a->due = w->now + rr.delay_ms;
}

static bool
step_dns(struct world *w, struct mem_sock *s)
{
	bool moved = false;
	const uint8_t *p;
	size_t n;

	if (s->kind == MEM_DGRAM) {
		while ((n = mem_datagram(s, &p)) > 0) {
			take_question(w, s, p, n, false);
			mem_datagram_drop(s);
			moved = true;
		}
		return moved;
	}
	if (s->state == MEM_WAITING) {
		mem_accept(w->mem, s);
		return true;
	}
	while (s->out.n >= 2 && s->out.n - 2 >= sts_get16be(s->out.p)) {
		n = sts_get16be(s->out.p);
		take_question(w, s, s->out.p + 2, n, true);
		mem_drop(&s->out, 2 + n);
		moved = true;
	}
	return moved;
}

static bool
answer_due(struct world *w)
{
	bool moved = false;
	unsigned i;

	for (i = 0; i < w->ask_count; i++) {
		struct world_ask *a = &w->ask[i];

		if (a->used && !a->scripted && !sts_before(w->now, a->due)) {
			answer(w, a, &a->rr);
			a->used = false;
			moved = true;
		}
	}
	while (w->ask_count > 0 && !w->ask[w->ask_count - 1].used) {
		w->ask_count--;
	}
	return moved;
}

struct world_ask *
world_asked(struct world *w)
{
	unsigned i;

	for (i = 0; i < w->ask_count; i++) {
		if (w->ask[i].used && w->ask[i].scripted) {
			return &w->ask[i];
		}
	}
	return NULL;
}

void
world_reply(struct world *w, struct world_ask *a, const struct world_rr *rr)
{
	if (rr != NULL) {
		answer(w, a, rr);
	}
	a->used = false;
}

/* Hosts. */

static void
begin_host(struct world *w, struct peer *p, const struct world_host *h)
{
	p->host = *h;
	p->state = h->conduct == WORLD_SCRIPTED ? STATE_SCRIPTED : STATE_ACCEPT;
	if (h->conduct == WORLD_NO_ANSWER) {
		p->state = STATE_STILL;
	}
	p->due = w->now + h->accept_ms;
	p->due_set = true;
}

static void
adopt(struct world *w, struct mem_sock *s)
{
	struct peer *p;
	unsigned i;

	if (s->peer.port == DNS_PORT) {
		s->role = ROLE_DNS;
		return;
	}
	see(w, 'c', 0, &s->peer, "");
	s->role = ROLE_HOST;
	p = s->actor = need(1, sizeof *p);
	for (i = 0; i < w->host_count; i++) {
		if (world_same_host(&w->host[i].addr, &s->peer)) {
			begin_host(w, p, &w->host[i]);
			return;
		}
	}
}

static bool
contains(struct sts_text t, const char *word)
{
	size_t n = strlen(word), i;

	for (i = 0; i + n <= t.n; i++) {
		if (memcmp(t.p + i, word, n) == 0) {
			return true;
		}
	}
	return false;
}

static void
check_request(struct world *w, struct mem_sock *s, const struct peer *p)
{
	static const char line[] = "GET /.well-known/mta-sts.txt HTTP/1.1\r\n";
	struct sts_text r = https_request(p->tls);
	const char *name = https_server_name(p->tls);
	char host[DNSPEER_NAME + 16] = "\r\nHost: ";

	see(w, 'r', 0, &s->peer, name);
	if (r.n > 5 && memcmp(r.p, "POST ", 5) == 0) {
		w->post = realloc(w->post, r.n + 1);
		if (w->post == NULL) {
			abort();
		}
		memcpy(w->post, r.p, r.n);
		w->post[r.n] = '\0';
		w->post_len = r.n;
		return; /* the test looks at it */
	}
	if (strncmp(name, "mta-sts.", 8) != 0) {
		fault(w, "a request without the server name (RFC 8461 7.1)");
	}
	if (r.n < sizeof line || memcmp(r.p, line, sizeof line - 1) != 0) {
		fault(w, "a request for something else");
	}
	strncat(host, name, DNSPEER_NAME);
	strcat(host, "\r\n");
	if (!contains(r, host)) {
		fault(w, "a request whose Host is not the server name");
	}
	if (contains(r, "\r\nIf-") || contains(r, "\r\nCookie")) {
		fault(w, "a conditional request (RFC 8461 3.3)");
	}
}

static void
accept_peer(struct world *w, struct mem_sock *s, struct peer *p)
{
	static const char plain[] = "HTTP/1.1 400 Bad Request\r\n\r\n";
	static const char overlong[] = "\26\3\3\0\4\2\0\3\350";
	uint8_t seed[32];
	size_t i;

	p->due_set = false;
	p->state = STATE_TALK;
	if (p->host.conduct == WORLD_REFUSE) {
		mem_fail(w->mem, s, STS_IO_REFUSED);
		p->state = STATE_STILL;
		return;
	}
	if (p->host.conduct == WORLD_UNREACHABLE) {
		mem_fail(w->mem, s, STS_IO_UNREACHABLE);
		p->state = STATE_STILL;
		return;
	}
	mem_accept(w->mem, s);
	if (p->host.conduct == WORLD_HANG_UP) {
		mem_half_close(s);
		p->state = STATE_STILL;
	} else if (p->host.conduct == WORLD_PLAIN) {
		mem_send(w->mem, s, plain, sizeof plain - 1);
	} else if (p->host.conduct == WORLD_OVERLONG) {
		mem_send(w->mem, s, overlong, sizeof overlong - 1);
	} else if (p->host.conduct == WORLD_HTTPS) {
		for (i = 0; i < sizeof seed; i++) {
			seed[i] = (uint8_t)mem_random(w->mem);
		}
		p->tls = https_new(p->host.cert, p->host.response, seed);
		https_allow(p->tls, 0);
	}
}

static size_t
response_end(const struct peer *p)
{
	size_t n = p->host.response.n;

	return p->host.cut >= 0 && (size_t)p->host.cut < n ? (size_t)p->host.cut
							   : n;
}

/* Compute how much of the response may go out now, and when more may. */
static void
allow_more(struct world *w, struct peer *p)
{
	size_t end = response_end(p);
	size_t next = end;

	if (!p->due_set) {
		p->due = w->now + p->host.delay_ms;
		p->due_set = true;
	}
	if (sts_before(w->now, p->due)) {
		return;
	}
	if (p->host.drip_ms > 0 && https_sent(p->tls) < end) {
		next = https_sent(p->tls) + 1;
		p->due = w->now + p->host.drip_ms;
	}
	https_allow(p->tls, next);
}

static bool
finish(struct world *w, struct mem_sock *s, struct peer *p)
{
	switch (p->host.end) {
	case WORLD_END_CLEAN:
		https_close(p->tls);
		(void)https_pump(p->tls, w->mem, s);
		mem_half_close(s);
		break;
	case WORLD_END_RAW:
		mem_half_close(s);
		break;
	case WORLD_END_RESET:
		if (s->in.n > 0) {
			return false; /* a reset would overtake the bytes */
		}
		mem_fail(w->mem, s, STS_IO_RESET);
		break;
	default:
		break;
	}
	p->state = STATE_ENDING;
	p->due_set = false;
	return true;
}

static bool
talk_tls(struct world *w, struct mem_sock *s, struct peer *p)
{
	bool moved = https_pump(p->tls, w->mem, s);

	if (https_over(p->tls)) {
		mem_half_close(s); /* the client ended it with an alert */
		p->state = STATE_STILL;
		return true;
	}
	if (!https_asked(p->tls)) {
		return moved;
	}
	if (!p->checked) {
		p->checked = true;
		check_request(w, s, p);
	}
	allow_more(w, p);
	moved = https_pump(p->tls, w->mem, s) || moved;
	if (https_sent(p->tls) == response_end(p)) {
		return finish(w, s, p) || moved;
	}
	return moved;
}

static bool
talk(struct world *w, struct mem_sock *s, struct peer *p)
{
	bool moved = s->out.n > 0;

	if (p->tls != NULL) {
		return talk_tls(w, s, p);
	}
	if (moved && p->host.conduct == WORLD_RESET) {
		mem_fail(w->mem, s, STS_IO_RESET);
		p->state = STATE_STILL;
	}
	mem_drop(&s->out, s->out.n);
	return moved;
}

static bool
step_host(struct world *w, struct mem_sock *s)
{
	struct peer *p = s->actor;
	bool moved = false;

	switch (p->state) {
	case STATE_ACCEPT:
		if (sts_before(w->now, p->due)) {
			return false;
		}
		accept_peer(w, s, p);
		return true;
	case STATE_TALK:
		return talk(w, s, p);
	case STATE_ENDING:
		moved = s->out.n > 0;
		mem_drop(&s->out, s->out.n);
		return moved;
	default:
		return false;
	}
}

/* The core closed the socket: forget everything about it. */
static void
leave(struct world *w, struct mem_sock *s)
{
	struct peer *p = s->actor;
	unsigned i;

	for (i = 0; i < w->ask_count; i++) {
		if (w->ask[i].sock == s) {
			w->ask[i].sock = NULL;
		}
	}
	if (p != NULL) {
		https_free(p->tls);
		free(p);
		s->actor = NULL;
	}
	mem_release(w->mem, s);
}

static bool
is_ours(const struct mem_sock *s)
{
	return (s->kind == MEM_DGRAM || s->kind == MEM_STREAM) && !s->test_gone;
}

bool
world_step(struct world *w, sts_ms now)
{
	bool moved = false;
	unsigned i;

	w->now = now;
	for (i = 0; i < w->mem->sock_high; i++) {
		struct mem_sock *s = &w->mem->sock[i];

		if (!is_ours(s)) {
			continue;
		}
		if (s->role == ROLE_NEW) {
			adopt(w, s);
			moved = true;
		}
		if (s->role == ROLE_DNS) {
			moved = step_dns(w, s) || moved;
		} else {
			moved = step_host(w, s) || moved;
		}
		if (s->core_gone) {
			leave(w, s);
		}
	}
	return answer_due(w) || moved;
}

static void
sooner(bool *any, sts_ms *at, sts_ms due)
{
	if (!*any || sts_before(due, *at)) {
		*at = due;
	}
	*any = true;
}

bool
world_deadline(const struct world *w, sts_ms *at)
{
	bool any = false;
	unsigned i;

	for (i = 0; i < w->ask_count; i++) {
		if (w->ask[i].used && !w->ask[i].scripted) {
			sooner(&any, at, w->ask[i].due);
		}
	}
	for (i = 0; i < w->mem->sock_high; i++) {
		const struct mem_sock *s = &w->mem->sock[i];
		const struct peer *p = s->actor;

		if (is_ours(s) && s->role == ROLE_HOST && p->due_set &&
		    p->state != STATE_STILL && sts_before(w->now, p->due)) {
			sooner(&any, at, p->due);
		}
	}
	return any;
}

struct mem_sock *
world_scripted(struct world *w)
{
	unsigned i;

	for (i = 0; i < w->mem->sock_high; i++) {
		struct mem_sock *s = &w->mem->sock[i];
		const struct peer *p = s->actor;

		if (is_ours(s) && s->role == ROLE_HOST &&
		    p->state == STATE_SCRIPTED) {
			return s;
		}
	}
	return NULL;
}

void
world_serve(struct world *w, struct mem_sock *s, const struct world_host *h)
{
	begin_host(w, s->actor, h);
}

void
world_end(struct world *w)
{
	unsigned i;

	for (i = 0; i < w->mem->sock_high; i++) {
		struct mem_sock *s = &w->mem->sock[i];

		if (is_ours(s) && s->actor != NULL) {
			https_free(((struct peer *)s->actor)->tls);
			free(s->actor);
		}
	}
	free(w->post);
	free(w->rr);
	free(w->host);
	free(w->ask);
	free(w->seen);
}
