/* SPDX-License-Identifier: MIT */
/*
 * The configuration: the input is a file; from the first NUL on, -o lines with
 * NULs between them. A refusal is one printable line. An accepted configuration
 * is within its limits, and the same when printed and read again.
 */
#define _DEFAULT_SOURCE
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "../../boards/posix/conf.h"
#include "../../core/base/assert.h"

enum {
	OPTIONS = 4,
	OPTION_MAX = 300
};

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static struct sts_conf conf, again;

/* Files whose names are valid while the process lives: one read, one printed
 * to. */
static int input = -1, output = -1;
static char input_name[32], output_name[32];

static int
open_file(char name[32])
{
	char path[] = "/tmp/mtasts-fuzz-XXXXXX";
	int fd = mkstemp(path);

	STS_ASSERT(fd >= 0);
	unlink(path);
	snprintf(name, 32, "/proc/self/fd/%d", fd);
	return fd;
}

static bool
is_absolute(const char *path, size_t size)
{
	return memchr(path, '\0', size) != NULL &&
	       (path[0] == '/' || path[0] == '\0');
}

static void
check_refusal(const char *why)
{
	const char *end = memchr(why, '\0', STS_CONF_WHY_MAX);

	STS_ASSERT(end != NULL && end > why);
	for (; why < end; why++) {
		STS_ASSERT(*why >= ' ' && *why <= '~');
	}
}

static void
check_taken(const struct sts_conf *c)
{
	STS_ASSERT(c->listen_count <= STS_CONF_LISTEN_MAX);
	STS_ASSERT(c->servers.count <= STS_DNS_SERVERS_MAX);
	STS_ASSERT(c->allow_count <= STS_FETCH_ALLOW_MAX);
	STS_ASSERT(c->clients >= 1 && c->clients <= 60000);
	STS_ASSERT(c->lookups >= 1 && c->lookups <= 4096);
	STS_ASSERT(c->fetch_slots >= 1 && c->fetch_slots <= 256);
	STS_ASSERT(c->answer_within_ms >= 1 && c->queue_wait_ms >= 1);
	STS_ASSERT(
	    c->answer_within_ms + c->queue_wait_ms <= STS_CONF_ANSWER_MAX_MS);
	STS_ASSERT(c->policy_port >= 1 && c->policy_port <= UINT16_MAX);
	STS_ASSERT(is_absolute(c->journal, sizeof c->journal));
	STS_ASSERT(is_absolute(c->chroot, sizeof c->chroot));
	STS_ASSERT(is_absolute(c->trust_anchors, sizeof c->trust_anchors));
	STS_ASSERT(memchr(c->user, '\0', sizeof c->user) != NULL);
	for (unsigned i = 0; i < c->servers.count; i++) {
		STS_ASSERT(c->servers.addr[i].port != 0);
	}
}

/* Owners and groups keep only their numbers, but the printed lines have
 * names. */
static void
forget_owners(struct sts_conf *c)
{
	for (unsigned i = 0; i < c->listen_count; i++) {
		c->listen[i].uid = (uid_t)-1;
		c->listen[i].gid = (gid_t)-1;
	}
	c->metrics.uid = c->control.uid = c->report.at.uid = (uid_t)-1;
	c->metrics.gid = c->control.gid = c->report.at.gid = (gid_t)-1;
}

/* Print the configuration into a file by sts_conf_print. */
static void
print(const struct sts_conf *c)
{
	int out = dup(STDOUT_FILENO);

	STS_ASSERT(ftruncate(output, 0) == 0);
	STS_ASSERT(lseek(output, 0, SEEK_SET) == 0);
	fflush(stdout);
	dup2(output, STDOUT_FILENO);
	sts_conf_print(c);
	fflush(stdout);
	if (out >= 0) {
		dup2(out, STDOUT_FILENO);
		close(out);
	}
}

static void
check_same(const struct sts_conf *a, const struct sts_conf *b)
{
	static struct sts_conf copy;
	struct sts_conf_room room = sts_conf_room_of(a);
	char why[STS_CONF_WHY_MAX];

	copy = *b;
	STS_ASSERT(sts_conf_keep_fixed(a, &room, &copy, why) == 0);
	STS_ASSERT(a->servers.count == b->servers.count);
	STS_ASSERT(memcmp(a->servers.trusted, b->servers.trusted,
		       a->servers.count * sizeof *a->servers.trusted) == 0);
	STS_ASSERT(a->answer_within_ms == b->answer_within_ms);
	STS_ASSERT(a->queue_wait_ms == b->queue_wait_ms);
	STS_ASSERT(a->temp_on_dns_error == b->temp_on_dns_error);
	STS_ASSERT(a->temp_on_no_clock == b->temp_on_no_clock);
	STS_ASSERT(a->allow_private == b->allow_private);
	STS_ASSERT(a->sct == b->sct);
	STS_ASSERT(a->allow_count == b->allow_count);
	STS_ASSERT(a->policy_port == b->policy_port);
	STS_ASSERT(a->log_level == b->log_level);
	STS_ASSERT(a->zones.count == b->zones.count);
	STS_ASSERT(a->zones.overrides == b->zones.overrides);
	for (unsigned i = 0; i < a->zones.count; i++) {
		const struct sts_zone *z = &a->zones.zone[i];
		const struct sts_zone *y = &b->zones.zone[i];

		STS_ASSERT(z->name_len == y->name_len);
		STS_ASSERT(memcmp(z->name, y->name, z->name_len) == 0);
		STS_ASSERT(z->answer_within_ms == y->answer_within_ms);
		STS_ASSERT(z->queue_wait_ms == y->queue_wait_ms);
		STS_ASSERT(z->audit == y->audit && z->sni == y->sni);
		STS_ASSERT(z->tlsrpt == y->tlsrpt);
		STS_ASSERT(z->strict_testing == y->strict_testing);
	}
}

static unsigned
take_options(const uint8_t *p, size_t n, char text[OPTIONS][OPTION_MAX])
{
	unsigned count = 0;

	while (n > 0 && count < OPTIONS) {
		const uint8_t *end = memchr(p, 0, n);
		size_t len = end == NULL ? n : (size_t)(end - p);
		size_t kept = len < OPTION_MAX ? len : OPTION_MAX - 1;

		memcpy(text[count], p, kept);
		text[count++][kept] = '\0';
		p += end == NULL ? n : len + 1;
		n -= end == NULL ? n : len + 1;
	}
	return count;
}

static void
write_input(const uint8_t *p, size_t n)
{
	if (input < 0) {
		input = open_file(input_name);
		output = open_file(output_name);
	}
	STS_ASSERT(ftruncate(input, 0) == 0);
	STS_ASSERT(n == 0 || pwrite(input, p, n, 0) == (ssize_t)n);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static char text[OPTIONS][OPTION_MAX];
	const char *options[OPTIONS] = { text[0], text[1], text[2], text[3] };
	const uint8_t *end = size > 0 ? memchr(data, 0, size) : NULL;
	size_t n = end == NULL ? size : (size_t)(end - data);
	struct sts_conf_source source = { input_name, options, 0 };
	char why[STS_CONF_WHY_MAX];

	write_input(data, n);
	if (end != NULL) {
		source.option_count = take_options(end + 1, size - n - 1, text);
	}
	memset(why, 'x', sizeof why);
	if (!sts_conf_load(&conf, &source, why)) {
		check_refusal(why);
		return 0;
	}
	check_taken(&conf);
	forget_owners(&conf);
	print(&conf);
	source.file = output_name;
	source.option_count = 0;
	if (!sts_conf_load(&again, &source, why)) {
		fprintf(stderr, "%s\n", why);
		abort(); /* what is printed must be accepted */
	}
	forget_owners(&again);
	check_same(&conf, &again);
	return 0;
}
