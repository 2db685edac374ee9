/* SPDX-License-Identifier: MIT */
/*
 * The trust anchors, from a PEM bundle. One odd certificate of it costs the
 * others nothing: it is left out, and named in the log, by `serve -t` and in a
 * metric. Only a bundle without one usable certificate is refused.
 */
#ifndef STS_ROOTS_H
#define STS_ROOTS_H

#include "../../port/posix/log.h"
#include "../../tls/x509/anchors.h"

enum {
	STS_ROOTS_FILE_MAX = 16 << 20, /* bytes of a bundle that are read */
	STS_ROOTS_NOTES_MAX = 16, /* left out ones that are named */
	STS_ROOTS_NOTE_MAX = 4 * STS_ANCHORS_SUBJECT_MAX + 128
};

/*
 * The file to read: `configured`, or if that is "" the first of the systems'
 * usual places that can be read, or the first of them.
 */
const char *sts_roots_file(const char *configured);

struct sts_roots {
	struct sts_anchors set;
	bool cut; /* the file ends inside a block */
	size_t needed; /* bytes of block, had all usable ones room */
	size_t touched; /* octets of the block that were written */
	unsigned left_out; /* of the bundle: not in the set */
	unsigned noted; /* of them, the first ones, that are in `left` */
	struct sts_anchors_left left[STS_ROOTS_NOTES_MAX];
};

/*
 * Read the bundle into block[0..size). `load` is scratch of
 * sts_anchors_load_size() bytes. NULL: *out is filled and its set, of one
 * certificate or more, points into the block; what was left out is noted.
 * Else what is wrong; out->set is unchanged, the notes are those of this file.
 * errno is then the system's reason, or 0.
 */
const char *sts_roots_load(const char *path, uint8_t *block, size_t size,
    struct sts_anchors_load *load, struct sts_roots *out);

/* The same in steps, of a few kilobytes each, for whoever has others wait. */
struct sts_roots_reading {
	/* Private. */
	struct sts_anchors_load *load;
	size_t total; /* octets so far */
	int fd, error; /* error: errno */
};

/* All are borrowed until the end, which must come. */
void sts_roots_begin(struct sts_roots_reading *r, const char *path,
    uint8_t *block, size_t size, struct sts_anchors_load *load,
    struct sts_roots *out);
/* False: that was all. */
bool sts_roots_step(struct sts_roots_reading *r, struct sts_roots *out);
/* What sts_roots_load returns. */
const char *sts_roots_end(struct sts_roots_reading *r, struct sts_roots *out);

/*
 * What was left out, one after the other, for people: "line 12: "Some CA": its
 * base64 is broken"; behind the last one that was noted, how many more there
 * are. False: there is no number i.
 */
bool sts_roots_note(
    const struct sts_roots *r, unsigned i, char out[STS_ROOTS_NOTE_MAX]);

/* The same as warnings in the log, each behind "trust anchors of PATH". */
void sts_roots_log(
    const struct sts_roots *r, const char *path, struct sts_log *log);

/* The same of a bundle that is in use now, and how many there are. when: "", or
 * what the number stands behind. */
void sts_roots_log_taken(const struct sts_roots *r, const char *when,
    const char *path, struct sts_log *log);

#endif
