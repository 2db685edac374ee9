/* SPDX-License-Identifier: MIT */
/* Whether a file has changed since we last looked. */
#ifndef STS_WATCH_H
#define STS_WATCH_H

#include <stdbool.h>
#include <sys/stat.h>

struct sts_watch {
	/* Private. */
	bool there;
	struct stat st;
};

/* Note how the file is now. True: it has changed since the last call. */
bool sts_watch_changed(struct sts_watch *w, const char *path);

#endif
