/* SPDX-License-Identifier: MIT */
/* The mail hosts of the domains, and what goes wrong with their zones. */
#include <stdio.h>
#include <string.h>

#include "../mem/dnspeer.h"
#include "mail.h"

/* What a host's name is an alias of, and which name has its TLSA records. */
enum alias {
	ALIAS_NONE,
	ALIAS_EXPANDED, /* TLSA records at the end of the alias */
	ALIAS_ORIGINAL, /* at the host's own name */
	ALIAS_OUTSIDE, /* the same, with the end in an unsigned zone */
	ALIASES
};

struct mail {
	bool is_signed;
	unsigned count;
	uint32_t ttl_s;
	struct {
		enum alias alias;
		bool is_signed, tlsa;
	} host[MAIL_HOSTS];
};

static struct mail mails[SITES];

static void
begin_site(struct mail *m, struct draw *d)
{
	static const uint32_t ttls[] = { 30, 60, 300, 300, 1800, 86400 };
	bool dane = draw_percent(d, 55);
	unsigned i;

	m->is_signed = dane ? draw_percent(d, 85) : draw_percent(d, 40);
	m->count = 1 + draw_below(d, MAIL_MX);
	m->ttl_s = ttls[draw_below(d, sizeof ttls / sizeof *ttls)];
	for (i = 0; i < MAIL_HOSTS; i++) {
		m->host[i].is_signed = dane || draw_percent(d, 30);
		m->host[i].tlsa = dane && draw_percent(d, 90);
		m->host[i].alias =
		    draw_percent(d, 25) ? draw_below(d, ALIASES) : ALIAS_NONE;
	}
	m->host[MAIL_EXTRA].tlsa = false;
	m->host[MAIL_SELF].alias = ALIAS_NONE;
}

void
mail_begin(uint64_t seed, unsigned site_count)
{
	unsigned i;

	memset(mails, 0, sizeof mails);
	for (i = 0; i < site_count; i++) {
		struct draw d = draw_begin(seed, "mail", i);

		begin_site(&mails[i], &d);
	}
}

uint32_t
mail_ttl_s(const struct site *s)
{
	return mails[s->index].ttl_s;
}

/* What is wrong now. */

/* A question about a domain at a moment. */
struct moment {
	const struct faults *f;
	const struct site *s;
	const struct mail *m;
	int64_t now;
};

static struct moment
at(const struct faults *f, const struct site *s, int64_t now)
{
	struct moment t = { f, s, &mails[s->index], now };

	return t;
}

/* The kind, of `kinds`, of an episode of this class that strikes the domain, or
 * -1. */
static int
struck(const struct moment *t, enum fault_class c, unsigned kinds)
{
	const struct episode *e = fault_now(t->f, c, (int)t->s->index, t->now);

	return e == NULL ? -1 : (int)(e->kind % kinds);
}

enum {
	BOGUS_ALL,
	BOGUS_MX,
	BOGUS_ADDRESS,
	BOGUS_TLSA,
	BOGUS_TLSA_SILENT,
	BOGUSES
};

enum {
	INSECURE_ALL,
	INSECURE_HOSTS,
	INSECURE_MX,
	INSECURES
};

enum {
	BACKUP_ADDRESS,
	BACKUP_TLSA,
	BACKUP_SILENT,
	BACKUPS
};

enum {
	ROLLED_BOTH, /* the old one and the new one */
	ROLLED_DIGEST, /* with a stronger digest beside */
	ROLLED_PKIX, /* to a usage that is none for SMTP */
	ROLLED_CUT, /* to a digest that is cut off */
	ROLLS
};

enum {
	MX_MORE, /* one more, without TLSA records */
	MX_LAST, /* only the last one is left */
	MX_NULL,
	MX_IMPLICIT,
	MX_GONE, /* no such domain */
	MX_CHANGES
};

static bool
is_mx_signed(const struct moment *t)
{
	int kind = struck(t, FAULT_INSECURE, INSECURES);

	return t->m->is_signed && struck(t, FAULT_NO_AD, 1) < 0 &&
	       (kind < 0 || kind == INSECURE_HOSTS);
}

static bool
is_host_signed(const struct moment *t, unsigned i)
{
	int kind = struck(t, FAULT_INSECURE, INSECURES);

	return t->m->host[i].is_signed && struck(t, FAULT_NO_AD, 1) < 0 &&
	       (kind < 0 || kind == INSECURE_MX);
}

/* Whether the host is a backup that an episode strikes. */
static int
backup(const struct moment *t, unsigned i)
{
	return t->m->count > 1 && i == t->m->count - 1
		   ? struck(t, FAULT_BACKUP, BACKUPS)
		   : -1;
}

enum failing {
	WORKS,
	FAILS, /* SERVFAIL, as a validator answers for bogus data */
	SILENT
};

static enum failing
mx_fails(const struct moment *t)
{
	int kind = struck(t, FAULT_BOGUS, BOGUSES);

	return kind == BOGUS_ALL || kind == BOGUS_MX ? FAILS : WORKS;
}

static enum failing
address_fails(const struct moment *t, unsigned i)
{
	int kind = struck(t, FAULT_BOGUS, BOGUSES);

	if (kind == BOGUS_ALL || kind == BOGUS_ADDRESS ||
	    backup(t, i) == BACKUP_ADDRESS) {
		return FAILS;
	}
	return backup(t, i) == BACKUP_SILENT ? SILENT : WORKS;
}

static enum failing
tlsa_fails(const struct moment *t, unsigned i)
{
	int kind = struck(t, FAULT_BOGUS, BOGUSES);

	if (kind == BOGUS_ALL || kind == BOGUS_TLSA ||
	    backup(t, i) == BACKUP_TLSA) {
		return FAILS;
	}
	return kind == BOGUS_TLSA_SILENT ? SILENT : WORKS;
}

/* The TLSA records of a host; returns their number. */
static unsigned
tlsa_records(const struct moment *t, unsigned i, const char *value[2])
{
	int removed = struck(t, FAULT_TLSA_REMOVED, 2);
	bool rolled = true;

	if (!t->m->host[i].tlsa || removed == 0 || (removed == 1 && i == 0)) {
		return 0;
	}
	value[0] = "3 1 1";
	value[1] = "3 1 1";
	switch (struck(t, FAULT_TLSA_ROLLED, ROLLS)) {
	case ROLLED_BOTH:
		break;
	case ROLLED_DIGEST:
		value[1] = "3 1 2";
		break;
	case ROLLED_PKIX:
		value[0] = value[1] = "1 1 1";
		break;
	case ROLLED_CUT:
		value[0] = "3 1 1 31";
		value[1] = "3 1 2 32";
		break;
	default:
		rolled = false;
		break;
	}
	return rolled ? 2 : 1;
}

/* The hosts that the MX records name, as bits; 0: *none is the kind of
 * absence. */
static unsigned
mx_hosts(const struct moment *t, int *none)
{
	unsigned all = (1U << t->m->count) - 1;

	*none = struck(t, FAULT_MX_CHANGED, MX_CHANGES);
	switch (*none) {
	case MX_MORE:
		return all | 1U << MAIL_EXTRA;
	case MX_LAST:
		return 1U << (t->m->count - 1);
	case MX_NULL:
	case MX_IMPLICIT:
	case MX_GONE:
		return 0;
	default:
		return all;
	}
}

/* Names. */

struct site *
mail_site(struct site *sites, unsigned count, const char *name, unsigned type)
{
	static const char tlsa[] = "_25._tcp.";
	size_t n = strlen(name);
	unsigned i;

	if (type == DNSPEER_TLSA) {
		if (strncmp(name, tlsa, sizeof tlsa - 1) != 0) {
			return NULL;
		}
		name += sizeof tlsa - 1;
		n -= sizeof tlsa - 1;
	}
	for (i = 0; i < count; i++) {
		size_t d = strlen(sites[i].domain);

		if (n >= d && strcmp(name + n - d, sites[i].domain) == 0 &&
		    (n == d || (type != DNSPEER_MX && name[n - d - 1] == '.' &&
				   (strncmp(name, "mx", 2) == 0 ||
				       strncmp(name, "real", 4) == 0)))) {
			return &sites[i];
		}
	}
	return NULL;
}

static void
name_host(char out[SITE_NAME], const struct site *s, unsigned i, bool real)
{
	if (i == MAIL_SELF) {
		snprintf(out, SITE_NAME, "%s", s->domain);
	} else {
		snprintf(out, SITE_NAME, "%s%u.%s", real ? "real" : "mx", i,
		    s->domain);
	}
}

/* The number of the host of this name; *real: it is the end of an alias. */
static unsigned
number(const struct site *s, const char *name, bool *real)
{
	char host[SITE_NAME];
	unsigned i;

	for (i = 0; i < MAIL_HOSTS; i++) {
		name_host(host, s, i, false);
		*real = strcmp(name, host) != 0;
		if (!*real) {
			return i;
		}
		name_host(host, s, i, true);
		if (strcmp(name, host) == 0) {
			return i;
		}
	}
	return MAIL_SELF;
}

/* Answers. */

static void
add(struct mail_answer *out, const char *name, unsigned type, const char *value)
{
	unsigned i = out->count++;

	snprintf(out->record[i].name, SITE_NAME, "%s", name);
	snprintf(out->record[i].value, SITE_NAME, "%s", value);
	out->record[i].type = type;
}

/* Whether the question fails; then *out has the failure. */
static bool
fail(struct mail_answer *out, enum failing how)
{
	out->silent = how == SILENT;
	out->rcode = how == FAILS ? 2 : 0;
	out->ad = out->ad && how == WORKS;
	return how != WORKS;
}

static void
answer_mx(const struct moment *t, struct mail_answer *out)
{
	char name[SITE_NAME], value[SITE_NAME];
	unsigned i, hosts;
	int none;

	out->ad = is_mx_signed(t);
	if (fail(out, mx_fails(t))) {
		return;
	}
	hosts = mx_hosts(t, &none);
	for (i = 0; i < MAIL_HOSTS; i++) {
		if ((hosts & 1U << i) != 0) {
			name_host(name, t->s, i, false);
			snprintf(value, sizeof value, "%u %.80s", 10 + i, name);
			add(out, t->s->domain, DNSPEER_MX, value);
		}
	}
	if (hosts == 0 && none == MX_NULL) {
		add(out, t->s->domain, DNSPEER_MX, "0 .");
	} else if (hosts == 0 && none == MX_GONE) {
		out->rcode = 3;
	}
}

static void
answer_address(const struct moment *t, unsigned i, const char *name,
    unsigned type, struct mail_answer *out)
{
	enum alias alias = t->m->host[i].alias;
	char real[SITE_NAME];

	out->ad = is_host_signed(t, i) &&
		  (alias != ALIAS_OUTSIDE || type == DNSPEER_CNAME);
	if (fail(out, address_fails(t, i))) {
		return;
	}
	name_host(real, t->s, i, true);
	if (alias != ALIAS_NONE) {
		add(out, name, DNSPEER_CNAME, real);
	}
	if (type == DNSPEER_A) {
		char value[SITE_NAME];

		snprintf(value, sizeof value, "198.18.%u.%u", t->s->index, i);
		add(out, alias != ALIAS_NONE ? real : name, type, value);
	}
}

static void
answer_tlsa(const struct moment *t, unsigned i, bool real, const char *name,
    struct mail_answer *out)
{
	enum alias alias = t->m->host[i].alias;
	const char *value[2];
	unsigned k, n;

	out->ad = is_host_signed(t, i) && !(real && alias == ALIAS_OUTSIDE);
	if (fail(out, tlsa_fails(t, i))) {
		return;
	}
	n = real == (alias == ALIAS_EXPANDED) ? tlsa_records(t, i, value) : 0;
	for (k = 0; k < n; k++) {
		add(out, name, DNSPEER_TLSA, value[k]);
	}
}

void
mail_answer(const struct faults *f, const struct site *s, const char *name,
    unsigned type, int64_t now, struct mail_answer *out)
{
	struct moment t = at(f, s, now);
	const char *host = type == DNSPEER_TLSA ? strchr(name, '.') + 1 : name;
	bool real = false;
	unsigned i;

	memset(out, 0, sizeof *out);
	out->ttl_s = t.m->ttl_s;
	if (type == DNSPEER_MX) {
		answer_mx(&t, out);
		return;
	}
	if (type == DNSPEER_TLSA) {
		host = strchr(host, '.') + 1;
	}
	i = number(s, host, &real);
	if (type == DNSPEER_TLSA) {
		answer_tlsa(&t, i, real, name, out);
	} else {
		answer_address(&t, i, name, type, out);
	}
}

/* The truth. */

static enum mail_host
view_host(const struct moment *t, unsigned i)
{
	const char *value[2];
	unsigned n;

	if (address_fails(t, i) != WORKS) {
		return MAIL_HOST_UNKNOWN;
	}
	/* An alias in a signed zone counts, wherever its end is. */
	if (!is_host_signed(t, i)) {
		return MAIL_HOST_NONE;
	}
	if (tlsa_fails(t, i) != WORKS) {
		return MAIL_HOST_UNKNOWN;
	}
	n = tlsa_records(t, i, value);
	if (n == 0) {
		return MAIL_HOST_NONE;
	}
	return strcmp(value[0], "3 1 1") == 0 ? MAIL_HOST_USABLE
					      : MAIL_HOST_UNUSABLE;
}

struct mail_view
mail_view(const struct faults *f, const struct site *s, int64_t now)
{
	struct moment t = at(f, s, now);
	struct mail_view v;
	unsigned i;
	int none;

	memset(&v, 0, sizeof v);
	v.hosts = mx_hosts(&t, &none);
	v.mx = is_mx_signed(&t) ? MAIL_MX_SECURE : MAIL_MX_INSECURE;
	if (mx_fails(&t) != WORKS) {
		v.mx = MAIL_MX_UNKNOWN;
	} else if (v.hosts == 0 && none == MX_IMPLICIT) {
		v.hosts = 1U << MAIL_SELF;
	} else if (v.hosts == 0) {
		v.mx = MAIL_MX_NONE;
	}
	for (i = 0; i < MAIL_HOSTS; i++) {
		v.host[i] = (uint8_t)view_host(&t, i);
	}
	return v;
}
