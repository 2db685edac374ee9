/* SPDX-License-Identifier: MIT */
/*
 * Each state reads a length of some octets, or skips as many bytes as the last
 * length; a table has the rule for the length, and the next state. A length
 * never exceeds what is left of what it stands in.
 *
 * Invariants: `left` is what is left of the message, whose last part each list
 * is, `value` of the element (or the length read so far); an octet is counted
 * down in both, so no element reaches beyond what it stands in. OVER is reached
 * only with nothing left; BROKEN is for ever, and has its alert.
 *
 * The attacker sends the lengths, in pieces of any size. Memory is these
 * counters, whatever he announces: bytes are handed on as they come, and
 * nothing is kept here.
 */
#include "tls_lists.h"

#include "../core/base/assert.h"

enum state {
	/* Certificate: context (TLS 1.3), list, then certificates, each with
	 * its extensions (TLS 1.3). */
	CONTEXT,
	LIST,
	CERT_LEN,
	CERT,
	EXTS,
	/* CertificateRequest of TLS 1.3: context, extensions. */
	REQUEST_CONTEXT,
	REQUEST_EXTS,
	EXT_ID,
	EXT_LEN,
	ALGORITHMS_LEN,
	EXT,
	/* Of TLS 1.2: certificate types, signature schemes, names of CAs. */
	TYPES_LEN,
	TYPES,
	SCHEMES_LEN,
	SCHEMES,
	NAMES_LEN,
	NAME_LEN,
	NAME,
	OVER,
	BROKEN
};

/* The rule for a length, or for skipped bytes. */
enum rule {
	IS_EMPTY, /* 0: a wrong value, not a wrong form (RFC 8446 4.4.2) */
	IS_REST, /* a list of all that is left of the message, >= min */
	IS_PART, /* something of this length comes, >= min */
	IS_NONE, /* of extensions: none was asked for; an element is over */
	IS_ID, /* of an extension */
	SKIPPED, /* go on */
	ELEMENT /* another one, or the end of the list */
};

static const struct step {
	uint8_t octets; /* of the length; 0: it skips */
	uint8_t rule;
	uint8_t min;
	uint8_t next;
} steps[] = {
	[CONTEXT] = { 1, IS_EMPTY, 0, LIST },
	[LIST] = { 3, IS_REST, 1, CERT_LEN }, /* RFC 8446 4.4.2.4 */
	[CERT_LEN] = { 3, IS_PART, 1, CERT },
	[CERT] = { 0, ELEMENT, 0, CERT_LEN },
	[EXTS] = { 2, IS_NONE, 0, CERT_LEN },
	[REQUEST_CONTEXT] = { 1, IS_EMPTY, 0, REQUEST_EXTS },
	[REQUEST_EXTS] = { 2, IS_REST, 0, EXT_ID },
	[EXT_ID] = { 2, IS_ID, 0, EXT_LEN },
	[EXT_LEN] = { 2, IS_PART, 0, EXT },
	[ALGORITHMS_LEN] = { 2, IS_PART, 4, EXT }, /* one at least */
	[EXT] = { 0, ELEMENT, 0, EXT_ID },
	[TYPES_LEN] = { 1, IS_PART, 1, TYPES },
	[TYPES] = { 0, SKIPPED, 0, SCHEMES_LEN },
	[SCHEMES_LEN] = { 2, IS_PART, 2, SCHEMES },
	[SCHEMES] = { 0, SKIPPED, 0, NAMES_LEN },
	[NAMES_LEN] = { 2, IS_REST, 0, NAME_LEN },
	[NAME_LEN] = { 2, IS_PART, 1, NAME },
	[NAME] = { 0, ELEMENT, 0, NAME_LEN },
	[OVER] = { 0, SKIPPED, 0, OVER },
	[BROKEN] = { 0, SKIPPED, 0, BROKEN },
};

enum {
	SIGNATURE_ALGORITHMS = 13
};

static void
enter(struct sts_tls_lists *l, unsigned s)
{
	l->state = (uint8_t)s;
	l->octets = steps[s].octets;
	if (l->octets > 0) {
		l->value = 0;
	}
}

static void
broken(struct sts_tls_lists *l, enum sts_tls_alert alert)
{
	l->alert = (uint8_t)alert;
	enter(l, BROKEN);
}

static void
begin(struct sts_tls_lists *l, bool is_13, uint32_t len, enum state s)
{
	l->left = len;
	l->alert = STS_ALERT_NONE;
	l->is_13 = is_13;
	l->algorithms_due = s == REQUEST_CONTEXT;
	enter(l, s);
}

void
sts_tls_certs_begin(struct sts_tls_lists *l, uint16_t version, uint32_t len)
{
	bool is_13 = version == STS_TLS_13;

	begin(l, is_13, len, is_13 ? CONTEXT : LIST);
}

void
sts_tls_request_begin(struct sts_tls_lists *l, uint16_t version, uint32_t len)
{
	bool is_13 = version == STS_TLS_13;

	begin(l, is_13, len, is_13 ? REQUEST_CONTEXT : TYPES_LEN);
}

/* An element is over: another one, or the end of the list, which is that of the
 * message. */
static void
next_element(struct sts_tls_lists *l, unsigned s)
{
	if (l->left > 0) {
		enter(l, s);
	} else if (l->algorithms_due) {
		broken(l, STS_ALERT_MISSING_EXTENSION);
	} else {
		enter(l, OVER);
	}
}

/* Read octets of a length. True: it is complete. */
static bool
read_length(struct sts_tls_lists *l, struct sts_text *in)
{
	while (l->octets > 0 && in->n > 0) {
		if (l->left == 0) {
			broken(l, STS_ALERT_DECODE_ERROR);
			return false;
		}
		l->value = l->value << 8 | in->p[0];
		*in = sts_text(in->p + 1, in->n - 1);
		l->octets--;
		l->left--;
	}
	return l->octets == 0;
}

/* Take bytes of what the last length announced. */
static struct sts_text
skip(struct sts_tls_lists *l, struct sts_text *in)
{
	struct sts_text t = { in->p, l->value < in->n ? l->value : in->n };

	if (t.n > 0) {
		*in = sts_text(in->p + t.n, in->n - t.n);
	}
	l->value -= (uint32_t)t.n;
	l->left -= (uint32_t)t.n;
	return t;
}

/* Extensions that are not known are ignored (RFC 8446 4.3.2); the one that
 * must be there comes once. */
static void
ext_named(struct sts_tls_lists *l)
{
	if (l->value != SIGNATURE_ALGORITHMS) {
		enter(l, EXT_LEN);
	} else if (!l->algorithms_due) {
		broken(l, STS_ALERT_ILLEGAL_PARAMETER);
	} else {
		l->algorithms_due = false;
		enter(l, ALGORITHMS_LEN);
	}
}

/* Whether there is room for what a length announces. */
static bool
fits(const struct sts_tls_lists *l, const struct step *s)
{
	switch (s->rule) {
	case IS_REST:
		return l->value == l->left && l->value >= s->min;
	case IS_PART:
	case IS_NONE:
		return l->value <= l->left && l->value >= s->min;
	default:
		return true;
	}
}

/* The alert for a length that breaks its rule. */
static enum sts_tls_alert
judge_length(const struct sts_tls_lists *l, const struct step *s)
{
	if (!fits(l, s)) {
		return STS_ALERT_DECODE_ERROR;
	}
	if (s->rule == IS_EMPTY && l->value > 0) {
		return STS_ALERT_ILLEGAL_PARAMETER;
	}
	return s->rule == IS_NONE && l->value > 0
		   ? STS_ALERT_UNSUPPORTED_EXTENSION
		   : STS_ALERT_NONE;
}

/* A length is complete, or all it announced was skipped. */
static void
end_step(struct sts_tls_lists *l)
{
	const struct step *s = &steps[l->state];
	enum sts_tls_alert alert =
	    s->octets > 0 ? judge_length(l, s) : STS_ALERT_NONE;

	if (alert != STS_ALERT_NONE) {
		broken(l, alert);
		return;
	}
	switch (s->rule) {
	case IS_ID:
		ext_named(l);
		break;
	case IS_REST:
	case IS_NONE:
	case ELEMENT:
		next_element(l, s->next);
		break;
	default:
		enter(l, s->next);
		break;
	}
}

static enum sts_tls_lists_event
end_input(struct sts_tls_lists *l)
{
	if (l->state == OVER) {
		return STS_TLS_LISTS_DONE;
	}
	/* The caller knows where the message ends. */
	if (l->state != BROKEN && l->left == 0) {
		broken(l, STS_ALERT_DECODE_ERROR);
	}
	return l->state == BROKEN ? STS_TLS_LISTS_BROKEN : STS_TLS_LISTS_MORE;
}

/* Bytes of a certificate, or its end. */
static enum sts_tls_lists_event
next_bytes(struct sts_tls_lists *l, struct sts_text *in, struct sts_text *bytes)
{
	if (l->value > 0) {
		*bytes = skip(l, in);
		return bytes->n > 0 ? STS_TLS_CERT_BYTES : STS_TLS_LISTS_MORE;
	}
	if (l->is_13) {
		enter(l, EXTS);
	} else {
		end_step(l);
	}
	return STS_TLS_CERT_END;
}

/* Whether the state is over with what has come. */
static bool
complete(struct sts_tls_lists *l, struct sts_text *in)
{
	if (l->octets > 0) {
		return read_length(l, in);
	}
	(void)skip(l, in);
	return l->value == 0;
}

enum sts_tls_lists_event
sts_tls_lists_next(
    struct sts_tls_lists *l, struct sts_text *in, struct sts_text *bytes)
{
	if (l->state == CERT) {
		return next_bytes(l, in, bytes);
	}
	while (l->state < OVER && complete(l, in)) {
		end_step(l);
		if (l->state == CERT) {
			return STS_TLS_CERT_BEGIN;
		}
	}
	return end_input(l);
}

uint32_t
sts_tls_certs_len(const struct sts_tls_lists *l)
{
	STS_ASSERT(l->state == CERT);
	return l->value;
}

enum sts_tls_alert
sts_tls_lists_alert(const struct sts_tls_lists *l)
{
	return (enum sts_tls_alert)l->alert;
}
