/* SPDX-License-Identifier: MIT */
/* Tasks beside the agent's, which use lwIP's sockets. */
#include <lwip/sockets.h>
#include <lwip/sys.h>

#include "../mem/dnspeer.h"
#include "../unit/x509_case.h"
#include "lwip_peers.h"

enum {
	NXDOMAIN = 3,
	TTL_S = 300,
	DNS_PORT = 53,
	HTTPS_PORT = 443,
	ECHO_PORT = 7,
	REQUEST_MAX = 1024,
	QUERY_MAX = 512
};

static struct sockaddr_in
self(unsigned port)
{
	struct sockaddr_in at = { .sin_family = AF_INET,
		.sin_port = lwip_htons((u16_t)port),
		.sin_addr.s_addr = lwip_htonl(INADDR_LOOPBACK) };

	return at;
}

static int
bound(int type, unsigned port)
{
	struct sockaddr_in at = self(port);
	int s = lwip_socket(AF_INET, type, 0);

	ck_assert_int_ge(s, 0);
	ck_assert_int_eq(lwip_bind(s, (struct sockaddr *)&at, sizeof at), 0);
	return s;
}

int
lwip_peer_connect(unsigned port)
{
	struct sockaddr_in at = self(port);
	int s = lwip_socket(AF_INET, SOCK_STREAM, 0);

	ck_assert_int_ge(s, 0);
	ck_assert_int_eq(lwip_connect(s, (struct sockaddr *)&at, sizeof at), 0);
	return s;
}

void
lwip_peer_send(int s, const void *p, size_t n)
{
	ck_assert_int_eq(lwip_send(s, p, n, 0), (int)n);
}

void
lwip_peer_recv(int s, void *p, size_t n)
{
	uint8_t *to = p;

	while (n > 0) {
		ssize_t got = lwip_recv(s, to, n, 0);

		ck_assert_int_gt(got, 0);
		to += got;
		n -= (size_t)got;
	}
}

void
lwip_peer_close(int s)
{
	ck_assert_int_eq(lwip_close(s), 0);
}

/* Names. */

static const struct {
	const char *name, *value;
	unsigned type;
} records[] = {
	{ "_mta-sts.example.com", "v=STSv1; id=1;", DNSPEER_TXT },
	{ "mta-sts.example.com", "127.0.0.1", DNSPEER_A },
};

static void
answer(struct dnspeer_answer *a, const struct dnspeer_question *q)
{
	unsigned rcode = NXDOMAIN;
	const char *value = NULL;

	for (size_t i = 0; i < UNIT_COUNT(records); i++) {
		if (strcmp(records[i].name, q->name) == 0) {
			rcode = 0;
			value = records[i].type == q->type ? records[i].value
							   : NULL;
		}
	}
	dnspeer_begin(a, q, rcode, false, false);
	if (value != NULL) {
		ck_assert(dnspeer_add(a, q->name, q->type, TTL_S, value));
	} else {
		dnspeer_soa(a, TTL_S);
	}
}

void
lwip_name_server(void *arg)
{
	static struct dnspeer_answer a;
	int s = bound(SOCK_DGRAM, DNS_PORT);

	sys_sem_signal(arg);
	for (;;) {
		struct sockaddr_in from;
		socklen_t from_len = sizeof from;
		struct dnspeer_question q;
		uint8_t query[QUERY_MAX];
		ssize_t n = lwip_recvfrom(s, query, sizeof query, 0,
		    (struct sockaddr *)&from, &from_len);

		ck_assert_int_gt(n, 0);
		ck_assert_ptr_null(dnspeer_read(&q, query, (size_t)n));
		answer(&a, &q);
		ck_assert_int_eq(lwip_sendto(s, a.p, a.n, 0,
				     (struct sockaddr *)&from, from_len),
		    (int)a.n);
	}
}

/* Policies. */

static struct x509_case chain;
static br_x509_certificate certs[CASE_CERTS_MAX];
static br_skey_decoder_context key;

static void
take_key(void *ctx, const void *src, size_t len)
{
	br_skey_decoder_push(ctx, src, len);
}

static void
load_key(void)
{
	struct sts_text file = unit_file("tests/x509/keys/ec.pem");
	br_pem_decoder_context pem;

	br_pem_decoder_init(&pem);
	br_skey_decoder_init(&key);
	while (file.n > 0) {
		size_t n = br_pem_decoder_push(&pem, file.p, file.n);

		file = sts_text(file.p + n, file.n - n);
		if (br_pem_decoder_event(&pem) == BR_PEM_BEGIN_OBJ) {
			br_pem_decoder_setdest(&pem, take_key, &key);
		}
	}
	ck_assert_int_eq(br_skey_decoder_key_type(&key), BR_KEYTYPE_EC);
}

const struct sts_anchors *
lwip_peers_begin(int64_t *wall_s)
{
	case_load(&chain, "server-ec");
	for (unsigned i = 0; i < chain.count; i++) {
		certs[i].data = (unsigned char *)chain.certs[i].p;
		certs[i].data_len = chain.certs[i].n;
	}
	load_key();
	*wall_s = chain.date_s;
	return &chain.anchors;
}

static int
low_read(void *ctx, unsigned char *p, size_t n)
{
	int got = (int)lwip_recv(*(int *)ctx, p, n, 0);

	return got > 0 ? got : -1;
}

static int
low_write(void *ctx, const unsigned char *p, size_t n)
{
	int put = (int)lwip_send(*(int *)ctx, p, n, 0);

	return put > 0 ? put : -1;
}

/* One request, whatever it asks for, and its response. */
static void
serve(int s)
{
	static const char response[] =
	    "HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\n"
	    "Content-Length: 68\r\n\r\n"
	    "version: STSv1\r\nmode: enforce\r\nmx: mx.example.com\r\n"
	    "max_age: 604800\r\n";
	static br_ssl_server_context server;
	static uint8_t record[BR_SSL_BUFSIZE_BIDI];
	static const uint8_t seed[32] = { 1 };
	char request[REQUEST_MAX] = "";
	size_t len = 0;
	br_sslio_context io;

	br_ssl_server_init_full_ec(&server, certs, chain.count, BR_KEYTYPE_EC,
	    br_skey_decoder_get_ec(&key));
	br_ssl_engine_set_buffer(&server.eng, record, sizeof record, 1);
	br_ssl_engine_inject_entropy(&server.eng, seed, sizeof seed);
	ck_assert(br_ssl_server_reset(&server));
	br_sslio_init(&io, &server.eng, low_read, &s, low_write, &s);
	while (strstr(request, "\r\n\r\n") == NULL) {
		int n =
		    br_sslio_read(&io, request + len, sizeof request - 1 - len);

		ck_assert_int_gt(n, 0);
		len += (size_t)n;
		request[len] = '\0';
	}
	ck_assert_int_eq(
	    br_sslio_write_all(&io, response, strlen(response)), 0);
	ck_assert_int_eq(br_sslio_flush(&io), 0);
}

void
lwip_policy_host(void *arg)
{
	int listener = bound(SOCK_STREAM, HTTPS_PORT);

	ck_assert_int_eq(lwip_listen(listener, 1), 0);
	sys_sem_signal(arg);
	for (;;) {
		uint8_t rest[REQUEST_MAX];
		int s = lwip_accept(listener, NULL, NULL);

		ck_assert_int_ge(s, 0);
		serve(s);
		while (lwip_recv(s, rest, sizeof rest, 0) > 0) {
		}
		lwip_peer_close(s);
	}
}

/* Something else. */

void
lwip_echo(void *arg)
{
	int listener = bound(SOCK_STREAM, ECHO_PORT);

	ck_assert_int_eq(lwip_listen(listener, 1), 0);
	sys_sem_signal(arg);
	for (;;) {
		uint8_t heard[REQUEST_MAX];
		int s = lwip_accept(listener, NULL, NULL);
		ssize_t n;

		ck_assert_int_ge(s, 0);
		while ((n = lwip_recv(s, heard, sizeof heard, 0)) > 0) {
			lwip_peer_send(s, heard, (size_t)n);
		}
		lwip_peer_close(s);
	}
}
