/* SPDX-License-Identifier: MIT */
/*
 * The files of what has been counted. An image is a head with a serial number,
 * and a snapshot (core/report/report_save.h), which has its own checksum. Of
 * two images the one with the higher number counts, if it is whole; the other
 * is overwritten next, so that a write that is cut short leaves the older one
 * as it was. A mark is a fact that stays true, whatever image it came after:
 * all that can be read are given back, and those of days that are gone mean
 * nothing. Those that builds before this one wrote, of 12 octets, are not read:
 * the image that such a build wrote at its end has what they say.
 *
 * Two daemons never write at once: `lock` is the daemon's alone, and no child's,
 * which a disk that hangs may hold for long. When that disk answers again, the
 * child of a daemon that was killed may still write beside the next one: an
 * image of two writers has a wrong checksum, and the other one counts; of two
 * marks in one place one is lost.
 */
#define _DEFAULT_SOURCE

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "../../core/base/assert.h"
#include "../../core/base/crc32.h"
#include "../../core/report/report_save.h"
#include "../../port/posix/socket.h"
#include "../../port/posix/store.h"
#include "report_file.h"

enum {
	HEAD = 16, /* magic, serial, CRC of these */
	HEAD_SERIAL = 8,
	HEAD_CRC = 12,
	MARK = 16, /* number, check (8), CRC of these */
	MARK_CHECK = 4,
	MARK_CRC = 12,
	PIECE = 4096,
	LOOK_MS = 100,
	IDLE_MS = 60000
};

static const uint8_t magic[8] = { 'S', 'T', 'S', 'R', 'P', 'T', '0', '1' };

/* 0, or -1 with errno. */
static int
write_all(int fd, struct sts_text t, off_t at)
{
	while (t.n > 0) {
		ssize_t n = pwrite(fd, t.p, t.n, at);

		if (n == 0) {
			errno = ENOSPC;
		}
		if (n <= 0 && errno != EINTR) {
			return -1;
		}
		if (n > 0) {
			t = sts_text(t.p + n, t.n - (size_t)n);
			at += n;
		}
	}
	return 0;
}

/* 0: all of it was there; ENODATA: it was not; or errno: nobody can tell. */
static int
read_all(int fd, struct sts_span s, off_t at)
{
	while (s.n > 0) {
		ssize_t n = pread(fd, s.p, s.n, at);

		if (n == 0) {
			return ENODATA;
		}
		if (n < 0 && errno != EINTR) {
			return errno;
		}
		if (n > 0) {
			s = sts_span(s.p + n, s.n - (size_t)n);
			at += n;
		}
	}
	return 0;
}

static void
complain(struct sts_report_file *f, const char *what)
{
	if (!f->failed) {
		sts_log_line(f->log, STS_LOG_ERROR,
		    "reports %s: %s: what is counted does not outlive a "
		    "restart until this is over",
		    f->path, what);
	}
	f->failed = true;
}

/* Images go on all the same: what is counted is kept, but not that a report of
 * it was sent. */
static void
complain_of_mark(struct sts_report_file *f, const char *what)
{
	if (!f->unmarked) {
		sts_log_line(f->log, STS_LOG_ERROR,
		    "reports %s-sent: %s: what is sent may be sent once more "
		    "after a restart until this is over",
		    f->path, what);
	}
	f->unmarked = true;
}

/* What has another name, too, is another file that somebody has linked here: it
 * would be written over. A descriptor, or -1 with errno. */
static int
open_one(const struct sts_report_file *f, const char *suffix)
{
	char path[sizeof f->path + 8];
	struct stat st;

	snprintf(path, sizeof path, "%s-%s", f->path, suffix);
	int fd = open(
	    path, O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK, 0600);

	if (fd >= 0 && (fstat(fd, &st) != 0 || st.st_nlink > 1)) {
		close(fd);
		errno = EMLINK;
		return -1;
	}
	return fd;
}

static void
close_all(struct sts_report_file *f)
{
	int error = errno, *const all[] = { &f->image[0], &f->image[1],
		&f->marks, &f->lock };

	for (size_t i = 0; i < sizeof all / sizeof *all; i++) {
		if (*all[i] >= 0) {
			close(*all[i]);
		}
		*all[i] = -1;
	}
	errno = error;
}

/* 0, or -1 with errno: none is open. */
static int
open_all(struct sts_report_file *f)
{
	f->image[0] = open_one(f, "0");
	f->image[1] = open_one(f, "1");
	f->marks = open_one(f, "sent");
	f->lock = open_one(f, "sent");
	if (f->image[0] >= 0 && f->image[1] >= 0 && f->marks >= 0 &&
	    f->lock >= 0 && flock(f->lock, LOCK_EX | LOCK_NB) == 0) {
		/* They may be new. If that fails, a power cut may take them. */
		(void)sts_store_sync_folder(f->path);
		return 0;
	}
	close_all(f);
	return -1;
}

/* Open them, or wait a little for what may be over in a moment: the instance
 * before this one is about to end, or the system is short of something. */
static int
open_when_free(struct sts_report_file *f)
{
	int rc = open_all(f);

	for (int waited = 0;
	     rc != 0 && waited < STS_REPORT_FILE_WAIT_MS &&
	     (errno == EWOULDBLOCK || sts_socket_error(errno) == STS_IO_LIMIT);
	     waited += LOOK_MS) {
		poll(NULL, 0, LOOK_MS);
		rc = open_all(f);
	}
	return rc;
}

void
sts_report_file_open(
    struct sts_report_file *f, const struct sts_conf *c, struct sts_log *log)
{
	memset(f, 0, sizeof *f);
	f->image[0] = f->image[1] = f->marks = f->lock = -1;
	f->log = log;
	if (!sts_conf_reports_on(c)) {
		return;
	}
	if (c->journal[0] == '\0') {
		sts_log_line(log, STS_LOG_WARNING,
		    "journal off: TLS reports do not outlive a restart");
		return;
	}
	snprintf(f->path, sizeof f->path, "%s.reports", c->journal);
	if (open_when_free(f) != 0) {
		sts_log_line(log, STS_LOG_ERROR,
		    "reports %s: %s: what is counted until the next start does "
		    "not outlive it",
		    f->path, strerror(errno));
	}
}

/* ---- reading ---- */

/* The serial number of an image. 0; ENODATA: there is none, or its first write
 * was cut short, before the head; EBADMSG: it is damaged; or errno. */
static int
read_head(const struct sts_report_file *f, unsigned i, uint32_t *serial)
{
	static const uint8_t unwritten[HEAD];
	uint8_t head[HEAD];
	int error = read_all(f->image[i], sts_span(head, HEAD), 0);

	if (error != 0) {
		return error;
	}
	if (memcmp(head, unwritten, HEAD) == 0) {
		return ENODATA;
	}
	if (memcmp(head, magic, sizeof magic) != 0 ||
	    sts_get32le(head + HEAD_CRC) !=
		sts_crc32(0, sts_text(head, HEAD_CRC))) {
		return EBADMSG;
	}
	*serial = sts_get32le(head + HEAD_SERIAL);
	return 0;
}

/* 0; EBADMSG: it is damaged; or errno. */
static int
load_image(struct sts_report_file *f, unsigned i)
{
	static struct sts_report_load load; /* too large for a small stack */
	struct sts_tally *t = sts_agent_report_tally(f->agent);
	uint8_t piece[PIECE];
	off_t at = HEAD;
	ssize_t n;
	int error = 0;

	sts_report_load_begin(&load, t);
	while ((n = pread(f->image[i], piece, sizeof piece, at)) != 0) {
		if (n < 0 && errno != EINTR) {
			error = errno;
			break;
		}
		if (n > 0) {
			sts_report_load(&load, t, sts_text(piece, (size_t)n));
			at += n;
		}
	}
	bool whole = sts_report_load_end(&load, t);

	return whole ? 0 : error != 0 ? error : EBADMSG;
}

/* Which reports had left, so that none is sent twice. A mark whose checksum is
 * wrong was being written when the power failed, and is left out. */
static void
load_marks(struct sts_report_file *f)
{
	static struct sts_report_mark marks[STS_REPORT_FILE_MARKS];
	uint8_t octets[MARK];
	unsigned count = 0;
	uint32_t i = 0;
	int error = 0;

	while (i < STS_REPORT_FILE_MARKS &&
	       (error = read_all(
		    f->marks, sts_span(octets, MARK), (off_t)i * MARK)) == 0) {
		if (sts_get32le(octets + MARK_CRC) ==
		    sts_crc32(0, sts_text(octets, MARK_CRC))) {
			marks[count].number = sts_get32le(octets);
			marks[count++].check =
			    sts_get32le(octets + MARK_CHECK) |
			    (uint64_t)sts_get32le(octets + MARK_CHECK + 4)
				<< 32;
		}
		i++;
	}
	if (error != 0 && error != ENODATA) {
		complain_of_mark(f, strerror(error));
	}
	f->mark = i % STS_REPORT_FILE_MARKS; /* goes on behind them */
	sts_agent_report_delivered(f->agent, marks, count);
}

/* Log that an image was not read, unless there is none. */
static void
log_unread(const struct sts_report_file *f, unsigned i, int error)
{
	if (error != 0 && error != ENODATA) {
		sts_log_line(f->log, STS_LOG_ERROR, "reports %s-%u: %s",
		    f->path, i,
		    error == EBADMSG ? "it is damaged" : strerror(error));
	}
}

/* The newest image that is whole; else nothing is there. */
static void
load_newest(struct sts_report_file *f)
{
	uint32_t serial[STS_REPORT_IMAGES] = { 0 };
	int error[STS_REPORT_IMAGES];

	for (unsigned i = 0; i < STS_REPORT_IMAGES; i++) {
		error[i] = read_head(f, i, &serial[i]);
		log_unread(f, i, error[i]);
	}
	unsigned first =
	    error[1] == 0 &&
	    (error[0] != 0 || (int32_t)(serial[1] - serial[0]) > 0);

	f->serial = serial[first];
	for (unsigned k = 0; k < STS_REPORT_IMAGES; k++) {
		unsigned i = (first + k) % STS_REPORT_IMAGES;

		if (error[i] != 0) {
			continue;
		}
		error[i] = load_image(f, i);
		if (error[i] == 0) {
			f->serial = serial[i];
			load_marks(f);
			return;
		}
		log_unread(f, i, error[i]);
	}
}

/* Changes with each day that begins or ends. */
static uint32_t
days_of(const struct sts_report_file *f)
{
	const struct sts_tally *t = sts_agent_report_tally(f->agent);
	uint32_t sum = 0;

	for (unsigned i = 0; i < STS_TALLY_DAYS; i++) {
		sum += t->days[i];
	}
	return sum;
}

static uint32_t
changes(const struct sts_report_file *f)
{
	return sts_agent_report_tally(f->agent)->changes;
}

void
sts_report_file_load(struct sts_report_file *f, struct sts_agent *agent,
    struct sts_driver *driver, sts_ms now)
{
	f->next = now + STS_REPORT_FILE_MS;
	f->look = now;
	if (f->marks < 0) {
		return;
	}
	f->agent = agent;
	f->driver = driver;
	load_newest(f);
	/* What came from the marks is in no image yet. */
	f->saved = changes(f) - 1;
	f->next = now;
	f->days = days_of(f);
	sts_agent_report_keeps(agent);
}

/* ---- writing ---- */

/* In the child. 0, or errno. */
static int
write_image(const struct sts_report_file *f)
{
	const struct sts_tally *t = sts_agent_report_tally(f->agent);
	uint32_t serial = f->serial + 1;
	int fd = f->image[serial % STS_REPORT_IMAGES];
	struct sts_report_save save;
	uint8_t head[HEAD], piece[PIECE];
	off_t at = HEAD;
	size_t n;

	memcpy(head, magic, sizeof magic);
	sts_put32le(head + HEAD_SERIAL, serial);
	sts_put32le(head + HEAD_CRC, sts_crc32(0, sts_text(head, HEAD_CRC)));
	sts_report_save_begin(&save, t);
	while ((n = sts_report_save(&save, t, sts_span(piece, sizeof piece))) >
	       0) {
		if (write_all(fd, sts_text(piece, n), at) != 0) {
			return errno;
		}
		at += (off_t)n;
	}
	STS_ASSERT(sts_report_save_done(&save));
	/* The head last: until it is there the other one counts. */
	if (ftruncate(fd, at) != 0 || fdatasync(fd) != 0 ||
	    write_all(fd, sts_text(head, HEAD), 0) != 0 || fdatasync(fd) != 0) {
		return errno;
	}
	return 0;
}

/* In a child: it may be there for long, if the disk hangs. */
static void
leave_all_but(int fd)
{
	signal(SIGTERM, SIG_IGN);
	signal(SIGINT, SIG_IGN);
	signal(SIGHUP, SIG_IGN);
	sts_store_close_others(&fd, 1);
}

static void
begin(struct sts_report_file *f, sts_ms now)
{
	f->saving = changes(f);
	f->days = days_of(f);
	f->next = now + STS_REPORT_FILE_AGAIN_MS;
	f->look = now;
	f->child = fork();
	if (f->child == 0) {
		leave_all_but(f->image[(f->serial + 1) % STS_REPORT_IMAGES]);
		_exit(write_image(f));
	}
	if (f->child < 0) {
		f->child = 0;
		complain(f, strerror(errno));
	}
}

/* The child that writes the file may have ended: what it had to write is saved,
 * or the failure is logged. */
static void
reap(struct sts_report_file *f, sts_ms now)
{
	int status = 0;

	if (waitpid(f->child, &status, WNOHANG) != f->child) {
		return;
	}
	f->child = 0;
	if (!WIFEXITED(status) || WEXITSTATUS(status) != 0) {
		complain(f, WIFEXITED(status)
				? strerror(WEXITSTATUS(status))
				: "the process that writes it has died");
		return;
	}
	if (f->failed) {
		sts_log_line(f->log, STS_LOG_WARNING,
		    "reports %s: written again", f->path);
	}
	f->failed = false;
	f->serial++;
	f->saved = f->saving;
	f->next = now + STS_REPORT_FILE_MS;
}

/* In the child. 0, or errno. */
static int
write_mark(const struct sts_report_file *f)
{
	const struct sts_report_mark m = f->marking;
	uint8_t out[MARK];

	sts_put32le(out, m.number);
	sts_put32le(out + MARK_CHECK, (uint32_t)m.check);
	sts_put32le(out + MARK_CHECK + 4, (uint32_t)(m.check >> 32));
	sts_put32le(out + MARK_CRC, sts_crc32(0, sts_text(out, MARK_CRC)));
	return write_all(
		   f->marks, sts_text(out, MARK), (off_t)f->mark * MARK) == 0
		   ? 0
		   : errno;
}

static void
begin_mark(struct sts_report_file *f, sts_ms now)
{
	f->mark_until = now + STS_REPORT_FILE_MARK_MS;
	f->marker = fork();
	if (f->marker == 0) {
		leave_all_but(f->marks);
		_exit(write_mark(f));
	}
	if (f->marker < 0) {
		f->marker = 0;
		complain_of_mark(f, strerror(errno));
	}
}

/* Whether the child that writes a mark has ended. */
static bool
mark_ended(struct sts_report_file *f)
{
	int status = 0;

	if (f->marker == 0) {
		return true;
	}
	if (waitpid(f->marker, &status, WNOHANG) != f->marker) {
		return false;
	}
	f->marker = 0;
	f->mark = (f->mark + 1) % STS_REPORT_FILE_MARKS;
	if (!WIFEXITED(status) || WEXITSTATUS(status) != 0) {
		complain_of_mark(f,
		    WIFEXITED(status) ? strerror(WEXITSTATUS(status))
				      : "the process that writes it has died");
	} else if (f->unmarked) {
		sts_log_line(f->log, STS_LOG_WARNING,
		    "reports %s-sent: written again", f->path);
		f->unmarked = false;
	}
	return true;
}

static bool
same_mark(const struct sts_report_mark *a, const struct sts_report_mark *b)
{
	return a->number == b->number && a->check == b->check;
}

/* A report is about to be delivered: that is written first. A file that cannot
 * be written to stops no report, nor does a disk that hangs. */
static void
mark(struct sts_report_file *f, sts_ms now)
{
	bool ended = mark_ended(f);
	struct sts_report_mark m;

	if (!sts_agent_report_mark(f->agent, &m)) {
		memset(&f->marking, 0, sizeof f->marking);
		return;
	}
	if (ended && !same_mark(&m, &f->marking)) {
		f->marking = m;
		begin_mark(f, now);
		ended = f->marker == 0;
	}
	if (!ended && sts_before(now, f->mark_until)) {
		return;
	}
	if (!ended) {
		complain_of_mark(f, "the disk does not answer");
	}
	memset(&f->marking, 0, sizeof f->marking);
	sts_agent_report_marked(f->agent);
	sts_driver_wake(f->driver);
}

/* Write an image, if that is due and it would be another one. */
static void
write_due(struct sts_report_file *f, bool ending, sts_ms now)
{
	bool timely = !sts_before(now, f->next);
	bool due = timely || (!f->failed && (ending || f->days != days_of(f)));

	if (due && f->saved != changes(f)) {
		begin(f, now);
	} else if (timely) {
		f->next = now + STS_REPORT_FILE_MS;
	}
}

/* Times that are over stay so: a disk may hold a child for weeks. */
static void
carry_times(struct sts_report_file *f, sts_ms now)
{
	f->next = sts_later(f->next, now);
	f->mark_until = sts_later(f->mark_until, now);
}

sts_ms
sts_report_file_tick(struct sts_report_file *f, bool ending, sts_ms now)
{
	if (f->agent == NULL) {
		return IDLE_MS;
	}
	carry_times(f, now);
	if (f->child > 0 && !sts_before(now, f->look)) {
		f->look = now + LOOK_MS;
		reap(f, now);
	}
	if (f->child == 0) {
		write_due(f, ending, now);
	}
	mark(f, now);
	if (f->child > 0 || f->marker > 0) {
		return LOOK_MS;
	}
	return sts_before(now, f->next)
		   ? sts_earlier(f->next, now + IDLE_MS) - now
		   : 0;
}

bool
sts_report_file_saved(const struct sts_report_file *f)
{
	return f->agent == NULL || f->failed ||
	       (f->child == 0 && f->saved == changes(f));
}
