/* SPDX-License-Identifier: MIT */
/*
 * The keys of the configuration: one setter a key, and the table of them all. A
 * setter takes the value of a line and returns what was expected instead, or
 * NULL when it was taken.
 *
 * Invariants: keys that add up refuse a line that finds no room. A key that
 * switches on what is left out of this build takes "off" and nothing else, so
 * that nobody believes to have what is not there. `late` keys are read in the
 * second pass, when the times they build on are known. Listeners, sockets and
 * files are not looked at here: whether they can be had is seen when they are
 * opened.
 */
#define _POSIX_C_SOURCE 200809L

#include <errno.h>
#include <string.h>

#include "../../core/base/assert.h"
#include "../../core/base/text.h"
#include "../../core/dial/address.h"
#include "../../port/posix/addr.h"
#include "conf_keys.h"
#include "conf_share.h"
#include "lines.h"
#include "resolv.h"
#include "value.h"

enum {
	CLIENTS_MAX = 60000,
	LOOKUPS_MAX = 4096,
	FETCHES_MAX = 256,
	MEMORY_MAX_M = 1024,
	PRELOAD_MIN = 1024,
	PRELOAD_SIZE = 128 * 1024,
	PRELOAD_MAX = 64 << 20,
	DNS_PORT = 53,
	CONTROL_MODE = 0600
};

const char *const sts_conf_sct[] = {
	[STS_SCT_OFF] = "off",
	[STS_SCT_LOG] = "log",
	[STS_SCT_REQUIRE] = "require",
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
		return "each address or path only once";
	}
	c->listen_count++;
	return NULL;
}

static void
clear_listen(struct sts_conf *c)
{
	c->listen_given = true;
	c->listen_count = 0;
	memset(c->listen, 0, sizeof c->listen);
}

bool
sts_conf_has_mode(struct sts_text value)
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
	memset(&c->control, 0, sizeof c->control);
	c->control_on = !sts_text_is(value, "off");
	if (!c->control_on) {
		return NULL;
	}
	if (!sts_value_listen(value, &c->control) ||
	    c->control.addr.af != STS_AF_LOCAL || c->control.text) {
		return "off, or unix:/path mode=0600 owner=USER group=GROUP";
	}
	if (!sts_conf_has_mode(value)) {
		c->control.mode = CONTROL_MODE;
	}
	return NULL;
}

static const char *
set_metrics(struct sts_conf *c, struct sts_text value)
{
	memset(&c->metrics, 0, sizeof c->metrics);
	if (sts_text_is(value, "off")) {
		c->metrics_on = false;
		return NULL;
	}
	if (!STS_METRICS) {
		return "off: this build has no metrics";
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
	    "an address, then optionally port=53 and trusted=yes";
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
	static const char expected[] =
	    "a size up to 1024M, such as 4M or 512K, then optionally touch=yes "
	    "and huge=yes";
	struct sts_text word = sts_text_word(&value, STS_BLANK_CONTROL), v;
	uint64_t n = 0;

	if (!sts_value_size(word, &n) || n < 1024 ||
	    n > (uint64_t)MEMORY_MAX_M << 20) {
		return expected;
	}
	c->memory = n;
	c->memory_touch = c->memory_huge = false;
	while (value.n > 0) {
		word = sts_text_word(&value, STS_BLANK_CONTROL);
		if (!(sts_value_option(word, "touch", &v) &&
			sts_value_bool(v, &c->memory_touch)) &&
		    !(sts_value_option(word, "huge", &v) &&
			sts_value_bool(v, &c->memory_huge))) {
			return expected;
		}
	}
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
		return "off, or an absolute path and optionally size=16M";
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
set_dane(struct sts_conf *c, struct sts_text value)
{
	c->dane = sts_text_is(value, "on");
	if (c->dane && !STS_DANE) {
		return "off: this build has no DANE";
	}
	return c->dane || sts_text_is(value, "off") ? NULL : "on or off";
}

static const char *
set_dane_partial(struct sts_conf *c, struct sts_text value)
{
	c->dane_partial = sts_text_is(value, "dane");
	return c->dane_partial || sts_text_is(value, "notfound")
		   ? NULL
		   : "notfound or dane";
}

static const char *
set_preload(struct sts_conf *c, struct sts_text value)
{
	static const char expected[] =
	    "off, or an absolute path and optionally size=128K, up to 64M";
	struct sts_text word = sts_text_word(&value, STS_BLANK_CONTROL), v;

	c->preload[0] = '\0';
	c->preload_size = 0;
	if (sts_text_is(word, "off") && value.n == 0) {
		return NULL;
	}
	if (!STS_PRELOAD) {
		return "off: this build has no preload";
	}
	if (!sts_value_path(word, c->preload, sizeof c->preload)) {
		return expected;
	}
	c->preload_size = PRELOAD_SIZE;
	if (value.n > 0 && !(sts_value_option(value, "size", &v) &&
			       sts_value_size(v, &c->preload_size) &&
			       c->preload_size >= PRELOAD_MIN &&
			       c->preload_size <= PRELOAD_MAX)) {
		return expected;
	}
	c->preload_size =
	    (c->preload_size + PRELOAD_MIN - 1) / PRELOAD_MIN * PRELOAD_MIN;
	return NULL;
}

static const char *
set_preload_testing(struct sts_conf *c, struct sts_text value)
{
	c->preload_testing = sts_text_is(value, "enforce");
	return c->preload_testing || sts_text_is(value, "notfound")
		   ? NULL
		   : "notfound or enforce";
}

static const char *
set_warm_names(struct sts_conf *c, struct sts_text value)
{
	if (sts_text_is(value, "off")) {
		c->warm_names[0] = '\0';
		return NULL;
	}
	return sts_value_path(value, c->warm_names, sizeof c->warm_names)
		   ? NULL
		   : "off or an absolute path";
}

static const char *
set_allow_private(struct sts_conf *c, struct sts_text value)
{
	return sts_value_bool(value, &c->allow_private) ? NULL : "yes or no";
}

static const char *
set_sct(struct sts_conf *c, struct sts_text value)
{
	for (unsigned i = 0; i < STS_CONF_SCTS; i++) {
		if (sts_text_is(value, sts_conf_sct[i])) {
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
	static const char no_user[] = "a user of /etc/passwd";
	struct sts_user user;

	if (value.n > STS_USER_NAME_MAX) {
		return no_user;
	}
	if (!sts_user_find(value, &user)) {
		return errno == 0 ? no_user
				  : "a user, but /etc/passwd or /etc/group "
				    "cannot be read";
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

static const struct sts_conf_key keys[] = {
	{ "listen", false, set_listen, clear_listen },
	{ "metrics", false, set_metrics, NULL },
	{ "control", false, set_control, NULL },
	{ "nameserver", false, set_nameserver, clear_nameserver },
	{ "trust_anchors", false, set_trust_anchors, NULL },
	{ "memory", false, set_memory, NULL },
	{ "journal", false, set_journal, NULL },
	{ "clients", false, set_clients, NULL },
	{ "lookups", false, set_lookups, NULL },
	{ "fetch_slots", false, set_fetch_slots, NULL },
	{ "answer_within", false, set_answer_within, NULL },
	{ "queue_wait", false, set_queue_wait, NULL },
	{ "zone", true, set_zone, NULL },
	{ "override", true, set_override, NULL },
	{ "on_dns_error", false, set_on_dns_error, NULL },
	{ "on_no_clock", false, set_on_no_clock, NULL },
	{ "dane", false, set_dane, NULL },
	{ "dane_partial", false, set_dane_partial, NULL },
	{ "preload", false, set_preload, NULL },
	{ "preload_testing", false, set_preload_testing, NULL },
	{ "warm_names", false, set_warm_names, NULL },
	{ "allow_private", false, set_allow_private, NULL },
	{ "fetch_allow", false, set_fetch_allow, clear_fetch_allow },
	{ "nat64_prefix", false, set_nat64_prefix, clear_nat64_prefix },
	{ "sct", false, set_sct, NULL },
	{ "policy_port", false, set_policy_port, NULL },
	{ "tlsrpt", false, sts_conf_tlsrpt, NULL },
	{ "organization_name", false, sts_conf_organization, NULL },
	{ "contact", false, sts_conf_contact, NULL },
	{ "report_relay", false, sts_conf_relay, NULL },
	{ "tlsrpt_memory", false, sts_conf_report_memory, NULL },
	{ "tlsrpt_reports", false, sts_conf_reports, NULL },
	{ "redis", false, sts_conf_share_redis, NULL },
	{ "redis_key", false, sts_conf_share_key, sts_conf_share_clear_keys },
	{ "redis_anchors", false, sts_conf_share_anchors, NULL },
	{ "redis_wait", false, sts_conf_share_wait, NULL },
	{ "redis_trust", false, sts_conf_share_trust, NULL },
	{ "log", false, set_log, NULL },
	{ "log_level", false, set_log_level, NULL },
	{ "user", false, set_user, NULL },
	{ "chroot", false, set_chroot, NULL },
	{ "confine", false, set_confine, NULL },
};

STS_STATIC_ASSERT(
    sizeof keys / sizeof *keys <= STS_CONF_KEYS_MAX, keys_are_counted);

const struct sts_conf_key *
sts_conf_key(struct sts_text name, unsigned *number)
{
	for (unsigned i = 0; i < sizeof keys / sizeof *keys; i++) {
		if (sts_text_is(name, keys[i].name)) {
			*number = i;
			return &keys[i];
		}
	}
	return NULL;
}
