/* SPDX-License-Identifier: MIT */
/* The LAN9118 Ethernet controller, by its FIFOs. */
#include "../mcu/board.h"
#include "../mcu/fifo.h"
#include "regs.h"

enum {
	WORD = 4,
	CRC = 4, /* octets, counted in a received length */
	STATUS_ERROR = 1 << 15,
	TX_FIRST_AND_LAST = 3 << 12,
	TX_ON = 1 << 1,
	RX_ENABLED = 1 << 2, /* of MAC_CR */
	TX_ENABLED = 1 << 3,
	SOFT_RESET = 1
};

#define BYTES_IN_ORDER 0x87654321U
#define HW_STORE_AND_FORWARD (1U << 20)
#define HW_TX_5KB (5U << 16)
#define CSR_BUSY (1U << 31)
#define CSR_READ (1U << 30)
#define TX_FREE 0xffffU /* of TX_FIFO_INF */

static uint32_t
mac_read(uint32_t reg)
{
	REG(MAC_CSR_CMD) = CSR_BUSY | CSR_READ | reg;
	while ((REG(MAC_CSR_CMD) & CSR_BUSY) != 0) {
	}
	return REG(MAC_CSR_DATA);
}

static void
mac_write(uint32_t reg, uint32_t value)
{
	REG(MAC_CSR_DATA) = value;
	REG(MAC_CSR_CMD) = CSR_BUSY | reg;
	while ((REG(MAC_CSR_CMD) & CSR_BUSY) != 0) {
	}
}

size_t
sts_board_eth_recv_begin(void)
{
	uint32_t status;
	size_t len;

	if ((REG(RX_FIFO_INF) >> 16 & 0xff) == 0) {
		return 0;
	}
	status = REG(RX_STATUS_FIFO);
	len = status >> 16 & 0x3fff;
	sts_fifo_expect((len + WORD - 1) / WORD);
	if ((status & STATUS_ERROR) != 0 || len <= CRC) {
		sts_board_eth_recv_end();
		return 0;
	}
	return len - CRC;
}

void
sts_board_eth_send_begin(size_t len)
{
	while ((REG(TX_FIFO_INF) >> 16 & 0xff) != 0) {
		(void)REG(TX_STATUS_FIFO); /* how it went with earlier ones */
	}
	while ((REG(TX_FIFO_INF) & TX_FREE) < len + 4 * WORD) {
	}
	sts_fifo_fresh();
	REG(TX_DATA_FIFO) = TX_FIRST_AND_LAST | (uint32_t)len;
	REG(TX_DATA_FIFO) = (uint32_t)len;
}

void
sts_board_eth_send_end(void)
{
	sts_fifo_fill();
}

/* The chip has its address from its EEPROM. */
void
sts_board_eth_begin(uint8_t mac[STS_BOARD_MAC])
{
	uint32_t low, high;

	sts_fifo_begin(RX_DATA_FIFO, TX_DATA_FIFO);
	REG(HW_CFG) = SOFT_RESET;
	while ((REG(HW_CFG) & SOFT_RESET) != 0 ||
	       REG(BYTE_TEST) != BYTES_IN_ORDER) {
	}
	REG(HW_CFG) = HW_STORE_AND_FORWARD | HW_TX_5KB;
	REG(RX_CFG) = 0;
	REG(TX_CFG) = TX_ON;
	low = mac_read(MAC_ADDRL);
	high = mac_read(MAC_ADDRH);
	for (unsigned i = 0; i < STS_BOARD_MAC; i++) {
		mac[i] = (uint8_t)(i < 4 ? low >> 8 * i : high >> 8 * (i - 4));
	}
	mac_write(MAC_CR, TX_ENABLED | RX_ENABLED);
}
