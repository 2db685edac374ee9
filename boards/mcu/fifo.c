/* SPDX-License-Identifier: MIT */
/* Frames through FIFOs of words. */
#include "../../core/base/assert.h"
#include "board.h"
#include "fifo.h"
#include "reg.h"

enum {
	WORD = 4
};

static struct {
	uint32_t at; /* register */
	uint32_t word; /* on its way */
	unsigned have; /* octets of it: not yet taken, or already put */
	size_t left; /* words of the frame that were not yet read */
} rx, tx;

void
sts_fifo_begin(uint32_t in, uint32_t out)
{
	rx.at = in;
	tx.at = out;
}

void
sts_fifo_expect(size_t words)
{
	rx.have = 0;
	rx.left = words;
}

void
sts_fifo_more(size_t words)
{
	rx.left += words;
}

void
sts_board_eth_recv(uint8_t *buf, size_t len)
{
	for (size_t i = 0; i < len; i++) {
		if (rx.have == 0) {
			STS_ASSERT(rx.left > 0);
			rx.word = REG(rx.at);
			rx.have = WORD;
			rx.left--;
		}
		buf[i] = (uint8_t)rx.word;
		rx.word >>= 8;
		rx.have--;
	}
}

void
sts_board_eth_recv_end(void)
{
	while (rx.left > 0) {
		(void)REG(rx.at);
		rx.left--;
	}
}

void
sts_fifo_fresh(void)
{
	tx.word = 0;
	tx.have = 0;
}

static void
put(uint8_t c)
{
	tx.word |= (uint32_t)c << 8 * tx.have;
	tx.have++;
	if (tx.have == WORD) {
		REG(tx.at) = tx.word;
		sts_fifo_fresh();
	}
}

void
sts_board_eth_send(const uint8_t *buf, size_t len)
{
	for (size_t i = 0; i < len; i++) {
		put(buf[i]);
	}
}

void
sts_fifo_fill(void)
{
	while (tx.have > 0) {
		put(0);
	}
}
