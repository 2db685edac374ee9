/* SPDX-License-Identifier: MIT */
/* The name servers and policy hosts of a play; each does what its domain's
 * state asks for. */
#include <stdio.h>

#include "../../core/base/assert.h"
#include "../mem/https.h"
#include "agent.h"

enum {
	DNS_PORT = 53,
	HOSTS = 16,
	QUESTIONS = 64,
	RESPONSE_MAX = 1024,
	TTL_S = 300,
	RAW_MAX = 2048
};

enum role {
	ROLE_NEW = 0,
	ROLE_DNS,
	ROLE_HOST
};

/* The far end of a connection. */
struct host {
	bool used, asked, delivered, wild, by_close;
	struct domain *domain;
	uint8_t conduct, cert;
	int64_t opened;
	struct https *tls;
	struct version *version; /* in the stream, or 0: not yet */
	size_t end; /* in the stream, or 0: not yet */
	size_t len;
	uint8_t response[RESPONSE_MAX];
};

static struct host hosts[HOSTS];

/* The last question that came to a socket. */
static struct dnspeer_question questions[QUESTIONS];

static const struct {
	uint8_t mode; /* enum sts_mode */
	const char *name;
} modes[] = { { STS_MODE_ENFORCE, "enforce" }, { STS_MODE_TESTING, "testing" },
	{ STS_MODE_NONE, "none" } };

void
net_publish(struct domain *d, unsigned mode, unsigned age, bool id_changes)
{
	/* Multiples of VERSIONS, so that the part added identifies the
	 * version. */
	static const uint32_t ages_s[] = { 30 * 86528, 31557120, 8 * 86528,
		86528, 3840, 256, 0 };
	struct version *v = &play.version[play.version_count];

	if (play.version_count == VERSIONS) {
		return;
	}
	v->domain = (uint8_t)(d - play.domain);
	v->mode = modes[mode % 3].mode;
	v->max_age_s = ages_s[age % 7];
	if (v->max_age_s > 0) {
		v->max_age_s += play.version_count;
	}
	v->served = false;
	d->published = play.version_count++;
	d->id += id_changes;
}

void
net_begin(void)
{
	static const char *const names[DOMAINS] = { "a.example", "b.example",
		"c.test" };

	memset(hosts, 0, sizeof hosts);
	memset(play.domain, 0, sizeof play.domain);
	for (unsigned i = 0; i < DOMAINS; i++) {
		play.domain[i].name = names[i];
		net_publish(&play.domain[i], 0, 0, true);
	}
}

/* Change the message as the script asks. Returns whether it was changed. */
static bool
mutate(uint8_t *p, size_t n, bool host)
{
	unsigned count = play.mutates_host == host ? play.mutation_count : 0;

	for (unsigned i = 0; i < count && n > 0; i++) {
		p[play.mutation[i].off % n] ^= play.mutation[i].with;
	}
	play.mutation_count -= count;
	return count > 0;
}

/* Names. */

static void
transmit(struct mem_sock *s, struct dnspeer_answer *a)
{
	uint8_t head[2];

	(void)mutate(a->p, a->n, false);
	if (s->kind == MEM_STREAM) {
		sts_put16be(head, (uint16_t)a->n);
		mem_send(&play.mem, s, head, sizeof head);
	}
	mem_send(&play.mem, s, a->p, a->n);
}

static struct domain *
find_domain(const char *name, const char *prefix)
{
	size_t n = strlen(prefix);

	for (unsigned i = 0; i < DOMAINS; i++) {
		if (strncmp(name, prefix, n) == 0 &&
		    strcmp(name + n, play.domain[i].name) == 0) {
			return &play.domain[i];
		}
	}
	return NULL;
}

static void
answer_none(struct mem_sock *s, const struct dnspeer_question *q,
    unsigned rcode, bool tc)
{
	static struct dnspeer_answer a;

	dnspeer_begin(&a, q, rcode, tc, false);
	if (!tc && (rcode == 0 || rcode == 3)) {
		dnspeer_soa(&a, TTL_S);
	}
	transmit(s, &a);
}

/* The value of the requested record. Returns false if there is none. */
static bool
value_of(const struct domain *d, unsigned type, char text[64])
{
	unsigned i = (unsigned)(d - play.domain);

	if (type == DNSPEER_TXT) {
		snprintf(text, 64, "v=STSv1; id=%u;", d->id);
	} else if (type == DNSPEER_A) {
		snprintf(text, 64, "198.51.100.%u", 10 + i);
	} else {
		snprintf(text, 64, "2001:db8::%u", 10 + i);
	}
	return type != DNSPEER_AAAA || d->inet6;
}

static void
answer_data(struct mem_sock *s, const struct domain *d,
    const struct dnspeer_question *q, enum dns_conduct how)
{
	static struct dnspeer_answer a;
	const char *name = q->name;
	char text[64];

	if (!value_of(d, q->type, text)) {
		answer_none(s, q, 0, false);
		return;
	}
	dnspeer_begin(&a, q, 0, false, false);
	if (how == DNS_ALIAS) {
		dnspeer_add(&a, name, DNSPEER_CNAME, TTL_S, "alias.test");
		name = "alias.test";
	}
	if (how == DNS_ODD) {
		snprintf(text, sizeof text, "%s",
		    q->type == DNSPEER_TXT ? "v=STSv1; id=;"
		    : q->type == DNSPEER_A ? "127.0.0.1"
					   : "::ffff:127.0.0.1");
	}
	dnspeer_add(&a, name, q->type, TTL_S, text);
	if (how == DNS_TWICE) {
		dnspeer_add(&a, name, q->type, TTL_S,
		    q->type == DNSPEER_TXT ? "v=STSv1; id=2nd;"
		    : q->type == DNSPEER_A ? "198.51.100.99"
					   : "2001:db8::99");
	}
	transmit(s, &a);
}

/* What an attacker off the path may send before the answer. */
static void
spoof(struct mem_sock *s, const struct dnspeer_question *q)
{
	struct dnspeer_question f = *q;

	f.id ^= 1;
	answer_none(s, &f, 3, false);
	f = *q;
	f.name[0] = 'x';
	answer_none(s, &f, 3, false);
	f = *q;
	f.type = DNSPEER_MX;
	answer_none(s, &f, 3, false);
}

static void
answer_junk(struct mem_sock *s, const struct dnspeer_question *q)
{
	static struct dnspeer_answer a;

	dnspeer_begin(&a, q, 0, false, false);
	a.p[7] = 9;
	transmit(s, &a);
}

/* The answer of a domain, as its name servers are set to act. */
static void
answer(struct mem_sock *s, const struct domain *d,
    const struct dnspeer_question *q, enum dns_conduct how)
{
	switch (how) {
	case DNS_NXDOMAIN:
		answer_none(s, q, 3, false);
		break;
	case DNS_NODATA:
		answer_none(s, q, 0, false);
		break;
	case DNS_SERVFAIL:
		answer_none(s, q, 2, false);
		break;
	case DNS_REFUSED:
		answer_none(s, q, 5, false);
		break;
	case DNS_JUNK:
		answer_junk(s, q);
		break;
	case DNS_CLOSED:
		mem_fail(&play.mem, s, STS_IO_REFUSED);
		break;
	case DNS_SILENT:
		break;
	case DNS_SPOOFED:
		spoof(s, q);
		answer_data(s, d, q, DNS_DATA);
		break;
	case DNS_TRUNCATED:
		if (s->kind == MEM_DGRAM) {
			answer_none(s, q, 0, true);
			break;
		}
		answer_data(s, d, q, DNS_DATA);
		break;
	default:
		answer_data(s, d, q, how);
		break;
	}
}

static void
take_question(struct mem_sock *s, const uint8_t *p, size_t n)
{
	struct dnspeer_question *q =
	    &questions[(s - play.mem.sock) % QUESTIONS];
	struct domain *d;

	STS_ASSERT(dnspeer_read(q, p, n) == NULL);
	s->actor = q;
	if (q->type == DNSPEER_TXT) {
		d = find_domain(q->name, "_mta-sts.");
	} else {
		d = find_domain(q->name, "mta-sts.");
	}
	if (d == NULL) {
		/* The script can ask for any name, and refer to any. */
		answer_none(s, q, 3, false);
		return;
	}
	if (q->type == DNSPEER_TXT &&
	    ((d->txt != DNS_SERVFAIL && d->txt != DNS_SILENT) ||
		play.mutation_count > 0)) {
		d->known = true;
	}
	answer(s, d, q,
	    q->type == DNSPEER_TXT ? (enum dns_conduct)d->txt
				   : (enum dns_conduct)d->addresses);
}

static bool
step_dns(struct mem_sock *s)
{
	bool moved = false;
	const uint8_t *p;
	size_t n;

	if (s->state == MEM_FAILED) {
		return false;
	}
	if (s->kind == MEM_DGRAM) {
		while ((n = mem_datagram(s, &p)) > 0) {
			take_question(s, p, n);
			mem_datagram_drop(s);
			moved = true;
		}
		return moved;
	}
	if (s->state == MEM_WAITING) {
		mem_accept(&play.mem, s);
		return true;
	}
	while (s->out.n >= 2 && s->out.n - 2 >= sts_get16be(s->out.p)) {
		n = sts_get16be(s->out.p);
		take_question(s, s->out.p + 2, n);
		mem_drop(&s->out, 2 + n);
		moved = true;
	}
	return moved;
}

/* Hosts. */

static size_t
write_body(char *out, size_t size, const struct version *v)
{
	const char *mode = "none";

	for (unsigned i = 0; i < 3; i++) {
		mode = modes[i].mode == v->mode ? modes[i].name : mode;
	}
	return (size_t)snprintf(out, size,
	    "version: STSv1\r\nmode: %s\r\nmx: mx%u.%s\r\nmax_age: %u\r\n",
	    mode, (unsigned)(v - play.version), play.domain[v->domain].name,
	    (unsigned)v->max_age_s);
}

static void
write_response(struct host *h, enum response_kind kind)
{
	static const char *const heads[RESPONSE_KINDS] = {
		"200 OK\r\nContent-Type: text/plain\r\n",
		"200 OK\r\nContent-Type: text/plain\r\n",
		"200 OK\r\nContent-Type: text/plain\r\n",
		"404 Not Found\r\nContent-Type: text/plain\r\n",
		"301 Moved\r\nLocation: /\r\nContent-Type: text/plain\r\n",
		"200 OK\r\nContent-Type: text/html\r\n",
		"200 OK\r\nContent-Type: text/plain\r\n",
		"200 OK\r\nContent-Type: text/plain\r\n"
	};
	bool chunked = kind == RESPONSE_CHUNKED || kind == RESPONSE_UNENDED;
	char body[RESPONSE_MAX / 2], framing[64];
	size_t n = write_body(body, sizeof body, h->version);

	if (kind == RESPONSE_CLOSE) {
		framing[0] = '\0';
	} else if (chunked) {
		snprintf(framing, sizeof framing,
		    "Transfer-Encoding: chunked\r\n\r\n%x", (unsigned)n);
	} else {
		snprintf(framing, sizeof framing, "Content-Length: %u\r\n",
		    (unsigned)n + (kind == RESPONSE_SHORT ? 7 : 0));
	}
	h->len = (size_t)snprintf((char *)h->response, RESPONSE_MAX,
	    "HTTP/1.1 %s%s\r\n%s%s", heads[kind], framing, body,
	    kind == RESPONSE_CHUNKED   ? "\r\n0\r\n\r\n"
	    : kind == RESPONSE_UNENDED ? "\r\n"
				       : "");
}

static void
begin_host(struct mem_sock *s)
{
	unsigned i, octet = s->peer.ip[s->peer.af == STS_AF_INET ? 3 : 15];
	struct host *h;

	for (i = 0; i < HOSTS && hosts[i].used; i++) {
	}
	STS_ASSERT(i < HOSTS);
	h = s->actor = &hosts[i];
	memset(h, 0, sizeof *h);
	h->used = true;
	h->opened = play.t;
	if (s->peer.af == STS_AF_INET) {
		STS_ASSERT(s->peer.ip[0] != 127 && s->peer.ip[0] != 0);
		STS_ASSERT(s->peer.ip[0] < 224);
		h->domain = &play.domain[(octet - 10) % DOMAINS];
	} else {
		/* In hexadecimal: 10, 11, 12. */
		h->domain = &play.domain[(octet - 16) % DOMAINS];
	}
	h->conduct = h->domain->conduct;
	h->cert = h->domain->cert;
}

/* Accept the connection, or not. */
static bool
accept_host(struct mem_sock *s, struct host *h)
{
	static const char plain[] = "HTTP/1.1 400 Bad Request\r\n\r\n";
	static const uint8_t seed[32];

	switch (h->conduct) {
	case HOST_REFUSES:
	case HOST_UNREACHABLE:
		mem_fail(&play.mem, s,
		    h->conduct == HOST_REFUSES ? STS_IO_REFUSED
					       : STS_IO_UNREACHABLE);
		return true;
	case HOST_NO_ANSWER:
		return false;
	default:
		break;
	}
	mem_accept(&play.mem, s);
	if (h->conduct == HOST_HANGS_UP) {
		mem_half_close(s);
	} else if (h->conduct == HOST_PLAIN) {
		mem_send(&play.mem, s, plain, sizeof plain - 1);
	} else if (h->conduct != HOST_MUTE && h->conduct != HOST_RESETS) {
		h->tls = https_new(
		    (enum https_cert)h->cert, sts_text(NULL, 0), seed);
	}
	return true;
}

/* RFC 8461 3.3: the agent sends one kind of request, without conditions. */
static void
check_request(const struct host *h)
{
	static const char line[] = "GET /.well-known/mta-sts.txt HTTP/1.1\r\n";
	struct sts_text r = https_request(h->tls);
	const char *name = https_server_name(h->tls);
	char want[320];
	size_t n;

	n = (size_t)snprintf(want, sizeof want, "%sHost: %s\r\n", line, name);
	STS_ASSERT(strncmp(name, "mta-sts.", 8) == 0);
	STS_ASSERT(r.n > n && memcmp(r.p, want, n) == 0);
	STS_ASSERT(h->cert != HTTPS_NAME && h->cert != HTTPS_CN);
	STS_ASSERT(h->cert != HTTPS_UNTRUSTED);
}

/* The request has come: respond with what its domain publishes now. A host that
 * the script's DNS names for another domain's policy gives none. */
static void
respond(struct host *h)
{
	struct domain *d = find_domain(https_server_name(h->tls), "mta-sts.");
	size_t n;

	check_request(h);
	h->asked = true;
	if (d == NULL) {
		d = h->domain;
	}
	h->domain = d;
	h->version = &play.version[d->published];
	write_response(h, (enum response_kind)d->kind);
	h->by_close = d->kind == RESPONSE_CLOSE;
	if (d->kind > RESPONSE_CLOSE || h->conduct == HOST_CUTS ||
	    h->conduct == HOST_STALLS) {
		h->version = NULL;
	}
	if (mutate(h->response, h->len, true)) {
		h->wild = d->wild = true;
		d->held = false;
	}
	https_respond(h->tls, sts_text(h->response, h->len));
	n = h->len;
	if (h->conduct == HOST_CUTS || h->conduct == HOST_STALLS) {
		n -= 1 + d->id % 40;
	}
	https_allow(h->tls, n);
}

/* Send all that is left to send. */
static void
finish(struct mem_sock *s, struct host *h)
{
	size_t end = s->received + s->in.n;

	if (h->conduct == HOST_STALLS) {
		return;
	}
	if (h->conduct != HOST_CUTS) {
		https_close(h->tls);
		(void)https_pump(h->tls, &play.mem, s);
	}
	mem_half_close(s);
	/* Where a length states the end, the agent reads nothing more. */
	h->end = h->by_close ? s->received + s->in.n : end;
}

static bool
talk(struct mem_sock *s, struct host *h)
{
	bool moved = s->out.n > 0;

	if (h->tls == NULL || h->end > 0) {
		if (moved && h->conduct == HOST_RESETS) {
			mem_fail(&play.mem, s, STS_IO_RESET);
		}
		mem_drop(&s->out, s->out.n);
		return moved;
	}
	moved = https_pump(h->tls, &play.mem, s);
	if (!h->asked && https_asked(h->tls)) {
		respond(h);
		(void)https_pump(h->tls, &play.mem, s);
		finish(s, h);
		return true;
	}
	if (https_over(h->tls) && !s->eof) {
		mem_half_close(s);
		return true;
	}
	return moved;
}

/* Whether the certificate is good, by the agent's wall clock. */
static bool
is_authentic(const struct host *h)
{
	int64_t year =
	    1970 + (1750000000 + (play.t + play.wall_ms) / 1000) / 31556952;

	return h->cert == HTTPS_FUTURE
		   ? year >= 2050 && year < 2100
		   : h->cert != HTTPS_EXPIRED && year >= 2020 && year < 2050;
}

/* Note that the agent has read the last octet. */
static void
note_delivered(const struct mem_sock *s, struct host *h)
{
	bool calm = !play.wall_unknown && play.wall_changed < h->opened;
	/* A lookup under way when the domain was forgotten may end later, and
	 * its policy is not expected to be held. */
	bool kept = play.forgot < h->opened - LOOKUP_MAX;

	if (h->delivered || h->end == 0 || s->received < h->end) {
		return;
	}
	h->delivered = true;
	if (h->wild) {
		play.wall_vouched = play.wall_ms > play.wall_vouched
					? play.wall_ms
					: play.wall_vouched;
	}
	if (h->version != NULL && !h->wild && (!calm || is_authentic(h))) {
		ask_delivered(h->version, calm && kept);
	}
}

static bool
step_host(struct mem_sock *s)
{
	struct host *h = s->actor;

	note_delivered(s, h);
	if (s->state == MEM_FAILED) {
		return false;
	}
	if (s->state == MEM_WAITING) {
		return accept_host(s, h);
	}
	return talk(s, h);
}

static void
leave(struct mem_sock *s)
{
	if (s->role == ROLE_HOST) {
		struct host *h = s->actor;

		note_delivered(s, h);
		if (h->tls != NULL) {
			https_free(h->tls);
		}
		h->used = false;
	}
	s->actor = NULL;
	mem_release(&play.mem, s);
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

	for (unsigned i = 0; i < play.mem.sock_high; i++) {
		struct mem_sock *s = &play.mem.sock[i];

		if (!is_ours(s)) {
			continue;
		}
		if (s->role == ROLE_NEW) {
			s->role =
			    s->peer.port == DNS_PORT ? ROLE_DNS : ROLE_HOST;
			if (s->role == ROLE_HOST) {
				begin_host(s);
			}
			moved = true;
		}
		moved =
		    (s->role == ROLE_DNS ? step_dns(s) : step_host(s)) || moved;
		if (s->core_gone) {
			leave(s);
		}
	}
	return moved;
}

void
net_end(void)
{
	for (unsigned i = 0; i < play.mem.sock_high; i++) {
		if (is_ours(&play.mem.sock[i])) {
			leave(&play.mem.sock[i]);
		}
	}
}

/* What the script puts in. */

/* The i-th open socket of a role, counted round; or NULL. */
static struct mem_sock *
pick(enum role role, unsigned i)
{
	struct mem_sock *found[64];
	unsigned n = 0;

	for (unsigned k = 0; k < play.mem.sock_high && n < 64; k++) {
		struct mem_sock *s = &play.mem.sock[k];

		if (is_ours(s) && s->role == (int)role && !s->core_gone &&
		    s->state == MEM_OPEN) {
			found[n++] = s;
		}
	}
	return n == 0 ? NULL : found[i % n];
}

void
net_raw_dns(unsigned i, unsigned how, const uint8_t *p, size_t n)
{
	static struct dnspeer_answer a;
	struct mem_sock *s = pick(ROLE_DNS, i);
	const struct dnspeer_question *q = s == NULL ? NULL : s->actor;

	if (q == NULL || n > RAW_MAX) {
		return;
	}
	for (unsigned k = 0; k < DOMAINS; k++) {
		play.domain[k].known = true;
	}
	if (how % 4 == 0) {
		mem_send(&play.mem, s, p, n);
		return;
	}
	/* A header and the question, then as many records as are announced. */
	dnspeer_begin(&a, q, how % 4 == 3 ? 3 : 0, false, (how & 128) != 0);
	a.p[7] = how % 4 == 3 ? 0 : how / 4 % 4;
	a.p[9] = how / 16 % 4;
	memcpy(a.p + a.n, p, n);
	a.n += n;
	transmit(s, &a);
}

void
net_raw_host(unsigned i, const uint8_t *p, size_t n)
{
	struct mem_sock *s = pick(ROLE_HOST, i);
	struct host *h = s == NULL ? NULL : s->actor;

	if (h == NULL || h->domain == NULL || n > RAW_MAX) {
		return;
	}
	h->wild = true;
	for (unsigned k = 0; k < DOMAINS; k++) {
		/* The agent knows whose policy this is; the play does not. */
		play.domain[k].wild = true;
		play.domain[k].held = false;
	}
	mem_send(&play.mem, s, p, n);
}

void
net_fail_host(unsigned i, unsigned how)
{
	struct mem_sock *s = pick(ROLE_HOST, i);

	if (s == NULL) {
		s = pick(ROLE_DNS, i);
	}
	if (s == NULL) {
		return;
	}
	if (how % 3 == 0 && s->kind == MEM_STREAM) {
		mem_half_close(s);
	} else {
		mem_fail(
		    &play.mem, s, how % 3 == 1 ? STS_IO_RESET : STS_IO_REFUSED);
	}
}
