/* SPDX-License-Identifier: MIT */
/*
 * port/lwip against the contract: lwIP is compiled for this machine, and its
 * channels talk to each other over lwIP's own loopback, in virtual time.
 */
#include <string.h>

#include <lwip/dns.h>
#include <lwip/init.h>
#include <lwip/ip_addr.h>
#include <lwip/mem.h>
#include <lwip/netif.h>
#include <lwip/stats.h>
#include <lwip/sys.h>
#include <lwip/tcp.h>
#include <lwip/udp.h>

#include "lwip_contract.h"

const char unit_name[] = "port_lwip";

static struct sts_lwip lwip;
static struct sts_port port;
static sts_ms now;

/* What lwIP requires of a board. */

u32_t
sys_now(void)
{
	return now;
}

void
dns_init(void)
{
}

void
dns_tmr(void)
{
}

void
dns_setserver(u8_t i, const ip_addr_t *ip)
{
	(void)i;
	(void)ip;
}

static void
rig_wait(void *rig, sts_ms ms)
{
	now += ms;
	netif_poll_all();
	sts_lwip_poll(rig, NULL);
}

static void
rig_listener(void *rig, sts_ch ch, struct sts_addr *at)
{
	ck_assert_int_eq(sts_lwip_listen(rig, ch, LWIP_PORT), 0);
	*at = lwip_loopback(LWIP_PORT);
}

static void
begin(void)
{
	static bool once;

	if (!once) {
		lwip_init();
		once = true;
	}
	sts_lwip_init(
	    &lwip, &lwip_outside, CONTRACT_CHANNELS, lwip_memory(), &port);
}

START_TEST(contract)
{
	begin();
	lwip_contract(&port, &lwip, rig_wait, rig_listener);
}
END_TEST

enum {
	LISTENER,
	SERVER,
	OTHER,
	PASSES = 200
};

static void
pass(unsigned n)
{
	while (n-- > 0) {
		now += 10;
		netif_poll_all();
		sts_lwip_poll(&lwip, NULL);
	}
}

/* A client by lwIP's own calls, and what happened to it. */
static struct {
	char got[64];
	size_t got_len;
	bool ended, reset, aborted; /* by the peer, by lwIP or us */
} client;

static err_t
note_bytes(void *arg, struct tcp_pcb *pcb, struct pbuf *in, err_t err)
{
	(void)arg;
	(void)err;
	if (in == NULL) {
		client.ended = true;
		return ERR_OK;
	}
	ck_assert_uint_le(client.got_len + in->tot_len, sizeof client.got);
	client.got_len +=
	    pbuf_copy_partial(in, client.got + client.got_len, in->tot_len, 0);
	tcp_recved(pcb, in->tot_len);
	pbuf_free(in);
	return ERR_OK;
}

static void
note_error(void *arg, err_t err)
{
	(void)arg;
	client.reset = err == ERR_RST;
	client.aborted = err == ERR_ABRT;
}

static struct tcp_pcb *
raw_client(void)
{
	struct tcp_pcb *pcb = tcp_new();
	ip_addr_t ip = IPADDR4_INIT_BYTES(127, 0, 0, 1);

	ck_assert_ptr_nonnull(pcb);
	memset(&client, 0, sizeof client);
	tcp_recv(pcb, note_bytes);
	tcp_err(pcb, note_error);
	ck_assert_int_eq(tcp_connect(pcb, &ip, LWIP_PORT, NULL), ERR_OK);
	pass(10);
	return pcb;
}

static void
listen_once(void)
{
	struct sts_addr at;

	begin();
	rig_listener(&lwip, LISTENER, &at);
}

/* A client that has half-closed gets its answer, then FIN: a reset might cost
 * it the answer. */
START_TEST(half_closed)
{
	uint8_t byte;

	listen_once();
	struct tcp_pcb *pcb = raw_client();

	ck_assert_int_eq(port.accept(port.ctx, LISTENER, SERVER), 0);
	ck_assert_int_eq(tcp_shutdown(pcb, 0, 1), ERR_OK);
	pass(10);
	ck_assert_int_eq(port.recv(port.ctx, SERVER, &byte, 1), STS_IO_EOF);
	ck_assert_int_eq(
	    port.send(port.ctx, SERVER, (const uint8_t *)"ok", 2), 2);
	pass(PASSES);
	port.close(port.ctx, SERVER);
	pass(PASSES);
	ck_assert_uint_eq(client.got_len, 2);
	ck_assert(client.ended);
	ck_assert(!client.reset);
}
END_TEST

/* An idle client is reset; one that awaits an answer gets it first. */
START_TEST(closed_while_sending)
{
	listen_once();
	raw_client();
	ck_assert_int_eq(port.accept(port.ctx, LISTENER, SERVER), 0);
	port.close(port.ctx, SERVER);
	pass(PASSES);
	ck_assert(client.reset);

	raw_client();
	ck_assert_int_eq(port.accept(port.ctx, LISTENER, SERVER), 0);
	ck_assert_int_eq(
	    port.send(port.ctx, SERVER, (const uint8_t *)"last", 4), 4);
	port.close(port.ctx, SERVER);
	pass(PASSES);
	ck_assert_uint_eq(client.got_len, 4);
	ck_assert(!client.reset);
}
END_TEST

/* Clients are accepted in the order in which they came; one that has left is
 * forgotten. */
START_TEST(waiting_clients)
{
	uint8_t byte;

	listen_once();
	struct tcp_pcb *gone = raw_client();
	struct tcp_pcb *second = raw_client();

	tcp_abort(gone);
	pass(10);
	struct tcp_pcb *third = raw_client();

	ck_assert_int_eq(tcp_write(second, "2", 1, 0), ERR_OK);
	ck_assert_int_eq(tcp_write(third, "3", 1, 0), ERR_OK);
	tcp_output(second);
	tcp_output(third);
	pass(10);
	ck_assert_int_eq(port.accept(port.ctx, LISTENER, SERVER), 0);
	ck_assert_int_eq(port.accept(port.ctx, LISTENER, OTHER), 0);
	ck_assert_int_eq(port.recv(port.ctx, SERVER, &byte, 1), 1);
	ck_assert_int_eq(byte, '2');
	ck_assert_int_eq(port.recv(port.ctx, OTHER, &byte, 1), 1);
	ck_assert_int_eq(byte, '3');
	ck_assert_int_eq(port.accept(port.ctx, LISTENER, 3), STS_IO_AGAIN);
}
END_TEST

static err_t
keep(void *arg, struct tcp_pcb *pcb, err_t err)
{
	(void)arg;
	(void)err;
	tcp_recv(pcb, note_bytes); /* which never closes */
	return ERR_OK;
}

/* Peers that never end their side do not keep us from connecting. */
START_TEST(peers_that_stay)
{
	struct sts_addr peer = lwip_loopback(9);
	struct tcp_pcb *pcb;

	begin();
	pcb = tcp_new();
	ck_assert_int_eq(tcp_bind(pcb, IP4_ADDR_ANY, 9), ERR_OK);
	pcb = tcp_listen(pcb);
	tcp_accept(pcb, keep);
	for (unsigned i = 0; i < MEMP_NUM_TCP_PCB / 2; i++) {
		ck_assert_int_eq(port.stream(port.ctx, SERVER, &peer), 0);
		pass(10);
		port.close(port.ctx, SERVER);
		pass(10);
	}
	for (unsigned i = 0; i < CONTRACT_CHANNELS / 2; i++) {
		ck_assert_int_eq(port.stream(port.ctx, (sts_ch)i, &peer), 0);
	}
}
END_TEST

/* Without free resources: LIMIT; an address of another family is refused. */
START_TEST(limits)
{
	struct sts_addr peer = lwip_loopback(9);
	struct udp_pcb *all[MEMP_NUM_UDP_PCB];
	unsigned n = 0;

	begin();
	while (n < MEMP_NUM_UDP_PCB && (all[n] = udp_new()) != NULL) {
		n++;
	}
	ck_assert_int_eq(
	    port.dgram(port.ctx, SERVER, &peer, 3000), STS_IO_LIMIT);
	while (n > 0) {
		udp_remove(all[--n]);
	}
	ck_assert_int_eq(port.dgram(port.ctx, SERVER, &peer, 3000), 0);
	peer.af = STS_AF_INET6;
	ck_assert_int_eq(
	    port.dgram(port.ctx, OTHER, &peer, 3001), STS_IO_UNREACHABLE);
	ck_assert_int_eq(
	    port.stream(port.ctx, OTHER, &peer), STS_IO_UNREACHABLE);
}
END_TEST

/* A few datagrams are kept, the others are lost. */
START_TEST(many_datagrams)
{
	struct sts_addr a = lwip_loopback(3001);
	uint8_t byte;

	begin();
	ck_assert_int_eq(port.dgram(port.ctx, SERVER, &a, 3000), 0);
	a.port = 3000;
	ck_assert_int_eq(port.dgram(port.ctx, OTHER, &a, 3001), 0);
	for (unsigned i = 0; i < STS_LWIP_DATAGRAMS + 1; i++) {
		uint8_t c = (uint8_t)('a' + i);

		ck_assert_int_eq(port.send(port.ctx, OTHER, &c, 1), 1);
	}
	pass(5);
	for (unsigned i = 0; i < STS_LWIP_DATAGRAMS; i++) {
		ck_assert_int_eq(port.recv(port.ctx, SERVER, &byte, 1), 1);
		ck_assert_int_eq(byte, 'a' + (int)i);
	}
	ck_assert_int_eq(port.recv(port.ctx, SERVER, &byte, 1), STS_IO_AGAIN);
}
END_TEST

enum {
	LEFT_BUFFERS = 2, /* left in the pool during a shortage */
	LEFT_HEAP = 256,
	LONG_MS = 4000 /* longer than a shortage is tolerated */
};

static void
wait_long(void)
{
	pass(LONG_MS / 10);
}

/* Two clients, the first as SERVER, the other as OTHER. */
static void
two_clients(void)
{
	struct tcp_pcb *first, *second;

	listen_once();
	first = raw_client();
	second = raw_client();
	ck_assert_int_eq(port.accept(port.ctx, LISTENER, SERVER), 0);
	ck_assert_int_eq(port.accept(port.ctx, LISTENER, OTHER), 0);
	ck_assert_int_eq(tcp_write(first, "1", 1, 1), ERR_OK);
	for (unsigned i = 0; i < 4; i++) {
		ck_assert_int_eq(tcp_write(second, "2", 1, 1), ERR_OK);
		tcp_output(second);
		pass(10);
	}
	tcp_output(first);
	pass(10);
}

/* Take all but a few buffers of the pool. */
static struct pbuf *
take_buffers(void)
{
	const struct stats_mem *pool = lwip_stats.memp[MEMP_PBUF_POOL];
	int n = pool->avail - pool->used - LEFT_BUFFERS;
	struct pbuf *taken =
	    pbuf_alloc(PBUF_RAW, (u16_t)(n * PBUF_POOL_BUFSIZE), PBUF_POOL);

	ck_assert_ptr_nonnull(taken);
	return taken;
}

/* When buffers are short, the connection with most unread octets is broken
 * after a while, and no other. */
START_TEST(short_of_buffers)
{
	struct pbuf *taken;
	uint8_t byte;

	two_clients();
	wait_long();
	ck_assert(!client.reset);
	taken = take_buffers();
	pass(100);
	ck_assert(!client.reset);
	pass(200);
	ck_assert(client.reset);
	pbuf_free(taken);
	wait_long();
	ck_assert_int_eq(port.recv(port.ctx, OTHER, &byte, 1), STS_IO_RESET);
	ck_assert_int_eq(port.recv(port.ctx, SERVER, &byte, 1), 1);
	ck_assert_int_eq(byte, '1');
	ck_assert_int_eq(port.recv(port.ctx, SERVER, &byte, 1), STS_IO_AGAIN);
}
END_TEST

/* A connection that was opened to a server is broken, too, if it holds most;
 * but that proves nothing about the server. */
START_TEST(short_beside_a_server)
{
	struct sts_addr at = lwip_loopback(LWIP_PORT);
	struct pbuf *taken;
	uint8_t byte;

	listen_once();
	ck_assert_int_eq(port.stream(port.ctx, OTHER, &at), 0);
	pass(10);
	ck_assert_int_eq(port.accept(port.ctx, LISTENER, SERVER), 0);
	for (unsigned i = 0; i < 4; i++) {
		ck_assert_int_eq(
		    port.send(port.ctx, SERVER, (const uint8_t *)"2", 1), 1);
		pass(10);
	}
	taken = take_buffers();
	wait_long();
	pbuf_free(taken);
	ck_assert_int_eq(port.recv(port.ctx, OTHER, &byte, 1), STS_IO_LIMIT);
	ck_assert_int_eq(port.send(port.ctx, OTHER, &byte, 1), STS_IO_LIMIT);
	ck_assert_int_eq(port.recv(port.ctx, SERVER, &byte, 1), STS_IO_RESET);
}
END_TEST

/* Short shortages harm no connection, however often they come. */
START_TEST(short_at_times)
{
	two_clients();
	for (unsigned i = 0; i < 10; i++) {
		struct pbuf *taken = take_buffers();

		pass(100);
		pbuf_free(taken);
		pass(1);
	}
	ck_assert(!client.reset);
}
END_TEST

/* A connection of the product's own, whose argument is no channel. */
static struct {
	void *not_a_pcb;
	struct pbuf *not_a_pbuf;
} foreign = { &foreign, (struct pbuf *)1 };

/* Its argument is not taken for a channel of ours, whose unread octets
 * count. */
START_TEST(foreign_unread)
{
	struct pbuf *taken;
	uint8_t byte;
	struct tcp_pcb *pcb;

	listen_once();
	pcb = raw_client();
	ck_assert_int_eq(port.accept(port.ctx, LISTENER, SERVER), 0);
	ck_assert_int_eq(tcp_write(pcb, "1", 1, 1), ERR_OK);
	tcp_output(pcb);
	pass(10);
	tcp_arg(pcb, &foreign);
	client.reset = false;
	taken = take_buffers();
	wait_long();
	pbuf_free(taken);
	ck_assert(client.reset); /* by the server, our channel */
	ck_assert_int_eq(port.recv(port.ctx, SERVER, &byte, 1), STS_IO_RESET);
}
END_TEST

static err_t
deaf(void *arg, struct tcp_pcb *pcb, struct pbuf *in, err_t err)
{
	(void)arg;
	(void)pcb;
	(void)err;
	if (in != NULL) {
		pbuf_free(in); /* and the window stays shut */
	}
	return ERR_OK;
}

/* When the heap is short, a peer that reads nothing is broken, though its
 * channel was closed long ago. */
START_TEST(short_of_heap)
{
	static const uint8_t many[TCP_WND];
	const struct stats_mem *heap = &lwip_stats.mem;
	mem_size_t before, n;
	void *taken;

	listen_once();
	tcp_recv(raw_client(), deaf);
	ck_assert_int_eq(port.accept(port.ctx, LISTENER, SERVER), 0);
	for (unsigned i = 0; i < 4; i++) {
		port.send(port.ctx, SERVER, many, sizeof many);
		pass(10);
	}
	port.close(port.ctx, SERVER);
	wait_long();
	before = heap->used;
	ck_assert_uint_ge(before, TCP_SND_BUF);
	n = (mem_size_t)(heap->avail - heap->used);
	while ((taken = mem_malloc(n)) == NULL) {
		n--;
	}
	ck_assert_int_lt(heap->avail - heap->used, LEFT_HEAP);
	pass(100);
	ck_assert_uint_ge(heap->used, before + n);
	pass(200);
	mem_free(taken);
	ck_assert_uint_le(heap->used, before - TCP_SND_BUF);
}
END_TEST

/* A connection of the product's own is not broken, though it has most of the
 * heap. */
START_TEST(foreign_unsent)
{
	static const uint8_t many[TCP_WND];
	struct tcp_pcb *pcb;
	void *taken;
	mem_size_t n;

	listen_once();
	pcb = raw_client();
	ck_assert_int_eq(port.accept(port.ctx, LISTENER, SERVER), 0);
	for (unsigned i = 0; i < 4; i++) {
		(void)tcp_write(pcb, many, tcp_sndbuf(pcb), 1);
		tcp_output(pcb);
		pass(10);
	}
	tcp_arg(pcb, &foreign);
	n = (mem_size_t)(lwip_stats.mem.avail - lwip_stats.mem.used);
	while ((taken = mem_malloc(n)) == NULL) {
		n--;
	}
	wait_long();
	mem_free(taken);
	ck_assert(!client.reset);
	ck_assert(!client.aborted);
}
END_TEST

void
unit_tests(TCase *tc)
{
	tcase_add_test(tc, short_of_buffers);
	tcase_add_test(tc, short_beside_a_server);
	tcase_add_test(tc, short_at_times);
	tcase_add_test(tc, short_of_heap);
	tcase_add_test(tc, foreign_unread);
	tcase_add_test(tc, foreign_unsent);
	tcase_add_test(tc, contract);
	tcase_add_test(tc, half_closed);
	tcase_add_test(tc, closed_while_sending);
	tcase_add_test(tc, waiting_clients);
	tcase_add_test(tc, peers_that_stay);
	tcase_add_test(tc, limits);
	tcase_add_test(tc, many_datagrams);
}
