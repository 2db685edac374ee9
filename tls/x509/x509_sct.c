/* SPDX-License-Identifier: MIT */
/* A list of SCTs. */
#include <string.h>

#include "../../core/base/assert.h"
#include "x509_sct.h"

/*
 * RFC 6962 3.2, 3.3, each step with the length that ends it:
 *
 *	LIST_LEN (SCT_LEN VERSION (SKIP |
 *	    LOG_ID time EXTS_LEN EXTS algorithms SIG_LEN SIG))*
 */
enum step {
	LIST_LEN,
	SCT_LEN,
	VERSION,
	LOG_ID,
	EXTS_LEN, /* the time before it */
	EXTS,
	SIG_LEN, /* the algorithms before it */
	SIG,
	SKIP, /* the rest of an SCT that is not v1 */
	END,
	BROKEN
};

enum {
	LENGTH = 2,
	ID = 32,
	TIME = 8,
	ALGORITHMS = 2
};

/* Go on with `len` octets within the SCT. */
static void
enter(struct sts_x509_scts *s, enum step step, uint16_t len)
{
	if (len > s->sct_left) {
		s->step = BROKEN;
		return;
	}
	s->sct_left = (uint16_t)(s->sct_left - len);
	s->step = (uint8_t)step;
	s->want = len;
	s->value = 0;
}

/* An SCT, or nothing more, must come. */
static void
next_sct(struct sts_x509_scts *s)
{
	if (s->list_left == 0) {
		s->step = END;
		return;
	}
	s->sct_left = LENGTH;
	enter(s, SCT_LEN, LENGTH);
}

static void
begin_sct(struct sts_x509_scts *s)
{
	unsigned len = LENGTH + (unsigned)s->value;

	if (len > s->list_left) {
		s->step = BROKEN;
		return;
	}
	s->list_left = (uint16_t)(s->list_left - len);
	s->sct_left = s->value;
	enter(s, VERSION, 1);
}

/* Keep the id behind the others if it is none of them. */
static void
count_log(struct sts_x509_scts *s)
{
	const uint8_t *id = s->logs[s->count];

	for (unsigned i = 0; i < s->count; i++) {
		if (memcmp(s->logs[i], id, STS_X509_LOG_ID) == 0) {
			return;
		}
	}
	s->count = (uint8_t)(s->count + (s->count < STS_X509_LOGS_MAX));
}

static void
end_sct(struct sts_x509_scts *s)
{
	if (s->sct_left > 0) {
		s->step = BROKEN;
		return;
	}
	next_sct(s);
}

/* The step within an SCT is over. */
static void
after(struct sts_x509_scts *s)
{
	switch (s->step) {
	case VERSION:
		if (s->value == 0) {
			enter(s, LOG_ID, ID);
		} else {
			enter(s, SKIP, s->sct_left);
		}
		break;
	case LOG_ID:
		count_log(s);
		enter(s, EXTS_LEN, TIME + LENGTH);
		break;
	case EXTS_LEN:
		enter(s, EXTS, s->value);
		break;
	case EXTS:
		enter(s, SIG_LEN, ALGORITHMS + LENGTH);
		break;
	case SIG_LEN:
		enter(s, SIG, s->value);
		break;
	default:
		end_sct(s);
		break;
	}
}

static void
step_over(struct sts_x509_scts *s)
{
	if (s->step == LIST_LEN) {
		s->list_left = s->value;
		next_sct(s);
	} else if (s->step == SCT_LEN) {
		begin_sct(s);
	} else {
		after(s);
	}
}

static void
take(struct sts_x509_scts *s, uint8_t b)
{
	if (s->step >= END) {
		s->step = BROKEN;
		return;
	}
	STS_ASSERT(s->want > 0);
	if (s->step == LOG_ID && ID - s->want < STS_X509_LOG_ID) {
		s->logs[s->count][ID - s->want] = b;
	}
	s->value = (uint16_t)((unsigned)s->value << 8 | b);
	s->want--;
	/* At most EXTS, SIG and SKIP are empty, never one after the other. */
	while (s->want == 0 && s->step < END) {
		step_over(s);
	}
}

void
sts_x509_scts_begin(struct sts_x509_scts *s)
{
	memset(s, 0, sizeof *s);
	s->step = LIST_LEN;
	s->want = LENGTH;
}

void
sts_x509_scts_feed(struct sts_x509_scts *s, struct sts_text in)
{
	for (size_t i = 0; i < in.n; i++) {
		take(s, in.p[i]);
	}
}

unsigned
sts_x509_scts_end(const struct sts_x509_scts *s)
{
	return s->step == END ? s->count : 0;
}
