/* SPDX-License-Identifier: MIT */
/* tls/x509/anchors: bundles that come whole, in pieces or broken, and the
 * packed form. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../../tls/x509/anchors_set.h"
#include "../../tls/x509/pem.h"
#include "../../tls/x509/x509.h"
#include "../../tls/x509/x509_tlsa.h"
#include "../../tls/x509/x509_trust.h"
#include "unit.h"

const char unit_name[] = "anchors";

enum {
	BLOCK_SIZE = 131072
};

static uint8_t block[BLOCK_SIZE];
static char text[65536];

static struct sts_anchors_load *
load_new(void)
{
	struct sts_anchors_load *l = malloc(sts_anchors_load_size());

	ck_assert_ptr_nonnull(l);
	return l;
}

struct result {
	enum sts_anchors_error error;
	struct sts_anchors set;
	size_t needed, touched;
	unsigned left_out;
};

/* Load t into the first `size` bytes of the block, in a piece of `first` bytes
 * and then pieces of `step` bytes. */
static struct result
load(struct sts_text t, size_t size, size_t first, size_t step)
{
	struct sts_anchors_load *l = load_new();
	struct result r = { STS_ANCHORS_OK, { block + 1, 7, 7 }, 0, 0, 0 };
	size_t n = first < t.n ? first : t.n;

	sts_anchors_begin(l, block, size);
	while (t.n > 0) {
		sts_anchors_feed(l, sts_text(t.p, n));
		t = sts_text(t.p + n, t.n - n);
		n = step < t.n ? step : t.n;
	}
	r.error = sts_anchors_end(l, &r.set);
	r.needed = sts_anchors_needed(l);
	r.touched = sts_anchors_touched(l);
	r.left_out = sts_anchors_left_out(l);
	/* A bundle of which no set can be made leaves the old set as it was. */
	if (r.error != STS_ANCHORS_OK) {
		ck_assert_ptr_eq(r.set.base, block + 1);
		ck_assert_uint_eq(r.set.len, 7);
		ck_assert_uint_eq(r.set.count, 7);
	}
	free(l);
	return r;
}

static struct result
load_text(const char *s)
{
	return load(unit_span(s), sizeof block, SIZE_MAX, 1);
}

/* Join the contents of some files in `text`. */
static void
join(const char *const *parts, size_t count)
{
	size_t used = 0;

	for (size_t i = 0; i < count; i++) {
		struct sts_text t = unit_span(parts[i]);

		if (strncmp(parts[i], "tests/", 6) == 0) {
			t = unit_file(parts[i]);
		}
		ck_assert_uint_lt(t.n, sizeof text - used);
		memcpy(text + used, t.p, t.n);
		used += t.n;
	}
	text[used] = '\0';
}

#define ROOT "tests/x509/anchors/root.pem"
#define KEY "tests/x509/keys/ec.pem"
#define BEGIN "-----BEGIN CERTIFICATE-----\n"
#define END "-----END CERTIFICATE-----\n"

static const struct {
	const char *name;
	const char *parts[4];
	enum sts_anchors_error want;
	unsigned count;
	unsigned left_out;
} bundles[] = {
	{ "two roots", { ROOT }, STS_ANCHORS_OK, 2, 0 },
	{ "junk around", { "# comment\n- - -\n", ROOT, "the end" },
	    STS_ANCHORS_OK, 2, 0 },
	{ "a private key", { KEY, ROOT }, STS_ANCHORS_OK, 2, 1 },
	{ "nothing", { "" }, STS_ANCHORS_EMPTY, 0, 0 },
	{ "junk only", { "no certificate here\n" }, STS_ANCHORS_EMPTY, 0, 0 },
	{ "a key only", { KEY }, STS_ANCHORS_EMPTY, 0, 1 },
	{ "not base64", { ROOT, BEGIN "MIIB????\n" END }, STS_ANCHORS_OK, 2,
	    1 },
	{ "not base64, before", { BEGIN "MIIB????\n" END, ROOT },
	    STS_ANCHORS_OK, 2, 1 },
	{ "not DER", { ROOT, BEGIN "AAAA\n" END }, STS_ANCHORS_OK, 2, 1 },
	{ "not DER, before", { BEGIN "AAAA\n" END, ROOT }, STS_ANCHORS_OK, 2,
	    1 },
	{ "empty certificate", { BEGIN END }, STS_ANCHORS_EMPTY, 0, 1 },
	{ "DER cut", { BEGIN "MIIBcDCCARagAwIBAgICEAEwCgYIKoZIzj0EAwIw\n" END },
	    STS_ANCHORS_EMPTY, 0, 1 },
	{ "no BEGIN", { ROOT, "MIIB\n" END }, STS_ANCHORS_OK, 2, 1 },
	{ "no END", { ROOT, BEGIN "MIIB\n" }, STS_ANCHORS_OK, 2, 1 },
	{ "no END, before", { BEGIN "MIIB\n", ROOT }, STS_ANCHORS_OK, 2, 1 },
	{ "only BEGIN", { BEGIN }, STS_ANCHORS_EMPTY, 0, 1 },
	{ "twice the same", { ROOT, ROOT }, STS_ANCHORS_OK, 2, 0 },
	{ "another kind",
	    { "-----BEGIN CERTIFICATE REQUEST-----\nMIIB\n"
	      "-----END CERTIFICATE REQUEST-----\n",
		ROOT },
	    STS_ANCHORS_OK, 2, 1 },
	{ "lower case",
	    { "-----BEGIN certificate-----\nMIIB\n"
	      "-----END certificate-----\n",
		ROOT },
	    STS_ANCHORS_OK, 2, 1 },
	{ "an old root", { "tests/x509/anchors/v1.pem" }, STS_ANCHORS_OK, 1,
	    0 },
	{ "SHA-1 root", { "tests/x509/anchors/sha1.pem" }, STS_ANCHORS_OK, 1,
	    0 },
	{ "unusable keys",
	    { "tests/x509/cases/stranger-unsupported.txt",
		"tests/x509/cases/stranger-faulty.txt" },
	    STS_ANCHORS_OK, 2, 2 },
	{ "unusable keys only", { "tests/x509/anchors/unusable.pem" },
	    STS_ANCHORS_EMPTY, 0, 1 },
	{ "over a limit", { "tests/x509/cases/extension-many.txt" },
	    STS_ANCHORS_OK, 1, 1 },
	{ "constraints", { "tests/x509/anchors/constrained.pem" },
	    STS_ANCHORS_OK, 2, 0 },
};

START_TEST(each_bundle_gives_its_set)
{
	for (size_t i = 0; i < UNIT_COUNT(bundles); i++) {
		struct result r;
		size_t parts = 0;

		while (parts < UNIT_COUNT(bundles[i].parts) &&
		       bundles[i].parts[parts] != NULL) {
			parts++;
		}
		join(bundles[i].parts, parts);
		r = load_text(text);
		unit_int(bundles[i].name, r.error, bundles[i].want);
		unit_int(bundles[i].name, r.left_out, bundles[i].left_out);
		if (r.error == STS_ANCHORS_OK) {
			unit_int(
			    bundles[i].name, r.set.count, bundles[i].count);
			unit_int(bundles[i].name, (long long)r.set.len,
			    (long long)r.needed);
		}
		ck_assert_uint_gt(strlen(sts_anchors_error_text(r.error)), 1);
	}
}
END_TEST

START_TEST(a_bundle_may_be_split_anywhere)
{
	static const char *const parts[] = { "junk\n", ROOT };
	struct sts_text t;
	struct result r;
	uint8_t *copy;

	join(parts, 2);
	t = unit_span(text);
	r = load(t, sizeof block, SIZE_MAX, 1);
	copy = malloc(r.set.len);
	ck_assert_ptr_nonnull(copy);
	memcpy(copy, block, r.set.len);
	for (size_t at = 1; at <= t.n; at++) {
		/* The last piece comes byte by byte. */
		size_t step = at == t.n ? 1 : SIZE_MAX;
		struct result s;

		memset(block, 0xee, r.set.len);
		s = load(t, sizeof block, at % t.n, step);
		ck_assert_int_eq(s.error, STS_ANCHORS_OK);
		ck_assert_uint_eq(s.set.len, r.set.len);
		ck_assert_mem_eq(block, copy, r.set.len);
	}
	free(copy);
}
END_TEST

START_TEST(a_bundle_may_end_without_a_newline)
{
	struct sts_text t = unit_file(ROOT);
	struct result r = load(sts_text(t.p, t.n - 1), 4096, SIZE_MAX, 1);

	ck_assert_int_eq(r.error, STS_ANCHORS_OK);
	ck_assert_uint_eq(r.set.count, 2);
}
END_TEST

START_TEST(a_bundle_may_have_carriage_returns)
{
	struct sts_text t = unit_file(ROOT);
	size_t n = 0;

	for (size_t i = 0; i < t.n; i++) {
		if (t.p[i] == '\n') {
			text[n++] = '\r';
		}
		text[n++] = (char)t.p[i];
	}
	text[n] = '\0';
	ck_assert_int_eq(load_text(text).error, STS_ANCHORS_OK);
}
END_TEST

/* A bundle that is cut anywhere: its whole certificates are in the set, and the
 * one that was cut is counted. */
START_TEST(a_cut_bundle_keeps_its_whole_certificates)
{
	static const char begin[] = "-----BEGIN ", end[] = "-----END CERT"
							   "IFICATE-----";
	struct sts_text t = unit_file(ROOT);

	for (size_t n = 0; n < t.n; n++) {
		struct result r = load(sts_text(t.p, n), 4096, SIZE_MAX, 1);
		unsigned begun = 0, ended = 0;

		for (size_t i = 0; i < n; i++) {
			begun += n - i >= sizeof begin - 1 &&
				 memcmp(t.p + i, begin, sizeof begin - 1) == 0;
			ended += n - i >= sizeof end - 1 &&
				 memcmp(t.p + i, end, sizeof end - 1) == 0;
		}
		ck_assert_int_eq(
		    r.error, ended == 0 ? STS_ANCHORS_EMPTY : STS_ANCHORS_OK);
		ck_assert_uint_eq(r.set.count, ended == 0 ? 7 : ended);
		ck_assert_uint_eq(r.left_out, begun - ended);
	}
}
END_TEST

/* Room for all, for all but one byte, for one, or for none. */
START_TEST(what_does_not_fit_is_left_out)
{
	struct sts_text t = unit_file(ROOT);
	struct result r = load(t, sizeof block, SIZE_MAX, 1);
	size_t needed = r.needed, first = sts_get16be(block);

	ck_assert_int_eq(r.error, STS_ANCHORS_OK);
	ck_assert_uint_gt(needed, 300);
	ck_assert_uint_eq(r.touched, needed);
	block[needed] = 0xee;
	r = load(t, needed, SIZE_MAX, 1);
	ck_assert_int_eq(r.error, STS_ANCHORS_OK);
	ck_assert_uint_eq(r.set.len, needed);
	ck_assert_uint_eq(block[needed], 0xee);
	for (size_t size = 0; size < needed; size++) {
		memset(block, 0xee, needed);
		r = load(t, size, SIZE_MAX, 1);
		ck_assert_uint_eq(r.needed, needed);
		ck_assert_uint_le(r.touched, size);
		for (size_t i = size; i < needed; i++) {
			ck_assert_uint_eq(block[i], 0xee);
		}
		if (r.error == STS_ANCHORS_OK) {
			/* One of the two fits. */
			ck_assert_uint_eq(r.set.count, 1);
			ck_assert_uint_eq(r.left_out, 1);
		} else {
			ck_assert_int_eq(r.error, STS_ANCHORS_FULL);
			ck_assert_uint_eq(r.left_out, 2);
		}
		ck_assert_int_eq(r.error == STS_ANCHORS_OK,
		    size >= first || size >= needed - first);
	}
	ck_assert_uint_le(sts_anchors_load_size(), STS_ANCHORS_LOAD_SIZE_MAX);
}
END_TEST

/* Trust settings, as OpenSSL writes them: SEQUENCE { trust, [0] reject, alias
 * ... }. */
#define SERVER "\x06\x08\x2b\x06\x01\x05\x05\x07\x03\x01"
#define EMAIL "\x06\x08\x2b\x06\x01\x05\x05\x07\x03\x04"
#define ANY_USE "\x06\x04\x55\x1d\x25\x00"
#define LONG_OID                                                               \
	"\x06\x28"                                                             \
	"0123456789012345678901234567890123456789"
#define ALIAS "\x0c\x02me"
#define BYTES(s) (s), sizeof(s) - 1

static const struct {
	const char *name;
	const char *bytes;
	size_t len;
	bool allowed;
} settings[] = {
	{ "none", BYTES(""), true },
	{ "empty", BYTES("\x30\x00"), true },
	{ "an alias only", BYTES("\x30\x04" ALIAS), true },
	{ "trusts servers", BYTES("\x30\x0c\x30\x0a" SERVER), true },
	{ "trusts servers and mail", BYTES("\x30\x16\x30\x14" EMAIL SERVER),
	    true },
	{ "trusts any use", BYTES("\x30\x08\x30\x06" ANY_USE), true },
	{ "trusts mail", BYTES("\x30\x0c\x30\x0a" EMAIL), false },
	{ "trusts nothing", BYTES("\x30\x02\x30\x00"), false },
	{ "rejects servers", BYTES("\x30\x0c\xa0\x0a" SERVER), false },
	{ "rejects any use", BYTES("\x30\x08\xa0\x06" ANY_USE), false },
	{ "rejects mail", BYTES("\x30\x0c\xa0\x0a" EMAIL), true },
	{ "rejects mail, then servers", BYTES("\x30\x16\xa0\x14" EMAIL SERVER),
	    false },
	{ "trusts and rejects servers",
	    BYTES("\x30\x18\x30\x0a" SERVER "\xa0\x0a" SERVER), false },
	{ "trusts servers, rejects mail",
	    BYTES("\x30\x1c\x30\x0a" SERVER "\xa0\x0a" EMAIL ALIAS), true },
	{ "an OID of another list", BYTES("\x30\x0e\x30\x00\xa1\x0a" SERVER),
	    false },
	{ "the beginning of an OID",
	    BYTES("\x30\x0b\x30\x09\x06\x07"
		  "\x2b\x06\x01\x05\x05\x07\x03"),
	    false },
	{ "no SEQUENCE", BYTES("\x31\x0c\x30\x0a" SERVER), false },
	{ "cut", BYTES("\x30\x0c\x30\x0a" EMAIL "\x30"), false },
	{ "too short", BYTES("\x30\x0d\x30\x0a" SERVER), false },
	{ "not OIDs", BYTES("\x30\x05\x30\x03\x02\x01\x01"), false },
	{ "trusts a long OID", BYTES("\x30\x2c\x30\x2a" LONG_OID), false },
	{ "rejects a long OID", BYTES("\x30\x2c\xa0\x2a" LONG_OID), true },
	{ "trusts a long OID, and servers",
	    BYTES("\x30\x36\x30\x34" LONG_OID SERVER), true },
	{ "a length of four octets", BYTES("\x30\x84\x00\x00\x00\x00"), false },
	{ "two SEQUENCEs", BYTES("\x30\x00\x30\x00"), false },
	{ "three SEQUENCEs", BYTES("\x30\x00\x30\x00\x30\x00"), false },
	{ "a byte over", BYTES("\x30\x00\x00"), false },
};

/* Append n bytes as base64 to text at `used`. */
static size_t
encode(size_t used, const uint8_t *p, size_t n)
{
	static const char d[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrst"
				"uvwxyz0123456789+/";

	for (size_t i = 0; i < n; i += 3) {
		uint32_t v = (uint32_t)p[i] << 16 |
			     (uint32_t)(i + 1 < n ? p[i + 1] : 0) << 8 |
			     (i + 2 < n ? p[i + 2] : 0);

		text[used++] = d[v >> 18];
		text[used++] = d[v >> 12 & 63];
		text[used++] = i + 1 < n ? d[v >> 6 & 63] : '=';
		text[used++] = i + 2 < n ? d[v & 63] : '=';
	}
	return used;
}

/* Decode the first certificate of a file. */
static size_t
decode(const char *path, uint8_t der[4096])
{
	struct sts_text t = unit_file(path), bytes = { NULL, 0 };
	enum sts_pem_event event = STS_PEM_MORE;
	struct sts_pem pem;
	size_t n = 0;

	sts_pem_begin(&pem);
	while (event != STS_PEM_END) {
		event = sts_pem_next(&pem, &t, &bytes);
		ck_assert(event == STS_PEM_BEGIN || event == STS_PEM_DATA ||
			  event == STS_PEM_END);
		if (event == STS_PEM_DATA) {
			ck_assert_uint_le(bytes.n, 4096 - n);
			memcpy(der + n, bytes.p, bytes.n);
			n += bytes.n;
		}
	}
	return n;
}

/* Write a PEM block of n bytes of `der` to `text`. */
static void
block_of(const char *label, const uint8_t *der, size_t n)
{
	size_t used = (size_t)sprintf(text, "-----BEGIN %s-----\n", label);

	used = encode(used, der, n);
	sprintf(text + used, "\n-----END %s-----\n", label);
}

/* A chain's own anchor has a key that may vouch, as any other has. */
START_TEST(own_anchor)
{
	static uint64_t room_for_x[(STS_X509_SIZE_MAX + 7) / 8];
	struct sts_x509 *x = (struct sts_x509 *)room_for_x;
	uint8_t der[4096], room[4096];
	size_t n = decode(ROOT, der);
	bool early;

	ck_assert_uint_gt(sts_x509_own_anchor(x, sts_text(der, n), INT64_MAX,
			      &early, sts_span(room, sizeof room)),
	    0);
	n = decode("tests/x509/anchors/unusable.pem", der);
	ck_assert_uint_eq(sts_x509_own_anchor(x, sts_text(der, n), INT64_MAX,
			      &early, sts_span(room, sizeof room)),
	    0);
	ck_assert(!early);
}
END_TEST

/* What comes in pieces of nothing is no settings yet. */
START_TEST(no_trust_settings)
{
	struct sts_x509_trust t;

	sts_x509_trust_begin(&t);
	sts_x509_trust_feed(&t, sts_text(NULL, 0));
	ck_assert(sts_x509_trust_end(&t));
}
END_TEST

START_TEST(only_roots_trusted_for_servers_are_taken)
{
	uint8_t der[4096];
	size_t n = decode(ROOT, der);

	for (size_t i = 0; i < UNIT_COUNT(settings); i++) {
		struct result r, plain;

		memcpy(der + n, settings[i].bytes, settings[i].len);
		block_of("TRUSTED CERTIFICATE", der, n + settings[i].len);
		r = load(unit_span(text), sizeof block, SIZE_MAX, 1);
		unit_int(settings[i].name, r.error,
		    settings[i].allowed ? STS_ANCHORS_OK : STS_ANCHORS_EMPTY);
		unit_int(settings[i].name, r.left_out, !settings[i].allowed);
		/* A plain certificate may not be followed by anything. */
		block_of("CERTIFICATE", der, n + settings[i].len);
		plain = load(unit_span(text), sizeof block, 5, 7);
		unit_int(settings[i].name, plain.error,
		    settings[i].len == 0 ? STS_ANCHORS_OK : STS_ANCHORS_EMPTY);
	}
}
END_TEST

/*
 * Each byte in turn of a root between two others is changed, in DER and in PEM.
 * The two others are always in the set, and what is left out is counted.
 */
START_TEST(a_damaged_root_costs_no_other)
{
	static char first[4096];
	static uint8_t der[4096];
	struct sts_text t = unit_file(ROOT);
	size_t n;

	memcpy(first, t.p, t.n);
	n = decode("tests/x509/anchors/sha1.pem", der);
	for (size_t at = 0; at < n; at++) {
		struct result r;
		size_t used;

		der[at] ^= (uint8_t)(1 + at % 255);
		block_of("CERTIFICATE", der, n);
		der[at] ^= (uint8_t)(1 + at % 255);
		used = strlen(text);
		sprintf(text + used, "%s", first);
		r = load_text(text);
		ck_assert_int_eq(r.error, STS_ANCHORS_OK);
		ck_assert_uint_eq(r.set.count + r.left_out, 3);
		ck_assert_uint_ge(r.set.count, 2);
	}
}
END_TEST

/* An edit of one character of the text: changed, or c in front of it, or gone. */
enum edit {
	CHANGED,
	INSERTED,
	GONE,
	EDITS
};

static void
edit_text(const char *before, size_t at, enum edit edit, char c)
{
	size_t from = edit == INSERTED ? at : at + 1;

	memcpy(text, before, at);
	text[at] = c;
	memcpy(text + at + (edit != GONE), before + from,
	    strlen(before + from) + 1);
}

/* Each character of the PEM in turn is damaged, those of boundaries in each way.
 * That may cost one certificate, which is reported, and no further one. */
START_TEST(a_damaged_character_costs_no_other_root)
{
	static char three[8192];
	static const char odd[] = "\n-= #?A\r\x01\x1a\xef";
	const unsigned ways = EDITS * (sizeof odd - 1);
	const char *const parts[] = { ROOT, "tests/x509/anchors/v1.pem" };
	bool boundary = false;
	size_t n;

	join(parts, 2);
	n = strlen(text);
	memcpy(three, text, n + 1);
	for (size_t at = 0; at < n; at++) {
		boundary = three[at] == '-' || (boundary && three[at] != '\n');
		for (unsigned k = boundary ? 0 : (unsigned)(at % ways);
		     k < ways; k += boundary ? 1 : ways) {
			struct result r;

			edit_text(
			    three, at, (enum edit)(k % EDITS), odd[k / EDITS]);
			r = load_text(text);
			ck_assert_int_eq(r.error, STS_ANCHORS_OK);
			ck_assert_msg(r.set.count >= 2 && r.set.count <= 3,
			    "character %u, way %u: %u roots", (unsigned)at, k,
			    r.set.count);
			ck_assert_msg(r.set.count + r.left_out >= 3,
			    "character %u, way %u: a root is lost silently",
			    (unsigned)at, k);
		}
	}
}
END_TEST

/* Each block that is left out is reported with its line and the reason. */
START_TEST(each_block_left_out_is_reported_with_its_line)
{
	const char *const parts[] = { "text\n" BEGIN "MIIB\n", ROOT,
		"tests/x509/anchors/unusable.pem",
		"tests/x509/cases/nc-minimum.txt", "x " BEGIN };
	static const struct {
		uint32_t line;
		const char *subject, *reason;
	} want[] = {
		{ 2, "", "it has no END line of its own" },
		{ 0, "Bad", "its key is too weak" },
		{ 0, "Intermediate",
		    "it has a name constraint that is not supported" },
		{ 0, "", "its BEGIN is not at the start of a line" },
	};
	struct sts_anchors_load *l = load_new();
	const struct sts_anchors_left *left;
	struct sts_text t;
	uint32_t before = 0;
	size_t n = 0;

	join(parts, UNIT_COUNT(parts));
	t = unit_span(text);
	sts_anchors_begin(l, block, sizeof block);
	while ((left = sts_anchors_next(l, &t)) != NULL) {
		ck_assert_uint_lt(n, UNIT_COUNT(want));
		if (want[n].line > 0) {
			ck_assert_uint_eq(left->line, want[n].line);
		}
		ck_assert_uint_gt(left->line, before);
		before = left->line;
		ck_assert_str_eq(left->reason, want[n].reason);
		unit_text(want[n].reason,
		    sts_text(left->subject, left->subject_len),
		    want[n].subject);
		n++;
	}
	ck_assert_uint_eq(n, UNIT_COUNT(want));
	ck_assert_ptr_null(sts_anchors_last(l));
	free(l);
}
END_TEST

/* The bytes of a set are a set wherever they lie, and no other bytes are
 * one. */
START_TEST(a_set_is_known_by_its_bytes)
{
	struct sts_text t = unit_file(ROOT);
	struct result r = load(t, sizeof block, SIZE_MAX, 1);
	struct sts_anchors set = { NULL, 0, 0 };
	struct sts_anchor a;
	size_t pos = 0, n = 0;
	uint8_t *p = unit_at_page_end(block, r.set.len);

	ck_assert(sts_anchors_table(&set, p, r.set.len));
	ck_assert_uint_eq(set.count, 2);
	ck_assert_ptr_eq(set.base, p);
	while (sts_anchor_next(&set, &pos, &a)) {
		ck_assert(n == 0 ? a.key.type == STS_X509_KEY_P256
				 : a.key.type == STS_X509_KEY_RSA);
		ck_assert_uint_eq(a.key.key.n, n == 0 ? 65 : 256);
		ck_assert_uint_ne(a.flags & STS_X509_CA, 0);
		n++;
	}
	ck_assert_uint_eq(n, 2);
	for (size_t len = 1; len < r.set.len; len++) {
		bool whole = len == sts_get16be(block);

		p = unit_at_page_end(block, len);
		ck_assert_int_eq(sts_anchors_table(&set, p, len), whole);
	}
	block[29] = STS_X509_KEY_P521 + 1;
	ck_assert(!sts_anchors_table(&set, block, r.set.len));
	block[29] = STS_X509_KEY_NONE;
	ck_assert(!sts_anchors_table(&set, block, r.set.len));
	block[29] = STS_X509_KEY_P256;
	block[31]++;
	ck_assert(!sts_anchors_table(&set, block, r.set.len));
}
END_TEST

static const struct {
	const char *name;
	bool hash;
} kinds[] = {
	{ "root", false }, /* a CA that signed itself */
	{ "intermediate", true },
	{ "self-signed", true },
	{ "self-signed-ca", false },
	{ "v1", false },
	{ "sha1", false },
};

/* A certificate is kept with its hash only if it may be a leaf itself. */
START_TEST(only_possible_leaves_keep_their_hash)
{
	for (size_t i = 0; i < UNIT_COUNT(kinds); i++) {
		char path[100];
		struct sts_anchor a;
		struct result r;
		size_t pos = 0;

		snprintf(path, sizeof path, "tests/x509/anchors/%s.pem",
		    kinds[i].name);
		r = load(unit_file(path), sizeof block, SIZE_MAX, 1);
		ck_assert(sts_anchor_next(&r.set, &pos, &a));
		unit_int(kinds[i].name, a.hash != NULL, kinds[i].hash);
	}
}
END_TEST

/* Among these are certificates with another issuer, certificates longer than
 * what is kept until it is known whether the hash is needed, and one with many
 * RDNs. */
static const char *const scanned[] = {
	ROOT,
	"tests/x509/anchors/constrained.pem",
	"tests/x509/anchors/gone-and-root.pem",
	"tests/x509/anchors/intermediate.pem",
	"tests/x509/anchors/self-signed.pem",
	"tests/x509/anchors/self-signed-ca.pem",
	"tests/x509/anchors/sha1.pem",
	"tests/x509/anchors/usual.pem",
	"tests/x509/anchors/v1-issued.pem",
	"tests/x509/cases/arena-kept.txt",
	"tests/x509/cases/complex.txt",
	"tests/x509/cases/intermediate-14-times-large.txt",
	"tests/x509/cases/san-121.txt",
	"tests/x509/cases/usual.txt",
};

/* The record of one certificate, hashed in the order of its bytes. */
static size_t
record_of(struct sts_text der, uint8_t *out)
{
	static uint8_t bytes[16384];
	static struct sts_x509_scan scan;
	struct sts_x509_arena arena = { bytes, sizeof bytes, 0 };
	struct sts_x509_cert c;

	sts_x509_scan_begin(&scan, &c, &arena, sts_text(NULL, 0), der.n);
	sts_x509_scan_feed(&scan, der);
	if (sts_x509_scan_end(&scan) != STS_WHY_NONE ||
	    c.fault != STS_WHY_NONE) {
		return 0;
	}
	sts_anchor_put(out, &c, bytes);
	return sts_anchor_size(&c);
}

/* The set must have the record of each certificate that a scan finds usable. */
static void
holds_all(struct sts_text pem, const struct sts_anchors *set, size_t *found)
{
	static uint8_t der[16384], record[8192];
	struct sts_text bytes = { NULL, 0 };
	enum sts_pem_event event;
	struct sts_pem p;
	size_t n = 0;

	sts_pem_begin(&p);
	while ((event = sts_pem_next(&p, &pem, &bytes)) != STS_PEM_MORE) {
		if (event == STS_PEM_BEGIN) {
			n = 0;
		} else if (event == STS_PEM_DATA) {
			memcpy(der + n, bytes.p, bytes.n);
			n += bytes.n;
		} else if (event == STS_PEM_END) {
			size_t size = record_of(sts_text(der, n), record);
			bool there = size == 0;

			for (size_t pos = 0; !there && pos < set->len;
			     pos += sts_get16be(set->base + pos)) {
				there =
				    memcmp(set->base + pos, record, size) == 0;
			}
			ck_assert(there);
			*found += size > 0;
		}
	}
}

/* A bundle gives the same records as its certificates one by one: that most
 * hashes are left out changes no record. */
START_TEST(a_bundle_has_the_records_of_its_certificates)
{
	size_t found = 0;

	for (size_t i = 0; i < UNIT_COUNT(scanned); i++) {
		struct sts_text t = unit_file(scanned[i]);
		struct result r = load(t, sizeof block, 100, 7);

		ck_assert_int_eq(r.error, STS_ANCHORS_OK);
		holds_all(t, &r.set, &found);
	}
	ck_assert_uint_ge(found, 40);
}
END_TEST

/* The bundle of this machine, if it has one. */
START_TEST(the_bundle_of_this_machine_is_usable)
{
	const char *path = "/etc/ssl/certs/ca-certificates.crt";
	FILE *f = fopen(path, "rb");
	struct sts_text t;
	struct result r;
	size_t certs = 0;

	if (f == NULL) {
		return;
	}
	fclose(f);
	t = unit_file(path);
	for (size_t i = 0; i + 27 < t.n; i++) {
		certs +=
		    memcmp(t.p + i, "-----BEGIN CERTIFICATE-----", 27) == 0;
	}
	r = load(t, sizeof block, 4096, 4096);
	ck_assert_int_eq(r.error, STS_ANCHORS_OK);
	ck_assert_uint_eq(r.set.count + r.left_out, certs);
	ck_assert_uint_eq(r.left_out, 0);
	ck_assert(sts_anchors_table(&r.set, block, r.set.len));
	certs = 0;
	holds_all(t, &r.set, &certs);
	ck_assert_uint_ge(certs, r.set.count);
}
END_TEST

void
unit_tests(TCase *tc)
{
	tcase_add_test(tc, each_bundle_gives_its_set);
	tcase_add_test(tc, a_bundle_may_be_split_anywhere);
	tcase_add_test(tc, a_bundle_may_end_without_a_newline);
	tcase_add_test(tc, a_bundle_may_have_carriage_returns);
	tcase_add_test(tc, a_cut_bundle_keeps_its_whole_certificates);
	tcase_add_test(tc, what_does_not_fit_is_left_out);
	tcase_add_test(tc, own_anchor);
	tcase_add_test(tc, no_trust_settings);
	tcase_add_test(tc, only_roots_trusted_for_servers_are_taken);
	tcase_add_test(tc, a_damaged_root_costs_no_other);
	tcase_add_test(tc, a_damaged_character_costs_no_other_root);
	tcase_add_test(tc, each_block_left_out_is_reported_with_its_line);
	tcase_add_test(tc, a_set_is_known_by_its_bytes);
	tcase_add_test(tc, only_possible_leaves_keep_their_hash);
	tcase_add_test(tc, a_bundle_has_the_records_of_its_certificates);
	tcase_add_test(tc, the_bundle_of_this_machine_is_usable);
}
