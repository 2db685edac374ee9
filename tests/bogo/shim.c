/* SPDX-License-Identifier: MIT */
/*
 * What BoringSSL's runner starts for each of its tests: a client that connects,
 * echoes what it gets with all bits flipped, and exits 0 unless the session
 * failed; 89 for an unknown flag, which counts as not implemented. Certificates
 * are not judged here: any path is accepted (x509.c is replaced at link time).
 */
#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "../../core/base/assert.h"
#include "../../core/base/name.h"
#include "../../tls/session.h"
#include "../../tls/x509/x509_path.h"

enum {
	NOT_IMPLEMENTED = 89
};

static struct {
	int port;
	const char *host;
	bool writes_first;
	bool check_close_notify;
	uint8_t alpn[16];
	size_t alpn_len;
} o = { .host = "example.com" };

static struct sts_tls *tls;
static br_x509_decoder_context decoder;
static bool first_cert;

void
sts_assert_failed(const char *file, int line)
{
	fprintf(stderr, "assertion failed: %s:%d\n", file, line);
	abort();
}

/* ---- x509.c: the first certificate's key, nothing judged */

size_t
sts_x509_size(void)
{
	return sizeof(struct sts_x509);
}

void
sts_x509_start(struct sts_x509 *x, struct sts_text host,
    const struct sts_anchors *anchors, int64_t wall_s)
{
	(void)host;
	(void)anchors;
	(void)wall_s;
	x->phase = STS_X509_COLLECTING;
	x->count = 0;
}

void
sts_x509_use_links(struct sts_x509 *x, struct sts_x509_links *l)
{
	(void)x;
	(void)l;
}

void
sts_x509_cert_begin(struct sts_x509 *x, size_t len)
{
	(void)len;
	first_cert = x->count == 0;
	if (first_cert) {
		br_x509_decoder_init(&decoder, NULL, NULL);
	}
}

void
sts_x509_cert_feed(struct sts_x509 *x, struct sts_text der)
{
	(void)x;
	if (first_cert) {
		br_x509_decoder_push(&decoder, der.p, der.n);
	}
}

void
sts_x509_cert_end(struct sts_x509 *x)
{
	x->count++;
}

void
sts_x509_chain_end(struct sts_x509 *x)
{
	x->phase = STS_X509_SEARCHING;
}

bool
sts_x509_pending(const struct sts_x509 *x)
{
	return x->phase == STS_X509_SEARCHING;
}

void
sts_x509_work(struct sts_x509 *x)
{
	x->phase = STS_X509_DONE;
}

enum sts_why
sts_x509_verdict(const struct sts_x509 *x)
{
	(void)x;
	return br_x509_decoder_get_pkey(&decoder) != NULL
		   ? STS_WHY_NONE
		   : STS_WHY_X509_MALFORMED;
}

bool
sts_x509_must_staple(const struct sts_x509 *x)
{
	(void)x;
	return false;
}

unsigned
sts_x509_scts(const struct sts_x509 *x)
{
	(void)x;
	return 0;
}

bool
sts_x509_leaf_key_usable(const struct sts_x509 *x)
{
	return sts_x509_verdict(x) == STS_WHY_NONE;
}

struct sts_x509_pubkey
sts_x509_leaf_key(const struct sts_x509 *x)
{
	const br_x509_pkey *k = br_x509_decoder_get_pkey(&decoder);
	struct sts_x509_pubkey key = { STS_X509_KEY_RSA, { NULL, 0 },
		{ NULL, 0 } };

	(void)x;
	if (k->key_type == BR_KEYTYPE_RSA) {
		key.key = sts_text(k->key.rsa.n, k->key.rsa.nlen);
		key.exponent = sts_text(k->key.rsa.e, k->key.rsa.elen);
		return key;
	}
	key.type = k->key.ec.curve == BR_EC_secp256r1   ? STS_X509_KEY_P256
		   : k->key.ec.curve == BR_EC_secp384r1 ? STS_X509_KEY_P384
							: STS_X509_KEY_P521;
	key.key = sts_text(k->key.ec.q, k->key.ec.qlen);
	return key;
}

/* ---- flags */

/* Our client always offers both versions. */
static bool
version_flag(const char *flag, int v)
{
	if (strcmp(flag, "-min-version") == 0) {
		return v <= 0x0303;
	}
	return strcmp(flag, "-max-version") == 0 && v >= 0x0304;
}

/* One protocol, with its length in front. */
static bool
alpn_flag(const char *v)
{
	size_t n = strlen(v);

	if (n < 2 || (size_t)v[0] != n - 1 || n - 1 > 15) {
		return false;
	}
	o.alpn_len = n - 1;
	memcpy(o.alpn, v + 1, n - 1);
	return true;
}

static bool
flag_with_value(const char *flag, const char *v)
{
	if (strcmp(flag, "-port") == 0) {
		o.port = atoi(v);
		return true;
	}
	if (strcmp(flag, "-host-name") == 0) {
		o.host = v;
		return true;
	}
	if (strcmp(flag, "-advertise-alpn") == 0) {
		return alpn_flag(v);
	}
	/* The runner's server checks what was negotiated, too. */
	return strcmp(flag, "-expect-version") == 0 ||
	       version_flag(flag, atoi(v));
}

static void
read_flags(int argc, char **argv)
{
	for (int i = 1; i < argc; i++) {
		if (strcmp(argv[i], "-is-handshaker-supported") == 0) {
			printf("No\n");
			exit(0);
		}
		if (strcmp(argv[i], "-shim-writes-first") == 0) {
			o.writes_first = true;
		} else if (strcmp(argv[i], "-check-close-notify") == 0) {
			o.check_close_notify = true;
		} else if (i + 1 < argc &&
			   flag_with_value(argv[i], argv[i + 1])) {
			i++;
		} else {
			exit(NOT_IMPLEMENTED);
		}
	}
}

/* ---- the session */

static int
dial(void)
{
	struct sockaddr_in6 a = { .sin6_family = AF_INET6,
		.sin6_port = htons((uint16_t)o.port),
		.sin6_addr = IN6ADDR_LOOPBACK_INIT };
	int s = socket(AF_INET6, SOCK_STREAM, 0), one = 1;

	if (s < 0 || connect(s, (struct sockaddr *)&a, sizeof a) != 0) {
		perror("connect");
		exit(2);
	}
	(void)setsockopt(s, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
	return s;
}

static void
send_octets(const uint8_t *p, size_t n)
{
	while (n > 0) {
		struct sts_span room = sts_tls_app_send_buf(tls);
		size_t k = n < room.n ? n : room.n;

		if (k == 0) {
			return;
		}
		memcpy(room.p, p, k);
		sts_tls_app_send_ack(tls, k);
		p += k;
		n -= k;
	}
	sts_tls_app_flush(tls);
}

static void
echo(void)
{
	static uint8_t copy[1 << 15];
	struct sts_text in = sts_tls_app_recv_buf(tls);

	for (size_t i = 0; i < in.n; i++) {
		copy[i] = in.p[i] ^ 0xff;
	}
	sts_tls_app_recv_ack(tls, in.n);
	send_octets(copy, in.n);
}

/* One step. Returns false when the session is over. */
static bool
step(int s)
{
	unsigned wants = sts_tls_wants(tls);
	struct sts_text out = sts_tls_rec_send_buf(tls);
	struct sts_span in = sts_tls_rec_recv_buf(tls);
	ssize_t n;

	if ((wants & STS_TLS_WORK) != 0) {
		sts_tls_work(tls);
	} else if ((wants & STS_TLS_REC_SEND) != 0) {
		n = send(s, out.p, out.n, MSG_NOSIGNAL);
		if (n <= 0) {
			return false;
		}
		sts_tls_rec_send_ack(tls, (size_t)n);
	} else if ((wants & (STS_TLS_FAILED | STS_TLS_CLOSED)) != 0) {
		return false;
	} else if ((wants & STS_TLS_APP_RECV) != 0) {
		echo();
	} else if ((wants & STS_TLS_APP_SEND) != 0 && o.writes_first) {
		o.writes_first = false;
		send_octets((const uint8_t *)"hello", 5);
	} else {
		n = recv(s, in.p, in.n, 0);
		if (n > 0) {
			sts_tls_rec_recv_ack(tls, (size_t)n);
		} else {
			sts_tls_peer_closed(tls);
		}
	}
	return true;
}

int
main(int argc, char **argv)
{
	struct sts_anchors none = { NULL, 0, 0 };
	uint8_t rnd[STS_TLS_RND];
	FILE *f;
	enum sts_why why;
	uint8_t byte;
	int s;

	read_flags(argc, argv);
	if (!sts_name_valid(
		sts_text((const uint8_t *)o.host, strlen(o.host)))) {
		return NOT_IMPLEMENTED;
	}
	tls = malloc(sts_tls_size());
	f = fopen("/dev/urandom", "rb");
	if (tls == NULL || f == NULL ||
	    fread(rnd, 1, sizeof rnd, f) != sizeof rnd) {
		return 2;
	}
	fclose(f);
	s = dial();
	sts_tls_start(tls, sts_text((const uint8_t *)o.host, strlen(o.host)),
	    &none, 0, rnd);
	if (o.alpn_len > 0) {
		sts_tls_use_alpn(tls, sts_text(o.alpn, o.alpn_len));
	}
	while (step(s)) {
	}
	if ((sts_tls_wants(tls) & STS_TLS_FAILED) == 0) {
		close(s);
		free(tls);
		return 0;
	}
	why = sts_tls_why(tls);
	/* The runner wants to read the alert before the connection is reset. */
	shutdown(s, SHUT_WR);
	while (recv(s, &byte, 1, 0) > 0) {
	}
	close(s);
	free(tls);
	if (why == STS_WHY_TLS_TRUNCATED && !o.check_close_notify) {
		return 0;
	}
	fprintf(stderr, "%s\n", sts_why_token(why));
	return 1;
}
