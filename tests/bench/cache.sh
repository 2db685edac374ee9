#!/bin/sh
# SPDX-License-Identifier: MIT
# cache.sh PROGRAM: instructions that a question costs in a small and in a large
# cache, and the lines of 64 octets that it has to wait for, behind 4 MB of a
# processor's own, counted by callgrind; the memory that a policy takes; and the
# time of a question, alone and prepared together with others.
set -eu
program=$1
small=1000
large=1000000
questions=20000 # in cache.c

count() { # count RECORDS hit|miss: instructions a question
	valgrind --tool=callgrind --callgrind-out-file=/dev/null \
		--instr-atstart=no "$program" "$1" "$2" 2>&1 |
		awk -v n=$questions '/Collected/ { print int($4 / n); found = 1 }
			END { exit !found }'
}

lines() { # lines RECORDS hit|miss: cache lines missed per question
	valgrind --tool=callgrind --callgrind-out-file=/dev/null \
		--instr-atstart=no --cache-sim=yes --I1=32768,8,64 \
		--D1=32768,8,64 --LL=4194304,16,64 "$program" "$1" "$2" 2>&1 |
		awk -v n=$questions '/Collected/ { printf "%.1f", ($11 + $12) / n
			found = 1 } END { exit !found }'
}

for what in hit miss; do
	a=$(count $small $what)
	b=$(count $large $what)
	echo "$what: $a instructions at $small records, $b at $large:" \
		"$(awk "BEGIN { printf \"%.2f\", $b / $a }") times;" \
		"lines from memory $(lines $small $what) and $(lines $large $what)" \
		"(one is the question's own)"
done
"$program" 100000 cost
"$program" $small time
"$program" $large time
