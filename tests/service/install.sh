#!/bin/sh
# SPDX-License-Identifier: MIT
# install.sh MTASTS: make install for each kind of system into a folder: the
# files that are to be there and no others, running from there, telling
# nothing of where they were built; then make uninstall leaves none.
set -eu
export LC_ALL=C
mtasts=$1
build=$(dirname "$mtasts")
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT

fail() {
	echo "FAILED: $*" >&2
	exit 1
}

run() { # run TARGET VARIABLE=VALUE...: make, quietly
	make --no-print-directory -s BUILD="$build" DESTDIR="$dir/root" "$@" \
		>"$dir/out" 2>&1 || fail "make $*: $(cat "$dir/out")"
}

common='bin/mtasts
lib/libmtasts.a
lib/pkgconfig/libmtasts.pc
share/doc/mtasts/alerts.yml
share/doc/mtasts/grafana.json
share/doc/mtasts/mtasts.conf'
man='man/man1/mtasts.1
man/man5/mtasts.conf.5
man/man8/mtasts.8'

want() { # want MANDIR EXTRA...: what is installed below /usr, no headers
	share=$1
	shift
	{
		for f in $common; do echo "/usr/$f"; done
		for f in $man; do echo "/usr/$share$f"; done
		for f in "$@"; do echo "$f"; done
	} | sort
}

check() { # check INIT MANDIR EXTRA...
	init=$1
	shift
	# Where others than the usual paths are compiled in, that is another
	# build; here only what is laid out counts.
	run install INIT="$init" PREFIX=/usr -o all
	want "$@" >"$dir/want"
	(cd "$dir/root" && find . -type f) | sed 's/^\.//' | sort >"$dir/have"
	grep '^/usr/include/mtasts/core/sts\.h$' "$dir/have" >/dev/null ||
		fail "$init: no headers"
	grep -v '^/usr/include/mtasts/[a-z0-9_/]*\.h$' "$dir/have" >"$dir/rest"
	diff "$dir/want" "$dir/rest" || fail "$init: other files"
	grep -rF '/usr/local' "$dir/root" --include='mtasts*' &&
		fail "$init: not of this PREFIX"
	grep -rlF "$PWD" "$dir/root" && fail "$init: tells where it was built"
	"$dir/root/usr/bin/mtasts" match '*.example.com' mx.example.com \
		>"$dir/out" || fail "$init: does not run: $(cat "$dir/out")"
	"$dir/root/usr/bin/mtasts" serve -t -c \
		"$dir/root/usr/share/doc/mtasts/mtasts.conf" >"$dir/out" ||
		fail "$init: the example does not pass: $(cat "$dir/out")"
	run uninstall INIT="$init" PREFIX=/usr
	left=$(cd "$dir/root" && find . -type f -o -name mtasts)
	[ -z "$left" ] || fail "$init: left behind: $left"
	echo "install: $init: laid out, runs, gone again"
}

run all
check systemd share/ /usr/lib/systemd/system/mtasts.service \
	/usr/lib/systemd/system/mtasts.socket /usr/lib/sysusers.d/mtasts.conf \
	/usr/lib/tmpfiles.d/mtasts.conf
check openrc share/ /etc/init.d/mtasts
check freebsd share/ /usr/etc/rc.d/mtasts
check openbsd '' /etc/rc.d/mtasts
check none share/

# Other paths go into every text; a path alone tells.
run install INIT=freebsd PREFIX=/opt/m -o all
rc=$dir/root/opt/m/etc/rc.d/mtasts
for path in /opt/m/bin/mtasts /var/db/mtasts /var/run/mtasts; do
	grep -F "$path" "$rc" >/dev/null || fail "$rc: no $path"
done
grep -F 'Pa /opt/m/etc/mtasts.conf' \
	"$dir/root/opt/m/share/man/man5/mtasts.conf.5" >/dev/null ||
	fail 'the page has another path'
