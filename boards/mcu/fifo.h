/* SPDX-License-Identifier: MIT */
/*
 * Frames through an Ethernet controller's FIFOs of 32-bit words: what the
 * boards' drivers have in common. fifo.c has board.h's functions for the octets
 * of a frame; the controller's driver has those that begin and end a frame.
 */
#ifndef STS_FIFO_H
#define STS_FIFO_H

#include <stddef.h>
#include <stdint.h>

/* The registers a word is read from and written to. */
void sts_fifo_begin(uint32_t in, uint32_t out);

/* A frame of that many words waits to be read; it has more words than was
 * announced. */
void sts_fifo_expect(size_t words);
void sts_fifo_more(size_t words);

/* A frame is to be written. */
void sts_fifo_fresh(void);

/* Fill its last word. */
void sts_fifo_fill(void);

#endif
