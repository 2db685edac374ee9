/* SPDX-License-Identifier: MIT */
/*
 * A client session under any bytes and any order of events. The output is at
 * every moment a beginning of the replies to the requests that came in, in
 * their order, and in the end all of them, unless the channel was lost or the
 * client was closed for being slow. GONE comes once.
 *
 * Input: pairs of octets, an event and its amount; see play(). If TEXT comes
 * before them, the client speaks the text protocol, and there is one request.
 */
#include <string.h>

#include "../../core/base/assert.h"
#include "../../core/client/client.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum {
	WIRE_MAX = 1 << 16,
	OUT_MAX = 1 << 20,
	TEXT = 't'
};

static const sts_ms START = 0xffffff00U; /* it wraps soon */

/* Requests read a second time, octet by octet, by another reader. */
static struct model {
	size_t len, left;
	bool started, zero, data, junk;
	uint8_t body[STS_CLIENT_INPUT];
	size_t body_len, head_len;
	size_t want_len;
	bool text, done; /* the line is whole */
} m;

static uint8_t want[OUT_MAX], wire[WIRE_MAX];

static struct {
	struct sts_client c;
	sts_ms now;
	size_t wire_len, wire_off;
	size_t out_len, send_left;
	bool eof, told_eof, drained, lost;
	bool slow; /* enough time has passed for the agent to close it */
	unsigned gones;
} g;

/* The answer to a key: one of many, so that a wrong order shows. */
static struct sts_answer
answer_to(struct sts_text key)
{
	struct sts_answer a;
	unsigned sum = 0;

	memset(&a, 0, sizeof a);
	for (size_t i = 0; i < key.n; i++) {
		sum = sum * 31 + key.p[i];
	}
	a.kind = sum % 5 == 0 ? STS_ANSWER_NOTFOUND : STS_ANSWER_TEMP;
	a.why = (uint8_t)(sum % STS_WHY_COUNT);
	return a;
}

static bool
must_wait(struct sts_text key)
{
	return key.n > 0 && key.p[0] % 3 == 0;
}

static void
model_reply(const struct sts_answer *a)
{
	struct sts_reply r;

	sts_reply_init(&r, NULL, NULL, NULL, a);
	STS_ASSERT(r.len + 32 < OUT_MAX - m.want_len);
	m.want_len += sts_reply_head(want + m.want_len, r.len);
	m.want_len +=
	    sts_reply_render(&r, 0, sts_span(want + m.want_len, r.len));
	want[m.want_len++] = ',';
}

/* The whole netstring has come. */
static void
model_request(void)
{
	const struct sts_answer notfound = { STS_ANSWER_NOTFOUND, 0, 0, false,
		0, NULL, NULL };
	struct sts_answer a;
	size_t space = 0;

	if (m.head_len + m.len + 1 > STS_CLIENT_INPUT) {
		model_reply(&notfound);
		return;
	}
	while (space < m.len && m.body[space] != ' ') {
		space++;
	}
	space += space < m.len;
	a = answer_to(sts_text(m.body + space, m.len - space));
	model_reply(&a);
}

/* The line is complete, ended by itself or by the stream. */
static void
model_line(bool ended)
{
	struct sts_line_request line = { STS_LINE_MODE, { NULL, 0 },
		{ NULL, 0 }, { NULL, 0 }, 0 };
	struct sts_answer a = { STS_ANSWER_TEMP, STS_RULE_KEY,
		STS_WHY_CLIENT_JUNK, false, 0, NULL, NULL };
	struct sts_reply r;

	m.done = true;
	m.junk = sts_line_parse(&line, sts_text(m.body, m.body_len),
		     sizeof m.body, ended) != STS_LINE_OK;
	if (!m.junk) {
		a = answer_to(line.key);
	}
	sts_reply_init_line(
	    &r, NULL, &a, (enum sts_line_verb)line.verb, line.host);
	m.want_len += sts_reply_render(&r, 0, sts_span(want, r.len));
}

static void
model_text_byte(uint8_t b)
{
	if (m.done) {
		return;
	}
	m.body[m.body_len++] = b;
	if (b == '\n' || m.body_len == sizeof m.body) {
		model_line(false);
	}
}

static void
model_head_byte(uint8_t b)
{
	if (b == ':' && m.started) {
		m.data = true;
		m.left = m.len;
		m.body_len = 0;
	} else if (b < '0' || b > '9' || m.zero) {
		m.junk = true;
	} else {
		m.zero = !m.started && b == '0';
		m.started = true;
		m.len = m.len * 10 + b - '0';
		m.junk = m.len > STS_CLIENT_SKIP_MAX;
	}
	m.head_len++;
}

static void
model_byte(uint8_t b)
{
	if (m.text) {
		model_text_byte(b);
		return;
	}
	if (m.junk) {
		return;
	}
	if (!m.data) {
		model_head_byte(b);
	} else if (m.left > 0) {
		m.left--;
		if (m.body_len < sizeof m.body) {
			m.body[m.body_len++] = b;
		}
	} else if (b == ',') {
		model_request();
		m.started = m.zero = m.data = false;
		m.len = m.head_len = 0;
	} else {
		m.junk = true;
	}
}

static void
agent(void)
{
	struct sts_ask *ask = &g.c.ask;
	sts_ref ref;

	switch (sts_client_needs(&g.c)) {
	case STS_CLIENT_ASKS:
		STS_ASSERT(sts_client_busy(&g.c));
		if (must_wait(ask->key)) {
			ask->waits = true;
			ask->deadline = g.now + 3000;
		} else {
			ask->answer = answer_to(ask->key);
		}
		sts_client_taken(&g.c, NULL, NULL);
		break;
	case STS_CLIENT_DUE:
		ask->waits = false;
		ask->answer = answer_to(ask->key);
		sts_client_taken(&g.c, NULL, NULL);
		break;
	case STS_CLIENT_RELEASE:
		sts_client_released(&g.c);
		break;
	case STS_CLIENT_SENT:
		while (sts_client_sent(&g.c, &ref)) {
			STS_ASSERT(ref == 0);
		}
		break;
	case STS_CLIENT_GONE:
		g.gones++;
		while (sts_client_sent(&g.c, &ref)) {
			STS_ASSERT(ref == 0);
		}
		sts_client_released(&g.c);
		break;
	case STS_CLIENT_QUIET:
		STS_ASSERT(false);
	}
}

static bool
step_send(void)
{
	static uint8_t scratch[STS_SCRATCH_SIZE];
	struct sts_text t =
	    sts_client_ops.send_buf(&g.c, sts_span(scratch, sizeof scratch));
	size_t n = t.n < g.send_left ? t.n : g.send_left;

	STS_ASSERT(t.n > 0);
	if (n == 0) {
		return false;
	}
	STS_ASSERT(n <= m.want_len - g.out_len);
	STS_ASSERT(memcmp(t.p, want + g.out_len, n) == 0);
	g.out_len += n;
	g.send_left -= n;
	sts_client_ops.send_ack(&g.c, n);
	return true;
}

static bool
step_recv(void)
{
	static uint8_t scratch[STS_SCRATCH_SIZE];
	struct sts_span s =
	    sts_client_ops.recv_buf(&g.c, sts_span(scratch, sizeof scratch));
	size_t n = g.wire_len - g.wire_off;

	STS_ASSERT(s.n > 0);
	n = n < s.n ? n : s.n;
	if (n > 0) {
		memcpy(s.p, wire + g.wire_off, n);
		for (size_t i = 0; i < n; i++) {
			model_byte(wire[g.wire_off++]);
		}
		sts_client_ops.recv_ack(&g.c, sts_span(s.p, n));
		return true;
	}
	if (g.eof && !g.told_eof) {
		g.told_eof = true;
		if (m.text && !m.done && m.body_len > 0) {
			model_line(true);
		}
		sts_client_ops.lost(&g.c, STS_IO_EOF);
		return true;
	}
	return false;
}

static bool
step(void)
{
	unsigned wants = sts_client_ops.wants(&g.c);

	STS_ASSERT(sts_client_check(&g.c));
	if ((wants & STS_WANT_OWNER) != 0) {
		agent();
	} else if ((wants & STS_WANT_CLOSE) != 0) {
		STS_ASSERT(g.c.why != STS_WHY_CLIENT_JUNK || m.junk);
		STS_ASSERT(g.c.why != STS_WHY_CLIENT_STALL || g.slow);
		sts_client_ops.lost(&g.c, STS_IO_CLOSED);
	} else if ((wants & STS_WANT_SEND) != 0) {
		return step_send();
	} else if ((wants & STS_WANT_RECV) != 0) {
		return step_recv();
	} else {
		return false;
	}
	return true;
}

static void
run(void)
{
	sts_client_ops.tick(&g.c, g.now, 0);
	while (g.gones == 0 && step()) {
	}
}

/* Answer the pending question, if any, between two visits. */
static void
answer_now(void)
{
	if (g.c.ask.waits && sts_client_busy(&g.c)) {
		g.c.ask.waits = false;
		g.c.ask.answer = answer_to(g.c.ask.key);
		sts_client_taken(&g.c, NULL, NULL);
	}
}

static void
write_wire(const uint8_t *p, size_t n)
{
	if (!g.eof && n <= sizeof wire - g.wire_len) {
		memcpy(wire + g.wire_len, p, n);
		g.wire_len += n;
	}
}

/* Play one event. Returns how many octets of `left` it used. */
static size_t
play(uint8_t event, uint8_t amount, const uint8_t *p, size_t left)
{
	size_t n = amount < left ? amount : left;

	switch (event % 8) {
	case 0: /* bytes come */
		write_wire(p, n);
		return n;
	case 1: /* a single octet comes often */
		for (unsigned i = 0; i < amount * 8U && left > 0; i++) {
			write_wire(p, 1);
		}
		return left > 0;
	case 2: /* the peer reads */
		g.send_left += amount * 4U;
		break;
	case 3: /* time passes, up to 10 s */
		g.now += amount * 40U;
		g.slow = g.slow || g.now - START >= STS_CLIENT_STALL_MS;
		break;
	case 4:
		answer_now();
		break;
	case 5: /* rarely: the end of input, a signal, a reset */
		g.eof = g.eof || amount == 1;
		if (amount == 2) {
			g.drained = true;
			sts_client_drain(&g.c);
		}
		if (amount == 3) {
			g.lost = true;
			sts_client_ops.lost(&g.c, STS_IO_RESET);
		}
		break;
	default:
		break;
	}
	return 0;
}

/* The peer reads all, every question is answered, and then the peer hangs
 * up. */
static void
finish(void)
{
	for (unsigned round = 0; round < 2 && g.gones == 0; round++) {
		g.send_left = OUT_MAX;
		run();
		while (g.gones == 0 && sts_client_busy(&g.c)) {
			answer_now();
			run();
		}
		g.eof = true;
	}
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	memset(&m, 0, sizeof m);
	memset(&g, 0, sizeof g);
	g.now = START;
	m.text = size > 0 && data[0] == TEXT;
	if (m.text) {
		data++;
		size--;
		sts_client_open_line(&g.c, g.now);
	} else {
		sts_client_open(&g.c, g.now);
	}
	run();
	while (size >= 2 && g.gones == 0) {
		size_t used = play(data[0], data[1], data + 2, size - 2);

		data += 2 + used;
		size -= 2 + used;
		run();
	}
	finish();
	STS_ASSERT(g.gones == 1);
	STS_ASSERT(sts_client_ops.wants(&g.c) == 0);
	if (!g.lost && !g.slow) {
		STS_ASSERT(g.out_len == m.want_len);
		STS_ASSERT(m.junk == (g.c.why == STS_WHY_CLIENT_JUNK));
		STS_ASSERT(
		    m.junk || m.text || g.drained || g.wire_off == g.wire_len);
	}
	return 0;
}
