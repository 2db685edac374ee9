/* SPDX-License-Identifier: MIT */
/*
 * Endpoints between struct sts_addr, struct sockaddr and text.
 */
#ifndef STS_POSIX_ADDR_H
#define STS_POSIX_ADDR_H

#include <sys/socket.h>

#include "../../core/base/io.h"

enum {
	/* "[", 45 characters of IPv6, "%", a scope, "]:65535" and a NUL. */
	STS_ADDR_TEXT_MAX = 72
};

/* `a` (INET or INET6) as a socket address; its length, or 0 for LOCAL. */
socklen_t sts_addr_to_socket(
    const struct sts_addr *a, struct sockaddr_storage *out);

/* The other way; false, and *out unchanged: another family. */
bool sts_addr_from_socket(
    const struct sockaddr_storage *s, struct sts_addr *out);

/*
 * Read an address without port: "127.0.0.1", "::1", "fe80::1%eth0" (or
 * %2). The port becomes 0. False, and *out unchanged: not an address, or no
 * such interface.
 */
bool sts_addr_parse(struct sts_text t, struct sts_addr *out);

/* "127.0.0.1:53" or "[::1]:53"; without the port when it is 0. Ends in NUL. */
void sts_addr_format(const struct sts_addr *a, char out[STS_ADDR_TEXT_MAX]);

/* Whether both name the same endpoint. */
bool sts_addr_same(const struct sts_addr *a, const struct sts_addr *b);

#endif
