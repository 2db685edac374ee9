/* SPDX-License-Identifier: MIT */
/* The trust anchors, from a PEM bundle. */
#define _POSIX_C_SOURCE 200809L

#include <errno.h>
#include <fcntl.h>
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

/* Hand the whole file over. NULL, or what is wrong. */
static const char *
feed(int fd, struct sts_anchors_load *load)
{
	uint8_t piece[PIECE];
	size_t total = 0;

	for (;;) {
		ssize_t n = read(fd, piece, sizeof piece);

		if (n == 0) {
			return NULL;
		}
		if (n < 0 && errno != EINTR) {
			return strerror(errno);
		}
		if (n > 0) {
			sts_anchors_feed(load, sts_text(piece, (size_t)n));
			total += (size_t)n;
		}
		if (total > STS_ROOTS_FILE_MAX) {
			return "larger than 16 MB";
		}
	}
}

const char *
sts_roots_load(const char *path, uint8_t *block, size_t size,
    struct sts_anchors_load *load, struct sts_roots *out)
{
	struct sts_anchors set;
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY);

	if (fd < 0) {
		return strerror(errno);
	}
	sts_anchors_begin(load, block, size);
	const char *problem = feed(fd, load);

	close(fd);
	if (problem != NULL) {
		return problem;
	}
	enum sts_anchors_error e = sts_anchors_end(load, &set);

	if (e != STS_ANCHORS_OK) {
		return sts_anchors_error_text(e);
	}
	out->set = set;
	out->skipped = sts_anchors_skipped(load);
	return NULL;
}
