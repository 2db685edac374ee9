/* SPDX-License-Identifier: MIT */
/*
 * lwIP as the port needs it: the raw API, one thread, IPv4, all memory in
 * pools and arrays of fixed size. Sizes can be overridden by the product's
 * header (STS_CONFIG_H, as for core/base/sts_config.h). With an operating
 * system that header has NO_SYS 0, the sizes of lwIP's thread and mailboxes,
 * and sockets or netconns if other tasks use them.
 */
#ifndef STS_LWIPOPTS_H
#define STS_LWIPOPTS_H

#ifdef STS_CONFIG_H
#include STS_CONFIG_H
#endif

/* What is there. */
#ifndef NO_SYS
#define NO_SYS 1
#endif
#define SYS_LIGHTWEIGHT_PROT (!NO_SYS)
#ifndef LWIP_NETCONN
#define LWIP_NETCONN 0
#endif
#ifndef LWIP_SOCKET
#define LWIP_SOCKET 0
#endif
#if !NO_SYS
#define LWIP_TCPIP_CORE_LOCKING 1
/* port/lwip/os/lwip_task.h: all that lwIP's thread does wakes the agent's. */
void sts_lwip_task_wake(void);
#define LWIP_TCPIP_THREAD_ALIVE() sts_lwip_task_wake()
#endif
#define LWIP_RAW 0
#define LWIP_IPV4 1
#define LWIP_IPV6 0
/* How much of each pool is in use and ever was, nothing else. */
#define LWIP_STATS 1
#define LINK_STATS 0
#define ETHARP_STATS 0
#define IP_STATS 0
#define IPFRAG_STATS 0
#define ICMP_STATS 0
#define UDP_STATS 0
#define TCP_STATS 0
#define SYS_STATS 0
#define IP_FRAG 0
#define IP_REASSEMBLY 0
#define ARP_QUEUEING 0
#define LWIP_DHCP 1
#define DHCP_DOES_ARP_CHECK 0
#define LWIP_DHCP_GET_NTP_SRV 1
#define LWIP_DHCP_BOOTP_FILE 0
/* DHCP asks for name servers only with this. Without an operating system lwIP's
 * dns.c is not linked, the board has its three functions. */
#define LWIP_DNS 1
#define DNS_MAX_SERVERS 2
#ifndef LWIP_NETIF_LOOPBACK
#define LWIP_NETIF_LOOPBACK 0
#endif

/* TCP. A segment that came out of order is sent again by the peer. */
#define TCP_LISTEN_BACKLOG 1
#define TCP_QUEUE_OOSEQ 0
#define TCP_OVERSIZE 0
#define TCP_MSS 536
#ifndef TCP_WND
#define TCP_WND (2 * TCP_MSS)
#endif
#ifndef TCP_SND_BUF
#define TCP_SND_BUF (2 * TCP_MSS)
#endif
#ifndef TCP_SND_QUEUELEN
#define TCP_SND_QUEUELEN 8
#endif
/* Initial sequence numbers nobody can guess (RFC 6528). */
#define LWIP_HOOK_TCP_ISN(lip, lport, rip, rport) sts_lwip_random()

/* Memory. */
#ifndef MEM_ALIGNMENT
#define MEM_ALIGNMENT 4
#endif
/* Bytes, for what is sent: TCP segments until they are acknowledged, and
 * datagrams. Nothing left: send answers AGAIN, a datagram is lost. */
#ifndef MEM_SIZE
#define MEM_SIZE 1536
#endif
/* What is received, until the engines take it. Small buffers, chained, so
 * that a small frame takes little of the pool. */
#ifndef PBUF_POOL_SIZE
#define PBUF_POOL_SIZE 16
#endif
#ifndef PBUF_POOL_BUFSIZE
#define PBUF_POOL_BUFSIZE 192
#endif
#ifndef MEMP_NUM_TCP_PCB
#define MEMP_NUM_TCP_PCB 8
#endif
#ifndef MEMP_NUM_TCP_PCB_LISTEN
#define MEMP_NUM_TCP_PCB_LISTEN 1
#endif
#ifndef MEMP_NUM_TCP_SEG
#define MEMP_NUM_TCP_SEG 12
#endif
#ifndef MEMP_NUM_UDP_PCB
#define MEMP_NUM_UDP_PCB 10
#endif
#ifndef MEMP_NUM_PBUF
#define MEMP_NUM_PBUF 2
#endif
#define ARP_TABLE_SIZE 4

#endif
