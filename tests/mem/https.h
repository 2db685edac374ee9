/* SPDX-License-Identifier: MIT */
/*
 * A policy host for tests: a BearSSL TLS 1.2 server over a stream of the
 * in-memory port. It answers any request with the bytes it was given, and sends
 * as many as it is allowed to at the moment, so that a test can drip or cut
 * them.
 */
#ifndef STS_TEST_HTTPS_H
#define STS_TEST_HTTPS_H

#include "mem.h"

/* Certificates of tests/mem/ca. */
enum https_cert {
	HTTPS_GOOD = 0,
	HTTPS_EXPIRED,
	HTTPS_FUTURE, /* valid 2050 to 2100 */
	HTTPS_NAME, /* for www.example.com */
	HTTPS_CN, /* mta-sts.example.com as common name only */
	HTTPS_UNTRUSTED,
	HTTPS_SCT, /* good, with SCTs of two logs */
	HTTPS_STAPLE, /* good, asks for a stapled OCSP response */
	HTTPS_COMPLEX, /* with twelve issuers of one name, in the worst order */
	HTTPS_CERTS
};

/* The name of the certificate in scenarios, or NULL beyond the last. */
const char *https_cert_name(unsigned cert);

struct https; /* one connection */

/* Begin. The caller keeps `response` valid. seed: any bytes. */
struct https *https_new(
    enum https_cert cert, struct sts_text response, const uint8_t seed[32]);
void https_free(struct https *h);

/* Set another response before any of it was sent; the caller keeps it valid.
 * All of it may be sent. */
void https_respond(struct https *h, struct sts_text response);

/* Answer as soon as some of the request has come. */
void https_hasty(struct https *h);

/* Send at most n bytes of the response in all from now on. */
void https_allow(struct https *h, size_t n);

/* Move what can be moved between the server and the stream. Returns whether
 * something moved. */
bool https_pump(struct https *h, struct mem *m, struct mem_sock *s);

/* Whether the whole request has come, and how much of the response has been
 * sent (handed to TLS and out of it). */
bool https_asked(const struct https *h);
size_t https_sent(const struct https *h);

/* The request, and the server name of the handshake. */
struct sts_text https_request(const struct https *h);
const char *https_server_name(const struct https *h);

/* Send close_notify; pump until https_over. */
void https_close(struct https *h);
bool https_over(const struct https *h);

/* Read a PEM file of tests/mem/ca into memory. Returns the length. Aborts when
 * the file cannot be read: tests run from the top of the tree. */
size_t https_file(const char *name, uint8_t *out, size_t size);

#endif
