/* SPDX-License-Identifier: MIT */
/* The words of scenario lines: times, addresses, records, hosts. Each function
 * returns NULL, or what is wrong with the words. */
#ifndef STS_TEST_WORDS_H
#define STS_TEST_WORDS_H

#include "../mem/world.h"
#include "script.h"

/* "60s", "+2d", "250ms", "-1h": milliseconds. Units ms s m h d y. */
const char *words_time(long long *ms, const char *word);

/* "192.0.2.1" or "2001:db8::1", with port. */
const char *words_address(struct sts_addr *a, const char *word, uint16_t port);

/*
 * A record from words i.. of a line: values; or nodata, nxdomain, servfail,
 * refused, silent, junk; with truncated, spoofed or ad; ttl=, delay=; more=: so
 * many unrelated TXT records of 200 octets before these.
 */
const char *words_record(
    struct world_rr *rr, const struct script_line *line, int i);

/*
 * A host's conduct from words i.. of a line:
 *	refuse unreachable no-answer mute reset hang-up plain scripted
 *	policy MODE, mx=, mx-count=, mx-tail= (their domain), max_age=,
 *	extra= (a line), size= (bytes)
 *	body="..." or the line's text: the policy as it is
 *	status=, type= (media type, "" leaves it out), header="..."
 *	http="..." the whole response
 *	cert=, accept=, delay=, drip= (times), cut= (bytes),
 *	end=clean|raw|reset|open
 * Words id= and ttl= are left to others.
 */
const char *words_host(
    struct world_host *h, const struct script_line *line, int i);

/* The value of "key=value" in words i.. of the line, or NULL. */
const char *words_value(const struct script_line *line, int i, const char *key);

/* Whether text fits a pattern in which * stands for anything. */
bool words_match(const char *pattern, const char *text);

#endif
