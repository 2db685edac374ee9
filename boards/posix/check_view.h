/* SPDX-License-Identifier: MIT */
/*
 * How a check is shown: for people, as JSON, or as one line for a monitor. Each
 * part is shown when it is complete, in the order of the steps; what was found
 * about it is the slice `mine` of all findings.
 */
#ifndef STS_CHECK_VIEW_H
#define STS_CHECK_VIEW_H

#include "check_verdict.h"

/* What a view is given of each part. */
struct sts_check_shown {
	const struct sts_check_facts *f;
	const struct sts_check_findings *all;
	unsigned from, to; /* the findings of this part */
	struct sts_check_use use;
	unsigned host; /* of a host */
	bool tested; /* the part is complete; else it was interrupted */
	const struct sts_check_verdict *verdict; /* of the end */
};

struct sts_check_view {
	void (*begin)(const struct sts_check_shown *s);
	void (*txt)(const struct sts_check_shown *s);
	void (*policy)(const struct sts_check_shown *s);
	void (*mx)(const struct sts_check_shown *s);
	void (*host)(const struct sts_check_shown *s);
	void (*rpt)(const struct sts_check_shown *s);
	void (*agent)(const struct sts_check_shown *s);
	void (*end)(const struct sts_check_shown *s);
	/* What is waited for now: on a terminal, and nowhere else. */
	void (*progress)(const char *what, struct sts_text name);
};

extern const struct sts_check_view sts_check_print, sts_check_json,
    sts_check_plugin;

/* Before sts_check_print: whether standard output is a terminal, and whether
 * colour is wanted there. */
void sts_check_print_on(bool terminal, bool colour);

/*
 * What is worst of a part, or of one host or address of it (-1: any): "ok",
 * "none", "unknown", "bad"; *why: the word of the first finding that is so bad,
 * "ok" if there is none.
 */
const char *sts_check_part(
    const struct sts_check_shown *s, int host, int address, const char **why);

/* The worst weight behind that. */
enum sts_check_grade sts_check_part_grade(
    const struct sts_check_shown *s, int host, int address, const char **why);

#endif
