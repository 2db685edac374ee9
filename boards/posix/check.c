/* SPDX-License-Identifier: MIT */
/*
 * mtasts check DOMAIN: what a domain publishes for the security of its mail,
 * and whether its mail servers keep what that promises. The parts are looked
 * into side by side (check_run.h); they are judged and shown in the order of
 * the steps below, each as soon as it and those before it are complete.
 *
 *	TXT -> POLICY -> MX -> each HOST -> RPT -> AGENT -> END
 *
 * Whatever fails, all of them are shown; a part that was interrupted says that
 * it was not tested. No MAIL and no RCPT is ever sent.
 */
#define _POSIX_C_SOURCE 200809L

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "../../core/base/assert.h"
#include "../../core/base/text.h"
#include "../../port/posix/posix.h"
#include "check_agent.h"
#include "check_hosts.h"
#include "check_judge.h"
#include "check_run.h"
#include "check_view.h"
#include "commands.h"
#include "conf_share.h"
#include "live.h"
#include "rights.h"
#include "terminal.h"
#include "value.h"

enum {
	SMTP_PORT = 25,
	DAYS_MAX = 3650,
	WITHIN_S = 300, /* for all of it, whatever the servers do */
	WITHIN_MAX_S = 86400,
	DAY = 86400,
	LOOKUPS = 1, /* of the agent, which is not run here */
	FETCH_SLOTS = 1
};

enum step {
	TXT = 0,
	POLICY,
	MX,
	HOST,
	RPT,
	AGENT,
	END,
	OVER
};

/* A name under .invalid is nobody's: whoever reads it in a log can tell. */
static const char helo_unknown[] = "mtasts-check.invalid";

static const char help[] =
    "usage: mtasts check [OPTIONS] DOMAIN | --mx HOST\n"
    "\n"
    "Tests what DOMAIN publishes for the security of its mail, and whether "
    "its mail\n"
    "servers keep to it: the TXT record and the policy of MTA-STS, MX "
    "records, the\n"
    "TLSA records, STARTTLS and the RSA and ECDSA certificates of each "
    "address, and\n"
    "where reports go. No mail is sent: after STARTTLS comes QUIT.\n"
    "\n"
    "--mx HOST    test this one mail server, whatever domain it serves\n"
    "--json       one JSON object, written as things are found\n"
    "--plugin     one line, and exit codes for Nagios and its like: 0 ok, "
    "1 a\n"
    "             certificate expires within 14 days, 2 bad, 3 cannot tell\n"
    "--days N     judge certificates as of N days from now\n"
    "--port N     the SMTP port, in place of 25; TLSA records are those of "
    "this port\n"
    "--tls        TLS comes before SMTP: for port 465 of a host of your own\n"
    "--within N   seconds for the whole check, in place of 300; what is "
    "missing then\n"
    "             counts as unknown\n"
    "--helo NAME  the name to greet with, in place of this machine's full "
    "name\n"
    "-c FILE, -o 'KEY VALUE'   configuration: name servers, trust anchors\n"
    "\n"
    "mtasts check --json example.com | jq '.findings[] | "
    "select(.grade==\"bad\")'\n"
    "Exit codes: 0 protected (an enforced policy, or DANE for every host; "
    "every\n"
    "address that was tried passes), 1 something is missing or wrong, 2 "
    "cannot tell,\n"
    "64 usage, 70 the system failed, 78 configuration.\n";

static volatile sig_atomic_t stopped;

static void
stop(int number)
{
	stopped = number;
}

struct check {
	struct sts_check_run run;
	struct sts_check_findings findings;
	const struct sts_check_view *view;
	enum step step;
	unsigned host; /* that is shown next */
	uint32_t within_s;
	struct sts_check_verdict verdict;
	struct sts_conf conf;
	struct sts_live live;
	struct sts_memory memory;
	char helo[STS_NAME_MAX + 1];
	uint64_t tls[STS_CHECK_PROBES + 1][STS_TLS_SIZE_MAX / 8 + 1];
};

static void
show(struct check *c, void (*how)(const struct sts_check_shown *s),
    unsigned from, bool tested)
{
	struct sts_check_shown s = { &c->run.facts, &c->findings, from,
		c->findings.count, sts_check_use_of(&c->run.facts), c->host,
		tested, &c->verdict };

	how(&s);
}

/* Which pattern of the policy each host matches. */
static void
match_hosts(struct sts_check_facts *f)
{
	const struct sts_check_policy *p = &f->policy;

	for (unsigned h = 0; h < f->mx.count; h++) {
		struct sts_check_host *host = &f->host[h];

		for (unsigned i = 0; p->found == STS_FOUND && !host->matched &&
				     i < p->mx_count && i < STS_CHECK_MX_MAX;
		     i++) {
			host->matched =
			    sts_name_match(sts_text(p->mx[i], p->mx_len[i]),
				sts_check_name(host));
			host->pattern = (uint8_t)i;
		}
	}
}

/* Whether it is known of every host which TLSA records it has: then it is clear
 * which of the hosts stand apart. */
static bool
hosts_known(const struct sts_check_run *r)
{
	for (unsigned h = 0; h < r->facts.mx.count; h++) {
		if (r->work[h].stage < STS_CHECK_STAGE_DIALOGUES) {
			return false;
		}
	}
	return r->facts.mx.done && r->org_done;
}

static enum sts_check_sight
sight_of(const struct sts_check_run *r)
{
	/* Not even a name that is known to be signed was seen to be. */
	return !r->servers.trusted || !r->org_found || !r->org_secure
		   ? STS_CHECK_BLIND
		   : STS_CHECK_SEES;
}

static void
show_mx(struct check *c)
{
	struct sts_check_facts *f = &c->run.facts;
	unsigned from = c->findings.count;

	match_hosts(f);
	if (f->mx.done && !f->alone) {
		sts_check_judge_mx(f, &c->findings);
	}
	show(c, c->view->mx, from, f->mx.done);
}

static void
show_host(struct check *c)
{
	struct sts_check_facts *f = &c->run.facts;
	unsigned from = c->findings.count;
	bool done = f->host[c->host].done;

	if (done) {
		sts_check_judge_host(
		    f, c->host, sight_of(&c->run), &c->findings);
	}
	show(c, c->view->host, from, done);
}

static void
show_agent(struct check *c)
{
	struct sts_check_facts *f = &c->run.facts;

	if (c->conf.control_on && stopped == 0) {
		c->view->progress("asking the daemon about", f->domain);
		sts_check_agent_ask(&f->agent, &c->conf.control, f->domain);
	}
	f->agent.done = true;
	show(c, c->view->agent, c->findings.count, true);
}

static void
show_end(struct check *c)
{
	struct sts_check_use use;
	unsigned from = c->findings.count;

	sts_check_judge_rest(&c->run.facts, &c->findings);
	use = sts_check_use_of(&c->run.facts);
	sts_check_judge(&use, &c->findings, &c->verdict);
	show(c, c->view->end, from, true);
}

/* Show one part that is complete; `all`: whatever it is. False: none is. */
static bool
show_txt_or_policy(struct check *c, bool all)
{
	struct sts_check_facts *f = &c->run.facts;
	unsigned from = c->findings.count;
	bool txt = c->step == TXT;
	bool done = txt ? f->txt.done : f->policy.done;

	if (!done && !all) {
		return false;
	}
	if (done && txt) {
		sts_check_judge_txt(f, &c->findings);
	} else if (done) {
		sts_check_judge_policy(f, &c->findings);
	}
	show(c, txt ? c->view->txt : c->view->policy, from, done);
	c->step = txt ? POLICY : MX;
	return true;
}

static bool
show_rpt(struct check *c, bool all)
{
	struct sts_check_facts *f = &c->run.facts;
	unsigned from = c->findings.count;

	if (!f->rpt.done && !all) {
		return false;
	}
	if (f->rpt.done) {
		sts_check_judge_rpt(f, &c->findings);
	}
	show(c, c->view->rpt, from, f->rpt.done);
	c->step = AGENT;
	return true;
}

static bool
show_mx_or_host(struct check *c, bool all)
{
	struct sts_check_run *r = &c->run;

	if (c->step == MX) {
		if (!all && !hosts_known(r)) {
			return false;
		}
		show_mx(c);
		c->step = HOST;
		return true;
	}
	if (c->host == r->facts.mx.count) {
		c->step = r->facts.alone ? END : RPT;
		return true;
	}
	if (!r->facts.host[c->host].done && !all) {
		return false;
	}
	show_host(c);
	c->host++;
	return true;
}

/* Show the next part if it is complete, or with `all` whatever is known of it.
 * False: it has to be waited for, or there is none. */
static bool
show_next(struct check *c, bool all)
{
	switch (c->step) {
	case TXT:
	case POLICY:
		return show_txt_or_policy(c, all);
	case MX:
	case HOST:
		return show_mx_or_host(c, all);
	case RPT:
		return show_rpt(c, all);
	case AGENT:
		show_agent(c);
		c->step = END;
		return true;
	case END:
		if (!all) {
			return false;
		}
		show_end(c);
		c->step = OVER;
		return true;
	default:
		return false;
	}
}

static void
dispatch(struct sts_check_run *r, unsigned place)
{
	if (place == STS_CHECK_PLACE_ORG || place < STS_CHECK_ASK_POLICY ||
	    place == STS_CHECK_ASK_RUA) {
		sts_check_dns_over(r, place);
	} else if (place < STS_CHECK_ASK_RUA ||
		   place == STS_CHECK_PLACE_FETCH) {
		sts_check_policy_over(r, place);
	} else {
		sts_check_mx_over(r, place);
	}
}

/* Show a person who waits how far the check is. */
static void
show_progress(const struct check *c)
{
	const struct sts_check_facts *f = &c->run.facts;

	if (c->step == TXT || c->step == MX || c->step == RPT) {
		c->view->progress("asking the name servers about", f->domain);
	} else if (c->step == POLICY) {
		c->view->progress("fetching the policy of", f->domain);
	} else if (c->step == HOST && c->host < f->mx.count) {
		c->view->progress(
		    "talking to", sts_check_name(&f->host[c->host]));
	}
}

/* Whether no connection came about, though some were tried. */
static bool
is_closed(const struct sts_check_run *r)
{
	return r->connected == 0 && r->unconnected > 0 && r->refused == 0;
}

/* An engine is over; place < 0: none is. */
static void
take_place(struct sts_check_run *r, int place)
{
	if (place >= 0) {
		sts_check_loop_drop(&r->loop, (unsigned)place);
		dispatch(r, (unsigned)place);
		r->facts.closed = is_closed(r);
	}
}

static void
note_stop(struct sts_check_run *r)
{
	r->facts.interrupted = stopped != 0;
	r->facts.overtime = stopped == SIGALRM;
}

static void
run(struct check *c)
{
	struct sts_check_run *r = &c->run;
	int place;

	show(c, c->view->begin, 0, true);
	while ((place = sts_check_loop_next(&r->loop)) != STS_CHECK_LOOP_DONE) {
		take_place(r, place);
		while (show_next(c, false)) {
		}
		show_progress(c);
	}
	note_stop(r);
	while (show_next(c, true)) {
	}
}

/* The first set of servers that can be asked: trusted ones, if there are any,
 * as only their word about DNSSEC counts (RFC 7672 2.1.1). */
static void
take_servers(struct sts_check_servers *out, const struct sts_dns_servers *all)
{
	for (unsigned i = 0; i < all->count; i++) {
		out->trusted = out->trusted || all->trusted[i];
	}
	for (unsigned i = 0; i < all->count; i++) {
		if (all->trusted[i] || !out->trusted) {
			out->servers.addr[out->servers.count] = all->addr[i];
			out->servers.trusted[out->servers.count++] =
			    all->trusted[i];
		}
	}
	sts_dns_health_init(&out->health);
}

static void
choose_helo(struct check *c, const char *given)
{
	char name[STS_NAME_MAX + 1] = "";

	if (given != NULL) {
		snprintf(name, sizeof name, "%s", given);
	} else if (gethostname(name, sizeof name - 1) != 0 ||
		   !sts_smtp_helo_valid(sts_text_of(name))) {
		memcpy(name, helo_unknown, sizeof helo_unknown);
	}
	memcpy(c->helo, name, sizeof name);
	c->run.helo = sts_text_of(c->helo);
}

/* Name servers, trust anchors, rights. 0, or exit code. */
static int
start(struct check *c)
{
	char why[STS_CONF_WHY_MAX];
	struct sts_check_run *r = &c->run;
	struct sts_conf conf = c->conf;

	/* The secrets of shared policies are for the daemon alone. */
	sts_conf_share_defaults(&conf);
	conf.clients = 0;
	conf.listen_count = 0;
	conf.metrics_on = conf.control_on = conf.dane = false;
	conf.journal[0] = '\0';
	conf.lookups = LOOKUPS;
	conf.fetch_slots = FETCH_SLOTS;
	if (!sts_live_open_conf(&c->live, &conf, &c->memory, 1, why)) {
		return sts_fail(sts_exit_config(errno), "%s", why);
	}
	r->settings = &sts_live_now(&c->live)->settings;
	take_servers(&r->servers, r->settings->servers);
	sts_tls_common_init(&r->common);
	r->fetch.tls = (struct sts_tls *)c->tls[STS_CHECK_PROBES];
	for (unsigned i = 0; i < STS_CHECK_PROBES; i++) {
		r->probe[i].tls = (struct sts_tls *)c->tls[i];
	}
	STS_ASSERT(sts_tls_size() <= sizeof c->tls[0]);
	return sts_rights_give_up(&conf);
}

/* From now on the check may be stopped, by time at the latest: hosts with
 * many addresses that answer as slowly as they may could hold it for hours. */
static void
catch_signals(unsigned within_s)
{
	struct sigaction a;

	memset(&a, 0, sizeof a);
	a.sa_handler = stop;
	sigaction(SIGINT, &a, NULL);
	sigaction(SIGTERM, &a, NULL);
	sigaction(SIGALRM, &a, NULL);
	alarm(within_s);
}

/* A number that is given, or *to as it is. 0, or exit code. */
static int
take_number(const char *name, const char *given, uint32_t min, uint32_t max,
    uint32_t *to)
{
	if (given == NULL ||
	    sts_value_number(sts_text_of(given), min, max, to)) {
		return 0;
	}
	return sts_fail(STS_EXIT_USAGE, "%s: expected a number from %lu to %lu",
	    name, (unsigned long)min, (unsigned long)max);
}

/* --port, --days, --within, --helo. 0, or exit code. */
static int
take_numbers(struct check *c, const struct sts_args *args)
{
	uint32_t port = args->tls_first ? 465 : SMTP_PORT, days = 0;
	uint32_t within_s = WITHIN_S;
	int rc = take_number("--port", args->port, 1, 65535, &port);

	rc = rc != 0 ? rc
		     : take_number("--days", args->days, 0, DAYS_MAX, &days);
	rc = rc != 0 ? rc
		     : take_number("--within", args->within, 1, WITHIN_MAX_S,
			   &within_s);
	if (rc != 0) {
		return rc;
	}
	if (args->helo != NULL &&
	    !sts_smtp_helo_valid(sts_text_of(args->helo))) {
		return sts_fail(STS_EXIT_USAGE,
		    "--helo: not the full name of a machine: %s", args->helo);
	}
	c->within_s = within_s;
	c->run.facts.port = (uint16_t)port;
	c->run.facts.wall_s = sts_posix_wall_s();
	c->run.facts.judged_s = c->run.facts.wall_s + (int64_t)days * DAY;
	c->run.implicit_tls = args->tls_first;
	if (c->run.facts.wall_s < 0) {
		return sts_fail(STS_EXIT_FAILURE, "the time is not known");
	}
	return 0;
}

/* The domain, or the one host of --mx. 0, or exit code. */
static int
take_name(struct check *c, const struct sts_args *args)
{
	static struct sts_key key;
	struct sts_check_facts *f = &c->run.facts;
	const char *given = args->mx != NULL ? args->mx : args->word[0];

	f->alone = args->mx != NULL;
	if (args->word_count == (f->alone ? 1U : 0U)) {
		return sts_fail(STS_EXIT_USAGE,
		    f->alone ? "--mx HOST stands in place of a domain"
			     : "which domain?");
	}
	enum sts_why why = sts_key_parse(&key, sts_text_of(given));

	if (why != STS_WHY_NONE || key.bracketed || key.ported) {
		return sts_fail(STS_EXIT_USAGE, "%s: %s", given,
		    why != STS_WHY_NONE ? sts_why_text(why)
					: "a name is wanted, and no more");
	}
	memcpy(c->run.domain, key.domain, key.len);
	f->domain = sts_text(c->run.domain, key.len);
	return 0;
}

static void
begin(struct check *c)
{
	struct sts_check_run *r = &c->run;
	struct sts_check_facts *f = &r->facts;

	sts_check_loop_init(&r->loop, &stopped);
	r->with_policy = !f->alone;
	sts_check_dns_begin(r);
	if (!f->alone) {
		sts_check_policy_begin(r);
		return;
	}
	c->step = MX;
	f->mx.done = true;
	f->mx.count = 1;
	f->host[0].name_len = (uint8_t)f->domain.n;
	memcpy(f->host[0].name, f->domain.p, f->domain.n);
	sts_check_mx_begin(r);
}

static int
exit_code(const struct check *c, bool plugin)
{
	static const int codes[] = { STS_EXIT_YES, STS_EXIT_NONE,
		STS_EXIT_UNKNOWN };

	if (!plugin) {
		return codes[c->verdict.result];
	}
	/* For a monitor, exit code 1 is a warning. */
	if (c->verdict.result == STS_CHECK_RESULT_OK) {
		return c->verdict.soon ? 1 : 0;
	}
	return codes[c->verdict.result] + 1;
}

/* One check a process. */
static struct check the;

/* Read configuration and options, and begin. 0, or the exit code. */
static int
prepare(struct check *c, const struct sts_args *args)
{
	char why[STS_CONF_WHY_MAX];

	if (!sts_conf_load(&c->conf, &args->source, why)) {
		return sts_fail(sts_exit_config(errno), "%s", why);
	}
	int rc = take_name(c, args);

	rc = rc != 0 ? rc : take_numbers(c, args);
	if (rc != 0) {
		return rc;
	}
	choose_helo(c, args->helo);
	catch_signals(c->within_s);
	return start(c);
}

int
sts_check_hosts_try(
    const struct sts_args *args, const struct sts_check_facts **facts)
{
	struct sts_check_run *r = &the.run;
	int place, rc = prepare(&the, args);

	if (rc != 0) {
		return rc;
	}
	sts_check_loop_init(&r->loop, &stopped);
	sts_check_ask(r, STS_CHECK_ASK_MX, "", r->facts.domain, STS_DNS_MX);
	while ((place = sts_check_loop_next(&r->loop)) != STS_CHECK_LOOP_DONE) {
		take_place(r, place);
	}
	note_stop(r);
	*facts = &r->facts;
	return 0;
}

int
sts_command_check(const struct sts_args *args)
{
	if (args->help) {
		fputs(help, stdout);
		return STS_EXIT_YES;
	}
	sts_check_print_on(sts_terminal_draws(STDOUT_FILENO),
	    sts_terminal_colours(STDOUT_FILENO));
	the.view = args->plugin ? &sts_check_plugin
		   : args->json ? &sts_check_json
				: &sts_check_print;

	int rc = prepare(&the, args);

	if (rc != 0) {
		return rc;
	}
	begin(&the);
	run(&the);
	return exit_code(&the, args->plugin);
}
