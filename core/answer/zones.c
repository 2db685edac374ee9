/* SPDX-License-Identifier: MIT */
/*
 * Zones and overrides: read the configuration lines, and look up what they
 * define.
 *
 * zone[0..count) begins with the three built-in zones; a line for one of their
 * names changes it in place, any other name is appended. override[0..overrides)
 * point into text[], where domains and values lie one after another.
 *
 * A line is either added as a whole, or changes nothing and returns what was
 * expected instead. The operator is trusted but makes mistakes: names, values
 * and policy values are checked here, because Postfix defers all mail for a
 * destination whose value it cannot read. After the last line the tables are
 * only read, so two reloads never mix.
 */
#include <string.h>

#include "../base/assert.h"
#include "../base/text.h"
#include "postfix.h"
#include "zones.h"

/* The places of the built-in zones. */
enum {
	ZONE_DEFAULT = 0,
	ZONE_TLSRPT,
	ZONE_SENDMAIL,
	ZONES_BUILT_IN
};

enum {
	SENDMAIL_MS = 4000 /* FEATURE(sts) gives its map 5 s */
};

STS_STATIC_ASSERT(STS_ZONES_MAX >= ZONES_BUILT_IN, zones_hold_the_built_in);
STS_STATIC_ASSERT(STS_OVERRIDES_TEXT <= 0xffff, override_offsets_fit);

static const char *const error_texts[] = {
	"fine",
	"fewer of them: there is no room for another one",
	"a name of 1 to 63 printable characters",
	"strict_testing, sni, tlsrpt, audit, dane or answer_within",
	"yes or no, on or off (dane), or a time from 1ms to 90s",
	"a domain, with or without brackets and a port number",
	"notfound, sts, ignore, or postfix and a policy value",
	"a level: none, may, encrypt, dane, verify, secure, ...",
	"attributes that Postfix knows, well formed and in their places",
	"something that was not given before",
};

STS_STATIC_ASSERT(
    sizeof error_texts / sizeof *error_texts == STS_ZONES_ERROR_COUNT,
    every_error_has_a_text);

enum option {
	OPTION_STRICT_TESTING,
	OPTION_SNI,
	OPTION_TLSRPT,
	OPTION_AUDIT,
	OPTION_DANE,
	OPTION_ANSWER_WITHIN,
	OPTIONS
};

static const char *const option_names[OPTIONS] = { "strict_testing", "sni",
	"tlsrpt", "audit", "dane", "answer_within" };

static const struct {
	const char *name;
	uint32_t ms;
} units[] = {
	{ "ms", 1 },
	{ "s", 1000 },
	{ "m", 60000 },
};

static const struct {
	const char *name;
	enum sts_override_action action;
} actions[] = {
	{ "notfound", STS_OVERRIDE_NOTFOUND },
	{ "sts", STS_OVERRIDE_STS },
	{ "ignore", STS_OVERRIDE_IGNORE },
	{ "postfix", STS_OVERRIDE_POSTFIX },
};

static bool
zone_name_valid(struct sts_text name)
{
	for (size_t i = 0; i < name.n; i++) {
		if (name.p[i] <= 0x20 || name.p[i] > 0x7e) {
			return false;
		}
	}
	return name.n >= 1 && name.n <= STS_ZONE_NAME_MAX;
}

static struct sts_text
name_of(const struct sts_zone *zone)
{
	return sts_text(zone->name, zone->name_len);
}

/* The place of the zone of exactly this name, or z->count. */
static unsigned
find_zone(const struct sts_zones *z, struct sts_text name)
{
	unsigned i = 0;

	/* Compare the first letter before the rest: names mostly differ in
	 * length, or there. No zone has an empty name. */
	while (
	    i < z->count &&
	    (name.n != z->zone[i].name_len || name.p[0] != z->zone[i].name[0] ||
		!sts_text_same(name, name_of(&z->zone[i])))) {
		i++;
	}
	return i;
}

static struct sts_zone
new_zone(const struct sts_zones *z, struct sts_text name)
{
	struct sts_zone zone;

	STS_ASSERT(zone_name_valid(name));
	memset(&zone, 0, sizeof zone);
	zone.name_len = (uint8_t)name.n;
	memcpy(zone.name, name.p, name.n);
	zone.sni = true;
	zone.answer_within_ms = z->answer_within_ms;
	zone.queue_wait_ms = z->queue_wait_ms;
	return zone;
}

static bool
read_bool(struct sts_text value, bool *out)
{
	*out = sts_text_is(value, "yes");
	return *out || sts_text_is(value, "no");
}

static bool
read_dane(struct sts_text value, uint8_t *out)
{
	bool on = sts_text_is(value, "on");

	*out = on ? STS_ZONE_DANE_ON : STS_ZONE_DANE_OFF;
	return on || sts_text_is(value, "off");
}

/* A time: digits and a unit. */
static bool
read_ms(struct sts_text value, uint32_t *out)
{
	struct sts_text digits = { value.p, 0 };
	struct sts_text unit;
	uint64_t n;

	while (digits.n < value.n && sts_is_digit(value.p[digits.n])) {
		digits.n++;
	}
	unit = sts_text_skip(value, digits.n);
	if (!sts_get_decimal(digits, 6, &n)) {
		return false;
	}
	for (size_t i = 0; i < sizeof units / sizeof *units; i++) {
		uint64_t ms = n * units[i].ms;

		if (sts_text_is(unit, units[i].name)) {
			*out = (uint32_t)ms;
			return ms >= 1 && ms <= STS_ANSWER_WITHIN_MAX_MS;
		}
	}
	return false;
}

static bool
set_option(struct sts_zone *zone, enum option option, struct sts_text value)
{
	switch (option) {
	case OPTION_STRICT_TESTING:
		return read_bool(value, &zone->strict_testing);
	case OPTION_SNI:
		return read_bool(value, &zone->sni);
	case OPTION_TLSRPT:
		return read_bool(value, &zone->tlsrpt);
	case OPTION_AUDIT:
		return read_bool(value, &zone->audit);
	case OPTION_DANE:
		return read_dane(value, &zone->dane);
	case OPTION_ANSWER_WITHIN:
	case OPTIONS: /* none */
		break;
	}
	STS_ASSERT(option == OPTION_ANSWER_WITHIN);
	return read_ms(value, &zone->answer_within_ms);
}

/* Set "option=value" in *zone; *seen has a bit for each option that was set. */
static enum sts_zones_error
take_option(struct sts_zone *zone, unsigned *seen, struct sts_text word)
{
	const uint8_t *equals = memchr(word.p, '=', word.n);
	size_t name_len = equals == NULL ? word.n : (size_t)(equals - word.p);
	struct sts_text name = { word.p, name_len };
	unsigned i = 0;

	while (i < OPTIONS && !sts_text_is(name, option_names[i])) {
		i++;
	}
	if (i == OPTIONS) {
		return STS_ZONES_OPTION;
	}
	if ((*seen & 1U << i) != 0) {
		return STS_ZONES_DUPLICATE;
	}
	*seen |= 1U << i;
	if (equals == NULL ||
	    !set_option(zone, (enum option)i,
		sts_text(equals + 1, word.n - name_len - 1))) {
		return STS_ZONES_VALUE;
	}
	return STS_ZONES_OK;
}

/* The place in `actions` of a word, or how many there are. */
static size_t
find_action(struct sts_text word)
{
	size_t i = 0;

	while (i < sizeof actions / sizeof *actions &&
	       !sts_text_is(word, actions[i].name)) {
		i++;
	}
	return i;
}

/*
 * Read the key of an override. False also if its port is an unknown service:
 * ports are compared as numbers, so such an override would never be found.
 */
static bool
read_key(struct sts_key *k, struct sts_text word)
{
	return sts_key_parse(k, word) == STS_WHY_NONE &&
	       (k->port != 0 || !k->ported);
}

/* Check what follows the word of the action. */
static enum sts_zones_error
check_value(enum sts_override_action action, struct sts_text value)
{
	if (action != STS_OVERRIDE_POSTFIX) {
		return value.n == 0 ? STS_ZONES_OK : STS_ZONES_ACTION;
	}
	switch (sts_postfix_check(value)) {
	case STS_POSTFIX_LEVEL:
		return STS_ZONES_LEVEL;
	case STS_POSTFIX_ATTRIBUTE:
		return STS_ZONES_ATTRIBUTE;
	case STS_POSTFIX_OK:
		break;
	}
	return STS_ZONES_OK;
}

/* Append to the texts, which have room. Returns the offset. */
static uint16_t
keep(struct sts_zones *z, struct sts_text t)
{
	uint32_t off = z->text_len;

	STS_ASSERT(t.n <= sizeof z->text - off);
	if (t.n > 0) {
		memcpy(z->text + off, t.p, t.n);
	}
	z->text_len = off + (uint32_t)t.n;
	return (uint16_t)off;
}

/* Keep an override that was found valid. */
static enum sts_zones_error
add_override(struct sts_zones *z, const struct sts_key *k,
    enum sts_override_action action, struct sts_text value)
{
	struct sts_override *o = &z->override[z->overrides];
	size_t room = sizeof z->text - z->text_len;

	if (sts_zones_override_find(z, k) != NULL) {
		return STS_ZONES_DUPLICATE;
	}
	if (z->overrides == STS_OVERRIDES_MAX || room < k->len ||
	    room - k->len < value.n) {
		return STS_ZONES_FULL;
	}
	o->action = (uint8_t)action;
	o->bracketed = k->bracketed;
	o->port = k->port;
	o->domain_len = k->len;
	o->domain_off = keep(z, sts_text(k->domain, k->len));
	o->value_len = (uint16_t)value.n;
	o->value_off = keep(z, value);
	z->overrides++;
	return STS_ZONES_OK;
}

const char *
sts_zones_error_text(enum sts_zones_error e)
{
	STS_ASSERT((unsigned)e < STS_ZONES_ERROR_COUNT);
	return error_texts[e];
}

void
sts_zones_init(
    struct sts_zones *z, uint32_t answer_within_ms, uint32_t queue_wait_ms)
{
	struct sts_zone *sendmail = &z->zone[ZONE_SENDMAIL];

	memset(z, 0, sizeof *z);
	z->answer_within_ms = answer_within_ms;
	z->queue_wait_ms = queue_wait_ms;
	z->zone[ZONE_DEFAULT] = new_zone(z, sts_text_of("default"));
	z->zone[ZONE_TLSRPT] = new_zone(z, sts_text_of("QUERYwithTLSRPT"));
	z->zone[ZONE_TLSRPT].tlsrpt = true;
	*sendmail = new_zone(z, sts_text_of("sts"));
	sendmail->sendmail = true;
	sendmail->answer_within_ms = SENDMAIL_MS;
	sendmail->queue_wait_ms = SENDMAIL_MS;
	z->count = ZONES_BUILT_IN;
}

enum sts_zones_error
sts_zones_add(struct sts_zones *z, struct sts_text line)
{
	struct sts_text name = sts_text_word(&line, STS_BLANK_TAB);
	unsigned at = find_zone(z, name), seen = 0;
	struct sts_zone zone;

	if (!zone_name_valid(name)) {
		return STS_ZONES_NAME;
	}
	if (at == STS_ZONES_MAX) {
		return STS_ZONES_FULL;
	}
	zone = at < z->count ? z->zone[at] : new_zone(z, name);
	if (zone.configured) {
		return STS_ZONES_DUPLICATE;
	}
	zone.configured = true;
	while (line.n > 0) {
		enum sts_zones_error e = take_option(
		    &zone, &seen, sts_text_word(&line, STS_BLANK_TAB));

		if (e != STS_ZONES_OK) {
			return e;
		}
	}
	z->zone[at] = zone;
	z->count += at == z->count;
	return STS_ZONES_OK;
}

enum sts_zones_error
sts_zones_override(struct sts_zones *z, struct sts_text line)
{
	struct sts_text key = sts_text_word(&line, STS_BLANK_TAB);
	size_t i = find_action(sts_text_word(&line, STS_BLANK_TAB));
	struct sts_key k;
	enum sts_zones_error e;

	line = sts_text_trim(line, STS_BLANK_TAB);
	if (!read_key(&k, key)) {
		return STS_ZONES_KEY;
	}
	if (i == sizeof actions / sizeof *actions) {
		return STS_ZONES_ACTION;
	}
	e = check_value(actions[i].action, line);
	if (e != STS_ZONES_OK) {
		return e;
	}
	return add_override(z, &k, actions[i].action, line);
}

const struct sts_zone *
sts_zones_find(const struct sts_zones *z, struct sts_text name, bool *known)
{
	static const uint8_t postfix[] = "postfix", query[] = "QUERY",
			     with_tlsrpt[] = "QUERYwithTLSRPT";
	unsigned at = find_zone(z, name);

	*known = true;
	if (at < z->count) {
		return &z->zone[at];
	}
	if (name.n == sizeof postfix - 1 &&
	    memcmp(name.p, postfix, sizeof postfix - 1) == 0) {
		return &z->zone[ZONE_DEFAULT]; /* the most frequent case */
	}
	if (sts_same_nocase(
		name, sts_text(with_tlsrpt, sizeof with_tlsrpt - 1))) {
		return &z->zone[ZONE_TLSRPT];
	}
	*known = sts_same_nocase(name, sts_text(postfix, sizeof postfix - 1)) ||
		 sts_same_nocase(name, sts_text(query, sizeof query - 1));
	return &z->zone[ZONE_DEFAULT];
}

bool
sts_zones_want_dane(const struct sts_zones *z)
{
	for (unsigned i = 0; i < z->count; i++) {
		if (z->zone[i].dane == STS_ZONE_DANE_ON &&
		    !z->zone[i].sendmail) {
			return true;
		}
	}
	return false;
}

const struct sts_override *
sts_zones_override_find(const struct sts_zones *z, const struct sts_key *k)
{
	if (k->ported && k->port == 0) {
		return NULL;
	}
	for (unsigned i = 0; i < z->overrides; i++) {
		const struct sts_override *o = &z->override[i];

		if (o->bracketed == k->bracketed && o->port == k->port &&
		    sts_text_same(
			sts_text(z->text + o->domain_off, o->domain_len),
			sts_text(k->domain, k->len))) {
			return o;
		}
	}
	return NULL;
}

struct sts_text
sts_override_value(const struct sts_zones *z, const struct sts_override *o)
{
	STS_ASSERT(o->action == STS_OVERRIDE_POSTFIX);
	STS_ASSERT(o->value_len > 0);
	return sts_text(z->text + o->value_off, o->value_len);
}
