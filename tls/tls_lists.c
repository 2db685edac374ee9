/* SPDX-License-Identifier: MIT */
/*
 * Each state reads a length of some octets, or skips as many bytes as the
 * last one said. A length never exceeds what is left of what it stands in.
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
	CERT_OVER,
	/* CertificateRequest of TLS 1.3: context, extensions. */
	REQUEST_CONTEXT,
	REQUEST_EXTS,
	EXT_ID,
	EXT_LEN,
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

/* Octets of the length that a state reads; 0: it skips. */
static const uint8_t octets_of[] = {
	[CONTEXT] = 1,
	[LIST] = 3,
	[CERT_LEN] = 3,
	[EXTS] = 2,
	[REQUEST_CONTEXT] = 1,
	[REQUEST_EXTS] = 2,
	[EXT_ID] = 2,
	[EXT_LEN] = 2,
	[TYPES_LEN] = 1,
	[SCHEMES_LEN] = 2,
	[NAMES_LEN] = 2,
	[NAME_LEN] = 2,
	[BROKEN] = 0,
};

enum {
	SIGNATURE_ALGORITHMS = 13
};

static void
enter(struct sts_tls_lists *l, enum state s)
{
	l->state = (uint8_t)s;
	l->octets = octets_of[s];
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
begin(struct sts_tls_lists *l, uint16_t version, uint32_t len, enum state s)
{
	l->left = l->list_left = len;
	l->seen = 0;
	l->alert = STS_ALERT_NONE;
	l->is_13 = version == STS_TLS_13;
	enter(l, s);
}

/* The list is over: is the message, and has it what it must have? */
static void
end_list(struct sts_tls_lists *l)
{
	if (l->left > 0) {
		broken(l, STS_ALERT_DECODE_ERROR);
	} else {
		enter(l, OVER);
	}
}

/* An element is over: another one, or the end of the list. */
static void
next_element(struct sts_tls_lists *l, enum state s)
{
	if (l->list_left > 0) {
		enter(l, s);
	} else {
		end_list(l);
	}
}

/* Read octets of a length. True: it is complete. The list it stands in is
 * counted down as well. */
static bool
read_length(struct sts_tls_lists *l, struct sts_text *in)
{
	while (l->octets > 0 && in->n > 0) {
		if (l->list_left == 0 || l->left == 0) {
			broken(l, STS_ALERT_DECODE_ERROR);
			return false;
		}
		l->value = l->value << 8 | in->p[0];
		*in = sts_text(in->p + 1, in->n - 1);
		l->octets--;
		l->left--;
		l->list_left--;
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
	l->list_left -= (uint32_t)t.n;
	return t;
}

/* The context of a message in the handshake is empty (RFC 8446 4.4.2); a
 * length other than 0 is a wrong value, not a wrong form. */
static void
end_context(struct sts_tls_lists *l, enum state s)
{
	if (l->value != 0) {
		broken(l, STS_ALERT_ILLEGAL_PARAMETER);
	} else {
		enter(l, s);
	}
}

/* The length of the list is that of the rest of the message. */
static void
end_list_len(struct sts_tls_lists *l, enum state s)
{
	if (l->value != l->left) {
		broken(l, STS_ALERT_DECODE_ERROR);
	} else {
		l->list_left = l->left;
		next_element(l, s);
	}
}

/* Something of `value` bytes comes, at least `min`. */
static void
end_len(struct sts_tls_lists *l, uint32_t min, enum state s)
{
	if (l->value > l->list_left || l->value < min) {
		broken(l, STS_ALERT_DECODE_ERROR);
	} else {
		enter(l, s);
	}
}

static void
certs_length_read(struct sts_tls_lists *l)
{
	switch (l->state) {
	case CONTEXT:
		end_context(l, LIST);
		break;
	case LIST:
		if (l->value == 0) { /* RFC 8446 4.4.2.4 */
			broken(l, STS_ALERT_DECODE_ERROR);
		} else {
			end_list_len(l, CERT_LEN);
		}
		break;
	default: /* EXTS: none was asked for */
		STS_ASSERT(l->state == EXTS);
		if (l->value > l->list_left) {
			broken(l, STS_ALERT_DECODE_ERROR);
		} else if (l->value > 0) {
			broken(l, STS_ALERT_UNSUPPORTED_EXTENSION);
		} else {
			next_element(l, CERT_LEN);
		}
		break;
	}
}

void
sts_tls_certs_begin(struct sts_tls_lists *l, uint16_t version, uint32_t len)
{
	begin(l, version, len, version == STS_TLS_13 ? CONTEXT : LIST);
}

static enum sts_tls_certs_event
certs_end(struct sts_tls_lists *l)
{
	if (l->state == BROKEN) {
		return STS_TLS_CERTS_BROKEN;
	}
	if (l->state == OVER) {
		return STS_TLS_CERTS_DONE;
	}
	/* The caller knows where the message ends. */
	if (l->left == 0) {
		broken(l, STS_ALERT_DECODE_ERROR);
		return STS_TLS_CERTS_BROKEN;
	}
	return STS_TLS_CERTS_MORE;
}

/* Bytes of a certificate, or its end. */
static enum sts_tls_certs_event
next_bytes(struct sts_tls_lists *l, struct sts_text *in, struct sts_text *bytes)
{
	if (l->value == 0) {
		enter(l, CERT_OVER);
		return STS_TLS_CERTS_END;
	}
	*bytes = skip(l, in);
	return bytes->n > 0 ? STS_TLS_CERTS_BYTES : STS_TLS_CERTS_MORE;
}

/* A length is complete. True: a certificate begins. */
static bool
begins(struct sts_tls_lists *l)
{
	if (l->state != CERT_LEN) {
		certs_length_read(l);
		return false;
	}
	end_len(l, 1, CERT);
	return l->state == CERT;
}

enum sts_tls_certs_event
sts_tls_certs_next(
    struct sts_tls_lists *l, struct sts_text *in, struct sts_text *bytes)
{
	do {
		if (l->state == CERT) {
			return next_bytes(l, in, bytes);
		}
		if (l->state == CERT_OVER && l->is_13) {
			enter(l, EXTS);
		} else if (l->state == CERT_OVER) {
			next_element(l, CERT_LEN);
		}
		if (l->state == OVER || l->state == BROKEN ||
		    !read_length(l, in)) {
			return certs_end(l);
		}
	} while (!begins(l));
	return STS_TLS_CERTS_BEGIN;
}

uint32_t
sts_tls_certs_len(const struct sts_tls_lists *l)
{
	STS_ASSERT(l->state == CERT);
	return l->value;
}

void
sts_tls_request_begin(struct sts_tls_lists *l, uint16_t version, uint32_t len)
{
	begin(l, version, len,
	    version == STS_TLS_13 ? REQUEST_CONTEXT : TYPES_LEN);
}

/* Extensions that are not known are ignored (RFC 8446 4.3.2); the one that
 * must be there comes once. */
static void
ext_named(struct sts_tls_lists *l)
{
	bool known = l->value == SIGNATURE_ALGORITHMS;

	l->ext = (uint16_t)l->value;
	if (known && l->seen != 0) {
		broken(l, STS_ALERT_ILLEGAL_PARAMETER);
		return;
	}
	l->seen = (uint16_t)(l->seen | known);
	enter(l, EXT_LEN);
}

static void
request_length_read(struct sts_tls_lists *l)
{
	switch (l->state) {
	case REQUEST_CONTEXT:
		end_context(l, REQUEST_EXTS);
		break;
	case REQUEST_EXTS:
		end_list_len(l, EXT_ID);
		break;
	case EXT_ID:
		ext_named(l);
		break;
	case EXT_LEN:
		/* A list of at least one scheme. */
		end_len(l, l->ext == SIGNATURE_ALGORITHMS ? 4 : 0, EXT);
		break;
	case TYPES_LEN:
		end_len(l, 1, TYPES);
		break;
	case SCHEMES_LEN:
		end_len(l, 2, SCHEMES);
		break;
	case NAMES_LEN:
		end_list_len(l, NAME_LEN);
		break;
	default:
		STS_ASSERT(l->state == NAME_LEN);
		end_len(l, 1, NAME);
		break;
	}
}

static void
request_skipped(struct sts_tls_lists *l)
{
	switch (l->state) {
	case EXT:
		next_element(l, EXT_ID);
		break;
	case TYPES:
		enter(l, SCHEMES_LEN);
		break;
	case SCHEMES:
		enter(l, NAMES_LEN);
		break;
	default:
		STS_ASSERT(l->state == NAME);
		next_element(l, NAME_LEN);
		break;
	}
}

void
sts_tls_request_feed(struct sts_tls_lists *l, struct sts_text in)
{
	while (l->state != OVER && l->state != BROKEN) {
		if (octets_of[l->state] > 0) {
			if (!read_length(l, &in)) {
				return;
			}
			request_length_read(l);
		} else {
			(void)skip(l, &in);
			if (l->value > 0) {
				return;
			}
			request_skipped(l);
		}
	}
	if (l->state == OVER && l->is_13 && l->seen == 0) {
		broken(l, STS_ALERT_MISSING_EXTENSION);
	}
}

bool
sts_tls_request_over(const struct sts_tls_lists *l)
{
	return l->state == OVER;
}

enum sts_tls_alert
sts_tls_lists_alert(const struct sts_tls_lists *l)
{
	return (enum sts_tls_alert)l->alert;
}
