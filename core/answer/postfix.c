/* SPDX-License-Identifier: MIT */
/* Values of smtp_tls_policy_maps: the reader of smtp_tls_policy.c, in small. */
#include "../base/assert.h"
#include "../base/name.h"
#include "postfix.h"

/* Levels, as bits so that an attribute can say where it may stand. */
enum {
	LEVEL_NONE = 1,
	LEVEL_MAY = 2,
	LEVEL_ENCRYPT = 4,
	LEVEL_FINGERPRINT = 8,
	LEVEL_DANE = 16,
	LEVEL_DANE_ONLY = 32,
	LEVEL_VERIFY = 64,
	LEVEL_SECURE = 128,
	LEVELS_PKIX = LEVEL_VERIFY | LEVEL_SECURE,
	LEVELS_TLS = 255 & ~LEVEL_NONE
};

static const struct {
	const char *name;
	unsigned level;
} levels[] = {
	{ "none", LEVEL_NONE },
	{ "may", LEVEL_MAY },
	{ "encrypt", LEVEL_ENCRYPT },
	{ "fingerprint", LEVEL_FINGERPRINT },
	{ "dane", LEVEL_DANE },
	{ "dane-only", LEVEL_DANE_ONLY },
	{ "verify", LEVEL_VERIFY },
	{ "secure", LEVEL_SECURE },
};

static bool
any_value(struct sts_text t)
{
	return t.n > 0;
}

static bool
yes_or_no(struct sts_text t)
{
	return sts_text_is(t, "yes") || sts_text_is(t, "no");
}

static bool
seconds(struct sts_text t)
{
	uint64_t v;

	return sts_get_decimal(t, 9, &v);
}

static bool
mx_pattern(struct sts_text t)
{
	if (t.n > 2 && t.p[0] == '*' && t.p[1] == '.') {
		t = sts_text(t.p + 2, t.n - 2);
	}
	return sts_name_valid(t);
}

static bool
policy_type(struct sts_text t)
{
	return sts_text_is(t, "sts") || sts_text_is(t, "no-policy-found");
}

static bool
policy_failure(struct sts_text t)
{
	return sts_text_is(t, "sts-policy-fetch-error") ||
	       sts_text_is(t, "sts-policy-invalid") ||
	       sts_text_is(t, "sts-webpki-invalid") ||
	       sts_text_is(t, "validation-failure");
}

/* The places in the table that rules between attributes speak of. */
enum {
	POLICY_TYPE = 0,
	POLICY_STRING,
	MX_HOST_PATTERN,
	POLICY_LAST = 5,
	ATTRIBUTES = 14
};

static const struct {
	const char *name;
	unsigned levels;
	bool repeats;
	bool (*valid)(struct sts_text value);
} attributes[ATTRIBUTES] = {
	{ "policy_type", LEVELS_TLS, false, policy_type },
	{ "policy_string", LEVELS_TLS, true, any_value },
	{ "mx_host_pattern", LEVELS_TLS, true, mx_pattern },
	{ "policy_domain", LEVELS_TLS, false, sts_name_valid },
	{ "policy_failure", LEVELS_TLS, false, policy_failure },
	{ "policy_ttl", LEVELS_TLS, false, seconds },
	{ "match", LEVELS_PKIX | LEVEL_FINGERPRINT, true, any_value },
	{ "tafile", LEVELS_PKIX, true, any_value },
	{ "servername", LEVELS_TLS, false, sts_name_valid },
	{ "ciphers", LEVELS_TLS, false, any_value },
	{ "protocols", LEVELS_TLS, false, any_value },
	{ "exclude", LEVELS_TLS, false, any_value },
	{ "connection_reuse", LEVELS_TLS, false, yes_or_no },
	{ "enable_rpk", LEVELS_TLS, false, yes_or_no },
};

struct reader {
	struct sts_text left;
	unsigned level;
	unsigned seen; /* a bit for each attribute of the table */
	bool sts; /* policy_type=sts */
};

static bool
is_separator(uint8_t c)
{
	return c == ' ' || c == ',';
}

static struct sts_text
drop(struct sts_text t, size_t n)
{
	return n == 0 ? t : sts_text(t.p + n, t.n - n);
}

static struct sts_text
trim(struct sts_text t)
{
	while (t.n > 0 && t.p[0] == ' ') {
		t = drop(t, 1);
	}
	while (t.n > 0 && t.p[t.n - 1] == ' ') {
		t.n--;
	}
	return t;
}

/* The offset of c in t, or t.n. */
static size_t
find(struct sts_text t, uint8_t c)
{
	size_t i = 0;

	while (i < t.n && t.p[i] != c) {
		i++;
	}
	return i;
}

static bool
printable(struct sts_text t)
{
	for (size_t i = 0; i < t.n; i++) {
		if (t.p[i] < 0x20 || t.p[i] > 0x7e) {
			return false;
		}
	}
	return true;
}

static void
skip_separators(struct reader *r)
{
	while (r->left.n > 0 && is_separator(r->left.p[0])) {
		r->left = drop(r->left, 1);
	}
}

/* The next word: up to a separator or the end. */
static struct sts_text
next_word(struct reader *r)
{
	struct sts_text word = { r->left.p, 0 };

	while (word.n < r->left.n && !is_separator(r->left.p[word.n])) {
		word.n++;
	}
	r->left = drop(r->left, word.n);
	return word;
}

/*
 * The next attribute's "name=value" without its braces. False: a brace that
 * has no partner, is nested, or stands inside a word.
 */
static bool
next_attribute(struct reader *r, struct sts_text *attribute)
{
	if (r->left.p[0] != '{') {
		*attribute = next_word(r);
	} else {
		size_t end = find(r->left, '}');

		if (end == r->left.n) {
			return false;
		}
		*attribute = sts_text(r->left.p + 1, end - 1);
		r->left = drop(r->left, end + 1);
		if (r->left.n > 0 && !is_separator(r->left.p[0])) {
			return false;
		}
	}
	return find(*attribute, '{') == attribute->n &&
	       find(*attribute, '}') == attribute->n;
}

/* Whether "name=value" is known, may stand here, and has a fit value. */
static bool
take_attribute(struct reader *r, struct sts_text attribute)
{
	size_t equals = find(attribute, '=');
	struct sts_text name = trim(sts_text(attribute.p, equals));
	struct sts_text value;
	size_t i = 0;

	if (equals == attribute.n) {
		return false;
	}
	value = trim(drop(attribute, equals + 1));
	while (i < ATTRIBUTES && !sts_text_is(name, attributes[i].name)) {
		i++;
	}
	if (i == ATTRIBUTES || (attributes[i].levels & r->level) == 0) {
		return false;
	}
	if ((r->seen & 1U << i) != 0 && !attributes[i].repeats) {
		return false;
	}
	r->seen |= 1U << i;
	r->sts = r->sts || (i == POLICY_TYPE && sts_text_is(value, "sts"));
	return attributes[i].valid(value);
}

/* The rules between attributes. */
static bool
complete(const struct reader *r)
{
	const unsigned both = 1U << POLICY_STRING | 1U << MX_HOST_PATTERN;
	const unsigned policy = (1U << (POLICY_LAST + 1)) - 1;

	if ((r->seen & 1U << POLICY_TYPE) == 0) {
		return (r->seen & policy) == 0;
	}
	return !r->sts || (r->seen & both) == both;
}

static unsigned
find_level(struct sts_text word)
{
	for (size_t i = 0; i < sizeof levels / sizeof *levels; i++) {
		if (sts_text_is(word, levels[i].name)) {
			return levels[i].level;
		}
	}
	return 0;
}

enum sts_postfix_status
sts_postfix_check(struct sts_text value)
{
	struct reader r = { value, 0, 0, false };
	struct sts_text attribute;

	skip_separators(&r);
	r.level = find_level(next_word(&r));
	if (r.level == 0) {
		return STS_POSTFIX_LEVEL;
	}
	if (!printable(value)) {
		return STS_POSTFIX_ATTRIBUTE;
	}
	for (skip_separators(&r); r.left.n > 0; skip_separators(&r)) {
		if (!next_attribute(&r, &attribute) ||
		    !take_attribute(&r, attribute)) {
			return STS_POSTFIX_ATTRIBUTE;
		}
	}
	return complete(&r) ? STS_POSTFIX_OK : STS_POSTFIX_ATTRIBUTE;
}
