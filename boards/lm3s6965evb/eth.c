/* SPDX-License-Identifier: MIT */
/*
 * The Stellaris Ethernet controller, by its FIFOs. A frame is preceded by two
 * octets of length, which lie in the same word as its first two.
 */
#include "../mcu/board.h"
#include "regs.h"

enum {
	RX_ON = 1,
	RX_BAD_CRC_DROPPED = 1 << 3,
	RX_RESET = 1 << 4,
	TX_ON = 1,
	TX_PADS = 1 << 1,
	TX_CRC = 1 << 2,
	TX_DUPLEX = 1 << 4,
	TX_NEW = 1,
	TX_WHOLE_FRAMES = 0x3f,
	HEADER = 14, /* is not counted in a sent length, */
	OVERHEAD = 6, /* and length and CRC are in a received one */
	WORD = 4
};

/* Octets on their way through the FIFO's words. */
static struct {
	uint32_t word;
	unsigned have; /* of word: not yet taken, or already put */
	size_t left; /* of the frame: words not yet read */
} rx, tx;

static uint8_t
next(void)
{
	uint8_t c;

	if (rx.have == 0) {
		rx.word = REG(MAC_DATA);
		rx.have = WORD;
		rx.left--;
	}
	c = (uint8_t)rx.word;
	rx.word >>= 8;
	rx.have--;
	return c;
}

size_t
sts_board_eth_recv_begin(void)
{
	size_t len;

	if ((REG(MAC_NP) & 0x3f) == 0) {
		return 0;
	}
	rx.have = 0;
	rx.left = 1;
	len = next();
	len |= (size_t)next() << 8;
	rx.left = (len + WORD - 1) / WORD - 1;
	/* Shorter ones are not delivered; none has length 0 for the caller. */
	return len > OVERHEAD ? len - OVERHEAD : 1;
}

void
sts_board_eth_recv(uint8_t *buf, size_t len)
{
	for (size_t i = 0; i < len; i++) {
		buf[i] = next();
	}
}

void
sts_board_eth_recv_end(void)
{
	while (rx.left > 0) {
		(void)REG(MAC_DATA);
		rx.left--;
	}
}

static void
put(uint8_t c)
{
	tx.word |= (uint32_t)c << 8 * tx.have;
	tx.have++;
	if (tx.have == WORD) {
		REG(MAC_DATA) = tx.word;
		tx.word = 0;
		tx.have = 0;
	}
}

void
sts_board_eth_send_begin(size_t len)
{
	while ((REG(MAC_TR) & TX_NEW) != 0) {
		/* The frame before: at most 1.2 ms at 10 Mbit/s. */
	}
	tx.word = 0;
	tx.have = 0;
	put((uint8_t)(len - HEADER));
	put((uint8_t)((len - HEADER) >> 8));
}

void
sts_board_eth_send(const uint8_t *buf, size_t len)
{
	for (size_t i = 0; i < len; i++) {
		put(buf[i]);
	}
}

void
sts_board_eth_send_end(void)
{
	while (tx.have > 0) {
		put(0);
	}
	REG(MAC_TR) = TX_NEW;
}

/* The address is in the user registers of the flash, as the maker of the board
 * leaves it there. */
void
sts_board_eth_begin(uint8_t mac[STS_BOARD_MAC])
{
	uint32_t low = REG(USER_REG0), high = REG(USER_REG1);

	for (unsigned i = 0; i < 3; i++) {
		mac[i] = (uint8_t)(low >> 8 * i);
		mac[i + 3] = (uint8_t)(high >> 8 * i);
	}
	REG(MAC_IM) = 0;
	REG(MAC_RCTL) = RX_RESET;
	REG(MAC_IA0) = (uint32_t)mac[3] << 24 | (uint32_t)mac[2] << 16 |
		       (uint32_t)mac[1] << 8 | mac[0];
	REG(MAC_IA1) = (uint32_t)mac[5] << 8 | mac[4];
	REG(MAC_THR) = TX_WHOLE_FRAMES;
	REG(MAC_TCTL) = TX_ON | TX_PADS | TX_CRC | TX_DUPLEX;
	REG(MAC_RCTL) = RX_ON | RX_BAD_CRC_DROPPED;
}
