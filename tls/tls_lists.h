/* SPDX-License-Identifier: MIT */
/*
 * The two messages that are read as they pass because they may be long:
 * Certificate and CertificateRequest, of TLS 1.2 and 1.3. A codec without
 * memory of what it read.
 *
 *	sts_tls_certs_begin(&l, version, len);
 *	while ((event = sts_tls_lists_next(&l, &in, &bytes)) is not MORE,
 *	    DONE or BROKEN)
 *		...
 */
#ifndef STS_TLS_LISTS_H
#define STS_TLS_LISTS_H

#include "tls_params.h"

enum sts_tls_lists_event {
	STS_TLS_LISTS_MORE = 0, /* the input is used up */
	STS_TLS_LISTS_DONE, /* the message is over */
	STS_TLS_LISTS_BROKEN, /* sts_tls_lists_alert has the alert; stays so */
	STS_TLS_CERT_BEGIN, /* a certificate of sts_tls_certs_len() bytes */
	STS_TLS_CERT_BYTES, /* bytes of it */
	STS_TLS_CERT_END
};

struct sts_tls_lists {
	/* Private. */
	uint32_t left; /* bytes of the message to come */
	uint32_t value; /* of the length being read, then what is left of it */
	uint8_t state;
	uint8_t octets; /* of the length, to come */
	uint8_t alert;
	bool is_13;
	bool algorithms_due; /* a request has to name them */
};

/* Begin a message whose body has len bytes. Of a CertificateRequest nothing is
 * kept: the answer is always that there is no certificate. */
void sts_tls_certs_begin(
    struct sts_tls_lists *l, uint16_t version, uint32_t len);
void sts_tls_request_begin(
    struct sts_tls_lists *l, uint16_t version, uint32_t len);

/* Read on. `in` is advanced over what was taken. */
enum sts_tls_lists_event sts_tls_lists_next(
    struct sts_tls_lists *l, struct sts_text *in, struct sts_text *bytes);

/* The length of the certificate at hand; CERT_BEGIN. */
uint32_t sts_tls_certs_len(const struct sts_tls_lists *l);

/* The alert of BROKEN. */
enum sts_tls_alert sts_tls_lists_alert(const struct sts_tls_lists *l);

#endif
