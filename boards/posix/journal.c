/* SPDX-License-Identifier: MIT */
/* The daemon's journal. */
#define _DEFAULT_SOURCE

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "../../core/agent.h"
#include "../../core/journal_format.h"
#include "journal.h"

enum {
	LOOK_MS = 100, /* between two looks at the lock */
	SUFFIX_MAX = 8
};

typedef char path_buffer[STS_CONF_PATH_MAX + 1 + SUFFIX_MAX];

/* What a file at that place is. */
enum kind {
	JOURNAL,
	EMPTY,
	GARBAGE,
	NEWER
};

static const char *
with_suffix(path_buffer out, const char *path, const char *suffix)
{
	snprintf(out, sizeof(path_buffer), "%s%s", path, suffix);
	return out;
}

/* An area's head; ERASED counts as nothing there. */
static enum kind
look_at_area(struct sts_file_store *f, unsigned i)
{
	uint8_t head[STS_JOURNAL_HEAD];
	struct sts_journal_area a;
	bool erased = true;

	if (f->store.read(f, i * f->store.area_size, head, sizeof head) != 0) {
		return GARBAGE;
	}
	for (size_t k = 0; k < sizeof head; k++) {
		erased = erased && head[k] == 0xff;
	}
	if (erased) {
		return EMPTY;
	}
	if (!sts_journal_get_area(head, &a)) {
		return GARBAGE;
	}
	return a.version > STS_JOURNAL_VERSION ? NEWER : JOURNAL;
}

/*
 * One good area is enough: the other may have been interrupted when it was
 * written. Of a newer format nothing is touched.
 */
static enum kind
look_at(struct sts_file_store *f)
{
	enum kind worst = EMPTY;
	uint64_t size;
	bool good = false;

	sts_store_size(f, &size);
	if (size == 0) {
		return EMPTY;
	}
	if (size % ((uint64_t)STS_STORE_AREAS * STS_STORE_ERASE_SIZE) != 0) {
		return GARBAGE;
	}
	for (unsigned i = 0; i < STS_STORE_AREAS; i++) {
		enum kind k = look_at_area(f, i);

		good = good || k == JOURNAL;
		worst = k > worst ? k : worst;
	}
	return worst == GARBAGE && good ? JOURNAL : worst;
}

/* Whether there is a file, once whoever has it is gone. -1: errno. */
static int
open_when_free(struct sts_file_store *f, const char *path, bool create,
    struct sts_log *log)
{
	for (unsigned waited = 0;; waited += LOOK_MS) {
		if (sts_store_open(f, path, create) == 0) {
			return 0;
		}
		int error = errno;

		sts_store_close(f);
		errno = error;
		if (error != EWOULDBLOCK || waited >= STS_JOURNAL_WAIT_MS) {
			return -1;
		}
		if (waited == 0) {
			sts_log_line(log, STS_LOG_INFO,
			    "journal %s: waiting for the instance that has it",
			    path);
		}
		poll(NULL, 0, LOOK_MS);
	}
}

/* Put the file out of the way. */
static void
set_aside(struct sts_file_store *f, const char *path, enum kind kind,
    struct sts_log *log)
{
	path_buffer aside;

	with_suffix(aside, path, ".aside");
	sts_store_close(f);
	if (rename(path, aside) == 0) {
		sts_log_line(log, STS_LOG_ERROR,
		    "journal %s: %s; moved to %s, begun anew", path,
		    kind == NEWER ? "written by a newer version"
				  : "not a journal",
		    aside);
	} else {
		sts_log_line(log, STS_LOG_ERROR, "journal %s: %s: %s", path,
		    "not a journal, and cannot be moved", strerror(errno));
	}
}

/* A name, too, is to outlive a power cut. 0, or -1 with errno. */
static int
sync_directory(const char *path)
{
	path_buffer dir;
	char *end = strrchr(strcpy(dir, path), '/');

	end[end == dir ? 1 : 0] = '\0';
	int fd = open(dir, O_RDONLY | O_CLOEXEC);

	if (fd < 0) {
		return -1;
	}
	int rc = fsync(fd);

	close(fd);
	return rc;
}

/* A fresh file in place of `old` (or none), with what that holds. */
static int
make_file(struct sts_board_journal *j, const char *path, uint32_t area_size,
    const struct sts_file_store *old, struct sts_log *log)
{
	path_buffer fresh;

	with_suffix(fresh, path, ".new");
	if (open_when_free(&j->file, fresh, true, log) != 0 ||
	    sts_store_fill(&j->file, area_size, old) != 0) {
		int error = errno;

		if (j->file.fd >= 0) {
			unlink(fresh);
		}
		errno = error;
		return -1;
	}
	return rename(fresh, path) == 0 ? sync_directory(path) : -1;
}

/* The file there is, moved into a larger one if the cache has grown. */
static int
use_file(struct sts_board_journal *j, const char *path, uint32_t area_size,
    struct sts_log *log)
{
	struct sts_file_store old;
	int rc = 0;

	if (j->file.store.area_size >= area_size) {
		return 0;
	}
	old = j->file;
	rc = make_file(
	    j, path, area_size, old.store.area_size > 0 ? &old : NULL, log);
	int error = errno;

	sts_store_close(&old);
	errno = error;
	return rc;
}

/* 0: j->file is the journal. -1: errno. */
static int
open_file(struct sts_board_journal *j, const char *path, uint32_t area_size,
    struct sts_log *log)
{
	if (open_when_free(&j->file, path, false, log) == 0) {
		enum kind kind = look_at(&j->file);

		if (kind == JOURNAL || kind == EMPTY) {
			return use_file(j, path, area_size, log);
		}
		set_aside(&j->file, path, kind, log);
		errno = ENOENT;
	}
	return errno == ENOENT ? make_file(j, path, area_size, NULL, log) : -1;
}

bool
sts_journal_open(struct sts_board_journal *j, const struct sts_conf *c,
    const struct sts_memory *m, struct sts_log *log, char why[STS_CONF_WHY_MAX])
{
	memset(j, 0, sizeof *j);
	j->file.fd = -1;
	if (c->journal[0] == '\0') {
		sts_log_line(log, STS_LOG_INFO,
		    "journal off: policies do not outlive a restart");
		return true;
	}
	if (open_file(j, c->journal, m->journal_area, log) == 0) {
		j->on = true;
		return true;
	}
	if (errno == EWOULDBLOCK) {
		snprintf(why, STS_CONF_WHY_MAX,
		    "journal %s: another instance has it", c->journal);
		return false;
	}
	sts_log_line(log, c->journal_given ? STS_LOG_ERROR : STS_LOG_WARNING,
	    "journal %s: %s: policies do not outlive a restart", c->journal,
	    strerror(errno));
	sts_store_close(&j->file);
	return true;
}

uint32_t
sts_journal_day_budget(const struct sts_board_journal *j)
{
	uint32_t area = j->file.store.area_size;

	return area > UINT32_MAX / STS_JOURNAL_DAY_AREAS
		   ? UINT32_MAX
		   : area * STS_JOURNAL_DAY_AREAS;
}

int
sts_journal_begin(struct sts_board_journal *j, const struct sts_memory *m,
    struct sts_posix *posix)
{
	int link = j->on ? sts_store_link(&j->file) : -1;

	if (!j->on) {
		return 0;
	}
	if (link < 0 || sts_posix_store(posix, link) != 0) {
		return -1;
	}
	pid_t child = fork();

	if (child < 0) {
		return -1;
	}
	if (child == 0) {
		/* Else each page we change would be there twice. */
		munmap(m->anchors[0], m->size);
		sts_store_serve(&j->file);
	}
	sts_store_forked(&j->file);
	return 0;
}

void
sts_journal_watch(
    struct sts_board_journal *j, struct sts_posix *posix, struct sts_log *log)
{
	if (j->file.broken && !j->told_broken) {
		j->told_broken = true;
		sts_posix_unstore(posix);
		sts_log_line(log, STS_LOG_ERROR,
		    "journal: the process that writes it has died; policies "
		    "from now on do not outlive a restart");
	}
	if (j->file.stalled == j->told) {
		return;
	}
	j->told = j->file.stalled;
	if (j->told != 0) {
		sts_log_line(log, STS_LOG_ERROR,
		    "journal: %s: policies from now on do not outlive a "
		    "restart until that is over",
		    strerror(j->told));
	} else if (!j->file.broken) {
		sts_log_line(log, STS_LOG_WARNING, "journal: goes on");
	}
}

bool
sts_journal_flushed(
    const struct sts_board_journal *j, const struct sts_agent *a)
{
	return !j->on || j->file.stalled != 0 || sts_agent_saved(a);
}
