#!/bin/sh
# The rules of the house that a machine can check: check.sh BUILD
# BUILD holds libmtasts.a. Each rule prints what breaks it; any breach fails.
set -u
build=$1
sources=$(git ls-files 'core/*.c' 'dns/*.c' 'tls/*.c' 'port/*.c' 'boards/*.c')
library=$(git ls-files 'core/*.[ch]' 'dns/*.[ch]' 'tls/*.[ch]')
flag=$build/check.failed
rm -f "$flag"

rule() { # rule NAME: fails when standard input has a line
	breaches=$(cat)
	if [ -n "$breaches" ]; then
		printf '%s:\n%s\n' "$1" "$breaches"
		: >"$flag"
	fi
}

# core/base <- dns, tls <- core <- port, boards; the library includes only
# freestanding C99 and <string.h>, and BearSSL in tls alone.
grep -nE '^#include' $library |
	grep -v '^core/base/sts_config.h:.*STS_CONFIG_H$' |
	grep -vE '<(stdbool|stddef|stdint|limits|string)\.h>|"' |
	grep -vE '^tls/[^:]*:[0-9]+:#include <bearssl\.h>' |
	rule 'a header the library may not include'
grep -nE '^#include "' $(git ls-files 'core/base/*.[ch]') |
	grep -E '"(\.\./|.*/)' | rule 'core/base includes only itself'
grep -nE '^#include "\.\./' $(git ls-files 'dns/*.[ch]' 'tls/*.[ch]') |
	grep -vE '"(\.\./)+core/base/|^tls/.*"(\.\./|x509/)[a-z0-9_]+\.h"' |
	rule 'dns and tls include only core/base'
grep -nE '^#include ".*(port|boards|tests)/' $library |
	rule 'the library includes nothing of port, boards, tests'
grep -nE '^#include "' $(git ls-files 'port/*.[ch]') |
	grep -vE '"((\.\./)+core/(port\.h|base/[a-z_]+\.h)|[a-z_]+\.h)"$' |
	rule 'a port includes only core/port.h, core/base/event.h, core/base'

# The library does not know board, compiler or system: it asks include guards
# and its own limits only.
awk '/^[ \t]*#[ \t]*(if|ifdef|ifndef|elif)/ {
	asked = $0
	sub(/^[ \t]*#[ \t]*[a-z]+/, "", asked)
	gsub(/STS_[A-Z0-9_]+|defined/, "", asked)
	if (asked ~ /[A-Za-z_]/) print FILENAME ":" FNR ": " $0 }' \
	$library | rule 'a condition on board, compiler or system'

# Nothing jumps, allocates or recurses behind the reader's back.
grep -nwE 'goto|setjmp|longjmp|alloca|malloc|calloc|realloc|free|strdup' \
	$sources | grep -vE ':[0-9]+:[[:space:]]*(/?\*|//)|/\*.*\*/$|"[^"]*"' |
	rule 'a word of the heap, or a jump'
grep -nwE 'TODO|FIXME|XXX' $(git ls-files '*.c' '*.h' '*.mk' '*.sh' Makefile) |
	grep -v 'check.sh:' | rule 'a mark of unfinished work'
awk 'FNR == 1 { depth = 0 }
	/^{/ { depth = 1 } /^}/ { depth = 0 }
	/^#[ \t]*(if|ifdef|ifndef)/ && depth { print FILENAME ":" FNR ": " $0 }' \
	$sources | rule 'conditional compilation inside a function'

# Functions fit a screen and a head: 70 lines, complexity 10.
pmccabe $sources | awk -F'\t' '$2 > 10 || $5 > 70 {
	print $6 ": " $7 ": complexity " $2 ", " $5 " lines" }' |
	rule 'a function too long or too complex'
wc -l $sources | awk '$2 != "total" && $1 > 800' | rule 'a file over 800 lines'

# A board on port/lwip has at most 500 lines of its own, blanks and comments
# aside.
for b in $(git ls-files 'boards/*/memory.ld'); do
	lines=$(cat "${b%/*}"/*.[ch] | "${CC:-cc}" -fpreprocessed -dD -E -P - 2>/dev/null | grep -c .)
	[ "$lines" -le 500 ] || echo "${b%/*}: $lines"
done | rule 'a board of more than 500 lines'

# The library has no writable globals.
objdump -t "$build/libmtasts.a" | grep -E '[[:space:]](\.data|\.bss|\*COM\*)[[:space:]]' |
	grep -vE ' d +\.(data|bss)' |
	rule 'a writable global in the library'

# Formatting is the formatter's.
for f in $(git ls-files '*.c' '*.h'); do
	clang-format-14 "$f" | cmp -s - "$f" || echo "$f"
done | rule 'not formatted (clang-format-14 -i)'

# Every source says its licence first.
for f in $(git ls-files '*.c' '*.h'); do
	head -n 1 "$f" | grep -q 'SPDX-License-Identifier: MIT' || echo "$f"
done | rule 'no licence line'

[ ! -e "$flag" ] && echo "check: all rules hold"
