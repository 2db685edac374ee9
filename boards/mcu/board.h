/* SPDX-License-Identifier: MIT */
/*
 * What boards/mcu asks of a microcontroller's board. Each board folder has
 * these functions, a memory.ld and a product.h (limits); everything else is
 * shared: start.c, main.c, net.c, drbg.c, log.c, console.c.
 */
#ifndef STS_BOARD_H
#define STS_BOARD_H

#include "../../core/port.h"

enum {
	STS_BOARD_SEED = 32, /* octets */
	STS_BOARD_MAC = 6,
	/* The longest a pass of the main loop may take: the watchdog resets
	 * after that, and not much later. */
	STS_BOARD_PASS_MS = 30000
};

/* Clocks, UART, the timer (tick.h), and the watchdog, which then runs. */
void sts_board_start(void);

/* Feed the watchdog: a pass of the loop is over. */
void sts_board_feed(void);

/* The UART. Put waits for room. Flush waits until all that was put has left, as a
 * reset would cut it. Get returns -1 if nothing was typed. */
void sts_board_put(char c);
void sts_board_flush(void);
int sts_board_get(void);

/*
 * Fill seed with octets nobody can predict or repeat: at least 256 bits of
 * entropy, fresh at every reset. All randomness of the program is derived
 * from it: DNS identifiers and ports, TLS secrets, the key of the cache. False:
 * not ready, asked again; nothing is done before the first. It is asked for
 * more now and then for ever (drbg.h), of the same quality, and is not to
 * block: a few milliseconds, or false, and then the generator goes on without.
 *
 * A product must have a true random number generator behind this (health
 * tests included, NIST SP 800-90B); clocks, serial numbers, ADC noise that was
 * not measured, or a seed kept in flash are none. seed_host.c is for tests: it
 * asks the debugger's machine, and without a debugger nothing ever starts.
 */
bool sts_board_seed(uint8_t seed[STS_BOARD_SEED]);

/* Storage for the journal of areas of at least this size, or NULL. */
const struct sts_store *sts_board_store(uint32_t area_size);

/*
 * Ethernet. begin returns the address of the interface. A frame to receive, its
 * length (0: none waits) and then, piece by piece, its octets; end drops what
 * is left of it. To send: begin with the length, the octets, end.
 */
void sts_board_eth_begin(uint8_t mac[STS_BOARD_MAC]);
size_t sts_board_eth_recv_begin(void);
void sts_board_eth_recv(uint8_t *buf, size_t len);
void sts_board_eth_recv_end(void);
void sts_board_eth_send_begin(size_t len);
void sts_board_eth_send(const uint8_t *buf, size_t len);
void sts_board_eth_send_end(void);

#endif
