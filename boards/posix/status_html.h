/* SPDX-License-Identifier: MIT */
/*
 * The answer to "status" as one page of HTML: nothing of it is loaded from
 * elsewhere, nothing of it is a program, and its policy (CSP) allows neither.
 * It may be put on a web server: what strangers choose, such as names of
 * domains, is escaped, and what is not printable ASCII is shown as "?".
 */
#ifndef STS_STATUS_HTML_H
#define STS_STATUS_HTML_H

#include "../../core/base/sink.h"
#include "status_words.h"

enum {
	STS_STATUS_HTML_MAX = 65536 /* more than a page takes */
};

/* Write the page. */
void sts_status_html(const struct sts_tree *t, struct sts_sink *out);

#endif
