/* SPDX-License-Identifier: MIT */
/*
 * Users and groups by our own reading of /etc/passwd and /etc/group (the C
 * library's functions take memory and may load modules), and becoming one.
 */
#ifndef STS_USERS_H
#define STS_USERS_H

#include <sys/types.h>

#include "../../core/base/bytes.h"

enum {
	STS_USER_NAME_MAX = 63,
	STS_USER_GROUPS_MAX = 32
};

struct sts_user {
	uid_t uid;
	gid_t gid;
	unsigned group_count; /* supplementary, gid among them */
	gid_t groups[STS_USER_GROUPS_MAX];
};

/* False, and *u undefined: there is no such user, and errno is 0; or errno, and
 * nobody can tell, or which groups are his. */
bool sts_user_find(struct sts_text name, struct sts_user *u);

/* The same of a group; on false *gid is as it was. */
bool sts_group_find(struct sts_text name, gid_t *gid);

/* The first name there is for a number, else the number; ends in NUL. */
void sts_user_name(uid_t uid, char out[STS_USER_NAME_MAX + 1]);
void sts_group_name(gid_t gid, char out[STS_USER_NAME_MAX + 1]);

/*
 * Act as that user until sts_user_return, so that the files made meanwhile
 * are that user's and nothing is opened that he may not open after a restart.
 * Does nothing unless we are the superuser and he is not. 0, or -1 with errno.
 */
int sts_user_act(const struct sts_user *u);

/* Act as whoever we really are. 0, or -1 with errno. */
int sts_user_return(void);

/*
 * Become that user for good: groups, group, user, and a check that there is
 * no way back. 0, or -1 with errno (EPERM: the check failed).
 */
int sts_user_become(const struct sts_user *u);

#endif
