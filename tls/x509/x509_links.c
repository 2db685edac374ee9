/* SPDX-License-Identifier: MIT */
/* A ring of remembered links. */
#include <string.h>

#include "../../core/base/assert.h"
#include "x509_links.h"

STS_STATIC_ASSERT(
    STS_X509_LINKS >= 1 && STS_X509_LINKS <= 65535, x509_links_count);

void
sts_x509_links_clear(struct sts_x509_links *l)
{
	memset(l, 0, sizeof *l);
}

bool
sts_x509_links_has(
    const struct sts_x509_links *l, const uint8_t link[STS_X509_LINK])
{
	STS_ASSERT(l->count <= STS_X509_LINKS);
	for (unsigned i = 0; i < l->count; i++) {
		if (memcmp(l->entry[i], link, STS_X509_LINK) == 0) {
			return true;
		}
	}
	return false;
}

void
sts_x509_links_add(struct sts_x509_links *l, const uint8_t link[STS_X509_LINK])
{
	if (sts_x509_links_has(l, link)) {
		return;
	}
	STS_ASSERT(l->next < STS_X509_LINKS);
	memcpy(l->entry[l->next], link, STS_X509_LINK);
	l->next = (uint16_t)((l->next + 1U) % STS_X509_LINKS);
	if (l->count < STS_X509_LINKS) {
		l->count++;
	}
}
