/* SPDX-License-Identifier: MIT */
/*
 * boards/posix/confine_openbsd.c with calls of ours in the place of the
 * system's: which paths it asks for, and that nothing is asked for after the
 * last word.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "../../boards/posix/confine.h"
#include "unit.h"

const char unit_name[] = "confine_openbsd";

enum {
	CALLS = 32
};

static struct {
	char path[STS_CONF_PATH_MAX + 1], rights[8];
} call[CALLS];
static unsigned calls;
static bool locked, pledged;

static int
unveil(const char *path, const char *rights)
{
	ck_assert(!locked && !pledged);
	if (path == NULL) {
		ck_assert_ptr_null(rights);
		locked = true;
		return 0;
	}
	ck_assert_uint_lt(calls, CALLS);
	snprintf(call[calls].path, sizeof call[calls].path, "%s", path);
	snprintf(call[calls++].rights, sizeof call[0].rights, "%s", rights);
	return 0;
}

static int
pledge(const char *promises, const char *execpromises)
{
	ck_assert(locked);
	ck_assert_ptr_null(execpromises);
	ck_assert_ptr_null(strstr(promises, "exec"));
	pledged = true;
	return 0;
}

/* Under names of its own: the library has those of this system. */
#undef __OpenBSD__
#define __OpenBSD__ 1
#define sts_confine confine
#define sts_confine_writer confine_writer
enum sts_confine_result confine(const struct sts_conf *c, const char *journal,
    char text[STS_CONFINE_TEXT_MAX]);
int confine_writer(void);
#include "../../boards/posix/confine_openbsd.c"

static struct sts_conf conf;

/* What is asked for, as words "PATH:RIGHTS". */
static const char *
asked(const char *journal)
{
	static char words[4096];
	char text[STS_CONFINE_TEXT_MAX];
	size_t n = 0;

	calls = 0;
	locked = pledged = false;
	unit_int("confine", confine(&conf, journal, text), STS_CONFINE_DONE);
	ck_assert(locked && pledged);
	for (unsigned i = 0; i < calls; i++) {
		n += (size_t)snprintf(words + n, sizeof words - n, "%s:%s ",
		    call[i].path, call[i].rights);
	}
	return words;
}

static void
local(struct sts_listen_at *at, const char *path)
{
	at->addr.af = STS_AF_LOCAL;
	snprintf(at->path, sizeof at->path, "%s", path);
}

/* Folders of sockets that it may open and remove, and of a journal that is to be
 * opened; sockets that it connects to. All else can be read. */
START_TEST(paths)
{
	memset(&conf, 0, sizeof conf);
	ck_assert_str_eq(asked(NULL), "/:r /dev/log:rwc ");
	ck_assert_str_eq(
	    asked("/var/db/mtasts/journal"), "/:r /var/db:rwc /dev/log:rwc ");
	conf.listen_count = 1;
	local(&conf.listen[0], "/run/a/listen");
	local(&conf.metrics, "/run/b/metrics");
	conf.metrics_on = true;
	local(&conf.control, "/run/c/control");
	conf.control_on = true;
	snprintf(conf.share.path[1], sizeof conf.share.path[1], "/run/d/redis");
	ck_assert_str_eq(asked(NULL),
	    "/:r /run/a:rwc /run/b:rwc /run/c:rwc /run/d/redis:rw "
	    "/dev/log:rwc ");
	/* A command listens nowhere, and may ask the daemon. */
	conf.listen_count = 0;
	conf.metrics_on = conf.control_on = false;
	ck_assert_str_eq(
	    asked(NULL), "/:r /run/c/control:rw /run/d/redis:rw /dev/log:rwc ");
}
END_TEST

/* The writer of the journal has open files, and looks whether they have their
 * names. */
START_TEST(writer)
{
	locked = true;
	unit_int("writer", confine_writer(), 0);
	ck_assert(pledged);
}
END_TEST

void
unit_tests(TCase *tc)
{
	tcase_add_test(tc, paths);
	tcase_add_test(tc, writer);
}
