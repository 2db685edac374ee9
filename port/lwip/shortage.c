/* SPDX-License-Identifier: MIT */
/* Which connections are closed when lwIP is short of memory. */
#include <lwip/priv/tcp_priv.h>
#include <lwip/stats.h>
#include <lwip/sys.h>
#include <lwip/tcp.h>

#include "lwip.h"
#include "shortage.h"

enum {
	FRAME_HEADERS = 54, /* Ethernet, IP, TCP */
	BUFFERS_MIN = (TCP_MSS + FRAME_HEADERS) / PBUF_POOL_BUFSIZE + 1,
	HEAP_MIN = 384, /* a question to a server, or a client's hello */
	SEGMENTS_MIN = 3,
	SEGMENT_COST = 64, /* what lwIP adds to the octets of each */
	SHORT_MS = 2000,
	SHORT_POLLS = 3
};

/* With an operating system lwIP counts under another lock than its core's: n may
 * be a moment old. */
static bool
fewer_left(const struct stats_mem *s, unsigned n)
{
	return (unsigned)(s->avail - s->used) < n;
}

static bool
short_of_buffers(void)
{
	return fewer_left(lwip_stats.memp[MEMP_PBUF_POOL], BUFFERS_MIN);
}

static bool
short_of_heap(void)
{
	return fewer_left(&lwip_stats.mem, HEAP_MIN) ||
	       fewer_left(lwip_stats.memp[MEMP_TCP_SEG], SEGMENTS_MIN);
}

/* How much of what is short a connection holds: a channel's, or nobody's since
 * it was closed. Those of others are left alone, as is one whose handshake goes
 * on. */
static unsigned
held(const struct tcp_pcb *pcb, bool buffers)
{
	const struct sts_lwip_channel *c = sts_lwip_channel_of(pcb);

	if (pcb->state == SYN_RCVD || (c == NULL && pcb->errf != NULL)) {
		return 0;
	}
	if (!buffers) {
		return (unsigned)(TCP_SND_BUF - pcb->snd_buf) +
		       SEGMENT_COST * pcb->snd_queuelen;
	}
	return c != NULL && c->in[0] != NULL ? pbuf_clen(c->in[0]) : 0;
}

/* Break the connection that holds most. */
static void
relieve(bool buffers)
{
	struct tcp_pcb *most = NULL;
	unsigned n = 0;

	for (struct tcp_pcb *q = tcp_active_pcbs; q != NULL; q = q->next) {
		unsigned has = held(q, buffers);

		if (has > n) {
			most = q;
			n = has;
		}
	}
	if (most == NULL) {
		return;
	}
	struct sts_lwip_channel *c = sts_lwip_channel_of(most);

	if (buffers) {
		pbuf_free(c->in[0]);
		c->in[0] = NULL;
	}
	if (c != NULL) {
		sts_lwip_channel_broken(c);
	}
	tcp_abort(most);
}

void
sts_lwip_shortage(struct sts_lwip *p)
{
	bool buffers = short_of_buffers();

	if (!buffers && !short_of_heap()) {
		p->short_polls = 0;
		return;
	}
	if (p->short_polls == 0) {
		p->short_since = sys_now();
	}
	if (p->short_polls < SHORT_POLLS) {
		p->short_polls++;
	}
	if (p->short_polls >= SHORT_POLLS &&
	    sys_now() - p->short_since >= SHORT_MS) {
		relieve(buffers);
		p->short_polls = 0;
	}
}
