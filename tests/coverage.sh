#!/bin/sh
# Lines and branches executed, by folder, from the counts below coverage.sh BUILD.
build=$1
find "$build/obj/core" "$build/obj/dns" "$build/obj/tls" -name '*.gcda' |
	while IFS= read -r f; do
		gcov -n -b "$f" 2>/dev/null
	done | awk '
	/^File / { split($2, q, "\047"); file = q[2]; folder = file
		sub(/\/[^\/]*$/, "", folder); source = file ~ /\.c$/ }
	/^Lines executed:/ && source { split($2, p, /[:%]/); n = $4
		lines[folder] += n; reached[folder] += n * p[2] / 100 }
	/^Taken at least once:/ && source { split($4, p, /[:%]/); n = $6
		branches[folder] += n; taken[folder] += n * p[2] / 100 }
	END { for (f in lines) printf "%-12s lines %5.1f %% of %5d   branches %5.1f %% of %5d\n",
		f, 100 * reached[f] / lines[f], lines[f],
		100 * taken[f] / (branches[f] ? branches[f] : 1), branches[f] }' | sort
