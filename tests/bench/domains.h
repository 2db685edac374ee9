/* SPDX-License-Identifier: MIT */
/* Any number of names and policies like those of mail domains, all
 * different. */
#ifndef STS_BENCH_DOMAINS_H
#define STS_BENCH_DOMAINS_H

#include <stdint.h>
#include <stdio.h>

enum {
	BENCH_NAME_MAX = 64,
	BENCH_MX_MAX = 4
};

/* Domain i: 7 to 34 octets, about 17 on average. Returns its length. */
static inline int
bench_domain(char out[BENCH_NAME_MAX], uint32_t i)
{
	static const char *const words[] = { "air", "bank", "clinic", "data",
		"elektro", "fischer", "garden", "hotel", "it", "jansen",
		"kirche", "logistics", "media", "notar", "office", "park",
		"quelle", "reise", "stadt", "transport", "uni", "verlag",
		"werkstatt", "xpress", "yoga", "zentrum", "immobilien",
		"consulting", "solar", "praxis", "music", "trade" };
	static const char *const ends[] = { "com", "de", "nl", "org", "net",
		"co.uk", "fr", "ch", "at", "com.au", "io", "eu", "info", "se",
		"it", "no" };
	uint32_t x = i * 2654435761U;

	return snprintf(out, BENCH_NAME_MAX, "%s%s%s%u.%s", words[x >> 27],
	    x & 64 ? "-" : "", x & 128 ? words[x >> 22 & 31] : "", (unsigned)i,
	    ends[x >> 10 & 15]);
}

/* How many mx patterns the domain has: 1 to 4, mostly one or two. */
static inline unsigned
bench_mx_count(uint32_t i)
{
	static const uint8_t counts[] = { 1, 1, 1, 1, 2, 2, 2, 4 };

	return counts[(i * 2246822519U) >> 29];
}

/* Pattern k of domain i: a host of its own, or a provider's. */
static inline int
bench_mx(char out[BENCH_NAME_MAX + 8], uint32_t i, unsigned k)
{
	char name[BENCH_NAME_MAX];

	if (i % 3 == 0) {
		return snprintf(out, BENCH_NAME_MAX + 8,
		    k == 0 ? "*.mail.protection.example"
			   : "alt%u.aspmx.example",
		    k);
	}
	bench_domain(name, i);
	return snprintf(out, BENCH_NAME_MAX + 8, "mx%u.%s", k + 1, name);
}

#endif
