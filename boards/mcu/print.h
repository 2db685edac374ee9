/* SPDX-License-Identifier: MIT */
/* Text on the UART. */
#ifndef STS_PRINT_H
#define STS_PRINT_H

#include "../../core/base/bytes.h"
#include "../../core/base/io.h"

void sts_print(const char *s);
void sts_print_number(uint32_t v);
/* Two digits an octet. */
void sts_print_hex(struct sts_text t);
/* What a peer sent: anything that is not harmless as \xNN. */
void sts_print_text(struct sts_text t);
/* " word=number". */
void sts_print_word(const char *word, uint32_t v);
void sts_print_addr(const struct sts_addr *a);

#endif
