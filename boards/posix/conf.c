/* SPDX-License-Identifier: MIT */
/* The configuration. */
#define _POSIX_C_SOURCE 200809L

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "../../core/base/assert.h"
#include "../../core/base/text.h"
#include "../../core/dial/address.h"
#include "../../port/posix/addr.h"
#include "conf.h"
#include "lines.h"
#include "resolv.h"
#include "value.h"

#define DEFAULT_LISTEN "inet:127.0.0.1:8461"
#define DEFAULT_CONTROL "unix:" STS_CONTROL_SOCKET

enum {
	CLIENTS_MAX = 60000,
	LOOKUPS_MAX = 4096,
	FETCHES_MAX = 256,
	MEMORY_MAX_M = 1024,
	DNS_PORT = 53,
	PROBLEM_MAX = 256,
	SHOWN_MAX = 120, /* characters of a wrong value that are shown */
	CONTROL_MODE = 0600
};

/* Zones need answer_within and queue_wait, so they are read after all else. */
enum pass {
	FIRST,
	SECOND
};

/* Every setter takes the value of a line and returns what was expected
 * instead, or NULL when it was taken. */
struct key {
	const char *name;
	enum pass pass;
	const char *(*set)(struct sts_conf *c, struct sts_text value);
	/* For keys that add up and whose -o lines replace the file's. */
	void (*clear)(struct sts_conf *c);
};

static const char too_many[] = "no more lines of this key";

/* Whether a line before names the same place. Port 0 is another each time. */
static bool
listens_already(const struct sts_conf *c, const struct sts_listen_at *at)
{
	if (at->addr.af != STS_AF_LOCAL && at->addr.port == 0) {
		return false;
	}
	for (unsigned i = 0; i < c->listen_count; i++) {
		if (sts_listen_same(&c->listen[i], at)) {
			return true;
		}
	}
	return false;
}

static const char *
set_listen(struct sts_conf *c, struct sts_text value)
{
	struct sts_listen_at *fresh = &c->listen[c->listen_count];

	if (c->listen_count == STS_CONF_LISTEN_MAX) {
		return too_many;
	}
	if (!sts_value_listen(value, fresh)) {
		return "inet:127.0.0.1:PORT, inet:[::1]:PORT or "
		       "unix:/path mode=0660 owner=USER group=GROUP "
		       "protocol=text";
	}
	if (listens_already(c, fresh)) {
		return "one line for each place";
	}
	c->listen_count++;
	return NULL;
}

static void
clear_listen(struct sts_conf *c)
{
	c->listen_given = true;
	c->listen_count = 0;
}

/* Whether one of the words is a mode. */
static bool
has_mode(struct sts_text value)
{
	struct sts_text v;

	while (value.n > 0) {
		if (sts_value_option(
			sts_text_word(&value, STS_BLANK_CONTROL), "mode", &v)) {
			return true;
		}
	}
	return false;
}

static const char *
set_control(struct sts_conf *c, struct sts_text value)
{
	c->control_on = !sts_text_is(value, "off");
	if (!c->control_on) {
		return NULL;
	}
	if (!sts_value_listen(value, &c->control) ||
	    c->control.addr.af != STS_AF_LOCAL || c->control.text) {
		return "off, or unix:/path mode=0600 owner=USER group=GROUP";
	}
	if (!has_mode(value)) {
		c->control.mode = CONTROL_MODE;
	}
	return NULL;
}

static const char *
set_metrics(struct sts_conf *c, struct sts_text value)
{
	if (sts_text_is(value, "off")) {
		c->metrics_on = false;
		return NULL;
	}
	c->metrics_on =
	    sts_value_listen(value, &c->metrics) && !c->metrics.text;
	return c->metrics_on ? NULL
			     : "off, inet:127.0.0.1:9461, inet:[::1]:9461 or "
			       "unix:/path mode=0660";
}

static const char *
set_nameserver(struct sts_conf *c, struct sts_text value)
{
	static const char expected[] =
	    "an address, then perhaps port=53 and trusted=yes";
	struct sts_text word = sts_text_word(&value, STS_BLANK_CONTROL);
	struct sts_addr addr;
	uint32_t port = DNS_PORT;
	bool trusted = false;

	if (c->servers.count == STS_DNS_SERVERS_MAX) {
		return too_many;
	}
	if (!sts_addr_parse(word, &addr)) {
		return expected;
	}
	trusted = sts_resolv_trusted(&addr);
	while (value.n > 0) {
		struct sts_text v;

		word = sts_text_word(&value, STS_BLANK_CONTROL);
		if (!(sts_value_option(word, "port", &v) &&
			sts_value_number(v, 1, UINT16_MAX, &port)) &&
		    !(sts_value_option(word, "trusted", &v) &&
			sts_value_bool(v, &trusted))) {
			return expected;
		}
	}
	addr.port = (uint16_t)port;
	c->servers.addr[c->servers.count] = addr;
	c->servers.trusted[c->servers.count] = trusted;
	c->servers.count++;
	return NULL;
}

static void
clear_nameserver(struct sts_conf *c)
{
	c->servers.count = 0;
}

static const char *
set_fetch_allow(struct sts_conf *c, struct sts_text value)
{
	if (c->allow_count == STS_FETCH_ALLOW_MAX) {
		return too_many;
	}
	if (!sts_value_prefix(value, &c->allow[c->allow_count])) {
		return "a prefix, such as 192.0.2.0/24 or 2001:db8::/32";
	}
	c->allow_count++;
	return NULL;
}

static void
clear_fetch_allow(struct sts_conf *c)
{
	c->allow_count = 0;
}

static const char *
set_nat64_prefix(struct sts_conf *c, struct sts_text value)
{
	struct sts_prefix *p = &c->nat64[c->nat64_count];

	if (c->nat64_count == STS_NAT64_MAX) {
		return too_many;
	}
	if (!sts_value_prefix(value, p) || !sts_address_is_nat64(p)) {
		return "an IPv6 prefix of 32, 40, 48, 56, 64 or 96 bits, such "
		       "as 2001:db8:64::/96";
	}
	c->nat64_count++;
	return NULL;
}

static void
clear_nat64_prefix(struct sts_conf *c)
{
	c->nat64_count = 0;
}

static const char *
set_trust_anchors(struct sts_conf *c, struct sts_text value)
{
	return sts_value_path(value, c->trust_anchors, sizeof c->trust_anchors)
		   ? NULL
		   : "the absolute path of a PEM file";
}

static const char *
set_memory(struct sts_conf *c, struct sts_text value)
{
	uint64_t n = 0;

	if (!sts_value_size(value, &n) || n < 1024 ||
	    n > (uint64_t)MEMORY_MAX_M << 20) {
		return "a size up to 1024M, such as 4M or 512K";
	}
	c->memory = n;
	return NULL;
}

static const char *
set_journal(struct sts_conf *c, struct sts_text value)
{
	struct sts_text word = sts_text_word(&value, STS_BLANK_CONTROL), v;

	c->journal_given = true;
	c->journal_size = 0;
	if (sts_text_is(word, "off") && value.n == 0) {
		c->journal[0] = '\0';
		return NULL;
	}
	if (!STS_JOURNAL) {
		return "off: this build has no journal";
	}
	if (!sts_value_path(word, c->journal, sizeof c->journal) ||
	    (value.n > 0 && !(sts_value_option(value, "size", &v) &&
				sts_value_size(v, &c->journal_size) &&
				c->journal_size > 0))) {
		return "off, or an absolute path and perhaps size=16M";
	}
	return NULL;
}

static const char *
set_clients(struct sts_conf *c, struct sts_text value)
{
	return sts_value_number(value, 1, CLIENTS_MAX, &c->clients)
		   ? NULL
		   : "a number from 1 to 60000";
}

static const char *
set_lookups(struct sts_conf *c, struct sts_text value)
{
	return sts_value_number(value, 1, LOOKUPS_MAX, &c->lookups)
		   ? NULL
		   : "a number from 1 to 4096";
}

static const char *
set_fetch_slots(struct sts_conf *c, struct sts_text value)
{
	return sts_value_number(value, 1, FETCHES_MAX, &c->fetch_slots)
		   ? NULL
		   : "a number from 1 to 256";
}

/* A time up to what a mail server waits. */
static const char *
set_wait(uint32_t *out, struct sts_text value)
{
	uint32_t ms = 0;

	if (!sts_value_time(value, &ms) || ms == 0 ||
	    ms > STS_CONF_ANSWER_MAX_MS) {
		return "a time up to 95s, such as 12s or 500ms";
	}
	*out = ms;
	return NULL;
}

static const char *
set_answer_within(struct sts_conf *c, struct sts_text value)
{
	return set_wait(&c->answer_within_ms, value);
}

static const char *
set_queue_wait(struct sts_conf *c, struct sts_text value)
{
	return set_wait(&c->queue_wait_ms, value);
}

static const char *
zones_expected(enum sts_zones_error e)
{
	return e == STS_ZONES_OK ? NULL : sts_zones_error_text(e);
}

static const char *
set_zone(struct sts_conf *c, struct sts_text value)
{
	return zones_expected(sts_zones_add(&c->zones, value));
}

static const char *
set_override(struct sts_conf *c, struct sts_text value)
{
	return zones_expected(sts_zones_override(&c->zones, value));
}

/* "notfound" or "temp". */
static const char *
set_unknown(bool *temp, struct sts_text value)
{
	bool yes = sts_text_is(value, "temp");

	if (!yes && !sts_text_is(value, "notfound")) {
		return "notfound or temp";
	}
	*temp = yes;
	return NULL;
}

static const char *
set_on_dns_error(struct sts_conf *c, struct sts_text value)
{
	return set_unknown(&c->temp_on_dns_error, value);
}

static const char *
set_on_no_clock(struct sts_conf *c, struct sts_text value)
{
	return set_unknown(&c->temp_on_no_clock, value);
}

static const char *
set_allow_private(struct sts_conf *c, struct sts_text value)
{
	return sts_value_bool(value, &c->allow_private) ? NULL : "yes or no";
}

static const char *
set_sct(struct sts_conf *c, struct sts_text value)
{
	static const char *const names[] = { "off", "log", "require" };

	for (unsigned i = 0; i < sizeof names / sizeof *names; i++) {
		if (sts_text_is(value, names[i])) {
			c->sct = (uint8_t)i;
			return NULL;
		}
	}
	return "off, log or require";
}

static const char *
set_policy_port(struct sts_conf *c, struct sts_text value)
{
	return sts_value_number(value, 1, UINT16_MAX, &c->policy_port)
		   ? NULL
		   : "a port (other than 443 for tests only)";
}

static const char *
set_log(struct sts_conf *c, struct sts_text value)
{
	bool syslog = sts_text_is(value, "syslog");

	if (!syslog && !sts_text_is(value, "stderr")) {
		return "stderr or syslog";
	}
	c->log = syslog ? STS_LOG_SYSLOG : STS_LOG_STDERR;
	return NULL;
}

static const char *
set_log_level(struct sts_conf *c, struct sts_text value)
{
	for (unsigned i = 0; i <= STS_LOG_DEBUG; i++) {
		if (sts_text_is(value, sts_log_level_name(i))) {
			c->log_level = i;
			return NULL;
		}
	}
	return "error, warning, info or debug";
}

static const char *
set_user(struct sts_conf *c, struct sts_text value)
{
	struct sts_user user;

	if (value.n > STS_USER_NAME_MAX || !sts_user_find(value, &user)) {
		return "a user of /etc/passwd";
	}
	memcpy(c->user, value.p, value.n);
	c->user[value.n] = '\0';
	return NULL;
}

static const char *
set_chroot(struct sts_conf *c, struct sts_text value)
{
	if (sts_text_is(value, "off")) {
		c->chroot[0] = '\0';
		return NULL;
	}
	return sts_value_path(value, c->chroot, sizeof c->chroot)
		   ? NULL
		   : "off or an absolute path";
}

static const char *
set_confine(struct sts_conf *c, struct sts_text value)
{
	c->confine = sts_text_is(value, "on");
	return c->confine || sts_text_is(value, "off") ? NULL : "on or off";
}

static const struct key keys[] = {
	{ "listen", FIRST, set_listen, clear_listen },
	{ "metrics", FIRST, set_metrics, NULL },
	{ "control", FIRST, set_control, NULL },
	{ "nameserver", FIRST, set_nameserver, clear_nameserver },
	{ "trust_anchors", FIRST, set_trust_anchors, NULL },
	{ "memory", FIRST, set_memory, NULL },
	{ "journal", FIRST, set_journal, NULL },
	{ "clients", FIRST, set_clients, NULL },
	{ "lookups", FIRST, set_lookups, NULL },
	{ "fetch_slots", FIRST, set_fetch_slots, NULL },
	{ "answer_within", FIRST, set_answer_within, NULL },
	{ "queue_wait", FIRST, set_queue_wait, NULL },
	{ "zone", SECOND, set_zone, NULL },
	{ "override", SECOND, set_override, NULL },
	{ "on_dns_error", FIRST, set_on_dns_error, NULL },
	{ "on_no_clock", FIRST, set_on_no_clock, NULL },
	{ "allow_private", FIRST, set_allow_private, NULL },
	{ "fetch_allow", FIRST, set_fetch_allow, clear_fetch_allow },
	{ "nat64_prefix", FIRST, set_nat64_prefix, clear_nat64_prefix },
	{ "sct", FIRST, set_sct, NULL },
	{ "policy_port", FIRST, set_policy_port, NULL },
	{ "log", FIRST, set_log, NULL },
	{ "log_level", FIRST, set_log_level, NULL },
	{ "user", FIRST, set_user, NULL },
	{ "chroot", FIRST, set_chroot, NULL },
	{ "confine", FIRST, set_confine, NULL },
};

enum {
	KEY_COUNT = sizeof keys / sizeof *keys
};

/* A line being read, for its error message. */
struct place {
	const char *file; /* NULL: an -o line */
	unsigned number;
};

static void
complain(char why[STS_CONF_WHY_MAX], const struct place *at,
    struct sts_text name, const char *problem, struct sts_text value)
{
	char where[STS_CONF_PATH_MAX + 16] = "-o";
	char key[SHOWN_MAX], shown[SHOWN_MAX];

	if (at->file != NULL) {
		snprintf(where, sizeof where, "%s:%u", at->file, at->number);
	}
	sts_log_escape(name, key, sizeof key);
	sts_log_quote(value, shown, sizeof shown);
	snprintf(why, STS_CONF_WHY_MAX, "%s: %s: %s%s%s%s", where, key, problem,
	    value.n > 0 ? ", got \"" : "", shown, value.n > 0 ? "\"" : "");
}

/* Whatever follows a '#' that begins the line or follows a blank is gone. */
static struct sts_text
without_comment(struct sts_text line)
{
	for (size_t i = 0; i < line.n; i++) {
		if (line.p[i] == '#' && (i == 0 || line.p[i - 1] <= ' ')) {
			line.n = i;
		}
	}
	return sts_text_trim(line, STS_BLANK_CONTROL);
}

static const struct key *
find_key(struct sts_text name)
{
	for (size_t i = 0; i < KEY_COUNT; i++) {
		if (sts_text_is(name, keys[i].name)) {
			return &keys[i];
		}
	}
	return NULL;
}

/* Take one line. `seen` notes the keys of this source. */
static bool
take_line(struct sts_conf *c, struct sts_text line, enum pass pass,
    const struct place *at, bool seen[KEY_COUNT], char why[STS_CONF_WHY_MAX])
{
	struct sts_text value = without_comment(line);
	struct sts_text name = sts_text_word(&value, STS_BLANK_CONTROL);
	char problem[PROBLEM_MAX];

	if (name.n == 0) {
		return true;
	}
	const struct key *key = find_key(name);

	if (key == NULL) {
		complain(
		    why, at, name, "there is no such key", sts_text(NULL, 0));
		return false;
	}
	if (key->pass != pass) {
		return true;
	}
	if (key->clear != NULL && !seen[key - keys]) {
		key->clear(c);
	}
	seen[key - keys] = true;
	const char *expected = key->set(c, value);

	if (expected == NULL) {
		return true;
	}
	snprintf(problem, sizeof problem, "expected %s", expected);
	complain(why, at, name, problem, value);
	return false;
}

static bool
take_options(struct sts_conf *c, const struct sts_conf_source *source,
    enum pass pass, char why[STS_CONF_WHY_MAX])
{
	static const struct place at = { NULL, 0 };
	bool seen[KEY_COUNT] = { false };

	for (unsigned i = 0; i < source->option_count; i++) {
		const char *o = source->options[i];

		if (!take_line(c, sts_text_of(o), pass, &at, seen, why)) {
			return false;
		}
	}
	return true;
}

static bool
take_file(struct sts_conf *c, struct sts_lines *l, const char *file,
    enum pass pass, char why[STS_CONF_WHY_MAX])
{
	struct sts_text line;
	struct place at = { file, 0 };
	bool seen[KEY_COUNT] = { false };

	sts_lines_rewind(l);
	while (sts_lines_next(l, &line)) {
		at.number = l->number;
		if (l->cut) {
			complain(why, &at,
			    sts_text_word(&line, STS_BLANK_CONTROL),
			    "the line is too long", sts_text(NULL, 0));
			return false;
		}
		if (!take_line(c, line, pass, &at, seen, why)) {
			return false;
		}
	}
	if (l->error != 0) {
		snprintf(
		    why, STS_CONF_WHY_MAX, "%s: %s", file, strerror(l->error));
		return false;
	}
	return true;
}

static bool
take_all(struct sts_conf *c, const struct sts_conf_source *source,
    struct sts_lines *l, const char *file, char why[STS_CONF_WHY_MAX])
{
	bool ok = (l == NULL || take_file(c, l, file, FIRST, why)) &&
		  take_options(c, source, FIRST, why);

	if (!ok) {
		return false;
	}
	if (c->answer_within_ms + c->queue_wait_ms > STS_CONF_ANSWER_MAX_MS) {
		snprintf(why, STS_CONF_WHY_MAX,
		    "answer_within and queue_wait: together more than 95s, "
		    "but mail servers give up after 100s");
		return false;
	}
	sts_zones_init(&c->zones, c->answer_within_ms, c->queue_wait_ms);
	return (l == NULL || take_file(c, l, file, SECOND, why)) &&
	       take_options(c, source, SECOND, why);
}

static void
set_defaults(struct sts_conf *c)
{
	memset(c, 0, sizeof *c);
	c->memory = 4 << 20;
	if (STS_JOURNAL) {
		memcpy(c->journal, STS_JOURNAL_FILE, sizeof STS_JOURNAL_FILE);
	}
	c->clients = 1024;
	c->lookups = 256;
	c->fetch_slots = 16;
	c->answer_within_ms = 12000;
	c->queue_wait_ms = 30000;
	c->temp_on_no_clock = true;
	c->allow_private = true;
	c->sct = STS_SCT_LOG;
	c->policy_port = 443;
	c->log = STS_LOG_STDERR;
	c->log_level = STS_LOG_INFO;
	c->confine = true;
	sts_value_listen(sts_text((const uint8_t *)DEFAULT_LISTEN,
			     sizeof DEFAULT_LISTEN - 1),
	    &c->listen[0]);
	c->listen_count = 1;
	set_control(c, sts_text((const uint8_t *)DEFAULT_CONTROL,
			   sizeof DEFAULT_CONTROL - 1));
}

bool
sts_conf_load(struct sts_conf *c, const struct sts_conf_source *source,
    char why[STS_CONF_WHY_MAX])
{
	static struct sts_lines lines; /* too large for a small stack */
	const char *file = source->file != NULL ? source->file : STS_CONF_FILE;

	set_defaults(c);
	if (sts_lines_open(&lines, file) != 0) {
		if (source->file == NULL && errno == ENOENT) {
			return take_all(c, source, NULL, file, why);
		}
		snprintf(
		    why, STS_CONF_WHY_MAX, "%s: %s", file, strerror(errno));
		return false;
	}
	bool ok = take_all(c, source, &lines, file, why);

	sts_lines_close(&lines);
	return ok;
}

static bool
same_at(const struct sts_listen_at *a, const struct sts_listen_at *b)
{
	return sts_listen_same(a, b) && a->mode == b->mode &&
	       a->uid == b->uid && a->gid == b->gid && a->text == b->text;
}

static bool
same_listen(const struct sts_conf *a, const struct sts_conf *b)
{
	if (a->listen_count != b->listen_count) {
		return false;
	}
	for (unsigned i = 0; i < a->listen_count; i++) {
		if (!same_at(&a->listen[i], &b->listen[i])) {
			return false;
		}
	}
	return true;
}

static bool
same_metrics(const struct sts_conf *a, const struct sts_conf *b)
{
	return a->metrics_on == b->metrics_on &&
	       (!a->metrics_on || same_at(&a->metrics, &b->metrics));
}

static bool
same_control(const struct sts_conf *a, const struct sts_conf *b)
{
	return a->control_on == b->control_on &&
	       (!a->control_on || same_at(&a->control, &b->control));
}

size_t
sts_conf_fixed(const struct sts_conf *running, const struct sts_conf *fresh,
    char out[STS_CONF_WHY_MAX])
{
	const struct {
		const char *key;
		bool same;
	} fixed[] = {
		{ "listen", same_listen(running, fresh) },
		{ "metrics", same_metrics(running, fresh) },
		{ "control", same_control(running, fresh) },
		{ "memory", running->memory == fresh->memory },
		{ "journal", strcmp(running->journal, fresh->journal) == 0 &&
				 running->journal_size == fresh->journal_size },
		{ "clients", running->clients == fresh->clients },
		{ "lookups", running->lookups == fresh->lookups },
		{ "fetch_slots", running->fetch_slots == fresh->fetch_slots },
		{ "log", running->log == fresh->log },
		{ "user", strcmp(running->user, fresh->user) == 0 },
		{ "chroot", strcmp(running->chroot, fresh->chroot) == 0 },
		{ "confine", running->confine == fresh->confine },
	};
	size_t n = 0;

	out[0] = '\0';
	for (size_t i = 0; i < sizeof fixed / sizeof *fixed; i++) {
		if (!fixed[i].same) {
			n += (size_t)snprintf(out + n, STS_CONF_WHY_MAX - n,
			    "%s%s", n > 0 ? " " : "", fixed[i].key);
		}
	}
	STS_ASSERT(n < STS_CONF_WHY_MAX);
	return n;
}
