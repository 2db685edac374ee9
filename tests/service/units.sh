#!/bin/sh
# SPDX-License-Identifier: MIT
# units.sh MTASTS: the service files, by the tools of their own systems where
# those are at hand, and by what stands in for rc.subr and openrc-run: which
# commands come of them, with all their quotes.
set -eu
export LC_ALL=C
mtasts=$1
most=12 # exposure times ten
for tool in systemd-analyze systemd-sysusers shellcheck; do
	command -v $tool >/dev/null || {
		echo "units: NOT RUN: $tool is not installed" >&2
		exit 77
	}
done
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT

fail() {
	echo "FAILED: $*" >&2
	exit 1
}

install() { # install INIT: with paths that exist
	make --no-print-directory -s BUILD="$(dirname "$mtasts")" -o all install \
		INIT="$1" PREFIX="$dir/$1" SYSCONFDIR="$dir/etc" \
		STATEDIR="$dir/state/mtasts" RUNDIR="$dir/run/mtasts" >/dev/null
}

# systemd: its verifier has no complaint about the units; accounts and folders
# come from the snippets.
install systemd
units=$dir/systemd/lib/systemd/system
systemd-analyze verify --man=no "$units/mtasts.service" \
	"$units/mtasts.socket" >"$dir/out" 2>&1 || fail "verify: $(cat "$dir/out")"
[ ! -s "$dir/out" ] || fail "verify: $(cat "$dir/out")"
systemd-analyze security --offline=true --threshold=$most --no-pager \
	"$units/mtasts.service" >"$dir/out" || fail "$(cat "$dir/out")"
echo "units: systemd: verified; $(tail -n 1 "$dir/out" | tr -cd ' -~')"
mkdir -p "$dir/root/etc"
systemd-sysusers --root="$dir/root" "$PWD/boards/posix/service/mtasts.sysusers" \
	>"$dir/out" 2>&1 || fail "sysusers: $(cat "$dir/out")"
grep '^mtasts:.*:/var/lib/mtasts:.*nologin$' "$dir/root/etc/passwd" >/dev/null ||
	fail "sysusers: $(cat "$dir/root/etc/passwd")"
systemd-tmpfiles --root="$dir/root" --create \
	"$PWD/boards/posix/service/mtasts.tmpfiles" >"$dir/out" 2>&1 ||
	fail "tmpfiles: $(cat "$dir/out")"
[ "$(stat -c %a "$dir/root/var/lib/mtasts" "$dir/root/run/mtasts" |
	tr '\n' ' ')" = '700 755 ' ] || fail 'tmpfiles: modes'

# The others: their syntax, then a run with stand-ins for the files that they
# include.
sh -n boards/posix/service/mtasts.openrc
sh -n boards/posix/service/mtasts.freebsd
sh -n boards/posix/service/mtasts.openbsd
# Variables are for the script that is included (2034), which is not here
# (1091); run_rc_command and rc_cmd are defined there, and $1 is unquoted there.
shellcheck -s sh -e SC2034,SC1091,SC2154,SC2086,SC2120 \
	boards/posix/service/mtasts.openrc boards/posix/service/mtasts.freebsd \
	boards/posix/service/mtasts.openbsd boards/posix/service/init.sh \
	boards/posix/install.sh

# The agent of the stand-ins prints how it was called, one word a line.
agent() { # agent INIT
	mkdir -p "$dir/$1/bin"
	printf '#!/bin/sh\nprintf "%%s\\n" "$@" >%s\n' "'$dir/words'" \
		>"$dir/$1/bin/mtasts"
	chmod 755 "$dir/$1/bin/mtasts"
}

expect() { # expect WHAT WORD...
	what=$1
	shift
	printf '%s\n' "$@" | diff - "$dir/words" || fail "$what: other words"
	rm "$dir/words"
}

user=$(id -un)

install openrc
agent openrc
cat >"$dir/openrc-run" <<'EOF'
checkpath() {
	for last; do :; done
	mkdir -p "$last"
}
RC_SVCNAME=mtasts mtasts_user=$2 mtasts_options="-o 'memory 8M'"
. "$1"
start_pre && cp "$3" "$3.test" && eval "$command $command_args"
EOF
sh "$dir/openrc-run" "$dir/etc/init.d/mtasts" "$user" "$dir/words"
mv "$dir/words" "$dir/words.run"
mv "$dir/words.test" "$dir/words"
expect 'openrc, check' serve -t -o "user $user" -o 'memory 8M'
mv "$dir/words.run" "$dir/words"
expect openrc serve -o 'log syslog' -o "user $user" -o 'memory 8M'
[ -d "$dir/state/mtasts" ] && [ -d "$dir/run/mtasts" ] ||
	fail 'openrc: no folders'
rm -r "$dir/state" "$dir/run"

install freebsd
agent freebsd
cat >"$dir/rc.subr" <<'EOF'
load_rc_config() {
	mtasts_run_as=$user mtasts_options="-o 'memory 8M'"
}
run_rc_command() {
	$start_precmd && cp "$words" "$words.test"
	eval "set -- $command_args"
	while [ "$1" != "$agent" ]; do
		shift
	done
	"$@"
}
EOF
# There is neither FreeBSD nor install -o: the owner is this user anyway.
sed "s|/etc/rc.subr|$dir/rc.subr|" "$dir/etc/rc.d/mtasts" >"$dir/script"
user=$user words=$dir/words sh "$dir/script" start
mv "$dir/words" "$dir/words.run"
mv "$dir/words.test" "$dir/words"
expect 'freebsd, check' serve -t -o 'log syslog' -o "user $user" -o 'memory 8M'
mv "$dir/words.run" "$dir/words"
expect freebsd serve -o 'log syslog' -o "user $user" -o 'memory 8M'
[ -d "$dir/state/mtasts" ] && [ -d "$dir/run/mtasts" ] ||
	fail 'freebsd: no folders'
rm -r "$dir/state" "$dir/run"

install openbsd
agent openbsd
cat >"$dir/rc.subr" <<'EOF'
install() {
	for last; do :; done
	mkdir -p "$last"
}
rc_cmd() {
	rc_pre && cp "$words" "$words.test"
	sh -c "$daemon $daemon_flags"
	echo "$daemon serve -o log syslog" | grep -xE "$pexp" >/dev/null
}
EOF
sed "s|/etc/rc.d/rc.subr|$dir/rc.subr|" "$dir/etc/rc.d/mtasts" >"$dir/script"
words=$dir/words sh "$dir/script" start
mv "$dir/words" "$dir/words.run"
mv "$dir/words.test" "$dir/words"
expect 'openbsd, check' serve -o 'log syslog' -o 'user _mtasts' -t
mv "$dir/words.run" "$dir/words"
expect openbsd serve -o 'log syslog' -o 'user _mtasts'
[ -d "$dir/state/mtasts" ] && [ -d "$dir/run/mtasts" ] ||
	fail 'openbsd: no folders'
echo 'units: openrc, freebsd, openbsd: the commands are right'
