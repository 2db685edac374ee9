#!/bin/sh
# Runs each line of standard input as a command, prints how it ended and the
# output of those that failed, and counts. As many run at once as there are
# processors; those after a line "alone" run one by one, since they set up their
# own worlds. The seconds are only for the reader.
set -u
if [ $# = 1 ]; then
	began=$(date +%s)
	if output=$(sh -c "$1" 2>&1 </dev/null); then
		printf 'ok      %s (%d s)\n' "$1" $(($(date +%s) - began))
	else
		printf 'FAILED  %s\n%s\n' "$1" "$(printf '%s\n' "$output" | sed 's/^/    /')"
	fi
	exit 0
fi

each() { # each JOBS: the commands of standard input
	tr '\n' '\0' | xargs -0 -r -n 1 -P "$1" sh "$0"
}

commands=$(cat)
{
	printf '%s\n' "$commands" | awk '/^alone$/ { exit } NF' | each "$(getconf _NPROCESSORS_ONLN)"
	printf '%s\n' "$commands" | awk 'alone && NF; /^alone$/ { alone = 1 }' | each 1
} | awk '
	{ print; fflush() }
	/^ok      / { passed++ }
	/^FAILED  / { failed++ }
	END {
		printf "%d passed, %d failed\n", passed, failed
		exit !(failed == 0 && passed > 0)
	}'
