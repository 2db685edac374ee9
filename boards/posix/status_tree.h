/* SPDX-License-Identifier: MIT */
/*
 * The answer to "status", read into paths and values: {"memory":{"bytes":7}} is
 * "memory.bytes" "7", the second of a list is "name_servers.1.address". What
 * comes is not trusted: memory is bounded, and what does not fit is left out.
 */
#ifndef STS_STATUS_TREE_H
#define STS_STATUS_TREE_H

#include "../../core/grammar/json.h"

enum {
	STS_TREE_SIZE = 16384, /* octets of all paths and values, with NULs */
	STS_TREE_PATH_MAX = 80, /* octets of a path */
	STS_TREE_DEPTH = 4
};

struct sts_tree {
	/* Private: text[0..len) are "PATH NUL VALUE NUL" each. */
	size_t len;
	char text[STS_TREE_SIZE];
};

/*
 * Read the object at the beginning of `in`. Returns the octets that it takes
 * with the LF behind it; 0: it is none, or is not whole.
 */
size_t sts_tree_read(struct sts_tree *t, struct sts_text in);

/* The value of a path made like printf's output; "" if there is none. Strings
 * are as they were sent, the others as they are written. */
#if defined(__GNUC__)
__attribute__((format(printf, 2, 3)))
#endif
const char *
sts_tree_get(const struct sts_tree *t, const char *path, ...);

#endif
