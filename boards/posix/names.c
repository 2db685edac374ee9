/* SPDX-License-Identifier: MIT */
/*
 * Names of domains in a file, of any of the formats.
 *
 *	is_json     decided by the first octet, "{"
 *	lines       a line is collected, blanks in a row as one space; `table`:
 *	            the last name was that of a policy table, so an indented
 *	            line goes on with its attributes
 *	JSON        names of the object "policies" of the file's object
 *
 * Invariants: buf[pos..len) is what has not been read; no call reads more than
 * one piece, however long a line, a comment or a string is. A name is handed
 * out whole or not at all: of a line only STS_NAMES_LINE octets are kept, more
 * than a name and a level, and a name over STS_NAMES_MAX is BAD. A NUL makes
 * its line BAD.
 *
 * The file may come from another agent, so its writer is not trusted with more
 * than names: levels, policies and patterns in it are never read, and whoever
 * looks a name up judges it as any other key.
 */
#define _POSIX_C_SOURCE 200809L

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "../../core/answer/postfix.h"
#include "../../core/base/text.h"
#include "names.h"

enum {
	OF_FILE = 1, /* depth: members */
	OF_LIST = 2 /* names of policies */
};

int
sts_names_open(struct sts_names *n, const char *path)
{
	struct stat st;

	memset(n, 0, sizeof *n);
	n->line = 1;
	n->fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
	if (n->fd < 0) {
		return -1;
	}
	if (fstat(n->fd, &st) != 0 || !S_ISREG(st.st_mode)) {
		close(n->fd);
		errno = S_ISDIR(st.st_mode) ? EISDIR : ESPIPE;
		return -1;
	}
	sts_json_begin(&n->json);
	return 0;
}

void
sts_names_close(struct sts_names *n)
{
	close(n->fd);
	n->fd = -1;
}

/* Read a piece when all was used. False: there is none; `ended`: the file ends,
 * else errno. */
static bool
fill(struct sts_names *n)
{
	ssize_t got;

	if (n->pos < n->len) {
		return true;
	}
	do {
		got = read(n->fd, n->buf, sizeof n->buf);
	} while (got < 0 && errno == EINTR);
	n->pos = 0;
	n->len = got > 0 ? (size_t)got : 0;
	n->ended = got == 0;
	return got > 0;
}

static void
begin_line(struct sts_names *n)
{
	n->any = n->comment = n->nul = false;
	n->text_len = 0;
}

static void
add_octet(struct sts_names *n, uint8_t c)
{
	char *end = n->text + n->text_len;

	n->comment = n->comment || c == '#';
	if (n->comment || n->text_len == STS_NAMES_LINE) {
		return;
	}
	n->nul = n->nul || c == '\0';
	*end = (char)(c <= ' ' ? ' ' : c);
	n->text_len += n->text_len == 0 || *end != ' ' || end[-1] != ' ';
}

/* Go on with a line. True: it is whole. */
static bool
read_line(struct sts_names *n)
{
	while (n->pos < n->len) {
		uint8_t c = n->buf[n->pos++];

		n->any = true;
		if (c == '\n') {
			return true;
		}
		add_octet(n, c);
	}
	return n->ended && n->any;
}

/*
 * The name of a line; STS_NAMES_END: it has none. Postfix's table has behind
 * the name a level, and then attributes, which may go on in lines that begin
 * with a blank. Nothing of that is taken over: what is true of the domain is
 * what it publishes.
 */
static enum sts_names_result
take_line(struct sts_names *n, struct sts_text line, char *out)
{
	bool indented = line.n > 0 && line.p[0] == ' ';
	struct sts_text word = sts_text_word(&line, STS_BLANK_SPACE);
	struct sts_text level = sts_text_word(&line, STS_BLANK_SPACE);

	if (word.n == 0 || (n->table && indented)) {
		return STS_NAMES_END;
	}
	n->table = level.n > 0 && sts_postfix_check(level) != STS_POSTFIX_LEVEL;
	if (word.n > STS_NAMES_MAX || (level.n > 0 && !n->table)) {
		return STS_NAMES_BAD;
	}
	memcpy(out, word.p, word.n);
	out[word.n] = '\0';
	return STS_NAMES_ONE;
}

static enum sts_names_result
next_of_lines(struct sts_names *n, char out[STS_NAMES_MAX + 1])
{
	while (read_line(n)) {
		struct sts_text line =
		    sts_text((const uint8_t *)n->text, n->text_len);
		enum sts_names_result r =
		    n->nul ? STS_NAMES_BAD : take_line(n, line, out);

		begin_line(n);
		n->line++;
		if (r != STS_NAMES_END) {
			return r;
		}
	}
	return n->ended ? STS_NAMES_END : STS_NAMES_MORE;
}

/* A name of an object: a member of the file, or a domain. */
static enum sts_names_result
take_name(struct sts_names *n, char out[STS_NAMES_MAX + 1])
{
	struct sts_text t = sts_json_text(&n->json);

	if (sts_json_depth(&n->json) == OF_FILE) {
		n->policies = sts_text_is(t, "policies");
	} else if (sts_json_depth(&n->json) == OF_LIST && n->policies) {
		bool fits =
		    t.n <= STS_NAMES_MAX && memchr(t.p, '\0', t.n) == NULL;

		memcpy(out, t.p, fits ? t.n : 0);
		out[fits ? t.n : 0] = '\0';
		return fits ? STS_NAMES_ONE : STS_NAMES_BAD;
	}
	return STS_NAMES_END;
}

/* The next name of the list's object in this piece. Everything else of the file
 * is read over, but must be JSON. */
static enum sts_names_result
next_of_json(struct sts_names *n, char out[STS_NAMES_MAX + 1])
{
	while (n->pos < n->len) {
		enum sts_json_event event;
		struct sts_text in = sts_text(n->buf + n->pos, n->len - n->pos);
		size_t used = sts_json_read(&n->json, in, &event);

		for (size_t i = 0; i < used; i++) {
			n->line += in.p[i] == '\n';
		}
		n->pos += used;
		if (event >= STS_JSON_LIMIT) {
			return STS_NAMES_BROKEN;
		}
		enum sts_names_result r =
		    event == STS_JSON_NAME ? take_name(n, out) : STS_NAMES_END;

		if (r != STS_NAMES_END) {
			return r;
		}
	}
	if (!n->ended) {
		return STS_NAMES_MORE;
	}
	return sts_json_between(&n->json) ? STS_NAMES_END : STS_NAMES_BROKEN;
}

enum sts_names_result
sts_names_next(struct sts_names *n, char out[STS_NAMES_MAX + 1])
{
	out[0] = '\0';
	if (!fill(n) && !n->ended) {
		return STS_NAMES_BROKEN;
	}
	if (!n->begun && n->len > 0) {
		n->begun = true;
		n->is_json = n->buf[0] == '{';
	}
	return n->is_json ? next_of_json(n, out) : next_of_lines(n, out);
}

enum sts_names_result
sts_names_await(struct sts_names *n, char out[STS_NAMES_MAX + 1])
{
	enum sts_names_result r;

	do {
		r = sts_names_next(n, out);
	} while (r == STS_NAMES_MORE);
	return r;
}
