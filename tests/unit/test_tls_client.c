/* SPDX-License-Identifier: MIT */
/*
 * The TLS client against a server whose every message can be bent
 * (tests/tls/hostile.h). A row is a plan, bends, and the expected result: the
 * reason (NONE: the session is established) and the alert that the server gets,
 * which under TLS 1.3 is sealed from ServerHello on. Each row is played whole,
 * byte by byte, and in segments of seven bytes.
 */
#define _DEFAULT_SOURCE
#include "hostile_case.h"

const char unit_name[] = "tls_client";

#define B(s) (s), sizeof(s) - 1
#define P256 BR_EC_secp256r1
#define P384 BR_EC_secp384r1
#define P521 BR_EC_secp521r1
#define X25519 BR_EC_curve25519
#define TLS12 .version = STS_TLS_12

enum {
	NO_ALERT = -1,
	KEY_MAX = 4096
};

struct row {
	const char *name;
	bool rsa;
	struct plan plan;
	struct bend bends[4];
	enum sts_why why;
	int alert;
};

static struct sts_tls *client;
static const char zeros[1200];
/* Tickets without a body; unit_tests() sets their types. */
static char tickets[1 + 66 * 4] = { STS_TLS_HANDSHAKE };
/* Contents of sealed records: their content, type and padding, behind a 0. */
static const char padded_data[2000] = { 0, STS_TLS_FINISHED,
	STS_TLS_APPLICATION };
static const char padded_nothing[2000] = { 0, STS_TLS_HANDSHAKE };
static const char padded_zeros[2000] = { 0 };
static const char zeros_ext[74] = { 0, 77, 0, 70 };

#define GOOD STS_WHY_NONE, NO_ALERT
#define BAD(alert) STS_WHY_TLS_PROTOCOL, alert

static const struct row good_rows[] = {
	{ "1.3", false, { 0 }, { { 0 } }, GOOD },
	{ "1.3, ChaCha20", false, { .suite = 0x1303, .whole = true }, { { 0 } },
	    GOOD },
	{ "1.3, AES-128", false, { .suite = 0x1301 }, { { 0 } }, GOOD },
	{ "1.3, AES-256", false, { .suite = 0x1302 }, { { 0 } }, GOOD },
	{ "1.3, one record", false, { .one_record = true }, { { 0 } }, GOOD },
	{ "1.3, RSA", true, { 0 }, { { 0 } }, GOOD },
	{ "1.3, PSS with SHA-384", true, { .scheme = 0x0805 }, { { 0 } },
	    GOOD },
	{ "1.3, PSS with SHA-512", true, { .scheme = 0x0806 }, { { 0 } },
	    GOOD },
	{ "1.3, certificate asked for", false, { .request = true }, { { 0 } },
	    GOOD },
	{ "retry, P-256", false, { .retry = true, .retry_group = P256 },
	    { { 0 } }, GOOD },
	{ "retry, P-384", false,
	    { .retry = true, .retry_group = P384, .suite = 0x1302 }, { { 0 } },
	    GOOD },
	{ "retry, P-521", false, { .retry = true, .retry_group = P521 },
	    { { 0 } }, GOOD },
	{ "retry, cookie", false, { .retry = true, .cookie_len = 114 },
	    { { 0 } }, GOOD },
	{ "retry, group and longest cookie", false,
	    { .retry = true,
		.retry_group = P521,
		.cookie_len = STS_TLS_COOKIE_MAX },
	    { { 0 } }, GOOD },
	{ "1.2", false, { TLS12 }, { { 0 } }, GOOD },
	{ "1.2, ChaCha20", false, { TLS12, .suite = 0xcca9, .whole = true },
	    { { 0 } }, GOOD },
	{ "1.2, AES-256", false, { TLS12, .suite = 0xc02c }, { { 0 } }, GOOD },
	{ "1.2, RSA, PSS", true, { TLS12 }, { { 0 } }, GOOD },
	{ "1.2, RSA, PKCS#1", true, { TLS12, .scheme = 0x0401 }, { { 0 } },
	    GOOD },
	{ "1.2, RSA, PKCS#1, SHA-512", true, { TLS12, .scheme = 0x0601 },
	    { { 0 } }, GOOD },
	{ "1.2, P-256 key with SHA-384", false, { TLS12, .scheme = 0x0503 },
	    { { 0 } }, GOOD },
	{ "1.2, P-256", false, { TLS12, .group = P256 }, { { 0 } }, GOOD },
	{ "1.2, P-384", false, { TLS12, .group = P384 }, { { 0 } }, GOOD },
	{ "1.2, P-521", false, { TLS12, .group = P521 }, { { 0 } }, GOOD },
	{ "1.2, no extended master secret", false, { TLS12, .no_ems = true },
	    { { 0 } }, GOOD },
	{ "1.2, certificate asked for", false, { TLS12, .request = true },
	    { { 0 } }, GOOD },
	{ "1.2, one record", false,
	    { TLS12, .one_record = true, .request = true }, { { 0 } }, GOOD },
	/* RFC 8446 4.2.1: legacy_version does not count beside
	 * supported_versions. */
	{ "legacy_version 0304", false, { 0 },
	    { { STEP_HELLO, OP_PATCH, 4, B("\3\4") } }, GOOD },
	{ "a message in records of a byte", false, { 0 },
	    { { STEP_VERIFY, OP_SPLIT, 1, NULL, 0 } }, GOOD },
	{ "a certificate in records of 100", false, { 0 },
	    { { STEP_CERTIFICATE, OP_SPLIT, 100, NULL, 0 } }, GOOD },
	{ "padding", false, { 0 },
	    { { STEP_CERTIFICATE, OP_PADDED, 3000, NULL, 0 } }, GOOD },
	{ "server_name acknowledged", false, { 0 },
	    { { STEP_EXTENSIONS, OP_EXTENSION, 0, B("\0\0\0\0") } }, GOOD },
	{ "groups announced", false, { 0 },
	    { { STEP_EXTENSIONS, OP_EXTENSION, 0, B("\0\12\0\4\0\2\0\27") } },
	    GOOD },
	{ "http/1.1 chosen", false, { 0 },
	    { { STEP_EXTENSIONS, OP_EXTENSION, 0,
		B("\0\20\0\13\0\11\10http/1.1") } },
	    GOOD },
	{ "1.2, http/1.1 chosen", false, { TLS12 },
	    { { STEP_HELLO, OP_EXTENSION, 0,
		B("\0\20\0\13\0\11\10http/1.1") } },
	    GOOD },
	{ "1.2, groups announced", false, { TLS12 },
	    { { STEP_HELLO, OP_EXTENSION, 0, B("\0\12\0\4\0\2\0\27") } },
	    GOOD },
	{ "a request with unknown extensions", false, { .request = true },
	    { { STEP_REQUEST, OP_EXTENSION, 0, B("\0\57\0\2xx\0\77\0\0") } },
	    GOOD },
	{ "70 zeros in a message, in one record", false,
	    { .request = true, .one_record = true },
	    { { STEP_REQUEST, OP_EXTENSION, 0, zeros_ext, 74 } }, GOOD },
	{ "70 zeros behind the message", false, { .one_record = true },
	    { { STEP_FINISHED, OP_PADDED, 70, NULL, 0 } }, GOOD },
	{ "10,000 zeros behind the message", false, { .one_record = true },
	    { { STEP_FINISHED, OP_PADDED, 10000, NULL, 0 } }, GOOD },
	/* RFC 8446 5: these records are dropped and never waited for. */
	{ "CCS before ServerHello", false, { 0 },
	    { { STEP_HELLO, OP_CLEAR, 0, B("\24\1") } }, GOOD },
	{ "CCS after ServerHello", false, { 0 },
	    { { STEP_EXTENSIONS, OP_CLEAR, 0, B("\24\1") } }, GOOD },
	{ "CCS before Finished", false, { 0 },
	    { { STEP_FINISHED, OP_REPEAT_CLEAR, 5, B("\24\1") } }, GOOD },
	{ "a warning before ServerHello", false, { TLS12 },
	    { { STEP_HELLO, OP_CLEAR, 0, B("\25\1\160") } }, GOOD },
	{ "user_canceled", false, { 0 },
	    { { STEP_CERTIFICATE, OP_REPEAT, 4, B("\25\1\132") } }, GOOD },
	{ "thirty tickets", false, { 0 },
	    { { STEP_OPEN, OP_REPEAT, 30, B("\26\4\0\0\3abc") } }, GOOD },
	{ "tickets in one record", false, { 0 },
	    { { STEP_OPEN, OP_RECORD, 0, B("\26\4\0\0\1a\4\0\0\1b") } }, GOOD },
	{ "empty application data", false, { 0 },
	    { { STEP_OPEN, OP_REPEAT, 32, B("\27") } }, GOOD },
	{ "ServerHello in records of a byte", false, { 0 },
	    { { STEP_HELLO, OP_SPLIT, 1, NULL, 0 } }, GOOD },
	{ "retry in records of a byte", false,
	    { .retry = true, .retry_group = P256 },
	    { { STEP_RETRY, OP_SPLIT, 1, NULL, 0 } }, GOOD },
	{ "1.2, ServerKeyExchange in records of a byte", false, { TLS12 },
	    { { STEP_KEY_EXCHANGE, OP_SPLIT, 1, NULL, 0 } }, GOOD },
	{ "CCS before ServerHello, as many as may be", false, { 0 },
	    { { STEP_HELLO, OP_REPEAT_CLEAR, 32, B("\24\1") } }, GOOD },
	{ "user_canceled before ServerHello", false, { 0 },
	    { { STEP_HELLO, OP_REPEAT_CLEAR, 4, B("\25\1\132") } }, GOOD },
	{ "KeyUpdate cut over two records", false, { 0 },
	    { { STEP_OPEN, OP_RECORD, 0, B("\26\30\0\0") },
		{ STEP_OPEN, OP_RECORD, 0, B("\26\1\0") } },
	    GOOD },
	{ "a ticket without a body", false, { 0 },
	    { { STEP_OPEN, OP_RECORD, 0, B("\26\4\0\0\0") } }, GOOD },
	{ "1.2, empty application data", false, { TLS12 },
	    { { STEP_OPEN, OP_REPEAT, 32, B("\27") } }, GOOD },
	{ "small records asked for", false, { .small = true },
	    { { STEP_EXTENSIONS, OP_EXTENSION, 0, B("\0\34\0\2\0\100") } },
	    GOOD },
	{ "1.2, small records asked for", false, { TLS12, .small = true },
	    { { STEP_HELLO, OP_EXTENSION, 0, B("\0\34\0\2\0\100") } }, GOOD },
	{ "fragments of 512", false, { .small = true },
	    { { STEP_EXTENSIONS, OP_EXTENSION, 0, B("\0\1\0\1\1") } }, GOOD },
	{ "1.2, fragments of 512", false, { TLS12, .small = true },
	    { { STEP_HELLO, OP_EXTENSION, 0, B("\0\1\0\1\1") } }, GOOD },
	{ "1.2, a random value near the sentinel", false, { TLS12 },
	    { { STEP_HELLO, OP_PATCH, 30, B("DOWNGRD\2") } }, GOOD },
	{ "1.2, HelloRequest", false, { TLS12 },
	    { { STEP_OPEN, OP_REPEAT, 3, B("\26\0\0\0\0") } }, GOOD },
};

/* Hellos: what comes, and what must hold. */
static const struct row hello_rows[] = {
	{ "no ServerHello", false, { 0 },
	    { { STEP_HELLO, OP_DROP, 0, NULL, 0 },
		{ STEP_EXTENSIONS, OP_UNSEALED, 0, NULL, 0 } },
	    BAD(10) },
	{ "ServerHello twice", false, { 0 },
	    { { STEP_HELLO, OP_TWICE, 0, NULL, 0 } }, BAD(10) },
	{ "a byte behind ServerHello", false, { 0 },
	    { { STEP_HELLO, OP_BEHIND, 0, B("\10") } }, BAD(10) },
	{ "EncryptedExtensions in its record", false, { 0 },
	    { { STEP_EXTENSIONS, OP_JOIN, 0, NULL, 0 } }, BAD(10) },
	{ "longer than its length", false, { 0 },
	    { { STEP_HELLO, OP_APPEND, 0, B("x") } }, BAD(50) },
	{ "shorter than its length", false, { 0 },
	    { { STEP_HELLO, OP_CUT, 1, NULL, 0 } }, BAD(50) },
	{ "cut to its version", false, { 0 },
	    { { STEP_HELLO, OP_BODY, 0, B("\3\3") } }, BAD(50) },
	/* Without supported_versions this is TLS 1.2, which has no key
	 * share. */
	{ "no supported_versions", false, { 0 },
	    { { STEP_HELLO, OP_WITHOUT, 43, NULL, 0 } }, BAD(47) },
	{ "supported_versions cut", false, { 0 },
	    { { STEP_HELLO, OP_WITHOUT, 43, NULL, 0 },
		{ STEP_HELLO, OP_EXTENSION, 0, B("\0\53\0\5\3\4") } },
	    BAD(47) },
	{ "session id over the limit", false, { 0 },
	    { { STEP_HELLO, OP_BODY, 0,
		B("\3\3"
		  "0123456789abcdef0123456789abcdef\41"
		  "0123456789abcdef0123456789abcdefx\23\1\0") } },
	    BAD(50) },
	{ "supported_versions 0303", false, { 0 },
	    { { STEP_HELLO, OP_WITHOUT, 43, NULL, 0 },
		{ STEP_HELLO, OP_EXTENSION, 0, B("\0\53\0\2\3\3") } },
	    BAD(47) },
	{ "supported_versions of a draft", false, { 0 },
	    { { STEP_HELLO, OP_WITHOUT, 43, NULL, 0 },
		{ STEP_HELLO, OP_EXTENSION, 0, B("\0\53\0\2\177\34") } },
	    BAD(47) },
	{ "supported_versions twice", false, { 0 },
	    { { STEP_HELLO, OP_EXTENSION, 0, B("\0\53\0\2\3\4") } }, BAD(47) },
	{ "foreign session id", false, { 0 },
	    { { STEP_HELLO, OP_PATCH, 45, B("x") } }, BAD(47) },
	{ "no session id", false, { .no_echo = true }, { { 0 } }, BAD(47) },
	{ "suite not known", false, { .suite = 0x1304 }, { { 0 } }, BAD(47) },
	{ "suite of 1.2 in 1.3", false, { .suite = 0xc02b }, { { 0 } },
	    BAD(47) },
	{ "compression", false, { 0 },
	    { { STEP_HELLO, OP_PATCH, 73, B("\1") } }, BAD(47) },
	{ "no key share", false, { 0 },
	    { { STEP_HELLO, OP_WITHOUT, 51, NULL, 0 } }, BAD(109) },
	{ "a group not asked for", false, { .group = P256 }, { { 0 } },
	    BAD(47) },
	/* legacy_version alone makes no TLS 1.3, whatever else is in the
	 * hello. */
	{ "legacy_version 0304 alone", false, { 0 },
	    { { STEP_HELLO, OP_BODY, 0,
		B("\3\4"
		  "0123456789abcdef0123456789abcdef\0\23\1\0") } },
	    STS_WHY_TLS_VERSION, 70 },
	{ "extension not offered", false, { 0 },
	    { { STEP_HELLO, OP_EXTENSION, 0, B("\0\43\0\0") } }, BAD(110) },
	{ "extension of another message", false, { 0 },
	    { { STEP_HELLO, OP_EXTENSION, 0, B("\0\20\0\0") } }, BAD(47) },
	{ "cookie in ServerHello", false, { 0 },
	    { { STEP_HELLO, OP_EXTENSION, 0, B("\0\54\0\3\0\1c") } }, BAD(47) },
	{ "begun in clear, ended sealed", false, { 0 },
	    { { STEP_HELLO, OP_BEHIND, 0, B("\10\0\0") } }, BAD(10) },

	{ "retry twice", false, { .retry = true, .retry_group = P256 },
	    { { STEP_RETRY, OP_TWICE, 0, NULL, 0 } }, BAD(10) },
	{ "retry for the group sent", false,
	    { .retry = true, .retry_group = X25519 }, { { 0 } }, BAD(47) },
	{ "retry for a group not offered", false,
	    { .retry = true, .retry_group = 30, .group = X25519 }, { { 0 } },
	    BAD(47) },
	{ "retry that asks for no change", false, { .retry = true }, { { 0 } },
	    BAD(47) },
	{ "retry with an empty cookie", false, { .retry = true },
	    { { STEP_RETRY, OP_EXTENSION, 0, B("\0\54\0\2\0\0") } }, BAD(50) },
	{ "retry with a cookie over the limit", false,
	    { .retry = true, .cookie_len = STS_TLS_COOKIE_MAX + 1 }, { { 0 } },
	    STS_WHY_TLS_RECORD, 80 },
	{ "retry with a cookie of 60,000 bytes", false,
	    { .retry = true, .cookie_len = 60000 }, { { 0 } },
	    STS_WHY_TLS_RECORD, 80 },
	{ "retry of 1.2", false, { .retry = true, .retry_group = P256 },
	    { { STEP_RETRY, OP_WITHOUT, 43, NULL, 0 } }, BAD(47) },
	{ "retry with a foreign session id", false,
	    { .retry = true, .retry_group = P256 },
	    { { STEP_RETRY, OP_PATCH, 45, B("x") } }, BAD(47) },
	{ "retry with compression", false,
	    { .retry = true, .retry_group = P256 },
	    { { STEP_RETRY, OP_PATCH, 73, B("\1") } }, BAD(47) },
	{ "retry to 1.2", false, { .retry = true, .retry_group = P256 },
	    { { STEP_RETRY, OP_WITHOUT, 43, NULL, 0 },
		{ STEP_RETRY, OP_EXTENSION, 0, B("\0\53\0\2\3\3") } },
	    BAD(47) },
	{ "retry with an extension of another message", false,
	    { .retry = true, .retry_group = P256 },
	    { { STEP_RETRY, OP_EXTENSION, 0, B("\0\20\0\0") } }, BAD(47) },
	{ "retry with an extension not offered", false,
	    { .retry = true, .retry_group = P256 },
	    { { STEP_RETRY, OP_EXTENSION, 0, B("\0\51\0\2\0\0") } }, BAD(110) },
	{ "retry and ServerHello in one record", false,
	    { .retry = true, .retry_group = P256 },
	    { { STEP_RETRY, OP_BEHIND, 0, B("\2\0\0\1x") } }, BAD(10) },
	{ "a byte behind the retry", false,
	    { .retry = true, .retry_group = P256 },
	    { { STEP_RETRY, OP_BEHIND, 0, B("\2") } }, BAD(10) },
	{ "another suite after the retry", false,
	    { .retry = true, .retry_group = P256, .suite = 0x1301 },
	    { { STEP_HELLO, OP_PATCH, 71, B("\23\2") } }, BAD(47) },
	{ "the first group after the retry", false,
	    { .retry = true, .retry_group = P256, .group = X25519 }, { { 0 } },
	    BAD(47) },
	{ "1.2 after the retry", false, { .retry = true, .retry_group = P256 },
	    { { STEP_HELLO, OP_BODY, 0,
		B("\3\3"
		  "0123456789abcdef0123456789abcdef\0\300\53\0") } },
	    STS_WHY_TLS_VERSION, 70 },
	{ "retry with its suite of 1.2", false,
	    { .retry = true, .retry_group = P256, .suite = 0xc02b }, { { 0 } },
	    BAD(47) },

	{ "sentinel of a server with 1.3", false, { TLS12 },
	    { { STEP_HELLO, OP_PATCH, 30, B("DOWNGRD\1") } }, BAD(47) },
	{ "sentinel of 1.1", false, { TLS12 },
	    { { STEP_HELLO, OP_PATCH, 30, B("DOWNGRD\0") } }, BAD(47) },
	{ "1.2, our session id comes back", false, { TLS12, .echo = true },
	    { { 0 } }, BAD(47) },
	{ "1.1", false, { TLS12 }, { { STEP_HELLO, OP_PATCH, 4, B("\3\2") } },
	    STS_WHY_TLS_VERSION, 70 },
	{ "1.2, legacy_version 0304", false, { TLS12 },
	    { { STEP_HELLO, OP_PATCH, 4, B("\3\4") } }, STS_WHY_TLS_VERSION,
	    70 },
	{ "1.2, legacy_version 0305", false, { TLS12 },
	    { { STEP_HELLO, OP_PATCH, 4, B("\3\5") } }, STS_WHY_TLS_VERSION,
	    70 },
	{ "SSL 3", false, { TLS12 }, { { STEP_HELLO, OP_PATCH, 4, B("\3\0") } },
	    STS_WHY_TLS_VERSION, 70 },
	{ "1.2, compression", false, { TLS12 },
	    { { STEP_HELLO, OP_PATCH, 41, B("\1") } }, BAD(47) },
	{ "1.2, key share", false, { TLS12 },
	    { { STEP_HELLO, OP_EXTENSION, 0, B("\0\63\0\2\0\35") } }, BAD(47) },
	{ "1.2, suite not offered", false, { TLS12, .suite = 0xc013 },
	    { { 0 } }, BAD(47) },
	{ "1.2, suite of 1.3", false, { TLS12, .suite = 0x1301 }, { { 0 } },
	    BAD(47) },
	{ "1.2, renegotiation", false, { TLS12 },
	    { { STEP_HELLO, OP_WITHOUT, 0xff01, NULL, 0 },
		{ STEP_HELLO, OP_EXTENSION, 0, B("\377\1\0\2\1x") } },
	    BAD(47) },
	{ "1.2, no uncompressed points", false, { TLS12 },
	    { { STEP_HELLO, OP_WITHOUT, 11, NULL, 0 },
		{ STEP_HELLO, OP_EXTENSION, 0, B("\0\13\0\2\1\1") } },
	    BAD(47) },
	{ "1.2, no formats of points", false, { TLS12 },
	    { { STEP_HELLO, OP_WITHOUT, 11, NULL, 0 },
		{ STEP_HELLO, OP_EXTENSION, 0, B("\0\13\0\1\0") } },
	    BAD(50) },
	{ "1.2, a session ticket promised", false, { TLS12 },
	    { { STEP_HELLO, OP_EXTENSION, 0, B("\0\43\0\0") } }, BAD(110) },
	{ "1.2, h2 chosen", false, { TLS12 },
	    { { STEP_HELLO, OP_EXTENSION, 0, B("\0\20\0\5\0\3\2h2") } },
	    STS_WHY_TLS_ALPN, 47 },
};

/* The rest of the flight: what comes, and what must hold. */
static const struct row flight_rows[] = {
	{ "no EncryptedExtensions", false, { 0 },
	    { { STEP_EXTENSIONS, OP_DROP, 0, NULL, 0 } }, BAD(10) },
	{ "EncryptedExtensions twice", false, { 0 },
	    { { STEP_EXTENSIONS, OP_TWICE, 0, NULL, 0 } }, BAD(10) },
	{ "EncryptedExtensions too long", false, { 0 },
	    { { STEP_EXTENSIONS, OP_APPEND, 0, B("x") } }, BAD(50) },
	{ "EncryptedExtensions over the limit", false, { 0 },
	    { { STEP_EXTENSIONS, OP_BODY, 0, zeros, 1000 } },
	    STS_WHY_TLS_RECORD, 80 },
	{ "extension twice", false, { 0 },
	    { { STEP_EXTENSIONS, OP_EXTENSION, 0, B("\0\0\0\0\0\0\0\0") } },
	    BAD(47) },
	{ "extension not offered", false, { 0 },
	    { { STEP_EXTENSIONS, OP_EXTENSION, 0, B("\0\5\0\0") } }, BAD(110) },
	{ "record_size_limit not offered", false, { .whole = true },
	    { { STEP_EXTENSIONS, OP_EXTENSION, 0, B("\0\34\0\2\100\1") } },
	    BAD(110) },
	{ "extension of ServerHello", false, { 0 },
	    { { STEP_EXTENSIONS, OP_EXTENSION, 0, B("\0\53\0\2\3\4") } },
	    BAD(47) },
	{ "server_name not empty", false, { 0 },
	    { { STEP_EXTENSIONS, OP_EXTENSION, 0, B("\0\0\0\1x") } }, BAD(50) },
	{ "extension cut", false, { 0 },
	    { { STEP_EXTENSIONS, OP_EXTENSION, 0, B("\0\20\0\5\0") } },
	    BAD(50) },
	{ "h2 chosen", false, { 0 },
	    { { STEP_EXTENSIONS, OP_EXTENSION, 0, B("\0\20\0\5\0\3\2h2") } },
	    STS_WHY_TLS_ALPN, 47 },
	{ "two protocols chosen", false, { 0 },
	    { { STEP_EXTENSIONS, OP_EXTENSION, 0, B("\0\20\0\6\0\4\1a\1b") } },
	    BAD(50) },

	{ "no protocol chosen", false, { 0 },
	    { { STEP_EXTENSIONS, OP_EXTENSION, 0, B("\0\20\0\2\0\0") } },
	    BAD(50) },
	{ "a protocol without a name", false, { 0 },
	    { { STEP_EXTENSIONS, OP_EXTENSION, 0, B("\0\20\0\3\0\1\0") } },
	    BAD(50) },
	{ "HTTP/1.1 chosen", false, { 0 },
	    { { STEP_EXTENSIONS, OP_EXTENSION, 0,
		B("\0\20\0\13\0\11\10HTTP/1.1") } },
	    STS_WHY_TLS_ALPN, 47 },
	{ "pre_shared_key", false, { 0 },
	    { { STEP_EXTENSIONS, OP_EXTENSION, 0, B("\0\51\0\2\0\0") } },
	    BAD(110) },
	{ "early_data", false, { 0 },
	    { { STEP_EXTENSIONS, OP_EXTENSION, 0, B("\0\52\0\0") } },
	    BAD(110) },
	{ "smaller records than may be asked for", false, { .small = true },
	    { { STEP_EXTENSIONS, OP_EXTENSION, 0, B("\0\34\0\2\0\77") } },
	    BAD(47) },
	{ "record_size_limit of a byte", false, { .small = true },
	    { { STEP_EXTENSIONS, OP_EXTENSION, 0, B("\0\34\0\1\100") } },
	    BAD(50) },
	{ "fragments of another length", false, { .small = true },
	    { { STEP_EXTENSIONS, OP_EXTENSION, 0, B("\0\1\0\1\2") } },
	    BAD(47) },
	{ "fragments of a length that is none", false, { .small = true },
	    { { STEP_EXTENSIONS, OP_EXTENSION, 0, B("\0\1\0\1\0") } },
	    BAD(47) },
	{ "fragments of a longer one than there is", false, { .small = true },
	    { { STEP_EXTENSIONS, OP_EXTENSION, 0, B("\0\1\0\1\5") } },
	    BAD(47) },
	{ "small records and fragments", false, { .small = true },
	    { { STEP_EXTENSIONS, OP_EXTENSION, 0,
		B("\0\34\0\2\0\100\0\1\0\1\1") } },
	    BAD(47) },

	{ "request twice", false, { .request = true },
	    { { STEP_REQUEST, OP_TWICE, 0, NULL, 0 } }, BAD(10) },
	{ "request after Certificate", false, { 0 },
	    { { STEP_VERIFY, OP_BEFORE, 0, B("\15\0\0\10\0\15\0\4\0\2\4\3") } },
	    BAD(10) },
	{ "request with a context", false, { .request = true },
	    { { STEP_REQUEST, OP_BODY, 0, B("\1x\0\10\0\15\0\4\0\2\4\3") } },
	    BAD(47) },
	{ "request without algorithms", false, { .request = true },
	    { { STEP_REQUEST, OP_WITHOUT, 13, NULL, 0 } }, BAD(109) },
	{ "request with them twice", false, { .request = true },
	    { { STEP_REQUEST, OP_EXTENSION, 0, B("\0\15\0\4\0\2\4\3") } },
	    BAD(47) },
	{ "request too long", false, { .request = true },
	    { { STEP_REQUEST, OP_APPEND, 0, B("x") } }, BAD(50) },
	{ "request too short", false, { .request = true },
	    { { STEP_REQUEST, OP_CUT, 1, NULL, 0 } }, BAD(50) },
	{ "request empty", false, { .request = true },
	    { { STEP_REQUEST, OP_BODY, 0, "", 0 } }, BAD(50) },

	{ "a certificate's length over its list", false, { 0 },
	    { { STEP_CERTIFICATE, OP_BODY, 0, B("\0\0\0\2\0\0") } }, BAD(50) },
	{ "no Certificate", false, { 0 },
	    { { STEP_CERTIFICATE, OP_DROP, 0, NULL, 0 } }, BAD(10) },
	/* The classic hole of clients that support PSK. */
	{ "Finished after EncryptedExtensions", false, { 0 },
	    { { STEP_CERTIFICATE, OP_DROP, 0, NULL, 0 },
		{ STEP_VERIFY, OP_DROP, 0, NULL, 0 } },
	    BAD(10) },
	{ "Certificate empty", false, { 0 },
	    { { STEP_CERTIFICATE, OP_BODY, 0, "", 0 } }, BAD(50) },
	{ "no certificates", false, { 0 },
	    { { STEP_CERTIFICATE, OP_BODY, 0, B("\0\0\0\0") } }, BAD(50) },
	{ "context", false, { 0 },
	    { { STEP_CERTIFICATE, OP_PATCH, 4, B("\1") } }, BAD(47) },
	{ "an entry of no bytes", false, { 0 },
	    { { STEP_CERTIFICATE, OP_BODY, 0, B("\0\0\0\5\0\0\0\0\0") } },
	    BAD(50) },
	{ "an entry beyond the list", false, { 0 },
	    { { STEP_CERTIFICATE, OP_BODY, 0, B("\0\0\0\6\0\0\4x\0\0") } },
	    BAD(50) },
	{ "a list beyond the message", false, { 0 },
	    { { STEP_CERTIFICATE, OP_BODY, 0, B("\0\0\0\7\0\0\1x\0\0") } },
	    BAD(50) },
	{ "a list shorter than the message", false, { 0 },
	    { { STEP_CERTIFICATE, OP_APPEND, 0, B("x") } }, BAD(50) },
	{ "16 MB announced", false, { 0 },
	    { { STEP_CERTIFICATE, OP_PATCH, 5, B("\377\377\377") } }, BAD(50) },
	{ "an extension", false, { 0 },
	    { { STEP_CERTIFICATE, OP_BODY, 0,
		B("\0\0\0\12\0\0\1x\0\4\0\5\0\0") } },
	    BAD(110) },
	{ "extensions beyond the list", false, { 0 },
	    { { STEP_CERTIFICATE, OP_BODY, 0, B("\0\0\0\6\0\0\1x\0\4") } },
	    BAD(50) },

	{ "Certificate twice", false, { 0 },
	    { { STEP_CERTIFICATE, OP_TWICE, 0, NULL, 0 } }, BAD(10) },
	{ "a compressed certificate", false, { 0 },
	    { { STEP_CERTIFICATE, OP_BEFORE, 0, B("\31x") } }, BAD(10) },
	{ "a ticket before Certificate", false, { 0 },
	    { { STEP_CERTIFICATE, OP_BEFORE, 0, B("\4x") } }, BAD(10) },
	{ "HelloRequest amid the flight", false, { 0 },
	    { { STEP_CERTIFICATE, OP_BEFORE, 0, B("\0") } }, BAD(10) },
	{ "ServerHelloDone", false, { 0 },
	    { { STEP_CERTIFICATE, OP_BEFORE, 0, B("\16") } }, BAD(10) },

	{ "no CertificateVerify", false, { 0 },
	    { { STEP_VERIFY, OP_DROP, 0, NULL, 0 } }, BAD(10) },
	{ "CertificateVerify twice", false, { 0 },
	    { { STEP_VERIFY, OP_TWICE, 0, NULL, 0 } }, BAD(10) },
	{ "PKCS#1", true, { .scheme = 0x0401 }, { { 0 } }, BAD(47) },
	{ "ECDSA with SHA-1", false, { 0 },
	    { { STEP_VERIFY, OP_PATCH, 4, B("\2\3") } }, BAD(47) },
	{ "Ed25519", false, { 0 }, { { STEP_VERIFY, OP_PATCH, 4, B("\10\7") } },
	    BAD(47) },
	{ "RSA-PSS with a PSS key", true, { 0 },
	    { { STEP_VERIFY, OP_PATCH, 4, B("\10\11") } }, BAD(47) },
	{ "SHA-384 with P-256", false, { .scheme = 0x0503 }, { { 0 } },
	    BAD(47) },
	{ "RSA scheme for an EC key", false, { 0 },
	    { { STEP_VERIFY, OP_PATCH, 4, B("\10\4") } }, BAD(47) },
	{ "EC scheme for an RSA key", true, { 0 },
	    { { STEP_VERIFY, OP_PATCH, 4, B("\4\3") } }, BAD(47) },
	{ "salt too short", true, { .salt_less = 1 }, { { 0 } }, BAD(51) },
	{ "no salt", true, { .salt_less = 32 }, { { 0 } }, BAD(51) },
	{ "another hash named than used", true, { 0 },
	    { { STEP_VERIFY, OP_PATCH, 4, B("\10\5") } }, BAD(51) },
	{ "the client's context", false, { .client_context = true }, { { 0 } },
	    BAD(51) },
	{ "the transcript without Certificate", false,
	    { .stale_transcript = true }, { { 0 } }, BAD(51) },
	/* The same, padded as by PSS. */
	{ "the client's context, RSA", true, { .client_context = true },
	    { { 0 } }, BAD(51) },
	{ "the transcript without Certificate, RSA", true,
	    { .stale_transcript = true, .scheme = 0x0806 }, { { 0 } },
	    BAD(51) },
	{ "signature overwritten", false, { 0 },
	    { { STEP_VERIFY, OP_PATCH, -6, B("\1\2\3\4\5\6") } }, BAD(51) },
	{ "RSA signature overwritten", true, { 0 },
	    { { STEP_VERIFY, OP_PATCH, -6, B("\1\2\3\4\5\6") } }, BAD(51) },
	{ "no signature", false, { 0 },
	    { { STEP_VERIFY, OP_BODY, 0, B("\4\3\0\0") } }, BAD(51) },
	{ "no RSA signature", true, { 0 },
	    { { STEP_VERIFY, OP_BODY, 0, B("\10\4\0\0") } }, BAD(51) },
	{ "RSA signature over the modulus", true, { 0 },
	    { { STEP_VERIFY, OP_PATCH, 8,
		B("\377\377\377\377\377\377\377\377") } },
	    BAD(51) },
	{ "CertificateVerify over the limit", false, { 0 },
	    { { STEP_VERIFY, OP_BODY, 0, zeros, 1000 } }, STS_WHY_TLS_RECORD,
	    80 },
	{ "a byte behind the signature", false, { 0 },
	    { { STEP_VERIFY, OP_APPEND, 0, B("x") } }, BAD(50) },

	{ "Finished wrong", false, { 0 },
	    { { STEP_FINISHED, OP_PATCH, -4, B("\1\2\3\4") } }, BAD(51) },
	{ "Finished too short", false, { 0 },
	    { { STEP_FINISHED, OP_CUT, 1, NULL, 0 } }, BAD(50) },
	{ "Finished too long", false, { 0 },
	    { { STEP_FINISHED, OP_APPEND, 0, B("x") } }, BAD(50) },
	{ "Finished over the limit", false, { 0 },
	    { { STEP_FINISHED, OP_BODY, 0, zeros, 1000 } }, STS_WHY_TLS_RECORD,
	    80 },
	{ "Finished empty", false, { 0 },
	    { { STEP_FINISHED, OP_BODY, 0, "", 0 } }, BAD(50) },
	{ "a ticket behind Finished", false, { 0 },
	    { { STEP_FINISHED, OP_BEHIND, 0, B("\4\0\0\1x") } }, BAD(10) },
	{ "KeyUpdate before Finished", false, { 0 },
	    { { STEP_FINISHED, OP_BEFORE, 0, B("\30\0") } }, BAD(10) },
	{ "a ticket before Finished", false, { 0 },
	    { { STEP_FINISHED, OP_BEFORE, 0, B("\4x") } }, BAD(10) },
	{ "EndOfEarlyData", false, { 0 },
	    { { STEP_FINISHED, OP_BEFORE, 0, B("\5") } }, BAD(10) },
	{ "ClientHello", false, { 0 },
	    { { STEP_EXTENSIONS, OP_BEFORE, 0, B("\1x") } }, BAD(10) },
};

/* TLS 1.2. */
static const struct row old_rows[] = {
	{ "no Certificate", false, { TLS12 },
	    { { STEP_CERTIFICATE, OP_DROP, 0, NULL, 0 } }, BAD(10) },
	{ "Certificate twice", false, { TLS12 },
	    { { STEP_CERTIFICATE, OP_TWICE, 0, NULL, 0 } }, BAD(10) },
	{ "no certificates", false, { TLS12 },
	    { { STEP_CERTIFICATE, OP_BODY, 0, B("\0\0\0") } }, BAD(50) },
	{ "an entry beyond the list", false, { TLS12 },
	    { { STEP_CERTIFICATE, OP_BODY, 0, B("\0\0\4\0\0\4x") } }, BAD(50) },
	{ "no ServerKeyExchange", false, { TLS12 },
	    { { STEP_KEY_EXCHANGE, OP_DROP, 0, NULL, 0 } }, BAD(10) },
	{ "ServerKeyExchange twice", false, { TLS12 },
	    { { STEP_KEY_EXCHANGE, OP_TWICE, 0, NULL, 0 } }, BAD(10) },
	{ "CertificateStatus", false, { TLS12 },
	    { { STEP_KEY_EXCHANGE, OP_BEFORE, 0, B("\26x") } }, BAD(10) },
	{ "HelloRequest amid the flight", false, { TLS12 },
	    { { STEP_CERTIFICATE, OP_BEFORE, 0, B("\0") } }, BAD(10) },
	{ "ServerKeyExchange over the limit", false, { TLS12 },
	    { { STEP_KEY_EXCHANGE, OP_BODY, 0, zeros, 1000 } },
	    STS_WHY_TLS_RECORD, 80 },
	{ "an explicit curve", false, { TLS12 },
	    { { STEP_KEY_EXCHANGE, OP_PATCH, 4, B("\1") } }, BAD(47) },
	{ "a curve not offered", false, { TLS12 },
	    { { STEP_KEY_EXCHANGE, OP_PATCH, 5, B("\0\36") } }, BAD(47) },
	{ "signed with SHA-1", false, { TLS12 },
	    { { STEP_KEY_EXCHANGE, OP_PATCH, 4 + 4 + 32, B("\2\3") } },
	    BAD(47) },
	{ "EC key for a suite with RSA", false, { TLS12, .suite = 0xc02f },
	    { { 0 } }, BAD(47) },
	{ "RSA key for a suite with ECDSA", true, { TLS12, .suite = 0xc02b },
	    { { 0 } }, BAD(47) },
	{ "share overwritten", false, { TLS12 },
	    { { STEP_KEY_EXCHANGE, OP_PATCH, 4 + 4, B("\1\2\3\4") } },
	    BAD(51) },
	{ "signature overwritten", false, { TLS12 },
	    { { STEP_KEY_EXCHANGE, OP_PATCH, -4, B("\1\2\3\4") } }, BAD(51) },
	{ "another random signed", false, { TLS12 },
	    { { STEP_HELLO, OP_UNHASHED_PATCH, 6, B("\1\2\3\4") },
		{ STEP_KEY_EXCHANGE, OP_PATCH, 9, B("\1\2\3\4") } },
	    BAD(51) },
	{ "another random signed, RSA", true, { TLS12 },
	    { { STEP_HELLO, OP_UNHASHED_PATCH, 6, B("\1\2\3\4") },
		{ STEP_KEY_EXCHANGE, OP_PATCH, 9, B("\1\2\3\4") } },
	    BAD(51) },
	{ "another random signed, PKCS#1", true, { TLS12, .scheme = 0x0401 },
	    { { STEP_HELLO, OP_UNHASHED_PATCH, 6, B("\1\2\3\4") },
		{ STEP_KEY_EXCHANGE, OP_PATCH, 9, B("\1\2\3\4") } },
	    BAD(51) },
	{ "a byte behind the signature", false, { TLS12 },
	    { { STEP_KEY_EXCHANGE, OP_APPEND, 0, B("x") } }, BAD(50) },
	{ "request before ServerKeyExchange", false, { TLS12 },
	    { { STEP_KEY_EXCHANGE, OP_BEFORE, 0, B("\15\1\100\0\2\4\3\0\0") } },
	    BAD(10) },
	{ "request without types", false, { TLS12, .request = true },
	    { { STEP_REQUEST_12, OP_BODY, 0, B("\0\0\2\4\3\0\0") } }, BAD(50) },
	{ "request twice", false, { TLS12, .request = true },
	    { { STEP_REQUEST_12, OP_TWICE, 0, NULL, 0 } }, BAD(10) },
	{ "request with a name beyond the list", false,
	    { TLS12, .request = true },
	    { { STEP_REQUEST_12, OP_BODY, 0, B("\1\100\0\2\4\3\0\3\0\2x") } },
	    BAD(50) },
	{ "ServerHelloDone not empty", false, { TLS12 },
	    { { STEP_DONE, OP_APPEND, 0, B("x") } }, BAD(50) },
	{ "a byte behind ServerHelloDone", false, { TLS12 },
	    { { STEP_DONE, OP_BEHIND, 0, B("\0") } }, BAD(10) },
	{ "CCS before ServerHelloDone", false, { TLS12 },
	    { { STEP_DONE, OP_CLEAR, 0, B("\24\1") } }, BAD(10) },
	{ "no CCS", false, { TLS12 }, { { STEP_CCS, OP_DROP, 0, NULL, 0 } },
	    BAD(10) },
	{ "CCS of 2", false, { TLS12 },
	    { { STEP_CCS, OP_CLEAR, 0, B("\24\2") } }, BAD(10) },
	{ "CCS of two bytes", false, { TLS12 },
	    { { STEP_CCS, OP_CLEAR, 0, B("\24\1\1") } }, BAD(10) },
	{ "Finished before CCS", false, { TLS12 },
	    { { STEP_CCS, OP_CLEAR, 0, B("\26\24\0\0\14abcdefghijkl") } },
	    BAD(10) },
	{ "a ticket before CCS", false, { TLS12 },
	    { { STEP_CCS, OP_CLEAR, 0, B("\26\4\0\0\1x") } }, BAD(10) },
	{ "CCS twice", false, { TLS12 },
	    { { STEP_FINISHED, OP_RECORD, 0, B("\24\1") } }, BAD(10) },
	{ "CCS twice, in the clear", false, { TLS12 },
	    { { STEP_FINISHED, OP_CLEAR, 0, B("\24\1") } }, BAD(20) },
	{ "an alert in the clear after CCS", false, { TLS12 },
	    { { STEP_FINISHED, OP_CLEAR, 0, B("\25\2\50") } }, BAD(20) },
	{ "data before Finished", false, { TLS12 },
	    { { STEP_FINISHED, OP_RECORD, 0, B("\27x") } }, BAD(10) },
	{ "Finished wrong", false, { TLS12 },
	    { { STEP_FINISHED, OP_PATCH, -4, B("\1\2\3\4") } }, BAD(51) },
	{ "Finished too short", false, { TLS12 },
	    { { STEP_FINISHED, OP_CUT, 1, NULL, 0 } }, BAD(50) },
	{ "Finished flipped", false, { TLS12 },
	    { { STEP_FINISHED, OP_FLIP, 20, NULL, 0 } }, BAD(20) },
	{ "nonce flipped", false, { TLS12 },
	    { { STEP_FINISHED, OP_FLIP, 6, NULL, 0 } }, BAD(20) },
	{ "Finished flipped, ChaCha20", false,
	    { TLS12, .suite = 0xcca9, .whole = true },
	    { { STEP_FINISHED, OP_FLIP, 6, NULL, 0 } }, BAD(20) },
	{ "another handshake", false, { TLS12 },
	    { { STEP_OPEN, OP_RECORD, 0, B("\26\2\0\0\1x") } }, BAD(10) },
	{ "a ticket", false, { TLS12 },
	    { { STEP_OPEN, OP_RECORD, 0, B("\26\4\0\0\1x") } }, BAD(10) },
	{ "KeyUpdate", false, { TLS12 },
	    { { STEP_OPEN, OP_RECORD, 0, B("\26\30\0\0\1\0") } }, BAD(10) },
	{ "ClientHello", false, { TLS12 },
	    { { STEP_OPEN, OP_RECORD, 0, B("\26\1\0\0\1x") } }, BAD(10) },
	{ "Finished again", false, { TLS12 },
	    { { STEP_OPEN, OP_RECORD, 0, B("\26\24\0\0\14abcdefghijkl") } },
	    BAD(10) },
	{ "empty data without end", false, { TLS12 },
	    { { STEP_OPEN, OP_REPEAT, 33, B("\27") } }, BAD(10) },
	{ "empty handshake when open", false, { TLS12 },
	    { { STEP_OPEN, OP_RECORD, 0, B("\26") } }, BAD(10) },
	{ "warnings without end when open", false, { TLS12 },
	    { { STEP_OPEN, OP_REPEAT, 5, B("\25\1\144") } }, BAD(10) },
	{ "HelloRequest cut by data", false, { TLS12 },
	    { { STEP_OPEN, OP_RECORD, 0, B("\26\0\0") },
		{ STEP_OPEN, OP_RECORD, 0, B("\27x") } },
	    BAD(10) },
	{ "HelloRequest with a body", false, { TLS12 },
	    { { STEP_OPEN, OP_RECORD, 0, B("\26\0\0\0\1x") } }, BAD(50) },
	{ "HelloRequest without end", false, { TLS12 },
	    { { STEP_OPEN, OP_REPEAT, 33, B("\26\0\0\0\0") } }, BAD(10) },
	{ "fatal alert", false, { TLS12 },
	    { { STEP_CERTIFICATE, OP_CLEAR, 0, B("\25\2\50") } },
	    STS_WHY_TLS_ALERT, NO_ALERT },
	{ "warnings without end", false, { TLS12 },
	    { { STEP_CERTIFICATE, OP_REPEAT_CLEAR, 5, B("\25\1\160") } },
	    BAD(10) },
};

/* Records, alerts, and the end of the connection. */
static const struct row record_rows[] = {
	{ "a byte flipped", false, { 0 },
	    { { STEP_EXTENSIONS, OP_FLIP, 6, NULL, 0 } }, BAD(20) },
	{ "a byte flipped, AES", false, { .suite = 0x1301 },
	    { { STEP_EXTENSIONS, OP_FLIP, 6, NULL, 0 } }, BAD(20) },
	{ "the tag flipped", false, { 0 },
	    { { STEP_CERTIFICATE, OP_FLIP, -1, NULL, 0 } }, BAD(20) },
	{ "the tag flipped, AES", false, { .suite = 0x1302 },
	    { { STEP_FINISHED, OP_FLIP, -16, NULL, 0 } }, BAD(20) },
	/* Its Finished is right, but nothing may be sent in return. */
	{ "the tag of a whole flight flipped", false, { .one_record = true },
	    { { STEP_FINISHED, OP_FLIP, -1, NULL, 0 } }, BAD(20) },
	{ "the tag of a padded flight flipped", false, { .one_record = true },
	    { { STEP_FINISHED, OP_FLIP, -16, NULL, 0 },
		{ STEP_FINISHED, OP_PADDED, 5000, NULL, 0 } },
	    BAD(20) },
	/* The version is part of the additional data. */
	{ "the header flipped", false, { 0 },
	    { { STEP_CERTIFICATE, OP_FLIP, 2, NULL, 0 } }, BAD(20) },
	{ "the type flipped", false, { 0 },
	    { { STEP_CERTIFICATE, OP_FLIP, 0, NULL, 0 } }, BAD(10) },
	{ "the version flipped", false, { 0 },
	    { { STEP_CERTIFICATE, OP_FLIP, 1, NULL, 0 } }, STS_WHY_TLS_VERSION,
	    70 },
	{ "zeros only when open", false, { 0 },
	    { { STEP_OPEN, OP_RECORD, 0, B("\0\0\0\0") } }, BAD(10) },
	{ "zeros only", false, { 0 },
	    { { STEP_CERTIFICATE, OP_RECORD, 0, B("\0\0\0\0") } }, BAD(10) },
	{ "shorter than a tag", false, { 0 },
	    { { STEP_CERTIFICATE, OP_CLEAR, 0,
		B("\27"
		  "0123456789abcdef") } },
	    BAD(20) },
	{ "empty handshake", false, { 0 },
	    { { STEP_CERTIFICATE, OP_RECORD, 0, B("\26") } }, BAD(10) },
	{ "empty handshake in the clear", false, { 0 },
	    { { STEP_HELLO, OP_CLEAR, 0, B("\26") } }, BAD(10) },
	{ "empty alert", false, { 0 },
	    { { STEP_CERTIFICATE, OP_RECORD, 0, B("\25") } }, BAD(10) },
	{ "alert of a byte", false, { 0 },
	    { { STEP_CERTIFICATE, OP_RECORD, 0, B("\25\2") } }, BAD(50) },
	{ "two alerts", false, { 0 },
	    { { STEP_CERTIFICATE, OP_RECORD, 0, B("\25\1\132\1\132") } },
	    BAD(50) },
	{ "alert of level 3", false, { 0 },
	    { { STEP_HELLO, OP_CLEAR, 0, B("\25\3\50") } }, BAD(47) },
	{ "an unknown type inside", false, { 0 },
	    { { STEP_CERTIFICATE, OP_RECORD, 0, B("\30x") } }, BAD(10) },
	{ "CCS inside", false, { 0 },
	    { { STEP_CERTIFICATE, OP_RECORD, 0, B("\24\1") } }, BAD(10) },
	{ "an unknown type", false, { 0 },
	    { { STEP_HELLO, OP_CLEAR, 0, B("\30x") } }, BAD(10) },
	{ "an unknown type before the known ones", false, { 0 },
	    { { STEP_HELLO, OP_CLEAR, 0, B("\23x") } }, BAD(10) },
	{ "data before ServerHello", false, { 0 },
	    { { STEP_HELLO, OP_CLEAR, 0, B("\27x") } }, BAD(10) },
	{ "data before Finished", false, { 0 },
	    { { STEP_FINISHED, OP_RECORD, 0, B("\27x") } }, BAD(10) },
	{ "data before Finished, padded", false, { 0 },
	    { { STEP_FINISHED, OP_RECORD, 0, padded_data, 2000 } }, BAD(10) },
	{ "empty handshake, padded", false, { 0 },
	    { { STEP_FINISHED, OP_RECORD, 0, padded_nothing, 2000 } },
	    BAD(10) },
	{ "zeros only, many", false, { 0 },
	    { { STEP_FINISHED, OP_RECORD, 0, padded_zeros, 2000 } }, BAD(10) },
	{ "alert amid a message", false, { 0 },
	    { { STEP_CERTIFICATE, OP_AMID, 0, B("\25\1\132") } }, BAD(10) },
	{ "data amid a message", false, { 0 },
	    { { STEP_CERTIFICATE, OP_AMID, 0, B("\27x") } }, BAD(10) },
	{ "CCS amid a message", false, { 0 },
	    { { STEP_CERTIFICATE, OP_AMID_CLEAR, 0, B("\24\1") } }, BAD(10) },
	{ "CCS amid ServerHello", false, { 0 },
	    { { STEP_HELLO, OP_AMID_CLEAR, 0, B("\24\1") } }, BAD(10) },
	{ "a message in the clear after keys", false, { 0 },
	    { { STEP_EXTENSIONS, OP_UNSEALED, 0, NULL, 0 } }, BAD(10) },
	/* sent by an attacker, not by the server */
	{ "an alert in the clear after keys", false, { 0 },
	    { { STEP_CERTIFICATE, OP_CLEAR, 0, B("\25\2\50") } }, BAD(10) },
	{ "close_notify in the clear when open", false, { 0 },
	    { { STEP_OPEN, OP_CLEAR, 0, B("\25\1\0") } }, BAD(10) },
	{ "CCS of 2", false, { 0 },
	    { { STEP_EXTENSIONS, OP_CLEAR, 0, B("\24\2") } }, BAD(10) },
	{ "CCS of two bytes", false, { 0 },
	    { { STEP_EXTENSIONS, OP_CLEAR, 0, B("\24\1\1") } }, BAD(10) },
	{ "CCS empty", false, { 0 },
	    { { STEP_EXTENSIONS, OP_CLEAR, 0, B("\24") } }, BAD(10) },
	{ "CCS without end", false, { 0 },
	    { { STEP_EXTENSIONS, OP_REPEAT_CLEAR, 40, B("\24\1") } }, BAD(10) },
	{ "CCS before ServerHello without end", false, { 0 },
	    { { STEP_HELLO, OP_REPEAT_CLEAR, 33, B("\24\1") } }, BAD(10) },
	{ "user_canceled before ServerHello without end", false, { 0 },
	    { { STEP_HELLO, OP_REPEAT_CLEAR, 5, B("\25\1\132") } }, BAD(10) },
	{ "close_notify before ServerHello", false, { 0 },
	    { { STEP_HELLO, OP_CLEAR, 0, B("\25\1\0") } }, STS_WHY_PEER_CLOSED,
	    NO_ALERT },
	{ "alert amid ServerHello", false, { 0 },
	    { { STEP_HELLO, OP_AMID_CLEAR, 0, B("\25\1\132") } }, BAD(10) },
	{ "data amid ServerHello", false, { 0 },
	    { { STEP_HELLO, OP_AMID_CLEAR, 0, B("\27x") } }, BAD(10) },
	{ "CCS inside when open", false, { 0 },
	    { { STEP_OPEN, OP_RECORD, 0, B("\24\1") } }, BAD(10) },
	{ "an unknown type inside when open", false, { 0 },
	    { { STEP_OPEN, OP_RECORD, 0, B("\30x") } }, BAD(10) },
	{ "empty handshake when open", false, { 0 },
	    { { STEP_OPEN, OP_RECORD, 0, B("\26") } }, BAD(10) },
	{ "empty alert when open", false, { 0 },
	    { { STEP_OPEN, OP_RECORD, 0, B("\25") } }, BAD(10) },
	{ "user_canceled without end when open", false, { 0 },
	    { { STEP_OPEN, OP_REPEAT, 5, B("\25\1\132") } }, BAD(10) },
	{ "CCS when open", false, { 0 },
	    { { STEP_OPEN, OP_CLEAR, 0, B("\24\1") } }, BAD(10) },
	{ "fatal alert before ServerHello", false, { 0 },
	    { { STEP_HELLO, OP_CLEAR, 0, B("\25\2\50") } }, STS_WHY_TLS_ALERT,
	    NO_ALERT },
	{ "alert 70", false, { 0 },
	    { { STEP_HELLO, OP_CLEAR, 0, B("\25\2\106") } },
	    STS_WHY_TLS_VERSION, NO_ALERT },
	{ "alert 120", false, { 0 },
	    { { STEP_HELLO, OP_CLEAR, 0, B("\25\2\170") } }, STS_WHY_TLS_ALPN,
	    NO_ALERT },
	{ "sealed alert", false, { 0 },
	    { { STEP_CERTIFICATE, OP_RECORD, 0, B("\25\2\50") } },
	    STS_WHY_TLS_ALERT, NO_ALERT },
	{ "the level of an alert means nothing in 1.3", false, { 0 },
	    { { STEP_CERTIFICATE, OP_RECORD, 0, B("\25\1\60") } },
	    STS_WHY_TLS_ALERT, NO_ALERT },
	{ "user_canceled without end", false, { 0 },
	    { { STEP_CERTIFICATE, OP_REPEAT, 5, B("\25\1\132") } }, BAD(10) },
	{ "close_notify in the handshake", false, { 0 },
	    { { STEP_CERTIFICATE, OP_RECORD, 0, B("\25\1\0") } },
	    STS_WHY_PEER_CLOSED, NO_ALERT },
	{ "user_canceled, then close_notify", false, { 0 },
	    { { STEP_CERTIFICATE, OP_RECORD, 0, B("\25\1\132") },
		{ STEP_VERIFY, OP_RECORD, 0, B("\25\1\0") } },
	    STS_WHY_PEER_CLOSED, NO_ALERT },
	{ "certificate required after all", false, { .request = true },
	    { { STEP_OPEN, OP_RECORD, 0, B("\25\2\164") } }, STS_WHY_TLS_ALERT,
	    NO_ALERT },

	{ "tickets without end", false, { 0 },
	    { { STEP_OPEN, OP_REPEAT, 65, B("\26\4\0\0\1x") } }, BAD(10) },
	{ "empty data without end", false, { 0 },
	    { { STEP_OPEN, OP_REPEAT, 33, B("\27") } }, BAD(10) },
	{ "KeyUpdate 2", false, { 0 },
	    { { STEP_OPEN, OP_RECORD, 0, B("\26\30\0\0\1\2") } }, BAD(47) },
	{ "KeyUpdate of none", false, { 0 },
	    { { STEP_OPEN, OP_RECORD, 0, B("\26\30\0\0\0") } }, BAD(50) },
	{ "KeyUpdate of 16 MB", false, { 0 },
	    { { STEP_OPEN, OP_RECORD, 0, B("\26\30\377\377\377") } },
	    STS_WHY_TLS_RECORD, 80 },
	{ "data amid KeyUpdate", false, { 0 },
	    { { STEP_OPEN, OP_RECORD, 0, B("\26\30\0\0") },
		{ STEP_OPEN, OP_RECORD, 0, B("\27x") } },
	    BAD(10) },
	{ "alert amid KeyUpdate", false, { 0 },
	    { { STEP_OPEN, OP_RECORD, 0, B("\26\30\0\0") },
		{ STEP_OPEN, OP_RECORD, 0, B("\25\1\0") } },
	    BAD(10) },
	{ "KeyUpdate twice in a record", false, { 0 },
	    { { STEP_OPEN, OP_RECORD, 0, B("\26\30\0\0\1\0\30\0\0\1\0") } },
	    BAD(10) },
	{ "data amid a ticket of 16 MB", false, { 0 },
	    { { STEP_OPEN, OP_RECORD, 0, B("\26\4\377\377\377x") },
		{ STEP_OPEN, OP_RECORD, 0, B("\27x") } },
	    BAD(10) },
	{ "empty tickets without end in one record", false, { 0 },
	    { { STEP_OPEN, OP_RECORD, 0, tickets, 66 * 4 + 1 } }, BAD(10) },
	{ "EndOfEarlyData when open", false, { 0 },
	    { { STEP_OPEN, OP_RECORD, 0, B("\26\5\0\0\0") } }, BAD(10) },
	{ "EncryptedExtensions when open", false, { 0 },
	    { { STEP_OPEN, OP_RECORD, 0, B("\26\10\0\0\2\0\0") } }, BAD(10) },
	{ "Certificate when open", false, { 0 },
	    { { STEP_OPEN, OP_RECORD, 0, B("\26\13\0\0\1x") } }, BAD(10) },
	{ "KeyUpdate of two bytes", false, { 0 },
	    { { STEP_OPEN, OP_RECORD, 0, B("\26\30\0\0\2\0\0") } }, BAD(50) },
	{ "a ticket behind KeyUpdate", false, { 0 },
	    { { STEP_OPEN, OP_RECORD, 0, B("\26\30\0\0\1\0\4\0\0\1x") } },
	    BAD(10) },
	{ "CertificateRequest when open", false, { 0 },
	    { { STEP_OPEN, OP_RECORD, 0,
		B("\26\15\0\0\13\0\0\10\0\15\0\4\0\2\4\3") } },
	    BAD(10) },
	{ "ServerHello when open", false, { 0 },
	    { { STEP_OPEN, OP_RECORD, 0, B("\26\2\0\0\1x") } }, BAD(10) },
	{ "HelloRequest in 1.3", false, { 0 },
	    { { STEP_OPEN, OP_RECORD, 0, B("\26\0\0\0\0") } }, BAD(10) },
	{ "Finished when open", false, { 0 },
	    { { STEP_OPEN, OP_RECORD, 0, B("\26\24\0\0\1x") } }, BAD(10) },
};

static void
begin(void)
{
	uint8_t rnd[STS_TLS_RND];

	memset(rnd, 0x5a, sizeof rnd);
	if (client == NULL) {
		/* Zeros, since all of the memory is searched for secrets. */
		client = calloc(1, sts_tls_size());
	}
	ck_assert_ptr_nonnull(client);
	sts_tls_start(client, unit_span(the_case.host), &the_case.anchors,
	    the_case.date_s, rnd);
	sts_tls_use_alpn(client, unit_span("http/1.1"));
}

static void
judge(const struct row *r, const struct hostile *h)
{
	unsigned wants = sts_tls_wants(client);
	bool failed = (wants & STS_TLS_FAILED) != 0;
	bool sealed_alert = h->out.suite != NULL && h->plan.version == 0;

	ck_assert_msg(!h->unreadable, "%s: keys differ", r->name);
	if (r->why == STS_WHY_NONE) {
		ck_assert_msg(!failed, "%s: failed with %s, alert %d", r->name,
		    failed ? sts_why_token(sts_tls_why(client)) : "", h->alert);
		ck_assert_msg(sts_tls_established(client),
		    "%s: not established", r->name);
		ck_assert_msg(h->client_finished,
		    "%s: no Finished from the client", r->name);
		unit_int(r->name, h->client_certificate, h->plan.request);
		unit_int(r->name, h->ccs, 1);
		return;
	}
	ck_assert_msg(failed, "%s: goes on", r->name);
	unit_int(r->name, sts_tls_why(client), r->why);
	unit_int(r->name, h->alert, r->alert);
	/* Once there are keys an alert is sealed, so that nobody else may read
	 * what is wrong. (Whole flights are left out: octets behind the fault
	 * came with them.) */
	if (r->alert != NO_ALERT && sealed_alert && h->segment > 0 &&
	    h->wire_off > 400) {
		ck_assert_msg(
		    h->alert_sealed, "%s: alert in the clear", r->name);
	}
}

static void
play_rows(const struct row *rows, size_t count)
{
	static const size_t segments[] = { 0, 1, 7 };

	for (size_t i = 0; i < count; i++) {
		for (size_t k = 0; k < UNIT_COUNT(segments); k++) {
			struct hostile *h = server(rows[i].rsa);

			if ((STS_TLS_SMALL ? rows[i].plan.whole
					   : rows[i].plan.small) ||
			    (unit_every() > 1 &&
				i % UNIT_COUNT(segments) != k)) {
				continue;
			}
			h->plan = rows[i].plan;
			memcpy(h->bends, rows[i].bends, sizeof h->bends);
			h->segment = segments[k];
			begin();
			hostile_play(h, client);
			judge(&rows[i], h);
		}
	}
}

START_TEST(good_handshakes_are_established)
{
	play_rows(good_rows, UNIT_COUNT(good_rows));
}
END_TEST

START_TEST(bent_hellos_are_refused)
{
	play_rows(hello_rows, UNIT_COUNT(hello_rows));
}
END_TEST

START_TEST(bent_flights_are_refused)
{
	play_rows(flight_rows, UNIT_COUNT(flight_rows));
}
END_TEST

START_TEST(bent_handshakes_of_tls_12_are_refused)
{
	play_rows(old_rows, UNIT_COUNT(old_rows));
}
END_TEST

START_TEST(bent_records_are_refused)
{
	play_rows(record_rows, UNIT_COUNT(record_rows));
}
END_TEST

/* RFC 8446 7.4.2, RFC 7748 6.1: points of X25519 that give the zero secret,
 * also in forms that are not canonical. */
static const char *const low_order[] = {
	"0000000000000000000000000000000000000000000000000000000000000000",
	"0100000000000000000000000000000000000000000000000000000000000000",
	"e0eb7a7c3b41b8ae1656e3faf19fc46ada098deb9c32b1fd866205165f49b800",
	"5f9c95bca3508c24b1d0b1559c83ef5b04445cc4581c8e86d8224eddd09f1157",
	"ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
	"edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
	"eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
	"0000000000000000000000000000000000000000000000000000000000000080",
};

static size_t
unhex(const char *hex, uint8_t *out)
{
	size_t n = strlen(hex) / 2;

	for (size_t i = 0; i < n; i++) {
		unsigned v;

		ck_assert_int_eq(sscanf(hex + 2 * i, "%2x", &v), 1);
		out[i] = (uint8_t)v;
	}
	return n;
}

static void
share_refused(const char *name, uint16_t group, const uint8_t *p, size_t n)
{
	static const uint16_t versions[] = { 0, STS_TLS_12 };

	for (size_t i = 0; i < UNIT_COUNT(versions); i++) {
		struct hostile *h = server(false);
		/* In 1.2 the share is signed, and examined only after the
		 * signature. */
		struct row r = {
			.name = name, .why = STS_WHY_TLS_PROTOCOL, .alert = 47
		};

		h->plan.version = versions[i];
		h->plan.group = group;
		h->plan.retry = group != X25519 && versions[i] == 0;
		h->plan.retry_group = group;
		h->plan.share = p;
		h->plan.share_len = (uint16_t)n;
		begin();
		hostile_play(h, client);
		ck_assert_msg((sts_tls_wants(client) & STS_TLS_FAILED) != 0,
		    "%s: goes on", name);
		unit_int(name, sts_tls_why(client), r.why);
		unit_int(name, h->alert, r.alert);
		ck_assert(!h->alert_sealed);
	}
}

START_TEST(shares_of_low_order_are_refused)
{
	uint8_t p[200];

	for (size_t i = 0; i < UNIT_COUNT(low_order); i++) {
		size_t n = unhex(low_order[i], p);

		share_refused(low_order[i], X25519, p, n);
	}
	memset(p, 9, sizeof p);
	share_refused("X25519 of 31 bytes", X25519, p, 31);
	share_refused("X25519 of 33 bytes", X25519, p, 33);
	share_refused("no bytes", X25519, p, 0);
}
END_TEST

START_TEST(points_off_the_curve_are_refused)
{
	static const uint16_t groups[] = { P256, P384, P521 };

	for (size_t i = 0; i < UNIT_COUNT(groups); i++) {
		const struct sts_tls_group *g = sts_tls_group_find(groups[i]);
		uint8_t p[200] = { 0 };
		size_t len;
		const uint8_t *point =
		    br_ec_get_default()->generator(g->id, &len);

		memcpy(p, point, len);
		p[len - 1] ^= 1;
		share_refused("off the curve", g->id, p, len);
		memcpy(p, point, len);
		p[0] = 2;
		share_refused("compressed form", g->id, p, len);
		share_refused("compressed", g->id, p, (len + 1) / 2);
		p[0] = 6;
		share_refused("hybrid", g->id, p, len);
		p[0] = 4;
		share_refused("a byte less", g->id, p, len - 1);
		share_refused("a byte more", g->id, p, len + 1);
		memset(p + 1, 0, len - 1);
		share_refused("zero", g->id, p, len);
		memset(p + 1, 0xff, len - 1);
		share_refused("over the prime", g->id, p, len);
		p[0] = 0;
		share_refused("infinity", g->id, p, 1);
	}
}
END_TEST

/* RFC 7748 5: the top bit of an X25519 share is ignored. */
START_TEST(the_top_bit_of_a_share_is_ignored)
{
	struct hostile *h = server(false);
	uint8_t seed[STS_TLS_SEED] = { 0x5e, 1 }, share[32];

	sts_tls_share(seed, sts_tls_group(0), share);
	share[31] |= 0x80;
	h->plan.share = share;
	h->plan.share_len = sizeof share;
	begin();
	hostile_play(h, client);
	ck_assert(sts_tls_established(client) && h->client_finished);
}
END_TEST

/* The connection ends before each message: the reason is peer-closed, and no
 * alert is sent. */
START_TEST(a_handshake_closed_at_a_message_is_peer_closed)
{
	for (int s = STEP_HELLO; s <= STEP_FINISHED; s++) {
		for (unsigned old = 0; old < 2; old++) {
			struct hostile *h = server(false);

			h->plan.version = old ? STS_TLS_12 : 0;
			h->bends[0].step = (uint8_t)s;
			h->bends[0].op = OP_CLOSE;
			begin();
			hostile_play(h, client);
			if (!h->eof) {
				ck_assert(sts_tls_established(client));
				continue;
			}
			ck_assert_uint_eq(
			    sts_tls_wants(client), STS_TLS_FAILED);
			unit_int("reason or alert", sts_tls_why(client),
			    STS_WHY_PEER_CLOSED);
			unit_int("reason or alert", h->alert, NO_ALERT);
		}
	}
}
END_TEST

/* The same after each byte of the server's; the session is never
 * established. */
START_TEST(a_handshake_closed_at_a_byte_is_peer_closed)
{
	for (unsigned old = 0; old < 2; old++) {
		struct hostile *h = server(false);
		uint16_t whole;

		h->plan.version = old ? STS_TLS_12 : 0;
		begin();
		hostile_play(h, client);
		ck_assert(sts_tls_established(client));
		whole = (uint16_t)h->wire_len;
		for (uint16_t n = 1; n < whole;
		     n = (uint16_t)(n + unit_every())) {
			h = server(false);
			h->plan.version = old ? STS_TLS_12 : 0;
			h->plan.cut = n;
			begin();
			hostile_play(h, client);
			ck_assert_uint_eq(
			    sts_tls_wants(client), STS_TLS_FAILED);
			unit_int("reason or alert", sts_tls_why(client),
			    STS_WHY_PEER_CLOSED);
			unit_int("reason or alert", h->alert, NO_ALERT);
			ck_assert(!h->client_finished || old == 1);
		}
	}
}
END_TEST

static const struct {
	const char *name;
	enum sts_why why;
	int alert;
	unsigned works; /* signature checks of the path */
} paths[] = {
	{ "wrong-host", STS_WHY_X509_NAME, 42, 0 },
	{ "expired-leaf", STS_WHY_X509_EXPIRED, 45, 0 },
	{ "key-ed25519", STS_WHY_X509_ALGORITHM, 43, 0 },
	{ "broken-signature", STS_WHY_X509_SIGNATURE, 42, 1 },
	{ "truncated", STS_WHY_X509_MALFORMED, 42, 0 },
};

/* The path is judged first. A refused path is the reason, and the server's
 * signature, which is wrong here as well, is not checked. */
START_TEST(the_path_is_judged_before_the_signature)
{
	for (size_t i = 0; i < UNIT_COUNT(paths); i++) {
		for (unsigned old = 0; old < 2; old++) {
			struct hostile *h = server(false);

			case_load(&the_case, paths[i].name);
			h->chain_len = the_case.count;
			h->plan.version = old ? STS_TLS_12 : 0;
			h->plan.one_record = true;
			begin();
			hostile_play(h, client);
			ck_assert_msg(
			    (sts_tls_wants(client) & STS_TLS_FAILED) != 0,
			    "%s: goes on", paths[i].name);
			unit_int(
			    paths[i].name, sts_tls_why(client), paths[i].why);
			unit_int(paths[i].name, h->alert, paths[i].alert);
			unit_int(paths[i].name, h->alert_sealed, !old);
			/* The share, in 1.3 the secret, and the path. */
			ck_assert_uint_ge(
			    h->works, (old ? 1 : 2) + paths[i].works);
			ck_assert_uint_eq(h->hellos, 1);
			ck_assert(!h->client_finished);
		}
	}
}
END_TEST

/* The path is good, and the server signs with another key. */
START_TEST(a_signature_by_another_key_is_refused)
{
	for (unsigned old = 0; old < 2; old++) {
		struct hostile *h = server(false);

		case_load(&the_case, "good-ec");
		h->chain_len = the_case.count;
		h->plan.version = old ? STS_TLS_12 : 0;
		begin();
		hostile_play(h, client);
		ck_assert((sts_tls_wants(client) & STS_TLS_FAILED) != 0);
		unit_int("reason or alert", sts_tls_why(client),
		    STS_WHY_TLS_PROTOCOL);
		unit_int("reason or alert", h->alert, 51);
	}
}
END_TEST

static struct hostile *
established(uint16_t version, uint16_t suite)
{
	struct hostile *h = server(false);

	h->plan.version = version;
	h->plan.suite = suite;
	begin();
	hostile_play(h, client);
	ck_assert(sts_tls_established(client) && h->client_finished);
	return h;
}

static void
send_text(struct hostile *h, const char *text)
{
	struct sts_span room = sts_tls_app_send_buf(client);

	ck_assert_uint_ge(room.n, strlen(text));
	memcpy(room.p, text, strlen(text));
	sts_tls_app_send_ack(client, strlen(text));
	sts_tls_app_flush(client);
	hostile_pump(h, client);
	unit_text("read by the server", sts_text(h->heard, h->heard_len), text);
	h->heard_len = 0;
}

/* Read all content that waits. Returns its length. */
static size_t
read_all(struct hostile *h, uint8_t *out, size_t size)
{
	size_t n = 0;

	while ((sts_tls_wants(client) & STS_TLS_APP_RECV) != 0) {
		struct sts_text t = sts_tls_app_recv_buf(client);

		ck_assert_uint_le(t.n, size - n);
		memcpy(out + n, t.p, t.n);
		n += t.n;
		sts_tls_app_recv_ack(client, t.n);
		hostile_pump(h, client);
	}
	return n;
}

static const struct {
	uint16_t version, suite;
	bool whole;
} talks[] = {
	{ 0, 0x1301, false },
	{ 0, 0x1302, false },
	{ 0, 0x1303, true },
	{ STS_TLS_12, 0xc02b, false },
	{ STS_TLS_12, 0xc02c, false },
	{ STS_TLS_12, 0xcca9, true },
};

/* A question, answers of all sizes, close_notify from both sides. */
START_TEST(data_of_all_sizes_arrive_in_both_directions)
{
	static const size_t sizes[] = { 1, 2, 15, 16, 17, 1000, 1002, 1003,
		1004, 1018, 1019, 1020, 5000, 16383, 16384 };
	static uint8_t reply[STS_TLS_PLAIN_MAX], got[STS_TLS_PLAIN_MAX];

	for (size_t i = 0; i < UNIT_COUNT(talks); i++) {
		struct hostile *h;

		if (STS_TLS_SMALL && talks[i].whole) {
			continue;
		}
		h = established(talks[i].version, talks[i].suite);
		send_text(h, "GET / HTTP/1.1\r\n\r\n");
		for (size_t k = 0; k < UNIT_COUNT(sizes); k++) {
			memset(reply, 0, sizeof reply);
			for (size_t b = 0; b < sizes[k]; b += 3) {
				reply[b] = (uint8_t)(b + k);
			}
			hostile_send(
			    h, STS_TLS_APPLICATION, sts_text(reply, sizes[k]));
			hostile_pump(h, client);
			ck_assert_uint_eq(
			    read_all(h, got, sizeof got), sizes[k]);
			ck_assert_mem_eq(got, reply, sizes[k]);
			ck_assert(!sts_tls_provisional(client));
		}
		send_text(h, "more");
		hostile_send(
		    h, STS_TLS_ALERT, sts_text((const uint8_t *)"\1\0", 2));
		hostile_pump(h, client);
		ck_assert_uint_eq(sts_tls_wants(client), STS_TLS_CLOSED);
		unit_int("alert", h->alert, 0);
		/* Nothing is received or sent after close_notify. */
		ck_assert_uint_eq(sts_tls_rec_recv_buf(client).n, 0);
		ck_assert_uint_eq(sts_tls_app_send_buf(client).n, 0);
		sts_tls_peer_closed(client);
		ck_assert_uint_eq(sts_tls_wants(client), STS_TLS_CLOSED);
	}
}
END_TEST

/* In TLS 1.3 the first request goes out with our last flight, also behind the
 * unsent part of that; but not while bytes that came behind the server's flight
 * occupy the buffer. In TLS 1.2 the server's Finished comes first. */
START_TEST(a_first_request_goes_out_with_the_flight)
{
	for (size_t i = 0; i < UNIT_COUNT(talks); i++) {
		for (unsigned kind = 0; kind < 6; kind++) {
			struct hostile *h = server(false);
			bool old = talks[i].version == STS_TLS_12;
			bool apart = kind / 2 == 1, early = kind / 2 == 2;
			uint8_t got[64];

			if (STS_TLS_SMALL && talks[i].whole) {
				continue;
			}
			h->plan.version = talks[i].version;
			h->plan.suite = talks[i].suite;
			h->plan.request = kind % 2 == 1;
			h->plan.early = early && !old;
			h->apart = apart ? 50 : 0;
			h->request = "GET / HTTP/1.1\r\n\r\n";
			begin();
			hostile_play(h, client);
			ck_assert(sts_tls_established(client));
			ck_assert(h->client_finished && !h->unreadable);
			/* Early data are read first, if there are any. */
			(void)read_all(h, got, sizeof got);
			unit_text("read by the server",
			    sts_text(h->heard, h->heard_len),
			    "GET / HTTP/1.1\r\n\r\n");
			unit_int("sends", h->sendings,
			    2 + (old || apart || (early && !STS_TLS_SMALL)));
		}
	}
}
END_TEST

/* Records that came with the server's flight, or behind it, are still there
 * after our own flight was sent from the same buffer: whole, and cut
 * anywhere. */
START_TEST(data_received_with_the_flight_are_kept)
{
	for (size_t segment = 0; segment < 900; segment += 7) {
		struct hostile *h = server(false);
		uint8_t got[64];

		h->plan.early = true;
		h->segment = segment;
		begin();
		hostile_play(h, client);
		ck_assert(sts_tls_established(client) && h->client_finished);
		ck_assert_uint_eq(read_all(h, got, sizeof got), 5);
		ck_assert_mem_eq(got, "early", 5);
		send_text(h, "GET / HTTP/1.1\r\n\r\n");
		h->eof = true;
		hostile_pump(h, client);
		unit_int("reason", sts_tls_why(client), STS_WHY_TLS_TRUNCATED);
	}
}
END_TEST

/* Everything that the server sends at once has room in one piece, and is
 * read. */
START_TEST(all_that_is_sent_at_once_is_received)
{
	static uint8_t got[8 * 100];
	struct hostile *h = established(0, 0);

	if (STS_TLS_SMALL) {
		return;
	}
	for (uint8_t i = 0; i < 8; i++) {
		memset(got, i, 100);
		hostile_send(h, STS_TLS_APPLICATION, sts_text(got, 100));
	}
	ck_assert_uint_ge(
	    sts_tls_rec_recv_buf(client).n, h->wire_len - h->wire_off);
	hostile_pump(h, client);
	ck_assert_uint_eq(h->wire_off, h->wire_len);
	/* Nothing is received while a flight or data occupy the buffer. */
	ck_assert_uint_eq(sts_tls_rec_recv_buf(client).n, 0);
	ck_assert_uint_eq(read_all(h, got, sizeof got), sizeof got);
	for (size_t i = 0; i < sizeof got; i++) {
		ck_assert_uint_eq(got[i], i / 100);
	}
	/* The end of the connection is reported after the data that came before
	 * it. */
	hostile_send(h, STS_TLS_APPLICATION, sts_text(got, 100));
	hostile_send(h, STS_TLS_APPLICATION, sts_text(got, 100));
	h->eof = true;
	hostile_pump(h, client);
	ck_assert_uint_eq(read_all(h, got, sizeof got), 200);
	unit_int("reason", sts_tls_why(client), STS_WHY_TLS_TRUNCATED);
}
END_TEST

/* A record of data has a wrong tag: content that was already handed out was
 * provisional, and the session fails at the record's end. */
START_TEST(forged_data_fail_at_their_records_end)
{
	static const uint16_t versions[] = { 0, STS_TLS_12 };
	static uint8_t got[5000];

	for (size_t i = 0; i < UNIT_COUNT(versions); i++) {
		struct hostile *h = established(versions[i], 0);
		size_t n = 0;

		hostile_send(h, STS_TLS_APPLICATION, sts_text(got, sizeof got));
		h->wire[h->wire_len - 1] ^= 1;
		hostile_pump(h, client);
		while ((sts_tls_wants(client) & STS_TLS_APP_RECV) != 0) {
			ck_assert(sts_tls_provisional(client));
			n += sts_tls_app_recv_buf(client).n;
			sts_tls_app_recv_ack(
			    client, sts_tls_app_recv_buf(client).n);
			hostile_pump(h, client);
		}
		unit_int("content handed out", n > 0, STS_TLS_SMALL);
		ck_assert_uint_eq(sts_tls_wants(client), STS_TLS_FAILED);
		unit_int("alert", h->alert, 20);
		ck_assert(!sts_tls_provisional(client));
	}
}
END_TEST

/* The connection ends within a record of data. */
START_TEST(an_end_within_data_is_a_truncation)
{
	struct hostile *h = established(0, 0);
	static uint8_t got[5000];

	hostile_send(h, STS_TLS_APPLICATION, sts_text(got, sizeof got));
	h->wire_len--;
	hostile_pump(h, client);
	(void)read_all(h, got, sizeof got);
	unit_int(
	    "provisional content", sts_tls_provisional(client), STS_TLS_SMALL);
	sts_tls_peer_closed(client);
	ck_assert_uint_eq(sts_tls_wants(client), STS_TLS_FAILED);
	unit_int("reason", sts_tls_why(client), STS_WHY_TLS_TRUNCATED);
}
END_TEST

/* Records that we send keep to the server's limit (RFC 8449 4, RFC 6066 4),
 * which in 1.3 includes the type. */
static const struct {
	uint16_t version;
	const char *ext;
	uint16_t n;
	size_t most;
} limited[] = {
	{ 0, B("\0\34\0\2\0\100"), 63 },
	{ STS_TLS_12, B("\0\34\0\2\0\100"), 64 },
	{ 0, B("\0\34\0\2\1\0"), 255 },
	{ STS_TLS_12, B("\0\34\0\2\1\0"), 256 },
	{ 0, B("\0\1\0\1\1"), 512 },
	{ STS_TLS_12, B("\0\1\0\1\1"), 512 },
};

START_TEST(records_keep_to_the_servers_limit)
{
	for (size_t i = 0; i < UNIT_COUNT(limited) && STS_TLS_SMALL; i++) {
		struct hostile *h = server(false);

		h->plan.version = limited[i].version;
		h->bends[0].step =
		    limited[i].version == 0 ? STEP_EXTENSIONS : STEP_HELLO;
		h->bends[0].op = OP_EXTENSION;
		h->bends[0].bytes = limited[i].ext;
		h->bends[0].n = limited[i].n;
		begin();
		hostile_play(h, client);
		ck_assert(sts_tls_established(client) && h->client_finished);
		ck_assert_uint_eq(
		    sts_tls_app_send_buf(client).n, limited[i].most);
		send_text(h, "GET / HTTP/1.1\r\n\r\n");
	}
}
END_TEST

/* RFC 8446 4.6.3, 7.2: keys change in both directions. Our KeyUpdate is sent
 * before the next record, once, however often it was requested. */
START_TEST(keys_are_updated_in_both_directions)
{
	struct hostile *h = established(0, 0);
	uint8_t got[8];

	for (unsigned i = 0; i < STS_TLS_UPDATES_MAX; i++) {
		hostile_update(h, i % 3 == 1);
		hostile_send(h, STS_TLS_APPLICATION,
		    sts_text((const uint8_t *)"data", 4));
		hostile_pump(h, client);
		ck_assert_uint_eq(read_all(h, got, sizeof got), 4);
	}
	ck_assert_uint_eq(h->client_updates, 0);
	send_text(h, "question");
	ck_assert_uint_eq(h->client_updates, 1);
	send_text(h, "another");
	ck_assert_uint_eq(h->client_updates, 1);
	hostile_update(h, 0);
	hostile_pump(h, client);
	ck_assert_uint_eq(sts_tls_wants(client), STS_TLS_FAILED);
	unit_int("alert for the 33rd update", h->alert, 10);
}
END_TEST

/* A ticket may be cut over many records. */
START_TEST(a_ticket_may_come_in_pieces)
{
	struct hostile *h = established(0, 0);
	uint8_t ticket[4 + 200] = { 4, 0, 0, 200 }, got[8];

	for (size_t i = 0; i < sizeof ticket; i += 51) {
		hostile_send(h, STS_TLS_HANDSHAKE, sts_text(ticket + i, 51));
	}
	hostile_send(
	    h, STS_TLS_APPLICATION, sts_text((const uint8_t *)"data", 4));
	hostile_pump(h, client);
	ck_assert_uint_eq(read_all(h, got, sizeof got), 4);
	/* Data must not come in the middle of a ticket. */
	hostile_send(h, STS_TLS_HANDSHAKE, sts_text(ticket, 51));
	hostile_send(
	    h, STS_TLS_APPLICATION, sts_text((const uint8_t *)"data", 4));
	hostile_pump(h, client);
	unit_int("alert for data amid a ticket", h->alert, 10);
}
END_TEST

/* The connection ends without close_notify. */
START_TEST(an_end_without_close_notify_is_a_truncation)
{
	struct hostile *h = established(0, 0);
	uint8_t got[8];

	hostile_send(
	    h, STS_TLS_APPLICATION, sts_text((const uint8_t *)"data", 4));
	hostile_pump(h, client);
	sts_tls_peer_closed(client);
	ck_assert_uint_eq(sts_tls_wants(client), STS_TLS_APP_RECV);
	ck_assert_uint_eq(read_all(h, got, sizeof got), 4);
	ck_assert_uint_eq(sts_tls_wants(client), STS_TLS_FAILED);
	unit_int("reason", sts_tls_why(client), STS_WHY_TLS_TRUNCATED);
}
END_TEST

/* Records at the limits of their length (RFC 8446 5.1, 5.2, 5.4). */
static const struct {
	const char *name;
	bool sealed;
	size_t len; /* as the header has it */
	enum sts_why why;
	int alert;
} lengths[] = {
	{ "16,384 in the clear", false, 16384, STS_WHY_NONE, NO_ALERT },
	{ "16,385 in the clear", false, 16385, BAD(22) },
	{ "65,535 in the clear", false, 65535, BAD(22) },
	{ "16,640 sealed", true, 16640, STS_WHY_NONE, NO_ALERT },
	{ "16,641 sealed", true, 16641, BAD(22) },
};

START_TEST(records_over_the_limit_are_refused)
{
	for (size_t i = 0; i < UNIT_COUNT(lengths); i++) {
		struct hostile *h = server(false);
		uint8_t header[5] = { lengths[i].sealed ? 23 : 22, 3, 3,
			(uint8_t)(lengths[i].len >> 8),
			(uint8_t)lengths[i].len };

		if (STS_TLS_SMALL && lengths[i].why == STS_WHY_NONE) {
			continue; /* test_tls_small.c plays it */
		}
		begin();
		if (lengths[i].sealed) {
			hostile_play(h, client);
		} else {
			h->alert = NO_ALERT;
			hostile_pump(h, client);
		}
		memcpy(h->wire + h->wire_len, header, sizeof header);
		h->wire_len += sizeof header;
		hostile_pump(h, client);
		unit_int(lengths[i].name, h->alert, lengths[i].alert);
		if (lengths[i].why == STS_WHY_NONE) {
			ck_assert_uint_eq(
			    sts_tls_wants(client), STS_TLS_REC_RECV);
			continue;
		}
		unit_int(lengths[i].name, sts_tls_why(client), lengths[i].why);
	}
}
END_TEST

/* Content with its padding and type has 16,385 bytes at most. */
START_TEST(padding_over_the_limit_is_refused)
{
	static uint8_t content[STS_TLS_PLAIN_MAX + 2];

	for (size_t more = 0; more < 2; more++) {
		struct hostile *h = established(0, 0x1301);
		static uint8_t got[STS_TLS_PLAIN_MAX];

		/* The last byte that is not 0 is the type: zeros up to
		 * 16,384 + more follow a single byte of data. */
		memset(content, 0, sizeof content);
		content[0] = 'x';
		content[1] = STS_TLS_APPLICATION;
		hostile_send(h, 0, sts_text(content, STS_TLS_PLAIN_MAX + more));
		hostile_pump(h, client);
		if (more == 0) {
			ck_assert_uint_eq(read_all(h, got, sizeof got), 1);
		} else {
			unit_int("alert", h->alert, 22);
		}
	}
}
END_TEST

/* Records of nothing but padding are tolerated 32 times in a row, whatever
 * their length; for handshake records not once. */
START_TEST(a_row_of_padding_is_refused)
{
	static const size_t sizes[] = { 1, 20, 3000, STS_TLS_PLAIN_MAX };
	static uint8_t content[STS_TLS_PLAIN_MAX];
	uint8_t got[8];

	for (size_t i = 0; i < UNIT_COUNT(sizes); i++) {
		struct hostile *h = established(0, 0x1301);
		struct sts_text nothing = { content, sizes[i] };
		struct sts_text data = { (const uint8_t *)"data", 4 };

		content[0] = STS_TLS_APPLICATION;
		for (unsigned k = 0; k < 64; k++) {
			if (k == 32) { /* data end the row */
				hostile_send(h, STS_TLS_APPLICATION, data);
			}
			hostile_send(h, 0, nothing);
			hostile_pump(h, client);
			(void)read_all(h, got, sizeof got);
			unit_int("alert within the row", h->alert, NO_ALERT);
			h->wire_off = h->wire_len = 0;
		}
		hostile_send(h, 0, nothing);
		hostile_pump(h, client);
		unit_int("alert for one more", h->alert, 10);
		h = established(0, 0x1301);
		content[0] = STS_TLS_HANDSHAKE;
		hostile_send(h, 0, nothing);
		hostile_pump(h, client);
		unit_int("alert for an empty handshake record", h->alert, 10);
	}
}
END_TEST

static bool
in_memory(const void *secret, size_t n)
{
	const uint8_t *p = (const uint8_t *)client;

	for (size_t i = 0; i + n <= sts_tls_size(); i++) {
		if (memcmp(p + i, secret, n) == 0) {
			return true;
		}
	}
	return false;
}

/* Secrets of the handshake are wiped when it ends; all others after a failure
 * and after the end. */
START_TEST(secrets_are_wiped_after_a_failure)
{
	static const uint16_t versions[] = { 0, STS_TLS_12 };
	uint8_t rnd[STS_TLS_RND];

	memset(rnd, 0x5a, sizeof rnd);
	for (size_t i = 0; i < UNIT_COUNT(versions); i++) {
		struct hostile *h = established(versions[i], 0);
		bool is_13 = versions[i] == 0;

		ck_assert(in_memory(h->in.key, 16));
		ck_assert(in_memory(h->out.key, 16));
		ck_assert(!in_memory(rnd, 16));
		ck_assert(!in_memory(h->shared, 16));
		ck_assert(!in_memory(h->secret, 16));
		if (is_13) {
			ck_assert(in_memory(h->in.secret, 16));
			ck_assert(!in_memory(h->hs_in.secret, 16));
			ck_assert(!in_memory(h->hs_out.secret, 16));
			ck_assert(!in_memory(h->hs_in.key, 16));
			ck_assert(!in_memory(h->hs_out.key, 16));
			hostile_update(h, 1);
			hostile_pump(h, client);
			send_text(h, "x");
			ck_assert(in_memory(h->out.secret, 16));
		}
		/* a record that cannot be opened */
		h->out.key[0] ^= 1;
		hostile_send(h, STS_TLS_APPLICATION,
		    sts_text((const uint8_t *)"data", 4));
		h->out.key[0] ^= 1;
		hostile_pump(h, client);
		ck_assert_uint_eq(sts_tls_wants(client), STS_TLS_FAILED);
		ck_assert(!in_memory(h->in.key, 16));
		ck_assert(!in_memory(h->out.key, 16));
		ck_assert(!is_13 || !in_memory(h->in.secret, 16));
		sts_tls_end(client);
	}
}
END_TEST

/* A handshake that fails wipes its secrets. */
START_TEST(secrets_are_wiped_when_a_handshake_fails)
{
	struct hostile *h = server(false);
	uint8_t rnd[STS_TLS_RND];

	memset(rnd, 0x5a, sizeof rnd);
	h->bends[0].step = STEP_FINISHED;
	h->bends[0].op = OP_FLIP;
	h->bends[0].at = 6;
	begin();
	ck_assert(in_memory(rnd, 16));
	hostile_play(h, client);
	ck_assert((sts_tls_wants(client) & STS_TLS_FAILED) != 0);
	ck_assert(!in_memory(rnd, 16));
	ck_assert(!in_memory(h->shared, 16));
	ck_assert(!in_memory(h->secret, 16));
	ck_assert(!in_memory(h->hs_in.secret, 16));
	ck_assert(!in_memory(h->hs_out.key, 16));
}
END_TEST

static size_t
next_hello(uint8_t *out)
{
	size_t n = 0;

	while ((sts_tls_wants(client) & STS_TLS_WORK) != 0) {
		sts_tls_work(client);
	}
	while ((sts_tls_wants(client) & STS_TLS_REC_SEND) != 0) {
		struct sts_text t = sts_tls_rec_send_buf(client);

		memcpy(out + n, t.p, t.n);
		n += t.n;
		sts_tls_rec_send_ack(client, t.n);
	}
	return n;
}

/* The second hello is the first except for its share, its cookie, and the
 * padding that makes up for their length (RFC 8446 4.1.2). */
START_TEST(the_second_hello_repeats_the_first)
{
	struct hostile *h = server(false);
	uint8_t one[1100], two[1100];
	size_t n;

	begin();
	n = next_hello(one);
	ck_assert_uint_lt(n, sizeof one);
	/* the version that old servers expect */
	ck_assert_mem_eq(one, "\26\3\1", 3);
	h->plan.retry = true;
	h->plan.retry_group = P256;
	h->plan.cookie_len = 4;
	begin();
	hostile_play(h, client);
	ck_assert(sts_tls_established(client));
	unit_int("hellos sent", h->hellos, 2);
	/* Both hellos have the same random and session id. */
	begin();
	(void)next_hello(two);
	ck_assert_mem_eq(one, two, n);
	ck_assert_mem_eq(one + 11, h->client_random, 32);
	ck_assert_mem_eq(one + 44, h->session_id, 32);
}
END_TEST

/* Hellos of 256 to 511 bytes are padded to 512, whatever the name's length. */
START_TEST(hellos_avoid_the_lengths_that_servers_drop)
{
	char name[STS_NAME_MAX + 1];
	uint8_t out[1100] = { 0 };

	(void)server(false);
	begin();
	for (size_t n = 1; n <= STS_NAME_MAX; n++) {
		size_t len;

		for (size_t i = 0; i < n; i++) {
			name[i] = i % 60 == 59 && i + 1 < n ? '.' : 'a';
		}
		name[n] = '\0';
		sts_tls_start(client, unit_span(name), &the_case.anchors,
		    the_case.date_s, out);
		sts_tls_use_alpn(client, unit_span("http/1.1"));
		len = next_hello(out) - 5;
		ck_assert_uint_eq(len, 4U + sts_get16be(out + 7));
		ck_assert_msg(len < 256 || len >= 512, "%zu: %zu", n, len);
		ck_assert_uint_le(len, STS_TLS_HELLO_MAX);
	}
}
END_TEST

void
unit_tests(TCase *tc)
{
	for (size_t i = 1; i < sizeof tickets; i += 4) {
		tickets[i] = STS_TLS_NEW_SESSION_TICKET;
	}
	tcase_set_timeout(tc, 120);
	tcase_add_test(tc, good_handshakes_are_established);
	tcase_add_test(tc, bent_hellos_are_refused);
	tcase_add_test(tc, bent_flights_are_refused);
	tcase_add_test(tc, bent_handshakes_of_tls_12_are_refused);
	tcase_add_test(tc, bent_records_are_refused);
	tcase_add_test(tc, shares_of_low_order_are_refused);
	tcase_add_test(tc, points_off_the_curve_are_refused);
	tcase_add_test(tc, the_top_bit_of_a_share_is_ignored);
	tcase_add_test(tc, a_handshake_closed_at_a_message_is_peer_closed);
	tcase_add_test(tc, a_handshake_closed_at_a_byte_is_peer_closed);
	tcase_add_test(tc, the_path_is_judged_before_the_signature);
	tcase_add_test(tc, a_signature_by_another_key_is_refused);
	tcase_add_test(tc, data_of_all_sizes_arrive_in_both_directions);
	tcase_add_test(tc, a_first_request_goes_out_with_the_flight);
	tcase_add_test(tc, data_received_with_the_flight_are_kept);
	tcase_add_test(tc, all_that_is_sent_at_once_is_received);
	tcase_add_test(tc, forged_data_fail_at_their_records_end);
	tcase_add_test(tc, an_end_within_data_is_a_truncation);
	tcase_add_test(tc, records_keep_to_the_servers_limit);
	tcase_add_test(tc, keys_are_updated_in_both_directions);
	tcase_add_test(tc, a_ticket_may_come_in_pieces);
	tcase_add_test(tc, an_end_without_close_notify_is_a_truncation);
	tcase_add_test(tc, records_over_the_limit_are_refused);
	tcase_add_test(tc, padding_over_the_limit_is_refused);
	tcase_add_test(tc, a_row_of_padding_is_refused);
	tcase_add_test(tc, secrets_are_wiped_after_a_failure);
	tcase_add_test(tc, secrets_are_wiped_when_a_handshake_fails);
	tcase_add_test(tc, the_second_hello_repeats_the_first);
	tcase_add_test(tc, hellos_avoid_the_lengths_that_servers_drop);
}
