/* SPDX-License-Identifier: MIT */
/*
 * The wall clock by SNTP (RFC 4330 client). It claims, no more: answers are
 * unauthenticated, and core/agent/clock.h treats it so.
 */
#ifndef STS_SNTP_H
#define STS_SNTP_H

#include <lwip/ip_addr.h>

#include "../../core/port.h"

enum {
	STS_SNTP_PORT = 123,
	/* Without an answer, doubling to the interval. RFC 4330 10: no less. */
	STS_SNTP_RETRY_MS = 15000,
	STS_SNTP_INTERVAL_MS = 1024000
};

struct udp_pcb;

struct sts_sntp {
	/* Private. */
	struct udp_pcb *pcb;
	uint8_t nonce[8]; /* the timestamp of ours that the answer repeats */
	bool asked, known;
	sts_ms ask_at, wait_ms; /* when to ask, and how long for an answer */
	sts_ms known_ms; /* wall_s as of then */
	int64_t wall_s;
};

/* Once. */
void sts_sntp_begin(struct sts_sntp *s, sts_ms now);

/* Ask `server` if it is time. NULL: there is no server; if it is time, the next
 * one is asked at once. Call this at least once in 24 days. */
void sts_sntp_tick(struct sts_sntp *s, sts_ms now, const ip4_addr_t *server);

/* Seconds since 1970, or -1: no server has answered yet. Call it at least once
 * in 24 days. */
int64_t sts_sntp_wall_s(struct sts_sntp *s, sts_ms now);

#endif
