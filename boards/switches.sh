#!/bin/sh
# The switches of core/base/sts_config.h, one off after the other:
#   switches.sh table     measure what each saves, and write it into README.md
#   switches.sh compile   it compiles without each, and without all, and what is
#                         then left passes its unit tests
# Everything is built below build/switches.
set -eu
switches='ASSERT_PLACE SOCKETMAP INET6 JOURNAL METRICS SHA384_512 P521 UTS46'
# Left out by the boards, and not in the table: with all of them a firmware would be
# larger than the chip. `make size` has what they take.
rooms='DANE PRELOAD REPORT REPORT_SOCKET SMTP SHARE'
top=build/switches
make='make --no-print-directory -s'

off() { # off NAME...: their definitions
	for name in "$@"; do
		printf ' -DSTS_%s=0' "$name"
	done
}

# product FILE NAME...: the board's own limits, with everything in it but these.
product() {
	file=$1
	shift
	{
		echo '#include "boards/lm3s6965evb/product.h"'
		for name in $switches; do
			echo "#undef STS_$name"
		done
		for name in "$@"; do
			echo "#define STS_$name 0"
		done
	} >"$file"
}

# stale DIR NAME...: remove the objects there that these switches change.
stale() {
	objects=$1/obj
	shift
	for name in "$@"; do
		for file in $(git grep -lw "STS_$name" -- '*.[ch]' ':!core/base/sts_config.h'); do
			find "$objects" -name '*.d' -exec \
				grep -lE "(^|[ /])${file##*/}( |\$)" {} + || true
		done
	done | sort -u | sed 's/d$/o/' | xargs rm -f
}

# firmware DIR NAME...: octets of the board's firmware without them. What they do
# not change is that of the first, which has everything.
firmware() {
	dir=$1
	shift
	if [ $# != 0 ]; then
		rm -rf "$dir"
		cp -a "$top/none" "$dir"
		stale "$dir" "$@"
	fi
	mkdir -p "$dir"
	product "$dir/product.h" "$@"
	touch -d '2000-01-01' "$dir/product.h"
	rm -f "$dir/libmtasts.a" "$dir/mtasts.elf"
	$make -j2 board BOARD=lm3s6965evb BOARD_BUILD="$dir" PRODUCT="$dir/product.h" >"$dir/log"
	arm-none-eabi-size "$dir/mtasts.elf" | awk 'NR == 2 { print $1 + $2 }'
}

row() { # row TEXT NAME...
	text=$1
	shift
	size=$(firmware "$top/$(echo "${*:-none}" | tr ' ' -)" "$@")
	if [ $# = 0 ]; then
		all=$size
	fi
	echo "| $text | $size | $((all - size)) |"
}

table() {
	echo '| left out | flash | saved |'
	echo '| --- | --: | --: |'
	row 'nothing'
	for name in $switches; do
		row "\`STS_$name\`" "$name"
	done
	# Names are words.
	# shellcheck disable=SC2086
	row 'all of them' $switches
}

# The text of README.md with the table of standard input between its marks.
insert() {
	awk -v file="$1" '
		/^<!-- make switches -->/ { print; while ((getline line < file) > 0) print line; skip = 1 }
		/^<!-- end -->/ { skip = 0 }
		!skip && !/^<!-- make switches -->/' boards/README.md
}

# What an agent without a server, a journal and all the rest still does.
tests='base decide der dns_message dns_upstream domain http policy record zones'

compile() {
	# The reference engine (make TLS_ENGINE=1) is not part of the library.
	library=$(git ls-files 'core/*.c' 'dns/*.c' 'tls/*.c' | grep -v '^tls/tls_engine.c')
	for name in $switches $rooms; do
		# shellcheck disable=SC2086 # words
		clang -std=c99 -pedantic -Wall -Wextra -Wconversion -Wshadow -Wmissing-prototypes \
			-Werror -fsyntax-only "-DSTS_$name=0" $library
		echo "compiles without $name"
	done
	# shellcheck disable=SC2086
	flags=$(off $switches $rooms)
	$make -j2 WERROR=1 BUILD="$top/arm" CC=arm-none-eabi-gcc CFLAGS='-Os -mcpu=cortex-m3 -mthumb' \
		BEARSSL_CPPFLAGS='-isystem /usr/include/bearssl' CPPFLAGS="$flags" objects >/dev/null
	echo 'compiles without all of them, for a Cortex-M3'
	for test in $tests; do
		$make -j2 WERROR=1 BUILD="$top/unit" CFLAGS=-Os CPPFLAGS="$flags" \
			"$top/unit/unit/test_$test" >/dev/null
		"$top/unit/unit/test_$test" >"$top/unit/log" || { cat "$top/unit/log"; exit 1; }
	done
	echo 'unit tests pass without all of them'
	# TLS reports as firmware has them: by the C call, posted, in small limits.
	# shellcheck disable=SC2046,SC2086 # words
	cc -std=c99 -DSTS_REPORT_SOCKET=0 -DSTS_SMTP=0 -DSTS_REPORT_TEXT=1536 -DSTS_TLSRPT_RECORD_MAX=512 \
		-DSTS_REPORT_POLICIES=2 -DSTS_REPORT_FAILURES=8 -DSTS_REPORT_OWN=4 -DSTS_REPORT_PAUSES=1 \
		-o "$top/report" tests/unit/test_report_firmware.c tests/unit/unit.c \
		tests/mem/mem.c tests/mem/dnspeer.c tests/mem/https.c tests/mem/world.c \
		$library $(pkg-config --libs check) -lbearssl
	"$top/report" >"$top/log" || { cat "$top/log"; exit 1; }
	echo 'TLS reports pass with the limits of a board'
}

mkdir -p "$top"
case ${1:-} in
table)
	table >"$top/table"
	insert "$top/table" >"$top/README.md"
	cp "$top/README.md" boards/README.md
	cat "$top/table"
	;;
compile) compile ;;
*)
	echo 'usage: switches.sh table|compile' >&2
	exit 64
	;;
esac
