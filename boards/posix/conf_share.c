/* SPDX-License-Identifier: MIT */
/*
 * The keys of gateways that share policies, and the files with their secrets. A
 * key of the fleet is as good as the policies of all its gateways: its file
 * must be nobody else's to read.
 *
 * Lines are taken when the configuration is read; files are read afterwards
 * (sts_conf_share_read), once it is known that something is shared at all.
 *
 * Invariants: a `redis` line replaces what an earlier one set, except for what
 * other keys set (wait, trust, keys, anchors). All servers are reached over
 * TLS, or none. Secrets are in the configuration only, and wiped from every
 * other buffer; the copy that is printed (serve -t) has their paths.
 *
 * The attackers: another user of this machine, so a file that others may read
 * or write is refused; and the owner of the server, who could set policies if
 * records were not sealed. So without redis_key sharing is an error, except
 * over unix sockets of this machine where the operator trusts them
 * (redis_trust).
 */
#define _POSIX_C_SOURCE 200809L

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "../../core/base/text.h"
#include "../../port/posix/addr.h"
#include "conf_share.h"
#include "value.h"

enum {
	WAIT_MS = 150,
	WAIT_MAX_MS = 2000,
	DB_MAX = 1 << 20,
	HEX_KEY = 2 * STS_MAC_KEY
};

static const char expected[] =
    "off, or unix:/path, inet:HOST:PORT or tls:HOST:PORT (up to four), then "
    "optionally user=NAME password_file=/path db=0 prefix=mtasts name=HOST "
    "client=NAME master=NAME sentinel_user=NAME "
    "sentinel_password_file=/path";

void
sts_conf_share_defaults(struct sts_conf *c)
{
	memset(&c->share, 0, sizeof c->share);
	memcpy(c->share.setup.prefix, "mtasts", sizeof "mtasts");
	c->share.setup.wait_ms = WAIT_MS;
}

/* "HOST:PORT" or "[ADDRESS]:PORT". */
static bool
take_inet(struct sts_text t, struct sts_share_server *v)
{
	size_t colon = t.n;
	uint32_t port;

	while (colon > 0 && t.p[colon - 1] != ':') {
		colon--;
	}
	if (colon < 2 ||
	    !sts_value_number(sts_text_skip(t, colon), 1, UINT16_MAX, &port)) {
		return false;
	}
	struct sts_text host = sts_text(t.p, colon - 1);

	v->port = (uint16_t)port;
	if (sts_value_endpoint(t, &v->addr)) {
		return true;
	}
	if (!sts_name_valid(host)) {
		return false;
	}
	for (size_t i = 0; i < host.n; i++) {
		v->host[i] = (char)sts_lower(host.p[i]);
	}
	return true;
}

/* "/path": the port knows it by its number. */
static bool
take_path(struct sts_conf *c, struct sts_text t, unsigned i)
{
	struct sts_share_server *v = &c->share.setup.server[i];

	v->addr.af = STS_AF_LOCAL;
	v->addr.port = (uint16_t)i;
	return sts_value_path(
	    t, c->share.path[i], sizeof((struct sockaddr_un *)NULL)->sun_path);
}

/* One server: all of them over TLS, or none. */
static bool
take_server(struct sts_conf *c, struct sts_text t)
{
	struct sts_share_setup *u = &c->share.setup;
	unsigned i = u->server_count;
	struct sts_share_server *v = &u->server[i];
	bool tls = sts_text_take(&t, "tls:");
	bool local = !tls && sts_text_take(&t, "unix:");

	if (i == STS_SHARE_SERVERS) {
		return false;
	}
	memset(v, 0, sizeof *v);
	if (!tls && !local && !sts_text_take(&t, "inet:")) {
		return false;
	}
	bool taken = local ? take_path(c, t, i) : take_inet(t, v);

	if (!taken || (i > 0 && tls != u->tls)) {
		return false;
	}
	u->tls = tls;
	u->server_count++;
	return true;
}

/* A word of printable characters that fits. */
static bool
take_word(struct sts_text v, char *out, size_t size)
{
	if (v.n == 0 || v.n >= size) {
		return false;
	}
	for (size_t i = 0; i < v.n; i++) {
		if (v.p[i] <= ' ' || v.p[i] > '~') {
			return false;
		}
	}
	memcpy(out, v.p, v.n);
	out[v.n] = '\0';
	return true;
}

/* The prefix stands in patterns of keys, so it may hold no wildcard. */
static bool
take_prefix(struct sts_text v, char *out, size_t size)
{
	return take_word(v, out, size) && strpbrk(out, "*?[\\^") == NULL;
}

static bool
take_option(struct sts_conf *c, struct sts_text word)
{
	struct sts_share_setup *u = &c->share.setup;
	const struct {
		const char *name;
		char *out;
		size_t size;
	} texts[] = {
		{ "user", u->user, sizeof u->user },
		{ "client", u->client, sizeof u->client },
		{ "master", u->master, sizeof u->master },
		{ "sentinel_user", u->sentinel_user, sizeof u->sentinel_user },
	};
	struct sts_text v;

	for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
		if (sts_value_option(word, texts[i].name, &v)) {
			return take_word(v, texts[i].out, texts[i].size);
		}
	}
	if (sts_value_option(word, "prefix", &v)) {
		return take_prefix(v, u->prefix, sizeof u->prefix);
	}
	if (sts_value_option(word, "db", &v)) {
		return sts_value_number(v, 0, DB_MAX, &u->db);
	}
	if (sts_value_option(word, "name", &v)) {
		return sts_name_valid(v) &&
		       take_word(v, u->tls_name, sizeof u->tls_name);
	}
	if (sts_value_option(word, "password_file", &v)) {
		return sts_value_path(
		    v, c->share.password_file, sizeof c->share.password_file);
	}
	return sts_value_option(word, "sentinel_password_file", &v) &&
	       sts_value_path(v, c->share.sentinel_password_file,
		   sizeof c->share.sentinel_password_file);
}

/* Whether certificates can be checked: an address is in none. */
static bool
has_names(const struct sts_share_setup *u)
{
	bool all = true;

	for (unsigned i = 0; i < u->server_count; i++) {
		all = all && u->server[i].host[0] != '\0';
	}
	return !u->tls || u->tls_name[0] != '\0' ||
	       (all && u->master[0] == '\0');
}

const char *
sts_conf_share_redis(struct sts_conf *c, struct sts_text value)
{
	struct sts_conf_share was = c->share;

	sts_conf_share_defaults(c);
	c->share.setup.wait_ms = was.setup.wait_ms;
	c->share.trust = was.trust;
	c->share.key_count = was.key_count;
	memcpy(c->share.key, was.key, sizeof c->share.key);
	memcpy(c->share.anchors, was.anchors, sizeof c->share.anchors);
	if (sts_text_is(value, "off")) {
		return NULL;
	}
	if (!STS_SHARE) {
		return "off: this build has no sharing";
	}
	while (value.n > 0) {
		struct sts_text word = sts_text_word(&value, STS_BLANK_CONTROL);

		if (!take_server(c, word) && !take_option(c, word)) {
			return expected;
		}
	}
	if (c->share.setup.server_count == 0) {
		return expected;
	}
	return has_names(&c->share.setup)
		   ? NULL
		   : "name=HOST beside tls:, where a server is an address or "
		     "is named by a Sentinel";
}

const char *
sts_conf_share_key(struct sts_conf *c, struct sts_text value)
{
	unsigned i = c->share.key_count;

	if (i == STS_SEAL_KEYS) {
		return "no more than two lines of this key";
	}
	if (!sts_value_path(value, c->share.key[i], sizeof c->share.key[i])) {
		return "the absolute path of a file";
	}
	c->share.key_count++;
	return NULL;
}

void
sts_conf_share_clear_keys(struct sts_conf *c)
{
	c->share.key_count = 0;
}

const char *
sts_conf_share_anchors(struct sts_conf *c, struct sts_text value)
{
	return sts_value_path(value, c->share.anchors, sizeof c->share.anchors)
		   ? NULL
		   : "the absolute path of a PEM file";
}

const char *
sts_conf_share_wait(struct sts_conf *c, struct sts_text value)
{
	uint32_t ms = 0;

	if (!sts_value_time(value, &ms) || ms > WAIT_MAX_MS) {
		return "a time up to 2s, such as 150ms";
	}
	c->share.setup.wait_ms = ms;
	return NULL;
}

const char *
sts_conf_share_trust(struct sts_conf *c, struct sts_text value)
{
	return sts_value_bool(value, &c->share.trust) ? NULL : "yes or no";
}

static void
print_option(const char *name, const char *value)
{
	if (value[0] != '\0') {
		printf(" %s=%s", name, value);
	}
}

static void
print_server(const struct sts_conf *c, unsigned i)
{
	const struct sts_share_server *v = &c->share.setup.server[i];
	const char *kind = c->share.setup.tls ? "tls" : "inet";
	char ip[STS_ADDR_TEXT_MAX];

	if (v->addr.af == STS_AF_LOCAL) {
		printf(" unix:%s", c->share.path[i]);
	} else if (v->addr.af == STS_AF_NONE) {
		printf(" %s:%s:%u", kind, v->host, (unsigned)v->port);
	} else {
		sts_addr_format(&v->addr, ip);
		printf(" %s:%s", kind, ip);
	}
}

void
sts_conf_share_print(const struct sts_conf *c)
{
	const struct sts_share_setup *u = &c->share.setup;

	printf("redis");
	for (unsigned i = 0; i < u->server_count; i++) {
		print_server(c, i);
	}
	if (u->server_count == 0) {
		printf(" off");
	} else {
		print_option("user", u->user);
		print_option("password_file", c->share.password_file);
		printf(" db=%lu", (unsigned long)u->db);
		print_option("prefix", u->prefix);
		print_option("name", u->tls_name);
		print_option("client", u->client);
		print_option("master", u->master);
		print_option("sentinel_user", u->sentinel_user);
		print_option(
		    "sentinel_password_file", c->share.sentinel_password_file);
	}
	printf("\nredis_wait %lums\nredis_trust %s\n",
	    (unsigned long)u->wait_ms, c->share.trust ? "yes" : "no");
	for (unsigned i = 0; i < c->share.key_count; i++) {
		printf("redis_key %s\n", c->share.key[i]);
	}
	if (c->share.anchors[0] != '\0') {
		printf("redis_anchors %s\n", c->share.anchors);
	}
}

unsigned
sts_conf_share_level(const struct sts_conf *c)
{
	const struct sts_share_setup *u = &c->share.setup;

	return !STS_SHARE || u->server_count == 0 ? 0 : u->tls ? 2 : 1;
}

/* ---- files with secrets */

/* As much of the file as there is room for; -1: `why`. errno is the system's
 * reason, or 0. */
static int
read_secret(const char *key, const char *path, uint8_t *out, size_t size,
    char why[STS_CONF_WHY_MAX])
{
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
	struct stat st;
	ssize_t n = -1;

	if (fd >= 0 && fstat(fd, &st) == 0) {
		n = read(fd, out, size);
	}
	int error = n < 0 ? errno : 0;

	if (n < 0) {
		snprintf(why, STS_CONF_WHY_MAX, "%s: %s: %s", key, path,
		    strerror(error));
	} else if ((st.st_mode & (S_IRWXG | S_IRWXO)) != 0) {
		snprintf(why, STS_CONF_WHY_MAX,
		    "%s: %s: others may read or write it: chmod 600", key,
		    path);
		n = -1;
	}
	if (fd >= 0) {
		close(fd);
	}
	errno = error;
	return (int)n;
}

static int
nibble(uint8_t c)
{
	c = sts_lower(c);
	if (sts_is_digit(c)) {
		return c - '0';
	}
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* 64 hexadecimal digits, maybe with a line end; or 32 octets. */
static bool
key_of(uint8_t key[STS_MAC_KEY], const uint8_t *p, size_t n)
{
	bool hex = n >= HEX_KEY;

	if (n == STS_MAC_KEY) {
		memcpy(key, p, STS_MAC_KEY);
		return true;
	}
	while (n > HEX_KEY && (p[n - 1] == '\n' || p[n - 1] == '\r')) {
		n--;
	}
	hex = hex && n == HEX_KEY;
	for (size_t i = 0; hex && i < STS_MAC_KEY; i++) {
		int high = nibble(p[2 * i]), low = nibble(p[2 * i + 1]);

		hex = high >= 0 && low >= 0;
		key[i] = (uint8_t)(hex ? high * 16 + low : 0);
	}
	return hex;
}

static bool
read_key(struct sts_conf *c, unsigned i, char why[STS_CONF_WHY_MAX])
{
	struct sts_seal_keys *k = &c->share.setup.keys;
	uint8_t buf[HEX_KEY + 3];
	int n = read_secret("redis_key", c->share.key[i], buf, sizeof buf, why);
	bool good = n >= 0 && key_of(k->key[i], buf, (size_t)n);

	sts_wipe(buf, sizeof buf);
	if (n >= 0 && !good) {
		snprintf(why, STS_CONF_WHY_MAX,
		    "redis_key: %s: not 64 hexadecimal digits or 32 octets "
		    "(openssl rand -hex 32 makes one)",
		    c->share.key[i]);
	}
	return good;
}

static bool
all_local(const struct sts_share_setup *u)
{
	bool all = true;

	for (unsigned i = 0; i < u->server_count; i++) {
		all = all && u->server[i].addr.af == STS_AF_LOCAL;
	}
	return all && u->master[0] == '\0';
}

/*
 * The keys from their files. Without any, whoever can write to the server
 * could set policies: so only unix sockets will do, and only if the operator
 * says so.
 */
static bool
read_keys(struct sts_conf *c, char why[STS_CONF_WHY_MAX])
{
	struct sts_seal_keys *k = &c->share.setup.keys;
	bool ok = true;

	memset(k, 0, sizeof *k);
	k->count = c->share.key_count;
	for (unsigned i = 0; ok && i < k->count; i++) {
		ok = read_key(c, i, why);
	}
	if (ok && k->count == 0) {
		/* A key that everybody knows: whoever reaches the socket is
		 * believed. */
		k->count = 1;
		ok = c->share.trust && all_local(&c->share.setup);
		if (!ok) {
			snprintf(why, STS_CONF_WHY_MAX,
			    "redis: without redis_key anybody who can write to "
			    "the server could set policies; redis_trust yes "
			    "allows that, but only for unix sockets");
		}
	}
	return ok;
}

/* How long the first line is; size: it does not end there, or not in text. */
static size_t
first_line(const char *p, size_t n, size_t size)
{
	size_t len = 0;

	while (len < n && p[len] != '\r' && p[len] != '\n') {
		if (p[len] == '\0') {
			return size;
		}
		len++;
	}
	return len;
}

/* The first line of a file: all of it, as part of a password is another. */
static bool
read_password(
    const char *path, char *out, size_t size, char why[STS_CONF_WHY_MAX])
{
	memset(out, 0, size);
	if (path[0] == '\0') {
		return true;
	}
	int n = read_secret("redis", path, (uint8_t *)out, size, why);

	if (n < 0) {
		return false;
	}
	size_t len = first_line(out, (size_t)n, size);

	if (len == 0 || len == size) {
		snprintf(why, STS_CONF_WHY_MAX, "redis: %s: %s", path,
		    len == 0 ? "it is empty"
			     : "it holds no password, or one longer than 255 "
			       "octets");
		sts_wipe(out, size);
		return false;
	}
	sts_wipe(out + len, size - len);
	return true;
}

bool
sts_conf_share_read(struct sts_conf *c, char why[STS_CONF_WHY_MAX])
{
	struct sts_share_setup *u = &c->share.setup;

	return sts_conf_share_level(c) == 0 ||
	       (read_keys(c, why) &&
		   read_password(c->share.password_file, u->password,
		       sizeof u->password, why) &&
		   read_password(c->share.sentinel_password_file,
		       u->sentinel_password, sizeof u->sentinel_password, why));
}
