/* SPDX-License-Identifier: MIT */
/*
 * Rendering in pieces: nothing is written outside the window.
 *
 * @link core/base/bytes.c
 */
#include "prove.h"

#include "../../core/base/sink.c"

enum {
	ROOM = 4
};

/* Where the copied run begins, and its length. */
static size_t copied_to, copied_from, copied_n;

void *
memcpy_contract(void *to, const void *from, size_t n)
{
	copied_to = __CPROVER_POINTER_OFFSET(to);
	copied_from = __CPROVER_POINTER_OFFSET(from);
	copied_n = n;
	PROVE(copied_to <= ROOM && n <= ROOM - copied_to);
	PROVE(copied_from <= ROOM && n <= ROOM - copied_from);
	return to;
}

/*
 * @bound windows of 4 and texts of up to 4 octets anywhere, at places of up to
 * 255: the code copies one run, whose two ends are compared with the window's
 * @cut memcpy memcpy_contract
 */
void
prove_sink_put(void)
{
	uint8_t text[ROOM], room[ROOM];
	struct sts_sink s = { nondet_u8(), nondet_u8(), nondet_u8(), room };
	size_t n = nondet_u8(), pos = s.pos, at = nondet_u8();

	/* The window takes all of its room, so that a smaller window would be
	 * noticed. */
	ASSUME(n <= ROOM && s.to == s.from + ROOM);
	copied_n = 0;
	sts_sink_put(&s, sts_text(text, n));
	PROVE(s.pos == pos + n);
	PROVE(copied_n == 0 || copied_n <= n - copied_from);
	PROVE(sts_sink_full(&s) == (pos + n >= s.to));
	/* Each octet of the text that falls into the window is copied to its
	 * place. */
	if (at < n && pos + at >= s.from && pos + at < s.to) {
		PROVE(at >= copied_from && at - copied_from < copied_n);
		PROVE(copied_to + (at - copied_from) == pos + at - s.from);
	}
}
