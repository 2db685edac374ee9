/* SPDX-License-Identifier: MIT */
/*
 * A list of signed certificate timestamps (RFC 6962 3.3), byte-fed: how many
 * logs they claim to come from. The logs' signatures are not checked: that
 * would need a list of logs and their keys.
 */
#ifndef STS_TLS_X509_SCT_H
#define STS_TLS_X509_SCT_H

#include "../../core/base/bytes.h"

enum {
	STS_X509_LOGS_MAX = 8, /* logs told apart; more are not counted */
	/* Octets kept of a log's id, the SHA-256 of its key. */
	STS_X509_LOG_ID = 8
};

struct sts_x509_scts {
	/* Private. */
	uint16_t list_left; /* octets of the list to come */
	uint16_t sct_left; /* of the SCT, behind the step */
	uint16_t want; /* of the step */
	uint16_t value; /* its last two octets, big-endian */
	uint8_t step;
	uint8_t count; /* logs */
	uint8_t logs[STS_X509_LOGS_MAX + 1][STS_X509_LOG_ID];
};

/* Begin a list; *s may hold anything. */
void sts_x509_scts_begin(struct sts_x509_scts *s);

/* The next octets of a SignedCertificateTimestampList. */
void sts_x509_scts_feed(struct sts_x509_scts *s, struct sts_text in);

/*
 * The end: how many logs, by their ids, up to STS_X509_LOGS_MAX. SCTs of
 * another version than v1 are passed over. A list that breaks the grammar
 * anywhere has none.
 */
unsigned sts_x509_scts_end(const struct sts_x509_scts *s);

#endif
