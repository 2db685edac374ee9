/* SPDX-License-Identifier: MIT */
/*
 * struct sts_store in a file that was filled before it is used, so that a full
 * disk cannot stop what is written later.
 *
 * The file is locked with flock(2): such a lock belongs to the open file, so
 * it is held until parent and child are both gone. A write of a killed
 * instance is over before the next one reads.
 *
 * Until sts_store_serve runs in a child the calls do their work at once, which
 * is for loading. From then on the child does it: a call sends it one request
 * and says AGAIN; when `link` can be read the same call gets the result. So a
 * disk that hangs stops the child and no answer. What is no fault of the
 * storage (disk full, read-only) the child tries again until it works;
 * meanwhile `stalled` is the errno. A child that died has no successor: every
 * call is an error.
 */
#ifndef STS_POSIX_STORE_H
#define STS_POSIX_STORE_H

#include "../../core/port.h"

enum {
	STS_STORE_ERASE_SIZE = 65536,
	STS_STORE_AREAS = 2,
	/* Octets of one read or write at most. */
	STS_STORE_BUFFER = 16384,
	STS_STORE_RETRY_MS = 10000
};

struct sts_file_store {
	struct sts_store store;
	int stalled; /* errno of what is tried again; 0: nothing is */
	bool broken; /* the child has died */
	/* Private. */
	int fd, link;
	int far; /* the child's end of the link, until it is forked */
	bool asked;
};

/*
 * Open and lock the file at path; with `create` one that is not there is made,
 * mode 0600; on a read-only file system it can be read, and writes are errors.
 * The areas are halves of it. 0, or -1 with errno: EWOULDBLOCK:
 * another process has it.
 */
int sts_store_open(struct sts_file_store *s, const char *path, bool create);

/* Its size and areas as opened; *size 0: it is empty. */
void sts_store_size(const struct sts_file_store *s, uint64_t *size);

/*
 * Make a fresh file, as opened with `create` at path: two areas of area_size
 * octets (a multiple of STS_STORE_ERASE_SIZE) that begin with those of `old`
 * (may be NULL; its areas are not larger), the rest erased; on the medium when
 * this returns. 0, or -1 with errno.
 */
int sts_store_fill(struct sts_file_store *s, uint32_t area_size,
    const struct sts_file_store *old);

/* Unlock and close, also after an open that failed. */
void sts_store_close(struct sts_file_store *s);

/*
 * Prepare for a child. The descriptor to watch for results, which is whoever's
 * that watches it, or -1 with errno.
 * The next is fork(): the child calls sts_store_serve and the parent
 * sts_store_forked.
 */
int sts_store_link(struct sts_file_store *s);
void sts_store_forked(struct sts_file_store *s);

/* Carry out requests until the parent is gone; closes every other descriptor,
 * ignores what ends a service, and does not return. */
void sts_store_serve(struct sts_file_store *s);

#endif
