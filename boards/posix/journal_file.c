/* SPDX-License-Identifier: MIT */
/*
 * The journal's file. What stands at the path is judged by the heads of its two
 * areas, without reading more: a journal is used as it is, or moved to a larger
 * file with the same content; garbage and newer formats are renamed to
 * PATH.aside, and a fresh file is made. A new file is filled under PATH.new and
 * renamed only when it is on the medium, so that a power cut leaves the old or
 * the new one, whole.
 *
 * Invariants: a file is renamed or written to only while it is locked and has
 * its name. One good area makes a journal: the other may have been interrupted.
 * A file that cannot be read is not garbage: it stays where it is, and nothing
 * is opened. One that cannot be written to, or is too small, is read. On
 * failure the file descriptors are closed and errno says why.
 *
 * The attacker may write to the folder: links, pipes and files put under these
 * names are refused by port/posix/store_file.c, a file that lost its name while
 * it was filled is not put in place, and one that came there meanwhile is not
 * replaced.
 */
#define _DEFAULT_SOURCE

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "../../core/journal/journal_format.h"
#include "journal_file.h"

enum {
	SUFFIX_MAX = 8
};

typedef char path_buffer[STS_CONF_PATH_MAX + 1 + SUFFIX_MAX];

/* What a file at that place is; the worst of its areas. */
enum kind {
	JOURNAL,
	EMPTY,
	GARBAGE,
	NEWER,
	UNREADABLE
};

static const char *
with_suffix(path_buffer out, const char *path, const char *suffix)
{
	snprintf(out, sizeof(path_buffer), "%s%s", path, suffix);
	return out;
}

/* An area's head; ERASED counts as nothing there. */
static enum kind
look_at_area(struct sts_file_store *s, unsigned i)
{
	uint8_t head[STS_JOURNAL_HEAD];
	struct sts_journal_area a;
	bool erased = true;

	if (s->store.read(s, i * s->store.area_size, head, sizeof head) != 0) {
		return UNREADABLE;
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
look_at(struct sts_file_store *s)
{
	enum kind worst = EMPTY;
	uint64_t size;
	bool good = false;

	sts_store_size(s, &size);
	if (size == 0) {
		return EMPTY;
	}
	if (size % ((uint64_t)STS_STORE_AREAS * STS_STORE_ERASE_SIZE) != 0) {
		return GARBAGE;
	}
	for (unsigned i = 0; i < STS_STORE_AREAS; i++) {
		enum kind k = look_at_area(s, i);

		good = good || k == JOURNAL;
		worst = k > worst ? k : worst;
	}
	return worst == GARBAGE && good ? JOURNAL : worst;
}

/* Close, and keep errno. */
static void
drop(struct sts_file_store *s)
{
	int error = errno;

	sts_store_close(s);
	errno = error;
}

/* Put the file out of the way. 0, or -1 with errno. */
static int
set_aside(
    const struct sts_journal_file *f, struct sts_file_store *s, enum kind kind)
{
	path_buffer aside;

	/* While it is locked: it is this file and no other. */
	with_suffix(aside, f->path, ".aside");
	if (!sts_store_has_name(s, f->path) || rename(f->path, aside) != 0) {
		drop(s);
		return -1;
	}
	sts_store_close(s);
	sts_log_line(f->log, STS_LOG_ERROR,
	    "journal %s: %s; moved to %s, and a new one begun", f->path,
	    kind == NEWER ? "written by a newer version" : "not a journal",
	    aside);
	return 0;
}

/* Whether the journal's name is still the old file's or, if there was none, still
 * free: what has come there meanwhile may be another instance's. */
static bool
may_replace(const char *path, const struct sts_file_store *old)
{
	struct stat st;

	return old != NULL ? sts_store_has_name(old, path)
			   : lstat(path, &st) != 0 && errno == ENOENT;
}

/* What was filled gets the journal's name, and nothing else does. 0, or -1 with
 * errno. */
static int
put_in_place(const struct sts_file_store *s, const char *fresh,
    const struct sts_file_store *old, const char *path)
{
	if (!sts_store_has_name(s, fresh) || !may_replace(path, old)) {
		errno = ESTALE;
		return -1;
	}
	return rename(fresh, path);
}

int
sts_journal_file_grow(const struct sts_journal_file *f,
    struct sts_file_store *s, const struct sts_file_store *old)
{
	path_buffer fresh;

	if (f->area_size > f->at_once_max) {
		errno = EINPROGRESS;
		return -1;
	}
	with_suffix(fresh, f->path, ".new");
	if (sts_store_open(s, fresh, true) != 0) {
		drop(s);
		return -1;
	}
	if (sts_store_fill(s, f->area_size, old) != 0 ||
	    put_in_place(s, fresh, old, f->path) != 0) {
		int error = errno;

		if (sts_store_has_name(s, fresh)) {
			unlink(fresh);
		}
		errno = error;
		drop(s);
		return -1;
	}
	/* A name, too, is to outlive a power cut. If that fails, the old one is
	 * what it leaves. */
	(void)sts_store_sync_folder(f->path);
	return 0;
}

/* A journal, or an empty file. What cannot be written to or is too small for
 * now can at least be read. */
static enum sts_journal_found
settle(const struct sts_journal_file *f, struct sts_file_store *s)
{
	struct sts_file_store old = *s;

	if (!sts_store_writable(s)) {
		errno = s->error;
		s->error = 0; /* that of calls to come */
		return STS_FILE_READ_ONLY;
	}
	if (s->store.area_size >= f->area_size) {
		return STS_FILE_READY;
	}
	old.store.ctx = &old;
	if (sts_journal_file_grow(f, s, &old) == 0) {
		sts_store_close(&old);
		return STS_FILE_READY;
	}
	*s = old;
	s->store.ctx = s;
	return STS_FILE_SMALL;
}

enum sts_journal_found
sts_journal_file_open(
    const struct sts_journal_file *f, struct sts_file_store *s)
{
	enum kind kind;

	if (sts_store_open(s, f->path, false) != 0) {
		drop(s);
		return errno == ENOENT && sts_journal_file_grow(f, s, NULL) == 0
			   ? STS_FILE_READY
			   : STS_FILE_NONE;
	}
	kind = look_at(s);
	if (kind == JOURNAL || kind == EMPTY) {
		return settle(f, s);
	}
	if (kind == UNREADABLE) {
		errno = s->error;
		drop(s);
		return STS_FILE_NONE;
	}
	return set_aside(f, s, kind) == 0 &&
		       sts_journal_file_grow(f, s, NULL) == 0
		   ? STS_FILE_READY
		   : STS_FILE_NONE;
}

enum sts_journal_found
sts_journal_file_look(
    const struct sts_journal_file *f, struct sts_file_store *s)
{
	if (sts_store_look(s, f->path) == 0 && s->store.area_size > 0 &&
	    look_at(s) <= EMPTY) {
		return STS_FILE_TAKEN;
	}
	errno = EWOULDBLOCK;
	drop(s);
	return STS_FILE_NONE;
}

int
sts_journal_file_take(
    const struct sts_journal_file *f, struct sts_file_store *s)
{
	if (sts_store_open(s, f->path, false) != 0) {
		drop(s);
		return -1;
	}
	if (look_at(s) > EMPTY || !sts_store_writable(s) ||
	    s->store.area_size < f->area_size) {
		errno = EAGAIN;
		drop(s);
		return -1;
	}
	return 0;
}
