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
 * and answers AGAIN; when `link` can be read the same call gets the result. So a
 * disk that hangs stops the child and no answer. When the child has died every
 * call is an error, until there is another one: the file and its lock stay
 * with the parent.
 *
 * No room (disk full, quota) is STS_IO_LIMIT, all else STS_IO_RESET.
 */
#ifndef STS_POSIX_STORE_H
#define STS_POSIX_STORE_H

#include "../../core/port.h"

enum {
	STS_STORE_ERASE_SIZE = 65536,
	STS_STORE_AREAS = 2,
	/* Octets of one read or write at most. */
	STS_STORE_BUFFER = 16384
};

/* error: errno, 0: done. */
struct sts_store_reply {
	int32_t error;
};

struct sts_file_store {
	struct sts_store store;
	int error; /* errno of the last call that failed */
	uint32_t answers; /* of the child, so far */
	bool asked; /* and one is awaited */
	bool broken; /* there is no child to write: writes are errors */
	const char *name; /* that the file should have, for ..._ask_name */
	bool nameless; /* it has not, as the child answered last */
	bool naming; /* what is awaited is no call's, but about that */
	/* Private. */
	int fd, link;
	int lock; /* what the lock belongs to, if that is not fd */
	int far; /* the child's end of the link, until it is forked */
	size_t have; /* octets of the child's answer that have come */
	struct sts_store_reply reply;
	uint32_t ahead_off, ahead_len; /* what of the file is in `ahead` */
	uint8_t ahead[STS_STORE_BUFFER];
};

/*
 * Open and lock the file at path; with `create` a new one, mode 0600: what has
 * that name loses it, unless it is locked. Links are not followed. One that we
 * may read and not write to (a read-only file system, another owner, immutable)
 * can be read, and writes are errors; `error` is why. The areas are halves of it. 0, or -1 with errno: EWOULDBLOCK:
 * another process has it.
 */
int sts_store_open(struct sts_file_store *s, const char *path, bool create);

/*
 * Open for reading only a file that another process has locked: what is read
 * may be in the middle of a change, which its checksums show. 0, or
 * -1 with errno.
 */
int sts_store_look(struct sts_file_store *s, const char *path);

/* Whether what was opened (still) has that name. */
bool sts_store_has_name(const struct sts_file_store *s, const char *path);

/* Whether it was opened for writing, too. */
bool sts_store_writable(const struct sts_file_store *s);

/*
 * What was opened for reading alone: open it for writing, too, while
 * the lock is held. 0, or -1 with errno, and nothing has changed (ESTALE:
 * there is another file of that name).
 */
int sts_store_reopen(struct sts_file_store *s, const char *path);

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

/* Let others have the lock; the file stays open, to be read. */
void sts_store_unlock(const struct sts_file_store *s);

/* Unlock and close, also after an open that failed. */
void sts_store_close(struct sts_file_store *s);

/*
 * Prepare for a child, the first or one after the last has died. Returns
 * the descriptor to watch for results, which its watcher then owns, or -1 with
 * errno, and then there is no child: writes are errors.
 * The next is fork(): the child calls sts_store_serve and the parent
 * sts_store_forked; or sts_store_unlink if there is no child.
 */
int sts_store_link(struct sts_file_store *s);
void sts_store_forked(struct sts_file_store *s);
void sts_store_unlink(struct sts_file_store *s);

/* Carry out requests until the parent is gone; closes every other descriptor,
 * ignores what ends a service, and does not return. */
void sts_store_serve(struct sts_file_store *s);

/* In any child: close every descriptor but the store's, standard error and
 * `also`. */
void sts_store_alone(const struct sts_file_store *s, int also);

/*
 * Have the child see whether the file has its name, as a disk that hangs may
 * hold whoever looks, if it has nothing else to do. Then hear it, when `link`
 * can be read. True: nothing about it is awaited.
 */
void sts_store_ask_name(struct sts_file_store *s);
bool sts_store_hear_name(struct sts_file_store *s);

/* Make the names of a path's folder durable: a file's content is not all that a
 * power cut can take. 0, or errno. */
int sts_store_sync_folder(const char *path);

/* In a child that does something else: close every descriptor but these (-1:
 * none). What a child holds open outlives the daemon: a listener that the next
 * one cannot have, clients that wait for a dead one. */
void sts_store_close_others(const int *kept, size_t count);

#endif
