/* SPDX-License-Identifier: MIT */
/* Host names and the one-label wildcard rule. */
#include "name.h"

/* Whether t[from..to) is a label, if it is of letters, digits and hyphens: no
 * hyphen is at an end. */
static bool
label_valid(struct sts_text t, size_t from, size_t to)
{
	return to > from && to - from <= STS_LABEL_MAX && t.p[from] != '-' &&
	       t.p[to - 1] != '-';
}

static bool
all_digits(struct sts_text t, size_t from, size_t to)
{
	while (from < to && sts_is_digit(t.p[from])) {
		from++;
	}
	return from == to;
}

/* Whether a name may have c at i, where a label began at *start; a dot ends
 * it. */
static inline bool
fits(struct sts_text t, size_t i, uint8_t c, size_t *start)
{
	size_t began = *start;

	if (sts_is_alnum(c)) {
		return true;
	}
	if (c != '.') {
		return c == '-';
	}
	*start = i + 1;
	return label_valid(t, began, i);
}

static bool
last_fits(struct sts_text t, size_t start)
{
	return label_valid(t, start, t.n) && !all_digits(t, start, t.n);
}

bool
sts_name_valid(struct sts_text t)
{
	size_t start = 0;

	if (t.n == 0 || t.n > STS_NAME_MAX) {
		return false;
	}
	for (size_t i = 0; i < t.n; i++) {
		if (!fits(t, i, t.p[i], &start)) {
			return false;
		}
	}
	return last_fits(t, start);
}

bool
sts_name_lower(uint8_t *out, struct sts_text t)
{
	size_t start = 0;

	if (t.n == 0 || t.n > STS_NAME_MAX) {
		return false;
	}
	for (size_t i = 0; i < t.n; i++) {
		uint8_t c = sts_lower(t.p[i]);

		out[i] = c;
		if (!fits(t, i, c, &start)) {
			return false;
		}
	}
	return last_fits(t, start);
}

unsigned
sts_name_labels(struct sts_text t)
{
	unsigned labels = 1;

	for (size_t i = 0; i < t.n; i++) {
		labels += t.p[i] == '.';
	}
	return labels;
}

bool
sts_name_match(struct sts_text pattern, struct sts_text host)
{
	if (!sts_name_valid(host)) {
		return false;
	}
	if (pattern.n > 2 && pattern.p[0] == '*' && pattern.p[1] == '.') {
		size_t label = 0;

		while (label < host.n && host.p[label] != '.') {
			label++;
		}
		if (label == host.n) {
			return false;
		}
		host = sts_text(host.p + label + 1, host.n - label - 1);
		pattern = sts_text(pattern.p + 2, pattern.n - 2);
	}
	return sts_name_valid(pattern) && sts_same_nocase(pattern, host);
}
