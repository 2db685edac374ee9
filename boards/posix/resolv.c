/* SPDX-License-Identifier: MIT */
/* The system's name servers. */
#define _POSIX_C_SOURCE 200809L

#include <errno.h>
#include <string.h>

#include "../../core/base/text.h"
#include "../../port/posix/addr.h"
#include "lines.h"
#include "resolv.h"

enum {
	DNS_PORT = 53
};

static bool
is_text(const struct sts_addr *a, const char *ip)
{
	struct sts_addr b;

	return sts_addr_parse(sts_text_of(ip), &b) && a->af == b.af &&
	       memcmp(a->ip, b.ip, a->af == STS_AF_INET ? 4 : 16) == 0;
}

bool
sts_resolv_trusted(const struct sts_addr *a)
{
	return is_text(a, "127.0.0.1") || is_text(a, "::1") ||
	       is_text(a, "127.0.0.53");
}

static void
add_server(struct sts_dns_servers *s, struct sts_addr a)
{
	if (s->count < STS_DNS_SERVERS_MAX) {
		a.port = DNS_PORT;
		s->addr[s->count] = a;
		s->trusted[s->count] = sts_resolv_trusted(&a);
		s->count++;
	}
}

static bool
has_word(struct sts_text line, const char *word)
{
	while (line.n > 0) {
		if (sts_text_is(
			sts_text_word(&line, STS_BLANK_CONTROL), word)) {
			return true;
		}
	}
	return false;
}

struct found {
	struct sts_dns_servers servers;
	bool trust_ad;
	bool cut; /* a line of ours has more than was read */
	unsigned listed;
};

/* Lines that begin with ';' or '#' have another first word, and may be of any
 * length. */
static void
take_line(struct found *f, struct sts_text line, bool cut)
{
	struct sts_text keyword = sts_text_word(&line, STS_BLANK_CONTROL);
	struct sts_addr a;

	if (sts_text_is(keyword, "nameserver")) {
		f->listed++;
		f->cut = f->cut || cut;
		if (sts_addr_parse(
			sts_text_word(&line, STS_BLANK_CONTROL), &a)) {
			add_server(&f->servers, a);
		}
	} else if (sts_text_is(keyword, "options")) {
		f->cut = f->cut || cut;
		f->trust_ad = f->trust_ad || has_word(line, "trust-ad");
	}
}

/* Read the whole file, if it is there. 0, or errno. */
static int
read_file(const char *path, struct found *f)
{
	static struct sts_lines l;
	struct sts_text line;

	if (sts_lines_open(&l, path) != 0) {
		return errno == ENOENT ? 0 : errno;
	}
	while (sts_lines_next(&l, &line)) {
		take_line(f, line, l.cut);
	}
	sts_lines_close(&l);
	return l.error;
}

enum sts_resolv_result
sts_resolv_read(const char *path, struct sts_dns_servers *s)
{
	struct found f;
	struct sts_addr local;

	memset(&f, 0, sizeof f);
	errno = read_file(path, &f);
	if (errno != 0) {
		return STS_RESOLV_UNREADABLE;
	}
	if (f.cut) {
		return STS_RESOLV_LONG;
	}
	if (f.listed > 0 && f.servers.count == 0) {
		return STS_RESOLV_MALFORMED;
	}
	for (unsigned i = 0; f.trust_ad && i < f.servers.count; i++) {
		f.servers.trusted[i] = true;
	}
	if (f.listed == 0) {
		sts_addr_parse(
		    sts_text((const uint8_t *)"127.0.0.1", 9), &local);
		add_server(&f.servers, local);
	}
	*s = f.servers;
	return f.listed > 0 ? STS_RESOLV_OK : STS_RESOLV_DEFAULT;
}

const char *
sts_resolv_problem(enum sts_resolv_result r)
{
	switch (r) {
	case STS_RESOLV_MALFORMED:
		return "no name server can be read";
	case STS_RESOLV_LONG:
		return "a line of nameserver or options is longer than 4096 "
		       "octets";
	default:
		return strerror(errno);
	}
}
