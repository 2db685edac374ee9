/* SPDX-License-Identifier: MIT */
/* Rendering in pieces: what falls into the window is kept. */
#include <string.h>

#include "assert.h"
#include "sink.h"

void
sts_sink_put(struct sts_sink *s, struct sts_text t)
{
	size_t begin = s->pos < s->from ? s->from - s->pos : 0;
	size_t room = s->pos < s->to ? s->to - s->pos : 0;
	size_t end = t.n < room ? t.n : room;

	if (begin < end) {
		memcpy(s->out + (s->pos + begin - s->from), t.p + begin,
		    end - begin);
	}
	s->pos += t.n;
}

void
sts_sink_decimal(struct sts_sink *s, uint64_t v)
{
	uint8_t digits[20];

	sts_sink_put(s, sts_text(digits, sts_put_decimal(digits, v)));
}

void
sts_sink_hex(struct sts_sink *s, uint64_t v, unsigned digits)
{
	static const char hex[] = "0123456789abcdef";

	while (digits-- > 0) {
		const char *digit = hex + (v >> 4 * digits & 15);

		sts_sink_put(s, sts_text((const uint8_t *)digit, 1));
	}
}

void
sts_sink_form(
    struct sts_sink *s, const char *form, const struct sts_text *texts)
{
	const char *blank;

	while ((blank = strchr(form, '$')) != NULL) {
		sts_sink_put(
		    s, sts_text((const uint8_t *)form, (size_t)(blank - form)));
		STS_ASSERT(blank[1] >= 'a' && blank[1] <= 'z');
		sts_sink_put(s, texts[blank[1] - 'a']);
		form = blank + 2;
	}
	sts_sink_string(s, form);
}
