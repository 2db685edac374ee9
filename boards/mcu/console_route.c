/* SPDX-License-Identifier: MIT */
/*
 * A route, a chain and a judge, one of each.
 *
 *	NONE -- route --> ASKED --> KNOWN -- judge --> JUDGED --> KNOWN
 *
 * In ASKED and JUDGED no line is read. The route is held until the next one,
 * since its hosts may be judged one after the other; a chain is taken in any
 * state in which lines are read.
 *
 * Invariants: the lines that a question answers are printed before the next
 * line is read. A judge borrows the route's records and the chain, so neither
 * changes in JUDGED.
 *
 * The operator at the UART is trusted; the chain is not, since a mail host may
 * have sent it: the judge of certificates reads it as any other.
 */
#include <string.h>

#include "../../core/base/assert.h"
#include "../../core/base/text.h"
#include "../../core/driver.h"
#include "../../core/route.h"
#include "console.h"
#include "console_route.h"
#include "print.h"

enum state {
	NONE = 0,
	ASKED,
	KNOWN,
	JUDGED
};

enum {
	CERTS_MAX = STS_X509_CERTS_MAX,
	DER_HEAD = 4 /* a SEQUENCE of 256 to 65,535 octets: 30 82, length */
};

/* By mtasts anchors. */
extern const struct sts_anchors sts_board_anchors;

static struct {
	uint8_t state;
	bool spoilt; /* the octets that came are no chain */
	uint8_t domain_len;
	uint16_t chain_len;
	int64_t wall_s;
	struct sts_route route;
	struct sts_demand demand;
	struct sts_judge judge;
	struct sts_text cert[CERTS_MAX];
	uint8_t domain[STS_CONSOLE_LINE];
	uint8_t chain[STS_BOARD_CHAIN];
} at;

static struct sts_text
domain(void)
{
	return sts_text(at.domain, at.domain_len);
}

static void
print_space(struct sts_text t)
{
	sts_print(" ");
	sts_print_text(t);
}

static void
print_records(struct sts_text packed)
{
	struct sts_tlsa t;

	while (sts_dane_record_next(&packed, &t)) {
		sts_print(" ");
		sts_print_number(t.usage);
		sts_print(",");
		sts_print_number(t.selector);
		sts_print(",");
		sts_print_number(t.matching);
		sts_print(",");
		sts_print_hex(t.data);
	}
}

static void
print_demand(const struct sts_demand *d)
{
	static const char *const kinds[] = { "skip", "nothing", "tls", "webpki",
		"tlsa" };

	sts_print_text(d->host);
	sts_print(" ");
	sts_print_number(d->preference);
	sts_print(" ");
	sts_print(kinds[d->kind]);
	if (d->kind == STS_DEMAND_SKIP) {
		sts_print(" ");
		sts_print(sts_why_token((enum sts_why)d->why));
	} else if (d->kind == STS_DEMAND_WEBPKI) {
		print_space(d->host);
	} else if (d->kind == STS_DEMAND_TLSA) {
		print_space(d->base);
		print_records(d->records);
	}
	sts_print("\n");
}

static void
print_hosts(struct sts_agent *a)
{
	unsigned count = sts_route_count(a, &at.route);

	sts_print_word("hosts", count);
	sts_print("\n");
	for (unsigned i = 0; i < count; i++) {
		sts_print("host ");
		sts_print_number(i);
		sts_print(" ");
		sts_route_host(a, &at.route, i, &at.demand);
		print_demand(&at.demand);
	}
}

static void
poll_route(struct sts_agent *a)
{
	enum sts_why why;
	enum sts_route_state state = sts_route_state(a, &at.route, &why);

	if (state == STS_ROUTE_PENDING) {
		return;
	}
	at.state = KNOWN;
	sts_print("route ");
	sts_print_text(domain());
	sts_print(":");
	if (state == STS_ROUTE_HOSTS) {
		print_hosts(a);
		return;
	}
	sts_print(state == STS_ROUTE_NO_MAIL ? " no-mail " : " again ");
	sts_print(sts_why_token(why));
	sts_print("\n");
}

static void
begin_route(struct sts_agent *a, struct sts_driver *d, struct sts_text name)
{
	if (at.state != NONE) {
		sts_route_end(a, &at.route);
	}
	at.state = NONE;
	memcpy(at.domain, name.p, name.n);
	at.domain_len = (uint8_t)name.n;
	if (sts_route_begin(a, &at.route, domain())) {
		at.state = ASKED;
		sts_driver_wake(d);
	} else {
		sts_print("route: no slot is free\n");
	}
}

/* The chain's certificates. Octets that are no certificate are judged as the
 * last one, and refused. */
static unsigned
certificates(void)
{
	struct sts_text rest = sts_text(at.chain, at.chain_len);
	unsigned n = 0;

	while (rest.n > 0 && n < CERTS_MAX) {
		size_t len = rest.n;

		if (rest.n > DER_HEAD && n + 1 < CERTS_MAX &&
		    DER_HEAD + (size_t)sts_get16be(rest.p + 2) < rest.n) {
			len = DER_HEAD + (size_t)sts_get16be(rest.p + 2);
		}
		at.cert[n++] = sts_text(rest.p, len);
		rest = sts_text_skip(rest, len);
	}
	return n;
}

static void
forget_chain(void)
{
	at.chain_len = 0;
	at.spoilt = false;
}

static void
poll_judge(void)
{
	if (sts_judge_pending(&at.judge)) {
		sts_judge_work(&at.judge);
		return;
	}
	at.state = KNOWN;
	sts_print("judge ");
	sts_print_text(at.demand.host);
	sts_print(": ");
	sts_print(sts_why_token(sts_judge_verdict(&at.judge)));
	sts_print("\n");
	forget_chain();
}

static void
begin_judge(struct sts_agent *a, struct sts_text number)
{
	uint64_t host;

	if (at.state != KNOWN || !sts_get_decimal(number, 3, &host) ||
	    host >= sts_route_count(a, &at.route)) {
		sts_print("judge: no such host\n");
		return;
	}
	if (at.spoilt) {
		sts_print("judge: no chain, or one that is too long\n");
		forget_chain();
		return;
	}
	sts_route_host(a, &at.route, (unsigned)host, &at.demand);
	sts_judge_begin(&at.judge, &at.demand, at.cert, certificates(),
	    &sts_board_anchors, at.wall_s);
	at.state = JUDGED;
}

/* The value of a digit; 16: it is none. */
static unsigned
digit(uint8_t c)
{
	static const char digits[] = "0123456789abcdef";
	const char *found = c != 0 ? strchr(digits, sts_lower(c)) : NULL;

	return found != NULL ? (unsigned)(found - digits) : 16;
}

/* Part of a chain is no chain: octets for which there was no room spoil it. */
static void
take_octets(struct sts_text hex)
{
	at.spoilt = at.spoilt || hex.n % 2 != 0 ||
		    hex.n / 2 > sizeof at.chain - at.chain_len;
	for (size_t i = 0; i < hex.n && !at.spoilt; i += 2) {
		unsigned high = digit(hex.p[i]), low = digit(hex.p[i + 1]);

		at.spoilt = high > 15 || low > 15;
		at.chain[at.chain_len++] = (uint8_t)(high << 4 | low);
	}
}

bool
sts_console_route_line(
    struct sts_agent *a, struct sts_driver *d, struct sts_text line)
{
	STS_ASSERT(at.state == NONE || at.state == KNOWN);
	if (sts_text_take(&line, "route ")) {
		begin_route(a, d, line);
	} else if (sts_text_take(&line, "judge ")) {
		begin_judge(a, line);
	} else if (sts_text_take(&line, "+")) {
		take_octets(line);
	} else {
		return false;
	}
	return true;
}

void
sts_console_route_refused(struct sts_text line)
{
	at.spoilt = at.spoilt || sts_text_take(&line, "+");
}

bool
sts_console_route_poll(struct sts_agent *a, int64_t wall_s)
{
	at.wall_s = wall_s;
	if (at.state == ASKED) {
		poll_route(a);
	} else if (at.state == JUDGED) {
		poll_judge();
	}
	return at.state == ASKED || at.state == JUDGED;
}
