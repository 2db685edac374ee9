/* SPDX-License-Identifier: MIT */
/* TXT records as they are shown. */
#ifndef STS_CHECK_RECORDS_H
#define STS_CHECK_RECORDS_H

#include "check_ask.h"

/* Keep the beginnings of the first records, and what came of the question. */
void sts_check_records_take(
    struct sts_check_records *out, const struct sts_check_ask *a);

#endif
