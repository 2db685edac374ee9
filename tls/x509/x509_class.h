/* SPDX-License-Identifier: MIT */
/*
 * The X.509 class that BearSSL's engine talks to: it hands the certificates to
 * struct sts_x509 and accepts them provisionally if no fault shows without a
 * signature check. The verdict comes later, by sts_x509_work(); the owner of
 * the engine keeps its records back until then.
 */
#ifndef STS_TLS_X509_CLASS_H
#define STS_TLS_X509_CLASS_H

#include "../tls_chain.h"
#include "x509_path.h"

struct sts_x509_class {
	const br_x509_class *vtable; /* first: BearSSL passes its address */
	br_x509_pkey pkey;
	bool ended; /* the chain has been handed over whole */
	bool collects; /* a verdict against the chain does not decide */
	struct sts_tls_chain *chain; /* or NULL */
	struct sts_x509 x509;
};

/* The chain is started by the caller: sts_x509_start(&c->x509, ...). */
void sts_x509_class_init(struct sts_x509_class *c);

#endif
