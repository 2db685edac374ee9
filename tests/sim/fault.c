/* SPDX-License-Identifier: MIT */
/* Episodes of what goes wrong. */
#include <string.h>

#include "fault.h"

enum {
	MINUTE = 60000,
	HOUR = 60 * MINUTE,
	DAY = 24 * HOUR
};

#define FAULT_NAME(id, name) name,
static const char *const names[FAULTS] = { FAULT_LIST(FAULT_NAME) };
#undef FAULT_NAME

/* Classes whose episodes strike one site. */
enum {
	OF_A_SITE = 1 << FAULT_STRIP | 1 << FAULT_BLOCK | 1 << FAULT_IMPOSTOR |
		    1 << FAULT_MISHAP | 1 << FAULT_BOGUS | 1 << FAULT_INSECURE |
		    1 << FAULT_TLSA_REMOVED | 1 << FAULT_TLSA_ROLLED |
		    1 << FAULT_MX_CHANGED | 1 << FAULT_BACKUP
};

const char *
fault_name(enum fault_class c)
{
	return names[c];
}

unsigned
fault_bits(const char *list)
{
	unsigned bits = 0, i;

	while (*list != '\0') {
		size_t n = strcspn(list, ",");

		for (i = 0; i < FAULTS; i++) {
			if (strlen(names[i]) == n &&
			    memcmp(names[i], list, n) == 0) {
				bits |= 1U << i;
			}
		}
		list += n + (list[n] == ',');
	}
	return bits;
}

/* Most runs have a few classes, so that these meet in all combinations, and
 * leave enough calm between them to require more than "not wrong". */
static unsigned
draw_classes(struct draw *d)
{
	unsigned bits = 0, i, percent = draw_percent(d, 20) ? 70 : 30;

	for (i = 0; i <= FAULT_NAP; i++) {
		bits |= draw_percent(d, percent) ? 1U << i : 0;
	}
	bits |= draw_percent(d, 85) ? 1U << FAULT_NAP : 0;
	return bits | 1U << draw_below(d, FAULT_NAP);
}

/* Classes of DNSSEC: at least one. */
static unsigned
draw_dnssec(struct draw *d)
{
	unsigned bits = 0, i, percent = draw_percent(d, 30) ? 70 : 30;

	for (i = FAULT_DNSSEC; i < FAULTS; i++) {
		bits |= draw_percent(d, percent) ? 1U << i : 0;
	}
	return bits |
	       1U << (FAULT_DNSSEC + draw_below(d, FAULTS - FAULT_DNSSEC));
}

void
faults_begin(struct faults *f, uint64_t seed, unsigned without,
    unsigned site_count, bool dane)
{
	struct draw d = draw_begin(seed, "faults", 0);
	struct draw dnssec = draw_begin(seed, "dnssec", 0), fleet;
	unsigned i;

	memset(f, 0, sizeof *f);
	f->seed = seed;
	f->classes = draw_classes(&d);
	f->classes |= dane ? draw_dnssec(&dnssec) : 0;
	fleet = draw_begin(seed, "fleet faults", 0);
	f->classes |= draw_percent(&fleet, 60) ? 1U << FAULT_FLEET : 0;
	f->without = without;
	f->site_count = site_count;
	for (i = 0; i < FAULTS; i++) {
		int64_t mean = draw_between(
		    i < FAULT_DNSSEC ? &d : &dnssec, 2 * HOUR, 16 * HOUR);

		if ((1U << i & OF_A_SITE) != 0) {
			mean /= 2;
		}
		f->source[i].d = draw_begin(seed, names[i], 1);
		f->source[i].mean_ms = mean;
		f->source[i].next = draw_between(&f->source[i].d, 0, 2 * mean);
	}
}

bool
faults_has(const struct faults *f, enum fault_class c)
{
	return (f->classes & ~f->without & 1U << c) != 0;
}

int64_t
faults_next(const struct faults *f)
{
	int64_t at = INT64_MAX;
	unsigned i;

	for (i = 0; i < FAULTS; i++) {
		if ((f->classes & 1U << i) != 0 && i != FAULT_NAP &&
		    f->source[i].next < at) {
			at = f->source[i].next;
		}
	}
	for (i = 0; i < f->count; i++) {
		if (f->episode[i].to < at) {
			at = f->episode[i].to;
		}
	}
	return at;
}

static int64_t
draw_length(struct draw *d)
{
	unsigned n = draw_below(d, 100);

	if (n < 25) {
		return draw_between(d, 1000, MINUTE);
	}
	if (n < 80) {
		return draw_between(d, MINUTE, 30 * MINUTE);
	}
	if (n < 97) {
		return draw_between(d, HOUR, 6 * HOUR);
	}
	return draw_between(d, DAY, 4 * (int64_t)DAY);
}

const struct episode *
fault_now(const struct faults *f, enum fault_class c, int site, int64_t now)
{
	unsigned i;

	for (i = 0; i < f->count; i++) {
		const struct episode *e = &f->episode[i];

		if (e->class == c && now >= e->from && now < e->to &&
		    (e->site < 0 || e->site == site)) {
			return e;
		}
	}
	return NULL;
}

static void
begin_due(struct faults *f, int64_t now)
{
	unsigned i;

	for (i = 0; i < FAULTS; i++) {
		struct draw *d = &f->source[i].d;
		struct episode e;

		if ((f->classes & 1U << i) == 0 || i == FAULT_NAP ||
		    f->source[i].next > now) {
			continue;
		}
		memset(&e, 0, sizeof e);
		e.class = (enum fault_class)i;
		e.kind = draw(d);
		e.strength = draw_below(d, 100);
		e.site = (int)draw_below(d, f->site_count);
		if ((1U << i & OF_A_SITE) == 0) {
			e.site = -1;
		}
		e.from = now;
		e.to = now + draw_length(d);
		f->source[i].next =
		    now + 1 + draw_between(d, 0, 2 * f->source[i].mean_ms);
		if (f->count < EPISODES && (f->without & 1U << i) == 0 &&
		    fault_now(f, e.class, e.site, now) == NULL) {
			f->episode[f->count++] = e;
			f->struck[i]++;
		}
	}
}

const struct episode *
faults_take(struct faults *f, int64_t now)
{
	unsigned i;

	begin_due(f, now);
	for (i = 0; i < f->count; i++) {
		if (f->episode[i].to <= now && f->episode[i].begun) {
			f->episode[i--] = f->episode[--f->count];
			f->changes++;
		}
	}
	for (i = 0; i < f->count; i++) {
		if (!f->episode[i].begun) {
			f->episode[i].begun = true;
			f->changes++;
			return &f->episode[i];
		}
	}
	return NULL;
}
