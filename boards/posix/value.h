/* SPDX-License-Identifier: MIT */
/* The kinds of values a configuration has. All return false, and leave *out
 * as it was, when the whole of t is not such a value. */
#ifndef STS_VALUE_H
#define STS_VALUE_H

#include "../../core/sts.h"
#include "../../port/posix/listen.h"

/* Bytes: "65536", "512K", "4M". */
bool sts_value_size(struct sts_text t, uint64_t *out);

/* Milliseconds: "500ms", "12s", "2m", "1h", "1d"; at most 24 days. */
bool sts_value_time(struct sts_text t, uint32_t *out_ms);

/* A number min..max. */
bool sts_value_number(
    struct sts_text t, uint32_t min, uint32_t max, uint32_t *out);

/* "yes" or "no". */
bool sts_value_bool(struct sts_text t, bool *out);

/* "option=VALUE": whether t begins so; then *value is the rest. */
bool sts_value_option(
    struct sts_text t, const char *option, struct sts_text *value);

/* "127.0.0.1:8461", "[::1]:8461". */
bool sts_value_endpoint(struct sts_text t, struct sts_addr *out);

/* "192.0.2.0/24", "::1". */
bool sts_value_prefix(struct sts_text t, struct sts_prefix *out);

/* An absolute path of at most size - 1 characters, NUL-ended in out. */
bool sts_value_path(struct sts_text t, char *out, size_t size);

/* "inet:ENDPOINT", or "unix:/path mode=0660 owner=USER group=GROUP
 * protocol=text" with the options in any order; a path without mode gets 0666.
 */
bool sts_value_listen(struct sts_text t, struct sts_listen_at *out);

#endif
