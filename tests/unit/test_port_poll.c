/* SPDX-License-Identifier: MIT */
/* The same port with poll(2), which is linked before the system's best. */
#include "test_port_posix.c"
