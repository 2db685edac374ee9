/* SPDX-License-Identifier: MIT */
/* Domains and what their owners publish. */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "site.h"

enum {
	TEXT_MAX = 100000
};

static struct version versions[VERSIONS];
static unsigned version_count;

static const char *const mishap_names[MISHAPS] = { "none", "no version",
	"unknown mode", "no mx", "bad mx", "no max_age", "NUL", "empty", "huge",
	"redirect", "404", "500", "html", "no type", "gzip", "two lengths",
	"short", "broken chunk", "no http", "expired", "not yet valid",
	"wrong name", "only a CN", "untrusted", "two TXT", "TXT without id",
	"TXT of another version", "TXT id too long" };

const char *
mishap_name(enum mishap m)
{
	return mishap_names[m];
}

void
sites_reset(void)
{
	version_count = 0;
}

static struct version *
new_version(struct site *s)
{
	struct version *v = &versions[version_count];

	if (version_count + 1 == VERSIONS) {
		fprintf(stderr, "the simulator is out of versions\n");
		abort();
	}
	memset(v, 0, sizeof *v);
	v->number = ++version_count;
	v->site = s;
	return v;
}

static int64_t
draw_max_age(struct draw *d)
{
	static const uint32_t ages_s[] = { 86400, 86400, 172800, 604800, 604800,
		604800, 1209600, 2592000, 31557600, 3600, 7200, 40000, 600 };

	return 1000 *
	       (int64_t)ages_s[draw_below(d, sizeof ages_s / sizeof *ages_s)];
}

static void
draw_mx(struct version *v, struct draw *d)
{
	unsigned i, n = 1 + draw_below(d, 4);

	if (draw_percent(d, 3) && strstr(v->site->domain, "crowd") == NULL) {
		n = SITE_MX - draw_below(d, 8);
	}
	for (i = 0; i < n; i++) {
		snprintf(v->mx[i], sizeof v->mx[i], "%sv%u-%u.mx.%s",
		    draw_percent(d, 20) ? "*." : "", v->number, i,
		    v->site->domain);
	}
	v->mx_count = n;
}

static struct version *
draw_version(struct site *s, struct draw *d)
{
	struct version *v = new_version(s);
	unsigned mode = draw_below(d, 100);

	v->mode = mode < 75   ? SITE_ENFORCE
		  : mode < 90 ? SITE_TESTING
			      : SITE_NONE;
	v->max_age_ms = draw_percent(d, 2) ? 0 : draw_max_age(d);
	draw_mx(v, d);
	return v;
}

struct version *
site_forge(struct site *s, struct draw *d)
{
	unsigned i = draw_below(d, 2);
	struct version *v = s->forged[i];

	if (v == NULL) {
		v = s->forged[i] = new_version(s);
		v->mode = i == 0 ? SITE_NONE : SITE_ENFORCE;
		v->max_age_ms = 31557600000;
		snprintf(v->mx[0], sizeof v->mx[0], "evil%u.attacker.example",
		    v->number);
		v->mx_count = 1;
	}
	return v;
}

static void
new_id(struct site *s)
{
	snprintf(s->id, sizeof s->id, "%uT%08u", ++s->ids, s->index);
}

/* Names for which tests/mem/ca has certificates. */
static void
name_site(struct site *s, unsigned n)
{
	static const char *const names[] = { "example.com", "example.net",
		"example.org", "good.example", "late.example", "slow.example",
		"bank.example", "shop.example" };
	const unsigned first = sizeof names / sizeof *names;

	if (n < first) {
		snprintf(s->domain, sizeof s->domain, "%s", names[n]);
	} else if (n % 8 == 7) {
		snprintf(s->domain, sizeof s->domain, "s%u.crowd.example", n);
	} else {
		snprintf(s->domain, sizeof s->domain, "d%u.example", n);
	}
}

void
site_begin(struct site *s, unsigned n, struct draw *d)
{
	static const uint32_t ttls[] = { 0, 60, 300, 300, 1800, 3600, 86400 };

	memset(s, 0, sizeof *s);
	s->index = n;
	name_site(s, n);
	s->addresses = 1 + draw_below(d, SITE_ADDRESSES);
	s->inet6 = draw_percent(d, 25);
	s->dead = draw_percent(d, 15) ? draw_below(d, s->addresses) : 0;
	s->ttl_s = ttls[draw_below(d, sizeof ttls / sizeof *ttls)];
	s->negative_s = ttls[draw_below(d, sizeof ttls / sizeof *ttls)];
	s->discoverable = draw_percent(d, 85);
	new_id(s);
	s->version = draw_version(s, d);
	s->proper = true;
}

static void
change_policy(struct site *s, struct draw *d)
{
	struct version *old = s->version;

	s->version = draw_version(s, d);
	if (draw_percent(d, 25)) {
		/* Change only the mode, or only the lifetime. */
		memcpy(s->version->mx, old->mx, sizeof old->mx);
		s->version->mx_count = old->mx_count;
	}
}

const char *
site_change(struct site *s, struct draw *d, int64_t now)
{
	unsigned what = draw_below(d, 100);

	s->changed = now;
	if (what < 60) {
		new_id(s);
		change_policy(s, d);
		s->proper = true;
		return "a new policy and id";
	}
	if (what < 72) {
		new_id(s);
		return "a new id only";
	}
	if (what < 82) {
		change_policy(s, d);
		s->proper = false;
		return "a new policy, and forgets the id";
	}
	if (what < 90 || !s->discoverable) {
		s->discoverable = !s->discoverable;
		return s->discoverable ? "its TXT record again"
				       : "no TXT record any more";
	}
	new_id(s);
	change_policy(s, d);
	s->version->mode = SITE_NONE;
	s->proper = true;
	return "mode none, to withdraw";
}

/* Text that grows. */
struct text {
	char *p;
	size_t n;
};

static void
add(struct text *t, const char *format, ...)
{
	va_list ap;
	int n;

	va_start(ap, format);
	n = vsnprintf(t->p + t->n, TEXT_MAX - t->n, format, ap);
	va_end(ap);
	if (n < 0 || (size_t)n >= TEXT_MAX - t->n) {
		abort();
	}
	t->n += (size_t)n;
}

static struct text
new_text(void)
{
	struct text t = { malloc(TEXT_MAX), 0 };

	if (t.p == NULL) {
		abort();
	}
	return t;
}

static const char *
mode_name(enum site_mode mode)
{
	static const char *const names[] = { "none", "testing", "enforce" };

	return names[mode];
}

/* Add the mx lines. Now and then one is odd, which costs the others nothing.
 * Those of a bad policy are all odd: what an MTA might take for syntax. */
static void
add_mx(struct text *t, const struct version *v, enum mishap m, const char *end,
    struct draw *d)
{
	static const char *const bad[] = { "hostname", "nexthop", "*",
		"a_b.example", "mx.example servername=evil.example",
		"mx.example:nexthop", "-x.example", "*.*.example",
		"mx..example", ".example", "*.com.", "mx.example}" };
	bool odd = m == MISHAP_NONE && draw_percent(d, 10);
	unsigned i, at = draw_below(d, v->mx_count);

	for (i = 0; i < v->mx_count && m != MISHAP_NO_MX; i++) {
		if (m == MISHAP_BAD_MX || (odd && i == at)) {
			add(t, "mx: %s%s",
			    bad[draw_below(d, sizeof bad / sizeof *bad)], end);
		}
		if (m != MISHAP_BAD_MX) {
			add(t, "mx: %s%s", v->mx[i], end);
		}
	}
}

static void
add_body(struct text *t, const struct version *v, enum mishap m, struct draw *d)
{
	const char *end = draw_percent(d, 50) ? "\r\n" : "\n";
	bool late = draw_percent(d, 30);
	/* Without a good mx the mode is one that needs some. */
	bool no_mx = m == MISHAP_NO_MX || m == MISHAP_BAD_MX;
	enum site_mode mode = no_mx ? SITE_ENFORCE : v->mode;

	if (m == MISHAP_EMPTY) {
		return;
	}
	add(t, "version: %s%s", m == MISHAP_VERSION ? "STSv2" : "STSv1", end);
	if (draw_percent(d, 20)) {
		add(t, "x-note: anything at all%s", end);
	}
	if (late) {
		add_mx(t, v, m, end, d);
	}
	add(t, "mode: %s%s", m == MISHAP_MODE ? "enforced" : mode_name(mode),
	    end);
	if (m != MISHAP_NO_MAX_AGE) {
		add(t, "max_age: %lld%s", (long long)(v->max_age_ms / 1000),
		    end);
	}
	if (!late) {
		add_mx(t, v, m, end, d);
	}
	if (m == MISHAP_NONE && draw_percent(d, 15)) {
		/* Of several lines the first counts. */
		add(t, "mode: %s%smax_age: 77%s", "none", end, end);
	}
	if (m == MISHAP_NUL) {
		t->p[t->n++] = '\0';
		add(t, "%s", end);
	}
	while (m == MISHAP_HUGE && t->n < 66000) {
		add(t, "pad: %060d%s", 0, end);
	}
}

static void
add_head(struct text *t, enum mishap m)
{
	static const struct {
		enum mishap m;
		const char *line;
	} lines[] = {
		{ MISHAP_REDIRECT,
		    "HTTP/1.1 301 Moved\r\nLocation: https://attacker.example/"
		    "mta-sts.txt\r\n" },
		{ MISHAP_MISSING, "HTTP/1.1 404 Not Found\r\n" },
		{ MISHAP_ERROR, "HTTP/1.1 500 Sorry\r\n" },
		{ MISHAP_NO_HTTP, "HTTP/2 200\r\n" },
	};
	size_t i;

	for (i = 0; i < sizeof lines / sizeof *lines; i++) {
		if (lines[i].m == m) {
			add(t, "%s", lines[i].line);
			break;
		}
	}
	if (i == sizeof lines / sizeof *lines) {
		add(t, "HTTP/1.1 200 OK\r\n");
	}
	if (m != MISHAP_NO_TYPE) {
		add(t, "Content-Type: text/%s\r\n",
		    m == MISHAP_HTML ? "html" : "plain");
	}
	if (m == MISHAP_GZIP) {
		add(t, "Content-Encoding: gzip\r\n");
	}
}

static void
add_chunks(struct text *t, const struct text *body, enum mishap m)
{
	size_t half = body->n / 2;

	add(t, "Transfer-Encoding: chunked\r\n\r\n");
	if (half > 0) {
		add(t, "%zx\r\n%.*s\r\n", half, (int)half, body->p);
	}
	if (m == MISHAP_CHUNK) {
		add(t, "zz\r\n");
	} else if (body->n - half > 0) {
		add(t, "%zX;x=y\r\n%.*s\r\n", body->n - half,
		    (int)(body->n - half), body->p + half);
	}
	add(t, "0\r\n\r\n");
}

static void
add_bytes(struct text *t, const struct text *body)
{
	if (body->n > TEXT_MAX - t->n) {
		abort();
	}
	memcpy(t->p + t->n, body->p, body->n);
	t->n += body->n;
}

static enum framing
draw_framing(enum mishap m, struct draw *d)
{
	unsigned n = draw_below(d, 10);

	switch (m) {
	case MISHAP_CHUNK:
		return FRAMING_CHUNKED;
	case MISHAP_TWO_LENGTHS:
	case MISHAP_SHORT:
	case MISHAP_NUL: /* chunks are printed, without NULs */
		return FRAMING_LENGTH;
	default:
		return n < 7   ? FRAMING_LENGTH
		       : n < 9 ? FRAMING_CHUNKED
			       : FRAMING_CLOSE;
	}
}

struct response
site_response(const struct version *v, enum mishap m, struct draw *d)
{
	enum framing framing = draw_framing(m, d);
	struct text t = new_text(), body = new_text();
	struct response r;

	add_body(&body, v, m, d);
	add_head(&t, m);
	if (framing == FRAMING_CHUNKED) {
		add_chunks(&t, &body, m);
	} else if (framing == FRAMING_CLOSE) {
		add(&t, "Connection: close\r\n\r\n");
		add_bytes(&t, &body);
	} else {
		if (m == MISHAP_TWO_LENGTHS) {
			add(&t, "Content-Length: 30\r\n");
		}
		add(&t, "Content-Length: %zu\r\n\r\n",
		    body.n + (m == MISHAP_SHORT ? 20 : 0));
		add_bytes(&t, &body);
	}
	free(body.p);
	r.p = (uint8_t *)t.p;
	r.n = t.n;
	r.whole = m == MISHAP_NONE || m >= MISHAP_EXPIRED;
	r.by_close = framing == FRAMING_CLOSE;
	return r;
}

unsigned
site_txt(const struct site *s, enum mishap m, char out[2][256])
{
	static const char tail[] = "0123456789012345678901234567890123";

	if (!s->discoverable) {
		return 0;
	}
	snprintf(out[0], 256, "v=STSv1; id=%s;", s->id);
	switch (m) {
	case MISHAP_TXT_TWO:
		snprintf(out[1], 256, "v=STSv1; id=%sx;", s->id);
		return 2;
	case MISHAP_TXT_NO_ID:
		snprintf(out[0], 256, "v=STSv1; ix=%s;", s->id);
		return 1;
	case MISHAP_TXT_VERSION:
		snprintf(out[0], 256, "v=STSv2; id=%s;", s->id);
		return 1;
	case MISHAP_TXT_LONG:
		snprintf(out[0], 256, "v=STSv1; id=%s%s;", s->id, tail);
		return 1;
	default:
		snprintf(out[1], 256, "v=spf1 -all");
		return s->index % 3 == 0 ? 2 : 1;
	}
}
