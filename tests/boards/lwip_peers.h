/* SPDX-License-Identifier: MIT */
/*
 * Tasks beside the agent's, which use lwIP's sockets and know nothing about the
 * agent: all on 127.0.0.1. A task that sees something unexpected fails the
 * test.
 */
#ifndef STS_TEST_LWIP_PEERS_H
#define STS_TEST_LWIP_PEERS_H

#include <stddef.h>
#include <stdint.h>

struct sts_anchors;

/* Load the certificates of the policy host, before any task begins. Returns the
 * anchors to trust for it, and *wall_s, the time. */
const struct sts_anchors *lwip_peers_begin(int64_t *wall_s);

/* Each task signals arg, a sys_sem_t, when it can be reached. */

/* A name server on port 53: example.com has a policy, no other domain has. */
void lwip_name_server(void *arg);

/* The policy host of example.com on port 443, one connection at a time. */
void lwip_policy_host(void *arg);

/* A service on port 7, which sends back what it receives. */
void lwip_echo(void *arg);

/* Connect to a port; send all octets; receive so many. */
int lwip_peer_connect(unsigned port);
void lwip_peer_send(int s, const void *p, size_t n);
void lwip_peer_recv(int s, void *p, size_t n);
void lwip_peer_close(int s);

#endif
