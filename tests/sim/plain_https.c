/* SPDX-License-Identifier: MIT */
/* A policy host without cryptography: tests/mem/https.h over plain records. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../mem/https.h"
#include "plain.h"

enum {
	REQUEST_MAX = 1024,
	PIECE = 4096
};

struct https {
	enum https_cert cert;
	struct sts_text response;
	size_t allowed, off;
	bool there, asked, closing, over;
	char name[256];
	size_t request_len;
	uint8_t request[REQUEST_MAX];
};

size_t
https_file(const char *name, uint8_t *out, size_t size)
{
	char path[64];
	FILE *f;
	size_t n;

	snprintf(path, sizeof path, "tests/mem/ca/%s", name);
	f = fopen(path, "rb");
	if (f == NULL) {
		fprintf(stderr, "%s: run from the top of the tree\n", path);
		abort();
	}
	n = fread(out, 1, size, f);
	fclose(f);
	return n;
}

struct https *
https_new(
    enum https_cert cert, struct sts_text response, const uint8_t seed[32])
{
	struct https *h = calloc(1, sizeof *h);

	(void)seed;
	if (h == NULL) {
		abort();
	}
	h->cert = cert;
	https_respond(h, response);
	return h;
}

void
https_free(struct https *h)
{
	free(h);
}

void
https_respond(struct https *h, struct sts_text response)
{
	h->response = response;
	h->allowed = response.n;
}

void
https_allow(struct https *h, size_t n)
{
	h->allowed = n < h->response.n ? n : h->response.n;
}

static void
put_record(struct mem *m, struct mem_sock *s, enum plain_record type,
    const void *p, size_t n)
{
	uint8_t head[PLAIN_HEAD];

	head[0] = (uint8_t)type;
	sts_put16be(head + 1, (uint16_t)n);
	mem_send(m, s, head, sizeof head);
	if (n > 0) {
		mem_send(m, s, p, n);
	}
}

static void
take_request(struct https *h, const uint8_t *p, size_t n)
{
	size_t room = REQUEST_MAX - h->request_len;

	n = n < room ? n : room;
	memcpy(h->request + h->request_len, p, n);
	h->request_len += n;
	h->asked = h->request_len >= 4 &&
		   memcmp(h->request + h->request_len - 4, "\r\n\r\n", 4) == 0;
}

static void
take_record(struct https *h, struct mem *m, struct mem_sock *s,
    const uint8_t *p, size_t n)
{
	uint8_t cert = (uint8_t)h->cert;

	switch (p[0]) {
	case PLAIN_HELLO:
		n -= PLAIN_HEAD;
		n = n < sizeof h->name ? n : sizeof h->name - 1;
		memcpy(h->name, p + PLAIN_HEAD, n);
		put_record(m, s, PLAIN_CERTIFICATE, &cert, 1);
		break;
	case PLAIN_FINISHED:
		h->there = true;
		put_record(m, s, PLAIN_FINISHED, NULL, 0);
		break;
	case PLAIN_DATA:
		take_request(h, p + PLAIN_HEAD, n - PLAIN_HEAD);
		break;
	default:
		h->over = true;
	}
}

static bool
pump_in(struct https *h, struct mem *m, struct mem_sock *s)
{
	size_t n;

	if (h->over || s->out.n < PLAIN_HEAD) {
		return false;
	}
	n = PLAIN_HEAD + (size_t)sts_get16be(s->out.p + 1);
	if (s->out.n < n) {
		return false;
	}
	take_record(h, m, s, s->out.p, n);
	mem_drop(&s->out, n);
	return true;
}

static bool
pump_out(struct https *h, struct mem *m, struct mem_sock *s)
{
	size_t n = h->allowed - h->off;

	if (!h->asked || h->over || h->off >= h->allowed) {
		return false;
	}
	n = n < PIECE ? n : PIECE;
	put_record(m, s, PLAIN_DATA, h->response.p + h->off, n);
	h->off += n;
	return true;
}

bool
https_pump(struct https *h, struct mem *m, struct mem_sock *s)
{
	bool moved = false, again = true;

	while (again) {
		again = pump_in(h, m, s);
		again = pump_out(h, m, s) || again;
		moved = moved || again;
	}
	if (h->closing && !h->over) {
		put_record(m, s, PLAIN_CLOSE, NULL, 0);
		h->over = true;
		moved = true;
	}
	return moved;
}

bool
https_asked(const struct https *h)
{
	return h->asked;
}

size_t
https_sent(const struct https *h)
{
	return h->off;
}

struct sts_text
https_request(const struct https *h)
{
	return sts_text(h->request, h->request_len);
}

const char *
https_server_name(const struct https *h)
{
	return h->name;
}

void
https_close(struct https *h)
{
	h->closing = true;
}

bool
https_over(const struct https *h)
{
	return h->over;
}
