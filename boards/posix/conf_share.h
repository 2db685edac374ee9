/* SPDX-License-Identifier: MIT */
/*
 * The keys of gateways that share policies: redis, redis_key, redis_anchors,
 * redis_wait, redis_trust. What the lines say is in struct sts_conf; the files
 * that they name, which hold secrets, are read by the daemon alone.
 */
#ifndef STS_CONF_SHARE_H
#define STS_CONF_SHARE_H

#include "conf.h"

void sts_conf_share_defaults(struct sts_conf *c);

/* Setters, as in conf_keys.h. */
const char *sts_conf_share_redis(struct sts_conf *c, struct sts_text value);
const char *sts_conf_share_key(struct sts_conf *c, struct sts_text value);
void sts_conf_share_clear_keys(struct sts_conf *c);
const char *sts_conf_share_anchors(struct sts_conf *c, struct sts_text value);
const char *sts_conf_share_wait(struct sts_conf *c, struct sts_text value);
const char *sts_conf_share_trust(struct sts_conf *c, struct sts_text value);

/* The lines that would give it. */
void sts_conf_share_print(const struct sts_conf *c);

/* What it needs, as sts_config.share says: 0, 1 or 2. */
unsigned sts_conf_share_level(const struct sts_conf *c);

/* Read keys and passwords into the setup. False: `why` says which file, and
 * what is wrong with it; errno is the system's reason, or 0. */
bool sts_conf_share_read(struct sts_conf *c, char why[STS_CONF_WHY_MAX]);

#endif
