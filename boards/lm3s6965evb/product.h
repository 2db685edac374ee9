/* SPDX-License-Identifier: MIT */
/*
 * Limits of this board, in place of the defaults of core/base/sts_config.h and
 * port/lwip/lwipopts.h: 64 KB of RAM, one fetch at a time, a core of 50 MHz.
 */
#ifndef STS_PRODUCT_H
#define STS_PRODUCT_H

/* What is fixed at start (struct sts_config). */
#define STS_BOARD_CLIENTS 3
#define STS_BOARD_LOOKUPS 3
#define STS_BOARD_FETCHES 1
#ifndef STS_BOARD_ASKS
#define STS_BOARD_ASKS 1
#endif
#define STS_BOARD_CACHE 8192
#ifndef STS_BOARD_JOURNAL_BUFFER
#define STS_BOARD_JOURNAL_BUFFER 512
#endif
#define STS_BOARD_DAY_BUDGET (4 << 20)
/* What STS_AGENT_SIZE leaves over with these limits; logged at start. */
#define STS_BOARD_BLOCK_SPARE 448

#define STS_SCRATCH_SIZE 1024
#define STS_DNS_UDP_MAX 1024
#ifndef STS_RANDOM_POOL
#define STS_RANDOM_POOL 416
#endif
#define STS_DNS_SERVERS_MAX 2
#define STS_DNS_MESSAGE_MAX 1536
#define STS_DNS_TCP_BUFFERS 1
#define STS_LOOKUP_ADDRS 4
#define STS_X509_CERTS_MAX 5
#define STS_X509_ARENA 4096
#define STS_X509_CHECKS_MAX 8
#define STS_X509_LINKS 4
#define STS_HTTP_BODY_MAX 16384
#define STS_CLIENT_INPUT 320
#define STS_ZONES_MAX 3
#define STS_OVERRIDES_MAX 1
#define STS_OVERRIDES_TEXT 4
#define STS_FETCH_ALLOW_MAX 1
#define STS_NAT64_MAX 1
#define STS_CACHE_ORGS 64
#define STS_EVENTS_MAX 2
#define STS_LISTENERS_MAX 1
#define STS_SENTENCES 0
#define STS_METRICS 0
#define STS_UTS46 0

/* Its name servers are not on the same machine: nobody validates for it. */
#ifndef STS_DANE
#define STS_DANE 0
#define STS_BOARD_DANES 0
#endif
#define STS_PRELOAD 0

/* No mail server runs beside it that would report deliveries. */
#define STS_REPORT 0

/* It judges no mail hosts and hands over no mail. */
#define STS_SMTP 0

/* One gateway, which shares with nobody. */
#define STS_SHARE 0

/* One core for all: a chain on P-384 takes 6 s, and more on P-521. */
#define STS_FETCH_CONNECT_MS 8000
#define STS_FETCH_HANDSHAKE_MS 40000
#define STS_QUANTUM_MS 20000
#define STS_QUANTUM_MIN_MS 12000

/* lwIP: clients, two dials, DNS over TCP, and two that wait. */
#define MEMP_NUM_TCP_PCB 8
/* Two questions a lookup; DHCP and SNTP. */
#ifndef MEMP_NUM_UDP_PCB
#define MEMP_NUM_UDP_PCB 8
#endif
/* 2,112 octets: two windows nearly. */
#define PBUF_POOL_SIZE 11
#define MEM_SIZE 1408

#endif
