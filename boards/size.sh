#!/bin/sh
# Prints the sizes that README.md states. After: make TARGET=x86_64, and the library's
# objects for the Cortex-M3 (`make size` does both).
set -eu
daemon=build/x86_64/mtasts
strip -o build/x86_64/stripped "$daemon"
printf 'static daemon, musl, x86-64, stripped   %7d bytes\n' "$(wc -c <build/x86_64/stripped)"
for room in core dns tls; do
	find build/cortex-m3/obj/$room -name '*.o' -exec arm-none-eabi-size {} + |
		awk -v room=$room 'NR > 1 && $1 != "text" { n += $1 } END {
		printf "%-4s on Cortex-M3, -Os                  %7d bytes\n", room, n }'
done
"$daemon" serve -o 'listen inet:127.0.0.1:48461' -o 'log_level error' 2>/dev/null &
pid=$!
sleep 1
awk '/^VmRSS/ { printf "resident memory, started, empty cache   %7d KB\n", $2 }' "/proc/$pid/status"
kill "$pid"
wait "$pid" || true
"$daemon" serve -t | sed -n '/^memory/,$p'
