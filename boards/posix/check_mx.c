/* SPDX-License-Identifier: MIT */
/*
 * The MX hosts: of each its addresses, then its TLSA records, by the rules of
 * core/dane/dane_steps.c (RFC 7672 2.2.2), then the dialogues with its
 * addresses, one at a time for a host and STS_CHECK_PROBES in all.
 *
 *	ADDRESSES -> [ALIAS] -> [TLSA_EXPANDED] -> TLSA -> DIALOGUES -> DONE
 *
 * Unlike a mail server, check asks for TLSA records of unsigned hosts, too:
 * their owner has to learn that they count for nothing.
 *
 * Invariants: a host's stage only goes on, and `done` is set at its end,
 * whatever happened. A dialogue that could not be begun, for want of random
 * octets or of a free probe, is begun later. When nothing could be connected to
 * at STS_CHECK_CLOSED_MIN addresses, the way out is closed, and the rest is not
 * tried.
 *
 * The attacker owns a host, or the DNS of one: he can make its part take as
 * long as its deadlines allow, and no other host's.
 */
#include <stdio.h>
#include <string.h>

#include "../../core/base/assert.h"
#include "../../core/base/text.h"
#include "../../core/dial/address.h"
#include "check_run.h"
#include "check_tlsa_records.h"

static unsigned
ask_of(unsigned host)
{
	return STS_CHECK_ASK_HOST + 2 * host;
}

static void
end_host(struct sts_check_run *r, unsigned h, enum sts_dane_host dane)
{
	r->facts.host[h].dane = (uint8_t)dane;
	r->work[h].stage = STS_CHECK_STAGE_DONE;
	r->facts.host[h].done = true;
}

/* The next address of a host that waits for a dialogue, or addr_count. */
static unsigned
next_address(const struct sts_check_host *h)
{
	unsigned i = 0;

	while (i < h->addr_count && h->address[i].state != STS_CHECK_WAITS &&
	       h->address[i].state != STS_CHECK_RUNS) {
		i++;
	}
	return i;
}

/* Whether no address was reached, and enough of them were tried. */
static bool
is_closed(const struct sts_check_run *r)
{
	return r->connected == 0 && r->refused == 0 &&
	       r->unconnected >= STS_CHECK_CLOSED_MIN;
}

static void
skip_rest(struct sts_check_host *h)
{
	for (unsigned i = 0; i < h->addr_count; i++) {
		if (h->address[i].state == STS_CHECK_WAITS) {
			h->address[i].state = STS_CHECK_SKIPPED;
		}
	}
}

/* The name that the handshake is about (RFC 7672 3.2.3: the TLSA base). */
static struct sts_text
sni_of(const struct sts_check_host *h)
{
	/* An alias may lead to a name that is none of a host. */
	return h->dane >= STS_DANE_HOST_UNUSABLE &&
		       sts_name_valid(sts_text(h->base, h->base_len))
		   ? sts_text(h->base, h->base_len)
		   : sts_check_name(h);
}

/* Begin a dialogue with the host's next address. The second one with an address
 * offers only the kind of key that the first did not show, so that both
 * certificates of a server are seen. */
static void
begin_dialogue(struct sts_check_run *r, struct sts_check_probe *p, unsigned h)
{
	struct sts_check_host *host = &r->facts.host[h];
	unsigned a = next_address(host);
	struct sts_smtp_setup setup;

	memset(&setup, 0, sizeof setup);
	if (!sts_check_loop_random(&r->loop, setup.rnd, sizeof setup.rnd)) {
		return;
	}
	p->busy = r->work[h].busy = true;
	p->host = (uint8_t)h;
	p->address = (uint8_t)a;
	p->pass = r->work[h].pass;
	p->chain.p = p->chain_bytes;
	p->chain.size = sizeof p->chain_bytes;
	setup.addr = host->address[a].addr;
	setup.helo = r->helo;
	setup.starttls =
	    r->implicit_tls ? STS_SMTP_TLS_FIRST : STS_SMTP_TLS_MUST;
	setup.host = sni_of(host);
	setup.tls = p->tls;
	setup.anchors = r->settings->anchors;
	setup.common = &r->common;
	setup.chain = &p->chain;
	setup.wall_s = r->facts.judged_s;
	if (p->pass > 0) {
		setup.keys = host->address[a].cert[0].there ? STS_TLS_KEYS_ECDSA
							    : STS_TLS_KEYS_RSA;
	}
	host->address[a].state = STS_CHECK_RUNS;
	sts_smtp_probe_begin(&p->engine, &setup, sts_check_loop_now(&r->loop));
	sts_check_loop_add(&r->loop,
	    STS_CHECK_PLACE_PROBE + (unsigned)(p - r->probe),
	    &sts_smtp_probe_ops, &p->engine);
}

/* A host with an address to be tried now, or the count of hosts. Hosts whose
 * addresses are over are done. */
static unsigned
next_host(struct sts_check_run *r)
{
	for (unsigned h = 0; h < r->facts.mx.count; h++) {
		struct sts_check_host *host = &r->facts.host[h];

		if (r->work[h].stage != STS_CHECK_STAGE_DIALOGUES ||
		    r->work[h].busy) {
			continue;
		}
		if (is_closed(r)) {
			skip_rest(host);
		}
		if (next_address(host) < host->addr_count) {
			return h;
		}
		end_host(r, h, (enum sts_dane_host)host->dane);
	}
	return r->facts.mx.count;
}

static void
begin_dialogues(struct sts_check_run *r)
{
	for (unsigned i = 0; i < STS_CHECK_PROBES; i++) {
		unsigned h = next_host(r);

		if (h == r->facts.mx.count) {
			return;
		}
		if (!r->probe[i].busy) {
			begin_dialogue(r, &r->probe[i], h);
		}
	}
}

static void
add_address(
    struct sts_check_run *r, struct sts_check_host *h, struct sts_text rdata)
{
	struct sts_addr addr = sts_address_of(rdata, r->facts.port);

	if (h->addr_count == STS_CHECK_ADDRS_MAX) {
		h->more = true;
		return;
	}
	struct sts_check_address *a = &h->address[h->addr_count++];

	memset(a, 0, sizeof *a);
	a->addr = addr;
	a->state = sts_address_allowed(r->settings, &addr)
		       ? STS_CHECK_WAITS
		       : STS_CHECK_FORBIDDEN;
}

static void
take_addresses(struct sts_check_run *r, unsigned h)
{
	struct sts_check_host *host = &r->facts.host[h];

	for (unsigned i = 0; i < 2; i++) {
		const struct sts_check_ask *a = &r->ask[ask_of(h) + i];
		struct sts_text rdata;
		size_t at = 0;

		while (sts_check_ask_next(a, &at, &rdata)) {
			add_address(r, host, rdata);
		}
		if (a->answer.found == STS_FOUND && a->owner_known) {
			r->work[h].owner = a->owner;
			r->work[h].owner_known = true;
			host->aliased = a->aliased;
		}
	}
}

/* Whether every answer with addresses is authenticated. */
static bool
addresses_secure(const struct sts_check_host *h)
{
	return (h->a.found != STS_FOUND || h->a.secure) &&
	       (h->aaaa.found != STS_FOUND || h->aaaa.secure);
}

static void
ask_tlsa(struct sts_check_run *r, unsigned h, enum sts_check_stage stage)
{
	struct sts_check_host *host = &r->facts.host[h];
	struct sts_text base =
	    stage == STS_CHECK_STAGE_TLSA_EXPANDED
		? sts_text(r->work[h].owner.name, r->work[h].owner.len)
		: sts_check_name(host);
	char prefix[16];

	snprintf(prefix, sizeof prefix, "_%u._tcp", (unsigned)r->facts.port);
	r->work[h].stage = (uint8_t)stage;
	host->base_len = (uint8_t)base.n;
	memcpy(host->base, base.p, base.n);
	sts_check_ask(r, ask_of(h), prefix, base, STS_DNS_TLSA);
}

/* A and AAAA are over. */
static void
judge_addresses(struct sts_check_run *r, unsigned h)
{
	struct sts_check_host *host = &r->facts.host[h];
	struct sts_check_host_work *w = &r->work[h];

	host->a = r->ask[ask_of(h)].answer;
	host->aaaa = r->ask[ask_of(h) + 1].answer;
	take_addresses(r, h);
	w->secure = addresses_secure(host);
	if (host->addr_count == 0) {
		end_host(r, h,
		    host->a.found == STS_UNKNOWN ||
			    host->aaaa.found == STS_UNKNOWN
			? STS_DANE_HOST_UNKNOWN
			: STS_DANE_HOST_NO_ADDRESS);
	} else if (host->aliased && !w->secure) {
		w->stage = STS_CHECK_STAGE_ALIAS;
		sts_check_ask(
		    r, ask_of(h), "", sts_check_name(host), STS_DNS_CNAME);
	} else {
		ask_tlsa(r, h,
		    host->aliased && w->owner_known
			? STS_CHECK_STAGE_TLSA_EXPANDED
			: STS_CHECK_STAGE_TLSA);
	}
}

static void
judge_tlsa(struct sts_check_run *r, unsigned h)
{
	struct sts_check_host *host = &r->facts.host[h];
	struct sts_check_host_work *w = &r->work[h];
	const struct sts_check_ask *a = &r->ask[ask_of(h)];

	host->tlsa = a->answer;
	if (host->tlsa.found != STS_UNKNOWN &&
	    w->stage == STS_CHECK_STAGE_TLSA_EXPANDED &&
	    !(host->tlsa.found == STS_FOUND && host->tlsa.secure)) {
		ask_tlsa(r, h, STS_CHECK_STAGE_TLSA);
		return;
	}
	host->dane = (uint8_t)sts_check_tlsa_take(host, a, w->secure);
	w->stage = STS_CHECK_STAGE_DIALOGUES;
	begin_dialogues(r);
}

/* The alias at the host's own name counts for its TLSA records if it is signed.
 * A failure is never "not signed" (RFC 7672 2.1.3). */
static void
judge_alias(struct sts_check_run *r, unsigned h)
{
	const struct sts_check_answer *a = &r->ask[ask_of(h)].answer;
	struct sts_check_host *host = &r->facts.host[h];

	if (a->found == STS_UNKNOWN) {
		host->tlsa = *a;
		host->dane = STS_DANE_HOST_UNKNOWN;
		r->work[h].stage = STS_CHECK_STAGE_DIALOGUES;
		return;
	}
	r->work[h].secure = a->found == STS_FOUND && a->secure;
	ask_tlsa(r, h, STS_CHECK_STAGE_TLSA);
}

/* A question about a host has ended; its stage says what follows. Its addresses
 * of both families are waited for together. */
static void
question_over(struct sts_check_run *r, unsigned place)
{
	unsigned h = (place - STS_CHECK_ASK_HOST) / 2;

	switch ((enum sts_check_stage)r->work[h].stage) {
	case STS_CHECK_STAGE_ADDRESSES:
		if (sts_check_loop_free(&r->loop, ask_of(h)) &&
		    sts_check_loop_free(&r->loop, ask_of(h) + 1)) {
			judge_addresses(r, h);
		}
		break;
	case STS_CHECK_STAGE_ALIAS:
		judge_alias(r, h);
		break;
	case STS_CHECK_STAGE_TLSA_EXPANDED:
	case STS_CHECK_STAGE_TLSA:
		judge_tlsa(r, h);
		break;
	default:
		STS_ASSERT(false);
	}
	begin_dialogues(r); /* a host may be done without any */
}

static void
count_connection(struct sts_check_run *r, const struct sts_smtp_found *f)
{
	if (f->step != STS_SMTP_CONNECT) {
		r->connected++;
	} else if (f->why == STS_WHY_CONNECT_REFUSED) {
		r->refused++;
	} else {
		r->unconnected++;
	}
}

/* A dialogue is over. After one with TLS comes one with the other kind of
 * certificate. */
static void
dialogue_over(struct sts_check_run *r, struct sts_check_probe *p)
{
	struct sts_check_host *host = &r->facts.host[p->host];
	struct sts_check_address *a = &host->address[p->address];
	struct sts_check_host_work *w = &r->work[p->host];
	const struct sts_smtp_found *f = &p->engine.found;

	if (p->pass == 0) {
		a->smtp = *f;
		a->unrouted = f->why == STS_WHY_CONNECT_FAILED &&
			      !sts_check_loop_routed(&a->addr);
		count_connection(r, f);
	}
	if (f->tls) {
		sts_check_tlsa_certificate(&r->facts, host, &a->cert[f->ecdsa],
		    f, &p->chain, r->settings->anchors);
	}
	w->busy = p->busy = false;
	w->pass++;
	if (!f->tls || w->pass == STS_CHECK_PASSES) {
		w->pass = 0;
		a->state = STS_CHECK_TRIED;
	}
	sts_smtp_probe_end(&p->engine);
	begin_dialogues(r);
}

void
sts_check_mx_begin(struct sts_check_run *r)
{
	struct sts_check_facts *f = &r->facts;

	for (unsigned h = 0; h < f->mx.count; h++) {
		struct sts_text name = sts_check_name(&f->host[h]);

		r->work[h].stage = STS_CHECK_STAGE_ADDRESSES;
		sts_check_ask(r, ask_of(h), "", name, STS_DNS_A);
		sts_check_ask(r, ask_of(h) + 1, "", name, STS_DNS_AAAA);
	}
}

void
sts_check_mx_over(struct sts_check_run *r, unsigned place)
{
	if (place < STS_CHECK_PLACE_PROBE) {
		question_over(r, place);
	} else {
		dialogue_over(r, &r->probe[place - STS_CHECK_PLACE_PROBE]);
	}
}
