/* SPDX-License-Identifier: MIT */
/*
 * The DNS message codec: queries out, answers judged and walked. An answer is
 * judged in steps, of which each has to pass before the next one looks:
 *
 *	response, id    else it is ignored, from wherever it comes
 *	question        else only what it says about the server counts
 *	truncation      TCP is needed; nothing else of it counts
 *	all records     one that is malformed makes the message UNKNOWN
 *	rcode           neither NOERROR nor NXDOMAIN: UNKNOWN
 *	aliases         followed to their end: FOUND, ABSENT or UNKNOWN
 *
 * Invariants: a verdict depends on the message alone; FOUND has a record of
 * the type at owner_off. ABSENT needs proof by a server that may know
 * (is_nodata), since for MTA-STS an absence that was made up is a downgrade.
 * The work is bounded: each alias costs a walk over the answers, there are no
 * more than records, and all walks together pass STEPS_MAX labels and pointers.
 *
 * The attacker sends datagrams that may carry our id (RFC 5452), or runs the
 * domain's server and bends names, lengths and aliases (wire.c).
 */
#include <string.h>

#include "../core/base/assert.h"
#include "../core/base/sts_config.h"
#include "wire.h"

enum {
	FLAG_QR = 0x8000,
	FLAGS_OPCODE = 0x7800,
	FLAG_AA = 0x0400,
	FLAG_TC = 0x0200,
	FLAG_RD = 0x0100,
	FLAG_CD = 0x0010,
	FLAG_RA = 0x0080,
	FLAG_AD = 0x0020,
	FLAGS_RCODE = 0x000f,
	CLASS_IN = 1,
	SOA_NUMBERS_LEN = 20,
	/* Labels and pointers that are compared for one answer: so many are an
	 * attack. */
	STEPS_MAX = 131072,
	MESSAGE_SIZE_MAX = 65535
};

enum section {
	SECTION_ANSWER = 0,
	SECTION_AUTHORITY,
	SECTION_ADDITIONAL,
	SECTION_COUNT
};

/* A record; offsets are into the message. */
struct record {
	size_t owner, rdata, rdata_len;
	uint16_t type, class;
	uint32_t ttl; /* as it stands; see sts_dns_ttl_s() */
};

/* The result of one pass over all sections. */
struct survey {
	struct sts_text m;
	size_t answers, authority; /* where the sections begin */
	uint16_t answer_count, authority_count;
	uint16_t rcode;
	uint32_t steps; /* labels and pointers of the question and all owners */
	bool may_know; /* the server is a resolver or an authority */
	bool has_opt, has_ns, has_soa;
};

/* What the answer section has for one name. */
struct look {
	bool found;
	size_t alias; /* the target of its CNAME, 0: none */
	uint32_t ttl_s; /* smallest of the records, or the alias's */
};

static uint32_t
smaller(uint32_t a, uint32_t b)
{
	return a < b ? a : b;
}

uint32_t
sts_dns_ttl_s(uint32_t ttl)
{
	return ttl > INT32_MAX ? 0 : smaller(ttl, STS_DNS_TTL_MAX_S);
}

static bool
take_record(struct sts_dns_cursor *c, struct record *r)
{
	r->owner = sts_dns_take_name(c);
	r->type = sts_dns_take16(c);
	r->class = sts_dns_take16(c);
	r->ttl = sts_dns_take32(c);
	r->rdata_len = sts_dns_take16(c);
	r->rdata = sts_dns_take(c, r->rdata_len);
	return !c->bad;
}

/* Pass character-strings as far as `end`. */
static void
take_strings(struct sts_dns_cursor *c, size_t end)
{
	while (!c->bad && c->pos < end) {
		sts_dns_take(c, (size_t)c->m.p[c->pos] + 1);
	}
}

/* Whether RDLENGTH is exactly what the RDATA of a type we read needs. */
static bool
rdata_fits(struct sts_text m, const struct record *r)
{
	struct sts_dns_cursor c = sts_dns_cursor(m, r->rdata);
	size_t end = r->rdata + r->rdata_len;

	switch (r->type) {
	case STS_DNS_A:
		sts_dns_take(&c, 4);
		break;
	case STS_DNS_AAAA:
		sts_dns_take(&c, 16);
		break;
	case STS_DNS_CNAME:
		sts_dns_take_name(&c);
		break;
	case STS_DNS_MX:
		sts_dns_take(&c, 2);
		sts_dns_take_name(&c);
		break;
	case STS_DNS_SOA:
		sts_dns_take_name(&c);
		sts_dns_take_name(&c);
		sts_dns_take(&c, SOA_NUMBERS_LEN);
		break;
	case STS_DNS_TXT:
		take_strings(&c, end);
		break;
	default:
		return true;
	}
	return !c.bad && c.pos == end;
}

/* RFC 6891 6.1.1: one OPT, in the additional section, owned by the root. */
static bool
note_opt(struct survey *s, enum section section, const struct record *r)
{
	if (section != SECTION_ADDITIONAL || s->has_opt ||
	    s->m.p[r->owner] != 0) {
		return false;
	}
	s->has_opt = true;
	s->rcode = (uint16_t)(s->rcode | (r->ttl >> 24) << 4);
	return true;
}

/* RFC 2308 5: the smaller of the SOA's own TTL and its last number. */
static uint32_t
soa_ttl_s(struct sts_text m, const struct record *r)
{
	const uint8_t *minimum = m.p + r->rdata + r->rdata_len - 4;

	return smaller(
	    sts_dns_ttl_s(r->ttl), sts_dns_ttl_s(sts_get32be(minimum)));
}

/* False: the record makes the message malformed. */
static bool
note_record(struct survey *s, enum section section, const struct record *r)
{
	if (r->type == STS_DNS_OPT) {
		return note_opt(s, section, r);
	}
	if (r->class != CLASS_IN) {
		return true;
	}
	if (!rdata_fits(s->m, r)) {
		return false;
	}
	if (section == SECTION_AUTHORITY) {
		s->has_soa = s->has_soa || r->type == STS_DNS_SOA;
		s->has_ns = s->has_ns || r->type == STS_DNS_NS;
	}
	return true;
}

/* A cursor behind the question of a message that has one. */
static struct sts_dns_cursor
after_question(struct sts_text m)
{
	struct sts_dns_cursor c = sts_dns_cursor(m, STS_DNS_HEADER_LEN);

	sts_dns_take_name(&c);
	sts_dns_take(&c, 4);
	return c;
}

/* One pass over everything; false: malformed. */
static bool
survey(struct survey *s, struct sts_text m)
{
	struct sts_dns_cursor c = after_question(m);
	unsigned flags = sts_get16be(m.p + 2);

	memset(s, 0, sizeof *s);
	s->m = m;
	s->answers = c.pos;
	s->answer_count = sts_get16be(m.p + 6);
	s->authority_count = sts_get16be(m.p + 8);
	s->rcode = (uint16_t)(flags & FLAGS_RCODE);
	s->may_know = (flags & (FLAG_RA | FLAG_AA)) != 0;
	for (size_t i = 0; i < SECTION_COUNT; i++) {
		unsigned count = sts_get16be(m.p + 6 + 2 * i);

		if (i == SECTION_AUTHORITY) {
			s->authority = c.pos;
		}
		/* Each record takes 11 bytes at least, or ends the walk. */
		for (; count > 0; count--) {
			struct record r;

			if (!take_record(&c, &r) ||
			    !note_record(s, (enum section)i, &r)) {
				return false;
			}
		}
	}
	s->steps = c.steps;
	return true;
}

/* Whether r is a record of the type, or an alias, of the name at `owner`. */
static bool
is_about(struct sts_text m, const struct record *r, size_t owner, uint16_t type)
{
	return r->class == CLASS_IN &&
	       (r->type == type || r->type == STS_DNS_CNAME) &&
	       sts_dns_same_name(m, r->owner, owner);
}

/* Read what the answer section has for the name at `owner`. */
static struct look
look_up(const struct survey *s, size_t owner, uint16_t type)
{
	struct look at = { false, 0, STS_DNS_TTL_MAX_S };
	struct sts_dns_cursor c = sts_dns_cursor(s->m, s->answers);
	uint32_t alias_ttl_s = STS_DNS_TTL_MAX_S;
	struct record r;

	for (unsigned i = 0; i < s->answer_count && take_record(&c, &r); i++) {
		if (!is_about(s->m, &r, owner, type)) {
			continue;
		}
		if (r.type == type) {
			at.found = true;
			at.ttl_s = smaller(at.ttl_s, sts_dns_ttl_s(r.ttl));
		} else if (at.alias == 0) {
			at.alias = r.rdata;
			alias_ttl_s = sts_dns_ttl_s(r.ttl);
		}
	}
	if (!at.found) {
		at.ttl_s = alias_ttl_s;
	}
	return at;
}

static void
unknown(struct sts_dns_verdict *v, enum sts_why why)
{
	v->found = STS_UNKNOWN;
	v->why = why;
	v->ttl_s = 0;
	v->ad = false;
}

/* The zone that `owner` is in, by the SOA, if there is one. */
struct zone {
	bool found;
	uint32_t ttl_s;
};

static struct zone
zone_of(const struct survey *s, size_t owner)
{
	struct zone z = { false, STS_DNS_NEGATIVE_TTL_MAX_S };
	struct sts_dns_cursor c = sts_dns_cursor(s->m, s->authority);
	struct record r;

	for (unsigned i = 0; i < s->authority_count && take_record(&c, &r);
	     i++) {
		if (r.class == CLASS_IN && r.type == STS_DNS_SOA &&
		    sts_dns_within(s->m, owner, r.owner)) {
			z.found = true;
			z.ttl_s = smaller(z.ttl_s, soa_ttl_s(s->m, &r));
		}
	}
	return z;
}

/*
 * Whether an empty answer means that the name has no such record (RFC 2308
 * 2.2). It does with the SOA of a zone that the name is in (types 1 and 2).
 * Without a SOA (type 3) it does if the message holds nothing else, is about
 * the name that was asked, and comes from a server that may know: many
 * forwarders answer so from their caches. Any other empty answer is unfinished:
 * an alias that was not followed, a referral, the SOA of another zone.
 */
static bool
is_nodata(const struct survey *s, bool aliased, bool has_zone)
{
	bool empty = s->answer_count == 0 && !s->has_soa && !s->has_ns;

	return has_zone || (!aliased && empty && s->may_know);
}

/* There is no record at `owner`, the end of the chain: decide why, as
 * sts_dns_judge describes. */
static void
conclude_none(struct sts_dns_verdict *v, const struct survey *s, size_t owner)
{
	struct zone z = zone_of(s, owner);
	bool nxdomain = s->rcode == STS_DNS_NXDOMAIN;

	if (!nxdomain && !is_nodata(s, owner != STS_DNS_HEADER_LEN, z.found)) {
		unknown(v, STS_WHY_DNS_ERROR);
		return;
	}
	v->found = STS_ABSENT;
	v->why = nxdomain ? STS_WHY_DNS_NXDOMAIN : STS_WHY_DNS_NODATA;
	v->ttl_s = z.found ? smaller(v->ttl_s, z.ttl_s) : 0;
}

/* The labels and pointers, at most, that are passed while the name at `owner`
 * is held against the owners of all answers. */
static uint32_t
steps_of_look(const struct survey *s, size_t owner)
{
	struct sts_dns_cursor name = sts_dns_cursor(s->m, owner);

	sts_dns_take_name(&name);
	return s->steps + name.steps * s->answer_count;
}

/*
 * Follow the aliases to their end and judge what is there. A chain that does
 * not loop uses each record of the answer once at most, so a chain that is
 * longer than the number of records loops. Each name of it is held against the
 * names of all records: in a few octets each, hundreds of them have a hundred
 * labels or pointers, and then a long chain would take as long as hundreds of
 * signatures.
 */
static void
follow(struct sts_dns_verdict *v, const struct survey *s, uint16_t type)
{
	size_t owner = STS_DNS_HEADER_LEN;
	uint32_t steps = 0;

	v->ttl_s = STS_DNS_TTL_MAX_S;
	for (unsigned hops = 0; hops <= s->answer_count; hops++) {
		struct look at;

		steps += steps_of_look(s, owner);
		if (hops > 0 && steps > STEPS_MAX) {
			unknown(v, STS_WHY_DNS_LARGE);
			return;
		}
		at = look_up(s, owner, type);
		v->ttl_s = smaller(v->ttl_s, at.ttl_s);
		v->owner_off = (uint16_t)owner;
		if (at.found && s->rcode == STS_DNS_NXDOMAIN) {
			unknown(v, STS_WHY_DNS_ERROR);
			return;
		}
		if (at.found) {
			v->found = STS_FOUND;
			return;
		}
		if (at.alias == 0) {
			conclude_none(v, s, owner);
			return;
		}
		owner = at.alias;
	}
	unknown(v, STS_WHY_DNS_ALIAS_LOOP);
}

enum sts_why
sts_dns_why_of_rcode(unsigned rcode)
{
	switch (rcode) {
	case STS_DNS_SERVFAIL:
		return STS_WHY_DNS_SERVFAIL;
	case STS_DNS_REFUSED:
		return STS_WHY_DNS_REFUSED;
	default:
		return STS_WHY_DNS_ERROR;
	}
}

/* Whether m is a response with this id (RFC 5452 9.1: no more than that). */
static bool
is_response(struct sts_text m, uint16_t id)
{
	return m.n >= STS_DNS_HEADER_LEN && sts_get16be(m.p) == id &&
	       (sts_get16be(m.p + 2) & (FLAG_QR | FLAGS_OPCODE)) == FLAG_QR;
}

/* Whether the response m is to exactly this question (RFC 5452 9.1). */
static bool
is_relevant(struct sts_text m, struct sts_dns_name_parts name, uint16_t type)
{
	struct sts_dns_cursor c;

	if (sts_get16be(m.p + 4) != 1) {
		return false;
	}
	c = after_question(m);
	return !c.bad && sts_dns_is_name(m, STS_DNS_HEADER_LEN, name) &&
	       sts_get16be(m.p + c.pos - 4) == type &&
	       sts_get16be(m.p + c.pos - 2) == CLASS_IN;
}

/*
 * A response that repeats no question: only what it says about the server
 * counts, that it failed or that the answer is too long; nothing in it is an
 * answer.
 */
static void
judge_headless(struct sts_dns_verdict *v, struct sts_text m)
{
	unsigned flags = sts_get16be(m.p + 2), rcode = flags & FLAGS_RCODE;

	if (sts_get16be(m.p + 4) != 0) {
		return;
	}
	if (rcode != STS_DNS_NOERROR && rcode != STS_DNS_NXDOMAIN) {
		v->rcode = (uint16_t)rcode;
		unknown(v, sts_dns_why_of_rcode(rcode));
	} else {
		v->truncated = (flags & FLAG_TC) != 0;
	}
}

bool
sts_dns_judge_head(struct sts_dns_verdict *v, struct sts_text m, uint16_t id,
    struct sts_dns_name_parts name, uint16_t type)
{
	unsigned flags;

	memset(v, 0, sizeof *v);
	v->found = STS_PENDING;
	v->why = STS_WHY_NONE;
	if (!is_response(m, id)) {
		return false;
	}
	if (!is_relevant(m, name, type)) {
		judge_headless(v, m);
		return false;
	}
	flags = sts_get16be(m.p + 2);
	v->truncated = (flags & FLAG_TC) != 0;
	v->rcode = (uint16_t)(v->truncated ? 0 : flags & FLAGS_RCODE);
	v->ad = !v->truncated && (flags & FLAG_AD) != 0;
	return !v->truncated;
}

void
sts_dns_query_unchecked(uint8_t *query, bool unchecked)
{
	unsigned flags = sts_get16be(query + 2) & ~(unsigned)FLAG_CD;

	sts_put16be(query + 2, (uint16_t)(flags | (unchecked ? FLAG_CD : 0)));
}

size_t
sts_dns_query(uint8_t *out, uint16_t id, struct sts_dns_name_parts name,
    uint16_t type, bool edns)
{
	size_t len = STS_DNS_HEADER_LEN;
	struct sts_text label;

	memset(out, 0, STS_DNS_HEADER_LEN);
	sts_put16be(out, id);
	sts_put16be(out + 2, FLAG_RD | FLAG_AD);
	sts_put16be(out + 4, 1);
	sts_put16be(out + 10, edns);
	while (sts_dns_next_part(&name, &label)) {
		/* One octet of the limit is the root's. */
		size_t room =
		    STS_DNS_HEADER_LEN + STS_DNS_WIRE_NAME_MAX - 1 - len;

		if (label.n == 0 || label.n > STS_LABEL_MAX ||
		    room < label.n + 1) {
			return 0;
		}
		out[len] = (uint8_t)label.n;
		memcpy(out + len + 1, label.p, label.n);
		len += label.n + 1;
	}
	if (len == STS_DNS_HEADER_LEN) {
		return 0;
	}
	out[len++] = 0;
	sts_put16be(out + len, type);
	sts_put16be(out + len + 2, CLASS_IN);
	len += 4;
	if (edns) {
		memset(out + len, 0, STS_DNS_OPT_LEN);
		sts_put16be(out + len + 1, STS_DNS_OPT);
		sts_put16be(out + len + 3, STS_DNS_UDP_MAX);
		len += STS_DNS_OPT_LEN;
	}
	STS_ASSERT(len <= STS_DNS_QUERY_MAX);
	return len;
}

void
sts_dns_judge(struct sts_dns_verdict *v, struct sts_text m, uint16_t id,
    struct sts_dns_name_parts name, uint16_t type)
{
	struct survey s;

	STS_ASSERT(m.n <= MESSAGE_SIZE_MAX);
	if (!sts_dns_judge_head(v, m, id, name, type)) {
		return;
	}
	if (!survey(&s, m)) {
		unknown(v, STS_WHY_DNS_MALFORMED);
		return;
	}
	v->rcode = s.rcode;
	if (s.rcode != STS_DNS_NOERROR && s.rcode != STS_DNS_NXDOMAIN) {
		unknown(v, sts_dns_why_of_rcode(s.rcode));
		return;
	}
	follow(v, &s, type);
}

void
sts_dns_answers(struct sts_dns_answers *it, struct sts_text m,
    const struct sts_dns_verdict *v, uint16_t type)
{
	STS_ASSERT(v->found == STS_FOUND);
	it->m = m;
	it->pos = after_question(m).pos;
	it->left = sts_get16be(m.p + 6);
	it->type = type;
	it->owner_off = v->owner_off;
}

bool
sts_dns_next(struct sts_dns_answers *it, struct sts_dns_rr *rr)
{
	struct sts_dns_cursor c = sts_dns_cursor(it->m, it->pos);
	struct record r;

	while (it->left > 0 && take_record(&c, &r)) {
		it->left--;
		it->pos = c.pos;
		if (r.class == CLASS_IN && r.type == it->type &&
		    sts_dns_same_name(it->m, r.owner, it->owner_off)) {
			rr->rdata = sts_text(it->m.p + r.rdata, r.rdata_len);
			rr->ttl_s = sts_dns_ttl_s(r.ttl);
			return true;
		}
	}
	return false;
}

bool
sts_dns_txt_next(struct sts_text *rdata, struct sts_text *string)
{
	size_t n;

	if (rdata->n == 0) {
		return false;
	}
	n = rdata->p[0];
	if (rdata->n - 1 < n) {
		return false;
	}
	*string = sts_text(rdata->p + 1, n);
	rdata->p += n + 1;
	rdata->n -= n + 1;
	return true;
}
