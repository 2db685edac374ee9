/* SPDX-License-Identifier: MIT */
/* Limits of this board: those of the other one, without a journal, and with
 * DANE for firmware that delivers mail itself. */
#ifndef STS_PRODUCT_MPS2_H
#define STS_PRODUCT_MPS2_H

#define STS_BOARD_JOURNAL_BUFFER 0

/* A route at once, beside what a mail server asks for. */
#ifndef STS_DANE
#define STS_DANE 1
#define STS_BOARD_DANES 2
#define STS_BOARD_ASKS 2
#define STS_DANE_HOSTS_MAX 8
#define STS_DANE_NAMES 512
#define STS_DANE_RECORDS 1024
#define STS_RANDOM_POOL 480
/* In QEMU: the machine that it runs on. A product has its own. */
#define STS_BOARD_RESOLVER 10, 0, 2, 2
/* Two questions a lookup and a mail host; DHCP and SNTP. */
#define MEMP_NUM_UDP_PCB 16
#endif

#include "../lm3s6965evb/product.h"

#endif
