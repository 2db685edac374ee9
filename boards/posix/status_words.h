/* SPDX-License-Identifier: MIT */
/*
 * The answer to "status" in words: sections, each of a few lines. The terminal
 * and the page show the same words, each in its own way.
 */
#ifndef STS_STATUS_WORDS_H
#define STS_STATUS_WORDS_H

#include "status_tree.h"

enum {
	STS_STATUS_LINE = 512 /* octets of a line, with NUL; cut beyond */
};

struct sts_status_paper {
	void *ctx;
	void (*section)(void *ctx, const char *title);
	/* A line of the section; octets of strangers may be in it. */
	void (*line)(void *ctx, const char *text);
};

/* Write all sections. */
void sts_status_words(
    const struct sts_tree *t, const struct sts_status_paper *paper);

/* A number of the tree; 0 if it is none. */
uint64_t sts_status_number(const struct sts_tree *t, const char *path);

#endif
