/* SPDX-License-Identifier: MIT */
/*
 * A set, made: the agent's settings out of a configuration and of what its
 * files say, and what is found out about this machine for it. Nothing here
 * looks at which set is in use, or writes the log.
 */
#define _POSIX_C_SOURCE 200809L

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "../../core/base/text.h"
#include "../../core/report/report.h"
#include "conf_share.h"
#include "live_parts.h"

const char sts_live_untrusted[] =
    "dane: no name server is trusted to validate DNSSEC: name one on this "
    "machine (nameserver 127.0.0.1), mark one as trusted (nameserver ADDRESS "
    "trusted=yes, or options trust-ad in " STS_RESOLV_FILE "), or dane off";

/* In whose name reports are sent; it borrows from the set. */
void
sts_live_set_reporter(const struct sts_live *l, struct sts_live_set *s)
{
	const struct sts_conf_report *c = &s->conf.report;
	struct sts_reporter *r = &s->reporter;

	memset(r, 0, sizeof *r);
	if (!sts_conf_reports_on(&s->conf)) {
		return;
	}
	r->reports = c->reports;
	r->contact = sts_text_of(c->contact);
	r->organization = c->organization[0] != '\0'
			      ? sts_text_of(c->organization)
			      : sts_report_submitter(r->contact);
	r->host = sts_text_of(l->host);
	r->address = sts_text_of(l->address);
	r->relay = c->relay;
	s->settings.reporter = r;
}

/* The name of this machine, in lower case. */
void
sts_live_find_host(struct sts_live *l)
{
	if (gethostname(l->host, sizeof l->host - 1) != 0) {
		l->host[0] = '\0';
	}
	l->host[sizeof l->host - 1] = '\0';
	for (char *p = l->host; *p != '\0'; p++) {
		*p = (char)sts_lower((uint8_t)*p);
	}
}

/* The address that connections to the world come from, if there is a way there
 * now: of a datagram socket that is connected to an address of documentation,
 * and sends nothing. */
void
sts_live_find_address(struct sts_live *l)
{
	static const char *const far[] = { "192.0.2.1", "2001:db8::1" };

	l->address[0] = '\0';
	for (unsigned i = 0; i < 2 && l->address[0] == '\0'; i++) {
		struct sts_addr a;
		struct sockaddr_storage ss;

		sts_addr_parse(sts_text_of(far[i]), &a);
		a.port = 9;
		socklen_t len = sts_addr_to_socket(&a, &ss);
		int fd = socket(ss.ss_family, SOCK_DGRAM, 0);

		if (fd < 0) {
			continue;
		}
		if (connect(fd, (const struct sockaddr *)&ss, len) == 0 &&
		    getsockname(fd, (struct sockaddr *)&ss, &len) == 0 &&
		    sts_addr_from_socket(&ss, &a)) {
			a.port = 0;
			sts_addr_format(&a, l->address);
		}
		close(fd);
	}
}

/* Make the settings out of the rest of a set, which is where it will stay. */
void
sts_live_set_settings(struct sts_live_set *s, bool enforce_off)
{
	struct sts_settings *t = &s->settings;
	const struct sts_conf *c = &s->conf;

	memset(t, 0, sizeof *t);
	t->servers = &s->servers;
	t->anchors = &s->roots.set;
	t->zones = &c->zones;
	t->on_dns_error = c->temp_on_dns_error ? STS_ON_UNKNOWN_TEMP
					       : STS_ON_UNKNOWN_NOTFOUND;
	t->on_no_clock =
	    c->temp_on_no_clock ? STS_ON_UNKNOWN_TEMP : STS_ON_UNKNOWN_NOTFOUND;
	t->preload = s->preloaded ? &s->preload : NULL;
	t->preload_testing = c->preload_testing;
	t->dane = c->dane;
	t->dane_partial = c->dane_partial;
	t->sct = c->sct;
	t->allow_private = c->allow_private;
	t->allow_count = (uint8_t)c->allow_count;
	memcpy(t->allow, c->allow, sizeof t->allow);
	t->nat64_count = (uint8_t)c->nat64_count;
	memcpy(t->nat64, c->nat64, sizeof t->nat64);
	t->policy_port = (uint16_t)c->policy_port;
	t->enforce_off = enforce_off;
	if (sts_conf_share_level(c) > 0) {
		t->share = &c->share.setup;
	}
}

const struct sts_roots *
sts_live_share_roots(const struct sts_live_set *s)
{
	return sts_conf_share_level(&s->conf) >= 2 &&
		       s->conf.share.anchors[0] != '\0'
		   ? &s->share_roots
		   : NULL;
}

/* Where the servers of shared policies are, and by what name and authorities
 * their certificates are judged; the set stays where it is. */
void
sts_live_point_share(struct sts_live *l, struct sts_live_set *s)
{
	struct sts_share_setup *u = &s->conf.share.setup;

	const struct sts_roots *own = sts_live_share_roots(s);

	u->anchors = own != NULL ? &own->set : &s->roots.set;
	for (unsigned i = 0; i < STS_SHARE_SERVERS; i++) {
		l->local[i] = s->conf.share.path[i];
	}
}

/* Read keys, passwords and anchors of the shared policies into that area.
 * False: `why`. */
bool
sts_live_read_share(struct sts_live *l, struct sts_live_set *s, unsigned area,
    char why[STS_CONF_WHY_MAX])
{
	const char *path = s->conf.share.anchors, *problem;

	if (!sts_conf_share_read(&s->conf, why)) {
		return false;
	}
	if (sts_live_share_roots(s) == NULL) {
		return true;
	}
	problem = sts_roots_load(path, l->share_anchors[area],
	    STS_LIVE_SHARE_ANCHORS, l->memory->reading, &s->share_roots);
	if (problem != NULL) {
		snprintf(why, STS_CONF_WHY_MAX, "redis_anchors: %s: %s", path,
		    problem);
		return false;
	}
	s->share_area = area;
	return true;
}

/* Whether DANE can be had from these servers, or is not wanted. */
bool
sts_live_enough_trusted(
    const struct sts_conf *c, const struct sts_dns_servers *s)
{
	bool any = !sts_conf_wants_dane(c);

	for (unsigned i = 0; i < s->count; i++) {
		any = any || s->trusted[i];
	}
	return any;
}

/* The name servers at start, when there are none to keep. */
static bool
read_servers(struct sts_live_set *s, char why[STS_CONF_WHY_MAX])
{
	s->servers = s->conf.servers;
	if (s->servers.count > 0) {
		return true;
	}
	enum sts_resolv_result r =
	    sts_resolv_read(STS_RESOLV_FILE, &s->servers);

	if (r == STS_RESOLV_OK || r == STS_RESOLV_DEFAULT) {
		return true;
	}
	int error = errno;

	snprintf(why, STS_CONF_WHY_MAX, "name servers: %s: %s", STS_RESOLV_FILE,
	    sts_resolv_problem(r));
	errno = error;
	return false;
}

bool
sts_live_first_servers(struct sts_live_set *s, char why[STS_CONF_WHY_MAX])
{
	if (!read_servers(s, why)) {
		return false;
	}
	if (!sts_live_enough_trusted(&s->conf, &s->servers)) {
		snprintf(why, STS_CONF_WHY_MAX, "%s", sts_live_untrusted);
		errno = 0;
		return false;
	}
	return true;
}
