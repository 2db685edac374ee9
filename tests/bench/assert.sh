#!/bin/sh
# assert.sh BUILD: what the assertions cost. BUILD holds cortex-m3 and bench
# with assertions, and cortex-m3-unasserted and bench-unasserted without.
set -eu
build=$1

# Octets of code and constants of the library.
library() {
	find "$1/obj/core" "$1/obj/dns" "$1/obj/tls" -name '*.o' -exec arm-none-eabi-size {} + |
		awk '$1 ~ /^[0-9]+$/ { n += $1 } END { print n }'
}

# count OPTION PROGRAM...: instructions, by callgrind.
count() {
	valgrind --tool=callgrind --callgrind-out-file=/dev/null "$@" 2>&1 |
		awk '/Collected/ { print $4; found = 1 } END { exit !found }'
}

lookup() {
	count --instr-atstart=no "$1/bench/cache" 1000 hit
}

row() { # row WHAT MEASURE BUILD: with, without, and how much more
	with=$($2 "$build/$3")
	without=$($2 "$build/$3-unasserted")
	awk -v what="$1" -v with="$with" -v without="$without" 'BEGIN {
		printf "%-42s %12d %12d %+7.2f %%\n", what, with, without,
			100 * (with - without) / without }'
}

printf '%-42s %12s %12s\n' '' 'with' 'without'
row 'library on a Cortex-M3, -Os, octets' library cortex-m3
row '20,000 look-ups in the cache, instructions' lookup bench
