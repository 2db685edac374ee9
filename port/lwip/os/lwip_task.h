/* SPDX-License-Identifier: MIT */
/*
 * port/lwip in a task of an operating system (lwIP with NO_SYS 0), beside other
 * tasks that use lwIP's sockets or netconns.
 *
 *	tcpip_init(...), interfaces, then in the agent's task:
 *	sts_lwip_task_init(&t, &outside, channels, memory, &port);
 *	sts_lwip_task_listen(&t, sts_driver_listener(&driver, 0), 8461);
 *	for (;;) {
 *		sts_lwip_task_poll(&t, &driver);
 *		sts_lwip_task_sleep(sts_run(&driver, now, wall, 1));
 *	}
 *
 * lwIP's own thread runs the callbacks, so what they note is guarded by lwIP's
 * core lock (LWIP_TCPIP_CORE_LOCKING 1): every call of the port takes the lock
 * and gives it back. sts_run itself runs without it, since it may compute for
 * seconds, in which lwIP must go on for all other tasks. Driver and agent belong
 * to the one task that runs them, and no other task may call them. Other tasks
 * ask over a socket, as a mail server does, or leave their question where the
 * agent's task looks for it.
 *
 * The sources of randomness and of the log (struct sts_lwip_outside) are called
 * in the agent's task, without the lock.
 */
#ifndef STS_LWIP_TASK_H
#define STS_LWIP_TASK_H

#include "../lwip.h"

enum {
	/* The longest sleep. lwIP's thread wakes the task after all that came
	 * in; only what lwIP's timers did (it gave a connection up) waits that
	 * long. */
	STS_LWIP_TASK_SLEEP_MS = 20
};

struct sts_lwip_task {
	/* Private. */
	struct sts_lwip lwip;
	struct sts_port bare; /* its calls need the lock */
};

/*
 * As sts_lwip_init, after tcpip_init: fill *port, whose calls may be made by
 * the calling task alone. One t a program.
 */
void sts_lwip_task_init(struct sts_lwip_task *t,
    const struct sts_lwip_outside *outside, unsigned channels, void *memory,
    struct sts_port *port);

/* As sts_lwip_listen. */
int sts_lwip_task_listen(struct sts_lwip_task *t, sts_ch ch, uint16_t tcp_port);

/* As sts_lwip_poll; lwIP's thread sees to its timers. */
void sts_lwip_task_poll(struct sts_lwip_task *t, struct sts_driver *d);

/*
 * Sleep until something may have happened, ms milliseconds at most and
 * STS_LWIP_TASK_SLEEP_MS. 0: do not sleep.
 */
void sts_lwip_task_sleep(sts_ms ms);

/*
 * End the sleep, or the next one. From any task, after sts_lwip_task_init, not
 * from an interrupt.
 * lwIP's thread does it, by LWIP_TCPIP_THREAD_ALIVE() of lwipopts.h.
 */
void sts_lwip_task_wake(void);

#endif
