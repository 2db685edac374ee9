/* SPDX-License-Identifier: MIT */
/*
 * Values of smtp_tls_policy_maps, judged before Postfix's own smtp_tls_policy.c
 * reads them.
 *
 * A value is a level, then attributes, with blanks or commas between them. Two
 * tables say what may stand where: levels[] as bits, and attributes[] with the
 * levels that each is allowed under, whether it may be repeated, and a check
 * of its value. `seen` collects the attributes, for the rules between them
 * (complete). Where Postfix is lenient this is strict: a value that is refused
 * costs the operator an error message, one that is wrongly accepted costs the
 * mail of a whole destination.
 *
 * Invariants: a function of the value, without a state; O(length). Nothing is
 * accepted that is in neither table. The value is the operator's, so there is
 * no attacker: it is judged once, when the configuration is read, and answered
 * octet by octet.
 */
#include "../base/assert.h"
#include "../base/name.h"
#include "../base/text.h"
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
	(void)sts_text_take(&t, "*.");
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

/* The places in the table of attributes that depend on others. */
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
	struct sts_text left; /* neither begins nor ends in a separator */
	unsigned level;
	unsigned seen; /* a bit for each attribute of the table */
	bool sts; /* policy_type=sts */
};

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

/*
 * The next attribute's "name=value" without its braces. False: a brace that
 * has no partner, is nested, or stands inside a word.
 */
static bool
next_attribute(struct reader *r, struct sts_text *attribute)
{
	if (r->left.p[0] != '{') {
		*attribute = sts_text_word(&r->left, STS_BLANK_COMMA);
	} else {
		size_t end = sts_text_find(r->left, '}');
		struct sts_text rest;

		if (end == r->left.n) {
			return false;
		}
		*attribute = sts_text(r->left.p + 1, end - 1);
		rest = sts_text_skip(r->left, end + 1);
		r->left = sts_text_trim(rest, STS_BLANK_COMMA);
		if (rest.n > 0 && r->left.n == rest.n) {
			return false;
		}
	}
	return sts_text_find(*attribute, '{') == attribute->n &&
	       sts_text_find(*attribute, '}') == attribute->n;
}

/* Whether "name=value" is known, may stand here, and has a fit value. */
static bool
take_attribute(struct reader *r, struct sts_text attribute)
{
	size_t equals = sts_text_find(attribute, '=');
	struct sts_text name =
	    sts_text_trim(sts_text(attribute.p, equals), STS_BLANK_SPACE);
	struct sts_text value;
	size_t i = 0;

	if (equals == attribute.n) {
		return false;
	}
	value = sts_text_trim(
	    sts_text_skip(attribute, equals + 1), STS_BLANK_SPACE);
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

/* Check the rules between attributes. */
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

	r.left = sts_text_trim(value, STS_BLANK_COMMA);
	r.level = find_level(sts_text_word(&r.left, STS_BLANK_COMMA));
	if (r.level == 0) {
		return STS_POSTFIX_LEVEL;
	}
	if (!printable(value)) {
		return STS_POSTFIX_ATTRIBUTE;
	}
	while (r.left.n > 0) {
		if (!next_attribute(&r, &attribute) ||
		    !take_attribute(&r, attribute)) {
			return STS_POSTFIX_ATTRIBUTE;
		}
	}
	return complete(&r) ? STS_POSTFIX_OK : STS_POSTFIX_ATTRIBUTE;
}
