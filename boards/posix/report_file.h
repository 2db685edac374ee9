/* SPDX-License-Identifier: MIT */
/*
 * What has been counted for TLS reports, in files beside the journal, so that a
 * restart, a kill or a power cut loses fifteen minutes of it at most, and no
 * report is sent twice.
 *
 *	JOURNAL.reports-0, -1    images, written in turn
 *	JOURNAL.reports-sent     marks: what was delivered
 *
 * An image is written by a child, forked for it: it has the memory as it was at
 * that moment, however long the disk takes, and stops nobody. So is a mark, to
 * the system's buffer and not to the medium: it outlives the process, but a
 * power cut within the system's half minute may have one report sent a second
 * time, with the same id. Its report waits for it, and not longer than a disk
 * that works takes; nothing else does.
 */
#ifndef STS_REPORT_FILE_H
#define STS_REPORT_FILE_H

#include <sys/types.h>

#include "../../core/agent/agent.h"
#include "../../core/driver.h"
#include "../../port/posix/log.h"
#include "conf.h"

enum {
	STS_REPORT_IMAGES = 2,
	STS_REPORT_FILE_MS = 900000, /* between two images, if it has changed */
	STS_REPORT_FILE_AGAIN_MS = 60000, /* after one that failed */
	STS_REPORT_FILE_MARK_MS = 5000, /* that a report waits for its mark */
	STS_REPORT_FILE_WAIT_MS = 1000, /* that a start waits, for a moment */
	STS_REPORT_FILE_MARKS = 4096 /* kept; older ones are overwritten */
};

struct sts_report_file {
	/* Private. */
	int image[STS_REPORT_IMAGES], marks; /* -1: none */
	int lock; /* the file of the marks once more, for its lock */
	char path[STS_CONF_PATH_MAX + 16];
	struct sts_agent *agent; /* NULL: nothing is kept */
	struct sts_driver *driver;
	struct sts_log *log;
	uint32_t serial; /* of the newest image */
	uint32_t mark; /* where the next one goes */
	uint32_t saved, saving; /* changes that are in it, or being written */
	uint32_t days; /* the sum of the days that are in it */
	pid_t child; /* that writes an image; 0: none */
	sts_ms next, look;
	pid_t marker; /* that writes a mark; 0: none */
	struct sts_report_mark marking;
	sts_ms mark_until; /* then its report goes on without */
	bool failed; /* no image can be written: it was logged */
	bool unmarked; /* nor a mark, the same */
};

/* Open the files of a journal's path, as the user who will have them. Waits a
 * little where another instance has them, or the system is short of something.
 * What is wrong is logged; then nothing outlives a restart, and nothing is tried again
 * before the next: what the files hold could not be added to what was counted
 * since, and would be overwritten. */
void sts_report_file_open(
    struct sts_report_file *f, const struct sts_conf *c, struct sts_log *log);

/* Give the agent what the files have. After sts_agent_init, before sts_run. */
void sts_report_file_load(struct sts_report_file *f, struct sts_agent *agent,
    struct sts_driver *driver, sts_ms now);

/* Once a turn; `ending`: the daemon ends, so what has changed is written now.
 * Milliseconds until it is to be called again. */
sts_ms sts_report_file_tick(struct sts_report_file *f, bool ending, sts_ms now);

/* Whether all that was counted is in a file, or never will be. */
bool sts_report_file_saved(const struct sts_report_file *f);

#endif
