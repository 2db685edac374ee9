/* SPDX-License-Identifier: MIT */
/* What each command of the control socket does: the operations by which side.h
 * serves its connections. */
#ifndef STS_CONTROL_STEPS_H
#define STS_CONTROL_STEPS_H

#include "control.h"

extern const struct sts_side_ops sts_control_ops; /* of a struct sts_control */

#endif
