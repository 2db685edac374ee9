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

# The library includes only freestanding C99 and <string.h>, and BearSSL in tls
# alone.
grep -nE '^#include' $library |
	grep -v '^core/base/sts_config.h:.*STS_CONFIG_H$' |
	grep -vE '<(stdbool|stddef|stdint|limits|string)\.h>|"' |
	grep -vE '^tls/[^:]*:[0-9]+:#include <bearssl\.h>' |
	rule 'a header the library may not include'

# No fractions: a processor of 32 bits computes them by routines of its
# compiler, and for a static daemon there are none (boards/targets.mk).
grep -nwE 'double|float' $library $sources | grep -vE '^[^:]*:[0-9]+:[[:space:]]*/?\*' |
	rule 'a number with a fraction'
grep -nE '"[^"]*%[-+ #0-9.*]*L?[aefgAEFG][^"]*"' $sources | rule 'a format for a fraction'

# Numbers are decimal: the C library's readers of all bases cost 1.5 KB of a
# static daemon, which has sts_get_decimal.
grep -nwE 'strto[a-z]+|ato[a-z]+|[a-z]*scanf' $sources | rule 'a number read by the C library'

# Which room may include which: a room (or a file of core itself, without its
# ending), then the rooms and single headers that it may include besides its
# own. A room without a row may include nothing, so a new room begins with a row
# here.
may_include='
core/base
core/grammar    core/base
core/cache      core/base core/grammar
core/journal    core/base core/grammar core/cache core/port.h
core/answer     core/base core/grammar core/cache/entry.h core/dane core/settings.h
core/client     core/base core/grammar core/answer core/cache
core/dial       core/base core/settings.h
core/lookup     core/base core/grammar core/dial dns tls core/settings.h
core/https      core/base core/grammar core/cache core/dial core/lookup tls core/settings.h
core/dane       core/base core/grammar core/lookup dns tls core/settings.h
core/smtp       core/base core/grammar core/dial tls
core/report     core/base core/grammar core/smtp core/cache/chunks.h core/cache/organisation.h
core/share      core/base core/grammar core/cache core/dial core/lookup dns tls core/settings.h
core/agent      core/base core/grammar core/cache core/journal core/answer core/client
core/agent      core/dial core/lookup core/https core/dane core/smtp core/report core/share
core/agent      core/settings.h core/sts.h core/route.h core/node.h core/port.h dns tls
core/settings   core/base
core/sts        core/base core/answer core/cache/entry.h core/settings.h core/port.h dns tls
core/node       core/base
core/port       core/base
core/route      core/base core/dane
core/heap       core/base core/node.h
core/driver     core/base core/agent core/port.h core/heap.h core/node.h core/driver_lists.h
core/driver_lists core/base core/driver.h
core/driver_listen core/base core/driver_lists.h
core/driver_reports core/driver_lists.h
dns             core/base
tls             core/base
port/lwip       core/base core/port.h
port/posix      core/base core/port.h
'
awk -v rows="$may_include" '
BEGIN {
	n = split(rows, row, "\n")
	for (i = 1; i <= n; i++) {
		m = split(row[i], word, " ")
		for (k = 1; k <= m; k++) may[word[1], word[k]] = 1
	}
}
/^#include "/ {
	split($0, quoted, "\"")
	n = split(FILENAME, at, "/") - 1
	m = split(quoted[2], step, "/")
	for (i = 1; i <= m; i++) {
		if (step[i] == "..") n--
		else at[++n] = step[i]
	}
	path = at[1]
	for (i = 2; i <= n; i++) path = path "/" at[i]
	if (!((house(FILENAME), house(path)) in may) &&
	    !((house(FILENAME), path) in may))
		print FILENAME ":" FNR ": " path
}
function house(path) {
	if (path ~ /^(dns|tls)\//) return substr(path, 1, 3)
	if (path ~ /^core\/[^\/]*$/) { sub(/\.[ch]$/, "", path); return path }
	match(path, /^[^\/]*\/[^\/]*/)
	return substr(path, 1, RLENGTH)
}' $library $(git ls-files 'port/*.[ch]') |
	rule 'an include that the table of check.sh does not allow'

# The library does not know board, compiler or system: it tests include guards
# and its own limits only. The one exception is in sts_config.h, which tests for
# a type of 128 bits.
awk '/^[ \t]*#[ \t]*(if|ifdef|ifndef|elif)/ {
	asked = $0
	sub(/^[ \t]*#[ \t]*[a-z]+/, "", asked)
	gsub(/STS_[A-Z0-9_]+|defined/, "", asked)
	if (asked ~ /[A-Za-z_]/) print FILENAME ":" FNR ": " $0 }' \
	$library |
	grep -v '^core/base/sts_config.h:.*#ifdef __SIZEOF_INT128__$' |
	rule 'a condition on board, compiler or system'

# No jumps, allocation or recursion.
grep -nE '\<(goto|setjmp|longjmp|alloca|malloc|calloc|realloc|strdup)\>|\<free *\(' \
	$sources | grep -vE ':[0-9]+:[[:space:]]*(/?\*|//)|/\*.*\*/$|"[^"]*"' |
	rule 'a word of the heap, or a jump'
grep -nwE 'TODO|FIXME|XXX' $(git ls-files '*.c' '*.h' '*.mk' '*.sh' Makefile) |
	grep -v 'check.sh:' | rule 'a mark of unfinished work'
awk 'FNR == 1 { depth = 0 }
	/^{/ { depth = 1 } /^}/ { depth = 0 }
	/^#[ \t]*(if|ifdef|ifndef)/ && depth { print FILENAME ":" FNR ": " $0 }' \
	$sources | rule 'conditional compilation inside a function'

# Functions are short: 60 lines, complexity 10, and 19 of 20 have at most 30
# lines.
pmccabe $sources | awk -F'\t' '$2 > 10 || $5 > 60 {
	print $6 ": " $7 ": complexity " $2 ", " $5 " lines" }' |
	rule 'a function too long or too complex'
pmccabe $sources | awk -F'\t' '{ n++; long += $5 > 30 }
	END { if (long * 20 > n) print long " of " n }' |
	rule 'more than one function in twenty has over 30 lines'
wc -l $sources | grep -v '_table\.c$' | awk '$2 != "total" && $1 > 800' |
	rule 'a file over 800 lines'

# A board on port/lwip has at most 500 lines of its own, blanks and comments
# aside.
for b in $(git ls-files 'boards/*/memory.ld'); do
	lines=$(cat "${b%/*}"/*.[ch] | "${CC:-cc}" -fpreprocessed -dD -E -P - 2>/dev/null | grep -c .)
	[ "$lines" -le 500 ] || echo "${b%/*}: $lines"
done | rule 'a board of more than 500 lines'

# An archive keeps only the last part of a path: two files of one name would be
# one member.
ar t "$build/libmtasts.a" | sort | uniq -d | rule 'two files of one name'

# A file without a partner of its own name (chunks.c and chunks.h are partners)
# begins with the word of its room, or with a word that a pair in its room
# begins with, so that a reader finds what it belongs to: cache_index.c,
# http_request.c. Headers that other rooms include, too, are exempt.
printf '%s\n' $library | awk '
{
	path = $0; dir = $0; file = $0
	sub(/\/[^\/]*$/, "", dir)
	sub(/.*\//, "", file)
	stem = file; sub(/\.[ch]$/, "", stem)
	word = stem; sub(/_.*/, "", word)
	all[path] = dir " " stem " " word
	if ((dir, stem) in seen) pair[dir, word] = 1
	seen[dir, stem] = 1
	has[dir, stem] = has[dir, stem] substr(file, length(file))
}
END {
	for (path in all) {
		split(all[path], part, " ")
		house = part[1]; sub(/.*\//, "", house)
		if (length(has[part[1], part[2]]) < 2 && house != part[3] &&
		    !((part[1], part[3]) in pair) && part[1] != "core")
			print path
	}
}' | while read -r path; do
	case $path in
	*.h) grep -lE "^#include \"(.*/)?${path##*/}\"" $library |
		grep -qv "^${path%/*}/[^/]*$" && continue ;;
	esac
	echo "$path"
done | rule 'a file whose name does not say what it belongs to'

# No files of the library call each other in a circle: a reader can begin with
# those that call nothing. The symbols of the object files show which file
# defines a name (function or table) and which uses it; tsort names the members
# of a circle.
nm -A -P -g "$build/libmtasts.a" | awk '
{
	file = $1
	sub(/.*\[/, "", file)
	sub(/\].*/, "", file)
	if ($3 == "U") { user[++n] = file; name[n] = $2 }
	else home[$2] = file
}
END {
	for (i = 1; i <= n; i++) {
		used = home[name[i]]
		if (used != "" && used != user[i]) print user[i], used
	}
}' | sort -u >"$build/check.calls"
[ -s "$build/check.calls" ] || echo "nm shows no calls" |
	rule 'the calls between files cannot be seen'
tsort "$build/check.calls" 2>&1 >/dev/null | sed 's/^tsort: *//' |
	rule 'files that call each other in a circle'

# The library has no writable globals.
objdump -t "$build/libmtasts.a" | grep -E '[[:space:]](\.data|\.bss|\*COM\*)[[:space:]]' |
	grep -vE ' d +\.(data|bss)' |
	rule 'a writable global in the library'

# Arithmetic in variable time is for public numbers: it is reached only through
# tls/signature.c, and that only from where signatures come. Each remaining line
# names an object, and what it uses that it should not.
nm -A "$build/libmtasts.a" | awk '
	{ sub(/^.*libmtasts\.a:/, "", $1); sub(/:.*/, "", $1) }
	$NF ~ /^sts_(ec_|rsa_public$|montgomery_|signature_)/ && $(NF - 1) == "U" {
		print $1, $NF }' |
	grep -vE '^(tls_engine|tls_client|x509_verify|dnssec[a-z_]*)\.o sts_signature_[a-z0-9_]+$' |
	grep -vE '^signature\.o sts_(ec_verify(_has)?|rsa_public)$|^ec_verify\.o sts_ec_(scalar_[a-z_]+|p256|p384|p256_sum_is|p384_sum_is)$|^ec_(scalar|p256|p384|inverse)\.o sts_(ec_scalar|montgomery)_[a-z_]+$|^rsa\.o sts_montgomery_[a-z_]+$' |
	rule 'variable-time arithmetic used beside signatures'
# X25519 computes with a secret: it is called in one place, for key pairs and
# secrets alike, and calls only functions that wipe, copy and assert.
nm -A "$build/libmtasts.a" | awk '
	{ sub(/^.*libmtasts\.a:/, "", $1); sub(/:.*/, "", $1) }
	$(NF - 1) == "U" && ($NF ~ /^sts_x25519/ || $1 == "x25519.o") { print $1, $NF }' |
	grep -vE '^curves\.o sts_x25519(_public)?$' |
	grep -vE '^x25519\.o (sts_wipe|sts_assert_failed(_here)?|mem(cpy|set)|__stack_chk_fail|__(asan|ubsan)_[a-z0-9_]+)$' |
	rule 'X25519 called beside curves.c, or calling something'
for c in p256 p384; do
	python3 tls/ec_tables.py $c | cmp -s - tls/ec_${c}_table.h || echo $c
done | rule 'a table that tls/ec_tables.py does not write'

# A header is a manual: before each function, or each run of functions that
# follow one another, a comment says what it does.
awk 'FNR == 1 { before = "" }
{ code = $0; sub(/\/\*.*/, "", code) }
code ~ /^[a-z][^{]*[ *][a-z0-9_]+\(/ && before !~ /(\*\/|;)$/ {
	print FILENAME ":" FNR ": " $0 }
{ before = $0 }' $(git ls-files 'core/*.h' 'dns/*.h' 'tls/*.h' 'port/*.h') |
	rule 'a function of a header without a comment'

# All code is formatted by clang-format.
git ls-files -z '*.c' '*.h' |
	xargs -0 -P "$(nproc)" -n 40 clang-format-14 --dry-run -Werror 2>&1 |
	awk -F: '/^xargs|: (error|warning): / && !seen[$1]++ { print $1 }' | rule 'not formatted (clang-format-14 -i)'

# A generated table is what its script writes.
python3 core/grammar/uts46_table.py >"$build/uts46_table.c" &&
	cmp -s "$build/uts46_table.c" core/grammar/uts46_table.c ||
	echo core/grammar/uts46_table.c | rule 'not what uts46_table.py writes'

# Every number that tests cite is in the list, and the other way round.
python3 tests/requirements.py | grep -v ' requirements$' |
	rule 'tests/requirements.md and the tests do not agree'

# A page, chapter or manual section that a text refers to exists, and every link of a page;
# the page of a folder names its sources; no paragraph is on two pages.
python3 tests/links.py | grep -v '^[0-9]* pages$' | rule 'a reference that leads nowhere, a file that its page does not name, or a paragraph twice'

# A file that a page or a list names exists, from the top or from tests.
git grep -ohE '\b(core|dns|tls|port|boards|tests)/[a-z0-9_/.-]+\.(c|h|py|sh|mk|scn|txt|tsv)\b' -- \
	'*.md' '*.txt' '*.tsv' '*.[158]' ':!tests/fuzz/corpus' | sort -u |
	while read -r f; do
		[ -e "$f" ] || [ -e "tests/$f" ] || echo "$f"
	done | rule 'a file that is named and is not there'

# Every source begins with its licence.
git ls-files -z '*.c' '*.h' |
	xargs -0 awk 'FNR == 1 && !/SPDX-License-Identifier: MIT/ { print FILENAME }' |
	rule 'no licence line'

[ ! -e "$flag" ] && echo "check: all rules hold"
