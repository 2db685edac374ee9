/* SPDX-License-Identifier: MIT */
/* Organisations: the last labels of a name. */
#include "organisation.h"

/* Second levels that registries of country codes use for sorting. */
static const char *const seconds[] = { "ac", "co", "com", "edu", "go", "gob",
	"gov", "govt", "gv", "ltd", "me", "mil", "ne", "net", "nom", "or",
	"org", "plc", "sch" };

enum {
	SECONDS_COUNT = sizeof seconds / sizeof *seconds,
	COUNTRY_LEN = 2
};

/* Where the label that ends before `end` begins. */
static size_t
label_start(struct sts_text t, size_t end)
{
	size_t start = end;

	while (start > 0 && t.p[start - 1] != '.') {
		start--;
	}
	return start;
}

static bool
sorts(struct sts_text label)
{
	for (unsigned i = 0; i < SECONDS_COUNT; i++) {
		if (sts_text_is(label, seconds[i])) {
			return true;
		}
	}
	return false;
}

struct sts_text
sts_organisation(struct sts_text domain)
{
	size_t top = label_start(domain, domain.n);
	size_t start;

	if (top == 0) {
		return domain;
	}
	start = label_start(domain, top - 1);
	if (start > 0 && domain.n - top == COUNTRY_LEN &&
	    sorts(sts_text(domain.p + start, top - 1 - start))) {
		start = label_start(domain, start - 1);
	}
	return sts_text(domain.p + start, domain.n - start);
}
