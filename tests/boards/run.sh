#!/bin/sh
# SPDX-License-Identifier: MIT
# run.sh BOARD ELF CERTS [REGEX]: play the boards' tests, in namespaces of
# their own that vanish with them. Exit code 77: not run.
set -eu
here=$(dirname "$0")
PATH=$PATH:/usr/sbin:/sbin
export PATH
for tool in unshare ip qemu-system-arm postmap python3; do
	command -v "$tool" >/dev/null 2>&1 || {
		echo "boards: NOT RUN: $tool is not installed" >&2
		exit 77
	}
done
if [ "$(id -u)" -ne 0 ] || ! unshare -n true 2>/dev/null; then
	echo "boards: NOT RUN: needs root, for a network namespace" >&2
	exit 77
fi
# The board's user network opens a socket for each question it passes on.
ulimit -n 65536 2>/dev/null || true
exec unshare -n -m -p -f --mount-proc --kill-child \
	python3 "$here/board.py" "$@"
