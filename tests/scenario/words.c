/* SPDX-License-Identifier: MIT */
/* The words of scenario lines: times, addresses, records, hosts. */
#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "words.h"

enum {
	RESPONSE_MAX = 1 << 18
};

const char *
words_time(long long *ms, const char *word)
{
	static const struct {
		const char *unit;
		long long ms;
	} units[] = { { "ms", 1 }, { "s", 1000 }, { "m", 60000 },
		{ "h", 3600000 }, { "d", 86400000 }, { "y", 31557600000 } };
	char *end;
	long long n = strtoll(word, &end, 10);
	size_t i;

	for (i = 0; end != word && i < sizeof units / sizeof *units; i++) {
		if (strcmp(end, units[i].unit) == 0) {
			*ms = n * units[i].ms;
			return NULL;
		}
	}
	return "a time is 250ms, 60s, 5m, 1h, 2d or 1y";
}

const char *
words_address(struct sts_addr *a, const char *word, uint16_t port)
{
	memset(a, 0, sizeof *a);
	a->port = port;
	if (inet_pton(AF_INET, word, a->ip) == 1) {
		a->af = STS_AF_INET;
		return NULL;
	}
	if (inet_pton(AF_INET6, word, a->ip) == 1) {
		a->af = STS_AF_INET6;
		return NULL;
	}
	return "an address is 192.0.2.1 or 2001:db8::1";
}

const char *
words_value(const struct script_line *line, int i, const char *key)
{
	size_t n = strlen(key);

	for (; i < line->argc; i++) {
		if (strncmp(line->argv[i], key, n) == 0 &&
		    line->argv[i][n] == '=') {
			return line->argv[i] + n + 1;
		}
	}
	return NULL;
}

bool
words_match(const char *pattern, const char *text)
{
	const char *star = NULL, *back = NULL;

	while (*text != '\0') {
		if (*pattern == '*') {
			star = pattern++;
			back = text;
		} else if (*pattern == *text) {
			pattern++;
			text++;
		} else if (star != NULL) {
			pattern = star + 1;
			text = ++back;
		} else {
			return false;
		}
	}
	while (*pattern == '*') {
		pattern++;
	}
	return *pattern == '\0';
}

/* The time after key=, or `otherwise`. */
static const char *
time_option(uint32_t *ms, const struct script_line *line, int i,
    const char *key, uint32_t otherwise)
{
	const char *word = words_value(line, i, key);
	long long value = otherwise;
	const char *wrong = word == NULL ? NULL : words_time(&value, word);

	*ms = (uint32_t)value;
	return wrong;
}

static bool
find_word(
    int *value, const char *word, const char *const names[], const int values[])
{
	int i;

	for (i = 0; names[i] != NULL; i++) {
		if (strcmp(names[i], word) == 0) {
			*value = values[i];
			return true;
		}
	}
	return false;
}

/* Words that state how to answer rather than what. */
static bool
is_manner(struct world_rr *rr, const char *word)
{
	static const char *const names[] = { "nodata", "nxdomain", "servfail",
		"refused", "silent", "junk", "truncated", "spoofed", NULL };
	static const int values[] = { WORLD_NODATA, WORLD_NXDOMAIN,
		WORLD_SERVFAIL, WORLD_REFUSED, WORLD_SILENT, WORLD_JUNK,
		WORLD_TRUNCATED, WORLD_SPOOFED };
	int what = 0;

	if (find_word(&what, word, names, values)) {
		rr->what = (enum world_dns)what;
		return true;
	}
	if (strcmp(word, "ad") == 0) {
		rr->ad = true;
		return true;
	}
	return strncmp(word, "ttl=", 4) == 0 ||
	       strncmp(word, "delay=", 6) == 0 ||
	       strncmp(word, "more=", 5) == 0;
}

const char *
words_record(struct world_rr *rr, const struct script_line *line, int i)
{
	const char *ttl = words_value(line, i, "ttl");
	const char *more = words_value(line, i, "more");
	const char *wrong = time_option(&rr->delay_ms, line, i, "delay", 0);

	rr->ttl = ttl == NULL ? 300 : (uint32_t)strtoul(ttl, NULL, 10);
	rr->more = more == NULL ? 0 : (unsigned)strtoul(more, NULL, 10);
	rr->what = WORLD_DATA;
	for (; i < line->argc; i++) {
		if (is_manner(rr, line->argv[i])) {
			continue;
		}
		if (rr->count == WORLD_VALUES || line->len[i] >= WORLD_VALUE) {
			return "too many or too long values";
		}
		strcpy(rr->value[rr->count++], line->argv[i]);
	}
	if (rr->what == WORLD_DATA && rr->count == 0) {
		return "a record needs a value or a fault";
	}
	return wrong;
}

/* A response being put together. */
struct text {
	char *p;
	size_t n;
};

static void
add(struct text *t, const char *p, size_t n)
{
	if (n > RESPONSE_MAX - t->n) {
		abort();
	}
	memcpy(t->p + t->n, p, n);
	t->n += n;
}

static void
add_line(struct text *t, const char *name, const char *value)
{
	add(t, name, strlen(name));
	add(t, value, strlen(value));
	add(t, "\r\n", 2);
}

static struct text
new_text(void)
{
	struct text t = { calloc(1, RESPONSE_MAX), 0 };

	if (t.p == NULL) {
		abort();
	}
	return t;
}

/* Fill up to `size` bytes by one extension field. */
static void
pad(struct text *t, size_t size)
{
	add(t, "pad: ", 5);
	while (t->n + 2 < size) {
		add(t, "x", 1);
	}
	add(t, "\r\n", 2);
}

/* The policy from policy, mx=, mx-count=, mx-tail=, max_age=, extra= and
 * size=. */
static struct text
policy_of(const struct script_line *line, int i)
{
	struct text t = new_text();
	const char *max_age = words_value(line, i, "max_age");
	const char *count = words_value(line, i, "mx-count");
	const char *tail = words_value(line, i, "mx-tail");
	const char *extra = words_value(line, i, "extra");
	const char *size = words_value(line, i, "size");
	long k, n = count == NULL ? 0 : strtol(count, NULL, 10);

	add_line(&t, "version: ", "STSv1");
	for (; i < line->argc; i++) {
		if (strcmp(line->argv[i], "policy") == 0 &&
		    i + 1 < line->argc) {
			add_line(&t, "mode: ", line->argv[i + 1]);
		} else if (strncmp(line->argv[i], "mx=", 3) == 0) {
			add_line(&t, "mx: ", line->argv[i] + 3);
		}
	}
	for (k = 0; k < n; k++) {
		char name[80];

		snprintf(name, sizeof name, "mx%04ld.%s", k,
		    tail == NULL ? "example.com" : tail);
		add_line(&t, "mx: ", name);
	}
	add_line(&t, "max_age: ", max_age == NULL ? "86400" : max_age);
	if (extra != NULL) {
		add_line(&t, extra, "");
	}
	if (size != NULL) {
		pad(&t, strtoul(size, NULL, 10));
	}
	return t;
}

/* The whole response. */
static struct sts_text
response_of(const struct script_line *line, int i)
{
	const char *http = words_value(line, i, "http");
	const char *body = words_value(line, i, "body");
	const char *status = words_value(line, i, "status");
	const char *type = words_value(line, i, "type");
	const char *header = words_value(line, i, "header");
	struct text t = new_text(), b = policy_of(line, i);
	char length[32];

	if (http != NULL) {
		add(&t, http, strlen(http));
		return sts_text((uint8_t *)t.p, t.n);
	}
	if (line->text != NULL || body != NULL) {
		b.n = 0;
		body = line->text != NULL ? line->text : body;
		add(&b, body, strlen(body));
	}
	add_line(&t, "HTTP/1.1 ", status == NULL ? "200 OK" : status);
	if (type == NULL || *type != '\0') {
		add_line(
		    &t, "Content-Type: ", type == NULL ? "text/plain" : type);
	}
	snprintf(length, sizeof length, "%zu", b.n);
	add_line(&t, "Content-Length: ", length);
	if (header != NULL) {
		add_line(&t, header, "");
	}
	add(&t, "\r\n", 2);
	add(&t, b.p, b.n);
	return sts_text((uint8_t *)t.p, t.n);
}

static bool
is_policy_word(const char *word)
{
	static const char *const keys[] = { "id=", "ttl=", "mx=", "mx-count=",
		"mx-tail=", "max_age=", "extra=", "size=", "body=", "status=",
		"type=", "header=", "http=", "cert=", "accept=", "delay=",
		"drip=", "cut=", "end=", NULL };
	int i;

	for (i = 0; keys[i] != NULL; i++) {
		if (strncmp(word, keys[i], strlen(keys[i])) == 0) {
			return true;
		}
	}
	return false;
}

static const char *
read_conduct(struct world_host *h, const struct script_line *line, int i)
{
	static const char *const names[] = { "refuse", "unreachable",
		"no-answer", "mute", "reset", "hang-up", "plain", "overlong",
		"scripted", NULL };
	static const int values[] = { WORLD_REFUSE, WORLD_UNREACHABLE,
		WORLD_NO_ANSWER, WORLD_MUTE, WORLD_RESET, WORLD_HANG_UP,
		WORLD_PLAIN, WORLD_OVERLONG, WORLD_SCRIPTED };
	int conduct = WORLD_HTTPS;

	for (; i < line->argc; i++) {
		if (strcmp(line->argv[i], "policy") == 0) {
			i++;
		} else if (!is_policy_word(line->argv[i]) &&
			   !find_word(&conduct, line->argv[i], names, values)) {
			return "unknown word for a host";
		}
	}
	h->conduct = (enum world_conduct)conduct;
	return NULL;
}

static const char *
read_ends(struct world_host *h, const struct script_line *line, int i)
{
	static const char *const names[] = { "clean", "raw", "reset", "open",
		NULL };
	static const int values[] = { WORLD_END_CLEAN, WORLD_END_RAW,
		WORLD_END_RESET, WORLD_END_OPEN };
	const char *cert = words_value(line, i, "cert");
	const char *end = words_value(line, i, "end");
	const char *cut = words_value(line, i, "cut");
	int value = WORLD_END_CLEAN;
	unsigned c = HTTPS_GOOD;

	while (cert != NULL && c < HTTPS_CERTS &&
	       strcmp(https_cert_name(c), cert) != 0) {
		c++;
	}
	if (c == HTTPS_CERTS) {
		return "unknown certificate";
	}
	if (end != NULL && !find_word(&value, end, names, values)) {
		return "end is clean, raw, reset or open";
	}
	h->cert = (enum https_cert)c;
	h->end = (enum world_end)value;
	h->cut = cut == NULL ? WORLD_NEVER : strtol(cut, NULL, 10);
	return NULL;
}

const char *
words_host(struct world_host *h, const struct script_line *line, int i)
{
	const char *wrong = read_conduct(h, line, i);

	if (wrong == NULL) {
		wrong = read_ends(h, line, i);
	}
	if (wrong == NULL) {
		wrong = time_option(&h->accept_ms, line, i, "accept", 0);
	}
	if (wrong == NULL) {
		wrong = time_option(&h->delay_ms, line, i, "delay", 0);
	}
	if (wrong == NULL) {
		wrong = time_option(&h->drip_ms, line, i, "drip", 0);
	}
	h->response = response_of(line, i);
	return wrong;
}
