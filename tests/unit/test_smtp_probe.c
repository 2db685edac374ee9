/* SPDX-License-Identifier: MIT */
/* core/smtp/smtp_probe: one dialogue a row, by script; each row is a trap. */
#include "smtp_peer.h"

const char unit_name[] = "smtp_probe";

enum {
	WANT_MAX = 1024,
	CHAIN_SIZE = 8192
};

#define GREET "S 220 mx.example ESMTP"
#define EHLO "C EHLO client.example.org"
#define HELO "C HELO client.example.org"
#define OFFER "S 250-mx.example", "S 250 STARTTLS"
#define START "C STARTTLS", "S 220 go ahead"
#define QUIT "C QUIT", "S 221 bye"
#define TLS GREET, EHLO, OFFER, START, "T"
#define AGAIN EHLO, "S 250-mx.example", "S 250 SIZE 1000"
#define WHOLE TLS, AGAIN, QUIT

enum {
	/* played only as a whole: in segments the result differs */
	WHOLE_ONLY = 1
};

/* A row: certificates (NULL: server-ec), whether TLS is wanted, the script, and
 * the expected result: "WHY STEP [CODE TEXT]; STARTTLS[; tls PATH KEY]". */
static const struct row {
	const char *name, *cert, *kind;
	enum sts_smtp_tls starttls;
	unsigned flags;
	const char *script[PEER_DEEDS];
	const char *want;
} rows[] = {
	{ "STARTTLS, TLS, EHLO and QUIT", NULL, NULL, STS_SMTP_TLS_MUST, 0,
	    { WHOLE }, "ok ehlo; found; tls ok ecdsa" },
	{ "with RSA", "server-rsa", "rsa", STS_SMTP_TLS_MUST, 0, { WHOLE },
	    "ok ehlo; found; tls ok rsa" },
	{ "all of the greeting is awaited", NULL, NULL, STS_SMTP_TLS_MUST, 0,
	    { "S 220-mx.example teaser", "W 30000", "S 220-still", "W 29000",
		"S 220 mx.example ESMTP", EHLO, OFFER, START, "T", AGAIN,
		QUIT },
	    "ok ehlo; found; tls ok ecdsa" },
	{ "a greeting that never ends", NULL, NULL, STS_SMTP_TLS_MUST, 0,
	    { "S 220-mx.example teaser", "W 59999", "S 220-wait", "W 1" },
	    "smtp-no-greeting greeting; unknown" },
	{ "no greeting", NULL, NULL, STS_SMTP_TLS_MUST, 0, { "R ", "W 60000" },
	    "smtp-no-greeting greeting; unknown" },
	{ "a greeting of one octet", NULL, NULL, STS_SMTP_TLS_MUST, 0,
	    { "R 2", "W 60000" }, "smtp-no-greeting greeting; unknown" },
	{ "greeting 554", NULL, NULL, STS_SMTP_TLS_MUST, 0,
	    { "S 554-5.7.1 mx.example", "S 554 you are listed", QUIT },
	    "smtp-greeting-refused greeting 554 [5.7.1] 5.7.1 mx.example; "
	    "unknown" },
	{ "greeting 421", NULL, NULL, STS_SMTP_TLS_MUST, 0,
	    { "S 421 too busy", QUIT },
	    "smtp-greeting-later greeting 421 too busy; unknown" },
	{ "greeting 421, closed", NULL, NULL, STS_SMTP_TLS_MUST, 0,
	    { "S 421 too busy", "C QUIT", "E" },
	    "smtp-greeting-later greeting 421 too busy; unknown" },
	{ "greeting 450", NULL, NULL, STS_SMTP_TLS_MUST, 0,
	    { "S 450 4.3.2 later", QUIT },
	    "smtp-greeting-later greeting 450 [4.3.2] 4.3.2 later; unknown" },
	{ "greeting 250", NULL, NULL, STS_SMTP_TLS_MUST, 0,
	    { "S 250 hello", QUIT },
	    "smtp-greeting-refused greeting 250 hello; unknown" },
	{ "another protocol", NULL, NULL, STS_SMTP_TLS_MUST, 0,
	    { "S SSH-2.0-OpenSSH" }, "smtp-malformed greeting; unknown" },
	{ "closed in place of a greeting", NULL, NULL, STS_SMTP_TLS_MUST, 0,
	    { "S 220-mx.example", "E" }, "smtp-closed greeting; unknown" },
	{ "reset in place of a greeting", NULL, NULL, STS_SMTP_TLS_MUST, 0,
	    { "S 220-mx.example", "X" }, "peer-reset greeting; unknown" },
	{ "out of memory here before the greeting", NULL, NULL,
	    STS_SMTP_TLS_MUST, 0, { "S 220-mx.example", "O limit" },
	    "busy greeting; unknown" },
	{ "unreachable before the greeting", NULL, NULL, STS_SMTP_TLS_MUST, 0,
	    { "S 220-mx.example", "O none" }, "smtp-closed greeting; unknown" },
	{ "connection refused", NULL, NULL, STS_SMTP_TLS_MUST, 0,
	    { "O refused" }, "connect-refused connect; unknown" },
	{ "unreachable", NULL, NULL, STS_SMTP_TLS_MUST, 0, { "O none" },
	    "connect-failed connect; unknown" },
	{ "no free channel here", NULL, NULL, STS_SMTP_TLS_MUST, 0,
	    { "O limit" }, "busy connect; unknown" },
	{ "no connection", NULL, NULL, STS_SMTP_TLS_MUST, 0, { "W 10000" },
	    "connect-timeout connect; unknown" },

	{ "EHLO refused, HELO not", NULL, NULL, STS_SMTP_TLS_MUST, 0,
	    { GREET, EHLO, "S 502 what?", HELO, "S 250 mx.example", QUIT },
	    "smtp-no-starttls helo; absent" },
	{ "EHLO and HELO refused", NULL, NULL, STS_SMTP_TLS_MUST, 0,
	    { GREET, EHLO, "S 500 what?", HELO, "S 550 no", QUIT },
	    "smtp-ehlo helo 550 no; unknown" },
	{ "EHLO refused for now", NULL, NULL, STS_SMTP_TLS_MUST, 0,
	    { GREET, EHLO, "S 421 4.3.0 no", QUIT },
	    "smtp-ehlo ehlo 421 [4.3.0] 4.3.0 no; unknown" },
	{ "EHLO is answered by something else", NULL, NULL, STS_SMTP_TLS_MUST,
	    0, { GREET, EHLO, "S 354 go", QUIT },
	    "smtp-ehlo ehlo 354 go; unknown" },
	{ "no reply to EHLO", NULL, NULL, STS_SMTP_TLS_MUST, 0,
	    { GREET, EHLO, "W 29999", "S 250-mx.example", "W 1" },
	    "smtp-timeout ehlo; unknown" },
	{ "closed behind EHLO", NULL, NULL, STS_SMTP_TLS_MUST, 0,
	    { GREET, EHLO, "S 250-mx.example", "E" },
	    "smtp-closed ehlo; unknown" },
	{ "a reply over the limit", NULL, NULL, STS_SMTP_TLS_MUST, 0,
	    { GREET, EHLO,
		"R 250-"
		"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
		"aa"
		"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
		"aa"
		"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
		"aa"
		"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
		"aa"
		"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
		"aa"
		"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
		"aa"
		"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
		"aa"
		"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
		"aa"
		"\r\n" },
	    "smtp-reply-large ehlo; unknown" },

	{ "STARTTLS is not offered", NULL, NULL, STS_SMTP_TLS_MUST, 0,
	    { GREET, EHLO, "S 250-mx.example", "S 250 SIZE 9", QUIT },
	    "smtp-no-starttls ehlo; absent" },
	{ "STARTTLS in the first line is none", NULL, NULL, STS_SMTP_TLS_MUST,
	    0, { GREET, EHLO, "S 250 STARTTLS", QUIT },
	    "smtp-no-starttls ehlo; absent" },
	{ "lower case, trailing blanks, LF alone", NULL, NULL,
	    STS_SMTP_TLS_MUST, 0,
	    { "R 220 mx.example ESMTP\n", EHLO,
		"R 250-mx.example\n250 starttls  \n", START, "T", AGAIN, QUIT },
	    "ok ehlo; found; tls ok ecdsa" },
	{ "a keyword is masked", NULL, NULL, STS_SMTP_TLS_MUST, 0,
	    { GREET, EHLO, "S 250-mx.example", "S 250 XXXXXXXA", QUIT },
	    "smtp-masked ehlo; absent" },
	{ "the greeting is masked", NULL, NULL, STS_SMTP_TLS_MUST, 0,
	    { "S 220 ****2*****0*", EHLO, "S 250 mx.example", QUIT },
	    "smtp-masked ehlo; absent" },
	{ "masked, but STARTTLS is there", NULL, NULL, STS_SMTP_TLS_MUST, 0,
	    { "S 220 ****2*****0*", EHLO, OFFER, START, "T", AGAIN, QUIT },
	    "ok ehlo; found; tls ok ecdsa" },
	{ "STARTTLS 454", NULL, NULL, STS_SMTP_TLS_MUST, 0,
	    { GREET, EHLO, OFFER, "C STARTTLS", "S 454 4.7.0 not now", QUIT },
	    "smtp-starttls-later starttls 454 [4.7.0] 4.7.0 not now; "
	    "unknown" },
	{ "STARTTLS 501", NULL, NULL, STS_SMTP_TLS_MUST, 0,
	    { GREET, EHLO, OFFER, "C STARTTLS", "S 501 syntax", QUIT },
	    "smtp-starttls-refused starttls 501 syntax; absent" },
	{ "STARTTLS 502", NULL, NULL, STS_SMTP_TLS_MUST, 0,
	    { GREET, EHLO, OFFER, "C STARTTLS", "S 502 no", QUIT },
	    "smtp-starttls-refused starttls 502 no; absent" },
	{ "STARTTLS 250", NULL, NULL, STS_SMTP_TLS_MUST, 0,
	    { GREET, EHLO, OFFER, "C STARTTLS", "S 250 ok", QUIT },
	    "smtp-starttls-refused starttls 250 ok; absent" },
	{ "STARTTLS 220 of two lines", NULL, NULL, STS_SMTP_TLS_MUST, 0,
	    { GREET, EHLO, OFFER, "C STARTTLS", "S 220-go", "S 220 now", "T",
		AGAIN, QUIT },
	    "ok ehlo; found; tls ok ecdsa" },
	{ "no reply to STARTTLS", NULL, NULL, STS_SMTP_TLS_MUST, 0,
	    { GREET, EHLO, OFFER, "C STARTTLS", "W 30000" },
	    "smtp-timeout starttls; unknown" },

	/* RFC 3207 4.2; CVE-2011-0411, CVE-2021-38371. */
	{ "a reply behind the 220 of STARTTLS", NULL, NULL, STS_SMTP_TLS_MUST,
	    WHOLE_ONLY,
	    { GREET, EHLO, OFFER, "C STARTTLS",
		"R 220 go\r\n250 injected\r\n" },
	    "smtp-injected starttls; found" },
	{ "one octet behind the 220 of STARTTLS", NULL, NULL, STS_SMTP_TLS_MUST,
	    WHOLE_ONLY, { GREET, EHLO, OFFER, "C STARTTLS", "R 220 go\r\n2" },
	    "smtp-injected starttls; found" },
	{ "a TLS record behind the 220 of STARTTLS", NULL, NULL,
	    STS_SMTP_TLS_MUST, WHOLE_ONLY,
	    { GREET, EHLO, OFFER, "C STARTTLS",
		"R 220 go\n\x16\x03\x03\x01\x01" },
	    "smtp-injected starttls; found" },
	{ "the same where TLS is optional", NULL, NULL, STS_SMTP_TLS_MAY,
	    WHOLE_ONLY,
	    { GREET, EHLO, OFFER, "C STARTTLS",
		"R 220 go\r\n250 injected\r\n" },
	    "smtp-injected starttls; found" },
	{ "a reply behind a refused STARTTLS: none is injected into TLS", NULL,
	    NULL, STS_SMTP_TLS_MUST, WHOLE_ONLY,
	    { GREET, EHLO, OFFER, "C STARTTLS", "R 454 no\r\n250 b\r\n" },
	    "smtp-unasked starttls; unknown" },
	{ "two greetings", NULL, NULL, STS_SMTP_TLS_MUST, WHOLE_ONLY,
	    { "R 220 a\r\n220 b\r\n" }, "smtp-unasked greeting; unknown" },
	{ "two replies to EHLO", NULL, NULL, STS_SMTP_TLS_MUST, WHOLE_ONLY,
	    { GREET, EHLO, "R 250 a\r\n250 STARTTLS\r\n" },
	    "smtp-unasked ehlo; unknown" },
	{ "two replies inside of TLS", NULL, NULL, STS_SMTP_TLS_MUST,
	    WHOLE_ONLY, { TLS, EHLO, "R 250 a\r\n250 b\r\n" },
	    "smtp-unasked ehlo; found; tls ok ecdsa" },
	{ "octets behind the reply to QUIT", NULL, NULL, STS_SMTP_TLS_MUST, 0,
	    { TLS, AGAIN, "C QUIT", "R 221 a\r\n221 b\r\n" },
	    "ok ehlo; found; tls ok ecdsa" },

	{ "closed in place of a handshake", NULL, NULL, STS_SMTP_TLS_MUST, 0,
	    { GREET, EHLO, OFFER, START, "B", "E" },
	    "smtp-closed handshake; found" },
	{ "reset in place of a handshake", NULL, NULL, STS_SMTP_TLS_MUST, 0,
	    { GREET, EHLO, OFFER, START, "B", "X" },
	    "peer-reset handshake; found" },
	{ "no handshake", NULL, NULL, STS_SMTP_TLS_MUST, 0,
	    { GREET, EHLO, OFFER, START, "B", "W 30000" },
	    "tls-timeout handshake; found" },
	{ "an alert", NULL, NULL, STS_SMTP_TLS_MUST, 0,
	    { GREET, EHLO, OFFER, START, "B", "A 40" },
	    "tls-alert handshake; found; alert 40" },
	{ "an alert about the version", NULL, NULL, STS_SMTP_TLS_MUST, 0,
	    { GREET, EHLO, OFFER, START, "B", "A 70" },
	    "tls-version handshake; found; alert 70" },
	{ "an empty line in the clear", NULL, NULL, STS_SMTP_TLS_MUST, 0,
	    { GREET, EHLO, OFFER, START, "B", "R \r\n", "B" },
	    "smtp-injected handshake; found" },
	{ "SMTP goes on in the clear", NULL, NULL, STS_SMTP_TLS_MUST, 0,
	    { GREET, EHLO, OFFER, START, "B", "S 250 hello", "B" },
	    "smtp-injected handshake; found" },

	/* Whatever the verdict on the path, the handshake is completed, */
	{ "expired", "server-ec+expired", "ec", STS_SMTP_TLS_MUST, 0, { WHOLE },
	    "ok ehlo; found; tls x509-expired ecdsa" },
	{ "not yet valid", "server-ec+not-yet", "ec", STS_SMTP_TLS_MUST, 0,
	    { WHOLE }, "ok ehlo; found; tls x509-not-yet-valid ecdsa" },
	{ "another name", "server-ec+name", "ec", STS_SMTP_TLS_MUST, 0,
	    { WHOLE }, "ok ehlo; found; tls x509-name-mismatch ecdsa" },
	{ "another name, RSA", "server-rsa+name", "rsa", STS_SMTP_TLS_MUST, 0,
	    { WHOLE }, "ok ehlo; found; tls x509-name-mismatch rsa" },
	{ "unknown root", "server-ec+issuer", "ec", STS_SMTP_TLS_MUST, 0,
	    { WHOLE }, "ok ehlo; found; tls x509-unknown-issuer ecdsa" },
	{ "no intermediate", "server-ec+alone", "ec", STS_SMTP_TLS_MUST, 0,
	    { WHOLE }, "ok ehlo; found; tls x509-unknown-issuer ecdsa" },
	{ "too many certificates", "server-ec+long", "ec", STS_SMTP_TLS_MUST, 0,
	    { WHOLE }, "ok ehlo; found; tls x509-chain-too-long ecdsa" },
	{ "a stranger that cannot be read", "server-ec+garbage", "ec",
	    STS_SMTP_TLS_MUST, 0, { WHOLE },
	    "ok ehlo; found; tls x509-malformed ecdsa" },
	/* except with a key that cannot be used, */
	{ "a certificate that cannot be read", "truncated", "ec",
	    STS_SMTP_TLS_MUST, 0, { TLS }, "x509-malformed handshake; found" },
	{ "an unknown key", "key-ed25519", "ec", STS_SMTP_TLS_MUST, 0, { TLS },
	    "x509-algorithm handshake; found" },
	{ "a weak key", "rsa-1024", "rsa", STS_SMTP_TLS_MUST, 0, { TLS },
	    "x509-weak-key handshake; found" },
	{ "an exponent of 1", "rsa-exponent-1", "rsa", STS_SMTP_TLS_MUST, 0,
	    { TLS }, "x509-weak-key handshake; found" },
	{ "an exponent over the limit", "rsa-exponent-4294967297", "rsa",
	    STS_SMTP_TLS_MUST, 0, { TLS }, "x509-over-limit handshake; found" },
	/* or by a server that does not have the key. */
	{ "a key of somebody else", "server-rsa", "ec", STS_SMTP_TLS_MUST, 0,
	    { TLS }, "tls-protocol handshake; found" },

	{ "EHLO refused after TLS", NULL, NULL, STS_SMTP_TLS_MUST, 0,
	    { TLS, EHLO, "S 503 no", QUIT },
	    "smtp-ehlo ehlo 503 no; found; tls ok ecdsa" },
	{ "no reply to EHLO after TLS", NULL, NULL, STS_SMTP_TLS_MUST, 0,
	    { TLS, EHLO, "W 30000" },
	    "smtp-timeout ehlo; found; tls ok ecdsa" },
	{ "closed after TLS", NULL, NULL, STS_SMTP_TLS_MUST, 0,
	    { TLS, EHLO, "E" }, "smtp-closed ehlo; found; tls ok ecdsa" },
	{ "close_notify after TLS", NULL, NULL, STS_SMTP_TLS_MUST, 0,
	    { TLS, EHLO, "N" }, "smtp-closed ehlo; found; tls ok ecdsa" },
	{ "junk after TLS", NULL, NULL, STS_SMTP_TLS_MUST, 0,
	    { TLS, EHLO, "S junk" },
	    "smtp-malformed ehlo; found; tls ok ecdsa" },
	{ "STARTTLS again inside of TLS is not asked for", NULL, NULL,
	    STS_SMTP_TLS_MUST, 0, { TLS, EHLO, OFFER, QUIT },
	    "ok ehlo; found; tls ok ecdsa" },

	{ "no reply to QUIT", NULL, NULL, STS_SMTP_TLS_MUST, 0,
	    { TLS, AGAIN, "C QUIT", "W 2000" },
	    "ok ehlo; found; tls ok ecdsa" },
	{ "closed behind QUIT", NULL, NULL, STS_SMTP_TLS_MUST, 0,
	    { TLS, AGAIN, "C QUIT", "E" }, "ok ehlo; found; tls ok ecdsa" },
	{ "reset behind QUIT", NULL, NULL, STS_SMTP_TLS_MUST, 0,
	    { TLS, AGAIN, "C QUIT", "X" }, "ok ehlo; found; tls ok ecdsa" },
	{ "close_notify behind QUIT", NULL, NULL, STS_SMTP_TLS_MUST, 0,
	    { TLS, AGAIN, QUIT, "N" }, "ok ehlo; found; tls ok ecdsa" },
	{ "junk behind QUIT", NULL, NULL, STS_SMTP_TLS_MUST, 0,
	    { TLS, AGAIN, "C QUIT", "S junk" },
	    "ok ehlo; found; tls ok ecdsa" },

	{ "TLS first", NULL, NULL, STS_SMTP_TLS_FIRST, 0,
	    { "T", GREET, AGAIN, QUIT }, "ok ehlo; found; tls ok ecdsa" },
	{ "TLS first, greeting refused", NULL, NULL, STS_SMTP_TLS_FIRST, 0,
	    { "T", "S 554 no", QUIT },
	    "smtp-greeting-refused greeting 554 no; found; tls ok ecdsa" },
	{ "TLS first, a server without", NULL, NULL, STS_SMTP_TLS_FIRST, 0,
	    { "B", "S 220 mx.example", "B" },
	    "tls-protocol handshake; unknown" },
	{ "TLS never", NULL, NULL, STS_SMTP_TLS_NEVER, 0,
	    { GREET, EHLO, OFFER, QUIT }, "ok ehlo; unknown" },
	{ "TLS may be, and is not offered", NULL, NULL, STS_SMTP_TLS_MAY, 0,
	    { GREET, EHLO, "S 250 mx.example", QUIT }, "ok ehlo; absent" },
	{ "TLS may be, and is refused", NULL, NULL, STS_SMTP_TLS_MAY, 0,
	    { GREET, EHLO, OFFER, "C STARTTLS", "S 454 no", QUIT },
	    "ok starttls; unknown" },
};

static struct peer the_peer;
static struct sts_smtp_probe the_probe;
static uint8_t chain_bytes[CHAIN_SIZE];
static struct sts_tls_chain chain;

static struct sts_tls *
tls_memory(void)
{
	static uint64_t memory[STS_TLS_SIZE_MAX / 8 + 1];

	return (struct sts_tls *)(void *)memory;
}

static struct sts_smtp_setup
setup_of(struct peer *w, enum sts_smtp_tls starttls)
{
	struct sts_smtp_setup u;

	memset(&u, 0, sizeof u);
	u.addr.af = STS_AF_INET;
	u.addr.port = 25;
	u.helo = unit_span("client.example.org");
	u.starttls = starttls;
	u.host = unit_span(w->chain_case.host);
	u.tls = tls_memory();
	u.anchors = &w->chain_case.anchors;
	u.wall_s = w->chain_case.date_s;
	memset(u.rnd, 7, sizeof u.rnd);
	chain.p = chain_bytes;
	chain.size = sizeof chain_bytes;
	u.chain = &chain;
	return u;
}

/* What the peer does in the next dialogue. */
static void
prepare(const char *name, const char *kind, const char *const *script,
    size_t segment)
{
	struct peer *w = &the_peer;

	w->ops = &sts_smtp_probe_ops;
	w->e = &the_probe;
	w->name = name;
	w->kind = kind;
	w->script = script;
	w->segment = segment;
	w->own = NULL;
}

static void
play(const struct row *row, size_t segment, char got[WANT_MAX])
{
	static const char *const words[] = { "pending", "found", "absent",
		"unknown" };
	struct peer *w = &the_peer;
	struct sts_smtp_setup u;
	const struct sts_smtp_found *f = &the_probe.found;
	size_t n;

	prepare(row->name, row->kind != NULL ? row->kind : "ec", row->script,
	    segment);
	w->cert = row->cert != NULL ? row->cert : "server-ec";
	peer_load(w);
	u = setup_of(w, row->starttls);
	chain.count = 0;
	sts_smtp_probe_begin(&the_probe, &u, PEER_START);
	peer_play(w);
	n = peer_found(f, got, WANT_MAX);
	n += (size_t)snprintf(
	    got + n, WANT_MAX - n, "; %s", words[sts_smtp_starttls(f)]);
	if (f->alert != 0) {
		n += (size_t)snprintf(
		    got + n, WANT_MAX - n, "; alert %u", f->alert);
	}
	if (f->tls) {
		snprintf(got + n, WANT_MAX - n, "; tls %s %s",
		    sts_why_token(f->path), f->ecdsa ? "ecdsa" : "rsa");
		unit_int(row->name, f->tls_version, 0x0303);
	}
	sts_smtp_probe_end(&the_probe);
}

/* Each row whole, octet by octet, and in segments of seven. */
START_TEST(each_trap_has_its_outcome)
{
	static const size_t segments[] = { PEER_SCRATCH, 1, 7 };

	for (size_t i = 0; i < UNIT_COUNT(rows); i++) {
		for (size_t k = 0; k < UNIT_COUNT(segments); k++) {
			char got[WANT_MAX];

			if (k > 0 && (rows[i].flags & WHOLE_ONLY) != 0) {
				break;
			}
			play(&rows[i], segments[k], got);
			unit_text(rows[i].name, unit_span(got), rows[i].want);
		}
	}
}
END_TEST

/* However the octets behind the 220 arrive, none of them is read as a reply
 * within TLS, and TLS does not begin. */
START_TEST(octets_injected_behind_starttls_are_never_a_reply)
{
	static const struct row row = { "injected in pieces", NULL, NULL,
		STS_SMTP_TLS_MUST, 0,
		{ GREET, EHLO, OFFER, "C STARTTLS",
		    "R 220 go\r\n250 injected\r\n", "B" },
		NULL };
	char got[WANT_MAX];

	for (size_t segment = 1; segment < 30; segment++) {
		play(&row, segment, got);
		ck_assert_msg(strstr(got, "tls ok") == NULL, "%s", got);
		ck_assert_msg(
		    strncmp(got, "smtp-injected", 13) == 0, "%s", got);
		ck_assert(!the_probe.found.tls);
		unit_int("offers after TLS", the_probe.found.again.offers, 0);
	}
}
END_TEST

/* The results of a whole dialogue. */
START_TEST(a_dialogue_gives_its_results)
{
	static const struct row row = { "found", NULL, NULL, STS_SMTP_TLS_MUST,
		0,
		{ "S 220-mx.example wait", "W 6000", "S 220 mx.example ESMTP",
		    EHLO, "S 250-mx.example", "S 250-SIZE 5",
		    "S 250-PIPELINING", "S 250 STARTTLS", "C STARTTLS",
		    "S 220 go", "T", EHLO, "S 250-mx.example",
		    "S 250-REQUIRETLS", "S 250 SIZE 7", QUIT },
		NULL };
	const struct sts_smtp_found *f = &the_probe.found;
	struct sts_text cert;
	char got[WANT_MAX];

	play(&row, PEER_SCRATCH, got);
	unit_text(
	    "banner", sts_text(f->banner, f->banner_len), "mx.example wait");
	ck_assert(f->greeted);
	unit_int("banner_ms", f->banner_ms, 0);
	unit_int("greeting_ms", f->greeting_ms, 6000);
	unit_int("offers before TLS", f->plain.offers,
	    STS_SMTP_SIZE | STS_SMTP_PIPELINING | STS_SMTP_STARTTLS);
	unit_int("size", (long long)f->plain.size_max, 5);
	/* What was offered before TLS does not count afterwards. */
	unit_int("offers after TLS", f->again.offers,
	    STS_SMTP_SIZE | STS_SMTP_REQUIRETLS);
	unit_int("size", (long long)f->again.size_max, 7);
	unit_int("code of STARTTLS", f->starttls_code, 220);
	unit_int(
	    "certificates collected", chain.count, the_peer.chain_case.count);
	ck_assert(!chain.cut);
	for (unsigned i = 0; i < chain.count; i++) {
		cert = sts_tls_chain_cert(&chain, i);
		ck_assert(sts_text_same(cert, the_peer.chain_case.certs[i]));
	}
}
END_TEST

/* The chain is collected as it was sent, however bad; certificates beyond the
 * limit are left out. */
START_TEST(the_chain_is_collected_as_sent)
{
	static const char *const certs[] = { "server-ec+expired",
		"server-ec+long", "server-ec+garbage", "server-rsa" };
	static const struct row base = { "chain", NULL, "ec", STS_SMTP_TLS_MUST,
		0, { WHOLE }, NULL };
	char got[WANT_MAX];

	for (size_t i = 0; i < UNIT_COUNT(certs); i++) {
		struct row row = base;
		unsigned kept;

		row.name = row.cert = certs[i];
		row.kind = i < 3 ? "ec" : "rsa";
		play(&row, 100, got);
		kept = the_peer.chain_case.count;
		kept = kept < STS_X509_CERTS_MAX + 1 ? kept
						     : STS_X509_CERTS_MAX + 1;
		unit_int(certs[i], chain.count, kept);
		unit_int(certs[i], chain.cut, kept < the_peer.chain_case.count);
		for (unsigned k = 0; k < chain.count; k++) {
			ck_assert(sts_text_same(sts_tls_chain_cert(&chain, k),
			    the_peer.chain_case.certs[k]));
		}
	}
}
END_TEST

/* What sessions of an owner have in common is used where the owner has it. */
START_TEST(sessions_use_what_they_have_in_common)
{
	static const char *const script[] = { WHOLE, NULL };
	static struct sts_tls_common common, fresh;
	struct peer *w = &the_peer;

	w->cert = "server-ec";
	peer_load(w);
	for (unsigned uses = 0; uses <= 1; uses++) {
		struct sts_smtp_setup u = setup_of(w, STS_SMTP_TLS_MUST);

		sts_tls_common_init(&common);
		fresh = common;
		u.common = uses != 0 ? &common : NULL;
		prepare("in common", "ec", script, PEER_SCRATCH);
		sts_smtp_probe_begin(&the_probe, &u, PEER_START);
		peer_play(w);
		unit_int("reason", the_probe.found.why, STS_WHY_NONE);
		unit_int(
		    "used", memcmp(&common, &fresh, sizeof common) != 0, uses);
		sts_smtp_probe_end(&the_probe);
	}
}
END_TEST

START_TEST(certificates_without_room_are_left_out)
{
	struct peer *w = &the_peer;
	static const char *const script[] = { WHOLE, NULL };
	struct sts_smtp_setup u;
	size_t leaf;

	w->cert = "server-ec";
	peer_load(w);
	leaf = w->chain_case.certs[0].n;
	for (size_t size = leaf - 1; size <= leaf + 1; size++) {
		u = setup_of(w, STS_SMTP_TLS_MUST);
		chain.size = size;
		prepare("chain without room", "ec", script, PEER_SCRATCH);
		sts_smtp_probe_begin(&the_probe, &u, PEER_START);
		peer_play(w);
		unit_int("reason", the_probe.found.why, STS_WHY_NONE);
		unit_int("certificates collected", chain.count, size >= leaf);
		ck_assert(chain.cut);
		sts_smtp_probe_end(&the_probe);
	}
}
END_TEST

/* A server is asked for one kind of key, also for the kind that it lacks. */
START_TEST(a_server_is_asked_for_a_kind_of_key)
{
	static const struct {
		const char *cert, *kind;
		enum sts_tls_keys keys;
		bool works;
	} cases[] = {
		{ "server-ec", "ec", STS_TLS_KEYS_ANY, true },
		{ "server-ec", "ec", STS_TLS_KEYS_ECDSA, true },
		{ "server-ec", "ec", STS_TLS_KEYS_RSA, false },
		{ "server-rsa", "rsa", STS_TLS_KEYS_ANY, true },
		{ "server-rsa", "rsa", STS_TLS_KEYS_RSA, true },
		{ "server-rsa", "rsa", STS_TLS_KEYS_ECDSA, false },
	};
	static const char *const works[] = { WHOLE, NULL };
	static const char *const fails[] = { TLS, NULL };
	struct peer *w = &the_peer;

	for (size_t i = 0; i < UNIT_COUNT(cases) && !STS_TLS_ENGINE; i++) {
		struct sts_smtp_setup u;

		w->cert = cases[i].cert;
		peer_load(w);
		u = setup_of(w, STS_SMTP_TLS_MUST);
		u.keys = cases[i].keys;
		prepare(cases[i].cert, cases[i].kind,
		    cases[i].works ? works : fails, PEER_SCRATCH);
		sts_smtp_probe_begin(&the_probe, &u, PEER_START);
		peer_play(w);
		unit_int(cases[i].cert, the_probe.found.why,
		    cases[i].works ? STS_WHY_NONE : STS_WHY_TLS_ALERT);
		unit_int(cases[i].cert, the_probe.found.alert,
		    cases[i].works ? 0 : 40);
		sts_smtp_probe_end(&the_probe);
	}
}
END_TEST

/* The owner may give up at every moment. */
START_TEST(a_probe_may_be_stopped_at_any_moment)
{
	static const char *const script[] = { WHOLE, NULL };
	struct peer *w = &the_peer;

	w->cert = "server-ec";
	peer_load(w);
	for (unsigned deeds = 0; deeds + 1 < UNIT_COUNT(script); deeds++) {
		const char *cut[UNIT_COUNT(script)] = { NULL };
		struct sts_smtp_setup u = setup_of(w, STS_SMTP_TLS_MUST);
		enum sts_why why;

		memcpy(cut, script, deeds * sizeof *cut);
		prepare("stopped", "ec", cut, 100);
		w->now = PEER_START;
		w->open = w->tls = w->lost = false;
		w->to.from = w->to.to = w->heard.from = w->heard.to = 0;
		sts_smtp_probe_begin(&the_probe, &u, PEER_START);
		while (peer_serve(w) || *w->script != NULL) {
			if ((w->ops->wants(w->e) & STS_WANT_RECV) != 0 &&
			    w->to.from == w->to.to && *w->script != NULL) {
				peer_do(w, *w->script++);
			}
		}
		sts_smtp_probe_stop(&the_probe, STS_WHY_LATE);
		while (peer_serve(w)) {
		}
		ck_assert_uint_eq(w->ops->wants(w->e), STS_WANT_OWNER);
		if (deeds < UNIT_COUNT(script) - 3) {
			unit_int("reason", the_probe.found.why, STS_WHY_LATE);
		}
		why = the_probe.found.why;
		sts_smtp_probe_stop(&the_probe, STS_WHY_BUSY);
		unit_int(
		    "reason after a second stop", the_probe.found.why, why);
		sts_smtp_probe_end(&the_probe);
	}
}
END_TEST

void
unit_tests(TCase *tc)
{
	tcase_set_timeout(tc, 120);
	tcase_add_test(tc, each_trap_has_its_outcome);
	tcase_add_test(tc, octets_injected_behind_starttls_are_never_a_reply);
	tcase_add_test(tc, a_dialogue_gives_its_results);
	tcase_add_test(tc, the_chain_is_collected_as_sent);
	tcase_add_test(tc, sessions_use_what_they_have_in_common);
	tcase_add_test(tc, certificates_without_room_are_left_out);
	tcase_add_test(tc, a_server_is_asked_for_a_kind_of_key);
	tcase_add_test(tc, a_probe_may_be_stopped_at_any_moment);
}
