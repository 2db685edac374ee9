/* SPDX-License-Identifier: MIT */
/* Whether a file has changed since we last looked. */
#define _POSIX_C_SOURCE 200809L

#include <string.h>

#include "watch.h"

bool
sts_watch_changed(struct sts_watch *w, const char *path)
{
	struct stat st;

	memset(&st, 0, sizeof st);
	bool there = stat(path, &st) == 0;
	bool same = there == w->there && st.st_dev == w->st.st_dev &&
		    st.st_ino == w->st.st_ino && st.st_size == w->st.st_size &&
		    st.st_mtim.tv_sec == w->st.st_mtim.tv_sec &&
		    st.st_mtim.tv_nsec == w->st.st_mtim.tv_nsec;

	w->there = there;
	w->st = st;
	return !same;
}
