/* SPDX-License-Identifier: MIT */
/*
 * Files on Linux: Landlock. Reading stays with the files' owners and modes:
 * what is read again at a reload may be a link to anywhere, and replaced by
 * another file, and a rule holds for the file that it was made for.
 */
#if defined(__linux__)
#define _DEFAULT_SOURCE
#endif

#include "confine.h"

#if defined(__linux__)

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "confine_linux.h"

/* The same numbers everywhere, and younger than some C libraries. */
enum {
	CREATE_RULESET = (int)STS_CALLS_FIRST + 444,
	ADD_RULE,
	RESTRICT_SELF
};

/* linux/landlock.h. */
enum {
	ASK_VERSION = 1,
	RULE_BENEATH = 1,
	/* Rights to files. */
	WRITE_FILE = 1 << 1,
	READ_FILE = 1 << 2,
	READ_DIR = 1 << 3,
	REMOVE_DIR = 1 << 4,
	REMOVE_FILE = 1 << 5,
	MAKE_DIR = 1 << 7,
	MAKE_REG = 1 << 8,
	MAKE_SOCK = 1 << 9,
	ALL_OF_1 = (1 << 13) - 1,
	REFER = 1 << 13,
	TRUNCATE = 1 << 14,
	IOCTL_DEVICE = 1 << 15,
	/* To the network. */
	BIND_TCP = 1,
	/* What is kept to oneself: abstract sockets, signals. */
	SCOPE = 3
};

enum {
	READING = READ_FILE | READ_DIR,
	/* A socket is born in a folder of its own: port/posix/listen.c. */
	SOCKETS = MAKE_SOCK | REMOVE_FILE | MAKE_DIR | REMOVE_DIR | REFER,
	JOURNAL = WRITE_FILE | MAKE_REG | REMOVE_FILE | TRUNCATE
};

struct ruleset {
	uint64_t files, network, scope;
};

/* Packed in the kernel's header: 12 octets. */
struct beneath {
	uint64_t allowed;
	int32_t folder;
};

/* What this version knows of that is to be governed: everything. */
static struct ruleset
governed(long version)
{
	struct ruleset r = { ALL_OF_1, 0, 0 };

	r.files |= version >= 2 ? (unsigned)REFER : 0;
	r.files |= version >= 3 ? (unsigned)TRUNCATE : 0;
	r.files |= version >= 5 ? (unsigned)IOCTL_DEVICE : 0;
	r.network = version >= 4 ? BIND_TCP : 0;
	r.scope = version >= 6 ? SCOPE : 0;
	return r;
}

/* Allow so much beneath a folder. 0, or -1 with errno. */
static int
allow(int rules, const struct ruleset *r, const char *path, unsigned rights)
{
	int folder = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	struct beneath b = { rights & r->files, folder };

	if (folder < 0) {
		return -1;
	}
	long rc = syscall(ADD_RULE, rules, RULE_BENEATH, &b, 0);

	close(folder);
	return rc == 0 ? 0 : -1;
}

/* Cut the last name off a path. */
static void
go_up(char *path)
{
	char *end = strrchr(path, '/');

	if (end == NULL || end == path) {
		memcpy(path, "/", sizeof "/");
	} else {
		*end = '\0';
	}
}

/* Under chroot a folder may not be there; then nothing is written to it. */
static void
allow_socket(int rules, const struct ruleset *r, const struct sts_listen_at *at)
{
	if (at->addr.af == STS_AF_LOCAL) {
		char path[STS_CONF_PATH_MAX + 1];

		snprintf(path, sizeof path, "%s", at->path);
		go_up(path);
		(void)allow(rules, r, path, SOCKETS);
	}
}

/*
 * A journal that is still to be opened: its folder may have to be made, or its
 * disk to be mounted there, so what counts is the folder above, or else the
 * next one that is there.
 */
static void
allow_journal(int rules, const struct ruleset *r, const char *journal)
{
	char path[STS_CONF_PATH_MAX + 1];

	snprintf(path, sizeof path, "%s", journal);
	go_up(path);
	do {
		go_up(path);
	} while (allow(rules, r, path, JOURNAL) != 0 && path[1] != '\0');
}

/* 0, or -1 with errno. */
static int
allow_all(int rules, const struct ruleset *r, const struct sts_conf *c,
    const char *journal)
{
	for (unsigned i = 0; i < c->listen_count; i++) {
		allow_socket(rules, r, &c->listen[i]);
	}
	if (c->metrics_on) {
		allow_socket(rules, r, &c->metrics);
	}
	if (c->control_on) {
		allow_socket(rules, r, &c->control);
	}
	if (sts_conf_reports_on(c) && c->report.listens) {
		allow_socket(rules, r, &c->report.at);
	}
	if (journal != NULL) {
		allow_journal(rules, r, journal);
	}
	return allow(rules, r, "/", READING);
}

int
sts_files_confine(
    const struct sts_conf *c, const char *journal, unsigned *version)
{
	long v = syscall(CREATE_RULESET, NULL, 0, ASK_VERSION);
	struct ruleset r = governed(v);

	if (v < 1) {
		return v < 0 ? errno : ENOSYS;
	}
	/* Of what this version does not know yet all is zero. */
	long rules = syscall(CREATE_RULESET, &r, sizeof r, 0);

	if (rules < 0) {
		return errno;
	}
	int error = allow_all((int)rules, &r, c, journal) == 0 &&
			    syscall(RESTRICT_SELF, (int)rules, 0) == 0
			? 0
			: errno;

	close((int)rules);
	*version = error == 0 ? (unsigned)v : 0;
	return error;
}

#endif
