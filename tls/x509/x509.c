/* SPDX-License-Identifier: MIT */
/*
 * The search for a path: depth first from the leaf, anchors before
 * certificates, one signature check a step. An issuer is tried only when it
 * has the right name and passes every check that needs no arithmetic.
 *
 * Invariants: every signature of the path below its last certificate was
 * checked or is known (x509_path.h); a chain costs STS_X509_CHECKS_MAX checks
 * at most.
 *
 * The attacker chose the certificates, their order and number, and may send
 * many issuers of one name: what he gains is a chain that is refused as too
 * complex.
 */
#include <string.h>

#include "../../core/base/assert.h"
#include "anchors_set.h"
#include "x509_names.h"
#include "x509_path.h"

STS_STATIC_ASSERT(STS_X509_ARENA <= 65535, x509_arena_offsets);
STS_STATIC_ASSERT(
    STS_X509_CERTS_MAX >= 1 && STS_X509_CERTS_MAX < 128, x509_certs_indices);
STS_STATIC_ASSERT(
    STS_X509_CHECKS_MAX >= 1 && STS_X509_CHECKS_MAX < 256, x509_checks_count);
STS_STATIC_ASSERT(sizeof(struct sts_x509) <= STS_X509_SIZE_MAX, x509_size);

/* A candidate that may have signed a certificate of the path. */
struct issuer {
	enum sts_why fault;
	uint16_t flags;
	uint8_t path_len;
	struct sts_text nc;
	struct sts_x509_pubkey key;
};

static void
finish(struct sts_x509 *x, enum sts_why why)
{
	if (x->phase != STS_X509_DONE) {
		x->phase = STS_X509_DONE;
		x->why = (uint8_t)why;
	}
}

/*
 * Remember why an attempt failed. The reason of the attempt that came farthest
 * is reported for the chain; a wrong signature counts least, as it may be just
 * another key of the same name.
 */
static void
note(struct sts_x509 *x, enum sts_why why)
{
	unsigned rank = 2U * x->depth + 1 + (why != STS_WHY_X509_SIGNATURE);

	if (rank > x->why_rank) {
		x->why_rank = (uint8_t)rank;
		x->why = (uint8_t)why;
	}
}

static const struct sts_x509_cert *
cert_at(const struct sts_x509 *x, unsigned level)
{
	STS_ASSERT(level <= x->depth);
	return &x->certs[x->path[level]];
}

static bool
self_issued(const struct sts_x509_cert *c)
{
	return memcmp(c->subject, c->issuer, STS_X509_NAME_HASH) == 0;
}

/* The dates of a certificate under the clock of this chain. */
static enum sts_why
date_fault(const struct sts_x509 *x, const struct sts_x509_cert *c)
{
	if (x->wall_s < c->not_before_s) {
		return STS_WHY_X509_NOT_YET;
	}
	return x->wall_s > c->not_after_s ? STS_WHY_X509_EXPIRED : STS_WHY_NONE;
}

/* Extended key usage: serverAuth; an issuer may also allow any. */
static bool
usage_allows(uint16_t flags, uint16_t purposes)
{
	return (flags & STS_X509_EKU) == 0 || (flags & purposes) != 0;
}

/* Intermediates of the path that count towards a path length. */
static unsigned
intermediates(const struct sts_x509 *x)
{
	unsigned n = 0;

	for (unsigned i = 1; i <= x->depth; i++) {
		n += !self_issued(cert_at(x, i));
	}
	return n;
}

/* RFC 5280 6.1.3 (b), (c): self-issued intermediates are exempt. */
static bool
constraints_allow(const struct sts_x509 *x, struct sts_text nc)
{
	if (!sts_x509_nc_host(nc, x->host)) {
		return false;
	}
	for (unsigned i = 0; i <= x->depth; i++) {
		const struct sts_x509_cert *c = cert_at(x, i);

		if ((i == 0 || !self_issued(c)) &&
		    !sts_x509_nc_cert(nc, c, x->bytes)) {
			return false;
		}
	}
	return true;
}

/* All that must hold of an issuer of the path's last certificate but its
 * signature. */
static enum sts_why
issuer_fault(const struct sts_x509 *x, const struct issuer *i)
{
	if (i->fault != STS_WHY_NONE) {
		return i->fault;
	}
	if ((i->flags & STS_X509_CA) == 0) {
		return STS_WHY_X509_NOT_CA;
	}
	if ((i->flags & STS_X509_KU) != 0 &&
	    (i->flags & STS_X509_KU_CERT) == 0) {
		return STS_WHY_X509_USAGE;
	}
	if (!usage_allows(i->flags, STS_X509_EKU_SERVER | STS_X509_EKU_ANY)) {
		return STS_WHY_X509_USAGE;
	}
	if (i->path_len != STS_X509_PATH_LEN_NONE &&
	    intermediates(x) > i->path_len) {
		return STS_WHY_X509_PATH_LENGTH;
	}
	return constraints_allow(x, i->nc) ? STS_WHY_NONE
					   : STS_WHY_X509_CONSTRAINT;
}

enum attempt {
	REFUSED, /* without a signature check */
	FAILED, /* the signature is wrong, or no check is left */
	SIGNED
};

/* Whether the key signed the path's last certificate. The leaf is never
 * looked for: its signature hardly comes twice. */
static bool
is_signed(struct sts_x509 *x, const struct sts_x509_pubkey *key)
{
	const struct sts_x509_cert *child = cert_at(x, x->depth);

	if (x->links != NULL && x->depth > 0) {
		uint8_t link[STS_X509_LINK];

		sts_x509_link(link, key, child, x->bytes);
		if (sts_x509_links_has(x->links, link)) {
			x->known++;
			return true;
		}
	}
	return sts_x509_verify(key, child, x->bytes);
}

/* The path is accepted, its last certificate signed by an anchor's key. */
static void
remember_links(struct sts_x509 *x, const struct sts_x509_pubkey *anchor)
{
	for (unsigned i = 1; x->links != NULL && i <= x->depth; i++) {
		struct sts_x509_pubkey key = *anchor;
		uint8_t link[STS_X509_LINK];

		if (i < x->depth) {
			key = sts_x509_cert_key(cert_at(x, i + 1), x->bytes);
		}
		sts_x509_link(link, &key, cert_at(x, i), x->bytes);
		sts_x509_links_add(x->links, link);
	}
}

/* Try i as the issuer of the path's last certificate. */
static enum attempt
try_issuer(struct sts_x509 *x, const struct issuer *i)
{
	const struct sts_x509_cert *child = cert_at(x, x->depth);
	enum sts_why why = issuer_fault(x, i);

	if (why == STS_WHY_NONE) {
		why = (enum sts_why)child->sig_fault;
	}
	if (why != STS_WHY_NONE) {
		note(x, why);
		return REFUSED;
	}
	if (x->checks == STS_X509_CHECKS_MAX) {
		finish(x, STS_WHY_X509_CHAIN_COMPLEX);
		return FAILED;
	}
	x->checks++;
	if (!is_signed(x, &i->key)) {
		note(x, STS_WHY_X509_SIGNATURE);
		return FAILED;
	}
	return SIGNED;
}

/* Try the next anchors for the path's last certificate, up to one signature
 * check. False: none is left. */
static bool
try_anchors(struct sts_x509 *x)
{
	const struct sts_x509_cert *child = cert_at(x, x->depth);
	enum attempt attempt = REFUSED;
	struct sts_anchor a;

	while (attempt == REFUSED &&
	       sts_anchor_next(&x->anchors, &x->anchor_pos, &a)) {
		struct issuer i = { STS_WHY_NONE, a.flags, a.path_len, a.nc,
			a.key };

		if (memcmp(a.subject, child->issuer, STS_X509_NAME_HASH) != 0) {
			continue;
		}
		if (x->wall_s > a.not_after_s) {
			i.fault = STS_WHY_X509_EXPIRED;
		}
		attempt = try_issuer(x, &i);
	}
	if (attempt == SIGNED) {
		remember_links(x, &a.key);
		finish(x, STS_WHY_NONE);
	}
	return attempt != REFUSED;
}

static bool
on_path(const struct sts_x509 *x, unsigned index)
{
	for (unsigned i = 0; i <= x->depth; i++) {
		if (x->path[i] == index) {
			return true;
		}
	}
	return false;
}

static void
push(struct sts_x509 *x, uint8_t index)
{
	STS_ASSERT(x->depth + 1U < STS_X509_KEPT);
	x->depth++;
	x->path[x->depth] = index;
	x->next[x->depth] = 1;
	x->anchor_pos = 0;
}

/* The same with the certificates that were sent. */
static bool
try_certs(struct sts_x509 *x)
{
	const struct sts_x509_cert *child = cert_at(x, x->depth);
	enum attempt attempt = REFUSED;

	while (attempt == REFUSED && x->next[x->depth] < x->count) {
		uint8_t index = x->next[x->depth]++;
		const struct sts_x509_cert *c = &x->certs[index];
		struct issuer i = { (enum sts_why)c->fault, c->flags,
			c->path_len, { x->bytes + c->nc_off, c->nc_len },
			sts_x509_cert_key(c, x->bytes) };

		if (on_path(x, index) || memcmp(c->subject, child->issuer,
					     STS_X509_NAME_HASH) != 0) {
			continue;
		}
		attempt = try_issuer(x, &i);
		if (attempt == SIGNED) {
			push(x, index);
		}
	}
	return attempt != REFUSED;
}

/* The last certificate of the path leads nowhere: take it off. */
static void
pop(struct sts_x509 *x)
{
	if (x->depth == 0) {
		finish(x, (enum sts_why)x->why);
		return;
	}
	x->depth--;
	x->anchor_pos = x->anchors.len;
}

/* Whether the leaf is itself an anchor (anchors_set.c: by its hash). */
static bool
leaf_is_anchor(const struct sts_x509 *x)
{
	const struct sts_x509_cert *leaf = &x->certs[0];
	struct sts_anchor a;
	size_t pos = 0;

	if (leaf->sig_hash == 0) {
		return false;
	}
	while (sts_anchor_next(&x->anchors, &pos, &a)) {
		if (a.hash != NULL &&
		    memcmp(a.subject, leaf->subject, STS_X509_NAME_HASH) == 0 &&
		    memcmp(a.hash, x->bytes + leaf->hash_off,
			STS_ANCHOR_HASH_LEN) == 0) {
			return true;
		}
	}
	return false;
}

/*
 * What must hold of the server's certificate whatever the path. All key
 * exchanges offered are signed by its key: RFC 5246 7.4.2 wants
 * digitalSignature where there is a keyUsage.
 */
static enum sts_why
leaf_fault(const struct sts_x509_cert *c)
{
	if (c->fault != STS_WHY_NONE) {
		return (enum sts_why)c->fault;
	}
	if ((c->flags & STS_X509_DNS_ID) == 0) {
		return STS_WHY_X509_NO_DNS_ID;
	}
	if ((c->flags & STS_X509_NAME_MATCH) == 0) {
		return STS_WHY_X509_NAME;
	}
	if ((c->flags & STS_X509_KU) != 0 &&
	    (c->flags & STS_X509_KU_SIGN) == 0) {
		return STS_WHY_X509_USAGE;
	}
	return usage_allows(c->flags, STS_X509_EKU_SERVER) ? STS_WHY_NONE
							   : STS_WHY_X509_USAGE;
}

/* Whether an earlier certificate is the same as c. */
static bool
is_duplicate(const struct sts_x509 *x, const struct sts_x509_cert *c)
{
	size_t hash_len = sts_x509_hash_len(c);

	for (unsigned i = 0; c->sig_fault == STS_WHY_NONE && i < x->count;
	     i++) {
		const struct sts_x509_cert *o = &x->certs[i];

		if (o->sig_hash == c->sig_hash && o->sig_len == c->sig_len &&
		    memcmp(x->bytes + o->sig_off, x->bytes + c->sig_off,
			c->sig_len) == 0 &&
		    memcmp(x->bytes + o->hash_off, x->bytes + c->hash_off,
			hash_len) == 0) {
			return true;
		}
	}
	return false;
}

size_t
sts_x509_size(void)
{
	return sizeof(struct sts_x509);
}

void
sts_x509_start(struct sts_x509 *x, struct sts_text host,
    const struct sts_anchors *anchors, int64_t wall_s)
{
	STS_ASSERT(host.n > 0);
	memset(x, 0, sizeof *x);
	x->arena.p = x->bytes;
	x->arena.size = sizeof x->bytes;
	x->anchors = *anchors;
	x->host = host;
	x->wall_s = wall_s;
	x->phase = STS_X509_COLLECTING;
}

void
sts_x509_use_links(struct sts_x509 *x, struct sts_x509_links *l)
{
	STS_ASSERT(x->phase == STS_X509_COLLECTING);
	x->links = l;
}

void
sts_x509_cert_begin(struct sts_x509 *x, size_t len)
{
	/* Only the first certificate is asked for its names. */
	struct sts_text host = x->count == 0 ? x->host : sts_text(NULL, 0);

	if (x->phase != STS_X509_COLLECTING) {
		return;
	}
	if (x->count == STS_X509_KEPT) {
		finish(x, STS_WHY_X509_CHAIN_LONG);
		return;
	}
	sts_x509_scan_begin(
	    &x->scan, &x->certs[x->count], &x->arena, host, len);
}

void
sts_x509_cert_feed(struct sts_x509 *x, struct sts_text der)
{
	if (x->phase == STS_X509_COLLECTING) {
		sts_x509_scan_feed(&x->scan, der);
	}
}

void
sts_x509_cert_end(struct sts_x509 *x)
{
	struct sts_x509_cert *c = &x->certs[x->count];
	enum sts_why why;

	if (x->phase != STS_X509_COLLECTING) {
		return;
	}
	why = sts_x509_scan_end(&x->scan);
	if (why != STS_WHY_NONE) {
		finish(x, why);
		return;
	}
	if (c->fault == STS_WHY_NONE) {
		c->fault = (uint8_t)date_fault(x, c);
	}
	if (is_duplicate(x, c)) {
		x->arena.used = x->scan.start;
		return;
	}
	x->count++;
}

void
sts_x509_chain_end(struct sts_x509 *x)
{
	enum sts_why why;

	if (x->phase != STS_X509_COLLECTING) {
		return;
	}
	if (x->count == 0) {
		finish(x, STS_WHY_X509_MALFORMED);
		return;
	}
	why = leaf_fault(&x->certs[0]);
	if (why != STS_WHY_NONE || leaf_is_anchor(x)) {
		finish(x, why);
		return;
	}
	x->phase = STS_X509_SEARCHING;
	x->why = STS_WHY_X509_NO_ISSUER;
	x->next[0] = 1;
}

bool
sts_x509_pending(const struct sts_x509 *x)
{
	return x->phase == STS_X509_SEARCHING;
}

void
sts_x509_work(struct sts_x509 *x)
{
	/* A step without a check shortens the path, so that this ends. */
	while (x->phase == STS_X509_SEARCHING && !try_anchors(x) &&
	       !try_certs(x)) {
		pop(x);
	}
}

enum sts_why
sts_x509_verdict(const struct sts_x509 *x)
{
	STS_ASSERT(x->phase == STS_X509_DONE);
	return (enum sts_why)x->why;
}

bool
sts_x509_must_staple(const struct sts_x509 *x)
{
	return x->count > 0 && (x->certs[0].flags & STS_X509_MUST_STAPLE) != 0;
}

unsigned
sts_x509_scts(const struct sts_x509 *x)
{
	return x->count > 0 ? x->certs[0].logs : 0;
}

struct sts_x509_pubkey
sts_x509_leaf_key(const struct sts_x509 *x)
{
	STS_ASSERT(x->count > 0);
	return sts_x509_cert_key(&x->certs[0], x->bytes);
}

/* The first fault of a certificate counts, and those of its key come before all
 * others that leave it whole. */
bool
sts_x509_leaf_key_usable(const struct sts_x509 *x)
{
	const struct sts_x509_cert *leaf = &x->certs[0];

	STS_ASSERT(x->phase == STS_X509_DONE);
	return x->count > 0 && leaf->key_type != STS_X509_KEY_NONE &&
	       leaf->fault != STS_WHY_X509_WEAK_KEY &&
	       leaf->fault != STS_WHY_X509_LIMIT;
}
