/* SPDX-License-Identifier: MIT */
/*
 * Routes on the console, as firmware that delivers mail itself would ask for
 * them by the C API (core/route.h, core/dane/judge.h). Lines:
 *
 *	route DOMAIN   where mail for it goes, and what each host must show:
 *	               "route DOMAIN: hosts=2", then a line a host, the first
 *	               one number 0; "no-mail WHY"; "again WHY"
 *	+HEX...        more octets of the chain that a host presented, in DER,
 *	               the server's certificate first, as they come
 *	judge N        host N of the route judged by that chain, which is then
 *	               forgotten; without one, there was no TLS: "judge HOST: ok",
 *	               or the reason why the mail must not be sent
 *
 * Left out with STS_DANE.
 */
#ifndef STS_CONSOLE_ROUTE_H
#define STS_CONSOLE_ROUTE_H

#include "../../core/sts.h"

/* Octets of a chain at most; over them it is none, and never cut. */
#ifndef STS_BOARD_CHAIN
#define STS_BOARD_CHAIN 2048
#endif

/* Take a line that was typed. False: it is none of these. */
bool sts_console_route_line(
    struct sts_agent *a, struct sts_driver *d, struct sts_text line);

/* A line that was longer than there is room for begins like this, and was not
 * taken: a chain that it was part of is none. */
void sts_console_route_refused(struct sts_text line);

/* Go on, by one signature check at most. True: it has not come to an end, and
 * the next line waits. wall_s: as in sts_run. */
bool sts_console_route_poll(struct sts_agent *a, int64_t wall_s);

#endif
