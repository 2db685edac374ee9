/* SPDX-License-Identifier: MIT */
/*
 * mtasts publish: what the files of the command share. It prints steps, in the
 * order in which they are to be done (RFC 8461 8.1, 8.3; RFC 7671 8.1), then
 * the records to publish.
 */
#ifndef STS_PUBLISH_H
#define STS_PUBLISH_H

#include "../../core/grammar/domain.h"
#include "../../core/grammar/policy.h"
#include "commands.h"
#include "dns_ask.h"

enum {
	STS_PUBLISH_LIST_MAX = 64, /* --mx, --rua, --cert: of each */
	STS_PUBLISH_FILE_MAX = 65536, /* octets of a policy (RFC 8461 3.3) */
	STS_PUBLISH_ID = 16, /* hexadecimal digits */
	STS_PUBLISH_TTL_S = 3600,
	STS_PUBLISH_RECORDS_MAX = 32,
	STS_PUBLISH_RDATA_MAX = 4096
};

enum sts_publish_format {
	STS_PUBLISH_ZONE = 0, /* lines of a zone file, names absolute */
	STS_PUBLISH_NSUPDATE,
	STS_PUBLISH_PDNS, /* pdnsutil */
	STS_PUBLISH_JSON
};

struct sts_publish_list {
	unsigned count;
	const char *item[STS_PUBLISH_LIST_MAX];
};

/* The command line. */
struct sts_publish {
	struct sts_conf_source source;
	const char *option[STS_OPTIONS_MAX];
	struct sts_key name; /* DOMAIN or HOST, in A-labels */
	const char *mode, *max_age, *out, *server, *zone;
	const char *next, *usage, *certificate, *key;
	uint32_t ttl_s, port;
	enum sts_publish_format format;
	struct sts_publish_list mx, rua, cert;
	bool check, remove, unchecked;
};

/* The name, which ends in NUL. */
static inline const char *
sts_publish_name(const struct sts_publish *p)
{
	return (const char *)p->name.domain;
}

/* publish_sts.c, publish_tlsrpt.c, publish_tlsa.c: the exit code. */
int sts_publish_sts(struct sts_publish *p);
int sts_publish_tlsrpt(struct sts_publish *p);
int sts_publish_tlsa(struct sts_publish *p);

/* publish.c */
/* "mtasts: publish: what: \"text\"", the text escaped. The usage exit code. */
int sts_publish_wrong(const char *what, const char *text);
/* The name servers of the configuration, for what strangers answer: the rights
 * that this does not need are given up. 0, or exit code. */
int sts_publish_servers(
    const struct sts_publish *p, struct sts_dns_servers *servers);
/* Say whether what the DNS has for an owner is exactly these contents, in any
 * order (as in struct sts_dns_asked). The exit code of --check. */
int sts_publish_compare(const struct sts_publish *p, const char *prefix,
    uint16_t type, const struct sts_text *want, unsigned count);

/* publish_file.c */
/*
 * Put the text into the file, all of it or nothing of it: written beside it,
 * made durable, renamed over it; its owner, group and mode stay. NULL, or what
 * failed, and the file is as it was, unless *changed: it holds the text and held
 * something else, but the folder may not be on the disk.
 */
const char *sts_publish_write(
    const char *path, struct sts_text text, bool *changed);
/* Read a whole file. NULL and *n; or what failed (errno ENOENT: no file). */
const char *sts_publish_read(
    const char *path, uint8_t *buf, size_t size, size_t *n);

/* publish_server.c: print the lines of a web server's configuration. The exit
 * code. */
int sts_publish_server(const struct sts_publish *p);

/* publish_out.c */
struct sts_publish_out {
	/* Private. */
	enum sts_publish_format format;
	const char *zone;
	unsigned steps, records;
};

void sts_publish_begin(
    struct sts_publish_out *o, const struct sts_publish *p, const char *what);
/* A member of the JSON object, or a comment "name: value". */
void sts_publish_fact(
    struct sts_publish_out *o, const char *name, const char *value);
/* The next thing to do, numbered. Before the records. */
#if defined(__GNUC__)
__attribute__((format(printf, 2, 3)))
#endif
void
sts_publish_step(struct sts_publish_out *o, const char *format, ...);
/*
 * All records of one type that owner (without a final dot) is to have; 0: none
 * any more. content: of TXT the text, which is quoted and split here; of
 * others as a zone file has it.
 */
void sts_publish_records(struct sts_publish_out *o, const char *owner,
    const char *type, uint32_t ttl_s, const char *const *content,
    unsigned count);
void sts_publish_end(struct sts_publish_out *o);

#endif
