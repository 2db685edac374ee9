/* SPDX-License-Identifier: MIT */
/*
 * What a board takes from each lease, and when it asks for the time. lwIP is a
 * stand-in here: of a lease it passes on the time servers first, how many there
 * are, and then each name server that the lease names (dhcp_handle_ack).
 */
#include <string.h>

#include <lwip/dhcp.h>
#include <lwip/dns.h>
#include <lwip/udp.h>

#include "../../boards/mcu/board.h"
#include "../../boards/mcu/drbg.h"
#include "../../boards/mcu/eth.h"
#include "../../boards/mcu/log.h"
#include "../../boards/mcu/net.h"
#include "../../boards/mcu/print.h"
#include "../../boards/mcu/tick.h"
#include "../../core/agent/agent.h"
#include "../unit/unit.h"

const char unit_name[] = "net";

enum {
	DAY_MS = 86400000
};

extern const struct sts_anchors sts_board_anchors;
const struct sts_anchors sts_board_anchors = { NULL, 0, 0 };

static struct sts_net net;
static struct sts_agent agent;
static const struct sts_settings *settings; /* that the agent was given last */
static struct udp_pcb pcb;
static bool leased;
static sts_ms now;
static unsigned asked; /* how often for the time, */
static uint32_t asked_of; /* and of which server last */
static udp_recv_fn heard; /* takes an answer */
static void *heard_by;
static struct pbuf question, answer;
static uint8_t octets[48]; /* of the last question, or of the answer */

u8_t
dhcp_supplied_address(const struct netif *n)
{
	(void)n;
	return leased;
}

err_t
dhcp_start(struct netif *n)
{
	(void)n;
	return ERR_OK;
}

void
sts_eth_begin(struct netif *n)
{
	(void)n;
}

void
sts_eth_poll(struct netif *n)
{
	(void)n;
}

bool
sts_agent_settings_used(const struct sts_agent *a, const struct sts_settings *s)
{
	(void)a;
	(void)s;
	return false;
}

void
sts_agent_settings(struct sts_agent *a, const struct sts_settings *s)
{
	(void)a;
	settings = s;
}

void
sts_zones_init(struct sts_zones *z, uint32_t answer_ms, uint32_t queue_ms)
{
	(void)z;
	(void)answer_ms;
	(void)queue_ms;
}

void
sts_log_time(void)
{
}

void
sts_board_put(char c)
{
	(void)c;
}

sts_ms
sts_tick_now(void)
{
	return now;
}

int
sts_drbg_bytes(void *ctx, uint8_t *buf, size_t len)
{
	(void)ctx;
	memset(buf, 1, len);
	return 0;
}

const ip_addr_t ip_addr_any = { 0 };

struct udp_pcb *
udp_new(void)
{
	return &pcb;
}

void
udp_recv(struct udp_pcb *p, udp_recv_fn f, void *arg)
{
	(void)p;
	heard = f;
	heard_by = arg;
}

void
udp_disconnect(struct udp_pcb *p)
{
	(void)p;
}

err_t
udp_bind(struct udp_pcb *p, const ip_addr_t *ip, u16_t port)
{
	(void)p;
	(void)ip;
	(void)port;
	return ERR_OK;
}

err_t
udp_connect(struct udp_pcb *p, const ip_addr_t *ip, u16_t port)
{
	(void)p;
	(void)port;
	asked++;
	asked_of = ip4_addr_get_u32(ip);
	return ERR_OK;
}

err_t
udp_send(struct udp_pcb *p, struct pbuf *out)
{
	(void)p;
	(void)out;
	return ERR_OK;
}

struct pbuf *
pbuf_alloc(pbuf_layer layer, u16_t len, pbuf_type type)
{
	(void)layer;
	(void)len;
	(void)type;
	return &question;
}

err_t
pbuf_take(struct pbuf *to, const void *p, u16_t len)
{
	(void)to;
	ck_assert_uint_eq(len, sizeof octets);
	memcpy(octets, p, len);
	return ERR_OK;
}

u8_t
pbuf_free(struct pbuf *p)
{
	(void)p;
	return 0;
}

u16_t
pbuf_copy_partial(const struct pbuf *p, void *to, u16_t len, u16_t from)
{
	ck_assert_ptr_eq(p, &answer);
	ck_assert_uint_eq(from, 0);
	memcpy(to, octets, len);
	return len;
}

static void
start(void)
{
	now = 0;
	asked = 0;
	leased = false;
	sts_net_begin(&net);
	settings = sts_net_settings(&net);
}

/* A lease, or its renewal, that names so many name servers, 10.0.0.FIRST and
 * on, and so many time servers, 10.0.1.FIRST. */
static void
lease(uint8_t first, u8_t names, u8_t times)
{
	ip4_addr_t ip;

	IP4_ADDR(&ip, 10, 0, 1, first);
	dhcp_set_ntp_servers(times, &ip);
	for (u8_t i = 0; i < names; i++) {
		IP4_ADDR(&ip, 10, 0, 0, first + i);
		dns_setserver(i, &ip);
	}
	leased = true;
	sts_net_poll(&net, &agent, now);
}

/* What one lease names is over with the next, which may name fewer. */
START_TEST(a_lease_leaves_nothing_of_an_earlier_one)
{
	static const struct {
		uint8_t first, names, times;
	} leases[] = { { 1, 2, 1 }, { 5, 1, 1 }, { 5, 2, 0 }, { 9, 0, 0 },
		{ 1, 1, 1 } };
	uint32_t gateway, time_server;

	start();
	IP4_ADDR(&net.netif.gw, 10, 0, 9, 9);
	gateway = ip4_addr_get_u32(netif_ip4_gw(&net.netif));
	for (size_t i = 0; i < UNIT_COUNT(leases); i++) {
		ip4_addr_t ip;

		now += DAY_MS;
		lease(leases[i].first, leases[i].names, leases[i].times);
		unit_int(
		    "name servers", settings->servers->count, leases[i].names);
		for (unsigned k = 0; k < leases[i].names; k++) {
			unit_int("name server",
			    settings->servers->addr[k].ip[3],
			    leases[i].first + (int)k);
		}
		IP4_ADDR(&ip, 10, 0, 1, leases[i].first);
		time_server =
		    leases[i].times > 0 ? ip4_addr_get_u32(&ip) : gateway;
		unit_int("time server", (long)asked_of, (long)time_server);
	}
}
END_TEST

/* A board that has no network for weeks asks for the time as soon as it has
 * one. */
START_TEST(the_time_is_asked_for_at_once_after_weeks)
{
	start();
	for (unsigned day = 0; day < 26; day++) {
		now += DAY_MS;
		sts_net_poll(&net, &agent, now);
	}
	unit_int("questions without a network", asked, 0);
	lease(1, 1, 1);
	unit_int("questions with one", asked, 1);
	sts_net_poll(&net, &agent, now);
	unit_int("questions at once", asked, 1);
	now += STS_SNTP_RETRY_MS;
	sts_net_poll(&net, &agent, now);
	unit_int("questions after a while", asked, 2);
}
END_TEST

/* The last question is answered. */
static void
answer_time(void)
{
	memcpy(octets + 24, octets + 40, 8); /* its timestamp */
	octets[0] = 4 << 3 | 4;
	octets[1] = 2; /* stratum */
	memset(octets + 40, 0xee, 8);
	heard(heard_by, &pcb, &answer, NULL, 123);
	ck_assert_int_ge(sts_sntp_wall_s(&net.sntp, now), 0);
}

/* Go on until the time is asked for again; seconds. */
static unsigned
until_asked(void)
{
	unsigned before = asked, s = 0;

	while (asked == before && s < 2 * STS_SNTP_INTERVAL_MS / 1000) {
		s++;
		now += 1000;
		sts_net_poll(&net, &agent, now);
	}
	return s;
}

/* A time server that answers is asked after the interval; one that does not,
 * after a while that doubles to the interval and stays there, whether or not it
 * has answered before. */
START_TEST(a_silent_time_server_is_asked_less_and_less)
{
	start();
	lease(1, 1, 1);
	for (unsigned round = 0; round < 2; round++) {
		unsigned want = STS_SNTP_RETRY_MS / 1000;

		for (unsigned i = 0; i < 12; i++) {
			ck_assert_uint_ge(want, 15); /* RFC 4330 10 */
			unit_int("seconds of silence", until_asked(), want);
			want = want < STS_SNTP_INTERVAL_MS / 2000
				   ? 2 * want
				   : STS_SNTP_INTERVAL_MS / 1000;
		}
		answer_time();
		unit_int("seconds after an answer", until_asked(),
		    STS_SNTP_INTERVAL_MS / 1000);
	}
}
END_TEST

void
unit_tests(TCase *tc)
{
	tcase_add_test(tc, a_lease_leaves_nothing_of_an_earlier_one);
	tcase_add_test(tc, the_time_is_asked_for_at_once_after_weeks);
	tcase_add_test(tc, a_silent_time_server_is_asked_less_and_less);
}
