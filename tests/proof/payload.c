/* SPDX-License-Identifier: MIT */
/* The payload of a policy record as it is written. The cache is cut out. */
#include "prove.h"

#include "../../core/cache/payload.c"

/* What was appended: the length octet, and how many octets followed it. */
static struct sts_text appended;
static uint8_t counted;

/* sts_cache_append, called for a length octet and then for what it counts. */
bool
cache_append_contract(
    struct sts_cache *c, struct sts_stage *s, const uint8_t *p, size_t n)
{
	(void)c;
	(void)s;
	PROVE(readable(sts_text(p, n)));
	if (n == 1 && appended.p == NULL && counted == 0) {
		counted = p[0];
	} else {
		appended = sts_text(p, n);
	}
	return nondet_bool();
}

/*
 * @bound any id or pattern that the header allows
 * @cut sts_cache_append cache_append_contract
 */
void
prove_payload_add(void)
{
	bool id = nondet_bool(), good;
	struct sts_text t = any_text(id ? STS_ID_MAX : STS_MX_MAX);

	ASSUME(t.n >= 1);
	appended = sts_text(NULL, 0);
	counted = 0;
	good = id ? sts_payload_begin(NULL, NULL, t)
		  : sts_payload_add_mx(NULL, NULL, t);
	if (good) {
		PROVE(counted == t.n);
		PROVE(appended.p == t.p && appended.n == t.n);
	}
}
