/* SPDX-License-Identifier: MIT */
/*
 * A mail server by script, for the tests of core/smtp: each line is a step,
 * taken when the engine can do nothing more by itself.
 *
 *	"S text"   sends text and CR LF       "R raw"   sends these octets
 *	"P text"   the same, and the next step is taken before anything is read
 *	"C text"   must have got this line    "B"       accepts any input
 *	"M"        must have got w->message, with dots and CR LF, and its end
 *	"T"        TLS begins (BearSSL's server, with the certificates of a row)
 *	"W ms"     lets time pass             "N"       sends close_notify
 *	"E"        closes the connection      "X"       resets it
 *	"A number" sends a fatal alert in the clear
 *	"O why"    the connection fails to open: refused, reset, none, limit
 *
 * Octets move in segments of `segment` at most.
 */
#ifndef STS_SMTP_PEER_H
#define STS_SMTP_PEER_H

#include "../../core/smtp/smtp_submit.h"
#include "x509_case.h"

#define PEER_START ((sts_ms)0xffffff00) /* time wraps soon */

enum {
	PEER_ROUNDS = 1 << 20,
	PEER_BYTES = 1 << 16,
	PEER_SCRATCH = 4096,
	PEER_DEEDS = 32
};

/* Octets that wait to be taken. */
struct peer_queue {
	size_t from, to;
	uint8_t p[PEER_BYTES];
};

struct peer {
	/* Set by the test. */
	const struct sts_engine_ops *ops;
	void *e;
	const char *name;
	const char *const *script;
	const char *cert, *kind; /* for peer_load, and the kind of its key */
	size_t segment;
	const char *message; /* lines, each ended by LF or CR LF */
	/* The owner's turn. Returns false once the owner is done; NULL: at
	 * once. */
	bool (*own)(struct peer *peer);

	bool open, tls, lost;
	sts_ms now;
	struct peer_queue to, heard; /* to the client; from it, decrypted */
	struct x509_case chain_case;
	br_x509_certificate chain[CASE_CERTS_MAX];
	br_skey_decoder_context skey;
	br_ssl_server_context server;
	uint8_t record[BR_SSL_BUFSIZE_BIDI];
};

static inline void
peer_put(struct peer_queue *q, const void *p, size_t n)
{
	ck_assert_uint_le(n, sizeof q->p - q->to);
	memcpy(q->p + q->to, p, n);
	q->to += n;
}

static inline void
peer_key(void *ctx, const void *src, size_t len)
{
	br_skey_decoder_push(ctx, src, len);
}

static inline void
peer_load_key(struct peer *w)
{
	br_pem_decoder_context pem;
	char path[CASE_TEXT_MAX];
	struct sts_text file;

	snprintf(path, sizeof path, "tests/x509/keys/%s.pem", w->kind);
	file = unit_file(path);
	br_pem_decoder_init(&pem);
	br_skey_decoder_init(&w->skey);
	while (file.n > 0) {
		size_t n = br_pem_decoder_push(&pem, file.p, file.n);

		file = sts_text(file.p + n, file.n - n);
		if (br_pem_decoder_event(&pem) == BR_PEM_BEGIN_OBJ) {
			br_pem_decoder_setdest(&pem, peer_key, &w->skey);
		}
	}
	ck_assert_int_eq(br_skey_decoder_last_error(&w->skey), 0);
}

static inline void
peer_begin_tls(struct peer *w)
{
	uint8_t seed[32] = { 1 };

	peer_load_key(w);
	for (unsigned i = 0; i < w->chain_case.count; i++) {
		w->chain[i].data = (unsigned char *)w->chain_case.certs[i].p;
		w->chain[i].data_len = w->chain_case.certs[i].n;
	}
	if (br_skey_decoder_key_type(&w->skey) == BR_KEYTYPE_RSA) {
		br_ssl_server_init_full_rsa(&w->server, w->chain,
		    w->chain_case.count, br_skey_decoder_get_rsa(&w->skey));
	} else {
		br_ssl_server_init_full_ec(&w->server, w->chain,
		    w->chain_case.count, BR_KEYTYPE_EC,
		    br_skey_decoder_get_ec(&w->skey));
	}
	br_ssl_engine_set_buffer(
	    &w->server.eng, w->record, sizeof w->record, 1);
	br_ssl_engine_inject_entropy(&w->server.eng, seed, sizeof seed);
	ck_assert(br_ssl_server_reset(&w->server));
	w->tls = true;
}

/* Append the certificates of another case. */
static inline void
peer_append(struct peer *w, const char *name)
{
	static struct x509_case other[2];
	static unsigned turn;
	struct x509_case *o = &other[turn++ % 2], *c = &w->chain_case;

	case_load(o, name);
	for (unsigned i = 0; i < o->count && c->count < CASE_CERTS_MAX; i++) {
		c->certs[c->count++] = o->certs[i];
	}
}

/*
 * Load w->cert: a case of tests/x509 whose server has a known key (server-ec,
 * server-rsa), or that is refused before a key matters; then, optionally, "+"
 * and what the client finds wrong with it.
 */
static inline void
peer_load(struct peer *w)
{
	static const uint8_t garbage[] = { 0x30, 0x03, 0x02, 0x01 };
	struct x509_case *c = &w->chain_case;
	const char *plus = strchr(w->cert, '+');
	char name[CASE_TEXT_MAX];

	snprintf(name, sizeof name, "%.*s",
	    plus != NULL ? (int)(plus - w->cert) : (int)strlen(w->cert),
	    w->cert);
	case_load(c, name);
	plus = plus != NULL ? plus + 1 : "";
	if (strcmp(plus, "expired") == 0) {
		c->date_s += (int64_t)100 * 365 * 86400;
	} else if (strcmp(plus, "not-yet") == 0) {
		c->date_s = 0;
	} else if (strcmp(plus, "name") == 0) {
		strcpy(c->host, "another.example.com");
	} else if (strcmp(plus, "issuer") == 0) {
		case_anchors(c, "tests/x509/anchors/mail.pem");
	} else if (strcmp(plus, "alone") == 0) {
		c->count = 1;
	} else if (strcmp(plus, "garbage") == 0) {
		c->certs[c->count++] = sts_text(garbage, sizeof garbage);
	} else if (strcmp(plus, "long") == 0) {
		peer_append(w, "chain-13");
	} else {
		ck_assert_str_eq(plus, "");
	}
}

/* Move what the server's TLS engine has to send, or has received, to the
 * queues. */
static inline void
peer_pump_tls(struct peer *w)
{
	br_ssl_engine_context *eng = &w->server.eng;
	uint8_t *p;
	size_t n;

	for (;;) {
		if ((p = br_ssl_engine_sendrec_buf(eng, &n)) != NULL) {
			peer_put(&w->to, p, n);
			br_ssl_engine_sendrec_ack(eng, n);
		} else if ((p = br_ssl_engine_recvapp_buf(eng, &n)) != NULL) {
			peer_put(&w->heard, p, n);
			br_ssl_engine_recvapp_ack(eng, n);
		} else {
			return;
		}
	}
}

static inline void
peer_receive(struct peer *w, struct sts_text t)
{
	if (!w->tls) {
		peer_put(&w->heard, t.p, t.n);
		return;
	}
	while (t.n > 0) {
		size_t room, n;
		uint8_t *p = br_ssl_engine_recvrec_buf(&w->server.eng, &room);

		if (p == NULL) { /* it is closed: the rest is dropped */
			return;
		}
		n = room < t.n ? room : t.n;
		memcpy(p, t.p, n);
		br_ssl_engine_recvrec_ack(&w->server.eng, n);
		t = sts_text(t.p + n, t.n - n);
		peer_pump_tls(w);
	}
}

/* What has come already is the ClientHello. */
static inline void
peer_switch_to_tls(struct peer *w)
{
	size_t from = w->heard.from, n = w->heard.to - from;

	peer_begin_tls(w);
	w->heard.to = from;
	peer_receive(w, sts_text(w->heard.p + from, n));
}

static inline void
peer_send(struct peer *w, const char *text, bool line)
{
	char all[1024];
	size_t n = strlen(text), room;
	uint8_t *p;

	ck_assert_uint_lt(n + 2, sizeof all);
	snprintf(all, sizeof all, "%s%s", text, line ? "\r\n" : "");
	n += line ? 2 : 0;
	if (!w->tls) {
		peer_put(&w->to, all, n);
		return;
	}
	p = br_ssl_engine_sendapp_buf(&w->server.eng, &room);
	ck_assert_msg(
	    p != NULL && room >= n, "%s: server cannot send %s", w->name, text);
	memcpy(p, all, n);
	br_ssl_engine_sendapp_ack(&w->server.eng, n);
	br_ssl_engine_flush(&w->server.eng, 0);
	peer_pump_tls(w);
}

/* The client must have sent the line. */
static inline void
peer_expect(struct peer *w, const char *line)
{
	size_t n = strlen(line), left = w->heard.to - w->heard.from;
	const char *p = (const char *)w->heard.p + w->heard.from;

	ck_assert_msg(left >= n + 2 && memcmp(p, line, n) == 0 &&
			  memcmp(p + n, "\r\n", 2) == 0,
	    "%s: got \"%.*s\", want \"%s\"", w->name, (int)left, p, line);
	w->heard.from += n + 2;
}

/* Each line of the message must have come, with the dots of RFC 5321 4.5.2. */
static inline void
peer_expect_message(struct peer *w)
{
	const char *m = w->message;

	while (*m != '\0') {
		char line[256];
		size_t n = strcspn(m, "\r\n");

		ck_assert_uint_lt(n + 1, sizeof line);
		snprintf(line, sizeof line, "%s%.*s", *m == '.' ? "." : "",
		    (int)n, m);
		peer_expect(w, line);
		m += n;
		m += *m == '\r';
		m += *m == '\n';
	}
	peer_expect(w, ".");
}

static inline void
peer_tick(struct peer *w)
{
	w->ops->tick(w->e, w->now, -1);
}

static inline void
peer_lose(struct peer *w, int why)
{
	peer_tick(w);
	w->ops->lost(w->e, why);
	w->lost = w->lost || why != STS_IO_EOF;
}

static inline int
peer_io(const char *why)
{
	return strcmp(why, "refused") == 0 ? STS_IO_REFUSED
	       : strcmp(why, "reset") == 0 ? STS_IO_RESET
	       : strcmp(why, "limit") == 0 ? STS_IO_LIMIT
					   : STS_IO_UNREACHABLE;
}

static inline void
peer_alert(struct peer *w, const char *number)
{
	uint8_t alert[7] = { 21, 3, 3, 0, 2, 2,
		(uint8_t)strtoul(number, NULL, 10) };

	peer_put(&w->to, alert, sizeof alert);
}

static inline void
peer_do(struct peer *w, const char *deed)
{
	const char *rest = deed[1] == ' ' ? deed + 2 : "";

	switch (deed[0]) {
	case 'S':
		peer_send(w, rest, true);
		break;
	case 'P':
		peer_send(w, rest, true);
		peer_do(w, *w->script++);
		break;
	case 'R':
		peer_send(w, rest, false);
		break;
	case 'C':
		peer_expect(w, rest);
		break;
	case 'B':
		w->heard.from = w->heard.to;
		break;
	case 'M':
		peer_expect_message(w);
		break;
	case 'T':
		peer_switch_to_tls(w);
		break;
	case 'W':
		w->now += (sts_ms)strtoul(rest, NULL, 10);
		peer_tick(w);
		break;
	case 'A':
		peer_alert(w, rest);
		break;
	case 'N':
		br_ssl_engine_close(&w->server.eng);
		peer_pump_tls(w);
		break;
	case 'E':
		peer_lose(w, STS_IO_EOF);
		break;
	case 'X':
		peer_lose(w, STS_IO_RESET);
		break;
	default:
		ck_assert_int_eq(deed[0], 'O');
		peer_lose(w, peer_io(rest));
		break;
	}
}

/* Do one thing that the engine wants, if it can be done. */
static inline bool
peer_serve(struct peer *w)
{
	static uint8_t lent[PEER_SCRATCH];
	unsigned wants = w->ops->wants(w->e);

	peer_tick(w);
	wants = w->ops->wants(w->e);
	if ((wants & STS_WANT_OWNER) != 0) {
		return w->own != NULL && w->own(w);
	}
	if ((wants & STS_WANT_CLOSE) != 0) {
		peer_lose(w, STS_IO_CLOSED);
		return true;
	}
	if ((wants & STS_WANT_STREAM) != 0) {
		ck_assert_int_eq(w->ops->peer(w->e)->port, 25);
		if (w->script[0] != NULL &&
		    (w->script[0][0] == 'O' || w->script[0][0] == 'W')) {
			return false;
		}
		ck_assert(!w->open);
		w->open = true;
		w->ops->opened(w->e);
		return true;
	}
	if ((wants & STS_WANT_SEND) != 0) {
		struct sts_text t =
		    w->ops->send_buf(w->e, sts_span(lent, sizeof lent));
		uint8_t copy[PEER_SCRATCH];

		t.n = t.n < w->segment ? t.n : w->segment;
		t.n = t.n < sizeof copy ? t.n : sizeof copy;
		ck_assert_uint_gt(t.n, 0);
		memcpy(copy, t.p, t.n);
		w->ops->send_ack(w->e, t.n);
		peer_receive(w, sts_text(copy, t.n));
		return true;
	}
	if ((wants & STS_WANT_WORK) != 0) {
		w->ops->work(w->e);
		return true;
	}
	if ((wants & STS_WANT_RECV) != 0 && w->to.from < w->to.to) {
		struct sts_span s =
		    w->ops->recv_buf(w->e, sts_span(lent, sizeof lent));
		size_t n = w->to.to - w->to.from;

		ck_assert_uint_gt(s.n, 0);
		n = n < s.n ? n : s.n;
		n = n < w->segment ? n : w->segment;
		memcpy(s.p, w->to.p + w->to.from, n);
		w->to.from += n;
		w->ops->recv_ack(w->e, sts_span(s.p, n));
		return true;
	}
	return false;
}

/* Play to the end of the script. Then nothing may be left unsent or unread. */
static inline void
peer_play(struct peer *w)
{
	w->now = PEER_START;
	w->open = w->tls = w->lost = false;
	w->to.from = w->to.to = w->heard.from = w->heard.to = 0;
	for (unsigned i = 0; i < PEER_ROUNDS; i++) {
		if (peer_serve(w)) {
			continue;
		}
		if (*w->script == NULL) {
			break;
		}
		peer_do(w, *w->script++);
	}
	ck_assert_msg(w->heard.from == w->heard.to, "%s: also got \"%.*s\"",
	    w->name, (int)(w->heard.to - w->heard.from),
	    (const char *)w->heard.p + w->heard.from);
	ck_assert_msg(w->ops->wants(w->e) == STS_WANT_OWNER,
	    "%s: wants %#x at the end", w->name, w->ops->wants(w->e));
}

static inline const char *
peer_step(enum sts_smtp_step step)
{
	static const char *const names[] = { "connect", "handshake", "greeting",
		"ehlo", "helo", "starttls", "mail", "rcpt", "data", "body",
		"quit" };

	return names[step];
}

/* What was found, as "WHY STEP [CODE [STATUS] TEXT]". */
static inline size_t
peer_found(const struct sts_smtp_found *f, char *out, size_t size)
{
	size_t n = (size_t)snprintf(
	    out, size, "%s %s", sts_why_token(f->why), peer_step(f->step));

	if (f->code != 0) {
		n += (size_t)snprintf(out + n, size - n, " %u ", f->code);
		if (f->status.class != 0) {
			n += (size_t)snprintf(out + n, size - n, "[%u.%u.%u] ",
			    f->status.class, f->status.subject,
			    f->status.detail);
		}
		n += (size_t)snprintf(
		    out + n, size - n, "%.*s", f->text_len, f->text);
	} else {
		ck_assert_uint_eq(f->text_len, 0);
	}
	return n;
}

#endif
