/* SPDX-License-Identifier: MIT */
/* Numbers for monitoring, as text: one table, and one way to write a row. */
#include "../base/assert.h"
#include "../base/sink.h"
#include "../base/version.h"
#include "metrics.h"

static const char prefix[] = "mtasts_";
static const char counter[] = "_total";

struct row {
	const char *name, *label, *words, *help;
	uint16_t many;
	uint8_t unit;
};

#define ROW(id, many, unit, name, label, words, help)                          \
	{ name, label, words, help, many, unit },
/* clang-format off */
static const struct row rows[] = {
	STS_METRICS_COUNT(ROW)
	STS_METRICS_LOOK(ROW)
};
/* clang-format on */

static bool
is_counter(const char *name)
{
	size_t n = strlen(name);

	return n >= sizeof counter &&
	       strcmp(name + n - (sizeof counter - 1), counter) == 0;
}

/* Word i of words separated by single blanks. */
static struct sts_text
word(const char *words, unsigned i)
{
	size_t n = strcspn(words, " ");

	for (; i > 0; i--) {
		STS_ASSERT(words[n] == ' ');
		words += n + 1;
		n = strcspn(words, " ");
	}
	return sts_text((const uint8_t *)words, n);
}

/* The value of the label in the row's slot i. */
static struct sts_text
label_value(const struct row *r, unsigned i)
{
	if (r->words[0] != '*') {
		return word(r->words, i);
	}
	return word(r->words[1] == 'e' ? sts_event_token((enum sts_event_code)i)
				       : sts_why_token((enum sts_why)i),
	    0);
}

static void
put_name(struct sts_sink *s, const char *before, const struct row *r)
{
	sts_sink_string(s, before);
	sts_sink_string(s, prefix);
	sts_sink_string(s, r->name);
}

static void
put_row(struct sts_sink *s, const struct row *r, const uint32_t *n)
{
	put_name(s, "# HELP ", r);
	sts_sink_string(s, " ");
	sts_sink_string(s, r->help);
	put_name(s, "\n# TYPE ", r);
	sts_sink_string(s, is_counter(r->name) ? " counter\n" : " gauge\n");
	for (unsigned i = 0; i < r->many; i++) {
		put_name(s, "", r);
		if (r->label != NULL) {
			sts_sink_string(s, "{");
			sts_sink_string(s, r->label);
			sts_sink_string(s, "=\"");
			sts_sink_put(s, label_value(r, i));
			sts_sink_string(s, "\"}");
		}
		sts_sink_string(s, " ");
		sts_sink_decimal(s, (uint64_t)n[i] * r->unit);
		sts_sink_string(s, "\n");
	}
}

static void
put_all(struct sts_sink *s, const struct sts_metrics_values *v)
{
	const uint32_t *n = v->n;

	for (size_t i = 0; i < sizeof rows / sizeof *rows && !sts_sink_full(s);
	     i++) {
		put_row(s, &rows[i], n);
		n += rows[i].many;
		STS_ASSERT(n <= v->n + STS_METRICS_SLOTS);
	}
}

void
sts_metrics_counted(const struct sts_metrics *m, struct sts_metrics_values *v)
{
	memset(v, 0, sizeof *v);
	if (STS_METRICS) {
		memcpy(v->n, m->n, sizeof m->n);
	}
}

size_t
sts_metrics_len(const struct sts_metrics_values *v)
{
	struct sts_sink s = { 0, SIZE_MAX, SIZE_MAX, NULL };

	put_all(&s, v);
	return s.pos;
}

size_t
sts_metrics_render(
    const struct sts_metrics_values *v, size_t off, struct sts_span out)
{
	struct sts_sink s = { 0, off, off + out.n, out.p };

	put_all(&s, v);
	if (s.pos <= off) {
		return 0;
	}
	return s.pos - off < out.n ? s.pos - off : out.n;
}
