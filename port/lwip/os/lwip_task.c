/* SPDX-License-Identifier: MIT */
/* The calls of port/lwip under lwIP's core lock, and a task that sleeps. */
#include <string.h>

#include <lwip/sys.h>
#include <lwip/tcpip.h>

#include "../../../core/base/assert.h"
#include "lwip_task.h"

/* Without it LOCK_TCPIP_CORE() is nothing, and lwIP's thread would write what
 * this task reads. */
STS_STATIC_ASSERT(LWIP_TCPIP_CORE_LOCKING == 1, lwip_core_lock);

/* lwIP's hook has no argument. Set under the lock; lwIP's thread holds the lock
 * when it comes here. */
static sys_sem_t happened;
static bool begun;

static int
task_dgram(
    void *ctx, sts_ch ch, const struct sts_addr *peer, uint16_t local_port)
{
	struct sts_lwip_task *t = ctx;
	int rc;

	LOCK_TCPIP_CORE();
	rc = t->bare.dgram(t->bare.ctx, ch, peer, local_port);
	UNLOCK_TCPIP_CORE();
	return rc;
}

static int
task_stream(void *ctx, sts_ch ch, const struct sts_addr *peer)
{
	struct sts_lwip_task *t = ctx;
	int rc;

	LOCK_TCPIP_CORE();
	rc = t->bare.stream(t->bare.ctx, ch, peer);
	UNLOCK_TCPIP_CORE();
	return rc;
}

static int
task_accept(void *ctx, sts_ch listener, sts_ch fresh)
{
	struct sts_lwip_task *t = ctx;
	int rc;

	LOCK_TCPIP_CORE();
	rc = t->bare.accept(t->bare.ctx, listener, fresh);
	UNLOCK_TCPIP_CORE();
	return rc;
}

static int
task_recv(void *ctx, sts_ch ch, uint8_t *buf, size_t size)
{
	struct sts_lwip_task *t = ctx;
	int n;

	LOCK_TCPIP_CORE();
	n = t->bare.recv(t->bare.ctx, ch, buf, size);
	UNLOCK_TCPIP_CORE();
	return n;
}

static int
task_send(void *ctx, sts_ch ch, const uint8_t *buf, size_t len)
{
	struct sts_lwip_task *t = ctx;
	int n;

	LOCK_TCPIP_CORE();
	n = t->bare.send(t->bare.ctx, ch, buf, len);
	UNLOCK_TCPIP_CORE();
	return n;
}

static void
task_want(void *ctx, sts_ch ch, unsigned ev)
{
	struct sts_lwip_task *t = ctx;

	LOCK_TCPIP_CORE();
	t->bare.want(t->bare.ctx, ch, ev);
	UNLOCK_TCPIP_CORE();
}

static void
task_close(void *ctx, sts_ch ch)
{
	struct sts_lwip_task *t = ctx;

	LOCK_TCPIP_CORE();
	t->bare.close(t->bare.ctx, ch);
	UNLOCK_TCPIP_CORE();
}

/* What follows touches nothing of lwIP, and may take long. */

static int
task_entropy(void *ctx, uint8_t *buf, size_t len)
{
	struct sts_lwip_task *t = ctx;

	return t->bare.entropy(t->bare.ctx, buf, len);
}

static void
task_event(void *ctx, const struct sts_event *e)
{
	struct sts_lwip_task *t = ctx;

	t->bare.event(t->bare.ctx, e);
}

int
sts_lwip_task_listen(struct sts_lwip_task *t, sts_ch ch, uint16_t tcp_port)
{
	int rc;

	LOCK_TCPIP_CORE();
	rc = sts_lwip_listen(&t->lwip, ch, tcp_port);
	UNLOCK_TCPIP_CORE();
	return rc;
}

void
sts_lwip_task_poll(struct sts_lwip_task *t, struct sts_driver *d)
{
	LOCK_TCPIP_CORE();
	sts_lwip_poll(&t->lwip, d);
	UNLOCK_TCPIP_CORE();
}

void
sts_lwip_task_sleep(sts_ms ms)
{
	if (ms > STS_LWIP_TASK_SLEEP_MS) {
		ms = STS_LWIP_TASK_SLEEP_MS;
	}
	if (ms > 0) { /* to lwIP, 0 is for ever */
		(void)sys_arch_sem_wait(&happened, ms);
	}
}

void
sts_lwip_task_wake(void)
{
	if (begun) {
		sys_sem_signal(&happened);
	}
}

void
sts_lwip_task_init(struct sts_lwip_task *t,
    const struct sts_lwip_outside *outside, unsigned channels, void *memory,
    struct sts_port *port)
{
	sts_lwip_init(&t->lwip, outside, channels, memory, &t->bare);
	memset(port, 0, sizeof *port);
	port->ctx = t;
	port->dgram = task_dgram;
	port->stream = task_stream;
	port->accept = task_accept;
	port->recv = task_recv;
	port->send = task_send;
	port->want = task_want;
	port->close = task_close;
	port->entropy = task_entropy;
	port->event = task_event;
	LOCK_TCPIP_CORE();
	if (!begun) {
		err_t err = sys_sem_new(&happened, 0);

		STS_ASSERT(err == ERR_OK);
		begun = true;
	}
	UNLOCK_TCPIP_CORE();
}
