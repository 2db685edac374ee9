/* SPDX-License-Identifier: MIT */
/*
 * The header of a product for port/lwip with an operating system, as the tests
 * use it: lwIP on Debian's port to POSIX threads. The sizes suit a machine
 * whose tasks all talk over lwIP's loopback.
 */
#ifndef STS_TEST_LWIP_OS_OPTIONS_H
#define STS_TEST_LWIP_OS_OPTIONS_H

#define NO_SYS 0
#define LWIP_NETCONN 1
#define LWIP_SOCKET 1
#define LWIP_COMPAT_SOCKETS 0 /* the C library has those names */
#define LWIP_NETIF_LOOPBACK 1

/* lwIP's thread, and its mailboxes. */
#define TCPIP_MBOX_SIZE 32
#define DEFAULT_UDP_RECVMBOX_SIZE 16
#define DEFAULT_TCP_RECVMBOX_SIZE 16
#define DEFAULT_ACCEPTMBOX_SIZE 4
#define MEMP_NUM_TCPIP_MSG_API 32
#define MEMP_NUM_NETCONN 16
#define MEMP_NUM_NETBUF 16

#define MEM_ALIGNMENT 8
#define MEM_SIZE 262144
#define MEMP_NUM_PBUF 64
#define PBUF_POOL_SIZE 64
#define MEMP_NUM_TCP_PCB 24
#define MEMP_NUM_TCP_PCB_LISTEN 4
#define MEMP_NUM_TCP_SEG 256

/* Catches calls of lwIP's core without its lock, by functions of Debian's
 * port. */
void sys_check_core_locking(void);
#define LWIP_ASSERT_CORE_LOCKED() sys_check_core_locking()
void sys_mark_tcpip_thread(void);
#define LWIP_MARK_TCPIP_THREAD() sys_mark_tcpip_thread()
void sys_lock_tcpip_core(void);
#define LOCK_TCPIP_CORE() sys_lock_tcpip_core()
void sys_unlock_tcpip_core(void);
#define UNLOCK_TCPIP_CORE() sys_unlock_tcpip_core()

/* The system already has these. */
#include <sys/time.h>
#define LWIP_TIMEVAL_PRIVATE 0
#define LWIP_ERRNO_STDINCLUDE 1
typedef unsigned sys_prot_t;

#endif
