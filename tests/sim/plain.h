/* SPDX-License-Identifier: MIT */
/*
 * The stand-in for TLS where speed matters: the same two interfaces
 * (tls/session.h for the agent, tests/mem/https.h for the host), linked in
 * place of the real ones. Between them pass records of three octets of head
 * (type, length) and plain content. The host names its certificate of
 * tests/mem/ca, and a table gives the client's verdict.
 */
#ifndef STS_SIM_PLAIN_H
#define STS_SIM_PLAIN_H

enum {
	PLAIN_HEAD = 3,
	PLAIN_RECORD_MAX = 16384,
	PLAIN_STEPS = 3 /* of WORK that a path costs */
};

enum plain_record {
	PLAIN_HELLO = 1, /* client: the server name */
	PLAIN_CERTIFICATE, /* host: enum https_cert, an octet */
	PLAIN_FINISHED, /* client, then host: empty */
	PLAIN_DATA,
	PLAIN_CLOSE, /* empty */
	PLAIN_ALERT /* client: an octet */
};

#endif
