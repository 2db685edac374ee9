/* SPDX-License-Identifier: MIT */
/* What the files of a store share: the request to the child, and what they do
 * for each other, lowest file first. */
#ifndef STS_POSIX_STORE_PARTS_H
#define STS_POSIX_STORE_PARTS_H

#include <sys/stat.h>

#include "store.h"

enum sts_store_op {
	STS_STORE_READ = 1,
	STS_STORE_PROG,
	STS_STORE_ERASE,
	STS_STORE_SYNC,
	STS_STORE_COMMIT, /* STS_STORE_PROG, then STS_STORE_SYNC */
	STS_STORE_NAME
};

struct sts_store_request {
	uint32_t op, off, len;
};

#define STS_STORE_MESSAGE_MAX                                                  \
	(sizeof(struct sts_store_request) + STS_STORE_BUFFER)

/* Whether octets to be written follow the request. */
static inline bool
sts_store_writes(const struct sts_store_request *q)
{
	return q->op == STS_STORE_PROG || q->op == STS_STORE_COMMIT;
}

/* store_child.c */
/* A block as erased: STS_STORE_ERASE_SIZE octets. */
const uint8_t *sts_store_erased(void);
/* Write, or read, all of it. 0, or errno. */
int sts_store_write_at(int fd, uint64_t off, const uint8_t *p, size_t n);
int sts_store_read_at(int fd, uint64_t off, uint8_t *p, size_t n);
/* Do what is asked, at once; from and to: as the operation needs them. 0, or
 * errno. */
int sts_store_carry_out(int fd, const struct sts_store_request *q,
    const uint8_t *from, uint8_t *to);

/* store.c */
/* The file that is open is the store from now on. 0, or -1 with errno. */
int sts_store_bind(struct sts_file_store *s, const struct stat *st);

#endif
