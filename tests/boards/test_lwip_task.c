/* SPDX-License-Identifier: MIT */
/*
 * The agent as one task among others of an operating system: it looks names up
 * at one task, fetches a policy from another and answers two mail servers,
 * while two more talk to each other. All use lwIP, the agent by its raw API,
 * the others by its sockets. A caller without lwIP's lock is stopped
 * (lwip_os_options.h), and a port that runs the agent under the lock hangs at
 * the first octet of randomness (lwip_outside.h).
 */
#include <string.h>

#include <lwip/sys.h>

#include "../../core/driver.h"
#include "../unit/unit.h"
#include "lwip_os.h"
#include "lwip_peers.h"

const char unit_name[] = "lwip_task";

enum {
	MS_PER_S = 1000,
	CHANNELS_MAX = 64,
	BLOCK_SIZE = 1 << 19,
	SOCKETMAP_PORT = 8461,
	MAIL_SERVERS = 2,
	ASKERS = MAIL_SERVERS + 1, /* and one that uses another service */
	CONNECTIONS = 4, /* of each task, one after the other */
	QUESTIONS = 25, /* on each connection */
	ECHOES = 200,
	ECHO_SIZE = 700,
	REPLY_MAX = 128,
	STACK_SIZE = 65536
};

static const struct sts_config config = {
	.clients = MAIL_SERVERS + 1,
	.lookups = 4,
	.fetch_slots = 1,
	.asks = 1,
	.cache_size = 8192,
};

static const struct sts_anchors *roots;
static int64_t wall_s;
static struct sts_lwip_task task;
static struct sts_port port;
static struct sts_agent agent;
static struct sts_driver driver;

static void
settle(struct sts_settings *s)
{
	static struct sts_dns_servers servers = { .count = 1,
		.addr = { { .af = STS_AF_INET,
		    .port = 53,
		    .ip = { 127, 0, 0, 1 } } } };
	static struct sts_zones zones;

	sts_zones_init(&zones, 30000, 30000);
	s->servers = &servers;
	s->anchors = roots;
	s->zones = &zones;
	s->policy_port = 443;
	s->allow_count = 1; /* policies from a loopback */
	s->allow[0].addr.af = STS_AF_INET;
	s->allow[0].addr.ip[0] = 127;
	s->allow[0].bits = 8;
}

/* The superloop. */
static void
agent_task(void *arg)
{
	static struct sts_settings settings;
	static struct sts_lwip_channel channels[CHANNELS_MAX];
	static uint64_t block[BLOCK_SIZE / sizeof(uint64_t)];
	static const uint8_t hash_key[16] = { 1 };
	sts_ms begun = sys_now();
	sts_ch ch;

	settle(&settings);
	ck_assert_uint_le(sts_driver_channels(&config), CHANNELS_MAX);
	ck_assert_uint_le(sts_agent_size(&config), sizeof block);
	sts_lwip_task_init(&task, &lwip_outside, sts_driver_channels(&config),
	    channels, &port);
	sts_agent_init(&agent, &config, &settings, block, begun, hash_key);
	sts_driver_init(&driver, &agent, &port, begun);
	ch = sts_driver_listener(&driver, 0);
	ck_assert_int_eq(sts_lwip_task_listen(&task, ch, SOCKETMAP_PORT), 0);
	sts_listen(&driver, ch, STS_PROTOCOL_SOCKETMAP);
	sys_sem_signal(arg);
	for (;;) {
		sts_ms now = sys_now();

		sts_lwip_task_poll(&task, &driver);
		sts_lwip_task_sleep(sts_run(
		    &driver, now, wall_s + (now - begun) / MS_PER_S, 1));
	}
}

static void
ask(int s, const char *question, const char *want)
{
	char reply[REPLY_MAX] = "";
	size_t n = 0;

	lwip_peer_send(s, question, strlen(question));
	do { /* no answer has a comma in it */
		ck_assert_uint_lt(n, sizeof reply - 1);
		lwip_peer_recv(s, reply + n, 1);
	} while (reply[n++] != ',');
	ck_assert_str_eq(reply, want);
}

static void
mail_server(void *arg)
{
	for (unsigned i = 0; i < CONNECTIONS; i++) {
		int s = lwip_peer_connect(SOCKETMAP_PORT);

		for (unsigned k = 0; k < QUESTIONS; k++) {
			ask(s, "19:postfix example.com,",
			    "50:OK secure match=mx.example.com "
			    "servername=hostname,");
			ask(s, "20:postfix none.example,", "9:NOTFOUND ,");
		}
		lwip_peer_close(s);
	}
	sys_sem_signal(arg);
}

static void
talker(void *arg)
{
	int s = lwip_peer_connect(7);

	for (unsigned i = 0; i < ECHOES; i++) {
		uint8_t sent[ECHO_SIZE], heard[ECHO_SIZE];

		memset(sent, (int)i, sizeof sent);
		lwip_peer_send(s, sent, sizeof sent);
		lwip_peer_recv(s, heard, sizeof heard);
		ck_assert_mem_eq(sent, heard, sizeof sent);
	}
	lwip_peer_close(s);
	sys_sem_signal(arg);
}

/* Start a task, which signals when it can be reached, or has ended. */
static void
begin_task(lwip_thread_fn run, sys_sem_t *signal)
{
	ck_assert_int_eq(sys_sem_new(signal, 0), ERR_OK);
	(void)sys_thread_new("task", run, signal, STACK_SIZE, 1);
}

START_TEST(among_others)
{
	static const lwip_thread_fn servers[] = { lwip_name_server,
		lwip_policy_host, lwip_echo, agent_task };
	static sys_sem_t ready[UNIT_COUNT(servers)], done[ASKERS];

	roots = lwip_peers_begin(&wall_s);
	lwip_os_begin();
	for (unsigned i = 0; i < UNIT_COUNT(servers); i++) {
		begin_task(servers[i], &ready[i]);
		sys_sem_wait(&ready[i]);
	}
	for (unsigned i = 0; i < ASKERS; i++) {
		begin_task(i < MAIL_SERVERS ? mail_server : talker, &done[i]);
	}
	for (unsigned i = 0; i < ASKERS; i++) {
		sys_sem_wait(&done[i]);
	}
}
END_TEST

void
unit_tests(TCase *tc)
{
	tcase_add_test(tc, among_others);
}
