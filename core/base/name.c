/* SPDX-License-Identifier: MIT */
/* Host names and the one-label wildcard rule. */
#include "name.h"

/* Whether t[from..to) is a label of letters, digits and inner hyphens. */
static bool
label_valid(struct sts_text t, size_t from, size_t to)
{
	if (to == from || to - from > STS_LABEL_MAX) {
		return false;
	}
	for (size_t i = from; i < to; i++) {
		if (!sts_is_alnum(t.p[i]) && t.p[i] != '-') {
			return false;
		}
	}
	return t.p[from] != '-' && t.p[to - 1] != '-';
}

static bool
all_digits(struct sts_text t, size_t from, size_t to)
{
	for (size_t i = from; i < to; i++) {
		if (!sts_is_digit(t.p[i])) {
			return false;
		}
	}
	return true;
}

bool
sts_name_valid(struct sts_text t)
{
	size_t start = 0;

	if (t.n == 0 || t.n > STS_NAME_MAX) {
		return false;
	}
	for (size_t i = 0; i < t.n; i++) {
		if (t.p[i] == '.') {
			if (!label_valid(t, start, i)) {
				return false;
			}
			start = i + 1;
		}
	}
	return label_valid(t, start, t.n) && !all_digits(t, start, t.n);
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
