/* SPDX-License-Identifier: MIT */
/* Text on the UART. */
#include <string.h>

#include "board.h"
#include "print.h"

void
sts_print(const char *s)
{
	while (*s != '\0') {
		sts_board_put(*s++);
	}
}

void
sts_print_number(uint32_t v)
{
	uint8_t digits[20];
	size_t n = sts_put_decimal(digits, v);

	for (size_t i = 0; i < n; i++) {
		sts_board_put((char)digits[i]);
	}
}

void
sts_print_hex(struct sts_text t)
{
	static const char hex[] = "0123456789abcdef";

	for (size_t i = 0; i < t.n; i++) {
		sts_board_put(hex[t.p[i] >> 4]);
		sts_board_put(hex[t.p[i] & 15]);
	}
}

void
sts_print_text(struct sts_text t)
{
	for (size_t i = 0; i < t.n; i++) {
		uint8_t c = t.p[i];

		if (sts_is_alnum(c) ||
		    (c != 0 && strchr(".-_*:/@+,= ", c) != NULL)) {
			sts_board_put((char)c);
			continue;
		}
		sts_print("\\x");
		sts_print_hex(sts_text(&c, 1));
	}
}

void
sts_print_word(const char *word, uint32_t v)
{
	sts_print(" ");
	sts_print(word);
	sts_print("=");
	sts_print_number(v);
}

void
sts_print_addr(const struct sts_addr *a)
{
	for (unsigned i = 0; i < 4; i++) {
		sts_print(i == 0 ? "" : ".");
		sts_print_number(a->ip[i]);
	}
	sts_print(":");
	sts_print_number(a->port);
}
