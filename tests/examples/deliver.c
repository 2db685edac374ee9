/* SPDX-License-Identifier: MIT */
/*
 * Firmware that sends mail itself delivers one, with what the recipients'
 * domain demands by DANE and MTA-STS:
 *
 *	deliver DOMAIN HELO DNS[:PORT] ROOTS.pem FROM TO... <MESSAGE
 *
 * The agent returns where mail for DOMAIN goes and what each host must show
 * (core/route.h). The program looks addresses up, lets the SMTP engine go as
 * far as TLS (core/smtp/smtp_submit.h), and has the certificates judged
 * (core/dane/judge.h); only then it sends the mail. It tries hosts and
 * addresses in their order until every recipient is decided on. It trusts the
 * AD bit of a DNS server at a loopback address.
 *
 * Exit 0: accepted for all; 69: refused for good for one; 75: try again later.
 *
 * A board differs in this: its network stack has the port (port/README.md) and
 * the calls that are sockets here, the message comes from its flash, and its
 * one loop serves both instead of one after the other.
 */
#define _DEFAULT_SOURCE
#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "../../boards/posix/dns_ask.h"
#include "../../core/agent/agent_size.h"
#include "../../core/base/assert.h"
#include "../../core/base/name.h"
#include "../../core/base/text.h"
#include "../../core/dial/address.h"
#include "../../core/driver.h"
#include "../../core/route.h"
#include "../../core/smtp/smtp_submit.h"
#include "../../port/posix/addr.h"
#include "../../port/posix/posix.h"
#include "../../port/posix/socket.h"

enum {
	ROOTS_SIZE = 65536,
	MESSAGE_MAX = 262144,
	CHAIN_SIZE = 8192,
	SCRATCH = 4096,
	CHANNELS = 64,
	MX_PORT = 25,
	REFUSED = 69,
	LATER = 75
};

static const struct sts_engine_ops *const ops = &sts_smtp_submit_ops;
static const struct sts_config config = { .lookups = 4,
	.fetch_slots = 1,
	.asks = 1,
	.cache_size = 8192,
	.danes = 2 };

/* All memory that the program takes, reserved at link time. */
static uint64_t block[STS_AGENT_SIZE_DANE(0, 4, 1, 1, 2, 0, 8192) / 8];
static uint64_t port_memory[STS_POSIX_SIZE_MAX(CHANNELS) / 8];
static uint64_t tls[STS_TLS_SIZE_MAX / 8 + 1];
static uint8_t chain_memory[CHAIN_SIZE], message[MESSAGE_MAX];
static struct sts_agent agent;
static struct sts_driver driver;
static struct sts_posix posix;
static struct sts_port port;
static struct sts_zones zones;
static struct sts_dns_servers servers;
static struct sts_anchors roots;
static struct sts_route route;
static struct sts_judge judge;
static struct sts_smtp_submit mail;
static struct sts_tls_chain chain;
static struct sts_settings settings = { &servers, &roots, &zones,
	.policy_port = 443, .allow_private = true, .dane = true };

/* The mail, and its state. */
struct letter {
	struct sts_text helo, from, text;
	bool text_8bit;
	size_t off; /* octets of the text handed to this dialogue */
	unsigned count;
	struct sts_text to[STS_SMTP_RCPTS_MAX];
	enum sts_smtp_outcome outcome[STS_SMTP_RCPTS_MAX];
};

/* ---- the engine served over a socket ---- */

static void
lose(int *fd, int why)
{
	if (*fd >= 0 && why != STS_IO_EOF) {
		close(*fd);
		*fd = -1;
	}
	ops->lost(&mail, why);
}

/* Wait until the socket is ready for these events, or for the engine's
 * deadline. */
static bool
ready(int fd, short events)
{
	struct pollfd f = { fd, events, 0 };
	int wait = -1;
	sts_ms at;

	if (ops->deadline(&mail, &at)) {
		wait = (int32_t)(at - sts_posix_now());
		wait = wait < 0 ? 0 : wait;
	}
	return poll(&f, 1, wait) > 0;
}

static void
dial(int *fd)
{
	struct sockaddr_storage ss;
	socklen_t n = sts_addr_to_socket(ops->peer(&mail), &ss);
	int rc = sts_socket_connect_stream(&ss, n);

	if (rc < 0) {
		lose(fd, rc);
	} else {
		*fd = rc;
	}
}

static void
open_channel(int *fd)
{
	if (*fd < 0) {
		dial(fd);
	} else if (ready(*fd, POLLOUT)) {
		int rc = sts_socket_connected(*fd);

		if (rc == 0) {
			ops->opened(&mail);
		} else if (rc != STS_IO_AGAIN) {
			lose(fd, rc);
		}
	}
}

static void
move(int *fd, unsigned wants)
{
	static uint8_t scratch[SCRATCH];
	struct sts_span lent = { scratch, sizeof scratch };
	bool sends = (wants & STS_WANT_SEND) != 0;
	ssize_t n;

	if (!ready(*fd, sends ? POLLOUT : POLLIN)) {
		return; /* the next tick gives the reason */
	}
	if (sends) {
		struct sts_text t = ops->send_buf(&mail, lent);

		n = send(*fd, t.p, t.n, MSG_NOSIGNAL);
	} else {
		lent = ops->recv_buf(&mail, lent);
		n = recv(*fd, lent.p, lent.n, 0);
	}
	if (n > 0 && sends) {
		ops->send_ack(&mail, (size_t)n);
	} else if (n > 0) {
		ops->recv_ack(&mail, sts_span(lent.p, (size_t)n));
	} else if (n == 0) {
		lose(fd, STS_IO_EOF);
	} else if (errno != EAGAIN && errno != EINTR) {
		lose(fd, sts_socket_error(errno));
	}
}

/* ---- one dialogue ---- */

/* Whether the certificates that came meet the demand. */
static enum sts_why
verdict(const struct sts_demand *demand)
{
	struct sts_text certs[STS_X509_CERTS_MAX];

	for (unsigned i = 0; i < chain.count; i++) {
		certs[i] = sts_tls_chain_cert(&chain, i);
	}
	sts_judge_begin(&judge, demand, certs,
	    mail.p.found.tls ? chain.count : 0, &roots, sts_posix_wall_s());
	while (sts_judge_pending(&judge)) {
		sts_judge_work(&judge);
	}
	return sts_judge_verdict(&judge);
}

/* Do what the engine leaves to its owner. Returns false when it is over. */
static bool
own(struct letter *l, const struct sts_demand *demand)
{
	enum sts_why why;

	switch (sts_smtp_submit_at(&mail)) {
	case STS_SMTP_SUBMIT_JUDGE:
		why = verdict(demand);
		printf("  TLS 1.%u: %s\n", mail.p.found.tls_version - 0x301U,
		    sts_why_token(why));
		sts_smtp_submit_judged(&mail, why);
		return true;
	case STS_SMTP_SUBMIT_BODY:
		if (l->off < l->text.n) {
			l->off += sts_smtp_submit_body(
			    &mail, sts_text_skip(l->text, l->off));
		} else {
			sts_smtp_submit_body_end(&mail);
		}
		return true;
	default:
		return false;
	}
}

static void
serve(struct letter *l, const struct sts_demand *demand)
{
	int fd = -1;

	for (;;) {
		unsigned wants;

		ops->tick(&mail, sts_posix_now(), sts_posix_wall_s());
		wants = ops->wants(&mail);
		if ((wants & STS_WANT_OWNER) != 0) {
			if (!own(l, demand)) {
				return;
			}
		} else if ((wants & STS_WANT_CLOSE) != 0) {
			lose(&fd, STS_IO_CLOSED);
		} else if ((wants & STS_WANT_STREAM) != 0) {
			open_channel(&fd);
		} else if ((wants & STS_WANT_WORK) != 0) {
			ops->work(&mail);
		} else {
			move(&fd, wants);
		}
	}
}

/* The recipients that are still undecided; which[i] is the place of the
 * i-th. */
static unsigned
open_recipients(const struct letter *l, struct sts_text *rcpt, unsigned *which)
{
	unsigned n = 0;

	for (unsigned i = 0; i < l->count; i++) {
		if (l->outcome[i] == STS_SMTP_LATER) {
			which[n] = i;
			rcpt[n++] = l->to[i];
		}
	}
	return n;
}

/* Try one address. */
static void
try_address(struct letter *l, const struct sts_demand *demand,
    const struct sts_addr *addr)
{
	struct sts_text rcpt[STS_SMTP_RCPTS_MAX];
	unsigned which[STS_SMTP_RCPTS_MAX];
	struct sts_smtp_mail m = { .from = l->from,
		.rcpt = rcpt,
		.size = (uint32_t)l->text.n,
		.body_8bit = l->text_8bit };
	struct sts_smtp_setup u = { .tls = (struct sts_tls *)tls,
		.helo = l->helo,
		.addr = *addr,
		.host = demand->base,
		.anchors = &roots,
		.chain = &chain };
	const struct sts_smtp_found *f = &mail.p.found;

	m.rcpts = open_recipients(l, rcpt, which);
	u.starttls = demand->kind == STS_DEMAND_NOTHING ? STS_SMTP_TLS_MAY
							: STS_SMTP_TLS_MUST;
	/* The judge uses the dates, and knows whether there is a clock. */
	u.wall_s = sts_posix_wall_s() < 0 ? 0 : sts_posix_wall_s();
	if (port.entropy(port.ctx, u.rnd, sizeof u.rnd) != 0) {
		return;
	}
	chain = (struct sts_tls_chain){ .p = chain_memory,
		.size = sizeof chain_memory };
	l->off = 0;
	sts_smtp_submit_begin(&mail, &u, &m, sts_posix_now());
	serve(l, demand);
	printf("  %s", sts_why_token(f->why));
	printf(f->code != 0 ? " (%u %.*s)\n" : "\n", f->code, f->text_len,
	    (const char *)f->text);
	for (unsigned i = 0; i < m.rcpts; i++) {
		l->outcome[which[i]] = mail.rcpt[i].outcome;
	}
	sts_smtp_submit_end(&mail);
}

/* ---- hosts and their addresses ---- */

static bool
is_decided(const struct letter *l)
{
	struct sts_text rcpt[STS_SMTP_RCPTS_MAX];
	unsigned which[STS_SMTP_RCPTS_MAX];

	return open_recipients(l, rcpt, which) == 0;
}

static void
try_addresses(struct letter *l, const struct sts_demand *demand, uint16_t type)
{
	static struct sts_dns_asked asked;
	struct sts_dns_name_parts name = { { NULL, 0 }, demand->host };
	char text[STS_ADDR_TEXT_MAX];

	sts_dns_ask(&asked, &servers, name, type);
	for (unsigned i = 0; i < asked.count && !is_decided(l); i++) {
		struct sts_addr a = sts_address_of(asked.record[i], MX_PORT);

		sts_addr_format(&a, text);
		printf(" %s\n", text);
		if (sts_address_allowed(&settings, &a)) {
			try_address(l, demand, &a);
		} else {
			printf("  address-forbidden\n");
		}
	}
}

static void
try_host(struct letter *l, const struct sts_demand *demand)
{
	static const char *const demands[] = { "not now", "nothing", "TLS",
		"a certificate for its name",
		"a certificate of its TLSA records" };

	printf("%.*s: %s", (int)demand->host.n, (const char *)demand->host.p,
	    demands[demand->kind]);
	if (demand->kind == STS_DEMAND_SKIP) {
		printf(" (%s)\n", sts_why_token((enum sts_why)demand->why));
		return;
	}
	printf("\n");
	try_addresses(l, demand, STS_DNS_A);
	if (!is_decided(l)) {
		try_addresses(l, demand, STS_DNS_AAAA);
	}
}

/* A domain that takes no mail, or does not exist: the mail can never be
 * delivered. */
static void
refuse_all(struct letter *l)
{
	for (unsigned i = 0; i < l->count; i++) {
		l->outcome[i] = STS_SMTP_REFUSED;
	}
}

static void
deliver(struct letter *l, struct sts_text domain)
{
	enum sts_route_state state = STS_ROUTE_PENDING;
	struct sts_demand demand;
	enum sts_why why = STS_WHY_NONE;

	if (!sts_route_begin(&agent, &route, domain)) {
		return; /* no slot is free: later */
	}
	sts_driver_wake(&driver);
	while (state == STS_ROUTE_PENDING) {
		sts_run(&driver, sts_posix_now(), sts_posix_wall_s(), 1);
		sts_posix_wait(&posix, &driver, 1);
		state = sts_route_state(&agent, &route, &why);
	}
	if (state != STS_ROUTE_HOSTS) {
		printf("%.*s: %s\n", (int)domain.n, (const char *)domain.p,
		    sts_why_token(why));
	}
	if (state == STS_ROUTE_NO_MAIL) {
		refuse_all(l);
	}
	for (unsigned i = 0;
	     i < sts_route_count(&agent, &route) && !is_decided(l); i++) {
		sts_route_host(&agent, &route, i, &demand);
		try_host(l, &demand);
	}
	sts_route_end(&agent, &route);
}

/* ---- what stands in for a board ---- */

void
sts_assert_failed(const char *file, int line)
{
	fprintf(stderr, "%s:%d: assertion failed\n", file, line);
	abort(); /* a board resets */
}

static bool
load_roots(const char *path)
{
	static uint64_t load[STS_ANCHORS_LOAD_SIZE_MAX / 8];
	static uint8_t pem[ROOTS_SIZE], area[ROOTS_SIZE];
	struct sts_anchors_load *l = (struct sts_anchors_load *)load;
	FILE *f = fopen(path, "rb");
	size_t n = f == NULL ? 0 : fread(pem, 1, sizeof pem, f);

	if (f != NULL) {
		fclose(f);
	}
	sts_anchors_begin(l, area, sizeof area);
	sts_anchors_feed(l, sts_text(pem, n));
	return n > 0 && n < sizeof pem &&
	       sts_anchors_end(l, &roots) == STS_ANCHORS_OK;
}

/* "127.0.0.1:5353"; without a port it is 53. */
static bool
set_server(char *text)
{
	char *colon = strrchr(text, ':');
	struct sts_addr *a = &servers.addr[0];

	if (colon != NULL) {
		*colon = '\0';
	}
	if (!sts_addr_parse(sts_text_of(text), a)) {
		return false;
	}
	a->port = (uint16_t)(colon != NULL ? atoi(colon + 1) : 53);
	servers.count = 1;
	servers.trusted[0] = a->af == STS_AF_INET && a->ip[0] == 127;
	return true;
}

static bool
read_letter(struct letter *l, int argc, char **argv)
{
	l->helo = sts_text_of(argv[2]);
	l->from = sts_text_of(argv[5]);
	l->count = (unsigned)argc - 6;
	for (unsigned i = 0; i < l->count; i++) {
		l->to[i] = sts_text_of(argv[6 + i]);
	}
	l->text = sts_text(message, fread(message, 1, sizeof message, stdin));
	for (size_t i = 0; i < l->text.n; i++) {
		l->text_8bit = l->text_8bit || message[i] > 127;
	}
	return l->text.n < sizeof message && sts_smtp_helo_valid(l->helo);
}

static bool
start_agent(void)
{
	uint8_t key[16];

	sts_zones_init(&zones, 12000, 30000);
	if (sts_posix_init(&posix, CHANNELS, port_memory, &port) != 0 ||
	    port.entropy(port.ctx, key, sizeof key) != 0) {
		return false;
	}
	sts_agent_init(&agent, &config, &settings, block, sts_posix_now(), key);
	sts_driver_init(&driver, &agent, &port, sts_posix_now());
	return true;
}

/* The outcome, in words and as an exit code. */
static int
report(const struct letter *l)
{
	static const char *const words[] = { "later", "taken", "refused",
		"in doubt" };
	int code = 0;

	for (unsigned i = 0; i < l->count; i++) {
		printf("%.*s: %s\n", (int)l->to[i].n, (const char *)l->to[i].p,
		    words[l->outcome[i]]);
		if (l->outcome[i] == STS_SMTP_REFUSED) {
			code = REFUSED;
		} else if (l->outcome[i] != STS_SMTP_TAKEN && code == 0) {
			code = LATER;
		}
	}
	return code;
}

int
main(int argc, char **argv)
{
	static struct letter l;

	if (argc < 7 || argc - 6 > STS_SMTP_RCPTS_MAX || !set_server(argv[3]) ||
	    !load_roots(argv[4]) || !read_letter(&l, argc, argv) ||
	    !start_agent()) {
		fprintf(stderr, "usage: deliver DOMAIN HELO DNS[:PORT] "
				"ROOTS.pem FROM TO... <MESSAGE\n");
		return 64;
	}
	deliver(&l, sts_text_of(argv[1]));
	return report(&l);
}
