/* SPDX-License-Identifier: MIT */
/*
 * The readers of handshake messages. A reader that takes a message whole
 * returns spans inside it, and refuses an accepted message that is cut by one
 * byte. A reader that takes a message as it passes sees the same whole and byte
 * by byte, and the certificates come with the lengths that were announced.
 *
 * Input: an octet that chooses the reader; the body.
 */
#include <string.h>

#include "../../core/base/assert.h"
#include "../../tls/tls_lists.h"
#include "../../tls/tls_messages.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void
within(struct sts_text t, struct sts_text body)
{
	STS_ASSERT(t.n == 0 || (t.p >= body.p && t.n <= body.n &&
				   t.p - body.p <= (long)(body.n - t.n)));
}

static void
hello(struct sts_text body, uint32_t offered)
{
	struct sts_tls_server_hello h;

	if (sts_tls_read_server_hello(body, offered, &h) != STS_ALERT_NONE) {
		return;
	}
	STS_ASSERT(h.random.n == 32 && h.session_id.n <= 32);
	within(h.random, body);
	within(h.session_id, body);
	within(h.share, body);
	within(h.cookie, body);
	within(h.ext.alpn, body);
	STS_ASSERT(!h.retry || h.share.n == 0);
	STS_ASSERT(h.cookie.n == 0 || h.retry);
	STS_ASSERT(h.group == 0 || h.version == STS_TLS_13);
	/* A hello without extensions may end early. */
	if (body.n > 0 && h.version == STS_TLS_13) {
		struct sts_text cut = { body.p, body.n - 1 };

		STS_ASSERT(sts_tls_read_server_hello(cut, offered, &h) !=
			   STS_ALERT_NONE);
	}
}

static void
extensions(struct sts_text body, uint32_t offered)
{
	struct sts_tls_extensions e;

	if (sts_tls_read_encrypted_extensions(body, offered, &e) ==
	    STS_ALERT_NONE) {
		within(e.alpn, body);
		STS_ASSERT(e.record_limit == 0 || e.record_limit >= 64);
	}
}

static void
signatures(struct sts_text body)
{
	struct sts_tls_signed s;
	struct sts_tls_key_exchange x;
	bool asked;

	if (sts_tls_read_certificate_verify(body, &s) == STS_ALERT_NONE) {
		within(s.sig, body);
		STS_ASSERT(s.sig.n == body.n - 4);
	}
	if (sts_tls_read_key_exchange(body, &x) == STS_ALERT_NONE) {
		within(x.share, body);
		within(x.params, body);
		within(x.by.sig, body);
		STS_ASSERT(x.params.n == 4 + x.share.n);
		STS_ASSERT(body.n == 8 + x.share.n + x.by.sig.n);
	}
	if (sts_tls_read_key_update(body, &asked) == STS_ALERT_NONE) {
		STS_ASSERT(body.n == 1 && body.p[0] == asked);
	}
}

struct seen {
	unsigned certs;
	size_t bytes;
	unsigned alert;
	bool over;
};

/* Read all of l's message in pieces of `step` octets. */
static struct seen
read_list(struct sts_tls_lists *l, struct sts_text body, size_t step)
{
	struct seen s = { 0 };
	enum sts_tls_lists_event e = STS_TLS_LISTS_MORE;
	size_t left = 0;

	do {
		struct sts_text in = { body.p, body.n < step ? body.n : step },
				bytes = { NULL, 0 };

		body = sts_text(body.p + in.n, body.n - in.n);
		do {
			e = sts_tls_lists_next(l, &in, &bytes);
			if (e == STS_TLS_CERT_BEGIN) {
				STS_ASSERT(left == 0);
				left = sts_tls_certs_len(l);
				STS_ASSERT(left > 0);
			} else if (e == STS_TLS_CERT_BYTES) {
				STS_ASSERT(bytes.n > 0 && bytes.n <= left);
				left -= bytes.n;
				s.bytes += bytes.n;
			} else if (e == STS_TLS_CERT_END) {
				STS_ASSERT(left == 0);
				s.certs++;
			}
		} while (e >= STS_TLS_CERT_BEGIN);
	} while (body.n > 0 && e == STS_TLS_LISTS_MORE);
	STS_ASSERT(e != STS_TLS_LISTS_MORE);
	s.alert = sts_tls_lists_alert(l);
	s.over = e == STS_TLS_LISTS_DONE;
	STS_ASSERT(s.over == (s.alert == STS_ALERT_NONE));
	return s;
}

static struct seen
certificates(struct sts_text body, uint16_t version, size_t step)
{
	struct sts_tls_lists l;
	struct seen s;

	sts_tls_certs_begin(&l, version, (uint32_t)body.n);
	s = read_list(&l, body, step);
	STS_ASSERT(!s.over || s.certs > 0);
	return s;
}

static struct seen
request(struct sts_text body, uint16_t version, size_t step)
{
	struct sts_tls_lists l;
	struct seen s;

	sts_tls_request_begin(&l, version, (uint32_t)body.n);
	s = read_list(&l, body, step);
	STS_ASSERT(s.certs == 0);
	return s;
}

static void
same(struct seen a, struct seen b)
{
	STS_ASSERT(a.over == b.over && a.alert == b.alert);
	STS_ASSERT(!a.over || (a.certs == b.certs && a.bytes == b.bytes));
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct sts_text body;
	uint16_t version;

	if (size == 0) {
		return 0;
	}
	body = sts_text(data + 1, size - 1);
	version = (data[0] & 1) != 0 ? STS_TLS_13 : STS_TLS_12;
	switch (data[0] >> 1 & 7) {
	case 0:
	case 1:
		hello(body, data[0] < 128 ? (1U << STS_TLS_EXTS) - 1 : 0x1ff9);
		break;
	case 2:
		extensions(body, (1U << STS_TLS_EXTS) - 1);
		break;
	case 3:
		signatures(body);
		break;
	case 4:
	case 5:
		same(certificates(body, version, body.n + 1),
		    certificates(body, version, 1));
		break;
	default:
		same(request(body, version, body.n + 1),
		    request(body, version, 1));
		break;
	}
	return 0;
}
