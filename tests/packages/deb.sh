#!/bin/sh
# SPDX-License-Identifier: MIT
# deb.sh DIR SUITE...: the Debian packages in DIR/old and DIR/new, two versions,
# through their whole life in a folder of each SUITE: installed, used, upgraded with
# a changed configuration, removed, purged. Before that, in a copy that is booted,
# the README's two commands lead to a real Postfix that asks the agent
# (tests/lab/package.py).
set -eu
export LC_ALL=C
packages=$1
shift

fail() {
	echo "FAILED: $suite: $*" >&2
	exit 1
}

inside() {
	chroot "$root" /usr/bin/env PATH=/usr/sbin:/usr/bin:/sbin:/bin \
		DEBIAN_FRONTEND=noninteractive "$@"
}

apt() { # apt COMMAND...: from the folder of the packages
	inside sh -c "cd /packages && apt-get -y -q -o APT::Sandbox::User=root \
		--no-install-recommends $*" >"$root.apt" 2>&1 ||
		fail "apt $*: $(tail -n 20 "$root.apt")"
}

there() {
	for f in "$@"; do [ -e "$root$f" ] || fail "no $f"; done
}

gone() {
	for f in "$@"; do [ ! -e "$root$f" ] || fail "$f is still there"; done
}

version() {
	inside mtasts --version
}

# The agent as the unit starts it, but without the supervisor; one question by
# the protocol of mail servers, which the key alone decides.
serves() {
	chroot "$root" /usr/bin/setpriv --reuid mtasts --regid mtasts --clear-groups \
		/usr/bin/mtasts serve -o 'listen inet:127.0.0.1:18461' \
		-o 'nameserver 127.0.0.1' >"$root.log" 2>&1 &
	pid=$!
	reply=$(python3 - <<-'EOF'
		import socket, time
		for _ in range(100):
		    try:
		        s = socket.create_connection(("127.0.0.1", 18461), 5)
		        break
		    except OSError:
		        time.sleep(0.1)
		s.sendall(b"19:postfix [192.0.2.1],")
		print(s.recv(100).decode())
	EOF
	) || true
	kill "$pid"
	wait "$pid" || fail "it does not end well: $(cat "$root.log")"
	[ "$reply" = "9:NOTFOUND ," ] || fail "it answers '$reply'"
}

# The unit as the package installed it, judged by this machine's systemd: ten
# times the exposure.
exposed() {
	systemd-analyze security --offline=true --root="$root" --threshold=12 \
		--no-pager mtasts.service >"$root.security" ||
		fail "exposed: $(tail -n 1 "$root.security")"
}

# A machine that has neither Postfix nor the agent, with what the README
# installs in apt's cache: there is no network where it is booted.
mailed() {
	fresh=$root.fresh
	rm -rf "$fresh"
	cp -a "$root" "$fresh"
	rm "$fresh/usr/sbin/policy-rc.d"
	chroot "$fresh" sh -c 'cd /packages && apt-get -y -q -d -o APT::Sandbox::User=root \
		--no-install-recommends install ./mtasts_*.deb postfix' >"$root.apt" 2>&1 ||
		fail "apt: $(tail -n 20 "$root.apt")"
	printf '%s "%s";\n' APT::Get::Assume-Yes true APT::Install-Recommends false \
		APT::Sandbox::User root >"$fresh/etc/apt/apt.conf.d/99lab"
	result=0
	sh tests/lab/run.sh package "$fresh" || result=$?
	[ $result = 0 ] || [ $result = 77 ] || fail "mail"
	rm -rf "$fresh"
}

for suite in "$@"; do
	root=$packages/$suite
	SUITE=$suite sh tests/lab/trixie.sh "$root" ca-certificates systemd-sysv
	rm -rf "$root/packages"
	mkdir "$root/packages"
	inside dpkg --purge mtasts libmtasts-dev >/dev/null 2>&1 || true
	cp "$packages"/old/*.deb "$root/packages/"
	mailed

	apt install './mtasts_*.deb'
	there /usr/bin/mtasts /etc/mtasts.conf /lib/systemd/system/mtasts.socket \
		/usr/share/man/man8/mtasts.8.gz /usr/share/bash-completion/completions/mtasts \
		/usr/share/zsh/vendor-completions/_mtasts /usr/share/fish/vendor_completions.d/mtasts.fish
	inside getent passwd mtasts >/dev/null || fail "no user"
	[ -z "$(find "$root/etc/mtasts.conf" -perm /022)" ] || fail "mode"
	inside mkdir -p -m 700 /var/lib/mtasts # the unit's StateDirectory
	inside chown mtasts:mtasts /var/lib/mtasts
	exposed
	serves
	old=$(version)

	echo '#mine' >>"$root/etc/mtasts.conf"
	: >"$root/var/lib/mtasts/kept"
	rm "$root"/packages/*
	cp "$packages"/new/*.deb "$root/packages/"
	apt install './mtasts_*.deb'
	grep -q '^#mine$' "$root/etc/mtasts.conf" || fail "configuration lost"
	there /var/lib/mtasts/kept
	[ "$(inside dpkg-query -W -f '${Version}' mtasts)" = "$(cat "$packages/new/version")" ] ||
		fail "not upgraded"
	[ "$(version)" = "$old" ] || fail "the tree is the same, not so $(version)"
	serves

	# The library, for those who build on it.
	apt install './libmtasts-dev_*.deb' gcc libc6-dev pkg-config
	printf '#include <core/sts.h>\n#include <core/grammar/domain.h>\nint main(void) { return sts_text("", 0).n > 0; }\n' \
		>"$root/tmp/use.c"
	inside sh -c 'cc -o /tmp/use /tmp/use.c $(pkg-config --cflags --libs libmtasts) && /tmp/use' ||
		fail "the library cannot be used"

	apt remove mtasts
	gone /usr/bin/mtasts /lib/systemd/system/mtasts.service
	there /etc/mtasts.conf /var/lib/mtasts/kept
	apt purge mtasts libmtasts-dev
	gone /etc/mtasts.conf /var/lib/mtasts /usr/include/mtasts
	echo "deb: $suite: installed, upgraded, removed and purged"
done
