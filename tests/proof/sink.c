/* SPDX-License-Identifier: MIT */
/*
 * Rendering in pieces: nothing is written beside the window.
 *
 * @link core/base/bytes.c
 */
#include "prove.h"

#include "../../core/base/sink.c"

enum {
	ROOM = 4
};

/*
 * @bound windows and texts of up to 4 octets anywhere, at places of up to 255:
 * what is copied is one run, whose two ends are compared with the window's
 */
void
prove_sink_put(void)
{
	uint8_t text[ROOM], room[ROOM];
	struct sts_sink s = { nondet_u8(), nondet_u8(), nondet_u8(), NULL };
	size_t n = nondet_u8(), pos = s.pos, at = nondet_u8();

	ASSUME(n <= ROOM && s.from <= s.to && s.to - s.from <= ROOM);
	/* The texts end where their objects do. */
	s.out = room + (ROOM - (s.to - s.from));
	sts_sink_put(&s, sts_text(text + (ROOM - n), n));
	PROVE(s.pos == pos + n);
	PROVE(sts_sink_full(&s) == (pos + n >= s.to));
	/* Each octet of the text that is in the window is in its place. */
	if (at < n && pos + at >= s.from && pos + at < s.to) {
		PROVE(s.out[pos + at - s.from] == text[ROOM - n + at]);
	}
}
