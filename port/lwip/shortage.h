/* SPDX-License-Identifier: MIT */
/*
 * All connections share lwIP's memory: buffers for what came and was not read
 * yet, heap and segments for what was sent and not acknowledged yet. A peer
 * that never reads, or writes what is not read yet, could keep all others from
 * being heard for as long as it likes, even after its channel was closed.
 */
#ifndef STS_LWIP_SHORTAGE_H
#define STS_LWIP_SHORTAGE_H

struct sts_lwip;
struct sts_lwip_channel;
struct tcp_pcb;

/* By lwip.c: the channel of a connection, or the client that waits for one; NULL:
 * it is closed, or somebody else's. */
struct sts_lwip_channel *sts_lwip_channel_of(const struct tcp_pcb *pcb);

/* By lwip.c: its connection is about to be broken for want of memory. A server's
 * channel answers LIMIT then, since that is no verdict about the server. */
void sts_lwip_channel_broken(struct sts_lwip_channel *c);

/* At every poll: break the connection that holds most of what has been short
 * for two seconds. */
void sts_lwip_shortage(struct sts_lwip *p);

#endif
