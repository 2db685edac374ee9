/* SPDX-License-Identifier: MIT */
/*
 * mtasts publish sts: the policy's file, and the TXT record that announces it.
 * The id is made of the file (the first digits of its SHA-256): the same file
 * has the same id, and another one another, whatever way it came about.
 *
 *	hosts (--mx, or MX records) -> tested (enforce) -> file -> steps, record
 *
 * Invariants: the file is replaced as a whole or stays as it is, and is written
 * before the record is printed, since a sender that sees a new id fetches at
 * once. With enforce, nothing is written unless every MX host has passed, or
 * --unchecked takes it over. A file at --out that is not a policy is not
 * replaced. The record is not removed before a policy of mode none has taken
 * the place of another, unless --unchecked says so: senders hold that for its
 * max_age.
 *
 * The attacker answers for the MX records, or on the way to a host: what is
 * then published is a pattern that the operator sees in the output, and a host
 * that could not be tested has not passed. Both are read in processes without
 * the rights that the file may need.
 */
#define _POSIX_C_SOURCE 200809L

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "../../core/base/assert.h"
#include "../../core/base/text.h"
#include "../../core/cache/payload.h"
#include "../../tls/hash.h"
#include "check_hosts.h"
#include "look.h"
#include "publish.h"

enum {
	DAY_S = 86400,
	TESTING_S = DAY_S,
	ENFORCE_S = 30 * DAY_S,
	TXT_MAX = 64
};

/* A policy: its file and what it says. */
struct policy {
	size_t len;
	char text[STS_PUBLISH_FILE_MAX + 1];
	char id[STS_PUBLISH_ID + 1];
	enum sts_mode mode;
	uint32_t max_age_s;
	unsigned mx_count;
	char mx[STS_POLICY_MX_MAX][STS_MX_MAX + 1];
};

static void
set_id(struct policy *y)
{
	br_sha256_context c;
	uint8_t hash[br_sha256_SIZE];

	br_sha256_init(&c);
	br_sha256_update(&c, y->text, y->len);
	br_sha256_out(&c, hash);
	for (size_t i = 0; i < STS_PUBLISH_ID / 2; i++) {
		snprintf(y->id + 2 * i, 3, "%02x", (unsigned)hash[i]);
	}
}

/* Read the text as a sender would. STS_WHY_NONE, or what is wrong. */
static enum sts_why
parse(struct policy *y)
{
	static struct sts_policy p;
	size_t at = 0;
	bool ended = false;

	y->mx_count = 0;
	sts_policy_start(&p);
	while (!ended) {
		if (at < y->len) {
			at += sts_policy_feed(
			    &p, (const uint8_t *)y->text + at, y->len - at);
		} else {
			ended = true;
			sts_policy_end(&p);
		}
		if (p.mx_len > 0 && y->mx_count < STS_POLICY_MX_MAX) {
			snprintf(y->mx[y->mx_count++], STS_MX_MAX + 1, "%.*s",
			    (int)p.mx_len, (const char *)p.mx);
		}
	}
	y->mode = p.mode;
	y->max_age_s = p.max_age_s;
	set_id(y);
	return sts_policy_why(&p);
}

/* Read the policy of a file. NULL, or what is wrong. */
static const char *
read_policy(struct policy *y, const char *path)
{
	const char *problem =
	    sts_publish_read(path, (uint8_t *)y->text, sizeof y->text, &y->len);

	if (problem != NULL) {
		return problem;
	}
	enum sts_why why = parse(y);

	errno = EINVAL;
	return why == STS_WHY_NONE ? NULL : sts_why_text(why);
}

/* Add a pattern, in lower case; once. 0, or exit code. */
static int
add_mx(struct policy *y, const char *text)
{
	struct sts_text name = sts_text_of(text);
	char fresh[STS_MX_MAX + 1];
	static struct sts_key key;
	bool wild = sts_text_take(&name, "*.");

	if (sts_key_parse(&key, name) != STS_WHY_NONE || key.bracketed ||
	    key.ported || sts_name_labels(sts_text(key.domain, key.len)) < 2) {
		return sts_publish_wrong(
		    "--mx: expected a host's name, or *. and a name", text);
	}
	snprintf(fresh, sizeof fresh, "%s%s", wild ? "*." : "",
	    (const char *)key.domain);
	for (unsigned i = 0; i < y->mx_count; i++) {
		if (strcmp(y->mx[i], fresh) == 0) {
			return 0;
		}
	}
	if (y->mx_count == STS_POLICY_MX_MAX) {
		return sts_publish_wrong("--mx: too many of them", "");
	}
	memcpy(y->mx[y->mx_count++], fresh, sizeof fresh);
	return 0;
}

/* What the DNS says about where the domain's mail goes. 0, or exit code. */
static int
ask_mx(const struct sts_publish *p, struct sts_dns_asked *asked)
{
	struct sts_dns_servers servers;
	struct sts_dns_name_parts name = { { NULL, 0 },
		sts_text(p->name.domain, p->name.len) };
	int rc = sts_publish_servers(p, &servers);

	if (rc != 0) {
		return rc;
	}
	sts_dns_ask(asked, &servers, name, STS_DNS_MX);
	if (asked->found == STS_UNKNOWN) {
		return sts_fail(STS_EXIT_UNKNOWN,
		    "publish: the MX records of %s cannot be looked up: %s; "
		    "name the hosts by --mx",
		    sts_publish_name(p), sts_why_text(asked->why));
	}
	if (asked->why == STS_WHY_DNS_NXDOMAIN) {
		return sts_fail(STS_EXIT_NONE,
		    "publish: %s does not exist in the DNS",
		    sts_publish_name(p));
	}
	return 0;
}

/* In a process of its own: write the hosts of the DNS to fd, a line each. The
 * exit code. */
static int
write_mx(const struct sts_publish *p, int fd)
{
	static struct sts_dns_asked asked;
	int rc = ask_mx(p, &asked);

	if (rc != 0) {
		return rc;
	}
	if (asked.count == 0) {
		/* RFC 5321 5.1: the domain itself takes its mail. */
		dprintf(fd, "%s\n", sts_publish_name(p));
	}
	for (unsigned i = 0; i < asked.count; i++) {
		/* Beside hosts the root is none (RFC 7505 3). */
		if (asked.record[i].n > 0) {
			dprintf(fd, "%.*s\n", (int)asked.record[i].n,
			    (const char *)asked.record[i].p);
		}
	}
	return 0;
}

/* Wait for a child. Its exit code; -1: it did not end by itself. */
static int
wait_for(pid_t child)
{
	int status = 0;
	pid_t ended = -1;

	while ((ended = waitpid(child, &status, 0)) < 0 && errno == EINTR) {
	}
	return ended == child && WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

/* Read to the end of fd; text ends in NUL. False: that did not work. */
static bool
read_all(int fd, char *text, size_t size)
{
	size_t n = 0;
	ssize_t got = 1;

	while (got != 0 && n < size - 1) {
		got = read(fd, text + n, size - 1 - n);
		if (got < 0 && errno != EINTR) {
			break;
		}
		n += got > 0 ? (size_t)got : 0;
	}
	text[n] = '\0';
	return got == 0;
}

/*
 * Read what write_mx() writes, in a process that has given up the rights that
 * the policy's file may need: strangers made the answer. 0, or exit code.
 */
static int
read_mx(const struct sts_publish *p, char *text, size_t size)
{
	int ends[2];

	fflush(NULL);
	pid_t child = pipe(ends) == 0 ? fork() : -1;

	if (child == 0) {
		close(ends[0]);
		int rc = write_mx(p, ends[1]);

		fflush(NULL);
		_exit(rc);
	}
	if (child < 0) {
		return sts_fail(
		    STS_EXIT_FAILURE, "publish: %s", strerror(errno));
	}
	close(ends[1]);
	bool whole = read_all(ends[0], text, size);

	close(ends[0]);
	int rc = wait_for(child);

	return rc >= 0 && whole
		   ? rc
		   : sts_fail(STS_EXIT_FAILURE,
			 "publish: the MX records cannot be looked up");
}

/* The hosts of the DNS become the policy's. 0, or exit code. */
static int
take_mx(const struct sts_publish *p, struct policy *y)
{
	static char text[STS_DNS_ASK_RECORDS * (STS_NAME_MAX + 2)];
	char host[STS_NAME_MAX + 1];
	int rc = read_mx(p, text, sizeof text);
	struct sts_text rest = sts_text_of(text);

	while (rc == 0 && rest.n > 0) {
		struct sts_text line = sts_text_field(&rest, '\n');

		snprintf(host, sizeof host, "%.*s", (int)line.n,
		    (const char *)line.p);
		rc = add_mx(y, host);
	}
	return rc == 0 && y->mx_count == 0
		   ? sts_fail(STS_EXIT_NONE,
			 "publish: %s takes no mail (null MX): there is "
			 "nothing to protect",
			 sts_publish_name(p))
		   : rc;
}

/* Try the hosts and judge them; in a process of its own, which gives up the
 * rights that the policy's file may need. */
static int
try_hosts(const struct sts_publish *p, const struct policy *y)
{
	static struct sts_args args;
	static struct sts_text patterns[STS_POLICY_MX_MAX];
	const struct sts_check_facts *facts;
	static char port[8]; /* args points to it */

	snprintf(port, sizeof port, "%u", (unsigned)p->port);
	args.source = p->source;
	args.word[0] = sts_publish_name(p);
	args.word_count = 1;
	args.port = port;
	for (unsigned i = 0; i < y->mx_count; i++) {
		patterns[i] = sts_text_of(y->mx[i]);
	}
	int rc = sts_check_hosts_try(&args, &facts);

	return rc != 0 ? rc
		       : sts_check_hosts_judge(facts, patterns, y->mx_count);
}

/*
 * Whether an enforce policy may go out: every MX host of the DNS must be in it,
 * and pass what it demands; a check that did not end by itself is no pass. 0,
 * or exit code.
 */
static int
judge_enforce(const struct sts_publish *p, const struct policy *y)
{
	if (p->unchecked) {
		return 0;
	}
	fflush(NULL);
	pid_t child = fork();

	if (child == 0) {
		int rc = try_hosts(p, y);

		fflush(NULL);
		_exit(rc);
	}
	int rc = child > 0 ? wait_for(child) : -1;

	if (rc < 0) {
		return sts_fail(STS_EXIT_FAILURE,
		    "publish: refused: the MX hosts cannot be tested");
	}
	return rc == 0 ? 0
		       : sts_fail(rc,
			     "publish: refused: with enforce, mail stops at an "
			     "MX host that fails (mtasts check %s says more; "
			     "--unchecked publishes all the same)",
			     sts_publish_name(p));
}

/* max_age: as given, or what suits the mode. 0, or exit code. */
static int
set_max_age(const struct sts_publish *p, struct policy *y)
{
	uint64_t v = y->mode == STS_MODE_ENFORCE ? ENFORCE_S : TESTING_S;

	if (p->max_age != NULL &&
	    (!sts_get_decimal(sts_text_of(p->max_age), 10, &v) ||
		v > STS_MAX_AGE_MAX || v == 0)) {
		return sts_publish_wrong(
		    "--max-age: expected seconds from 1 to 31557600",
		    p->max_age);
	}
	y->max_age_s = (uint32_t)v;
	return 0;
}

/* The file's text. */
static void
write_text(struct policy *y)
{
	size_t size = sizeof y->text;
	unsigned mx_count = y->mx_count;
	int n = snprintf(y->text, size, "version: STSv1\nmode: %s\n",
	    sts_mode_text(y->mode));

	for (unsigned i = 0; i < y->mx_count; i++) {
		n += snprintf(
		    y->text + n, size - (size_t)n, "mx: %s\n", y->mx[i]);
	}
	n += snprintf(y->text + n, size - (size_t)n, "max_age: %lu\n",
	    (unsigned long)y->max_age_s);
	STS_ASSERT((size_t)n < size);
	y->len = (size_t)n;
	enum sts_why why = parse(y);

	STS_ASSERT(why == STS_WHY_NONE && y->mx_count == mx_count);
}

/* 0, or exit code. */
static int
set_mode(const struct sts_publish *p, struct policy *y)
{
	for (unsigned m = STS_MODE_NONE; m <= STS_MODE_ENFORCE; m++) {
		y->mode = (enum sts_mode)m;
		if (strcmp(p->mode, sts_mode_text(y->mode)) == 0) {
			return 0;
		}
	}
	return sts_publish_wrong(
	    "--mode: expected testing, enforce or none", p->mode);
}

/* The hosts of the options, or of the DNS. 0, or exit code. */
static int
set_mx(const struct sts_publish *p, struct policy *y)
{
	int rc = 0;

	for (unsigned i = 0; rc == 0 && i < p->mx.count; i++) {
		rc = add_mx(y, p->mx.item[i]);
	}
	if (y->mode == STS_MODE_NONE) {
		y->mx_count = 0; /* RFC 8461 3.2: none are needed */
		return rc;
	}
	return rc == 0 && p->mx.count == 0 ? take_mx(p, y) : rc;
}

/* Make the policy that the options describe. 0, or exit code. */
static int
make_policy(const struct sts_publish *p, struct policy *y)
{
	memset(y, 0, sizeof *y);
	int rc = set_mode(p, y);

	rc = rc == 0 ? set_max_age(p, y) : rc;
	rc = rc == 0 ? set_mx(p, y) : rc;
	if (rc == 0) {
		write_text(y);
	}
	return rc;
}

/* ---- what the world sees ---- */

/* Whether the reason says that the policy host itself is wrong, and not that
 * it, or the DNS, could not be asked, or not to the end. */
static bool
is_definite(enum sts_why why)
{
	return why == STS_WHY_DNS_NXDOMAIN || why == STS_WHY_DNS_NODATA ||
	       (why >= STS_WHY_TXT_NONE && why <= STS_WHY_TXT_INVALID) ||
	       (why >= STS_WHY_TLS_ALERT && why <= STS_WHY_POLICY_NO_MX &&
		   why != STS_WHY_TLS_TRUNCATED &&
		   why != STS_WHY_HTTP_TRUNCATED && !sts_check_is_unknown(why));
}

/* Whether what is held is this policy; says what is not. */
static bool
same_policy(const struct sts_look *q, const struct sts_held *held,
    const struct policy *y)
{
	struct sts_patterns it;
	struct sts_text pattern;
	unsigned i = 0;
	bool same =
	    sts_text_same(sts_text(held->id, held->id_len), sts_text_of(y->id));

	if (!same) {
		printf("  id of the TXT record: %.*s, of the file: %s\n",
		    (int)held->id_len, (const char *)held->id, y->id);
	}
	if (held->entry.mode != y->mode ||
	    held->entry.max_age_s != y->max_age_s) {
		printf("  served: mode %s, max_age %lu; wanted: mode %s, "
		       "max_age %lu\n",
		    sts_mode_text((enum sts_mode)held->entry.mode),
		    (unsigned long)held->entry.max_age_s,
		    sts_mode_text(y->mode), (unsigned long)y->max_age_s);
		same = false;
	}
	sts_patterns_start(&it, sts_agent_cache(&q->agent), held->ref);
	while ((pattern = sts_patterns_next(&it)).n > 0) {
		if (i >= y->mx_count ||
		    !sts_text_same(pattern, sts_text_of(y->mx[i]))) {
			printf("  served: mx %.*s; wanted: %s\n",
			    (int)pattern.n, (const char *)pattern.p,
			    i < y->mx_count ? y->mx[i] : "no more");
			same = false;
		}
		i++;
	}
	for (; i < y->mx_count; i++) {
		printf("  wanted, and not served: mx %s\n", y->mx[i]);
		same = false;
	}
	return same;
}

/* --check: the exit code. */
static int
check(const struct sts_publish *p, const struct policy *y)
{
	static struct sts_look q;
	char why[STS_CONF_WHY_MAX];
	struct sts_held held;
	const char *name = sts_publish_name(p);

	if (!sts_conf_load(&q.conf, &p->source, why)) {
		return sts_fail(sts_exit_config(errno), "%s", why);
	}
	/* What the domain says, not what the operator does. */
	q.conf.dane = false;
	q.conf.preload[0] = '\0';
	q.conf.zones.overrides = 0;
	int rc = sts_look_start(&q);

	if (rc != 0) {
		return rc;
	}
	int slot = sts_look_ask(&q, "", name);
	enum sts_why because =
	    (enum sts_why)sts_ask_answer(&q.agent, slot)->why;
	bool found = sts_agent_held(&q.agent,
			 sts_text(p->name.domain, p->name.len), &held) &&
		     held.live;

	if (!found) {
		bool definite = is_definite(because);

		printf("%s: %s: %s (%s)\n", name,
		    definite ? "no policy is published"
			     : "cannot tell what is published",
		    sts_why_text(because), sts_why_token(because));
		return definite ? STS_EXIT_NONE : STS_EXIT_UNKNOWN;
	}
	bool same = same_policy(&q, &held, y);

	printf("%s: the DNS and the policy host %s\n", name,
	    same ? "say the same" : "say something else");
	return same ? STS_EXIT_YES : STS_EXIT_NONE;
}

/* ---- what is to be done ---- */

static void
steps_none(struct sts_publish_out *o, const struct sts_publish *p,
    const struct policy *old)
{
	const char *name = sts_publish_name(p);

	sts_publish_step(o,
	    "Serve this file, then publish the record below, with its new id.");
	if (old->len > 0 && old->mode != STS_MODE_NONE) {
		sts_publish_step(o,
		    "Wait %lu s (the max_age of the policy until now): senders "
		    "may hold it for that long.",
		    (unsigned long)old->max_age_s);
	} else {
		sts_publish_step(o,
		    "Wait as long as the max_age of the policy until now: "
		    "senders may hold it for that long (at most 31557600 s).");
	}
	sts_publish_step(o,
	    "Then remove the TXT record (mtasts publish sts %s --remove), then "
	    "the file, then the host mta-sts.%s.",
	    name, name);
}

static void
steps_policy(struct sts_publish_out *o, const struct sts_publish *p,
    const struct policy *y, const struct policy *old)
{
	const char *name = sts_publish_name(p);

	sts_publish_step(o,
	    "Serve this file at https://mta-sts.%s/.well-known/mta-sts.txt, "
	    "with a certificate for mta-sts.%s (mtasts publish sts %s --server "
	    "nginx --out FILE prints the lines).",
	    name, name, name);
	sts_publish_step(o,
	    "Only then publish the record below: a sender that sees the new id "
	    "fetches the file at once (RFC 8461 8.1).");
	sts_publish_step(o,
	    "Wait %lu s (the TTL), then compare: mtasts publish sts %s --out "
	    "FILE --check.",
	    (unsigned long)p->ttl_s, name);
	if (y->mode == STS_MODE_TESTING) {
		sts_publish_step(o,
		    "Read reports (mtasts publish tlsrpt) for two weeks; then "
		    "--mode enforce.");
	} else {
		sts_publish_step(o,
		    "To add an MX host: add it to the policy, wait %lu s (the "
		    "TTL) and a day, then add it to the DNS. To remove one: "
		    "remove it from the DNS, wait %lu s (max_age), then remove "
		    "it from the policy.",
		    (unsigned long)p->ttl_s, (unsigned long)y->max_age_s);
	}
	if (y->mode == STS_MODE_ENFORCE && old->len == 0) {
		sts_publish_step(o,
		    "No policy in testing was found here: two weeks of "
		    "testing with reports should come first.");
	}
}

static int
print(const struct sts_publish *p, const struct policy *y,
    const struct policy *old, bool changed)
{
	static struct sts_publish_out o;
	static char owner[STS_NAME_MAX + 16], txt[TXT_MAX];
	const char *content = txt;

	snprintf(owner, sizeof owner, "_mta-sts.%s", sts_publish_name(p));
	snprintf(txt, sizeof txt, "v=STSv1; id=%s;", y->id);
	sts_publish_begin(&o, p, "sts");
	sts_publish_fact(&o, "id", y->id);
	if (p->out != NULL) {
		sts_publish_fact(&o, "file", changed ? "written" : "unchanged");
	}
	sts_publish_fact(&o, "policy", y->text);
	if (y->mode == STS_MODE_NONE) {
		steps_none(&o, p, old);
	} else {
		steps_policy(&o, p, y, old);
	}
	sts_publish_records(&o, owner, "TXT", p->ttl_s, &content, 1);
	sts_publish_end(&o);
	if (y->max_age_s < DAY_S) {
		fprintf(stderr,
		    "mtasts: publish: max_age is below a day: such a policy "
		    "protects little (RFC 8461 10.2)\n");
	}
	return STS_EXIT_YES;
}

/* --remove: the record goes when nobody holds an enforced policy any more. */
static int
remove_record(const struct sts_publish *p, const struct policy *old)
{
	static struct sts_publish_out o;
	static char owner[STS_NAME_MAX + 16];

	if (!p->unchecked && (old->len == 0 || old->mode != STS_MODE_NONE)) {
		return sts_fail(STS_EXIT_NONE,
		    "publish: refused: senders that hold the policy go on "
		    "enforcing it until it expires. First --mode none, and "
		    "wait; then name that file by --out (or say --unchecked)");
	}
	snprintf(owner, sizeof owner, "_mta-sts.%s", sts_publish_name(p));
	sts_publish_begin(&o, p, "sts");
	sts_publish_step(&o, "Remove the record below.");
	sts_publish_step(&o,
	    "Wait %lu s (its TTL), then remove the file and the host "
	    "mta-sts.%s.",
	    (unsigned long)p->ttl_s, sts_publish_name(p));
	sts_publish_records(&o, owner, "TXT", p->ttl_s, NULL, 0);
	sts_publish_end(&o);
	return STS_EXIT_YES;
}

/* Write the file and print the rest. The exit code. */
static int
publish(const struct sts_publish *p, const struct policy *old)
{
	static struct policy y;
	bool changed = false;
	int rc = make_policy(p, &y);

	if (rc == 0 && p->check) {
		return check(p, &y);
	}
	if (rc == 0 && y.mode == STS_MODE_ENFORCE) {
		rc = judge_enforce(p, &y);
	}
	if (rc != 0) {
		return rc;
	}
	if (p->out != NULL) {
		const char *problem = sts_publish_write(
		    p->out, sts_text((const uint8_t *)y.text, y.len), &changed);

		if (problem != NULL) {
			return sts_fail(STS_EXIT_FAILURE,
			    changed ? "publish: the policy's file is written, "
				      "but perhaps not to the disk: %s"
				    : "publish: the policy's file is as it "
				      "was: %s",
			    problem);
		}
	}
	return print(p, &y, old, changed);
}

/* The policy that the file of --out has until now; old->len 0: there is none.
 * 0, or exit code. */
static int
read_old(const struct sts_publish *p, struct policy *old)
{
	if (p->out == NULL) {
		return 0;
	}
	const char *problem = read_policy(old, p->out);

	if (problem != NULL && errno != ENOENT) {
		return sts_fail(STS_EXIT_CONFIG,
		    "publish: the file of --out exists and is not a policy: %s",
		    problem);
	}
	old->len = problem == NULL ? old->len : 0;
	return 0;
}

int
sts_publish_sts(struct sts_publish *p)
{
	static struct policy old;

	if (p->server != NULL) {
		return sts_publish_server(p);
	}
	int rc = read_old(p, &old);

	if (rc != 0) {
		return rc;
	}
	if (p->remove) {
		return remove_record(p, &old);
	}
	if (p->mode != NULL) {
		return publish(p, &old);
	}
	return p->check && old.len > 0
		   ? check(p, &old)
		   : sts_publish_wrong(
			 "which mode? --mode testing, enforce or none", "");
}
