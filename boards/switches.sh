#!/bin/sh
# The switches of core/base/sts_config.h and boards/posix/parts.h, one off after
# the other:
#   switches.sh table     measure what each saves of a firmware, and write it into
#                         mcu/README.md
#   switches.sh daemons   the same of a static daemon, into README.md
#   switches.sh compile   it compiles without each, and without all, and what is
#                         then left passes its unit tests; so does the daemon
# Everything is built below build/switches.
set -eu
switches='ASSERT_PLACE SENTENCES SOCKETMAP INET6 JOURNAL METRICS SHA384_512 P521 UTS46'
# Left out by the boards, and not in the table: with all of them a firmware would be
# larger than the chip. `make size` has what they take.
rooms='DANE PRELOAD SMTP SHARE
REPORT REPORT_SOCKET REPORT_MAIL REPORT_HTTPS REPORT_ALL REPORT_GZIP REPORT_TESTING'
# Commands of the daemon, each by the part that WITHOUT leaves out.
commands='CHECK COMPLETION PUBLISH STATUS WARM'
pages='boards/README.md boards/mcu/README.md'
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

# reached DIR NAME...: the objects there that these switches can change, by the .d
# file of each.
reached() {
	objects=$1/obj
	shift
	for name in "$@"; do
		for file in $(git grep -lw "STS_$name" -- '*.[ch]' ':!core/base/sts_config.h' \
			':!boards/posix/parts.h'); do
			find "$objects" -name '*.d' -exec \
				grep -lE "(^|[ /])${file##*/}( |\$)" {} + || true
		done
	done | sort -u
}

stale() { # stale DIR NAME...: remove those objects
	reached "$@" | sed 's/d$/o/' | xargs rm -f
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

# The table of that file between its marks in the page; without both, nothing is
# changed there.
insert() { # insert FILE MARK PAGE
	awk -v file="$1" -v mark="<!-- $2 -->" '
		$0 == mark { print; while ((getline line < file) > 0) print line; skip = found = 1; next }
		/^<!-- end -->/ { skip = 0 }
		!skip
		END { if (!found || skip) { print "no marks: " mark >"/dev/stderr"; exit 1 } }
	' "$3" >"$top/README.md"
	cp "$top/README.md" "$3"
	cat "$1"
}

# octets DAEMON: of code and data, and of its stripped file, which is whole pages.
octets() {
	strip -o "$top/stripped" "$1"
	size "$1" | awk -v file="$(wc -c <"$top/stripped")" 'NR == 2 { print $1 + $2, file }'
}

# static NAME...: the static daemon without them. What they do not change is that
# of build/x86_64, which has everything; fast: how it compiles what is for speed.
fast=-O2
static() {
	rm -rf "$top/static"
	mkdir -p "$top/static"
	cp -a build/x86_64/obj build/x86_64/bearssl "$top/static"
	stale "$top/static" "$@"
	if [ -z "$fast" ]; then
		rm -rf "$top/static/obj/core"
	fi
	$make -j2 TARGET=x86_64 BUILD="$top/static" MUSL="$PWD/build/x86_64/musl" WITHOUT="$*" \
		FAST="$fast" "$top/static/mtasts" >"$top/log"
}

static_row() { # static_row TEXT NAME...
	text=$1
	shift
	static "$@"
	octets "$top/static/mtasts" | while read -r size file; do
		echo "| $text | $size | $((all - size)) | $file |"
	done
}

daemons() {
	$make -j2 TARGET=x86_64 build/x86_64/mtasts >"$top/log"
	read -r all file <<-END
		$(octets build/x86_64/mtasts)
	END
	echo '| left out | code and data | saved | file, stripped |'
	echo '| --- | --: | --: | --: |'
	echo "| nothing | $all | 0 | $file |"
	for name in $commands STATUS_HTML METRICS DANE SHARE PRELOAD EC_FAST UTS46 ASSERT_PLACE SENTENCES; do
		static_row "\`$name\`" "$name"
	done
	static_row "\`REPORT\` \`REPORT_SOCKET\`" REPORT REPORT_SOCKET
	static_row "\`SMTP\`, and so \`CHECK\`, \`PUBLISH\`" SMTP CHECK
	fast=
	# shellcheck disable=SC2086 # words
	static_row 'all of them' $commands STATUS_HTML METRICS EC_FAST UTS46 $rooms ASSERT_PLACE SENTENCES
}

# What an agent without a server, a journal and all the rest still does.
tests='base decide der dns_message dns_upstream domain http policy record zones'

reports() { # reports OPTION...: of the board's limits
	# shellcheck disable=SC2046,SC2086 # words
	cc -std=c99 -I. -DSTS_CONFIG_H='"boards/mcu/reports.h"' "$@" -o "$top/report" \
		tests/unit/test_report_firmware.c tests/unit/report_world.c tests/unit/unit.c \
		tests/mem/mem.c tests/mem/dnspeer.c tests/mem/https.c tests/mem/world.c \
		$library $(pkg-config --libs check) -lbearssl
	STS_REPORT_OUT="$top/report.eml" "$top/report" >"$top/log" || { cat "$top/log"; exit 1; }
}

compile() {
	# The reference engine (make TLS_ENGINE=1) is not part of the library.
	library=$(git ls-files 'core/*.c' 'dns/*.c' 'tls/*.c' | grep -v '^tls/tls_engine.c')
	$make -j2 build/mtasts >/dev/null
	for name in $switches $rooms; do
		reached build "$name" | sed 's,^build/obj/\(.*\)d$,\1c,' >"$top/reached"
		files=$(printf '%s\n' "$library" | grep -Fxf "$top/reached")
		printf '%s\n' "$files" | xargs -n 20 -P "$(nproc)" \
			clang -std=c99 -pedantic -Wall -Wextra -Wconversion -Wshadow -Wmissing-prototypes \
			-Werror -fsyntax-only "-DSTS_$name=0"
		echo "compiles without $name: $(echo "$files" | wc -l) files that it can change"
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
	# TLS reports as firmware has them, by the C call, in small limits: posted;
	# and mailed through the relay alone, read by others.
	reports
	reports -DSTS_SMTP=1 -DSTS_REPORT_HTTPS=0
	python3 tests/report/check.py "$top/report.eml" json
	reports -DSTS_SMTP=1 -DSTS_REPORT_HTTPS=0 -DSTS_REPORT_GZIP=1
	python3 tests/report/check.py "$top/report.eml" gzip
	echo 'TLS reports pass with the limits of a board'
	compile_daemon
}

# daemon NAME...: the daemon without them, linked from whole objects; those that
# they do not change are those of build.
daemon() {
	rm -rf "$top/daemon"
	mkdir -p "$top/daemon"
	cp -a build/obj "$top/daemon/obj"
	stale "$top/daemon" "$@"
	$make -j2 WERROR=1 BUILD="$top/daemon" WITHOUT="$*" "$top/daemon/mtasts" >"$top/log"
	"$top/daemon/mtasts" serve -t -c "$top/conf" >"$top/log"
}

# left_out ARGUMENT...: the command says so.
left_out() {
	why=$("$top/daemon/mtasts" "$@" 2>&1) && rc=0 || rc=$?
	case $rc$why in
	64*'left out of this build') ;;
	*)
		echo "mtasts $*: exit $rc: $why"
		exit 1
		;;
	esac
}

# A daemon without all of them serves and answers on its socket.
serve_without() {
	socket=$PWD/$top/daemon/control
	"$top/daemon/mtasts" serve -c "$top/conf" -o "control unix:$socket" 2>"$top/log" &
	pid=$!
	trap 'kill "$pid"' EXIT
	while [ ! -S "$socket" ] && kill -0 "$pid"; do
		sleep 0.2
	done
	"$top/daemon/mtasts" cache stats -o "control unix:$socket" >"$top/stats"
	python3 - "$socket" <<-'END'
		import socket, sys
		for command in "status", "report-list":
		    s = socket.socket(socket.AF_UNIX)
		    s.connect(sys.argv[1])
		    s.sendall(b'{"command":"%s"}\n' % command.encode())
		    answer = s.makefile().read()
		    if "left out of this build" not in answer:
		        sys.exit(command + ": " + answer)
	END
	trap - EXIT
	kill "$pid"
	wait "$pid"
}

compile_daemon() {
	printf '%s\n' 'nameserver 127.0.0.1' 'listen inet:127.0.0.1:48462' 'journal off' \
		"trust_anchors $PWD/tests/mem/ca/root.pem" >"$top/conf"
	for name in $commands; do
		daemon "$name"
		left_out "$(echo "$name" | tr '[:upper:]' '[:lower:]')" x
	done
	daemon STATUS_HTML
	left_out status --html "$top/page"
	# shellcheck disable=SC2086 # words
	daemon $commands METRICS EC_FAST UTS46 $rooms
	for name in $commands REPORT; do
		left_out "$(echo "$name" | tr '[:upper:]' '[:lower:]')" x
	done
	serve_without
	echo 'the daemon says what is left out of it, and serves'
}

# What a product may leave out begins a row of some table of the two pages; but for
# the TLS client that is for tests.
rows() {
	grep -hoE '^#define STS_[A-Z0-9_]+ ([01]|STS_(SMTP|CHECK|STATUS))$' core/base/sts_config.h boards/posix/parts.h |
		cut -d' ' -f2 | sort -u | grep -vx STS_TLS_ENGINE |
		while read -r name; do
			# shellcheck disable=SC2086 # words
			grep -qE "^\|[^|]*\`(STS_)?${name#STS_}\`" $pages || echo "$name"
		done >"$top/without"
	[ ! -s "$top/without" ] || {
		echo "no row in $pages: $(tr '\n' ' ' <"$top/without")" >&2
		exit 1
	}
}

mkdir -p "$top"
case ${1:-} in
table)
	table >"$top/table"
	insert "$top/table" 'make switches' boards/mcu/README.md
	;;
daemons)
	daemons >"$top/table"
	insert "$top/table" 'make switches-daemon' boards/README.md
	rows
	;;
compile) compile ;;
*)
	echo 'usage: switches.sh table|daemons|compile' >&2
	exit 64
	;;
esac
