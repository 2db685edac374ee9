/* SPDX-License-Identifier: MIT */
/* The same port with poll(2), which is linked before the system's best. */
#define _DEFAULT_SOURCE
#define STS_WAIT_POLL

#include "../../port/posix/wait_poll.c"
#undef _DEFAULT_SOURCE
#include "test_port_posix.c"
