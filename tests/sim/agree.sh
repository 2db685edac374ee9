#!/bin/sh
# The simulator with the stand-in for TLS and with TLS: the same seeds must give
# the same answers. agree.sh BUILD FIRST..LAST [DAYS]
set -u
build=$1
plain=$("$build/sim" -q -a -d "${3:-1}" "$2" 2>&1 >"$build/sim.answers") || {
	cat "$build/sim.answers"; echo "$plain"; exit 1; }
tls=$("$build/sim-tls" -q -a -d "${3:-1}" "$2" 2>&1 >"$build/sim-tls.answers") || {
	cat "$build/sim-tls.answers"; echo "$tls"; exit 1; }
if ! cmp -s "$build/sim.answers" "$build/sim-tls.answers"; then
	echo "the stand-in for TLS and TLS do not agree:"
	diff "$build/sim.answers" "$build/sim-tls.answers"
	exit 1
fi
echo "$tls"
