/* SPDX-License-Identifier: MIT */
/*
 * Records of the control socket's answers, printed for people: readable by an
 * operator who was woken by them. Programs ask for JSON instead.
 */
#ifndef STS_CONTROL_PRINT_H
#define STS_CONTROL_PRINT_H

#include "control_show.h"

/* Text of the daemon's: what is neither printable nor LF as "?". */
void sts_control_print_text(struct sts_text t);

/* A piece of a mail: the same, and lines end in LF alone. */
void sts_control_print_mail(struct sts_text t);

/* The lines above an answer, up to where its octets follow. */
void sts_control_print_head(const struct sts_control_show *s);

/* An mx pattern of the record, whose other members are all there. */
void sts_control_print_pattern(
    struct sts_control_show *s, struct sts_text pattern);

/* One of its mail hosts, "NAME STATE", the same. */
void sts_control_print_host(struct sts_control_show *s, struct sts_text host);

/* The record, when all its members are there. */
void sts_control_print_record(struct sts_control_show *s);

#endif
