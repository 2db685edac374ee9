/* SPDX-License-Identifier: MIT */
/*
 * mtasts publish tlsa: TLSA records of a mail host (RFC 7672 3.1), made of
 * certificates and keys in files. From the files and not from the live server,
 * since what an attacker answers in its place would be published as genuine.
 *
 * Invariants: all records have one usage, 3 or 2, selector 1 and SHA-256, which
 * every sender can use; each key is there once. Which certificate of a file is
 * the server's must be certain: with more than one candidate nothing is
 * published. The steps keep one rule: the server gets another key only when
 * that key's record has been in the DNS for twice the TTL, or mail would stop.
 */
#define _POSIX_C_SOURCE 200809L

#include <stdio.h>
#include <string.h>

#include "../../core/base/text.h"
#include "../../port/posix/posix.h"
#include "publish.h"
#include "spki.h"

enum {
	RDATA = 3 + STS_SPKI_HASH,
	CONTENT = 2 * STS_SPKI_HASH + 8,
	USAGE_TA = 2, /* a CA of the chain that the server sends */
	USAGE_EE = 3 /* the server's own key */
};

/* The records, wire form and text. */
struct records {
	unsigned count;
	uint8_t usage;
	uint8_t rdata[STS_PUBLISH_RECORDS_MAX][RDATA];
	char content[STS_PUBLISH_RECORDS_MAX][CONTENT];
};

/* Add the record of a key, once. False: there is no room. */
static bool
add(struct records *r, const struct sts_spki *k)
{
	uint8_t rdata[RDATA] = { r->usage, 1, 1 };

	memcpy(rdata + 3, k->hash, STS_SPKI_HASH);
	for (unsigned i = 0; i < r->count; i++) {
		if (memcmp(r->rdata[i], rdata, RDATA) == 0) {
			return true;
		}
	}
	if (r->count == STS_PUBLISH_RECORDS_MAX) {
		return false;
	}
	char *to = r->content[r->count];
	int n = snprintf(to, CONTENT, "%u 1 1 ", (unsigned)r->usage);

	for (size_t i = 0; i < STS_SPKI_HASH; i++) {
		n += snprintf(
		    to + n, CONTENT - (size_t)n, "%02x", (unsigned)k->hash[i]);
	}
	memcpy(r->rdata[r->count++], rdata, RDATA);
	return true;
}

static int
wrong_file(const char *path, const char *why)
{
	char shown[STS_CONF_PATH_MAX + 1];

	sts_log_quote(sts_text_of(path), shown, sizeof shown);
	return sts_fail(STS_EXIT_CONFIG, "publish: %s: %s", shown, why);
}

/* 0, or exit code. */
static int
read_file(const struct sts_publish *p, const char *path, struct sts_spkis *keys)
{
	static uint8_t buf[STS_SPKI_FILE_MAX];
	char why[STS_SPKI_WHY_MAX];
	size_t n;
	const char *problem = sts_publish_read(path, buf, sizeof buf, &n);

	if (problem != NULL) {
		return wrong_file(path, problem);
	}
	return sts_spki_read(keys, sts_text(buf, n),
		   sts_text(p->name.domain, p->name.len), why)
		   ? 0
		   : wrong_file(path, why);
}

static void
note_end(const char *path, const struct sts_spki *k)
{
	int64_t now = sts_posix_wall_s();

	if (k->certificate && now >= 0 && k->not_after_s < now) {
		fprintf(stderr,
		    "mtasts: publish: %s: its certificate has expired: DANE "
		    "(3 1 1) does not mind, an MTA-STS policy does\n",
		    path);
	}
}

/* The one key of a server: of a bundle the certificate that is no CA's. 0, or
 * exit code. */
static int
add_leaf(struct records *r, const char *path, const struct sts_spkis *keys)
{
	const struct sts_spki *leaf = &keys->item[0];
	unsigned leaves = 0;

	for (unsigned i = 0; keys->count > 1 && i < keys->count; i++) {
		if (!keys->item[i].ca) {
			leaf = &keys->item[i];
			leaves++;
		}
	}
	if (keys->count > 1 && leaves != 1) {
		char why[STS_SPKI_WHY_MAX];

		snprintf(why, sizeof why,
		    "which is the server's own? Of %u blocks %u are not of a "
		    "CA: give a file with one server's certificate (and its "
		    "chain)",
		    keys->count, leaves);
		return wrong_file(path, why);
	}
	note_end(path, leaf);
	return add(r, leaf) ? 0 : wrong_file(path, "too many records");
}

/* The CAs of a bundle. 0, or exit code. */
static int
add_cas(struct records *r, const char *path, const struct sts_spkis *keys)
{
	bool any = false;

	for (unsigned i = 0; i < keys->count; i++) {
		if (keys->item[i].ca && !add(r, &keys->item[i])) {
			return wrong_file(path, "too many records");
		}
		any = any || keys->item[i].ca;
		if (keys->item[i].certificate && !keys->item[i].ca &&
		    !keys->item[i].names_host) {
			fprintf(stderr,
			    "mtasts: publish: the server's certificate is for "
			    "another name: with usage 2 it has to be for the "
			    "host's\n");
		}
	}
	return any ? 0
		   : wrong_file(path,
			 "for usage 2 a CA's certificate is needed, and it "
			 "has none");
}

static int
add_file(const struct sts_publish *p, struct records *r, const char *path)
{
	static struct sts_spkis keys;
	int rc = read_file(p, path, &keys);

	if (rc != 0) {
		return rc;
	}
	return r->usage == USAGE_TA ? add_cas(r, path, &keys)
				    : add_leaf(r, path, &keys);
}

/* 0, or exit code. */
static int
set_usage(const struct sts_publish *p, struct records *r)
{
	r->usage = USAGE_EE;
	if (p->usage == NULL) {
		return 0;
	}
	if (strcmp(p->usage, "2") != 0 && strcmp(p->usage, "3") != 0) {
		return sts_publish_wrong(
		    "--usage: expected 3 (the server's key) or 2 (a CA's); "
		    "mail servers do not take 0 and 1",
		    p->usage);
	}
	r->usage = p->usage[0] == '2' ? USAGE_TA : USAGE_EE;
	return 0;
}

/* The key that comes next must be another one. 0, or exit code. */
static int
add_next(const struct sts_publish *p, struct records *r)
{
	unsigned current = r->count;
	int rc = p->next != NULL ? add_file(p, r, p->next) : 0;

	if (rc == 0 && p->next != NULL && r->count == current) {
		rc = wrong_file(p->next,
		    "this is the key of --cert: a roll-over needs another one");
	}
	return rc;
}

/* All that the options ask for. 0, or exit code. */
static int
make_records(const struct sts_publish *p, struct records *r)
{
	int rc = set_usage(p, r);

	if (rc == 0 && p->cert.count == 0 && !p->remove) {
		return sts_publish_wrong(
		    "which key? --cert FILE, a certificate or public key in "
		    "PEM (what the live server answers proves nothing; mtasts "
		    "check --mx HOST shows it, to be compared)",
		    "");
	}
	for (unsigned i = 0; rc == 0 && i < p->cert.count; i++) {
		rc = add_file(p, r, p->cert.item[i]);
	}
	return rc == 0 ? add_next(p, r) : rc;
}

static void
steps_remove(struct sts_publish_out *o, const struct sts_publish *p)
{
	sts_publish_step(o,
	    "Leave the server as it is, and remove the records below first: "
	    "STARTTLS and the key must go on matching them until no sender "
	    "holds them any more.");
	sts_publish_step(o,
	    "Wait %lu s (twice their TTL), counted from when every name server "
	    "has the change.",
	    2UL * p->ttl_s);
	sts_publish_step(o, "Only then change the key or switch TLS off.");
}

static void
steps_next(struct sts_publish_out *o, const struct sts_publish *p)
{
	sts_publish_step(o,
	    "Publish the records below: the key in use and the next one. The "
	    "server keeps the key in use.");
	sts_publish_step(o,
	    "Wait %lu s (twice the TTL), counted from when every name server "
	    "has them; compare: mtasts publish tlsa %s ... --check.",
	    2UL * p->ttl_s, sts_publish_name(p));
	sts_publish_step(o, "Give the server the next key.");
	sts_publish_step(o,
	    "Then drop the old record: mtasts publish tlsa %s --cert FILE, "
	    "with the file that was --next.",
	    sts_publish_name(p));
}

static void
steps_first(struct sts_publish_out *o, const struct sts_publish *p,
    const struct records *r)
{
	sts_publish_step(o,
	    "The server must use this key already, and the zone of %s, and "
	    "that of its domains, be signed with DNSSEC: else the records do "
	    "not count.",
	    sts_publish_name(p));
	if (r->usage == USAGE_TA) {
		sts_publish_step(o,
		    "The server must send the CA's certificate, and its own be "
		    "for the name %s and not expired. A CA that issues from "
		    "several certificates in turn needs a record for each.",
		    sts_publish_name(p));
	}
	sts_publish_step(o, "Publish the records below.");
	sts_publish_step(o,
	    "Wait %lu s (the TTL), then compare: mtasts publish tlsa %s ... "
	    "--check.",
	    (unsigned long)p->ttl_s, sts_publish_name(p));
	if (r->usage == USAGE_EE) {
		sts_publish_step(o,
		    "Renew certificates with the same key (certbot: reuse_key "
		    "= True), else mail stops at the next renewal. Before the "
		    "key changes: mtasts publish tlsa %s --cert ... --next "
		    "NEW-KEY-OR-CERTIFICATE.",
		    sts_publish_name(p));
	}
}

int
sts_publish_tlsa(struct sts_publish *p)
{
	static struct records r;
	static struct sts_publish_out o;
	static char owner[STS_NAME_MAX + 16], prefix[24];
	const char *content[STS_PUBLISH_RECORDS_MAX];
	struct sts_text want[STS_PUBLISH_RECORDS_MAX];
	int rc = make_records(p, &r);

	if (rc != 0) {
		return rc;
	}
	r.count = p->remove ? 0 : r.count;
	for (unsigned i = 0; i < r.count; i++) {
		content[i] = r.content[i];
		want[i] = sts_text(r.rdata[i], RDATA);
	}
	snprintf(prefix, sizeof prefix, "_%lu._tcp", (unsigned long)p->port);
	if (p->check) {
		return sts_publish_compare(
		    p, prefix, STS_DNS_TLSA, want, r.count);
	}
	snprintf(owner, sizeof owner, "%s.%s", prefix, sts_publish_name(p));
	sts_publish_begin(&o, p, "tlsa");
	if (p->remove) {
		steps_remove(&o, p);
	} else if (p->next != NULL) {
		steps_next(&o, p);
	} else {
		steps_first(&o, p, &r);
	}
	sts_publish_records(&o, owner, "TLSA", p->ttl_s, content, r.count);
	sts_publish_end(&o);
	return STS_EXIT_YES;
}
