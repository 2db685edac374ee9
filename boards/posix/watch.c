/* SPDX-License-Identifier: MIT */
/*
 * Whether a file has changed since we last looked. Its size and the time of its
 * content may stay what they were (cp -p, rsync -t, a restored backup); the time
 * of its inode nobody sets.
 */
#define _POSIX_C_SOURCE 200809L

#include <string.h>

#include "watch.h"

static bool
same_time(const struct timespec *a, const struct timespec *b)
{
	return a->tv_sec == b->tv_sec && a->tv_nsec == b->tv_nsec;
}

bool
sts_watch_changed(struct sts_watch *w, const char *path)
{
	struct stat st;

	memset(&st, 0, sizeof st);
	bool there = stat(path, &st) == 0;
	bool same = there == w->there && st.st_dev == w->st.st_dev &&
		    st.st_ino == w->st.st_ino && st.st_size == w->st.st_size &&
		    same_time(&st.st_mtim, &w->st.st_mtim) &&
		    same_time(&st.st_ctim, &w->st.st_ctim);

	w->there = there;
	w->st = st;
	return !same;
}
