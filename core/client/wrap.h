/* SPDX-License-Identifier: MIT */
/*
 * A reply as it is sent: as a netstring, "LEN:", data and ","; by the text
 * protocol the data alone. `at` and `sent` count octets of that.
 */
#ifndef STS_WRAP_H
#define STS_WRAP_H

#include "reply.h"

/* How many octets a reply is with its wrapping. */
size_t sts_wrap_total(const struct sts_reply *r);

/* Render the octets from `at` (at most the total) on, as far as they fit. How
 * many that are. */
size_t sts_wrap_render(
    const struct sts_reply *r, size_t at, struct sts_span out);

/*
 * The same of a whole reply that was kept and is not measured (r: what
 * sts_reply_again made of *kept). out has room for sts_reply_total(kept->len)
 * octets. *kept is measured then.
 */
size_t sts_wrap_first(
    struct sts_reply *r, struct sts_reply_kept *kept, uint8_t *out);

/* The first `sent` octets, fewer than all, are not rendered any more
 * (sts_reply_passed). */
void sts_wrap_passed(struct sts_reply *r, size_t sent);

#endif
