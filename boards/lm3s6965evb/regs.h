/* SPDX-License-Identifier: MIT */
/* Registers of the LM3S6965 that are used, by the names of its data sheet. */
#ifndef STS_REGS_H
#define STS_REGS_H

#include "../mcu/reg.h"

#define WDT_LOAD 0x40000000U
#define WDT_CTL 0x40000008U
#define WDT_ICR 0x4000000cU

#define GPIO_A 0x40004000U
#define GPIO_D 0x40007000U
#define GPIO_F 0x40025000U
#define GPIO_DIR 0x400U
#define GPIO_AFSEL 0x420U
#define GPIO_DEN 0x51cU
#define PINS_UART 0x03U /* of port A */
#define PINS_SSI 0x3cU
#define PIN_SD_SELECT 0x01U /* of port D */
#define PINS_ETHERNET_LEDS 0x0cU /* of port F */

#define SSI0_CR0 0x40008000U
#define SSI0_CR1 0x40008004U
#define SSI0_DR 0x40008008U
#define SSI0_SR 0x4000800cU
#define SSI0_CPSR 0x40008010U

#define UART0_DR 0x4000c000U
#define UART0_FR 0x4000c018U
#define UART0_IBRD 0x4000c024U
#define UART0_FBRD 0x4000c028U
#define UART0_LCRH 0x4000c02cU
#define UART0_CTL 0x4000c030U

#define MAC_RIS 0x40048000U
#define MAC_IM 0x40048004U
#define MAC_RCTL 0x40048008U
#define MAC_TCTL 0x4004800cU
#define MAC_DATA 0x40048010U
#define MAC_IA0 0x40048014U
#define MAC_IA1 0x40048018U
#define MAC_THR 0x4004801cU
#define MAC_NP 0x40048034U
#define MAC_TR 0x40048038U

#define FLASH_FMA 0x400fd000U
#define FLASH_FMD 0x400fd004U
#define FLASH_FMC 0x400fd008U
#define FLASH_USECRL 0x400fe140U
#define USER_REG0 0x400fe1e0U
#define USER_REG1 0x400fe1e4U

#define SYSCTL_RIS 0x400fe050U
#define SYSCTL_RCC 0x400fe060U
#define SYSCTL_RCGC0 0x400fe100U
#define SYSCTL_RCGC1 0x400fe104U
#define SYSCTL_RCGC2 0x400fe108U
#define RCGC0_WATCHDOG (1U << 3)
#define RCGC1_UART0 (1U << 0)
#define RCGC1_SSI0 (1U << 4)
#define RCGC2_GPIO_A (1U << 0)
#define RCGC2_GPIO_D (1U << 3)
#define RCGC2_GPIO_F (1U << 5)
#define RCGC2_ETHERNET (1U << 28 | 1U << 30) /* MAC and PHY */

#endif
