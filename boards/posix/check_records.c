/* SPDX-License-Identifier: MIT */
/* TXT records as they are shown. */
#include <string.h>

#include "check_records.h"

void
sts_check_records_take(
    struct sts_check_records *out, const struct sts_check_ask *a)
{
	struct sts_text text;
	size_t at = 0;

	out->dns = a->answer;
	if (a->more) {
		/* Among what was left out may be the one that counts. */
		out->dns.found = STS_UNKNOWN;
		out->dns.why = STS_WHY_DNS_LARGE;
	}
	while (sts_check_ask_next(a, &at, &text)) {
		struct sts_check_text *t = &out->record[out->count];

		if (out->count++ < STS_CHECK_RECORDS_MAX) {
			t->cut = text.n > sizeof t->text;
			t->len = (uint16_t)(t->cut ? sizeof t->text : text.n);
			memcpy(t->text, text.p, t->len);
		}
	}
}
