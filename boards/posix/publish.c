/* SPDX-License-Identifier: MIT */
/*
 * mtasts publish: its command line, and what its three parts share. It has more
 * options than the other commands together, so it reads them by a table of its
 * own.
 *
 * Invariants: all options are judged before anything is looked up, and a name
 * is a domain in A-labels, lower case, of two labels or more, that may stand in
 * a zone file. Nothing is changed anywhere but in the file of --out. --check
 * says "the same" only if the whole set of records is, and "cannot tell" where
 * the DNS did not answer.
 *
 * The attacker answers in the DNS: records that are printed back are escaped,
 * so that neither a terminal nor a zone file obeys them.
 */
#define _POSIX_C_SOURCE 200809L

#include <errno.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include "../../core/base/text.h"
#include "../../port/posix/log.h"
#include "publish.h"
#include "resolv.h"
#include "rights.h"
#include "value.h"

enum {
	SHOWN_MAX = 200,
	PORT_SMTP = 25,
	TTL_MAX_S = 604800
};

static const char usage[] =
    "usage: mtasts publish sts DOMAIN --mode testing|enforce|none "
    "[--mx HOST]...\n"
    "                      [--max-age SECONDS] [--out FILE] [--unchecked] "
    "[--port 25]\n"
    "       mtasts publish sts DOMAIN --server nginx|apache|caddy --out FILE\n"
    "                      [--certificate FILE] [--key FILE]\n"
    "       mtasts publish tlsrpt DOMAIN --rua URI...\n"
    "       mtasts publish tlsa HOST --cert FILE... [--next FILE] "
    "[--usage 3|2]\n"
    "                      [--port 25]\n"
    "all:   [--format zone|nsupdate|pdns|json] [--zone ZONE] [--ttl SECONDS]\n"
    "       [--check] [--remove] [-c FILE] [-o 'KEY VALUE']...\n";

static const char help[] =
    "\n"
    "Prints steps, with what to wait for, and the DNS records. --check "
    "compares "
    "them\n"
    "with what the DNS and the policy host say now: 0 the same, 1 not, 2 "
    "cannot "
    "tell.\n"
    "--remove prints what to remove, and in which order. enforce is refused "
    "unless\n"
    "every MX host passes the tests of mtasts check; --unchecked skips them.\n"
    "\n"
    "Example:\n"
    "mtasts publish sts example.com --mode testing --out /var/www/mta-sts.txt\n"
    "mtasts publish sts example.com --server nginx --out /var/www/mta-sts.txt\n"
    "mtasts publish sts example.com --out /var/www/mta-sts.txt --check\n"
    "mtasts publish tlsrpt example.com --rua mailto:tls@example.net --format "
    "pdns\n"
    "mtasts publish tlsa mx.example.com --cert /etc/ssl/mx.pem --next "
    "new.pem\n";

int
sts_publish_wrong(const char *what, const char *text)
{
	char shown[SHOWN_MAX];

	sts_log_quote(sts_text_of(text), shown, sizeof shown);
	if (text[0] == '\0') {
		return sts_fail(STS_EXIT_USAGE, "publish: %s", what);
	}
	return sts_fail(STS_EXIT_USAGE, "publish: %s: \"%s\"", what, shown);
}

/* Options with a value that is kept as it is, or added to a list. */
static const struct {
	const char *word;
	size_t off;
	bool list;
} valued[] = {
	{ "--mode", offsetof(struct sts_publish, mode), false },
	{ "--max-age", offsetof(struct sts_publish, max_age), false },
	{ "--out", offsetof(struct sts_publish, out), false },
	{ "--server", offsetof(struct sts_publish, server), false },
	{ "--zone", offsetof(struct sts_publish, zone), false },
	{ "--next", offsetof(struct sts_publish, next), false },
	{ "--usage", offsetof(struct sts_publish, usage), false },
	{ "--certificate", offsetof(struct sts_publish, certificate), false },
	{ "--key", offsetof(struct sts_publish, key), false },
	{ "--mx", offsetof(struct sts_publish, mx), true },
	{ "--rua", offsetof(struct sts_publish, rua), true },
	{ "--cert", offsetof(struct sts_publish, cert), true },
};

static int
take_format(struct sts_publish *p, const char *value)
{
	static const char *const words[] = { "zone", "nsupdate", "pdns",
		"json" };

	for (unsigned i = 0; i < sizeof words / sizeof *words; i++) {
		if (strcmp(value, words[i]) == 0) {
			p->format = (enum sts_publish_format)i;
			return 0;
		}
	}
	return sts_publish_wrong(
	    "--format: expected zone, nsupdate, pdns or json", value);
}

static int
take_number(const char *what, const char *value, uint32_t max, uint32_t *out)
{
	return sts_value_number(sts_text_of(value), 1, max, out)
		   ? 0
		   : sts_publish_wrong(what, value);
}

/* Options that other commands have too, and those with a value of a kind. 0,
 * -1: it is none of these; or exit code. */
static int
take_general(struct sts_publish *p, const char *word, const char *value)
{
	if (strcmp(word, "-c") == 0) {
		p->source.file = value;
		return 0;
	}
	if (strcmp(word, "-o") == 0) {
		if (p->source.option_count == STS_OPTIONS_MAX) {
			return sts_publish_wrong("too many -o", "");
		}
		p->option[p->source.option_count++] = value;
		return 0;
	}
	if (strcmp(word, "--format") == 0) {
		return take_format(p, value);
	}
	if (strcmp(word, "--ttl") == 0) {
		return take_number("--ttl: expected seconds up to 604800",
		    value, TTL_MAX_S, &p->ttl_s);
	}
	if (strcmp(word, "--port") == 0) {
		return take_number(
		    "--port: expected a port", value, UINT16_MAX, &p->port);
	}
	return -1;
}

/* An option with a value. 0, or exit code. */
static int
take_valued(struct sts_publish *p, const char *word, const char *value)
{
	if (value == NULL) {
		return sts_publish_wrong("the value is missing", word);
	}
	for (size_t i = 0; i < sizeof valued / sizeof *valued; i++) {
		char *at = (char *)p + valued[i].off;

		if (strcmp(word, valued[i].word) != 0) {
			continue;
		}
		if (!valued[i].list) {
			const char **one = (const char **)(void *)at;

			if (*one != NULL) {
				return sts_publish_wrong(
				    "it is given twice", word);
			}
			*one = value;
			return 0;
		}
		struct sts_publish_list *l = (void *)at;

		if (l->count == STS_PUBLISH_LIST_MAX) {
			return sts_publish_wrong("too many of them", word);
		}
		l->item[l->count++] = value;
		return 0;
	}
	int rc = take_general(p, word, value);

	return rc >= 0 ? rc : sts_publish_wrong("no such option", word);
}

/* An option without a value: true. */
static bool
take_flag(struct sts_publish *p, const char *word)
{
	bool *flag =
	    strcmp(word, "--check") == 0    ? &p->check
	    : strcmp(word, "--remove") == 0 ? &p->remove
	    : strcmp(word, "--unchecked") == 0 || strcmp(word, "--force") == 0
		? &p->unchecked
		: NULL;

	if (flag != NULL) {
		*flag = true;
	}
	return flag != NULL;
}

/* The domain or host that it is all about. 0, or exit code. */
static int
take_name(struct sts_publish *p, const char *text)
{
	enum sts_why why = sts_key_parse(&p->name, sts_text_of(text));

	if (why != STS_WHY_NONE) {
		return sts_publish_wrong(sts_why_text(why), text);
	}
	if (p->name.bracketed || p->name.ported) {
		return sts_publish_wrong(
		    "expected a name without brackets and port", text);
	}
	if (sts_name_labels(sts_text(p->name.domain, p->name.len)) < 2) {
		return sts_publish_wrong(
		    "expected a whole name, of two labels or more", text);
	}
	return 0;
}

/* Whether the zone has the records: it is the name or above it. 0, or exit
 * code. */
static int
take_zone(struct sts_publish *p)
{
	static struct sts_key zone;
	size_t n;

	if (p->zone == NULL) {
		return 0;
	}
	if (sts_key_parse(&zone, sts_text_of(p->zone)) != STS_WHY_NONE ||
	    zone.bracketed || zone.ported) {
		return sts_publish_wrong("--zone: this is no name", p->zone);
	}
	n = zone.len;
	if (n > p->name.len ||
	    memcmp(p->name.domain + p->name.len - n, zone.domain, n) != 0 ||
	    (n < p->name.len && p->name.domain[p->name.len - n - 1] != '.')) {
		return sts_publish_wrong(
		    "--zone: the name is not in this zone", p->zone);
	}
	p->zone = (const char *)zone.domain;
	return 0;
}

/* Everything behind `sts DOMAIN`. 0, or exit code. */
static int
take_options(struct sts_publish *p, const char *const *word)
{
	p->source.options = p->option;
	p->ttl_s = STS_PUBLISH_TTL_S;
	p->port = PORT_SMTP;
	while (*word != NULL) {
		int rc = 0;

		if (word[0][0] != '-') {
			return sts_publish_wrong("one word too many", *word);
		}
		if (take_flag(p, *word)) {
			word++;
			continue;
		}
		rc = take_valued(p, word[0], word[1]);
		if (rc != 0) {
			return rc;
		}
		word += 2;
	}
	return take_zone(p);
}

int
sts_publish_servers(
    const struct sts_publish *p, struct sts_dns_servers *servers)
{
	static struct sts_conf conf;
	char why[STS_CONF_WHY_MAX];

	if (!sts_conf_load(&conf, &p->source, why)) {
		return sts_fail(sts_exit_config(errno), "%s", why);
	}
	*servers = conf.servers;
	if (servers->count == 0) {
		enum sts_resolv_result r =
		    sts_resolv_read(STS_RESOLV_FILE, servers);

		if (r != STS_RESOLV_OK && r != STS_RESOLV_DEFAULT) {
			return sts_fail(STS_EXIT_CONFIG,
			    "name servers: " STS_RESOLV_FILE ": %s",
			    sts_resolv_problem(r));
		}
	}
	return sts_rights_give_up(&conf);
}

static bool
is_among(struct sts_text t, const struct sts_text *list, unsigned count)
{
	for (unsigned i = 0; i < count; i++) {
		if (sts_text_same(t, list[i])) {
			return true;
		}
	}
	return false;
}

/* A record for people: text as it is, others in hexadecimal. */
static void
print_record(const char *what, uint16_t type, struct sts_text t)
{
	printf("  %s: ", what);
	if (type == STS_DNS_TXT) {
		char shown[4 * SHOWN_MAX];

		sts_log_quote(t, shown, sizeof shown);
		printf("\"%s\"\n", shown);
		return;
	}
	for (size_t i = 0; i < t.n; i++) {
		printf(i < 3 ? "%u " : "%02x", (unsigned)t.p[i]);
	}
	puts("");
}

/* Print what of one list is not in the other; how many that were. */
static unsigned
print_missing(const char *what, uint16_t type, const struct sts_text *list,
    unsigned count, const struct sts_text *other, unsigned other_count)
{
	unsigned missing = 0;

	for (unsigned i = 0; i < count; i++) {
		if (!is_among(list[i], other, other_count)) {
			print_record(what, type, list[i]);
			missing++;
		}
	}
	return missing;
}

int
sts_publish_compare(const struct sts_publish *p, const char *prefix,
    uint16_t type, const struct sts_text *want, unsigned count)
{
	static struct sts_dns_asked asked;
	struct sts_dns_servers servers;
	struct sts_dns_name_parts name = { sts_text_of(prefix),
		sts_text(p->name.domain, p->name.len) };
	int rc = sts_publish_servers(p, &servers);

	if (rc != 0) {
		return rc;
	}
	sts_dns_ask(&asked, &servers, name, type);
	if (asked.found == STS_UNKNOWN) {
		printf("%s.%s: cannot tell: %s (%s)\n", prefix,
		    sts_publish_name(p), sts_why_text(asked.why),
		    sts_why_token(asked.why));
		return STS_EXIT_UNKNOWN;
	}
	unsigned lacking = 0, foreign = 0;

	lacking = print_missing(
	    "not published", type, want, count, asked.record, asked.count);
	foreign = print_missing("published, but not wanted", type, asked.record,
	    asked.count, want, count);
	bool same = lacking + foreign == 0;

	printf("%s.%s: %s\n", prefix, sts_publish_name(p),
	    same ? "the DNS says the same" : "the DNS says something else");
	if (type == STS_DNS_TLSA && same && count > 0 && !asked.authentic) {
		puts("  but not authenticated by DNSSEC, as far as a trusted "
		     "name server says: such records do not count");
		return STS_EXIT_NONE;
	}
	return same ? STS_EXIT_YES : STS_EXIT_NONE;
}

static bool
asks_help(const struct sts_args *args)
{
	for (unsigned i = 0; i < args->word_count; i++) {
		if (strcmp(args->word[i], "--help") == 0) {
			return true;
		}
	}
	return false;
}

int
sts_command_publish(const struct sts_args *args)
{
	static struct sts_publish p;
	static const struct {
		const char *name;
		int (*run)(struct sts_publish *p);
	} parts[] = { { "sts", sts_publish_sts },
		{ "tlsrpt", sts_publish_tlsrpt },
		{ "tlsa", sts_publish_tlsa } };

	if (asks_help(args)) {
		fputs(usage, stdout);
		fputs(help, stdout);
		return STS_EXIT_YES;
	}
	for (size_t i = 0; i < sizeof parts / sizeof *parts; i++) {
		if (args->word_count < 2 ||
		    strcmp(args->word[0], parts[i].name) != 0) {
			continue;
		}
		int rc = take_name(&p, args->word[1]);

		rc = rc == 0 ? take_options(&p, args->word + 2) : rc;
		return rc == 0 ? parts[i].run(&p) : rc;
	}
	fputs(usage, stderr);
	return STS_EXIT_USAGE;
}
