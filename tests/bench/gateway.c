/* SPDX-License-Identifier: MIT */
/* A gateway to be measured. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../mem/trust.h"
#include "gateway.h"

void
gateway_need(bool ok, const char *what)
{
	if (!ok) {
		fprintf(stderr, "bench: %s\n", what);
		exit(1);
	}
}

void
gateway_start(struct gateway *g, const struct sts_config *c)
{
	static const uint8_t key[16] = { 2, 7, 1, 8 };
	void *block = malloc(sts_agent_size(c));

	gateway_need(block != NULL, "memory");
	g->now = 1000;
	mem_init(&g->mem, 1);
	world_init(&g->world, &g->mem);
	g->port = g->mem.port;
	trust_root(&g->anchors, g->root, sizeof g->root);
	g->settings.servers = &g->servers;
	g->settings.anchors = &g->anchors;
	g->settings.zones = &g->zones;
	g->settings.policy_port = 443;
	g->settings.allow_private = true;
	g->servers.count = 1;
	g->servers.addr[0] =
	    (struct sts_addr){ STS_AF_INET, 0, 53, 0, { 192, 0, 2, 53 } };
	sts_zones_init(&g->zones, 12000, 30000);
	sts_agent_init(&g->agent, c, &g->settings, block, g->now, key);
	sts_driver_init(&g->driver, &g->agent, &g->port, g->now);
	g->mem.driver = &g->driver;
}

struct mem_sock *
gateway_client(struct gateway *g)
{
	sts_ch listener = sts_driver_listener(&g->driver, 0);

	if (g->mem.sock_of[listener] == NULL) {
		mem_listen(&g->mem, listener);
		sts_listen(&g->driver, listener, STS_PROTOCOL_SOCKETMAP);
	}
	return mem_connect(&g->mem, listener);
}

/* Set a record of prefix.domain; value NULL: there is none. */
static void
set(struct gateway *g, const char *prefix, const char *domain, unsigned type,
    const char *value)
{
	struct world_rr rr;

	memset(&rr, 0, sizeof rr);
	rr.type = type;
	rr.ttl = 60;
	rr.what = value != NULL ? WORLD_DATA : WORLD_NODATA;
	rr.count = value != NULL;
	snprintf(rr.name, sizeof rr.name, "%s.%s", prefix, domain);
	snprintf(
	    rr.value[0], sizeof rr.value[0], "%s", value != NULL ? value : "");
	world_set(&g->world, &rr);
}

void
gateway_publish(struct gateway *g, const char *domain, unsigned i,
    enum https_cert cert, struct sts_text response)
{
	struct world_host host;
	char ip[32];

	snprintf(ip, sizeof ip, "198.51.100.%u", i + 1);
	set(g, "_mta-sts", domain, DNSPEER_TXT, "v=STSv1; id=1;");
	set(g, "mta-sts", domain, DNSPEER_A, ip);
	set(g, "mta-sts", domain, DNSPEER_AAAA, NULL);
	memset(&host, 0, sizeof host);
	host.addr = (struct sts_addr){ STS_AF_INET, 0, 0, 0,
		{ 198, 51, 100, (uint8_t)(i + 1) } };
	host.cert = cert;
	host.cut = WORLD_NEVER;
	host.response = response;
	world_host(&g->world, &host);
}

void
gateway_ask(struct gateway *g, struct mem_sock *client, const char *domain)
{
	char key[64], request[80];
	int n = snprintf(key, sizeof key, "postfix %s", domain);

	mem_send(&g->mem, client, request,
	    (size_t)snprintf(request, sizeof request, "%d:%s,", n, key));
}

void
gateway_run(struct gateway *g)
{
	sts_run(&g->driver, g->now, GATEWAY_WALL_S + g->now / 1000, 256);
}
