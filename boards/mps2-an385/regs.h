/* SPDX-License-Identifier: MIT */
/* Registers of the MPS2 that are used: of Arm's CMSDK (DDI0479), and of the
 * LAN9118 by the names of its data sheet. */
#ifndef STS_REGS_H
#define STS_REGS_H

#include "../mcu/reg.h"

#define UART0_DATA 0x40004000U
#define UART0_STATE 0x40004004U
#define UART0_CTRL 0x40004008U
#define UART0_BAUDDIV 0x40004010U

#define WDOG_LOAD 0x40008000U
#define WDOG_CONTROL 0x40008008U
#define WDOG_INTCLR 0x4000800cU
#define WDOG_LOCK 0x40008c00U
#define WDOG_UNLOCK 0x1acce551U

#define RX_DATA_FIFO 0x40200000U
#define TX_DATA_FIFO 0x40200020U
#define RX_STATUS_FIFO 0x40200040U
#define TX_STATUS_FIFO 0x40200048U
#define BYTE_TEST 0x40200064U
#define RX_CFG 0x4020006cU
#define TX_CFG 0x40200070U
#define HW_CFG 0x40200074U
#define RX_FIFO_INF 0x4020007cU
#define TX_FIFO_INF 0x40200080U
#define MAC_CSR_CMD 0x402000a4U
#define MAC_CSR_DATA 0x402000a8U

/* Behind MAC_CSR_CMD. */
#define MAC_CR 1U
#define MAC_ADDRH 2U
#define MAC_ADDRL 3U

#endif
