/* SPDX-License-Identifier: MIT */
/*
 * The DNS message codec: queries, the walk over records, character-strings.
 * Names are cut out: wire.c proves what the contracts here state.
 *
 * @link core/base/bytes.c core/base/name.c dns/wire.c
 */
#include "contracts.h"

#include "../../dns/message.c"

enum {
	MESSAGE_MAX = 65535,
	ANSWERS_MAX = 9 /* in a chain that is followed to its end */
};

/* sts_dns_take_name, which wire.c proves to keep name_taken. */
size_t
take_name_contract(struct sts_dns_cursor *c)
{
	size_t at = c->pos, n = nondet_u16();

	PROVE(c->bad || c->pos <= c->m.n);
	if (c->bad || nondet_bool()) {
		c->bad = true;
		return 0;
	}
	ASSUME(n >= 1 && n <= c->m.n - c->pos);
	c->pos += n;
	c->steps += nondet_u8(); /* of a name 254 at most */
	return at;
}

bool
same_name_contract(struct sts_text m, size_t a, size_t b)
{
	PROVE(m.n <= MESSAGE_MAX);
	(void)a;
	(void)b;
	return nondet_bool();
}

bool
is_name_contract(struct sts_text m, size_t off, struct sts_dns_name_parts name)
{
	PROVE(off <= m.n);
	(void)name;
	return nondet_bool();
}

/* sts_dns_next_part, for any name of at most labels_left labels. */
static unsigned labels_left;

bool
next_part_contract(struct sts_dns_name_parts *rest, struct sts_text *label)
{
	(void)rest;
	if (labels_left == 0 || nondet_bool()) {
		return false;
	}
	labels_left--;
	*label = any_text(STS_LABEL_MAX + 1);
	return true;
}

static struct sts_dns_cursor
any_cursor(void)
{
	struct sts_dns_cursor c =
	    sts_dns_cursor(any_text(MESSAGE_MAX), nondet_u16());

	ASSUME(c.bad || c.pos <= c.m.n);
	return c;
}

/* What take_record promises. */
static bool
record_holds(struct sts_text m, const struct record *r)
{
	return r->owner < m.n && r->rdata_len <= m.n &&
	       r->rdata <= m.n - r->rdata_len && r->owner + 11 <= r->rdata;
}

/* A record whose offsets may be anywhere. */
static struct record
any_record(void)
{
	struct record r = { nondet_u16(), nondet_u16(), nondet_u16(),
		nondet_u16(), nondet_u16(), nondet_u32() };

	return r;
}

/* take_record, which is proved to keep record_holds. */
bool
take_record_contract(struct sts_dns_cursor *c, struct record *r)
{
	size_t at = c->pos;

	*r = any_record();
	if (c->bad || nondet_bool()) {
		c->bad = true;
		return false;
	}
	ASSUME(record_holds(c->m, r) && r->owner == at);
	c->pos = r->rdata + r->rdata_len;
	return true;
}

/*
 * @bound any message, any cursor, so any number of records, each of which takes
 * at least 11 octets of the message
 * @cut sts_get16be get16be_contract
 * @cut sts_get32be get32be_contract
 * @cut sts_dns_take_name take_name_contract
 */
void
prove_take_record(void)
{
	struct sts_dns_cursor c = any_cursor(), was = c;
	struct record r;
	bool good = take_record(&c, &r);

	PROVE(c.m.p == was.m.p && c.m.n == was.m.n);
	PROVE(good == !c.bad);
	if (good) {
		PROVE(record_holds(c.m, &r));
		PROVE(r.owner == was.pos && c.pos == r.rdata + r.rdata_len);
		PROVE(c.pos <= c.m.n && c.pos - was.pos >= 11);
	}
}

/*
 * @bound any record of any message; TXT of up to 3 strings: a string depends on
 * earlier ones only through the cursor
 * @cut sts_get16be get16be_contract
 * @cut sts_get32be get32be_contract
 * @cut sts_dns_take_name take_name_contract
 * @loop take_strings.0 4: strings
 */
void
prove_rdata(void)
{
	struct sts_text m = any_text(MESSAGE_MAX);
	struct survey s;
	struct record r = any_record();
	uint8_t section = nondet_u8();

	ASSUME(record_holds(m, &r));
	ASSUME(r.type != STS_DNS_TXT || r.rdata_len <= 3);
	ASSUME(section < SECTION_COUNT);
	s.m = m;
	s.has_opt = nondet_bool();
	s.has_soa = nondet_bool();
	if (note_record(&s, (enum section)section, &r) &&
	    r.type == STS_DNS_SOA && r.class == CLASS_IN) {
		PROVE(soa_ttl_s(m, &r) <= STS_DNS_TTL_MAX_S);
	}
}

/* What follow() needs of survey and look_up. */
static bool
survey_holds(const struct survey *s)
{
	return s->m.n >= STS_DNS_HEADER_LEN && s->answers <= s->m.n &&
	       s->authority <= s->m.n;
}

bool
survey_contract(struct survey *s, struct sts_text m)
{
	struct survey now;

	now.m = m;
	now.answers = nondet_u16();
	now.authority = nondet_u16();
	now.has_soa = nondet_bool();
	ASSUME(survey_holds(&now) && now.answer_count <= ANSWERS_MAX);
	ASSUME(now.steps <= MESSAGE_MAX / 11 * UINT8_MAX);
	*s = now;
	return nondet_bool();
}

struct look
look_up_contract(const struct survey *s, size_t owner, uint16_t type)
{
	struct look at = { nondet_bool(), nondet_u16(), nondet_u32() };

	PROVE(survey_holds(s));
	PROVE(owner < s->m.n);
	(void)type;
	ASSUME(at.alias < s->m.n && at.ttl_s <= STS_DNS_TTL_MAX_S);
	return at;
}

/* sts_dns_within, which wire.c proves. */
bool
within_contract(struct sts_text m, size_t off, size_t zone)
{
	PROVE(m.n <= MESSAGE_MAX);
	(void)off;
	(void)zone;
	return nondet_bool();
}

/* soa_ttl_s, which prove_rdata proves. */
uint32_t
soa_ttl_contract(struct sts_text m, const struct record *r)
{
	uint32_t v = nondet_u32();

	PROVE(record_holds(m, r));
	ASSUME(v <= STS_DNS_TTL_MAX_S);
	return v;
}

/* zone_of, which prove_zone proves. */
struct zone
zone_contract(const struct survey *s, size_t owner)
{
	struct zone z = { nondet_bool(), nondet_u32() };

	PROVE(survey_holds(s));
	PROVE(owner < s->m.n);
	ASSUME(z.ttl_s <= STS_DNS_NEGATIVE_TTL_MAX_S);
	return z;
}

/* note_record, which prove_rdata proves. */
bool
note_record_contract(
    struct survey *s, enum section section, const struct record *r)
{
	PROVE(section < SECTION_COUNT);
	PROVE(record_holds(s->m, r));
	s->has_soa = nondet_bool();
	return nondet_bool();
}

/* Small counts of records, and any flags. */
uint16_t
get16be_few(const uint8_t *p)
{
	uint16_t v = nondet_u16();

	PROVE(__CPROVER_r_ok(p, 2));
	ASSUME(v <= 1);
	return v;
}

/*
 * @bound any message of up to 64 octets, a record a section; a record depends
 * on earlier ones only through the cursor and the survey
 * @cut sts_dns_take_name take_name_contract
 * @cut take_record take_record_contract
 * @cut note_record note_record_contract
 * @cut sts_get16be get16be_few
 * @loop survey.0 2: records of a section
 * @loop survey.1 4: sections
 */
void
prove_survey(void)
{
	struct sts_text m = any_text(64);
	struct survey s;

	ASSUME(m.n >= STS_DNS_HEADER_LEN);
	if (survey(&s, m)) {
		PROVE(survey_holds(&s));
	}
}

/*
 * @bound any survey of any message with up to 3 answers; a record depends on
 * earlier ones only through the cursor and what was found
 * @cut sts_dns_same_name same_name_contract
 * @cut take_record take_record_contract
 * @loop look_up.0 4: answers
 */
void
prove_look_up(void)
{
	struct survey s;
	struct look at;

	s.m = any_text(MESSAGE_MAX);
	s.answers = nondet_u16();
	s.authority = nondet_u16();
	s.has_soa = nondet_bool();
	ASSUME(survey_holds(&s) && s.answer_count <= 3);
	at = look_up(&s, nondet_u16(), nondet_u16());
	PROVE(at.alias == 0 || at.alias <= s.m.n);
	PROVE(at.ttl_s <= STS_DNS_TTL_MAX_S);
}

/*
 * @bound any survey of any message with one record of authority; a record
 * depends on earlier ones only through the cursor and what was found. SOA
 * records have passed note_record, so rdata_fits has checked that they have
 * their numbers
 * @cut sts_dns_within within_contract
 * @cut take_record take_record_contract
 * @cut soa_ttl_s soa_ttl_contract
 * @loop zone_of.0 2: records of authority
 */
void
prove_zone(void)
{
	struct survey s;

	s.m = any_text(MESSAGE_MAX);
	s.answers = nondet_u16();
	s.authority = nondet_u16();
	ASSUME(survey_holds(&s) && s.authority_count <= 1);
	PROVE(zone_of(&s, nondet_u16()).ttl_s <= STS_DNS_NEGATIVE_TTL_MAX_S);
}

/*
 * @bound any message with up to 9 answers: a hop depends on earlier ones only
 * through the name it begins with and the smallest TTL
 * @cut sts_dns_take_name take_name_contract
 * @cut sts_dns_is_name is_name_contract
 * @cut survey survey_contract
 * @cut sts_get16be get16be_contract
 * @cut sts_get32be get32be_contract
 * @cut look_up look_up_contract
 * @cut zone_of zone_contract
 * @loop follow.0 11: the answers and the first name
 */
void
prove_judge(void)
{
	struct sts_text m = any_text(MESSAGE_MAX);
	struct sts_dns_name_parts name = { { NULL, 0 }, { NULL, 0 } };
	struct sts_dns_verdict v;

	sts_dns_judge(&v, m, nondet_u16(), name, nondet_u16());
	PROVE(v.ttl_s <= STS_DNS_TTL_MAX_S);
	PROVE(v.found != STS_FOUND || v.owner_off < m.n);
	PROVE(v.found != STS_FOUND || v.why == STS_WHY_NONE);
	PROVE(v.found == STS_FOUND || v.found == STS_PENDING ||
	      v.why != STS_WHY_NONE);
	PROVE(!v.truncated || v.found == STS_PENDING);
	PROVE(!v.ad || v.found == STS_FOUND || v.found == STS_ABSENT);
	PROVE(v.found != STS_ABSENT || v.ttl_s <= STS_DNS_NEGATIVE_TTL_MAX_S);
}

/*
 * @bound any walk over any message, with up to 3 records to come: all that
 * earlier records leave is the cursor and the count
 * @cut sts_dns_same_name same_name_contract
 * @cut take_record take_record_contract
 * @loop sts_dns_next.0 4: records
 */
void
prove_answers_next(void)
{
	struct sts_dns_answers it;
	struct sts_dns_rr rr = { { NULL, 0 }, 0 };
	uint16_t left;

	it.m = any_text(MESSAGE_MAX);
	it.pos = nondet_u16();
	ASSUME(it.pos <= it.m.n && it.left <= 3);
	left = it.left;
	if (sts_dns_next(&it, &rr)) {
		PROVE(it.left < left && it.pos <= it.m.n);
		PROVE(rr.rdata.n == 0 || inside(rr.rdata, it.m));
		PROVE(rr.ttl_s <= STS_DNS_TTL_MAX_S);
	} else {
		PROVE(rr.rdata.p == NULL && rr.ttl_s == 0);
	}
}

/*
 * @bound any RDATA
 */
void
prove_txt_next(void)
{
	struct sts_text rdata = any_text(MESSAGE_MAX), was = rdata;
	struct sts_text string = { NULL, 0 };

	if (sts_dns_txt_next(&rdata, &string)) {
		PROVE(was.n - rdata.n == string.n + 1);
		PROVE(rdata.p == was.p + string.n + 1);
		PROVE(string.p == was.p + 1 && string.n <= 255);
	} else {
		PROVE(rdata.p == was.p && rdata.n == was.n);
		PROVE(string.p == NULL);
	}
}

/*
 * @bound names of up to 5 labels: a label depends on earlier ones only through
 * their length, and 4 are enough for any length up to the limit and beyond it
 * @cut sts_dns_next_part next_part_contract
 * @cut memcpy memcpy_bounds
 * @allow conversion: integers are split into octets
 * @loop sts_dns_query.0 6: labels
 */
void
prove_query(void)
{
	struct sts_dns_name_parts name = { { NULL, 0 }, { NULL, 0 } };
	uint8_t *out = any_bytes(STS_DNS_QUERY_MAX);
	bool edns = nondet_bool();
	size_t len;

	labels_left = 5;
	len = sts_dns_query(out, nondet_u16(), name, nondet_u16(), edns);
	PROVE(len <= STS_DNS_QUERY_MAX);
	PROVE(edns || len <= STS_DNS_QUERY_MAX - STS_DNS_OPT_LEN);
	PROVE(len == 0 || len >= STS_DNS_HEADER_LEN + 2 + 1 + 4);
}
