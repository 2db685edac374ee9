#!/bin/sh
# SPDX-License-Identifier: MIT
# The manual pages: clean by mandoc, and complete: every key, command and
# event of the sources is an entry of its page, and none that is gone; every
# member of JSON that the sources write is named.
set -u
export LC_ALL=C
man=boards/posix/man
if ! command -v mandoc >/dev/null; then
	echo "pages: NOT RUN: mandoc is not installed" >&2
	exit 77
fi
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT

# Whether other pages are installed does not matter.
mandoc -Tlint -W style $man/mtasts.1 $man/mtasts.conf.5 $man/mtasts.8 2>&1 |
	grep -vE 'mandoc\.db|referenced manual not found' && : >"$dir/bad"

same() { # same NAME: standard input and $dir/want have the same lines
	sort -u >"$dir/have"
	sort -u -o "$dir/want" "$dir/want"
	if [ ! -s "$dir/want" ] || ! diff "$dir/want" "$dir/have" >"$dir/diff"
	then
		echo "$1 (< source, > page):"
		cat "$dir/diff"
		: >"$dir/bad"
	fi
}

entries() { # entries MACRO PAGE: the words of its list items
	sed -n "s/^\.It $1 \([^ ]*\).*/\1/p" "$man/$2"
}

sed -n '/keys\[\] = {/,/^};/s/.*{ "\([a-z0-9_]*\)",.*/\1/p' \
	boards/posix/conf_keys.c >"$dir/want"
entries Ic mtasts.conf.5 | same 'keys of the configuration'

sed -n 's/^{ "\([a-z_]*\)",.*/\1/p; /commands\[\] = {/,/^};/s/.*{ "\([a-z]*\)",.*/\1/p' \
	boards/posix/main.c >"$dir/want"
entries Cm mtasts.1 | same 'commands'

{
	sed -n 's/^	X([A-Z_]*, *"\([a-z-]*\)",.*/\1/p' core/base/event.h
	sed -n 's/.*"event=\([a-z-]*\) .*/\1/p' port/posix/log.c
} >"$dir/want"
sed -n '/^\.Sh LOG/,/^\.Sh [^L]/p' $man/mtasts.8 >"$dir/log"
sed -n 's/^\.It Cm \([^ ]*\).*/\1/p' "$dir/log" | same 'events'

# The level of each event, as in the page.
awk -F, '/^\tX\(/ { gsub(/[ "]/, ""); split("error warning info debug", l, " ")
	print $2, l[$3 + 1] }' core/base/event.h >"$dir/want"
sed -n 's/^\.It Cm \([a-z-]*\) Pq \([a-z]*\)$/\1 \2/p' "$dir/log" |
	grep -v '^log-lines-lost' | same 'levels of events'

# Macro lines may be folded: name, then label.
tr -d '\n\\' <core/agent/metrics.h | sed 's/X(/\n/g' |
	sed -n 's/^[A-Z_]*,[^"]*"\([a-z_]*\)",.*/mtasts_\1/p' >"$dir/want"
entries Va mtasts.8 | same metrics

# Members of JSON: each that the code writes is a word of the page.
members() { # members PAGE SOURCE...: those that the page does not name
	page=$man/$1
	shift
	cat "$@" | tr -d '\n\t' |
		grep -oE '(sts_json_put_[a-z]+|put_(time|hex|address))\(( *&?[a-z]+,)? *"[a-z_0-9]+"' |
		sed 's/.*"\([^"]*\)"/\1/' | sort -u >"$dir/members"
	[ "$(wc -l <"$dir/members")" -gt 40 ] || echo "the members of $* cannot be seen"
	while read -r member; do
		grep -qE "^\.(It )?Ql .*\b$member\b" "$page" || echo "$member"
	done <"$dir/members"
}
{
	members mtasts.8 boards/posix/control.c boards/posix/control_re[cp]o*.c boards/posix/status.c
	members mtasts.1 boards/posix/check_json.c
} >"$dir/unnamed"
if [ -s "$dir/unnamed" ]; then
	echo 'members of JSON that no page names:'
	cat "$dir/unnamed"
	: >"$dir/bad"
fi

sed -n 's/^	STS_EXIT_[A-Z]* = \([0-9]*\).*/\1/p' boards/posix/commands.h \
	>"$dir/want"
sed -n '/^\.Sh EXIT STATUS/,/^\.El/s/^\.It \([0-9]*\)$/\1/p' $man/mtasts.1 |
	same 'exit codes'

[ ! -e "$dir/bad" ] && echo "pages: clean and complete"
