#!/bin/sh
# SPDX-License-Identifier: MIT
# run.sh PLAY ARGUMENTS: run lab, dane, mail or demo (.py) with this daemon, or
# package.py with this folder, in namespaces of its own that vanish with it. Exit
# code 77: not run.
set -eu
here=$(dirname "$0")
play=$1
shift
tools='unshare ip unbound nginx openssl python3'
[ "$play" = demo ] || [ "$play" = package ] || tools="$tools postmap"
[ "$play" != dane ] || tools="$tools nsd dnssec-signzone postfix"
for tool in $tools; do
	PATH=$PATH:/usr/sbin:/sbin command -v "$tool" >/dev/null 2>&1 || {
		echo "lab: NOT RUN: $tool is not installed (tests/lab/deps)" >&2
		exit 77
	}
done
if [ "$(id -u)" -ne 0 ] || ! unshare -n true 2>/dev/null; then
	echo "lab: NOT RUN: needs root, for a network namespace" >&2
	exit 77
fi
PATH=$PATH:/usr/sbin:/sbin
export PATH
# Its process namespace ends all processes with the lab.
exec unshare -n -m -p -f --mount-proc --kill-child \
	python3 -B "$here/$play.py" "$@"
