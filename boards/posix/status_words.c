/* SPDX-License-Identifier: MIT */
/*
 * The answer to "status" in words. A section is a row of `sections`: what the
 * daemon does not report of it is left out, as an older daemon's answer may do.
 *
 * Invariants: a function of the tree, without a state of its own but the line
 * that is being made. A line that is too long is cut, never overrun. Texts that
 * strangers chose (names of domains) are given to `paper` as they are; it
 * escapes them for its medium, a terminal or HTML.
 */
#define _POSIX_C_SOURCE 200809L

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "date.h"
#include "fields.h"
#include "status_words.h"

enum {
	MINUTE = 60,
	HOUR = 3600,
	DAY = 86400,
	SERVERS_SHOWN = 8,
	DOMAINS_SHOWN = 16,
	HOURS_SHOWN = 24
};

struct words {
	const struct sts_tree *t;
	const struct sts_status_paper *paper;
	size_t n; /* of the line */
	char line[STS_STATUS_LINE];
};

uint64_t
sts_status_number(const struct sts_tree *t, const char *path)
{
	return sts_fields_number(sts_tree_get(t, "%s", path));
}

static unsigned long long
number(const struct words *w, const char *path)
{
	return sts_status_number(w->t, path);
}

static const char *
text(const struct words *w, const char *path)
{
	return sts_tree_get(w->t, "%s", path);
}

static bool
is(const struct words *w, const char *path, const char *value)
{
	return strcmp(text(w, path), value) == 0;
}

/* Go on with the line. */
#if defined(__GNUC__)
__attribute__((format(printf, 2, 3)))
#endif
static void
put(struct words *w, const char *format, ...)
{
	va_list args;
	int n;

	va_start(args, format);
	n = vsnprintf(w->line + w->n, sizeof w->line - w->n, format, args);
	va_end(args);
	w->n = n < 0 || (size_t)n >= sizeof w->line - w->n ? sizeof w->line - 1
							   : w->n + (size_t)n;
}

static void
end_line(struct words *w)
{
	w->line[w->n] = '\0';
	w->paper->line(w->paper->ctx, w->line);
	w->n = 0;
	w->line[0] = '\0';
}

static void
put_span(struct words *w, unsigned long long s)
{
	static const struct {
		unsigned long long s;
		const char *unit;
	} units[] = { { DAY, "days" }, { HOUR, "h" }, { MINUTE, "min" } };

	for (size_t i = 0; i < sizeof units / sizeof *units; i++) {
		if (s >= 2 * units[i].s) {
			put(w, "%llu %s", s / units[i].s, units[i].unit);
			return;
		}
	}
	put(w, "%llu s", s);
}

/* "in 7 h", "5 s ago": by the agent's clock. */
static void
put_relative(struct words *w, unsigned long long at)
{
	unsigned long long now = number(w, "now");

	if (at > now) {
		put(w, "in ");
		put_span(w, at - now);
	} else {
		put_span(w, now - at);
		put(w, " ago");
	}
}

static void
put_date(struct words *w, unsigned long long at)
{
	char date[STS_DATE_MAX];

	put(w, "%s", sts_date((int64_t)at, date));
}

/* "1.5 MB": enough to see what is large. */
static void
put_bytes(struct words *w, unsigned long long n)
{
	if (n >= 1000000) {
		put(w, "%llu.%llu MB", n / 1000000, n / 100000 % 10);
	} else if (n >= 1000) {
		put(w, "%llu kB", n / 1000);
	} else {
		put(w, "%llu bytes", n);
	}
}

/* ---- the sections ---- */

static void
put_health(struct words *w)
{
	static const char *const words[][2] = {
		{ "clock", "The time is not known." },
		{ "journal", "The journal cannot be written: what is learnt "
			     "now is lost at a restart." },
		{ "name-servers", "No name server answers." },
	};

	put(w, "mtasts %s is %s", text(w, "version"),
	    is(w, "healthy", "true") ? "healthy" : "NOT HEALTHY");
	end_line(w);
	for (unsigned i = 0; i < sizeof words / sizeof *words; i++) {
		const char *problem = sts_tree_get(w->t, "problems.%u", i);

		for (size_t k = 0; k < sizeof words / sizeof *words; k++) {
			if (strcmp(problem, words[k][0]) == 0) {
				put(w, "%s", words[k][1]);
				end_line(w);
			}
		}
	}
}

static void
put_up(struct words *w)
{
	put_span(w, number(w, "up"));
	end_line(w);
}

static void
put_enforced(struct words *w)
{
	if (is(w, "enforced", "true")) {
		put(w, "policies are enforced");
	} else {
		put(w, "switched OFF by the operator");
		if (number(w, "until") > 0) {
			put(w, " until ");
			put_date(w, number(w, "until"));
		}
	}
	end_line(w);
}

static void
put_clock(struct words *w)
{
	put(w, "%s", text(w, "clock"));
	if (number(w, "now") > 0) {
		put(w, ", ");
		put_date(w, number(w, "now"));
	}
	end_line(w);
}

static void
put_journal(struct words *w)
{
	if (is(w, "journal.state", "off")) {
		put(w, "off: policies do not outlive a restart");
		end_line(w);
		return;
	}
	put(w,
	    "%s; %llu policies wait, %llu records written "
	    "since start, %llu lost",
	    is(w, "journal.state", "ok")     ? "in order"
	    : is(w, "journal.state", "full") ? "FULL"
					     : "FAILING",
	    number(w, "journal.unsaved"), number(w, "journal.saved"),
	    number(w, "journal.lost"));
	end_line(w);
}

/* What is known of the trusted name servers together. */
static const char *
dnssec(const struct words *w)
{
	return is(w, "dane.resolver", "validates") ? ", validates DNSSEC"
	       : is(w, "dane.resolver", "blind") ? ", does NOT validate DNSSEC"
						 : "";
}

static void
put_servers(struct words *w)
{
	for (unsigned i = 0; i < SERVERS_SHOWN; i++) {
		const char *address =
		    sts_tree_get(w->t, "name_servers.%u.address", i);
		static const char *const of[] = { "trusted", "answers", "heard",
			"edns", "tcp" };
		bool yes[sizeof of / sizeof *of];

		if (address[0] == '\0') {
			return;
		}
		for (unsigned k = 0; k < sizeof of / sizeof *of; k++) {
			yes[k] = strcmp(sts_tree_get(w->t, "name_servers.%u.%s",
					    i, of[k]),
				     "true") == 0;
		}
		put(w, "%s%s: %s%s%s", address, yes[0] ? " (trusted)" : "",
		    !yes[1]  ? "SILENT, asked only last"
		    : yes[2] ? "answers"
			     : "no answer yet",
		    yes[3] ? "" : ", no EDNS",
		    yes[4] ? "" : ", silent over TCP");
		put(w, "%s", !yes[0] ? "" : dnssec(w));
		end_line(w);
	}
}

static void
put_dane(struct words *w)
{
	if (!is(w, "dane.on", "true")) {
		put(w, "off");
	} else {
		put(w, "on; %llu of %llu look-ups of mail hosts are running; ",
		    number(w, "dane.busy"), number(w, "dane.busy_max"));
		put(w, "%s",
		    is(w, "dane.resolver", "blind")
			? "BLIND: the trusted name servers do not validate"
		    : is(w, "dane.resolver", "validates")
			? "the name servers validate"
			: "whether the name servers validate is not known yet");
	}
	end_line(w);
}

static void
put_reports(struct words *w)
{
	if (!is(w, "reports.on", "true")) {
		put(w, "off");
		end_line(w);
		return;
	}
	put(w, "%llu domains counted today, reports about %llu wait",
	    number(w, "reports.domains_today"), number(w, "reports.waiting"));
	end_line(w);
	put(w,
	    "%llu sessions counted since start, %llu lost; %llu reports sent, "
	    "%llu attempts failed, %llu given up",
	    number(w, "reports.sessions"), number(w, "reports.lost"),
	    number(w, "reports.sent"), number(w, "reports.again"),
	    number(w, "reports.dropped"));
	end_line(w);
}

static void
put_share(struct words *w)
{
	if (!is(w, "share.on", "true")) {
		put(w, "off");
	} else {
		put(w, "%s; ",
		    is(w, "share.up", "true")
			? "connected"
			: "NOT CONNECTED: this gateway works by itself");
		put(w,
		    "policies since start: %llu sent, %llu taken, %llu "
		    "refused, %llu lost",
		    number(w, "share.sent"), number(w, "share.taken"),
		    number(w, "share.refused"), number(w, "share.lost"));
	}
	end_line(w);
}

static void
put_memory(struct words *w)
{
	static const char *const parts[][2] = {
		{ "memory.trust_anchors", "trust anchors" },
		{ "memory.trust_anchors_reading", "reading them" },
		{ "memory.clients", "clients" },
		{ "memory.lookups", "look-ups" },
		{ "memory.mail_hosts", "mail hosts" },
		{ "memory.fetches", "fetches" },
		{ "memory.asks", "questions" },
		{ "memory.dns_tcp", "DNS over TCP" },
		{ "memory.port", "port" },
		{ "memory.driver", "driver" },
		{ "memory.journal", "journal" },
		{ "memory.preload", "list of policies" },
		{ "memory.share", "sharing" },
		{ "memory.reports", "TLS reports" },
	};
	unsigned long long all = number(w, "memory.policies");
	unsigned long long room = number(w, "memory.policies_room");
	unsigned long long used = room - number(w, "memory.policies_free");
	unsigned shown = 0;

	put_bytes(w, number(w, "memory.bytes"));
	put(w, ", policies ");
	put_bytes(w, all);
	put(w, " of it, %llu%% used",
	    room > 0 && used <= room ? used * 100 / room : 0);
	end_line(w);
	for (size_t i = 0; i < sizeof parts / sizeof *parts; i++) {
		unsigned long long n = number(w, parts[i][0]);

		if (n > 0) {
			put(w, "%s%s ", shown++ > 0 ? ", " : "", parts[i][1]);
			put_bytes(w, n);
		}
	}
	end_line(w);
}

static void
put_policies(struct words *w)
{
	static const char *const counts[][2] = {
		{ "policies.enforce", "enforced" },
		{ "policies.guests", "enforced but evicted first for room" },
		{ "policies.testing", "only tested" },
		{ "policies.none", "of mode none" },
		{ "policies.expired", "expired" },
		{ "policies.other",
		    "without a policy, or not known to have one" },
	};
	unsigned shown = 0;

	put(w, "%llu domains are held", number(w, "policies.records"));
	for (size_t i = 0; i < sizeof counts / sizeof *counts; i++) {
		unsigned long long n = number(w, counts[i][0]);

		if (n > 0) {
			put(w, "%s%llu %s", shown++ > 0 ? ", " : ": ", n,
			    counts[i][1]);
		}
	}
	end_line(w);
}

/* Item i of a list of domains. False: there is none. */
static bool
put_domain(struct words *w, const char *list, unsigned i)
{
	const char *domain = sts_tree_get(w->t, "%s.%u.domain", list, i);
	const char *expires = sts_tree_get(w->t, "%s.%u.expires", list, i);

	if (domain[0] == '\0') {
		return false;
	}
	put(w, "%s (%s) expires ", domain,
	    sts_tree_get(w->t, "%s.%u.mode", list, i));
	put_relative(w, sts_fields_number(expires));
	return true;
}

static void
put_failing(struct words *w)
{
	unsigned i = 0;

	for (; i < DOMAINS_SHOWN && put_domain(w, "failing", i); i++) {
		const char *since = sts_tree_get(w->t, "failing.%u.fetched", i);

		put(w, ": not fetched since ");
		put_date(w, sts_fields_number(since));
		put(w, ", failed %s times in a row: %s",
		    sts_tree_get(w->t, "failing.%u.failures", i),
		    sts_tree_get(w->t, "failing.%u.reason_text", i));
		end_line(w);
	}
	if (i == 0) {
		put(w, "no policy that is in force");
		end_line(w);
	}
}

static void
put_expires(struct words *w)
{
	unsigned i = 0;

	for (; i < DOMAINS_SHOWN && put_domain(w, "expires", i); i++) {
		end_line(w);
	}
	if (i == 0) {
		put(w, "no policy is in force");
		end_line(w);
	}
}

static void
put_wait(struct words *w, unsigned long long ms)
{
	put(w, "%llu.%03llu s", ms / 1000, ms % 1000);
}

static void
put_waits(struct words *w)
{
	unsigned long long day = 0;

	for (unsigned i = 0; i < HOURS_SHOWN; i++) {
		unsigned long long ms = sts_fields_number(
		    sts_tree_get(w->t, "hours.%u.longest_wait_ms", i));

		day = ms > day ? ms : day;
	}
	put(w, "the longest wait for an answer: ");
	put_wait(w, day);
	put(w, " in the last day, ");
	put_wait(w, number(w, "since_start.longest_wait_ms"));
	put(w, " since start");
	end_line(w);
}

static void
put_questions(struct words *w)
{
	unsigned long long n = number(w, "since_start.questions");
	unsigned long long up = number(w, "up");
	unsigned long long rate = n * 100 / (up > 0 ? up : 1);

	if (!is(w, "since_start.counted", "true")) {
		put(w, "this build does not count");
		end_line(w);
		return;
	}
	put(w, "%llu since start, %llu.%02llu a second", n, rate / 100,
	    rate % 100);
	end_line(w);
	put(w,
	    "%llu answered by a policy or DANE, %llu asked to wait; %llu "
	    "domains looked up, %llu fetches failed",
	    number(w, "since_start.enforced"), number(w, "since_start.temp"),
	    number(w, "since_start.lookups"),
	    number(w, "since_start.fetches_failed"));
	end_line(w);
	put_waits(w);
}

static void
put_busy(struct words *w)
{
	put(w,
	    "clients %llu of %llu, look-ups %llu of %llu, fetches %llu of "
	    "%llu; %llu questions wait for a look-up",
	    number(w, "busy.clients"), number(w, "busy.clients_max"),
	    number(w, "busy.lookups"), number(w, "busy.lookups_max"),
	    number(w, "busy.fetches"), number(w, "busy.fetches_max"),
	    number(w, "busy.waiting"));
	end_line(w);
}

static const struct {
	const char *title;
	const char *path; /* without it, the section is left out */
	void (*put)(struct words *w);
} sections[] = {
	{ "Status", "version", put_health },
	{ "Running for", "up", put_up },
	{ "Enforcement", "enforced", put_enforced },
	{ "Clock", "clock", put_clock },
	{ "Journal", "journal.state", put_journal },
	{ "Name servers", "name_servers.0.address", put_servers },
	{ "DANE", "dane.on", put_dane },
	{ "TLS reports", "reports.on", put_reports },
	{ "Sharing", "share.on", put_share },
	{ "Memory", "memory.bytes", put_memory },
	{ "Policies", "policies.records", put_policies },
	{ "Failing", "policies.records", put_failing },
	{ "Expires next", "policies.records", put_expires },
	{ "Questions", "since_start.questions", put_questions },
	{ "Busy", "busy.clients", put_busy },
};

void
sts_status_words(const struct sts_tree *t, const struct sts_status_paper *paper)
{
	struct words w = { t, paper, 0, "" };

	for (size_t i = 0; i < sizeof sections / sizeof *sections; i++) {
		if (text(&w, sections[i].path)[0] != '\0') {
			paper->section(paper->ctx, sections[i].title);
			sections[i].put(&w);
		}
	}
}
