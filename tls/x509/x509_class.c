/* SPDX-License-Identifier: MIT */
/* BearSSL's calls while the server's Certificate message passes. */
#include "../../core/base/assert.h"
#include "x509_class.h"

/* The vtable is the first member, so that both have the same address. */
static struct sts_x509_class *
self(const br_x509_class **ctx)
{
	return (struct sts_x509_class *)(void *)ctx;
}

static void
start_chain(const br_x509_class **ctx, const char *server_name)
{
	(void)server_name;
	STS_ASSERT(!self(ctx)->ended);
}

static void
start_cert(const br_x509_class **ctx, uint32_t length)
{
	struct sts_x509_class *c = self(ctx);

	sts_x509_cert_begin(&c->x509, length);
	if (c->chain != NULL) {
		sts_tls_chain_begin(c->chain, length);
	}
}

static void
append(const br_x509_class **ctx, const unsigned char *buf, size_t len)
{
	struct sts_x509_class *c = self(ctx);

	sts_x509_cert_feed(&c->x509, sts_text(buf, len));
	if (c->chain != NULL) {
		sts_tls_chain_add(c->chain, sts_text(buf, len));
	}
}

static void
end_cert(const br_x509_class **ctx)
{
	sts_x509_cert_end(&self(ctx)->x509);
}

/* The session keeps the true reason; for the engine any error will do. */
static unsigned
end_chain(const br_x509_class **ctx)
{
	struct sts_x509_class *c = self(ctx);
	struct sts_x509_pubkey key;

	sts_x509_chain_end(&c->x509);
	c->ended = true;
	if (!sts_x509_pending(&c->x509) &&
	    sts_x509_verdict(&c->x509) != STS_WHY_NONE &&
	    !(c->collects && sts_x509_leaf_key_usable(&c->x509))) {
		return BR_ERR_X509_NOT_TRUSTED;
	}
	key = sts_x509_leaf_key(&c->x509);
	sts_x509_br_key(&key, &c->pkey);
	return 0;
}

static const br_x509_pkey *
get_pkey(const br_x509_class *const *ctx, unsigned *usages)
{
	const struct sts_x509_class *c = (const void *)ctx;

	/* That it may sign was checked with the key usage. */
	if (usages != NULL) {
		*usages = BR_KEYTYPE_SIGN;
	}
	return &c->pkey;
}

void
sts_x509_class_init(struct sts_x509_class *c)
{
	static const br_x509_class vtable = { sizeof(struct sts_x509_class),
		start_chain, start_cert, append, end_cert, end_chain,
		get_pkey };

	c->vtable = &vtable;
	c->ended = c->collects = false;
	c->chain = NULL;
}
