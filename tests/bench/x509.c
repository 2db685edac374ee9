/* SPDX-License-Identifier: MIT */
/*
 * CPU time to judge a chain of tests/x509, from DER to verdict: our engine,
 * BearSSL's minimal one and OpenSSL in one run, so that the ratios hold on any
 * machine.
 */
#define _POSIX_C_SOURCE 200809L
#include <bearssl.h>
#include <openssl/pem.h>
#include <openssl/x509_vfy.h>
#include <openssl/x509v3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "../../core/base/assert.h"
#include "../../tls/x509/x509.h"

enum {
	CERTS_MAX = 16,
	TEXT_MAX = 128,
	FILE_MAX = 65536,
	ROUNDS = 5,
	ROUND_MS = 100
};

struct der {
	unsigned char *p;
	int n;
};

static struct {
	char host[TEXT_MAX], anchors[TEXT_MAX], date[TEXT_MAX];
	struct der certs[CERTS_MAX];
	int count;
	time_t now;
	/* The roots in the form that each engine takes. */
	struct sts_anchors ours;
	uint8_t ours_bytes[8192];
	br_x509_trust_anchor bear[CERTS_MAX];
	br_x509_decoder_context decoder[CERTS_MAX];
	struct der names[CERTS_MAX];
	int roots;
	X509_STORE *store;
} chain;

static struct sts_x509 *engine;
static struct sts_x509_links links;

static void
need(int ok, const char *what)
{
	if (!ok) {
		fprintf(stderr, "bench-x509: %s\n", what);
		exit(1);
	}
}

void
sts_assert_failed(const char *file, int line)
{
	fprintf(stderr, "%s:%d: assertion failed\n", file, line);
	abort();
}

static FILE *
open_file(const char *folder, const char *name)
{
	char path[3 * TEXT_MAX];
	FILE *f;

	snprintf(path, sizeof path, "tests/x509/%s/%s", folder, name);
	f = fopen(path, "r");
	need(f != NULL, path);
	return f;
}

/* "20260601000000Z" */
static time_t
read_date(const char *text)
{
	ASN1_TIME *t = ASN1_TIME_new(), *epoch = ASN1_TIME_set(NULL, 0);
	int days = 0, seconds = 0;

	need(t != NULL && epoch != NULL && ASN1_TIME_set_string(t, text) &&
		 ASN1_TIME_diff(&days, &seconds, epoch, t),
	    "date");
	ASN1_TIME_free(t);
	ASN1_TIME_free(epoch);
	return (time_t)days * 86400 + seconds;
}

static void
append_name(void *ctx, const void *p, size_t n)
{
	struct der *d = ctx;

	d->p = realloc(d->p, (size_t)d->n + n);
	need(d->p != NULL, "memory");
	memcpy(d->p + d->n, p, n);
	d->n += (int)n;
}

static void
add_root(X509 *root)
{
	int i = chain.roots++;
	struct der d = { NULL, 0 };
	br_x509_decoder_context *dc = &chain.decoder[i];

	need(X509_STORE_add_cert(chain.store, root), "root");
	d.n = i2d_X509(root, &d.p);
	chain.names[i].n = 0;
	br_x509_decoder_init(dc, append_name, &chain.names[i]);
	br_x509_decoder_push(dc, d.p, (size_t)d.n);

	const br_x509_pkey *key = br_x509_decoder_get_pkey(dc);

	need(key != NULL, "root for BearSSL");
	chain.bear[i].dn.data = chain.names[i].p;
	chain.bear[i].dn.len = (size_t)chain.names[i].n;
	chain.bear[i].flags = BR_X509_TA_CA;
	chain.bear[i].pkey = *key;
	OPENSSL_free(d.p);
}

static void
load_roots(void)
{
	static char text[FILE_MAX];
	struct sts_anchors_load *l = malloc(sts_anchors_load_size());
	FILE *f = open_file("anchors", chain.anchors);
	size_t n = fread(text, 1, sizeof text, f);
	X509 *root;

	need(l != NULL, "memory");
	sts_anchors_begin(l, chain.ours_bytes, sizeof chain.ours_bytes);
	sts_anchors_feed(l, sts_text((const uint8_t *)text, n));
	need(sts_anchors_end(l, &chain.ours) == STS_ANCHORS_OK, "anchors");
	free(l);
	rewind(f);
	chain.store = X509_STORE_new();
	chain.roots = 0;
	while ((root = PEM_read_X509(f, NULL, NULL, NULL)) != NULL) {
		add_root(root);
		X509_free(root);
	}
	fclose(f);
}

static void
load(const char *name)
{
	char file[TEXT_MAX], line[TEXT_MAX];
	FILE *f;
	X509 *x;

	snprintf(file, sizeof file, "%s.txt", name);
	f = open_file("cases", file);
	while (fgets(line, sizeof line, f) != NULL && line[0] != '\n') {
		sscanf(line, "host %127s", chain.host);
		sscanf(line, "anchors %127s", chain.anchors);
		sscanf(line, "date %127s", chain.date);
	}
	chain.now = read_date(chain.date);
	chain.count = 0;
	while ((x = PEM_read_X509(f, NULL, NULL, NULL)) != NULL) {
		struct der *d = &chain.certs[chain.count++];

		d->p = NULL;
		d->n = i2d_X509(x, &d->p);
		X509_free(x);
	}
	fclose(f);
	load_roots();
}

static void
unload(void)
{
	for (int i = 0; i < chain.count; i++) {
		OPENSSL_free(chain.certs[i].p);
	}
	for (int i = 0; i < chain.roots; i++) {
		free(chain.names[i].p);
		chain.names[i].p = NULL;
	}
	X509_STORE_free(chain.store);
}

static void
judge_with(struct sts_x509_links *l)
{
	struct sts_text host = { (const uint8_t *)chain.host,
		strlen(chain.host) };

	sts_x509_start(engine, host, &chain.ours, chain.now);
	sts_x509_use_links(engine, l);
	for (int i = 0; i < chain.count; i++) {
		size_t n = (size_t)chain.certs[i].n;

		sts_x509_cert_begin(engine, n);
		sts_x509_cert_feed(engine, sts_text(chain.certs[i].p, n));
		sts_x509_cert_end(engine);
	}
	sts_x509_chain_end(engine);
	while (sts_x509_pending(engine)) {
		sts_x509_work(engine);
	}
	need(sts_x509_verdict(engine) == STS_WHY_NONE, "refused by mtasts");
}

static void
judge_ours(void)
{
	judge_with(NULL);
}

/* Judge as from the second chain of a CA on. */
static void
judge_known(void)
{
	judge_with(&links);
}

static void
judge_bear(void)
{
	static br_x509_minimal_context x;
	const br_x509_class *c;
	long long days = chain.now / 86400 + 719528;

	br_x509_minimal_init_full(&x, chain.bear, (size_t)chain.roots);
	/* The same arithmetic as BearSSL's own client and ours. */
	br_x509_minimal_set_rsa(&x, br_rsa_pkcs1_vrfy_get_default());
	br_x509_minimal_set_ecdsa(
	    &x, br_ec_get_default(), br_ecdsa_vrfy_asn1_get_default());
	br_x509_minimal_set_time(
	    &x, (uint32_t)days, (uint32_t)(chain.now % 86400));
	c = x.vtable;
	c->start_chain(&x.vtable, chain.host);
	for (int i = 0; i < chain.count; i++) {
		size_t n = (size_t)chain.certs[i].n;

		c->start_cert(&x.vtable, (uint32_t)n);
		c->append(&x.vtable, chain.certs[i].p, n);
		c->end_cert(&x.vtable);
	}
	need(c->end_chain(&x.vtable) == 0, "refused by BearSSL");
}

static void
judge_openssl(void)
{
	X509_STORE_CTX *ctx = X509_STORE_CTX_new();
	STACK_OF(X509) *others = sk_X509_new_null();
	X509 *leaf = NULL;
	X509_VERIFY_PARAM *param;

	for (int i = 0; i < chain.count; i++) {
		const unsigned char *p = chain.certs[i].p;
		X509 *x = d2i_X509(NULL, &p, chain.certs[i].n);

		need(x != NULL, "not parsed by OpenSSL");
		if (i == 0) {
			leaf = x;
		} else {
			sk_X509_push(others, x);
		}
	}
	need(X509_STORE_CTX_init(ctx, chain.store, leaf, others), "OpenSSL");
	param = X509_STORE_CTX_get0_param(ctx);
	X509_VERIFY_PARAM_set_time(param, chain.now);
	X509_VERIFY_PARAM_set_purpose(param, X509_PURPOSE_SSL_SERVER);
	X509_VERIFY_PARAM_set1_host(param, chain.host, 0);
	need(X509_verify_cert(ctx) == 1, "refused by OpenSSL");
	X509_STORE_CTX_free(ctx);
	sk_X509_pop_free(others, X509_free);
	X509_free(leaf);
}

static double
cpu_ms(void)
{
	struct timespec t;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
	return (double)t.tv_sec * 1e3 + (double)t.tv_nsec / 1e6;
}

/* CPU time of one call, over a round of at least ROUND_MS. */
static double
measure(void (*judge)(void))
{
	double begun = cpu_ms(), now;
	unsigned n = 0;

	do {
		judge();
		n++;
		now = cpu_ms();
	} while (now - begun < ROUND_MS);
	return (now - begun) / n;
}

/* The quickest of several rounds, in turn, which others disturbed least. */
static void
compare(const char *name)
{
	static void (*const judges[])(
	    void) = { judge_ours, judge_known, judge_bear, judge_openssl };
	double best[4] = { 1e9, 1e9, 1e9, 1e9 };

	load(name);
	for (int round = 0; round < ROUNDS; round++) {
		for (int i = 0; i < 4; i++) {
			double ms = measure(judges[i]);

			best[i] = ms < best[i] ? ms : best[i];
		}
	}
	printf("%-18s %8.3f %8.3f %8.3f %8.3f %8.2f %8.2f\n", name, best[0],
	    best[1], best[2], best[3], best[0] / best[2], best[0] / best[3]);
	unload();
}

int
main(void)
{
	engine = malloc(sts_x509_size());
	need(engine != NULL, "memory");
	printf("CPU in ms to judge a chain, and ours in parts of theirs\n"
	       "%-18s %8s %8s %8s %8s %8s %8s\n",
	    "tests/x509/cases", "mtasts", "CA known", "BearSSL", "OpenSSL",
	    "/BearSSL", "/OpenSSL");
	compare("usual");
	compare("good-ec");
	compare("good-rsa-2048");
	compare("two-intermediates");
	free(engine);
	return 0;
}
