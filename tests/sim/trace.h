/* SPDX-License-Identifier: MIT */
/*
 * What happens in a run, line by line: always hashed (the same seed gives the
 * same hash), printed when asked for. Answers have a hash of their own: they
 * must be the same with the stand-in for TLS and with TLS.
 */
#ifndef STS_SIM_TRACE_H
#define STS_SIM_TRACE_H

#include <stdbool.h>
#include <stdint.h>

extern bool trace_prints;
extern const char *trace_only; /* print lines with this word, or NULL: all */
extern uint64_t trace_hash, trace_answers;

void trace_begin(void);

#if defined(__GNUC__)
__attribute__((format(printf, 1, 2)))
#endif
void
trace(const char *format, ...);

/* The same for an answer. */
#if defined(__GNUC__)
__attribute__((format(printf, 1, 2)))
#endif
void
trace_answer(const char *format, ...);

/* "3d 04:05:06.789" of a time in milliseconds; valid until the next call but
 * three. */
const char *trace_time(int64_t ms);

#endif
