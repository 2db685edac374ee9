/* SPDX-License-Identifier: MIT */
/* A lwIP interface over the board's Ethernet. */
#include <string.h>

#include <lwip/etharp.h>
#include <lwip/netif.h>
#include <lwip/pbuf.h>

#include "../../core/base/assert.h"
#include "board.h"
#include "eth.h"

enum {
	MTU = 1500,
	FRAME_MIN = 60,
	FRAME_MAX = 1514,
	FRAMES_A_PASS = 4
};

STS_STATIC_ASSERT((int)STS_BOARD_MAC == (int)ETH_HWADDR_LEN, mac_len);

static err_t
eth_send(struct netif *n, struct pbuf *out)
{
	static const uint8_t padding[FRAME_MIN];
	size_t len = out->tot_len < FRAME_MIN ? FRAME_MIN : out->tot_len;

	(void)n;
	STS_ASSERT(out->tot_len <= FRAME_MAX);
	sts_board_eth_send_begin(len);
	for (const struct pbuf *q = out; q != NULL; q = q->next) {
		sts_board_eth_send(q->payload, q->len);
	}
	sts_board_eth_send(padding, len - out->tot_len);
	sts_board_eth_send_end();
	return ERR_OK;
}

static err_t
eth_init(struct netif *n)
{
	n->name[0] = 'e';
	n->name[1] = 'n';
	n->mtu = MTU;
	n->hwaddr_len = STS_BOARD_MAC;
	n->flags = NETIF_FLAG_BROADCAST | NETIF_FLAG_ETHARP |
		   NETIF_FLAG_ETHERNET | NETIF_FLAG_LINK_UP;
	n->output = etharp_output;
	n->linkoutput = eth_send;
	sts_board_eth_begin(n->hwaddr);
	return ERR_OK;
}

void
sts_eth_begin(struct netif *n)
{
	struct netif *added =
	    netif_add(n, NULL, NULL, NULL, NULL, eth_init, netif_input);

	STS_ASSERT(added == n);
	netif_set_default(n);
	netif_set_up(n);
}

/* A frame for which there is no room is dropped: its sender will repeat. */
static void
receive(struct netif *n, size_t len)
{
	struct pbuf *in = NULL;

	if (len <= FRAME_MAX) {
		in = pbuf_alloc(PBUF_RAW, (u16_t)len, PBUF_POOL);
	}
	for (struct pbuf *q = in; q != NULL; q = q->next) {
		sts_board_eth_recv(q->payload, q->len);
	}
	sts_board_eth_recv_end();
	if (in != NULL && n->input(in, n) != ERR_OK) {
		pbuf_free(in);
	}
}

void
sts_eth_poll(struct netif *n)
{
	for (unsigned i = 0; i < FRAMES_A_PASS; i++) {
		size_t len = sts_board_eth_recv_begin();

		if (len == 0) {
			return;
		}
		receive(n, len);
	}
}
