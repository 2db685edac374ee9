/* SPDX-License-Identifier: MIT */
/*
 * A scenario file as lines of words.
 *
 *	# comment                 the first line of a file: what it pins
 *	word "two words" k=v      quotes as in C: \r \n \t \" \\ \xHH
 *	word ... <<<              the lines up to >>> are the line's text,
 *	>>>                       joined by CRLF
 *	repeat i 1 64             the lines up to `end`, with $i replaced
 *	end
 */
#ifndef STS_TEST_SCRIPT_H
#define STS_TEST_SCRIPT_H

#include <stddef.h>

enum {
	SCRIPT_WORDS = 24
};

struct script_line {
	int number;
	int argc;
	char *argv[SCRIPT_WORDS];
	size_t len[SCRIPT_WORDS]; /* words may hold NUL */
	char *text; /* NULL: none */
};

struct script {
	const char *path;
	const char *title; /* the first line's comment */
	struct script_line *line;
	size_t count;
};

/* Read a file. Ends the program with a message when that fails. */
void script_read(struct script *s, const char *path);

#endif
