/* SPDX-License-Identifier: MIT */
/*
 * The kinds of values a configuration has: numbers, sizes, times, prefixes,
 * paths, listeners. Each function takes the whole value or nothing: on false
 * its result is unchanged or of no use, and never a default.
 *
 * Invariants: numbers have a number of digits at most, with which no product of
 * theirs overflows; what comes behind a number or a unit is an error, and so is
 * a NUL. A path is absolute and ends in a NUL. The texts are the operator's:
 * what is guarded against is a mistake that would be read as something else.
 */
#define _POSIX_C_SOURCE 200809L

#include <string.h>

#include "../../core/base/text.h"
#include "../../port/posix/addr.h"
#include "lines.h"
#include "users.h"
#include "value.h"

enum {
	SIZE_DIGITS = 15,
	TIME_DIGITS = 10,
	NUMBER_DIGITS = 9,
	TIME_MAX_MS = 24 * 24 * 3600 * 1000, /* timers compare so far ahead */
	/* No weaker than a loopback port, and a mail server of another user
	 * can ask. */
	MODE_DEFAULT = 0666
};

struct unit {
	const char *suffix;
	uint32_t factor;
};

static const struct unit sizes[] = { { "K", 1024 }, { "M", 1048576 } };

/* "ms" before "s" and "m": the longest suffix first. */
static const struct unit times[] = { { "ms", 1 }, { "s", 1000 }, { "m", 60000 },
	{ "h", 3600000 }, { "d", 86400000 } };

/* Take the first unit that t ends in off its end; 0: none does. */
static uint32_t
take_unit(struct sts_text *t, const struct unit *u, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		size_t n = strlen(u[i].suffix);

		if (t->n > n && memcmp(t->p + t->n - n, u[i].suffix, n) == 0) {
			t->n -= n;
			return u[i].factor;
		}
	}
	return 0;
}

bool
sts_value_size(struct sts_text t, uint64_t *out)
{
	uint32_t factor = take_unit(&t, sizes, sizeof sizes / sizeof *sizes);
	uint64_t n = 0;

	if (!sts_get_decimal(t, SIZE_DIGITS, &n)) {
		return false;
	}
	*out = factor != 0 ? n * factor : n; /* < 10^15 * 2^20 < 2^64 */
	return true;
}

bool
sts_value_time(struct sts_text t, uint32_t *out_ms)
{
	uint32_t factor = take_unit(&t, times, sizeof times / sizeof *times);
	uint64_t n = 0;

	if (factor == 0 || !sts_get_decimal(t, TIME_DIGITS, &n) ||
	    n > TIME_MAX_MS / factor) {
		return false;
	}
	*out_ms = (uint32_t)n * factor;
	return true;
}

bool
sts_value_number(struct sts_text t, uint32_t min, uint32_t max, uint32_t *out)
{
	uint64_t n = 0;

	if (!sts_get_decimal(t, NUMBER_DIGITS, &n) || n < min || n > max) {
		return false;
	}
	*out = (uint32_t)n;
	return true;
}

bool
sts_value_bool(struct sts_text t, bool *out)
{
	bool yes = sts_text_is(t, "yes");

	if (!yes && !sts_text_is(t, "no")) {
		return false;
	}
	*out = yes;
	return true;
}

bool
sts_value_option(struct sts_text t, const char *option, struct sts_text *value)
{
	if (!sts_text_take(&t, option) || !sts_text_take(&t, "=")) {
		return false;
	}
	*value = t;
	return true;
}

/* Where the last colon is, or t.n. */
static size_t
last_colon(struct sts_text t)
{
	for (size_t i = t.n; i > 0; i--) {
		if (t.p[i - 1] == ':') {
			return i - 1;
		}
	}
	return t.n;
}

bool
sts_value_endpoint(struct sts_text t, struct sts_addr *out)
{
	size_t colon = last_colon(t);
	struct sts_text host = { t.p, colon };
	struct sts_addr a;
	uint32_t port = 0;

	if (colon == t.n ||
	    !sts_value_number(sts_text(t.p + colon + 1, t.n - colon - 1), 0,
		UINT16_MAX, &port)) {
		return false;
	}
	bool bracketed =
	    host.n > 2 && host.p[0] == '[' && host.p[host.n - 1] == ']';

	if (bracketed) {
		host = sts_text(host.p + 1, host.n - 2);
	}
	if (!sts_addr_parse(host, &a) || bracketed != (a.af == STS_AF_INET6)) {
		return false;
	}
	a.port = (uint16_t)port;
	*out = a;
	return true;
}

bool
sts_value_prefix(struct sts_text t, struct sts_prefix *out)
{
	const uint8_t *slash = t.n > 0 ? memchr(t.p, '/', t.n) : NULL;
	size_t len = slash == NULL ? t.n : (size_t)(slash - t.p);
	struct sts_prefix p;
	uint32_t bits = 0;

	memset(&p, 0, sizeof p);
	if (!sts_addr_parse(sts_text(t.p, len), &p.addr)) {
		return false;
	}
	bits = p.addr.af == STS_AF_INET6 ? 128 : 32;
	if (slash != NULL &&
	    !sts_value_number(
		sts_text(slash + 1, t.n - len - 1), 0, bits, &bits)) {
		return false;
	}
	p.bits = (uint8_t)bits;
	*out = p;
	return true;
}

bool
sts_value_path(struct sts_text t, char *out, size_t size)
{
	if (t.n < 2 || t.n >= size || t.p[0] != '/' ||
	    memchr(t.p, 0, t.n) != NULL) {
		return false;
	}
	memcpy(out, t.p, t.n);
	out[t.n] = '\0';
	return true;
}

/* Permission bits in octal, three or four digits. */
static bool
octal_mode(struct sts_text t, mode_t *out)
{
	unsigned mode = 0;

	if (t.n < 3 || t.n > 4) {
		return false;
	}
	for (size_t i = 0; i < t.n; i++) {
		if (t.p[i] < '0' || t.p[i] > '7') {
			return false;
		}
		mode = mode * 8 + (t.p[i] - '0');
	}
	*out = (mode_t)mode;
	return mode <= 0777;
}

static bool
local_option(struct sts_text word, struct sts_listen_at *at)
{
	struct sts_text value;
	struct sts_user user;

	if (sts_value_option(word, "mode", &value)) {
		return octal_mode(value, &at->mode);
	}
	if (sts_value_option(word, "group", &value)) {
		return sts_group_find(value, &at->gid);
	}
	if (sts_text_is(word, "protocol=text")) {
		at->text = true;
		return true;
	}
	if (!sts_value_option(word, "owner", &value) ||
	    !sts_user_find(value, &user)) {
		return false;
	}
	at->uid = user.uid;
	return true;
}

/* What follows "unix:". */
static bool
local_listen(struct sts_text t, struct sts_listen_at *at)
{
	struct sts_text path = sts_text_word(&t, STS_BLANK_CONTROL);

	at->addr.af = STS_AF_LOCAL;
	at->mode = MODE_DEFAULT;
	if (!sts_value_path(path, at->path, sizeof at->path)) {
		return false;
	}
	while (t.n > 0) {
		if (!local_option(sts_text_word(&t, STS_BLANK_CONTROL), at)) {
			return false;
		}
	}
	return true;
}

bool
sts_value_listen(struct sts_text t, struct sts_listen_at *out)
{
	struct sts_listen_at at;
	bool ok = false;

	memset(&at, 0, sizeof at);
	at.uid = (uid_t)-1;
	at.gid = (gid_t)-1;
	if (sts_text_take(&t, "inet:")) {
		ok = sts_value_endpoint(t, &at.addr);
	} else if (sts_text_take(&t, "unix:")) {
		ok = local_listen(t, &at);
	}
	if (ok) {
		*out = at;
	}
	return ok;
}
