#!/bin/sh
# SPDX-License-Identifier: MIT
# disk.sh MTASTS: play disk.py in a mount namespace that vanishes with it.
# Exit code 77: not run.
set -eu
here=$(dirname "$0")
if [ "$(id -u)" -ne 0 ] || ! unshare -m true 2>/dev/null; then
	echo "disk: NOT RUN: needs root, for a mount namespace" >&2
	exit 77
fi
exec unshare -m -p -f --mount-proc --kill-child python3 -B "$here/disk.py" "$1"
