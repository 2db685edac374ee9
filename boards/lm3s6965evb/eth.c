/* SPDX-License-Identifier: MIT */
/*
 * The Stellaris Ethernet controller, by its FIFOs. A frame is preceded by two
 * octets of length, which lie in the same word as its first two.
 */
#include "../mcu/board.h"
#include "../mcu/fifo.h"
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
	FRAME_MAX = 1518 + OVERHEAD, /* with a tag */
	WORD = 4
};

static void
start_receiver(void)
{
	REG(MAC_RCTL) = RX_RESET;
	REG(MAC_RCTL) = RX_ON | RX_BAD_CRC_DROPPED;
}

/*
 * Frames that came faster than they were taken may leave the FIFO in the
 * middle of one; what then looks like a length is anything. None that a frame
 * can have: the FIFO is emptied, rather than read to an end that never comes.
 */
size_t
sts_board_eth_recv_begin(void)
{
	uint8_t head[2];
	size_t len;

	if ((REG(MAC_NP) & 0x3f) == 0) {
		return 0;
	}
	sts_fifo_expect(1);
	sts_board_eth_recv(head, sizeof head);
	len = (size_t)head[1] << 8 | head[0];
	if (len <= OVERHEAD || len > FRAME_MAX) {
		start_receiver();
		return 0;
	}
	sts_fifo_more((len + WORD - 1) / WORD - 1);
	return len - OVERHEAD;
}

void
sts_board_eth_send_begin(size_t len)
{
	const uint8_t head[2] = { (uint8_t)(len - HEADER),
		(uint8_t)((len - HEADER) >> 8) };

	while ((REG(MAC_TR) & TX_NEW) != 0) {
		/* The frame before: at most 1.2 ms at 10 Mbit/s. */
	}
	sts_fifo_fresh();
	sts_board_eth_send(head, sizeof head);
}

void
sts_board_eth_send_end(void)
{
	sts_fifo_fill();
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
	sts_fifo_begin(MAC_DATA, MAC_DATA);
	REG(MAC_IM) = 0;
	REG(MAC_IA0) = (uint32_t)mac[3] << 24 | (uint32_t)mac[2] << 16 |
		       (uint32_t)mac[1] << 8 | mac[0];
	REG(MAC_IA1) = (uint32_t)mac[5] << 8 | mac[4];
	REG(MAC_THR) = TX_WHOLE_FRAMES;
	REG(MAC_TCTL) = TX_ON | TX_PADS | TX_CRC | TX_DUPLEX;
	start_receiver();
}
