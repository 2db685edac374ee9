/* SPDX-License-Identifier: MIT */
/*
 * resolv.conf. The servers are usable addresses and at most as many as there is
 * room for. A file that cannot be used changes nothing. One more server that
 * can be read makes any file usable.
 */
#define _DEFAULT_SOURCE
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "../../boards/posix/resolv.h"
#include "../../core/base/assert.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static int input = -1;
static char input_name[32];

static void
write_input(const uint8_t *p, size_t n, const char *more)
{
	char path[] = "/tmp/mtasts-fuzz-XXXXXX";
	size_t more_len = strlen(more);

	if (input < 0) {
		input = mkstemp(path);
		STS_ASSERT(input >= 0);
		unlink(path);
		snprintf(
		    input_name, sizeof input_name, "/proc/self/fd/%d", input);
	}
	STS_ASSERT(ftruncate(input, 0) == 0);
	STS_ASSERT(n == 0 || pwrite(input, p, n, 0) == (ssize_t)n);
	STS_ASSERT(
	    pwrite(input, more, more_len, (off_t)n) == (ssize_t)more_len);
}

static void
check_servers(const struct sts_dns_servers *s)
{
	STS_ASSERT(s->count >= 1);
	STS_ASSERT(s->count <= STS_DNS_SERVERS_MAX);
	for (unsigned i = 0; i < s->count; i++) {
		STS_ASSERT(s->addr[i].port == 53);
		STS_ASSERT(s->addr[i].af == STS_AF_INET ||
			   s->addr[i].af == STS_AF_INET6);
		STS_ASSERT(s->trusted[i] || !sts_resolv_trusted(&s->addr[i]));
	}
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct sts_dns_servers s, before;
	enum sts_resolv_result result;

	memset(&before, 0x5a, sizeof before);
	s = before;
	write_input(data, size, "");
	result = sts_resolv_read(input_name, &s);
	if (result == STS_RESOLV_MALFORMED || result == STS_RESOLV_LONG) {
		STS_ASSERT(memcmp(&s, &before, sizeof s) == 0);
	} else {
		STS_ASSERT(
		    result == STS_RESOLV_OK || result == STS_RESOLV_DEFAULT);
		check_servers(&s);
	}
	if (result == STS_RESOLV_DEFAULT) {
		STS_ASSERT(s.count == 1 && sts_resolv_trusted(&s.addr[0]));
	}
	write_input(data, size, "\nnameserver 192.0.2.1\n");
	/* One more server makes a list of any file that is not refused. */
	if (result == STS_RESOLV_LONG) {
		STS_ASSERT(sts_resolv_read(input_name, &s) == STS_RESOLV_LONG);
	} else {
		STS_ASSERT(sts_resolv_read(input_name, &s) == STS_RESOLV_OK);
		check_servers(&s);
	}
	return 0;
}
