/* SPDX-License-Identifier: MIT */
/*
 * Records of the control socket's answers, printed for people. A record's
 * members are looked up by name in s->fields; what is not there is "". The
 * answer and the mx patterns come piece by piece before the record is whole:
 * `shown` notes what stands above them and was printed already.
 *
 *	query, refresh  head, answer, because, policy, mx, times, failures
 *	show            the key, then policy, mx, times, failures
 *	list            a row a record, below one heading
 *	export          a line of Postfix's policy table a record
 *	the others      a few lines
 *
 * Everything that comes from the daemon goes through sts_control_print_text.
 */
#define _POSIX_C_SOURCE 200809L

#include <stdio.h>
#include <string.h>
#include <time.h>

#include "../../core/base/assert.h"
#include "control_print.h"
#include "date.h"

/* Parts of a record that were shown already. */
enum {
	SHOWN_HEAD = 1, /* of the list: once */
	SHOWN_REASON = 2,
	SHOWN_PATTERN = 4,
	SHOWN_DANE = 8
};

enum {
	MINUTE = 60,
	HOUR = 3600,
	DAY = 86400
};

/* The value of a member of the record, "" if it is not there. */
static const char *
text(const struct sts_control_show *s, const char *name)
{
	const char *value = sts_fields_get(&s->fields, name);

	return value != NULL ? value : "";
}

static bool
has(const struct sts_control_show *s, const char *name)
{
	return text(s, name)[0] != '\0';
}

static unsigned long
number(const struct sts_control_show *s, const char *name)
{
	return (unsigned long)sts_fields_number(text(s, name));
}

static bool
is(const struct sts_control_show *s, const char *name, const char *value)
{
	return strcmp(text(s, name), value) == 0;
}

/* Whether the journal may have more: it was not read to its end. */
static bool
is_unread(const struct sts_control_show *s)
{
	return is(s, "journal", "unread");
}

void
sts_control_print_text(struct sts_text t)
{
	for (size_t i = 0; i < t.n; i++) {
		bool plain = t.p[i] == '\n' || (t.p[i] >= ' ' && t.p[i] < 0x7f);

		putchar(plain ? t.p[i] : '?');
	}
}

static void
print_text(const char *t)
{
	sts_control_print_text(sts_text((const uint8_t *)t, strlen(t)));
}

/* Print a text in which $name stands for a member of the record. */
static void
print_members(const struct sts_control_show *s, const char *t)
{
	while (*t != '\0') {
		char name[20];
		size_t n = 0;

		if (*t != '$') {
			putchar(*t++);
			continue;
		}
		for (t++; *t == '_' || sts_is_alpha((uint8_t)*t); t++) {
			name[n++] = *t;
			STS_ASSERT(n < sizeof name);
		}
		name[n] = '\0';
		print_text(text(s, name));
	}
}

/* "5 s", "12 min", "7 h", "3 days". */
static void
print_span(unsigned long s)
{
	if (s < 2UL * MINUTE) {
		printf("%lu s", s);
	} else if (s < 2UL * HOUR) {
		printf("%lu min", s / MINUTE);
	} else if (s < 2UL * DAY) {
		printf("%lu h", s / HOUR);
	} else {
		printf("%lu days", s / DAY);
	}
}

/* "in 7 h", "5 s ago"; seen from the agent's own time. */
static void
print_relative(const struct sts_control_show *s, const char *name)
{
	unsigned long now = number(s, "now"), at = number(s, name);

	if (at > now) {
		printf("in ");
		print_span(at - now);
	} else {
		print_span(now - at);
		printf(" ago");
	}
}

/* "2026-01-02 03:04:05 UTC" */
static void
print_date(const struct sts_control_show *s, const char *name)
{
	char date[STS_DATE_MAX];

	printf("%s", sts_date((int64_t)number(s, name), date));
}

/* " until 2026-01-02 03:04:05 UTC (in 7 h)", if there is an end. */
static void
print_until(const struct sts_control_show *s)
{
	if (has(s, "until")) {
		printf(" until ");
		print_date(s, "until");
		printf(" (");
		print_relative(s, "until");
		putchar(')');
	}
}

/* A line such as "  fetched  2 days ago, 2026-01-02 03:04:05 UTC". */
static void
print_time(const struct sts_control_show *s, const char *label,
    const char *name, const char *note)
{
	if (!has(s, name)) {
		return;
	}
	printf("  %-8s ", label);
	print_relative(s, name);
	printf(", ");
	print_date(s, name);
	printf("%s\n", note);
}

/* ---- query, show, refresh ---- */

static void
print_key(const struct sts_control_show *s)
{
	for (const char *c = s->key; c != NULL && *c != '\0'; c++) {
		if (*c >= ' ' && *c < 0x7f) {
			putchar(*c);
		} else {
			printf("\\x%02x", (unsigned)(unsigned char)*c);
		}
	}
}

void
sts_control_print_head(const struct sts_control_show *s)
{
	print_key(s);
	printf(": %s\n", is(s, "result", "policy") ? "a policy is in force"
			 : is(s, "result", "none") ? "no policy is in force"
						   : "cannot tell");
	printf("  asked    %s", is(s, "source", "daemon")
				    ? "the running daemon"
				    : "looked up here and now, not by the "
				      "running daemon");
	print_members(s, has(s, "zone") ? ", zone $zone\n" : "\n");
	printf("  answer   ");
}

/* What would have been answered. */
static const char *
would_be(const struct sts_control_show *s)
{
	if (is(s, "would", "policy")) {
		return is(s, "rule", "preload")
			   ? "the policy of that list would be in force"
			   : "the policy below would be in force";
	}
	return is(s, "would", "dane") ? "the TLSA records below would count"
				      : "it would have been a temporary error";
}

static void
print_because(const struct sts_control_show *s)
{
	if (has(s, "rule")) {
		print_members(s, "  because  $rule_text");
		print_members(
		    s, is(s, "why", "ok") ? "\n" : ": $text ($why)\n");
	}
	if (has(s, "would")) {
		printf("  else     %s\n", would_be(s));
		if (has(s, "until")) {
			printf("  off     ");
			print_until(s);
			puts("");
		}
	}
}

static void
print_policy(const struct sts_control_show *s)
{
	bool live = is(s, "live", "true");

	print_members(s, "  policy   mode $mode, max_age $max_age (");
	print_span(number(s, "max_age"));
	print_members(s, "), id $id");
	if (!live) {
		printf("; it has expired");
	} else if (is(s, "mode", "enforce") && is(s, "protected", "false")) {
		printf("; not protected: the cache is full");
	}
	putchar('\n');
	if (has(s, "testing_failed")) {
		print_members(s,
		    "  testing  $testing_failed sessions failed that "
		    "were counted for the next TLS reports\n");
	}
	if (is(s, "from", "fleet")) {
		puts("  source   fleet: another gateway has fetched it");
	}
}

/* Why, and what is held, up to the patterns. */
static void
print_reason(struct sts_control_show *s)
{
	static const char *const words[][2] = {
		{ "absent", "that there is no policy" },
		{ "back-off", "that the policy could not be fetched" },
		{ "unknown", "that the TXT record could not be looked up" },
		{ "nothing", "nothing" },
	};

	if (s->shown & SHOWN_REASON) {
		return;
	}
	s->shown |= SHOWN_REASON;
	print_because(s);
	if (is_unread(s)) {
		puts("  journal  not read to its end: it may hold something "
		     "newer about this domain, so what follows is not the "
		     "answer yet");
	}
	if (is(s, "held", "policy")) {
		print_policy(s);
	}
	for (size_t i = 0; i < sizeof words / sizeof *words; i++) {
		if (is(s, "held", words[i][0])) {
			printf("  held     %s\n", words[i][1]);
		}
	}
}

/* ---- export: lines of Postfix's policy table ---- */

/* A pattern as Postfix has it: "*.d" is ".d". */
static void
export_pattern(struct sts_control_show *s, struct sts_text pattern)
{
	if (!(s->shown & SHOWN_HEAD)) {
		printf("# The policies in force at ");
		print_date(s, "now");
		printf(": each until it expires.\n");
	}
	if (is_unread(s) && !(s->shown & SHOWN_PATTERN)) {
		puts("# The journal may have a later version of this one:");
	}
	if (!(s->shown & SHOWN_PATTERN)) {
		printf("# fetched ");
		print_date(s, "fetched");
		printf(", expires ");
		print_date(s, "expires");
		print_members(s, "\n$domain secure match=");
	} else {
		putchar(':');
	}
	s->shown |= SHOWN_HEAD | SHOWN_PATTERN;
	if (pattern.n > 0 && pattern.p[0] == '*') {
		pattern = sts_text(pattern.p + 1, pattern.n - 1);
	}
	sts_control_print_text(pattern);
}

static void
export_end(const struct sts_control_show *s)
{
	if (s->shown & SHOWN_PATTERN) {
		puts(" servername=hostname");
	} else if (is_unread(s)) {
		puts("# The journal has not been read to its end: policies "
		     "are missing here.");
	}
}

/* ---- query, show, refresh: what is held ---- */

void
sts_control_print_pattern(struct sts_control_show *s, struct sts_text pattern)
{
	if (s->command == STS_CONTROL_EXPORT) {
		export_pattern(s, pattern);
		return;
	}
	print_reason(s);
	printf("  %-8s ", s->shown & SHOWN_PATTERN ? "" : "mx");
	s->shown |= SHOWN_PATTERN;
	sts_control_print_text(pattern);
	putchar('\n');
}

/* What is known of the mail hosts, each with its own state. */
static void
print_dane(struct sts_control_show *s)
{
	static const char *const words[][2] = {
		{ "none", "no mail host has TLSA records" },
		{ "partial", "some mail hosts have TLSA records" },
		{ "only", "the mail hosts have TLSA records" },
		{ "unknown", "the look-up of the mail hosts failed" },
	};

	if ((s->shown & SHOWN_DANE) || !has(s, "dane")) {
		return;
	}
	s->shown |= SHOWN_DANE;
	for (size_t i = 0; i < sizeof words / sizeof *words; i++) {
		if (is(s, "dane", words[i][0])) {
			printf("  dane     %s", words[i][1]);
		}
	}
	print_members(s, has(s, "dane_reason") ? " ($dane_reason)" : "");
	print_members(s, "; MX $dane_mx");
	printf("%s%s%s\n",
	    is(s, "dane_implicit", "true") ? ", the domain itself" : "",
	    is(s, "dane_more", "true") ? "; not all hosts were looked at" : "",
	    is(s, "dane_blind", "true")
		? "; BLIND: the trusted name servers do not validate DNSSEC"
		: "");
}

void
sts_control_print_host(struct sts_control_show *s, struct sts_text host)
{
	if (s->command == STS_CONTROL_EXPORT) {
		return;
	}
	print_reason(s);
	print_dane(s);
	printf("  host     ");
	sts_control_print_text(host);
	putchar('\n');
}

static void
print_failures(const struct sts_control_show *s)
{
	bool policy = is(s, "held", "policy");

	if (policy && !is(s, "failures", "0")) {
		print_members(s, "  failed   $failures times in a row, the "
				 "last: $reason_text ($reason)\n");
	} else if (!policy && has(s, "reason")) {
		print_members(s, "  reason   $reason_text ($reason)");
		print_members(s, number(s, "failures") > 1
				     ? ", $failures times in a row\n"
				     : "\n");
	}
	print_time(s, "retry", "retry",
	    ": not tried again before, unless by mtasts cache refresh");
}

static void
print_rest(struct sts_control_show *s)
{
	bool due = number(s, "check") <= number(s, "now");

	print_reason(s);
	print_dane(s);
	print_time(s, "fetched", "fetched", "");
	if (is(s, "held", "policy") && !has(s, "checked")) {
		puts("  checked  not since the daemon was started");
	}
	print_time(s, "checked", "checked", "");
	print_time(s, due ? "due" : "next", "check",
	    due ? ": looked up by the next question"
		: ": then the next question looks it up again");
	print_time(s, "refresh", "refresh", ": fetched again by itself");
	print_time(s, "expires", "expires", "");
	print_failures(s);
}

static void
print_held(struct sts_control_show *s)
{
	if (s->command == STS_CONTROL_SHOW) {
		print_key(s);
		puts(!is(s, "held", "nothing") ? ""
		     : is_unread(s) ? ": nothing is held so far: the journal "
				      "has not been read to its end"
				    : ": nothing is held");
		if (is(s, "held", "nothing")) {
			return;
		}
	}
	print_rest(s);
}

/* ---- list ---- */

/* A column, and a blank. */
static void
print_padded(const char *t, size_t width)
{
	print_text(t);
	for (size_t n = strlen(t); n < width; n++) {
		putchar(' ');
	}
	putchar(' ');
}

static void
print_row(struct sts_control_show *s)
{
	bool policy = is(s, "held", "policy");

	if (is_unread(s)) {
		puts("the journal has not been read to its end: domains are "
		     "missing here");
		return;
	}
	if (!(s->shown & SHOWN_HEAD)) {
		s->shown |= SHOWN_HEAD;
		printf("%-40s %-9s %-8s %s\n", "DOMAIN", "HELD", "MODE",
		    "EXPIRES OR LOOKED UP AGAIN, FAILURES");
	}
	print_padded(text(s, "domain"), 40);
	print_padded(text(s, "held"), 9);
	print_padded(policy ? text(s, "mode") : "-", 8);
	if (policy && is(s, "live", "false")) {
		printf("expired ");
	}
	print_relative(s, policy ? "expires" : "check");
	print_members(s, is(s, "failures", "0") ? "" : ", $failures failures");
	print_members(s, has(s, "reason") ? ", $reason" : "");
	print_members(s, has(s, "from") ? ", source $from\n" : "\n");
}

/* ---- the others ---- */

static unsigned long
percent(unsigned long part, unsigned long whole)
{
	return whole > 0
		   ? (unsigned long)((unsigned long long)part * 100 / whole)
		   : 0;
}

static void
print_stats(struct sts_control_show *s)
{
	unsigned long bytes = number(s, "bytes");

	printf("enforced   %s", is(s, "enforced", "true") ? "yes" : "no");
	print_until(s);
	puts("");
	print_members(s,
	    "records    $records: enforce $enforce (and $guests not "
	    "protected), testing $testing, none $none, expired $expired, "
	    "without policy $other\n");
	printf("cache      %lu bytes, %lu%% used; ", bytes,
	    100 - percent(number(s, "bytes_free"), bytes));
	print_members(
	    s, "protected $bytes_protected of at most $bytes_protected_max ");
	printf("(%lu%%)\n", percent(number(s, "bytes_protected"),
				number(s, "bytes_protected_max")));
	print_members(s,
	    "           $chunks chunks, $chunks_free free; since start "
	    "$refused refused, $evicted given up for room\n"
	    "journal    $journal; unsaved $unsaved, since start saved $saved, "
	    "lost $lost, rewritten $compactions times\n"
	    "clock      $clock\n"
	    "busy       clients $clients of $clients_max, lookups $lookups of "
	    "$lookups_max, fetches $fetches of $fetches_max, questions that "
	    "wait for a lookup $waiting\n");
}

static void
print_forgotten(struct sts_control_show *s)
{
	const char *count = text(s, "forgotten");

	if (s->command == STS_CONTROL_FORGET) {
		print_key(s);
		printf(": %s", strcmp(count, "0") != 0 ? "forgotten"
			       : is_unread(s) ? "nothing was held so far"
					      : "nothing was held");
	} else {
		printf("%s forgotten", count);
	}
	puts(is(s, "durable", "true") ? ""
	     : is(s, "kept_out", "true")
		 ? "; the journal has not been read yet: what it holds of this "
		   "will be left out, unless the daemon is restarted before"
	     : is_unread(s)
		 ? "; the journal has not been read yet: what it holds of this "
		   "comes back when it is: repeat this then"
		 : "; not yet in the journal, so that a restart may bring it "
		   "back");
}

static void
print_enforced(struct sts_control_show *s)
{
	bool on = is(s, "enforced", "true");

	if (on) {
		printf("enforcement is on");
	} else {
		printf("enforcement is off");
		print_until(s);
		printf(": every answer but an override is \"not found\"");
	}
	if (is(s, "durable", "false")) {
		fputs(on ? "; not yet in the journal, so that a restart may "
			   "switch it off"
			 : "; not in the journal, so that a restart ends it",
		    stdout);
	}
	puts("");
}

/* ---- TLS reports ---- */

void
sts_control_print_mail(struct sts_text t)
{
	for (size_t i = 0; i < t.n; i++) {
		if (t.p[i] != '\r') {
			sts_control_print_text(sts_text(t.p + i, 1));
		}
	}
}

static void
print_counted(struct sts_control_show *s)
{
	if (!(s->shown & SHOWN_HEAD)) {
		s->shown |= SHOWN_HEAD;
		printf("%-40s %-10s %s\n", "DOMAIN", "DAY",
		    "SESSIONS, FAILURES, STATE");
	}
	print_padded(text(s, "domain"), 40);
	print_members(s, "$day $sessions sessions, $failures failures, $state");
	if (has(s, "due")) {
		printf(", due ");
		print_relative(s, "due");
		print_members(s, ", tried $tries times");
	}
	puts("");
}

/* A mail was shown as it came. */
static void
print_report(struct sts_control_show *s)
{
	if (s->command == STS_CONTROL_REPORT_LIST) {
		print_counted(s);
	} else if (s->command != STS_CONTROL_REPORT_SHOW) {
		print_members(s, "$due reports are due now\n");
	}
}

static void
print_one(struct sts_control_show *s)
{
	switch (s->command) {
	case STS_CONTROL_LIST:
		print_row(s);
		break;
	case STS_CONTROL_EXPORT:
		export_end(s);
		break;
	case STS_CONTROL_STATS:
		print_stats(s);
		break;
	case STS_CONTROL_FORGET:
	case STS_CONTROL_FLUSH:
		print_forgotten(s);
		break;
	case STS_CONTROL_ENFORCE:
		print_enforced(s);
		break;
	default:
		print_held(s);
	}
}

void
sts_control_print_record(struct sts_control_show *s)
{
	if (has(s, "error")) {
		print_members(s, "error: $error\n");
	} else if (s->command >= STS_CONTROL_REPORT_LIST) {
		print_report(s);
	} else {
		print_one(s);
	}
	s->shown &= SHOWN_HEAD;
}
