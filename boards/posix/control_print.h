/* SPDX-License-Identifier: MIT */
/*
 * Records of the control socket's answers, printed for people: readable by an
 * operator who was woken by them. Programs ask for JSON instead.
 */
#ifndef STS_CONTROL_PRINT_H
#define STS_CONTROL_PRINT_H

#include "control_show.h"

/* An octet as it is if it is printable or LF, else "?". */
void sts_control_print_octet(uint8_t octet);

/* The lines above an answer, up to where its octets follow. */
void sts_control_print_head(const struct sts_control_show *s);

/* What stands before an mx pattern: all above it, if it is the first. */
void sts_control_print_pattern(struct sts_control_show *s);

/* The record, when all its members are there. */
void sts_control_print_record(struct sts_control_show *s);

#endif
