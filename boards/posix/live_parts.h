/* SPDX-License-Identifier: MIT */
/* What the files of live do for each other, lowest file first. */
#ifndef STS_LIVE_PARTS_H
#define STS_LIVE_PARTS_H

#include "live.h"
#include "resolv.h"

/* live_set.c */
/* In whose name reports are sent; it borrows from the set. */
void sts_live_set_reporter(const struct sts_live *l, struct sts_live_set *s);
/* The name of this machine, in lower case. */
void sts_live_find_host(struct sts_live *l);
/* The address that connections to the world come from, if there is a way there
 * now; else "". */
void sts_live_find_address(struct sts_live *l);
/* Make the settings out of the rest of a set, which is where it will stay. */
void sts_live_set_settings(struct sts_live_set *s, bool enforce_off);
/* Where the servers of shared policies are, and by what name and authorities
 * their certificates are judged; the set stays where it is. */
void sts_live_point_share(struct sts_live *l, struct sts_live_set *s);
/* Read keys, passwords and anchors of the shared policies into that area.
 * False: `why`. */
bool sts_live_read_share(struct sts_live *l, struct sts_live_set *s,
    unsigned area, char why[STS_CONF_WHY_MAX]);
/* Whether DANE can be had from these servers, or is not wanted; if not, what
 * the operator can do. */
bool sts_live_enough_trusted(
    const struct sts_conf *c, const struct sts_dns_servers *s);
extern const char sts_live_untrusted[];
/* The name servers at start, when there are none to keep. False: `why`, and
 * errno as sts_live_open has it. */
bool sts_live_first_servers(struct sts_live_set *s, char why[STS_CONF_WHY_MAX]);

/* live_enforce.c */
/* Follow the order about enforcement that the journal keeps, and log now and
 * then that enforcement is off. */
void sts_live_enforce_tick(struct sts_live *l, sts_ms now);

#endif
