/* SPDX-License-Identifier: MIT */
/* Name constraints against the reference name and against subjects. */
#include <string.h>

#include "../../core/base/assert.h"
#include "x509_names.h"

struct entry {
	uint8_t form;
	bool excluded;
	struct sts_text base;
};

/* The result of the entries seen so far for one name. */
struct tally {
	bool permits; /* some entry permits names of the form */
	bool permitted; /* and the name is within one */
	bool excluded;
};

/* Take the first entry off nc. False: it has none. */
static bool
next_entry(struct sts_text *nc, struct entry *e)
{
	size_t len;

	if (nc->n == 0) {
		return false;
	}
	STS_ASSERT(nc->n >= 2);
	len = nc->p[1];
	STS_ASSERT(nc->n - 2 >= len);
	e->form = nc->p[0] & (STS_X509_NC_EXCLUDED - 1);
	e->excluded = (nc->p[0] & STS_X509_NC_EXCLUDED) != 0;
	e->base = sts_text(nc->p + 2, len);
	nc->p += 2 + len;
	nc->n -= 2 + len;
	return true;
}

static void
count(struct tally *t, bool excluded, bool within)
{
	if (excluded) {
		t->excluded = t->excluded || within;
	} else {
		t->permits = true;
		t->permitted = t->permitted || within;
	}
}

static bool
allowed(const struct tally *t)
{
	return !t->excluded && (!t->permits || t->permitted);
}

/*
 * A name is within the base that it equals or to which it adds labels; within
 * one that begins with a dot, as many write it, only when it adds labels.
 */
static bool
dns_within(struct sts_text base, struct sts_text host)
{
	size_t cut;

	if (base.n == 0) {
		return true;
	}
	if (base.n > host.n) {
		return false;
	}
	cut = host.n - base.n;
	if (!sts_same_nocase(base, sts_text(host.p + cut, base.n))) {
		return false;
	}
	return cut == 0 || base.p[0] == '.' || host.p[cut - 1] == '.';
}

/* Whether the subject of c begins with the RDNs of base. */
static bool
dir_within(
    struct sts_text base, const struct sts_x509_cert *c, const uint8_t *arena)
{
	const uint8_t *hash = arena + c->rdn_off;

	if (base.n == 0) {
		return true;
	}
	STS_ASSERT(base.n == STS_X509_RDN_HASH);
	for (unsigned i = 0; i < c->rdn_count; i++) {
		if (memcmp(hash, base.p, STS_X509_RDN_HASH) == 0) {
			return true;
		}
		hash += STS_X509_RDN_HASH;
	}
	return false;
}

bool
sts_x509_nc_host(struct sts_text nc, struct sts_text host)
{
	struct tally t = { false, false, false };
	struct entry e;

	while (next_entry(&nc, &e)) {
		if (e.form == STS_X509_FORM_DNS) {
			count(&t, e.excluded, dns_within(e.base, host));
		}
	}
	return allowed(&t);
}

bool
sts_x509_nc_cert(
    struct sts_text nc, const struct sts_x509_cert *c, const uint8_t *arena)
{
	struct tally t = { false, false, false };
	bool excess = (c->flags & STS_X509_DIR_EXCESS) != 0;
	struct entry e;

	while (next_entry(&nc, &e)) {
		if (e.form == STS_X509_FORM_DNS) {
			continue;
		}
		/* A directoryName in the subjectAltName counts like this. */
		if ((c->forms >> e.form & 1) != 0) {
			return false;
		}
		/* RDNs beyond those kept might be what is excluded. */
		if (e.form == STS_X509_FORM_DIR && c->rdn_count > 0) {
			count(&t, e.excluded,
			    dir_within(e.base, c, arena) ||
				(e.excluded && excess));
		}
	}
	return allowed(&t);
}
