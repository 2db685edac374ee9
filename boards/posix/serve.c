/* SPDX-License-Identifier: MIT */
/*
 * mtasts serve: the daemon, in the foreground. It is put together here, and
 * everything it will ever use is taken before the first request.
 *
 *	limits, log -> user found -> journal opened as that user -> agent ->
 *	listeners -> rights given up -> confined -> listening -> serving
 *	serving -> stopping (SIGTERM) -> end: all saved, DRAIN_MS over, or a
 *	second SIGTERM
 *
 * Invariants: what needs the superuser comes before give_up_rights(), and
 * nothing is read from a client before the daemon is confined. The journal's
 * child begins only when the journal has been read (see_loaded), and an order
 * about enforcement that it holds counts before the first answer. A pass asks
 * the time once. What is not the driver's work (chores) is looked at when
 * something came for it, else CHORES_MS after the last time, so that an answer
 * from the cache does not pay for it.
 *
 * The attackers are clients of the sockets, whom the driver bounds, and code
 * that they might have injected, which has no right left but to go on serving.
 */
#define _DEFAULT_SOURCE

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include "../../core/agent/agent.h"
#include "../../core/base/version.h"
#include "../../port/posix/addr.h"
#include "../../port/posix/service.h"
#include "commands.h"
#include "confine.h"
#include "control.h"
#include "journal_child.h"
#include "listeners.h"
#include "live.h"
#include "metrics_http.h"
#include "report_file.h"
#include "resolv.h"
#include "signals.h"
#include "warm_names.h"

enum {
	RUN_BUDGET = 256,
	OWN_METRICS = STS_SIDE_OWN, /* first of its places in the port */
	OWN_CONTROL = 0, /* first of its places in the port */
	REFUSED_MS = 60000, /* between two lines about refused reports */
	CHORES_MS = 100, /* between two looks at what is not the driver's */
	DRAIN_MS = 10000 /* for what is in flight after SIGTERM */
};

struct daemon {
	struct sts_agent agent;
	struct sts_driver driver;
	struct sts_posix posix;
	struct sts_port port;
	struct sts_memory memory;
	struct sts_live live;
	struct sts_listeners listeners;
	struct sts_metrics_http metrics;
	struct sts_control control;
	struct sts_log log;
	struct sts_service service;
	struct sts_journal_child journal;
	struct sts_warm_names warm;
	struct sts_report_file reports;
	uint32_t refused; /* reports of strangers, that were logged */
	sts_ms refused_at;
	sts_ms watchdog_at, stop_at, chores_at;
	bool stopping;
	bool confined;
};

/* Raise the limit of descriptors to what was promised. */
static bool
raise_limit(unsigned need, char why[STS_CONF_WHY_MAX])
{
	struct rlimit r;

	if (getrlimit(RLIMIT_NOFILE, &r) != 0 || r.rlim_cur >= need) {
		return true;
	}
	rlim_t had = r.rlim_max;

	if (r.rlim_max < need) {
		r.rlim_max = need; /* the superuser may */
	}
	r.rlim_cur = need;
	if (setrlimit(RLIMIT_NOFILE, &r) == 0) {
		return true;
	}
	snprintf(why, STS_CONF_WHY_MAX,
	    "clients, lookups and fetch_slots need %u open files, the limit "
	    "is %lu: lower them, or raise it (ulimit -Hn, LimitNOFILE=)",
	    need, (unsigned long)had);
	return false;
}

static void
log_servers(struct daemon *d)
{
	const struct sts_live_set *s = sts_live_now(&d->live);
	char text[STS_DNS_SERVERS_MAX * (STS_ADDR_TEXT_MAX + 16)] = "";
	size_t n = 0;

	for (unsigned i = 0; i < s->servers.count; i++) {
		char ip[STS_ADDR_TEXT_MAX];

		sts_addr_format(&s->servers.addr[i], ip);
		n += (size_t)snprintf(text + n, sizeof text - n, " %s%s", ip,
		    s->servers.trusted[i] ? " (trusted)" : "");
	}
	sts_log_line(&d->log, STS_LOG_INFO, "name servers%s:%s",
	    s->conf.servers.count > 0 ? "" : " of " STS_RESOLV_FILE, text);
}

/* How to ask the first listener that speaks socketmap, in Postfix's words. */
static void
log_how(struct daemon *d)
{
	char text[STS_LISTEN_TEXT_MAX] = "inet:127.0.0.1:8461";

	for (unsigned i = d->listeners.count; i-- > 0;) {
		if (!d->listeners.listener[i].at.text) {
			sts_listen_format(&d->listeners.listener[i].at, text);
		}
	}
	sts_log_line(&d->log, STS_LOG_INFO,
	    "ask: postmap -q example.com socketmap:%s:postfix", text);
	sts_log_line(&d->log, STS_LOG_INFO, "or:  mtasts query example.com");
}

/* What became of the wish for huge pages. */
static void
log_huge(struct daemon *d)
{
	enum sts_block_huge huge = d->memory.huge;
	const char *text = sts_block_huge_text(huge);

	if (text != NULL) {
		sts_log_line(&d->log,
		    huge == STS_BLOCK_HUGE_YES ? STS_LOG_INFO : STS_LOG_WARNING,
		    "memory in %s", text);
	}
}

/* Log what the operator wants to know at a start: sockets, name servers, trust
 * anchors, memory. */
static void
log_start(struct daemon *d)
{
	const struct sts_live_set *s = sts_live_now(&d->live);

	sts_log_line(&d->log, STS_LOG_INFO, "mtasts %s", STS_VERSION);
	for (unsigned i = 0; i < d->listeners.count; i++) {
		const struct sts_listener *l = &d->listeners.listener[i];
		char text[STS_LISTEN_TEXT_MAX];

		sts_listen_format(&l->at, text);
		sts_log_line(&d->log, STS_LOG_INFO, "listening on %s%s", text,
		    l->inherited ? " (inherited)" : "");
	}
	if (STS_METRICS && sts_side_is_open(&d->metrics.side)) {
		char text[STS_LISTEN_TEXT_MAX];

		sts_listen_format(&d->metrics.side.at, text);
		sts_log_line(&d->log, STS_LOG_INFO, "metrics on %s", text);
	}
	log_servers(d);
	sts_roots_log_taken(
	    &s->roots, "", sts_roots_file(s->conf.trust_anchors), &d->log);
	if (sts_live_share_roots(s) != NULL) {
		sts_roots_log_taken(
		    &s->share_roots, "", s->conf.share.anchors, &d->log);
	}
	sts_log_line(&d->log, STS_LOG_INFO,
	    "memory %lu bytes, %lu of them for policies; waiting by %s",
	    (unsigned long)d->memory.size, (unsigned long)d->memory.agent.cache,
	    sts_wait_name);
	log_huge(d);
	log_how(d);
}

/* The reason goes to the system log, too, for whoever reads only that. Returns
 * the exit code. */
static int
refuse(struct daemon *d, const char *why)
{
	if (sts_live_now(&d->live)->conf.log == STS_LOG_SYSLOG) {
		sts_log_line(&d->log, STS_LOG_ERROR, "cannot start: %s", why);
	}
	return sts_fail(STS_EXIT_FAILURE, "cannot start: %s", why);
}

static int
start_failed(struct daemon *d, const char *what)
{
	char why[STS_CONF_WHY_MAX];

	snprintf(why, sizeof why, "%s: %s", what, strerror(errno));
	return refuse(d, why);
}

/* The user to become: ourselves when none is named. 0, or exit code. */
static int
find_user(struct daemon *d, struct sts_user *user)
{
	const struct sts_conf *c = &sts_live_now(&d->live)->conf;
	struct sts_text name = { (const uint8_t *)c->user, strlen(c->user) };

	memset(user, 0, sizeof *user);
	user->uid = geteuid();
	user->gid = getegid();
	user->groups[0] = user->gid;
	user->group_count = 1;
	if (name.n == 0 || sts_user_find(name, user)) {
		return 0;
	}
	return errno == 0 ? refuse(d, "user: not found")
			  : start_failed(d, "user");
}

/* The journal is opened as the user who will have it. 0, or exit code. */
static int
open_journal(struct daemon *d, const struct sts_user *user)
{
	const struct sts_conf *c = &sts_live_now(&d->live)->conf;

	if (sts_user_act(user) != 0) {
		return start_failed(d, "user");
	}
	sts_journal_child_open(&d->journal, c, &d->memory, &d->log);
	if (STS_REPORT) {
		sts_report_file_open(&d->reports, c, &d->log);
	}
	return sts_user_return() == 0 ? 0 : start_failed(d, "user");
}

/* Give up what only the superuser has. 0, or exit code. */
static int
give_up_rights(struct daemon *d, const struct sts_user *user)
{
	const struct sts_conf *c = &sts_live_now(&d->live)->conf;

	if (c->chroot[0] != '\0' &&
	    (chroot(c->chroot) != 0 || chdir("/") != 0)) {
		return start_failed(d, "chroot");
	}
	if (c->user[0] != '\0' && sts_user_become(user) != 0) {
		return start_failed(d, "user");
	}
	if (geteuid() == 0) {
		sts_log_line(&d->log, STS_LOG_WARNING,
		    "running as the superuser: set the key user to another "
		    "user");
	}
	return 0;
}

/* Drop the rights that only injected code would need. *confined: whether any
 * restriction is in force. 0, or exit code. */
static int
confine(struct daemon *d, bool *confined)
{
	const struct sts_conf *c = &sts_live_now(&d->live)->conf;
	char text[STS_CONFINE_TEXT_MAX];

	*confined = false;
	if (!c->confine) {
		sts_log_line(&d->log, STS_LOG_WARNING, "not confined: off");
		return 0;
	}
	enum sts_confine_result r =
	    sts_confine(c, sts_journal_child_awaited(&d->journal), text);

	if (r == STS_CONFINE_FAILED) {
		char why[STS_CONF_WHY_MAX];

		snprintf(why, sizeof why, "confine: %s", text);
		return refuse(d, why);
	}
	*confined = r != STS_CONFINE_NONE;
	sts_log_line(&d->log,
	    r == STS_CONFINE_DONE ? STS_LOG_INFO : STS_LOG_WARNING, "%s: %s",
	    *confined ? "confined" : "not confined", text);
	return 0;
}

static void
attach_journal(struct daemon *d)
{
	struct sts_journal_child_of all = { &d->agent, &d->driver, &d->port,
		&d->posix, &d->memory, &d->log };

	sts_journal_child_attach(&d->journal, &all);
}

/* Without its list of policies the agent serves all the same. */
static void
read_preload(struct daemon *d)
{
	const struct sts_live_set *s = sts_live_now(&d->live);
	char why[STS_CONF_WHY_MAX];

	if (!sts_live_preload(&d->live, &d->agent, why)) {
		sts_log_line(&d->log, STS_LOG_ERROR,
		    "the list of policies is not used: %s", why);
	} else if (s->preloaded) {
		sts_log_line(&d->log, STS_LOG_INFO,
		    "%u domains in the list of policies %s", s->preload.domains,
		    s->conf.preload);
	}
}

/* Port, agent and driver, in their places of the block. 0, or exit code. */
static int
start_agent(struct daemon *d)
{
	const struct sts_live_set *s = sts_live_now(&d->live);
	uint8_t key[16];
	sts_ms now = sts_posix_now();

	if (sts_posix_init(
		&d->posix, d->memory.channels, d->memory.port, &d->port) != 0) {
		return start_failed(d, sts_wait_name);
	}
	sts_posix_on_event(&d->posix, sts_log_event, &d->log);
	sts_posix_locals(&d->posix, d->live.local, STS_SHARE_SERVERS);
	while (d->port.entropy(d->port.ctx, key, sizeof key) != 0) {
		sleep(1); /* the system is booting */
	}
	sts_agent_init(&d->agent, &d->memory.config, &s->settings,
	    d->memory.agent_block, now, key);
	read_preload(d);
	attach_journal(d);
	sts_driver_init(&d->driver, &d->agent, &d->port, now);
	if (STS_REPORT) {
		sts_report_file_load(&d->reports, &d->agent, &d->driver, now);
	}
	sts_live_begin(&d->live, &d->agent, &d->driver, &d->log, now);
	sts_warm_names_begin(
	    &d->warm, &d->agent, &d->driver, &d->port, &d->log);
	int signals = sts_signals_open();

	if (signals < 0 || sts_posix_watch(&d->posix, signals) != 0) {
		return start_failed(d, "signals");
	}
	return 0;
}

static bool
open_listeners(struct daemon *d, const struct sts_conf *c, uid_t own,
    char why[STS_CONF_WHY_MAX])
{
	sts_control_open(&d->control, c, &d->log);
	if (!sts_listeners_open(&d->listeners, c, own, why) ||
	    (STS_METRICS && !sts_metrics_http_open(&d->metrics, c, why))) {
		return false;
	}
	const int others[] = { d->control.side.fd, d->metrics.side.fd };

	sts_listeners_unserved(&d->listeners, others, 2, &d->log);
	return true;
}

/* Have the port watch the listeners. 0, or -1 with errno. */
static int
begin_listening(struct daemon *d)
{
	const struct sts_status_of of = { &d->agent, &d->live, &d->memory,
		&d->journal, NULL };

	if (!sts_listeners_begin(&d->listeners, &d->posix, &d->driver) ||
	    !sts_control_begin(
		&d->control, &d->posix, OWN_CONTROL, &d->driver, &of) ||
	    (STS_METRICS &&
		!sts_metrics_http_begin(&d->metrics, &d->posix, OWN_METRICS,
		    &d->agent, &d->live, &d->memory, &d->journal))) {
		return -1;
	}
	return 0;
}

/* Serve the connections of metrics and control. Milliseconds until the next
 * call. */
static sts_ms
run_sides(struct daemon *d, sts_ms now)
{
	sts_ms wait = sts_control_run(&d->control, now);

	return STS_METRICS
		   ? sts_earlier(wait, sts_metrics_http_run(&d->metrics, now))
		   : wait;
}

/* All that comes before the first listener. 0, or exit code. */
static int
prepare(struct daemon *d, struct sts_user *user)
{
	int rc = find_user(d, user);

	rc = rc == 0 ? open_journal(d, user) : rc;
	rc = rc == 0 ? start_agent(d) : rc;
	return rc;
}

/* 0, or exit code. */
static int
start(struct daemon *d)
{
	const struct sts_conf *c = &sts_live_now(&d->live)->conf;
	char why[STS_CONF_WHY_MAX];
	struct sts_user user;

	if (!raise_limit(d->memory.descriptors, why)) {
		return sts_fail(STS_EXIT_CONFIG, "%s", why);
	}
	sts_log_open(&d->log, c->log, c->log_level);
	sts_service_open(&d->service);
	if (c->memory_touch) {
		sts_memory_touch(&d->memory);
	}
	int rc = prepare(d, &user);

	if (rc != 0) {
		return rc;
	}
	if (!open_listeners(d, c, user.uid, why)) {
		return refuse(d, why);
	}
	rc = give_up_rights(d, &user);
	rc = rc == 0 ? confine(d, &d->confined) : rc;
	if (rc != 0) {
		return rc;
	}
	if (begin_listening(d) != 0) {
		return start_failed(d, "listen");
	}
	log_start(d);
	sts_service_notify(&d->service, STS_SERVICE_READY);
	return 0;
}

/* Once the journal has been read (by this process: nothing is written before),
 * take over its order about enforcement and begin the child that writes. */
static void
see_loaded(struct daemon *d, sts_ms now)
{
	if (!sts_live_resumed(&d->live) &&
	    !sts_agent_journal_loading(&d->agent)) {
		sts_live_resume(&d->live, sts_posix_wall_s(), now);
		sts_journal_child_begin(&d->journal, d->confined, now);
	}
}

static void
stop(struct daemon *d, sts_ms now)
{
	d->stopping = true;
	d->stop_at = now + DRAIN_MS;
	sts_service_notify(&d->service, STS_SERVICE_STOPPING);
	sts_log_line(&d->log, STS_LOG_INFO, "stopping");
	sts_listeners_end(&d->listeners, &d->port, &d->driver);
	sts_control_end(&d->control);
	sts_agent_drain(&d->agent);
	sts_driver_wake(&d->driver);
}

/* True: end at once (a second SIGTERM). */
static bool
take_signals(struct daemon *d, sts_ms now)
{
	unsigned came = sts_signals_take();

	if ((came & STS_SIGNAL_STOP) && d->stopping) {
		return true;
	}
	if (came & STS_SIGNAL_STOP) {
		stop(d, now);
	}
	if (came & STS_SIGNAL_RELOAD) {
		sts_live_reload(&d->live, now);
	}
	return false;
}

/* Log once a minute that a user sends reports who may not: it may be the mail
 * server. Its user may have been made since the start. */
static void
log_refused(struct daemon *d, sts_ms now)
{
	uint32_t refused = sts_posix_reports_refused(&d->posix);

	if (sts_before(now, d->refused_at)) {
		return;
	}
	/* After weeks the old time would seem to lie ahead. */
	d->refused_at = now;
	if (refused != d->refused) {
		sts_listeners_look_again(&d->listeners, &d->posix);
		sts_log_line(&d->log, STS_LOG_WARNING,
		    "tlsrpt: %lu datagrams refused, the last of user %lu, who "
		    "is none of postfix, the socket's owner and the agent's "
		    "own user",
		    (unsigned long)(refused - d->refused),
		    d->posix.senders.last);
		d->refused = refused;
		d->refused_at = now + REFUSED_MS;
	}
}

/* Notify the supervisor of what is due. Milliseconds until the next call, wait
 * at most. */
static sts_ms
notify(struct daemon *d, sts_ms now, sts_ms wait)
{
	sts_ms every = d->service.watchdog_ms;
	bool alive = every > 0 && !sts_before(now, d->watchdog_at);

	if (alive) {
		d->watchdog_at = now + every;
	}
	if (!sts_service_notify(&d->service, alive ? STS_SERVICE_ALIVE : 0)) {
		wait = sts_earlier(wait, STS_SERVICE_AGAIN_MS);
	}
	return every > 0 ? sts_earlier(wait, d->watchdog_at - now) : wait;
}

/* Do what is due beside the agent's work. Milliseconds until the next call. */
static sts_ms
housekeeping(struct daemon *d, sts_ms now)
{
	sts_ms wait = sts_live_tick(&d->live, now);

	if (sts_live_resumed(&d->live)) {
		wait =
		    sts_earlier(wait, sts_journal_child_tick(&d->journal, now));
	}
	if (!d->stopping) {
		wait = sts_earlier(
		    wait, sts_warm_names_tick(&d->warm,
			      sts_live_now(&d->live)->conf.warm_names, now));
	}
	if (STS_REPORT) {
		wait = sts_earlier(
		    wait, sts_report_file_tick(&d->reports, d->stopping, now));
		log_refused(d, now);
	}
	return notify(d, now, wait);
}

/*
 * Whether more is to be looked at than what came for the driver. It was a moment
 * ago, and nothing of it is due: a question that is answered at once does not
 * pay for it. What the driver's work brings with it waits for CHORES_MS at most.
 */
static bool
has_chores(const struct daemon *d, sts_ms now)
{
	return d->stopping || sts_posix_others(&d->posix) ||
	       d->control.side.open > 0 ||
	       (STS_METRICS && d->metrics.side.open > 0) ||
	       !sts_before(now, d->chores_at);
}

/* Do what is due. Milliseconds until something is. */
static sts_ms
go_on(struct daemon *d, sts_ms now)
{
	sts_ms wait;

	if (!has_chores(d, now)) {
		wait = sts_run(&d->driver, now, sts_posix_wall_s(), RUN_BUDGET);
		return sts_earlier(wait, d->chores_at - now);
	}
	sts_ms chores = housekeeping(d, now);

	wait = sts_run(&d->driver, now, sts_posix_wall_s(), RUN_BUDGET);
	chores = sts_earlier(chores, run_sides(d, now));
	d->chores_at = now + sts_earlier(chores, CHORES_MS);
	return sts_earlier(wait, chores);
}

static bool
finished(const struct daemon *d, sts_ms now)
{
	return d->stopping &&
	       ((sts_agent_idle(&d->agent) && sts_agent_saved(&d->agent) &&
		    (!STS_REPORT || sts_report_file_saved(&d->reports))) ||
		   !sts_before(now, d->stop_at));
}

static int
serve(struct daemon *d)
{
	int rc = start(d);
	bool kill = false;
	sts_ms now = sts_posix_now();

	if (rc != 0) {
		return rc;
	}
	d->watchdog_at = d->refused_at = d->chores_at = now;
	for (;;) {
		sts_ms wait;

		see_loaded(d, now);
		wait = go_on(d, now);
		if (kill || finished(d, now)) {
			break;
		}
		if (d->stopping) {
			wait = sts_earlier(wait, d->stop_at - now);
		}
		if (sts_posix_wait(&d->posix, &d->driver, wait)) {
			kill = take_signals(d, sts_posix_woke(&d->posix));
		}
		now = sts_posix_woke(&d->posix);
	}
	sts_log_line(&d->log, STS_LOG_INFO, "stopped%s",
	    sts_agent_idle(&d->agent) ? "" : ", with work in flight");
	if (STS_METRICS) {
		sts_metrics_http_end(&d->metrics);
	}
	sts_posix_end(&d->posix);
	return STS_EXIT_YES;
}

static void
print_roots(const struct sts_roots *r, const char *what)
{
	char note[STS_ROOTS_NOTE_MAX];

	printf("%s: %u, left out: %u\n", what, r->set.count, r->left_out);
	for (unsigned i = 0; sts_roots_note(r, i, note); i++) {
		printf("  %s\n", note);
	}
}

/* serve -t: all that would be in force. */
static void
print_all(const struct daemon *d)
{
	const struct sts_live_set *s = sts_live_now(&d->live);

	puts("configuration:");
	sts_conf_print(&s->conf);
	puts("");
	print_roots(&s->roots, "trust anchors");
	if (sts_live_share_roots(s) != NULL) {
		print_roots(&s->share_roots, "trust anchors of redis");
	}
	if (s->conf.preload[0] != '\0') {
		printf("list of policies: %u domains, %u aliases\n",
		    s->preload.domains, s->preload.aliases);
	}
	puts("");
	sts_memory_print(&d->memory, sizeof *d);
	printf("    of it for metrics: %lu bytes, for control: %lu\n",
	    (unsigned long)(sizeof d->metrics + sizeof d->agent.metrics),
	    (unsigned long)sizeof d->control);
}

int
sts_command_serve(const struct sts_args *args)
{
	static struct daemon d;
	char why[STS_CONF_WHY_MAX];

	if (!STS_SOCKETMAP) {
		return sts_fail(
		    STS_EXIT_CONFIG, "this build has no socketmap server");
	}
	/* What is changed from here on is read again. */
	sts_signals_hold();
	if (!sts_live_open(
		&d.live, &args->source, &d.memory, STS_CONTROL_ASKS, why)) {
		return sts_fail(sts_exit_config(errno), "%s", why);
	}
	if (args->test) {
		/* Nothing else is in the agent's memory yet. */
		struct sts_span area = { d.memory.agent_block,
			d.memory.agent.preload / 2 };

		if (!sts_live_preload_test(&d.live, area, why)) {
			return sts_fail(STS_EXIT_CONFIG, "preload: %s", why);
		}
		print_all(&d);
		return STS_EXIT_YES;
	}
	return serve(&d);
}
