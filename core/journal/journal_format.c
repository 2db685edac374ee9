/* SPDX-License-Identifier: MIT */
/* The journal's codec: bytes to structs and back. */
#include <string.h>

#include "../base/crc32.h"
#include "journal_format.h"
#include "../grammar/policy.h"

enum {
	CRC_AT = STS_JOURNAL_HEAD - STS_JOURNAL_CRC,
	PROTECTED = 1,
	PROVED = 2,
	SHARED = 4
};

static const uint8_t magic[8] = { 'm', 't', 'a', 's', 't', 's', '-', 'j' };

static uint32_t
crc_of_number(uint32_t v)
{
	uint8_t bytes[4];

	sts_put32le(bytes, v);
	return sts_crc32(0, sts_text(bytes, sizeof bytes));
}

void
sts_journal_put_area(
    uint8_t out[STS_JOURNAL_HEAD], const struct sts_journal_area *a)
{
	memset(out, 0, STS_JOURNAL_HEAD);
	memcpy(out, magic, sizeof magic);
	sts_put16le(out + 8, a->version);
	sts_put32le(out + 12, a->revision);
	sts_put32le(out + 16, a->stamp_s);
	sts_put32le(out + 20, a->prog_size);
	sts_put32le(out + 24, a->since_s);
	sts_put32le(out + CRC_AT, sts_crc32(0, sts_text(out, CRC_AT)));
}

bool
sts_journal_get_area(
    const uint8_t in[STS_JOURNAL_HEAD], struct sts_journal_area *a)
{
	if (memcmp(in, magic, sizeof magic) != 0 ||
	    sts_get32le(in + CRC_AT) != sts_crc32(0, sts_text(in, CRC_AT))) {
		return false;
	}
	a->version = sts_get16le(in + 8);
	if (a->version == 0) {
		return false;
	}
	a->revision = sts_get32le(in + 12);
	a->stamp_s = sts_get32le(in + 16);
	a->prog_size = sts_get32le(in + 20);
	a->since_s = sts_get32le(in + 24);
	return true;
}

void
sts_journal_put_record(uint8_t out[STS_JOURNAL_HEAD],
    struct sts_journal_record *r, uint32_t revision)
{
	memset(out, 0, STS_JOURNAL_HEAD);
	out[0] = r->type;
	out[1] = (uint8_t)((r->protected ? PROTECTED : 0) |
			   (r->proved ? PROVED : 0) | (r->shared ? SHARED : 0));
	out[2] = r->domain_len;
	out[3] = r->mode;
	sts_put32le(out + 4, r->payload_len);
	sts_put32le(out + 8, r->stamp_s);
	sts_put32le(out + 12, r->fetched_s);
	sts_put32le(out + 16, r->max_age_s);
	sts_put16le(out + 20, r->mx_count);
	sts_put16le(out + 22, r->asked_day);
	sts_put32le(out + 24, r->refresh_s);
	r->crc = sts_crc32(crc_of_number(revision), sts_text(out, CRC_AT));
	sts_put32le(out + CRC_AT, r->crc);
}

/* Whether a writer could have written such a record. */
static bool
possible(const struct sts_journal_record *r, uint8_t flags)
{
	if (r->type < STS_JOURNAL_POLICY || r->type > STS_JOURNAL_STAMP ||
	    r->payload_len > STS_JOURNAL_PAYLOAD_MAX ||
	    flags > (PROTECTED | PROVED | SHARED) ||
	    r->mode > STS_MODE_ENFORCE || r->domain_len > STS_NAME_MAX) {
		return false;
	}
	return (r->domain_len > 0) == (r->type != STS_JOURNAL_STAMP) &&
	       (r->payload_len == 0 || r->type == STS_JOURNAL_POLICY);
}

bool
sts_journal_get_record(const uint8_t in[STS_JOURNAL_HEAD],
    struct sts_journal_record *r, uint32_t revision)
{
	r->crc = sts_get32le(in + CRC_AT);
	if (r->crc !=
	    sts_crc32(crc_of_number(revision), sts_text(in, CRC_AT))) {
		return false;
	}
	r->type = in[0];
	r->protected = (in[1] & PROTECTED) != 0;
	r->proved = (in[1] & PROVED) != 0;
	r->shared = (in[1] & SHARED) != 0;
	r->domain_len = in[2];
	r->mode = in[3];
	r->payload_len = sts_get32le(in + 4);
	r->stamp_s = sts_get32le(in + 8);
	r->fetched_s = sts_get32le(in + 12);
	r->max_age_s = sts_get32le(in + 16);
	r->mx_count = sts_get16le(in + 20);
	r->asked_day = sts_get16le(in + 22);
	r->refresh_s = sts_get32le(in + 24);
	return possible(r, in[1]);
}

uint32_t
sts_journal_body_crc(const struct sts_journal_record *r)
{
	return crc_of_number(r->crc);
}

uint32_t
sts_journal_padded(uint32_t n, uint32_t unit)
{
	return n + (unit - n % unit) % unit;
}
