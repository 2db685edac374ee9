/* SPDX-License-Identifier: MIT */
/*
 * Plays driver and name servers to dns/upstream: each byte of the input is an
 * event, and some events take more bytes. Whatever happens, the contract of
 * core/base/io.h holds, and the question ends within its budget and tries.
 */
#include <stdlib.h>
#include <string.h>

#include "../../dns/upstream.h"

#define CHECK(x) ((x) ? (void)0 : abort())

enum {
	BUDGET = 30000,
	BUFFER = STS_DNS_BUFFER_MIN,
	LARGE = 5000,
	STEPS_MAX = 4000
};

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct input {
	const uint8_t *p;
	size_t n;
};

struct world {
	struct sts_upstream u;
	struct sts_dns_servers servers;
	struct sts_dns_health health;
	unsigned records; /* of the answer, so far */
	sts_ms now;
	bool open, stream, stopped, lent;
	unsigned sent_count;
	uint16_t id;
	uint8_t scratch[STS_SCRATCH_SIZE];
	uint8_t *buffer;
};

static unsigned
byte(struct input *in)
{
	if (in->n == 0) {
		return 0;
	}
	in->n--;
	return *in->p++;
}

static unsigned
wants(const struct world *w)
{
	unsigned bits = sts_upstream_wants(&w->u);

	CHECK((bits & (bits - 1)) == 0);
	if (w->open) {
		CHECK(bits == STS_WANT_SEND || bits == STS_WANT_RECV ||
		      bits == STS_WANT_CLOSE);
	} else {
		CHECK(bits != STS_WANT_SEND);
		CHECK(bits != STS_WANT_RECV);
	}
	if (bits == STS_WANT_OWNER) {
		CHECK(sts_upstream_needs_buffer(&w->u) ==
		      (sts_upstream_result(&w->u) == STS_PENDING));
	}
	if (w->stopped) {
		CHECK(bits == 0 || bits == STS_WANT_CLOSE);
	}
	return bits;
}

static void
tick(struct world *w)
{
	sts_ms at;

	sts_upstream_tick(&w->u, w->now);
	if (sts_upstream_deadline(&w->u, &at)) {
		CHECK(sts_upstream_result(&w->u) == STS_PENDING);
		CHECK(!sts_before(at, w->now));
		CHECK(!sts_before(BUDGET, at));
	} else {
		CHECK(w->stopped || sts_upstream_result(&w->u) != STS_PENDING);
	}
}

static void
serve_open(struct world *w)
{
	struct sts_text q;

	CHECK(sts_upstream_peer(&w->u)->port < w->servers.count);
	w->stream = wants(w) == STS_WANT_STREAM;
	w->open = true;
	sts_upstream_opened(&w->u);
	q = sts_upstream_send_buf(
	    &w->u, sts_span(w->scratch, sizeof w->scratch));
	w->id = sts_get16be(q.p + (w->stream ? 2 : 0));
	w->sent_count++;
	CHECK(w->sent_count <= STS_DNS_TRIES);
}

static void
serve_send(struct world *w, struct input *in)
{
	struct sts_text q = sts_upstream_send_buf(
	    &w->u, sts_span(w->scratch, sizeof w->scratch));

	CHECK(q.n >= 1);
	sts_upstream_send_ack(&w->u, w->stream ? 1 + byte(in) % q.n : q.n);
}

/* What a driver does without being asked. */
static void
serve(struct world *w, struct input *in)
{
	switch (wants(w)) {
	case STS_WANT_CLOSE:
		w->open = false;
		sts_upstream_lost(&w->u, STS_IO_CLOSED);
		break;
	case STS_WANT_DGRAM:
	case STS_WANT_STREAM:
		serve_open(w);
		break;
	case STS_WANT_SEND:
		serve_send(w, in);
		break;
	default:
		break;
	}
}

/* What an owner does. */
static void
take(struct world *w)
{
	struct sts_dns_piece piece;

	while (sts_upstream_next(&w->u, &piece)) {
		struct sts_text string, rdata = piece.rdata;

		if (piece.record == 0 && piece.first) {
			w->records = 0;
		}
		CHECK(piece.record == w->records);
		while (sts_dns_txt_next(&rdata, &string)) {
			CHECK(string.n <= 255);
		}
		CHECK(rdata.n == 0);
		w->records += piece.last;
	}
	CHECK(sts_upstream_result(&w->u) != STS_FOUND || w->records > 0);
}

static void
receive(struct world *w, const uint8_t *p, size_t n)
{
	while (n > 0 && wants(w) == STS_WANT_RECV) {
		struct sts_span at = sts_upstream_recv_buf(
		    &w->u, sts_span(w->scratch, sizeof w->scratch));
		size_t used = n < at.n ? n : at.n;

		CHECK(at.n >= 1);
		memcpy(at.p, p, used);
		sts_upstream_recv_ack(&w->u, sts_span(at.p, used));
		take(w);
		p += used;
		n -= used;
	}
}

/* Answer with bytes as they are, or with a message whose header and question
 * fit; large: with so many octets after it that it is read as it comes, or cut
 * off. */
static void
answer(struct world *w, struct input *in, bool fitting, bool large)
{
	static const struct sts_dns_name_parts name = {
		{ (const uint8_t *)"_mta-sts", 8 },
		{ (const uint8_t *)"example.com", 11 }
	};
	static uint8_t m[2 + STS_DNS_QUERY_MAX + 256 + LARGE];
	size_t n = 2;

	if (fitting) {
		n += sts_dns_query(m + 2, w->id, name, STS_DNS_TXT, false);
		m[4] = (uint8_t)(0x80 | byte(in));
		m[5] = (uint8_t)byte(in);
		m[9] = (uint8_t)(byte(in) % 3);
	}
	for (unsigned k = byte(in); k > 0; k--) {
		m[n++] = (uint8_t)byte(in);
	}
	if (large) {
		memset(m + n, 0, LARGE);
		n += LARGE;
	}
	sts_put16be(m, (uint16_t)(n - 2));
	if (w->stream && fitting) {
		receive(w, m, n);
	} else {
		receive(w, m + 2, n - 2);
	}
}

static void
lose(struct world *w, int why)
{
	unsigned bits = wants(w);

	if (w->open || bits == STS_WANT_DGRAM || bits == STS_WANT_STREAM) {
		w->open = w->open && why == STS_IO_EOF;
		sts_upstream_lost(&w->u, why);
	}
}

static void
event(struct world *w, struct input *in)
{
	unsigned e = byte(in);

	switch (e % 8) {
	case 0:
	case 1:
		serve(w, in);
		break;
	case 2:
		answer(w, in, true, e / 8 % 2 == 1);
		break;
	case 3:
		answer(w, in, false, false);
		break;
	case 4:
		w->now += (sts_ms)(e / 8) * 100;
		tick(w);
		break;
	case 5:
		lose(w, STS_IO_EOF - (int)(e / 8 % 5));
		break;
	case 6:
		if (sts_upstream_needs_buffer(&w->u)) {
			sts_upstream_lend(&w->u, w->buffer, BUFFER);
			w->lent = true;
		}
		break;
	default:
		if (e / 8 == 31) {
			w->stopped = true;
			sts_upstream_stop(&w->u);
		}
		break;
	}
}

/* No server answers any more: the question still ends. */
static void
run_out(struct world *w, struct input *in)
{
	w->now = BUDGET;
	for (unsigned i = 0; i < 3; i++) {
		tick(w);
		serve(w, in);
	}
	CHECK(!w->open);
	CHECK(w->stopped || sts_upstream_result(&w->u) != STS_PENDING);
	CHECK(wants(w) == (w->stopped ? 0 : STS_WANT_OWNER));
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const uint8_t rnd[STS_DNS_RND] = { 1, 2, 3, 4, 5, 6, 7, 8 };
	static const struct sts_dns_name_parts name = {
		{ (const uint8_t *)"_mta-sts", 8 },
		{ (const uint8_t *)"example.com", 11 }
	};
	struct input in = { data, size };
	struct world w;

	memset(&w, 0, sizeof w);
	w.buffer = malloc(BUFFER);
	CHECK(w.buffer != NULL);
	w.servers.count = byte(&in) % (STS_DNS_SERVERS_MAX + 1);
	for (unsigned i = 0; i < w.servers.count; i++) {
		w.servers.addr[i].port = (uint16_t)i;
	}
	sts_upstream_start(
	    &w.u, &w.servers, &w.health, name, STS_DNS_TXT, 0, BUDGET, rnd);
	for (unsigned i = 0; i < STEPS_MAX && in.n > 0; i++) {
		tick(&w);
		event(&w, &in);
		(void)wants(&w);
	}
	run_out(&w, &in);
	CHECK(sts_upstream_take_back(&w.u) == (w.lent ? w.buffer : NULL));
	free(w.buffer);
	return 0;
}
