/* SPDX-License-Identifier: MIT */
/*
 * Channels of lwIP's raw API, and the calls of struct sts_port on them.
 *
 *	FREE -> DGRAM, LISTENER -> FREE                    opened, closed
 *	FREE -> CONNECTING -> STREAM -> FREE               to a server
 *	(waiting at a listener) -> CLIENT -> FREE          accepted
 *
 * Fields: pcb is lwIP's, and NULL once lwIP has freed it (on_error): `error`
 * then holds what the next call returns. What came stays in lwIP's buffers.
 *
 * Invariants: callbacks only note; the driver hears of it in sts_lwip_poll,
 * so that no engine is entered from within lwIP. A pcb points to one channel,
 * or to none: attach and detach keep it so.
 *
 * The attacker sends what nobody has room for, or never reads what he asked
 * for, and so holds memory that all share: the connection that holds most of
 * it is broken while it is short (shortage.h).
 */
#include <string.h>

#include <lwip/tcp.h>
#include <lwip/timeouts.h>
#include <lwip/udp.h>

#include "../../core/base/assert.h"
#include "lwip.h"
#include "shortage.h"

enum {
	POLL_HALF_S = 1, /* how often a full channel tries again, 0.5 s units */
	SEND_MIN = 64 /* the least that is tried when lwIP is short */
};

enum kind {
	FREE = 0,
	LISTENER,
	DGRAM,
	CONNECTING,
	STREAM,
	CLIENT /* accepted; will be reset, not half-closed */
};

static struct sts_lwip_channel *
used(struct sts_lwip *p, sts_ch ch)
{
	STS_ASSERT(ch < p->channels);
	STS_ASSERT(p->channel[ch].kind != FREE);
	return &p->channel[ch];
}

static struct sts_lwip_channel *
unused(struct sts_lwip *p, sts_ch ch)
{
	STS_ASSERT(ch < p->channels);
	STS_ASSERT(p->channel[ch].kind == FREE);
	return &p->channel[ch];
}

static bool
address(const struct sts_addr *a, ip_addr_t *ip)
{
	if (a->af != STS_AF_INET) {
		return false;
	}
	IP_ADDR4(ip, a->ip[0], a->ip[1], a->ip[2], a->ip[3]);
	return true;
}

/* What lwIP's result means when a channel is opened or used. */
static int
io_error(err_t err)
{
	switch (err) {
	case ERR_MEM:
	case ERR_BUF:
	case ERR_USE:
		return STS_IO_LIMIT;
	case ERR_RTE:
		return STS_IO_UNREACHABLE;
	default:
		return STS_IO_RESET;
	}
}

static void
take(struct sts_lwip_channel *c, void *pcb, enum kind kind, unsigned wanted)
{
	memset(c, 0, sizeof *c);
	c->pcb = pcb;
	c->kind = (uint8_t)kind;
	c->wanted = (uint8_t)wanted;
}

static void
drop_input(struct sts_lwip_channel *c)
{
	for (unsigned i = 0; i < STS_LWIP_DATAGRAMS; i++) {
		if (c->in[i] != NULL) {
			pbuf_free(c->in[i]);
			c->in[i] = NULL;
		}
	}
}

/* Datagrams. */

static void
on_datagram(void *arg, struct udp_pcb *pcb, struct pbuf *in,
    const ip_addr_t *from, u16_t port)
{
	struct sts_lwip_channel *c = arg;
	unsigned i = 0;

	(void)pcb;
	(void)from;
	(void)port;
	while (i < STS_LWIP_DATAGRAMS && c->in[i] != NULL) {
		i++;
	}
	if (i == STS_LWIP_DATAGRAMS || in->tot_len == 0) {
		pbuf_free(in);
		return;
	}
	c->in[i] = in;
}

static int
channel_dgram(
    void *ctx, sts_ch ch, const struct sts_addr *peer, uint16_t local_port)
{
	struct sts_lwip_channel *c = unused(ctx, ch);
	struct udp_pcb *pcb;
	ip_addr_t ip;
	err_t err;

	if (!address(peer, &ip)) {
		return STS_IO_UNREACHABLE;
	}
	pcb = udp_new();
	if (pcb == NULL) {
		return STS_IO_LIMIT;
	}
	err = udp_bind(pcb, IP4_ADDR_ANY, local_port);
	if (err == ERR_OK) {
		err = udp_connect(pcb, &ip, peer->port);
	}
	if (err != ERR_OK) {
		udp_remove(pcb);
		return io_error(err);
	}
	take(c, pcb, DGRAM, STS_EV_RECV);
	udp_recv(pcb, on_datagram, c);
	return 0;
}

/* A datagram that does not fit is cut. */
static int
recv_datagram(struct sts_lwip_channel *c, uint8_t *buf, size_t size)
{
	struct pbuf *in = c->in[0];
	size_t n;

	if (in == NULL) {
		return STS_IO_AGAIN;
	}
	n = in->tot_len < size ? in->tot_len : size;
	memmove(c->in, c->in + 1, sizeof c->in - sizeof c->in[0]);
	c->in[STS_LWIP_DATAGRAMS - 1] = NULL;
	pbuf_copy_partial(in, buf, (u16_t)n, 0);
	pbuf_free(in);
	return n > 0 ? (int)n : STS_IO_AGAIN;
}

/* For want of memory a datagram is dropped, as if lost on the way. */
static int
send_datagram(struct sts_lwip_channel *c, const uint8_t *buf, size_t len)
{
	struct pbuf *out = pbuf_alloc(PBUF_TRANSPORT, (u16_t)len, PBUF_RAM);
	err_t err;

	if (out == NULL) {
		return (int)len;
	}
	pbuf_take(out, buf, (u16_t)len);
	err = udp_send(c->pcb, out);
	pbuf_free(out);
	return err == ERR_RTE ? STS_IO_UNREACHABLE : (int)len;
}

/* Streams. */

static err_t
on_bytes(void *arg, struct tcp_pcb *pcb, struct pbuf *in, err_t err)
{
	struct sts_lwip_channel *c = arg;

	(void)pcb;
	(void)err;
	if (in == NULL) {
		c->eof = true;
	} else if (c->in[0] == NULL) {
		c->in[0] = in;
	} else {
		pbuf_cat(c->in[0], in);
	}
	return ERR_OK;
}

static err_t
on_sent(void *arg, struct tcp_pcb *pcb, u16_t len)
{
	struct sts_lwip_channel *c = arg;

	(void)pcb;
	(void)len;
	c->full = false;
	return ERR_OK;
}

static err_t
on_half_second(void *arg, struct tcp_pcb *pcb)
{
	return on_sent(arg, pcb, 0);
}

/* lwIP has freed the pcb. */
static void
on_error(void *arg, err_t err)
{
	struct sts_lwip_channel *c = arg;

	c->pcb = NULL;
	if (c->error != 0) {
		return; /* it was broken here, and said why */
	}
	if (c->kind == CONNECTING) {
		c->error = err == ERR_RST ? STS_IO_REFUSED : STS_IO_UNREACHABLE;
	} else {
		c->error = STS_IO_RESET;
	}
}

static err_t
on_connected(void *arg, struct tcp_pcb *pcb, err_t err)
{
	struct sts_lwip_channel *c = arg;

	(void)pcb;
	(void)err;
	c->kind = STREAM;
	return ERR_OK;
}

/* Callbacks go to c from now on. */
static void
attach(struct tcp_pcb *pcb, struct sts_lwip_channel *c)
{
	tcp_arg(pcb, c);
	tcp_recv(pcb, on_bytes);
	tcp_sent(pcb, on_sent);
	tcp_err(pcb, on_error);
	tcp_poll(pcb, on_half_second, POLL_HALF_S);
	tcp_nagle_disable(pcb);
}

/* A server did nothing wrong: what its connection lacked was ours. */
void
sts_lwip_channel_broken(struct sts_lwip_channel *c)
{
	c->error = c->kind == CLIENT ? STS_IO_RESET : STS_IO_LIMIT;
}

struct sts_lwip_channel *
sts_lwip_channel_of(const struct tcp_pcb *pcb)
{
	return pcb->errf == on_error ? pcb->callback_arg : NULL;
}

static void
detach(struct tcp_pcb *pcb)
{
	tcp_arg(pcb, NULL);
	tcp_recv(pcb, NULL);
	tcp_sent(pcb, NULL);
	tcp_err(pcb, NULL);
	tcp_poll(pcb, NULL, 0);
}

static int
channel_stream(void *ctx, sts_ch ch, const struct sts_addr *peer)
{
	struct sts_lwip_channel *c = unused(ctx, ch);
	struct tcp_pcb *pcb;
	ip_addr_t ip;
	err_t err;

	if (!address(peer, &ip)) {
		return STS_IO_UNREACHABLE;
	}
	pcb = tcp_new();
	if (pcb == NULL) {
		return STS_IO_LIMIT;
	}
	take(c, pcb, CONNECTING, STS_EV_RECV | STS_EV_SEND);
	attach(pcb, c);
	err = tcp_connect(pcb, &ip, peer->port, on_connected);
	if (err != ERR_OK) {
		detach(pcb);
		tcp_abort(pcb);
		c->kind = FREE;
		return io_error(err);
	}
	return 0;
}

static int
recv_stream(struct sts_lwip_channel *c, uint8_t *buf, size_t size)
{
	u16_t n;

	if (c->in[0] == NULL && c->eof && c->kind == CLIENT) {
		/* The peer closed first and must get what was answered. */
		c->kind = STREAM;
	}
	if (c->in[0] == NULL) {
		return c->error != 0 ? c->error
				     : (c->eof ? STS_IO_EOF : STS_IO_AGAIN);
	}
	n = pbuf_copy_partial(
	    c->in[0], buf, (u16_t)(size > TCP_WND ? TCP_WND : size), 0);
	c->in[0] = pbuf_free_header(c->in[0], n);
	if (c->pcb != NULL) {
		tcp_recved(c->pcb, n);
	}
	return n;
}

/* As much as lwIP takes; it may be short of memory for all of it. */
static int
send_stream(struct sts_lwip_channel *c, const uint8_t *buf, size_t len)
{
	struct tcp_pcb *pcb = c->pcb;
	err_t err = ERR_MEM;
	u16_t n;

	if (c->error != 0) {
		return c->error;
	}
	n = (u16_t)(len < tcp_sndbuf(pcb) ? len : tcp_sndbuf(pcb));
	while (n > 0 && err == ERR_MEM) {
		err = tcp_write(pcb, buf, n, TCP_WRITE_FLAG_COPY);
		if (err == ERR_MEM) {
			n = n > SEND_MIN ? n / 2 : 0;
		}
	}
	if (n == 0) {
		c->full = true;
		return STS_IO_AGAIN;
	}
	if (err != ERR_OK) {
		return STS_IO_RESET;
	}
	tcp_output(pcb);
	return n;
}

/* Listeners. */

static err_t
on_client(void *arg, struct tcp_pcb *pcb, err_t err)
{
	struct sts_lwip *p = arg;

	for (unsigned i = 0; err == ERR_OK && i < STS_LWIP_WAITING; i++) {
		struct sts_lwip_channel *c = &p->waiting[i];

		if (c->kind == FREE) {
			take(c, pcb, CLIENT, STS_EV_RECV);
			attach(pcb, c);
			tcp_backlog_delayed(pcb);
			return ERR_OK;
		}
	}
	return ERR_MEM; /* lwIP resets it */
}

int
sts_lwip_listen(struct sts_lwip *p, sts_ch ch, uint16_t tcp_port)
{
	struct sts_lwip_channel *c = unused(p, ch);
	struct tcp_pcb *pcb = tcp_new();
	struct tcp_pcb *listener = NULL;

	if (pcb == NULL) {
		return STS_IO_LIMIT;
	}
	if (tcp_bind(pcb, IP4_ADDR_ANY, tcp_port) == ERR_OK) {
		listener = tcp_listen_with_backlog(pcb, STS_LWIP_WAITING);
	}
	if (listener == NULL) {
		tcp_abort(pcb);
		return STS_IO_LIMIT;
	}
	take(c, listener, LISTENER, STS_EV_RECV);
	tcp_arg(listener, p);
	tcp_accept(listener, on_client);
	return 0;
}

/* The client that has waited longest; those that have left meanwhile are
 * forgotten. */
static struct sts_lwip_channel *
first_waiting(struct sts_lwip *p)
{
	unsigned n = 0;

	for (unsigned i = 0; i < STS_LWIP_WAITING; i++) {
		struct sts_lwip_channel c = p->waiting[i];

		memset(&p->waiting[i], 0, sizeof c);
		if (c.kind != FREE && c.pcb == NULL) {
			drop_input(&c);
		} else if (c.kind != FREE) {
			p->waiting[n] = c;
			tcp_arg(c.pcb, &p->waiting[n]);
			n++;
		}
	}
	return n > 0 ? &p->waiting[0] : NULL;
}

static int
channel_accept(void *ctx, sts_ch listener, sts_ch fresh)
{
	struct sts_lwip *p = ctx;
	struct sts_lwip_channel *c = unused(p, fresh);
	struct sts_lwip_channel *w = first_waiting(p);

	STS_ASSERT(used(p, listener)->kind == LISTENER);
	if (w == NULL) {
		return STS_IO_AGAIN;
	}
	*c = *w;
	memset(w, 0, sizeof *w);
	tcp_backlog_accepted(c->pcb);
	tcp_arg(c->pcb, c);
	return 0;
}

/* All kinds. */

static int
channel_recv(void *ctx, sts_ch ch, uint8_t *buf, size_t size)
{
	struct sts_lwip_channel *c = used(ctx, ch);

	STS_ASSERT(size >= 1);
	return c->kind == DGRAM ? recv_datagram(c, buf, size)
				: recv_stream(c, buf, size);
}

static int
channel_send(void *ctx, sts_ch ch, const uint8_t *buf, size_t len)
{
	struct sts_lwip_channel *c = used(ctx, ch);

	STS_ASSERT(len >= 1);
	STS_ASSERT(c->kind != DGRAM || len <= UINT16_MAX);
	return c->kind == DGRAM ? send_datagram(c, buf, len)
				: send_stream(c, buf, len);
}

static void
channel_want(void *ctx, sts_ch ch, unsigned ev)
{
	used(ctx, ch)->wanted = (uint8_t)ev;
}

static void
close_stream(struct sts_lwip_channel *c)
{
	struct tcp_pcb *pcb = c->pcb;

	detach(pcb);
	/*
	 * A mail server that finds its idle connection closed by FIN may defer
	 * mail instead of connecting anew; after a reset it always connects
	 * anew. A reset would take what is unsent with it, though.
	 */
	if (c->kind == CONNECTING ||
	    (c->kind == CLIENT && pcb->snd_queuelen == 0)) {
		tcp_abort(pcb);
		return;
	}
	/* A peer that never ends its side must not hold what others need: a
	 * new connection may take its place. */
	tcp_setprio(pcb, TCP_PRIO_MIN);
	if (tcp_close(pcb) != ERR_OK) {
		tcp_abort(pcb);
	}
}

/* With a listener go the clients that wait to be accepted. */
static void
channel_close(void *ctx, sts_ch ch)
{
	struct sts_lwip *p = ctx;
	struct sts_lwip_channel *c = used(p, ch);
	struct sts_lwip_channel *w;

	if (c->kind == DGRAM) {
		udp_remove(c->pcb);
	} else if (c->kind == LISTENER) {
		tcp_close(c->pcb);
		while ((w = first_waiting(p)) != NULL) {
			drop_input(w);
			close_stream(w);
			w->kind = FREE;
		}
	} else if (c->pcb != NULL) {
		close_stream(c);
	}
	drop_input(c);
	memset(c, 0, sizeof *c);
}

static int
channel_entropy(void *ctx, uint8_t *buf, size_t len)
{
	const struct sts_lwip *p = ctx;

	return p->outside->entropy(p->outside->ctx, buf, len);
}

static void
channel_event(void *ctx, const struct sts_event *e)
{
	const struct sts_lwip *p = ctx;

	p->outside->event(p->outside->ctx, e);
}

static bool
may_send(const struct sts_lwip_channel *c)
{
	if (c->kind == STREAM || c->kind == CLIENT) {
		const struct tcp_pcb *pcb = c->pcb;

		return !c->full && tcp_sndbuf(pcb) > 0;
	}
	return c->kind == DGRAM;
}

/* The conditions that hold. */
static unsigned
conditions(struct sts_lwip *p, const struct sts_lwip_channel *c)
{
	unsigned ev = 0;

	if (c->error != 0) {
		return STS_EV_RECV | STS_EV_SEND | STS_EV_LOST;
	}
	if (c->kind == LISTENER) {
		return first_waiting(p) != NULL ? STS_EV_RECV : 0;
	}
	if (c->in[0] != NULL || c->eof) {
		ev |= STS_EV_RECV;
	}
	if (may_send(c)) {
		ev |= STS_EV_SEND;
	}
	return ev;
}

void
sts_lwip_poll(struct sts_lwip *p, struct sts_driver *d)
{
	if (NO_SYS) {
		sys_check_timeouts(); /* else lwIP's thread does it */
	}
	sts_lwip_shortage(p);
	for (unsigned i = 0; i < p->channels; i++) {
		struct sts_lwip_channel *c = &p->channel[i];
		unsigned ev = 0;

		if (c->kind != FREE) {
			ev = conditions(p, c) & (c->wanted | STS_EV_LOST);
		}
		if ((ev & STS_EV_LOST) != 0) {
			ev |= STS_EV_RECV | STS_EV_SEND;
		}
		if (ev != 0) {
			sts_ready(d, (sts_ch)i, ev);
		}
	}
}

size_t
sts_lwip_size(unsigned channels)
{
	return channels * sizeof(struct sts_lwip_channel);
}

void
sts_lwip_init(struct sts_lwip *p, const struct sts_lwip_outside *outside,
    unsigned channels, void *memory, struct sts_port *port)
{
	STS_ASSERT(channels >= 1);
	STS_ASSERT(channels < UINT16_MAX);
	memset(p, 0, sizeof *p);
	memset(memory, 0, sts_lwip_size(channels));
	p->channel = memory;
	p->channels = channels;
	p->outside = outside;
	memset(port, 0, sizeof *port);
	port->ctx = p;
	port->dgram = channel_dgram;
	port->stream = channel_stream;
	port->accept = channel_accept;
	port->recv = channel_recv;
	port->send = channel_send;
	port->want = channel_want;
	port->close = channel_close;
	port->entropy = channel_entropy;
	port->event = channel_event;
}
