#!/bin/sh
# SPDX-License-Identifier: MIT
# cache.sh PROGRAM: instructions that a question costs in a small and in a
# large cache, counted by callgrind, and the memory a policy takes.
set -eu
program=$1
small=1000
large=1000000
questions=20000 # of cache.c

count() { # count RECORDS hit|miss: instructions a question
	valgrind --tool=callgrind --callgrind-out-file=/dev/null \
		--instr-atstart=no "$program" "$1" "$2" 2>&1 |
		awk -v n=$questions '/Collected/ { print int($4 / n); found = 1 }
			END { exit !found }'
}

for what in hit miss; do
	a=$(count $small $what)
	b=$(count $large $what)
	echo "$what: $a instructions at $small records, $b at $large:" \
		"$(awk "BEGIN { printf \"%.2f\", $b / $a }") times"
done
"$program" 100000 cost
