/* SPDX-License-Identifier: MIT */
/*
 * The configuration: `key value` lines of a file, then those of -o. '#' at
 * the beginning of a line or after a blank begins a comment. A later line of
 * a key replaces an earlier one; listen, nameserver, fetch_allow, nat64_prefix,
 * redis_key, zone and override may repeat and add up, and for all of these but
 * the last two the -o lines replace all of the file's. Whatever is not
 * understood is an error, and an error changes nothing.
 */
#ifndef STS_CONF_H
#define STS_CONF_H

#include "../../core/share/share.h"
#include "../../core/sts.h"
#include "../../port/posix/listen.h"
#include "../../port/posix/log.h"
#include "users.h"

/* Where things are; `make` gives others by SYSCONFDIR, STATEDIR, RUNDIR. */
#ifndef STS_SYSCONFDIR
#define STS_SYSCONFDIR "/etc"
#endif
#ifndef STS_STATEDIR
#define STS_STATEDIR "/var/lib/mtasts"
#endif
#ifndef STS_RUNDIR
#define STS_RUNDIR "/run/mtasts"
#endif
#define STS_CONF_FILE STS_SYSCONFDIR "/mtasts.conf"
#define STS_JOURNAL_FILE STS_STATEDIR "/journal"
#define STS_CONTROL_SOCKET STS_RUNDIR "/control"

enum {
	STS_CONF_LISTEN_MAX = 16,
	STS_CONF_PATH_MAX = 255,
	STS_CONF_WHY_MAX = 1024,
	STS_CONF_CONTACT_MAX = 200,
	/* Postfix waits 100 s; the rest is for the way. */
	STS_CONF_ANSWER_MAX_MS = 95000
};

/* TLS reporting; off while there is no contact. */
struct sts_conf_report {
	bool listens;
	struct sts_listen_at at; /* local, datagrams */
	char organization[STS_REPORT_NAME_MAX + 1]; /* "": contact's domain */
	char contact[STS_CONF_CONTACT_MAX + 1]; /* "": off */
	struct sts_addr relay; /* af NONE: none */
	uint64_t memory;
	uint8_t reports; /* enum sts_reports */
};

/* Gateways that share policies (conf_share.h). */
struct sts_conf_share {
	struct sts_share_setup setup; /* without secrets until they are read */
	char path[STS_SHARE_SERVERS][STS_CONF_PATH_MAX + 1]; /* LOCAL */
	char password_file[STS_CONF_PATH_MAX + 1]; /* "": none */
	char sentinel_password_file[STS_CONF_PATH_MAX + 1];
	char anchors[STS_CONF_PATH_MAX + 1]; /* "": those of policy hosts */
	unsigned key_count;
	char key[STS_SEAL_KEYS][STS_CONF_PATH_MAX + 1];
	bool trust;
};

struct sts_conf {
	bool from_file; /* else there is none, and these are defaults */
	unsigned listen_count;
	bool listen_given; /* else the one listener is the default */
	struct sts_listen_at listen[STS_CONF_LISTEN_MAX];
	bool metrics_on;
	struct sts_listen_at metrics;
	bool control_on;
	struct sts_listen_at control; /* local */
	struct sts_dns_servers servers; /* count 0: those of resolv.conf */
	char trust_anchors[STS_CONF_PATH_MAX + 1]; /* "": the system's */
	uint64_t memory;
	bool journal_given; /* else it is the default's path */
	char journal[STS_CONF_PATH_MAX + 1]; /* "": off */
	bool memory_touch; /* all of it at the start */
	bool memory_huge; /* ask for huge pages */
	uint64_t journal_size; /* 0: by the memory */
	uint32_t clients, lookups, fetch_slots;
	uint32_t answer_within_ms, queue_wait_ms;
	struct sts_zones zones;
	bool dane, dane_partial; /* as in sts_settings */
	char preload[STS_CONF_PATH_MAX + 1]; /* "": off */
	uint64_t preload_size; /* octets of one list; 0: off */
	bool preload_testing; /* as in sts_settings */
	char warm_names[STS_CONF_PATH_MAX + 1]; /* "": off */
	bool temp_on_dns_error, temp_on_no_clock, allow_private;
	struct sts_conf_report report;
	uint8_t sct; /* enum sts_sct */
	struct sts_conf_share share;
	unsigned allow_count;
	struct sts_prefix allow[STS_FETCH_ALLOW_MAX];
	unsigned nat64_count;
	struct sts_prefix nat64[STS_NAT64_MAX];
	uint32_t policy_port;
	enum sts_log_to log;
	unsigned log_level;
	char user[STS_USER_NAME_MAX + 1]; /* "": stay who we are */
	char chroot[STS_CONF_PATH_MAX + 1]; /* "": off */
	bool confine;
};

/* Where a configuration comes from. */
struct sts_conf_source {
	const char *file; /* NULL: STS_CONF_FILE, if it is there */
	const char *const *options; /* the -o lines */
	unsigned option_count;
};

/*
 * Read it all. False: *c is undefined and `why` says where and what, such as
 * "/etc/mtasts.conf:3: clients: expected a number from 0 to 60000, got "x"";
 * errno is the system's reason, or 0 where what is written is at fault.
 */
bool sts_conf_load(struct sts_conf *c, const struct sts_conf_source *source,
    char why[STS_CONF_WHY_MAX]);

/* Print it as the lines that would give it, comments and defaults resolved;
 * without owners and groups of listeners, whose names are not kept. */
void sts_conf_print(const struct sts_conf *c);

/* Whether anything is counted and reported. */
bool sts_conf_reports_on(const struct sts_conf *c);

/* Whether DANE is on for any question. */
bool sts_conf_wants_dane(const struct sts_conf *c);

/* Switch DANE off for every question. */
void sts_conf_dane_off(struct sts_conf *c);

/* What a start took memory for: a reload may switch it off, and on again. */
struct sts_conf_room {
	bool dane, reports;
	uint8_t share; /* as sts_config.share says */
};

/* The room that a start with this configuration makes. */
struct sts_conf_room sts_conf_room_of(const struct sts_conf *c);

/* Keep in `fresh` what only a restart can change as it is in `running`, and off
 * that for which there is no room. Writes the names of the keys that differed,
 * separated by blanks, to out; returns their length, 0: none did. */
size_t sts_conf_keep_fixed(const struct sts_conf *running,
    const struct sts_conf_room *room, struct sts_conf *fresh,
    char out[STS_CONF_WHY_MAX]);

#endif
