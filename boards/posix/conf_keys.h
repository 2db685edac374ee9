/* SPDX-License-Identifier: MIT */
/* The keys of the configuration, for conf.c and conf_print.c. */
#ifndef STS_CONF_KEYS_H
#define STS_CONF_KEYS_H

#include "conf.h"

enum {
	STS_CONF_KEYS_MAX = 64, /* at least as many as there are */
	STS_CONF_SCTS = STS_SCT_REQUIRE + 1
};

struct sts_conf_key {
	const char *name;
	/* Read after all others: zones need answer_within and queue_wait. */
	bool late;
	/* Take the value of a line: NULL, or what was expected instead. */
	const char *(*set)(struct sts_conf *c, struct sts_text value);
	/* For keys that add up and whose -o lines replace the file's. */
	void (*clear)(struct sts_conf *c);
};

/* The key of that name and its number below STS_CONF_KEYS_MAX, or NULL. */
const struct sts_conf_key *sts_conf_key(struct sts_text name, unsigned *number);

/* conf_report.c: the keys of TLS reporting. */
const char *sts_conf_tlsrpt(struct sts_conf *c, struct sts_text value);
const char *sts_conf_organization(struct sts_conf *c, struct sts_text value);
const char *sts_conf_contact(struct sts_conf *c, struct sts_text value);
const char *sts_conf_relay(struct sts_conf *c, struct sts_text value);
const char *sts_conf_report_memory(struct sts_conf *c, struct sts_text value);
const char *sts_conf_reports(struct sts_conf *c, struct sts_text value);
void sts_conf_report_print(const struct sts_conf_report *r);

/* A place as a line of this key. */
void sts_conf_print_place(const char *key, const struct sts_listen_at *at);

/* Whether one of the words is a mode. */
bool sts_conf_has_mode(struct sts_text value);

/* The words of the key sct, by enum sts_sct. */
extern const char *const sts_conf_sct[];

#endif
