/* SPDX-License-Identifier: MIT */
/*
 * The effective configuration, printed for `serve -t`, a key a line; no state.
 *
 * Invariants: what is printed is what is in force, defaults included. Nothing
 * secret is: of a key or a password only the name of its file (conf_share.c,
 * conf_report.c print the keys that they read).
 */
#include <stdio.h>
#include <string.h>

#include "../../port/posix/addr.h"
#include "conf_keys.h"
#include "conf_share.h"
#include "roots.h"
#include "users.h"

static void
print_text(const char *before, struct sts_text t)
{
	printf("%s%.*s", before, (int)t.n, (const char *)t.p);
}

static const char *
yes_no(bool yes)
{
	return yes ? "yes" : "no";
}

static void
print_local(const struct sts_listen_at *at)
{
	char name[STS_USER_NAME_MAX + 1];

	printf(" mode=%04o", (unsigned)at->mode);
	if (at->uid != (uid_t)-1) {
		sts_user_name(at->uid, name);
		printf(" owner=%s", name);
	}
	if (at->gid != (gid_t)-1) {
		sts_group_name(at->gid, name);
		printf(" group=%s", name);
	}
	printf("%s", at->text ? " protocol=text" : "");
}

void
sts_conf_print_place(const char *key, const struct sts_listen_at *at)
{
	char text[STS_LISTEN_TEXT_MAX];

	sts_listen_format(at, text);
	printf("%s %s", key, text);
	if (at->addr.af == STS_AF_LOCAL) {
		print_local(at);
	}
	puts("");
}

static void
print_servers(const struct sts_dns_servers *s)
{
	for (unsigned i = 0; i < s->count; i++) {
		char ip[STS_ADDR_TEXT_MAX];
		struct sts_addr a = s->addr[i];

		a.port = 0;
		sts_addr_format(&a, ip);
		printf("nameserver %s port=%u trusted=%s\n", ip,
		    (unsigned)s->addr[i].port, yes_no(s->trusted[i]));
	}
}

static void
print_zone(const struct sts_zone *z)
{
	static const char *const danes[] = { "", "dane=on ", "dane=off " };

	print_text("zone ", sts_text(z->name, z->name_len));
	printf(" strict_testing=%s sni=%s tlsrpt=%s audit=%s "
	       "%sanswer_within=%lums\n",
	    yes_no(z->strict_testing), yes_no(z->sni), yes_no(z->tlsrpt),
	    yes_no(z->audit), danes[z->dane],
	    (unsigned long)z->answer_within_ms);
}

static void
print_override(const struct sts_zones *z, const struct sts_override *o)
{
	static const char *const actions[] = { "", "notfound", "sts", "ignore",
		"postfix" };

	print_text(o->bracketed ? "override [" : "override ",
	    sts_text(z->text + o->domain_off, o->domain_len));
	printf("%s", o->bracketed ? "]" : "");
	if (o->port != 0) {
		printf(":%u", (unsigned)o->port);
	}
	printf(" %s", actions[o->action]);
	if (o->action == STS_OVERRIDE_POSTFIX) {
		print_text(" ", sts_override_value(z, o));
	}
	puts("");
}

static void
print_deciding(const struct sts_conf *c)
{
	printf("on_dns_error %s\non_no_clock %s\n",
	    c->temp_on_dns_error ? "temp" : "notfound",
	    c->temp_on_no_clock ? "temp" : "notfound");
	printf("dane %s\ndane_partial %s\n", c->dane ? "on" : "off",
	    c->dane_partial ? "dane" : "notfound");
}

static void
print_lists(const struct sts_conf *c)
{
	printf("preload %s", c->preload[0] != '\0' ? c->preload : "off");
	if (c->preload_size > 0) {
		printf(" size=%lu", (unsigned long)c->preload_size);
	}
	printf("\npreload_testing %s\nwarm_names %s\n",
	    c->preload_testing ? "enforce" : "notfound",
	    c->warm_names[0] != '\0' ? c->warm_names : "off");
}

static void
print_fetching(const struct sts_conf *c)
{
	printf("allow_private %s\n", yes_no(c->allow_private));
	for (unsigned i = 0; i < c->allow_count; i++) {
		char ip[STS_ADDR_TEXT_MAX];

		sts_addr_format(&c->allow[i].addr, ip);
		printf("fetch_allow %s/%u\n", ip, (unsigned)c->allow[i].bits);
	}
	for (unsigned i = 0; i < c->nat64_count; i++) {
		char ip[STS_ADDR_TEXT_MAX];

		sts_addr_format(&c->nat64[i].addr, ip);
		printf("nat64_prefix %s/%u\n", ip, (unsigned)c->nat64[i].bits);
	}
	printf("sct %s\n", sts_conf_sct[c->sct]);
	printf("policy_port %lu\n", (unsigned long)c->policy_port);
}

static void
print_journal(const struct sts_conf *c)
{
	printf("journal %s", c->journal[0] != '\0' ? c->journal : "off");
	if (c->journal_size > 0) {
		printf(" size=%lu", (unsigned long)c->journal_size);
	}
	puts("");
}

static void
print_listeners(const struct sts_conf *c)
{
	for (unsigned i = 0; i < c->listen_count; i++) {
		sts_conf_print_place("listen", &c->listen[i]);
	}
	if (c->metrics_on) {
		sts_conf_print_place("metrics", &c->metrics);
	} else {
		puts("metrics off");
	}
	if (c->control_on) {
		sts_conf_print_place("control", &c->control);
	} else {
		puts("control off");
	}
}

void
sts_conf_print(const struct sts_conf *c)
{
	print_listeners(c);
	print_servers(&c->servers);
	print_journal(c);
	printf("trust_anchors %s\nmemory %lu%s%s\nclients %lu\nlookups %lu\n"
	       "fetch_slots %lu\nanswer_within %lums\nqueue_wait %lums\n",
	    sts_roots_file(c->trust_anchors), (unsigned long)c->memory,
	    c->memory_touch ? " touch=yes" : "",
	    c->memory_huge ? " huge=yes" : "", (unsigned long)c->clients,
	    (unsigned long)c->lookups, (unsigned long)c->fetch_slots,
	    (unsigned long)c->answer_within_ms,
	    (unsigned long)c->queue_wait_ms);
	for (unsigned i = 0; i < c->zones.count; i++) {
		print_zone(&c->zones.zone[i]);
	}
	for (unsigned i = 0; i < c->zones.overrides; i++) {
		print_override(&c->zones, &c->zones.override[i]);
	}
	print_deciding(c);
	print_lists(c);
	print_fetching(c);
	sts_conf_report_print(&c->report);
	sts_conf_share_print(c);
	printf("log %s\nlog_level %s\n",
	    c->log == STS_LOG_SYSLOG ? "syslog" : "stderr",
	    sts_log_level_name(c->log_level));
	if (c->user[0] != '\0') {
		printf("user %s\n", c->user);
	}
	printf("chroot %s\nconfine %s\n",
	    c->chroot[0] != '\0' ? c->chroot : "off",
	    c->confine ? "on" : "off");
}
