/* SPDX-License-Identifier: MIT */
/*
 * What the daemon can change while it runs. Of two sets one is in use; a change
 * is made in the spare one, as soon as no question uses that any more, and then
 * they are swapped. live_set.c makes the settings of a set, live_enforce.c has
 * the kill switch.
 *
 *	pending     what is to be read again (SIGHUP, or a file has changed)
 *	reading     bundle and list of policies are read in pieces, into their
 *	            spare areas
 *	swap        settings point into the new set; the other is the spare
 *
 * Invariants: whatever is new and broken changes nothing but the log, and each
 * part is judged by itself, except that name servers without one that is
 * trusted are refused while DANE is on, and DANE while there are only such. Once the daemon serves, the set in use
 * is not written to, but for enforce_off and an address for reports that is
 * found late. Memory areas (anchors, lists of policies) alternate with the sets:
 * what is read goes into the area that the set in use does not point to. A list
 * of policies never goes back in time.
 *
 * The attacker may write one of these files half, or have it vanish for a
 * moment: a bundle that ends inside a certificate, or a resolv.conf that names
 * nobody, is read once more before it is believed, and a file that is gone
 * changes nothing.
 */
#define _POSIX_C_SOURCE 200809L

#include <errno.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include "conf_share.h"
#include "live_parts.h"
#include "resolv.h"

const struct sts_live_set *
sts_live_now(const struct sts_live *l)
{
	return &l->set[l->current];
}

/* The spare set and the anchors of shared policies are written before they are
 * read: no page is taken for them until then. */
static void
clear(struct sts_live *l)
{
	memset(&l->set[0], 0, sizeof l->set[0]);
	memset(&l->current, 0,
	    offsetof(struct sts_live, share_anchors) -
		offsetof(struct sts_live, current));
}

/* With the configuration that is in the first set. */
static bool
open_set(struct sts_live *l, struct sts_memory *memory, unsigned asks,
    char why[STS_CONF_WHY_MAX])
{
	struct sts_live_set *s = &l->set[0];
	const struct sts_conf *conf = &s->conf;
	const char *path = sts_roots_file(conf->trust_anchors);

	l->memory = memory;
	l->room = sts_conf_room_of(conf);
	/* Noted before they are read, so that no change is missed. */
	sts_watch_changed(&l->watch_servers, STS_RESOLV_FILE);
	sts_watch_changed(&l->watch_roots, path);
	sts_watch_changed(&l->watch_preload, conf->preload);
	if (!sts_live_first_servers(s, why) ||
	    !sts_memory_open(memory, conf, asks, path, &s->roots, why)) {
		return false;
	}
	sts_live_find_host(l);
	sts_live_find_address(l);
	if (!sts_live_read_share(l, s, 0, why)) {
		return false;
	}
	sts_live_set_settings(s, false);
	sts_live_set_reporter(l, s);
	sts_live_point_share(l, s);
	return true;
}

bool
sts_live_open_conf(struct sts_live *l, const struct sts_conf *conf,
    struct sts_memory *memory, unsigned asks, char why[STS_CONF_WHY_MAX])
{
	clear(l);
	l->set[0].conf = *conf;
	return open_set(l, memory, asks, why);
}

bool
sts_live_open(struct sts_live *l, const struct sts_conf_source *source,
    struct sts_memory *memory, unsigned asks, char why[STS_CONF_WHY_MAX])
{
	clear(l);
	if (!sts_conf_load(&l->set[0].conf, source, why) ||
	    !open_set(l, memory, asks, why)) {
		return false;
	}
	l->source = *source;
	return true;
}

void
sts_live_begin(struct sts_live *l, struct sts_agent *agent,
    struct sts_driver *driver, struct sts_log *log, sts_ms now)
{
	l->agent = agent;
	l->driver = driver;
	l->log = log;
	l->look_at = now + STS_LIVE_LOOK_MS;
	sts_agent_events_read(agent, sts_live_now(l)->conf.log_level);
}

bool
sts_live_preload_test(
    struct sts_live *l, struct sts_span area, char why[STS_CONF_WHY_MAX])
{
	struct sts_live_set *s = &l->set[l->current];

	return !STS_PRELOAD || s->conf.preload[0] == '\0' ||
	       sts_preload_file_load(
		   &l->list_file, s->conf.preload, area, &s->preload, why);
}

bool
sts_live_preload(struct sts_live *l, const struct sts_agent *agent,
    char why[STS_CONF_WHY_MAX])
{
	struct sts_live_set *s = &l->set[l->current];

	if (s->conf.preload[0] == '\0') {
		return true;
	}
	s->preloaded = sts_live_preload_test(
	    l, sts_agent_preload_area(agent, s->preload_area), why);
	sts_live_set_settings(s, l->enforce_off);
	return s->preloaded;
}

void
sts_live_reload(struct sts_live *l, sts_ms now)
{
	l->pending |= STS_LIVE_CONF | STS_LIVE_SERVERS | STS_LIVE_ROOTS |
		      STS_LIVE_PRELOAD;
	l->look_at = now;
}

/* Those that return a bool return false when what is new is broken and nothing
 * changed. */

/* A file that was there and is gone, for a moment or for us (chroot), orders
 * no defaults. False: `why`. */
static bool
load_conf(
    struct sts_live *l, struct sts_conf *fresh, char why[STS_CONF_WHY_MAX])
{
	if (!sts_conf_load(fresh, &l->source, why)) {
		return false;
	}
	if (sts_live_now(l)->conf.from_file && !fresh->from_file) {
		snprintf(why, STS_CONF_WHY_MAX, "%s: %s", STS_CONF_FILE,
		    strerror(ENOENT));
		return false;
	}
	return true;
}

/* Read the configuration into the spare set. What only a restart can change
 * keeps its value, and is logged. */
static bool
reload_conf(struct sts_live *l, struct sts_live_set *s)
{
	char why[STS_CONF_WHY_MAX], fixed[STS_CONF_WHY_MAX];

	if (!load_conf(l, &s->conf, why)) {
		sts_log_line(l->log, STS_LOG_ERROR,
		    "reload: configuration not changed: %s", why);
		return false;
	}
	if (sts_conf_keep_fixed(
		&sts_live_now(l)->conf, &l->room, &s->conf, fixed) > 0) {
		sts_log_line(l->log, STS_LOG_WARNING,
		    "reload: only a restart can change: %s", fixed);
	}
	if (!sts_live_read_share(l, s, 1 - sts_live_now(l)->share_area, why)) {
		sts_log_line(l->log, STS_LOG_ERROR,
		    "reload: configuration not changed: %s", why);
		s->share_roots = sts_live_now(l)->share_roots;
		s->share_area = sts_live_now(l)->share_area;
		return false;
	}
	if (sts_live_share_roots(s) != NULL) {
		sts_roots_log_taken(
		    &s->share_roots, "reload: ", s->conf.share.anchors, l->log);
	}
	sts_log_level(l->log, s->conf.log_level);
	sts_agent_events_read(l->agent, s->conf.log_level);
	return true;
}

/* Whether the file, which names nobody, is to be read once more before that is
 * believed: it may be just being written. */
static bool
names_nobody_yet(struct sts_live *l, const struct sts_dns_servers *now,
    const struct sts_dns_servers *fresh)
{
	bool same = now->count == fresh->count &&
		    sts_addr_same(&now->addr[0], &fresh->addr[0]);

	if (same || l->servers_cut) {
		return false;
	}
	l->servers_cut = true;
	l->pending |= STS_LIVE_SERVERS;
	sts_log_line(l->log, STS_LOG_WARNING,
	    "reload: %s names no name server: read once more", STS_RESOLV_FILE);
	return true;
}

/* The configuration's name servers, else those of resolv.conf. The old ones
 * stay if the file is gone or broken, names none for the first time, or names
 * none that DANE can trust. */
static bool
reload_servers(struct sts_live *l, struct sts_live_set *s)
{
	struct sts_dns_servers fresh = s->conf.servers;
	enum sts_resolv_result r = STS_RESOLV_OK;

	if (fresh.count == 0) {
		/* A file that is gone for a moment (or for us: chroot) is no
		 * reason to ask somebody else. */
		errno = ENOENT;
		r = l->watch_servers.there
			? sts_resolv_read(STS_RESOLV_FILE, &fresh)
			: STS_RESOLV_UNREADABLE;
	}
	if (r != STS_RESOLV_OK && r != STS_RESOLV_DEFAULT) {
		sts_log_line(l->log, STS_LOG_WARNING,
		    "reload: name servers not changed: %s: %s", STS_RESOLV_FILE,
		    sts_resolv_problem(r));
		return false;
	}
	if (r == STS_RESOLV_DEFAULT &&
	    names_nobody_yet(l, &s->servers, &fresh)) {
		return true;
	}
	l->servers_cut = false;
	if (!sts_live_enough_trusted(&s->conf, &fresh)) {
		/* Answers without DANE would be a downgrade. */
		sts_log_line(l->log, STS_LOG_ERROR,
		    "reload: name servers not changed: %s", sts_live_untrusted);
		return false;
	}
	s->servers = fresh;
	return true;
}

/* DANE that a reload switches on stays off while no name server is trusted:
 * nobody could tell what is signed. */
static bool
check_dane(struct sts_live *l, struct sts_live_set *s)
{
	if (sts_live_enough_trusted(&s->conf, &s->servers)) {
		return true;
	}
	sts_log_line(l->log, STS_LOG_ERROR, "reload: dane stays off: %s",
	    sts_live_untrusted);
	sts_conf_dane_off(&s->conf);
	return false;
}

/* The bundle takes a millisecond: a piece at a time, and mail servers between. */
static void
begin_roots(struct sts_live *l, const struct sts_live_set *s)
{
	unsigned area = 1 - sts_live_now(l)->area;

	sts_roots_begin(&l->bundle, sts_roots_file(s->conf.trust_anchors),
	    l->memory->anchors[area], l->memory->anchors_size,
	    l->memory->reading, &l->fresh);
	l->reading |= STS_LIVE_ROOTS;
}

/* The bundle was read to its end: take it, unless it is of no use, or cut for
 * the first time. */
static bool
take_roots(struct sts_live *l, struct sts_live_set *s)
{
	const char *path = sts_roots_file(s->conf.trust_anchors);
	const struct sts_roots *fresh = &l->fresh;
	const char *problem = sts_roots_end(&l->bundle, &l->fresh);

	/* Half a file, perhaps: it may be just being written. */
	if (fresh->cut && !l->roots_cut) {
		l->roots_cut = true;
		l->pending |= STS_LIVE_ROOTS;
		sts_log_line(l->log, STS_LOG_WARNING,
		    "reload: %s ends inside a certificate: read once more",
		    path);
		return true;
	}
	l->roots_cut = false;
	if (problem != NULL) {
		sts_roots_log(fresh, path, l->log);
		sts_log_line(l->log, STS_LOG_ERROR,
		    "reload: trust anchors not changed: %s: %s", path, problem);
		return false;
	}
	s->roots = *fresh;
	s->area = 1 - sts_live_now(l)->area;
	sts_roots_log_taken(fresh, "reload: ", path, l->log);
	return true;
}

/* A large list takes a third of a second: a piece at a time, too. */
static void
begin_preload(struct sts_live *l, struct sts_live_set *s)
{
	unsigned area = 1 - sts_live_now(l)->preload_area;

	if (s->conf.preload[0] == '\0' || s->conf.preload_size == 0) {
		s->preloaded = false;
		return;
	}
	sts_preload_file_begin(&l->list_file, s->conf.preload,
	    sts_agent_preload_area(l->agent, area), &l->list);
	l->reading |= STS_LIVE_PRELOAD;
}

/*
 * The list was read to its end. It never goes back in time: whoever puts an
 * older one in its place could bring back policies that were taken out since.
 */
static bool
take_preload(struct sts_live *l, struct sts_live_set *s)
{
	const char *path = s->conf.preload;
	char why[STS_CONF_WHY_MAX];
	bool ok = sts_preload_file_end(&l->list_file, why);

	if (ok && s->preloaded &&
	    l->list.timestamp_s < s->preload.timestamp_s) {
		snprintf(why, sizeof why,
		    "%s: its timestamp is older than that of the list in use",
		    path);
		ok = false;
	}
	if (!ok) {
		sts_log_line(l->log, STS_LOG_ERROR,
		    "reload: list of policies not changed: %s", why);
		return false;
	}
	s->preload = l->list;
	s->preloaded = true;
	s->preload_area = 1 - sts_live_now(l)->preload_area;
	sts_log_line(l->log, STS_LOG_INFO,
	    "reload: %u domains in the list of policies %s", l->list.domains,
	    path);
	return true;
}

/* Bring the spare set up to date, but for bundle and list, which are begun.
 * False: something new is broken. */
static bool
renew(struct sts_live *l, struct sts_live_set *s, unsigned pending)
{
	bool ok = true;

	*s = *sts_live_now(l);
	if ((pending & STS_LIVE_CONF) && !reload_conf(l, s)) {
		s->conf = sts_live_now(l)->conf;
		ok = false;
	}
	if (pending & (STS_LIVE_CONF | STS_LIVE_SERVERS)) {
		ok = reload_servers(l, s) && ok;
	}
	ok = check_dane(l, s) && ok;
	if (STS_PRELOAD && (pending & STS_LIVE_PRELOAD)) {
		begin_preload(l, s);
	}
	if (pending & STS_LIVE_ROOTS) {
		begin_roots(l, s);
	}
	return ok;
}

/* The spare set is ready: swap. */
static void
change(struct sts_live *l)
{
	struct sts_live_set *s = &l->set[1 - l->current];

	sts_live_set_settings(s, l->enforce_off);
	sts_live_find_address(l);
	sts_live_set_reporter(l, s);
	sts_live_point_share(l, s);
	l->current = 1 - l->current;
	sts_agent_settings(l->agent, &s->settings);
	sts_driver_wake(l->driver);
	sts_log_line(l->log, STS_LOG_INFO, "reload: done%s",
	    l->renewed ? "" : ", except for what is logged above");
	if (l->enforce_off) {
		sts_log_line(
		    l->log, STS_LOG_WARNING, "reload: enforcement stays off");
	}
}

/* Do what is pending in the spare set, which nobody uses or can begin to use
 * before the swap. What becomes pending meanwhile is done behind it. */
static void
begin_change(struct sts_live *l)
{
	unsigned pending = l->pending;

	l->pending = 0;
	l->renewed = renew(l, &l->set[1 - l->current], pending);
	if (l->reading == 0) {
		change(l);
	}
}

/* Read a piece of the bundle, or then of the list. */
static void
read_piece(struct sts_live *l)
{
	struct sts_live_set *s = &l->set[1 - l->current];

	if (!STS_PRELOAD || (l->reading & STS_LIVE_ROOTS)) {
		if (!sts_roots_step(&l->bundle, &l->fresh)) {
			l->reading &= ~(unsigned)STS_LIVE_ROOTS;
			l->renewed = take_roots(l, s) && l->renewed;
		}
	} else if (!sts_preload_file_step(&l->list_file)) {
		l->reading &= ~(unsigned)STS_LIVE_PRELOAD;
		l->renewed = take_preload(l, s) && l->renewed;
	}
}

/* Go on with what is being read. */
static void
go_on(struct sts_live *l)
{
	for (unsigned i = 0; i < STS_LIVE_PIECES && l->reading != 0; i++) {
		read_piece(l);
	}
	if (l->reading == 0) {
		change(l);
	}
}

/* See what has changed outside: it becomes pending. */
static void
look(struct sts_live *l)
{
	const struct sts_conf *c = &sts_live_now(l)->conf;

	if (sts_conf_reports_on(c) && l->address[0] == '\0') {
		/* There was no network yet. */
		sts_live_find_address(l);
		sts_live_set_reporter(l, &l->set[l->current]);
	}
	if (sts_watch_changed(&l->watch_servers, STS_RESOLV_FILE) &&
	    c->servers.count == 0) {
		l->pending |= STS_LIVE_SERVERS;
	}
	if (sts_watch_changed(
		&l->watch_roots, sts_roots_file(c->trust_anchors))) {
		l->pending |= STS_LIVE_ROOTS;
	}
	if (sts_watch_changed(&l->watch_preload, c->preload) &&
	    c->preload[0] != '\0') {
		l->pending |= STS_LIVE_PRELOAD;
	}
}

sts_ms
sts_live_tick(struct sts_live *l, sts_ms now)
{
	if (sts_before(now, l->look_at)) {
		return l->look_at - now;
	}
	if (l->reading == 0) {
		look(l);
		sts_live_enforce_tick(l, now);
	}
	if (l->reading != 0) {
		go_on(l);
	} else if (l->pending != 0 && !sts_agent_settings_used(l->agent,
					  &l->set[1 - l->current].settings)) {
		begin_change(l);
	}
	sts_ms wait = l->pending != 0 ? STS_LIVE_RETRY_MS : STS_LIVE_LOOK_MS;

	if (l->reading != 0) {
		wait = 0;
	}
	l->look_at = now + wait;
	return wait;
}
