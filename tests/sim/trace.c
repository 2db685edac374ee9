/* SPDX-License-Identifier: MIT */
/* What happens in a run, hashed and printed. */
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "sim.h"
#include "trace.h"

bool trace_prints;
const char *trace_only;
uint64_t trace_hash, trace_answers;

void
trace_begin(void)
{
	trace_hash = trace_answers = 0xcbf29ce484222325u;
}

static void
add(uint64_t *hash, const char *p, size_t n)
{
	uint64_t h = *hash;
	size_t i;

	for (i = 0; i < n; i++) {
		h = (h ^ (uint8_t)p[i]) * 0x100000001b3u;
	}
	*hash = h;
}

const char *
trace_time(int64_t ms)
{
	static char text[4][32];
	static unsigned next;
	char *p = text[next++ % 4];

	snprintf(p, sizeof *text, "%lldd %02d:%02d:%02d.%03d",
	    (long long)(ms / 86400000), (int)(ms / 3600000 % 24),
	    (int)(ms / 60000 % 60), (int)(ms / 1000 % 60), (int)(ms % 1000));
	return p;
}

static void
line(uint64_t *also, const char *format, va_list ap)
{
	char text[512];
	int n = vsnprintf(text, sizeof text, format, ap);
	size_t len = n < (int)sizeof text ? (size_t)n : sizeof text - 1;

	add(&trace_hash, (const char *)&sim.t, sizeof sim.t);
	add(&trace_hash, text, len);
	if (also != NULL) {
		add(also, (const char *)&sim.t, sizeof sim.t);
		add(also, text, len);
	}
	if (trace_prints &&
	    (trace_only == NULL || strstr(text, trace_only) != NULL ||
		text[0] == '*')) {
		printf("%s %.300s\n", trace_time(sim.t), text);
	}
}

void
trace(const char *format, ...)
{
	va_list ap;

	va_start(ap, format);
	line(NULL, format, ap);
	va_end(ap);
}

void
trace_answer(const char *format, ...)
{
	va_list ap;

	va_start(ap, format);
	line(&trace_answers, format, ap);
	va_end(ap);
}
