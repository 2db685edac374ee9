/* SPDX-License-Identifier: MIT */
/* The file of the key preload: read whole, or not used. */
#ifndef STS_PRELOAD_FILE_H
#define STS_PRELOAD_FILE_H

#include "../../core/answer/preload.h"
#include "conf.h"

struct sts_preload_file {
	/* Private. */
	struct sts_preload_read read;
	const char *path;
	int fd, error; /* error: errno */
	bool ended; /* all was read: work is left */
};

/*
 * Read the list at path into the area; f is scratch. False: `why` says what is
 * wrong and where, such as "/etc/mtasts/preload.json:12: b.example: expected a
 * domain"; then *list is undefined.
 */
bool sts_preload_file_load(struct sts_preload_file *f, const char *path,
    struct sts_span area, struct sts_preload *list, char why[STS_CONF_WHY_MAX]);

/* The same in steps, for whoever has others wait. All are borrowed until the
 * end, which must come. */
void sts_preload_file_begin(struct sts_preload_file *f, const char *path,
    struct sts_span area, struct sts_preload *list);
/* False: that was all. */
bool sts_preload_file_step(struct sts_preload_file *f);
/* What sts_preload_file_load returns. */
bool sts_preload_file_end(
    struct sts_preload_file *f, char why[STS_CONF_WHY_MAX]);

#endif
