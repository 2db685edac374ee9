/* SPDX-License-Identifier: MIT */
/* The wall clock by SNTP. */
#include <string.h>

#include <lwip/udp.h>

#include "../../core/base/assert.h"
#include "board.h"
#include "drbg.h"
#include "sntp.h"
#include "tick.h"

enum {
	MESSAGE = 48, /* RFC 4330 4 */
	CLIENT_V4 = 4 << 3 | 3, /* no leap warning, version, mode */
	MODE_MASK = 7,
	MODE_SERVER = 4,
	LEAP_UNKNOWN = 3,
	STRATUM_MAX = 15,
	ORIGINATE = 24, /* offsets */
	TRANSMIT = 40,
	NONCE = 8,
	PORT_FIRST = 49152,
	MS_PER_S = 1000
};

#define EPOCH_1970 2208988800U /* seconds since 1900 */

/* RFC 4330 5: an answer to this question, of a server that knows the time. */
static bool
valid(const struct sts_sntp *s, const uint8_t m[MESSAGE])
{
	return s->asked && (m[0] & MODE_MASK) == MODE_SERVER &&
	       m[0] >> 6 != LEAP_UNKNOWN && m[1] >= 1 && m[1] <= STRATUM_MAX &&
	       memcmp(m + ORIGINATE, s->nonce, NONCE) == 0 &&
	       sts_get32be(m + TRANSMIT) != 0;
}

static void
on_answer(void *arg, struct udp_pcb *pcb, struct pbuf *in,
    const ip_addr_t *from, u16_t port)
{
	struct sts_sntp *s = arg;
	uint8_t m[MESSAGE];

	(void)pcb;
	(void)from;
	(void)port;
	if (pbuf_copy_partial(in, m, MESSAGE, 0) == MESSAGE && valid(s, m)) {
		s->asked = false;
		s->known = true;
		s->known_ms = sts_tick_now();
		/* Wraps rightly from 1970 to 2106, over the era of 2036. */
		s->wall_s = (uint32_t)(sts_get32be(m + TRANSMIT) - EPOCH_1970);
		s->wait_ms = STS_SNTP_RETRY_MS;
		s->ask_at = s->known_ms + STS_SNTP_INTERVAL_MS;
	}
	pbuf_free(in);
}

/* Each question has a port of its own, and 64 random bits that the answer must
 * repeat: nobody can answer it who does not see it. */
static void
ask(struct sts_sntp *s, const ip4_addr_t *server)
{
	struct pbuf *out;
	uint8_t m[MESSAGE] = { CLIENT_V4 };
	uint8_t port[2];

	udp_disconnect(s->pcb);
	sts_drbg_bytes(NULL, s->nonce, NONCE);
	sts_drbg_bytes(NULL, port, sizeof port);
	memcpy(m + TRANSMIT, s->nonce, NONCE);
	if (udp_bind(s->pcb, IP4_ADDR_ANY,
		(u16_t)(PORT_FIRST | sts_get16be(port))) != ERR_OK ||
	    udp_connect(s->pcb, server, STS_SNTP_PORT) != ERR_OK) {
		return;
	}
	out = pbuf_alloc(PBUF_TRANSPORT, MESSAGE, PBUF_RAM);
	if (out == NULL) {
		return;
	}
	pbuf_take(out, m, MESSAGE);
	udp_send(s->pcb, out);
	pbuf_free(out);
	s->asked = true;
}

void
sts_sntp_begin(struct sts_sntp *s, sts_ms now)
{
	memset(s, 0, sizeof *s);
	s->pcb = udp_new();
	STS_ASSERT(s->pcb != NULL);
	udp_recv(s->pcb, on_answer, s);
	s->ask_at = now;
	s->wait_ms = STS_SNTP_RETRY_MS;
}

void
sts_sntp_tick(struct sts_sntp *s, sts_ms now, const ip4_addr_t *server)
{
	if (sts_before(now, s->ask_at)) {
		return;
	}
	if (server == NULL) {
		/* After weeks the old time would seem to lie ahead. */
		s->ask_at = now;
		return;
	}
	s->ask_at = now + s->wait_ms;
	s->wait_ms = s->wait_ms < STS_SNTP_INTERVAL_MS / 2
			 ? 2 * s->wait_ms
			 : (sts_ms)STS_SNTP_INTERVAL_MS;
	ask(s, server);
}

int64_t
sts_sntp_wall_s(struct sts_sntp *s, sts_ms now)
{
	uint32_t whole_s;

	if (!s->known) {
		return -1;
	}
	whole_s = (now - s->known_ms) / MS_PER_S;
	s->known_ms += whole_s * MS_PER_S;
	s->wall_s += whole_s;
	return s->wall_s;
}
