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
	# Paths other than the usual ones are compiled in, which takes another
	# build; here only the installed files count.
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

# Other paths are put into every text; checking the paths is enough.
run install INIT=freebsd PREFIX=/opt/m -o all
rc=$dir/root/opt/m/etc/rc.d/mtasts
for path in /opt/m/bin/mtasts /var/db/mtasts /var/run/mtasts; do
	grep -F "$path" "$rc" >/dev/null || fail "$rc: no $path"
done
grep -F 'Pa /opt/m/etc/mtasts.conf' \
	"$dir/root/opt/m/share/man/man5/mtasts.conf.5" >/dev/null ||
	fail 'the page has another path'

# The name of one place is not taken for another's, nor for a pattern.
run install INIT=systemd PREFIX='/opt/a & b' STATEDIR=/srv/run/mtasts \
	RUNDIR=/srv/sockets -o all
lib="$dir/root/opt/a & b/lib"
grep -xF 'ExecStart=/opt/a & b/bin/mtasts serve' \
	"$lib/systemd/system/mtasts.service" >/dev/null ||
	fail 'the unit has another path'
grep -v SPDX "$lib/tmpfiles.d/mtasts.conf" >"$dir/have"
printf 'd /srv/%s mtasts mtasts -\n' 'run/mtasts 0700' 'sockets 0755' |
	diff - "$dir/have" || fail 'tmpfiles: other paths'

# A user of the library needs only what is installed: the example, with its own
# port. It asks for an invalid key, so that no server is asked.
if ! command -v pkg-config >/dev/null; then
	echo 'install: NOT RUN: pkg-config is not installed' >&2
	exit 77
fi
export PKG_CONFIG_SYSROOT_DIR="$dir/root"
export PKG_CONFIG_LIBDIR="$dir/root/opt/m/lib/pkgconfig"
mkdir -p "$dir/user/port"
for file in tests/examples/superloop.c port/posix/*.[ch]; do
	sed -e 's|"../../core/\(.*\)"|<core/\1>|' \
		-e 's|"../../port/posix/|"port/|' "$file" \
		>"$dir/user/port/${file##*/}"
done
mv "$dir/user/port/superloop.c" "$dir/user"
"$mtasts" anchors tests/mem/ca/root.pem >"$dir/user/roots.c"
# shellcheck disable=SC2046 # words
(cd "$dir/user" && ${CC:-cc} -std=c99 $(pkg-config --cflags libmtasts) \
	-o superloop superloop.c roots.c port/*.c \
	$(pkg-config --static --libs libmtasts)) >"$dir/out" 2>&1 ||
	fail "the library's user: $(cat "$dir/out")"
[ "$("$dir/user/superloop" .x)" = 'NOTFOUND ' ] || fail "the library's user: $("$dir/user/superloop" .x | od -c)"
case $(pkg-config --libs libmtasts) in
*bearssl*) fail 'BearSSL is for static linking' ;;
esac
echo 'install: the example is built and run with what is installed'
