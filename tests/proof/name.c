/* SPDX-License-Identifier: MIT */
/*
 * Host names. Short names are proved whole, against a second writing of the
 * grammar; long names are proved by their parts.
 *
 * @link core/base/bytes.c
 */
#include "contracts.h"

#include "../../core/base/name.c"

enum {
	SHORT = 5, /* octets: "a.b.c" */
	LONG = 320
};

bool
label_valid_contract(struct sts_text t, size_t from, size_t to)
{
	PROVE(from <= to);
	PROVE(to <= t.n);
	return nondet_bool() && to > from && to - from <= STS_LABEL_MAX;
}

bool
all_digits_contract(struct sts_text t, size_t from, size_t to)
{
	PROVE(from <= to);
	PROVE(to <= t.n);
	return nondet_bool();
}

/* @bound any place of any text */
void
prove_label_valid(void)
{
	struct sts_text t = any_text(LONG);
	size_t from = nondet_size(), to = nondet_size();

	ASSUME(from <= to && to <= t.n);
	if (label_valid(t, from, to)) {
		PROVE(to > from && to - from <= STS_LABEL_MAX);
		PROVE(t.p[from] != '-' && t.p[to - 1] != '-');
	}
}

/*
 * @bound texts of up to 4 octets, and those that are too long: one pass, which
 * remembers of earlier octets only where the label began
 * @cut label_valid label_valid_contract
 * @cut all_digits all_digits_contract
 * @loop sts_name_valid.0 5: octets
 */
void
prove_name_valid(void)
{
	struct sts_text t = any_text(LONG);

	ASSUME(t.n <= 4 || t.n > STS_NAME_MAX);
	if (sts_name_valid(t)) {
		PROVE(t.n >= 1 && t.n <= STS_NAME_MAX);
	}
}

/* Whether the octet at i may be beside its neighbours. */
static bool
fits_beside(const uint8_t *p, size_t n, size_t i)
{
	if (sts_is_alnum(p[i])) {
		return true;
	}
	if ((p[i] != '-' && p[i] != '.') || i == 0 || i == n - 1) {
		return false;
	}
	return p[i - 1] != '.' && p[i + 1] != '.' &&
	       (p[i] == '-' || (p[i - 1] != '-' && p[i + 1] != '-'));
}

/* The rule of name.h written in another way, for short names. */
static bool
is_name(const uint8_t *p, size_t n)
{
	bool digits = true;

	for (size_t i = 0; i < n; i++) {
		if (!fits_beside(p, n, i)) {
			return false;
		}
		digits = p[i] == '.' || (digits && sts_is_digit(p[i]));
	}
	return n > 0 && !digits;
}

/*
 * @bound names of up to 5 octets that the grammar allows
 * @loop is_name.0 6: octets
 * @loop sts_name_valid.0 6: octets
 * @loop all_digits.0 6: octets
 */
void
prove_name_short(void)
{
	struct sts_text t = any_text(SHORT);

	PROVE(sts_name_valid(t) == is_name(t.p, t.n));
}

/*
 * @bound the same names in lower case
 * @loop is_name.0 6: octets
 * @loop sts_name_lower.0 6: octets
 * @loop all_digits.0 6: octets
 */
void
prove_name_lower(void)
{
	struct sts_text t = any_text(SHORT);
	uint8_t out[SHORT];
	size_t i = nondet_size();
	bool good = sts_name_lower(out, t);

	PROVE(good == is_name(t.p, t.n));
	ASSUME(i < t.n);
	PROVE(!good || out[i] == sts_lower(t.p[i]));
}

/*
 * @bound any pattern, hosts whose first label has up to 4 octets: each step of
 * the search for its end knows only its place
 * @cut sts_name_valid name_valid_contract
 * @cut sts_same_nocase same_nocase_contract
 * @loop sts_name_match.0 5: octets
 */
void
prove_name_match(void)
{
	struct sts_text pattern = any_text(LONG), host = any_text(4);

	if (sts_name_match(pattern, host)) {
		PROVE(host.n > 0 && pattern.n > 0);
		PROVE(pattern.p[0] == '*' || pattern.n == host.n);
	}
}
