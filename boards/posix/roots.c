/* SPDX-License-Identifier: MIT */
/* The trust anchors, from a PEM bundle. */
#define _POSIX_C_SOURCE 200809L

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "roots.h"

enum {
	PIECE = 4096
};

/* Debian and Alpine; Fedora; SUSE; the BSDs. */
static const char *const places[] = {
	"/etc/ssl/certs/ca-certificates.crt",
	"/etc/pki/tls/certs/ca-bundle.crt",
	"/etc/ssl/ca-bundle.pem",
	"/etc/ssl/cert.pem",
};

const char *
sts_roots_file(const char *configured)
{
	if (configured[0] != '\0') {
		return configured;
	}
	for (size_t i = 0; i < sizeof places / sizeof *places; i++) {
		if (access(places[i], R_OK) == 0) {
			return places[i];
		}
	}
	return places[0];
}

static void
note(struct sts_roots *r, const struct sts_anchors_left *left)
{
	r->left_out++;
	if (r->noted < STS_ROOTS_NOTES_MAX) {
		r->left[r->noted++] = *left;
	}
}

static void
feed_piece(
    struct sts_anchors_load *load, struct sts_text piece, struct sts_roots *r)
{
	const struct sts_anchors_left *left;

	while ((left = sts_anchors_next(load, &piece)) != NULL) {
		note(r, left);
	}
}

void
sts_roots_begin(struct sts_roots_reading *r, const char *path, uint8_t *block,
    size_t size, struct sts_anchors_load *load, struct sts_roots *out)
{
	/* A pipe must not stop the daemon when it reads this file again. */
	r->fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
	r->error = r->fd < 0 ? errno : 0;
	r->total = 0;
	r->load = load;
	out->left_out = out->noted = 0;
	out->cut = false;
	out->needed = 0;
	sts_anchors_begin(load, block, size);
}

bool
sts_roots_step(struct sts_roots_reading *r, struct sts_roots *out)
{
	static const struct sts_anchors_left rest = { 0,
		"what follows the first 16 MB is not read", 0, "" };
	uint8_t piece[PIECE];
	ssize_t n = r->error == 0 ? read(r->fd, piece, sizeof piece) : 0;

	if (n < 0 && errno != EINTR) {
		r->error = errno;
		return false;
	}
	if (n > 0) {
		feed_piece(r->load, sts_text(piece, (size_t)n), out);
		r->total += (size_t)n;
		if (r->total >= STS_ROOTS_FILE_MAX) {
			note(out, &rest);
			return false;
		}
	}
	return n != 0;
}

const char *
sts_roots_end(struct sts_roots_reading *r, struct sts_roots *out)
{
	if (r->fd >= 0) {
		close(r->fd);
	}
	errno = r->error;
	if (r->error != 0) {
		return strerror(r->error);
	}
	const struct sts_anchors_left *left = sts_anchors_last(r->load);

	out->cut = left != NULL;
	if (out->cut) {
		note(out, left);
	}
	out->needed = sts_anchors_needed(r->load);
	out->touched = sts_anchors_touched(r->load);
	enum sts_anchors_error e = sts_anchors_end(r->load, &out->set);

	return e == STS_ANCHORS_OK ? NULL : sts_anchors_error_text(e);
}

const char *
sts_roots_load(const char *path, uint8_t *block, size_t size,
    struct sts_anchors_load *load, struct sts_roots *out)
{
	struct sts_roots_reading r;

	sts_roots_begin(&r, path, block, size, load, out);
	while (sts_roots_step(&r, out)) {
	}
	return sts_roots_end(&r, out);
}

bool
sts_roots_note(
    const struct sts_roots *r, unsigned i, char out[STS_ROOTS_NOTE_MAX])
{
	char name[4 * STS_ANCHORS_SUBJECT_MAX + 1] = "";

	if (i == r->noted && r->left_out > r->noted) {
		snprintf(out, STS_ROOTS_NOTE_MAX, "and %u more",
		    r->left_out - r->noted);
		return true;
	}
	if (i >= r->noted) {
		return false;
	}
	const struct sts_anchors_left *l = &r->left[i];
	char where[32] = "";

	if (l->line > 0) {
		snprintf(
		    where, sizeof where, "line %lu: ", (unsigned long)l->line);
	}
	sts_log_quote(sts_text(l->subject, l->subject_len), name, sizeof name);
	snprintf(out, STS_ROOTS_NOTE_MAX, "%s%s%s%s%s", where,
	    name[0] == '\0' ? "" : "\"", name,
	    name[0] == '\0' ? "" : "\": ", l->reason);
	return true;
}

void
sts_roots_log(const struct sts_roots *r, const char *path, struct sts_log *log)
{
	char text[STS_ROOTS_NOTE_MAX];

	for (unsigned i = 0; sts_roots_note(r, i, text); i++) {
		sts_log_line(log, STS_LOG_WARNING,
		    "trust anchors of %s: left out: %s", path, text);
	}
}

void
sts_roots_log_taken(const struct sts_roots *r, const char *when,
    const char *path, struct sts_log *log)
{
	sts_roots_log(r, path, log);
	sts_log_line(log, STS_LOG_INFO, "%s%u trust anchors of %s, %u left out",
	    when, r->set.count, path, r->left_out);
}
