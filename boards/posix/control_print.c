/* SPDX-License-Identifier: MIT */
/* Records of the control socket's answers, printed for people. */
#define _POSIX_C_SOURCE 200809L

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "control_print.h"

/* Parts of a record that were shown already. */
enum {
	SHOWN_HEAD = 1, /* of the list: once */
	SHOWN_REASON = 2,
	SHOWN_PATTERN = 4
};

enum {
	MINUTE = 60,
	HOUR = 3600,
	DAY = 86400
};

/* The value of a field of the record, or NULL. */
static const char *
get(const struct sts_show *s, const char *name)
{
	for (unsigned i = 0; i < s->field_count; i++) {
		if (strcmp(s->field[i].name, name) == 0) {
			return s->field[i].value;
		}
	}
	return NULL;
}

/* The same, "" for what is not there. */
static const char *
text(const struct sts_show *s, const char *name)
{
	const char *value = get(s, name);

	return value != NULL ? value : "";
}

static unsigned long
number(const struct sts_show *s, const char *name)
{
	return strtoul(text(s, name), NULL, 10);
}

static bool
is(const struct sts_show *s, const char *name, const char *value)
{
	return strcmp(text(s, name), value) == 0;
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
print_relative(const struct sts_show *s, const char *name)
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

/* A line such as "  fetched  2 days ago, 2026-01-02 03:04:05 UTC". */
static void
print_time(const struct sts_show *s, const char *label, const char *name,
    const char *note)
{
	time_t at = (time_t)number(s, name);
	struct tm tm;

	if (at == 0) {
		return;
	}
	printf("  %-8s ", label);
	print_relative(s, name);
	if (gmtime_r(&at, &tm) != NULL) {
		printf(", %04d-%02d-%02d %02d:%02d:%02d UTC", tm.tm_year + 1900,
		    tm.tm_mon + 1, tm.tm_mday, tm.tm_hour, tm.tm_min,
		    tm.tm_sec);
	}
	printf("%s\n", note);
}

/* ---- query, show, refresh ---- */

static void
print_key(const struct sts_show *s)
{
	for (const char *c = s->key; c != NULL && *c != '\0'; c++) {
		if (*c >= ' ' && *c < 0x7f) {
			putchar(*c);
		} else {
			printf("\\x%02x", (unsigned)(unsigned char)*c);
		}
	}
}

/* The line above an answer, which follows piece by piece. */
void
sts_print_head(const struct sts_show *s)
{
	const char *what = is(s, "result", "policy") ? "a policy is in force"
			   : is(s, "result", "none") ? "no policy is in force"
						     : "cannot tell";

	print_key(s);
	printf(": %s\n  asked    %s%s%s\n  answer   ", what,
	    is(s, "source", "daemon") ? "the running daemon"
				      : "looked up here and now, not by the "
					"running daemon",
	    get(s, "zone") != NULL ? ", zone " : "", text(s, "zone"));
}

static void
print_because(const struct sts_show *s)
{
	if (get(s, "rule") != NULL) {
		printf("  because  %s", text(s, "rule_text"));
		if (!is(s, "why", "ok")) {
			printf(": %s (%s)", text(s, "text"), text(s, "why"));
		}
		puts("");
	}
	if (get(s, "would") != NULL) {
		printf("  else     %s\n",
		    is(s, "would", "policy")
			? "the policy below would be in force"
			: "it would have been a temporary error");
	}
}

static void
print_policy(const struct sts_show *s)
{
	bool live = is(s, "live", "yes");

	printf("  policy   mode %s, max_age %s (", text(s, "mode"),
	    text(s, "max_age"));
	print_span(number(s, "max_age"));
	printf("), id %s%s%s\n", text(s, "id"), live ? "" : "; it has expired",
	    live && is(s, "mode", "enforce") && is(s, "protected", "no")
		? "; not protected: the cache is full"
		: "");
}

/* Why, and what is held, up to the patterns. */
static void
print_reason(struct sts_show *s)
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
	if (is(s, "held", "policy")) {
		print_policy(s);
	}
	for (size_t i = 0; i < sizeof words / sizeof *words; i++) {
		if (is(s, "held", words[i][0])) {
			printf("  held     %s\n", words[i][1]);
		}
	}
}

void
sts_print_pattern(struct sts_show *s, const char *pattern)
{
	print_reason(s);
	printf("  %-8s %s\n", s->shown & SHOWN_PATTERN ? "" : "mx", pattern);
	s->shown |= SHOWN_PATTERN;
}

static void
print_failures(const struct sts_show *s)
{
	bool policy = is(s, "held", "policy");

	if (policy && !is(s, "failures", "0")) {
		printf("  failed   %s times in a row, the last: %s (%s)\n",
		    text(s, "failures"), text(s, "reason_text"),
		    text(s, "reason"));
	} else if (!policy && get(s, "reason") != NULL) {
		printf("  reason   %s (%s)", text(s, "reason_text"),
		    text(s, "reason"));
		if (number(s, "failures") > 1) {
			printf(", %s times in a row", text(s, "failures"));
		}
		puts("");
	}
	print_time(s, "retry", "retry",
	    ": not tried again before, unless by mtasts cache refresh");
}

static void
print_rest(struct sts_show *s)
{
	bool due = number(s, "check") <= number(s, "now");

	print_reason(s);
	print_time(s, "fetched", "fetched", "");
	if (is(s, "held", "policy") && get(s, "checked") == NULL) {
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
print_held(struct sts_show *s)
{
	if (s->command == STS_CONTROL_SHOW) {
		print_key(s);
		puts(is(s, "held", "nothing") ? ": nothing is held" : "");
		if (is(s, "held", "nothing")) {
			return;
		}
	}
	print_rest(s);
}

/* ---- list ---- */

static void
print_row(struct sts_show *s)
{
	bool policy = is(s, "held", "policy");

	if (!(s->shown & SHOWN_HEAD)) {
		s->shown |= SHOWN_HEAD;
		printf("%-40s %-9s %-8s %s\n", "DOMAIN", "HELD", "MODE",
		    "EXPIRES OR LOOKED UP AGAIN, FAILURES");
	}
	printf("%-40s %-9s %-8s ", text(s, "domain"), text(s, "held"),
	    policy ? text(s, "mode") : "-");
	if (policy && is(s, "live", "no")) {
		printf("expired ");
	}
	print_relative(s, policy ? "expires" : "check");
	if (!is(s, "failures", "0")) {
		printf(", %s failures", text(s, "failures"));
	}
	if (get(s, "reason") != NULL) {
		printf(", %s", text(s, "reason"));
	}
	puts("");
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
print_stats(struct sts_show *s)
{
	unsigned long bytes = number(s, "bytes");

	printf("enforced   %s\n", text(s, "enforced"));
	printf("records    %s: enforce %s (and %s not protected), testing %s, "
	       "none %s, expired %s, without policy %s\n",
	    text(s, "records"), text(s, "enforce"), text(s, "guests"),
	    text(s, "testing"), text(s, "none"), text(s, "expired"),
	    text(s, "other"));
	printf("cache      %lu bytes, %lu%% used; protected %s of at most %s "
	       "(%lu%%)\n",
	    bytes, 100 - percent(number(s, "bytes_free"), bytes),
	    text(s, "bytes_protected"), text(s, "bytes_protected_max"),
	    percent(number(s, "bytes_protected"),
		number(s, "bytes_protected_max")));
	printf(
	    "           %s chunks, %s free; since start %s refused, %s given "
	    "up for room\n",
	    text(s, "chunks"), text(s, "chunks_free"), text(s, "refused"),
	    text(s, "evicted"));
	printf("journal    %s; unsaved %s, since start saved %s, lost %s, "
	       "written anew %s times\n",
	    text(s, "journal"), text(s, "unsaved"), text(s, "saved"),
	    text(s, "lost"), text(s, "compactions"));
	printf("clock      %s\n", text(s, "clock"));
	printf("busy       clients %s of %s, lookups %s of %s, fetches %s of "
	       "%s, questions that wait for a lookup %s\n",
	    text(s, "clients"), text(s, "clients_max"), text(s, "lookups"),
	    text(s, "lookups_max"), text(s, "fetches"), text(s, "fetches_max"),
	    text(s, "waiting"));
}

static void
print_forgotten(struct sts_show *s)
{
	const char *count = text(s, "forgotten");

	if (s->command == STS_CONTROL_FORGET) {
		print_key(s);
		printf(": %s",
		    strcmp(count, "0") == 0 ? "nothing was held" : "forgotten");
	} else {
		printf("%s forgotten", count);
	}
	puts(is(s, "durable", "yes")
		 ? ""
		 : "; not yet in the journal, so that a restart may bring it "
		   "back");
}

static void
print_enforced(struct sts_show *s)
{
	puts(is(s, "enforced", "yes")
		 ? "enforcement is on"
		 : "enforcement is off: every answer but an override is "
		   "\"not found\"");
}

static void
print_one(struct sts_show *s)
{
	switch (s->command) {
	case STS_CONTROL_LIST:
		print_row(s);
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
sts_print_record(struct sts_show *s)
{
	if (get(s, "error") != NULL) {
		printf("error: %s\n", text(s, "error"));
	} else {
		print_one(s);
	}
	s->shown &= SHOWN_HEAD;
}
