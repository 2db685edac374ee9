/* SPDX-License-Identifier: MIT */
/*
 * boards/posix/control_request, control_show: any octets as a request and as an
 * answer. An accepted request is the same when it is written and read again.
 * Whether an answer is complete, and its exit code, do not depend on how it is
 * cut or shown. Also any octets as a status: its page holds only printable
 * octets, and no tag but ours.
 */
#define _POSIX_C_SOURCE 200809L
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "../../boards/posix/control_request.h"
#include "../../boards/posix/control_show.h"
#include "../../boards/posix/status_html.h"
#include "../../core/base/assert.h"

#define CHECK(c) STS_ASSERT(c)

static bool
has_odd(const char *zone)
{
	for (; *zone != '\0'; zone++) {
		if (*zone <= ' ' || *zone >= 0x7f) {
			return true;
		}
	}
	return false;
}

static void
check_request(const struct sts_control_request *r)
{
	uint8_t out[STS_CONTROL_REQUEST_MAX];
	struct sts_control_request again;
	const char *wrong;
	size_t n = sts_control_request_write(r, out);

	CHECK(r->command <= STS_CONTROL_ENFORCE);
	CHECK(memchr(r->key, '\0', sizeof r->key) != NULL);
	CHECK(memchr(r->zone, '\0', sizeof r->zone) != NULL);
	if (n == 0) {
		CHECK(has_odd(r->zone));
		return;
	}
	CHECK(sts_control_request_read(&again, sts_text(out, n), &wrong));
	CHECK(wrong == NULL);
	CHECK(memcmp(&again, r, sizeof again) == 0);
}

/* The exit code, or 999. */
static unsigned
show(struct sts_text in, size_t step, bool json)
{
	static struct sts_control_show s;
	static const enum sts_control_command commands[] = { STS_CONTROL_QUERY,
		STS_CONTROL_LIST, STS_CONTROL_STATS, STS_CONTROL_FORGET };

	sts_control_show_begin(&s, commands[in.n % 4], json, "key.example");
	for (size_t i = 0; i < in.n; i += step) {
		sts_control_show_feed(
		    &s, in.p + i, in.n - i < step ? in.n - i : step);
	}
	return s.ended ? s.code : 999;
}

/* The output is discarded. */
static void
check_answer(struct sts_text in)
{
	int out = dup(STDOUT_FILENO), null = open("/dev/null", O_WRONLY);

	fflush(stdout);
	dup2(null, STDOUT_FILENO);
	unsigned code = show(in, in.n + 1, false);

	CHECK(show(in, 1, false) == code);
	CHECK(show(in, 7, true) == code);
	fflush(stdout);
	dup2(out, STDOUT_FILENO);
	close(out);
	close(null);
}

/* Between "<ul>" and "</ul>" there are only items. */
static void
check_list(const char *at)
{
	while ((at = strchr(at, '<')) != NULL && strncmp(at, "</ul>", 5) != 0) {
		CHECK(strncmp(at, "<li>", 4) == 0 ||
		      strncmp(at, "</li>", 5) == 0);
		at++;
	}
	CHECK(at != NULL);
}

static void
check_status(struct sts_text in)
{
	static struct sts_tree tree;
	static uint8_t page[STS_STATUS_HTML_MAX + 1];
	struct sts_sink out = { 0, 0, STS_STATUS_HTML_MAX, page };
	const char *at = (const char *)page;

	if (sts_tree_read(&tree, in) == 0) {
		return;
	}
	sts_status_html(&tree, &out);
	CHECK(out.pos <= out.to);
	page[out.pos] = '\0';
	for (size_t i = 0; i < out.pos; i++) {
		CHECK(page[i] == '\n' || (page[i] >= ' ' && page[i] < 0x7f));
	}
	while ((at = strstr(at, "<ul>")) != NULL) {
		at += 4;
		check_list(at);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct sts_text in = sts_text(data, size);
	struct sts_control_request r;
	const char *wrong;

	if (!sts_control_request_read(&r, in, &wrong)) {
		CHECK(size < STS_CONTROL_REQUEST_MAX);
	} else if (wrong == NULL) {
		check_request(&r);
	}
	check_answer(in);
	check_status(in);
	return 0;
}
