/* SPDX-License-Identifier: MIT */
/*
 * The TXT record at _smtp._tls: each line of the input is a TXT RR, and all of
 * the input is a text whose rua is read. A record that is found begins as one.
 * The agent may connect to its destinations and write them into a mail. Foreign
 * records around a set change nothing.
 */
#include <string.h>

#include "../../core/base/assert.h"
#include "../../core/grammar/tlsrpt.h"

#define CHECK(c) STS_ASSERT(c)

static void
feed(struct sts_tlsrpt *r, const uint8_t *p, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		if (p[i] == '\n') {
			sts_tlsrpt_end(r);
		} else {
			sts_tlsrpt_byte(r, p[i]);
		}
	}
	sts_tlsrpt_end(r);
}

static void
check_host(struct sts_text host)
{
	CHECK(sts_name_valid(host) && sts_name_labels(host) >= 2);
}

static void
check_to(const struct sts_tlsrpt_to *to)
{
	struct sts_text all = sts_text(to->address, to->address_len);

	if (to->scheme == STS_TLSRPT_HTTPS) {
		check_host(to->host);
		CHECK(to->path.n == 0 || to->path.p[0] == '/' ||
		      to->path.p[0] == '?');
		for (size_t i = 0; i < to->path.n; i++) {
			CHECK(to->path.p[i] > ' ' && to->path.p[i] < 0x7f &&
			      to->path.p[i] != '#' && to->path.p[i] != '!');
		}
		return;
	}
	CHECK(all.n > (size_t)to->domain_len + 1);
	check_host(sts_text(all.p + (all.n - to->domain_len), to->domain_len));
	CHECK(all.p[all.n - to->domain_len - 1] == '@');
	for (size_t i = 0; i < all.n; i++) {
		CHECK(all.p[i] > ' ' && all.p[i] < 0x7f &&
		      strchr("<>()[]\\,;:\"", all.p[i]) == NULL);
	}
}

static unsigned
check_rua(struct sts_text record)
{
	struct sts_tlsrpt_rua it;
	struct sts_tlsrpt_to to;
	unsigned count = 0;

	sts_tlsrpt_rua_begin(&it, record);
	while (sts_tlsrpt_rua_next(&it, &to)) {
		CHECK(to.number == count++);
		check_to(&to);
	}
	CHECK(count <= STS_TLSRPT_RUA_MAX);
	return count;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const uint8_t foreign[] = "v=spf1 -all\nv=TLSRPTv1 rua=a:b";
	static struct sts_tlsrpt r, framed;

	sts_tlsrpt_start(&r);
	feed(&r, data, size);
	sts_tlsrpt_start(&framed);
	feed(&framed, foreign, sizeof foreign - 1);
	feed(&framed, data, size);
	feed(&framed, foreign, sizeof foreign - 1);
	CHECK(sts_tlsrpt_result(&r) == sts_tlsrpt_result(&framed));
	if (sts_tlsrpt_result(&r) == STS_FOUND) {
		struct sts_text text = sts_tlsrpt_text(&r);

		CHECK(sts_tlsrpt_begins(text));
		CHECK(sts_text_same(text, sts_tlsrpt_text(&framed)));
		check_rua(text);
	}
	check_rua(sts_text(data, size));
	return 0;
}
