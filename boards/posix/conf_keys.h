/* SPDX-License-Identifier: MIT */
/* The keys of the configuration, for conf.c and conf_print.c. */
#ifndef STS_CONF_KEYS_H
#define STS_CONF_KEYS_H

#include "conf.h"

enum {
	STS_CONF_KEYS_MAX = 48, /* at least as many as there are */
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

/* The words of the key sct, by enum sts_sct. */
extern const char *const sts_conf_sct[];

#endif
