/* SPDX-License-Identifier: MIT */
/*
 * Records of the control socket's answers, printed for people: readable by an
 * operator who was woken by them. Of no use to programs: those ask for JSON.
 */
#ifndef STS_CONTROL_PRINT_H
#define STS_CONTROL_PRINT_H

#include "control_show.h"

/* The lines above an answer, up to where its octets follow. */
void sts_print_head(const struct sts_show *s);

/* One mx pattern of the record, which is not yet complete. */
void sts_print_pattern(struct sts_show *s, const char *pattern);

/* The record, when all its fields are there. */
void sts_print_record(struct sts_show *s);

#endif
