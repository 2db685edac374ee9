/* SPDX-License-Identifier: MIT */
/* The list of hosts, filled: for the files that gather them. */
#ifndef STS_DANE_LIST_H
#define STS_DANE_LIST_H

#include "dane_hosts.h"

/* Whether an answer is authenticated. */
static inline bool
sts_dane_secure(const struct sts_upstream *up)
{
	return sts_upstream_authentic(up);
}

/* Add a name to the names. False: it has no room, and *off and *len are as they
 * were. */
bool sts_dane_list_put_name(struct sts_dane_hosts *d, struct sts_text name,
    uint16_t *off, uint8_t *len);

/* Add a host. One that is listed twice counts once, at its better
 * preference. One without room is `more`. */
void sts_dane_list_add(
    struct sts_dane_hosts *d, struct sts_text name, uint16_t preference);

/*
 * Make the list anew of the MX records that were found. A root beside other
 * hosts is no host (RFC 7505 3). A name that is no host name to us may be one
 * to the mail server, so it counts as a host that was not looked at.
 */
void sts_dane_list_take(
    struct sts_dane_hosts *d, const struct sts_upstream *up);

#endif
