/* SPDX-License-Identifier: MIT */
/*
 * port/lwip with an operating system against the contract: the callbacks run in
 * lwIP's own thread, on the machine's clock.
 */
#include "lwip_contract.h"
#include "lwip_os.h"

const char unit_name[] = "port_lwip_os";

static void
rig_wait(void *rig, sts_ms ms)
{
	sts_lwip_task_sleep(ms);
	sts_lwip_task_poll(rig, NULL);
}

static void
rig_listener(void *rig, sts_ch ch, struct sts_addr *at)
{
	ck_assert_int_eq(sts_lwip_task_listen(rig, ch, LWIP_PORT), 0);
	*at = lwip_loopback(LWIP_PORT);
}

START_TEST(contract)
{
	static struct sts_lwip_task task;
	static struct sts_port port;

	lwip_os_begin();
	sts_lwip_task_init(
	    &task, &lwip_outside, CONTRACT_CHANNELS, lwip_memory(), &port);
	lwip_contract(&port, &task, rig_wait, rig_listener);
}
END_TEST

void
unit_tests(TCase *tc)
{
	tcase_add_test(tc, contract);
}
