/* SPDX-License-Identifier: MIT */
/* The one HTTP request we send (RFC 8461 3.3, RFC 9112 3). */
#include <string.h>

#include "../base/assert.h"
#include "../base/name.h"
#include "../base/version.h"
#include "http.h"

/* No conditional fields, cookies or credentials; an identity coding leaves
 * nothing to decompress. */
static const char before_host[] = "GET /.well-known/mta-sts.txt HTTP/1.1\r\n"
				  "Host: ";
static const char after_host[] = "\r\n"
				 "User-Agent: mtasts/" STS_VERSION "\r\n"
				 "Accept: text/plain\r\n"
				 "Accept-Encoding: identity\r\n"
				 "Connection: close\r\n"
				 "\r\n";

enum {
	BEFORE_LEN = sizeof before_host - 1,
	AFTER_LEN = sizeof after_host - 1
};

STS_STATIC_ASSERT(BEFORE_LEN + STS_NAME_MAX + AFTER_LEN <= STS_HTTP_REQUEST_MAX,
    http_request_max);

size_t
sts_http_request(uint8_t *out, struct sts_text host)
{
	STS_ASSERT(sts_name_valid(host));
	memcpy(out, before_host, BEFORE_LEN);
	memcpy(out + BEFORE_LEN, host.p, host.n);
	memcpy(out + BEFORE_LEN + host.n, after_host, AFTER_LEN);
	return BEFORE_LEN + host.n + AFTER_LEN;
}
