/* SPDX-License-Identifier: MIT */
/*
 * What lwIP has is everybody's: buffers of what came and was not yet read, heap
 * and segments of what was sent and not yet acknowledged. Peers that never
 * read, or write what nobody reads yet, would keep all others from being heard,
 * as long as they like: also those whose channel was closed.
 */
#ifndef STS_LWIP_SHORTAGE_H
#define STS_LWIP_SHORTAGE_H

struct sts_lwip;

/* At every poll: break the connection that holds most of what has been short
 * for two seconds. */
void sts_lwip_shortage(struct sts_lwip *p);

#endif
