/* SPDX-License-Identifier: MIT */
/*
 * Faults, in episodes. When an episode begins, how long it lasts, which site it
 * strikes and how, is drawn by class, each class from its own sequence. The
 * caller of fault_now() carries an episode out.
 */
#ifndef STS_SIM_FAULT_H
#define STS_SIM_FAULT_H

#include "draw.h"
#include "site.h"

/* id, name: what `SIM_WITHOUT=name` leaves out. */
#define FAULT_LIST(X)                                                          \
	X(LOSS, "loss") /* datagrams lost, twice, swapped, late */             \
	X(RESOLVER, "resolver") /* name servers fail, or are silent */         \
	X(FORGE, "forge") /* a guesser off the path */                         \
	X(STRIP, "strip") /* or on it, rewriting DNS */                        \
	X(BLOCK, "block") /* or blocking */                                    \
	X(IMPOSTOR, "impostor") /* or in its place */                          \
	X(MISHAP, "mishap") /* the owner's mistakes */                         \
	X(STREAM, "stream") /* streams in small pieces */                      \
	X(CLIENTS, "clients") /* mail servers behave badly */                  \
	X(FLOOD, "flood") /* and many ask for hostile domains */               \
	X(CLOCK, "clock") /* the wall clock is stepped or gone */              \
	X(CRASH, "crash") /* the agent ends, well or badly */                  \
	X(STORE, "store") /* the storage is slow or fails */                   \
	X(SCARCE, "scarce") /* out of channels, ports, entropy */              \
	X(OPERATOR, "operator") /* reload, kill switch */                      \
	X(NAP, "nap") /* the machine sleeps longer than asked, always */       \
	X(FLEET, "fleet") /* the server that gateways share policies by */     \
	/* DNSSEC: faults of the zones of mail hosts; mail.c has kinds */      \
	X(BOGUS, "bogus") /* all of it, or MX, addresses or TLSA alone */      \
	X(INSECURE, "insecure") /* its delegation is: no AD, all or in part */ \
	X(NO_AD, "no-ad") /* name servers that do not validate: for all */     \
	X(TLSA_REMOVED, "tlsa-removed") /* of all hosts, or of the first */    \
	X(TLSA_ROLLED, "tlsa-rolled") /* old and new ones, or unusable ones */ \
	X(MX_CHANGED, "mx-changed") /* more, fewer, implicit, null, no name */ \
	X(BACKUP, "backup") /* one backup host is bogus or silent */

#define FAULT_ENUM(id, name) FAULT_##id,
enum fault_class {
	FAULT_LIST(FAULT_ENUM) FAULTS
};
#undef FAULT_ENUM

enum {
	FAULT_ALL = (1 << FAULTS) - 1,
	FAULT_DNSSEC = FAULT_BOGUS, /* the first of DNSSEC's */
	EPISODES = 64
};

struct episode {
	enum fault_class class;
	unsigned kind; /* drawn; each class uses it modulo its kinds */
	unsigned strength; /* 0..99 */
	int site; /* index, or -1: all */
	int64_t from, to;
	bool begun;
};

struct faults {
	unsigned classes; /* bits: those that happen in this run */
	unsigned without; /* bits: those left out to make a failure smaller */
	unsigned site_count;
	uint64_t seed;
	struct {
		struct draw d;
		int64_t mean_ms; /* between episodes */
		int64_t next;
	} source[FAULTS];
	struct episode episode[EPISODES];
	unsigned count;
	unsigned struck[FAULTS]; /* episodes begun */
	unsigned changes; /* beginnings and ends of episodes */
};

const char *fault_name(enum fault_class c);

/* Bits of "loss,strip"; 0 also for an unknown word. */
unsigned fault_bits(const char *list);

/* Draw the classes of this run and their frequency. dane: also the classes of
 * DNSSEC, which are drawn apart, so that all others stay what they are
 * without. */
void faults_begin(struct faults *f, uint64_t seed, unsigned without,
    unsigned site_count, bool dane);

/* Whether this run has that class at all. */
bool faults_has(const struct faults *f, enum fault_class c);

/* When an episode begins or ends next. */
int64_t faults_next(const struct faults *f);

/* An episode that begins now (returned once), or NULL; forgets those that are
 * over. */
const struct episode *faults_take(struct faults *f, int64_t now);

/* An episode of that class that strikes this site (-1: all sites) now. */
const struct episode *fault_now(
    const struct faults *f, enum fault_class c, int site, int64_t now);

#endif
