/* SPDX-License-Identifier: MIT */
/* A policy host for tests: a TLS server over a stream of the in-memory port. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <bearssl.h>

#include "https.h"

enum {
	REQUEST_MAX = 65536,
	FILE_MAX = 16384,
	CHAIN_MAX = 16
};

struct https {
	br_ssl_server_context server;
	struct sts_text response;
	size_t allowed, off;
	bool asked, closing;
	bool hasty;
	size_t request_len;
	uint8_t request[REQUEST_MAX + 1];
	uint8_t buffer[BR_SSL_BUFSIZE_BIDI];
};

/* Read from tests/mem/ca once. */
static struct {
	bool there;
	uint8_t der[HTTPS_CERTS][FILE_MAX];
	br_x509_certificate chain[HTTPS_CERTS][CHAIN_MAX];
	size_t chain_len[HTTPS_CERTS];
	br_skey_decoder_context key;
} files;

static const char *const cert_names[] = { "good", "expired", "future", "name",
	"cn", "untrusted", "sct", "staple", "complex" };

const char *
https_cert_name(unsigned cert)
{
	return cert < HTTPS_CERTS ? cert_names[cert] : NULL;
}

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

struct der {
	uint8_t *p;
	size_t n, size;
};

static void
take_der(void *ctx, const void *p, size_t n)
{
	struct der *d = ctx;

	if (n > d->size - d->n) {
		abort();
	}
	memcpy(d->p + d->n, p, n);
	d->n += n;
}

/* Read the objects of a PEM file as DER, one after the other; ends[i] is where
 * object i ends. Returns their number, at most `max`. */
static size_t
read_pem(const char *name, uint8_t *out, size_t size, size_t *ends, size_t max)
{
	uint8_t pem[FILE_MAX];
	struct der d = { out, 0, size };
	br_pem_decoder_context dc;
	size_t n = https_file(name, pem, sizeof pem), off = 0, count = 0;

	br_pem_decoder_init(&dc);
	while (off < n) {
		off += br_pem_decoder_push(&dc, pem + off, n - off);
		switch (br_pem_decoder_event(&dc)) {
		case BR_PEM_BEGIN_OBJ:
			br_pem_decoder_setdest(&dc, take_der, &d);
			break;
		case BR_PEM_END_OBJ:
			if (count == max) {
				abort();
			}
			ends[count++] = d.n;
			break;
		default:
			break;
		}
	}
	if (count == 0) {
		abort();
	}
	return count;
}

/* The chain of certificate i. */
static void
read_chain(unsigned i)
{
	char name[32];
	size_t ends[CHAIN_MAX], begin = 0;

	snprintf(name, sizeof name, "%s.pem", cert_names[i]);
	files.chain_len[i] =
	    read_pem(name, files.der[i], FILE_MAX, ends, CHAIN_MAX);
	for (size_t k = 0; k < files.chain_len[i]; k++) {
		files.chain[i][k].data = files.der[i] + begin;
		files.chain[i][k].data_len = ends[k] - begin;
		begin = ends[k];
	}
}

static void
read_files(void)
{
	uint8_t der[FILE_MAX];
	size_t n;
	unsigned i;

	(void)read_pem("leaf.key", der, sizeof der, &n, 1);
	br_skey_decoder_init(&files.key);
	br_skey_decoder_push(&files.key, der, n);
	if (br_skey_decoder_key_type(&files.key) != BR_KEYTYPE_EC) {
		abort();
	}
	for (i = 0; i < HTTPS_CERTS; i++) {
		read_chain(i);
	}
	files.there = true;
}

struct https *
https_new(
    enum https_cert cert, struct sts_text response, const uint8_t seed[32])
{
	struct https *h = calloc(1, sizeof *h);

	if (h == NULL) {
		abort();
	}
	if (!files.there) {
		read_files();
	}
	h->response = response;
	h->allowed = response.n;
	br_ssl_server_init_full_ec(&h->server, files.chain[cert],
	    files.chain_len[cert], BR_KEYTYPE_EC,
	    br_skey_decoder_get_ec(&files.key));
	br_ssl_engine_set_versions(&h->server.eng, BR_TLS12, BR_TLS12);
	br_ssl_engine_set_buffer(
	    &h->server.eng, h->buffer, sizeof h->buffer, 1);
	br_ssl_engine_inject_entropy(&h->server.eng, seed, 32);
	if (!br_ssl_server_reset(&h->server)) {
		abort();
	}
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

static bool
pump_records(struct https *h, struct mem *m, struct mem_sock *s)
{
	br_ssl_engine_context *e = &h->server.eng;
	bool moved = false;
	uint8_t *p;
	size_t n;

	p = br_ssl_engine_sendrec_buf(e, &n);
	if (p != NULL && n > 0) {
		mem_send(m, s, p, n);
		br_ssl_engine_sendrec_ack(e, n);
		moved = true;
	}
	p = br_ssl_engine_recvrec_buf(e, &n);
	if (p != NULL && s->out.n > 0) {
		n = n < s->out.n ? n : s->out.n;
		memcpy(p, s->out.p, n);
		mem_drop(&s->out, n);
		br_ssl_engine_recvrec_ack(e, n);
		moved = true;
	}
	return moved;
}

/* Whether head and body of the request are complete. */
static bool
is_whole(struct https *h)
{
	static const char field[] = "\r\nContent-Length: ";
	char *length, *end;

	h->request[h->request_len] = '\0';
	end = strstr((char *)h->request, "\r\n\r\n");
	if (end == NULL) {
		return false;
	}
	length = strstr((char *)h->request, field);
	return length == NULL || length > end ||
	       h->request_len >=
		   (size_t)(end + 4 - (char *)h->request) +
		       strtoul(length + sizeof field - 1, NULL, 10);
}

static void
take_request(struct https *h, const uint8_t *p, size_t n)
{
	size_t room = REQUEST_MAX - h->request_len;

	n = n < room ? n : room;
	memcpy(h->request + h->request_len, p, n);
	h->request_len += n;
	h->asked = h->hasty ? h->request_len > 0 : is_whole(h);
}

static bool
pump_application(struct https *h)
{
	br_ssl_engine_context *e = &h->server.eng;
	bool moved = false;
	uint8_t *p;
	size_t n;

	p = br_ssl_engine_recvapp_buf(e, &n);
	if (p != NULL) {
		take_request(h, p, n);
		br_ssl_engine_recvapp_ack(e, n);
		moved = true;
	}
	p = br_ssl_engine_sendapp_buf(e, &n);
	if (p != NULL && h->asked && h->off < h->allowed) {
		n = n < h->allowed - h->off ? n : h->allowed - h->off;
		memcpy(p, h->response.p + h->off, n);
		br_ssl_engine_sendapp_ack(e, n);
		br_ssl_engine_flush(e, 0);
		h->off += n;
		moved = true;
	}
	return moved;
}

bool
https_pump(struct https *h, struct mem *m, struct mem_sock *s)
{
	bool moved = false, again = true;

	while (again) {
		again = pump_records(h, m, s);
		again = pump_application(h) || again;
		if (!again && h->closing) {
			h->closing = false;
			br_ssl_engine_close(&h->server.eng);
			again = true;
		}
		moved = moved || again;
	}
	return moved;
}

bool
https_asked(const struct https *h)
{
	return h->asked;
}

void
https_hasty(struct https *h)
{
	h->hasty = true;
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
	return br_ssl_engine_get_server_name(&h->server.eng);
}

void
https_close(struct https *h)
{
	h->closing = true;
}

bool
https_over(const struct https *h)
{
	return br_ssl_engine_current_state(&h->server.eng) == BR_SSL_CLOSED;
}
