/* SPDX-License-Identifier: MIT */
/* The file of the key preload: read whole, or not used. */
#ifndef STS_PRELOAD_FILE_H
#define STS_PRELOAD_FILE_H

#include "../../core/answer/preload.h"
#include "conf.h"

/*
 * Read the list at path into the area. False: `why` says what is wrong and
 * where, such as "/etc/mtasts/preload.json:12: b.example: expected a domain";
 * then *list is undefined.
 */
bool sts_preload_file_load(const char *path, struct sts_span area,
    struct sts_preload *list, char why[STS_CONF_WHY_MAX]);

#endif
