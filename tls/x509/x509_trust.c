/* SPDX-License-Identifier: MIT */
/* OpenSSL's trust settings. */
#include <string.h>

#include "x509_oids.h"
#include "x509_trust.h"

enum {
	SEQUENCE = 0x30,
	REJECT = 0xa0,
	OID = 0x06,
	IN_SETTINGS = 2, /* depth of the lists, */
	IN_LIST = 3 /* and of what they list */
};

static void
on_element(struct sts_x509_trust *t)
{
	unsigned depth = sts_der_depth(&t->der);
	uint8_t tag = sts_der_tag(&t->der);

	t->oid_len = 0;
	if (depth == 1) {
		t->broken = t->broken || t->begun || tag != SEQUENCE;
		t->begun = true;
		sts_der_open(&t->der);
	} else if (depth == IN_SETTINGS && (tag == SEQUENCE || tag == REJECT)) {
		t->rejecting = tag == REJECT;
		t->listed = t->listed || !t->rejecting;
		sts_der_open(&t->der);
	} else if (depth == IN_LIST) {
		t->broken = t->broken || tag != OID;
	}
}

static void
on_content(struct sts_x509_trust *t, struct sts_text content)
{
	if (t->oid_len > sizeof t->oid ||
	    content.n > sizeof t->oid - t->oid_len) {
		t->oid_len = sizeof t->oid + 1;
		return;
	}
	memcpy(t->oid + t->oid_len, content.p, content.n);
	t->oid_len = (uint8_t)(t->oid_len + content.n);
}

/* An element is over; those in a list are OIDs. */
static void
on_end(struct sts_x509_trust *t)
{
	struct sts_text oid = sts_text(t->oid, t->oid_len);

	if (sts_der_depth(&t->der) + 1 != IN_LIST || oid.n > sizeof t->oid ||
	    (!sts_x509_oid_server_auth(oid) && !sts_x509_oid_any_usage(oid))) {
		return;
	}
	if (t->rejecting) {
		t->rejected = true;
	} else {
		t->trusted = true;
	}
}

void
sts_x509_trust_begin(struct sts_x509_trust *t)
{
	memset(t, 0, sizeof *t);
	sts_der_begin(&t->der, STS_DER_LEN_MAX);
}

void
sts_x509_trust_feed(struct sts_x509_trust *t, struct sts_text in)
{
	enum sts_der_event event;

	t->some = t->some || in.n > 0;
	do {
		struct sts_text content = { NULL, 0 };

		event = sts_der_next(&t->der, &in, &content);
		if (event == STS_DER_ELEMENT) {
			on_element(t);
		} else if (event == STS_DER_CONTENT) {
			on_content(t, content);
		} else if (event == STS_DER_END) {
			on_end(t);
		}
	} while (event != STS_DER_MORE && event != STS_DER_BROKEN);
	t->broken = t->broken || event == STS_DER_BROKEN;
}

bool
sts_x509_trust_end(struct sts_x509_trust *t)
{
	if (!t->some) {
		return true;
	}
	return !t->broken && sts_der_complete(&t->der) && !t->rejected &&
	       (!t->listed || t->trusted);
}
