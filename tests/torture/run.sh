#!/bin/sh
# SPDX-License-Identifier: MIT
# torture.py with the same arguments, in a network namespace of its own where
# that can be had: nobody else's connections count then.
set -eu
play='exec python3 -B tests/torture/torture.py "$@"'
if unshare -n ip link set lo up 2>/dev/null; then
	exec unshare -n sh -c "ip link set lo up; $play" torture "$@"
fi
exec sh -c "$play" torture "$@"
