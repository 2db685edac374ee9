/* SPDX-License-Identifier: MIT */
/*
 * The DNS's wire format for a name server of tests: queries in, answers out.
 * Written without dns/ on purpose, so that one checks the other.
 */
#ifndef STS_TEST_DNSPEER_H
#define STS_TEST_DNSPEER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
	DNSPEER_NAME = 256,
	DNSPEER_MESSAGE = 65535,
	DNSPEER_A = 1,
	DNSPEER_CNAME = 5,
	DNSPEER_MX = 15,
	DNSPEER_TXT = 16,
	DNSPEER_AAAA = 28,
	DNSPEER_TLSA = 52
};

struct dnspeer_question {
	uint16_t id, type;
	bool edns;
	char name[DNSPEER_NAME]; /* as it came, dots between labels */
};

/*
 * Read a query. Returns NULL when it is a well-formed recursive query for class
 * IN with one question, with or without EDNS0; otherwise what is wrong with it.
 */
const char *dnspeer_read(
    struct dnspeer_question *q, const uint8_t *p, size_t n);

/* An answer being written. */
struct dnspeer_answer {
	size_t n;
	uint8_t p[DNSPEER_MESSAGE];
};

/* Header and question. rcode 0..15; tc, ad: the flags. */
void dnspeer_begin(struct dnspeer_answer *a, const struct dnspeer_question *q,
    unsigned rcode, bool tc, bool ad);

/* A record for the answer section: value is text (an address, a name), for TXT
 * its bytes, in strings of at most 255; for MX "10 NAME" or a name, the root
 * "."; for TLSA "USAGE SELECTOR MATCHING" and optionally a length of the data,
 * otherwise the matching type's; or fewer than three numbers, which no valid
 * record has. "^" stands for a dot within a label. Returns false when value
 * cannot be read. */
bool dnspeer_add(struct dnspeer_answer *a, const char *name, unsigned type,
    uint32_t ttl, const char *value);

/* An SOA for the authority section, after all answers: TTL and MINIMUM. */
void dnspeer_soa(struct dnspeer_answer *a, uint32_t ttl);

/* "TXT" to 16 and so on; 0: unknown. */
unsigned dnspeer_type(const char *word);
const char *dnspeer_type_name(unsigned type);

#endif
