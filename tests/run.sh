#!/bin/sh
# Runs each line of standard input as a command, says how it ended, prints the
# output of those that failed, and counts. The seconds are for the reader only.
passed=0
failed=0
while IFS= read -r line; do
	began=$(date +%s)
	if output=$(sh -c "$line" 2>&1 </dev/null); then
		passed=$((passed + 1))
		printf 'ok      %s (%d s)\n' "$line" $(($(date +%s) - began))
	else
		failed=$((failed + 1))
		printf 'FAILED  %s\n%s\n' "$line" "$output"
	fi
done
echo "$passed passed, $failed failed"
[ "$failed" -eq 0 ] && [ "$passed" -gt 0 ]
