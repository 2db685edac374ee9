/* SPDX-License-Identifier: MIT */
/*
 * port/lwip with an operating system against the contract: the callbacks run in
 * lwIP's own thread, on the machine's clock, over lwIP's loopback.
 */
#include <string.h>

#include "../port_contract.h"
#include "../unit/unit.h"
#include "lwip_os.h"

const char unit_name[] = "port_lwip_os";

static struct sts_lwip_task task;
static struct sts_port port;

static void
begin(void)
{
	static uint64_t memory[128];

	ck_assert_uint_le(sts_lwip_size(CONTRACT_CHANNELS), sizeof memory);
	lwip_os_begin();
	sts_lwip_task_init(
	    &task, &lwip_os_outside, CONTRACT_CHANNELS, memory, &port);
}

static void
rig_wait(void *rig, sts_ms ms)
{
	sts_lwip_task_sleep(ms);
	sts_lwip_task_poll(rig, NULL);
}

static void
rig_listener(void *rig, sts_ch ch, struct sts_addr *at)
{
	ck_assert_int_eq(sts_lwip_task_listen(rig, ch, 8461), 0);
	at->af = STS_AF_INET;
	at->port = 8461;
	at->ip[0] = 127;
	at->ip[3] = 1;
}

START_TEST(contract)
{
	static struct contract_rig rig = { .free_port = {
					       2001, 2002, 2003, 2004 } };

	begin();
	rig.port = &port;
	rig.rig = &task;
	rig.wait = rig_wait;
	rig.listener = rig_listener;
	rig.self.af = STS_AF_INET;
	rig.self.ip[0] = 127;
	rig.self.ip[3] = 1;
	port_contract(&rig);
}
END_TEST

void
unit_tests(TCase *tc)
{
	tcase_add_test(tc, contract);
}
