/* SPDX-License-Identifier: MIT */
/* core/smtp/smtp_submit: one mail a row, by script. */
#include "smtp_peer.h"

const char unit_name[] = "smtp_submit";

enum {
	WANT_MAX = 1024,
	RCPTS = 3
};

#define GREET "S 220 mx.example ESMTP"
#define EHLO "C EHLO client.example.org"
#define HELLO GREET, EHLO, "S 250 mx.example"
#define TLS                                                                    \
	GREET, EHLO, "S 250-mx.example", "S 250-SIZE 1", "S 250-8BITMIME",     \
	    "S 250 STARTTLS", "C STARTTLS", "S 220 go", "T"
#define MAIL "C MAIL FROM:<from@example.org>"
#define RCPT(n) "C RCPT TO:<to" #n "@example.com>"
#define OK "S 250 2.0.0 ok"
#define DATA "C DATA", "S 354 go"
#define BODY "C a", "C ..b", "C ", "C ."
#define QUIT "C QUIT", "S 221 bye"

/* How a row's mail differs from the usual one. */
enum {
	SIZED = 1, /* 100 octets */
	EIGHT = 2,
	NO_SENDER = 8, /* a bounce */
	BAD_SENDER = 0x10,
	BAD_SECOND = 0x20, /* the second recipient is no address */
	STOP_BODY = 0x40, /* the owner cannot read the message further */
	REFUSE = 0x80, /* the owner refuses the certificate */
	LOST_END = 0x100 /* the connection is lost before the message's end has
	                    left */
};

/* `want` is "WHY STEP [CODE TEXT]", then the outcome of each recipient (taken,
 * later, refused, doubt) with the code that decided. */
static const struct row {
	const char *name;
	enum sts_smtp_tls starttls;
	unsigned rcpts, mail;
	const char *script[PEER_DEEDS];
	const char *want;
} rows[] = {
	{ "one recipient", STS_SMTP_TLS_NEVER, 1, 0,
	    { HELLO, MAIL, OK, RCPT(1), OK, DATA, BODY, OK, QUIT },
	    "ok body; taken 250" },
	{ "in TLS", STS_SMTP_TLS_MUST, 1, 0,
	    { TLS, EHLO, "S 250 mx.example", MAIL, OK, RCPT(1), OK, DATA, BODY,
		OK, QUIT },
	    "ok body; taken 250" },
	{ "three recipients, three fates", STS_SMTP_TLS_NEVER, 3, 0,
	    { HELLO, MAIL, OK, RCPT(1), "S 450 4.2.0 greylisted", RCPT(2),
		"S 251 forwarded", RCPT(3), "S 550 5.1.1 unknown", DATA, BODY,
		"S 250 queued", QUIT },
	    "ok body; later 450 [4.2.0], taken 250, refused 550 [5.1.1]" },
	{ "no recipient", STS_SMTP_TLS_NEVER, 2, 0,
	    { HELLO, MAIL, OK, RCPT(1), "S 550 no", RCPT(2),
		"S 451 4.7.1 greylisted", QUIT },
	    "smtp-recipients rcpt 451 [4.7.1] 4.7.1 greylisted; refused 550, "
	    "later 451 [4.7.1]" },
	{ "a sender refused", STS_SMTP_TLS_NEVER, 2, 0,
	    { HELLO, MAIL, "S 553 5.1.8 who?", QUIT },
	    "smtp-sender mail 553 [5.1.8] 5.1.8 who?; refused 553 [5.1.8], "
	    "refused 553 [5.1.8]" },
	{ "a sender refused for now", STS_SMTP_TLS_NEVER, 1, 0,
	    { HELLO, MAIL, "S 452 full", QUIT },
	    "smtp-sender mail 452 full; later 452" },
	{ "530 Must issue a STARTTLS command first", STS_SMTP_TLS_NEVER, 1, 0,
	    { HELLO, MAIL, "S 530 5.7.0 STARTTLS first", QUIT },
	    "smtp-sender mail 530 [5.7.0] 5.7.0 STARTTLS first; "
	    "refused 530 [5.7.0]" },
	{ "DATA refused", STS_SMTP_TLS_NEVER, 1, 0,
	    { HELLO, MAIL, OK, RCPT(1), OK, "C DATA", "S 554 no", QUIT },
	    "smtp-data data 554 no; refused 554" },
	{ "DATA refused for now", STS_SMTP_TLS_NEVER, 2, 0,
	    { HELLO, MAIL, OK, RCPT(1), "S 550 no", RCPT(2), OK, "C DATA",
		"S 451 no", QUIT },
	    "smtp-data data 451 no; refused 550, later 451" },
	{ "DATA answered by 250 is no 354", STS_SMTP_TLS_NEVER, 1, 0,
	    { HELLO, MAIL, OK, RCPT(1), OK, "C DATA", "S 250 ok", QUIT },
	    "smtp-data data 250 ok; later 250" },
	{ "the message refused", STS_SMTP_TLS_NEVER, 2, 0,
	    { HELLO, MAIL, OK, RCPT(1), OK, RCPT(2), "S 450 no", DATA, BODY,
		"S 554 5.7.1 spam", QUIT },
	    "smtp-data body 554 [5.7.1] 5.7.1 spam; refused 554 [5.7.1], "
	    "later 450" },
	{ "the message refused for now", STS_SMTP_TLS_NEVER, 1, 0,
	    { HELLO, MAIL, OK, RCPT(1), OK, DATA, BODY, "S 452 4.3.1 full",
		QUIT },
	    "smtp-data body 452 [4.3.1] 4.3.1 full; later 452 [4.3.1]" },
	{ "the message answered by 354 is not taken", STS_SMTP_TLS_NEVER, 1, 0,
	    { HELLO, MAIL, OK, RCPT(1), OK, DATA, BODY, "S 354 go", QUIT },
	    "smtp-data body 354 go; later 354" },

	/* Once the end of a message was sent, it is unknown whether the server
	 * accepted it. */
	{ "closed behind the message", STS_SMTP_TLS_NEVER, 2, 0,
	    { HELLO, MAIL, OK, RCPT(1), OK, RCPT(2), "S 550 no", DATA, BODY,
		"E" },
	    "smtp-closed body; doubt 0, refused 550" },
	{ "reset behind the message", STS_SMTP_TLS_NEVER, 1, 0,
	    { HELLO, MAIL, OK, RCPT(1), OK, DATA, BODY, "X" },
	    "peer-reset body; doubt 0" },
	{ "closed behind the message, in TLS", STS_SMTP_TLS_MUST, 1, 0,
	    { TLS, EHLO, "S 250 mx.example", MAIL, OK, RCPT(1), OK, DATA, BODY,
		"E" },
	    "smtp-closed body; doubt 0" },
	{ "half a reply behind the message", STS_SMTP_TLS_NEVER, 1, 0,
	    { HELLO, MAIL, OK, RCPT(1), OK, DATA, BODY, "S 250-ok", "E" },
	    "smtp-closed body; doubt 0" },
	{ "junk behind the message", STS_SMTP_TLS_NEVER, 1, 0,
	    { HELLO, MAIL, OK, RCPT(1), OK, DATA, BODY, "S junk" },
	    "smtp-malformed body; doubt 0" },
	{ "no reply to the message within ten minutes", STS_SMTP_TLS_NEVER, 1,
	    0,
	    { HELLO, MAIL, OK, RCPT(1), OK, DATA, BODY, "W 599999",
		"S 250-wait", "W 1" },
	    "smtp-timeout body; doubt 0" },
	{ "the reply to the message after nine minutes", STS_SMTP_TLS_NEVER, 1,
	    0,
	    { HELLO, MAIL, OK, RCPT(1), OK, DATA, BODY, "W 599999", OK, QUIT },
	    "ok body; taken 250" },
	{ "closed behind the reply to the message", STS_SMTP_TLS_NEVER, 1, 0,
	    { HELLO, MAIL, OK, RCPT(1), OK, DATA, BODY, OK, "C QUIT", "E" },
	    "ok body; taken 250" },
	{ "reset before the message's end", STS_SMTP_TLS_NEVER, 1, LOST_END,
	    { HELLO, MAIL, OK, RCPT(1), OK, DATA },
	    "peer-reset body; later 0" },
	{ "reset before the message's end, in TLS", STS_SMTP_TLS_MUST, 1,
	    LOST_END,
	    { TLS, EHLO, "S 250 mx.example", MAIL, OK, RCPT(1), OK, DATA },
	    "peer-reset body; later 0" },
	{ "the message cannot be read further", STS_SMTP_TLS_NEVER, 1,
	    STOP_BODY, { HELLO, MAIL, OK, RCPT(1), OK, DATA },
	    "late body; later 0" },
	{ "closed behind DATA", STS_SMTP_TLS_NEVER, 1, 0,
	    { HELLO, MAIL, OK, RCPT(1), OK, "C DATA", "E" },
	    "smtp-closed data; later 0" },
	{ "no reply to MAIL within five minutes", STS_SMTP_TLS_NEVER, 1, 0,
	    { HELLO, MAIL, "W 299999", "S 250-wait", "W 1" },
	    "smtp-timeout mail; later 0" },
	{ "421 among the recipients", STS_SMTP_TLS_NEVER, 3, 0,
	    { HELLO, MAIL, OK, RCPT(1), "S 550 no", RCPT(2), "S 421 bye",
		RCPT(3), "E" },
	    "smtp-closed rcpt; refused 550, later 421, later 0" },
	{ "greeting refused", STS_SMTP_TLS_NEVER, 1, 0, { "S 554 no", QUIT },
	    "smtp-greeting-refused greeting 554 no; later 0" },
	{ "HELO will do", STS_SMTP_TLS_NEVER, 1, 0,
	    { GREET, EHLO, "S 502 what?", "C HELO client.example.org", OK, MAIL,
		OK, RCPT(1), OK, DATA, BODY, OK, QUIT },
	    "ok body; taken 250" },

	/* Enforcement. */
	{ "MUST: not offered", STS_SMTP_TLS_MUST, 1, 0, { HELLO, QUIT },
	    "smtp-no-starttls ehlo; later 0" },
	{ "MUST: refused", STS_SMTP_TLS_MUST, 1, 0,
	    { GREET, EHLO, "S 250-mx.example", "S 250 STARTTLS", "C STARTTLS",
		"S 454 no", QUIT },
	    "smtp-starttls-later starttls 454 no; later 0" },
	{ "MUST: injected", STS_SMTP_TLS_MUST, 1, 0,
	    { GREET, EHLO, "S 250-mx.example", "S 250 STARTTLS", "C STARTTLS",
		"R 220 go\r\n250 mx.example\r\n", "B" },
	    "smtp-injected *; later 0" },
	{ "MUST: EHLO refused, HELO not", STS_SMTP_TLS_MUST, 1, 0,
	    { GREET, EHLO, "S 502 what?", "C HELO client.example.org", OK,
		QUIT },
	    "smtp-no-starttls helo; later 0" },
	{ "MUST: the owner refuses the certificate", STS_SMTP_TLS_MUST, 1,
	    REFUSE, { TLS }, "x509-name-mismatch handshake; later 0" },
	{ "MAY: the owner refuses the certificate", STS_SMTP_TLS_MAY, 1, REFUSE,
	    { TLS }, "x509-name-mismatch handshake; later 0" },
	{ "MAY: TLS that is offered", STS_SMTP_TLS_MAY, 1, 0,
	    { TLS, EHLO, "S 250 mx.example", MAIL, OK, RCPT(1), OK, DATA, BODY,
		OK, QUIT },
	    "ok body; taken 250" },
	{ "MAY: not offered", STS_SMTP_TLS_MAY, 1, 0,
	    { HELLO, MAIL, OK, RCPT(1), OK, DATA, BODY, OK, QUIT },
	    "ok body; taken 250" },
	{ "MAY: refused", STS_SMTP_TLS_MAY, 1, 0,
	    { GREET, EHLO, "S 250-mx.example", "S 250 STARTTLS", "C STARTTLS",
		"S 454 no", MAIL, OK, RCPT(1), OK, DATA, BODY, OK, QUIT },
	    "ok body; taken 250" },
	{ "MAY: a handshake that fails ends it", STS_SMTP_TLS_MAY, 1, 0,
	    { GREET, EHLO, "S 250-mx.example", "S 250 STARTTLS", "C STARTTLS",
		"S 220 go", "B", "A 40" },
	    "tls-alert handshake; later 0" },
	{ "TLS first", STS_SMTP_TLS_FIRST, 1, 0,
	    { "T", HELLO, MAIL, OK, RCPT(1), OK, DATA, BODY, OK, QUIT },
	    "ok body; taken 250" },
	{ "EHLO refused after TLS", STS_SMTP_TLS_MUST, 1, 0,
	    { TLS, EHLO, "S 502 no", QUIT }, "smtp-ehlo ehlo 502 no; later 0" },

	/* What the server offers. */
	{ "SIZE", STS_SMTP_TLS_NEVER, 1, SIZED,
	    { GREET, EHLO, "S 250-mx.example", "S 250 SIZE 100",
		"C MAIL FROM:<from@example.org> SIZE=100", OK, RCPT(1), OK,
		DATA, BODY, OK, QUIT },
	    "ok body; taken 250" },
	{ "SIZE that is too small", STS_SMTP_TLS_NEVER, 1, SIZED,
	    { GREET, EHLO, "S 250-mx.example", "S 250 SIZE 99", QUIT },
	    "smtp-unable ehlo; refused 0" },
	{ "SIZE before TLS is forgotten", STS_SMTP_TLS_MUST, 1, SIZED,
	    { TLS, EHLO, "S 250 mx.example", MAIL, OK, RCPT(1), OK, DATA, BODY,
		OK, QUIT },
	    "ok body; taken 250" },
	{ "8BITMIME", STS_SMTP_TLS_NEVER, 1, EIGHT,
	    { GREET, EHLO, "S 250-mx.example", "S 250 8BITMIME",
		"C MAIL FROM:<from@example.org> BODY=8BITMIME", OK, RCPT(1), OK,
		DATA, BODY, OK, QUIT },
	    "ok body; taken 250" },
	{ "8BITMIME before TLS is forgotten", STS_SMTP_TLS_MUST, 1, EIGHT,
	    { TLS, EHLO, "S 250 mx.example", QUIT },
	    "smtp-unable ehlo; refused 0" },

	{ "a bounce", STS_SMTP_TLS_NEVER, 1, NO_SENDER,
	    { HELLO, "C MAIL FROM:<>", OK, RCPT(1), OK, DATA, BODY, OK, QUIT },
	    "ok body; taken 250" },
	{ "a sender that is no address", STS_SMTP_TLS_NEVER, 2, BAD_SENDER,
	    { HELLO, QUIT }, "smtp-sender ehlo; refused 0, refused 0" },
	{ "a recipient that is no address", STS_SMTP_TLS_NEVER, 3, BAD_SECOND,
	    { HELLO, MAIL, OK, RCPT(1), OK, RCPT(3), OK, DATA, BODY, OK, QUIT },
	    "ok body; taken 250, refused 0, taken 250" },
};

/* In TLS, replies to commands that were not sent yet, in records of their own
 * that come with the reply before. */
static const struct row early_rows[] = {
	{ "a second reply to EHLO", STS_SMTP_TLS_MUST, 1, 0,
	    { TLS, EHLO, "P 250 mx.example", "S 250 again" },
	    "smtp-unasked mail; later 0" },
	{ "a reply for the next recipient", STS_SMTP_TLS_MUST, 2, 0,
	    { TLS, EHLO, "S 250 mx.example", MAIL, OK, RCPT(1), "P 550 no",
		"S 250 ok" },
	    "smtp-unasked rcpt; refused 550, later 0" },
	{ "a reply before the message", STS_SMTP_TLS_MUST, 1, 0,
	    { TLS, EHLO, "S 250 mx.example", MAIL, OK, RCPT(1), OK, "C DATA",
		"P 354 go", "S 250 queued" },
	    "smtp-unasked body; later 0" },
};

static struct peer the_peer;
static struct sts_smtp_submit the_submit;
static const struct row *the_row;
static const char *the_message;
static size_t the_piece;
static bool judged;

static bool
own(struct peer *w)
{
	struct sts_smtp_submit *s = &the_submit;
	struct sts_text t = unit_span(the_message);

	switch (sts_smtp_submit_at(s)) {
	case STS_SMTP_SUBMIT_JUDGE:
		/* So far nothing of the mail may have been sent. */
		ck_assert_uint_eq(the_peer.heard.to, the_peer.heard.from);
		ck_assert(s->p.found.tls);
		judged = true;
		sts_smtp_submit_judged(s, (the_row->mail & REFUSE) != 0
					      ? STS_WHY_X509_NAME
					      : STS_WHY_NONE);
		break;
	case STS_SMTP_SUBMIT_BODY:
		if ((the_row->mail & STOP_BODY) != 0) {
			sts_smtp_submit_stop(s, STS_WHY_LATE);
		} else if (t.n > 0) {
			t.n = t.n < the_piece ? t.n : the_piece;
			the_message += sts_smtp_submit_body(s, t);
		} else {
			sts_smtp_submit_body_end(s);
		}
		if (t.n == 0 && (the_row->mail & LOST_END) != 0) {
			peer_lose(w, STS_IO_RESET);
		}
		break;
	default:
		return false;
	}
	return true;
}

static struct sts_smtp_setup
setup_of(struct peer *w, enum sts_smtp_tls starttls)
{
	static uint64_t memory[STS_TLS_SIZE_MAX / 8 + 1];
	struct sts_smtp_setup u;

	memset(&u, 0, sizeof u);
	u.addr.af = STS_AF_INET6;
	u.addr.port = 25;
	u.helo = unit_span("client.example.org");
	u.starttls = starttls;
	u.host = unit_span(w->chain_case.host);
	u.tls = (struct sts_tls *)(void *)memory;
	u.anchors = &w->chain_case.anchors;
	u.wall_s = w->chain_case.date_s;
	memset(u.rnd, 9, sizeof u.rnd);
	return u;
}

static const char *
address(char out[64], unsigned i)
{
	snprintf(out, 64, "to%u@example.com", i + 1);
	return out;
}

static void
show(const struct row *row, char got[WANT_MAX])
{
	static const char *const words[] = { "later", "taken", "refused",
		"doubt" };
	size_t n = peer_found(&the_submit.p.found, got, WANT_MAX);

	for (unsigned i = 0; i < row->rcpts; i++) {
		const struct sts_smtp_rcpt *r = &the_submit.rcpt[i];

		n += (size_t)snprintf(got + n, WANT_MAX - n, "%s %s %u",
		    i > 0 ? "," : ";", words[r->outcome], r->code);
		if (r->status.class != 0 && r->outcome != STS_SMTP_TAKEN) {
			n += (size_t)snprintf(got + n, WANT_MAX - n,
			    " [%u.%u.%u]", r->status.class, r->status.subject,
			    r->status.detail);
		}
	}
}

/* Play the row's script with `message` as the mail, in pieces of `piece`
 * octets. */
static void
play(const struct row *row, size_t segment, const char *message, size_t piece,
    char got[WANT_MAX])
{
	char to[RCPTS][64];
	struct sts_text rcpt[RCPTS];
	struct peer *w = &the_peer;
	struct sts_smtp_mail mail;
	struct sts_smtp_setup u;

	w->ops = &sts_smtp_submit_ops;
	w->e = &the_submit;
	w->name = row->name;
	w->script = row->script;
	w->cert = "server-ec";
	w->kind = "ec";
	w->segment = segment;
	w->own = own;
	peer_load(w);
	memset(&mail, 0, sizeof mail);
	for (unsigned i = 0; i < row->rcpts; i++) {
		rcpt[i] = unit_span(address(to[i], i));
	}
	mail.rcpt = rcpt;
	mail.rcpts = row->rcpts;
	mail.from = unit_span("from@example.org");
	if ((row->mail & NO_SENDER) != 0) {
		mail.from.n = 0;
	} else if ((row->mail & BAD_SENDER) != 0) {
		mail.from = unit_span("from@example.org>\r\nDATA");
	}
	if ((row->mail & BAD_SECOND) != 0) {
		rcpt[1] = unit_span("to2@example.com>\r\nRCPT TO:<x@y.org");
	}
	mail.size = (row->mail & SIZED) != 0 ? 100 : 0;
	mail.body_8bit = (row->mail & EIGHT) != 0;
	the_row = row;
	the_message = message;
	the_piece = piece;
	judged = false;
	u = setup_of(w, row->starttls);
	sts_smtp_submit_begin(&the_submit, &u, &mail, PEER_START);
	peer_play(w);
	unit_int(row->name, judged, the_submit.p.found.tls);
	unit_int(
	    row->name, sts_smtp_submit_at(&the_submit), STS_SMTP_SUBMIT_OVER);
	show(row, got);
	sts_smtp_submit_end(&the_submit);
}

/* Compare with `want`, in which "*" stands for any word. */
static void
compare(const struct row *row, const char *got)
{
	const char *star = strchr(row->want, '*');
	char want[WANT_MAX];

	snprintf(want, sizeof want, "%s", row->want);
	if (star != NULL &&
	    strncmp(got, want, (size_t)(star - row->want)) == 0) {
		const char *word = got + (star - row->want);

		snprintf(want, sizeof want, "%.*s%.*s%s",
		    (int)(star - row->want), row->want, (int)strcspn(word, ";"),
		    word, star + 1);
	}
	unit_text(row->name, unit_span(got), want);
}

START_TEST(each_dialogue_has_its_outcome)
{
	static const size_t segments[] = { PEER_SCRATCH, 1, 7 };

	for (size_t i = 0; i < UNIT_COUNT(rows); i++) {
		for (size_t k = 0; k < UNIT_COUNT(segments); k++) {
			char got[WANT_MAX];

			play(
			    &rows[i], segments[k], "a\n.b\n\n", 1 + k * 3, got);
			compare(&rows[i], got);
		}
	}
}
END_TEST

/* No reply is taken for that to a command, or to a message, that has not left:
 * a recipient would have another's outcome, and a mail that was never sent
 * would count as taken. */
START_TEST(no_reply_comes_before_its_command)
{
	for (size_t i = 0; i < UNIT_COUNT(early_rows); i++) {
		char got[WANT_MAX];

		play(&early_rows[i], PEER_SCRATCH, "a\n.b\n\n", 1, got);
		compare(&early_rows[i], got);
	}
}
END_TEST

/* With MUST nothing of a mail is ever sent in the clear: whatever the server
 * replies, outside of TLS it receives only these commands. */
START_TEST(with_must_no_mail_is_sent_in_the_clear)
{
	static const char *const replies[] = { "S 220 go", "S 250 STARTTLS",
		"S 250-STARTTLS", "S 354 go", "S 454 no", "S 554 no",
		"S 502 what?", "R 220 a\r\n250 b\r\n" };
	static const char *const may[] = { "EHLO client.example.org\r\n",
		"HELO client.example.org\r\n", "STARTTLS\r\n", "QUIT\r\n" };
	enum {
		STEPS = 5,
		ALL = 8 * 8 * 8 * 8 * 8
	};

	for (unsigned seed = 0; seed < ALL; seed += 7) {
		struct row row = { "in the clear", STS_SMTP_TLS_MUST, 1, 0,
			{ NULL }, NULL };
		struct peer *w = &the_peer;
		struct sts_text rcpt = unit_span("to1@example.com");
		struct sts_smtp_mail mail = { { NULL, 0 }, &rcpt, 1, 0, false };
		struct sts_smtp_setup u;
		unsigned draw = seed;
		size_t at = 0;

		for (unsigned i = 0; i < STEPS; i++, draw /= 8) {
			row.script[i] = replies[draw % 8];
		}
		row.script[STEPS] = "E";
		w->ops = &sts_smtp_submit_ops;
		w->e = &the_submit;
		w->name = row.name;
		w->script = row.script;
		w->cert = "server-ec";
		w->segment = PEER_SCRATCH;
		w->own = own;
		if (seed == 0) {
			peer_load(w);
		}
		the_row = &row;
		u = setup_of(w, STS_SMTP_TLS_MUST);
		sts_smtp_submit_begin(&the_submit, &u, &mail, PEER_START);
		w->now = PEER_START;
		w->open = w->tls = w->lost = false;
		w->to.from = w->to.to = w->heard.from = w->heard.to = 0;
		while (peer_serve(w) || *w->script != NULL) {
			if (*w->script != NULL &&
			    w->ops->wants(w->e) == STS_WANT_RECV &&
			    w->to.from == w->to.to) {
				peer_do(w, *w->script++);
			} else if (w->ops->wants(w->e) == STS_WANT_OWNER) {
				break;
			}
		}
		while (at < w->heard.to) {
			size_t k = 0, n = 0;
			const uint8_t *p = w->heard.p + at;

			if (p[0] == 0x16 || p[0] == 0x15) {
				break; /* TLS records */
			}
			for (; k < UNIT_COUNT(may); k++) {
				n = strlen(may[k]);
				if (w->heard.to - at >= n &&
				    memcmp(p, may[k], n) == 0) {
					break;
				}
			}
			ck_assert_msg(k < UNIT_COUNT(may),
			    "%u: received \"%.*s\"", seed,
			    (int)(w->heard.to - at), p);
			at += n;
		}
		unit_int("outcome of the recipient", the_submit.rcpt[0].outcome,
		    STS_SMTP_LATER);
		sts_smtp_submit_end(&the_submit);
	}
}
END_TEST

/* A message longer than any buffer arrives unchanged, in pieces of many sizes,
 * except for its line ends and dots. */
START_TEST(a_long_message_arrives_unchanged)
{
	static char message[40000], got[WANT_MAX];
	static const struct row base = { "long", STS_SMTP_TLS_MUST, 1, 0,
		{ TLS, EHLO, "S 250 mx.example", MAIL, OK, RCPT(1), OK, DATA,
		    "M", OK, QUIT },
		NULL };
	static const size_t pieces[] = { 1, 2, 63, 512, 639, 640, 641,
		sizeof message };
	size_t n = 0;

	for (unsigned i = 0; n + 80 < sizeof message; i++) {
		n += (size_t)snprintf(message + n, sizeof message - n,
		    "%s%0*u%s", i % 3 == 0 ? "." : "", (int)(i % 70) + 1, i,
		    i % 2 == 0 ? "\n" : "\r\n");
	}
	for (size_t i = 0; i < UNIT_COUNT(pieces); i++) {
		the_peer.message = message;
		play(&base, PEER_SCRATCH, message, pieces[i], got);
		unit_text("result", unit_span(got), "ok body; taken 250");
	}
}
END_TEST

void
unit_tests(TCase *tc)
{
	tcase_set_timeout(tc, 120);
	tcase_add_test(tc, each_dialogue_has_its_outcome);
	tcase_add_test(tc, no_reply_comes_before_its_command);
	tcase_add_test(tc, with_must_no_mail_is_sent_in_the_clear);
	tcase_add_test(tc, a_long_message_arrives_unchanged);
}
